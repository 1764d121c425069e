//! [Tags](https://webassembly.github.io/spec/js-api/#tags) and
//! [exceptions](https://webassembly.github.io/spec/js-api/#exceptions) across the two edges.

use std::time::{Duration, Instant};

use sinew::{ErrorKind, JsHost, WasmEngine};

use crate::program::{folder, needs, passes};

on_every_pair! {
    the_interfaces_are_there_with_the_feature,
    thrown_by_wasm_caught_by_javascript,
    every_kind_of_payload,
    thrown_by_javascript_caught_by_wasm,
    through_many_frames,
    one_object_through_every_frame,
    subclasses,
    stacks,
    start_functions,
    traps_are_not_exceptions,
    traps_are_exceptions_beyond_javascript,
    termination_is_not_an_exception,
    panics_are_not_exceptions,
    errors_of_host_functions_are_exceptions,
    recursion_through_frames_that_catch,
    exceptions_within_exceptions,
    payloads_survive_collections,
    conversions_that_throw,
    tags_are_linked_by_identity,
    what_cannot_cross,
    the_exception_constructor,
    the_tag_constructor,
}

const EXCEPTIONS: &str = "exceptions (exnref)";

/// Calls a function of JavaScript, and does something with what it throws.
const CATCHES: &str = r#"(module
  (import "env" "f" (func $f (param externref) (result externref)))
  (import "env" "js" (tag $js (param externref)))
  ;; The payload of the JavaScript tag.
  (func (export "payload") (param externref) (result externref)
    (block $caught (result externref)
      (try_table (result externref) (catch $js $caught) local.get 0 call $f)))
  ;; 1 when there was anything to catch.
  (func (export "any") (param externref) (result i32)
    (block $caught
      (try_table (catch_all $caught) local.get 0 call $f drop)
      i32.const 0 return)
    i32.const 1)
  (func (export "rethrow") (param externref) (result externref)
    (block $caught (result externref exnref)
      (try_table (result externref) (catch_ref $js $caught) local.get 0 call $f)
      return)
    throw_ref)
  (func (export "rethrowAll") (param externref) (result externref)
    (block $caught (result exnref)
      (try_table (result externref) (catch_all_ref $caught) local.get 0 call $f)
      return)
    throw_ref)
  (func (export "throw") (param externref) local.get 0 throw $js)
  (func (export "unreachable") unreachable)
  (func $endless (export "endless") call $endless)
  ;; What it throws itself it catches itself.
  (func (export "throwAndCatch") (param externref) (result externref)
    (block $caught (result externref)
      (try_table (catch $js $caught) local.get 0 throw $js) unreachable)))"#;

fn the_interfaces_are_there_with_the_feature<J: JsHost, W: WasmEngine>() {
    passes::<J, W>(
        &[],
        r#"
        for (const name of ["Tag", "Exception", "JSTag"]) eq(name in WebAssembly, has["exceptions (exnref)"], name);
        if (has["exceptions (exnref)"]) {
          eq(WebAssembly.JSTag, WebAssembly.JSTag); eq(WebAssembly.JSTag instanceof WebAssembly.Tag, true);
          const { get, set, enumerable, configurable } = Object.getOwnPropertyDescriptor(WebAssembly, "JSTag");
          eq(typeof get + set + enumerable + configurable, "functionundefinedtruetrue");
          list(WebAssembly.JSTag.type().parameters, ["externref"]);
          eq(String(new WebAssembly.Tag({ parameters: [] })), "[object WebAssembly.Tag]");
          eq(WebAssembly.Exception.length, 2); eq(WebAssembly.Tag.length, 1);
          eq(Object.getPrototypeOf(WebAssembly.Exception.prototype), Object.prototype);
        }
        "#,
    );
}

fn thrown_by_wasm_caught_by_javascript<J: JsHost, W: WasmEngine>() {
    needs::<J, W>(
        EXCEPTIONS,
        &[(
            "m",
            r#"(module (tag $t (export "t") (param i32 externref)) (tag (export "other") (param i32 externref))
              (func (export "f") (param i32 externref) local.get 0 local.get 1 throw $t))"#,
        )],
        r#"
        const { f, t, other } = instance("m");
        const o = {};
        const e = thrown(() => f(-5, o));
        eq(e instanceof WebAssembly.Exception, true); eq(e instanceof Error, false);
        eq(Object.prototype.toString.call(e), "[object WebAssembly.Exception]");
        eq(e.is(t), true); eq(e.is(other), false); eq(e.is(WebAssembly.JSTag), false);
        eq(e.getArg(t, 0), -5); eq(e.getArg(t, 1), o); eq(e.getArg(t, "1"), o); eq(e.getArg(t, 1.9), o);
        throws(() => e.getArg(t, 2), RangeError); throws(() => e.getArg(t, 4294967295), RangeError);
        for (const index of [-1, 4294967296, NaN, Infinity, Symbol(), 1n]) throws(() => e.getArg(t, index), TypeError);
        throws(() => e.getArg(other, 0), TypeError); throws(() => e.getArg(other, 9), TypeError);
        for (const not of [undefined, null, {}, e, WebAssembly.Tag]) {
          throws(() => e.is(not), TypeError); throws(() => e.getArg(not, 0), TypeError);
        }
        throws(() => e.is(), TypeError); throws(() => e.getArg(t), TypeError);
        const { is, getArg } = WebAssembly.Exception.prototype;
        for (const not of [undefined, {}, t, Object.create(e)]) {
          throws(() => is.call(not, t), TypeError); throws(() => getArg.call(not, t, 0), TypeError);
        }
        const another = thrown(() => f(-5, o)); eq(another === e, false);
        "#,
    );
}

