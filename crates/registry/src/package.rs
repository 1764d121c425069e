//! `oxc_resolver`'s view of the file system: the root, and `package.json` files made plain.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use oxc_resolver::{FileMetadata, FileSystem, ResolveError};
use serde_json::{Map, Value};

use crate::key::encodes;
use crate::root::{Kind, Root};
use crate::{Error, ErrorKind};

/// More than any package has; a limit because the file is read whole.
pub(crate) const MAX_PACKAGE_JSON: u64 = 16 << 20;

/// More than any path has; a limit because the resolver recurses once a name.
pub(crate) const MAX_NAMES: usize = 256;

/// The file system beneath a root. It exists nowhere else.
pub(crate) struct BeneathRoot {
    root: Option<Root>,
    conditions: Vec<String>,
    fault: Fault,
}

/// An error that has to end the resolution, where the resolver would take it for an absent file.
#[derive(Clone, Default)]
pub(crate) struct Fault(Arc<Mutex<Option<Error>>>);

impl Fault {
    pub(crate) fn take(&self) -> Option<Error> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn set(&self, error: Error) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert(error);
    }
}

impl BeneathRoot {
    pub(crate) fn new(root: Root, conditions: Vec<String>, fault: Fault) -> BeneathRoot {
        BeneathRoot {
            root: Some(root),
            conditions,
            fault,
        }
    }

    /// Does `operation` on `path`. What is only absent is an error for the resolver; everything
    /// else is a fault too.
    fn at<T>(
        &self,
        path: &Path,
        operation: impl FnOnce(&Root) -> Result<T, Error>,
    ) -> io::Result<T> {
        let root = self.root.as_ref().ok_or(io::ErrorKind::NotFound)?;
        operation(root).map_err(|error| {
            let absent = match error.kind() {
                ErrorKind::NotFound | ErrorKind::NotAFile => true,
                ErrorKind::OutsideRoot => is_way_up(root.path(), path),
                _ => false,
            };
            if !absent {
                self.fault.set(error);
            }
            io::ErrorKind::NotFound.into()
        })
    }
}

/// Whether the resolver asks for `path` because it looks for packages in every folder up to the
/// top of the file system. Above the root it finds none.
fn is_way_up(root: &Path, path: &Path) -> bool {
    let of_package = path
        .file_name()
        .is_some_and(|name| name == "node_modules" || name == "package.json");
    let above = |folder: &Path| folder != root && root.starts_with(folder);
    above(path) || (of_package && path.parent().is_some_and(above))
}

impl FileSystem for BeneathRoot {
    fn new() -> Self {
        BeneathRoot {
            root: None,
            conditions: Vec::new(),
            fault: Fault::default(),
        }
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.at(path, |root| {
            let bytes = root.read(path, MAX_PACKAGE_JSON)?;
            plain(&bytes, &self.conditions).map_err(|reason| Error::Package {
                package_json: path.to_path_buf(),
                reason,
            })
        })
    }

    fn read_to_string(&self, path: &Path) -> io::Result<String> {
        String::from_utf8(self.read(path)?)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    }

    fn metadata(&self, path: &Path) -> io::Result<FileMetadata> {
        self.at(path, |root| Ok(metadata(Some(root.find(path)?.1))))
    }

    fn symlink_metadata(&self, path: &Path) -> io::Result<FileMetadata> {
        self.at(path, |root| Ok(metadata(root.kind_unfollowed(path)?)))
    }

    /// Where the link leads in the end, so that the resolver's own arithmetic on links with `..`
    /// in them, which knows names alone, is never needed.
    fn read_link(&self, path: &Path) -> Result<PathBuf, ResolveError> {
        Ok(self.canonicalize(path)?)
    }

    fn canonicalize(&self, path: &Path) -> io::Result<PathBuf> {
        self.at(path, |root| Ok(root.find(path)?.0))
    }
}

fn metadata(kind: Option<Kind>) -> FileMetadata {
    FileMetadata::new(
        kind == Some(Kind::File),
        kind == Some(Kind::Folder),
        kind.is_none(),
    )
}

/// `package.json` in the form in which `oxc_resolver` reads it as Node reads the original: its
/// conditions are decided, because the resolver takes a `null` under a condition for an absent
/// one, and its targets are percent-decoded. What is too deep for a recursive reader is an error.
fn plain(bytes: &[u8], conditions: &[String]) -> Result<Vec<u8>, String> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut package: Value = serde_json::from_slice(bytes)
        .map_err(|error| format!("invalid package config: {error}"))?;
    let Some(fields) = package.as_object_mut() else {
        return Err("invalid package config: not an object".to_owned());
    };
    for name in ["exports", "imports", "main", "browser"] {
        check_length(fields.get(name).unwrap_or(&Value::Null))?;
    }
    if let Some(exports) = fields.remove("exports")
        && !exports.is_null()
    {
        fields.insert("exports".to_owned(), plain_exports(exports, conditions));
    }
    if let Some(Value::Object(imports)) = fields.get_mut("imports") {
        decide_each(imports, conditions);
    }
    serde_json::to_vec(&package).map_err(|error| error.to_string())
}

fn check_length(value: &Value) -> Result<(), String> {
    match value {
        Value::String(path) if path.matches(['/', '\\']).count() > MAX_NAMES => {
            Err(format!("a path has more than {MAX_NAMES} names"))
        }
        Value::Array(items) => items.iter().try_for_each(check_length),
        Value::Object(fields) => fields.values().try_for_each(check_length),
        _ => Ok(()),
    }
}

