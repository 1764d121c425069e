//! Conversions of types and values between the seam and Wasmtime.

use sinew_bridge::{
    AddressType, FuncType, GlobalType, HeapType, Limits, MemoryType, RefType, TableType, Val,
    ValType,
};
use wasmtime::{AsContextMut, Engine, Mutability, Ref};

use crate::error::Error;
use crate::exception::ExnRef;
use crate::reference::{AnyRef, ExternRef};
use crate::store::Data;
use crate::{Result, Wasmtime};

/// A heap type as it is known outside its module: concrete types become their abstract supertypes.
fn heap_type(ty: &wasmtime::HeapType) -> HeapType {
    use wasmtime::HeapType as H;
    match ty {
        H::Func | H::ConcreteFunc(_) => HeapType::Func,
        H::NoFunc => HeapType::NoFunc,
        H::Extern => HeapType::Extern,
        H::NoExtern => HeapType::NoExtern,
        H::Any => HeapType::Any,
        H::Eq => HeapType::Eq,
        H::I31 => HeapType::I31,
        H::Struct | H::ConcreteStruct(_) => HeapType::Struct,
        H::Array | H::ConcreteArray(_) => HeapType::Array,
        H::None => HeapType::None,
        H::Exn | H::ConcreteExn(_) => HeapType::Exn,
        H::NoExn => HeapType::NoExn,
        // Continuations are of stack switching, which is off. What the seam knows least about
        // stands for what it does not know.
        H::Cont | H::ConcreteCont(_) | H::NoCont => HeapType::Any,
    }
}

fn ref_type(ty: &wasmtime::RefType) -> RefType {
    RefType {
        nullable: ty.is_nullable(),
        heap: heap_type(ty.heap_type()),
    }
}

fn val_type(ty: &wasmtime::ValType) -> ValType {
    match ty {
        wasmtime::ValType::I32 => ValType::I32,
        wasmtime::ValType::I64 => ValType::I64,
        wasmtime::ValType::F32 => ValType::F32,
        wasmtime::ValType::F64 => ValType::F64,
        wasmtime::ValType::V128 => ValType::V128,
        wasmtime::ValType::Ref(ty) => ValType::Ref(ref_type(ty)),
    }
}

pub(crate) fn func_type(ty: &wasmtime::FuncType) -> FuncType {
    let types = |types: &mut dyn Iterator<Item = wasmtime::ValType>| -> Vec<ValType> {
        types.map(|ty| val_type(&ty)).collect()
    };
    FuncType::new(types(&mut ty.params()), types(&mut ty.results()))
}

fn address(is_64: bool) -> AddressType {
    if is_64 {
        AddressType::I64
    } else {
        AddressType::I32
    }
}

/// The type of a memory that has `size` pages now.
pub(crate) fn memory_type(ty: &wasmtime::MemoryType, size: u64) -> MemoryType {
    MemoryType {
        limits: Limits {
            min: size,
            max: ty.maximum(),
        },
        address: address(ty.is_64()),
        shared: ty.is_shared(),
        page_size_log2: ty.page_size_log2().into(),
    }
}

/// The type of a table that has `size` elements now.
pub(crate) fn table_type(ty: &wasmtime::TableType, size: u64) -> TableType {
    TableType {
        limits: Limits {
            min: size,
            max: ty.maximum(),
        },
        address: address(ty.is_64()),
        element: ref_type(ty.element()),
    }
}

pub(crate) fn global_type(ty: &wasmtime::GlobalType) -> GlobalType {
    GlobalType {
        value: val_type(ty.content()),
        mutable: ty.mutability() == Mutability::Var,
    }
}

fn engine_ref_type(ty: RefType) -> Result<wasmtime::RefType> {
    use wasmtime::HeapType as H;
    let heap = match ty.heap {
        HeapType::Func => H::Func,
        HeapType::NoFunc => H::NoFunc,
        HeapType::Extern => H::Extern,
        HeapType::NoExtern => H::NoExtern,
        HeapType::Any => H::Any,
        HeapType::Eq => H::Eq,
        HeapType::I31 => H::I31,
        HeapType::Struct => H::Struct,
        HeapType::Array => H::Array,
        HeapType::None => H::None,
        HeapType::Exn => H::Exn,
        HeapType::NoExn => H::NoExn,
        // An index means nothing outside its module.
        _ => return Err(Error::other(format!("{ty} is not a type of the host's"))),
    };
    Ok(wasmtime::RefType::new(ty.nullable, heap))
}

fn engine_val_type(ty: ValType) -> Result<wasmtime::ValType> {
    Ok(match ty {
        ValType::I32 => wasmtime::ValType::I32,
        ValType::I64 => wasmtime::ValType::I64,
        ValType::F32 => wasmtime::ValType::F32,
        ValType::F64 => wasmtime::ValType::F64,
        ValType::V128 => wasmtime::ValType::V128,
        ValType::Ref(ty) => wasmtime::ValType::Ref(engine_ref_type(ty)?),
    })
}

pub(crate) fn engine_func_type(engine: &Engine, ty: &FuncType) -> Result<wasmtime::FuncType> {
    let types = |types: &[ValType]| -> Result<Vec<_>> {
        types.iter().map(|ty| engine_val_type(*ty)).collect()
    };
    let (params, results) = (types(ty.params())?, types(ty.results())?);
    wasmtime::FuncType::try_new(engine, params, results).map_err(|error| Error::limit(error.into()))
}

