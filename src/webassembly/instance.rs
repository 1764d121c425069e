//! [`WebAssembly.Instance`](https://webassembly.github.io/spec/js-api/#instances), and
//! instantiation for it and for modules.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use sinew_bridge::binary::{Export, Origin};
use sinew_bridge::class::{Accessor, ClassSpec, brand, prototype_of_new_target};
use sinew_bridge::{
    Completion, EngineError, ErrorKind, Extern, ExternKind, ExternType, HostData, JsHost, Property,
    PropertyKey, PropertyKind, ValueType, WasmEngine, class,
};
use slab::Slab;

use crate::agent::Agent;
use crate::store::Store;
use crate::webassembly::imports::{Importing, describe, import_value};
use crate::webassembly::module::ModuleObject;
use crate::webassembly::options::supplied_entity;
use crate::webassembly::{
    Entity, Interface, WasmModule, class_id, error, global, memory, module, table, tag,
};

/// An instance of a module, with its entities as JavaScript knows them.
pub struct Instance<J: JsHost, W: WasmEngine> {
    pub(crate) store: Rc<Store<J, W>>,
    pub(crate) module: Arc<WasmModule<W>>,
    /// What each export is, in the order of the file.
    pub(crate) exports: Vec<Entity<W>>,
    /// Set when the module is unloaded: its functions refuse to run.
    pub(crate) unloaded: Rc<Cell<bool>>,
}

impl<J: JsHost, W: WasmEngine> Instance<J, W> {
    /// The entity that is exported under `name`, and its place among the exports.
    pub(crate) fn export(&self, name: &str) -> Option<(usize, &Entity<W>)> {
        let at = self.module.info.export(name)?;
        Some((at, &self.exports[at]))
    }

    /// The JavaScript value of the export at `at`.
    pub(crate) fn export_to_js(&self, cx: &mut J::Scope<'_>, at: usize) -> Completion<J> {
        let index = self.module.info.exports[at].index;
        let entity = &self.exports[at];
        self.store
            .entity_to_js(cx, entity, Some((index, &self.unloaded)))
    }

    /// Makes the instance's functions refuse to run, and closes the memories that it defines and
    /// exports. How many buffers were detached, and how many bytes stay with the store.
    pub(crate) fn unload(&self, cx: &mut J::Scope<'_>) -> Completion<J, (usize, u64)> {
        self.unloaded.set(true);
        let imported = self.module.info.imported(ExternKind::Memory).count();
        let (mut detached, mut bytes) = (0, 0);
        for (export, entity) in self.module.info.exports.iter().zip(&self.exports) {
            if let Entity::Memory(slot) = entity
                && export.index as usize >= imported
            {
                let (had_buffer, len) = memory::close(cx, &self.store, *slot)?;
                detached += usize::from(had_buffer);
                bytes += len as u64;
            }
        }
        Ok((detached, bytes))
    }
}

/// [Instantiate the core of a WebAssembly module](https://webassembly.github.io/spec/js-api/#instantiate-the-core-of-a-webassembly-module)
/// with imports in the order of the file. `file` names the module in messages.
pub(crate) fn instantiate<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    store: &Rc<Store<J, W>>,
    file: &str,
    module: &Arc<WasmModule<W>>,
    imports: &[Entity<W>],
) -> Completion<J, Rc<Instance<J, W>>> {
    let agent = &store.agent;
    let externs: Vec<Extern<W>> = imports
        .iter()
        .map(|entity| to_extern(store, entity))
        .collect();
    let tags = store.tags.borrow().len();
    // 1. Let (store, ret) be the result of module_instantiate(store, module, imports).
    let outcome = store.enter(cx, |wasm| {
        Ok(W::module_instantiate(wasm, &module.module, &externs))
    })?;
    let instance = match outcome {
        Ok(instance) => instance,
        Err(error) => {
            if error.kind() == ErrorKind::Link {
                check_types(cx, store, file, module, imports)?;
            }
            let context = Some((file, &module.info));
            return Err(error::engine_error(cx, agent, &error, context));
        }
    };
    let exports = name_entities(cx, store, module, imports, &instance, tags)?;
    Ok(Rc::new(Instance {
        store: store.clone(),
        module: module.clone(),
        exports,
        unloaded: Rc::default(),
    }))
}

