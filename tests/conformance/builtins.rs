//! [String builtins](https://webassembly.github.io/spec/js-api/#builtins-js-string): what each of
//! them does, beside a polyfill of JavaScript.

use sinew::{JsHost, WasmEngine};

use crate::program::{needs, passes};

on_every_pair! {
    what_every_engine_has_types_for,
    all_of_them,
    arrays_of_code_units,
    nothing_that_can_be_patched_is_asked,
    traps_pass_all_wasm,
    identity_and_linking,
    builtins_of_es_modules,
}

const GC: &str = "garbage collection";

/// Strings of every kind that an engine may keep apart, and what is none.
const STRINGS: &str = r#"
const long = "0123456789".repeat(10000);
let rope = ""; for (let i = 0; i < 3000; i++) rope += "piece " + i + (i % 1000 ? "" : "\u2615");
let pairs = ""; for (let i = 0; i < 40; i++) pairs += i % 3 ? "\ud83d" : "\ude00";
const strings = ["", "a", "b", "ab", "ba", "\0", "a\0b", "\u00e9t\u00e9", "\u00ff", "\u0100", "\u2615", "\ud83d\ude00", "a\ud83d\ude00b", "\ud800", "\udfff", "\udc00\ud800",
  "a\ud83d", "\ude00b", "\uffff", "e\u0301", long, long + "\u2615", long.slice(5, -5), long.slice(0, 3), rope, rope.slice(1000, 1003), "x" + rope, pairs, String(12.5), `${rope.length}`];
const others = [null, undefined, 0, 1, -0, NaN, 5n, true, Symbol.iterator, {}, [], ["a"], () => {}, new String("a"), Object("b"), new Proxy({}, {}), { toString() { throw new Error("asked"); } }];
const indexes = (s) => [...new Set([0, 1, 2, 3, s.length - 1, s.length, s.length + 1, s.length >> 1, -1, 2 ** 31 - 1, -(2 ** 31), 2 ** 32 + 1])];
/** What a call gives, or that it trapped: errors of JavaScript are no traps of builtins. */
function outcome(f, ...args) {
  try { return f(...args); } catch (e) {
    if (e instanceof WebAssembly.RuntimeError) return "trap";
    throw e;
  }
}
const trap = () => { throw new WebAssembly.RuntimeError("polyfill"); };
const string = (s) => typeof s === "string" ? s : trap();
const polyfill = {
  cast: (s) => string(s), test: (s) => Number(typeof s === "string"),
  fromCharCode: (v) => String.fromCharCode(v >>> 0), fromCodePoint: (v) => (v >>> 0) > 0x10ffff ? trap() : String.fromCodePoint(v >>> 0),
  charCodeAt: (s, i) => (i >>> 0) >= string(s).length ? trap() : s.charCodeAt(i >>> 0), codePointAt: (s, i) => (i >>> 0) >= string(s).length ? trap() : s.codePointAt(i >>> 0),
  length: (s) => string(s).length, concat: (a, b) => string(a) + string(b),
  substring: (s, i, j) => { string(s); i >>>= 0; j >>>= 0; return i > j || i > s.length ? "" : s.substring(i, j); },
  equals: (a, b) => { if (a !== null) string(a); if (b !== null) string(b); return Number(a === b); },
  compare: (a, b) => { string(a); string(b); return a < b ? -1 : a === b ? 0 : 1; },
};
function same(actual, name, ...args) {
  const [a, b] = [outcome(actual[name], ...args), outcome(polyfill[name], ...args)];
  if (!Object.is(a, b)) throw new Error(`${name}(${args.map((x) => typeof x === "string" ? JSON.stringify(x.slice(0, 20)) + x.length : typeof x + (typeof x === "number" ? x : "")).join()}): ${String(a).slice(0, 40)}, not ${String(b).slice(0, 40)}`);
}
"#;

