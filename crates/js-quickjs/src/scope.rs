//! Runtimes, their state, and how they end.

use std::any::TypeId;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ffi::{c_int, c_void};
use std::rc::Rc;
use std::sync::Arc;

use rquickjs::qjs;
use sinew_bridge::{HostConfig, HostHooks, Termination};

use crate::QuickJs;
use crate::buffer::{self, Foreign};
use crate::error::Result;
use crate::function::{Natives, nothing, register_class, state_pointer};
use crate::job;
use crate::module::{self, Modules};
use crate::object::{self, Classes, Graves};
use crate::value::{self, Live, Word};

mod intrinsics;

pub(crate) use intrinsics::Intrinsics;
use intrinsics::Own;

/// Access to a running engine.
pub struct Scope<'s> {
    pub(crate) ctx: *mut qjs::JSContext,
    pub(crate) state: &'s State,
}

/// What belongs to one runtime. QuickJS and the objects of ours point to it.
pub(crate) struct State {
    pub(crate) live: Rc<Live>,
    pub(crate) hooks: Rc<dyn HostHooks<QuickJs>>,
    pub(crate) termination: Arc<Termination>,
    pub(crate) graves: Rc<Graves>,
    /// Bytes of native stack, as QuickJS has it.
    stack_bytes: usize,
    /// Bytes of heap, 0 without a bound.
    heap_bytes: usize,
    /// The bound of the heap is to be set again as soon as code runs.
    unbounded: Cell<bool>,
    /// The lowest address that the native stack may reach, as QuickJS has it.
    pub(crate) stack_limit: Cell<usize>,
    pub(crate) natives: Natives,
    /// The first class of ours.
    pub(crate) host_class: Cell<qjs::JSClassID>,
    /// The class of objects with a state.
    pub(crate) state_class: Cell<qjs::JSClassID>,
    pub(crate) function_classes: RefCell<HashMap<TypeId, qjs::JSClassID>>,
    pub(crate) classes: Classes,
    pub(crate) foreign: Foreign,
    pub(crate) modules: Modules,
    intrinsics: RefCell<Option<Rc<Intrinsics>>>,
    /// Terminated by itself, whatever the shared flag says.
    terminated: Cell<bool>,
    /// The interrupt handler is being called on purpose, and counts.
    polling: Cell<Option<u32>>,
}

impl State {
    /// The state of a runtime of ours.
    ///
    /// # Safety
    /// `rt` was made by [`open`] and lives.
    pub(crate) unsafe fn of<'a>(rt: *mut qjs::JSRuntime) -> &'a State {
        // SAFETY: `open` sets the pointer to a state that outlives the runtime.
        unsafe { &*qjs::JS_GetRuntimeOpaque(rt).cast() }
    }

    pub(crate) fn intrinsics(&self) -> Rc<Intrinsics> {
        let intrinsics = self.intrinsics.borrow().clone();
        intrinsics.expect("there from the first user code to the last")
    }

    /// The scope of the running engine.
    pub(crate) fn scope(&self) -> Scope<'_> {
        Scope {
            ctx: self.live.ctx.get(),
            state: self,
        }
    }

    #[inline]
    pub(crate) fn is_terminated(&self) -> bool {
        self.terminated.get() || self.termination.is_set()
    }

    /// No JavaScript runs from now on.
    pub(crate) fn terminate(&self) {
        self.terminated.set(true);
    }

    /// Makes the termination the pending exception.
    #[cold]
    pub(crate) fn raise_termination(&self) -> Word {
        self.terminate();
        self.interrupt_soon();
        let cx = self.scope();
        // SAFETY: the context lives, and takes over the count of the error.
        Word::of(unsafe { qjs::JS_Throw(cx.ctx, self.intrinsics().termination.dup(&cx)) })
    }

    /// Lets QuickJS ask its interrupt handler at the next call or loop iteration, rather than at
    /// one of the next 10,000.
    ///
    /// An uncatchable error is swallowed nevertheless in places (by a promise's constructor for
    /// one), and what stands behind would run on.
    pub(crate) fn interrupt_soon(&self) {
        /// What QuickJS counts down from, `JS_INTERRUPT_COUNTER_INIT`.
        const INTERVAL: u32 = 10_000;
        let Some(intrinsics) = self.intrinsics.borrow().clone() else {
            return;
        };
        let cx = self.scope();
        let poll = || {
            let function = intrinsics.nothing.raw(&cx);
            // SAFETY: a function of ours that does nothing; the call counts down.
            unsafe {
                qjs::JS_Call(cx.ctx, function, qjs::JS_UNDEFINED, 0, std::ptr::null_mut());
            }
        };
        if self.polling.replace(Some(0)).is_some() {
            return;
        }
        for _ in 0..INTERVAL {
            poll();
            if self.polling.get() != Some(0) {
                break;
            }
        }
        for _ in 1..INTERVAL {
            poll();
        }
        self.polling.set(None);
    }

    /// Lets QuickJS use the native stack below its limit, for what needs little of it and must not
    /// fail.
    pub(crate) fn unbound_stack(&self) -> UnboundedStack<'_> {
        // SAFETY: the runtime lives.
        unsafe { qjs::JS_SetMaxStackSize(self.live.rt.get(), 0) };
        UnboundedStack(self)
    }

    /// Lets the heap grow beyond its bound, where QuickJS does not survive the lack of memory.
    pub(crate) fn unbound_heap(&self) -> Unbounded<'_> {
        // SAFETY: the runtime lives.
        unsafe { qjs::JS_SetMemoryLimit(self.live.rt.get(), 0) };
        Unbounded(self)
    }

    /// The bound of the heap holds again, if no code ran that would have set it.
    pub(crate) fn end_job(&self) {
        if self.unbounded.get() {
            self.bound_heap();
        }
    }

    fn bound_heap(&self) {
        self.unbounded.set(false);
        // SAFETY: the runtime lives.
        unsafe { qjs::JS_SetMemoryLimit(self.live.rt.get(), self.heap_bytes as _) };
    }

    /// Drops what belonged to dead objects.
    pub(crate) fn drop_dead(&self) {
        self.natives.drop_dead();
        self.graves.fill();
    }
}

