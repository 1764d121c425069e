//! Expectations brought up to what was found.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::expectations::{Expectations, Reason};
use super::glob::{Glob, TestGlob};
use super::results::{Failure, FileResult, PairResults, Verdict};
use super::suite::Class;
use crate::pair::NAMES;

const HEADER: &str = "\
# Subtests of the web platform tests that fail, and why: read and checked by `cargo xtask wpt`, and
# brought up to date by its option --update, which keeps the reasons. The first reason that covers a
# subtest is its reason; without `pairs` it is so on all pairs. `*` stands for any text, and `\\`
# takes the next character for itself. (ERROR: 3 not reached) and the like stand for the subtests
# that a file did not come to.
";

/// The pairs of one entry, as positions in [`NAMES`].
type Pairs = BTreeSet<usize>;

/// The entries to write: the number of the reason, the pattern, the pairs.
type Entries = BTreeMap<(usize, TestGlob), Pairs>;

/// What is to be expected from now on. Patterns of files and pairs that did not run stay, others
/// stay as far as they fit failures only; what they do not cover gets a reason to be replaced by a
/// better one.
pub fn update(
    old: &Expectations,
    results: &[PairResults],
    class: impl Fn(&str) -> Option<Class>,
) -> Expectations {
    let mut texts = Vec::new();
    let mut entries = Entries::new();
    for reason in &old.reasons {
        let number = number_of(&mut texts, &reason.text);
        for test in &reason.tests {
            for pair in &reason.pairs {
                for test in kept(old, reason, test, pair, results) {
                    insert(&mut entries, number, test, pair);
                }
            }
        }
    }
    for PairResults { pair, files } in results {
        for file in files {
            for verdict in file.subtests.iter().filter(|verdict| !verdict.passed) {
                if old.reason(pair, &file.file, &verdict.subtest).is_none() {
                    let text = unexplained(verdict.failure, class(&file.file));
                    let number = number_of(&mut texts, text);
                    let test = TestGlob::literal(&file.file, &verdict.subtest);
                    insert(&mut entries, number, test, pair);
                }
            }
        }
    }
    for PairResults { pair, files } in results {
        for file in files {
            collapse(&mut entries, pair, file);
        }
    }
    group(texts, entries)
}

/// The file of these expectations.
pub fn render(expectations: &Expectations) -> String {
    let mut text = HEADER.to_owned();
    for reason in &expectations.reasons {
        let _ = write!(text, "\n[[reason]]\ntext = {}\n", quote(&reason.text));
        if reason.pairs.len() < NAMES.len() {
            let pairs: Vec<_> = pair_globs(&reason.pairs).map(quote).collect();
            let _ = writeln!(text, "pairs = [{}]", pairs.join(", "));
        }
        text.push_str("tests = [\n");
        for test in &reason.tests {
            let _ = writeln!(text, "    {},", quote(&test.to_string()));
        }
        text.push_str("]\n");
    }
    text
}

/// The fewest patterns for these pairs.
pub fn pair_globs<'a>(pairs: &[&'a str]) -> impl Iterator<Item = &'a str> {
    let mut left = pairs.to_vec();
    let mut globs = Vec::new();
    for glob in ["*", "quickjs+*", "boa+*", "*+wasmtime", "*+wasmi"] {
        let pattern = Glob::new(glob);
        let mut all = NAMES.iter().filter(|name| pattern.matches(name));
        if all.all(|name| left.contains(name)) {
            left.retain(|name| !pattern.matches(name));
            globs.push(glob);
        }
    }
    globs.into_iter().chain(left)
}

/// What becomes of a pattern on a pair.
fn kept(
    old: &Expectations,
    reason: &Reason,
    test: &TestGlob,
    pair: &str,
    results: &[PairResults],
) -> Vec<TestGlob> {
    let files = results.iter().filter(|results| results.pair == pair);
    let files = files.flat_map(|results| &results.files);
    let mut ran = files
        .filter(|file| test.file.matches(&file.file))
        .peekable();
    if ran.peek().is_none() {
        return vec![test.clone()];
    }
    let mut failures = Vec::new();
    let mut has_passes = false;
    for file in ran {
        for verdict in &file.subtests {
            if !test.subtest.matches(&verdict.subtest) {
                continue;
            }
            let first = old.reason(pair, &file.file, &verdict.subtest);
            if verdict.passed {
                has_passes = true;
            } else if first.is_some_and(|first| std::ptr::eq(first, reason)) {
                failures.push(TestGlob::literal(&file.file, &verdict.subtest));
            }
        }
    }
    match (failures.is_empty(), has_passes) {
        (false, false) => vec![test.clone()],
        _ => failures,
    }
}

/// One pattern for a file that fails as a whole, on this pair and for one reason.
fn collapse(entries: &mut Entries, pair: &str, file: &FileResult) {
    let Some(position) = position(pair) else {
        return;
    };
    let covering = |verdict: &Verdict| {
        let covers = |((_, test), pairs): &(&(usize, TestGlob), &Pairs)| {
            pairs.contains(&position) && test.matches(&file.file, &verdict.subtest)
        };
        let found = entries.iter().find(covers);
        found.map(|((number, test), _)| (*number, test.file.is_literal()))
    };
    let mut verdicts = file.subtests.iter();
    let Some((number, true)) = verdicts.next().and_then(covering) else {
        return;
    };
    let is_same = |verdict| covering(verdict) == Some((number, true));
    if file.subtests.len() < 2
        || file.subtests.iter().any(|verdict| verdict.passed)
        || !verdicts.all(is_same)
    {
        return;
    }
    for ((other, test), pairs) in entries.iter_mut() {
        if *other == number && test.file.is_literal() && test.file.matches(&file.file) {
            pairs.remove(&position);
        }
    }
    insert(entries, number, TestGlob::whole_file(&file.file), pair);
}

