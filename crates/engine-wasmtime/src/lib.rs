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
//! - Objects are collected by deferred reference counting, the one collector that moves none: where an
//!   object is, is its identity. It does not collect cycles; those stay until the store is dropped.
//! - Arrays of `i16`, which strings are made of, are copied by a small instance of our own, whose memory of
//!   one page is charged to the budget when the first array is copied.
//! - A shared memory grows without asking the store, so its maximum is charged to the budget when it is
//!   made, by the host or by the instance whose module defines it. Its growth is not noted
//!   ([`Budget::take_grown`](sinew_bridge::Budget::take_grown)): it may happen on another thread.
//! - `memory.atomic.wait32` and `memory.atomic.wait64` of a shared memory block the thread in Wasmtime,
//!   where nothing looks at the [`Termination`](sinew_bridge::Termination): a store that waits ends
//!   with it only after a `memory.atomic.notify` of the same address, or the timeout that the
//!   instruction gave, at the next loop or call. A guest that is alone with its memory can
//!   so outlast its deadline, for ever. On other memories these instructions trap.

mod conv;
mod error;
mod exception;
mod func;
mod limiter;
mod memory;
mod module;
mod reference;
mod store;

pub use error::Error;

use std::ops::Range;

use sinew_bridge::{
    EngineConfig, Extern, ExternKind, ExternPayload, FuncIdentity, FuncType, GlobalType, HostFunc,
    ImportType, MemoryType, Reference, StoreData, TableType, Val, WasmEngine, WasmFeatures,
};

type Result<T> = std::result::Result<T, Error>;

/// The Wasmtime engine.
#[derive(Clone, Copy, Debug)]
pub struct Wasmtime;

impl WasmEngine for Wasmtime {
    const NAME: &'static str = "wasmtime";
    const VERSION: &'static str = "48.0.8";
    const FEATURES: WasmFeatures = WasmFeatures {
        stack_switching: false,
        ..WasmFeatures::ALL
    };

    type Engine = store::Engine;
    type Store = wasmtime::Store<store::Data>;
    type StoreMut<'a> = wasmtime::StoreContextMut<'a, store::Data>;
    type Module = module::Module;
    type Instance = wasmtime::Instance;
    type Func = wasmtime::Func;
    type Memory = memory::Memory;
    type Table = wasmtime::Table;
    type Global = wasmtime::Global;
    type Tag = wasmtime::Tag;
    type ExternRef = reference::ExternRef;
    type AnyRef = reference::AnyRef;
    type ExnRef = exception::ExnRef;
    type Raw = wasmtime::ValRaw;
    type Error = Error;

    fn engine_new(config: &EngineConfig) -> Result<Self::Engine> {
        store::engine_new(config)
    }

    fn engine_interrupt(engine: &Self::Engine) {
        engine.inner().increment_epoch();
    }

    fn store_new(engine: &Self::Engine, data: StoreData) -> Result<Self::Store> {
        Ok(store::new(engine, data))
    }

