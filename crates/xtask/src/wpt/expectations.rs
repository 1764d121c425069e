//! The subtests that are known to fail, each with a reason.

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::glob::{Glob, TestGlob};
use super::results::{FileResult, PairResults, Verdict};
use crate::pair::NAMES;

/// All reasons, in the order of the file: the first that fits is the reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expectations {
    pub reasons: Vec<Reason>,
}

/// Why some subtests fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    pub text: String,
    /// On which pairs, by name.
    pub pairs: Vec<&'static str>,
    pub tests: Vec<TestGlob>,
}

/// What is not as expected.
#[derive(Debug, Default)]
pub struct Surprises<'a> {
    /// Subtests that fail and are not listed: pair, file, subtest.
    pub failures: Vec<(&'static str, &'a str, &'a Verdict)>,
    /// Subtests that pass although they are listed: pair, file, subtest.
    pub passes: Vec<(&'static str, &'a str, &'a str)>,
    /// Patterns of a file that ran, and has no such subtest: pair, pattern.
    pub unknown: Vec<(&'static str, String)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    reason: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    text: String,
    #[serde(default)]
    pairs: Vec<String>,
    tests: Vec<String>,
}

impl Expectations {
    /// Reads a file of `[[reason]]` tables.
    pub fn parse(text: &str) -> Result<Self> {
        let file: File = toml::from_str(text)?;
        let reasons = file.reason.into_iter().map(reason);
        Ok(Self {
            reasons: reasons.collect::<Result<_>>()?,
        })
    }

    /// Why this subtest is expected to fail, if it is.
    pub fn reason(&self, pair: &str, file: &str, subtest: &str) -> Option<&Reason> {
        self.reasons.iter().find(|reason| {
            reason.covers(pair) && reason.tests.iter().any(|test| test.matches(file, subtest))
        })
    }

    /// Compares what was found with what is expected.
    pub fn check<'a>(&self, results: &'a [PairResults]) -> Surprises<'a> {
        let mut surprises = Surprises::default();
        for PairResults { pair, files } in results {
            for file in files {
                for verdict in &file.subtests {
                    let listed = self.reason(pair, &file.file, &verdict.subtest).is_some();
                    let name = file.file.as_str();
                    match (listed, verdict.passed) {
                        (false, false) => surprises.failures.push((pair, name, verdict)),
                        (true, true) => surprises.passes.push((pair, name, &verdict.subtest)),
                        _ => {}
                    }
                }
                let unknown = self.unknown(pair, file);
                surprises.unknown.extend(unknown.map(|text| (*pair, text)));
            }
        }
        surprises
    }

    /// The patterns for this very file that fit none of its subtests.
    fn unknown<'a>(
        &'a self,
        pair: &'a str,
        file: &'a FileResult,
    ) -> impl Iterator<Item = String> + 'a {
        let reasons = self
            .reasons
            .iter()
            .filter(move |reason| reason.covers(pair));
        let tests = reasons.flat_map(|reason| &reason.tests);
        let fits = |test: &TestGlob| {
            let mut subtests = file.subtests.iter();
            subtests.any(|verdict| test.subtest.matches(&verdict.subtest))
        };
        tests
            .filter(|test| test.file.is_literal() && test.file.matches(&file.file))
            .filter(move |test| !fits(test))
            .map(TestGlob::to_string)
    }
}

impl Reason {
    pub fn covers(&self, pair: &str) -> bool {
        self.pairs.contains(&pair)
    }
}

impl Surprises<'_> {
    pub fn is_empty(&self) -> bool {
        self.failures.is_empty() && self.passes.is_empty() && self.unknown.is_empty()
    }
}

fn reason(entry: Entry) -> Result<Reason> {
    let Entry { text, pairs, tests } = entry;
    let test = |test: &String| {
        let context = || format!("{test:?} is not `file :: subtest` (reason {text:?})");
        TestGlob::parse(test).with_context(context)
    };
    let tests = tests.iter().map(test).collect::<Result<_>>()?;
    let globs: Vec<_> = pairs.iter().map(|pair| Glob::new(pair)).collect();
    for glob in &globs {
        if !NAMES.iter().any(|name| glob.matches(name)) {
            let names = NAMES.join(", ");
            bail!(
                "no pair is {:?} (reason {text:?}); there are {names}",
                glob.as_str()
            );
        }
    }
    let covers = |name: &&&str| globs.is_empty() || globs.iter().any(|glob| glob.matches(name));
    let pairs = NAMES.iter().filter(covers).copied().collect();
    Ok(Reason { text, pairs, tests })
}

#[cfg(test)]
mod tests {
    use super::super::results::tests::results;
    use super::*;

    const TEXT: &str = r#"
        [[reason]]
        text = "no exceptions"
        pairs = ["*+wasmi"]
        tests = ['f :: b*']

        [[reason]]
        text = "nobody can"
        tests = ['f :: c', 'web/* :: *']
    "#;

    fn found(pair: &'static str, subtests: &[&str]) -> (Vec<String>, Vec<String>, Vec<String>) {
        let expectations = Expectations::parse(TEXT).unwrap();
        let results = [results(pair, &[("f", subtests)])];
        let found = expectations.check(&results);
        let failures = found
            .failures
            .iter()
            .map(|(_, _, verdict)| verdict.subtest.clone());
        let passes = found
            .passes
            .iter()
            .map(|(_, _, subtest)| (*subtest).to_owned());
        let unknown = found.unknown.iter().map(|(_, pattern)| pattern.clone());
        (failures.collect(), passes.collect(), unknown.collect())
    }

    #[test]
    fn finds_reasons() {
        let expectations = Expectations::parse(TEXT).unwrap();
        let text = |pair, file, subtest| {
            let reason = expectations.reason(pair, file, subtest);
            reason.map(|reason| reason.text.as_str())
        };
        assert_eq!(text("boa+wasmi", "f", "b1"), Some("no exceptions"));
        assert_eq!(text("boa+wasmtime", "f", "b1"), None);
        assert_eq!(text("boa+wasmtime", "f", "c"), Some("nobody can"));
        assert_eq!(text("boa+wasmtime", "web/a", "c"), Some("nobody can"));
        assert_eq!(text("boa+wasmtime", "g", "c"), None);
    }

    #[test]
    fn as_expected() {
        let none = (vec![], vec![], vec![]);
        assert_eq!(found("boa+wasmi", &["a", "-b1", "-b2", "-c"]), none);
        assert_eq!(found("boa+wasmtime", &["a", "b1", "-c"]), none);
    }

    #[test]
    fn not_as_expected() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let (failures, passes, unknown) = found("boa+wasmi", &["-a", "b1", "-b2"]);
        assert_eq!(failures, ["a"]);
        assert_eq!(passes, ["b1"]);
        assert_eq!(unknown, ["f :: c"]);
        let expected: (Vec<String>, Vec<String>, Vec<String>) = (names(&["b1"]), vec![], vec![]);
        assert_eq!(found("quickjs+wasmtime", &["-b1", "-c"]), expected);
    }

    #[test]
    fn refuses_nonsense() {
        for text in [
            "[[reason]]\ntext = 'x'\ntests = ['no subtest']",
            "[[reason]]\ntext = 'x'\npairs = ['v8+*']\ntests = []",
            "[[reason]]\ntext = 'x'",
            "[[reasons]]\ntext = 'x'\ntests = []",
        ] {
            assert!(Expectations::parse(text).is_err(), "{text}");
        }
        assert_eq!(Expectations::parse("").unwrap(), Expectations::default());
    }
}
