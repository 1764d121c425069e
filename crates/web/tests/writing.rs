//! `WritableStream`, `TransformStream` and what goes with them; pipes.

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
    const reason = async (promise) => { try { await promise; } catch (e) { return e; } return 'nothing'; };
    const rejected = async (promise) => (await reason(promise)).name;
    const turn = () => new Promise((resolve) => setTimeout(resolve, 0));
    const { then } = Promise.prototype;
    const { apply } = Reflect;
    function run(test) {
        apply(then, test(), [() => { done = 1; }, (e) => { setTimeout(() => { throw e; }, 0); }]);
    }
    const of = (...chunks) => ReadableStream.from(chunks);
    const read = async (stream) => {
        const list = [];
        for await (const chunk of stream) list.push(chunk);
        return list;
    };
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
            WritableStream: 0, WritableStreamDefaultWriter: 1, WritableStreamDefaultController: 0,
            TransformStream: 0, TransformStreamDefaultController: 0,
        };
        for (const [name, length] of Object.entries(lengths)) {
            const C = globalThis[name];
            same([C.name, C.length, C.prototype[Symbol.toStringTag]], [name, length, name], name);
            same(thrown(() => C()), 'TypeError', name);
        }
        const members = (C) => Object.keys(C.prototype).sort().join();
        same(members(WritableStream), 'abort,close,getWriter,locked', 'stream');
        same(members(WritableStreamDefaultWriter), 'abort,close,closed,desiredSize,ready,releaseLock,write', 'writer');
        same(members(WritableStreamDefaultController), 'error,signal', 'controller');
        same(members(TransformStream), 'readable,writable', 'transform');
        same(members(TransformStreamDefaultController), 'desiredSize,enqueue,error,terminate', 'controller');
        same([ReadableStream.prototype.pipeTo.length, ReadableStream.prototype.pipeThrough.length], [1, 1], 'pipes');
        for (const C of [WritableStreamDefaultController, TransformStreamDefaultController]) {
            same(thrown(() => new C()), 'TypeError', C.name);
        }
        same(await rejected(WritableStream.prototype.close.call({})), 'TypeError', 'brand');
        same(await rejected(WritableStreamDefaultWriter.prototype.write.call(new WritableStream())), 'TypeError', 'brand');
        same(thrown(() => WritableStream.prototype.getWriter.call(new ReadableStream())), 'TypeError', 'brand');
        class Mine extends TransformStream { more() { return this.readable instanceof ReadableStream; } }
        same(new Mine().more(), true, 'subclass');
        ",
    );
}

fn arguments<J: JsHost>() {
    check::<J>(
        r"
        for (const C of [WritableStream, TransformStream]) {
            for (const bad of [null, 1, 'x', Symbol.iterator]) same(thrown(() => new C(bad)), 'TypeError', String(bad));
            same(thrown(() => new C({}, 1)), 'TypeError', 'strategy');
            for (const highWaterMark of [-1, NaN]) same(thrown(() => new C({}, { highWaterMark })), 'RangeError', 'mark');
            same(thrown(() => new C({ start: 1 })), 'TypeError', 'start');
            same(thrown(() => new C({ get start() { throw new SyntaxError(); } })), 'SyntaxError', 'getter');
            same(thrown(() => new C({ start() { throw new URIError(); } })), 'URIError', 'start');
        }
        same(thrown(() => new WritableStream({ type: '' })), 'RangeError', 'type');
        same(thrown(() => new TransformStream({ readableType: 'bytes' })), 'RangeError', 'type');
        const order = (C, ...rest) => {
            const log = [];
            new C(new Proxy({}, { get(_, name) { log.push(name); } }), ...rest);
            return log.join();
        };
        same(order(WritableStream), 'abort,close,start,type,write', 'order');
        same(order(TransformStream), 'cancel,flush,readableType,start,transform,writableType', 'order');
        const log = [], options = new Proxy({}, { get(_, name) { log.push(name); } });
        await of().pipeTo(new WritableStream(), options);
        same(log.join(), 'preventAbort,preventCancel,preventClose,signal', 'order');
        for (const signal of [null, {}, 1]) {
            same(await rejected(of().pipeTo(new WritableStream(), { signal })), 'TypeError', 'signal');
            same(thrown(() => of().pipeThrough(new TransformStream(), { signal })), 'TypeError', 'signal');
        }
        same(await rejected(of().pipeTo({})), 'TypeError', 'destination');
        same(await rejected(of().pipeTo()), 'TypeError', 'destination');
        same(thrown(() => of().pipeThrough({ readable: of() })), 'TypeError', 'pair');
        const locked = new WritableStream();
        locked.getWriter();
        same(await rejected(of().pipeTo(locked)), 'TypeError', 'locked');
        const source = of();
        source.getReader();
        same(thrown(() => source.pipeThrough(new TransformStream())), 'TypeError', 'locked');
        ",
    );
}

