//! [Dispatching](https://dom.spec.whatwg.org/#dispatching-events) and
//! [firing](https://dom.spec.whatwg.org/#firing-events) events.

use std::rc::Rc;

use sinew_bridge::{Completion, JsHost, Throw};

use super::event::{AT_TARGET, Event, EventInit, EventKind, NONE};
use super::listener::{Call, handle_event};
use super::target::EventTarget;
use crate::Web;

impl<J: JsHost> Web<J> {
    /// [Fires an event](https://dom.spec.whatwg.org/#concept-event-fire) with this name, of the
    /// interface Event; `false` when a listener cancelled it. Runs user code.
    pub(crate) fn fire_event(
        self: &Rc<Self>,
        cx: &mut J::Scope<'_>,
        target: &J::Value,
        type_: &str,
    ) -> Completion<J, bool> {
        let state = self.event_target(cx, target)?;
        // Nobody could see the event.
        if !state.is_some_and(|state| state.listens_to(type_)) {
            return Ok(true);
        }
        let init = EventInit::of_type(type_);
        let event = self.create_event(cx, &Self::EVENT, init, EventKind::Plain)?;
        self.dispatch(cx, &event, target)
    }

    /// [Dispatches](https://dom.spec.whatwg.org/#concept-event-dispatch) an event to a target;
    /// `false` when a listener cancelled it. Runs user code; what listeners throw is reported.
    pub(crate) fn dispatch(
        self: &Rc<Self>,
        cx: &mut J::Scope<'_>,
        event: &J::Value,
        target: &J::Value,
    ) -> Completion<J, bool> {
        let Some(state) = J::state::<Event<J>>(cx, event) else {
            return Ok(true);
        };
        let Some(target_state) = self.event_target(cx, target)? else {
            return Ok(true);
        };
        let dispatch = Dispatch {
            web: self,
            object: event,
            event: &state,
            target,
            target_state: &target_state,
        };
        state.dispatch.set(true);
        state.target.set(target.clone());
        for capturing in [true, false] {
            state.phase.set(AT_TARGET);
            dispatch.invoke(cx, capturing)?;
        }
        state.phase.set(NONE);
        state.current_target.set(J::null());
        state.dispatch.set(false);
        state.stop_propagation.set(false);
        state.stop_immediate_propagation.set(false);
        Ok(!state.canceled.get())
    }
}

/// An event on its way.
struct Dispatch<'a, J: JsHost> {
    web: &'a Rc<Web<J>>,
    object: &'a J::Value,
    event: &'a Event<J>,
    target: &'a J::Value,
    target_state: &'a EventTarget<J>,
}

impl<J: JsHost> Dispatch<'_, J> {
    /// [Invoke](https://dom.spec.whatwg.org/#concept-event-listener-invoke)
    fn invoke(&self, cx: &mut J::Scope<'_>, capturing: bool) -> Completion<J, ()> {
        if self.event.stop_propagation.get() {
            return Ok(());
        }
        self.event.current_target.set(self.target.clone());
        let listeners = self.target_state.calls(&self.event.type_());
        self.inner_invoke(cx, &listeners, capturing)
    }

    /// [Inner invoke](https://dom.spec.whatwg.org/#concept-event-listener-inner-invoke)
    fn inner_invoke(
        &self,
        cx: &mut J::Scope<'_>,
        listeners: &[Call<J>],
        capturing: bool,
    ) -> Completion<J, ()> {
        for listener in listeners {
            if listener.removed.get() || listener.capture != capturing {
                continue;
            }
            if listener.once {
                self.target_state.remove(|other| other.id == listener.id);
                self.web
                    .listeners_changed(cx, self.target, self.target_state);
            }
            self.event.in_passive_listener.set(listener.passive);
            let result = match &listener.callback {
                Some(callback) => {
                    handle_event::<J>(cx, callback, self.target, self.object).map(|_| ())
                }
                None => self.handle(cx),
            };
            match result {
                Ok(()) => {}
                Err(Throw::Value(exception)) => self.web.report_exception(cx, &exception)?,
                Err(Throw::Terminated) => return Err(Throw::Terminated),
            }
            self.event.in_passive_listener.set(false);
            if self.event.stop_immediate_propagation.get() {
                break;
            }
        }
        Ok(())
    }

    /// Has the event handler process the event.
    fn handle(&self, cx: &mut J::Scope<'_>) -> Completion<J, ()> {
        let Some(handler) = self.target_state.handler(&self.event.type_()) else {
            return Ok(());
        };
        super::handler::process(cx, &handler, self.object, self.event, self.target)
    }
}
