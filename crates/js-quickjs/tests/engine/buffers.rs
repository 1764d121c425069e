//! Buffers over foreign bytes: resizable and shared ones.

use sinew_bridge::ObjectClass;

use super::*;

/// Bytes that live as long as the test program, each other than its neighbours.
fn leaked(len: usize) -> *mut u8 {
    let bytes: Vec<u8> = (0..len).map(|i| i as u8).collect();
    Vec::leak(bytes).as_mut_ptr()
}

fn resizable(cx: &mut Scope<'_>, len: usize, max: usize) -> Result<Value> {
    // SAFETY: as many bytes as the maximum says, for ever; where it says more than a MiB, the tests
    // set no length.
    unsafe { QuickJs::resizable_buffer_over(cx, leaked(max.min(1 << 20)), len, max) }
}

fn shared(cx: &mut Scope<'_>, len: usize, max: Option<usize>) -> Result<Value> {
    let data = leaked(max.unwrap_or(len).min(1 << 20));
    // SAFETY: as many bytes as the maximum says, for ever; where it says more than a MiB, the tests
    // set no length.
    unsafe { QuickJs::shared_buffer_over(cx, data, len, max) }
}

fn set_len(cx: &mut Scope<'_>, buffer: &Value, len: usize) {
    // SAFETY: the tests stay below the maximum, or ask for what is ignored.
    unsafe { QuickJs::set_buffer_len(cx, buffer, len) }
}

fn define(cx: &mut Scope<'_>, name: &str, value: &Value) {
    let global = QuickJs::global(cx);
    QuickJs::set(cx, &global, name.into(), value).unwrap();
}

fn check(cx: &mut Scope<'_>, expected: &[(&str, &str)]) {
    for (source, expected) in expected {
        assert_eq!(eval_text(cx, source), *expected, "{source}");
    }
}

