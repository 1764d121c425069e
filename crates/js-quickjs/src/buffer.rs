//! ArrayBuffers and SharedArrayBuffers over foreign bytes, and the bytes of buffers and views.
//!
//! QuickJS has no `[[ArrayBufferDetachKey]]`: `transfer()` of the same length hands the very pointer
//! to a new ArrayBuffer that nobody outside knows, and any other length asks the buffer's
//! callback. Nor does it ask its host before it resizes a buffer. So these methods are replaced,
//! before any user code runs, by functions that know buffers of ours.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::ffi::c_void;

use rquickjs::qjs;
use sinew_bridge::{ErrorClass, ObjectClass};

use crate::error::{Result, call_accessor, completion, throw};
use crate::object::object_class;
use crate::scope::{Scope, State};
use crate::value::{self, Value};

pub(crate) mod layout;
mod methods;

use layout::{BufferData, buffer_of};
pub(crate) use methods::{METHODS, replace_methods, set_buffer_len, transfer};

/// What a runtime knows about the bytes of buffers.
#[derive(Default)]
pub(crate) struct Foreign {
    /// The addresses of the ArrayBuffers over foreign bytes that are attached, by the number that
    /// the callback is given.
    addresses: RefCell<HashMap<usize, usize>>,
    /// The same addresses.
    attached: RefCell<HashSet<usize>>,
    next: Cell<usize>,
    /// Where the bytes are of SharedArrayBuffers that are not foreign.
    shared: RefCell<HashSet<usize>>,
    /// The runtime that they belong to, until its very end.
    rt: Cell<*mut qjs::JSRuntime>,
    /// The length of a buffer of ours is being set.
    is_setting: Cell<bool>,
}

impl Foreign {
    /// Whether `object` is a buffer of this class over foreign bytes, not detached.
    fn contains(&self, cx: &mut Scope<'_>, object: &Value, class: ObjectClass) -> bool {
        if object_class(cx, object) != Some(class) {
            return false;
        }
        match class {
            ObjectClass::SharedArrayBuffer => {
                let data = bytes_of_buffer(cx, object).data;
                !self.shared.borrow().contains(&data.addr())
            }
            _ => value::identity(object)
                .is_some_and(|address| self.attached.borrow().contains(&address)),
        }
    }
}

/// Lets QuickJS make SharedArrayBuffers, and tells them from foreign ones.
///
/// # Safety
/// `rt` is a live runtime whose state is `state`.
pub(crate) unsafe fn install(rt: *mut qjs::JSRuntime, state: &State) {
    state.foreign.rt.set(rt);
    let functions = qjs::JSSharedArrayBufferFunctions {
        sab_alloc: Some(allocate_shared),
        sab_free: Some(free_shared),
        sab_dup: None,
        sab_opaque: crate::function::state_pointer(state),
    };
    // SAFETY: the functions are copied; the state outlives the runtime.
    unsafe { qjs::JS_SetSharedArrayBufferFunctions(rt, &functions) };
}

/// Memory for a new SharedArrayBuffer, within the bound of the heap. QuickJS takes null for an
/// exception that is pending.
unsafe extern "C" fn allocate_shared(state: *mut c_void, size: qjs::size_t) -> *mut c_void {
    // SAFETY: the state, which outlives the runtime.
    let state = unsafe { &*state.cast::<State>() };
    // SAFETY: the runtime and its context live, as they run.
    unsafe {
        let data = qjs::js_mallocz_rt(state.foreign.rt.get(), size);
        if data.is_null() {
            let message = c"Array buffer allocation failed";
            qjs::JS_ThrowRangeError(state.live.ctx.get(), message.as_ptr());
        } else {
            state.foreign.shared.borrow_mut().insert(data.addr());
        }
        data
    }
}

/// A SharedArrayBuffer died.
unsafe extern "C" fn free_shared(state: *mut c_void, data: *mut c_void) {
    // SAFETY: the state, which outlives the runtime.
    let foreign = unsafe { &(*state.cast::<State>()).foreign };
    if foreign.shared.borrow_mut().remove(&data.addr()) {
        // SAFETY: from `allocate_shared`; nothing else frees it.
        unsafe { qjs::js_free_rt(foreign.rt.get(), data) };
    }
}

/// What QuickJS calls to free the bytes of a buffer, with a size of 0, or to resize them.
unsafe extern "C" fn release(
    rt: *mut qjs::JSRuntime,
    number: *mut c_void,
    data: *mut c_void,
    size: qjs::size_t,
) -> *mut c_void {
    // SAFETY: the runtime is one of ours.
    let foreign = unsafe { &State::of(rt).foreign };
    if size != 0 {
        // The bytes cannot be moved, and are there already when a length is set.
        return match foreign.is_setting.get() {
            true => data,
            false => std::ptr::null_mut(),
        };
    }
    if let Some(address) = foreign.addresses.borrow_mut().remove(&number.addr()) {
        foreign.attached.borrow_mut().remove(&address);
    }
    // They are not ours to free.
    std::ptr::null_mut()
}

