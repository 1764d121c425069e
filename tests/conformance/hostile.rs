//! Programs that mean harm: HAZARDS B1 to B5, M4, X2 to X7, as far as no other file has them.

use sinew::{JsHost, WasmEngine};

use crate::fixture::{Folder, prints};

mod names;
mod order;
mod patched;
mod stale;

on_every_pair! {
    m4_externrefs_are_let_go,
    m4_failed_calls_keep_nothing,
    x2_identity_through_many_frames,
    x3_entities_of_unloaded_modules,
    x4_everything_inside_everything,
}

const MEMORY: &str = r#"(module (memory (export "memory") 1 200)
  (func (export "read") (param i32) (result i32) local.get 0 i32.load8_u)
  (func (export "write") (param i32 i32) local.get 0 local.get 1 i32.store8)
  (func (export "grow") (param i32) (result i32) local.get 0 memory.grow))"#;

const EXTERNS: &str = r#"(module (import "env" "f" (func $f (param externref) (result externref)))
  (table (export "t") 4 externref) (global (export "g") (mut externref) (ref.null extern))
  (func (export "pass") (param externref) (result externref) local.get 0 call $f)
  (func (export "keep") (param externref) i32.const 0 local.get 0 table.set 0 local.get 0 global.set 0)
  (func (export "local") (param externref) (local externref) local.get 0 local.set 1 unreachable))"#;

/// How many of 10,000 objects are alive after `make` has used each and nothing holds them.
fn alive_after<J: JsHost, W: WasmEngine>(make: &str) -> i32 {
    let folder = Folder::new(&[
        ("m.wasm", EXTERNS),
        (
            "main.js",
            &format!(
                r#"
                globalThis.refs = [];
                const exports = __wasm_import("./m.wasm", {{ env: {{ f(x) {{ return x; }} }} }});
                const {{ pass, keep, local, t, g }} = exports;
                globalThis.make = () => {{
                  for (let i = 0; i < 2000; i++) {{
                    let object = {{ i, big: new Array(10) }};
                    globalThis.refs.push(new WeakRef(object));
                    {make}
                    object = undefined;
                  }}
                }};
                "#
            ),
        ),
    ]);
    let (builder, _) = folder.builder::<J, W>();
    let mut runtime = builder.build().unwrap();
    runtime.run_file(folder.path().join("main.js")).unwrap();
    for _ in 0..5 {
        runtime.eval::<i32>("x", "make(); 1").unwrap();
        // A WeakRef keeps its object until the job that made it has ended.
        runtime.run().unwrap();
        runtime.collect_garbage().unwrap();
    }
    runtime
        .eval::<i32>("x", "refs.filter((r) => r.deref() !== undefined).length")
        .unwrap()
}

/// Runs `make` with many objects; few may be kept, where the wasm engine frees references at all.
fn lets_go<J: JsHost, W: WasmEngine>(make: &str) {
    let alive = alive_after::<J, W>(make);
    // Four slots of a table, one global, what a register holds, and what is on its way out.
    let bound = match W::FEATURES.collects_externref {
        true => 2000 + 16,
        false => 10_000,
    };
    assert!(alive <= bound, "{alive} of 10000 are alive: {make}");
}

fn m4_externrefs_are_let_go<J: JsHost, W: WasmEngine>() {
    for make in [
        "if (pass(object) !== object) throw new Error('lost');",
        "keep(object);",
        "t.set(i % 4, object);",
        "g.value = object;",
    ] {
        lets_go::<J, W>(make);
    }
}

fn m4_failed_calls_keep_nothing<J: JsHost, W: WasmEngine>() {
    for make in [
        "try { local(object); } catch (e) { if (!(e instanceof WebAssembly.RuntimeError)) throw e; }",
        "try { new WebAssembly.Global({ value: 'anyfunc' }, object); } catch {}",
        "try { t.set(100, object); } catch {}",
        "try { t.grow(1e9, object); } catch {}",
        "try { __wasm_import('./m.wasm', { env: { f: object } }); } catch {}",
    ] {
        lets_go::<J, W>(make);
    }
}

