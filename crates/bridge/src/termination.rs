//! Stopping a runtime for good.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU8, Ordering};

/// Why a runtime was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Reason {
    /// Its deadline passed.
    Deadline = 1,
    /// Another thread asked for it.
    Interrupted = 2,
    /// A host function panicked; the runtime is poisoned.
    Panicked = 3,
}

/// The sticky stop flag of one runtime, shared with every engine it drives.
///
/// Each crossing between JavaScript and wasm looks at it first. Once set it stays set: JavaScript
/// cannot catch the termination, no `finally` block and no job runs on, and every later call fails
/// at once.
#[derive(Debug, Default)]
pub struct Termination {
    reason: AtomicU8,
    panic: Mutex<Option<String>>,
}

impl Termination {
    /// Whether the runtime has been stopped.
    #[inline]
    pub fn is_set(&self) -> bool {
        self.reason.load(Ordering::Relaxed) != 0
    }

    /// Why the runtime was stopped, if it was.
    pub fn reason(&self) -> Option<Reason> {
        match self.reason.load(Ordering::Acquire) {
            1 => Some(Reason::Deadline),
            2 => Some(Reason::Interrupted),
            3 => Some(Reason::Panicked),
            _ => None,
        }
    }

    /// Stops the runtime; the first reason stays.
    pub fn set(&self, reason: Reason) {
        let _ = self
            .reason
            .compare_exchange(0, reason as u8, Ordering::AcqRel, Ordering::Acquire);
    }

    /// Poisons the runtime after a panic with this payload.
    pub fn set_panicked(&self, payload: &(dyn std::any::Any + Send)) {
        let message = payload
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| payload.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "a panic without a message".to_owned());
        self.panic
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
            .get_or_insert(message);
        self.set(Reason::Panicked);
    }

    /// The message of the panic that poisoned the runtime.
    pub fn panic_message(&self) -> Option<String> {
        self.panic
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
            .clone()
    }
}
