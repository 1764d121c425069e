//! The floors, and the engines on their own.
//!
//! What is made here is leaked: it lives to the end of the process, as its measurements do.

#[cfg(feature = "boa")]
pub mod boa;
#[cfg(all(feature = "boa", feature = "wasmi"))]
pub mod boa_wasmi;
#[cfg(all(feature = "boa", feature = "wasmtime"))]
pub mod boa_wasmtime;
#[cfg(feature = "quickjs")]
pub mod quickjs;
#[cfg(all(feature = "quickjs", feature = "wasmi"))]
pub mod quickjs_wasmi;
#[cfg(all(feature = "quickjs", feature = "wasmtime"))]
pub mod quickjs_wasmtime;
#[cfg(feature = "wasmi")]
pub mod wasmi;
#[cfg(feature = "wasmtime")]
pub mod wasmtime;

/// The most values that a floor passes.
pub const MOST: usize = 8;

/// What a wasm engine's closure captures, which has to be `Send + Sync`.
pub struct OneThread<T>(T);

impl<T: Copy> OneThread<T> {
    /// # Safety
    /// Only the current thread may use the value.
    pub unsafe fn new(value: T) -> Self {
        Self(value)
    }

    /// The value.
    #[inline]
    pub fn get(&self) -> T {
        self.0
    }
}

// SAFETY: the contract of `new` is that no other thread touches it.
unsafe impl<T> Send for OneThread<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for OneThread<T> {}
