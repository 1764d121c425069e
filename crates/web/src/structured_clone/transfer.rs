//! [StructuredSerializeWithTransfer](https://html.spec.whatwg.org/multipage/structured-data.html#structuredserializewithtransfer)
//!
//! NOTE: what is transferred stays in its realm, so it is received at once.

use std::rc::Rc;

use sinew_bridge::{Completion, JsHost, ObjectClass};

use super::deserialize::create_buffer;
use super::record::{Record, Serialized};
use super::serialize::Serializer;
use crate::Web;

/// The value, the objects that it leads to, and what became of the transfer list.
pub(super) type Holder<J> = (Serialized<J>, Vec<Record<J>>, Vec<<J as JsHost>::Value>);

/// Serializes a value and transfers what the list has. Runs user code.
pub(super) fn serialize_with_transfer<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    value: &J::Value,
    transfer_list: &[J::Value],
) -> Completion<J, Holder<J>> {
    let realm = web.realm(cx)?;
    let mut serializer = Serializer::new(web, realm);
    // 2. For each transferable of transferList:
    for (place, transferable) in transfer_list.iter().enumerate() {
        let is_buffer = J::object_class(cx, transferable) == Some(ObjectClass::ArrayBuffer);
        if !is_buffer || web.is_protected(transferable) {
            let message = "Value could not be transferred.";
            return Err(serializer.data_clone_error(cx, message));
        }
        if serializer.number_of(transferable).is_some() {
            let message = "The transfer list contains duplicate ArrayBuffer";
            return Err(serializer.data_clone_error(cx, message));
        }
        serializer.remember(transferable, Record::Transferred(place));
    }
    // 3.
    let root = serializer.serialize(cx, value)?;
    // 5. For each transferable of transferList:
    let mut received = Vec::with_capacity(transfer_list.len());
    for transferable in transfer_list {
        let block = serializer.block(cx, transferable)?;
        let copy = create_buffer(cx, &serializer.realm, &block)?;
        J::detach(cx, transferable);
        received.push(copy);
    }
    Ok((root, serializer.records, received))
}
