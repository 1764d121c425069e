//! WebAssembly values.

use std::fmt;
use std::sync::{Arc, Mutex};

use crate::{HeapType, RefType, WasmEngine};

/// A WebAssembly value in its general form.
///
/// Calls of [scalar](crate::FuncType::is_scalar) signatures do not use it: they move
/// [`WasmEngine::Raw`] values.
#[non_exhaustive]
pub enum Val<W: WasmEngine> {
    /// An i32.
    I32(i32),
    /// An i64.
    I64(i64),
    /// The bits of an f32.
    F32(u32),
    /// The bits of an f64.
    F64(u64),
    /// The bits of a v128, which JavaScript cannot see.
    V128(u128),
    /// A function reference; `None` is null.
    Func(Option<W::Func>),
    /// An external reference; `None` is null.
    Extern(Option<W::ExternRef>),
    /// A reference of the `any` hierarchy; `None` is null.
    Any(Option<W::AnyRef>),
    /// A reference to an exception, which JavaScript cannot see; `None` is null.
    Exn(Option<W::ExnRef>),
}

impl<W: WasmEngine> Clone for Val<W> {
    fn clone(&self) -> Self {
        match self {
            Val::I32(v) => Val::I32(*v),
            Val::I64(v) => Val::I64(*v),
            Val::F32(v) => Val::F32(*v),
            Val::F64(v) => Val::F64(*v),
            Val::V128(v) => Val::V128(*v),
            Val::Func(v) => Val::Func(v.clone()),
            Val::Extern(v) => Val::Extern(v.clone()),
            Val::Any(v) => Val::Any(v.clone()),
            Val::Exn(v) => Val::Exn(v.clone()),
        }
    }
}

impl<W: WasmEngine> Val<W> {
    /// The null of a reference type.
    pub fn null(ty: RefType) -> Self {
        match ty.heap {
            HeapType::Func | HeapType::NoFunc => Val::Func(None),
            HeapType::Extern | HeapType::NoExtern => Val::Extern(None),
            HeapType::Exn | HeapType::NoExn => Val::Exn(None),
            HeapType::Any
            | HeapType::Eq
            | HeapType::I31
            | HeapType::Struct
            | HeapType::Array
            | HeapType::None => Val::Any(None),
        }
    }
}

impl<W: WasmEngine> fmt::Debug for Val<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Val::I32(v) => write!(f, "i32:{v}"),
            Val::I64(v) => write!(f, "i64:{v}"),
            Val::F32(v) => write!(f, "f32:{}", f32::from_bits(*v)),
            Val::F64(v) => write!(f, "f64:{}", f64::from_bits(*v)),
            Val::V128(v) => write!(f, "v128:{v:#x}"),
            Val::Func(v) => write!(f, "funcref({})", if v.is_some() { "_" } else { "null" }),
            Val::Extern(v) => write!(f, "externref({})", if v.is_some() { "_" } else { "null" }),
            Val::Any(v) => write!(f, "anyref({})", if v.is_some() { "_" } else { "null" }),
            Val::Exn(v) => write!(f, "exnref({})", if v.is_some() { "_" } else { "null" }),
        }
    }
}

/// An entity that can be imported or exported.
#[allow(missing_docs, reason = "the names are the specification's")]
pub enum Extern<W: WasmEngine> {
    Func(W::Func),
    Table(W::Table),
    Memory(W::Memory),
    Global(W::Global),
    Tag(W::Tag),
}

impl<W: WasmEngine> Clone for Extern<W> {
    fn clone(&self) -> Self {
        match self {
            Extern::Func(v) => Extern::Func(v.clone()),
            Extern::Table(v) => Extern::Table(v.clone()),
            Extern::Memory(v) => Extern::Memory(v.clone()),
            Extern::Global(v) => Extern::Global(v.clone()),
            Extern::Tag(v) => Extern::Tag(v.clone()),
        }
    }
}

/// The type that a module asks of one of its imports.
pub struct ImportType<'a, W: WasmEngine> {
    /// The module.
    pub module: &'a W::Module,
    /// The place of the import in the module's import section.
    pub index: usize,
}

impl<W: WasmEngine> Clone for ImportType<'_, W> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<W: WasmEngine> Copy for ImportType<'_, W> {}

/// What a reference of the `any` or `extern` hierarchy refers to.
pub enum Reference<W: WasmEngine> {
    /// A JavaScript value, by its number.
    Host(HostId),
    /// An unboxed integer.
    I31(i32),
    /// A struct or an array.
    Object {
        /// It.
        object: W::AnyRef,
        /// What two handles have in common exactly when they are the same object; valid while a
        /// handle is alive.
        identity: u64,
    },
}

/// A number by which the agent knows a host function or a JavaScript value that wasm holds.
///
/// It is what a backend captures: an engine's closures and references must be `Send + Sync`, and
/// JavaScript handles are neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HostId(pub u32);

/// What an external reference carries inside the wasm engine: the number of a JavaScript value,
/// which is given back when the engine lets go of the reference.
#[derive(Debug)]
pub struct ExternPayload {
    id: HostId,
    released: Arc<ReleaseQueue>,
}

impl ExternPayload {
    /// A payload that reports to `released` when it is dropped.
    pub fn new(id: HostId, released: Arc<ReleaseQueue>) -> Self {
        Self { id, released }
    }

    /// The number it carries.
    pub fn id(&self) -> HostId {
        self.id
    }
}

impl Drop for ExternPayload {
    fn drop(&mut self) {
        self.released.push(self.id);
    }
}

/// Numbers that wasm no longer holds, in the order of their release.
#[derive(Debug, Default)]
pub struct ReleaseQueue(Mutex<Vec<HostId>>);

impl ReleaseQueue {
    fn push(&self, id: HostId) {
        self.0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
            .push(id);
    }

    /// Takes everything released so far.
    pub fn drain(&self) -> Vec<HostId> {
        std::mem::take(
            &mut self
                .0
                .lock()
                .unwrap_or_else(|poisoned| poisoned.into_inner()),
        )
    }
}
