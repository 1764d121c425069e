//! [`DOMException`](https://webidl.spec.whatwg.org/#idl-DOMException).

use std::marker::PhantomData;
use std::rc::Rc;

use sinew_bridge::class::{Class, ClassSpec};
use sinew_bridge::{
    Completion, ErrorClass, Intrinsic, JsHost, Property, PropertyKind, Throw, ValueType, trace,
};

use crate::globals::{Global, readonly};
use crate::structured_clone::Deserialize;
use crate::{Web, webidl};

/// The names that have a [legacy code](https://webidl.spec.whatwg.org/#dfn-error-names-table).
const CODES: &[(&str, i32)] = &[
    ("IndexSizeError", 1),
    ("HierarchyRequestError", 3),
    ("WrongDocumentError", 4),
    ("InvalidCharacterError", 5),
    ("NoModificationAllowedError", 7),
    ("NotFoundError", 8),
    ("NotSupportedError", 9),
    ("InUseAttributeError", 10),
    ("InvalidStateError", 11),
    ("SyntaxError", 12),
    ("InvalidModificationError", 13),
    ("NamespaceError", 14),
    ("InvalidAccessError", 15),
    ("TypeMismatchError", 17),
    ("SecurityError", 18),
    ("NetworkError", 19),
    ("AbortError", 20),
    ("URLMismatchError", 21),
    ("QuotaExceededError", 22),
    ("TimeoutError", 23),
    ("InvalidNodeTypeError", 24),
    ("DataCloneError", 25),
];

impl<J: JsHost> Web<J> {
    pub(crate) const DOM_EXCEPTIONS: &'static [Global<J>] =
        &[Global::interface(&Self::DOM_EXCEPTION)];

    pub(crate) const DOM_EXCEPTION: ClassSpec<J, Self> = ClassSpec {
        name: "DOMException",
        display: "DOMException",
        constructor,
        accessors: &[
            readonly("name", name),
            readonly("message", message),
            readonly("code", code),
        ],
        constants: &[
            ("INDEX_SIZE_ERR", 1),
            ("DOMSTRING_SIZE_ERR", 2),
            ("HIERARCHY_REQUEST_ERR", 3),
            ("WRONG_DOCUMENT_ERR", 4),
            ("INVALID_CHARACTER_ERR", 5),
            ("NO_DATA_ALLOWED_ERR", 6),
            ("NO_MODIFICATION_ALLOWED_ERR", 7),
            ("NOT_FOUND_ERR", 8),
            ("NOT_SUPPORTED_ERR", 9),
            ("INUSE_ATTRIBUTE_ERR", 10),
            ("INVALID_STATE_ERR", 11),
            ("SYNTAX_ERR", 12),
            ("INVALID_MODIFICATION_ERR", 13),
            ("NAMESPACE_ERR", 14),
            ("INVALID_ACCESS_ERR", 15),
            ("VALIDATION_ERR", 16),
            ("TYPE_MISMATCH_ERR", 17),
            ("SECURITY_ERR", 18),
            ("NETWORK_ERR", 19),
            ("ABORT_ERR", 20),
            ("URL_MISMATCH_ERR", 21),
            ("QUOTA_EXCEEDED_ERR", 22),
            ("TIMEOUT_ERR", 23),
            ("INVALID_NODE_TYPE_ERR", 24),
            ("DATA_CLONE_ERR", 25),
        ],
        more: Some(inherit),
        ..ClassSpec::BASE
    };

    /// A throw completion with a new DOMException.
    #[cold]
    pub(crate) fn dom_exception(
        self: &Rc<Self>,
        cx: &mut J::Scope<'_>,
        name: &str,
        message: &str,
    ) -> Throw<J::Value> {
        match self.create_dom_exception(cx, name, message) {
            Ok(exception) => Throw::Value(exception),
            Err(throw) => throw,
        }
    }

    /// [Creates a DOMException](https://webidl.spec.whatwg.org/#dfn-create-exception).
    pub(crate) fn create_dom_exception(
        self: &Rc<Self>,
        cx: &mut J::Scope<'_>,
        name: &str,
        message: &str,
    ) -> Completion<J> {
        let units = |text: &str| text.encode_utf16().collect();
        let state = DomException::new(units(name), units(message));
        let stack = captured_stack::<J>(cx, &state)?;
        let exception = self.create(cx, &Web::DOM_EXCEPTION, state)?;
        define_stack::<J>(cx, &exception, stack)?;
        Ok(exception)
    }
}

