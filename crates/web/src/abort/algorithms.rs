//! What the other standards do with [signals](https://dom.spec.whatwg.org/#interface-AbortSignal).

use std::rc::Rc;

use sinew_bridge::{Completion, Edge, JsHost, Throw};

use super::signal::signal_target;
use crate::Web;

impl<J: JsHost> Web<J> {
    /// Whether a signal is [aborted](https://dom.spec.whatwg.org/#abortsignal-aborted).
    pub(crate) fn is_aborted(&self, cx: &mut J::Scope<'_>, signal: &J::Value) -> bool {
        let target = signal_target::<J>(cx, signal);
        let signal = target.as_ref().and_then(|target| target.as_signal());
        signal.is_some_and(|signal| signal.aborted())
    }

    /// The [abort reason](https://dom.spec.whatwg.org/#abortsignal-abort-reason) of a signal;
    /// `undefined` as long as it is not aborted.
    pub(crate) fn abort_reason(&self, cx: &mut J::Scope<'_>, signal: &J::Value) -> J::Value {
        let target = signal_target::<J>(cx, signal);
        let signal = target.as_ref().and_then(|target| target.as_signal());
        signal.map_or_else(J::undefined, |signal| signal.reason.get())
    }

    /// [Adds](https://dom.spec.whatwg.org/#abortsignal-add) an algorithm to a signal: a function,
    /// best a [closure](Self::closure), that is called with the reason. What it throws is reported.
    pub(crate) fn add_abort_algorithm(
        self: &Rc<Self>,
        cx: &mut J::Scope<'_>,
        signal: &J::Value,
        algorithm: J::Value,
    ) {
        let Some(target) = signal_target::<J>(cx, signal) else {
            return;
        };
        if let Some(state) = target.as_signal()
            && !state.aborted()
        {
            let algorithm = Edge::new(algorithm);
            state.algorithms.borrow_mut().push_back(algorithm);
            self.listeners_changed(cx, signal, &target);
        }
    }

    /// [Removes](https://dom.spec.whatwg.org/#abortsignal-remove) an algorithm from a signal.
    pub(crate) fn remove_abort_algorithm(
        self: &Rc<Self>,
        cx: &mut J::Scope<'_>,
        signal: &J::Value,
        algorithm: &J::Value,
    ) {
        let Some(target) = signal_target::<J>(cx, signal) else {
            return;
        };
        let Some(state) = target.as_signal() else {
            return;
        };
        let identity = J::identity(algorithm);
        let algorithms = state.algorithms.borrow();
        let mut identities = algorithms.iter().map(|other| J::identity(&other.get()));
        let place = identities.position(|other| other == identity);
        drop(algorithms);
        if let Some(place) = place {
            let removed = state.algorithms.borrow_mut().remove(place);
            drop(removed);
            self.listeners_changed(cx, signal, &target);
        }
    }

    /// [Signals abort](https://dom.spec.whatwg.org/#abortsignal-signal-abort) on a signal; without a
    /// reason it is an "AbortError" DOMException. Runs user code.
    pub(crate) fn signal_abort(
        self: &Rc<Self>,
        cx: &mut J::Scope<'_>,
        signal: &J::Value,
        reason: Option<J::Value>,
    ) -> Completion<J, ()> {
        // 1.
        let Some(target) = signal_target::<J>(cx, signal) else {
            return Ok(());
        };
        let Some(state) = target.as_signal().filter(|state| !state.aborted()) else {
            return Ok(());
        };
        // 2.
        let reason = match reason {
            Some(reason) => reason,
            None => self.create_dom_exception(cx, "AbortError", "This operation was aborted")?,
        };
        state.reason.set(reason.clone());
        // 3. and 4.
        let mut dependents_to_abort = Vec::new();
        for dependent in state.live_dependents(cx) {
            if let Some(target) = signal_target::<J>(cx, &dependent)
                && let Some(state) = target.as_signal()
                && !state.aborted()
            {
                state.reason.set(reason.clone());
                dependents_to_abort.push(dependent);
            }
        }
        // 5. and 6.
        self.run_abort_steps(cx, signal)?;
        for dependent in &dependents_to_abort {
            self.run_abort_steps(cx, dependent)?;
        }
        Ok(())
    }

    /// [Runs the abort steps](https://dom.spec.whatwg.org/#run-the-abort-steps). Runs user code.
    fn run_abort_steps(
        self: &Rc<Self>,
        cx: &mut J::Scope<'_>,
        signal: &J::Value,
    ) -> Completion<J, ()> {
        let Some(target) = signal_target::<J>(cx, signal) else {
            return Ok(());
        };
        let Some(state) = target.as_signal() else {
            return Ok(());
        };
        let next = || state.algorithms.borrow_mut().pop_front();
        while let Some(algorithm) = next() {
            let (algorithm, reason) = (algorithm.get(), state.reason.get());
            match J::call(cx, &algorithm, &J::undefined(), &[reason]) {
                Ok(_) => {}
                Err(Throw::Value(exception)) => self.report_exception(cx, &exception)?,
                Err(Throw::Terminated) => return Err(Throw::Terminated),
            }
        }
        self.fire_event(cx, signal, "abort")?;
        // Nothing happens to it any more.
        self.listeners_changed(cx, signal, &target);
        Ok(())
    }
}