#[test]
fn a_new_length_is_seen_everywhere_and_clears_nothing() {
    for is_shared in [false, true] {
        let mut js = engine(None, &Rc::default()).unwrap();
        js.enter(|cx| {
            let buffer = match is_shared {
                false => resizable(cx, 8, 32).unwrap(),
                true => shared(cx, 8, Some(32)).unwrap(),
            };
            define(cx, "b", &buffer);
            eval(cx, "
                tracking = new Uint8Array(b); from4 = new Uint16Array(b, 4);
                fixed = new Uint8Array(b, 2, 4); view = new DataView(b, 1); end = new Uint8Array(b, 8);
                sum = () => [b.byteLength, b.maxByteLength, tracking.length, from4.length,
                    fixed.length, view.byteLength, end.length].join();
            ").unwrap();
            check(cx, &[("sum()", "8,32,8,2,4,7,0"), ("tracking[7]", "7"), ("tracking[8]", "undefined")]);
            set_len(cx, &buffer, 16);
            check(cx, &[
                ("sum()", "16,32,16,6,4,15,8"),
                ("tracking.join()", "0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15"),
                ("view.getUint8(14)", "15"),
                ("end.join()", "8,9,10,11,12,13,14,15"),
            ]);
            set_len(cx, &buffer, 32);
            check(cx, &[("sum()", "32,32,32,14,4,31,24"), ("tracking[31]", "31")]);
            // Not beyond the maximum.
            set_len(cx, &buffer, 33);
            set_len(cx, &buffer, usize::MAX);
            check(cx, &[("b.byteLength", "32")]);
            let bytes = QuickJs::with_bytes(cx, &buffer, <[u8]>::to_vec).unwrap();
            assert_eq!(bytes, (0..32).collect::<Vec<u8>>());
            set_len(cx, &buffer, 4);
            let expected = if is_shared { "32,32,32,14,4,31,24" } else { "4,32,4,0,0,3,0" };
            check(cx, &[("sum()", expected)]);
        });
    }
}

#[test]
fn views_beyond_the_end_are_told() {
    let mut js = engine(None, &Rc::default()).unwrap();
    js.enter(|cx| {
        let buffer = resizable(cx, 16, 16).unwrap();
        define(cx, "b", &buffer);
        eval(cx, "
            Error.prepareStackTrace = () => { ran = true; };
            ran = false;
            views = [
                new Uint8Array(b), new Uint8Array(b, 4), new Uint8Array(b, 5), new Uint8Array(b, 0, 4),
                new Uint8Array(b, 0, 5), new Uint8Array(b, 4, 0), new Uint8Array(b, 5, 0),
                new DataView(b), new DataView(b, 4), new DataView(b, 5), new DataView(b, 0, 4),
                new DataView(b, 2, 3), new Float64Array(b), new Float64Array(b, 8),
                b, {}, 1, new ArrayBuffer(2), new Proxy(new Uint8Array(b, 8), {}),
            ];
        ").unwrap();
        let views = eval(cx, "views").unwrap();
        let beyond = |cx: &mut Scope<'_>| -> Vec<u32> {
            let is_beyond = |index: &u32| {
                let view = QuickJs::get(cx, &views, sinew_bridge::PropertyKey::Index(*index)).unwrap();
                let is_beyond = QuickJs::is_out_of_bounds(cx, &view);
                let bytes = QuickJs::with_bytes(cx, &view, |bytes| bytes.len());
                assert!(!is_beyond || bytes == Some(0), "{index}");
                is_beyond
            };
            (0..19).filter(is_beyond).collect()
        };
        assert_eq!(beyond(cx), []);
        set_len(cx, &buffer, 4);
        assert_eq!(beyond(cx), [2, 4, 6, 9, 11, 13]);
        set_len(cx, &buffer, 0);
        assert_eq!(beyond(cx), [1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 13]);
        set_len(cx, &buffer, 16);
        assert_eq!(beyond(cx), []);
        set_len(cx, &buffer, 0);
        QuickJs::detach(cx, &buffer);
        assert_eq!(beyond(cx), []);
        check(cx, &[("ran", "false")]);
        // Of a buffer that JavaScript made and resized.
        eval(cx, "c = new ArrayBuffer(8, { maxByteLength: 8 }); v = new Uint8Array(c, 4); c.resize(2)").unwrap();
        let view = eval(cx, "v").unwrap();
        assert!(QuickJs::is_out_of_bounds(cx, &view));
    });
}

/// `resize` and `grow` ask, after all that JavaScript can do wrong.
#[test]
fn the_host_is_asked_for_a_new_length() {
    let hooks = Rc::new(Hooks::default());
    hooks.resizes.set(true);
    let mut js = engine(None, &hooks).unwrap();
    js.enter(|cx| {
        let [buffer, sab] = [resizable(cx, 8, 32).unwrap(), shared(cx, 8, Some(32)).unwrap()];
        let [fixed, fixed_sab] = [
            // SAFETY: such bytes.
            unsafe { QuickJs::array_buffer_over(cx, leaked(8), 8) }.unwrap(),
            shared(cx, 8, None).unwrap(),
        ];
        for (name, value) in [("b", &buffer), ("s", &sab), ("f", &fixed), ("g", &fixed_sab)] {
            define(cx, name, value);
        }
        check(cx, &[
            ("b.resize(16)", "undefined"),
            ("b.resize('20')", "undefined"),
            ("b.resize(33)", "RangeError: invalid array buffer length"),
            ("s.grow(16)", "undefined"),
            ("s.grow(16)", "undefined"),
            ("s.grow(8)", "RangeError: invalid array buffer length"),
            ("s.grow(2 ** 53 - 1)", "RangeError: invalid array buffer length"),
            ("b.byteLength + ',' + s.byteLength", "20,16"),
            ("b.resize(4)", "undefined"),
            ("b.resize(undefined)", "undefined"),
            ("b.byteLength", "0"),
            ("try { b.resize({ valueOf() { throw 'mine' } }) } catch (e) { e }", "mine"),
        ]);
        assert_eq!(*hooks.resized.borrow(), [16, 20, 16, 16, 4, 0]);
        for source in ["b.resize(-1)", "b.resize(Infinity)", "s.grow(-1)", "b.resize(2 ** 53)"] {
            assert!(eval_text(cx, source).starts_with("RangeError"), "{source}");
        }
        for source in [
            "f.resize(8)", "f.resize(9)", "g.grow(8)", "g.grow(9)", "s.grow.call(b, 8)",
            "b.resize.call(s, 8)", "b.resize.call({}, 8)", "b.resize.call(1, 8)", "b.resize(1n)",
        ] {
            assert!(eval_text(cx, source).starts_with("TypeError"), "{source}: {}", eval_text(cx, source));
        }
        assert_eq!(hooks.resized.borrow().len(), 6);
        check(cx, &[
            ("ArrayBuffer.prototype.resize.length + ArrayBuffer.prototype.resize.name", "1resize"),
            ("SharedArrayBuffer.prototype.grow.length + SharedArrayBuffer.prototype.grow.name", "1grow"),
            ("Object.keys(ArrayBuffer.prototype).length + Object.keys(SharedArrayBuffer.prototype).length", "0"),
            ("'prototype' in b.resize", "false"),
        ]);
        // What the host throws comes out.
        hooks.resizes.set(false);
        check(cx, &[
            ("refusal = { why: 1 }; try { b.resize(8) } catch (e) { e === refusal }", "true"),
            ("try { s.grow(20) } catch (e) { e === refusal }", "true"),
            ("b.byteLength + ',' + s.byteLength", "0,16"),
        ]);
        // User code parts the buffer while the new length is converted.
        struct Detach;
        impl NativeFn<QuickJs> for Detach {
            type Data = ();
            fn call(cx: &mut Scope<'_>, (): &(), args: Args<'_>) -> Result<Value> {
                let buffer = QuickJs::arg(cx, args, 0);
                QuickJs::detach(cx, &buffer);
                Ok(QuickJs::number_i32(4))
            }
        }
        let spec = FunctionSpec { name: "", length: 0, constructor: false };
        let detach = QuickJs::create_function::<Detach>(cx, (), spec).unwrap();
        define(cx, "detach", &detach);
        check(cx, &[
            ("b.resize({ valueOf: () => detach(b) })", "TypeError: ArrayBuffer is detached"),
            ("[b.detached, b.resizable, b.byteLength, b.maxByteLength].join()", "true,true,0,0"),
            ("b.resize(0)", "TypeError: ArrayBuffer is detached"),
        ]);
    });
}

#[test]
fn a_foreign_buffer_keeps_its_bytes() {
    let mut js = engine(None, &Rc::default()).unwrap();
    js.enter(|cx| {
        let buffer = resizable(cx, 8, 32).unwrap();
        define(cx, "b", &buffer);
        for method in ["transfer", "transferToFixedLength", "transferToImmutable"] {
            for argument in ["", "8", "0", "16", "undefined"] {
                let source = format!("b.{method}({argument})");
                assert!(eval_text(cx, &source).starts_with("TypeError"), "{source}");
            }
            let source = format!("b.{method}(-1)");
            assert!(eval_text(cx, &source).starts_with("RangeError"), "{source}");
        }
        check(
            cx,
            &[
                ("new Uint8Array(b).join()", "0,1,2,3,4,5,6,7"),
                ("b.detached", "false"),
            ],
        );
        QuickJs::detach(cx, &buffer);
        check(cx, &[("b.detached", "true"), ("b.byteLength", "0")]);
        set_len(cx, &buffer, 8);
        check(cx, &[("b.byteLength", "0")]);
        // Nobody takes another object at the same address for it.
        eval(cx, "b = null").unwrap();
        drop(buffer);
        check(
            cx,
            &[(
                "Array.from({ length: 500 }, () => new ArrayBuffer(8, { maxByteLength: 16 }))
                .every(b => (b.resize(16), b.byteLength === 16 && b.transfer(4).byteLength === 4))",
                "true",
            )],
        );
    });
}

#[test]
fn foreign_buffers_look_like_any_other() {
    let mut js = engine(None, &Rc::default()).unwrap();
    js.enter(|cx| {
        let [b, s] = [resizable(cx, 8, 32).unwrap(), shared(cx, 8, Some(32)).unwrap()];
        let [zero, zero_sab] = [resizable(cx, 0, 0).unwrap(), shared(cx, 0, Some(0)).unwrap()];
        let f = shared(cx, 8, None).unwrap();
        for (name, value) in [("b", &b), ("s", &s), ("f", &f), ("z", &zero), ("y", &zero_sab)] {
            define(cx, name, value);
        }
        assert_eq!(QuickJs::object_class(cx, &b), Some(ObjectClass::ArrayBuffer));
        assert_eq!(QuickJs::object_class(cx, &s), Some(ObjectClass::SharedArrayBuffer));
        check(cx, &[
            ("Object.prototype.toString.call(b)", "[object ArrayBuffer]"),
            ("Object.prototype.toString.call(s)", "[object SharedArrayBuffer]"),
            ("b instanceof ArrayBuffer && s instanceof SharedArrayBuffer", "true"),
            ("b.constructor === ArrayBuffer && s.constructor === SharedArrayBuffer", "true"),
            ("[b.resizable, s.growable, f.growable, z.resizable, y.growable].join()", "true,true,false,true,true"),
            ("[f.maxByteLength, z.maxByteLength, y.maxByteLength, z.byteLength].join()", "8,0,0,0"),
            ("z.resize(1)", "RangeError: invalid array buffer length"),
            ("y.grow(1)", "RangeError: invalid array buffer length"),
            ("const c = b.slice(2, 4); c !== b && !c.resizable && new Uint8Array(c).join()", "2,3"),
            ("const d = s.slice(2, 4); d instanceof SharedArrayBuffer && !d.growable && new Uint8Array(d).join()", "2,3"),
            ("b.constructor = { [Symbol.species]: class extends ArrayBuffer {} };
              b.slice(1, 2) instanceof b.constructor[Symbol.species]", "true"),
            ("ArrayBuffer.isView(b)", "false"),
            ("Atomics.add(new Int32Array(s), 1, 1), Atomics.load(new Uint8Array(s), 4)", "5"),
            ("Atomics.store(new Uint8Array(f), 7, 9), new Uint8Array(f)[7]", "9"),
            ("new Uint8Array(new Uint8Array(s)).buffer instanceof SharedArrayBuffer", "false"),
        ]);
        // Frozen, as the JavaScript API wants it for SharedArrayBuffers.
        QuickJs::freeze(cx, &s).unwrap();
        check(cx, &[
            ("Object.isFrozen(s)", "true"),
            ("new Uint8Array(s)[0] = 77, new Uint8Array(s)[0]", "77"),
            ("'use strict'; try { s.x = 1 } catch (e) { e.name }", "TypeError"),
        ]);
        set_len(cx, &s, 16);
        check(cx, &[("s.byteLength", "16")]);
    });
}

#[test]
fn lengths_have_limits() {
    const TOO_LONG: usize = 1 << 31;
    let mut js = engine(None, &Rc::default()).unwrap();
    js.enter(|cx| {
        for result in [
            resizable(cx, 0, TOO_LONG),
            resizable(cx, 0, usize::MAX),
            shared(cx, 0, Some(TOO_LONG)),
            shared(cx, 0, Some(usize::MAX)),
            shared(cx, TOO_LONG, None),
            resizable(cx, 2, 1),
        ] {
            let Err(Throw::Value(error)) = result else {
                panic!("made a buffer");
            };
            assert!(text(cx, &error).starts_with("RangeError"));
        }
        assert!(resizable(cx, 0, TOO_LONG - 1).is_ok());
        assert!(shared(cx, 0, Some(TOO_LONG - 1)).is_ok());
        // SAFETY: no bytes.
        let nowhere = unsafe { QuickJs::shared_buffer_over(cx, std::ptr::null_mut(), 0, Some(0)) };
        assert!(nowhere.is_ok());
    });
}

#[test]
fn javascript_makes_shared_buffers_of_its_own() {
    let mut js = engine(Some(8 << 20), &Rc::default()).unwrap();
    js.enter(|cx| {
        check(cx, &[
            ("s = new SharedArrayBuffer(8, { maxByteLength: 16 }); u = new Uint8Array(s); s.growable", "true"),
            ("s.grow(16); [s.byteLength, u.length, u.join('')].join()", "16,16,0000000000000000"),
            ("s.grow(17)", "RangeError: invalid array buffer length"),
            ("s.grow(8)", "RangeError: invalid array buffer length"),
            ("new SharedArrayBuffer(0).byteLength", "0"),
            ("new SharedArrayBuffer(0, { maxByteLength: 0 }).maxByteLength", "0"),
            ("new SharedArrayBuffer(4).slice(1).byteLength", "3"),
            ("class Mine extends SharedArrayBuffer {}; new Mine(3).byteLength", "3"),
            ("new Uint8Array(new SharedArrayBuffer(1000)).every(x => x === 0)", "true"),
        ]);
        // User input; the heap is bounded.
        for arguments in [
            "2 ** 31", "2 ** 53 - 1", "2 ** 53", "-1", "2 ** 31 - 1", "1 << 30",
            "0, { maxByteLength: 2 ** 31 - 1 }", "0, { maxByteLength: 1 << 24 }", "2, { maxByteLength: 1 }",
        ] {
            let source = format!("new SharedArrayBuffer({arguments})");
            assert!(eval_text(cx, &source).starts_with("RangeError"), "{source}: {}", eval_text(cx, &source));
        }
        check(cx, &[
            ("a = []; try { for (;;) a.push(new SharedArrayBuffer(1 << 16)); } catch (e) { a.length > 50 && a.length < 128 && (a = null, e instanceof RangeError) }", "true"),
            ("new SharedArrayBuffer(1 << 20).byteLength", "1048576"),
        ]);
        let own = eval(cx, "s").unwrap();
        // Only buffers of the trait are set.
        set_len(cx, &own, 12);
        check(cx, &[("s.byteLength", "16")]);
    });
}

/// Foreign shared bytes outlive their buffers, of which there may be several.
#[test]
fn foreign_shared_bytes_are_not_freed() {
    let data = leaked(64);
    for _ in 0..3 {
        let mut js = engine(None, &Rc::default()).unwrap();
        js.enter(|cx| {
            for len in [16, 32, 64] {
                // SAFETY: such bytes, for ever.
                let buffer = unsafe { QuickJs::shared_buffer_over(cx, data, len, None) }.unwrap();
                define(cx, "s", &buffer);
                check(
                    cx,
                    &[(
                        "new Uint8Array(s)[15] += 1, s.byteLength === new Uint8Array(s).length",
                        "true",
                    )],
                );
                QuickJs::detach(cx, &buffer);
                assert_eq!(
                    QuickJs::with_bytes(cx, &buffer, |bytes| bytes.len()),
                    Some(len)
                );
            }
            eval(
                cx,
                "s = null; for (let i = 0; i < 100; i++) new SharedArrayBuffer(64)",
            )
            .unwrap();
            QuickJs::collect_garbage(cx);
        });
    }
    // SAFETY: nothing else has the byte now.
    assert_eq!(unsafe { *data.add(15) }, 15 + 9);
}
