//! From specifiers to addresses of every kind.

use url::Url;

use crate::key::{path_of, suffix_of};
use crate::specifier::{reserved, scheme_of};
use crate::{Error, ErrorKind, Key, Resolver};

/// Longer specifiers are refused unread, unless they are `data:` URLs.
const MAX_SPECIFIER: usize = 1 << 16;

/// Where a specifier leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A file beneath the root.
    File(Key),
    /// The `data:` URL that is the module, serialised.
    Data(String),
    /// A module that is built into Node.js, by its full name: `node:fs`.
    Builtin(String),
}

/// The module in which a specifier stands.
#[derive(Clone, Copy, Debug)]
pub enum Referrer<'a> {
    /// None: specifiers start from the root's folder.
    Root,
    /// A file beneath the root.
    File(&'a Key),
    /// A `data:` module: it has no folder.
    Data(&'a str),
}

impl<'a> Referrer<'a> {
    pub(crate) fn key(self) -> Option<&'a Key> {
        match self {
            Referrer::File(key) => Some(key),
            _ => None,
        }
    }

    pub(crate) fn url(self) -> Option<String> {
        match self {
            Referrer::Root => None,
            Referrer::File(key) => Some(key.url()),
            Referrer::Data(url) => Some(url.to_owned()),
        }
    }
}

/// What a specifier is, by its form.
enum Form<'a> {
    Url(Url),
    /// A package with its subpath, or a `#` import.
    Package(&'a str),
}

impl Resolver {
    /// The address that `specifier` means in `referrer`, by the import map and then as in Node:
    /// [resolve a module specifier](https://html.spec.whatwg.org/multipage/webappapis.html#resolve-a-module-specifier),
    /// [ESM_RESOLVE](https://nodejs.org/api/esm.html#resolution-algorithm-specification).
    pub fn address(&self, specifier: &str, referrer: Referrer<'_>) -> Result<Address, Error> {
        let found = match self.form(specifier, referrer)? {
            Form::Url(url) => self.address_of(specifier, &url),
            Form::Package(package) => self.package_address(package, referrer),
        };
        found
            .and_then(|address| self.browser_file(address))
            .map_err(|error| self.requested(error, specifier, referrer))
    }

    /// The file that `specifier` means in the module `referrer`, or in the root's folder where
    /// there is no referrer.
    pub fn resolve(&self, specifier: &str, referrer: Option<&Key>) -> Result<Key, Error> {
        let referrer = referrer.map_or(Referrer::Root, Referrer::File);
        match self.address(specifier, referrer)? {
            Address::File(key) => Ok(key),
            Address::Data(_) => Err(Error::invalid(specifier, "it is no file")),
            Address::Builtin(name) => Err(self.builtin(specifier, name, referrer)),
        }
    }

