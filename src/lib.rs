//! WebAssembly for small JavaScript engines.
//!
//! QuickJS and Boa have no WebAssembly. Sinew gives it to them: `import * as math from
//! "./math.wasm"`, `await import()`, wasm that imports JavaScript and other wasm, the `WebAssembly`
//! namespace. Any JavaScript engine pairs with any wasm engine; Cargo features choose them.
//!
//! | feature | engine | |
//! |---|---|---|
//! | `quickjs` | `QuickJs` | needs a C compiler |
//! | `boa` (default) | `Boa` | pure Rust |
//! | `wasmtime` | `Wasmtime` | a compiler, the fast one |
//! | `wasmi` (default) | `Wasmi` | an interpreter, pure Rust |
//! | `full` | all four | |
//! | `wat` | | `.wat` files as modules |
//!
//! # Example
//!
//! ```
//! # #[cfg(all(any(feature = "quickjs", feature = "boa"), any(feature = "wasmtime", feature = "wasmi")))]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use sinew::{DefaultEngine, DefaultHost, Runtime};
//!
//! let mut runtime = Runtime::<DefaultHost, DefaultEngine>::builder()
//!     .root("examples/math")
//!     .build()?;
//! let math = runtime.import("./math.wasm")?;
//! let add = runtime.get(&math, "add")?;
//! let sum: i32 = runtime.call(&add, (20, 22))?;
//! assert_eq!(sum, 42);
//! # Ok(())
//! # }
//! # #[cfg(not(all(any(feature = "quickjs", feature = "boa"), any(feature = "wasmtime", feature = "wasmi"))))]
//! # fn main() {}
//! ```

#![deny(unsafe_code)]

mod agent;
mod builder;
mod cache;
mod compile_cache;
#[cfg(not(feature = "wasmtime"))]
#[path = "compile_cache/disabled.rs"]
mod disk;
#[cfg(feature = "wasmtime")]
#[path = "compile_cache/enabled.rs"]
mod disk;
mod error;
mod esm;
mod fetch;
mod missing;
mod runtime;
mod store;
mod value;
#[cfg(not(feature = "wat"))]
#[path = "wat/disabled.rs"]
mod wat_text;
#[cfg(feature = "wat")]
#[path = "wat/enabled.rs"]
mod wat_text;
mod watchdog;
mod webassembly;

pub use builder::{RuntimeBuilder, Sink};
pub use cache::ModuleCache;
pub use compile_cache::{CompileCache, CompileCacheStats};
pub use error::{Error, ErrorKind};
pub use esm::ModuleSource;
pub use esm::loader::LoadHook;
pub use missing::MissingGlobal;
pub use runtime::{InterruptHandle, Runtime, Unloaded};
pub use sinew_bridge::binary::{self, ModuleInfo};
pub use sinew_bridge::{
    EngineConfig, JsFeatures, JsHost, ResourceLimits, ValueType, WasmEngine, WasmFeatures, types,
};
pub use sinew_registry::Listing;
pub use sinew_web::{Apis, FetchBody, FetchHead, FetchReply, FetchRequest};
pub use value::{FromJs, HostFn, IntoArgs, IntoJs, Local, Value};
pub use webassembly::WasmModule;

#[cfg(feature = "wasmi")]
pub use sinew_engine_wasmi::Wasmi;
#[cfg(feature = "wasmtime")]
pub use sinew_engine_wasmtime::Wasmtime;
#[cfg(feature = "boa")]
pub use sinew_js_boa::Boa;
#[cfg(feature = "quickjs")]
pub use sinew_js_quickjs::QuickJs;

cfg_if::cfg_if! {
    if #[cfg(feature = "wasmtime")] {
        /// The fastest wasm engine that is compiled in: Wasmtime, else Wasmi.
        pub type DefaultEngine = Wasmtime;
    } else if #[cfg(feature = "wasmi")] {
        /// The fastest wasm engine that is compiled in: Wasmtime, else Wasmi.
        pub type DefaultEngine = Wasmi;
    }
}

cfg_if::cfg_if! {
    if #[cfg(feature = "quickjs")] {
        /// The fastest JavaScript engine that is compiled in: QuickJS, else Boa.
        pub type DefaultHost = QuickJs;
    } else if #[cfg(feature = "boa")] {
        /// The fastest JavaScript engine that is compiled in: QuickJS, else Boa.
        pub type DefaultHost = Boa;
    }
}

/// The examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
