//! HAZARDS B1 to B5: buffers that alias linear memory, and what tries to keep them too long.

use sinew::{JsHost, WasmEngine};

use super::MEMORY;
use crate::fixture::{Folder, prints};

on_every_pair! {
    b1_no_way_to_part_a_buffer_from_its_memory,
    b2_growth_in_every_argument_of_every_builtin,
    b2_stale_views_see_nothing,
    b4_views_after_unload_in_the_middle_of_a_builtin,
    b5_big_buffers,
}

fn b1_no_way_to_part_a_buffer_from_its_memory<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[
            ("m.wasm", MEMORY),
            (
                "main.js",
                r#"
                import { memory, write, read, grow } from "./m.wasm";
                class Sub extends ArrayBuffer {}
                const failed = [];
                const check = (what) => { if (memory.buffer.byteLength % 65536 || memory.buffer.byteLength === 0) failed.push(what); };
                const buffers = () => [memory.buffer, memory.toFixedLengthBuffer?.(), memory.toResizableBuffer?.()].filter((b) => b !== undefined);
                // Whatever takes a buffer from its owner.
                const ways = [];
                for (const name of Object.getOwnPropertyNames(ArrayBuffer.prototype)) {
                  if (!name.startsWith("transfer")) continue;
                  for (const length of [undefined, 65536, 0, 1, 1 << 20, { valueOf() { grow(1); return 65536; } }, { valueOf() { throw new TypeError("user"); } }]) {
                    ways.push([name, (b) => ArrayBuffer.prototype[name].call(b, length)], [name, (b) => Reflect.apply(b[name], b, length === undefined ? [] : [length])]);
                  }
                }
                if (typeof structuredClone === "function") ways.push(["structuredClone", (b) => structuredClone(b, { transfer: [b] })]);
                if (typeof MessageChannel === "function") ways.push(["postMessage", (b) => new MessageChannel().port1.postMessage(b, [b])]);
                for (const [what, way] of ways) {
                  for (const buffer of buffers()) {
                    try { way(buffer); failed.push(what); } catch (e) { if (!(e instanceof TypeError) && e?.name !== "DataCloneError") failed.push(what + " " + e); }
                    check(what);
                  }
                }
                // A memory's buffer shrinks in no way, and grows by whole pages only.
                for (const length of [0, 1, 65535, 65537, -1, NaN, 2 ** 53, Infinity, 201 * 65536]) {
                  for (const buffer of buffers()) { try { buffer.resize?.(length); if (buffer.resize) failed.push("resize " + length); } catch (e) { if (!(e instanceof RangeError || e instanceof TypeError)) failed.push(String(e)); } }
                  check("resize");
                }
                // A species decides what slice returns, not what it copies.
                Object.defineProperty(memory.buffer, "constructor", { value: { [Symbol.species]: function () { return memory.buffer; } } });
                try { memory.buffer.slice(0, 10); failed.push("slice to itself"); } catch (e) { if (!(e instanceof TypeError)) failed.push(String(e)); }
                Object.setPrototypeOf(memory.buffer, Sub.prototype);
                check("prototype");
                write(1, 42);
                const view = new Uint8Array(memory.toFixedLengthBuffer?.() ?? memory.buffer);
                grow(1);
                console.log(failed.join() || "none", read(1), view.length, new Uint8Array(memory.buffer)[1]);
                "#,
            ),
        ],
        "none 42 0 42",
    );
}

