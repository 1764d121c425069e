//! [String builtins](https://webassembly.github.io/spec/js-api/#builtins-js-string): strings of
//! JavaScript as wasm handles them, by code units.

use std::cmp::Ordering;
use std::rc::Rc;

use sinew_bridge::binary::{ExactType, ExactTypes};
use sinew_bridge::{Completion, HostFunc, HostTrap, JsHost, Val, ValueType, WasmEngine};

use crate::store::Store;
use crate::webassembly::{error, value};

/// The name of the set.
pub(crate) const JS_STRING: &str = "js-string";

/// A builtin function: what of it does not depend on the engines.
pub(crate) struct Builtin {
    name: &'static str,
    /// Its type, for messages.
    pub(crate) signature: &'static str,
    params: &'static [ExactType],
    results: &'static [ExactType],
    steps: Steps,
}

/// Which steps a builtin has.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Steps {
    Cast,
    Test,
    FromCharCodeArray,
    IntoCharCodeArray,
    FromCharCode,
    FromCodePoint,
    CharCodeAt,
    CodePointAt,
    Length,
    Concat,
    Substring,
    Equals,
    Compare,
}

use ExactType::{Extern, ExternRef, I16Array, I32};

macro_rules! builtins {
    ($($name:literal $steps:ident [$($param:ident)*] [$($result:ident)*] $signature:literal,)*) => {
        const BUILTINS: &[Builtin] = &[$(Builtin {
            name: $name,
            signature: concat!("a function of type ", $signature),
            params: &[$($param),*],
            results: &[$($result),*],
            steps: Steps::$steps,
        },)*];
    };
}

builtins! {
    "cast" Cast [ExternRef] [Extern] "(externref) -> ((ref extern))",
    "test" Test [ExternRef] [I32] "(externref) -> (i32)",
    "fromCharCodeArray" FromCharCodeArray [I16Array I32 I32] [Extern]
        "((ref null (array (mut i16))), i32, i32) -> ((ref extern))",
    "intoCharCodeArray" IntoCharCodeArray [ExternRef I16Array I32] [I32]
        "(externref, (ref null (array (mut i16))), i32) -> (i32)",
    "fromCharCode" FromCharCode [I32] [Extern] "(i32) -> ((ref extern))",
    "fromCodePoint" FromCodePoint [I32] [ExternRef] "(i32) -> (externref)",
    "charCodeAt" CharCodeAt [ExternRef I32] [I32] "(externref, i32) -> (i32)",
    "codePointAt" CodePointAt [ExternRef I32] [I32] "(externref, i32) -> (i32)",
    "length" Length [ExternRef] [I32] "(externref) -> (i32)",
    "concat" Concat [ExternRef ExternRef] [Extern] "(externref, externref) -> ((ref extern))",
    "substring" Substring [ExternRef I32 I32] [Extern] "(externref, i32, i32) -> ((ref extern))",
    "equals" Equals [ExternRef ExternRef] [I32] "(externref, externref) -> (i32)",
    "compare" Compare [ExternRef ExternRef] [I32] "(externref, externref) -> (i32)",
}

/// The builtin of this name.
pub(crate) fn find(name: &str) -> Option<&'static Builtin> {
    BUILTINS.iter().find(|builtin| builtin.name == name)
}

impl Builtin {
    /// Whether import `at` of a module has this builtin's type.
    pub(crate) fn matches(&self, types: &ExactTypes, at: usize) -> bool {
        types.is_func(at, self.params, self.results)
            // The text says externref; the proposal's tests and every engine say (ref extern).
            || (self.steps == Steps::FromCodePoint && types.is_func(at, self.params, &[Extern]))
    }

    /// The function of a store.
    pub(crate) fn function<J: JsHost, W: WasmEngine>(
        &self,
        store: &Rc<Store<J, W>>,
    ) -> BuiltinFunction<J, W> {
        BuiltinFunction {
            store: store.clone(),
            steps: self.steps,
        }
    }
}

/// A builtin as a host function: what the wasm store owns of it.
pub(crate) struct BuiltinFunction<J: JsHost, W: WasmEngine> {
    store: Rc<Store<J, W>>,
    steps: Steps,
}

impl<J: JsHost, W: WasmEngine> HostFunc<W> for BuiltinFunction<J, W> {
    type Data = Self;

    /// Never called: each builtin has a reference in its signature.
    fn invoke(_: &mut W::StoreMut<'_>, _: &Self, _: &mut [W::Raw]) -> Result<(), HostTrap> {
        Err(HostTrap::Completion)
    }

