//! Values, their types and conversions.

use super::fixture::*;
use crate::convert::Number;
use crate::{JsHost, PropertyKey, ValueType};

/// Numbers come back as they went in.
pub fn numbers_round_trip<J: JsHost>() {
    Fixture::<J>::new().enter(|cx| {
        for number in [0, 1, -1, i32::MAX, i32::MIN] {
            assert_eq!(
                J::as_number(&J::number_i32(number)),
                Some(f64::from(number))
            );
        }
        for number in [
            0.0,
            -0.0,
            0.5,
            f64::MAX,
            f64::MIN_POSITIVE,
            f64::INFINITY,
            f64::NEG_INFINITY,
            4_294_967_296.0,
            2147483648.0,
        ] {
            let back = J::as_number(&J::number(number)).expect("a Number");
            assert_eq!(back.to_bits(), number.to_bits(), "{number}");
        }
        assert!(J::as_number(&J::number(f64::NAN)).is_some_and(f64::is_nan));
        for (number, int) in [(7.0, 7), (-7.9, -7), (4_294_967_297.0, 1), (f64::NAN, 0)] {
            let found = returned_int::<J>(cx, "x => x", &[Number::F64(number)]);
            assert!(
                found.is_none_or(|found| found == int),
                "{number}: {found:?}"
            );
        }
        let minus_five = returned_int::<J>(cx, "x => x", &[Number::I32(-5)]);
        assert_eq!(minus_five, Some(-5));
        assert_eq!(returned_int::<J>(cx, "() => true", &[]), None);
        define::<J>(cx, "minus_zero", J::number(-0.0));
        assert!(holds::<J>(cx, "Object.is(minus_zero, -0)"));
        define::<J>(cx, "three", J::number(3.0));
        assert!(holds::<J>(cx, "three === 3"));
        assert_eq!(J::as_number(&J::boolean(true)), None);
    });
}

/// What `arg_i32` reads of the value that a function returns.
fn returned_int<J: JsHost>(
    cx: &mut J::Scope<'_>,
    function: &str,
    numbers: &[Number],
) -> Option<i32> {
    let function = eval::<J>(cx, function);
    ok::<J, _>(cx, |cx| {
        let numbers = numbers.iter().copied();
        J::call_with_numbers(cx, &function, numbers, |_, ret| Ok(J::arg_i32(ret, 0)))
    })
}

/// BigInts of 64 bits come back as they went in.
pub fn bigints_round_trip<J: JsHost>() {
    Fixture::<J>::new().enter(|cx| {
        for number in [0, 1, -1, 1 << 31, -(1 << 31) - 1, i64::MAX, i64::MIN] {
            let value = J::bigint_i64(cx, number);
            assert_eq!(J::type_of(&value), ValueType::BigInt);
            assert_eq!(ok::<J, _>(cx, |cx| J::to_bigint64(cx, &value)), number);
            assert_eq!(describe::<J>(cx, &value), number.to_string());
        }
        for number in [0, 1, u64::from(u32::MAX), 1 << 63, u64::MAX] {
            let value = J::bigint_u64(cx, number);
            assert_eq!(describe::<J>(cx, &value), number.to_string());
            assert_eq!(
                ok::<J, _>(cx, |cx| J::to_bigint64(cx, &value)),
                number as i64
            );
        }
        let wide = eval::<J>(cx, "2n ** 64n + 7n");
        assert_eq!(ok::<J, _>(cx, |cx| J::to_bigint64(cx, &wide)), 7);
        let number = J::number(1.0);
        thrown::<J, _>(J::to_bigint64(cx, &number));
    });
}

/// Strings come back as they went in, whatever code units they have.
pub fn strings_round_trip<J: JsHost>() {
    Fixture::<J>::new().enter(|cx| {
        for text in [
            "",
            "plain",
            "a\0b",
            "é",
            "ÿĀ",
            "\u{1F600} astral",
            "\u{FFFD}",
        ] {
            let value = ok::<J, _>(cx, |cx| J::string(cx, text));
            assert_eq!(J::type_of(&value), ValueType::String);
            assert_eq!(J::as_text(cx, &value).as_deref(), Some(text));
            let units: Vec<u16> = text.encode_utf16().collect();
            assert_eq!(J::as_utf16(cx, &value), Some(units.clone()));
            let same = ok::<J, _>(cx, |cx| J::string_utf16(cx, &units));
            assert!(J::same_value(cx, &value, &same), "{text:?}");
        }
        let lone = [0x61, 0xD800, 0x62, 0xDC00];
        let value = ok::<J, _>(cx, |cx| J::string_utf16(cx, &lone));
        assert_eq!(J::as_utf16(cx, &value), Some(lone.to_vec()));
        assert_eq!(
            J::as_text(cx, &value).as_deref(),
            Some("a\u{FFFD}b\u{FFFD}")
        );
        define::<J>(cx, "lone", value);
        assert!(holds::<J>(cx, r"lone === 'a\uD800b\uDC00'"));
        let joined = eval::<J>(
            cx,
            "let s = ''; for (let i = 0; i < 9999; i++) s += 'x' + i; s",
        );
        assert_eq!(J::as_text(cx, &joined).map(|text| text.len()), Some(48_885));
        assert_eq!(J::as_text(cx, &J::number(1.0)), None);
        assert_eq!(J::as_utf16(cx, &J::null()), None);
    });
}

