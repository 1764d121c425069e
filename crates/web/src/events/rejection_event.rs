//! [`PromiseRejectionEvent`](https://html.spec.whatwg.org/multipage/webappapis.html#the-promiserejectionevent-interface).

use std::rc::Rc;

use sinew_bridge::class::{ClassSpec, type_error};
use sinew_bridge::{Completion, Edge, JsHost, trace};

use super::event::{Event, EventInit, EventKind, this};
use crate::globals::readonly;
use crate::{Web, webidl};

impl<J: JsHost> Web<J> {
    pub(crate) const PROMISE_REJECTION_EVENT: ClassSpec<J, Self> = ClassSpec {
        name: "PromiseRejectionEvent",
        display: "PromiseRejectionEvent",
        length: 2,
        constructor,
        accessors: &[readonly("promise", promise), readonly("reason", reason)],
        parent: Some(&Self::EVENT),
        ..ClassSpec::BASE
    };
}

/// What a PromiseRejectionEvent adds to an event.
pub(crate) struct PromiseRejectionEvent<J: JsHost> {
    pub(super) promise: Edge<J>,
    pub(super) reason: Edge<J>,
}

trace!(struct PromiseRejectionEvent { promise, reason });

impl<J: JsHost> Event<J> {
    fn as_rejection(&self, cx: &mut J::Scope<'_>) -> Completion<J, &PromiseRejectionEvent<J>> {
        match &self.kind {
            EventKind::PromiseRejection(event) => Ok(event),
            _ => {
                let message = "receiver is not a PromiseRejectionEvent";
                Err(type_error::<J>(cx, message))
            }
        }
    }
}

/// [`new PromiseRejectionEvent(type, eventInitDict)`](https://html.spec.whatwg.org/multipage/webappapis.html#promiserejectionevent)
fn constructor<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    webidl::required::<J>(cx, args, 2, "PromiseRejectionEvent")?;
    let (init, dictionary) = EventInit::of_args::<J>(cx, args, "PromiseRejectionEvent")?;
    let promise = webidl::member::<J>(cx, &dictionary, "promise")?;
    let Some(promise) = promise.filter(webidl::is_object::<J>) else {
        let message = "the promise of a PromiseRejectionEvent is not an object";
        return Err(type_error::<J>(cx, message));
    };
    let reason = webidl::member::<J>(cx, &dictionary, "reason")?;
    let event = PromiseRejectionEvent {
        promise: Edge::new(promise),
        reason: Edge::new(reason.unwrap_or_else(J::undefined)),
    };
    let kind = EventKind::PromiseRejection(event);
    web.construct_event(cx, args, &Web::PROMISE_REJECTION_EVENT, init, kind)
}

/// [`promise`](https://html.spec.whatwg.org/multipage/webappapis.html#dom-promiserejectionevent-promise)
fn promise<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    Ok(this(cx, web, args)?.as_rejection(cx)?.promise.get())
}

/// [`reason`](https://html.spec.whatwg.org/multipage/webappapis.html#dom-promiserejectionevent-reason)
fn reason<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    Ok(this(cx, web, args)?.as_rejection(cx)?.reason.get())
}
