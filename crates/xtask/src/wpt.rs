//! `cargo xtask wpt`

mod bundle;
mod expectations;
pub mod glob;
mod guest;
mod html;
mod json;
mod outcome;
mod report;
mod results;
mod runner;
mod suite;
mod update;
mod web;

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread;

use anyhow::{Context, Result, bail};

use crate::args::{TestArgs, WptArgs};
use crate::pair::Pair;
use expectations::Expectations;
use guest::{Guest, STACK};
use outcome::{End, Outcome, Status};
use results::{Known, PairResults};
use runner::{DEADLINE, PANICKED, Runner, UNCAUGHT};
use suite::{Suite, Test, folder_of, read_text};

/// Where the page of a whole run goes, in the repository.
const PAGE: &str = "docs/CONFORMANCE.md";
/// Where the expectations are, in the repository.
const EXPECTATIONS: &str = "tests/wpt/expectations.toml";

/// Runs the tests, writes what is asked for, and tells whether all is as expected.
pub fn main(args: &WptArgs) -> Result<ExitCode> {
    if args.web {
        return web::main(args);
    }
    if args.update && !args.filter.is_empty() {
        bail!("--update needs all tests: leave out --filter");
    }
    let given = args.expectations.clone();
    let path = given.unwrap_or_else(|| in_repository(EXPECTATIONS));
    let mut expectations = read_expectations(&path)?;
    let known = Known::read(args.expected.as_deref(), args.known_bad.as_deref())?;
    let suite = Suite::copy(&args.suite)?;
    let tests = select(&suite.tests, args)?;
    let runner = Runner {
        suites: suite.folder.path().to_owned(),
        timeout: args.timeout,
        isolate: args.isolate,
        web: false,
    };
    let outcomes = run(args, &runner, &tests)?;
    let results = judge(&known, &outcomes);
    if let Some(path) = &args.json {
        write_json(path, &tests, &outcomes)?;
    }
    if args.update {
        let class = |file: &str| {
            let test = tests.iter().find(|test| test.id == file);
            test.map(|test| test.class)
        };
        expectations = update::update(&expectations, &results, class);
        write(&path, &update::render(&expectations))?;
    }
    if let Some(path) = page_path(args) {
        let mut page = report::page(&results, &expectations);
        page.push_str(&web::page::section(&read_if_there(&path)?)?);
        write(&path, &page)?;
    }
    let surprises = expectations.check(&results);
    print(&report::summary(&results, folder_of))?;
    print(&report::surprises(&surprises))?;
    Ok(ExitCode::from(u8::from(!surprises.is_empty())))
}

/// Runs one test, and prints what its harness says.
pub fn test_main(args: &TestArgs) -> Result<ExitCode> {
    let TestArgs {
        pair,
        web,
        timeout,
        suite,
        label,
        path,
    } = args;
    let (pair, web, timeout, suites) = (*pair, *web, *timeout, suite.clone());
    let (label, path) = (label.clone(), path.clone());
    let body = move || {
        let guest = Guest {
            suites,
            label,
            path,
            web,
            timeout,
            stdout: Box::new(|text| drop(print(text))),
            stderr: Box::new(|text| eprint!("{text}")),
        };
        guest.run(pair)
    };
    let guest = thread::Builder::new().stack_size(STACK).spawn(body)?;
    let status = match guest.join() {
        Ok(End::Finished) => 0,
        Ok(End::Uncaught(error)) => {
            eprintln!("{error}");
            UNCAUGHT
        }
        Ok(End::Timeout) => DEADLINE,
        Ok(End::Crash(how)) => {
            eprintln!("{how}");
            PANICKED
        }
        Err(_) => PANICKED,
    };
    Ok(ExitCode::from(status))
}

/// The expectations of this file; none when it is not there yet.
fn read_expectations(path: &Path) -> Result<Expectations> {
    Expectations::parse(&read_if_there(path)?).with_context(|| path.display().to_string())
}

