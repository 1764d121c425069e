//! [Unhandled promise rejections](https://html.spec.whatwg.org/multipage/webappapis.html#unhandled-promise-rejections).

use std::cell::RefCell;
use std::rc::Rc;

use sinew_bridge::{Completion, Edge, JsHost};

use super::event::{EventInit, EventKind};
use super::rejection_event::PromiseRejectionEvent;
use crate::Web;

/// The promises of a realm that were rejected with nobody listening.
pub struct Rejections<J: JsHost> {
    /// The [about-to-be-notified rejected promises list](https://html.spec.whatwg.org/multipage/webappapis.html#about-to-be-notified-rejected-promises-list),
    /// with the reasons.
    about_to_be_notified: RefCell<Vec<(J::Value, J::Value)>>,
    /// Those of the list that are being notified.
    notifying: RefCell<Vec<J::Value>>,
    /// Those that were handled after they had been notified. There is no set of outstanding
    /// promises: the engine tells of no promise that it has not told of before.
    late: RefCell<Vec<(J::Value, J::Value)>>,
}

impl<J: JsHost> Default for Rejections<J> {
    fn default() -> Self {
        Self {
            about_to_be_notified: RefCell::default(),
            notifying: RefCell::default(),
            late: RefCell::default(),
        }
    }
}

impl<J: JsHost> Rejections<J> {
    /// [HostPromiseRejectionTracker](https://html.spec.whatwg.org/multipage/webappapis.html#the-hostpromiserejectiontracker-implementation).
    /// Runs no user code.
    pub fn track(
        &self,
        cx: &mut J::Scope<'_>,
        promise: &J::Value,
        reason: &J::Value,
        handled: bool,
    ) {
        let entry = (promise.clone(), reason.clone());
        if !handled {
            self.about_to_be_notified.borrow_mut().push(entry);
            return;
        }
        let identity = J::identity(promise);
        let waiting = self.about_to_be_notified.borrow();
        let place = waiting
            .iter()
            .position(|(other, _)| J::identity(other) == identity);
        drop(waiting);
        if let Some(place) = place {
            let gone = self.about_to_be_notified.borrow_mut().remove(place);
            drop(gone);
            return;
        }
        let notifying = self.notifying.borrow();
        if !notifying.iter().any(|other| J::identity(other) == identity) {
            // What a rejected promise was rejected for is its result.
            let reason = match J::promise_state(cx, promise) {
                Some(sinew_bridge::PromiseState::Rejected(reason)) => reason,
                _ => reason.clone(),
            };
            self.late.borrow_mut().push((promise.clone(), reason));
        }
    }

    /// Lets go of the JavaScript values.
    pub fn clear(&self) {
        let lists = (
            self.about_to_be_notified.take(),
            self.notifying.take(),
            self.late.take(),
        );
        drop(lists);
    }
}

impl<J: JsHost> Web<J> {
    /// [Notifies about rejected promises](https://html.spec.whatwg.org/multipage/webappapis.html#notify-about-rejected-promises):
    /// fires `unhandledrejection` and `rejectionhandled` at the global object. To be called when the
    /// jobs have run. Runs user code. The reason that no listener handles is thrown, one at a time;
    /// others are thrown by later calls of [`run_job`](Self::run_job).
    pub fn notify_rejections(
        self: &Rc<Self>,
        cx: &mut J::Scope<'_>,
        rejections: &Rejections<J>,
    ) -> Completion<J, ()> {
        let late = rejections.late.take();
        let list = rejections.about_to_be_notified.take();
        let promises = list.iter().map(|(promise, _)| promise.clone()).collect();
        rejections.notifying.replace(promises);
        let result = self.notify(cx, late, list);
        let notified = rejections.notifying.take();
        drop(notified);
        result?;
        self.reported(cx, Ok(false)).map(|_| ())
    }

    fn notify(
        self: &Rc<Self>,
        cx: &mut J::Scope<'_>,
        late: Vec<(J::Value, J::Value)>,
        list: Vec<(J::Value, J::Value)>,
    ) -> Completion<J, ()> {
        for (promise, reason) in late {
            self.fire_rejection(cx, "rejectionhandled", false, promise, reason)?;
        }
        for (promise, reason) in list {
            if self.fire_rejection(cx, "unhandledrejection", true, promise, reason.clone())? {
                self.reporting.add_uncaught(reason);
            }
        }
        Ok(())
    }

    /// Fires a PromiseRejectionEvent at the global object; `false` when a listener cancelled it.
    fn fire_rejection(
        self: &Rc<Self>,
        cx: &mut J::Scope<'_>,
        type_: &str,
        cancelable: bool,
        promise: J::Value,
        reason: J::Value,
    ) -> Completion<J, bool> {
        // Nobody could see the event.
        if !self.realm(cx)?.global_target.listens_to(type_) {
            return Ok(true);
        }
        let init = EventInit {
            cancelable,
            ..EventInit::of_type(type_)
        };
        let kind = EventKind::PromiseRejection(PromiseRejectionEvent {
            promise: Edge::new(promise),
            reason: Edge::new(reason),
        });
        let event = self.create_event(cx, &Self::PROMISE_REJECTION_EVENT, init, kind)?;
        let global = J::global(cx);
        self.dispatch(cx, &event, &global)
    }
}
