//! Strings: their code units, and operations that do not copy them.
//!
//! QuickJS joins long strings to ropes, and flattens a rope when it is asked for its characters;
//! the rope remembers that only when somebody else holds it, too.

use std::cmp::Ordering;
use std::ops::Range;

use rquickjs::qjs;
use sinew_bridge::ErrorClass;

use super::{Value, Word, as_number, int32, tag};
use crate::error::{Result, completion, fail, throw};
use crate::scope::Scope;

pub(crate) fn string(cx: &mut Scope<'_>, text: &str) -> Result<Value> {
    // SAFETY: pointer and length are those of `text`, which is copied.
    let raw = unsafe { qjs::JS_NewStringLen(cx.ctx, text.as_ptr().cast(), text.len() as _) };
    completion(cx, raw)
}

pub(crate) fn string_utf16(cx: &mut Scope<'_>, units: &[u16]) -> Result<Value> {
    // SAFETY: pointer and length are those of `units`, which is copied.
    let raw = unsafe { qjs::JS_NewStringUTF16(cx.ctx, units.as_ptr(), units.len() as _) };
    completion(cx, raw)
}

pub(crate) fn as_utf16(cx: &mut Scope<'_>, value: &Value) -> Option<Vec<u16>> {
    utf16(cx, value.raw(cx))
}

/// The code units of a String.
fn utf16(cx: &mut Scope<'_>, raw: qjs::JSValue) -> Option<Vec<u16>> {
    if !is_string(raw) {
        return None;
    }
    let mut len: qjs::size_t = 0;
    // SAFETY: `raw` is a valid String, of which no user code can be run.
    let units = unsafe { qjs::JS_ToCStringLenUTF16(cx.ctx, &mut len, raw) };
    if units.is_null() {
        drop(fail(cx));
        return None;
    }
    // SAFETY: QuickJS gives `len` code units, until they are freed.
    unsafe {
        let copy = std::slice::from_raw_parts(units, len as usize).to_vec();
        qjs::JS_FreeCStringUTF16(cx.ctx, units);
        Some(copy)
    }
}

pub(crate) fn as_text(cx: &mut Scope<'_>, value: &Value) -> Option<String> {
    utf16(cx, value.raw(cx)).map(|units| String::from_utf16_lossy(&units))
}

/// How many code units a String has.
pub(crate) fn string_len(cx: &mut Scope<'_>, value: &Value) -> Option<usize> {
    let raw = value.raw(cx);
    if !is_string(raw) {
        return None;
    }
    let mut len = 0;
    // SAFETY: the `length` of a String is read off it: nothing runs, and it cannot fail.
    unsafe { qjs::JS_GetLength(cx.ctx, raw, &mut len) };
    usize::try_from(len).ok()
}

pub(crate) fn string_at(cx: &mut Scope<'_>, value: &Value, index: usize) -> Option<u16> {
    if index >= string_len(cx, value)? {
        return None;
    }
    let unit = match flat(cx, value) {
        Ok(string) => {
            let char_code_at = &cx.state.intrinsics().strings.char_code_at;
            let index = Value::immediate(Word::number(index as f64));
            let undefined = Value::immediate(Word::UNDEFINED);
            call_anywhere(cx, char_code_at, &string, &[index, undefined])
                .map(|unit| as_number(&unit))
        }
        Err(_) => rope_at(cx, value, index),
    };
    sure(cx, unit)?.map(|unit| unit as u16)
}

/// The code unit of a rope that there is no memory to flatten.
#[cold]
fn rope_at(cx: &mut Scope<'_>, rope: &Value, index: usize) -> Result<Option<f64>> {
    let _unbounded = cx.state.unbound_heap();
    // SAFETY: an index within a String: no user code runs.
    let raw = unsafe { qjs::JS_GetPropertyInt64(cx.ctx, rope.raw(cx), index as i64) };
    let unit = completion(cx, raw)?;
    let units = utf16(cx, unit.raw(cx));
    Ok(units.and_then(|units| units.first().copied().map(f64::from)))
}

