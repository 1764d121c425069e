//! What QuickJS keeps in buffers and views, for which it has no functions: it sets the length of a
//! buffer only together with its bytes, which it clears, and throws when a view is out of bounds,
//! which runs user code.

use rquickjs::qjs;

use crate::function;
use crate::object;
use crate::scope::Scope;
use crate::value::{self, Value, Word};

/// `JSArrayBuffer`, as far as it matters here.
#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct BufferData {
    pub(super) len: i32,
    /// Negative if not resizable.
    pub(super) max: i32,
    pub(super) detached: u8,
    pub(super) immutable: u8,
    shared: u8,
    pub(super) data: *mut u8,
}

/// `JSTypedArray`, which is a DataView, too, as far as it matters here.
#[repr(C)]
struct ViewData {
    link: [usize; 2],
    object: usize,
    /// The object that is the buffer.
    buffer: *mut std::ffi::c_void,
    offset: u32,
    /// In bytes; what a view has that follows its buffer means nothing.
    len: u32,
    follows: u8,
}

impl BufferData {
    /// Of a buffer of either class; it lives as long as the object.
    ///
    /// # Safety
    /// `buffer` is a live ArrayBuffer or SharedArrayBuffer.
    pub(super) unsafe fn of(buffer: qjs::JSValue) -> *mut Self {
        let mut class = 0;
        // SAFETY: a valid object.
        unsafe { qjs::JS_GetAnyOpaque(buffer, &mut class) }.cast()
    }
}

/// The buffer of a view, and whether the view lies beyond its end.
///
/// # Safety
/// `view` is a live typed array or DataView.
pub(super) unsafe fn buffer_of(view: qjs::JSValue) -> Option<(BufferData, bool)> {
    let mut class = 0;
    // SAFETY: a view keeps such data, as `check` saw, and holds its buffer.
    unsafe {
        let view = qjs::JS_GetAnyOpaque(view, &mut class)
            .cast::<ViewData>()
            .as_ref()?;
        let buffer = qjs::JS_MKPTR(qjs::JS_TAG_OBJECT, view.buffer);
        let buffer = *BufferData::of(buffer).as_ref()?;
        let end = match view.follows {
            0 => i64::from(view.offset) + i64::from(view.len),
            _ => i64::from(view.offset),
        };
        Some((buffer, buffer.detached == 0 && end > i64::from(buffer.len)))
    }
}

/// Whether buffers and views are laid out like that.
pub(crate) fn check(cx: &mut Scope<'_>) -> Option<()> {
    let number = |number: u32| Value::immediate(Word::number(f64::from(number)));
    let options = object::create_object(cx, &Value::immediate(Word::NULL)).ok()?;
    object::set(cx, &options, "maxByteLength".into(), &number(40)).ok()?;
    let buffer = new(cx, "ArrayBuffer", &[number(24), options])?;
    let fixed = new(cx, "ArrayBuffer", &[number(3)])?;
    let views = [
        new(cx, "Uint16Array", &[buffer.clone(), number(4)])?,
        new(cx, "Uint16Array", &[buffer.clone(), number(6), number(3)])?,
        new(cx, "DataView", &[buffer.clone(), number(5)])?,
        new(cx, "DataView", &[buffer.clone(), number(9), number(7)])?,
    ];
    check_buffer(cx, &buffer, 24, 40)?;
    check_buffer(cx, &fixed, 3, -1)?;
    for (view, (offset, len, follows)) in
        views
            .iter()
            .zip([(4, None, 1), (6, Some(6), 0), (5, None, 1), (9, Some(7), 0)])
    {
        let (view, mut class) = (view.raw(cx), 0);
        // SAFETY: a view keeps at least as much as is read, aligned.
        unsafe {
            let data = qjs::JS_GetAnyOpaque(view, &mut class);
            let data = data.cast::<ViewData>().as_ref()?;
            let same = data.object == qjs::JS_VALUE_GET_PTR(view).addr()
                && data.buffer.addr() == qjs::JS_VALUE_GET_PTR(buffer.raw(cx)).addr()
                && data.offset == offset
                && len.is_none_or(|len| data.len == len)
                && data.follows == follows;
            same.then_some(())?;
        }
    }
    Some(())
}

/// A new object of a class of the realm, in which no user code ran.
fn new(cx: &mut Scope<'_>, class: &str, args: &[Value]) -> Option<Value> {
    let global = object::global(cx);
    let class = object::get(cx, &global, class.into()).ok()?;
    function::construct(cx, &class, args, &class).ok()
}

fn check_buffer(cx: &mut Scope<'_>, buffer: &Value, len: i32, max: i32) -> Option<()> {
    let raw = buffer.raw(cx);
    let mut size = 0;
    // SAFETY: a buffer, which keeps at least as much as is read, aligned.
    let (bytes, data) = unsafe {
        (
            qjs::JS_GetArrayBuffer(cx.ctx, &mut size, raw),
            BufferData::of(raw).as_ref()?,
        )
    };
    let same = value::tag(raw) == qjs::JS_TAG_OBJECT
        && (data.len, data.max, data.data) == (len, max, bytes)
        && [data.detached, data.immutable, data.shared] == [0; 3];
    same.then_some(())
}
