//! [Asynchronous iteration](https://streams.spec.whatwg.org/#rs-asynciterator) of a stream.

use std::cell::{Cell, RefCell};
use std::marker::PhantomData;
use std::rc::Rc;

use sinew_bridge::class::{Class, Method, create_function, define_methods, type_error};
use sinew_bridge::{
    Completion, Edge, JsHost, Property, PropertyKey, PropertyKind, WellKnownSymbol, trace,
};

use super::Stream;
use super::default_reader::{self, Reader};
use super::generic_reader;
use super::request::{ReadRequest, ReadSteps};
use crate::closure::Deferred;
use crate::streams::{Object, hidden, iter_result, rethrow};
use crate::{Web, webidl};

/// A [default asynchronous iterator object](https://webidl.spec.whatwg.org/#default-asynchronous-iterator-object).
struct AsyncIterator<J: JsHost> {
    reader: Edge<J>,
    prevent_cancel: bool,
    /// The ongoing promise; undefined when there is none.
    ongoing: Edge<J>,
    finished: Cell<bool>,
}

trace!(struct AsyncIterator { reader, ongoing });

type Iterator<J> = Object<J, AsyncIterator<J>>;

/// [End of iteration](https://webidl.spec.whatwg.org/#end-of-iteration)
struct End<J: JsHost>(PhantomData<J>);

trace!(
    struct End {}
);

/// Defines [`values` and `@@asyncIterator`](https://webidl.spec.whatwg.org/#define-the-asynchronous-iteration-methods).
pub(super) fn define<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    class: &Class<J>,
) -> Completion<J, ()> {
    let values = create_function(cx, web, "values", 0, values)?;
    let symbol = PropertyKey::Symbol(WellKnownSymbol::AsyncIterator);
    let hidden = Property::hidden(values.clone());
    J::define_property(
        cx,
        &class.prototype,
        "values".into(),
        Property::data(values),
    )?;
    J::define_property(cx, &class.prototype, symbol, hidden)
}

/// The [asynchronous iterator prototype object](https://webidl.spec.whatwg.org/#js-asynchronous-iterator-prototype-object).
fn prototype<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>) -> Completion<J> {
    web.object(cx, "ReadableStream.AsyncIterator", |cx, web| {
        let parent = async_iterator_prototype::<J>(cx)?;
        let prototype = J::create_object(cx, &parent)?;
        let methods = &[
            Method {
                name: "next",
                length: 0,
                body: next,
            },
            Method {
                name: "return",
                length: 1,
                body: return_method,
            },
        ];
        define_methods::<J, _>(cx, web, &prototype, methods)?;
        let tag = J::string(cx, "ReadableStream AsyncIterator")?;
        let symbol = PropertyKey::Symbol(WellKnownSymbol::ToStringTag);
        J::define_property(cx, &prototype, symbol, Property::readonly(tag))?;
        Ok(prototype)
    })
}

/// [`%AsyncIteratorPrototype%`](https://tc39.es/ecma262/#sec-asynciteratorprototype), which only
/// syntax leads to.
fn async_iterator_prototype<J: JsHost>(cx: &mut J::Scope<'_>) -> Completion<J> {
    let generator = J::eval_script(cx, "streams", "(async function* () {})")?;
    let property = J::get_own_property(cx, &generator, "prototype".into())?;
    let Some(PropertyKind::Data { value, .. }) = property.map(|property| property.kind) else {
        return Err(type_error::<J>(cx, "the engine has no async generators"));
    };
    let generators = J::get_prototype(cx, &value)?;
    J::get_prototype(cx, &generators)
}

/// [`values(options)`](https://webidl.spec.whatwg.org/#js-asynchronous-iterable) and the
/// [initialization steps](https://streams.spec.whatwg.org/#rs-get-iterator).
fn values<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    let stream: Stream<J> = Object::this(cx, web, args, &Web::READABLE_STREAM)?;
    let options = J::arg(cx, args, 0);
    let options = webidl::dictionary::<J>(cx, options, "the options of values")?;
    let prevent_cancel = webidl::boolean_member::<J>(cx, &options, "preventCancel")?;

    let reader = default_reader::acquire(cx, web, &stream)?;
    let iterator = AsyncIterator {
        reader: Edge::new(reader.value()),
        prevent_cancel,
        ongoing: Edge::default(),
        finished: Cell::new(false),
    };
    let prototype = prototype(cx, web)?;
    J::create_state_object(cx, &prototype, iterator)
}

fn this<J: JsHost>(cx: &mut J::Scope<'_>, args: J::Args<'_>) -> Completion<J, Iterator<J>> {
    let this = J::this(cx, args);
    let iterator = Object::of(cx, this);
    iterator.ok_or_else(|| type_error::<J>(cx, "receiver is not a ReadableStream AsyncIterator"))
}

/// [`next()`](https://webidl.spec.whatwg.org/#js-asynchronous-iterator-prototype-object)
fn next<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    web.promising(cx, |cx| {
        let iterator = this::<J>(cx, args)?;
        let ongoing = iterator.ongoing.get();
        let values = [iterator.value()];
        let promise = match webidl::is_object::<J>(&ongoing) {
            true => web.transform(cx, &ongoing, values, next_steps, next_steps)?,
            false => next_steps(cx, web, values, J::undefined())?,
        };
        iterator.ongoing.set(promise.clone());
        Ok(promise)
    })
}

