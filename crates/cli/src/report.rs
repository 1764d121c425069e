//! What the user reads: results on standard output, errors on standard error, always in order.

use std::fmt::{Display, Write as _};
use std::io::{ErrorKind as Io, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sinew::{Error, ErrorKind};

/// Exit status: an uncaught error.
pub const FAILURE: u8 = 1;
/// Exit status: the command line was wrong.
pub const USAGE: u8 = 2;
/// Exit status: a bug of ours or of an engine; `EX_SOFTWARE` of sysexits.h.
pub const SOFTWARE: u8 = 70;
/// Exit status: the deadline passed, as of timeout(1).
pub const DEADLINE: u8 = 124;

/// Writes to standard output. A reader that went away ends the program quietly.
pub fn output(text: &str) {
    let mut stdout = std::io::stdout().lock();
    // Standard output is line-buffered: whole lines are gone when this returns.
    let written = stdout
        .write_all(text.as_bytes())
        .and_then(|()| match text.ends_with('\n') {
            true => Ok(()),
            false => stdout.flush(),
        });
    if let Err(error) = written {
        if error.kind() == Io::BrokenPipe {
            std::process::exit(0);
        }
        complain(format_args!("cannot write to standard output: {error}"));
        std::process::exit(FAILURE.into());
    }
}

/// One JSON object, for `--json`.
pub fn json(value: &impl serde::Serialize) -> String {
    // Strings, numbers and lists of them: serialisation has nothing to fail at.
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}

/// Writes to standard error. Nobody is left to be told of a failure.
pub fn error_output(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// An error of the command itself.
pub fn complain(message: impl Display) {
    error_output(&format!("sinew: {}\n", printable(&message.to_string())));
}

/// An error of a runtime; returns the exit status.
pub fn failure(error: &Error, timeout: Option<Duration>) -> u8 {
    match error.kind() {
        ErrorKind::Exception { class } => {
            let mut text = uncaught(class, error.message(), error.stack());
            if let Some(missing) = error.missing_global() {
                let _ = writeln!(text, "note: {missing}");
            }
            error_output(&printable(&text));
            FAILURE
        }
        ErrorKind::Deadline => {
            deadline(timeout.unwrap_or_default());
            DEADLINE
        }
        ErrorKind::Panicked => {
            bug(error.message());
            SOFTWARE
        }
        _ => {
            complain(error.message());
            FAILURE
        }
    }
}

/// Says once that the deadline passed.
pub fn deadline(timeout: Duration) {
    static SAID: AtomicBool = AtomicBool::new(false);
    if !SAID.swap(true, Ordering::Relaxed) {
        complain(format_args!("the deadline of {timeout:?} passed"));
    }
}

/// Says that something happened that never should.
pub fn bug(message: &str) {
    complain(format_args!(
        "{message}\nThis is a bug in Sinew or in one of its engines, not in your program. \
         `sinew engines` lists the versions for a report."
    ));
}

/// An uncaught exception as Node prints it: class, message and stack, each once.
fn uncaught(class: &str, message: &str, stack: &str) -> String {
    let mut text = match (class, message) {
        ("", message) => format!("Uncaught {message}\n"),
        (class, "") => format!("Uncaught {class}\n"),
        (class, message) => format!("Uncaught {class}: {message}\n"),
    };
    let frames = stack
        .lines()
        .map(str::trim)
        .skip_while(|line| !is_frame(line));
    // Boa has frames of nothing: no function, no place.
    for frame in frames.filter(|line| !matches!(*line, "" | "at  (native)")) {
        let _ = writeln!(text, "    {frame}");
    }
    text
}

fn is_frame(line: &str) -> bool {
    line.starts_with("at ")
}

/// Control characters of a guest's message must not reach a terminal.
fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\t' => shown.push(c),
            c if c.is_control() => {
                let _ = write!(shown, "\\x{:02x}", c as u32);
            }
            c => shown.push(c),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_each_thing_once() {
        let plain = uncaught("TypeError", "x is no y", "    at f (a.js:1)\nat a.js:2\n");
        assert_eq!(
            plain,
            "Uncaught TypeError: x is no y\n    at f (a.js:1)\n    at a.js:2\n"
        );
        let repeated = uncaught("Error", "two\nlines", "Error: two\nlines\n    at a.js:2");
        assert_eq!(repeated, "Uncaught Error: two\nlines\n    at a.js:2\n");
        assert_eq!(uncaught("", "42", ""), "Uncaught 42\n");
        assert_eq!(uncaught("Error", "", ""), "Uncaught Error\n");
    }

    #[test]
    fn escapes_control_characters() {
        assert_eq!(
            printable("a\u{1b}[31m\n\tb\u{9b}\r"),
            "a\\x1b[31m\n\tb\\x9b\\x0d"
        );
    }
}
