//! One test in a runtime of its own.

use std::path::PathBuf;
use std::time::Duration;

use sinew::{Error, ErrorKind, JsHost, Runtime, Sink, Value, WasmEngine};
use url::Url;

use super::bundle::bundle;
use super::outcome::End;
use super::suite::Test;
use super::web;
use super::web::hook::hook;
use super::web::server::ORIGIN;
use crate::pair::{Pair, Visitor};

/// The stack of the thread that a test runs on; only what is used becomes memory.
pub const STACK: usize = 64 << 20;

/// What to run where.
pub struct Guest {
    /// The folder of the suites.
    pub suites: PathBuf,
    /// The suite.
    pub label: String,
    /// The file in it.
    pub path: String,
    /// Whether it is a test of Web APIs.
    pub web: bool,
    /// What the runtime may take.
    pub timeout: Duration,
    pub stdout: Sink,
    pub stderr: Sink,
}

impl Guest {
    /// Runs the test on this thread.
    pub fn run(self, pair: Pair) -> End {
        if self.web {
            return web::guest::run(self, pair);
        }
        let root = self.suites.join(&self.label);
        let source = Test::read(&self.label, &root, &self.path)
            .and_then(|test| Ok((bundle(&test, &root)?, root.canonicalize()?)));
        match source {
            Ok((source, root)) => pair.visit(Run {
                guest: self,
                root,
                source,
            }),
            Err(error) => End::Uncaught(format!("{error:#}")),
        }
    }
}

struct Run {
    guest: Guest,
    root: PathBuf,
    source: String,
}

impl Visitor for Run {
    type Output = End;

    fn visit<J: JsHost, W: WasmEngine>(self) -> End {
        end(self.run::<J, W>())
    }
}

impl Run {
    /// Runs until nothing is left to run, or an error that nobody handles.
    fn run<J: JsHost, W: WasmEngine>(self) -> Result<(), Error> {
        let Run {
            guest,
            root,
            source,
        } = self;
        let mut runtime = Runtime::<J, W>::builder()
            .root(&root)
            .timeout(guest.timeout)
            .stdout(guest.stdout)
            .stderr(guest.stderr)
            .base_url(&format!("{ORIGIN}/{}", guest.path))
            .fetch_hook(hook(&root))
            .build()?;
        // The file need not exist: imports start from its folder.
        let file = root.join(format!("{}.bundle.js", guest.path));
        let name = Url::from_file_path(&file)
            .map_or_else(|()| file.display().to_string(), |url| url.to_string());
        runtime.eval::<Value<J>>(&name, &source)?;
        runtime.run()
    }
}

/// What the end of a runtime means for its test.
pub fn end(result: Result<(), Error>) -> End {
    match result {
        Ok(()) => End::Finished,
        Err(error) => match error.kind() {
            ErrorKind::Deadline => End::Timeout,
            ErrorKind::Panicked => End::Crash(error.to_string()),
            _ => End::Uncaught(error.to_string()),
        },
    }
}
