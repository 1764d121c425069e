//! What this backend does that another would not need: roots, Wasmtime's slot for exceptions, shared
//! memories that nobody limits, arrays copied by wasm.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sinew_bridge::{
    Budget, EngineConfig, EngineError, ErrorKind, Extern, ExternKind, ExternPayload, FuncType,
    HeapType, HostFunc, HostId, HostTrap, Reason, RefType, Reference, ReleaseQueue, ResourceLimits,
    StoreData, Termination, ValType, WasmEngine,
};
use sinew_engine_wasmtime::{Error, Wasmtime};

type Engine = <Wasmtime as WasmEngine>::Engine;
type Store = <Wasmtime as WasmEngine>::Store;
type StoreMut<'a> = <Wasmtime as WasmEngine>::StoreMut<'a>;
type Instance = <Wasmtime as WasmEngine>::Instance;
type AnyRef = <Wasmtime as WasmEngine>::AnyRef;
type Raw = <Wasmtime as WasmEngine>::Raw;
type Val = sinew_bridge::Val<Wasmtime>;
type Func = <Wasmtime as WasmEngine>::Func;
type Body = dyn Fn(&mut StoreMut<'_>) -> Result<(), HostTrap>;

const PAGE: u64 = 1 << 16;

/// The one host function there is: runs what the fixture says.
struct Host;

/// What it runs at the moment.
type Said = Rc<RefCell<Rc<Body>>>;

fn run_body(store: &mut StoreMut<'_>, said: &Said) -> Result<(), HostTrap> {
    let body = said.borrow().clone();
    body(store)
}

impl HostFunc<Wasmtime> for Host {
    type Data = Said;

    fn invoke(store: &mut StoreMut<'_>, said: &Said, _vals: &mut [Raw]) -> Result<(), HostTrap> {
        run_body(store, said)
    }

    fn call(
        store: &mut StoreMut<'_>,
        said: &Said,
        params: &[Val],
        results: &mut [Val],
    ) -> Result<(), HostTrap> {
        results.clone_from_slice(&params[..results.len()]);
        run_body(store, said)
    }
}

struct Fixture {
    store: Store,
    engine: Engine,
    budget: Rc<Budget>,
    termination: Arc<Termination>,
    body: Said,
}

impl Fixture {
    fn new(interruptible: bool, memory_bytes: u64) -> Self {
        let config = EngineConfig {
            interruptible,
            ..EngineConfig::default()
        };
        let engine = Wasmtime::engine_new(&config).expect("a plain configuration");
        let budget = Rc::new(Budget::new(ResourceLimits {
            memory_bytes,
            ..ResourceLimits::default()
        }));
        let body: Rc<Body> = Rc::new(|_| Ok(()));
        let (termination, body) = (
            Arc::new(Termination::default()),
            Rc::new(RefCell::new(body)),
        );
        let data = StoreData {
            budget: budget.clone(),
            termination: termination.clone(),
        };
        Self {
            store: Wasmtime::store_new(&engine, data).expect("a store"),
            engine,
            budget,
            termination,
            body,
        }
    }

    fn plain() -> Self {
        Self::new(false, ResourceLimits::default().memory_bytes)
    }

    fn cx(&mut self) -> StoreMut<'_> {
        Wasmtime::store_mut(&mut self.store)
    }

    fn host(&mut self, params: &[ValType], results: &[ValType]) -> Extern<Wasmtime> {
        let ty = FuncType::new(params, results);
        let body = self.body.clone();
        let func = Wasmtime::func_alloc::<Host>(&mut self.cx(), &ty, None, body);
        Extern::Func(func.expect("a function"))
    }

    fn says(&self, body: impl Fn(&mut StoreMut<'_>) -> Result<(), HostTrap> + 'static) {
        *self.body.borrow_mut() = Rc::new(body);
    }

    fn try_instance(
        &mut self,
        text: &str,
        imports: &[Extern<Wasmtime>],
    ) -> Result<Instance, Error> {
        let bytes = wat::parse_str(text).expect("well-formed text");
        let module = Wasmtime::module_compile(&self.engine, &bytes).expect("a valid module");
        Wasmtime::module_instantiate(&mut self.cx(), &module, imports)
    }

    fn instance(&mut self, text: &str, imports: &[Extern<Wasmtime>]) -> Instance {
        self.try_instance(text, imports).expect("an instance")
    }

    fn func(&mut self, instance: &Instance, name: &str) -> Func {
        let export = Wasmtime::instance_export(&mut self.cx(), instance, name, ExternKind::Func);
        match export {
            Some(Extern::Func(func)) => func,
            _ => panic!("no function is exported as {name:?}"),
        }
    }

    fn call(&mut self, func: &Func, params: &[Val]) -> Result<Vec<Val>, Error> {
        call(&mut self.cx(), func, params)
    }

    fn get(&mut self, instance: &Instance, name: &str, params: &[Val]) -> Val {
        let func = self.func(instance, name);
        let results = self.call(&func, params).expect("a call that returns");
        results.into_iter().next().expect("a result")
    }
}

fn call(store: &mut StoreMut<'_>, func: &Func, params: &[Val]) -> Result<Vec<Val>, Error> {
    let results = Wasmtime::func_type(store, func).results().len();
    let mut results = vec![Val::I32(0); results];
    Wasmtime::func_call(store, func, params, &mut results)?;
    Ok(results)
}

fn externref(store: &mut StoreMut<'_>, id: u32, released: &Arc<ReleaseQueue>) -> Val {
    let payload = ExternPayload::new(HostId(id), released.clone());
    Val::Extern(Some(
        Wasmtime::extern_alloc(store, payload).expect("a reference"),
    ))
}

fn any_of(val: Val) -> AnyRef {
    match val {
        Val::Any(Some(value)) => value,
        other => panic!("{other:?} is no reference of the any hierarchy"),
    }
}

#[track_caller]
fn kind<T>(result: Result<T, Error>) -> ErrorKind {
    match result {
        Ok(_) => panic!("no error"),
        Err(error) => error.kind(),
    }
}

const THROWER: &str = r#"(module
    (import "h" "fast" (func $fast))
    (import "h" "general" (func $general (param externref)))
    (tag $t (export "t"))
    (func (export "throw") (throw $t))
    (func (export "fast") (result i32)
        (block $caught
            (try_table (catch_all $caught) (call $fast))
            (return (i32.const 0)))
        (i32.const 1))
    (func (export "general") (result i32)
        (block $caught
            (try_table (catch_all $caught) (call $general (ref.null extern)))
            (return (i32.const 0)))
        (i32.const 1)))"#;

