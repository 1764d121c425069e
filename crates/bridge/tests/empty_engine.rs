//! The memories and tables of the engine that compiles nothing.

use std::rc::Rc;
use std::sync::Arc;

use sinew_bridge::empty::{EmptyEngine, EmptyStore};
use sinew_bridge::{
    AddressType, Budget, EngineConfig, EngineError, ErrorKind, Limits, MemoryType, RefType,
    ResourceLimits, StoreData, TableType, Termination, TrapCode, Val, WasmEngine,
};

fn store(limits: ResourceLimits) -> (EmptyStore, Rc<Budget>) {
    let budget = Rc::new(Budget::new(limits));
    let data = StoreData {
        agent: Rc::new(()),
        budget: budget.clone(),
        termination: Arc::new(Termination::default()),
    };
    let engine = EmptyEngine::engine_new(&EngineConfig::default()).unwrap();
    (EmptyEngine::store_new(&engine, data).unwrap(), budget)
}

fn memory_type(min: u64, max: Option<u64>) -> MemoryType {
    MemoryType {
        limits: Limits { min, max },
        address: AddressType::I64,
        shared: false,
        page_size_log2: 16,
    }
}

#[test]
fn memories_grow_where_they_are() {
    let (mut store, budget) = store(ResourceLimits {
        memory_bytes: 9 << 16,
        ..ResourceLimits::default()
    });
    let cx = &mut &mut store;
    let memory = EmptyEngine::mem_alloc(cx, &memory_type(1, None)).unwrap();
    let (base, len) = EmptyEngine::mem_data(cx, &memory);
    assert_eq!(len, 1 << 16);
    assert_eq!(EmptyEngine::mem_grow(cx, &memory, 7).unwrap(), 1);
    assert_eq!(EmptyEngine::mem_data(cx, &memory), (base, 8 << 16));
    for delta in [2, 17, 1 << 48, u64::MAX] {
        let error = EmptyEngine::mem_grow(cx, &memory, delta).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Limit, "{delta}");
    }
    let bounded = EmptyEngine::mem_alloc(cx, &memory_type(0, Some(1))).unwrap();
    assert!(EmptyEngine::mem_grow(cx, &bounded, 2).is_err());
    assert_eq!(EmptyEngine::mem_grow(cx, &bounded, 1).unwrap(), 0);
    assert!(EmptyEngine::mem_alloc(cx, &memory_type(1, None)).is_err());
    assert!(EmptyEngine::mem_alloc(cx, &memory_type(u64::MAX, None)).is_err());
    assert_eq!(budget.memory_bytes(), 9 << 16);
}

#[test]
fn tables_end() {
    let (mut store, _) = store(ResourceLimits {
        table_elements: 3,
        ..ResourceLimits::default()
    });
    let cx = &mut &mut store;
    let ty = TableType {
        limits: Limits { min: 1, max: None },
        address: AddressType::I64,
        element: RefType::FUNCREF,
    };
    let null = Val::Func(None);
    let table = EmptyEngine::table_alloc(cx, &ty, &null).unwrap();
    assert_eq!(EmptyEngine::table_grow(cx, &table, 2, &null).unwrap(), 1);
    for delta in [1, u64::MAX - 3, u64::MAX] {
        let error = EmptyEngine::table_grow(cx, &table, delta, &null).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Limit, "{delta}");
    }
    assert_eq!(EmptyEngine::table_type(cx, &table).limits.min, 3);
    assert!(EmptyEngine::table_get(cx, &table, 2).is_some());
    assert!(EmptyEngine::table_get(cx, &table, 3).is_none());
    assert!(EmptyEngine::table_set(cx, &table, 2, &null).is_ok());
    let error = EmptyEngine::table_set(cx, &table, 3, &null).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Trap(TrapCode::TableOutOfBounds));
}
