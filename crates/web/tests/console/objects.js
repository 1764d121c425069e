console.log({}, { a: 1 }, { a: 1, b: 'x', c: { d: { e: { f: 1 } } } });
console.log({ 'a-b': 1, 'x\ny': 2, _c: 3, $d: 4, 5: 6, [Symbol('s s')]: 7, [Symbol.iterator]: 8, ['__proto__']: 9 });
console.log({ a: undefined, b: null, c() {}, d: () => {}, e: class {}, f: class F {}, g: Symbol('z') });
console.log({ get a() { throw 1; }, set a(v) {}, get b() { throw 1; }, set c(v) {} });
class Foo { constructor() { this.x = 1; } method() {} get y() { return 1; } static z = 1; }
class Bar extends Foo {}
console.log(new Foo(), new Bar(), Foo, Bar, Foo.prototype, Bar.prototype, class {}, class extends Foo {});
console.log(Object.create(null), Object.assign(Object.create(null), { a: 1 }), Object.create({}), Object.create({ a: 1 }));
console.log(Object.create(Object.create(null)), Object.create(Foo.prototype));
console.log({ [Symbol.toStringTag]: 'T' }, Object.create({ [Symbol.toStringTag]: 'T' }));
Object.defineProperty(Foo.prototype, Symbol.toStringTag, { value: 'Tagged', configurable: true });
console.log(new Foo(), Object.assign(new Bar(), { y2: [new Foo()] }), { a: { b: { c: new Foo() } } });
console.log(Object.defineProperty({ a: 1 }, 'hidden', { value: 1 }));
console.log(Math, JSON, Reflect);
console.log((function () { return arguments; })(1, 'b'));
console.log([{ a: 1, b: 2 }, { a: { b: { c: {} } } }, [[[[]]]], [[[[1]]]]]);
const circular = { name: 'c', list: [] };
circular.self = circular;
circular.list.push(circular.list, circular);
console.log(circular);
const pair = { a: {}, b: {} };
pair.a.other = pair.b;
pair.b.other = pair.a;
console.log(pair);
console.log({
  first: 'some longer text to fill the line', second: 'some more of this long text',
  third: { alpha: 'aaaaaaaaaaaaaaaaaaaaaaaaaaaa', beta: 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', gamma: [1, 2, 3] },
});
console.log({ a: { b: { c: { d: 1 } } }, list: [{ a: { b: { c: 1 } } }] });
console.log(Object.assign(() => {}, { a: 1 }), Object.assign(function named() {}, { b: { c: 1 } }));
console.log({ aaaaaaaaaaaaaaaaaaaa: 1, bbbbbbbbbbbbbbbbbbbbbbbb: 2, cccccccccccccccccccc: 3, ddd: 4 });
console.log({ aaaaaaaaaaaaaaaaaaaa: 1, bbbbbbbbbbbbbbbbbbbbbbbb: 2, cccccccccccccccccccc: 3, ddddddddddd: 4 });
