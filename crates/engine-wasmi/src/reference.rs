//! References of the `extern` hierarchy; there are none of the `any` hierarchy.

use sinew_bridge::{ExternPayload, Reference};
use wasmi::ExternRef;

use crate::store::{StoreMut, reserve_entities};
use crate::{Error, Wasmi};

/// A reference of the `any` hierarchy: there are none but null.
#[derive(Clone, Copy, Debug)]
pub enum AnyRef {}

pub(crate) fn extern_alloc(
    store: &mut StoreMut<'_>,
    payload: ExternPayload,
) -> Result<ExternRef, Error> {
    reserve_entities(store, 1)?;
    Ok(ExternRef::new(store, payload))
}

pub(crate) fn extern_read(store: &mut StoreMut<'_>, value: &ExternRef) -> Reference<Wasmi> {
    let payload = value.data(&*store).downcast_ref::<ExternPayload>();
    Reference::Host(
        payload
            .expect("every reference of the store is from `extern_alloc`")
            .id(),
    )
}
