//! [`queueMicrotask`](https://html.spec.whatwg.org/multipage/timers-and-user-prompts.html#microtask-queuing).

use std::rc::Rc;

use sinew_bridge::{Completion, JsHost};

use crate::globals::Global;
use crate::{Web, webidl};

impl<J: JsHost> Web<J> {
    pub(crate) const MICROTASKS: &'static [Global<J>] =
        &[Global::operation("queueMicrotask", 1, queue_microtask)];
}

/// What the callback throws is for whoever runs the jobs to report.
fn queue_microtask<J: JsHost>(
    cx: &mut J::Scope<'_>,
    _: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let callback = J::arg(cx, args, 0);
    let callback = webidl::callback::<J>(cx, callback, "the callback of queueMicrotask")?;
    J::enqueue_job(cx, &callback)?;
    Ok(J::undefined())
}
