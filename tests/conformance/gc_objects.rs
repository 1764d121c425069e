//! [Exported GC Objects](https://webassembly.github.io/spec/js-api/#gc-exotic-objects), i31 and host
//! values in the `any` hierarchy.

use sinew::{JsHost, ResourceLimits, WasmEngine};

use crate::program::{needs, passes, started};

on_every_pair! {
    one_object_by_every_route,
    internal_methods,
    numbers_are_i31_where_they_fit,
    host_values_in_the_any_hierarchy,
    what_matches_which_type,
    types_of_a_modules_own,
    default_values,
    objects_survive_collections,
    more_than_there_is_room_for,
    no_names_for_these_types,
}

const GC: &str = "garbage collection";

fn one_object_by_every_route<J: JsHost, W: WasmEngine>() {
    needs::<J, W>(
        GC,
        &[
            (
                "m",
                r#"(module (type $s (struct (field (mut i32)))) (type $a (array (mut i64)))
                  (import "env" "seen" (func $seen (param (ref null $s) anyref externref) (result anyref)))
                  (tag $t (export "t") (param (ref null $s)))
                  (table (export "anys") 3 anyref) (table (export "externs") 3 externref)
                  (global $kept (export "kept") (mut (ref null $s)) (ref.null $s))
                  (func (export "make") (param i32) (result (ref $s)) local.get 0 struct.new $s)
                  (func (export "array") (param i32) (result (ref $a)) local.get 0 array.new_default $a)
                  (func (export "get") (param (ref null $s)) (result i32) local.get 0 struct.get $s 0)
                  (func (export "set") (param (ref null $s) i32) local.get 0 local.get 1 struct.set $s 0)
                  (func (export "fill") (param (ref null $s))
                    local.get 0 global.set $kept
                    i32.const 1 local.get 0 table.set 0
                    i32.const 1 local.get 0 extern.convert_any table.set 1)
                  (func (export "call") (param (ref null $s)) (result anyref)
                    local.get 0 local.get 0 local.get 0 extern.convert_any call $seen)
                  (func (export "throw") (param (ref null $s)) local.get 0 throw $t)
                  (func (export "both") (param (ref null $s)) (result (ref null $s) externref) local.get 0 local.get 0 extern.convert_any)
                  (func (export "same") (param externref eqref) (result i32)
                    local.get 0 any.convert_extern ref.cast (ref null $s) local.get 1 ref.eq))"#,
            ),
            (
                "other",
                r#"(module (type $s (struct (field (mut i32)))) (func (export "get") (param (ref null $s)) (result i32) local.get 0 struct.get $s 0)
                  (global (export "g") (mut anyref) (ref.null any)) (func (export "id") (param anyref) (result anyref) local.get 0))"#,
            ),
        ],
        r#"
        let m;
        const seen = (...all) => { for (const x of all) eq(x, struct, "argument"); return all[2]; };
        m = instance("m", { env: { seen } });
        const struct = m.make(42), array = m.array(3);
        eq(m.make(42) === struct, false); eq(m.array(3) === array, false);
        m.fill(struct);
        for (const [name, value] of Object.entries({
          result: m.both(struct)[0], converted: m.both(struct)[1], callback: m.call(struct), global: m.kept.value,
          any: m.anys.get(1), extern: m.externs.get(1), payload: thrown(() => m.throw(struct)).getArg(m.t, 0),
        })) eq(value, struct, name);
        eq(new WebAssembly.Exception(m.t, [struct]).getArg(m.t, 0), struct, "payload of JavaScript");
        eq(new WebAssembly.Global({ value: "externref" }, struct).value, struct);
        eq(new WebAssembly.Table({ element: "externref", initial: 1 }, struct).get(0), struct);
        m.externs.set(2, struct); eq(m.externs.get(2), struct); m.anys.set(2, array); eq(m.anys.get(2), array);
        // Through an externref it is still the same to wasm.
        eq(m.same(struct, struct), 1); eq(m.same(struct, m.make(42)), 0); eq(m.same(null, null), 1);
        m.set(struct, 7); eq(m.get(struct), 7);
        // Other instances know the same type.
        const other = instance("other");
        eq(other.get(struct), 7); eq(other.id(struct), struct); eq(other.id(array), array);
        other.g.value = array; eq(other.g.value, array);
        // It can be kept by all that JavaScript has for objects.
        eq(new Map([[struct, 1]]).get(m.kept.value), 1); eq(new WeakMap([[array, 2]]).get(m.anys.get(2)), 2); eq(new Set([struct, m.kept.value]).size, 1);
        eq(new WeakRef(struct).deref(), struct);
        "#,
    );
}

