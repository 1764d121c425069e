// What every junk program begins with: a recorder, junk of every kind, and things to use it on.
// It takes what it needs before any user code runs, and uses nothing that a program may patch: no
// iteration, no spread, no method looked up.

const { apply, construct, defineProperty, getOwnPropertyDescriptor, getPrototypeOf, ownKeys, setPrototypeOf } = Reflect;
const print = console.log;
const { get: mapGet, set: mapSet } = Map.prototype;
const { stringify } = JSON;
const { freeze, create } = Object;
const { bind } = Function.prototype;
const text = String;
const slice = String.prototype.slice;
const W = WebAssembly;

// --- the trace of user code -------------------------------------------------------------------

let trace = "", fuel = 0, depth = 0;

/** One line of the trace. */
function mark(what) {
  if (trace.length < 4000) trace += what + " ";
}

/** Runs what an object does beside answering; not without end. */
function run(effect) {
  if (effect === undefined || depth >= 2 || fuel <= 0) return;
  fuel--;
  depth++;
  mark("{");
  try { mark(show(effect())); } catch (e) { mark("!" + show(e)); }
  mark("}");
  depth--;
}

// --- names of objects ---------------------------------------------------------------------------

const names = new Map(), classes = new Map();
let fresh = 0;

/** Gives an object the name that it has in outcomes, unless it has one. */
function tell(object, name) {
  if (apply(mapGet, names, [object]) === undefined) apply(mapSet, names, [object, name]);
  return object;
}

for (const holder of [WebAssembly, globalThis]) {
  for (const name of ownKeys(holder)) {
    const C = typeof name === "string" ? holder[name] : undefined;
    if (typeof C !== "function" || !/^[A-Z]/.test(name)) continue;
    tell(C, "%" + name + "%");
    if (C.prototype && typeof C.prototype === "object" || name === "Function") {
      tell(C.prototype, "%" + name + ".prototype%");
      if (!classes.has(C.prototype)) classes.set(C.prototype, holder === WebAssembly ? "WebAssembly." + name : name);
    }
  }
}
for (const f of [async function () {}, function* () {}, async function* () {}]) {
  tell(getPrototypeOf(f), "%" + getPrototypeOf(f)[Symbol.toStringTag] + ".prototype%");
  if (f.prototype) tell(getPrototypeOf(f.prototype), "%its prototype%");
}
tell(getPrototypeOf(Uint8Array), "%TypedArray%");
tell(getPrototypeOf(Uint8Array).prototype, "%TypedArray.prototype%");
tell(WebAssembly, "%WebAssembly%");
tell(globalThis, "%globalThis%");
if (WebAssembly.JSTag) tell(WebAssembly.JSTag, "%JSTag%");

// --- values as text -----------------------------------------------------------------------------

const getter = (object, key) => object === undefined ? undefined : getOwnPropertyDescriptor(object, key)?.get;
const AB = ArrayBuffer.prototype, TA = getPrototypeOf(Uint8Array.prototype);
const bufferFacts = [getter(AB, "byteLength"), getter(AB, "resizable"), getter(AB, "maxByteLength")];
const SAB = globalThis.SharedArrayBuffer?.prototype;
const sharedFacts = [getter(SAB, "byteLength"), getter(SAB, "growable"), getter(SAB, "maxByteLength")];
const viewFacts = [getter(TA, "length"), getter(TA, "byteOffset")];
const isError = { __proto__: null, Error: 1, TypeError: 1, RangeError: 1, SyntaxError: 1, ReferenceError: 1, EvalError: 1, URIError: 1, AggregateError: 1, "WebAssembly.CompileError": 1, "WebAssembly.LinkError": 1, "WebAssembly.RuntimeError": 1 };
/** Whose own properties are told; those of other built-ins are the engine's affair. */
const isOpen = { __proto__: null, null: 1, Object: 1, Array: 1, Function: 1 };

function facts(object, getters) {
  let out = "";
  for (let i = 0; i < getters.length; i++) {
    if (getters[i] === undefined) continue;
    try { out += show(apply(getters[i], object, [])) + ","; } catch { out += "?,"; }
  }
  return out;
}

function quote(string) {
  return string.length > 200 ? "string of " + string.length : stringify(string);
}

