//! Strings of all of QuickJS's kinds: narrow, wide, slices, ropes.

use std::cmp::Ordering;
use std::time::Instant;

use super::*;

/// Expressions and their code units.
fn samples() -> Vec<(&'static str, Vec<u16>)> {
    let repeated = |text: &str, count: usize| text.repeat(count).encode_utf16().collect();
    vec![
        ("''", Vec::new()),
        ("'a'", vec![0x61]),
        ("'\\xe9'", vec![0xe9]),
        ("'\\u0100x'", vec![0x100, 0x78]),
        ("'\\ud83d'", vec![0xd83d]),
        ("'\\ude00\\ud83d'", vec![0xde00, 0xd83d]),
        ("'ab\\0'", vec![0x61, 0x62, 0]),
        ("'xy'.repeat(9000)", repeated("xy", 9000)),
        (
            "('xy'.repeat(9000) + 'z').slice(2, -1)",
            repeated("xy", 8999),
        ),
        (
            "('\\u0101y'.repeat(9000) + 'z').slice(2, -1)",
            repeated("\u{101}y", 8999),
        ),
        ("'xy'.repeat(9000) + '\\u0102y'.repeat(9000)", {
            let mut units: Vec<u16> = repeated("xy", 9000);
            units.extend(repeated("\u{102}y", 9000));
            units
        }),
        (
            "(() => { let s = ''; for (let i = 0; i < 9000; i++) s = s + 'x' + i % 10; return s; })()",
            (0..9000).flat_map(|i| [0x78, 0x30 + i % 10]).collect(),
        ),
        (
            "(() => { let s = ''; for (let i = 0; i < 9000; i++) s = i % 10 + s; return s; })()",
            (0..9000).rev().map(|i| 0x30 + i % 10).collect(),
        ),
    ]
}

#[test]
fn strings_are_read_without_a_copy() {
    let mut js = engine(None, &Rc::default()).unwrap();
    js.enter(|cx| {
        for (source, units) in samples() {
            let string = eval(cx, source).unwrap();
            assert_eq!(
                QuickJs::string_len(cx, &string),
                Some(units.len()),
                "{source}"
            );
            for index in [
                0,
                1,
                units.len() / 2,
                units.len().wrapping_sub(1),
                units.len(),
                usize::MAX,
            ] {
                let unit = QuickJs::string_at(cx, &string, index);
                assert_eq!(unit, units.get(index).copied(), "{source} at {index}");
            }
            let len = units.len();
            for range in [
                0..0,
                0..len,
                len..len,
                len / 3..len / 2,
                0..len / 2,
                len / 2..len,
            ] {
                let part = QuickJs::string_substring(cx, &string, range.clone()).unwrap();
                let part = QuickJs::as_utf16(cx, &part).unwrap();
                assert_eq!(part, units[range.clone()], "{source} from {range:?}");
            }
            assert_eq!(QuickJs::as_utf16(cx, &string), Some(units));
        }
        for other in [
            "1",
            "null",
            "undefined",
            "({ length: 3 })",
            "['a']",
            "Symbol.iterator",
            "1n",
        ] {
            let value = eval(cx, other).unwrap();
            assert_eq!(QuickJs::string_len(cx, &value), None, "{other}");
            assert_eq!(QuickJs::string_at(cx, &value, 0), None, "{other}");
        }
    });
}

#[test]
fn strings_are_joined_and_compared_by_code_units() {
    let mut js = engine(None, &Rc::default()).unwrap();
    js.enter(|cx| {
        let samples = samples();
        let strings: Vec<_> = samples
            .iter()
            .map(|(source, _)| eval(cx, source).unwrap())
            .collect();
        for (a, (_, a_units)) in strings.iter().zip(&samples) {
            for (b, (_, b_units)) in strings.iter().zip(&samples) {
                let order = QuickJs::string_compare(cx, a, b);
                assert_eq!(order, a_units.cmp(b_units));
                let joined = QuickJs::string_concat(cx, a, b).unwrap();
                let units = QuickJs::as_utf16(cx, &joined).unwrap();
                assert_eq!(units, [a_units.as_slice(), b_units].concat());
                assert_eq!(
                    QuickJs::string_compare(cx, &joined, a) == Ordering::Equal,
                    b_units.is_empty()
                );
            }
        }
        // U+FF61 is above a surrogate pair by code points, and below it by code units.
        let [a, b] = ["'\\uff61'", "'\\ud83d\\ude00'"].map(|source| eval(cx, source).unwrap());
        assert_eq!(QuickJs::string_compare(cx, &a, &b), Ordering::Greater);
    });
}

#[test]
fn string_operations_do_not_see_patches() {
    let mut js = engine(None, &Rc::default()).unwrap();
    js.enter(|cx| {
        eval(
            cx,
            "
            const evil = () => { throw 'user code ran'; };
            for (const key of Object.getOwnPropertyNames(String.prototype))
                if (key !== 'length') String.prototype[key] = evil;
            for (const key of [Symbol.toPrimitive, Symbol.iterator])
                Object.defineProperty(String.prototype, key, { get: evil });
            Object.prototype.valueOf = Object.prototype.toString = evil;
            Number.prototype.valueOf = Number.prototype.toString = evil;
            Function.prototype.call = Function.prototype.apply = evil;
            Error.prepareStackTrace = evil;
        ",
        )
        .unwrap();
        let string = eval(cx, "'ab'.concat === evil ? 'abc' : ''").unwrap();
        assert_eq!(QuickJs::string_len(cx, &string), Some(3));
        assert_eq!(QuickJs::string_at(cx, &string, 1), Some(0x62));
        let part = QuickJs::string_substring(cx, &string, 1..3).unwrap();
        let joined = QuickJs::string_concat(cx, &string, &part).unwrap();
        assert_eq!(QuickJs::as_text(cx, &joined).unwrap(), "abcbc");
        assert_eq!(
            QuickJs::string_compare(cx, &joined, &string),
            Ordering::Greater
        );
    });
}

