//! [`TransformStreamDefaultController`](https://streams.spec.whatwg.org/#ts-default-controller-class).

use std::cell::RefCell;
use std::rc::Rc;

use sinew_bridge::class::{ClassSpec, Method, type_error};
use sinew_bridge::{Completion, Edge, JsHost, Throw, trace};

use super::Stream;
use crate::Web;
use crate::closure::Deferred;
use crate::globals::readonly;
use crate::streams::algorithm::{Algorithm, AlgorithmSlot};
use crate::streams::{Object, ignore, readable};

impl<J: JsHost> Web<J> {
    pub(crate) const TRANSFORM_STREAM_DEFAULT_CONTROLLER: ClassSpec<J, Self> = ClassSpec {
        name: "TransformStreamDefaultController",
        display: "TransformStreamDefaultController",
        methods: &[
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
            Method {
                name: "terminate",
                length: 0,
                body: terminate_method,
            },
        ],
        accessors: &[readonly("desiredSize", desired_size)],
        ..ClassSpec::BASE
    };
}

/// A TransformStreamDefaultController object.
pub(crate) type Controller<J> = Object<J, TransformStreamDefaultController<J>>;

/// The internal slots of a TransformStreamDefaultController.
pub(crate) struct TransformStreamDefaultController<J: JsHost> {
    stream: Edge<J>,
    /// `[[finishPromise]]`
    finish: RefCell<Option<Deferred<J>>>,
    transform: AlgorithmSlot<J>,
    flush: AlgorithmSlot<J>,
    cancel: AlgorithmSlot<J>,
}

trace!(struct TransformStreamDefaultController { stream, finish, transform, flush, cancel });

impl<J: JsHost> TransformStreamDefaultController<J> {
    /// [TransformStreamDefaultControllerClearAlgorithms](https://streams.spec.whatwg.org/#transform-stream-default-controller-clear-algorithms)
    pub(super) fn clear_algorithms(&self) {
        let algorithms = (self.transform.take(), self.flush.take(), self.cancel.take());
        drop(algorithms);
    }

    /// `[[finishPromise]]`, if it is there.
    pub(super) fn finish(&self) -> Option<Deferred<J>> {
        self.finish.borrow().as_ref().map(Deferred::duplicate)
    }

    /// Makes `[[finishPromise]]` a new promise.
    pub(super) fn start_finish(&self, cx: &mut J::Scope<'_>) -> Completion<J> {
        let (finish, promise) = Deferred::new(cx)?;
        self.finish.replace(Some(finish));
        Ok(promise)
    }
}

/// What a stream does with chunks and at its end.
pub(super) struct Algorithms<J: JsHost> {
    /// `None` passes each chunk on.
    pub transform: Option<Algorithm<J>>,
    pub flush: Algorithm<J>,
    pub cancel: Algorithm<J>,
}

/// [SetUpTransformStreamDefaultController](https://streams.spec.whatwg.org/#set-up-transform-stream-default-controller)
/// with a new controller.
pub(super) fn set_up<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    stream: &Stream<J>,
    algorithms: Algorithms<J>,
) -> Completion<J, Controller<J>> {
    let state = TransformStreamDefaultController {
        stream: Edge::new(stream.value()),
        finish: RefCell::default(),
        transform: RefCell::default(),
        flush: RefCell::new(algorithms.flush),
        cancel: RefCell::new(algorithms.cancel),
    };
    let spec = &Web::TRANSFORM_STREAM_DEFAULT_CONTROLLER;
    let controller = Controller::create(cx, web, spec, state)?;
    let pass_on = || Algorithm::native(controller.value(), pass_on);
    let transform = algorithms.transform.unwrap_or_else(pass_on);
    controller.transform.replace(transform);
    stream.controller.set(controller.value());
    Ok(controller)
}

/// The transform algorithm of a transformer that has none.
fn pass_on<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    [controller]: [J::Value; 1],
    chunk: J::Value,
) -> Completion<J> {
    if let Some(controller) = Controller::<J>::of(cx, controller) {
        enqueue(cx, web, &controller, chunk)?;
    }
    web.resolved(cx, &J::undefined())
}

