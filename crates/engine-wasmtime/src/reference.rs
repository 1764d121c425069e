//! References of the `extern` and `any` hierarchies.

use std::hash::Hasher;
use std::ops::Range;

use sinew_bridge::{ExternPayload, HostId, Reference};
use wasmtime::{ArrayRef, AsContext, AsContextMut, GcRef, I31, Instance, Memory, OwnedRooted};
use wasmtime::{Mutability, RootScope, Rooted, StorageType, StoreContextMut, TypedFunc};

use crate::error::Error;
use crate::store::Data;
use crate::{Result, Wasmtime};

type Store<'a> = StoreContextMut<'a, Data>;

/// A non-null external reference, rooted for as long as the handle or a clone of it lives.
///
/// Dropping it needs no store: Wasmtime finds out that the root is gone when it adds the next ones,
/// and collects by itself when its heap runs full, before it grows it.
#[derive(Clone)]
pub struct ExternRef(Inner);

#[derive(Clone)]
enum Inner {
    /// One that the host made, with its number.
    Host {
        root: OwnedRooted<wasmtime::ExternRef>,
        id: HostId,
    },
    /// What `extern.convert_any` made of another one.
    Any(AnyRef),
}

/// A non-null reference of the `any` hierarchy, rooted like an [`ExternRef`].
#[derive(Clone)]
pub struct AnyRef(Unpacked);

#[derive(Clone)]
enum Unpacked {
    /// Needs no root, and gets none: Wasmtime would not let go of it in a store without a heap.
    I31(i32),
    Rooted(OwnedRooted<wasmtime::AnyRef>),
}

/// A lasting root for what is rooted in the current scope.
pub(crate) fn owned<T: GcRef>(
    cx: &mut impl AsContextMut<Data = Data>,
    value: Rooted<T>,
) -> Result<OwnedRooted<T>> {
    value.to_owned_rooted(cx).map_err(Error::limit)
}

impl ExternRef {
    /// The lasting root of a reference that is rooted in the current scope.
    pub(crate) fn new(
        cx: &mut impl AsContextMut<Data = Data>,
        value: Rooted<wasmtime::ExternRef>,
    ) -> Result<Self> {
        if let Some(id) = host_id(cx, value)? {
            let root = owned(cx, value)?;
            return Ok(Self(Inner::Host { root, id }));
        }
        let any = wasmtime::AnyRef::convert_extern(&mut *cx, value).map_err(Error::call)?;
        Ok(Self(Inner::Any(AnyRef::new(cx, any)?)))
    }

    /// The reference, rooted in the current scope.
    pub(crate) fn rooted(
        &self,
        cx: &mut impl AsContextMut<Data = Data>,
    ) -> Result<Rooted<wasmtime::ExternRef>> {
        match &self.0 {
            Inner::Host { root, .. } => Ok(root.to_rooted(cx)),
            Inner::Any(any) => {
                let any = any.rooted(cx);
                wasmtime::ExternRef::convert_any(cx, any).map_err(Error::call)
            }
        }
    }
}

impl AnyRef {
    /// The lasting root of a reference that is rooted in the current scope.
    pub(crate) fn new(
        cx: &mut impl AsContextMut<Data = Data>,
        value: Rooted<wasmtime::AnyRef>,
    ) -> Result<Self> {
        Ok(Self(match value.as_i31(&mut *cx).map_err(Error::call)? {
            Some(value) => Unpacked::I31(value.get_i32()),
            None => Unpacked::Rooted(owned(cx, value)?),
        }))
    }

    /// The reference, rooted in the current scope.
    pub(crate) fn rooted(
        &self,
        cx: &mut impl AsContextMut<Data = Data>,
    ) -> Rooted<wasmtime::AnyRef> {
        match &self.0 {
            Unpacked::I31(value) => wasmtime::AnyRef::from_i31(cx, I31::wrapping_i32(*value)),
            Unpacked::Rooted(root) => root.to_rooted(cx),
        }
    }
}

/// The number of an external reference that the host made.
fn host_id(
    cx: &mut impl AsContextMut<Data = Data>,
    value: Rooted<wasmtime::ExternRef>,
) -> Result<Option<HostId>> {
    let payload = value.data(cx.as_context()).map_err(Error::call)?;
    let payload = payload.and_then(|data| data.downcast_ref::<ExternPayload>());
    Ok(payload.map(ExternPayload::id))
}

pub(crate) fn extern_alloc(store: &mut Store<'_>, payload: ExternPayload) -> Result<ExternRef> {
    let id = payload.id();
    let mut scope = RootScope::new(store);
    let value = wasmtime::ExternRef::new(&mut scope, payload).map_err(Error::limit)?;
    let root = owned(&mut scope, value)?;
    Ok(ExternRef(Inner::Host { root, id }))
}

