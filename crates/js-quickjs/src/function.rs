//! Native functions: their classes, data, arguments and trampolines.

use std::any::{Any, TypeId};
use std::ffi::{c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};

use rquickjs::qjs;
use sinew_bridge::convert::Number;
use sinew_bridge::{ErrorClass, FunctionSpec, NativeFn, Throw, Trace};

use crate::QuickJs;
use crate::error::{Result, completion, fail, guarded, raise, throw};
use crate::object::define_raw;
use crate::scope::{Scope, State, here};
use crate::value::{self, Value, Word};

mod native;

pub(crate) use native::{Native, Natives, finalize, mark, native_header};

/// The arguments of a native call: a pointer, since a copy of it all would go through memory each
/// time one is read.
#[derive(Clone, Copy)]
pub struct Args<'a>(&'a Call);

/// What QuickJS passes to a native function.
struct Call {
    ctx: *mut qjs::JSContext,
    this: qjs::JSValue,
    argv: *const qjs::JSValue,
    argc: c_int,
    flags: c_int,
}

impl Args<'_> {
    /// The word at `index`.
    #[inline]
    fn get(self, index: usize) -> Option<qjs::JSValue> {
        // SAFETY: QuickJS passes `argc` values, which live as long as the call.
        (index < self.len()).then(|| unsafe { *self.0.argv.add(index) })
    }

    #[inline]
    pub(crate) fn len(self) -> usize {
        self.0.argc.max(0) as usize
    }

    /// The words, to be passed on.
    pub(crate) fn parts(self) -> (qjs::JSValue, c_int, *mut qjs::JSValue) {
        (self.0.this, self.0.argc, self.0.argv.cast_mut())
    }
}

pub(crate) fn arg(cx: &mut Scope<'_>, args: Args<'_>, index: usize) -> Value {
    Value::borrowed(cx, args.get(index).unwrap_or(qjs::JS_UNDEFINED))
}

pub(crate) fn this(cx: &mut Scope<'_>, args: Args<'_>) -> Value {
    match is_construction(args) {
        true => Value::immediate(Word::UNDEFINED),
        false => Value::borrowed(cx, args.0.this),
    }
}

pub(crate) fn new_target(cx: &mut Scope<'_>, args: Args<'_>) -> Option<Value> {
    is_construction(args).then(|| Value::borrowed(cx, args.0.this))
}

fn is_construction(args: Args<'_>) -> bool {
    args.0.flags & qjs::JS_CALL_FLAG_CONSTRUCTOR as c_int != 0
}

#[inline]
pub(crate) fn arg_i32(args: Args<'_>, index: usize) -> Option<i32> {
    value::int32(args.get(index)?)
}

#[inline]
pub(crate) fn arg_f64(args: Args<'_>, index: usize) -> Option<f64> {
    value::number(args.get(index)?)
}

#[inline]
pub(crate) fn arg_i64(args: Args<'_>, index: usize) -> Option<i64> {
    let raw = args.get(index)?;
    match value::tag(raw) {
        // SAFETY: the tag says that the BigInt is in the word.
        qjs::JS_TAG_SHORT_BIG_INT => Some(i64::from(unsafe { qjs::JS_VALUE_GET_INT(raw) })),
        qjs::JS_TAG_BIG_INT => {
            let mut int = 0;
            // SAFETY: a BigInt: no user code runs, and it cannot fail.
            (unsafe { qjs::JS_ToBigInt64(args.0.ctx, &mut int, raw) } == 0).then_some(int)
        }
        _ => None,
    }
}

pub(crate) fn create_function<F: NativeFn<QuickJs>>(
    cx: &mut Scope<'_>,
    data: F::Data,
    spec: FunctionSpec<'_>,
) -> Result<Value> {
    let function = new_function::<F>(cx, spec)?;
    Native::attach(cx, &function, data);
    Ok(function)
}

