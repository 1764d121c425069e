//! No recursion that runs JavaScript overflows the native stack: it ends in a RangeError first.
//!
//! Boa counts frames, so the limit is bytes divided by what a frame may cost. This file measures
//! the cost of every kind of recursion.
//!
//! Sources are kept shallow: Boa's parser, which no limit bounds, takes some 30 KiB of stack for
//! each level of nesting, and 200 KiB where this crate is not optimised (its code is generic over
//! the kind of source, so that it is compiled here).

use std::cell::{Cell, RefCell};
use std::process::Command;
use std::rc::Rc;
use std::sync::Arc;

use sinew_bridge::{
    Completion, FunctionSpec, HostConfig, HostHooks, JsHost, NativeFn, Property, Termination, Throw,
};
use sinew_js_boa::{Args, Boa, Scope};

/// Endless recursion, each through something else. `probe` notes how deep the native stack is.
const KINDS: &[(&str, &str)] = &[
    ("plain call", "function f() { probe(); f(); } f()"),
    (
        "native function",
        "function f() { probe(); through(f); } f()",
    ),
    (
        "native constructor",
        "function f() { probe(); new Through(f); } f()",
    ),
    (
        "Array.prototype.map",
        "function f() { probe(); [1].map(f); } f()",
    ),
    (
        "Array.prototype.forEach",
        "function f() { probe(); [1].forEach(f); } f()",
    ),
    (
        "Array.prototype.sort",
        "function f() { probe(); [2, 1].sort(f); } f()",
    ),
    (
        "Array.prototype.toSorted",
        "function f() { probe(); [2, 1].toSorted(f); } f()",
    ),
    (
        "Array.prototype.flatMap",
        "function f() { probe(); [1].flatMap(f); } f()",
    ),
    (
        "Array.prototype.reduce",
        "function f() { probe(); [1, 2].reduce(f); } f()",
    ),
    (
        "Array.from, function",
        "function f() { probe(); Array.from([1], f); } f()",
    ),
    (
        "Array.from, iterator",
        "let o = { [Symbol.iterator]() { probe(); return Array.from(o); } }; Array.from(o)",
    ),
    (
        "Array species",
        "class A extends Array { constructor(...a) { super(...a); probe(); if (!busy) { this.push(1); } A.from([1]); } } let busy = true; new A()",
    ),
    (
        "typed array sort",
        "function f() { probe(); new Uint8Array([2, 1]).sort(f); } f()",
    ),
    (
        "typed array map",
        "function f() { probe(); new Uint8Array(1).map(f); } f()",
    ),
    (
        "getter",
        "let o = { get x() { probe(); return o.x; } }; o.x",
    ),
    (
        "setter",
        "let o = { set x(v) { probe(); o.x = v; } }; o.x = 1",
    ),
    (
        "getter on a prototype",
        "let o = Object.create({ get x() { probe(); return o.x; } }); o.x",
    ),
    (
        "getter through super",
        "class A { get x() { probe(); return new B().x; } } class B extends A { get x() { return super.x; } } new B().x",
    ),
    (
        "getter of the global object",
        "Object.defineProperty(globalThis, 'g', { get() { probe(); return g; } }); g",
    ),
    (
        "with statement",
        "let o = { get x() { probe(); with (o) { return x; } } }; o.x",
    ),
    (
        "Proxy get",
        "let p = new Proxy({}, { get() { probe(); return p.x; } }); p.x",
    ),
    (
        "Proxy set",
        "let p = new Proxy({}, { set() { probe(); p.x = 1; return true; } }); p.x = 1",
    ),
    (
        "Proxy has",
        "let p = new Proxy({}, { has() { probe(); return 'x' in p; } }); 'x' in p",
    ),
    (
        "Proxy ownKeys",
        "let p = new Proxy({}, { ownKeys() { probe(); return Reflect.ownKeys(p); } }); Reflect.ownKeys(p)",
    ),
    (
        "Proxy ownKeys, spread",
        "let p = new Proxy({}, { ownKeys() { probe(); return Object.keys({ ...p }); } }); ({ ...p })",
    ),
    (
        "Proxy getOwnPropertyDescriptor",
        "let p = new Proxy({}, { getOwnPropertyDescriptor() { probe(); return Object.getOwnPropertyDescriptor(p, 'x'); } }); Object.getOwnPropertyDescriptor(p, 'x')",
    ),
    (
        "Proxy defineProperty",
        "let x = { value: 1 }; let o = { x }; function defineProperty() { probe(); Object.defineProperties(p, o); return true; } let h = { defineProperty }; let p = new Proxy({}, h); Object.defineProperty(p, 'x', x)",
    ),
    (
        "Proxy getPrototypeOf",
        "let p = new Proxy({}, { getPrototypeOf() { probe(); return p instanceof Object ? null : null; } }); p instanceof Object",
    ),
    (
        "Proxy apply",
        "let p = new Proxy(() => 0, { apply() { probe(); return p(); } }); p()",
    ),
    (
        "Proxy construct",
        "let p = new Proxy(class {}, { construct() { probe(); return new p(); } }); new p()",
    ),
    (
        "Proxy of a Proxy",
        "let q = new Proxy(new Proxy({}, { get() { probe(); return q.x; } }), {}); q.x",
    ),
    (
        "prototype that is a Proxy",
        "let o = Object.create(new Proxy({}, { get() { probe(); return o.x; } })); o.x",
    ),
    (
        "Reflect.get on a Proxy",
        "let p = new Proxy({}, { get(t, k, r) { probe(); return Reflect.get(p, k, r); } }); p.x",
    ),
    (
        "toString",
        "const o = () => ({ toString() { probe(); return `${o()}`; } }); `${o()}`",
    ),
    (
        "String()",
        "const o = () => ({ toString() { probe(); return String(o()); } }); String(o())",
    ),
    (
        "valueOf, addition",
        "const o = () => ({ valueOf() { probe(); return o() + 1; } }); o() + 1",
    ),
    (
        "valueOf, comparison",
        "const o = () => ({ valueOf() { probe(); return o() < 1; } }); o() < 1",
    ),
    (
        "valueOf, Math.max",
        "const o = () => ({ valueOf() { probe(); return Math.max(o(), 1); } }); Math.max(o(), 1)",
    ),
    (
        "Symbol.toPrimitive",
        "const o = () => ({ [Symbol.toPrimitive]() { probe(); return +o(); } }); +o()",
    ),
    (
        "property key",
        "const o = () => ({ toString() { probe(); return ({})[o()]; } }); ({})[o()]",
    ),
    (
        "array of itself as text",
        "const o = () => ({ toString() { probe(); return [o()].join(); } }); [o()].join()",
    ),
    (
        "Symbol.hasInstance",
        "let o = { [Symbol.hasInstance]() { probe(); return 1 instanceof o; } }; 1 instanceof o",
    ),
    (
        "Function.prototype.call",
        "function f() { probe(); f.call(); } f()",
    ),
    (
        "Function.prototype.apply",
        "function f() { probe(); f.apply(); } f()",
    ),
    (
        "Reflect.apply",
        "function f() { probe(); Reflect.apply(f, null, []); } f()",
    ),
    (
        "Reflect.construct",
        "function f() { probe(); Reflect.construct(f, []); } f()",
    ),
    (
        "bound function",
        "function f() { probe(); g(); } let g = f.bind(); g()",
    ),
    (
        "bound, called natively",
        "function f() { probe(); [1].map(g); } let g = f.bind().bind().bind(); g()",
    ),
    (
        "call of call",
        "function f() { probe(); f.call.call.call(f); } f()",
    ),
    (
        "class constructor",
        "class C { constructor() { probe(); new C(); } } new C()",
    ),
    (
        "derived constructor",
        "class A { constructor() { probe(); new B(); } } class B extends A {} new B()",
    ),
    ("class field", "class C { x = (probe(), new C()); } new C()"),
    (
        "static field",
        "function f() { probe(); return class { static x = f(); }; } f()",
    ),
    (
        "static block",
        "function f() { probe(); return class { static { f(); } }; } f()",
    ),
    (
        "private method",
        "class C { #f() { probe(); this.#f(); } g() { this.#f(); } } new C().g()",
    ),
    (
        "Promise executor",
        "function f() { probe(); new Promise(f); } f()",
    ),
    (
        "Promise subclass",
        "class P extends Promise { constructor(e) { super(e); probe(); P.resolve(1); } } P.resolve(1)",
    ),
    (
        "then, species",
        "class P extends Promise { static get [Symbol.species]() { probe(); P.prototype.then.call(q); return Promise; } } let q = new P(() => 0); q.then()",
    ),
    (
        "thenable getter",
        "let o = { get then() { probe(); return Promise.resolve(o), 0; } }; new Promise(r => r(o))",
    ),
    (
        "generator",
        "function* g() { probe(); yield* g(); } [...g()]",
    ),
    (
        "generator, next",
        "function* g() { probe(); g().next(); } g().next()",
    ),
    (
        "generator, for-of",
        "function* g() { probe(); for (const x of g()); } [...g()]",
    ),
    (
        "generator, spread",
        "function* g() { probe(); [...g()]; } [...g()]",
    ),
    (
        "generator, destructuring",
        "function* g() { probe(); const [x] = g(); } const [x] = g()",
    ),
    (
        "generator return",
        "function* g() { try { yield; } finally { probe(); const i = g(); i.next(); i.return(); } } const i = g(); i.next(); i.return()",
    ),
    (
        "async function",
        "async function f() { probe(); await f(); } f(); 0",
    ),
    (
        "async generator",
        "async function* g() { probe(); await g().next(); } g().next(); 0",
    ),
    (
        "async generator, delegating",
        "async function* g() { probe(); yield* g(); } g().next(); 0",
    ),
    (
        "iterator helper",
        "function* g() { probe(); yield* Iterator.from(g()).map(x => x); } [...g()]",
    ),
    (
        "iterator helper, callback",
        "function f() { probe(); [1].values().map(f).next(); } f()",
    ),
    (
        "JSON.stringify, replacer",
        "function f() { probe(); JSON.stringify(1, f); } f()",
    ),
    (
        "JSON.stringify, toJSON",
        "let o = { toJSON() { probe(); return JSON.stringify(o); } }; JSON.stringify(o)",
    ),
    (
        "JSON.stringify, getter",
        "let o = { get x() { probe(); return JSON.stringify(o); } }; JSON.stringify(o)",
    ),
    (
        "JSON.parse, reviver",
        "function f() { probe(); JSON.parse('[1]', f); } f()",
    ),
    (
        "String.prototype.replace",
        "function f() { probe(); 'a'.replace('a', f); } f()",
    ),
    (
        "String.prototype.replaceAll",
        "function f() { probe(); 'a'.replaceAll('a', f); } f()",
    ),
    (
        "RegExp replace",
        "function f() { probe(); 'a'.replace(/a/g, f); } f()",
    ),
    (
        "RegExp exec",
        "let r = /a/; r.exec = () => { probe(); r.test('a'); return null; }; r.test('a')",
    ),
    (
        "RegExp split",
        "let r = /a/; r.constructor = { [Symbol.species]: function () { probe(); 'a'.split(r); return r; } }; 'a'.split(r)",
    ),
    (
        "RegExp matchAll",
        "let r = /a/g; Object.defineProperty(r, 'flags', { get() { probe(); 'a'.matchAll(r); return 'g'; } }); 'a'.matchAll(r)",
    ),
    (
        "Map.prototype.forEach",
        "let m = new Map([[1, 1]]); function f() { probe(); m.forEach(f); } f()",
    ),
    (
        "Map constructor",
        "let s = Map.prototype.set; Map.prototype.set = function () { probe(); new Map([[1, 1]]); }; new Map([[1, 1]])",
    ),
    (
        "Map.groupBy",
        "function f() { probe(); Map.groupBy([1], f); } f()",
    ),
    (
        "Object.groupBy",
        "function f() { probe(); Object.groupBy([1], f); } f()",
    ),
    (
        "Set union",
        "let o = { get size() { probe(); new Set().union(o); return 0; }, has() {}, keys() {} }; new Set().union(o)",
    ),
    (
        "Object.assign",
        "let o = { get x() { probe(); return Object.assign({}, o); } }; Object.assign({}, o)",
    ),
    (
        "Object.entries",
        "let o = { get x() { probe(); return Object.entries(o); } }; Object.entries(o)",
    ),
    (
        "Object.fromEntries",
        "let o = { get 0() { probe(); return Object.fromEntries([o]); } }; Object.fromEntries([o])",
    ),
    (
        "Object.defineProperties",
        "let o = { get x() { probe(); return Object.defineProperties({}, o); } }; Object.defineProperties({}, o)",
    ),
    (
        "spread",
        "let o = { get x() { probe(); return { ...o }; } }; ({ ...o })",
    ),
    (
        "for-in",
        "let p = new Proxy({}, { ownKeys() { probe(); for (const k in p); return []; } }); for (const k in p);",
    ),
    (
        "destructuring default",
        "function f({ x = (probe(), f({})) }) {} f({})",
    ),
    ("parameter default", "function f(x = (probe(), f())) {} f()"),
    ("tagged template", "function f() { probe(); f``; } f()"),
    ("direct eval", "function f() { probe(); eval('f()'); } f()"),
    (
        "indirect eval",
        "function f() { probe(); (0, eval)('f()'); } f()",
    ),
    (
        "new Function",
        "globalThis.f = () => { probe(); new Function('f()')(); }; f()",
    ),
    (
        "Date, toPrimitive",
        "const o = () => ({ valueOf() { probe(); return new Date(o()); } }); new Date(o())",
    ),
    (
        "Date.prototype.toJSON",
        "let o = { valueOf: () => 1, toISOString() { probe(); return Date.prototype.toJSON.call(o); } }; Date.prototype.toJSON.call(o)",
    ),
    (
        "Error cause",
        "let o = { get cause() { probe(); return new Error('', o); } }; new Error('', o)",
    ),
    (
        "Error message",
        "const o = () => ({ toString() { probe(); return String(new Error(o())); } }); new Error(o())",
    ),
    (
        "Error.prototype.toString",
        "let o = { get name() { probe(); return Error.prototype.toString.call(o); } }; Error.prototype.toString.call(o)",
    ),
    (
        "BigInt",
        "const o = () => ({ valueOf() { probe(); return BigInt(o()); } }); BigInt(o())",
    ),
    (
        "parseInt",
        "const o = () => ({ toString() { probe(); return parseInt(o()); } }); parseInt(o())",
    ),
    (
        "Array length",
        "const o = () => ({ valueOf() { probe(); [].length = o(); return 1; } }); [].length = o()",
    ),
    (
        "typed array element",
        "const o = () => ({ valueOf() { probe(); new Uint8Array(1)[0] = o(); return 1; } }); new Uint8Array(1)[0] = o()",
    ),
    (
        "DataView",
        "let d = new DataView(new ArrayBuffer(8)); const o = () => ({ valueOf() { probe(); d.setInt8(o(), 1); return 0; } }); d.setInt8(o(), 1)",
    ),
    (
        "Atomics",
        "let a = new Int32Array(1); const o = () => ({ valueOf() { probe(); Atomics.add(a, 0, o()); return 0; } }); Atomics.add(a, 0, o())",
    ),
    (
        "instanceof, prototype",
        "function F() {} let g = F.bind(); Object.defineProperty(F, 'prototype', { value: new Proxy({}, {}) }); Object.defineProperty(F, Symbol.hasInstance, { value() { probe(); return ({}) instanceof g; } }); ({}) instanceof g",
    ),
    (
        "concat, spreadable",
        "let o = { get [Symbol.isConcatSpreadable]() { probe(); return [].concat(o); } }; [].concat(o)",
    ),
    (
        "flat",
        "let a = new Proxy([1], { get(t, k) { if (k === '0') { probe(); [a].flat(); } return t[k]; } }); [a].flat()",
    ),
    (
        "using",
        "function f() { probe(); f(); } let o = { get x() { f(); } }; o.x",
    ),
    (
        "mixed",
        "let o = { get x() { probe(); return [2, 1].sort(f); } }; function f() { return String({ toString }); } function toString() { return p.y; } let h = { get: () => o.x }; let p = new Proxy({}, h); o.x",
    ),
    (
        "native, mixed",
        "function f() { probe(); through(() => [1].map(() => { 'a'.replace('a', () => through(f)); })); } f()",
    ),
];