pub(crate) fn extern_read(store: &mut Store<'_>, value: &ExternRef) -> Reference<Wasmtime> {
    match &value.0 {
        Inner::Host { id, .. } => Reference::Host(*id),
        Inner::Any(any) => any_read(store, any),
    }
}

pub(crate) fn extern_from_any(store: &mut Store<'_>, value: &AnyRef) -> Result<ExternRef> {
    let mut scope = RootScope::new(store);
    let value = value.rooted(&mut scope);
    let value = wasmtime::ExternRef::convert_any(&mut scope, value).map_err(Error::call)?;
    ExternRef::new(&mut scope, value)
}

pub(crate) fn any_from_extern(store: &mut Store<'_>, value: &ExternRef) -> Result<AnyRef> {
    match &value.0 {
        Inner::Any(any) => Ok(any.clone()),
        Inner::Host { root, .. } => {
            let mut scope = RootScope::new(store);
            let value = root.to_rooted(&mut scope);
            let value = wasmtime::AnyRef::convert_extern(&mut scope, value).map_err(Error::call)?;
            AnyRef::new(&mut scope, value)
        }
    }
}

pub(crate) fn any_from_i31(value: i32) -> AnyRef {
    // The upper bit is as the lower ones say, whatever the caller said.
    AnyRef(Unpacked::I31(I31::wrapping_i32(value).get_i32()))
}

pub(crate) fn any_read(store: &mut Store<'_>, value: &AnyRef) -> Reference<Wasmtime> {
    let root = match &value.0 {
        Unpacked::I31(value) => return Reference::I31(*value),
        Unpacked::Rooted(root) => root,
    };
    let identity = identity(store, root);
    let mut scope = RootScope::new(store);
    let any = root.to_rooted(&mut scope);
    let outside = wasmtime::ExternRef::convert_any(&mut scope, any).map_err(Error::call);
    match outside.and_then(|value| host_id(&mut scope, value)) {
        Ok(Some(id)) => Reference::Host(id),
        // An error would mean that the root is none.
        Ok(None) | Err(_) => Reference::Object {
            object: value.clone(),
            identity,
        },
    }
}

/// Where the object is in the heap: the collector that `store::engine_new` asks for moves none, so
/// no other is there while a root of this one lives. Its hash is the only thing that tells, without
/// telling wasm as well.
pub(crate) fn identity<T: GcRef>(store: &Store<'_>, root: &OwnedRooted<T>) -> u64 {
    let mut place = Place(0);
    root.ref_hash(store, &mut place);
    place.finish()
}

/// What is hashed, for as long as it is no longer than eight bytes.
struct Place(u64);

impl Hasher for Place {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0 << 8 | u64::from(*byte);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// What moves elements in bulk, a piece at a time: Wasmtime's own functions look the type up for each
/// element, which takes a hundred times as long, and cannot be interrupted.
#[derive(Clone)]
pub(crate) struct Arrays {
    memory: Memory,
    read: Copier,
    write: Copier,
}

/// Copies so many elements from an index on; 0 where the array is of another type than
/// `(array (mut i16))`.
type Copier = TypedFunc<(Rooted<ArrayRef>, u32, u32), u32>;

/// `arrays.wat`.
pub(crate) const ARRAYS: &[u8] = include_bytes!("arrays.wasm");

/// Elements of one piece.
const PIECE: u32 = (1 << 16) / 2;

impl Arrays {
    /// That of the store. `None` where the store has no room for it.
    fn of(store: &mut Store<'_>) -> Option<Self> {
        if let Some(made) = &store.data().arrays {
            return made.clone();
        }
        let made = Self::new(store);
        store.data_mut().arrays = Some(made.clone());
        made
    }

