//! Array buffers over foreign bytes, and the bytes of buffers and views.

use boa_engine::builtins::array_buffer::{ArrayBuffer, SharedArrayBuffer};
use boa_engine::builtins::dataview::DataView;
use boa_engine::builtins::typed_array::TypedArray;
use boa_engine::object::builtins::{
    AlignedVec, JsArrayBuffer, JsDataView, JsSharedArrayBuffer, JsTypedArray, JsUint8Array,
};
use boa_engine::{Context, JsObject, JsResult, JsValue};
use sinew_bridge::{Completion, ErrorClass, FunctionSpec, NativeFn, Property, PropertyKind, Throw};

use crate::Boa;
use crate::error::throw;
use crate::function::{Args, create as create_function};
use crate::object::define_property;
use crate::scope::Scope;

/// The alignment that Boa's buffers are typed with.
const ALIGN: usize = 64;

/// Where a foreign block without bytes is said to be: not where Boa's own are, which is at `ALIGN`.
const EMPTY: usize = 2 * ALIGN;
/// The greatest length that is a Number beside all smaller ones.
const MAX_LEN: u64 = (1 << 53) - 1;

/// # Safety
/// As [`array_buffer_over`](sinew_bridge::JsHost::array_buffer_over).
pub(crate) unsafe fn array_buffer_over(
    cx: &mut Scope<'_>,
    data: *mut u8,
    len: usize,
) -> Completion<Boa> {
    let data = if len == 0 {
        std::ptr::without_provenance_mut(EMPTY)
    } else {
        data
    };
    // SAFETY: the same contract.
    let block = unsafe { foreign(data, len) };
    cx.run(|context| Ok(JsArrayBuffer::from_byte_block(block, context)?.into()))
}

/// # Safety
/// As [`resizable_buffer_over`](sinew_bridge::JsHost::resizable_buffer_over).
pub(crate) unsafe fn resizable_buffer_over(
    cx: &mut Scope<'_>,
    data: *mut u8,
    len: usize,
    max: usize,
) -> Completion<Boa> {
    if max as u64 > MAX_LEN || isize::try_from(max).is_err() {
        let message = format!("Boa has no ArrayBuffer of {max} bytes");
        return Err(throw(cx, ErrorClass::RangeError, &message));
    }
    let Some(intrinsics) = cx.intrinsics() else {
        return Err(Throw::Terminated);
    };
    let data = if data.is_null() {
        std::ptr::without_provenance_mut(EMPTY)
    } else {
        data
    };
    // SAFETY: the same contract.
    let block = unsafe { foreign(data, len) };
    cx.run(|context| {
        let buffer = JsArrayBuffer::from_byte_block(block, context)?;
        let buffer = JsObject::from(buffer.with_max_byte_length(max as u64));
        // Before anybody has it: `resize` must know it from its first call on.
        let max = JsValue::new(max as f64);
        intrinsics.resizable_buffers.set(&buffer, max, context)?;
        Ok(buffer.into())
    })
}

/// Boa's vector, over bytes that are not its own.
///
/// # Safety
/// The bytes are valid for reads and writes for as long as JavaScript can reach the vector.
unsafe fn foreign(data: *mut u8, len: usize) -> AlignedVec<u8> {
    // SAFETY: the bytes are valid for the life of the vector by the caller's contract. The
    // documented contract of `from_raw_parts` is bent in one point, the capacity: it is 0, not
    // that of an allocation. In aligned-vec 0.6 capacity is what growing and freeing go by, and a
    // vector of capacity 0 owns nothing: its drop frees nothing (`tests/buffer.rs` drops many and
    // looks at the memory). Growing would leave the foreign bytes for new ones, not touch them,
    // and nothing grows it: `resize` refuses a buffer of fixed length and is `Resize` for the
    // others, `transfer` does not exist in this build of Boa (tested too), and no Rust code here
    // hands the vector out. Reads and writes go by pointer and length; their alignment is that of
    // `data`, which Boa's element accesses need only up to 8 and linear memories have.
    unsafe { AlignedVec::from_raw_parts(data, ALIGN, len, 0) }
}

/// The maximum length of a buffer of [`resizable_buffer_over`].
fn resizable_max(cx: &mut Scope<'_>, value: &JsValue) -> Option<u64> {
    let buffer = value
        .as_object()
        .filter(|object| object.is::<ArrayBuffer>())?;
    let intrinsics = cx.intrinsics()?;
    let max = cx.unlimited(|context| intrinsics.resizable_buffers.get(&buffer, context));
    max.ok()?.as_number().map(|max| max as u64)
}

/// Boa resizes the vector of a buffer, and nothing else can. So the buffer gets the insides of a new
/// one, whose vector is as long as it should be.
///
/// # Safety
/// As [`set_buffer_len`](sinew_bridge::JsHost::set_buffer_len).
pub(crate) unsafe fn set_len(cx: &mut Scope<'_>, value: &JsValue, len: usize) {
    let (Some(max), Some(buffer)) = (resizable_max(cx, value), array_buffer(value)) else {
        return;
    };
    // An error says that the buffer is detached: it stays that.
    let Ok(block) = buffer.detach(&JsValue::undefined()) else {
        return;
    };
    let (data, ..) = block.into_raw_parts();
    // SAFETY: the same contract; a buffer of `resizable_buffer_over` has its pointer for life.
    let block = unsafe { foreign(data, len) };
    // This looks up nothing but the `prototype` of the intrinsic constructor. Should it fail all the
    // same, then the buffer is detached, which is safe.
    if let Ok(other) = cx.unlimited(|context| JsArrayBuffer::from_byte_block(block, context)) {
        let other = other.with_max_byte_length(max);
        std::mem::swap(
            buffer.borrow_mut().data_mut(),
            other.borrow_mut().data_mut(),
        );
    }
}