/// [TransformStreamDefaultControllerEnqueue](https://streams.spec.whatwg.org/#transform-stream-default-controller-enqueue).
/// Runs user code.
pub(crate) fn enqueue<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    controller: &Controller<J>,
    chunk: J::Value,
) -> Completion<J, ()> {
    let stream = Stream::<J>::at(cx, &controller.stream)?;
    let readable = super::readable_controller(cx, &stream)?;
    if !readable::default_controller::can_close_or_enqueue(cx, &readable)? {
        let message = "the readable side takes no chunks any more";
        return Err(type_error::<J>(cx, message));
    }
    match readable::default_controller::enqueue(cx, web, &readable, chunk) {
        Err(Throw::Value(reason)) => {
            super::error_writable_and_unblock_write(cx, web, &stream, &reason)?;
            return Err(Throw::Value(stream.readable(cx)?.stored_error()));
        }
        enqueued => enqueued?,
    }
    let backpressure = readable::default_controller::has_backpressure(cx, &readable)?;
    if backpressure != stream.backpressure.get() {
        stream.set_backpressure(cx, true)?;
    }
    Ok(())
}

/// [TransformStreamDefaultControllerError](https://streams.spec.whatwg.org/#transform-stream-default-controller-error)
pub(crate) fn error<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    controller: &Controller<J>,
    reason: &J::Value,
) -> Completion<J, ()> {
    let stream = Stream::<J>::at(cx, &controller.stream)?;
    super::error(cx, web, &stream, reason)
}

/// [TransformStreamDefaultControllerPerformTransform](https://streams.spec.whatwg.org/#transform-stream-default-controller-perform-transform).
/// Runs user code.
pub(super) fn perform_transform<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    controller: &Controller<J>,
    chunk: J::Value,
) -> Completion<J> {
    let args = [chunk.clone(), controller.value()];
    let promise = Algorithm::perform(cx, web, &controller.transform, &args, &chunk)?;
    web.transform(
        cx,
        &promise,
        [controller.stream.get()],
        ignore,
        |cx, web, [stream], reason| {
            if let Some(stream) = Stream::<J>::of(cx, stream) {
                super::error(cx, web, &stream, &reason)?;
            }
            Err(Throw::Value(reason))
        },
    )
}

/// Performs the flush algorithm. Runs user code.
pub(super) fn perform_flush<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    controller: &Controller<J>,
) -> Completion<J> {
    let args = [controller.value()];
    let result = Algorithm::perform(cx, web, &controller.flush, &args, &J::undefined());
    controller.clear_algorithms();
    result
}

/// Performs the cancel algorithm. Runs user code.
pub(super) fn perform_cancel<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    controller: &Controller<J>,
    reason: &J::Value,
) -> Completion<J> {
    let args = std::slice::from_ref(reason);
    let result = Algorithm::perform(cx, web, &controller.cancel, args, reason);
    controller.clear_algorithms();
    result
}

/// [TransformStreamDefaultControllerTerminate](https://streams.spec.whatwg.org/#transform-stream-default-controller-terminate)
pub(crate) fn terminate<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    controller: &Controller<J>,
) -> Completion<J, ()> {
    let stream = Stream::<J>::at(cx, &controller.stream)?;
    let readable = super::readable_controller(cx, &stream)?;
    readable::default_controller::close(cx, web, &readable)?;
    match type_error::<J>(cx, "the transform stream was terminated") {
        Throw::Value(error) => super::error_writable_and_unblock_write(cx, web, &stream, &error),
        Throw::Terminated => Err(Throw::Terminated),
    }
}

fn this<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J, Controller<J>> {
    Controller::this(cx, web, args, &Web::TRANSFORM_STREAM_DEFAULT_CONTROLLER)
}

/// [`desiredSize`](https://streams.spec.whatwg.org/#ts-default-controller-desired-size)
fn desired_size<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let controller = this(cx, web, args)?;
    let stream = Stream::<J>::at(cx, &controller.stream)?;
    let readable = super::readable_controller(cx, &stream)?;
    let size = readable::default_controller::get_desired_size(cx, &readable)?;
    Ok(size.map_or_else(J::null, J::number))
}

/// [`enqueue(chunk)`](https://streams.spec.whatwg.org/#ts-default-controller-enqueue)
fn enqueue_method<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let controller = this(cx, web, args)?;
    let chunk = J::arg(cx, args, 0);
    enqueue(cx, web, &controller, chunk)?;
    Ok(J::undefined())
}

/// [`error(e)`](https://streams.spec.whatwg.org/#ts-default-controller-error)
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

/// [`terminate()`](https://streams.spec.whatwg.org/#ts-default-controller-terminate)
fn terminate_method<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let controller = this(cx, web, args)?;
    terminate(cx, web, &controller)?;
    Ok(J::undefined())
}
