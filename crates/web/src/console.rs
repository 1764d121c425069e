//! [`console`](https://console.spec.whatwg.org/), printing as Node does.

use std::collections::HashMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use sinew_bridge::class::{Method, define_methods, plain_object};
use sinew_bridge::{
    Completion, ErrorClass, JsHost, Property, PropertyKey, ValueType, WellKnownSymbol,
};

use crate::format::format;
use crate::globals::Global;
use crate::inspect::{Inspector, Options};
use crate::{Web, webidl};

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
        "count" => count,
        "countReset" => count_reset,
        "group" => group,
        "groupCollapsed" => group,
        "groupEnd" => group_end,
        "time" => time,
        "timeLog" => time_log,
        "timeEnd" => time_end,
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
    web: &Web<J>,
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

/// [`dir(item, options)`](https://console.spec.whatwg.org/#dir), with Node's `depth` and
/// `showHidden`.
fn dir<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    let item = J::arg(cx, args, 0);
    let options = J::arg(cx, args, 1);
    let options = webidl::dictionary::<J>(cx, options, "the options of dir")?;
    let show_hidden = webidl::boolean_member::<J>(cx, &options, "showHidden")?;
    let mut shown = Options {
        show_hidden,
        ..Options::new(web.color)
    };
    if let Some(options) = options {
        let depth = J::get(cx, &options, "depth".into())?;
        match (J::type_of(&depth), J::as_number(&depth)) {
            (ValueType::Null, _) => shown.depth = usize::MAX,
            // `as` saturates: Infinity is the greatest depth.
            (_, Some(depth)) if depth >= 0.0 => shown.depth = depth as usize,
            _ => {}
        }
    }
    let realm = web.realm(cx)?;
    let text = Inspector::new(&realm.builtins, shown).inspect(cx, &item)?;
    web.print(Stream::Out, &text);
    Ok(J::undefined())
}

/// The label argument, "default" if it is missing. Runs user code.
fn label<J: JsHost>(cx: &mut J::Scope<'_>, args: J::Args<'_>) -> Completion<J, String> {
    let label = J::arg(cx, args, 0);
    match J::type_of(&label) {
        ValueType::Undefined => Ok("default".to_owned()),
        _ => webidl::usv_string::<J>(cx, &label),
    }
}

fn print_label<J: JsHost>(web: &Web<J>, stream: Stream, text: &str) -> Completion<J> {
    web.print(stream, &crate::inspect::clean(text, web.color));
    Ok(J::undefined())
}

/// [`count(label)`](https://console.spec.whatwg.org/#count)
fn count<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    let label = label::<J>(cx, args)?;
    let text = {
        let mut console = web.console.borrow_mut();
        let count = console.counts.entry(label.clone()).or_default();
        *count += 1;
        format!("{label}: {count}")
    };
    print_label(web, Stream::Out, &text)
}

/// [`countReset(label)`](https://console.spec.whatwg.org/#countreset)
fn count_reset<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let label = label::<J>(cx, args)?;
    if web.console.borrow_mut().counts.remove(&label).is_some() {
        return Ok(J::undefined());
    }
    let text = format!("Warning: Count for '{label}' does not exist");
    print_label(web, Stream::Err, &text)
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

/// [`time(label)`](https://console.spec.whatwg.org/#time)
fn time<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    let label = label::<J>(cx, args)?;
    if web.console.borrow().timers.contains_key(&label) {
        let text = format!("Warning: Label '{label}' already exists for console.time()");
        return print_label(web, Stream::Err, &text);
    }
    let mut console = web.console.borrow_mut();
    console.timers.insert(label, Instant::now());
    Ok(J::undefined())
}

/// [`timeLog(label, ...data)`](https://console.spec.whatwg.org/#timelog)
fn time_log<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let label = label::<J>(cx, args)?;
    let start = web.console.borrow().timers.get(&label).copied();
    let Some(start) = start else {
        return no_such_label(web, &label, "timeLog");
    };
    let mut text = format!("{label}: {}", duration(start.elapsed()));
    text = crate::inspect::clean(&text, web.color);
    let values = arguments::<J>(cx, args, 1);
    if !values.is_empty() {
        // As data after a first string, where nothing is a format specifier.
        let empty = J::string(cx, "")?;
        let values: Vec<_> = std::iter::once(empty).chain(values).collect();
        text += &format(cx, web, &values)?;
    }
    web.print(Stream::Out, &text);
    Ok(J::undefined())
}

/// [`timeEnd(label)`](https://console.spec.whatwg.org/#timeend)
fn time_end<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let label = label::<J>(cx, args)?;
    let start = web.console.borrow_mut().timers.remove(&label);
    match start {
        Some(start) => {
            let text = format!("{label}: {}", duration(start.elapsed()));
            print_label(web, Stream::Out, &text)
        }
        None => no_such_label(web, &label, "timeEnd"),
    }
}

fn no_such_label<J: JsHost>(web: &Web<J>, label: &str, method: &str) -> Completion<J> {
    let text = format!("Warning: No such label '{label}' for console.{method}()");
    print_label(web, Stream::Err, &text)
}

/// A duration as Node prints it.
fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds < 1.0 {
        let text = format!("{:.3}", seconds * 1000.0);
        let text = text.trim_end_matches('0').trim_end_matches('.');
        return format!("{text}ms");
    }
    if seconds < 60.0 {
        return format!("{seconds:.3}s");
    }
    let (minutes, seconds) = ((seconds / 60.0).floor(), seconds % 60.0);
    if minutes < 60.0 {
        return format!("{minutes}:{seconds:06.3} (m:ss.mmm)");
    }
    let (hours, minutes) = ((minutes / 60.0).floor(), minutes % 60.0);
    format!("{hours}:{minutes:02}:{seconds:06.3} (h:mm:ss.mmm)")
}

#[cfg(test)]
mod tests {
    use super::{CUT, OUTPUT_LIMIT, duration, indent};
    use std::time::Duration;

    #[test]
    fn durations() {
        for (micros, expected) in [
            (0, "0ms"),
            (1_230, "1.23ms"),
            (999_000, "999ms"),
            (1_500_000, "1.500s"),
            (61_500_000, "1:01.500 (m:ss.mmm)"),
            (3_661_500_000, "1:01:01.500 (h:mm:ss.mmm)"),
        ] {
            assert_eq!(duration(Duration::from_micros(micros)), expected);
        }
    }

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