fn every_kind_of_payload<J: JsHost, W: WasmEngine>() {
    needs::<J, W>(
        EXCEPTIONS,
        &[(
            "m",
            r#"(module (import "env" "t" (tag $t (param i32 i64 f32 f64 externref funcref)))
              (func (export "f") (param i32 i64 f32 f64 externref funcref)
                local.get 0 local.get 1 local.get 2 local.get 3 local.get 4 local.get 5 throw $t))"#,
        )],
        r#"
        const t = new WebAssembly.Tag({ parameters: ["i32", "i64", "f32", "f64", "externref", "anyfunc"] });
        const { f } = instance("m", { env: { t } });
        const payload = [2 ** 31, 2n ** 63n, 1.1, -0, Symbol.iterator, f];
        const seen = [-(2 ** 31), -(2n ** 63n), Math.fround(1.1), -0, Symbol.iterator, f];
        for (const e of [thrown(() => f(...payload)), new WebAssembly.Exception(t, payload)]) {
          seen.forEach((value, at) => eq(e.getArg(t, at), value, "argument " + at));
        }
        const empty = new WebAssembly.Exception(t, [0, 0n, NaN, NaN, undefined, null]);
        eq(empty.getArg(t, 3), NaN); eq(empty.getArg(t, 4), undefined); eq(empty.getArg(t, 5), null);
        // Conversions are those of arguments.
        throws(() => new WebAssembly.Exception(t, [1, 2, 3, 4, 5, null]), TypeError);
        throws(() => new WebAssembly.Exception(t, [1, 2n, 3, 4, 5, () => {}]), TypeError);
        for (const length of [0, 5, 7]) throws(() => new WebAssembly.Exception(t, Array(length).fill(0)), TypeError);
        "#,
    );
}

fn thrown_by_javascript_caught_by_wasm<J: JsHost, W: WasmEngine>() {
    needs::<J, W>(
        EXCEPTIONS,
        &[("m", CATCHES)],
        r#"
        const { payload, any, rethrow, rethrowAll, throw: throwIt, throwAndCatch } = instance("m", {
          env: { js: WebAssembly.JSTag, f(x) { throw x; } },
        });
        const values = [undefined, null, true, 0, -0, NaN, 2 ** 30, -(2 ** 30) - 1, 1.5, 5n, "", "text", "\ud800", Symbol("s"), {}, [], () => {}, new TypeError("t"), Promise.resolve(), payload];
        for (const value of values) {
          eq(payload(value), value, "payload"); eq(any(value), 1); eq(throwAndCatch(value), value, "own");
          for (const f of [rethrow, rethrowAll, throwIt]) eq(thrown(() => f(value)), value, f.name);
        }
        // An Exception is not of the JavaScript tag: only catch_all sees it.
        const tag = new WebAssembly.Tag({ parameters: [] }), e = new WebAssembly.Exception(tag, []);
        e.extra = "kept";
        for (const f of [payload, rethrow, rethrowAll]) { eq(thrown(() => f(e)), e); eq(e.extra, "kept"); }
        eq(any(e), 1);
        // Unless wasm throws it with that tag: then it is a value like any other.
        eq(thrown(() => throwIt(e)), e); eq(throwAndCatch(e), e);
        "#,
    );
}

