//! [`TextEncoderStream`](https://encoding.spec.whatwg.org/#interface-textencoderstream).

use std::cell::Cell;
use std::rc::Rc;

use sinew_bridge::class::ClassSpec;
use sinew_bridge::{Completion, Edge, JsHost, ValueType, trace};

use crate::Web;
use crate::globals::readonly;
use crate::streams::transform::native::{self, GenericTransformStream, Transformer};

impl<J: JsHost> Web<J> {
    pub(crate) const TEXT_ENCODER_STREAM: ClassSpec<J, Self> = ClassSpec {
        name: "TextEncoderStream",
        display: "TextEncoderStream",
        constructor,
        accessors: &[
            readonly("encoding", encoding),
            readonly("readable", native::readable::<J, TextEncoderStream<J>>),
            readonly("writable", native::writable::<J, TextEncoderStream<J>>),
        ],
        ..ClassSpec::BASE
    };
}

/// A TextEncoderStream object.
struct TextEncoderStream<J: JsHost> {
    transform: Edge<J>,
    /// The [leading surrogate](https://encoding.spec.whatwg.org/#textencoderstream-leading-surrogate).
    leading_surrogate: Cell<Option<u16>>,
}

trace!(struct TextEncoderStream { transform });

impl<J: JsHost> GenericTransformStream<J> for TextEncoderStream<J> {
    const SPEC: &'static ClassSpec<J, Web<J>> = &Web::TEXT_ENCODER_STREAM;

    fn transform(&self) -> &Edge<J> {
        &self.transform
    }
}

/// [`new TextEncoderStream()`](https://encoding.spec.whatwg.org/#dom-textencoderstream)
fn constructor<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let proto = web.prototype(cx, args, &Web::TEXT_ENCODER_STREAM)?;
    let state = TextEncoderStream {
        transform: Edge::default(),
        leading_surrogate: Cell::new(None),
    };
    let steps = &Transformer {
        transform: encode_and_enqueue_a_chunk,
        flush: encode_and_flush,
    };
    TextEncoderStream::wrap(cx, web, &proto, state, steps)
}

/// [`encoding`](https://encoding.spec.whatwg.org/#dom-textencoder-encoding)
fn encoding<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    web.this::<TextEncoderStream<J>>(cx, args, &Web::TEXT_ENCODER_STREAM)?;
    J::string(cx, "utf-8")
}

/// [Encode and enqueue a chunk](https://encoding.spec.whatwg.org/#encode-and-enqueue-a-chunk). Runs
/// user code.
fn encode_and_enqueue_a_chunk<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    [stream, this]: [J::Value; 2],
    chunk: J::Value,
) -> Completion<J> {
    let input = match J::type_of(&chunk) {
        ValueType::String => chunk,
        _ => J::to_string(cx, &chunk)?,
    };
    let Some(encoder) = J::state::<TextEncoderStream<J>>(cx, &this) else {
        return Ok(J::undefined());
    };
    let output = convert(cx, &encoder, &input);
    if !output.is_empty() {
        let chunk = J::create_uint8_array(cx, output.as_bytes())?;
        native::enqueue(cx, web, stream, chunk)?;
    }
    Ok(J::undefined())
}

/// [Converts](https://encoding.spec.whatwg.org/#convert-code-unit-to-scalar-value) the code units of a
/// string, but for a leading surrogate at its end, whose trailing one may come with the next chunk.
fn convert<J: JsHost>(
    cx: &mut J::Scope<'_>,
    encoder: &TextEncoderStream<J>,
    input: &J::Value,
) -> String {
    let Some(last) = J::string_len(cx, input).and_then(|len| len.checked_sub(1)) else {
        return String::new();
    };
    let last = J::string_at(cx, input, last);
    let leading = encoder.leading_surrogate.take();
    if leading.is_none() && !last.is_some_and(is_leading) {
        return J::as_text(cx, input).unwrap_or_default();
    }
    let mut units: Vec<u16> = leading.into_iter().collect();
    units.extend(J::as_utf16(cx, input).unwrap_or_default());
    encoder
        .leading_surrogate
        .set(units.pop_if(|unit| is_leading(*unit)));
    String::from_utf16_lossy(&units)
}

/// Whether a code unit is a [leading surrogate](https://infra.spec.whatwg.org/#leading-surrogate).
fn is_leading(unit: u16) -> bool {
    (0xD800..=0xDBFF).contains(&unit)
}

/// [Encode and flush](https://encoding.spec.whatwg.org/#encode-and-flush)
fn encode_and_flush<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    [stream, this]: [J::Value; 2],
    _: J::Value,
) -> Completion<J> {
    let encoder = J::state::<TextEncoderStream<J>>(cx, &this);
    if encoder.is_some_and(|encoder| encoder.leading_surrogate.take().is_some()) {
        let chunk = J::create_uint8_array(cx, "\u{FFFD}".as_bytes())?;
        native::enqueue(cx, web, stream, chunk)?;
    }
    Ok(J::undefined())
}
