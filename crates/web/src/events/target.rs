//! [`EventTarget`](https://dom.spec.whatwg.org/#interface-eventtarget).

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use sinew_bridge::class::{ClassSpec, type_error};
use sinew_bridge::{Completion, JsHost, trace};

use super::event::{Event, method};
use super::handler::Handler;
use super::listener::{Call, Callback, Listener, ListenerArgs};
use crate::abort::AbortSignal;
use crate::{Web, webidl};

impl<J: JsHost> Web<J> {
    pub(crate) const EVENT_TARGET: ClassSpec<J, Self> = ClassSpec {
        name: "EventTarget",
        display: "EventTarget",
        constructor,
        methods: &[
            method("addEventListener", 2, add_event_listener),
            method("removeEventListener", 2, remove_event_listener),
            method("dispatchEvent", 1, dispatch_event),
        ],
        ..ClassSpec::BASE
    };

    /// The state of any event target, the global object too.
    pub(crate) fn event_target(
        &self,
        cx: &mut J::Scope<'_>,
        value: &J::Value,
    ) -> Completion<J, Option<Rc<EventTarget<J>>>> {
        if let Some(target) = J::state::<EventTarget<J>>(cx, value) {
            return Ok(Some(target));
        }
        let global = J::global(cx);
        if J::identity(value) == J::identity(&global) {
            return Ok(Some(self.realm(cx)?.global_target.clone()));
        }
        Ok(None)
    }

    /// The event target that is `this`, and its state; where there is no `this` it is the global
    /// object.
    pub(super) fn this_target(
        &self,
        cx: &mut J::Scope<'_>,
        args: J::Args<'_>,
    ) -> Completion<J, (J::Value, Rc<EventTarget<J>>)> {
        let this = J::this(cx, args);
        let this = match J::type_of(&this) {
            sinew_bridge::ValueType::Undefined | sinew_bridge::ValueType::Null => J::global(cx),
            _ => this,
        };
        match self.event_target(cx, &this)? {
            Some(target) => Ok((this, target)),
            None => Err(type_error::<J>(cx, "receiver is not an EventTarget")),
        }
    }
}

/// An [event target](https://dom.spec.whatwg.org/#eventtarget) of any interface.
pub(crate) struct EventTarget<J: JsHost> {
    listeners: RefCell<Vec<Listener<J>>>,
    pub(super) handlers: RefCell<Vec<Handler<J>>>,
    last_id: Cell<u32>,
    /// What its interface adds.
    pub(crate) kind: TargetKind<J>,
}

trace!(struct EventTarget { listeners, handlers, kind });

/// What the interface of an event target adds to its state.
pub(crate) enum TargetKind<J: JsHost> {
    Plain,
    /// What it tells is the realm's.
    Performance,
    AbortSignal(AbortSignal<J>),
}

trace!(
    enum TargetKind {
        AbortSignal(signal),
    }
);

impl<J: JsHost> EventTarget<J> {
    /// One without listeners.
    pub(crate) fn new(kind: TargetKind<J>) -> Self {
        Self {
            listeners: RefCell::default(),
            handlers: RefCell::default(),
            last_id: Cell::new(0),
            kind,
        }
    }

    /// Whether it has a listener for events of this type.
    pub(crate) fn listens_to(&self, type_: &str) -> bool {
        let listeners = self.listeners.borrow();
        let mut types = listeners.iter().map(|listener| &listener.type_);
        types.any(|other| type_.encode_utf16().eq(other.iter().copied()))
    }

    /// The listeners for events of this type.
    pub(super) fn calls(&self, type_: &[u16]) -> Vec<Call<J>> {
        let listeners = self.listeners.borrow();
        let listeners = listeners.iter().filter(|other| *other.type_ == *type_);
        listeners.map(Listener::to_call).collect()
    }

    fn new_id(&self) -> u32 {
        let id = self.last_id.get().wrapping_add(1);
        self.last_id.set(id);
        id
    }

    /// Adds the listener of an event handler.
    pub(super) fn add_handler(&self, type_: &str) -> u32 {
        let listener = Listener {
            id: self.new_id(),
            type_: type_.encode_utf16().collect(),
            callback: Callback::Handler,
            capture: false,
            passive: false,
            once: false,
            removed: Rc::default(),
        };
        let id = listener.id;
        self.listeners.borrow_mut().push(listener);
        id
    }

