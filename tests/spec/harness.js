// What the directives of a script call. Directives are numbered by instance, module or probe; a
// directive that fails throws.
globalThis.T = (() => {
  "use strict";
  const { Module, Instance, Memory, Table, Global } = WebAssembly;
  const errors = { __proto__: null, RangeError };
  for (const name of ["CompileError", "LinkError", "RuntimeError", "Exception"]) {
    errors[name] = WebAssembly[name];
  }

  // A module arrives as a string with a character for each byte.
  const bytes = (text) => Uint8Array.from(text, (character) => character.charCodeAt(0));

  // Where imports come from. A module that nobody registered is an empty one, so that what is missing
  // from it is a LinkError.
  const registered = { __proto__: null };
  const empty = { __proto__: null };
  const imports = new Proxy(registered, { get: (target, name) => target[name] ?? empty });

  const modules = [], instances = [], probes = [];
  const link = (module) => new Instance(module, imports);

  function exportsOf(index) {
    const instance = instances[index];
    if (instance === undefined) throw new Error("there is no such instance, it failed");
    return instance.exports;
  }

  function invoke(index, name, args) {
    const f = exportsOf(index)[name];
    if (typeof f !== "function") throw new Error(`${name}: ${show(f)} is no function`);
    return f(...args);
  }

  function get(index, name) {
    const global = exportsOf(index)[name];
    if (!(global instanceof Global)) throw new Error(`${name}: ${show(global)} is no global`);
    return global.value;
  }

  function show(value) {
    if (Array.isArray(value)) return `[${value.map(show).join(", ")}]`;
    if (value instanceof Matcher) return value.what;
    switch (typeof value) {
      case "bigint": return `${value}n`;
      case "number": return Object.is(value, -0) ? "-0" : String(value);
      case "string": return JSON.stringify(value);
      case "object": return value === null ? "null" : "an object";
      case "function": return "a function";
      default: return String(value);
    }
  }

  class Matcher {
    constructor(what, matches) {
      this.what = what;
      this.matches = matches;
    }
  }

  const matches = (actual, expected) =>
    expected instanceof Matcher ? expected.matches(actual) : Object.is(actual, expected);

  function check(actual, expected) {
    let fits;
    if (expected.length === 0) fits = actual === undefined;
    else if (expected.length === 1) fits = matches(actual, expected[0]);
    else {
      fits = Array.isArray(actual) && actual.length === expected.length &&
        expected.every((value, index) => matches(actual[index], value));
    }
    if (!fits) throw new Error(`got ${show(actual)}, expected ${show(expected)}`);
  }

  function throws(name, act) {
    let result;
    try {
      result = act();
    } catch (error) {
      if (errors[name] !== undefined && error instanceof errors[name]) return;
      throw new Error(`threw ${String(error)}, expected a ${name}`);
    }
    throw new Error(`got ${show(result)}, expected a ${name}`);
  }

  // JavaScript values by their number: of several types, none that wasm has a form of its own for.
  const hosts = [];
  const kindsOfHost = [
    (number) => ({ number }),
    (number) => Symbol(number),
    (number) => `host ${number}`,
    (number) => () => number,
  ];
  const host = (number) => hosts[number] ??= kindsOfHost[number % kindsOfHost.length](number);

  let kinds;
  const kind = (name) => new Matcher(`ref.${name}`, (value) => kinds[name](value) === 1);

  function probed(index, name) {
    const probe = probes[index];
    if (typeof probe === "string") throw new Error(`no probe: ${probe}`);
    return probe.exports[name]();
  }

  return {
    // The modules that scripts may use: their functions' types are wasm's, their bodies JavaScript's.
    spectest(prints, features) {
      const types = { i32: "number", f32: "number", f64: "number", i64: "bigint" };
      const print = (...names) => (...args) => {
        const found = args.map((arg) => typeof arg).join();
        const expected = names.map((name) => types[name]).join();
        if (found !== expected) throw new Error(`printed ${found}, expected ${expected}`);
      };
      const js = {
        print: print(), print_i32: print("i32"), print_i64: print("i64"), print_f32: print("f32"),
        print_f64: print("f64"), print_i32_f32: print("i32", "f32"),
        print_f64_f64: print("f64", "f64"),
      };
      registered.spectest = {
        __proto__: null,
        ...new Instance(new Module(bytes(prints)), { js }).exports,
        global_i32: new Global({ value: "i32" }, 666),
        global_i64: new Global({ value: "i64" }, 666n),
        global_f32: new Global({ value: "f32" }, 666.6),
        global_f64: new Global({ value: "f64" }, 666.6),
        table: new Table({ initial: 10, maximum: 20, element: "anyfunc" }),
        memory: new Memory({ initial: 1, maximum: 2 }),
      };
      if (features.memory64) {
        registered.spectest.table64 =
          new Table({ initial: 10n, maximum: 20n, element: "anyfunc", address: "i64" });
      }
      if (features.threads) {
        registered.spectest.shared_memory = new Memory({ initial: 1, maximum: 2, shared: true });
      }
    },
    // A module that tells of what kind a reference is.
    kinds(text) {
      kinds = new Instance(new Module(bytes(text))).exports;
    },
    module(index, text) {
      instances[index] = link(new Module(bytes(text)));
    },
    define(index, text) {
      modules[index] = new Module(bytes(text));
    },
    instance(index, module) {
      instances[index] = link(modules[module]);
    },
    register(name, index) {
      registered[name] = exportsOf(index);
    },
    probe(index, text) {
      try {
        probes[index] = new Instance(new Module(bytes(text)), { "": exportsOf(index) });
      } catch (error) {
        probes[index] = String(error);
      }
    },
    invalid(text) {
      const module = bytes(text);
      if (WebAssembly.validate(module) !== false) throw new Error("validates");
      throws("CompileError", () => new Module(module));
    },
    unlinkable(text) {
      const module = new Module(bytes(text));
      throws("LinkError", () => link(module));
    },
    uninstantiable(name, text) {
      const module = new Module(bytes(text));
      throws(name, () => link(module));
    },
    instantiable(text) {
      link(new Module(bytes(text)));
    },
    holds(index, name) {
      if (probed(index, name) !== 1) throw new Error("other results, seen inside wasm");
    },
    anyFunction: new Matcher("ref.func", (value) => typeof value === "function"),
    anyExtern: new Matcher("ref.extern", (value) => value !== null),
    either: (cases) => new Matcher(
      `either ${show(cases)}`,
      (value) => cases.some((expected) => matches(value, expected)),
    ),
    invoke, get, check, throws, host, kind, probed,
  };
})();
