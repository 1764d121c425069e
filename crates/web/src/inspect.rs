//! Values as text, as Node's
//! [`util.inspect`](https://nodejs.org/api/util.html#utilinspectobject-options) shows them.
//!
//! No user code runs but the methods by which objects say themselves what they look like
//! (`inspect/custom.rs`): getters are named, not called; a proxy is only called one; what an engine
//! keeps in internal slots is read by captured [built-ins](crate::builtins). Whatever else throws
//! makes its object a note, not the whole text. The work is bounded by the output.

use std::rc::Rc;

use sinew_bridge::{Completion, JsHost, ObjectClass, PropertyKind, Throw, ValueType};

use crate::Web;
use crate::builtins::{Builtin, Builtins};
use crate::console::OUTPUT_LIMIT;

mod content;
mod custom;
mod error;
mod function;
mod host;
mod layout;
mod lookup;
mod options;
mod quote;
mod shape;

pub(crate) use host::{Show, attributes};
pub(crate) use layout::width;
use lookup::Entry;
pub(crate) use options::Options;
pub(crate) use quote::clean;

/// What a piece of text is, for its colour.
#[derive(Clone, Copy)]
pub(crate) enum Style {
    Special,
    Number,
    Boolean,
    Undefined,
    Null,
    String,
    Symbol,
    Date,
    RegExp,
}

impl Style {
    /// The text in the colour that Node gives it.
    fn paint(self, text: &str) -> String {
        let (on, off) = match self {
            Style::Special => (36, 39),
            Style::Number | Style::Boolean => (33, 39),
            Style::Undefined => (90, 39),
            Style::Null => (1, 22),
            Style::String | Style::Symbol => (32, 39),
            Style::Date => (35, 39),
            Style::RegExp => (31, 39),
        };
        format!("\u{1b}[{on}m{text}\u{1b}[{off}m")
    }
}

/// One inspection.
pub(crate) struct Inspector<'a, J: JsHost> {
    web: &'a Rc<Web<J>>,
    pub(crate) builtins: &'a Builtins<J>,
    options: Options,
    /// The objects being shown, outermost first, by identity.
    seen: Vec<usize>,
    /// Those of them that were met again, in the order of their reference numbers.
    circular: Vec<usize>,
    indentation: usize,
    /// The level of the object shown last.
    current_level: usize,
    /// Bytes of output that are left.
    left: usize,
    /// How many methods of user code led here.
    calls: usize,
    /// Whether one of them threw.
    threw: bool,
}

impl<'a, J: JsHost> Inspector<'a, J> {
    pub(crate) fn new(web: &'a Rc<Web<J>>, builtins: &'a Builtins<J>, options: Options) -> Self {
        Self {
            web,
            builtins,
            options,
            seen: Vec::new(),
            circular: Vec::new(),
            indentation: 0,
            current_level: 0,
            left: OUTPUT_LIMIT,
            calls: 0,
            threw: false,
        }
    }

    /// Another inspection in the same realm.
    pub(crate) fn other(&self, options: Options) -> Self {
        Self::new(self.web, self.builtins, options)
    }

    /// The text of `value`. Runs user code only if an object has a method that says what it looks
    /// like. Fails when that throws, and when the runtime is terminated.
    pub(crate) fn inspect(
        &mut self,
        cx: &mut J::Scope<'_>,
        value: &J::Value,
    ) -> Completion<J, String> {
        self.seen.clear();
        self.circular.clear();
        self.indentation = 0;
        self.current_level = 0;
        let mut text = self.value(cx, value, 0)?;
        if self.left == 0 {
            text += "\n... the rest is not shown";
        }
        Ok(text)
    }

    /// Text of the guest's, fit for where it goes.
    pub(crate) fn clean(&self, text: &str) -> String {
        clean(text, self.options.color)
    }

    fn style(&self, style: Style, text: &str) -> String {
        match self.options.color {
            true => style.paint(text),
            false => text.to_owned(),
        }
    }

    /// Takes from the output that is left what `text` needs, on a line of its own at worst.
    pub(crate) fn spend(&mut self, text: &str) {
        self.left = self.left.saturating_sub(text.len() + self.indentation + 2);
    }

