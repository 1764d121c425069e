//! How long signals live: [garbage collection](https://dom.spec.whatwg.org/#abort-signal-garbage-collection)
//! must not be seen by who waits for one.
//!
//! A dependent signal has edges to its sources. A source, and the timer of a timeout, lead to a
//! signal only as long as it has listeners or algorithms, or keeps a signal that has.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use sinew_bridge::JsHost;

use super::signal::signal_target;
use crate::Web;
use crate::events::EventTarget;

/// The signal that a timer is to abort.
pub(crate) struct Timeout<J: JsHost> {
    weak: J::Weak,
    /// The signal, as long as somebody would notice that it is aborted.
    strong: RefCell<Option<J::Value>>,
}

impl<J: JsHost> Web<J> {
    /// Signals abort on a signal when this time has passed. Nobody waits for that alone.
    pub(super) fn abort_after(
        self: &Rc<Self>,
        cx: &mut J::Scope<'_>,
        signal: &J::Value,
        delay: Duration,
    ) {
        let timeout = Rc::new(Timeout::<J> {
            weak: J::downgrade(cx, signal),
            strong: RefCell::default(),
        });
        if let Some(target) = signal_target::<J>(cx, signal)
            && let Some(state) = target.as_signal()
        {
            state.timeout.replace(Rc::downgrade(&timeout));
        }
        self.add_background_timer(delay, move |cx, web| {
            let Some(signal) = J::upgrade(cx, &timeout.weak) else {
                return Ok(());
            };
            let message = "The operation was aborted due to timeout";
            let reason = web.create_dom_exception(cx, "TimeoutError", message)?;
            web.signal_abort(cx, &signal, Some(reason))
        });
    }

    /// To be called when listeners of a target, or algorithms of a signal, were added or removed.
    pub(crate) fn listeners_changed(
        &self,
        cx: &mut J::Scope<'_>,
        object: &J::Value,
        target: &EventTarget<J>,
    ) {
        let Some(signal) = target.as_signal() else {
            return;
        };
        let observed = is_observed(target);
        for source in signal.sources() {
            if let Some(target) = signal_target::<J>(cx, &source)
                && let Some(state) = target.as_signal()
            {
                state.keep_dependent(cx, object, observed);
                keep_for_timeout(&source, &target);
            }
        }
        keep_for_timeout(object, target);
    }
}

/// Whether somebody would notice that a signal is aborted.
fn is_observed<J: JsHost>(target: &EventTarget<J>) -> bool {
    target.as_signal().is_some_and(|signal| {
        !signal.aborted() && (target.listens_to("abort") || !signal.algorithms.borrow().is_empty())
    })
}

/// Has a signal live until its time has run out, if somebody would notice that.
fn keep_for_timeout<J: JsHost>(object: &J::Value, target: &EventTarget<J>) {
    let Some(signal) = target.as_signal() else {
        return;
    };
    let Some(timeout) = signal.timeout.borrow().upgrade() else {
        return;
    };
    let keep = !signal.aborted() && (is_observed(target) || signal.keeps_dependents());
    let old = timeout.strong.replace(keep.then(|| object.clone()));
    drop(old);
}
