//! [WebIDL](https://webidl.spec.whatwg.org/): in which order arguments are read, and what they
//! become.

use sinew::{JsHost, WasmEngine};

use crate::program::passes;

on_every_pair! {
    memory_descriptors,
    table_descriptors,
    global_descriptors,
    modules_and_instances,
    bytes_are_read_after_the_options,
    prototypes_of_new_target,
    missing_arguments,
    numbers_are_enforced,
    methods_convert_in_order,
    what_throws_first_ends_it,
}

/// A constructor that says when its prototype is asked for.
const WATCHED: &str = r#"
const { record, primitive, take, log } = recorder();
const watched = (Class) => new Proxy(Class, { get(target, name) { log.push("new.target." + String(name)); return Reflect.get(target, name); } });
"#;

fn memory_descriptors<J: JsHost, W: WasmEngine>() {
    let source = format!(
        r#"{WATCHED}
        const {{ Memory }} = WebAssembly;
        const descriptor = () => record({{ shared: 0, maximum: primitive("maximum", 2), initial: primitive("initial", 1), address: primitive("address", "i32"), minimum: undefined, other: 1 }});
        Reflect.construct(Memory, [descriptor()], watched(Memory));
        eq(take(), "address address.toString initial initial.valueOf maximum maximum.valueOf minimum shared new.target.prototype");
        // What the limits say is found last.
        throws(() => Reflect.construct(Memory, [record({{ initial: primitive("initial", 3), maximum: primitive("maximum", 2) }})], watched(Memory)), RangeError);
        eq(take(), "initial initial.valueOf maximum maximum.valueOf new.target.prototype");
        throws(() => Reflect.construct(Memory, [record({{ maximum: primitive("maximum", 2) }})], watched(Memory)), TypeError); eq(take(), "maximum maximum.valueOf");
        for (const wrong of [undefined, null, 1, "text", true, Symbol(), 1n]) throws(() => Reflect.construct(Memory, [wrong], watched(Memory)), TypeError); eq(take(), "");
        eq(new Memory(Object.assign(() => {{}}, {{ initial: 1 }})).buffer.byteLength, 65536); eq(new Memory(Object.create({{ initial: 1 }})).buffer.byteLength, 65536);
        "#
    );
    passes::<J, W>(&[], &source);
}

fn table_descriptors<J: JsHost, W: WasmEngine>() {
    let source = format!(
        r#"{WATCHED}
        const {{ Table }} = WebAssembly;
        const descriptor = () => record({{ maximum: primitive("maximum", 2), initial: primitive("initial", 1), address: primitive("address", "i32"), element: primitive("element", "externref") }});
        const table = Reflect.construct(Table, [descriptor(), primitive("value", 1)], watched(Table));
        eq(take(), "element element.toString address address.toString initial initial.valueOf maximum maximum.valueOf new.target.prototype"); eq(typeof table.get(0), "object");
        throws(() => Reflect.construct(Table, [record({{ element: primitive("element", "i32"), initial: 1 }})], watched(Table)), TypeError); eq(take(), "element element.toString");
        // The value is looked at when the type is known to be good.
        throws(() => Reflect.construct(Table, [{{ element: "anyfunc", initial: 2, maximum: 1 }}, {{}}], watched(Table)), RangeError);
        throws(() => new Table({{ element: "anyfunc", initial: 1 }}, {{}}), TypeError); take();
        // Missing is not undefined.
        eq(new Table({{ element: "externref", initial: 1 }}).get(0), undefined); eq(new Table({{ element: "externref", initial: 1 }}, null).get(0), null);
        eq(new Table({{ element: "anyfunc", initial: 1 }}).get(0), null);
        eq(new Table({{ element: "anyfunc", initial: 1 }}, null).get(0), null); throws(() => new Table({{ element: "anyfunc", initial: 1 }}, 0), TypeError);
        "#
    );
    passes::<J, W>(&[], &source);
}