fn b2_growth_in_every_argument_of_every_builtin<J: JsHost, W: WasmEngine>() {
    let engine = format!("export const isBoa = {};", J::NAME == "boa");
    prints::<J, W>(
        &[
            ("m.wasm", MEMORY),
            ("engine.js", &engine),
            (
                "main.js",
                r#"
                import { isBoa } from "./engine.js";
                // Boa 0.22 panics: "Set cannot fail here".
                const known = (C, name) => isBoa && name === "filter" && C.name.startsWith("Big");
                let memory, grow, calls = 0;
                const renew = () => ({ memory, grow } = __wasm_import("./m.wasm", {}));
                renew();
                const attack = () => { if (memory.buffer.byteLength < 100 * 65536) grow(1); };
                const answers = (x) => ({ valueOf() { attack(); return x; }, toString() { attack(); return String(x); } });
                // Each may be an index, a value, a callback, an array, an iterable.
                const evil = [
                  () => answers(1), () => answers(1n), () => answers(-1),
                  () => function () { attack(); return 1; }, () => function () { attack(); return 0n; }, () => function () { attack(); return true; },
                  () => ({ length: 3, get 0() { attack(); return 1; }, get 1() { attack(); return 2n; } }),
                  () => ({ get length() { attack(); return 2; } }),
                  () => [1, 2, 3].map(answers), () => ({ *[Symbol.iterator]() { attack(); yield answers(1); attack(); } }),
                ];
                const Typed = Object.getPrototypeOf(Uint8Array), kinds = [];
                for (const name of Object.getOwnPropertyNames(globalThis)) {
                  const C = globalThis[name];
                  if (typeof C === "function" && Object.getPrototypeOf(C) === Typed) kinds.push(C);
                }
                const species = (C) => { class S extends C { static get [Symbol.species]() { return function (...a) { attack(); return new C(...a); }; } } return S; };
                const attempt = (f) => {
                  calls++;
                  try { f(); } catch (e) {
                    if (!(e instanceof TypeError || e instanceof RangeError || e instanceof SyntaxError)) throw e;
                  }
                  if (memory.buffer.byteLength >= 90 * 65536) renew();
                };
                const methods = (o) => Object.getOwnPropertyNames(o).filter((n) => { const d = Object.getOwnPropertyDescriptor(o, n); return typeof d.value === "function" && n !== "constructor"; });
                const aimed = function* (names, args) {
                  for (const name of names) for (let at = 0; at < args; at++) for (const make of evil) yield [name, Array.from({ length: at + 1 }, (_, i) => (i === at ? make() : 0))];
                };
                for (const C of kinds) {
                  const names = methods(Typed.prototype), S = species(C);
                  for (const [name, args] of aimed(names, 2)) if (!known(C, name)) attempt(() => Typed.prototype[name].apply(new C(memory.buffer, 0, 4), args));
                  for (const name of ["slice", "map", "filter", "subarray"]) if (!known(C, name)) attempt(() => new S(memory.buffer, 0, 4)[name](() => 1));
                  for (const make of evil) {
                    attempt(() => { new C(memory.buffer, 0, 4)[0] = make(); });
                    attempt(() => new C(memory.buffer, make(), make()));
                    attempt(() => C.from(new C(memory.buffer, 0, 4), make()));
                    attempt(() => Object.defineProperty(new C(memory.buffer, 0, 4), 0, { value: make() }));
                    attempt(() => Reflect.set(new C(memory.buffer, 0, 4), 1, make()));
                  }
                }
                for (const [name, args] of aimed(methods(DataView.prototype), 3)) attempt(() => DataView.prototype[name].apply(new DataView(memory.buffer), args));
                for (const [name, args] of aimed(methods(ArrayBuffer.prototype), 2)) attempt(() => ArrayBuffer.prototype[name].apply(memory.buffer, args));
                if (typeof Atomics === "object") {
                  for (const name of methods(Atomics)) {
                    if (name.startsWith("wait") || name === "pause") continue;
                    for (const C of [Int32Array, BigInt64Array, Uint8Array]) for (let at = 1; at < 4; at++) for (const make of evil) {
                      attempt(() => Atomics[name](...Array.from({ length: at + 1 }, (_, i) => (i === 0 ? new C(memory.buffer, 0, 4) : i === at ? make() : C === BigInt64Array && i > 1 ? 0n : 0))));
                    }
                  }
                }
                for (const f of [(v) => new TextDecoder().decode(v), (v) => JSON.stringify(v, evil[3]()), (v) => [].concat(v, evil[9]()), (v) => Array.from(v, evil[3]()), (v) => new Map([v]), (v) => String.raw({ raw: v }, answers(1))]) attempt(() => f(new Uint8Array(memory.buffer, 0, 4)));
                console.log(calls > 2000, memory.buffer.byteLength > 0);
                "#,
            ),
        ],
        "true true",
    );
}

