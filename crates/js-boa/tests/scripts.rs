//! Scripts, strings and modules in Boa.

mod common;

use boa_engine::JsValue;
use common::{enter, eval, holds, run_jobs, text, value};
use sinew_bridge::conformance::host::Fixture;
use sinew_bridge::{JsHost, PromiseState, Throw, UNINITIALIZED};
use sinew_js_boa::Boa;

#[test]
fn scripts_are_sloppy() {
    enter(|cx| {
        for source in [
            "this === globalThis && (function () { return this === globalThis; })()",
            "undeclared = 1; globalThis.undeclared === 1 && delete globalThis.undeclared",
            "({ get x() { return 1; } }).x = 2; Object.freeze([1])[0] = 2; true",
            "class C { get exports() { return 1; } } (c => (c.exports = 2, c.exports === 1))(new C())",
            "with ({ inside: true }) inside",
            "(function (a) { arguments[0] = true; return a; })()  === undefined \
                && (function (a) { arguments[0] = true; return a; })(false)",
            "{ function hoisted() {} } typeof hoisted === 'function'",
            "010 === 8 && '\\101' === 'A'",
            "eval('var leaked = true'); leaked",
            "unescape('%41') === 'A' && escape(' ') === '%20' && 'abc'.substr(1, 1) === 'b'",
            "(() => { 'use strict'; try { ({ get x() { return 1; } }).x = 2; return false; } \
                catch (e) { return e instanceof TypeError; } })()",
        ] {
            assert!(holds(cx, source), "{source}");
        }
    });
}

/// The declarations of one script are there for the next, a `let` once only.
#[test]
fn scripts_share_the_global_scope() {
    enter(|cx| {
        eval(
            cx,
            "var a = 1; let b = 2; const c = 3; function d() { return 4; } class E {} 0",
        );
        assert!(holds(
            cx,
            "a + b + c + d() === 10 && typeof E === 'function' && !('b' in globalThis)"
        ));
        assert!(matches!(
            Boa::eval_script(cx, "again", "let b = 5"),
            Err(Throw::Value(_))
        ));
        assert!(holds(cx, "b === 2"));
    });
}

#[test]
fn lone_surrogates_are_kept_in_utf16_only() {
    enter(|cx| {
        let cases: [(&[u16], &str); 5] = [
            (&[0xD800], "\u{FFFD}"),
            (&[0x61, 0xDC00, 0x62], "a\u{FFFD}b"),
            (&[0xDC00, 0xD800], "\u{FFFD}\u{FFFD}"),
            (&[0xD83D, 0xDE00], "\u{1F600}"),
            (&[0xE9, 0], "\u{e9}\0"),
        ];
        for (units, text) in cases {
            let made = value(Boa::string_utf16(cx, units));
            let escapes: String = units.iter().map(|unit| format!("\\u{unit:04x}")).collect();
            let parsed = eval(cx, &format!("'{escapes}'"));
            for string in [made.clone(), parsed.clone()] {
                assert_eq!(Boa::as_utf16(cx, &string).as_deref(), Some(units));
                assert_eq!(Boa::as_text(cx, &string).as_deref(), Some(text));
                assert_eq!(Boa::string_len(cx, &string), Some(units.len()));
                assert_eq!(Boa::string_at(cx, &string, 0), Some(units[0]));
                assert_eq!(Boa::string_at(cx, &string, units.len()), None);
            }
            assert!(Boa::same_value(cx, &made, &parsed));
            assert!(Boa::string_compare(cx, &made, &parsed).is_eq());
            // It is the same key, too.
            let object = eval(cx, &format!("({{ '{escapes}': true }})"));
            let found = value(Boa::get(
                cx,
                &object,
                sinew_bridge::PropertyKey::Value(&made),
            ));
            assert_eq!(Boa::as_boolean(&found), Some(true));
        }
    });
}

