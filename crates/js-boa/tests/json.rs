//! `JSON.parse`, which is not Boa's own.

mod common;

use common::{enter, holds};

#[test]
fn values_of_every_kind() {
    enter(|cx| {
        for (text, expected) in [
            (
                r#"' {"a" : [1, -2.5e3, true, false, null, "x"] , "b":{} } '"#,
                r#"JSON.stringify(v) === '{"a":[1,-2500,true,false,null,"x"],"b":{}}'"#,
            ),
            (r#"'-0'"#, "Object.is(v, -0)"),
            (r#"'12345678901234567890'"#, "v === 12345678901234567890"),
            (r#"'1e400'"#, "v === Infinity"),
            (r#"'0.1'"#, "v === 0.1"),
            (r#"'"\\ud800"'"#, r"v === '\ud800'"),
            (
                r#"'"x\\udc00\\ud83d\\ude00y"'"#,
                r"v === 'x\udc00\u{1F600}y'",
            ),
            (r#"'"\ud800"'"#, r"v === '\ud800'"),
            (
                r#"'"\\b\\t\\n\\f\\r\\"\\\\\\/"'"#,
                r#"v === '\b\t\n\f\r"\\/'"#,
            ),
            (
                r#"'{"__proto__":1,"a":1,"a":2}'"#,
                "Object.keys(v).join() === '__proto__,a' && v.a === 2",
            ),
            (
                r#"'{"2":0,"1":0,"":0}'"#,
                "Object.keys(v).join() === '1,2,'",
            ),
            ("'\"é€\u{1F600}\"'", "v === 'é€\u{1F600}'"),
            ("'[]'", "Array.isArray(v) && v.length === 0"),
            ("{ toString() { return '7'; } }", "v === 7"),
            (
                "'[[1],[2,3]]', (k, x) => Array.isArray(x) ? x.length : x",
                "v === 2",
            ),
        ] {
            let source = format!("((v) => {expected})(JSON.parse({text}))");
            assert!(holds(cx, &source), "{source}");
        }
    });
}

#[test]
fn what_is_no_json_is_a_syntax_error() {
    enter(|cx| {
        for text in [
            "",
            " ",
            "{",
            "[",
            "[1,]",
            "{\"a\":1,}",
            "{a:1}",
            "'x'",
            "01",
            "1.",
            ".5",
            "1e",
            "+1",
            "-",
            "tru",
            "nulL",
            "[1 2]",
            "\"\\x41\"",
            "\"\\u12\"",
            "\"\n\"",
            "\"",
            "1 1",
            "\u{a0}1",
            "[\u{feff}1]",
            "undefined",
            "NaN",
            "{\"a\" 1}",
            "{,}",
            "]",
            "\"\\",
        ] {
            let source = format!(
                "(() => {{ try {{ JSON.parse({}); }} catch (e) {{ return e instanceof SyntaxError; }} }})()",
                serde_free(text)
            );
            assert!(holds(cx, &source), "{text:?}");
        }
    });
}

/// A JavaScript literal of a text.
fn serde_free(text: &str) -> String {
    let units: Vec<_> = text.encode_utf16().map(|unit| unit.to_string()).collect();
    format!("String.fromCharCode({})", units.join(","))
}

#[test]
fn deep_text_is_a_range_error() {
    enter(|cx| {
        assert!(holds(
            cx,
            "(() => { try { JSON.parse('['.repeat(1e6)); } catch (e) { return e instanceof RangeError; } })()"
        ));
        assert!(holds(
            cx,
            "JSON.parse('['.repeat(500) + ']'.repeat(500)).length === 1"
        ));
    });
}

#[test]
fn it_presents_itself() {
    enter(|cx| {
        let source = "(() => { const d = Object.getOwnPropertyDescriptor(JSON, 'parse'); \
            return d.writable && !d.enumerable && d.configurable && d.value.name === 'parse' && d.value.length === 2; })()";
        assert!(holds(cx, source));
    });
}
