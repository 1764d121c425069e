//! What objects of ours own, and how it ends.

use std::cell::{Cell, OnceCell};
use std::rc::Rc;

use rquickjs::qjs;
use sinew_bridge::{Edge, Trace};

use crate::QuickJs;

use crate::scope::{Scope, State};
use crate::value::Value;

/// What an object of ours owns, behind its opaque pointer.
#[repr(C)]
pub(crate) struct Native<D> {
    pub(crate) header: Header,
    pub(crate) data: D,
}

/// What all of them have in common.
pub(crate) struct Header {
    /// The runtime's state, which outlives its objects.
    pub(super) state: *const State,
    /// The object, as long as it lives.
    object: qjs::JSValue,
    /// Where it is in the list of all of them.
    index: Cell<usize>,
    /// Whether the object lives, for weak handles; made when the first is.
    pub(crate) alive: OnceCell<Rc<Cell<bool>>>,
    /// Frees the whole of it.
    free: unsafe fn(*mut Header),
    /// Visits the edges of what has any.
    trace: Option<TraceFn>,
}

type TraceFn = unsafe fn(*const Header, &mut dyn FnMut(&Edge<QuickJs>));

impl<D: 'static> Native<D> {
    /// Gives `data` to `object`, which is new and of a class with [`finalize`].
    pub(crate) fn attach(cx: &Scope<'_>, object: &Value, data: D) {
        Self::attach_with(cx, object, data, None);
    }

    /// Gives `data` to `object`, which is new and of a class with [`finalize`] and [`mark`].
    pub(crate) fn attach_traced(cx: &Scope<'_>, object: &Value, data: D)
    where
        D: Trace<QuickJs>,
    {
        let trace: TraceFn = |header, visit| {
            // SAFETY: the header is the first field of this very type, and valid.
            unsafe { (*header.cast::<Self>()).data.trace(visit) };
        };
        Self::attach_with(cx, object, data, Some(trace));
    }

    fn attach_with(cx: &Scope<'_>, object: &Value, data: D, trace: Option<TraceFn>) {
        let native = Box::into_raw(Box::new(Self {
            header: Header {
                state: cx.state,
                object: object.raw(cx),
                index: Cell::new(0),
                alive: OnceCell::new(),
                free: |header| {
                    // SAFETY: the header is the first field of this very type, from `Box::into_raw`.
                    drop(unsafe { Box::from_raw(header.cast::<Self>()) });
                },
                trace,
            },
            data,
        }));
        // SAFETY: the object is valid and of a class of ours.
        unsafe { qjs::JS_SetOpaque(object.raw(cx), native.cast()) };
        cx.state.natives.insert(native.cast());
    }
}

/// All natives whose objects live, and those whose object died but which could not be dropped then.
#[derive(Default)]
pub(crate) struct Natives {
    live: std::cell::RefCell<Vec<*mut Header>>,
    dead: std::cell::RefCell<Vec<*mut Header>>,
}

impl Natives {
    fn insert(&self, header: *mut Header) {
        let mut live = self.live.borrow_mut();
        // SAFETY: the header is new.
        unsafe { (*header).index.set(live.len()) };
        live.push(header);
    }

    /// The object of `header` died, or is to be parted from it.
    pub(crate) fn bury(&self, header: *mut Header) {
        let mut live = self.live.borrow_mut();
        // SAFETY: headers in the list are valid.
        unsafe {
            let index = (*header).index.get();
            live.swap_remove(index);
            if let Some(&moved) = live.get(index) {
                (*moved).index.set(index);
            }
            if let Some(alive) = (*header).alive.get() {
                alive.set(false);
            }
        }
        self.dead.borrow_mut().push(header);
    }

    /// Drops the data of dead objects: not in their finalizers, where QuickJS is in the middle of
    /// something and dropping may free further values.
    pub(crate) fn drop_dead(&self) {
        loop {
            let Some(header) = self.dead.borrow_mut().pop() else {
                return;
            };
            // SAFETY: nothing else points to what is on this list.
            unsafe { ((*header).free)(header) };
        }
    }

    /// Parts all objects from their data and drops it. No JavaScript may run after that.
    pub(crate) fn drop_all(&self) {
        loop {
            self.drop_dead();
            let Some(header) = self.live.borrow().last().copied() else {
                return;
            };
            // SAFETY: the object lives, as its finalizer would have taken it off the list.
            unsafe { qjs::JS_SetOpaque((*header).object, std::ptr::null_mut()) };
            self.bury(header);
        }
    }
}

/// The finalizer of all classes of ours.
pub(crate) unsafe extern "C" fn finalize(rt: *mut qjs::JSRuntime, object: qjs::JSValue) {
    let mut class = 0;
    // SAFETY: the opaque pointer of our objects is null or from `Native::attach`; the runtime's is
    // its state, which outlives it.
    unsafe {
        let header = qjs::JS_GetAnyOpaque(object, &mut class).cast::<Header>();
        if header.is_null() {
            return;
        }
        // The counts of edges are QuickJS's to take now: later, what they lead to may be gone too.
        if let Some(trace) = (*header).trace {
            trace(header, &mut |edge| drop(edge.take()));
        }
        State::of(rt).natives.bury(header);
    }
}

/// Shows the collector what an object of ours leads to.
pub(crate) unsafe extern "C" fn mark(
    rt: *mut qjs::JSRuntime,
    object: qjs::JSValue,
    mark: qjs::JS_MarkFunc,
) {
    let mut class = 0;
    // SAFETY: the opaque pointer of our objects is null or from `Native::attach`. Each edge owns the
    // one count of its value that is shown here, as `Trace` promises.
    unsafe {
        let header = qjs::JS_GetAnyOpaque(object, &mut class).cast::<Header>();
        if let Some(trace) = header.as_ref().and_then(|header| header.trace) {
            let live = &State::of(rt).live;
            trace(header, &mut |edge| {
                edge.visit(|value| qjs::JS_MarkValue(rt, value.raw_of(live), mark));
            });
        }
    }
}

/// The header of an object of ours.
pub(crate) fn native_header<'a>(cx: &'a Scope<'_>, object: qjs::JSValue) -> Option<&'a Header> {
    let mut class = 0;
    // SAFETY: reads the object's class and word.
    let opaque = unsafe { qjs::JS_GetAnyOpaque(object, &mut class) };
    if class < cx.state.host_class.get() || class == 0 {
        return None;
    }
    // SAFETY: classes from `host_class` on are ours: null or from `Native::attach`.
    unsafe { opaque.cast::<Header>().as_ref() }
}
