//! What this backend does that another would not need: rewritten modules, reserved memories, time
//! slices.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use sinew_bridge::{
    AddressType, Budget, EngineConfig, EngineError, ErrorKind, Extern, ExternKind, FuncType,
    GlobalType, HostFunc, HostTrap, Limits, MemoryType, Reason, ResourceLimits, StoreData,
    TableType, Termination, TrapCode, Val, ValType, WasmEngine,
};
use sinew_engine_wasmi::{Engine, Error, Func, Store, StoreMut, Wasmi};

type Instance = <Wasmi as WasmEngine>::Instance;
type Memory = <Wasmi as WasmEngine>::Memory;
type Body = dyn Fn(&mut StoreMut<'_>, &mut [u64]) -> Result<(), HostTrap>;

const PAGE: usize = 1 << 16;

/// What a host function runs, or leaves as its result if it is a general one.
enum Host {
    Scalar(Box<Body>),
    General(Rc<RefCell<Option<Val<Wasmi>>>>),
}

impl HostFunc<Wasmi> for Host {
    type Data = Host;

    fn invoke(store: &mut StoreMut<'_>, host: &Host, vals: &mut [u64]) -> Result<(), HostTrap> {
        match host {
            Host::Scalar(body) => body(store, vals),
            Host::General(_) => Err(HostTrap::Completion),
        }
    }

    fn call(
        _store: &mut StoreMut<'_>,
        host: &Host,
        _params: &[Val<Wasmi>],
        results: &mut [Val<Wasmi>],
    ) -> Result<(), HostTrap> {
        let Host::General(result) = host else {
            return Err(HostTrap::Completion);
        };
        results[0] = result.borrow().clone().ok_or(HostTrap::Completion)?;
        Ok(())
    }
}

struct Fixture {
    store: Store,
    engine: Engine,
    budget: Rc<Budget>,
    termination: Arc<Termination>,
}

impl Fixture {
    fn new(interruptible: bool, limits: ResourceLimits) -> Self {
        let config = EngineConfig {
            interruptible,
            ..EngineConfig::default()
        };
        let engine = Wasmi::engine_new(&config).expect("a plain configuration");
        let budget = Rc::new(Budget::new(limits));
        let termination = Arc::new(Termination::default());
        let data = StoreData {
            budget: budget.clone(),
            termination: termination.clone(),
        };
        Self {
            store: Wasmi::store_new(&engine, data).expect("a store"),
            engine,
            budget,
            termination,
        }
    }

    fn plain() -> Self {
        Self::new(false, ResourceLimits::default())
    }

    fn cx(&mut self) -> StoreMut<'_> {
        Wasmi::store_mut(&mut self.store)
    }

    fn host(
        &mut self,
        body: impl Fn(&mut StoreMut<'_>, &mut [u64]) -> Result<(), HostTrap> + 'static,
    ) -> Extern<Wasmi> {
        let ty = FuncType::new([], []);
        let body = Host::Scalar(Box::new(body));
        let func = Wasmi::func_alloc::<Host>(&mut self.cx(), &ty, None, body);
        Extern::Func(func.expect("a function"))
    }

    fn try_instance(&mut self, text: &str, imports: &[Extern<Wasmi>]) -> Result<Instance, Error> {
        let bytes = wat::parse_str(text).expect("well-formed text");
        let module = Wasmi::module_compile(&self.engine, &bytes).expect("a valid module");
        Wasmi::module_instantiate(&mut self.cx(), &module, imports)
    }

    fn instance(&mut self, text: &str, imports: &[Extern<Wasmi>]) -> Instance {
        self.try_instance(text, imports).expect("an instance")
    }

    fn export(&mut self, instance: &Instance, name: &str, kind: ExternKind) -> Extern<Wasmi> {
        let export = Wasmi::instance_export(&mut self.cx(), instance, name, kind);
        export.unwrap_or_else(|| panic!("no {kind} {name:?}"))
    }

    fn func(&mut self, instance: &Instance, name: &str) -> Func {
        match self.export(instance, name, ExternKind::Func) {
            Extern::Func(func) => func,
            _ => unreachable!("asked for a function"),
        }
    }

    fn memory(&mut self, instance: &Instance, name: &str) -> Memory {
        match self.export(instance, name, ExternKind::Memory) {
            Extern::Memory(memory) => memory,
            _ => unreachable!("asked for a memory"),
        }
    }

    fn bytes(&mut self, memory: &Memory, range: std::ops::Range<usize>) -> Vec<u8> {
        let (data, len) = Wasmi::mem_data(&mut self.cx(), memory);
        assert!(range.end <= len);
        range
            // SAFETY: within the memory, and nothing else runs.
            .map(|offset| unsafe { data.add(offset).read() })
            .collect()
    }

    /// Calls a function of i32 parameters for its one i32.
    fn run(&mut self, instance: &Instance, name: &str, params: &[i32]) -> Result<i32, Error> {
        let func = self.func(instance, name);
        run(&mut self.cx(), &func, params)
    }
}

fn run(cx: &mut StoreMut<'_>, func: &Func, params: &[i32]) -> Result<i32, Error> {
    let ty = Wasmi::func_type(cx, func);
    let mut vals: Vec<u64> = params.iter().map(|v| Wasmi::raw_i32(*v)).collect();
    vals.resize(ty.raw_len().max(1), 0);
    Wasmi::func_invoke(cx, func, &ty, &mut vals)?;
    Ok(Wasmi::raw_get_i32(&vals[0]))
}

fn kind<T>(result: Result<T, Error>) -> ErrorKind {
    match result {
        Ok(_) => panic!("no error"),
        Err(error) => error.kind(),
    }
}

fn memory_type(min: u64, max: Option<u64>, address: AddressType) -> MemoryType {
    MemoryType {
        limits: Limits { min, max },
        address,
        shared: false,
        page_size_log2: 16,
    }
}

#[test]
fn imported_and_defined_memories_keep_their_indices() {
    let mut fx = Fixture::plain();
    let started = Rc::new(Cell::new(0));
    let start = {
        let started = started.clone();
        fx.host(move |_, _| {
            started.set(started.get() + 1);
            Ok(())
        })
    };
    let imported = memory_type(1, None, AddressType::I32);
    let imported = Wasmi::mem_alloc(&mut fx.cx(), &imported).expect("a memory");
    let text = r#"(module
        (import "a" "start" (func $host))
        (import "\00sinew" "memory" (memory $imported 1))
        (global $g (mut i32) (i32.const 0))
        (memory $one (export "one") 1 5)
        (memory $two (export "two") i64 2)
        (memory $three (export "three") 0)
        (export "\00init" (memory $one))
        (export "imported" (memory $imported))
        (func $start (call $host) (global.set $g (i32.const 5))
            (i32.store $two (i64.const 8) (i32.const 0x64636261)))
        (func (export "\00init'") (result i32) global.get $g)
        (func (export "sizes") (result i32)
            (i32.add (i32.add (memory.size $imported)
                (i32.mul (i32.const 10) (memory.size $one)))
            (i32.add (i32.mul (i32.const 100) (i32.wrap_i64 (memory.size $two)))
                (i32.mul (i32.const 1000) (memory.size $three)))))
        (start $start)
        (data (memory $imported) (i32.const 0) "zero")
        (data (memory $one) (i32.const 1) "one")
        (data (memory $two) (i64.const 2) "two"))"#;
    let imports = [start, Extern::Memory(imported)];
    let instance = fx.instance(text, &imports);
    assert_eq!(started.get(), 1);
    assert_eq!(fx.run(&instance, "sizes", &[]).ok(), Some(211));
    assert_eq!(fx.run(&instance, "\0init'", &[]).ok(), Some(5));
    assert_eq!(fx.bytes(&imported, 0..4), b"zero");
    let (one, two) = (fx.memory(&instance, "one"), fx.memory(&instance, "two"));
    assert_eq!(fx.bytes(&one, 0..4), b"\0one");
    assert_eq!(fx.bytes(&two, 2..5), b"two");
    assert_eq!(fx.bytes(&two, 8..12), b"abcd");
    let clash = fx.memory(&instance, "\0init");
    assert_eq!(fx.bytes(&clash, 0..4), b"\0one");
    // Another instance has memories of its own, except for what it imports.
    let other = fx.instance(text, &imports);
    let of_other = fx.memory(&other, "one");
    let data = |fx: &mut Fixture, memory| Wasmi::mem_data(&mut fx.cx(), &memory).0;
    assert_ne!(data(&mut fx, one), data(&mut fx, of_other));
    let shared = fx.memory(&other, "imported");
    assert_eq!(data(&mut fx, imported), data(&mut fx, shared));
    // Functions keep their indices in the original.
    for (name, index) in [("\0init'", 2), ("sizes", 3)] {
        let func = fx.func(&other, name);
        assert_eq!(Wasmi::func_index(&mut fx.cx(), &func), Some(index));
    }
}

