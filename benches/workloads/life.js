// The game of life: JavaScript draws each generation as text from the cells in linear memory.
import bytes from "./life.wasm.js";

const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
const side = 32, mask = side - 1, area = side * side, generations = 3;

const fill = cells => {
    for (let i = 0; i < area; i++) cells[i] = Number((i * i + (i >> 3)) % 7 < 3);
};
const draw = cells => {
    let row = "";
    for (let x = 0; x < side; x++) row += cells[5 * side + x] ? "#" : ".";
    return row.lastIndexOf("#");
};

bench("wasm", () => {
    const cells = new Uint8Array(exports.memory.buffer, 0, area);
    fill(cells);
    let result = 0;
    for (let i = 0; i < generations; i++) result = exports.step(side) * 100 + draw(cells);
    return result;
});

function step(cells, next) {
    let living = 0;
    for (let y = 0; y < side; y++) {
        for (let x = 0; x < side; x++) {
            let sum = 0;
            for (let dy = -1; dy <= 1; dy++)
                for (let dx = -1; dx <= 1; dx++)
                    sum += cells[((y + dy) & mask) * side + ((x + dx) & mask)];
            const at = y * side + x;
            next[at] = sum === 3 || (sum === 4 && cells[at]) ? 1 : 0;
            living += next[at];
        }
    }
    cells.set(next);
    return living;
}

bench("js", () => {
    const cells = new Uint8Array(area), next = new Uint8Array(area);
    fill(cells);
    let result = 0;
    for (let i = 0; i < generations; i++) result = step(cells, next) * 100 + draw(cells);
    return result;
});
