//! `ReadableStream` and what goes with it.

mod common;

use common::{Host, expect};
use sinew_bridge::JsHost;

/// What the scripts check with.
const CHECKS: &str = r"
    var done = 0;
    function same(actual, expected, what) {
        if (!Object.is(actual, expected)) {
            throw new Error(`${what ?? ''}: got ${String(actual)}, not ${String(expected)}`);
        }
    }
    function throws(Class, f, what) {
        try { f(); } catch (e) {
            if (e instanceof Class) return;
            throw new Error(`${what ?? f}: threw ${e}`);
        }
        throw new Error(`${what ?? f}: did not throw`);
    }
    async function rejects(Class, promise, what) {
        try { await promise; } catch (e) {
            if (e instanceof Class) return;
            throw new Error(`${what}: rejected with ${e}`);
        }
        throw new Error(`${what}: was not rejected`);
    }
    const { then } = Promise.prototype;
    const { apply } = Reflect;
    function run(test) {
        apply(then, test(), [() => { done = 1; }, (e) => { setTimeout(() => { throw e; }, 0); }]);
    }
    const chunks = async (stream) => {
        const list = [];
        for await (const chunk of stream) list.push(chunk);
        return list.join();
    };
    const fill = (view, byte) => new Uint8Array(view.buffer, view.byteOffset, view.byteLength).fill(byte);
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
        const lengths = {
            ReadableStream: 0, ReadableStreamDefaultReader: 1, ReadableStreamBYOBReader: 1,
            ReadableStreamDefaultController: 0, ReadableByteStreamController: 0,
            ReadableStreamBYOBRequest: 0, ByteLengthQueuingStrategy: 1, CountQueuingStrategy: 1,
        };
        for (const [name, length] of Object.entries(lengths)) {
            const C = globalThis[name];
            same(C.name, name);
            same(C.length, length, name);
            same(C.prototype[Symbol.toStringTag], name);
            throws(TypeError, () => C(), name);
        }
        for (const name of ['ReadableStreamDefaultController', 'ReadableByteStreamController',
                'ReadableStreamBYOBRequest']) {
            throws(TypeError, () => new globalThis[name](), name);
        }
        const p = ReadableStream.prototype;
        same(p.values, p[Symbol.asyncIterator]);
        same(p.values.name, 'values');
        same(Object.getOwnPropertyDescriptor(p, 'values').enumerable, true);
        same(Object.getOwnPropertyDescriptor(p, Symbol.asyncIterator).enumerable, false);
        const iterator = Object.getPrototypeOf(new ReadableStream().values());
        same(Object.keys(iterator).join(), 'next,return');
        same(iterator[Symbol.toStringTag], 'ReadableStream AsyncIterator');
        const AsyncIterator = Object.getPrototypeOf(Object.getPrototypeOf((async function* () {}).prototype));
        same(Object.getPrototypeOf(iterator), AsyncIterator);
        class Sub extends ReadableStream { extra() { return this.locked; } }
        same(new Sub().extra(), false);
        for (const other of [{}, null, new CountQueuingStrategy({ highWaterMark: 1 }), Object.create(new Sub())]) {
            throws(TypeError, () => p.getReader.call(other));
            await rejects(TypeError, p.cancel.call(other), 'cancel');
            await rejects(TypeError, iterator.next.call(other), 'next');
            await rejects(TypeError, ReadableStreamBYOBReader.prototype.read.call(other, new Uint8Array(1)), 'read');
        }
        const size = new CountQueuingStrategy({ highWaterMark: 1 }).size;
        same(size, new CountQueuingStrategy({ highWaterMark: 2 }).size);
        same(size(), 1);
        same(new ByteLengthQueuingStrategy({ highWaterMark: 1 }).size({ byteLength: 3 }), 3);
        throws(TypeError, () => new CountQueuingStrategy({}));
        throws(TypeError, () => new ReadableStream(null));
        throws(TypeError, () => new ReadableStream({ type: 'other' }));
        throws(RangeError, () => new ReadableStream({}, { highWaterMark: -1 }));
        throws(RangeError, () => new ReadableStream({ type: 'bytes' }, { size() {} }));
        throws(TypeError, () => new ReadableStream({ type: 'bytes', autoAllocateChunkSize: 0 }));
        throws(TypeError, () => new ReadableStream().getReader({ mode: 'byob' }));
        throws(TypeError, () => new ReadableStream().getReader({ mode: 'other' }));
        ",
    );
}

