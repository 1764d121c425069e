//! HAZARDS X6: what user code sees of the order in which arguments are read.

use sinew::{JsHost, WasmEngine};

use super::MEMORY;
use crate::fixture::prints;

on_every_pair! {
    x6_descriptors_are_read_in_order,
    x6_new_targets_without_a_prototype,
    x6_arguments_are_converted_in_order,
    x6_imports_are_read_before_anything_happens,
    x6_import_getters_do_their_worst,
}

/// The tools of the tests of order.
const ORDER: &str = r#"
let log = [];
const text = (x) => typeof x === "symbol" ? "@@" + x.description.replace("Symbol.", "") : String(x);
globalThis.seeing = (name, object) => new Proxy(object, { get(t, k) { log.push(`${name}.${text(k)}`); return Reflect.get(t, k); }, has(t, k) { log.push(`${text(k)} in ${name}`); return k in t; },
  ownKeys(t) { log.push(`keys of ${name}`); return Reflect.ownKeys(t); }, getPrototypeOf(t) { log.push(`proto of ${name}`); return Reflect.getPrototypeOf(t); }, getOwnPropertyDescriptor(t, k) { log.push(`own ${text(k)} of ${name}`); return Reflect.getOwnPropertyDescriptor(t, k); } });
globalThis.converting = (name, value) => ({ [Symbol.toPrimitive](hint) { log.push(`${name} to ${hint}`); return value; } });
globalThis.iterating = (name, values) => ({ get [Symbol.iterator]() { log.push(`${name}.@@iterator`); return () => { let i = 0; return { get next() { log.push(`${name}.next`); return () => i < values.length ? { value: values[i++] } : { done: true }; } }; }; } });
globalThis.target = new Proxy(function () {}, { get(t, k) { log.push(`target.${text(k)}`); return t[k]; } });
globalThis.order = (expected, f) => {
  log = []; let end = "";
  try { f(); } catch (e) { end = " ! " + e.constructor.name; }
  const found = log.join(", ") + end;
  if (found !== expected) console.log(`expected: ${expected}\n   found: ${found}\n      in: ${f}`);
};
"#;

fn ordered<J: JsHost, W: WasmEngine>(main: &str) {
    prints::<J, W>(
        &[
            ("m.wasm", MEMORY),
            ("order.js", ORDER),
            ("main.js", &format!("import './order.js';\n{main}")),
        ],
        "",
    );
}

