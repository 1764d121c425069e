//! Unloading: HAZARDS B4 and X9.

use sinew::{JsHost, WasmEngine};

use crate::fixture::Folder;

on_every_pair! {
    b4_views_after_unload,
    x9_calls_after_unload,
    the_next_import_reads_anew,
    unload_tells_what_it_did,
}

const MODULE: &str = r#"(module (memory (export "memory") 1) (global (export "v") i32 (i32.const 1))
  (table (export "t") 1 funcref) (elem (i32.const 0) $f)
  (func $f (export "f") (result i32) i32.const 1))"#;

fn url_of<J: JsHost, W: WasmEngine>(runtime: &sinew::Runtime<J, W>) -> String {
    let modules = runtime.modules();
    let module = modules.iter().find(|m| m.key.ends_with("/m.wasm")).unwrap();
    module.key.clone()
}

fn b4_views_after_unload<J: JsHost, W: WasmEngine>() {
    let folder = Folder::new(&[
        ("m.wasm", MODULE),
        (
            "main.js",
            r#"
            import { memory } from "./m.wasm";
            globalThis.views = [];
            for (let i = 0; i < 50; i++) views.push(new Uint8Array(memory.buffer, i), new DataView(memory.buffer, i));
            globalThis.memory = memory;
            globalThis.state = () => views.map((v) => { try { return v.byteLength; } catch { return 0; } }).reduce((a, b) => a + b) + " " + memory.buffer.byteLength;
            "#,
        ),
    ]);
    let (builder, _) = folder.builder::<J, W>();
    let mut runtime = builder.build().unwrap();
    runtime.run_file(folder.path().join("main.js")).unwrap();
    let before: String = runtime.eval("x", "state()").unwrap();
    assert!(before.ends_with(" 65536"), "{before}");
    let url = url_of(&runtime);
    let unloaded = runtime.unload(&url).unwrap().unwrap();
    assert_eq!(unloaded.detached_buffers, 1);
    assert_eq!(unloaded.retained_memory_bytes, 65536);
    assert_eq!(runtime.eval::<String>("x", "state()").unwrap(), "0 0");
}

fn x9_calls_after_unload<J: JsHost, W: WasmEngine>() {
    let folder = Folder::new(&[
        ("m.wasm", MODULE),
        (
            "main.js",
            "import { f, t } from './m.wasm'; globalThis.f = f; globalThis.t = t; f();",
        ),
    ]);
    let (builder, _) = folder.builder::<J, W>();
    let mut runtime = builder.build().unwrap();
    runtime.run_file(folder.path().join("main.js")).unwrap();
    let url = url_of(&runtime);
    runtime.unload(&url).unwrap().unwrap();
    for call in [
        "f()",
        "t.get(0)()",
        "__wasm_import('./u.wasm', { m: { f } })",
    ] {
        folder.write("u.wasm", r#"(module (import "m" "f" (func (result i32))))"#);
        let error = runtime.eval::<i32>("x", call).unwrap_err();
        assert!(
            error.to_string().starts_with("RuntimeError"),
            "{call}: {error}"
        );
        assert!(error.message().contains("unloaded"), "{call}: {error}");
    }
}

fn the_next_import_reads_anew<J: JsHost, W: WasmEngine>() {
    let folder = Folder::new(&[
        ("m.wasm", MODULE),
        (
            "main.js",
            "globalThis.load = async () => { const m = await import('./m.wasm'); console.log(m.f(), m.v); };",
        ),
    ]);
    let (builder, output) = folder.builder::<J, W>();
    let mut runtime = builder.build().unwrap();
    runtime.run_file(folder.path().join("main.js")).unwrap();
    for version in 1..4 {
        let text = MODULE.replace("i32.const 1)", &format!("i32.const {version})"));
        folder.write("m.wasm", &text);
        let promise: sinew::Value<J> = runtime.eval("x", "load()").unwrap();
        runtime.settle(&promise).unwrap();
        let url = url_of(&runtime);
        let listed = runtime.modules();
        assert_eq!(listed.iter().filter(|m| m.key == url).count(), 1);
        assert!(runtime.unload(&url).unwrap().is_some());
        assert_eq!(runtime.unload(&url).unwrap(), None);
    }
    assert_eq!(output.text(), "1 1\n2 2\n3 3\n");
}

fn unload_tells_what_it_did<J: JsHost, W: WasmEngine>() {
    let folder = Folder::new(&[
        ("m.wasm", MODULE),
        ("a.js", "import './m.wasm?never'; export {};"),
        ("main.js", "import './m.wasm'; export const x = 1;"),
    ]);
    let (builder, _) = folder.builder::<J, W>();
    let mut runtime = builder.build().unwrap();
    runtime.run_file(folder.path().join("main.js")).unwrap();
    let url = url_of(&runtime);
    let unloaded = runtime.unload(&url).unwrap().unwrap();
    assert_eq!(unloaded.key, url);
    assert!(unloaded.instance && unloaded.code_released);
    let main = runtime
        .modules()
        .iter()
        .find(|m| m.key.ends_with("main.js"))
        .unwrap()
        .key
        .clone();
    let unloaded = runtime.unload(&main).unwrap().unwrap();
    assert!(!unloaded.instance && !unloaded.code_released);
}
