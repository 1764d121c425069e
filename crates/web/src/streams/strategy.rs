//! [Queuing strategies](https://streams.spec.whatwg.org/#qs-api).

use std::cell::RefCell;
use std::marker::PhantomData;
use std::rc::Rc;

use sinew_bridge::class::{ClassSpec, create_function, throw, type_error};
use sinew_bridge::{Completion, Edge, ErrorClass, JsHost, trace};

use super::algorithm::callback_member;
use crate::globals::readonly;
use crate::{Web, webidl};

impl<J: JsHost> Web<J> {
    pub(crate) const BYTE_LENGTH_QUEUING_STRATEGY: ClassSpec<J, Self> = ClassSpec {
        name: "ByteLengthQueuingStrategy",
        display: "ByteLengthQueuingStrategy",
        length: 1,
        constructor: new_byte_length,
        accessors: &[
            readonly("highWaterMark", byte_length_high_water_mark),
            readonly("size", byte_length_size),
        ],
        ..ClassSpec::BASE
    };

    pub(crate) const COUNT_QUEUING_STRATEGY: ClassSpec<J, Self> = ClassSpec {
        name: "CountQueuingStrategy",
        display: "CountQueuingStrategy",
        length: 1,
        constructor: new_count,
        accessors: &[
            readonly("highWaterMark", count_high_water_mark),
            readonly("size", count_size),
        ],
        ..ClassSpec::BASE
    };
}

/// A [`QueuingStrategy`](https://streams.spec.whatwg.org/#dictdef-queuingstrategy)
pub(crate) struct Strategy<J: JsHost> {
    high_water_mark: Option<f64>,
    size: Option<J::Value>,
}

impl<J: JsHost> Strategy<J> {
    /// Converts an argument. Runs user code.
    pub(crate) fn convert(cx: &mut J::Scope<'_>, value: J::Value) -> Completion<J, Self> {
        let dictionary = webidl::dictionary::<J>(cx, value, "the queuing strategy")?;
        let high_water_mark = match webidl::member::<J>(cx, &dictionary, "highWaterMark")? {
            Some(value) => Some(J::to_number(cx, &value)?),
            None => None,
        };
        let size = callback_member::<J>(cx, &dictionary, "size")?;
        Ok(Self {
            high_water_mark,
            size,
        })
    }

    pub(crate) fn has_size(&self) -> bool {
        self.size.is_some()
    }

    /// [ExtractHighWaterMark](https://streams.spec.whatwg.org/#validate-and-normalize-high-water-mark)
    pub(crate) fn extract_high_water_mark(
        &self,
        cx: &mut J::Scope<'_>,
        default: f64,
    ) -> Completion<J, f64> {
        let Some(mark) = self.high_water_mark else {
            return Ok(default);
        };
        if mark.is_nan() || mark < 0.0 {
            let message = "highWaterMark must be a non-negative number";
            return Err(throw::<J>(cx, ErrorClass::RangeError, message));
        }
        Ok(mark)
    }

    /// [ExtractSizeAlgorithm](https://streams.spec.whatwg.org/#make-size-algorithm-from-size-function)
    pub(crate) fn extract_size_algorithm(self) -> SizeAlgorithm<J> {
        match self.size {
            Some(function) => SizeAlgorithm::Call(Edge::new(function)),
            None => SizeAlgorithm::One,
        }
    }
}

/// The size algorithm of a controller.
#[derive(Default)]
pub(crate) enum SizeAlgorithm<J: JsHost> {
    /// Each chunk has size 1. A controller whose algorithms are cleared has this too.
    #[default]
    One,
    /// What a callback function returns.
    Call(Edge<J>),
}

trace!(
    enum SizeAlgorithm {
        Call(function),
    }
);

impl<J: JsHost> SizeAlgorithm<J> {
    /// The size of a chunk, by the algorithm in `slot`. Runs user code.
    pub(crate) fn perform(
        cx: &mut J::Scope<'_>,
        slot: &RefCell<Self>,
        chunk: &J::Value,
    ) -> Completion<J, f64> {
        let function = match &*slot.borrow() {
            Self::One => return Ok(1.0),
            Self::Call(function) => function.get(),
        };
        let chunk = std::slice::from_ref(chunk);
        let size = J::call(cx, &function, &J::undefined(), chunk)?;
        J::to_number(cx, &size)
    }
}

/// `[[highWaterMark]]` of a ByteLengthQueuingStrategy.
struct ByteLength<J: JsHost>(f64, PhantomData<J>);

/// `[[highWaterMark]]` of a CountQueuingStrategy.
struct Count<J: JsHost>(f64, PhantomData<J>);

trace!(
    struct ByteLength {}
);
trace!(
    struct Count {}
);

/// [`new ByteLengthQueuingStrategy(init)`](https://streams.spec.whatwg.org/#blqs-constructor)
fn new_byte_length<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let mark = init::<J>(cx, args, "ByteLengthQueuingStrategy")?;
    let state = ByteLength(mark, PhantomData);
    web.construct(cx, args, &Web::BYTE_LENGTH_QUEUING_STRATEGY, state)
}

/// [`new CountQueuingStrategy(init)`](https://streams.spec.whatwg.org/#cqs-constructor)
fn new_count<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let mark = init::<J>(cx, args, "CountQueuingStrategy")?;
    let state = Count(mark, PhantomData);
    web.construct(cx, args, &Web::COUNT_QUEUING_STRATEGY, state)
}

/// Converts a [`QueuingStrategyInit`](https://streams.spec.whatwg.org/#dictdef-queuingstrategyinit).
fn init<J: JsHost>(cx: &mut J::Scope<'_>, args: J::Args<'_>, what: &str) -> Completion<J, f64> {
    webidl::required::<J>(cx, args, 1, what)?;
    let init = J::arg(cx, args, 0);
    let init = webidl::dictionary::<J>(cx, init, "the init of a queuing strategy")?;
    match webidl::member::<J>(cx, &init, "highWaterMark")? {
        Some(mark) => J::to_number(cx, &mark),
        None => Err(type_error::<J>(cx, "highWaterMark is missing")),
    }
}

/// [`highWaterMark`](https://streams.spec.whatwg.org/#blqs-high-water-mark)
fn byte_length_high_water_mark<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let this = web.this::<ByteLength<J>>(cx, args, &Web::BYTE_LENGTH_QUEUING_STRATEGY)?;
    Ok(J::number(this.0))
}

/// [`highWaterMark`](https://streams.spec.whatwg.org/#cqs-high-water-mark)
fn count_high_water_mark<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let this = web.this::<Count<J>>(cx, args, &Web::COUNT_QUEUING_STRATEGY)?;
    Ok(J::number(this.0))
}

/// [`size`](https://streams.spec.whatwg.org/#blqs-size), of which a realm has one function.
fn byte_length_size<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    web.this::<ByteLength<J>>(cx, args, &Web::BYTE_LENGTH_QUEUING_STRATEGY)?;
    web.object(cx, "ByteLengthQueuingStrategy.size", |cx, web| {
        create_function::<J, _>(cx, web, "size", 1, |cx, _, args| {
            let chunk = J::arg(cx, args, 0);
            J::get(cx, &chunk, "byteLength".into())
        })
    })
}

/// [`size`](https://streams.spec.whatwg.org/#cqs-size), of which a realm has one function.
fn count_size<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    web.this::<Count<J>>(cx, args, &Web::COUNT_QUEUING_STRATEGY)?;
    web.object(cx, "CountQueuingStrategy.size", |cx, web| {
        create_function::<J, _>(cx, web, "size", 0, |_, _, _| Ok(J::number_i32(1)))
    })
}
