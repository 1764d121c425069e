//! [`console`](https://console.spec.whatwg.org/), printing as Node does.

use std::collections::HashMap;
use std::rc::Rc;
use std::time::Instant;

use sinew_bridge::class::{Method, define_methods, plain_object};
use sinew_bridge::{
    Completion, ErrorClass, JsHost, Property, PropertyKey, ValueType, WellKnownSymbol,
};

use crate::format::format;
use crate::globals::Global;
use crate::inspect::{Inspector, Options};
use crate::{Web, webidl};

mod labels;
mod table;

/// The most that one call prints, in bytes.
pub(crate) const OUTPUT_LIMIT: usize = 10 << 20;

const CUT: &str = "\n... the output was cut at 10 MiB";

/// Columns of indentation at which groups stop to move the text.
const INDENTATION_LIMIT: usize = 200;

/// The state of the namespace object: its group stack, count map and timer table.
#[derive(Default)]
pub(crate) struct Console {
    groups: usize,
    counts: HashMap<String, u64>,
    timers: HashMap<String, Instant>,
}

/// The two ends of the [printer](https://console.spec.whatwg.org/#printer).
#[derive(Clone, Copy)]
enum Stream {
    Out,
    Err,
}

/// [`console`](https://console.spec.whatwg.org/#console-namespace)
fn console<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>) -> Completion<J> {
    let proto = plain_object::<J>(cx)?;
    let console = J::create_object(cx, &proto)?;
    define_methods(cx, web, &console, Web::CONSOLE_OPERATIONS)?;
    let tag = J::string(cx, "console")?;
    let to_string_tag = PropertyKey::Symbol(WellKnownSymbol::ToStringTag);
    J::define_property(cx, &console, to_string_tag, Property::readonly(tag))?;
    Ok(console)
}

macro_rules! operations {
    ($($name:literal => $body:expr,)*) => {
        &[$(Method { name: $name, length: 0, body: $body },)*]
    };
}

impl<J: JsHost> Web<J> {
    pub(crate) const CONSOLE: &'static [Global<J>] = &[Global::namespace("console", console)];

    const CONSOLE_OPERATIONS: &'static [Method<J, Self>] = operations! {
        "assert" => assert,
        "clear" => clear,
        "debug" => log,
        "error" => error,
        "info" => log,
        "log" => log,
        "trace" => trace,
        "warn" => error,
        "dir" => dir,
        "dirxml" => log,
        "table" => table::table,
        "count" => labels::count,
        "countReset" => labels::count_reset,
        "group" => group,
        "groupCollapsed" => group,
        "groupEnd" => group_end,
        "time" => labels::time,
        "timeLog" => labels::time_log,
        "timeEnd" => labels::time_end,
    };

    fn print(&self, stream: Stream, text: &str) {
        let columns = (self.console.borrow().groups * 2).min(INDENTATION_LIMIT);
        let line = indent(text, columns);
        match stream {
            Stream::Out => (self.stdout.borrow_mut())(&line),
            Stream::Err => (self.stderr.borrow_mut())(&line),
        }
    }
}

/// The text as whole lines of a group, cut at the limit.
fn indent(text: &str, columns: usize) -> String {
    let mut out = String::with_capacity(text.len().min(OUTPUT_LIMIT) + columns + 1);
    for (i, line) in text.split('\n').enumerate() {
        if i > 0 {
            out.push('\n');
        }
        if columns > 0 {
            out.extend(std::iter::repeat_n(' ', columns));
        }
        let room = OUTPUT_LIMIT.saturating_sub(out.len());
        if line.len() > room || room == 0 {
            out.push_str(&line[..line.floor_char_boundary(room)]);
            out.push_str(CUT);
            break;
        }
        out.push_str(line);
    }
    out.push('\n');
    out
}

fn arguments<J: JsHost>(cx: &mut J::Scope<'_>, args: J::Args<'_>, from: usize) -> Vec<J::Value> {
    (from..J::args_len(args))
        .map(|i| J::arg(cx, args, i))
        .collect()
}

/// The [logger](https://console.spec.whatwg.org/#logger)
fn print_arguments<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    stream: Stream,
    values: &[J::Value],
) -> Completion<J> {
    let text = format(cx, web, values)?;
    web.print(stream, &text);
    Ok(J::undefined())
}

