//! `CompressionStream`, `DecompressionStream`.

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
        const parts = [];
        for await (const part of ReadableStream.from(chunks).pipeThrough(stream)) parts.push(part);
        const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
        let length = 0;
        for (const part of parts) { all.set(part, length); length += part.length; }
        all.parts = parts.length;
        return all;
    };
    const compress = (format, ...chunks) => through(chunks, new CompressionStream(format));
    const decompress = (format, ...chunks) => through(chunks, new DecompressionStream(format));
    const failure = async (promise) => { try { await promise; } catch (e) { return e.name; } return 'nothing'; };
    const formats = ['deflate', 'deflate-raw', 'gzip'];
    const text = (string) => new TextEncoder().encode(string);
    const string = (bytes) => new TextDecoder().decode(bytes);
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
        for (const C of [CompressionStream, DecompressionStream]) {
            same([C.length, C.prototype[Symbol.toStringTag]], [1, C.name], C.name);
            same(Object.keys(C.prototype).sort(), ['readable', 'writable'], C.name);
            for (const bad of [[], ['brotli'], ['GZIP'], ['gzip '], [undefined], [null]]) {
                same(thrown(() => new C(...bad)), 'TypeError', bad);
            }
            const { get } = Object.getOwnPropertyDescriptor(C.prototype, 'readable');
            same(thrown(() => get.call(new TransformStream())), 'TypeError', 'brand');
            same(new C({ toString: () => 'gzip' }).readable instanceof ReadableStream, true, 'converted');
        }
        const { get } = Object.getOwnPropertyDescriptor(CompressionStream.prototype, 'readable');
        same(thrown(() => get.call(new DecompressionStream('gzip'))), 'TypeError', 'brand');
        ",
    );
}

fn round_trips<J: JsHost>() {
    check::<J>(
        r"
        let noise = 1;
        const random = new Uint8Array(150000).map(() => (noise = noise * 48271 % 2147483647) & 255);
        for (const format of formats) {
            const empty = await compress(format);
            same([empty.length > 0, (await decompress(format, empty)).length], [true, 0], 'empty');
            for (const data of [text('a'), text('expected '.repeat(30000)), random]) {
                const half = data.length >> 1;
                const packed = await compress(format, data.subarray(0, half), bytes(), new DataView(data.buffer, half));
                const whole = await decompress(format, packed);
                same([whole.length, whole.every((byte, i) => byte === data[i])], [data.length, true], format);
                const cut = [];
                for (let i = 0; i < packed.length; i += 777) cut.push(packed.slice(i, i + 777).buffer);
                same((await decompress(format, ...cut)).length, data.length, 'in pieces');
            }
            const small = await compress(format, text('expected output'));
            const single = Array.from(small, (byte) => bytes(byte));
            same(string(await decompress(format, ...single)), 'expected output', 'byte for byte');
            for (let i = 0; i < small.length; i++) {
                same(await failure(decompress(format, small.subarray(0, i))), 'TypeError', `${format} of ${i}`);
            }
            same(await failure(decompress(format, small, bytes(0))), 'TypeError', 'more');
            const more = new Uint8Array(small.length + 1);
            more.set(small);
            same(await failure(decompress(format, more)), 'TypeError', 'more');
            same(string(await decompress(format, small, bytes())), 'expected output', 'nothing more');
        }
        ",
    );
}

/// Headers with all that RFC 1952 knows, and broken ones.
fn gzip_headers<J: JsHost>() {
    check::<J>(
        r"
        const body = (await compress('gzip', text('expected output'))).slice(10);
        const gzip = (...header) => decompress('gzip', bytes(...header), body).then(string);
        const start = (flags) => [31, 139, 8, flags, 1, 2, 3, 4, 0, 3];
        same(await gzip(...start(0)), 'expected output', 'plain');
        same(await gzip(...start(1)), 'expected output', 'text');
        same(await gzip(...start(4), 0, 0), 'expected output', 'no extra field');
        same(await gzip(...start(4), 3, 0, 7, 7, 7), 'expected output', 'extra field');
        same(await gzip(...start(8 | 16), 65, 0, 0), 'expected output', 'name and comment');
        const crc = (list) => {
            let crc = -1;
            for (const byte of list) {
                crc ^= byte;
                for (let i = 0; i < 8; i++) crc = crc & 1 ? crc >>> 1 ^ 0xEDB88320 : crc >>> 1;
            }
            return [~crc & 255, ~crc >> 8 & 255];
        };
        const all = [...start(31), 2, 0, 9, 9, 65, 66, 0, 67, 0];
        same(await gzip(...all, ...crc(all)), 'expected output', 'everything');
        same(await failure(gzip(...all, 0, 0)), 'TypeError', 'checksum');
        for (const flag of [32, 64, 128]) same(await failure(gzip(...start(flag))), 'TypeError', flag);
        for (const [i, value] of [[0, 30], [1, 0], [2, 7]]) {
            const header = start(0);
            header[i] = value;
            same(await failure(gzip(...header)), 'TypeError', `byte ${i}`);
        }
        const two = new Uint8Array(body.length);
        two.set(body);
        two[body.length - 1]++;
        same(await failure(decompress('gzip', bytes(...start(0)), two)), 'TypeError', 'size');
        ",
    );
}

fn hostile_chunks<J: JsHost>() {
    check::<J>(
        r"
        for (const C of [CompressionStream, DecompressionStream]) {
            for (const bad of [undefined, null, 'gzip', 1, {}, [1]]) {
                const stream = new C('gzip'), writer = stream.writable.getWriter(), reader = stream.readable.getReader();
                const write = failure(writer.write(bad));
                same([await failure(reader.read()), await write], ['TypeError', 'TypeError'], String(bad));
            }
            if (typeof SharedArrayBuffer === 'function') {
                const shared = new Uint8Array(new SharedArrayBuffer(1));
                for (const bad of [shared, shared.buffer]) same(await failure(through([bad], new C('gzip'))), 'TypeError', 'shared');
            }
        }
        for (const format of formats) {
            same(await failure(decompress(format, text('not compressed at all'))), 'TypeError', format);
        }
        ",
    );
}

/// Much that becomes of little comes in pieces, as it is read.
fn back_pressure<J: JsHost>() {
    check::<J>(
        r"
        const size = 4 << 20;
        const packed = await compress('gzip', new Uint8Array(size));
        same(packed.length < size / 200, true, 'small');
        const stream = new DecompressionStream('gzip');
        const writer = stream.writable.getWriter(), reader = stream.readable.getReader();
        let written = false;
        const write = writer.write(packed).then(() => { written = true; });
        const close = writer.close();
        let length = 0, parts = 0;
        for (let part; !(part = await reader.read()).done; parts++) {
            length += part.value.length;
            if (length < size / 2) same(written, false, 'waits for the reader');
        }
        await Promise.all([write, close]);
        same([length, parts >= 16], [size, true], 'in pieces');

        const cancelled = new DecompressionStream('gzip');
        const w = cancelled.writable.getWriter(), r = cancelled.readable.getReader();
        const left = failure(w.write(packed));
        await r.read();
        await r.cancel('enough');
        same(await left !== 'nothing', true, 'the write ends with the reader');
        ",
    );
}

on_both_engines! {
    shapes,
    round_trips,
    gzip_headers,
    hostile_chunks,
    back_pressure,
}
