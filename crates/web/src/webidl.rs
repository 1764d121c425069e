//! [WebIDL conversions](https://webidl.spec.whatwg.org/#js-type-mapping) of arguments.

use sinew_bridge::class::type_error;
use sinew_bridge::convert::to_int32;
use sinew_bridge::{Completion, JsHost, ObjectClass, PropertyKey, ValueType};

use crate::Web;
use crate::builtins::Builtin;

/// [USVString](https://webidl.spec.whatwg.org/#js-USVString). Runs user code.
pub(crate) fn usv_string<J: JsHost>(
    cx: &mut J::Scope<'_>,
    value: &J::Value,
) -> Completion<J, String> {
    let string = match J::type_of(value) {
        ValueType::String => value.clone(),
        _ => J::to_string(cx, value)?,
    };
    Ok(J::as_text(cx, &string).unwrap_or_default())
}

/// [long](https://webidl.spec.whatwg.org/#js-long). Runs user code.
pub(crate) fn long<J: JsHost>(cx: &mut J::Scope<'_>, value: &J::Value) -> Completion<J, i32> {
    Ok(to_int32(J::to_number(cx, value)?))
}

/// [unsigned long](https://webidl.spec.whatwg.org/#js-unsigned-long). Runs user code.
pub(crate) fn unsigned_long<J: JsHost>(
    cx: &mut J::Scope<'_>,
    value: &J::Value,
) -> Completion<J, u32> {
    Ok(long::<J>(cx, value)?.cast_unsigned())
}

/// A [dictionary](https://webidl.spec.whatwg.org/#js-dictionary) argument: the object to read its
/// members from, `None` for an empty one.
pub(crate) fn dictionary<J: JsHost>(
    cx: &mut J::Scope<'_>,
    value: J::Value,
    what: &str,
) -> Completion<J, Option<J::Value>> {
    match J::type_of(&value) {
        ValueType::Undefined | ValueType::Null => Ok(None),
        ValueType::Object | ValueType::Function => Ok(Some(value)),
        _ => Err(type_error::<J>(cx, &format!("{what} is not an object"))),
    }
}

/// A boolean member of a dictionary whose default is false. Runs user code.
pub(crate) fn boolean_member<J: JsHost>(
    cx: &mut J::Scope<'_>,
    dictionary: &Option<J::Value>,
    name: &str,
) -> Completion<J, bool> {
    let Some(object) = dictionary else {
        return Ok(false);
    };
    let value = J::get(cx, object, name.into())?;
    // ToBoolean of undefined is the default.
    Ok(J::to_boolean(cx, &value))
}

/// Whether a value is a `AllowSharedBufferSource`.
pub(crate) fn is_buffer_source<J: JsHost>(cx: &mut J::Scope<'_>, value: &J::Value) -> bool {
    matches!(
        J::object_class(cx, value),
        Some(
            ObjectClass::ArrayBuffer
                | ObjectClass::SharedArrayBuffer
                | ObjectClass::TypedArray
                | ObjectClass::DataView
        )
    )
}

/// Whether a buffer, or the buffer of a view, is a SharedArrayBuffer: only what has
/// [`[AllowShared]`](https://webidl.spec.whatwg.org/#AllowShared) takes it.
pub(crate) fn is_shared<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Web<J>,
    value: &J::Value,
) -> Completion<J, bool> {
    let getter = match J::object_class(cx, value) {
        Some(ObjectClass::SharedArrayBuffer) => return Ok(true),
        Some(ObjectClass::TypedArray) => Builtin::TypedArrayBuffer,
        Some(ObjectClass::DataView) => Builtin::DataViewBuffer,
        _ => return Ok(false),
    };
    let buffer = web.realm(cx)?.builtins.call(cx, getter, value)?;
    let class = buffer.and_then(|buffer| J::object_class(cx, &buffer));
    Ok(class == Some(ObjectClass::SharedArrayBuffer))
}

/// A callback function argument.
pub(crate) fn callback<J: JsHost>(
    cx: &mut J::Scope<'_>,
    value: J::Value,
    what: &str,
) -> Completion<J> {
    if J::is_callable(cx, &value) {
        return Ok(value);
    }
    Err(type_error::<J>(cx, &format!("{what} is not a function")))
}