/// `log(...data)`, and what is as loud.
fn log<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    let values = arguments::<J>(cx, args, 0);
    print_arguments(cx, web, Stream::Out, &values)
}

/// `error(...data)` and `warn(...data)`
fn error<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    let values = arguments::<J>(cx, args, 0);
    print_arguments(cx, web, Stream::Err, &values)
}

/// [`assert(condition, ...data)`](https://console.spec.whatwg.org/#assert)
fn assert<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    let condition = J::arg(cx, args, 0);
    if J::to_boolean(cx, &condition) {
        return Ok(J::undefined());
    }
    let mut values = arguments::<J>(cx, args, 1);
    let first = values.first().map(J::type_of);
    match (first, values.first_mut()) {
        (Some(ValueType::String), Some(first)) => {
            let text = J::as_text(cx, first).unwrap_or_default();
            *first = J::string(cx, &format!("Assertion failed: {text}"))?;
        }
        _ => values.insert(0, J::string(cx, "Assertion failed")?),
    }
    print_arguments(cx, web, Stream::Err, &values)
}

/// [`clear()`](https://console.spec.whatwg.org/#clear): there is no screen that is ours to clear.
fn clear<J: JsHost>(_: &mut J::Scope<'_>, web: &Rc<Web<J>>, _: J::Args<'_>) -> Completion<J> {
    web.console.borrow_mut().groups = 0;
    Ok(J::undefined())
}

/// [`trace(...data)`](https://console.spec.whatwg.org/#trace)
fn trace<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    let here = J::create_error(cx, ErrorClass::Error, None, "");
    let stack = J::error_stack(cx, &here);
    let values = arguments::<J>(cx, args, 0);
    let mut text = "Trace".to_owned();
    if !values.is_empty() {
        text += ": ";
        text += &format(cx, web, &values)?;
    }
    for (i, frame) in stack.lines().map(str::trim).enumerate() {
        // The first frame of some engines is this function.
        let is_this = i == 0 && frame.starts_with("at trace (native");
        if !frame.is_empty() && !is_this {
            text += "\n    ";
            text += &crate::inspect::clean(frame, web.color);
        }
    }
    web.print(Stream::Err, &text);
    Ok(J::undefined())
}

/// [`dir(item, options)`](https://console.spec.whatwg.org/#dir), with Node's options.
fn dir<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    let item = J::arg(cx, args, 0);
    let options = J::arg(cx, args, 1);
    let mut shown = Options {
        custom: false,
        ..Options::new(web.color)
    };
    if let Some(options) = webidl::dictionary::<J>(cx, options, "the options of dir")? {
        shown = shown.with_members_of::<J>(cx, &options)?;
    }
    let realm = web.realm(cx)?;
    let text = Inspector::new(web, &realm.builtins, shown).inspect(cx, &item)?;
    web.print(Stream::Out, &text);
    Ok(J::undefined())
}

/// [`group(...data)`](https://console.spec.whatwg.org/#group), which is `groupCollapsed`, too.
fn group<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    if J::args_len(args) > 0 {
        log::<J>(cx, web, args)?;
    }
    web.console.borrow_mut().groups += 1;
    Ok(J::undefined())
}

/// [`groupEnd()`](https://console.spec.whatwg.org/#groupend)
fn group_end<J: JsHost>(_: &mut J::Scope<'_>, web: &Rc<Web<J>>, _: J::Args<'_>) -> Completion<J> {
    let mut console = web.console.borrow_mut();
    console.groups = console.groups.saturating_sub(1);
    Ok(J::undefined())
}

#[cfg(test)]
mod tests {
    use super::{CUT, OUTPUT_LIMIT, indent};

    #[test]
    fn output_is_bounded() {
        let text = indent(&"\n".repeat(OUTPUT_LIMIT), 200);
        assert!(text.ends_with(&format!("{CUT}\n")));
        assert!(text.len() < OUTPUT_LIMIT + 1000);
        let text = indent(&"é".repeat(OUTPUT_LIMIT), 1);
        assert!(text.ends_with(&format!("é{CUT}\n")));
        assert!(text.len() < OUTPUT_LIMIT + 100);
    }
}
