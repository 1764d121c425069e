//! What is particular to Boa behind the seam.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use boa_engine::JsValue;
use sinew_bridge::conformance::host::Fixture;
use sinew_bridge::{
    Completion, ErrorClass, FunctionSpec, HostData, Intrinsic, JsHost, NativeFn, ObjectClass,
    PromiseState, Property, Reason, Throw,
};
use sinew_js_boa::{Args, Boa, Scope};

type Body = dyn Fn(&mut Scope<'_>, Args<'_>) -> Completion<Boa>;

struct Closure;

impl NativeFn<Boa> for Closure {
    type Data = Rc<Body>;

    fn call(cx: &mut Scope<'_>, data: &Rc<Body>, args: Args<'_>) -> Completion<Boa> {
        data(cx, args)
    }
}

fn value<T>(completion: Completion<Boa, T>) -> T {
    match completion {
        Ok(value) => value,
        Err(Throw::Value(error)) => panic!("threw {}", error.display()),
        Err(Throw::Terminated) => panic!("terminated"),
    }
}

fn eval(cx: &mut Scope<'_>, source: &str) -> JsValue {
    value(Boa::eval_script(cx, "test:///engine.js", source))
}

fn define(
    cx: &mut Scope<'_>,
    name: &str,
    body: impl Fn(&mut Scope<'_>, Args<'_>) -> Completion<Boa> + 'static,
) -> JsValue {
    let spec = FunctionSpec {
        name,
        length: 0,
        constructor: false,
    };
    let function = value(Boa::create_function::<Closure>(cx, Rc::new(body), spec));
    let global = Boa::global(cx);
    let property = Property::hidden(function.clone());
    value(Boa::define_property(cx, &global, name.into(), property));
    function
}

fn run_jobs(cx: &mut Scope<'_>) {
    while value(Boa::run_job(cx)) {}
}