    fn call(
        wasm: &mut W::StoreMut<'_>,
        function: &Self,
        params: &[Val<W>],
        results: &mut [Val<W>],
    ) -> Result<(), HostTrap> {
        let store = &function.store;
        // What a builtin throws is as if a trap was executed: wasm cannot catch it.
        store.leave_trapping(wasm, |cx| {
            results[0] = run(cx, store, function.steps, params)?;
            Ok(())
        })
    }
}

fn run<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    store: &Rc<Store<J, W>>,
    steps: Steps,
    params: &[Val<W>],
) -> Completion<J, Val<W>> {
    let cx = &mut *cx;
    match (steps, params) {
        (Steps::Cast, [v]) => {
            unwrap_string(cx, store, v)?;
            Ok(v.clone())
        }
        (Steps::Test, [v]) => {
            let v = value::to_js(cx, store, v)?;
            Ok(boolean(J::type_of(&v) == ValueType::String))
        }
        (Steps::FromCharCodeArray, [array, Val::I32(start), Val::I32(end)]) => {
            from_char_code_array(cx, store, array, *start, *end)
        }
        (Steps::IntoCharCodeArray, [string, array, Val::I32(start)]) => {
            into_char_code_array(cx, store, string, array, *start)
        }
        (Steps::FromCharCode, [Val::I32(v)]) => {
            let string = J::string_utf16(cx, &[*v as u16])?;
            reference(cx, store, &string)
        }
        (Steps::FromCodePoint, [Val::I32(v)]) => from_code_point(cx, store, *v),
        (Steps::CharCodeAt, [string, Val::I32(index)]) => {
            let string = unwrap_string(cx, store, string)?;
            match J::string_at(cx, &string, unsigned(*index)) {
                Some(unit) => Ok(Val::I32(i32::from(unit))),
                None => Err(trap(cx, store, "the index is beyond the end of the string")),
            }
        }
        (Steps::CodePointAt, [string, Val::I32(index)]) => code_point_at(cx, store, string, *index),
        (Steps::Length, [string]) => {
            let string = unwrap_string(cx, store, string)?;
            let length = J::string_len(cx, &string).unwrap_or(0);
            Ok(Val::I32(length as i32))
        }
        (Steps::Concat, [first, second]) => {
            let first = unwrap_string(cx, store, first)?;
            let second = unwrap_string(cx, store, second)?;
            let string = J::string_concat(cx, &first, &second)?;
            reference(cx, store, &string)
        }
        (Steps::Substring, [string, Val::I32(start), Val::I32(end)]) => {
            substring(cx, store, string, *start, *end)
        }
        (Steps::Equals, [first, second]) => {
            let first = string_or_null(cx, store, first)?;
            let second = string_or_null(cx, store, second)?;
            Ok(boolean(J::same_value(cx, &first, &second)))
        }
        (Steps::Compare, [first, second]) => {
            let first = unwrap_string(cx, store, first)?;
            let second = unwrap_string(cx, store, second)?;
            Ok(Val::I32(match J::string_compare(cx, &first, &second) {
                Ordering::Less => -1,
                Ordering::Equal => 0,
                Ordering::Greater => 1,
            }))
        }
        // The types were checked when the module was compiled.
        _ => Err(trap(cx, store, "the arguments are of other types")),
    }
}

/// [fromCharCodeArray](https://webassembly.github.io/spec/js-api/#js-string-fromCharCodeArray)
fn from_char_code_array<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    store: &Rc<Store<J, W>>,
    array: &Val<W>,
    start: i32,
    end: i32,
) -> Completion<J, Val<W>> {
    // 1. If array is null, trap.
    let Val::Any(Some(array)) = array else {
        return Err(trap(cx, store, "the array is null"));
    };
    // 2. to 3. If start > end or end > length, trap.
    let range = start.cast_unsigned()..end.cast_unsigned();
    let units = match range.start <= range.end {
        true => store.access(cx, |wasm| W::array_read_u16(wasm, array, range))?,
        false => None,
    };
    // 4. to 6. The string of these code units.
    match units {
        Some(units) => {
            let string = J::string_utf16(cx, &units)?;
            reference(cx, store, &string)
        }
        None => Err(trap(cx, store, "the range is beyond the end of the array")),
    }
}

