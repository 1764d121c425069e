//! [WebAssembly Module Records](https://webassembly.github.io/esm-integration/js-api/#webassembly-module-record)

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use sinew_bridge::{Completion, ExternType, JsHost, WasmEngine};

use crate::agent::Agent;
use crate::esm::bindings::{GlobalBinding, global_behind};
use crate::esm::loader::Loader;
use crate::webassembly::imports::{Importing, import_value};
use crate::webassembly::instance::{Instance, exports_object, instantiate};
use crate::webassembly::module::ModuleObject;
use crate::webassembly::options::{CompileOptions, supplied_entity};
use crate::webassembly::{Entity, WasmModule, error, instance, module};

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

impl<J: JsHost, W: WasmEngine> ModuleRecord<J, W> {
    /// The wasm file, if it is one.
    pub(crate) fn wasm(&self) -> Option<&Rc<WasmRecord<J, W>>> {
        match self {
            ModuleRecord::Wasm(record) => Some(record),
            _ => None,
        }
    }
}

/// A wasm file in the module graph.
pub(crate) struct WasmRecord<J: JsHost, W: WasmEngine> {
    /// Its module name.
    pub name: String,
    pub module: Arc<WasmModule<W>>,
    pub requests: Requests,
    /// Those of every ES module.
    pub options: Rc<CompileOptions>,
    pub instance: OnceCell<Rc<Instance<J, W>>>,
    /// Whether `__wasm_import` is evaluating it right now: a cycle stops here.
    pub evaluating: Cell<bool>,
    /// The exports object, for `__wasm_import`.
    exports: RefCell<Option<J::Value>>,
    /// `[[ModuleSource]]`, once it was asked for.
    module_source: RefCell<Option<J::Value>>,
    /// `[[Instance]]` as an object, once it was asked for.
    instance_object: RefCell<Option<J::Value>>,
    /// Whether it was evaluated as a module.
    evaluated: Cell<bool>,
    /// `[[Namespace]]`, once it is evaluated and known.
    namespace: RefCell<Option<J::Value>>,
    bindings: RefCell<Vec<GlobalBinding<J>>>,
}

/// [`[[RequestedModules]]`](https://tc39.es/ecma262/#table-cyclic-module-fields): each specifier
/// once, in the order of the file, with the name of the module that it leads to.
#[derive(Debug, Default)]
pub(crate) struct Requests {
    names: Vec<Option<String>>,
    by_specifier: HashMap<String, usize>,
}

impl Requests {
    /// Adds a specifier, unless it is there. `resolve` says where it leads, if anywhere.
    pub(crate) fn add(&mut self, specifier: &str, resolve: impl FnOnce() -> Option<String>) {
        if !self.by_specifier.contains_key(specifier) {
            let specifier = specifier.to_owned();
            self.by_specifier.insert(specifier, self.names.len());
            self.names.push(resolve());
        }
    }

    /// The name of the module that a specifier leads to.
    pub(crate) fn name_of(&self, specifier: &str) -> Option<&str> {
        let at = self.by_specifier.get(specifier)?;
        self.names[*at].as_deref()
    }

    /// The names of all that could be resolved.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().flatten().map(String::as_str)
    }
}

impl<J: JsHost, W: WasmEngine> WasmRecord<J, W> {
    /// A record that is not evaluated yet.
    pub(crate) fn new(
        name: String,
        ModuleObject { module, options }: ModuleObject<W>,
        requests: Requests,
    ) -> Rc<Self> {
        Rc::new(Self {
            name,
            module,
            requests,
            options,
            instance: OnceCell::new(),
            evaluating: Cell::new(false),
            exports: RefCell::default(),
            module_source: RefCell::default(),
            instance_object: RefCell::default(),
            evaluated: Cell::new(false),
            namespace: RefCell::default(),
            bindings: RefCell::default(),
        })
    }

    /// What a Module object for it stands for.
    pub(crate) fn module_object(&self) -> ModuleObject<W> {
        ModuleObject {
            module: self.module.clone(),
            options: self.options.clone(),
        }
    }

    /// `[[ModuleSource]]`: the same Module object each time.
    pub(crate) fn module_source(
        &self,
        cx: &mut J::Scope<'_>,
        agent: &Agent<J, W>,
    ) -> Completion<J> {
        kept::<J>(cx, &self.module_source, |cx| {
            module::object(cx, agent, self.module_object(), None)
        })
    }

    /// The exports object of the instance: the same each time.
    pub(crate) fn exports_object(
        &self,
        cx: &mut J::Scope<'_>,
        instance: &Rc<Instance<J, W>>,
    ) -> Completion<J> {
        kept::<J>(cx, &self.exports, |cx| exports_object(cx, instance))
    }