/// Modules that lack the sections which the rewriting appends to.
#[test]
fn sections_are_made_where_they_are_missing() {
    for text in [
        "(module (memory 1))",
        "(module (func) (start 0))",
        r#"(module (memory 1) (func) (start 0) (data (i32.const 0) "a"))"#,
        r#"(module (@custom "x" (before first) "abc") (memory 1) (func) (start 0)
            (@custom "y" (after last) "abc"))"#,
        r#"(module (import "a" "f" (func)) (start 0))"#,
        r#"(module (import "a" "f" (func)) (memory 3) (start 0) (global i32 (i32.const 0)))"#,
        "(module (table 1 funcref) (memory 0 0) (func $f) (elem (i32.const 0) $f) (start $f))",
        r#"(module (memory 1) (data $d "abc") (func (export "f")
            (memory.init $d (i32.const 0) (i32.const 0) (i32.const 3)) (data.drop $d)))"#,
    ] {
        let mut fx = Fixture::plain();
        let import = fx.host(|_, _| Ok(()));
        let imports = [import];
        let given = if text.contains("import") { 1 } else { 0 };
        fx.instance(text, &imports[..given]);
    }
}

/// What an instance wrote to an imported table before it failed stays, and works: its functions
/// have their memories and globals.
#[test]
fn functions_of_failed_instances_are_whole() {
    let failing = |segments: &str| {
        format!(
            r#"(module
            (import "a" "t" (table $t 4 funcref))
            (import "a" "g" (global $offset i32))
            (table $own 2 funcref)
            (memory $m 1)
            (global $g (mut i32) (i32.const 70))
            (func $f (result i32)
                (i32.store (i32.const 4) (i32.const 1))
                (global.set $g (i32.add (global.get $g) (i32.load (i32.const 4))))
                (i32.add (global.get $g) (i32.load8_u (i32.const 100))))
            (func $one (result i32) i32.const 1)
            (elem (table $t) (global.get $offset) func $f $one)
            (elem (table $own) (i32.const 1) funcref (ref.func $f))
            (data (i32.const 100) "\05")
            {segments})"#
        )
    };
    let cases = [
        (
            r#"(data (i32.const 65535) "ab")"#,
            TrapCode::MemoryOutOfBounds,
            76,
        ),
        (
            "(elem (table $own) (i32.const 2) func $f)",
            TrapCode::TableOutOfBounds,
            71,
        ),
        (
            "(func $s (unreachable)) (start $s)",
            TrapCode::Unreachable,
            76,
        ),
    ];
    for (segments, code, result) in cases {
        let mut fx = Fixture::plain();
        let provider = fx.instance(
            r#"(module (table (export "t") 4 funcref)
                (global (export "g") i32 (i32.const 2))
                (func (export "call") (param i32) (result i32)
                    (call_indirect (result i32) (local.get 0))))"#,
            &[],
        );
        let imports = [
            fx.export(&provider, "t", ExternKind::Table),
            fx.export(&provider, "g", ExternKind::Global),
        ];
        let failed = fx.try_instance(&failing(segments), &imports);
        assert_eq!(kind(failed), ErrorKind::Trap(code), "{segments}");
        assert_eq!(
            fx.run(&provider, "call", &[2]).ok(),
            Some(result),
            "{segments}"
        );
        assert_eq!(fx.run(&provider, "call", &[3]).ok(), Some(1));
        let null = kind(fx.run(&provider, "call", &[1]));
        assert_eq!(null, ErrorKind::Trap(TrapCode::UninitializedElement));
        // The same without a failure.
        fx.instance(&failing(""), &imports);
        assert_eq!(fx.run(&provider, "call", &[2]).ok(), Some(76));
    }
}

