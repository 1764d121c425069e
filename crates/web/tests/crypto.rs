//! `crypto`, `atob`, `btoa`, `navigator` and `self`.

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
    function throws(name, f) {
        try { f(); } catch (e) {
            const Class = globalThis[name] ?? DOMException;
            if (e instanceof Class && e.name === name) return e;
            throw new Error(`${f}: threw ${e.name}: ${e}`);
        }
        throw new Error(`${f}: did not throw`);
    }
    const hex = (buffer) => Array.from(new Uint8Array(buffer), (b) => b.toString(16).padStart(2, '0')).join('');
";

fn check<J: JsHost>(source: &str) {
    Host::<J>::new().run(&format!("{CHECKS}\n{source}"));
}

fn base64<J: JsHost>() {
    check::<J>(
        r"
        same(btoa(''), ''); same(btoa('a'), 'YQ=='); same(btoa('ab'), 'YWI='); same(btoa('abc'), 'YWJj');
        same(btoa('\xff\x00\x80'), '/wCA'); same(btoa(null), 'bnVsbA=='); same(btoa(undefined), 'dW5kZWZpbmVk');
        same(atob(''), ''); same(atob('YQ=='), 'a'); same(atob('YQ'), 'a'); same(atob(' Y\tW\n I\f=\r'), 'ab');
        same(atob('/wCA'), '\xff\x00\x80'); same(atob(12), '\xd7'); same(atob('YR'), 'a');
        for (const bad of ['Y', 'YQ=', 'YQ===', '=', 'YWJj=', 'Y=Q=', 'YWJjY', '-_', '\u0100', '\xa0YQ==', 'YQ==\v', '\0', 'YQ\0=']) {
            same(throws('InvalidCharacterError', () => atob(bad)).code, 5);
        }
        throws('InvalidCharacterError', () => btoa('\u0100'));
        throws('InvalidCharacterError', () => btoa('😀'));
        throws('TypeError', () => atob()); throws('TypeError', () => btoa()); throws('TypeError', () => btoa(Symbol()));
        same(atob.length + btoa.length, 2);
        let all = '';
        for (let i = 0; i < 256; i++) all += String.fromCharCode(i);
        for (let i = 0; i < 256; i++) same(atob(btoa(all.slice(i))), all.slice(i));
        const long = all.repeat(4000);
        same(atob(btoa(long)) === long, true, 'long');
        ",
    );
}

fn random_values<J: JsHost>() {
    check::<J>(
        r"
        for (const C of [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, BigInt64Array, BigUint64Array]) {
            const array = new C(64);
            same(crypto.getRandomValues(array), array);
            same(array.some((x) => x != 0), true, C.name);
            same(crypto.getRandomValues(new C(0)).length, 0);
            same(crypto.getRandomValues(new C(65536 / C.BYTES_PER_ELEMENT)).length, 65536 / C.BYTES_PER_ELEMENT);
            throws('QuotaExceededError', () => crypto.getRandomValues(new C(65536 / C.BYTES_PER_ELEMENT + 1)));
        }
        const buffer = new Uint8Array(100);
        crypto.getRandomValues(buffer.subarray(10, 50));
        same(buffer.subarray(0, 10).every((x) => x === 0) && buffer.subarray(50).every((x) => x === 0), true, 'only the view');
        same(crypto.getRandomValues(new Uint16Array(32)).join() === crypto.getRandomValues(new Uint16Array(32)).join(), false);
        for (const bad of [new Float32Array(4), new Float64Array(1e5), new DataView(new ArrayBuffer(4))]) {
            throws('TypeMismatchError', () => crypto.getRandomValues(bad));
        }
        for (const bad of [undefined, null, 1, [], {}, new ArrayBuffer(4), new Proxy(new Uint8Array(1), {})]) {
            throws('TypeError', () => crypto.getRandomValues(bad));
        }
        if (typeof SharedArrayBuffer === 'function') {
            throws('TypeError', () => crypto.getRandomValues(new Uint8Array(new SharedArrayBuffer(4))));
        }
        throws('TypeError', () => crypto.getRandomValues());
        const { getRandomValues } = crypto;
        throws('TypeError', () => getRandomValues(new Uint8Array(1)));
        ",
    );
}