fn through_many_frames<J: JsHost, W: WasmEngine>() {
    needs::<J, W>(
        EXCEPTIONS,
        &[(
            "m",
            r#"(module (import "env" "down" (func $down (param i32))) (import "env" "js" (tag $js (param externref)))
              (global $caught (export "caught") (mut i32) (i32.const 0))
              (func (export "all") (param i32)
                (block $h (result exnref)
                  (try_table (catch_all_ref $h) local.get 0 call $down) return)
                global.get $caught i32.const 1 i32.add global.set $caught throw_ref)
              (func (export "payload") (param i32)
                (block $h (result externref)
                  (try_table (catch $js $h) local.get 0 call $down) return)
                global.get $caught i32.const 100 i32.add global.set $caught throw $js)
              (func (export "nothing") (param i32) local.get 0 call $down))"#,
        )],
        r#"
        let exports, value, finals = 0;
        const kinds = ["all", "payload", "nothing"];
        const down = (depth) => {
          try { if (depth === 0) throw value; exports[kinds[depth % 3]](depth - 1); }
          finally { finals++; }
        };
        exports = instance("m", { env: { down, js: WebAssembly.JSTag } });
        const tag = new WebAssembly.Tag({ parameters: ["i32"] });
        const cases = [[{}, 707], ["text", 707], [undefined, 707], [new RangeError("r"), 707], [new WebAssembly.Exception(tag, [4]), 7]];
        for (const [thing, caught] of cases) {
          value = thing; finals = 0; exports.caught.value = 0;
          eq(thrown(() => down(21)), thing); eq(finals, 22); eq(exports.caught.value, caught);
        }
        eq(cases.at(-1)[0].getArg(tag, 0), 4);
        "#,
    );
}

fn one_object_through_every_frame<J: JsHost, W: WasmEngine>() {
    needs::<J, W>(
        EXCEPTIONS,
        &[
            (
                "thrower",
                r#"(module (tag $t (export "t") (param i32)) (func (export "f") (param i32) local.get 0 throw $t))"#,
            ),
            ("m", CATCHES),
            (
                "keeper",
                r#"(module (import "env" "f" (func $f (param i32)))
                  (global $kept (mut exnref) (ref.null exn))
                  (func (export "keep") (param i32)
                    (block $h (result exnref) (try_table (catch_all_ref $h) local.get 0 call $f) return)
                    global.set $kept)
                  (func (export "again") global.get $kept throw_ref))"#,
            ),
        ],
        r#"
        const { f, t } = instance("thrower");
        // Wasm throws, JavaScript catches and throws again, through wasm that catches and throws again.
        const first = thrown(() => f(3));
        first.note = { why: "here" };
        const passOn = instance("m", { env: { js: WebAssembly.JSTag, f(x) { throw x; } } });
        for (const name of ["rethrowAll", "rethrow", "payload"]) {
          const e = thrown(() => passOn[name](first));
          eq(e, first, name); eq(e.getArg(t, 0), 3);
        }
        // As a value it is the same too: argument, result, payload, global, table.
        const identity = instance("m", { env: { js: WebAssembly.JSTag, f: (x) => x } });
        eq(identity.payload(first), first);
        const outer = new WebAssembly.Tag({ parameters: ["externref"] });
        eq(new WebAssembly.Exception(outer, [first]).getArg(outer, 0), first);
        eq(new WebAssembly.Global({ value: "externref" }, first).value, first);
        const table = new WebAssembly.Table({ element: "externref", initial: 1 }, first); eq(table.get(0), first);
        // Wasm keeps the exception and throws it twice: JavaScript sees one object.
        const { keep, again } = instance("keeper", { env: { f } });
        keep(8);
        const kept = thrown(again); kept.mark = 1;
        eq(kept.getArg(t, 0), 8); eq(thrown(again), kept); eq(thrown(again).mark, 1);
        // A JavaScript value that wasm keeps comes out as itself.
        const value = {}; const js = instance("keeper", { env: { f() { throw value; } } });
        js.keep(0); eq(thrown(js.again), value); eq(thrown(js.again), value);
        // The exception that JavaScript made, kept by wasm, is the object that was made.
        const made = new WebAssembly.Exception(t, [1]); const holder = instance("keeper", { env: { f() { throw made; } } });
        holder.keep(0); eq(thrown(holder.again), made);
        "#,
    );
}