fn internal_methods<J: JsHost, W: WasmEngine>() {
    needs::<J, W>(
        GC,
        &[(
            "m",
            r#"(module (type $s (struct (field (mut i32)))) (type $a (array (mut i32)))
              (func (export "struct") (result (ref $s)) i32.const 42 struct.new $s)
              (func (export "array") (result (ref $a)) i32.const 42 i32.const 5 array.new $a))"#,
        )],
        r#"
        const m = instance("m");
        for (const o of [m.struct(), m.array()]) {
          eq(typeof o, "object"); eq(Object.prototype.toString.call(o), "[object Object]");
          eq(Object.getPrototypeOf(o), null); eq(o.__proto__, undefined); eq(o instanceof Object, false);
          eq(Reflect.setPrototypeOf(o, {}), false); throws(() => Object.setPrototypeOf(o, {}), TypeError);
          eq(Object.isExtensible(o), false); eq(Reflect.preventExtensions(o), false); throws(() => Object.freeze(o), TypeError);
          for (const key of ["a", 0, "0", "length", "__proto__", "constructor", Symbol.iterator, "toString", -1, 2 ** 32]) {
            eq(o[key], undefined); eq(key in o, false); eq(Reflect.get(o, key, {}), undefined);
            eq(Object.getOwnPropertyDescriptor(o, key), undefined); eq(Object.hasOwn(o, key), false);
            throws(() => { o[key] = 1; }, TypeError); throws(() => Reflect.set(o, key, 1), TypeError); throws(() => Reflect.set(o, key, 1, {}), TypeError);
            throws(() => delete o[key], TypeError); throws(() => Reflect.deleteProperty(o, key), TypeError);
            eq(Reflect.defineProperty(o, key, { value: 1 }), false); throws(() => Object.defineProperty(o, key, { value: 1 }), TypeError);
          }
          list(Reflect.ownKeys(o), []); list(Object.entries({ ...o }), []); eq(JSON.stringify({ o }), '{"o":{}}');
          for (const key in o) eq(key, "none");
          throws(() => `${o}`, TypeError); throws(() => o + 1, TypeError); throws(() => o(), TypeError); throws(() => [...o], TypeError); throws(() => new o(), TypeError);
          // As a prototype and behind a proxy.
          const child = Object.create(o); eq(child.x, undefined); eq("x" in child, false); throws(() => { child.x = 1; }, TypeError);
          eq(Object.isExtensible(new Proxy(o, {})), false); eq(Object.create(o) instanceof Object, false);
        }
        "#,
    );
}

fn numbers_are_i31_where_they_fit<J: JsHost, W: WasmEngine>() {
    needs::<J, W>(
        GC,
        &[(
            "m",
            r#"(module
              (func (export "any") (param anyref) (result anyref) local.get 0)
              (func (export "eq") (param eqref) (result eqref) local.get 0)
              (func (export "i31") (param i31ref) (result i31ref) local.get 0)
              (func (export "struct") (param structref))
              (func (export "is") (param anyref) (result i32) local.get 0 ref.test (ref i31))
              (func (export "isExtern") (param externref) (result i32) local.get 0 any.convert_extern ref.test (ref i31))
              (func (export "get") (param i31ref) (result i32) local.get 0 i31.get_s)
              (func (export "make") (param i32) (result (ref i31)) local.get 0 ref.i31)
              (func (export "makeExtern") (param i32) (result externref) local.get 0 ref.i31 extern.convert_any))"#,
        )],
        r#"
        const m = instance("m"), min = -(2 ** 30), max = 2 ** 30 - 1;
        for (const n of [0, 1, -1, 42, min, max]) {
          for (const name of ["any", "eq", "i31"]) eq(m[name](n), n, name);
          eq(m.is(n), 1); eq(m.isExtern(n), 1); eq(m.get(n), n); eq(m.make(n), n); eq(m.makeExtern(n), n);
          throws(() => m.struct(n), TypeError);
        }
        for (const n of [-0, 0.5, NaN, Infinity, min - 1, max + 1, 2 ** 31, 2 ** 53]) {
          eq(m.any(n), n); eq(m.is(n), 0, n); eq(m.isExtern(n), 0, n);
          for (const name of ["eq", "i31", "get", "struct"]) throws(() => m[name](n), TypeError);
        }
        eq(m.make(max + 1), min); eq(m.make(-1), -1); eq(m.makeExtern(2 ** 31), 0);
        eq(m.any(null), null); eq(m.i31(null), null); throws(() => m.i31(undefined), TypeError); throws(() => m.i31(1n), TypeError); throws(() => m.i31("1"), TypeError);
        throws(() => m.i31(true), TypeError);
        "#,
    );
}

