//! Native functions: their classes, data, arguments and trampolines.

use std::any::{Any, TypeId};
use std::cell::{Cell, OnceCell};
use std::ffi::{c_int, c_void};
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use rquickjs::qjs;
use sinew_bridge::{ErrorClass, FunctionSpec, NativeFn, Throw};

use crate::QuickJs;
use crate::error::{Result, completion, guarded, raise, throw};
use crate::object::define_raw;
use crate::scope::{Scope, State, here};
use crate::value::{self, Value, Word};

/// The arguments of a native call.
#[derive(Clone, Copy)]
pub struct Args<'a> {
    ctx: *mut qjs::JSContext,
    this: qjs::JSValue,
    argv: *const qjs::JSValue,
    argc: c_int,
    flags: c_int,
    borrow: PhantomData<&'a qjs::JSValue>,
}

impl Args<'_> {
    /// The word at `index`.
    #[inline]
    fn get(self, index: usize) -> Option<qjs::JSValue> {
        // SAFETY: QuickJS passes `argc` values, which live as long as the call.
        (index < self.len()).then(|| unsafe { *self.argv.add(index) })
    }

    #[inline]
    pub(crate) fn len(self) -> usize {
        self.argc.max(0) as usize
    }

    /// The words, to be passed on.
    pub(crate) fn parts(self) -> (qjs::JSValue, c_int, *mut qjs::JSValue) {
        (self.this, self.argc, self.argv.cast_mut())
    }
}

pub(crate) fn arg(cx: &mut Scope<'_>, args: Args<'_>, index: usize) -> Value {
    Value::borrowed(cx, args.get(index).unwrap_or(qjs::JS_UNDEFINED))
}

pub(crate) fn this(cx: &mut Scope<'_>, args: Args<'_>) -> Value {
    match is_construction(args) {
        true => Value::immediate(Word::UNDEFINED),
        false => Value::borrowed(cx, args.this),
    }
}

pub(crate) fn new_target(cx: &mut Scope<'_>, args: Args<'_>) -> Option<Value> {
    is_construction(args).then(|| Value::borrowed(cx, args.this))
}

fn is_construction(args: Args<'_>) -> bool {
    args.flags & qjs::JS_CALL_FLAG_CONSTRUCTOR as c_int != 0
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
            (unsafe { qjs::JS_ToBigInt64(args.ctx, &mut int, raw) } == 0).then_some(int)
        }
        _ => None,
    }
}

/// What an object of ours owns, behind its opaque pointer.
#[repr(C)]
pub(crate) struct Native<D> {
    pub(crate) header: Header,
    pub(crate) data: D,
}

/// What all of them have in common.
pub(crate) struct Header {
    /// The runtime's state, which outlives its objects.
    state: *const State,
    /// The object, as long as it lives.
    object: qjs::JSValue,
    /// Where it is in the list of all of them.
    index: Cell<usize>,
    /// Whether the object lives, for weak handles; made when the first is.
    pub(crate) alive: OnceCell<Rc<Cell<bool>>>,
    /// Frees the whole of it.
    free: unsafe fn(*mut Header),
}

impl<D: 'static> Native<D> {
    /// Gives `data` to `object`, which is new and of a class with [`finalize`].
    pub(crate) fn attach(cx: &Scope<'_>, object: &Value, data: D) {
        let native = Box::into_raw(Box::new(Self {
            header: Header {
                state: cx.state,
                object: object.raw(cx),
                index: Cell::new(0),
                alive: OnceCell::new(),
                free: |header| {
                    // SAFETY: the header is the first field of this very type, from `Box::into_raw`.
                    drop(unsafe { Box::from_raw(header.cast::<Self>()) });
                },
            },
            data,
        }));
        // SAFETY: the object is valid and of a class of ours.
        unsafe { qjs::JS_SetOpaque(object.raw(cx), native.cast()) };
        cx.state.natives.insert(native.cast());
    }
}

