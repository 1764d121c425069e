//! [Readable streams](https://streams.spec.whatwg.org/#rs): what Rust code does with them, and the
//! operations that their parts share. The class itself is in `readable/class.rs`.

use std::cell::Cell;
use std::rc::Rc;

use sinew_bridge::class::type_error;
use sinew_bridge::{Completion, Edge, JsHost, trace};

use super::algorithm::{Algorithm, Start};
use super::buffer::View;
use super::strategy::SizeAlgorithm;
use super::{Object, ignore, rethrow};
use crate::Web;
use crate::closure::Step;

pub(crate) mod async_iterator;
pub(crate) mod byob_reader;
pub(crate) mod byob_request;
pub(crate) mod byte_controller;
mod byte_tee;
mod class;
pub(crate) mod collect;
pub(crate) mod default_controller;
pub(crate) mod default_reader;
mod from;
mod generic_reader;
pub(crate) mod request;
pub(crate) mod tee;

use byob_reader::ByobReader;
use byte_controller::ByteController;
use default_controller::DefaultController;
use default_reader::DefaultReader;
use request::ReadRequest;

/// A ReadableStream object.
pub(crate) struct ReadableStream<J: JsHost> {
    disturbed: Cell<bool>,
    state: Cell<State>,
    stored_error: Edge<J>,
    controller: Edge<J>,
    /// The reader that the stream is locked to; undefined when there is none.
    reader: Edge<J>,
}

trace!(struct ReadableStream { stored_error, controller, reader });

/// `[[state]]` of a readable stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Readable,
    Closed,
    Errored,
}

/// A ReadableStream and its state.
pub(crate) type Stream<J> = Object<J, ReadableStream<J>>;

impl<J: JsHost> ReadableStream<J> {
    /// [InitializeReadableStream](https://streams.spec.whatwg.org/#initialize-readable-stream)
    fn new() -> Self {
        Self {
            disturbed: Cell::new(false),
            state: Cell::new(State::Readable),
            stored_error: Edge::default(),
            controller: Edge::default(),
            reader: Edge::default(),
        }
    }

    /// `[[state]]`
    pub(crate) fn state(&self) -> State {
        self.state.get()
    }

    /// `[[storedError]]`
    pub(crate) fn stored_error(&self) -> J::Value {
        self.stored_error.get()
    }

    /// Sets `[[disturbed]]`.
    pub(crate) fn disturb(&self) {
        self.disturbed.set(true);
    }

    /// `[[controller]]`
    pub(crate) fn controller(&self) -> J::Value {
        self.controller.get()
    }
}

/// The algorithms of a stream that Rust code feeds. Each step closes over the value that the stream
/// was created with, and returns a promise; what it throws rejects that.
pub(crate) struct Source<J: JsHost> {
    /// The pull algorithm; it gets the stream.
    pub pull: Step<J, 1>,
    /// The cancel algorithm; it gets the reason.
    pub cancel: Step<J, 1>,
}

/// The algorithms of a stream, whoever wrote them.
pub(crate) struct UnderlyingSource<J: JsHost> {
    start: Start<J>,
    pull: Algorithm<J>,
    cancel: Algorithm<J>,
}

impl<J: JsHost> UnderlyingSource<J> {
    fn native(start: J::Value, state: J::Value, source: &Source<J>) -> Self {
        Self {
            start: Start::Result(start),
            pull: Algorithm::native(state.clone(), source.pull),
            cancel: Algorithm::native(state, source.cancel),
        }
    }
}

/// [CreateReadableStream](https://streams.spec.whatwg.org/#create-readable-stream); the start
/// algorithm returns `start`.
pub(crate) fn create_readable_stream<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    start: J::Value,
    state: J::Value,
    source: &Source<J>,
    high_water_mark: f64,
    size: SizeAlgorithm<J>,
) -> Completion<J, Stream<J>> {
    let stream = Object::create(cx, web, &Web::READABLE_STREAM, ReadableStream::new())?;
    let source = UnderlyingSource::native(start, state, source);
    default_controller::set_up(cx, web, &stream, source, high_water_mark, size)?;
    Ok(stream)
}

/// [CreateReadableByteStream](https://streams.spec.whatwg.org/#abstract-opdef-createreadablebytestream)
/// with a high water mark, in bytes.
pub(crate) fn create_readable_byte_stream<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    state: J::Value,
    source: &Source<J>,
    high_water_mark: f64,
) -> Completion<J, Stream<J>> {
    let stream = Object::create(cx, web, &Web::READABLE_STREAM, ReadableStream::new())?;
    let source = UnderlyingSource::native(J::undefined(), state, source);
    byte_controller::set_up(cx, web, &stream, source, high_water_mark, None)?;
    Ok(stream)
}

