//! The runtime, the scope, and how they live and end.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;
use std::sync::Arc;

use boa_engine::builtins::promise::{OperationType, Promise};
use boa_engine::object::builtins::{JsPromise, JsWeakMap};
use boa_engine::property::PropertyKey as BoaKey;
use boa_engine::vm::RuntimeLimits;
use boa_engine::{Context, JsObject, JsResult, JsValue, js_string};
use sinew_bridge::{Completion, Graveyard, HostConfig, HostHooks, Termination, Throw};

use crate::Boa;
use crate::error::{Trap, stack_overflow};
use crate::function::Functions;
use crate::job::Jobs;
use crate::module::{Loader, Modules};
use crate::object::{GcObjects, gc_handler};

/// Exclusive access to a running [`Boa`].
pub struct Scope<'s> {
    pub(crate) context: &'s mut Context,
    pub(crate) state: &'s Rc<State>,
}

/// What one runtime owns beside Boa's context.
pub(crate) struct State {
    hooks: RefCell<Option<Rc<dyn HostHooks<Boa>>>>,
    pub(crate) termination: Arc<Termination>,
    /// A completion that nothing may catch is under way, or was.
    pub(crate) terminated: Cell<bool>,
    pub(crate) graveyard: Graveyard,
    stack: Stack,
    pub(crate) functions: RefCell<Functions>,
    /// What the collector dropped and must not be dropped while it sweeps.
    pub(crate) trash: RefCell<Vec<Rc<dyn Any>>>,
    pub(crate) intrinsics: RefCell<Option<Rc<Intrinsics>>>,
    pub(crate) gc_objects: RefCell<GcObjects>,
    pub(crate) modules: RefCell<Modules>,
    pub(crate) jobs: Rc<Jobs>,
}

/// Built-in functions, taken before user code can replace them, and objects of ours that it cannot
/// reach.
pub(crate) struct Intrinsics {
    pub(crate) error_stack: JsObject,
    pub(crate) json_parse: JsObject,
    pub(crate) get_own_property_descriptor: JsObject,
    pub(crate) get_prototype_of: JsObject,
    pub(crate) set_prototype_of: JsObject,
    pub(crate) reflect_get: JsObject,
    pub(crate) weak_ref_deref: JsObject,
    pub(crate) resize: JsObject,
    /// The buffers whose `resize` is the embedder's, and their maximum lengths.
    pub(crate) resizable_buffers: JsWeakMap,
    pub(crate) gc_handler: JsObject,
}

/// Ends a runtime after its context is gone.
pub(crate) struct Ending(pub(crate) Rc<State>);

/// Native stack per unit of Boa's recursion count, with a margin.
///
/// Boa counts frames, not bytes: a call from bytecode to bytecode is one unit and takes no native
/// stack, a call from a built-in (a comparator, a getter, a trap) is two, resuming a generator is
/// one. `tests/stack.rs` measures some 120 kinds of recursion; per unit, dev and release alike:
/// a callback of `map` 0.7 KiB, `sort` 0.8, a native function of ours 1.1 (2.3 unoptimised), a
/// RegExp replacer 1.4, `eval` 1.6, a JSON reviver 2.0, a generator in a spread 2.3, a generator
/// through an iterator helper 3.3, which is the worst.
const STACK_PER_UNIT: usize = 6 << 10;
/// What the deepest frame may need for itself, such as the compiler for `eval`.
const STACK_RESERVE: usize = 192 << 10;
/// Fewer would break ordinary programs.
const MIN_RECURSION: usize = 200;
/// More is of no use to anyone.
const MAX_RECURSION: usize = 20_000;
/// Values per frame that Boa's own stack may hold on average.
const VALUES_PER_FRAME: usize = 1024;

/// The native stack that JavaScript may use.
struct Stack {
    floor: usize,
    recursion: usize,
    /// Units of recursion per MiB.
    density: usize,
}

impl Stack {
    /// The `bytes` below here.
    fn new(bytes: usize) -> Self {
        let recursion = (bytes.saturating_sub(STACK_RESERVE) / STACK_PER_UNIT)
            .clamp(MIN_RECURSION, MAX_RECURSION);
        Self {
            floor: stack_position().saturating_sub(bytes),
            recursion,
            density: (recursion << 20) / bytes.max(1),
        }
    }

    fn runtime_limits(&self) -> RuntimeLimits {
        let mut limits = RuntimeLimits::default();
        limits.set_recursion_limit(self.recursion);
        limits.set_stack_size_limit(self.recursion * VALUES_PER_FRAME);
        limits
    }

