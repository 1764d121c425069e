//! Runs tests, many at a time, each where it can do no harm to another.

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::guest::{Guest, STACK};
use super::outcome::{End, Outcome, Recorder};
use super::suite::Test;
use crate::pair::Pair;

/// Exit status of a process that runs one test: an error that nobody caught.
pub const UNCAUGHT: u8 = 1;
/// Exit status: the engine or the runtime panicked.
pub const PANICKED: u8 = 70;
/// Exit status: the deadline passed.
pub const DEADLINE: u8 = 124;

/// How much later than the runtime's own deadline a test is given up.
const GRACE: Duration = Duration::from_secs(2);
/// How long a program may run on when its harness is done.
const AFTER_DONE: Duration = Duration::from_secs(2);
/// How long tests may be open when all scripts of their page have run.
const AFTER_LOAD: Duration = Duration::from_secs(3);
/// The factor on the deadline of a test that says that it is long.
const LONG: u32 = 6;
/// How much of what a process writes to standard error is kept.
const LAST_WORDS: usize = 600;

/// How to run tests.
pub struct Runner {
    /// The folder of the suites.
    pub suites: PathBuf,
    pub timeout: Duration,
    /// Whether each test has a process of its own.
    pub isolate: bool,
    /// Whether the tests are those of Web APIs.
    pub web: bool,
}

/// What a running test tells.
enum Event {
    Line(String),
    /// It writes no more; how it ended, where that is known without asking.
    Closed(Option<End>),
}

/// A test that runs.
struct Running {
    events: Receiver<Event>,
    process: Option<Process>,
}

struct Process {
    child: Child,
    stderr: thread::JoinHandle<String>,
}

impl Runner {
    /// Runs each job, `threads` at a time and those that take long first; the outcomes are in the
    /// order of the jobs.
    pub fn run_all(
        &self,
        jobs: &[(Pair, &Test)],
        threads: usize,
        progress: impl Fn(Pair, &Outcome) + Sync,
    ) -> Result<Vec<Outcome>> {
        let next = AtomicUsize::new(0);
        let mut order: Vec<_> = (0..jobs.len()).collect();
        order.sort_by_key(|at| !jobs[*at].1.is_long);
        let outcomes: Mutex<Vec<(usize, Result<Outcome>)>> = Mutex::default();
        let work = || {
            loop {
                let Some(at) = order.get(next.fetch_add(1, Ordering::Relaxed)) else {
                    return;
                };
                let (pair, test) = &jobs[*at];
                let outcome = self.run(*pair, test);
                if let Ok(outcome) = &outcome {
                    progress(*pair, outcome);
                }
                let mut outcomes = outcomes.lock().unwrap_or_else(|held| held.into_inner());
                outcomes.push((*at, outcome));
            }
        };
        thread::scope(|scope| {
            for _ in 0..threads.clamp(1, jobs.len().max(1)) {
                scope.spawn(work);
            }
        });
        let mut outcomes = outcomes
            .into_inner()
            .unwrap_or_else(|held| held.into_inner());
        outcomes.sort_by_key(|(at, _)| *at);
        outcomes.into_iter().map(|(_, outcome)| outcome).collect()
    }

    /// Runs one test to its end, or for as long as it may take.
    pub fn run(&self, pair: Pair, test: &Test) -> Result<Outcome> {
        let start = Instant::now();
        let limit = match test.is_long {
            true => self.timeout * LONG,
            false => self.timeout,
        };
        let running = match self.isolate {
            true => self.spawn_process(pair, test, limit),
            false => self.spawn_thread(pair, test, limit),
        };
        let running = running.with_context(|| format!("{} on {pair}", test.id))?;
        let mut recorder = Recorder::default();
        let end = running.wait(&mut recorder, start + limit + GRACE)?;
        Ok(recorder.finish(test, end, start.elapsed()))
    }

    /// On a thread: what cannot be interrupted runs on when it is given up.
    fn spawn_thread(&self, pair: Pair, test: &Test, timeout: Duration) -> Result<Running> {
        let (send, events) = channel();
        let (suites, label) = (self.suites.clone(), test.label.clone());
        let (path, web) = (test.path.clone(), self.web);
        let printed = send.clone();
        let body = move || {
            let guest = Guest {
                suites,
                label,
                path,
                web,
                timeout,
                stdout: Box::new(move |text| send_lines(&printed, text)),
                stderr: Box::new(|_| ()),
            };
            guest.run(pair)
        };
        let guest = thread::Builder::new().stack_size(STACK).spawn(body)?;
        thread::spawn(move || {
            let end = match guest.join() {
                Ok(end) => end,
                Err(_) => End::Crash("the runtime panicked".to_owned()),
            };
            let _ = send.send(Event::Closed(Some(end)));
        });
        Ok(Running {
            events,
            process: None,
        })
    }

