//! Memories, tables and globals.

use sinew_bridge::{GlobalType, ImportType, MemoryType, TableType, Val, ValType};
use wasmtime::{AsContextMut, Global, RootScope, SharedMemory, StoreContextMut, Table};

use crate::error::Error;
use crate::limiter::{ByItself, Created};
use crate::store::Data;
use crate::{Result, Wasmtime, conv, module};

type Store<'a> = StoreContextMut<'a, Data>;

/// A linear memory.
#[derive(Clone)]
pub enum Memory {
    /// One of its store.
    Plain(wasmtime::Memory),
    /// One that other stores may have, too.
    Shared(SharedMemory),
}

impl Memory {
    /// Its type, with the minimum that it was made with.
    pub(crate) fn ty(&self, store: &Store<'_>) -> wasmtime::MemoryType {
        match self {
            Memory::Plain(memory) => memory.ty(store),
            Memory::Shared(memory) => memory.ty(),
        }
    }

    /// Its size in pages.
    pub(crate) fn size(&self, store: &Store<'_>) -> u64 {
        match self {
            Memory::Plain(memory) => memory.size(store),
            Memory::Shared(memory) => memory.size(),
        }
    }

    #[inline]
    pub(crate) fn data(&self, store: &Store<'_>) -> (*mut u8, usize) {
        match self {
            Memory::Plain(memory) => (memory.data_ptr(store), memory.data_size(store)),
            Memory::Shared(memory) => {
                let data = memory.data();
                (data.as_ptr().cast_mut().cast(), data.len())
            }
        }
    }

    pub(crate) fn engine_extern(&self) -> wasmtime::Extern {
        match self {
            Memory::Plain(memory) => (*memory).into(),
            Memory::Shared(memory) => memory.clone().into(),
        }
    }
}

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
    let engine_type = conv::engine_memory_type(ty)?;
    if ty.shared {
        return shared_alloc(store, engine_type).map(Memory::Shared);
    }
    create(store, ByItself::Memory, |store| {
        wasmtime::Memory::new(store, engine_type)
    })
    .map(Memory::Plain)
}

/// A shared memory grows without asking anybody, so all that it may become is charged at once.
fn shared_alloc(store: &mut Store<'_>, ty: wasmtime::MemoryType) -> Result<SharedMemory> {
    let bytes = ty.maximum().unwrap_or(u64::MAX);
    let bytes = bytes.saturating_mul(ty.page_size());
    let budget = &store.data().store_data().budget;
    if !budget.memory_growing(0, bytes) {
        let text = "the maximum of a shared memory exceeds the memory limit";
        return Err(Error::limit(wasmtime::Error::msg(text)));
    }
    let memory = if budget.memory() {
        SharedMemory::new(store.engine(), ty)
    } else {
        Err(wasmtime::Error::msg("too many memories"))
    };
    memory.map_err(|error| {
        budget.memory_grow_failed(bytes);
        Error::limit(error)
    })
}

pub(crate) fn grow(store: &mut Store<'_>, memory: &Memory, delta: u64) -> Result<u64> {
    match memory {
        Memory::Plain(memory) => memory.grow(store, delta),
        Memory::Shared(memory) => memory.grow(delta),
    }
    .map_err(Error::limit)
}

pub(crate) fn table_alloc(
    store: &mut Store<'_>,
    ty: &TableType,
    init: &Val<Wasmtime>,
) -> Result<Table> {
    let ty = conv::engine_table_type(ty)?;
    let mut scope = RootScope::new(store);
    let init = conv::engine_ref_of(&mut scope, init, ty.element())?;
    create(&mut scope.as_context_mut(), ByItself::Table, |store| {
        Table::new(store, ty, init)
    })
}

/// `None` also where there is no room for one more root.
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
    let ty = table.ty(&scope);
    let value = conv::engine_ref_of(&mut scope, value, ty.element())?;
    table.set(&mut scope, index, value).map_err(Error::call)
}

pub(crate) fn table_grow(
    store: &mut Store<'_>,
    table: &Table,
    delta: u64,
    init: &Val<Wasmtime>,
) -> Result<u64> {
    let mut scope = RootScope::new(store);
    let ty = table.ty(&scope);
    let init = conv::engine_ref_of(&mut scope, init, ty.element())?;
    table.grow(&mut scope, delta, init).map_err(Error::limit)
}

pub(crate) fn global_alloc(
    store: &mut Store<'_>,
    ty: &GlobalType,
    import: Option<ImportType<'_, Wasmtime>>,
    value: &Val<Wasmtime>,
) -> Result<Global> {
    let ty = match import {
        None => conv::engine_global_type(ty)?,
        Some(import) => module::import_type(&import)?
            .global()
            .cloned()
            .ok_or_else(|| Error::link("the import is no global".to_owned()))?,
    };
    let mut scope = RootScope::new(store);
    let value = conv::engine_val_of(&mut scope, value, ty.content())?;
    Global::new(&mut scope, ty, value).map_err(Error::call)
}

/// Null where there is no room for one more root.
pub(crate) fn global_get(store: &mut Store<'_>, global: &Global) -> Val<Wasmtime> {
    let mut scope = RootScope::new(store);
    let value = global.get(&mut scope);
    conv::val(&mut scope, value).unwrap_or_else(|_| {
        let ty = conv::global_type(&global.ty(&scope));
        match ty.value {
            ValType::Ref(ty) => Val::null(ty),
            _ => Val::I32(0),
        }
    })
}

pub(crate) fn global_set(
    store: &mut Store<'_>,
    global: &Global,
    value: &Val<Wasmtime>,
) -> Result<()> {
    let mut scope = RootScope::new(store);
    let ty = global.ty(&scope);
    let value = conv::engine_val_of(&mut scope, value, ty.content())?;
    global.set(&mut scope, value).map_err(Error::call)
}
