//! What the stores of the engine that compiles nothing hold.

use std::rc::Rc;
use std::sync::Arc;

use sinew_bridge::empty::{EmptyEngine, EmptyStore};
use sinew_bridge::{
    AddressType, Budget, EngineConfig, EngineError, ErrorKind, ExternPayload, FuncType, GlobalType,
    HeapType, HostFunc, HostId, HostTrap, Limits, MemoryType, RefType, Reference, ResourceLimits,
    StoreData, TableType, Termination, TrapCode, Val, ValType, WasmEngine,
};

fn store(limits: ResourceLimits) -> (EmptyStore, Rc<Budget>) {
    let budget = Rc::new(Budget::new(limits));
    let data = StoreData {
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

const fn nullable(heap: HeapType) -> ValType {
    ValType::Ref(RefType {
        nullable: true,
        heap,
    })
}

#[test]
fn references_cross_hierarchies() {
    let (mut store, _) = store(ResourceLimits::default());
    let cx = &mut &mut store;
    let payload = ExternPayload::new(HostId(4), Arc::default());
    let host = EmptyEngine::extern_alloc(cx, payload).unwrap();
    let any = EmptyEngine::any_from_extern(cx, &host).unwrap();
    let read = EmptyEngine::any_read(cx, &any);
    assert!(matches!(read, Reference::Host(HostId(4))));
    let integer = EmptyEngine::any_from_i31(cx, -9).unwrap();
    let outside = EmptyEngine::extern_from_any(cx, &integer).unwrap();
    let read = EmptyEngine::extern_read(cx, &outside);
    assert!(matches!(read, Reference::I31(-9)));

    let (any, integer) = (Val::Any(Some(any)), Val::Any(Some(integer)));
    let cases = [
        (HeapType::I31, [false, true, true]),
        (HeapType::Eq, [false, true, true]),
        (HeapType::Any, [true, true, true]),
        (HeapType::Struct, [false, false, true]),
        (HeapType::None, [false, false, true]),
        (HeapType::Extern, [false, false, false]),
    ];
    for (heap, fits) in cases {
        for (value, fits) in [&any, &integer, &Val::Any(None)].into_iter().zip(fits) {
            let ty = GlobalType {
                value: nullable(heap),
                mutable: true,
            };
            let made = EmptyEngine::global_alloc(cx, &ty, None, value);
            let kind = made.err().map(|error| error.kind());
            let expected = (!fits).then_some(ErrorKind::Type);
            assert_eq!(kind, expected, "{value:?} as {heap}");
        }
    }
}

/// Throws the exception that it owns.
struct Thrower;

type Thrown = std::cell::OnceCell<<EmptyEngine as WasmEngine>::ExnRef>;

impl HostFunc<EmptyEngine> for Thrower {
    type Data = Rc<Thrown>;

    fn invoke(
        store: &mut &mut EmptyStore,
        thrown: &Rc<Thrown>,
        _: &mut [u64],
    ) -> Result<(), HostTrap> {
        match thrown.get() {
            Some(exn) => {
                EmptyEngine::exn_throw(store, exn);
                Err(HostTrap::Exception)
            }
            None => Err(HostTrap::Completion),
        }
    }

    fn call(
        store: &mut &mut EmptyStore,
        thrown: &Rc<Thrown>,
        _: &[Val<EmptyEngine>],
        _: &mut [Val<EmptyEngine>],
    ) -> Result<(), HostTrap> {
        Self::invoke(store, thrown, &mut [])
    }
}

#[test]
fn exceptions_come_out() {
    let thrown = Rc::new(Thrown::new());
    let (mut store, _) = store(ResourceLimits::default());
    let cx = &mut &mut store;
    let ty = FuncType::new([ValType::I32], []);
    let tag = EmptyEngine::tag_alloc(cx, &ty).unwrap();
    let twin = EmptyEngine::tag_alloc(cx, &ty).unwrap();
    assert!(!EmptyEngine::tag_eq(cx, &tag, &twin));
    for wrong in [&[][..], &[Val::I64(1)], &[Val::I32(1), Val::I32(2)]] {
        let made = EmptyEngine::exn_alloc(cx, &tag, wrong);
        assert_eq!(made.err().map(|error| error.kind()), Some(ErrorKind::Type));
    }
    let exn = EmptyEngine::exn_alloc(cx, &tag, &[Val::I32(5)]).unwrap();
    let f = EmptyEngine::func_alloc::<Thrower>(cx, &ty, None, thrown.clone()).unwrap();
    let error = EmptyEngine::func_invoke(cx, &f, &ty, &mut [0]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Host);
    thrown.set(exn.clone()).ok().unwrap();
    let error = EmptyEngine::func_invoke(cx, &f, &ty, &mut [0]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Exception);
    let out = EmptyEngine::exn_take(cx).unwrap();
    assert!(EmptyEngine::exn_take(cx).is_none());
    assert_eq!(
        EmptyEngine::exn_identity(cx, &out),
        EmptyEngine::exn_identity(cx, &exn)
    );
    let found = EmptyEngine::exn_tag(cx, &out).unwrap();
    assert!(EmptyEngine::tag_eq(cx, &found, &tag));
    let fields = EmptyEngine::exn_read(cx, &out).unwrap();
    assert!(matches!(fields[..], [Val::I32(5)]));
}
