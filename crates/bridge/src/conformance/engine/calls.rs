//! Calls from the host into wasm.

use super::fixture::*;
use crate::{Extern, ValType, WasmEngine};

/// All bits of all four scalar types come back, by both ways to call.
pub fn call_numbers<W: WasmEngine>() {
    let mut fx = Fixture::<W>::new();
    let instance = fx.instance(
        r#"(module
            (func (export "i32") (param i32) (result i32) local.get 0)
            (func (export "i64") (param i64) (result i64) local.get 0)
            (func (export "f32") (param f32) (result f32) local.get 0)
            (func (export "f64") (param f64) (result f64) local.get 0))"#,
        &[],
    );
    let mut values: Vec<(&str, Val<W>)> = Vec::new();
    values.extend([0, 1, -1, i32::MIN, i32::MAX].map(|v| ("i32", Val::I32(v))));
    values.extend([0, 1, -1, i64::MIN, i64::MAX, 1 << 53].map(|v| ("i64", Val::I64(v))));
    values.extend(
        [
            0,
            0x8000_0000,
            0x3fc0_0000,
            0x7f80_0000,
            0x7fc0_0000,
            0x7fa0_0001,
            0xffff_ffff,
            1,
        ]
        .map(|bits| ("f32", Val::F32(bits))),
    );
    values.extend(
        [
            0,
            1 << 63,
            1.5f64.to_bits(),
            f64::NEG_INFINITY.to_bits(),
            0x7ff8_0000_0000_0000,
            0x7ff4_0000_0000_0001,
            u64::MAX,
            1,
        ]
        .map(|bits| ("f64", Val::F64(bits))),
    );
    for (name, value) in values {
        let f = fx.func(&instance, name);
        let value = [value];
        assert_same(&fx.invoke(&f, &value).expect("no trap"), &value);
        assert_same(&fx.call(&f, &value).expect("no trap"), &value);
    }
}

/// Several results, in number more, equal and fewer than the parameters.
pub fn call_multi_value<W: WasmEngine>() {
    let mut fx = Fixture::<W>::new();
    let instance = fx.instance(
        r#"(module
            (func (export "reverse")
                (param i32 i64 f32 f64) (result f64 f32 i64 i32)
                local.get 3 local.get 2 local.get 1 local.get 0)
            (func (export "three") (param i32) (result i32 i64 i32)
                local.get 0 i64.const -7 local.get 0 i32.const 1 i32.add)
            (func (export "sum") (param i32 i32 i32 i32 i32) (result i32)
                local.get 0 local.get 1 local.get 2 local.get 3 local.get 4
                i32.add i32.add i32.add i32.add)
            (func (export "none")))"#,
        &[],
    );
    let f = fx.func(&instance, "reverse");
    let params = [
        Val::I32(-5),
        Val::I64(1 << 40),
        Val::F32(1.5f32.to_bits()),
        Val::F64(2.5f64.to_bits()),
    ];
    let reversed: Vec<_> = params.iter().rev().cloned().collect();
    assert_same(&fx.invoke(&f, &params).expect("no trap"), &reversed);
    assert_same(&fx.call(&f, &params).expect("no trap"), &reversed);

    let f = fx.func(&instance, "three");
    let three = [Val::I32(41), Val::I64(-7), Val::I32(42)];
    assert_same(&fx.invoke(&f, &[Val::I32(41)]).expect("no trap"), &three);
    assert_same(&fx.call(&f, &[Val::I32(41)]).expect("no trap"), &three);

    let f = fx.func(&instance, "sum");
    let params = [1, 2, 3, 4, 5].map(Val::I32);
    assert_same(&fx.invoke(&f, &params).expect("no trap"), &[Val::I32(15)]);
    assert_same(&fx.call(&f, &params).expect("no trap"), &[Val::I32(15)]);

    let f = fx.func(&instance, "none");
    assert_same(&fx.invoke(&f, &[]).expect("no trap"), &[]);
    assert_same(&fx.call(&f, &[]).expect("no trap"), &[]);
}

/// A function of another instance is linked as it is, and keeps its own state.
pub fn call_other_instance<W: WasmEngine>() {
    let mut fx = Fixture::<W>::new();
    let first = fx.instance(
        r#"(module
            (global $n (mut i32) (i32.const 0))
            (func (export "next") (result i32)
                (global.set $n (i32.add (global.get $n) (i32.const 1)))
                global.get $n))"#,
        &[],
    );
    let next = fx.func(&first, "next");
    let second = fx.instance(
        r#"(module
            (import "a" "next" (func $next (result i32)))
            (func (export "twice") (result i32) call $next drop call $next))"#,
        &[Extern::Func(next.clone())],
    );
    assert_eq!(fx.run(&second, "twice"), 2);
    assert_eq!(fx.run(&first, "next"), 3);
    assert_same(&fx.call(&next, &[]).expect("no trap"), &[Val::I32(4)]);
}

/// Vectors are not scalar: they go through the general call.
pub fn call_vectors<W: WasmEngine>() {
    let mut fx = Fixture::<W>::new();
    let instance = fx.instance(
        r#"(module (func (export "same") (param v128 i32) (result i32 v128)
            local.get 1 local.get 0))"#,
        &[],
    );
    let f = fx.func(&instance, "same");
    let signature = W::func_type(&mut fx.cx(), &f);
    assert_eq!(
        signature,
        ty(
            &[ValType::V128, ValType::I32],
            &[ValType::I32, ValType::V128]
        )
    );
    let vector = 0x0011_2233_4455_6677_8899_aabb_ccdd_eeff;
    let results = fx.call(&f, &[Val::V128(vector), Val::I32(9)]);
    assert_same(
        &results.expect("no trap"),
        &[Val::I32(9), Val::V128(vector)],
    );
}
