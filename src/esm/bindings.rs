//! The bindings of a wasm file: the values of its exports as its module's namespace has them.

use std::rc::Rc;

use sinew_bridge::{Completion, JsHost, ObjectClass, PropertyKey, Throw, ValueType, WasmEngine};

use crate::esm::facade::Binding;
use crate::esm::loader::Loader;
use crate::esm::record::WasmRecord;
use crate::webassembly::instance::Instance;
use crate::webassembly::{Entity, global};

/// A binding that shows a global.
pub(crate) struct GlobalBinding<J: JsHost> {
    /// The place of the export.
    at: usize,
    /// Sets the binding.
    set: J::Value,
}

impl<J: JsHost> Clone for GlobalBinding<J> {
    fn clone(&self) -> Self {
        Self {
            at: self.at,
            set: self.set.clone(),
        }
    }
}

/// The last steps of
/// [ExecuteModule](https://webassembly.github.io/esm-integration/js-api/#module-execution): the
/// values of the bindings, where globals are unwrapped.
pub(crate) fn binding_values<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    instance: &Rc<Instance<J, W>>,
) -> Completion<J, Vec<J::Value>> {
    let exports = instance.module.info.exports.iter().zip(&instance.exports);
    let mut values = Vec::with_capacity(instance.exports.len());
    for (at, (export, entity)) in exports.enumerate() {
        values.push(match (Binding::of(&export.ty), entity) {
            // NOTE: the facade leaves it uninitialised.
            (Binding::Uninitialized, _) => J::undefined(),
            (Binding::Global, Entity::Global(slot)) => {
                global::get_value(cx, &instance.store, *slot)?
            }
            _ => instance.export_to_js(cx, at)?,
        });
    }
    Ok(values)
}

/// Associates all future mutations of the exported globals with their bindings. `setters` set the
/// bindings of globals, in the order of the exports.
pub(crate) fn connect_bindings<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    instance: &Rc<Instance<J, W>>,
    values: &[J::Value],
    setters: &J::Value,
) -> Completion<J, Vec<GlobalBinding<J>>> {
    let mut bindings = Vec::new();
    for (at, export) in instance.module.info.exports.iter().enumerate() {
        let (Binding::Global, Entity::Global(slot)) =
            (Binding::of(&export.ty), &instance.exports[at])
        else {
            continue;
        };
        let set = J::get(cx, setters, PropertyKey::Index(bindings.len() as u32))?;
        if is_mutable(&export.ty) {
            let (store, shown) = (&instance.store, values[at].clone());
            store.add_live_global(*slot, shown, set.clone());
        }
        bindings.push(GlobalBinding { at, set });
    }
    Ok(bindings)
}

/// What [ResolveExport](https://tc39.es/ecma262/#sec-resolveexport) finds out: the exported global
/// of a wasm file that a binding leads to through modules in JavaScript (`export { g } from
/// "./a.wasm"`), if it does. `read` gets the value of the binding, and runs no user code.
///
/// The engines' module records do not tell. But what is a binding of the wasm file changes with it:
/// each that has the value in question is given another one for as long as it takes to look again.
/// No user code runs meanwhile.
///
/// FIXME: a binding that is never initialised (a vector) shows nothing to be told by: imported
/// through JavaScript it is a ReferenceError, where the entity should link.
pub(crate) fn global_behind<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    loader: &Loader<J, W>,
    mut read: impl FnMut(&mut J::Scope<'_>) -> Completion<J>,
) -> Completion<J, Option<Entity<W>>> {
    let shown = match read(cx) {
        Ok(value) => value,
        // It is not initialised, as it will be said when it is read for good.
        Err(Throw::Value(_)) => return Ok(None),
        Err(Throw::Terminated) => return Err(Throw::Terminated),
    };
    let candidates = bindings_showing(cx, loader, &shown)?;
    let mut marks = Vec::with_capacity(candidates.len());
    for _ in &candidates {
        marks.push(J::create_object(cx, &J::null())?);
    }
    let mut outcome = Ok(());
    for (candidate, mark) in candidates.iter().zip(&marks) {
        outcome = outcome.and(call_setter::<J>(cx, &candidate.set, mark));
    }
    let seen = read(cx);
    for Candidate { set, value, .. } in &candidates {
        outcome = outcome.and(call_setter::<J>(cx, set, value));
    }
    outcome?;
    let seen = seen?;
    let mut found = candidates.into_iter().zip(&marks);
    Ok(found
        .find(|(_, mark)| J::same_value(cx, mark, &seen))
        .map(|(candidate, _)| candidate.entity))
}

