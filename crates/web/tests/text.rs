//! `TextEncoder` and `TextDecoder`.

mod common;

use common::Host;
use sinew_bridge::JsHost;

/// What the scripts check with.
const CHECKS: &str = r"
    function same(actual, expected, what) {
        if (!Object.is(actual, expected)) {
            throw new Error(`${what ?? ''}: got ${JSON.stringify(actual)}, not ${JSON.stringify(expected)}`);
        }
    }
    function throws(Class, f, what) {
        try { f(); } catch (e) {
            if (e instanceof Class) return;
            throw new Error(`${what ?? f}: threw ${e}`);
        }
        throw new Error(`${what ?? f}: did not throw`);
    }
    const bytes = (...list) => new Uint8Array(list);
    const attributes = (object, key) => {
        const { writable: w, enumerable: e, configurable: c } = Object.getOwnPropertyDescriptor(object, key);
        return `${w} ${e} ${c}`;
    };
";

fn check<J: JsHost>(source: &str) {
    let mut host = Host::<J>::new();
    host.run("TextEncoder; TextDecoder;");
    host.run(&format!("{CHECKS}\n{source}"));
}

fn shapes<J: JsHost>() {
    check::<J>(
        r"
        for (const C of [TextEncoder, TextDecoder]) {
            same(attributes(globalThis, C.name), 'true false true');
            same(C.length, 0);
            same(attributes(C, 'prototype'), 'false false false');
            same(attributes(C.prototype, Symbol.toStringTag), 'false false true');
            same(C.prototype[Symbol.toStringTag], C.name);
            same(attributes(C.prototype, 'encoding'), 'undefined true true');
            same(Object.getOwnPropertyDescriptor(C.prototype, 'encoding').set, undefined);
            same(Object.getOwnPropertyDescriptor(C.prototype, 'encoding').get.name, 'get encoding');
            throws(TypeError, () => C());
            throws(TypeError, () => C.prototype.encoding);
            throws(TypeError, () => Object.getOwnPropertyDescriptor(C.prototype, 'encoding').get.call({}));
            class Sub extends C { extra() { return this.encoding; } }
            same(new Sub().extra(), 'utf-8');
            same(Object.getPrototypeOf(Reflect.construct(C, [], Array)), Array.prototype);
            const NoProto = function () {}.bind();
            same(Object.getPrototypeOf(Reflect.construct(C, [], NoProto)), C.prototype);
        }
        same(TextEncoder.prototype.encode.length, 0);
        same(TextEncoder.prototype.encodeInto.length, 2);
        same(TextDecoder.prototype.decode.length, 0);
        same(attributes(TextDecoder.prototype, 'decode'), 'true true true');
        throws(TypeError, () => TextEncoder.prototype.encode.call(new TextDecoder(), ''));
        throws(TypeError, () => TextDecoder.prototype.decode.call(new TextEncoder()));
        throws(TypeError, () => TextDecoder.prototype.decode.call(Object.create(new TextDecoder())));
        same(String(new TextEncoder()), '[object TextEncoder]');
        ",
    );
}

fn encode<J: JsHost>() {
    check::<J>(
        r"
        const encoder = new TextEncoder();
        const list = (text) => Array.from(encoder.encode(text)).join();
        same(encoder.encode() instanceof Uint8Array, true);
        same(list(), '');
        same(list(undefined), '');
        same(list(null), '110,117,108,108');
        same(list(12), '49,50');
        same(list('é€😀\0'), '195,169,226,130,172,240,159,152,128,0');
        same(list('\ud83d'), '239,191,189');
        same(list('a\udc00\ud83db'), '97,239,191,189,239,191,189,98');
        same(list({ toString: () => 'x' }), '120');
        throws(TypeError, () => encoder.encode(Symbol()));
        same(encoder.encode('abc').buffer.byteLength, 3);
        const long = 'aé€😀'.repeat(500000);
        same(encoder.encode(long).length, 5000000);
        same(new TextDecoder().decode(encoder.encode(long)) === long, true, 'round trip');
        ",
    );
}

