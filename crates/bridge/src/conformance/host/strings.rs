//! Strings by their code units.

use super::fixture::*;
use crate::JsHost;

/// Scripts that make strings in every form that engines have for them.
const SOURCES: [&str; 14] = [
    "''",
    "'a'",
    "'plain text'",
    r"'caf\xe9 \xff'",
    r"'\u0100'",
    r"'\u65e5\u672c and plain'",
    r"'\u{1F600} astral'",
    r"'a\uD800b\uDC00'",
    r"'\uDC00\uD800'",
    r"'nul \0 nul'",
    "let r = ''; for (let i = 0; i < 500; i++) r += 'rope ' + i; r",
    r"let w = 'x'; for (let i = 0; i < 500; i++) w = '\u0101' + w + i; w",
    "'a slice of something longer'.slice(2, 20).slice(3)",
    r"'\u0100 only plain text is left of this'.slice(2)",
];

fn sources<J: JsHost>(cx: &mut J::Scope<'_>) -> Vec<(J::Value, Vec<u16>)> {
    let of = |source: &&str| {
        let value = eval::<J>(cx, &format!("{{ {source} }}"));
        let units = J::as_utf16(cx, &value).expect("a String");
        (value, units)
    };
    SOURCES.iter().map(of).collect()
}

/// A String with these code units, made without concatenation.
fn flat<J: JsHost>(cx: &mut J::Scope<'_>, units: &[u16]) -> J::Value {
    ok::<J, _>(cx, |cx| J::string_utf16(cx, units))
}

/// That a String is the one with these units, in every respect.
#[track_caller]
fn assert_units<J: JsHost>(cx: &mut J::Scope<'_>, value: &J::Value, units: &[u16]) {
    assert_eq!(J::as_utf16(cx, value).as_deref(), Some(units));
    assert_eq!(J::string_len(cx, value), Some(units.len()));
    let expected = flat::<J>(cx, units);
    assert!(J::same_value(cx, value, &expected));
    define::<J>(cx, "found", value.clone());
    define::<J>(cx, "expected", expected);
    assert!(holds::<J>(
        cx,
        "found === expected && { [found]: 1 }[expected] === 1 && new Set([found]).has(expected) \
            && found.length === expected.length && found + '!' === expected + '!'"
    ));
}

/// Lengths and single code units, of Strings and nothing else.
pub fn string_units_are_read<J: JsHost>() {
    Fixture::<J>::new().enter(|cx| {
        for (value, units) in sources::<J>(cx) {
            assert_eq!(J::string_len(cx, &value), Some(units.len()));
            for (index, unit) in units.iter().enumerate() {
                assert_eq!(J::string_at(cx, &value, index), Some(*unit));
            }
            for index in [units.len(), units.len() + 1, 1 << 32, usize::MAX] {
                assert_eq!(J::string_at(cx, &value, index), None);
            }
        }
        for source in [
            "1",
            "null",
            "Symbol('s')",
            "Object('s')",
            "['s']",
            "1n",
            "({ length: 1, 0: 's' })",
        ] {
            let value = eval::<J>(cx, source);
            assert_eq!(J::string_len(cx, &value), None, "{source}");
            assert_eq!(J::string_at(cx, &value, 0), None, "{source}");
        }
        let long = eval::<J>(cx, "'0123456789'.repeat(200000)");
        assert_eq!(J::string_len(cx, &long), Some(2_000_000));
        for (index, digit) in [(0, '0'), (999_999, '9'), (1_999_995, '5')] {
            assert_eq!(J::string_at(cx, &long, index), Some(digit as u16));
        }
    });
}

/// Substrings of every range.
pub fn string_substrings<J: JsHost>() {
    Fixture::<J>::new().enter(|cx| {
        for (value, units) in sources::<J>(cx) {
            let len = units.len();
            let ends = [0, 1, 2, 5, len / 2, len.saturating_sub(1), len];
            for start in ends.into_iter().filter(|start| *start <= len) {
                for end in ends.into_iter().filter(|end| (start..=len).contains(end)) {
                    let part = ok::<J, _>(cx, |cx| J::string_substring(cx, &value, start..end));
                    assert_units::<J>(cx, &part, &units[start..end]);
                }
            }
            // The whole is still what it was.
            assert_units::<J>(cx, &value, &units);
        }
        // A part of a part, after its whole is gone.
        let whole = eval::<J>(cx, "'0123456789'.repeat(10000)");
        let part = ok::<J, _>(cx, |cx| J::string_substring(cx, &whole, 1..99_999));
        drop(whole);
        let part = ok::<J, _>(cx, |cx| J::string_substring(cx, &part, 50_000..50_005));
        J::collect_garbage(cx);
        assert_eq!(J::as_text(cx, &part).as_deref(), Some("12345"));
    });
}

