//! [Import maps](https://html.spec.whatwg.org/multipage/webappapis.html#import-maps).

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};
use url::Url;

use crate::integrity;
use crate::root::canonical;
use crate::specifier::scheme_of;
use crate::{Error, Key};

/// More than any map has; a limit because the file is read whole.
const MAX_BYTES: u64 = 64 << 20;

/// An [import map](https://html.spec.whatwg.org/multipage/webappapis.html#import-map), from a file.
#[derive(Clone, Debug)]
pub struct ImportMap {
    file: PathBuf,
    imports: SpecifierMap,
    /// By prefix, in descending order.
    scopes: Vec<(String, SpecifierMap)>,
    /// Integrity metadata by URL.
    integrity: HashMap<String, String>,
}

/// A [module specifier map](https://html.spec.whatwg.org/multipage/webappapis.html#module-specifier-map).
#[derive(Clone, Debug, Default)]
struct SpecifierMap {
    addresses: HashMap<String, Target>,
    /// The keys that end with a slash, in descending order.
    prefixes: Vec<String>,
}

/// The address for a key, or why there is none.
#[derive(Clone, Debug)]
struct Target {
    /// The key as it is written, after the scope's if it is in one.
    written: String,
    address: Result<Url, String>,
}

impl ImportMap {
    /// Reads the map in a file, a path given by the user: the file need not lie in an import root.
    pub fn read(file: &Path) -> Result<ImportMap, Error> {
        let mut path = canonical(file)?;
        // Addresses start from where the user sees the file, also where that is a link.
        if let (Some(name), Some(folder)) = (file.file_name(), file.parent()) {
            let folder = match folder.as_os_str().is_empty() {
                true => Path::new("."),
                false => folder,
            };
            path = canonical(folder)?.join(name);
        }
        let metadata = std::fs::metadata(&path).map_err(|error| Error::io(&path, error))?;
        if !metadata.is_file() {
            return Err(Error::NotAFile {
                path,
                what: "no regular file",
                suggestion: None,
            });
        }
        if metadata.len() > MAX_BYTES {
            let max_bytes = MAX_BYTES;
            return Err(Error::TooLarge { path, max_bytes });
        }
        let text = std::fs::read(&path).map_err(|error| Error::io(&path, error))?;
        ImportMap::parse(&path, &text)
    }

    /// [Parse an import map string](https://html.spec.whatwg.org/multipage/webappapis.html#parse-an-import-map-string),
    /// of the file at the absolute path `file`. What the standard reports and goes on from, an
    /// address that is no URL, is an error when a specifier leads to it.
    pub fn parse(file: &Path, text: &[u8]) -> Result<ImportMap, Error> {
        let error = |key: Option<&str>, reason: String| Error::ImportMap {
            specifier: None,
            referrer: None,
            file: file.to_path_buf(),
            key: key.map(Box::from),
            reason,
        };
        let base = Url::from_file_path(file)
            .map_err(|()| error(None, "its path is not absolute".to_owned()))?;
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        // 1. and 2. Let parsed be the result of parsing a JSON string; it has to be a map.
        let mut parsed = match serde_json::from_slice(text) {
            Ok(Value::Object(map)) => map,
            Ok(_) => return Err(error(None, "it is not an object".to_owned())),
            Err(why) => return Err(error(None, format!("it is not well-formed JSON: {why}"))),
        };
        // 3. to 8. "imports", "scopes" and "integrity" have to be maps, where they are there.
        let mut member = |name: &str| match parsed.remove(name) {
            Some(Value::Object(map)) => Ok(map),
            Some(_) => Err(error(Some(name), "it is not an object".to_owned())),
            None => Ok(Map::new()),
        };
        let imports = SpecifierMap::new(member("imports")?, &base, "");
        let mut scopes = Vec::new();
        // Sort and normalize scopes.
        for (prefix, specifiers) in member("scopes")? {
            let Value::Object(specifiers) = specifiers else {
                return Err(error(Some(&prefix), "it is not an object".to_owned()));
            };
            // A prefix that is no URL is passed over, as the standard says.
            if let Ok(url) = base.join(&prefix) {
                let written = format!("{prefix:?} > ");
                let map = SpecifierMap::new(specifiers, &base, &written);
                scopes.push((String::from(url), map));
            }
        }
        scopes.sort_by(|(a, _), (b, _)| b.cmp(a));
        let mut integrity = HashMap::new();
        for (key, metadata) in member("integrity")? {
            // Normalize a module integrity map.
            if let (Some(url), Some(metadata)) = (url_like(&key, &base), metadata.as_str()) {
                integrity.insert(url.into(), metadata.to_owned());
            }
        }
        Ok(ImportMap {
            file: file.to_path_buf(),
            imports,
            scopes,
            integrity,
        })
    }

    /// The middle of
    /// [resolve a module specifier](https://html.spec.whatwg.org/multipage/webappapis.html#resolve-a-module-specifier):
    /// where the map leads, if it says anything. `url` is the specifier as a URL, if it is one;
    /// `base` is the URL of the importing module.
    pub(crate) fn resolve(
        &self,
        specifier: &str,
        url: Option<&Url>,
        base: &str,
    ) -> Result<Option<Url>, Error> {
        // 8. Let normalizedSpecifier be the serialization of asURL, or else specifier.
        let normalized = url.map_or(specifier, Url::as_str);
        // 9. For each scopePrefix → scopeImports of importMap's scopes:
        for (prefix, imports) in &self.scopes {
            let applies = prefix == base || prefix.ends_with('/') && base.starts_with(prefix);
            if applies && let Some(found) = self.resolve_in(imports, normalized, url)? {
                return Ok(Some(found));
            }
        }
        // 10. Let topLevelImportsMatch be …
        self.resolve_in(&self.imports, normalized, url)
    }

