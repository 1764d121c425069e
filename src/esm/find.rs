//! From specifiers to module names.
//!
//! The name of a module is its URL; in front of it stands what it was requested as, if not as code.
//! So it is in the JavaScript engines' module maps and in stack traces.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use sinew_bridge::{Completion, JsHost, Property, Throw, WasmEngine, class};
use sinew_registry::{Address, Data, Error, ErrorKind, Key, Referrer};

use crate::esm::loader::Loader;
use crate::esm::source::Requested;
use crate::esm::source_phase::{CALLS, SOURCE};

/// What precedes the specifier in the name of a module that the embedder defines.
pub(super) const HOST: &str = "host:";

/// Why a specifier has no module, and Node's code for it.
pub(crate) struct Refused {
    message: String,
    code: Option<&'static str>,
}

impl From<String> for Refused {
    fn from(message: String) -> Self {
        Refused {
            message,
            code: None,
        }
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Refused {
            message: error.to_string(),
            code: code_of(error.kind()),
        }
    }
}

/// [Node's code](https://nodejs.org/api/errors.html#nodejs-error-codes), by which programs tell that
/// something optional is not there.
fn code_of(kind: ErrorKind) -> Option<&'static str> {
    match kind {
        ErrorKind::NotFound => Some("ERR_MODULE_NOT_FOUND"),
        ErrorKind::InvalidSpecifier => Some("ERR_INVALID_MODULE_SPECIFIER"),
        ErrorKind::PackagePathNotExported => Some("ERR_PACKAGE_PATH_NOT_EXPORTED"),
        ErrorKind::Package => Some("ERR_INVALID_PACKAGE_CONFIG"),
        ErrorKind::Builtin => Some("ERR_UNKNOWN_BUILTIN_MODULE"),
        ErrorKind::NotAFile => Some("ERR_UNSUPPORTED_DIR_IMPORT"),
        _ => None,
    }
}

impl Refused {
    /// Throws it.
    pub(super) fn throw<J: JsHost>(self, cx: &mut J::Scope<'_>) -> Throw<J::Value> {
        let throw = class::type_error::<J>(cx, &self.message);
        if let (Throw::Value(error), Some(code)) = (&throw, self.code)
            && let Ok(code) = J::string(cx, code)
        {
            // A plain new error: it can have the property.
            let _ = J::define_property(cx, error, "code".into(), Property::data(code));
        }
        throw
    }
}

/// The long `data:` URLs behind module names, which are short: they are in each line of a stack.
#[derive(Default)]
pub(super) struct DataUrls {
    names: RefCell<HashMap<Rc<str>, String>>,
    urls: RefCell<HashMap<String, Rc<str>>>,
}

/// What the name of a module with a long `data:` URL begins with; no URL does.
const LONG_DATA: &str = "data <";

impl DataUrls {
    /// The module name of a URL.
    fn name(&self, url: String) -> String {
        const LONG: usize = 1 << 10;
        const SHOWN: usize = 64;
        if url.len() <= LONG {
            return url;
        }
        if let Some(name) = self.names.borrow().get(url.as_str()) {
            return name.clone();
        }
        let shown = &url["data:".len()..url.floor_char_boundary(SHOWN)];
        let number = self.names.borrow().len();
        let name = format!("{LONG_DATA}{number}>:{shown}...");
        let url: Rc<str> = url.into();
        self.names.borrow_mut().insert(url.clone(), name.clone());
        self.urls.borrow_mut().insert(name.clone(), url);
        name
    }

    /// The URL behind a module name without prefixes, if it is one of a `data:` URL.
    fn url(&self, name: &str) -> Option<Rc<str>> {
        if name.starts_with("data:") {
            return Some(name.into());
        }
        match name.starts_with(LONG_DATA) {
            true => self.urls.borrow().get(name).cloned(),
            false => None,
        }
    }
}

impl<J: JsHost, W: WasmEngine> Loader<J, W> {
    /// The module name that `specifier` leads to from `referrer`.
    pub(crate) fn resolve_name(
        &self,
        cx: &mut J::Scope<'_>,
        referrer: &str,
        specifier: &str,
        requested: Requested,
    ) -> Completion<J, String> {
        self.find(referrer, specifier, requested)
            .map_err(|refused| refused.throw::<J>(cx))
    }

    pub(super) fn find(
        &self,
        referrer: &str,
        specifier: &str,
        requested: Requested,
    ) -> Result<String, Refused> {
        if let Some(name) = self.find_supplied(referrer, specifier, requested)? {
            return Ok(name);
        }
        let prefix = requested.prefix();
        let address = match self.entry_key(referrer, specifier) {
            Some(key) => Address::File(key),
            None => self.address(referrer, specifier)?,
        };
        match address {
            Address::File(key) => {
                let name = format!("{prefix}{}", self.registry.borrow().module_name(&key));
                let mut requests = self.requests.borrow_mut();
                if requested == Requested::Code && !requests.contains_key(&name) {
                    let request = (specifier.to_owned(), referrer.to_owned());
                    requests.insert(name.clone(), request);
                }
                Ok(name)
            }
            Address::Data(url) if url.len() as u64 > self.config.max_file_bytes => {
                let max = self.config.max_file_bytes;
                Err(format!("a data: URL is larger than {max} bytes").into())
            }
            Address::Data(url) => Ok(format!("{prefix}{}", self.data_urls.name(url))),
            Address::Builtin(name) => Err(self.builtin(referrer, specifier, name)),
        }
    }

