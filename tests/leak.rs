//! Runtimes leave nothing behind. In a process of its own: other tests would blur the figures.

#![allow(
    dead_code,
    reason = "without an engine on each side there is nothing to run"
)]

use std::sync::{Mutex, MutexGuard, PoisonError};

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

/// A runtime with a module's exports in `globalThis.m`.
fn runtime_with<J: JsHost, W: WasmEngine>(module: &str) -> Runtime<J, W> {
    let bytes = wat::parse_str(module).unwrap();
    let source = format!(
        "globalThis.m = new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array({bytes:?}))).exports; 0"
    );
    let mut runtime = Runtime::<J, W>::builder().build().unwrap();
    runtime.eval::<i32>("module.js", &source).unwrap();
    runtime
}

/// Bytes by which the process grows while `count` values of `i` go through `expression`, which must
/// be true each time. What it needs but once does not count.
fn growth<J: JsHost, W: WasmEngine>(
    runtime: &mut Runtime<J, W>,
    count: usize,
    expression: &str,
) -> usize {
    const ROUND: usize = 50_000;
    let source = format!(
        "(() => {{ let sound = true; for (let i = 0; i < {ROUND}; i++) sound &&= {expression}; return sound; }})()"
    );
    let round = |runtime: &mut Runtime<J, W>| {
        assert!(
            runtime.eval::<bool>("round.js", &source).unwrap(),
            "{expression}"
        );
        runtime.collect_garbage().unwrap();
    };
    (0..2).for_each(|_| round(runtime));
    let Some(before) = resident() else { return 0 };
    (0..count / ROUND).for_each(|_| round(runtime));
    resident().unwrap_or(before).saturating_sub(before)
}

/// HAZARDS M4: a million objects go through an `externref` parameter, each its own. An engine that
/// frees no external references keeps each of them, and nothing else; passed again, it is the one
/// that is kept.
fn lets_go_of_external_references<J: JsHost, W: WasmEngine>() {
    const COUNT: usize = 1_000_000;
    let mut runtime = runtime_with::<J, W>(
        r#"(module (func (export "id") (param externref) (result externref) local.get 0))"#,
    );
    let name = format!("{} with {}", J::NAME, W::NAME);
    let many = "((o) => m.id(o) === o)({ i })";
    let grown = growth(&mut runtime, COUNT, many);
    // Measured: none, and 264 bytes an object on QuickJS, 285 on Boa.
    let allowed = match W::FEATURES.collects_externref {
        true => 16 << 20,
        false => 400 * COUNT,
    };
    assert!(grown < allowed, "{name}: {grown} bytes for objects");
    let grown = growth(&mut runtime, COUNT / 4, "m.id(m) === m && m.id(i) === i");
    assert!(grown < 16 << 20, "{name}: {grown} bytes for one object");
}

/// Structs and exceptions that wasm makes, with the JavaScript objects that stand for them.
fn lets_go_of_wrappers<J: JsHost, W: WasmEngine>() {
    const COUNT: usize = 100_000;
    let name = format!("{} with {}", J::NAME, W::NAME);
    if W::FEATURES.gc {
        let mut runtime = runtime_with::<J, W>(
            r#"(module (type $s (struct (field i32)))
              (func (export "make") (param i32) (result anyref) local.get 0 struct.new $s)
              (func (export "get") (param (ref $s)) (result i32) local.get 0 struct.get $s 0))"#,
        );
        let grown = growth(&mut runtime, COUNT, "m.get(m.make(i)) === i");
        assert!(grown < 8 << 20, "{name}: {grown} bytes for structs");
    }
    if W::FEATURES.exceptions {
        let mut runtime = runtime_with::<J, W>(
            r#"(module (tag $t (export "t") (param i32))
              (func (export "throw") (param i32) local.get 0 throw $t))"#,
        );
        let caught =
            "(() => { try { m.throw(i); } catch (e) { return e.getArg(m.t, 0) === i; } })()";
        let grown = growth(&mut runtime, COUNT, caught);
        assert!(grown < 8 << 20, "{name}: {grown} bytes for exceptions");
    }
}

/// One test at a time: their figures are the process's.
static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Calls a function of a pair for each pair.
macro_rules! for_every_pair {
    ($body:ident) => {
        #[cfg(all(feature = "quickjs", feature = "wasmtime"))]
        $body::<sinew::QuickJs, sinew::Wasmtime>();
        #[cfg(all(feature = "quickjs", feature = "wasmi"))]
        $body::<sinew::QuickJs, sinew::Wasmi>();
        #[cfg(all(feature = "boa", feature = "wasmtime"))]
        $body::<sinew::Boa, sinew::Wasmtime>();
        #[cfg(all(feature = "boa", feature = "wasmi"))]
        $body::<sinew::Boa, sinew::Wasmi>();
    };
}

#[test]
fn external_references_are_let_go() {
    let _alone = alone();
    for_every_pair!(lets_go_of_external_references);
}

#[test]
fn wrappers_are_let_go() {
    let _alone = alone();
    for_every_pair!(lets_go_of_wrappers);
}

#[test]
fn runtimes_leave_nothing_behind() {
    let _alone = alone();
    #[cfg(all(feature = "quickjs", feature = "wasmtime"))]
    leaves_nothing_behind::<sinew::QuickJs, sinew::Wasmtime>(
        run_once::<sinew::QuickJs, sinew::Wasmtime>,
    );
    #[cfg(all(feature = "quickjs", feature = "wasmi"))]
    leaves_nothing_behind::<sinew::QuickJs, sinew::Wasmi>(run_once::<sinew::QuickJs, sinew::Wasmi>);
    #[cfg(all(feature = "boa", feature = "wasmtime"))]
    leaves_nothing_behind::<sinew::Boa, sinew::Wasmtime>(run_once::<sinew::Boa, sinew::Wasmtime>);
    #[cfg(all(feature = "boa", feature = "wasmi"))]
    leaves_nothing_behind::<sinew::Boa, sinew::Wasmi>(run_once::<sinew::Boa, sinew::Wasmi>);
}
