//! What user code patches changes nothing inside.

use super::fixture::*;
use crate::{ErrorClass, FunctionSpec, Intrinsic, JsHost, PromiseState, Property, PropertyKind};

/// A run of most operations, in an engine that `patch` was evaluated in.
fn unharmed<J: JsHost>(patch: &str) {
    let mut fixture = Fixture::<J>::with_modules(&[
        (
            "m.js",
            "import { x } from './dep.js'; export const y = x + import.meta.url.length;",
        ),
        ("dep.js", "export const x = 1;"),
    ]);
    fixture.enter(|cx| {
        eval::<J>(
            cx,
            &format!(
                "globalThis.touched = 0; globalThis.hostile = () => {{ touched++; \
            throw 'hostile'; }}; {patch}; 0"
            ),
        );
        let proto = J::intrinsic(cx, Intrinsic::ObjectPrototype);
        let object = ok::<J, _>(cx, |cx| J::create_object(cx, &proto));
        let property = Property::data(J::number(1.0));
        ok::<J, _>(cx, |cx| {
            J::define_property(cx, &object, "own".into(), property)
        });
        let getter = function::<J>(cx, "get", |_, _| Ok(J::number(2.0)));
        let accessor = Property {
            kind: PropertyKind::Accessor {
                get: Some(getter),
                set: None,
            },
            enumerable: false,
            configurable: false,
        };
        ok::<J, _>(cx, |cx| {
            J::define_property(cx, &object, "accessor".into(), accessor)
        });
        let found = ok::<J, _>(cx, |cx| J::get_own_property(cx, &object, "own".into()));
        assert!(found.is_some_and(|found| found.enumerable && found.configurable));
        let own = ok::<J, _>(cx, |cx| J::get(cx, &object, "own".into()));
        assert_eq!(J::as_number(&own), Some(1.0));
        assert_eq!(ok::<J, _>(cx, |cx| J::own_keys(cx, &object)).len(), 2);
        ok::<J, _>(cx, |cx| J::freeze(cx, &object));
        let array = ok::<J, _>(cx, |cx| J::create_array(cx, &[J::null(), J::null()]));
        let length = ok::<J, _>(cx, |cx| J::get(cx, &array, "length".into()));
        assert_eq!(J::as_number(&length), Some(2.0));
        let json = ok::<J, _>(cx, |cx| J::parse_json(cx, "{\"value\": [1]}"));
        assert_eq!(ok::<J, _>(cx, |cx| J::own_keys(cx, &json)).len(), 1);
        calls::<J>(cx);
        promises::<J>(cx);
        let error = J::create_error(cx, ErrorClass::TypeError, None, "message");
        J::prepend_stack(cx, &error, &["at frame".to_owned()]);
        assert!(
            J::error_stack(cx, &error)
                .trim_start()
                .starts_with("at frame")
        );
        let bytes = ok::<J, _>(cx, |cx| J::create_uint8_array(cx, &[1, 2]));
        assert_eq!(J::with_bytes(cx, &bytes, <[u8]>::to_vec), Some(vec![1, 2]));
        let touched = text_of::<J>(cx, "touched");
        assert_eq!(touched, "0", "{patch}");
    });
}

fn calls<J: JsHost>(cx: &mut J::Scope<'_>) {
    let native = function::<J>(cx, "f", |cx, args| Ok(J::arg(cx, args, 0)));
    let result = ok::<J, _>(cx, |cx| {
        J::call(cx, &native, &J::undefined(), &[J::number(3.0)])
    });
    assert_eq!(J::as_number(&result), Some(3.0));
    let spec = FunctionSpec {
        name: "C",
        length: 0,
        constructor: true,
    };
    let body: std::rc::Rc<Body<J>> = std::rc::Rc::new(|cx, _| J::create_object(cx, &J::null()));
    let class = ok::<J, _>(cx, |cx| J::create_function::<Closure>(cx, body, spec));
    ok::<J, _>(cx, |cx| J::construct(cx, &class, &[J::null()], &class));
}

/// Makes a promise, waits for it, settles it.
fn settle<J: JsHost>(cx: &mut J::Scope<'_>) {
    let capability = ok::<J, _>(cx, |cx| J::new_promise(cx));
    let quiet = function::<J>(cx, "quiet", |_, _| Ok(J::undefined()));
    ok::<J, _>(cx, |cx| {
        J::promise_then(cx, &capability.promise, &quiet, &quiet)
    });
    ok::<J, _>(cx, |cx| {
        J::call(cx, &capability.resolve, &J::undefined(), &[J::number(1.0)])
    });
    run_jobs::<J>(cx);
    let state = J::promise_state(cx, &capability.promise);
    assert!(matches!(state, Some(PromiseState::Fulfilled(_))));
}