pub(crate) fn create_closure<F: NativeFn<QuickJs>>(
    cx: &mut Scope<'_>,
    data: F::Data,
    spec: FunctionSpec<'_>,
) -> Result<Value>
where
    F::Data: Trace<QuickJs>,
{
    let function = new_function::<F>(cx, spec)?;
    Native::attach_traced(cx, &function, data);
    Ok(function)
}

/// A function with the body `F` that owns nothing yet.
fn new_function<F: NativeFn<QuickJs>>(cx: &mut Scope<'_>, spec: FunctionSpec<'_>) -> Result<Value> {
    cx.state.drop_dead();
    let Some(class) = class_of::<F>(cx.state) else {
        return Err(throw(
            cx,
            ErrorClass::RangeError,
            "too many function classes",
        ));
    };
    let proto = cx.state.intrinsics().function_prototype.raw(cx);
    // SAFETY: a valid prototype and a registered class.
    let raw = unsafe { qjs::JS_NewObjectProtoClass(cx.ctx, proto, class) };
    let function = completion(cx, raw)?;
    let length = Value::immediate(Word::number(f64::from(spec.length)));
    define_raw(cx, &function, "length", length, qjs::JS_PROP_CONFIGURABLE)?;
    let name = value::string(cx, spec.name)?;
    define_raw(cx, &function, "name", name, qjs::JS_PROP_CONFIGURABLE)?;
    if spec.constructor {
        // SAFETY: a valid object.
        unsafe { qjs::JS_SetConstructorBit(cx.ctx, function.raw(cx), true) };
    }
    Ok(function)
}

pub(crate) fn function_data<F: NativeFn<QuickJs>>(
    cx: &mut Scope<'_>,
    value: &Value,
) -> Option<F::Data>
where
    F::Data: Clone,
{
    let class = *cx.state.function_classes.borrow().get(&TypeId::of::<F>())?;
    // SAFETY: the opaque pointer of an object of this class is null or a `Native` of this data.
    unsafe {
        qjs::JS_GetOpaque(value.raw(cx), class)
            .cast::<Native<F::Data>>()
            .as_ref()
    }
    .map(|native| native.data.clone())
}

/// The class of the functions with this body, which is registered when there is none yet.
fn class_of<F: NativeFn<QuickJs>>(state: &State) -> Option<qjs::JSClassID> {
    let mut classes = state.function_classes.borrow_mut();
    if let Some(&class) = classes.get(&TypeId::of::<F>()) {
        return Some(class);
    }
    let class = register_class(state.live.rt.get(), Some(trampoline::<F>))?;
    classes.insert(TypeId::of::<F>(), class);
    Some(class)
}

/// A new class of ours, whose objects are callable if there is a `call`.
pub(crate) fn register_class(
    rt: *mut qjs::JSRuntime,
    call: qjs::JSClassCall,
) -> Option<qjs::JSClassID> {
    let def = qjs::JSClassDef {
        class_name: match call {
            Some(_) => c"Function",
            None => c"Object",
        }
        .as_ptr(),
        finalizer: Some(finalize),
        gc_mark: Some(mark),
        call,
        exotic: std::ptr::null_mut(),
    };
    let mut class = 0;
    // SAFETY: the runtime lives and copies the definition.
    let registered = unsafe {
        qjs::JS_NewClassID(rt, &mut class);
        qjs::JS_NewClass(rt, class, &def)
    };
    (registered == 0).then_some(class)
}

