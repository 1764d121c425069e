//! Values and the conversions between them.

use std::ops::Range;

use boa_engine::property::PropertyKey as BoaKey;
use boa_engine::{Context, JsBigInt, JsResult, JsString, JsSymbol, JsValue, JsVariant};
use sinew_bridge::{Completion, ErrorClass, PropertyKey, ValueType, WellKnownSymbol};

use crate::Boa;
use crate::error::throw;
use crate::scope::Scope;

/// Code units of the longest String that [`concat`] makes, as in V8.
const MAX_STRING_LEN: usize = (1 << 29) - 24;

pub(crate) fn type_of(value: &JsValue) -> ValueType {
    match value.variant() {
        JsVariant::Undefined => ValueType::Undefined,
        JsVariant::Null => ValueType::Null,
        JsVariant::Boolean(_) => ValueType::Boolean,
        JsVariant::Integer32(_) | JsVariant::Float64(_) => ValueType::Number,
        JsVariant::BigInt(_) => ValueType::BigInt,
        JsVariant::String(_) => ValueType::String,
        JsVariant::Symbol(_) => ValueType::Symbol,
        JsVariant::Object(object) if object.is_callable() => ValueType::Function,
        JsVariant::Object(_) => ValueType::Object,
    }
}

/// ToInt32 of a Number within the range of i32, which is where it only truncates.
#[inline]
pub(crate) fn to_int32(value: &JsValue) -> Option<i32> {
    if let Some(int) = value.as_i32() {
        return Some(int);
    }
    let number = value.as_number()?;
    let truncates = number > -2_147_483_649.0 && number < 2_147_483_648.0;
    truncates.then_some(number as i32)
}

/// ToBigInt64 of a BigInt that fits 64 bits, signed or not.
#[inline]
pub(crate) fn to_bigint64(value: &JsValue) -> Option<i64> {
    let wide = value.as_bigint()?.to_i128();
    let fits = (i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(&wide);
    // Keeping the low 64 bits is the modulo that ToBigInt64 prescribes.
    fits.then_some(wide as i64)
}

pub(crate) fn bigint(value: impl Into<JsBigInt>) -> JsValue {
    JsValue::from(value.into())
}

pub(crate) fn as_utf16(value: &JsValue) -> Option<Vec<u16>> {
    value.as_string().map(|text| text.to_vec())
}

pub(crate) fn as_text(value: &JsValue) -> Option<String> {
    value.as_string().map(|text| text.to_std_string_lossy())
}

/// Shares the characters of `value`, and keeps all of them.
pub(crate) fn substring(value: &JsValue, range: Range<usize>) -> JsValue {
    let text = value.as_string().unwrap_or_default();
    text.slice(range.start, range.end).into()
}

/// Boa has no limit of its own: it panics, or the process ends for want of memory.
pub(crate) fn concat(cx: &mut Scope<'_>, a: &JsValue, b: &JsValue) -> Completion<Boa> {
    let (a, b) = (
        a.as_string().unwrap_or_default(),
        b.as_string().unwrap_or_default(),
    );
    if a.len().saturating_add(b.len()) > MAX_STRING_LEN {
        let class = ErrorClass::RangeError;
        return Err(throw(cx, class, "string is too long"));
    }
    Ok(JsString::concat(a.as_str(), b.as_str()).into())
}

/// Addresses of objects are even and above any count of symbols; symbols get odd numbers.
pub(crate) fn identity(value: &JsValue) -> Option<usize> {
    if let Some(object) = value.as_object() {
        return Some(crate::object::address(&object));
    }
    let symbol = value.as_symbol()?;
    Some((symbol.hash() as usize) << 1 | 1)
}

/// A property key. Only a value that is neither String nor Symbol could run user code.
pub(crate) fn property_key(key: PropertyKey<'_, Boa>, context: &mut Context) -> JsResult<BoaKey> {
    Ok(match key {
        PropertyKey::Name(name) => JsString::from(name).into(),
        PropertyKey::Index(index) => index.into(),
        PropertyKey::Symbol(symbol) => well_known_symbol(symbol).into(),
        PropertyKey::Value(value) => value.to_property_key(context)?,
    })
}

fn well_known_symbol(symbol: WellKnownSymbol) -> JsSymbol {
    match symbol {
        WellKnownSymbol::Iterator => JsSymbol::iterator(),
        WellKnownSymbol::AsyncIterator => JsSymbol::async_iterator(),
        WellKnownSymbol::ToStringTag => JsSymbol::to_string_tag(),
        WellKnownSymbol::HasInstance => JsSymbol::has_instance(),
    }
}