    fn new(store: &mut Store<'_>) -> Option<Self> {
        let module = store.data().engine.arrays()?;
        let created = std::mem::take(&mut store.data_mut().limiter.created);
        let made = Instance::new(&mut *store, &module, &[]);
        let limiter = &mut store.data_mut().limiter;
        let created = std::mem::replace(&mut limiter.created, created);
        let Ok(instance) = made else {
            limiter.refund(created);
            return None;
        };
        Some(Self {
            memory: instance.get_memory(&mut *store, "memory")?,
            read: instance.get_typed_func(&mut *store, "read").ok()?,
            write: instance.get_typed_func(&mut *store, "write").ok()?,
        })
    }
}

/// An array, and its length.
fn array(
    cx: &mut impl AsContextMut<Data = Data>,
    value: &AnyRef,
) -> Option<(Rooted<ArrayRef>, u32)> {
    let Unpacked::Rooted(root) = &value.0 else {
        return None;
    };
    let array = root.to_rooted(&mut *cx).as_array(&mut *cx).ok()??;
    let len = array.len(&mut *cx).ok()?;
    Some((array, len))
}

/// Whether the elements of an array are `i16`, and those can be set.
fn is_of_i16(
    cx: &mut impl AsContextMut<Data = Data>,
    array: Rooted<ArrayRef>,
) -> Option<(bool, bool)> {
    let ty = array.ty(cx).ok()?;
    let is_i16 = matches!(ty.element_type(), StorageType::I16);
    Some((is_i16, ty.mutability() == Mutability::Var))
}

pub(crate) fn array_read_u16(
    store: &mut Store<'_>,
    value: &AnyRef,
    range: Range<u32>,
) -> Option<Vec<u16>> {
    let arrays = Arrays::of(store);
    let mut scope = RootScope::new(store);
    let (array, len) = array(&mut scope, value)?;
    if range.start > range.end || range.end > len {
        return None;
    }
    if let Some(arrays) = arrays
        && let Some(elements) = read_in_bulk(&mut scope, &arrays, array, range.clone())
    {
        return Some(elements);
    }
    if !is_of_i16(&mut scope, array)?.0 {
        return None;
    }
    let mut elements = Vec::with_capacity(range.len());
    for index in range {
        go_on(&scope, index)?;
        match array.get(&mut scope, index) {
            Ok(wasmtime::Val::I32(element)) => elements.push(element as u16),
            _ => return None,
        }
    }
    Some(elements)
}

fn read_in_bulk(
    cx: &mut impl AsContextMut<Data = Data>,
    arrays: &Arrays,
    array: Rooted<ArrayRef>,
    range: Range<u32>,
) -> Option<Vec<u16>> {
    let mut elements = Vec::with_capacity(range.len());
    let mut start = range.start;
    loop {
        let count = (range.end - start).min(PIECE);
        let call = arrays.read.call(&mut *cx, (array, start, count));
        call.ok().filter(|of_type| *of_type != 0)?;
        let bytes = arrays.memory.data(&*cx).get(..count as usize * 2)?;
        let units = bytes.as_chunks().0.iter();
        elements.extend(units.map(|unit| u16::from_le_bytes(*unit)));
        start += count;
        if start == range.end {
            return Some(elements);
        }
    }
}

pub(crate) fn array_write_u16(
    store: &mut Store<'_>,
    value: &AnyRef,
    start: u32,
    elements: &[u16],
) -> Option<()> {
    let arrays = Arrays::of(store);
    let mut scope = RootScope::new(store);
    let (array, len) = array(&mut scope, value)?;
    let count = u32::try_from(elements.len()).ok()?;
    let end = start.checked_add(count).filter(|end| *end <= len)?;
    if let Some(arrays) = arrays
        && write_in_bulk(&mut scope, &arrays, array, start, elements).is_some()
    {
        return Some(());
    }
    if is_of_i16(&mut scope, array)? != (true, true) {
        return None;
    }
    for (index, element) in (start..end).zip(elements) {
        go_on(&scope, index)?;
        let element = wasmtime::Val::I32((*element).into());
        array.set(&mut scope, index, element).ok()?;
    }
    Some(())
}

fn write_in_bulk(
    cx: &mut impl AsContextMut<Data = Data>,
    arrays: &Arrays,
    array: Rooted<ArrayRef>,
    mut start: u32,
    mut elements: &[u16],
) -> Option<()> {
    loop {
        let (piece, rest) = elements.split_at(elements.len().min(PIECE as usize));
        let bytes = arrays.memory.data_mut(&mut *cx);
        for (bytes, element) in bytes.as_chunks_mut().0.iter_mut().zip(piece) {
            *bytes = element.to_le_bytes();
        }
        let count = piece.len() as u32;
        let call = arrays.write.call(&mut *cx, (array, start, count));
        call.ok().filter(|of_type| *of_type != 0)?;
        start += count;
        elements = rest;
        if elements.is_empty() {
            return Some(());
        }
    }
}

/// `None` where the runtime was stopped: what is under way is of no use to anybody any more.
fn go_on(cx: &impl AsContext<Data = Data>, index: u32) -> Option<()> {
    let stopped =
        index.is_multiple_of(1 << 10) && cx.as_context().data().store_data().termination.is_set();
    (!stopped).then_some(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn arrays_are_what_their_text_says() {
        let bytes = wat::parse_str(include_str!("arrays.wat")).unwrap();
        assert_eq!(bytes, super::ARRAYS);
    }
}
