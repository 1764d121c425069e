console.log();
console.log('plain', "it's", 1, -0, 0, 1.5, 1e21, NaN, -Infinity, 10n, -1n, true, false, null, undefined);
console.log(Symbol('a'), Symbol(), Symbol.iterator);
console.log(['plain', "it's", '"', `'"`, '\'"`', 'a\nb', 'tab\t', '\x1b[0m', '\x7f', '\\', 'é😀', '\ud83d', '\udc00x']);
console.log(Object('abc'), Object(1), Object(-0), Object(true), Object(1n), Object(Symbol('q')));
console.log(Object.assign(Object('abc'), { x: 1 }), Object.assign(Object(2), { x: 1 }));
console.log({ s: 'x'.repeat(100), t: 'line one of some text\nline two of the text that is long enough to break\nthree' });
console.log(['x'.repeat(10001), 'x'.repeat(10003)].map((s) => [s])[0].length);