    /// Whether no output is left.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.left == 0
    }

    /// Changes the nesting of objects that is shown.
    pub(crate) fn set_depth(&mut self, depth: isize) {
        self.options.depth = depth;
    }

    fn value(
        &mut self,
        cx: &mut J::Scope<'_>,
        value: &J::Value,
        level: usize,
    ) -> Completion<J, String> {
        if self.left == 0 {
            return Ok(String::new());
        }
        let Some(class) = J::object_class(cx, value) else {
            let text = self.primitive(cx, value)?;
            self.spend(&text);
            return Ok(text);
        };
        let (seen, indentation) = (self.seen.len(), self.indentation);
        let completion = match self.custom(cx, value, level) {
            Ok(None) => self.raw(cx, value, class, level),
            Ok(Some(text)) => Ok(text),
            Err(throw) => Err(throw),
        };
        match completion {
            Err(Throw::Value(_)) if !self.threw => {
                self.seen.truncate(seen);
                self.indentation = indentation;
                self.spend("");
                Ok(self.style(Style::Special, "<inspection failed>"))
            }
            result => result,
        }
    }

    /// An object as it is.
    fn raw(
        &mut self,
        cx: &mut J::Scope<'_>,
        value: &J::Value,
        class: ObjectClass,
        level: usize,
    ) -> Completion<J, String> {
        let identity = J::identity(value).unwrap_or_default();
        if self.seen.contains(&identity) {
            let text = format!("[Circular *{}]", self.reference(identity));
            self.spend(&text);
            return Ok(self.style(Style::Special, &text));
        }
        self.object(cx, value, class, level)
    }

    /// The number of a circular reference to this object.
    fn reference(&mut self, identity: usize) -> usize {
        if let Some(index) = self.circular.iter().position(|&other| other == identity) {
            return index + 1;
        }
        self.circular.push(identity);
        self.circular.len()
    }

    fn primitive(&mut self, cx: &mut J::Scope<'_>, value: &J::Value) -> Completion<J, String> {
        let text = match J::type_of(value) {
            ValueType::String => return self.string(cx, value),
            ValueType::Undefined => self.style(Style::Undefined, "undefined"),
            ValueType::Null => self.style(Style::Null, "null"),
            ValueType::Boolean => {
                let text = J::as_boolean(value).unwrap_or_default().to_string();
                self.style(Style::Boolean, &text)
            }
            ValueType::Symbol => {
                let text = self.builtins.text(cx, Builtin::SymbolText, value)?;
                let text = self.clean(&text.unwrap_or_else(|| "Symbol()".to_owned()));
                self.style(Style::Symbol, &text)
            }
            _ => {
                let text = self.number(cx, value)?;
                self.style(Style::Number, &text)
            }
        };
        Ok(text)
    }

    /// A Number or BigInt.
    fn number(&mut self, cx: &mut J::Scope<'_>, value: &J::Value) -> Completion<J, String> {
        if J::as_number(value).is_some_and(|number| number == 0.0 && number.is_sign_negative()) {
            return Ok("-0".to_owned());
        }
        let string = match J::to_string(cx, value) {
            Ok(string) => string,
            Err(Throw::Value(_)) => return Ok("<too long>".to_owned()),
            Err(Throw::Terminated) => return Err(Throw::Terminated),
        };
        let mut text = J::as_text(cx, &string).unwrap_or_default();
        if matches!(J::type_of(value), ValueType::BigInt) {
            text.push('n');
        }
        Ok(text)
    }

    /// A String in quotes; a long one is broken after its newlines.
    fn string(&mut self, cx: &mut J::Scope<'_>, value: &J::Value) -> Completion<J, String> {
        let length = J::string_len(cx, value).unwrap_or_default();
        let limit = self.options.max_string.min(OUTPUT_LIMIT);
        let shown = match length > limit {
            true => J::string_substring(cx, value, 0..limit)?,
            false => value.clone(),
        };
        let shown = J::as_utf16(cx, &shown).unwrap_or_default();
        let room = (self.options.break_length).saturating_sub(self.indentation + 4);
        let mut text = if shown.len() > 16 && shown.len() > room {
            let joint = format!(" +\n{}", " ".repeat(self.indentation + 2));
            let lines = shown.split_inclusive(|&unit| unit == u16::from(b'\n'));
            let lines: Vec<_> = lines
                .map(|line| self.style(Style::String, &quote::quote(line)))
                .collect();
            lines.join(&joint)
        } else {
            self.style(Style::String, &quote::quote(&shown))
        };
        match length - shown.len() {
            0 => {}
            1 => text += "... 1 more character",
            more => text += &format!("... {more} more characters"),
        }
        Ok(text)
    }

    fn object(
        &mut self,
        cx: &mut J::Scope<'_>,
        value: &J::Value,
        class: ObjectClass,
        level: usize,
    ) -> Completion<J, String> {
        if class == ObjectClass::Proxy {
            // Its target is the handler's business.
            self.spend("[Proxy]");
            return Ok(self.style(Style::Special, "[Proxy]"));
        }
        let mut shape = self.shape(cx, value, class)?;
        self.spend(&shape.base);
        self.spend(&shape.open);
        let is_too_deep = self.options.is_too_deep(level) || !custom::has_stack();
        if shape.is_complete(is_too_deep) {
            return Ok(match shape.base.is_empty() {
                true => format!("{}{}", shape.open, shape.close),
                false => shape.base,
            });
        }
        if is_too_deep {
            return Ok(self.style(Style::Special, &shape.short));
        }

        let level = level + 1;
        let identity = J::identity(value).unwrap_or_default();
        self.seen.push(identity);
        self.current_level = level;
        let mut list = self.content(cx, value, &shape.content, level)?;
        for entry in std::mem::take(&mut shape.keys) {
            if self.left == 0 {
                break;
            }
            list.entries.push(self.property(cx, &entry, level)?);
            list.numeric = false;
        }
        self.seen.pop();
        if let Some(index) = self.circular.iter().position(|&other| other == identity) {
            let text = self.style(Style::Special, &format!("<ref *{}>", index + 1));
            shape.base = match shape.base.is_empty() {
                true => text,
                false => format!("{text} {}", shape.base),
            };
        }
        let nested = self.current_level - level;
        let options = &self.options;
        Ok(layout::reduce(
            list,
            &shape,
            self.indentation,
            nested,
            options,
        ))
    }

    /// `key: value`
    fn property(
        &mut self,
        cx: &mut J::Scope<'_>,
        entry: &Entry<J>,
        level: usize,
    ) -> Completion<J, String> {
        let value = self.property_value(cx, entry, level)?;
        let name = self.property_name(cx, &entry.key, entry.property.enumerable)?;
        self.spend(&name);
        Ok(format!("{name}: {value}"))
    }

    /// The value of a property, or what it has instead.
    fn property_value(
        &mut self,
        cx: &mut J::Scope<'_>,
        entry: &Entry<J>,
        level: usize,
    ) -> Completion<J, String> {
        let text = match &entry.property.kind {
            PropertyKind::Data { value, .. } => {
                self.indentation += 2;
                let text = self.value(cx, value, level)?;
                self.indentation -= 2;
                return Ok(text);
            }
            PropertyKind::Accessor { get, set } => match (get, set) {
                (Some(_), Some(_)) => "[Getter/Setter]",
                (Some(_), None) => "[Getter]",
                (None, Some(_)) => "[Setter]",
                (None, None) => return Ok(self.style(Style::Undefined, "undefined")),
            },
        };
        self.spend(text);
        Ok(self.style(Style::Special, text))
    }

    fn property_name(
        &mut self,
        cx: &mut J::Scope<'_>,
        key: &J::Value,
        enumerable: bool,
    ) -> Completion<J, String> {
        if matches!(J::type_of(key), ValueType::Symbol) {
            let text = self.builtins.text(cx, Builtin::SymbolText, key)?;
            let text = quote::escape(&text.unwrap_or_default());
            return Ok(format!("[{}]", self.style(Style::Symbol, &text)));
        }
        let units = J::as_utf16(cx, key).unwrap_or_default();
        let text = String::from_utf16_lossy(&units);
        Ok(if text == "__proto__" {
            "['__proto__']".to_owned()
        } else if !enumerable {
            format!("[{}]", quote::escape(&text))
        } else if quote::is_identifier(&text) {
            text
        } else {
            self.style(Style::String, &quote::quote(&units))
        })
    }
}