fn chunks_arrive_in_order<J: JsHost>() {
    check::<J>(
        r"
        let pulls = 0;
        const stream = new ReadableStream({
            start(c) { c.enqueue('a'); same(c.desiredSize, 1); },
            async pull(c) { c.enqueue(pulls); if (++pulls === 3) c.close(); },
            cancel() { throw new Error('not canceled'); },
        }, { highWaterMark: 2 });
        same(stream.locked, false);
        const reader = stream.getReader();
        same(stream.locked, true);
        throws(TypeError, () => stream.getReader());
        same((await reader.read()).value, 'a');
        const pending = [reader.read(), reader.read(), reader.read(), reader.read()];
        const results = await Promise.all(pending);
        same(results.map(({ value, done }) => `${value} ${done}`).join(), '0 false,1 false,2 false,undefined true');
        await reader.closed;
        reader.releaseLock();
        await rejects(TypeError, reader.closed, 'closed');
        await rejects(TypeError, reader.read(), 'read');

        let reason;
        const canceled = new ReadableStream({ cancel(r) { reason = r; return Promise.reject(new RangeError()); } });
        const waiting = canceled.values();
        await rejects(RangeError, waiting.return(5), 'return');
        same(reason, 5);
        same(canceled.locked, false);
        same((await waiting.next()).done, true);

        const broken = new ReadableStream({ pull() { throw new RangeError(); } });
        await rejects(RangeError, broken.getReader().read(), 'broken');
        await rejects(RangeError, chunks(new ReadableStream({ start(c) { c.error(new RangeError()); } })), 'errored');
        ",
    );
}

fn streams_of_iterables<J: JsHost>() {
    check::<J>(
        r"
        same(await chunks(ReadableStream.from([1, Promise.resolve(2), 3])), '1,2,3');
        same(await chunks(ReadableStream.from('aü€')), 'a,ü,€');
        same(await chunks(ReadableStream.from(new ReadableStream({ start(c) { c.enqueue(1); c.close(); } }))), '1');
        same(await chunks(ReadableStream.from((async function* () { yield 1; yield 2; })())), '1,2');
        let closed = 0;
        function* endless() { try { for (;;) yield 7; } finally { closed++; } }
        for await (const chunk of ReadableStream.from(endless())) { same(chunk, 7); break; }
        same(closed, 1);
        const failing = { [Symbol.iterator]: () => ({
            next: () => ({ value: Promise.reject(new RangeError()), done: false }),
            return() { closed++; return {}; },
        }) };
        await rejects(RangeError, chunks(ReadableStream.from(failing)), 'failing');
        same(closed, 2);
        throws(TypeError, () => ReadableStream.from({}));
        throws(TypeError, () => ReadableStream.from(5));
        throws(TypeError, () => ReadableStream.from());
        await rejects(TypeError, chunks(ReadableStream.from({ [Symbol.asyncIterator]: () => ({ next: () => 5 }) })), 'next');
        await rejects(TypeError, chunks(ReadableStream.from({ [Symbol.asyncIterator]: () => ({}) })), 'no next');
        ",
    );
}

fn bytes_are_read_into_views<J: JsHost>() {
    check::<J>(
        r"
        let requests = 0;
        const stream = new ReadableStream({
            type: 'bytes',
            pull(c) {
                const request = c.byobRequest;
                same(request, c.byobRequest);
                requests++;
                if (requests === 4) { c.close(); request.respond(0); return; }
                fill(request.view, requests);
                request.respond(requests === 1 ? 3 : request.view.byteLength);
                same(request.view, null);
                throws(TypeError, () => request.respond(1));
            },
        });
        const reader = stream.getReader({ mode: 'byob' });
        const own = new Uint16Array(4);
        let { value, done } = await reader.read(own);
        same(own.byteLength, 0);
        same(value.constructor, Uint16Array);
        same(value.length, 1);
        same(value[0], 0x101);
        // The third byte of the first answer comes first.
        ({ value } = await reader.read(new Uint8Array(new ArrayBuffer(8), 2, 3)));
        same(`${value.byteOffset} ${Array.from(value)}`, '2 1');
        ({ value } = await reader.read(new Uint8Array(4), { min: 4 }));
        same(Array.from(value).join(), '2,2,2,2');
        ({ value } = await reader.read(new DataView(new ArrayBuffer(4))));
        same(value.constructor, DataView);
        same(value.getInt8(3), 3);
        ({ value, done } = await reader.read(new BigInt64Array(2)));
        same(done, true);
        same(value.length, 0);
        same(value.buffer.byteLength, 16);

        const detached = new Uint8Array(2);
        reader.read(detached);
        for (const [Class, ...args] of [
            [TypeError], [TypeError, {}], [TypeError, new ArrayBuffer(2)], [TypeError, new Uint8Array(0)],
            [TypeError, detached], [TypeError, new Uint8Array(1), { min: 0 }], [TypeError, new Uint8Array(1), 5],
            [RangeError, new Uint8Array(1), { min: 2 }], [RangeError, new Uint16Array(2), { min: 4 }],
            [TypeError, new Uint8Array(1), { min: -1 }],
            [TypeError, new Uint8Array(new ArrayBuffer(1, { maxByteLength: 2 }))],
        ]) {
            await rejects(Class, reader.read(...args), 'read with bad arguments');
        }
        ",
    );
}

