//! [Streams](https://streams.spec.whatwg.org/).
//!
//! Each abstract operation of the standard is one function, named after it without the class it is
//! in the file of: `ReadableStreamDefaultControllerCallPullIfNeeded` is
//! `readable::default_controller::call_pull_if_needed`.
//!
//! # For other Rust code
//!
//! An object of the standard is an [`Object`]: its JavaScript value and its state.
//! [`readable::Stream`] is a `ReadableStream`; [`Object::of`] gives it for a value that is one.
//!
//! | to | call |
//! |---|---|
//! | make a stream of Rust code | [`readable::create_readable_stream`], [`readable::create_readable_byte_stream`], with [`readable::Source`]: two steps and a value they close over |
//! | feed it, from those steps or any other time | [`readable::enqueue`], [`readable::enqueue_bytes`], [`readable::close_source`], [`readable::error_source`] |
//! | make one of bytes that are there | [`readable::stream_of_bytes`] |
//! | ask | [`readable::is_disturbed`], [`readable::is_locked`] |
//! | read | [`readable::default_reader::acquire`], [`readable::default_reader::read`] with a [`readable::request::ReadRequest`], [`readable::default_reader::release`] |
//! | read everything | [`readable::collect::read_all_bytes`] |
//! | cancel, tee | [`readable::cancel`], [`readable::tee::tee`] |
//! | pipe | [`pipe::pipe_to`] with [`pipe::PipeOptions`] |
//! | make a writable stream of Rust code | [`writable::create_writable_stream`], with [`writable::default_controller::Algorithms`] |
//! | write | [`writable::default_writer::acquire`], [`writable::default_writer::write`] and `close`, `abort`, `release` beside it |
//! | make a transform stream of Rust code | [`transform::native::create_transform_stream`], with [`transform::native::Transformer`]: two steps that get the stream and a value they close over; for a class that has one inside, [`transform::native::GenericTransformStream`] |
//! | give out what it makes, from those steps | [`transform::native::enqueue`]; [`transform::native::backpressure_change`] is what to wait for before more |
//! | its two sides | `readable` and `writable` of a [`transform::Stream`] |
//!
//! What a stream does by user code or by Rust code alike is an [`algorithm::Algorithm`]; queues
//! with sizes are in `queue.rs`, strategies in `strategy.rs`, views of buffers in `buffer.rs`.

use std::ops::Deref;
use std::rc::Rc;

use sinew_bridge::class::{ClassSpec, plain_object, type_error};
use sinew_bridge::{Completion, Edge, JsHost, Property, Throw, Trace};

use crate::Web;
use crate::globals::Global;

pub(crate) mod algorithm;
pub(crate) mod buffer;
pub(crate) mod pipe;
pub(crate) mod queue;
pub(crate) mod readable;
pub(crate) mod strategy;
#[cfg(test)]
mod tests;
pub(crate) mod transform;
pub(crate) mod writable;

impl<J: JsHost> Web<J> {
    pub(crate) const STREAMS: &'static [Global<J>] = &[
        Global::interface(&Self::READABLE_STREAM),
        Global::interface(&Self::READABLE_STREAM_DEFAULT_READER),
        Global::interface(&Self::READABLE_STREAM_BYOB_READER),
        Global::interface(&Self::READABLE_STREAM_DEFAULT_CONTROLLER),
        Global::interface(&Self::READABLE_BYTE_STREAM_CONTROLLER),
        Global::interface(&Self::READABLE_STREAM_BYOB_REQUEST),
        Global::interface(&Self::BYTE_LENGTH_QUEUING_STRATEGY),
        Global::interface(&Self::COUNT_QUEUING_STRATEGY),
    ];
}

/// An object and its state.
pub(crate) struct Object<J: JsHost, T> {
    value: J::Value,
    shared: Rc<T>,
}

impl<J: JsHost, T> Clone for Object<J, T> {
    fn clone(&self) -> Self {
        Self {
            value: self.value.clone(),
            shared: self.shared.clone(),
        }
    }
}

impl<J: JsHost, T> Deref for Object<J, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.shared
    }
}

impl<J: JsHost, T> Object<J, T> {
    /// The object itself.
    pub(crate) fn value(&self) -> J::Value {
        self.value.clone()
    }
}

impl<J: JsHost, T: Trace<J>> Object<J, T> {
    /// A value that is such an object.
    pub(crate) fn of(cx: &mut J::Scope<'_>, value: J::Value) -> Option<Self> {
        let shared = J::state(cx, &value)?;
        Some(Self { value, shared })
    }

    /// What an edge of another state leads to.
    pub(crate) fn at(cx: &mut J::Scope<'_>, edge: &Edge<J>) -> Completion<J, Self> {
        match Self::of(cx, edge.get()) {
            Some(object) => Ok(object),
            None => Err(type_error::<J>(cx, "the stream is not set up")),
        }
    }

    /// A new object.
    pub(crate) fn create(
        cx: &mut J::Scope<'_>,
        web: &Rc<Web<J>>,
        spec: &ClassSpec<J, Web<J>>,
        state: T,
    ) -> Completion<J, Self> {
        let class = web.class(cx, spec)?;
        Self::with_prototype(cx, &class.prototype, state)
    }

    /// A new object with this prototype.
    pub(crate) fn with_prototype(
        cx: &mut J::Scope<'_>,
        proto: &J::Value,
        state: T,
    ) -> Completion<J, Self> {
        let value = J::create_state_object(cx, proto, state)?;
        match Self::of(cx, value) {
            Some(object) => Ok(object),
            None => Err(type_error::<J>(cx, "the object has no state")),
        }
    }

    /// The `this` of a member of an interface.
    pub(crate) fn this(
        cx: &mut J::Scope<'_>,
        web: &Rc<Web<J>>,
        args: J::Args<'_>,
        spec: &ClassSpec<J, Web<J>>,
    ) -> Completion<J, Self> {
        let shared = web.this(cx, args, spec)?;
        let value = J::this(cx, args);
        Ok(Self { value, shared })
    }
}

/// A state that Rust code needs as a value, as for what a [`Step`](crate::closure::Step) closes
/// over. User code must not see it.
pub(crate) fn hidden<J: JsHost, T: Trace<J>>(
    cx: &mut J::Scope<'_>,
    state: T,
) -> Completion<J, Object<J, T>> {
    Object::with_prototype(cx, &J::null(), state)
}

/// [CreateIterResultObject](https://tc39.es/ecma262/#sec-createiterresultobject), which
/// `ReadableStreamReadResult` looks like too.
pub(crate) fn iter_result<J: JsHost>(
    cx: &mut J::Scope<'_>,
    value: J::Value,
    done: bool,
) -> Completion<J> {
    let result = plain_object::<J>(cx)?;
    J::define_property(cx, &result, "value".into(), Property::data(value))?;
    let done = J::boolean(done);
    J::define_property(cx, &result, "done".into(), Property::data(done))?;
    Ok(result)
}

/// A [`Step`](crate::closure::Step) that returns undefined.
pub(crate) fn ignore<J: JsHost, const N: usize>(
    _: &mut J::Scope<'_>,
    _: &Rc<Web<J>>,
    _: [J::Value; N],
    _: J::Value,
) -> Completion<J> {
    Ok(J::undefined())
}

/// A [`Step`](crate::closure::Step) that throws the reason.
pub(crate) fn rethrow<J: JsHost, const N: usize>(
    _: &mut J::Scope<'_>,
    _: &Rc<Web<J>>,
    _: [J::Value; N],
    reason: J::Value,
) -> Completion<J> {
    Err(Throw::Value(reason))
}