    /// [Removes an event listener](https://dom.spec.whatwg.org/#remove-an-event-listener)
    pub(super) fn remove(&self, is_it: impl Fn(&Listener<J>) -> bool) {
        let position = self.listeners.borrow().iter().position(is_it);
        if let Some(position) = position {
            let listener = self.listeners.borrow_mut().remove(position);
            listener.removed.set(true);
        }
    }
}

/// [Adds an event listener](https://dom.spec.whatwg.org/#add-an-event-listener)
fn add_listener<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    object: &J::Value,
    target: &EventTarget<J>,
    listener: ListenerArgs<J>,
) -> Completion<J, ()> {
    if let Some(signal) = &listener.signal
        && web.is_aborted(cx, signal)
    {
        return Ok(());
    }
    let Some(callback) = listener.callback else {
        return Ok(());
    };
    let is_it = |other: &Listener<J>| other.is(&listener.type_, &callback, listener.capture);
    let found = target.listeners.borrow().iter().any(is_it);
    let id = target.new_id();
    if !found {
        target.listeners.borrow_mut().push(Listener {
            id,
            type_: listener.type_.into(),
            callback: Callback::Object(sinew_bridge::Edge::new(callback)),
            capture: listener.capture,
            passive: listener.passive,
            once: listener.once,
            removed: Rc::default(),
        });
        web.listeners_changed(cx, object, target);
        if let Some(signal) = &listener.signal {
            remove_when_aborted(cx, web, object, id, signal)?;
        }
    }
    Ok(())
}

/// The last step of [adding an event listener](https://dom.spec.whatwg.org/#add-an-event-listener)
fn remove_when_aborted<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    object: &J::Value,
    id: u32,
    signal: &J::Value,
) -> Completion<J, ()> {
    let values = [object.clone(), J::number(id.into())];
    let remove = web.closure(cx, "", 0, values, |cx, web, [object, id], _| {
        let id = J::as_number(&id);
        if let Some(target) = web.event_target(cx, &object)? {
            target.remove(|listener| Some(f64::from(listener.id)) == id);
            web.listeners_changed(cx, &object, &target);
        }
        Ok(J::undefined())
    })?;
    web.add_abort_algorithm(cx, signal, remove);
    Ok(())
}

/// [`new EventTarget()`](https://dom.spec.whatwg.org/#dom-eventtarget-eventtarget)
fn constructor<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let state = EventTarget::new(TargetKind::Plain);
    web.construct(cx, args, &Web::EVENT_TARGET, state)
}

/// [`addEventListener(type, callback, options)`](https://dom.spec.whatwg.org/#dom-eventtarget-addeventlistener)
pub(super) fn add_event_listener<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let (object, target) = web.this_target(cx, args)?;
    let listener = ListenerArgs::convert(cx, web, args, true)?;
    add_listener(cx, web, &object, &target, listener)?;
    Ok(J::undefined())
}

/// [`removeEventListener(type, callback, options)`](https://dom.spec.whatwg.org/#dom-eventtarget-removeeventlistener)
pub(super) fn remove_event_listener<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let (object, target) = web.this_target(cx, args)?;
    let listener = ListenerArgs::convert(cx, web, args, false)?;
    if let Some(callback) = &listener.callback {
        target.remove(|other| other.is(&listener.type_, callback, listener.capture));
        web.listeners_changed(cx, &object, &target);
    }
    Ok(J::undefined())
}

/// [`dispatchEvent(event)`](https://dom.spec.whatwg.org/#dom-eventtarget-dispatchevent)
pub(super) fn dispatch_event<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let (target, _) = web.this_target(cx, args)?;
    webidl::required::<J>(cx, args, 1, "dispatchEvent")?;
    let object = J::arg(cx, args, 0);
    let Some(event) = J::state::<Event<J>>(cx, &object) else {
        let message = "the argument of dispatchEvent is not an Event";
        return Err(type_error::<J>(cx, message));
    };
    if event.dispatch.get() || !event.initialized.get() {
        let message = "the event is already being dispatched";
        return Err(web.dom_exception(cx, "InvalidStateError", message));
    }
    event.is_trusted.set(false);
    web.dispatch(cx, &object, &target).map(J::boolean)
}