/// What another call has left behind is not what a host function throws.
#[test]
fn an_exception_left_behind_is_not_thrown() {
    let mut fx = Fixture::plain();
    let extern_ = ValType::Ref(RefType::EXTERNREF);
    let imports = [fx.host(&[], &[]), fx.host(&[extern_], &[])];
    let instance = fx.instance(THROWER, &imports);
    let throw = fx.func(&instance, "throw");
    for name in ["fast", "general"] {
        let func = fx.func(&instance, name);
        fx.says(move |store| {
            assert_eq!(kind(call(store, &throw, &[])), ErrorKind::Exception);
            Err(HostTrap::Exception)
        });
        assert_eq!(kind(fx.call(&func, &[])), ErrorKind::Other, "{name}");
        // It is there for whoever asks for it.
        assert!(Wasmtime::exn_take(&mut fx.cx()).is_some());
        assert!(Wasmtime::exn_take(&mut fx.cx()).is_none());

        fx.says(move |store| {
            assert_eq!(kind(call(store, &throw, &[])), ErrorKind::Exception);
            let exn = Wasmtime::exn_take(store).expect("an exception");
            Wasmtime::exn_throw(store, &exn);
            Err(HostTrap::Exception)
        });
        let caught = fx.call(&func, &[]).expect("it is caught");
        assert!(matches!(caught[..], [Val::I32(1)]), "{name}");

        fx.says(move |store| {
            assert_eq!(kind(call(store, &throw, &[])), ErrorKind::Exception);
            Err(HostTrap::Completion)
        });
        assert_eq!(kind(fx.call(&func, &[])), ErrorKind::Host, "{name}");

        let (first, inner) = (RefCell::new(true), func);
        fx.says(move |store| {
            if first.replace(false) {
                // A completion that comes after all, and then an exception that is none.
                assert_eq!(kind(call(store, &throw, &[])), ErrorKind::Exception);
                let exn = Wasmtime::exn_take(store).expect("an exception");
                assert_eq!(kind(call(store, &inner, &[])), ErrorKind::Other);
                Wasmtime::exn_throw(store, &exn);
                return Err(HostTrap::Completion);
            }
            Err(HostTrap::Exception)
        });
        assert_eq!(kind(fx.call(&func, &[])), ErrorKind::Host, "{name}");
        assert_eq!(kind(fx.call(&func, &[])), ErrorKind::Other, "{name}");
    }
}

