//! [`WebAssembly.compile`](https://webassembly.github.io/spec/js-api/#dom-webassembly-compile) and
//! [`WebAssembly.instantiate`](https://webassembly.github.io/spec/js-api/#dom-webassembly-instantiate):
//! promises, and when what is done.

use std::time::Duration;

use sinew::{ErrorKind, JsHost, WasmEngine};

use crate::program::{folder, passes};

on_every_pair! {
    what_they_give,
    they_reject_and_never_throw,
    bytes_are_copied_at_the_call,
    imports_are_read_at_their_time,
    start_functions_run_in_a_task,
    failures_of_instances,
    in_the_order_of_calls,
    promises_cannot_be_patched,
    termination_in_a_task,
    namespace_instances,
}

const MODULE: &str = r#"(module (import "env" "f" (func $f)) (import "env" "g" (global i32)) (start $f) (func (export "run") (result i32) i32.const 5))"#;

fn what_they_give<J: JsHost, W: WasmEngine>() {
    passes::<J, W>(
        &[("m", MODULE), ("empty", "(module)")],
        r#"
        const imports = { env: { f() {}, g: 1 } };
        const promise = WebAssembly.compile(bytes.m); eq(promise instanceof Promise, true); eq(Object.getPrototypeOf(promise), Promise.prototype);
        const module = await promise; eq(module instanceof WebAssembly.Module, true);
        const source = await WebAssembly.instantiate(bytes.m, imports);
        list(Reflect.ownKeys(source), ["module", "instance"].sort()); eq(Object.getPrototypeOf(source), Object.prototype); eq(source.module instanceof WebAssembly.Module, true);
        eq(source.instance instanceof WebAssembly.Instance, true); eq(source.instance.exports.run(), 5);
        eq(Object.values(Object.getOwnPropertyDescriptors(source)).every((d) => d.writable && d.enumerable && d.configurable), true);
        const own = await WebAssembly.instantiate(module, imports); eq(own instanceof WebAssembly.Instance, true); eq(own.exports.run(), 5);
        eq((await WebAssembly.instantiate(source.module, imports)).exports === own.exports, false);
        // No imports, no import object.
        for (const args of [[], [undefined], [{}], [() => {}]]) { eq((await WebAssembly.instantiate(bytes.empty, ...args)).instance instanceof WebAssembly.Instance, true); eq((await WebAssembly.instantiate(compile("empty"), ...args)) instanceof WebAssembly.Instance, true); }
        for (const [name, length] of [["validate", 1], ["compile", 1], ["instantiate", 1]]) { eq(WebAssembly[name].length, length); eq(WebAssembly[name].name, name); const detached = WebAssembly[name]; await detached(bytes.empty); }
        "#,
    );
}

fn they_reject_and_never_throw<J: JsHost, W: WasmEngine>() {
    passes::<J, W>(
        &[("m", MODULE), ("empty", "(module)")],
        r#"
        const { compile: c, instantiate: i, CompileError, LinkError } = WebAssembly, bad = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 1]), f = () => {};
        const cases = [
          [() => c(), TypeError], [() => c(undefined), TypeError], [() => c({}), TypeError], [() => c([0, 97]), TypeError], [() => c("text"), TypeError], [() => c(compile("empty")), TypeError], [() => c(bad), CompileError], [() => c(new Uint8Array()), CompileError],
          [() => i(), TypeError], [() => i(5), TypeError], [() => i({}, {}), TypeError], [() => i(bad), CompileError], [() => i(bad, 5), TypeError], [() => i(bytes.empty, 5), TypeError], [() => i(bytes.empty, "text"), TypeError], [() => i(bytes.empty, null), TypeError], [() => i(compile("empty"), null), TypeError], [() => i(compile("empty"), 5), TypeError],
          [() => i(bytes.m), TypeError], [() => i(compile("m")), TypeError], [() => i(bytes.m, {}), TypeError], [() => i(bytes.m, { env: 5 }), TypeError], [() => i(bytes.m, { env: { f } }), LinkError], [() => i(compile("m"), { env: { f: 5, g: 5 } }), LinkError], [() => i(compile("m"), { env: { f, g: 5n } }), LinkError],
        ];
        for (const [call, type] of cases) {
          const promise = call(); eq(promise instanceof Promise, true, String(call)); await rejects(promise, type);
        }
        const value = {};
        for (const imports of [{ get env() { throw value; } }, { env: { get f() { throw value; } } }, { env: { f, get g() { throw value; } } }, new Proxy({}, { get() { throw value; } }), { env: new Proxy({}, { get() { throw value; } }) }]) {
          for (const source of [bytes.m, compile("m")]) eq(await i(source, imports).then(() => "fulfilled", (e) => e), value);
        }
        "#,
    );
}

