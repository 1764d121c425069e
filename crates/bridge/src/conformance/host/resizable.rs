//! Buffers over foreign bytes whose length changes.

use super::buffers::{Foreign, resizable, set_len, shared};
use super::fixture::*;
use crate::{JsHost, ObjectClass};

/// An engine with the global `b`, a resizable buffer of 64 bytes that may become 128.
fn fixture<J: JsHost>() -> Option<(Fixture<J>, J::Value, Foreign)> {
    if !J::FEATURES.resizable_buffers {
        return None;
    }
    let mut fixture = Fixture::<J>::new();
    let bytes = Foreign::new(128);
    let buffer = fixture.enter(|cx| {
        let buffer = ok::<J, _>(cx, |cx| resizable::<J>(cx, &bytes, 64, 128));
        define::<J>(cx, "b", buffer.clone());
        buffer
    });
    prepare(&mut fixture);
    Some((fixture, buffer, bytes))
}

/// Defines `refuses`, whether a function throws an error of a class, and `refused`, whether it throws
/// the global `refusal`.
pub(super) fn prepare<J: JsHost>(fixture: &mut Fixture<J>) {
    fixture.enter(|cx| {
        eval::<J>(
            cx,
            "globalThis.refuses = (f, type = TypeError) => { \
                try { f(); return false; } catch (e) { return e instanceof type; } }; \
            globalThis.refusal = { refusal: true }; \
            globalThis.refused = f => { \
                try { f(); return false; } catch (e) { return e === refusal; } }; 0",
        )
    });
}

#[track_caller]
pub(super) fn all_hold<J: JsHost>(fixture: &mut Fixture<J>, sources: &[&str]) {
    for source in sources {
        assert!(fixture.enter(|cx| holds::<J>(cx, source)), "{source}");
    }
}

/// Where the engine has no such buffers it says so, and where they are too large for it.
pub fn foreign_buffers_are_refused<J: JsHost>() {
    Fixture::<J>::new().enter(|cx| {
        let bytes = Foreign::new(64);
        let refused = |cx: &mut J::Scope<'_>, result, has: bool, name| match (result, has) {
            (Ok(_), true) => {}
            (result, _) => {
                let error = thrown::<J, J::Value>(result);
                let text = describe::<J>(cx, &error);
                assert!(!has && text.starts_with("TypeError"), "{name}: {text}");
            }
        };
        let result = resizable::<J>(cx, &bytes, 16, 64);
        refused(cx, result, J::FEATURES.resizable_buffers, "resizable");
        for max in [None, Some(64)] {
            let result = shared::<J>(cx, &bytes, 16, max);
            refused(cx, result, J::FEATURES.shared_buffers, "shared");
        }
        if J::FEATURES.resizable_buffers {
            let error = thrown::<J, _>(resizable::<J>(cx, &bytes, 16, usize::MAX));
            assert!(describe::<J>(cx, &error).starts_with("RangeError"));
        }
        if J::FEATURES.shared_buffers {
            let error = thrown::<J, _>(shared::<J>(cx, &bytes, 16, Some(usize::MAX)));
            assert!(describe::<J>(cx, &error).starts_with("RangeError"));
        }
    });
}

