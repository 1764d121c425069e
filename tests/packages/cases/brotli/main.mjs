// A wasm file beside the module, fetched by its URL.
import loading from "brotli-wasm";

const { compress, decompress } = await loading;
const text = "To be, or not to be: ".repeat(200);
const compressed = compress(new TextEncoder().encode(text), { quality: 11 });
console.log(compressed.length < 100);
console.log(new TextDecoder().decode(decompress(compressed)) === text);
try {
  decompress(new Uint8Array([1, 2, 3]));
} catch (error) {
  console.log(String(error));
}
