//! Terminations, panics, interrupts, recursion.

use std::time::{Duration, Instant};

use super::fixture::*;
use crate::{Capability, JsHost, Reason, Throw};

/// A byte that JavaScript sets when it runs on: no script can be asked after the end, and no native
/// function would be called.
struct RanOn(*mut u8);

impl RanOn {
    fn is_set(&self) -> bool {
        // SAFETY: the byte is leaked, and no JavaScript runs while this does.
        unsafe { self.0.read() != 0 }
    }
}

/// Defines `stop`, which ends the runtime, and `after`, which must not be called after that.
fn define_stop<J: JsHost>(fixture: &mut Fixture<J>) -> RanOn {
    let termination = fixture.termination.clone();
    let byte = Box::leak(Box::new(0u8)) as *mut u8;
    fixture.enter(|cx| {
        define_function::<J>(cx, "stop", move |_, _| {
            termination.set(Reason::Interrupted);
            Err(Throw::Terminated)
        });
        // SAFETY: the byte is leaked.
        let buffer = ok::<J, _>(cx, |cx| unsafe { J::array_buffer_over(cx, byte, 1) });
        define::<J>(cx, "buffer", buffer);
        eval::<J>(
            cx,
            "ranOn = new Uint8Array(buffer); function after() { ranOn[0] = 1; }",
        );
    });
    RanOn(byte)
}

/// Evaluates `source`, which has to be terminated without a call of `after`.
fn ends<J: JsHost>(source: &str) {
    let mut fixture = Fixture::<J>::new();
    let ran_on = define_stop(&mut fixture);
    fixture.enter(|cx| {
        let mut completion = J::eval_script(cx, "test:///script", source).map(drop);
        while let Ok(()) = completion {
            completion = match J::run_job(cx) {
                Ok(true) => Ok(()),
                Ok(false) => panic!("{source}: not terminated"),
                Err(throw) => Err(throw),
            };
        }
        assert!(is_terminated::<J, _>(&completion), "{source}");
        assert!(is_terminated::<J, _>(&J::eval_script(
            cx,
            "test:///script",
            "after()"
        )));
    });
    assert!(!ran_on.is_set(), "{source}");
    assert_eq!(fixture.termination.panic_message(), None, "{source}");
}

/// Neither `catch` nor `finally` nor an iterator's `return` sees a termination.
pub fn termination_passes_catch_and_finally<J: JsHost>() {
    for source in [
        "stop(); after();",
        "try { stop(); } catch { after(); }",
        "try { stop(); } finally { after(); }",
        "try { try { stop(); } finally { after(); } } catch { after(); } after();",
        "(function () { try { return stop(); } finally { after(); } })(); after();",
        "[1, 2].forEach(() => { try { stop(); } catch { after(); } }); after();",
        "const iterator = { [Symbol.iterator]() { return this; }, next() { return { value: 1 }; }, \
            return() { after(); return {}; } }; for (const x of iterator) stop(); after();",
        "[...(function* () { try { stop(); } finally { after(); } })()]; after();",
        "({ get x() { try { stop(); } catch { after(); } } }).x; after();",
        "try { new (class { constructor() { stop(); } }); } catch { after(); }",
        "'a'.replace(/a/, () => { try { stop(); } catch { after(); } }); after();",
        "[2, 1].sort(() => { stop(); }); after();",
        "JSON.parse('[1]', () => stop()); after();",
        "eval('try { stop(); } catch { after(); }'); after();",
    ] {
        ends::<J>(source);
    }
}