/// Kibibytes of this process that are in memory.
#[cfg(target_os = "linux")]
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("a process");
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().nth(1));
    number.and_then(|n| n.parse().ok()).expect("a number")
}

#[cfg(target_os = "linux")]
#[test]
fn untouched_pages_cost_no_memory() {
    let mut fx = Fixture::plain();
    let before = resident();
    let instance = fx.instance(r#"(module (memory (export "m") 16384))"#, &[]);
    let memory = fx.memory(&instance, "m");
    assert_eq!(Wasmi::mem_data(&mut fx.cx(), &memory).1, 16384 * PAGE);
    assert_eq!(
        Wasmi::mem_grow(&mut fx.cx(), &memory, 16384).ok(),
        Some(16384)
    );
    let after = resident();
    // Other tests of this process run meanwhile.
    assert!(after < before + (256 << 10), "{before} KiB, then {after}");
    assert_eq!(fx.budget.memory_bytes(), 32768 * PAGE as u64);
    let last = 32768 * PAGE;
    assert_eq!(fx.bytes(&memory, last - 4..last), [0; 4]);
}

#[test]
fn memories_with_the_largest_maxima() {
    let mut fx = Fixture::plain();
    let text = r#"(module (memory (export "m") i64 1 0x1000000000000)
        (memory (export "n") 1 65536)
        (func (export "grow") (param i64) (result i64) (memory.grow (local.get 0))))"#;
    let instance = fx.instance(text, &[]);
    let memory = fx.memory(&instance, "m");
    let ty = memory_type(1, Some(1 << 48), AddressType::I64);
    assert_eq!(Wasmi::mem_type(&mut fx.cx(), &memory), ty);
    let grow = fx.func(&instance, "grow");
    for (delta, result) in [(1, 1), (1 << 47, -1), (-1, -1), (40, 2)] {
        let mut results = [Val::I32(0)];
        let params = [Val::I64(delta)];
        Wasmi::func_call(&mut fx.cx(), &grow, &params, &mut results).expect("no trap");
        assert!(
            matches!(results[0], Val::I64(v) if v == result),
            "{results:?}"
        );
    }
    assert!(Wasmi::mem_grow(&mut fx.cx(), &memory, 1 << 47).is_err());
    let again = r#"(module (import "a" "m" (memory i64 1 0x1000000000000)))"#;
    fx.instance(again, &[Extern::Memory(memory)]);
    let short = r#"(module (import "a" "m" (memory i64 1 0xffffffffffff)))"#;
    let refused = fx.try_instance(short, &[Extern::Memory(memory)]);
    assert_eq!(kind(refused), ErrorKind::Link);
}

