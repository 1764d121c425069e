//! The caches of the [agent](https://webassembly.github.io/spec/js-api/#agent) for entities that
//! are garbage collected: exceptions and GC objects.

use std::collections::HashMap;

use sinew_bridge::JsHost;
use slab::Slab;

/// Entities of wasm with the JavaScript objects that stand for them, by the engine's identity. An
/// entry keeps its entity alive, and with it the identity, until the object is dead.
pub(crate) struct ObjectCache<J: JsHost, E> {
    entries: Slab<CacheEntry<J, E>>,
    slots: HashMap<u64, u32>,
}

struct CacheEntry<J: JsHost, E> {
    identity: u64,
    entity: E,
    object: Option<J::Weak>,
}

impl<J: JsHost, E> Default for ObjectCache<J, E> {
    fn default() -> Self {
        Self {
            entries: Slab::new(),
            slots: HashMap::new(),
        }
    }
}

impl<J: JsHost, E> ObjectCache<J, E> {
    /// The object of the entity with this identity, if it is alive.
    pub(crate) fn alive(&self, cx: &mut J::Scope<'_>, identity: u64) -> Option<J::Value> {
        let entry = &self.entries[*self.slots.get(&identity)? as usize];
        J::upgrade(cx, entry.object.as_ref()?)
    }

    /// A slot for an entity that has no object, or only a dead one.
    pub(crate) fn insert(&mut self, identity: u64, entity: E) -> u32 {
        let slot = self.entries.insert(CacheEntry {
            identity,
            entity,
            object: None,
        }) as u32;
        self.slots.insert(identity, slot);
        slot
    }

    /// Names the object of a slot.
    pub(crate) fn set_object(&mut self, slot: u32, object: J::Weak) {
        if let Some(entry) = self.entries.get_mut(slot as usize) {
            entry.object = Some(object);
        }
    }

    /// The entity of a slot.
    pub(crate) fn get(&self, slot: u32) -> Option<&E> {
        let entry = self.entries.get(slot as usize)?;
        Some(&entry.entity)
    }

    /// Lets go of a slot whose object is dead.
    pub(crate) fn remove(&mut self, slot: u32) -> Option<E> {
        let entry = self.entries.try_remove(slot as usize)?;
        // A new object may have taken the identity over in the meantime.
        if self.slots.get(&entry.identity) == Some(&slot) {
            self.slots.remove(&entry.identity);
        }
        Some(entry.entity)
    }
}