/// Nor does a promise.
pub fn termination_passes_promises<J: JsHost>() {
    for source in [
        "Promise.resolve().then(stop).catch(after); 0",
        "Promise.resolve().then(stop).finally(after); 0",
        "Promise.resolve().then(stop); Promise.resolve().then(after); 0",
        "(async () => { await 0; stop(); })().catch(after); 0",
        "(async () => { try { await 0; stop(); } catch { after(); } })(); 0",
        "(async () => { try { await (async () => { await 0; stop(); })(); } finally { after(); } })(); 0",
        "(async () => { stop(); })().catch(after); 0",
        "new Promise(stop).catch(after); 0",
        "new Promise(stop); after();",
        "(async () => { stop(); })(); after();",
        "(async function* () { stop(); })().next(); after();",
        "Promise.all([{ get then() { stop(); } }]); after();",
        "new Promise(f => f({ get then() { stop(); } })); after();",
        "Promise.resolve({ then() { stop(); } }).catch(after); 0",
        "(async function* () { try { stop(); } finally { after(); } })().next().catch(after); 0",
    ] {
        ends::<J>(source);
    }
}

/// Once terminated, nothing runs any more.
pub fn termination_sticks<J: JsHost>() {
    let mut fixture = Fixture::<J>::new();
    let ran_on = define_stop(&mut fixture);
    let termination = fixture.termination.clone();
    fixture.enter(|cx| {
        let after = eval::<J>(cx, "after");
        let class = eval::<J>(cx, "(class { constructor() { after(); } })");
        let object = eval::<J>(cx, "({ get x() { after(); }, set x(_) { after(); } })");
        let Capability { promise, .. } = ok::<J, _>(cx, |cx| J::new_promise(cx));
        ok::<J, _>(cx, |cx| J::promise_then(cx, &promise, &after, &after));
        ok::<J, _>(cx, |cx| J::enqueue_job(cx, &after));
        // Set from outside, with no JavaScript on the stack.
        termination.set(Reason::Deadline);
        let undefined = J::undefined();
        assert!(is_terminated::<J, _>(&J::eval_script(cx, "test:///s", "1")));
        assert!(is_terminated::<J, _>(&J::call(cx, &after, &undefined, &[])));
        assert!(is_terminated::<J, _>(&J::construct(
            cx,
            &class,
            &[],
            &class
        )));
        assert!(is_terminated::<J, _>(&J::run_job(cx)));
        assert!(is_terminated::<J, _>(&J::get(cx, &object, "x".into())));
        assert!(is_terminated::<J, _>(&J::set(
            cx,
            &object,
            "x".into(),
            &undefined
        )));
        assert!(is_terminated::<J, _>(&J::run_job(cx)));
        J::collect_garbage(cx);
    });
    assert!(!ran_on.is_set());
    assert_eq!(termination.reason(), Some(Reason::Deadline));
}

/// A panic of a native function ends the runtime and nothing else.
pub fn panics_terminate<J: JsHost>() {
    for source in [
        "panics()",
        "try { panics(); } catch { after(); } finally { after(); }",
        "try { [1].map(() => panics()); } finally { after(); }",
    ] {
        let mut fixture = Fixture::<J>::new();
        let ran_on = define_stop(&mut fixture);
        fixture.enter(|cx| {
            define_function::<J>(cx, "panics", |_, _| panic!("{} panic", "a"));
            assert!(is_terminated::<J, _>(&J::eval_script(
                cx,
                "test:///s",
                source
            )));
            assert!(is_terminated::<J, _>(&J::eval_script(cx, "test:///s", "1")));
        });
        assert!(!ran_on.is_set(), "{source}");
        assert_eq!(fixture.termination.reason(), Some(Reason::Panicked));
        assert_eq!(
            fixture.termination.panic_message().as_deref(),
            Some("a panic")
        );
    }
}

/// So does a panic of a hook.
pub fn hooks_that_panic_terminate<J: JsHost>() {
    let mut fixture = Fixture::<J>::new();
    let ran_on = define_stop(&mut fixture);
    fixture.hooks.panics.set(true);
    fixture.enter(|cx| {
        let mut completion =
            J::eval_script(cx, "test:///s", "import('./x.js').then(after, after); 0").map(drop);
        while let Ok(()) = completion {
            completion = J::run_job(cx).map(|ran| assert!(ran, "not terminated"));
        }
        assert!(is_terminated::<J, _>(&completion));
    });
    assert!(!ran_on.is_set());
    assert_eq!(
        fixture.termination.panic_message().as_deref(),
        Some("the hook panics")
    );
}

