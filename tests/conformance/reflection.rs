//! The [type reflection](https://github.com/WebAssembly/js-types) proposal.

use sinew::{JsHost, WasmEngine};

use crate::program::{needs, passes};

on_every_pair! {
    types_of_entities,
    types_of_64_bit_entities,
    types_of_references,
    limits_by_either_name,
    receivers,
    functions_of_javascript,
    functions_are_linked_by_type,
    the_function_constructor,
    exported_functions_are_functions,
}

/// Dictionaries as text.
const TEXT: &str = "const text = (type) => JSON.stringify(type, (_, value) => typeof value === 'bigint' ? value + 'n' : value);";

fn types_of_entities<J: JsHost, W: WasmEngine>() {
    let source = format!(
        r#"{TEXT}
        const m = instance("m");
        eq(text(m.memory.type()), '{{"address":"i32","maximum":5,"minimum":1,"shared":false}}'); eq(text(m.open.type()), '{{"address":"i32","element":"funcref","minimum":2}}');
        eq(text(m.table.type()), '{{"address":"i32","element":"externref","maximum":9,"minimum":3}}');
        eq(text(m.g.type()), '{{"mutable":true,"value":"f64"}}'); eq(text(m.v.type()), '{{"mutable":false,"value":"v128"}}');
        eq(text(m.f.type()), '{{"parameters":["i32","i64","f32","f64","v128","funcref","externref"],"results":["i64","externref"]}}');
        eq(text(m.nothing.type()), '{{"parameters":[],"results":[]}}');
        // The minimum is what there is now.
        m.memory.grow(2); eq(m.memory.type().minimum, 3); m.table.grow(4); eq(m.table.type().minimum, 7); eq(m.table.type().maximum, 9);
        // Each call makes a new one, an ordinary object.
        const type = m.memory.type(); eq(m.memory.type() === type, false); eq(Object.getPrototypeOf(type), Object.prototype); type.minimum = 99; delete type.shared;
        eq(m.memory.type().minimum, 3); eq(Array.isArray(m.f.type().parameters), true);
        // What describes an entity makes one like it, where its type has a name.
        for (const [Class, entity] of [[WebAssembly.Memory, m.memory], [WebAssembly.Table, m.table], [WebAssembly.Table, m.open], [WebAssembly.Global, m.g]]) eq(text(new Class(entity.type()).type()), text(entity.type()));
        for (const Class of [WebAssembly.Memory, WebAssembly.Table, WebAssembly.Global, WebAssembly.Function]) {{
          const {{ value, writable, enumerable, configurable }} = Object.getOwnPropertyDescriptor(Class.prototype, "type");
          eq(value.length, 0); eq(value.name, "type"); eq(writable && enumerable && configurable, true);
        }}"#
    );
    passes::<J, W>(
        &[(
            "m",
            r#"(module (memory (export "memory") 1 5) (table (export "open") 2 funcref) (table (export "table") 3 9 externref) (global (export "g") (mut f64) (f64.const 1)) (global (export "v") v128 (v128.const i64x2 1 2))
              (func (export "f") (param i32 i64 f32 f64 v128 funcref externref) (result i64 externref) unreachable) (func (export "nothing")))"#,
        )],
        &source,
    );
}

