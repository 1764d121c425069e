//! What [StructuredSerializeInternal](https://html.spec.whatwg.org/multipage/structured-data.html#structuredserializeinternal)
//! makes of objects.

use sinew_bridge::JsHost;

use super::Deserialize;
use crate::builtins::Builtin;

/// A value as it is serialized.
pub(super) enum Serialized<J: JsHost> {
    Primitive(J::Value),
    /// The object with this number.
    Object(usize),
}

/// An own property: a String and a value.
pub(super) type Entry<J> = (<J as JsHost>::Value, Serialized<J>);

/// A serialized object.
pub(super) enum Record<J: JsHost> {
    /// A Boolean, Number, BigInt or String object.
    Primitive(J::Value),
    Date(J::Value),
    RegExp {
        source: J::Value,
        flags: String,
    },
    Buffer(Block),
    SharedBuffer(J::Value),
    View(View),
    /// Keys and values in turn.
    Map(Vec<Serialized<J>>),
    Set(Vec<Serialized<J>>),
    Error {
        constructor: Builtin,
        message: Option<J::Value>,
        stack: Option<J::Value>,
        cause: Option<Serialized<J>>,
    },
    Array {
        length: J::Value,
        properties: Vec<Entry<J>>,
    },
    Object(Vec<Entry<J>>),
    /// A platform object; `None` once it was made.
    Platform(Option<Deserialize<J>>),
    /// The object with this place in the transfer list.
    Transferred(usize),
}

/// The contents of an ArrayBuffer.
pub(super) struct Block {
    pub(super) bytes: Vec<u8>,
    /// Its `maxByteLength`, if it is resizable.
    pub(super) max: Option<f64>,
}

/// A view of a buffer.
pub(super) struct View {
    pub(super) constructor: Builtin,
    /// The number of its buffer, which is smaller than its own.
    pub(super) buffer: usize,
    pub(super) byte_offset: f64,
    /// In elements; `None` if it tracks the length of its buffer.
    pub(super) length: Option<f64>,
}
