//! [`AbortController`](https://dom.spec.whatwg.org/#interface-abortcontroller).

use std::rc::Rc;

use sinew_bridge::class::{ClassSpec, Method};
use sinew_bridge::{Completion, Edge, JsHost, trace};

use super::signal::reason_argument;
use crate::Web;
use crate::globals::readonly;

impl<J: JsHost> Web<J> {
    pub(crate) const ABORT_CONTROLLER: ClassSpec<J, Self> = ClassSpec {
        name: "AbortController",
        display: "AbortController",
        constructor,
        methods: &[Method {
            name: "abort",
            length: 0,
            body: abort,
        }],
        accessors: &[readonly("signal", signal)],
        ..ClassSpec::BASE
    };
}

/// An AbortController object.
struct AbortController<J: JsHost> {
    signal: Edge<J>,
}

trace!(struct AbortController { signal });

/// [`new AbortController()`](https://dom.spec.whatwg.org/#dom-abortcontroller-abortcontroller)
fn constructor<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let proto = web.prototype(cx, args, &Web::ABORT_CONTROLLER)?;
    let signal = Edge::new(web.create_signal(cx)?);
    J::create_state_object(cx, &proto, AbortController { signal })
}

/// [`signal`](https://dom.spec.whatwg.org/#dom-abortcontroller-signal)
fn signal<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    let this = web.this::<AbortController<J>>(cx, args, &Web::ABORT_CONTROLLER)?;
    Ok(this.signal.get())
}

/// [`abort(reason)`](https://dom.spec.whatwg.org/#dom-abortcontroller-abort)
fn abort<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    let this = web.this::<AbortController<J>>(cx, args, &Web::ABORT_CONTROLLER)?;
    let reason = reason_argument::<J>(cx, args);
    web.signal_abort(cx, &this.signal.get(), reason)?;
    Ok(J::undefined())
}
