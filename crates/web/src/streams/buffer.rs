//! ArrayBuffers and their views, as byte streams use them.

use std::rc::Rc;

use sinew_bridge::class::type_error;
use sinew_bridge::{Completion, JsHost, ObjectClass};

use crate::Web;
use crate::builtins::Builtin;

/// What a view is an instance of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ViewType {
    DataView,
    Typed {
        constructor: Builtin,
        element_size: usize,
    },
}

impl ViewType {
    pub(crate) const UINT8_ARRAY: Self = Self::Typed {
        constructor: Builtin::Uint8Array,
        element_size: 1,
    };

    /// The element size that the standard's algorithms go by.
    pub(crate) fn element_size(self) -> usize {
        match self {
            Self::DataView => 1,
            Self::Typed { element_size, .. } => element_size,
        }
    }

    fn typed(name: &str) -> Option<Self> {
        let (constructor, element_size) = match name {
            "Int8Array" => (Builtin::Int8Array, 1),
            "Uint8Array" => (Builtin::Uint8Array, 1),
            "Uint8ClampedArray" => (Builtin::Uint8ClampedArray, 1),
            "Int16Array" => (Builtin::Int16Array, 2),
            "Uint16Array" => (Builtin::Uint16Array, 2),
            "Float16Array" => (Builtin::Float16Array, 2),
            "Int32Array" => (Builtin::Int32Array, 4),
            "Uint32Array" => (Builtin::Uint32Array, 4),
            "Float32Array" => (Builtin::Float32Array, 4),
            "Float64Array" => (Builtin::Float64Array, 8),
            "BigInt64Array" => (Builtin::BigInt64Array, 8),
            "BigUint64Array" => (Builtin::BigUint64Array, 8),
            _ => return None,
        };
        Some(Self::Typed {
            constructor,
            element_size,
        })
    }
}

/// An [ArrayBufferView](https://webidl.spec.whatwg.org/#ArrayBufferView) as it is at one moment.
pub(crate) struct View<J: JsHost> {
    /// `[[ViewedArrayBuffer]]`
    pub buffer: J::Value,
    /// `[[ByteOffset]]`
    pub byte_offset: usize,
    /// `[[ByteLength]]`; 0 when the buffer is detached.
    pub byte_length: usize,
    /// Its type.
    pub view_type: ViewType,
}

impl<J: JsHost> View<J> {
    /// Converts an argument to an [ArrayBufferView](https://webidl.spec.whatwg.org/#js-buffer-source-types):
    /// neither shared nor resizable.
    pub(crate) fn convert(
        cx: &mut J::Scope<'_>,
        web: &Rc<Web<J>>,
        value: &J::Value,
    ) -> Completion<J, Self> {
        let class = J::object_class(cx, value);
        let realm = web.realm(cx)?;
        let [buffer, offset, length] = match class {
            Some(ObjectClass::TypedArray) => [
                Builtin::TypedArrayBuffer,
                Builtin::TypedArrayByteOffset,
                Builtin::TypedArrayByteLength,
            ],
            Some(ObjectClass::DataView) => [
                Builtin::DataViewBuffer,
                Builtin::DataViewByteOffset,
                Builtin::DataViewByteLength,
            ],
            _ => {
                return Err(type_error::<J>(
                    cx,
                    "the argument is not a view of a buffer",
                ));
            }
        };
        let name = realm.builtins.typed_array_name(cx, value)?;
        let view_type = match name {
            Some(name) => ViewType::typed(&name),
            None => Some(ViewType::DataView),
        };
        let buffer = realm.builtins.call(cx, buffer, value)?;
        let (Some(view_type), Some(buffer)) = (view_type, buffer) else {
            return Err(type_error::<J>(cx, "the view is of no known type"));
        };
        if J::object_class(cx, &buffer) != Some(ObjectClass::ArrayBuffer) {
            return Err(type_error::<J>(cx, "the view is of a SharedArrayBuffer"));
        }
        let resizable = realm.builtins.call(cx, Builtin::BufferResizable, &buffer)?;
        if resizable.as_ref().and_then(J::as_boolean) == Some(true) {
            return Err(type_error::<J>(
                cx,
                "the view is of a resizable ArrayBuffer",
            ));
        }
        // A DataView of a detached buffer throws where a typed array has 0.
        let offset = realm.builtins.number(cx, offset, value)?;
        let length = realm.builtins.number(cx, length, value)?;
        Ok(Self {
            buffer,
            byte_offset: offset.unwrap_or_default() as usize,
            byte_length: length.unwrap_or_default() as usize,
            view_type,
        })
    }
}

