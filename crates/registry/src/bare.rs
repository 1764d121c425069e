//! Bare specifiers and `#` imports: what `oxc_resolver` finds, held to Node's rules for `import`.

use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use oxc_resolver::{Resolution, ResolveError, ResolverGeneric};
use url::Url;

use crate::key::suffix_of;
use crate::package::BeneathRoot;
use crate::root::Kind;
use crate::specifier::PackageRequest;
use crate::{Error, Key, Referrer, Resolver};

impl Resolver {
    /// The module of a bare specifier, or of one that begins with `#`.
    pub(crate) fn package(&self, specifier: &str, referrer: Option<&Key>) -> Result<Key, Error> {
        let request = PackageRequest::parse(specifier)?;
        let folder = referrer
            .and_then(|key| key.path().parent())
            .unwrap_or(self.root.path());
        let _running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        self.look_up(&request, folder).or_else(|_| {
            // The resolver may have remembered how things were, and must not remember a fault.
            self.packages().exact.clear_cache();
            self.look_up(&request, folder)
                .inspect_err(|_| self.packages().exact.clear_cache())
        })
    }

    fn look_up(&self, request: &PackageRequest<'_>, folder: &Path) -> Result<Key, Error> {
        let resolved = self.look_up_file(request, folder)?;
        if !request.is_import() && !self.is_nearest(&resolved, request, folder) {
            return Err(self.package_not_found(request, folder));
        }
        if !request.suffix.is_empty() {
            if request.is_import() || has_exports(&resolved) {
                return Err(self.not_exported(request, &resolved));
            }
            return self.key_of_file(resolved.path(), &serialised(request.suffix));
        }
        // A target may have a suffix of its own.
        let suffix = [resolved.query(), resolved.fragment()].map(Option::unwrap_or_default);
        self.key_of_file(resolved.path(), &serialised(&suffix.concat()))
    }

    fn look_up_file(
        &self,
        request: &PackageRequest<'_>,
        folder: &Path,
    ) -> Result<Resolution, Error> {
        if request.is_import() {
            if self.scope(folder).is_none() {
                return Err(self.package_not_found(request, folder));
            }
            return match self.run(&self.packages().exact, request, folder) {
                Err(Error::NotFound { .. }) => self.look_up_main(request, folder),
                found => found,
            };
        }
        if request.subpath.is_empty() {
            // Where there are `exports`, `main` counts for nothing, and extensions are not added.
            let legacy = self.run(&self.packages().legacy, request, folder)?;
            if !has_exports(&legacy) {
                return Ok(legacy);
            }
        }
        self.run(&self.packages().exact, request, folder)
    }

    /// An import whose target is a package with a `main`.
    fn look_up_main(
        &self,
        request: &PackageRequest<'_>,
        folder: &Path,
    ) -> Result<Resolution, Error> {
        let found = self.run(&self.packages().legacy, request, folder)?;
        // The resolver adds extensions to every target, and Node to `main` alone.
        let is_main = found.package_json().is_none_or(|package| {
            let main = self.packages().legacy.resolve(package.directory(), ".");
            self.fault.take().is_none() && main.is_ok_and(|main| main.path() == found.path())
        });
        if is_main {
            Ok(found)
        } else {
            Err(self.package_not_found(request, folder))
        }
    }

    /// Whether what was found is in the package that Node finds: the module's own, or the nearest.
    /// The resolver goes on to the next folder where the nearest package lacks the file, as
    /// `require` does and `import` does not.
    fn is_nearest(&self, found: &Resolution, request: &PackageRequest<'_>, folder: &Path) -> bool {
        let package = found.package_json();
        let is_own = package.is_some_and(|package| {
            package.name() == Some(request.name)
                && self.scope(folder).as_deref() == Some(package.directory())
        });
        is_own
            || self
                .nearest_package(request, folder)
                .is_some_and(|nearest| {
                    package.map_or(found.path().starts_with(&nearest), |package| {
                        package.directory() == nearest
                    })
                })
    }

