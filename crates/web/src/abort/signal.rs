//! [`AbortSignal`](https://dom.spec.whatwg.org/#interface-AbortSignal).

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use sinew_bridge::class::{Accessor, ClassSpec, Method, type_error};
use sinew_bridge::{Completion, Edge, JsHost, PropertyKey, Throw, WellKnownSymbol, trace};

use super::dependent::Dependent;
use super::lifetime::Timeout;
use crate::events::{EventTarget, TargetKind, get_handler, set_handler};
use crate::globals::readonly;
use crate::{Web, webidl};

impl<J: JsHost> Web<J> {
    pub(crate) const ABORT_SIGNAL: ClassSpec<J, Self> = ClassSpec {
        name: "AbortSignal",
        display: "AbortSignal",
        methods: &[Method {
            name: "throwIfAborted",
            length: 0,
            body: throw_if_aborted,
        }],
        statics: &[
            Method {
                name: "abort",
                length: 0,
                body: abort,
            },
            Method {
                name: "timeout",
                length: 1,
                body: timeout,
            },
            Method {
                name: "any",
                length: 1,
                body: any,
            },
        ],
        accessors: &[
            readonly("aborted", aborted),
            readonly("reason", reason),
            Accessor {
                name: "onabort",
                get: on_abort,
                set: Some(set_on_abort),
            },
        ],
        parent: Some(&Self::EVENT_TARGET),
        ..ClassSpec::BASE
    };

    /// A new AbortSignal.
    pub(crate) fn create_signal(self: &Rc<Self>, cx: &mut J::Scope<'_>) -> Completion<J> {
        let signal = TargetKind::AbortSignal(AbortSignal::default());
        self.create(cx, &Web::ABORT_SIGNAL, EventTarget::new(signal))
    }

    /// A TypeError unless `value` is an AbortSignal.
    pub(crate) fn expect_signal(
        &self,
        cx: &mut J::Scope<'_>,
        value: &J::Value,
        what: &str,
    ) -> Completion<J, ()> {
        match signal_target::<J>(cx, value) {
            Some(_) => Ok(()),
            None => {
                let message = format!("{what} is not an AbortSignal");
                Err(type_error::<J>(cx, &message))
            }
        }
    }
}

/// What an AbortSignal adds to an event target.
pub(crate) struct AbortSignal<J: JsHost> {
    /// The [abort reason](https://dom.spec.whatwg.org/#abortsignal-abort-reason).
    pub(super) reason: Edge<J>,
    /// The [abort algorithms](https://dom.spec.whatwg.org/#abortsignal-abort-algorithms): functions
    /// of this crate, which get the reason.
    pub(super) algorithms: RefCell<VecDeque<Edge<J>>>,
    /// [dependent](https://dom.spec.whatwg.org/#abortsignal-dependent)
    pub(super) dependent: Cell<bool>,
    /// The [source signals](https://dom.spec.whatwg.org/#abortsignal-source-signals).
    pub(super) sources: RefCell<Vec<Edge<J>>>,
    /// The [dependent signals](https://dom.spec.whatwg.org/#abortsignal-dependent-signals).
    pub(super) dependents: RefCell<Vec<Dependent<J>>>,
    /// What waits for its time to run out, if anything.
    pub(super) timeout: RefCell<std::rc::Weak<Timeout<J>>>,
}

trace!(struct AbortSignal { reason, algorithms, sources, dependents });

impl<J: JsHost> Default for AbortSignal<J> {
    fn default() -> Self {
        Self {
            reason: Edge::default(),
            algorithms: RefCell::default(),
            dependent: Cell::new(false),
            sources: RefCell::default(),
            dependents: RefCell::default(),
            timeout: RefCell::default(),
        }
    }
}

impl<J: JsHost> AbortSignal<J> {
    /// [aborted](https://dom.spec.whatwg.org/#abortsignal-aborted)
    pub(crate) fn aborted(&self) -> bool {
        !webidl::is_missing::<J>(&self.reason.get())
    }
}

impl<J: JsHost> EventTarget<J> {
    pub(super) fn as_signal(&self) -> Option<&AbortSignal<J>> {
        match &self.kind {
            TargetKind::AbortSignal(signal) => Some(signal),
            TargetKind::Plain | TargetKind::Performance => None,
        }
    }
}