fn enter<R>(f: impl FnOnce(&mut Scope<'_>) -> R) -> R {
    Fixture::<Boa>::new().enter(f)
}

/// The trick of `array_buffer_over` rests on aligned-vec freeing nothing of capacity 0.
#[test]
fn foreign_bytes_are_never_freed() {
    let mut bytes = vec![7u8; 1 << 16].into_boxed_slice();
    for round in 0..20 {
        let mut fixture = Fixture::<Boa>::new();
        fixture.enter(|cx| {
            for index in 0..500usize {
                let at = index * 64;
                // SAFETY: the bytes outlive the engine; no reference to them is held meanwhile.
                let buffer = value(unsafe {
                    Boa::array_buffer_over(cx, bytes.as_mut_ptr().add(at), bytes.len() - at)
                });
                if index % 3 == 0 {
                    Boa::detach(cx, &buffer);
                    Boa::detach(cx, &buffer);
                }
            }
            Boa::collect_garbage(cx);
        });
        if round % 2 == 0 {
            drop(fixture);
        } else {
            fixture.enter(Boa::collect_garbage);
        }
    }
    assert!(bytes.iter().all(|byte| *byte == 7));
}

#[test]
fn buffers_cannot_be_reallocated_by_user_code() {
    let mut bytes = [1u8; 64];
    enter(|cx| {
        // SAFETY: the bytes outlive the engine; no reference to them is held meanwhile.
        let buffer = value(unsafe { Boa::array_buffer_over(cx, bytes.as_mut_ptr(), 64) });
        let global = Boa::global(cx);
        let property = Property::data(buffer.clone());
        value(Boa::define_property(cx, &global, "buffer".into(), property));
        for name in ["transfer", "transferToFixedLength", "transferToImmutable"] {
            let there = eval(cx, &format!("'{name}' in ArrayBuffer.prototype"));
            assert_eq!(Boa::as_boolean(&there), Some(false), "{name}");
        }
        let refused = eval(
            cx,
            "try { buffer.resize(1); false } catch (e) { e instanceof TypeError && !buffer.resizable }",
        );
        assert_eq!(Boa::as_boolean(&refused), Some(true));
        // Copies are copies.
        eval(
            cx,
            "const copy = buffer.slice(0); new Uint8Array(copy).fill(9); 0",
        );
        assert_eq!(
            Boa::with_bytes(cx, &buffer, <[u8]>::to_vec),
            Some(vec![1; 64])
        );
    });
}

#[test]
fn shared_buffers_are_read_and_written() {
    enter(|cx| {
        let view = eval(
            cx,
            "globalThis.s = new SharedArrayBuffer(8, { maxByteLength: 16 }); new Uint16Array(s, 2)",
        );
        let length = Boa::with_bytes_mut(cx, &view, |bytes| {
            bytes.fill(5);
            bytes.len()
        });
        assert_eq!(length, Some(6));
        let text = eval(cx, "s.grow(16); new Uint8Array(s).join('')");
        assert_eq!(Boa::as_text(cx, &text).as_deref(), Some("0055555500000000"));
        assert_eq!(Boa::with_bytes(cx, &view, <[u8]>::len), Some(14));
    });
}

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

#[test]
fn weak_refs_and_primitives_have_classes() {
    enter(|cx| {
        for (source, class) in [
            ("new WeakRef({})", ObjectClass::WeakRef),
            ("Object.create(WeakRef.prototype)", ObjectClass::Ordinary),
            ("Object(1n)", ObjectClass::Primitive),
            ("new Proxy([], {})", ObjectClass::Proxy),
            ("new Proxy(() => 0, {})", ObjectClass::Proxy),
            ("(function () {}).bind()", ObjectClass::Function),
            ("[][Symbol.iterator]()", ObjectClass::Other),
        ] {
            let object = eval(cx, source);
            assert_eq!(Boa::object_class(cx, &object), Some(class), "{source}");
        }
    });
}

/// An address that comes back belongs to another function.
#[test]
fn dead_functions_are_forgotten() {
    enter(|cx| {
        let proto = Boa::intrinsic(cx, Intrinsic::ObjectPrototype);
        let mut weak = Vec::new();
        for _ in 0..200 {
            let function = define(cx, "f", |_, _| Ok(Boa::undefined()));
            weak.push(Boa::downgrade(cx, &function));
        }
        eval(cx, "delete globalThis.f");
        Boa::collect_garbage(cx);
        assert!(weak.iter().all(|weak| Boa::upgrade(cx, weak).is_none()));
        for slot in 0..2_000 {
            let data = HostData { class: 1, slot };
            let object = value(Boa::create_host_object(cx, &proto, data));
            assert!(Boa::function_data::<Closure>(cx, &object).is_none());
            let object = eval(cx, "() => 1");
            assert!(Boa::function_data::<Closure>(cx, &object).is_none());
        }
    });
}

/// An iterator's `return` is user code that Boa's built-ins call also when they must not. What it
/// does is seen in memory: nothing can be asked of the engine any more.
#[test]
fn termination_closes_no_iterator() {
    for source in [
        "Array.from(iterable, stop)",
        "new Set(iterable)",
        "new Map(iterable)",
        "Object.fromEntries(iterable)",
        "Promise.all(iterable)",
        "iterator.map(stop).next()",
        "const [x = stop()] = { [Symbol.iterator]: () => ({ __proto__: iterator, next: () => ({}) }) }",
        "iterator.forEach(stop)",
    ] {
        let mut ran = [0u8; 8];
        let bytes = ran.as_mut_ptr();
        let mut fixture = Fixture::<Boa>::new();
        let termination = fixture.termination.clone();
        fixture.enter(|cx| {
            define(cx, "stop", move |_, _| {
                termination.set(Reason::Interrupted);
                Err(Throw::Terminated)
            });
            // SAFETY: the bytes outlive the engine; no reference to them is held meanwhile.
            let buffer = value(unsafe { Boa::array_buffer_over(cx, bytes, 8) });
            let global = Boa::global(cx);
            value(Boa::define_property(
                cx,
                &global,
                "buffer".into(),
                Property::data(buffer),
            ));
            eval(
                cx,
                "const ran = new Uint8Array(buffer); \
                const iterator = { __proto__: Iterator.prototype, \
                    next: () => ({ value: { get 0() { stop(); } } }), \
                    return() { ran[0] = 1; for (;;) ran[1] = 1; } }; \
                const iterable = { [Symbol.iterator]: () => iterator }; \
                Set.prototype.add = Promise.resolve = stop; 0",
            );
            let outcome = Boa::eval_script(cx, "s", source);
            assert!(matches!(outcome, Err(Throw::Terminated)), "{source}");
        });
        drop(fixture);
        assert_eq!(ran, [0; 8], "{source}");
    }
}

#[test]
fn engine_limits_are_catchable_from_the_boundary_on() {
    enter(|cx| {
        define(cx, "call", |cx, args| {
            let function = Boa::arg(cx, args, 0);
            Boa::call(cx, &function, &Boa::undefined(), &[])
        });
        let caught = eval(
            cx,
            "try { call(function f() { f(); }); } catch (e) { e instanceof RangeError && e.message }",
        );
        assert_eq!(
            Boa::as_text(cx, &caught).as_deref(),
            Some("Maximum call stack size exceeded")
        );
    });
}

#[test]
fn errors_are_created_at_the_recursion_limit() {
    enter(|cx| {
        let made = Rc::new(RefCell::new(Vec::new()));
        let errors = made.clone();
        define(cx, "note", move |cx, _| {
            let error = Boa::create_error(cx, ErrorClass::TypeError, None, "deep");
            *errors.borrow_mut() = vec![(Boa::error_stack(cx, &error), error)];
            Ok(Boa::undefined())
        });
        let outcome = Boa::eval_script(cx, "s", "(function deepest() { note(); deepest(); })()");
        assert!(matches!(outcome, Err(Throw::Value(_))));
        let (stack, error) = made.borrow_mut().pop().expect("an error");
        assert!(stack.contains("at deepest"), "{stack}");
        let message = value(Boa::get(cx, &error, "message".into()));
        assert_eq!(Boa::as_text(cx, &message).as_deref(), Some("deep"));
    });
}

/// A panic inside Boa or a hook that runs inside it poisons the runtime, no more.
#[test]
fn a_poisoned_engine_is_dropped_cleanly() {
    let mut fixture = Fixture::<Boa>::new();
    let termination = fixture.termination.clone();
    let kept = fixture.enter(|cx| {
        define(cx, "panics", |_, _| panic!("inside"));
        let kept = eval(cx, "({ panics })");
        let outcome = Boa::eval_script(
            cx,
            "s",
            "[3, 2, 1].sort(() => new Proxy({}, { get() { return `${{ toString: panics }}`; } }).x)",
        );
        assert!(matches!(outcome, Err(Throw::Terminated)));
        for _ in 0..3 {
            assert!(matches!(Boa::eval_script(cx, "s", "1"), Err(Throw::Terminated)));
            assert!(matches!(Boa::run_job(cx), Err(Throw::Terminated)));
        }
        Boa::create_error(cx, ErrorClass::Error, None, "still made");
        kept
    });
    assert_eq!(termination.panic_message().as_deref(), Some("inside"));
    drop(fixture);
    drop(kept);
}

/// A panic of the caller's own code goes on, and leaves a runtime that refuses to run.
#[test]
fn a_panic_in_enter_poisons() {
    let mut fixture = Fixture::<Boa>::new();
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        fixture.enter(|_| panic!("outside"));
    }));
    assert!(outcome.is_err());
    assert_eq!(fixture.termination.reason(), Some(Reason::Panicked));
    fixture.enter(|cx| {
        assert!(matches!(
            Boa::eval_script(cx, "s", "1"),
            Err(Throw::Terminated)
        ));
    });
}

