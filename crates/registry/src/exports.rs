//! What a package could have been asked for, for errors.

use std::path::PathBuf;

use serde_json::{Map, Value};

use crate::error::NotExported;
use crate::package::{MAX_PACKAGE_JSON, decided};
use crate::suggest::nearest;
use crate::{Error, Resolver};

/// How many names an error lists.
const LISTED: usize = 8;

impl Resolver {
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
    fn exports_of(&self, package: &std::path::Path) -> Map<String, Value> {
        match self.fields_of(package).remove("exports") {
            Some(Value::Object(map)) if map.keys().any(|key| key.starts_with('.')) => map,
            Some(target) => Map::from_iter([(".".to_owned(), target)]),
            None => Map::new(),
        }
    }

    fn fields_of(&self, package: &std::path::Path) -> Map<String, Value> {
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
