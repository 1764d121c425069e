//! The page of results, and what the terminal shows.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::expectations::{Expectations, Surprises};
use super::results::{FileResult, PairResults};
use super::suite::folder_of;
use super::update::pair_globs;

/// Passed and all subtests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub passed: usize,
    pub total: usize,
}

const INTRO: &str = "\
# Conformance

Written by `cargo xtask wpt`; do not edit. Subtests of the web platform tests for the WebAssembly
JavaScript Interface, its Web API and the ES module integration, run on every pair of engines. The
tests themselves are not part of this repository. What fails is listed below with the reason, as
`tests/wpt/expectations.toml` gives it.

";

/// The page: a table of folders and pairs, then what fails and why.
pub fn page(results: &[PairResults], expectations: &Expectations) -> String {
    let mut page = INTRO.to_owned();
    page.push_str("## Subtests passed\n\n");
    page.push_str(&folders(results));
    page.push_str("\n## What fails, and why\n");
    page.push_str(&failures(results, expectations, "###", usize::MAX));
    page
}

/// What fails, under a heading for each reason; of a file no more than `most` subtests by name.
pub fn failures(
    results: &[PairResults],
    expectations: &Expectations,
    heading: &str,
    most: usize,
) -> String {
    let mut text = String::new();
    let reasons = by_reason(results, expectations);
    if reasons.is_empty() {
        text.push_str("\nNothing.\n");
    }
    for (reason, failures) in reasons {
        let why = match reason {
            Some(number) => expectations.reasons[number].text.as_str(),
            None => "Not listed in the expectations.",
        };
        let _ = writeln!(text, "\n{heading} {}\n", one_line(why));
        text.push_str(&counts(results, &failures));
        text.push_str(&list(results, &failures, most));
    }
    text
}

/// The table for the terminal, with a row for each name that `row` gives to files.
pub fn summary<'a>(results: &'a [PairResults], row: impl Fn(&'a str) -> &'a str) -> String {
    let (rows, total) = rows(results, row);
    let width = rows
        .keys()
        .map(|name| name.len())
        .max()
        .unwrap_or_default()
        .max(6);
    let mut text = format!("{:width$}", "folder");
    for result in results {
        let _ = write!(text, "  {:>16}", result.pair);
    }
    text.push('\n');
    for (name, tallies) in rows.into_iter().chain([("total", total)]) {
        let _ = write!(text, "{name:width$}");
        for Tally { passed, total } in tallies {
            let _ = write!(text, "  {:>16}", format!("{passed}/{total}"));
        }
        text.push('\n');
    }
    text
}

/// What is not as expected, for the terminal; empty if all is.
pub fn surprises(surprises: &Surprises) -> String {
    let mut text = String::new();
    if !surprises.failures.is_empty() {
        let _ = writeln!(
            text,
            "\nNot listed, but failed ({}):",
            surprises.failures.len()
        );
    }
    for (pair, file, verdict) in &surprises.failures {
        let name = one_line(&verdict.subtest);
        let _ = writeln!(text, "  {pair}  {file} :: {name}");
        if !verdict.message.is_empty() {
            let _ = writeln!(text, "      {}", one_line(&verdict.message));
        }
    }
    if !surprises.passes.is_empty() {
        let _ = writeln!(text, "\nListed, but passed ({}):", surprises.passes.len());
    }
    for (pair, file, subtest) in &surprises.passes {
        let _ = writeln!(text, "  {pair}  {file} :: {}", one_line(subtest));
    }
    if !surprises.unknown.is_empty() {
        let _ = writeln!(
            text,
            "\nListed, but there is none ({}):",
            surprises.unknown.len()
        );
    }
    for (pair, pattern) in &surprises.unknown {
        let _ = writeln!(text, "  {pair}  {}", one_line(pattern));
    }
    text
}

/// Passed and total, for each row and pair, and for each pair.
pub fn rows<'a>(
    results: &'a [PairResults],
    row: impl Fn(&'a str) -> &'a str,
) -> (BTreeMap<&'a str, Vec<Tally>>, Vec<Tally>) {
    let mut rows = BTreeMap::<&str, Vec<Tally>>::new();
    let mut total = vec![Tally::default(); results.len()];
    for (column, result) in results.iter().enumerate() {
        for file in &result.files {
            let row = rows.entry(row(&file.file));
            let row = row.or_insert_with(|| vec![Tally::default(); results.len()]);
            for tally in [&mut row[column], &mut total[column]] {
                tally.passed += file.passed();
                tally.total += file.total();
            }
        }
    }
    (rows, total)
}

