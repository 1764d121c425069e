//! A wasm engine that compiles no module.

use std::cell::RefCell;
use std::fmt;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use super::entity::{self, Body, Exception, Func, Global, Memory, Owned, Ref, Table, Val};
use crate::{
    EngineConfig, EngineError, ErrorKind, Extern, ExternKind, ExternPayload, FuncIdentity,
    FuncType, GlobalType, HostFunc, HostTrap, ImportType, MemoryType, Reference, StoreData,
    TableType, TrapCode, ValType, WasmEngine, WasmFeatures,
};

/// The engine.
#[derive(Clone)]
pub struct EmptyEngine;

/// A store. What is in it is owned by its handles, but for what host functions own.
pub struct EmptyStore {
    data: StoreData,
    bodies: Vec<Rc<dyn Body>>,
    /// The exception on its way out.
    thrown: Option<Rc<Exception>>,
}

/// What only a module could bring about.
#[derive(Clone, Copy)]
pub enum NoCode {}

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
pub(super) const LIMIT: EmptyError = EmptyError(ErrorKind::Limit);
const TYPE: EmptyError = EmptyError(ErrorKind::Type);

impl EmptyStore {
    /// Runs the body of a host function.
    fn run(
        self: &mut &mut Self,
        func: &Func,
        run: impl FnOnce(&mut &mut Self, &dyn Body) -> Result<(), HostTrap>,
    ) -> Result<(), EmptyError> {
        if self.data.termination.is_set() {
            return Err(EmptyError(ErrorKind::Terminated));
        }
        let body = self.bodies[func.body].clone();
        match catch_unwind(AssertUnwindSafe(|| run(self, &*body))) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(HostTrap::Completion)) => Err(EmptyError(ErrorKind::Host)),
            Ok(Err(HostTrap::Exception)) => Err(EmptyError(ErrorKind::Exception)),
            Err(panic) => {
                self.data.termination.set_panicked(&*panic);
                Err(EmptyError(ErrorKind::Host))
            }
        }
    }
}

