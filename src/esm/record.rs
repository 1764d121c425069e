//! [WebAssembly Module Records](https://webassembly.github.io/esm-integration/js-api/#webassembly-module-record)

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use sinew_bridge::{Completion, JsHost, PropertyKey, WasmEngine};

use crate::esm::facade::is_live;
use crate::esm::loader::Loader;
use crate::webassembly::imports::import_value;
use crate::webassembly::instance::{Instance, exports_object, instantiate};
use crate::webassembly::{Entity, WasmModule, error, global};

/// A module of the graph, as far as Sinew keeps it.
pub(crate) enum ModuleRecord<J: JsHost, W: WasmEngine> {
    /// JavaScript: the engine's own.
    JavaScript,
    /// Its default export.
    Value(J::Value),
    /// A wasm file.
    Wasm(Rc<WasmRecord<J, W>>),
}

impl<J: JsHost, W: WasmEngine> Clone for ModuleRecord<J, W> {
    fn clone(&self) -> Self {
        match self {
            ModuleRecord::JavaScript => ModuleRecord::JavaScript,
            ModuleRecord::Value(value) => ModuleRecord::Value(value.clone()),
            ModuleRecord::Wasm(record) => ModuleRecord::Wasm(record.clone()),
        }
    }
}

/// A wasm file in the module graph.
pub(crate) struct WasmRecord<J: JsHost, W: WasmEngine> {
    /// Its module name.
    pub name: String,
    pub module: Arc<WasmModule<W>>,
    /// The module name that each import leads to, where it could be resolved.
    pub requests: Vec<Option<String>>,
    pub instance: OnceCell<Rc<Instance<J, W>>>,
    /// Whether `__wasm_import` is evaluating it right now: a cycle stops here.
    pub evaluating: Cell<bool>,
    /// The exports object, for `__wasm_import`.
    exports: RefCell<Option<J::Value>>,
}

impl<J: JsHost, W: WasmEngine> WasmRecord<J, W> {
    /// A record that is not evaluated yet.
    pub(crate) fn new(
        name: String,
        module: Arc<WasmModule<W>>,
        requests: Vec<Option<String>>,
    ) -> Rc<Self> {
        Rc::new(Self {
            name,
            module,
            requests,
            instance: OnceCell::new(),
            evaluating: Cell::new(false),
            exports: RefCell::new(None),
        })
    }

    /// The exports object of the instance: the same each time.
    pub(crate) fn exports_object(
        &self,
        cx: &mut J::Scope<'_>,
        instance: &Rc<Instance<J, W>>,
    ) -> Completion<J> {
        if let Some(exports) = &*self.exports.borrow() {
            return Ok(exports.clone());
        }
        let exports = exports_object(cx, instance)?;
        *self.exports.borrow_mut() = Some(exports.clone());
        Ok(exports)
    }

    /// Lets go of the JavaScript values.
    pub(crate) fn clear(&self) {
        self.exports.take();
    }
}

/// [ExecuteModule](https://webassembly.github.io/esm-integration/js-api/#module-execution) of a
/// WebAssembly Module Record: links and instantiates it. `value_of` is the JavaScript value of the
/// import at an index, for the imports that do not lead to another wasm file.
pub(crate) fn execute<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    loader: &Rc<Loader<J, W>>,
    record: &WasmRecord<J, W>,
    mut value_of: impl FnMut(&mut J::Scope<'_>, usize) -> Completion<J>,
) -> Completion<J, Rc<Instance<J, W>>> {
    if let Some(instance) = record.instance.get() {
        return Ok(instance.clone());
    }
    let store = loader.agent.store(cx)?;
    let mut imports = Vec::with_capacity(record.requests.len());
    for (at, import) in record.module.info.imports.iter().enumerate() {
        // A wasm import is the entity itself, everything else goes by the import rules.
        let request = record.requests[at].as_deref();
        let entity = match request.and_then(|name| loader.wasm_record(name)) {
            Some(source) => exported_entity(cx, loader, record, &source, at)?,
            None => {
                let value = value_of(cx, at)?;
                import_value(cx, &store, &record.name, import, &value)?
            }
        };
        imports.push(entity);
    }
    let instance = instantiate(cx, &store, &record.name, &record.module, &imports)?;
    // Re-entrant evaluation is the JavaScript engine's to prevent; the first instance stays.
    Ok(record.instance.get_or_init(|| instance).clone())
}

/// What `source` exports for import `at` of `record`.
fn exported_entity<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    loader: &Rc<Loader<J, W>>,
    record: &WasmRecord<J, W>,
    source: &WasmRecord<J, W>,
    at: usize,
) -> Completion<J, Entity<W>> {
    let import = &record.module.info.imports[at];
    let agent = &loader.agent;
    let Some(instance) = source.instance.get() else {
        let found = "a module that is not evaluated yet (a cycle of wasm files)";
        return Err(error::link(cx, agent, &record.name, import, found));
    };
    match instance.export(&import.name) {
        Some((_, entity)) => Ok(entity.clone()),
        None => Err(error::link(
            cx,
            agent,
            &record.name,
            import,
            "no such export",
        )),
    }
}

/// The values that the module namespace of a wasm file has: globals are unwrapped.
pub(crate) fn namespace_values<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    instance: &Rc<Instance<J, W>>,
) -> Completion<J, Vec<J::Value>> {
    let mut values = Vec::with_capacity(instance.exports.len());
    for (at, entity) in instance.exports.iter().enumerate() {
        values.push(match entity {
            Entity::Global(slot) => match global::get_value(cx, &instance.store, *slot) {
                Ok(value) => value,
                // A v128 global has no value that JavaScript could see.
                Err(sinew_bridge::Throw::Value(_)) => J::undefined(),
                Err(terminated) => return Err(terminated),
            },
            _ => instance.export_to_js(cx, at)?,
        });
    }
    Ok(values)
}

/// Connects the exported mutable globals of `instance` with the setters of its module's bindings, in
/// the order of the exports.
pub(crate) fn connect_live_bindings<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    instance: &Rc<Instance<J, W>>,
    values: &[J::Value],
    setters: &J::Value,
) -> Completion<J, ()> {
    let exports = instance.module.info.exports.iter();
    let mut next = 0;
    for (at, export) in exports.enumerate() {
        if !is_live(&export.ty) {
            continue;
        }
        let set = J::get(cx, setters, PropertyKey::Index(next))?;
        next += 1;
        if let Entity::Global(slot) = instance.exports[at] {
            instance
                .store
                .add_live_global(slot, values[at].clone(), set);
        }
    }
    Ok(())
}
