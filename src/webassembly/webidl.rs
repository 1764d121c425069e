//! [WebIDL](https://webidl.spec.whatwg.org/) conversions that the API's arguments go through.

use sinew_bridge::{
    AddressType, Completion, JsHost, PropertyKey, Throw, ValType, ValueType, class,
};

use crate::webassembly::iterate;
use crate::webassembly::value::to_value_type;

/// [ConvertToInt](https://webidl.spec.whatwg.org/#abstract-opdef-converttoint) with
/// `[EnforceRange]` for an unsigned integer of `bits` bits. Runs user code.
pub(crate) fn enforce_range<J: JsHost>(
    cx: &mut J::Scope<'_>,
    value: &J::Value,
    max: u64,
    what: &str,
) -> Completion<J, u64> {
    let number = J::to_number(cx, value)?;
    let integer = number.trunc();
    if !number.is_finite() || integer < 0.0 || integer > max as f64 {
        let message = format!("{what} must be an integer from 0 to {max}");
        return Err(class::type_error::<J>(cx, &message));
    }
    Ok(integer as u64)
}

/// [AddressValueToU64](https://webassembly.github.io/spec/js-api/#addressvaluetou64). Runs user
/// code.
pub(crate) fn address_to_u64<J: JsHost>(
    cx: &mut J::Scope<'_>,
    value: &J::Value,
    address: AddressType,
    what: &str,
) -> Completion<J, u64> {
    match address {
        // 1. If addrtype is i32: v converted to [EnforceRange] unsigned long.
        AddressType::I32 => enforce_range::<J>(cx, value, u64::from(u32::MAX), what),
        // 2. If addrtype is i64: ? ToBigInt(v), a TypeError below 0 or above 2^64 - 1.
        AddressType::I64 => {
            let bigint = J::to_bigint(cx, value)?;
            let number = J::to_bigint64(cx, &bigint)?.cast_unsigned();
            let exact = J::bigint_u64(cx, number);
            if !J::same_value(cx, &bigint, &exact) {
                let message = format!("{what} must be a BigInt from 0n to {}n", u64::MAX);
                return Err(class::type_error::<J>(cx, &message));
            }
            Ok(number)
        }
    }
}

/// [U64ToAddressValue](https://webassembly.github.io/spec/js-api/#u64toaddressvalue)
pub(crate) fn u64_to_address<J: JsHost>(
    cx: &mut J::Scope<'_>,
    value: u64,
    address: AddressType,
) -> J::Value {
    match address {
        AddressType::I32 => J::number(value as f64),
        AddressType::I64 => J::bigint_u64(cx, value),
    }
}

/// The TypeError of a call of `what` with fewer arguments than it requires.
#[cold]
pub(crate) fn too_few<J: JsHost>(
    cx: &mut J::Scope<'_>,
    args: J::Args<'_>,
    required: usize,
    what: &str,
) -> Throw<J::Value> {
    let given = J::args_len(args);
    let message = format!("{what}: {required} arguments required, but only {given} given");
    class::type_error::<J>(cx, &message)
}

/// A required argument, the last of them.
pub(crate) fn required<J: JsHost>(
    cx: &mut J::Scope<'_>,
    args: J::Args<'_>,
    index: usize,
    what: &str,
) -> Completion<J> {
    match J::args_len(args) > index {
        true => Ok(J::arg(cx, args, index)),
        false => Err(too_few::<J>(cx, args, index + 1, what)),
    }
}

/// Refuses what is no object: it cannot be a dictionary with required members, or a sequence.
pub(crate) fn dictionary<J: JsHost>(
    cx: &mut J::Scope<'_>,
    value: &J::Value,
    what: &str,
) -> Completion<J, ()> {
    match J::type_of(value) {
        ValueType::Object | ValueType::Function => Ok(()),
        _ => {
            let message = format!("{what} must be an object");
            Err(class::type_error::<J>(cx, &message))
        }
    }
}

