//! What both streams do with chunks.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use sinew_bridge::class::type_error;
use sinew_bridge::{Completion, JsHost};

use super::{Codec, Malformed, Progress};
use crate::streams::rethrow;
use crate::streams::transform::native::{self, GenericTransformStream, Transformer};
use crate::{Web, webidl};

/// The size of the chunks that come out: what much data becomes of little input comes in pieces, as
/// the readable side wants them.
const PIECE: usize = 1 << 16;

/// A codec and the chunk that it works on.
pub(super) struct Pump {
    codec: RefCell<Box<dyn Codec>>,
    input: RefCell<Vec<u8>>,
    /// How much of the input was taken.
    taken: Cell<usize>,
}

impl Pump {
    pub(super) fn new(codec: impl Codec + 'static) -> Self {
        Self {
            codec: RefCell::new(Box::new(codec)),
            input: RefCell::default(),
            taken: Cell::new(0),
        }
    }

    fn set_input(&self, input: Vec<u8>) {
        self.input.replace(input);
        self.taken.set(0);
    }

    /// The next piece of output.
    fn run(&self, last: bool) -> (Vec<u8>, Result<Progress, Malformed>) {
        let mut output = Vec::with_capacity(PIECE);
        let input = self.input.borrow();
        let mut rest = &input[self.taken.get()..];
        let progress = self.codec.borrow_mut().run(&mut rest, last, &mut output);
        self.taken.set(input.len() - rest.len());
        (output, progress)
    }
}

/// A stream that pumps.
pub(super) trait Pumping<J: JsHost>: GenericTransformStream<J> {
    fn pump(&self) -> &Pump;

    const STEPS: &'static Transformer<J> = &Transformer {
        transform: transform::<J, Self>,
        flush: flush::<J, Self>,
    };
}

/// [Compress and enqueue a chunk](https://compression.spec.whatwg.org/#compress-and-enqueue-a-chunk),
/// [decompress and enqueue a chunk](https://compression.spec.whatwg.org/#decompress-and-enqueue-a-chunk)
fn transform<J: JsHost, T: Pumping<J>>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    values: [J::Value; 2],
    chunk: J::Value,
) -> Completion<J> {
    let refused = !webidl::is_buffer_source::<J>(cx, &chunk) || webidl::is_shared(cx, web, &chunk)?;
    if refused {
        let message = "the chunk is neither an ArrayBuffer nor a view of one";
        return Err(type_error::<J>(cx, message));
    }
    let bytes = webidl::buffer_bytes::<J>(cx, &chunk).unwrap_or_default();
    if let Some(state) = J::state::<T>(cx, &values[1]) {
        state.pump().set_input(bytes);
    }
    go_on::<J, T>(cx, web, values, J::undefined())
}

/// Enqueues what becomes of the rest of the chunk, as much as the readable side wants.
fn go_on<J: JsHost, T: Pumping<J>>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    values: [J::Value; 2],
    _: J::Value,
) -> Completion<J> {
    while enqueue_piece::<J, T>(cx, web, &values, false)? == Progress::Room {
        if let Some(change) = native::backpressure_change::<J>(cx, &values[0])? {
            return web.transform(cx, &change, values, go_on::<J, T>, rethrow);
        }
    }
    Ok(J::undefined())
}

/// [Compress flush and enqueue](https://compression.spec.whatwg.org/#compress-flush-and-enqueue),
/// [decompress flush and enqueue](https://compression.spec.whatwg.org/#decompress-flush-and-enqueue)
fn flush<J: JsHost, T: Pumping<J>>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    values: [J::Value; 2],
    _: J::Value,
) -> Completion<J> {
    if let Some(state) = J::state::<T>(cx, &values[1]) {
        state.pump().set_input(Vec::new());
    }
    while enqueue_piece::<J, T>(cx, web, &values, true)? == Progress::Room {}
    Ok(J::undefined())
}

/// Enqueues the next piece of output, unless it is empty.
fn enqueue_piece<J: JsHost, T: Pumping<J>>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    [stream, this]: &[J::Value; 2],
    last: bool,
) -> Completion<J, Progress> {
    let Some(state) = J::state::<T>(cx, this) else {
        return Ok(Progress::Input);
    };
    let (output, progress) = state.pump().run(last);
    let progress = match progress {
        Ok(progress) => progress,
        Err(Malformed(message)) => return Err(type_error::<J>(cx, message)),
    };
    if !output.is_empty() {
        let chunk = J::create_uint8_array(cx, &output)?;
        native::enqueue(cx, web, stream.clone(), chunk)?;
    }
    Ok(progress)
}