fn writing<J: JsHost>() {
    check::<J>(
        r"
        const log = [];
        let release;
        const stream = new WritableStream({
            start(c) { log.push(c instanceof WritableStreamDefaultController, this.name); },
            write(chunk, c) { log.push(chunk, this.name); return new Promise((r) => { release = r; }); },
            close() { log.push('close'); },
            name: 'sink',
        }, { highWaterMark: 3, size: (chunk) => chunk });
        const writer = stream.getWriter();
        same([writer.desiredSize, stream.locked], [3, true], 'fresh');
        const first = writer.write(2);
        same(writer.desiredSize, 1, 'after one');
        const { ready } = writer;
        const second = writer.write(1);
        same([writer.desiredSize, writer.ready === ready], [0, false], 'full');
        await turn();
        release();
        await first;
        same(writer.desiredSize, 2, 'after the first');
        await writer.ready;
        const closed = writer.close();
        same(await rejected(writer.close()), 'TypeError', 'closing');
        same(await rejected(writer.write(1)), 'TypeError', 'closing');
        await turn();
        release();
        await Promise.all([second, closed, writer.closed]);
        same(log, [true, 'sink', 2, 'sink', 1, 'sink', 'close'], 'sink');
        writer.releaseLock();
        same([stream.locked, await rejected(writer.closed), await rejected(writer.ready)], [false, 'TypeError', 'TypeError'], 'released');
        same(thrown(() => writer.desiredSize), 'TypeError', 'released');
        same(await rejected(writer.write(1)), 'TypeError', 'released');
        ",
    );
}

fn aborting<J: JsHost>() {
    check::<J>(
        r"
        const log = [];
        let controller;
        const stream = new WritableStream({
            start(c) { controller = c; c.signal.onabort = () => log.push('signal', c.signal.reason); },
            write() { return new Promise((_, reject) => controller.signal.addEventListener('abort', () => reject('stopped'))); },
            abort(reason) { log.push('abort', reason); },
        });
        const writer = stream.getWriter();
        await writer.ready;
        const write = writer.write('x'), later = writer.write('y');
        await turn();
        const aborted = writer.abort('enough');
        same(log, ['signal', 'enough'], 'at once');
        same([await reason(write), await reason(later)], ['stopped', 'enough'], 'writes');
        await aborted;
        same(log, ['signal', 'enough', 'abort', 'enough'], 'then the sink');
        same(await reason(writer.closed), 'enough', 'closed');

        const failing = new WritableStream({ abort() { throw 'no'; } });
        same(await reason(failing.abort(1)), 'no', 'the sink fails');
        same(await reason(failing.getWriter().closed), 1, 'closed');
        const plain = new WritableStream({ start(c) { controller = c; } });
        await plain.abort();
        same(controller.signal.reason.name, 'AbortError', 'without a reason');
        const errored = new WritableStream({ start(c) { c.error('broken'); } });
        same(await reason(errored.getWriter().write()), 'broken', 'errored');
        ",
    );
}

