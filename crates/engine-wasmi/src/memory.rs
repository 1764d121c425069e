//! Memories, tables and globals.
//!
//! A memory of wasmi's own making is a `Vec`: it is filled with zeros eagerly, and it moves when it
//! grows, under the feet of JavaScript's views. So every memory of a store is made here, over
//! address space that is reserved for all it may become.

use std::collections::HashMap;

use sinew_bridge::{AddressType, GlobalType, MemoryType, TableType, Val};
use wasmi::{Global, Memory, Table};

use crate::store::{StoreMut, reserve_entities};
use crate::{Error, Wasmi, conv};

const PAGE: u64 = 1 << conv::PAGE_SIZE_LOG2;

/// What is reserved for a memory with 32-bit addresses that has no maximum.
const MAX_BYTES_32: u64 = 4 << 30;

/// What is reserved for a memory with 64-bit addresses at most.
pub(crate) const MAX_BYTES: u64 = 64 << 30;

/// The largest maximum, in pages, with which wasmi can grow a memory: it multiplies by the page
/// size in 64 bits, and panics when that overflows.
const MAX_PAGES: u64 = u64::MAX / PAGE;

/// Pages that are filled before they are given back, see [`grow_in_chunks`].
const CHUNK: u64 = (1 << 20) / PAGE;

/// Address space that memories of a store own, by base address.
#[derive(Default)]
pub(crate) struct Reservations(HashMap<usize, Reservation>);

struct Reservation {
    map: map::Map,
    /// Whether the memory's declared maximum is one more page than wasmi was told.
    clipped: bool,
}

/// Fresh address space for `bytes` at best, for `least` at least.
fn reserve(bytes: u64, least: u64) -> Result<map::Map, Error> {
    let refused = || Error::limit("no address space for a memory");
    let mut bytes = usize::try_from(bytes).unwrap_or(usize::MAX).min(map::MOST);
    let least = usize::try_from(least).map_err(|_| refused())?;
    bytes = bytes.max(least);
    // A system that counts what it may have to back refuses much at once: less may do.
    loop {
        match map::Map::new(bytes.max(PAGE as usize)) {
            Some(map) => return Ok(map),
            None if bytes == least => return Err(refused()),
            None => bytes = (bytes / 2).max(least),
        }
    }
}

/// Bytes of a memory's minimum, if a memory can be that long.
fn minimum_bytes(ty: &MemoryType) -> Option<u64> {
    ty.limits.min.checked_mul(PAGE)
}

/// Bytes that the minima of memories take together.
pub(crate) fn sum_of_minima(types: &[MemoryType]) -> Result<u64, Error> {
    types
        .iter()
        .try_fold(0u64, |sum, ty| sum.checked_add(minimum_bytes(ty)?))
        .ok_or_else(|| Error::limit("more memory than there are addresses"))
}

/// A memory that has its address space, and nothing else yet.
pub(crate) struct Prepared {
    map: map::Map,
    /// The type with a minimum of 0.
    ty: wasmi::MemoryType,
    /// The minimum.
    pages: u64,
    /// The most that is of use to it.
    wanted: u64,
    clipped: bool,
}

/// Takes address space for a memory.
pub(crate) fn prepare(store: &StoreMut<'_>, ty: &MemoryType) -> Result<Prepared, Error> {
    if ty.limits.max.is_some_and(|max| max < ty.limits.min) {
        return Err(Error::other("a memory's minimum exceeds its maximum"));
    }
    let mut empty = *ty;
    empty.limits.min = 0;
    empty.limits.max = ty.limits.max.map(|max| max.min(MAX_PAGES));
    let empty = conv::memory_type(&empty)?;
    let most = match ty.address {
        AddressType::I32 => MAX_BYTES_32,
        AddressType::I64 => MAX_BYTES,
    };
    let least = minimum_bytes(ty)
        .filter(|bytes| *bytes <= most)
        .ok_or_else(|| Error::limit("a memory too long to reserve"))?;
    let declared = ty
        .limits
        .max
        .map_or(u64::MAX, |max| max.saturating_mul(PAGE));
    let budget = store.data().data.budget.limits().memory_bytes;
    let budget = budget.checked_next_multiple_of(PAGE).unwrap_or(u64::MAX);
    let wanted = declared.min(most).min(budget).max(least);
    Ok(Prepared {
        map: reserve(wanted, least)?,
        ty: empty,
        pages: ty.limits.min,
        wanted,
        clipped: ty.limits.max.is_some_and(|max| max > MAX_PAGES),
    })
}