    fn store_mut(store: &mut Self::Store) -> Self::StoreMut<'_> {
        wasmtime::AsContextMut::as_context_mut(store)
    }

    fn stack_reserve(engine: &Self::Engine) -> usize {
        store::stack_reserve(engine)
    }

    fn module_compile(engine: &Self::Engine, bytes: &[u8]) -> Result<Self::Module> {
        module::compile(engine, bytes)
    }

    fn engine_compatibility(engine: &Self::Engine) -> Option<Vec<u8>> {
        Some(module::compatibility(engine.inner()))
    }

    fn module_serialize(module: &Self::Module) -> Option<Vec<u8>> {
        module.engine_module().serialize().ok()
    }

    unsafe fn module_deserialize(
        engine: &Self::Engine,
        artifact: &[u8],
        bytes: &[u8],
    ) -> Result<Self::Module> {
        // SAFETY: the caller's promise is the one that is asked for here.
        unsafe { module::deserialize(engine.inner(), artifact, bytes) }
    }

    fn module_validate(engine: &Self::Engine, bytes: &[u8]) -> Result<()> {
        module::validate(engine.inner(), bytes)
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
        import: Option<ImportType<'_, Self>>,
        data: H::Data,
    ) -> Result<Self::Func> {
        func::alloc::<H>(store, ty, import, data)
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
        reference::extern_alloc(store, payload)
    }

    fn extern_read(store: &mut Self::StoreMut<'_>, value: &Self::ExternRef) -> Reference<Self> {
        reference::extern_read(store, value)
    }

    fn extern_from_any(
        store: &mut Self::StoreMut<'_>,
        value: &Self::AnyRef,
    ) -> Result<Self::ExternRef> {
        reference::extern_from_any(store, value)
    }

    fn any_from_extern(
        store: &mut Self::StoreMut<'_>,
        value: &Self::ExternRef,
    ) -> Result<Self::AnyRef> {
        reference::any_from_extern(store, value)
    }

    fn any_from_i31(_store: &mut Self::StoreMut<'_>, value: i32) -> Result<Self::AnyRef> {
        Ok(reference::any_from_i31(value))
    }

    fn any_read(store: &mut Self::StoreMut<'_>, value: &Self::AnyRef) -> Reference<Self> {
        reference::any_read(store, value)
    }

    fn array_read_u16(
        store: &mut Self::StoreMut<'_>,
        value: &Self::AnyRef,
        range: Range<u32>,
    ) -> Option<Vec<u16>> {
        reference::array_read_u16(store, value, range)
    }

    fn array_write_u16(
        store: &mut Self::StoreMut<'_>,
        value: &Self::AnyRef,
        start: u32,
        elements: &[u16],
    ) -> Option<()> {
        reference::array_write_u16(store, value, start, elements)
    }

    fn mem_alloc(store: &mut Self::StoreMut<'_>, ty: &MemoryType) -> Result<Self::Memory> {
        memory::alloc(store, ty)
    }

    fn mem_type(store: &mut Self::StoreMut<'_>, memory: &Self::Memory) -> MemoryType {
        conv::memory_type(&memory.ty(store), memory.size(store))
    }

    #[inline]
    fn mem_data(store: &mut Self::StoreMut<'_>, memory: &Self::Memory) -> (*mut u8, usize) {
        memory.data(store)
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
        import: Option<ImportType<'_, Self>>,
        value: &Val<Self>,
    ) -> Result<Self::Global> {
        memory::global_alloc(store, ty, import, value)
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

    fn tag_alloc(store: &mut Self::StoreMut<'_>, ty: &FuncType) -> Result<Self::Tag> {
        exception::tag_alloc(store, ty)
    }

    fn tag_eq(store: &mut Self::StoreMut<'_>, a: &Self::Tag, b: &Self::Tag) -> bool {
        wasmtime::Tag::eq(a, b, &*store)
    }

    fn exn_alloc(
        store: &mut Self::StoreMut<'_>,
        tag: &Self::Tag,
        fields: &[Val<Self>],
    ) -> Result<Self::ExnRef> {
        exception::alloc(store, tag, fields)
    }

    fn exn_tag(store: &mut Self::StoreMut<'_>, exn: &Self::ExnRef) -> Result<Self::Tag> {
        exception::tag(store, exn)
    }

    fn exn_read(store: &mut Self::StoreMut<'_>, exn: &Self::ExnRef) -> Result<Vec<Val<Self>>> {
        exception::read(store, exn)
    }

    fn exn_identity(store: &mut Self::StoreMut<'_>, exn: &Self::ExnRef) -> u64 {
        exception::identity(store, exn)
    }

    fn exn_throw(store: &mut Self::StoreMut<'_>, exn: &Self::ExnRef) {
        exception::throw(store, exn);
    }

    fn exn_take(store: &mut Self::StoreMut<'_>) -> Option<Self::ExnRef> {
        exception::take(store)
    }
}
