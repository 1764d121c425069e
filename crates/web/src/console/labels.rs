//! [Counting](https://console.spec.whatwg.org/#counting) and
//! [timing](https://console.spec.whatwg.org/#timing).

use std::rc::Rc;
use std::time::{Duration, Instant};

use sinew_bridge::{Completion, JsHost, ValueType};

use super::{Stream, arguments};
use crate::format::format;
use crate::{Web, webidl};

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
pub(super) fn count<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
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
pub(super) fn count_reset<J: JsHost>(
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

/// [`time(label)`](https://console.spec.whatwg.org/#time)
pub(super) fn time<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
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
pub(super) fn time_log<J: JsHost>(
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
pub(super) fn time_end<J: JsHost>(
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
    use super::duration;
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
}