/// Gives the entities that an instance exports their addresses: an imported one has its own, one
/// that the instance defines gets one however often it is exported. `tags` is how many tags had an
/// address before there was the instance.
fn name_entities<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    store: &Rc<Store<J, W>>,
    module: &WasmModule<W>,
    imports: &[Entity<W>],
    instance: &W::Instance,
    tags: usize,
) -> Completion<J, Vec<Entity<W>>> {
    let info = &module.info;
    let mut entities: Vec<Entity<W>> = Vec::with_capacity(info.exports.len());
    let missing = store.access(cx, |wasm| {
        for (at, export) in info.exports.iter().enumerate() {
            let known = match info.origin(at) {
                // A function has no address but the engine's.
                _ if export.ty.kind() == ExternKind::Func => None,
                Origin::Import(import) => imports.get(import as usize),
                Origin::Export(first) => entities.get(first as usize),
                Origin::Own => None,
            };
            let entity = match known.cloned() {
                Some(entity) => entity,
                None => match new_entity(store, wasm, instance, export, tags) {
                    Some(entity) => entity,
                    None => return Some(export),
                },
            };
            entities.push(entity);
        }
        None
    })?;
    match missing {
        None => Ok(entities),
        Some(export) => {
            let message = format!("export {:?} is missing from the instance", export.name);
            Err(error::link_message(cx, &store.agent, &message))
        }
    }
}

/// The entity behind an export of `instance`, which has no address yet; `None` if there is none.
fn new_entity<J: JsHost, W: WasmEngine>(
    store: &Store<J, W>,
    wasm: &mut W::StoreMut<'_>,
    instance: &W::Instance,
    Export { name, ty, .. }: &Export,
    tags: usize,
) -> Option<Entity<W>> {
    let found = W::instance_export(wasm, instance, name, ty.kind())?;
    Some(match (found, ty) {
        (Extern::Func(func), _) => Entity::Func(func),
        (Extern::Memory(memory), ExternType::Memory(ty)) => {
            Entity::Memory(memory::add(store, memory, *ty))
        }
        (Extern::Table(table), ExternType::Table(ty)) => {
            Entity::Table(table::add(store, table, *ty))
        }
        (Extern::Global(global), ExternType::Global(ty)) => {
            Entity::Global(global::add(store, global, *ty))
        }
        // The start function may have thrown it already.
        (Extern::Tag(tag), ExternType::Tag(ty)) => {
            let slot = tag::find(store, wasm, &tag, tags);
            Entity::Tag(slot.unwrap_or_else(|| tag::add(store, tag, ty.clone())))
        }
        _ => return None,
    })
}

fn to_extern<J: JsHost, W: WasmEngine>(store: &Store<J, W>, entity: &Entity<W>) -> Extern<W> {
    match entity {
        Entity::Func(func) => Extern::Func(func.clone()),
        Entity::Memory(slot) => {
            Extern::Memory(store.memories.borrow()[*slot as usize].entry.entity.clone())
        }
        Entity::Table(slot) => Extern::Table(store.tables.borrow()[*slot as usize].entity.clone()),
        Entity::Global(slot) => {
            Extern::Global(store.globals.borrow()[*slot as usize].entity.clone())
        }
        Entity::Tag(slot) => Extern::Tag(store.tags.borrow()[*slot as usize].entity.clone()),
    }
}