/// [WebIDL](https://webidl.spec.whatwg.org/#js-dictionary): the members of a dictionary are read one by
/// one, each converted when read; a required one that is missing throws at once. Their order and the
/// time of the conversion of numbers are those of the web platform tests. Then `prototype` of the
/// [new target](https://webidl.spec.whatwg.org/#internally-create-a-new-object-implementing-the-interface)
/// is read; then come the constructor's steps.
fn x6_descriptors_are_read_in_order<J: JsHost, W: WasmEngine>() {
    ordered::<J, W>(
        r#"
        const { Memory, Table, Global, Tag, Exception, Module } = WebAssembly;
        // Beside the specification's members there are those of the proposals: shared (threads) and minimum (type reflection).
        const memory = (extra) => ({ address: converting("address", "i32"), initial: converting("initial", 1), maximum: converting("maximum", 2), ...extra });
        const all = "d.address, address to string, d.initial, initial to number, d.maximum, maximum to number, d.minimum, d.shared, target.prototype";
        order(all, () => Reflect.construct(Memory, [seeing("d", memory())], target));
        order(all + " ! RangeError", () => Reflect.construct(Memory, [seeing("d", memory({ initial: converting("initial", 3) }))], target));
        order("d.address, address to string ! TypeError", () => Reflect.construct(Memory, [seeing("d", memory({ address: converting("address", "i33") }))], target));
        order("d.address, address to string, d.initial, initial to number ! TypeError", () => Reflect.construct(Memory, [seeing("d", memory({ initial: converting("initial", -1) }))], target));
        order(" ! TypeError", () => Reflect.construct(Memory, [1], target));
        order(" ! TypeError", () => Reflect.construct(Memory, [], target));
        order(" ! TypeError", () => Memory(seeing("d", memory())));

        const table = (extra) => ({ address: converting("address", "i32"), element: converting("element", "anyfunc"), initial: converting("initial", 1), maximum: converting("maximum", 2), ...extra });
        const each = "d.element, element to string, d.address, address to string, d.initial, initial to number, d.maximum, maximum to number, d.minimum, target.prototype";
        order(each, () => Reflect.construct(Table, [seeing("d", table())], target));
        order(each + " ! TypeError", () => Reflect.construct(Table, [seeing("d", table()), {}], target));
        order("d.element, element to string ! TypeError", () => Reflect.construct(Table, [seeing("d", table({ element: converting("element", "i33") }))], target));
        order("d.element ! TypeError", () => Reflect.construct(Table, [seeing("d", {})], target));

        order("d.mutable, d.value, value to string, target.prototype, v to number", () => Reflect.construct(Global, [seeing("d", { mutable: converting("mutable", 0), value: converting("value", "i32") }), converting("v", 1)], target));
        order("d.mutable, d.value ! TypeError", () => Reflect.construct(Global, [seeing("d", {}), converting("v", 1)], target));
        order("d.mutable, d.value, value to string ! TypeError", () => Reflect.construct(Global, [seeing("d", { value: converting("value", "i33") }), converting("v", 1)], target));
        order("d.mutable, d.value, target.prototype, v to number ! TypeError", () => Reflect.construct(Global, [seeing("d", { value: "i64" }), converting("v", 1)], target));
        order("d.mutable, d.value, target.prototype ! TypeError", () => Reflect.construct(Global, [seeing("d", { value: "v128" }), converting("v", 1)], target));

        order(" ! TypeError", () => Reflect.construct(Module, [{}], target));
        order(" ! TypeError", () => Reflect.construct(WebAssembly.Instance, [{}], target));
        order("target.prototype ! CompileError", () => Reflect.construct(Module, [new Uint8Array(3)], target));

        if (Tag) {
          order("d.parameters, p.@@iterator, p.next, one to string, target.prototype", () => Reflect.construct(Tag, [seeing("d", { parameters: iterating("p", [converting("one", "i32"), "i64"]) })], target));
          order("d.parameters, p.@@iterator, p.next, one to string ! TypeError", () => Reflect.construct(Tag, [seeing("d", { parameters: iterating("p", [converting("one", "i33"), converting("two", "i64")]) })], target));
          order("d.parameters ! TypeError", () => Reflect.construct(Tag, [seeing("d", {})], target));
          order("d.parameters ! TypeError", () => Reflect.construct(Tag, [seeing("d", { parameters: { length: 0 } })], target));
        }
        if (Exception) {
          const tag = new Tag({ parameters: ["i32", "i32"] });
          order("p.@@iterator, p.next, o.traceStack, target.prototype, one to number, two to number", () => Reflect.construct(Exception, [tag, iterating("p", [converting("one", 1), converting("two", 2)]), seeing("o", { traceStack: 0 })], target));
          order(" ! TypeError", () => Reflect.construct(Exception, [{}, iterating("p", []), seeing("o", {})], target));
          order("p.@@iterator, p.next, o.traceStack, target.prototype ! TypeError", () => Reflect.construct(Exception, [tag, iterating("p", [converting("one", 1)]), seeing("o", {})], target));
          order("p.@@iterator, p.next, target.prototype ! TypeError", () => Reflect.construct(Exception, [WebAssembly.JSTag, iterating("p", [1])], target));
        }
        "#,
    );
}

