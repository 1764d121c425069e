//! `sinew run`

use std::fmt;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use etcetera::base_strategy::{BaseStrategy, choose_base_strategy};
use sinew::{
    CompileCache, Error, JsHost, ResourceLimits, Runtime, RuntimeBuilder, Value, WasmEngine,
};
use url::Url;

use crate::args::{CacheArgs, RunArgs};
use crate::net::Network;
use crate::pair::{Pair, Visitor};
use crate::report;

/// The stack of the guest's thread; only what is used becomes memory.
const STACK: usize = 64 << 20;
/// How much later than the runtime's own deadline the process is ended.
const GRACE: Duration = Duration::from_millis(250);
/// Room for compiled modules, in bytes.
const CACHE_SIZE: u64 = 1 << 30;
/// What a program without a file is called.
const EVAL: &str = "[eval]";

/// Runs a program; returns the exit status.
pub fn main(args: RunArgs) -> u8 {
    let pair = match Pair::choose(args.runtime.js, args.runtime.wasm) {
        Ok(pair) => pair,
        Err(message) => {
            report::complain(message);
            return report::USAGE;
        }
    };
    guest(args.runtime.timeout, move || pair.visit(Run(args)))
}

/// Runs a guest on its own thread, and ends the process if the deadline passes.
pub fn guest(timeout: Option<Duration>, guest: impl FnOnce() -> u8 + Send + 'static) -> u8 {
    if let Some(timeout) = timeout
        && let Err(error) = end_after(timeout)
    {
        report::complain(format_args!("the deadline thread: {error}"));
        return report::FAILURE;
    }
    on_guest_thread(guest)
}

/// Runs a guest where it has a stack of known size: the main thread's is what the system says.
///
/// The thread is not waited for once there is a status: what the engines keep for it goes with the
/// process.
fn on_guest_thread(guest: impl FnOnce() -> u8 + Send + 'static) -> u8 {
    let (status, ended) = channel();
    let thread = thread::Builder::new()
        .name("guest".to_owned())
        .stack_size(STACK)
        .spawn(move || {
            // Nobody listens any more only when the process is ending.
            let _ = status.send(guest());
            loop {
                thread::park();
            }
        });
    if let Err(error) = thread {
        report::complain(format_args!("the thread to run on: {error}"));
        return report::FAILURE;
    }
    ended.recv().unwrap_or_else(|_| {
        report::bug("the runtime panicked");
        report::SOFTWARE
    })
}

/// Ends the process some time after the deadline, for what no engine can interrupt: JavaScript on
/// Boa, the compilation of a large module.
fn end_after(timeout: Duration) -> std::io::Result<()> {
    let watch = thread::Builder::new().name("deadline".to_owned());
    watch.spawn(move || {
        thread::sleep(timeout.saturating_add(GRACE));
        // The guest may hold standard error, in a write that nobody reads: not waited for long.
        let (said, heard) = channel();
        let speaker = thread::Builder::new().spawn(move || {
            report::deadline(timeout);
            let _ = said.send(());
        });
        if speaker.is_ok() {
            let _ = heard.recv_timeout(GRACE / 5);
        }
        std::process::exit(report::DEADLINE.into());
    })?;
    Ok(())
}

struct Run(RunArgs);

impl Visitor for Run {
    type Output = u8;

    fn visit<J: JsHost, W: WasmEngine>(self) -> u8 {
        run::<J, W>(&self.0)
    }
}

/// Why a program has failed.
pub enum Failure {
    Runtime(Error),
    /// The script cannot be read.
    Source(String),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Runtime(error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Runtime(error) => error.fmt(f),
            Failure::Source(message) => f.write_str(message),
        }
    }
}

impl Failure {
    /// Says so; returns the exit status.
    pub fn report(&self, timeout: Option<Duration>) -> u8 {
        match self {
            Failure::Runtime(error) => report::failure(error, timeout),
            Failure::Source(message) => {
                report::complain(message);
                report::FAILURE
            }
        }
    }
}

fn run<J: JsHost, W: WasmEngine>(args: &RunArgs) -> u8 {
    let mut builder = builder::<J, W>(args);
    if let Some(cache) = compile_cache(&args.cache) {
        builder = builder.compile_cache(&cache);
    }
    let mut runtime = match builder.build() {
        Ok(runtime) => runtime,
        Err(error) => return report::failure(&error, args.runtime.timeout),
    };
    let done = execute(&mut runtime, args);
    // The process ends, and takes everything with it: taking the runtime apart first would cost
    // about as much as making it did.
    std::mem::forget(runtime);
    match done {
        Ok(()) => 0,
        Err(failure) => failure.report(args.runtime.timeout),
    }
}

