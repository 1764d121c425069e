//! Values: handles, types, conversions.

use std::cell::Cell;
use std::ffi::c_int;
use std::rc::Rc;

use rquickjs::qjs;
use sinew_bridge::ValueType;
use sinew_bridge::convert::{Number, to_int32};

use crate::error::{Result, completion, guarded};
use crate::scope::Scope;

mod string;

pub(crate) use string::{
    Strings, as_text, as_utf16, string, string_at, string_compare, string_concat, string_len,
    string_substring, string_utf16,
};

/// A JavaScript value that the handle keeps alive.
///
/// What QuickJS keeps in the value word itself (Numbers, Booleans, null, undefined, small BigInts)
/// costs nothing. Any other value has a reference count, and the handle knows whether its runtime
/// still lives: after that it is only a word that nobody looks behind.
pub struct Value {
    word: Word,
    live: Option<Rc<Live>>,
}

/// The word of a value, in a form that Rust keeps in registers: QuickJS's own has a union, which
/// goes through memory, in pieces that are read back as a whole. That costs a native call a third.
#[derive(Clone, Copy)]
#[cfg(target_pointer_width = "64")]
pub(crate) struct Word {
    payload: u64,
    tag: i64,
}

#[cfg(target_pointer_width = "64")]
impl Word {
    /// The word of a value that came from QuickJS.
    #[inline(always)]
    pub(crate) fn of(raw: qjs::JSValue) -> Self {
        Self {
            // SAFETY: of the same size, and QuickJS gives all of its bytes.
            payload: unsafe { std::mem::transmute::<qjs::JSValueUnion, u64>(raw.u) },
            tag: raw.tag,
        }
    }

    #[inline(always)]
    const fn int(tag: i32, value: i32) -> Self {
        Self {
            payload: value as u32 as u64,
            tag: tag as i64,
        }
    }

    #[inline(always)]
    const fn double(value: f64) -> Self {
        Self {
            payload: value.to_bits(),
            tag: qjs::JS_TAG_FLOAT64 as i64,
        }
    }

    /// A copy, field by field.
    #[inline(always)]
    const fn fields(&self) -> Self {
        let Self { payload, tag } = *self;
        Self { payload, tag }
    }

    #[inline(always)]
    pub(crate) const fn raw(self) -> qjs::JSValue {
        qjs::JSValue {
            // SAFETY: of the same size; any bytes are such a union.
            u: unsafe { std::mem::transmute::<u64, qjs::JSValueUnion>(self.payload) },
            tag: self.tag,
        }
    }
}

/// The word of a value, which is a number on such machines.
#[derive(Clone, Copy)]
#[cfg(not(target_pointer_width = "64"))]
pub(crate) struct Word(qjs::JSValue);

#[cfg(not(target_pointer_width = "64"))]
impl Word {
    #[inline(always)]
    pub(crate) fn of(raw: qjs::JSValue) -> Self {
        Self(raw)
    }

    #[inline(always)]
    const fn int(tag: i32, value: i32) -> Self {
        Self(qjs::JS_MKVAL(tag, value))
    }

    #[inline(always)]
    fn double(value: f64) -> Self {
        Self(qjs::__JS_NewFloat64(value))
    }

    #[inline(always)]
    const fn fields(&self) -> Self {
        *self
    }

    #[inline(always)]
    pub(crate) const fn raw(self) -> qjs::JSValue {
        self.0
    }
}

impl Word {
    pub(crate) const UNDEFINED: Self = Self::int(qjs::JS_TAG_UNDEFINED, 0);
    pub(crate) const NULL: Self = Self::int(qjs::JS_TAG_NULL, 0);

    #[inline]
    pub(crate) const fn boolean(value: bool) -> Self {
        Self::int(qjs::JS_TAG_BOOL, value as i32)
    }

    #[inline]
    pub(crate) const fn number_i32(value: i32) -> Self {
        Self::int(qjs::JS_TAG_INT, value)
    }