function primitive(x) {
  switch (typeof x) {
    case "string": return quote(x);
    case "bigint": return text(x) + "n";
    case "number": return x === 0 && 1 / x < 0 ? "-0" : text(x);
    default: return text(x);
  }
}

function own(object, depth) {
  const keys = ownKeys(object);
  let out = "{";
  for (let i = 0; i < keys.length && i < 30; i++) {
    const d = getOwnPropertyDescriptor(object, keys[i]);
    out += (typeof keys[i] === "symbol" ? text(keys[i]) : quote(keys[i])) + ":";
    if ("value" in d) {
      out += (d.writable ? "w" : "") + (d.enumerable ? "e" : "") + (d.configurable ? "c" : "") + "=";
      out += depth > 0 || d.value === null || typeof d.value !== "object" && typeof d.value !== "function" ? show(d.value, depth - 1) : "...";
    } else out += "accessor";
    out += ";";
  }
  return out + "}";
}

/** A value, by type, class and contents; an object that was seen before by its name. */
function show(x, depth = 2) {
  if (x === null || typeof x !== "object" && typeof x !== "function") return primitive(x);
  const known = apply(mapGet, names, [x]);
  if (known !== undefined) return "#" + known;
  const name = "o" + ++fresh;
  tell(x, name);
  const proto = getPrototypeOf(x);
  const kind = proto === null ? "null" : apply(mapGet, classes, [proto]);
  if (isError[kind]) return kind + messageOf(x);
  if (kind === undefined) return name + ":child of " + show(proto, 0) + (typeof x === "function" ? " function" : "");
  if (kind === "ArrayBuffer") return name + ":ArrayBuffer(" + facts(x, bufferFacts) + ")";
  if (kind === "SharedArrayBuffer") return name + ":SharedArrayBuffer(" + facts(x, sharedFacts) + ")";
  const length = facts(x, [viewFacts[0]]);
  if (length !== "?,") return name + ":" + kind + "(" + facts(x, viewFacts) + ")";
  return name + ":" + kind + (isOpen[kind] || kind[3] === "A" ? own(x, depth) : "");
}

function messageOf(error) {
  if (!MESSAGES) return "";
  const message = getOwnPropertyDescriptor(error, "message")?.value;
  return typeof message === "string" ? "<" + message + ">" : "";
}

// --- junk -----------------------------------------------------------------------------------------

const sym = Symbol("junk");
/** An error that is a program's own. */
const oops = (l) => tell({ __proto__: null }, "oops-" + l);
/** Converts to `answer`, or throws, after `effect`. */
function val(l, answer, effect, throws) {
  const answers = (how) => function () {
    mark(l + "." + how);
    run(effect);
    if (throws) throw oops(l);
    return answer;
  };
  return tell({ valueOf: answers("valueOf"), toString: answers("toString") }, l);
}
/** The same by `Symbol.toPrimitive`. */
function prim(l, answer, effect, throws) {
  return tell({
    [Symbol.toPrimitive](hint) {
      mark(l + ".toPrimitive(" + hint + ")");
      run(effect);
      if (throws) throw oops(l);
      return answer;
    },
  }, l);
}
/** An object whose properties are getters; `throwing` is the one that throws. */
function bag(l, props, effect, throwing) {
  const object = {}, keys = ownKeys(props);
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i], value = props[key];
    defineProperty(object, key, {
      __proto__: null, enumerable: true, configurable: true,
      get() {
        mark(l + ".get " + text(key));
        run(effect);
        if (key === throwing) throw oops(l);
        return value;
      },
    });
  }
  return tell(object, l);
}
/** A proxy that tells what is asked of it. */
function px(l, target, effect, throwing) {
  const handler = { __proto__: null }, traps = ownKeys(Reflect);
  for (let i = 0; i < traps.length; i++) {
    const trap = traps[i], forward = Reflect[trap];
    if (typeof forward !== "function") continue;
    handler[trap] = function (_, key) {
      const what = typeof key === "string" || typeof key === "symbol" ? " " + text(key) : "";
      mark(l + ":" + trap + what);
      run(effect);
      if (trap === throwing) throw oops(l);
      // Function.prototype.toString reads the proxy's name in QuickJS.
      if (key === "toString" && typeof target === "function") return () => l;
      return apply(forward, undefined, arguments);
    };
  }
  const able = target !== null && (typeof target === "object" || typeof target === "function");
  return tell(new Proxy(able ? target : {}, handler), l);
}
function revoked(l, target) {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return tell(proxy, l);
}
/** An iterable of `values`; at index `at` it throws. */
function iter(l, values, effect, at) {
  return tell({
    [Symbol.iterator]() {
      mark(l + ".iterator");
      let i = 0;
      return {
        next() {
          mark(l + ".next");
          run(effect);
          if (i === at) throw oops(l);
          return i < values.length ? { value: values[i++], done: false } : { value: undefined, done: true };
        },
        return() { mark(l + ".return"); return {}; },
      };
    },
  }, l);
}
/** A constructor whose `prototype` is this, for `new.target`. */
function target(l, prototype, effect) {
  const f = apply(bind, function () {}, []);
  defineProperty(f, "prototype", { __proto__: null, get() { mark(l + ".prototype"); run(effect); return prototype; } });
  return tell(f, l);
}
/** An instance of a subclass. */
function sub(l, C, args) {
  class Sub extends C {}
  return tell(construct(C, args, Sub), l);
}
const transfer = AB.transfer;
function detach(buffer) {
  apply(transfer, buffer, []);
  return buffer;
}
const filled = (buffer) => { new Uint8Array(buffer).set(bytesOf("lib").subarray(0, buffer.byteLength)); return buffer; };