/// A closed byte stream of these bytes.
pub(crate) fn stream_of_bytes<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    bytes: &[u8],
) -> Completion<J, Stream<J>> {
    let source = Source {
        pull: |cx, web, [_], _| web.resolved(cx, &J::undefined()),
        cancel: |cx, web, [_], _| web.resolved(cx, &J::undefined()),
    };
    let stream = create_readable_byte_stream(cx, web, J::undefined(), &source, 0.0)?;
    enqueue_bytes(cx, web, &stream, bytes)?;
    close_source(cx, web, &stream)?;
    Ok(stream)
}

/// The controller of a stream.
pub(crate) enum Controller<J: JsHost> {
    Default(Object<J, DefaultController<J>>),
    Byte(Object<J, ByteController<J>>),
}

impl<J: JsHost> Controller<J> {
    pub(crate) fn of(cx: &mut J::Scope<'_>, stream: &Stream<J>) -> Completion<J, Self> {
        match Object::of(cx, stream.controller.get()) {
            Some(controller) => Ok(Self::Byte(controller)),
            None => Object::at(cx, &stream.controller).map(Self::Default),
        }
    }

    /// [`[[CancelSteps]]`](https://streams.spec.whatwg.org/#abstract-opdef-readablestreamcontroller-cancelsteps)
    fn cancel_steps(
        &self,
        cx: &mut J::Scope<'_>,
        web: &Rc<Web<J>>,
        reason: J::Value,
    ) -> Completion<J> {
        match self {
            Self::Default(c) => default_controller::cancel_steps(cx, web, c, reason),
            Self::Byte(c) => byte_controller::cancel_steps(cx, web, c, reason),
        }
    }

    /// [`[[PullSteps]]`](https://streams.spec.whatwg.org/#abstract-opdef-readablestreamcontroller-pullsteps)
    fn pull_steps(
        &self,
        cx: &mut J::Scope<'_>,
        web: &Rc<Web<J>>,
        request: ReadRequest<J>,
    ) -> Completion<J, ()> {
        match self {
            Self::Default(c) => default_controller::pull_steps(cx, web, c, request),
            Self::Byte(c) => byte_controller::pull_steps(cx, web, c, request),
        }
    }

    /// [`[[ReleaseSteps]]`](https://streams.spec.whatwg.org/#abstract-opdef-readablestreamcontroller-releasesteps)
    fn release_steps(&self) {
        match self {
            Self::Default(_) => {}
            Self::Byte(c) => byte_controller::release_steps(c),
        }
    }
}

/// [Enqueues](https://streams.spec.whatwg.org/#readablestream-enqueue) a chunk, of a byte stream a
/// view whose buffer is transferred. Nothing happens when the stream takes none any more.
pub(crate) fn enqueue<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    stream: &Stream<J>,
    chunk: J::Value,
) -> Completion<J, ()> {
    match Controller::of(cx, stream)? {
        Controller::Default(c) => default_controller::enqueue(cx, web, &c, chunk),
        Controller::Byte(c) => {
            let chunk = View::convert(cx, web, &chunk)?;
            byte_controller::enqueue(cx, web, &c, chunk)
        }
    }
}

/// Enqueues a Uint8Array of these bytes, unless there are none.
pub(crate) fn enqueue_bytes<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    stream: &Stream<J>,
    bytes: &[u8],
) -> Completion<J, ()> {
    if bytes.is_empty() {
        return Ok(());
    }
    let chunk = J::create_uint8_array(cx, bytes)?;
    enqueue(cx, web, stream, chunk)
}

/// [Closes](https://streams.spec.whatwg.org/#readablestream-close) a stream from the side of its
/// source: what is in its queue can still be read.
pub(crate) fn close_source<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    stream: &Stream<J>,
) -> Completion<J, ()> {
    match Controller::of(cx, stream)? {
        Controller::Default(c) => default_controller::close(cx, web, &c),
        Controller::Byte(c) => {
            byte_controller::close(cx, web, &c)?;
            match c.has_pending_pull_intos() {
                true => byte_controller::respond(cx, web, &c, 0),
                false => Ok(()),
            }
        }
    }
}

