//! Lending between two engines that run within each other: the empty pair, so that Miri can watch.

use std::cell::{Cell, OnceCell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;
use std::sync::Arc;

use sinew_bridge::empty::{Arguments, EmptyEngine, EmptyHost, Value};
use sinew_bridge::lend::{Lent, NotLent, Scopes, StoreCell};
use sinew_bridge::{
    Budget, Completion, EngineConfig, EngineError, ErrorKind, ExternPayload, FuncType,
    FunctionSpec, Graveyard, HostConfig, HostFunc, HostHooks, HostId, HostTrap, JsHost, NativeFn,
    Reason, ReleaseQueue, ResourceLimits, StoreData, Termination, Throw, Val, ValType, WasmEngine,
};

type Func = <EmptyEngine as WasmEngine>::Func;
type Store<'a> = <EmptyEngine as WasmEngine>::StoreMut<'a>;
type Scope<'s> = <EmptyHost as JsHost>::Scope<'s>;

/// What host functions find: the places to lend to, and what to run inside.
#[derive(Default)]
struct Agent {
    store: OnceCell<StoreCell<EmptyEngine>>,
    scope: Lent<Scopes<EmptyHost>>,
    inside: RefCell<Option<Inside>>,
    deepest: Cell<i32>,
}

type Inside = Rc<dyn Fn(&Agent, i32) -> Result<i32, HostTrap>>;

impl Agent {
    fn store(&self) -> &StoreCell<EmptyEngine> {
        self.store.get().unwrap()
    }
}

/// The one host function: lends the store and runs what is inside.
struct Dispatch;

impl HostFunc<EmptyEngine> for Dispatch {
    type Data = Rc<Agent>;

    fn invoke(store: &mut Store<'_>, agent: &Rc<Agent>, vals: &mut [u64]) -> Result<(), HostTrap> {
        let inside = agent.inside.borrow().clone().ok_or(HostTrap::Completion)?;
        let n = EmptyEngine::raw_get_i32(&vals[0]);
        let result = agent.store().lend(store, || inside(agent, n))?;
        vals[0] = EmptyEngine::raw_i32(result);
        Ok(())
    }

    fn call(
        _: &mut Store<'_>,
        _: &Rc<Agent>,
        _: &[Val<EmptyEngine>],
        _: &mut [Val<EmptyEngine>],
    ) -> Result<(), HostTrap> {
        Err(HostTrap::Completion)
    }
}

/// A store in its cell, with one function.
struct Fixture {
    agent: Rc<Agent>,
    termination: Arc<Termination>,
    func: Func,
    ty: FuncType,
}

impl Fixture {
    fn new(inside: impl Fn(&Agent, i32) -> Result<i32, HostTrap> + 'static) -> Self {
        let agent = Rc::new(Agent::default());
        let termination = Arc::new(Termination::default());
        let data = StoreData {
            budget: Rc::new(Budget::new(ResourceLimits::default())),
            termination: termination.clone(),
        };
        let engine = EmptyEngine::engine_new(&EngineConfig::default()).unwrap();
        let store = EmptyEngine::store_new(&engine, data).unwrap();
        let cell = StoreCell::<EmptyEngine>::new(store);
        let ty = FuncType::new([ValType::I32], [ValType::I32]);
        let data_of = agent.clone();
        let func =
            cell.with(|store| EmptyEngine::func_alloc::<Dispatch>(store, &ty, None, data_of));
        agent.store.set(cell).ok().unwrap();
        *agent.inside.borrow_mut() = Some(Rc::new(inside));
        Self {
            agent,
            termination,
            func: func.unwrap().unwrap(),
            ty,
        }
    }

    fn cell(&self) -> &StoreCell<EmptyEngine> {
        self.agent.store()
    }

    /// The outermost entry.
    fn run(&self, n: i32) -> Result<i32, ErrorKind> {
        let result = self
            .cell()
            .with(|store| invoke(store, &self.func, &self.ty, n));
        result.unwrap().map_err(|error| error.kind())
    }
}

impl Drop for Fixture {
    /// The store leads to the agent and the agent to the store.
    fn drop(&mut self) {
        self.agent.inside.take();
        assert!(self.cell().close());
    }
}

fn invoke(
    store: &mut Store<'_>,
    func: &Func,
    ty: &FuncType,
    n: i32,
) -> Result<i32, <EmptyEngine as WasmEngine>::Error> {
    let mut vals = [EmptyEngine::raw_i32(n)];
    EmptyEngine::func_invoke(store, func, ty, &mut vals)?;
    Ok(EmptyEngine::raw_get_i32(&vals[0]))
}

/// Host functions call into their own store through the cell.
#[test]
fn stores_nest() {
    let entry: Rc<OnceCell<(Func, FuncType)>> = Rc::default();
    let fx = Fixture::new({
        let entry = entry.clone();
        move |agent, n| {
            agent.deepest.set(agent.deepest.get() + 1);
            if n == 0 {
                return Ok(0);
            }
            let (func, ty) = entry.get().ok_or(HostTrap::Completion)?;
            let below = agent.store().with(|store| {
                assert_eq!(agent.store().with(|_| ()), Err(NotLent), "it is taken");
                invoke(store, func, ty, n - 1)
            });
            Ok(n + below.unwrap().map_err(|_| HostTrap::Completion)?)
        }
    });
    entry.set((fx.func.clone(), fx.ty.clone())).ok().unwrap();
    assert!(fx.cell().is_idle());
    assert_eq!(fx.run(40), Ok(820));
    assert_eq!(fx.agent.deepest.get(), 41);
    assert!(fx.cell().is_idle());
    assert_eq!(fx.run(1), Ok(1), "it can be entered again");
}

#[test]
fn a_store_in_use_is_not_closed() {
    let fx = Fixture::new(|agent, n| {
        let cell = agent.store();
        assert!(!cell.is_idle());
        assert!(!cell.close(), "lent");
        cell.with(|_| assert!(!cell.close(), "lent, and taken"))
            .unwrap();
        assert!(!cell.close(), "given back to the lender");
        Ok(n)
    });
    let cell = fx.cell();
    cell.with(|_| assert!(!cell.close(), "taken")).unwrap();
    assert_eq!(fx.run(3), Ok(3));
    assert!(cell.close());
    assert!(cell.close(), "closed already");
    assert!(!cell.is_idle());
    assert_eq!(cell.with(|_| ()), Err(NotLent));
}

/// What the store alone keeps is dropped with it, once.
#[test]
fn closing_drops_the_store() {
    let fx = Fixture::new(|_, n| Ok(n));
    let agents = Rc::strong_count(&fx.agent);
    assert!(fx.cell().close());
    assert_eq!(Rc::strong_count(&fx.agent), agents - 1);
    assert!(fx.cell().close());
    assert_eq!(Rc::strong_count(&fx.agent), agents - 1);
}

/// Handles outlive a store, and its release queue hears of each reference once.
#[test]
fn handles_outlive_the_store() {
    let fx = Fixture::new(|_, n| Ok(n));
    let released = Arc::new(ReleaseQueue::default());
    let payload = ExternPayload::new(HostId(7), released.clone());
    let value = fx
        .cell()
        .with(|store| EmptyEngine::extern_alloc(store, payload));
    let value = value.unwrap().unwrap();
    assert!(fx.cell().close());
    assert_eq!(released.drain(), []);
    drop(value);
    assert_eq!(released.drain(), [HostId(7)]);
}

/// A panic inside a host function leaves every borrow where it was.
#[test]
fn unwinding_through_the_engine() {
    let fx = Fixture::new(|agent, _| {
        let cell = agent.store();
        let caught = catch_unwind(AssertUnwindSafe(|| {
            cell.with(|store| cell.lend(store, || resume_unwind(Box::new("inner"))))
        }));
        assert!(caught.is_err());
        cell.with(|_| ()).unwrap();
        // `resume_unwind` spares the test's output the panic message.
        cell.with(|_| resume_unwind(Box::new("outer"))).unwrap()
    });
    assert_eq!(fx.run(1), Err(ErrorKind::Host));
    assert_eq!(fx.termination.reason(), Some(Reason::Panicked));
    assert_eq!(fx.termination.panic_message().as_deref(), Some("outer"));
    assert!(fx.cell().is_idle());
    assert_eq!(fx.run(1), Err(ErrorKind::Terminated));
}

#[test]
fn unwinding_through_the_outermost_entry() {
    let fx = Fixture::new(|_, n| Ok(n));
    let caught = catch_unwind(AssertUnwindSafe(|| {
        fx.cell().with(|_| resume_unwind(Box::new("here")))
    }));
    assert!(caught.is_err());
    assert!(fx.cell().is_idle());
    assert_eq!(fx.run(5), Ok(5));
}

/// A function of JavaScript that calls into wasm with the scope lent.
struct Enter;

struct EnterData {
    agent: Rc<Agent>,
    entry: Rc<OnceCell<(Func, FuncType)>>,
}

impl NativeFn<EmptyHost> for Enter {
    type Data = EnterData;

    fn call(cx: &mut Scope<'_>, data: &EnterData, args: Arguments<'_>) -> Completion<EmptyHost> {
        let n = EmptyHost::arg_i32(args, 0).ok_or(Throw::Terminated)?;
        let (func, ty) = data.entry.get().ok_or(Throw::Terminated)?;
        let agent = &data.agent;
        let result = agent.scope.lend(cx, || {
            let result = agent.store().with(|store| {
                assert_eq!(agent.store().with(|_| ()), Err(NotLent));
                invoke(store, func, ty, n)
            });
            result.unwrap()
        });
        let sum = result.map_err(|_| Throw::Terminated)?;
        Ok(EmptyHost::number_i32(sum))
    }
}

struct NoHooks;

impl HostHooks<EmptyHost> for NoHooks {
    fn resolve(
        &self,
        _: &mut Scope<'_>,
        _: &str,
        _: &str,
        _: &[(String, String)],
    ) -> Completion<EmptyHost, String> {
        Err(Throw::Terminated)
    }

    fn load(&self, _: &mut Scope<'_>, _: &str) -> Completion<EmptyHost, String> {
        Err(Throw::Terminated)
    }

    fn import_meta(&self, _: &mut Scope<'_>, _: &str, _: &Value) -> Completion<EmptyHost, ()> {
        Ok(())
    }

    fn resize_buffer(&self, _: &mut Scope<'_>, _: &Value, _: usize) -> Completion<EmptyHost, ()> {
        Err(Throw::Terminated)
    }

    fn promise_rejection(&self, _: &mut Scope<'_>, _: &Value, _: &Value, _: bool) {}
}

/// JavaScript calls wasm calls JavaScript, each side lending its borrow to the other.
#[test]
fn both_sides_nest() {
    let function: Rc<OnceCell<Value>> = Rc::default();
    let entry: Rc<OnceCell<(Func, FuncType)>> = Rc::default();
    let fx = Fixture::new({
        let function = function.clone();
        move |agent, n| {
            if n == 0 {
                return Ok(0);
            }
            let function = function.get().ok_or(HostTrap::Completion)?;
            let below = agent.scope.with(|cx| {
                assert_eq!(agent.scope.with(|_| ()), Err(NotLent), "it is taken");
                let n = EmptyHost::number_i32(n - 1);
                EmptyHost::call(cx, function, &Value::Undefined, &[n])
            });
            let below = below.unwrap().map_err(|_| HostTrap::Completion)?;
            let below = EmptyHost::as_number(&below).ok_or(HostTrap::Completion)?;
            Ok(n + below as i32)
        }
    });
    entry.set((fx.func.clone(), fx.ty.clone())).ok().unwrap();
    let config = HostConfig {
        stack_bytes: 0,
        heap_bytes: None,
        termination: fx.termination.clone(),
        graveyard: Graveyard::default(),
    };
    let mut host = EmptyHost::new(config, Rc::new(NoHooks)).unwrap();
    host.enter(|cx| {
        let data = EnterData {
            agent: fx.agent.clone(),
            entry: entry.clone(),
        };
        let spec = FunctionSpec {
            name: "enter",
            length: 1,
            constructor: false,
        };
        let made = EmptyHost::create_function::<Enter>(cx, data, spec)
            .ok()
            .unwrap();
        function.set(made.clone()).ok().unwrap();
        for (n, sum) in [(40, 820), (0, 0), (2, 3)] {
            let args = [EmptyHost::number_i32(n)];
            let result = EmptyHost::call(cx, &made, &Value::Undefined, &args);
            let result = result.ok().and_then(|value| EmptyHost::as_number(&value));
            assert_eq!(result, Some(f64::from(sum)));
        }
    });
    assert!(fx.cell().is_idle());
    assert_eq!(fx.agent.scope.with(|_| ()), Err(NotLent));
}
