//! [`WebAssembly.Module`](https://webassembly.github.io/spec/js-api/#modules)

use std::rc::Rc;
use std::sync::Arc;

use sinew_bridge::binary::{ModuleInfo, validate};
use sinew_bridge::class::{ClassSpec, Method, plain_object, prototype_of_new_target};
use sinew_bridge::{
    Completion, EngineError, ErrorKind, HostData, JsHost, Property, ValueType, WasmEngine, class,
};
use slab::Slab;

use crate::agent::Agent;
use crate::webassembly::{Interface, class_id, error, webidl};

/// A compiled module and what its bytes say: shared by all runtimes on the same engine, on any
/// thread.
pub struct WasmModule<W: WasmEngine> {
    pub(crate) module: W::Module,
    pub(crate) info: ModuleInfo,
}

impl<W: WasmEngine> WasmModule<W> {
    /// Compiles `bytes`.
    pub fn compile(engine: &W::Engine, bytes: Arc<[u8]>) -> Result<Arc<Self>, Uncompiled> {
        match W::module_compile(engine, &bytes) {
            Ok(module) => {
                let info = ModuleInfo::read(bytes)?;
                Ok(Arc::new(Self { module, info }))
            }
            // What is wrong with the bytes is said by one validator for every engine.
            Err(error) => {
                validate(&bytes, W::FEATURES)?;
                let offset = match error.kind() {
                    ErrorKind::Compile { offset } => offset,
                    _ => None,
                };
                Err(Uncompiled {
                    message: error.to_string(),
                    offset,
                })
            }
        }
    }

    /// What the bytes say.
    pub fn info(&self) -> &ModuleInfo {
        &self.info
    }
}

/// Bytes that could not be compiled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Uncompiled {
    /// Why.
    pub message: String,
    /// Byte offset in the module, where known.
    pub offset: Option<usize>,
}

impl From<sinew_bridge::binary::Malformed> for Uncompiled {
    fn from(malformed: sinew_bridge::binary::Malformed) -> Self {
        Self {
            message: malformed.message,
            offset: Some(malformed.offset),
        }
    }
}

/// The modules behind the Module objects that are alive.
pub(crate) type ModuleObjects<W> = Slab<Arc<WasmModule<W>>>;

/// The interface.
pub(crate) struct ModuleInterface;

impl<J: JsHost, W: WasmEngine> Interface<J, W> for ModuleInterface {
    const SPEC: ClassSpec<J, Agent<J, W>> = ClassSpec {
        name: "Module",
        display: "WebAssembly.Module",
        id: class_id::MODULE,
        length: 1,
        constructor: construct::<J, W>,
        methods: &[],
        statics: &[
            Method {
                name: "exports",
                length: 1,
                body: exports::<J, W>,
            },
            Method {
                name: "imports",
                length: 1,
                body: imports::<J, W>,
            },
            Method {
                name: "customSections",
                length: 2,
                body: custom_sections::<J, W>,
            },
        ],
        accessors: &[],
    };
}

/// [Compile a WebAssembly module](https://webassembly.github.io/spec/js-api/#compile-a-webassembly-module)
/// that was read from `file`.
pub(crate) fn compile<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    agent: &Agent<J, W>,
    file: &str,
    bytes: Arc<[u8]>,
) -> Completion<J, Arc<WasmModule<W>>> {
    WasmModule::compile(&agent.engine, bytes)
        .map_err(|Uncompiled { message, offset }| error::compile(cx, agent, file, &message, offset))
}

/// A [copy of the bytes](https://webidl.spec.whatwg.org/#dfn-get-buffer-source-copy) of a
/// BufferSource; a TypeError for any other value.
pub(crate) fn buffer_source<J: JsHost>(
    cx: &mut J::Scope<'_>,
    value: &J::Value,
) -> Completion<J, Arc<[u8]>> {
    match J::with_bytes(cx, value, |bytes| Arc::<[u8]>::from(bytes)) {
        Some(bytes) => Ok(bytes),
        None => Err(class::type_error::<J>(
            cx,
            "the argument must be an ArrayBuffer or a view of one",
        )),
    }
}