/// [GetPrototypeFromConstructor](https://tc39.es/ecma262/#sec-getprototypefromconstructor): what is no
/// object is replaced by the class's own prototype, never by that of a class it is made with.
fn x6_new_targets_without_a_prototype<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[(
            "main.js",
            r#"
            const module = new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]));
            const tag = WebAssembly.Tag && new WebAssembly.Tag({ parameters: [] });
            const classes = { Module: [new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])], Instance: [module], Memory: [{ initial: 0 }], Table: [{ initial: 0, element: "anyfunc" }],
              Global: [{ value: "i32" }, 1], Tag: [{ parameters: [] }], Exception: [tag, []], CompileError: ["m"], LinkError: ["m"], RuntimeError: ["m", { cause: 1 }] };
            for (const [name, args] of Object.entries(classes)) {
              const C = WebAssembly[name];
              if (!C) continue;
              for (const prototype of [undefined, null, 1, "text", Symbol("s"), 1n, true]) {
                const target = function () {}.bind(); target.prototype = prototype;
                const made = Reflect.construct(C, args, target);
                if (Object.getPrototypeOf(made) !== C.prototype) console.log(name, typeof prototype, Object.getPrototypeOf(made) === Error.prototype ? "Error.prototype" : "another");
              }
              const prototype = () => {}, target = new Proxy(function () {}, { get: () => prototype });
              if (Object.getPrototypeOf(Reflect.construct(C, args, target)) !== prototype) console.log(name, "not the one it has");
              const thrown = {};
              try { Reflect.construct(C, args, new Proxy(function () {}, { get() { throw thrown; } })); console.log(name, "threw nothing"); } catch (e) { if (e !== thrown) console.log(name, String(e)); }
              const { proxy, revoke } = Proxy.revocable(function () {}, {}); revoke();
              try { Reflect.construct(C, args, proxy); console.log(name, "threw nothing"); } catch (e) { if (!(e instanceof TypeError)) console.log(name, String(e)); }
            }
            "#,
        )],
        "",
    );
}

fn x6_arguments_are_converted_in_order<J: JsHost, W: WasmEngine>() {
    ordered::<J, W>(
        r#"
        const table = new WebAssembly.Table({ initial: 2, element: "anyfunc" }), externs = new WebAssembly.Table({ initial: 2, element: "externref" });
        const global = new WebAssembly.Global({ value: "i32", mutable: true }, 1), constant = new WebAssembly.Global({ value: "i32" }, 1);
        const memory = new WebAssembly.Memory({ initial: 1, maximum: 2 });
        const { get, set, grow } = WebAssembly.Table.prototype;
        // The brand first, then the index, then the value, then the bounds.
        order(" ! TypeError", () => get.call({}, converting("index", 0)));
        order("index to number ! TypeError", () => set.call(table, converting("index", 9), {}));
        order("index to number ! RangeError", () => set.call(table, converting("index", 9), null));
        order("index to number ! TypeError", () => grow.call(table, converting("index", 1), {}));
        order("index to number ! RangeError", () => get.call(table, converting("index", 2)));
        order("index to number ! TypeError", () => get.call(table, converting("index", 2 ** 32)));
        order("index to number", () => set.call(externs, converting("index", 1), converting("value", 1)));
        order(" ! TypeError", () => { constant.value = converting("value", 1); });
        order("value to number", () => { global.value = converting("value", 1); });
        order(" ! TypeError", () => WebAssembly.Memory.prototype.grow.call(table, converting("delta", 1)));
        order("delta to number ! RangeError", () => memory.grow(converting("delta", 2)));
        // Without the required argument nothing is converted.
        order(" ! TypeError", () => memory.grow());
        order(" ! TypeError", () => table.set());
        order(" ! TypeError", () => table.get());
        order(" ! TypeError", () => table.grow());
        const module = new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]));
        order(" ! TypeError", () => WebAssembly.Module.customSections(module));
        order(" ! TypeError", () => WebAssembly.Module.customSections({}, converting("name", "x")));
        order("name to string", () => WebAssembly.Module.customSections(module, converting("name", "x")));
        order(" ! TypeError", () => new WebAssembly.Instance(module, null));
        order(" ! TypeError", () => new WebAssembly.Instance(module, 1));
        order("", () => new WebAssembly.Instance(module, seeing("imports", {})));
        // Each argument of a call, also after one that throws nothing; missing ones are undefined.
        const { write } = __wasm_import("./m.wasm", {});
        order("a to number, b to number", () => write(converting("a", 1), converting("b", 2), converting("c", 3)));
        order("a to number ! TypeError", () => write(converting("a", 1n), converting("b", 2)));
        order("a to number", () => write(converting("a", 1)));
        "#,
    );
}

