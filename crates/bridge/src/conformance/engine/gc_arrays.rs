//! Arrays of 16-bit integers, as strings are made of them.

use super::fixture::*;
use crate::WasmEngine;

const ARRAYS: &str = r#"(module
    (type $a (array (mut i16)))
    (type $sub (sub (array (mut i16))))
    (type $fixed (array i16))
    (type $bytes (array (mut i8)))
    (type $wide (array (mut i32)))
    (type $s (struct (field (mut i16))))
    (func (export "array") (result (ref $a))
        (array.new_fixed $a 4 (i32.const 0x61) (i32.const 0xd800) (i32.const 0) (i32.const -1)))
    (func (export "sub") (result (ref $sub))
        (array.new_fixed $sub 2 (i32.const 1) (i32.const 2)))
    (func (export "empty") (result (ref $a)) (array.new_default $a (i32.const 0)))
    (func (export "long") (result (ref $a)) (array.new $a (i32.const 9) (i32.const 100000)))
    (func (export "fixed") (result (ref $fixed)) (array.new $fixed (i32.const 5) (i32.const 4)))
    (func (export "bytes") (result (ref $bytes)) (array.new_default $bytes (i32.const 4)))
    (func (export "wide") (result (ref $wide)) (array.new_default $wide (i32.const 4)))
    (func (export "struct") (result (ref $s)) (struct.new_default $s))
    (func (export "i31") (result i31ref) (ref.i31 (i32.const 4)))
    (func (export "any") (param externref) (result anyref) (any.convert_extern (local.get 0)))
    (func (export "get") (param (ref $a) i32) (result i32)
        (array.get_u $a (local.get 0) (local.get 1)))
    (func (export "get-fixed") (param (ref $fixed) i32) (result i32)
        (array.get_u $fixed (local.get 0) (local.get 1)))
    (func (export "set") (param (ref $a) i32 i32)
        (array.set $a (local.get 0) (local.get 1) (local.get 2))))"#;

/// Elements are read as they are, and those beyond the end not at all.
pub fn gc_array_read<W: WasmEngine>() {
    if !W::FEATURES.gc {
        return;
    }
    let mut fx = Fixture::<W>::new();
    let instance = fx.instance(ARRAYS, &[]);
    let value = fx.get(&instance, "array", &[]);
    let array = any_of(&value);
    let units = [0x61, 0xd800, 0, 0xffff];
    for start in 0..=4 {
        for end in start..=4 {
            let read = W::array_read_u16(&mut fx.cx(), &array, start..end);
            let range = start as usize..end as usize;
            assert_eq!(read.as_deref(), Some(&units[range]), "{start}..{end}");
        }
    }
    for range in [0..5, 4..5, 5..5, 5..6, 0..u32::MAX, u32::MAX..u32::MAX] {
        let read = W::array_read_u16(&mut fx.cx(), &array, range.clone());
        assert_eq!(read, None, "{range:?}");
    }
    let set = fx.func(&instance, "set");
    fx.call(&set, &[value, Val::I32(2), Val::I32(0x1_0042)])
        .expect("in bounds");
    let read = W::array_read_u16(&mut fx.cx(), &array, 1..3);
    assert_eq!(read, Some(vec![0xd800, 0x42]));

    for (name, range, units) in [
        ("sub", 0..2, &[1, 2][..]),
        ("empty", 0..0, &[]),
        ("fixed", 1..3, &[5, 5]),
        ("long", 50_000..50_003, &[9, 9, 9]),
    ] {
        let array = any_of(&fx.get(&instance, name, &[]));
        let read = W::array_read_u16(&mut fx.cx(), &array, range);
        assert_eq!(read.as_deref(), Some(units), "{name}");
    }
    let long = any_of(&fx.get(&instance, "long", &[]));
    let read = W::array_read_u16(&mut fx.cx(), &long, 0..100_000);
    assert_eq!(read, Some(vec![9; 100_000]));
}

/// Elements are written where there is room for all of them.
pub fn gc_array_write<W: WasmEngine>() {
    if !W::FEATURES.gc {
        return;
    }
    let mut fx = Fixture::<W>::new();
    let instance = fx.instance(ARRAYS, &[]);
    let value = fx.get(&instance, "array", &[]);
    let array = any_of(&value);
    let written = W::array_write_u16(&mut fx.cx(), &array, 1, &[0xdc00, 0xffff]);
    assert_eq!(written, Some(()));
    for (index, unit) in [0x61, 0xdc00, 0xffff, 0xffff].into_iter().enumerate() {
        let index = Val::I32(i32::try_from(index).expect("few"));
        let seen = fx.get(&instance, "get", &[value.clone(), index]);
        assert_same(&[seen], &[Val::I32(unit)]);
    }
    for (start, elements) in [(0, &[][..]), (4, &[]), (0, &[1, 2, 3, 4]), (3, &[5])] {
        let written = W::array_write_u16(&mut fx.cx(), &array, start, elements);
        assert_eq!(written, Some(()), "{elements:?} at {start}");
    }
    let whole = Some(vec![1, 2, 3, 5]);
    for (start, elements) in [
        (5, &[][..]),
        (4, &[9]),
        (3, &[9, 9]),
        (0, &[9; 5]),
        (u32::MAX, &[9]),
        (u32::MAX, &[]),
    ] {
        let written = W::array_write_u16(&mut fx.cx(), &array, start, elements);
        assert_eq!(written, None, "{elements:?} at {start}");
        let read = W::array_read_u16(&mut fx.cx(), &array, 0..4);
        assert_eq!(read, whole, "nothing is set");
    }
    let sub = any_of(&fx.get(&instance, "sub", &[]));
    assert!(W::array_write_u16(&mut fx.cx(), &sub, 0, &[7, 8]).is_some());
    let read = W::array_read_u16(&mut fx.cx(), &sub, 0..2);
    assert_eq!(read, Some(vec![7, 8]));
}

/// What is no such array is not mistaken for one.
pub fn gc_arrays_of_other_types<W: WasmEngine>() {
    if !W::FEATURES.gc {
        return;
    }
    let mut fx = Fixture::<W>::new();
    let instance = fx.instance(ARRAYS, &[]);
    let host = Val::Extern(Some(fx.externref(1)));
    let mut others = vec![fx.get(&instance, "any", &[host])];
    for name in ["bytes", "wide", "struct", "i31"] {
        others.push(fx.get(&instance, name, &[]));
    }
    for (i, other) in others.iter().enumerate() {
        let other = any_of(other);
        for range in [0..0, 0..1] {
            let read = W::array_read_u16(&mut fx.cx(), &other, range);
            assert_eq!(read, None, "value {i}");
        }
        for elements in [&[][..], &[1]] {
            let written = W::array_write_u16(&mut fx.cx(), &other, 0, elements);
            assert_eq!(written, None, "value {i}");
        }
    }
    // One that can be read, but not written.
    let fixed = fx.get(&instance, "fixed", &[]);
    let written = W::array_write_u16(&mut fx.cx(), &any_of(&fixed), 0, &[1]);
    assert_eq!(written, None);
    let seen = fx.get(&instance, "get-fixed", &[fixed, Val::I32(0)]);
    assert_same(&[seen], &[Val::I32(5)]);
}
