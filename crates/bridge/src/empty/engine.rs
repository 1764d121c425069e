//! A wasm engine that compiles no module.

use std::cell::RefCell;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use crate::{
    EngineConfig, EngineError, ErrorKind, Extern, ExternKind, ExternPayload, FuncIdentity,
    FuncType, GlobalType, HostFunc, HostId, HostTrap, Limits, MemoryType, StoreData, TableType,
    TrapCode, WasmEngine, WasmFeatures,
};

type Val = crate::Val<EmptyEngine>;
/// [`HostFunc::invoke`]
type Invoke = fn(&mut &mut EmptyStore, HostId, &mut [u64]) -> Result<(), HostTrap>;
/// [`HostFunc::call`]
type Call = fn(&mut &mut EmptyStore, HostId, &[Val], &mut [Val]) -> Result<(), HostTrap>;

/// The engine.
#[derive(Clone)]
pub struct EmptyEngine;

/// A store. What is in it is owned by its handles.
pub struct EmptyStore(StoreData);

/// What only a module could bring about.
#[derive(Clone, Copy)]
pub enum NoCode {}

/// A function of the host.
pub struct Func {
    ty: FuncType,
    id: HostId,
    invoke: Invoke,
    call: Call,
}

/// A linear memory.
pub struct Memory {
    ty: MemoryType,
    /// Never longer than its capacity, so that it stays where it is.
    bytes: RefCell<Vec<u8>>,
}

/// A table.
pub struct Table {
    ty: TableType,
    elements: RefCell<Vec<Val>>,
}

/// A global.
pub struct Global {
    ty: GlobalType,
    value: RefCell<Val>,
}

/// The error: its kind says it all.
#[derive(Debug)]
pub struct EmptyError(ErrorKind);

impl fmt::Display for EmptyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            ErrorKind::Compile { .. } => f.write_str("this engine compiles nothing"),
            ErrorKind::Trap(code) => code.fmt(f),
            kind => write!(f, "{kind:?}"),
        }
    }
}

impl EngineError for EmptyError {
    fn kind(&self) -> ErrorKind {
        self.0
    }
}

const NO_CODE: EmptyError = EmptyError(ErrorKind::Compile { offset: None });
const LIMIT: EmptyError = EmptyError(ErrorKind::Limit);

/// By how many bytes a memory can grow, its maximum permitting.
const ROOM: u64 = 1 << 20;

impl EmptyStore {
    /// Runs the body of a host function.
    fn run(
        self: &mut &mut Self,
        body: impl FnOnce(&mut &mut Self) -> Result<(), HostTrap>,
    ) -> Result<(), EmptyError> {
        if self.0.termination.is_set() {
            return Err(EmptyError(ErrorKind::Terminated));
        }
        match catch_unwind(AssertUnwindSafe(|| body(self))) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(HostTrap)) => Err(EmptyError(ErrorKind::Host)),
            Err(panic) => {
                self.0.termination.set_panicked(&*panic);
                Err(EmptyError(ErrorKind::Host))
            }
        }
    }
}

/// The size after growth by `delta`, if the maximum permits it.
fn grown(size: u64, delta: u64, limits: Limits) -> Result<u64, EmptyError> {
    let sum = size.checked_add(delta).ok_or(LIMIT)?;
    if limits.max.is_some_and(|max| sum > max) {
        return Err(LIMIT);
    }
    Ok(sum)
}

/// A number of pages as bytes.
fn bytes(pages: u64, ty: &MemoryType) -> Result<u64, EmptyError> {
    pages.checked_mul(1 << ty.page_size_log2).ok_or(LIMIT)
}

fn pages(memory: &Memory) -> u64 {
    memory.bytes.borrow().len() as u64 >> memory.ty.page_size_log2
}

fn index(index: u64) -> Result<usize, EmptyError> {
    usize::try_from(index).map_err(|_| LIMIT)
}

impl WasmEngine for EmptyEngine {
    const NAME: &'static str = "empty";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const FEATURES: WasmFeatures = WasmFeatures::NONE;

    type Engine = EmptyEngine;
    type Store = EmptyStore;
    type StoreMut<'a> = &'a mut EmptyStore;
    type Module = NoCode;
    type Instance = NoCode;
    type Func = Rc<Func>;
    type Memory = Rc<Memory>;
    type Table = Rc<Table>;
    type Global = Rc<Global>;
    type Tag = NoCode;
    type ExternRef = Rc<ExternPayload>;
    type Raw = u64;
    type Error = EmptyError;

    fn engine_new(_: &EngineConfig) -> Result<EmptyEngine, EmptyError> {
        Ok(EmptyEngine)
    }

    // Nothing runs but host functions.
    fn engine_interrupt(_: &EmptyEngine) {}

    fn store_new(_: &EmptyEngine, data: StoreData) -> Result<EmptyStore, EmptyError> {
        Ok(EmptyStore(data))
    }