    /// Units of recursion that the stack below here has room for; `None` when it is used up.
    #[inline]
    fn remaining(&self) -> Option<usize> {
        let bytes = stack_position().checked_sub(self.floor)?;
        Some(bytes.saturating_mul(self.density) >> 20)
    }
}

/// About where the native stack is now.
#[inline(always)]
fn stack_position() -> usize {
    let here = 0u8;
    (&raw const here).addr()
}

pub(crate) fn new(config: HostConfig, hooks: Rc<dyn HostHooks<Boa>>) -> Result<Boa, String> {
    let jobs = Rc::new(Jobs::default());
    let state = Rc::new(State {
        hooks: RefCell::new(Some(hooks)),
        termination: config.termination,
        terminated: Cell::new(false),
        graveyard: config.graveyard,
        stack: Stack::new(config.stack_bytes),
        functions: RefCell::default(),
        trash: RefCell::default(),
        intrinsics: RefCell::default(),
        gc_objects: RefCell::default(),
        modules: RefCell::default(),
        jobs: jobs.clone(),
    });
    let embedder = Rc::new(Embedder(state.clone()));
    let loader = Rc::new(Loader(state.clone()));
    let ending = Ending(state);
    let mut context = Context::builder()
        .host_hooks(embedder)
        .module_loader(loader)
        .job_executor(jobs)
        .build()
        .map_err(|error| error.to_string())?;
    context.set_runtime_limits(ending.0.stack.runtime_limits());
    let intrinsics = capture(&mut context).map_err(|error| error.to_string())?;
    *ending.0.intrinsics.borrow_mut() = Some(Rc::new(intrinsics));
    let mut boa = Boa {
        context: Box::new(context),
        ending,
    };
    let prepared = boa.run_in(crate::buffer::prepare_prototype);
    prepared.map_err(|_| "Boa cannot prepare its realm".to_owned())?;
    Ok(boa)
}

fn capture(context: &mut Context) -> JsResult<Intrinsics> {
    let constructors = context.intrinsics().constructors();
    let error_prototype = constructors.error().prototype();
    let object = constructors.object().constructor();
    let weak_ref_prototype = constructors.weak_ref().prototype();
    let buffer_prototype = constructors.array_buffer().prototype();
    let json = context.intrinsics().objects().json();
    crate::json::replace_parse(&json, context)?;
    let reflect = context.intrinsics().objects().reflect();
    let stack = BoaKey::from(js_string!("stack"));
    let error_stack = error_prototype
        .borrow()
        .properties()
        .get(&stack)
        .and_then(|property| property.get().and_then(JsValue::as_object));
    let mut function = |object: &JsObject, name| -> JsResult<JsObject> {
        let value = object.get(js_string!(name), context)?;
        Ok(value.as_object().unwrap_or_else(JsObject::with_null_proto))
    };
    Ok(Intrinsics {
        error_stack: error_stack.unwrap_or_else(JsObject::with_null_proto),
        json_parse: function(&json, "parse")?,
        get_own_property_descriptor: function(&object, "getOwnPropertyDescriptor")?,
        get_prototype_of: function(&reflect, "getPrototypeOf")?,
        set_prototype_of: function(&reflect, "setPrototypeOf")?,
        reflect_get: function(&reflect, "get")?,
        weak_ref_deref: function(&weak_ref_prototype, "deref")?,
        resize: function(&buffer_prototype, "resize")?,
        resizable_buffers: JsWeakMap::new(context),
        gc_handler: gc_handler(context)?,
    })
}

impl Boa {
    pub(crate) fn run_in<R>(&mut self, f: impl FnOnce(&mut Scope<'_>) -> R) -> R {
        let state = &self.ending.0;
        state.empty_trash();
        let mut scope = Scope {
            context: &mut self.context,
            state,
        };
        // A panic of the engine stops at the operation that met it: what arrives here is the
        // caller's own. It goes on, and leaves a runtime that refuses to run.
        let outcome = catch_unwind(AssertUnwindSafe(|| f(&mut scope)));
        let result = outcome.unwrap_or_else(|payload| {
            state.termination.set_panicked(&*payload);
            resume_unwind(payload)
        });
        state.empty_trash();
        result
    }
}

impl Drop for Boa {
    fn drop(&mut self) {
        let state = &self.ending.0;
        state.terminated.set(true);
        let context = &mut self.context;
        let _ = catch_unwind(AssertUnwindSafe(|| {
            crate::module::part_namespaces(&state.modules.borrow(), context);
        }));
    }
}

impl Scope<'_> {
    /// Whether no JavaScript may run any more.
    #[inline]
    pub(crate) fn ended(&self) -> bool {
        self.state.ended()
    }

