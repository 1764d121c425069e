//! [`ReadableStreamDefaultController`](https://streams.spec.whatwg.org/#rs-default-controller-class).

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use sinew_bridge::class::{ClassSpec, Method, type_error};
use sinew_bridge::{Completion, Edge, JsHost, Throw, trace};

use super::request::{self, ReadRequest};
use super::{State, Stream, UnderlyingSource, is_locked};
use crate::Web;
use crate::globals::readonly;
use crate::streams::Object;
use crate::streams::algorithm::{Algorithm, AlgorithmSlot};
use crate::streams::queue::Queue;
use crate::streams::strategy::SizeAlgorithm;

impl<J: JsHost> Web<J> {
    pub(crate) const READABLE_STREAM_DEFAULT_CONTROLLER: ClassSpec<J, Self> = ClassSpec {
        name: "ReadableStreamDefaultController",
        display: "ReadableStreamDefaultController",
        methods: &[
            Method {
                name: "close",
                length: 0,
                body: close_method,
            },
            Method {
                name: "enqueue",
                length: 0,
                body: enqueue_method,
            },
            Method {
                name: "error",
                length: 0,
                body: error_method,
            },
        ],
        accessors: &[readonly("desiredSize", desired_size)],
        ..ClassSpec::BASE
    };
}

/// A ReadableStreamDefaultController object.
pub(crate) struct DefaultController<J: JsHost> {
    stream: Edge<J>,
    queue: Queue<J>,
    started: Cell<bool>,
    close_requested: Cell<bool>,
    pull_again: Cell<bool>,
    pulling: Cell<bool>,
    high_water_mark: f64,
    size: RefCell<SizeAlgorithm<J>>,
    pull: AlgorithmSlot<J>,
    cancel: AlgorithmSlot<J>,
}

trace!(struct DefaultController { stream, queue, size, pull, cancel });

/// A ReadableStreamDefaultController and its state.
pub(crate) type ControllerObject<J> = Object<J, DefaultController<J>>;

/// [SetUpReadableStreamDefaultController](https://streams.spec.whatwg.org/#set-up-readable-stream-default-controller)
/// with a new controller. Runs user code.
pub(crate) fn set_up<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    stream: &Stream<J>,
    source: UnderlyingSource<J>,
    high_water_mark: f64,
    size: SizeAlgorithm<J>,
) -> Completion<J, ()> {
    let state = DefaultController {
        stream: Edge::new(stream.value()),
        queue: Queue::default(),
        started: Cell::new(false),
        close_requested: Cell::new(false),
        pull_again: Cell::new(false),
        pulling: Cell::new(false),
        high_water_mark,
        size: RefCell::new(size),
        pull: RefCell::new(source.pull),
        cancel: RefCell::new(source.cancel),
    };
    let spec = &Web::READABLE_STREAM_DEFAULT_CONTROLLER;
    let controller = Object::create(cx, web, spec, state)?;
    stream.controller.set(controller.value());
    let result = source.start.perform(cx, &controller.value())?;
    let promise = web.resolved(cx, &result)?;
    web.react(
        cx,
        &promise,
        [controller.value()],
        |cx, web, [controller], _| {
            if let Some(controller) = Object::of(cx, controller) {
                let controller: ControllerObject<J> = controller;
                controller.started.set(true);
                call_pull_if_needed(cx, web, &controller)?;
            }
            Ok(J::undefined())
        },
        error_step,
    )
}

/// A step that errors the controller with the reason.
fn error_step<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    [controller]: [J::Value; 1],
    reason: J::Value,
) -> Completion<J> {
    if let Some(controller) = Object::of(cx, controller) {
        error(cx, web, &controller, &reason)?;
    }
    Ok(J::undefined())
}