fn subclasses<J: JsHost, W: WasmEngine>() {
    needs::<J, W>(
        EXCEPTIONS,
        &[("m", CATCHES)],
        r#"
        const tag = new WebAssembly.Tag({ parameters: ["i32"] });
        class Failure extends WebAssembly.Exception {
          #secret = 42;
          constructor(code, why) { super(tag, [code], { traceStack: true }); this.why = why; }
          get code() { return this.getArg(tag, 0); }
          get secret() { return this.#secret; }
        }
        const { rethrowAll, any } = instance("m", { env: { js: WebAssembly.JSTag, f(x) { throw x; } } });
        const failure = new Failure(7, "because");
        const e = thrown(() => rethrowAll(failure));
        eq(e, failure); eq(e instanceof Failure, true); eq(e.code, 7); eq(e.why, "because"); eq(e.secret, 42);
        eq(typeof e.stack, "string"); eq(e.is(tag), true);
        // The stack stays the constructor's.
        const { stack } = failure; thrown(() => rethrowAll(failure)); eq(failure.stack, stack);
        function Old() { return Reflect.construct(WebAssembly.Exception, [tag, [1]], Old); }
        Old.prototype = Object.create(WebAssembly.Exception.prototype);
        eq(new Old() instanceof Old, true);
        Old.prototype = 5; eq(Object.getPrototypeOf(new Old()), WebAssembly.Exception.prototype);
        // A tag can have subclasses too, and is the same tag.
        class Mine extends WebAssembly.Tag {}
        const mine = new Mine({ parameters: [] });
        eq(mine instanceof Mine, true); eq(new WebAssembly.Exception(mine, []).is(mine), true);
        "#,
    );
}

fn stacks<J: JsHost, W: WasmEngine>() {
    needs::<J, W>(
        EXCEPTIONS,
        &[(
            "m",
            r#"(module (import "env" "t" (tag $t)) (func (export "f") throw $t))"#,
        )],
        r#"
        const tag = new WebAssembly.Tag({ parameters: [] });
        const make = (...options) => new WebAssembly.Exception(tag, [], ...options);
        for (const options of [[], [undefined], [null], [{}], [{ traceStack: false }], [{ traceStack: 0 }], [{ traceStack: undefined }]]) {
          eq(make(...options).stack, undefined);
        }
        function somewhere() { return make({ traceStack: 1 }); }
        eq(somewhere().stack.includes("somewhere"), true, "the frame of its maker");
        throws(() => make(1), TypeError); throws(() => make("options"), TypeError);
        eq(thrown(instance("m", { env: { t: tag } }).f).stack, undefined);
        const { get, set } = Object.getOwnPropertyDescriptor(WebAssembly.Exception.prototype, "stack");
        eq(set, undefined); throws(() => get.call({}), TypeError);
        "#,
    );
}

fn start_functions<J: JsHost, W: WasmEngine>() {
    let start = r#"(module (import "env.js" "f" (func $f)) (start $f))"#;
    needs::<J, W>(
        EXCEPTIONS,
        &[
            (
                "throws",
                r#"(module (import "env" "t" (tag $t (param i32))) (func $s i32.const 9 throw $t) (start $s))"#,
            ),
            (
                "catches",
                r#"(module (import "env" "js" (tag $js (param externref))) (import "env" "f" (func $f))
                  (global (export "g") (mut externref) (ref.null extern))
                  (func $s
                    (block $h (result externref) (try_table (catch $js $h) call $f) return)
                    global.set 0)
                  (start $s))"#,
            ),
        ],
        r#"
        const t = new WebAssembly.Tag({ parameters: ["i32"] });
        const e = thrown(() => instance("throws", { env: { t } })); eq(e.getArg(t, 0), 9);
        const reason = await WebAssembly.instantiate(bytes.throws, { env: { t } }).catch((e) => e); eq(reason.getArg(t, 0), 9);
        const again = await WebAssembly.instantiate(compile("throws"), { env: { t } }).catch((e) => e); eq(again.is(t), true);
        const value = {}; const js = WebAssembly.JSTag;
        eq(instance("catches", { env: { js, f() { throw value; } } }).g.value, value);
        // An Exception that start functions do not catch is the reason.
        const made = new WebAssembly.Exception(t, [1]);
        eq(await WebAssembly.instantiate(bytes.catches, { env: { js, f() { throw made; } } }).catch((e) => e), made);
        "#,
    );
    // JavaScript's own exceptions pass start functions on every engine.
    passes::<J, W>(
        &[("start", start)],
        r#"
        for (const value of [{}, undefined, null, 1.5, new TypeError("mine")]) {
          const imports = { "env.js": { f() { throw value; } } };
          eq(thrown(() => instance("start", imports)), value);
          const reasons = [WebAssembly.instantiate(bytes.start, imports), WebAssembly.instantiate(compile("start"), imports)];
          for (const reason of reasons) eq(await reason.then(() => "fulfilled", (e) => e), value);
        }
        "#,
    );
}

