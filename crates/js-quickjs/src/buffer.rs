//! ArrayBuffers over foreign bytes, and the bytes of buffers and views.
//!
//! QuickJS has no `[[ArrayBufferDetachKey]]`: `transfer()` of the same length hands the very pointer
//! to a new ArrayBuffer that nobody outside knows, and any other length asks the buffer's
//! callback. So the three methods are replaced, before any user code runs, by functions that
//! refuse buffers of ours.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::ffi::c_void;

use rquickjs::qjs;
use sinew_bridge::{ErrorClass, FunctionSpec, NativeFn, ObjectClass, Property};

use crate::QuickJs;
use crate::error::{Result, call_accessor, completion, fail, guarded, throw};
use crate::function::{Args, create_function};
use crate::object::{define_property, object_class};
use crate::scope::{Scope, State};
use crate::value::{self, Value};

/// The methods of `ArrayBuffer.prototype` that part a buffer from its bytes.
pub(crate) const TRANSFERS: [&str; 3] =
    ["transfer", "transferToFixedLength", "transferToImmutable"];

/// The buffers over foreign bytes that are attached.
#[derive(Default)]
pub(crate) struct Foreign {
    /// The addresses of the objects, by the number that the callback is given.
    addresses: RefCell<HashMap<usize, usize>>,
    /// The same addresses.
    attached: RefCell<HashSet<usize>>,
    next: Cell<usize>,
}

impl Foreign {
    fn contains(&self, object: &Value) -> bool {
        value::identity(object).is_some_and(|address| self.attached.borrow().contains(&address))
    }
}

/// What QuickJS calls to free the bytes of a buffer, with a size of 0, or to resize them.
unsafe extern "C" fn release(
    rt: *mut qjs::JSRuntime,
    number: *mut c_void,
    _data: *mut c_void,
    size: qjs::size_t,
) -> *mut c_void {
    if size == 0 {
        // SAFETY: the runtime is one of ours.
        let foreign = unsafe { &State::of(rt).foreign };
        if let Some(address) = foreign.addresses.borrow_mut().remove(&number.addr()) {
            foreign.attached.borrow_mut().remove(&address);
        }
    }
    // The bytes are not ours to free, and cannot be moved.
    std::ptr::null_mut()
}

/// An ArrayBuffer over `data`.
///
/// # Safety
/// As [`JsHost::array_buffer_over`](sinew_bridge::JsHost::array_buffer_over) has it.
pub(crate) unsafe fn array_buffer_over(
    cx: &mut Scope<'_>,
    data: *mut u8,
    len: usize,
) -> Result<Value> {
    if i32::try_from(len).is_err() {
        let message = format!("QuickJS has no ArrayBuffer of {len} bytes, only up to 2147483647");
        return Err(throw(cx, ErrorClass::RangeError, &message));
    }
    // QuickJS takes null for a wish to allocate.
    let data = match data.is_null() {
        true => std::ptr::dangling_mut(),
        false => data,
    };
    let foreign = &cx.state.foreign;
    let number = foreign.next.get() + 1;
    foreign.next.set(number);
    let opaque = std::ptr::without_provenance_mut(number);
    // SAFETY: the caller answers for the bytes; `release` never owns them.
    let raw =
        unsafe { qjs::JS_NewArrayBuffer(cx.ctx, data, len as _, 0, Some(release), opaque, false) };
    let buffer = completion(cx, raw)?;
    if let Some(address) = value::identity(&buffer) {
        foreign.addresses.borrow_mut().insert(number, address);
        foreign.attached.borrow_mut().insert(address);
    }
    Ok(buffer)
}

pub(crate) fn detach(cx: &mut Scope<'_>, buffer: &Value) {
    // SAFETY: a valid value; QuickJS ignores what is no attached ArrayBuffer.
    unsafe { qjs::JS_DetachArrayBuffer(cx.ctx, buffer.raw(cx)) };
}

/// Replaces the methods that part a buffer from its bytes.
pub(crate) fn replace_transfers(cx: &mut Scope<'_>) -> Result<()> {
    let prototype = cx.state.intrinsics().array_buffer_prototype.clone();
    for (index, name) in TRANSFERS.into_iter().enumerate() {
        let spec = FunctionSpec {
            name,
            length: 0,
            constructor: false,
        };
        let function = create_function::<Transfer>(cx, index, spec)?;
        define_property(cx, &prototype, name.into(), Property::hidden(function))?;
    }
    Ok(())
}

/// One of the replaced methods.
struct Transfer;

impl NativeFn<QuickJs> for Transfer {
    /// The index of the original.
    type Data = usize;