fn bytes_are_copied_at_the_call<J: JsHost, W: WasmEngine>() {
    passes::<J, W>(
        &[(
            "m",
            r#"(module (func (export "run") (result i32) i32.const 5))"#,
        )],
        r#"
        for (const change of [(b) => b.fill(0), (b) => b.buffer.transfer?.() ?? b.fill(1)]) {
          let copy = bytes.m.slice(); const compiled = WebAssembly.compile(copy); change(copy);
          copy = bytes.m.slice(); const instantiated = WebAssembly.instantiate(copy); change(copy);
          eq(new WebAssembly.Instance(await compiled).exports.run(), 5); eq((await instantiated).instance.exports.run(), 5);
        }
        // Every kind of view, and only what it shows.
        const padded = new Uint8Array(bytes.m.length + 20).fill(255); padded.set(bytes.m, 8);
        const shared = new SharedArrayBuffer(bytes.m.length); new Uint8Array(shared).set(bytes.m);
        const resizable = new ArrayBuffer(bytes.m.length, { maxByteLength: 1000 }); new Uint8Array(resizable).set(bytes.m);
        for (const source of [bytes.m.slice().buffer, padded.subarray(8, 8 + bytes.m.length), new DataView(padded.buffer, 8, bytes.m.length), shared, new Uint8Array(shared), resizable, new Uint8Array(resizable), new DataView(resizable)]) {
          eq(WebAssembly.validate(source), true); eq((await WebAssembly.instantiate(source)).instance.exports.run(), 5);
          eq(new WebAssembly.Instance(await WebAssembly.compile(source)).exports.run(), 5);
        }
        const view = new Uint8Array(resizable, 0, 8), data = new DataView(resizable, 0, 8); resizable.resize(4);
        eq(WebAssembly.validate(view), false); throws(() => WebAssembly.validate(data), TypeError); await rejects(WebAssembly.compile(data), TypeError);
        await rejects(WebAssembly.compile(view), WebAssembly.CompileError);
        "#,
    );
}

fn imports_are_read_at_their_time<J: JsHost, W: WasmEngine>() {
    passes::<J, W>(
        &[("m", MODULE)],
        r#"
        const { record, take, log } = recorder();
        const imports = () => record({ env: record({ g: 1, f: () => log.push("start") }) });
        // A Module's at once, those of bytes when they are compiled: both before their start function.
        const own = WebAssembly.instantiate(compile("m"), imports()); eq(take(), "env f env g"); await own; eq(take(), "start");
        const source = WebAssembly.instantiate(bytes.m, imports()); eq(take(), ""); await source; eq(take(), "env f env g start");
        // Each once, in the order of the file.
        await WebAssembly.instantiate(bytes.m, imports()); eq(take(), "env f env g start"); new WebAssembly.Instance(compile("m"), imports()); eq(take(), "env f env g start");
        // What is found then counts, not what is there later.
        const later = { env: { f() {}, g: 1 } }, promise = WebAssembly.instantiate(compile("m"), later); later.env = 5; eq(await promise instanceof WebAssembly.Instance, true);
        "#,
    );
}

fn start_functions_run_in_a_task<J: JsHost, W: WasmEngine>() {
    passes::<J, W>(
        &[("m", MODULE)],
        r#"
        const log = [];
        const imports = { env: { f: () => log.push("start"), g: 1 } };
        // After what runs, and after the jobs that wait.
        Promise.resolve().then(() => log.push("job"));
        const own = WebAssembly.instantiate(compile("m"), imports).then(() => log.push("own"));
        log.push("sync"); await own; list(log, ["sync", "job", "start", "own"]);
        log.length = 0;
        const source = WebAssembly.instantiate(bytes.m, imports).then(() => log.push("source")); log.push("sync"); await source; list(log, ["sync", "start", "source"]);
        "#,
    );
}

fn failures_of_instances<J: JsHost, W: WasmEngine>() {
    passes::<J, W>(
        &[
            ("trap", "(module (func $f unreachable) (start $f))"),
            (
                "data",
                r#"(module (memory 1) (data (i32.const 65536) "x"))"#,
            ),
            (
                "elem",
                "(module (table 1 funcref) (func $f) (elem (i32.const 1) $f))",
            ),
            ("deep", "(module (func $f call $f) (start $f))"),
            (
                "throws",
                r#"(module (import "env" "f" (func $f)) (start $f))"#,
            ),
        ],
        r#"
        for (const [name, type, pattern] of [["trap", WebAssembly.RuntimeError, "unreachable"], ["data", WebAssembly.RuntimeError, "out of bounds memory access"], ["elem", WebAssembly.RuntimeError, "out of bounds table access"], ["deep", RangeError, "call stack"]]) {
          throws(() => instance(name), type, pattern); await rejects(WebAssembly.instantiate(bytes[name]), type, pattern);
          await rejects(WebAssembly.instantiate(compile(name)), type, pattern);
        }
        for (const value of [undefined, {}, new Error("e"), Symbol()]) {
          eq(await WebAssembly.instantiate(bytes.throws, { env: { f() { throw value; } } }).then(() => "fulfilled", (e) => e), value);
        }
        "#,
    );
}