    /// The Instance object of the instance: the same each time.
    pub(crate) fn instance_object(
        &self,
        cx: &mut J::Scope<'_>,
        agent: &Rc<Agent<J, W>>,
        instance: &Rc<Instance<J, W>>,
    ) -> Completion<J> {
        kept::<J>(cx, &self.instance_object, |cx| {
            instance::object(cx, agent, instance, None)
        })
    }

    /// The bindings of the globals that it exports, once it is evaluated as a module.
    pub(crate) fn bindings(&self) -> Vec<GlobalBinding<J>> {
        self.bindings.borrow().clone()
    }

    /// Notes that it was evaluated as a module, and what that shows.
    pub(crate) fn set_evaluated(
        &self,
        namespace: Option<J::Value>,
        bindings: Vec<GlobalBinding<J>>,
    ) {
        self.evaluated.set(true);
        self.namespace.replace(namespace);
        self.bindings.replace(bindings);
    }

    /// Whether `value` is its namespace; `None` where that is not known.
    pub(crate) fn is_namespace(&self, cx: &mut J::Scope<'_>, value: &J::Value) -> Option<bool> {
        if !self.evaluated.get() {
            return Some(false);
        }
        let namespace = self.namespace.borrow().clone()?;
        Some(J::same_value(cx, &namespace, value))
    }

    /// Finds out its namespace.
    pub(crate) fn find_namespace(&self, cx: &mut J::Scope<'_>) -> Completion<J, ()> {
        let namespace = J::module_namespace(cx, &self.name)?;
        self.namespace.replace(namespace);
        Ok(())
    }

    /// Lets go of the JavaScript values.
    pub(crate) fn clear(&self) {
        self.exports.take();
        self.module_source.take();
        self.instance_object.take();
        self.namespace.take();
        self.bindings.take();
    }
}

/// A value that is made when it is asked for first.
fn kept<J: JsHost>(
    cx: &mut J::Scope<'_>,
    value: &RefCell<Option<J::Value>>,
    make: impl FnOnce(&mut J::Scope<'_>) -> Completion<J>,
) -> Completion<J> {
    if let Some(value) = &*value.borrow() {
        return Ok(value.clone());
    }
    let made = make(cx)?;
    *value.borrow_mut() = Some(made.clone());
    Ok(made)
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
    let mut imports = Vec::with_capacity(record.module.info.imports.len());
    // 5. For each (importedModuleName, name, importtype) of module_imports(module),
    for (at, import) in record.module.info.imports.iter().enumerate() {
        let importing = Importing {
            file: &record.name,
            module: &record.module,
            index: at,
        };
        // 5.2. If it is a builtin, continue.
        if let Some(supplied) = record.options.supply(import) {
            imports.push(supplied_entity(cx, &store, supplied, &importing)?);
            continue;
        }
        // 5.3. to 5.7. GetImportedModule and ResolveExport: of a wasm file, or of JavaScript that
        // leads to one. Only globals are not themselves there.
        let request = record.requests.name_of(&import.module);
        let linked = match request.and_then(|name| loader.wasm_record(name)) {
            Some(source) => Some(exported_entity(cx, loader, record, &source, at)?),
            None if matches!(import.ty, ExternType::Global(_)) => {
                global_behind(cx, loader, |cx| value_of(cx, at))?
            }
            None => None,
        };
        imports.push(match linked {
            // 5.8. If resolvedModule is a WebAssembly Module Record, the entity itself.
            Some(entity) => entity,
            // 5.9. Otherwise, let v be ? env.GetBindingValue(resolvedName, true), …
            None => {
                let value = value_of(cx, at)?;
                import_value(cx, &store, &importing, &value)?
            }
        });
    }
    // 6. Instantiate the core of a WebAssembly module.
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

#[cfg(test)]
mod tests {
    use super::Requests;

    #[test]
    fn each_specifier_is_resolved_once() {
        let mut requests = Requests::default();
        let mut resolved = Vec::new();
        for specifier in ["./b.js", "./a.js", "missing", "./b.js", "missing"] {
            requests.add(specifier, || {
                resolved.push(specifier);
                specifier.strip_prefix("./").map(str::to_owned)
            });
        }
        assert_eq!(resolved, ["./b.js", "./a.js", "missing"]);
        assert_eq!(requests.names().collect::<Vec<_>>(), ["b.js", "a.js"]);
        assert_eq!(requests.name_of("./a.js"), Some("a.js"));
        assert_eq!(requests.name_of("missing"), None);
        assert_eq!(requests.name_of("other"), None);
    }
}