/// A builder with what the command line says.
pub fn builder<J: JsHost, W: WasmEngine>(args: &RunArgs) -> RuntimeBuilder<J, W> {
    let mut builder = Runtime::<J, W>::builder()
        .stdout(report::output)
        .stderr(report::error_output)
        .color(has_color());
    builder = match (&args.runtime.root, file(args)) {
        (Some(root), _) => builder.root(root),
        (None, Some(file)) => builder.root_of(file),
        (None, None) => builder.root("."),
    };
    if let Some(apis) = args.runtime.globals {
        builder = builder.apis(apis);
    }
    if let Some(allowed) = &args.allow_net {
        let network = Network::new(allowed.clone());
        builder = builder.fetch_hook(move |request, reply| network.fetch(request, reply));
    }
    let conditions = args.runtime.conditions.iter().map(String::as_str);
    builder = builder.conditions(&conditions.collect::<Vec<_>>());
    if let Some(map) = &args.runtime.import_map {
        builder = builder.import_map(map);
    }
    if let Some(timeout) = args.runtime.timeout {
        builder = builder.timeout(timeout);
    }
    if let Some(bytes) = args.runtime.max_memory {
        let limits = ResourceLimits {
            memory_bytes: bytes,
            ..ResourceLimits::default()
        };
        let heap = usize::try_from(bytes).unwrap_or(usize::MAX);
        builder = builder.limits(limits).heap_bytes(heap);
    }
    builder
}

/// Where compiled modules are kept, which is looked at when the first large one is compiled; `None`
/// if nowhere.
fn compile_cache(args: &CacheArgs) -> Option<CompileCache> {
    if args.no_cache {
        return None;
    }
    let folder = match &args.cache_dir {
        Some(folder) => folder.clone(),
        None => choose_base_strategy().ok()?.cache_dir().join("sinew"),
    };
    let size = args.cache_size.unwrap_or(CACHE_SIZE);
    Some(CompileCache::lazy(folder, size))
}

/// Whether to print colours: not into a file, and not for somebody who asked for none
/// (<https://no-color.org>).
fn has_color() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
        && std::io::stdout().is_terminal()
        && std::io::stderr().is_terminal()
}

/// The program's file; none with `-e`.
fn file(args: &RunArgs) -> Option<&Path> {
    match args.eval {
        Some(_) => None,
        None => args.file_and_args.first().map(Path::new),
    }
}

/// Runs a program until nothing is left.
pub fn execute<J: JsHost, W: WasmEngine>(
    runtime: &mut Runtime<J, W>,
    args: &RunArgs,
) -> Result<(), Failure> {
    define_script_args(runtime, args)?;
    match (&args.eval, file(args)) {
        (Some(code), _) => {
            let root = args
                .runtime
                .root
                .clone()
                .unwrap_or_else(|| PathBuf::from("."));
            let name = canonical(&root)?.join(EVAL);
            match args.runtime.script {
                true => run_script(runtime, &name, code),
                false => Ok(runtime.run_source(&name, code)?),
            }
        }
        (None, Some(file)) if args.runtime.script => {
            let file = canonical(file)?;
            let code = std::fs::read_to_string(&file)
                .map_err(|error| Failure::Source(format!("{}: {error}", file.display())))?;
            run_script(runtime, &file, &code)
        }
        (None, Some(file)) => Ok(runtime.run_file(file)?),
        (None, None) => Ok(()),
    }
}

fn canonical(path: &Path) -> Result<PathBuf, Failure> {
    path.canonicalize()
        .map_err(|error| Failure::Source(format!("{}: {error}", path.display())))
}

/// Runs a classic script whose imports start from `path`.
fn run_script<J: JsHost, W: WasmEngine>(
    runtime: &mut Runtime<J, W>,
    path: &Path,
    code: &str,
) -> Result<(), Failure> {
    let code = code.strip_prefix('\u{feff}').unwrap_or(code);
    let name = Url::from_file_path(path)
        .map_or_else(|()| path.display().to_string(), |url| url.to_string());
    runtime.eval::<Value<J>>(&name, code)?;
    Ok(runtime.run()?)
}

/// Defines the global `scriptArgs` as qjs does; with `-e` its first element is `-e`.
fn define_script_args<J: JsHost, W: WasmEngine>(
    runtime: &mut Runtime<J, W>,
    args: &RunArgs,
) -> Result<(), Error> {
    let mut script_args = Vec::new();
    if args.eval.is_some() {
        script_args.push("-e".to_owned());
    }
    let given = args.file_and_args.iter();
    script_args.extend(given.map(|arg| arg.to_string_lossy().into_owned()));
    let global = runtime.global()?;
    runtime.set(&global, "scriptArgs", script_args)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Calls a host function that panics, then one that does not.
    struct Panic;

    impl Visitor for Panic {
        type Output = [u8; 2];

        fn visit<J: JsHost, W: WasmEngine>(self) -> [u8; 2] {
            let mut runtime = Runtime::<J, W>::builder()
                .function("host", "boom", || -> i32 { panic!("boom") })
                .build()
                .unwrap();
            let host = runtime.import("host").unwrap();
            let boom: Value<J> = runtime.get(&host, "boom").unwrap();
            let panicked = runtime.call::<i32>(&boom, ()).unwrap_err();
            assert!(panicked.message().contains("boom"), "{panicked}");
            let poisoned = runtime.run().unwrap_err();
            [panicked, poisoned].map(|error| report::failure(&error, None))
        }
    }

    #[test]
    fn a_panic_poisons() {
        for pair in Pair::ALL {
            let statuses = pair.visit(Panic);
            assert_eq!(statuses, [report::SOFTWARE; 2], "{pair}");
        }
    }

    #[test]
    fn a_panic_of_ours_is_reported() {
        assert_eq!(on_guest_thread(|| panic!("boom")), report::SOFTWARE);
        assert_eq!(on_guest_thread(|| 7), 7);
    }
}