fn x6_imports_are_read_before_anything_happens<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[
            (
                "m.wasm",
                r#"(module (import "a" "f" (func $f)) (import "a" "m" (memory 1)) (import "b" "t" (table 2 funcref)) (import "b" "g" (global $g (mut i32))) (import "a" "last" (func))
                  (data (i32.const 0) "W") (elem (i32.const 0) $f) (func $start (global.set $g (i32.const 9)) (call $f)) (start $start))"#,
            ),
            (
                "main.js",
                r#"
                const m = new WebAssembly.Memory({ initial: 1 }), t = new WebAssembly.Table({ initial: 2, element: "anyfunc" }), g = new WebAssembly.Global({ value: "i32", mutable: true }, 1);
                const state = () => [new Uint8Array(m.buffer)[0], t.get(0) === null, g.value].join();
                let log = "", called = 0;
                const good = { a: { f() { called++; }, m, last() {} }, b: { t, g } };
                const spy = (name, o) => new Proxy(o, { get(o, k) { log += name + "." + String(k) + " "; return o[k]; }, has() { throw new Error("has"); }, ownKeys() { throw new Error("ownKeys"); } });
                const link = (imports) => { log = ""; try { __wasm_import("./m.wasm", imports); return "ok"; } catch (e) { return e.constructor.name; } };
                const all = () => spy("i", { a: spy("a", good.a), b: spy("b", good.b) });
                // What fails late leaves nothing behind of what came before.
                console.log(link({ ...good, a: { ...good.a, get last() { throw new RangeError("mine"); } } }), state(), called);
                console.log(link({ ...good, a: { ...good.a, last: 5 } }), state(), called);
                console.log(link({ ...good, b: { t, g: 5 } }), state(), called);
                console.log(link({ ...good, b: { t: new WebAssembly.Table({ initial: 1, element: "anyfunc" }), g } }), state(), called);
                console.log(link({ ...good, a: 1 }), link({ ...good, a: undefined }), state(), called);
                console.log(link(all()), state(), called, "|", log);
                "#,
            ),
        ],
        "RangeError 0,true,1 0\nLinkError 0,true,1 0\nLinkError 0,true,1 0\nLinkError 0,true,1 0\nTypeError TypeError 0,true,1 0\nok 87,false,9 1 | i.a a.f i.a a.m i.b b.t i.b b.g i.a a.last",
    );
}

fn x6_import_getters_do_their_worst<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[
            (
                "m.wasm",
                r#"(module (import "a" "m" (memory 1 100)) (import "a" "t" (table 1 100 funcref)) (import "a" "f" (func $f (param i32) (result i32))) (import "a" "g" (global i32))
                  (data (i32.const 65530) "x") (func (export "run") (result i32) (call $f (i32.const 1))) (func (export "size") (result i32) memory.size))"#,
            ),
            (
                "main.js",
                r#"
                const m = new WebAssembly.Memory({ initial: 1, maximum: 100 }), t = new WebAssembly.Table({ initial: 1, maximum: 100, element: "anyfunc" });
                let depth = 0;
                const imports = { get a() {
                  return {
                    get m() { m.grow(1); return m; },
                    get t() { t.grow(1); return t; },
                    get f() {
                      // The same module again, with the same imports, while they are being read.
                      if (depth++ < 4) return __wasm_import("./m.wasm", imports).run;
                      return (x) => { m.grow(1); t.grow(1); return x + 41; };
                    },
                    get g() { t.set(0, null); WebAssembly.instantiate(new Uint8Array(4)).catch(() => {}); return new WebAssembly.Memory({ initial: 0 }) && 5; },
                  };
                } };
                const inner = __wasm_import("./m.wasm", { a: { m, t, f: (x) => x + 41, g: 5 } });
                console.log(inner.run());
                // `run` takes nothing and `f` is called with one argument: the signatures differ.
                try { __wasm_import("./m.wasm", imports); console.log("linked"); } catch (e) { console.log(e.constructor.name); }
                depth = 4;
                const { run, size } = __wasm_import("./m.wasm", imports);
                console.log(run(), size() === m.buffer.byteLength / 65536, t.length > 2);
                "#,
            ),
        ],
        "42\nLinkError\n42 true true",
    );
}
