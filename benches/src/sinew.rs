//! The loops on Sinew.

use sinew::{JsHost, Runtime, Value, WasmEngine};

use crate::{Subject, case};

/// A runtime with the loops.
pub struct Sinew<J: JsHost, W: WasmEngine> {
    runtime: Runtime<J, W>,
    loops: Value<J>,
}

impl<J: JsHost, W: WasmEngine> Sinew<J, W> {
    /// A runtime with the loops.
    ///
    /// # Panics
    /// If it cannot be made.
    pub fn new() -> Self {
        let mut runtime = Runtime::<J, W>::builder().build().expect("a runtime");
        let source = format!(
            "{{
                const module = new WebAssembly.Module(new Uint8Array({:?}));
                const instance = new WebAssembly.Instance(module, {{ js: {} }});
                {}(instance.exports)
            }}",
            case::module(),
            case::js_imports(),
            case::js_loops(),
        );
        let loops = runtime.eval("loops.js", &source).expect("the loops");
        Self { runtime, loops }
    }
}

impl<J: JsHost, W: WasmEngine> Default for Sinew<J, W> {
    fn default() -> Self {
        Self::new()
    }
}

impl<J: JsHost, W: WasmEngine> Subject for Sinew<J, W> {
    fn run(&mut self, name: &str, n: u32) -> f64 {
        let body: Value<J> = self.runtime.get(&self.loops, name).expect("a loop");
        self.runtime.call(&body, (n,)).expect("the loop runs")
    }
}
