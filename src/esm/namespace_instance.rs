//! [`WebAssembly.namespaceInstance`](https://webassembly.github.io/esm-integration/js-api/#dom-webassembly-namespaceinstance)

use std::rc::Rc;

use sinew_bridge::class::{Method, type_error};
use sinew_bridge::{Completion, JsHost, WasmEngine};

use crate::esm::loader::Loader;
use crate::webassembly::webidl;

/// What ES module integration adds to the namespace.
pub(crate) fn methods<J: JsHost, W: WasmEngine>() -> &'static [Method<J, Loader<J, W>>] {
    const {
        &[Method {
            name: "namespaceInstance",
            length: 1,
            body: namespace_instance::<J, W>,
        }]
    }
}

/// [`namespaceInstance(namespace)`](https://webassembly.github.io/esm-integration/js-api/#dom-webassembly-namespaceinstance)
fn namespace_instance<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    loader: &Rc<Loader<J, W>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let namespace = webidl::required::<J>(cx, args, 0, "WebAssembly.namespaceInstance")?;
    // 1. and 2. If it is no namespace of a WebAssembly Module Record, throw a TypeError.
    match loader.namespace_instance(cx, &namespace)? {
        // 4. Return module.[[Instance]].
        Some(instance) => Ok(instance),
        None => Err(type_error::<J>(
            cx,
            "WebAssembly.namespaceInstance: the argument is not the namespace of a wasm file that was evaluated",
        )),
    }
}