/// The `nextSteps` of `next`.
fn next_steps<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    [iterator]: [J::Value; 1],
    _: J::Value,
) -> Completion<J> {
    let iterator: Iterator<J> = Object::at(cx, &Edge::new(iterator))?;
    if iterator.finished.get() {
        let end = iter_result::<J>(cx, J::undefined(), true)?;
        return web.resolved(cx, &end);
    }
    let promise = get_the_next_iteration_result(cx, web, &iterator)?;
    web.transform(
        cx,
        &promise,
        [iterator.value()],
        |cx, _, [iterator], next| {
            let iterator: Iterator<J> = Object::at(cx, &Edge::new(iterator))?;
            iterator.ongoing.take();
            if J::state::<End<J>>(cx, &next).is_some() {
                iterator.finished.set(true);
                return iter_result::<J>(cx, J::undefined(), true);
            }
            iter_result::<J>(cx, next, false)
        },
        |cx, web, [iterator], reason| {
            let finished: Iterator<J> = Object::at(cx, &Edge::new(iterator))?;
            finished.ongoing.take();
            finished.finished.set(true);
            rethrow(cx, web, [], reason)
        },
    )
}

/// What the read request of an iteration closes over.
struct Next<J: JsHost> {
    reader: Edge<J>,
    promise: RefCell<Deferred<J>>,
}

trace!(struct Next { reader, promise });

/// [Get the next iteration result](https://streams.spec.whatwg.org/#ref-for-dfn-get-the-next-iteration-result)
fn get_the_next_iteration_result<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    iterator: &Iterator<J>,
) -> Completion<J> {
    let reader: Reader<J> = Object::at(cx, &iterator.reader)?;
    let (deferred, promise) = Deferred::<J>::new(cx)?;
    let next = Next {
        reader: Edge::new(reader.value()),
        promise: RefCell::new(deferred),
    };
    let next = hidden(cx, next)?;
    let steps = &ReadSteps {
        chunk: |cx, _, [next], chunk| {
            let next: Object<J, Next<J>> = Object::at(cx, &Edge::new(next))?;
            next.deferred().resolve(cx, &chunk)?;
            Ok(J::undefined())
        },
        close: |cx, web, [next], _| {
            let next: Object<J, Next<J>> = Object::at(cx, &Edge::new(next))?;
            next.release(cx, web)?;
            let end = hidden(cx, End::<J>(PhantomData))?;
            next.deferred().resolve(cx, &end.value())?;
            Ok(J::undefined())
        },
        error: |cx, web, [next], reason| {
            let next: Object<J, Next<J>> = Object::at(cx, &Edge::new(next))?;
            next.release(cx, web)?;
            next.deferred().reject(cx, &reason)?;
            Ok(J::undefined())
        },
    };
    let request = ReadRequest::native(next.value(), steps);
    default_reader::read(cx, web, &reader, request)?;
    Ok(promise)
}

impl<J: JsHost> Next<J> {
    fn deferred(&self) -> Deferred<J> {
        self.promise.borrow().duplicate()
    }

    fn release(&self, cx: &mut J::Scope<'_>, web: &Rc<Web<J>>) -> Completion<J, ()> {
        let reader = Object::at(cx, &self.reader)?;
        default_reader::release(cx, web, &reader)
    }
}

/// [`return(value)`](https://webidl.spec.whatwg.org/#js-asynchronous-iterator-prototype-object)
fn return_method<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    web.promising(cx, |cx| {
        let iterator = this::<J>(cx, args)?;
        let value = J::arg(cx, args, 0);
        let ongoing = iterator.ongoing.get();
        let values = [iterator.value(), value.clone()];
        let promise = match webidl::is_object::<J>(&ongoing) {
            true => web.transform(cx, &ongoing, values, return_steps, return_steps)?,
            false => return_steps(cx, web, values, J::undefined())?,
        };
        iterator.ongoing.set(promise.clone());
        let fulfilled = |cx: &mut J::Scope<'_>, _: &Rc<Web<J>>, [value]: [J::Value; 1], _| {
            iter_result::<J>(cx, value, true)
        };
        web.transform(cx, &promise, [value], fulfilled, rethrow)
    })
}

/// The `returnSteps` of `return`.
fn return_steps<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    [iterator, value]: [J::Value; 2],
    _: J::Value,
) -> Completion<J> {
    let iterator: Iterator<J> = Object::at(cx, &Edge::new(iterator))?;
    if iterator.finished.replace(true) {
        let end = iter_result::<J>(cx, value, true)?;
        return web.resolved(cx, &end);
    }
    asynchronous_iterator_return(cx, web, &iterator, value)
}

/// [Asynchronous iterator return](https://streams.spec.whatwg.org/#ref-for-asynchronous-iterator-return)
fn asynchronous_iterator_return<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    iterator: &Iterator<J>,
    value: J::Value,
) -> Completion<J> {
    let reader: Reader<J> = Object::at(cx, &iterator.reader)?;
    let result = match iterator.prevent_cancel {
        false => generic_reader::cancel(cx, web, &reader.generic, value)?,
        true => web.resolved(cx, &J::undefined())?,
    };
    default_reader::release(cx, web, &reader)?;
    Ok(result)
}
