//! Stopping wasm that does not stop by itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::fixture::*;
use crate::{ErrorKind, Extern, Reason, ResourceLimits, WasmEngine};

const ENDLESS: &str = r#"(module (func (export "loop") (loop $l (br $l))))"#;

/// Sets the fixture's stop flag soon, from another thread, and times `body`.
fn stopped<W: WasmEngine, T>(fx: &mut Fixture<W>, body: impl FnOnce(&mut Fixture<W>) -> T) -> T {
    let (engine, termination) = (fx.engine.clone(), fx.termination.clone());
    let stopper = thread::spawn(move || {
        thread::sleep(Duration::from_millis(50));
        termination.set(Reason::Interrupted);
        W::engine_interrupt(&engine);
        Instant::now()
    });
    let result = body(fx);
    let end = Instant::now();
    let asked = stopper.join().expect("no panic");
    let late = end.saturating_duration_since(asked);
    assert!(late < Duration::from_secs(2), "stopped after {late:?}");
    result
}

/// An endless loop in a function.
pub fn interrupt_in_function<W: WasmEngine>() {
    let mut fx = Fixture::<W>::interruptible();
    let instance = fx.instance(ENDLESS, &[]);
    let f = fx.func(&instance, "loop");
    let result = stopped(&mut fx, |fx| fx.invoke(&f, &[]));
    assert_kind::<_, W>(result, ErrorKind::Terminated);

    let mut fx = Fixture::<W>::interruptible();
    let instance = fx.instance(ENDLESS, &[]);
    let f = fx.func(&instance, "loop");
    let result = stopped(&mut fx, |fx| fx.call(&f, &[]));
    assert_kind::<_, W>(result, ErrorKind::Terminated);
}

/// An endless loop in a start function.
pub fn interrupt_in_start<W: WasmEngine>() {
    let mut fx = Fixture::<W>::interruptible();
    let text = "(module (func $s (loop $l (br $l))) (start $s))";
    let result = stopped(&mut fx, |fx| fx.try_instance(text, &[]));
    assert_kind::<_, W>(result, ErrorKind::Terminated);
}

/// An endless loop that calls the host each time round, and one that recurses through it.
pub fn interrupt_in_host_loop<W: WasmEngine>() {
    let mut fx = Fixture::<W>::interruptible();
    let host = fx.host(&ty(&[], &[]), |_, _| Ok(()));
    let instance = fx.instance(
        r#"(module (import "h" "f" (func $f)) (func (export "loop") (loop $l call $f (br $l))))"#,
        &[Extern::Func(host)],
    );
    let f = fx.func(&instance, "loop");
    let result = stopped(&mut fx, |fx| fx.invoke(&f, &[]));
    assert_kind::<_, W>(result, ErrorKind::Terminated);

    let mut fx = Fixture::<W>::interruptible();
    let inner = fx.instance(ENDLESS, &[]);
    let inner = fx.func(&inner, "loop");
    let host = fx.host(&ty(&[], &[]), move |store, _| {
        let result = invoke::<W>(store, &inner, &[]);
        assert_kind::<_, W>(result, ErrorKind::Terminated);
        // As if nothing had happened: the outer loop must stop all the same.
        Ok(())
    });
    let instance = fx.instance(
        r#"(module (import "h" "f" (func $f)) (func (export "loop") (loop $l call $f (br $l))))"#,
        &[Extern::Func(host)],
    );
    let f = fx.func(&instance, "loop");
    let result = stopped(&mut fx, |fx| fx.invoke(&f, &[]));
    assert_kind::<_, W>(result, ErrorKind::Terminated);
}

/// A flag that was set before the call, and the engine told before it too, or never.
pub fn interrupt_before_entry<W: WasmEngine>() {
    let mut fx = Fixture::<W>::interruptible();
    let instance = fx.instance(ENDLESS, &[]);
    let f = fx.func(&instance, "loop");
    let (engine, running) = (fx.engine.clone(), Arc::new(AtomicBool::new(true)));
    fx.termination.set(Reason::Deadline);
    W::engine_interrupt(&fx.engine);
    // Whoever sets the flag goes on telling the engine until the runtime has stopped.
    let ticker = {
        let running = running.clone();
        thread::spawn(move || {
            while running.load(Ordering::Relaxed) {
                thread::sleep(Duration::from_millis(10));
                W::engine_interrupt(&engine);
            }
        })
    };
    let start = Instant::now();
    assert_kind::<_, W>(fx.invoke(&f, &[]), ErrorKind::Terminated);
    assert!(start.elapsed() < Duration::from_secs(2));
    running.store(false, Ordering::Relaxed);
    ticker.join().expect("no panic");
}

/// Stores whose own flag is not set run on.
pub fn interrupt_leaves_others_running<W: WasmEngine>() {
    let mut fx = Fixture::<W>::interruptible();
    let instance = fx.instance(
        r#"(module (func (export "f") (param $n i32) (result i32) (local $i i32)
            (loop $l
                (local.set $i (i32.add (local.get $i) (i32.const 1)))
                (br_if $l (i32.lt_u (local.get $i) (local.get $n))))
            local.get $i))"#,
        &[],
    );
    let f = fx.func(&instance, "f");
    let other = Fixture::<W>::on(fx.engine.clone(), ResourceLimits::default());
    other.termination.set(Reason::Interrupted);
    let running = Arc::new(AtomicBool::new(true));
    let ticker = {
        let (engine, running) = (fx.engine.clone(), running.clone());
        thread::spawn(move || {
            while running.load(Ordering::Relaxed) {
                thread::sleep(Duration::from_millis(1));
                W::engine_interrupt(&engine);
            }
        })
    };
    let start = Instant::now();
    while start.elapsed() < Duration::from_millis(200) {
        let results = fx.invoke(&f, &[Val::I32(1_000_000)]).expect("no trap");
        assert_same(&results, &[Val::I32(1_000_000)]);
    }
    running.store(false, Ordering::Relaxed);
    ticker.join().expect("no panic");
}
