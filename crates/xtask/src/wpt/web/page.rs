//! The part of the page that tells of Web APIs, between markers: what is around it stays.

use std::fmt::Write;

use anyhow::{Result, bail};

use super::LeftOut as Counts;
use super::list::List;
use crate::wpt::expectations::Expectations;
use crate::wpt::report::{Tally, failures, one_line, percent, rows};
use crate::wpt::results::PairResults;

const BEGIN: &str = "<!-- wpt: web -->\n";
const END: &str = "<!-- /wpt: web -->\n";

/// How many failing subtests of a file are named.
const MOST: usize = 8;

const INTRO: &str = "\
## Web APIs

Written by `cargo xtask wpt --web`; do not edit. Subtests of the web platform tests for the other Web
APIs, run on every pair of engines as a shell runs them: `self` is the global object, and there is no
document, no worker and no server. `tests/wpt/web.toml` says which tests are run and what is left
out, `tests/wpt/web-expectations.toml` what fails and why. A file that ends early has failed all
subtests that it is known to have.
";

/// What does not run.
pub struct LeftOut<'a> {
    pub files: &'a Counts,
    pub subtests: &'a Counts,
}

/// The tables: what passes, what fails and why, what is left out and why.
pub fn text(
    results: &[PairResults],
    expectations: &Expectations,
    list: &List,
    left_out: &LeftOut,
) -> String {
    let mut text = INTRO.to_owned();
    text.push_str("\n### Subtests of Web APIs passed\n\n");
    text.push_str(&apis(results, list));
    text.push_str("\n### What fails of Web APIs, and why\n");
    text.push_str(&failures(results, expectations, "####", MOST));
    text.push_str("\n### What is left out\n\n");
    text.push_str(&absences(left_out));
    text
}

/// The part with its markers; nothing if the page has none.
pub fn section(page: &str) -> Result<String> {
    Ok(match find(page)? {
        Some((start, end)) => format!("\n{}", &page[start..end]),
        None => String::new(),
    })
}

/// The page with this text as its part.
pub fn put(page: &str, text: &str) -> Result<String> {
    let part = format!("{BEGIN}{text}{END}");
    Ok(match find(page)? {
        Some((start, end)) => format!("{}{part}{}", &page[..start], &page[end..]),
        None if page.is_empty() => part,
        None => format!("{page}\n{part}"),
    })
}

/// From the first marker to behind the second.
fn find(page: &str) -> Result<Option<(usize, usize)>> {
    match (page.find(BEGIN), page.find(END)) {
        (None, None) => Ok(None),
        (Some(start), Some(end)) if start < end => Ok(Some((start, end + END.len()))),
        _ => bail!(
            "the page has only one of {} and {}",
            BEGIN.trim(),
            END.trim()
        ),
    }
}

/// A row for each API. Pairs that reach fewer subtests of a file have failed the others.
fn apis(results: &[PairResults], list: &List) -> String {
    let name = |file| {
        list.api(file)
            .map_or("", |row| list.apis[row].name.as_str())
    };
    let (rows, total) = rows(results, name);
    let mut text = String::from("| API | subtests |");
    for result in results {
        let _ = write!(text, " {} |", result.pair);
    }
    let _ = writeln!(text, "\n|---|---:|{}", "---:|".repeat(results.len()));
    for api in &list.apis {
        if let Some(tallies) = rows.get(api.name.as_str()) {
            row(&mut text, &one_line(&api.name), tallies);
        }
    }
    row(&mut text, "**all**", &total);
    text
}

fn row(text: &mut String, name: &str, tallies: &[Tally]) {
    let all = tallies.iter().map(|tally| tally.total).max();
    let all = all.unwrap_or_default();
    let _ = write!(text, "| {name} | {all} |");
    for tally in tallies {
        let _ = write!(text, " {} ({}) |", tally.passed, percent(tally.passed, all));
    }
    text.push('\n');
}

fn absences(left_out: &LeftOut) -> String {
    let mut text =
        String::from("| needs | files | subtests of other files | why |\n|---|---:|---:|---|\n");
    let mut all: Vec<_> = left_out
        .files
        .keys()
        .chain(left_out.subtests.keys())
        .collect();
    all.sort_unstable();
    all.dedup();
    for key in all {
        let (need, why) = key;
        let count = |counts: &Counts| match counts.get(key) {
            Some(count) => count.to_string(),
            None => String::new(),
        };
        let (files, subtests) = (count(left_out.files), count(left_out.subtests));
        let why = one_line(why).replace('|', "\\|");
        let _ = writeln!(text, "| {need} | {files} | {subtests} | {why} |");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wpt::results::tests::results;
    use crate::wpt::web::list::Need;

    #[test]
    fn replaces_its_part_only() {
        let first = put("# Page\n", "one\n").unwrap();
        assert_eq!(first, format!("# Page\n\n{BEGIN}one\n{END}"));
        let second = put(&format!("{first}\nAfter.\n"), "two\n").unwrap();
        assert_eq!(second, format!("# Page\n\n{BEGIN}two\n{END}\nAfter.\n"));
        assert_eq!(section(&second).unwrap(), format!("\n{BEGIN}two\n{END}"));
        assert_eq!(section("# Page\n").unwrap(), "");
        assert!(put(BEGIN, "").is_err() && section(END).is_err());
    }

    #[test]
    fn writes_tables() {
        let results = [
            results(
                "quickjs+wasmtime",
                &[("url/a", &["x", "-y"]), ("dom/b", &["z"])],
            ),
            results("boa+wasmi", &[("url/a", &["x"]), ("dom/b", &["-z"])]),
        ];
        let list =
            "api = [{ name = 'URL', tests = ['url/*'] }, { name = 'DOM', tests = ['dom/*'] }]";
        let list = List::parse(list).unwrap();
        let expectations = Expectations::parse(
            "[[reason]]\ntext = 'Why.'\ntests = ['url/a :: y']\n\
             [[reason]]\ntext = 'How.'\npairs = ['boa+*']\ntests = ['dom/b :: z']\n",
        );
        let key = |need, why: &str| (need, why.to_owned());
        let files = [(key(Need::Window, "So."), 2)].into();
        let subtests = [(key(Need::Document, "a|b"), 3)].into();
        let left_out = LeftOut {
            files: &files,
            subtests: &subtests,
        };
        let text = text(&results, &expectations.unwrap(), &list, &left_out);
        let expected = "
### Subtests of Web APIs passed

| API | subtests | quickjs+wasmtime | boa+wasmi |
|---|---:|---:|---:|
| URL | 2 | 1 (50.0 %) | 1 (50.0 %) |
| DOM | 1 | 1 (100.0 %) | 0 (0.0 %) |
| **all** | 3 | 2 (66.6 %) | 1 (33.3 %) |

### What fails of Web APIs, and why

#### Why.

Subtests: 1 on quickjs+wasmtime.

- `url/a` on `quickjs+wasmtime`: `y`

#### How.

Subtests: 1 on boa+wasmi.

- `dom/b` on `boa+wasmi`: `z`

### What is left out

| needs | files | subtests of other files | why |
|---|---:|---:|---|
| document |  | 3 | a\\|b |
| window | 2 |  | So. |
";
        assert_eq!(text.strip_prefix(INTRO), Some(expected));
    }
}
