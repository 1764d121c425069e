//! [`Event`](https://dom.spec.whatwg.org/#interface-event).

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use sinew_bridge::class::{Accessor, ClassSpec, Method, create_function};
use sinew_bridge::{Completion, Edge, JsHost, Property, PropertyKind, trace};

use super::custom_event::CustomEvent;
use super::error_event::ErrorEvent;
use super::rejection_event::PromiseRejectionEvent;
use crate::globals::readonly;
use crate::{Web, webidl};

/// The [phases](https://dom.spec.whatwg.org/#dom-event-eventphase) that there are.
pub(super) const NONE: i32 = 0;
pub(super) const AT_TARGET: i32 = 2;

impl<J: JsHost> Web<J> {
    pub(crate) const EVENT: ClassSpec<J, Self> = ClassSpec {
        name: "Event",
        display: "Event",
        length: 1,
        constructor,
        methods: &[
            method("composedPath", 0, composed_path),
            method("stopPropagation", 0, stop_propagation),
            method("stopImmediatePropagation", 0, stop_immediate_propagation),
            method("preventDefault", 0, prevent_default),
            method("initEvent", 1, init_event),
        ],
        accessors: &[
            readonly("type", type_),
            readonly("target", target),
            readonly("srcElement", target),
            readonly("currentTarget", current_target),
            readonly("eventPhase", event_phase),
            writable("cancelBubble", cancel_bubble, set_cancel_bubble),
            readonly("bubbles", bubbles),
            readonly("cancelable", cancelable),
            writable("returnValue", return_value, set_return_value),
            readonly("defaultPrevented", default_prevented),
            readonly("composed", composed),
            readonly("timeStamp", time_stamp),
        ],
        constants: &[
            ("NONE", NONE),
            ("CAPTURING_PHASE", 1),
            ("AT_TARGET", AT_TARGET),
            ("BUBBLING_PHASE", 3),
        ],
        ..ClassSpec::BASE
    };

    /// [Creates an event](https://dom.spec.whatwg.org/#concept-event-create) of an interface, with
    /// its attributes initialized, whose `isTrusted` is true. Runs no user code.
    pub(crate) fn create_event(
        self: &Rc<Self>,
        cx: &mut J::Scope<'_>,
        spec: &ClassSpec<J, Self>,
        init: EventInit,
        kind: EventKind<J>,
    ) -> Completion<J> {
        let event = Event::new(self, init, kind);
        event.is_trusted.set(true);
        let object = self.create(cx, spec, event)?;
        self.define_is_trusted(cx, &object)?;
        Ok(object)
    }

    /// The object of a [constructor](https://dom.spec.whatwg.org/#concept-event-constructor) of an
    /// event interface. Runs user code.
    pub(super) fn construct_event(
        self: &Rc<Self>,
        cx: &mut J::Scope<'_>,
        args: J::Args<'_>,
        spec: &ClassSpec<J, Self>,
        init: EventInit,
        kind: EventKind<J>,
    ) -> Completion<J> {
        let event = Event::new(self, init, kind);
        let object = self.construct(cx, args, spec, event)?;
        self.define_is_trusted(cx, &object)?;
        Ok(object)
    }

    /// Defines the [unforgeable](https://webidl.spec.whatwg.org/#LegacyUnforgeable) attribute
    /// `isTrusted`, whose getter the events of a realm share.
    fn define_is_trusted(
        self: &Rc<Self>,
        cx: &mut J::Scope<'_>,
        event: &J::Value,
    ) -> Completion<J, ()> {
        let get = self.object(cx, "get isTrusted", |cx, web| {
            create_function(cx, web, "get isTrusted", 0, is_trusted)
        })?;
        let property = Property {
            kind: PropertyKind::Accessor {
                get: Some(get),
                set: None,
            },
            enumerable: true,
            configurable: false,
        };
        J::define_property(cx, event, "isTrusted".into(), property)
    }
}

/// An [event](https://dom.spec.whatwg.org/#concept-event) of any interface.
pub(crate) struct Event<J: JsHost> {
    pub(super) type_: RefCell<Rc<[u16]>>,
    /// `null`, unless it was dispatched.
    pub(super) target: Edge<J>,
    /// The path is this alone, when it is an object.
    pub(super) current_target: Edge<J>,
    pub(super) phase: Cell<i32>,
    pub(super) stop_propagation: Cell<bool>,
    pub(super) stop_immediate_propagation: Cell<bool>,
    pub(super) canceled: Cell<bool>,
    pub(super) in_passive_listener: Cell<bool>,
    pub(super) initialized: Cell<bool>,
    pub(super) dispatch: Cell<bool>,
    pub(super) is_trusted: Cell<bool>,
    bubbles: Cell<bool>,
    pub(super) cancelable: Cell<bool>,
    composed: bool,
    time_stamp: f64,
    pub(super) kind: EventKind<J>,
}

trace!(struct Event { target, current_target, kind });