fn x2_identity_through_many_frames<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[
            (
                "m.wasm",
                r#"(module (import "env" "raise" (func $raise)) (table (export "t") 1 funcref) (elem (i32.const 0) $raise)
                  (func $a (export "a") call $raise) (func $b (export "b") call $a) (func (export "c") call $b)
                  (func (export "i") i32.const 0 call_indirect))"#,
            ),
            (
                "main.js",
                r#"
                let next, deep = 0;
                const e = __wasm_import("./m.wasm", { env: { raise() { if (deep-- > 0) { try { e.c(); } finally { 1; } } throw next; } } });
                const { proxy, revoke } = Proxy.revocable({}, {}); revoke();
                const throwing = new Proxy({}, new Proxy({}, { get() { throw new Error("trap"); } }));
                const values = [undefined, null, 0, -0, NaN, 1n, "", "text", "\ud800", true, Symbol("s"), {}, Object.freeze({}), Object.create(null), [], () => {}, proxy, throwing,
                  new Error("e"), Object.freeze(new TypeError("t")), new WebAssembly.RuntimeError("own"), { get then() { throw 1; } }, { get stack() { throw 1; }, get message() { throw 1; }, get name() { throw 1; } },
                  e, e.a, WebAssembly, new WebAssembly.Memory({ initial: 0 }), class extends Error {}, new (class extends WebAssembly.RuntimeError {})("sub"), Promise.resolve(1)];
                let wrong = 0, count = 0;
                for (let round = 0; round < 30; round++) {
                  for (const value of values) {
                    for (const f of [e.a, e.c, e.i, () => e.t.get(0)(), () => Reflect.apply(e.b, null, [])]) {
                      next = value; deep = round % 4; count++;
                      try { f(); wrong++; } catch (caught) { if (!Object.is(caught, value)) wrong++; }
                    }
                  }
                }
                // In a start function, and as the reason of a promise.
                const start = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 2, 7, 1, 1, 101, 1, 114, 0, 0, 8, 1, 0]);
                const module = new WebAssembly.Module(start);
                for (const value of values) {
                  const imports = { e: { r() { throw value; } } };
                  try { new WebAssembly.Instance(module, imports); wrong++; } catch (caught) { if (!Object.is(caught, value)) wrong++; }
                  for (const source of [module, start]) await WebAssembly.instantiate(source, imports).then(() => wrong++, (caught) => { if (!Object.is(caught, value)) wrong++; });
                }
                console.log(wrong, count);
                "#,
            ),
        ],
        "0 4500",
    );
}

