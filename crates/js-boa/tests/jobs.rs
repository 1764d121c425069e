//! Promises and jobs in Boa.

mod common;

use std::cell::Cell;
use std::rc::Rc;

use common::{define, enter, eval, run_jobs, value};
use sinew_bridge::JsHost;
use sinew_bridge::conformance::host::Fixture;
use sinew_js_boa::Boa;

/// A FinalizationRegistry waits as a future of Boa's: it neither blocks nor ends the queue.
#[test]
fn finalization_registries_are_kept_over_runs() {
    enter(|cx| {
        eval(
            cx,
            "globalThis.log = []; globalThis.registry = new FinalizationRegistry(x => log.push(x)); \
            (() => { for (let i = 0; i < 3; i++) registry.register({}, i); })(); \
            Promise.resolve().then(() => log.push('job')); 0",
        );
        run_jobs(cx);
        assert!(!value(Boa::run_job(cx)));
        Boa::collect_garbage(cx);
        run_jobs(cx);
        let text = eval(cx, "log.slice(1).sort().join() + log[0]");
        assert_eq!(Boa::as_text(cx, &text).as_deref(), Some("0,1,2job"));
        // And again.
        eval(cx, "(() => registry.register({}, 'again'))(); log = []; 0");
        Boa::collect_garbage(cx);
        run_jobs(cx);
        let text = eval(cx, "log.join()");
        assert_eq!(Boa::as_text(cx, &text).as_deref(), Some("again"));
    });
}

#[test]
fn wait_async_times_out() {
    enter(|cx| {
        eval(
            cx,
            "const array = new Int32Array(new SharedArrayBuffer(4)); \
            globalThis.out = ''; \
            Atomics.waitAsync(array, 0, 0, 5).value.then(x => { out += x; }); \
            Atomics.waitAsync(array, 0, 0).value.then(x => { out += x; }); 0",
        );
        run_jobs(cx);
        let start = std::time::Instant::now();
        loop {
            run_jobs(cx);
            let text = eval(cx, "out");
            if Boa::as_text(cx, &text).as_deref() == Some("timed-out") {
                break;
            }
            assert!(start.elapsed().as_secs() < 10);
        }
        eval(cx, "Atomics.notify(array, 0)");
        run_jobs(cx);
        let text = eval(cx, "out");
        assert_eq!(Boa::as_text(cx, &text).as_deref(), Some("timed-outok"));
    });
}

/// Jobs that a job runs: the future being polled is in no list.
#[test]
fn jobs_run_inside_hooks_and_jobs() {
    let fixture = Fixture::<Boa>::with_modules(&[("a.js", "import './b.js'; export let a = 1;")]);
    fixture.set_module("b.js", "await 0; export let b = 2;");
    let mut fixture = fixture;
    fixture.enter(|cx| {
        define(cx, "runAll", |cx, _| {
            while Boa::run_job(cx)? {}
            Ok(Boa::undefined())
        });
        eval(
            cx,
            "globalThis.out = []; Promise.resolve().then(() => { runAll(); out.push('outer'); }); \
            Promise.resolve().then(() => out.push('inner')); \
            import('./a.js').then(m => out.push(m.a)); 0",
        );
        run_jobs(cx);
        let text = eval(cx, "out.join()");
        assert_eq!(Boa::as_text(cx, &text).as_deref(), Some("inner,1,outer"));
    });
}

/// `promise_then` asks nothing of the promise and leaves it as it was.
#[test]
fn promise_then_looks_nothing_up() {
    for prepare in [
        "p",
        "Object.freeze(p)",
        "Object.defineProperty(p, 'constructor', { get: hostile }); p",
        "Object.freeze(Object.defineProperty(p, 'constructor', { get: hostile }))",
        "p.constructor = { [Symbol.species]: hostile }; p",
        "Object.setPrototypeOf(p, new Proxy({}, { get: hostile })); p",
    ] {
        enter(|cx| {
            let promise = eval(
                cx,
                &format!(
                    "const hostile = () => {{ throw 'hostile' }}; const p = new Promise(r => {{ r(4); }}); {prepare}"
                ),
            );
            let seen = Rc::new(Cell::new(None));
            let note = seen.clone();
            let handler = define(cx, "handler", move |cx, args| {
                note.set(Boa::as_number(&Boa::arg(cx, args, 0)));
                // What a handler returns is not looked at either.
                Boa::eval_script(cx, "s", "({ get then() { throw 'hostile' } })")
            });
            let before = value(Boa::own_keys(cx, &promise)).len();
            value(Boa::promise_then(cx, &promise, &handler, &handler));
            run_jobs(cx);
            assert_eq!(seen.get(), Some(4.0), "{prepare}");
            assert_eq!(
                value(Boa::own_keys(cx, &promise)).len(),
                before,
                "{prepare}"
            );
        });
    }
}
