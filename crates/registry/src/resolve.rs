//! From specifiers to keys.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use oxc_resolver::{ResolveOptions, ResolverGeneric};
use url::Url;

use crate::key::{path_of, suffix_of};
use crate::package::{BeneathRoot, Fault};
use crate::root::{Kind, canonical};
use crate::specifier::{reserved, scheme_of};
use crate::suggest::nearest;
use crate::{Error, Key, Root};

/// The conditions of an `import` for which `exports` and `imports` are searched. Which of them
/// wins is decided by the order in the package, as in Node.
pub const DEFAULT_CONDITIONS: &[&str] = &["import", "module-sync", "default"];

/// Longer specifiers are refused unread.
const MAX_SPECIFIER: usize = 1 << 16;

/// Turns specifiers into keys, beneath one root.
pub struct Resolver {
    pub(crate) root: Root,
    pub(crate) conditions: Vec<String>,
    /// Made when the first package is looked for, as it looks at the whole machine.
    packages: OnceLock<Packages>,
    pub(crate) fault: Fault,
    /// A fault belongs to the one resolution that is under way.
    pub(crate) running: Mutex<()>,
}

/// What finds packages.
pub(crate) struct Packages {
    /// Files as they are named.
    pub(crate) exact: ResolverGeneric<BeneathRoot>,
    /// Node's `legacyMainResolve`: `main`, with the extensions it may lack, or `index`.
    pub(crate) legacy: ResolverGeneric<BeneathRoot>,
}

/// What a specifier is, by its form.
enum Form<'a> {
    Url(Url),
    /// A package with its subpath, or a `#` import.
    Package(&'a str),
}

impl Resolver {
    /// A resolver beneath `root`; [`DEFAULT_CONDITIONS`] are usual.
    pub fn new(root: Root, conditions: &[&str]) -> Resolver {
        Resolver {
            root,
            conditions: conditions.iter().map(|name| (*name).to_owned()).collect(),
            packages: OnceLock::new(),
            fault: Fault::default(),
            running: Mutex::new(()),
        }
    }

    /// The root.
    pub fn root(&self) -> &Root {
        &self.root
    }

    /// The entry: a path given by the user, relative to the current folder.
    pub fn entry(&self, path: &Path) -> Result<Key, Error> {
        let given = path.display().to_string();
        let path = canonical(path).map_err(|error| self.with_suggestion(error))?;
        self.key_of_file(&path, "")
            .map_err(|error| error.requested(&given, None))
    }

    /// The module that `specifier` means in the module `referrer`, or in the root's folder where
    /// there is no referrer.
    pub fn resolve(&self, specifier: &str, referrer: Option<&Key>) -> Result<Key, Error> {
        let found = match self.form(specifier, referrer)? {
            Form::Url(url) => self.file(specifier, &url),
            Form::Package(package) => self.package(package, referrer),
        };
        found.map_err(|error| error.requested(specifier, referrer))
    }

    /// Forgets what `package.json` files say and where packages are: they may have changed.
    pub fn clear_cache(&self) {
        let _running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(packages) = self.packages.get() {
            packages.exact.clear_cache();
        }
    }

    pub(crate) fn packages(&self) -> &Packages {
        self.packages.get_or_init(|| {
            let legacy = ResolveOptions {
                condition_names: self.conditions.clone(),
                builtin_modules: true,
                node_path: false,
                ..ResolveOptions::default()
            };
            let exact = ResolveOptions {
                fully_specified: true,
                extensions: Vec::new(),
                main_fields: Vec::new(),
                main_files: Vec::new(),
                ..legacy.clone()
            };
            let files = BeneathRoot::new(
                self.root.clone(),
                self.conditions.clone(),
                self.fault.clone(),
            );
            let exact = ResolverGeneric::new_with_file_system(files, exact);
            let legacy = exact.clone_with_options(legacy);
            Packages { exact, legacy }
        })
    }

