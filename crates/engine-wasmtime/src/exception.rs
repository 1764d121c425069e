//! Tags and exceptions.
//!
//! Wasmtime keeps the exception that is on its way in a slot of the store. Here it is in that slot
//! only between [`throw`] and the return of the host function that called it: one that nothing
//! caught is taken out at once by [`keep`], and waits for [`take`] beside the store's data. So a host
//! function cannot throw what another call has left behind.

use sinew_bridge::{FuncType, Val};
use wasmtime::{AsContextMut, ExnRefPre, ExnType, OwnedRooted, RootScope, Rooted, StoreContextMut};
use wasmtime::{Tag, TagType};

use crate::error::Error;
use crate::reference::{identity as identity_of, owned};
use crate::store::Data;
use crate::{Result, Wasmtime, conv};

type Store<'a> = StoreContextMut<'a, Data>;

/// A non-null reference to an exception, rooted for as long as the handle or a clone of it lives.
#[derive(Clone)]
pub struct ExnRef(OwnedRooted<wasmtime::ExnRef>);

impl ExnRef {
    /// The lasting root of an exception that is rooted in the current scope.
    pub(crate) fn new(
        cx: &mut impl AsContextMut<Data = Data>,
        value: Rooted<wasmtime::ExnRef>,
    ) -> Result<Self> {
        Ok(Self(owned(cx, value)?))
    }

    /// The exception, rooted in the current scope.
    pub(crate) fn rooted(
        &self,
        cx: &mut impl AsContextMut<Data = Data>,
    ) -> Rooted<wasmtime::ExnRef> {
        self.0.to_rooted(cx)
    }
}

pub(crate) fn tag_alloc(store: &mut Store<'_>, ty: &FuncType) -> Result<Tag> {
    if !ty.results().is_empty() {
        return Err(Error::mismatch("a tag has no results"));
    }
    let ty = conv::engine_func_type(store.engine(), ty)?;
    Tag::new(store, &TagType::new(ty)).map_err(Error::call)
}

pub(crate) fn alloc(store: &mut Store<'_>, tag: &Tag, fields: &[Val<Wasmtime>]) -> Result<ExnRef> {
    let ty = ExnType::from_tag_type(&tag.ty(&*store)).map_err(Error::call)?;
    let expected = ty.tag_type();
    let expected = expected.ty().params();
    if expected.len() != fields.len() {
        let (expected, found) = (expected.len(), fields.len());
        return Err(Error::mismatch(format!(
            "{found} fields of an exception that has {expected}"
        )));
    }
    let mut scope = RootScope::new(store);
    let fields = fields.iter().zip(expected);
    let fields = fields.map(|(field, ty)| conv::engine_val_of(&mut scope, field, &ty));
    let fields = fields.collect::<Result<Vec<_>>>()?;
    let allocator = ExnRefPre::new(&mut scope, ty);
    let exn = wasmtime::ExnRef::new(&mut scope, &allocator, tag, &fields).map_err(Error::call)?;
    ExnRef::new(&mut scope, exn)
}

pub(crate) fn tag(store: &mut Store<'_>, exn: &ExnRef) -> Result<Tag> {
    let mut scope = RootScope::new(store);
    exn.rooted(&mut scope).tag(&mut scope).map_err(Error::call)
}

pub(crate) fn read(store: &mut Store<'_>, exn: &ExnRef) -> Result<Vec<Val<Wasmtime>>> {
    let mut scope = RootScope::new(store);
    let exn = exn.rooted(&mut scope);
    let fields = exn.ty(&scope).map_err(Error::call)?.fields().len();
    let read = |index| {
        let field = exn.field(&mut scope, index).map_err(Error::call)?;
        conv::val(&mut scope, field)
    };
    (0..fields).map(read).collect()
}

pub(crate) fn identity(store: &Store<'_>, exn: &ExnRef) -> u64 {
    identity_of(store, &exn.0)
}

pub(crate) fn throw(store: &mut Store<'_>, exn: &ExnRef) {
    let mut scope = RootScope::new(store);
    let exn = exn.rooted(&mut scope);
    // It always is an error: the one for the host function's trampoline to return, which makes its
    // own, see `func::thrown`.
    let _ = scope.as_context_mut().throw::<()>(exn);
}

/// Forgets what [`throw`] left.
pub(crate) fn discard(store: &mut Store<'_>) {
    if store.has_pending_exception() {
        let mut scope = RootScope::new(store);
        scope.as_context_mut().take_pending_exception();
    }
}

/// Takes the exception that came out of a call from Wasmtime's slot, for [`take`]; whether there is
/// one.
pub(crate) fn keep(store: &mut Store<'_>) -> Result<bool> {
    let mut scope = RootScope::new(store);
    let Some(exn) = scope.as_context_mut().take_pending_exception() else {
        return Ok(false);
    };
    let exn = ExnRef::new(&mut scope, exn)?;
    scope.as_context_mut().data_mut().thrown = Some(exn);
    Ok(true)
}

pub(crate) fn take(store: &mut Store<'_>) -> Option<ExnRef> {
    store.data_mut().thrown.take()
}