thread_local! {
    static LOWEST: Cell<usize> = const { Cell::new(usize::MAX) };
    static CALLS: Cell<usize> = const { Cell::new(0) };
}

struct Probe;

impl NativeFn<Boa> for Probe {
    type Data = ();

    fn call(_: &mut Scope<'_>, (): &(), _: Args<'_>) -> Completion<Boa> {
        let here = 0u8;
        LOWEST.set(LOWEST.get().min((&raw const here).addr()));
        CALLS.set(CALLS.get() + 1);
        Ok(Boa::undefined())
    }
}

/// Calls its argument.
struct Through;

impl NativeFn<Boa> for Through {
    type Data = ();

    fn call(cx: &mut Scope<'_>, (): &(), args: Args<'_>) -> Completion<Boa> {
        let function = Boa::arg(cx, args, 0);
        Boa::call(cx, &function, &Boa::undefined(), &[])
    }
}

struct NoModules;

impl HostHooks<Boa> for NoModules {
    fn resolve(
        &self,
        _: &mut Scope<'_>,
        _: &str,
        _: &str,
        _: &[(String, String)],
    ) -> Completion<Boa, String> {
        Err(Throw::Value(Boa::undefined()))
    }

    fn load(&self, _: &mut Scope<'_>, _: &str) -> Completion<Boa, String> {
        Err(Throw::Value(Boa::undefined()))
    }

