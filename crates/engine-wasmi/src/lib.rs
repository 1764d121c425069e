//! [Wasmi](https://docs.rs/wasmi) behind Sinew's seam: an interpreter in pure Rust.
//!
//! ```
//! use sinew_bridge::{EngineConfig, WasmEngine};
//! use sinew_engine_wasmi::Wasmi;
//!
//! let engine = Wasmi::engine_new(&EngineConfig::default())?;
//! let module = Wasmi::module_compile(&engine, b"\0asm\x01\0\0\0")?;
//! # let _ = module;
//! # Ok::<(), sinew_engine_wasmi::Error>(())
//! ```
//!
//! What is not plain delegation:
//! - Memories never move and cost nothing before they are touched: they are made over reserved
//!   address space, those of a module's own too, which is rewritten for it.
//! - Wasm is stopped by fuel in slices: at the end of each the stop flag is looked at.
//! - Functions of common signatures are called without checks of their types.
//!
//! What wasmi does not have: see [`Wasmi::FEATURES`](WasmEngine::FEATURES). Its stores free nothing
//! before they are dropped, external references included, and its engines keep all code.

mod conv;
mod error;
mod exception;
mod func;
mod limiter;
mod memory;
mod module;
mod reference;
mod rewrite;
mod store;

use std::ops::Range;

use sinew_bridge::{
    EngineConfig, Extern, ExternKind, ExternPayload, FuncIdentity, FuncType, GlobalType, HostFunc,
    ImportType, MemoryType, Reference, StoreData, TableType, Val, WasmEngine, WasmFeatures,
};

pub use error::Error;
pub use exception::{ExnRef, Tag};
pub use func::Func;
pub use module::Module;
pub use reference::AnyRef;
pub use store::{Engine, State, Store, StoreMut};

/// The engine.
#[derive(Clone, Copy, Debug)]
pub struct Wasmi;

impl WasmEngine for Wasmi {
    const NAME: &'static str = "wasmi";
    const VERSION: &'static str = "2.0.0";
    const FEATURES: WasmFeatures = WasmFeatures {
        memory64: true,
        multi_memory: true,
        tail_call: true,
        extended_const: true,
        relaxed_simd: true,
        ..WasmFeatures::NONE
    };

    type Engine = Engine;
    type Store = Store;
    type StoreMut<'a> = StoreMut<'a>;
    type Module = Module;
    type Instance = wasmi::Instance;
    type Func = Func;
    type Memory = wasmi::Memory;
    type Table = wasmi::Table;
    type Global = wasmi::Global;
    type Tag = Tag;
    type ExternRef = wasmi::ExternRef;
    type AnyRef = AnyRef;
    type ExnRef = ExnRef;
    type Raw = u64;
    type Error = Error;

    fn engine_new(config: &EngineConfig) -> Result<Engine, Error> {
        Ok(Engine::new(config))
    }

    fn engine_interrupt(_engine: &Engine) {
        // Every store looks at its flag at the end of each time slice.
    }

    fn store_new(engine: &Engine, data: StoreData) -> Result<Store, Error> {
        Ok(Store::new(engine, data))
    }