    /// Whether the value has a reference count.
    #[inline(always)]
    pub(crate) fn has_count(self) -> bool {
        // SAFETY: reads the tag.
        unsafe { qjs::JS_VALUE_HAS_REF_COUNT(self.raw()) }
    }

    /// A Number, which QuickJS computes with faster when it is an int.
    #[inline]
    pub(crate) fn number(value: f64) -> Self {
        let int = value as i32;
        match f64::from(int).to_bits() == value.to_bits() {
            true => Self::number_i32(int),
            false => Self::double(value),
        }
    }
}

/// Whether a runtime still lives.
pub(crate) struct Live {
    pub(crate) rt: Cell<*mut qjs::JSRuntime>,
    pub(crate) ctx: Cell<*mut qjs::JSContext>,
}

impl Value {
    /// Takes over one count of `raw`.
    #[inline]
    pub(crate) fn owned(cx: &Scope<'_>, raw: qjs::JSValue) -> Self {
        // SAFETY: reads the tag.
        let live = unsafe { qjs::JS_VALUE_HAS_REF_COUNT(raw) }.then(|| cx.state.live.clone());
        Self {
            word: Word::of(raw),
            live,
        }
    }

    /// Adds a count to `raw`, a valid value of the runtime.
    #[inline]
    pub(crate) fn borrowed(cx: &Scope<'_>, raw: qjs::JSValue) -> Self {
        // SAFETY: `raw` is valid.
        Self::owned(cx, unsafe { qjs::JS_DupValue(cx.ctx, raw) })
    }

    /// A value without a count.
    #[inline]
    pub(crate) const fn immediate(word: Word) -> Self {
        Self { word, live: None }
    }

    /// The word, as long as the handle is kept; `undefined` for a value of another runtime, which
    /// QuickJS must never see.
    #[inline]
    pub(crate) fn raw(&self, cx: &Scope<'_>) -> qjs::JSValue {
        self.raw_of(&cx.state.live)
    }

    /// [`raw`](Self::raw) in the runtime whose life this is.
    #[inline]
    pub(crate) fn raw_of(&self, runtime: &Rc<Live>) -> qjs::JSValue {
        match &self.live {
            Some(live) if !Rc::ptr_eq(live, runtime) => qjs::JS_UNDEFINED,
            _ => self.word.raw(),
        }
    }

    /// Gives the count away.
    #[inline]
    pub(crate) fn into_raw(mut self, cx: &Scope<'_>) -> qjs::JSValue {
        self.take_word(cx).raw()
    }

    /// Gives the count away, and is an empty handle.
    #[inline]
    pub(crate) fn take_word(&mut self, cx: &Scope<'_>) -> Word {
        match &self.live {
            None => self.word.fields(),
            Some(live) if Rc::ptr_eq(live, &cx.state.live) => {
                self.live = None;
                std::mem::replace(&mut self.word, Word::UNDEFINED)
            }
            Some(_) => Word::UNDEFINED,
        }
    }

    /// A word with a count of its own.
    pub(crate) fn dup(&self, cx: &Scope<'_>) -> qjs::JSValue {
        // SAFETY: `raw` gives a valid value of this runtime.
        unsafe { qjs::JS_DupValue(cx.ctx, self.raw(cx)) }
    }

    fn tag(&self) -> i32 {
        tag(self.word.raw())
    }

    /// The live context of a value with a count.
    fn context(&self) -> Option<*mut qjs::JSContext> {
        let ctx = self.live.as_ref()?.ctx.get();
        (!ctx.is_null()).then_some(ctx)
    }
}

impl Clone for Value {
    #[inline]
    fn clone(&self) -> Self {
        if let Some(live) = &self.live
            && !live.rt.get().is_null()
        {
            // SAFETY: the runtime lives, and with it this value.
            unsafe { qjs::JS_DupValueRT(live.rt.get(), self.word.raw()) };
        }
        Self {
            word: self.word,
            live: self.live.clone(),
        }
    }
}

impl Drop for Value {
    #[inline]
    fn drop(&mut self) {
        if let Some(live) = &self.live
            && !live.rt.get().is_null()
        {
            // SAFETY: the runtime lives, and one count is ours.
            unsafe { qjs::JS_FreeValueRT(live.rt.get(), self.word.raw()) };
        }
    }
}

impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (as_number(self), as_boolean(self)) {
            (Some(number), _) => write!(f, "{number:?}"),
            (_, Some(boolean)) => write!(f, "{boolean:?}"),
            _ => write!(f, "{:?}", type_of(self)),
        }
    }
}

/// The tag of a word, with any Number that is no int being `FLOAT64`.
#[inline]
pub(crate) fn tag(raw: qjs::JSValue) -> i32 {
    // SAFETY: reads the tag.
    unsafe { qjs::JS_VALUE_GET_NORM_TAG(raw) }
}

#[inline]
pub(crate) fn bigint_i64(cx: &mut Scope<'_>, value: i64) -> Value {
    let word = number_word(cx, Number::I64(value));
    Value::owned(cx, word.raw())
}

/// The word of a number, with a count for whoever gets it.
#[inline(always)]
pub(crate) fn number_word(cx: &mut Scope<'_>, number: Number) -> Word {
    match number {
        Number::I32(value) => Word::number_i32(value),
        Number::F64(value) => Word::number(value),
        Number::I64(value) => match i32::try_from(value) {
            Ok(short) => Word::int(qjs::JS_TAG_SHORT_BIG_INT, short),
            Err(_) => long_bigint(cx, value),
        },
    }
}

pub(crate) fn bigint_u64(cx: &mut Scope<'_>, value: u64) -> Value {
    // SAFETY: the context lives.
    let raw = unsafe { qjs::JS_NewBigUint64(cx.ctx, value) };
    infallible(cx, raw)
}

/// A BigInt that QuickJS does not keep in the word.
fn long_bigint(cx: &mut Scope<'_>, value: i64) -> Word {
    // SAFETY: the context lives.
    let raw = unsafe { qjs::JS_NewBigInt64(cx.ctx, value) };
    match tag(raw) {
        qjs::JS_TAG_EXCEPTION => infallible(cx, raw).take_word(cx),
        _ => Word::of(raw),
    }
}

/// A value that only a lack of memory can deny. Where the caller cannot be told, the runtime ends:
/// a wrong value would be worse.
fn infallible(cx: &mut Scope<'_>, raw: qjs::JSValue) -> Value {
    completion(cx, raw).unwrap_or_else(|_| {
        cx.state.terminate();
        Value::immediate(Word::UNDEFINED)
    })
}

pub(crate) fn type_of(value: &Value) -> ValueType {
    match value.tag() {
        qjs::JS_TAG_INT | qjs::JS_TAG_FLOAT64 => ValueType::Number,
        qjs::JS_TAG_BOOL => ValueType::Boolean,
        qjs::JS_TAG_NULL => ValueType::Null,
        qjs::JS_TAG_BIG_INT | qjs::JS_TAG_SHORT_BIG_INT => ValueType::BigInt,
        qjs::JS_TAG_STRING | qjs::JS_TAG_STRING_ROPE => ValueType::String,
        qjs::JS_TAG_SYMBOL => ValueType::Symbol,
        qjs::JS_TAG_OBJECT => {
            // SAFETY: the context lives, and with it the object.
            let callable = |ctx| unsafe { qjs::JS_IsFunction(ctx, value.word.raw()) };
            match value.context().is_some_and(callable) {
                true => ValueType::Function,
                false => ValueType::Object,
            }
        }
        _ => ValueType::Undefined,
    }
}

pub(crate) fn as_boolean(value: &Value) -> Option<bool> {
    // SAFETY: the tag says that it is a Boolean.
    (value.tag() == qjs::JS_TAG_BOOL).then(|| unsafe { qjs::JS_VALUE_GET_BOOL(value.word.raw()) })
}

#[inline]
pub(crate) fn as_number(value: &Value) -> Option<f64> {
    number(value.word.raw())
}

