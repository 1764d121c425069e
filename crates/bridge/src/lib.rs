//! The seam of Sinew.
//!
//! Any JavaScript engine pairs with any WebAssembly engine because each implements one trait:
//! [`JsHost`] names the abstract operations of ECMA-262, [`WasmEngine`] those of the core
//! specification's embedding appendix. Everything else of Sinew is written once, in terms of the
//! two.

pub mod binary;
pub mod budget;
pub mod class;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod convert;
#[cfg(feature = "conformance")]
pub mod empty;
pub mod engine;
pub mod error;
pub mod host;
pub mod lend;
pub mod stack;
pub mod termination;
pub mod trace;
pub mod types;
pub mod val;

pub use budget::{Budget, ResourceLimits};
pub use engine::{
    EngineConfig, FuncIdentity, HostFunc, HostTrap, StoreData, WasmEngine, WasmFeatures,
};
pub use error::{EngineError, ErrorClass, ErrorKind, Throw, TrapCode, WasmFrame};
pub use host::{
    Capability, Completion, FunctionSpec, Graveyard, HostConfig, HostData, HostHooks, Intrinsic,
    JsFeatures, JsHost, NativeFn, ObjectClass, PromiseState, Property, PropertyKey, PropertyKind,
    UNINITIALIZED, ValueType, WellKnownSymbol,
};
pub use termination::{Reason, Termination};
pub use trace::{Edge, Trace};
pub use types::{
    AddressType, ExternKind, ExternType, FuncType, GlobalType, HeapType, Limits, MemoryType,
    RefType, TableType, ValType,
};
pub use val::{Extern, ExternPayload, HostId, ImportType, Reference, ReleaseQueue, Val};
