//! Buffers for [byte modules](https://github.com/tc39/proposal-import-bytes), immutable where the
//! JavaScript engine has [such buffers](https://github.com/tc39/proposal-immutable-arraybuffer).

use sinew_bridge::{Completion, JsHost, PropertyKey, PropertyKind};

/// What makes them, as it was before any user code ran.
pub(crate) struct ImmutableBuffers<J: JsHost>(Option<Intrinsics<J>>);

struct Intrinsics<J: JsHost> {
    /// `%ArrayBuffer.prototype.transferToImmutable%`
    transfer: J::Value,
    /// `%Uint8Array%`
    uint8_array: J::Value,
}

impl<J: JsHost> Default for ImmutableBuffers<J> {
    fn default() -> Self {
        ImmutableBuffers(None)
    }
}

impl<J: JsHost> Clone for ImmutableBuffers<J> {
    fn clone(&self) -> Self {
        let intrinsics = self.0.as_ref();
        ImmutableBuffers(intrinsics.map(|intrinsics| Intrinsics {
            transfer: intrinsics.transfer.clone(),
            uint8_array: intrinsics.uint8_array.clone(),
        }))
    }
}

impl<J: JsHost> ImmutableBuffers<J> {
    /// Takes the intrinsics of a new realm.
    pub(crate) fn of_realm(cx: &mut J::Scope<'_>) -> Completion<J, Self> {
        let global = J::global(cx);
        let array_buffer = J::get(cx, &global, "ArrayBuffer".into())?;
        let prototype = J::get(cx, &array_buffer, "prototype".into())?;
        let name = PropertyKey::Name("transferToImmutable");
        let Some(property) = J::get_own_property(cx, &prototype, name)? else {
            return Ok(ImmutableBuffers(None));
        };
        let PropertyKind::Data { value, .. } = property.kind else {
            return Ok(ImmutableBuffers(None));
        };
        Ok(ImmutableBuffers(Some(Intrinsics {
            transfer: value,
            uint8_array: J::get(cx, &global, "Uint8Array".into())?,
        })))
    }

    /// A Uint8Array that holds a copy of `bytes`. Runs no user code.
    pub(crate) fn create_uint8_array(&self, cx: &mut J::Scope<'_>, bytes: &[u8]) -> Completion<J> {
        let Some(Intrinsics {
            transfer,
            uint8_array,
        }) = &self.0
        else {
            return J::create_uint8_array(cx, bytes);
        };
        let buffer = J::create_array_buffer(cx, bytes)?;
        let buffer = J::call(cx, transfer, &buffer, &[])?;
        J::construct(cx, uint8_array, &[buffer], uint8_array)
    }
}
