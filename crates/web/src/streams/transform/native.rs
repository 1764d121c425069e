//! Transform streams [set up](https://streams.spec.whatwg.org/#transformstream-set-up) by Rust code,
//! and the objects that [wrap](https://streams.spec.whatwg.org/#other-specs-ts-wrapping) them.

use std::rc::Rc;

use sinew_bridge::class::ClassSpec;
use sinew_bridge::{Completion, Edge, JsHost, Trace, trace};

use super::default_controller::{self, Algorithms};
use super::{Strategies, Stream, TransformStream};
use crate::Web;
use crate::closure::Step;
use crate::streams::algorithm::Algorithm;
use crate::streams::{Object, hidden};

/// The steps of a transform stream of Rust code. Each closes over the stream and the value that it
/// was created with. It is over when it returns, or when the promise that it returns is fulfilled;
/// what it throws errors the stream.
pub(crate) struct Transformer<J: JsHost> {
    /// The transform algorithm; it gets a chunk, and [enqueues](enqueue) what comes of it.
    pub transform: Step<J, 2>,
    /// The flush algorithm, at the end of the input.
    pub flush: Step<J, 2>,
}

/// A transformer and what its steps close over.
struct NativeTransformer<J: JsHost> {
    stream: Edge<J>,
    closed_over: Edge<J>,
    steps: &'static Transformer<J>,
}

trace!(struct NativeTransformer { stream, closed_over });

/// [Sets up](https://streams.spec.whatwg.org/#transformstream-set-up) a new stream, whose steps close
/// over `value`.
pub(crate) fn create_transform_stream<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    value: J::Value,
    steps: &'static Transformer<J>,
) -> Completion<J, Stream<J>> {
    let stream = Stream::create(cx, web, &Web::TRANSFORM_STREAM, TransformStream::new())?;
    let started = web.resolved(cx, &J::undefined())?;
    super::initialize(cx, web, &stream, started, Strategies::default())?;
    let transformer = NativeTransformer {
        stream: Edge::new(stream.value()),
        closed_over: Edge::new(value),
        steps,
    };
    let transformer = hidden(cx, transformer)?.value();
    let algorithms = Algorithms {
        transform: Some(Algorithm::native(
            transformer.clone(),
            |cx, web, [this], chunk| perform(cx, web, this, |steps| steps.transform, chunk),
        )),
        flush: Algorithm::native(transformer, |cx, web, [this], nothing| {
            perform(cx, web, this, |steps| steps.flush, nothing)
        }),
        cancel: Algorithm::Nothing,
    };
    default_controller::set_up(cx, web, &stream, algorithms)?;
    Ok(stream)
}

/// Performs a step of a transformer: a promise that is resolved with what it returns.
fn perform<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    transformer: J::Value,
    step: impl FnOnce(&Transformer<J>) -> Step<J, 2>,
    argument: J::Value,
) -> Completion<J> {
    let transformer = Object::<J, NativeTransformer<J>>::at(cx, &Edge::new(transformer))?;
    let values = [transformer.stream.get(), transformer.closed_over.get()];
    let result = step(transformer.steps)(cx, web, values, argument)?;
    match J::promise_state(cx, &result) {
        Some(_) => Ok(result),
        None => web.resolved(cx, &J::undefined()),
    }
}

/// [Enqueues](https://streams.spec.whatwg.org/#transformstream-enqueue) a chunk into the readable side
/// of the stream with this value.
pub(crate) fn enqueue<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    stream: J::Value,
    chunk: J::Value,
) -> Completion<J, ()> {
    let stream = Stream::at(cx, &Edge::new(stream))?;
    let controller = super::controller(cx, &stream)?;
    default_controller::enqueue(cx, web, &controller, chunk)
}

/// The state of an object of an interface with the mixin
/// [`GenericTransformStream`](https://streams.spec.whatwg.org/#generictransformstream).
pub(crate) trait GenericTransformStream<J: JsHost>: Trace<J> + Sized {
    /// The interface.
    const SPEC: &'static ClassSpec<J, Web<J>>;

    /// The edge to its [transform](https://streams.spec.whatwg.org/#generictransformstream-transform).
    fn transform(&self) -> &Edge<J>;

    /// Gives a new object its transform, whose steps close over it.
    fn wrap(
        cx: &mut J::Scope<'_>,
        web: &Rc<Web<J>>,
        proto: &J::Value,
        state: Self,
        steps: &'static Transformer<J>,
    ) -> Completion<J> {
        let object = Object::with_prototype(cx, proto, state)?;
        let stream = create_transform_stream(cx, web, object.value(), steps)?;
        object.transform().set(stream.value());
        Ok(object.value())
    }
}

/// [`readable`](https://streams.spec.whatwg.org/#dom-generictransformstream-readable)
pub(crate) fn readable<J: JsHost, T: GenericTransformStream<J>>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let this = web.this::<T>(cx, args, T::SPEC)?;
    let stream = Stream::<J>::at(cx, this.transform())?;
    Ok(stream.readable.get())
}

/// [`writable`](https://streams.spec.whatwg.org/#dom-generictransformstream-writable)
pub(crate) fn writable<J: JsHost, T: GenericTransformStream<J>>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let this = web.this::<T>(cx, args, T::SPEC)?;
    let stream = Stream::<J>::at(cx, this.transform())?;
    Ok(stream.writable.get())
}

/// A promise to wait for before more is enqueued, unless the readable side of the stream with this
/// value wants more already.
///
/// A transform step may wait for it, whose output is much larger than its input. A flush step must
/// not: nobody settles it when the readable side is cancelled then.
pub(crate) fn backpressure_change<J: JsHost>(
    cx: &mut J::Scope<'_>,
    stream: &J::Value,
) -> Completion<J, Option<J::Value>> {
    let stream = Stream::<J>::at(cx, &Edge::new(stream.clone()))?;
    Ok(match stream.backpressure.get() {
        true => Some(stream.backpressure_change()),
        false => None,
    })
}
