//! [Exported GC Objects](https://webassembly.github.io/spec/js-api/#gc-exotic-objects): structs and
//! arrays of wasm as JavaScript sees them.

use std::rc::Rc;

use sinew_bridge::{Completion, HostData, JsHost, WasmEngine};

use crate::store::Store;
use crate::webassembly::class_id;

/// [A new Exported GC Object](https://webassembly.github.io/spec/js-api/#a-new-exported-gc-object):
/// the same each time for as long as it is alive.
pub(crate) fn object<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    store: &Rc<Store<J, W>>,
    object: W::AnyRef,
    identity: u64,
) -> Completion<J> {
    store.agent.bury();
    // 2. to 3. If map[objectaddr] exists, return it.
    if let Some(alive) = store.gc_objects.borrow().alive(cx, identity) {
        return Ok(alive);
    }
    // 4. to 18. A basic object with internal methods of its own.
    let slot = store.gc_objects.borrow_mut().insert(identity, object);
    let data = HostData {
        class: class_id::GC_OBJECT,
        slot,
    };
    let value = J::create_gc_object(cx, data)?;
    // 19. Set map[objectaddr] to object.
    let weak = J::downgrade(cx, &value);
    store.gc_objects.borrow_mut().set_object(slot, weak);
    Ok(value)
}

/// The `[[ObjectAddress]]` of an Exported GC Object.
pub(crate) fn address<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    store: &Store<J, W>,
    value: &J::Value,
) -> Option<W::AnyRef> {
    let data = J::host_data(cx, value)?;
    if data.class != class_id::GC_OBJECT {
        return None;
    }
    store.gc_objects.borrow().get(data.slot).cloned()
}
