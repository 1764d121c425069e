//! [`WritableStreamDefaultWriter`](https://streams.spec.whatwg.org/#default-writer-class).

use std::cell::RefCell;
use std::rc::Rc;

use sinew_bridge::class::{ClassSpec, Method, type_error};
use sinew_bridge::{Completion, Edge, JsHost, PromiseState, Throw, trace};

use super::{State, Stream, default_controller};
use crate::closure::Deferred;
use crate::globals::readonly;
use crate::streams::Object;
use crate::{Web, webidl};

impl<J: JsHost> Web<J> {
    pub(crate) const WRITABLE_STREAM_DEFAULT_WRITER: ClassSpec<J, Self> = ClassSpec {
        name: "WritableStreamDefaultWriter",
        display: "WritableStreamDefaultWriter",
        length: 1,
        constructor,
        methods: &[
            Method {
                name: "abort",
                length: 0,
                body: abort_method,
            },
            Method {
                name: "close",
                length: 0,
                body: close_method,
            },
            Method {
                name: "releaseLock",
                length: 0,
                body: release_lock,
            },
            Method {
                name: "write",
                length: 0,
                body: write_method,
            },
        ],
        accessors: &[
            readonly("closed", closed),
            readonly("desiredSize", desired_size),
            readonly("ready", ready),
        ],
        ..ClassSpec::BASE
    };
}

/// A WritableStreamDefaultWriter object.
pub(crate) type Writer<J> = Object<J, WritableStreamDefaultWriter<J>>;

/// The internal slots of a WritableStreamDefaultWriter.
pub(crate) struct WritableStreamDefaultWriter<J: JsHost> {
    stream: Edge<J>,
    closed: RefCell<Deferred<J>>,
    ready: RefCell<Deferred<J>>,
}

trace!(struct WritableStreamDefaultWriter { stream, closed, ready });

impl<J: JsHost> WritableStreamDefaultWriter<J> {
    /// `[[closedPromise]]`
    pub(crate) fn closed(&self) -> J::Value {
        self.closed.borrow().promise()
    }

    /// `[[readyPromise]]`
    pub(crate) fn ready(&self) -> J::Value {
        self.ready.borrow().promise()
    }

    pub(super) fn resolve_closed(&self, cx: &mut J::Scope<'_>) -> Completion<J, ()> {
        let closed = self.closed.borrow().duplicate();
        closed.resolve(cx, &J::undefined())
    }

    pub(super) fn resolve_ready(&self, cx: &mut J::Scope<'_>) -> Completion<J, ()> {
        let ready = self.ready.borrow().duplicate();
        ready.resolve(cx, &J::undefined())
    }

    /// Makes `[[readyPromise]]` a new promise.
    pub(super) fn renew_ready(&self, cx: &mut J::Scope<'_>) -> Completion<J, ()> {
        let (ready, _) = Deferred::new(cx)?;
        self.ready.replace(ready);
        Ok(())
    }

    /// Rejects `[[closedPromise]]`, which is then handled.
    pub(super) fn reject_closed(
        &self,
        cx: &mut J::Scope<'_>,
        web: &Web<J>,
        error: &J::Value,
    ) -> Completion<J, ()> {
        let closed = self.closed.borrow().duplicate();
        // Handled first: the host must not see a rejection that nobody handles.
        web.mark_as_handled(cx, &closed.promise())?;
        closed.reject(cx, error)
    }

    /// [WritableStreamDefaultWriterEnsureClosedPromiseRejected](https://streams.spec.whatwg.org/#writable-stream-default-writer-ensure-closed-promise-rejected)
    fn ensure_closed_promise_rejected(
        &self,
        cx: &mut J::Scope<'_>,
        web: &Web<J>,
        error: &J::Value,
    ) -> Completion<J, ()> {
        ensure_rejected(cx, web, &self.closed, error)
    }

    /// [WritableStreamDefaultWriterEnsureReadyPromiseRejected](https://streams.spec.whatwg.org/#writable-stream-default-writer-ensure-ready-promise-rejected)
    pub(super) fn ensure_ready_promise_rejected(
        &self,
        cx: &mut J::Scope<'_>,
        web: &Web<J>,
        error: &J::Value,
    ) -> Completion<J, ()> {
        ensure_rejected(cx, web, &self.ready, error)
    }
}

/// Rejects the promise in `slot`, or puts a rejected one there; it is then handled.
fn ensure_rejected<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Web<J>,
    slot: &RefCell<Deferred<J>>,
    error: &J::Value,
) -> Completion<J, ()> {
    let current = slot.borrow().promise();
    if !matches!(J::promise_state(cx, &current), Some(PromiseState::Pending)) {
        let (fresh, _) = Deferred::new(cx)?;
        slot.replace(fresh);
    }
    let promise = slot.borrow().duplicate();
    web.mark_as_handled(cx, &promise.promise())?;
    promise.reject(cx, error)
}

