//! Shared memories and atomic instructions.

use super::fixture::*;
use crate::{
    AddressType, ErrorKind, Extern, Limits, MemoryType, ResourceLimits, TrapCode, WasmEngine,
};

const PAGE: usize = 1 << 16;

fn shared_type(min: u64, max: u64) -> MemoryType {
    MemoryType {
        limits: Limits {
            min,
            max: Some(max),
        },
        address: AddressType::I32,
        shared: true,
        page_size_log2: 16,
    }
}

const USER: &str = r#"(module (import "a" "m" (memory $m 1 10 shared))
    (export "m" (memory $m))
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
    (func (export "size") (result i32) memory.size)
    (func (export "add") (param i32 i32) (result i32)
        (i32.atomic.rmw.add (local.get 0) (local.get 1)))
    (func (export "load") (param i32) (result i32) (i32.atomic.load (local.get 0)))
    (func (export "cas") (param i32 i64 i64) (result i64)
        (i64.atomic.rmw.cmpxchg (local.get 0) (local.get 1) (local.get 2)))
    (func (export "notify") (result i32)
        (memory.atomic.notify (i32.const 0) (i32.const 1)))
    (func (export "wait") (param i32 i64) (result i32)
        (memory.atomic.wait32 (i32.const 0) (local.get 0) (local.get 1)))
    (func (export "fence") (result i32) atomic.fence (i32.const 1)))"#;

/// Shared memories are refused in so many words, where they are not supported.
pub fn memory_shared_refused<W: WasmEngine>() {
    if W::FEATURES.threads {
        return;
    }
    let mut fx = Fixture::<W>::new();
    assert!(W::mem_alloc(&mut fx.cx(), &shared_type(1, 2)).is_err());
    assert_eq!(fx.budget.memory_bytes(), 0);
}

/// A shared memory of the host's own is one memory to all who import it, and stays where it is.
pub fn memory_shared<W: WasmEngine>() {
    if !W::FEATURES.threads {
        return;
    }
    let mut fx = Fixture::<W>::new();
    let memory = W::mem_alloc(&mut fx.cx(), &shared_type(1, 10)).expect("a memory");
    assert_eq!(W::mem_type(&mut fx.cx(), &memory), shared_type(1, 10));
    let (base, len) = fx.data(&memory);
    assert_eq!(len, PAGE);
    let imports = [Extern::Memory(memory.clone())];
    let (first, second) = (fx.instance(USER, &imports), fx.instance(USER, &imports));
    let again = fx.memory(&first, "m");
    assert_eq!(fx.data(&again), (base, PAGE));

    let grow = fx.func(&first, "grow");
    let results = fx.invoke(&grow, &[Val::I32(2)]).expect("no trap");
    assert_same(&results, &[Val::I32(1)]);
    assert_eq!(W::mem_grow(&mut fx.cx(), &memory, 3).ok(), Some(3));
    assert_eq!(W::mem_grow(&mut fx.cx(), &memory, 0).ok(), Some(6));
    for memory in [&memory, &again] {
        assert_eq!(fx.data(memory), (base, 6 * PAGE));
        assert_eq!(W::mem_type(&mut fx.cx(), memory), shared_type(6, 10));
    }
    assert_eq!(fx.run(&second, "size"), 6);
    let results = fx.invoke(&grow, &[Val::I32(5)]).expect("no trap");
    assert_same(&results, &[Val::I32(-1)]);
    for delta in [5, 65_536, u64::MAX] {
        assert!(W::mem_grow(&mut fx.cx(), &memory, delta).is_err());
    }
    assert_eq!(fx.data(&memory), (base, 6 * PAGE));
    assert!(W::mem_alloc(&mut fx.cx(), &shared_type(2, 1)).is_err());
}

/// A module's own is no different, and sharing is part of the type.
pub fn memory_shared_of_module<W: WasmEngine>() {
    if !W::FEATURES.threads {
        return;
    }
    let mut fx = Fixture::<W>::new();
    let owner = fx.instance(
        r#"(module (memory (export "m") 2 10 shared) (data (i32.const 4) "\07"))"#,
        &[],
    );
    let memory = fx.memory(&owner, "m");
    assert_eq!(W::mem_type(&mut fx.cx(), &memory), shared_type(2, 10));
    let (base, _) = fx.data(&memory);
    let user = fx.instance(USER, &[Extern::Memory(memory.clone())]);
    let load = fx.func(&user, "load");
    let results = fx.invoke(&load, &[Val::I32(4)]).expect("no trap");
    assert_same(&results, &[Val::I32(7)]);
    let grow = fx.func(&user, "grow");
    let results = fx.invoke(&grow, &[Val::I32(1)]).expect("no trap");
    assert_same(&results, &[Val::I32(2)]);
    assert_eq!(fx.data(&memory), (base, 3 * PAGE));

    let unshared = MemoryType {
        shared: false,
        ..shared_type(2, 10)
    };
    let unshared = W::mem_alloc(&mut fx.cx(), &unshared).expect("a memory");
    let result = fx.try_instance(USER, &[Extern::Memory(unshared)]);
    assert_kind::<_, W>(result, ErrorKind::Link);
    let text = r#"(module (import "a" "m" (memory 1 10)))"#;
    let result = fx.try_instance(text, &[Extern::Memory(memory)]);
    assert_kind::<_, W>(result, ErrorKind::Link);
}

