//! Loops on Sinew.

use sinew::{JsHost, Runtime, RuntimeBuilder, Value, WasmEngine};

use crate::program::{FIRST, Program};
use crate::row::Subject;

/// A runtime with loops.
pub struct Sinew<J: JsHost, W: WasmEngine> {
    /// The runtime.
    pub runtime: Runtime<J, W>,
    loops: Value<J>,
}

/// A builder without bounds.
pub fn builder<J: JsHost, W: WasmEngine>() -> RuntimeBuilder<J, W> {
    Runtime::builder().limits(sinew::ResourceLimits {
        memory_bytes: u64::MAX,
        table_elements: u64::MAX,
        memories: u64::MAX,
        tables: u64::MAX,
        instances: u64::MAX,
    })
}

impl<J: JsHost, W: WasmEngine> Sinew<J, W> {
    /// A runtime with the loops of `program`.
    ///
    /// # Panics
    /// If it cannot be made.
    pub fn new(builder: RuntimeBuilder<J, W>, program: &Program) -> Self {
        let second = program.second.as_ref().map(|second| {
            format!(
                "{}, {{ first: {{ {FIRST}: instance.exports.{FIRST} }} }}",
                js_bytes(second)
            )
        });
        let second = match second {
            Some(args) => format!("instantiate({args}).exports"),
            None => "{}".to_owned(),
        };
        let source = format!(
            "{{
                const instantiate = (bytes, imports) =>
                    new WebAssembly.Instance(new WebAssembly.Module(bytes), imports);
                const instance = instantiate({}, {{ js: {} }});
                {}({{ ...instance.exports, ...{second} }})
            }}",
            js_bytes(&program.module),
            program.js_imports,
            program.js_loops,
        );
        Self::of_script(builder, &source)
    }

    /// A runtime with the loops that a script returns.
    ///
    /// # Panics
    /// If it cannot be made.
    pub fn of_script(builder: RuntimeBuilder<J, W>, source: &str) -> Self {
        let mut runtime = builder.build().expect("a runtime");
        let loops = runtime.eval("loops.js", source).expect("the loops");
        Self { runtime, loops }
    }
}

impl<J: JsHost, W: WasmEngine> Subject for Sinew<J, W> {
    fn run(&mut self, name: &str, n: u32) -> f64 {
        let body: Value<J> = self.runtime.get(&self.loops, name).expect("a loop");
        self.runtime.call(&body, (n,)).expect("the loop runs")
    }
}

/// Bytes as a JavaScript expression.
pub fn js_bytes(bytes: &[u8]) -> String {
    format!("new Uint8Array({bytes:?})")
}
