//! WebAssembly types, as the [core specification] names them.
//!
//! [core specification]: https://webassembly.github.io/spec/core/syntax/types.html

use std::fmt;

/// A [heap type](https://webassembly.github.io/spec/core/syntax/types.html#heap-types).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the names are the specification's")]
pub enum HeapType {
    Func,
    NoFunc,
    Extern,
    NoExtern,
    Any,
    Eq,
    I31,
    Struct,
    Array,
    None,
    Exn,
    NoExn,
}

/// A [reference type](https://webassembly.github.io/spec/core/syntax/types.html#reference-types).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RefType {
    /// Whether null is one of its values.
    pub nullable: bool,
    /// What it refers to.
    pub heap: HeapType,
}

impl RefType {
    /// `funcref`, that is `(ref null func)`.
    pub const FUNCREF: RefType = RefType {
        nullable: true,
        heap: HeapType::Func,
    };
    /// `externref`, that is `(ref null extern)`.
    pub const EXTERNREF: RefType = RefType {
        nullable: true,
        heap: HeapType::Extern,
    };
}

/// A [value type](https://webassembly.github.io/spec/core/syntax/types.html#value-types).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are the specification's")]
// Told apart for each value of a call: without this the tag would hide in that of `RefType`.
#[repr(u8)]
pub enum ValType {
    I32,
    I64,
    F32,
    F64,
    V128,
    Ref(RefType),
}

impl ValType {
    /// Whether values of this type are plain numbers that cross the bridge without a root:
    /// i32, i64, f32 or f64.
    #[inline]
    pub const fn is_scalar(self) -> bool {
        matches!(
            self,
            ValType::I32 | ValType::I64 | ValType::F32 | ValType::F64
        )
    }
}

/// A [function type](https://webassembly.github.io/spec/core/syntax/types.html#function-types).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FuncType {
    params: Box<[ValType]>,
    results: Box<[ValType]>,
    scalar: bool,
}

impl FuncType {
    /// A function type from its parameters and results.
    pub fn new(params: impl Into<Box<[ValType]>>, results: impl Into<Box<[ValType]>>) -> Self {
        let (params, results) = (params.into(), results.into());
        let scalar = params.iter().chain(&results).all(|ty| ty.is_scalar());
        Self {
            params,
            results,
            scalar,
        }
    }

    /// The types of the parameters.
    #[inline]
    pub fn params(&self) -> &[ValType] {
        &self.params
    }

    /// The types of the results.
    #[inline]
    pub fn results(&self) -> &[ValType] {
        &self.results
    }

    /// Whether every parameter and result is [scalar](ValType::is_scalar), so that calls may use
    /// raw values.
    #[inline]
    pub fn is_scalar(&self) -> bool {
        self.scalar
    }

    /// How many raw values a call needs room for: the larger of parameter and result count.
    #[inline]
    pub fn raw_len(&self) -> usize {
        self.params.len().max(self.results.len())
    }
}

/// The address type of a memory or table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are the specification's")]
pub enum AddressType {
    I32,
    I64,
}

/// [Limits](https://webassembly.github.io/spec/core/syntax/types.html#limits) of a memory (in
/// pages) or a table (in elements).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Limits {
    /// Initial size.
    pub min: u64,
    /// Largest size, if there is one.
    pub max: Option<u64>,
}

/// A [memory type](https://webassembly.github.io/spec/core/syntax/types.html#memory-types).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MemoryType {
    /// Size in pages.
    pub limits: Limits,
    /// Width of an address.
    pub address: AddressType,
    /// Whether several threads may share it.
    pub shared: bool,
    /// Binary logarithm of the page size in bytes; 16 unless the module uses custom page sizes.
    pub page_size_log2: u32,
}

/// A [table type](https://webassembly.github.io/spec/core/syntax/types.html#table-types).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TableType {
    /// Size in elements.
    pub limits: Limits,
    /// Width of an index.
    pub address: AddressType,
    /// Type of the elements.
    pub element: RefType,
}

/// A [global type](https://webassembly.github.io/spec/core/syntax/types.html#global-types).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct GlobalType {
    /// Type of the value.
    pub value: ValType,
    /// Whether it can be set.
    pub mutable: bool,
}

/// An [external type](https://webassembly.github.io/spec/core/syntax/types.html#external-types):
/// the type of an import or export.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are the specification's")]
pub enum ExternType {
    Func(FuncType),
    Table(TableType),
    Memory(MemoryType),
    Global(GlobalType),
    /// A tag, with the function type whose parameters are the exception's fields.
    Tag(FuncType),
}

impl ExternType {
    /// Its kind.
    pub fn kind(&self) -> ExternKind {
        match self {
            ExternType::Func(_) => ExternKind::Func,
            ExternType::Table(_) => ExternKind::Table,
            ExternType::Memory(_) => ExternKind::Memory,
            ExternType::Global(_) => ExternKind::Global,
            ExternType::Tag(_) => ExternKind::Tag,
        }
    }
}

/// The kind of an import or export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are the specification's")]
pub enum ExternKind {
    Func,
    Table,
    Memory,
    Global,
    Tag,
}

