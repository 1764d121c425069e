//! The type bridge: ToWebAssemblyValue and ToJSValue, and what crosses with its identity.

use sinew::{JsHost, WasmEngine};

use crate::fixture::prints;

on_every_pair! {
    scalars,
    conversions_run_before_wasm,
    failed_conversions,
    several_results,
    references,
    v128_is_a_type_error,
    exported_functions,
    functions_keep_their_identity,
    tables,
    globals,
    deep_nesting,
    many_parameters,
    instances_of_the_class_table,
}

const ECHO: &str = r#"(module
  (func (export "i32") (param i32) (result i32) local.get 0)
  (func (export "i64") (param i64) (result i64) local.get 0)
  (func (export "f32") (param f32) (result f32) local.get 0)
  (func (export "f64") (param f64) (result f64) local.get 0)
  (func (export "ref") (param externref) (result externref) local.get 0)
  (func (export "fun") (param funcref) (result funcref) local.get 0))"#;

fn scalars<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[
            ("echo.wasm", ECHO),
            (
                "main.js",
                r#"
                import { i32, i64, f32, f64 } from "./echo.wasm";
                import { eq } from "./assert.js";
                for (const [v, x] of [[0, 0], [-0, 0], [1.9, 1], [-1.9, -1], [2 ** 31, -(2 ** 31)], [2 ** 32 + 5, 5],
                    [-(2 ** 31) - 1, 2 ** 31 - 1], [NaN, 0], [Infinity, 0], ["12", 12], ["x", 0], [true, 1], [null, 0],
                    [undefined, 0], [{ valueOf: () => 7 }, 7], [[], 0], [[3], 3], [2 ** 53 + 2, 2], [1e300, 0], [new Date(5), 5]]) {
                  eq(i32(v), x, `i32 ${String(v)}`);
                }
                eq(i32(), 0); eq(i32(1, 2, 3), 1);
                for (const [v, x] of [[0n, 0n], [-1n, -1n], [2n ** 63n, -(2n ** 63n)], [2n ** 64n + 3n, 3n], [-(2n ** 63n) - 1n, 2n ** 63n - 1n],
                    ["12", 12n], [true, 1n], [{ valueOf: () => 7n }, 7n], [2n ** 40n, 2n ** 40n], [2n ** 200n + 1n, 1n]]) {
                  eq(i64(v), x, `i64 ${String(v)}`);
                }
                for (const [v, x] of [[0.1, Math.fround(0.1)], [-0, -0], [NaN, NaN], [Infinity, Infinity], [1e300, Infinity], ["1.5", 1.5], [undefined, NaN], [16777217, 16777216]]) {
                  eq(f32(v), x, `f32 ${String(v)}`);
                }
                for (const [v, x] of [[0.1, 0.1], [-0, -0], [NaN, NaN], [-Infinity, -Infinity], [5e-324, 5e-324], ["1.5", 1.5], [null, 0], [false, 0], [2 ** 53, 2 ** 53]]) {
                  eq(f64(v), x, `f64 ${String(v)}`);
                }
                eq(f64(), NaN);
                console.log("ok");
                "#,
            ),
        ],
        "ok",
    );
}

fn conversions_run_before_wasm<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[
            (
                "m.wasm",
                r#"(module (import "./log.js" "log" (func $log (param i32)))
                  (func (export "f") (param i32 i32 i32) i32.const 0 call $log))"#,
            ),
            (
                "log.js",
                "export const order = []; export function log() { order.push('wasm'); }",
            ),
            (
                "main.js",
                r#"
                import { f } from "./m.wasm";
                import { order } from "./log.js";
                const v = (name, fail) => ({ valueOf() { order.push(name); if (fail) throw new Error(name); return 1; } });
                f(v("a"), v("b"), v("c"));
                try { f(v("d"), v("e", true), v("g")); } catch (e) { order.push("threw " + e.message); }
                console.log(order.join(" "));
                "#,
            ),
        ],
        "a b c wasm d e threw e",
    );
}

fn failed_conversions<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[
            ("echo.wasm", ECHO),
            (
                "m.wasm",
                r#"(module (import "./env.js" "f" (func $f (result i64))) (func (export "g") (result i64) call $f))"#,
            ),
            ("env.js", "export const f = () => 5;"),
            (
                "main.js",
                r#"
                import { i32, i64, f64, fun } from "./echo.wasm";
                import { g } from "./m.wasm";
                import { throws } from "./assert.js";
                throws(() => i32(1n), TypeError); throws(() => i32(Symbol()), TypeError);
                throws(() => i64(1), TypeError); throws(() => i64(undefined), TypeError); throws(() => i64(null), TypeError);
                throws(() => i64("x"), SyntaxError); throws(() => f64(1n), TypeError);
                throws(() => fun(() => {}), TypeError); throws(() => fun({}), TypeError); throws(() => fun(undefined), TypeError);
                throws(g, TypeError);
                const error = new RangeError("mine");
                try { i32({ valueOf() { throw error; } }); } catch (e) { console.log(e === error); }
                "#,
            ),
        ],
        "true",
    );
}

