//! The messages of errors.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::PackageId;

pub(super) struct NotFound<'a> {
    pub(super) specifier: &'a str,
    pub(super) referrer: Option<&'a str>,
    pub(super) tried: &'a [PathBuf],
    pub(super) suggestion: Option<&'a str>,
}

impl fmt::Display for NotFound<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let request = Request {
            specifier: Some(self.specifier),
            referrer: self.referrer,
        };
        write!(f, "{request}: not found")?;
        const SHOWN: usize = 8;
        for (index, path) in self.tried.iter().take(SHOWN).enumerate() {
            let before = if index == 0 { "; looked for" } else { "," };
            write!(f, "{before} {}", path.display())?;
        }
        if self.tried.len() > SHOWN {
            write!(f, ", and in {} more places", self.tried.len() - SHOWN)?;
        }
        DidYouMean(self.suggestion).fmt(f)
    }
}

pub(super) struct Request<'a> {
    pub(super) specifier: Option<&'a str>,
    pub(super) referrer: Option<&'a str>,
}

impl fmt::Display for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.specifier {
            Some(specifier) => write!(f, "module {}", Quoted(specifier))?,
            None => f.write_str("refused")?,
        }
        match self.referrer {
            Some(referrer) => write!(f, " imported from {}", Short(referrer)),
            None => Ok(()),
        }
    }
}

pub(super) struct DidYouMean<'a>(pub(super) Option<&'a str>);

impl fmt::Display for DidYouMean<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(name) => write!(f, "; did you mean {}?", Quoted(name)),
            None => Ok(()),
        }
    }
}

/// The conditions that a package has for what was asked for, behind the fact that none was chosen.
pub(super) struct Declared<'a>(pub(super) &'a [String]);

impl fmt::Display for Declared<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.is_empty() {
            true => Ok(()),
            false => {
                let declared = self.0.join(", ");
                write!(f, "; it has {} (--conditions NAME)", Short(&declared))
            }
        }
    }
}

/// What can be done about a CommonJS module.
pub(super) struct Instead<'a> {
    pub(super) module: Option<&'a Path>,
    pub(super) specifier: Option<&'a str>,
    pub(super) has_browser_build: bool,
}

impl fmt::Display for Instead<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let specifier = Quoted(self.specifier.unwrap_or("the specifier"));
        if self.has_browser_build {
            f.write_str("its build for browsers may be another (--conditions browser); ")?;
        }
        match self.module {
            Some(module) => write!(
                f,
                "the package has an ES module build, {}: map {specifier} to it (--import-map FILE)",
                module.display()
            ),
            None => write!(
                f,
                "look for an ES module build of it, or make one with a bundler, and map {specifier} \
                 to that (--import-map FILE)"
            ),
        }
    }
}

/// Whose file it is, behind the file.
pub(super) struct Of<'a>(pub(super) Option<&'a PackageId>);

impl fmt::Display for Of<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(package) => write!(f, " of the package {package}"),
            None => Ok(()),
        }
    }
}

/// In whose file a request stands, behind the request.
pub(super) struct In<'a>(pub(super) Option<&'a PackageId>);

impl fmt::Display for In<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(package) => write!(f, " in the package {package}"),
            None => Ok(()),
        }
    }
}

/// A request that led to a key of an import map, before it.
pub(super) struct Asked<'a> {
    pub(super) specifier: Option<&'a str>,
    pub(super) referrer: Option<&'a str>,
}

impl fmt::Display for Asked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Asked {
            specifier,
            referrer,
        } = *self;
        match specifier {
            Some(_) => write!(
                f,
                "{}: ",
                Request {
                    specifier,
                    referrer
                }
            ),
            None => Ok(()),
        }
    }
}

/// A key of an import map, before what is wrong with it.
pub(super) struct Member<'a>(pub(super) Option<&'a str>);

impl fmt::Display for Member<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(key) => write!(f, "{}: ", Short(key)),
            None => Ok(()),
        }
    }
}

/// A text from outside in a message, cut where it is very long.
pub(super) struct Short<'a>(pub(super) &'a str);

impl fmt::Display for Short<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 500;
        match self.0.char_indices().nth(SHOWN) {
            Some((end, _)) => write!(f, "{}...", &self.0[..end]),
            None => f.write_str(self.0),
        }
    }
}

/// A name from outside in a message: quoted, escaped, and cut where it is very long.
pub(super) struct Quoted<'a>(pub(super) &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 200;
        match self.0.char_indices().nth(SHOWN) {
            Some((end, _)) => write!(f, "{:?}...", &self.0[..end]),
            None => write!(f, "{:?}", self.0),
        }
    }
}