pub(crate) fn engine_memory_type(ty: &MemoryType) -> Result<wasmtime::MemoryType> {
    let page_size_log2 = u8::try_from(ty.page_size_log2)
        .map_err(|_| Error::other("a page of that size does not exist"))?;
    wasmtime::MemoryType::builder()
        .memory64(ty.address == AddressType::I64)
        .shared(ty.shared)
        .min(ty.limits.min)
        .max(ty.limits.max)
        .page_size_log2(page_size_log2)
        .build()
        .map_err(|error| Error::other(error.to_string()))
}

pub(crate) fn engine_table_type(ty: &TableType) -> Result<wasmtime::TableType> {
    let element = engine_ref_type(ty.element)?;
    let Limits { min, max } = ty.limits;
    if ty.address == AddressType::I64 {
        return Ok(wasmtime::TableType::new64(element, min, max));
    }
    match (u32::try_from(min), max.map(u32::try_from).transpose()) {
        (Ok(min), Ok(max)) => Ok(wasmtime::TableType::new(element, min, max)),
        _ => Err(Error::other("table limits beyond 32 bits")),
    }
}

pub(crate) fn engine_global_type(ty: &GlobalType) -> Result<wasmtime::GlobalType> {
    let mutability = if ty.mutable {
        Mutability::Var
    } else {
        Mutability::Const
    };
    let content = engine_val_type(ty.value)?;
    Ok(wasmtime::GlobalType::new(content, mutability))
}

/// A value that came from wasm. Its reference is still rooted in the current scope, and is rooted
/// for as long as the result lives from now on.
pub(crate) fn val(
    cx: &mut impl AsContextMut<Data = Data>,
    val: wasmtime::Val,
) -> Result<Val<Wasmtime>> {
    Ok(match val {
        wasmtime::Val::I32(v) => Val::I32(v),
        wasmtime::Val::I64(v) => Val::I64(v),
        wasmtime::Val::F32(v) => Val::F32(v),
        wasmtime::Val::F64(v) => Val::F64(v),
        wasmtime::Val::V128(v) => Val::V128(v.as_u128()),
        wasmtime::Val::FuncRef(func) => Val::Func(func),
        wasmtime::Val::ExternRef(v) => {
            Val::Extern(v.map(|value| ExternRef::new(cx, value)).transpose()?)
        }
        wasmtime::Val::AnyRef(v) => Val::Any(v.map(|value| AnyRef::new(cx, value)).transpose()?),
        wasmtime::Val::ExnRef(v) => Val::Exn(v.map(|value| ExnRef::new(cx, value)).transpose()?),
        wasmtime::Val::ContRef(_) => {
            return Err(Error::other(
                "continuations are of stack switching, which is off",
            ));
        }
    })
}

/// A value that goes to wasm, rooted in the current scope.
pub(crate) fn engine_val(
    cx: &mut impl AsContextMut<Data = Data>,
    val: &Val<Wasmtime>,
) -> Result<wasmtime::Val> {
    Ok(match val {
        Val::I32(v) => wasmtime::Val::I32(*v),
        Val::I64(v) => wasmtime::Val::I64(*v),
        Val::F32(v) => wasmtime::Val::F32(*v),
        Val::F64(v) => wasmtime::Val::F64(*v),
        Val::V128(v) => wasmtime::Val::V128((*v).into()),
        Val::Func(func) => wasmtime::Val::FuncRef(*func),
        Val::Extern(v) => {
            wasmtime::Val::ExternRef(v.as_ref().map(|value| value.rooted(cx)).transpose()?)
        }
        Val::Any(v) => wasmtime::Val::AnyRef(v.as_ref().map(|value| value.rooted(cx))),
        Val::Exn(v) => wasmtime::Val::ExnRef(v.as_ref().map(|value| value.rooted(cx))),
        other => return Err(Error::other(format!("{other:?} is unknown to this engine"))),
    })
}

/// Whether a value is one of the type.
pub(crate) fn fits(
    cx: &mut impl AsContextMut<Data = Data>,
    val: &wasmtime::Val,
    ty: &wasmtime::ValType,
) -> Result<bool> {
    use wasmtime::HeapType as H;
    if let wasmtime::ValType::Ref(ty) = ty {
        match (val, ty.heap_type()) {
            // The most frequent one.
            (wasmtime::Val::ExternRef(value), H::Extern) => {
                return Ok(value.is_some() || ty.is_nullable());
            }
            // Wasmtime compares structures here, where the declared supertypes are meant.
            (wasmtime::Val::FuncRef(Some(func)), expected @ H::ConcreteFunc(_)) => {
                return Ok(H::ConcreteFunc(func.ty(cx)).matches(expected));
            }
            _ => {}
        }
    }
    val.matches_ty(cx, ty).map_err(Error::call)
}

/// A value of the type that goes to wasm, rooted in the current scope.
pub(crate) fn engine_val_of(
    cx: &mut impl AsContextMut<Data = Data>,
    val: &Val<Wasmtime>,
    ty: &wasmtime::ValType,
) -> Result<wasmtime::Val> {
    let value = engine_val(cx, val)?;
    if fits(cx, &value, ty)? {
        Ok(value)
    } else {
        Err(Error::mismatch(format!("{val:?} is no {ty}")))
    }
}

/// A reference of the type that goes to wasm, rooted in the current scope.
pub(crate) fn engine_ref_of(
    cx: &mut impl AsContextMut<Data = Data>,
    val: &Val<Wasmtime>,
    ty: &wasmtime::RefType,
) -> Result<Ref> {
    engine_val_of(cx, val, &wasmtime::ValType::Ref(ty.clone()))?
        .ref_()
        .ok_or_else(|| Error::mismatch(format!("{val:?} is not a reference")))
}