/// [AcquireWritableStreamDefaultWriter](https://streams.spec.whatwg.org/#acquire-writable-stream-default-writer)
pub(crate) fn acquire<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    stream: &Stream<J>,
) -> Completion<J, Writer<J>> {
    let class = web.class(cx, &Web::WRITABLE_STREAM_DEFAULT_WRITER)?;
    set_up(cx, web, stream, &class.prototype)
}

/// [SetUpWritableStreamDefaultWriter](https://streams.spec.whatwg.org/#set-up-writable-stream-default-writer)
fn set_up<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    stream: &Stream<J>,
    proto: &J::Value,
) -> Completion<J, Writer<J>> {
    if stream.is_locked() {
        return Err(type_error::<J>(cx, "the stream is locked to a writer"));
    }
    let (closed, _) = Deferred::new(cx)?;
    let (ready, _) = Deferred::new(cx)?;
    let error = stream.stored_error();
    let waits = !stream.close_queued_or_in_flight() && stream.backpressure();
    match stream.state() {
        State::Writable if waits => {}
        State::Writable | State::Closed => ready.resolve(cx, &J::undefined())?,
        State::Erroring | State::Errored => {
            web.mark_as_handled(cx, &ready.promise())?;
            ready.reject(cx, &error)?;
        }
    }
    match stream.state() {
        State::Writable | State::Erroring => {}
        State::Closed => closed.resolve(cx, &J::undefined())?,
        State::Errored => {
            web.mark_as_handled(cx, &closed.promise())?;
            closed.reject(cx, &error)?;
        }
    }
    let state = WritableStreamDefaultWriter {
        stream: Edge::new(stream.value()),
        closed: RefCell::new(closed),
        ready: RefCell::new(ready),
    };
    let writer = Writer::<J>::with_prototype(cx, proto, state)?;
    stream.writer.set(writer.value());
    Ok(writer)
}

/// [WritableStreamDefaultWriterAbort](https://streams.spec.whatwg.org/#writable-stream-default-writer-abort).
/// Runs user code.
pub(crate) fn abort<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    writer: &Writer<J>,
    reason: J::Value,
) -> Completion<J> {
    let stream = Stream::<J>::at(cx, &writer.stream)?;
    super::abort(cx, web, &stream, reason)
}

/// [WritableStreamDefaultWriterClose](https://streams.spec.whatwg.org/#writable-stream-default-writer-close).
/// Runs user code.
pub(crate) fn close<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    writer: &Writer<J>,
) -> Completion<J> {
    let stream = Stream::<J>::at(cx, &writer.stream)?;
    super::close(cx, web, &stream)
}

/// [WritableStreamDefaultWriterCloseWithErrorPropagation](https://streams.spec.whatwg.org/#writable-stream-default-writer-close-with-error-propagation).
/// Runs user code.
pub(crate) fn close_with_error_propagation<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    writer: &Writer<J>,
) -> Completion<J> {
    let stream = Stream::<J>::at(cx, &writer.stream)?;
    match stream.state() {
        _ if stream.close_queued_or_in_flight() => web.resolved(cx, &J::undefined()),
        State::Closed => web.resolved(cx, &J::undefined()),
        State::Errored => web.rejected(cx, &stream.stored_error()),
        State::Writable | State::Erroring => close(cx, web, writer),
    }
}

/// [WritableStreamDefaultWriterGetDesiredSize](https://streams.spec.whatwg.org/#writable-stream-default-writer-get-desired-size)
pub(crate) fn get_desired_size<J: JsHost>(
    cx: &mut J::Scope<'_>,
    writer: &Writer<J>,
) -> Completion<J, Option<f64>> {
    let stream = Stream::<J>::at(cx, &writer.stream)?;
    match stream.state() {
        State::Errored | State::Erroring => Ok(None),
        State::Closed => Ok(Some(0.0)),
        State::Writable => Ok(Some(super::controller(cx, &stream)?.desired_size())),
    }
}

/// [WritableStreamDefaultWriterRelease](https://streams.spec.whatwg.org/#writable-stream-default-writer-release)
pub(crate) fn release<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    writer: &Writer<J>,
) -> Completion<J, ()> {
    let stream = Stream::<J>::at(cx, &writer.stream)?;
    let error = match type_error::<J>(cx, "the writer was released") {
        Throw::Value(error) => error,
        throw => return Err(throw),
    };
    writer.ensure_ready_promise_rejected(cx, web, &error)?;
    writer.ensure_closed_promise_rejected(cx, web, &error)?;
    stream.writer.take();
    writer.stream.take();
    Ok(())
}

