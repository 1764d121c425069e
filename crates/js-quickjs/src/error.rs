//! Exceptions, completions, errors and their stacks.

use std::ffi::c_int;

use rquickjs::qjs;
use sinew_bridge::{ErrorClass, Throw};

use crate::object::{Atom, define_raw};
use crate::scope::Scope;
use crate::value::{self, Value, Word};

/// The completion of an operation.
pub(crate) type Result<T, E = Throw<Value>> = std::result::Result<T, E>;

/// The completion that QuickJS returned: a value, or the exception that is pending.
#[inline]
pub(crate) fn completion(cx: &mut Scope<'_>, raw: qjs::JSValue) -> Result<Value> {
    if value::tag(raw) == qjs::JS_TAG_EXCEPTION {
        Err(fail(cx))
    } else {
        Ok(Value::owned(cx, raw))
    }
}

/// The completion of an operation that returns a negative number when an exception is pending.
pub(crate) fn status(cx: &mut Scope<'_>, result: c_int) -> Result<c_int> {
    if result < 0 {
        Err(fail(cx))
    } else {
        Ok(result)
    }
}

/// Takes the pending exception.
#[cold]
pub(crate) fn fail(cx: &mut Scope<'_>) -> Throw<Value> {
    // SAFETY: the context lives; one count of the exception comes with it.
    let raw = unsafe { qjs::JS_GetException(cx.ctx) };
    // SAFETY: reads the object's flag.
    let uncatchable = unsafe { qjs::JS_IsUncatchableError(raw) };
    let exception = match value::tag(raw) {
        // QuickJS gave up before it had an exception to throw: it lacks memory.
        qjs::JS_TAG_UNINITIALIZED => Value::immediate(Word::NULL),
        _ => Value::owned(cx, raw),
    };
    if uncatchable || cx.state.is_terminated() {
        cx.state.terminate();
        Throw::Terminated
    } else {
        Throw::Value(exception)
    }
}

/// Makes `throw` the pending exception.
#[cold]
pub(crate) fn raise(cx: &Scope<'_>, throw: Throw<Value>) -> Word {
    match throw {
        // SAFETY: the context lives, and takes over the count.
        Throw::Value(exception) => unsafe {
            Word::of(qjs::JS_Throw(cx.ctx, exception.into_raw(cx)))
        },
        Throw::Terminated => cx.state.raise_termination(),
    }
}

/// Runs an operation that may run user code: not at all when terminated, and no value comes of it
/// when it was terminated meanwhile.
#[inline]
pub(crate) fn guarded(
    cx: &mut Scope<'_>,
    operation: impl FnOnce(*mut qjs::JSContext) -> qjs::JSValue,
) -> Result<Value> {
    if cx.state.is_terminated() {
        return Err(Throw::Terminated);
    }
    let raw = operation(cx.ctx);
    let result = completion(cx, raw)?;
    if cx.state.is_terminated() {
        return Err(Throw::Terminated);
    }
    Ok(result)
}

/// Like [`guarded`], of an operation that returns a number.
#[inline]
pub(crate) fn guarded_status(
    cx: &mut Scope<'_>,
    operation: impl FnOnce(*mut qjs::JSContext) -> c_int,
) -> Result<c_int> {
    if cx.state.is_terminated() {
        return Err(Throw::Terminated);
    }
    let result = operation(cx.ctx);
    let result = status(cx, result)?;
    if cx.state.is_terminated() {
        return Err(Throw::Terminated);
    }
    Ok(result)
}

pub(crate) fn create_error(
    cx: &mut Scope<'_>,
    class: ErrorClass,
    proto: Option<&Value>,
    message: &str,
) -> Value {
    let error = {
        let quiet = QuietStack::begin(cx);
        // SAFETY: the context lives.
        let raw = unsafe { qjs::JS_NewError(cx.ctx) };
        quiet.end(cx);
        completion(cx, raw)
    };
    // What QuickJS itself throws when there is no memory for an error.
    let Ok(error) = error else {
        return Value::immediate(Word::NULL);
    };
    let proto = match proto {
        Some(proto) => proto.raw(cx),
        None => cx.state.intrinsics().error_proto(class).raw(cx),
    };
    // SAFETY: both are valid values; the error is an ordinary object.
    let result = unsafe { qjs::JS_SetPrototype(cx.ctx, error.raw(cx), proto) };
    let _ = status(cx, result);
    if let Ok(message) = value::string(cx, message) {
        let flags = qjs::JS_PROP_WRITABLE | qjs::JS_PROP_CONFIGURABLE;
        let _ = define_raw(cx, &error, "message", message, flags);
    }
    error
}

/// A throw completion with a new error.
#[cold]
pub(crate) fn throw(cx: &mut Scope<'_>, class: ErrorClass, message: &str) -> Throw<Value> {
    Throw::Value(create_error(cx, class, None, message))
}

pub(crate) fn error_stack(cx: &mut Scope<'_>, error: &Value) -> String {
    let stack = stack_text(cx, error).unwrap_or_default();
    let mut frames = String::with_capacity(stack.len());
    for line in stack.lines() {
        if line.trim_start().starts_with("at ") {
            frames.push_str(line);
            frames.push('\n');
        }
    }
    frames
}

