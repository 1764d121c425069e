//! What generic code can do with the host that parses nothing.

use std::cell::RefCell;
use std::rc::Rc;
use std::slice;
use std::sync::Arc;

use sinew_bridge::class::{Accessor, ClassSpec, Method, brand, define_class, type_error};
use sinew_bridge::empty::{Arguments, EmptyHost, Value};
use sinew_bridge::{
    Completion, ErrorClass, FunctionSpec, Graveyard, HostConfig, HostData, HostHooks, Intrinsic,
    JsHost, NativeFn, ObjectClass, PromiseState, Property, PropertyKey, PropertyKind, Reason,
    Termination, Throw, ValueType,
};

type Scope<'s> = <EmptyHost as JsHost>::Scope<'s>;

/// Remembers the rejections.
#[derive(Default)]
struct Hooks(RefCell<Vec<(Option<f64>, bool)>>);

impl HostHooks<EmptyHost> for Hooks {
    fn resolve(
        &self,
        cx: &mut Scope<'_>,
        _: &str,
        _: &str,
        _: &[(String, String)],
    ) -> Completion<EmptyHost, String> {
        Err(type_error::<EmptyHost>(cx, "no modules"))
    }

    fn load(&self, cx: &mut Scope<'_>, _: &str) -> Completion<EmptyHost, String> {
        Err(type_error::<EmptyHost>(cx, "no modules"))
    }

    fn import_meta(&self, _: &mut Scope<'_>, _: &str, _: &Value) -> Completion<EmptyHost, ()> {
        Ok(())
    }

    fn resize_buffer(&self, cx: &mut Scope<'_>, _: &Value, _: usize) -> Completion<EmptyHost, ()> {
        Err(type_error::<EmptyHost>(cx, "no such buffers"))
    }

    fn promise_rejection(&self, _: &mut Scope<'_>, _: &Value, reason: &Value, handled: bool) {
        self.0
            .borrow_mut()
            .push((EmptyHost::as_number(reason), handled));
    }
}

#[derive(Default)]
struct Fixture {
    hooks: Rc<Hooks>,
    termination: Arc<Termination>,
    graveyard: Graveyard,
}

impl Fixture {
    fn enter(&self, f: impl FnOnce(&mut Scope<'_>)) {
        let config = HostConfig {
            stack_bytes: 0,
            heap_bytes: None,
            termination: self.termination.clone(),
            graveyard: self.graveyard.clone(),
        };
        EmptyHost::new(config, self.hooks.clone()).unwrap().enter(f);
    }
}

#[track_caller]
fn ok<T>(completion: Completion<EmptyHost, T>) -> T {
    match completion {
        Ok(value) => value,
        Err(Throw::Value(_)) => panic!("thrown"),
        Err(Throw::Terminated) => panic!("terminated"),
    }
}

/// The `name` of the error.
#[track_caller]
fn thrown<T>(cx: &mut Scope<'_>, completion: Completion<EmptyHost, T>) -> String {
    let Err(Throw::Value(error)) = completion else {
        panic!("nothing was thrown");
    };
    let name = ok(EmptyHost::get(cx, &error, "name".into()));
    EmptyHost::as_text(cx, &name).unwrap()
}

fn object(cx: &mut Scope<'_>) -> Value {
    ok(sinew_bridge::class::plain_object::<EmptyHost>(cx))
}

fn number(cx: &mut Scope<'_>, object: &Value, name: &str) -> Option<f64> {
    EmptyHost::as_number(&ok(EmptyHost::get(cx, object, name.into())))
}

/// A function with any body.
struct Closure;

impl NativeFn<EmptyHost> for Closure {
    type Data = Box<dyn Fn(&mut Scope<'_>, Arguments<'_>) -> Completion<EmptyHost>>;

