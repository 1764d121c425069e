//! [ES module integration](https://webassembly.github.io/esm-integration/js-api/#esm-integration):
//! wasm files as modules.

pub(crate) mod facade;
mod hooks;
pub(crate) mod loader;
pub(crate) mod record;
pub(crate) mod source;
pub(crate) mod wasm_import;

pub use source::ModuleSource;
