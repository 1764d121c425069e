// Wasm in base64 text, BigInts, incremental hashes.
import xxhash from "xxhash-wasm";

const { h32ToString, h64ToString, create64 } = await xxhash();
for (const text of ["", "sinew", "naïve 🦀"]) {
  console.log(JSON.stringify(text), h32ToString(text), h64ToString(text));
}
const whole = "0123456789".repeat(10_000);
const hash = create64();
for (let i = 0; i < whole.length; i += 977) hash.update(whole.slice(i, i + 977));
console.log(hash.digest().toString(16) === h64ToString(whole));
