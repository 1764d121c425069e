//! The errors of what cannot be cloned, in Node's words.

use sinew_bridge::{JsHost, Throw, ValueType};

use super::serialize::Serializer;
use crate::builtins::Builtin;
use crate::inspect::{Inspector, Options};

impl<J: JsHost> Serializer<'_, J> {
    /// A "DataCloneError" DOMException.
    #[cold]
    pub(super) fn data_clone_error(&self, cx: &mut J::Scope<'_>, message: &str) -> Throw<J::Value> {
        self.web.dom_exception(cx, "DataCloneError", message)
    }

    /// A "DataCloneError" DOMException that names the value. Runs no user code.
    #[cold]
    pub(super) fn uncloneable(&self, cx: &mut J::Scope<'_>, value: &J::Value) -> Throw<J::Value> {
        let builtins = &self.realm.builtins;
        let text = match J::type_of(value) {
            ValueType::Symbol => builtins.text(cx, Builtin::SymbolText, value),
            ValueType::Function => builtins.text(cx, Builtin::FunctionText, value),
            _ => Inspector::new(self.web, builtins, Options::new(false))
                .class_name_of(cx, value)
                .map(|name| Some(format!("#<{}>", name.as_deref().unwrap_or("Object")))),
        };
        match text {
            Ok(text) => {
                let text = text.unwrap_or_else(|| "The value".to_owned());
                self.data_clone_error(cx, &format!("{text} could not be cloned."))
            }
            Err(throw) => throw,
        }
    }
}