/// Such a buffer is over the bytes themselves, and as long as it was last set to be.
pub fn resizable_buffers_follow_their_length<J: JsHost>() {
    let Some((mut fixture, buffer, bytes)) = fixture::<J>() else {
        return;
    };
    fixture.enter(|cx| assert_eq!(J::object_class(cx, &buffer), Some(ObjectClass::ArrayBuffer)));
    bytes.write(100, 9);
    all_hold(
        &mut fixture,
        &[
            "b instanceof ArrayBuffer && b.byteLength === 64",
            "b.resizable === true && b.maxByteLength === 128",
            "u = new Uint8Array(b), t = new Uint8Array(b, 32), f = new Uint16Array(b, 8, 4), \
                v = new DataView(b), u.length === 64 && t.length === 32 && v.byteLength === 64",
            "u[3] = 7, v.setUint16(8, 0x0102), f[0] === 0x0201",
            "c = b.slice(0, 8), new Uint8Array(c)[3] = 1, u[3] === 7 && c.byteLength === 8",
        ],
    );
    assert_eq!([bytes.read(3), bytes.read(8), bytes.read(9)], [7, 1, 2]);
    fixture.enter(|cx| set_len::<J>(cx, &buffer, 128));
    all_hold(
        &mut fixture,
        &[
            "b.byteLength === 128 && b.maxByteLength === 128 && b.resizable",
            "u.length === 128 && t.length === 96 && f.length === 4 && v.byteLength === 128",
            "u[100] === 9 && v.getUint8(100) === 9 && u[3] === 7",
            "(u[127] = 5) && u.at(-1) === 5 && t.subarray(95)[0] === 5",
        ],
    );
    assert_eq!(bytes.read(127), 5);
    fixture.enter(|cx| {
        assert_eq!(J::with_bytes(cx, &buffer, <[u8]>::len), Some(128));
        let view = eval::<J>(cx, "t");
        assert_eq!(J::with_bytes(cx, &view, <[u8]>::len), Some(96));
        set_len::<J>(cx, &buffer, 0);
    });
    all_hold(
        &mut fixture,
        &["b.byteLength === 0 && u.length === 0 && u[3] === undefined && b.resizable"],
    );
    fixture.enter(|cx| set_len::<J>(cx, &buffer, 64));
    // The bytes are what they were: they are not the engine's to clear.
    all_hold(&mut fixture, &["u.length === 64 && u[3] === 7"]);
    drop(fixture);
    bytes.write(3, 8);
    assert_eq!(bytes.read(3), 8);
}

/// Views that the buffer no longer covers, and those that it covers again.
pub fn resizable_views_go_out_of_bounds<J: JsHost>() {
    let Some((mut fixture, buffer, bytes)) = fixture::<J>() else {
        return;
    };
    bytes.write(40, 4);
    let names = ["inside", "fixed", "view", "beyond", "tracking", "late"];
    let state = |fixture: &mut Fixture<J>| {
        fixture.enter(|cx| {
            names.map(|name| {
                let view = eval::<J>(cx, name);
                J::is_out_of_bounds(cx, &view)
            })
        })
    };
    fixture.enter(|cx| {
        eval::<J>(
            cx,
            "inside = new Uint8Array(b, 0, 8); fixed = new Uint8Array(b, 32, 16); \
            view = new DataView(b, 32, 16); beyond = new Float64Array(b, 48, 2); \
            tracking = new Uint8Array(b); late = new DataView(b, 40); 0",
        );
        for source in [
            "b",
            "({})",
            "1",
            "null",
            "new Uint8Array(4)",
            "new ArrayBuffer(1)",
        ] {
            let value = eval::<J>(cx, source);
            assert!(!J::is_out_of_bounds(cx, &value), "{source}");
        }
    });
    assert_eq!(state(&mut fixture), [false; 6]);
    fixture.enter(|cx| set_len::<J>(cx, &buffer, 36));
    assert_eq!(state(&mut fixture), [false, true, true, true, false, true]);
    all_hold(
        &mut fixture,
        &[
            "inside.length === 8 && tracking.length === 36",
            "fixed.length === 0 && fixed.byteLength === 0 && fixed.byteOffset === 0",
            "fixed[8] === undefined && beyond.length === 0",
            "(() => { fixed[8] = 1; return true; })()",
            "refuses(() => view.byteLength) && refuses(() => view.getUint8(0))",
            "refuses(() => late.byteLength) && refuses(() => fixed.fill(1))",
            "refuses(() => new Uint8Array(b, 32, 16), RangeError)",
        ],
    );
    fixture.enter(|cx| {
        for name in ["fixed", "view", "late"] {
            let value = eval::<J>(cx, name);
            assert_eq!(J::with_bytes(cx, &value, <[u8]>::len), Some(0), "{name}");
        }
        set_len::<J>(cx, &buffer, 40);
    });
    assert_eq!(state(&mut fixture), [false, true, true, true, false, false]);
    fixture.enter(|cx| set_len::<J>(cx, &buffer, 64));
    assert_eq!(state(&mut fixture), [false; 6]);
    all_hold(
        &mut fixture,
        &[
            "fixed.length === 16 && fixed[8] === 4 && view.getUint8(8) === 4 && late.byteLength === 24",
        ],
    );
    fixture.enter(|cx| {
        set_len::<J>(cx, &buffer, 0);
        J::detach(cx, &buffer);
    });
    // Detached is another thing.
    assert_eq!(state(&mut fixture), [false; 6]);
}

