//! [`queueMicrotask`](https://html.spec.whatwg.org/multipage/timers-and-user-prompts.html#microtask-queuing).

use std::rc::Rc;

use sinew_bridge::class::{Method, define_methods};
use sinew_bridge::{Completion, JsHost};

use crate::{Web, webidl};

pub(crate) fn install<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    global: &J::Value,
) -> Completion<J, ()> {
    define_methods(cx, web, global, Web::QUEUE_MICROTASK)
}

impl<J: JsHost> Web<J> {
    const QUEUE_MICROTASK: &'static [Method<J, Self>] = &[Method {
        name: "queueMicrotask",
        length: 1,
        body: queue_microtask,
    }];
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