/// The budget may promise what no machine has.
#[test]
fn unbounded_budgets() {
    let limits = ResourceLimits {
        memory_bytes: u64::MAX,
        ..ResourceLimits::default()
    };
    let mut fx = Fixture::new(false, limits);
    let text = r#"(module (memory i64 1)
        (func (export "grow") (param i32) (result i32)
            (i32.wrap_i64 (memory.grow (i64.extend_i32_u (local.get 0))))))"#;
    let instance = fx.instance(text, &[]);
    let beyond = 64 << 14;
    assert_eq!(fx.run(&instance, "grow", &[beyond]).ok(), Some(-1));
    assert_eq!(fx.run(&instance, "grow", &[2]).ok(), Some(1));
    let huge = memory_type(1 << 40, None, AddressType::I64);
    let huge = Wasmi::mem_alloc(&mut fx.cx(), &huge);
    assert_eq!(kind(huge), ErrorKind::Limit);
    let huge = memory_type(1 << 48, None, AddressType::I64);
    let huge = Wasmi::mem_alloc(&mut fx.cx(), &huge);
    assert_eq!(kind(huge), ErrorKind::Limit);
    assert_eq!(fx.budget.memory_bytes(), 3 * PAGE as u64);
}

#[test]
fn a_dropped_store_gives_its_memory_back() {
    let mut fx = Fixture::plain();
    fx.instance("(module (memory 3) (table 9 funcref))", &[]);
    let budget = fx.budget.clone();
    assert_eq!(budget.memory_bytes(), 3 * PAGE as u64);
    drop(fx);
    assert_eq!(budget.memory_bytes(), 0);
}