/// An ArrayBuffer over `data`, resizable if there is a `max`.
///
/// # Safety
/// As [`JsHost::array_buffer_over`](sinew_bridge::JsHost::array_buffer_over) and
/// [`JsHost::resizable_buffer_over`](sinew_bridge::JsHost::resizable_buffer_over) have it.
pub(crate) unsafe fn array_buffer_over(
    cx: &mut Scope<'_>,
    data: *mut u8,
    len: usize,
    max: Option<usize>,
) -> Result<Value> {
    check_len(cx, len, max)?;
    let foreign = &cx.state.foreign;
    let number = foreign.next.get() + 1;
    foreign.next.set(number);
    let opaque = std::ptr::without_provenance_mut(number);
    // SAFETY: the caller answers for the bytes; `release` never owns them.
    let buffer = unsafe { buffer_over(cx, data, len, max, Some(release), opaque, false) }?;
    if let Some(address) = value::identity(&buffer) {
        foreign.addresses.borrow_mut().insert(number, address);
        foreign.attached.borrow_mut().insert(address);
    }
    Ok(buffer)
}

/// A SharedArrayBuffer over `data`, growable if there is a `max`.
///
/// # Safety
/// As [`JsHost::shared_buffer_over`](sinew_bridge::JsHost::shared_buffer_over) has it.
pub(crate) unsafe fn shared_buffer_over(
    cx: &mut Scope<'_>,
    data: *mut u8,
    len: usize,
    max: Option<usize>,
) -> Result<Value> {
    check_len(cx, len, max)?;
    // SAFETY: the caller answers for the bytes, which `free_shared` does not know.
    unsafe { buffer_over(cx, data, len, max, None, std::ptr::null_mut(), true) }
}

/// QuickJS counts bytes in an int.
fn check_len(cx: &mut Scope<'_>, len: usize, max: Option<usize>) -> Result<()> {
    let most = max.unwrap_or(len);
    if i32::try_from(most).is_err() {
        let message = format!("QuickJS has no buffer of {most} bytes, only up to 2147483647");
        return Err(throw(cx, ErrorClass::RangeError, &message));
    }
    if len > most {
        let message = "a buffer cannot be longer than its maximum";
        return Err(throw(cx, ErrorClass::RangeError, message));
    }
    Ok(())
}

/// # Safety
/// The bytes are as [`array_buffer_over`] or [`shared_buffer_over`] have it; the lengths are checked.
unsafe fn buffer_over(
    cx: &mut Scope<'_>,
    data: *mut u8,
    len: usize,
    max: Option<usize>,
    release: qjs::JSReallocArrayBufferDataFunc,
    opaque: *mut c_void,
    is_shared: bool,
) -> Result<Value> {
    // QuickJS takes null for a wish to allocate. No bytes are nowhere in particular: certainly not
    // where a SharedArrayBuffer of its own has some.
    let data = match data.is_null() || max.unwrap_or(len) == 0 {
        true => std::ptr::dangling_mut(),
        false => data,
    };
    // It takes a maximum of 0 for none.
    let asked = max.map_or(0, |max| max.max(1));
    // SAFETY: as the caller has it.
    let raw = unsafe {
        qjs::JS_NewArrayBuffer(
            cx.ctx, data, len as _, asked as _, release, opaque, is_shared,
        )
    };
    let buffer = completion(cx, raw)?;
    if max == Some(0) {
        // SAFETY: a new buffer that only this code has.
        unsafe { (*BufferData::of(buffer.raw(cx))).max = 0 };
    }
    Ok(buffer)
}

pub(crate) fn detach(cx: &mut Scope<'_>, buffer: &Value) {
    let raw = buffer.raw(cx);
    // SAFETY: a valid value; QuickJS ignores what is no attached ArrayBuffer.
    unsafe { qjs::JS_DetachArrayBuffer(cx.ctx, raw) };
    if object_class(cx, buffer) == Some(ObjectClass::ArrayBuffer) {
        // QuickJS keeps `maxByteLength`, which is 0 when detached.
        // SAFETY: an ArrayBuffer, which was detached.
        unsafe {
            if let Some(data) = BufferData::of(raw).as_mut() {
                data.max = data.max.min(0);
            }
        }
    }
}

pub(crate) fn is_out_of_bounds(cx: &mut Scope<'_>, value: &Value) -> bool {
    is_view(cx, value)
        // SAFETY: a view.
        && unsafe { buffer_of(value.raw(cx)) }.is_some_and(|(_, beyond)| beyond)
}

fn is_view(cx: &mut Scope<'_>, value: &Value) -> bool {
    let class = object_class(cx, value);
    matches!(class, Some(ObjectClass::TypedArray | ObjectClass::DataView))
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
    // SAFETY: a view.
    match unsafe { buffer_of(value.raw(cx)) } {
        Some((buffer, false)) if buffer.detached == 0 => {}
        // Accessors of a DataView would throw.
        _ => return Some(NO_BYTES),
    }
    let intrinsics = cx.state.intrinsics();
    let mut fields = intrinsics.view_accessors[accessors]
        .iter()
        .map(|accessor| call_accessor(cx, accessor, value, None));
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

/// Of a buffer of either class.
fn bytes_of_buffer(cx: &mut Scope<'_>, buffer: &Value) -> Bytes {
    // SAFETY: a buffer.
    match unsafe { BufferData::of(buffer.raw(cx)).as_ref() } {
        Some(buffer) if buffer.detached == 0 => Bytes {
            data: buffer.data,
            len: usize::try_from(buffer.len).unwrap_or_default(),
            immutable: buffer.immutable != 0,
        },
        _ => NO_BYTES,
    }
}
