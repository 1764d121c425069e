//! Programs run in a process of their own for each pairing: one that aborts or hangs is found out.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use sinew::{ErrorKind, JsHost, ResourceLimits, Runtime, WasmEngine};

/// The pairings, by the names of their engines.
pub const PAIRINGS: [&str; 4] = [
    "quickjs+wasmtime",
    "quickjs+wasmi",
    "boa+wasmtime",
    "boa+wasmi",
];

/// Names the pairing to a worker.
const VARIABLE: &str = "SINEW_JUNK_WORKER";

/// What a worker's lines begin with; the test harness prints others.
const MARK: &str = "@junk ";

/// How long a program may take: none is meant to take a second.
const TIMEOUT: Duration = Duration::from_secs(60);

/// What a program printed, and how it ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    pub lines: Vec<String>,
    /// A crash, a hang, a poisoned runtime; empty when it ended well.
    pub failure: String,
}

/// A process that runs programs on one pairing.
pub struct Worker {
    pairing: &'static str,
    running: Option<Running>,
}

struct Running {
    child: Child,
    stdin: ChildStdin,
    lines: Receiver<String>,
}

impl Worker {
    pub fn new(pairing: &'static str) -> Self {
        Self {
            pairing,
            running: None,
        }
    }

    /// Runs the program in this file.
    pub fn run(&mut self, file: &Path) -> Outcome {
        let pairing = self.pairing;
        let running = self.running.get_or_insert_with(|| start(pairing));
        let mut lines = Vec::new();
        let sent = writeln!(running.stdin, "{}", file.display());
        let failure = loop {
            match running.lines.recv_timeout(TIMEOUT) {
                Ok(line) => match line.strip_prefix("end ") {
                    Some(failure) => break failure.to_owned(),
                    None => lines.push(line),
                },
                Err(RecvTimeoutError::Timeout) => {
                    let _ = running.child.kill();
                    let _ = running.child.wait();
                    self.running = None;
                    break "hung".to_owned();
                }
                Err(RecvTimeoutError::Disconnected) => {
                    let status = running.child.wait();
                    self.running = None;
                    break format!("died: {status:?}, {sent:?}");
                }
            }
        };
        Outcome { lines, failure }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if let Some(Running {
            mut child, stdin, ..
        }) = self.running.take()
        {
            drop(stdin);
            let _ = child.wait();
        }
    }
}

fn start(pairing: &str) -> Running {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["worker::worker", "--exact", "--ignored", "--nocapture"])
        .env(VARIABLE, pairing)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (stdin, stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let (sender, lines) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            // The harness's own text may be before it on the line.
            if let Some((_, line)) = line.split_once(MARK)
                && sender.send(line.to_owned()).is_err()
            {
                return;
            }
        }
    });
    Running {
        child,
        stdin,
        lines,
    }
}

/// The life of a worker: runs the files that it is told of.
#[test]
#[ignore = "it is started by the other tests"]
fn worker() {
    let Ok(pairing) = std::env::var(VARIABLE) else {
        return;
    };
    let serve = move || match &*pairing {
        "quickjs+wasmtime" => serve::<sinew::QuickJs, sinew::Wasmtime>(),
        "quickjs+wasmi" => serve::<sinew::QuickJs, sinew::Wasmi>(),
        "boa+wasmtime" => serve::<sinew::Boa, sinew::Wasmtime>(),
        "boa+wasmi" => serve::<sinew::Boa, sinew::Wasmi>(),
        other => panic!("{other} is no pairing"),
    };
    let thread = std::thread::Builder::new().stack_size(16 << 20);
    thread.spawn(serve).unwrap().join().unwrap();
}

fn serve<J: JsHost, W: WasmEngine>() {
    for file in std::io::stdin().lines().map_while(Result::ok) {
        let failure = run::<J, W>(Path::new(&file));
        println!("\n{MARK}end {failure}");
    }
}

/// Runs a program; returns what must not happen.
fn run<J: JsHost, W: WasmEngine>(file: &Path) -> String {
    let limits = ResourceLimits {
        memory_bytes: 64 << 20,
        table_elements: 100_000,
        ..ResourceLimits::default()
    };
    let mut runtime = Runtime::<J, W>::builder()
        .root(file.parent().unwrap())
        .limits(limits)
        .timeout(TIMEOUT / 2)
        .stdout(|text| print!("\n{MARK}{text}"))
        .stderr(|text| print!("\n{MARK}stderr {text}"))
        .build()
        .unwrap();
    let mut result = runtime.run_file(file);
    // Promises that a program rejected and forgot are reported one by one.
    for _ in 0..100 {
        let Err(error) = result else { break };
        match error.kind() {
            ErrorKind::Exception { class } => println!("\n{MARK}uncaught {class}"),
            ErrorKind::Unsettled => println!("\n{MARK}unsettled"),
            kind => return format!("{kind:?}: {error}"),
        }
        result = runtime.run();
    }
    if let Err(error) = runtime.collect_garbage() {
        return format!("no garbage collection: {error}");
    }
    match runtime.eval::<i32>("after", "1 + 1") {
        Ok(2) => String::new(),
        other => format!("afterwards 1 + 1 is {other:?}"),
    }
}
