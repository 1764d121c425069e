//! What the tests of this crate share.

#![allow(dead_code, reason = "each test program uses some of it")]

use std::rc::Rc;

use boa_engine::JsValue;
use sinew_bridge::conformance::host::Fixture;
use sinew_bridge::{Completion, FunctionSpec, JsHost, NativeFn, Property, Throw};
use sinew_js_boa::{Args, Boa, Scope};

type Body = dyn Fn(&mut Scope<'_>, Args<'_>) -> Completion<Boa>;

/// Functions whose body is a closure.
pub struct Closure;

impl NativeFn<Boa> for Closure {
    type Data = Rc<Body>;

    fn call(cx: &mut Scope<'_>, data: &Rc<Body>, args: Args<'_>) -> Completion<Boa> {
        data(cx, args)
    }
}

/// The value of a normal completion.
#[track_caller]
pub fn value<T>(completion: Completion<Boa, T>) -> T {
    match completion {
        Ok(value) => value,
        Err(Throw::Value(error)) => panic!("threw {}", error.display()),
        Err(Throw::Terminated) => panic!("terminated"),
    }
}

/// The value of a script.
#[track_caller]
pub fn eval(cx: &mut Scope<'_>, source: &str) -> JsValue {
    value(Boa::eval_script(cx, "test:///engine.js", source))
}

/// The Boolean that a script gives.
#[track_caller]
pub fn holds(cx: &mut Scope<'_>, source: &str) -> bool {
    let value = eval(cx, source);
    Boa::as_boolean(&value).expect("a Boolean")
}

/// The text that a script gives.
#[track_caller]
pub fn text(cx: &mut Scope<'_>, source: &str) -> String {
    let value = eval(cx, source);
    Boa::as_text(cx, &value).expect("a String")
}

/// Defines a global.
pub fn define_value(cx: &mut Scope<'_>, name: &str, content: JsValue) {
    let global = Boa::global(cx);
    let property = Property::hidden(content);
    value(Boa::define_property(cx, &global, name.into(), property));
}

/// Defines a global function.
pub fn define(
    cx: &mut Scope<'_>,
    name: &str,
    body: impl Fn(&mut Scope<'_>, Args<'_>) -> Completion<Boa> + 'static,
) -> JsValue {
    let spec = FunctionSpec {
        name,
        length: 0,
        constructor: false,
    };
    let function = value(Boa::create_function::<Closure>(cx, Rc::new(body), spec));
    define_value(cx, name, function.clone());
    function
}

/// Runs jobs until none waits.
pub fn run_jobs(cx: &mut Scope<'_>) {
    while value(Boa::run_job(cx)) {}
}

/// Runs `f` in a new engine.
pub fn enter<R>(f: impl FnOnce(&mut Scope<'_>) -> R) -> R {
    Fixture::<Boa>::new().enter(f)
}
