//! What the global object has of events.

use std::rc::Rc;

use sinew_bridge::{Completion, JsHost};

use super::handler::{get_handler, set_handler};
use super::report::report_error;
use super::target::{add_event_listener, dispatch_event, remove_event_listener};
use crate::Web;
use crate::globals::Global;

impl<J: JsHost> Web<J> {
    pub(crate) const EVENTS: &'static [Global<J>] = &[
        Global::interface(&Self::EVENT),
        Global::interface(&Self::CUSTOM_EVENT),
        Global::interface(&Self::ERROR_EVENT),
        Global::interface(&Self::PROMISE_REJECTION_EVENT),
        Global::interface(&Self::EVENT_TARGET),
        Global::operation("addEventListener", 2, add_event_listener),
        Global::operation("removeEventListener", 2, remove_event_listener),
        Global::operation("dispatchEvent", 1, dispatch_event),
        Global::operation("reportError", 1, report_error),
        Global::accessor("onerror", on_error, set_on_error),
        Global::accessor(
            "onunhandledrejection",
            on_unhandled_rejection,
            set_on_unhandled_rejection,
        ),
        Global::accessor(
            "onrejectionhandled",
            on_rejection_handled,
            set_on_rejection_handled,
        ),
    ];
}

macro_rules! handlers {
    ($($(#[$doc:meta])* $get:ident, $set:ident = $type_:literal;)*) => {$(
        $(#[$doc])*
        fn $get<J: JsHost>(
            cx: &mut J::Scope<'_>,
            web: &Rc<Web<J>>,
            args: J::Args<'_>,
        ) -> Completion<J> {
            get_handler(cx, web, args, $type_)
        }

        $(#[$doc])*
        fn $set<J: JsHost>(
            cx: &mut J::Scope<'_>,
            web: &Rc<Web<J>>,
            args: J::Args<'_>,
        ) -> Completion<J> {
            set_handler(cx, web, args, $type_)
        }
    )*};
}

handlers! {
    /// [`onerror`](https://html.spec.whatwg.org/multipage/webappapis.html#handler-onerror)
    on_error, set_on_error = "error";
    /// [`onunhandledrejection`](https://html.spec.whatwg.org/multipage/webappapis.html#handler-window-onunhandledrejection)
    on_unhandled_rejection, set_on_unhandled_rejection = "unhandledrejection";
    /// [`onrejectionhandled`](https://html.spec.whatwg.org/multipage/webappapis.html#handler-window-onrejectionhandled)
    on_rejection_handled, set_on_rejection_handled = "rejectionhandled";
}
