//! [`TransformStream`](https://streams.spec.whatwg.org/#ts-class).

use std::rc::Rc;

use sinew_bridge::class::{ClassSpec, throw, type_error};
use sinew_bridge::{Completion, ErrorClass, JsHost};

use super::default_controller::{self, Algorithms};
use super::{Strategies, Stream, TransformStream};
use crate::closure::Deferred;
use crate::globals::{Global, readonly};
use crate::streams::algorithm::{Algorithm, Start, callback_member};
use crate::streams::strategy::Strategy;
use crate::{Web, webidl};

impl<J: JsHost> Web<J> {
    pub(crate) const TRANSFORM_STREAMS: &'static [Global<J>] = &[
        Global::interface(&Self::TRANSFORM_STREAM),
        Global::interface(&Self::TRANSFORM_STREAM_DEFAULT_CONTROLLER),
    ];

    pub(crate) const TRANSFORM_STREAM: ClassSpec<J, Self> = ClassSpec {
        name: "TransformStream",
        display: "TransformStream",
        constructor,
        accessors: &[
            readonly("readable", readable),
            readonly("writable", writable),
        ],
        ..ClassSpec::BASE
    };
}

/// [`new TransformStream(transformer, writableStrategy, readableStrategy)`](https://streams.spec.whatwg.org/#ts-constructor)
fn constructor<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let transformer = J::arg(cx, args, 0);
    if !webidl::is_missing::<J>(&transformer) && !webidl::is_object::<J>(&transformer) {
        return Err(type_error::<J>(cx, "the transformer is not an object"));
    }
    let writable_strategy = J::arg(cx, args, 1);
    let writable_strategy = Strategy::<J>::convert(cx, writable_strategy)?;
    let readable_strategy = J::arg(cx, args, 2);
    let readable_strategy = Strategy::<J>::convert(cx, readable_strategy)?;
    let proto = web.prototype(cx, args, &Web::TRANSFORM_STREAM)?;

    let (start, algorithms) = convert_transformer::<J>(cx, transformer)?;
    let strategies = Strategies {
        readable_high_water_mark: readable_strategy.extract_high_water_mark(cx, 0.0)?,
        readable_size: readable_strategy.extract_size_algorithm(),
        writable_high_water_mark: writable_strategy.extract_high_water_mark(cx, 1.0)?,
        writable_size: writable_strategy.extract_size_algorithm(),
    };
    let (start_promise, promise) = Deferred::<J>::new(cx)?;
    let stream = Stream::with_prototype(cx, &proto, TransformStream::new())?;
    super::initialize(cx, web, &stream, promise, strategies)?;
    let controller = default_controller::set_up(cx, web, &stream, algorithms)?;
    let result = start.perform(cx, &controller.value())?;
    start_promise.resolve(cx, &result)?;
    Ok(stream.value())
}

/// Converts a [`Transformer`](https://streams.spec.whatwg.org/#dictdef-transformer). Runs user code.
fn convert_transformer<J: JsHost>(
    cx: &mut J::Scope<'_>,
    transformer: J::Value,
) -> Completion<J, (Start<J>, Algorithms<J>)> {
    let this = transformer.clone();
    let dictionary = webidl::dictionary::<J>(cx, transformer, "the transformer")?;
    let cancel = callback_member::<J>(cx, &dictionary, "cancel")?;
    let flush = callback_member::<J>(cx, &dictionary, "flush")?;
    let readable_type = webidl::member::<J>(cx, &dictionary, "readableType")?;
    let start = callback_member::<J>(cx, &dictionary, "start")?;
    let transform = callback_member::<J>(cx, &dictionary, "transform")?;
    let writable_type = webidl::member::<J>(cx, &dictionary, "writableType")?;
    for (name, member) in [
        ("readableType", readable_type),
        ("writableType", writable_type),
    ] {
        if member.is_some() {
            let message = format!("a transformer has no {name}");
            return Err(throw::<J>(cx, ErrorClass::RangeError, &message));
        }
    }
    let algorithms = Algorithms {
        transform: transform.map(|transform| Algorithm::member(Some(transform), &this)),
        flush: Algorithm::member(flush, &this),
        cancel: Algorithm::member(cancel, &this),
    };
    Ok((Start::member(start, &this), algorithms))
}

/// [`readable`](https://streams.spec.whatwg.org/#ts-readable)
fn readable<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let stream = web.this::<TransformStream<J>>(cx, args, &Web::TRANSFORM_STREAM)?;
    Ok(stream.readable.get())
}

/// [`writable`](https://streams.spec.whatwg.org/#ts-writable)
fn writable<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let stream = web.this::<TransformStream<J>>(cx, args, &Web::TRANSFORM_STREAM)?;
    Ok(stream.writable.get())
}
