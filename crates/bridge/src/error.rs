//! What can go wrong on either side, as data.
//!
//! Backends return kinds and facts; generic code alone turns them into JavaScript errors, so that
//! messages and classes are the same on every pairing.

use std::fmt;

/// Why a JavaScript operation did not complete normally.
#[derive(Clone, Debug)]
pub enum Throw<V> {
    /// A [throw completion](https://tc39.es/ecma262/#sec-completion-record-specification-type)
    /// with its value.
    Value(V),
    /// The runtime was [terminated](crate::Termination): no JavaScript may catch this, and no
    /// further JavaScript may run.
    Terminated,
}

/// The classes of errors that generic code asks a JavaScript engine to create.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are ECMA-262's")]
pub enum ErrorClass {
    Error,
    TypeError,
    RangeError,
    SyntaxError,
    ReferenceError,
}

/// The error of a wasm engine: the engine's own type behind a portable kind.
pub trait EngineError: fmt::Display + fmt::Debug + 'static {
    /// What kind of failure it is.
    fn kind(&self) -> ErrorKind;

    /// The wasm frames that were live when it was raised, innermost first; empty where the engine
    /// keeps none.
    fn frames(&self) -> Vec<WasmFrame> {
        Vec::new()
    }
}

/// What kind of failure an [`EngineError`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The bytes are not a module that this engine accepts.
    Compile {
        /// Byte offset in the module, where known.
        offset: Option<usize>,
    },
    /// An import does not fit.
    Link,
    /// A trap.
    Trap(TrapCode),
    /// A host function returned [`HostTrap::Completion`](crate::HostTrap::Completion): the
    /// completion waits with the agent.
    Host,
    /// An exception that no wasm caught: it waits for
    /// [`exn_take`](crate::WasmEngine::exn_take).
    Exception,
    /// A value does not match the type it is for.
    Type,
    /// A limit of the [`Budget`](crate::Budget) was reached.
    Limit,
    /// The [`Termination`](crate::Termination) was set while wasm ran.
    Terminated,
    /// Anything else: the engine's own text says what.
    Other,
}

/// A frame of a wasm stack trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WasmFrame {
    /// Index of the function in its module.
    pub func_index: u32,
    /// Its name, from the name section.
    pub func_name: Option<String>,
    /// Byte offset in the module, where known.
    pub offset: Option<usize>,
}

macro_rules! trap_codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// Why wasm trapped.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum TrapCode {
            $($(#[$doc])* #[doc = concat!("`", $text, "`")] $name,)*
        }

        impl TrapCode {
            /// Its text, as the core specification's tests have it.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(TrapCode::$name => $text,)*
                }
            }
        }
    };
}

trap_codes! {
    Unreachable = "unreachable",
    MemoryOutOfBounds = "out of bounds memory access",
    TableOutOfBounds = "out of bounds table access",
    /// `call_indirect` beyond the table.
    UndefinedElement = "undefined element",
    /// `call_indirect` of a null element.
    UninitializedElement = "uninitialized element",
    IndirectCallTypeMismatch = "indirect call type mismatch",
    IntegerOverflow = "integer overflow",
    IntegerDivideByZero = "integer divide by zero",
    InvalidConversionToInteger = "invalid conversion to integer",
    /// Becomes a `RangeError`, as the same overflow in JavaScript does.
    StackOverflow = "call stack exhausted",
    NullReference = "null reference",
    NullI31Reference = "null i31 reference",
    ArrayOutOfBounds = "out of bounds array access",
    CastFailure = "cast failure",
    AllocationTooLarge = "allocation size too large",
    UnalignedAtomic = "unaligned atomic",
    ExpectedSharedMemory = "expected shared memory",
    UncaughtException = "uncaught exception",
    /// A trap this list has no name for.
    Other = "trap",
}

impl fmt::Display for TrapCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