/// [Construct a WebAssembly module object](https://webassembly.github.io/spec/js-api/#construct-a-webassembly-module-object)
pub(crate) fn object<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    agent: &Agent<J, W>,
    module: Arc<WasmModule<W>>,
    proto: Option<&J::Value>,
) -> Completion<J> {
    agent.bury();
    let slot = agent.modules.borrow_mut().insert(module) as u32;
    let data = HostData {
        class: class_id::MODULE,
        slot,
    };
    let classes = agent.classes();
    let proto = proto.unwrap_or(&classes.module.prototype);
    J::create_host_object(cx, proto, data)
}

/// The module behind a Module object.
pub(crate) fn of_object<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    agent: &Agent<J, W>,
    value: &J::Value,
) -> Option<Arc<WasmModule<W>>> {
    let data = J::host_data(cx, value)?;
    if data.class != class_id::MODULE {
        return None;
    }
    agent.modules.borrow().get(data.slot as usize).cloned()
}

fn require_module<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    agent: &Agent<J, W>,
    args: J::Args<'_>,
) -> Completion<J, Arc<WasmModule<W>>> {
    let value = J::arg(cx, args, 0);
    match of_object(cx, agent, &value) {
        Some(module) => Ok(module),
        None => Err(class::type_error::<J>(
            cx,
            "the argument must be a WebAssembly.Module",
        )),
    }
}

/// [`new Module(bytes)`](https://webassembly.github.io/spec/js-api/#dom-module-module)
fn construct<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    agent: &Rc<Agent<J, W>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let proto = prototype_of_new_target::<J>(cx, args, &agent.classes().module)?;
    let bytes = J::arg(cx, args, 0);
    let bytes = buffer_source::<J>(cx, &bytes)?;
    let module = compile(cx, agent, "WebAssembly.Module", bytes)?;
    object(cx, agent, module, Some(&proto))
}

/// An object with these string members, as a dictionary converts to.
fn dictionary<J: JsHost>(cx: &mut J::Scope<'_>, members: &[(&str, &str)]) -> Completion<J> {
    let object = plain_object::<J>(cx)?;
    for (name, text) in members {
        let text = J::string(cx, text)?;
        J::define_property(cx, &object, (*name).into(), Property::data(text))?;
    }
    Ok(object)
}

/// [`Module.exports(module)`](https://webassembly.github.io/spec/js-api/#dom-module-exports)
fn exports<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    agent: &Rc<Agent<J, W>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let module = require_module(cx, agent, args)?;
    let mut descriptors = Vec::new();
    for export in &module.info.exports {
        let kind = export.ty.kind().as_str();
        descriptors.push(dictionary::<J>(
            cx,
            &[("name", &export.name), ("kind", kind)],
        )?);
    }
    J::create_array(cx, &descriptors)
}

/// [`Module.imports(module)`](https://webassembly.github.io/spec/js-api/#dom-module-imports)
fn imports<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    agent: &Rc<Agent<J, W>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let module = require_module(cx, agent, args)?;
    let mut descriptors = Vec::new();
    for import in &module.info.imports {
        let members = [
            ("module", import.module.as_str()),
            ("name", import.name.as_str()),
            ("kind", import.ty.kind().as_str()),
        ];
        descriptors.push(dictionary::<J>(cx, &members)?);
    }
    J::create_array(cx, &descriptors)
}

/// [`Module.customSections(module, name)`](https://webassembly.github.io/spec/js-api/#dom-module-customsections)
fn custom_sections<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    agent: &Rc<Agent<J, W>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let module = require_module(cx, agent, args)?;
    let name = J::arg(cx, args, 1);
    if J::args_len(args) < 2 || J::type_of(&name) == ValueType::Undefined {
        return Err(class::type_error::<J>(
            cx,
            "the name of a section is missing",
        ));
    }
    let name = webidl::to_text::<J>(cx, &name)?;
    let mut contents = Vec::new();
    for section in &module.info.custom_sections {
        if section.name == name {
            let bytes = &module.info.bytes[section.range.clone()];
            contents.push(J::create_array_buffer(cx, bytes)?);
        }
    }
    J::create_array(cx, &contents)
}