/// What QuickJS calls: the body, and nothing between.
unsafe extern "C" fn trampoline<F: NativeFn<QuickJs>>(
    ctx: *mut qjs::JSContext,
    function: qjs::JSValue,
    this: qjs::JSValue,
    argc: c_int,
    argv: *mut qjs::JSValue,
    flags: c_int,
) -> qjs::JSValue {
    let mut class = 0;
    // SAFETY: QuickJS calls this for objects of the class of `F` only, whose opaque pointer was set
    // before user code saw them; the caller keeps the object.
    let native = unsafe { &*qjs::JS_GetAnyOpaque(function, &mut class).cast::<Native<F::Data>>() };
    // SAFETY: the state outlives the objects.
    let state = unsafe { &*native.header.state };
    if here() < state.stack_limit.get() {
        return overflowed(ctx).raw();
    }
    if state.is_terminated() {
        return state.raise_termination().raw();
    }
    let mut scope = Scope { ctx, state };
    let call = Call {
        ctx,
        this,
        argv,
        argc,
        flags,
    };
    let body = AssertUnwindSafe(|| {
        let Outcome(word) = F::invoke(&mut scope, &native.data, Args(&call));
        match state.is_terminated() {
            // SAFETY: a valid word whose count nobody else was given.
            true => unsafe {
                qjs::JS_FreeValue(ctx, word.raw());
                state.raise_termination()
            },
            false => word,
        }
    });
    match catch_unwind(body) {
        Ok(word) => word,
        Err(payload) => panicked(state, &*payload),
    }
    .raw()
}

/// How a native function completes: the word that QuickJS gets, whose count goes to it.
pub struct Outcome(Word);

#[inline]
pub(crate) fn outcome(cx: &mut Scope<'_>, completion: Result<Value>) -> Outcome {
    Outcome(match completion {
        Ok(mut value) => value.take_word(cx),
        Err(throw) => raise(cx, throw),
    })
}

#[inline(always)]
pub(crate) fn outcome_of_number(cx: &mut Scope<'_>, number: Number) -> Outcome {
    Outcome(value::number_word(cx, number))
}

/// The native stack has no room left for a body.
#[cold]
fn overflowed(ctx: *mut qjs::JSContext) -> Word {
    // SAFETY: the context lives, and the format has no arguments.
    let raw = unsafe { qjs::JS_ThrowRangeError(ctx, c"Maximum call stack size exceeded".as_ptr()) };
    Word::of(raw)
}

/// A body panicked.
#[cold]
fn panicked(state: &State, payload: &(dyn Any + Send)) -> Word {
    state.termination.set_panicked(payload);
    state.raise_termination()
}

pub(crate) fn is_callable(cx: &mut Scope<'_>, value: &Value) -> bool {
    // SAFETY: reads the object's class.
    unsafe { qjs::JS_IsFunction(cx.ctx, value.raw(cx)) }
}