fn transforming<J: JsHost>() {
    check::<J>(
        r"
        const log = [];
        const twice = new TransformStream({
            start(c) { c.enqueue('start'); },
            transform(chunk, c) { c.enqueue(chunk); c.enqueue(chunk); },
            async flush(c) { await turn(); c.enqueue('end'); },
        });
        same(await read(of(1, 2).pipeThrough(twice)), ['start', 1, 1, 2, 2, 'end'], 'twice');
        same(await read(of(1, 2).pipeThrough(new TransformStream())), [1, 2], 'identity');
        const first = new TransformStream({ transform(chunk, c) { c.enqueue(chunk); c.terminate(); } });
        const source = new ReadableStream({ pull(c) { c.enqueue(1); }, cancel(e) { log.push(e.name); } });
        same(await read(source.pipeThrough(first)), [1], 'terminated');
        await turn();
        same(log, ['TypeError'], 'the source is cancelled');

        const bad = new TransformStream({ transform() { throw 'bad'; } });
        const writer = bad.writable.getWriter(), reader = bad.readable.getReader();
        const write = reason(writer.write(1));
        same([await reason(reader.read()), await write, await reason(writer.closed)], ['bad', 'bad', 'bad'], 'errors');

        const cancelled = [];
        const one = new TransformStream({ cancel(e) { cancelled.push(e); } });
        await one.readable.cancel('why');
        same(await reason(one.writable.getWriter().closed), 'why', 'cancelled');
        const two = new TransformStream({ cancel(e) { cancelled.push(e); } });
        await two.writable.abort('because');
        same(await reason(two.readable.getReader().closed), 'because', 'aborted');
        same(cancelled, ['why', 'because'], 'cancel');

        const slow = new TransformStream(undefined, { highWaterMark: 2 }, { highWaterMark: 1 });
        const w = slow.writable.getWriter();
        w.write('a'); w.write('b'); w.write('c');
        await turn();
        same(w.desiredSize, 0, 'back pressure');
        const r = slow.readable.getReader();
        await r.read();
        await turn();
        same(w.desiredSize, 1, 'and its end');
        ",
    );
}

fn piping<J: JsHost>() {
    check::<J>(
        r"
        const sink = (log, more) => new WritableStream({
            write(chunk) { log.push(chunk); },
            close() { log.push('close'); },
            abort(e) { log.push('abort', e); },
            ...more,
        });
        let log = [];
        same(await of(1, undefined, 3).pipeTo(sink(log)), undefined, 'value');
        same(log, [1, undefined, 3, 'close'], 'all');
        log = [];
        let dest = sink(log), source = of(1);
        const piped = source.pipeTo(dest, { preventClose: true });
        same([source.locked, dest.locked], [true, true], 'locked');
        await piped;
        same([source.locked, dest.locked], [false, false], 'unlocked');
        await of(2).pipeTo(dest);
        same(log, [1, 2, 'close'], 'one after the other');

        const failing = () => new ReadableStream({ start(c) { c.enqueue(1); }, pull(c) { c.error('broken'); } }, { highWaterMark: 0 });
        log = [];
        same(await reason(failing().pipeTo(sink(log))), 'broken', 'forward');
        same(log.slice(-2), ['abort', 'broken'], 'forward');
        log = [];
        same(await reason(failing().pipeTo(dest = sink(log), { preventAbort: true })), 'broken', 'forward');
        same(log.includes('abort'), false, 'prevented');
        await dest.close();

        const endless = (log) => new ReadableStream({ pull(c) { c.enqueue(1); }, cancel(e) { log.push('cancel', e); } });
        log = [];
        same(await reason(endless(log).pipeTo(sink([], { write() { throw 'full'; } }))), 'full', 'backward');
        same(log, ['cancel', 'full'], 'backward');
        log = [];
        source = endless(log);
        same(await reason(source.pipeTo(sink([], { write() { throw 'full'; } }), { preventCancel: true })), 'full', 'backward');
        same([log, source.locked], [[], false], 'prevented');
        log = [];
        const over = sink([]);
        await over.close();
        same([await rejected(endless(log).pipeTo(over)), log[0]], ['TypeError', 'cancel'], 'closed');

        const many = Array.from({ length: 5000 }, (_, i) => i);
        const full = new ReadableStream({ start(c) { many.forEach((i) => c.enqueue(i)); c.close(); } });
        log = [];
        await full.pipeTo(sink(log));
        same(log.length, 5001, 'many that are there');
        ",
    );
}

