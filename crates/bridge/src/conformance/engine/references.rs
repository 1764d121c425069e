//! External references and function references.

use super::fixture::*;
use crate::{HostId, WasmEngine};

const HOLDER: &str = r#"(module
    (table $t (export "t") 10 externref)
    (global $g (export "g") (mut externref) (ref.null extern))
    (func (export "pass") (param externref) (result externref) local.get 0)
    (func (export "keep") (param i32 externref)
        (table.set $t (local.get 0) (local.get 1)) (global.set $g (local.get 1)))
    (func (export "clear") (param i32)
        (table.set $t (local.get 0) (ref.null extern)) (global.set $g (ref.null extern)))
    (func (export "get") (param i32) (result externref) (table.get $t (local.get 0))))"#;

/// A reference carries its number through wasm, tables and globals; null stays null.
pub fn externref_identity<W: WasmEngine>() {
    let mut fx = Fixture::<W>::new();
    let instance = fx.instance(HOLDER, &[]);
    let pass = fx.func(&instance, "pass");
    let (keep, get) = (fx.func(&instance, "keep"), fx.func(&instance, "get"));
    for i in 0..10 {
        let value = Val::Extern(Some(fx.externref(100 + i)));
        let back = fx
            .call(&pass, std::slice::from_ref(&value))
            .expect("no trap");
        let back = extern_of(&back[0]);
        assert_eq!(id_of::<W>(&mut fx.cx(), &back), HostId(100 + i));
        let slot = Val::I32(i.cast_signed());
        fx.call(&keep, &[slot, value]).expect("no trap");
    }
    for i in 0..10 {
        let back = fx.call(&get, &[Val::I32(i)]).expect("no trap");
        let id = id_of::<W>(&mut fx.cx(), &extern_of(&back[0]));
        assert_eq!(id, HostId(100 + i.unsigned_abs()));
    }
    assert!(fx.released.drain().is_empty());
    let back = fx.call(&pass, &[Val::Extern(None)]).expect("no trap");
    assert!(matches!(back[0], Val::Extern(None)));
}

/// All payloads come back when the store goes, each once, also those still in handles.
pub fn externref_released_with_store<W: WasmEngine>() {
    let mut fx = Fixture::<W>::new();
    let instance = fx.instance(HOLDER, &[]);
    let keep = fx.func(&instance, "keep");
    let kept: Vec<_> = (0..20).map(|id| fx.externref(id)).collect();
    for (i, value) in kept.iter().enumerate().take(10) {
        let slot = Val::I32(i32::try_from(i).expect("few"));
        fx.call(&keep, &[slot, Val::Extern(Some(value.clone()))])
            .expect("no trap");
    }
    let (handles, released) = (kept, fx.released.clone());
    drop(fx);
    // Handles may outlive the store; what they held is gone with one or the other.
    drop(handles);
    let mut ids: Vec<_> = released.drain().iter().map(|id| id.0).collect();
    ids.sort_unstable();
    assert_eq!(ids, (0..20).collect::<Vec<_>>());
}

/// References that nobody holds are given back while the store lives.
pub fn externref_collected<W: WasmEngine>() {
    const COUNT: usize = 100_000;
    if !W::FEATURES.collects_externref {
        return;
    }
    let mut fx = Fixture::<W>::new();
    let instance = fx.instance(HOLDER, &[]);
    let (pass, keep) = (fx.func(&instance, "pass"), fx.func(&instance, "keep"));
    let clear = fx.func(&instance, "clear");
    let held = fx.externref(u32::MAX);
    let in_table = fx.externref(u32::MAX - 1);
    let kept = Val::Extern(Some(in_table));
    fx.call(&keep, &[Val::I32(1), kept]).expect("no trap");
    let mut released = 0;
    for i in 0..COUNT {
        let value = Val::Extern(Some(fx.externref(u32::try_from(i).expect("few"))));
        // Some by way of wasm, some by way of a table, some not at all.
        match i % 3 {
            0 => drop(fx.call(&pass, &[value]).expect("no trap")),
            1 => {
                fx.call(&keep, &[Val::I32(0), value]).expect("no trap");
                fx.call(&clear, &[Val::I32(0)]).expect("no trap");
            }
            _ => drop(value),
        }
        if i % 1000 == 0 {
            released += fx.released.drain().len();
        }
    }
    let rest = fx.released.drain();
    released += rest.len();
    assert!(
        released >= COUNT - COUNT / 5,
        "{released} of {COUNT} came back"
    );
    assert!(released <= COUNT);
    assert!(!rest.iter().any(|id| id.0 >= u32::MAX - 1));
    assert_eq!(id_of::<W>(&mut fx.cx(), &held), HostId(u32::MAX));
    let get = fx.func(&instance, "get");
    let back = fx.call(&get, &[Val::I32(1)]).expect("no trap");
    let id = id_of::<W>(&mut fx.cx(), &extern_of(&back[0]));
    assert_eq!(id, HostId(u32::MAX - 1));
}

/// Function references, null and not.
pub fn funcref_null_and_back<W: WasmEngine>() {
    let mut fx = Fixture::<W>::new();
    let instance = fx.instance(
        r#"(module
            (func (export "pass") (param funcref i32) (result i32 funcref)
                local.get 1 local.get 0)
            (func (export "is-null") (param funcref) (result i32) local.get 0 ref.is_null)
            (func (export "nine") (result i32) i32.const 9))"#,
        &[],
    );
    let pass = fx.func(&instance, "pass");
    let is_null = fx.func(&instance, "is-null");
    let nine = Val::Func(Some(fx.func(&instance, "nine")));
    let results = fx
        .call(&pass, &[nine.clone(), Val::I32(4)])
        .expect("no trap");
    assert_eq!(i32_of(&results[0]), 4);
    let back = fx.call(&func_of(&results[1]), &[]).expect("no trap");
    assert_same(&back, &[Val::I32(9)]);
    let results = fx.call(&pass, &[Val::Func(None), Val::I32(4)]);
    assert!(matches!(results.expect("no trap")[1], Val::Func(None)));
    let results = fx.call(&is_null, &[nine]).expect("no trap");
    assert_same(&results, &[Val::I32(0)]);
    let results = fx.call(&is_null, &[Val::Func(None)]).expect("no trap");
    assert_same(&results, &[Val::I32(1)]);
}