/// Replaces the method that would resize the vector of a foreign buffer, and adds the accessor by
/// which scripts see that a memory has grown, which Boa counts as experimental.
pub(crate) fn prepare_prototype(cx: &mut Scope<'_>) -> Completion<Boa, ()> {
    let spec = |name, length| FunctionSpec {
        name,
        length,
        constructor: false,
    };
    let constructors = cx.context.intrinsics().constructors();
    let prototype = constructors.array_buffer().prototype().into();
    let resize = create_function::<Resize>(cx, (), spec("resize", 1));
    define_property(cx, &prototype, "resize".into(), Property::hidden(resize))?;
    let kind = PropertyKind::Accessor {
        get: Some(create_function::<Detached>(cx, (), spec("get detached", 0))),
        set: None,
    };
    let detached = Property {
        kind,
        enumerable: false,
        configurable: true,
    };
    define_property(cx, &prototype, "detached".into(), detached)
}

/// [get ArrayBuffer.prototype.detached](https://tc39.es/ecma262/#sec-get-arraybuffer.prototype.detached)
struct Detached;

impl NativeFn<Boa> for Detached {
    type Data = ();

    fn call(cx: &mut Scope<'_>, (): &(), args: Args<'_>) -> Completion<Boa> {
        // 1.-3. The receiver.
        let Some(buffer) = array_buffer(&args.this()) else {
            return Err(throw(cx, ErrorClass::TypeError, "not an ArrayBuffer"));
        };
        // 4. Return IsDetachedBuffer(O).
        Ok(JsValue::new(buffer.data().is_none()))
    }
}

/// [ArrayBuffer.prototype.resize](https://tc39.es/ecma262/#sec-arraybuffer.prototype.resize), with
/// the step that Boa leaves out.
struct Resize;

impl NativeFn<Boa> for Resize {
    type Data = ();

    fn call(cx: &mut Scope<'_>, (): &(), args: Args<'_>) -> Completion<Boa> {
        // 1.-3. The receiver, which Boa's own method checks if it is not one of ours.
        let this = args.this();
        let (Some(intrinsics), Some(hooks)) = (cx.intrinsics(), cx.state.hooks()) else {
            return Err(Throw::Terminated);
        };
        let original = JsValue::from(intrinsics.resize.clone());
        let Some(max) = resizable_max(cx, &this) else {
            return crate::function::call(cx, &original, &this, args.list());
        };
        // 4. Let newByteLength be ? ToIndex(newLength).
        let new_length = args.list().first().cloned().unwrap_or_default();
        let len = cx.run(|context| new_length.to_index(context))?;
        // 5. If IsDetachedBuffer(O) is true, throw a TypeError exception.
        // 6. If newByteLength > O.[[ArrayBufferMaxByteLength]], throw a RangeError exception.
        if len > max || is_detached(&this) {
            return crate::function::call(cx, &original, &this, &[JsValue::new(len as f64)]);
        }
        // 7. Let hostHandled be ? HostResizeArrayBuffer(O, newByteLength).
        // 8. If hostHandled is handled, return undefined.
        hooks.resize_buffer(cx, &this, len as usize)?;
        Ok(JsValue::undefined())
    }
}

/// The throw completion of what Boa cannot do.
pub(crate) fn no_shared_buffers(cx: &mut Scope<'_>) -> Throw<JsValue> {
    let message = "Boa 0.22 cannot make a SharedArrayBuffer over the bytes of a shared memory";
    throw(cx, ErrorClass::TypeError, message)
}

fn is_detached(value: &JsValue) -> bool {
    array_buffer(value).is_some_and(|buffer| buffer.data().is_none())
}

/// Views of detached buffers fail in the same places, but are told apart by their buffer.
pub(crate) fn is_out_of_bounds(cx: &mut Scope<'_>, value: &JsValue) -> bool {
    let Some(object) = value.as_object() else {
        return false;
    };
    cx.unlimited(|context| {
        let (buffer, valid) = if let Ok(array) = JsTypedArray::from_object(object.clone()) {
            // Its length does not tell whether it is empty, but ValidateTypedArray does.
            (array.buffer(context), array.at(0, context).is_ok())
        } else if let Ok(view) = JsDataView::from_object(object) {
            (view.buffer(context), view.byte_length(context).is_ok())
        } else {
            return false;
        };
        !valid && buffer.is_ok_and(|buffer| !is_detached(&buffer))
    })
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

/// [TransferArrayBuffer](https://streams.spec.whatwg.org/#transfer-array-buffer)
pub(crate) fn transfer(cx: &mut Scope<'_>, value: &JsValue) -> Completion<Boa> {
    let Some(buffer) = array_buffer(value) else {
        return Err(throw(cx, ErrorClass::TypeError, "not an ArrayBuffer"));
    };
    let Ok(block) = buffer.detach(&JsValue::undefined()) else {
        return Err(throw(cx, ErrorClass::TypeError, "ArrayBuffer is detached"));
    };
    let is_foreign = block.capacity() == 0 && block.as_ptr().addr() != ALIGN;
    let other = cx.run(|context| JsArrayBuffer::from_byte_block(block, context))?;
    if !is_foreign {
        return Ok(other.into());
    }
    // Only the detached block tells that it is foreign: it goes back to where it was.
    let max = resizable_max(cx, value);
    let other = match max {
        Some(max) => other.with_max_byte_length(max),
        None => other,
    };
    std::mem::swap(
        buffer.borrow_mut().data_mut(),
        other.borrow_mut().data_mut(),
    );
    let message = "cannot transfer the ArrayBuffer of a memory";
    Err(throw(cx, ErrorClass::TypeError, message))
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
