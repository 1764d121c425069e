//! The parts of specifiers.

use crate::Error;
use crate::key::encodes;
use crate::package::{MAX_NAMES, decoded};

/// Longer specifiers of packages are refused: no file system has such paths.
const MAX_PACKAGE_SPECIFIER: usize = 1 << 12;

/// The parts of a specifier of a package.
pub(crate) struct PackageRequest<'a> {
    pub(crate) specifier: &'a str,
    pub(crate) name: &'a str,
    /// Empty, or from its slash on.
    pub(crate) subpath: &'a str,
    /// Query and fragment.
    pub(crate) suffix: &'a str,
    /// Name and subpath, decoded.
    pub(crate) resolver_specifier: String,
}

impl<'a> PackageRequest<'a> {
    pub(crate) fn parse(specifier: &'a str) -> Result<PackageRequest<'a>, Error> {
        let invalid = |reason: &str| Err(Error::invalid(specifier, reason));
        let (path, suffix) = split_suffix(specifier);
        let scope = if path.starts_with('@') {
            path.find('/').map_or(0, |at| at + 1)
        } else {
            0
        };
        let end = path[scope..].find('/').map_or(path.len(), |at| scope + at);
        let (name, subpath) = path.split_at(end);
        if path.starts_with('@') && (scope == 0 || end == scope) {
            return invalid("the name of a package with a scope is @scope/name");
        }
        let is_import = path.starts_with('#');
        if !is_import && (name.contains('%') || name[scope..].starts_with('.')) {
            return invalid("no package can have this name");
        }
        if !is_import && subpath.is_empty() && !suffix.is_empty() {
            return invalid("the name of a package has no query and no fragment");
        }
        if subpath.ends_with('/') {
            return invalid("it names a folder, and only files can be imported");
        }
        if path.len() > MAX_PACKAGE_SPECIFIER || path.matches('/').count() > MAX_NAMES {
            return invalid("it is too long");
        }
        // The mark of an import is no mark of a fragment.
        let (undecoded, encoded) = path.split_at(if is_import { 1 } else { end });
        let Some(decoded) = decoded(encoded) else {
            return invalid("it has an encoded character that no name can have");
        };
        let resolver_specifier = format!("{undecoded}{decoded}");
        Ok(PackageRequest {
            specifier,
            name,
            subpath,
            suffix,
            resolver_specifier,
        })
    }

    pub(crate) fn is_import(&self) -> bool {
        self.specifier.starts_with('#')
    }
}

/// The path of a specifier, and its query and fragment.
pub(crate) fn split_suffix(specifier: &str) -> (&str, &str) {
    let start = usize::from(specifier.starts_with('#'));
    let end = specifier[start..]
        .find(['?', '#'])
        .map_or(specifier.len(), |at| start + at);
    specifier.split_at(end)
}

/// Why no specifier may be written so, if it may not.
pub(crate) fn reserved(specifier: &str) -> Option<&'static str> {
    if specifier.contains('\0') {
        return Some("it has a NUL character");
    }
    if specifier.contains(|c: char| c.is_ascii_control()) {
        return Some("it has a control character");
    }
    let (path, _) = split_suffix(specifier);
    if path.contains('\\') {
        return Some("it has a backslash; folders are separated by slashes");
    }
    if encodes(path, "2f") || encodes(path, "5c") {
        return Some("it has an encoded slash or backslash");
    }
    encodes(path, "00").then_some("it has an encoded NUL character")
}

/// The [scheme](https://url.spec.whatwg.org/#concept-url-scheme) of an absolute URL.
pub(crate) fn scheme_of(specifier: &str) -> Option<&str> {
    let (scheme, _) = specifier.split_once(':')?;
    let valid = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    valid.then_some(scheme)
}
