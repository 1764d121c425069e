//! The compile cache on disk: not compiled in, as no engine is that has a use for it.

use std::path::Path;

use sinew_bridge::WasmEngine;

use crate::compile_cache::CompileCacheStats;

/// No folder.
#[derive(Debug)]
pub(crate) struct Disk;

impl Disk {
    /// Says how to get it.
    pub(crate) fn open(_folder: &Path, _max_bytes: u64) -> Result<Self, String> {
        Err("the compile cache is not compiled in; it comes with the feature `wasmtime`".into())
    }

    pub(crate) fn lazy(_folder: &Path, _max_bytes: u64) -> Self {
        Self
    }

    pub(crate) fn is_lazy(&self) -> bool {
        true
    }

    pub(crate) fn overlaps(&self, _folder: &Path) -> bool {
        false
    }

    pub(crate) fn stats(&self) -> CompileCacheStats {
        CompileCacheStats::default()
    }

    pub(crate) fn compile<W: WasmEngine>(
        &self,
        engine: &W::Engine,
        _compatibility: &[u8],
        bytes: &[u8],
    ) -> Result<W::Module, W::Error> {
        W::module_compile(engine, bytes)
    }
}
