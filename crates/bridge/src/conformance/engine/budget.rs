//! The store's limiter and the [`Budget`](crate::Budget) it charges. A refused request changes
//! nothing: what is left can still be used up exactly.

use super::fixture::*;
use crate::{
    AddressType, ErrorKind, Limits, MemoryType, RefType, ResourceLimits, TableType, WasmEngine,
};

const PAGE: u64 = 1 << 16;

fn memory_type(min: u64) -> MemoryType {
    MemoryType {
        limits: Limits { min, max: None },
        address: AddressType::I32,
        shared: false,
        page_size_log2: 16,
    }
}

fn table_type(min: u64) -> TableType {
    TableType {
        limits: Limits { min, max: None },
        address: AddressType::I32,
        element: RefType::FUNCREF,
    }
}

/// A memory, of a module or of the host, whose minimum is too much.
pub fn budget_memory_minimum<W: WasmEngine>() {
    let mut fx = Fixture::<W>::limited(ResourceLimits {
        memory_bytes: 5 * PAGE,
        ..ResourceLimits::default()
    });
    fx.instance("(module (memory 2))", &[]);
    assert_eq!(fx.budget.memory_bytes(), 2 * PAGE);
    let result = fx.try_instance("(module (memory 4))", &[]);
    assert_kind::<_, W>(result, ErrorKind::Limit);
    let result = W::mem_alloc(&mut fx.cx(), &memory_type(4));
    assert_kind::<_, W>(result, ErrorKind::Limit);
    let result = W::mem_alloc(&mut fx.cx(), &memory_type(65_536));
    assert_kind::<_, W>(result, ErrorKind::Limit);
    assert_eq!(fx.budget.memory_bytes(), 2 * PAGE);
    W::mem_alloc(&mut fx.cx(), &memory_type(3)).expect("room");
    assert_eq!(fx.budget.memory_bytes(), 5 * PAGE);
}

/// An instance that does not come to be for want of budget gives back what it had of it.
pub fn budget_of_failed_instance<W: WasmEngine>() {
    let mut fx = Fixture::<W>::limited(ResourceLimits {
        memory_bytes: 5 * PAGE,
        table_elements: 10,
        ..ResourceLimits::default()
    });
    for _ in 0..3 {
        let result = fx.try_instance("(module (memory 2) (table 11 funcref))", &[]);
        assert_kind::<_, W>(result, ErrorKind::Limit);
        let result = fx.try_instance("(module (memory 6) (table 4 funcref))", &[]);
        assert_kind::<_, W>(result, ErrorKind::Limit);
        if W::FEATURES.multi_memory {
            let result = fx.try_instance("(module (memory 3) (memory 3))", &[]);
            assert_kind::<_, W>(result, ErrorKind::Limit);
        }
        let result = fx.try_instance("(module (table 6 funcref) (table 6 funcref))", &[]);
        assert_kind::<_, W>(result, ErrorKind::Limit);
        assert_eq!(fx.budget.memory_bytes(), 0);
    }
    fx.instance("(module (memory 5) (table 10 funcref))", &[]);
    assert_eq!(fx.budget.memory_bytes(), 5 * PAGE);
}

/// Growth that is refused: −1 within wasm, [`ErrorKind::Limit`] for the host.
pub fn budget_memory_grow<W: WasmEngine>() {
    let mut fx = Fixture::<W>::limited(ResourceLimits {
        memory_bytes: 5 * PAGE,
        ..ResourceLimits::default()
    });
    let instance = fx.instance(
        r#"(module (memory (export "m") 1)
            (func (export "grow") (param i32) (result i32) local.get 0 memory.grow)
            (func (export "size") (result i32) memory.size))"#,
        &[],
    );
    let memory = fx.memory(&instance, "m");
    let grow = fx.func(&instance, "grow");
    for (delta, result) in [(5, -1), (65_000, -1), (2, 1), (3, -1)] {
        let results = fx.invoke(&grow, &[Val::I32(delta)]).expect("no trap");
        assert_same(&results, &[Val::I32(result)]);
    }
    assert_eq!(fx.run(&instance, "size"), 3);
    assert_eq!(fx.budget.memory_bytes(), 3 * PAGE);
    let result = W::mem_grow(&mut fx.cx(), &memory, 3);
    assert_kind::<_, W>(result, ErrorKind::Limit);
    assert_eq!(fx.budget.memory_bytes(), 3 * PAGE);
    assert_eq!(W::mem_grow(&mut fx.cx(), &memory, 2).ok(), Some(3));
    assert_eq!(fx.budget.memory_bytes(), 5 * PAGE);
    assert_eq!(fx.run(&instance, "size"), 5);
}

