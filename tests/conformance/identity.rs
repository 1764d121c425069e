//! The [object caches](https://webassembly.github.io/spec/js-api/#agent): one JavaScript object for
//! each entity of the store, for as long as it is alive.

use sinew::{JsHost, Runtime, WasmEngine};

use crate::program::{needs, passes, started};

on_every_pair! {
    one_object_for_each_entity,
    wrappers_of_functions_come_back,
    wrappers_of_gc_objects_come_back,
    wrappers_of_exceptions_come_back,
    one_reference_for_each_value,
    names_of_kept_objects_stay,
}

fn one_object_for_each_entity<J: JsHost, W: WasmEngine>() {
    passes::<J, W>(
        &[
            (
                "owner",
                r#"(module (memory $m (export "m") 1 2) (table $t (export "t") 3 funcref) (global $g (export "g") (mut i32) (i32.const 1)) (global (export "own") (mut funcref) (ref.null func))
                  (func $f (export "f") (param externref) (result externref) local.get 0) (func $h (result funcref) ref.func $f) (export "h" (func $h))
                  (elem (i32.const 1) $f $h)
                  (export "m2" (memory $m)) (export "t2" (table $t)) (export "g2" (global $g)) (export "f2" (func $f)))"#,
            ),
            (
                "user",
                r#"(module (import "o" "m" (memory $m 1 2)) (import "o" "t" (table $t 3 funcref)) (import "o" "g" (global $g (mut i32))) (import "o" "f" (func $f (param externref) (result externref)))
                  (import "o" "seen" (func $seen (param funcref externref) (result funcref)))
                  (export "m" (memory $m)) (export "t" (table $t)) (export "g" (global $g)) (export "f" (func $f))
                  (elem declare func $f)
                  (func (export "call") (param externref) (result funcref) ref.func $f local.get 0 call $seen))"#,
            ),
        ],
        r#"
        const o = instance("owner");
        const seen = (f, x) => { eq(f, o.f, "argument"); eq(x, o); return f; };
        const u = instance("user", { o: { ...o, seen } });
        for (const name of ["m", "t", "g", "f"]) { eq(u[name], o[name], name); eq(o[name + "2"], o[name], name); }
        eq(o.t.get(1), o.f); eq(o.t.get(2), o.h); eq(o.h(), o.f); eq(u.call(o), o.f);
        o.own.value = o.f; eq(o.own.value, o.f); o.t.set(0, u.f); eq(o.t.get(0), o.f);
        for (const x of [o.m, o.t, o.g, o.f, o, u]) {
          eq(o.f(x), x, "externref"); eq(new WebAssembly.Global({ value: "externref", mutable: true }, x).value, x);
        }
        // Objects that JavaScript made stay the same through an instance.
        const m = new WebAssembly.Memory({ initial: 1, maximum: 2 }), t = new WebAssembly.Table({ element: "anyfunc", initial: 3 }), g = new WebAssembly.Global({ value: "i32", mutable: true });
        m.mine = t.mine = g.mine = 1;
        const through = instance("user", { o: { m, t, g, f: o.f, seen } });
        eq(through.m, m); eq(through.t, t); eq(through.g, g); eq(through.m.mine + through.t.mine + through.g.mine, 3);
        // Subclasses are kept.
        class Mine extends WebAssembly.Memory {}
        const mine = new Mine({ initial: 1, maximum: 2 });
        eq(instance("user", { o: { m: mine, t, g, f: o.f, seen } }).m, mine); eq(mine instanceof Mine, true);
        // What two instances define are two entities; so are what two constructors make.
        const p = instance("owner"); for (const name of ["m", "t", "g", "f"]) eq(p[name] === o[name], false, name);
        // A host function has an Exported Function of its own, that is not the function.
        const host = () => o; const forwarded = instance("user", { o: { m, t, g, f: host, seen } }).f;
        eq(forwarded === host, false); eq(forwarded(), o); t.set(2, forwarded); eq(t.get(2), forwarded);
        "#,
    );
}

/// Whether what `first` left in `globalThis.weak` is collected when nothing else holds it, and
/// comes back by `again` without what was put on it.
fn comes_back<J: JsHost, W: WasmEngine>(runtime: &mut Runtime<J, W>, first: &str, again: &str) {
    let eval = |runtime: &mut Runtime<J, W>, source: &str| -> bool {
        runtime
            .eval("check.js", source)
            .unwrap_or_else(|error| panic!("{source}: {error}"))
    };
    assert!(eval(runtime, first), "{first}");
    runtime.collect_garbage().unwrap();
    runtime.run().unwrap();
    runtime.collect_garbage().unwrap();
    assert!(
        eval(runtime, "weak.deref() === undefined"),
        "{first} is not collected"
    );
    for _ in 0..3 {
        assert!(eval(runtime, again), "{again}");
        runtime.collect_garbage().unwrap();
    }
}

