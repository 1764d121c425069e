//! The functions of the [`WebAssembly` namespace](https://webassembly.github.io/spec/js-api/#webassembly-namespace)

use std::rc::Rc;
use std::sync::Arc;

use sinew_bridge::binary::{ModuleInfo, check_limits};
use sinew_bridge::class::{Accessor, Method, define_accessor, plain_object};
use sinew_bridge::{Capability, Completion, JsHost, Property, Throw, WasmEngine};

use crate::agent::Agent;
use crate::webassembly::module::ModuleObject;
use crate::webassembly::options::CompileOptions;
use crate::webassembly::task::enqueue_task;
use crate::webassembly::{Entity, WasmModule, instance, module, tag, webidl};

/// The operations of the namespace.
pub(crate) fn methods<J: JsHost, W: WasmEngine>() -> &'static [Method<J, Agent<J, W>>] {
    const {
        &[
            Method {
                name: "validate",
                length: 1,
                body: validate::<J, W>,
            },
            Method {
                name: "compile",
                length: 1,
                body: compile::<J, W>,
            },
            Method {
                name: "instantiate",
                length: 1,
                body: instantiate::<J, W>,
            },
        ]
    }
}

/// Defines the attribute [`JSTag`](https://webassembly.github.io/spec/js-api/#dom-webassembly-jstag)
/// of the namespace.
pub(crate) fn define_js_tag<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    agent: &Rc<Agent<J, W>>,
    namespace: &J::Value,
) -> Completion<J, ()> {
    let attribute = Accessor {
        name: "JSTag",
        get: tag::js_tag::<J, W>,
        set: None,
    };
    define_accessor(cx, agent, namespace, &attribute)
}

/// [`validate(bytes)`](https://webassembly.github.io/spec/js-api/#dom-webassembly-validate)
fn validate<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    agent: &Rc<Agent<J, W>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let (bytes, options) = bytes_and_options::<J>(cx, args, 1, "WebAssembly.validate")?;
    // 1. Let stableBytes be a copy of the bytes held by the buffer.
    let bytes = module::copy_buffer_source::<J>(cx, &bytes)?;
    // 2. and 3. Compile; if module is error, return false.
    if check_limits(&bytes).is_err() || W::module_validate(&agent.engine, &bytes).is_err() {
        return Ok(J::boolean(false));
    }
    // 4. to 6. Validate builtins and imported strings.
    let valid = options.is_empty()
        || ModuleInfo::read(bytes).is_ok_and(|info| options.validate(&info).is_ok());
    Ok(J::boolean(valid))
}

/// The arguments `bytes` and, at `index`, `options`; all that precede must be given.
fn bytes_and_options<J: JsHost>(
    cx: &mut J::Scope<'_>,
    args: J::Args<'_>,
    index: usize,
    what: &str,
) -> Completion<J, (J::Value, CompileOptions)> {
    let bytes = webidl::required::<J>(cx, args, 0, what)?;
    module::require_buffer_source::<J>(cx, &bytes)?;
    if index > 1 {
        let import_object = J::arg(cx, args, 1);
        instance::require_import_object::<J>(cx, &import_object)?;
    }
    let options = J::arg(cx, args, index);
    let options = CompileOptions::of_argument::<J>(cx, &options)?;
    Ok((bytes, options))
}

/// [`compile(bytes)`](https://webassembly.github.io/spec/js-api/#dom-webassembly-compile)
fn compile<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    agent: &Rc<Agent<J, W>>,
    args: J::Args<'_>,
) -> Completion<J> {
    promise_of::<J>(cx, |cx| {
        const FILE: &str = "WebAssembly.compile()";
        let (bytes, options) = bytes_and_options::<J>(cx, args, 1, FILE)?;
        // 1. Let stableBytes be a copy of the bytes held by the buffer.
        let bytes = module::copy_buffer_source::<J>(cx, &bytes)?;
        // 2. Asynchronously compile a WebAssembly module.
        let module = module::compile_with(cx, agent, FILE, bytes, options)?;
        module::object(cx, agent, module, None)
    })
}

/// [`instantiate(bytes, importObject)`](https://webassembly.github.io/spec/js-api/#dom-webassembly-instantiate)
/// and [`instantiate(moduleObject, importObject)`](https://webassembly.github.io/spec/js-api/#dom-webassembly-instantiate-moduleobject-importobject)
fn instantiate<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    agent: &Rc<Agent<J, W>>,
    args: J::Args<'_>,
) -> Completion<J> {
    const FILE: &str = "WebAssembly.instantiate()";
    let source = J::arg(cx, args, 0);
    let capability = J::new_promise(cx)?;
    let promise = capability.promise.clone();
    match module::of_object(cx, agent, &source) {
        Some(module) => {
            let import_object = J::arg(cx, args, 1);
            instantiate_module(cx, agent, FILE, capability, module, import_object, None)?;
        }
        None => {
            let compiled =
                bytes_and_options::<J>(cx, args, 2, FILE).and_then(|(bytes, options)| {
                    // 1. Let stableBytes be a copy of the bytes held by the buffer.
                    let bytes = module::copy_buffer_source::<J>(cx, &bytes)?;
                    // 2. Asynchronously compile a WebAssembly module.
                    module::compile_with(cx, agent, FILE, bytes, options)
                });
            let Some(module) = fulfilled::<J, _>(cx, &capability, compiled)? else {
                return Ok(promise);
            };
            let import_object = J::arg(cx, args, 1);
            instantiate_compiled(cx, agent, FILE, capability, module, import_object)?;
        }
    }
    Ok(promise)
}

