//! `AbortController`, `AbortSignal`.

mod common;

use common::Host;
use sinew_bridge::JsHost;

const ASSERT: &str = r"
    const same = (actual, expected, what) => {
        const text = (value) => JSON.stringify(value) ?? String(value);
        if (text(actual) !== text(expected)) throw new Error(`${what}: ${text(actual)}, not ${text(expected)}`);
    };
    const thrown = (f) => { try { f(); } catch (e) { return e.name; } return 'nothing'; };
";

fn check<J: JsHost>(source: &str) {
    Host::<J>::new().run(&format!("{ASSERT}{source}"));
}

fn signals<J: JsHost>() {
    check::<J>(
        r"
        same(thrown(() => new AbortSignal()), 'TypeError', 'no constructor');
        same(Object.getPrototypeOf(AbortSignal) === EventTarget, true, 'inherits');
        const controller = new AbortController(), { signal } = controller, log = [];
        same([signal.aborted, signal.reason, controller.signal === signal], [false, undefined, true], 'fresh');
        signal.throwIfAborted();
        signal.onabort = function (e) { log.push(this === signal, e.isTrusted, e.type); };
        signal.addEventListener('abort', () => log.push('listener'));
        controller.abort();
        controller.abort('again');
        same(log, [true, true, 'abort', 'listener'], 'fired once');
        same([signal.aborted, signal.reason.name, signal.reason instanceof DOMException], [true, 'AbortError', true], 'reason');
        same(thrown(() => signal.throwIfAborted()), 'AbortError', 'thrown');
        same(AbortSignal.abort(null).reason, null, 'null is a reason');
        const onabort = Object.getOwnPropertyDescriptor(AbortSignal.prototype, 'onabort');
        same(thrown(() => onabort.get.call(new EventTarget())), 'TypeError', 'brand');
        same(thrown(() => new EventTarget().addEventListener('x', null, { signal: null })), 'TypeError', 'null signal');
        for (const bad of [-1, NaN, Infinity, 2 ** 60]) same(thrown(() => AbortSignal.timeout(bad)), 'TypeError', bad);
        AbortSignal.timeout(Number.MAX_SAFE_INTEGER);
        ",
    );
}

fn listeners<J: JsHost>() {
    check::<J>(
        r"
        const target = new EventTarget(), controller = new AbortController();
        let count = 0;
        const listener = () => { count++; };
        target.addEventListener('x', listener, { signal: controller.signal });
        addEventListener('x', listener, controller);
        target.dispatchEvent(new Event('x')); dispatchEvent(new Event('x'));
        same(count, 2, 'called');
        controller.abort();
        target.dispatchEvent(new Event('x')); dispatchEvent(new Event('x'));
        same(count, 2, 'removed');
        target.addEventListener('x', listener, controller);
        target.dispatchEvent(new Event('x'));
        same(count, 2, 'never added');
        ",
    );
}

fn dependents<J: JsHost>() {
    check::<J>(
        r"
        const a = new AbortController(), b = new AbortController(), log = [];
        const both = AbortSignal.any([a.signal, b.signal, a.signal]);
        const nested = AbortSignal.any(new Set([both]));
        a.signal.onabort = () => log.push('a', both.aborted, nested.aborted);
        both.onabort = () => log.push('both');
        nested.onabort = () => log.push('nested');
        a.abort('r');
        b.abort('s');
        same(log, ['a', true, true, 'both', 'nested'], 'order');
        same([both.reason, nested.reason], ['r', 'r'], 'reasons');
        same(AbortSignal.any([]).aborted, false, 'none');
        same(AbortSignal.any([new AbortController().signal, a.signal]).reason, 'r', 'aborted already');
        for (const bad of [undefined, 1, {}, [1], [null], 'x'])
            same(thrown(() => AbortSignal.any(bad)), 'TypeError', String(bad));
        ",
    );
}

fn timeouts<J: JsHost>() {
    let mut host = Host::<J>::new();
    host.run("AbortSignal.timeout(60_000).onabort = () => { throw 'waited for'; };");
    host.run(&format!(
        r"{ASSERT}
        const signal = AbortSignal.timeout(1), log = [];
        AbortSignal.any([AbortSignal.timeout(2)]).onabort = (e) => log.push('any ' + e.target.reason.name);
        signal.addEventListener('abort', () => log.push(signal.reason.name));
        AbortSignal.timeout(1).addEventListener('abort', () => log.push('kept'));
        setTimeout(() => same(log, ['TimeoutError', 'kept', 'any TimeoutError'], 'in time'), 20);
        "
    ));
    host.js.enter(|cx| J::collect_garbage(cx));
    assert!(host.web.next_timer().is_none());
    assert!(host.web.next_timer_of_any_kind().is_some());
}

/// Signals that somebody waits for survive; others do not, however long their sources live.
fn garbage<J: JsHost>() {
    let mut host = Host::<J>::new();
    host.run(
        r"
        globalThis.dead = 0; globalThis.fired = 0;
        globalThis.root = new AbortController();
        const registry = new FinalizationRegistry(() => { dead++; });
        const fire = () => { fired++; };
        for (let i = 0; i < 100; i++) {
            const signal = AbortSignal.any([root.signal, AbortSignal.timeout(1e6)]);
            signal.self = signal;
            registry.register(signal);
            const timeout = AbortSignal.timeout(1e6);
            timeout.addEventListener('other', () => timeout);
            registry.register(timeout);
            AbortSignal.any([root.signal]).onabort = fire;
            const off = AbortSignal.any([root.signal]);
            off.onabort = fire;
            off.onabort = null;
            registry.register(off);
        }
        ",
    );
    host.js.enter(|cx| J::collect_garbage(cx));
    host.run(
        "setTimeout(() => {
            if (dead < 290) throw new Error(`only ${dead} died`);
            root.abort();
            if (fired !== 100) throw new Error(`${fired} fired`);
        }, 5)",
    );
}

on_both_engines! {
    signals,
    listeners,
    dependents,
    timeouts,
    garbage,
}
