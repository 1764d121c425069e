//! What the file is that a program begins with.

use serde_json::Value as Json;
use sinew_bridge::stack::StackBounds;
use sinew_bridge::{JsHost, WasmEngine};
use sinew_registry::{ErrorKind, Key, Resolver};

use crate::esm::loader::Loader;
use crate::esm::parse::is_module;
use crate::esm::source::text;

/// The largest `package.json` that is read, in bytes.
const MAX_PACKAGE_JSON: u64 = 16 << 20;

/// How a program begins.
pub(crate) enum Entry {
    /// With a module, whatever it is.
    Module,
    /// With a classic script: its text.
    Script(String),
}

impl<J: JsHost, W: WasmEngine> Loader<J, W> {
    /// [Determines the module system](https://nodejs.org/api/packages.html#determining-module-system)
    /// of a file as Node.js does, where what is no module is a classic script. The error says why
    /// nothing can be made of it.
    pub(crate) fn entry(&self, resolver: &Resolver, key: &Key) -> Result<Entry, String> {
        // The name decides,
        let is_script = match key.extension() {
            Some("cjs") => true,
            // or else the type that the package says,
            Some("js") | None => match package_type(resolver, key)?.as_deref() {
                Some("module") => return Ok(Entry::Module),
                Some("commonjs") => true,
                _ => false,
            },
            _ => return Ok(Entry::Module),
        };
        let bytes = self.read_file(key)?;
        if key.extension().is_none() && bytes.starts_with(b"\0asm") {
            return Ok(Entry::Module);
        }
        let text = text(bytes).map_err(|why| format!("{key} cannot be run: {why}"))?;
        // or else the syntax.
        let stack = || StackBounds::of_current_thread().remaining();
        match is_script || !is_module(&text, stack) {
            true => Ok(Entry::Script(text)),
            false => Ok(Entry::Module),
        }
    }
}

/// The `type` in the nearest `package.json` around a file, up to the root.
fn package_type(resolver: &Resolver, key: &Key) -> Result<Option<String>, String> {
    let root = resolver.root();
    let folders = key.path().ancestors().skip(1);
    for folder in folders.take_while(|folder| folder.starts_with(root.path())) {
        if folder
            .file_name()
            .is_some_and(|name| name == "node_modules")
        {
            return Ok(None);
        }
        let path = folder.join("package.json");
        let bytes = match root.read(&path, MAX_PACKAGE_JSON) {
            Ok(bytes) => bytes,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotAFile) => {
                continue;
            }
            Err(error) => return Err(error.to_string()),
        };
        let package: Json = serde_json::from_slice(&bytes)
            .map_err(|error| format!("{} is not well-formed: {error}", path.display()))?;
        return Ok(package["type"].as_str().map(str::to_owned));
    }
    Ok(None)
}
