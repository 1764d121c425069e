//! Shared buffers over foreign bytes.

use super::buffers::{Foreign, set_len, shared};
use super::fixture::*;
use super::resizable::{all_hold, prepare};
use crate::{JsHost, ObjectClass};

/// An engine with the global `s`, a SharedArrayBuffer of 64 bytes.
fn fixture<J: JsHost>(max: Option<usize>) -> Option<(Fixture<J>, J::Value, Foreign)> {
    if !J::FEATURES.shared_buffers {
        return None;
    }
    let mut fixture = Fixture::<J>::new();
    let bytes = Foreign::new(128);
    let buffer = fixture.enter(|cx| {
        let buffer = ok::<J, _>(cx, |cx| shared::<J>(cx, &bytes, 64, max));
        define::<J>(cx, "s", buffer.clone());
        buffer
    });
    prepare(&mut fixture);
    Some((fixture, buffer, bytes))
}

/// A shared buffer of fixed length is over the bytes themselves, and does all that others do.
pub fn shared_buffers_alias_both_ways<J: JsHost>() {
    let Some((mut fixture, buffer, bytes)) = fixture::<J>(None) else {
        return;
    };
    bytes.write(3, 7);
    fixture.enter(|cx| {
        let class = J::object_class(cx, &buffer);
        assert_eq!(class, Some(ObjectClass::SharedArrayBuffer));
        assert_eq!(J::with_bytes(cx, &buffer, |bytes| bytes[3]), Some(7));
    });
    all_hold(
        &mut fixture,
        &[
            "s instanceof SharedArrayBuffer && s.byteLength === 64 && !(s instanceof ArrayBuffer)",
            "!s.growable && (s.maxByteLength ?? 64) === 64",
            "Object.prototype.toString.call(s) === '[object SharedArrayBuffer]'",
            "u = new Uint8Array(s), i = new Int32Array(s), u[3] === 7 && u.buffer === s",
            "Atomics.add(i, 2, 5) === 0 && Atomics.add(i, 2, -6) === 5 && i[2] === -1",
            "Atomics.compareExchange(i, 2, -1, 9) === -1 && Atomics.load(i, 2) === 9",
            "Atomics.notify(i, 0, 1) === 0",
            "c = s.slice(0, 8), c instanceof SharedArrayBuffer && c !== s && c.byteLength === 8",
            "new Uint8Array(c)[3] === 7 && (new Uint8Array(c)[3] = 1) && u[3] === 7",
            "s.slice(60).byteLength === 4 && s.slice().byteLength === 64",
            "!('transfer' in s) && typeof s.resize === 'undefined'",
            "typeof s.grow === 'undefined' || refuses(() => s.grow(64))",
            "typeof structuredClone !== 'function' || \
                refuses(() => structuredClone(s, { transfer: [s] }), Error)",
            "s.byteLength === 64 && u[3] === 7",
        ],
    );
    assert_eq!([bytes.read(8), bytes.read(9)], [9, 0]);
    fixture.enter(|cx| {
        ok::<J, _>(cx, |cx| J::freeze(cx, &buffer));
        assert!(holds::<J>(
            cx,
            "Object.isFrozen(s) && (u[0] = 1) && u[0] === 1"
        ));
        J::collect_garbage(cx);
    });
    assert!(fixture.hooks.resized.take().is_empty());
    drop((fixture, buffer));
    bytes.write(3, 8);
    assert_eq!(bytes.read(0), 1);
}

/// A growable one asks the embedder, and its length follows.
pub fn shared_buffers_grow<J: JsHost>() {
    let Some((mut fixture, buffer, bytes)) = fixture::<J>(Some(128)) else {
        return;
    };
    bytes.write(100, 4);
    all_hold(
        &mut fixture,
        &[
            "s.growable === true && s.maxByteLength === 128 && s.byteLength === 64",
            "u = new Uint8Array(s), f = new Uint8Array(s, 0, 16), v = new DataView(s), u.length === 64",
            "[64, 96, 128].every(n => refused(() => s.grow(n)) && s.byteLength === 64)",
        ],
    );
    assert_eq!(fixture.hooks.resized.take(), [64, 96, 128]);
    all_hold(
        &mut fixture,
        &["[129, 2 ** 53, Infinity, -1].every(n => refuses(() => s.grow(n), RangeError))"],
    );
    assert!(fixture.hooks.resized.take().is_empty());
    fixture.hooks.resizes.set(true);
    all_hold(
        &mut fixture,
        &[
            "s.grow(96) === undefined && s.byteLength === 96 && u.length === 96 && f.length === 16",
            "v.byteLength === 96 && u[95] === 0",
        ],
    );
    fixture.enter(|cx| set_len::<J>(cx, &buffer, 128));
    all_hold(
        &mut fixture,
        &[
            "s.byteLength === 128 && u.length === 128 && u[100] === 4 && s.growable",
            "Atomics.add(u, 100, 1) === 4",
            "s.slice(100).byteLength === 28 && new Uint8Array(s.slice(100))[0] === 5",
            "grow = SharedArrayBuffer.prototype.grow, \
                SharedArrayBuffer.prototype.grow = () => { throw 1; }, \
                Reflect.apply(grow, s, [128]) === undefined",
            "[{}, 1, undefined, u, new Proxy(s, {}), new SharedArrayBuffer(8), new ArrayBuffer(8)] \
                .every(x => refuses(() => Reflect.apply(grow, x, [8])))",
        ],
    );
    assert_eq!(fixture.hooks.resized.take(), [96, 128]);
    assert_eq!(bytes.read(100), 5);
    fixture.enter(|cx| {
        let view = eval::<J>(cx, "f");
        assert!(!J::is_out_of_bounds(cx, &view));
        ok::<J, _>(cx, |cx| J::freeze(cx, &buffer));
        assert!(holds::<J>(cx, "Object.isFrozen(s) && s.byteLength === 128"));
    });
}