/// Slices end anywhere in nested calls, and what goes on is where it was.
#[test]
fn time_slices_resume_nested_calls() {
    let mut fx = Fixture::new(true, ResourceLimits::default());
    let entry: Rc<RefCell<Option<Func>>> = Rc::default();
    let nest = {
        let entry = entry.clone();
        fx.host(move |cx, _| {
            let func = entry.borrow().ok_or(HostTrap::Completion)?;
            run(cx, &func, &[3000])
                .map(drop)
                .map_err(|_| HostTrap::Completion)
        })
    };
    let text = r#"(module
        (import "a" "nest" (func $nest))
        (memory 16)
        (global $total (export "total") (mut i32) (i32.const 0))
        (func (export "inner") (param $n i32) (result i32)
            (loop $l
                (global.set $total (i32.add (global.get $total) (i32.const 1)))
                (memory.fill (i32.const 0) (local.get $n) (i32.const 20000))
                (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
            local.get $n)
        (func (export "outer") (param $n i32) (result i32) (local $i i32)
            (loop $l
                (call $nest)
                (local.set $i (i32.add (local.get $i) (i32.const 1)))
                (br_if $l (i32.lt_u (local.get $i) (local.get $n))))
            (i32.add (global.get $total) (local.get $i)))
        (func $fib (export "fib") (param i32) (result i32)
            (if (result i32) (i32.lt_u (local.get 0) (i32.const 2))
                (then (local.get 0))
                (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1)))
                    (call $fib (i32.sub (local.get 0) (i32.const 2)))))))
        (func (export "grow") (param i32) (result i32)
            (drop (memory.grow (i32.const 500)))
            (memory.fill (i32.const 0) (i32.const 7) (i32.const 33554432))
            (i32.add (memory.size) (i32.load8_u (i32.const 33554431)))))"#;
    let instance = fx.instance(text, &[nest]);
    *entry.borrow_mut() = Some(fx.func(&instance, "inner"));
    let total = 30 * 3000;
    assert_eq!(fx.run(&instance, "outer", &[30]).ok(), Some(total + 30));
    assert_eq!(fx.run(&instance, "fib", &[24]).ok(), Some(46368));
    // Single instructions that need more than a slice.
    assert_eq!(fx.run(&instance, "grow", &[0]).ok(), Some(523));
}

/// Wasmi cannot go on after `table.grow` ran out of fuel. Small growths cost none; a large one that
/// meets the end of a slice ends the call, and is never run twice.
#[test]
fn table_growth_at_the_end_of_a_slice() {
    let text = |delta: u32| {
        format!(
            r#"(module (table $t 0 funcref) (global $n (mut i32) (i32.const 0))
            (func (export "f") (param $rounds i32) (result i32)
                (loop $l
                    (global.set $n (i32.add (global.get $n) (i32.const 1)))
                    (drop (table.grow (ref.null func) (i32.const {delta})))
                    (br_if $l (local.tee $rounds (i32.sub (local.get $rounds) (i32.const 1)))))
                global.get $n)
            (func (export "n") (result i32) global.get $n)
            (func (export "size") (result i32) table.size $t))"#
        )
    };
    let limits = ResourceLimits {
        table_elements: 200_000_000,
        ..ResourceLimits::default()
    };
    let mut fx = Fixture::new(true, limits);
    let instance = fx.instance(&text(2000), &[]);
    assert_eq!(fx.run(&instance, "f", &[20_000]).ok(), Some(20_000));
    assert_eq!(fx.run(&instance, "size", &[]).ok(), Some(40_000_000));
    drop(fx);

    let mut ended = 0;
    for delta in [1_000_000, 1_500_000, 2_000_000] {
        let mut fx = Fixture::new(true, limits);
        let instance = fx.instance(&text(delta), &[]);
        let rounds = 60_000_000 / delta as i32;
        let result = fx.run(&instance, "f", &[rounds]);
        let n = fx.run(&instance, "n", &[]).expect("no trap");
        let size = fx.run(&instance, "size", &[]).expect("no trap");
        match result {
            Ok(all) => assert_eq!((all, n), (rounds, rounds)),
            Err(error) => {
                ended += 1;
                assert_eq!(error.kind(), ErrorKind::Limit);
                assert_eq!(size, (n - 1) * delta as i32);
            }
        }
    }
    assert!(ended > 0, "the case did not come up");
}

