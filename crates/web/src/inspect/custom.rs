//! Objects that say themselves what they look like, by a method under
//! [`Symbol.for('nodejs.util.inspect.custom')`](https://nodejs.org/api/util.html#utilinspectcustom).

use std::rc::Rc;

use sinew_bridge::class::{create_function, plain_object};
use sinew_bridge::stack::{HEADROOM, StackBounds};
use sinew_bridge::{Completion, JsHost, ObjectClass, Property, PropertyKey, Throw};

use super::{Inspector, Options, Style};
use crate::{Web, webidl};

/// Calls of such methods, one for what another returned, after which no more are made.
const MAX_CALLS: usize = 32;

impl<J: JsHost> Inspector<'_, J> {
    /// What the object's own method says; `None` if it has none, or it returns the object. Runs user
    /// code; what that throws is thrown by the whole inspection, as in Node.
    pub(super) fn custom(
        &mut self,
        cx: &mut J::Scope<'_>,
        value: &J::Value,
        level: usize,
    ) -> Completion<J, Option<String>> {
        if !self.options.custom || self.calls >= MAX_CALLS || !has_stack() {
            return Ok(None);
        }
        let Some(method) = self.custom_method(cx, value)? else {
            return Ok(None);
        };
        let depth = self.options.depth.saturating_sub_unsigned(level);
        let args = [
            match self.options.depth {
                isize::MAX => J::null(),
                _ => J::number(depth as f64),
            },
            self.user_options(cx, depth)?,
            create_function(cx, self.web, "inspect", 2, inspect)?,
        ];
        let result = J::call(cx, &method, value, &args);
        self.threw |= matches!(result, Err(Throw::Value(_)));
        let result = result?;
        if J::identity(&result).is_some() && J::identity(&result) == J::identity(value) {
            return Ok(None);
        }
        if let Some(text) = J::as_text(cx, &result) {
            self.spend(&text);
            let text = self.clean(&text);
            let line = format!("\n{}", " ".repeat(self.indentation));
            return Ok(Some(text.replace('\n', &line)));
        }
        self.calls += 1;
        let text = self.value(cx, &result, level);
        self.calls -= 1;
        text.map(Some)
    }

    /// The method, which prototypes do not have for themselves.
    fn custom_method(
        &self,
        cx: &mut J::Scope<'_>,
        value: &J::Value,
    ) -> Completion<J, Option<J::Value>> {
        if J::object_class(cx, value) == Some(ObjectClass::Proxy) {
            return Ok(None);
        }
        let Some(symbol) = self.builtins.inspect_custom(cx)? else {
            return Ok(None);
        };
        let method = self.find(cx, value, PropertyKey::Value(&symbol))?;
        let Some(method) = method.filter(|method| J::is_callable(cx, &method.value)) else {
            return Ok(None);
        };
        if let Some(constructor) = self.own_data(cx, value, "constructor".into())?
            && J::identity(&constructor).is_some()
            && let Some(proto) = self.own_data(cx, &constructor, "prototype".into())?
            && J::identity(&proto) == J::identity(value)
        {
            return Ok(None);
        }
        Ok(Some(method.value))
    }

    /// The second argument of the method.
    fn user_options(&self, cx: &mut J::Scope<'_>, depth: isize) -> Completion<J> {
        let options = &self.options;
        let number = |number: usize| match number {
            usize::MAX => J::number(f64::INFINITY),
            number => J::number(number as f64),
        };
        let stylize = create_function(
            cx,
            self.web,
            "stylize",
            2,
            match options.color {
                true => stylize_with_color,
                false => stylize,
            },
        )?;
        let depth = match options.depth {
            isize::MAX => J::null(),
            _ => J::number(depth as f64),
        };
        let object = plain_object::<J>(cx)?;
        for (name, value) in [
            ("stylize", stylize),
            ("showHidden", J::boolean(options.show_hidden)),
            ("depth", depth),
            ("colors", J::boolean(options.color)),
            ("customInspect", J::boolean(options.custom)),
            ("showProxy", J::boolean(false)),
            ("maxArrayLength", number(options.max_elements)),
            ("maxStringLength", number(options.max_string)),
            ("breakLength", number(options.break_length)),
            ("compact", number(options.compact)),
            ("sorted", J::boolean(options.sorted)),
            ("getters", J::boolean(false)),
            ("numericSeparator", J::boolean(false)),
        ] {
            J::define_property(cx, &object, name.into(), Property::data(value))?;
        }
        Ok(object)
    }
}

/// Whether there is stack enough to go a level deeper.
pub(super) fn has_stack() -> bool {
    StackBounds::of_current_thread().remaining() > HEADROOM
}

/// `inspect(value, options)`, the third argument of the method.
fn inspect<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    let value = J::arg(cx, args, 0);
    let given = J::arg(cx, args, 1);
    let mut options = Options::new(false);
    if webidl::is_object::<J>(&given) {
        options = options.with_members_of::<J>(cx, &given)?;
    }
    let realm = web.realm(cx)?;
    let text = Inspector::new(web, &realm.builtins, options).inspect(cx, &value)?;
    J::string(cx, &text)
}

/// `stylize(text, type)` of the options, without colours.
fn stylize<J: JsHost>(cx: &mut J::Scope<'_>, _: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    let text = J::arg(cx, args, 0);
    J::to_string(cx, &text)
}

fn stylize_with_color<J: JsHost>(
    cx: &mut J::Scope<'_>,
    _: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let text = J::arg(cx, args, 0);
    let text = webidl::usv_string::<J>(cx, &text)?;
    let kind = J::arg(cx, args, 1);
    let style = match J::as_text(cx, &kind).as_deref() {
        Some("special") => Style::Special,
        Some("number" | "bigint" | "boolean") => Style::Number,
        Some("undefined") => Style::Undefined,
        Some("null") => Style::Null,
        Some("string" | "symbol") => Style::String,
        Some("date") => Style::Date,
        Some("regexp") => Style::RegExp,
        _ => return J::string(cx, &text),
    };
    J::string(cx, &style.paint(&text))
}