    /// Runs an operation of the engine: not after a termination, not without native stack, and
    /// without letting a panic out.
    #[inline]
    pub(crate) fn run<T>(
        &mut self,
        operation: impl FnOnce(&mut Context) -> JsResult<T>,
    ) -> Completion<Boa, T> {
        if self.ended() {
            return Err(self.terminate());
        }
        let usual = self.check_stack()?;
        let outcome = catch_unwind(AssertUnwindSafe(|| operation(self.context)));
        if let Some(usual) = usual
            && !self.ended()
        {
            self.context.runtime_limits_mut().set_recursion_limit(usual);
        }
        match outcome {
            Ok(Ok(_)) if self.ended() => Err(self.terminate()),
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(self.throw_completion(error)),
            // While it unwinds with what nothing may catch, Boa trips over asserts of its own.
            Err(_) if self.ended() => Err(self.terminate()),
            Err(payload) => Err(self.panicked(&*payload)),
        }
    }

    /// Throws when the native stack is used up, and lowers Boa's recursion limit when there is
    /// less left than Boa believes: what native functions and wasm use between two JavaScript
    /// calls is not in its count. The usual limit, if it has to be restored.
    #[inline]
    pub(crate) fn check_stack(&mut self) -> Completion<Boa, Option<usize>> {
        let Some(remaining) = self.state.stack.remaining() else {
            return Err(Throw::Value(stack_overflow(self.context)));
        };
        // Frames are a part of what Boa counts, so this errs towards safety.
        let frames = self.context.stack_trace().size_hint().0;
        let usual = self.context.runtime_limits().recursion_limit();
        let limit = frames + remaining;
        if limit >= usual {
            return Ok(None);
        }
        self.context.runtime_limits_mut().set_recursion_limit(limit);
        Ok(Some(usual))
    }

    /// Runs a built-in function that runs no user code, whatever the limits are.
    pub(crate) fn unlimited<T>(&mut self, operation: impl FnOnce(&mut Context) -> T) -> T {
        let limits = self.context.runtime_limits();
        let limits_mut = self.context.runtime_limits_mut();
        limits_mut.set_recursion_limit(usize::MAX);
        limits_mut.set_stack_size_limit(usize::MAX);
        let result = operation(self.context);
        self.context.set_runtime_limits(limits);
        result
    }

    pub(crate) fn intrinsics(&self) -> Option<Rc<Intrinsics>> {
        self.state.intrinsics.borrow().clone()
    }

    pub(crate) fn collect_garbage(&mut self) {
        boa_gc::force_collect();
        self.state.empty_trash();
    }
}

impl State {
    #[inline]
    pub(crate) fn ended(&self) -> bool {
        self.terminated.get() || self.termination.is_set()
    }

    /// The embedder's hooks, until the runtime ends.
    pub(crate) fn hooks(&self) -> Option<Rc<dyn HostHooks<Boa>>> {
        self.hooks.borrow().clone()
    }

    /// Drops what the collector could not.
    pub(crate) fn empty_trash(&self) {
        if !self.trash.borrow().is_empty() {
            drop(std::mem::take(&mut *self.trash.borrow_mut()));
        }
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        let state = &self.0;
        // Hooks and function data belong to the embedder and may hold values of this engine: kept
        // any longer they would keep each other alive for ever.
        let hooks = state.hooks.borrow_mut().take();
        let functions = std::mem::take(&mut *state.functions.borrow_mut());
        let modules = std::mem::take(&mut *state.modules.borrow_mut());
        let intrinsics = state.intrinsics.borrow_mut().take();
        let _ = catch_unwind(AssertUnwindSafe(|| {
            state.jobs.clear();
            functions.close();
            drop((hooks, modules, intrinsics));
            boa_gc::force_collect();
            state.empty_trash();
        }));
    }
}

/// Boa's hooks.
struct Embedder(Rc<State>);

impl boa_engine::context::HostHooks for Embedder {
    fn promise_rejection_tracker(
        &self,
        promise: &JsObject<Promise>,
        operation: OperationType,
        context: &mut Context,
    ) {
        let Some(hooks) = self.0.hooks() else { return };
        let handled = matches!(operation, OperationType::Handle);
        let promise = JsPromise::from(promise.clone());
        let reason = match promise.state() {
            boa_engine::builtins::promise::PromiseState::Rejected(reason) => reason,
            _ => JsValue::undefined(),
        };
        let promise = JsValue::from(promise);
        let mut cx = Scope {
            context,
            state: &self.0,
        };
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            hooks.promise_rejection(&mut cx, &promise, &reason, handled);
        }));
        if let Err(payload) = outcome {
            cx.panicked(&*payload);
        }
    }
}
