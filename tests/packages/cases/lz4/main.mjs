// A bundler's package: `import * as wasm from "./x.wasm"`.
import { compress, decompress } from "lz4-wasm/lz4_wasm.js";

const input = Uint8Array.from({ length: 50_000 }, (_, i) => (i % 251) ^ (i >> 9));
const output = compress(input);
console.log(output.length < input.length, decompress(output).join() === input.join());
