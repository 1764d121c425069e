//! A wasm store and what JavaScript knows of its entities: the
//! [caches](https://webassembly.github.io/spec/js-api/#agent) of the JavaScript Interface.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use sinew_bridge::lend::{NotLent, StoreCell};
use sinew_bridge::{
    Completion, ErrorClass, FuncIdentity, FuncType, GlobalType, HostTrap, JsHost, MemoryType,
    StoreData, TableType, Throw, Val, WasmEngine, class,
};
use smallvec::SmallVec;

use crate::agent::Agent;
use crate::webassembly::cache::ObjectCache;
use crate::webassembly::error::engine_error;
use crate::webassembly::exception::{ExceptionEntry, Raised, raise};
use crate::webassembly::externs::Externs;
use crate::webassembly::memory;

/// A store with its entities, as JavaScript knows them.
pub struct Store<J: JsHost, W: WasmEngine> {
    pub(crate) agent: Rc<Agent<J, W>>,
    cell: StoreCell<W>,
    /// The JavaScript values that wasm holds.
    pub(crate) externs: RefCell<Externs<J, W>>,
    /// The [Exported Function cache](https://webassembly.github.io/spec/js-api/#exported-function-cache).
    pub(crate) functions: RefCell<HashMap<FuncIdentity, J::Weak>>,
    pub(crate) memories: RefCell<Vec<MemoryEntry<J, W>>>,
    pub(crate) tables: RefCell<Vec<Entry<J, W::Table, TableType>>>,
    pub(crate) globals: RefCell<Vec<Entry<J, W::Global, GlobalType>>>,
    pub(crate) tags: RefCell<Vec<Entry<J, W::Tag, FuncType>>>,
    /// The address of the tag of the last exception.
    pub(crate) last_tag: Cell<u32>,
    /// The [Exception object cache](https://webassembly.github.io/spec/js-api/#exception-object-cache).
    pub(crate) exceptions: RefCell<ObjectCache<J, ExceptionEntry<J, W>>>,
    /// The [Exported GC Object cache](https://webassembly.github.io/spec/js-api/#exported-gc-object-cache).
    pub(crate) gc_objects: RefCell<ObjectCache<J, W::AnyRef>>,
    /// The address of the [JavaScript exception tag](https://webassembly.github.io/spec/js-api/#javascript-exception-tag).
    pub(crate) javascript_tag: Cell<Option<u32>>,
    live_globals: RefCell<Vec<LiveGlobal<J, W>>>,
    has_live_globals: Cell<bool>,
    /// Whether JavaScript has a growable SharedArrayBuffer: no engine tells when a shared memory
    /// grows.
    has_growable_buffers: Cell<bool>,
    /// Either of the two: what [`refresh`](Self::refresh) looks after does not report.
    watched: Cell<bool>,
}

/// An entity of the store at its address, with the JavaScript object that stands for it.
pub(crate) struct Entry<J: JsHost, E, T> {
    pub entity: E,
    pub ty: T,
    pub object: Rc<RefCell<Option<J::Weak>>>,
}

/// A memory, with the buffer that aliases it.
pub(crate) struct MemoryEntry<J: JsHost, W: WasmEngine> {
    pub entry: Entry<J, W::Memory, MemoryType>,
    pub buffer: Option<Buffer<J>>,
    /// Whether its module was unloaded: JavaScript sees it no more.
    pub closed: bool,
}

/// The `[[BufferObject]]` of a memory: an attached ArrayBuffer, or a SharedArrayBuffer.
pub(crate) struct Buffer<J: JsHost> {
    pub value: J::Value,
    pub data: *mut u8,
    pub len: usize,
    /// Whether it can change its length, which then follows the memory's.
    pub resizable: bool,
}

/// A mutable global that modules see as a live binding.
struct LiveGlobal<J: JsHost, W: WasmEngine> {
    slot: u32,
    global: W::Global,
    /// The number that the binding shows, if it is one: to be compared without JavaScript.
    bits: Option<u64>,
    /// The value that the binding shows.
    shown: J::Value,
    /// Sets the binding.
    set: J::Value,
}

/// The bits of a number.
fn bits_of<W: WasmEngine>(value: &Val<W>) -> Option<u64> {
    match value {
        Val::I32(value) => Some(u64::from(value.cast_unsigned())),
        Val::I64(value) => Some(value.cast_unsigned()),
        Val::F32(bits) => Some(u64::from(*bits)),
        Val::F64(bits) => Some(*bits),
        _ => None,
    }
}

