//! `structuredClone`, and `DOMException`, which it throws and clones.

mod common;

use common::Host;
use sinew_bridge::JsHost;

const ASSERT: &str = r"
    const same = (actual, expected, what) => {
        const text = (value) => JSON.stringify(value) ?? String(value);
        if (text(actual) !== text(expected)) throw new Error(`${what}: ${text(actual)}, not ${text(expected)}`);
    };
    const refused = (value, options) => {
        try { structuredClone(value, options); } catch (e) { return `${e.name}: ${e.message}`; }
        return 'cloned';
    };
    const is = Object.is;
";

fn check<J: JsHost>(source: &str) {
    Host::<J>::new().run(&format!("{ASSERT}{source}"));
}

fn values<J: JsHost>() {
    check::<J>(
        r"
        for (const v of [undefined, null, true, -0, NaN, 12n ** 40n, '\ud800', ''])
            same(is(structuredClone(v), v), true, String(v));
        for (const v of [new Boolean(false), new Number(-0), new String('\udc00x'), Object(5n)]) {
            const copy = structuredClone(v);
            same([copy !== v, is(copy.valueOf(), v.valueOf()), copy.constructor === v.constructor], [true, true, true], typeof v.valueOf());
        }
        same(is(structuredClone(new Date(NaN)).getTime(), NaN), true, 'invalid date');
        same(structuredClone(new Date(5)).getTime(), 5, 'date');
        const r = /a[b]|\d/gimsuy; r.lastIndex = 3;
        const rc = structuredClone(r);
        same([rc.source, rc.flags, rc.lastIndex], [r.source, r.flags, 0], 'regexp');
        const sparse = [1, , 3]; sparse.extra = { deep: [sparse] }; sparse.length = 9;
        const copy = structuredClone(sparse);
        same([copy.length, 1 in copy, Object.keys(copy), copy.extra.deep[0] === copy], [9, false, ['0', '2', 'extra'], true], 'array');
        const o = { 10: 'a', b: 'c', [Symbol('s')]: 1, get g() { return this.b; } };
        Object.defineProperty(o, 'hidden', { value: 1 });
        same(structuredClone(o), { 10: 'a', b: 'c', g: 'c' }, 'object');
        class A { x = 1; get y() { return 2; } }
        const a = structuredClone(new A());
        same([Object.getPrototypeOf(a) === Object.prototype, a], [true, { x: 1 }], 'instance');
        const key = {}, m = new Map([[key, 1], ['self', null]]); m.set('self', m); m.lost = 1;
        const mc = structuredClone({ m, key, s: new Set([key, m]) });
        same([mc.m.get(mc.key), mc.m.get('self') === mc.m, mc.s.has(mc.key), mc.s.has(mc.m), mc.m.lost, mc.m.size], [1, true, true, true, undefined, 2], 'collections');
        ",
    );
}

fn errors<J: JsHost>() {
    check::<J>(
        r"
        const e = new RangeError('m', { cause: { e: new TypeError('inner') } });
        const c = structuredClone(e);
        same([c instanceof RangeError, c.message, c.cause.e instanceof TypeError, c.cause.e.message], [true, 'm', true, 'inner'], 'error');
        same(Object.keys(c), [], 'nothing enumerable');
        if (Object.hasOwn(e, 'stack')) same(c.stack, e.stack, 'stack');
        const odd = new Error(); odd.name = 'Odd';
        const oc = structuredClone(odd);
        same([oc.name, Object.hasOwn(oc, 'message'), Object.hasOwn(oc, 'cause')], ['Error', false, false], 'unknown name');
        const d = structuredClone(new DOMException('\ud800', 'AbortError'));
        same([d instanceof DOMException, d.name, d.message, d.code, typeof d.stack], [true, 'AbortError', '\ud800', 20, 'string'], 'DOMException');
        class Sub extends DOMException { }
        const sub = new Sub('m', 'n');
        same([sub instanceof Sub, String(sub), sub.code, Object.keys(sub)], [true, 'n: m', 0, []], 'subclass');
        same(Object.getPrototypeOf(structuredClone(sub)) === DOMException.prototype, true, 'closest class');
        ",
    );
}