/// A call of `resize` is for the embedder to decide.
pub fn resizable_buffers_ask_the_hook<J: JsHost>() {
    let Some((mut fixture, buffer, _bytes)) = fixture::<J>() else {
        return;
    };
    all_hold(
        &mut fixture,
        &[
            "[0, 32, 64, 100, 128].every(n => refused(() => b.resize(n)) && b.byteLength === 64)",
            "refused(() => b.resize()) && refused(() => b.resize('96')) && b.byteLength === 64",
            "refused(() => b.resize({ valueOf: () => 65.9 })) && refused(() => b.resize(NaN))",
        ],
    );
    let asked = fixture.hooks.resized.take();
    assert_eq!(asked, [0, 32, 64, 100, 128, 0, 96, 65, 0]);
    all_hold(
        &mut fixture,
        &[
            "[129, 2 ** 32, 2 ** 53 - 1, 2 ** 53, Infinity, -1, -Infinity].every(n => \
                refuses(() => b.resize(n), RangeError) && b.byteLength === 64)",
            "refuses(() => b.resize(1n)) && refuses(() => b.resize(Symbol()))",
            "(() => { try { b.resize({ valueOf() { throw 5; } }); } catch (e) { return e === 5; } })()",
        ],
    );
    assert!(fixture.hooks.resized.take().is_empty());
    fixture.hooks.resizes.set(true);
    all_hold(
        &mut fixture,
        &[
            "u = new Uint8Array(b), b.resize(96) === undefined && b.byteLength === 96",
            "u.length === 96 && b.maxByteLength === 128",
            "b.resize(128), b.resize(0), b.resize(64), u.length === 64",
            // What the conversion of the argument does comes first.
            "b.resize({ valueOf() { b.resize(8); return 24; } }), b.byteLength === 24",
        ],
    );
    let asked = fixture.hooks.resized.take();
    assert_eq!(asked, [96, 128, 0, 64, 8, 24]);
    fixture.enter(|cx| J::detach(cx, &buffer));
    all_hold(
        &mut fixture,
        &["b.byteLength === 0 && refuses(() => b.resize(8)) && refuses(() => b.resize(0))"],
    );
    assert!(fixture.hooks.resized.take().is_empty());
}

/// No method takes the bytes away.
pub fn resizable_buffers_cannot_be_taken<J: JsHost>() {
    let Some((mut fixture, buffer, bytes)) = fixture::<J>() else {
        return;
    };
    fixture.hooks.resizes.set(true);
    bytes.write(5, 6);
    all_hold(
        &mut fixture,
        &[
            "['transfer', 'transferToFixedLength', 'transferToImmutable'] \
                .filter(name => name in ArrayBuffer.prototype) \
                .every(name => [undefined, 0, 32, 64, 128].every(n => refuses(() => b[name](n))))",
            "typeof structuredClone !== 'function' || \
                refuses(() => structuredClone(b, { transfer: [b] }), Error)",
            "b.byteLength === 64 && new Uint8Array(b)[5] === 6 && b.resizable",
            "b.resize(128), b.byteLength === 128 && new Uint8Array(b)[5] === 6",
        ],
    );
    bytes.write(127, 3);
    all_hold(&mut fixture, &["new Uint8Array(b)[127] === 3"]);
    fixture.enter(|cx| {
        J::detach(cx, &buffer);
        J::detach(cx, &buffer);
        assert_eq!(J::with_bytes(cx, &buffer, <[u8]>::len), Some(0));
    });
    assert_eq!([bytes.read(5), bytes.read(127)], [6, 3]);
}

