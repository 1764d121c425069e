//! Programs with work on both sides: each is a script that registers the cases `wasm` and `js`, the
//! same work with wasm and without, with a module beside it.

use std::path::Path;

use sinew::{JsHost, ModuleSource, Runtime, Value, WasmEngine};

use crate::program::parse;
use crate::row::{Row, Subject, Work, share};
use crate::sinew::{builder, js_bytes};
use crate::{Pairing, Visitor, pairings};

/// A program.
#[derive(Clone, Copy, Debug)]
pub struct Workload {
    /// Its name, and that of its files.
    pub name: &'static str,
    /// What both cases return.
    pub expected: f64,
    script: &'static str,
    module: &'static str,
}

macro_rules! workloads {
    ($($name:literal => $expected:expr,)*) => {
        /// All programs.
        pub const WORKLOADS: &[Workload] = &[$(Workload {
            name: $name,
            expected: $expected,
            script: include_str!(concat!("../../workloads/", $name, ".js")),
            module: include_str!(concat!("../../workloads/", $name, ".wat")),
        }),*];
    };
}

workloads! {
    "sha256" => -1587093960.0,
    "json" => 1866.0,
    "blur" => 12824.0,
    "sort" => 5099.0,
    "matrix" => 4069.0625,
    "life" => 39527.0,
}

/// All rows.
pub fn rows() -> Vec<Row> {
    let row =
        |workload: &Workload| Row::new(format!("workloads: {}", workload.name), workload.expected);
    let mut workloads = Workloads(WORKLOADS.iter().map(row).collect());
    pairings(&mut workloads);
    workloads.0
}

struct Workloads(Vec<Row>);

impl Visitor for Workloads {
    fn visit<P: Pairing>(&mut self) {
        for (row, workload) in self.0.iter_mut().zip(WORKLOADS) {
            let script = share(Script::<P::Js, P::Wasm>::new(workload));
            row.side("sinew", P::NAME, Work::new(&script, "wasm"));
            row.side("js", P::NAME, Work::new(&script, "js"));
        }
    }
}

/// A runtime with a program's cases.
struct Script<J: JsHost, W: WasmEngine> {
    runtime: Runtime<J, W>,
    run: Value<J>,
}

/// Defines `bench`; returns a function that runs a case a number of times.
const REGISTER: &str = "{
    const cases = new Map();
    globalThis.bench = (name, f) => { cases.set(name, f); };
    (name, n) => {
        const f = cases.get(name);
        let last;
        for (let i = 0; i < n; i++) last = f();
        return last;
    }
}";

impl<J: JsHost, W: WasmEngine> Script<J, W> {
    fn new(workload: &'static Workload) -> Self {
        let mut runtime = builder::<J, W>()
            .load_hook(move |specifier, _| {
                let is_script = specifier == workload.name;
                Some(ModuleSource::JavaScript(match is_script {
                    true => workload.script.to_owned(),
                    false => module_script(workload),
                }))
            })
            .build()
            .expect("a runtime");
        let run = runtime.eval("register.js", REGISTER).expect("a function");
        runtime.import(workload.name).expect("the program");
        Self { runtime, run }
    }
}

impl<J: JsHost, W: WasmEngine> Subject for Script<J, W> {
    fn run(&mut self, name: &str, n: u32) -> f64 {
        let ran = self.runtime.call(&self.run, (name, n));
        ran.expect("the program runs")
    }
}

/// The bytes of the module, as a module that every engine can import.
fn module_script(workload: &Workload) -> String {
    let bytes = js_bytes(&parse(workload.module));
    format!("export default {bytes};\n")
}

/// Writes the programs and their modules to a folder, for other engines to run.
///
/// # Errors
/// When they cannot be written.
pub fn write(folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let peer = include_str!("../../workloads/peer.mjs");
    std::fs::write(folder.join("peer.mjs"), peer)?;
    // What tells Node.js that `.js` files are modules.
    std::fs::write(folder.join("package.json"), "{ \"type\": \"module\" }\n")?;
    for workload in WORKLOADS {
        let name = workload.name;
        std::fs::write(folder.join(format!("{name}.js")), workload.script)?;
        let module = folder.join(format!("{name}.wasm.js"));
        std::fs::write(module, module_script(workload))?;
    }
    Ok(())
}
