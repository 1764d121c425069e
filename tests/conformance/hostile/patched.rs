//! HAZARDS X5: user code that has patched every prototype it can reach changes nothing.

use sinew::{JsHost, Value, WasmEngine};

use crate::fixture::Folder;

on_every_pair! {
    x5_every_reachable_function_patched,
    x5_new_names_on_every_prototype,
}

/// Uses the whole API and says what came of it, with functions that were taken before any patch.
const USE: &str = r#"
const { apply, construct, ownKeys, getPrototypeOf, getOwnPropertyDescriptor, defineProperty } = Reflect;
const W = {}; for (const key of ownKeys(WebAssembly)) W[key] = WebAssembly[key];
const descriptor = (o, k) => getOwnPropertyDescriptor(o, k);
const get = {
  buffer: descriptor(W.Memory.prototype, "buffer").get, length: descriptor(W.Table.prototype, "length").get,
  value: descriptor(W.Global.prototype, "value"), exports: descriptor(W.Instance.prototype, "exports").get,
};
const { grow } = W.Memory.prototype, { get: tableGet, set: tableSet, grow: tableGrow } = W.Table.prototype;
const { exports: moduleExports, imports: moduleImports, customSections } = W.Module;
const { valueOf } = W.Global.prototype;
const Bytes = Uint8Array, text = String;
const byteLength = descriptor(ArrayBuffer.prototype, "byteLength").get;
const message = (e) => getPrototypeOf(e) === W.RuntimeError.prototype ? "RuntimeError" : getPrototypeOf(e) === W.CompileError.prototype ? "CompileError" : getPrototypeOf(e) === W.LinkError.prototype ? "LinkError" : getPrototypeOf(e) === TE ? "TypeError" : getPrototypeOf(e) === RE ? "RangeError" : "other";
const TE = TypeError.prototype, RE = RangeError.prototype;
function show(x) {
  if (x === null || typeof x !== "object" && typeof x !== "function") return typeof x + " " + text(x);
  const keys = ownKeys(x); let out = typeof x + "{";
  for (let i = 0; i < keys.length; i++) { const d = getOwnPropertyDescriptor(x, keys[i]); out += typeof keys[i] === "symbol" ? "@" : keys[i]; out += "=" + ("value" in d ? typeof d.value === "object" && d.value !== null ? show(d.value) : typeof d.value : "accessor") + ","; }
  return out + "}";
}
const bytes = BYTES, imports = { __proto__: null, env: { __proto__: null, f: (x, y) => x, pair: () => PAIR } };
const PAIR = [1, 2n];
const steps = [
  () => W.validate(bytes), () => module = new W.Module(bytes), () => moduleExports(module), () => moduleImports(module), () => customSections(module, "x"),
  () => instance = new W.Instance(module, imports), () => exports = apply(get.exports, instance, []),
  () => exports.add(1, 2), () => exports.i64(5n), () => exports.f(1.5, -0), () => exports.ext(imports) === imports, () => exports.many(),
  () => exports.call(7), () => exports.div(1, 0), () => exports.add("3", true), () => exports.i64(1), () => exports.fun(imports), () => exports.fun(exports.add) === exports.add,
  () => apply(grow, exports.mem, [1]), () => apply(byteLength, apply(get.buffer, exports.mem, []), []),
  () => apply(tableGet, exports.tab, [0]) === exports.add, () => apply(tableSet, exports.tab, [0, null]), () => apply(tableGrow, exports.tab, [2, exports.add]), () => apply(get.length, exports.tab, []),
  () => apply(get.value.set, exports.g, [9]), () => apply(get.value.get, exports.g, []), () => apply(valueOf, exports.g, []),
  () => new W.Memory({ __proto__: null, initial: 1, maximum: 2 }), () => new W.Table({ __proto__: null, initial: 1, element: "externref" }, 5),
  () => apply(get.value.get, new W.Global({ __proto__: null, value: "i64", mutable: true }, 5n), []), () => new W.Memory(1), () => new W.Memory({ __proto__: null, initial: -1 }),
  () => new W.CompileError("m"), () => new W.LinkError(), () => new W.RuntimeError("m", { __proto__: null, cause: 1 }), () => new W.Instance(module), () => new W.Module(new Bytes(4)),
  () => construct(W.Memory, [{ __proto__: null, initial: 0 }], function () {}) !== null, () => apply(get.buffer, {}, []), () => W.Memory({ __proto__: null }),
];
let module, instance, exports;
globalThis.use = () => {
  let out = "";
  for (let i = 0; i < steps.length; i++) { try { out += i + " " + show(steps[i]()) + "\n"; } catch (e) { out += i + " ! " + message(e) + "\n"; } }
  return out;
};
globalThis.promises = { __proto__: null, 0: () => W.compile(bytes), 1: () => W.instantiate(bytes, imports), 2: () => W.instantiate(module, imports), 3: () => W.instantiate(bytes), 4: () => W.compile(5), 5: () => W.compile(new Bytes(3)) };
globalThis.show = show;
globalThis.message = message;
"#;

const USED: &str = r#"(module (import "env" "f" (func $f (param i32) (result i32))) (import "env" "pair" (func $pair (result i32 i64)))
  (@custom "x" "section") (memory (export "mem") 1) (table (export "tab") 2 funcref) (global (export "g") (mut i32) (i32.const 1))
  (func $add (export "add") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add) (elem (i32.const 0) $add)
  (func (export "i64") (param i64) (result i64) local.get 0) (func (export "f") (param f32 f64) (result f64) local.get 1)
  (func (export "ext") (param externref) (result externref) local.get 0) (func (export "fun") (param funcref) (result funcref) local.get 0)
  (func (export "many") (result i32 i64 f32) i32.const 1 i64.const 2 f32.const 3) (func (export "call") (param i32) (result i32) local.get 0 call $f)
  (func (export "div") (param i32 i32) (result i32) local.get 0 local.get 1 i32.div_s))"#;