/// Atomic instructions do what they say, on either kind of memory.
pub fn memory_atomics<W: WasmEngine>() {
    if !W::FEATURES.threads {
        return;
    }
    let mut fx = Fixture::<W>::new();
    for shared in [true, false] {
        let ty = MemoryType {
            shared,
            ..shared_type(1, 10)
        };
        let text = if shared {
            USER.to_owned()
        } else {
            USER.replace(" shared", "")
        };
        let memory = W::mem_alloc(&mut fx.cx(), &ty).expect("a memory");
        let instance = fx.instance(&text, &[Extern::Memory(memory)]);
        let add = fx.func(&instance, "add");
        for (n, before) in [(5, 0), (-7, 5), (2, -2)] {
            let results = fx.invoke(&add, &[Val::I32(0), Val::I32(n)]);
            assert_same(&results.expect("no trap"), &[Val::I32(before)]);
        }
        let cas = fx.func(&instance, "cas");
        for (expected, found) in [(1, 0), (0, 0), (0, 9)] {
            let params = [Val::I32(8), Val::I64(expected), Val::I64(9)];
            let results = fx.invoke(&cas, &params).expect("no trap");
            assert_same(&results, &[Val::I64(found)]);
        }
        assert_eq!(fx.run(&instance, "notify"), 0);
        assert_eq!(fx.run(&instance, "fence"), 1);
        let unaligned = fx.invoke(&add, &[Val::I32(2), Val::I32(1)]);
        assert_kind::<_, W>(unaligned, ErrorKind::Trap(TrapCode::UnalignedAtomic));
        let beyond = fx.invoke(&add, &[Val::I32(1 << 16), Val::I32(1)]);
        assert_kind::<_, W>(beyond, ErrorKind::Trap(TrapCode::MemoryOutOfBounds));
        let wait = fx.func(&instance, "wait");
        // Not equal; timed out.
        for (expected, result) in [(1, 1), (0, 2)] {
            let results = fx.invoke(&wait, &[Val::I32(expected), Val::I64(1000)]);
            if shared {
                assert_same(&results.expect("no trap"), &[Val::I32(result)]);
            } else {
                let kind = ErrorKind::Trap(TrapCode::ExpectedSharedMemory);
                assert_kind::<_, W>(results, kind);
            }
        }
    }
}

/// No more bytes are there than the budget has, however the memory grows.
pub fn budget_shared_memory<W: WasmEngine>() {
    if !W::FEATURES.threads {
        return;
    }
    let mut fx = Fixture::<W>::limited(ResourceLimits {
        memory_bytes: 3 * PAGE as u64,
        ..ResourceLimits::default()
    });
    let beyond = W::mem_alloc(&mut fx.cx(), &shared_type(4, 10));
    assert_kind::<_, W>(beyond, ErrorKind::Limit);
    let text = r#"(module (memory (export "m") 4 10 shared))"#;
    assert_kind::<_, W>(fx.try_instance(text, &[]), ErrorKind::Limit);
    assert_eq!(fx.budget.memory_bytes(), 0);
    // An engine that cannot tell of growth may charge the maximum at once.
    let memory = W::mem_alloc(&mut fx.cx(), &shared_type(1, 10));
    match memory {
        Ok(memory) => {
            let user = fx.instance(USER, &[Extern::Memory(memory.clone())]);
            let grow = fx.func(&user, "grow");
            for (delta, result) in [(3, -1), (2, 1), (1, -1)] {
                let results = fx.invoke(&grow, &[Val::I32(delta)]).expect("no trap");
                assert_same(&results, &[Val::I32(result)]);
            }
            assert!(W::mem_grow(&mut fx.cx(), &memory, 1).is_err());
            assert_eq!(fx.data(&memory).1, 3 * PAGE);
        }
        Err(error) => assert_eq!(crate::EngineError::kind(&error), ErrorKind::Limit),
    }
    let small = W::mem_alloc(&mut fx.cx(), &shared_type(0, 0)).expect("a memory");
    assert_eq!(fx.data(&small).1, 0);
}
