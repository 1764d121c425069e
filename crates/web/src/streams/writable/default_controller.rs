//! [`WritableStreamDefaultController`](https://streams.spec.whatwg.org/#ws-default-controller-class).

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use sinew_bridge::class::{ClassSpec, Method};
use sinew_bridge::{Completion, Edge, JsHost, Throw, trace};

use super::{State, Stream};
use crate::globals::readonly;
use crate::streams::Object;
use crate::streams::algorithm::{Algorithm, AlgorithmSlot, Start};
use crate::streams::queue::Queue;
use crate::streams::strategy::SizeAlgorithm;
use crate::{Web, webidl};

impl<J: JsHost> Web<J> {
    pub(crate) const WRITABLE_STREAM_DEFAULT_CONTROLLER: ClassSpec<J, Self> = ClassSpec {
        name: "WritableStreamDefaultController",
        display: "WritableStreamDefaultController",
        methods: &[Method {
            name: "error",
            length: 0,
            body: error_method,
        }],
        accessors: &[readonly("signal", signal)],
        ..ClassSpec::BASE
    };
}

/// A WritableStreamDefaultController object.
pub(crate) type Controller<J> = Object<J, WritableStreamDefaultController<J>>;

/// What a stream does to its underlying sink.
pub(crate) struct Algorithms<J: JsHost> {
    pub write: Algorithm<J>,
    pub close: Algorithm<J>,
    pub abort: Algorithm<J>,
}

/// The internal slots of a WritableStreamDefaultController.
pub(crate) struct WritableStreamDefaultController<J: JsHost> {
    stream: Edge<J>,
    /// The signal of `[[abortController]]`.
    signal: Edge<J>,
    started: Cell<bool>,
    queue: Queue<J>,
    high_water_mark: f64,
    size: RefCell<SizeAlgorithm<J>>,
    write: AlgorithmSlot<J>,
    close: AlgorithmSlot<J>,
    abort: AlgorithmSlot<J>,
}

trace!(struct WritableStreamDefaultController { stream, signal, queue, size, write, close, abort });

impl<J: JsHost> WritableStreamDefaultController<J> {
    pub(super) fn is_started(&self) -> bool {
        self.started.get()
    }

    /// [`[[ErrorSteps]]`](https://streams.spec.whatwg.org/#ws-default-controller-private-error)
    pub(super) fn error_steps(&self) {
        self.queue.reset();
    }

    /// [WritableStreamDefaultControllerClearAlgorithms](https://streams.spec.whatwg.org/#writable-stream-default-controller-clear-algorithms)
    fn clear_algorithms(&self) {
        let algorithms = (self.write.take(), self.close.take(), self.abort.take());
        drop((algorithms, self.size.take()));
    }

    /// [WritableStreamDefaultControllerGetDesiredSize](https://streams.spec.whatwg.org/#writable-stream-default-controller-get-desired-size)
    pub(super) fn desired_size(&self) -> f64 {
        self.high_water_mark - self.queue.total_size()
    }

    /// [WritableStreamDefaultControllerGetBackpressure](https://streams.spec.whatwg.org/#writable-stream-default-controller-get-backpressure)
    fn backpressure(&self) -> bool {
        self.desired_size() <= 0.0
    }
}

/// [SetUpWritableStreamDefaultController](https://streams.spec.whatwg.org/#set-up-writable-stream-default-controller).
/// Runs user code if the start algorithm does.
pub(super) fn set_up<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    stream: &Stream<J>,
    start: Start<J>,
    algorithms: Algorithms<J>,
    high_water_mark: f64,
    size: SizeAlgorithm<J>,
) -> Completion<J, ()> {
    let signal = web.create_signal(cx)?;
    let state = WritableStreamDefaultController {
        stream: Edge::new(stream.value()),
        signal: Edge::new(signal),
        started: Cell::new(false),
        queue: Queue::default(),
        high_water_mark,
        size: RefCell::new(size),
        write: RefCell::new(algorithms.write),
        close: RefCell::new(algorithms.close),
        abort: RefCell::new(algorithms.abort),
    };
    let controller =
        Controller::<J>::create(cx, web, &Web::WRITABLE_STREAM_DEFAULT_CONTROLLER, state)?;
    stream.controller.set(controller.value());
    super::update_backpressure(cx, stream, controller.backpressure())?;
    let result = start.perform(cx, &controller.value())?;
    let started = web.resolved(cx, &result)?;
    web.react(
        cx,
        &started,
        [controller.value()],
        |cx, web, [controller], _| {
            if let Some(controller) = Controller::<J>::of(cx, controller) {
                controller.started.set(true);
                advance_queue_if_needed(cx, web, &controller)?;
            }
            Ok(J::undefined())
        },
        |cx, web, [controller], reason| {
            if let Some(controller) = Controller::<J>::of(cx, controller) {
                controller.started.set(true);
                let stream = Stream::<J>::at(cx, &controller.stream)?;
                super::deal_with_rejection(cx, web, &stream, reason)?;
            }
            Ok(J::undefined())
        },
    )
}