fn host_values_in_the_any_hierarchy<J: JsHost, W: WasmEngine>() {
    needs::<J, W>(
        GC,
        &[(
            "m",
            r#"(module (type $s (struct)) (type $f (func))
              (func (export "any") (param anyref) (result anyref) local.get 0)
              (func (export "there") (param externref) (result anyref) local.get 0 any.convert_extern)
              (func (export "back") (param anyref) (result externref) local.get 0 extern.convert_any)
              (func (export "round") (param externref) (result externref) local.get 0 any.convert_extern extern.convert_any)
              (func (export "tests") (param anyref) (result i32)
                (i32.or (i32.shl (ref.test (ref eq) (local.get 0)) (i32.const 0))
                  (i32.or (i32.shl (ref.test (ref struct) (local.get 0)) (i32.const 1))
                    (i32.shl (ref.test (ref any) (local.get 0)) (i32.const 2)))))
              (func (export "func") (param funcref) (result funcref) local.get 0)
              (func (export "cast") (param externref) local.get 0 any.convert_extern ref.cast (ref eq) drop)
              (global (export "g") (mut anyref) (ref.null any)) (table (export "t") 2 anyref)
              (func (export "struct") (result (ref $s)) struct.new $s))"#,
        )],
        r#"
        const m = instance("m"), o = {}, exported = m.func;
        const values = [undefined, true, false, 1.5, -0, 2 ** 31, 5n, "", "text", "\ud800", Symbol(), Symbol.iterator, o, [], () => {}, exported, m.g, m.t, new Date(), Promise.resolve(), new Proxy({}, {}), globalThis];
        for (const value of values) {
          for (const name of ["any", "there", "back", "round"]) eq(m[name](value), value, name);
          eq(m.tests(value), 4, "only any"); throws(() => m.cast(value), WebAssembly.RuntimeError, "cast");
          m.g.value = value; eq(m.g.value, value); m.t.set(1, value); eq(m.t.get(1), value);
        }
        for (const name of ["any", "there", "back", "round"]) eq(m[name](null), null);
        eq(m.tests(m.struct()), 7); eq(m.tests(5), 5); eq(m.tests(null), 0);
        throws(() => m.func(o), TypeError); throws(() => m.func(m.struct()), TypeError); throws(() => m.func(1), TypeError); eq(m.func(exported), exported);
        "#,
    );
}

fn what_matches_which_type<J: JsHost, W: WasmEngine>() {
    needs::<J, W>(
        GC,
        &[(
            "m",
            r#"(module (type $s (struct (field i32))) (type $a (array i8)) (type $sub (sub (struct (field i32)))) (type $f (func (result i32)))
              (func $seven (export "seven") (type $f) i32.const 7) (func (export "nothing"))
              (func (export "makes") (result (ref $s)) i32.const 1 struct.new $s)
              (func (export "makea") (result (ref $a)) i32.const 1 array.new_default $a)
              (func (export "makesub") (result (ref $sub)) i32.const 1 struct.new $sub)
              (func (export "any") (param anyref)) (func (export "eq") (param eqref)) (func (export "struct") (param structref)) (func (export "array") (param arrayref))
              (func (export "i31") (param i31ref)) (func (export "none") (param nullref)) (func (export "s") (param (ref null $s))) (func (export "a") (param (ref null $a)))
              (func (export "sub") (param (ref null $sub))) (func (export "nonnull") (param (ref $s))) (func (export "nonany") (param (ref any))) (func (export "nonextern") (param (ref extern)))
              (func (export "f") (param (ref null $f))) (func (export "nonfunc") (param (ref func))) (func (export "nofunc") (param nullfuncref)) (func (export "noextern") (param nullexternref)))"#,
        )],
        r#"
        const m = instance("m"), js = () => {};
        const values = { null: null, undefined, number: 1, big: 2 ** 40, string: "s", object: {}, js, s: m.makes(), a: m.makea(), sub: m.makesub(), seven: m.seven, nothing: m.nothing };
        const takes = {
          any: "null undefined number big string object js s a sub seven nothing", eq: "null number s a sub", struct: "null s sub", array: "null a", i31: "null number", none: "null",
          s: "null s", a: "null a", sub: "null sub", nonnull: "s", nonany: "undefined number big string object js s a sub seven nothing",
          nonextern: "undefined number big string object js s a sub seven nothing", f: "null seven", nonfunc: "seven nothing", nofunc: "null", noextern: "null",
        };
        for (const [name, fits] of Object.entries(takes)) {
          const taken = Object.keys(values).filter((key) => {
            try { m[name](values[key]); return true; } catch (e) { eq(e instanceof TypeError, true, `${name} of ${key}: ${e}`); return false; }
          });
          eq(taken.join(" "), fits, name);
        }
        "#,
    );
}