fn in_the_order_of_calls<J: JsHost, W: WasmEngine>() {
    passes::<J, W>(
        &[("m", MODULE)],
        r#"
        const log = [], imports = (n) => ({ env: { f: () => log.push("start " + n), g: 1 } }), module = compile("m");
        await Promise.all([1, 2, 3].map((n) => WebAssembly.instantiate(module, imports(n)).then(() => log.push("done " + n))));
        list(log.filter((l) => l.startsWith("start")), ["start 1", "start 2", "start 3"]); list(log.filter((l) => l.startsWith("done")), ["done 1", "done 2", "done 3"]);
        const many = await Promise.all(Array.from({ length: 50 }, (_, n) => WebAssembly.instantiate(n % 2 ? bytes.m : module, imports(n)))); eq(many.length, 50);
        // From within a start function.
        const inner = new Promise((resolve) => { WebAssembly.instantiate(bytes.m, { env: { f: () => resolve(WebAssembly.instantiate(module, imports("inner"))), g: 1 } }); });
        eq((await inner).exports.run(), 5);
        "#,
    );
}

fn promises_cannot_be_patched<J: JsHost, W: WasmEngine>() {
    passes::<J, W>(
        &[("m", MODULE)],
        r#"
        const P = Promise, { then } = P.prototype, { resolve, reject } = P; let touched = "";
        const note = (name) => function () { touched += name + " "; throw new Error(name); };
        P.prototype.then = note("then"); P.resolve = note("resolve"); P.reject = note("reject"); globalThis.Promise = note("Promise");
        Object.defineProperty(P.prototype, "constructor", { configurable: true, get: note("constructor") });
        const promises = [WebAssembly.compile(bytes.m), WebAssembly.compile(5), WebAssembly.instantiate(bytes.m, { env: { f() {}, g: 1 } }), WebAssembly.instantiate(5)];
        Object.defineProperty(P.prototype, "constructor", { value: P, writable: true, enumerable: false, configurable: true });
        P.prototype.then = then; P.resolve = resolve; P.reject = reject; globalThis.Promise = P;
        const results = await Promise.allSettled(promises); list(results.map((r) => r.status), ["fulfilled", "rejected", "fulfilled", "rejected"]); eq(touched, "");
        // A module is no thenable, whatever its prototype says; the promise asks for then as for any object.
        Object.defineProperty(WebAssembly.Module.prototype, "then", { configurable: true, value(done) { done("replaced"); } });
        eq(await WebAssembly.compile(bytes.m), "replaced"); delete WebAssembly.Module.prototype.then;
        "#
        .replace("// A module is no thenable, whatever its prototype says; the promise asks", "// The promise asks")
        .as_str(),
    );
}

fn termination_in_a_task<J: JsHost, W: WasmEngine>() {
    let modules = [("m", r#"(module (func $f (loop br 0)) (start $f))"#)];
    for source in ["compile('m')", "bytes.m"] {
        let source = format!(
            "try {{ await WebAssembly.instantiate({source}); }} catch {{ console.log('caught'); }} finally {{ console.log('finally'); }}"
        );
        let folder = folder::<J, W>(&modules, &source);
        let (builder, output) = folder.builder::<J, W>();
        let mut runtime = builder.timeout(Duration::from_millis(200)).build().unwrap();
        let error = runtime.run_file(folder.path().join("main.js")).unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::Deadline, "{error}");
        drop(runtime);
        assert_eq!(output.text(), "");
    }
}

fn namespace_instances<J: JsHost, W: WasmEngine>() {
    let folder = folder::<J, W>(
        &[],
        r#"
        import * as m from "./m.wasm"; import * as self from "./main.js";
        const { namespaceInstance } = WebAssembly;
        const i = namespaceInstance(m);
        eq(i instanceof WebAssembly.Instance, true); eq(namespaceInstance(m), i); eq(i.exports.run, m.run); eq(i.exports.memory, m.memory); eq(i.exports.g.value, m.g);
        eq(namespaceInstance.length, 1);
        eq(namespaceInstance(await import("./m.wasm")), i);
        for (const wrong of [self, {}, undefined, null, 5, i, i.exports, Object.create(m)]) throws(() => namespaceInstance(wrong), TypeError);
        throws(() => namespaceInstance(), TypeError);
        "#,
    );
    folder.write(
        "m.wasm",
        r#"(module (memory (export "memory") 1) (global (export "g") i32 (i32.const 6)) (func (export "run") (result i32) i32.const 5))"#,
    );
    crate::program::runs::<J, W>(&folder);
}
