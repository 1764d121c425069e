//! [Wasmtime](https://wasmtime.dev) behind Sinew's seam: [`Wasmtime`] implements [`WasmEngine`].
//!
//! ```
//! use std::rc::Rc;
//! use std::sync::Arc;
//!
//! use sinew_bridge::{Budget, EngineConfig, ExternKind, Extern, ResourceLimits, StoreData};
//! use sinew_bridge::{Termination, WasmEngine};
//! use sinew_engine_wasmtime::{Error, Wasmtime};
//!
//! # fn main() -> Result<(), Error> {
//! let engine = Wasmtime::engine_new(&EngineConfig::default())?;
//! let data = StoreData {
//!     agent: Rc::new(()),
//!     budget: Rc::new(Budget::new(ResourceLimits::default())),
//!     termination: Arc::new(Termination::default()),
//! };
//! let mut store = Wasmtime::store_new(&engine, data)?;
//! let mut store = Wasmtime::store_mut(&mut store);
//! // (module (func (export "f") (result i32) i32.const 42))
//! let bytes = b"\0asm\x01\0\0\0\x01\x05\x01\x60\0\x01\x7f\x03\x02\x01\0\
//!     \x07\x05\x01\x01f\0\0\x0a\x06\x01\x04\0\x41\x2a\x0b";
//! let module = Wasmtime::module_compile(&engine, bytes)?;
//! let instance = Wasmtime::module_instantiate(&mut store, &module, &[])?;
//! let export = Wasmtime::instance_export(&mut store, &instance, "f", ExternKind::Func);
//! let Some(Extern::Func(f)) = export else { unreachable!() };
//! let ty = Wasmtime::func_type(&mut store, &f);
//! let mut vals = [Wasmtime::raw_i32(0)];
//! Wasmtime::func_invoke(&mut store, &f, &ty, &mut vals)?;
//! assert_eq!(Wasmtime::raw_get_i32(&vals[0]), 42);
//! # Ok(())
//! # }
//! ```
//!
//! # Choices
//!
//! - A call of scalar signature is `Func::call_unchecked` on the caller's own buffer, a host function
//!   of such a signature sees the buffer that wasm filled: nothing is copied or allocated.
//! - Everything else goes through `wasmtime::Val`, in a root scope of its own.
//! - Linear memories never move: each reserves 4 GiB of addresses, and one that wants to grow beyond
//!   its reservation cannot. The heap of garbage-collected objects is charged to the same budget.
//! - Shared memories are validated, so that modules with atomic instructions compile, but cannot be
//!   created: a thread that waits on one cannot be interrupted.
//! - Values that the seam has no form for (`anyref`, `exnref`, external references that wasm made
//!   out of `anyref`s) move freely between wasm functions, and are an error where they would reach
//!   the host.

mod conv;
mod error;
mod func;
mod limiter;
mod memory;
mod module;
mod store;

pub use error::Error;

use sinew_bridge::{
    EngineConfig, Extern, ExternKind, ExternPayload, FuncIdentity, FuncType, GlobalType, HostFunc,
    HostId, MemoryType, StoreData, TableType, Val, WasmEngine, WasmFeatures,
};

type Result<T> = std::result::Result<T, Error>;

/// The Wasmtime engine.
#[derive(Clone, Copy, Debug)]
pub struct Wasmtime;

impl WasmEngine for Wasmtime {
    const NAME: &'static str = "wasmtime";
    const VERSION: &'static str = "48.0.8";
    const FEATURES: WasmFeatures = WasmFeatures {
        threads: false,
        stack_switching: false,
        ..WasmFeatures::ALL
    };

    type Engine = wasmtime::Engine;
    type Store = wasmtime::Store<store::Data>;
    type StoreMut<'a> = wasmtime::StoreContextMut<'a, store::Data>;
    type Module = wasmtime::Module;
    type Instance = wasmtime::Instance;
    type Func = wasmtime::Func;
    type Memory = wasmtime::Memory;
    type Table = wasmtime::Table;
    type Global = wasmtime::Global;
    type Tag = wasmtime::Tag;
    type ExternRef = store::ExternRef;
    type Raw = wasmtime::ValRaw;
    type Error = Error;

    fn engine_new(config: &EngineConfig) -> Result<Self::Engine> {
        store::engine_new(config)
    }

    fn engine_interrupt(engine: &Self::Engine) {
        engine.increment_epoch();
    }

    fn store_new(engine: &Self::Engine, data: StoreData) -> Result<Self::Store> {
        Ok(store::new(engine, data))
    }

