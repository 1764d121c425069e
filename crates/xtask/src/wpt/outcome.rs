//! What the harness of a test reports, line by line, and what comes of it.

use std::fmt;
use std::time::Duration;

use serde::Deserialize;

use super::suite::Test;

/// What comes before each message of the harness.
pub const MARK: &str = "@@WPT@@";

/// The result of a test on a pair of engines.
#[derive(Debug)]
pub struct Outcome {
    /// The name of the test.
    pub file: String,
    pub subtests: Vec<Subtest>,
    pub status: FileStatus,
    pub message: Option<String>,
    pub time: Duration,
}

/// The result of one `test()` of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subtest {
    /// Unique in the file.
    pub name: String,
    pub status: Status,
    pub message: Option<String>,
}

/// <https://web-platform-tests.org/writing-tests/testharness-api.html#callback-api>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Pass,
    Fail,
    Timeout,
    NotRun,
    PreconditionFailed,
}

/// How a file ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileStatus {
    Ok,
    /// The harness says so, or the program ended before its harness was done.
    Error,
    Timeout,
    PreconditionFailed,
    /// The process died, or the thread panicked.
    Crash,
}

/// How a program ended, whatever its harness said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// Nothing was left to run.
    Finished,
    /// It was not caught.
    Uncaught(String),
    Timeout,
    Crash(String),
}

/// What a harness says in one line.
#[derive(Deserialize)]
#[serde(tag = "t")]
enum Message {
    #[serde(rename = "r")]
    Result {
        n: String,
        s: u32,
        m: Option<String>,
    },
    #[serde(rename = "d")]
    Done { s: u32, m: Option<String> },
    #[serde(rename = "x")]
    Note { m: String },
    #[serde(rename = "l")]
    Loaded,
    /// Nobody caught an error.
    #[serde(rename = "u")]
    Uncaught { m: String },
    /// The test says that it has errors that nobody catches.
    #[serde(rename = "a")]
    AllowUncaught,
}

/// Collects what a program prints.
#[derive(Debug, Default)]
pub struct Recorder {
    subtests: Vec<Subtest>,
    done: Option<(FileStatus, Option<String>)>,
    is_loaded: bool,
    /// The first error that nobody caught while the harness was at work.
    uncaught: Option<String>,
    allows_uncaught: bool,
    notes: Vec<String>,
}

impl Recorder {
    /// Takes a line.
    pub fn line(&mut self, line: &str) {
        let line = line.trim_end_matches(['\r', '\n']);
        let message = line
            .split_once(MARK)
            .and_then(|(_, json)| serde_json::from_str(json).ok());
        match message {
            Some(Message::Result { n, s, m }) => self.subtest(n, status(s), m),
            Some(Message::Done { s, m }) => self.done = Some((file_status(s), m)),
            Some(Message::Note { m }) => self.notes.push(m),
            Some(Message::Loaded) => self.is_loaded = true,
            Some(Message::Uncaught { m }) if self.done.is_none() => {
                self.uncaught.get_or_insert(m);
            }
            Some(Message::Uncaught { .. }) => {}
            Some(Message::AllowUncaught) => self.allows_uncaught = true,
            None => self.notes.push(line.to_owned()),
        }
    }

    /// Whether the harness is done: only the end of the program is waited for.
    pub fn is_done(&self) -> bool {
        self.done.is_some()
    }

    /// Whether all scripts of a page have run.
    pub fn is_loaded(&self) -> bool {
        self.is_loaded
    }

    pub fn finish(self, test: &Test, end: End, time: Duration) -> Outcome {
        let uncaught = self.uncaught.filter(|_| !self.allows_uncaught);
        let (status, message) = match (self.done, end) {
            // Also when the tests had passed by then: it may be the engine's way to end.
            (_, End::Crash(how)) => (FileStatus::Crash, Some(how)),
            // What the harness itself sees in a page.
            (Some((FileStatus::Ok, _)), _) if uncaught.is_some() => (FileStatus::Error, uncaught),
            (Some((status, message)), _) => (status, message),
            (None, End::Timeout) => (FileStatus::Timeout, Some("the deadline passed".to_owned())),
            (None, End::Finished) => (
                FileStatus::Error,
                Some("nothing was left to run before the harness was done".to_owned()),
            ),
            (None, End::Uncaught(error)) => (FileStatus::Error, Some(error)),
        };
        let message = match (message, status) {
            (message, FileStatus::Ok) => message,
            (message, _) => {
                let last = self.notes.len().saturating_sub(3);
                let notes = self.notes[last..].iter().cloned();
                let all: Vec<_> = message.into_iter().chain(notes).collect();
                (!all.is_empty()).then(|| all.join(" | "))
            }
        };
        Outcome {
            file: test.id.clone(),
            subtests: self.subtests,
            status,
            message,
            time,
        }
    }

