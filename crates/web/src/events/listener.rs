//! [Event listeners](https://dom.spec.whatwg.org/#concept-event-listener).

use std::cell::Cell;
use std::rc::Rc;

use sinew_bridge::class::type_error;
use sinew_bridge::{Completion, Edge, JsHost, ValueType, trace};

use crate::{Web, webidl};

/// An event listener. Its signal is not kept: whoever adds it has the signal remove it.
pub(crate) struct Listener<J: JsHost> {
    /// What tells it from the others of its target.
    pub(super) id: u32,
    pub(super) type_: Rc<[u16]>,
    pub(super) callback: Callback<J>,
    pub(super) capture: bool,
    pub(super) passive: bool,
    pub(super) once: bool,
    pub(super) removed: Rc<Cell<bool>>,
}

trace!(struct Listener { callback });

/// What a listener calls.
pub(super) enum Callback<J: JsHost> {
    /// The object's operation `handleEvent`.
    Object(Edge<J>),
    /// The target's event handler of the listener's type.
    Handler,
}

trace!(
    enum Callback {
        Object(object),
    }
);

/// A listener as the one who calls it sees it, whatever becomes of its target meanwhile.
pub(super) struct Call<J: JsHost> {
    pub(super) id: u32,
    /// `None` calls the event handler.
    pub(super) callback: Option<J::Value>,
    pub(super) capture: bool,
    pub(super) passive: bool,
    pub(super) once: bool,
    pub(super) removed: Rc<Cell<bool>>,
}

impl<J: JsHost> Listener<J> {
    pub(super) fn to_call(&self) -> Call<J> {
        Call {
            id: self.id,
            callback: match &self.callback {
                Callback::Object(object) => Some(object.get()),
                Callback::Handler => None,
            },
            capture: self.capture,
            passive: self.passive,
            once: self.once,
            removed: self.removed.clone(),
        }
    }

    /// Whether it is the one that these describe.
    pub(super) fn is(&self, type_: &[u16], callback: &J::Value, capture: bool) -> bool {
        let Callback::Object(object) = &self.callback else {
            return false;
        };
        self.capture == capture
            && *self.type_ == *type_
            && J::identity(&object.get()) == J::identity(callback)
    }
}

/// The arguments of `addEventListener`, and of `removeEventListener` as far as it takes them.
pub(super) struct ListenerArgs<J: JsHost> {
    pub(super) type_: Vec<u16>,
    pub(super) callback: Option<J::Value>,
    pub(super) capture: bool,
    pub(super) once: bool,
    pub(super) passive: bool,
    pub(super) signal: Option<J::Value>,
}

impl<J: JsHost> ListenerArgs<J> {
    /// Converts the arguments, [flattening](https://dom.spec.whatwg.org/#event-flatten-more) the
    /// options; those that only `addEventListener` takes if `more`. Runs user code.
    pub(super) fn convert(
        cx: &mut J::Scope<'_>,
        web: &Rc<Web<J>>,
        args: J::Args<'_>,
        more: bool,
    ) -> Completion<J, Self> {
        let what = match more {
            true => "addEventListener",
            false => "removeEventListener",
        };
        webidl::required::<J>(cx, args, 2, what)?;
        let [type_, callback, options] = [0, 1, 2].map(|i| J::arg(cx, args, i));
        let mut converted = Self {
            type_: webidl::dom_string::<J>(cx, &type_)?,
            callback: callback_argument::<J>(cx, callback)?,
            capture: false,
            once: false,
            passive: false,
            signal: None,
        };
        if !webidl::is_object::<J>(&options) {
            converted.capture = J::to_boolean(cx, &options);
            return Ok(converted);
        }
        let options = Some(options);
        converted.capture = webidl::boolean_member::<J>(cx, &options, "capture")?;
        if more {
            converted.once = webidl::boolean_member::<J>(cx, &options, "once")?;
            converted.passive = webidl::boolean_member::<J>(cx, &options, "passive")?;
            let signal = webidl::member::<J>(cx, &options, "signal")?;
            if let Some(signal) = &signal {
                web.expect_signal(cx, signal, "the signal")?;
            }
            converted.signal = signal;
        }
        Ok(converted)
    }
}

/// An argument of type `EventListener?`.
fn callback_argument<J: JsHost>(
    cx: &mut J::Scope<'_>,
    callback: J::Value,
) -> Completion<J, Option<J::Value>> {
    match J::type_of(&callback) {
        ValueType::Undefined | ValueType::Null => Ok(None),
        ValueType::Object | ValueType::Function => Ok(Some(callback)),
        _ => {
            let message = "the listener is neither a function nor an object";
            Err(type_error::<J>(cx, message))
        }
    }
}

/// [Calls the user object's operation](https://webidl.spec.whatwg.org/#call-a-user-objects-operation)
/// `handleEvent`. Runs user code.
pub(super) fn handle_event<J: JsHost>(
    cx: &mut J::Scope<'_>,
    callback: &J::Value,
    this: &J::Value,
    event: &J::Value,
) -> Completion<J> {
    let event = std::slice::from_ref(event);
    if J::is_callable(cx, callback) {
        return J::call(cx, callback, this, event);
    }
    let operation = J::get(cx, callback, "handleEvent".into())?;
    if !J::is_callable(cx, &operation) {
        let message = "the listener's handleEvent is not a function";
        return Err(type_error::<J>(cx, message));
    }
    J::call(cx, &operation, callback, event)
}