/// A DOMException object.
pub(crate) struct DomException<J: JsHost> {
    name: Vec<u16>,
    message: Vec<u16>,
    _engine: PhantomData<J>,
}

trace!(
    struct DomException {}
);

impl<J: JsHost> DomException<J> {
    fn new(name: Vec<u16>, message: Vec<u16>) -> Self {
        Self {
            name,
            message,
            _engine: PhantomData,
        }
    }

    /// Its name, lone surrogates replaced.
    pub(crate) fn name(&self) -> String {
        String::from_utf16_lossy(&self.name)
    }

    /// Its message, lone surrogates replaced.
    pub(crate) fn message(&self) -> String {
        String::from_utf16_lossy(&self.message)
    }
}

/// Its prototype is an error's.
fn inherit<J: JsHost>(
    cx: &mut J::Scope<'_>,
    _: &Rc<Web<J>>,
    class: &Class<J>,
) -> Completion<J, ()> {
    let error = J::intrinsic(cx, Intrinsic::ErrorPrototype);
    J::set_prototype(cx, &class.prototype, &error)
}

/// What engines give errors: a stack trace of this moment, below name and message.
fn captured_stack<J: JsHost>(cx: &mut J::Scope<'_>, exception: &DomException<J>) -> Completion<J> {
    let (name, message) = (exception.name(), exception.message());
    let error = J::create_error(cx, ErrorClass::Error, None, &message);
    let frames = J::error_stack(cx, &error);
    let head = match message.is_empty() {
        true => name,
        false => format!("{name}: {message}"),
    };
    J::string(cx, &format!("{head}\n{frames}"))
}

/// Gives an exception a `stack` of its own.
fn define_stack<J: JsHost>(
    cx: &mut J::Scope<'_>,
    exception: &J::Value,
    stack: J::Value,
) -> Completion<J, ()> {
    J::define_property(cx, exception, "stack".into(), Property::hidden(stack))
}

/// [`new DOMException(message, name)`](https://webidl.spec.whatwg.org/#dom-domexception-domexception)
fn constructor<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let mut strings = ["", "Error"].map(|text| text.encode_utf16().collect());
    for (i, string) in strings.iter_mut().enumerate() {
        let value = J::arg(cx, args, i);
        if !webidl::is_missing::<J>(&value) {
            *string = webidl::dom_string::<J>(cx, &value)?;
        }
    }
    let [message, name] = strings;
    let state = DomException::new(name, message);
    let stack = captured_stack::<J>(cx, &state)?;
    let exception = web.construct(cx, args, &Web::DOM_EXCEPTION, state)?;
    define_stack::<J>(cx, &exception, stack)?;
    Ok(exception)
}

/// [Serialization steps](https://webidl.spec.whatwg.org/#idl-DOMException) of a DOMException: with
/// its stack, which they allow.
pub(crate) fn serialize<J: JsHost>(
    cx: &mut J::Scope<'_>,
    value: &J::Value,
) -> Completion<J, Option<Deserialize<J>>> {
    let Some(state) = J::state::<DomException<J>>(cx, value) else {
        return Ok(None);
    };
    let (name, message) = (state.name.clone(), state.message.clone());
    let stack = match J::get_own_property(cx, value, "stack".into())? {
        Some(Property {
            kind: PropertyKind::Data { value, .. },
            ..
        }) => Some(value).filter(|value| matches!(J::type_of(value), ValueType::String)),
        _ => None,
    };
    Ok(Some(Box::new(move |cx, web| {
        let exception = web.create(cx, &Web::DOM_EXCEPTION, DomException::new(name, message))?;
        if let Some(stack) = stack {
            define_stack::<J>(cx, &exception, stack)?;
        }
        Ok(exception)
    })))
}

fn this<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Web<J>,
    args: J::Args<'_>,
) -> Completion<J, Rc<DomException<J>>> {
    web.this(cx, args, &Web::DOM_EXCEPTION)
}

/// [`name`](https://webidl.spec.whatwg.org/#dom-domexception-name)
fn name<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    let this = this(cx, web, args)?;
    J::string_utf16(cx, &this.name)
}

/// [`message`](https://webidl.spec.whatwg.org/#dom-domexception-message)
fn message<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    let this = this(cx, web, args)?;
    J::string_utf16(cx, &this.message)
}

/// [`code`](https://webidl.spec.whatwg.org/#dom-domexception-code)
fn code<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    let this = this(cx, web, args)?;
    let name = this.name();
    let code = CODES.iter().find(|(other, _)| *other == name);
    Ok(J::number_i32(code.map_or(0, |(_, code)| *code)))
}
