//! What can go wrong between a specifier and the bytes of its module.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::Key;

/// Why a module was not resolved or not read.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no such file or package.
    #[error("{}", NotFound { specifier, referrer: referrer.as_deref(), tried, suggestion: suggestion.as_deref() })]
    NotFound {
        /// The specifier, or the path where there was none.
        specifier: String,
        /// The URL of the importing module.
        referrer: Option<String>,
        /// What was looked for, in this order.
        tried: Vec<PathBuf>,
        /// What exists under the nearest name, written as a specifier where there was one.
        suggestion: Option<String>,
    },
    /// The file lies outside the import root.
    #[error(
        "{}: {} is outside the import root {}; choose another root with --root DIR",
        Request { specifier: specifier.as_deref(), referrer: referrer.as_deref() },
        path.display(),
        root.display()
    )]
    OutsideRoot {
        /// The specifier, where there was one.
        specifier: Option<String>,
        /// The URL of the importing module.
        referrer: Option<String>,
        /// What was asked for, or where a link leads.
        path: PathBuf,
        /// The import root.
        root: PathBuf,
    },
    /// No module can have this specifier.
    #[error("invalid module specifier {}: {reason}", Quoted(specifier))]
    InvalidSpecifier {
        /// The specifier.
        specifier: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The package's `exports` do not list the subpath.
    #[error(
        "{} does not export {} under the conditions {} (see \"exports\" in {})",
        package.display(),
        Quoted(subpath),
        conditions.join(", "),
        package.join("package.json").display()
    )]
    PackagePathNotExported {
        /// The package's folder.
        package: PathBuf,
        /// The subpath, from `.`.
        subpath: String,
        /// The conditions that were tried.
        conditions: Vec<String>,
    },
    /// A `package.json` is broken, or does not say what the specifier needs.
    #[error("{}: {reason}", package_json.display())]
    Package {
        /// The file.
        package_json: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The specifier names a module that is built into Node.
    #[error(
        "{} is built into Node.js; Sinew has no Node built-ins",
        Quoted(specifier)
    )]
    Builtin {
        /// The specifier.
        specifier: String,
    },
    /// The path names something that is not a regular file.
    #[error("{} is {what}, not a file{}", path.display(), DidYouMean(suggestion.as_deref()))]
    NotAFile {
        /// The path.
        path: PathBuf,
        /// What it is, with its article.
        what: &'static str,
        /// The file inside that was probably meant.
        suggestion: Option<String>,
    },
    /// The import root has to be a folder.
    #[error("{} is not a folder", path.display())]
    NotAFolder {
        /// The path.
        path: PathBuf,
    },
    /// The file is larger than the caller allows.
    #[error("{} is larger than {max_bytes} bytes", path.display())]
    TooLarge {
        /// The path.
        path: PathBuf,
        /// The limit.
        max_bytes: u64,
    },
    /// The operating system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The path.
        path: PathBuf,
        /// What the operating system said.
        source: Arc<io::Error>,
    },
}

/// The kinds of [`Error`], without their facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[allow(
    missing_docs,
    reason = "the variants of `Error` have the documentation"
)]
pub enum ErrorKind {
    NotFound,
    OutsideRoot,
    InvalidSpecifier,
    PackagePathNotExported,
    Package,
    Builtin,
    NotAFile,
    NotAFolder,
    TooLarge,
    Io,
}

impl Error {
    /// Which kind of error it is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Error::NotFound { .. } => ErrorKind::NotFound,
            Error::OutsideRoot { .. } => ErrorKind::OutsideRoot,
            Error::InvalidSpecifier { .. } => ErrorKind::InvalidSpecifier,
            Error::PackagePathNotExported { .. } => ErrorKind::PackagePathNotExported,
            Error::Package { .. } => ErrorKind::Package,
            Error::Builtin { .. } => ErrorKind::Builtin,
            Error::NotAFile { .. } => ErrorKind::NotAFile,
            Error::NotAFolder { .. } => ErrorKind::NotAFolder,
            Error::TooLarge { .. } => ErrorKind::TooLarge,
            Error::Io { .. } => ErrorKind::Io,
        }
    }

    pub(crate) fn not_found(path: &Path) -> Error {
        Error::NotFound {
            specifier: path.display().to_string(),
            referrer: None,
            tried: vec![path.to_path_buf()],
            suggestion: None,
        }
    }

    pub(crate) fn invalid(specifier: &str, reason: impl Into<String>) -> Error {
        Error::InvalidSpecifier {
            specifier: specifier.to_owned(),
            reason: reason.into(),
        }
    }

    /// The error of an operation on `path`.
    pub(crate) fn io(path: &Path, source: io::Error) -> Error {
        match source.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Error::not_found(path),
            _ => Error::Io {
                path: path.to_path_buf(),
                source: Arc::new(source),
            },
        }
    }

    /// The same error, with what was asked for.
    pub(crate) fn requested(mut self, asked: &str, from: Option<&Key>) -> Error {
        match &mut self {
            Error::NotFound {
                specifier,
                referrer,
                ..
            } => {
                asked.clone_into(specifier);
                *referrer = from.map(Key::url);
            }
            Error::OutsideRoot {
                specifier,
                referrer,
                ..
            } => {
                *specifier = Some(asked.to_owned());
                *referrer = from.map(Key::url);
            }
            _ => {}
        }
        self
    }
}

struct NotFound<'a> {
    specifier: &'a str,
    referrer: Option<&'a str>,
    tried: &'a [PathBuf],
    suggestion: Option<&'a str>,
}

impl fmt::Display for NotFound<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let request = Request {
            specifier: Some(self.specifier),
            referrer: self.referrer,
        };
        write!(f, "{request}: not found")?;
        for (index, path) in self.tried.iter().enumerate() {
            let before = if index == 0 { "; looked for" } else { "," };
            write!(f, "{before} {}", path.display())?;
        }
        DidYouMean(self.suggestion).fmt(f)
    }
}

struct Request<'a> {
    specifier: Option<&'a str>,
    referrer: Option<&'a str>,
}

impl fmt::Display for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.specifier {
            Some(specifier) => write!(f, "module {}", Quoted(specifier))?,
            None => f.write_str("refused")?,
        }
        match self.referrer {
            Some(referrer) => write!(f, " imported from {referrer}"),
            None => Ok(()),
        }
    }
}

struct DidYouMean<'a>(Option<&'a str>);

impl fmt::Display for DidYouMean<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(name) => write!(f, "; did you mean {}?", Quoted(name)),
            None => Ok(()),
        }
    }
}

/// A name from outside in a message: quoted, escaped, and cut where it is very long.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 200;
        match self.0.char_indices().nth(SHOWN) {
            Some((end, _)) => write!(f, "{:?}...", &self.0[..end]),
            None => write!(f, "{:?}", self.0),
        }
    }
}
