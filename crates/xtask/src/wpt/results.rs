//! The subtests of a run that count.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};

use super::glob::TestGlob;
use super::outcome::{FileStatus, Outcome, Status};
use super::suite::read_text;

/// What all files gave on one pair.
#[derive(Debug)]
pub struct PairResults {
    /// The name of the pair.
    pub pair: &'static str,
    /// In the order of their names.
    pub files: Vec<FileResult>,
}

/// What a file gave.
#[derive(Debug)]
pub struct FileResult {
    /// The name of the test.
    pub file: String,
    pub subtests: Vec<Verdict>,
}

/// A subtest, or what is wrong with the file as a whole.
#[derive(Debug)]
pub struct Verdict {
    pub subtest: String,
    pub passed: bool,
    /// How many subtests it stands for.
    pub count: usize,
    pub message: String,
    /// What went wrong.
    pub failure: Failure,
}

/// A kind of failure, for those that nobody has explained yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Failure {
    None,
    /// An assertion of the test.
    Assertion,
    /// Anything else that was thrown.
    Exception,
    Timeout,
    NotRun,
    /// The file ended with the rest of its subtests not reached.
    EndsEarly,
    /// All subtests were reached, but the file did not end well.
    File,
    Crash,
}

/// What is known of the subtests beforehand.
#[derive(Debug, Default)]
pub struct Known {
    /// How many subtests a file has.
    counts: BTreeMap<String, usize>,
    /// Subtests that count neither way.
    bad: Vec<TestGlob>,
}

impl Known {
    /// Reads both files, where they are given.
    pub fn read(counts: Option<&Path>, bad: Option<&Path>) -> Result<Self> {
        let mut known = Self::default();
        if let Some(path) = counts {
            let text = read_text(path)?;
            known.counts =
                serde_json::from_str(&text).with_context(|| path.display().to_string())?;
        }
        if let Some(path) = bad {
            known.bad =
                parse_known_bad(&read_text(path)?).with_context(|| path.display().to_string())?;
        }
        Ok(known)
    }

    /// Takes these subtests out of the count, too.
    pub fn leave_out(&mut self, subtests: impl Iterator<Item = TestGlob>) {
        self.bad.extend(subtests);
    }

    /// Raises the number of subtests of a file to what it showed.
    pub fn raise(&mut self, outcome: &Outcome) {
        let count = self.counts.entry(outcome.file.clone()).or_default();
        *count = outcome.subtests.len().max(*count);
    }

    /// How many subtests each file has.
    pub fn counts(&self) -> &BTreeMap<String, usize> {
        &self.counts
    }

    /// What counts of a file.
    pub fn judge(&self, outcome: &Outcome) -> FileResult {
        let file = &outcome.file;
        let mut subtests: Vec<_> = outcome
            .subtests
            .iter()
            .map(|subtest| Verdict {
                subtest: subtest.name.clone(),
                passed: subtest.status == Status::Pass,
                count: 1,
                message: subtest.message.clone().unwrap_or_default(),
                failure: failure(subtest.status, subtest.message.as_deref()),
            })
            .collect();
        let named = subtests.len();
        // A file without any has at least failed itself.
        let expected = self.counts.get(file).copied().unwrap_or(1);
        subtests.extend(end_of_file(outcome, expected.saturating_sub(named)));
        let counts = |verdict: &Verdict| {
            let is_bad = |glob: &TestGlob| glob.matches(file, &verdict.subtest);
            !self.bad.iter().any(is_bad)
        };
        subtests.retain(counts);
        FileResult {
            file: file.clone(),
            subtests,
        }
    }
}

impl FileResult {
    pub fn passed(&self) -> usize {
        let passed = self.subtests.iter().filter(|subtest| subtest.passed);
        passed.map(|subtest| subtest.count).sum()
    }

    pub fn total(&self) -> usize {
        self.subtests.iter().map(|subtest| subtest.count).sum()
    }
}

/// What stands for the subtests that were not reached, and for an end that is not well.
fn end_of_file(outcome: &Outcome, missing: usize) -> Option<Verdict> {
    let status = outcome.status;
    let subtest = match (missing, status) {
        (0, FileStatus::Ok) => return None,
        (0, _) => format!("({status})"),
        (_, _) => format!("({status}: {missing} not reached)"),
    };
    let failure = match (missing, status) {
        (_, FileStatus::Crash) => Failure::Crash,
        (_, FileStatus::Timeout) => Failure::Timeout,
        (0, _) => Failure::File,
        (_, _) => Failure::EndsEarly,
    };
    Some(Verdict {
        subtest,
        passed: false,
        count: missing,
        message: outcome.message.clone().unwrap_or_default(),
        failure,
    })
}