/// ToInt32 of a Number.
#[inline]
pub(crate) fn int32(raw: qjs::JSValue) -> Option<i32> {
    match tag(raw) {
        // SAFETY: the tag says that it is an int.
        qjs::JS_TAG_INT => Some(unsafe { qjs::JS_VALUE_GET_INT(raw) }),
        // SAFETY: the tag says that it is a double.
        qjs::JS_TAG_FLOAT64 => Some(to_int32(unsafe { qjs::JS_VALUE_GET_FLOAT64(raw) })),
        _ => None,
    }
}

/// The value of a Number.
#[inline]
pub(crate) fn number(raw: qjs::JSValue) -> Option<f64> {
    match tag(raw) {
        // SAFETY: the tag says that it is an int.
        qjs::JS_TAG_INT => Some(f64::from(unsafe { qjs::JS_VALUE_GET_INT(raw) })),
        // SAFETY: the tag says that it is a double.
        qjs::JS_TAG_FLOAT64 => Some(unsafe { qjs::JS_VALUE_GET_FLOAT64(raw) }),
        _ => None,
    }
}

pub(crate) fn same_value(cx: &mut Scope<'_>, a: &Value, b: &Value) -> bool {
    // SAFETY: both are valid values of the runtime.
    unsafe { qjs::JS_IsSameValue(cx.ctx, a.raw(cx), b.raw(cx)) }
}

pub(crate) fn identity(value: &Value) -> Option<usize> {
    matches!(value.tag(), qjs::JS_TAG_OBJECT | qjs::JS_TAG_SYMBOL)
        // SAFETY: the tag says that there is a pointer, which is not followed.
        .then(|| unsafe { qjs::JS_VALUE_GET_PTR(value.word.raw()) }.addr())
}

pub(crate) fn to_boolean(cx: &mut Scope<'_>, value: &Value) -> bool {
    // SAFETY: a valid value of the runtime; ToBoolean cannot fail.
    unsafe { qjs::JS_ToBool(cx.ctx, value.raw(cx)) > 0 }
}

#[inline]
pub(crate) fn to_number(cx: &mut Scope<'_>, value: &Value) -> Result<f64> {
    match as_number(value) {
        Some(number) => Ok(number),
        None => to_number_slow(cx, value),
    }
}

#[cold]
fn to_number_slow(cx: &mut Scope<'_>, value: &Value) -> Result<f64> {
    let raw = value.raw(cx);
    // SAFETY: a valid value of the runtime.
    let number = guarded(cx, |ctx| unsafe { qjs::JS_ToNumber(ctx, raw) })?;
    Ok(as_number(&number).unwrap_or(f64::NAN))
}

pub(crate) fn to_bigint64(cx: &mut Scope<'_>, value: &Value) -> Result<i64> {
    if value.tag() == qjs::JS_TAG_SHORT_BIG_INT {
        // SAFETY: the tag says that the BigInt is in the word.
        return Ok(i64::from(unsafe {
            qjs::JS_VALUE_GET_INT(value.word.raw())
        }));
    }
    let raw = value.raw(cx);
    let mut int = 0;
    crate::error::guarded_status(cx, |ctx| {
        // SAFETY: a valid value of the runtime, and a live place for the result.
        unsafe { qjs::JS_ToBigInt64(ctx, &mut int, raw) as c_int }
    })?;
    Ok(int)
}

pub(crate) fn to_bigint(cx: &mut Scope<'_>, value: &Value) -> Result<Value> {
    /// So many bits lose nothing.
    const BITS: f64 = 0x1f_ffff_ffff_ffff_u64 as f64;
    let undefined = Value::immediate(Word::UNDEFINED);
    let bits = Value::immediate(Word::number(BITS));
    let intrinsics = cx.state.intrinsics();
    crate::function::call(cx, &intrinsics.as_int_n, &undefined, &[bits, value.clone()])
}

pub(crate) fn to_string(cx: &mut Scope<'_>, value: &Value) -> Result<Value> {
    let raw = value.raw(cx);
    // SAFETY: a valid value of the runtime.
    guarded(cx, |ctx| unsafe { qjs::JS_ToString(ctx, raw) })
}
