//! Functions and classes.

use sinew_bridge::{Completion, JsHost, PropertyKind, ValueType};

use super::Inspector;
use super::shape::Title;
use crate::builtins::Builtin;

/// The classes of functions that are no plain ones.
const SPECIAL: [&str; 3] = [
    "AsyncFunction",
    "GeneratorFunction",
    "AsyncGeneratorFunction",
];

impl<J: JsHost> Inspector<'_, J> {
    /// `[Function: name]` or `[class Name]`
    pub(super) fn function(
        &mut self,
        cx: &mut J::Scope<'_>,
        value: &J::Value,
        title: &Title,
    ) -> Completion<J, String> {
        if self.is_class(cx, value)? {
            return self.class(cx, value, title);
        }
        let class = title.name.as_deref();
        // What these are is in their class: they have slots, but no operation tells of them.
        let kind = class
            .filter(|class| SPECIAL.contains(class))
            .unwrap_or("Function");
        let mut base = format!("[{kind}");
        if class.is_none() {
            base += " (null prototype)";
        }
        let name = self.find(cx, value, "name".into())?.map(|name| name.value);
        let name = match name {
            Some(name) if J::as_number(&name).is_some() => Some(self.number(cx, &name)?),
            Some(name) => J::as_text(cx, &name),
            None => None,
        };
        match name {
            Some(name) if !name.is_empty() => base += &format!(": {}", self.clean(&name)),
            _ => base += " (anonymous)",
        }
        base.push(']');
        if let Some(class) = class
            && class != kind
        {
            base += &format!(" {class}");
        }
        if !title.tag.is_empty() && class != Some(&title.tag) {
            base += &format!(" [{}]", title.tag);
        }
        Ok(base)
    }

    fn class(
        &mut self,
        cx: &mut J::Scope<'_>,
        value: &J::Value,
        title: &Title,
    ) -> Completion<J, String> {
        let name = self.function_name(cx, value)?;
        let name = name.unwrap_or_else(|| "(anonymous)".to_owned());
        let mut base = format!("[class {}", self.clean(&name));
        if let Some(class) = &title.name
            && class != "Function"
        {
            base += &format!(" [{class}]");
        }
        if !title.tag.is_empty() && title.name.as_ref() != Some(&title.tag) {
            base += &format!(" [{}]", title.tag);
        }
        let parent = J::get_prototype(cx, value)?;
        match J::type_of(&parent) {
            ValueType::Null => base += " extends [null prototype]",
            _ => {
                if let Some(parent) = self.function_name(cx, &parent)? {
                    base += &format!(" extends {}", self.clean(&parent));
                }
            }
        }
        base.push(']');
        Ok(base)
    }

    fn is_class(&self, cx: &mut J::Scope<'_>, value: &J::Value) -> Completion<J, bool> {
        // Of functions with a source text, only a class or a frozen function is so.
        let prototype = J::get_own_property(cx, value, "prototype".into())?;
        let Some(PropertyKind::Data {
            writable: false, ..
        }) = prototype.map(|property| property.kind)
        else {
            return Ok(false);
        };
        if !J::is_ecmascript_function(cx, value) {
            return Ok(self.builtins.is_class(value));
        }
        // An engine that keeps no source text of classes calls them native.
        Ok(match self.function_text(cx, value)? {
            Some(text) => text.starts_with("class") || is_native(&text),
            None => true,
        })
    }

    /// The source text of a function; `None` if taking it might run a getter, which an engine does
    /// that looks up the `name` of a native function.
    fn function_text(
        &self,
        cx: &mut J::Scope<'_>,
        value: &J::Value,
    ) -> Completion<J, Option<String>> {
        let name = J::get_own_property(cx, value, "name".into())?;
        match name.map(|name| name.kind) {
            Some(PropertyKind::Data { value: name, .. })
                if matches!(J::type_of(&name), ValueType::String) =>
            {
                self.builtins.text(cx, Builtin::FunctionText, value)
            }
            _ => Ok(None),
        }
    }

    /// Whether a function is built in, or bound.
    pub(super) fn is_native_function(
        &self,
        cx: &mut J::Scope<'_>,
        value: &J::Value,
    ) -> Completion<J, bool> {
        let text = self.function_text(cx, value)?;
        Ok(text.is_some_and(|text| is_native(&text)))
    }
}

fn is_native(text: &str) -> bool {
    text.trim_end_matches(|c: char| c.is_whitespace() || c == '}')
        .ends_with("[native code]")
}
