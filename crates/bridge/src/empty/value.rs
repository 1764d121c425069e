//! JavaScript values.

use std::rc::Rc;

use super::object::Object;
use crate::{ValueType, WellKnownSymbol};

/// A [language value](https://tc39.es/ecma262/#sec-ecmascript-language-types).
#[derive(Clone)]
#[allow(missing_docs, reason = "the names are ECMA-262's")]
pub enum Value {
    Undefined,
    Null,
    Boolean(bool),
    Number(f64),
    /// Of 128 bits at most.
    BigInt(i128),
    String(Rc<[u16]>),
    /// There are no symbols but the well-known.
    Symbol(WellKnownSymbol),
    Object(Rc<Object>),
}

/// The arguments of a native call.
#[derive(Clone, Copy)]
pub struct Arguments<'a> {
    pub(super) this: &'a Value,
    pub(super) values: &'a [Value],
    pub(super) new_target: Option<&'a Value>,
}

impl Arguments<'_> {
    pub(super) fn get(&self, index: usize) -> &Value {
        self.values.get(index).unwrap_or(&Value::Undefined)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::String(text.encode_utf16().collect())
    }
}

impl Value {
    pub(super) fn object(&self) -> Option<&Rc<Object>> {
        match self {
            Value::Object(object) => Some(object),
            _ => None,
        }
    }

    pub(super) fn type_of(&self) -> ValueType {
        match self {
            Value::Undefined => ValueType::Undefined,
            Value::Null => ValueType::Null,
            Value::Boolean(_) => ValueType::Boolean,
            Value::Number(_) => ValueType::Number,
            Value::BigInt(_) => ValueType::BigInt,
            Value::String(_) => ValueType::String,
            Value::Symbol(_) => ValueType::Symbol,
            Value::Object(object) if object.function().is_some() => ValueType::Function,
            Value::Object(_) => ValueType::Object,
        }
    }

    pub(super) fn is_callable(&self) -> bool {
        self.type_of() == ValueType::Function
    }

    pub(super) fn same(&self, other: &Value) -> bool {
        match (self, other) {
            (Value::Undefined, Value::Undefined) | (Value::Null, Value::Null) => true,
            (Value::Boolean(a), Value::Boolean(b)) => a == b,
            (Value::Number(a), Value::Number(b)) => {
                a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan()
            }
            (Value::BigInt(a), Value::BigInt(b)) => a == b,
            (Value::String(a), Value::String(b)) => a == b,
            (Value::Symbol(a), Value::Symbol(b)) => a == b,
            (Value::Object(a), Value::Object(b)) => Rc::ptr_eq(a, b),
            _ => false,
        }
    }

    pub(super) fn identity(&self) -> Option<usize> {
        match self {
            Value::Object(object) => Some(Rc::as_ptr(object).addr()),
            // Below any address.
            Value::Symbol(symbol) => Some(*symbol as usize),
            _ => None,
        }
    }

    /// The code units of a String.
    pub(super) fn units(&self) -> Option<&[u16]> {
        match self {
            Value::String(units) => Some(units),
            _ => None,
        }
    }

    pub(super) fn text(&self) -> Option<String> {
        self.units().map(String::from_utf16_lossy)
    }

    pub(super) fn to_boolean(&self) -> bool {
        match self {
            Value::Undefined | Value::Null => false,
            Value::Boolean(value) => *value,
            Value::Number(value) => *value != 0.0 && !value.is_nan(),
            Value::BigInt(value) => *value != 0,
            Value::String(units) => !units.is_empty(),
            Value::Symbol(_) | Value::Object(_) => true,
        }
    }

    /// ToNumber of what is no object; `None` where it throws.
    pub(super) fn primitive_number(&self) -> Option<f64> {
        match self {
            Value::Undefined => Some(f64::NAN),
            Value::Null => Some(0.0),
            Value::Boolean(value) => Some(f64::from(*value)),
            Value::Number(value) => Some(*value),
            Value::String(units) => Some(string_to_number(&String::from_utf16_lossy(units))),
            Value::BigInt(_) | Value::Symbol(_) | Value::Object(_) => None,
        }
    }

