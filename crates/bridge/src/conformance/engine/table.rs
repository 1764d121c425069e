//! Tables.

use super::fixture::*;
use crate::{AddressType, Extern, HostId, Limits, RefType, TableType, WasmEngine};

fn table_type(element: RefType, min: u64, max: Option<u64>) -> TableType {
    TableType {
        limits: Limits { min, max },
        address: AddressType::I32,
        element,
    }
}

const OUT_OF_BOUNDS: [u64; 4] = [3, 1 << 31, 1 << 32, u64::MAX];

/// Elements are read and written by both sides; beyond the end there is nothing.
pub fn table_access<W: WasmEngine>() {
    let mut fx = Fixture::<W>::new();
    let instance = fx.instance(
        r#"(module (table $t (export "t") 3 funcref) (elem (i32.const 1) $f)
            (func $f (result i32) i32.const 8)
            (func (export "g") (result i32) i32.const 9)
            (func (export "call") (param i32) (result i32)
                (call_indirect (result i32) (local.get 0))))"#,
        &[],
    );
    let table = fx.table(&instance, "t");
    assert_eq!(W::table_size(&mut fx.cx(), &table), 3);
    let element = W::table_get(&mut fx.cx(), &table, 0);
    assert!(matches!(element, Some(Val::Func(None))));
    let element = W::table_get(&mut fx.cx(), &table, 1).expect("in bounds");
    let results = fx.invoke(&func_of(&element), &[]).expect("no trap");
    assert_same(&results, &[Val::I32(8)]);

    let g = Val::Func(Some(fx.func(&instance, "g")));
    W::table_set(&mut fx.cx(), &table, 2, &g).expect("in bounds");
    let call = fx.func(&instance, "call");
    let results = fx.invoke(&call, &[Val::I32(2)]).expect("no trap");
    assert_same(&results, &[Val::I32(9)]);
    W::table_set(&mut fx.cx(), &table, 2, &Val::Func(None)).expect("in bounds");
    assert!(fx.invoke(&call, &[Val::I32(2)]).is_err());

    for index in OUT_OF_BOUNDS {
        assert!(W::table_get(&mut fx.cx(), &table, index).is_none());
        assert!(W::table_set(&mut fx.cx(), &table, index, &g).is_err());
    }
    assert_eq!(W::table_size(&mut fx.cx(), &table), 3);
}

/// A table of the host's own, with an initial value.
pub fn table_alloc_of_references<W: WasmEngine>() {
    let mut fx = Fixture::<W>::new();
    let f = fx.host(&ty(&[], &[crate::ValType::I32]), |_, vals| {
        vals[0] = W::raw_i32(3);
        Ok(())
    });
    let funcs = table_type(RefType::FUNCREF, 3, Some(10));
    let table = W::table_alloc(&mut fx.cx(), &funcs, &Val::Func(Some(f))).expect("a table");
    assert_eq!(W::table_type(&mut fx.cx(), &table), funcs);
    for index in 0..3 {
        let element = W::table_get(&mut fx.cx(), &table, index).expect("in bounds");
        let results = fx.invoke(&func_of(&element), &[]).expect("no trap");
        assert_same(&results, &[Val::I32(3)]);
    }
    fx.instance(
        r#"(module (import "a" "t" (table 3 10 funcref)))"#,
        &[Extern::Table(table)],
    );
    let none = table_type(RefType::EXTERNREF, 0, None);
    let table = W::table_alloc(&mut fx.cx(), &none, &Val::Extern(None)).expect("a table");
    assert_eq!(W::table_type(&mut fx.cx(), &table), none);
    assert!(W::table_get(&mut fx.cx(), &table, 0).is_none());
}

/// Growth fills with the given value; beyond the maximum it fails and changes nothing.
pub fn table_grow<W: WasmEngine>() {
    let mut fx = Fixture::<W>::new();
    let instance = fx.instance(
        r#"(module (table (export "t") 1 4 funcref)
            (func (export "f") (result i32) i32.const 8)
            (func (export "grow") (param i32) (result i32)
                (table.grow (ref.null func) (local.get 0))))"#,
        &[],
    );
    let table = fx.table(&instance, "t");
    let f = Val::Func(Some(fx.func(&instance, "f")));
    assert_eq!(W::table_grow(&mut fx.cx(), &table, 2, &f).ok(), Some(1));
    assert_eq!(W::table_grow(&mut fx.cx(), &table, 0, &f).ok(), Some(3));
    let element = W::table_get(&mut fx.cx(), &table, 2).expect("in bounds");
    func_of(&element);
    for delta in [2, 1 << 32, u64::MAX] {
        assert!(W::table_grow(&mut fx.cx(), &table, delta, &f).is_err());
        assert_eq!(W::table_size(&mut fx.cx(), &table), 3);
    }
    let grow = fx.func(&instance, "grow");
    for (delta, result) in [(2, -1), (-1, -1), (1, 3), (1, -1)] {
        let results = fx.invoke(&grow, &[Val::I32(delta)]).expect("no trap");
        assert_same(&results, &[Val::I32(result)]);
    }
    assert_eq!(W::table_size(&mut fx.cx(), &table), 4);
}