/// References that cross within one long call of a host function leave nothing behind.
#[test]
fn crossings_do_not_pile_up() {
    let mut fx = Fixture::plain();
    let text = r#"(module
        (import "h" "f" (func $f)) (import "h" "g" (func $g (param externref) (result externref)))
        (type $s (struct (field i32)))
        (func (export "extern") (param externref) (result externref) (call $g (local.get 0)))
        (func (export "struct") (result anyref) (struct.new $s (i32.const 1)))
        (func (export "any") (param anyref) (result anyref) (local.get 0))
        (func (export "run") (call $f)))"#;
    let extern_ = ValType::Ref(RefType::EXTERNREF);
    let imports = [fx.host(&[], &[]), fx.host(&[extern_], &[extern_])];
    let instance = fx.instance(text, &imports);
    let [outside, object, any] = ["extern", "struct", "any"].map(|name| fx.func(&instance, name));
    let released = Arc::new(ReleaseQueue::default());
    let (queue, nested) = (released.clone(), RefCell::new(false));
    let budget = fx.budget.clone();
    fx.says(move |store| {
        // `extern` comes here, too.
        if nested.replace(true) {
            return Ok(());
        }
        let mut early = 0;
        for round in 0..100_000 {
            let value = externref(store, round, &queue);
            call(store, &outside, &[value]).expect("no trap");
            let value = call(store, &object, &[]).expect("no trap");
            call(store, &any, &value).expect("no trap");
            if round == 10_000 {
                early = budget.memory_bytes();
            }
        }
        assert_eq!(budget.memory_bytes(), early, "the heap has grown");
        Ok(())
    });
    let run = fx.func(&instance, "run");
    fx.call(&run, &[]).expect("no trap");
    let count = released.drain().len();
    assert!(count > 90_000, "{count} of 100,000 released");
}

/// Unboxed integers need neither a heap nor roots.
#[test]
fn unboxed_integers_cost_nothing() {
    let mut fx = Fixture::new(false, 0);
    let text = r#"(module (func (export "f") (param i31ref) (result anyref) (local.get 0)))"#;
    let instance = fx.instance(text, &[]);
    for value in [0, -1, 5, (1 << 30) - 1, -(1 << 30)] {
        let made = Wasmtime::any_from_i31(&mut fx.cx(), value).expect("an integer");
        let back = any_of(fx.get(&instance, "f", &[Val::Any(Some(made))]));
        let outside = Wasmtime::extern_from_any(&mut fx.cx(), &back).expect("a reference");
        let read = Wasmtime::extern_read(&mut fx.cx(), &outside);
        assert!(matches!(read, Reference::I31(read) if read == value));
    }
    assert_eq!(fx.budget.memory_bytes(), 0);
}