/// Each language type is told.
pub fn primitives_have_types<J: JsHost>() {
    Fixture::<J>::new().enter(|cx| {
        let types = [
            ("undefined", ValueType::Undefined),
            ("null", ValueType::Null),
            ("true", ValueType::Boolean),
            ("1", ValueType::Number),
            ("1.5", ValueType::Number),
            ("1n", ValueType::BigInt),
            ("2n ** 70n", ValueType::BigInt),
            ("'s'", ValueType::String),
            ("Symbol()", ValueType::Symbol),
            ("({})", ValueType::Object),
            ("[]", ValueType::Object),
            ("(() => 1)", ValueType::Function),
            ("(class {})", ValueType::Function),
            ("new Proxy({}, {})", ValueType::Object),
            ("new Proxy(() => 1, {})", ValueType::Function),
        ];
        for (source, ty) in types {
            let value = eval::<J>(cx, source);
            assert_eq!(J::type_of(&value), ty, "{source}");
            assert_eq!(
                J::is_callable(cx, &value),
                ty == ValueType::Function,
                "{source}"
            );
        }
        assert_eq!(J::type_of(&J::undefined()), ValueType::Undefined);
        assert_eq!(J::type_of(&J::null()), ValueType::Null);
        assert_eq!(J::as_boolean(&J::boolean(true)), Some(true));
        assert_eq!(J::as_boolean(&J::boolean(false)), Some(false));
        assert_eq!(J::as_boolean(&J::null()), None);
    });
}

/// SameValue, and identities of objects and symbols.
pub fn same_value_and_identity<J: JsHost>() {
    Fixture::<J>::new().enter(|cx| {
        let nan = J::number(f64::NAN);
        assert!(J::same_value(cx, &nan, &nan));
        assert!(!J::same_value(cx, &J::number(0.0), &J::number(-0.0)));
        let a = eval::<J>(cx, "globalThis.o = {}; o");
        let same = eval::<J>(cx, "o");
        let b = eval::<J>(cx, "({})");
        assert!(J::same_value(cx, &a, &same));
        assert!(!J::same_value(cx, &a, &b));
        assert!(J::identity(&a).is_some());
        assert_eq!(J::identity(&a), J::identity(&same));
        assert_ne!(J::identity(&a), J::identity(&b));
        let symbol = eval::<J>(cx, "globalThis.s = Symbol(); s");
        let again = eval::<J>(cx, "s");
        assert!(J::identity(&symbol).is_some());
        assert_eq!(J::identity(&symbol), J::identity(&again));
        assert_eq!(J::identity(&J::number(1.0)), None);
        assert_eq!(J::identity(&J::undefined()), None);
    });
}

/// ToBoolean, ToNumber, ToString, ToBigInt64.
pub fn conversions_follow_the_specification<J: JsHost>() {
    Fixture::<J>::new().enter(|cx| {
        for (source, truth) in [("''", false), ("'x'", true), ("0n", false), ("({})", true)] {
            let value = eval::<J>(cx, source);
            assert_eq!(J::to_boolean(cx, &value), truth, "{source}");
        }
        for (source, number) in [
            ("'0x10'", 16.0),
            ("true", 1.0),
            ("null", 0.0),
            ("({ valueOf() { return 2.5; } })", 2.5),
        ] {
            let value = eval::<J>(cx, source);
            assert_eq!(ok::<J, _>(cx, |cx| J::to_number(cx, &value)), number);
        }
        for source in ["1n", "Symbol()"] {
            let value = eval::<J>(cx, source);
            let error = thrown::<J, _>(J::to_number(cx, &value));
            assert!(describe::<J>(cx, &error).starts_with("TypeError"));
        }
        let value = eval::<J>(cx, "'12'");
        assert_eq!(ok::<J, _>(cx, |cx| J::to_bigint64(cx, &value)), 12);
        let value = eval::<J>(cx, "({ toString() { return 'text'; } })");
        let text = ok::<J, _>(cx, |cx| J::to_string(cx, &value));
        assert_eq!(J::as_text(cx, &text).as_deref(), Some("text"));
        let value = eval::<J>(
            cx,
            "globalThis.reason = {}; ({ valueOf() { throw reason; } })",
        );
        let error = thrown::<J, _>(J::to_number(cx, &value));
        let reason = eval::<J>(cx, "reason");
        assert!(J::same_value(cx, &error, &reason));
    });
}