/// A memory whose minimum has been charged.
pub(crate) fn create(store: &mut StoreMut<'_>, prepared: Prepared) -> Result<Memory, Error> {
    let Prepared {
        mut map,
        ty,
        pages,
        wanted,
        clipped,
    } = prepared;
    let capacity = map.len() as u64;
    // SAFETY: the bytes are mapped, zero and used by nobody else. They live until the reservations
    // are dropped, which is after wasmi's store (see the fields of `Store`), whose memory is the
    // only keeper of this reference. JavaScript's views of it are raw pointers, which the seam
    // requires to be dropped before the store.
    let bytes = unsafe { map.as_static() };
    let base = bytes.as_ptr().addr();
    let state = store.data_mut();
    if capacity < wanted {
        state.limiter.lower_capacity(capacity);
    }
    let reservation = Reservation { map, clipped };
    state.reservations.borrow_mut().0.insert(base, reservation);

    state.limiter.set_prepaid(true);
    let memory = Memory::new_static(&mut *store, ty, bytes).map_err(Error::from);
    let memory = memory.and_then(|memory| {
        grow_in_chunks(store, &memory, pages)?;
        Ok(memory)
    });
    store.data_mut().limiter.set_prepaid(false);
    memory
}

/// Grows a memory by pages that have been charged for, and that its reservation has.
///
/// Wasmi fills new pages with zeros, which they are already: the system gets them back at once, so
/// that they take no memory before they are used.
fn grow_in_chunks(store: &mut StoreMut<'_>, memory: &Memory, delta: u64) -> Result<(), Error> {
    let mut rest = delta;
    while rest > 0 {
        let pages = rest.min(CHUNK);
        let (start, len) = (memory.data_size(&*store), (pages * PAGE) as usize);
        with_map(store, memory, |map| map.about_to_fill(start, len));
        memory.grow(&mut *store, pages)?;
        with_map(store, memory, |map| map.give_back(start, len));
        rest -= pages;
    }
    Ok(())
}

/// Runs `f` on the map that a memory is over.
fn with_map(store: &StoreMut<'_>, memory: &Memory, f: impl FnOnce(&map::Map)) {
    let base = memory.data_ptr(store).addr();
    if let Some(reservation) = store.data().reservations.borrow().0.get(&base) {
        f(&reservation.map);
    }
}

pub(crate) fn mem_alloc(store: &mut StoreMut<'_>, ty: &MemoryType) -> Result<Memory, Error> {
    let prepared = prepare(store, ty)?;
    let bytes = sum_of_minima(std::slice::from_ref(ty))?;
    if !store.data_mut().limiter.charge(bytes, 0) {
        return Err(Error::limit("the memory limit is reached"));
    }
    let memory = if store.data().data.budget.memory() {
        create(store, prepared)
    } else {
        Err(Error::limit("too many memories"))
    };
    if memory.is_err() {
        store.data_mut().limiter.refund(bytes, 0);
    }
    memory
}

pub(crate) fn mem_type(store: &mut StoreMut<'_>, memory: &Memory) -> MemoryType {
    let mut ty = conv::from_memory_type(memory.ty(&*store), memory.size(&*store));
    let base = memory.data_ptr(&*store).addr();
    let reservations = store.data().reservations.borrow();
    if reservations
        .0
        .get(&base)
        .is_some_and(|memory| memory.clipped)
    {
        ty.limits.max = ty.limits.max.map(|max| max + 1);
    }
    ty
}

pub(crate) fn mem_data(store: &mut StoreMut<'_>, memory: &Memory) -> (*mut u8, usize) {
    (memory.data_ptr(&*store), memory.data_size(&*store))
}

pub(crate) fn mem_grow(
    store: &mut StoreMut<'_>,
    memory: &Memory,
    delta: u64,
) -> Result<u64, Error> {
    if delta <= CHUNK {
        return Ok(memory.grow(store, delta)?);
    }
    let refused = || Error::limit("a memory cannot grow that far");
    let before = memory.size(&*store);
    let bytes = before
        .checked_add(delta)
        .and_then(|pages| pages.checked_mul(PAGE));
    let capacity = {
        let base = memory.data_ptr(&*store).addr();
        let reservations = store.data().reservations.borrow();
        let reserved = reservations
            .0
            .get(&base)
            .map_or(0, |memory| memory.map.len() as u64);
        let maximum = memory.ty(&*store).maximum().unwrap_or(MAX_PAGES);
        reserved.min(maximum.saturating_mul(PAGE))
    };
    if bytes.is_none_or(|bytes| bytes > capacity) {
        return Err(refused());
    }
    let limiter = &mut store.data_mut().limiter;
    if !limiter.charge(delta * PAGE, 0) {
        return Err(refused());
    }
    limiter.set_prepaid(true);
    let grown = grow_in_chunks(store, memory, delta);
    store.data_mut().limiter.set_prepaid(false);
    grown.map(|()| before)
}

pub(crate) fn table_alloc(
    store: &mut StoreMut<'_>,
    ty: &TableType,
    init: &Val<Wasmi>,
) -> Result<Table, Error> {
    let (ty, init) = (conv::table_type(ty)?, conv::reference(init)?);
    if init.ty() != ty.element() {
        return Err(Error::mismatch(
            "a table's initial value is of another type",
        ));
    }
    let elements = ty.minimum();
    if !store.data_mut().limiter.charge(0, elements) {
        return Err(Error::limit("the limit of table elements is reached"));
    }
    let table = if store.data().data.budget.table() {
        store.data_mut().limiter.set_prepaid(true);
        let table = Table::new(&mut *store, ty, init).map_err(Error::from);
        store.data_mut().limiter.set_prepaid(false);
        table
    } else {
        Err(Error::limit("too many tables"))
    };
    if table.is_err() {
        store.data_mut().limiter.refund(0, elements);
    }
    table
}