/// The tests that are asked for.
fn select<'a>(all: &'a [Test], args: &WptArgs) -> Result<Vec<&'a Test>> {
    let only = match &args.only {
        Some(path) => Some(list(&read_text(path)?)),
        None => None,
    };
    let wanted = |test: &&Test| {
        let is_listed = only.as_ref().is_none_or(|only| only.contains(&test.id));
        let mut filters = args.filter.iter();
        is_listed && (args.filter.is_empty() || filters.any(|glob| glob.matches(&test.id)))
    };
    let tests: Vec<_> = all.iter().filter(wanted).collect();
    for name in only.iter().flatten() {
        if !all.iter().any(|test| test.id == *name) {
            eprintln!("xtask: the suite has no {name}, or it needs a page");
        }
    }
    if tests.is_empty() {
        bail!("no test is called like that");
    }
    Ok(tests)
}

/// The lines of a list, without comments.
fn list(text: &str) -> BTreeSet<String> {
    let lines = text.lines().map(str::trim);
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(str::to_owned).collect()
}

/// All tests on all pairs.
fn run(args: &WptArgs, runner: &Runner, tests: &[&Test]) -> Result<Vec<(Pair, Vec<Outcome>)>> {
    let asked = |pair: &&Pair| args.pairs.is_empty() || args.pairs.contains(pair);
    let pairs: Vec<_> = Pair::ALL.iter().filter(asked).copied().collect();
    let jobs: Vec<_> = pairs
        .iter()
        .flat_map(|pair| tests.iter().map(|test| (*pair, *test)))
        .collect();
    let threads = match args.jobs {
        Some(threads) => threads,
        None => thread::available_parallelism().map_or(1, usize::from),
    };
    let progress = |pair: Pair, outcome: &Outcome| {
        if args.verbose {
            eprintln!("{}", progress_line(pair, outcome));
        }
    };
    let outcomes = runner.run_all(&jobs, threads, progress)?;
    let mut outcomes = outcomes.into_iter();
    let of_pair = |pair| (pair, outcomes.by_ref().take(tests.len()).collect());
    Ok(pairs.into_iter().map(of_pair).collect())
}

/// What counts of the results.
fn judge(known: &Known, outcomes: &[(Pair, Vec<Outcome>)]) -> Vec<PairResults> {
    let of_pair = |(pair, outcomes): &(Pair, Vec<Outcome>)| PairResults {
        pair: pair.name(),
        files: outcomes
            .iter()
            .map(|outcome| known.judge(outcome))
            .collect(),
    };
    outcomes.iter().map(of_pair).collect()
}

fn progress_line(pair: Pair, outcome: &Outcome) -> String {
    let all = outcome.subtests.len();
    let passed = outcome
        .subtests
        .iter()
        .filter(|subtest| subtest.status == Status::Pass);
    format!(
        "{:7} {:4}/{all:<4} {:6} ms  {pair}  {}",
        outcome.status.to_string(),
        passed.count(),
        outcome.time.as_millis(),
        outcome.file
    )
}

/// Where the page goes: part of a run would make a page with holes.
fn page_path(args: &WptArgs) -> Option<PathBuf> {
    let is_whole = args.filter.is_empty() && args.pairs.is_empty();
    let is_full = Pair::ALL.len() == crate::pair::NAMES.len();
    let default = (is_whole && is_full).then(|| in_repository(PAGE));
    args.report.clone().or(default)
}

/// A file of the repository, whichever of its folders this is run in.
fn in_repository(path: &str) -> PathBuf {
    // Cargo tells a program that it runs where its package is.
    let package = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let root = package
        .as_deref()
        .and_then(|package| package.ancestors().nth(2));
    root.unwrap_or(Path::new("")).join(path)
}

fn write_json(path: &Path, tests: &[&Test], outcomes: &[(Pair, Vec<Outcome>)]) -> Result<()> {
    for (pair, of_pair) in outcomes {
        let path = match outcomes.len() {
            1 => path.to_owned(),
            _ => json::path_for(path, pair.name()),
        };
        let results = tests.iter().copied().zip(of_pair);
        write(&path, &json::lines(results))?;
    }
    Ok(())
}

/// The text of a file; none when it is not there yet.
fn read_if_there(path: &Path) -> Result<String> {
    match path.exists() {
        true => read_text(path),
        false => Ok(String::new()),
    }
}

fn write(path: &Path, text: &str) -> Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    std::fs::write(path, text).with_context(|| path.display().to_string())
}

fn print(text: &str) -> Result<()> {
    Ok(std::io::stdout().lock().write_all(text.as_bytes())?)
}