    /// [LOOKUP_PACKAGE_SCOPE](https://nodejs.org/api/esm.html#resolution-algorithm-specification):
    /// the folder of the module's own package. The resolver looks for it beyond `node_modules`.
    pub(crate) fn scope(&self, folder: &Path) -> Option<PathBuf> {
        self.folders_up(folder)
            .take_while(|folder| folder.file_name().is_none_or(|name| name != "node_modules"))
            .find(|folder| {
                let package_json = self.root.find(&folder.join("package.json"));
                package_json.is_ok_and(|(_, kind)| kind == Kind::File)
            })
            .map(Path::to_path_buf)
    }

    /// The canonical folder of the package in the nearest `node_modules` that has it.
    pub(crate) fn nearest_package(
        &self,
        request: &PackageRequest<'_>,
        folder: &Path,
    ) -> Option<PathBuf> {
        self.folders_up(folder).find_map(|folder| {
            let package = folder.join("node_modules").join(request.name);
            let (package, kind) = self.root.find(&package).ok()?;
            (kind == Kind::Folder).then_some(package)
        })
    }

    /// `folder` and those around it, up to the root.
    pub(crate) fn folders_up<'a>(&self, folder: &'a Path) -> impl Iterator<Item = &'a Path> {
        folder
            .ancestors()
            .take_while(|folder| folder.starts_with(self.root.path()))
    }

    fn run(
        &self,
        resolver: &ResolverGeneric<BeneathRoot>,
        request: &PackageRequest<'_>,
        folder: &Path,
    ) -> Result<Resolution, Error> {
        let resolved = resolver.resolve(folder, &request.resolver_specifier);
        if let Some(fault) = self.fault.take() {
            return Err(fault);
        }
        resolved.map_err(|error| self.explain(error, request, folder))
    }

    /// A suffix is a part of the subpath, and `exports` and `imports` do not list it.
    fn not_exported(&self, request: &PackageRequest<'_>, found: &Resolution) -> Error {
        let package = found
            .package_json()
            .map(|package| package.directory().to_path_buf());
        let package = package.unwrap_or_else(|| self.root.path().to_path_buf());
        let subpath = match request.is_import() {
            true => request.specifier.to_owned(),
            false => format!(".{}{}", request.subpath, request.suffix),
        };
        self.not_exported_by(package, subpath)
    }

    /// The resolver's error in this crate's words.
    fn explain(&self, error: ResolveError, request: &PackageRequest<'_>, folder: &Path) -> Error {
        let specifier = request.specifier;
        let package = |package_json: PathBuf, reason: String| Error::Package {
            package_json,
            reason,
        };
        match error {
            ResolveError::Builtin { resolved, .. } => {
                self.builtin(specifier, resolved, Referrer::Root)
            }
            ResolveError::PackagePathNotExported {
                subpath,
                package_path,
                ..
            } => self.not_exported_by(package_path, subpath),
            ResolveError::PackageImportNotDefined(name, path) => self.not_defined(&name, path),
            ResolveError::InvalidPackageTarget(target, key, path) => package(
                path,
                format!("the target {target:?} of {key:?} does not stay inside the package"),
            ),
            ResolveError::InvalidPackageConfig(path) => package(
                path,
                "\"exports\" has both subpaths, which start with \".\", and conditions".to_owned(),
            ),
            ResolveError::InvalidPackageConfigDirectory(path) => package(
                path,
                "a target for a folder has to end with \"/\"".to_owned(),
            ),
            ResolveError::InvalidModuleSpecifier(name, path) => {
                package(path, format!("{name:?} is not a valid name for an import"))
            }
            ResolveError::Json(error) => package(
                error.path,
                format!("invalid package config: {}", error.message),
            ),
            ResolveError::IOError(error) => Error::io(folder, error.into()),
            ResolveError::NotFound(_) => self.package_not_found(request, folder),
            other => Error::invalid(specifier, other.to_string()),
        }
    }
}

fn has_exports(resolution: &Resolution) -> bool {
    resolution
        .package_json()
        .is_some_and(|package| package.exports().is_some())
}

/// Query and fragment in the URL standard's spelling.
fn serialised(suffix: &str) -> String {
    let url = Url::parse("file:///").and_then(|base| base.join(suffix));
    url.map_or_else(|_| String::new(), |url| suffix_of(&url).to_owned())
}