fn global_descriptors<J: JsHost, W: WasmEngine>() {
    let source = format!(
        r#"{WATCHED}
        const {{ Global }} = WebAssembly;
        const global = Reflect.construct(Global, [record({{ value: primitive("type", "f64"), mutable: {{ valueOf() {{ throw new Error("asked"); }} }} }}), primitive("value", 2.5)], watched(Global));
        eq(take(), "mutable value type.toString new.target.prototype value.valueOf"); eq(global.value, 2.5); global.value = 3; eq(global.value, 3);
        throws(() => Reflect.construct(Global, [record({{ mutable: 1 }}), primitive("value", 1)], watched(Global)), TypeError); eq(take(), "mutable value".split(" ")[0]);
        throws(() => Reflect.construct(Global, [{{ value: "i64" }}, 1], watched(Global)), TypeError); eq(take(), "new.target.prototype");
        for (const [value, zero] of [["i32", 0], ["i64", 0n], ["f32", 0], ["f64", 0], ["externref", undefined], ["anyfunc", null]]) {{ eq(new Global({{ value }}).value, zero); eq(new Global({{ value }}, undefined).value, zero); eq(new Global({{ value, mutable: false }}).type().mutable, false); }}
        eq(new Global({{ value: "externref" }}, null).value, null); eq(new Global({{ value: "i64" }}, "12").value, 12n); eq(new Global({{ value: "i32" }}, "0x10").value, 16);
        eq(new Global({{ value: "f32" }}, 16777217).value, 16777216);
        throws(() => {{ "use strict"; new Global({{ value: "i32" }}).value = 1; }}, TypeError);
        "#
    );
    passes::<J, W>(&[], &source);
}

fn modules_and_instances<J: JsHost, W: WasmEngine>() {
    let source = format!(
        r#"{WATCHED}
        const imports = () => record({{ b: record({{ second: () => {{}} }}), a: record({{ third: 3, first: () => log.push("start") }}) }});
        const module = Reflect.construct(WebAssembly.Module, [bytes.m], watched(WebAssembly.Module)); eq(take(), "new.target.prototype");
        Reflect.construct(WebAssembly.Instance, [module, imports()], watched(WebAssembly.Instance)); eq(take(), "new.target.prototype a first b second a third start");
        for (const args of [[], [undefined], [{{}}], [bytes.m], [module, null], [module, 5], [module, "text"]]) throws(() => Reflect.construct(WebAssembly.Instance, args, watched(WebAssembly.Instance)), TypeError);
        eq(take(), "");
        throws(() => Reflect.construct(WebAssembly.Instance, [module], watched(WebAssembly.Instance)), TypeError); eq(take(), "new.target.prototype");
        for (const args of [[], [undefined], [{{}}], ["text"], [[0]], [module]]) throws(() => Reflect.construct(WebAssembly.Module, args, watched(WebAssembly.Module)), TypeError);
        eq(take(), "");
        // Reading ends at the first import that does not fit.
        throws(() => new WebAssembly.Instance(module, record({{ a: record({{ first: 5 }}), b: 1 }})), WebAssembly.LinkError); eq(take(), "a first");
        throws(() => new WebAssembly.Instance(module, record({{ a: record({{ first() {{}} }}), b: 1 }})), TypeError); eq(take(), "a first b");
        "#
    );
    passes::<J, W>(
        &[(
            "m",
            r#"(module (import "a" "first" (func $f)) (import "b" "second" (func)) (import "a" "third" (global i32)) (start $f))"#,
        )],
        &source,
    );
}

