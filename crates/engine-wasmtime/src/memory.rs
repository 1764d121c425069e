//! Memories, tables and globals.

use sinew_bridge::{GlobalType, MemoryType, TableType, Val};
use wasmtime::{AsContextMut, Global, Memory, RootScope, StoreContextMut, Table};

use crate::error::Error;
use crate::limiter::{ByItself, Created};
use crate::store::Data;
use crate::{Result, Wasmtime, conv};

type Store<'a> = StoreContextMut<'a, Data>;

/// Makes something that the limiter is to count, and gives back what it was charged if that fails.
fn create<T>(
    store: &mut Store<'_>,
    what: ByItself,
    make: impl FnOnce(&mut Store<'_>) -> wasmtime::Result<T>,
) -> Result<T> {
    store.data_mut().limiter.created = Created::by_itself(what);
    let result = make(store);
    let limiter = &mut store.data_mut().limiter;
    let created = std::mem::take(&mut limiter.created);
    result.map_err(|error| {
        limiter.refund(created);
        if created.refused {
            Error::limit(error)
        } else {
            Error::call(error)
        }
    })
}

pub(crate) fn alloc(store: &mut Store<'_>, ty: &MemoryType) -> Result<Memory> {
    if ty.shared {
        return Err(Error::other("shared memories are not supported"));
    }
    let ty = conv::engine_memory_type(ty)?;
    create(store, ByItself::Memory, |store| Memory::new(store, ty))
}

pub(crate) fn grow(store: &mut Store<'_>, memory: &Memory, delta: u64) -> Result<u64> {
    memory.grow(store, delta).map_err(Error::limit)
}

pub(crate) fn table_alloc(
    store: &mut Store<'_>,
    ty: &TableType,
    init: &Val<Wasmtime>,
) -> Result<Table> {
    let ty = conv::engine_table_type(ty)?;
    let mut scope = RootScope::new(store);
    let init = conv::engine_ref(&mut scope, init)?;
    create(&mut scope.as_context_mut(), ByItself::Table, |store| {
        Table::new(store, ty, init)
    })
}

/// `None` also where the element has no form outside wasm.
pub(crate) fn table_get(store: &mut Store<'_>, table: &Table, index: u64) -> Option<Val<Wasmtime>> {
    let mut scope = RootScope::new(store);
    let element = table.get(&mut scope, index)?;
    conv::val(&mut scope, element.into()).ok()
}

pub(crate) fn table_set(
    store: &mut Store<'_>,
    table: &Table,
    index: u64,
    value: &Val<Wasmtime>,
) -> Result<()> {
    let mut scope = RootScope::new(store);
    let value = conv::engine_ref(&mut scope, value)?;
    table.set(&mut scope, index, value).map_err(Error::call)
}

pub(crate) fn table_grow(
    store: &mut Store<'_>,
    table: &Table,
    delta: u64,
    init: &Val<Wasmtime>,
) -> Result<u64> {
    let mut scope = RootScope::new(store);
    let init = conv::engine_ref(&mut scope, init)?;
    table.grow(&mut scope, delta, init).map_err(Error::limit)
}

pub(crate) fn global_alloc(
    store: &mut Store<'_>,
    ty: &GlobalType,
    value: &Val<Wasmtime>,
) -> Result<Global> {
    let ty = conv::engine_global_type(ty)?;
    let mut scope = RootScope::new(store);
    let value = conv::engine_val(&mut scope, value)?;
    Global::new(&mut scope, ty, value).map_err(Error::call)
}

/// Null where the value has no form outside wasm: callers read the type first.
pub(crate) fn global_get(store: &mut Store<'_>, global: &Global) -> Val<Wasmtime> {
    let mut scope = RootScope::new(store);
    let value = global.get(&mut scope);
    conv::val(&mut scope, value).unwrap_or(Val::Extern(None))
}

pub(crate) fn global_set(
    store: &mut Store<'_>,
    global: &Global,
    value: &Val<Wasmtime>,
) -> Result<()> {
    let mut scope = RootScope::new(store);
    let value = conv::engine_val(&mut scope, value)?;
    global.set(&mut scope, value).map_err(Error::call)
}