#[test]
fn strings_are_cut_and_joined_by_code_units() {
    enter(|cx| {
        let string = eval(cx, "'a\\u{1F600}\\u00e9'");
        let high = value(Boa::string_substring(cx, &string, 0..2));
        assert_eq!(
            Boa::as_utf16(cx, &high).as_deref(),
            Some(&[0x61, 0xD83D][..])
        );
        let rest = value(Boa::string_substring(cx, &string, 2..4));
        let joined = value(Boa::string_concat(cx, &high, &rest));
        assert!(Boa::same_value(cx, &joined, &string));
        let none = value(Boa::string_substring(cx, &string, 4..4));
        assert_eq!(Boa::string_len(cx, &none), Some(0));
        // By code units, not by characters.
        let (emoji, private) = (eval(cx, "'\\u{1F600}'"), eval(cx, "'\\uE000'"));
        assert!(Boa::string_compare(cx, &emoji, &private).is_lt());
        let (latin, wide) = (eval(cx, "'\\u00e9'"), eval(cx, "'\\u00e9\\u0100'"));
        assert!(Boa::string_compare(cx, &latin, &wide).is_lt());
        for value in [
            JsValue::undefined(),
            JsValue::new(1),
            eval(cx, "Object('s')"),
        ] {
            assert_eq!(Boa::string_len(cx, &value), None);
            assert_eq!(Boa::string_at(cx, &value, 0), None);
        }
        // A RangeError comes before the memory that it would take.
        let long = value(Boa::string(cx, &"x".repeat(1 << 28)));
        let outcome = Boa::string_concat(cx, &long, &long);
        let Err(Throw::Value(error)) = outcome else {
            panic!("made a String of half a GiB");
        };
        common::define_value(cx, "error", error);
        assert!(holds(cx, "error instanceof RangeError"));
    });
}

/// The binding throws a ReferenceError however it is read, and its readers do not wait.
#[test]
fn the_uninitialized_binding() {
    let main = format!(
        "import * as ns from {UNINITIALIZED:?}; import {{ binding }} from {UNINITIALIZED:?}; \
        import * as all from './all.js'; import {{ renamed, y }} from './all.js'; \
        const name = f => {{ try {{ return typeof f(); }} catch (e) {{ return e.name; }} }}; \
        globalThis.out = [() => binding, () => typeof binding, () => ns.binding, () => renamed, \
            () => all.binding, () => all.renamed, () => Object.keys(ns), () => ns.other, () => y, \
            () => 'binding' in ns, () => {{ ns.binding = 1; }}].map(name).join();"
    );
    let all = format!(
        "export * from {UNINITIALIZED:?}; export {{ binding as renamed }} from {UNINITIALIZED:?}; \
        export let y = 1;"
    );
    let mut fixture = Fixture::<Boa>::with_modules(&[("main.js", &main), ("all.js", &all)]);
    fixture.enter(|cx| {
        // Whatever scripts do to what a loop looks up, it was evaluated before.
        eval(
            cx,
            "Promise.prototype.then = Array.prototype[Symbol.iterator] = () => { throw 'patched'; }; \
            globalThis.out = ''; 0",
        );
        let import = value(Boa::import(cx, "test:///m", "./main.js"));
        run_jobs(cx);
        let _ = import;
        assert_eq!(
            text(cx, "out"),
            "ReferenceError,ReferenceError,ReferenceError,ReferenceError,ReferenceError,\
            ReferenceError,ReferenceError,undefined,number,boolean,TypeError"
        );
        Boa::collect_garbage(cx);
        run_jobs(cx);
    });
    // The embedder is not asked for it.
    let resolved = fixture.hooks.resolved.borrow();
    assert!(
        resolved
            .iter()
            .all(|(_, specifier, _)| specifier != UNINITIALIZED)
    );
}

#[test]
fn the_uninitialized_module_on_its_own() {
    let mut fixture = Fixture::<Boa>::new();
    fixture.enter(|cx| {
        eval(
            cx,
            &format!(
                "globalThis.out = []; for (let i = 0; i < 2; i++) import({UNINITIALIZED:?}).then(ns => {{ \
                    out.push(Reflect.ownKeys(ns).length); return ns.binding; }}).catch(e => out.push(e.name)); 0"
            ),
        );
        run_jobs(cx);
        assert_eq!(text(cx, "out.join()"), "2,2,ReferenceError,ReferenceError");
    });
}

