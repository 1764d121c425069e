//! The methods of buffers that are replaced, as they would part a buffer of ours from its bytes or
//! change its length without a question.

use std::ffi::c_int;

use rquickjs::qjs;
use sinew_bridge::{ErrorClass, FunctionSpec, NativeFn, ObjectClass, Property};

use super::layout::BufferData;
use crate::QuickJs;
use crate::error::{Result, guarded, guarded_status, throw};
use crate::function::{Args, create_function};
use crate::object::define_property;
use crate::scope::Scope;
use crate::value::{Value, Word};

/// What is replaced: methods of `ArrayBuffer.prototype`, and the last of
/// `SharedArrayBuffer.prototype`.
pub(crate) const METHODS: [&str; 5] = [
    "transfer",
    "transferToFixedLength",
    "transferToImmutable",
    "resize",
    "grow",
];

const TO_FIXED_LENGTH: usize = 1;
const RESIZE: usize = 3;
const GROW: usize = 4;

/// Replaces the methods.
pub(crate) fn replace_methods(cx: &mut Scope<'_>) -> Result<()> {
    let intrinsics = cx.state.intrinsics();
    for (index, name) in METHODS.into_iter().enumerate() {
        let changes_length = matches!(index, RESIZE | GROW);
        let spec = FunctionSpec {
            name,
            length: u32::from(changes_length),
            constructor: false,
        };
        let function = match changes_length {
            true => create_function::<Resize>(cx, index, spec)?,
            false => create_function::<Transfer>(cx, index, spec)?,
        };
        let prototype = match index {
            GROW => &intrinsics.shared_array_buffer_prototype,
            _ => &intrinsics.array_buffer_prototype,
        };
        define_property(cx, prototype, name.into(), Property::hidden(function))?;
    }
    Ok(())
}

/// One of the methods that transfer.
struct Transfer;

impl NativeFn<QuickJs> for Transfer {
    /// The index of the original.
    type Data = usize;

    /// <https://tc39.es/ecma262/#sec-arraybuffercopyanddetach>
    fn call(cx: &mut Scope<'_>, &index: &usize, args: Args<'_>) -> Result<Value> {
        let this = crate::function::this(cx, args);
        let foreign = &cx.state.foreign;
        if !foreign.contains(cx, &this, ObjectClass::ArrayBuffer) {
            return call_original(cx, index, args);
        }
        // 3. If newLength is undefined, then ... Else, let newByteLength be ? ToIndex(newLength).
        let new_len = crate::function::arg(cx, args, 0);
        if sinew_bridge::ValueType::Undefined != crate::value::type_of(&new_len) {
            to_index(cx, &new_len)?;
        }
        // 4. If IsDetachedBuffer(arrayBuffer) is true, throw a TypeError exception.
        // 9. If arrayBuffer.[[ArrayBufferDetachKey]] is not undefined, throw a TypeError exception.
        let message = "cannot transfer the ArrayBuffer of a memory";
        Err(throw(cx, ErrorClass::TypeError, message))
    }
}

/// <https://streams.spec.whatwg.org/#transfer-array-buffer>
pub(crate) fn transfer(cx: &mut Scope<'_>, buffer: &Value) -> Result<Value> {
    if cx
        .state
        .foreign
        .contains(cx, buffer, ObjectClass::ArrayBuffer)
    {
        let message = "cannot transfer the ArrayBuffer of a memory";
        return Err(throw(cx, ErrorClass::TypeError, message));
    }
    let intrinsics = cx.state.intrinsics();
    let original = intrinsics.buffer_methods[TO_FIXED_LENGTH].raw(cx);
    let this = buffer.raw(cx);
    // SAFETY: a function and a value of this engine, and no arguments.
    guarded(cx, |ctx| unsafe {
        qjs::JS_Call(ctx, original, this, 0, std::ptr::null_mut())
    })
}

/// `resize` or `grow`.
struct Resize;

impl NativeFn<QuickJs> for Resize {
    /// The index of the original.
    type Data = usize;

