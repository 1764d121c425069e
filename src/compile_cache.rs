//! Compiled modules on disk, for the engines whose compilation takes longer than a disk.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use sinew_bridge::WasmEngine;

use crate::disk::Disk;
use crate::error::Error;

/// Modules of fewer bytes are compiled each time: that is soon done, where making sure that an
/// artifact is on the disk takes about a millisecond.
const MIN_BYTES: usize = 16 << 10;

/// A folder of compiled modules, for [runtimes](crate::RuntimeBuilder::compile_cache) of this and
/// later processes.
///
/// What Wasmtime compiled from at least 16 KiB of bytes is kept, and loaded instead of compiled
/// when the same bytes come again, to the same version of Wasmtime with the same settings and
/// features of the processor. Wasmi makes no machine code, translates each function at its first
/// call, and needs none of this: with it a cache is ignored, and a lazy one never opened.
///
/// The folder must belong to the user alone. Entries are sealed with a key in it, so that other
/// users and broken disks cannot change what runs; code that runs as the same user can. When
/// anything at all is wrong with an entry, the module is compiled. A program can tell from the time
/// that it takes whether some program of this user compiled a module before.
///
/// ```no_run
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use sinew::{JsHost, Runtime, WasmEngine};
/// # fn with<J: JsHost, W: WasmEngine>() -> Result<(), Box<dyn std::error::Error>> {
/// let cache = sinew::CompileCache::open("/var/cache/app/wasm", 256 << 20)?;
/// let runtime = Runtime::<J, W>::builder()
///     .root("guests")
///     .compile_cache(&cache)
///     .build()?;
/// # drop(runtime); Ok(()) }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct CompileCache {
    disk: Arc<Disk>,
    /// The import root of the runtime that this handle is for, and whether it is apart from the
    /// cache.
    root: Option<Arc<Path>>,
    apart: OnceLock<bool>,
}

/// What a compile cache has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CompileCacheStats {
    /// Modules that were loaded instead of compiled.
    pub hits: u64,
    /// Modules that were asked for and had to be compiled.
    pub misses: u64,
    /// Those of the misses whose entry was there, but not as it was written, or not for this
    /// engine.
    pub rejected: u64,
    /// Modules that were written to the folder.
    pub stored: u64,
}

impl CompileCache {
    /// Opens the folder, which is made if there is none, for about `max_bytes`: what was not used
    /// for longest makes room.
    ///
    /// # Errors
    /// When it cannot be made or opened, or is not the user's alone; always where no engine is
    /// compiled in that has a use for it.
    pub fn open(folder: impl AsRef<Path>, max_bytes: u64) -> Result<Self, Error> {
        let disk = Disk::open(folder.as_ref(), max_bytes).map_err(Error::setup)?;
        Ok(Self::of_disk(disk))
    }

    /// [`open`](Self::open) when a module is compiled that is large enough, for programs that start
    /// more often than they compile. Whatever is wrong then, they run without.
    pub fn lazy(folder: impl AsRef<Path>, max_bytes: u64) -> Self {
        Self::of_disk(Disk::lazy(folder.as_ref(), max_bytes))
    }

    /// What this cache has done, through all its clones.
    pub fn stats(&self) -> CompileCacheStats {
        self.disk.stats()
    }

    fn of_disk(disk: Disk) -> Self {
        Self {
            disk: Arc::new(disk),
            root: None,
            apart: OnceLock::new(),
        }
    }

    /// The same cache for a runtime with this import root. Neither may lie in the other: what a
    /// guest can name and what runs as machine code are kept apart.
    pub(crate) fn beside(&self, root: Option<&Path>) -> Result<Self, Error> {
        let cache = Self {
            disk: self.disk.clone(),
            root: root.map(Arc::from),
            apart: OnceLock::new(),
        };
        if !self.disk.is_lazy() && !cache.is_apart() {
            let message = "the compile cache and the import root may not lie in each other";
            return Err(Error::setup(message));
        }
        Ok(cache)
    }

    fn is_apart(&self) -> bool {
        *self.apart.get_or_init(|| match &self.root {
            Some(root) => !self.disk.overlaps(root),
            None => true,
        })
    }
}

/// [`module_compile`](WasmEngine::module_compile), or what that was for these bytes before.
pub(crate) fn compile<W: WasmEngine>(
    cache: Option<&CompileCache>,
    engine: &W::Engine,
    bytes: &[u8],
) -> Result<W::Module, W::Error> {
    if let Some(cache) = cache
        && bytes.len() >= MIN_BYTES
        && let Some(compatibility) = W::engine_compatibility(engine)
        && cache.is_apart()
    {
        return cache.disk.compile::<W>(engine, &compatibility, bytes);
    }
    W::module_compile(engine, bytes)
}
