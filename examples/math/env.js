// What math.wasm imports.
export function log(number) {
  console.log(`wasm says ${number}`);
}
