//! [`WebAssembly.Module`](https://webassembly.github.io/spec/js-api/#modules)

use std::rc::Rc;
use std::sync::Arc;

use sinew_bridge::binary::{Malformed, ModuleInfo, check_limits, missing_features, validate};
use sinew_bridge::class::{ClassSpec, Method, plain_object, prototype_of_new_target};
use sinew_bridge::{
    Completion, EngineError, ErrorKind, HostData, JsHost, ObjectClass, Property, WasmEngine, class,
};
use slab::Slab;

use crate::agent::Agent;
use crate::compile_cache::{self, CompileCache};
use crate::webassembly::options::CompileOptions;
use crate::webassembly::{Interface, class_id, error, webidl};

/// A compiled module and what its bytes say: shared by all runtimes on the same engine, on any
/// thread.
pub struct WasmModule<W: WasmEngine> {
    pub(crate) module: W::Module,
    pub(crate) info: ModuleInfo,
}

impl<W: WasmEngine> WasmModule<W> {
    /// Compiles `bytes`, unless they are in the cache.
    pub fn compile(
        engine: &W::Engine,
        cache: Option<&CompileCache>,
        bytes: Arc<[u8]>,
    ) -> Result<Arc<Self>, Uncompiled> {
        check_limits(&bytes)?;
        match compile_cache::compile::<W>(cache, engine, &bytes) {
            Ok(module) => {
                let info = ModuleInfo::read(bytes)?;
                Ok(Arc::new(Self { module, info }))
            }
            // What is wrong with the bytes is said by one validator for every engine.
            Err(error) => {
                if let Err(malformed) = validate(&bytes, W::FEATURES) {
                    return Err(Uncompiled::unsupported::<W>(malformed, &bytes));
                }
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

impl Uncompiled {
    /// What is wrong with a module, and whether another engine could do it.
    fn unsupported<W: WasmEngine>(malformed: Malformed, bytes: &[u8]) -> Self {
        let mut uncompiled = Self::from(malformed);
        let missing = missing_features(bytes, W::FEATURES);
        if !missing.is_empty() {
            uncompiled.message = format!(
                "{}; the module needs {}, which {} {} does not support",
                uncompiled.message,
                missing.join(", "),
                W::NAME,
                W::VERSION
            );
        }
        uncompiled
    }
}

impl From<Malformed> for Uncompiled {
    fn from(malformed: Malformed) -> Self {
        Self {
            message: malformed.message,
            offset: Some(malformed.offset),
        }
    }
}

/// The modules behind the Module objects that are alive.
pub(crate) type ModuleObjects<W> = Slab<ModuleObject<W>>;

/// What a Module object stands for.
pub(crate) struct ModuleObject<W: WasmEngine> {
    /// `[[Module]]` and `[[Bytes]]`
    pub module: Arc<WasmModule<W>>,
    /// `[[BuiltinSets]]` and `[[ImportedStringModule]]`
    pub options: Rc<CompileOptions>,
}

impl<W: WasmEngine> Clone for ModuleObject<W> {
    fn clone(&self) -> Self {
        Self {
            module: self.module.clone(),
            options: self.options.clone(),
        }
    }
}

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
        ..ClassSpec::BASE
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
    WasmModule::compile(&agent.engine, agent.compile_cache.as_ref(), bytes)
        .map_err(|Uncompiled { message, offset }| error::compile(cx, agent, file, &message, offset))
}

/// The steps that the Module constructor, `compile` and `instantiate` have in common: compiles
/// `bytes` and validates builtins and imported strings.
pub(crate) fn compile_with<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    agent: &Agent<J, W>,
    file: &str,
    bytes: Arc<[u8]>,
    options: CompileOptions,
) -> Completion<J, ModuleObject<W>> {
    let module = compile(cx, agent, file, bytes)?;
    match options.validate(&module.info) {
        Ok(()) => Ok(ModuleObject {
            module,
            options: Rc::new(options),
        }),
        Err(message) => Err(error::compile(cx, agent, file, &message, None)),
    }
}

/// Refuses what is no `[AllowResizable] AllowSharedBufferSource`.
pub(crate) fn require_buffer_source<J: JsHost>(
    cx: &mut J::Scope<'_>,
    value: &J::Value,
) -> Completion<J, ()> {
    match J::with_bytes(cx, value, |_| ()) {
        Some(()) => Ok(()),
        None => Err(class::type_error::<J>(
            cx,
            "the argument must be an ArrayBuffer or a view of one",
        )),
    }
}

/// A [copy of the bytes](https://webidl.spec.whatwg.org/#dfn-get-buffer-source-copy) of a
/// BufferSource: those of this moment, none if it is detached.
pub(crate) fn copy_buffer_source<J: JsHost>(
    cx: &mut J::Scope<'_>,
    value: &J::Value,
) -> Completion<J, Arc<[u8]>> {
    let is_data_view = J::object_class(cx, value) == Some(ObjectClass::DataView);
    if is_data_view && J::is_out_of_bounds(cx, value) {
        return Err(class::type_error::<J>(
            cx,
            "the DataView is out of its buffer's bounds",
        ));
    }
    let bytes = J::with_bytes(cx, value, |bytes| Arc::<[u8]>::from(bytes));
    Ok(bytes.unwrap_or_default())
}

/// [Construct a WebAssembly module object](https://webassembly.github.io/spec/js-api/#construct-a-webassembly-module-object)
pub(crate) fn object<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    agent: &Agent<J, W>,
    module: ModuleObject<W>,
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
) -> Option<ModuleObject<W>> {
    let data = J::host_data(cx, value)?;
    if data.class != class_id::MODULE {
        return None;
    }
    agent.modules.borrow().get(data.slot as usize).cloned()
}

/// The module behind the first argument, which must be a Module object.
pub(crate) fn require_module<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    agent: &Agent<J, W>,
    args: J::Args<'_>,
    what: &str,
) -> Completion<J, ModuleObject<W>> {
    let value = webidl::required::<J>(cx, args, 0, what)?;
    match of_object(cx, agent, &value) {
        Some(module) => Ok(module),
        None => {
            let message = format!("{what}: the first argument must be a WebAssembly.Module");
            Err(class::type_error::<J>(cx, &message))
        }
    }
}