/// Tables of external references keep them.
pub fn table_of_externref<W: WasmEngine>() {
    let mut fx = Fixture::<W>::new();
    let value = Val::Extern(Some(fx.externref(11)));
    let externs = table_type(RefType::EXTERNREF, 2, None);
    let table = W::table_alloc(&mut fx.cx(), &externs, &value).expect("a table");
    let other = Val::Extern(Some(fx.externref(12)));
    W::table_set(&mut fx.cx(), &table, 1, &other).expect("in bounds");
    W::table_grow(&mut fx.cx(), &table, 1, &other).expect("room");
    drop((value, other));
    let mut held = Vec::new();
    for index in 0..3 {
        let element = W::table_get(&mut fx.cx(), &table, index).expect("in bounds");
        held.push(id_of::<W>(&mut fx.cx(), &extern_of(&element)));
    }
    assert_eq!(held, [11, 12, 12].map(HostId));
    W::table_set(&mut fx.cx(), &table, 1, &Val::Extern(None)).expect("in bounds");
    let element = W::table_get(&mut fx.cx(), &table, 1);
    assert!(matches!(element, Some(Val::Extern(None))));
}

/// Tables with 64-bit indices, where there are any.
pub fn table_wide<W: WasmEngine>() {
    if !W::FEATURES.memory64 {
        return;
    }
    let mut fx = Fixture::<W>::new();
    let wide = TableType {
        address: AddressType::I64,
        ..table_type(RefType::FUNCREF, 3, Some(5))
    };
    let table = W::table_alloc(&mut fx.cx(), &wide, &Val::Func(None)).expect("a table");
    assert_eq!(W::table_type(&mut fx.cx(), &table), wide);
    let instance = fx.instance(
        r#"(module (import "a" "t" (table $t i64 3 5 funcref))
            (func (export "size") (result i32) (i32.wrap_i64 (table.size $t))))"#,
        &[Extern::Table(table.clone())],
    );
    let grown = W::table_grow(&mut fx.cx(), &table, 1, &Val::Func(None));
    assert_eq!(grown.ok(), Some(3));
    assert_eq!(fx.run(&instance, "size"), 4);
    assert!(W::table_get(&mut fx.cx(), &table, u64::MAX).is_none());
    assert!(W::table_get(&mut fx.cx(), &table, 4).is_none());
}

/// A size that no machine has is an error, whatever the budget allows, and so is a wrong element.
pub fn table_absurd<W: WasmEngine>() {
    let mut fx = Fixture::<W>::limited(crate::ResourceLimits {
        table_elements: u64::MAX,
        ..crate::ResourceLimits::default()
    });
    let null = Val::Func(None);
    for min in [1 << 32, 1 << 48, u64::MAX] {
        let ty = table_type(RefType::FUNCREF, min, None);
        assert!(W::table_alloc(&mut fx.cx(), &ty, &null).is_err());
    }
    if W::FEATURES.memory64 {
        for min in [1 << 48, 1 << 60, u64::MAX] {
            let ty = TableType {
                address: AddressType::I64,
                ..table_type(RefType::FUNCREF, min, None)
            };
            assert!(W::table_alloc(&mut fx.cx(), &ty, &null).is_err());
            let text = format!("(module (table i64 {min} funcref))");
            assert!(fx.try_instance(&text, &[]).is_err());
        }
    }
    let ty = table_type(RefType::FUNCREF, 2, None);
    for wrong in [Val::Extern(None), Val::I32(0)] {
        assert!(W::table_alloc(&mut fx.cx(), &ty, &wrong).is_err());
        let table = W::table_alloc(&mut fx.cx(), &ty, &null).expect("a table");
        assert!(W::table_set(&mut fx.cx(), &table, 0, &wrong).is_err());
        assert!(W::table_grow(&mut fx.cx(), &table, 1, &wrong).is_err());
        assert_eq!(W::table_size(&mut fx.cx(), &table), 2);
    }
}