/// A stop flag is seen in whatever takes long.
#[test]
fn bulk_instructions_are_stopped() {
    let mut fx = Fixture::new(true, ResourceLimits::default());
    let text = r#"(module (memory 256) (func (export "f") (result i32)
        (loop $l (memory.fill (i32.const 0) (i32.const 1) (i32.const 16777216)) (br $l))
        i32.const 0))"#;
    let instance = fx.instance(text, &[]);
    let termination = fx.termination.clone();
    let stopper = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(50));
        termination.set(Reason::Deadline);
        std::time::Instant::now()
    });
    let result = fx.run(&instance, "f", &[]);
    assert_eq!(kind(result), ErrorKind::Terminated);
    let late = stopper.join().expect("no panic").elapsed();
    assert!(late < std::time::Duration::from_millis(500), "{late:?}");
}

/// Wasmi panics, and so aborts, on results that do not fit: they must not get there.
#[test]
fn results_that_do_not_fit_are_errors() {
    let externref = ValType::Ref(sinew_bridge::RefType::EXTERNREF);
    let funcref = ValType::Ref(sinew_bridge::RefType::FUNCREF);
    let mut other = Fixture::plain();
    let foreign = other.instance(r#"(module (func (export "f")))"#, &[]);
    let foreign = other.func(&foreign, "f");
    let mut fx = Fixture::plain();
    let ty = FuncType::new([externref], [funcref]);
    let says = Rc::new(RefCell::new(None));
    let host = Host::General(says.clone());
    let func = Wasmi::func_alloc::<Host>(&mut fx.cx(), &ty, None, host).expect("a function");
    let text = r#"(module (import "a" "f" (func $f (param externref) (result funcref)))
        (func (export "f") (result i32) (ref.is_null (call $f (ref.null extern)))))"#;
    let instance = fx.instance(text, &[Extern::Func(func)]);
    let wrong = [
        Val::I32(1),
        Val::Extern(None),
        Val::V128(0),
        Val::Func(Some(foreign)),
    ];
    for result in wrong {
        *says.borrow_mut() = Some(result);
        assert_eq!(kind(fx.run(&instance, "f", &[])), ErrorKind::Type);
    }
    *says.borrow_mut() = Some(Val::Func(None));
    assert_eq!(fx.run(&instance, "f", &[]).ok(), Some(1));
    *says.borrow_mut() = Some(Val::Func(Some(func)));
    assert_eq!(fx.run(&instance, "f", &[]).ok(), Some(0));
}

#[test]
fn signatures_that_wasmi_cannot_have() {
    let mut fx = Fixture::plain();
    let many = FuncType::new(vec![ValType::I32; 1001], []);
    let host = || Host::General(Rc::default());
    let many = Wasmi::func_alloc::<Host>(&mut fx.cx(), &many, None, host());
    assert_eq!(kind(many), ErrorKind::Limit);
    let exn = ValType::Ref(sinew_bridge::RefType {
        nullable: true,
        heap: sinew_bridge::HeapType::Exn,
    });
    let exn = Wasmi::func_alloc::<Host>(&mut fx.cx(), &FuncType::new([exn], []), None, host());
    assert_eq!(kind(exn), ErrorKind::Other);
}