fn folders(results: &[PairResults]) -> String {
    let (rows, total) = rows(results, folder_of);
    let mut text = String::from("| folder |");
    for result in results {
        let _ = write!(text, " {} |", result.pair);
    }
    let _ = writeln!(text, "\n|---|{}", "---:|".repeat(results.len()));
    for (name, tallies) in rows {
        let _ = write!(text, "| `{name}` |");
        for Tally { passed, total } in tallies {
            let _ = write!(text, " {passed}/{total} |");
        }
        text.push('\n');
    }
    text.push_str("| **all** |");
    for Tally { passed, total } in total {
        let _ = write!(text, " **{passed}/{total}** ({}) |", percent(passed, total));
    }
    text.push('\n');
    text
}

/// Rounded down: 100 % is said of nothing less.
pub fn percent(passed: usize, total: usize) -> String {
    let permille = (passed * 1000).checked_div(total).unwrap_or(1000);
    format!("{}.{} %", permille / 10, permille % 10)
}

/// A failing subtest of a file, and where it fails: positions in the results.
type Failures<'a> = BTreeMap<&'a str, BTreeMap<&'a str, BTreeSet<usize>>>;

/// The failures by the number of the first reason with the same text; last those without one.
fn by_reason<'a>(
    results: &'a [PairResults],
    expectations: &Expectations,
) -> Vec<(Option<usize>, Failures<'a>)> {
    let number = |pair: &str, file: &str, subtest: &str| {
        let reason = expectations.reason(pair, file, subtest)?;
        let mut all = expectations.reasons.iter();
        all.position(|other| other.text == reason.text)
    };
    let mut reasons = BTreeMap::<usize, Failures>::new();
    let mut unlisted = Failures::new();
    for (column, result) in results.iter().enumerate() {
        for file in &result.files {
            for verdict in file.subtests.iter().filter(|verdict| !verdict.passed) {
                let failures = match number(result.pair, &file.file, &verdict.subtest) {
                    Some(number) => reasons.entry(number).or_default(),
                    None => &mut unlisted,
                };
                let subtests = failures.entry(&file.file).or_default();
                subtests.entry(&verdict.subtest).or_default().insert(column);
            }
        }
    }
    let unlisted = (!unlisted.is_empty()).then_some((None, unlisted));
    let reasons = reasons
        .into_iter()
        .map(|(number, failures)| (Some(number), failures));
    reasons.chain(unlisted).collect()
}

/// How many subtests fail on which pair.
fn counts(results: &[PairResults], failures: &Failures) -> String {
    let mut counts = Vec::new();
    for (column, result) in results.iter().enumerate() {
        let count: usize = failures
            .iter()
            .flat_map(|(file, subtests)| {
                let here = subtests.iter().filter(|(_, on)| on.contains(&column));
                here.map(|(subtest, _)| weight(result, file, subtest))
            })
            .sum();
        if count > 0 {
            counts.push(format!("{count} on {}", result.pair));
        }
    }
    match counts.is_empty() {
        true => String::new(),
        false => format!("Subtests: {}.\n\n", counts.join(", ")),
    }
}

fn weight(result: &PairResults, file: &str, subtest: &str) -> usize {
    let file = result.files.iter().find(|other| other.file == file);
    let mut verdicts = file.into_iter().flat_map(|file| &file.subtests);
    verdicts
        .find(|verdict| verdict.subtest == subtest)
        .map_or(0, |verdict| verdict.count)
}

/// A line for each file and set of pairs.
fn list(results: &[PairResults], failures: &Failures, most: usize) -> String {
    let mut text = String::new();
    for (file, subtests) in failures {
        let mut groups = BTreeMap::<&BTreeSet<usize>, Vec<&str>>::new();
        for (subtest, on) in subtests {
            groups.entry(on).or_default().push(subtest);
        }
        for (on, subtests) in groups {
            let pairs: Vec<_> = on.iter().map(|column| results[*column].pair).collect();
            let _ = write!(text, "- `{file}`");
            if pairs.len() < results.len() {
                let globs: Vec<_> = pair_globs(&pairs).map(code).collect();
                let _ = write!(text, " on {}", globs.join(", "));
            }
            let is_whole = |column: &usize| {
                let mut files = results[*column].files.iter();
                let found = files.find(|other| other.file == *file);
                found.is_some_and(|file| is_all_of(file, &subtests))
            };
            match subtests.as_slice() {
                [_, _, _, ..] if on.iter().all(is_whole) => text.push_str(": all of it"),
                _ => {
                    let names = subtests.iter().take(most).map(|name| code(name));
                    let _ = write!(text, ": {}", names.collect::<Vec<_>>().join(", "));
                    if subtests.len() > most {
                        let _ = write!(text, " and {} more", subtests.len() - most);
                    }
                }
            }
            text.push('\n');
        }
    }
    text
}