/// Wasmtime would let a function of another type with the same parameters pass.
#[test]
fn functions_match_by_declared_type() {
    let mut fx = Fixture::plain();
    let text = r#"(module
        (type $a (sub (func))) (type $b (sub $a (func))) (type $c (sub (func (result i32))))
        (rec (type $d (sub (func))) (type $e (struct)))
        (elem declare func $a $b $c $d)
        (func $a (export "a") (type $a)) (func $b (export "b") (type $b))
        (func $c (export "c") (type $c) (i32.const 0)) (func $d (export "d") (type $d))
        (func (export "take") (param (ref null $a))))"#;
    let instance = fx.instance(text, &[]);
    let take = fx.func(&instance, "take");
    for (name, fits) in [("a", true), ("b", true), ("c", false), ("d", false)] {
        let func = fx.func(&instance, name);
        match fx.call(&take, &[Val::Func(Some(func))]) {
            Ok(_) => assert!(fits, "{name} was taken"),
            Err(error) => {
                assert!(!fits, "{name}: {error}");
                assert_eq!(error.kind(), ErrorKind::Type, "{name}");
            }
        }
    }
    fx.call(&take, &[Val::Func(None)]).expect("null is one");
    for wrong in [&[][..], &[Val::I32(0)], &[Val::Extern(None)]] {
        assert_eq!(kind(fx.call(&take, wrong)), ErrorKind::Type);
    }
}

/// A host function's result of another type ends wasm, whatever clause there is.
#[test]
fn results_of_another_type() {
    let mut fx = Fixture::plain();
    let any = ValType::Ref(RefType {
        nullable: true,
        heap: HeapType::Any,
    });
    let import = fx.host(&[any], &[ValType::Ref(RefType::EXTERNREF)]);
    let text = r#"(module (import "h" "f" (func $f (param anyref) (result externref)))
        (func (export "f") (result externref)
            (block $caught
                (try_table (catch_all $caught) (return (call $f (ref.i31 (i32.const 1))))))
            (ref.null extern)))"#;
    let instance = fx.instance(text, &[import]);
    let func = fx.func(&instance, "f");
    assert_eq!(kind(fx.call(&func, &[])), ErrorKind::Type);
}

/// What a module's own shared memories may become is charged, however much that is, and given back
/// where they do not come to be.
#[test]
fn shared_memories_are_charged_whole() {
    let mut fx = Fixture::new(false, 100 * PAGE);
    for text in [
        "(module (memory 1 101 shared))",
        "(module (memory 1 51 shared) (memory 1 50 shared))",
        "(module (memory i64 0 0x1000000000000 shared))",
        "(module (memory 50 90 shared) (memory 11))",
    ] {
        assert_eq!(kind(fx.try_instance(text, &[])), ErrorKind::Limit, "{text}");
        assert_eq!(fx.budget.memory_bytes(), 0, "{text}");
    }
    fx.instance("(module (memory 1 60 shared) (memory 10))", &[]);
    assert_eq!(fx.budget.memory_bytes(), 70 * PAGE);
    // One that traps has been.
    let text = "(module (memory 1 20 shared) (func $f unreachable) (start $f))";
    assert!(matches!(
        kind(fx.try_instance(text, &[])),
        ErrorKind::Trap(_)
    ));
    assert_eq!(fx.budget.memory_bytes(), 90 * PAGE);
}

/// A wait is over after its timeout, and the store is stopped then, not before.
#[test]
fn waiting_ends_before_termination() {
    let mut fx = Fixture::new(true, ResourceLimits::default().memory_bytes);
    let text = r#"(module (memory 1 1 shared) (func (export "f")
        (loop $again
            (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const 100000000)))
            (br $again))))"#;
    let instance = fx.instance(text, &[]);
    let func = fx.func(&instance, "f");
    let (termination, engine) = (fx.termination.clone(), fx.engine.clone());
    let start = Instant::now();
    let stopper = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(20));
        termination.set(Reason::Interrupted);
        Wasmtime::engine_interrupt(&engine);
    });
    assert_eq!(kind(fx.call(&func, &[])), ErrorKind::Terminated);
    assert!(start.elapsed() >= Duration::from_millis(90));
    stopper.join().expect("no panic");
}

const ARRAYS: &str = r#"(module (type $a (array (mut i16))) (type $sub (sub (array (mut i16))))
    (func (export "a") (param i32) (result (ref $a)) (array.new $a (i32.const 7) (local.get 0)))
    (func (export "sub") (param i32) (result (ref $sub))
        (array.new $sub (i32.const 7) (local.get 0))))"#;

