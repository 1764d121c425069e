//! The errors of packages: what was looked for, and what there is.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::error::NotExported;
use crate::package::{MAX_PACKAGE_JSON, decided};
use crate::resolve::prefixed;
use crate::root::Kind;
use crate::specifier::PackageRequest;
use crate::suggest::nearest;
use crate::{Error, Resolver};

/// How many names an error lists.
const LISTED: usize = 8;
/// Longer targets are not listed.
const LONGEST: usize = 512;

impl Resolver {
    /// The error for a request to which no file answers.
    pub(crate) fn package_not_found(&self, request: &PackageRequest<'_>, folder: &Path) -> Error {
        if request.is_import() {
            return self.import_not_found(request, folder);
        }
        let Some(package) = self.nearest_package(request, folder) else {
            return self.no_package(request, folder);
        };
        let subpath = format!(".{}", request.subpath);
        let targets = targets_of(&self.exports_of(&package), &subpath, &self.conditions);
        if let Some(target) = targets.first() {
            let error = self.with_suggestion(Error::not_found(&package.join(target)));
            return with_tried(error, targets.iter().map(|target| package.join(target)));
        }
        if request.subpath.is_empty() {
            return self.no_main(package);
        }
        let file = package.join(request.subpath.trim_start_matches('/'));
        match self.root.find(&file) {
            Ok((folder, Kind::Folder)) => self.folder(folder),
            _ => {
                let error = self.with_suggestion(Error::not_found(&file));
                let before = request.specifier.rfind('/').map_or(0, |slash| slash + 1);
                prefixed(error, &request.specifier[..before])
            }
        }
    }

    /// No `node_modules` has the package.
    fn no_package(&self, request: &PackageRequest<'_>, folder: &Path) -> Error {
        let name = request.name;
        let modules = || self.folders_up(folder).map(|up| up.join("node_modules"));
        let file = [
            request.specifier.to_owned(),
            format!("{}.js", request.specifier),
        ]
        .into_iter()
        .find(|file| matches!(self.root.find(&folder.join(file)), Ok((_, Kind::File))));
        let package = || match name.split_once('/') {
            Some((scope, name)) => modules().find_map(|folder| {
                let near = self.nearest_in(Some(&folder.join(scope)), Some(name))?;
                Some(format!("{scope}/{near}"))
            }),
            None => modules().find_map(|folder| self.nearest_in(Some(&folder), Some(name))),
        };
        let suggestion = file.map(|file| format!("./{file}")).or_else(package);
        Error::NotFound {
            specifier: request.specifier.to_owned(),
            referrer: None,
            tried: modules().map(|folder| folder.join(name)).collect(),
            suggestion,
        }
    }

    /// What a `#` import leads to is not there.
    fn import_not_found(&self, request: &PackageRequest<'_>, folder: &Path) -> Error {
        let scope = self.scope(folder);
        let targets = scope.iter().flat_map(|scope| {
            let imports = self.fields_of(scope).remove("imports");
            let imports = imports.and_then(|imports| imports.as_object().cloned());
            let specifier = request.specifier;
            let targets = targets_of(&imports.unwrap_or_default(), specifier, &self.conditions);
            targets.into_iter().map(|target| scope.join(target))
        });
        let mut tried: Vec<PathBuf> = targets.collect();
        if tried.is_empty() {
            let files = self.folders_up(folder);
            tried.extend(files.map(|folder| folder.join("package.json")));
        }
        with_tried(Error::not_found(folder), tried)
    }

    /// The error for a `#` import that a `package.json` does not define.
    pub(crate) fn not_defined(&self, name: &str, package_json: PathBuf) -> Error {
        let mut reason = format!("\"imports\" does not define {name:?}");
        let mut fields = package_json
            .parent()
            .map_or_else(Map::new, |package| self.fields_of(package));
        if let Some(Value::Object(imports)) = fields.remove("imports")
            && let Some(near) = nearest(name, imports.keys().map(Into::into).collect())
        {
            reason += &format!("; did you mean {near:?}?");
        }
        Error::Package {
            package_json,
            reason,
        }
    }

