//! Engines and stores.

use std::sync::{Arc, OnceLock};

use sinew_bridge::{EngineConfig, StoreData};
use wasmtime::{Collector, Config, Module, Store, UpdateDeadline};

use crate::Result;
use crate::error::{Error, Stopped};
use crate::exception::ExnRef;
use crate::limiter::Limiter;
use crate::module::Texts;
use crate::reference::{self, Arrays};

/// Address space of each linear memory: with as much, a 32-bit memory never has to move.
const RESERVATION: u64 = 4 << 30;

/// The most that Wasmtime lets wasm have without its `async` feature.
const MAX_WASM_STACK: usize = 2 << 20;

/// Native stack for what Wasmtime itself does at the end of a guest's stack: growing memories,
/// collecting garbage, unwinding.
const HOST_FRAMES: usize = 64 << 10;

/// An engine, with a module of its own for its stores.
#[derive(Clone)]
pub struct Engine {
    /// It compiles on the thread that asks.
    inner: wasmtime::Engine,
    /// One that compiles on all cores, made when there is enough to do for them.
    parallel: Arc<OnceLock<Option<wasmtime::Engine>>>,
    config: EngineConfig,
    arrays: Arc<OnceLock<Option<Module>>>,
}

impl Engine {
    pub(crate) fn inner(&self) -> &wasmtime::Engine {
        &self.inner
    }

    /// An engine whose artifacts are this one's, and which compiles on all cores; `None` where
    /// Wasmtime has none.
    pub(crate) fn parallel(&self) -> Option<&wasmtime::Engine> {
        let make = || wasmtime::Engine::new(settings(&self.config).parallel_compilation(true)).ok();
        self.parallel.get_or_init(make).as_ref()
    }

    /// The module of [`reference::Arrays`]; `None` where Wasmtime cannot compile.
    pub(crate) fn arrays(&self) -> Option<Module> {
        let compile = || Module::from_binary(&self.inner, reference::ARRAYS).ok();
        self.arrays.get_or_init(compile).clone()
    }
}

/// What a store of this engine carries.
pub struct Data {
    store: StoreData,
    pub(crate) limiter: Limiter,
    pub(crate) texts: Texts,
    /// The exception that the last call ended with, until it is taken.
    pub(crate) thrown: Option<ExnRef>,
    pub(crate) engine: Engine,
    /// Made when first needed, if that is possible.
    pub(crate) arrays: Option<Option<Arrays>>,
}

impl Data {
    /// What the store was made with.
    #[inline]
    pub(crate) fn store_data(&self) -> &StoreData {
        &self.store
    }
}

pub(crate) fn engine_new(config: &EngineConfig) -> Result<Engine> {
    let inner = wasmtime::Engine::new(settings(config).parallel_compilation(false));
    Ok(Engine {
        inner: inner.map_err(|error| Error::other(format!("{error:#}")))?,
        parallel: Arc::default(),
        config: config.clone(),
        arrays: Arc::default(),
    })
}

fn settings(config: &EngineConfig) -> Config {
    let mut engine = Config::new();
    engine
        .wasm_exceptions(true)
        .wasm_extended_const(true)
        .wasm_function_references(true)
        .wasm_gc(true)
        .wasm_memory64(true)
        .wasm_multi_memory(true)
        .wasm_relaxed_simd(true)
        .wasm_tail_call(true)
        .wasm_threads(true)
        .shared_memory(true)
        // The one that does not move objects: `reference::identity` rests on it.
        .collector(Collector::DeferredReferenceCounting)
        .memory_reservation(RESERVATION)
        .memory_may_move(false)
        .epoch_interruption(config.interruptible)
        .max_wasm_stack(config.stack_bytes.min(MAX_WASM_STACK));
    engine
}

pub(crate) fn new(engine: &Engine, data: StoreData) -> Store<Data> {
    let limiter = Limiter::new(data.budget.clone());
    let mut store = Store::new(
        &engine.inner,
        Data {
            store: data,
            limiter,
            texts: Texts::default(),
            thrown: None,
            engine: engine.clone(),
            arrays: None,
        },
    );
    store.limiter(|data| &mut data.limiter);
    // The deadline is one tick away at every moment that no interruption has been asked for. So the
    // first check after `engine_interrupt` calls back, in whatever call that is.
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(|cx| {
        if cx.data().store.termination.is_set() {
            Err(wasmtime::Error::new(Stopped))
        } else {
            Ok(UpdateDeadline::Continue(1))
        }
    });
    store
}

pub(crate) fn stack_reserve(engine: &Engine) -> usize {
    engine
        .inner
        .get_max_wasm_stack()
        .saturating_add(HOST_FRAMES)
}