    fn call(cx: &mut Scope<'_>, data: &Self::Data, args: Arguments<'_>) -> Completion<EmptyHost> {
        data(cx, args)
    }
}

fn function(
    cx: &mut Scope<'_>,
    body: impl Fn(&mut Scope<'_>, Arguments<'_>) -> Completion<EmptyHost> + 'static,
) -> Value {
    let spec = FunctionSpec {
        name: "f",
        length: 0,
        constructor: false,
    };
    ok(EmptyHost::create_function::<Closure>(
        cx,
        Box::new(body),
        spec,
    ))
}

#[test]
fn properties_follow_the_specification() {
    Fixture::default().enter(|cx| {
        let (parent, child) = (object(cx), object(cx));
        ok(EmptyHost::set_prototype(cx, &child, &parent));
        let cycle = EmptyHost::set_prototype(cx, &parent, &child);
        assert_eq!(thrown(cx, cycle), "TypeError");
        let one = EmptyHost::number_i32(1);
        ok(EmptyHost::set(cx, &parent, "a".into(), &one));
        assert_eq!(number(cx, &child, "a"), Some(1.0));
        ok(EmptyHost::set(
            cx,
            &child,
            "a".into(),
            &EmptyHost::number_i32(2),
        ));
        assert_eq!(
            (number(cx, &parent, "a"), number(cx, &child, "a")),
            (Some(1.0), Some(2.0))
        );

        let fixed = Property::readonly(one.clone());
        ok(EmptyHost::define_property(
            cx,
            &parent,
            "fixed".into(),
            fixed,
        ));
        for target in [&parent, &child] {
            let result = EmptyHost::set(cx, target, "fixed".into(), &one);
            assert_eq!(thrown(cx, result), "TypeError");
        }
        for (key, value) in [("b", 1), ("10", 2), ("9", 3)] {
            let key = ok(EmptyHost::string(cx, key));
            let key = PropertyKey::Value(&key);
            ok(EmptyHost::set(
                cx,
                &child,
                key,
                &EmptyHost::number_i32(value),
            ));
        }
        let keys = ok(EmptyHost::own_keys(cx, &child));
        let keys: Vec<_> = keys
            .iter()
            .filter_map(|key| EmptyHost::as_text(cx, key))
            .collect();
        assert_eq!(keys, ["9", "10", "a", "b"]);

        ok(EmptyHost::freeze(cx, &child));
        for key in ["a", "new"] {
            let result = EmptyHost::set(cx, &child, key.into(), &one);
            assert_eq!(thrown(cx, result), "TypeError");
        }
        let same = Property {
            kind: PropertyKind::Data {
                value: EmptyHost::number_i32(2),
                writable: false,
            },
            enumerable: true,
            configurable: false,
        };
        ok(EmptyHost::define_property(cx, &child, "a".into(), same));
        let other = Property::data(one);
        let result = EmptyHost::define_property(cx, &child, "a".into(), other);
        assert_eq!(thrown(cx, result), "TypeError");
    });
}

const COUNTER: ClassSpec<EmptyHost, ()> = ClassSpec {
    name: "Counter",
    display: "Counter",
    id: 3,
    length: 1,
    constructor: |cx, _, args| {
        let slot = EmptyHost::arg_i32(args, 0).unwrap_or(0).cast_unsigned();
        let new_target = EmptyHost::new_target(cx, args).unwrap_or(Value::Undefined);
        let proto = EmptyHost::get(cx, &new_target, "prototype".into())?;
        EmptyHost::create_host_object(cx, &proto, HostData { class: 3, slot })
    },
    methods: &[Method {
        name: "add",
        length: 1,
        body: |cx, _, args| {
            let this = EmptyHost::this(cx, args);
            let slot = brand(cx, &this, &COUNTER)?;
            let other = EmptyHost::arg(cx, args, 0);
            let other = EmptyHost::to_number(cx, &other)?;
            Ok(EmptyHost::number(f64::from(slot) + other))
        },
    }],
    statics: &[],
    accessors: &[Accessor {
        name: "slot",
        get: |cx, _, args| {
            let this = EmptyHost::this(cx, args);
            Ok(EmptyHost::number(brand(cx, &this, &COUNTER)?.into()))
        },
        set: None,
    }],
    ..ClassSpec::BASE
};

#[test]
fn classes_work() {
    let fx = Fixture::default();
    fx.enter(|cx| {
        let parent = EmptyHost::intrinsic(cx, Intrinsic::ObjectPrototype);
        let class = ok(define_class(cx, &Rc::new(()), &COUNTER, &parent));
        let five = EmptyHost::number_i32(5);
        let constructor = &class.constructor;
        let counter = ok(EmptyHost::construct(
            cx,
            constructor,
            slice::from_ref(&five),
            constructor,
        ));
        assert_eq!(number(cx, &counter, "slot"), Some(5.0));
        let add = ok(EmptyHost::get(cx, &counter, "add".into()));
        let sum = ok(EmptyHost::call(cx, &add, &counter, slice::from_ref(&five)));
        assert_eq!(EmptyHost::as_number(&sum), Some(10.0));
        let result = EmptyHost::call(cx, &add, &class.prototype, slice::from_ref(&five));
        assert_eq!(thrown(cx, result), "TypeError");
        let result = EmptyHost::call(cx, constructor, &Value::Undefined, &[five]);
        assert_eq!(thrown(cx, result), "TypeError");
        let result = EmptyHost::construct(cx, &add, &[], &add);
        assert_eq!(thrown(cx, result), "TypeError", "no constructor");

        let weak = EmptyHost::downgrade(cx, &counter);
        assert!(EmptyHost::upgrade(cx, &weak).is_some());
        drop(counter);
        assert!(EmptyHost::upgrade(cx, &weak).is_none());
        assert_eq!(fx.graveyard.take(), [HostData { class: 3, slot: 5 }]);
    });
}

#[test]
fn objects_in_cycles_die_with_the_engine() {
    let fx = Fixture::default();
    let data = HostData { class: 1, slot: 2 };
    fx.enter(|cx| {
        let proto = EmptyHost::null();
        let host = ok(EmptyHost::create_host_object(cx, &proto, data));
        let own = host.clone();
        ok(EmptyHost::set(cx, &host, "own".into(), &own));
        EmptyHost::collect_garbage(cx);
    });
    assert_eq!(fx.graveyard.take(), [data]);
}

#[test]
fn conversions_run_user_code() {
    Fixture::default().enter(|cx| {
        let value = object(cx);
        let result = EmptyHost::to_number(cx, &value);
        assert_eq!(thrown(cx, result), "TypeError");
        let two = function(cx, |_, _| Ok(EmptyHost::number(2.5)));
        ok(EmptyHost::set(cx, &value, "valueOf".into(), &two));
        assert_eq!(ok(EmptyHost::to_number(cx, &value)), 2.5);
        let text = ok(EmptyHost::to_string(cx, &value));
        assert_eq!(EmptyHost::as_text(cx, &text).as_deref(), Some("2.5"));
        let result = EmptyHost::to_bigint64(cx, &value);
        assert_eq!(thrown(cx, result), "TypeError");
        let big = EmptyHost::bigint_u64(cx, u64::MAX);
        assert_eq!(ok(EmptyHost::to_bigint64(cx, &big)), -1);
        let result = EmptyHost::to_number(cx, &big);
        assert_eq!(thrown(cx, result), "TypeError");
        let text = ok(EmptyHost::string(cx, "1.5"));
        let result = EmptyHost::to_bigint64(cx, &text);
        assert_eq!(thrown(cx, result), "SyntaxError");
    });
}

#[test]
fn numbers_as_text() {
    let cases = [
        (0.5, "0.5"),
        (-0.0, "0"),
        (1e21, "1e+21"),
        (-1.5e300, "-1.5e+300"),
        (123456789012345680000.0, "123456789012345680000"),
        (1e-6, "0.000001"),
        (2.5e-7, "2.5e-7"),
        (f64::NEG_INFINITY, "-Infinity"),
        (f64::NAN, "NaN"),
    ];
    Fixture::default().enter(|cx| {
        for (number, text) in cases {
            let string = ok(EmptyHost::to_string(cx, &EmptyHost::number(number)));
            assert_eq!(EmptyHost::as_text(cx, &string).as_deref(), Some(text));
            let back = ok(EmptyHost::to_number(cx, &string));
            assert!(back == number || number.is_nan(), "{text} is not {back}");
        }
    });
}

#[test]
fn texts_as_numbers() {
    let numbers = [
        ("", 0.0),
        (" \u{FEFF}12\n", 12.0),
        ("0x1F", 31.0),
        (".5", 0.5),
    ];
    let none = [
        "inf", "nan", "1n", "0x", "1_0", "- 1", "infinity", "0xg", "\u{85}1",
    ];
    let bigints = [
        ("", Some(0)),
        (" -12 ", Some(-12)),
        ("18446744073709551617", Some(1)),
        ("0x10", Some(16)),
        ("-0x10", None),
        ("-", None),
        ("1.0", None),
        ("1n", None),
    ];
    Fixture::default().enter(|cx| {
        let none = none.map(|text| (text, f64::NAN));
        for (text, number) in numbers.into_iter().chain(none) {
            let string = ok(EmptyHost::string(cx, text));
            let result = ok(EmptyHost::to_number(cx, &string));
            assert!(
                result == number || result.is_nan() && number.is_nan(),
                "{text:?}"
            );
        }
        for (text, bigint) in bigints {
            let string = ok(EmptyHost::string(cx, text));
            assert_eq!(EmptyHost::to_bigint64(cx, &string).ok(), bigint, "{text:?}");
        }
    });
}

#[test]
fn promises_settle_in_jobs() {
    let fx = Fixture::default();
    fx.enter(|cx| {
        let seen: Rc<RefCell<Vec<f64>>> = Rc::default();
        let note = {
            let seen = seen.clone();
            function(cx, move |_, args| {
                seen.borrow_mut().extend(EmptyHost::arg_f64(args, 0));
                Ok(Value::Undefined)
            })
        };
        let (outer, inner) = (
            ok(EmptyHost::new_promise(cx)),
            ok(EmptyHost::new_promise(cx)),
        );
        ok(EmptyHost::promise_then(cx, &outer.promise, &note, &note));
        let undefined = Value::Undefined;
        ok(EmptyHost::call(
            cx,
            &outer.resolve,
            &undefined,
            &[inner.promise],
        ));
        // Already resolved, if not settled.
        ok(EmptyHost::call(
            cx,
            &outer.reject,
            &undefined,
            &[EmptyHost::number(9.0)],
        ));
        ok(EmptyHost::call(
            cx,
            &inner.resolve,
            &undefined,
            &[EmptyHost::number(1.0)],
        ));
        assert!(seen.borrow().is_empty());
        while ok(EmptyHost::run_job(cx)) {}
        assert_eq!(*seen.borrow(), [1.0]);
        let state = EmptyHost::promise_state(cx, &outer.promise);
        assert!(matches!(
            state,
            Some(PromiseState::Fulfilled(Value::Number(1.0)))
        ));
        assert!(fx.hooks.0.borrow().is_empty());

        let thenable = object(cx);
        let throws = function(cx, |_, _| Err(Throw::Value(EmptyHost::number(4.0))));
        ok(EmptyHost::set(cx, &thenable, "then".into(), &throws));
        let promise = ok(EmptyHost::new_promise(cx));
        ok(EmptyHost::call(
            cx,
            &promise.resolve,
            &undefined,
            &[thenable],
        ));
        while ok(EmptyHost::run_job(cx)) {}
        ok(EmptyHost::promise_then(cx, &promise.promise, &note, &note));
        while ok(EmptyHost::run_job(cx)) {}
        assert_eq!(*seen.borrow(), [1.0, 4.0]);
        assert_eq!(
            *fx.hooks.0.borrow(),
            [(Some(4.0), false), (Some(4.0), true)]
        );

        ok(EmptyHost::enqueue_job(cx, &throws));
        ok(EmptyHost::enqueue_job(cx, &note));
        assert!(
            EmptyHost::run_job(cx).is_err(),
            "what a job throws comes out"
        );
        assert!(ok(EmptyHost::run_job(cx)), "and the others stay");
        assert!(!ok(EmptyHost::run_job(cx)));
    });
}

#[test]
fn recursion_ends_and_panics_poison() {
    let fx = Fixture::default();
    fx.enter(|cx| {
        let undefined = Value::Undefined;
        let again = function(cx, |cx, args| {
            let function = EmptyHost::arg(cx, args, 0);
            EmptyHost::call(cx, &function, &Value::Undefined, slice::from_ref(&function))
        });
        let result = EmptyHost::call(cx, &again, &undefined, slice::from_ref(&again));
        assert_eq!(thrown(cx, result), "RangeError");
        let panics = function(cx, |_, _| std::panic::resume_unwind(Box::new("here")));
        let result = EmptyHost::call(cx, &panics, &undefined, &[]);
        assert!(matches!(result, Err(Throw::Terminated)));
        let result = EmptyHost::call(cx, &again, &undefined, &[]);
        assert!(matches!(result, Err(Throw::Terminated)));
        assert!(matches!(EmptyHost::run_job(cx), Err(Throw::Terminated)));
    });
    assert_eq!(fx.termination.reason(), Some(Reason::Panicked));
    assert_eq!(fx.termination.panic_message().as_deref(), Some("here"));
}

#[test]
fn nothing_is_parsed() {
    let fx = Fixture::default();
    fx.enter(|cx| {
        let result = EmptyHost::eval_script(cx, "a.js", "1");
        assert_eq!(thrown(cx, result), "SyntaxError");
        let result = EmptyHost::parse_json(cx, "1");
        assert_eq!(thrown(cx, result), "SyntaxError");
        let promise = ok(EmptyHost::import(cx, "a.js", "./b.js"));
        let Some(PromiseState::Rejected(error)) = EmptyHost::promise_state(cx, &promise) else {
            panic!("not rejected");
        };
        assert_eq!(thrown::<()>(cx, Err(Throw::Value(error))), "SyntaxError");
    });
    assert_eq!(*fx.hooks.0.borrow(), [(None, false)]);
}

#[test]
fn errors_and_buffers() {
    Fixture::default().enter(|cx| {
        let error = EmptyHost::create_error(cx, ErrorClass::RangeError, None, "far");
        assert_eq!(
            EmptyHost::object_class(cx, &error),
            Some(ObjectClass::Error)
        );
        EmptyHost::prepend_stack(cx, &error, &["at g".into()]);
        EmptyHost::prepend_stack(cx, &error, &["at f".into()]);
        assert_eq!(EmptyHost::error_stack(cx, &error), "at f\nat g");
        let constructor = EmptyHost::intrinsic(cx, Intrinsic::ErrorConstructor);
        let message = ok(EmptyHost::string(cx, "text"));
        let error = ok(EmptyHost::construct(
            cx,
            &constructor,
            &[message],
            &constructor,
        ));
        let message = ok(EmptyHost::get(cx, &error, "message".into()));
        assert_eq!(EmptyHost::as_text(cx, &message).as_deref(), Some("text"));

        let buffer = ok(EmptyHost::create_array_buffer(cx, &[1, 2]));
        EmptyHost::with_bytes_mut(cx, &buffer, |bytes| bytes[0] = 7).unwrap();
        assert_eq!(
            EmptyHost::with_bytes(cx, &buffer, <[u8]>::to_vec),
            Some(vec![7, 2])
        );
        EmptyHost::detach(cx, &buffer);
        assert_eq!(EmptyHost::with_bytes(cx, &buffer, <[u8]>::len), Some(0));
        assert_eq!(EmptyHost::with_bytes(cx, &error, <[u8]>::len), None);
        assert_eq!(EmptyHost::type_of(&buffer), ValueType::Object);
        let array = ok(EmptyHost::create_array(cx, &[error]));
        assert_eq!(number(cx, &array, "length"), Some(1.0));
        let result = EmptyHost::set(cx, &array, PropertyKey::Index(1), &EmptyHost::null());
        assert_eq!(thrown(cx, result), "TypeError", "of a fixed length");
    });
}

#[test]
fn strings_are_code_units() {
    Fixture::default().enter(|cx| {
        let a = ok(EmptyHost::string_utf16(cx, &[0x61, 0xD83D]));
        let b = ok(EmptyHost::string_utf16(cx, &[0xDE00, 0x62]));
        let whole = ok(EmptyHost::string_concat(cx, &a, &b));
        let text = EmptyHost::as_text(cx, &whole);
        assert_eq!(text.as_deref(), Some("a\u{1F600}b"));
        assert_eq!(EmptyHost::string_len(cx, &whole), Some(4));
        assert_eq!(EmptyHost::string_at(cx, &whole, 1), Some(0xD83D));
        assert_eq!(EmptyHost::string_at(cx, &whole, 4), None);
        let part = ok(EmptyHost::string_substring(cx, &whole, 2..4));
        assert!(EmptyHost::same_value(cx, &part, &b));
        assert!(EmptyHost::string_compare(cx, &a, &b).is_lt());
        assert_eq!(EmptyHost::string_len(cx, &EmptyHost::null()), None);
    });
}

#[test]
fn gc_objects_refuse_everything() {
    let fx = Fixture::default();
    let data = HostData { class: 9, slot: 1 };
    fx.enter(|cx| {
        let object = ok(EmptyHost::create_gc_object(cx, data));
        assert_eq!(EmptyHost::host_data(cx, &object), Some(data));
        let null = EmptyHost::null();
        let results = [
            EmptyHost::set(cx, &object, "a".into(), &null),
            EmptyHost::define_property(cx, &object, "a".into(), Property::data(null.clone())),
            EmptyHost::set_prototype(cx, &object, &null),
            EmptyHost::freeze(cx, &object),
        ];
        for result in results {
            assert_eq!(thrown(cx, result), "TypeError");
        }
        assert!(ok(EmptyHost::own_keys(cx, &object)).is_empty());
        assert_eq!(number(cx, &object, "a"), None);
    });
    assert_eq!(fx.graveyard.take(), [data]);
}

#[test]
fn primitives_have_some_properties() {
    Fixture::default().enter(|cx| {
        let text = ok(EmptyHost::string(cx, "text"));
        assert_eq!(number(cx, &text, "length"), Some(4.0));
        let unit = ok(EmptyHost::get(cx, &text, PropertyKey::Index(2)));
        assert_eq!(EmptyHost::as_text(cx, &unit).as_deref(), Some("x"));
        let proto = EmptyHost::intrinsic(cx, Intrinsic::ObjectPrototype);
        ok(EmptyHost::set(
            cx,
            &proto,
            "a".into(),
            &EmptyHost::number_i32(3),
        ));
        assert_eq!(number(cx, &EmptyHost::boolean(true), "a"), Some(3.0));
        let result = EmptyHost::get(cx, &EmptyHost::null(), "a".into());
        assert_eq!(thrown(cx, result), "TypeError");
    });
}

#[test]
fn bigints_of_text() {
    Fixture::default().enter(|cx| {
        let text = ok(EmptyHost::string(cx, "-18446744073709551617"));
        let made = ok(EmptyHost::to_bigint(cx, &text));
        let back = ok(EmptyHost::to_string(cx, &made));
        assert!(EmptyHost::same_value(cx, &back, &text));
        let text = ok(EmptyHost::string(cx, &format!("1{}", "0".repeat(40))));
        let result = EmptyHost::to_bigint(cx, &text);
        assert_eq!(thrown(cx, result), "RangeError");
        // Modulo 2^64 it is what it is.
        let expected = 10_u64.wrapping_pow(40).cast_signed();
        assert_eq!(ok(EmptyHost::to_bigint64(cx, &text)), expected);
        let result = EmptyHost::to_bigint(cx, &EmptyHost::number_i32(1));
        assert_eq!(thrown(cx, result), "TypeError");
    });
}
