//! [Type reflection](https://github.com/WebAssembly/js-types/blob/main/proposals/js-types/Overview.md):
//! types as JavaScript objects.

use sinew_bridge::class::plain_object;
use sinew_bridge::{
    AddressType, Completion, FuncType, GlobalType, JsHost, Limits, MemoryType, Property, TableType,
    ValType,
};

use crate::webassembly::webidl;

/// The name of a value type: `funcref`, where [`Table`](super::table)'s constructor also knows
/// `anyfunc`.
pub(crate) fn value_type<J: JsHost>(cx: &mut J::Scope<'_>, ty: ValType) -> Completion<J> {
    J::string(cx, &ty.to_string())
}

/// An array of the names of value types.
pub(crate) fn value_types<J: JsHost>(cx: &mut J::Scope<'_>, types: &[ValType]) -> Completion<J> {
    let mut names = Vec::with_capacity(types.len());
    for ty in types {
        names.push(value_type::<J>(cx, *ty)?);
    }
    J::create_array(cx, &names)
}

/// A `FunctionType`.
pub(crate) fn function_type<J: JsHost>(cx: &mut J::Scope<'_>, ty: &FuncType) -> Completion<J> {
    let parameters = value_types::<J>(cx, ty.params())?;
    let results = value_types::<J>(cx, ty.results())?;
    object::<J>(cx, vec![("parameters", parameters), ("results", results)])
}

/// A `GlobalType`.
pub(crate) fn global_type<J: JsHost>(cx: &mut J::Scope<'_>, ty: GlobalType) -> Completion<J> {
    let value = value_type::<J>(cx, ty.value)?;
    let mutable = J::boolean(ty.mutable);
    object::<J>(cx, vec![("mutable", mutable), ("value", value)])
}

/// A `MemoryType`; the limits are those of this moment.
pub(crate) fn memory_type<J: JsHost>(cx: &mut J::Scope<'_>, ty: &MemoryType) -> Completion<J> {
    let mut members = limits::<J>(cx, ty.limits, ty.address);
    members.push(("shared", J::boolean(ty.shared)));
    members.push(("address", address::<J>(cx, ty.address)?));
    object::<J>(cx, members)
}

/// A `TableType`; the limits are those of this moment.
pub(crate) fn table_type<J: JsHost>(cx: &mut J::Scope<'_>, ty: &TableType) -> Completion<J> {
    let mut members = limits::<J>(cx, ty.limits, ty.address);
    members.push(("element", value_type::<J>(cx, ValType::Ref(ty.element))?));
    members.push(("address", address::<J>(cx, ty.address)?));
    object::<J>(cx, members)
}

fn limits<J: JsHost>(
    cx: &mut J::Scope<'_>,
    limits: Limits,
    address: AddressType,
) -> Vec<(&'static str, J::Value)> {
    let minimum = webidl::u64_to_address::<J>(cx, limits.min, address);
    let mut members = vec![("minimum", minimum)];
    if let Some(max) = limits.max {
        let maximum = webidl::u64_to_address::<J>(cx, max, address);
        members.push(("maximum", maximum));
    }
    members
}

fn address<J: JsHost>(cx: &mut J::Scope<'_>, address: AddressType) -> Completion<J> {
    let name = match address {
        AddressType::I32 => "i32",
        AddressType::I64 => "i64",
    };
    J::string(cx, name)
}

/// A dictionary as [WebIDL](https://webidl.spec.whatwg.org/#js-dictionary) makes it: members in
/// lexicographical order.
fn object<J: JsHost>(
    cx: &mut J::Scope<'_>,
    mut members: Vec<(&'static str, J::Value)>,
) -> Completion<J> {
    members.sort_by_key(|(name, _)| *name);
    let object = plain_object::<J>(cx)?;
    for (name, value) in members {
        J::define_property(cx, &object, name.into(), Property::data(value))?;
    }
    Ok(object)
}