fn types_of_a_modules_own<J: JsHost, W: WasmEngine>() {
    needs::<J, W>(
        GC,
        &[
            (
                "m",
                r#"(module (type $s (struct (field (mut i32)))) (type $t (struct (field (mut i64)))) (import "env" "result" (func $result (result (ref null $s))))
                  (table $table (export "table") 2 (ref null $s)) (global (export "global") (mut (ref null $s)) (ref.null $s))
                  (func (export "make") (param i32) (result (ref $s)) local.get 0 struct.new $s)
                  (func (export "other") (result (ref $t)) i64.const 1 struct.new $t)
                  (func (export "call") (result i32) call $result struct.get $s 0))"#,
            ),
            (
                "imports",
                r#"(module (type $s (struct (field (mut i32)))) (import "env" "g" (global $g (ref null $s))) (import "env" "n" (global (ref i31))) (import "env" "any" (global $any anyref))
                  (func (export "get") (result i32) global.get $g struct.get $s 0) (export "n" (global 1)) (export "any" (global $any)))"#,
            ),
        ],
        r#"
        let result;
        const m = instance("m", { env: { result: () => result } });
        const s = m.make(5), other = m.other(), o = {};
        m.table.set(0, s); eq(m.table.get(0), s); eq(m.table.get(1), null); m.global.value = s; eq(m.global.value, s);
        for (const wrong of [other, o, 1, undefined, "s"]) {
          throws(() => m.table.set(0, wrong), TypeError); throws(() => { m.global.value = wrong; }, TypeError); throws(() => m.table.grow(1, wrong), TypeError);
          result = wrong; throws(m.call, TypeError);
        }
        eq(m.table.get(0), s); eq(m.global.value, s); eq(m.table.length, 2);
        // Missing is the type's default; undefined is not missing.
        m.table.set(0); eq(m.table.get(0), null); eq(m.table.grow(1), 2); eq(m.table.grow(1, s), 3); eq(m.table.get(3), s);
        result = s; eq(m.call(), 5); result = null; throws(m.call, WebAssembly.RuntimeError, "null");
        // Globals that are imported from values.
        const i = instance("imports", { env: { g: s, n: 7, any: o } });
        eq(i.get(), 5); eq(i.n.value, 7); eq(i.any.value, o);
        for (const env of [{ g: other, n: 7, any: o }, { g: o, n: 7, any: o }, { g: s, n: 2 ** 30, any: o }, { g: s, n: null, any: o }, { g: undefined, n: 7, any: o }]) {
          throws(() => instance("imports", { env }), WebAssembly.LinkError, "import");
        }
        eq(instance("imports", { env: { g: s, n: 7, any: undefined } }).any.value, undefined);
        "#,
    );
}

