//! [ES module integration](https://webassembly.github.io/esm-integration/js-api/#esm-integration):
//! wasm files as modules.

mod bindings;
mod compile;
pub(crate) mod entry;
mod facade;
mod find;
mod format;
mod hooks;
pub(crate) mod immutable;
pub(crate) mod loader;
mod meta;
pub(crate) mod namespace_instance;
mod operands;
mod parse;
pub(crate) mod record;
pub(crate) mod source;
mod source_phase;
mod syntax;
pub(crate) mod wasm_import;

pub use source::ModuleSource;