fn plain_exports(exports: Value, conditions: &[String]) -> Value {
    match exports {
        Value::Object(mut subpaths) if subpaths.keys().all(|key| key.starts_with('.')) => {
            decide_each(&mut subpaths, conditions);
            Value::Object(subpaths)
        }
        // Both kinds of keys: the resolver has the error for it.
        Value::Object(mixed) if mixed.keys().any(|key| key.starts_with('.')) => {
            Value::Object(mixed)
        }
        target => {
            let target = decided(target, conditions).unwrap_or(Value::Null);
            Value::Object(Map::from_iter([(".".to_owned(), target)]))
        }
    }
}

fn decide_each(targets: &mut Map<String, Value>, conditions: &[String]) {
    for target in targets.values_mut() {
        *target = decided(target.take(), conditions).unwrap_or(Value::Null);
    }
}

/// [PACKAGE_TARGET_RESOLVE](https://nodejs.org/api/esm.html#resolution-algorithm-specification)
/// as far as the conditions go; `None` is its *undefined*.
pub(crate) fn decided(target: Value, conditions: &[String]) -> Option<Value> {
    match target {
        Value::String(target) => Some(Value::String(decoded(&target).unwrap_or(target))),
        Value::Object(targets) => targets
            .into_iter()
            .filter(|(name, _)| name == "default" || conditions.contains(name))
            .find_map(|(_, target)| decided(target, conditions)),
        Value::Array(targets) if !targets.is_empty() => {
            let mut targets: Vec<Value> = targets
                .into_iter()
                .filter_map(|target| decided(target, conditions))
                .collect();
            if targets.is_empty() {
                return None;
            }
            targets.retain(|target| !target.is_null());
            Some(if targets.is_empty() {
                Value::Null
            } else {
                Value::Array(targets)
            })
        }
        target => Some(target),
    }
}

/// The path that a target or subpath means as a part of a URL, in `oxc_resolver`'s spelling; the
/// rest of a URL behind it stays as it is. `None` where that is no path.
pub(crate) fn decoded(url: &str) -> Option<String> {
    let (path, rest) = url.split_at(url.find(['?', '#']).unwrap_or(url.len()));
    if ["2f", "5c", "00", "3f"]
        .iter()
        .any(|byte| encodes(path, byte))
    {
        return None;
    }
    let path = percent_encoding::percent_decode_str(path)
        .decode_utf8()
        .ok()?;
    // A fragment's mark that is part of a name is escaped with a NUL.
    Some(path.replace('#', "\0#") + rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(package: &str, expected: &str) {
        let conditions = ["import", "module-sync"].map(str::to_owned);
        let plain = match plain(package.as_bytes(), &conditions) {
            Ok(plain) => String::from_utf8(plain).unwrap(),
            Err(reason) => reason,
        };
        assert_eq!(plain, expected);
    }

    #[test]
    fn decides_conditions_as_node() {
        check(r#"{"exports":null}"#, "{}");
        check(r#"{"exports":"./a.js"}"#, r#"{"exports":{".":"./a.js"}}"#);
        check(
            r#"{"exports":{"import":null,"default":"./a.js"}}"#,
            r#"{"exports":{".":null}}"#,
        );
        check(
            r#"{"exports":{"require":null,"default":"./a.js"}}"#,
            r#"{"exports":{".":"./a.js"}}"#,
        );
        check(
            r#"{"exports":{".":{"import":{"node":"./n.js"},"default":"./a.js"}}}"#,
            r#"{"exports":{".":"./a.js"}}"#,
        );
        check(
            r#"{"exports":{".":[{"require":"./r.js"},null,{"import":"./a.js"}]}}"#,
            r#"{"exports":{".":["./a.js"]}}"#,
        );
        check(
            r#"{"exports":{".":{"import":[{"x":"./x"}],"default":[null]}}}"#,
            r#"{"exports":{".":null}}"#,
        );
        check(
            r##"{"imports":{"#a":{"module-sync":"./%61%20b?q#h","default":"c"}}}"##,
            r##"{"imports":{"#a":"./a b?q#h"}}"##,
        );
    }

    #[test]
    fn refuses_what_cannot_be_read_safely() {
        let deep = format!(
            "{{\"exports\":{}1{}}}",
            "[".repeat(100_000),
            "]".repeat(100_000)
        );
        let long = format!("{{\"main\":\"{}\"}}", "a/".repeat(100_000));
        check(&long, "a path has more than 256 names");
        check("[]", "invalid package config: not an object");
        assert!(
            plain(deep.as_bytes(), &[])
                .unwrap_err()
                .contains("recursion limit")
        );
        assert!(plain(b"", &[]).is_err());
    }

    #[test]
    fn way_up_is_what_lies_above() {
        let root = Path::new("/a/root");
        for (path, expected) in [
            ("/", true),
            ("/a", true),
            ("/a/node_modules", true),
            ("/package.json", true),
            ("/a/root", false),
            ("/a/root/node_modules", false),
            ("/a/other", false),
            ("/a/node_modules/x", false),
        ] {
            assert_eq!(is_way_up(root, Path::new(path)), expected, "{path}");
        }
    }
}
