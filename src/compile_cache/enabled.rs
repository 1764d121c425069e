//! The compile cache on disk: compiled in.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use sinew_bridge::WasmEngine;
use sinew_cache::{Artifact, Cache, Subject};

use crate::compile_cache::CompileCacheStats;

/// A folder, open or not yet.
#[derive(Debug)]
pub(crate) struct Disk {
    folder: PathBuf,
    max_bytes: u64,
    is_lazy: bool,
    /// `None` if it cannot be opened.
    cache: OnceLock<Option<Cache>>,
    /// Artifacts that passed for what was stored, but that the engine did not take.
    refused: AtomicU64,
}

impl Disk {
    /// An open folder.
    ///
    /// # Errors
    /// Why it cannot be one.
    pub(crate) fn open(folder: &Path, max_bytes: u64) -> Result<Self, String> {
        let cache = Cache::open(folder, max_bytes).map_err(|error| error.to_string())?;
        Ok(Self {
            is_lazy: false,
            cache: Some(cache).into(),
            ..Self::lazy(folder, max_bytes)
        })
    }

    /// A folder to be opened when it is needed.
    pub(crate) fn lazy(folder: &Path, max_bytes: u64) -> Self {
        Self {
            folder: folder.to_owned(),
            max_bytes,
            is_lazy: true,
            cache: OnceLock::new(),
            refused: AtomicU64::new(0),
        }
    }

    pub(crate) fn is_lazy(&self) -> bool {
        self.is_lazy
    }

    /// Whether one of the two folders lies in the other.
    pub(crate) fn overlaps(&self, folder: &Path) -> bool {
        // First by name, so that none is made where it would.
        self.cache.get().is_none() && sinew_cache::overlap(&self.folder, folder)
            || self.cache().is_some_and(|cache| cache.overlaps(folder))
    }

    pub(crate) fn stats(&self) -> CompileCacheStats {
        let Some(Some(cache)) = self.cache.get() else {
            return CompileCacheStats::default();
        };
        let stats = cache.stats();
        let refused = self.refused.load(Relaxed);
        CompileCacheStats {
            hits: stats.hits - refused,
            misses: stats.misses + refused,
            rejected: stats.rejected + refused,
            stored: stats.stored,
        }
    }

    /// Loads a module, or compiles and stores it.
    pub(crate) fn compile<W: WasmEngine>(
        &self,
        engine: &W::Engine,
        compatibility: &[u8],
        bytes: &[u8],
    ) -> Result<W::Module, W::Error> {
        let Some(cache) = self.cache() else {
            return W::module_compile(engine, bytes);
        };
        let context = [W::NAME.as_bytes(), W::VERSION.as_bytes(), compatibility];
        let subject = Subject::new(&context, bytes);
        if let Some(artifact) = cache.get(&subject) {
            match load::<W>(engine, &artifact, bytes) {
                Ok(module) => return Ok(module),
                Err(_) => self.refused.fetch_add(1, Relaxed),
            };
        }
        let module = W::module_compile(engine, bytes)?;
        if let Some(artifact) = W::module_serialize(&module) {
            cache.put(&subject, &artifact);
        }
        Ok(module)
    }

    fn cache(&self) -> Option<&Cache> {
        let open = || Cache::open(&self.folder, self.max_bytes).ok();
        self.cache.get_or_init(open).as_ref()
    }
}

/// The module of `bytes`, from the artifact that was stored for them and this engine.
#[allow(
    unsafe_code,
    reason = "machine code of a file is run, on the word of its seal"
)]
fn load<W: WasmEngine>(
    engine: &W::Engine,
    artifact: &Artifact,
    bytes: &[u8],
) -> Result<W::Module, W::Error> {
    // SAFETY: the cache hands out only what it was given for the same subject: the keyed hash covers
    // artifact and subject, the key is in a file that nobody else can read, and the bytes that were
    // verified are in our memory. The subject has the hash of `bytes` and of the engine's name,
    // version and compatibility, and `Disk::compile` alone stores under it, what `module_serialize`
    // returned.
    unsafe { W::module_deserialize(engine, artifact, bytes) }
}
