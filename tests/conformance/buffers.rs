//! `memory.buffer` aliases linear memory: HAZARDS B1 to B5, X7's neighbours.

use sinew::{JsHost, WasmEngine};

use crate::fixture::prints;

on_every_pair! {
    aliases_both_ways,
    growth_from_wasm_detaches,
    growth_from_javascript_detaches,
    b1_transfer_steals_no_alias,
    b2_growth_inside_builtins,
    b3_many_buffers_dropped,
    growth_inside_conversions,
    imported_memory_grows_under_javascript,
}

const MEMORY: &str = r#"(module (memory (export "memory") 1 100)
  (func (export "read") (param i32) (result i32) local.get 0 i32.load8_u)
  (func (export "write") (param i32 i32) local.get 0 local.get 1 i32.store8)
  (func (export "grow") (param i32) (result i32) local.get 0 memory.grow))"#;

fn aliases_both_ways<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[
            ("m.wasm", MEMORY),
            (
                "main.js",
                r#"
                import { memory, read, write } from "./m.wasm";
                const view = new Uint8Array(memory.buffer);
                write(5, 77); view[6] = 88;
                console.log(view[5], read(6), memory.buffer === memory.buffer, memory.buffer.byteLength, view.length);
                console.log(Object.prototype.toString.call(memory.buffer), memory.buffer.resizable ?? false);
                "#,
            ),
        ],
        "77 88 true 65536 65536\n[object ArrayBuffer] false",
    );
}

fn growth_from_wasm_detaches<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[
            ("m.wasm", MEMORY),
            (
                "main.js",
                r#"
                import { memory, read, write, grow } from "./m.wasm";
                const old = memory.buffer, view = new Uint8Array(old);
                view[9] = 9;
                console.log(grow(2), old.byteLength, view.length, view[9], memory.buffer === old, memory.buffer.byteLength);
                const now = new Uint8Array(memory.buffer);
                console.log(now[9], now[65536]); now[131072] = 3; console.log(read(131072));
                console.log(grow(1000), memory.buffer.byteLength, now.length);
                "#,
            ),
        ],
        "1 0 0 undefined false 196608\n9 0\n3\n-1 196608 196608",
    );
}

fn growth_from_javascript_detaches<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[
            ("m.wasm", MEMORY),
            (
                "main.js",
                r#"
                import { memory, read } from "./m.wasm";
                import { throws } from "./assert.js";
                const old = memory.buffer, view = new DataView(old);
                console.log(memory.grow(1), old.byteLength, memory.buffer.byteLength);
                throws(() => view.getInt8(0), TypeError);
                throws(() => memory.grow(1000), RangeError); throws(() => memory.grow(-1), TypeError);
                const same = memory.buffer; console.log(memory.grow(0), same.byteLength, memory.buffer !== same);
                const own = new WebAssembly.Memory({ initial: 1, maximum: 2 });
                const o = own.buffer; own.grow(1); console.log(o.byteLength, own.buffer.byteLength);
                "#,
            ),
        ],
        "1 0 131072\n2 0 true\n0 131072",
    );
}

fn b1_transfer_steals_no_alias<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[
            ("m.wasm", MEMORY),
            (
                "main.js",
                r#"
                import { memory, grow, write } from "./m.wasm";
                const AB = ArrayBuffer.prototype;
                let tried = 0;
                for (const name of ["transfer", "transferToFixedLength", "transferToImmutable"]) {
                  const method = AB[name];
                  if (!method) continue;
                  for (const length of [undefined, 65536, 10, 1000000, 0]) {
                    for (const call of [(f, b, a) => f.apply(b, a), (f, b, a) => Reflect.apply(f, b, a), (f, b, a) => b[name](...a)]) {
                      tried++;
                      try { call(method, memory.buffer, length === undefined ? [] : [length]); console.log(name, "stole", length); }
                      catch (e) { if (!(e instanceof TypeError)) console.log(name, e.name); }
                    }
                  }
                  const own = new Uint8Array([1, 2, 3]).buffer;
                  const moved = own[name](); if (moved.byteLength !== 3 || own.byteLength !== 0) console.log(name, "is broken for others");
                  if (method.name !== name || method.length !== 0) console.log(name, "looks different", method.name, method.length);
                }
                try { memory.buffer.resize(1); console.log("resized"); } catch (e) { if (!(e instanceof TypeError)) console.log(e.name); }
                const view = new Uint8Array(memory.buffer);
                write(1, 42); console.log(memory.buffer.byteLength, view[1]);
                grow(1); console.log(view.length);
                "#,
            ),
        ],
        "65536 42\n0",
    );
}

