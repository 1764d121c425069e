//! Patterns with `*`.

use std::str::FromStr;

/// A pattern in which `*` stands for any text and `\` takes the next character for itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Glob {
    /// What is between the stars: one more than there are stars.
    parts: Vec<String>,
    text: String,
}

/// `file :: subtest`, either with stars.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TestGlob {
    pub file: Glob,
    pub subtest: Glob,
}

const SEPARATOR: &str = " :: ";

impl Glob {
    pub fn new(text: &str) -> Self {
        let mut parts = vec![String::new()];
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            let c = match c {
                '*' => {
                    parts.push(String::new());
                    continue;
                }
                '\\' => chars.next().unwrap_or('\\'),
                c => c,
            };
            if let Some(last) = parts.last_mut() {
                last.push(c);
            }
        }
        let text = text.to_owned();
        Self { parts, text }
    }

    /// The pattern that only `text` matches.
    pub fn literal(text: &str) -> Self {
        let escaped = text.replace('\\', "\\\\").replace('*', "\\*");
        Self {
            parts: vec![text.to_owned()],
            text: escaped,
        }
    }

    /// Whether it has no star.
    pub fn is_literal(&self) -> bool {
        self.parts.len() == 1
    }

    pub fn matches(&self, text: &str) -> bool {
        let [first, middle @ .., last] = self.parts.as_slice() else {
            return self.parts.first().is_some_and(|only| only == text);
        };
        let Some(mut rest) = text.strip_prefix(first.as_str()) else {
            return false;
        };
        for part in middle {
            // The first occurrence leaves the most for the parts that follow.
            let Some(at) = rest.find(part.as_str()) else {
                return false;
            };
            rest = &rest[at + part.len()..];
        }
        rest.ends_with(last.as_str())
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl FromStr for Glob {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self::new(text))
    }
}

impl TestGlob {
    /// Reads `file :: subtest`.
    pub fn parse(text: &str) -> Option<Self> {
        let (file, subtest) = text.split_once(SEPARATOR)?;
        Some(Self {
            file: Glob::new(file),
            subtest: Glob::new(subtest),
        })
    }

    /// The pattern that only this subtest matches.
    pub fn literal(file: &str, subtest: &str) -> Self {
        Self {
            file: Glob::literal(file),
            subtest: Glob::literal(subtest),
        }
    }

    /// The pattern of all subtests of a file.
    pub fn whole_file(file: &str) -> Self {
        Self {
            file: Glob::literal(file),
            subtest: Glob::new("*"),
        }
    }

    pub fn matches(&self, file: &str, subtest: &str) -> bool {
        self.file.matches(file) && self.subtest.matches(subtest)
    }
}

impl std::fmt::Display for TestGlob {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}{SEPARATOR}{}",
            self.file.as_str(),
            self.subtest.as_str()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, text: &str, expected: bool) {
        let found = Glob::new(pattern).matches(text);
        assert_eq!(found, expected, "{pattern:?} and {text:?}");
    }

    #[test]
    fn matches() {
        check("abc", "abc", true);
        check("abc", "abcd", false);
        check("", "", true);
        check("", "a", false);
        check("*", "", true);
        check("a*c", "abcbc", true);
        check("a*c", "ac", true);
        check("a*c", "abd", false);
        check("*b*", "abc", true);
        check("*b*b*", "abc", false);
        check("ab*ba", "aba", false);
        check("**", "x", true);
        check("a[0]?{b}", "a[0]?{b}", true);
        check("a?", "ab", false);
        check("spec/*", "spec/jsapi/a.any.js", true);
        check("*é*", "caféx", true);
    }

    #[test]
    fn escapes() {
        check("a\\*c", "a*c", true);
        check("a\\*c", "abc", false);
        check("a\\\\", "a\\", true);
        check("a\\", "a\\", true);
        for text in ["a*b", "a\\*b", "\\", "plain", "i32.* of [1]"] {
            let glob = Glob::literal(text);
            assert!(glob.matches(text) && glob.is_literal());
            assert_eq!(Glob::new(glob.as_str()), glob, "{text}");
        }
        assert!(!Glob::literal("a*b").matches("axb"));
    }

    #[test]
    fn names_a_subtest() {
        let glob = TestGlob::parse("a/*.any.js :: x :: y*").unwrap();
        assert!(glob.matches("a/b.any.js", "x :: yz"));
        assert!(!glob.matches("a/b.html", "x :: yz"));
        assert_eq!(glob.to_string(), "a/*.any.js :: x :: y*");
        assert_eq!(TestGlob::parse("a/b.any.js"), None);
    }
}
