//! From specifiers to keys.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use oxc_resolver::{ResolveOptions, ResolverGeneric};

use crate::manifest::Manifests;
use crate::package::{BeneathRoot, Fault};
use crate::root::{Kind, canonical};
use crate::suggest::nearest;
use crate::{Error, ImportMap, Key, Referrer, Root};

/// The conditions of an `import` for which `exports` and `imports` are searched. Which of them
/// wins is decided by the order in the package, as in Node.
pub const DEFAULT_CONDITIONS: &[&str] = &["import", "module-sync", "default"];

/// Turns specifiers into keys, beneath one root.
pub struct Resolver {
    pub(crate) root: Root,
    pub(crate) conditions: Vec<String>,
    pub(crate) import_map: Option<ImportMap>,
    pub(crate) manifests: Manifests,
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

impl Resolver {
    /// A resolver beneath `root`; [`DEFAULT_CONDITIONS`] are usual.
    pub fn new(root: Root, conditions: &[&str]) -> Resolver {
        Resolver {
            root,
            conditions: conditions.iter().map(|name| (*name).to_owned()).collect(),
            import_map: None,
            manifests: Manifests::default(),
            packages: OnceLock::new(),
            fault: Fault::default(),
            running: Mutex::new(()),
        }
    }

    /// The same, where specifiers are looked up in `map` first.
    pub fn with_import_map(mut self, map: ImportMap) -> Resolver {
        self.import_map = Some(map);
        self
    }

    /// The import map.
    pub fn import_map(&self) -> Option<&ImportMap> {
        self.import_map.as_ref()
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
            .map_err(|error| self.requested(error, &given, Referrer::Root))
    }

    /// Forgets what `package.json` files say and where packages are: they may have changed.
    pub fn clear_cache(&self) {
        let _running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(packages) = self.packages.get() {
            packages.exact.clear_cache();
        }
        self.manifests.clear();
    }

    pub(crate) fn packages(&self) -> &Packages {
        self.packages.get_or_init(|| {
            let main_fields = match self.is_for_browsers() {
                true => vec!["browser".to_owned(), "main".to_owned()],
                false => vec!["main".to_owned()],
            };
            let legacy = ResolveOptions {
                condition_names: self.conditions.clone(),
                main_fields,
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