// --- things to use it on --------------------------------------------------------------------------

const bytesOf = (name) => new Uint8Array(BYTES[name] ?? []);
const made = { __proto__: null };
/** The thing of this name, made when first asked for. */
const thing = (name) => made[name] ??= tell(things[name](), name);
const mod = (name) => made["mod " + name] ??= tell(new W.Module(bytesOf(name)), "mod " + name);
const lib = (name) => thing("lib").exports[name];
const imp = (name) => thing("imp").exports[name];
/** An import: it tells its arguments and answers `v.ret`. */
const importing = (l) => tell(function () {
  mark(l + "(");
  for (let i = 0; i < arguments.length; i++) mark(show(arguments[i]));
  mark(")");
  run(v.effect);
  if (v.throws) throw v.ret;
  return v.ret;
}, l);
const importObject = () => ({
  env: { f: thing("f"), g: thing("g"), pair: thing("pair"), mem: thing("mem"), tab: thing("tab"), glob: thing("gi32"), c: 5n, ext: thing("f") },
});
/** What programs set, and what their steps returned. */
const v = { __proto__: null, ret: undefined, effect: undefined, throws: false }, p = { __proto__: null };
const things = {
  __proto__: null,
  mem: () => new W.Memory({ initial: 1, maximum: 20 }),
  free: () => new W.Memory({ initial: 0 }),
  mem64: () => new W.Memory({ initial: 1n, maximum: 4n, address: "i64" }),
  shared: () => new W.Memory({ initial: 1, maximum: 4, shared: true }),
  tab: () => new W.Table({ initial: 3, maximum: 20, element: "anyfunc" }),
  etab: () => new W.Table({ initial: 2, element: "externref" }, "first"),
  gi32: () => new W.Global({ value: "i32", mutable: true }, 42),
  gi64: () => new W.Global({ value: "i64", mutable: true }, 42n),
  gf32: () => new W.Global({ value: "f32", mutable: true }, 0.1),
  gf64: () => new W.Global({ value: "f64" }, 0.1),
  gext: () => new W.Global({ value: "externref", mutable: true }, "ext"),
  gfun: () => new W.Global({ value: "anyfunc", mutable: true }, null),
  lib: () => new W.Instance(mod("lib")),
  imp: () => new W.Instance(mod("imp"), importObject()),
  f: () => importing("f"),
  g: () => importing("g"),
  pair: () => importing("pair"),
  ab: () => filled(new ArrayBuffer(256)),
  ra: () => filled(new ArrayBuffer(256, { maxByteLength: 1024 })),
  sab: () => filled(new SharedArrayBuffer(256)),
  tag: () => new W.Tag({ parameters: ["i32", "externref"] }),
  exn: () => new W.Exception(thing("tag"), [1, "payload"]),
  exnlib: () => new W.Instance(mod("exn"), { env: { f: thing("f"), tag: thing("tag"), jstag: W.JSTag } }),
  gclib: () => new W.Instance(mod("gc")),
  strlib: () => new W.Instance(new W.Module(bytesOf("str"), { builtins: ["js-string"], importedStringConstants: "const" }), {}),
  refs: () => new W.Instance(mod("refs")),
  wide: () => new W.Instance(mod("wide")),
};