/// The current type of an entity.
fn type_of<J: JsHost, W: WasmEngine>(
    store: &Store<J, W>,
    wasm: &mut W::StoreMut<'_>,
    entity: &Entity<W>,
) -> ExternType {
    match to_extern(store, entity) {
        Extern::Func(func) => ExternType::Func(W::func_type(wasm, &func)),
        Extern::Memory(memory) => ExternType::Memory(W::mem_type(wasm, &memory)),
        Extern::Table(table) => ExternType::Table(W::table_type(wasm, &table)),
        Extern::Global(global) => ExternType::Global(W::global_type(wasm, &global)),
        Extern::Tag(tag) => ExternType::Tag(W::tag_type(wasm, &tag)),
    }
}

/// [External typing](https://webassembly.github.io/spec/core/valid/matching.html#external-types) of
/// the imports that an engine refused, so that a mismatch is told with both types. Reference types
/// of a module's own are left to the engine, which alone knows them.
fn check_types<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    store: &Rc<Store<J, W>>,
    file: &str,
    module: &WasmModule<W>,
    imports: &[Entity<W>],
) -> Completion<J, ()> {
    let mismatch = store.access(cx, |wasm| {
        let pairs = module.info.imports.iter().zip(imports);
        pairs
            .map(|(import, entity)| (import, type_of(store, wasm, entity)))
            .find(|(import, actual)| !sinew_bridge::types::may_match(actual, &import.ty))
    })?;
    match mismatch {
        Some((import, actual)) => {
            let found = actual.to_string();
            Err(error::link(cx, &store.agent, file, import, &found))
        }
        None => Ok(()),
    }
}

/// The exports objects behind the Instance objects that are alive.
pub(crate) type InstanceObjects<J, W> = Slab<InstanceObject<J, W>>;

/// What an Instance object stands for.
pub(crate) struct InstanceObject<J: JsHost, W: WasmEngine> {
    exports: J::Value,
    _instance: Rc<Instance<J, W>>,
}

/// The interface.
pub(crate) struct InstanceInterface;

impl<J: JsHost, W: WasmEngine> Interface<J, W> for InstanceInterface {
    const SPEC: ClassSpec<J, Agent<J, W>> = ClassSpec {
        name: "Instance",
        display: "WebAssembly.Instance",
        id: class_id::INSTANCE,
        length: 1,
        constructor: construct::<J, W>,
        methods: &[],
        statics: &[],
        accessors: &[Accessor {
            name: "exports",
            get: exports::<J, W>,
            set: None,
        }],
        ..ClassSpec::BASE
    };
}

/// [`new Instance(module, importObject)`](https://webassembly.github.io/spec/js-api/#dom-instance-instance)
fn construct<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    agent: &Rc<Agent<J, W>>,
    args: J::Args<'_>,
) -> Completion<J> {
    const FILE: &str = "WebAssembly.Instance";
    let module = module::require_module(cx, agent, args, FILE)?;
    let import_object = J::arg(cx, args, 1);
    require_import_object::<J>(cx, &import_object)?;
    let proto = prototype_of_new_target::<J>(cx, args, &agent.classes().instance)?;
    let imports = read_imports(cx, agent, FILE, &module, &import_object)?;
    let store = agent.store(cx)?;
    let instance = instantiate(cx, &store, FILE, &module.module, &imports)?;
    object(cx, agent, &instance, Some(&proto))
}

/// The `optional object importObject` of an argument list.
pub(crate) fn require_import_object<J: JsHost>(
    cx: &mut J::Scope<'_>,
    value: &J::Value,
) -> Completion<J, ()> {
    match J::type_of(value) {
        ValueType::Object | ValueType::Function | ValueType::Undefined => Ok(()),
        _ => Err(class::type_error::<J>(cx, "the imports must be an object")),
    }
}