    fn import_meta(
        &self,
        _: &mut Scope<'_>,
        _: &str,
        _: &boa_engine::JsValue,
    ) -> Completion<Boa, ()> {
        Ok(())
    }

    fn resize_buffer(
        &self,
        _: &mut Scope<'_>,
        _: &boa_engine::JsValue,
        _: usize,
    ) -> Completion<Boa, ()> {
        Err(Throw::Value(Boa::undefined()))
    }

    fn promise_rejection(
        &self,
        _: &mut Scope<'_>,
        _: &boa_engine::JsValue,
        _: &boa_engine::JsValue,
        _: bool,
    ) {
    }
}

fn define<F: NativeFn<Boa, Data = ()>>(cx: &mut Scope<'_>, name: &str, constructor: bool) {
    let spec = FunctionSpec {
        name,
        length: 0,
        constructor,
    };
    let global = Boa::global(cx);
    let function = Boa::create_function::<F>(cx, (), spec);
    let defined = function.and_then(|function| {
        Boa::define_property(cx, &global, name.into(), Property::hidden(function))
    });
    assert!(defined.is_ok());
}

/// Runs one kind; bytes of native stack that it used, calls that it made, how it ended.
fn run(source: &str, stack_bytes: usize) -> (usize, usize, String) {
    let termination = Arc::new(Termination::default());
    let config = HostConfig {
        stack_bytes,
        heap_bytes: None,
        termination: termination.clone(),
        graveyard: Rc::new(RefCell::default()),
    };
    let mut boa = Boa::new(config, Rc::new(NoModules)).expect("an engine");
    LOWEST.set(usize::MAX);
    CALLS.set(0);
    let start = 0u8;
    let start = (&raw const start).addr();
    let end = boa.enter(|cx| {
        define::<Probe>(cx, "probe", false);
        define::<Through>(cx, "through", false);
        define::<Through>(cx, "Through", true);
        let mut outcome = Boa::eval_script(cx, "test:///stack.js", source).map(drop);
        while outcome.is_ok() {
            match Boa::run_job(cx) {
                Ok(true) => {}
                Ok(false) => break,
                Err(throw) => outcome = Err(throw),
            }
        }
        match outcome {
            Ok(()) => "ended".to_owned(),
            Err(Throw::Terminated) => format!("terminated: {:?}", termination.panic_message()),
            Err(Throw::Value(error)) => {
                let text = Boa::to_string(cx, &error);
                let text = text.ok().and_then(|text| Boa::as_text(cx, &text));
                text.unwrap_or_default()
            }
        }
    });
    (start.saturating_sub(LOWEST.get()), CALLS.get(), end)
}