fn several_results<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[
            (
                "m.wasm",
                r#"(module
                  (import "./env.js" "pair" (func $pair (result i32 i64)))
                  (import "./env.js" "mixed" (func $mixed (param externref) (result externref f64)))
                  (func (export "four") (result i32 i64 f32 f64) i32.const 1 i64.const 2 f32.const 3.5 f64.const 4.25)
                  (func (export "swap") (result i64 i32) (local i32 i64) call $pair local.set 1 local.set 0 local.get 1 local.get 0)
                  (func (export "mixed") (param externref) (result externref f64) local.get 0 call $mixed))"#,
            ),
            (
                "env.js",
                r#"
                export let next = [1, 2n];
                export const set = (v) => { next = v; };
                export const pair = () => next;
                export const mixed = (x) => new Set([x, 0.5]);
                "#,
            ),
            (
                "main.js",
                r#"
                import { four, swap, mixed } from "./m.wasm";
                import { set } from "./env.js";
                import { eq, throws } from "./assert.js";
                const r = four();
                console.log(Array.isArray(r), r.length, r[0], r[1], r[2], r[3]);
                console.log(swap().join());
                set(function* () { yield "7"; yield 8n; }()); console.log(swap().join());
                const o = {}; eq(mixed(o)[0], o); eq(mixed(o)[1], 0.5);
                for (const bad of [[1], [1, 2n, 3], 5, null, undefined, {}, { [Symbol.iterator]: 1 }, [1, 2]]) { set(bad); throws(swap, TypeError); }
                "#,
            ),
        ],
        "true 4 1 2n 3.5 4.25\n2,1\n8,7",
    );
}

fn references<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[
            ("echo.wasm", ECHO),
            (
                "keep.wasm",
                r#"(module (table (export "t") 2 externref) (global $g (mut externref) (ref.null extern))
                  (func (export "put") (param externref) local.get 0 global.set $g)
                  (func (export "get") (result externref) global.get $g)
                  (func (export "isNull") (param externref) (result i32) local.get 0 ref.is_null))"#,
            ),
            (
                "main.js",
                r#"
                import { ref, fun } from "./echo.wasm";
                import { put, get, isNull, t } from "./keep.wasm";
                import { eq } from "./assert.js";
                const values = [{}, [], () => {}, Symbol("s"), "text", 1, -0, NaN, 1n << 70n, true, undefined, null, new Proxy({}, {}), class {}];
                for (const v of values) { eq(ref(v), v); put(v); eq(get(), v); t.set(0, v); eq(t.get(0), v); eq(isNull(v), v === null ? 1 : 0); }
                eq(ref(), undefined);
                eq(fun(null), null); eq(fun(fun), fun);
                const o = {}; for (let i = 0; i < 1000; i++) { put(o); eq(get(), o); }
                console.log("ok");
                "#,
            ),
        ],
        "ok",
    );
}

fn v128_is_a_type_error<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[
            (
                "m.wasm",
                r#"(module
                  (import "./env.js" "f" (func $f (param v128)))
                  (global (export "g") v128 (v128.const i64x2 1 2))
                  (func (export "in") (param v128))
                  (func (export "out") (result v128) v128.const i64x2 0 0)
                  (func (export "call") v128.const i64x2 0 0 call $f))"#,
            ),
            (
                "env.js",
                "export let called = 0; export function f() { called++; }",
            ),
            (
                "main.js",
                r#"
                import * as m from "./m.wasm";
                import { called } from "./env.js";
                import { throws } from "./assert.js";
                throws(() => m.in(1), TypeError, "v128"); throws(() => m.out(), TypeError, "v128"); throws(() => m.call(), TypeError, "v128");
                throws(() => __wasm_import("./m.wasm", { "./env.js": { f() {} } }).g.value, TypeError, "v128");
                console.log(called);
                "#,
            ),
        ],
        "0",
    );
}

