// The SHA-256 of a typed array: bytes in, words out.
import bytes from "./sha256.wasm.js";

const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
const message = new Uint8Array(4096);
for (let i = 0; i < message.length; i++) message[i] = (i * 31 + (i >> 8)) & 255;

bench("wasm", () => {
    new Uint8Array(exports.memory.buffer, 1024).set(message);
    const at = exports.sha256(message.length);
    const words = new Uint32Array(exports.memory.buffer, at, 8);
    return words[0] ^ words[7];
});

const constants = new Uint32Array(64);
const start = new Uint32Array(8);
for (let candidate = 2, found = 0; found < 64; candidate++) {
    let prime = true;
    for (let i = 2; i * i <= candidate; i++) prime &&= candidate % i !== 0;
    if (!prime) continue;
    const fraction = root => (root - Math.floor(root)) * 2 ** 32;
    if (found < 8) start[found] = fraction(Math.sqrt(candidate));
    constants[found++] = fraction(Math.cbrt(candidate));
}

const rotate = (word, by) => (word >>> by) | (word << (32 - by));
const w = new Int32Array(64);

function block(view, at, hash) {
    for (let i = 0; i < 16; i++) w[i] = view.getInt32(at + 4 * i);
    for (let i = 16; i < 64; i++) {
        const x = w[i - 15], y = w[i - 2];
        const s0 = rotate(x, 7) ^ rotate(x, 18) ^ (x >>> 3);
        const s1 = rotate(y, 17) ^ rotate(y, 19) ^ (y >>> 10);
        w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    let [a, b, c, d, e, f, g, h] = hash;
    for (let i = 0; i < 64; i++) {
        const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
        const x = (h + s1 + ((e & f) ^ (~e & g)) + constants[i] + w[i]) | 0;
        const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
        const y = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
        h = g, g = f, f = e, e = (d + x) | 0;
        d = c, c = b, b = a, a = (x + y) | 0;
    }
    const sums = [a, b, c, d, e, f, g, h];
    for (let i = 0; i < 8; i++) hash[i] += sums[i];
}

bench("js", () => {
    const padded = new Uint8Array((message.length + 72) & -64);
    padded.set(message);
    padded[message.length] = 0x80;
    const view = new DataView(padded.buffer);
    view.setUint32(padded.length - 4, message.length * 8);
    const hash = new Uint32Array(start);
    for (let at = 0; at < padded.length; at += 64) block(view, at, hash);
    return hash[0] ^ hash[7];
});