/// Arrays of any length are copied, of the frequent type and of others, in bulk and one by one.
#[test]
fn arrays_of_all_lengths() {
    let len = 70_000;
    let mut unlimited = Fixture::plain();
    let instance = unlimited.instance(ARRAYS, &[]);
    unlimited.get(&instance, "a", &[Val::I32(len)]);
    unlimited.get(&instance, "sub", &[Val::I32(len)]);
    // With as much as the heap needs, there is no room for the memory that copies go through.
    let heap = unlimited.budget.memory_bytes();
    for (limit, name) in [
        (u64::MAX, "a"),
        (u64::MAX, "sub"),
        (heap, "a"),
        (heap, "sub"),
    ] {
        let mut fx = Fixture::new(false, limit);
        let instance = fx.instance(ARRAYS, &[]);
        let others = [
            fx.get(&instance, "a", &[Val::I32(len)]),
            fx.get(&instance, "sub", &[Val::I32(len)]),
        ];
        let array = any_of(others[usize::from(name == "sub")].clone());
        let mut expected = vec![7; 70_000];
        let read = Wasmtime::array_read_u16(&mut fx.cx(), &array, 0..70_000);
        assert_eq!(read.as_ref(), Some(&expected), "{name} {limit}");
        let written: Vec<u16> = (0..69_000).map(|unit| unit as u16).collect();
        expected[500..69_500].copy_from_slice(&written);
        let done = Wasmtime::array_write_u16(&mut fx.cx(), &array, 500, &written);
        assert_eq!(done, Some(()));
        let read = Wasmtime::array_read_u16(&mut fx.cx(), &array, 0..70_000);
        assert_eq!(read.as_ref(), Some(&expected), "{name} {limit}");
        let read = Wasmtime::array_read_u16(&mut fx.cx(), &array, 32_000..33_500);
        assert_eq!(read.as_deref(), Some(&expected[32_000..33_500]));
        assert_eq!(
            fx.budget.memory_bytes() > heap,
            limit > heap,
            "{name} {limit}"
        );
    }
}

/// A copy ends where the runtime was stopped.
#[test]
fn copies_of_arrays_are_stopped() {
    let mut fx = Fixture::new(true, ResourceLimits::default().memory_bytes);
    let instance = fx.instance(ARRAYS, &[]);
    let arrays = ["a", "sub"].map(|name| any_of(fx.get(&instance, name, &[Val::I32(70_000)])));
    fx.termination.set(Reason::Deadline);
    Wasmtime::engine_interrupt(&fx.engine);
    for array in &arrays {
        let read = Wasmtime::array_read_u16(&mut fx.cx(), array, 0..70_000);
        assert_eq!(read, None);
        let written = Wasmtime::array_write_u16(&mut fx.cx(), array, 0, &[1; 70_000]);
        assert_eq!(written, None);
    }
}

/// An identity is not used again while a handle is there, and is the same in both hierarchies.
#[test]
fn identities_while_the_heap_is_busy() {
    let mut fx = Fixture::plain();
    let instance = fx.instance(ARRAYS, &[]);
    let identity = |fx: &mut Fixture, array: &AnyRef| {
        let Reference::Object { identity, .. } = Wasmtime::any_read(&mut fx.cx(), array) else {
            panic!("no object");
        };
        let outside = Wasmtime::extern_from_any(&mut fx.cx(), array).expect("a reference");
        let read = Wasmtime::extern_read(&mut fx.cx(), &outside);
        assert!(matches!(read, Reference::Object { identity: same, .. } if same == identity));
        identity
    };
    let held: Vec<_> = (0..50)
        .map(|len| {
            let array = any_of(fx.get(&instance, "a", &[Val::I32(len * 100)]));
            (identity(&mut fx, &array), array)
        })
        .collect();
    for _ in 0..5_000 {
        let array = any_of(fx.get(&instance, "a", &[Val::I32(2_000)]));
        let new = identity(&mut fx, &array);
        assert!(held.iter().all(|(held, _)| *held != new));
    }
    for (before, array) in &held {
        assert_eq!(identity(&mut fx, array), *before);
    }
}