/// All natives whose objects live, and those whose object died but which could not be dropped then.
#[derive(Default)]
pub(crate) struct Natives {
    live: std::cell::RefCell<Vec<*mut Header>>,
    dead: std::cell::RefCell<Vec<*mut Header>>,
}

impl Natives {
    fn insert(&self, header: *mut Header) {
        let mut live = self.live.borrow_mut();
        // SAFETY: the header is new.
        unsafe { (*header).index.set(live.len()) };
        live.push(header);
    }

    /// The object of `header` died, or is to be parted from it.
    pub(crate) fn bury(&self, header: *mut Header) {
        let mut live = self.live.borrow_mut();
        // SAFETY: headers in the list are valid.
        unsafe {
            let index = (*header).index.get();
            live.swap_remove(index);
            if let Some(&moved) = live.get(index) {
                (*moved).index.set(index);
            }
            if let Some(alive) = (*header).alive.get() {
                alive.set(false);
            }
        }
        self.dead.borrow_mut().push(header);
    }

    /// Drops the data of dead objects: not in their finalizers, where QuickJS is in the middle of
    /// something and dropping may free further values.
    pub(crate) fn drop_dead(&self) {
        loop {
            let Some(header) = self.dead.borrow_mut().pop() else {
                return;
            };
            // SAFETY: nothing else points to what is on this list.
            unsafe { ((*header).free)(header) };
        }
    }

    /// Parts all objects from their data and drops it. No JavaScript may run after that.
    pub(crate) fn drop_all(&self) {
        loop {
            self.drop_dead();
            let Some(header) = self.live.borrow().last().copied() else {
                return;
            };
            // SAFETY: the object lives, as its finalizer would have taken it off the list.
            unsafe { qjs::JS_SetOpaque((*header).object, std::ptr::null_mut()) };
            self.bury(header);
        }
    }
}

/// The finalizer of all classes of ours.
pub(crate) unsafe extern "C" fn finalize(rt: *mut qjs::JSRuntime, object: qjs::JSValue) {
    let mut class = 0;
    // SAFETY: the opaque pointer of our objects is null or from `Native::attach`; the runtime's is
    // its state, which outlives it.
    unsafe {
        let header = qjs::JS_GetAnyOpaque(object, &mut class).cast::<Header>();
        if !header.is_null() {
            State::of(rt).natives.bury(header);
        }
    }
}

/// The header of an object of ours.
pub(crate) fn native_header<'a>(cx: &'a Scope<'_>, object: qjs::JSValue) -> Option<&'a Header> {
    let mut class = 0;
    // SAFETY: reads the object's class and word.
    let opaque = unsafe { qjs::JS_GetAnyOpaque(object, &mut class) };
    if class < cx.state.host_class.get() || class == 0 {
        return None;
    }
    // SAFETY: classes from `host_class` on are ours: null or from `Native::attach`.
    unsafe { opaque.cast::<Header>().as_ref() }
}

pub(crate) fn create_function<F: NativeFn<QuickJs>>(
    cx: &mut Scope<'_>,
    data: F::Data,
    spec: FunctionSpec<'_>,
) -> Result<Value> {
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
    Native::attach(cx, &function, data);
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
        gc_mark: None,
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
    let args = Args {
        ctx,
        this,
        argv,
        argc,
        flags,
        borrow: PhantomData,
    };
    let body = AssertUnwindSafe(|| {
        // The value is read where the body wrote it, word by word: moved as a whole it would have
        // to wait for the memory.
        let mut completion = F::call(&mut scope, &native.data, args);
        match &mut completion {
            _ if state.is_terminated() => state.raise_termination(),
            Ok(value) => value.take_word(&scope),
            Err(throw) => raise(&scope, std::mem::replace(throw, Throw::Terminated)),
        }
    });
    match catch_unwind(body) {
        Ok(word) => word,
        Err(payload) => panicked(state, &*payload),
    }
    .raw()
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