    /// [`import.meta.resolve`](https://nodejs.org/api/esm.html#importmetaresolvespecifier)
    pub(super) fn find_url(&self, referrer: &str, specifier: &str) -> Result<String, Refused> {
        if self
            .find_supplied(referrer, specifier, Requested::Code)?
            .is_some()
        {
            // It has no URL but the specifier, which means it everywhere.
            return Ok(specifier.to_owned());
        }
        match self.resolver() {
            Some(resolver) => {
                self.with_referrer(referrer, |referrer| Ok(resolver.url(specifier, referrer)?))
            }
            None => match self.address(referrer, specifier)? {
                Address::File(key) => Ok(key.url()),
                Address::Data(url) | Address::Builtin(url) => Ok(url),
            },
        }
    }

    /// The file that the program begins with, as it requests itself: it was chosen, and is not
    /// looked up in import maps.
    fn entry_key(&self, referrer: &str, specifier: &str) -> Option<Key> {
        let is_main = referrer == specifier && self.main.borrow().as_deref() == Some(specifier);
        is_main.then(|| self.key_of(specifier)).flatten()
    }

    /// The name of a module that the embedder defines or supplies.
    fn find_supplied(
        &self,
        referrer: &str,
        specifier: &str,
        requested: Requested,
    ) -> Result<Option<String>, Refused> {
        if requested == Requested::Code && self.supplied.borrow().contains_key(specifier) {
            return Ok(Some(specifier.to_owned()));
        }
        let host = format!("{HOST}{specifier}");
        if self.host_modules.borrow().contains_key(&host) {
            return match requested {
                Requested::Code => Ok(Some(host)),
                _ => Err(format!("{specifier:?} is a module of functions").into()),
            };
        }
        let Some(hook) = &self.config.hook else {
            return Ok(None);
        };
        let Some(source) = hook(specifier, referrer) else {
            return Ok(None);
        };
        if !requested.accepts(&source) {
            let what = match requested {
                Requested::Code => "no module without an import attribute",
                Requested::Json => "no JSON",
                Requested::Text => "no text",
                Requested::Bytes => "no bytes",
            };
            return Err(format!("{specifier:?}: what was supplied is {what}").into());
        }
        let name = format!("{}{host}", requested.prefix());
        if !self.records.borrow().contains_key(&name) {
            self.supplied.borrow_mut().insert(name.clone(), source);
        }
        Ok(Some(name))
    }

    fn address(&self, referrer: &str, specifier: &str) -> Result<Address, Refused> {
        let Some(resolver) = self.resolver() else {
            return match Data::url(specifier) {
                Some(url) => Ok(Address::Data(url)),
                None => Err(format!(
                    "cannot import {specifier:?}: this runtime has no import root, so it opens no files"
                )
                .into()),
            };
        };
        self.with_referrer(referrer, |referrer| {
            Ok(resolver.address(specifier, referrer)?)
        })
    }

    /// The error for a Node built-in.
    fn builtin(&self, referrer: &str, specifier: &str, name: String) -> Refused {
        match self.resolver() {
            Some(resolver) => self.with_referrer(referrer, |referrer| {
                resolver.builtin(specifier, name, referrer).into()
            }),
            None => format!("{specifier:?} is built into Node.js").into(),
        }
    }

    /// Calls `f` with the module of this name as a referrer.
    fn with_referrer<T>(&self, name: &str, f: impl FnOnce(Referrer<'_>) -> T) -> T {
        if let Some(url) = self.data_url(name) {
            return f(Referrer::Data(&url));
        }
        match self.key_of(name) {
            Some(key) => f(Referrer::File(&key)),
            None => f(Referrer::Root),
        }
    }

    /// The `data:` URL behind a module name, if it is one.
    pub(super) fn data_url(&self, name: &str) -> Option<Rc<str>> {
        self.data_urls.url(without_prefixes(name))
    }

    /// The file behind a module name, if there is one.
    pub(crate) fn key_of(&self, name: &str) -> Option<Key> {
        let name = without_prefixes(name);
        if let Some(key) = self.keys.borrow().get(name) {
            return Some(key.clone());
        }
        if name.starts_with("data") || name.starts_with(HOST) {
            return None;
        }
        let key = self.registry.borrow().key_of(name)?;
        self.keys.borrow_mut().insert(name.to_owned(), key.clone());
        Some(key)
    }
}

/// The URL in a module name.
fn without_prefixes(name: &str) -> &str {
    let typed = [Requested::Json, Requested::Text, Requested::Bytes].map(Requested::prefix);
    let prefixes = [CALLS, SOURCE].into_iter().chain(typed);
    prefixes.fold(name, |name, prefix| {
        name.strip_prefix(prefix).unwrap_or(name)
    })
}
