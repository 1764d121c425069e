//! Events, event targets, error reporting.

mod common;

use common::Host;
use sinew_bridge::{JsHost, PromiseState, PropertyKey, Throw};
use sinew_web::Rejections;

/// What the scripts check with.
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

fn shapes<J: JsHost>() {
    check::<J>(
        r"
        same(Object.getPrototypeOf(CustomEvent) === Event, true, 'interface objects inherit');
        same(Object.getPrototypeOf(ErrorEvent.prototype) === Event.prototype, true, 'prototypes inherit');
        same([Event.length, EventTarget.length, CustomEvent.length, PromiseRejectionEvent.length], [1, 0, 1, 2], 'lengths');
        same([Event.NONE, Event.CAPTURING_PHASE, Event.AT_TARGET, Event.BUBBLING_PHASE], [0, 1, 2, 3], 'constants');
        same(thrown(() => EventTarget()), 'TypeError', 'no call');
        same(thrown(() => new Event()), 'TypeError', 'no type');
        same(thrown(() => EventTarget.prototype.addEventListener.call({}, 'x', null)), 'TypeError', 'brand');
        const { get, set, enumerable, configurable } = Object.getOwnPropertyDescriptor(new Event('x'), 'isTrusted');
        same([typeof get, set, enumerable, configurable], ['function', undefined, true, false], 'isTrusted');
        same(get === Object.getOwnPropertyDescriptor(new CustomEvent('y'), 'isTrusted').get, true, 'one getter');
        const order = [];
        const dictionary = new Proxy({}, { get: (_, name) => { order.push(name); } });
        new ErrorEvent('x', dictionary);
        new EventTarget().addEventListener('x', null, dictionary);
        same(order, ['bubbles', 'cancelable', 'composed', 'colno', 'error', 'filename', 'lineno', 'message',
            'capture', 'once', 'passive', 'signal'], 'members');
        const error = new ErrorEvent('e', { message: 'm', filename: 'f', lineno: -1, colno: 2.5, error: null });
        same([error.message, error.filename, error.lineno, error.colno, error.error], ['m', 'f', 4294967295, 2, null], 'error');
        same(thrown(() => new PromiseRejectionEvent('x', { promise: 1 })), 'TypeError', 'promise');
        ",
    );
}

fn dispatching<J: JsHost>() {
    check::<J>(
        r"
        const target = new EventTarget(), log = [];
        const listener = { handleEvent(e) { log.push([this === listener, e.eventPhase, e.composedPath().length]); } };
        target.addEventListener('a', (e) => { log.push('bubble'); });
        target.addEventListener('a', listener, true);
        target.addEventListener('a', listener, { capture: true, once: true });
        target.addEventListener('a', function (e) { log.push(this === target && e.currentTarget === target && e.srcElement === target); }, { once: true });
        target.addEventListener('b', () => log.push('other'));
        target.addEventListener('a', null);
        const event = new Event('a');
        same(target.dispatchEvent(event), true, 'not cancelled');
        same(log, [[true, 2, 1], 'bubble', true], 'order');
        same([event.eventPhase, event.currentTarget, event.target === target, event.composedPath()], [0, null, true, []], 'after');
        target.removeEventListener('a', listener);
        target.dispatchEvent(event);
        same(log.length, 5, 'capture is part of a listener');
        target.removeEventListener('a', listener, { capture: true });
        target.dispatchEvent(event);
        same(log.length, 6, 'removed');

        const cancel = new EventTarget();
        cancel.addEventListener('x', (e) => e.preventDefault(), { passive: true });
        same(cancel.dispatchEvent(new Event('x', { cancelable: true })), true, 'passive');
        cancel.addEventListener('x', (e) => { e.returnValue = false; });
        same(cancel.dispatchEvent(new Event('x')), true, 'not cancelable');
        same(cancel.dispatchEvent(new Event('x', { cancelable: true })), false, 'cancelled');

        const stop = new EventTarget(), seen = [];
        stop.addEventListener('x', (e) => { seen.push(1); e.stopPropagation(); }, true);
        stop.addEventListener('x', (e) => { seen.push(2); e.stopImmediatePropagation(); }, true);
        stop.addEventListener('x', () => seen.push(3), true);
        stop.addEventListener('x', () => seen.push(4));
        stop.dispatchEvent(new Event('x'));
        same(seen, [1, 2], 'stopped');

        const change = new EventTarget(), ran = [];
        const second = () => ran.push('second');
        change.addEventListener('x', () => { ran.push('first'); change.removeEventListener('x', second); change.addEventListener('x', () => ran.push('late')); }, { once: true });
        change.addEventListener('x', second);
        change.dispatchEvent(new Event('x'));
        same(ran, ['first'], 'the list is cloned, removed listeners are not called');

        const again = new Event('x');
        change.addEventListener('x', () => same(thrown(() => change.dispatchEvent(again)), 'InvalidStateError', 'again'));
        change.dispatchEvent(again);
        same(thrown(() => change.dispatchEvent({})), 'TypeError', 'no event');
        again.initEvent('\ud800', true);
        same([again.type, again.bubbles, again.target], ['\ud800', true, null], 'initialized');
        ",
    );
}

