//! Values of any type across the bridge.

use std::rc::Rc;

use sinew_bridge::convert::to_int32;
use sinew_bridge::{
    Completion, HeapType, JsHost, RefType, Reference, Val, ValType, ValueType, WasmEngine, class,
};

use crate::store::Store;
use crate::webassembly::exported_function::function_address;
use crate::webassembly::{error, gc_object};

/// Whether JavaScript can see values of this type: neither v128 nor what matches exnref.
pub(crate) fn crosses(ty: ValType) -> bool {
    !matches!(
        ty,
        ValType::V128
            | ValType::Ref(RefType {
                heap: HeapType::Exn | HeapType::NoExn,
                ..
            })
    )
}

/// [ToWebAssemblyValue](https://webassembly.github.io/spec/js-api/#towebassemblyvalue). Runs user
/// code. What matches `ty` only by types of a module's own is left to the engine to say.
pub(crate) fn to_wasm<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    store: &Rc<Store<J, W>>,
    value: &J::Value,
    ty: ValType,
) -> Completion<J, Val<W>> {
    Ok(match ty {
        // 3. If type is i64, 4. i32, 5. f32, 6. f64,
        ValType::I64 => Val::I64(J::to_bigint64(cx, value)?),
        ValType::I32 => Val::I32(to_int32(J::to_number(cx, value)?)),
        ValType::F32 => Val::F32((J::to_number(cx, value)? as f32).to_bits()),
        ValType::F64 => Val::F64(J::to_number(cx, value)?.to_bits()),
        // 7. If type is of the form ref null heaptype,
        ValType::Ref(ty) => to_reference(cx, store, value, ty)?,
        // 1. Assert: type is not v128.
        ValType::V128 => return Err(mismatch::<J>(cx, ty)),
    })
}

/// Step 7 of ToWebAssemblyValue.
fn to_reference<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    store: &Rc<Store<J, W>>,
    value: &J::Value,
    ty: RefType,
) -> Completion<J, Val<W>> {
    // 7.1. If v is null, let r be ref.null heaptype.
    if J::type_of(value) == ValueType::Null {
        return match ty.nullable {
            true => Ok(Val::null(ty)),
            false => Err(mismatch::<J>(cx, ValType::Ref(ty))),
        };
    }
    match ty.heap {
        // 7.2. Else if type matches ref null extern, let r be ref.extern of v as ref any.
        HeapType::Extern => Ok(Val::Extern(Some(store.extern_ref(cx, value)?))),
        // 7.3. Else if v is an Exported Function and type matches ref null func,
        HeapType::Func => match function_address::<J, W>(cx, value) {
            Some(binding) if Rc::ptr_eq(&binding.store, store) => {
                if binding.unloaded.get() {
                    return Err(error::unloaded(cx, &store.agent));
                }
                Ok(Val::Func(Some(binding.func.clone())))
            }
            _ => Err(class::type_error::<J>(
                cx,
                "a function reference can only be made from an exported WebAssembly function or null",
            )),
        },
        HeapType::Any | HeapType::Eq | HeapType::I31 | HeapType::Struct | HeapType::Array => {
            to_any(cx, store, value, ty)
        }
        _ => Err(mismatch::<J>(cx, ValType::Ref(ty))),
    }
}

/// Steps 7.4 to 7.6 of ToWebAssemblyValue: i31, GC objects and host values.
fn to_any<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    store: &Rc<Store<J, W>>,
    value: &J::Value,
    ty: RefType,
) -> Completion<J, Val<W>> {
    // 7.4. Else if v is a Number in the range of i31,
    if let Some(number) = as_i31::<J>(value) {
        return match ty.heap {
            HeapType::Any | HeapType::Eq | HeapType::I31 => {
                let reference = store.try_access(cx, |wasm| W::any_from_i31(wasm, number))?;
                Ok(Val::Any(Some(reference)))
            }
            _ => Err(mismatch::<J>(cx, ValType::Ref(ty))),
        };
    }
    // 7.5. Else if v is an Exported GC Object,
    if let Some(object) = gc_object::address(cx, store, value) {
        return match ty.heap {
            HeapType::I31 => Err(mismatch::<J>(cx, ValType::Ref(ty))),
            _ => Ok(Val::Any(Some(object))),
        };
    }
    // 7.6. Else, a host value, which only matches any.
    if ty.heap != HeapType::Any {
        return Err(mismatch::<J>(cx, ValType::Ref(ty)));
    }
    let reference = store.extern_ref(cx, value)?;
    let reference = store.try_access(cx, |wasm| W::any_from_extern(wasm, &reference))?;
    Ok(Val::Any(Some(reference)))
}

