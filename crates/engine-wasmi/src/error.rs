//! What wasmi reports, as the seam's kinds.

use std::borrow::Cow;
use std::fmt;

use sinew_bridge::{EngineError, ErrorKind, TrapCode};
use wasmi::errors::{
    ErrorKind as Cause, FuncError, GlobalError, InstantiationError, MemoryError, TableError,
};

/// An error of wasmi, or of what stands around it.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    message: Cow<'static, str>,
}

impl EngineError for Error {
    fn kind(&self) -> ErrorKind {
        self.kind
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

impl Error {
    fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }

    pub(crate) fn compile(offset: Option<usize>, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Compile { offset }, message)
    }

    pub(crate) fn link(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Link, message)
    }

    pub(crate) fn limit(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Limit, message)
    }

    pub(crate) fn mismatch(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Type, message)
    }

    pub(crate) fn no_exceptions() -> Self {
        Self::other("wasmi has no exceptions")
    }

    pub(crate) fn no_gc() -> Self {
        Self::other("wasmi has no garbage-collected objects")
    }

    pub(crate) fn other(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Other, message)
    }

    pub(crate) fn terminated() -> Self {
        Self::new(ErrorKind::Terminated, "terminated")
    }
}

/// Why a host function's trampoline stopped wasm.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Stop {
    /// It returned [`HostTrap::Completion`](sinew_bridge::HostTrap::Completion).
    Host,
    /// It returned [`HostTrap::Exception`](sinew_bridge::HostTrap::Exception), although there is
    /// none that it could have thrown.
    Exception,
    /// It left a result of another type.
    Type,
    /// It panicked.
    Panicked,
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Stop::Host => "a host function did not return",
            Stop::Exception => "a host function threw, but wasmi has no exceptions",
            Stop::Type => "a host function left a result that does not fit",
            Stop::Panicked => "a host function panicked",
        })
    }
}

impl wasmi::errors::HostError for Stop {}

impl From<wasmi::Error> for Error {
    #[cold]
    fn from(error: wasmi::Error) -> Self {
        Self::from(&error)
    }
}

impl From<&wasmi::Error> for Error {
    #[cold]
    fn from(error: &wasmi::Error) -> Self {
        let kind = match error.kind() {
            Cause::Host(_) => match error.downcast_ref() {
                Some(Stop::Host) => ErrorKind::Host,
                Some(Stop::Exception) => ErrorKind::Other,
                Some(Stop::Type) => ErrorKind::Type,
                Some(Stop::Panicked) => ErrorKind::Terminated,
                None => ErrorKind::Other,
            },
            Cause::Wasm(error) => ErrorKind::Compile {
                offset: Some(error.offset()),
            },
            Cause::Read(_)
            | Cause::Translation(_)
            | Cause::UserLimits(_)
            | Cause::ImplementationLimits(_)
            | Cause::Ir(_) => ErrorKind::Compile { offset: None },
            Cause::TrapCode(code) => trap(*code),
            Cause::Memory(error) => memory(error),
            Cause::Table(error) => table(error),
            Cause::Instantiation(error) => instantiation(error),
            Cause::Func(error) => func(error),
            _ => ErrorKind::Other,
        };
        Self::new(kind, error.to_string())
    }
}

impl From<GlobalError> for Error {
    fn from(error: GlobalError) -> Self {
        let kind = match error {
            GlobalError::TypeMismatch => ErrorKind::Type,
            _ => ErrorKind::Other,
        };
        Self::new(kind, error.to_string())
    }
}

impl From<MemoryError> for Error {
    fn from(error: MemoryError) -> Self {
        Self::new(memory(&error), error.to_string())
    }
}

impl From<TableError> for Error {
    fn from(error: TableError) -> Self {
        Self::new(table(&error), error.to_string())
    }
}

impl From<wasmparser::Error> for Error {
    fn from(error: wasmparser::Error) -> Self {
        Self::compile(
            usize::try_from(error.offset()).ok(),
            error.message().to_owned(),
        )
    }
}

/// Wasmi has one code for all accesses beyond a table, `call_indirect` among them: what the core
/// specification's tests call "undefined element" comes out as an access out of bounds.
fn trap(code: wasmi::TrapCode) -> ErrorKind {
    use wasmi::TrapCode as Code;
    ErrorKind::Trap(match code {
        Code::UnreachableCodeReached => TrapCode::Unreachable,
        Code::MemoryOutOfBounds => TrapCode::MemoryOutOfBounds,
        Code::TableOutOfBounds => TrapCode::TableOutOfBounds,
        Code::IndirectCallToNull => TrapCode::UninitializedElement,
        Code::IntegerDivisionByZero => TrapCode::IntegerDivideByZero,
        Code::IntegerOverflow => TrapCode::IntegerOverflow,
        Code::BadConversionToInteger => TrapCode::InvalidConversionToInteger,
        Code::StackOverflow => TrapCode::StackOverflow,
        Code::BadSignature => TrapCode::IndirectCallTypeMismatch,
        Code::OutOfFuel | Code::GrowthOperationLimited | Code::OutOfSystemMemory => {
            return ErrorKind::Limit;
        }
    })
}

fn memory(error: &MemoryError) -> ErrorKind {
    match error {
        MemoryError::OutOfBoundsAccess => ErrorKind::Trap(TrapCode::MemoryOutOfBounds),
        MemoryError::InvalidMemoryType => ErrorKind::Other,
        _ => ErrorKind::Limit,
    }
}

fn table(error: &TableError) -> ErrorKind {
    match error {
        TableError::InitOutOfBounds
        | TableError::FillOutOfBounds
        | TableError::SetOutOfBounds
        | TableError::CopyOutOfBounds => ErrorKind::Trap(TrapCode::TableOutOfBounds),
        TableError::ElementTypeMismatch => ErrorKind::Type,
        _ => ErrorKind::Limit,
    }
}

fn func(error: &FuncError) -> ErrorKind {
    match error {
        FuncError::MismatchingParameterType
        | FuncError::MismatchingParameterLen
        | FuncError::MismatchingResultType
        | FuncError::MismatchingResultLen => ErrorKind::Type,
        _ => ErrorKind::Other,
    }
}

fn instantiation(error: &InstantiationError) -> ErrorKind {
    match error {
        InstantiationError::ElementSegmentDoesNotFit { .. } => {
            ErrorKind::Trap(TrapCode::TableOutOfBounds)
        }
        InstantiationError::TooManyInstances
        | InstantiationError::TooManyTables
        | InstantiationError::TooManyMemories
        | InstantiationError::FailedToInstantiateMemory(_)
        | InstantiationError::FailedToInstantiateTable(_) => ErrorKind::Limit,
        InstantiationError::UnexpectedStartFn { .. } => ErrorKind::Other,
        _ => ErrorKind::Link,
    }
}