fn encode_into<J: JsHost>() {
    check::<J>(
        r"
        const encoder = new TextEncoder();
        const into = (text, size) => {
            const target = new Uint8Array(size).fill(255);
            const result = encoder.encodeInto(text, target);
            same(Reflect.ownKeys(result).join(), 'read,written');
            return `${result.read} ${result.written} ${Array.from(target).join()}`;
        };
        same(into('abc', 2), '2 2 97,98');
        same(into('abc', 4), '3 3 97,98,99,255');
        same(into('é', 1), '0 0 255');
        same(into('aé€', 5), '2 3 97,195,169,255,255');
        same(into('😀', 3), '0 0 255,255,255');
        same(into('a😀b', 5), '3 5 97,240,159,152,128');
        same(into('\ud83dx', 4), '2 4 239,191,189,120');
        same(into('', 0), '0 0 ');
        const view = new Uint8Array(new ArrayBuffer(8), 2, 3);
        same(encoder.encodeInto('abcdef', view).written, 3);
        same(Array.from(new Uint8Array(view.buffer)).join(), '0,0,97,98,99,0,0,0');
        throws(TypeError, () => encoder.encodeInto('a'));
        throws(TypeError, () => encoder.encodeInto('a', undefined));
        for (const target of [null, 1, [], {}, new ArrayBuffer(1), new Int8Array(1), new DataView(new ArrayBuffer(1)),
            new Uint8ClampedArray(1), new Proxy(new Uint8Array(1), {})]) {
            throws(TypeError, () => encoder.encodeInto('a', target));
        }
        // Its name is read from a slot, not from properties.
        const lie = Object.defineProperty(new Int8Array(1), Symbol.toStringTag, { value: 'Uint8Array' });
        throws(TypeError, () => encoder.encodeInto('a', lie));
        const bare = Object.setPrototypeOf(new Uint8Array(1), null);
        same(encoder.encodeInto('a', bare).written, 1);
        // The text is converted first.
        const order = [];
        throws(TypeError, () => encoder.encodeInto({ toString() { order.push('text'); return ''; } }, 1));
        same(order.join(), 'text');
        ",
    );
}

fn labels<J: JsHost>() {
    check::<J>(
        r"
        for (const [label, name] of Object.entries({
            'utf8': 'utf-8', ' UTF-8\n': 'utf-8', 'unicode-1-1-utf-8': 'utf-8', 'latin1': 'windows-1252',
            'ascii': 'windows-1252', 'iso-8859-1': 'windows-1252', 'utf-16': 'utf-16le', 'ucs-2': 'utf-16le',
            'unicodefffe': 'utf-16be', 'sjis': 'shift_jis', 'x-x-big5': 'big5', 'gb2312': 'gbk', 'gb18030': 'gb18030',
            'koi': 'koi8-r', 'x-user-defined': 'x-user-defined', 'iso-8859-8-i': 'iso-8859-8-i', 'ks_c_5601-1987': 'euc-kr',
            'csiso2022jp': 'iso-2022-jp', 'x-mac-cyrillic': 'x-mac-cyrillic', '\t\f\r utf-8': 'utf-8',
        })) {
            same(new TextDecoder(label).encoding, name, label);
        }
        for (const label of ['', 'nope', 'replacement', 'hz-gb-2312', 'iso-2022-kr', 'utf-8\0', '\xa0utf-8', 'utf-7', 'null', '\u2028utf-8', 'x'.repeat(1e6)]) {
            throws(RangeError, () => new TextDecoder(label), label.slice(0, 20));
        }
        throws(RangeError, () => new TextDecoder(null));
        throws(TypeError, () => new TextDecoder(Symbol()));
        same(new TextDecoder(undefined, undefined).encoding, 'utf-8');
        ",
    );
}

fn options<J: JsHost>() {
    check::<J>(
        r"
        const show = (options) => { const d = new TextDecoder('utf-8', options); return `${d.fatal} ${d.ignoreBOM}`; };
        same(show(), 'false false');
        same(show(null), 'false false');
        same(show({ fatal: 1, ignoreBOM: 'x' }), 'true true');
        same(show(Object.assign(() => {}, { fatal: true })), 'true false');
        for (const options of [1, 'x', true, Symbol(), 1n]) {
            throws(TypeError, () => new TextDecoder('utf-8', options));
            throws(TypeError, () => new TextDecoder().decode(bytes(), options));
        }
        const order = [];
        const watched = (name) => ({ get [name]() { order.push(name); } });
        const all = { __proto__: null };
        for (const name of ['ignoreBOM', 'fatal', 'stream', 'encoding']) {
            Object.defineProperty(all, name, { get() { order.push(name); } });
        }
        new TextDecoder({ toString() { order.push('label'); return 'utf-8'; } }, all);
        same(order.splice(0).join(), 'label,fatal,ignoreBOM');
        new TextDecoder().decode(undefined, all);
        same(order.splice(0).join(), 'stream');
        // The bytes are read after the options.
        const input = bytes(97);
        same(new TextDecoder().decode(input, { get stream() { input[0] = 98; return false; } }), 'b');
        // The prototype is looked up after the arguments, and before the label is judged.
        const NewTarget = new Proxy(function () {}, { get(t, key) { order.push(key); return t[key]; } });
        throws(RangeError, () => Reflect.construct(TextDecoder, ['bad', all], NewTarget));
        same(order.join(), 'fatal,ignoreBOM,prototype');
        ",
    );
}