/// [Instantiate a promise of a module](https://webassembly.github.io/spec/js-api/#instantiate-a-promise-of-a-module)
/// that is fulfilled.
pub(super) fn instantiate_compiled<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    agent: &Rc<Agent<J, W>>,
    file: &'static str,
    capability: Capability<J>,
    module: ModuleObject<W>,
    import_object: J::Value,
) -> Completion<J, ()> {
    enqueue_task(cx, agent, move |cx, agent| {
        let object = module::object(cx, agent, module.clone(), None);
        match fulfilled::<J, _>(cx, &capability, object)? {
            Some(object) => {
                let object = Some(object);
                instantiate_module(cx, agent, file, capability, module, import_object, object)
            }
            None => Ok(()),
        }
    })
}

/// [Asynchronously instantiate a WebAssembly module](https://webassembly.github.io/spec/js-api/#asynchronously-instantiate-a-webassembly-module).
/// The promise is fulfilled with the Instance, or where `object` is the Module object with both.
fn instantiate_module<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    agent: &Rc<Agent<J, W>>,
    file: &'static str,
    capability: Capability<J>,
    module: ModuleObject<W>,
    import_object: J::Value,
    object: Option<J::Value>,
) -> Completion<J, ()> {
    // 5. Read the imports. If this throws, reject promise.
    let imports = instance::require_import_object::<J>(cx, &import_object)
        .and_then(|()| instance::read_imports(cx, agent, file, &module, &import_object));
    let Some(imports) = fulfilled::<J, _>(cx, &capability, imports)? else {
        return Ok(());
    };
    // 6.1. Queue a task:
    enqueue_task(cx, agent, move |cx, agent| {
        // 6.1.1. to 6.1.3. Instantiate the core, and initialize an Instance from it.
        let result =
            instance_object(cx, agent, file, &module.module, &imports).and_then(|instance| {
                match &object {
                    Some(module) => instantiated_source::<J>(cx, module, instance),
                    None => Ok(instance),
                }
            });
        // 6.1.4. Resolve promise.
        match fulfilled::<J, _>(cx, &capability, result)? {
            Some(value) => J::call(cx, &capability.resolve, &J::undefined(), &[value]).map(drop),
            None => Ok(()),
        }
    })
}

/// A [WebAssemblyInstantiatedSource](https://webassembly.github.io/spec/js-api/#dictdef-webassemblyinstantiatedsource)
fn instantiated_source<J: JsHost>(
    cx: &mut J::Scope<'_>,
    module: &J::Value,
    instance: J::Value,
) -> Completion<J> {
    let result = plain_object::<J>(cx)?;
    J::define_property(cx, &result, "instance".into(), Property::data(instance))?;
    J::define_property(cx, &result, "module".into(), Property::data(module.clone()))?;
    Ok(result)
}

fn instance_object<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    agent: &Rc<Agent<J, W>>,
    file: &str,
    module: &Arc<WasmModule<W>>,
    imports: &[Entity<W>],
) -> Completion<J> {
    let store = agent.store(cx)?;
    let instance = instance::instantiate(cx, &store, file, module, imports)?;
    instance::object(cx, agent, &instance, None)
}

/// The value of a completion; what it throws rejects the promise, and there is none.
pub(super) fn fulfilled<J: JsHost, T>(
    cx: &mut J::Scope<'_>,
    capability: &Capability<J>,
    completion: Completion<J, T>,
) -> Completion<J, Option<T>> {
    match completion {
        Ok(value) => Ok(Some(value)),
        Err(Throw::Value(reason)) => {
            J::call(cx, &capability.reject, &J::undefined(), &[reason])?;
            Ok(None)
        }
        Err(Throw::Terminated) => Err(Throw::Terminated),
    }
}

/// A promise of what `steps` return; it is rejected with what they throw.
fn promise_of<J: JsHost>(
    cx: &mut J::Scope<'_>,
    steps: impl FnOnce(&mut J::Scope<'_>) -> Completion<J>,
) -> Completion<J> {
    let Capability {
        promise,
        resolve,
        reject,
    } = J::new_promise(cx)?;
    let (settle, value) = match steps(cx) {
        Ok(value) => (resolve, value),
        Err(Throw::Value(reason)) => (reject, reason),
        Err(Throw::Terminated) => return Err(Throw::Terminated),
    };
    J::call(cx, &settle, &J::undefined(), &[value])?;
    Ok(promise)
}
