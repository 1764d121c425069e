//! Tags and exceptions.

use super::fixture::*;
use crate::{ErrorKind, Extern, ValType, WasmEngine};

const THROWER: &str = r#"(module
    (tag $e (export "e") (param i32 i64 f32 f64 externref))
    (tag $same (export "same") (param i32 i64 f32 f64 externref))
    (tag $none (export "none"))
    (export "again" (tag $e))
    (func (export "throw") (param i32 externref)
        (throw $e (local.get 0) (i64.const -2) (f32.const 1.5) (f64.const -0.5) (local.get 1)))
    (func (export "throw-none") (throw $none)))"#;

#[track_caller]
pub(super) fn taken<W: WasmEngine>(
    fx: &mut Fixture<W>,
    result: Result<Vec<Val<W>>, W::Error>,
) -> W::ExnRef {
    assert_kind::<_, W>(result, ErrorKind::Exception);
    let exn = W::exn_take(&mut fx.cx()).expect("the exception waits");
    assert!(W::exn_take(&mut fx.cx()).is_none(), "it waits once");
    exn
}

#[track_caller]
pub(super) fn assert_same_exception<W: WasmEngine>(
    fx: &mut Fixture<W>,
    a: &W::ExnRef,
    b: &W::ExnRef,
) {
    let of = |fx: &mut Fixture<W>, exn| W::exn_identity(&mut fx.cx(), exn);
    assert_eq!(of(fx, a), of(fx, b));
}

/// Tags are what they are however they are come by; types do not make them equal.
pub fn exception_tags<W: WasmEngine>() {
    if !W::FEATURES.exceptions {
        return;
    }
    let mut fx = Fixture::<W>::new();
    let thrower = fx.instance(THROWER, &[]);
    let signature = ty(&[ValType::I32, EXTERNREF], &[]);
    let own = W::tag_alloc(&mut fx.cx(), &signature).expect("a tag");
    let twin = W::tag_alloc(&mut fx.cx(), &signature).expect("a tag");
    assert_eq!(W::tag_type(&mut fx.cx(), &own), signature);
    let user = fx.instance(
        r#"(module (import "a" "t" (tag $t (param i32 externref))) (export "t" (tag $t)))"#,
        &[Extern::Tag(own.clone())],
    );
    let back = fx.tag(&user, "t");
    let [e, again, same, none] = ["e", "again", "same", "none"].map(|name| fx.tag(&thrower, name));
    let second = fx.instance(THROWER, &[]);
    let other = fx.tag(&second, "e");
    let all = [own.clone(), twin, e.clone(), same, none, other];
    for (i, a) in all.iter().enumerate() {
        for (j, b) in all.iter().enumerate() {
            assert_eq!(W::tag_eq(&mut fx.cx(), a, b), i == j, "{i} and {j}");
        }
    }
    assert!(W::tag_eq(&mut fx.cx(), &own, &back));
    assert!(W::tag_eq(&mut fx.cx(), &e, &again));
    let empty = W::tag_alloc(&mut fx.cx(), &ty(&[], &[])).expect("a tag");
    assert_eq!(W::tag_type(&mut fx.cx(), &empty), ty(&[], &[]));
    let result = fx.try_instance(
        r#"(module (import "a" "t" (tag (param i64))))"#,
        &[Extern::Tag(own)],
    );
    assert_kind::<_, W>(result, ErrorKind::Link);
}

/// An exception of the host's own has the tag and the fields it was made with.
pub fn exception_alloc<W: WasmEngine>() {
    if !W::FEATURES.exceptions {
        return;
    }
    let mut fx = Fixture::<W>::new();
    let types = [
        ValType::I32,
        ValType::I64,
        ValType::F32,
        ValType::F64,
        ValType::V128,
        EXTERNREF,
        FUNCREF,
    ];
    let tag = W::tag_alloc(&mut fx.cx(), &ty(&types, &[])).expect("a tag");
    let host = fx.externref(6);
    let f = fx.host(&ty(&[], &[]), |_, _| Ok(()));
    let numbers = [
        Val::I32(i32::MIN),
        Val::I64(i64::MAX),
        Val::F32(0x7fa0_0001),
        Val::F64(0x7ff4_0000_0000_0001),
        Val::V128(u128::MAX - 7),
    ];
    let references = [Val::Extern(Some(host)), Val::Func(Some(f.clone()))];
    let fields = [&numbers[..], &references].concat();
    let exn = W::exn_alloc(&mut fx.cx(), &tag, &fields).expect("an exception");
    let found = W::exn_tag(&mut fx.cx(), &exn).expect("its tag");
    assert!(W::tag_eq(&mut fx.cx(), &found, &tag));
    let read = W::exn_read(&mut fx.cx(), &exn).expect("its fields");
    assert_same(&read[..5], &numbers);
    assert_eq!(id_of::<W>(&mut fx.cx(), &extern_of(&read[5])).0, 6);
    assert_eq!(fx.identity(&func_of(&read[6])), fx.identity(&f));
    assert_eq!(read.len(), 7);

    assert_same_exception(&mut fx, &exn, &exn.clone());
    let nulls = [&numbers[..], &[Val::Extern(None), Val::Func(None)]].concat();
    let other = W::exn_alloc(&mut fx.cx(), &tag, &nulls).expect("an exception");
    let of = |fx: &mut Fixture<W>, exn| W::exn_identity(&mut fx.cx(), exn);
    assert_ne!(of(&mut fx, &exn), of(&mut fx, &other));
    let read = W::exn_read(&mut fx.cx(), &other).expect("its fields");
    assert!(matches!(read[5..], [Val::Extern(None), Val::Func(None)]));
    // Nothing was thrown.
    assert!(W::exn_take(&mut fx.cx()).is_none());

    let mut wrong = nulls;
    wrong[6] = Val::Extern(None);
    let result = W::exn_alloc(&mut fx.cx(), &tag, &wrong);
    assert_kind::<_, W>(result, ErrorKind::Type);
}

