//! Errors and their stacks.

use super::fixture::*;
use crate::{ErrorClass, JsHost, ObjectClass};

/// Errors are what the language makes: class, message, stack.
pub fn errors_have_class_message_and_stack<J: JsHost>() {
    Fixture::<J>::new().enter(|cx| {
        for (class, name) in [
            (ErrorClass::Error, "Error"),
            (ErrorClass::TypeError, "TypeError"),
            (ErrorClass::RangeError, "RangeError"),
            (ErrorClass::SyntaxError, "SyntaxError"),
            (ErrorClass::ReferenceError, "ReferenceError"),
        ] {
            let message = format!("{} é\0 %s %d", "long ".repeat(100));
            let error = J::create_error(cx, class, None, &message);
            assert_eq!(J::object_class(cx, &error), Some(ObjectClass::Error));
            let text = ok::<J, _>(cx, |cx| J::get(cx, &error, "message".into()));
            assert_eq!(J::as_text(cx, &text).as_deref(), Some(message.as_str()));
            define::<J>(cx, "error", error);
            assert!(holds::<J>(
                cx,
                &format!("Object.getPrototypeOf(error) === {name}.prototype")
            ));
            assert!(holds::<J>(
                cx,
                "d = Object.getOwnPropertyDescriptor(error, 'message'), \
                    d.writable && !d.enumerable && d.configurable && typeof error.stack === 'string'"
            ));
        }
        define_function::<J>(cx, "fail", |cx, _| {
            Err(crate::class::type_error::<J>(cx, "x"))
        });
        let error = thrown::<J, _>(J::eval_script(
            cx,
            "test:///stack.js",
            "function outer() { fail(); }\nouter();",
        ));
        let stack = J::error_stack(cx, &error);
        let lines: Vec<&str> = stack.lines().collect();
        assert!(!lines.is_empty());
        assert!(
            lines.iter().all(|line| line.trim_start().starts_with("at ")),
            "{stack}"
        );
        assert!(stack.contains("outer"), "{stack}");
        for value in [J::null(), J::number(1.0)] {
            assert_eq!(J::error_stack(cx, &value), "");
        }
        let object = eval::<J>(cx, "({ stack: '    at nowhere' })");
        assert_eq!(J::error_stack(cx, &object), "");
    });
}

/// The prototype of an error may be given.
pub fn errors_take_a_prototype<J: JsHost>() {
    Fixture::<J>::new().enter(|cx| {
        let proto = eval::<J>(
            cx,
            "class LinkError extends Error {}; LinkError.prototype.name = 'LinkError'; \
                LinkError.prototype",
        );
        let error = J::create_error(cx, ErrorClass::Error, Some(&proto), "m");
        assert_eq!(describe::<J>(cx, &error), "LinkError: m");
        define::<J>(cx, "error", error);
        assert!(holds::<J>(
            cx,
            "error instanceof LinkError && Object.getPrototypeOf(error) === LinkError.prototype \
                && typeof error.stack === 'string'"
        ));
    });
}

/// Frames are put above those that the engine recorded.
pub fn stacks_are_prepended<J: JsHost>() {
    Fixture::<J>::new().enter(|cx| {
        let error = eval::<J>(cx, "function inner() { return new Error('m'); } inner()");
        let before = J::error_stack(cx, &error);
        let frames = [
            "at first (a.wasm)".to_owned(),
            "at second (a.wasm)".to_owned(),
        ];
        J::prepend_stack(cx, &error, &frames);
        let after = J::error_stack(cx, &error);
        let lines: Vec<&str> = after.lines().map(str::trim).collect();
        assert_eq!(lines[..2], ["at first (a.wasm)", "at second (a.wasm)"]);
        assert_eq!(
            lines[2..],
            before.lines().map(str::trim).collect::<Vec<_>>()
        );
        define::<J>(cx, "error", error);
        assert!(holds::<J>(
            cx,
            "error.stack.indexOf('at first') < error.stack.indexOf('at second') && \
                error.message === 'm' && !Object.keys(error).length"
        ));
        // Nothing happens to what has no stack.
        J::prepend_stack(cx, &J::null(), &frames);
        let object = eval::<J>(cx, "globalThis.plain = Object.freeze({}); plain");
        J::prepend_stack(cx, &object, &frames);
        assert!(holds::<J>(cx, "Reflect.ownKeys(plain).length === 0"));
        let frozen = eval::<J>(cx, "Object.freeze(new Error('f'))");
        J::prepend_stack(cx, &frozen, &frames);
    });
}