/// Those whose types are WebAssembly 2.0's.
const PLAIN: &str = r#"(module
  (import "wasm:js-string" "length" (func $length (param externref) (result i32)))
  (import "wasm:js-string" "equals" (func $equals (param externref externref) (result i32)))
  (import "wasm:js-string" "compare" (func $compare (param externref externref) (result i32)))
  (import "wasm:js-string" "charCodeAt" (func $charCodeAt (param externref i32) (result i32)))
  (import "wasm:js-string" "codePointAt" (func $codePointAt (param externref i32) (result i32)))
  (import "wasm:js-string" "test" (func $test (param externref) (result i32)))
  (import "'" "a constant" (global $constant externref))
  (export "constant" (global $constant))
  (func (export "length") (param externref) (result i32) local.get 0 call $length)
  (func (export "equals") (param externref externref) (result i32) local.get 0 local.get 1 call $equals)
  (func (export "compare") (param externref externref) (result i32) local.get 0 local.get 1 call $compare)
  (func (export "charCodeAt") (param externref i32) (result i32) local.get 0 local.get 1 call $charCodeAt)
  (func (export "codePointAt") (param externref i32) (result i32) local.get 0 local.get 1 call $codePointAt)
  (func (export "test") (param externref) (result i32) local.get 0 call $test))"#;

/// All that take no arrays; each is called by wasm, and exported as it is.
const ALL: &str = r#"(module
  (import "wasm:js-string" "cast" (func $cast (param externref) (result (ref extern))))
  (import "wasm:js-string" "test" (func $test (param externref) (result i32)))
  (import "wasm:js-string" "fromCharCode" (func $fromCharCode (param i32) (result (ref extern))))
  (import "wasm:js-string" "fromCodePoint" (func $fromCodePoint (param i32) (result (ref extern))))
  (import "wasm:js-string" "charCodeAt" (func $charCodeAt (param externref i32) (result i32)))
  (import "wasm:js-string" "codePointAt" (func $codePointAt (param externref i32) (result i32)))
  (import "wasm:js-string" "length" (func $length (param externref) (result i32)))
  (import "wasm:js-string" "concat" (func $concat (param externref externref) (result (ref extern))))
  (import "wasm:js-string" "substring" (func $substring (param externref i32 i32) (result (ref extern))))
  (import "wasm:js-string" "equals" (func $equals (param externref externref) (result i32)))
  (import "wasm:js-string" "compare" (func $compare (param externref externref) (result i32)))
  (func (export "cast") (param externref) (result externref) local.get 0 call $cast)
  (func (export "test") (param externref) (result i32) local.get 0 call $test)
  (func (export "fromCharCode") (param i32) (result externref) local.get 0 call $fromCharCode)
  (func (export "fromCodePoint") (param i32) (result externref) local.get 0 call $fromCodePoint)
  (func (export "charCodeAt") (param externref i32) (result i32) local.get 0 local.get 1 call $charCodeAt)
  (func (export "codePointAt") (param externref i32) (result i32) local.get 0 local.get 1 call $codePointAt)
  (func (export "length") (param externref) (result i32) local.get 0 call $length)
  (func (export "concat") (param externref externref) (result externref) local.get 0 local.get 1 call $concat)
  (func (export "substring") (param externref i32 i32) (result externref) local.get 0 local.get 1 local.get 2 call $substring)
  (func (export "equals") (param externref externref) (result i32) local.get 0 local.get 1 call $equals)
  (func (export "compare") (param externref externref) (result i32) local.get 0 local.get 1 call $compare)
  (export "own cast" (func $cast)) (export "own test" (func $test)) (export "own fromCharCode" (func $fromCharCode)) (export "own fromCodePoint" (func $fromCodePoint))
  (export "own charCodeAt" (func $charCodeAt)) (export "own codePointAt" (func $codePointAt)) (export "own length" (func $length)) (export "own concat" (func $concat))
  (export "own substring" (func $substring)) (export "own equals" (func $equals)) (export "own compare" (func $compare)))"#;

