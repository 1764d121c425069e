//! What begins and ends.

use super::fixture::*;
use crate::{HostData, JsHost, ValueType};

/// Handles that outlive their engine can be looked at, cloned and dropped.
pub fn values_outlive_the_engine<J: JsHost>() {
    let mut fixture = Fixture::<J>::new();
    let (values, weak, capability) = fixture.enter(|cx| {
        let mut values = vec![
            J::bigint_i64(cx, i64::MIN),
            J::number(1.5),
            J::undefined(),
            function::<J>(cx, "f", |_, _| Ok(J::undefined())),
        ];
        for source in [
            "'text'",
            "'a' + 'rope'.repeat(1000)",
            "Symbol('s')",
            "2n ** 200n",
            "({ self: globalThis })",
            "(() => 1)",
            "new Uint8Array(1e5)",
            "Promise.reject(1)",
            "new Proxy(() => 1, {})",
        ] {
            values.push(eval::<J>(cx, source));
        }
        let data = HostData { class: 1, slot: 1 };
        let object = ok::<J, _>(cx, |cx| J::create_host_object(cx, &J::null(), data));
        let weak = J::downgrade(cx, &object);
        values.push(object);
        values.push(J::global(cx));
        (values, weak, ok::<J, _>(cx, |cx| J::new_promise(cx)))
    });
    drop(fixture);
    for value in &values {
        let copy = value.clone();
        let _ = (
            J::type_of(&copy),
            J::identity(&copy),
            J::as_number(&copy),
            J::as_boolean(&copy),
        );
    }
    assert_eq!(J::as_number(&values[1]), Some(1.5));
    assert_eq!(J::type_of(&values[2]), ValueType::Undefined);
    // Another engine may live where the first did.
    let mut other = Fixture::<J>::new();
    other.enter(|cx| eval::<J>(cx, "globalThis.x = Array(1000).fill({});"));
    drop(values);
    drop((weak, capability));
    other.enter(|cx| assert!(holds::<J>(cx, "x.length === 1000")));
}

/// Two engines on a thread share nothing.
pub fn engines_are_independent<J: JsHost>() {
    let mut first = Fixture::<J>::new();
    let mut second = Fixture::<J>::new();
    first.enter(|cx| {
        eval::<J>(cx, "x = 1; Promise.resolve().then(() => { x = 2; });");
        second.enter(|cx| {
            define_function::<J>(cx, "f", |_, _| Ok(J::number(7.0)));
            assert!(holds::<J>(cx, "typeof x === 'undefined' && f() === 7"));
            assert!(!ok::<J, _>(cx, |cx| J::run_job(cx)));
        });
        assert!(holds::<J>(cx, "x === 1 && typeof f === 'undefined'"));
    });
    drop(second);
    first.enter(|cx| {
        run_jobs::<J>(cx);
        assert!(holds::<J>(cx, "x === 2"));
    });
}

/// A collection frees cycles and leaves alone what is held.
pub fn garbage_is_collected<J: JsHost>() {
    Fixture::<J>::new().enter(|cx| {
        let kept = eval::<J>(cx, "({ inner: { text: 'kept' } })");
        eval::<J>(
            cx,
            "refs = []; (() => { for (let i = 0; i < 100; i++) { \
                const o = { i }; o.self = o; refs.push(new WeakRef(o)); } })();",
        );
        run_jobs::<J>(cx);
        J::collect_garbage(cx);
        run_jobs::<J>(cx);
        J::collect_garbage(cx);
        assert!(holds::<J>(
            cx,
            "refs.every(ref => ref.deref() === undefined)"
        ));
        let inner = ok::<J, _>(cx, |cx| J::get(cx, &kept, "inner".into()));
        let text = ok::<J, _>(cx, |cx| J::get(cx, &inner, "text".into()));
        assert_eq!(J::as_text(cx, &text).as_deref(), Some("kept"));
    });
}