/// [ReadableStreamDefaultControllerCallPullIfNeeded](https://streams.spec.whatwg.org/#readable-stream-default-controller-call-pull-if-needed)
fn call_pull_if_needed<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    controller: &ControllerObject<J>,
) -> Completion<J, ()> {
    if !should_call_pull(cx, controller)? {
        return Ok(());
    }
    if controller.pulling.get() {
        controller.pull_again.set(true);
        return Ok(());
    }
    controller.pulling.set(true);
    let value = controller.value();
    let stream = controller.stream.get();
    let promise = Algorithm::perform(cx, web, &controller.pull, &[value], &stream)?;
    web.react(
        cx,
        &promise,
        [controller.value()],
        |cx, web, [controller], _| {
            let Some(controller) = Object::of(cx, controller) else {
                return Ok(J::undefined());
            };
            let controller: ControllerObject<J> = controller;
            controller.pulling.set(false);
            if controller.pull_again.take() {
                call_pull_if_needed(cx, web, &controller)?;
            }
            Ok(J::undefined())
        },
        error_step,
    )
}

/// [ReadableStreamDefaultControllerShouldCallPull](https://streams.spec.whatwg.org/#readable-stream-default-controller-should-call-pull)
fn should_call_pull<J: JsHost>(
    cx: &mut J::Scope<'_>,
    controller: &ControllerObject<J>,
) -> Completion<J, bool> {
    if !can_close_or_enqueue(cx, controller)? || !controller.started.get() {
        return Ok(false);
    }
    let stream: Stream<J> = Object::at(cx, &controller.stream)?;
    if is_locked(&stream) && request::get_num_read_requests(cx, &stream) > 0 {
        return Ok(true);
    }
    let desired = get_desired_size(cx, controller)?;
    Ok(desired.is_some_and(|desired| desired > 0.0))
}

/// [ReadableStreamDefaultControllerClearAlgorithms](https://streams.spec.whatwg.org/#readable-stream-default-controller-clear-algorithms)
fn clear_algorithms<J: JsHost>(controller: &ControllerObject<J>) {
    let pull = controller.pull.take();
    let cancel = controller.cancel.take();
    let size = controller.size.take();
    drop((pull, cancel, size));
}

/// [ReadableStreamDefaultControllerClose](https://streams.spec.whatwg.org/#readable-stream-default-controller-close)
pub(crate) fn close<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    controller: &ControllerObject<J>,
) -> Completion<J, ()> {
    if !can_close_or_enqueue(cx, controller)? {
        return Ok(());
    }
    controller.close_requested.set(true);
    if controller.queue.is_empty() {
        clear_algorithms(controller);
        let stream = Object::at(cx, &controller.stream)?;
        super::close(cx, web, &stream)?;
    }
    Ok(())
}

/// [ReadableStreamDefaultControllerEnqueue](https://streams.spec.whatwg.org/#readable-stream-default-controller-enqueue).
/// Runs user code.
pub(crate) fn enqueue<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    controller: &ControllerObject<J>,
    chunk: J::Value,
) -> Completion<J, ()> {
    if !can_close_or_enqueue(cx, controller)? {
        return Ok(());
    }
    let stream: Stream<J> = Object::at(cx, &controller.stream)?;
    if is_locked(&stream) && request::get_num_read_requests(cx, &stream) > 0 {
        request::fulfill_read_request(cx, web, &stream, chunk, false)?;
    } else {
        let size = SizeAlgorithm::perform(cx, &controller.size, &chunk);
        let enqueued = size.and_then(|size| {
            let chunk = Some(chunk);
            controller.queue.enqueue_value_with_size(cx, chunk, size)
        });
        if let Err(Throw::Value(reason)) = enqueued {
            error(cx, web, controller, &reason)?;
            return Err(Throw::Value(reason));
        }
        enqueued?;
    }
    call_pull_if_needed(cx, web, controller)
}

/// [ReadableStreamDefaultControllerError](https://streams.spec.whatwg.org/#readable-stream-default-controller-error)
pub(crate) fn error<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    controller: &ControllerObject<J>,
    reason: &J::Value,
) -> Completion<J, ()> {
    let stream: Stream<J> = Object::at(cx, &controller.stream)?;
    if stream.state.get() != State::Readable {
        return Ok(());
    }
    controller.queue.reset();
    clear_algorithms(controller);
    super::error(cx, web, &stream, reason)
}