/// [WritableStreamDefaultWriterWrite](https://streams.spec.whatwg.org/#writable-stream-default-writer-write).
/// Runs user code.
pub(crate) fn write<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    writer: &Writer<J>,
    chunk: J::Value,
) -> Completion<J> {
    let stream = Stream::<J>::at(cx, &writer.stream)?;
    let controller = super::controller(cx, &stream)?;
    let size = default_controller::get_chunk_size(cx, web, &controller, &chunk)?;
    // The size algorithm may have released the writer.
    if J::identity(&writer.stream.get()) != J::identity(&stream.value()) {
        return Err(type_error::<J>(cx, "the writer was released"));
    }
    match stream.state() {
        State::Errored => return Err(Throw::Value(stream.stored_error())),
        State::Closed => return Err(type_error::<J>(cx, "the stream is closed")),
        _ if stream.close_queued_or_in_flight() => {
            return Err(type_error::<J>(cx, "the stream is closing"));
        }
        State::Erroring => return Err(Throw::Value(stream.stored_error())),
        State::Writable => {}
    }
    let promise = super::add_write_request(cx, &stream)?;
    default_controller::write(cx, web, &controller, chunk, size)?;
    Ok(promise)
}

/// [`new WritableStreamDefaultWriter(stream)`](https://streams.spec.whatwg.org/#default-writer-constructor)
fn constructor<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    webidl::required::<J>(cx, args, 1, "WritableStreamDefaultWriter")?;
    let stream = J::arg(cx, args, 0);
    let Some(stream) = Stream::<J>::of(cx, stream) else {
        return Err(type_error::<J>(cx, "the argument is not a WritableStream"));
    };
    let proto = web.prototype(cx, args, &Web::WRITABLE_STREAM_DEFAULT_WRITER)?;
    Ok(set_up(cx, web, &stream, &proto)?.value())
}

fn this<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J, Writer<J>> {
    Writer::<J>::this(cx, web, args, &Web::WRITABLE_STREAM_DEFAULT_WRITER)
}

/// The stream of a writer that was not released.
fn stream_of<J: JsHost>(cx: &mut J::Scope<'_>, writer: &Writer<J>) -> Completion<J, Stream<J>> {
    match Stream::<J>::of(cx, writer.stream.get()) {
        Some(stream) => Ok(stream),
        None => Err(type_error::<J>(cx, "the writer was released")),
    }
}

/// [`closed`](https://streams.spec.whatwg.org/#default-writer-closed)
fn closed<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    web.promising(cx, |cx| Ok(this(cx, web, args)?.closed()))
}

/// [`desiredSize`](https://streams.spec.whatwg.org/#default-writer-desired-size)
fn desired_size<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let writer = this(cx, web, args)?;
    stream_of(cx, &writer)?;
    let size = get_desired_size(cx, &writer)?;
    Ok(size.map_or_else(J::null, J::number))
}

/// [`ready`](https://streams.spec.whatwg.org/#default-writer-ready)
fn ready<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    web.promising(cx, |cx| Ok(this(cx, web, args)?.ready()))
}

/// [`abort(reason)`](https://streams.spec.whatwg.org/#default-writer-abort)
fn abort_method<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    web.promising(cx, |cx| {
        let writer = this(cx, web, args)?;
        stream_of(cx, &writer)?;
        let reason = J::arg(cx, args, 0);
        abort(cx, web, &writer, reason)
    })
}

/// [`close()`](https://streams.spec.whatwg.org/#default-writer-close)
fn close_method<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    web.promising(cx, |cx| {
        let writer = this(cx, web, args)?;
        if stream_of(cx, &writer)?.close_queued_or_in_flight() {
            return Err(type_error::<J>(cx, "the stream is already closing"));
        }
        close(cx, web, &writer)
    })
}

/// [`releaseLock()`](https://streams.spec.whatwg.org/#default-writer-release-lock)
fn release_lock<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let writer = this(cx, web, args)?;
    if stream_of(cx, &writer).is_ok() {
        release(cx, web, &writer)?;
    }
    Ok(J::undefined())
}

/// [`write(chunk)`](https://streams.spec.whatwg.org/#default-writer-write)
fn write_method<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    web.promising(cx, |cx| {
        let writer = this(cx, web, args)?;
        stream_of(cx, &writer)?;
        let chunk = J::arg(cx, args, 0);
        write(cx, web, &writer, chunk)
    })
}