    fn form<'a>(&self, specifier: &'a str, referrer: Option<&Key>) -> Result<Form<'a>, Error> {
        let invalid = |reason: &str| Err(Error::invalid(specifier, reason));
        if specifier.is_empty() {
            return invalid("it is empty");
        }
        if specifier.len() > MAX_SPECIFIER {
            return invalid("it is too long");
        }
        let scheme = scheme_of(specifier).map(str::to_ascii_lowercase);
        match scheme.as_deref() {
            None | Some("file") => {}
            Some("node") => {
                return Err(Error::Builtin {
                    specifier: specifier.to_owned(),
                });
            }
            Some(drive) if drive.len() == 1 => {
                return invalid("a drive is written as a URL: file:///C:/...");
            }
            Some(scheme) => return invalid(&format!("{scheme}: modules are not supported")),
        }
        if let Some(reason) = reserved(specifier) {
            return invalid(reason);
        }
        let parsed = if scheme.is_some() {
            Url::parse(specifier)
        } else if ["/", "./", "../"]
            .iter()
            .any(|start| specifier.starts_with(start))
            || [".", ".."].contains(&specifier)
        {
            self.base(referrer)?.join(specifier)
        } else {
            return Ok(Form::Package(specifier));
        };
        parsed
            .map(Form::Url)
            .map_err(|error| Error::invalid(specifier, error.to_string()))
    }

    /// The URL against which the specifiers in `referrer` are resolved.
    fn base(&self, referrer: Option<&Key>) -> Result<Url, Error> {
        let url = match referrer {
            Some(referrer) => Url::from_file_path(referrer.path()),
            None => Url::from_directory_path(self.root.path()),
        };
        url.map_err(|()| {
            let referrer = referrer.map_or(self.root.path(), Key::path).display();
            Error::invalid(&referrer.to_string(), "it is not an absolute path")
        })
    }

    fn file(&self, specifier: &str, url: &Url) -> Result<Key, Error> {
        let path = path_of(url).map_err(|reason| Error::invalid(specifier, reason))?;
        // A path has no trailing slash, and without it this would be the file's second name.
        if url.path().ends_with('/') {
            let (path, kind) = self.root.find(&path)?;
            return Err(match kind {
                Kind::Folder => self.folder(path),
                _ => Error::not_found(&path),
            });
        }
        let found = self.key_of_file(&path, suffix_of(url));
        found.map_err(|error| match specifier.rfind('/') {
            Some(slash) if !specifier.contains(['?', '#']) => prefixed(error, &specifier[..=slash]),
            _ => error,
        })
    }

    pub(crate) fn key_of_file(&self, path: &Path, suffix: &str) -> Result<Key, Error> {
        let (path, kind) = self
            .root
            .find(path)
            .map_err(|error| self.with_suggestion(error))?;
        if kind == Kind::Folder {
            return Err(self.folder(path));
        }
        kind.expect_file(&path)?;
        Ok(Key::new(path, suffix))
    }

    /// The error for a folder where a file is needed.
    pub(crate) fn folder(&self, path: PathBuf) -> Error {
        let index = ["index.js", "index.mjs"].into_iter().find(|name| {
            self.root
                .find(&path.join(name))
                .is_ok_and(|(_, kind)| kind == Kind::File)
        });
        Error::NotAFile {
            path,
            what: "a folder",
            suggestion: index.map(str::to_owned),
        }
    }

    pub(crate) fn with_suggestion(&self, mut error: Error) -> Error {
        if let Error::NotFound {
            tried, suggestion, ..
        } = &mut error
            && let Some(path) = tried.first()
        {
            *suggestion = self.nearest_in(path.parent(), path.file_name().and_then(|n| n.to_str()));
        }
        error
    }

    pub(crate) fn nearest_in(&self, folder: Option<&Path>, name: Option<&str>) -> Option<String> {
        const LOOKED_AT: usize = 2_000;
        nearest(name?, self.root.names_in(folder?, LOOKED_AT))
    }
}

/// `error` with its suggestion written as a specifier in the folder `before`.
pub(crate) fn prefixed(mut error: Error, before: &str) -> Error {
    if let Error::NotFound {
        suggestion: Some(name),
        ..
    } = &mut error
    {
        name.insert_str(0, before);
    }
    error
}
