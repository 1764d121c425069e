//! What can go wrong between a specifier and the bytes of its module.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::PackageId;

mod text;

use text::{Asked, Declared, DidYouMean, In, Instead, Member, NotFound, Of, Quoted, Request};

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
    #[error(transparent)]
    PackagePathNotExported(Box<NotExported>),
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
        "{}{}: {name} is built into Node.js, and Sinew has none of Node's modules; {}map {} to a \
         module of your own (--import-map FILE)",
        Request { specifier: Some(specifier), referrer: referrer.as_deref() },
        In(package.as_deref()),
        if *for_browsers { "" } else { "look for a build without it (--conditions browser), or " },
        Quoted(specifier)
    )]
    Builtin {
        /// The specifier.
        specifier: String,
        /// The module's full name, as in `node:fs`.
        name: Box<str>,
        /// The URL of the importing module.
        referrer: Option<String>,
        /// The package of the importing module.
        package: Option<Box<PackageId>>,
        /// Whether builds for browsers were asked for already.
        for_browsers: bool,
    },
    /// The file is a CommonJS module.
    #[error(transparent)]
    CommonJs(Box<CommonJs>),
    /// An import map is broken, or refuses a specifier.
    #[error(
        "{}import map {}: {}{reason}",
        Asked { specifier: specifier.as_deref(), referrer: referrer.as_deref() },
        file.display(),
        Member(key.as_deref())
    )]
    ImportMap {
        /// The specifier, where one led to the key.
        specifier: Option<String>,
        /// The URL of the importing module.
        referrer: Option<String>,
        /// The map's file.
        file: PathBuf,
        /// The key, as it is written.
        key: Option<Box<str>>,
        /// What is wrong with it.
        reason: String,
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

/// The facts of [`Error::PackagePathNotExported`].
#[derive(Clone, Debug, thiserror::Error)]
#[error(
    "{}: {}{} does not export {} under the conditions {} (see \"exports\" in {}){}{}",
    Request { specifier: Some(specifier), referrer: referrer.as_deref() },
    package.display(),
    Of(id.as_ref()),
    Quoted(subpath),
    conditions.join(", "),
    package.join("package.json").display(),
    Declared(declared),
    DidYouMean(suggestion.as_deref())
)]
pub struct NotExported {
    /// The specifier.
    pub specifier: String,
    /// The URL of the importing module.
    pub referrer: Option<String>,
    /// The package's folder.
    pub package: PathBuf,
    /// Its name and version.
    pub id: Option<PackageId>,
    /// The subpath, from `.`.
    pub subpath: String,
    /// The conditions that were tried.
    pub conditions: Vec<String>,
    /// The conditions that `exports` has for the subpath, where it does list it.
    pub declared: Vec<String>,
    /// What is exported under the nearest name, as a specifier.
    pub suggestion: Option<String>,
}

/// The facts of [`Error::CommonJs`].
#[derive(Clone, Debug, thiserror::Error)]
#[error(
    "{}{}{} is CommonJS ({why}), which Sinew does not run; {}",
    Asked { specifier: specifier.as_deref(), referrer: referrer.as_deref() },
    path.display(),
    Of(package.as_ref()),
    Instead {
        module: module.as_deref(),
        specifier: specifier.as_deref(),
        has_browser_build: *has_browser_build,
    }
)]
pub struct CommonJs {
    /// The specifier, where it is known.
    pub specifier: Option<String>,
    /// The URL of the importing module.
    pub referrer: Option<String>,
    /// The file.
    pub path: PathBuf,
    /// The file's package.
    pub package: Option<PackageId>,
    /// How it shows.
    pub why: &'static str,
    /// The ES module build of which the package tells bundlers.
    pub module: Option<PathBuf>,
    /// Whether the package has a build for browsers that was not asked for.
    pub has_browser_build: bool,
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
    CommonJs,
    ImportMap,
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
            Error::PackagePathNotExported(_) => ErrorKind::PackagePathNotExported,
            Error::Package { .. } => ErrorKind::Package,
            Error::Builtin { .. } => ErrorKind::Builtin,
            Error::CommonJs(_) => ErrorKind::CommonJs,
            Error::ImportMap { .. } => ErrorKind::ImportMap,
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

    /// The same error, with what was asked for, and the URL and package of who did.
    pub(crate) fn requested(
        mut self,
        asked: &str,
        from: Option<String>,
        package_of: impl FnOnce() -> Option<PackageId>,
    ) -> Error {
        match &mut self {
            Error::NotFound {
                specifier,
                referrer,
                ..
            } => {
                asked.clone_into(specifier);
                *referrer = from;
            }
            Error::PackagePathNotExported(facts) => {
                asked.clone_into(&mut facts.specifier);
                facts.referrer = from;
            }
            Error::Builtin {
                specifier,
                referrer,
                package,
                ..
            } => {
                asked.clone_into(specifier);
                *referrer = from;
                *package = package_of().map(Box::new);
            }
            Error::OutsideRoot {
                specifier,
                referrer,
                ..
            }
            | Error::ImportMap {
                specifier,
                referrer,
                ..
            } => {
                *specifier = Some(asked.to_owned());
                *referrer = from;
            }
            _ => {}
        }
        self
    }
}
