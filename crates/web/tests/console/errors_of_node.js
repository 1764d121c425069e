const strip = (e) => { e.stack = e.stack ? (e.stack.split('\n    at')[0]) : e.stack; return e; };
function mk(C, ...a) { const e = new C(...a); const n = e.name || 'Error'; e.stack = `${e}`; return e; }
console.log(mk(Error, 'm')); console.log(mk(Error)); console.log([mk(Error, 'm')]); console.log({ e: mk(TypeError, 'x') });
console.log(mk(Error, 'a', { cause: mk(Error, 'b') }));
console.log(mk(Error, 'a', { cause: 'str' }), mk(Error, 'a', { cause: undefined }), mk(Error, 'a', { cause: { x: 1 } }));
console.log(mk(Error, 'a', { cause: mk(Error, 'b', { cause: mk(Error, 'c', { cause: mk(Error, 'd') }) }) }));
class MyErr extends Error { constructor(m) { super(m); this.name = 'MyErr'; this.code = 'E_X'; } } console.log(mk(MyErr, 'oops'));
class Other extends Error {} console.log(mk(Other, 'oops')); class Foo extends TypeError {} console.log(mk(Foo, 'x'));
class ValidationError extends Error { get name() { return 'ValidationError'; } } console.log(mk(ValidationError, 'v'));
console.log(Object.assign(mk(Error, 'm'), { code: 1, nested: { a: { b: { c: 1 } } } }));
console.log(mk(Error, 'multi\nline\nmessage')); console.log([mk(Error, 'multi\nline')], { a: { b: mk(Error, 'multi\nline') } });
{ const e = mk(Error, 'x'); e.cause = mk(Error, 'own cause'); console.log(e); }
{ const e = mk(Error, 'x'); e.self = e; console.log(e); } { const e = mk(Error, 'x'); e.cause = e; console.log(e); }
{ const e = mk(Error, 'x'); Object.defineProperty(e, Symbol.toStringTag, { value: 'Tag' }); console.log(e); }
console.log(Object.create(Error.prototype), Error.prototype, TypeError.prototype, Object.create(mk(Error, 'x')));
{ const e = new AggregateError([mk(Error, 'one'), 2], 'all'); e.stack = 'AggregateError: all'; console.log(e); console.log([e]); }
console.log('%s', mk(Error, 'm'), mk(Error, 'm')); console.log('%o', mk(Error, 'm').message); console.log('%s', mk(MyErr, 'm')); console.log('%d', mk(Error, 'm'));
console.log(new (class extends Error { constructor() { super('anon'); this.stack = 'Error: anon'; } })());
console.dir(mk(Error, 'm', { cause: 1 }), { depth: -1 }); console.log({ a: { b: { c: { e: mk(Error, 'deep') } } } }, [[[[mk(Error, 'deep')]]]]);
function Old(m) { this.message = m; } Old.prototype = Object.create(Error.prototype); Old.prototype.name = 'Old'; Old.prototype.constructor = Old; console.log(new Old('m'), `${new Old('m')}`);
console.log({ shown: Object.assign(mk(Error, 'm'), { name: 'Kept' }).name, list: [mk(RangeError, 'r'), mk(SyntaxError, 's')] });
console.log(mk(Error, 'a', { cause: [mk(Error, 'in a list')] }), mk(Error, 'a', { cause: { error: mk(Error, 'in an object') } }));
