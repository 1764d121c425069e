//! The built command, on every pair of engines that is compiled in.

#[path = "cli/bench.rs"]
mod bench;
#[path = "cli/cache.rs"]
mod cache;
#[path = "cli/errors.rs"]
mod errors;
#[path = "cli/inspect.rs"]
mod inspect;
#[path = "cli/limits.rs"]
mod limits;
#[path = "cli/loading.rs"]
mod loading;
#[path = "cli/net.rs"]
mod net;
#[path = "cli/run.rs"]
mod run;

use std::path::Path;
use std::process::{Command, Output, Stdio};

/// A JavaScript and a wasm engine.
#[derive(Clone, Debug)]
struct Pair {
    js: String,
    wasm: String,
}

/// The command.
fn sinew(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sinew"));
    command.current_dir(folder).stdin(Stdio::null());
    command
}

fn engines() -> serde_json::Value {
    let output = sinew(Path::new("."))
        .args(["engines", "--json"])
        .output()
        .unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

fn pairs() -> Vec<Pair> {
    let engines = engines();
    let name = |pair: &serde_json::Value, side| pair[side].as_str().unwrap().to_owned();
    let pairs = engines["pairs"].as_array().unwrap().iter();
    let pairs: Vec<_> = pairs
        .map(|pair| Pair {
            js: name(pair, "js"),
            wasm: name(pair, "wasm"),
        })
        .collect();
    assert!(!pairs.is_empty());
    pairs
}

/// What came of a run.
#[derive(Debug)]
struct Ran {
    status: Option<i32>,
    stdout: String,
    stderr: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Ran {
            status: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// A folder with these files; `.wasm` files are given as text.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        match name.ends_with(".wasm") {
            true => std::fs::write(path, wat::parse_str(text).unwrap()).unwrap(),
            false => std::fs::write(path, text).unwrap(),
        }
    }
    folder
}

/// `sinew run` with these arguments, in this folder.
fn run_in(folder: &Path, pair: &Pair, args: &[&str]) -> Ran {
    let mut command = sinew(folder);
    command
        .args(["run", "--js", &pair.js, "--wasm", &pair.wasm])
        .args(args);
    command.output().unwrap().into()
}

/// Runs these arguments on every pair, and looks at what came of it.
#[track_caller]
fn on_every_pair(files: &[(&str, &str)], args: &[&str], check: impl Fn(&Pair, &Ran)) {
    let folder = folder(files);
    for pair in pairs() {
        let ran = run_in(folder.path(), &pair, args);
        println!("{pair:?}: {ran:?}");
        check(&pair, &ran);
    }
}

/// Runs these arguments on every pair: success, nothing on standard error, and this output.
#[track_caller]
fn prints(files: &[(&str, &str)], args: &[&str], expected: &str) {
    on_every_pair(files, args, |pair, ran| {
        assert_eq!(ran.stderr, "", "{pair:?}");
        assert_eq!(ran.stdout, expected, "{pair:?}");
        assert_eq!(ran.status, Some(0), "{pair:?}");
    });
}

/// Runs these arguments on every pair: exit status 1, and all of these on standard error.
#[track_caller]
fn fails(files: &[(&str, &str)], args: &[&str], expected: &[&str]) {
    on_every_pair(files, args, |pair, ran| {
        assert_eq!(ran.status, Some(1), "{pair:?}: {ran:?}");
        for text in expected {
            assert!(
                ran.stderr.contains(text),
                "{pair:?}: no {text:?} in {}",
                ran.stderr
            );
        }
    });
}

const ADD: &str = r#"(module
  (func (export "add") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add)
  (func (export "spin") (loop br 0)))"#;