    /// In a process: this program again, for one test.
    fn spawn_process(&self, pair: Pair, test: &Test, timeout: Duration) -> Result<Running> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["wpt-test", "--pair", pair.name()])
            .args(["--timeout", &timeout.as_secs_f64().to_string()])
            .args(self.web.then_some("--web"))
            .arg(&self.suites)
            .args([&test.label, &test.path])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let (send, events) = channel();
        let stdout = child.stdout.take();
        let stderr = child.stderr.take();
        thread::spawn(move || {
            if let Some(stdout) = stdout {
                read_lines(stdout, &send);
            }
            let _ = send.send(Event::Closed(None));
        });
        let stderr = thread::spawn(|| stderr.map(last_words).unwrap_or_default());
        Ok(Running {
            events,
            process: Some(Process { child, stderr }),
        })
    }
}

impl Running {
    /// Listens until the test ends or the deadline passes.
    fn wait(mut self, recorder: &mut Recorder, mut deadline: Instant) -> Result<End> {
        let end = loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.events.recv_timeout(left) {
                Ok(Event::Line(line)) => recorder.line(&line),
                Ok(Event::Closed(end)) => break end,
                Err(RecvTimeoutError::Timeout) => break Some(End::Timeout),
                Err(RecvTimeoutError::Disconnected) => break None,
            }
            let patience = match (recorder.is_done(), recorder.is_loaded()) {
                (true, _) => AFTER_DONE,
                (false, true) => AFTER_LOAD,
                (false, false) => continue,
            };
            deadline = deadline.min(Instant::now() + patience);
        };
        let Some(process) = self.process.take() else {
            return Ok(end.unwrap_or(End::Timeout));
        };
        let end = process.end(end, deadline)?;
        // What it wrote until then.
        for event in self.events {
            if let Event::Line(line) = event {
                recorder.line(&line);
            }
        }
        Ok(end)
    }
}

impl Process {
    /// Waits for the end of the process, or makes one.
    fn end(mut self, end: Option<End>, deadline: Instant) -> Result<End> {
        const NAP: Duration = Duration::from_millis(2);
        let status = loop {
            if let Some(status) = self.child.try_wait()? {
                break Some(status);
            }
            if end.is_some() || Instant::now() >= deadline {
                self.child.kill()?;
                self.child.wait()?;
                break None;
            }
            thread::sleep(NAP);
        };
        let words = self.stderr.join().unwrap_or_default();
        Ok(match (status, end) {
            (Some(status), _) => end_of(status, words),
            (None, Some(end)) => end,
            (None, None) => End::Timeout,
        })
    }
}

/// What the exit status of a process says.
fn end_of(status: ExitStatus, words: String) -> End {
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    match code {
        Some(0) => End::Finished,
        Some(UNCAUGHT) => End::Uncaught(words),
        Some(DEADLINE) => End::Timeout,
        _ => End::Crash(format!("{status} {words}").trim_end().to_owned()),
    }
}

fn send_lines(to: &Sender<Event>, text: &str) {
    for line in text.lines() {
        // Nobody listens any more to a test that was given up.
        let _ = to.send(Event::Line(line.to_owned()));
    }
}

fn read_lines(stdout: ChildStdout, to: &Sender<Event>) {
    let mut stdout = BufReader::new(stdout);
    let mut line = Vec::new();
    while matches!(stdout.read_until(b'\n', &mut line), Ok(read) if read > 0) {
        send_lines(to, &String::from_utf8_lossy(&line));
        line.clear();
    }
}

fn last_words(mut stderr: ChildStderr) -> String {
    let mut words = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(read @ 1..) = stderr.read(&mut buffer) {
        words.extend_from_slice(&buffer[..read]);
        let extra = words.len().saturating_sub(LAST_WORDS);
        words.drain(..extra);
    }
    String::from_utf8_lossy(&words).trim().to_owned()
}
