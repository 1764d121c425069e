//! [Writable streams](https://streams.spec.whatwg.org/#ws): what Rust code does with them, and the
//! operations that their parts share. The class itself is in `writable/class.rs`.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use sinew_bridge::class::type_error;
use sinew_bridge::{Completion, Edge, JsHost, trace};

use super::Object;
use super::algorithm::Start;
use super::strategy::SizeAlgorithm;
use crate::closure::Deferred;
use crate::{Web, webidl};

mod class;
pub(crate) mod default_controller;
pub(crate) mod default_writer;

use default_controller::{Algorithms, Controller};
use default_writer::Writer;

/// A WritableStream object.
pub(crate) type Stream<J> = Object<J, WritableStream<J>>;

/// `[[state]]`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Writable,
    Closed,
    Erroring,
    Errored,
}

/// The internal slots of a WritableStream.
pub(crate) struct WritableStream<J: JsHost> {
    state: Cell<State>,
    backpressure: Cell<bool>,
    controller: Edge<J>,
    writer: Edge<J>,
    stored_error: Edge<J>,
    close_request: RefCell<Option<Deferred<J>>>,
    in_flight_write_request: RefCell<Option<Deferred<J>>>,
    in_flight_close_request: RefCell<Option<Deferred<J>>>,
    pending_abort_request: RefCell<Option<PendingAbort<J>>>,
    write_requests: RefCell<VecDeque<Deferred<J>>>,
}

trace!(struct WritableStream {
    controller,
    writer,
    stored_error,
    close_request,
    in_flight_write_request,
    in_flight_close_request,
    pending_abort_request,
    write_requests,
});

/// A [pending abort request](https://streams.spec.whatwg.org/#pending-abort-request).
struct PendingAbort<J: JsHost> {
    promise: Deferred<J>,
    reason: Edge<J>,
    was_already_erroring: bool,
}

trace!(struct PendingAbort { promise, reason });

impl<J: JsHost> WritableStream<J> {
    /// [InitializeWritableStream](https://streams.spec.whatwg.org/#initialize-writable-stream)
    pub(crate) fn new() -> Self {
        Self {
            state: Cell::new(State::Writable),
            backpressure: Cell::new(false),
            controller: Edge::default(),
            writer: Edge::default(),
            stored_error: Edge::default(),
            close_request: RefCell::default(),
            in_flight_write_request: RefCell::default(),
            in_flight_close_request: RefCell::default(),
            pending_abort_request: RefCell::default(),
            write_requests: RefCell::default(),
        }
    }

    pub(crate) fn state(&self) -> State {
        self.state.get()
    }

    fn set_state(&self, state: State) {
        self.state.set(state);
    }

    pub(crate) fn stored_error(&self) -> J::Value {
        self.stored_error.get()
    }

    pub(crate) fn backpressure(&self) -> bool {
        self.backpressure.get()
    }

    /// [IsWritableStreamLocked](https://streams.spec.whatwg.org/#is-writable-stream-locked)
    pub(crate) fn is_locked(&self) -> bool {
        !webidl::is_missing::<J>(&self.writer.get())
    }

    /// [WritableStreamCloseQueuedOrInFlight](https://streams.spec.whatwg.org/#writable-stream-close-queued-or-in-flight)
    pub(crate) fn close_queued_or_in_flight(&self) -> bool {
        self.close_request.borrow().is_some() || self.in_flight_close_request.borrow().is_some()
    }

    /// [WritableStreamHasOperationMarkedInFlight](https://streams.spec.whatwg.org/#writable-stream-has-operation-marked-in-flight)
    fn has_operation_marked_in_flight(&self) -> bool {
        self.in_flight_write_request.borrow().is_some()
            || self.in_flight_close_request.borrow().is_some()
    }

    /// [WritableStreamMarkCloseRequestInFlight](https://streams.spec.whatwg.org/#writable-stream-mark-close-request-in-flight)
    fn mark_close_request_in_flight(&self) {
        self.in_flight_close_request
            .replace(self.close_request.take());
    }

    /// [WritableStreamMarkFirstWriteRequestInFlight](https://streams.spec.whatwg.org/#writable-stream-mark-first-write-request-in-flight)
    fn mark_first_write_request_in_flight(&self) {
        let first = self.write_requests.borrow_mut().pop_front();
        self.in_flight_write_request.replace(first);
    }
}

/// [CreateWritableStream](https://streams.spec.whatwg.org/#create-writable-stream). Runs user code if
/// the start algorithm does.
pub(crate) fn create_writable_stream<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    start: Start<J>,
    algorithms: Algorithms<J>,
    high_water_mark: f64,
    size: SizeAlgorithm<J>,
) -> Completion<J, Stream<J>> {
    let stream = Stream::<J>::create(cx, web, &Web::WRITABLE_STREAM, WritableStream::new())?;
    default_controller::set_up(cx, web, &stream, start, algorithms, high_water_mark, size)?;
    Ok(stream)
}