fn uuid<J: JsHost>() {
    check::<J>(
        r"
        const seen = new Set();
        for (let i = 0; i < 100; i++) {
            const uuid = crypto.randomUUID();
            same(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(uuid), true, uuid);
            seen.add(uuid);
        }
        same(seen.size, 100);
        throws('TypeError', () => new Crypto()); throws('TypeError', () => new SubtleCrypto());
        same(String(crypto), '[object Crypto]'); same(String(crypto.subtle), '[object SubtleCrypto]');
        same(crypto.subtle, crypto.subtle); same(crypto, globalThis.crypto);
        same('encrypt' in crypto.subtle, false);
        ",
    );
}

fn digest<J: JsHost>() {
    let printed = Host::<J>::new().printed(&format!(
        r"{CHECKS}
        const abc = new TextEncoder().encode('abc');
        const reason = (promise) => promise.then(() => 'fulfilled', (e) => e.name);
        (async () => {{
            const digest = (...args) => crypto.subtle.digest(...args);
            same(hex(await digest('SHA-1', abc)), 'a9993e364706816aba3e25717850c26c9cd0d89d');
            same(hex(await digest('sha-256', abc.buffer)), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
            same(hex(await digest({{ name: 'Sha-384' }}, new DataView(abc.buffer, 0, 0))),
                '38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b');
            const sha512 = await digest(new String('SHA-512').valueOf(), abc);
            same(sha512 instanceof ArrayBuffer, true);
            same(hex(sha512).slice(0, 32), 'ddaf35a193617abacc417349ae204131');
            // The bytes are copied before the algorithm's name is read.
            const changing = Uint8Array.of(97, 98, 99);
            const before = digest({{ get name() {{ changing.fill(0); return 'SHA-1'; }} }}, changing);
            same(hex(await before), 'a9993e364706816aba3e25717850c26c9cd0d89d');
            for (const [args, name] of [
                [['MD5', abc], 'NotSupportedError'], [[{{ name: 'AES-GCM' }}, abc], 'NotSupportedError'], [['', abc], 'NotSupportedError'],
                [[null, abc], 'NotSupportedError'], [['SHA-256\u017f', abc], 'NotSupportedError'],
                [[{{}}, abc], 'TypeError'], [['SHA-1', 'abc'], 'TypeError'], [['SHA-1', [1]], 'TypeError'], [['SHA-1'], 'TypeError'],
                [[], 'TypeError'], [[Symbol(), abc], 'TypeError'],
            ]) same(await reason(digest(...args)), name);
            same(await reason(SubtleCrypto.prototype.digest.call({{}}, 'SHA-1', abc)), 'TypeError');
            same(crypto.subtle.digest.length, 2);
            console.log('done');
        }})().catch((e) => console.log(String(e)));
        "
    ));
    assert_eq!(printed, "done\n");
}

fn navigator<J: JsHost>() {
    check::<J>(&format!(
        r"
        same(navigator.userAgent, 'Sinew/{}');
        same(navigator.language, 'en-US');
        same(navigator.languages, navigator.languages);
        same(Object.isFrozen(navigator.languages) && navigator.languages.join() === 'en-US', true);
        same(Number.isInteger(navigator.hardwareConcurrency) && navigator.hardwareConcurrency > 0, true);
        same('platform' in navigator, false);
        same(String(navigator), '[object Navigator]');
        throws('TypeError', () => new Navigator());
        throws('TypeError', () => Navigator.prototype.userAgent);
        same(self, globalThis); same(globalThis.self.self, globalThis);
        same(Object.keys(globalThis).includes('self'), true);
        self = 1;
        same(globalThis.self, 1);
        ",
        env!("CARGO_PKG_VERSION")
    ));
}

on_both_engines! {
    base64,
    random_values,
    uuid,
    digest,
    navigator,
}