    fn subtest(&mut self, name: String, status: Status, message: Option<String>) {
        let taken = |name: &str| self.subtests.iter().any(|other| other.name == name);
        let mut unique = name.clone();
        let mut number = 1;
        while taken(&unique) {
            number += 1;
            unique = format!("{name} #{number}");
        }
        self.subtests.push(Subtest {
            name: unique,
            status,
            message,
        });
    }
}

fn status(number: u32) -> Status {
    match number {
        0 => Status::Pass,
        2 => Status::Timeout,
        3 => Status::NotRun,
        4 => Status::PreconditionFailed,
        _ => Status::Fail,
    }
}

fn file_status(number: u32) -> FileStatus {
    match number {
        0 => FileStatus::Ok,
        2 => FileStatus::Timeout,
        3 => FileStatus::PreconditionFailed,
        _ => FileStatus::Error,
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Status::Pass => "PASS",
            Status::Fail => "FAIL",
            Status::Timeout => "TIMEOUT",
            Status::NotRun => "NOTRUN",
            Status::PreconditionFailed => "PRECONDITION_FAILED",
        })
    }
}

impl fmt::Display for FileStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            FileStatus::Ok => "OK",
            FileStatus::Error => "ERROR",
            FileStatus::Timeout => "TIMEOUT",
            FileStatus::PreconditionFailed => "PRECONDITION_FAILED",
            FileStatus::Crash => "CRASH",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wpt::suite::{Class, Meta};

    fn finish(lines: &[&str], end: End) -> Outcome {
        let test = Test {
            label: "a".to_owned(),
            path: "wasm/b.any.js".to_owned(),
            id: "a/b.any.js".to_owned(),
            class: Class::Shell,
            is_long: false,
            text: String::new(),
            meta: Meta::new(),
        };
        let mut recorder = Recorder::default();
        for line in lines {
            recorder.line(line);
        }
        recorder.finish(&test, end, Duration::ZERO)
    }

    const PASS: &str = r#"@@WPT@@{"t":"r","n":"x","s":0,"m":null}"#;
    const FAIL: &str = r#"@@WPT@@{"t":"r","n":"x","s":1,"m":"no"}"#;
    const DONE: &str = r#"@@WPT@@{"t":"d","s":0,"m":null}"#;

    #[test]
    fn collects() {
        let outcome = finish(&[PASS, "chatter", FAIL, FAIL, DONE], End::Finished);
        let names: Vec<_> = outcome.subtests.iter().map(|s| s.name.as_str()).collect();
        assert_eq!(names, ["x", "x #2", "x #3"]);
        assert_eq!(outcome.subtests[0].status, Status::Pass);
        assert_eq!(outcome.subtests[1].message.as_deref(), Some("no"));
        assert_eq!(outcome.status, FileStatus::Ok);
        assert_eq!(outcome.message, None);
    }

    #[test]
    fn an_end_without_the_harness_is_a_failure() {
        let ends = [
            (End::Finished, FileStatus::Error),
            (End::Uncaught("TypeError: x".to_owned()), FileStatus::Error),
            (End::Timeout, FileStatus::Timeout),
            (End::Crash("signal".to_owned()), FileStatus::Crash),
        ];
        for (end, expected) in ends {
            let outcome = finish(&[PASS, "@@WPT@@{", "last words"], end.clone());
            assert_eq!(outcome.status, expected, "{end:?}");
            assert_eq!(outcome.subtests.len(), 1);
            assert!(outcome.message.unwrap().ends_with("@@WPT@@{ | last words"));
        }
    }

    #[test]
    fn what_nobody_catches_is_an_error_of_the_file() {
        const UNCAUGHT: &str = r#"@@WPT@@{"t":"u","m":"no"}"#;
        const ALLOW: &str = r#"@@WPT@@{"t":"a"}"#;
        let status = |lines: &[&str]| finish(lines, End::Uncaught("no".to_owned())).status;
        let outcome = finish(&[PASS, UNCAUGHT, DONE], End::Finished);
        assert_eq!(
            (outcome.status, outcome.message.as_deref()),
            (FileStatus::Error, Some("no"))
        );
        assert_eq!(status(&[ALLOW, PASS, UNCAUGHT, DONE]), FileStatus::Ok);
        assert_eq!(status(&[PASS, DONE, UNCAUGHT]), FileStatus::Ok);
    }

    #[test]
    fn only_a_crash_counts_after_the_harness() {
        let done = [PASS, DONE];
        for end in [End::Timeout, End::Uncaught(String::new())] {
            assert_eq!(finish(&done, end).status, FileStatus::Ok);
        }
        let crash = finish(&done, End::Crash("signal".to_owned()));
        assert_eq!(crash.status, FileStatus::Crash);
    }
}