fn exported_functions<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[
            (
                "m.wasm",
                r#"(module (import "./env.js" "f" (func $imported))
                  (func (export "zero")) (func (export "two") (param i32 i32)) (func)
                  (func (export "five") (param i32 i64 f32 f64 externref)))"#,
            ),
            ("env.js", "export function f() {}"),
            (
                "main.js",
                r#"
                import { zero, two, five } from "./m.wasm";
                import { throws } from "./assert.js";
                console.log(zero.name, two.name, five.name, zero.length, two.length, five.length);
                console.log(typeof zero, zero instanceof Function, "prototype" in zero, Object.isExtensible(zero), Object.getPrototypeOf(zero) === WebAssembly.Function.prototype);
                throws(() => new zero(), TypeError);
                throws(() => Reflect.construct(Object, [], zero), TypeError);
                console.log(Object.getOwnPropertyNames(zero).sort().join(), /native code/.test(Function.prototype.toString.call(zero)));
                const d = Object.getOwnPropertyDescriptor(two, "length"); console.log(d.value, d.writable, d.enumerable, d.configurable);
                console.log(zero.call(1), zero.apply(null, [1, 2]), zero.bind()());
                "#,
            ),
        ],
        "1 2 4 0 2 5\nfunction true false true true\nlength,name true\n2 false false true\nundefined undefined undefined",
    );
}

fn functions_keep_their_identity<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[
            (
                "a.wasm",
                r#"(module (table (export "t") 3 funcref) (elem (i32.const 0) $f $f $hidden)
                  (func $f (export "f") (export "g") (param i32)) (func $hidden (result i32) i32.const 3)
                  (func (export "ref") (result funcref) ref.func $f)
                  (global (export "gf") funcref (ref.func $f)))"#,
            ),
            (
                "b.wasm",
                r#"(module (import "./a.wasm" "f" (func $f (param i32))) (import "./a.wasm" "t" (table $t 3 funcref))
                  (export "f2" (func $f)) (export "t2" (table $t))
                  (func (export "slot") (param i32) (result funcref) local.get 0 table.get $t))"#,
            ),
            (
                "c.wasm",
                r#"(module (import "./js.js" "host" (func $h (param i32))) (export "h" (func $h)) (export "h2" (func $h)))"#,
            ),
            ("js.js", "export const host = (x) => x; "),
            (
                "main.js",
                r#"
                import * as a from "./a.wasm";
                import * as b from "./b.wasm";
                import * as c from "./c.wasm";
                import { host } from "./js.js";
                console.log(a.f === a.g, a.t.get(0) === a.f, a.t.get(1) === a.f, a.ref() === a.f, a.gf === a.f, b.f2 === a.f, b.slot(0) === a.f, b.t2 === a.t);
                const hidden = a.t.get(2); console.log(hidden(), hidden === a.t.get(2), hidden === b.slot(2), hidden !== a.f, hidden.length);
                console.log(c.h === c.h2, c.h !== host, c.h.length);
                a.f.mark = 1; console.log(a.t.get(0).mark);
                "#,
            ),
        ],
        "true true true true true true true true\n3 true true true 0\ntrue true 1\n1",
    );
}

fn tables<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[
            (
                "m.wasm",
                r#"(module (table (export "t") 2 5 funcref) (func (export "f") (result i32) i32.const 1)
                  (type $s (func (result i32)))
                  (func (export "call") (param i32) (result i32) local.get 0 call_indirect (type $s)))"#,
            ),
            (
                "main.js",
                r#"
                import { t, f, call } from "./m.wasm";
                import { throws } from "./assert.js";
                console.log(t instanceof WebAssembly.Table, t.length, t.get(0));
                t.set(0, f); console.log(call(0), t.grow(2), t.length, t.get(3)); t.set(3, f); console.log(call(3));
                throws(() => t.get(4), RangeError); throws(() => t.set(9, f), RangeError); throws(() => t.grow(10), RangeError);
                throws(() => t.set(0, () => 1), TypeError); throws(() => t.get(-1), TypeError); throws(() => t.get("x"), TypeError);
                throws(() => call(1), WebAssembly.RuntimeError); throws(() => call(100), WebAssembly.RuntimeError);
                throws(() => WebAssembly.Table.prototype.get.call({}, 0), TypeError);
                t.set(0, null); console.log(t.get(0));
                const own = new WebAssembly.Table({ element: "externref", initial: 1 }, "x"); console.log(own.get(0), own.length);
                "#,
            ),
        ],
        "true 2 null\n1 2 4 null\n1\nnull\nx 1",
    );
}