/// [Read the imports](https://webassembly.github.io/spec/js-api/#read-the-imports). Runs user code.
pub(crate) fn read_imports<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    agent: &Rc<Agent<J, W>>,
    file: &str,
    ModuleObject { module, options }: &ModuleObject<W>,
    import_object: &J::Value,
) -> Completion<J, Vec<Entity<W>>> {
    // 1. If module.imports is not empty, and importObject is undefined, throw a TypeError.
    let no_imports = J::type_of(import_object) == ValueType::Undefined;
    if no_imports && !module.info.imports.is_empty() {
        let message = format!("{file}: the module has imports, and no import object was given");
        return Err(class::type_error::<J>(cx, &message));
    }
    // 6. For each (moduleName, componentName, externtype) of module_imports(module),
    let store = agent.store(cx)?;
    let mut entities = Vec::with_capacity(module.info.imports.len());
    for (index, import) in module.info.imports.iter().enumerate() {
        let importing = Importing {
            file,
            module,
            index,
        };
        // 6.1. If builtinOrStringImports contains moduleName, and its object componentName,
        if let Some(supplied) = options.supply(import) {
            entities.push(supplied_entity(cx, &store, supplied, &importing)?);
            continue;
        }
        // 6.2. Otherwise, let o be ? Get(importObject, moduleName).
        let key = J::string(cx, &import.module)?;
        let namespace = J::get(cx, import_object, PropertyKey::Value(&key))?;
        // 6.3. If o is not an Object, throw a TypeError.
        if !matches!(
            J::type_of(&namespace),
            ValueType::Object | ValueType::Function
        ) {
            let message = format!(
                "{file}: imports[{:?}] must be an object, found {}",
                import.module,
                describe::<J>(&namespace)
            );
            return Err(class::type_error::<J>(cx, &message));
        }
        // 6.4. Let v be ? Get(o, componentName).
        let key = J::string(cx, &import.name)?;
        let value = J::get(cx, &namespace, PropertyKey::Value(&key))?;
        entities.push(import_value(cx, &store, &importing, &value)?);
    }
    Ok(entities)
}

/// [Initialize an instance object](https://webassembly.github.io/spec/js-api/#initialize-an-instance-object)
pub(crate) fn object<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    agent: &Agent<J, W>,
    instance: &Rc<Instance<J, W>>,
    proto: Option<&J::Value>,
) -> Completion<J> {
    let exports = exports_object(cx, instance)?;
    agent.bury();
    let slot = agent.instances.borrow_mut().insert(InstanceObject {
        exports,
        _instance: instance.clone(),
    }) as u32;
    let data = HostData {
        class: class_id::INSTANCE,
        slot,
    };
    let classes = agent.classes();
    let proto = proto.unwrap_or(&classes.instance.prototype);
    J::create_host_object(cx, proto, data)
}

/// [Create an exports object](https://webassembly.github.io/spec/js-api/#create-an-exports-object)
pub(crate) fn exports_object<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    instance: &Rc<Instance<J, W>>,
) -> Completion<J> {
    // 1. Let exportsObject be ! OrdinaryObjectCreate(null).
    let object = J::create_object(cx, &J::null())?;
    // 2. For each (name, externtype) of module_exports(module),
    for (at, export) in instance.module.info.exports.iter().enumerate() {
        let value = instance.export_to_js(cx, at)?;
        // 2.10. CreateDataProperty(exportsObject, name, value), frozen by step 3.
        let fixed = Property {
            kind: PropertyKind::Data {
                value,
                writable: false,
            },
            enumerable: true,
            configurable: false,
        };
        let key = J::string(cx, &export.name)?;
        J::define_property(cx, &object, PropertyKey::Value(&key), fixed)?;
    }
    // 3. Perform ! SetIntegrityLevel(exportsObject, "frozen").
    J::freeze(cx, &object)?;
    Ok(object)
}

/// [`exports`](https://webassembly.github.io/spec/js-api/#dom-instance-exports)
fn exports<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    agent: &Rc<Agent<J, W>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let this = J::this(cx, args);
    let spec = &InstanceInterface::SPEC as &ClassSpec<J, Agent<J, W>>;
    let slot = brand::<J, _>(cx, &this, spec)?;
    let exports = agent
        .instances
        .borrow()
        .get(slot as usize)
        .map(|instance| instance.exports.clone());
    Ok(exports.unwrap_or_else(J::undefined))
}
