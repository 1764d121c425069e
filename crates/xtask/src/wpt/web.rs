//! `cargo xtask wpt --web`: the tests of Web APIs.

mod find;
pub mod guest;
mod handlers;
pub mod hook;
mod list;
pub mod page;
pub mod server;
mod substitute;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use super::outcome::Outcome;
use super::results::Known;
use super::runner::Runner;
use super::suite::read_text;
use super::{in_repository, print, read_expectations, read_if_there, report, update};
use crate::args::WptArgs;
use crate::pair::Pair;
use find::Found;
use list::{List, Need};

/// Where the list of the tests is, in the repository.
const LIST: &str = "tests/wpt/web.toml";
/// Where the expectations are.
const EXPECTATIONS: &str = "tests/wpt/web-expectations.toml";
/// Where the numbers of subtests are.
const COUNTS: &str = "tests/wpt/web-counts.json";

/// How many files or subtests are left out, by what they need and why.
type LeftOut = BTreeMap<(Need, String), usize>;

/// Runs the tests, writes what is asked for, and tells whether all is as expected.
pub fn main(args: &WptArgs) -> Result<ExitCode> {
    if args.update && !args.filter.is_empty() {
        bail!("--update needs all tests: leave out --filter");
    }
    let or = |path: &Option<_>, default| path.clone().unwrap_or_else(|| in_repository(default));
    let list = or(&args.list, LIST);
    let list = List::parse(&read_text(&list)?).with_context(|| list.display().to_string())?;
    let path = or(&args.expectations, EXPECTATIONS);
    let mut expectations = read_expectations(&path)?;
    let counts = or(&args.expected, COUNTS);
    let there = counts.exists().then_some(counts.as_path());
    let mut known = Known::read(there, args.known_bad.as_deref())?;
    known.leave_out(list.subtests().cloned());

    let found = find::find(&args.suite, &list)?;
    complain_of_gaps(args, &found)?;
    let tests = super::select(&found.tests, args)?;
    let root = &args.suite;
    let runner = Runner {
        suites: root
            .canonicalize()
            .with_context(|| root.display().to_string())?,
        timeout: args.timeout,
        isolate: args.isolate,
        web: true,
    };
    let outcomes = super::run(args, &runner, &tests)?;
    if let Some(path) = &args.json {
        super::write_json(path, &tests, &outcomes)?;
    }
    if args.update {
        let all = outcomes.iter().flat_map(|(_, outcomes)| outcomes);
        all.for_each(|outcome| known.raise(outcome));
        write_counts(&counts, &known)?;
    }
    let results = super::judge(&known, &outcomes);
    if args.update {
        expectations = update::update(&expectations, &results, |_| None);
        super::write(&path, &update::render(&expectations))?;
    }
    if let Some(path) = super::page_path(args) {
        let left_out = page::LeftOut {
            files: &found.left_out,
            subtests: &subtests_left_out(&list, &outcomes),
        };
        let text = page::text(&results, &expectations, &list, &left_out);
        super::write(&path, &page::put(&read_if_there(&path)?, &text)?)?;
    }
    let surprises = expectations.check(&results);
    let row = |file| {
        list.api(file)
            .map_or("", |row| list.apis[row].name.as_str())
    };
    print(&report::summary(&results, row))?;
    print(&report::surprises(&surprises))?;
    Ok(ExitCode::from(u8::from(!surprises.is_empty())))
}

/// A page or expectations from half a checkout would have holes.
fn complain_of_gaps(args: &WptArgs, found: &Found) -> Result<()> {
    if found.missing.is_empty() {
        return Ok(());
    }
    let missing = found.missing.join(", ");
    if args.update || super::page_path(args).is_some() {
        bail!("the checkout lacks {missing}");
    }
    eprintln!("xtask: the checkout lacks {missing}");
    Ok(())
}

/// How many subtests are left out of the files that ran, each counted once.
fn subtests_left_out(list: &List, outcomes: &[(Pair, Vec<Outcome>)]) -> LeftOut {
    let mut names = BTreeSet::new();
    for outcome in outcomes.iter().flat_map(|(_, outcomes)| outcomes) {
        let subtests = outcome.subtests.iter();
        names.extend(subtests.map(|subtest| (outcome.file.as_str(), subtest.name.as_str())));
    }
    let mut left_out = LeftOut::new();
    for (file, subtest) in names {
        if let Some(omission) = list.omission_of(file, subtest) {
            let count = left_out.entry((omission.need, omission.why.clone()));
            *count.or_default() += 1;
        }
    }
    left_out
}

fn write_counts(path: &Path, known: &Known) -> Result<()> {
    let mut text = serde_json::to_string_pretty(known.counts())?;
    text.push('\n');
    super::write(path, &text)
}