/// [WritableStreamAbort](https://streams.spec.whatwg.org/#writable-stream-abort). Runs user code.
pub(crate) fn abort<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    stream: &Stream<J>,
    reason: J::Value,
) -> Completion<J> {
    let ended = |stream: &Stream<J>| matches!(stream.state(), State::Closed | State::Errored);
    if ended(stream) {
        return web.resolved(cx, &J::undefined());
    }
    let controller = controller(cx, stream)?;
    default_controller::signal_abort(cx, web, &controller, &reason)?;
    // What the signal runs may have ended the stream, or aborted it.
    if ended(stream) {
        return web.resolved(cx, &J::undefined());
    }
    if let Some(pending) = &*stream.pending_abort_request.borrow() {
        return Ok(pending.promise.promise());
    }
    let was_already_erroring = stream.state() == State::Erroring;
    let (promise, result) = Deferred::new(cx)?;
    let kept = match was_already_erroring {
        true => J::undefined(),
        false => reason.clone(),
    };
    stream.pending_abort_request.replace(Some(PendingAbort {
        promise,
        reason: Edge::new(kept),
        was_already_erroring,
    }));
    if !was_already_erroring {
        start_erroring(cx, web, stream, reason)?;
    }
    Ok(result)
}

/// [WritableStreamClose](https://streams.spec.whatwg.org/#writable-stream-close). Runs user code.
pub(crate) fn close<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    stream: &Stream<J>,
) -> Completion<J> {
    if matches!(stream.state(), State::Closed | State::Errored) {
        return Err(type_error::<J>(cx, "the stream is closed or errored"));
    }
    let (promise, result) = Deferred::new(cx)?;
    stream.close_request.replace(Some(promise));
    if let Some(writer) = writer(cx, stream)
        && stream.backpressure()
        && stream.state() == State::Writable
    {
        writer.resolve_ready(cx)?;
    }
    let controller = controller(cx, stream)?;
    default_controller::close(cx, web, &controller)?;
    Ok(result)
}

/// [WritableStreamAddWriteRequest](https://streams.spec.whatwg.org/#writable-stream-add-write-request)
pub(crate) fn add_write_request<J: JsHost>(
    cx: &mut J::Scope<'_>,
    stream: &Stream<J>,
) -> Completion<J> {
    let (promise, result) = Deferred::new(cx)?;
    stream.write_requests.borrow_mut().push_back(promise);
    Ok(result)
}

/// [WritableStreamDealWithRejection](https://streams.spec.whatwg.org/#writable-stream-deal-with-rejection)
fn deal_with_rejection<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    stream: &Stream<J>,
    error: J::Value,
) -> Completion<J, ()> {
    match stream.state() {
        State::Writable => start_erroring(cx, web, stream, error),
        _ => finish_erroring(cx, web, stream),
    }
}

/// [WritableStreamStartErroring](https://streams.spec.whatwg.org/#writable-stream-start-erroring)
fn start_erroring<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    stream: &Stream<J>,
    reason: J::Value,
) -> Completion<J, ()> {
    let controller = controller(cx, stream)?;
    stream.set_state(State::Erroring);
    stream.stored_error.set(reason.clone());
    if let Some(writer) = writer(cx, stream) {
        writer.ensure_ready_promise_rejected(cx, web, &reason)?;
    }
    if !stream.has_operation_marked_in_flight() && controller.is_started() {
        finish_erroring(cx, web, stream)?;
    }
    Ok(())
}

/// [WritableStreamFinishErroring](https://streams.spec.whatwg.org/#writable-stream-finish-erroring).
/// Runs user code.
fn finish_erroring<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    stream: &Stream<J>,
) -> Completion<J, ()> {
    stream.set_state(State::Errored);
    let controller = controller(cx, stream)?;
    controller.error_steps();
    let error = stream.stored_error();
    for request in stream.write_requests.take() {
        request.reject(cx, &error)?;
    }
    let Some(request) = stream.pending_abort_request.take() else {
        return reject_close_and_closed_promise_if_needed(cx, web, stream);
    };
    if request.was_already_erroring {
        request.promise.reject(cx, &error)?;
        return reject_close_and_closed_promise_if_needed(cx, web, stream);
    }
    let promise = default_controller::abort_steps(cx, web, &controller, request.reason.get())?;
    let request = super::hidden(cx, request)?.value();
    web.react(
        cx,
        &promise,
        [stream.value(), request],
        |cx, web, [stream, request], _| {
            if let Some(request) = J::state::<PendingAbort<J>>(cx, &request) {
                request.promise.resolve(cx, &J::undefined())?;
            }
            aborted(cx, web, stream)
        },
        |cx, web, [stream, request], reason| {
            if let Some(request) = J::state::<PendingAbort<J>>(cx, &request) {
                request.promise.reject(cx, &reason)?;
            }
            aborted(cx, web, stream)
        },
    )
}