/// A binding that may be the one in question.
struct Candidate<J: JsHost, W: WasmEngine> {
    entity: Entity<W>,
    set: J::Value,
    value: J::Value,
}

/// The bindings of globals that have this value.
fn bindings_showing<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    loader: &Loader<J, W>,
    shown: &J::Value,
) -> Completion<J, Vec<Candidate<J, W>>> {
    let mut found = Vec::new();
    for record in loader.wasm_records() {
        let Some(instance) = record.instance.get() else {
            continue;
        };
        for GlobalBinding { at, set } in record.bindings() {
            let Entity::Global(slot) = instance.exports[at] else {
                continue;
            };
            let value = global::get_value(cx, &instance.store, slot)?;
            if J::same_value(cx, &value, shown) {
                let entity = instance.exports[at].clone();
                found.push(Candidate { entity, set, value });
            }
        }
    }
    Ok(found)
}

fn call_setter<J: JsHost>(
    cx: &mut J::Scope<'_>,
    set: &J::Value,
    value: &J::Value,
) -> Completion<J, ()> {
    J::call(cx, set, &J::undefined(), std::slice::from_ref(value)).map(drop)
}

fn is_mutable(ty: &sinew_bridge::ExternType) -> bool {
    matches!(ty, sinew_bridge::ExternType::Global(ty) if ty.mutable)
}

impl<J: JsHost, W: WasmEngine> Loader<J, W> {
    /// Every wasm file that is loaded.
    pub(crate) fn wasm_records(&self) -> Vec<Rc<WasmRecord<J, W>>> {
        let records = self.records.borrow();
        records
            .values()
            .filter_map(|record| record.wasm())
            .cloned()
            .collect()
    }

    /// The `[[Instance]]` behind a module namespace, for
    /// [`namespaceInstance`](https://webassembly.github.io/esm-integration/js-api/#dom-webassembly-namespaceinstance):
    /// always the same object. `None` for any value that is no namespace of a wasm file that was
    /// evaluated.
    pub(crate) fn namespace_instance(
        &self,
        cx: &mut J::Scope<'_>,
        namespace: &J::Value,
    ) -> Completion<J, Option<J::Value>> {
        if J::object_class(cx, namespace) != Some(ObjectClass::Namespace) {
            return Ok(None);
        }
        let Some(record) = self.namespace_record(cx, namespace)? else {
            return Ok(None);
        };
        match record.instance.get() {
            Some(instance) => record.instance_object(cx, &self.agent, instance).map(Some),
            None => Ok(None),
        }
    }

    /// The wasm file of which `namespace` is the module namespace.
    fn namespace_record(
        &self,
        cx: &mut J::Scope<'_>,
        namespace: &J::Value,
    ) -> Completion<J, Option<Rc<WasmRecord<J, W>>>> {
        let mut unknown = Vec::new();
        for record in self.wasm_records() {
            match record.is_namespace(cx, namespace) {
                Some(true) => return Ok(Some(record)),
                Some(false) => {}
                None => unknown.push(record),
            }
        }
        if unknown.is_empty() {
            return Ok(None);
        }
        // To ask for a namespace is to make it: only that of a file with as many exports.
        let keys = J::own_keys(cx, namespace)?;
        let is_name = |key: &&J::Value| J::type_of(key) == ValueType::String;
        let names = keys.iter().filter(is_name).count();
        for record in unknown {
            if record.module.info.exports.len() == names {
                record.find_namespace(cx)?;
                if record.is_namespace(cx, namespace) == Some(true) {
                    return Ok(Some(record));
                }
            }
        }
        Ok(None)
    }
}
