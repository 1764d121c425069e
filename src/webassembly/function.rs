//! `WebAssembly.Function` of the
//! [type reflection proposal](https://github.com/WebAssembly/js-types/blob/main/proposals/js-types/Overview.md):
//! the class of Exported Functions, and JavaScript functions as functions of wasm.

use std::rc::Rc;

use sinew_bridge::class::{ClassSpec, Method, prototype_of_new_target};
use sinew_bridge::{Completion, FuncType, JsHost, WasmEngine, class};

use crate::agent::Agent;
use crate::webassembly::exported_function::function_address;
use crate::webassembly::{Interface, class_id, imports, reflection, webidl};

/// The interface.
pub(crate) struct FunctionInterface;

impl<J: JsHost, W: WasmEngine> Interface<J, W> for FunctionInterface {
    const SPEC: ClassSpec<J, Agent<J, W>> = ClassSpec {
        name: "Function",
        display: "WebAssembly.Function",
        id: class_id::FUNCTION,
        length: 2,
        constructor: construct::<J, W>,
        methods: &[Method {
            name: "type",
            length: 0,
            body: type_::<J, W>,
        }],
        statics: &[],
        accessors: &[],
        ..ClassSpec::BASE
    };
}

/// `new Function(type, func)`
fn construct<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    agent: &Rc<Agent<J, W>>,
    args: J::Args<'_>,
) -> Completion<J> {
    if J::args_len(args) < 2 {
        return Err(webidl::too_few::<J>(cx, args, 2, "WebAssembly.Function"));
    }
    let ty = J::arg(cx, args, 0);
    webidl::dictionary::<J>(cx, &ty, "a function type")?;
    let parameters = types_of::<J>(cx, &ty, "parameters")?;
    let results = types_of::<J>(cx, &ty, "results")?;
    let callable = J::arg(cx, args, 1);
    if !J::is_callable(cx, &callable) {
        let message = "WebAssembly.Function: the second argument must be a function";
        return Err(class::type_error::<J>(cx, message));
    }
    let proto = prototype_of_new_target::<J>(cx, args, &agent.classes().function)?;
    let store = agent.store(cx)?;
    let ty = FuncType::new(parameters, results);
    let label = "WebAssembly.Function".to_owned();
    let func = imports::host_function(cx, &store, callable, ty, label, None)?;
    let function = store.function_object(cx, &func, None)?;
    J::set_prototype(cx, &function, &proto)?;
    Ok(function)
}

fn types_of<J: JsHost>(
    cx: &mut J::Scope<'_>,
    ty: &J::Value,
    name: &str,
) -> Completion<J, Vec<sinew_bridge::ValType>> {
    match webidl::member::<J>(cx, ty, name)? {
        Some(list) => webidl::value_types::<J>(cx, &list),
        None => {
            let message = format!("a function type needs {name}");
            Err(class::type_error::<J>(cx, &message))
        }
    }
}

/// `type()`
fn type_<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    _agent: &Rc<Agent<J, W>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let this = J::this(cx, args);
    match function_address::<J, W>(cx, &this) {
        Some(binding) => reflection::function_type::<J>(cx, &binding.ty),
        None => Err(class::type_error::<J>(
            cx,
            "receiver is not a WebAssembly.Function",
        )),
    }
}