fn b2_growth_inside_builtins<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[
            ("m.wasm", MEMORY),
            (
                "main.js",
                r#"
                import { memory, grow } from "./m.wasm";
                const evil = () => ({ valueOf() { grow(1); return 1; }, toString() { grow(1); return "1"; } });
                const kinds = [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array, Float64Array];
                let calls = 0;
                for (const Kind of kinds) {
                  const attacks = [
                    (a) => a.fill(evil()), (a) => a.fill(1, evil()), (a) => a.set([evil(), 1, 2]), (a) => a.subarray(evil()),
                    (a) => a.slice(evil(), 100), (a) => a.copyWithin(evil(), 3), (a) => a.indexOf(0, evil()), (a) => a.includes(1, evil()),
                    (a) => a.map(() => (grow(1), 1)), (a) => a.forEach(() => grow(1)), (a) => a.subarray(0, 8).sort(() => (grow(1), 0)),
                    (a) => a.find(() => (grow(1), false)), (a) => a.reduce(() => grow(1), 0), (a) => a.join(evil()), (a) => { a[0] = evil(); },
                    (a) => Kind.from(a.subarray(0, 4), () => grow(1)), (a) => a.at(evil()), (a) => a.lastIndexOf(0, evil()),
                    (a) => new DataView(a.buffer).setInt8(evil(), evil()), (a) => a.with?.(evil(), evil()), (a) => a.subarray(0, 8).every(() => (grow(1), true)),
                  ];
                  for (const attack of attacks) {
                    // Few elements at the end of memory, so that endless callbacks end soon.
                    const array = new Kind(memory.buffer, 0, 8);
                    try { attack(array); } catch (e) { if (!(e instanceof TypeError || e instanceof RangeError)) console.log(e.name, e.message); }
                    calls++;
                    new Uint8Array(memory.buffer).fill(0, 0, 64);
                  }
                }
                console.log(calls, memory.buffer.byteLength);
                "#,
            ),
        ],
        "189 6553600",
    );
}

fn b3_many_buffers_dropped<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[
            ("m.wasm", MEMORY),
            (
                "main.js",
                r#"
                const keep = [];
                for (let i = 0; i < 300; i++) {
                  const { memory, write } = __wasm_import("./m.wasm", {});
                  write(0, i); keep.push(new Uint8Array(memory.buffer));
                }
                console.log(keep.every((v, i) => v[0] === (i & 255)));
                "#,
            ),
        ],
        "true",
    );
}

fn growth_inside_conversions<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[
            ("m.wasm", MEMORY),
            (
                "main.js",
                r#"
                import { memory, write, read, grow } from "./m.wasm";
                const before = memory.buffer;
                write({ valueOf() { grow(1); return 3; } }, { valueOf() { return new Uint8Array(memory.buffer).length / 65536; } });
                console.log(before.byteLength, read(3));
                "#,
            ),
        ],
        "0 2",
    );
}

fn imported_memory_grows_under_javascript<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[
            (
                "m.wasm",
                r#"(module (import "env" "memory" (memory 1)) (import "env" "seen" (func $seen (param i32)))
                  (func (export "run") i32.const 3 memory.grow drop memory.size call $seen))"#,
            ),
            (
                "main.js",
                r#"
                const memory = new WebAssembly.Memory({ initial: 1 });
                const view = new Uint8Array(memory.buffer);
                const { run } = __wasm_import("./m.wasm", { env: { memory, seen(pages) { console.log(pages, view.length, memory.buffer.byteLength); } } });
                run();
                "#,
            ),
        ],
        "4 0 262144",
    );
}