    /// ToString of what is no object; `None` where it throws.
    pub(super) fn primitive_string(&self) -> Option<Value> {
        Some(match self {
            Value::Undefined => "undefined".into(),
            Value::Null => "null".into(),
            Value::Boolean(value) => value.to_string().as_str().into(),
            Value::Number(value) => number_to_string(*value).as_str().into(),
            Value::BigInt(value) => value.to_string().as_str().into(),
            Value::String(_) => self.clone(),
            Value::Symbol(_) | Value::Object(_) => return None,
        })
    }
}

/// The digits of `0x10` and the like, with their radix.
fn radix(text: &str) -> Option<(&str, u32)> {
    let digits = text.get(2..)?;
    let radix = match &text[..2] {
        "0x" | "0X" => 16,
        "0o" | "0O" => 8,
        "0b" | "0B" => 2,
        _ => return None,
    };
    let all = !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
    all.then_some((digits, radix))
}

/// White space and line terminators, as
/// [TrimString](https://tc39.es/ecma262/#sec-trimstring) has them.
fn trim(text: &str) -> &str {
    text.trim_matches(|c: char| c == '\u{FEFF}' || c.is_whitespace() && c != '\u{85}')
}

/// [StringToNumber](https://tc39.es/ecma262/#sec-stringtonumber)
fn string_to_number(text: &str) -> f64 {
    let text = trim(text);
    if let Some((digits, radix)) = radix(text) {
        let digits = digits.chars().filter_map(|c| c.to_digit(radix));
        return digits.fold(0.0, |sum, digit| sum * f64::from(radix) + f64::from(digit));
    }
    match text {
        "" => 0.0,
        "Infinity" | "+Infinity" => f64::INFINITY,
        "-Infinity" => f64::NEG_INFINITY,
        // Rust has names for infinity and NaN that are none here.
        _ if text.contains(|c: char| c.is_alphabetic() && !"eE".contains(c)) => f64::NAN,
        _ => text.parse().unwrap_or(f64::NAN),
    }
}

/// [StringToBigInt](https://tc39.es/ecma262/#sec-stringtobigint) modulo 2^128, and whether that is
/// all of it.
pub(super) fn string_to_bigint(text: &str) -> Option<(i128, bool)> {
    let text = trim(text);
    let (negative, digits, radix) = match radix(text) {
        Some((digits, radix)) => (false, digits, radix),
        None => {
            let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
            (text.starts_with('-'), digits, 10)
        }
    };
    // A sign alone is no number, the empty string is 0.
    if digits.is_empty() && !text.is_empty() {
        return None;
    }
    let (mut sum, mut whole) = (0_i128, true);
    for c in digits.chars() {
        let digit = i128::from(c.to_digit(radix)?);
        let (product, beyond) = sum.overflowing_mul(radix.into());
        let (next, beyond_too) = product.overflowing_add(digit);
        sum = next;
        whole &= !beyond && !beyond_too;
    }
    Some((if negative { sum.wrapping_neg() } else { sum }, whole))
}

/// [Number::toString](https://tc39.es/ecma262/#sec-numeric-types-number-tostring), decimal.
fn number_to_string(number: f64) -> String {
    let magnitude = number.abs();
    if number.is_nan() {
        "NaN".into()
    } else if number.is_infinite() {
        if number > 0.0 {
            "Infinity"
        } else {
            "-Infinity"
        }
        .into()
    } else if number == 0.0 {
        "0".into()
    } else if (1e-6..1e21).contains(&magnitude) {
        number.to_string()
    } else {
        let text = format!("{number:e}");
        if magnitude < 1.0 {
            text
        } else {
            text.replace('e', "e+")
        }
    }
}