fn traps_are_not_exceptions<J: JsHost, W: WasmEngine>() {
    needs::<J, W>(
        EXCEPTIONS,
        &[(
            "m",
            r#"(module (import "env" "js" (tag $js (param externref))) (memory 1) (table 1 funcref) (type $v (func))
              (func $call (param i32) local.get 0 call_indirect $fs (type $v))
              (table $fs funcref (elem $unreachable $divide $memory $table $indirect $endless))
              (func $unreachable unreachable)
              (func $divide i32.const 1 i32.const 0 i32.div_s drop)
              (func $memory i32.const -1 i32.load drop)
              (func $table i32.const 100 table.get 0 drop)
              (func $indirect i32.const 0 call_indirect 0 (type $v))
              (func $endless call $endless)
              (func (export "all") (param i32)
                (block $h (try_table (catch_all $h) local.get 0 call $call)))
              (func (export "ref") (param i32)
                (block $h (result exnref) (try_table (catch_all_ref $h) local.get 0 call $call) return) drop)
              (func (export "js") (param i32)
                (block $h (result externref) (try_table (catch $js $h) local.get 0 call $call) return) drop))"#,
        )],
        r#"
        const exports = instance("m", { env: { js: WebAssembly.JSTag } });
        for (const name of ["all", "ref", "js"]) {
          for (let trap = 0; trap < 5; trap++) throws(() => exports[name](trap), WebAssembly.RuntimeError);
          throws(() => exports[name](5), RangeError, "Maximum call stack size exceeded");
          // Nothing of it stays behind.
          throws(() => exports[name](0), WebAssembly.RuntimeError, "unreachable");
        }
        "#,
    );
}

fn traps_are_exceptions_beyond_javascript<J: JsHost, W: WasmEngine>() {
    needs::<J, W>(
        EXCEPTIONS,
        &[("m", CATCHES)],
        r#"
        // A trap that has become an error of JavaScript is one like any other.
        let error;
        const call = (f) => { try { f(); } catch (e) { error = e; throw e; } };
        const m = instance("m", { env: { js: WebAssembly.JSTag, f: call } });
        for (const [f, type] of [[m.unreachable, WebAssembly.RuntimeError], [m.endless, RangeError]]) {
          eq(m.payload(f), error); eq(error instanceof type, true);
          eq(m.any(f), 1); eq(thrown(() => m.rethrowAll(f)), error);
        }
        "#,
    );
}

fn termination_is_not_an_exception<J: JsHost, W: WasmEngine>() {
    let catcher = r#"(module (import "env" "f" (func $f)) (func $spin (export "spin") (loop br 0))
      (func (export "own") (block $h (try_table (catch_all $h) call $spin)))
      (func (export "host") (block $h (try_table (catch_all $h) call $f))
        (block $h (try_table (catch_all $h) call $f))))"#;
    if !W::FEATURES.exceptions {
        return needs::<J, W>(EXCEPTIONS, &[("m", catcher)], "");
    }
    for name in ["own", "host"] {
        let source = format!(
            r#"
            let spin;
            const f = () => {{ try {{ spin(); }} catch {{ console.log("caught"); }} finally {{ console.log("finally"); }} }};
            const exports = instance("m", {{ env: {{ f }} }});
            ({{ spin }} = exports);
            try {{ exports.{name}(); }} catch {{ console.log("caught"); }}
            console.log("went on");"#
        );
        let folder = folder::<J, W>(&[("m", catcher)], &source);
        let (builder, output) = folder.builder::<J, W>();
        let mut runtime = builder.timeout(Duration::from_millis(200)).build().unwrap();
        let start = Instant::now();
        let error = runtime.run_file(folder.path().join("main.js")).unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::Deadline, "{error}");
        assert!(
            start.elapsed() < Duration::from_secs(5),
            "{:?}",
            start.elapsed()
        );
        drop(runtime);
        assert_eq!(output.text(), "");
    }
}

fn panics_are_not_exceptions<J: JsHost, W: WasmEngine>() {
    let catcher = r#"(module (import "env" "f" (func $f)) (func (export "run") (result i32)
      (block $h (try_table (catch_all $h) call $f)) i32.const 1))"#;
    if !W::FEATURES.exceptions {
        return needs::<J, W>(EXCEPTIONS, &[("m", catcher)], "");
    }
    let source = r#"
        import { boom } from "env";
        const { run } = instance("m", { env: { f: boom } });
        try { run(); } catch { console.log("caught"); }
        console.log("went on");"#;
    let folder = folder::<J, W>(&[("m", catcher)], source);
    let (builder, output) = folder.builder::<J, W>();
    let mut runtime = builder
        .function("env", "boom", || -> () { panic!("on purpose") })
        .build()
        .unwrap();
    let error = runtime.run_file(folder.path().join("main.js")).unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Panicked, "{error}");
    drop(runtime);
    assert_eq!(output.text(), "");
}

fn errors_of_host_functions_are_exceptions<J: JsHost, W: WasmEngine>() {
    if !W::FEATURES.exceptions {
        return needs::<J, W>(EXCEPTIONS, &[("m", CATCHES)], "");
    }
    let source = r#"
        import { refuse } from "env";
        const { payload, rethrow } = instance("m", { env: { js: WebAssembly.JSTag, f: refuse } });
        const error = payload(1); eq(error instanceof Error, true); eq(error.message.includes("not today"), true, error.message);
        eq(thrown(() => rethrow(1)).message, error.message);"#;
    let folder = folder::<J, W>(&[("m", CATCHES)], source);
    let (builder, output) = folder.builder::<J, W>();
    let mut runtime = builder
        .function("env", "refuse", |_: f64| -> Result<f64, std::io::Error> {
            Err(std::io::Error::other("not today"))
        })
        .build()
        .unwrap();
    if let Err(error) = runtime.run_file(folder.path().join("main.js")) {
        panic!("{error}\n{}", error.stack());
    }
    drop(runtime);
    assert_eq!(output.text(), "done\n");
}