fn wrappers_of_functions_come_back<J: JsHost, W: WasmEngine>() {
    let module = r#"(module (func $f (result i32) i32.const 7) (table (export "t") 1 funcref) (elem (i32.const 0) $f))"#;
    let source = "globalThis.t = instance('m').t;";
    let (mut runtime, ..) = started::<J, W>(&[("m", module)], source, |builder| builder);
    comes_back(
        &mut runtime,
        "(() => { const f = t.get(0); globalThis.weak = new WeakRef(f); return f === t.get(0) && f === weak.deref(); })()",
        "t.get(0) === t.get(0) && t.get(0)() === 7",
    );
}

fn wrappers_of_gc_objects_come_back<J: JsHost, W: WasmEngine>() {
    let module = r#"(module (type $s (struct (field i32))) (global $kept (mut anyref) (ref.null any))
      (func (export "keep") (param i32) local.get 0 struct.new $s global.set $kept)
      (func (export "kept") (result anyref) global.get $kept)
      (func (export "field") (param (ref $s)) (result i32) local.get 0 struct.get $s 0))"#;
    if !W::FEATURES.gc {
        return needs::<J, W>("garbage collection", &[("m", module)], "");
    }
    let source = "globalThis.m = instance('m'); m.keep(42);";
    let (mut runtime, ..) = started::<J, W>(&[("m", module)], source, |builder| builder);
    comes_back(
        &mut runtime,
        "(() => { const o = m.kept(); globalThis.weak = new WeakRef(o); return o === m.kept() && o === weak.deref(); })()",
        "m.kept() === m.kept() && m.field(m.kept()) === 42",
    );
    // Many that are kept by nobody, and one that is.
    let growth = "let one = m.kept(), same = true; for (let i = 0; i < 20000; i++) { m.keep(i); same &&= m.kept() === m.kept() && m.kept() !== one; } same && m.field(one) === 42";
    assert!(runtime.eval::<bool>("many.js", growth).unwrap());
}

fn wrappers_of_exceptions_come_back<J: JsHost, W: WasmEngine>() {
    let module = r#"(module (tag $t (export "t") (param i32)) (global $kept (mut exnref) (ref.null exn))
      (func (export "keep") (param i32)
        (block $h (result exnref) (try_table (catch_all_ref $h) local.get 0 throw $t) unreachable)
        global.set $kept)
      (func (export "again") global.get $kept throw_ref))"#;
    if !W::FEATURES.exceptions {
        return needs::<J, W>("exceptions (exnref)", &[("m", module)], "");
    }
    let source = "globalThis.m = instance('m'); m.keep(42);
      globalThis.kept = () => { try { m.again(); } catch (e) { return e; } };";
    let (mut runtime, ..) = started::<J, W>(&[("m", module)], source, |builder| builder);
    comes_back(
        &mut runtime,
        "(() => { const e = kept(); globalThis.weak = new WeakRef(e); return e === kept() && e === weak.deref(); })()",
        "kept() === kept() && kept().getArg(m.t, 0) === 42",
    );
    let growth = "let one = kept(), same = true; for (let i = 0; i < 20000; i++) { m.keep(i); same &&= kept() === kept() && kept() !== one; } same && one.getArg(m.t, 0) === 42";
    assert!(runtime.eval::<bool>("many.js", growth).unwrap());
}

fn one_reference_for_each_value<J: JsHost, W: WasmEngine>() {
    passes::<J, W>(
        &[(
            "m",
            r#"(module (table (export "t") 10 externref) (global (export "g") (mut externref) (ref.null extern))
              (func (export "id") (param externref) (result externref) local.get 0)
              (func (export "pair") (param externref externref) (result externref externref) local.get 1 local.get 0))"#,
        )],
        r#"
        const m = instance("m");
        const values = [undefined, null, true, false, 0, -0, 1, NaN, 2 ** 31, -(2 ** 30) - 1, 0.1, 10n ** 30n, "", "text", "\ud800", Symbol("a"), Symbol.for("b"), {}, [], () => {}, m.id, m.t, new Date(), /r/, new Map(), Promise.resolve(), new Proxy({}, {}), globalThis];
        for (const value of values) {
          eq(m.id(value), value); eq(m.pair(value, 1)[1], value);
          m.g.value = value; eq(m.g.value, value); m.t.set(3, value); eq(m.t.get(3), value); eq(m.t.grow(0, value), 10);
        }
        const all = m.pair(values, values); eq(all[0], values); eq(all[1], values);
        "#,
    );
}

fn names_of_kept_objects_stay<J: JsHost, W: WasmEngine>() {
    let module = r#"(module (table (export "t") 200 externref) (func (export "id") (param externref) (result externref) local.get 0))"#;
    let source = "globalThis.m = instance('m'); for (let i = 0; i < 200; i++) m.t.set(i, { i });
      globalThis.sound = () => { let all = true; for (let i = 0; i < 200; i++) all &&= m.t.get(i).i === i; return all; };";
    let (mut runtime, ..) = started::<J, W>(&[("m", module)], source, |builder| builder);
    for round in 0..5 {
        // What only a table of wasm holds is alive; what passes by is not in its way.
        let churn = format!("for (let i = 0; i < 5000; i++) m.id({{ round: {round} }}); sound()");
        assert!(runtime.eval::<bool>("churn.js", &churn).unwrap());
        runtime.collect_garbage().unwrap();
        assert!(runtime.eval::<bool>("after.js", "sound()").unwrap());
    }
}
