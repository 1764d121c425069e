//! [Dependent signals](https://dom.spec.whatwg.org/#create-a-dependent-abort-signal).

use std::rc::Rc;

use sinew_bridge::{Completion, Edge, JsHost, trace};

use super::signal::{AbortSignal, signal_target};
use crate::{Web, webidl};

/// A signal that depends on the one whose state has this.
pub(crate) struct Dependent<J: JsHost> {
    weak: J::Weak,
    /// Leads to it as long as somebody would notice that it is aborted.
    strong: Edge<J>,
}

trace!(struct Dependent { strong });

impl<J: JsHost> AbortSignal<J> {
    /// The dependent signals that are alive.
    pub(super) fn live_dependents(&self, cx: &mut J::Scope<'_>) -> Vec<J::Value> {
        let dependents = self.dependents.borrow();
        let dependents = dependents.iter();
        dependents
            .filter_map(|other| J::upgrade(cx, &other.weak))
            .collect()
    }

    /// Whether it keeps a dependent signal alive.
    pub(super) fn keeps_dependents(&self) -> bool {
        let dependents = self.dependents.borrow();
        let mut edges = dependents.iter().map(|dependent| dependent.strong.get());
        edges.any(|edge| webidl::is_object::<J>(&edge))
    }

    /// Keeps a dependent signal alive, or does not any more.
    pub(super) fn keep_dependent(&self, cx: &mut J::Scope<'_>, signal: &J::Value, keep: bool) {
        let identity = J::identity(signal);
        let dependents = self.dependents.borrow();
        let dependent = dependents.iter().find(|other| {
            let other = J::upgrade(cx, &other.weak);
            other.is_some_and(|other| J::identity(&other) == identity)
        });
        if let Some(dependent) = dependent {
            let edge = if keep { signal.clone() } else { J::undefined() };
            dependent.strong.set(edge);
        }
    }

    /// Adds a dependent signal, and forgets the dead ones now and then.
    fn add_dependent(&self, cx: &mut J::Scope<'_>, signal: &J::Value) {
        let mut dependents = self.dependents.borrow_mut();
        if dependents.len() >= 16 && dependents.len().is_power_of_two() {
            dependents.retain(|other| J::upgrade(cx, &other.weak).is_some());
        }
        dependents.push(Dependent {
            weak: J::downgrade(cx, signal),
            strong: Edge::default(),
        });
    }

    /// The source signals.
    pub(super) fn sources(&self) -> Vec<J::Value> {
        self.sources.borrow().iter().map(Edge::get).collect()
    }
}

impl<J: JsHost> Web<J> {
    /// [Creates a dependent abort signal](https://dom.spec.whatwg.org/#create-a-dependent-abort-signal)
    /// from signals. Runs no user code.
    pub(crate) fn create_dependent_signal(
        self: &Rc<Self>,
        cx: &mut J::Scope<'_>,
        signals: &[J::Value],
    ) -> Completion<J> {
        let result = self.create_signal(cx)?;
        let Some(result_target) = signal_target::<J>(cx, &result) else {
            return Ok(result);
        };
        let Some(result_state) = result_target.as_signal() else {
            return Ok(result);
        };
        for signal in signals {
            let reason = self.abort_reason(cx, signal);
            if !webidl::is_missing::<J>(&reason) {
                result_state.reason.set(reason);
                return Ok(result);
            }
        }
        result_state.dependent.set(true);
        for signal in signals {
            let Some(target) = signal_target::<J>(cx, signal) else {
                continue;
            };
            let Some(state) = target.as_signal() else {
                continue;
            };
            match state.dependent.get() {
                false => depend(cx, &result, result_state, signal),
                true => {
                    for source in state.sources() {
                        depend(cx, &result, result_state, &source);
                    }
                }
            }
        }
        Ok(result)
    }
}

/// Makes `result` depend on `source`, unless it does already.
fn depend<J: JsHost>(
    cx: &mut J::Scope<'_>,
    result: &J::Value,
    result_state: &AbortSignal<J>,
    source: &J::Value,
) {
    let identity = J::identity(source);
    let known = result_state.sources();
    if known.iter().any(|other| J::identity(other) == identity) {
        return;
    }
    if let Some(target) = signal_target::<J>(cx, source)
        && let Some(state) = target.as_signal()
    {
        let edge = Edge::new(source.clone());
        result_state.sources.borrow_mut().push(edge);
        state.add_dependent(cx, result);
    }
}
