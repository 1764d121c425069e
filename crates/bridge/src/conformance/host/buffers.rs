//! ArrayBuffers over foreign bytes, and bytes of views.

use super::fixture::*;
use crate::{Completion, JsHost};

/// Bytes that outlive every engine of the test.
fn foreign(len: usize) -> *mut u8 {
    Box::leak(vec![0u8; len].into_boxed_slice()).as_mut_ptr()
}

fn buffer<J: JsHost>(cx: &mut J::Scope<'_>, data: *mut u8, len: usize) -> J::Value {
    // SAFETY: the callers pass leaked memory and hold no reference to it.
    ok::<J, _>(cx, |cx| unsafe { J::array_buffer_over(cx, data, len) })
}

/// Leaked bytes, to be looked at while no script runs.
pub(super) struct Foreign {
    data: *mut u8,
    len: usize,
}

impl Foreign {
    pub fn new(len: usize) -> Self {
        Self {
            data: foreign(len),
            len,
        }
    }

    pub fn read(&self, index: usize) -> u8 {
        assert!(index < self.len);
        // SAFETY: within the leaked bytes, of which there are no references between operations.
        unsafe { self.data.add(index).read() }
    }

    pub fn write(&self, index: usize, value: u8) {
        assert!(index < self.len);
        // SAFETY: as above.
        unsafe { self.data.add(index).write(value) }
    }
}

/// `resizable_buffer_over`
pub(super) fn resizable<J: JsHost>(
    cx: &mut J::Scope<'_>,
    bytes: &Foreign,
    len: usize,
    max: usize,
) -> Completion<J> {
    assert!(len <= bytes.len && (max <= bytes.len || max == usize::MAX));
    // SAFETY: the bytes are leaked; a maximum beyond them is to be refused.
    unsafe { J::resizable_buffer_over(cx, bytes.data, len, max) }
}

/// `shared_buffer_over`
pub(super) fn shared<J: JsHost>(
    cx: &mut J::Scope<'_>,
    bytes: &Foreign,
    len: usize,
    max: Option<usize>,
) -> Completion<J> {
    let allowed = max.is_none_or(|max| max <= bytes.len || max == usize::MAX);
    assert!(len <= bytes.len && allowed);
    // SAFETY: as above.
    unsafe { J::shared_buffer_over(cx, bytes.data, len, max) }
}

/// Sets the length of a buffer of the two functions above.
pub(super) fn set_len<J: JsHost>(cx: &mut J::Scope<'_>, buffer: &J::Value, len: usize) {
    // SAFETY: the bodies keep to the maximum, up to which there are leaked bytes.
    unsafe { J::set_buffer_len(cx, buffer, len) }
}

/// What JavaScript writes is seen outside, and the other way round.
pub fn buffers_alias_both_ways<J: JsHost>() {
    Fixture::<J>::new().enter(|cx| {
        let data = foreign(64);
        let value = buffer::<J>(cx, data, 64);
        define::<J>(cx, "b", value);
        // SAFETY: `data` is 64 leaked bytes.
        unsafe { data.add(3).write(7) };
        assert!(holds::<J>(
            cx,
            "b instanceof ArrayBuffer && b.byteLength === 64 && new Uint8Array(b)[3] === 7"
        ));
        eval::<J>(
            cx,
            "v = new DataView(b); v.setUint32(8, 0x01020304); u = new Uint8Array(b, 60);",
        );
        // SAFETY: as above.
        assert_eq!(unsafe { [data.add(8).read(), data.add(11).read()] }, [1, 4]);
        // SAFETY: as above.
        unsafe { data.add(63).write(9) };
        assert!(holds::<J>(cx, "u[3] === 9 && b.slice(63).byteLength === 1"));
        assert!(holds::<J>(
            cx,
            "c = b.slice(0), new Uint8Array(c)[3] = 1, new Uint8Array(b)[3] === 7"
        ));
    });
}