impl<J: JsHost, W: WasmEngine> Store<J, W> {
    /// A store of `agent`.
    pub(crate) fn new(agent: &Rc<Agent<J, W>>) -> Result<Rc<Self>, W::Error> {
        let data = StoreData {
            budget: agent.budget.clone(),
            termination: agent.termination.clone(),
        };
        Ok(Rc::new(Self {
            cell: StoreCell::new(W::store_new(&agent.engine, data)?),
            agent: agent.clone(),
            externs: RefCell::default(),
            functions: RefCell::default(),
            memories: RefCell::default(),
            tables: RefCell::default(),
            globals: RefCell::default(),
            tags: RefCell::default(),
            last_tag: Cell::default(),
            exceptions: RefCell::default(),
            gc_objects: RefCell::default(),
            javascript_tag: Cell::new(None),
            live_globals: RefCell::default(),
            has_live_globals: Cell::new(false),
            has_growable_buffers: Cell::new(false),
            watched: Cell::new(false),
        }))
    }

    /// JavaScript to wasm: runs `f` with the store, the scope being lent to what `f` calls.
    #[inline]
    pub(crate) fn enter<R>(
        self: &Rc<Self>,
        cx: &mut J::Scope<'_>,
        f: impl for<'a> FnOnce(&mut W::StoreMut<'a>) -> Result<R, W::Error>,
    ) -> Completion<J, R> {
        self.agent.may_cross(cx, !self.cell.is_lent())?;
        // Errors go by a variable, so that what is returned otherwise stays in registers.
        let mut failed = None;
        let outcome = self.agent.scope.lend(cx, || {
            self.cell.with(|wasm| match f(wasm) {
                Ok(result) => Some(result),
                Err(error) => {
                    failed = Some(error);
                    None
                }
            })
        });
        self.agent.refresh(cx, self)?;
        match outcome {
            Ok(Some(result)) => Ok(result),
            Ok(None) | Err(NotLent) => Err(self.failed(cx, failed)),
        }
    }

    /// What a call of wasm that did not return throws: without an error it never began.
    #[cold]
    fn failed(&self, cx: &mut J::Scope<'_>, error: Option<W::Error>) -> Throw<J::Value> {
        match error {
            Some(error) => engine_error(cx, &self.agent, &error, None),
            None => busy::<J>(cx),
        }
    }

    /// Wasm to JavaScript: runs `f` with the scope, the store being lent to what `f` calls. What it
    /// throws becomes an exception of wasm.
    #[inline]
    pub(crate) fn leave<R>(
        self: &Rc<Self>,
        wasm: &mut W::StoreMut<'_>,
        f: impl for<'s> FnOnce(&mut J::Scope<'s>) -> Completion<J, R>,
    ) -> Result<R, HostTrap> {
        let mut raised = None;
        let fail = |cx: &mut J::Scope<'_>, throw| raised = Some(raise(cx, self, throw));
        match self.cross(wasm, f, fail) {
            Some(result) => Ok(result),
            None => Err(self.left(wasm, raised)),
        }
    }

    /// The marker that ends a host function which did not return.
    #[cold]
    fn left(&self, wasm: &mut W::StoreMut<'_>, raised: Option<Raised<J, W>>) -> HostTrap {
        match raised {
            Some(Raised::Exception(exn)) => {
                W::exn_throw(wasm, &exn);
                HostTrap::Exception
            }
            Some(Raised::Completion(throw)) => self.pend(throw),
            None => self.pend(Throw::Terminated),
        }
    }

    /// Like [`leave`](Self::leave), but what `f` throws passes all wasm by, as a trap does.
    pub(crate) fn leave_trapping<R>(
        self: &Rc<Self>,
        wasm: &mut W::StoreMut<'_>,
        f: impl for<'s> FnOnce(&mut J::Scope<'s>) -> Completion<J, R>,
    ) -> Result<R, HostTrap> {
        let mut thrown = None;
        let result = self.cross(wasm, f, |_, throw| thrown = Some(throw));
        result.ok_or_else(|| self.pend(thrown.unwrap_or(Throw::Terminated)))
    }

    /// Runs `f` beyond the edge, and `fail` with what it throws. Without either the scope was not
    /// lent, which it is whenever wasm runs.
    #[inline]
    fn cross<R>(
        self: &Rc<Self>,
        wasm: &mut W::StoreMut<'_>,
        f: impl for<'s> FnOnce(&mut J::Scope<'s>) -> Completion<J, R>,
        fail: impl for<'s> FnOnce(&mut J::Scope<'s>, Throw<J::Value>),
    ) -> Option<R> {
        let agent = &self.agent;
        let outcome = self.cell.lend(wasm, || {
            agent.scope.with(|cx| {
                let crossing = agent
                    .may_cross(cx, false)
                    .and_then(|()| agent.refresh(cx, self));
                match crossing.and_then(|()| f(cx)) {
                    Ok(result) => Some(result),
                    Err(throw) => {
                        fail(cx, throw);
                        None
                    }
                }
            })
        });
        outcome.ok().flatten()
    }

    /// Lets a throw completion wait with the agent until the wasm frames are gone.
    #[cold]
    fn pend(&self, throw: Throw<J::Value>) -> HostTrap {
        self.agent.pending.set(Some(throw));
        HostTrap::Completion
    }

    /// Runs `f` with the store, for operations that run no code.
    pub(crate) fn access<R>(
        &self,
        cx: &mut J::Scope<'_>,
        f: impl for<'a> FnOnce(&mut W::StoreMut<'a>) -> R,
    ) -> Completion<J, R> {
        self.cell.with(f).map_err(|NotLent| busy::<J>(cx))
    }

    /// Like [`access`](Self::access), for operations that can fail.
    pub(crate) fn try_access<R>(
        &self,
        cx: &mut J::Scope<'_>,
        f: impl for<'a> FnOnce(&mut W::StoreMut<'a>) -> Result<R, W::Error>,
    ) -> Completion<J, R> {
        match self.access(cx, f)? {
            Ok(result) => Ok(result),
            Err(error) => Err(engine_error(cx, &self.agent, &error, None)),
        }
    }

    /// Makes `set` a live binding of the global at address `slot`, which shows `shown` now.
    pub(crate) fn add_live_global(&self, slot: u32, shown: J::Value, set: J::Value) {
        let global = self.globals.borrow()[slot as usize].entity.clone();
        self.live_globals.borrow_mut().push(LiveGlobal {
            slot,
            global,
            // The first comparison finds out.
            bits: None,
            shown,
            set,
        });
        self.has_live_globals.set(true);
        self.watched.set(true);
    }

    /// From now on JavaScript may have a growable SharedArrayBuffer.
    pub(crate) fn has_growable_buffer(&self) {
        self.has_growable_buffers.set(true);
        self.watched.set(true);
    }

    /// Whether [`refresh`](Self::refresh) has something to look after that does not report.
    #[inline]
    pub(crate) fn is_watched(&self) -> bool {
        self.watched.get()
    }

    /// Refreshes the buffers of memories that have grown, and updates live bindings.
    #[cold]
    pub(crate) fn refresh(self: &Rc<Self>, cx: &mut J::Scope<'_>) -> Completion<J, ()> {
        if self.agent.budget.take_grown() | self.has_growable_buffers.get() {
            self.refresh_stale(cx)?;
        }
        if self.has_live_globals.get() {
            self.update_live_globals(cx)?;
        }
        Ok(())
    }

    /// Refreshes each buffer that is no longer all of its memory.
    fn refresh_stale(self: &Rc<Self>, cx: &mut J::Scope<'_>) -> Completion<J, ()> {
        let stale: SmallVec<[u32; 4]> = self.access(cx, |wasm| {
            let memories = self.memories.borrow();
            let stale = memories.iter().enumerate().filter(|(_, memory)| {
                memory.buffer.as_ref().is_some_and(|buffer| {
                    (buffer.data, buffer.len) != W::mem_data(wasm, &memory.entry.entity)
                })
            });
            stale.map(|(slot, _)| slot as u32).collect()
        })?;
        for slot in stale {
            memory::refresh(cx, self, slot)?;
        }
        Ok(())
    }

    /// Sets the bindings of globals whose value is another than the one they show.
    fn update_live_globals(self: &Rc<Self>, cx: &mut J::Scope<'_>) -> Completion<J, ()> {
        let changed: SmallVec<[(usize, Option<u64>); 4]> = self.access(cx, |wasm| {
            let live_globals = self.live_globals.borrow();
            let globals = live_globals.iter().enumerate();
            let changed = globals.filter_map(|(at, live)| {
                let bits = bits_of(&W::global_get(wasm, &live.global));
                (bits.is_none() || bits != live.bits).then_some((at, bits))
            });
            changed.collect()
        })?;
        for (at, bits) in changed {
            let (slot, shown, set) = {
                let live = &self.live_globals.borrow()[at];
                (live.slot, live.shown.clone(), live.set.clone())
            };
            let value = crate::webassembly::global::get_value(cx, self, slot)?;
            if !J::same_value(cx, &shown, &value) {
                J::call(cx, &set, &J::undefined(), std::slice::from_ref(&value))?;
            }
            let live = &mut self.live_globals.borrow_mut()[at];
            (live.shown, live.bits) = (value, bits);
        }
        Ok(())
    }

    /// Detaches every buffer, then drops the wasm store, whose host functions own its entry here and
    /// JavaScript functions, and every handle.
    pub(crate) fn close(&self, cx: &mut J::Scope<'_>) {
        let buffers: Vec<_> = self
            .memories
            .borrow_mut()
            .iter_mut()
            .filter(|memory| !memory.entry.ty.shared)
            .filter_map(|memory| memory.buffer.take())
            .collect();
        for buffer in buffers {
            J::detach(cx, &buffer.value);
        }
        self.cell.close();
        self.externs.take();
        self.functions.take();
        self.live_globals.take();
        self.exceptions.take();
        self.gc_objects.take();
        self.memories.take();
        self.tables.take();
        self.globals.take();
        self.tags.take();
    }
}

/// The error of reaching for a store that is closed, or in use by the engine itself.
#[cold]
fn busy<J: JsHost>(cx: &mut J::Scope<'_>) -> Throw<J::Value> {
    class::throw::<J>(
        cx,
        ErrorClass::Error,
        "the WebAssembly store of this runtime is closed or in use",
    )
}