/// A comparison over all strings, indexes and others.
const COMPARE: &str = r#"
function compareAll(actual) {
  const has = (name) => name in actual;
  for (const s of [...strings, ...others]) {
    for (const name of ["test", "length", "cast"].filter(has)) same(actual, name, s);
    const at = indexes(typeof s === "string" ? s : "");
    for (const i of at) {
      for (const name of ["charCodeAt", "codePointAt"]) same(actual, name, s, i);
      if (has("substring")) for (const j of at) same(actual, "substring", s, i, j);
    }
    for (const t of [...strings, ...others]) for (const name of ["equals", "compare", "concat"].filter(has)) same(actual, name, s, t);
  }
  for (const v of [0, 1, 65, 0xff, 0x100, 0xd7ff, 0xd800, 0xdc00, 0xdfff, 0xe000, 0xffff, 0x10000, 0x1f600, 0x10ffff, 0x110000, -1, 2 ** 31 - 1]) {
    for (const name of ["fromCharCode", "fromCodePoint"].filter(has)) same(actual, name, v);
  }
  // Equal strings that are made differently are equal.
  for (const s of strings.filter((s) => s.length < 100)) same(actual, "equals", s, [...Array(s.length).keys()].map((i) => s[i]).join(""));
}
"#;

fn what_every_engine_has_types_for<J: JsHost, W: WasmEngine>() {
    let source = format!(
        "{STRINGS}{COMPARE}
        const m = instance('m', {{}}, {{ builtins: ['js-string'], importedStringConstants: \"'\" }});
        eq(m.constant.value, 'a constant'); eq(m.length(m.constant.value), 10); eq(m.equals(m.constant.value, 'a ' + 'constant'), 1);
        compareAll(m);"
    );
    passes::<J, W>(&[("m", PLAIN)], &source);
}

fn all_of_them<J: JsHost, W: WasmEngine>() {
    let source = format!(
        "{STRINGS}{COMPARE}
        const m = instance('m', {{}}, {{ builtins: ['js-string'] }});
        compareAll(m);
        compareAll(Object.fromEntries(Object.keys(polyfill).map((name) => [name, m['own ' + name]])));
        // A result is a string like any other.
        let s = ''; for (let i = 0; i < 300; i++) s = m.concat(s, m.fromCodePoint(0x1f600 + i % 50));
        eq(s.length, 600); eq([...s].length, 300); eq(m.compare(s, s), 0);
        eq(m.length(m.substring(s, 1, 599)), 598); eq(m.codePointAt(m.substring(s, 1, 599), 0), 0xde00);"
    );
    needs::<J, W>("typed function references", &[("m", ALL)], &source);
}

fn arrays_of_code_units<J: JsHost, W: WasmEngine>() {
    let module = r#"(module (type $a (array (mut i16)))
      (import "wasm:js-string" "fromCharCodeArray" (func $from (param (ref null $a) i32 i32) (result (ref extern))))
      (import "wasm:js-string" "intoCharCodeArray" (func $into (param externref (ref null $a) i32) (result i32)))
      (export "from" (func $from)) (export "into" (func $into))
      (func (export "callFrom") (param (ref null $a) i32 i32) (result externref) local.get 0 local.get 1 local.get 2 call $from)
      (func (export "callInto") (param externref (ref null $a) i32) (result i32) local.get 0 local.get 1 local.get 2 call $into)
      (func (export "make") (param i32) (result (ref $a)) i32.const 0x2d local.get 0 array.new $a)
      (func (export "set") (param (ref $a) i32 i32) local.get 0 local.get 1 local.get 2 array.set $a)
      (func (export "get") (param (ref $a) i32) (result i32) local.get 0 local.get 1 array.get_u $a))"#;
    let source = format!(
        r#"{STRINGS}
        const m = instance("m", {{}}, {{ builtins: ["js-string"] }});
        const read = (array, length) => Array.from({{ length }}, (_, i) => String.fromCharCode(m.get(array, i))).join("");
        for (const s of strings.filter((s) => s.length < 30000)) {{
          const array = m.make(s.length + 3);
          eq(m.callInto(s, array, 2), s.length);
          for (const from of [m.from, m.callFrom]) {{
            eq(from(array, 2, s.length + 2), s); eq(from(array, 0, s.length + 3), "--" + s + "-"); eq(from(array, s.length, s.length), "");
          }}
          if (s.length < 50) eq(read(array, s.length + 3), "--" + s + "-");
          // It must fit, or nothing of it is written.
          const small = m.make(Math.max(s.length, 1));
          if (s !== "") {{ eq(outcome(m.into, s, small, 1), "trap"); eq(m.get(small, s.length - 1), 0x2d); }}
          eq(m.into(s, m.make(s.length), 0), s.length);
        }}
        const array = m.make(4);
        for (const [start, end] of [[3, 2], [0, 5], [5, 5], [-1, 4], [0, -1], [-1, -1], [4, 3]]) eq(outcome(m.from, array, start, end), "trap", `${{start}}..${{end}}`);
        eq(m.from(array, 4, 4), ""); eq(outcome(m.from, null, 0, 0), "trap"); eq(outcome(m.into, "a", null, 0), "trap");
        for (const other of others) eq(outcome(m.into, other, array, 0), "trap");
        eq(outcome(m.into, "", array, 5), "trap"); eq(outcome(m.into, "", array, -1), "trap"); eq(m.into("", array, 4), 0); eq(m.into("abcd", array, 0), 4);
        for (const unit of [0, 0xd800, 0xffff, 0x1ffff]) {{ m.set(array, 0, unit); eq(m.from(array, 0, 1), String.fromCharCode(unit)); }}
        "#
    );
    needs::<J, W>(GC, &[("m", module)], &source);
}

fn nothing_that_can_be_patched_is_asked<J: JsHost, W: WasmEngine>() {
    const PATCH: &str = r#"
    let asked = [];
    const proto = [String.prototype, Object.prototype, Array.prototype, Function.prototype, Symbol.prototype, Number.prototype];
    function patched(f) {
      const saved = [];
      for (const object of [String, ...proto]) {
        for (const key of Reflect.ownKeys(object)) {
          const descriptor = Object.getOwnPropertyDescriptor(object, key);
          if (!descriptor.configurable || key === "__proto__") continue;
          saved.push([object, key, descriptor]);
        }
      }
      const define = Reflect.defineProperty, push = asked.push.bind(asked);
      for (let i = 0; i < saved.length; i++) {
        const entry = saved[i], key = entry[1];
        define(entry[0], key, { __proto__: null, configurable: true, get() { push(key); throw new Error("patched"); }, set() { push(key); } });
      }
      try { return f(); } finally { for (let i = saved.length - 1; i >= 0; i--) define(saved[i][0], saved[i][1], saved[i][2]); }
    }
    "#;
    let source = format!(
        r#"{PATCH}
        const options = {{ builtins: ["js-string"], importedStringConstants: "'" }}, module = compile("m", options);
        const {{ length, equals, compare, charCodeAt, codePointAt, test }} = instance("m", {{}}, options);
        let results;
        patched(() => {{
          results = [length("abc"), equals("a", "b"), compare("a", "b"), charCodeAt("a", 0), codePointAt("\ud83d\ude00", 0), test("a"), test(null), equals(null, "")];
          new WebAssembly.Instance(module, {{}});
        }});
        list(results, [3, 0, -1, 97, 0x1f600, 1, 0, 0]); list(asked, []);
        "#
    );
    passes::<J, W>(&[("m", PLAIN)], &source);
    let source = format!(
        r#"{PATCH}
        const {{ cast, concat, substring, fromCharCode, fromCodePoint }} = instance("m", {{}}, {{ builtins: ["js-string"] }});
        let results;
        patched(() => {{ results = [cast("abc"), concat("a", "\ud83d"), substring("hello", 1, 3), fromCharCode(65), fromCodePoint(0x1f600)]; }});
        list(results, ["abc", "a\ud83d", "el", "A", "\ud83d\ude00"]); list(asked, []);
        "#
    );
    needs::<J, W>("typed function references", &[("m", ALL)], &source);
}

fn traps_pass_all_wasm<J: JsHost, W: WasmEngine>() {
    needs::<J, W>(
        "exceptions (exnref)",
        &[(
            "m",
            r#"(module (import "wasm:js-string" "length" (func $length (param externref) (result i32)))
              (func (export "f") (param externref) (result i32)
                (block $h (try_table (catch_all $h) (return (call $length (local.get 0))))) i32.const -1))"#,
        )],
        r#"
        const { f } = instance("m", {}, { builtins: ["js-string"] });
        eq(f("four"), 4); throws(() => f(4), WebAssembly.RuntimeError); throws(() => f(null), WebAssembly.RuntimeError);
        // What stands in for the builtin is a host function, whose exceptions wasm catches.
        const polyfilled = instance("m", { "wasm:js-string": { length(s) { return s.length; } } }).f;
        eq(polyfilled("four"), 4); eq(polyfilled(null), -1);
        "#,
    );
}

fn identity_and_linking<J: JsHost, W: WasmEngine>() {
    passes::<J, W>(
        &[
            (
                "m",
                r#"(module (import "wasm:js-string" "length" (func $length (param externref) (result i32)))
                  (import "wasm:js-string" "length" (func $again (param externref) (result i32)))
                  (table (export "table") funcref (elem $length $again))
                  (export "length" (func $length)) (export "same" (func $length)))"#,
            ),
            (
                "user",
                r#"(module (import "env" "length" (func $length (param externref) (result i32)))
                  (func (export "twice") (param externref) (result i32) (i32.mul (i32.const 2) (call $length (local.get 0)))))"#,
            ),
        ],
        r#"
        const options = { builtins: ["js-string"] }, m = instance("m", {}, options);
        eq(m.length, m.same); eq(m.table.get(0), m.length); eq(typeof m.length, "function"); eq(m.length instanceof WebAssembly.Function, true);
        eq(m.length.length, 1); eq(m.length("abc"), 3); eq(m.table.get(1)("ab"), 2);
        throws(() => m.length(5), WebAssembly.RuntimeError); throws(() => m.length(), WebAssembly.RuntimeError);
        eq(instance("user", { env: { length: m.length } }).twice("abc"), 6);
        // The import object is not asked for what is supplied.
        const forbidden = new Proxy({}, { get() { throw new Error("asked"); } });
        eq(instance("m", forbidden, options).length("abcd"), 4);
        eq((await WebAssembly.instantiate(bytes.m, forbidden, options)).instance.exports.length("abcde"), 5);
        "#,
    );
}

fn builtins_of_es_modules<J: JsHost, W: WasmEngine>() {
    let folder = crate::program::folder::<J, W>(
        &[],
        r#"
        import { length, hello, nul, empty } from "./m.wasm";
        eq(length("abc"), 3); eq(hello, "hello \ud83d\ude00"); eq(nul, "\0"); eq(empty, "");
        "#,
    );
    folder.write(
        "m.wasm",
        r#"(module (import "wasm:js-string" "length" (func $length (param externref) (result i32)))
          (import "wasm:js/string-constants" "hello 😀" (global $hello externref))
          (import "wasm:js/string-constants" "\00" (global $nul externref))
          (import "wasm:js/string-constants" "" (global $empty externref))
          (export "hello" (global $hello)) (export "nul" (global $nul)) (export "empty" (global $empty))
          (func (export "length") (param externref) (result i32) local.get 0 call $length))"#,
    );
    crate::program::runs::<J, W>(&folder);
}
