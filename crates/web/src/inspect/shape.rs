//! What an object looks like apart from its entries.

use std::rc::Rc;

use sinew_bridge::{Completion, JsHost, ObjectClass, PromiseState};

use super::host::Show;
use super::lookup::{Entry, fallback_name};
use super::{Inspector, Style};
use crate::builtins::Builtin;

/// An object before its entries are formatted.
pub(super) struct Shape<J: JsHost> {
    /// What stands before the brace, or alone when there are no entries.
    pub(super) base: String,
    /// The opening brace, with the class's name.
    pub(super) open: String,
    pub(super) close: &'static str,
    /// What stands for all of it where nesting is too deep.
    pub(super) short: String,
    /// The entries that are no properties.
    pub(super) content: Content<J>,
    /// The properties.
    pub(super) keys: Vec<Entry<J>>,
    /// Whether entries have an order to be seen: many of them make a table.
    pub(super) list: bool,
}

/// What an object has besides properties.
pub(super) enum Content<J: JsHost> {
    None,
    /// An Array of this length.
    Array(usize),
    /// A typed array of this length.
    TypedArray(usize),
    /// A Set of this size.
    Set(usize),
    /// A Map of this size.
    Map(usize),
    /// An ArrayBuffer or SharedArrayBuffer.
    Buffer,
    DataView,
    Promise(PromiseState<J::Value>),
    /// A WeakMap or WeakSet.
    Weak,
    /// An object of this crate's classes.
    Host(Rc<Show<J>>),
    /// A module namespace, with its exported names.
    Namespace(Vec<J::Value>),
}

impl<J: JsHost> Shape<J> {
    /// Whether there is nothing between the braces.
    pub(super) fn is_complete(&self, too_deep: bool) -> bool {
        matches!(self.content, Content::None)
            && (self.keys.is_empty() || too_deep && self.base.starts_with('/'))
    }
}

/// The constructor's name and the string tag of an object.
pub(super) struct Title {
    pub(super) name: Option<String>,
    pub(super) tag: String,
}

impl Title {
    /// The text before a brace, with a space at its end.
    pub(super) fn prefix(&self, fallback: &str, size: &str) -> String {
        let tag = &self.tag;
        match &self.name {
            None if !tag.is_empty() && fallback != tag => {
                format!("[{fallback}{size}: null prototype] [{tag}] ")
            }
            None => format!("[{fallback}{size}: null prototype] "),
            Some(name) if !tag.is_empty() && name != tag => format!("{name}{size} [{tag}] "),
            Some(name) => format!("{name}{size} "),
        }
    }

    fn is(&self, name: &str) -> bool {
        self.name.as_deref() == Some(name)
    }
}

