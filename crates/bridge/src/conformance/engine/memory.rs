//! Linear memories and globals.

use super::fixture::*;
use crate::{
    AddressType, Extern, GlobalType, HostId, Limits, MemoryType, ResourceLimits, ValType,
    WasmEngine,
};

const PAGE: usize = 1 << 16;

fn memory_type(min: u64, max: Option<u64>) -> MemoryType {
    MemoryType {
        limits: Limits { min, max },
        address: AddressType::I32,
        shared: false,
        page_size_log2: 16,
    }
}

/// A memory of the host's own.
pub fn memory_alloc<W: WasmEngine>() {
    let mut fx = Fixture::<W>::new();
    let ty = memory_type(2, Some(4));
    let memory = W::mem_alloc(&mut fx.cx(), &ty).expect("a memory");
    assert_eq!(W::mem_type(&mut fx.cx(), &memory), ty);
    let (data, len) = fx.data(&memory);
    assert_eq!(len, 2 * PAGE);
    // SAFETY: the engine says that `len` bytes are there, and nothing else runs.
    let bytes = unsafe { std::slice::from_raw_parts(data, len) };
    assert!(bytes.iter().all(|byte| *byte == 0));
    assert_eq!(W::mem_grow(&mut fx.cx(), &memory, 0).ok(), Some(2));
    assert_eq!(W::mem_grow(&mut fx.cx(), &memory, 2).ok(), Some(2));
    assert_eq!(fx.data(&memory).1, 4 * PAGE);

    let empty = memory_type(0, Some(0));
    let memory = W::mem_alloc(&mut fx.cx(), &empty).expect("a memory");
    assert_eq!(fx.data(&memory).1, 0);
    assert_eq!(W::mem_grow(&mut fx.cx(), &memory, 0).ok(), Some(0));
    assert!(W::mem_grow(&mut fx.cx(), &memory, 1).is_err());
    let unbounded = memory_type(0, None);
    let memory = W::mem_alloc(&mut fx.cx(), &unbounded).expect("a memory");
    assert_eq!(W::mem_type(&mut fx.cx(), &memory), unbounded);
}

/// What one side writes the other reads, in a memory that both import.
pub fn memory_seen_by_both_sides<W: WasmEngine>() {
    let mut fx = Fixture::<W>::new();
    let memory = W::mem_alloc(&mut fx.cx(), &memory_type(1, None)).expect("a memory");
    let instance = fx.instance(
        r#"(module (import "a" "m" (memory 1))
            (func (export "load") (result i32) (i32.load (i32.const 8)))
            (func (export "store") (result i32)
                (i32.store (i32.const 12) (i32.const 0x01020304)) i32.const 0))"#,
        &[Extern::Memory(memory.clone())],
    );
    let (data, _) = fx.data(&memory);
    // SAFETY: offset 8 is within the first page, and nothing else runs.
    unsafe { data.add(8).copy_from(77i32.to_le_bytes().as_ptr(), 4) };
    assert_eq!(fx.run(&instance, "load"), 77);
    fx.run(&instance, "store");
    // SAFETY: as above, with offset 12.
    let bytes = unsafe { std::slice::from_raw_parts(data.add(12), 4) };
    assert_eq!(bytes, [4, 3, 2, 1]);
}

/// Growth from either side leaves the base and the contents where they are, and is noted.
pub fn memory_base_is_stable<W: WasmEngine>() {
    let mut fx = Fixture::<W>::new();
    let instance = fx.instance(
        r#"(module (memory (export "m") 1)
            (func (export "grow") (param i32) (result i32) local.get 0 memory.grow)
            (data (i32.const 0) "x"))"#,
        &[],
    );
    let memory = fx.memory(&instance, "m");
    let (base, _) = fx.data(&memory);
    let grow = fx.func(&instance, "grow");
    fx.budget.take_grown();
    let mut pages = 1;
    for delta in [1, 10, 100, 400] {
        let results = fx.invoke(&grow, &[Val::I32(delta)]).expect("no trap");
        assert_same(&results, &[Val::I32(pages)]);
        assert!(fx.budget.take_grown());
        pages += delta;
        let delta_again = W::mem_grow(&mut fx.cx(), &memory, 1).expect("room");
        assert_eq!(delta_again, pages.unsigned_abs().into());
        assert!(fx.budget.take_grown());
        pages += 1;
        let (data, len) = fx.data(&memory);
        assert_eq!((data, len), (base, pages.unsigned_abs() as usize * PAGE));
    }
    assert!(!fx.budget.grown());
    // SAFETY: the memory is longer than a byte, and nothing else runs.
    assert_eq!(unsafe { base.read() }, b'x');
    let last = pages.unsigned_abs() as usize * PAGE - 1;
    // SAFETY: the last byte of the memory.
    assert_eq!(unsafe { base.add(last).read() }, 0);
}