    fn store_mut(store: &mut EmptyStore) -> &mut EmptyStore {
        store
    }

    fn store_data<'a>(store: &'a &mut EmptyStore) -> &'a StoreData {
        &store.0
    }

    fn stack_reserve(_: &EmptyEngine) -> usize {
        0
    }

    fn module_compile(_: &EmptyEngine, _: &[u8]) -> Result<NoCode, EmptyError> {
        Err(NO_CODE)
    }

    fn module_validate(_: &EmptyEngine, _: &[u8]) -> Result<(), EmptyError> {
        Err(NO_CODE)
    }

    fn module_instantiate(
        _: &mut &mut EmptyStore,
        module: &NoCode,
        _: &[Extern<Self>],
    ) -> Result<NoCode, EmptyError> {
        match *module {}
    }

    fn instance_export(
        _: &mut &mut EmptyStore,
        instance: &NoCode,
        _: &str,
        _: ExternKind,
    ) -> Option<Extern<Self>> {
        match *instance {}
    }

    fn func_alloc<H: HostFunc<Self>>(
        _: &mut &mut EmptyStore,
        ty: &FuncType,
        id: HostId,
    ) -> Result<Rc<Func>, EmptyError> {
        Ok(Rc::new(Func {
            ty: ty.clone(),
            id,
            invoke: H::invoke,
            call: H::call,
        }))
    }

    fn func_type(_: &mut &mut EmptyStore, func: &Rc<Func>) -> FuncType {
        func.ty.clone()
    }

    fn func_identity(_: &mut &mut EmptyStore, func: &Rc<Func>) -> FuncIdentity {
        FuncIdentity([Rc::as_ptr(func).addr(), 0, 0, 0])
    }

    fn func_index(_: &mut &mut EmptyStore, _: &Rc<Func>) -> Option<u32> {
        None
    }

    fn func_invoke(
        store: &mut &mut EmptyStore,
        func: &Rc<Func>,
        _: &FuncType,
        vals: &mut [u64],
    ) -> Result<(), EmptyError> {
        store.run(|store| (func.invoke)(store, func.id, vals))
    }

    fn func_call(
        store: &mut &mut EmptyStore,
        func: &Rc<Func>,
        params: &[Val],
        results: &mut [Val],
    ) -> Result<(), EmptyError> {
        if !func.ty.is_scalar() {
            return store.run(|store| (func.call)(store, func.id, params, results));
        }
        let raw = |val: &Val| match *val {
            Val::I32(v) => Self::raw_i32(v),
            Val::I64(v) => Self::raw_i64(v),
            Val::F32(v) => Self::raw_f32(v),
            Val::F64(v) => v,
            _ => unreachable!("a scalar signature"),
        };
        let mut vals: Vec<u64> = params.iter().map(raw).collect();
        vals.resize(func.ty.raw_len(), 0);
        store.run(|store| (func.invoke)(store, func.id, &mut vals))?;
        for ((result, ty), raw) in results.iter_mut().zip(func.ty.results()).zip(&vals) {
            *result = match ty {
                crate::ValType::I32 => Val::I32(Self::raw_get_i32(raw)),
                crate::ValType::I64 => Val::I64(Self::raw_get_i64(raw)),
                crate::ValType::F32 => Val::F32(Self::raw_get_f32(raw)),
                _ => Val::F64(*raw),
            };
        }
        Ok(())
    }

    fn raw_i32(value: i32) -> u64 {
        value.cast_unsigned().into()
    }

    fn raw_i64(value: i64) -> u64 {
        value.cast_unsigned()
    }

    fn raw_f32(bits: u32) -> u64 {
        bits.into()
    }

    fn raw_f64(bits: u64) -> u64 {
        bits
    }

    fn raw_get_i32(raw: &u64) -> i32 {
        *raw as i32
    }

    fn raw_get_i64(raw: &u64) -> i64 {
        raw.cast_signed()
    }

    fn raw_get_f32(raw: &u64) -> u32 {
        *raw as u32
    }

    fn raw_get_f64(raw: &u64) -> u64 {
        *raw
    }

    fn extern_alloc(
        _: &mut &mut EmptyStore,
        payload: ExternPayload,
    ) -> Result<Rc<ExternPayload>, EmptyError> {
        Ok(Rc::new(payload))
    }

    fn extern_host(_: &mut &mut EmptyStore, value: &Rc<ExternPayload>) -> HostId {
        value.id()
    }

    fn mem_alloc(store: &mut &mut EmptyStore, ty: &MemoryType) -> Result<Rc<Memory>, EmptyError> {
        let min = bytes(ty.limits.min, ty)?;
        let max = ty
            .limits
            .max
            .map_or(u64::MAX, |max| bytes(max, ty).unwrap_or(u64::MAX));
        let budget = &store.0.budget;
        if !budget.memory_growing(0, min) {
            return Err(LIMIT);
        }
        let mut data = Vec::new();
        let reserved = data.try_reserve_exact(index(min.saturating_add(ROOM).min(max))?);
        if reserved.is_err() || !budget.memory() {
            budget.memory_grow_failed(min);
            return Err(LIMIT);
        }
        data.resize(index(min)?, 0);
        Ok(Rc::new(Memory {
            ty: *ty,
            bytes: RefCell::new(data),
        }))
    }

    fn mem_type(_: &mut &mut EmptyStore, memory: &Rc<Memory>) -> MemoryType {
        let mut ty = memory.ty;
        ty.limits.min = pages(memory);
        ty
    }

    fn mem_data(_: &mut &mut EmptyStore, memory: &Rc<Memory>) -> (*mut u8, usize) {
        let mut bytes = memory.bytes.borrow_mut();
        (bytes.as_mut_ptr(), bytes.len())
    }

    fn mem_grow(
        store: &mut &mut EmptyStore,
        memory: &Rc<Memory>,
        delta: u64,
    ) -> Result<u64, EmptyError> {
        let before = pages(memory);
        let after = bytes(grown(before, delta, memory.ty.limits)?, &memory.ty)?;
        let mut bytes = memory.bytes.borrow_mut();
        let fits = after <= bytes.capacity() as u64;
        if !fits || !store.0.budget.memory_growing(bytes.len() as u64, after) {
            return Err(LIMIT);
        }
        bytes.resize(index(after)?, 0);
        Ok(before)
    }

    fn table_alloc(
        store: &mut &mut EmptyStore,
        ty: &TableType,
        init: &Val,
    ) -> Result<Rc<Table>, EmptyError> {
        let budget = &store.0.budget;
        if !budget.table_growing(0, ty.limits.min) {
            return Err(LIMIT);
        }
        let mut elements = Vec::new();
        let min = index(ty.limits.min);
        let reserved = min.is_ok_and(|min| elements.try_reserve_exact(min).is_ok());
        if !reserved || !budget.table() {
            budget.table_grow_failed(ty.limits.min);
            return Err(LIMIT);
        }
        elements.resize(index(ty.limits.min)?, init.clone());
        Ok(Rc::new(Table {
            ty: *ty,
            elements: RefCell::new(elements),
        }))
    }

    fn table_type(_: &mut &mut EmptyStore, table: &Rc<Table>) -> TableType {
        let mut ty = table.ty;
        ty.limits.min = table.elements.borrow().len() as u64;
        ty
    }

    fn table_size(_: &mut &mut EmptyStore, table: &Rc<Table>) -> u64 {
        table.elements.borrow().len() as u64
    }

    fn table_get(_: &mut &mut EmptyStore, table: &Rc<Table>, at: u64) -> Option<Val> {
        table.elements.borrow().get(index(at).ok()?).cloned()
    }

    fn table_set(
        _: &mut &mut EmptyStore,
        table: &Rc<Table>,
        at: u64,
        value: &Val,
    ) -> Result<(), EmptyError> {
        let mut elements = table.elements.borrow_mut();
        let element = index(at).ok().and_then(|at| elements.get_mut(at));
        let out_of_bounds = EmptyError(ErrorKind::Trap(TrapCode::TableOutOfBounds));
        *element.ok_or(out_of_bounds)? = value.clone();
        Ok(())
    }

    fn table_grow(
        store: &mut &mut EmptyStore,
        table: &Rc<Table>,
        delta: u64,
        init: &Val,
    ) -> Result<u64, EmptyError> {
        let mut elements = table.elements.borrow_mut();
        let before = elements.len() as u64;
        let after = grown(before, delta, table.ty.limits)?;
        let fits = index(delta).is_ok_and(|delta| elements.try_reserve(delta).is_ok());
        if !fits || !store.0.budget.table_growing(before, after) {
            return Err(LIMIT);
        }
        elements.resize(index(after)?, init.clone());
        Ok(before)
    }

    fn global_alloc(
        _: &mut &mut EmptyStore,
        ty: &GlobalType,
        value: &Val,
    ) -> Result<Rc<Global>, EmptyError> {
        Ok(Rc::new(Global {
            ty: *ty,
            value: RefCell::new(value.clone()),
        }))
    }

    fn global_type(_: &mut &mut EmptyStore, global: &Rc<Global>) -> GlobalType {
        global.ty
    }

    fn global_get(_: &mut &mut EmptyStore, global: &Rc<Global>) -> Val {
        global.value.borrow().clone()
    }

    fn global_set(
        _: &mut &mut EmptyStore,
        global: &Rc<Global>,
        value: &Val,
    ) -> Result<(), EmptyError> {
        *global.value.borrow_mut() = value.clone();
        Ok(())
    }

    fn tag_type(_: &mut &mut EmptyStore, tag: &NoCode) -> FuncType {
        match *tag {}
    }
}
