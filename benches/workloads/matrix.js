// A matrix product: the factors are written and the product is read through a Float64Array.
import bytes from "./matrix.wasm.js";

const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
const size = 32, area = size * size;

const fill = cells => {
    for (let i = 0; i < 2 * area; i++) cells[i] = (i % 17) / 4;
};
const trace = cells => {
    let sum = 0;
    for (let i = 0; i < size; i++) sum += cells[2 * area + i * (size + 1)];
    return sum;
};

bench("wasm", () => {
    const cells = new Float64Array(exports.memory.buffer, 0, 3 * area);
    fill(cells);
    exports.multiply(size);
    return trace(cells);
});

bench("js", () => {
    const cells = new Float64Array(3 * area);
    fill(cells);
    for (let row = 0; row < size; row++) {
        for (let column = 0; column < size; column++) {
            let sum = 0;
            for (let k = 0; k < size; k++)
                sum += cells[row * size + k] * cells[area + k * size + column];
            cells[2 * area + row * size + column] = sum;
        }
    }
    return trace(cells);
});
