//! Modules as artifacts.

use super::fixture::*;
use crate::{EngineConfig, ErrorKind, ExternKind, ResourceLimits, TrapCode, WasmEngine};

/// What depends on code, data, tables and types.
const SUBJECT: &str = r#"(module
    (type $unary (func (param i32) (result i32)))
    (memory (export "m") 1 3)
    (data (i32.const 8) "\07")
    (table funcref (elem $double))
    (global $g (mut i32) (i32.const 30))
    (func $double (type $unary) (i32.mul (local.get 0) (i32.const 2)))
    (func (export "run") (result i32)
        (call_indirect (type $unary) (i32.load (i32.const 8)) (i32.const 0))
        (i32.add (global.get $g)))
    (func (export "trap") (result i32) unreachable))"#;

/// The artifact of a module and what decides whether it can be used; `None` where there are none.
fn artifact<W: WasmEngine>(engine: &W::Engine, bytes: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let module = W::module_compile(engine, bytes).expect("a valid module");
    let artifact = W::module_serialize(&module);
    let compatibility = W::engine_compatibility(engine);
    assert_eq!(artifact.is_some(), compatibility.is_some());
    artifact.zip(compatibility)
}

/// What is made of an artifact is the module that it was made of, in an engine that was set up the
/// same.
pub fn artifact_is_its_module<W: WasmEngine>() {
    let bytes = wasm(SUBJECT);
    let first = Fixture::<W>::new();
    let Some((artifact, compatibility)) = artifact::<W>(&first.engine, &bytes) else {
        return;
    };
    let mut fx = Fixture::<W>::new();
    assert_eq!(W::engine_compatibility(&fx.engine), Some(compatibility));
    // SAFETY: the artifact is that of these bytes, for an equal engine.
    let module = unsafe { W::module_deserialize(&fx.engine, &artifact, &bytes) };
    let module = module.expect("a module");
    assert_eq!(W::module_serialize(&module), Some(artifact));
    for _ in 0..2 {
        let instance = W::module_instantiate(&mut fx.cx(), &module, &[]).expect("an instance");
        assert_eq!(fx.run(&instance, "run"), 44);
        let trap = fx.func(&instance, "trap");
        assert_kind::<_, W>(
            fx.invoke(&trap, &[]),
            ErrorKind::Trap(TrapCode::Unreachable),
        );
        let memory = W::instance_export(&mut fx.cx(), &instance, "m", ExternKind::Memory);
        assert!(memory.is_some());
        let run = fx.func(&instance, "run");
        assert_eq!(W::func_index(&mut fx.cx(), &run), Some(1));
    }
}

/// Engines that were set up differently say so, or take each other's artifacts.
pub fn artifact_of_another_engine<W: WasmEngine>() {
    let bytes = wasm(SUBJECT);
    let plain = Fixture::<W>::new();
    let Some((artifact, compatibility)) = artifact::<W>(&plain.engine, &bytes) else {
        return;
    };
    let wide = EngineConfig {
        stack_bytes: 1 << 20,
        ..EngineConfig::default()
    };
    let others = [
        Fixture::<W>::interruptible(),
        Fixture::<W>::with(&wide, ResourceLimits::default()),
    ];
    for mut other in others {
        let is_compatible = W::engine_compatibility(&other.engine).as_ref() == Some(&compatibility);
        if !is_compatible {
            continue;
        }
        // SAFETY: the artifact is that of these bytes, for an engine that says it is compatible.
        let module = unsafe { W::module_deserialize(&other.engine, &artifact, &bytes) };
        let module = module.expect("a module");
        let instance = W::module_instantiate(&mut other.cx(), &module, &[]).expect("an instance");
        assert_eq!(other.run(&instance, "run"), 44);
    }
    // Code that cannot be stopped is not that of an engine which stops it.
    let interruptible = W::engine_compatibility(&Fixture::<W>::interruptible().engine);
    assert_ne!(interruptible, Some(compatibility));
}

/// What a module charges is known of its bytes as well when it was not compiled.
pub fn artifact_is_charged_for<W: WasmEngine>() {
    if !W::FEATURES.threads {
        return;
    }
    let bytes = wasm(r#"(module (memory (export "m") 1 100 shared))"#);
    let mut fx = Fixture::<W>::limited(ResourceLimits {
        memory_bytes: 64 << 16,
        ..ResourceLimits::default()
    });
    let Some((artifact, _)) = artifact::<W>(&fx.engine, &bytes) else {
        return;
    };
    // SAFETY: the artifact is that of these bytes, for this engine.
    let module = unsafe { W::module_deserialize(&fx.engine, &artifact, &bytes) };
    let module = module.expect("a module");
    let refused = W::module_instantiate(&mut fx.cx(), &module, &[]);
    assert_kind::<_, W>(refused, ErrorKind::Limit);
    assert_eq!(fx.budget.memory_bytes(), 0);
}
