//! The JavaScript values that wasm holds: the
//! [extern value cache](https://webassembly.github.io/spec/js-api/#extern-value-cache).
//!
//! An external reference carries a number, and the value lies here under that number for as long
//! as any reference with it is alive. A value that is passed twice has one number.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use sinew_bridge::{
    Completion, ExternPayload, HostId, JsHost, ReleaseQueue, ValueType, WasmEngine,
};
use slab::Slab;

use crate::store::Store;
use crate::webassembly::gc_object;
use crate::webassembly::value::as_i31;

/// The JavaScript values that wasm holds.
pub(crate) struct Externs<J: JsHost, W: WasmEngine> {
    held: Slab<Held<J, W>>,
    numbers: HashMap<Identity, u32>,
    released: Arc<ReleaseQueue>,
}

struct Held<J: JsHost, W: WasmEngine> {
    value: J::Value,
    identity: Option<Identity>,
    /// How many references with this number the engine has.
    references: u32,
    /// The one reference, where the engine never frees any.
    only: Option<W::ExternRef>,
}

/// What makes two values the same, where it can be told without looking into them.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Identity {
    Undefined,
    Boolean(bool),
    Number(u64),
    Object(usize),
}

impl<J: JsHost, W: WasmEngine> Default for Externs<J, W> {
    fn default() -> Self {
        Self {
            held: Slab::new(),
            numbers: HashMap::new(),
            released: Arc::default(),
        }
    }
}

impl Identity {
    fn of<J: JsHost>(value: &J::Value) -> Option<Self> {
        match J::type_of(value) {
            ValueType::Undefined => Some(Identity::Undefined),
            ValueType::Boolean => J::as_boolean(value).map(Identity::Boolean),
            ValueType::Number => J::as_number(value).map(|n| Identity::Number(n.to_bits())),
            _ => J::identity(value).map(Identity::Object),
        }
    }
}

impl<J: JsHost, W: WasmEngine> Externs<J, W> {
    /// Lets go of values whose last reference is gone. They are returned for the caller to drop
    /// when nothing is borrowed.
    fn collect(&mut self) -> Vec<J::Value> {
        let mut dead = Vec::new();
        for HostId(number) in self.released.drain() {
            let Some(held) = self.held.get_mut(number as usize) else {
                continue;
            };
            held.references -= 1;
            if held.references == 0 {
                let held = self.held.remove(number as usize);
                if let Some(identity) = held.identity {
                    self.numbers.remove(&identity);
                }
                dead.push(held.value);
            }
        }
        dead
    }

    /// The number of `value`, for one reference more.
    fn hold(&mut self, value: &J::Value) -> u32 {
        let identity = Identity::of::<J>(value);
        if let Some(number) = identity.and_then(|identity| self.numbers.get(&identity)) {
            self.held[*number as usize].references += 1;
            return *number;
        }
        let number = self.held.insert(Held {
            value: value.clone(),
            identity,
            references: 1,
            only: None,
        }) as u32;
        if let Some(identity) = identity {
            self.numbers.insert(identity, number);
        }
        number
    }
}

impl<J: JsHost, W: WasmEngine> Store<J, W> {
    /// `ref.extern` of a value that is not null: step 7.2 of
    /// [ToWebAssemblyValue](https://webassembly.github.io/spec/js-api/#towebassemblyvalue).
    pub(crate) fn extern_ref(
        self: &Rc<Self>,
        cx: &mut J::Scope<'_>,
        value: &J::Value,
    ) -> Completion<J, W::ExternRef> {
        if W::FEATURES.gc {
            // What any.convert_extern is to recognise must not be hidden in a host value.
            if let Some(number) = as_i31::<J>(value) {
                return self.try_access(cx, |wasm| {
                    let reference = W::any_from_i31(wasm, number)?;
                    W::extern_from_any(wasm, &reference)
                });
            }
            if let Some(object) = gc_object::address(cx, self, value) {
                return self.try_access(cx, |wasm| W::extern_from_any(wasm, &object));
            }
        }
        self.host_ref(cx, value)
    }

    /// `ref.extern` of `ref.host`.
    fn host_ref(
        self: &Rc<Self>,
        cx: &mut J::Scope<'_>,
        value: &J::Value,
    ) -> Completion<J, W::ExternRef> {
        let dead = self.externs.borrow_mut().collect();
        drop(dead);
        let (number, only, released) = {
            let mut externs = self.externs.borrow_mut();
            let number = externs.hold(value);
            let only = externs.held[number as usize].only.clone();
            (number, only, externs.released.clone())
        };
        if let Some(only) = only {
            self.externs.borrow_mut().held[number as usize].references -= 1;
            return Ok(only);
        }
        let payload = ExternPayload::new(HostId(number), released);
        let reference = self.try_access(cx, |wasm| W::extern_alloc(wasm, payload))?;
        if !W::FEATURES.collects_externref {
            self.externs.borrow_mut().held[number as usize].only = Some(reference.clone());
        }
        Ok(reference)
    }

    /// [Retrieving a host value](https://webassembly.github.io/spec/js-api/#retrieving-a-host-value)
    pub(crate) fn host_value(&self, HostId(number): HostId) -> J::Value {
        let externs = self.externs.borrow();
        // A reference keeps its number alive; a store that is closed has neither.
        match externs.held.get(number as usize) {
            Some(held) => held.value.clone(),
            None => J::undefined(),
        }
    }
}