pub(crate) fn string_substring(
    cx: &mut Scope<'_>,
    value: &Value,
    range: Range<usize>,
) -> Result<Value> {
    let string = flat(cx, value)?;
    let bounds = [range.start, range.end].map(|at| Value::immediate(Word::number(at as f64)));
    let intrinsics = cx.state.intrinsics();
    call(cx, &intrinsics.strings.substring, &string, &bounds)
}

pub(crate) fn string_concat(cx: &mut Scope<'_>, a: &Value, b: &Value) -> Result<Value> {
    /// Code units that QuickJS has room for in a string, `JS_STRING_LEN_MAX`.
    const LONGEST: usize = (1 << 30) - 1;
    let [len, more] = [a, b].map(|string| string_len(cx, string).unwrap_or_default());
    if len + more > LONGEST {
        return Err(throw(cx, ErrorClass::RangeError, "invalid string length"));
    }
    let undefined = Value::immediate(Word::UNDEFINED);
    let operands = [a.clone(), b.clone()];
    call(
        cx,
        &cx.state.intrinsics().strings.concat,
        &undefined,
        &operands,
    )
}

pub(crate) fn string_compare(cx: &mut Scope<'_>, a: &Value, b: &Value) -> Ordering {
    let undefined = Value::immediate(Word::UNDEFINED);
    let operands = [a.clone(), b.clone()];
    let order = call_anywhere(
        cx,
        &cx.state.intrinsics().strings.compare,
        &undefined,
        &operands,
    );
    let order = sure(cx, order).and_then(|order| int32(order.raw(cx)));
    order.unwrap_or_default().cmp(&0)
}

/// What works on Strings, of which no user code can be reached.
pub(crate) struct Strings {
    /// `String.prototype.charCodeAt`
    pub(crate) char_code_at: Value,
    /// `String.prototype.substring`
    pub(crate) substring: Value,
    /// The operator, as it makes ropes.
    pub(crate) concat: Value,
    /// -1, 0 or 1.
    pub(crate) compare: Value,
}

fn is_string(raw: qjs::JSValue) -> bool {
    matches!(tag(raw), qjs::JS_TAG_STRING | qjs::JS_TAG_STRING_ROPE)
}

/// The String without ropes.
fn flat(cx: &mut Scope<'_>, value: &Value) -> Result<Value> {
    if tag(value.raw(cx)) != qjs::JS_TAG_STRING_ROPE {
        return Ok(value.clone());
    }
    // The rope keeps its flat form only if it is held more than once.
    let held = value.clone();
    // SAFETY: a String: no user code runs.
    let raw = unsafe { qjs::JS_ToString(cx.ctx, held.raw(cx)) };
    completion(cx, raw)
}

/// Calls one of [`Strings`].
fn call(cx: &mut Scope<'_>, function: &Value, this: &Value, args: &[Value; 2]) -> Result<Value> {
    let mut args = args.each_ref().map(|arg| arg.raw(cx));
    let (function, this) = (function.raw(cx), this.raw(cx));
    // SAFETY: valid values, and two of them behind the pointer.
    let raw = unsafe { qjs::JS_Call(cx.ctx, function, this, 2, args.as_mut_ptr()) };
    completion(cx, raw)
}

/// Calls one that neither allocates nor throws, however little is left of the stack: it needs
/// little. With the others, a stack trace might be made by user code.
fn call_anywhere(
    cx: &mut Scope<'_>,
    function: &Value,
    this: &Value,
    args: &[Value; 2],
) -> Result<Value> {
    let _unbounded = cx.state.unbound_stack();
    call(cx, function, this, args)
}

/// What only a lack of memory can deny. Where the caller cannot be told, the runtime ends: a wrong
/// answer would be worse.
fn sure<T>(cx: &mut Scope<'_>, result: Result<T>) -> Option<T> {
    result.map_err(|_| cx.state.terminate()).ok()
}
