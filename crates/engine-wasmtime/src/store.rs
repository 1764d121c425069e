//! Engines, stores, and the external references in them.

use sinew_bridge::{EngineConfig, ExternPayload, HostId, StoreData};
use wasmtime::{AsContextMut, Config, Engine, OwnedRooted, RootScope, Rooted, Store};
use wasmtime::{StoreContextMut, UpdateDeadline};

use crate::Result;
use crate::error::{Error, NoForm, Stopped};
use crate::limiter::Limiter;
use crate::module::Texts;

/// Address space of each linear memory: with as much, a 32-bit memory never has to move.
const RESERVATION: u64 = 4 << 30;

/// The most that Wasmtime lets wasm have without its `async` feature.
const MAX_WASM_STACK: usize = 2 << 20;

/// Native stack for what Wasmtime itself does at the end of a guest's stack: growing memories,
/// collecting garbage, unwinding.
const HOST_FRAMES: usize = 64 << 10;

/// What a store of this engine carries.
pub struct Data {
    store: StoreData,
    pub(crate) limiter: Limiter,
    pub(crate) texts: Texts,
}

impl Data {
    /// What the store was made with.
    #[inline]
    pub(crate) fn store_data(&self) -> &StoreData {
        &self.store
    }
}

pub(crate) fn engine_new(config: &EngineConfig) -> Result<Engine> {
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
        .memory_reservation(RESERVATION)
        .memory_may_move(false)
        .epoch_interruption(config.interruptible)
        .max_wasm_stack(config.stack_bytes.min(MAX_WASM_STACK));
    Engine::new(&engine).map_err(|error| Error::other(format!("{error:#}")))
}

pub(crate) fn new(engine: &Engine, data: StoreData) -> Store<Data> {
    let limiter = Limiter::new(data.budget.clone());
    let mut store = Store::new(
        engine,
        Data {
            store: data,
            limiter,
            texts: Texts::default(),
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
    engine.get_max_wasm_stack().saturating_add(HOST_FRAMES)
}

/// A non-null external reference, rooted for as long as the handle or a clone of it lives.
///
/// Dropping it needs no store: Wasmtime finds out that the root is gone when it adds the next ones,
/// and collects by itself when its heap runs full, before it grows it.
#[derive(Clone)]
pub struct ExternRef {
    root: OwnedRooted<wasmtime::ExternRef>,
    id: HostId,
}

impl ExternRef {
    /// The lasting root of a reference that the host made. Wasm can turn other references into
    /// external ones, and those carry no number.
    pub(crate) fn new(
        cx: &mut impl AsContextMut<Data = Data>,
        value: Rooted<wasmtime::ExternRef>,
    ) -> std::result::Result<Self, NoForm> {
        let payload = value.data(cx.as_context()).ok().flatten();
        let payload = payload.and_then(|data| data.downcast_ref::<ExternPayload>());
        let id = payload.map(ExternPayload::id).ok_or(NoForm)?;
        let root = value.to_owned_rooted(&mut *cx).map_err(|_| NoForm)?;
        Ok(Self { root, id })
    }

    /// The number it carries.
    pub(crate) fn id(&self) -> HostId {
        self.id
    }

    /// The reference, rooted in the current scope.
    pub(crate) fn rooted(
        &self,
        cx: &mut impl AsContextMut<Data = Data>,
    ) -> Rooted<wasmtime::ExternRef> {
        self.root.to_rooted(cx)
    }
}

pub(crate) fn extern_alloc(
    store: &mut StoreContextMut<'_, Data>,
    payload: ExternPayload,
) -> Result<ExternRef> {
    let id = payload.id();
    let mut scope = RootScope::new(store);
    let value = wasmtime::ExternRef::new(&mut scope, payload).map_err(Error::limit)?;
    let root = value.to_owned_rooted(&mut scope).map_err(Error::limit)?;
    Ok(ExternRef { root, id })
}
