//! Compiled modules that several runtimes share.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use foldhash::quality::RandomState;
use sinew_bridge::{EngineConfig, WasmEngine};

use crate::compile_cache::CompileCache;
use crate::webassembly::WasmModule;
use crate::webassembly::module::Uncompiled;

/// An engine with what it has compiled, by content: shared by runtimes on any thread.
///
/// Give clones of one cache to several [builders](crate::RuntimeBuilder::cache), and a module that
/// one runtime compiled costs the others nothing.
pub struct ModuleCache<W: WasmEngine> {
    shared: Arc<Shared<W>>,
    compile_cache: Option<CompileCache>,
}

struct Shared<W: WasmEngine> {
    engine: W::Engine,
    config: EngineConfig,
    modules: Mutex<ByContent<W>>,
}

/// Modules by their bytes, of which there may be millions: the standard hash would take longer than to
/// load them from the disk.
type ByContent<W> = HashMap<Arc<[u8]>, Arc<WasmModule<W>>, RandomState>;

impl<W: WasmEngine> Clone for ModuleCache<W> {
    fn clone(&self) -> Self {
        Self {
            shared: self.shared.clone(),
            compile_cache: self.compile_cache.clone(),
        }
    }
}

impl<W: WasmEngine> ModuleCache<W> {
    /// An empty cache on a new engine.
    ///
    /// # Errors
    /// The engine's own text, when it cannot be set up like this.
    pub fn new(config: EngineConfig) -> Result<Self, String> {
        let engine = W::engine_new(&config).map_err(|error| error.to_string())?;
        Ok(Self {
            shared: Arc::new(Shared {
                engine,
                config,
                modules: Mutex::default(),
            }),
            compile_cache: None,
        })
    }

    /// Looks on disk before it compiles; so do the runtimes that get this cache, unless they have a
    /// [`compile_cache`](crate::RuntimeBuilder::compile_cache) of their own.
    pub fn with_compile_cache(mut self, cache: &CompileCache) -> Self {
        self.compile_cache = Some(cache.clone());
        self
    }

    /// Where it looks before it compiles.
    pub(crate) fn compile_cache(&self) -> Option<&CompileCache> {
        self.compile_cache.as_ref()
    }

    /// The engine.
    pub(crate) fn engine(&self) -> &W::Engine {
        &self.shared.engine
    }

    /// How the engine was set up.
    pub fn config(&self) -> &EngineConfig {
        &self.shared.config
    }

    /// The module of these bytes, compiled at most once unless two threads ask at the same moment.
    ///
    /// # Errors
    /// What is wrong with the bytes.
    pub fn compile(&self, bytes: Arc<[u8]>) -> Result<Arc<WasmModule<W>>, Uncompiled> {
        self.compile_with(self.compile_cache(), bytes)
    }

    /// [`compile`](Self::compile) with the compile cache of a runtime.
    pub(crate) fn compile_with(
        &self,
        compile_cache: Option<&CompileCache>,
        bytes: Arc<[u8]>,
    ) -> Result<Arc<WasmModule<W>>, Uncompiled> {
        let modules = || {
            self.shared
                .modules
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        };
        if let Some(module) = modules().get(&bytes) {
            return Ok(module.clone());
        }
        let module = WasmModule::compile(&self.shared.engine, compile_cache, bytes.clone())?;
        Ok(modules().entry(bytes).or_insert(module).clone())
    }

    /// How many modules it holds.
    pub fn len(&self) -> usize {
        self.shared
            .modules
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