    /// [`import.meta.resolve`](https://nodejs.org/api/esm.html#importmetaresolvespecifier): the URL
    /// that `specifier` means in `referrer`. A file that a URL or path names need not be there.
    pub fn url(&self, specifier: &str, referrer: Referrer<'_>) -> Result<String, Error> {
        let address = match self.form(specifier, referrer)? {
            Form::Url(url) if url.scheme() != "file" => return Ok(url.into()),
            Form::Url(url) => match self.address_of(specifier, &url) {
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::NotFound | ErrorKind::NotAFile | ErrorKind::OutsideRoot
                    ) =>
                {
                    return Ok(url.into());
                }
                address => address,
            },
            Form::Package(package) => self.package_address(package, referrer),
        };
        let address = address
            .and_then(|address| self.browser_file(address))
            .map_err(|error| self.requested(error, specifier, referrer))?;
        Ok(match address {
            Address::File(key) => key.url(),
            Address::Data(url) | Address::Builtin(url) => url,
        })
    }

    /// The error of an import of a Node built-in.
    pub fn builtin(&self, specifier: &str, name: String, referrer: Referrer<'_>) -> Error {
        let error = Error::Builtin {
            specifier: specifier.to_owned(),
            name: name.into(),
            referrer: None,
            package: None,
            for_browsers: self.is_for_browsers(),
        };
        self.requested(error, specifier, referrer)
    }

    /// The same error, with what was asked for, and by whom.
    pub(crate) fn requested(&self, error: Error, specifier: &str, from: Referrer<'_>) -> Error {
        let installed = from.key().filter(|key| key.is_in_node_modules());
        let package = || installed.and_then(|key| self.package_of(key));
        error.requested(specifier, from.url(), package)
    }

    fn form<'a>(&self, specifier: &'a str, referrer: Referrer<'_>) -> Result<Form<'a>, Error> {
        let invalid = |reason: &str| Err(Error::invalid(specifier, reason));
        if specifier.is_empty() {
            return invalid("it is empty");
        }
        let scheme = scheme_of(specifier).map(str::to_ascii_lowercase);
        let is_data = scheme.as_deref() == Some("data");
        if specifier.len() > MAX_SPECIFIER && !is_data {
            return invalid("it is too long");
        }
        if !is_data && let Some(reason) = reserved(specifier) {
            return invalid(reason);
        }
        if scheme.as_deref().is_some_and(|scheme| scheme.len() == 1) {
            return invalid("a drive is written as a URL: file:///C:/...");
        }
        let is_relative = ["/", "./", "../"]
            .iter()
            .any(|start| specifier.starts_with(start))
            || [".", ".."].contains(&specifier);
        let url = match (&scheme, is_relative) {
            (Some(_), _) => Some(Url::parse(specifier)),
            (None, true) => Some(self.base(specifier, referrer)?.join(specifier)),
            (None, false) => None,
        };
        let url = url
            .transpose()
            .map_err(|error| Error::invalid(specifier, error.to_string()))?;
        if let Some(map) = &self.import_map {
            let base = match referrer.url() {
                Some(url) => url,
                None => self.base(specifier, referrer)?.into(),
            };
            let mapped = map
                .resolve(specifier, url.as_ref(), &base)
                .map_err(|error| self.requested(error, specifier, referrer))?;
            if let Some(mapped) = mapped {
                return Ok(Form::Url(mapped));
            }
        }
        Ok(url.map_or(Form::Package(specifier), Form::Url))
    }

    /// The URL against which the specifiers in `referrer` are resolved.
    fn base(&self, specifier: &str, referrer: Referrer<'_>) -> Result<Url, Error> {
        let (url, path) = match referrer {
            Referrer::Data(_) => {
                let reason = "a data: module has no folder, so it can import absolute URLs only";
                return Err(Error::invalid(specifier, reason));
            }
            Referrer::File(key) => (Url::from_file_path(key.path()), key.path()),
            Referrer::Root => (Url::from_directory_path(self.root.path()), self.root.path()),
        };
        let not_absolute = |()| Error::invalid(&path.display().to_string(), "it is not absolute");
        url.map_err(not_absolute)
    }

    fn address_of(&self, specifier: &str, url: &Url) -> Result<Address, Error> {
        match url.scheme() {
            "file" => self.file(specifier, url).map(Address::File),
            "data" => Ok(Address::Data(url.as_str().to_owned())),
            "node" => Ok(Address::Builtin(url.as_str().to_owned())),
            scheme => {
                let reason = format!(
                    "{scheme}: modules are not loaded; an import map can lead to a file instead \
                     (--import-map FILE)"
                );
                Err(Error::invalid(specifier, reason))
            }
        }
    }

    fn package_address(&self, specifier: &str, referrer: Referrer<'_>) -> Result<Address, Error> {
        if let Referrer::Data(_) = referrer {
            let reason = "a data: module has no folder around which packages could be looked for";
            return Err(Error::invalid(specifier, reason));
        }
        if let Some(address) = self.browser_package(specifier, referrer)? {
            return Ok(address);
        }
        match self.package(specifier, referrer.key()) {
            Ok(key) => Ok(Address::File(key)),
            Err(Error::Builtin { name, .. }) => Ok(Address::Builtin(name.into())),
            Err(error) => Err(error),
        }
    }

    fn file(&self, specifier: &str, url: &Url) -> Result<Key, Error> {
        let path = path_of(url).map_err(|reason| Error::invalid(specifier, reason))?;
        // A path has no trailing slash, and without it this would be the file's second name.
        if url.path().ends_with('/') {
            let (path, kind) = self.root.find(&path)?;
            return Err(match kind {
                crate::root::Kind::Folder => self.folder(path),
                _ => Error::not_found(&path),
            });
        }
        let found = self.key_of_file(&path, suffix_of(url));
        found.map_err(|error| match specifier.rfind('/') {
            Some(slash) if !specifier.contains(['?', '#']) => {
                crate::resolve::prefixed(error, &specifier[..=slash])
            }
            _ => error,
        })
    }
}