fn b2_stale_views_see_nothing<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[
            (
                "m.wasm",
                r#"(module (import "env" "again" (func $again (param i32))) (memory (export "memory") 1 100)
                  (func (export "deep") (param i32)
                    (if (local.get 0) (then (call $again (i32.sub (local.get 0) (i32.const 1))))
                      (else (drop (memory.grow (i32.const 1)))))))"#,
            ),
            (
                "main.js",
                r#"
                const seen = [];
                const { memory, deep } = __wasm_import("./m.wasm", { env: { again(n) {
                  // Views of each level are stale when the innermost has grown.
                  const bytes = new Uint8Array(memory.buffer), data = new DataView(memory.buffer), before = memory.buffer;
                  bytes[5] = 1;
                  deep(n);
                  let read = "";
                  try { data.getInt8(5); read = "read"; } catch (e) { read = e.name; }
                  seen.push([bytes.length, bytes[5], read, before.byteLength, memory.buffer === before].join(" "));
                } } });
                deep(5);
                console.log(new Set(seen).size, seen[0], seen.length, memory.buffer.byteLength);
                // In the middle of a built-in over a stale view.
                const view = new Uint8Array(memory.buffer); let n = 0, sum = 0;
                view.forEach((x) => { if (n++ === 3) deep(0); sum += x === undefined ? 0 : 1; });
                console.log(n === 4 || n === 131072, sum <= n, view.length);
                let held = new Uint8Array(memory.buffer), gone = held.subarray(8);
                memory.grow({ valueOf() { deep(0); return 1; } });
                gone[0] = 7;
                for (const f of [() => held.set([]), () => gone.fill(9), () => gone.copyWithin(0, 1), () => gone.sort()]) { try { f(); console.log("no error"); } catch (e) { if (!(e instanceof TypeError)) console.log(e.name); } }
                console.log(held.length, gone.length, gone[0], new Uint8Array(memory.buffer)[8]);
                "#,
            ),
        ],
        "1 0  TypeError 0 false 5 131072\ntrue true 0\n0 0 undefined 0",
    );
}

fn b4_views_after_unload_in_the_middle_of_a_builtin<J: JsHost, W: WasmEngine>() {
    let folder = Folder::new(&[
        ("m.wasm", MEMORY),
        (
            "main.js",
            r#"
            import * as m from "./m.wasm";
            globalThis.m = { ...m };
            globalThis.view = new Uint8Array(m.memory.buffer); globalThis.iterator = view[Symbol.iterator](); iterator.next();
            globalThis.entries = view.entries(); entries.next();
            globalThis.attempt = (f) => { try { return String(f()); } catch (e) { return e.constructor.name; } };
            "#,
        ),
    ]);
    let (builder, _) = folder.builder::<J, W>();
    let mut runtime = builder.build().unwrap();
    runtime.run_file(folder.path().join("main.js")).unwrap();
    let url = runtime
        .modules()
        .into_iter()
        .find(|m| m.key.ends_with("m.wasm"));
    runtime.unload(&url.unwrap().key).unwrap().unwrap();
    let eval = |source: &str| {
        let source = format!("attempt(() => {{ {source} }})");
        runtime.eval::<String>("x", &source).unwrap()
    };
    let results = [
        "iterator.next()",
        "entries.next()",
        "view[0] = 1; return view[0]",
        "return view.fill(3).length",
        "return new Uint8Array(m.memory.buffer).length",
        "m.memory.grow(1)",
        "m.grow(1)",
        "m.read(0)",
        "return view.slice(0, 5).length",
    ]
    .map(eval);
    for (n, result) in results.iter().enumerate() {
        let known = ["TypeError", "RuntimeError", "RangeError", "undefined", "0"];
        assert!(known.contains(&&**result), "{n}: {result}");
    }
    assert_eq!(results[7], "RuntimeError");
}

fn b5_big_buffers<J: JsHost, W: WasmEngine>() {
    let folder = Folder::new(&[(
        "main.js",
        r#"
        for (const pages of [32767, 32768, 32769, 65535, 65536]) {
          let memory;
          try { memory = new WebAssembly.Memory({ initial: pages }); } catch (e) { console.log(e instanceof RangeError ? "ok" : "not " + e); continue; }
          try {
            const buffer = memory.buffer, last = new Uint8Array(buffer, buffer.byteLength - 1);
            last[0] = 5;
            console.log(buffer.byteLength === pages * 65536 && last.length === 1 && last[0] === 5 ? "ok" : "not " + buffer.byteLength);
          } catch (e) { console.log(e instanceof RangeError ? "ok" : "not " + e); }
        }
        // Growing over the bound detaches the view, and what cannot be shown is no crash.
        const memory = new WebAssembly.Memory({ initial: 32767 });
        let view; try { view = new Uint8Array(memory.buffer); } catch {}
        try { memory.grow(2); } catch (e) { if (!(e instanceof RangeError)) console.log("not " + e); }
        try { console.log(memory.buffer.byteLength % 65536 === 0 ? "ok" : "not"); } catch (e) { console.log(e instanceof RangeError ? "ok" : "not " + e); }
        if (view && view.length !== 0 && view.length !== 32767 * 65536) console.log("not " + view.length);
        "#,
    )]);
    let (builder, output) = folder.builder::<J, W>();
    let limits = sinew::ResourceLimits {
        memory_bytes: 64 << 30,
        ..Default::default()
    };
    let mut runtime = builder.limits(limits).build().unwrap();
    runtime.run_file(folder.path().join("main.js")).unwrap();
    assert_eq!(output.text(), "ok\n".repeat(6));
}