/// [Errors](https://streams.spec.whatwg.org/#readablestream-error) a stream from the side of its
/// source.
pub(crate) fn error_source<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    stream: &Stream<J>,
    reason: &J::Value,
) -> Completion<J, ()> {
    match Controller::of(cx, stream)? {
        Controller::Default(c) => default_controller::error(cx, web, &c, reason),
        Controller::Byte(c) => byte_controller::error(cx, web, &c, reason),
    }
}

/// Whether a stream is [disturbed](https://streams.spec.whatwg.org/#is-readable-stream-disturbed).
pub(crate) fn is_disturbed<J: JsHost>(stream: &Stream<J>) -> bool {
    stream.disturbed.get()
}

/// [IsReadableStreamLocked](https://streams.spec.whatwg.org/#is-readable-stream-locked)
pub(crate) fn is_locked<J: JsHost>(stream: &Stream<J>) -> bool {
    crate::webidl::is_object::<J>(&stream.reader.get())
}

/// [ReadableStreamCancel](https://streams.spec.whatwg.org/#readable-stream-cancel). Runs user code.
pub(crate) fn cancel<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    stream: &Stream<J>,
    reason: J::Value,
) -> Completion<J> {
    stream.disturbed.set(true);
    match stream.state.get() {
        State::Closed => return web.resolved(cx, &J::undefined()),
        State::Errored => return web.rejected(cx, &stream.stored_error.get()),
        State::Readable => {}
    }
    close(cx, web, stream)?;
    if let Some(reader) = byob_reader(cx, stream) {
        for request in reader.requests.take() {
            request.close(cx, web, J::undefined())?;
        }
    }
    let promise = Controller::of(cx, stream)?.cancel_steps(cx, web, reason)?;
    web.transform(cx, &promise, [], ignore, rethrow)
}

/// [ReadableStreamClose](https://streams.spec.whatwg.org/#readable-stream-close)
fn close<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    stream: &Stream<J>,
) -> Completion<J, ()> {
    stream.state.set(State::Closed);
    if let Some(reader) = byob_reader(cx, stream) {
        return reader.generic.resolve_closed(cx);
    }
    let Some(reader) = default_reader(cx, stream) else {
        return Ok(());
    };
    reader.generic.resolve_closed(cx)?;
    for request in reader.requests.take() {
        request.close(cx, web, J::undefined())?;
    }
    Ok(())
}

/// [ReadableStreamError](https://streams.spec.whatwg.org/#readable-stream-error)
fn error<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    stream: &Stream<J>,
    reason: &J::Value,
) -> Completion<J, ()> {
    stream.state.set(State::Errored);
    stream.stored_error.set(reason.clone());
    if let Some(reader) = byob_reader(cx, stream) {
        reader.generic.reject_closed(cx, web, reason)?;
        return byob_reader::error_read_into_requests(cx, web, &reader, reason);
    }
    let Some(reader) = default_reader(cx, stream) else {
        return Ok(());
    };
    reader.generic.reject_closed(cx, web, reason)?;
    default_reader::error_read_requests(cx, web, &reader, reason)
}

/// The stream's reader, if that is a ReadableStreamDefaultReader
/// ([ReadableStreamHasDefaultReader](https://streams.spec.whatwg.org/#readable-stream-has-default-reader)).
fn default_reader<J: JsHost>(
    cx: &mut J::Scope<'_>,
    stream: &Stream<J>,
) -> Option<Object<J, DefaultReader<J>>> {
    Object::of(cx, stream.reader.get())
}

/// The stream's reader, if that is a ReadableStreamBYOBReader
/// ([ReadableStreamHasBYOBReader](https://streams.spec.whatwg.org/#readable-stream-has-byob-reader)).
fn byob_reader<J: JsHost>(
    cx: &mut J::Scope<'_>,
    stream: &Stream<J>,
) -> Option<Object<J, ByobReader<J>>> {
    Object::of(cx, stream.reader.get())
}

/// Converts the first argument of a reader's constructor.
fn stream_argument<J: JsHost>(
    cx: &mut J::Scope<'_>,
    args: J::Args<'_>,
    what: &str,
) -> Completion<J, Stream<J>> {
    crate::webidl::required::<J>(cx, args, 1, what)?;
    let stream = J::arg(cx, args, 0);
    let stream = Object::of(cx, stream);
    stream.ok_or_else(|| type_error::<J>(cx, "the argument is not a ReadableStream"))
}
