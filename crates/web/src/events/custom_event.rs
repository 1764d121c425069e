//! [`CustomEvent`](https://dom.spec.whatwg.org/#interface-customevent).

use std::rc::Rc;

use sinew_bridge::class::{ClassSpec, type_error};
use sinew_bridge::{Completion, Edge, JsHost, trace};

use super::event::{Event, EventInit, EventKind, init_args, method, this};
use crate::globals::readonly;
use crate::{Web, webidl};

impl<J: JsHost> Web<J> {
    pub(crate) const CUSTOM_EVENT: ClassSpec<J, Self> = ClassSpec {
        name: "CustomEvent",
        display: "CustomEvent",
        length: 1,
        constructor,
        methods: &[method("initCustomEvent", 1, init_custom_event)],
        accessors: &[readonly("detail", detail)],
        parent: Some(&Self::EVENT),
        ..ClassSpec::BASE
    };
}

/// What a CustomEvent adds to an event.
pub(crate) struct CustomEvent<J: JsHost> {
    detail: Edge<J>,
}

trace!(struct CustomEvent { detail });

impl<J: JsHost> Event<J> {
    fn as_custom(&self, cx: &mut J::Scope<'_>) -> Completion<J, &CustomEvent<J>> {
        match &self.kind {
            EventKind::Custom(event) => Ok(event),
            _ => Err(type_error::<J>(cx, "receiver is not a CustomEvent")),
        }
    }
}

/// [`new CustomEvent(type, eventInitDict)`](https://dom.spec.whatwg.org/#dom-customevent-customevent)
fn constructor<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let (init, dictionary) = EventInit::of_args::<J>(cx, args, "CustomEvent")?;
    let detail = webidl::member::<J>(cx, &dictionary, "detail")?;
    let detail = Edge::new(detail.unwrap_or_else(J::null));
    let kind = EventKind::Custom(CustomEvent { detail });
    web.construct_event(cx, args, &Web::CUSTOM_EVENT, init, kind)
}

/// [`detail`](https://dom.spec.whatwg.org/#dom-customevent-detail)
fn detail<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    Ok(this(cx, web, args)?.as_custom(cx)?.detail.get())
}

/// [`initCustomEvent(type, bubbles, cancelable, detail)`](https://dom.spec.whatwg.org/#dom-customevent-initcustomevent)
fn init_custom_event<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let this = this(cx, web, args)?;
    let custom = this.as_custom(cx)?;
    let (type_, bubbles, cancelable) = init_args::<J>(cx, args, "initCustomEvent")?;
    let detail = match J::arg(cx, args, 3) {
        missing if webidl::is_missing::<J>(&missing) => J::null(),
        detail => detail,
    };
    if !this.dispatch.get() {
        this.initialize(type_, bubbles, cancelable);
        custom.detail.set(detail);
    }
    Ok(J::undefined())
}
