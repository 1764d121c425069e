//! [Transform streams](https://streams.spec.whatwg.org/#ts): what Rust code does with them, and the
//! operations that their parts share. The class itself is in `transform/class.rs`.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use sinew_bridge::{Completion, Edge, JsHost, trace};

use super::Object;
use super::algorithm::{Algorithm, Start};
use super::strategy::SizeAlgorithm;
use super::{readable, writable};
use crate::Web;
use crate::closure::Deferred;

mod class;
pub(crate) mod default_controller;
pub(crate) mod native;
mod sides;

use default_controller::Controller;

/// A TransformStream object.
pub(crate) type Stream<J> = Object<J, TransformStream<J>>;

/// The internal slots of a TransformStream.
pub(crate) struct TransformStream<J: JsHost> {
    backpressure: Cell<bool>,
    /// `[[backpressureChangePromise]]`
    backpressure_change: RefCell<Option<Deferred<J>>>,
    controller: Edge<J>,
    readable: Edge<J>,
    writable: Edge<J>,
}

trace!(struct TransformStream { backpressure_change, controller, readable, writable });

impl<J: JsHost> TransformStream<J> {
    /// A stream that [`initialize`] is to be called for.
    fn new() -> Self {
        Self {
            backpressure: Cell::new(false),
            backpressure_change: RefCell::default(),
            controller: Edge::default(),
            readable: Edge::default(),
            writable: Edge::default(),
        }
    }

    /// The promise in `[[backpressureChangePromise]]`.
    fn backpressure_change(&self) -> J::Value {
        let change = self.backpressure_change.borrow();
        change.as_ref().map_or_else(J::undefined, Deferred::promise)
    }

    /// [TransformStreamSetBackpressure](https://streams.spec.whatwg.org/#transform-stream-set-backpressure)
    fn set_backpressure(&self, cx: &mut J::Scope<'_>, backpressure: bool) -> Completion<J, ()> {
        let (next, _) = Deferred::new(cx)?;
        let change = self.backpressure_change.replace(Some(next));
        self.backpressure.set(backpressure);
        match change {
            Some(change) => change.resolve(cx, &J::undefined()),
            None => Ok(()),
        }
    }

    /// [TransformStreamUnblockWrite](https://streams.spec.whatwg.org/#transform-stream-unblock-write)
    fn unblock_write(&self, cx: &mut J::Scope<'_>) -> Completion<J, ()> {
        match self.backpressure.get() {
            true => self.set_backpressure(cx, false),
            false => Ok(()),
        }
    }

    /// `[[readable]]`
    pub(crate) fn readable(&self, cx: &mut J::Scope<'_>) -> Completion<J, readable::Stream<J>> {
        Object::at(cx, &self.readable)
    }

    /// `[[writable]]`
    pub(crate) fn writable(&self, cx: &mut J::Scope<'_>) -> Completion<J, writable::Stream<J>> {
        Object::at(cx, &self.writable)
    }
}

/// The strategies of the two sides of a stream.
struct Strategies<J: JsHost> {
    writable_high_water_mark: f64,
    writable_size: SizeAlgorithm<J>,
    readable_high_water_mark: f64,
    readable_size: SizeAlgorithm<J>,
}

impl<J: JsHost> Default for Strategies<J> {
    fn default() -> Self {
        Self {
            writable_high_water_mark: 1.0,
            writable_size: SizeAlgorithm::One,
            readable_high_water_mark: 0.0,
            readable_size: SizeAlgorithm::One,
        }
    }
}

/// [InitializeTransformStream](https://streams.spec.whatwg.org/#initialize-transform-stream)
fn initialize<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    stream: &Stream<J>,
    start_promise: J::Value,
    strategies: Strategies<J>,
) -> Completion<J, ()> {
    let writable = writable::create_writable_stream(
        cx,
        web,
        Start::Result(start_promise.clone()),
        writable::default_controller::Algorithms {
            write: Algorithm::native(stream.value(), sides::sink_write),
            close: Algorithm::native(stream.value(), sides::sink_close),
            abort: Algorithm::native(stream.value(), sides::sink_abort),
        },
        strategies.writable_high_water_mark,
        strategies.writable_size,
    )?;
    stream.writable.set(writable.value());
    let readable = readable::create_readable_stream(
        cx,
        web,
        start_promise,
        stream.value(),
        &readable::Source {
            pull: sides::source_pull,
            cancel: sides::source_cancel,
        },
        strategies.readable_high_water_mark,
        strategies.readable_size,
    )?;
    stream.readable.set(readable.value());
    stream.set_backpressure(cx, true)
}

/// [TransformStreamError](https://streams.spec.whatwg.org/#transform-stream-error)
fn error<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    stream: &Stream<J>,
    reason: &J::Value,
) -> Completion<J, ()> {
    let controller = readable_controller(cx, stream)?;
    readable::default_controller::error(cx, web, &controller, reason)?;
    error_writable_and_unblock_write(cx, web, stream, reason)
}

/// [TransformStreamErrorWritableAndUnblockWrite](https://streams.spec.whatwg.org/#transform-stream-error-writable-and-unblock-write)
fn error_writable_and_unblock_write<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    stream: &Stream<J>,
    reason: &J::Value,
) -> Completion<J, ()> {
    controller(cx, stream)?.clear_algorithms();
    let controller = writable_controller(cx, stream)?;
    writable::default_controller::error_if_needed(cx, web, &controller, reason.clone())?;
    stream.unblock_write(cx)
}

fn controller<J: JsHost>(
    cx: &mut J::Scope<'_>,
    stream: &Stream<J>,
) -> Completion<J, Controller<J>> {
    Object::at(cx, &stream.controller)
}

fn readable_controller<J: JsHost>(
    cx: &mut J::Scope<'_>,
    stream: &Stream<J>,
) -> Completion<J, readable::default_controller::ControllerObject<J>> {
    let readable = stream.readable(cx)?;
    Object::at(cx, &Edge::new(readable.controller()))
}

fn writable_controller<J: JsHost>(
    cx: &mut J::Scope<'_>,
    stream: &Stream<J>,
) -> Completion<J, writable::default_controller::Controller<J>> {
    let writable = stream.writable(cx)?;
    writable::controller(cx, &writable)
}