fn byte_streams_feed_default_readers<J: JsHost>() {
    check::<J>(
        r"
        const source = new Uint8Array([1, 2, 3, 4]).subarray(1, 3);
        const stream = new ReadableStream({
            type: 'bytes', autoAllocateChunkSize: 16,
            start(c) { c.enqueue(source); throws(TypeError, () => c.enqueue(source)); },
            pull(c) {
                same(c.byobRequest.view.byteLength, 16);
                c.byobRequest.respondWithNewView(fill(c.byobRequest.view, 9).subarray(0, 2));
            },
        });
        same(source.byteLength, 0);
        const reader = stream.getReader();
        same(Array.from((await reader.read()).value).join(), '2,3');
        same(Array.from((await reader.read()).value).join(), '9,9');

        const [one, two] = new ReadableStream({
            type: 'bytes',
            start(c) { c.enqueue(new Uint8Array([1, 2])); c.enqueue(new Uint8Array([3])); c.close(); },
        }).tee();
        const byob = one.getReader({ mode: 'byob' });
        same(Array.from((await byob.read(new Uint8Array(2))).value).join(), '1,2');
        same(await chunks(two), '1,2,3');
        same(Array.from((await byob.read(new Uint8Array(3))).value).join(), '3');
        same((await byob.read(new Uint8Array(3))).done, true);
        ",
    );
}

fn patched_built_ins_are_not_used<J: JsHost>() {
    check::<J>(
        r"
        const never = () => { throw new Error('a patched built-in was used'); };
        const Settled = Promise;
        const awaited = (promise) => new Settled((resolve, reject) => apply(then, promise, [resolve, reject]));
        ArrayBuffer.prototype.transfer = ArrayBuffer.prototype.slice = never;
        const TypedArray = Object.getPrototypeOf(Uint8Array);
        for (const key of ['buffer', 'byteOffset', 'byteLength', Symbol.toStringTag]) {
            Object.defineProperty(TypedArray.prototype, key, { get: never });
        }
        for (const key of ['detached', 'byteLength', 'resizable']) {
            Object.defineProperty(ArrayBuffer.prototype, key, { get: never });
        }
        const bytes = (...list) => new Uint8Array(list);
        const streams = [
            new ReadableStream({ type: 'bytes', start(c) { c.enqueue(bytes(1, 2)); c.close(); } }),
            new ReadableStream({ start(c) { c.enqueue(bytes(1, 2)); c.close(); } }),
        ];
        Promise.prototype.then = never;
        globalThis.Uint8Array = globalThis.ArrayBuffer = globalThis.Promise = never;
        ReadableStream.prototype.getReader = ReadableStreamDefaultReader.prototype.read = never;
        ReadableStream.prototype.cancel = ReadableStreamDefaultReader.prototype.cancel = never;
        globalThis.ReadableStream = never;
        for (const stream of streams) {
            const [one, two] = stream.tee();
            const iterator = one.values();
            const { value } = await awaited(iterator.next());
            same(value[1], 2);
            const returned = iterator.return();
            const other = two.values();
            same((await awaited(other.next())).done, false);
            same((await awaited(other.next())).done, true);
            await awaited(returned);
        }
        ",
    );
}