fn default_values<J: JsHost, W: WasmEngine>() {
    needs::<J, W>(
        GC,
        &[(
            "m",
            r#"(module (table (export "any") 1 anyref) (table (export "nonnull") 1 (ref i31) (ref.i31 (i32.const 3)))
              (table (export "externs") 1 externref) (func (export "f") (param anyref externref i31ref) (result anyref externref i31ref) local.get 0 local.get 1 local.get 2))"#,
        )],
        r#"
        const m = instance("m");
        m.any.set(0, 1); m.any.set(0); eq(m.any.get(0), null); m.any.set(0, undefined); eq(m.any.get(0), undefined);
        m.externs.set(0); eq(m.externs.get(0), undefined); m.externs.grow(1); eq(m.externs.get(1), undefined);
        eq(m.nonnull.get(0), 3); throws(() => m.nonnull.set(0), TypeError); throws(() => m.nonnull.grow(1), TypeError); throws(() => m.nonnull.set(0, null), TypeError);
        eq(m.nonnull.grow(1, 4), 1); eq(m.nonnull.get(1), 4);
        list(m.f(undefined, undefined, null).map(String), ["undefined", "undefined", "null"]);
        throws(() => m.f(), TypeError);
        "#,
    );
}

fn objects_survive_collections<J: JsHost, W: WasmEngine>() {
    needs::<J, W>(
        GC,
        &[(
            "m",
            r#"(module (type $s (struct (field i32) (field (mut anyref))))
              (func (export "make") (param i32 anyref) (result (ref $s)) local.get 0 local.get 1 struct.new $s)
              (func (export "get") (param (ref $s)) (result i32) local.get 0 struct.get $s 0)
              (func (export "next") (param (ref $s)) (result anyref) local.get 0 struct.get $s 1)
              (func (export "churn") (param $n i32) (loop $l
                (drop (struct.new $s (local.get $n) (ref.null any)))
                (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))"#,
        )],
        r#"
        // JavaScript holds objects of wasm, and wasm objects of JavaScript through them.
        const m = instance("m"), kept = [];
        for (let i = 0; i < 300; i++) { kept.push(m.make(i, { i })); if (i % 100 === 0) m.churn(100000); }
        m.churn(300000);
        kept.forEach((o, i) => { eq(m.get(o), i); eq(m.next(o).i, i); });
        // A chain of which JavaScript holds the end.
        let chain = null; for (let i = 0; i < 3000; i++) chain = m.make(i, chain);
        m.churn(300000);
        let length = 0; for (let o = chain; o !== null; o = m.next(o)) eq(m.get(o), 2999 - length++); eq(length, 3000);
        "#,
    );
}

fn more_than_there_is_room_for<J: JsHost, W: WasmEngine>() {
    let module = r#"(module (type $s (struct (field (ref null $s)) (field i64))) (type $a (array (mut i64)))
      (global $list (mut (ref null $s)) (ref.null $s))
      (func (export "array") (param i32) (result (ref $a)) local.get 0 array.new_default $a)
      (func (export "length") (param (ref $a)) (result i32) local.get 0 array.len)
      (func (export "endless") (loop $l
        (global.set $list (struct.new $s (global.get $list) (i64.const 1)))
        (br $l)))
      (func (export "drop") (global.set $list (ref.null $s))))"#;
    if !W::FEATURES.gc {
        return needs::<J, W>(GC, &[("m", module)], "");
    }
    let source = r#"
        const m = instance("m");
        const full = (f) => { const e = thrown(f); eq(e instanceof WebAssembly.RuntimeError || e instanceof RangeError, true, String(e)); };
        for (const length of [-1, 2 ** 31 - 1, 2 ** 29, 2 ** 22]) full(() => m.array(length));
        eq(m.length(m.array(1000)), 1000);
        for (let i = 0; i < 3; i++) { full(m.endless); m.drop(); eq(m.length(m.array(1000)), 1000); }
        "#;
    let limits = ResourceLimits {
        memory_bytes: 16 << 20,
        ..ResourceLimits::default()
    };
    let (_, output, _) =
        started::<J, W>(&[("m", module)], source, |builder| builder.limits(limits));
    assert_eq!(output.text(), "done\n");
}

fn no_names_for_these_types<J: JsHost, W: WasmEngine>() {
    passes::<J, W>(
        &[],
        r#"
        // The enumeration of value types has no name for these, whatever the engine knows.
        for (const value of ["anyref", "eqref", "i31ref", "structref", "arrayref", "exnref", "nullref", "ref extern", "any", ""]) {
          throws(() => new WebAssembly.Global({ value }), TypeError); throws(() => new WebAssembly.Table({ element: value, initial: 1 }), TypeError);
        }
        "#,
    );
}