pub(crate) fn table_type(store: &mut StoreMut<'_>, table: &Table) -> TableType {
    conv::from_table_type(table.ty(&*store), table.size(&*store))
}

pub(crate) fn table_get(store: &mut StoreMut<'_>, table: &Table, index: u64) -> Option<Val<Wasmi>> {
    let value = table.get(&*store, index)?;
    Some(conv::from_val(store, &value.into()))
}

pub(crate) fn table_set(
    store: &mut StoreMut<'_>,
    table: &Table,
    index: u64,
    value: &Val<Wasmi>,
) -> Result<(), Error> {
    Ok(table.set(store, index, conv::reference(value)?)?)
}

pub(crate) fn table_grow(
    store: &mut StoreMut<'_>,
    table: &Table,
    delta: u64,
    init: &Val<Wasmi>,
) -> Result<u64, Error> {
    Ok(table.grow(store, delta, conv::reference(init)?)?)
}

pub(crate) fn global_alloc(
    store: &mut StoreMut<'_>,
    ty: &GlobalType,
    value: &Val<Wasmi>,
) -> Result<Global, Error> {
    let value = conv::val(value)?;
    if value.ty() != conv::val_type(ty.value)? {
        return Err(Error::mismatch("a global's value is of another type"));
    }
    reserve_entities(store, 1)?;
    Ok(Global::new(store, value, conv::mutability(ty.mutable)))
}

pub(crate) fn global_set(
    store: &mut StoreMut<'_>,
    global: &Global,
    value: &Val<Wasmi>,
) -> Result<(), Error> {
    Ok(global.set(store, conv::val(value)?)?)
}

#[cfg(any(unix, windows))]
mod map {
    /// The longest map that is worth trying.
    pub(super) const MOST: usize = isize::MAX as usize;

    /// Zero-filled address space that the system backs when it is touched.
    pub(super) struct Map(memmap2::MmapMut);

    impl Map {
        pub(super) fn new(len: usize) -> Option<Self> {
            let mut options = memmap2::MmapOptions::new();
            options.len(len).no_reserve_swap().map_anon().ok().map(Self)
        }

        pub(super) fn len(&self) -> usize {
            self.0.len()
        }

        /// All bytes.
        ///
        /// # Safety
        /// The reference is not used after the map is dropped, and it is the only one.
        pub(super) unsafe fn as_static(&mut self) -> &'static mut [u8] {
            // SAFETY: the map is that long, and the caller answers for the lifetime.
            unsafe { std::slice::from_raw_parts_mut(self.0.as_mut_ptr(), self.0.len()) }
        }

        /// Has pages backed in one go, which is much cheaper than one by one.
        pub(super) fn about_to_fill(&self, start: usize, len: usize) {
            #[cfg(target_os = "linux")]
            // Older systems do not know how, which does no harm.
            drop(
                self.0
                    .advise_range(memmap2::Advice::PopulateWrite, start, len),
            );
            #[cfg(not(target_os = "linux"))]
            let _ = (start, len);
        }

        /// Lets the system take back pages that are all zeros.
        pub(super) fn give_back(&self, start: usize, len: usize) {
            #[cfg(target_os = "linux")]
            {
                // SAFETY: private anonymous pages read as zeros afterwards, which they did before:
                // the caller has not yet let anybody write to them. No reference to them is held.
                let given = unsafe {
                    self.0
                        .unchecked_advise_range(memmap2::UncheckedAdvice::DontNeed, start, len)
                };
                // It is a matter of thrift only.
                drop(given);
            }
            #[cfg(not(target_os = "linux"))]
            let _ = (start, len);
        }
    }
}

#[cfg(not(any(unix, windows)))]
mod map {
    /// What a memory may grow to beyond its minimum, since all of it is allocated at once.
    pub(super) const MOST: usize = 16 << 20;

    /// Room of fixed length from the allocator.
    pub(super) struct Map(*mut [u8]);

    impl Map {
        pub(super) fn new(len: usize) -> Option<Self> {
            let mut bytes = Vec::new();
            bytes.try_reserve_exact(len).ok()?;
            bytes.resize(len, 0);
            Some(Self(Box::into_raw(bytes.into_boxed_slice())))
        }

        pub(super) fn len(&self) -> usize {
            self.0.len()
        }

        /// All bytes.
        ///
        /// # Safety
        /// The reference is not used after the map is dropped, and it is the only one.
        pub(super) unsafe fn as_static(&mut self) -> &'static mut [u8] {
            // SAFETY: the pointer is from a box, and the caller answers for the lifetime.
            unsafe { &mut *self.0 }
        }

        pub(super) fn about_to_fill(&self, _start: usize, _len: usize) {}

        pub(super) fn give_back(&self, _start: usize, _len: usize) {}
    }

    impl Drop for Map {
        fn drop(&mut self) {
            // SAFETY: the pointer is from `Box::into_raw` in `new`, and nobody else frees it.
            drop(unsafe { Box::from_raw(self.0) });
        }
    }
}