/// The file of a script is the referrer of what it imports, also from functions that others call,
/// and of each script its own.
#[test]
fn imports_from_scripts_know_their_file() {
    let mut fixture = Fixture::<Boa>::with_modules(&[("x.js", "export let x = 1;")]);
    fixture.enter(|cx| {
        value(Boa::eval_script(
            cx,
            "file:///one.js",
            "var one = async () => (await import('./x.js')).x; var later = s => eval(s); 0",
        ));
        value(Boa::eval_script(
            cx,
            "file:///two.js",
            "var out = 0; one().then(x => out += x); \
            import('./x.js', { with: { type: 'javascript' } }).then(m => out += m.x); \
            later(\"import('./x.js')\").then(m => out += m.x); 0",
        ));
        run_jobs(cx);
        assert!(holds(cx, "out === 3"));
    });
    let resolved = fixture.hooks.resolved.borrow();
    let referrers: Vec<&str> = resolved.iter().map(|(referrer, ..)| &**referrer).collect();
    assert_eq!(referrers.len(), 3);
    for (file, count) in [("file:///one.js", 2), ("file:///two.js", 1)] {
        assert_eq!(
            referrers.iter().filter(|name| **name == file).count(),
            count
        );
    }
    assert!(resolved.iter().any(|(_, _, attributes)| {
        *attributes == [("type".to_owned(), "javascript".to_owned())]
    }));
}

/// What WebIDL asks of an operation, an accessor and a constructor.
#[test]
fn native_functions_look_like_built_in_ones() {
    use sinew_bridge::{Completion, FunctionSpec, NativeFn};
    struct Nothing;
    impl NativeFn<Boa> for Nothing {
        type Data = ();
        fn call(
            _: &mut sinew_js_boa::Scope<'_>,
            (): &(),
            _: sinew_js_boa::Args<'_>,
        ) -> Completion<Boa> {
            Ok(Boa::undefined())
        }
    }
    enter(|cx| {
        for constructor in [false, true] {
            let spec = FunctionSpec {
                name: "get it",
                length: 2,
                constructor,
            };
            let function = value(Boa::create_function::<Nothing>(cx, (), spec));
            common::define_value(cx, "f", function);
            assert_eq!(
                text(cx, "JSON.stringify(Object.getOwnPropertyDescriptors(f))"),
                "{\"length\":{\"value\":2,\"writable\":false,\"enumerable\":false,\"configurable\":true},\
                \"name\":{\"value\":\"get it\",\"writable\":false,\"enumerable\":false,\"configurable\":true}}"
            );
            assert!(holds(cx, "Object.getPrototypeOf(f) === Function.prototype"));
            assert!(holds(
                cx,
                "/native code/.test(Function.prototype.toString.call(f))"
            ));
            let constructs = holds(
                cx,
                "try { Reflect.construct(Object, [], f); true } catch (e) { false }",
            );
            assert_eq!(constructs, constructor);
        }
    });
}

#[test]
fn imports_from_eval_and_functions_know_their_referrer() {
    let mut fixture = Fixture::<Boa>::with_modules(&[("x.js", "export let x = 1;")]);
    fixture.enter(|cx| {
        eval(
            cx,
            "globalThis.out = 0; eval(\"import('./x.js')\").then(m => out += m.x); \
            new Function(\"return import('./x.js')\")().then(m => out += m.x); \
            Promise.resolve('./x.js').then(s => import(s)).then(m => out += m.x); 0",
        );
        let import = value(Boa::import(cx, "test:///elsewhere.js", "./x.js"));
        run_jobs(cx);
        let out = eval(cx, "out");
        assert_eq!(Boa::as_number(&out), Some(3.0));
        let state = Boa::promise_state(cx, &import);
        assert!(matches!(state, Some(PromiseState::Fulfilled(_))));
    });
    let referrers: Vec<String> = fixture
        .hooks
        .resolved
        .borrow()
        .iter()
        .map(|(referrer, _, _)| referrer.clone())
        .collect();
    assert_eq!(
        referrers
            .iter()
            .filter(|name| *name == "test:///engine.js")
            .count(),
        3
    );
    assert!(referrers.contains(&"test:///elsewhere.js".to_owned()));
}