    /// [Resolve an imports match](https://html.spec.whatwg.org/multipage/webappapis.html#resolving-an-imports-match)
    fn resolve_in(
        &self,
        map: &SpecifierMap,
        normalized: &str,
        url: Option<&Url>,
    ) -> Result<Option<Url>, Error> {
        let error = |target: &Target, reason: String| Error::ImportMap {
            specifier: None,
            referrer: None,
            file: self.file.clone(),
            key: Some(target.written.as_str().into()),
            reason,
        };
        let address = |target: &Target| {
            let address = target.address.clone();
            address.map_err(|reason| error(target, reason))
        };
        // 1.1. If specifierKey is normalizedSpecifier, …
        if let Some(target) = map.addresses.get(normalized) {
            return address(target).map(Some);
        }
        // 1.2. If specifierKey ends with "/", normalizedSpecifier starts with it, and asURL is null
        // or special, …
        if url.is_some_and(|url| !is_special(url)) {
            return Ok(None);
        }
        let mut prefixes = map.prefixes.iter();
        let Some(prefix) = prefixes.find(|prefix| normalized.starts_with(prefix.as_str())) else {
            return Ok(None);
        };
        let target = &map.addresses[prefix];
        // 1.2.1. If resolutionResult is null, then throw a TypeError.
        let address = address(target)?;
        // 1.2.4. to 1.2.6. Let url be the result of URL parsing afterPrefix with resolutionResult.
        let rest = &normalized[prefix.len()..];
        let found = address
            .join(rest)
            .map_err(|why| error(target, format!("{rest:?} cannot follow {address}: {why}")))?;
        // 1.2.7. The serialization of url has to start with that of resolutionResult.
        if !found.as_str().starts_with(address.as_str()) {
            let reason = format!("{rest:?} leads out of {address}");
            return Err(error(target, reason));
        }
        Ok(Some(found))
    }

    /// Holds what was read of a file to the
    /// [integrity metadata](https://html.spec.whatwg.org/multipage/webappapis.html#resolving-a-module-integrity-metadata)
    /// for its URL.
    pub fn verify(&self, key: &Key, bytes: &[u8]) -> Result<(), Error> {
        if self.integrity.is_empty() {
            return Ok(());
        }
        let url = key.url();
        match self.integrity.get(&url) {
            Some(metadata) if !integrity::matches(bytes, metadata) => Err(Error::ImportMap {
                specifier: None,
                referrer: None,
                file: self.file.clone(),
                key: Some(format!("\"integrity\" > {url:?}").into()),
                reason: format!("the file is another: {metadata:?} is not its hash"),
            }),
            _ => Ok(()),
        }
    }
}

impl SpecifierMap {
    /// [Sort and normalize a module specifier map](https://html.spec.whatwg.org/multipage/webappapis.html#sorting-and-normalizing-a-module-specifier-map)
    fn new(map: Map<String, Value>, base: &Url, scope: &str) -> SpecifierMap {
        let mut addresses = HashMap::new();
        for (key, value) in map {
            // Normalize a specifier key: an empty one is passed over.
            if key.is_empty() {
                continue;
            }
            let normalized = url_like(&key, base).map_or_else(|| key.clone(), String::from);
            let address = address_of(&key, &value, base);
            let written = format!("{scope}{key:?}");
            addresses.insert(normalized, Target { written, address });
        }
        let ends = addresses.keys().filter(|key| key.ends_with('/'));
        let mut prefixes: Vec<String> = ends.cloned().collect();
        prefixes.sort_by(|a, b| b.cmp(a));
        SpecifierMap {
            addresses,
            prefixes,
        }
    }
}

fn address_of(key: &str, value: &Value, base: &Url) -> Result<Url, String> {
    let Some(written) = value.as_str() else {
        return Err(match value {
            Value::Null => "it is null, which blocks it".to_owned(),
            _ => "its address is not a string".to_owned(),
        });
    };
    let Some(address) = url_like(written, base) else {
        return Err(format!(
            "its address {written:?} is no URL and does not begin with \"/\", \"./\" or \"../\""
        ));
    };
    if key.ends_with('/') && !address.as_str().ends_with('/') {
        let reason = format!("its address {written:?} has to end with \"/\", as the key does");
        return Err(reason);
    }
    Ok(address)
}

/// [Resolve a URL-like module specifier](https://html.spec.whatwg.org/multipage/webappapis.html#resolving-a-url-like-module-specifier)
fn url_like(specifier: &str, base: &Url) -> Option<Url> {
    let is_relative = ["/", "./", "../"]
        .iter()
        .any(|start| specifier.starts_with(start));
    match is_relative {
        true => base.join(specifier).ok(),
        false => scheme_of(specifier).and_then(|_| Url::parse(specifier).ok()),
    }
}

/// Whether a URL [is special](https://url.spec.whatwg.org/#is-special).
fn is_special(url: &Url) -> bool {
    ["ftp", "file", "http", "https", "ws", "wss"].contains(&url.scheme())
}
