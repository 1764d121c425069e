//! [`performance`](https://w3c.github.io/hr-time/#sec-performance), without the timeline.

use std::rc::Rc;

use sinew_bridge::class::{Accessor, ClassSpec, Method, brand, plain_object, type_error};
use sinew_bridge::{Completion, HostData, JsHost, Property};

use crate::{CLASS_IDS, Web};

pub(crate) fn install<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    global: &J::Value,
) -> Completion<J, ()> {
    let spec = Web::<J>::PERFORMANCE;
    let class = web.define_global_class(cx, global, &spec)?;
    let data = HostData {
        class: spec.id,
        slot: 0,
    };
    let performance = J::create_host_object(cx, &class.prototype, data)?;
    let property = Property::data(performance);
    J::define_property(cx, global, "performance".into(), property)
}

impl<J: JsHost> Web<J> {
    const PERFORMANCE: ClassSpec<J, Self> = ClassSpec {
        name: "Performance",
        display: "Performance",
        id: CLASS_IDS.start + 2,
        length: 0,
        constructor: illegal_constructor,
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
        statics: &[],
        accessors: &[Accessor {
            name: "timeOrigin",
            get: time_origin,
            set: None,
        }],
    };
}

fn illegal_constructor<J: JsHost>(
    cx: &mut J::Scope<'_>,
    _: &Rc<Web<J>>,
    _: J::Args<'_>,
) -> Completion<J> {
    Err(type_error::<J>(cx, "Illegal constructor"))
}

/// [`now()`](https://w3c.github.io/hr-time/#dom-performance-now)
fn now<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    this_performance::<J>(cx, args)?;
    Ok(J::number(web.start.elapsed().as_secs_f64() * 1000.0))
}

/// [`timeOrigin`](https://w3c.github.io/hr-time/#dom-performance-timeorigin)
fn time_origin<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    this_performance::<J>(cx, args)?;
    Ok(J::number(web.time_origin))
}

/// [`toJSON()`](https://webidl.spec.whatwg.org/#default-tojson-steps)
fn to_json<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    this_performance::<J>(cx, args)?;
    let object = plain_object::<J>(cx)?;
    let property = Property::data(J::number(web.time_origin));
    J::define_property(cx, &object, "timeOrigin".into(), property)?;
    Ok(object)
}

fn this_performance<J: JsHost>(cx: &mut J::Scope<'_>, args: J::Args<'_>) -> Completion<J, ()> {
    let this = J::this(cx, args);
    brand(cx, &this, &Web::<J>::PERFORMANCE).map(|_| ())
}