/// [`new Module(bytes, options)`](https://webassembly.github.io/spec/js-api/#dom-module-module)
fn construct<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    agent: &Rc<Agent<J, W>>,
    args: J::Args<'_>,
) -> Completion<J> {
    const FILE: &str = "WebAssembly.Module";
    let bytes = webidl::required::<J>(cx, args, 0, FILE)?;
    require_buffer_source::<J>(cx, &bytes)?;
    let options = J::arg(cx, args, 1);
    let options = CompileOptions::of_argument::<J>(cx, &options)?;
    let proto = prototype_of_new_target::<J>(cx, args, &agent.classes().module)?;
    // 1. Let stableBytes be a copy of the bytes held by the buffer.
    let bytes = copy_buffer_source::<J>(cx, &bytes)?;
    // 2. to 6. Compile, and validate builtins and imported strings.
    let module = compile_with(cx, agent, FILE, bytes, options)?;
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
    let ModuleObject { module, .. } = require_module(cx, agent, args, "Module.exports")?;
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
    let ModuleObject { module, options } = require_module(cx, agent, args, "Module.imports")?;
    let mut descriptors = Vec::new();
    for import in &module.info.imports {
        // 5.1. and 5.2. Builtins and string constants are no business of an import object.
        if options.supply(import).is_some() {
            continue;
        }
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
    const WHAT: &str = "Module.customSections";
    if J::args_len(args) < 2 {
        return Err(webidl::too_few::<J>(cx, args, 2, WHAT));
    }
    let ModuleObject { module, .. } = require_module(cx, agent, args, WHAT)?;
    let name = J::arg(cx, args, 1);
    let name = J::to_string(cx, &name)?;
    // A DOMString: what is no well-formed text names nothing.
    let name = J::as_utf16(cx, &name).unwrap_or_default();
    let mut contents = Vec::new();
    for section in &module.info.custom_sections {
        if section.name.encode_utf16().eq(name.iter().copied()) {
            let bytes = &module.info.bytes[section.range.clone()];
            contents.push(J::create_array_buffer(cx, bytes)?);
        }
    }
    J::create_array(cx, &contents)
}