fn types_of_64_bit_entities<J: JsHost, W: WasmEngine>() {
    let source = format!(
        r#"{TEXT}
        const m = instance("m");
        eq(text(m.memory.type()), '{{"address":"i64","maximum":"5n","minimum":"1n","shared":false}}');
        eq(text(m.table.type()), '{{"address":"i64","element":"funcref","minimum":"2n"}}');
        eq(m.memory.grow(1n), 1n); eq(m.memory.type().minimum, 2n); eq(m.table.grow(1n), 2n); eq(m.table.length, 3n); eq(m.table.get(2n), null);
        for (const wrong of [1, undefined, -1n, 2n ** 64n, "x", Symbol(), {{}}]) {{ throws(() => m.memory.grow(wrong), wrong === "x" || typeof wrong === "object" ? SyntaxError : TypeError); throws(() => m.table.get(wrong), wrong === "x" || typeof wrong === "object" ? SyntaxError : TypeError); }}
        eq(m.memory.grow("1"), 2n); eq(m.memory.grow(true), 3n);
        throws(() => m.memory.grow(2n ** 64n - 1n), RangeError); throws(() => m.table.get(2n ** 63n), RangeError); throws(() => m.table.set(3n, null), RangeError);
        eq(text(new WebAssembly.Memory(m.memory.type()).type()), text(m.memory.type())); eq(text(new WebAssembly.Table(m.table.type()).type()), text(m.table.type()));
        for (const initial of [1, undefined, -1n, 2n ** 64n, null]) throws(() => new WebAssembly.Memory({{ address: "i64", initial }}), TypeError);
        throws(() => new WebAssembly.Memory({{ initial: 1n }}), TypeError);
        for (const address of ["i33", "", null, "I64", 64]) throws(() => new WebAssembly.Memory({{ address, initial: 1 }}), TypeError);
        throws(() => new WebAssembly.Memory({{ address: "i64", initial: 2n ** 48n + 1n }}), RangeError);
        throws(() => instance("user", {{ m: {{ memory: new WebAssembly.Memory({{ initial: 1, maximum: 5 }}) }} }}), WebAssembly.LinkError);
        eq(instance("user", {{ m }}).memory, m.memory);
        "#
    );
    needs::<J, W>(
        "memory64",
        &[
            (
                "m",
                r#"(module (memory (export "memory") i64 1 5) (table (export "table") i64 2 funcref))"#,
            ),
            (
                "user",
                r#"(module (import "m" "memory" (memory i64 1 5)) (export "memory" (memory 0)))"#,
            ),
        ],
        &source,
    );
}

fn types_of_references<J: JsHost, W: WasmEngine>() {
    let source = format!(
        r#"{TEXT}
        const m = instance("m");
        const {{ parameters, results }} = m.f.type();
        list(parameters.map((type) => /any|eq|i31|struct|array/.exec(type)?.[0]), ["any", "eq", "i31", "struct", "array", "struct"]); list(results, [parameters[0]]);
        eq(m.any.type().element, parameters[0]); eq(m.g.type().value, parameters[2]);
        "#
    );
    needs::<J, W>(
        "garbage collection",
        &[(
            "m",
            r#"(module (type $s (struct)) (func (export "f") (param anyref eqref i31ref structref arrayref (ref null $s)) (result anyref) local.get 0)
              (table (export "any") 1 anyref) (global (export "g") i31ref (ref.null i31)))"#,
        )],
        &source,
    );
}

fn limits_by_either_name<J: JsHost, W: WasmEngine>() {
    passes::<J, W>(
        &[],
        r#"
        for (const make of [(limits) => new WebAssembly.Memory(limits), (limits) => new WebAssembly.Table({ element: "anyfunc", ...limits })]) {
          eq(make({ minimum: 1 }).type().minimum, 1); eq(make({ initial: 2, maximum: 4 }).type().minimum, 2); eq(make({ minimum: 2, maximum: 4 }).type().maximum, 4);
          eq("maximum" in make({ initial: 1 }).type(), false);
          throws(() => make({ initial: 1, minimum: 1 }), TypeError, "minimum"); throws(() => make({}), TypeError); throws(() => make({ maximum: 1 }), TypeError);
          throws(() => make({ minimum: 3, maximum: 2 }), RangeError); throws(() => make({ minimum: -1 }), TypeError); throws(() => make({ minimum: 2 ** 32 }), TypeError);
        }
        for (const element of ["anyfunc", "funcref"]) eq(new WebAssembly.Table({ element, initial: 1 }).type().element, "funcref");
        for (const value of ["i32", "i64", "f32", "f64", "externref"]) eq(new WebAssembly.Global({ value }).type().value, value);
        throws(() => new WebAssembly.Global({ value: "v128" }), TypeError); throws(() => new WebAssembly.Table({ element: "i32", initial: 1 }), TypeError);
        "#,
    );
}

