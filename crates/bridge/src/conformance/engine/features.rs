//! What an engine does not have, it refuses.

use super::fixture::*;
use crate::{ErrorKind, Reference, ValType, WasmEngine};

/// A module that needs a feature which the engine does not have is no valid module to it.
pub fn features_refused_at_compile<W: WasmEngine>() {
    let fx = Fixture::<W>::new();
    let has = W::FEATURES;
    let modules = [
        (has.memory64, "(memory i64 1)"),
        (has.memory64, "(table i64 1 funcref)"),
        (has.multi_memory, "(memory 1) (memory 1)"),
        (has.tail_call, "(func $f return_call $f)"),
        (
            has.extended_const,
            "(global i32 (i32.add (i32.const 1) (i32.const 2)))",
        ),
        (
            has.relaxed_simd,
            "(func (param v128) (result v128)
                (i8x16.relaxed_swizzle (local.get 0) (local.get 0)))",
        ),
        (has.exceptions, "(tag)"),
        (has.exceptions, r#"(import "a" "b" (tag (param i32)))"#),
        (has.exceptions, "(func (param exnref))"),
        (
            has.exceptions,
            "(func (block $h (try_table (catch_all $h))))",
        ),
        (
            has.function_references,
            "(type $f (func)) (func (param (ref $f)) (call_ref $f (local.get 0)))",
        ),
        (has.gc, "(type (struct))"),
        (has.gc, "(type (array (mut i16)))"),
        (has.gc, "(func (param anyref))"),
        (has.gc, "(func (drop (ref.i31 (i32.const 1))))"),
        (has.gc, r#"(import "a" "b" (global eqref))"#),
        (has.threads, "(memory 1 2 shared)"),
        (has.threads, r#"(import "a" "b" (memory 1 2 shared))"#),
        (
            has.threads,
            "(memory 1) (func (drop (i32.atomic.load (i32.const 0))))",
        ),
    ];
    for (has, fields) in modules {
        let bytes = wasm(&format!("(module {fields})"));
        let compiled = W::module_compile(&fx.engine, &bytes).map(drop);
        let validated = W::module_validate(&fx.engine, &bytes);
        for result in [compiled, validated] {
            match result {
                Ok(()) => assert!(has, "accepted: {fields}"),
                Err(error) => {
                    let kind = crate::EngineError::kind(&error);
                    assert!(!has, "{kind:?}: {fields}");
                    assert!(matches!(kind, ErrorKind::Compile { .. }), "{fields}");
                }
            }
        }
    }
}

/// What there is no module for may still be asked for, and is an error if it cannot be.
pub fn features_absent_are_errors<W: WasmEngine>() {
    let mut fx = Fixture::<W>::new();
    let made = W::any_from_i31(&mut fx.cx(), 5);
    match made {
        Ok(value) => {
            let read = W::any_read(&mut fx.cx(), &value);
            assert!(matches!(read, Reference::I31(5)));
        }
        Err(_) => assert!(!W::FEATURES.gc),
    }
    let host = fx.externref(3);
    let made = W::any_from_extern(&mut fx.cx(), &host);
    match made {
        Ok(value) => {
            let read = W::any_read(&mut fx.cx(), &value);
            assert!(matches!(read, Reference::Host(id) if id.0 == 3));
        }
        Err(_) => assert!(!W::FEATURES.gc),
    }
    assert_eq!(id_of::<W>(&mut fx.cx(), &host).0, 3);
    let signature = ty(&[ValType::I32], &[]);
    let made = W::tag_alloc(&mut fx.cx(), &signature);
    match made {
        Ok(tag) => assert_eq!(W::tag_type(&mut fx.cx(), &tag), signature),
        Err(_) => assert!(!W::FEATURES.exceptions),
    }
    assert!(W::exn_take(&mut fx.cx()).is_none());
}