// --- the API as it was ----------------------------------------------------------------------------

/** An entry point by its path from `WebAssembly`, `get` and `set` for an accessor's; `undefined` if absent. */
function find(path) {
  const parts = path.split(" "), keys = parts[0].split(".");
  if (parts[0] === "__wasm_import") return globalThis.__wasm_import;
  let object = W;
  for (let i = 0; i < keys.length - 1 && object !== undefined; i++) object = object[keys[i]];
  const last = keys[keys.length - 1];
  const key = last === "@@toStringTag" ? Symbol.toStringTag : last;
  while (object) {
    const d = getOwnPropertyDescriptor(object, key);
    if (d) return parts.length > 1 ? d[parts[1]] : d.value ?? object[key];
    object = getPrototypeOf(object);
  }
}
const entries = { __proto__: null };
for (const path of ENTRIES) entries[path] = find(path);
for (const path of ENTRIES) if (entries[path]) tell(entries[path], "%" + path + "%");
const missing = (path) => { throw "absent " + path; };
/** Calls an entry point. */
const call = (path, receiver, args) => apply(entries[path] ?? missing(path), receiver, args);
/** Constructs with an entry point. */
const make = (path, args, newTarget) => construct(entries[path] ?? missing(path), args, newTarget ?? entries[path]);

/** Digests of what the things hold. */
function state() {
  let out = "";
  if (made.mem) {
    const buffer = call("Memory.prototype.buffer get", made.mem, []);
    const view = new Uint8Array(buffer);
    let sum = 0;
    for (let i = 0; i < view.length && i < 300; i++) sum = (sum * 31 + view[i]) | 0;
    out += "mem " + view.length + " " + sum + ";";
  }
  for (let t = 0; t < 2; t++) {
    const table = t ? made.etab : made.tab;
    if (!table) continue;
    const length = call("Table.prototype.length get", table, []);
    out += "tab " + show(length);
    for (let i = 0; i < length && i < 12; i++) out += " " + show(call("Table.prototype.get", table, [i]), 0);
    out += ";";
  }
  for (const name in made) {
    if (name[0] === "g" && name.length === 4) out += name + " " + show(call("Global.prototype.value get", made[name], [])) + ";";
  }
  return out;
}

/** Patches one property, so that it tells of its use. */
function patch(path, object, key, how) {
  const l = "patched " + path, before = getOwnPropertyDescriptor(object, key);
  // Descriptors are ordinary objects: what they have not, they inherit.
  const field = (name) => before && getOwnPropertyDescriptor(before, name)?.value;
  const f = field("value");
  // Boa 0.22 goes on calling what was an accessor and is not, so it stays one.
  const isAccessor = before !== undefined && f === undefined;
  const wrapped = (f) => tell(function () {
    mark(l + "()");
    if (how === "throw" || typeof f !== "function") throw oops(l);
    return new.target ? construct(f, arguments, new.target) : apply(f, this, arguments);
  }, l);
  const descriptor = { __proto__: null, configurable: true, enumerable: false };
  if (isAccessor) {
    descriptor.get = wrapped(field("get"));
    descriptor.set = field("set") && wrapped(field("set"));
  } else if (how === "getter") {
    descriptor.get = function () { mark(l); return f; };
    descriptor.set = function (value) { mark(l + "="); defineProperty(this, key, { __proto__: null, value, writable: true, enumerable: true, configurable: true }); };
  } else {
    descriptor.value = wrapped(f);
    descriptor.writable = true;
  }
  return defineProperty(object, key, descriptor);
}

/** One step: runs it, and prints what came of it and what user code it ran. */
async function step(n, body) {
  trace = "";
  fuel = 30;
  depth = 0;
  let line = "";
  try {
    const result = body();
    p[n] = result;
    line = "= " + show(result);
    if (typeof result === "object" && result !== null && apply(mapGet, names, [result])[0] === "o" && getPrototypeOf(result) === Promise.prototype) {
      mark("|");
      try {
        p[n] = await result;
        line += " -> " + show(p[n]);
      } catch (e) { line += " -! " + show(e); }
    }
  } catch (e) { line = "! " + show(e); }
  print(n + " " + line + (trace === "" ? "" : "   # " + trace));
}
