//! What wasm may use of the machine: one sum over every store of a runtime.

use std::cell::Cell;

/// Upper bounds on what the wasm side of a runtime may allocate, summed over all its stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResourceLimits {
    /// Bytes of linear memory.
    pub memory_bytes: u64,
    /// Elements of all tables.
    pub table_elements: u64,
    /// Number of linear memories.
    pub memories: u64,
    /// Number of tables.
    pub tables: u64,
    /// Number of instances.
    pub instances: u64,
}

impl Default for ResourceLimits {
    /// 4 GiB of memory, 10,000,000 table elements, 10,000 memories, 10,000 tables, 10,000 instances.
    fn default() -> Self {
        Self {
            memory_bytes: 4 << 30,
            table_elements: 10_000_000,
            memories: 10_000,
            tables: 10_000,
            instances: 10_000,
        }
    }
}

/// The running account of a runtime against its [`ResourceLimits`].
///
/// Engines report through their limiters; a refused request changes nothing.
#[derive(Debug)]
pub struct Budget {
    limits: ResourceLimits,
    memory_bytes: Cell<u64>,
    table_elements: Cell<u64>,
    memories: Cell<u64>,
    tables: Cell<u64>,
    instances: Cell<u64>,
    grown: Cell<bool>,
}

fn charge(used: &Cell<u64>, amount: u64, limit: u64) -> bool {
    match used.get().checked_add(amount) {
        Some(sum) if sum <= limit => {
            used.set(sum);
            true
        }
        _ => false,
    }
}

impl Budget {
    /// An empty account.
    pub fn new(limits: ResourceLimits) -> Self {
        Self {
            limits,
            memory_bytes: Cell::new(0),
            table_elements: Cell::new(0),
            memories: Cell::new(0),
            tables: Cell::new(0),
            instances: Cell::new(0),
            grown: Cell::new(false),
        }
    }

    /// The bounds of this account.
    pub fn limits(&self) -> &ResourceLimits {
        &self.limits
    }

    /// Bytes of linear memory in use.
    pub fn memory_bytes(&self) -> u64 {
        self.memory_bytes.get()
    }

    /// A memory wants to go from `current` to `desired` bytes. Also notes that some memory of the
    /// runtime may have grown, for [`take_grown`](Self::take_grown).
    pub fn memory_growing(&self, current: u64, desired: u64) -> bool {
        self.grown.set(true);
        charge(
            &self.memory_bytes,
            desired.saturating_sub(current),
            self.limits.memory_bytes,
        )
    }

    /// A memory that was let grow by `bytes` could not.
    pub fn memory_grow_failed(&self, bytes: u64) {
        self.memory_bytes
            .set(self.memory_bytes.get().saturating_sub(bytes));
    }

    /// A table wants to go from `current` to `desired` elements.
    pub fn table_growing(&self, current: u64, desired: u64) -> bool {
        charge(
            &self.table_elements,
            desired.saturating_sub(current),
            self.limits.table_elements,
        )
    }

    /// A table that was let grow by `elements` could not.
    pub fn table_grow_failed(&self, elements: u64) {
        self.table_elements
            .set(self.table_elements.get().saturating_sub(elements));
    }

    /// An instance with this many memories and tables of its own is to be made.
    pub fn instance(&self, memories: u64, tables: u64) -> bool {
        let fits = |used: &Cell<u64>, amount, limit| used.get().saturating_add(amount) <= limit;
        fits(&self.memories, memories, self.limits.memories)
            && fits(&self.tables, tables, self.limits.tables)
            && charge(&self.instances, 1, self.limits.instances)
            && charge(&self.memories, memories, self.limits.memories)
            && charge(&self.tables, tables, self.limits.tables)
    }

    /// A memory outside any instance is to be made.
    pub fn memory(&self) -> bool {
        charge(&self.memories, 1, self.limits.memories)
    }

    /// A table outside any instance is to be made.
    pub fn table(&self) -> bool {
        charge(&self.tables, 1, self.limits.tables)
    }

    /// Whether a memory may have grown since the last time [`take_grown`](Self::take_grown) was
    /// asked: the one load that each edge between wasm and JavaScript pays.
    #[inline]
    pub fn grown(&self) -> bool {
        self.grown.get()
    }

    /// Like [`grown`](Self::grown), and starts anew.
    pub fn take_grown(&self) -> bool {
        self.grown.replace(false)
    }
}
