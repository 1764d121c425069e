//! The pair without engines: both traits in plain Rust, for tests of what is generic, and to read.
//!
//! [`EmptyEngine`] compiles no module; it has memories, tables, globals, tags, exceptions,
//! references and host functions, which can be called. [`EmptyHost`] parses nothing; it has values, objects with
//! properties, native functions, errors, promises and jobs. Neither has an `unsafe` block.

mod engine;
mod entity;
mod host;
mod object;
mod promise;
mod realm;
mod value;

pub use engine::{EmptyEngine, EmptyError, EmptyStore, NoCode};
pub use entity::{Exception, Func, Global, Memory, Ref, Table};
pub use host::EmptyHost;
pub use object::{Object, WeakObject};
pub use realm::Realm;
pub use value::{Arguments, Value};
