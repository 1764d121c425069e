//! [`ReadableStream.from`](https://streams.spec.whatwg.org/#rs-from).

use std::rc::Rc;

use sinew_bridge::class::type_error;
use sinew_bridge::{
    Completion, Edge, Intrinsic, JsHost, ObjectClass, PropertyKey, Throw, WellKnownSymbol, trace,
};

use super::{Source, Stream, create_readable_stream};
use crate::closure::Deferred;
use crate::streams::strategy::SizeAlgorithm;
use crate::streams::{Object, hidden, iter_result};
use crate::{Web, webidl};

/// [`ReadableStream.from(asyncIterable)`](https://streams.spec.whatwg.org/#rs-from)
pub(super) fn from_method<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    webidl::required::<J>(cx, args, 1, "ReadableStream.from")?;
    let iterable = J::arg(cx, args, 0);
    Ok(from_iterable(cx, web, &iterable)?.value())
}

/// An [iterator record](https://tc39.es/ecma262/#sec-iterator-records).
struct Record<J: JsHost> {
    iterator: Edge<J>,
    next: Edge<J>,
    /// Whether it is one of a synchronous iterator, to be used as
    /// [CreateAsyncFromSyncIterator](https://tc39.es/ecma262/#sec-createasyncfromsynciterator) has
    /// it.
    sync: bool,
}

trace!(struct Record { iterator, next });

type RecordObject<J> = Object<J, Record<J>>;

/// [ReadableStreamFromIterable](https://streams.spec.whatwg.org/#readable-stream-from-iterable)
fn from_iterable<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    iterable: &J::Value,
) -> Completion<J, Stream<J>> {
    let record = get_iterator::<J>(cx, iterable)?;
    let record = hidden(cx, record)?.value();
    let source = Source { pull, cancel };
    let size = SizeAlgorithm::One;
    create_readable_stream(cx, web, J::undefined(), record, &source, 0.0, size)
}

/// [GetIterator](https://tc39.es/ecma262/#sec-getiterator), async.
fn get_iterator<J: JsHost>(cx: &mut J::Scope<'_>, iterable: &J::Value) -> Completion<J, Record<J>> {
    let symbol = PropertyKey::Symbol(WellKnownSymbol::AsyncIterator);
    let mut method = webidl::method::<J>(cx, iterable, symbol)?;
    let sync = method.is_none();
    if sync {
        let symbol = PropertyKey::Symbol(WellKnownSymbol::Iterator);
        method = webidl::method::<J>(cx, iterable, symbol)?;
    }
    let Some(method) = method else {
        return Err(type_error::<J>(cx, "the argument is not iterable"));
    };
    let iterator = J::call(cx, &method, iterable, &[])?;
    require_object::<J>(cx, &iterator, "the iterator")?;
    let next = J::get(cx, &iterator, "next".into())?;
    Ok(Record {
        iterator: Edge::new(iterator),
        next: Edge::new(next),
        sync,
    })
}

/// The pull algorithm.
fn pull<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    [record]: [J::Value; 1],
    stream: J::Value,
) -> Completion<J> {
    let record: RecordObject<J> = Object::at(cx, &Edge::new(record))?;
    let next = match record.sync {
        true => sync_next(cx, web, &record)?,
        false => iterator_next(cx, &record)?,
    };
    let promise = web.resolved(cx, &next)?;
    web.transform(
        cx,
        &promise,
        [stream],
        |cx, web, [stream], result| {
            let stream: Stream<J> = Object::at(cx, &Edge::new(stream))?;
            require_object::<J>(cx, &result, "the iterator result")?;
            let done = J::get(cx, &result, "done".into())?;
            if J::to_boolean(cx, &done) {
                super::close_source(cx, web, &stream)?;
            } else {
                let value = J::get(cx, &result, "value".into())?;
                super::enqueue(cx, web, &stream, value)?;
            }
            Ok(J::undefined())
        },
        crate::streams::rethrow,
    )
}

