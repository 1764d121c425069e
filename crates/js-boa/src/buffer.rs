//! Array buffers over foreign bytes, and the bytes of buffers and views.

use boa_engine::builtins::array_buffer::{ArrayBuffer, SharedArrayBuffer};
use boa_engine::builtins::dataview::DataView;
use boa_engine::builtins::typed_array::TypedArray;
use boa_engine::object::builtins::{
    AlignedVec, JsArrayBuffer, JsDataView, JsSharedArrayBuffer, JsTypedArray, JsUint8Array,
};
use boa_engine::{Context, JsObject, JsResult, JsValue};
use sinew_bridge::Completion;

use crate::Boa;
use crate::scope::Scope;

/// The alignment that Boa's buffers are typed with.
const ALIGN: usize = 64;

/// # Safety
/// As [`array_buffer_over`](sinew_bridge::JsHost::array_buffer_over).
pub(crate) unsafe fn array_buffer_over(
    cx: &mut Scope<'_>,
    data: *mut u8,
    len: usize,
) -> Completion<Boa> {
    let data = if len == 0 {
        std::ptr::without_provenance_mut(ALIGN)
    } else {
        data
    };
    // SAFETY: the bytes are valid for the life of the vector by the caller's contract. The
    // documented contract of `from_raw_parts` is bent in one point, the capacity: it is 0, not
    // that of an allocation. In aligned-vec 0.6 capacity is what growing and freeing go by, and a
    // vector of capacity 0 owns nothing: its drop frees nothing (`tests/buffer.rs` drops many and
    // looks at the memory). Growing would leave the foreign bytes for new ones, not touch them,
    // and nothing grows it: `resize` refuses a buffer of fixed length, `transfer` does not exist
    // in this build of Boa (tested too), and no Rust code here hands the vector out. Reads and
    // writes go by pointer and length; their alignment is that of `data`, which Boa's element
    // accesses need only up to 8 and linear memories have.
    let block: AlignedVec<u8> = unsafe { AlignedVec::from_raw_parts(data, ALIGN, len, 0) };
    cx.run(|context| Ok(JsArrayBuffer::from_byte_block(block, context)?.into()))
}

pub(crate) fn detach(value: &JsValue) {
    let Some(buffer) = array_buffer(value) else {
        return;
    };
    // All buffers have the key undefined: Boa has no way to give another. An error says that the
    // buffer is detached already.
    if let Ok(block) = buffer.detach(&JsValue::undefined())
        && block.capacity() == 0
    {
        // Foreign, or empty: there is nothing to free, whatever a vector does when it is dropped.
        std::mem::forget(block);
    }
}

fn array_buffer(value: &JsValue) -> Option<JsArrayBuffer> {
    let object = value.as_object()?;
    object.downcast::<ArrayBuffer>().ok().map(Into::into)
}

pub(crate) fn create_array_buffer(cx: &mut Scope<'_>, bytes: &[u8]) -> Completion<Boa> {
    cx.run(|context| {
        let block = AlignedVec::from_slice(ALIGN, bytes);
        Ok(JsArrayBuffer::from_byte_block(block, context)?.into())
    })
}

pub(crate) fn create_uint8_array(cx: &mut Scope<'_>, bytes: &[u8]) -> Completion<Boa> {
    cx.run(|context| Ok(uint8_array(bytes, context)?.into()))
}

fn uint8_array(bytes: &[u8], context: &mut Context) -> JsResult<JsUint8Array> {
    let block = AlignedVec::from_slice(ALIGN, bytes);
    let buffer = JsArrayBuffer::from_byte_block(block, context)?;
    JsUint8Array::from_array_buffer(buffer, context)
}

/// A stretch of a buffer.
struct View {
    buffer: JsObject,
    offset: usize,
    /// The rest of the buffer, where it is `None`.
    len: Option<usize>,
}

/// The stretch that a buffer or view covers now; empty when detached or out of bounds.
fn view(value: &JsValue, context: &mut Context) -> Option<View> {
    let object = value.as_object()?;
    if object.is::<ArrayBuffer>() || object.is::<SharedArrayBuffer>() {
        return Some(View {
            buffer: object,
            offset: 0,
            len: None,
        });
    }
    let (buffer, bounds) = if object.is::<TypedArray>() {
        let array = JsTypedArray::from_object(object).ok()?;
        let len = array.byte_length(context);
        let offset = array.byte_offset(context);
        (
            array.buffer(context),
            offset.and_then(|offset| Ok((offset, len?))),
        )
    } else if object.is::<DataView>() {
        let view = JsDataView::from_object(object).ok()?;
        let len = view.byte_length(context);
        let offset = view.byte_offset(context);
        let bounds = offset.and_then(|offset| Ok((offset as usize, len? as usize)));
        (view.buffer(context), bounds)
    } else {
        return None;
    };
    // A DataView that is out of bounds says so with an error.
    let (offset, len) = bounds.unwrap_or((0, 0));
    Some(View {
        buffer: buffer.ok()?.as_object()?,
        offset,
        len: Some(len),
    })
}

impl View {
    fn range(&self, available: usize) -> std::ops::Range<usize> {
        let start = self.offset.min(available);
        let len = self.len.unwrap_or(available).min(available - start);
        start..start + len
    }
}

pub(crate) fn with_bytes<R>(
    cx: &mut Scope<'_>,
    value: &JsValue,
    f: impl FnOnce(&[u8]) -> R,
) -> Option<R> {
    let view = view(value, cx.context)?;
    if let Ok(buffer) = view.buffer.clone().downcast::<ArrayBuffer>() {
        let buffer = JsArrayBuffer::from(buffer);
        let bytes = buffer.data();
        let bytes = bytes.as_deref().unwrap_or_default();
        return Some(f(&bytes[view.range(bytes.len())]));
    }
    // Boa hands out the bytes of a SharedArrayBuffer as a copy only.
    let bytes = JsSharedArrayBuffer::from_object(view.buffer.clone())
        .ok()?
        .to_vec();
    Some(f(&bytes[view.range(bytes.len())]))
}

pub(crate) fn with_bytes_mut<R>(
    cx: &mut Scope<'_>,
    value: &JsValue,
    f: impl FnOnce(&mut [u8]) -> R,
) -> Option<R> {
    let view = view(value, cx.context)?;
    if let Ok(buffer) = view.buffer.clone().downcast::<ArrayBuffer>() {
        let buffer = JsArrayBuffer::from(buffer);
        let mut bytes = buffer.data_mut();
        let bytes = bytes.as_deref_mut().unwrap_or_default();
        let range = view.range(bytes.len());
        return Some(f(&mut bytes[range]));
    }
    let shared = JsSharedArrayBuffer::from_object(view.buffer.clone()).ok()?;
    let mut bytes = shared.to_vec();
    let range = view.range(bytes.len());
    let result = f(&mut bytes[range.clone()]);
    store_shared(shared, range.start, &bytes[range], cx.context).ok()?;
    Some(result)
}

/// Copies `bytes` into a SharedArrayBuffer, by the one way that Boa has: from typed array to typed
/// array, which looks nothing up.
fn store_shared(
    shared: JsSharedArrayBuffer,
    offset: usize,
    bytes: &[u8],
    context: &mut Context,
) -> JsResult<()> {
    let source = uint8_array(bytes, context)?;
    let target = JsUint8Array::from_shared_array_buffer(shared, context)?;
    target.set_values(source.into(), Some(offset as u64), context)?;
    Ok(())
}
