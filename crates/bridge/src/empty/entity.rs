//! What the stores of the engine that compiles no module hold.

use std::cell::RefCell;
use std::rc::Rc;

use super::engine::{EmptyEngine, EmptyError, EmptyStore, LIMIT};
use crate::{
    Budget, ExternPayload, FuncType, GlobalType, HeapType, HostFunc, HostTrap, Limits, MemoryType,
    Reference, TableType, ValType,
};

pub(super) type Val = crate::Val<EmptyEngine>;

/// A function of the host.
pub struct Func {
    pub(super) ty: FuncType,
    /// Its place among those of the store.
    pub(super) body: usize,
}

/// A [`HostFunc`] with what it owns.
pub(super) trait Body {
    fn invoke(&self, store: &mut &mut EmptyStore, vals: &mut [u64]) -> Result<(), HostTrap>;

    fn call(
        &self,
        store: &mut &mut EmptyStore,
        params: &[Val],
        results: &mut [Val],
    ) -> Result<(), HostTrap>;
}

/// What a function owns.
pub(super) struct Owned<H: HostFunc<EmptyEngine>>(pub(super) H::Data);

impl<H: HostFunc<EmptyEngine>> Body for Owned<H> {
    fn invoke(&self, store: &mut &mut EmptyStore, vals: &mut [u64]) -> Result<(), HostTrap> {
        H::invoke(store, &self.0, vals)
    }

    fn call(
        &self,
        store: &mut &mut EmptyStore,
        params: &[Val],
        results: &mut [Val],
    ) -> Result<(), HostTrap> {
        H::call(store, &self.0, params, results)
    }
}

/// A linear memory.
pub struct Memory {
    pub(super) ty: MemoryType,
    /// Never longer than its capacity, so that it stays where it is.
    pub(super) bytes: RefCell<Vec<u8>>,
}

/// A table.
pub struct Table {
    pub(super) ty: TableType,
    pub(super) elements: RefCell<Vec<Val>>,
}

/// A global.
pub struct Global {
    pub(super) ty: GlobalType,
    pub(super) value: RefCell<Val>,
}

/// An exception.
pub struct Exception {
    pub(super) tag: Rc<FuncType>,
    pub(super) fields: Box<[Val]>,
}

/// A reference of the `extern` or the `any` hierarchy, which differ in their types alone.
#[derive(Clone)]
pub enum Ref {
    /// A JavaScript value.
    Host(Rc<ExternPayload>),
    /// An unboxed integer.
    I31(i32),
}

impl Ref {
    pub(super) fn read(&self) -> Reference<EmptyEngine> {
        match self {
            Ref::Host(payload) => Reference::Host(payload.id()),
            Ref::I31(value) => Reference::I31(*value),
        }
    }
}

/// By how many bytes a memory can grow, its maximum permitting.
const ROOM: u64 = 1 << 20;

impl Memory {
    pub(super) fn new(ty: &MemoryType, budget: &Budget) -> Result<Self, EmptyError> {
        let min = bytes(ty.limits.min, ty)?;
        let max = ty
            .limits
            .max
            .map_or(u64::MAX, |max| bytes(max, ty).unwrap_or(u64::MAX));
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
        Ok(Self {
            ty: *ty,
            bytes: RefCell::new(data),
        })
    }

    pub(super) fn pages(&self) -> u64 {
        self.bytes.borrow().len() as u64 >> self.ty.page_size_log2
    }

    /// The size before.
    pub(super) fn grow(&self, delta: u64, budget: &Budget) -> Result<u64, EmptyError> {
        let before = self.pages();
        let after = bytes(grown(before, delta, self.ty.limits)?, &self.ty)?;
        let mut bytes = self.bytes.borrow_mut();
        let fits = after <= bytes.capacity() as u64;
        if !fits || !budget.memory_growing(bytes.len() as u64, after) {
            return Err(LIMIT);
        }
        bytes.resize(index(after)?, 0);
        Ok(before)
    }
}

impl Table {
    pub(super) fn new(ty: &TableType, init: &Val, budget: &Budget) -> Result<Self, EmptyError> {
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
        Ok(Self {
            ty: *ty,
            elements: RefCell::new(elements),
        })
    }

    /// The size before.
    pub(super) fn grow(&self, delta: u64, init: &Val, budget: &Budget) -> Result<u64, EmptyError> {
        let mut elements = self.elements.borrow_mut();
        let before = elements.len() as u64;
        let after = grown(before, delta, self.ty.limits)?;
        let fits = index(delta).is_ok_and(|delta| elements.try_reserve(delta).is_ok());
        if !fits || !budget.table_growing(before, after) {
            return Err(LIMIT);
        }
        elements.resize(index(after)?, init.clone());
        Ok(before)
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

pub(super) fn index(index: u64) -> Result<usize, EmptyError> {
    usize::try_from(index).map_err(|_| LIMIT)
}

/// Whether `value` is one of `ty`.
pub(super) fn matches(value: &Val, ty: ValType) -> bool {
    let ValType::Ref(ty) = ty else {
        return matches!(
            (value, ty),
            (Val::I32(_), ValType::I32)
                | (Val::I64(_), ValType::I64)
                | (Val::F32(_), ValType::F32)
                | (Val::F64(_), ValType::F64)
                | (Val::V128(_), ValType::V128)
        );
    };
    match (value, Val::null(ty)) {
        (Val::Func(None), Val::Func(_))
        | (Val::Extern(None), Val::Extern(_))
        | (Val::Any(None), Val::Any(_))
        | (Val::Exn(None), Val::Exn(_)) => ty.nullable,
        (Val::Func(_), _) => ty.heap == HeapType::Func,
        (Val::Extern(_), _) => ty.heap == HeapType::Extern,
        (Val::Exn(_), _) => ty.heap == HeapType::Exn,
        (Val::Any(Some(Ref::Host(_))), _) => ty.heap == HeapType::Any,
        (Val::Any(Some(Ref::I31(_))), _) => {
            matches!(ty.heap, HeapType::Any | HeapType::Eq | HeapType::I31)
        }
        _ => false,
    }
}
