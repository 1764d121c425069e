//! What a `package.json` says about the modules around it.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, Value};

use crate::package::MAX_PACKAGE_JSON;
use crate::{Error, ErrorKind, Key, Resolver};

/// A `package.json`, as far as the loader of a module needs it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifest {
    /// The package's folder.
    pub folder: PathBuf,
    /// The package's name and version, if it has a name.
    pub package: Option<PackageId>,
    /// The `type` field: what `.js` files are.
    pub module_type: Option<String>,
    /// The `module` field, by which packages tell bundlers of an ES module build.
    pub module: Option<String>,
    /// Whether the package has a build for browsers.
    pub has_browser_build: bool,
    /// The `browser` field, where it is a map.
    pub(crate) browser: Map<String, Value>,
}

/// The name and version of a package.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PackageId {
    /// The name, with its scope.
    pub name: String,
    /// The version, where there is one.
    pub version: Option<String>,
}

impl fmt::Display for PackageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.version {
            Some(version) => write!(f, "{} {version}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

/// The files that were read, by folder; `None` where there is none.
#[derive(Default)]
pub(crate) struct Manifests(Mutex<HashMap<PathBuf, Option<Arc<Manifest>>>>);

impl Manifests {
    pub(crate) fn clear(&self) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }
}

impl Resolver {
    /// The `package.json` that counts for a module:
    /// [LOOKUP_PACKAGE_SCOPE](https://nodejs.org/api/esm.html#resolution-algorithm-specification).
    pub fn manifest(&self, key: &Key) -> Result<Option<Arc<Manifest>>, Error> {
        for folder in self.scope_folders(key.path()) {
            if let Some(manifest) = self.manifest_in(folder)? {
                return Ok(Some(manifest));
            }
        }
        Ok(None)
    }

    /// The package to which a module belongs: that of the nearest `package.json` with a name. Some
    /// have others inside that say no more than a `type`.
    pub fn package_of(&self, key: &Key) -> Option<PackageId> {
        self.scope_folders(key.path())
            .filter_map(|folder| self.manifest_in(folder).ok().flatten())
            .find_map(|manifest| manifest.package.clone())
    }

    /// The `package.json` in a folder.
    pub(crate) fn manifest_in(&self, folder: &Path) -> Result<Option<Arc<Manifest>>, Error> {
        let known = &self.manifests.0;
        if let Some(known) = known
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(folder)
        {
            return Ok(known.clone());
        }
        let path = folder.join("package.json");
        let manifest = match self.root.read(&path, MAX_PACKAGE_JSON) {
            Ok(bytes) => Some(Arc::new(Manifest::read(folder, &bytes).map_err(
                |reason| Error::Package {
                    package_json: path,
                    reason,
                },
            )?)),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotAFile) => None,
            Err(error) => return Err(error),
        };
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(folder.to_path_buf(), manifest.clone());
        Ok(manifest)
    }

    /// The folders in which the `package.json` of a file may be, the nearest first.
    fn scope_folders<'a>(&self, path: &'a Path) -> impl Iterator<Item = &'a Path> {
        path.ancestors()
            .skip(1)
            .take_while(|folder| folder.starts_with(self.root.path()))
            .take_while(|folder| folder.file_name().is_none_or(|name| name != "node_modules"))
    }
}

impl Manifest {
    /// Fields of other types than they should have count for nothing, as in Node.
    fn read(folder: &Path, bytes: &[u8]) -> Result<Manifest, String> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let mut json: Value = serde_json::from_slice(bytes)
            .map_err(|error| format!("invalid package config: {error}"))?;
        let text = |name: &str, most: usize| {
            let text = json.get(name)?.as_str().filter(|text| !text.is_empty())?;
            Some(text[..text.floor_char_boundary(most)].to_owned())
        };
        // npm allows names of this length; they are only ever shown.
        let package = text("name", 214).map(|name| PackageId {
            name,
            version: text("version", 64),
        });
        let (module_type, module) = (text("type", 64), text("module", 512));
        let exports = json.get("exports").unwrap_or(&Value::Null);
        let has_browser_build = json.get("browser").is_some() || names(exports, "browser");
        let browser = match json.get_mut("browser").map(Value::take) {
            Some(Value::Object(map)) => map,
            _ => Map::new(),
        };
        Ok(Manifest {
            folder: folder.to_path_buf(),
            package,
            module_type,
            module,
            has_browser_build,
            browser,
        })
    }
}

/// Whether a target has this condition anywhere.
fn names(target: &Value, condition: &str) -> bool {
    match target {
        Value::Object(targets) => targets
            .iter()
            .any(|(name, target)| name == condition || names(target, condition)),
        Value::Array(targets) => targets.iter().any(|target| names(target, condition)),
        _ => false,
    }
}