fn recursion_through_frames_that_catch<J: JsHost, W: WasmEngine>() {
    for stack in [1 << 20, 2 << 20, 8 << 20] {
        let run = || {
            needs::<J, W>(
                EXCEPTIONS,
                &[(
                    "m",
                    r#"(module (import "env" "down" (func $down (param i32))) (import "env" "js" (tag $js (param externref)))
                      (global $caught (export "caught") (mut i32) (i32.const 0))
                      (func (export "ref") (param i32)
                        (block $h (result exnref)
                          (try_table (catch_all_ref $h) local.get 0 call $down) return)
                        global.get $caught i32.const 1 i32.add global.set $caught throw_ref)
                      (func (export "payload") (param i32)
                        (block $h (result externref)
                          (try_table (catch $js $h) local.get 0 call $down) return)
                        global.get $caught i32.const 1 i32.add global.set $caught throw $js))"#,
                )],
                r#"
                let exports, depth = 0, name;
                const down = (n) => { depth = n; exports[name](n + 1); };
                exports = instance("m", { env: { down, js: WebAssembly.JSTag } });
                for (name of ["ref", "payload", "ref"]) {
                  exports.caught.value = depth = 0;
                  throws(() => exports[name](0), RangeError, "Maximum call stack size exceeded");
                  eq(depth > 10, true); eq(exports.caught.value > 10, true);
                }
                "#,
            );
        };
        let thread = std::thread::Builder::new().stack_size(stack).spawn(run);
        thread.unwrap().join().unwrap();
    }
}

fn exceptions_within_exceptions<J: JsHost, W: WasmEngine>() {
    needs::<J, W>(
        EXCEPTIONS,
        &[("m", CATCHES)],
        r#"
        // While one exception is on its way others are thrown, caught, and dropped.
        let m;
        const inner = (x) => m.payload({ deep: x });
        const f = (x) => {
          if (x?.deep !== undefined) throw x.deep;
          try { throw x; } finally { for (let i = 0; i < 50; i++) { eq(inner(i), i); eq(m.any({ deep: x }), 1); eq(thrown(() => m.rethrowAll({ deep: x })), x); } }
        };
        m = instance("m", { env: { js: WebAssembly.JSTag, f } });
        const o = {}; eq(m.payload(o), o); eq(thrown(() => m.rethrow(o)), o);
        // finally that throws another, or returns, replaces it.
        const other = instance("m", { env: { js: WebAssembly.JSTag, f(x) { try { m.throw(x); } finally { throw o; } } } }); eq(other.payload(1), o);
        const returns = instance("m", { env: { js: WebAssembly.JSTag, f(x) { try { m.throw(x); } finally { return 5; } } } }); eq(returns.payload(1), 5);
        // Generators and promises keep them as they are.
        function* generator() { try { yield 1; } catch (e) { m.throw(e); } }
        const g = generator(); g.next(); eq(thrown(() => g.throw(o)), o);
        eq(await (async () => m.throw(o))().catch((e) => e), o);
        "#,
    );
}

