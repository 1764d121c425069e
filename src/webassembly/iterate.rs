//! [Iteration](https://tc39.es/ecma262/#sec-operations-on-iterator-objects), from the abstract
//! operations of the seam.

use sinew_bridge::{
    Completion, ErrorClass, JsHost, PropertyKey, Throw, ValueType, WellKnownSymbol, class,
};

/// How many values an iterable may yield here: several results, or type descriptors, are few.
const LIMIT: usize = 1 << 20;

/// [IteratorToList](https://tc39.es/ecma262/#sec-iteratortolist) of the iterator of `iterable`; a
/// TypeError when there is none. Runs user code.
pub(crate) fn iterable_to_list<J: JsHost>(
    cx: &mut J::Scope<'_>,
    iterable: &J::Value,
) -> Completion<J, Vec<J::Value>> {
    let mut values = Vec::new();
    for_each::<J>(cx, iterable, |_, value| {
        values.push(value);
        Ok(())
    })?;
    Ok(values)
}

/// Runs `f` on each value that `iterable` yields, as
/// [WebIDL](https://webidl.spec.whatwg.org/#create-sequence-from-iterable) makes a sequence: what
/// `f` throws leaves the iterator as it is. Runs user code.
pub(crate) fn for_each<J: JsHost>(
    cx: &mut J::Scope<'_>,
    iterable: &J::Value,
    mut f: impl FnMut(&mut J::Scope<'_>, J::Value) -> Completion<J, ()>,
) -> Completion<J, ()> {
    let key = PropertyKey::Symbol(WellKnownSymbol::Iterator);
    let method = match J::type_of(iterable) {
        ValueType::Undefined | ValueType::Null => J::undefined(),
        _ => J::get(cx, iterable, key)?,
    };
    if !J::is_callable(cx, &method) {
        return Err(class::type_error::<J>(cx, "the value is not iterable"));
    }
    let iterator = J::call(cx, &method, iterable, &[])?;
    require_object::<J>(cx, &iterator, "the iterator is not an object")?;
    let next = J::get(cx, &iterator, "next".into())?;
    if !J::is_callable(cx, &next) {
        return Err(class::type_error::<J>(
            cx,
            "the iterator has no next method",
        ));
    }
    for _ in 0..LIMIT {
        let result = J::call(cx, &next, &iterator, &[])?;
        require_object::<J>(cx, &result, "the iterator's result is not an object")?;
        let done = J::get(cx, &result, "done".into())?;
        if J::to_boolean(cx, &done) {
            return Ok(());
        }
        let value = J::get(cx, &result, "value".into())?;
        f(cx, value)?;
    }
    Err(too_many::<J>(cx))
}

fn require_object<J: JsHost>(
    cx: &mut J::Scope<'_>,
    value: &J::Value,
    message: &str,
) -> Completion<J, ()> {
    match J::type_of(value) {
        ValueType::Object | ValueType::Function => Ok(()),
        _ => Err(class::type_error::<J>(cx, message)),
    }
}

#[cold]
fn too_many<J: JsHost>(cx: &mut J::Scope<'_>) -> Throw<J::Value> {
    let message = format!("the iterable yields more than {LIMIT} values");
    class::throw::<J>(cx, ErrorClass::RangeError, &message)
}