    /// The error for a subpath that the package in the folder `package` does not export.
    pub(crate) fn not_exported_by(&self, package: PathBuf, subpath: String) -> Error {
        let (mut suggestion, mut declared) = (None, Vec::new());
        let exports = self.exports_of(&package);
        if let Some(target) = exports.get(&subpath) {
            conditions_of(target, &mut declared);
            // Those that were tried, and those that are not for running.
            declared.retain(|name| !self.conditions.contains(name) && name != "types");
        } else {
            let has_target = |target: &&Value| {
                let target = decided((*target).clone(), &self.conditions);
                target.is_some_and(|target| !target.is_null())
            };
            let names = exports.iter().filter(|(_, target)| has_target(target));
            let names = names.filter(|(name, _)| !name.contains('*'));
            suggestion = nearest(&subpath, names.map(|(name, _)| name.into()).collect());
        }
        let manifest = self.manifest_in(&package).ok().flatten();
        let id = manifest.and_then(|manifest| manifest.package.clone());
        if let (Some(suggestion), Some(id)) = (&mut suggestion, &id) {
            suggestion.replace_range(..1, &id.name);
        }
        Error::PackagePathNotExported(Box::new(NotExported {
            specifier: subpath.clone(),
            referrer: None,
            package,
            id,
            subpath,
            conditions: self.conditions.clone(),
            declared,
            suggestion,
        }))
    }

    /// The error for a package of which no file is the module that its name means.
    pub(crate) fn no_main(&self, package: PathBuf) -> Error {
        let package_json = package.join("package.json");
        let manifest = self.manifest_in(&package).ok().flatten();
        let fields = self.fields_of(&package);
        let main = fields.get("main").and_then(Value::as_str);
        let mut reason = match main.map(|main| &main[..main.floor_char_boundary(200)]) {
            _ if fields.contains_key("exports") => "\"exports\" leads to no file".to_owned(),
            Some(main) => format!(
                "\"main\" is {main:?}, which leads to no file, and there is no index.js; looked for \
                 {main}, {main}.js, {main}.json, {main}.node, {main}/index.js, index.js"
            ),
            None => "there is neither \"exports\" nor \"main\" in it, and no index.js".to_owned(),
        };
        if let Some(manifest) = manifest
            && let (Some(module), Some(id)) = (&manifest.module, &manifest.package)
        {
            let path = module.trim_start_matches("./");
            reason += &format!(
                "; its \"module\" is only read by bundlers: import {:?}",
                format!("{}/{path}", id.name)
            );
        }
        Error::Package {
            package_json,
            reason,
        }
    }

    /// `exports` by subpaths; empty where there are none.
    fn exports_of(&self, package: &Path) -> Map<String, Value> {
        match self.fields_of(package).remove("exports") {
            Some(Value::Object(map)) if map.keys().any(|key| key.starts_with('.')) => map,
            Some(target) => Map::from_iter([(".".to_owned(), target)]),
            None => Map::new(),
        }
    }

    fn fields_of(&self, package: &Path) -> Map<String, Value> {
        let bytes = self
            .root
            .read(&package.join("package.json"), MAX_PACKAGE_JSON);
        let json = bytes.ok().and_then(|bytes| {
            let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
            serde_json::from_slice(bytes).ok()
        });
        match json {
            Some(Value::Object(fields)) => fields,
            _ => Map::new(),
        }
    }
}

fn with_tried(mut error: Error, paths: impl IntoIterator<Item = PathBuf>) -> Error {
    if let Error::NotFound { tried, .. } = &mut error {
        *tried = paths
            .into_iter()
            .map(|path| path.components().collect())
            .collect();
    }
    error
}

/// The targets of a key of `exports` or `imports`, in their order:
/// [PACKAGE_IMPORTS_EXPORTS_RESOLVE](https://nodejs.org/api/esm.html#resolution-algorithm-specification).
fn targets_of(map: &Map<String, Value>, key: &str, conditions: &[String]) -> Vec<String> {
    let pattern = || {
        let patterns = map.iter().filter_map(|(pattern, target)| {
            let (before, after) = pattern.split_once('*')?;
            let rest = key.strip_prefix(before)?.strip_suffix(after)?;
            Some((before.len(), target, rest))
        });
        patterns.max_by_key(|(length, ..)| *length)
    };
    let (target, rest) = match map.get(key) {
        Some(target) => (target, ""),
        None => match pattern() {
            Some((_, target, rest)) => (target, rest),
            None => return Vec::new(),
        },
    };
    let targets = match decided(target.clone(), conditions) {
        Some(Value::Array(targets)) => targets,
        Some(target) => vec![target],
        None => Vec::new(),
    };
    let texts = targets.iter().filter_map(Value::as_str);
    texts
        .take(LISTED)
        .filter(|text| text.len() < LONGEST)
        .map(|text| text.replace('*', rest))
        .collect()
}

/// The conditions that a target names, in the order of the file.
fn conditions_of(target: &Value, conditions: &mut Vec<String>) {
    match target {
        Value::Object(targets) => {
            for (name, target) in targets {
                if conditions.len() < LISTED && !conditions.contains(name) {
                    conditions.push(name.clone());
                }
                conditions_of(target, conditions);
            }
        }
        Value::Array(targets) => targets
            .iter()
            .for_each(|target| conditions_of(target, conditions)),
        _ => {}
    }
}
