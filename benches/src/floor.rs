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

#[cfg(feature = "boa")]
pub use boa::Boa;
#[cfg(feature = "quickjs")]
pub use quickjs::QuickJs;
#[cfg(feature = "wasmi")]
pub use wasmi::Wasmi;
#[cfg(feature = "wasmtime")]
pub use wasmtime::Wasmtime;

use std::any::Any;

use crate::row::Subject;

/// What a JavaScript engine does on its own.
pub trait JsByHand: 'static {
    /// Its name.
    const NAME: &'static str;

    /// The loops `native` and `js`, calls of a native and of a JavaScript function in JavaScript,
    /// less `empty`; and `call`, calls of a JavaScript function from Rust.
    fn alone() -> impl Subject + 'static;

    /// Makes a context, runs a script that returns 3 in it, and drops it.
    fn fresh() -> f64;
}

/// What a wasm engine does on its own.
pub trait WasmByHand: Sized + Sync + 'static {
    /// Its name.
    const NAME: &'static str;
    /// The loops of [`alone`](Self::alone), each with what is subtracted from it.
    const LOOPS: &'static [(&'static str, Option<&'static str>)];
    /// A compiled module.
    type Module: Sync + 'static;

    /// Calls from Rust, and of Rust from wasm.
    fn alone() -> impl Subject + 'static;

    /// An engine.
    fn new() -> Self;

    /// Compiles a module.
    fn compile(&self, bytes: &[u8]) -> Self::Module;

    /// A module as bytes that [`deserialize`](Self::deserialize) takes; `None` where there is
    /// nothing that would be worth keeping.
    fn serialize(&self, _module: &Self::Module) -> Option<Vec<u8>> {
        None
    }

    /// The module again, once these bytes and those it was compiled from have been hashed.
    fn deserialize(&self, _artifact: &[u8], _bytes: &[u8]) -> Option<Self::Module> {
        None
    }

    /// A store with so many instances of a module that imports nothing, and what the function `f`
    /// of the last one returns.
    fn instances(&self, module: &Self::Module, count: u32) -> (Box<dyn Any>, f64);

    /// Compiles and links modules that import the function `f` of others, of those with the
    /// indices that `imports` says; returns what `f` of the first one returns.
    fn graph(&self, modules: &[Vec<u8>], imports: fn(usize, usize) -> Vec<usize>) -> f64;

    /// Instantiates a module, and looks at each export.
    fn exports(&self, module: &Self::Module) -> usize;

    /// Calls the module's export `add` with 1 and 2, in a store of its own.
    fn first(&self, module: &Self::Module) -> f64;
}

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
