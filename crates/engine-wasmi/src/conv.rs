//! Conversions of types and values between the seam and wasmi.

use sinew_bridge::{
    AddressType, Extern, FuncType, GlobalType, Limits, MemoryType, RefType, TableType, Val, ValType,
};
use wasmi::{F32, F64, Mutability, Nullable};

use crate::store::StoreMut;
use crate::{Error, Func, Wasmi};

/// Binary logarithm of the one page size there is.
pub(crate) const PAGE_SIZE_LOG2: u32 = 16;

pub(crate) fn val_type(ty: ValType) -> Result<wasmi::ValType, Error> {
    Ok(match ty {
        ValType::I32 => wasmi::ValType::I32,
        ValType::I64 => wasmi::ValType::I64,
        ValType::F32 => wasmi::ValType::F32,
        ValType::F64 => wasmi::ValType::F64,
        ValType::V128 => wasmi::ValType::V128,
        ValType::Ref(ty) => ref_type(ty)?.into(),
    })
}

pub(crate) fn ref_type(ty: RefType) -> Result<wasmi::RefType, Error> {
    match ty {
        RefType::FUNCREF => Ok(wasmi::RefType::Func),
        RefType::EXTERNREF => Ok(wasmi::RefType::Extern),
        _ => Err(Error::other(format!("wasmi has no type {ty}"))),
    }
}

pub(crate) fn from_val_type(ty: wasmi::ValType) -> ValType {
    match ty {
        wasmi::ValType::I32 => ValType::I32,
        wasmi::ValType::I64 => ValType::I64,
        wasmi::ValType::F32 => ValType::F32,
        wasmi::ValType::F64 => ValType::F64,
        wasmi::ValType::V128 => ValType::V128,
        wasmi::ValType::FuncRef => ValType::Ref(RefType::FUNCREF),
        wasmi::ValType::ExternRef => ValType::Ref(RefType::EXTERNREF),
    }
}

fn from_ref_type(ty: wasmi::RefType) -> RefType {
    match ty {
        wasmi::RefType::Func => RefType::FUNCREF,
        wasmi::RefType::Extern => RefType::EXTERNREF,
    }
}

/// The most parameters or results that wasmi takes; it panics beyond.
const MAX_ARITY: usize = 1000;

pub(crate) fn func_type(ty: &FuncType) -> Result<wasmi::FuncType, Error> {
    if ty.raw_len() > MAX_ARITY {
        return Err(Error::limit("too many parameters or results"));
    }
    let list = |types: &[ValType]| -> Result<Vec<_>, Error> {
        types.iter().map(|ty| val_type(*ty)).collect()
    };
    Ok(wasmi::FuncType::new(
        list(ty.params())?,
        list(ty.results())?,
    ))
}

pub(crate) fn from_func_type(ty: &wasmi::FuncType) -> FuncType {
    let list =
        |types: &[wasmi::ValType]| -> Vec<_> { types.iter().copied().map(from_val_type).collect() };
    FuncType::new(list(ty.params()), list(ty.results()))
}

pub(crate) fn memory_type(ty: &MemoryType) -> Result<wasmi::MemoryType, Error> {
    if ty.shared {
        return Err(Error::other("wasmi has no shared memories"));
    }
    if ty.page_size_log2 != PAGE_SIZE_LOG2 {
        return Err(Error::other("wasmi has no other page size here"));
    }
    let mut builder = wasmi::MemoryType::builder();
    builder
        .memory64(ty.address == AddressType::I64)
        .min(ty.limits.min)
        .max(ty.limits.max);
    Ok(builder.build()?)
}

pub(crate) fn from_memory_type(ty: wasmi::MemoryType, size: u64) -> MemoryType {
    MemoryType {
        limits: Limits {
            min: size,
            max: ty.maximum(),
        },
        address: address(ty.is_64()),
        shared: false,
        page_size_log2: PAGE_SIZE_LOG2,
    }
}

pub(crate) fn table_type(ty: &TableType) -> Result<wasmi::TableType, Error> {
    let Limits { min, max } = ty.limits;
    if max.is_some_and(|max| max < min) {
        return Err(Error::other("a table's minimum exceeds its maximum"));
    }
    let element = ref_type(ty.element)?;
    if ty.address == AddressType::I64 {
        return Ok(wasmi::TableType::new64(element, min, max));
    }
    match (u32::try_from(min), max.map(u32::try_from).transpose()) {
        (Ok(min), Ok(max)) => Ok(wasmi::TableType::new(element, min, max)),
        _ => Err(Error::limit("a table longer than its indices can tell")),
    }
}

pub(crate) fn from_table_type(ty: wasmi::TableType, size: u64) -> TableType {
    TableType {
        limits: Limits {
            min: size,
            max: ty.maximum(),
        },
        address: address(ty.is_64()),
        element: from_ref_type(ty.element()),
    }
}