fn buffers<J: JsHost>() {
    check::<J>(
        r"
        const buffer = new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]).buffer;
        const c = structuredClone({ a: new Uint16Array(buffer, 2, 2), d: new DataView(buffer, 1, 3), buffer });
        same([[...c.a], c.a.byteOffset, c.d.byteLength, c.d.byteOffset, c.a.buffer === c.buffer, c.d.buffer === c.buffer, c.buffer !== buffer],
            [[1027, 1541], 2, 3, 1, true, true, true], 'views');
        for (const T of [Int8Array, Uint8ClampedArray, Int16Array, Int32Array, Uint32Array, Float32Array, Float64Array, BigInt64Array, BigUint64Array]) {
            const t = structuredClone(new T(3));
            same([t instanceof T, t.length], [true, 3], T.name);
        }
        const moved = structuredClone({ v: new Uint8Array(buffer, 1) }, { transfer: [buffer] });
        same([buffer.byteLength, [...moved.v]], [0, [2, 3, 4, 5, 6, 7, 8]], 'transferred');
        same(refused(buffer), 'DataCloneError: An ArrayBuffer is detached and could not be cloned.', 'detached');
        same(refused(1, { transfer: [buffer] }).split(':')[0], 'DataCloneError', 'detached transfer');
        const twice = new ArrayBuffer(1);
        same(refused(1, { transfer: [twice, twice] }).split(':')[0], 'DataCloneError', 'twice');
        same(refused(1, { transfer: [{}] }).split(':')[0], 'DataCloneError', 'not transferable');
        same(refused(() => 1, { transfer: [twice] }).split(':')[0], 'DataCloneError', 'fails');
        same(twice.byteLength, 1, 'nothing transferred');
        for (const bad of [{ transfer: 1 }, { transfer: [1] }, 5]) same(refused(1, bad).split(':')[0], 'TypeError', JSON.stringify(bad));

        const r = new ArrayBuffer(9, { maxByteLength: 20 });
        new Uint8Array(r).set([1, 2, 3, 4, 5, 6, 7, 8, 9]);
        const views = { r, track: new Uint16Array(r), fixed: new Uint16Array(r, 0, 4), end: new Uint8Array(r, 9), view: new DataView(r, 1), part: new DataView(r, 1, 8) };
        const k = structuredClone(views);
        same([...new Uint8Array(r)], [1, 2, 3, 4, 5, 6, 7, 8, 9], 'the original is as it was');
        same([k.r.resizable, k.r.maxByteLength, k.r.byteLength], [true, 20, 9], 'resizable');
        k.r.resize(16);
        same([k.track.length, k.fixed.length, k.end.length, k.view.byteLength, k.part.byteLength], [8, 4, 7, 15, 8], 'tracking');
        r.resize(2);
        same(refused(views.part).split(':')[0], 'DataCloneError', 'out of bounds');
        const shared = new SharedArrayBuffer(2);
        new Uint8Array(structuredClone(shared))[1] = 7;
        same(new Uint8Array(shared)[1], 7, 'shared');
        same(refused(1, { transfer: [shared] }).split(':')[0], 'DataCloneError', 'shared transfer');
        ",
    );
}

fn refusals<J: JsHost>() {
    check::<J>(
        r"
        same(refused(() => 1), 'DataCloneError: () => 1 could not be cloned.', 'function');
        same(refused({ s: Symbol('x') }), 'DataCloneError: Symbol(x) could not be cloned.', 'symbol');
        same(refused([new WeakMap()]), 'DataCloneError: #<WeakMap> could not be cloned.', 'WeakMap');
        for (const v of [new Proxy({}, {}), Promise.resolve(), new WeakSet(), (function* () {})(), Object(Symbol()),
            new EventTarget(), new Event('x'), new AbortController().signal, performance, [].values(), new WeakRef({})])
            same(refused(v).split(':')[0], 'DataCloneError', Object.prototype.toString.call(v));
        same(refused({ get x() { throw new RangeError('mine'); } }), 'RangeError: mine', 'getter');
        try { structuredClone(); } catch (e) { same(e.name, 'TypeError', 'no argument'); }
        same(structuredClone.length, 1, 'length');
        ",
    );
}

/// User code that runs meanwhile sees and changes nothing that it should not.
fn hostile<J: JsHost>() {
    check::<J>(
        r"
        const order = [];
        const o = { get a() { order.push('a'); delete this.gone; return { get deep() { order.push('deep'); } }; }, gone: 1, get b() { order.push('b'); } };
        same([Object.keys(structuredClone(o)), order], [['a', 'b'], ['a', 'deep', 'b']], 'order');
        const m = new Map([[1, { get x() { m.set(2, 2); m.clear(); } }], [3, 3]]);
        same(structuredClone(m).size, 2, 'a copy of the list');
        const patched = () => { throw new Error('patched'); };
        for (const C of [Map, Set, Date, RegExp, Array, Uint8Array, ArrayBuffer, Object, DOMException])
            for (const name of ['set', 'add', 'constructor', 'entries', 'values', 'next', 'source', 'flags', 'exec', 'getTime', 'byteLength', 'length', 'maxByteLength'])
                try { Object.defineProperty(C.prototype, name, { get: patched, set: patched, configurable: true }); } catch {}
        for (const name of ['Map', 'Set', 'Date', 'RegExp', 'Uint8Array', 'DOMException', 'ArrayBuffer', 'TypeError']) globalThis[name] = patched;
        const input = { m: m, d: [new (structuredClone([]).concat ? Object : Object)()], t: /x/g };
        const copy = structuredClone(input);
        if (Object.keys(copy).join() !== 'm,d,t') throw 'keys';
        ",
    );
}

/// Neither nesting nor length overflows anything.
fn deep<J: JsHost>() {
    check::<J>(
        r"
        let nested = [], depth = 20000;
        for (let i = 0; i < depth; i++) nested = i % 2 ? { nested } : [nested];
        let copy = structuredClone(nested);
        let count = 0;
        while ((copy = Array.isArray(copy) ? copy[0] : copy.nested)) count++;
        same(count, depth, 'depth');
        const long = structuredClone(Array.from({ length: 20000 }, (_, i) => ({ i })));
        same([long.length, long[19999].i], [20000, 19999], 'length');
        ",
    );
}

on_both_engines! {
    values,
    errors,
    buffers,
    refusals,
    hostile,
    deep,
}