/// Throws unless at least `count` arguments were passed.
pub(crate) fn required<J: JsHost>(
    cx: &mut J::Scope<'_>,
    args: J::Args<'_>,
    count: usize,
    what: &str,
) -> Completion<J, ()> {
    let given = J::args_len(args);
    if given >= count {
        return Ok(());
    }
    let plural = if count == 1 { "" } else { "s" };
    let message = format!("{what} needs {count} argument{plural}, but got {given}");
    Err(type_error::<J>(cx, &message))
}

/// Whether a value is `undefined`, as an argument or member that was left out is.
pub(crate) fn is_missing<J: JsHost>(value: &J::Value) -> bool {
    matches!(J::type_of(value), ValueType::Undefined)
}

/// Whether a value is an Object.
pub(crate) fn is_object<J: JsHost>(value: &J::Value) -> bool {
    matches!(J::type_of(value), ValueType::Object | ValueType::Function)
}

/// [DOMString](https://webidl.spec.whatwg.org/#js-DOMString), as code units. Runs user code.
pub(crate) fn dom_string<J: JsHost>(
    cx: &mut J::Scope<'_>,
    value: &J::Value,
) -> Completion<J, Vec<u16>> {
    let string = match J::type_of(value) {
        ValueType::String => value.clone(),
        _ => J::to_string(cx, value)?,
    };
    Ok(J::as_utf16(cx, &string).unwrap_or_default())
}

/// [ByteString](https://webidl.spec.whatwg.org/#js-ByteString). Runs user code.
pub(crate) fn byte_string<J: JsHost>(
    cx: &mut J::Scope<'_>,
    value: &J::Value,
) -> Completion<J, Vec<u8>> {
    let units = dom_string::<J>(cx, value)?;
    let bytes: Option<Vec<u8>> = units.iter().map(|&unit| u8::try_from(unit).ok()).collect();
    bytes.ok_or_else(|| type_error::<J>(cx, "the string has a character beyond U+00FF"))
}

/// A [dictionary](https://webidl.spec.whatwg.org/#js-dictionary) member; `None` when it is not
/// there. Runs user code.
pub(crate) fn member<J: JsHost>(
    cx: &mut J::Scope<'_>,
    dictionary: &Option<J::Value>,
    name: &str,
) -> Completion<J, Option<J::Value>> {
    let Some(object) = dictionary else {
        return Ok(None);
    };
    let value = J::get(cx, object, name.into())?;
    Ok((!is_missing::<J>(&value)).then_some(value))
}

/// [unsigned long long](https://webidl.spec.whatwg.org/#js-unsigned-long-long) with
/// `[EnforceRange]`. Runs user code.
pub(crate) fn enforce_range_u64<J: JsHost>(
    cx: &mut J::Scope<'_>,
    value: &J::Value,
    what: &str,
) -> Completion<J, u64> {
    const LARGEST: f64 = 9_007_199_254_740_991.0;
    let number = J::to_number(cx, value)?.trunc();
    if number.is_nan() || !(0.0..=LARGEST).contains(&number) {
        return Err(type_error::<J>(cx, &format!("{what} is out of range")));
    }
    Ok(number as u64)
}

/// A [copy of the bytes](https://webidl.spec.whatwg.org/#dfn-get-buffer-source-copy) of a
/// BufferSource; `None` for any other value.
pub(crate) fn buffer_bytes<J: JsHost>(cx: &mut J::Scope<'_>, value: &J::Value) -> Option<Vec<u8>> {
    J::with_bytes(cx, value, <[u8]>::to_vec)
}

/// A [sequence](https://webidl.spec.whatwg.org/#js-sequence)'s elements, by the iterator that
/// `method` gives. Runs user code.
pub(crate) fn sequence<J: JsHost>(
    cx: &mut J::Scope<'_>,
    iterable: &J::Value,
    method: &J::Value,
) -> Completion<J, Vec<J::Value>> {
    sequence_of::<J, _>(cx, iterable, method, |_, element| Ok(element))
}