/// Function data that holds values of the engine goes with the engine.
#[test]
fn data_that_owns_values_does_not_leak() {
    struct Dropped(
        Arc<()>,
        #[allow(dead_code, reason = "owned, not read")] RefCell<Vec<JsValue>>,
    );
    struct Owner;
    impl NativeFn<Boa> for Owner {
        type Data = Rc<Dropped>;
        fn call(_: &mut Scope<'_>, data: &Rc<Dropped>, _: Args<'_>) -> Completion<Boa> {
            Ok(Boa::number_i32(Arc::strong_count(&data.0) as i32))
        }
    }
    let alive = Arc::new(());
    let mut fixture = Fixture::<Boa>::new();
    let graveyard = fixture.graveyard.clone();
    fixture.enter(|cx| {
        let data = Rc::new(Dropped(alive.clone(), RefCell::default()));
        let spec = FunctionSpec {
            name: "f",
            length: 0,
            constructor: false,
        };
        let function = value(Boa::create_function::<Owner>(cx, data.clone(), spec));
        let proto = Boa::intrinsic(cx, Intrinsic::ObjectPrototype);
        let host = HostData { class: 1, slot: 2 };
        let object = value(Boa::create_host_object(cx, &proto, host));
        // A cycle through the data, against the rule.
        data.1.borrow_mut().extend([function, object]);
    });
    assert_eq!(Arc::strong_count(&alive), 2);
    drop(fixture);
    assert_eq!(Arc::strong_count(&alive), 1);
    assert_eq!(*graveyard.borrow(), [HostData { class: 1, slot: 2 }]);
}

#[test]
fn imports_from_eval_and_functions_know_their_referrer() {
    let mut fixture = Fixture::<Boa>::with_modules(&[("x.js", "export let x = 1;")]);
    fixture.enter(|cx| {
        eval(
            cx,
            "globalThis.out = 0; eval(\"import('./x.js')\").then(m => out += m.x); \
            new Function(\"return import('./x.js')\")().then(m => out += m.x); \
            Promise.resolve('./x.js').then(s => import(s)).then(m => out += m.x); 0",
        );
        let import = value(Boa::import(cx, "test:///elsewhere.js", "./x.js"));
        run_jobs(cx);
        let out = eval(cx, "out");
        assert_eq!(Boa::as_number(&out), Some(3.0));
        let state = Boa::promise_state(cx, &import);
        assert!(matches!(state, Some(PromiseState::Fulfilled(_))));
    });
    let referrers: Vec<String> = fixture
        .hooks
        .resolved
        .borrow()
        .iter()
        .map(|(referrer, _, _)| referrer.clone())
        .collect();
    assert_eq!(
        referrers
            .iter()
            .filter(|name| *name == "test:///engine.js")
            .count(),
        3
    );
    assert!(referrers.contains(&"test:///elsewhere.js".to_owned()));
}