/// Growth beyond the maximum, or beyond what addresses can tell, fails and changes nothing.
pub fn memory_beyond_maximum<W: WasmEngine>() {
    let mut fx = Fixture::<W>::new();
    let instance = fx.instance(
        r#"(module (memory (export "m") 1 3)
            (func (export "grow") (param i32) (result i32) local.get 0 memory.grow))"#,
        &[],
    );
    let memory = fx.memory(&instance, "m");
    let grow = fx.func(&instance, "grow");
    let before = (fx.data(&memory), fx.budget.memory_bytes());
    assert_eq!(before.1, PAGE as u64);
    for delta in [3, 65_536, 1 << 32, 1 << 48, u64::MAX] {
        assert!(W::mem_grow(&mut fx.cx(), &memory, delta).is_err());
        let after = (fx.data(&memory), fx.budget.memory_bytes());
        assert_eq!(before, after);
    }
    for delta in [3, 65_536, -1] {
        let results = fx.invoke(&grow, &[Val::I32(delta)]).expect("no trap");
        assert_same(&results, &[Val::I32(-1)]);
        let after = (fx.data(&memory), fx.budget.memory_bytes());
        assert_eq!(before, after);
    }
    let unbounded = W::mem_alloc(&mut fx.cx(), &memory_type(1, None)).expect("a memory");
    for delta in [65_536, 1 << 32, u64::MAX] {
        assert!(W::mem_grow(&mut fx.cx(), &unbounded, delta).is_err());
    }
    assert_eq!(W::mem_grow(&mut fx.cx(), &unbounded, 1).ok(), Some(1));
    assert_eq!(fx.budget.memory_bytes(), 3 * PAGE as u64);
}

/// Memories with 64-bit addresses, where there are any.
pub fn memory_wide<W: WasmEngine>() {
    if !W::FEATURES.memory64 {
        return;
    }
    let mut fx = Fixture::<W>::new();
    let ty = MemoryType {
        address: AddressType::I64,
        ..memory_type(1, Some(5))
    };
    let memory = W::mem_alloc(&mut fx.cx(), &ty).expect("a memory");
    assert_eq!(W::mem_type(&mut fx.cx(), &memory), ty);
    let instance = fx.instance(
        r#"(module (import "a" "m" (memory i64 1 5))
            (func (export "grow") (param i64) (result i64) local.get 0 memory.grow))"#,
        &[Extern::Memory(memory.clone())],
    );
    let (base, _) = fx.data(&memory);
    let grow = fx.func(&instance, "grow");
    let results = fx.invoke(&grow, &[Val::I64(2)]).expect("no trap");
    assert_same(&results, &[Val::I64(1)]);
    let results = fx.invoke(&grow, &[Val::I64(i64::MAX)]).expect("no trap");
    assert_same(&results, &[Val::I64(-1)]);
    assert_eq!(W::mem_grow(&mut fx.cx(), &memory, 1).ok(), Some(3));
    assert_eq!(fx.data(&memory), (base, 4 * PAGE));
    // One without a maximum does not move either.
    let own = fx.instance(r#"(module (memory (export "own") i64 1))"#, &[]);
    let own = fx.memory(&own, "own");
    let (base, _) = fx.data(&own);
    assert_eq!(W::mem_grow(&mut fx.cx(), &own, 100).ok(), Some(1));
    assert_eq!(fx.data(&own), (base, 101 * PAGE));
}