    fn call(cx: &mut Scope<'_>, &index: &usize, args: Args<'_>) -> Result<Value> {
        let this = crate::function::this(cx, args);
        if cx.state.foreign.contains(&this) {
            let message = "cannot transfer the ArrayBuffer of a memory";
            return Err(throw(cx, ErrorClass::TypeError, message));
        }
        let intrinsics = cx.state.intrinsics();
        let original = intrinsics.transfers[index].raw(cx);
        let (this, argc, argv) = args.parts();
        // SAFETY: the arguments of this very call.
        guarded(cx, |ctx| unsafe {
            qjs::JS_Call(ctx, original, this, argc, argv)
        })
    }
}

pub(crate) fn create_array_buffer(cx: &mut Scope<'_>, bytes: &[u8]) -> Result<Value> {
    // SAFETY: pointer and length are those of `bytes`, which is copied.
    let raw = unsafe { qjs::JS_NewArrayBufferCopy(cx.ctx, bytes.as_ptr(), bytes.len() as _) };
    completion(cx, raw)
}

pub(crate) fn create_uint8_array(cx: &mut Scope<'_>, bytes: &[u8]) -> Result<Value> {
    // SAFETY: pointer and length are those of `bytes`, which is copied.
    let raw = unsafe { qjs::JS_NewUint8ArrayCopy(cx.ctx, bytes.as_ptr(), bytes.len() as _) };
    completion(cx, raw)
}

pub(crate) fn with_bytes<R>(
    cx: &mut Scope<'_>,
    value: &Value,
    f: impl FnOnce(&[u8]) -> R,
) -> Option<R> {
    let bytes = bytes_of(cx, value)?;
    // SAFETY: QuickJS says that these bytes are readable; nothing runs that could free or write
    // them while `f` has them.
    Some(f(unsafe {
        std::slice::from_raw_parts(bytes.data, bytes.len)
    }))
}

pub(crate) fn with_bytes_mut<R>(
    cx: &mut Scope<'_>,
    value: &Value,
    f: impl FnOnce(&mut [u8]) -> R,
) -> Option<R> {
    let bytes = bytes_of(cx, value)?;
    if bytes.immutable {
        return None;
    }
    // SAFETY: as in `with_bytes`, and the bytes are writable.
    Some(f(unsafe {
        std::slice::from_raw_parts_mut(bytes.data, bytes.len)
    }))
}

/// Where the bytes of a buffer or view are now.
struct Bytes {
    data: *mut u8,
    len: usize,
    immutable: bool,
}

const NO_BYTES: Bytes = Bytes {
    data: std::ptr::dangling_mut(),
    len: 0,
    immutable: false,
};

fn bytes_of(cx: &mut Scope<'_>, value: &Value) -> Option<Bytes> {
    let accessors = match object_class(cx, value)? {
        ObjectClass::ArrayBuffer | ObjectClass::SharedArrayBuffer => {
            return Some(bytes_of_buffer(cx, value));
        }
        ObjectClass::TypedArray => 0..3,
        ObjectClass::DataView => 3..6,
        _ => return None,
    };
    let intrinsics = cx.state.intrinsics();
    let mut fields = intrinsics.view_accessors[accessors]
        .iter()
        .map(|accessor| call_accessor(cx, accessor, value, None));
    // The accessors of a DataView throw when it is out of bounds.
    let (Some(offset), Some(len), Some(Some(buffer))) =
        (number(fields.next()), number(fields.next()), fields.next())
    else {
        return Some(NO_BYTES);
    };
    drop(fields);
    let bytes = bytes_of_buffer(cx, &buffer);
    if len == 0 || offset.checked_add(len).is_none_or(|end| end > bytes.len) {
        return Some(NO_BYTES);
    }
    Some(Bytes {
        // SAFETY: `offset` is within the bytes.
        data: unsafe { bytes.data.add(offset) },
        len,
        immutable: bytes.immutable,
    })
}

fn number(field: Option<Option<Value>>) -> Option<usize> {
    value::as_number(&field??).map(|number| number as usize)
}

fn bytes_of_buffer(cx: &mut Scope<'_>, buffer: &Value) -> Bytes {
    let raw = buffer.raw(cx);
    let mut len: qjs::size_t = 0;
    // SAFETY: a valid value, and a live place for the length.
    let data = unsafe { qjs::JS_GetArrayBuffer(cx.ctx, &mut len, raw) };
    if data.is_null() {
        // It throws when detached.
        drop(fail(cx));
        return NO_BYTES;
    }
    Bytes {
        data,
        len: len as usize,
        // SAFETY: a valid value.
        immutable: unsafe { qjs::JS_IsImmutableArrayBuffer(raw) } == 1,
    }
}