/// [`[[AbortSteps]]`](https://streams.spec.whatwg.org/#ws-default-controller-private-abort). Runs user
/// code.
pub(super) fn abort_steps<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    controller: &Controller<J>,
    reason: J::Value,
) -> Completion<J> {
    let result = Algorithm::perform(
        cx,
        web,
        &controller.abort,
        std::slice::from_ref(&reason),
        &reason,
    )?;
    controller.clear_algorithms();
    Ok(result)
}

/// [WritableStreamDefaultControllerAdvanceQueueIfNeeded](https://streams.spec.whatwg.org/#writable-stream-default-controller-advance-queue-if-needed).
/// Runs user code.
fn advance_queue_if_needed<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    controller: &Controller<J>,
) -> Completion<J, ()> {
    let stream = Stream::<J>::at(cx, &controller.stream)?;
    if !controller.started.get() || stream.in_flight_write_request.borrow().is_some() {
        return Ok(());
    }
    match stream.state() {
        State::Erroring => return super::finish_erroring(cx, web, &stream),
        State::Closed | State::Errored => return Ok(()),
        State::Writable => {}
    }
    if controller.queue.is_empty() {
        return Ok(());
    }
    match controller.queue.peek_value() {
        None => process_close(cx, web, controller),
        Some(chunk) => process_write(cx, web, controller, chunk),
    }
}

/// [WritableStreamDefaultControllerProcessClose](https://streams.spec.whatwg.org/#writable-stream-default-controller-process-close).
/// Runs user code.
fn process_close<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    controller: &Controller<J>,
) -> Completion<J, ()> {
    let stream = Stream::<J>::at(cx, &controller.stream)?;
    stream.mark_close_request_in_flight();
    controller.queue.dequeue_value();
    let promise = Algorithm::perform(cx, web, &controller.close, &[], &J::undefined())?;
    controller.clear_algorithms();
    web.react(
        cx,
        &promise,
        [stream.value()],
        |cx, _, [stream], _| {
            if let Some(stream) = Stream::<J>::of(cx, stream) {
                super::finish_in_flight_close(cx, &stream)?;
            }
            Ok(J::undefined())
        },
        |cx, web, [stream], reason| {
            if let Some(stream) = Stream::<J>::of(cx, stream) {
                super::finish_in_flight_close_with_error(cx, web, &stream, reason)?;
            }
            Ok(J::undefined())
        },
    )
}

/// [WritableStreamDefaultControllerProcessWrite](https://streams.spec.whatwg.org/#writable-stream-default-controller-process-write).
/// Runs user code.
fn process_write<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    controller: &Controller<J>,
    chunk: J::Value,
) -> Completion<J, ()> {
    let stream = Stream::<J>::at(cx, &controller.stream)?;
    stream.mark_first_write_request_in_flight();
    let args = [chunk.clone(), controller.value()];
    let promise = Algorithm::perform(cx, web, &controller.write, &args, &chunk)?;
    web.react(
        cx,
        &promise,
        [stream.value(), controller.value()],
        |cx, web, [stream, controller], _| {
            if let Some(stream) = Stream::<J>::of(cx, stream)
                && let Some(controller) = Controller::<J>::of(cx, controller)
            {
                written(cx, web, &stream, &controller)?;
            }
            Ok(J::undefined())
        },
        |cx, web, [stream, controller], reason| {
            if let Some(stream) = Stream::<J>::of(cx, stream)
                && let Some(controller) = Controller::<J>::of(cx, controller)
            {
                if stream.state() == State::Writable {
                    controller.clear_algorithms();
                }
                super::finish_in_flight_write_with_error(cx, web, &stream, reason)?;
            }
            Ok(J::undefined())
        },
    )
}

