// An image filter in place: the picture is copied into linear memory, blurred there, and looked at.
import bytes from "./blur.wasm.js";

const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
const width = 48, height = 32, stride = 4 * width, size = stride * height;
const picture = new Uint8ClampedArray(size);
for (let i = 0; i < size; i++) picture[i] = (i * 7 + (i >> 5) * 13) & 255;

const look = pixels => {
    let sum = 0;
    for (let i = 0; i < size; i += 61) sum += pixels[i];
    return sum;
};

bench("wasm", () => {
    const pixels = new Uint8ClampedArray(exports.memory.buffer, 0, size);
    pixels.set(picture);
    exports.blur(width, height);
    return look(pixels);
});

bench("js", () => {
    const pixels = new Uint8ClampedArray(picture);
    for (let y = 1; y < height - 1; y++) {
        for (let at = y * stride + 4; at < (y + 1) * stride - 4; at++) {
            if ((at & 3) === 3) continue;
            let sum = 0;
            for (let from = at - stride - 4, dy = 0; dy < 3; dy++, from += stride)
                sum += picture[from] + picture[from + 4] + picture[from + 8];
            pixels[at] = (sum / 9) | 0;
        }
    }
    return look(pixels);
});