/// The state of a value that is an AbortSignal.
pub(super) fn signal_target<J: JsHost>(
    cx: &mut J::Scope<'_>,
    value: &J::Value,
) -> Option<Rc<EventTarget<J>>> {
    let target = J::state::<EventTarget<J>>(cx, value);
    target.filter(|target| target.as_signal().is_some())
}

/// Calls `f` with what `this` is as a signal.
fn with_this<J: JsHost, R>(
    cx: &mut J::Scope<'_>,
    args: J::Args<'_>,
    f: impl FnOnce(&AbortSignal<J>) -> R,
) -> Completion<J, R> {
    let this = J::this(cx, args);
    let target = signal_target::<J>(cx, &this);
    match target.as_ref().and_then(|target| target.as_signal()) {
        Some(signal) => Ok(f(signal)),
        None => Err(type_error::<J>(cx, "receiver is not an AbortSignal")),
    }
}

/// The argument `reason`; `None` when it is left out.
pub(super) fn reason_argument<J: JsHost>(
    cx: &mut J::Scope<'_>,
    args: J::Args<'_>,
) -> Option<J::Value> {
    let reason = J::arg(cx, args, 0);
    (!webidl::is_missing::<J>(&reason)).then_some(reason)
}

/// [`aborted`](https://dom.spec.whatwg.org/#dom-abortsignal-aborted)
fn aborted<J: JsHost>(cx: &mut J::Scope<'_>, _: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    with_this::<J, _>(cx, args, |signal| signal.aborted()).map(J::boolean)
}

/// [`reason`](https://dom.spec.whatwg.org/#dom-abortsignal-reason)
fn reason<J: JsHost>(cx: &mut J::Scope<'_>, _: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    with_this::<J, _>(cx, args, |signal| signal.reason.get())
}

/// [`throwIfAborted()`](https://dom.spec.whatwg.org/#dom-abortsignal-throwifaborted)
fn throw_if_aborted<J: JsHost>(
    cx: &mut J::Scope<'_>,
    _: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let reason = with_this::<J, _>(cx, args, |signal| signal.reason.get())?;
    match webidl::is_missing::<J>(&reason) {
        true => Ok(reason),
        false => Err(Throw::Value(reason)),
    }
}

/// [`onabort`](https://dom.spec.whatwg.org/#dom-abortsignal-onabort)
fn on_abort<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    with_this::<J, _>(cx, args, |_| ())?;
    get_handler(cx, web, args, "abort")
}

/// [`onabort`](https://dom.spec.whatwg.org/#dom-abortsignal-onabort)
fn set_on_abort<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    with_this::<J, _>(cx, args, |_| ())?;
    set_handler(cx, web, args, "abort")
}

/// [`AbortSignal.abort(reason)`](https://dom.spec.whatwg.org/#dom-abortsignal-abort)
fn abort<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    let signal = web.create_signal(cx)?;
    let reason = reason_argument::<J>(cx, args);
    web.signal_abort(cx, &signal, reason)?;
    Ok(signal)
}

/// [`AbortSignal.timeout(milliseconds)`](https://dom.spec.whatwg.org/#dom-abortsignal-timeout)
fn timeout<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    webidl::required::<J>(cx, args, 1, "AbortSignal.timeout")?;
    let milliseconds = J::arg(cx, args, 0);
    let milliseconds =
        webidl::enforce_range_u64::<J>(cx, &milliseconds, "the time of AbortSignal.timeout")?;
    let signal = web.create_signal(cx)?;
    web.abort_after(cx, &signal, std::time::Duration::from_millis(milliseconds));
    Ok(signal)
}

/// [`AbortSignal.any(signals)`](https://dom.spec.whatwg.org/#dom-abortsignal-any)
fn any<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    webidl::required::<J>(cx, args, 1, "AbortSignal.any")?;
    let iterable = J::arg(cx, args, 0);
    let iterator = PropertyKey::Symbol(WellKnownSymbol::Iterator);
    let method = match webidl::is_object::<J>(&iterable) {
        true => webidl::method::<J>(cx, &iterable, iterator)?,
        false => None,
    };
    let Some(method) = method else {
        let message = "the argument of AbortSignal.any is not iterable";
        return Err(type_error::<J>(cx, message));
    };
    let signals = webidl::sequence::<J>(cx, &iterable, &method)?;
    for signal in &signals {
        web.expect_signal(cx, signal, "an element of the argument of AbortSignal.any")?;
    }
    web.create_dependent_signal(cx, &signals)
}