/// A rope that only the handle holds is flattened once, not at every look.
#[test]
fn a_rope_is_flattened_once() {
    const LEN: usize = 1 << 23;
    let mut js = engine(None, &Rc::default()).unwrap();
    js.enter(|cx| {
        let half = format!("'{}'", "x".repeat(LEN / 2));
        let half = eval(cx, &half).unwrap();
        let rope = QuickJs::string_concat(cx, &half, &half).unwrap();
        let begin = Instant::now();
        for index in 0..40_000 {
            assert_eq!(QuickJs::string_at(cx, &rope, index), Some(0x78));
        }
        // To write 8 MiB 40,000 times takes longer on any machine.
        assert!(begin.elapsed().as_secs() < 15, "{:?}", begin.elapsed());
    });
}

/// A long chain of concatenations does not copy the whole of it at each step.
#[test]
fn concatenation_makes_ropes() {
    let mut js = engine(None, &Rc::default()).unwrap();
    js.enter(|cx| {
        let piece = QuickJs::string(cx, &"abcdefgh".repeat(128)).unwrap();
        let mut all = QuickJs::string(cx, "").unwrap();
        let begin = Instant::now();
        for _ in 0..40_000 {
            all = QuickJs::string_concat(cx, &all, &piece).unwrap();
        }
        // The copies would be of 20 MiB on average.
        assert!(begin.elapsed().as_secs() < 30, "{:?}", begin.elapsed());
        assert_eq!(QuickJs::string_len(cx, &all), Some(40_000 * 1024));
        assert_eq!(QuickJs::string_at(cx, &all, 40_000 * 1024 - 1), Some(0x68));
    });
}

#[test]
fn a_string_can_be_too_long() {
    let mut js = engine(None, &Rc::default()).unwrap();
    js.enter(|cx| {
        let mut string = eval(cx, "'0123456789abcdef'.repeat(1 << 20)").unwrap();
        let error = loop {
            match QuickJs::string_concat(cx, &string, &string) {
                Ok(longer) => string = longer,
                Err(Throw::Value(error)) => break error,
                Err(Throw::Terminated) => panic!("terminated"),
            }
        };
        assert_eq!(text(cx, &error), "RangeError: invalid string length");
        // A rope, of which nothing is flat.
        assert_eq!(QuickJs::string_len(cx, &string), Some(1 << 29));
    });
}

/// Where the native stack ends, an answer is still the right one.
#[test]
fn string_operations_hold_at_the_end_of_the_stack() {
    struct Look;
    impl NativeFn<QuickJs> for Look {
        type Data = Rc<std::cell::Cell<usize>>;
        fn call(cx: &mut Scope<'_>, looks: &Self::Data, args: Args<'_>) -> Result<Value> {
            let string = QuickJs::arg(cx, args, 0);
            assert_eq!(QuickJs::string_at(cx, &string, 2), Some(0x63));
            let other = QuickJs::string(cx, "abd")?;
            assert_eq!(QuickJs::string_compare(cx, &string, &other), Ordering::Less);
            looks.set(looks.get() + 1);
            Ok(QuickJs::undefined())
        }
    }
    let mut js = engine(None, &Rc::default()).unwrap();
    js.enter(|cx| {
        let looks = Rc::new(std::cell::Cell::new(0));
        let spec = FunctionSpec {
            name: "look",
            length: 1,
            constructor: false,
        };
        let look = QuickJs::create_function::<Look>(cx, looks.clone(), spec).unwrap();
        let global = QuickJs::global(cx);
        QuickJs::set(cx, &global, "look".into(), &look).unwrap();
        // Frames of many sizes, so that some look happens close to the limit.
        for size in 0..40 {
            let locals: String = (0..size).map(|i| format!("let v{i} = {i};")).collect();
            let source = format!("(function f() {{ {locals} look('abc'); f(); }})()");
            assert!(eval_text(cx, &source).starts_with("RangeError"), "{size}");
        }
        assert!(looks.get() > 1000);
        assert_eq!(
            eval_text(cx, "(function f() { f(); })()"),
            "RangeError: Maximum call stack size exceeded"
        );
    });
}

#[test]
fn lone_surrogates_are_replaced_in_text_only() {
    let mut js = engine(None, &Rc::default()).unwrap();
    js.enter(|cx| {
        for (source, expected) in [
            ("'a\\ud800b'", "a\u{fffd}b"),
            ("'\\udc00'", "\u{fffd}"),
            ("'\\udc00\\ud800'", "\u{fffd}\u{fffd}"),
            ("'\\ud83d\\ude00\\ud83d'", "\u{1f600}\u{fffd}"),
            ("'\\ud83d' + '\\ude00'", "\u{1f600}"),
        ] {
            let string = eval(cx, source).unwrap();
            assert_eq!(QuickJs::as_text(cx, &string).unwrap(), expected, "{source}");
        }
        let units = [0xd800, 0x61, 0xdfff];
        let string = QuickJs::string_utf16(cx, &units).unwrap();
        assert_eq!(QuickJs::as_utf16(cx, &string).unwrap(), units);
    });
}
