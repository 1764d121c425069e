//! What is particular to Boa behind the seam.

mod common;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use boa_engine::JsValue;
use common::{Closure, define, define_value, enter, eval, holds, value};
use sinew_bridge::conformance::host::Fixture;
use sinew_bridge::{
    Completion, ErrorClass, FunctionSpec, HostData, Intrinsic, JsHost, NativeFn, ObjectClass,
    Reason, Throw,
};
use sinew_js_boa::{Args, Boa, Scope};

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
        define_value(cx, "buffer", buffer.clone());
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

/// A buffer over leaked bytes, as the global `buffer`, and its bytes.
fn resizable(cx: &mut Scope<'_>, len: usize, max: usize) -> (JsValue, *mut u8) {
    let bytes = Box::leak(vec![7u8; max].into_boxed_slice()).as_mut_ptr();
    // SAFETY: the bytes are leaked, and no reference to them is held.
    let buffer = value(unsafe { Boa::resizable_buffer_over(cx, bytes, len, max) });
    define_value(cx, "buffer", buffer.clone());
    (buffer, bytes)
}

#[test]
fn resizable_buffers_ask_the_embedder() {
    let mut fixture = Fixture::<Boa>::new();
    fixture.hooks.resizes.set(true);
    fixture.enter(|cx| {
        let (buffer, bytes) = resizable(cx, 64, 256);
        assert!(holds(
            cx,
            "globalThis.throws = (C, f) => { try { f(); return false; } catch (e) { return e instanceof C; } }; \
            globalThis.u = new Uint8Array(buffer); globalThis.v = new DataView(buffer, 8); \
            globalThis.w = new Uint16Array(buffer, 8, 4); \
            buffer.resizable && buffer.maxByteLength === 256 && u.length === 64 && !buffer.detached"
        ));
        assert!(holds(
            cx,
            "buffer.resize({ valueOf() { return 128; } }) === undefined && buffer.byteLength === 128 \
                && u.length === 128 && v.byteLength === 120 && w.length === 4 && u[127] === 7 \
                && buffer.maxByteLength === 256 && buffer.resizable"
        ));
        eval(cx, "u[127] = 9; u[8] = 1; u[9] = 0; 0");
        // SAFETY: the bytes are leaked; nothing runs.
        assert_eq!(unsafe { [bytes.add(127).read(), bytes.add(128).read()] }, [9, 7]);
        assert!(holds(
            cx,
            "w[0] === 1 && throws(RangeError, () => buffer.resize(257)) \
                && throws(RangeError, () => buffer.resize(-1)) \
                && throws(TypeError, () => new buffer.resize(1)) \
                && throws(TypeError, () => ArrayBuffer.prototype.resize.call({}, 1)) \
                && throws(TypeError, () => ArrayBuffer.prototype.resize.call(new ArrayBuffer(1), 1)) \
                && buffer.resize.name === 'resize' && buffer.resize.length === 1"
        ));
        Boa::collect_garbage(cx);
        assert!(holds(cx, "buffer.resize(256); u.length === 256 && u[255] === 7"));
        // A buffer of the script's own is its own affair.
        assert!(holds(
            cx,
            "globalThis.own = new ArrayBuffer(8, { maxByteLength: 16 }); own.resize(16); own.resize(4); \
            own.byteLength === 4"
        ));
        Boa::detach(cx, &buffer);
        assert!(holds(
            cx,
            "buffer.detached && u.length === 0 && throws(TypeError, () => buffer.resize(64)) \
                && throws(TypeError, () => buffer.resize(1000))"
        ));
    });
    assert_eq!(*fixture.hooks.resized.borrow(), [128, 256]);
}

#[test]
fn a_refused_resize_changes_nothing() {
    let mut fixture = Fixture::<Boa>::new();
    fixture.enter(|cx| {
        let (buffer, _) = resizable(cx, 64, 256);
        assert!(holds(
            cx,
            "try { buffer.resize(128); false } catch (e) { e instanceof TypeError && buffer.byteLength === 64 }"
        ));
        define(cx, "detach", move |cx, _| {
            Boa::detach(cx, &buffer);
            Ok(Boa::undefined())
        });
        // The embedder is not asked about a buffer that is gone by then.
        assert!(holds(
            cx,
            "try { buffer.resize({ valueOf() { detach(); return 1; } }); false } \
            catch (e) { e instanceof TypeError && buffer.detached }"
        ));
    });
    assert_eq!(*fixture.hooks.resized.borrow(), [128]);
}