/// ToBigInt keeps every digit.
pub fn bigints_are_made<J: JsHost>() {
    Fixture::<J>::new().enter(|cx| {
        for (source, text) in [
            ("12n", "12"),
            ("-(2n ** 100n)", "-1267650600228229401496703205376"),
            ("true", "1"),
            ("' 0x1F '", "31"),
            ("''", "0"),
            ("'18446744073709551617'", "18446744073709551617"),
            ("({ valueOf() { return 7n; } })", "7"),
        ] {
            let value = eval::<J>(cx, source);
            let made = ok::<J, _>(cx, |cx| J::to_bigint(cx, &value));
            assert_eq!(J::type_of(&made), ValueType::BigInt, "{source}");
            assert_eq!(describe::<J>(cx, &made), text, "{source}");
        }
        for (source, class) in [
            ("1", "TypeError"),
            ("null", "TypeError"),
            ("undefined", "TypeError"),
            ("Symbol()", "TypeError"),
            ("({ valueOf() { return 7; } })", "TypeError"),
            ("'1n'", "SyntaxError"),
            ("'1.5'", "SyntaxError"),
        ] {
            let value = eval::<J>(cx, source);
            let error = thrown::<J, _>(J::to_bigint(cx, &value));
            assert!(describe::<J>(cx, &error).starts_with(class), "{source}");
        }
        let value = eval::<J>(cx, "({ valueOf() { throw 'reason'; } })");
        let error = thrown::<J, _>(J::to_bigint(cx, &value));
        assert_eq!(J::as_text(cx, &error).as_deref(), Some("reason"));
    });
}

/// GetV asks a primitive's prototype, with the primitive as receiver.
pub fn primitives_have_properties<J: JsHost>() {
    Fixture::<J>::new().enter(|cx| {
        eval::<J>(
            cx,
            "for (const C of [String, Number, Boolean, BigInt, Symbol]) \
                Object.defineProperty(C.prototype, 'self', { get() { 'use strict'; return this; } }); 0",
        );
        for source in ["'text'", "5", "true", "7n", "Symbol.iterator"] {
            let value = eval::<J>(cx, source);
            let own = ok::<J, _>(cx, |cx| J::get(cx, &value, "self".into()));
            assert!(J::same_value(cx, &own, &value), "{source}");
            let none = ok::<J, _>(cx, |cx| J::get(cx, &value, "missing".into()));
            assert_eq!(J::type_of(&none), ValueType::Undefined, "{source}");
        }
        let text = eval::<J>(cx, "'text'");
        let length = ok::<J, _>(cx, |cx| J::get(cx, &text, "length".into()));
        assert_eq!(J::as_number(&length), Some(4.0));
        let unit = ok::<J, _>(cx, |cx| J::get(cx, &text, PropertyKey::Index(1)));
        assert_eq!(J::as_text(cx, &unit).as_deref(), Some("e"));
        for value in [J::undefined(), J::null()] {
            for key in [PropertyKey::Name("a"), PropertyKey::Index(0)] {
                let error = thrown::<J, _>(J::get(cx, &value, key));
                assert!(describe::<J>(cx, &error).starts_with("TypeError"));
            }
        }
    });
}

/// ParseJSON makes data of JSON only.
pub fn parse_json_is_not_evaluation<J: JsHost>() {
    Fixture::<J>::new().enter(|cx| {
        let text = r#"{"a": [1, "\u0000", null], "__proto__": 5}"#;
        let value = ok::<J, _>(cx, |cx| J::parse_json(cx, text));
        define::<J>(cx, "json", value);
        assert!(holds::<J>(
            cx,
            r"json.a.length === 3 && json.a[1] === '\0' && Object.hasOwn(json, '__proto__')
                && Object.getPrototypeOf(json) === Object.prototype"
        ));
        for text in ["", "{a: 1}", "[1,]", "1; 2", "'x'", "{} //", "undefined"] {
            let error = thrown::<J, _>(J::parse_json(cx, text));
            assert!(
                describe::<J>(cx, &error).starts_with("SyntaxError"),
                "{text}"
            );
        }
    });
}