/// What follows a write that succeeded. Runs user code.
fn written<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    stream: &Stream<J>,
    controller: &Controller<J>,
) -> Completion<J, ()> {
    super::finish_in_flight_write(cx, stream)?;
    controller.queue.dequeue_value();
    if !stream.close_queued_or_in_flight() && stream.state() == State::Writable {
        super::update_backpressure(cx, stream, controller.backpressure())?;
    }
    advance_queue_if_needed(cx, web, controller)
}

/// [WritableStreamDefaultControllerClose](https://streams.spec.whatwg.org/#writable-stream-default-controller-close).
/// Runs user code.
pub(super) fn close<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    controller: &Controller<J>,
) -> Completion<J, ()> {
    controller.queue.enqueue_value_with_size(cx, None, 0.0)?;
    advance_queue_if_needed(cx, web, controller)
}

/// [WritableStreamDefaultControllerError](https://streams.spec.whatwg.org/#writable-stream-default-controller-error).
/// Runs user code.
pub(crate) fn error<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    controller: &Controller<J>,
    error: J::Value,
) -> Completion<J, ()> {
    let stream = Stream::<J>::at(cx, &controller.stream)?;
    controller.clear_algorithms();
    super::start_erroring(cx, web, &stream, error)
}

/// [WritableStreamDefaultControllerErrorIfNeeded](https://streams.spec.whatwg.org/#writable-stream-default-controller-error-if-needed).
/// Runs user code.
pub(crate) fn error_if_needed<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    controller: &Controller<J>,
    reason: J::Value,
) -> Completion<J, ()> {
    let stream = Stream::<J>::at(cx, &controller.stream)?;
    match stream.state() {
        State::Writable => error(cx, web, controller, reason),
        _ => Ok(()),
    }
}

/// [WritableStreamDefaultControllerGetChunkSize](https://streams.spec.whatwg.org/#writable-stream-default-controller-get-chunk-size).
/// Runs user code.
pub(super) fn get_chunk_size<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    controller: &Controller<J>,
    chunk: &J::Value,
) -> Completion<J, f64> {
    match SizeAlgorithm::perform(cx, &controller.size, chunk) {
        Err(Throw::Value(reason)) => {
            error_if_needed(cx, web, controller, reason)?;
            Ok(1.0)
        }
        size => size,
    }
}

/// [WritableStreamDefaultControllerWrite](https://streams.spec.whatwg.org/#writable-stream-default-controller-write).
/// Runs user code.
pub(super) fn write<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    controller: &Controller<J>,
    chunk: J::Value,
    size: f64,
) -> Completion<J, ()> {
    match controller
        .queue
        .enqueue_value_with_size(cx, Some(chunk), size)
    {
        Err(Throw::Value(reason)) => return error_if_needed(cx, web, controller, reason),
        other => other?,
    }
    let stream = Stream::<J>::at(cx, &controller.stream)?;
    if !stream.close_queued_or_in_flight() && stream.state() == State::Writable {
        super::update_backpressure(cx, &stream, controller.backpressure())?;
    }
    advance_queue_if_needed(cx, web, controller)
}

/// [Signals abort](https://dom.spec.whatwg.org/#abortcontroller-signal-abort) on `[[abortController]]`.
/// Runs user code.
pub(super) fn signal_abort<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    controller: &Controller<J>,
    reason: &J::Value,
) -> Completion<J, ()> {
    let reason = (!webidl::is_missing::<J>(reason)).then(|| reason.clone());
    web.signal_abort(cx, &controller.signal.get(), reason)
}

/// [`signal`](https://streams.spec.whatwg.org/#ws-default-controller-signal)
fn signal<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    let spec = &Web::WRITABLE_STREAM_DEFAULT_CONTROLLER;
    let controller = Controller::<J>::this(cx, web, args, spec)?;
    Ok(controller.signal.get())
}

/// [`error(e)`](https://streams.spec.whatwg.org/#ws-default-controller-error)
fn error_method<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let spec = &Web::WRITABLE_STREAM_DEFAULT_CONTROLLER;
    let controller = Controller::<J>::this(cx, web, args, spec)?;
    let reason = J::arg(cx, args, 0);
    error_if_needed(cx, web, &controller, reason)?;
    Ok(J::undefined())
}