fn bytes_are_read_after_the_options<J: JsHost, W: WasmEngine>() {
    passes::<J, W>(
        &[("good", r#"(module (func (export "run")))"#)],
        r#"
        const { validate, compile: c, instantiate: i, Module, CompileError } = WebAssembly;
        const ways = [
          async (b, options) => validate(b, options), async (b, options) => { try { return new Module(b, options) instanceof Module; } catch (e) { eq(e instanceof CompileError, true, String(e)); return false; } },
          (b, options) => c(b, options).then(() => true, (e) => { eq(e instanceof CompileError, true, String(e)); return false; }), (b, options) => i(b, {}, options).then(() => true, (e) => { eq(e instanceof CompileError, true, String(e)); return false; }),
        ];
        const options = (change) => ({ get builtins() { change(); return []; } });
        for (const way of ways) {
          let b = bytes.good.slice(); eq(await way(b, options(() => { b[0] = 1; })), false, "spoiled");
          b = bytes.good.slice(); b[0] = 1; eq(await way(b, options(() => { b[0] = 0; })), true, "mended");
          b = new ArrayBuffer(0, { maxByteLength: 1000 }); eq(await way(b, options(() => { b.resize(bytes.good.length); new Uint8Array(b).set(bytes.good); })), true, "grown");
          eq(await way(b, options(() => { b.resize(10); })), false, "shrunk");
          b = new ArrayBuffer(bytes.good.length, { maxByteLength: 1000 }); const view = new Uint8Array(b, 0, bytes.good.length); view.set(bytes.good);
          eq(await way(view, options(() => { b.resize(8); })), false, "out of bounds");
          if ("transfer" in ArrayBuffer.prototype) {
            b = bytes.good.slice(); eq(await way(b, options(() => { b.buffer.transfer(); })), false, "detached"); eq(await way(b), false, "detached before");
            eq(await way(b.buffer), false, "detached before");
          }
          // A memory's own buffer, that the options let grow.
          const memory = new WebAssembly.Memory({ initial: 1 }); new Uint8Array(memory.buffer).set(bytes.good);
          eq(await way(new Uint8Array(memory.buffer, 0, bytes.good.length)), true);
          eq(await way(new Uint8Array(memory.buffer, 0, bytes.good.length), options(() => { memory.grow(1); })), false);
        }
        "#,
    );
}

fn prototypes_of_new_target<J: JsHost, W: WasmEngine>() {
    passes::<J, W>(
        &[("m", "(module)")],
        r#"
        const { Module, Instance, Memory, Table, Global, Tag, Exception, Function: F } = WebAssembly, module = compile("m");
        const cases = [[Module, [bytes.m]], [Instance, [module]], [Memory, [{ initial: 1 }]], [Table, [{ element: "anyfunc", initial: 1 }]], [Global, [{ value: "i32" }]], [F, [{ parameters: [], results: [] }, () => {}]]];
        if (Tag) { const tag = new Tag({ parameters: [] }); cases.push([Tag, [{ parameters: [] }]], [Exception, [tag, []]]); }
        for (const [Class, args] of cases) {
          throws(() => Class(...args), TypeError);
          class Sub extends Class { get mine() { return 1; } } const sub = new Sub(...args); eq(sub.mine, 1); eq(sub instanceof Class, true);
          for (const prototype of [undefined, null, 5, "text"]) { const target = function () {}; target.prototype = prototype; eq(Object.getPrototypeOf(Reflect.construct(Class, args, target)), Class.prototype, Class.name); }
          const own = {}; function Target() {} Target.prototype = own; eq(Object.getPrototypeOf(Reflect.construct(Class, args, Target)), own);
          const value = {}; eq(thrown(() => Reflect.construct(Class, args, new Proxy(Class, { get() { throw value; } }))), value);
          // Without its methods it is still what it is.
          const bare = Reflect.construct(Class, args, Array); eq(bare instanceof Array, true); eq(Array.isArray(bare), false);
        }
        const bare = Reflect.construct(Memory, [{ initial: 2 }], Object); eq(Object.getOwnPropertyDescriptor(Memory.prototype, "buffer").get.call(bare).byteLength, 131072);
        "#,
    );
}

fn missing_arguments<J: JsHost, W: WasmEngine>() {
    passes::<J, W>(
        &[("m", "(module)")],
        r#"
        const { Module, Instance, Memory, Table, Global, Function: F, validate } = WebAssembly;
        for (const Class of [Module, Instance, Memory, Table, Global, F]) throws(() => new Class(), TypeError, "required");
        throws(() => validate(), TypeError, "required"); throws(() => Module.exports(), TypeError); throws(() => Module.imports(), TypeError);
        const memory = new Memory({ initial: 1 }), table = new Table({ element: "externref", initial: 3 }, 1), module = compile("m");
        throws(() => memory.grow(), TypeError, "required"); throws(() => table.grow(), TypeError, "required"); throws(() => table.get(), TypeError, "required");
        throws(() => table.set(), TypeError, "required");
        throws(() => Module.customSections(module), TypeError, "2 arguments required"); list(Module.customSections(module, undefined), []);
        throws(() => Module.customSections(module, Symbol()), TypeError);
        table.set(0); eq(table.get(0), undefined); table.set(0, null); eq(table.get(0), null); eq(table.grow(1), 3); eq(table.get(3), undefined); table.grow(1, 7);
        eq(table.get(4), 7); throws(() => table.get(5), RangeError);
        // A setter wants its argument, as in every engine.
        const { set } = Object.getOwnPropertyDescriptor(Global.prototype, "value"), global = new Global({ value: "i32", mutable: true }, 5); throws(() => set.call(global), TypeError, "required"); eq(global.value, 5); set.call(global, undefined); eq(global.value, 0);
        "#,
    );
}

fn numbers_are_enforced<J: JsHost, W: WasmEngine>() {
    passes::<J, W>(
        &[],
        r#"
        const { Memory, Table } = WebAssembly, memory = new Memory({ initial: 1, maximum: 10 }), table = new Table({ element: "externref", initial: 3 }, "x");
        const uses = [(n) => memory.grow(n), (n) => table.get(n), (n) => table.set(n, 1), (n) => table.grow(n), (n) => new Memory({ initial: n }), (n) => new Memory({ initial: 0, maximum: n }), (n) => new Table({ element: "anyfunc", initial: n })];
        for (const use of uses) {
          for (const wrong of [-1, -(2 ** 31), 2 ** 32, 2 ** 53, Infinity, -Infinity, NaN, "text", {}, 1n, Symbol(), "-1"]) throws(() => use(wrong), TypeError);
          for (const zero of [0, -0, 0.9, -0.9, "0", null, false, "", [], { valueOf: () => 0 }]) use(zero);
        }
        eq(memory.grow(0), 1); eq(table.length, 3); eq(table.get("1"), "x"); eq(table.get(2.9), "x"); eq(memory.grow("1"), 1); eq(memory.grow(true), 2);
        throws(() => new Memory({ initial: 65537 }), RangeError); throws(() => new Memory({ initial: 0, maximum: 65537 }), RangeError);
        throws(() => memory.grow(2 ** 32 - 1), RangeError); throws(() => table.get(2 ** 32 - 1), RangeError); throws(() => table.grow(2 ** 32 - 1), RangeError);
        "#,
    );
}

fn methods_convert_in_order<J: JsHost, W: WasmEngine>() {
    passes::<J, W>(
        &[(
            "m",
            r#"(module (func (export "f") (param i32 i64 f32 f64)) (table (export "t") 2 funcref) (global (export "g") (mut i32) (i32.const 0)))"#,
        )],
        r#"
        const { primitive, take } = recorder(), { f, t, g } = instance("m");
        f(primitive("a", 1), primitive("b", 2n), primitive("c", 3), primitive("d", 4), primitive("e", 5)); eq(take(), "a.valueOf b.valueOf c.valueOf d.valueOf");
        throws(() => f(primitive("a", 1), primitive("b", 2), primitive("c", 3)), TypeError); eq(take(), "a.valueOf b.valueOf");
        // The index is converted before the value is looked at, and its bounds after both.
        throws(() => t.set(primitive("index", 9), {}), TypeError); eq(take(), "index.valueOf"); throws(() => t.set(primitive("index", 9), null), RangeError);
        eq(take(), "index.valueOf");
        throws(() => t.set(-1, {}), TypeError); throws(() => t.grow(primitive("delta", 2 ** 32 - 1), {}), TypeError); eq(take(), "delta.valueOf"); eq(t.length, 2);
        // The receiver comes before all of it.
        throws(() => t.set.call({}, primitive("index", 0)), TypeError); throws(() => WebAssembly.Memory.prototype.grow.call(t, primitive("delta", 0)), TypeError); eq(take(), "");
        // What a conversion changes is seen by what follows it.
        throws(() => t.get({ valueOf() { t.grow(3); return 5; } }), RangeError); eq(t.get({ valueOf() { t.grow(1); return 5; } }), null);
        g.value = { valueOf() { g.value = 7; return g.value + 1; } }; eq(g.value, 8);
        "#,
    );
}

fn what_throws_first_ends_it<J: JsHost, W: WasmEngine>() {
    passes::<J, W>(
        &[],
        r#"
        const { Memory, Table, Global } = WebAssembly, value = {}, thrower = { valueOf() { throw value; }, toString() { throw value; } };
        const throwing = (good, name) => Object.defineProperty({ ...good }, name, { enumerable: true, get() { throw value; } });
        for (const [Class, good] of [[Memory, { address: "i32", initial: 1, maximum: 2, shared: false }], [Table, { address: "i32", element: "externref", initial: 1, maximum: 2 }], [Global, { mutable: true, value: "i32" }]]) {
          for (const name of Object.keys(good)) {
            eq(thrown(() => new Class(throwing(good, name))), value, name);
            if (name !== "mutable" && name !== "shared") eq(thrown(() => new Class({ ...good, [name]: thrower })), value, name);
          }
          new Class(good);
        }
        eq(thrown(() => new Global({ value: "f32" }, thrower)), value); eq(thrown(() => new Memory({ initial: 1 }).grow(thrower)), value);
        "#,
    );
}
