//! The functions of the [`WebAssembly` namespace](https://webassembly.github.io/spec/js-api/#webassembly-namespace)

use std::rc::Rc;
use std::sync::Arc;

use sinew_bridge::class::{Method, plain_object};
use sinew_bridge::{Capability, Completion, JsHost, Property, Throw, WasmEngine};

use crate::agent::Agent;
use crate::webassembly::{WasmModule, instance, module};

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

/// [`validate(bytes)`](https://webassembly.github.io/spec/js-api/#dom-webassembly-validate)
fn validate<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    agent: &Rc<Agent<J, W>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let bytes = J::arg(cx, args, 0);
    let bytes = module::buffer_source::<J>(cx, &bytes)?;
    Ok(J::boolean(
        W::module_validate(&agent.engine, &bytes).is_ok(),
    ))
}

/// [`compile(bytes)`](https://webassembly.github.io/spec/js-api/#dom-webassembly-compile)
fn compile<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    agent: &Rc<Agent<J, W>>,
    args: J::Args<'_>,
) -> Completion<J> {
    promise_of::<J>(cx, |cx| {
        let bytes = J::arg(cx, args, 0);
        let bytes = module::buffer_source::<J>(cx, &bytes)?;
        let module = module::compile(cx, agent, "WebAssembly.compile()", bytes)?;
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
    promise_of::<J>(cx, |cx| {
        let source = J::arg(cx, args, 0);
        let import_object = J::arg(cx, args, 1);
        if let Some(module) = module::of_object(cx, agent, &source) {
            return instance_object(cx, agent, FILE, &module, &import_object);
        }
        let bytes = module::buffer_source::<J>(cx, &source)?;
        let module = module::compile(cx, agent, FILE, bytes)?;
        let instance = instance_object(cx, agent, FILE, &module, &import_object)?;
        let module = module::object(cx, agent, module, None)?;
        let result = plain_object::<J>(cx)?;
        J::define_property(cx, &result, "module".into(), Property::data(module))?;
        J::define_property(cx, &result, "instance".into(), Property::data(instance))?;
        Ok(result)
    })
}

fn instance_object<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    agent: &Rc<Agent<J, W>>,
    file: &str,
    module: &Arc<WasmModule<W>>,
    import_object: &J::Value,
) -> Completion<J> {
    let imports = instance::read_imports(cx, agent, file, module, import_object)?;
    let store = agent.store(cx)?;
    let instance = instance::instantiate(cx, &store, file, module, &imports)?;
    instance::object(cx, agent, &instance, None)
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