fn user_code_may_do_anything_anywhere<J: JsHost>() {
    check::<J>(
        r"
        // Options that detach the view.
        const byob = new ReadableStream({ type: 'bytes' }).getReader({ mode: 'byob' });
        const view = new Uint8Array(4);
        const detaching = { get min() { byob.read(view).catch(() => {}); return 2; } };
        await rejects(TypeError, byob.read(view, detaching), 'detached by its options');

        // A size that closes, errors, cancels and enqueues.
        let controller;
        for (const act of ['close', 'error', 'cancel', 'enqueue', 'release']) {
            let depth = 0;
            const stream = new ReadableStream({ start(c) { controller = c; } }, { size() {
                if (depth++ === 0) {
                    if (act === 'cancel') stream.cancel();
                    else if (act === 'release') { const r = stream.getReader(); r.read(); r.releaseLock(); }
                    else controller[act](1);
                }
                return 1;
            } });
            controller.enqueue(0);
        }

        // A `then` on Object.prototype sees each result before its promise is settled.
        let seen = 0, reader;
        Object.defineProperty(Object.prototype, 'then', { configurable: true, get() {
            if (Object.hasOwn(this, 'done') && seen++ < 50) {
                try { controller.enqueue(new Uint8Array(1)); } catch {}
                try { controller.byobRequest?.respond(1); } catch {}
                try { reader.releaseLock(); } catch {}
                try { reader = stream.getReader(seen % 2 ? { mode: 'byob' } : {}); } catch {}
                try { reader.read(new Uint8Array(3)).catch(() => {}); } catch {}
                if (seen > 40) { try { controller.close(); } catch {} try { controller.error(1); } catch {} }
            }
            return undefined;
        } });
        const stream = new ReadableStream({ type: 'bytes', autoAllocateChunkSize: 2, start(c) { controller = c; },
            pull(c) { c.byobRequest?.respond(1); } });
        reader = stream.getReader();
        reader.closed.catch(() => {});
        for (let i = 0; i < 20; i++) {
            reader.read(new Uint8Array(2)).catch(() => {});
            try { controller.enqueue(new Uint8Array(5)); } catch {}
            await null;
        }
        delete Object.prototype.then;
        same(seen > 0, true);

        // Controllers and requests outlive what they belong to.
        let request;
        new ReadableStream({ type: 'bytes', pull(c) { request = c.byobRequest; } })
            .getReader({ mode: 'byob' }).read(new Uint8Array(1));
        await null; await null;
        request.view.buffer.transfer?.();
        if (request.view.byteLength === 0) throws(TypeError, () => request.respond(1));
        throws(TypeError, () => request.respondWithNewView(new DataView(new ArrayBuffer(0))));
        throws(RangeError, () => request.respondWithNewView(new Uint8Array(5)));
        ",
    );
}

/// Buffers over foreign bytes, as memories have, stay where they are.
fn foreign_buffers_are_not_taken<J: JsHost>() {
    let mut host = Host::<J>::new();
    host.js.enter(|cx| {
        let data = Box::leak(vec![0u8; 16].into_boxed_slice()).as_mut_ptr();
        // SAFETY: leaked, and no reference to the bytes is left.
        let buffer = unsafe { J::array_buffer_over(cx, data, 16) };
        let buffer = expect::<J, _>(cx, buffer);
        let global = J::global(cx);
        let set = J::set(cx, &global, "foreign".into(), &buffer);
        expect::<J, _>(cx, set);
    });
    host.run(&format!(
        "{CHECKS} run(async () => {{ {} }});",
        r"
        let controller;
        const stream = new ReadableStream({ type: 'bytes', start(c) { controller = c; } });
        throws(TypeError, () => controller.enqueue(new Uint8Array(foreign)));
        const reader = stream.getReader({ mode: 'byob' });
        await rejects(TypeError, reader.read(new Uint8Array(foreign)), 'read');
        const pending = reader.read(new Uint8Array(16));
        throws(TypeError, () => controller.byobRequest.respondWithNewView(new Uint8Array(foreign)));
        fill(controller.byobRequest.view, 4);
        controller.byobRequest.respond(16);
        same((await pending).value[15], 4);
        same(foreign.byteLength, 16);
        "
    ));
    host.run("if (!done) throw new Error('the test has not come to its end');");
}

/// Streams, readers, requests and branches that only lead to each other go.
fn cycles_are_collected<J: JsHost>() {
    let mut host = Host::<J>::new();
    host.run(
        r"
        var weak = [];
        (function () {
            for (let i = 0; i < 60; i++) {
                const source = { pull(c) { this.c = c; }, cancel() {}, type: i % 2 ? 'bytes' : undefined };
                source.stream = new ReadableStream(source);
                let stream = source.stream;
                const kind = i % 6;
                if (kind < 2) {
                    const reader = source.reader = stream.getReader(i % 2 ? { mode: 'byob' } : {});
                    reader.read(new Uint8Array(4)).then(() => source);
                    reader.closed.then(() => source);
                } else if (kind < 4) {
                    source.branches = stream.tee();
                    source.branches[0].getReader().read().then(() => source);
                } else {
                    source.iterator = stream.values();
                    source.iterator.next().then(() => source);
                }
                weak.push(new WeakRef(stream), new WeakRef(source));
            }
        })();
        ",
    );
    // Once more: what a job held is let go.
    host.run("0");
    host.js.enter(|cx| {
        for _ in 0..4 {
            J::collect_garbage(cx);
        }
    });
    host.run(
        r"
        const left = weak.filter((ref) => ref.deref() !== undefined).length;
        if (left > 4) throw new Error(`${left} of ${weak.length} are left`);
        ",
    );
}

on_both_engines!(
    shapes,
    chunks_arrive_in_order,
    streams_of_iterables,
    bytes_are_read_into_views,
    byte_streams_feed_default_readers,
    patched_built_ins_are_not_used,
    user_code_may_do_anything_anywhere,
    foreign_buffers_are_not_taken,
    cycles_are_collected,
);