/// Like [`sequence`], each element converted before the next is asked for. Runs user code.
pub(crate) fn sequence_of<J: JsHost, T>(
    cx: &mut J::Scope<'_>,
    iterable: &J::Value,
    method: &J::Value,
    mut convert: impl FnMut(&mut J::Scope<'_>, J::Value) -> Completion<J, T>,
) -> Completion<J, Vec<T>> {
    let iterator = J::call(cx, method, iterable, &[])?;
    if !is_object::<J>(&iterator) {
        return Err(type_error::<J>(cx, "the iterator is not an object"));
    }
    let next = J::get(cx, &iterator, "next".into())?;
    let mut elements = Vec::new();
    loop {
        let result = J::call(cx, &next, &iterator, &[])?;
        if !is_object::<J>(&result) {
            return Err(type_error::<J>(cx, "the iterator result is not an object"));
        }
        let done = J::get(cx, &result, "done".into())?;
        if J::to_boolean(cx, &done) {
            return Ok(elements);
        }
        let value = J::get(cx, &result, "value".into())?;
        elements.push(convert(cx, value)?);
    }
}

/// A [record](https://webidl.spec.whatwg.org/#js-record)'s entries, keys and values converted by
/// `convert`. Runs user code.
pub(crate) fn record<J: JsHost, T>(
    cx: &mut J::Scope<'_>,
    object: &J::Value,
    mut convert: impl FnMut(&mut J::Scope<'_>, &J::Value) -> Completion<J, T>,
) -> Completion<J, Vec<(T, T)>> {
    let mut entries = Vec::new();
    for key in J::own_keys(cx, object)? {
        let property = J::get_own_property(cx, object, PropertyKey::Value(&key))?;
        if property.is_some_and(|property| property.enumerable) {
            let name = convert(cx, &key)?;
            let value = J::get(cx, object, PropertyKey::Value(&key))?;
            entries.push((name, convert(cx, &value)?));
        }
    }
    Ok(entries)
}

/// An [enumeration](https://webidl.spec.whatwg.org/#js-enumeration) value. Runs user code.
pub(crate) fn enumeration<J: JsHost>(
    cx: &mut J::Scope<'_>,
    value: &J::Value,
    values: &[&'static str],
    what: &str,
) -> Completion<J, &'static str> {
    let text = usv_string::<J>(cx, value)?;
    match values.iter().find(|value| **value == text) {
        Some(value) => Ok(value),
        None => {
            let message = format!("{what} is none of {}", values.join(", "));
            Err(type_error::<J>(cx, &message))
        }
    }
}

/// [long long](https://webidl.spec.whatwg.org/#js-long-long) with `[Clamp]`. Runs user code.
pub(crate) fn clamped_i64<J: JsHost>(
    cx: &mut J::Scope<'_>,
    value: &J::Value,
) -> Completion<J, i64> {
    // A cast saturates, and makes NaN 0.
    Ok(J::to_number(cx, value)?.round_ties_even() as i64)
}

/// [long long](https://webidl.spec.whatwg.org/#js-long-long). Runs user code.
pub(crate) fn long_long<J: JsHost>(cx: &mut J::Scope<'_>, value: &J::Value) -> Completion<J, i64> {
    let number = J::to_number(cx, value)?.trunc();
    if !number.is_finite() {
        return Ok(0);
    }
    // Modulo 2^64, as two's complement.
    let modulo = number.rem_euclid(18_446_744_073_709_551_616.0);
    Ok((modulo as u64).cast_signed())
}

/// The String whose code units are these bytes:
/// [isomorphic decode](https://infra.spec.whatwg.org/#isomorphic-decode).
pub(crate) fn isomorphic<J: JsHost>(cx: &mut J::Scope<'_>, bytes: &[u8]) -> Completion<J> {
    match std::str::from_utf8(bytes) {
        Ok(text) if text.is_ascii() => J::string(cx, text),
        _ => {
            let units: Vec<u16> = bytes.iter().map(|byte| u16::from(*byte)).collect();
            J::string_utf16(cx, &units)
        }
    }
}

/// [GetMethod](https://tc39.es/ecma262/#sec-getmethod): `None` for undefined and null. Runs user
/// code.
pub(crate) fn method<J: JsHost>(
    cx: &mut J::Scope<'_>,
    object: &J::Value,
    key: PropertyKey<'_, J>,
) -> Completion<J, Option<J::Value>> {
    let method = J::get(cx, object, key)?;
    match J::type_of(&method) {
        ValueType::Undefined | ValueType::Null => Ok(None),
        _ if J::is_callable(cx, &method) => Ok(Some(method)),
        _ => Err(type_error::<J>(cx, "the method is not a function")),
    }
}
