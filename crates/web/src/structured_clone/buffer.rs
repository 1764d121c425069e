//! Buffers and their views.

use sinew_bridge::{Completion, JsHost, ObjectClass};

use super::record::{Block, Serialized, View};
use super::serialize::Serializer;
use crate::builtins::Builtin;

/// The typed arrays: name, constructor, bytes of an element.
const TYPED_ARRAYS: &[(&str, Builtin, usize)] = &[
    ("Int8Array", Builtin::Int8Array, 1),
    ("Uint8Array", Builtin::Uint8Array, 1),
    ("Uint8ClampedArray", Builtin::Uint8ClampedArray, 1),
    ("Int16Array", Builtin::Int16Array, 2),
    ("Uint16Array", Builtin::Uint16Array, 2),
    ("Int32Array", Builtin::Int32Array, 4),
    ("Uint32Array", Builtin::Uint32Array, 4),
    ("Float16Array", Builtin::Float16Array, 2),
    ("Float32Array", Builtin::Float32Array, 4),
    ("Float64Array", Builtin::Float64Array, 8),
    ("BigInt64Array", Builtin::BigInt64Array, 8),
    ("BigUint64Array", Builtin::BigUint64Array, 8),
];

/// Where a view lies.
struct Place {
    byte_offset: f64,
    byte_length: f64,
    /// Bytes of an element.
    size: usize,
}

impl<J: JsHost> Serializer<'_, J> {
    pub(super) fn is_detached(
        &self,
        cx: &mut J::Scope<'_>,
        buffer: &J::Value,
    ) -> Completion<J, bool> {
        self.is(cx, Builtin::BufferDetached, buffer)
    }

    /// Whether a getter returns true.
    fn is(&self, cx: &mut J::Scope<'_>, getter: Builtin, value: &J::Value) -> Completion<J, bool> {
        let value = self.realm.builtins.call(cx, getter, value)?;
        Ok(value.as_ref().and_then(J::as_boolean) == Some(true))
    }

    /// The number that a getter returns.
    fn number(
        &self,
        cx: &mut J::Scope<'_>,
        getter: Builtin,
        value: &J::Value,
    ) -> Completion<J, f64> {
        let number = self.realm.builtins.number(cx, getter, value)?;
        Ok(number.unwrap_or_default())
    }

    /// A copy of the contents of an ArrayBuffer that is not detached.
    pub(super) fn block(&self, cx: &mut J::Scope<'_>, buffer: &J::Value) -> Completion<J, Block> {
        if self.is_detached(cx, buffer)? {
            return Err(
                self.data_clone_error(cx, "An ArrayBuffer is detached and could not be cloned.")
            );
        }
        let max = match self.is(cx, Builtin::BufferResizable, buffer)? {
            true => Some(self.number(cx, Builtin::BufferMaxByteLength, buffer)?),
            false => None,
        };
        let bytes = J::with_bytes(cx, buffer, |bytes| {
            let mut copy = Vec::new();
            copy.try_reserve_exact(bytes.len()).ok()?;
            copy.extend_from_slice(bytes);
            Some(copy)
        });
        match bytes.flatten() {
            Some(bytes) => Ok(Block { bytes, max }),
            None => {
                let message = "Data cannot be cloned, out of memory.";
                Err(self.data_clone_error(cx, message))
            }
        }
    }

    /// A view that is not out of bounds. Its buffer comes before it.
    pub(super) fn view(&mut self, cx: &mut J::Scope<'_>, value: &J::Value) -> Completion<J, View> {
        let is_data_view = J::object_class(cx, value) == Some(ObjectClass::DataView);
        let getters = match is_data_view {
            true => [
                Builtin::DataViewBuffer,
                Builtin::DataViewByteOffset,
                Builtin::DataViewByteLength,
            ],
            false => [
                Builtin::TypedArrayBuffer,
                Builtin::TypedArrayByteOffset,
                Builtin::TypedArrayByteLength,
            ],
        };
        let (constructor, size) = match is_data_view {
            true => (Builtin::DataView, 1),
            false => {
                let name = self.realm.builtins.typed_array_name(cx, value)?;
                let mut types = TYPED_ARRAYS.iter();
                match types.find(|(other, ..)| Some(*other) == name.as_deref()) {
                    Some(&(_, constructor, size)) => (constructor, size),
                    None => return Err(self.uncloneable(cx, value)),
                }
            }
        };
        let buffer = self.realm.builtins.call(cx, getters[0], value)?;
        let Some(buffer) = buffer.filter(|_| !J::is_out_of_bounds(cx, value)) else {
            return Err(self.uncloneable(cx, value));
        };
        if self.is_detached(cx, &buffer)? {
            return Err(self.uncloneable(cx, value));
        }
        let place = Place {
            byte_offset: self.number(cx, getters[1], value)?,
            byte_length: self.number(cx, getters[2], value)?,
            size,
        };
        let length = match self.tracks_length(cx, value, &buffer, &place)? {
            true => None,
            false => Some(place.byte_length / size as f64),
        };
        let Serialized::Object(buffer) = self.value(cx, &buffer)? else {
            return Err(self.uncloneable(cx, value));
        };
        Ok(View {
            constructor,
            buffer,
            byte_offset: place.byte_offset,
            length,
        })
    }

    /// Whether a view's `[[ArrayLength]]` or `[[ByteLength]]` is auto, which nobody tells: its buffer
    /// is resized for a moment to see. Runs no user code.
    ///
    /// AD-HOC: where the buffer cannot be resized at will, a view that ends where the buffer does
    /// counts as such a one.
    fn tracks_length(
        &self,
        cx: &mut J::Scope<'_>,
        view: &J::Value,
        buffer: &J::Value,
        place: &Place,
    ) -> Completion<J, bool> {
        if !self.is(cx, Builtin::BufferResizable, buffer)? {
            return Ok(false);
        }
        let length = self.number(cx, Builtin::BufferByteLength, buffer)?;
        let end = place.byte_offset + place.byte_length;
        if length - end >= place.size as f64 {
            return Ok(false);
        }
        if self.web.is_protected(buffer) {
            return Ok(true);
        }
        if place.byte_length == 0.0 {
            // It has no byte to lose, but may get one.
            let max = self.number(cx, Builtin::BufferMaxByteLength, buffer)?;
            self.resize(cx, buffer, max)?;
            let bytes = J::with_bytes(cx, view, <[u8]>::len);
            self.resize(cx, buffer, length)?;
            return Ok(bytes != Some(0));
        }
        let tail = J::with_bytes(cx, buffer, |bytes| {
            bytes[bytes.len().min(end as usize - 1)..].to_vec()
        });
        self.resize(cx, buffer, end - 1.0)?;
        let tracks = !J::is_out_of_bounds(cx, view);
        self.resize(cx, buffer, length)?;
        let tail = tail.unwrap_or_default();
        J::with_bytes_mut(cx, buffer, |bytes| {
            if let Some(start) = bytes.len().checked_sub(tail.len()) {
                bytes[start..].copy_from_slice(&tail);
            }
        });
        Ok(tracks)
    }

    fn resize(&self, cx: &mut J::Scope<'_>, buffer: &J::Value, length: f64) -> Completion<J, ()> {
        let length = J::number(length);
        let builtins = &self.realm.builtins;
        builtins.call_with(cx, Builtin::BufferResize, buffer, &[length])?;
        Ok(())
    }
}
