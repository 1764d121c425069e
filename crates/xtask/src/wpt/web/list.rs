//! Which web platform tests are run for which API, and what is left out and why.

use std::fmt;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::find::split;
use crate::wpt::glob::{Glob, TestGlob};

/// The list, as `tests/wpt/web.toml` has it.
#[derive(Debug, Default)]
pub struct List {
    /// The rows of the table; a test belongs to the first that has it.
    pub apis: Vec<Api>,
    /// Tests that run although their name is that of a page or of a script for windows.
    run: Vec<Glob>,
    omissions: Vec<Omission>,
}

/// The tests of an API.
#[derive(Debug)]
pub struct Api {
    pub name: String,
    tests: Vec<Glob>,
}

/// Tests or subtests that do not count, for one reason.
#[derive(Debug)]
pub struct Omission {
    pub need: Need,
    pub why: String,
    files: Vec<Glob>,
    subtests: Vec<TestGlob>,
}

/// What a test needs that no shell has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Need {
    Document,
    Window,
    Worker,
    Network,
    /// More than one realm: frames, shadow realms.
    Realm,
    /// An interface that is none of those under test.
    Interface,
    /// A standard that has changed since, or none at all.
    Standard,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    api: Vec<ApiEntry>,
    #[serde(default)]
    run: Vec<String>,
    #[serde(default)]
    left_out: Vec<OmissionEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ApiEntry {
    name: String,
    tests: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OmissionEntry {
    need: Need,
    why: String,
    tests: Vec<String>,
}

impl List {
    pub fn parse(text: &str) -> Result<Self> {
        let File { api, run, left_out } = toml::from_str(text)?;
        let globs = |texts: &[String]| texts.iter().map(|text| Glob::new(text)).collect();
        let apis = api.iter().map(|entry| Api {
            name: entry.name.clone(),
            tests: globs(&entry.tests),
        });
        let list = Self {
            apis: apis.collect(),
            run: globs(&run),
            omissions: left_out.into_iter().map(omission).collect(),
        };
        for api in &list.apis {
            for glob in &api.tests {
                folder(glob).with_context(|| format!("{:?} of {}", glob.as_str(), api.name))?;
            }
        }
        Ok(list)
    }

    /// The folders that have all tests; none is within another.
    pub fn folders(&self) -> Vec<&str> {
        let globs = self.apis.iter().flat_map(|api| &api.tests);
        let mut folders: Vec<_> = globs.filter_map(|glob| folder(glob).ok()).collect();
        folders.sort_unstable();
        folders.dedup();
        let all = folders.clone();
        let is_within = |folder: &str, other: &str| {
            let rest = folder.strip_prefix(other);
            rest.is_some_and(|rest| rest.starts_with('/'))
        };
        folders.retain(|folder| !all.iter().any(|other| is_within(folder, other)));
        folders
    }

    /// The row of a test, if it has one.
    pub fn api(&self, test: &str) -> Option<usize> {
        let (test, _) = split(test);
        let is_of = |api: &Api| api.tests.iter().any(|glob| glob.matches(test));
        self.apis.iter().position(is_of)
    }

    /// Whether a test runs whatever its name says.
    pub fn runs(&self, test: &str) -> bool {
        self.run.iter().any(|glob| glob.matches(test))
    }

    /// Why a whole test is left out, if it is.
    pub fn omission(&self, test: &str) -> Option<&Omission> {
        let mut omissions = self.omissions.iter();
        omissions.find(|omission| omission.files.iter().any(|glob| glob.matches(test)))
    }

    /// Why a subtest is left out, if it is.
    pub fn omission_of(&self, test: &str, subtest: &str) -> Option<&Omission> {
        let mut omissions = self.omissions.iter();
        omissions.find(|omission| {
            let mut globs = omission.subtests.iter();
            globs.any(|glob| glob.matches(test, subtest))
        })
    }

    /// The subtests that are left out of tests that run.
    pub fn subtests(&self) -> impl Iterator<Item = &TestGlob> {
        self.omissions
            .iter()
            .flat_map(|omission| &omission.subtests)
    }
}

impl Need {
    /// What stands on the page for tests whose name says it.
    pub fn by_name(self) -> &'static str {
        match self {
            Self::Document => "Pages: elements, frames, forms.",
            Self::Window => "Scripts for windows.",
            Self::Worker => "Scripts for workers, or for shared and service workers only.",
            Self::Network => "A server of HTTP/2.",
            Self::Realm => "Scripts for shadow realms only.",
            Self::Interface | Self::Standard => "",
        }
    }
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Document => "document",
            Self::Window => "window",
            Self::Worker => "worker",
            Self::Network => "network",
            Self::Realm => "realm",
            Self::Interface => "interface",
            Self::Standard => "standard",
        })
    }
}

fn omission(entry: OmissionEntry) -> Omission {
    let OmissionEntry { need, why, tests } = entry;
    let subtests: Vec<_> = tests
        .iter()
        .filter_map(|text| TestGlob::parse(text))
        .collect();
    let files = tests.iter().filter(|text| TestGlob::parse(text).is_none());
    Omission {
        need,
        why,
        files: files.map(|text| Glob::new(text)).collect(),
        subtests,
    }
}

/// The folder of all that a pattern can match.
fn folder(glob: &Glob) -> Result<&str> {
    let text = glob.as_str();
    let literal = text.find('*').map_or(text, |star| &text[..star]);
    match literal.rsplit_once('/') {
        Some((folder, _)) if !folder.is_empty() && !folder.contains('\\') => Ok(folder),
        _ => bail!("the pattern of an API's tests begins with a folder"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
        run = ["url/toascii.window.js"]

        [[api]]
        name = "URL"
        tests = ["url/*", "html/url/a.any.js"]

        [[api]]
        name = "console"
        tests = ["console/*", "url/tests/*"]

        [[left-out]]
        need = "document"
        why = "Elements."
        tests = ["url/toascii.window.js :: * (using <a>*)", "url/a-*"]
    "#;

    #[test]
    fn reads_a_list() {
        let list = List::parse(TEXT).unwrap();
        assert_eq!(list.folders(), ["console", "html/url", "url"]);
        assert_eq!(list.api("url/tests/a.any.js"), Some(0));
        assert_eq!(list.api("console/a.any.js"), Some(1));
        assert_eq!(list.api("html/url/b.any.js"), None);
        assert!(list.runs("url/toascii.window.js") && !list.runs("url/a.window.js"));
        let omission = list.omission("url/a-element.html").unwrap();
        assert_eq!(
            (omission.need, omission.why.as_str()),
            (Need::Document, "Elements.")
        );
        assert!(list.omission("url/toascii.window.js").is_none());
        let of = |subtest| list.omission_of("url/toascii.window.js", subtest).is_some();
        assert!(of("x (using <a>)") && !of("x (using URL)"));
        assert_eq!(list.subtests().count(), 1);
    }

    #[test]
    fn refuses_nonsense() {
        for text in [
            "",
            "[[api]]\nname = 'x'\ntests = ['*']",
            "[[api]]\nname = 'x'\ntests = []\nrun = 1",
            "api = []\n[[left-out]]\nneed = 'luck'\nwhy = ''\ntests = []",
        ] {
            assert!(List::parse(text).is_err(), "{text}");
        }
    }
}
