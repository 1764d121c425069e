//! The [`browser` field](https://github.com/defunctzombie/package-browser-field-spec) of packages,
//! which counts where the condition `browser` was chosen, as in bundlers.

use serde_json::Value;

use crate::address::{Address, Referrer};
use crate::{Error, Key, Resolver};

/// The condition under which the field counts.
const CONDITION: &str = "browser";
/// What stands for a module that a package does without in browsers.
const NOTHING: &str = "data:text/javascript,export%20default%20{}";

impl Resolver {
    /// What the importing package has in the place of the package `specifier`, if it says so.
    pub(crate) fn browser_package(
        &self,
        specifier: &str,
        referrer: Referrer<'_>,
    ) -> Result<Option<Address>, Error> {
        let Some(referrer) = referrer.key().filter(|_| self.is_for_browsers()) else {
            return Ok(None);
        };
        let Some(manifest) = self.manifest(referrer)? else {
            return Ok(None);
        };
        match manifest.browser.get(specifier) {
            Some(Value::Bool(false)) => Ok(Some(Address::Data(NOTHING.to_owned()))),
            Some(Value::String(other)) if is_path(other) => {
                let path = manifest.folder.join(other);
                self.key_of_file(&path, "")
                    .map(|key| Some(Address::File(key)))
            }
            Some(Value::String(other)) if other != specifier => self
                .package(other, Some(referrer))
                .map(|key| Some(Address::File(key))),
            _ => Ok(None),
        }
    }

    /// What a file's package has in the place of it, if it says so; once.
    pub(crate) fn browser_file(&self, address: Address) -> Result<Address, Error> {
        match &address {
            Address::File(key) if self.is_for_browsers() => {
                Ok(self.replaced(key)?.unwrap_or(address))
            }
            _ => Ok(address),
        }
    }

    fn replaced(&self, key: &Key) -> Result<Option<Address>, Error> {
        let Some(manifest) = self.manifest(key)? else {
            return Ok(None);
        };
        let below = key.path().strip_prefix(&manifest.folder).ok();
        let Some(below) = below.and_then(|path| path.to_str()) else {
            return Ok(None);
        };
        let stem = below.strip_suffix(".js").unwrap_or(below);
        let spellings = [format!("./{below}"), below.to_owned(), format!("./{stem}")];
        let target = spellings.iter().find_map(|name| manifest.browser.get(name));
        match target {
            Some(Value::Bool(false)) => Ok(Some(Address::Data(NOTHING.to_owned()))),
            Some(Value::String(other)) => {
                let file = self.key_of_file(&manifest.folder.join(other), key.suffix());
                let found = match file {
                    // Without a dot it is a file where there is one, or else a package.
                    Err(_) if !is_path(other) => self.package(other, Some(key))?,
                    file => file?,
                };
                Ok(Some(Address::File(found)))
            }
            _ => Ok(None),
        }
    }

    /// Whether the condition `browser` was chosen.
    pub fn is_for_browsers(&self) -> bool {
        self.conditions.iter().any(|name| name == CONDITION)
    }
}

fn is_path(target: &str) -> bool {
    target.starts_with("./") || target.starts_with("../")
}