pub(crate) fn prepend_stack(cx: &mut Scope<'_>, error: &Value, frames: &[String]) {
    let Some(stack) = stack_text(cx, error) else {
        return;
    };
    let mut text = String::new();
    for frame in frames {
        text.push_str("    ");
        text.push_str(frame.trim());
        text.push('\n');
    }
    text.push_str(&stack);
    if let Ok(text) = value::string(cx, &text) {
        let flags = qjs::JS_PROP_WRITABLE | qjs::JS_PROP_CONFIGURABLE;
        let _ = define_raw(cx, error, "stack", text, flags);
    }
}

/// The `stack` of an error: a property of its own that is a String, else what QuickJS keeps in the
/// object. `None` where it is anything else.
fn stack_text(cx: &mut Scope<'_>, error: &Value) -> Option<String> {
    let raw = error.raw(cx);
    // SAFETY: reads the object's class.
    if !unsafe { qjs::JS_IsError(raw) } {
        return None;
    }
    let atom = Atom::name(cx, "stack").ok()?;
    let mut own = empty_descriptor();
    // SAFETY: an error is no exotic object: no user code runs. The descriptor is filled when the
    // property is found, with counts that are taken over here.
    let found = unsafe { qjs::JS_GetOwnProperty(cx.ctx, &mut own, raw, atom.raw()) };
    if found > 0 {
        let _accessors = [Value::owned(cx, own.getter), Value::owned(cx, own.setter)];
        let stack = Value::owned(cx, own.value);
        return value::as_text(cx, &stack);
    }
    status(cx, found).ok()?;
    let getter = cx.state.intrinsics().stack.raw(cx);
    // SAFETY: the intrinsic getter reads the object's slot.
    let stack = unsafe { qjs::JS_Call(cx.ctx, getter, raw, 0, std::ptr::null_mut()) };
    let stack = completion(cx, stack).ok()?;
    match value::tag(stack.raw(cx)) {
        qjs::JS_TAG_UNDEFINED => Some(String::new()),
        _ => value::as_text(cx, &stack),
    }
}

pub(crate) fn empty_descriptor() -> qjs::JSPropertyDescriptor {
    qjs::JSPropertyDescriptor {
        flags: 0,
        value: qjs::JS_UNDEFINED,
        getter: qjs::JS_UNDEFINED,
        setter: qjs::JS_UNDEFINED,
    }
}

/// `Error.prepareStackTrace` and an object as `Error.stackTraceLimit` are user code that QuickJS
/// runs when it records a stack. Sets them aside.
struct QuietStack {
    prepare: Option<Value>,
    limit: Option<Value>,
}

impl QuietStack {
    fn begin(cx: &mut Scope<'_>) -> Self {
        let intrinsics = cx.state.intrinsics();
        let mut object = |index: usize| {
            let getter = &intrinsics.error_accessors[index];
            call_accessor(cx, getter, &intrinsics.error, None)
                .filter(|found| value::tag(found.raw(cx)) == qjs::JS_TAG_OBJECT)
        };
        let quiet = Self {
            prepare: object(PREPARE_GET),
            limit: object(LIMIT_GET),
        };
        let undefined = Value::immediate(Word::UNDEFINED);
        let ten = Value::immediate(Word::number_i32(10));
        quiet.write(cx, Some(&undefined), Some(&ten));
        quiet
    }

    fn end(self, cx: &mut Scope<'_>) {
        self.write(cx, self.prepare.as_ref(), self.limit.as_ref());
    }

    /// Writes those of the two that were set aside.
    fn write(&self, cx: &mut Scope<'_>, prepare: Option<&Value>, limit: Option<&Value>) {
        let intrinsics = cx.state.intrinsics();
        let accessors = &intrinsics.error_accessors;
        if self.prepare.is_some() {
            call_accessor(cx, &accessors[PREPARE_SET], &intrinsics.error, prepare);
        }
        if self.limit.is_some() {
            call_accessor(cx, &accessors[LIMIT_SET], &intrinsics.error, limit);
        }
    }
}

const PREPARE_GET: usize = 0;
const PREPARE_SET: usize = 1;
const LIMIT_GET: usize = 2;
const LIMIT_SET: usize = 3;

/// Calls an intrinsic accessor, which runs no user code.
pub(crate) fn call_accessor(
    cx: &mut Scope<'_>,
    accessor: &Value,
    this: &Value,
    argument: Option<&Value>,
) -> Option<Value> {
    let mut argv = argument.map(|argument| argument.raw(cx));
    let (argc, argv) = match &mut argv {
        Some(argument) => (1, std::ptr::from_mut(argument)),
        None => (0, std::ptr::null_mut()),
    };
    // SAFETY: valid values, and `argc` of them behind `argv`.
    let raw = unsafe { qjs::JS_Call(cx.ctx, accessor.raw(cx), this.raw(cx), argc, argv) };
    completion(cx, raw).ok()
}