/// [intoCharCodeArray](https://webassembly.github.io/spec/js-api/#js-string-intoCharCodeArray)
fn into_char_code_array<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    store: &Rc<Store<J, W>>,
    string: &Val<W>,
    array: &Val<W>,
    start: i32,
) -> Completion<J, Val<W>> {
    // 1. If array is null, trap.
    let Val::Any(Some(array)) = array else {
        return Err(trap(cx, store, "the array is null"));
    };
    // 2. Let string be ? UnwrapString(string).
    let string = unwrap_string(cx, store, string)?;
    let units = J::as_utf16(cx, &string).unwrap_or_default();
    // 5. If start + stringLength > arrayLength, trap. 6. to 7. Set the elements.
    let start = start.cast_unsigned();
    let written = store.access(cx, |wasm| W::array_write_u16(wasm, array, start, &units))?;
    match written {
        // 8. Return stringLength.
        Some(()) => Ok(Val::I32(units.len() as i32)),
        None => Err(trap(cx, store, "the string is longer than the array")),
    }
}

/// [fromCodePoint](https://webassembly.github.io/spec/js-api/#js-string-fromCodePoint)
fn from_code_point<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    store: &Rc<Store<J, W>>,
    v: i32,
) -> Completion<J, Val<W>> {
    let code_point = v.cast_unsigned();
    // 1. If v > 0x10ffff, trap. 2. Return String.fromCodePoint(v).
    let string = match (u16::try_from(code_point), char::from_u32(code_point)) {
        // Lone surrogates are strings too.
        (Ok(unit), _) => J::string_utf16(cx, &[unit])?,
        (Err(_), Some(c)) => J::string_utf16(cx, c.encode_utf16(&mut [0; 2]))?,
        (Err(_), None) => return Err(trap(cx, store, "the code point is out of range")),
    };
    reference(cx, store, &string)
}

/// [codePointAt](https://webassembly.github.io/spec/js-api/#js-string-codePointAt)
fn code_point_at<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    store: &Rc<Store<J, W>>,
    string: &Val<W>,
    index: i32,
) -> Completion<J, Val<W>> {
    // 1. to 3. If index >= length, trap.
    let string = unwrap_string(cx, store, string)?;
    let index = unsigned(index);
    let Some(first) = J::string_at(cx, &string, index) else {
        return Err(trap(cx, store, "the index is beyond the end of the string"));
    };
    // 4. Return String.prototype.codePointAt(index).
    let mut code_point = u32::from(first);
    if (0xD800..0xDC00).contains(&first)
        && let Some(second @ 0xDC00..0xE000) = J::string_at(cx, &string, index + 1)
    {
        code_point = 0x10000 + ((code_point - 0xD800) << 10) + (u32::from(second) - 0xDC00);
    }
    Ok(Val::I32(code_point.cast_signed()))
}

/// [substring](https://webassembly.github.io/spec/js-api/#js-string-substring)
fn substring<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    store: &Rc<Store<J, W>>,
    string: &Val<W>,
    start: i32,
    end: i32,
) -> Completion<J, Val<W>> {
    let string = unwrap_string(cx, store, string)?;
    let length = J::string_len(cx, &string).unwrap_or(0);
    let (start, end) = (unsigned(start), unsigned(end).min(length));
    // 3. If start > end or start > length, return the empty string.
    let string = match start <= end {
        true => J::string_substring(cx, &string, start..end)?,
        false => J::string(cx, "")?,
    };
    reference(cx, store, &string)
}

/// [UnwrapString](https://webassembly.github.io/spec/js-api/#abstract-opdef-unwrapstring)
fn unwrap_string<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    store: &Rc<Store<J, W>>,
    v: &Val<W>,
) -> Completion<J, J::Value> {
    let v = value::to_js(cx, store, v)?;
    match J::type_of(&v) {
        ValueType::String => Ok(v),
        _ => Err(trap(cx, store, "the value is not a string")),
    }
}

fn string_or_null<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    store: &Rc<Store<J, W>>,
    v: &Val<W>,
) -> Completion<J, J::Value> {
    match v {
        Val::Extern(None) => Ok(J::null()),
        _ => unwrap_string(cx, store, v),
    }
}

fn reference<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    store: &Rc<Store<J, W>>,
    string: &J::Value,
) -> Completion<J, Val<W>> {
    Ok(Val::Extern(Some(store.extern_ref(cx, string)?)))
}

fn boolean<W: WasmEngine>(value: bool) -> Val<W> {
    Val::I32(i32::from(value))
}

/// A code unit index of wasm: unsigned.
fn unsigned(index: i32) -> usize {
    index.cast_unsigned() as usize
}

#[cold]
fn trap<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    store: &Rc<Store<J, W>>,
    message: &str,
) -> sinew_bridge::Throw<J::Value> {
    error::runtime(cx, &store.agent, message)
}