/// An endless loop ends soon after the stop flag is set by another thread.
pub fn endless_loops_end<J: JsHost>() {
    if !J::FEATURES.interrupt {
        return;
    }
    for source in [
        "for (;;);",
        "for (;;) { try { for (;;); } catch { after(); } finally { after(); } }",
        "(function f() { try { for (;;) f; } finally { after(); f(); } })();",
        "/(a+)+$/.test('a'.repeat(60) + 'b'); after();",
        "[1, 2].sort(() => { for (;;); });",
        "for (;;) new Promise(() => { for (;;); });",
        "for (;;) (async () => { for (;;); })();",
    ] {
        let mut fixture = Fixture::<J>::new();
        let ran_on = define_stop(&mut fixture);
        let termination = fixture.termination.clone();
        let watchdog = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(50));
            termination.set(Reason::Deadline);
            Instant::now()
        });
        fixture.enter(|cx| {
            let completion = J::eval_script(cx, "test:///s", source);
            assert!(is_terminated::<J, _>(&completion), "{source}");
            assert!(is_terminated::<J, _>(&J::eval_script(cx, "test:///s", "1")));
        });
        let set = watchdog.join().expect("the watchdog");
        assert!(set.elapsed() < Duration::from_secs(5), "{source}");
        assert!(!ran_on.is_set(), "{source}");
        assert_eq!(fixture.termination.reason(), Some(Reason::Deadline));
    }
}

/// Endless recursion in JavaScript is an error, and the engine works on.
pub fn deep_recursion_leaves_a_usable_engine<J: JsHost>() {
    // An engine that only counts calls recurses here without a bound: that ends the process.
    let uncounted = "let a = []; for (let i = 0; i < 1e5; i++) a = [a]; JSON.stringify(a)";
    let uncounted = J::FEATURES.catchable_recursion.then_some(uncounted);
    let counted = [
        "(function f() { return f() + 1; })()",
        "const o = { get x() { return this.x + 1; } }; o.x",
        "(function f() { [1].map(f); })()",
        "(function f() { new Proxy({}, { get: f }).x; })()",
        "class C { constructor() { new C(); } } new C()",
    ];
    for source in counted.into_iter().chain(uncounted) {
        Fixture::<J>::new().enter(|cx| {
            let error = thrown::<J, _>(J::eval_script(cx, "test:///s", source));
            let text = describe::<J>(cx, &error);
            assert!(
                text.starts_with("RangeError") || text.starts_with("InternalError"),
                "{source}: {text}"
            );
            assert!(holds::<J>(cx, "1 + 1 === 2"));
            if J::FEATURES.catchable_recursion {
                let caught = format!("try {{ {source} }} catch (e) {{ e instanceof RangeError }}");
                assert!(
                    holds::<J>(cx, &format!("(() => eval({caught:?}))()")),
                    "{source}"
                );
            }
            J::collect_garbage(cx);
        });
    }
}

/// So is endless recursion through native functions.
pub fn native_recursion_leaves_a_usable_engine<J: JsHost>() {
    Fixture::<J>::new().enter(|cx| {
        define_function::<J>(cx, "through", |cx, args| {
            let function = J::arg(cx, args, 0);
            J::call(
                cx,
                &function,
                &J::undefined(),
                std::slice::from_ref(&function),
            )
        });
        for source in ["(function f() { through(f); })()", "through(through)"] {
            let error = thrown::<J, _>(J::eval_script(cx, "test:///s", source));
            let text = describe::<J>(cx, &error);
            assert!(text.starts_with("RangeError"), "{source}: {text}");
            assert!(holds::<J>(cx, "1 + 1 === 2"));
        }
    });
}
