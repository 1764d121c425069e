// The same module, imported in each of the three ways.
import * as math from "./math.wasm";
import { add, fibonacci, calls } from "./math.wasm";

console.log("static ", add(20, 22), math.subtract(50, 8), math.multiply(6, 7), fibonacci(90));

const later = await import("./math.wasm");
console.log("dynamic", later.add(1, 2), later === math);

const helper = __wasm_import("./math.wasm");
console.log("helper ", helper.add(3, 4), helper.add === add);
const fresh = __wasm_import("./math.wasm", { "./env.js": { log: (n) => console.log("fresh says", n) } });
fresh.callback(5);

// One function per type of the bridge.
console.log("i64    ", math.i64(2n ** 62n));
console.log("f32    ", math.f32(2), "f64", math.f64(2));
const object = { any: "object" };
console.log("extern ", math.externref(object) === object);
console.log("func   ", math.funcref(0) === add, math.funcref(0).name);
console.log("results", math.divide(47, 5));
math.callback(9);

// Memory is shared, never copied; mutable globals are live bindings.
const view = new Uint8Array(math.memory.buffer);
math.fill(10, 7, 3);
console.log("memory ", view.slice(8, 15), "calls", calls);

try {
  math.divide(1, 0);
} catch (error) {
  console.log("trap   ", error instanceof WebAssembly.RuntimeError, error.message);
}