/// `arg`, `args_len` and `this`.
pub fn array_arguments_of_each_kind<J: JsHost>() {
    Fixture::<J>::new().enter(|cx| {
        define_function::<J>(cx, "count", |_, args| {
            Ok(J::number(J::args_len(args) as f64))
        });
        define_function::<J>(cx, "second", |cx, args| Ok(J::arg(cx, args, 1)));
        define_function::<J>(cx, "self", |cx, args| Ok(J::this(cx, args)));
        assert!(holds::<J>(
            cx,
            "count() === 0 && count(1, 2, undefined) === 3"
        ));
        assert!(holds::<J>(
            cx,
            "second(1, o = {}) === o && second(1) === undefined"
        ));
        assert!(holds::<J>(cx, "self.call(o) === o && self.call(5) === 5"));
        assert!(holds::<J>(cx, "self.call(undefined) === undefined"));
        assert!(holds::<J>(cx, "count.apply(null, Array(5000)) === 5000"));
        assert!(holds::<J>(cx, "[7].map(count)[0] === 3"));
    });
}

/// `arg_i32` and `arg_f64` read Numbers, tell nothing of other values and run no user code.
pub fn fast_reads_answer_for_numbers_only<J: JsHost>() {
    Fixture::<J>::new().enter(|cx| {
        define_function::<J>(cx, "i32", |_, args| {
            Ok(J::arg_i32(args, 0).map_or(J::undefined(), J::number_i32))
        });
        define_function::<J>(cx, "f64", |_, args| {
            Ok(J::arg_f64(args, 0).map_or(J::undefined(), J::number))
        });
        eval::<J>(
            cx,
            "var bad = { valueOf() { throw 'ran'; }, toString() { throw 'ran'; } };",
        );
        let others = "undefined, null, true, '1', 1n, 2n ** 70n, Symbol(), bad, [1], () => 1";
        assert!(holds::<J>(
            cx,
            &format!("[{others}].every(x => i32(x) === undefined && f64(x) === undefined)")
        ));
        assert!(holds::<J>(cx, "i32() === undefined && f64() === undefined"));
        let numbers = "0, -0, 1, -1, 2147483647, -2147483648, 0.5, -0.5, 1e9 + 0.25, NaN, \
            Infinity, -Infinity, 5e-324, 1.7976931348623157e308";
        assert!(holds::<J>(
            cx,
            &format!("[{numbers}].every(x => Object.is(f64(x), x))")
        ));
        let wide = "2147483648, 4294967295, 4294967296, 4294967297.9, -2147483649, 2 ** 53, \
            -(2 ** 53) - 2, 2 ** 63, 2 ** 84 + 2 ** 33, 1e300, -1e300, 3.99, -3.99";
        // An engine may decline what is no i32; it may not be wrong.
        assert!(holds::<J>(
            cx,
            &format!("[{numbers}, {wide}].every(x => [undefined, x | 0].includes(i32(x)))")
        ));
        assert!(holds::<J>(
            cx,
            "[0, 1, -1, 2147483647, -2147483648].every(x => i32(x) === x)"
        ));
    });
}

/// `arg_i64` reads BigInts, wrapped to 64 bits, and tells nothing of other values.
pub fn fast_reads_of_bigints<J: JsHost>() {
    Fixture::<J>::new().enter(|cx| {
        define_function::<J>(cx, "i64", |cx, args| {
            Ok(match J::arg_i64(args, 0) {
                Some(value) => J::bigint_i64(cx, value),
                None => J::undefined(),
            })
        });
        eval::<J>(cx, "var bad = { valueOf() { throw 'ran'; } };");
        assert!(holds::<J>(
            cx,
            "[undefined, null, true, '1', 1, 1.5, NaN, Symbol(), bad].every(x => \
                i64(x) === undefined) && i64() === undefined"
        ));
        assert!(holds::<J>(
            cx,
            "[0n, 1n, -1n, 2n ** 31n, -(2n ** 31n) - 1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 63n, \
                2n ** 64n - 1n, 2n ** 64n, 2n ** 200n + 5n, -(2n ** 200n) - 5n].every(x => \
                [undefined, BigInt.asIntN(64, x)].includes(i64(x)))"
        ));
        assert!(holds::<J>(cx, "i64(7n) === 7n"));
        let key = PropertyKey::Name("i64");
        let global = J::global(cx);
        let function = ok::<J, _>(cx, |cx| J::get(cx, &global, key));
        let argument = J::bigint_i64(cx, -5);
        let back = ok::<J, _>(cx, |cx| {
            J::call(cx, &function, &J::undefined(), &[argument])
        });
        assert_eq!(ok::<J, _>(cx, |cx| J::to_bigint64(cx, &back)), -5);
    });
}
