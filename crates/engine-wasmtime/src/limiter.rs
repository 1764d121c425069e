//! The store's limiter, which charges the runtime's [`Budget`].

use std::rc::Rc;

use sinew_bridge::Budget;
use wasmtime::ResourceLimiter;

/// Charges a [`Budget`].
pub(crate) struct Limiter {
    budget: Rc<Budget>,
    /// What the creation that is going on has been charged so far.
    pub(crate) created: Created,
    /// The last growth that was permitted, in case it fails.
    growing: u64,
}

/// The charges of one creation, of an instance or of a memory or table by itself.
#[derive(Clone, Copy, Default)]
pub(crate) struct Created {
    memory_bytes: u64,
    table_elements: u64,
    /// Whether something was refused.
    pub(crate) refused: bool,
    /// What is created by itself, so that no instance counts it.
    by_itself: Option<ByItself>,
}

/// What can be created outside an instance and counts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum ByItself {
    Memory,
    Table,
}

impl Created {
    /// The charges, so far, of a memory or table that no module defines.
    pub(crate) fn by_itself(what: ByItself) -> Self {
        Self {
            by_itself: Some(what),
            ..Self::default()
        }
    }
}

// SAFETY: `ResourceLimiter` asks for `Send`, which `Rc` is not. A limiter exists only within the data
// of a store, next to a `StoreData`; that has an `Rc` too, so the store is not `Send`, and neither
// is any reference to it: the limiter stays on the thread it was made on.
unsafe impl Send for Limiter {}

impl Limiter {
    pub(crate) fn new(budget: Rc<Budget>) -> Self {
        Self {
            budget,
            created: Created::default(),
            growing: 0,
        }
    }

    /// Gives back what a creation was charged that came to nothing.
    pub(crate) fn refund(&self, created: Created) {
        self.budget.memory_grow_failed(created.memory_bytes);
        self.budget.table_grow_failed(created.table_elements);
    }

    fn memory(&mut self, current: u64, desired: u64) -> bool {
        if !self.budget.memory_growing(current, desired) {
            return false;
        }
        let counts = self.created.by_itself == Some(ByItself::Memory);
        if counts && !self.budget.memory() {
            self.budget.memory_grow_failed(desired - current);
            return false;
        }
        true
    }

    fn table(&mut self, current: u64, desired: u64) -> bool {
        if !self.budget.table_growing(current, desired) {
            return false;
        }
        let counts = self.created.by_itself == Some(ByItself::Table);
        if counts && !self.budget.table() {
            self.budget.table_grow_failed(desired - current);
            return false;
        }
        true
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let fits = self.memory(current as u64, desired as u64);
        if fits {
            self.growing = desired.saturating_sub(current) as u64;
            if current == 0 {
                let sum = self.created.memory_bytes.saturating_add(self.growing);
                self.created.memory_bytes = sum;
            }
        } else {
            self.created.refused = true;
        }
        Ok(fits)
    }

    // Not every failure has been permitted before, but those that have not are of memories with pages
    // of one byte, and there are none.
    fn memory_grow_failed(&mut self, _: wasmtime::Error) -> wasmtime::Result<()> {
        self.budget
            .memory_grow_failed(std::mem::take(&mut self.growing));
        Ok(())
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        // Wasmtime would refuse what exceeds the maximum after having asked. With that out of the way
        // no table growth fails once it is permitted.
        let exceeds = maximum.is_some_and(|maximum| desired > maximum);
        let fits = !exceeds && self.table(current as u64, desired as u64);
        if !fits {
            self.created.refused = true;
        } else if current == 0 {
            let sum = self.created.table_elements.saturating_add(desired as u64);
            self.created.table_elements = sum;
        }
        Ok(fits)
    }

    // The budget alone decides.
    fn instances(&self) -> usize {
        usize::MAX
    }

    fn tables(&self) -> usize {
        usize::MAX
    }

    fn memories(&self) -> usize {
        usize::MAX
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use sinew_bridge::{
        AddressType, EngineConfig, Limits, MemoryType, ResourceLimits, StoreData, Termination,
        WasmEngine,
    };

    use super::*;
    use crate::Wasmtime;

    /// A 64-bit memory ends with its reservation; growth beyond is permitted, fails, and is not
    /// charged.
    #[test]
    fn failed_growth_is_refunded() {
        let engine = Wasmtime::engine_new(&EngineConfig::default()).unwrap();
        let budget = Rc::new(Budget::new(ResourceLimits {
            memory_bytes: u64::MAX,
            ..ResourceLimits::default()
        }));
        let data = StoreData {
            budget: budget.clone(),
            termination: Arc::new(Termination::default()),
        };
        let mut store = Wasmtime::store_new(&engine, data).unwrap();
        let mut cx = Wasmtime::store_mut(&mut store);
        let ty = MemoryType {
            limits: Limits { min: 1, max: None },
            address: AddressType::I64,
            shared: false,
            page_size_log2: 16,
        };
        let memory = Wasmtime::mem_alloc(&mut cx, &ty).unwrap();
        for delta in [1 << 16, 1 << 30] {
            assert!(Wasmtime::mem_grow(&mut cx, &memory, delta).is_err());
            assert_eq!(budget.memory_bytes(), 1 << 16);
        }
        assert_eq!(Wasmtime::mem_grow(&mut cx, &memory, 1).unwrap(), 1);
        assert_eq!(budget.memory_bytes(), 2 << 16);
    }
}