fn failure(status: Status, message: Option<&str>) -> Failure {
    match status {
        Status::Pass => Failure::None,
        Status::Timeout => Failure::Timeout,
        Status::NotRun => Failure::NotRun,
        Status::Fail | Status::PreconditionFailed => match message {
            // The harness names the assertion.
            Some(message) if !message.contains("assert_") => Failure::Exception,
            _ => Failure::Assertion,
        },
    }
}

/// Reads lines `file :: subtest :: why`.
fn parse_known_bad(text: &str) -> Result<Vec<TestGlob>> {
    let mut globs = Vec::new();
    for line in text.lines().map(str::trim) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let test = line.rsplit_once(" :: ").map_or(line, |(test, _)| test);
        let glob = TestGlob::parse(test).with_context(|| format!("no subtest in {line:?}"))?;
        globs.push(glob);
    }
    Ok(globs)
}

#[cfg(test)]
pub mod tests {
    use std::time::Duration;

    use super::*;
    use crate::wpt::outcome::Subtest;

    /// An outcome; subtests that begin with `-` have failed.
    pub fn outcome(file: &str, subtests: &[&str], status: FileStatus) -> Outcome {
        let subtest = |name: &&str| Subtest {
            name: name.trim_start_matches('-').to_owned(),
            status: match name.starts_with('-') {
                true => Status::Fail,
                false => Status::Pass,
            },
            message: name
                .starts_with('-')
                .then(|| "assert_equals: no".to_owned()),
        };
        Outcome {
            file: file.to_owned(),
            subtests: subtests.iter().map(subtest).collect(),
            status,
            message: None,
            time: Duration::ZERO,
        }
    }

    /// The results of files that have ended well.
    pub fn results(pair: &'static str, files: &[(&str, &[&str])]) -> PairResults {
        let known = Known::default();
        let judge = |(file, subtests): &(&str, &[&str])| {
            known.judge(&outcome(file, subtests, FileStatus::Ok))
        };
        PairResults {
            pair,
            files: files.iter().map(judge).collect(),
        }
    }

    fn names(result: &FileResult) -> Vec<&str> {
        let subtests = result.subtests.iter();
        subtests.map(|subtest| subtest.subtest.as_str()).collect()
    }

    #[test]
    fn counts_what_was_not_reached() {
        let known = Known {
            counts: [("f".to_owned(), 5)].into(),
            bad: Vec::new(),
        };
        let judge = |subtests: &[&str], status| known.judge(&outcome("f", subtests, status));
        let result = judge(&["a", "-b"], FileStatus::Error);
        assert_eq!(names(&result), ["a", "b", "(ERROR: 3 not reached)"]);
        assert_eq!((result.passed(), result.total()), (1, 5));
        let result = judge(&["a", "b", "c", "d", "e", "f"], FileStatus::Ok);
        assert_eq!((result.passed(), result.total()), (6, 6));
        let result = judge(&["a", "b", "c", "d", "e"], FileStatus::Crash);
        assert_eq!(names(&result)[5], "(CRASH)");
        assert_eq!((result.passed(), result.total()), (5, 5));
        let result = known.judge(&outcome("g", &[], FileStatus::Ok));
        assert_eq!(names(&result), ["(OK: 1 not reached)"]);
        assert_eq!((result.passed(), result.total()), (0, 1));
    }

    #[test]
    fn leaves_out_what_is_known_to_be_bad() {
        let text = "# why\n\nf :: * over limit :: because\ng :: * :: all of it\n";
        let known = Known {
            counts: [("g".to_owned(), 9)].into(),
            bad: parse_known_bad(text).unwrap(),
        };
        let result = known.judge(&outcome("f", &["a", "-b over limit"], FileStatus::Ok));
        assert_eq!(names(&result), ["a"]);
        let result = known.judge(&outcome("g", &["-a"], FileStatus::Error));
        assert_eq!(result.total(), 0);
        assert!(parse_known_bad("f only").is_err());
    }

    #[test]
    fn tells_failures_apart() {
        let fail = |message| failure(Status::Fail, Some(message));
        assert_eq!(fail("assert_equals: x"), Failure::Assertion);
        assert_eq!(fail("x is not defined"), Failure::Exception);
        assert_eq!(failure(Status::Fail, None), Failure::Assertion);
        assert_eq!(failure(Status::NotRun, None), Failure::NotRun);
    }
}