/// An import that does not fit is noticed before anything is made.
#[test]
fn refused_imports_cost_nothing() {
    let mut fx = Fixture::plain();
    let text = r#"(module (import "a" "f" (func (param i32))) (memory 5) (table 5 funcref))"#;
    let host = fx.host(|_, _| Ok(()));
    for imports in [&[][..], &[host]] {
        assert_eq!(kind(fx.try_instance(text, imports)), ErrorKind::Link);
    }
    assert_eq!(fx.budget.memory_bytes(), 0);
}

/// A value of another type is told from other failures, and so is what wasmi does not have at all.
#[test]
fn values_that_do_not_match() {
    let mut fx = Fixture::plain();
    let text = r#"(module
        (global (export "g") (mut i32) (i32.const 1))
        (table (export "t") 1 funcref)
        (func (export "f") (param i32)))"#;
    let instance = fx.instance(text, &[]);
    let func = fx.func(&instance, "f");
    let Extern::Global(global) = fx.export(&instance, "g", ExternKind::Global) else {
        panic!("not a global");
    };
    let Extern::Table(table) = fx.export(&instance, "t", ExternKind::Table) else {
        panic!("not a table");
    };
    let mut cx = fx.cx();
    for (value, expected) in [
        (Val::F32(0), ErrorKind::Type),
        (Val::Any(None), ErrorKind::Other),
        (Val::Exn(None), ErrorKind::Other),
    ] {
        let params = [value.clone()];
        let called = Wasmi::func_call(&mut cx, &func, &params, &mut []);
        assert_eq!(kind(called), expected, "{value:?}");
        assert_eq!(kind(Wasmi::global_set(&mut cx, &global, &value)), expected);
        assert_eq!(kind(Wasmi::table_set(&mut cx, &table, 0, &value)), expected);
        let ty = Wasmi::global_type(&mut cx, &global);
        let made = Wasmi::global_alloc(&mut cx, &ty, None, &value);
        assert_eq!(kind(made), expected);
    }
    let value = Val::Extern(None);
    let set = Wasmi::table_set(&mut cx, &table, 0, &value);
    assert_eq!(kind(set), ErrorKind::Type);
    let grown = Wasmi::table_grow(&mut cx, &table, 1, &value);
    assert_eq!(kind(grown), ErrorKind::Type);
    let few = Wasmi::func_call(&mut cx, &func, &[], &mut []);
    assert_eq!(kind(few), ErrorKind::Type);
}

#[test]
fn what_wasmi_does_not_have() {
    let mut fx = Fixture::plain();
    let mut cx = fx.cx();
    let tag = Wasmi::tag_alloc(&mut cx, &FuncType::new([], []));
    assert_eq!(kind(tag), ErrorKind::Other);
    assert_eq!(kind(Wasmi::any_from_i31(&mut cx, 1)), ErrorKind::Other);
    assert!(Wasmi::exn_take(&mut cx).is_none());
    let any = sinew_bridge::RefType {
        nullable: true,
        heap: sinew_bridge::HeapType::Any,
    };
    let ty = TableType {
        limits: Limits { min: 1, max: None },
        address: AddressType::I32,
        element: any,
    };
    let table = Wasmi::table_alloc(&mut cx, &ty, &Val::null(any));
    assert_eq!(kind(table), ErrorKind::Other);
    let global = GlobalType {
        value: ValType::Ref(any),
        mutable: true,
    };
    let global = Wasmi::global_alloc(&mut cx, &global, None, &Val::null(any));
    assert_eq!(kind(global), ErrorKind::Other);
}

/// There is nothing that a host function could throw; one that says it has ends wasm.
#[test]
fn a_host_function_cannot_throw() {
    let mut fx = Fixture::plain();
    let host = fx.host(|_, _| Err(HostTrap::Exception));
    let text = r#"(module (import "" "" (func $h)) (func (export "f") (call $h)))"#;
    let instance = fx.instance(text, &[host]);
    assert_eq!(kind(fx.run(&instance, "f", &[])), ErrorKind::Other);
}
