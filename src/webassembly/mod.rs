//! The [WebAssembly JavaScript Interface](https://webassembly.github.io/spec/js-api/), written once
//! over the two engine traits: one interface a file, one algorithm a function.

use std::cell::RefCell;
use std::rc::Rc;

use sinew_bridge::class::{Class, ClassSpec, brand, define_class, define_methods, plain_object};
use sinew_bridge::{
    Completion, ExternKind, HostData, Intrinsic, JsHost, Property, PropertyKey, WasmEngine,
    WellKnownSymbol,
};

use crate::agent::Agent;
use crate::store::Store;

pub(crate) mod buffer;
pub(crate) mod builtins;
pub(crate) mod cache;
pub(crate) mod error;
pub(crate) mod exception;
pub(crate) mod exported_function;
pub(crate) mod externs;
pub(crate) mod function;
pub(crate) mod gc_object;
pub(crate) mod global;
pub(crate) mod imports;
pub(crate) mod instance;
pub(crate) mod iterate;
pub(crate) mod memory;
pub(crate) mod module;
pub(crate) mod module_source;
pub(crate) mod namespace;
pub(crate) mod options;
pub(crate) mod reflection;
pub(crate) mod streaming;
pub(crate) mod table;
pub(crate) mod tag;
pub(crate) mod task;
pub(crate) mod value;
pub(crate) mod webidl;

pub use instance::Instance;
pub(crate) use instance::InstanceObjects;
pub(crate) use module::ModuleObjects;
pub use module::WasmModule;

/// An entity of the store, as the JavaScript Interface tells them apart: a function by the
/// engine's own identity, everything else by its address.
pub(crate) enum Entity<W: WasmEngine> {
    Func(W::Func),
    Table(u32),
    Memory(u32),
    Global(u32),
    Tag(u32),
}

impl<W: WasmEngine> Clone for Entity<W> {
    fn clone(&self) -> Self {
        match self {
            Entity::Func(func) => Entity::Func(func.clone()),
            Entity::Table(slot) => Entity::Table(*slot),
            Entity::Memory(slot) => Entity::Memory(*slot),
            Entity::Global(slot) => Entity::Global(*slot),
            Entity::Tag(slot) => Entity::Tag(*slot),
        }
    }
}

/// An interface of the API: its table.
pub(crate) trait Interface<J: JsHost, W: WasmEngine> {
    /// The table.
    const SPEC: ClassSpec<J, Agent<J, W>>;
}

/// The store, and the slot of the object that an operation or attribute of `I` was called on; a
/// TypeError for any other.
pub(crate) fn receiver<J: JsHost, W: WasmEngine, I: Interface<J, W>>(
    cx: &mut J::Scope<'_>,
    agent: &Rc<Agent<J, W>>,
    args: J::Args<'_>,
) -> Completion<J, (Rc<Store<J, W>>, u32)> {
    let this = J::this(cx, args);
    let slot = brand::<J, _>(cx, &this, &I::SPEC)?;
    Ok((agent.store(cx)?, slot))
}

/// The brands of the API's objects.
pub(crate) mod class_id {
    pub const MODULE: u32 = 1;
    pub const INSTANCE: u32 = 2;
    pub const MEMORY: u32 = 3;
    pub const TABLE: u32 = 4;
    pub const GLOBAL: u32 = 5;
    pub const TAG: u32 = 6;
    pub const EXCEPTION: u32 = 7;
    pub const FUNCTION: u32 = 8;
    pub const GC_OBJECT: u32 = 9;
}

/// The API in a realm.
pub(crate) struct Classes<J: JsHost> {
    pub module: Class<J>,
    pub instance: Class<J>,
    pub memory: Class<J>,
    pub table: Class<J>,
    pub global: Class<J>,
    pub tag: Class<J>,
    pub exception: Class<J>,
    pub function: Class<J>,
    pub compile_error: Class<J>,
    pub link_error: Class<J>,
    pub runtime_error: Class<J>,
}