    /// <https://tc39.es/ecma262/#sec-arraybuffer.prototype.resize>,
    /// <https://tc39.es/ecma262/#sec-sharedarraybuffer.prototype.grow>
    fn call(cx: &mut Scope<'_>, &index: &usize, args: Args<'_>) -> Result<Value> {
        // 1. Let O be the this value.
        // 2. Perform ? RequireInternalSlot(O, [[ArrayBufferMaxByteLength]]).
        // 3. If IsSharedArrayBuffer(O) is true (or false), throw a TypeError exception.
        let this = crate::function::this(cx, args);
        let class = match index {
            GROW => ObjectClass::SharedArrayBuffer,
            _ => ObjectClass::ArrayBuffer,
        };
        let foreign = &cx.state.foreign;
        // SAFETY: a buffer.
        let is_ours = foreign.contains(cx, &this, class)
            && unsafe { (*BufferData::of(this.raw(cx))).max } >= 0;
        if !is_ours {
            return call_original(cx, index, args);
        }
        // 4. Let newByteLength be ? ToIndex(newLength).
        let new_len = crate::function::arg(cx, args, 0);
        let new_len = to_index(cx, &new_len)?;
        // SAFETY: the same buffer.
        let data = unsafe { *BufferData::of(this.raw(cx)) };
        // 5. If IsDetachedBuffer(O) is true, throw a TypeError exception.
        if data.detached != 0 {
            return Err(throw(cx, ErrorClass::TypeError, "ArrayBuffer is detached"));
        }
        // 6. If newByteLength > O.[[ArrayBufferMaxByteLength]], throw a RangeError exception.
        let shrinks = i64::from(data.len) > new_len && index == GROW;
        if new_len > i64::from(data.max) || shrinks {
            let message = "invalid array buffer length";
            return Err(throw(cx, ErrorClass::RangeError, message));
        }
        // 7. Let hostHandled be ? HostResizeArrayBuffer(O, newByteLength).
        let hooks = cx.state.hooks.clone();
        hooks.resize_buffer(cx, &this, new_len as usize)?;
        // 8. If hostHandled is handled, return undefined.
        Ok(Value::immediate(Word::UNDEFINED))
    }
}

/// [ToIndex](https://tc39.es/ecma262/#sec-toindex)
fn to_index(cx: &mut Scope<'_>, value: &Value) -> Result<i64> {
    let (raw, mut index) = (value.raw(cx), 0);
    // SAFETY: a valid value, and a live place for the result.
    guarded_status(cx, |ctx| unsafe { qjs::JS_ToIndex(ctx, &mut index, raw) })?;
    // It is at most 2^53 - 1.
    Ok(index as i64)
}

fn call_original(cx: &mut Scope<'_>, index: usize, args: Args<'_>) -> Result<Value> {
    let intrinsics = cx.state.intrinsics();
    let original = intrinsics.buffer_methods[index].raw(cx);
    let (this, argc, argv) = args.parts();
    // SAFETY: the arguments of this very call.
    guarded(cx, |ctx| unsafe {
        qjs::JS_Call(ctx, original, this, argc, argv)
    })
}

/// Sets the length of a buffer of ours, up to its maximum.
///
/// # Safety
/// As [`JsHost::set_buffer_len`](sinew_bridge::JsHost::set_buffer_len) has it.
pub(crate) unsafe fn set_buffer_len(cx: &mut Scope<'_>, buffer: &Value, len: usize) {
    let foreign = &cx.state.foreign;
    let index = if foreign.contains(cx, buffer, ObjectClass::ArrayBuffer) {
        RESIZE
    } else if foreign.contains(cx, buffer, ObjectClass::SharedArrayBuffer) {
        GROW
    } else {
        return;
    };
    let raw = buffer.raw(cx);
    // SAFETY: a buffer.
    let data = unsafe { &mut *BufferData::of(raw) };
    let Ok(len) = i32::try_from(len) else {
        return;
    };
    if len > data.max || (index == GROW && len < data.len) {
        return;
    }
    if index == RESIZE {
        // QuickJS would clear what is new. The bytes are there, and what they are.
        data.len = len;
    }
    // The original tells the views.
    let intrinsics = cx.state.intrinsics();
    let original = intrinsics.buffer_methods[index].raw(cx);
    let mut argument = Word::number_i32(len).raw();
    let _unbounded = cx.state.unbound_stack();
    foreign.is_setting.set(true);
    // SAFETY: a buffer of the method's class, and one argument, a Number: no user code runs.
    let result = unsafe { qjs::JS_Call(cx.ctx, original, raw, 1 as c_int, &mut argument) };
    foreign.is_setting.set(false);
    // It can only be that the engine is terminated.
    let _ = crate::error::completion(cx, result);
}
