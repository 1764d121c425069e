//! What the file is that a program begins with.

use sinew_bridge::stack::StackBounds;
use sinew_bridge::{JsHost, WasmEngine};
use sinew_registry::Key;

use crate::esm::loader::Loader;
use crate::esm::parse::is_module;
use crate::esm::source::text;

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
    pub(crate) fn entry(&self, key: &Key) -> Result<Entry, String> {
        // The name decides,
        let is_script = match key.extension() {
            Some("cjs") => true,
            // or else the type that the package says,
            Some("js") | None => match self.type_of(key)?.as_deref() {
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