fn receivers<J: JsHost, W: WasmEngine>() {
    passes::<J, W>(
        &[],
        r#"
        const { Memory, Table, Global, Function: F } = WebAssembly;
        const objects = [new Memory({ initial: 1 }), new Table({ element: "anyfunc", initial: 1 }), new Global({ value: "i32" }), new F({ parameters: [], results: [] }, () => {})];
        const others = [undefined, null, 1, {}, () => {}, Memory.prototype, F.prototype, Object.create(objects[0]), new Proxy(objects[0], {})];
        [Memory, Table, Global, F].forEach(({ prototype: { type } }, at) => {
          for (const receiver of [...objects, ...others]) {
            if (receiver === objects[at]) type.call(receiver); else throws(() => type.call(receiver), TypeError);
          }
        });
        "#,
    );
}

fn functions_of_javascript<J: JsHost, W: WasmEngine>() {
    passes::<J, W>(
        &[],
        r#"
        const { Function: F } = WebAssembly;
        let seen;
        const f = new F({ parameters: ["i32", "i64", "f32", "f64", "externref", "funcref"], results: ["i32"] }, function (...args) { seen = [this, ...args]; return 2 ** 32 + 5; });
        eq(typeof f, "function"); eq(f instanceof F, true); eq(f instanceof Function, true); eq(Object.getPrototypeOf(f), F.prototype); eq(f.length, 6);
        const o = {};
        eq(f.call(o, 2 ** 31, -1n, 1.1, "2.5", o, f), 5); list(seen, [undefined, -(2 ** 31), -1n, Math.fround(1.1), 2.5, o, f]); eq(seen[5], o); eq(seen[6], f);
        f(1, 2n, 3, 4, o, null, "more"); eq(seen.length, 7); throws(() => f(1, 2, 3, 4), TypeError); throws(() => f(1, 2n, 3, 4, 5, () => {}), TypeError);
        throws(() => new f(), TypeError);
        // Several results come from an iterable, and are an array.
        const pair = new F({ parameters: [], results: ["i64", "externref"] }, () => new Set([7n, o]));
        const [seven, same] = pair(); eq(seven, 7n); eq(same, o); throws(() => new F({ parameters: [], results: ["i32", "i32"] }, () => [1])(), TypeError);
        eq(new F({ parameters: [], results: [] }, () => 5)(), undefined);
        // What it throws passes as it is.
        for (const value of [o, undefined, new Error("mine")]) eq(thrown(new F({ parameters: [], results: [] }, () => { throw value; })), value);
        // A function for each, even of an Exported Function.
        const again = new F(f.type(), f); eq(again === f, false); eq(again(1, 2n, 3, 4, o, null), 5); eq(new F(f.type(), f) === again, false);
        // It can be put where wasm holds functions.
        const table = new WebAssembly.Table({ element: "funcref", initial: 2 }, f); eq(table.get(0), f); table.set(1, pair); eq(table.get(1), pair);
        eq(new WebAssembly.Global({ value: "anyfunc" }, pair).value, pair);
        throws(() => new F({ parameters: ["v128"], results: [] }, () => {})(1), TypeError);
        class Mine extends F { constructor(f) { super({ parameters: ["i32"], results: ["i32"] }, f); } twice(x) { return this(this(x)); } }
        const mine = new Mine((x) => x * 3); eq(mine instanceof Mine, true); eq(mine.twice(2), 18); table.set(0, mine); eq(table.get(0), mine); eq(table.get(0).twice(1), 9);
        let depth = 0; const deep = new F({ parameters: ["i32"], results: ["i32"] }, (n) => n === 0 ? 0 : 1 + deep(n - 1)); eq(deep(50), 50);
        "#,
    );
}