/// What the interface of an event adds to its state.
pub(crate) enum EventKind<J: JsHost> {
    Plain,
    Custom(CustomEvent<J>),
    Error(ErrorEvent<J>),
    PromiseRejection(PromiseRejectionEvent<J>),
}

trace!(
    enum EventKind {
        Custom(event),
        Error(event),
        PromiseRejection(event),
    }
);

/// The type and the [`EventInit`](https://dom.spec.whatwg.org/#dictdef-eventinit) of an event.
#[derive(Default)]
pub(crate) struct EventInit {
    pub(crate) type_: Vec<u16>,
    pub(crate) bubbles: bool,
    pub(crate) cancelable: bool,
    pub(crate) composed: bool,
}

impl EventInit {
    /// Of an event of this type that does not bubble.
    pub(crate) fn of_type(type_: &str) -> Self {
        Self {
            type_: type_.encode_utf16().collect(),
            ..Self::default()
        }
    }

    /// The first two arguments of a constructor of `interface`, and the dictionary, whose other
    /// members are to be read. Runs user code.
    pub(super) fn of_args<J: JsHost>(
        cx: &mut J::Scope<'_>,
        args: J::Args<'_>,
        interface: &str,
    ) -> Completion<J, (Self, Option<J::Value>)> {
        webidl::required::<J>(cx, args, 1, interface)?;
        let type_ = J::arg(cx, args, 0);
        let type_ = webidl::dom_string::<J>(cx, &type_)?;
        let init = J::arg(cx, args, 1);
        let init = webidl::dictionary::<J>(cx, init, "the init of an event")?;
        let event_init = Self {
            type_,
            bubbles: webidl::boolean_member::<J>(cx, &init, "bubbles")?,
            cancelable: webidl::boolean_member::<J>(cx, &init, "cancelable")?,
            composed: webidl::boolean_member::<J>(cx, &init, "composed")?,
        };
        Ok((event_init, init))
    }
}

impl<J: JsHost> Event<J> {
    /// [Inner event creation steps](https://dom.spec.whatwg.org/#inner-event-creation-steps)
    fn new(web: &Web<J>, init: EventInit, kind: EventKind<J>) -> Self {
        Self {
            type_: RefCell::new(init.type_.into()),
            target: Edge::new(J::null()),
            current_target: Edge::new(J::null()),
            phase: Cell::new(NONE),
            stop_propagation: Cell::new(false),
            stop_immediate_propagation: Cell::new(false),
            canceled: Cell::new(false),
            in_passive_listener: Cell::new(false),
            initialized: Cell::new(true),
            dispatch: Cell::new(false),
            is_trusted: Cell::new(false),
            bubbles: Cell::new(init.bubbles),
            cancelable: Cell::new(init.cancelable),
            composed: init.composed,
            time_stamp: web.start.elapsed().as_secs_f64() * 1000.0,
            kind,
        }
    }

    /// [Initializes](https://dom.spec.whatwg.org/#concept-event-initialize) the event.
    pub(super) fn initialize(&self, type_: Vec<u16>, bubbles: bool, cancelable: bool) {
        self.initialized.set(true);
        self.stop_propagation.set(false);
        self.stop_immediate_propagation.set(false);
        self.canceled.set(false);
        self.is_trusted.set(false);
        self.target.set(J::null());
        self.type_.replace(type_.into());
        self.bubbles.set(bubbles);
        self.cancelable.set(cancelable);
    }

    /// [Sets the canceled flag](https://dom.spec.whatwg.org/#set-the-canceled-flag)
    pub(super) fn set_canceled(&self) {
        if self.cancelable.get() && !self.in_passive_listener.get() {
            self.canceled.set(true);
        }
    }

    pub(super) fn type_(&self) -> Rc<[u16]> {
        self.type_.borrow().clone()
    }
}

pub(super) const fn method<J: JsHost>(
    name: &'static str,
    length: u32,
    body: sinew_bridge::class::Body<J, Web<J>>,
) -> Method<J, Web<J>> {
    Method { name, length, body }
}

pub(super) const fn writable<J: JsHost>(
    name: &'static str,
    get: sinew_bridge::class::Body<J, Web<J>>,
    set: sinew_bridge::class::Body<J, Web<J>>,
) -> Accessor<J, Web<J>> {
    Accessor {
        name,
        get,
        set: Some(set),
    }
}

/// The state of the event that is `this`.
pub(super) fn this<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Web<J>,
    args: J::Args<'_>,
) -> Completion<J, Rc<Event<J>>> {
    web.this(cx, args, &Web::EVENT)
}

/// [`new Event(type, eventInitDict)`](https://dom.spec.whatwg.org/#dom-event-event)
fn constructor<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let (init, _) = EventInit::of_args::<J>(cx, args, "Event")?;
    web.construct_event(cx, args, &Web::EVENT, init, EventKind::Plain)
}

/// [`composedPath()`](https://dom.spec.whatwg.org/#dom-event-composedpath)
fn composed_path<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let current = this(cx, web, args)?.current_target.get();
    match webidl::is_object::<J>(&current) {
        true => J::create_array(cx, &[current]),
        false => J::create_array(cx, &[]),
    }
}