/// A size that no machine has is an error, whatever the budget allows, and costs none of it.
pub fn memory_absurd<W: WasmEngine>() {
    if !W::FEATURES.memory64 {
        return;
    }
    let mut fx = Fixture::<W>::limited(ResourceLimits {
        memory_bytes: u64::MAX,
        ..ResourceLimits::default()
    });
    for pages in [1 << 31, 1 << 40, 1 << 48] {
        let text = format!("(module (memory i64 {pages}))");
        assert!(fx.try_instance(&text, &[]).is_err());
        let ty = MemoryType {
            address: AddressType::I64,
            ..memory_type(pages, None)
        };
        assert!(W::mem_alloc(&mut fx.cx(), &ty).is_err());
        assert_eq!(fx.budget.memory_bytes(), 0);
    }
    // What is no type at all is an error too.
    for ty in [
        memory_type(2, Some(1)),
        memory_type(65_537, None),
        MemoryType {
            page_size_log2: 300,
            ..memory_type(1, None)
        },
    ] {
        assert!(W::mem_alloc(&mut fx.cx(), &ty).is_err());
    }
    assert_eq!(fx.budget.memory_bytes(), 0);
}

/// Globals of every type are read, written, and shared with wasm.
pub fn global_of_all_types<W: WasmEngine>() {
    let mut fx = Fixture::<W>::new();
    let pairs = [
        (ValType::I32, Val::I32(1), Val::I32(i32::MIN)),
        (ValType::I64, Val::I64(1), Val::I64(i64::MIN)),
        (ValType::F32, Val::F32(1), Val::F32(0x7fa0_0001)),
        (ValType::F64, Val::F64(1), Val::F64(0x7ff4_0000_0000_0001)),
        (ValType::V128, Val::V128(1), Val::V128(u128::MAX - 1)),
    ];
    for (value, first, second) in pairs {
        let mutable = GlobalType {
            value,
            mutable: true,
        };
        let global = W::global_alloc(&mut fx.cx(), &mutable, None, &first).expect("a global");
        assert_eq!(W::global_type(&mut fx.cx(), &global), mutable);
        assert_same(
            &[W::global_get(&mut fx.cx(), &global)],
            std::slice::from_ref(&first),
        );
        W::global_set(&mut fx.cx(), &global, &second).expect("a mutable global");
        assert_same(
            &[W::global_get(&mut fx.cx(), &global)],
            std::slice::from_ref(&second),
        );
        let text = format!(
            r#"(module (import "a" "g" (global $g (mut {value})))
                (func (export "get") (result {value}) global.get $g)
                (func (export "set") (param {value}) local.get 0 global.set $g))"#
        );
        let instance = fx.instance(&text, &[Extern::Global(global.clone())]);
        let (get, set) = (fx.func(&instance, "get"), fx.func(&instance, "set"));
        assert_same(&fx.call(&get, &[]).expect("no trap"), &[second]);
        fx.call(&set, std::slice::from_ref(&first))
            .expect("no trap");
        assert_same(
            &[W::global_get(&mut fx.cx(), &global)],
            std::slice::from_ref(&first),
        );
        let constant = GlobalType {
            value,
            mutable: false,
        };
        let global = W::global_alloc(&mut fx.cx(), &constant, None, &first).expect("a global");
        assert_eq!(W::global_type(&mut fx.cx(), &global), constant);
        assert_same(&[W::global_get(&mut fx.cx(), &global)], &[first]);
    }

    let ty = |value| GlobalType {
        value,
        mutable: true,
    };
    let global = W::global_alloc(&mut fx.cx(), &ty(EXTERNREF), None, &Val::Extern(None));
    let global = global.expect("a global");
    assert!(matches!(
        W::global_get(&mut fx.cx(), &global),
        Val::Extern(None)
    ));
    let value = fx.externref(4);
    W::global_set(&mut fx.cx(), &global, &Val::Extern(Some(value))).expect("a mutable global");
    let back = extern_of(&W::global_get(&mut fx.cx(), &global));
    assert_eq!(id_of::<W>(&mut fx.cx(), &back), HostId(4));

    let f = fx.host(&self::ty(), |_, vals| {
        vals[0] = W::raw_i32(6);
        Ok(())
    });
    let global = W::global_alloc(&mut fx.cx(), &ty(FUNCREF), None, &Val::Func(Some(f)));
    let global = global.expect("a global");
    let back = func_of(&W::global_get(&mut fx.cx(), &global));
    assert_same(&fx.invoke(&back, &[]).expect("no trap"), &[Val::I32(6)]);
    W::global_set(&mut fx.cx(), &global, &Val::Func(None)).expect("a mutable global");
    assert!(matches!(
        W::global_get(&mut fx.cx(), &global),
        Val::Func(None)
    ));
}

fn ty() -> crate::FuncType {
    super::fixture::ty(&[], &[ValType::I32])
}