fn promises<J: JsHost>(cx: &mut J::Scope<'_>) {
    settle::<J>(cx);
    let imported = ok::<J, _>(cx, |cx| J::import(cx, "test:///x", "./m.js"));
    run_jobs::<J>(cx);
    let Some(PromiseState::Fulfilled(namespace)) = J::promise_state(cx, &imported) else {
        panic!("not imported");
    };
    let y = ok::<J, _>(cx, |cx| J::get(cx, &namespace, "y".into()));
    assert_eq!(J::as_number(&y), Some(13.0));
}

/// Accessors on `Object.prototype` with the names of descriptor fields and the like.
pub fn patched_object_prototype<J: JsHost>() {
    unharmed::<J>(
        "for (const key of ['get', 'set', 'value', 'writable', 'enumerable', 'configurable', 'with', \
            'type', 'stack', 'message', 'cause', 'name', 'url', 'own', 'accessor', 'done', 'next', \
            'prototype', '0', '1']) \
            Object.defineProperty(Object.prototype, key, { __proto__: null, \
                get: hostile, set: hostile, configurable: true, enumerable: true });",
    );
    unharmed::<J>("Object.defineProperty = Object.create = Object.keys = Object.freeze = hostile");
}

/// Iterators, `then`, species and the promise constructor.
pub fn patched_iterators_and_promises<J: JsHost>() {
    unharmed::<J>("Array.prototype[Symbol.iterator] = hostile; Array.prototype.push = hostile");
    unharmed::<J>(
        "Object.getPrototypeOf([][Symbol.iterator]()).next = hostile; Array.from = Array.of = hostile",
    );
    unharmed::<J>("Promise.prototype.then = Promise.prototype.catch = hostile");
    unharmed::<J>("Promise.resolve = Promise.reject = hostile; globalThis.Promise = hostile");
    // Awaiting, which an engine may do to load modules, looks at `constructor` by specification.
    Fixture::<J>::new().enter(|cx| {
        eval::<J>(
            cx,
            "touched = 0; hostile = () => { touched++; throw 'hostile'; }; \
            Object.defineProperty(Promise, Symbol.species, { get: hostile }); \
            Object.defineProperty(Promise.prototype, 'constructor', { get: hostile });",
        );
        settle::<J>(cx);
        assert_eq!(text_of::<J>(cx, "touched"), "0");
    });
}

/// `call`, `apply`, `bind`, and the globals themselves.
pub fn patched_functions<J: JsHost>() {
    unharmed::<J>(
        "for (const key of ['call', 'apply', 'bind', 'toString']) Function.prototype[key] = hostile; \
        for (const key of ['name', 'length', 'constructor']) \
            Object.defineProperty(Function.prototype, key, { get: hostile, set: hostile })",
    );
    unharmed::<J>(
        "globalThis.Object = globalThis.Array = globalThis.Error = globalThis.TypeError = \
        globalThis.Reflect = globalThis.JSON = globalThis.Uint8Array = globalThis.Symbol = \
        globalThis.ArrayBuffer = globalThis.DataView = globalThis.Function = hostile",
    );
    unharmed::<J>(
        "for (const proto of [ArrayBuffer.prototype, DataView.prototype, \
            Object.getPrototypeOf(Uint8Array.prototype)]) \
            for (const key of ['buffer', 'byteLength', 'byteOffset', 'length', 'slice', 'constructor']) \
                if (key in proto) Object.defineProperty(proto, key, { get: hostile, configurable: true })",
    );
}

/// What the stack trace of an error is made with.
pub fn patched_stack_traces<J: JsHost>() {
    unharmed::<J>("Error.prepareStackTrace = hostile");
    unharmed::<J>("Error.stackTraceLimit = { valueOf: hostile, toString: hostile }");
    unharmed::<J>("Error.captureStackTrace = hostile; Error.stackTraceLimit = 0");
    unharmed::<J>(
        "Object.defineProperty(Error.prototype, 'stack', { get: hostile, set: hostile, configurable: true })",
    );
    unharmed::<J>(
        "Error.prototype.toString = hostile; \
        for (const key of ['name', 'message']) \
            Object.defineProperty(Error.prototype, key, { get: hostile, set: hostile })",
    );
}