    fn store_mut(store: &mut Self::Store) -> Self::StoreMut<'_> {
        wasmtime::AsContextMut::as_context_mut(store)
    }

    #[inline]
    fn store_data<'a>(store: &'a Self::StoreMut<'_>) -> &'a StoreData {
        store.data().store_data()
    }

    fn stack_reserve(engine: &Self::Engine) -> usize {
        store::stack_reserve(engine)
    }

    fn module_compile(engine: &Self::Engine, bytes: &[u8]) -> Result<Self::Module> {
        module::compile(engine, bytes)
    }

    fn module_validate(engine: &Self::Engine, bytes: &[u8]) -> Result<()> {
        module::validate(engine, bytes)
    }

    fn module_instantiate(
        store: &mut Self::StoreMut<'_>,
        module: &Self::Module,
        imports: &[Extern<Self>],
    ) -> Result<Self::Instance> {
        module::instantiate(store, module, imports)
    }

    fn instance_export(
        store: &mut Self::StoreMut<'_>,
        instance: &Self::Instance,
        name: &str,
        kind: ExternKind,
    ) -> Option<Extern<Self>> {
        module::export(store, instance, name, kind)
    }

    fn func_alloc<H: HostFunc<Self>>(
        store: &mut Self::StoreMut<'_>,
        ty: &FuncType,
        id: HostId,
    ) -> Result<Self::Func> {
        func::alloc::<H>(store, ty, id)
    }

    fn func_type(store: &mut Self::StoreMut<'_>, func: &Self::Func) -> FuncType {
        conv::func_type(&func.ty(&*store))
    }

    fn func_identity(store: &mut Self::StoreMut<'_>, func: &Self::Func) -> FuncIdentity {
        func::identity(store, func)
    }

    fn func_index(store: &mut Self::StoreMut<'_>, func: &Self::Func) -> Option<u32> {
        func::index(store, func)
    }

    #[inline]
    fn func_invoke(
        store: &mut Self::StoreMut<'_>,
        func: &Self::Func,
        _ty: &FuncType,
        vals: &mut [Self::Raw],
    ) -> Result<()> {
        func::invoke(store, func, vals)
    }

    fn func_call(
        store: &mut Self::StoreMut<'_>,
        func: &Self::Func,
        params: &[Val<Self>],
        results: &mut [Val<Self>],
    ) -> Result<()> {
        func::call(store, func, params, results)
    }

    #[inline]
    fn raw_i32(value: i32) -> Self::Raw {
        wasmtime::ValRaw::i32(value)
    }

    #[inline]
    fn raw_i64(value: i64) -> Self::Raw {
        wasmtime::ValRaw::i64(value)
    }

    #[inline]
    fn raw_f32(bits: u32) -> Self::Raw {
        wasmtime::ValRaw::f32(bits)
    }

    #[inline]
    fn raw_f64(bits: u64) -> Self::Raw {
        wasmtime::ValRaw::f64(bits)
    }

    #[inline]
    fn raw_get_i32(raw: &Self::Raw) -> i32 {
        raw.get_i32()
    }

    #[inline]
    fn raw_get_i64(raw: &Self::Raw) -> i64 {
        raw.get_i64()
    }

    #[inline]
    fn raw_get_f32(raw: &Self::Raw) -> u32 {
        raw.get_f32()
    }

    #[inline]
    fn raw_get_f64(raw: &Self::Raw) -> u64 {
        raw.get_f64()
    }

    fn extern_alloc(
        store: &mut Self::StoreMut<'_>,
        payload: ExternPayload,
    ) -> Result<Self::ExternRef> {
        store::extern_alloc(store, payload)
    }

    fn extern_host(_store: &mut Self::StoreMut<'_>, value: &Self::ExternRef) -> HostId {
        value.id()
    }

    fn mem_alloc(store: &mut Self::StoreMut<'_>, ty: &MemoryType) -> Result<Self::Memory> {
        memory::alloc(store, ty)
    }

    fn mem_type(store: &mut Self::StoreMut<'_>, memory: &Self::Memory) -> MemoryType {
        conv::memory_type(&memory.ty(&*store), memory.size(&*store))
    }

    #[inline]
    fn mem_data(store: &mut Self::StoreMut<'_>, memory: &Self::Memory) -> (*mut u8, usize) {
        (memory.data_ptr(&*store), memory.data_size(&*store))
    }

    fn mem_grow(store: &mut Self::StoreMut<'_>, memory: &Self::Memory, delta: u64) -> Result<u64> {
        memory::grow(store, memory, delta)
    }

    fn table_alloc(
        store: &mut Self::StoreMut<'_>,
        ty: &TableType,
        init: &Val<Self>,
    ) -> Result<Self::Table> {
        memory::table_alloc(store, ty, init)
    }

    fn table_type(store: &mut Self::StoreMut<'_>, table: &Self::Table) -> TableType {
        conv::table_type(&table.ty(&*store), table.size(&*store))
    }

    fn table_size(store: &mut Self::StoreMut<'_>, table: &Self::Table) -> u64 {
        table.size(&*store)
    }

    fn table_get(
        store: &mut Self::StoreMut<'_>,
        table: &Self::Table,
        index: u64,
    ) -> Option<Val<Self>> {
        memory::table_get(store, table, index)
    }

    fn table_set(
        store: &mut Self::StoreMut<'_>,
        table: &Self::Table,
        index: u64,
        value: &Val<Self>,
    ) -> Result<()> {
        memory::table_set(store, table, index, value)
    }

    fn table_grow(
        store: &mut Self::StoreMut<'_>,
        table: &Self::Table,
        delta: u64,
        init: &Val<Self>,
    ) -> Result<u64> {
        memory::table_grow(store, table, delta, init)
    }

    fn global_alloc(
        store: &mut Self::StoreMut<'_>,
        ty: &GlobalType,
        value: &Val<Self>,
    ) -> Result<Self::Global> {
        memory::global_alloc(store, ty, value)
    }

    fn global_type(store: &mut Self::StoreMut<'_>, global: &Self::Global) -> GlobalType {
        conv::global_type(&global.ty(&*store))
    }

    fn global_get(store: &mut Self::StoreMut<'_>, global: &Self::Global) -> Val<Self> {
        memory::global_get(store, global)
    }

    fn global_set(
        store: &mut Self::StoreMut<'_>,
        global: &Self::Global,
        value: &Val<Self>,
    ) -> Result<()> {
        memory::global_set(store, global, value)
    }

    fn tag_type(store: &mut Self::StoreMut<'_>, tag: &Self::Tag) -> FuncType {
        conv::func_type(tag.ty(&*store).ty())
    }
}
