//! Wasmtime's errors, sorted into the seam's kinds.

use std::fmt;

use sinew_bridge::{EngineError, ErrorKind, HostTrap, TrapCode, WasmFrame};
use wasmtime::{GcHeapOutOfMemory, OutOfMemory, Trap, WasmBacktrace};

/// An error of Wasmtime.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    source: wasmtime::Error,
}

/// The marker of an error that ends wasm because its runtime was terminated.
#[derive(Debug)]
pub(crate) struct Stopped;

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("terminated")
    }
}

impl std::error::Error for Stopped {}

/// A value does not match the type it is for.
#[derive(Debug)]
struct Mismatch(String);

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Mismatch {}

impl Error {
    /// The error of a call into wasm, unless it is an exception.
    #[cold]
    pub(crate) fn call(source: wasmtime::Error) -> Self {
        let kind = if source.is::<HostTrap>() {
            ErrorKind::Host
        } else if source.is::<Stopped>() {
            ErrorKind::Terminated
        } else if let Some(trap) = source.downcast_ref::<Trap>() {
            ErrorKind::Trap(trap_code(*trap))
        } else if source.is::<Mismatch>() {
            ErrorKind::Type
        } else if source.is::<GcHeapOutOfMemory<()>>() || source.is::<OutOfMemory>() {
            ErrorKind::Limit
        } else {
            ErrorKind::Other
        };
        Self { kind, source }
    }

    /// The bytes are not a module.
    pub(crate) fn compile(source: wasmtime::Error, offset: Option<usize>) -> Self {
        let kind = ErrorKind::Compile { offset };
        Self { kind, source }
    }

    /// An import does not fit.
    pub(crate) fn link(text: String) -> Self {
        Self {
            kind: ErrorKind::Link,
            source: wasmtime::Error::msg(text),
        }
    }

    /// What was asked for is more than there is.
    pub(crate) fn limit(source: wasmtime::Error) -> Self {
        Self {
            kind: ErrorKind::Limit,
            source,
        }
    }

    /// An exception that nothing caught.
    pub(crate) fn exception(source: wasmtime::Error) -> Self {
        Self {
            kind: ErrorKind::Exception,
            source,
        }
    }

    /// A value does not match the type it is for.
    pub(crate) fn mismatch(text: impl Into<String>) -> Self {
        Self {
            kind: ErrorKind::Type,
            source: wasmtime::Error::new(Mismatch(text.into())),
        }
    }

    /// Anything else.
    pub(crate) fn other(text: impl Into<String>) -> Self {
        Self {
            kind: ErrorKind::Other,
            source: wasmtime::Error::msg(text.into()),
        }
    }

    /// The same error, as that of a limit.
    pub(crate) fn into_limit(self) -> Self {
        Self::limit(self.source)
    }

    /// Wasmtime's own, for a host function to return: [`call`](Self::call) sorts it anew, and a limit
    /// becomes another one.
    pub(crate) fn into_source(self) -> wasmtime::Error {
        self.source
    }

    /// The same error, as that of a value that does not match.
    pub(crate) fn into_mismatch(self) -> Self {
        Self {
            kind: ErrorKind::Type,
            source: self.source,
        }
    }

    /// Whether wasm ran and did not return: what was allocated before stays.
    pub(crate) fn is_of_running(&self) -> bool {
        matches!(
            self.kind,
            ErrorKind::Trap(_) | ErrorKind::Host | ErrorKind::Exception | ErrorKind::Terminated
        ) || self.source.is::<GcHeapOutOfMemory<()>>()
            || self.source.is::<WasmBacktrace>()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.source.is::<WasmBacktrace>() {
            // The outer layer is the backtrace, which `frames` tells better.
            write!(f, "{}", self.source.root_cause())
        } else {
            write!(f, "{:#}", self.source)
        }
    }
}

impl EngineError for Error {
    fn kind(&self) -> ErrorKind {
        self.kind
    }

    fn frames(&self) -> Vec<WasmFrame> {
        let Some(backtrace) = self.source.downcast_ref::<WasmBacktrace>() else {
            return Vec::new();
        };
        let frames = backtrace.frames().iter();
        frames
            .map(|frame| WasmFrame {
                func_index: frame.func_index(),
                func_name: frame.func_name().map(str::to_owned),
                offset: frame.module_offset(),
            })
            .collect()
    }
}

fn trap_code(trap: Trap) -> TrapCode {
    match trap {
        Trap::UnreachableCodeReached => TrapCode::Unreachable,
        Trap::MemoryOutOfBounds => TrapCode::MemoryOutOfBounds,
        // Wasmtime does not tell `call_indirect` beyond the table from `table.get` there.
        Trap::TableOutOfBounds => TrapCode::TableOutOfBounds,
        Trap::IndirectCallToNull => TrapCode::UninitializedElement,
        Trap::BadSignature => TrapCode::IndirectCallTypeMismatch,
        Trap::IntegerOverflow => TrapCode::IntegerOverflow,
        Trap::IntegerDivisionByZero => TrapCode::IntegerDivideByZero,
        Trap::BadConversionToInteger => TrapCode::InvalidConversionToInteger,
        Trap::StackOverflow => TrapCode::StackOverflow,
        Trap::NullReference => TrapCode::NullReference,
        Trap::ArrayOutOfBounds => TrapCode::ArrayOutOfBounds,
        Trap::CastFailure => TrapCode::CastFailure,
        Trap::AllocationTooLarge => TrapCode::AllocationTooLarge,
        Trap::HeapMisaligned => TrapCode::UnalignedAtomic,
        Trap::AtomicWaitNonSharedMemory => TrapCode::ExpectedSharedMemory,
        _ => TrapCode::Other,
    }
}