/// The native stack has no bound, until this is dropped.
pub(crate) struct UnboundedStack<'s>(&'s State);

impl Drop for UnboundedStack<'_> {
    fn drop(&mut self) {
        // SAFETY: the runtime lives.
        unsafe { qjs::JS_SetMaxStackSize(self.0.live.rt.get(), self.0.stack_bytes as _) };
    }
}

/// The heap has no bound, until this is dropped.
pub(crate) struct Unbounded<'s>(&'s State);

impl Unbounded<'_> {
    /// Nor has it after that, until QuickJS calls the next function.
    pub(crate) fn until_code_runs(self) {
        let state = self.0;
        std::mem::forget(self);
        if state.heap_bytes > 0 {
            state.interrupt_soon();
            state.unbounded.set(true);
        }
    }
}

impl Drop for Unbounded<'_> {
    fn drop(&mut self) {
        self.0.bound_heap();
    }
}

/// Whether running code is to stop.
unsafe extern "C" fn interrupt(_: *mut qjs::JSRuntime, state: *mut c_void) -> c_int {
    // SAFETY: `open` passes the state, which outlives the runtime.
    let state = unsafe { &*state.cast::<State>() };
    if let Some(count) = state.polling.get() {
        state.polling.set(Some(count + 1));
        return 0;
    }
    if state.unbounded.get() {
        state.bound_heap();
    }
    if !state.is_terminated() {
        return 0;
    }
    state.interrupt_soon();
    1
}

/// An address in the current stack frame.
#[inline(always)]
pub(crate) fn here() -> usize {
    let marker = 0u8;
    (&raw const marker).addr()
}

/// A new runtime and its context.
pub(crate) fn open(
    config: HostConfig,
    hooks: Rc<dyn HostHooks<QuickJs>>,
) -> Result<Rc<State>, String> {
    // SAFETY: no preconditions.
    let rt = unsafe { qjs::JS_NewRuntime() };
    if rt.is_null() {
        return Err("no memory for a runtime".to_owned());
    }
    let top = here();
    // QuickJS takes 0 for no limit, and would wrap around beyond the address space.
    let stack_bytes = config.stack_bytes.clamp(1, top / 2);
    let heap_bytes = config.heap_bytes.map_or(0, |bytes| bytes.max(1));
    let state = Rc::new(State {
        live: Rc::new(Live {
            rt: Cell::new(rt),
            ctx: Cell::new(std::ptr::null_mut()),
        }),
        hooks,
        termination: config.termination,
        graves: Rc::new(Graves::new(config.graveyard)),
        stack_bytes,
        heap_bytes,
        unbounded: Cell::new(false),
        stack_limit: Cell::new(top - stack_bytes),
        natives: Natives::default(),
        host_class: Cell::new(qjs::JSClassID::MAX),
        state_class: Cell::new(qjs::JSClassID::MAX),
        function_classes: RefCell::default(),
        classes: Classes::default(),
        foreign: Foreign::default(),
        modules: Modules::default(),
        intrinsics: RefCell::default(),
        terminated: Cell::new(false),
        polling: Cell::new(None),
    });
    let pointer = state_pointer(&state);
    // SAFETY: the runtime is new; the pointer stays valid until `close`, which frees it.
    unsafe {
        qjs::JS_SetRuntimeOpaque(rt, pointer);
        qjs::JS_SetMaxStackSize(rt, stack_bytes as _);
        qjs::JS_SetInterruptHandler(rt, Some(interrupt), pointer);
        qjs::JS_SetHostPromiseRejectionTracker(rt, Some(job::track_rejection), pointer);
        module::install(rt, pointer);
        buffer::install(rt, &state);
        state.live.ctx.set(qjs::JS_NewContext(rt));
    }
    // QuickJS does not survive it everywhere when it runs out of memory while a context is made:
    // the bound holds from here on.
    let done = match state.live.ctx.get().is_null() {
        true => Err("no memory for a context".to_owned()),
        false => prepare(&state).and_then(|()| bound_heap(&state)),
    };
    match done {
        Ok(()) => Ok(state),
        Err(message) => {
            close(&state);
            Err(message)
        }
    }
}