fn address(is_64: bool) -> AddressType {
    if is_64 {
        AddressType::I64
    } else {
        AddressType::I32
    }
}

pub(crate) fn mutability(mutable: bool) -> Mutability {
    if mutable {
        Mutability::Var
    } else {
        Mutability::Const
    }
}

pub(crate) fn from_global_type(ty: wasmi::GlobalType) -> GlobalType {
    GlobalType {
        value: from_val_type(ty.content()),
        mutable: ty.mutability().is_mut(),
    }
}

/// A raw value of this type; of a type that has no raw values, some value of another type, which
/// wasmi then refuses.
#[inline]
pub(crate) fn raw(ty: ValType, bits: u64) -> wasmi::Val {
    match ty {
        ValType::I32 => wasmi::Val::I32(bits as i32),
        ValType::F32 => wasmi::Val::F32(F32::from_bits(bits as u32)),
        ValType::F64 => wasmi::Val::F64(F64::from_bits(bits)),
        _ => wasmi::Val::I64(bits.cast_signed()),
    }
}

/// Gives a scalar these bits; any other value stays.
#[inline]
pub(crate) fn set_raw(val: &mut wasmi::Val, bits: u64) {
    match val {
        wasmi::Val::I32(v) => *v = bits as i32,
        wasmi::Val::I64(v) => *v = bits.cast_signed(),
        wasmi::Val::F32(v) => *v = F32::from_bits(bits as u32),
        wasmi::Val::F64(v) => *v = F64::from_bits(bits),
        _ => {}
    }
}

/// The bits of a scalar; any number for another value.
#[inline]
pub(crate) fn from_raw(val: &wasmi::Val) -> u64 {
    match val {
        wasmi::Val::I32(v) => u64::from(v.cast_unsigned()),
        wasmi::Val::I64(v) => v.cast_unsigned(),
        wasmi::Val::F32(v) => u64::from(v.to_bits()),
        wasmi::Val::F64(v) => v.to_bits(),
        _ => 0,
    }
}

pub(crate) fn val(val: &Val<Wasmi>) -> Result<wasmi::Val, Error> {
    Ok(match val {
        Val::I32(v) => wasmi::Val::I32(*v),
        Val::I64(v) => wasmi::Val::I64(*v),
        Val::F32(v) => wasmi::Val::F32(F32::from_bits(*v)),
        Val::F64(v) => wasmi::Val::F64(F64::from_bits(*v)),
        Val::V128(v) => wasmi::Val::V128((*v).into()),
        Val::Func(v) => wasmi::Val::FuncRef(nullable(v.map(|func| func.handle()))),
        Val::Extern(v) => wasmi::Val::ExternRef(nullable(*v)),
        Val::Any(None) => return Err(Error::no_gc()),
        Val::Exn(None) => return Err(Error::no_exceptions()),
        other => return Err(Error::other(format!("wasmi has no value {other:?}"))),
    })
}

pub(crate) fn from_val(store: &StoreMut<'_>, val: &wasmi::Val) -> Val<Wasmi> {
    match val {
        wasmi::Val::I32(v) => Val::I32(*v),
        wasmi::Val::I64(v) => Val::I64(*v),
        wasmi::Val::F32(v) => Val::F32(v.to_bits()),
        wasmi::Val::F64(v) => Val::F64(v.to_bits()),
        wasmi::Val::V128(v) => Val::V128(v.as_u128()),
        wasmi::Val::FuncRef(v) => Val::Func(Option::from(*v).map(|func| Func::new(store, func))),
        wasmi::Val::ExternRef(v) => Val::Extern(Option::from(*v)),
    }
}

/// A reference, for tables.
pub(crate) fn reference(val: &Val<Wasmi>) -> Result<wasmi::Ref, Error> {
    match val {
        Val::Func(v) => Ok(wasmi::Ref::Func(nullable(v.map(|func| func.handle())))),
        Val::Extern(v) => Ok(wasmi::Ref::Extern(nullable(*v))),
        Val::Any(None) => Err(Error::no_gc()),
        Val::Exn(None) => Err(Error::no_exceptions()),
        other => Err(Error::mismatch(format!("{other:?} is not a reference"))),
    }
}

fn nullable<T>(value: Option<T>) -> Nullable<T> {
    value.map_or(Nullable::Null, Nullable::Val)
}

pub(crate) fn from_extern(store: &StoreMut<'_>, value: wasmi::Extern) -> Extern<Wasmi> {
    match value {
        wasmi::Extern::Func(v) => Extern::Func(Func::new(store, v)),
        wasmi::Extern::Table(v) => Extern::Table(v),
        wasmi::Extern::Memory(v) => Extern::Memory(v),
        wasmi::Extern::Global(v) => Extern::Global(v),
    }
}
