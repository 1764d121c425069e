//! Runs of the cases on each program, in turns.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::case::Case;
use super::report::{Outcome, Report, Row};
use crate::args::PackagesArgs;

/// How often a running program is looked at.
const NAP: Duration = Duration::from_millis(1);

/// What runs scripts.
pub struct Program {
    /// As the table has it.
    pub name: String,
    path: PathBuf,
    arguments: Vec<String>,
    /// Whether it keeps compiled modules in a folder of its choice.
    caches: bool,
}

impl Program {
    pub fn node(path: &Path) -> Self {
        Self {
            name: "node".to_owned(),
            path: path.to_owned(),
            arguments: vec!["--no-warnings".to_owned()],
            caches: false,
        }
    }

    /// `sinew` on a pair of engines, `quickjs+wasmtime` for instance.
    pub fn sinew(path: &Path, pair: &str) -> Result<Self> {
        let Some((js, wasm)) = pair.split_once('+') else {
            bail!("{pair} is no pair of engines");
        };
        let arguments = ["run", "--js", js, "--wasm", wasm];
        Ok(Self {
            name: pair.to_owned(),
            path: path.to_owned(),
            arguments: arguments.map(str::to_owned).to_vec(),
            caches: true,
        })
    }
}

/// Runs every case on every program, in turns, as many rounds as were asked for. Where a program
/// keeps compiled modules, each round runs it twice: with an empty folder, and with what is then in
/// it.
pub fn run(
    cases: &[Case],
    programs: &[Program],
    cache: &Path,
    args: &PackagesArgs,
) -> Result<Report> {
    let compiled = tempfile::tempdir().context("a folder for compiled modules")?;
    let mut report = Report::new(
        programs
            .iter()
            .map(|program| program.name.clone())
            .collect(),
    );
    for case in cases {
        eprintln!("{}", case.name);
        let mut row = Row::new(case, programs.len());
        for round in 0..args.rounds.max(1) {
            for (i, program) in programs.iter().enumerate() {
                let kept = compiled.path().join(format!("{}-{i}-{round}", case.name));
                let first = once(case, program, cache, &kept, args)?;
                row.add(i, 0, first);
                if program.caches {
                    let second = once(case, program, cache, &kept, args)?;
                    row.add(i, 1, second);
                }
                // What was never written is not there to be removed.
                let _ = fs::remove_dir_all(&kept);
            }
        }
        report.rows.push(row);
    }
    Ok(report)
}

/// One run.
fn once(
    case: &Case,
    program: &Program,
    cache: &Path,
    compiled: &Path,
    args: &PackagesArgs,
) -> Result<Outcome> {
    let folder = cache.join("cases").join(&case.name);
    let mut files = [tempfile::tempfile()?, tempfile::tempfile()?];
    let [out, err] = &files;
    let mut command = Command::new(&program.path);
    command.args(&program.arguments);
    if program.caches {
        command.arg("--cache-dir").arg(compiled);
    }
    command
        .arg(folder.join("main.mjs"))
        .current_dir(&folder)
        .env("NO_COLOR", "1")
        .env_remove("NODE_OPTIONS")
        .stdin(Stdio::null())
        .stdout(out.try_clone()?)
        .stderr(err.try_clone()?);
    let start = Instant::now();
    let mut child = command
        .spawn()
        .with_context(|| program.path.display().to_string())?;
    let limit = Duration::from_secs(args.timeout);
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break Some(status);
        }
        if start.elapsed() > limit {
            child.kill()?;
            child.wait()?;
            break None;
        }
        std::thread::sleep(NAP);
    };
    let time = start.elapsed();
    let [out, err] = &mut files;
    let (out, err) = (text(out)?, text(err)?);
    let failure = match status {
        None => Some(format!("more than {} s", args.timeout)),
        Some(status) if !status.success() => Some(first_line(&err)),
        Some(_) if out.trim_end() != case.expected.trim_end() => Some("another output".to_owned()),
        Some(_) => None,
    };
    Ok(Outcome { time, failure })
}

fn text(file: &mut File) -> Result<String> {
    use std::io::{Read, Seek};
    let mut bytes = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn first_line(text: &str) -> String {
    let line = text.lines().find(|line| !line.trim().is_empty());
    line.unwrap_or("it failed without a word").trim().to_owned()
}