fn check(value: &Val, ty: ValType) -> Result<(), EmptyError> {
    if entity::matches(value, ty) {
        Ok(())
    } else {
        Err(TYPE)
    }
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
    type Tag = Rc<FuncType>;
    type ExternRef = Ref;
    type AnyRef = Ref;
    type ExnRef = Rc<Exception>;
    type Raw = u64;
    type Error = EmptyError;

    fn engine_new(_: &EngineConfig) -> Result<EmptyEngine, EmptyError> {
        Ok(EmptyEngine)
    }

    // Nothing runs but host functions.
    fn engine_interrupt(_: &EmptyEngine) {}

    fn store_new(_: &EmptyEngine, data: StoreData) -> Result<EmptyStore, EmptyError> {
        Ok(EmptyStore {
            data,
            bodies: Vec::new(),
            thrown: None,
        })
    }

    fn store_mut(store: &mut EmptyStore) -> &mut EmptyStore {
        store
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
        store: &mut &mut EmptyStore,
        ty: &FuncType,
        _: Option<ImportType<'_, Self>>,
        data: H::Data,
    ) -> Result<Rc<Func>, EmptyError> {
        store.bodies.push(Rc::new(Owned::<H>(data)));
        Ok(Rc::new(Func {
            ty: ty.clone(),
            body: store.bodies.len() - 1,
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
        store.run(func, |store, body| body.invoke(store, vals))
    }

    fn func_call(
        store: &mut &mut EmptyStore,
        func: &Rc<Func>,
        params: &[Val],
        results: &mut [Val],
    ) -> Result<(), EmptyError> {
        if !func.ty.is_scalar() {
            return store.run(func, |store, body| body.call(store, params, results));
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
        store.run(func, |store, body| body.invoke(store, &mut vals))?;
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

    fn extern_alloc(_: &mut &mut EmptyStore, payload: ExternPayload) -> Result<Ref, EmptyError> {
        Ok(Ref::Host(Rc::new(payload)))
    }

    fn extern_read(_: &mut &mut EmptyStore, value: &Ref) -> Reference<Self> {
        value.read()
    }

    fn extern_from_any(_: &mut &mut EmptyStore, value: &Ref) -> Result<Ref, EmptyError> {
        Ok(value.clone())
    }

    fn any_from_extern(_: &mut &mut EmptyStore, value: &Ref) -> Result<Ref, EmptyError> {
        Ok(value.clone())
    }

    fn any_from_i31(_: &mut &mut EmptyStore, value: i32) -> Result<Ref, EmptyError> {
        Ok(Ref::I31(value))
    }

    fn any_read(_: &mut &mut EmptyStore, value: &Ref) -> Reference<Self> {
        value.read()
    }

    // Only code makes arrays.
    fn array_read_u16(_: &mut &mut EmptyStore, _: &Ref, _: Range<u32>) -> Option<Vec<u16>> {
        None
    }

    fn array_write_u16(_: &mut &mut EmptyStore, _: &Ref, _: u32, _: &[u16]) -> Option<()> {
        None
    }

    fn mem_alloc(store: &mut &mut EmptyStore, ty: &MemoryType) -> Result<Rc<Memory>, EmptyError> {
        Ok(Rc::new(Memory::new(ty, &store.data.budget)?))
    }

    fn mem_type(_: &mut &mut EmptyStore, memory: &Rc<Memory>) -> MemoryType {
        let mut ty = memory.ty;
        ty.limits.min = memory.pages();
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
        memory.grow(delta, &store.data.budget)
    }

    fn table_alloc(
        store: &mut &mut EmptyStore,
        ty: &TableType,
        init: &Val,
    ) -> Result<Rc<Table>, EmptyError> {
        check(init, ValType::Ref(ty.element))?;
        Ok(Rc::new(Table::new(ty, init, &store.data.budget)?))
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
        table
            .elements
            .borrow()
            .get(entity::index(at).ok()?)
            .cloned()
    }

    fn table_set(
        _: &mut &mut EmptyStore,
        table: &Rc<Table>,
        at: u64,
        value: &Val,
    ) -> Result<(), EmptyError> {
        check(value, ValType::Ref(table.ty.element))?;
        let mut elements = table.elements.borrow_mut();
        let element = entity::index(at).ok().and_then(|at| elements.get_mut(at));
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
        check(init, ValType::Ref(table.ty.element))?;
        table.grow(delta, init, &store.data.budget)
    }

    fn global_alloc(
        _: &mut &mut EmptyStore,
        ty: &GlobalType,
        _: Option<ImportType<'_, Self>>,
        value: &Val,
    ) -> Result<Rc<Global>, EmptyError> {
        check(value, ty.value)?;
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
        check(value, global.ty.value)?;
        *global.value.borrow_mut() = value.clone();
        Ok(())
    }

    fn tag_type(_: &mut &mut EmptyStore, tag: &Rc<FuncType>) -> FuncType {
        FuncType::clone(tag)
    }

    fn tag_alloc(_: &mut &mut EmptyStore, ty: &FuncType) -> Result<Rc<FuncType>, EmptyError> {
        Ok(Rc::new(ty.clone()))
    }

    fn tag_eq(_: &mut &mut EmptyStore, a: &Rc<FuncType>, b: &Rc<FuncType>) -> bool {
        Rc::ptr_eq(a, b)
    }

    fn exn_alloc(
        _: &mut &mut EmptyStore,
        tag: &Rc<FuncType>,
        fields: &[Val],
    ) -> Result<Rc<Exception>, EmptyError> {
        if fields.len() != tag.params().len() {
            return Err(TYPE);
        }
        for (field, ty) in fields.iter().zip(tag.params()) {
            check(field, *ty)?;
        }
        Ok(Rc::new(Exception {
            tag: tag.clone(),
            fields: fields.into(),
        }))
    }

    fn exn_tag(_: &mut &mut EmptyStore, exn: &Rc<Exception>) -> Result<Rc<FuncType>, EmptyError> {
        Ok(exn.tag.clone())
    }

    fn exn_read(_: &mut &mut EmptyStore, exn: &Rc<Exception>) -> Result<Vec<Val>, EmptyError> {
        Ok(exn.fields.to_vec())
    }

    fn exn_identity(_: &mut &mut EmptyStore, exn: &Rc<Exception>) -> u64 {
        Rc::as_ptr(exn).addr() as u64
    }

    fn exn_throw(store: &mut &mut EmptyStore, exn: &Rc<Exception>) {
        store.thrown = Some(exn.clone());
    }

    fn exn_take(store: &mut &mut EmptyStore) -> Option<Rc<Exception>> {
        store.thrown.take()
    }
}