/// After a detach the buffer and all views are empty, and the bytes are left alone.
pub fn detached_buffers_are_empty<J: JsHost>() {
    Fixture::<J>::new().enter(|cx| {
        let data = foreign(64);
        let value = buffer::<J>(cx, data, 64);
        define::<J>(cx, "b", value.clone());
        eval::<J>(cx, "u = new Uint8Array(b); f = new Float64Array(b, 8, 2); v = new DataView(b);");
        J::detach(cx, &value);
        J::detach(cx, &value);
        assert!(holds::<J>(cx, "b.byteLength === 0 && u.length === 0 && f.byteLength === 0"));
        assert!(holds::<J>(cx, "u[0] === undefined && (u[0] = 1, f.fill.call(new Uint8Array(1), 1), true)"));
        assert!(holds::<J>(
            cx,
            "[() => v.getUint8(0), () => b.slice(0), () => new Uint8Array(b), () => u.fill(1)].every(\
                f => { try { f(); return false; } catch (e) { return e instanceof TypeError; } })"
        ));
        assert_eq!(J::with_bytes(cx, &value, <[u8]>::len), Some(0));
        // SAFETY: `data` is 64 leaked bytes.
        assert_eq!(unsafe { data.read() }, 0);
        let second = buffer::<J>(cx, data, 32);
        define::<J>(cx, "second", second);
        assert!(holds::<J>(cx, "second.byteLength === 32 && b.byteLength === 0"));
        J::detach(cx, &J::null());
    });
}

/// No method takes the bytes away from such a buffer.
pub fn buffers_cannot_be_transferred<J: JsHost>() {
    Fixture::<J>::new().enter(|cx| {
        let data = foreign(64);
        let value = buffer::<J>(cx, data, 64);
        define::<J>(cx, "b", value.clone());
        eval::<J>(
            cx,
            "methods = ['transfer', 'transferToFixedLength', 'transferToImmutable'].filter(\
                name => name in ArrayBuffer.prototype); \
            saved = methods.map(name => ArrayBuffer.prototype[name]); \
            refuses = f => { try { f(); return false; } catch (e) { return e instanceof TypeError; } };",
        );
        assert!(holds::<J>(
            cx,
            "saved.every(method => [undefined, 64, 0, 32, 128, { valueOf() { return 64; } }].every(\
                length => refuses(() => Reflect.apply(method, b, [length])) \
                    && refuses(() => method.call(b)) && b.byteLength === 64))"
        ));
        // A buffer of the script's own goes as ever.
        assert!(holds::<J>(
            cx,
            "methods.every(name => { \
                const own = new ArrayBuffer(8); new Uint8Array(own)[1] = 5; \
                const moved = own[name](); \
                return own.byteLength === 0 && moved.byteLength === 8 && new Uint8Array(moved)[1] === 5; })"
        ));
        assert!(holds::<J>(
            cx,
            "methods.every(name => refuses(() => ArrayBuffer.prototype[name].call({})) \
                && refuses(() => ArrayBuffer.prototype[name].call(undefined)) \
                && refuses(() => ArrayBuffer.prototype[name].call(new Proxy(b, {}))))"
        ));
        assert!(holds::<J>(
            cx,
            "methods.every(name => { const f = ArrayBuffer.prototype[name]; \
                const d = Object.getOwnPropertyDescriptor(ArrayBuffer.prototype, name); \
                return f.name === name && f.length === 0 && d.writable && !d.enumerable && d.configurable \
                    && refuses(() => new f()); })"
        ));
        J::detach(cx, &value);
        assert!(holds::<J>(cx, "saved.every(method => refuses(() => method.call(b)))"));
    });
}