/// The cancel algorithm.
fn cancel<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    [record]: [J::Value; 1],
    reason: J::Value,
) -> Completion<J> {
    let record: RecordObject<J> = Object::at(cx, &Edge::new(record))?;
    let iterator = record.iterator.get();
    let Some(method) = webidl::method::<J>(cx, &iterator, "return".into())? else {
        return web.resolved(cx, &J::undefined());
    };
    let result = J::call(cx, &method, &iterator, &[reason])?;
    let result = match record.sync {
        true => {
            require_object::<J>(cx, &result, "the iterator result")?;
            continuation(cx, web, &record, &result, false)?
        }
        false => result,
    };
    let promise = web.resolved(cx, &result)?;
    web.transform(
        cx,
        &promise,
        [],
        |cx, _, [], result| {
            require_object::<J>(cx, &result, "the iterator result")?;
            Ok(J::undefined())
        },
        crate::streams::rethrow,
    )
}

/// [IteratorNext](https://tc39.es/ecma262/#sec-iteratornext)
fn iterator_next<J: JsHost>(cx: &mut J::Scope<'_>, record: &Record<J>) -> Completion<J> {
    let next = record.next.get();
    let iterator = record.iterator.get();
    if !J::is_callable(cx, &next) {
        return Err(type_error::<J>(
            cx,
            "next of the iterator is not a function",
        ));
    }
    let result = J::call(cx, &next, &iterator, &[])?;
    require_object::<J>(cx, &result, "the iterator result")?;
    Ok(result)
}

/// [`next`](https://tc39.es/ecma262/#sec-%asyncfromsynciteratorprototype%.next) of an
/// Async-from-Sync Iterator.
fn sync_next<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    record: &RecordObject<J>,
) -> Completion<J> {
    web.promising(cx, |cx| {
        let result = iterator_next(cx, record)?;
        continuation(cx, web, record, &result, true)
    })
}

/// [AsyncFromSyncIteratorContinuation](https://tc39.es/ecma262/#sec-asyncfromsynciteratorcontinuation)
fn continuation<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    record: &RecordObject<J>,
    result: &J::Value,
    close_iterator: bool,
) -> Completion<J> {
    let done = J::get(cx, result, "done".into())?;
    let done = J::to_boolean(cx, &done);
    let value = J::get(cx, result, "value".into())?;
    let close = !done && close_iterator;
    let promise = match promise_resolve::<J>(cx, &value) {
        Err(Throw::Value(reason)) if close => return close_and_throw(cx, record, reason),
        other => other?,
    };
    web.transform(
        cx,
        &promise,
        [record.value(), J::boolean(done), J::boolean(close)],
        |cx, _, [_, done, _], value| {
            let done = J::to_boolean(cx, &done);
            iter_result::<J>(cx, value, done)
        },
        |cx, _, [record, _, close], reason| {
            if !J::to_boolean(cx, &close) {
                return Err(Throw::Value(reason));
            }
            let record: RecordObject<J> = Object::at(cx, &Edge::new(record))?;
            close_and_throw(cx, &record, reason)
        },
    )
}

/// [IteratorClose](https://tc39.es/ecma262/#sec-iteratorclose) with a throw completion.
fn close_and_throw<J: JsHost>(
    cx: &mut J::Scope<'_>,
    record: &Record<J>,
    reason: J::Value,
) -> Completion<J> {
    let iterator = record.iterator.get();
    let method = webidl::method::<J>(cx, &iterator, "return".into());
    let closed = match method {
        Ok(Some(method)) => J::call(cx, &method, &iterator, &[]).map(drop),
        other => other.map(drop),
    };
    match closed {
        Err(Throw::Terminated) => Err(Throw::Terminated),
        _ => Err(Throw::Value(reason)),
    }
}

/// [PromiseResolve](https://tc39.es/ecma262/#sec-promise-resolve) of `%Promise%`.
fn promise_resolve<J: JsHost>(cx: &mut J::Scope<'_>, value: &J::Value) -> Completion<J> {
    if J::object_class(cx, value) == Some(ObjectClass::Promise) {
        let constructor = J::get(cx, value, "constructor".into())?;
        let promise = J::intrinsic(cx, Intrinsic::Promise);
        if J::same_value(cx, &constructor, &promise) {
            return Ok(value.clone());
        }
    }
    let (deferred, promise) = Deferred::<J>::new(cx)?;
    deferred.resolve(cx, value)?;
    Ok(promise)
}

fn require_object<J: JsHost>(
    cx: &mut J::Scope<'_>,
    value: &J::Value,
    what: &str,
) -> Completion<J, ()> {
    match webidl::is_object::<J>(value) {
        true => Ok(()),
        false => Err(type_error::<J>(cx, &format!("{what} is not an object"))),
    }
}