impl ExternKind {
    /// The [`ImportExportKind`](https://webassembly.github.io/spec/js-api/#enumdef-importexportkind)
    /// of the JavaScript Interface.
    pub const fn as_str(self) -> &'static str {
        match self {
            ExternKind::Func => "function",
            ExternKind::Table => "table",
            ExternKind::Memory => "memory",
            ExternKind::Global => "global",
            ExternKind::Tag => "tag",
        }
    }
}

impl fmt::Display for ExternKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for HeapType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            HeapType::Func => "func",
            HeapType::NoFunc => "nofunc",
            HeapType::Extern => "extern",
            HeapType::NoExtern => "noextern",
            HeapType::Any => "any",
            HeapType::Eq => "eq",
            HeapType::I31 => "i31",
            HeapType::Struct => "struct",
            HeapType::Array => "array",
            HeapType::None => "none",
            HeapType::Exn => "exn",
            HeapType::NoExn => "noexn",
        };
        f.write_str(name)
    }
}

impl fmt::Display for RefType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            RefType::FUNCREF => f.write_str("funcref"),
            RefType::EXTERNREF => f.write_str("externref"),
            RefType { nullable, heap } => {
                write!(f, "(ref {}{heap})", if nullable { "null " } else { "" })
            }
        }
    }
}

impl fmt::Display for ValType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ValType::I32 => f.write_str("i32"),
            ValType::I64 => f.write_str("i64"),
            ValType::F32 => f.write_str("f32"),
            ValType::F64 => f.write_str("f64"),
            ValType::V128 => f.write_str("v128"),
            ValType::Ref(ty) => fmt::Display::fmt(ty, f),
        }
    }
}

fn write_list(f: &mut fmt::Formatter<'_>, types: &[ValType]) -> fmt::Result {
    f.write_str("(")?;
    for (i, ty) in types.iter().enumerate() {
        if i > 0 {
            f.write_str(", ")?;
        }
        fmt::Display::fmt(ty, f)?;
    }
    f.write_str(")")
}

impl fmt::Display for FuncType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_list(f, &self.params)?;
        f.write_str(" -> ")?;
        write_list(f, &self.results)
    }
}

impl fmt::Display for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.min)?;
        match self.max {
            Some(max) => write!(f, "..={max}"),
            None => f.write_str(".."),
        }
    }
}

impl fmt::Display for ExternType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = |address| match address {
            AddressType::I32 => "",
            AddressType::I64 => "64",
        };
        match self {
            ExternType::Func(ty) => write!(f, "function {ty}"),
            ExternType::Tag(ty) => write!(f, "tag {ty}"),
            ExternType::Table(ty) => write!(
                f,
                "table{} of {} elements {}",
                address(ty.address),
                ty.limits,
                ty.element
            ),
            ExternType::Memory(ty) => write!(
                f,
                "{}memory{} of {} pages",
                if ty.shared { "shared " } else { "" },
                address(ty.address),
                ty.limits
            ),
            ExternType::Global(ty) => write!(
                f,
                "{} global {}",
                if ty.mutable { "mutable" } else { "immutable" },
                ty.value
            ),
        }
    }
}

/// Whether an entity of type `actual` can stand for an import of type `expected`
/// ([matching](https://webassembly.github.io/spec/core/valid/matching.html#external-types)), as far
/// as it can be told without the modules: reference types that differ are given the benefit of the
/// doubt, for the engine to decide.
pub fn may_match(actual: &ExternType, expected: &ExternType) -> bool {
    fn value(actual: ValType, expected: ValType) -> bool {
        match (actual, expected) {
            (ValType::Ref(RefType::FUNCREF), ValType::Ref(RefType::EXTERNREF))
            | (ValType::Ref(RefType::EXTERNREF), ValType::Ref(RefType::FUNCREF)) => false,
            (ValType::Ref(_), ValType::Ref(_)) => true,
            _ => actual == expected,
        }
    }
    fn values(actual: &[ValType], expected: &[ValType]) -> bool {
        actual.len() == expected.len() && actual.iter().zip(expected).all(|(a, e)| value(*a, *e))
    }
    fn func(actual: &FuncType, expected: &FuncType) -> bool {
        values(actual.params(), expected.params()) && values(actual.results(), expected.results())
    }
    fn limits(actual: Limits, expected: Limits) -> bool {
        actual.min >= expected.min
            && match (actual.max, expected.max) {
                (_, None) => true,
                (Some(actual), Some(expected)) => actual <= expected,
                (None, Some(_)) => false,
            }
    }
    match (actual, expected) {
        (ExternType::Func(a), ExternType::Func(e)) | (ExternType::Tag(a), ExternType::Tag(e)) => {
            func(a, e)
        }
        (ExternType::Table(a), ExternType::Table(e)) => {
            a.address == e.address
                && limits(a.limits, e.limits)
                && value(ValType::Ref(a.element), ValType::Ref(e.element))
        }
        (ExternType::Memory(a), ExternType::Memory(e)) => {
            a.address == e.address
                && a.shared == e.shared
                && a.page_size_log2 == e.page_size_log2
                && limits(a.limits, e.limits)
        }
        (ExternType::Global(a), ExternType::Global(e)) => {
            a.mutable == e.mutable && value(a.value, e.value)
        }
        _ => false,
    }
}