/// Replaces every function that can be reached from the global object. `seen` is what they were used
/// for.
const PATCH: &str = r#"
let patched = 0; const seen = []; const { push } = seen;
const spared = new Set([globalThis.use, globalThis.show, globalThis.message, globalThis.promises]);
const reached = new Set();
const hostile = (path) => {
  patched++;
  return function () { seen[seen.length] = path; throw new SyntaxError("hostile"); };
};
const todo = [["", globalThis], ["%TypedArray%", Object.getPrototypeOf(Uint8Array)], ["%Iterator%", Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]()))],
  ["%ArrayIterator%", Object.getPrototypeOf([][Symbol.iterator]())], ["%AsyncFunction%", Object.getPrototypeOf(async function () {})], ["%Generator%", Object.getPrototypeOf(function* () {})]];
const jobs = [];
while (todo.length) {
  const [path, object] = todo.pop();
  if (reached.has(object) || spared.has(object)) continue;
  reached.add(object);
  for (const key of Reflect.ownKeys(object)) {
    const d = Object.getOwnPropertyDescriptor(object, key), name = path + "." + String(key);
    for (const value of [d.value, d.get, d.set]) if (value !== null && (typeof value === "object" || typeof value === "function") && !spared.has(value)) todo.push([name, value]);
    if (object === globalThis || key === "prototype" || !d.configurable) continue;
    if (d.get || d.set) jobs.push([object, key, { __proto__: null, get: d.get && hostile(name + " get"), set: d.set && hostile(name + " set"), configurable: true }]);
    else if (typeof d.value === "function") jobs.push([object, key, { __proto__: null, value: hostile(name), writable: true, configurable: true }]);
  }
}
const { defineProperty } = Reflect;
for (let i = 0; i < jobs.length; i++) defineProperty(jobs[i][0], jobs[i][1], jobs[i][2]);
globalThis.seen = () => { let out = ""; for (let i = 0; i < seen.length; i++) out += seen[i] + " "; return out; };
globalThis.patched = patched;
"#;

/// What [`USE`] says, and what its promises settle with, in a runtime where `patch` ran.
fn used<J: JsHost, W: WasmEngine>(patch: &str) -> (String, String) {
    let folder = Folder::new(&[]);
    let mut runtime = folder.builder::<J, W>().0.build().unwrap();
    let bytes = format!("new Uint8Array({:?})", wat::parse_str(USED).unwrap());
    let program = format!("{{ {} }}", USE.replace("BYTES", &bytes));
    runtime.eval::<i32>("use", &format!("{program} 1")).unwrap();
    runtime
        .eval::<i32>("patch", &format!("{{ {patch} }} 1"))
        .unwrap();
    let mut out: String = runtime.eval("x", "use()").unwrap();
    let show: Value<J> = runtime.eval("x", "show").unwrap();
    for n in 0..6 {
        let source = format!("promises[{n}]()");
        let promise: Value<J> = runtime.eval("x", &source).unwrap();
        let line = match runtime.settle(&promise) {
            Ok(value) => runtime.call::<String>(&show, (&value,)).unwrap(),
            // Only the message and class would be looked up on patched objects.
            Err(_) => "rejected".to_owned(),
        };
        out += &format!("promise {n}: {line}\n");
    }
    let seen = runtime.eval::<String>("x", "globalThis.seen ? seen() : ''");
    (out, seen.unwrap())
}

fn x5_every_reachable_function_patched<J: JsHost, W: WasmEngine>() {
    let (expected, _) = used::<J, W>("");
    assert!(expected.matches(" ! ").count() < 14, "{expected}");
    let (found, seen) = used::<J, W>(PATCH);
    assert_eq!(found, expected);
    // Error.prototype.message and name are data; an uncaught rejection's class may be looked up.
    assert_eq!(seen, "");
}

fn x5_new_names_on_every_prototype<J: JsHost, W: WasmEngine>() {
    let (expected, _) = used::<J, W>("");
    // Names of descriptors, of results, of internal lists: none of them is inherited by what the API makes.
    let patch = r#"
    const seen = [];
    for (const object of [Object.prototype, Function.prototype, Array.prototype, Error.prototype, Promise.prototype, Uint8Array.prototype, ArrayBuffer.prototype, Number.prototype, String.prototype, BigInt.prototype, Boolean.prototype]) {
      for (const key of ["get", "set", "value", "writable", "enumerable", "configurable", "0", "1", "2", "module", "instance", "kind", "done", "next", "return", "promise", "resolve", "reject", "stack", "cause", "index", "initial", "maximum", "element", "mutable", "shared", "address", "builtins", "importedStringConstants", "env", "f", "detached", Symbol.toPrimitive, Symbol.species, Symbol.isConcatSpreadable, Symbol.unscopables]) {
        if (Object.getOwnPropertyDescriptor(object, key)) continue;
        Reflect.defineProperty(object, key, { __proto__: null, configurable: true,
          get() { seen[seen.length] = "get " + String(key); return undefined; }, set() { seen[seen.length] = "set " + String(key); } });
      }
    }
    globalThis.seen = () => { const { length } = seen; let out = ""; for (let i = 0; i < length; i++) out += seen[i] + " "; return out; };
    "#;
    let (found, seen) = used::<J, W>(patch);
    assert_eq!(found, expected);
    // `true`, "3" and the like convert without a look at their prototypes; what the steps themselves
    // read is named here.
    assert_eq!(seen, "");
}