/// Elements of tables, by minimum and by growth.
pub fn budget_table_elements<W: WasmEngine>() {
    let mut fx = Fixture::<W>::limited(ResourceLimits {
        table_elements: 10,
        ..ResourceLimits::default()
    });
    let instance = fx.instance(
        r#"(module (table (export "t") 4 funcref)
            (func (export "grow") (param i32) (result i32)
                (table.grow (ref.null func) (local.get 0))))"#,
        &[],
    );
    let null = Val::Func(None);
    let table = fx.table(&instance, "t");
    let grow = fx.func(&instance, "grow");
    let result = fx.try_instance("(module (table 7 funcref))", &[]);
    assert_kind::<_, W>(result, ErrorKind::Limit);
    let result = W::table_alloc(&mut fx.cx(), &table_type(7), &null);
    assert_kind::<_, W>(result, ErrorKind::Limit);
    for (delta, result) in [(7, -1), (2, 4), (5, -1)] {
        let results = fx.invoke(&grow, &[Val::I32(delta)]).expect("no trap");
        assert_same(&results, &[Val::I32(result)]);
    }
    let result = W::table_grow(&mut fx.cx(), &table, 5, &null);
    assert_kind::<_, W>(result, ErrorKind::Limit);
    assert_eq!(W::table_size(&mut fx.cx(), &table), 6);
    assert_eq!(W::table_grow(&mut fx.cx(), &table, 3, &null).ok(), Some(6));
    W::table_alloc(&mut fx.cx(), &table_type(1), &null).expect("room");
    let result = W::table_alloc(&mut fx.cx(), &table_type(1), &null);
    assert_kind::<_, W>(result, ErrorKind::Limit);
}

/// Growth that the table's own maximum forbids costs nothing.
pub fn budget_table_beyond_maximum<W: WasmEngine>() {
    let mut fx = Fixture::<W>::limited(ResourceLimits {
        table_elements: 10,
        ..ResourceLimits::default()
    });
    let instance = fx.instance(
        r#"(module (table (export "t") 1 3 funcref)
            (func (export "grow") (param i32) (result i32)
                (table.grow (ref.null func) (local.get 0))))"#,
        &[],
    );
    let null = Val::Func(None);
    let table = fx.table(&instance, "t");
    let grow = fx.func(&instance, "grow");
    for _ in 0..3 {
        let results = fx.invoke(&grow, &[Val::I32(5)]).expect("no trap");
        assert_same(&results, &[Val::I32(-1)]);
        assert!(W::table_grow(&mut fx.cx(), &table, 5, &null).is_err());
    }
    W::table_alloc(&mut fx.cx(), &table_type(9), &null).expect("room");
}

/// The number of instances.
pub fn budget_instances<W: WasmEngine>() {
    let mut fx = Fixture::<W>::limited(ResourceLimits {
        instances: 3,
        ..ResourceLimits::default()
    });
    for _ in 0..3 {
        fx.instance("(module)", &[]);
    }
    for _ in 0..2 {
        let result = fx.try_instance("(module)", &[]);
        assert_kind::<_, W>(result, ErrorKind::Limit);
    }
    // The budget alone decides, beyond what an engine thinks enough by default.
    let mut fx = Fixture::<W>::limited(ResourceLimits {
        instances: 10_002,
        ..ResourceLimits::default()
    });
    let module = fx.compile("(module)");
    let mut cx = fx.cx();
    for _ in 0..10_002 {
        W::module_instantiate(&mut cx, &module, &[]).expect("room");
    }
    let result = W::module_instantiate(&mut cx, &module, &[]);
    assert_kind::<_, W>(result, ErrorKind::Limit);
}

/// The numbers of tables and memories, a module's own and the host's.
pub fn budget_tables_and_memories<W: WasmEngine>() {
    let mut fx = Fixture::<W>::limited(ResourceLimits {
        memories: 3,
        tables: 3,
        ..ResourceLimits::default()
    });
    let null = Val::Func(None);
    fx.instance(
        "(module (memory 0) (table 0 funcref) (table 0 externref))",
        &[],
    );
    let result = fx.try_instance("(module (table 0 funcref) (table 0 externref))", &[]);
    assert_kind::<_, W>(result, ErrorKind::Limit);
    let memory = W::mem_alloc(&mut fx.cx(), &memory_type(0)).expect("room");
    W::table_alloc(&mut fx.cx(), &table_type(0), &null).expect("room");
    let result = W::table_alloc(&mut fx.cx(), &table_type(0), &null);
    assert_kind::<_, W>(result, ErrorKind::Limit);
    // What is imported is not counted again, and a refused instance not at all.
    let imports = [crate::Extern::Memory(memory)];
    fx.instance(r#"(module (import "a" "m" (memory 0)))"#, &imports);
    let result = fx.try_instance("(module (memory 0) (table 0 funcref))", &[]);
    assert_kind::<_, W>(result, ErrorKind::Limit);
    fx.instance("(module (memory 0))", &[]);
    let result = W::mem_alloc(&mut fx.cx(), &memory_type(0));
    assert_kind::<_, W>(result, ErrorKind::Limit);
}
