// JSON from a string into wasm: the text is encoded into linear memory, and parsed there.
import bytes from "./json.wasm.js";

const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
const list = [];
for (let i = 0; i < 40; i++) {
    list.push({
        id: i,
        name: "näme " + i,
        tags: ["a\"b", "ü", ""],
        nested: { x: i / 4, y: -i, ok: i % 2 === 0, none: null },
    });
}
const text = JSON.stringify(list, null, 1);
const encoder = new TextEncoder();

bench("wasm", () => {
    const { read, written } = encoder.encodeInto(text, new Uint8Array(exports.memory.buffer));
    return read === text.length ? exports.parse(written) : -1;
});

let input, at, failed;

const fail = () => {
    failed = true;
    return 0;
};
const peek = () => (at < input.length ? input.charCodeAt(at) : 0);
const space = () => {
    for (let unit = peek(); unit === 32 || unit === 10 || unit === 13 || unit === 9; unit = peek())
        at++;
};
const eat = unit => peek() === unit && (at++, true);
const isDigit = () => peek() - 48 >= 0 && peek() - 48 < 10;
const digits = value => {
    if (!isDigit()) return fail();
    while (isDigit()) value = value * 10 + (input.charCodeAt(at++) - 48);
    return value;
};

function number() {
    const minus = eat(45);
    let value = eat(48) ? 0 : digits(0);
    if (eat(46)) {
        let start = at, scale = 1;
        value = digits(value);
        for (; start < at; start++) scale *= 10;
        value /= scale;
    }
    return minus ? -value : value;
}

// As many as there are bytes of UTF-8.
function string() {
    for (let count = 0; ; count++) {
        const unit = peek();
        if (unit < 32) return fail();
        at++;
        if (unit === 34) return count;
        if (unit === 92) at++;
        if (unit >= 0x80) count++;
        if (unit >= 0x800) count++;
    }
}

const word = length => {
    at += length;
    return at > input.length ? fail() : 1;
};

function values(close, named) {
    let sum = 0;
    space();
    if (eat(close)) return 1;
    do {
        if (named) {
            space();
            if (!eat(34)) return fail();
            sum += string();
            space();
            if (!eat(58)) return fail();
        }
        sum += value();
        if (failed) return 0;
        space();
    } while (eat(44));
    return eat(close) ? sum + 1 : fail();
}

function value() {
    space();
    switch (peek()) {
        case 0x7b: at++; return values(0x7d, true);
        case 0x5b: at++; return values(0x5d, false);
        case 0x22: at++; return string();
        case 0x74: return word(4);
        case 0x66: return word(5);
        case 0x6e: return word(4);
        default: return number();
    }
}

bench("js", () => {
    input = text;
    at = 0;
    failed = false;
    const sum = value();
    space();
    return failed || at !== input.length ? NaN : sum;
});