fn on_thread<R: Send + 'static>(bytes: usize, f: impl FnOnce() -> R + Send + 'static) -> R {
    let thread = std::thread::Builder::new().stack_size(bytes).spawn(f);
    thread.expect("a thread").join().expect("no panic")
}

/// The recursion limit leaves a good part of the stack unused, whatever recurses.
#[test]
fn every_kind_keeps_a_margin() {
    const STACK: usize = 8 << 20;
    for &(name, source) in KINDS {
        let (bytes, _, _) = on_thread(4 * STACK, || run(source, STACK));
        assert!(bytes < STACK * 7 / 10, "{name} uses {bytes}");
    }
}

/// Prints the table: `cargo test --test stack -- --ignored --nocapture`.
#[test]
#[ignore = "prints a table"]
fn table() {
    const STACK: usize = 1 << 30;
    let mut rows = on_thread(STACK, || {
        let row = |&(name, source): &(&'static str, &'static str)| {
            let (bytes, calls, end) = run(source, 16 << 20);
            (bytes, calls, end, name)
        };
        KINDS.iter().map(row).collect::<Vec<_>>()
    });
    rows.sort();
    for (bytes, calls, end, name) in rows {
        println!(
            "{bytes:>10} {calls:>7} {:>8} {name}: {end}",
            bytes / calls.max(1)
        );
    }
}