/// `transfer` moves the bytes of a script's own buffer, and of no other.
pub fn buffers_are_transferred<J: JsHost>() {
    Fixture::<J>::new().enter(|cx| {
        for len in [0, 64] {
            let value = buffer::<J>(cx, foreign(64), len);
            assert!(J::transfer(cx, &value).is_err());
            assert_eq!(J::with_bytes(cx, &value, <[u8]>::len), Some(len));
            define::<J>(cx, "b", value.clone());
            assert!(holds::<J>(
                cx,
                "b.detached !== true && new Uint8Array(b).fill(3).length >= 0"
            ));
            J::detach(cx, &value);
            assert!(J::transfer(cx, &value).is_err());
        }
        for len in [0, 8] {
            let own = ok::<J, _>(cx, |cx| J::create_array_buffer(cx, &vec![7; len]));
            define::<J>(cx, "own", own.clone());
            eval::<J>(cx, "view = new Uint8Array(own)");
            let moved = ok::<J, _>(cx, |cx| J::transfer(cx, &own));
            define::<J>(cx, "moved", moved.clone());
            assert_eq!(
                J::with_bytes(cx, &moved, <[u8]>::to_vec),
                Some(vec![7; len])
            );
            assert!(holds::<J>(
                cx,
                "view.length === 0 && own.byteLength === 0 && moved !== own"
            ));
            assert!(J::transfer(cx, &own).is_err());
        }
        let empty = J::eval_script(cx, "test", "new ArrayBuffer(0)");
        assert!(empty.is_ok_and(|empty| J::transfer(cx, &empty).is_ok()));
        let object = J::global(cx);
        for value in [J::undefined(), J::number_i32(1), object] {
            assert!(J::transfer(cx, &value).is_err());
        }
    });
}

/// Such a buffer is of fixed length.
pub fn buffers_cannot_be_resized<J: JsHost>() {
    Fixture::<J>::new().enter(|cx| {
        let value = buffer::<J>(cx, foreign(64), 64);
        define::<J>(cx, "b", value);
        assert!(holds::<J>(
            cx,
            "!('resize' in b) || [0, 32, 64, 128].every(length => { \
                try { b.resize(length); return false; } \
                catch (e) { return e instanceof TypeError && b.byteLength === 64; } })"
        ));
        assert!(holds::<J>(
            cx,
            "!b.resizable && (b.maxByteLength ?? 64) === 64"
        ));
    });
}

/// A memory of no pages has a buffer too.
pub fn buffers_of_no_bytes<J: JsHost>() {
    Fixture::<J>::new().enter(|cx| {
        for data in [foreign(1), std::ptr::NonNull::dangling().as_ptr()] {
            let value = buffer::<J>(cx, data, 0);
            define::<J>(cx, "b", value.clone());
            assert!(holds::<J>(
                cx,
                "b.byteLength === 0 && new Uint8Array(b).length === 0"
            ));
            assert!(holds::<J>(
                cx,
                "!('transfer' in b) || (() => { try { b.transfer(); return false; } \
                    catch (e) { return e instanceof TypeError; } })()"
            ));
            assert_eq!(J::with_bytes(cx, &value, <[u8]>::len), Some(0));
            J::detach(cx, &value);
        }
    });
}