impl<J: JsHost> Inspector<'_, J> {
    pub(super) fn shape(
        &mut self,
        cx: &mut J::Scope<'_>,
        value: &J::Value,
        class: ObjectClass,
    ) -> Completion<J, Shape<J>> {
        let name = self.class_name_of(cx, value)?;
        let tag = match class {
            // There it is a getter.
            ObjectClass::TypedArray if name.is_some() => self
                .builtins
                .typed_array_name(cx, value)?
                .unwrap_or_default(),
            _ => self.tag(cx, value)?,
        };
        let title = Title { name, tag };
        let fallback = match fallback_name::<J>(cx, value) {
            fallback if fallback == title.tag => "Object",
            fallback => fallback,
        };
        let prefix = title.prefix(fallback, "");
        let short = match &title.name {
            Some(_) => format!("[{}]", prefix.trim_end()),
            None => prefix.trim_end().to_owned(),
        };
        let mut shape = Shape {
            base: String::new(),
            open: format!("{}{{", title.prefix(fallback_name::<J>(cx, value), "")),
            close: "}",
            short,
            content: Content::None,
            keys: Vec::new(),
            list: false,
        };
        let class = match class {
            _ if self.is_error(cx, value, class)? => ObjectClass::Error,
            class if title.is("Object") && is_shown_by_constructor(class) => ObjectClass::Ordinary,
            class => class,
        };
        match class {
            ObjectClass::Array | ObjectClass::TypedArray => {
                self.list_shape(cx, value, class, &title, &mut shape)?;
            }
            ObjectClass::Set | ObjectClass::Map => {
                self.collection_shape(cx, value, class, &title, &mut shape)?;
            }
            ObjectClass::Namespace => {
                shape.content = Content::Namespace(J::own_keys(cx, value)?);
            }
            ObjectClass::Primitive => self.primitive_shape(cx, value, &title, &mut shape)?,
            ObjectClass::Error => {
                shape.keys = self.keys(cx, value, None)?;
                shape.open = "{".to_owned();
                shape.base = self.error(cx, value, &title, &mut shape.keys)?;
            }
            _ => {
                shape.keys = self.keys(cx, value, None)?;
                self.other_shape(cx, value, class, &title, &mut shape)?;
            }
        }
        Ok(shape)
    }

    fn list_shape(
        &mut self,
        cx: &mut J::Scope<'_>,
        value: &J::Value,
        class: ObjectClass,
        title: &Title,
        shape: &mut Shape<J>,
    ) -> Completion<J, ()> {
        let is_array = class == ObjectClass::Array;
        let (length, fallback) = if is_array {
            let length = self.own_data(cx, value, "length".into())?;
            (length.as_ref().and_then(J::as_number), "Array".to_owned())
        } else {
            let length = self.builtins.number(cx, Builtin::TypedArrayLength, value)?;
            let name = self.builtins.typed_array_name(cx, value)?;
            (length, name.unwrap_or_else(|| "TypedArray".to_owned()))
        };
        let length = length.unwrap_or_default() as usize;
        shape.open = match is_array && title.is("Array") && title.tag.is_empty() {
            true => "[".to_owned(),
            false => format!("{}[", title.prefix(&fallback, &format!("({length})"))),
        };
        shape.close = "]";
        shape.list = true;
        shape.keys = self.keys(cx, value, Some(length))?;
        shape.content = match (length, is_array) {
            (0, _) => Content::None,
            (_, true) => Content::Array(length),
            (_, false) => Content::TypedArray(length),
        };
        Ok(())
    }

    fn collection_shape(
        &mut self,
        cx: &mut J::Scope<'_>,
        value: &J::Value,
        class: ObjectClass,
        title: &Title,
        shape: &mut Shape<J>,
    ) -> Completion<J, ()> {
        let (fallback, size) = match class {
            ObjectClass::Set => ("Set", Builtin::SetSize),
            _ => ("Map", Builtin::MapSize),
        };
        let size = self.builtins.number(cx, size, value)?.unwrap_or_default() as usize;
        shape.open = format!("{}{{", title.prefix(fallback, &format!("({size})")));
        shape.keys = self.keys(cx, value, None)?;
        shape.content = match (size, class) {
            (0, _) => Content::None,
            (_, ObjectClass::Set) => Content::Set(size),
            _ => Content::Map(size),
        };
        Ok(())
    }

    fn primitive_shape(
        &mut self,
        cx: &mut J::Scope<'_>,
        value: &J::Value,
        title: &Title,
        shape: &mut Shape<J>,
    ) -> Completion<J, ()> {
        let kinds = [
            (Builtin::NumberValue, "Number", Style::Number),
            (Builtin::StringValue, "String", Style::String),
            (Builtin::BooleanValue, "Boolean", Style::Boolean),
            (Builtin::BigIntValue, "BigInt", Style::Number),
            (Builtin::SymbolValue, "Symbol", Style::Symbol),
        ];
        for (builtin, kind, style) in kinds {
            let Some(primitive) = self.builtins.call(cx, builtin, value)? else {
                continue;
            };
            let length = J::as_utf16(cx, &primitive).map(|units| units.len());
            shape.keys = self.keys(cx, value, length)?;
            let color = std::mem::take(&mut self.options.color);
            let text = self.primitive(cx, &primitive);
            self.options.color = color;
            let text = self.clean(&text?);
            let class = match &title.name {
                None => " (null prototype)".to_owned(),
                Some(name) if name != kind => format!(" ({name})"),
                Some(_) => String::new(),
            };
            let mut base = format!("[{kind}{class}: {text}]");
            if !title.tag.is_empty() && !title.is(&title.tag) {
                base += &format!(" [{}]", title.tag);
            }
            shape.base = match shape.keys.is_empty() {
                true => self.style(style, &base),
                false => base,
            };
            shape.open = "{".to_owned();
            return Ok(());
        }
        shape.keys = self.keys(cx, value, None)?;
        Ok(())
    }

    fn other_shape(
        &mut self,
        cx: &mut J::Scope<'_>,
        value: &J::Value,
        class: ObjectClass,
        title: &Title,
        shape: &mut Shape<J>,
    ) -> Completion<J, ()> {
        let base = match class {
            ObjectClass::Function => Some((self.function(cx, value, title)?, Style::Special)),
            ObjectClass::RegExp => Some((self.regexp(cx, value, title)?, Style::RegExp)),
            ObjectClass::Date => Some((self.date(cx, value, title)?, Style::Date)),
            _ => None,
        };
        if let Some((base, style)) = base {
            shape.open = "{".to_owned();
            shape.base = match shape.keys.is_empty() {
                true => self.style(style, &base),
                false => base,
            };
            return Ok(());
        }
        match class {
            ObjectClass::ArrayBuffer | ObjectClass::SharedArrayBuffer => {
                shape.content = Content::Buffer;
            }
            ObjectClass::DataView => shape.content = Content::DataView,
            ObjectClass::WeakMap | ObjectClass::WeakSet => shape.content = Content::Weak,
            ObjectClass::Promise => {
                let state = J::promise_state(cx, value).unwrap_or(PromiseState::Pending);
                shape.content = Content::Promise(state);
            }
            ObjectClass::Platform if let Some(show) = self.host_show(cx, value)? => {
                let name = title.name.as_deref().unwrap_or("Object");
                shape.open = format!("{name} {{");
                shape.short = format!("[{name}]");
                shape.keys.clear();
                if !self.is_empty(cx, value, &show)? {
                    shape.content = Content::Host(show);
                }
            }
            _ if title.is("Object") && title.tag.is_empty() => {
                shape.open = match self.is_arguments(cx, value)? {
                    true => "[Arguments] {".to_owned(),
                    false => "{".to_owned(),
                };
            }
            _ => {}
        }
        Ok(())
    }

    fn regexp(
        &mut self,
        cx: &mut J::Scope<'_>,
        value: &J::Value,
        title: &Title,
    ) -> Completion<J, String> {
        let flags = [
            (Builtin::RegExpHasIndices, 'd'),
            (Builtin::RegExpGlobal, 'g'),
            (Builtin::RegExpIgnoreCase, 'i'),
            (Builtin::RegExpMultiline, 'm'),
            (Builtin::RegExpDotAll, 's'),
            (Builtin::RegExpUnicode, 'u'),
            (Builtin::RegExpUnicodeSets, 'v'),
            (Builtin::RegExpSticky, 'y'),
        ];
        let source = self.builtins.text(cx, Builtin::RegExpSource, value)?;
        let mut text = format!("/{}/", self.clean(&source.unwrap_or_default()));
        for (builtin, flag) in flags {
            let is_set = self.builtins.call(cx, builtin, value)?;
            if is_set.as_ref().and_then(J::as_boolean) == Some(true) {
                text.push(flag);
            }
        }
        Ok(with_class(title, "RegExp", text))
    }

    fn date(
        &mut self,
        cx: &mut J::Scope<'_>,
        value: &J::Value,
        title: &Title,
    ) -> Completion<J, String> {
        // Fails for an invalid date.
        let text = self.builtins.text(cx, Builtin::DateIso, value)?;
        let text = text.unwrap_or_else(|| "Invalid Date".to_owned());
        Ok(with_class(title, "Date", text))
    }

    fn is_arguments(&mut self, cx: &mut J::Scope<'_>, value: &J::Value) -> Completion<J, bool> {
        let callee = J::get_own_property(cx, value, "callee".into())?;
        if callee.is_none_or(|callee| callee.enumerable) {
            return Ok(false);
        }
        // With neither tag nor getter of one on its chain this runs no user code.
        if self.may_have_tag(cx, value)? {
            return Ok(false);
        }
        let text = self.builtins.text(cx, Builtin::ObjectText, value)?;
        Ok(text.as_deref() == Some("[object Arguments]"))
    }
}

/// Whether Node shows such an object as a plain one where its constructor is `Object`.
fn is_shown_by_constructor(class: ObjectClass) -> bool {
    use ObjectClass::{ArrayBuffer, DataView, Date, Primitive, Promise, RegExp, SharedArrayBuffer};
    use ObjectClass::{WeakMap, WeakRef, WeakSet};
    matches!(
        class,
        ArrayBuffer | SharedArrayBuffer | DataView | Date | Primitive | Promise
    ) || matches!(class, RegExp | WeakMap | WeakSet | WeakRef)
}

fn with_class(title: &Title, class: &str, text: String) -> String {
    match title.prefix(class, "") {
        prefix if prefix.trim_end() == class => text,
        prefix => format!("{prefix}{text}"),
    }
}