#[test]
fn views_know_when_they_are_out_of_bounds() {
    enter(|cx| {
        let (buffer, bytes) = resizable(cx, 32, 64);
        eval(
            cx,
            "globalThis.views = [new Uint8Array(buffer), new Uint8Array(buffer, 16), \
                new Uint8Array(buffer, 0, 0), new Uint8Array(buffer, 16, 0), new Float64Array(buffer, 0, 2), \
                new DataView(buffer), new DataView(buffer, 16), new DataView(buffer, 0, 16)]; 0",
        );
        let outside = |cx: &mut Scope<'_>| -> Vec<bool> {
            (0..8)
                .map(|index| {
                    let view = eval(cx, &format!("views[{index}]"));
                    Boa::is_out_of_bounds(cx, &view)
                })
                .collect()
        };
        assert_eq!(outside(cx), [false; 8]);
        for (len, expected) in [
            (16, [false; 8]),
            (8, [false, true, false, true, true, false, true, true]),
            (0, [false, true, false, true, true, false, true, true]),
            (64, [false; 8]),
        ] {
            // SAFETY: at most the 64 bytes there are.
            unsafe { Boa::set_buffer_len(cx, &buffer, len) };
            assert_eq!(outside(cx), expected, "{len}");
            assert_eq!(Boa::with_bytes(cx, &buffer, <[u8]>::len), Some(len));
        }
        // SAFETY: the bytes are leaked; nothing runs.
        assert_eq!(unsafe { bytes.add(63).read() }, 7);
        Boa::detach(cx, &buffer);
        assert_eq!(outside(cx), [false; 8]);
        // SAFETY: as above; a detached buffer stays so.
        unsafe { Boa::set_buffer_len(cx, &buffer, 8) };
        assert!(holds(cx, "buffer.detached && buffer.byteLength === 0"));
        for source in [
            "1",
            "({})",
            "new ArrayBuffer(1)",
            "new Uint8Array(new SharedArrayBuffer(1))",
        ] {
            let value = eval(cx, source);
            assert!(!Boa::is_out_of_bounds(cx, &value), "{source}");
        }
    });
}

/// Like `foreign_bytes_are_never_freed`.
#[test]
fn resized_bytes_are_never_freed() {
    let mut bytes = vec![7u8; 1 << 16].into_boxed_slice();
    for _ in 0..10 {
        let mut fixture = Fixture::<Boa>::new();
        fixture.enter(|cx| {
            for index in 1..500usize {
                // SAFETY: the bytes outlive the engine; no reference to them is held meanwhile.
                let buffer = value(unsafe {
                    Boa::resizable_buffer_over(cx, bytes.as_mut_ptr(), index, 1 << 16)
                });
                // SAFETY: as above.
                unsafe { Boa::set_buffer_len(cx, &buffer, index * 100) };
                assert_eq!(Boa::with_bytes(cx, &buffer, <[u8]>::len), Some(index * 100));
            }
            Boa::collect_garbage(cx);
        });
    }
    assert!(bytes.iter().all(|byte| *byte == 7));
}

#[test]
fn what_boa_cannot_lay_over_foreign_bytes() {
    const { assert!(Boa::FEATURES.resizable_buffers && !Boa::FEATURES.shared_buffers) };
    enter(|cx| {
        let bytes = Box::leak(vec![0u8; 64].into_boxed_slice()).as_mut_ptr();
        for max in [None, Some(64)] {
            // SAFETY: the bytes are leaked.
            let outcome = unsafe { Boa::shared_buffer_over(cx, bytes, 64, max) };
            let Err(Throw::Value(error)) = outcome else {
                panic!("made a SharedArrayBuffer");
            };
            define_value(cx, "error", error);
            assert!(holds(
                cx,
                "error instanceof TypeError && /Boa .* SharedArrayBuffer/.test(error.message)"
            ));
        }
        // SAFETY: the bytes are leaked.
        let outcome = unsafe { Boa::resizable_buffer_over(cx, bytes, 64, usize::MAX) };
        let Err(Throw::Value(error)) = outcome else {
            panic!("made a buffer of that length");
        };
        define_value(cx, "error", error);
        assert!(holds(cx, "error instanceof RangeError"));
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
            define_value(cx, "buffer", buffer);
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
