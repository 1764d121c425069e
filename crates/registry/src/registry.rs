//! What has been loaded, by key.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

use crate::{Key, Listing, Record, Status};

/// The SHA-256 of a module's bytes.
type Hash = [u8; 32];

/// The loaded modules of one runtime.
///
/// `M` is what a compilation yields and is shared by all records of the same content; `R` is what
/// the embedder keeps with one record.
#[derive(Debug)]
pub struct Registry<M, R> {
    slots: HashMap<Key, Slot<R>>,
    compiled: HashMap<Hash, Compiled<M>>,
}

/// What is kept for a key, also after it was unloaded.
#[derive(Debug)]
struct Slot<R> {
    generation: u32,
    loaded: Option<Record<R>>,
    content: Option<Hash>,
}

#[derive(Debug)]
struct Compiled<M> {
    module: M,
    /// How many slots have this content; never zero.
    users: usize,
}

impl<M: Clone, R> Registry<M, R> {
    /// An empty registry.
    pub fn new() -> Registry<M, R> {
        Registry {
            slots: HashMap::new(),
            compiled: HashMap::new(),
        }
    }

    /// Adds a record. One that was there is unloaded first and handed back.
    pub fn insert(&mut self, key: Key, record: Record<R>) -> Option<R> {
        let replaced = self.unload(&key);
        let new = Slot {
            generation: 0,
            loaded: None,
            content: None,
        };
        self.slots.entry(key).or_insert(new).loaded = Some(record);
        replaced
    }

    /// The record of `key`.
    pub fn get(&self, key: &Key) -> Option<&Record<R>> {
        self.slots.get(key)?.loaded.as_ref()
    }

    /// The record of `key`, to be completed.
    pub fn get_mut(&mut self, key: &Key) -> Option<&mut Record<R>> {
        self.slots.get_mut(key)?.loaded.as_mut()
    }

    /// The keys of the loaded modules, in order.
    pub fn keys(&self) -> impl Iterator<Item = &Key> {
        self.loaded().into_iter().map(|(key, ..)| key)
    }

    /// How far `key` has come; `None` where it was never loaded.
    pub fn status(&self, key: &Key) -> Option<&Status> {
        let slot = self.slots.get(key)?;
        Some(
            slot.loaded
                .as_ref()
                .map_or(&Status::Unloaded, Record::status),
        )
    }

    /// Moves a record forward. `false` where there is no record, or where the step would lead
    /// backwards or out of a failure; [`Registry::unload`] alone does that.
    pub fn set_status(&mut self, key: &Key, status: Status) -> bool {
        let Some(record) = self.get_mut(key) else {
            return false;
        };
        let may = record.status.may_become(&status);
        if may {
            record.status = status;
        }
        may
    }

    /// The compilation of `bytes` for the record of `key`: the shared one where there is a record
    /// with the same content, or else what `compile` yields.
    ///
    /// It is kept until the last record of this content is unloaded. Where `key` has no record it
    /// is not kept, since nothing would ever release it.
    pub fn compiled<E>(
        &mut self,
        key: &Key,
        bytes: &[u8],
        compile: impl FnOnce() -> Result<M, E>,
    ) -> Result<M, E> {
        let hash: Hash = Sha256::digest(bytes).into();
        let shared = self
            .compiled
            .get(&hash)
            .map(|compiled| compiled.module.clone());
        let module = shared.map_or_else(compile, Ok)?;
        if let Some(slot) = self.slots.get_mut(key).filter(|slot| slot.loaded.is_some()) {
            let previous = slot.content.replace(hash);
            let new = || Compiled {
                module: module.clone(),
                users: 0,
            };
            self.compiled.entry(hash).or_insert_with(new).users += 1;
            self.release(previous);
        }
        Ok(module)
    }

    /// How many different compilations are kept.
    pub fn compilations(&self) -> usize {
        self.compiled.len()
    }

    /// Removes the record of `key` and gives back what the embedder kept with it.
    ///
    /// The key's [module name](Registry::module_name) changes, so that it can be loaded afresh in
    /// a JavaScript engine that never forgets a name.
    pub fn unload(&mut self, key: &Key) -> Option<R> {
        let slot = self.slots.get_mut(key)?;
        let record = slot.loaded.take()?;
        slot.generation = slot.generation.saturating_add(1);
        let content = slot.content.take();
        self.release(content);
        Some(record.value)
    }

    /// How often `key` was unloaded.
    pub fn generation(&self, key: &Key) -> u32 {
        self.slots.get(key).map_or(0, |slot| slot.generation)
    }

    /// The name of `key` in the JavaScript engine: its URL, and after an unloading the generation,
    /// in a form that no serialised URL has.
    pub fn module_name(&self, key: &Key) -> String {
        match self.generation(key) {
            0 => key.url(),
            generation => format!("{key} <{generation}>"),
        }
    }

    /// The key of a [module name](Registry::module_name), of whichever generation.
    pub fn key_of(&self, name: &str) -> Option<Key> {
        Key::from_module_name(name)
    }

    /// All loaded modules, in the order of their keys.
    pub fn list(&self) -> Vec<Listing> {
        let lines = self
            .loaded()
            .into_iter()
            .map(|(key, slot, record)| Listing {
                key: key.url(),
                status: record.status.clone(),
                generation: slot.generation,
                imports: record.imports.clone(),
                exports: record.exports.clone(),
                bytes: record.bytes,
                times: record.times,
                sha256: slot
                    .content
                    .map(|hash| hash.iter().map(|b| format!("{b:02x}")).collect()),
            });
        lines.collect()
    }

    /// The failed modules and their messages, in the order of their keys.
    pub fn failures(&self) -> impl Iterator<Item = (&Key, &str)> {
        let loaded = self.loaded().into_iter();
        loaded.filter_map(|(key, _, record)| match record.status() {
            Status::Failed(message) => Some((key, message.as_str())),
            _ => None,
        })
    }

    /// The slots with a record, in the order of their keys.
    fn loaded(&self) -> Vec<(&Key, &Slot<R>, &Record<R>)> {
        let slots = self.slots.iter();
        let mut loaded: Vec<_> = slots
            .filter_map(|(key, slot)| Some((key, slot, slot.loaded.as_ref()?)))
            .collect();
        loaded.sort_unstable_by_key(|(key, ..)| *key);
        loaded
    }

    fn release(&mut self, content: Option<Hash>) {
        let Some(hash) = content else { return };
        let Some(compiled) = self.compiled.get_mut(&hash) else {
            return;
        };
        compiled.users -= 1;
        if compiled.users == 0 {
            self.compiled.remove(&hash);
        }
    }
}

impl<M: Clone, R> Default for Registry<M, R> {
    fn default() -> Self {
        Registry::new()
    }
}
