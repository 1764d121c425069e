//! [Event handlers](https://html.spec.whatwg.org/multipage/webappapis.html#event-handler-attributes):
//! the attributes like `onabort`.

use std::rc::Rc;

use sinew_bridge::{Completion, Edge, JsHost, ValueType, trace};

use super::event::{Event, EventKind};
use super::target::EventTarget;
use crate::{Web, webidl};

/// The [event handler](https://html.spec.whatwg.org/multipage/webappapis.html#event-handlers) of a
/// target for a type of events. It is there as long as its value is not null.
pub(crate) struct Handler<J: JsHost> {
    type_: &'static str,
    value: Edge<J>,
    /// The listener that calls it.
    listener: u32,
}

trace!(struct Handler { value });

impl<J: JsHost> EventTarget<J> {
    /// The value of the event handler for events of this type, unless it is null.
    pub(super) fn handler(&self, type_: &[u16]) -> Option<J::Value> {
        let handlers = self.handlers.borrow();
        let mut handlers = handlers.iter();
        let handler = handlers.find(|other| other.type_.encode_utf16().eq(type_.iter().copied()));
        handler.map(|handler| handler.value.get())
    }

    /// [Activates](https://html.spec.whatwg.org/multipage/webappapis.html#activate-an-event-handler)
    /// an event handler, or gives it another value.
    fn activate(&self, type_: &'static str, value: J::Value) {
        if let Some(handler) = self.handlers.borrow().iter().find(|h| h.type_ == type_) {
            handler.value.set(value);
            return;
        }
        let handler = Handler {
            type_,
            value: Edge::new(value),
            listener: self.add_handler(type_),
        };
        self.handlers.borrow_mut().push(handler);
    }

    /// [Deactivates](https://html.spec.whatwg.org/multipage/webappapis.html#deactivate-an-event-handler)
    /// an event handler.
    fn deactivate(&self, type_: &str) {
        let position = self.handlers.borrow().iter().position(|h| h.type_ == type_);
        if let Some(position) = position {
            let handler = self.handlers.borrow_mut().remove(position);
            self.remove(|listener| listener.id == handler.listener);
        }
    }
}

/// The getter of an [event handler IDL attribute](https://html.spec.whatwg.org/multipage/webappapis.html#event-handler-idl-attributes)
/// of `this`.
pub(crate) fn get_handler<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
    type_: &'static str,
) -> Completion<J> {
    let (_, target) = web.this_target(cx, args)?;
    let type_: Vec<u16> = type_.encode_utf16().collect();
    Ok(target.handler(&type_).unwrap_or_else(J::null))
}

/// The setter of an [event handler IDL attribute](https://html.spec.whatwg.org/multipage/webappapis.html#event-handler-idl-attributes)
/// of `this`. Runs no user code.
pub(crate) fn set_handler<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
    type_: &'static str,
) -> Completion<J> {
    let (object, target) = web.this_target(cx, args)?;
    let value = J::arg(cx, args, 0);
    match webidl::is_object::<J>(&value) {
        true => target.activate(type_, value),
        false => target.deactivate(type_),
    }
    web.listeners_changed(cx, &object, &target);
    Ok(J::undefined())
}

/// The [event handler processing algorithm](https://html.spec.whatwg.org/multipage/webappapis.html#the-event-handler-processing-algorithm).
/// Runs user code; what it throws is the caller's to report.
pub(super) fn process<J: JsHost>(
    cx: &mut J::Scope<'_>,
    handler: &J::Value,
    object: &J::Value,
    event: &Event<J>,
    target: &J::Value,
) -> Completion<J, ()> {
    // An object that cannot be called is there to be read again.
    if !J::is_callable(cx, handler) {
        return Ok(());
    }
    let global = J::global(cx);
    let special = match &event.kind {
        EventKind::Error(error)
            if *event.type_() == ERROR && J::identity(target) == J::identity(&global) =>
        {
            Some(error)
        }
        _ => None,
    };
    let returned = match special {
        Some(error) => {
            let args = [
                J::string_utf16(cx, &error.message)?,
                J::string(cx, &error.filename)?,
                J::number(error.lineno.into()),
                J::number(error.colno.into()),
                error.error.get(),
            ];
            J::call(cx, handler, target, &args)?
        }
        None => J::call(cx, handler, target, std::slice::from_ref(object))?,
    };
    let cancels = matches!(J::type_of(&returned), ValueType::Boolean)
        && J::as_boolean(&returned) == Some(special.is_some());
    if cancels {
        event.set_canceled();
    }
    Ok(())
}

/// "error"
const ERROR: [u16; 5] = [0x65, 0x72, 0x72, 0x6f, 0x72];