/// `with_bytes` gives the bytes of buffers and views, as they are now.
pub fn bytes_of_views<J: JsHost>() {
    Fixture::<J>::new().enter(|cx| {
        eval::<J>(
            cx,
            "b = new ArrayBuffer(16); new Uint8Array(b).set([0, 1, 2, 3, 4, 5, 6, 7, 8]); \
            s = new SharedArrayBuffer(4); new Uint8Array(s)[2] = 6;",
        );
        let cases: [(&str, &[u8]); 7] = [
            ("b.slice(0, 4)", &[0, 1, 2, 3]),
            ("s", &[0, 0, 6, 0]),
            ("new Uint8Array(b, 2, 3)", &[2, 3, 4]),
            ("new Uint16Array(b, 4, 2)", &[4, 5, 6, 7]),
            ("new DataView(b, 1, 2)", &[1, 2]),
            ("new Uint8Array(s, 2)", &[6, 0]),
            ("new DataView(b, 16)", &[]),
        ];
        for (source, bytes) in cases {
            let value = eval::<J>(cx, source);
            let found = J::with_bytes(cx, &value, <[u8]>::to_vec);
            assert_eq!(found.as_deref(), Some(bytes), "{source}");
        }
        for source in [
            "({})",
            "[1]",
            "1",
            "'s'",
            "new Proxy(b, {})",
            "Object.create(b)",
        ] {
            let value = eval::<J>(cx, source);
            assert!(J::with_bytes(cx, &value, |_| ()).is_none(), "{source}");
            assert!(J::with_bytes_mut(cx, &value, |_| ()).is_none(), "{source}");
        }
        let view = eval::<J>(cx, "u = new Uint8Array(b, 8, 4)");
        J::with_bytes_mut(cx, &view, |bytes| bytes.fill(0xAB)).expect("bytes");
        assert!(holds::<J>(
            cx,
            "x = new Uint8Array(b), x[7] === 7 && x[8] === 171 && x[12] === 0"
        ));
        let data = foreign(8);
        let value = buffer::<J>(cx, data, 8);
        J::with_bytes_mut(cx, &value, |bytes| bytes[5] = 1).expect("bytes");
        // SAFETY: `data` is 8 leaked bytes.
        assert_eq!(unsafe { data.add(5).read() }, 1);
        // Views that lost their bytes, by a resize where there is one.
        eval::<J>(
            cx,
            "r = new ArrayBuffer(16, { maxByteLength: 32 }); t = new Uint8Array(r, 8, 8); \
            d = new DataView(r, 8, 8); if (r.resize) r.resize(4);",
        );
        if holds::<J>(cx, "r.byteLength === 4") {
            for source in ["t", "d"] {
                let value = eval::<J>(cx, source);
                assert_eq!(J::with_bytes(cx, &value, <[u8]>::len), Some(0), "{source}");
            }
        }
    });
}

/// `create_uint8_array` and `create_array_buffer` copy.
pub fn copies_are_copies<J: JsHost>() {
    Fixture::<J>::new().enter(|cx| {
        let bytes = [1, 2, 3];
        let value = ok::<J, _>(cx, |cx| J::create_uint8_array(cx, &bytes));
        define::<J>(cx, "u", value);
        assert!(holds::<J>(
            cx,
            "u instanceof Uint8Array && u.join() === '1,2,3' && u.byteOffset === 0 \
                && u.buffer.byteLength === 3 && (u[0] = 9, true)"
        ));
        assert_eq!(bytes[0], 1);
        let buffer = ok::<J, _>(cx, |cx| J::create_array_buffer(cx, &bytes));
        define::<J>(cx, "b", buffer);
        assert!(holds::<J>(
            cx,
            "b instanceof ArrayBuffer && new Uint8Array(b).join() === '1,2,3' && !b.resizable \
                && (!b.transfer || b.transfer(8).byteLength === 8)"
        ));
        let buffer = ok::<J, _>(cx, |cx| J::create_array_buffer(cx, &[]));
        assert_eq!(J::with_bytes(cx, &buffer, <[u8]>::len), Some(0));
        let empty = ok::<J, _>(cx, |cx| J::create_uint8_array(cx, &[]));
        define::<J>(cx, "e", empty);
        assert!(holds::<J>(cx, "e.length === 0"));
    });
}

/// Buffers that were never detached die with the engine, and free nothing of ours.
pub fn many_buffers_die_with_the_engine<J: JsHost>() {
    let data = foreign(1 << 16);
    for _ in 0..4 {
        let mut fixture = Fixture::<J>::new();
        let kept = fixture.enter(|cx| {
            eval::<J>(cx, "all = [];");
            define_function::<J>(cx, "make", move |cx, args| {
                let len = J::arg_i32(args, 0).unwrap_or(0) as usize;
                // SAFETY: `data` is leaked and at least as long.
                unsafe { J::array_buffer_over(cx, data, len) }
            });
            eval::<J>(
                cx,
                "for (let i = 0; i < 2500; i++) { \
                    const u = new Uint8Array(make(i)); u.fill(i); if (i % 3) all.push(u); }",
            );
            J::collect_garbage(cx);
            assert!(holds::<J>(cx, "all.at(-1).length === 2498"));
            eval::<J>(cx, "all.at(-1).buffer")
        });
        drop(fixture);
        drop(kept);
    }
    // SAFETY: as above; no engine is left.
    unsafe { data.write(1) };
}
