//! [`performance`](https://w3c.github.io/hr-time/#sec-performance), without the timeline.

use std::rc::Rc;

use sinew_bridge::class::{ClassSpec, Method, plain_object, type_error};
use sinew_bridge::{Completion, JsHost, Property};

use crate::Web;
use crate::events::{EventTarget, TargetKind};
use crate::globals::{Global, readonly};

impl<J: JsHost> Web<J> {
    pub(crate) const PERFORMANCE: &'static [Global<J>] = &[
        Global::interface(&Self::PERFORMANCE_CLASS),
        Global::attribute("performance", performance),
    ];

    const PERFORMANCE_CLASS: ClassSpec<J, Self> = ClassSpec {
        name: "Performance",
        display: "Performance",
        methods: &[
            Method {
                name: "now",
                length: 0,
                body: now,
            },
            Method {
                name: "toJSON",
                length: 0,
                body: to_json,
            },
        ],
        accessors: &[readonly("timeOrigin", time_origin)],
        parent: Some(&Self::EVENT_TARGET),
        ..ClassSpec::BASE
    };
}

/// [`performance`](https://w3c.github.io/hr-time/#dom-windoworworkerglobalscope-performance)
fn performance<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>) -> Completion<J> {
    let target = EventTarget::new(TargetKind::Performance);
    web.create(cx, &Web::PERFORMANCE_CLASS, target)
}

/// [`now()`](https://w3c.github.io/hr-time/#dom-performance-now)
fn now<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    this_performance(cx, web, args)?;
    Ok(J::number(web.start.elapsed().as_secs_f64() * 1000.0))
}

/// [`timeOrigin`](https://w3c.github.io/hr-time/#dom-performance-timeorigin)
fn time_origin<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    this_performance(cx, web, args)?;
    Ok(J::number(web.time_origin))
}

/// [`toJSON()`](https://webidl.spec.whatwg.org/#default-tojson-steps)
fn to_json<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    this_performance(cx, web, args)?;
    let object = plain_object::<J>(cx)?;
    let property = Property::data(J::number(web.time_origin));
    J::define_property(cx, &object, "timeOrigin".into(), property)?;
    Ok(object)
}

fn this_performance<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Web<J>,
    args: J::Args<'_>,
) -> Completion<J, ()> {
    let spec = &Web::PERFORMANCE_CLASS;
    match web.this::<EventTarget<J>>(cx, args, spec)?.kind {
        TargetKind::Performance => Ok(()),
        _ => Err(type_error::<J>(cx, "receiver is not a Performance")),
    }
}
