//! [WebIDL conversions](https://webidl.spec.whatwg.org/#js-type-mapping) of arguments.

use sinew_bridge::class::type_error;
use sinew_bridge::convert::to_int32;
use sinew_bridge::{Completion, JsHost, ObjectClass, ValueType};

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