fn functions_are_linked_by_type<J: JsHost, W: WasmEngine>() {
    passes::<J, W>(
        &[(
            "m",
            r#"(module (type $t (func (param i32) (result i32))) (import "m" "f" (func $f (type $t))) (import "m" "table" (table $table 2 funcref))
              (export "f" (func $f)) (func (export "run") (param i32) (result i32) local.get 0 call $f)
              (func (export "indirect") (param i32) (result i32) i32.const 20 local.get 0 call_indirect $table (type $t)))"#,
        )],
        r#"
        const { Function: F } = WebAssembly, type = (parameters, results) => ({ parameters, results });
        const f = new F(type(["i32"], ["i32"]), (x) => x + 1), other = new F(type(["i64"], ["i32"]), () => 1);
        const table = new WebAssembly.Table({ element: "funcref", initial: 2 }); table.set(0, f); table.set(1, other);
        const m = instance("m", { m: { f, table } });
        eq(m.run(41), 42); eq(m.f, f); eq(m.indirect(0), 21); throws(() => m.indirect(1), WebAssembly.RuntimeError, "indirect call type mismatch");
        for (const wrong of [other, new F(type([], ["i32"]), () => 1), new F(type(["i32"], []), () => {}), new F(type(["i32"], ["i32", "i32"]), () => [])]) {
          throws(() => instance("m", { m: { f: wrong, table } }), WebAssembly.LinkError, "(i32) -> (i32)");
        }
        // A plain function takes any type.
        eq(instance("m", { m: { f: (x) => x * 2, table } }).run(4), 8);
        "#,
    );
}

fn the_function_constructor<J: JsHost, W: WasmEngine>() {
    passes::<J, W>(
        &[],
        r#"
        const { Function: F } = WebAssembly, type = { parameters: [], results: [] }, f = () => {};
        eq(F.length, 2); eq(F.name, "Function"); eq(Object.getPrototypeOf(F.prototype), Function.prototype); throws(() => F(type, f), TypeError);
        throws(() => F.prototype(), TypeError);
        for (const args of [[], [type], [undefined, f], [5, f], [{}, f], [{ parameters: [] }, f], [{ results: [] }, f], [{ parameters: 1, results: [] }, f], [{ parameters: ["i31"], results: [] }, f], [{ parameters: [], results: "i32" }, f],
          [type, undefined], [type, {}], [type, null]]) throws(() => new F(...args), TypeError);
        const { record, primitive, take, log } = recorder();
        const types = (name) => ({ *[Symbol.iterator]() { log.push(name + "s"); yield primitive(name, "i32"); } });
        const newTarget = new Proxy(F, { get(target, name) { log.push("new.target." + String(name)); return Reflect.get(target, name); } });
        Reflect.construct(F, [record({ results: types("result"), parameters: types("parameter") }), f], newTarget);
        eq(take(), "parameters parameters parameter.toString results results result.toString new.target.prototype");
        class Mine {} ; eq(Object.getPrototypeOf(Reflect.construct(F, [type, f], Mine)), Mine.prototype);
        "#,
    );
}

fn exported_functions_are_functions<J: JsHost, W: WasmEngine>() {
    passes::<J, W>(
        &[(
            "m",
            r#"(module (import "env" "f" (func $f (param i32))) (export "host" (func $f)) (func (export "own") (param i32 i32) (result i32) local.get 0))"#,
        )],
        r#"
        const { host, own } = instance("m", { env: { f() {} } });
        for (const f of [host, own]) {
          eq(f instanceof WebAssembly.Function, true); eq(f instanceof Function, true); eq(Object.getPrototypeOf(f), WebAssembly.Function.prototype); eq(typeof f, "function");
          eq("prototype" in f, false); throws(() => new f(1, 2), TypeError);
          eq(Object.isExtensible(f), true);
        }
        eq(own.name, "1"); eq(own.length, 2); eq(host.name, "0"); eq(host.length, 1); eq(own.call(null, 7, 8), 7); eq(own.bind(null, 9)(1), 9);
        eq(Object.prototype.toString.call(own), "[object WebAssembly.Function]");
        "#,
    );
}