fn globals<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[
            (
                "m.wasm",
                r#"(module (global (export "c") i64 (i64.const 5)) (global $v (export "v") (mut f64) (f64.const 0.5))
                  (func (export "read") (result f64) global.get $v))"#,
            ),
            (
                "user.wasm",
                r#"(module (import "env" "g" (global $g (mut i32))) (func (export "bump") global.get $g i32.const 1 i32.add global.set $g))"#,
            ),
            (
                "main.js",
                r#"
                import { throws } from "./assert.js";
                const { c, v, read } = __wasm_import("./m.wasm");
                console.log(c instanceof WebAssembly.Global, c.value, v.value, v.valueOf());
                v.value = "1.25"; console.log(read(), v.value);
                throws(() => { c.value = 1n; }, TypeError); throws(() => { v.value = 1n; }, TypeError);
                const g = new WebAssembly.Global({ value: "i32", mutable: true }, 41);
                __wasm_import("./user.wasm", { env: { g } }).bump(); console.log(g.value);
                throws(() => __wasm_import("./user.wasm", { env: { g: 1 } }), WebAssembly.LinkError, "mutable global i32");
                "#,
            ),
        ],
        "true 5n 0.5 0.5\n1.25 1.25\n42",
    );
}

fn deep_nesting<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[
            (
                "m.wasm",
                r#"(module (import "./js.js" "down" (func $down (param i32) (result i32)))
                  (func (export "step") (param i32) (result i32) local.get 0 call $down i32.const 1 i32.add))"#,
            ),
            (
                "js.js",
                "import { step } from './m.wasm'; export function down(n) { return n === 0 ? 0 : step(n - 1); }",
            ),
            (
                "main.js",
                "import { step } from './m.wasm'; console.log(step(40), step(0));",
            ),
        ],
        "41 1",
    );
}

fn many_parameters<J: JsHost, W: WasmEngine>() {
    let params = "i32 ".repeat(40);
    let adds: String = (0..40).map(|i| format!("local.get {i} i32.add ")).collect();
    let args: Vec<String> = (1..=40).map(|i| i.to_string()).collect();
    let results: String = (0..20).map(|i| format!("i32.const {i} ")).collect();
    prints::<J, W>(
        &[
            (
                "m.wasm",
                &format!(
                    r#"(module
                    (import "./js.js" "sum" (func $sum (param {params}) (result i32)))
                    (func $own (export "own") (param {params}) (result i32) i32.const 0 {adds})
                    (func (export "js") (param {params}) (result i32) {gets} call $sum)
                    (func (export "twenty") (result {}) {results}))"#,
                    "i32 ".repeat(20),
                    gets = (0..40)
                        .map(|i| format!("local.get {i} "))
                        .collect::<String>(),
                ),
            ),
            (
                "js.js",
                "export const sum = (...xs) => xs.reduce((a, b) => a + b, 0);",
            ),
            (
                "main.js",
                &format!(
                    "import {{ own, js, twenty }} from './m.wasm'; console.log(own({0}), js({0}), twenty().join());",
                    args.join(",")
                ),
            ),
        ],
        "820 820 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19",
    );
}

fn instances_of_the_class_table<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[
            (
                "m.wasm",
                r#"(module (memory (export "m") 1) (table (export "t") 1 funcref) (global (export "g") i32 (i32.const 1)))"#,
            ),
            (
                "main.js",
                r#"
                import { m, t } from "./m.wasm";
                const { g } = __wasm_import("./m.wasm");
                for (const [v, C] of [[m, WebAssembly.Memory], [t, WebAssembly.Table], [g, WebAssembly.Global]]) {
                  console.log(v instanceof C, Object.getPrototypeOf(v) === C.prototype, String(v), Object.isExtensible(v), Object.keys(v).length);
                }
                const bytes = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]);
                console.log(WebAssembly.validate(bytes), WebAssembly.validate(new Uint8Array(3)), new WebAssembly.Module(bytes) instanceof WebAssembly.Module);
                const { module, instance } = await WebAssembly.instantiate(bytes);
                console.log(module instanceof WebAssembly.Module, instance instanceof WebAssembly.Instance, Object.keys(instance.exports).length);
                const e = new WebAssembly.CompileError("x", { cause: 1 }); console.log(e instanceof Error, e.name, e.message, e.cause, WebAssembly.LinkError("y").message);
                "#,
            ),
        ],
        "true true [object WebAssembly.Memory] true 0\ntrue true [object WebAssembly.Table] true 0\ntrue true [object WebAssembly.Global] true 0\ntrue false true\ntrue true 0\ntrue CompileError x 1 y",
    );
}