/// Sets the bound of the heap, which has to have some room left.
fn bound_heap(state: &State) -> Result<(), String> {
    const ROOM: usize = 16 << 10;
    state.bound_heap();
    match value::string(&mut state.scope(), &" ".repeat(ROOM)) {
        Ok(_) => Ok(()),
        Err(_) => Err("the heap is too small for QuickJS itself".to_owned()),
    }
}

/// Takes the intrinsics and replaces what would part a buffer from its bytes.
fn prepare(state: &State) -> Result<(), String> {
    let mut cx = state.scope();
    let rt = state.live.rt.get();
    // SAFETY: both live.
    unsafe { state.classes.read(rt, cx.ctx) };
    let failed = |what: &str| format!("cannot set up QuickJS: {what}");
    let host_class = register_class(rt, None).ok_or_else(|| failed("no class"))?;
    state.host_class.set(host_class);
    let state_class = register_class(rt, None).ok_or_else(|| failed("no class"))?;
    state.state_class.set(state_class);
    let nothing_class = register_class(rt, Some(nothing)).ok_or_else(|| failed("no class"))?;
    // SAFETY: a registered class.
    let raw = unsafe { qjs::JS_NewObjectClass(cx.ctx, nothing_class as _) };
    let nothing = crate::error::completion(&mut cx, raw).map_err(|_| failed("no object"))?;
    // SAFETY: the context lives.
    let raw = unsafe { qjs::JS_NewError(cx.ctx) };
    let termination = crate::error::completion(&mut cx, raw).map_err(|_| failed("no error"))?;
    // SAFETY: a valid error.
    unsafe { qjs::JS_SetUncatchableError(cx.ctx, termination.raw(&cx)) };
    let gc_object_handler = object::gc_object_handler(&mut cx).map_err(|_| failed("no handler"))?;
    object::check_proxies(&mut cx, &gc_object_handler).ok_or_else(|| failed("proxies"))?;
    buffer::layout::check(&mut cx).ok_or_else(|| failed("buffers"))?;
    let own = Own {
        gc_object_handler,
        termination,
        nothing,
    };
    let intrinsics = Intrinsics::take(&mut cx, own).ok_or_else(|| failed("no intrinsics"))?;
    state.intrinsics.replace(Some(Rc::new(intrinsics)));
    state
        .modules
        .measure(&mut cx)
        .ok_or_else(|| failed("strings"))?;
    module::make_uninitialized(&mut cx).map_err(|_| failed("a module"))?;
    buffer::replace_methods(&mut cx).map_err(|_| failed("ArrayBuffer"))
}

pub(crate) fn enter<R>(state: &State, f: impl FnOnce(&mut Scope<'_>) -> R) -> R {
    let result = f(&mut state.scope());
    state.drop_dead();
    result
}

pub(crate) fn collect_garbage(cx: &mut Scope<'_>) {
    // Data that is dropped may hold the last handles of further objects.
    cx.state.drop_dead();
    // SAFETY: the runtime lives.
    unsafe { qjs::JS_RunGC(cx.state.live.rt.get()) };
    cx.state.drop_dead();
}

/// Ends a runtime. Handles that are left become empty words.
pub(crate) fn close(state: &State) {
    let (rt, ctx) = (state.live.rt.get(), state.live.ctx.get());
    state.terminate();
    state.natives.drop_all();
    state.modules.close();
    drop(state.intrinsics.take());
    state.live.ctx.set(std::ptr::null_mut());
    state.live.rt.set(std::ptr::null_mut());
    // SAFETY: both lived until now; nothing uses them any more, as `live` tells every handle.
    unsafe {
        if !ctx.is_null() {
            qjs::JS_FreeContext(ctx);
        }
        qjs::JS_FreeRuntime(rt);
    }
}
