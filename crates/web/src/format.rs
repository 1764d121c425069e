//! [Formatter](https://console.spec.whatwg.org/#formatter): the arguments of a logging call as one
//! text, as Node's `util.format` has it.

use std::rc::Rc;

use sinew_bridge::{Completion, JsHost, ObjectClass, Throw, ValueType};

use crate::Web;
use crate::builtins::Builtin;
use crate::console::OUTPUT_LIMIT;
use crate::inspect::{Inspector, Options};

/// Formats `values`. Runs user code only for conversions: `%s`, `%d`, `%i`, `%f` and `%j`.
pub(crate) fn format<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    values: &[J::Value],
) -> Completion<J, String> {
    let realm = web.realm(cx)?;
    let mut formatter = Formatter {
        inspector: Inspector::new(web, &realm.builtins, Options::new(web.color)),
        color: web.color,
    };
    formatter.run(cx, values)
}

struct Formatter<'a, J: JsHost> {
    inspector: Inspector<'a, J>,
    color: bool,
}

impl<J: JsHost> Formatter<'_, J> {
    fn run(&mut self, cx: &mut J::Scope<'_>, values: &[J::Value]) -> Completion<J, String> {
        let mut out = String::new();
        let mut rest = values;
        if let Some((first, others)) = values.split_first()
            && matches!(J::type_of(first), ValueType::String)
        {
            let template = J::as_text(cx, first).unwrap_or_default();
            let used = self.substitute(cx, &template, others, &mut out)?;
            rest = &others[used..];
        }
        for (i, value) in rest.iter().enumerate() {
            if out.len() > OUTPUT_LIMIT {
                break;
            }
            if i > 0 || rest.len() < values.len() {
                out.push(' ');
            }
            match J::type_of(value) {
                ValueType::String => {
                    let text = J::as_text(cx, value).unwrap_or_default();
                    out += &self.inspector.clean(&text);
                }
                _ => out += &self.inspector.inspect(cx, value)?,
            }
        }
        Ok(out)
    }

    /// Writes `template` with its format specifiers replaced; returns how many of `values` it used.
    fn substitute(
        &mut self,
        cx: &mut J::Scope<'_>,
        template: &str,
        values: &[J::Value],
        out: &mut String,
    ) -> Completion<J, usize> {
        let mut used = 0;
        let mut rest = template;
        // A sole string is printed as it is.
        while !values.is_empty()
            && out.len() <= OUTPUT_LIMIT
            && let Some(at) = rest.find('%')
        {
            *out += &self.inspector.clean(&rest[..at]);
            let specifier = rest.as_bytes().get(at + 1).copied();
            let value = values.get(used);
            let replacement = match (specifier, value) {
                (Some(b'%'), _) => Some("%".to_owned()),
                (Some(specifier), Some(value)) => {
                    let text = self.convert(cx, specifier, value)?;
                    used += usize::from(text.is_some());
                    text
                }
                _ => None,
            };
            match replacement {
                Some(text) => {
                    *out += &text;
                    rest = &rest[at + 2..];
                }
                None => {
                    out.push('%');
                    rest = &rest[at + 1..];
                }
            }
        }
        *out += &self.inspector.clean(rest);
        Ok(used)
    }

    /// `None` if `%` and this letter are no format specifier.
    fn convert(
        &mut self,
        cx: &mut J::Scope<'_>,
        specifier: u8,
        value: &J::Value,
    ) -> Completion<J, Option<String>> {
        let text = match specifier {
            b's' => self.string(cx, value)?,
            b'd' => self.number(cx, value, None)?,
            b'i' => self.number(cx, value, Some(Builtin::ParseInt))?,
            b'f' => self.number(cx, value, Some(Builtin::ParseFloat))?,
            b'j' => self.json(cx, value)?,
            b'O' => self.inspector.inspect(cx, value)?,
            b'o' => {
                let options = Options {
                    depth: 4,
                    show_hidden: true,
                    ..Options::new(self.color)
                };
                self.inspector.other(options).inspect(cx, value)?
            }
            // Styles mean nothing here.
            b'c' => String::new(),
            _ => return Ok(None),
        };
        Ok(Some(text))
    }

    fn string(&mut self, cx: &mut J::Scope<'_>, value: &J::Value) -> Completion<J, String> {
        let plain = Options::new(false);
        let text = match J::type_of(value) {
            ValueType::Number | ValueType::BigInt | ValueType::Symbol => {
                self.inspector.other(plain).inspect(cx, value)?
            }
            ValueType::Object if self.inspector.has_builtin_to_string(cx, value)? => {
                let options = Options { depth: 0, ..plain };
                self.inspector.other(options).inspect(cx, value)?
            }
            _ => {
                let string = J::to_string(cx, value)?;
                J::as_text(cx, &string).unwrap_or_default()
            }
        };
        Ok(self.inspector.clean(&text))
    }

    /// `%d`, and by a function that parses text `%i` and `%f`.
    fn number(
        &mut self,
        cx: &mut J::Scope<'_>,
        value: &J::Value,
        parse: Option<Builtin>,
    ) -> Completion<J, String> {
        let number = match (J::type_of(value), parse) {
            (ValueType::BigInt, None | Some(Builtin::ParseInt)) => value.clone(),
            (ValueType::Symbol, _) => J::number(f64::NAN),
            (_, None) => J::number(J::to_number(cx, value)?),
            (_, Some(parse)) => {
                let undefined = J::undefined();
                let args = std::slice::from_ref(value);
                let parsed = self
                    .inspector
                    .builtins
                    .call_with(cx, parse, &undefined, args)?;
                parsed.unwrap_or_else(|| J::number(f64::NAN))
            }
        };
        self.inspector
            .other(Options::new(false))
            .inspect(cx, &number)
    }

    fn json(&mut self, cx: &mut J::Scope<'_>, value: &J::Value) -> Completion<J, String> {
        let undefined = J::undefined();
        let args = std::slice::from_ref(value);
        let builtins = self.inspector.builtins;
        let text = match builtins.call_with(cx, Builtin::JsonStringify, &undefined, args) {
            Ok(text) => text.and_then(|text| J::as_text(cx, &text)),
            Err(Throw::Value(error)) if self.is_cycle(cx, &error)? => Some("[Circular]".to_owned()),
            Err(error) => return Err(error),
        };
        let text = text.unwrap_or_else(|| "undefined".to_owned());
        Ok(self.inspector.clean(&text))
    }

    /// Whether `JSON.stringify` met a cycle. As in Node, the engine's message tells.
    fn is_cycle(&mut self, cx: &mut J::Scope<'_>, error: &J::Value) -> Completion<J, bool> {
        if J::object_class(cx, error) != Some(ObjectClass::Error) {
            return Ok(false);
        }
        let message = self.inspector.find_text(cx, error, "message")?;
        Ok(message.is_some_and(|text| text.contains("circular") || text.contains("cyclic")))
    }
}