fn x3_entities_of_unloaded_modules<J: JsHost, W: WasmEngine>() {
    let folder = Folder::new(&[
        (
            "a.wasm",
            r#"(module (memory (export "m") 1 3) (table (export "t") 2 4 funcref) (global (export "g") (mut i32) (i32.const 1))
              (func $f (export "f") (result i32) i32.const 1) (elem (i32.const 0) $f))"#,
        ),
        (
            "b.wasm",
            r#"(module (import "a" "m" (memory 1)) (import "a" "t" (table 1 funcref)) (import "a" "g" (global (mut i32))) (import "a" "f" (func $f (result i32)))
              (func (export "f") (result i32) call $f) (func (export "i") (result i32) i32.const 0 call_indirect (result i32))
              (func (export "m") (result i32) i32.const 1 memory.grow) (func (export "g") (result i32) i32.const 7 global.set 0 global.get 0)
              (func (export "w") i32.const 0 i32.const 1 i32.store) (func (export "s") (result i32) ref.null func i32.const 5 table.grow))"#,
        ),
        (
            "main.js",
            "import * as a from './a.wasm'; globalThis.a = { ...a, g: __wasm_import('./a.wasm').g }; globalThis.link = (imports) => __wasm_import('./b.wasm', { a: imports });
             globalThis.before = link(a_global());
             function a_global() { return globalThis.a; }
             globalThis.attempt = (f) => { try { return typeof f(); } catch (e) { return e.constructor.name; } };",
        ),
    ]);
    let (builder, _) = folder.builder::<J, W>();
    let mut runtime = builder.build().unwrap();
    runtime.run_file(folder.path().join("main.js")).unwrap();
    let url = runtime
        .modules()
        .into_iter()
        .find(|m| m.key.ends_with("a.wasm"));
    runtime.unload(&url.unwrap().key).unwrap().unwrap();
    let known = [
        "RuntimeError",
        "TypeError",
        "RangeError",
        "LinkError",
        "number",
        "undefined",
        "object",
        "function",
    ];
    for source in [
        "link(a)",
        "before.f()",
        "before.i()",
        "before.m()",
        "before.g()",
        "before.w()",
        "before.s()",
        "a.m.grow(1)",
        "a.m.buffer.byteLength",
        "a.t.get(0)",
        "a.t.get(0)()",
        "a.t.set(0, a.f)",
        "a.t.grow(1, a.f)",
        "a.g.value = 4",
        "a.g.value",
        "new WebAssembly.Table({ initial: 1, element: 'anyfunc' }, a.f)",
        "new WebAssembly.Global({ value: 'anyfunc' }, a.f)",
        "new WebAssembly.Global({ value: 'externref' }, a)",
    ] {
        let call = format!("attempt(() => {source})");
        let result = runtime.eval::<String>("x", &call).unwrap();
        assert!(known.contains(&&*result), "{source}: {result}");
    }
    assert_eq!(runtime.eval::<i32>("x", "1 + 1").unwrap(), 2);
}

fn x4_everything_inside_everything<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[
            (
                "m.wasm",
                r#"(module (import "env" "js" (func $js (param i32 externref) (result externref))) (import "env" "memory" (memory 1))
                  (table (export "t") 1 funcref) (global (export "g") (mut i32) (i32.const 0))
                  (func $start i32.const -1 ref.null extern call $js drop) (start $start)
                  (func (export "run") (param i32 externref) (result externref)
                    i32.const 1 memory.grow drop i32.const 0 i32.const 7 i32.store8
                    local.get 0 local.get 1 call $js
                    global.get 0 i32.const 1 i32.add global.set 0))"#,
            ),
            (
                "main.js",
                r#"
                const memory = new WebAssembly.Memory({ initial: 1 });
                const table = new WebAssembly.Table({ initial: 1, element: "anyfunc" });
                let inside = 0, made = 0, top;
                const js = (n, x) => {
                  if (inside > 5) return x;
                  inside++;
                  try {
                    // Each of these enters the engine while it is running.
                    memory.grow(1); table.grow(1);
                    const inner = made < 6 ? (made++, __wasm_import("./m.wasm", { env: { get js() { memory.grow(0); return js; }, memory } })) : top;
                    if (inner) { top = inner; table.set(0, inner.run); inner.g.value = { valueOf() { return table.get(0)(n - 1, { valueOf: 1 }) ? 1 : 2; } }; inner.run({ valueOf() { return inner.run(0, x) === x ? 5 : 6; } }, x); }
                    WebAssembly.validate({ get x() { throw 1; } }.y ?? new Uint8Array(memory.buffer, 0, 8));
                    return x;
                  } finally { inside--; }
                };
                const { run } = __wasm_import("./m.wasm", { env: { js, memory } });
                const token = {};
                console.log(run(3, token) === token, made, memory.buffer.byteLength > 65536 * 10, new Uint8Array(memory.buffer)[0], inside);
                "#,
            ),
        ],
        "true 6 true 7 0",
    );
}