fn payloads_survive_collections<J: JsHost, W: WasmEngine>() {
    needs::<J, W>(
        EXCEPTIONS,
        &[(
            "m",
            r#"(module (type $s (struct (field i32))) (tag $t (export "t") (param (ref $s) externref))
              (func (export "throw") (param i32 externref) local.get 0 struct.new $s local.get 1 throw $t)
              (func (export "get") (param (ref $s)) (result i32) local.get 0 struct.get $s 0)
              (func (export "churn") (param $n i32) (loop $l
                (drop (struct.new $s (local.get $n)))
                (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))"#,
        )],
        r#"
        const m = instance("m"), kept = [];
        for (let i = 0; i < 200; i++) { kept.push(thrown(() => m.throw(i, { i }))); if (i % 50 === 0) m.churn(100000); }
        m.churn(300000);
        kept.forEach((e, i) => { eq(m.get(e.getArg(m.t, 0)), i); eq(e.getArg(m.t, 1).i, i); eq(e.getArg(m.t, 0), e.getArg(m.t, 0)); });
        "#,
    );
}

fn conversions_that_throw<J: JsHost, W: WasmEngine>() {
    needs::<J, W>(
        EXCEPTIONS,
        &[(
            "m",
            r#"(module (import "env" "js" (tag $js (param externref)))
              (import "env" "number" (func $number (result i32)))
              (import "env" "big" (func $big (result i64)))
              (import "env" "func" (func $func (result funcref)))
              (import "env" "pair" (func $pair (result i32 externref)))
              (func (export "number") (result externref)
                (block $h (result externref) (try_table (catch $js $h) call $number drop) ref.null extern))
              (func (export "big") (result externref)
                (block $h (result externref) (try_table (catch $js $h) call $big drop) ref.null extern))
              (func (export "func") (result externref)
                (block $h (result externref) (try_table (catch $js $h) call $func drop) ref.null extern))
              (func (export "pair") (result externref)
                (block $h (result externref) (try_table (catch $js $h) call $pair drop drop) ref.null extern)))"#,
        )],
        r#"
        let result;
        const f = () => result;
        const exports = instance("m", { env: { js: WebAssembly.JSTag, number: f, big: f, func: f, pair: f } });
        const value = {}, bad = (name) => ({ get [name]() { throw value; } });
        for (const name of ["valueOf", Symbol.toPrimitive]) {
          result = bad(name); eq(exports.number(), value); eq(exports.big(), value);
        }
        result = { valueOf() { throw value; } }; eq(exports.number(), value);
        for (const iterable of [bad(Symbol.iterator), { [Symbol.iterator]() { throw value; } }, { *[Symbol.iterator]() { yield 1; throw value; } }, [bad("valueOf"), 1],
          { [Symbol.iterator]: () => ({ next: () => bad("done") }) }]) {
          result = iterable; eq(exports.pair(), value);
        }
        // The TypeErrors of the conversions themselves are JavaScript's too.
        result = 5n; eq(exports.number() instanceof TypeError, true);
        result = Symbol(); eq(exports.number() instanceof TypeError, true);
        result = 5; eq(exports.big() instanceof TypeError, true); eq(exports.func() instanceof TypeError, true);
        for (const wrong of [1, undefined, {}, [], [1], [1, 2, 3]]) { result = wrong; eq(exports.pair() instanceof TypeError, true); }
        // Nothing is thrown, nothing is caught.
        result = 1; eq(exports.number(), null); result = [1, value]; eq(exports.pair(), null);
        "#,
    );
}

fn tags_are_linked_by_identity<J: JsHost, W: WasmEngine>() {
    needs::<J, W>(
        EXCEPTIONS,
        &[
            (
                "a",
                r#"(module (import "env" "t" (tag $t (param i32))) (export "t" (tag $t)) (export "again" (tag $t))
                  (tag $own (export "own") (param i32)) (func (export "f") i32.const 1 throw $t) (func (export "g") i32.const 2 throw $own))"#,
            ),
            (
                "b",
                r#"(module (import "env" "t" (tag $t (param i32))) (import "env" "f" (func $f))
                  (func (export "try") (result i32)
                    (block $h (result i32) (try_table (catch $t $h) call $f) i32.const -1)))"#,
            ),
        ],
        r#"
        const t = new WebAssembly.Tag({ parameters: ["i32"] }), same = new WebAssembly.Tag({ parameters: ["i32"] });
        const a = instance("a", { env: { t } });
        eq(a.t, t); eq(a.again, t); eq(a.own === t, false); eq(a.own instanceof WebAssembly.Tag, true);
        eq(instance("b", { env: { t, f: a.f } }).try(), 1);
        eq(thrown(instance("b", { env: { t: same, f: a.f } }).try).is(t), true);
        eq(instance("b", { env: { t: a.own, f: a.g } }).try(), 2);
        // JavaScript's exceptions of that tag are caught like wasm's own.
        eq(instance("b", { env: { t, f() { throw new WebAssembly.Exception(t, [77]); } } }).try(), 77);
        for (const [wrong, pattern] of [[new WebAssembly.Tag({ parameters: ["i64"] }), "i64"], [new WebAssembly.Tag({ parameters: [] }), "tag"], [{}, "an object"], [undefined, "undefined"], [WebAssembly.JSTag, "externref"]]) {
          throws(() => instance("a", { env: { t: wrong } }), WebAssembly.LinkError, pattern);
        }
        list(WebAssembly.Module.exports(compile("a")).map((e) => e.name + " " + e.kind), ["t tag", "again tag", "own tag", "f function", "g function"]);
        list(WebAssembly.Module.imports(compile("a")).map((i) => i.kind), ["tag"]);
        list(a.own.type().parameters, ["i32"]);
        "#,
    );
}

