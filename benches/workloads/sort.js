// A sort with a comparator in JavaScript: thousands of calls from wasm.
import bytes from "./sort.wasm.js";

const count = 500;
const compare = (a, b) => a - b;
const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { js: { compare } });

const fill = words => {
    let random = 12345;
    for (let i = 0; i < count; i++) {
        random = (Math.imul(random, 1103515245) + 12345) & 0x7fffffff;
        words[i] = random % 10000;
    }
};
const check = words => {
    for (let i = 1; i < count; i++) if (words[i - 1] > words[i]) return -1;
    return words[count >> 1];
};

bench("wasm", () => {
    const words = new Int32Array(exports.memory.buffer, 0, count);
    fill(words);
    exports.sort(0, 4 * (count - 1));
    return check(words);
});

function sort(words, low, high) {
    if (low >= high) return;
    const pivot = words[(low + high) >> 1];
    let i = low - 1, j = high + 1;
    for (;;) {
        do i++; while (compare(words[i], pivot) < 0);
        do j--; while (compare(words[j], pivot) > 0);
        if (i >= j) break;
        const word = words[i];
        words[i] = words[j];
        words[j] = word;
    }
    sort(words, low, j);
    sort(words, j + 1, high);
}

bench("js", () => {
    const words = new Int32Array(count);
    fill(words);
    sort(words, 0, count - 1);
    return check(words);
});
