//! The errors of the Rust API.

use sinew_bridge::{Completion, JsHost, PropertyKey, Reason, Throw, ValueType, WasmEngine};
use sinew_registry::Resolver;

use crate::agent::Agent;
use crate::missing::MissingGlobal;

/// What went wrong in a [`Runtime`](crate::Runtime).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    stack: String,
    missing: Option<Box<MissingGlobal>>,
}

/// What kind of failure an [`Error`] is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// JavaScript threw a value that nobody caught. `class` is the error's `name`
    /// (`"TypeError"`, `"CompileError"`, `"LinkError"`, `"RuntimeError"`, ...), empty when the value
    /// is no error.
    Exception {
        /// The error's `name`.
        class: String,
    },
    /// The deadline passed.
    Deadline,
    /// The runtime was stopped through its [`InterruptHandle`](crate::InterruptHandle).
    Interrupted,
    /// A host function panicked, now or earlier: the runtime is poisoned.
    Panicked,
    /// A promise that was waited for can never settle: nothing is left to run.
    Unsettled,
    /// The runtime could not be set up.
    Setup,
}

impl Error {
    /// What kind of failure it is.
    pub fn kind(&self) -> &ErrorKind {
        &self.kind
    }

    /// The message, without the class.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The JavaScript stack trace, one `at` line a frame; empty when there is none.
    pub fn stack(&self) -> &str {
        &self.stack
    }

    /// The global behind a `ReferenceError`, if a package or program used one that is not here:
    /// `Buffer is not defined`.
    pub fn missing_global(&self) -> Option<&MissingGlobal> {
        self.missing.as_deref()
    }

    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            stack: String::new(),
            missing: None,
        }
    }

    pub(crate) fn setup(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Setup, message)
    }

    /// The error of a throw completion. `resolver` finds the packages behind files.
    pub(crate) fn of_throw<J: JsHost, W: WasmEngine>(
        cx: &mut J::Scope<'_>,
        agent: &Agent<J, W>,
        resolver: Option<&Resolver>,
        throw: &Throw<J::Value>,
    ) -> Self {
        let Throw::Value(value) = throw else {
            return Self::of_termination(agent);
        };
        let (class, message) = (class_of::<J>(cx, value), message_of::<J>(cx, value));
        let stack = J::error_stack(cx, value);
        let missing = MissingGlobal::of_error(resolver, &class, &message, &stack);
        Self {
            kind: ErrorKind::Exception { class },
            message,
            stack,
            missing: missing.map(Box::new),
        }
    }

    /// The error of an agent that was stopped.
    pub(crate) fn of_termination<J: JsHost, W: WasmEngine>(agent: &Agent<J, W>) -> Self {
        match agent.termination.reason() {
            Some(Reason::Deadline) => Self::new(ErrorKind::Deadline, "the deadline passed"),
            Some(Reason::Panicked) => {
                let panic = agent.termination.panic_message().unwrap_or_default();
                Self::new(
                    ErrorKind::Panicked,
                    format!("the runtime is poisoned: a host function panicked: {panic}"),
                )
            }
            Some(Reason::Interrupted) | None => {
                Self::new(ErrorKind::Interrupted, "the runtime was interrupted")
            }
        }
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.kind {
            ErrorKind::Exception { class } if !class.is_empty() => {
                write!(f, "{class}: {}", self.message)
            }
            ErrorKind::Exception { .. } => write!(f, "uncaught {}", self.message),
            _ => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for Error {}

/// A throw completion in a few words.
pub(crate) fn describe<J: JsHost>(cx: &mut J::Scope<'_>, throw: &Throw<J::Value>) -> String {
    match throw {
        Throw::Terminated => "terminated".to_owned(),
        Throw::Value(value) => {
            let (class, message) = (class_of::<J>(cx, value), message_of::<J>(cx, value));
            match class.is_empty() {
                true => message,
                false => format!("{class}: {message}"),
            }
        }
    }
}

/// Whether a value is an Object.
pub(crate) fn is_object<J: JsHost>(value: &J::Value) -> bool {
    matches!(J::type_of(value), ValueType::Object | ValueType::Function)
}

/// A property that is a String, as text; what its getter throws does not matter here.
fn text_property<J: JsHost>(
    cx: &mut J::Scope<'_>,
    object: &J::Value,
    name: &str,
) -> Option<String> {
    let value: Completion<J> = J::get(cx, object, PropertyKey::Name(name));
    J::as_text(cx, &value.ok()?)
}

/// The `name` of an error; empty for other values.
fn class_of<J: JsHost>(cx: &mut J::Scope<'_>, value: &J::Value) -> String {
    match is_object::<J>(value) {
        true => text_property::<J>(cx, value, "name").unwrap_or_default(),
        false => String::new(),
    }
}

/// The `message` of an error, or the value itself as text.
pub(crate) fn message_of<J: JsHost>(cx: &mut J::Scope<'_>, value: &J::Value) -> String {
    if is_object::<J>(value)
        && let Some(message) = text_property::<J>(cx, value, "message")
    {
        return message;
    }
    if J::type_of(value) == ValueType::Symbol {
        return "a symbol".to_owned();
    }
    match J::to_string(cx, value) {
        Ok(text) => J::as_text(cx, &text).unwrap_or_default(),
        Err(_) => "a value that cannot be shown".to_owned(),
    }
}