fn what_cannot_cross<J: JsHost, W: WasmEngine>() {
    needs::<J, W>(
        EXCEPTIONS,
        &[(
            "m",
            r#"(module (tag $v (export "v") (param v128)) (tag $e (export "e") (param exnref))
              (import "env" "f" (func $f (param exnref)))
              (table (export "table") 1 exnref) (global (export "global") (mut exnref) (ref.null exn))
              (func (export "throwV") v128.const i64x2 1 2 throw $v)
              (func (export "throwE") ref.null exn throw $e)
              (func (export "takes") (param exnref)) (func (export "gives") (result exnref) ref.null exn)
              (func (export "calls") ref.null exn call $f))"#,
        )],
        r#"
        let called = 0;
        const m = instance("m", { env: { f() { called++; } } });
        const v = thrown(m.throwV), e = thrown(m.throwE);
        eq(v.is(m.v), true); throws(() => v.getArg(m.v, 0), TypeError); throws(() => v.getArg(m.v, 1), RangeError);
        eq(e.is(m.e), true); throws(() => e.getArg(m.e, 0), TypeError);
        for (const tag of [m.v, m.e]) throws(() => new WebAssembly.Exception(tag, [null]), TypeError);
        for (const f of [m.takes, m.gives, m.calls]) throws(() => f(null), TypeError);
        eq(called, 0);
        throws(() => m.table.get(0), TypeError); throws(() => m.table.set(0, null), TypeError);
        throws(() => m.global.value, TypeError); throws(() => { m.global.value = null; }, TypeError);
        eq(m.table.length, 1);
        "#,
    );
}

fn the_exception_constructor<J: JsHost, W: WasmEngine>() {
    if !W::FEATURES.exceptions {
        return the_interfaces_are_there_with_the_feature::<J, W>();
    }
    passes::<J, W>(
        &[],
        r#"
        const { Exception, Tag, JSTag } = WebAssembly;
        const tag = new Tag({ parameters: ["i32", "f64"] });
        throws(() => Exception(tag, [1, 2]), TypeError);
        for (const args of [[], [tag], [undefined, []], [{}, []], [null, []], [JSTag, []], [JSTag, [1]], [tag, 5], [tag, {}], [tag, null], [tag, undefined], [tag, ""]]) {
          throws(() => new Exception(...args), TypeError);
        }
        const { record, primitive, take, log } = recorder();
        const payload = { *[Symbol.iterator]() { log.push("payload"); yield primitive("first", 1); yield primitive("second", 2); } };
        const newTarget = new Proxy(Exception, { get(target, name) { log.push("new.target." + String(name)); return Reflect.get(target, name); } });
        const e = Reflect.construct(Exception, [tag, payload, record({ traceStack: true })], newTarget);
        eq(take(), "payload traceStack new.target.prototype first.valueOf second.valueOf");
        eq(e.getArg(tag, 1), 2);
        // The tag is looked at first, then the payload, then the options.
        throws(() => new Exception({}, payload, record({ traceStack: 1 })), TypeError); eq(take(), "");
        throws(() => new Exception(tag, 1, record({ traceStack: 1 })), TypeError); eq(take(), "");
        // Anything that can be iterated over is a payload, once.
        eq(new Exception(tag, new Set([5, 6])).getArg(tag, 0), 5);
        eq(new Exception(tag, new Float64Array([5, 6])).getArg(tag, 1), 6);
        eq(new Exception(tag, Object("78")).getArg(tag, 0), 7);
        const value = {};
        eq(thrown(() => new Exception(tag, { *[Symbol.iterator]() { throw value; } })), value);
        eq(thrown(() => new Exception(tag, [1, 2], { get traceStack() { throw value; } })), value);
        eq(thrown(() => new Exception(tag, [{ valueOf() { throw value; } }, 2])), value);
        "#,
    );
}

fn the_tag_constructor<J: JsHost, W: WasmEngine>() {
    if !W::FEATURES.exceptions {
        return the_interfaces_are_there_with_the_feature::<J, W>();
    }
    passes::<J, W>(
        &[],
        r#"
        const { Tag } = WebAssembly;
        for (const args of [[], [undefined], [null], [5], ["i32"], [{}], [{ parameters: 5 }], [{ parameters: "i32" }], [{ parameters: ["i31"] }], [{ parameters: [undefined] }], [{ parameters: null }]]) {
          throws(() => new Tag(...args), TypeError);
        }
        throws(() => Tag({ parameters: [] }), TypeError);
        const { record, primitive, take, log } = recorder();
        const parameters = { *[Symbol.iterator]() { yield primitive("a", "i32"); yield primitive("b", "v128"); } };
        const newTarget = new Proxy(Tag, { get(target, name) { log.push("new.target." + String(name)); return Reflect.get(target, name); } });
        const tag = Reflect.construct(Tag, [record({ parameters })], newTarget);
        eq(take(), "parameters a.toString b.toString new.target.prototype");
        list(tag.type().parameters, ["i32", "v128"]);
        eq(new Tag({ parameters: [] }) === new Tag({ parameters: [] }), false);
        "#,
    );
}
