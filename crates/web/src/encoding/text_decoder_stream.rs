//! [`TextDecoderStream`](https://encoding.spec.whatwg.org/#interface-textdecoderstream).

use std::cell::RefCell;
use std::rc::Rc;

use sinew_bridge::class::{ClassSpec, type_error};
use sinew_bridge::{Completion, Edge, JsHost, trace};

use crate::globals::readonly;
use crate::streams::transform::native::{self, GenericTransformStream, Transformer};
use crate::text_decoder::{Decoding, Malformed};
use crate::{Web, webidl};

impl<J: JsHost> Web<J> {
    pub(crate) const TEXT_DECODER_STREAM: ClassSpec<J, Self> = ClassSpec {
        name: "TextDecoderStream",
        display: "TextDecoderStream",
        constructor,
        accessors: &[
            readonly("encoding", encoding),
            readonly("fatal", fatal),
            readonly("ignoreBOM", ignore_bom),
            readonly("readable", native::readable::<J, TextDecoderStream<J>>),
            readonly("writable", native::writable::<J, TextDecoderStream<J>>),
        ],
        ..ClassSpec::BASE
    };
}

/// A TextDecoderStream object.
struct TextDecoderStream<J: JsHost> {
    transform: Edge<J>,
    decoding: RefCell<Decoding>,
}

trace!(struct TextDecoderStream { transform });

impl<J: JsHost> GenericTransformStream<J> for TextDecoderStream<J> {
    const SPEC: &'static ClassSpec<J, Web<J>> = &Web::TEXT_DECODER_STREAM;

    fn transform(&self) -> &Edge<J> {
        &self.transform
    }
}

/// [`new TextDecoderStream(label, options)`](https://encoding.spec.whatwg.org/#dom-textdecoderstream)
fn constructor<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let spec = &Web::TEXT_DECODER_STREAM;
    let (proto, decoding) = Decoding::of_constructor(cx, web, args, spec)?;
    let state = TextDecoderStream {
        transform: Edge::default(),
        decoding: RefCell::new(decoding),
    };
    let steps = &Transformer {
        transform: decode_and_enqueue_a_chunk,
        flush: flush_and_enqueue,
    };
    TextDecoderStream::wrap(cx, web, &proto, state, steps)
}

/// [Decode and enqueue a chunk](https://encoding.spec.whatwg.org/#decode-and-enqueue-a-chunk)
fn decode_and_enqueue_a_chunk<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    [stream, this]: [J::Value; 2],
    chunk: J::Value,
) -> Completion<J> {
    if !webidl::is_buffer_source::<J>(cx, &chunk) {
        let message = "the chunk is neither a buffer nor a view of one";
        return Err(type_error::<J>(cx, message));
    }
    let Some(decoder) = J::state::<TextDecoderStream<J>>(cx, &this) else {
        return Ok(J::undefined());
    };
    // No user code runs here, so the state can stay borrowed over the raw bytes.
    let run = |bytes: &[u8]| decoder.decoding.borrow_mut().decode(bytes, true);
    let decoded = J::with_bytes(cx, &chunk, run).unwrap_or_else(|| run(&[]));
    enqueue(cx, web, stream, decoded)
}

/// [Flush and enqueue](https://encoding.spec.whatwg.org/#flush-and-enqueue)
fn flush_and_enqueue<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    [stream, this]: [J::Value; 2],
    _: J::Value,
) -> Completion<J> {
    let Some(decoder) = J::state::<TextDecoderStream<J>>(cx, &this) else {
        return Ok(J::undefined());
    };
    let decoded = decoder.decoding.borrow_mut().decode(&[], false);
    enqueue(cx, web, stream, decoded)
}

/// Enqueues what was decoded, if it is anything.
fn enqueue<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    stream: J::Value,
    decoded: Result<String, Malformed>,
) -> Completion<J> {
    let Ok(text) = decoded else {
        return Err(type_error::<J>(cx, "the encoded data is not valid"));
    };
    if !text.is_empty() {
        let chunk = J::string(cx, &text)?;
        native::enqueue(cx, web, stream, chunk)?;
    }
    Ok(J::undefined())
}

/// [`encoding`](https://encoding.spec.whatwg.org/#dom-textdecoder-encoding)
fn encoding<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let name = attribute(cx, web, args, Decoding::encoding)?;
    J::string(cx, &name)
}

/// [`fatal`](https://encoding.spec.whatwg.org/#dom-textdecoder-fatal)
fn fatal<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    attribute(cx, web, args, Decoding::fatal).map(J::boolean)
}

/// [`ignoreBOM`](https://encoding.spec.whatwg.org/#dom-textdecoder-ignorebom)
fn ignore_bom<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    attribute(cx, web, args, Decoding::ignore_bom).map(J::boolean)
}

fn attribute<J: JsHost, T>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
    get: impl FnOnce(&Decoding) -> T,
) -> Completion<J, T> {
    let this = web.this::<TextDecoderStream<J>>(cx, args, &Web::TEXT_DECODER_STREAM)?;
    Ok(get(&this.decoding.borrow()))
}