    fn store_mut(store: &mut Store) -> StoreMut<'_> {
        store.as_mut()
    }

    fn stack_reserve(engine: &Engine) -> usize {
        engine.stack_reserve()
    }

    fn module_compile(engine: &Engine, bytes: &[u8]) -> Result<Module, Error> {
        module::compile(engine, bytes)
    }

    fn module_validate(engine: &Engine, bytes: &[u8]) -> Result<(), Error> {
        module::validate(engine, bytes)
    }

    fn module_instantiate(
        store: &mut StoreMut<'_>,
        module: &Module,
        imports: &[Extern<Self>],
    ) -> Result<wasmi::Instance, Error> {
        module::instantiate(store, module, imports)
    }

    fn instance_export(
        store: &mut StoreMut<'_>,
        instance: &wasmi::Instance,
        name: &str,
        kind: ExternKind,
    ) -> Option<Extern<Self>> {
        module::instance_export(store, instance, name, kind)
    }

    fn func_alloc<H: HostFunc<Self>>(
        store: &mut StoreMut<'_>,
        ty: &FuncType,
        // Wasmi has no types of a module's own: `ty` is all there is to know.
        _import: Option<ImportType<'_, Self>>,
        data: H::Data,
    ) -> Result<Func, Error> {
        func::alloc::<H>(store, ty, data)
    }

    fn func_type(store: &mut StoreMut<'_>, func: &Func) -> FuncType {
        conv::from_func_type(&func.handle().ty(&*store))
    }

    fn func_identity(_store: &mut StoreMut<'_>, func: &Func) -> FuncIdentity {
        func::identity(func)
    }

    fn func_index(store: &mut StoreMut<'_>, func: &Func) -> Option<u32> {
        func::index(store, func)
    }

    #[inline]
    fn func_invoke(
        store: &mut StoreMut<'_>,
        func: &Func,
        ty: &FuncType,
        vals: &mut [u64],
    ) -> Result<(), Error> {
        func.invoke(store, ty, vals)
    }

    fn func_call(
        store: &mut StoreMut<'_>,
        func: &Func,
        params: &[Val<Self>],
        results: &mut [Val<Self>],
    ) -> Result<(), Error> {
        func::call_general(store, func, params, results)
    }

    #[inline]
    fn raw_i32(value: i32) -> u64 {
        u64::from(value.cast_unsigned())
    }

    #[inline]
    fn raw_i64(value: i64) -> u64 {
        value.cast_unsigned()
    }

    #[inline]
    fn raw_f32(bits: u32) -> u64 {
        u64::from(bits)
    }

    #[inline]
    fn raw_f64(bits: u64) -> u64 {
        bits
    }

    #[inline]
    fn raw_get_i32(raw: &u64) -> i32 {
        *raw as i32
    }

    #[inline]
    fn raw_get_i64(raw: &u64) -> i64 {
        raw.cast_signed()
    }

    #[inline]
    fn raw_get_f32(raw: &u64) -> u32 {
        *raw as u32
    }

    #[inline]
    fn raw_get_f64(raw: &u64) -> u64 {
        *raw
    }

    fn extern_alloc(
        store: &mut StoreMut<'_>,
        payload: ExternPayload,
    ) -> Result<wasmi::ExternRef, Error> {
        reference::extern_alloc(store, payload)
    }

    fn extern_read(store: &mut StoreMut<'_>, value: &wasmi::ExternRef) -> Reference<Self> {
        reference::extern_read(store, value)
    }

    fn extern_from_any(
        _store: &mut StoreMut<'_>,
        value: &AnyRef,
    ) -> Result<wasmi::ExternRef, Error> {
        match *value {}
    }

    fn any_from_extern(
        _store: &mut StoreMut<'_>,
        _value: &wasmi::ExternRef,
    ) -> Result<AnyRef, Error> {
        Err(Error::no_gc())
    }

    fn any_from_i31(_store: &mut StoreMut<'_>, _value: i32) -> Result<AnyRef, Error> {
        Err(Error::no_gc())
    }

    fn any_read(_store: &mut StoreMut<'_>, value: &AnyRef) -> Reference<Self> {
        match *value {}
    }

    fn array_read_u16(
        _store: &mut StoreMut<'_>,
        value: &AnyRef,
        _range: Range<u32>,
    ) -> Option<Vec<u16>> {
        match *value {}
    }

    fn array_write_u16(
        _store: &mut StoreMut<'_>,
        value: &AnyRef,
        _start: u32,
        _elements: &[u16],
    ) -> Option<()> {
        match *value {}
    }

    fn mem_alloc(store: &mut StoreMut<'_>, ty: &MemoryType) -> Result<wasmi::Memory, Error> {
        memory::mem_alloc(store, ty)
    }

    fn mem_type(store: &mut StoreMut<'_>, memory: &wasmi::Memory) -> MemoryType {
        memory::mem_type(store, memory)
    }

    fn mem_data(store: &mut StoreMut<'_>, memory: &wasmi::Memory) -> (*mut u8, usize) {
        memory::mem_data(store, memory)
    }

    fn mem_grow(
        store: &mut StoreMut<'_>,
        memory: &wasmi::Memory,
        delta: u64,
    ) -> Result<u64, Error> {
        memory::mem_grow(store, memory, delta)
    }

    fn table_alloc(
        store: &mut StoreMut<'_>,
        ty: &TableType,
        init: &Val<Self>,
    ) -> Result<wasmi::Table, Error> {
        memory::table_alloc(store, ty, init)
    }

    fn table_type(store: &mut StoreMut<'_>, table: &wasmi::Table) -> TableType {
        memory::table_type(store, table)
    }

    fn table_size(store: &mut StoreMut<'_>, table: &wasmi::Table) -> u64 {
        table.size(&*store)
    }

    fn table_get(store: &mut StoreMut<'_>, table: &wasmi::Table, index: u64) -> Option<Val<Self>> {
        memory::table_get(store, table, index)
    }

    fn table_set(
        store: &mut StoreMut<'_>,
        table: &wasmi::Table,
        index: u64,
        value: &Val<Self>,
    ) -> Result<(), Error> {
        memory::table_set(store, table, index, value)
    }

    fn table_grow(
        store: &mut StoreMut<'_>,
        table: &wasmi::Table,
        delta: u64,
        init: &Val<Self>,
    ) -> Result<u64, Error> {
        memory::table_grow(store, table, delta, init)
    }

    fn global_alloc(
        store: &mut StoreMut<'_>,
        ty: &GlobalType,
        _import: Option<ImportType<'_, Self>>,
        value: &Val<Self>,
    ) -> Result<wasmi::Global, Error> {
        memory::global_alloc(store, ty, value)
    }

    fn global_type(store: &mut StoreMut<'_>, global: &wasmi::Global) -> GlobalType {
        conv::from_global_type(global.ty(&*store))
    }

    fn global_get(store: &mut StoreMut<'_>, global: &wasmi::Global) -> Val<Self> {
        let value = global.get(&*store);
        conv::from_val(store, &value)
    }

    fn global_set(
        store: &mut StoreMut<'_>,
        global: &wasmi::Global,
        value: &Val<Self>,
    ) -> Result<(), Error> {
        memory::global_set(store, global, value)
    }

    fn tag_type(_store: &mut StoreMut<'_>, tag: &Tag) -> FuncType {
        match *tag {}
    }

    fn tag_alloc(_store: &mut StoreMut<'_>, _ty: &FuncType) -> Result<Tag, Error> {
        Err(Error::no_exceptions())
    }

    fn tag_eq(_store: &mut StoreMut<'_>, a: &Tag, _b: &Tag) -> bool {
        match *a {}
    }

    fn exn_alloc(
        _store: &mut StoreMut<'_>,
        tag: &Tag,
        _fields: &[Val<Self>],
    ) -> Result<ExnRef, Error> {
        match *tag {}
    }

    fn exn_tag(_store: &mut StoreMut<'_>, exn: &ExnRef) -> Result<Tag, Error> {
        match *exn {}
    }

    fn exn_read(_store: &mut StoreMut<'_>, exn: &ExnRef) -> Result<Vec<Val<Self>>, Error> {
        match *exn {}
    }

    fn exn_identity(_store: &mut StoreMut<'_>, exn: &ExnRef) -> u64 {
        match *exn {}
    }

    fn exn_throw(_store: &mut StoreMut<'_>, exn: &ExnRef) {
        match *exn {}
    }

    fn exn_take(_store: &mut StoreMut<'_>) -> Option<ExnRef> {
        None
    }
}