fn signals<J: JsHost>() {
    check::<J>(
        r"
        const log = [];
        let controller = new AbortController();
        const source = () => new ReadableStream({ pull(c) { c.enqueue('chunk'); }, cancel(e) { log.push('cancel', e); } });
        const dest = () => new WritableStream({ write: turn, abort(e) { log.push('abort', e); } });
        const piped = source().pipeTo(dest(), controller);
        await turn(); await turn();
        controller.abort('stop');
        same(await reason(piped), 'stop', 'rejected');
        same(log, ['abort', 'stop', 'cancel', 'stop'], 'both sides');
        log.length = 0;
        same(await reason(source().pipeTo(dest(), { signal: AbortSignal.abort('late') })), 'late', 'aborted before');
        same(log, ['abort', 'late', 'cancel', 'late'], 'both sides');
        log.length = 0;
        const signal = AbortSignal.abort('late'), one = source(), two = dest();
        same(await reason(one.pipeTo(two, { signal, preventAbort: true, preventCancel: true })), 'late', 'prevented');
        same([log, one.locked, two.locked], [[], false, false], 'prevented');
        controller = new AbortController();
        await of(1).pipeTo(dest(), controller);
        controller.abort();
        same(log, [], 'after the end');
        controller = new AbortController();
        const pair = source().pipeThrough(new TransformStream(), controller).getReader();
        await pair.read();
        controller.abort('through');
        while (await reason(pair.read()) === 'nothing');
        same(await reason(pair.closed), 'through', 'through');
        ",
    );
}

/// What happens inside a stream asks nothing of objects that user code can patch.
fn patched_prototypes<J: JsHost>() {
    check::<J>(
        r"
        const names = [];
        const trap = (C) => {
            for (const name of Object.getOwnPropertyNames(C.prototype)) {
                if (name === 'constructor') continue;
                const get = () => { names.push(`${C.name}.${name}`); throw new Error(name); };
                Object.defineProperty(C.prototype, name, { configurable: true, get });
            }
        };
        const log = [];
        const { pipeTo, pipeThrough } = ReadableStream.prototype;
        const source = new ReadableStream({ start(c) { c.enqueue(1); c.enqueue(2); c.close(); } });
        const doubled = new TransformStream({
            transform(chunk, c) { apply(enqueue, c, [2 * chunk]); },
        });
        const { enqueue } = TransformStreamDefaultController.prototype;
        const { readable, writable } = doubled;
        const sink = new WritableStream({ write(chunk) { log[log.length] = chunk; } });
        for (const C of [
            ReadableStream, ReadableStreamDefaultReader, ReadableStreamDefaultController,
            WritableStream, WritableStreamDefaultWriter, WritableStreamDefaultController,
            TransformStream, TransformStreamDefaultController, AbortSignal, AbortController, EventTarget,
        ]) trap(C);
        Promise.prototype.catch = Promise.prototype.finally = () => { throw new Error('catch'); };
        Promise.resolve = Promise.reject = Promise.all = () => { throw new Error('resolve'); };
        apply(pipeThrough, source, [{ readable, writable }]);
        await apply(pipeTo, readable, [sink]);
        same(log, [2, 4], 'chunks');
        same(names, [], 'nothing was looked up');
        ",
    );
}

/// Streams whose parts lead to each other are collected.
fn garbage<J: JsHost>() {
    let mut host = Host::<J>::new();
    host.run(
        r"
        globalThis.weak = [];
        (() => {
            for (let i = 0; i < 100; i++) {
                const sink = { write() { return new Promise(() => sink); } };
                const stream = new WritableStream(sink);
                sink.writer = stream.getWriter();
                sink.writer.write(sink);
                sink.writer.closed.then(() => sink);
                const transformer = { transform() { return transformer; } };
                const transform = new TransformStream(transformer);
                transformer.transform = transform;
                const source = { pull() { return new Promise(() => source); } };
                const readable = new ReadableStream(source);
                source.dest = new WritableStream({ write: () => source });
                source.piped = readable.pipeTo(source.dest, new AbortController());
                source.piped.then(() => source);
                weak.push(new WeakRef(stream), new WeakRef(transform), new WeakRef(readable), new WeakRef(source));
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

on_both_engines! {
    shapes,
    arguments,
    writing,
    aborting,
    transforming,
    piping,
    signals,
    patched_prototypes,
    garbage,
}
