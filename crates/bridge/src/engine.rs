//! The wasm side of the seam.

use std::rc::Rc;
use std::sync::Arc;

use crate::val::{Extern, ImportType, Reference};
use crate::{
    Budget, EngineError, ExternKind, ExternPayload, FuncType, GlobalType, MemoryType, TableType,
    Termination, Val,
};

/// A WebAssembly engine, as the core specification's
/// [Embedding](https://webassembly.github.io/spec/core/appendix/embedding.html) appendix sees it.
///
/// # Rules for a backend
/// - It checks nothing that the caller has checked, and it creates no JavaScript error: it returns
///   an [`EngineError`] with a kind.
/// - It captures in the engine's closures what a host function owns, an `H::Data` of the type
///   `H: HostFunc<Self>`, in a [`ThreadBound`](crate::lend::ThreadBound), and plain data beside it.
/// - It never lets a panic cross the engine's frames: host function trampolines catch it, hand it to
///   [`Termination::set_panicked`] of the store's [`StoreData`], and return a trap.
/// - A [`HostTrap::Completion`] comes out of the outermost [`func_invoke`](Self::func_invoke) as
///   [`ErrorKind::Host`](crate::ErrorKind::Host); no wasm can catch it. An exception, of wasm's own
///   or of [`exn_throw`](Self::exn_throw), that nothing catches comes out as
///   [`ErrorKind::Exception`](crate::ErrorKind::Exception) and waits for [`exn_take`](Self::exn_take).
/// - A value that does not match the type it is for, where the types of modules decide, is
///   [`ErrorKind::Type`](crate::ErrorKind::Type): arguments, results of host functions, elements,
///   values of globals, fields of exceptions.
/// - Linear memories report to the store's [`Budget`] before they grow, and their base address does
///   not change when they do.
/// - When the store's [`Termination`] is set, running wasm ends within some 10 ms with
///   [`ErrorKind::Terminated`](crate::ErrorKind::Terminated), if [`EngineConfig::interruptible`] was asked for.
///
/// # Panics
/// Functions may panic where an entity of one store is used with another: callers keep them apart.
pub trait WasmEngine: Sized + 'static {
    /// Name of the engine, as the command line has it.
    const NAME: &'static str;
    /// Version of the engine.
    const VERSION: &'static str;
    /// What the engine can do.
    const FEATURES: WasmFeatures;

    /// What compiles modules: shared by all threads of a process.
    type Engine: Clone + Send + Sync + 'static;
    /// Owns all instances and their state.
    type Store: 'static;
    /// Exclusive access to a store, while it lasts.
    type StoreMut<'a>;
    /// A compiled module.
    type Module: Clone + Send + Sync + 'static;
    /// An instance in a store.
    type Instance: Clone + 'static;
    /// A function in a store.
    type Func: Clone + 'static;
    /// A linear memory in a store.
    type Memory: Clone + 'static;
    /// A table in a store.
    type Table: Clone + 'static;
    /// A global in a store.
    type Global: Clone + 'static;
    /// A tag in a store.
    type Tag: Clone + 'static;
    /// A non-null external reference, kept alive by the handle.
    type ExternRef: Clone + 'static;
    /// A non-null reference of the `any` hierarchy, kept alive by the handle.
    type AnyRef: Clone + 'static;
    /// A non-null reference to an exception, kept alive by the handle.
    type ExnRef: Clone + 'static;
    /// A [scalar](crate::ValType::is_scalar) value in the form the engine's fastest call takes.
    type Raw: Copy + 'static;
    /// The engine's error.
    type Error: EngineError;

    /// An engine for this configuration.
    fn engine_new(config: &EngineConfig) -> Result<Self::Engine, Self::Error>;

    /// Makes every store of `engine` look at its [`Termination`] soon. Callable from any thread.
    fn engine_interrupt(engine: &Self::Engine);

    /// [`store_init`](https://webassembly.github.io/spec/core/appendix/embedding.html#embed-store-init)
    fn store_new(engine: &Self::Engine, data: StoreData) -> Result<Self::Store, Self::Error>;

    /// Borrows a store.
    fn store_mut(store: &mut Self::Store) -> Self::StoreMut<'_>;

    /// Bytes of native stack that a first entry into a store may use beyond what the caller's own
    /// frames need.
    fn stack_reserve(engine: &Self::Engine) -> usize;

    /// `module_decode`, `module_validate` and compilation. The error has the byte offset in `bytes`.
    fn module_compile(engine: &Self::Engine, bytes: &[u8]) -> Result<Self::Module, Self::Error>;

    /// All that decides whether what [`module_serialize`](Self::module_serialize) returns can be
    /// used with another engine of this name and version: settings, target, features of the
    /// processor. `None`: modules are compiled as fast as they could be read from a disk.
    fn engine_compatibility(_engine: &Self::Engine) -> Option<Vec<u8>> {
        None
    }

    /// A module as an artifact, for [`module_deserialize`](Self::module_deserialize).
    fn module_serialize(_module: &Self::Module) -> Option<Vec<u8>> {
        None
    }

    /// The module that [`module_compile`](Self::module_compile) made of `bytes`, without compiling.
    ///
    /// # Safety
    /// `artifact` is unchanged since [`module_serialize`](Self::module_serialize) returned it for a
    /// module of exactly `bytes`, on an engine of this name, version and
    /// [`engine_compatibility`](Self::engine_compatibility).
    unsafe fn module_deserialize(
        engine: &Self::Engine,
        _artifact: &[u8],
        bytes: &[u8],
    ) -> Result<Self::Module, Self::Error> {
        Self::module_compile(engine, bytes)
    }

    /// `module_decode` and `module_validate` alone.
    fn module_validate(engine: &Self::Engine, bytes: &[u8]) -> Result<(), Self::Error>;

    /// [`module_instantiate`](https://webassembly.github.io/spec/core/appendix/embedding.html#embed-module-instantiate),
    /// start function included. `imports` are in the order of the module's import section.
    fn module_instantiate(
        store: &mut Self::StoreMut<'_>,
        module: &Self::Module,
        imports: &[Extern<Self>],
    ) -> Result<Self::Instance, Self::Error>;

    /// [`instance_export`](https://webassembly.github.io/spec/core/appendix/embedding.html#embed-instance-export).
    /// `name` and `kind` are those of an export of the instance's module.
    fn instance_export(
        store: &mut Self::StoreMut<'_>,
        instance: &Self::Instance,
        name: &str,
        kind: ExternKind,
    ) -> Option<Extern<Self>>;

    /// [`func_alloc`](https://webassembly.github.io/spec/core/appendix/embedding.html#embed-func-alloc):
    /// a host function that runs `H` with `data`, which is dropped with the store, on its thread, or
    /// before this returns an error. For an import its type is the one that the module asks for,
    /// with the module's own types, which `ty` shows only in outline.
    fn func_alloc<H: HostFunc<Self>>(
        store: &mut Self::StoreMut<'_>,
        ty: &FuncType,
        import: Option<ImportType<'_, Self>>,
        data: H::Data,
    ) -> Result<Self::Func, Self::Error>;

    /// [`func_type`](https://webassembly.github.io/spec/core/appendix/embedding.html#embed-func-type)
    fn func_type(store: &mut Self::StoreMut<'_>, func: &Self::Func) -> FuncType;

    /// What two handles have in common exactly when they are the same function of the store.
    fn func_identity(store: &mut Self::StoreMut<'_>, func: &Self::Func) -> FuncIdentity;

    /// The index of `func` in its module; `None` for a host function or where the engine cannot
    /// tell.
    fn func_index(store: &mut Self::StoreMut<'_>, func: &Self::Func) -> Option<u32>;

    /// [`func_invoke`](https://webassembly.github.io/spec/core/appendix/embedding.html#embed-func-invoke)
    /// of a [scalar](FuncType::is_scalar) signature, without allocation.
    ///
    /// `vals` has at least [`FuncType::raw_len`] elements: the parameters before the call, the
    /// results after it.
    fn func_invoke(
        store: &mut Self::StoreMut<'_>,
        func: &Self::Func,
        ty: &FuncType,
        vals: &mut [Self::Raw],
    ) -> Result<(), Self::Error>;

    /// [`func_invoke`](https://webassembly.github.io/spec/core/appendix/embedding.html#embed-func-invoke)
    /// of any signature. `results` has one element per result, its contents are overwritten.
    fn func_call(
        store: &mut Self::StoreMut<'_>,
        func: &Self::Func,
        params: &[Val<Self>],
        results: &mut [Val<Self>],
    ) -> Result<(), Self::Error>;

    /// A raw i32.
    fn raw_i32(value: i32) -> Self::Raw;
    /// A raw i64.
    fn raw_i64(value: i64) -> Self::Raw;
    /// A raw f32 of these bits.
    fn raw_f32(bits: u32) -> Self::Raw;
    /// A raw f64 of these bits.
    fn raw_f64(bits: u64) -> Self::Raw;
    /// The i32 of a raw value that is one; any number otherwise.
    fn raw_get_i32(raw: &Self::Raw) -> i32;
    /// The i64 of a raw value that is one; any number otherwise.
    fn raw_get_i64(raw: &Self::Raw) -> i64;
    /// The bits of a raw value that is an f32; any number otherwise.
    fn raw_get_f32(raw: &Self::Raw) -> u32;
    /// The bits of a raw value that is an f64; any number otherwise.
    fn raw_get_f64(raw: &Self::Raw) -> u64;

    /// A new external reference. Engines that never free one drop the payload with the store.
    fn extern_alloc(
        store: &mut Self::StoreMut<'_>,
        payload: ExternPayload,
    ) -> Result<Self::ExternRef, Self::Error>;

    /// What an external reference refers to: a number that [`extern_alloc`](Self::extern_alloc) put
    /// there, or what `extern.convert_any` made of a reference of the `any` hierarchy.
    fn extern_read(store: &mut Self::StoreMut<'_>, value: &Self::ExternRef) -> Reference<Self>;

    /// [`extern.convert_any`](https://webassembly.github.io/spec/core/exec/instructions.html#exec-extern-convert-any)
    fn extern_from_any(
        store: &mut Self::StoreMut<'_>,
        value: &Self::AnyRef,
    ) -> Result<Self::ExternRef, Self::Error>;

    /// [`any.convert_extern`](https://webassembly.github.io/spec/core/exec/instructions.html#exec-any-convert-extern)
    fn any_from_extern(
        store: &mut Self::StoreMut<'_>,
        value: &Self::ExternRef,
    ) -> Result<Self::AnyRef, Self::Error>;

    /// [`ref.i31`](https://webassembly.github.io/spec/core/exec/instructions.html#exec-ref-i31) of a
    /// number from -2^30 to 2^30 - 1.
    fn any_from_i31(
        store: &mut Self::StoreMut<'_>,
        value: i32,
    ) -> Result<Self::AnyRef, Self::Error>;

    /// What a reference of the `any` hierarchy refers to.
    fn any_read(store: &mut Self::StoreMut<'_>, value: &Self::AnyRef) -> Reference<Self>;

    /// Elements `range` of an array of `i16`; `None` when `value` is no such array, or out of its
    /// bounds.
    fn array_read_u16(
        store: &mut Self::StoreMut<'_>,
        value: &Self::AnyRef,
        range: std::ops::Range<u32>,
    ) -> Option<Vec<u16>>;

    /// Sets the elements of an array of mutable `i16` from `start` on; `None`, and nothing set, when
    /// `value` is no such array or too short.
    fn array_write_u16(
        store: &mut Self::StoreMut<'_>,
        value: &Self::AnyRef,
        start: u32,
        elements: &[u16],
    ) -> Option<()>;

    /// [`mem_alloc`](https://webassembly.github.io/spec/core/appendix/embedding.html#embed-mem-alloc)
    fn mem_alloc(
        store: &mut Self::StoreMut<'_>,
        ty: &MemoryType,
    ) -> Result<Self::Memory, Self::Error>;

    /// [`mem_type`](https://webassembly.github.io/spec/core/appendix/embedding.html#embed-mem-type),
    /// with the current size as minimum.
    fn mem_type(store: &mut Self::StoreMut<'_>, memory: &Self::Memory) -> MemoryType;

    /// Where the memory's bytes are now, and how many they are.
    fn mem_data(store: &mut Self::StoreMut<'_>, memory: &Self::Memory) -> (*mut u8, usize);

    /// [`mem_grow`](https://webassembly.github.io/spec/core/appendix/embedding.html#embed-mem-grow)
    /// by `delta` pages. The size before, in pages.
    fn mem_grow(
        store: &mut Self::StoreMut<'_>,
        memory: &Self::Memory,
        delta: u64,
    ) -> Result<u64, Self::Error>;

    /// [`table_alloc`](https://webassembly.github.io/spec/core/appendix/embedding.html#embed-table-alloc)
    fn table_alloc(
        store: &mut Self::StoreMut<'_>,
        ty: &TableType,
        init: &Val<Self>,
    ) -> Result<Self::Table, Self::Error>;

    /// [`table_type`](https://webassembly.github.io/spec/core/appendix/embedding.html#embed-table-type),
    /// with the current size as minimum.
    fn table_type(store: &mut Self::StoreMut<'_>, table: &Self::Table) -> TableType;

    /// [`table_size`](https://webassembly.github.io/spec/core/appendix/embedding.html#embed-table-size)
    fn table_size(store: &mut Self::StoreMut<'_>, table: &Self::Table) -> u64;

    /// [`table_read`](https://webassembly.github.io/spec/core/appendix/embedding.html#embed-table-read);
    /// `None` out of bounds.
    fn table_get(
        store: &mut Self::StoreMut<'_>,
        table: &Self::Table,
        index: u64,
    ) -> Option<Val<Self>>;

    /// [`table_write`](https://webassembly.github.io/spec/core/appendix/embedding.html#embed-table-write)
    fn table_set(
        store: &mut Self::StoreMut<'_>,
        table: &Self::Table,
        index: u64,
        value: &Val<Self>,
    ) -> Result<(), Self::Error>;

    /// [`table_grow`](https://webassembly.github.io/spec/core/appendix/embedding.html#embed-table-grow).
    /// The size before.
    fn table_grow(
        store: &mut Self::StoreMut<'_>,
        table: &Self::Table,
        delta: u64,
        init: &Val<Self>,
    ) -> Result<u64, Self::Error>;

    /// [`global_alloc`](https://webassembly.github.io/spec/core/appendix/embedding.html#embed-global-alloc);
    /// of an import's type as [`func_alloc`](Self::func_alloc) has it.
    fn global_alloc(
        store: &mut Self::StoreMut<'_>,
        ty: &GlobalType,
        import: Option<ImportType<'_, Self>>,
        value: &Val<Self>,
    ) -> Result<Self::Global, Self::Error>;

    /// [`global_type`](https://webassembly.github.io/spec/core/appendix/embedding.html#embed-global-type)
    fn global_type(store: &mut Self::StoreMut<'_>, global: &Self::Global) -> GlobalType;

    /// [`global_read`](https://webassembly.github.io/spec/core/appendix/embedding.html#embed-global-read)
    fn global_get(store: &mut Self::StoreMut<'_>, global: &Self::Global) -> Val<Self>;

    /// [`global_write`](https://webassembly.github.io/spec/core/appendix/embedding.html#embed-global-write)
    fn global_set(
        store: &mut Self::StoreMut<'_>,
        global: &Self::Global,
        value: &Val<Self>,
    ) -> Result<(), Self::Error>;

    /// [`tag_type`](https://webassembly.github.io/spec/core/appendix/embedding.html#embed-tag-type)
    fn tag_type(store: &mut Self::StoreMut<'_>, tag: &Self::Tag) -> FuncType;

    /// [`tag_alloc`](https://webassembly.github.io/spec/core/appendix/embedding.html#embed-tag-alloc)
    fn tag_alloc(store: &mut Self::StoreMut<'_>, ty: &FuncType) -> Result<Self::Tag, Self::Error>;

    /// Whether two handles are the same tag of the store.
    fn tag_eq(store: &mut Self::StoreMut<'_>, a: &Self::Tag, b: &Self::Tag) -> bool;

    /// [`exn_alloc`](https://webassembly.github.io/spec/core/appendix/embedding.html#embed-exn-alloc)
    fn exn_alloc(
        store: &mut Self::StoreMut<'_>,
        tag: &Self::Tag,
        fields: &[Val<Self>],
    ) -> Result<Self::ExnRef, Self::Error>;

    /// [`exn_tag`](https://webassembly.github.io/spec/core/appendix/embedding.html#embed-exn-tag)
    fn exn_tag(
        store: &mut Self::StoreMut<'_>,
        exn: &Self::ExnRef,
    ) -> Result<Self::Tag, Self::Error>;

    /// [`exn_read`](https://webassembly.github.io/spec/core/appendix/embedding.html#embed-exn-read)
    fn exn_read(
        store: &mut Self::StoreMut<'_>,
        exn: &Self::ExnRef,
    ) -> Result<Vec<Val<Self>>, Self::Error>;

    /// What two handles have in common exactly when they are the same exception; valid while a
    /// handle is alive.
    fn exn_identity(store: &mut Self::StoreMut<'_>, exn: &Self::ExnRef) -> u64;

    /// Leaves `exn` in the store for the host function that runs, which returns
    /// [`HostTrap::Exception`] next.
    fn exn_throw(store: &mut Self::StoreMut<'_>, exn: &Self::ExnRef);

    /// Takes the exception of an [`ErrorKind::Exception`](crate::ErrorKind::Exception) out of the
    /// store.
    fn exn_take(store: &mut Self::StoreMut<'_>) -> Option<Self::ExnRef>;
}

/// The body of the host functions of one kind.
pub trait HostFunc<W: WasmEngine>: 'static {
    /// What each of these functions owns.
    type Data: 'static;

    /// A call of [scalar](FuncType::is_scalar) signature: the parameters are in `vals`, the results
    /// are to be left there. `vals` has at least [`FuncType::raw_len`] elements.
    fn invoke(
        store: &mut W::StoreMut<'_>,
        data: &Self::Data,
        vals: &mut [W::Raw],
    ) -> Result<(), HostTrap>;

    /// A call of any other signature. `results` has one element per result.
    fn call(
        store: &mut W::StoreMut<'_>,
        data: &Self::Data,
        params: &[Val<W>],
        results: &mut [Val<W>],
    ) -> Result<(), HostTrap>;
}

/// The marker that a host function did not complete normally.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostTrap {
    /// The completion itself waits with the agent, and comes out the same on the other side of the
    /// wasm frames, which cannot catch it.
    Completion,
    /// The exception that [`WasmEngine::exn_throw`] left in the store, for wasm to catch.
    Exception,
}

impl std::fmt::Display for HostTrap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a host function did not return")
    }
}

impl std::error::Error for HostTrap {}

/// The identity of a function within its store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FuncIdentity(pub [usize; 4]);

/// What a store shares with the generic half.
#[derive(Clone)]
pub struct StoreData {
    /// The account that the store's limiter charges.
    pub budget: Rc<Budget>,
    /// The stop flag that running wasm obeys.
    pub termination: Arc<Termination>,
}

/// How an engine is to be set up.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EngineConfig {
    /// Whether running wasm can be stopped; costs up to a few percent.
    pub interruptible: bool,
    /// Bytes of native stack that wasm may use per store.
    pub stack_bytes: usize,
}

impl Default for EngineConfig {
    /// Not interruptible, 512 KiB of stack.
    fn default() -> Self {
        Self {
            interruptible: false,
            stack_bytes: 512 << 10,
        }
    }
}

macro_rules! features {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $field:ident: $label:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $name {
            $($(#[$doc])* pub $field: bool,)*
        }

        impl $name {
            /// All of them.
            pub const ALL: Self = Self { $($field: true,)* };
            /// None of them.
            pub const NONE: Self = Self { $($field: false,)* };

            /// Each capability's name and whether it is there, in the order of the README's table.
            pub fn rows(&self) -> Vec<(&'static str, bool)> {
                vec![$(($label, self.$field),)*]
            }

            /// These without the one of this name.
            pub fn without(mut self, name: &str) -> Self {
                $(self.$field &= name != $label;)*
                self
            }
        }
    };
}
pub(crate) use features;

features! {
    /// What a wasm engine can do beyond WebAssembly 2.0, which all of them can.
    WasmFeatures {
        /// 64-bit memories and tables.
        memory64: "memory64",
        /// Several memories in a module.
        multi_memory: "multiple memories",
        /// `return_call` and its kin.
        tail_call: "tail calls",
        /// Arithmetic in constant expressions.
        extended_const: "extended constant expressions",
        /// Relaxed vector instructions.
        relaxed_simd: "relaxed SIMD",
        /// `try_table`, `throw`, exception references.
        exceptions: "exceptions (exnref)",
        /// `call_ref`, non-null reference types.
        function_references: "typed function references",
        /// Structs, arrays, i31.
        gc: "garbage collection",
        /// Shared memories and atomic instructions.
        threads: "threads (shared memory)",
        /// JavaScript promise integration.
        stack_switching: "stack switching (JSPI)",
        /// Traps come with the names of the wasm functions that were active.
        backtraces: "wasm frames in stack traces",
        /// External references that wasm no longer holds are freed while the store lives.
        collects_externref: "collects external references",
    }
}