/// [`stopPropagation()`](https://dom.spec.whatwg.org/#dom-event-stoppropagation)
fn stop_propagation<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    this(cx, web, args)?.stop_propagation.set(true);
    Ok(J::undefined())
}

/// [`stopImmediatePropagation()`](https://dom.spec.whatwg.org/#dom-event-stopimmediatepropagation)
fn stop_immediate_propagation<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let this = this(cx, web, args)?;
    this.stop_propagation.set(true);
    this.stop_immediate_propagation.set(true);
    Ok(J::undefined())
}

/// [`preventDefault()`](https://dom.spec.whatwg.org/#dom-event-preventdefault)
fn prevent_default<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    this(cx, web, args)?.set_canceled();
    Ok(J::undefined())
}

/// [`initEvent(type, bubbles, cancelable)`](https://dom.spec.whatwg.org/#dom-event-initevent)
fn init_event<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let this = this(cx, web, args)?;
    let (type_, bubbles, cancelable) = init_args::<J>(cx, args, "initEvent")?;
    if !this.dispatch.get() {
        this.initialize(type_, bubbles, cancelable);
    }
    Ok(J::undefined())
}

/// The first three arguments of a legacy initializer. Runs user code.
pub(super) fn init_args<J: JsHost>(
    cx: &mut J::Scope<'_>,
    args: J::Args<'_>,
    what: &str,
) -> Completion<J, (Vec<u16>, bool, bool)> {
    webidl::required::<J>(cx, args, 1, what)?;
    let [type_, bubbles, cancelable] = [0, 1, 2].map(|i| J::arg(cx, args, i));
    let type_ = webidl::dom_string::<J>(cx, &type_)?;
    let bubbles = J::to_boolean(cx, &bubbles);
    let cancelable = J::to_boolean(cx, &cancelable);
    Ok((type_, bubbles, cancelable))
}

/// [`type`](https://dom.spec.whatwg.org/#dom-event-type)
fn type_<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    let type_ = this(cx, web, args)?.type_();
    J::string_utf16(cx, &type_)
}

/// [`target`](https://dom.spec.whatwg.org/#dom-event-target)
fn target<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    Ok(this(cx, web, args)?.target.get())
}

/// [`currentTarget`](https://dom.spec.whatwg.org/#dom-event-currenttarget)
fn current_target<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    Ok(this(cx, web, args)?.current_target.get())
}

/// [`eventPhase`](https://dom.spec.whatwg.org/#dom-event-eventphase)
fn event_phase<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    Ok(J::number_i32(this(cx, web, args)?.phase.get()))
}

macro_rules! flags {
    ($($(#[$doc:meta])* $name:ident = |$event:ident| $value:expr;)*) => {$(
        $(#[$doc])*
        fn $name<J: JsHost>(
            cx: &mut J::Scope<'_>,
            web: &Rc<Web<J>>,
            args: J::Args<'_>,
        ) -> Completion<J> {
            let $event = this(cx, web, args)?;
            Ok(J::boolean($value))
        }
    )*};
}

flags! {
    /// [`cancelBubble`](https://dom.spec.whatwg.org/#dom-event-cancelbubble)
    cancel_bubble = |event| event.stop_propagation.get();
    /// [`bubbles`](https://dom.spec.whatwg.org/#dom-event-bubbles)
    bubbles = |event| event.bubbles.get();
    /// [`cancelable`](https://dom.spec.whatwg.org/#dom-event-cancelable)
    cancelable = |event| event.cancelable.get();
    /// [`returnValue`](https://dom.spec.whatwg.org/#dom-event-returnvalue)
    return_value = |event| !event.canceled.get();
    /// [`defaultPrevented`](https://dom.spec.whatwg.org/#dom-event-defaultprevented)
    default_prevented = |event| event.canceled.get();
    /// [`composed`](https://dom.spec.whatwg.org/#dom-event-composed)
    composed = |event| event.composed;
    /// [`isTrusted`](https://dom.spec.whatwg.org/#dom-event-istrusted)
    is_trusted = |event| event.is_trusted.get();
}

/// Setting [`cancelBubble`](https://dom.spec.whatwg.org/#dom-event-cancelbubble)
fn set_cancel_bubble<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let this = this(cx, web, args)?;
    let value = J::arg(cx, args, 0);
    if J::to_boolean(cx, &value) {
        this.stop_propagation.set(true);
    }
    Ok(J::undefined())
}

/// Setting [`returnValue`](https://dom.spec.whatwg.org/#dom-event-returnvalue)
fn set_return_value<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let this = this(cx, web, args)?;
    let value = J::arg(cx, args, 0);
    if !J::to_boolean(cx, &value) {
        this.set_canceled();
    }
    Ok(J::undefined())
}

/// [`timeStamp`](https://dom.spec.whatwg.org/#dom-event-timestamp)
fn time_stamp<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    Ok(J::number(this(cx, web, args)?.time_stamp))
}