/// Makes the [`WebAssembly` namespace](https://webassembly.github.io/spec/js-api/#webassembly-namespace)
/// and puts it on the global object; returns both.
pub(crate) fn install<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    agent: &Rc<Agent<J, W>>,
) -> Completion<J, (Classes<J>, J::Value)> {
    let object = J::intrinsic(cx, Intrinsic::ObjectPrototype);
    let function = J::intrinsic(cx, Intrinsic::FunctionPrototype);
    let source = module_source::abstract_module_source(cx, agent)?;
    let spec = &module::ModuleInterface::SPEC as &ClassSpec<J, Agent<J, W>>;
    let module = define_class(cx, agent, spec, &source.prototype)?;
    J::set_prototype(cx, &module.constructor, &source.constructor)?;
    let classes = Classes {
        module,
        instance: define_class(cx, agent, &instance::InstanceInterface::SPEC, &object)?,
        memory: define_class(cx, agent, &memory::MemoryInterface::SPEC, &object)?,
        table: define_class(cx, agent, &table::TableInterface::SPEC, &object)?,
        global: define_class(cx, agent, &global::GlobalInterface::SPEC, &object)?,
        tag: define_class(cx, agent, &tag::TagInterface::SPEC, &object)?,
        exception: define_class(cx, agent, &exception::ExceptionInterface::SPEC, &object)?,
        function: define_class(cx, agent, &function::FunctionInterface::SPEC, &function)?,
        compile_error: error::define::<J, error::CompileError>(cx)?,
        link_error: error::define::<J, error::LinkError>(cx)?,
        runtime_error: error::define::<J, error::RuntimeError>(cx)?,
    };
    let object = plain_object::<J>(cx)?;
    let tag = J::string(cx, "WebAssembly")?;
    let to_string_tag = PropertyKey::Symbol(WellKnownSymbol::ToStringTag);
    J::define_property(cx, &object, to_string_tag, Property::readonly(tag))?;
    define_methods(cx, agent, &object, namespace::methods::<J, W>())?;
    let mut members = vec![
        ("Module", &classes.module),
        ("Instance", &classes.instance),
        ("Memory", &classes.memory),
        ("Table", &classes.table),
        ("Global", &classes.global),
        ("Function", &classes.function),
        ("CompileError", &classes.compile_error),
        ("LinkError", &classes.link_error),
        ("RuntimeError", &classes.runtime_error),
    ];
    if W::FEATURES.exceptions {
        members.push(("Tag", &classes.tag));
        members.push(("Exception", &classes.exception));
        namespace::define_js_tag(cx, agent, &object)?;
    }
    for (name, class) in members {
        let member = Property::hidden(class.constructor.clone());
        J::define_property(cx, &object, name.into(), member)?;
    }
    let global = J::global(cx);
    let member = Property::hidden(object.clone());
    J::define_property(cx, &global, "WebAssembly".into(), member)?;
    Ok((classes, object))
}

/// Frees what a dead object of the API had.
pub(crate) fn release<J: JsHost, W: WasmEngine>(agent: &Agent<J, W>, data: HostData) {
    match data.class {
        class_id::MODULE => {
            let module = agent.modules.borrow_mut().try_remove(data.slot as usize);
            drop(module);
        }
        class_id::INSTANCE => {
            let instance = agent.instances.borrow_mut().try_remove(data.slot as usize);
            drop(instance);
        }
        class_id::EXCEPTION => {
            if let Some(store) = agent.existing_store() {
                let exception = store.exceptions.borrow_mut().remove(data.slot);
                drop(exception);
            }
        }
        class_id::GC_OBJECT => {
            if let Some(store) = agent.existing_store() {
                let object = store.gc_objects.borrow_mut().remove(data.slot);
                drop(object);
            }
        }
        // Entities live as long as their store; a new object is made when one is asked for.
        _ => {}
    }
}

impl<J: JsHost, W: WasmEngine> Agent<J, W> {
    /// The address behind an object of the class for entities of `kind`.
    pub(crate) fn slot_of(
        &self,
        cx: &mut J::Scope<'_>,
        value: &J::Value,
        kind: ExternKind,
    ) -> Option<u32> {
        let data = J::host_data(cx, value)?;
        (data.class == class_of(kind)?).then_some(data.slot)
    }
}

fn class_of(kind: ExternKind) -> Option<u32> {
    match kind {
        ExternKind::Func => None,
        ExternKind::Table => Some(class_id::TABLE),
        ExternKind::Memory => Some(class_id::MEMORY),
        ExternKind::Global => Some(class_id::GLOBAL),
        ExternKind::Tag => Some(class_id::TAG),
    }
}

/// The object of class `class` for the entity at `slot`: the one that is alive, or a new one.
/// `object` is where the entity's entry keeps it.
pub(crate) fn entity_object<J: JsHost>(
    cx: &mut J::Scope<'_>,
    class: &Class<J>,
    proto: Option<&J::Value>,
    data: HostData,
    object: &RefCell<Option<J::Weak>>,
) -> Completion<J> {
    if let Some(weak) = &*object.borrow()
        && let Some(alive) = J::upgrade(cx, weak)
    {
        return Ok(alive);
    }
    let value = J::create_host_object(cx, proto.unwrap_or(&class.prototype), data)?;
    *object.borrow_mut() = Some(J::downgrade(cx, &value));
    Ok(value)
}

impl<J: JsHost, W: WasmEngine> Store<J, W> {
    /// The JavaScript value of an entity. `origin` is what
    /// [`function_object`](Self::function_object) wants to know.
    pub(crate) fn entity_to_js(
        self: &Rc<Self>,
        cx: &mut J::Scope<'_>,
        entity: &Entity<W>,
        origin: Option<(u32, &Rc<std::cell::Cell<bool>>)>,
    ) -> Completion<J> {
        match entity {
            Entity::Func(func) => self.function_object(cx, func, origin),
            Entity::Memory(slot) => memory::object(cx, self, *slot, None),
            Entity::Table(slot) => table::object(cx, self, *slot, None),
            Entity::Global(slot) => global::object(cx, self, *slot, None),
            Entity::Tag(slot) => tag::object(cx, self, *slot, None),
        }
    }
}
