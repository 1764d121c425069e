//! Runtimes leave nothing behind. In a process of its own: other tests would blur the figures.

#![allow(
    dead_code,
    reason = "without an engine on each side there is nothing to run"
)]

use sinew::{JsHost, Runtime, WasmEngine};

/// Bytes of memory that the process has in use, where the system tells.
fn resident() -> Option<usize> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: usize = statm.split(' ').nth(1)?.parse().ok()?;
    Some(pages * 4096)
}

/// Runs `examples/math`, which has a cycle through every kind of object.
fn run_once<J: JsHost, W: WasmEngine>() {
    let main = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/math/main.js");
    let mut runtime = Runtime::<J, W>::builder()
        .root_of(main)
        .stdout(|_| {})
        .function("app", "f", || 1)
        .build()
        .unwrap();
    runtime.run_file(main).unwrap();
    let _: sinew::Value<J> = runtime
        .eval("x", "globalThis.app = import('app'); globalThis.self = globalThis; setTimeout(() => {}, 1e6); app")
        .unwrap();
}

/// The same without modules: Boa 0.22 never lets go of a realm that has run a dynamic import, its own
/// API alone shows it.
fn run_script_once<J: JsHost, W: WasmEngine>() {
    let wasm = include_bytes!("../examples/math/math.wasm");
    let source = format!(
        "const module = new WebAssembly.Module(new Uint8Array({wasm:?}));
         globalThis.i = new WebAssembly.Instance(module, {{ './env.js': {{ log() {{}} }} }});
         globalThis.v = new Uint8Array(i.exports.memory.buffer); i.exports.table.set(0, i.exports.f64);
         i.exports.externref({{ i, v }}); setTimeout(() => i, 1e6); i.exports.add(1, 2)"
    );
    let mut runtime = Runtime::<J, W>::builder()
        .function("app", "f", || 1)
        .build()
        .unwrap();
    assert_eq!(runtime.eval::<i32>("x", &source).unwrap(), 3);
}

fn leaves_nothing_behind<J: JsHost, W: WasmEngine>(run: fn()) {
    (0..20).for_each(|_| run());
    let Some(before) = resident() else { return };
    (0..100).for_each(|_| run());
    let grown = resident().unwrap_or(before).saturating_sub(before);
    // A runtime that stayed would be some 500 KiB.
    let name = format!("{} with {}", J::NAME, W::NAME);
    assert!(
        grown < 12 << 20,
        "{name}: {} KiB a runtime",
        grown / 100 / 1024
    );
}

#[test]
fn runtimes_leave_nothing_behind() {
    #[cfg(all(feature = "quickjs", feature = "wasmtime"))]
    leaves_nothing_behind::<sinew::QuickJs, sinew::Wasmtime>(
        run_once::<sinew::QuickJs, sinew::Wasmtime>,
    );
    #[cfg(all(feature = "quickjs", feature = "wasmi"))]
    leaves_nothing_behind::<sinew::QuickJs, sinew::Wasmi>(run_once::<sinew::QuickJs, sinew::Wasmi>);
    #[cfg(all(feature = "boa", feature = "wasmtime"))]
    leaves_nothing_behind::<sinew::Boa, sinew::Wasmtime>(
        run_script_once::<sinew::Boa, sinew::Wasmtime>,
    );
    #[cfg(all(feature = "boa", feature = "wasmi"))]
    leaves_nothing_behind::<sinew::Boa, sinew::Wasmi>(run_script_once::<sinew::Boa, sinew::Wasmi>);
}