/// [ReadableStreamDefaultControllerGetDesiredSize](https://streams.spec.whatwg.org/#readable-stream-default-controller-get-desired-size);
/// `None` is null.
pub(crate) fn get_desired_size<J: JsHost>(
    cx: &mut J::Scope<'_>,
    controller: &ControllerObject<J>,
) -> Completion<J, Option<f64>> {
    let stream: Stream<J> = Object::at(cx, &controller.stream)?;
    Ok(match stream.state.get() {
        State::Errored => None,
        State::Closed => Some(0.0),
        State::Readable => Some(controller.high_water_mark - controller.queue.total_size()),
    })
}

/// [ReadableStreamDefaultControllerHasBackpressure](https://streams.spec.whatwg.org/#rs-default-controller-has-backpressure)
pub(crate) fn has_backpressure<J: JsHost>(
    cx: &mut J::Scope<'_>,
    controller: &ControllerObject<J>,
) -> Completion<J, bool> {
    Ok(!should_call_pull(cx, controller)?)
}

/// [ReadableStreamDefaultControllerCanCloseOrEnqueue](https://streams.spec.whatwg.org/#readable-stream-default-controller-can-close-or-enqueue)
pub(crate) fn can_close_or_enqueue<J: JsHost>(
    cx: &mut J::Scope<'_>,
    controller: &ControllerObject<J>,
) -> Completion<J, bool> {
    let stream: Stream<J> = Object::at(cx, &controller.stream)?;
    Ok(!controller.close_requested.get() && stream.state.get() == State::Readable)
}

/// [`[[CancelSteps]]`](https://streams.spec.whatwg.org/#rs-default-controller-private-cancel). Runs
/// user code.
pub(super) fn cancel_steps<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    controller: &ControllerObject<J>,
    reason: J::Value,
) -> Completion<J> {
    controller.queue.reset();
    let args = std::slice::from_ref(&reason);
    let result = Algorithm::perform(cx, web, &controller.cancel, args, &reason);
    clear_algorithms(controller);
    result
}

/// [`[[PullSteps]]`](https://streams.spec.whatwg.org/#rs-default-controller-private-pull)
pub(super) fn pull_steps<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    controller: &ControllerObject<J>,
    request: ReadRequest<J>,
) -> Completion<J, ()> {
    let stream: Stream<J> = Object::at(cx, &controller.stream)?;
    if controller.queue.is_empty() {
        request::add_read_request(cx, &stream, request)?;
        return call_pull_if_needed(cx, web, controller);
    }
    let chunk = controller.queue.dequeue_value();
    if controller.close_requested.get() && controller.queue.is_empty() {
        clear_algorithms(controller);
        super::close(cx, web, &stream)?;
    } else {
        call_pull_if_needed(cx, web, controller)?;
    }
    request.chunk(cx, web, chunk.unwrap_or_else(J::undefined))
}

fn this<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J, ControllerObject<J>> {
    Object::this(cx, web, args, &Web::READABLE_STREAM_DEFAULT_CONTROLLER)
}

/// [`desiredSize`](https://streams.spec.whatwg.org/#rs-default-controller-desired-size)
fn desired_size<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let controller = this(cx, web, args)?;
    let size = get_desired_size(cx, &controller)?;
    Ok(size.map_or_else(J::null, J::number))
}

/// [`close()`](https://streams.spec.whatwg.org/#rs-default-controller-close)
fn close_method<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let controller = this(cx, web, args)?;
    if !can_close_or_enqueue(cx, &controller)? {
        return Err(type_error::<J>(cx, "the stream cannot be closed any more"));
    }
    close(cx, web, &controller)?;
    Ok(J::undefined())
}

/// [`enqueue(chunk)`](https://streams.spec.whatwg.org/#rs-default-controller-enqueue)
fn enqueue_method<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let controller = this(cx, web, args)?;
    let chunk = J::arg(cx, args, 0);
    if !can_close_or_enqueue(cx, &controller)? {
        return Err(type_error::<J>(cx, "the stream takes no chunks any more"));
    }
    enqueue(cx, web, &controller, chunk)?;
    Ok(J::undefined())
}

/// [`error(e)`](https://streams.spec.whatwg.org/#rs-default-controller-error)
fn error_method<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let controller = this(cx, web, args)?;
    let reason = J::arg(cx, args, 0);
    error(cx, web, &controller, &reason)?;
    Ok(J::undefined())
}