/// Words of a few values, without an allocation.
#[inline]
fn with_words<R>(
    cx: &mut Scope<'_>,
    args: &[Value],
    f: impl FnOnce(&mut Scope<'_>, c_int, *mut qjs::JSValue) -> Result<R>,
) -> Result<R> {
    let mut few = [qjs::JS_UNDEFINED; 8];
    if args.len() > few.len() {
        return with_many_words(cx, args, f);
    }
    for (word, arg) in few.iter_mut().zip(args) {
        *word = arg.raw(cx);
    }
    f(cx, args.len() as c_int, few.as_mut_ptr())
}

#[cold]
fn with_many_words<R>(
    cx: &mut Scope<'_>,
    args: &[Value],
    f: impl FnOnce(&mut Scope<'_>, c_int, *mut qjs::JSValue) -> Result<R>,
) -> Result<R> {
    let mut words: Vec<_> = args.iter().map(|arg| arg.raw(cx)).collect();
    // QuickJS copies arguments to the stack in places, and has a limit of its own.
    let Ok(argc @ ..=65_535) = c_int::try_from(words.len()) else {
        return Err(throw(cx, ErrorClass::RangeError, "too many arguments"));
    };
    f(cx, argc, words.as_mut_ptr())
}

#[inline]
pub(crate) fn call(
    cx: &mut Scope<'_>,
    function: &Value,
    this: &Value,
    args: &[Value],
) -> Result<Value> {
    let (function, this) = (function.raw(cx), this.raw(cx));
    with_words(cx, args, |cx, argc, argv| {
        // SAFETY: valid values, which the caller keeps, and `argc` of them behind `argv`.
        guarded(cx, |ctx| unsafe {
            qjs::JS_Call(ctx, function, this, argc, argv)
        })
    })
}

/// [`call`] without handles of the arguments and of what it returns.
#[inline(always)]
pub(crate) fn call_with_numbers<R>(
    cx: &mut Scope<'_>,
    function: &Value,
    numbers: impl ExactSizeIterator<Item = Number>,
    then: impl FnOnce(&mut Scope<'_>, Args<'_>) -> Result<R>,
) -> Result<R> {
    let mut few = [qjs::JS_UNDEFINED; 8];
    let mut many = Vec::new();
    let words = match numbers.len() {
        len @ 0..=8 => &mut few[..len],
        len => {
            many.resize(len, qjs::JS_UNDEFINED);
            &mut many[..]
        }
    };
    let mut counted = false;
    for (slot, number) in words.iter_mut().zip(numbers) {
        let word = value::number_word(cx, number);
        counted |= word.has_count();
        *slot = word.raw();
    }
    let function = function.raw(cx);
    if cx.state.is_terminated() {
        free_words(cx, words);
        return Err(Throw::Terminated);
    }
    let argc = words.len() as c_int;
    // SAFETY: valid values, which the caller and the array keep, and `argc` of them in it.
    let ret = Word::of(unsafe {
        qjs::JS_Call(
            cx.ctx,
            function,
            qjs::JS_UNDEFINED,
            argc,
            words.as_mut_ptr(),
        )
    });
    if counted {
        free_words(cx, words);
    }
    if value::tag(ret.raw()) == qjs::JS_TAG_EXCEPTION {
        return Err(fail(cx));
    }
    let ret = Returned {
        word: ret,
        ctx: cx.ctx,
    };
    if cx.state.is_terminated() {
        return Err(Throw::Terminated);
    }
    let raw = ret.word.raw();
    let call = Call {
        ctx: cx.ctx,
        this: qjs::JS_UNDEFINED,
        argv: &raw,
        argc: 1,
        flags: 0,
    };
    then(cx, Args(&call))
}

/// A word with a count, until this is dropped.
struct Returned {
    word: Word,
    ctx: *mut qjs::JSContext,
}

impl Drop for Returned {
    #[inline(always)]
    fn drop(&mut self) {
        if self.word.has_count() {
            // SAFETY: the count of the word is given up here, once, and the context lives as long as
            // the call in which it was returned.
            unsafe { qjs::JS_FreeValue(self.ctx, self.word.raw()) };
        }
    }
}

#[cold]
fn free_words(cx: &Scope<'_>, words: &[qjs::JSValue]) {
    for word in words {
        // SAFETY: the counts of these words are the caller's to give up.
        unsafe { qjs::JS_FreeValue(cx.ctx, *word) };
    }
}

pub(crate) fn construct(
    cx: &mut Scope<'_>,
    constructor: &Value,
    args: &[Value],
    new_target: &Value,
) -> Result<Value> {
    let (constructor, new_target) = (constructor.raw(cx), new_target.raw(cx));
    with_words(cx, args, |cx, argc, argv| {
        // SAFETY: as in `call`.
        guarded(cx, |ctx| unsafe {
            qjs::JS_CallConstructor2(ctx, constructor, new_target, argc, argv)
        })
    })
}

/// A function that does nothing.
pub(crate) unsafe extern "C" fn nothing(
    _: *mut qjs::JSContext,
    _: qjs::JSValue,
    _: qjs::JSValue,
    _: c_int,
    _: *mut qjs::JSValue,
    _: c_int,
) -> qjs::JSValue {
    qjs::JS_UNDEFINED
}

/// The opaque pointer of a hook or callback that was given the state.
pub(crate) fn state_pointer(state: &State) -> *mut c_void {
    std::ptr::from_ref(state).cast_mut().cast()
}