/// A table for each reason and set of pairs.
fn group(texts: Vec<String>, entries: Entries) -> Expectations {
    let mut groups = BTreeMap::<(usize, Pairs), Vec<TestGlob>>::new();
    for ((number, test), pairs) in entries {
        if !pairs.is_empty() {
            groups.entry((number, pairs)).or_default().push(test);
        }
    }
    let reasons = groups.into_iter().map(|((number, pairs), tests)| Reason {
        text: texts[number].clone(),
        pairs: pairs.into_iter().map(|pair| NAMES[pair]).collect(),
        tests,
    });
    Expectations {
        reasons: reasons.collect(),
    }
}

/// What is said of a failure that nobody has looked at.
fn unexplained(failure: Failure, class: Option<Class>) -> &'static str {
    if class == Some(Class::Web) {
        return "Needs `fetch` and `Response`.";
    }
    match failure {
        Failure::Assertion | Failure::None => "Not explained yet: an assertion fails.",
        Failure::Exception => "Not explained yet: something is thrown.",
        Failure::Timeout => "Not explained yet: it takes too long.",
        Failure::NotRun => "Not explained yet: the harness is done before the subtest ran.",
        Failure::EndsEarly => "Not explained yet: the file ends early.",
        Failure::File => "Not explained yet: all subtests ran, but the file does not end well.",
        Failure::Crash => "Not explained yet: the process crashes.",
    }
}

fn number_of(texts: &mut Vec<String>, text: &str) -> usize {
    let known = texts.iter().position(|other| other == text);
    known.unwrap_or_else(|| {
        texts.push(text.to_owned());
        texts.len() - 1
    })
}

fn position(pair: &str) -> Option<usize> {
    NAMES.iter().position(|name| *name == pair)
}

fn insert(entries: &mut Entries, number: usize, test: TestGlob, pair: &str) {
    entries
        .entry((number, test))
        .or_default()
        .extend(position(pair));
}

/// A string of TOML, as it stands where that can be.
fn quote(text: &str) -> String {
    if !text.contains('\'') && !text.contains(char::is_control) {
        return format!("'{text}'");
    }
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::super::results::tests::results;
    use super::*;

    fn updated(old: &str, results: &[PairResults]) -> String {
        let old = Expectations::parse(old).unwrap();
        let class = |file: &str| (file == "web").then_some(Class::Web);
        let new = update(&old, results, class);
        assert!(new.check(results).is_empty(), "{new:?}");
        let text = render(&new);
        assert_eq!(Expectations::parse(&text).unwrap(), new, "{text}");
        assert_eq!(update(&new, results, class), new, "a second time");
        text.strip_prefix(HEADER).unwrap().to_owned()
    }

    #[test]
    fn writes_what_it_finds() {
        let files: [(&str, &[&str]); 3] = [
            ("f", &["a", "-b", "-it's *"]),
            ("g", &["-a", "-b"]),
            ("web", &["-a"]),
        ];
        let all = NAMES.map(|pair| results(pair, &files));
        let expected = "
[[reason]]
text = 'Not explained yet: an assertion fails.'
tests = [
    'f :: b',
    \"f :: it's \\\\*\",
    'g :: *',
]

[[reason]]
text = 'Needs `fetch` and `Response`.'
tests = [
    'web :: a',
]
";
        assert_eq!(updated("", &all), expected);
    }

    #[test]
    fn keeps_reasons() {
        let old = "
            [[reason]]
            text = 'z'
            tests = ['f :: b*', 'f :: gone', 'other :: x', 'f :: mixed*']
            [[reason]]
            text = 'y'
            pairs = ['boa+wasmi']
            tests = ['g :: *']
        ";
        let files: [(&str, &[&str]); 2] = [
            ("f", &["-b1", "-b2", "mixed 1", "-mixed 2"]),
            ("g", &["a", "b"]),
        ];
        let expected = "
[[reason]]
text = 'z'
tests = [
    'f :: b*',
    'other :: x',
]

[[reason]]
text = 'z'
pairs = ['boa+*', 'quickjs+wasmtime']
tests = [
    'f :: gone',
    'f :: mixed*',
]

[[reason]]
text = 'z'
pairs = ['quickjs+wasmi']
tests = [
    'f :: mixed 2',
]

[[reason]]
text = 'y'
pairs = ['boa+wasmi']
tests = [
    'g :: *',
]
";
        let found = updated(old, &[results("quickjs+wasmi", &files)]);
        let tables = |text: &str| -> BTreeSet<String> {
            text.split("\n\n")
                .map(|table| table.trim().to_owned())
                .collect()
        };
        assert_eq!(tables(&found), tables(expected), "{found}");
    }

    #[test]
    fn forgets_what_passes() {
        let old = "[[reason]]\ntext = 'z'\npairs = ['boa+wasmi']\ntests = ['f :: a', 'f :: b']";
        assert_eq!(
            updated(old, &[results("boa+wasmi", &[("f", &["a", "b"])])]),
            ""
        );
    }

    #[test]
    fn names_pairs_in_short() {
        let check = |pairs: &[&'static str], expected: &[&str]| {
            assert_eq!(pair_globs(pairs).collect::<Vec<_>>(), expected);
        };
        check(&NAMES, &["*"]);
        check(&["quickjs+wasmi", "boa+wasmi"], &["*+wasmi"]);
        check(
            &["quickjs+wasmtime", "boa+wasmi"],
            &["quickjs+wasmtime", "boa+wasmi"],
        );
        check(&NAMES[1..], &["boa+*", "quickjs+wasmi"]);
    }
}
