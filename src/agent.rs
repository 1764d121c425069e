//! The [agent](https://webassembly.github.io/spec/js-api/#agent): what one runtime's JavaScript and
//! wasm share, and the two edges between them.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use sinew_bridge::lend::{Lent, Scopes};
use sinew_bridge::stack::{HEADROOM, StackBounds};
use sinew_bridge::{
    Budget, Completion, ErrorClass, Graveyard, JsHost, ResourceLimits, Termination, Throw,
    WasmEngine, class,
};

use crate::compile_cache::CompileCache;
use crate::store::Store;
use crate::value::RuntimeId;
use crate::webassembly::{self, Classes, ModuleObjects};

/// What one runtime's JavaScript and wasm share.
pub struct Agent<J: JsHost, W: WasmEngine> {
    /// Its runtime.
    pub(crate) id: RuntimeId,
    pub(crate) engine: W::Engine,
    pub(crate) compile_cache: Option<CompileCache>,
    pub(crate) budget: Rc<Budget>,
    pub(crate) termination: Arc<Termination>,
    pub(crate) graveyard: Graveyard,
    /// Where the running scope lies while wasm runs.
    pub(crate) scope: Lent<Scopes<J>>,
    /// The completion that a [`HostTrap`](sinew_bridge::HostTrap) stands for.
    pub(crate) pending: Cell<Option<Throw<J::Value>>>,
    pub(crate) modules: RefCell<ModuleObjects<W>>,
    pub(crate) instances: RefCell<webassembly::InstanceObjects<J, W>>,
    /// A cycle until [`close`](Self::close): its functions own the agent.
    classes: RefCell<Option<Rc<Classes<J>>>>,
    store: RefCell<Option<Rc<Store<J, W>>>>,
    stack: StackBounds,
    /// Bytes of native stack that an entry into an idle store needs.
    entry_reserve: usize,
}

impl<J: JsHost, W: WasmEngine> Agent<J, W> {
    /// An agent for the current thread.
    pub fn new(
        engine: W::Engine,
        compile_cache: Option<CompileCache>,
        limits: ResourceLimits,
        termination: Arc<Termination>,
        graveyard: Graveyard,
    ) -> Rc<Self> {
        Rc::new(Self {
            entry_reserve: HEADROOM + W::stack_reserve(&engine),
            id: RuntimeId::new(),
            engine,
            compile_cache,
            budget: Rc::new(Budget::new(limits)),
            termination,
            graveyard,
            scope: Lent::new(),
            pending: Cell::new(None),
            modules: RefCell::default(),
            instances: RefCell::default(),
            classes: RefCell::new(None),
            store: RefCell::new(None),
            stack: StackBounds::of_current_thread(),
        })
    }

    /// Defines `WebAssembly` on the global object, and returns it.
    pub fn install(self: &Rc<Self>, cx: &mut J::Scope<'_>) -> Completion<J> {
        let (classes, namespace) = webassembly::install(cx, self)?;
        *self.classes.borrow_mut() = Some(Rc::new(classes));
        Ok(namespace)
    }

    /// The class table of the realm.
    ///
    /// # Panics
    /// Before [`install`](Self::install) and after [`close`](Self::close), when no code runs.
    pub(crate) fn classes(&self) -> Rc<Classes<J>> {
        let classes = self.classes.borrow();
        classes.clone().expect("the agent is installed")
    }

    /// The store that new entities go to; made at first need.
    pub(crate) fn store(self: &Rc<Self>, cx: &mut J::Scope<'_>) -> Completion<J, Rc<Store<J, W>>> {
        if let Some(store) = &*self.store.borrow() {
            return Ok(store.clone());
        }
        match Store::new(self) {
            Ok(store) => Ok(self.store.borrow_mut().insert(store).clone()),
            Err(error) => Err(webassembly::error::engine_error(cx, self, &error, None)),
        }
    }

    /// The store, if one was made.
    pub(crate) fn existing_store(&self) -> Option<Rc<Store<J, W>>> {
        self.store.borrow().clone()
    }

    /// Whether a crossing may go ahead: not after termination, and only with enough native stack
    /// for what is behind it.
    #[inline]
    pub(crate) fn may_cross(
        &self,
        cx: &mut J::Scope<'_>,
        store_is_idle: bool,
    ) -> Completion<J, ()> {
        if self.termination.is_set() {
            return Err(Throw::Terminated);
        }
        let needed = if store_is_idle {
            self.entry_reserve
        } else {
            HEADROOM
        };
        if self.stack.remaining() < needed {
            return Err(stack_overflow::<J>(cx));
        }
        Ok(())
    }

    /// The edge work of both directions: before JavaScript runs again after wasm may have run,
    /// stale buffers are detached and live bindings brought up to date.
    #[inline]
    pub(crate) fn refresh(
        &self,
        cx: &mut J::Scope<'_>,
        store: &Rc<Store<J, W>>,
    ) -> Completion<J, ()> {
        if self.budget.grown() || store.is_watched() {
            return store.refresh(cx);
        }
        Ok(())
    }

    /// Frees what belongs to dead objects of the API's classes.
    pub(crate) fn bury(&self) {
        let dead = std::mem::take(&mut *self.graveyard.borrow_mut());
        for data in dead {
            webassembly::release(self, data);
        }
    }

    /// Lets go of everything: buffers are detached first, then the store goes, then the handles.
    pub(crate) fn close(&self, cx: &mut J::Scope<'_>) {
        let store = self.store.borrow_mut().take();
        if let Some(store) = store {
            store.close(cx);
        }
        self.pending.set(None);
        self.classes.take();
        self.modules.take();
        self.instances.take();
    }
}

/// The RangeError of a native stack that is nearly used up.
#[cold]
pub(crate) fn stack_overflow<J: JsHost>(cx: &mut J::Scope<'_>) -> Throw<J::Value> {
    class::throw::<J>(
        cx,
        ErrorClass::RangeError,
        "Maximum call stack size exceeded",
    )
}
