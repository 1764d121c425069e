//! The store's limiter: charges the [`Budget`] for memories and tables.

use std::rc::Rc;

use sinew_bridge::Budget;
use wasmi::errors::{MemoryError, TableError};
use wasmi_core::LimiterError;

/// What wasmi asks before a memory or table is made or grows.
pub(crate) struct Limiter {
    budget: Rc<Budget>,
    /// What the next growths take has been charged already.
    prepaid: bool,
    /// No memory of the store may become longer than this many bytes.
    ///
    /// Wasmi panics within `memory.grow` when a memory is to outgrow the buffer it was given, so
    /// this is the least capacity of those reservations that are shorter than was asked for, and
    /// of an unbounded memory.
    capacity: u64,
    /// Bytes and elements that the store has been charged for.
    bytes: u64,
    elements: u64,
    /// What was let grow last, should it fail.
    pending: u64,
    /// `table.grow` has run out of fuel.
    table_out_of_fuel: bool,
}

impl Limiter {
    pub(crate) fn new(budget: Rc<Budget>, capacity: u64) -> Self {
        Self {
            budget,
            prepaid: false,
            capacity,
            bytes: 0,
            elements: 0,
            pending: 0,
            table_out_of_fuel: false,
        }
    }

    /// Charges for memories and tables that are about to be made; nothing when refused.
    pub(crate) fn charge(&mut self, bytes: u64, elements: u64) -> bool {
        if !self.budget.memory_growing(0, bytes) {
            return false;
        }
        if !self.budget.table_growing(0, elements) {
            self.budget.memory_grow_failed(bytes);
            return false;
        }
        self.bytes += bytes;
        self.elements += elements;
        true
    }

    /// Takes a charge back.
    pub(crate) fn refund(&mut self, bytes: u64, elements: u64) {
        self.budget.memory_grow_failed(bytes);
        self.budget.table_grow_failed(elements);
        self.bytes -= bytes;
        self.elements -= elements;
    }

    /// Whether what follows has been charged.
    pub(crate) fn set_prepaid(&mut self, prepaid: bool) {
        self.prepaid = prepaid;
    }

    /// A reservation is only this long, although its memory may ask for more.
    pub(crate) fn lower_capacity(&mut self, capacity: u64) {
        self.capacity = self.capacity.min(capacity);
    }

    /// Whether the last time slice ended in `table.grow`, asked once.
    pub(crate) fn take_table_out_of_fuel(&mut self) -> bool {
        std::mem::take(&mut self.table_out_of_fuel)
    }
}

impl Drop for Limiter {
    /// The store goes, and with it all that it was charged for.
    fn drop(&mut self) {
        self.budget.memory_grow_failed(self.bytes);
        self.budget.table_grow_failed(self.elements);
    }
}

impl wasmi::ResourceLimiter for Limiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> Result<bool, LimiterError> {
        let (current, desired) = (current as u64, desired as u64);
        if self.prepaid {
            return Ok(true);
        }
        if desired > self.capacity || !self.budget.memory_growing(current, desired) {
            return Ok(false);
        }
        self.pending = desired - current;
        self.bytes += self.pending;
        Ok(true)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> Result<bool, LimiterError> {
        let (current, desired) = (current as u64, desired as u64);
        if self.prepaid {
            return Ok(true);
        }
        if !self.budget.table_growing(current, desired) {
            return Ok(false);
        }
        self.pending = desired - current;
        self.elements += self.pending;
        Ok(true)
    }

    fn memory_grow_failed(&mut self, _error: &MemoryError) -> Result<(), LimiterError> {
        if !self.prepaid {
            let bytes = std::mem::take(&mut self.pending);
            self.refund(bytes, 0);
        }
        Ok(())
    }

    fn table_grow_failed(&mut self, error: &TableError) -> Result<(), LimiterError> {
        self.table_out_of_fuel = matches!(error, TableError::OutOfFuel { .. });
        if !self.prepaid {
            let elements = std::mem::take(&mut self.pending);
            self.refund(0, elements);
        }
        Ok(())
    }

    // The budget alone decides how many there may be.
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