/// Fields match the types of the module that made the tag.
pub fn exception_fields_have_types<W: WasmEngine>() {
    if !(W::FEATURES.exceptions && W::FEATURES.gc) {
        return;
    }
    let mut fx = Fixture::<W>::new();
    let instance = fx.instance(
        r#"(module (type $s (struct (field i32))) (type $other (struct))
            (tag (export "e") (param (ref null $s)))
            (func (export "good") (result structref) (struct.new $s (i32.const 1)))
            (func (export "bad") (result structref) (struct.new $other)))"#,
        &[],
    );
    let tag = fx.tag(&instance, "e");
    assert_eq!(W::tag_type(&mut fx.cx(), &tag), ty(&[STRUCTREF], &[]));
    let bad = fx.get(&instance, "bad", &[]);
    let result = W::exn_alloc(&mut fx.cx(), &tag, &[bad]);
    assert_kind::<_, W>(result, ErrorKind::Type);
    for good in [fx.get(&instance, "good", &[]), Val::Any(None)] {
        let exn = W::exn_alloc(&mut fx.cx(), &tag, &[good]).expect("an exception");
        let read = W::exn_read(&mut fx.cx(), &exn).expect("its fields");
        assert!(matches!(read[..], [Val::Any(_)]));
    }
}

/// What wasm throws and nothing catches comes out whole, by every way in.
pub fn exception_uncaught<W: WasmEngine>() {
    if !W::FEATURES.exceptions {
        return;
    }
    let mut fx = Fixture::<W>::new();
    let thrower = fx.instance(THROWER, &[]);
    let throw = fx.func(&thrower, "throw");
    let e = fx.tag(&thrower, "e");
    let mut last = None;
    for n in [1, -1] {
        let value = Val::Extern(Some(fx.externref(4)));
        let result = fx.call(&throw, &[Val::I32(n), value]);
        let exn = taken(&mut fx, result);
        let tag = W::exn_tag(&mut fx.cx(), &exn).expect("its tag");
        assert!(W::tag_eq(&mut fx.cx(), &tag, &e));
        let read = W::exn_read(&mut fx.cx(), &exn).expect("its fields");
        let numbers = [
            Val::I32(n),
            Val::I64(-2),
            Val::F32(1.5f32.to_bits()),
            Val::F64((-0.5f64).to_bits()),
        ];
        assert_same(&read[..4], &numbers);
        assert_eq!(id_of::<W>(&mut fx.cx(), &extern_of(&read[4])).0, 4);
        if let Some(last) = last.replace(exn.clone()) {
            let of = |fx: &mut Fixture<W>, exn| W::exn_identity(&mut fx.cx(), exn);
            assert_ne!(of(&mut fx, &last), of(&mut fx, &exn));
        }
    }
    let throw = fx.func(&thrower, "throw-none");
    let none = fx.tag(&thrower, "none");
    let text = r#"(module (import "a" "throw" (func $f)) (func $s (call $f)) (start $s))"#;
    let started = fx.try_instance(text, &[Extern::Func(throw.clone())]);
    for result in [
        fx.invoke(&throw, &[]),
        fx.call(&throw, &[]),
        started.map(|_| Vec::new()),
    ] {
        // The last of the three waits: nobody took the others.
        assert_kind::<_, W>(result, ErrorKind::Exception);
    }
    let result = fx.invoke(&throw, &[]);
    let exn = taken(&mut fx, result);
    let tag = W::exn_tag(&mut fx.cx(), &exn).expect("its tag");
    assert!(W::tag_eq(&mut fx.cx(), &tag, &none));
    assert!(W::exn_read(&mut fx.cx(), &exn).expect("none").is_empty());
}

/// Exceptions that are held keep their fields, whatever else is thrown.
pub fn exception_survives_collection<W: WasmEngine>() {
    if !W::FEATURES.exceptions {
        return;
    }
    let mut fx = Fixture::<W>::new();
    let thrower = fx.instance(THROWER, &[]);
    let throw = fx.func(&thrower, "throw");
    let e = fx.tag(&thrower, "e");
    let mut held = Vec::new();
    for n in 0..20_000 {
        let id = u32::try_from(n).expect("few");
        let value = Val::Extern(Some(fx.externref(id)));
        let result = fx.call(&throw, &[Val::I32(n), value]);
        let exn = taken(&mut fx, result);
        if n % 1000 == 0 {
            held.push((n, W::exn_identity(&mut fx.cx(), &exn), exn));
        }
    }
    let released = fx.released.drain();
    for (n, identity, exn) in &held {
        assert_eq!(W::exn_identity(&mut fx.cx(), exn), *identity);
        let tag = W::exn_tag(&mut fx.cx(), exn).expect("its tag");
        assert!(W::tag_eq(&mut fx.cx(), &tag, &e));
        let read = W::exn_read(&mut fx.cx(), exn).expect("its fields");
        assert_eq!(i32_of(&read[0]), *n);
        let id = id_of::<W>(&mut fx.cx(), &extern_of(&read[4]));
        assert_eq!(id.0, n.unsigned_abs());
        assert!(!released.contains(&id));
    }
}