/// Whether a dictionary without required members has members to be read: it may be undefined or
/// null.
pub(crate) fn optional_dictionary<J: JsHost>(
    cx: &mut J::Scope<'_>,
    value: &J::Value,
    what: &str,
) -> Completion<J, bool> {
    match J::type_of(value) {
        ValueType::Undefined | ValueType::Null => Ok(false),
        _ => dictionary::<J>(cx, value, what).map(|()| true),
    }
}

/// A [sequence](https://webidl.spec.whatwg.org/#js-sequence), whose elements `convert` converts
/// one by one. Runs user code.
pub(crate) fn sequence<J: JsHost, T>(
    cx: &mut J::Scope<'_>,
    value: &J::Value,
    mut convert: impl FnMut(&mut J::Scope<'_>, J::Value) -> Completion<J, T>,
) -> Completion<J, Vec<T>> {
    dictionary::<J>(cx, value, "a sequence")?;
    let mut elements = Vec::new();
    iterate::for_each::<J>(cx, value, |cx, element| {
        elements.push(convert(cx, element)?);
        Ok(())
    })?;
    Ok(elements)
}

/// A `sequence<ValueType>`. Runs user code.
pub(crate) fn value_types<J: JsHost>(
    cx: &mut J::Scope<'_>,
    value: &J::Value,
) -> Completion<J, Vec<ValType>> {
    sequence::<J, _>(cx, value, |cx, element| value_type::<J>(cx, &element))
}

/// A [ValueType](https://webassembly.github.io/spec/js-api/#enumdef-valuetype). Runs user code.
pub(crate) fn value_type<J: JsHost>(
    cx: &mut J::Scope<'_>,
    value: &J::Value,
) -> Completion<J, ValType> {
    let name = to_text::<J>(cx, value)?;
    to_value_type(&name).ok_or_else(|| {
        let message = format!("{name:?} is no value type");
        class::type_error::<J>(cx, &message)
    })
}

/// A dictionary member, `None` when it is undefined. Runs user code.
pub(crate) fn member<J: JsHost>(
    cx: &mut J::Scope<'_>,
    dictionary: &J::Value,
    name: &str,
) -> Completion<J, Option<J::Value>> {
    let value = J::get(cx, dictionary, PropertyKey::Name(name))?;
    Ok(match J::type_of(&value) {
        ValueType::Undefined => None,
        _ => Some(value),
    })
}

/// ToString of `value`, as text. Runs user code.
pub(crate) fn to_text<J: JsHost>(cx: &mut J::Scope<'_>, value: &J::Value) -> Completion<J, String> {
    let string = J::to_string(cx, value)?;
    Ok(J::as_text(cx, &string).unwrap_or_default())
}

/// The `address` member of a descriptor:
/// [AddressType](https://webassembly.github.io/spec/js-api/#enumdef-addresstype). Runs user code.
pub(crate) fn address_type<J: JsHost>(
    cx: &mut J::Scope<'_>,
    descriptor: &J::Value,
) -> Completion<J, AddressType> {
    let Some(value) = member::<J>(cx, descriptor, "address")? else {
        return Ok(AddressType::I32);
    };
    match to_text::<J>(cx, &value)?.as_str() {
        "i32" => Ok(AddressType::I32),
        "i64" => Ok(AddressType::I64),
        other => {
            let message = format!("{other:?} is no address type; it is \"i32\" or \"i64\"");
            Err(class::type_error::<J>(cx, &message))
        }
    }
}

/// Limits of a descriptor: `initial` and `maximum`, or `minimum` for the former. Runs user code.
pub(crate) fn limits<J: JsHost>(
    cx: &mut J::Scope<'_>,
    descriptor: &J::Value,
    address: AddressType,
) -> Completion<J, (Option<u64>, Option<u64>)> {
    let mut read = |name: &str| match member::<J>(cx, descriptor, name)? {
        Some(value) => address_to_u64::<J>(cx, &value, address, name).map(Some),
        None => Ok(None),
    };
    let initial = read("initial")?;
    let maximum = read("maximum")?;
    let minimum = read("minimum")?;
    if initial.is_some() && minimum.is_some() {
        return Err(class::type_error::<J>(
            cx,
            "a descriptor has either initial or minimum, not both",
        ));
    }
    Ok((initial.or(minimum), maximum))
}