fn is_all_of(file: &FileResult, subtests: &[&str]) -> bool {
    let mut all = file.subtests.iter();
    all.all(|verdict| subtests.contains(&verdict.subtest.as_str()))
}

/// A name as code in Markdown.
fn code(name: &str) -> String {
    let name = one_line(name);
    let longest = name
        .split(|c| c != '`')
        .map(str::len)
        .max()
        .unwrap_or_default();
    let fence = "`".repeat(longest + 1);
    match longest {
        0 if !name.trim().is_empty() => format!("`{name}`"),
        _ => format!("{fence} {name} {fence}"),
    }
}

/// The text without characters that break lines or cannot be seen.
pub fn one_line(text: &str) -> String {
    let mut line = String::new();
    for c in text.chars() {
        match c.is_control() {
            true => line.extend(c.escape_default()),
            false => line.push(c),
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::super::results::tests::results;
    use super::*;

    #[test]
    fn writes_a_page() {
        let results = [
            results(
                "quickjs+wasmtime",
                &[("s/a/f", &["x", "-y"]), ("s/b/g", &["z"])],
            ),
            results(
                "boa+wasmi",
                &[
                    ("s/a/f", &["x", "-y"]),
                    ("s/b/g", &["-p", "-q", "-r`", "-\n"]),
                ],
            ),
        ];
        let expectations = Expectations::parse(
            "[[reason]]\ntext = 'Why.'\npairs = ['*+wasmi']\ntests = ['s/b/* :: *']\n\
             [[reason]]\ntext = 'How.'\npairs = ['boa+*']\ntests = ['s/a/f :: y']\n",
        );
        let page = page(&results, &expectations.unwrap());
        let expected = "\
## Subtests passed

| folder | quickjs+wasmtime | boa+wasmi |
|---|---:|---:|
| `s/a` | 1/2 | 1/2 |
| `s/b` | 1/1 | 0/4 |
| **all** | **2/3** (66.6 %) | **1/6** (16.6 %) |

## What fails, and why

### Why.

Subtests: 4 on boa+wasmi.

- `s/b/g` on `boa+wasmi`: all of it

### How.

Subtests: 1 on boa+wasmi.

- `s/a/f` on `boa+wasmi`: `y`

### Not listed in the expectations.

Subtests: 1 on quickjs+wasmtime.

- `s/a/f` on `quickjs+wasmtime`: `y`
";
        assert_eq!(page.strip_prefix(INTRO), Some(expected));
    }

    #[test]
    fn says_when_nothing_fails() {
        let results = [results("boa+wasmi", &[("s/f", &["x"])])];
        let page = page(&results, &Expectations::default());
        assert!(
            page.contains("**1/1** (100.0 %)") && page.ends_with("\nNothing.\n"),
            "{page}"
        );
        assert_eq!(surprises(&Expectations::default().check(&results)), "");
    }

    #[test]
    fn shows_surprises() {
        let results = [results("boa+wasmi", &[("s/f", &["x", "-y"])])];
        let expectations =
            Expectations::parse("[[reason]]\ntext = 'Why.'\ntests = ['s/f :: x', 's/f :: gone']\n");
        let expectations = expectations.unwrap();
        let expected = "
Not listed, but failed (1):
  boa+wasmi  s/f :: y
      assert_equals: no

Listed, but passed (1):
  boa+wasmi  s/f :: x

Listed, but there is none (1):
  boa+wasmi  s/f :: gone
";
        assert_eq!(surprises(&expectations.check(&results)), expected);
        assert_eq!(
            summary(&results, folder_of),
            "folder         boa+wasmi\ns                    1/2\ntotal                1/2\n"
        );
    }

    #[test]
    fn quotes_names() {
        assert_eq!(code("a"), "`a`");
        assert_eq!(code("a`b"), "`` a`b ``");
        assert_eq!(code("a\nb"), "`a\\nb`");
        assert_eq!(code(""), "`  `");
    }
}
