// Measures a loop of calls, less the loop around them, and prints a JSON object: node, deno and bun run
// it. The argument says for how long, in seconds.
const [seconds] = globalThis.Deno?.args ?? process.argv.slice(2);
const calls = 100_000;

// (module (func (export "add") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add))
const bytes = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 7, 1, 96, 2, 127, 127, 1, 127, 3, 2, 1, 0, 7, 7, 1, 3, 97, 100, 100,
  0, 0, 10, 9, 1, 7, 0, 32, 0, 32, 1, 106, 11,
]);
const { add } = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports;

function without(n) {
  let last;
  for (let i = 0; i < n; i++) last = i;
  return last;
}

function within(n) {
  let last;
  for (let i = 0; i < n; i++) last = add(i, 3);
  return last;
}

// Nanoseconds a call.
function sample() {
  const start = performance.now();
  const sum = within(calls);
  const middle = performance.now();
  without(calls);
  const end = performance.now();
  if (sum !== calls + 2) throw new Error("add does not add");
  return (Math.max(0, middle - start - (end - middle)) * 1e6) / calls;
}

const start = performance.now();
const passed = () => (performance.now() - start) / 1000 / Number(seconds);
// A quarter of the time is for the compilers.
while (passed() < 0.25) sample();
const samples = [];
do samples.push(sample());
while (passed() < 1);
samples.sort((a, b) => a - b);
const at = part => samples[Math.floor(samples.length * part)];
console.log(JSON.stringify({ name: "call", p10: at(0.1), median: at(0.5) }));