/// What Boa cannot take: at its recursion limit it panics, which terminates the runtime.
const PANICS: &[&str] = &[
    "async function",
    "async generator",
    "async generator, delegating",
];

/// Runs every kind on a stack of this size, in a process of its own: an overflow ends it.
fn runs_on(mebibytes: usize) {
    let output = Command::new(std::env::current_exe().expect("this program"))
        .args([
            "child",
            "--exact",
            "--ignored",
            "--nocapture",
            "--test-threads=1",
        ])
        .env("SINEW_TEST_STACK", mebibytes.to_string())
        .output()
        .expect("a child process");
    let text = String::from_utf8_lossy(&output.stdout);
    let last = text.lines().last().unwrap_or_default();
    assert!(output.status.success(), "{mebibytes} MiB, last was: {last}");
    assert!(text.contains("all kinds ran"));
}

#[test]
fn nothing_overflows_1_mib() {
    runs_on(1);
}

#[test]
fn nothing_overflows_2_mib() {
    runs_on(2);
}

#[test]
fn nothing_overflows_8_mib() {
    runs_on(8);
}

#[test]
#[ignore = "the other tests run it in a process of its own"]
fn child() {
    let Ok(mebibytes) = std::env::var("SINEW_TEST_STACK") else {
        return;
    };
    let bytes = mebibytes.parse::<usize>().expect("a number") << 20;
    let only = std::env::var("SINEW_TEST_KIND").ok();
    for &(name, source) in KINDS {
        if only.as_ref().is_some_and(|only| only != name) {
            continue;
        }
        println!("{name}");
        let (_, calls, end) = on_thread(bytes, move || run(source, bytes - (256 << 10)));
        let expected = ["RangeError: Maximum call stack size exceeded", "ended"];
        let panicked = PANICS.contains(&name) && end.starts_with("terminated");
        assert!(expected.contains(&&*end) || panicked, "{name}: {end}");
        assert!(calls > 0, "{name}");
    }
    println!("all kinds ran");
}