/// A new view of `length` elements; of bytes, for a DataView.
pub(crate) fn create_view<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    view_type: ViewType,
    buffer: J::Value,
    byte_offset: usize,
    length: usize,
) -> Completion<J> {
    let builtin = match view_type {
        ViewType::DataView => Builtin::DataView,
        ViewType::Typed { constructor, .. } => constructor,
    };
    let realm = web.realm(cx)?;
    let offset = J::number(byte_offset as f64);
    let length = J::number(length as f64);
    let args = [buffer, offset, length];
    realm.builtins.construct(cx, builtin, &args)
}

/// [IsDetachedBuffer](https://tc39.es/ecma262/#sec-isdetachedbuffer)
pub(crate) fn is_detached<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    buffer: &J::Value,
) -> Completion<J, bool> {
    let realm = web.realm(cx)?;
    let detached = realm.builtins.call(cx, Builtin::BufferDetached, buffer)?;
    Ok(detached.as_ref().and_then(J::as_boolean) == Some(true))
}

/// `[[ArrayBufferByteLength]]`
pub(crate) fn byte_length<J: JsHost>(cx: &mut J::Scope<'_>, buffer: &J::Value) -> usize {
    J::with_bytes(cx, buffer, <[u8]>::len).unwrap_or_default()
}

/// [CopyDataBlockBytes](https://tc39.es/ecma262/#sec-copydatablockbytes) between the data blocks of
/// two buffers that are not the same. What does not fit is left out.
pub(crate) fn copy_bytes<J: JsHost>(
    cx: &mut J::Scope<'_>,
    to: &J::Value,
    to_offset: usize,
    from: &J::Value,
    from_offset: usize,
    count: usize,
) {
    let bytes = J::with_bytes(cx, from, |bytes| {
        let end = from_offset.saturating_add(count).min(bytes.len());
        bytes.get(from_offset..end).unwrap_or_default().to_vec()
    });
    let bytes = bytes.unwrap_or_default();
    J::with_bytes_mut(cx, to, |to| {
        if let Some(to) = to.get_mut(to_offset..to_offset.saturating_add(bytes.len())) {
            to.copy_from_slice(&bytes);
        }
    });
}

/// [CloneArrayBuffer](https://tc39.es/ecma262/#sec-clonearraybuffer)
pub(crate) fn clone_buffer<J: JsHost>(
    cx: &mut J::Scope<'_>,
    buffer: &J::Value,
    byte_offset: usize,
    length: usize,
) -> Completion<J> {
    let bytes = J::with_bytes(cx, buffer, |bytes| {
        let end = byte_offset.saturating_add(length);
        bytes.get(byte_offset..end).map(<[u8]>::to_vec)
    });
    match bytes.flatten() {
        Some(bytes) => J::create_array_buffer(cx, &bytes),
        None => Err(type_error::<J>(cx, "the buffer is detached")),
    }
}

/// [CloneAsUint8Array](https://streams.spec.whatwg.org/#abstract-opdef-cloneasuint8array)
pub(crate) fn clone_as_uint8_array<J: JsHost>(
    cx: &mut J::Scope<'_>,
    view: &J::Value,
) -> Completion<J> {
    let bytes = J::with_bytes(cx, view, <[u8]>::to_vec).unwrap_or_default();
    J::create_uint8_array(cx, &bytes)
}

/// A new ArrayBuffer of zeros. Fails when memory runs out.
pub(crate) fn allocate<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    length: u64,
) -> Completion<J> {
    let realm = web.realm(cx)?;
    let args = [J::number(length as f64)];
    realm.builtins.construct(cx, Builtin::ArrayBuffer, &args)
}
