//! Exceptions, completions, errors and their stacks.

use std::any::Any;

use boa_engine::builtins::error::Error;
use boa_engine::error::{EngineError, PanicError};
use boa_engine::property::{PropertyDescriptor, PropertyKey as BoaKey};
use boa_engine::{Context, JsError, JsNativeError, JsObject, JsString, JsValue, js_string};
use sinew_bridge::{ErrorClass, Throw};

use crate::scope::Scope;

/// The two ways between Boa's errors and the seam's completions.
pub(crate) trait Trap {
    /// What `error` is for the embedder.
    ///
    /// Boa keeps "engine errors" from `catch`, `finally` and promise reactions. Its recursion and
    /// loop limits become a RangeError here, so that they are catchable from the boundary on; its
    /// internal panics poison the runtime.
    fn throw_completion(&mut self, error: JsError) -> Throw<JsValue>;

    /// What makes Boa unwind with `throw`.
    fn js_error(&mut self, throw: Throw<JsValue>) -> JsError;

    /// Begins the end: from here on no JavaScript runs.
    fn terminate(&mut self) -> Throw<JsValue>;

    /// Poisons the runtime after a panic.
    fn panicked(&mut self, payload: &(dyn Any + Send)) -> Throw<JsValue>;
}

impl Trap for Scope<'_> {
    fn throw_completion(&mut self, error: JsError) -> Throw<JsValue> {
        if self.ended() {
            return self.terminate();
        }
        match error.as_engine() {
            None => match error.into_opaque(self.context) {
                Ok(value) => Throw::Value(value),
                Err(_) => self.terminate(),
            },
            Some(EngineError::RuntimeLimit(_)) => Throw::Value(stack_overflow(self.context)),
            Some(EngineError::Panic(panic)) => {
                let message: Box<dyn Any + Send> = Box::new(panic.message().to_owned());
                self.panicked(&*message)
            }
            #[allow(
                unreachable_patterns,
                reason = "a feature of Boa that a dependent may switch on adds one"
            )]
            Some(_) => self.terminate(),
        }
    }

    #[cold]
    fn js_error(&mut self, throw: Throw<JsValue>) -> JsError {
        match throw {
            Throw::Value(value) => JsError::from_opaque(value),
            Throw::Terminated => {
                self.terminate();
                // Any engine error would do: this kind is what Boa itself cannot recover from.
                EngineError::from(PanicError::new("terminated")).into()
            }
        }
    }

    #[cold]
    fn terminate(&mut self) -> Throw<JsValue> {
        self.state.terminated.set(true);
        // Boa's built-ins close iterators also when the error cannot be caught, by calling the
        // iterator's `return`. With no calls and no loops left that user code does not run.
        let limits = self.context.runtime_limits_mut();
        limits.set_recursion_limit(0);
        limits.set_loop_iteration_limit(0);
        Throw::Terminated
    }

    #[cold]
    fn panicked(&mut self, payload: &(dyn Any + Send)) -> Throw<JsValue> {
        self.state.termination.set_panicked(payload);
        self.terminate()
    }
}

/// The RangeError of endless recursion.
#[cold]
pub(crate) fn stack_overflow(context: &mut Context) -> JsValue {
    JsNativeError::range()
        .with_message("Maximum call stack size exceeded")
        .into_opaque(context)
        .into()
}

pub(crate) fn create_error(
    cx: &mut Scope<'_>,
    class: ErrorClass,
    proto: Option<&JsValue>,
    message: &str,
) -> JsValue {
    let constructors = cx.context.intrinsics().constructors();
    let constructor = match class {
        ErrorClass::Error => constructors.error(),
        ErrorClass::TypeError => constructors.type_error(),
        ErrorClass::RangeError => constructors.range_error(),
        ErrorClass::SyntaxError => constructors.syntax_error(),
        ErrorClass::ReferenceError => constructors.reference_error(),
    }
    .constructor();
    let message = JsValue::from(JsString::from(message));
    // The intrinsic constructor takes the stack trace. It looks up its own `prototype`, which
    // user code cannot change.
    let error = cx.unlimited(|context| constructor.construct(&[message], None, context));
    let error = error.unwrap_or_else(|_| JsNativeError::error().into_opaque(cx.context));
    if let Some(proto) = proto {
        error.set_prototype(proto.as_object());
    }
    error.into()
}

/// A throw completion with a new error.
#[cold]
pub(crate) fn throw(cx: &mut Scope<'_>, class: ErrorClass, message: &str) -> Throw<JsValue> {
    Throw::Value(create_error(cx, class, None, message))
}

fn stack_key() -> BoaKey {
    js_string!("stack").into()
}

/// The text of the `stack` of an error: what was assigned to it, or Boa's own.
fn stack_text(cx: &mut Scope<'_>, error: &JsObject) -> String {
    let own = error.borrow().properties().get(&stack_key());
    let assigned = own.and_then(|property| property.value().and_then(JsValue::as_string));
    if let Some(text) = assigned {
        return text.to_std_string_lossy();
    }
    let Some(intrinsics) = cx.intrinsics() else {
        return String::new();
    };
    let this = error.clone().into();
    cx.unlimited(|context| intrinsics.error_stack.call(&this, &[], context))
        .ok()
        .and_then(|value| value.as_string())
        .map_or_else(String::new, |text| text.to_std_string_lossy())
}

fn as_error(value: &JsValue) -> Option<JsObject> {
    value.as_object().filter(|object| object.is::<Error>())
}

pub(crate) fn error_stack(cx: &mut Scope<'_>, error: &JsValue) -> String {
    let Some(error) = as_error(error) else {
        return String::new();
    };
    let text = stack_text(cx, &error);
    let frames: Vec<&str> = text.lines().filter(|line| is_frame(line)).collect();
    frames.join("\n")
}

fn is_frame(line: &str) -> bool {
    line.trim_start().starts_with("at ")
}

pub(crate) fn prepend_stack(cx: &mut Scope<'_>, error: &JsValue, frames: &[String]) {
    let Some(error) = as_error(error) else { return };
    let own = stack_text(cx, &error);
    let mut lines = own.lines().peekable();
    let mut text = String::new();
    let mut push = |line: &str| {
        text.push_str(line);
        text.push('\n');
    };
    // Whatever stands above the first frame stays there.
    while let Some(line) = lines.next_if(|line| !is_frame(line)) {
        push(line);
    }
    for frame in frames {
        push(&format!("    {}", frame.trim()));
    }
    lines.for_each(push);
    let property = PropertyDescriptor::builder()
        .value(JsString::from(text.as_str()))
        .writable(true)
        .enumerable(false)
        .configurable(true);
    // A frozen error keeps the stack it has.
    let _ = error.define_property_or_throw(stack_key(), property, cx.context);
}
