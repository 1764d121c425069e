//! Numbers across the bridge.
//!
//! The [scalar](crate::ValType::is_scalar) cases of the JavaScript Interface's
//! [ToWebAssemblyValue](https://webassembly.github.io/spec/js-api/#towebassemblyvalue) and
//! [ToJSValue](https://webassembly.github.io/spec/js-api/#tojsvalue). References are the agent's.

use std::cell::Cell;

use crate::{Completion, JsHost, ValType, WasmEngine};

/// [ToInt32](https://tc39.es/ecma262/#sec-toint32) of a Number.
#[inline]
pub fn to_int32(number: f64) -> i32 {
    let fast = number as i32;
    if f64::from(fast) == number {
        return fast;
    }
    modular(number)
}

/// The integral part of `number` modulo 2^32, as the signed number of those bits.
#[cold]
fn modular(number: f64) -> i32 {
    const TWO_32: f64 = 4_294_967_296.0;
    if !number.is_finite() {
        return 0;
    }
    // The remainder is exact, and below 2^32 in magnitude.
    (number.trunc() % TWO_32) as i64 as i32
}

/// ToWebAssemblyValue of argument `index` for a scalar type: by its tag where that suffices, else
/// with the user code that the conversion runs.
///
/// Each type writes the slot by itself: a raw value that passes through an `Option` or a `Result`
/// is copied whole from where a part of it has just been stored, which stalls.
///
/// # Panics
/// If `ty` is not scalar.
#[inline(always)]
pub fn arg_to_raw<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    args: J::Args<'_>,
    index: usize,
    ty: &ValType,
    slot: &Cell<W::Raw>,
) -> Completion<J, ()> {
    match *ty {
        ValType::I32 => {
            if let Some(value) = J::arg_i32(args, index) {
                slot.set(W::raw_i32(value));
                return Ok(());
            }
        }
        ValType::I64 => {
            if let Some(value) = J::arg_i64(args, index) {
                slot.set(W::raw_i64(value));
                return Ok(());
            }
        }
        ValType::F32 => {
            if let Some(value) = J::arg_f64(args, index) {
                slot.set(W::raw_f32((value as f32).to_bits()));
                return Ok(());
            }
        }
        ValType::F64 => {
            if let Some(value) = J::arg_f64(args, index) {
                slot.set(W::raw_f64(value.to_bits()));
                return Ok(());
            }
        }
        ValType::V128 | ValType::Ref(_) => {}
    }
    arg_to_raw_slow::<J, W>(cx, args, index, ty, slot)
}

#[inline(never)]
fn arg_to_raw_slow<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    args: J::Args<'_>,
    index: usize,
    ty: &ValType,
    slot: &Cell<W::Raw>,
) -> Completion<J, ()> {
    let value = J::arg(cx, args, index);
    slot.set(to_raw::<J, W>(cx, &value, *ty)?);
    Ok(())
}

/// [ToWebAssemblyValue](https://webassembly.github.io/spec/js-api/#towebassemblyvalue) of a value
/// for a scalar type. Runs user code.
///
/// # Panics
/// If `ty` is not scalar.
pub fn to_raw<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    value: &J::Value,
    ty: ValType,
) -> Completion<J, W::Raw> {
    Ok(match ty {
        // 2. If type is i64: ToBigInt64(v).
        ValType::I64 => W::raw_i64(J::to_bigint64(cx, value)?),
        // 3. If type is i32: ToInt32(v).
        ValType::I32 => W::raw_i32(to_int32(J::to_number(cx, value)?)),
        // 4. If type is f32: the Number rounded to the nearest f32, ties to even.
        ValType::F32 => W::raw_f32((J::to_number(cx, value)? as f32).to_bits()),
        // 5. If type is f64: ToNumber(v).
        ValType::F64 => W::raw_f64(J::to_number(cx, value)?.to_bits()),
        ValType::V128 | ValType::Ref(_) => not_scalar(ty),
    })
}

#[cold]
fn not_scalar(ty: ValType) -> ! {
    unreachable!("{ty} is not scalar")
}

/// A scalar on its way to JavaScript: a Number or a BigInt.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// A Number that is an i32.
    I32(i32),
    /// A BigInt.
    I64(i64),
    /// A Number.
    F64(f64),
}

impl Number {
    /// The number as a value.
    #[inline(always)]
    pub fn to_js<J: JsHost>(self, cx: &mut J::Scope<'_>) -> J::Value {
        match self {
            Number::I32(value) => J::number_i32(value),
            Number::I64(value) => J::bigint_i64(cx, value),
            Number::F64(value) => J::number(value),
        }
    }
}

/// [ToJSValue](https://webassembly.github.io/spec/js-api/#tojsvalue) of a scalar.
///
/// # Panics
/// If `ty` is not scalar.
#[inline(always)]
pub fn raw_to_number<W: WasmEngine>(slot: &Cell<W::Raw>, ty: &ValType) -> Number {
    // Each type reads as much of the slot as was written.
    match *ty {
        ValType::I32 => Number::I32(W::raw_get_i32(&slot.get())),
        ValType::I64 => Number::I64(W::raw_get_i64(&slot.get())),
        ValType::F32 => Number::F64(f64::from(f32::from_bits(W::raw_get_f32(&slot.get())))),
        ValType::F64 => Number::F64(f64::from_bits(W::raw_get_f64(&slot.get()))),
        ValType::V128 | ValType::Ref(_) => not_scalar(*ty),
    }
}

#[cfg(test)]
mod tests {
    use super::to_int32;

    #[test]
    fn to_int32_is_modular() {
        let cases = [
            (0.0, 0),
            (-0.0, 0),
            (0.9, 0),
            (-0.9, 0),
            (1.9, 1),
            (-1.5, -1),
            (-1.9, -1),
            (2147483647.0, i32::MAX),
            (2147483648.0, i32::MIN),
            (-2147483648.0, i32::MIN),
            (-2147483649.0, i32::MAX),
            (4294967295.0, -1),
            (4294967296.0, 0),
            (4294967297.0, 1),
            (4294967297.9, 1),
            (-4294967297.0, -1),
            (9007199254740994.0, 2),
            (9223372036854775808.0, 0),
            (2f64.powi(83) + 2f64.powi(31), i32::MIN),
            (f64::MIN_POSITIVE, 0),
            (4294967297.5, 1),
            (-4294967297.5, -1),
            (9007199254740993.0, 0),
            (9007199254740991.0, -1),
            (-9007199254740991.0, 1),
            (1e300, 0),
            (f64::NAN, 0),
            (f64::INFINITY, 0),
            (f64::NEG_INFINITY, 0),
            (5e-324, 0),
            (2f64.powi(53) + 2.0, 2),
            (2f64.powi(84) - 2f64.powi(31), i32::MIN),
        ];
        for (number, expected) in cases {
            assert_eq!(to_int32(number), expected, "{number}");
        }
    }

    #[test]
    fn to_int32_agrees_with_exact_arithmetic() {
        let mut state = 0x9E37_79B9_7F4A_7C15_u64;
        for _ in 0..200_000 {
            state = state.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(1);
            let number = (state as i64 as f64) / f64::from(1u32 << (state % 31));
            let exact = (number.trunc() as i128).rem_euclid(1 << 32) as u32 as i32;
            assert_eq!(to_int32(number), exact, "{number}");
        }
    }
}
