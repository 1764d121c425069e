//! [`ErrorEvent`](https://html.spec.whatwg.org/multipage/webappapis.html#the-errorevent-interface).

use std::rc::Rc;

use sinew_bridge::class::{ClassSpec, type_error};
use sinew_bridge::{Completion, Edge, JsHost, trace};

use super::event::{Event, EventInit, EventKind, this};
use crate::globals::readonly;
use crate::{Web, webidl};

impl<J: JsHost> Web<J> {
    pub(crate) const ERROR_EVENT: ClassSpec<J, Self> = ClassSpec {
        name: "ErrorEvent",
        display: "ErrorEvent",
        length: 1,
        constructor,
        accessors: &[
            readonly("message", message),
            readonly("filename", filename),
            readonly("lineno", lineno),
            readonly("colno", colno),
            readonly("error", error),
        ],
        parent: Some(&Self::EVENT),
        ..ClassSpec::BASE
    };
}

/// What an ErrorEvent adds to an event.
pub(crate) struct ErrorEvent<J: JsHost> {
    pub(super) message: Vec<u16>,
    pub(super) filename: String,
    pub(super) lineno: u32,
    pub(super) colno: u32,
    pub(super) error: Edge<J>,
}

trace!(struct ErrorEvent { error });

impl<J: JsHost> Event<J> {
    fn as_error(&self, cx: &mut J::Scope<'_>) -> Completion<J, &ErrorEvent<J>> {
        match &self.kind {
            EventKind::Error(event) => Ok(event),
            _ => Err(type_error::<J>(cx, "receiver is not an ErrorEvent")),
        }
    }
}

/// [`new ErrorEvent(type, eventInitDict)`](https://html.spec.whatwg.org/multipage/webappapis.html#errorevent)
fn constructor<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let (init, dictionary) = EventInit::of_args::<J>(cx, args, "ErrorEvent")?;
    let colno = number_member::<J>(cx, &dictionary, "colno")?;
    let error = webidl::member::<J>(cx, &dictionary, "error")?;
    let filename = match webidl::member::<J>(cx, &dictionary, "filename")? {
        Some(filename) => webidl::usv_string::<J>(cx, &filename)?,
        None => String::new(),
    };
    let lineno = number_member::<J>(cx, &dictionary, "lineno")?;
    let message = match webidl::member::<J>(cx, &dictionary, "message")? {
        Some(message) => webidl::dom_string::<J>(cx, &message)?,
        None => Vec::new(),
    };
    let event = ErrorEvent {
        message,
        filename,
        lineno,
        colno,
        error: Edge::new(error.unwrap_or_else(J::undefined)),
    };
    web.construct_event(cx, args, &Web::ERROR_EVENT, init, EventKind::Error(event))
}

fn number_member<J: JsHost>(
    cx: &mut J::Scope<'_>,
    dictionary: &Option<J::Value>,
    name: &str,
) -> Completion<J, u32> {
    match webidl::member::<J>(cx, dictionary, name)? {
        Some(number) => webidl::unsigned_long::<J>(cx, &number),
        None => Ok(0),
    }
}

/// [`message`](https://html.spec.whatwg.org/multipage/webappapis.html#dom-errorevent-message)
fn message<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    let this = this(cx, web, args)?;
    let event = this.as_error(cx)?;
    J::string_utf16(cx, &event.message)
}

/// [`filename`](https://html.spec.whatwg.org/multipage/webappapis.html#dom-errorevent-filename)
fn filename<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let this = this(cx, web, args)?;
    let event = this.as_error(cx)?;
    J::string(cx, &event.filename)
}

/// [`lineno`](https://html.spec.whatwg.org/multipage/webappapis.html#dom-errorevent-lineno)
fn lineno<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    let lineno = this(cx, web, args)?.as_error(cx)?.lineno;
    Ok(J::number(lineno.into()))
}

/// [`colno`](https://html.spec.whatwg.org/multipage/webappapis.html#dom-errorevent-colno)
fn colno<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    let colno = this(cx, web, args)?.as_error(cx)?.colno;
    Ok(J::number(colno.into()))
}

/// [`error`](https://html.spec.whatwg.org/multipage/webappapis.html#dom-errorevent-error)
fn error<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    Ok(this(cx, web, args)?.as_error(cx)?.error.get())
}