/// Concatenations of every form with every form.
pub fn string_concatenations<J: JsHost>() {
    Fixture::<J>::new().enter(|cx| {
        let all = sources::<J>(cx);
        for (a, left) in &all {
            for (b, right) in &all {
                let whole = ok::<J, _>(cx, |cx| J::string_concat(cx, a, b));
                assert_units::<J>(cx, &whole, &[&left[..], right].concat());
            }
        }
        for (value, units) in &all {
            assert_units::<J>(cx, value, units);
        }
        // Two halves of a pair become one.
        let (high, low) = (flat::<J>(cx, &[0xD83D]), flat::<J>(cx, &[0xDE00]));
        let pair = ok::<J, _>(cx, |cx| J::string_concat(cx, &high, &low));
        assert_eq!(J::as_text(cx, &pair).as_deref(), Some("\u{1F600}"));
        // One that is made piece by piece, from either end.
        let piece = ok::<J, _>(cx, |cx| J::string(cx, "ab"));
        let wide = ok::<J, _>(cx, |cx| J::string(cx, "\u{101}"));
        for front in [false, true] {
            let mut text = ok::<J, _>(cx, |cx| J::string(cx, ""));
            for i in 0..20_000 {
                let piece = if i == 10_000 { &wide } else { &piece };
                text = ok::<J, _>(cx, |cx| match front {
                    true => J::string_concat(cx, piece, &text),
                    false => J::string_concat(cx, &text, piece),
                });
            }
            assert_eq!(J::string_len(cx, &text), Some(39_999));
            let found = [0, 1, 39_998].map(|index| J::string_at(cx, &text, index));
            assert_eq!(found, [b'a', b'b', b'b'].map(|unit| Some(unit.into())));
            let middle = if front { 19_998 } else { 20_000 };
            assert_eq!(J::string_at(cx, &text, middle), Some(0x101));
        }
    });
}

/// Strings are ordered by their code units, not by code points or any locale.
pub fn string_order<J: JsHost>() {
    Fixture::<J>::new().enter(|cx| {
        let mut all = sources::<J>(cx);
        let more: [&[u16]; 9] = [
            &[0xFFFF],
            &[0xD83D, 0xDE00],
            &[0xD800],
            &[0xDFFF],
            &[0xE9],
            &[0x65, 0x301],
            &[0x7F],
            &[0x80],
            &[0x100, 0x61],
        ];
        for units in more {
            all.push((flat::<J>(cx, units), units.to_vec()));
        }
        for (a, left) in &all {
            for (b, right) in &all {
                let order = J::string_compare(cx, a, b);
                assert_eq!(order, left.cmp(right), "{left:x?} and {right:x?}");
                let again = flat::<J>(cx, right);
                assert_eq!(J::string_compare(cx, a, &again), order);
            }
        }
    });
}

/// None of this runs user code.
pub fn string_operations_are_not_patched<J: JsHost>() {
    Fixture::<J>::new().enter(|cx| {
        eval::<J>(
            cx,
            "touched = 0; for (const name of Object.getOwnPropertyNames(String.prototype)) \
                if (name !== 'length') try { String.prototype[name] = () => { touched++; throw 1; }; } \
                catch {} \
            for (const key of [Symbol.iterator, Symbol.toPrimitive, 'length', 0, 1]) \
                try { Object.defineProperty(Object.prototype, key, { configurable: true, \
                    get() { touched++; throw 2; } }); } catch {} \
            0",
        );
        let a = flat::<J>(cx, &[0x61, 0xD800]);
        let b = flat::<J>(cx, &[0x62]);
        assert_eq!(J::string_len(cx, &a), Some(2));
        assert_eq!(J::string_at(cx, &a, 1), Some(0xD800));
        let whole = ok::<J, _>(cx, |cx| J::string_concat(cx, &a, &b));
        let part = ok::<J, _>(cx, |cx| J::string_substring(cx, &whole, 1..3));
        assert_eq!(J::as_utf16(cx, &part), Some(vec![0xD800, 0x62]));
        assert!(J::string_compare(cx, &a, &b).is_lt());
        assert_eq!(text_of::<J>(cx, "touched"), "0");
    });
}