fn decode<J: JsHost>() {
    check::<J>(
        r"
        const decode = (list, label, options) => new TextDecoder(label, options).decode(bytes(...list));
        const d = new TextDecoder();
        same(d.decode(), '');
        same(d.decode(undefined), '');
        same(decode([0xEF, 0xBB, 0xBF, 97]), 'a');
        same(decode([0xEF, 0xBB, 0xBF, 97], 'utf-8', { ignoreBOM: true }), '\ufeffa');
        same(decode([0xEF, 0xBB, 0xBF, 0xEF, 0xBB, 0xBF]), '\ufeff');
        same(decode([0xF0, 0x9F, 0x98, 0x80]), '😀');
        same(decode([0xFF, 97, 0xC3]), '\ufffda\ufffd');
        same(decode([0xED, 0xA0, 0x80]), '\ufffd\ufffd\ufffd');
        same(decode([0xE2, 0x82]), '\ufffd');
        same(decode([0xFF, 0xFE, 97, 0], 'utf-16le'), 'a');
        same(decode([0xFE, 0xFF, 0, 97], 'utf-16be'), 'a');
        same(decode([0xFF, 0xFE, 97, 0], 'utf-16le', { ignoreBOM: true }), '\ufeffa');
        same(decode([0x3D, 0xD8, 97, 0, 0], 'utf-16le'), '\ufffda\ufffd');
        same(decode([0x80, 0xE9], 'latin1'), '€é');
        same(decode([0x82, 0xA0], 'shift_jis'), 'あ');
        same(decode([0x80], 'x-user-defined'), '\uf780');
        // Another encoding's mark is none.
        same(decode([0xFF, 0xFE], 'utf-8'), '\ufffd\ufffd');
        for (const list of [[0xFF], [0xC3], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80]]) {
            throws(TypeError, () => decode(list, 'utf-8', { fatal: true }));
        }
        throws(TypeError, () => decode([0, 0xD8], 'utf-16le', { fatal: true }));
        throws(TypeError, () => decode([0], 'utf-16le', { fatal: true }));
        same(decode([97], 'utf-8', { fatal: true }), 'a');

        const buffer = bytes(97, 98, 99, 100).buffer;
        same(d.decode(buffer), 'abcd');
        same(d.decode(new Uint8Array(buffer, 1, 2)), 'bc');
        same(d.decode(new DataView(buffer, 2)), 'cd');
        same(d.decode(new Uint16Array(buffer, 2)), 'cd');
        same(d.decode(new Float64Array(0)), '');
        if (typeof SharedArrayBuffer === 'function') {
            const shared = new SharedArrayBuffer(2);
            new Uint8Array(shared).set([104, 105]);
            same(d.decode(shared), 'hi');
            same(d.decode(new Uint8Array(shared)), 'hi');
        }
        for (const input of [null, 1, 'x', [], {}, Symbol(), new Proxy(bytes(1), {}), () => {}]) {
            throws(TypeError, () => d.decode(input));
        }
        ",
    );
}

fn streaming<J: JsHost>() {
    check::<J>(
        r"
        const d = new TextDecoder();
        same(d.decode(bytes(0xF0, 0x9F), { stream: true }), '');
        same(d.decode(bytes(0x98, 0x80, 97), { stream: true }), '😀a');
        same(d.decode(bytes(0xE2), { stream: true }), '');
        same(d.decode(), '\ufffd');
        same(d.decode(bytes(0x82)), '\ufffd');
        // The mark is taken off once a stream.
        same(d.decode(bytes(0xEF, 0xBB), { stream: true }), '');
        same(d.decode(bytes(0xBF, 97), { stream: true }), 'a');
        same(d.decode(bytes(0xEF, 0xBB, 0xBF)), '\ufeff');
        same(d.decode(bytes(0xEF, 0xBB, 0xBF)), '');

        const fatal = new TextDecoder('utf-16le', { fatal: true });
        const odd = bytes(0), even = bytes(0, 0);
        same(fatal.decode(odd, { stream: true }), '');
        same(fatal.decode(odd), '\0');
        throws(TypeError, () => { fatal.decode(even, { stream: true }); fatal.decode(odd); });
        throws(TypeError, () => { fatal.decode(odd, { stream: true }); fatal.decode(even); });
        same(fatal.decode(odd, { stream: true }), '');
        same(fatal.decode(odd), '\0');
        // A call from inside the conversion of the options shares the state.
        const inner = new TextDecoder();
        same(inner.decode(bytes(0xA9), { get stream() { inner.decode(bytes(0xC3), { stream: true }); } }), 'é');
        ",
    );
}

fn nothing_works_after_clear<J: JsHost>() {
    let mut host = Host::<J>::new();
    host.run("globalThis.d = new TextDecoder(); globalThis.refused = 0; TextEncoder; performance;");
    host.web.clear();
    host.run(
        r"
        for (const f of [() => new TextEncoder(), () => new TextDecoder(), () => console.log({}),
            () => new TextEncoder().encodeInto('', new Uint8Array())]) {
            try { f(); } catch (e) { if (e instanceof TypeError) refused++; }
        }
        if (refused !== 4) throw new Error(refused);
        d.decode(); clearTimeout(1);
        ",
    );
    assert_eq!(host.web.next_timer(), None);
}

on_both_engines! {
    shapes,
    encode,
    encode_into,
    labels,
    options,
    decode,
    streaming,
    nothing_works_after_clear,
}
