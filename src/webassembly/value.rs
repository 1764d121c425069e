//! Values of any type across the bridge.

use std::rc::Rc;

use sinew_bridge::convert::to_int32;
use sinew_bridge::{
    Completion, HeapType, JsHost, RefType, Val, ValType, ValueType, WasmEngine, class,
};

use crate::store::Store;
use crate::webassembly::exported_function::function_address;

/// Whether JavaScript can see values of this type.
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

/// The null of a reference type.
pub(crate) fn null_of<W: WasmEngine>(ty: RefType) -> Val<W> {
    match ty.heap {
        HeapType::Extern | HeapType::NoExtern => Val::Extern(None),
        _ => Val::Func(None),
    }
}

/// [ToWebAssemblyValue](https://webassembly.github.io/spec/js-api/#towebassemblyvalue). Runs user
/// code.
pub(crate) fn to_wasm<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    store: &Rc<Store<J, W>>,
    value: &J::Value,
    ty: ValType,
) -> Completion<J, Val<W>> {
    Ok(match ty {
        ValType::I64 => Val::I64(J::to_bigint64(cx, value)?),
        ValType::I32 => Val::I32(to_int32(J::to_number(cx, value)?)),
        ValType::F32 => Val::F32((J::to_number(cx, value)? as f32).to_bits()),
        ValType::F64 => Val::F64(J::to_number(cx, value)?.to_bits()),
        ValType::Ref(ty) => to_reference(cx, store, value, ty)?,
        // 1. v128 cannot be passed.
        ValType::V128 => {
            return Err(class::type_error::<J>(
                cx,
                "a v128 value cannot be made from a JavaScript value",
            ));
        }
    })
}

fn to_reference<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    store: &Rc<Store<J, W>>,
    value: &J::Value,
    ty: RefType,
) -> Completion<J, Val<W>> {
    // 6. If type is of the form ref null heaptype, and v is null, return ref.null.
    if ty.nullable && J::type_of(value) == ValueType::Null {
        return Ok(null_of(ty));
    }
    match ty.heap {
        HeapType::Extern if J::type_of(value) != ValueType::Null => {
            Ok(Val::Extern(Some(store.extern_ref(cx, value)?)))
        }
        HeapType::Func => match function_address::<J, W>(cx, value) {
            Some(binding) if Rc::ptr_eq(&binding.store, store) => {
                Ok(Val::Func(Some(binding.func.clone())))
            }
            _ => Err(class::type_error::<J>(
                cx,
                "a function reference can only be made from an exported WebAssembly function or null",
            )),
        },
        _ => {
            let message = format!("a value of type {ty} cannot be made from this JavaScript value");
            Err(class::type_error::<J>(cx, &message))
        }
    }
}

/// [ToJSValue](https://webassembly.github.io/spec/js-api/#tojsvalue).
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
        Val::Func(None) | Val::Extern(None) => Ok(J::null()),
        Val::Func(Some(func)) => store.function_object(cx, func, None),
        Val::Extern(Some(reference)) => store.extern_value(cx, reference),
        _ => Err(class::type_error::<J>(
            cx,
            "a v128 value cannot be seen by JavaScript",
        )),
    }
}

/// [DefaultValue](https://webassembly.github.io/spec/js-api/#defaultvalue) of a type.
pub(crate) fn default_value<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    store: &Rc<Store<J, W>>,
    ty: ValType,
) -> Completion<J, Val<W>> {
    match ty {
        ValType::I32 => Ok(Val::I32(0)),
        ValType::I64 => Ok(Val::I64(0)),
        ValType::F32 => Ok(Val::F32(0)),
        ValType::F64 => Ok(Val::F64(0)),
        // 2. externref: ToWebAssemblyValue(undefined).
        ValType::Ref(RefType::EXTERNREF) => to_wasm(cx, store, &J::undefined(), ty),
        ValType::Ref(reference) if reference.nullable => Ok(null_of(reference)),
        ValType::V128 | ValType::Ref(_) => {
            let message = format!("type {ty} has no default value");
            Err(class::type_error::<J>(cx, &message))
        }
    }
}