fn subclasses<J: JsHost>() {
    check::<J>(
        r"
        class Emitter extends EventTarget { #x = 1; get x() { return this.#x; } }
        class Ping extends CustomEvent { constructor() { super('ping', { detail: 7 }); } }
        const emitter = new Emitter();
        let detail;
        emitter.addEventListener('ping', (e) => { detail = e.detail + e.target.x; });
        emitter.dispatchEvent(new Ping());
        same(detail, 8, 'detail');
        ",
    );
}

fn patched_prototypes<J: JsHost>() {
    check::<J>(
        r"
        const target = new EventTarget();
        let count = 0;
        for (const o of [Object.prototype, Function.prototype, Array.prototype, EventTarget.prototype, Event.prototype]) {
            for (const name of ['call', 'apply', 'then', 'type', 'push', 'signal', 'aborted'])
                try { Object.defineProperty(o, name, { get() { throw new Error('looked up ' + name); }, configurable: true }); } catch {}
        }
        target.addEventListener('x', () => { count++; });
        target.dispatchEvent(new Event('x'));
        if (count !== 1) throw 'not called';
        ",
    );
}

fn listener_errors<J: JsHost>() {
    check::<J>(
        r"
        const target = new EventTarget(), errors = [];
        addEventListener('error', (e) => {
            errors.push(e.message, e.error, e.isTrusted, e.lineno > 0, e.filename);
            e.preventDefault();
        });
        target.addEventListener('x', () => { throw 'first'; });
        target.addEventListener('x', {});
        target.addEventListener('x', () => errors.push('third'));
        same(target.dispatchEvent(new Event('x')), true, 'goes on');
        same([errors[1], errors[6] instanceof TypeError, errors[10]], ['first', true, 'third'], 'reported');
        same(errors[0], `Uncaught 'first'`, 'message');
        reportError(new RangeError('r'));
        same([errors[11], errors[15]], ['Uncaught RangeError: r', 'test.js'], 'reportError');
        same(thrown(() => reportError()), 'TypeError', 'no argument');
        reportError({ get name() { throw 1; }, get message() { throw 2; } });
        queueMicrotask(() => { throw 'job'; });
        setTimeout(() => { throw 'timer'; });
        setTimeout(() => same([errors.includes('job'), errors.includes('timer')], [true, true], 'jobs and timers'), 5);
        ",
    );
}

fn handlers<J: JsHost>() {
    check::<J>(
        r"
        same([onerror, onunhandledrejection], [null, null], 'no handler');
        let args, self;
        onerror = function (...all) { args = all; self = this; return true; };
        reportError('e');
        same([args.length, args[4], self === globalThis], [5, 'e', true], 'five arguments');
        const log = [];
        onerror = 5;
        same(onerror, null, 'no object');
        onerror = { handleEvent() { log.push('never'); } };
        addEventListener('error', (e) => { log.push('listener'); e.preventDefault(); });
        onerror = (message) => { log.push(typeof message); };
        reportError('e');
        same(log, ['string', 'listener'], 'it keeps its place');
        onerror = null;
        reportError('e');
        dispatchEvent(new Event('error'));
        same(log.length, 4, 'gone');
        const { get, set, enumerable } = Object.getOwnPropertyDescriptor(globalThis, 'onerror');
        same([typeof get, typeof set, enumerable], ['function', 'function', true], 'shape');
        ",
    );
}

/// What no listener prevents is the embedder's, each once and in order.
fn uncaught<J: JsHost>() {
    let mut host = Host::<J>::new();
    let web = host.web.clone();
    host.js.enter(|cx| {
        let source = "
            let seen = 0;
            addEventListener('error', () => { seen++; throw 'third'; });
            reportError('first'); reportError('second');
            queueMicrotask(() => { throw 'fifth'; });
        ";
        assert!(J::eval_script(cx, "test.js", source).is_ok());
        let mut reports = Vec::new();
        for _ in 0..10 {
            match web.run_job(cx) {
                Err(Throw::Value(e)) => reports.push(J::as_text(cx, &e).unwrap_or_default()),
                Err(Throw::Terminated) => panic!("terminated"),
                Ok(true) => {}
                Ok(false) => break,
            }
        }
        reports.sort();
        assert_eq!(
            reports,
            ["fifth", "first", "second", "third", "third", "third"]
        );
    });
}

/// Rejections have their events; what no listener prevents is thrown.
fn rejections<J: JsHost>() {
    let mut host = Host::<J>::new();
    let web = host.web.clone();
    host.js.enter(|cx| {
        let source = "
            globalThis.log = [];
            addEventListener('unhandledrejection', (e) => {
                log.push(e.type, e.reason, e.isTrusted, e.cancelable, e.promise instanceof Promise);
                if (e.reason === 'prevented') e.preventDefault();
            });
            onrejectionhandled = (e) => { log.push(e.type, e.reason); };
            [Promise.reject('prevented'), Promise.reject('mine'), Promise.reject('handled')]
        ";
        let promises = J::eval_script(cx, "test.js", source);
        let promises = common::expect::<J, _>(cx, promises);
        let rejections = Rejections::<J>::default();
        for i in 0..3 {
            let promise = J::get(cx, &promises, PropertyKey::Index(i));
            let promise = common::expect::<J, _>(cx, promise);
            let Some(PromiseState::Rejected(reason)) = J::promise_state(cx, &promise) else {
                panic!("not rejected");
            };
            rejections.track(cx, &promise, &reason, false);
            if i != 1 {
                // The first is handled too late.
                let late = i == 0;
                if late {
                    assert!(web.notify_rejections(cx, &rejections).is_ok());
                }
                rejections.track(cx, &promise, &reason, true);
            }
        }
        match web.notify_rejections(cx, &rejections) {
            Err(Throw::Value(e)) => assert_eq!(J::as_text(cx, &e).as_deref(), Some("mine")),
            _ => panic!("nothing thrown"),
        }
        assert!(web.notify_rejections(cx, &rejections).is_ok());
        let log = J::eval_script(cx, "test.js", "log.join()");
        let log = common::expect::<J, _>(cx, log);
        assert_eq!(
            J::as_text(cx, &log).unwrap_or_default(),
            "unhandledrejection,prevented,true,true,true,rejectionhandled,prevented,\
             unhandledrejection,mine,true,true,true"
        );
    });
}

/// A target and its listener are a cycle, which is collected.
fn garbage<J: JsHost>() {
    let mut host = Host::<J>::new();
    host.run(
        r"
        globalThis.dead = 0;
        const registry = new FinalizationRegistry(() => { dead++; });
        for (let i = 0; i < 100; i++) {
            const target = new EventTarget();
            target.addEventListener('x', () => target);
            const event = new CustomEvent('x', { detail: target });
            target.dispatchEvent(event);
            target.event = event;
            registry.register(target);
        }
        ",
    );
    host.js.enter(|cx| J::collect_garbage(cx));
    host.run("setTimeout(() => { if (dead < 90) throw new Error(`only ${dead} died`); }, 5)");
}

on_both_engines! {
    shapes,
    dispatching,
    subclasses,
    patched_prototypes,
    listener_errors,
    handlers,
    uncaught,
    rejections,
    garbage,
}