/// Methods that user code replaced, kept or applied elsewhere mislead nobody.
pub fn resizable_buffers_are_not_confused<J: JsHost>() {
    let Some((mut fixture, buffer, _bytes)) = fixture::<J>() else {
        return;
    };
    fixture.hooks.resizes.set(true);
    fixture.enter(|cx| {
        let fixed = ok::<J, _>(cx, |cx| J::create_array_buffer(cx, &[1, 2, 3]));
        define::<J>(cx, "fixed", fixed);
        eval::<J>(
            cx,
            "touched = 0; resize = ArrayBuffer.prototype.resize; \
            own = new ArrayBuffer(8, { maxByteLength: 16 }); u = new Uint8Array(b); \
            hostile = function () { touched++; throw 'hostile'; }; \
            ArrayBuffer.prototype.resize = hostile; \
            for (const name of ['byteLength', 'maxByteLength', 'resizable', 'detached']) \
                Object.defineProperty(ArrayBuffer.prototype, name, { get: hostile }); \
            for (const name of ['resizable', 'byteLength', 'maxByteLength', 'constructor', 'host']) \
                Object.defineProperty(b, name, { get: hostile, set: hostile }); \
            Object.setPrototypeOf(b, new Proxy({}, { get: hostile, getPrototypeOf: hostile })); 0",
        );
        set_len::<J>(cx, &buffer, 100);
        assert_eq!(J::with_bytes(cx, &buffer, <[u8]>::len), Some(100));
        let view = eval::<J>(cx, "u");
        assert!(!J::is_out_of_bounds(cx, &view));
    });
    assert!(fixture.hooks.resized.take().is_empty());
    all_hold(
        &mut fixture,
        &[
            "u.length === 100",
            "Reflect.apply(resize, b, [72]), u.length === 72",
            "w = new Uint8Array(own), Reflect.apply(resize, own, [12]), w.length === 12",
            "refuses(() => Reflect.apply(resize, own, [17]), RangeError)",
            "[fixed, {}, undefined, 1, u, new Proxy(b, {}), Object.create(b), \
                new SharedArrayBuffer(8)].every(x => refuses(() => Reflect.apply(resize, x, [8])))",
            "resize.name === 'resize' && resize.length === 1 && !('prototype' in resize) \
                && refuses(() => new resize(8))",
        ],
    );
    // Only a buffer of ours is the hook's.
    assert_eq!(fixture.hooks.resized.take(), [72]);
    // One that cannot be extended or changed any more still can be resized.
    fixture.enter(|cx| eval::<J>(cx, "Object.freeze(b); 0"));
    all_hold(
        &mut fixture,
        &[
            "Reflect.apply(resize, b, [80]), u.length === 80",
            "touched === 0",
        ],
    );
    fixture.enter(|cx| set_len::<J>(cx, &buffer, 81));
    all_hold(&mut fixture, &["u.length === 81"]);
    fixture.enter(|cx| assert_eq!(text_of::<J>(cx, "touched"), "0"));
}

/// Many of them, resized and dropped in any order, free nothing of ours.
pub fn resizable_buffers_die_with_the_engine<J: JsHost>() {
    let Some((mut fixture, ..)) = fixture::<J>() else {
        return;
    };
    let bytes = Foreign::new(1 << 12);
    fixture.enter(|cx| {
        let mut kept = Vec::new();
        for i in 0..500 {
            let len = (i * 7) % (1 << 12);
            let buffer = ok::<J, _>(cx, |cx| resizable::<J>(cx, &bytes, len, 1 << 12));
            set_len::<J>(cx, &buffer, 1 << 12);
            define::<J>(cx, "x", buffer.clone());
            eval::<J>(
                cx,
                "(() => { const u = new Uint8Array(x); u[u.length - 1] = 1; })(); 0",
            );
            match i % 3 {
                0 => kept.push(buffer),
                1 => J::detach(cx, &buffer),
                _ => {}
            }
        }
        J::collect_garbage(cx);
        for (i, buffer) in kept.iter().enumerate() {
            set_len::<J>(cx, buffer, i);
            assert_eq!(J::with_bytes(cx, buffer, <[u8]>::len), Some(i));
        }
        let none = ok::<J, _>(cx, |cx| resizable::<J>(cx, &bytes, 0, 0));
        define::<J>(cx, "x", none);
        assert!(holds::<J>(
            cx,
            "x.byteLength === 0 && x.maxByteLength === 0 && x.resizable"
        ));
    });
    drop(fixture);
    assert_eq!(bytes.read((1 << 12) - 1), 1);
    bytes.write(0, 1);
}
