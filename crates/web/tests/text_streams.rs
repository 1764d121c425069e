//! `TextEncoderStream`, `TextDecoderStream`.

mod common;

use common::Host;
use sinew_bridge::JsHost;

/// What the scripts check with.
const CHECKS: &str = r"
    var done = 0;
    function same(actual, expected, what) {
        const text = (value) => JSON.stringify(value) ?? String(value);
        if (text(actual) !== text(expected)) throw new Error(`${what}: ${text(actual)}, not ${text(expected)}`);
    }
    const thrown = (f) => { try { f(); } catch (e) { return e.name; } return 'nothing'; };
    function run(test) {
        test().then(() => { done = 1; }, (e) => { setTimeout(() => { throw e; }, 0); });
    }
    const through = async (chunks, stream) => {
        const list = [];
        for await (const chunk of ReadableStream.from(chunks).pipeThrough(stream)) list.push(chunk);
        return list;
    };
    const bytes = (...list) => new Uint8Array(list);
";

/// Runs an asynchronous test to its end.
fn check<J: JsHost>(body: &str) {
    let mut host = Host::<J>::new();
    host.run(&format!("{CHECKS}\nrun(async () => {{ {body} }});"));
    host.run("if (!done) throw new Error('the test has not come to its end');");
}

fn shapes<J: JsHost>() {
    check::<J>(
        r"
        const members = (C) => Object.keys(C.prototype).sort().join();
        same(members(TextEncoderStream), 'encoding,readable,writable', 'encoder');
        same(members(TextDecoderStream), 'encoding,fatal,ignoreBOM,readable,writable', 'decoder');
        for (const C of [TextEncoderStream, TextDecoderStream]) {
            same([C.length, C.prototype[Symbol.toStringTag]], [0, C.name], C.name);
            same(thrown(() => C()), 'TypeError', C.name);
            for (const name of ['readable', 'writable', 'encoding']) {
                const { get } = Object.getOwnPropertyDescriptor(C.prototype, name);
                same(thrown(() => get.call(new TransformStream())), 'TypeError', name);
                same(thrown(() => get.call(C.prototype)), 'TypeError', name);
            }
            const stream = new C();
            same([stream.encoding, stream.readable === stream.readable], ['utf-8', true], C.name);
            same([stream.readable instanceof ReadableStream, stream.writable instanceof WritableStream], [true, true], C.name);
        }
        const decoder = new TextDecoderStream('latin1', { fatal: 1, ignoreBOM: {} });
        same([decoder.encoding, decoder.fatal, decoder.ignoreBOM], ['windows-1252', true, true], 'options');
        same(thrown(() => new TextDecoderStream('none')), 'RangeError', 'label');
        same(thrown(() => new TextDecoderStream('replacement')), 'RangeError', 'label');
        same(thrown(() => new TextDecoderStream('utf-8', 1)), 'TypeError', 'options');
        ",
    );
}

fn encoding<J: JsHost>() {
    check::<J>(
        r"
        const encoded = async (...chunks) =>
            (await through(chunks, new TextEncoderStream())).map((chunk) => [...chunk].join(' '));
        same(await encoded('a', '', 'é'), ['97', '195 169'], 'text');
        same(await encoded('\ud83d', '\ude00'), ['240 159 152 128'], 'a pair in two chunks');
        same(await encoded('\ud83d', '', '\ude00'), ['240 159 152 128'], 'an empty chunk between');
        same(await encoded('a\ud83d', 'b'), ['97', '239 191 189 98'], 'alone');
        same(await encoded('\ud83d', '\ud83d\ude00'), ['239 191 189 240 159 152 128'], 'alone before a pair');
        same(await encoded('\ude00', '\ud83d'), ['239 191 189', '239 191 189'], 'at the end');
        same(await encoded(1, null, { toString: () => 'x' }), ['49', '110 117 108 108', '120'], 'converted');
        let error;
        try { await encoded(Symbol()); } catch (e) { error = e.name; }
        same(error, 'TypeError', 'a symbol');
        ",
    );
}

fn decoding<J: JsHost>() {
    check::<J>(
        r"
        const decoded = (chunks, ...args) => through(chunks, new TextDecoderStream(...args));
        const smile = bytes(0xF0, 0x9F, 0x98, 0x80);
        same(await decoded([smile.subarray(0, 1), smile.buffer.slice(1, 3), new DataView(smile.buffer, 3)]), ['😀'], 'cut');
        same(await decoded([bytes(), bytes(97), new Uint16Array([98])]), ['a', 'b\0'], 'sources');
        same(await decoded([bytes(0xEF, 0xBB), bytes(0xBF, 97)]), ['a'], 'mark');
        same(await decoded([bytes(0xEF, 0xBB), bytes(0xBF, 97)], 'utf-8', { ignoreBOM: true }), ['\ufeffa'], 'mark kept');
        same(await decoded([bytes(97, 0xE2)]), ['a', '\ufffd'], 'ends early');
        same(await decoded([bytes(0x82), bytes(0xA0)], 'shift_jis'), ['あ'], 'another encoding');
        const failure = async (...args) => { try { await decoded(...args); } catch (e) { return e.name; } };
        same(await failure([bytes(97, 0xE2)], 'utf-8', { fatal: true }), 'TypeError', 'fatal at the end');
        same(await failure([bytes(0xFF), bytes(97)], 'utf-8', { fatal: true }), 'TypeError', 'fatal');
        for (const bad of ['x', 1, {}, [97], null]) same(await failure([bad]), 'TypeError', 'no bytes');
        const text = 'aä€😀'.repeat(1000);
        const pieces = [...new TextEncoder().encode(text)].map((byte) => bytes(byte));
        same((await decoded(pieces)).join(''), text, 'byte for byte');
        ",
    );
}

on_both_engines! {
    shapes,
    encoding,
    decoding,
}