/// What follows an abort, however it ended.
fn aborted<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, stream: J::Value) -> Completion<J> {
    if let Some(stream) = Stream::<J>::of(cx, stream) {
        reject_close_and_closed_promise_if_needed(cx, web, &stream)?;
    }
    Ok(J::undefined())
}

/// [WritableStreamFinishInFlightWrite](https://streams.spec.whatwg.org/#writable-stream-finish-in-flight-write)
fn finish_in_flight_write<J: JsHost>(
    cx: &mut J::Scope<'_>,
    stream: &Stream<J>,
) -> Completion<J, ()> {
    match stream.in_flight_write_request.take() {
        Some(request) => request.resolve(cx, &J::undefined()),
        None => Ok(()),
    }
}

/// [WritableStreamFinishInFlightWriteWithError](https://streams.spec.whatwg.org/#writable-stream-finish-in-flight-write-with-error)
fn finish_in_flight_write_with_error<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    stream: &Stream<J>,
    error: J::Value,
) -> Completion<J, ()> {
    if let Some(request) = stream.in_flight_write_request.take() {
        request.reject(cx, &error)?;
    }
    deal_with_rejection(cx, web, stream, error)
}

/// [WritableStreamFinishInFlightClose](https://streams.spec.whatwg.org/#writable-stream-finish-in-flight-close)
fn finish_in_flight_close<J: JsHost>(
    cx: &mut J::Scope<'_>,
    stream: &Stream<J>,
) -> Completion<J, ()> {
    if let Some(request) = stream.in_flight_close_request.take() {
        request.resolve(cx, &J::undefined())?;
    }
    if stream.state() == State::Erroring {
        // The close was successful: the error was too late.
        stream.stored_error.take();
        if let Some(pending) = stream.pending_abort_request.take() {
            pending.promise.resolve(cx, &J::undefined())?;
        }
    }
    stream.set_state(State::Closed);
    match writer(cx, stream) {
        Some(writer) => writer.resolve_closed(cx),
        None => Ok(()),
    }
}

/// [WritableStreamFinishInFlightCloseWithError](https://streams.spec.whatwg.org/#writable-stream-finish-in-flight-close-with-error)
fn finish_in_flight_close_with_error<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    stream: &Stream<J>,
    error: J::Value,
) -> Completion<J, ()> {
    if let Some(request) = stream.in_flight_close_request.take() {
        request.reject(cx, &error)?;
    }
    if let Some(pending) = stream.pending_abort_request.take() {
        pending.promise.reject(cx, &error)?;
    }
    deal_with_rejection(cx, web, stream, error)
}

/// [WritableStreamRejectCloseAndClosedPromiseIfNeeded](https://streams.spec.whatwg.org/#writable-stream-reject-close-and-closed-promise-if-needed)
fn reject_close_and_closed_promise_if_needed<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    stream: &Stream<J>,
) -> Completion<J, ()> {
    let error = stream.stored_error();
    if let Some(request) = stream.close_request.take() {
        request.reject(cx, &error)?;
    }
    match writer(cx, stream) {
        Some(writer) => writer.reject_closed(cx, web, &error),
        None => Ok(()),
    }
}

/// [WritableStreamUpdateBackpressure](https://streams.spec.whatwg.org/#writable-stream-update-backpressure)
fn update_backpressure<J: JsHost>(
    cx: &mut J::Scope<'_>,
    stream: &Stream<J>,
    backpressure: bool,
) -> Completion<J, ()> {
    if let Some(writer) = writer(cx, stream)
        && backpressure != stream.backpressure()
    {
        match backpressure {
            true => writer.renew_ready(cx)?,
            false => writer.resolve_ready(cx)?,
        }
    }
    stream.backpressure.set(backpressure);
    Ok(())
}

/// `[[controller]]`
pub(crate) fn controller<J: JsHost>(
    cx: &mut J::Scope<'_>,
    stream: &Stream<J>,
) -> Completion<J, Controller<J>> {
    Controller::<J>::at(cx, &stream.controller)
}

fn writer<J: JsHost>(cx: &mut J::Scope<'_>, stream: &Stream<J>) -> Option<Writer<J>> {
    Writer::<J>::of(cx, stream.writer.get())
}