/// The value of a Number that an i31 can be. Minus zero is not one: it would not come back.
pub(crate) fn as_i31<J: JsHost>(value: &J::Value) -> Option<i32> {
    let number = J::as_number(value)?;
    let integer = number as i32;
    let fits = f64::from(integer).to_bits() == number.to_bits();
    (fits && (-(1 << 30)..1 << 30).contains(&integer)).then_some(integer)
}

#[cold]
fn mismatch<J: JsHost>(cx: &mut J::Scope<'_>, ty: ValType) -> sinew_bridge::Throw<J::Value> {
    let message = format!("a value of type {ty} cannot be made from this JavaScript value");
    class::type_error::<J>(cx, &message)
}

/// [ToJSValue](https://webassembly.github.io/spec/js-api/#tojsvalue). No caller lets a v128 or an
/// exnref come this far; one is a TypeError here too.
pub(crate) fn to_js<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    store: &Rc<Store<J, W>>,
    value: &Val<W>,
) -> Completion<J> {
    match value {
        Val::I32(value) => Ok(J::number_i32(*value)),
        Val::I64(value) => Ok(J::bigint_i64(cx, *value)),
        Val::F32(bits) => Ok(J::number(f64::from(f32::from_bits(*bits)))),
        Val::F64(bits) => Ok(J::number(f64::from_bits(*bits))),
        Val::Func(None) | Val::Extern(None) | Val::Any(None) => Ok(J::null()),
        Val::Func(Some(func)) => store.function_object(cx, func, None),
        Val::Extern(Some(reference)) => {
            let reference = store.access(cx, |wasm| W::extern_read(wasm, reference))?;
            reference_to_js(cx, store, reference)
        }
        Val::Any(Some(reference)) => {
            let reference = store.access(cx, |wasm| W::any_read(wasm, reference))?;
            reference_to_js(cx, store, reference)
        }
        _ => Err(class::type_error::<J>(
            cx,
            "a value of this type cannot be seen by JavaScript",
        )),
    }
}

/// The steps of ToJSValue for references of the `any` hierarchy.
fn reference_to_js<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    store: &Rc<Store<J, W>>,
    reference: Reference<W>,
) -> Completion<J> {
    match reference {
        Reference::Host(id) => Ok(store.host_value(id)),
        Reference::I31(number) => Ok(J::number_i32(number)),
        Reference::Object { object, identity } => gc_object::object(cx, store, object, identity),
    }
}

/// [DefaultValue](https://webassembly.github.io/spec/js-api/#defaultvalue) of a type; a TypeError
/// where there is none.
pub(crate) fn default_value<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    store: &Rc<Store<J, W>>,
    ty: ValType,
) -> Completion<J, Val<W>> {
    match ty {
        // 1. If valuetype equals externref, return ToWebAssemblyValue(undefined, valuetype).
        ValType::Ref(RefType::EXTERNREF) => to_wasm(cx, store, &J::undefined(), ty),
        // 2. Return val_default(valuetype).
        ValType::I32 => Ok(Val::I32(0)),
        ValType::I64 => Ok(Val::I64(0)),
        ValType::F32 => Ok(Val::F32(0)),
        ValType::F64 => Ok(Val::F64(0)),
        ValType::V128 => Ok(Val::V128(0)),
        ValType::Ref(reference) if reference.nullable => Ok(Val::null(reference)),
        ValType::Ref(_) => {
            let message = format!("type {ty} has no default value");
            Err(class::type_error::<J>(cx, &message))
        }
    }
}

/// A value to be overwritten by one of type `ty`.
pub(crate) fn placeholder<W: WasmEngine>(ty: ValType) -> Val<W> {
    match ty {
        ValType::I32 => Val::I32(0),
        ValType::I64 => Val::I64(0),
        ValType::F32 => Val::F32(0),
        ValType::F64 => Val::F64(0),
        ValType::V128 => Val::V128(0),
        ValType::Ref(ty) => Val::null(ty),
    }
}

/// [ToValueType](https://webassembly.github.io/spec/js-api/#tovaluetype), with `funcref`, which the
/// type reflection proposal adds.
pub(crate) fn to_value_type(name: &str) -> Option<ValType> {
    Some(match name {
        "i32" => ValType::I32,
        "i64" => ValType::I64,
        "f32" => ValType::F32,
        "f64" => ValType::F64,
        "v128" => ValType::V128,
        "anyfunc" | "funcref" => ValType::Ref(RefType::FUNCREF),
        "externref" => ValType::Ref(RefType::EXTERNREF),
        _ => return None,
    })
}
