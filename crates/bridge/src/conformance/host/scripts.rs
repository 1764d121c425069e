//! Scripts, dynamic imports, and how modules are asked for.

use super::fixture::*;
use super::modules::{import, out_of};
use crate::{JsHost, PromiseState};

/// The left operand of an operator is what it was before the right one was evaluated, or the engine
/// says that it is not.
pub fn operands_are_in_order<J: JsHost>() {
    Fixture::<J>::new().enter(|cx| {
        for (source, expected) in [
            (
                "(() => { let x = 5; return x + (x = 7) === 12; })()",
                J::FEATURES.operand_order,
            ),
            (
                "(() => { let x = 3; return x < (x = 4); })()",
                J::FEATURES.operand_order,
            ),
            // What the facade makes of it.
            (
                "(() => { let x = 5; return (x) + (x = 7) === 12; })()",
                true,
            ),
            ("(() => { let x = 3; return (x) < (x = 4); })()", true),
            (
                "(() => { let x = 5; return Math.min(x, x = 1) === 1; })()",
                true,
            ),
            (
                "(() => { let x = 1; return [x, x = 2, x].join() === '1,2,2'; })()",
                true,
            ),
            (
                "(() => { let x = 1; return `${x}${x = 2}` === '12'; })()",
                true,
            ),
            (
                "(() => { let x = 0, a = [7, 8]; return a[x] + a[x = 1] === 15; })()",
                true,
            ),
        ] {
            assert_eq!(holds::<J>(cx, source), expected, "{source}");
        }
    });
}

/// Import attributes reach `resolve`, whatever their keys.
pub fn attributes_reach_resolve<J: JsHost>() {
    let mut fixture = Fixture::<J>::with_modules(&[
        (
            "main.js",
            "import a from './data.js' with { type: 'json' }; \
            export { default } from './data.js' with { 'type': 'json', }; \
            import './other.js' with {}; globalThis.out = a;",
        ),
        ("data.js", "export default 'data';"),
        ("other.js", ""),
    ]);
    assert_eq!(out_of(&mut fixture), "data");
    let json = vec![("type".to_owned(), "json".to_owned())];
    {
        let resolved = fixture.hooks.resolved.borrow();
        let of = |specifier: &str| {
            resolved
                .iter()
                .filter(|(referrer, found, _)| referrer == "test:///main.js" && found == specifier)
                .map(|(_, _, attributes)| attributes.clone())
                .collect::<Vec<_>>()
        };
        assert!(!of("./data.js").is_empty() && of("./data.js").iter().all(|found| *found == json));
        assert!(of("./other.js").iter().all(Vec::is_empty));
    }
    fixture.hooks.resolved.borrow_mut().clear();
    let out = fixture.run(
        "import('./data.js', { with: { type: 'json' } }).then(ns => { globalThis.out = ns.default; });",
    );
    assert_eq!(out, "data");
    assert!(fixture.hooks.resolved.borrow().contains(&(
        "test:///script".to_owned(),
        "./data.js".to_owned(),
        json
    )));
    // One record per name, whatever the attributes.
    assert_eq!(
        fixture
            .hooks
            .loaded
            .borrow()
            .iter()
            .filter(|name| name.ends_with("data.js"))
            .count(),
        1
    );
}

/// `import()` from scripts, modules and functions of either.
pub fn dynamic_imports<J: JsHost>() {
    let mut fixture = Fixture::<J>::with_modules(&[
        (
            "main.js",
            "export const load = path => import(path); \
            globalThis.out = (await import('./dep.js')).name;",
        ),
        ("dep.js", "export let name = 'dep'; export default 5;"),
    ]);
    assert_eq!(out_of(&mut fixture), "dep");
    let out = fixture.run(
        "out = []; import('./main.js').then(ns => ns.load('./dep.js')).then(ns => { \
            out.push(ns.name, ns.default); return ns; }).then(ns => import('./dep.js').then(\
            again => out.push(ns === again)));",
    );
    assert_eq!(out, "dep,5,true");
    let referrers: Vec<_> = fixture
        .hooks
        .resolved
        .borrow()
        .iter()
        .map(|(referrer, specifier, _)| format!("{referrer} {specifier}"))
        .collect();
    assert_eq!(
        referrers,
        [
            "test:///main ./main.js",
            "test:///main.js ./dep.js",
            "test:///script ./main.js",
            "test:///main.js ./dep.js",
            "test:///script ./dep.js"
        ]
    );
    let out = fixture.run(
        "out = []; import({ toString() { throw 'text'; } }).catch(error => out.push(error)); \
        import('./missing.js').catch(error => out.push(error.message));",
    );
    assert_eq!(out, "text,cannot load test:///missing.js");
}

/// Importers wait for a module that awaits.
pub fn top_level_await<J: JsHost>() {
    let mut fixture = Fixture::<J>::with_modules(&[
        (
            "main.js",
            "import { value } from './slow.js'; import './sync.js'; \
            log.push('main'); globalThis.out = log + value;",
        ),
        (
            "slow.js",
            "log.push('slow'); export const value = await new Promise(f => { \
            globalThis.release = f; }); log.push('released');",
        ),
        ("sync.js", "log.push('sync');"),
        ("fails.js", "await 0; throw 'late';"),
    ]);
    fixture.enter(|cx| {
        eval::<J>(cx, "log = [];");
        let promise = ok::<J, _>(cx, |cx| J::import(cx, "test:///x", "./main.js"));
        run_jobs::<J>(cx);
        assert!(matches!(
            J::promise_state(cx, &promise),
            Some(PromiseState::Pending)
        ));
        assert_eq!(eval_text::<J>(cx, "log.join()"), "slow,sync");
        eval::<J>(cx, "release('!');");
        run_jobs::<J>(cx);
        assert!(matches!(
            J::promise_state(cx, &promise),
            Some(PromiseState::Fulfilled(_))
        ));
        assert_eq!(text_of::<J>(cx, "out"), "slow,sync,released,main!");
    });
    for _ in 0..2 {
        let error = import(&mut fixture, "fails.js").err().expect("an error");
        assert_eq!(error, "late");
    }
}

/// All imports of a name give one namespace; its module runs once.
pub fn imports_are_identical<J: JsHost>() {
    let mut fixture = Fixture::<J>::with_modules(&[
        (
            "main.js",
            "import * as ns from './dep.js'; globalThis.ns = ns; globalThis.out = runs;",
        ),
        (
            "dep.js",
            "globalThis.runs = (globalThis.runs ?? 0) + 1; export let x = 1;",
        ),
    ]);
    let first = import(&mut fixture, "dep.js").expect("a namespace");
    let second = import(&mut fixture, "dep.js").expect("a namespace");
    assert_eq!(out_of(&mut fixture), "1");
    fixture.enter(|cx| {
        let third = eval::<J>(cx, "ns");
        assert!(J::same_value(cx, &first, &second));
        assert!(J::same_value(cx, &first, &third));
        define::<J>(cx, "first", first);
        assert!(holds::<J>(
            cx,
            "first[Symbol.toStringTag] === 'Module' && Object.getPrototypeOf(first) === null \
                && !Object.isExtensible(first) && first.x === 1"
        ));
    });
}

/// An evaluation error is thrown to every importer, the same one.
pub fn evaluation_errors_are_kept<J: JsHost>() {
    let mut fixture = Fixture::<J>::with_modules(&[
        (
            "bad.js",
            "globalThis.runs = (globalThis.runs ?? 0) + 1; throw globalThis.reason = {};",
        ),
        ("main.js", "import './bad.js'; globalThis.ran = true;"),
    ]);
    let out = fixture.run(
        "out = []; (async () => { for (const path of ['./bad.js', './main.js', './bad.js', './main.js']) \
            await import(path).catch(error => out.push(error === reason)); \
            out.push(runs, typeof ran); })();",
    );
    assert_eq!(out, "true,true,true,true,1,undefined");
    let rejections = fixture.hooks.rejections.borrow();
    let open = rejections.iter().filter(|(_, handled)| !handled).count();
    let closed = rejections.iter().filter(|(_, handled)| *handled).count();
    assert_eq!(open, closed, "each rejection was handled");
}

/// Specifiers reach `resolve` whole, or are refused: none is cut short.
pub fn specifiers_are_not_cut<J: JsHost>() {
    let mut fixture = Fixture::<J>::with_modules(&[
        ("main.js", ""),
        ("static.js", r"import './main.js\0.evil';"),
        (
            "attribute.js",
            r"import './main.js' with { type: 'json\0x' };",
        ),
        ("é ü.js", "globalThis.odd = 1;"),
    ]);
    assert!(import(&mut fixture, "static.js").is_err());
    let out = fixture.run(
        r"out = []; for (const path of ['./main.js\0', './main.js\0.evil', '\0', './main.js\uD800'])
            import(path).then(() => out.push('loaded'), () => out.push('refused'));",
    );
    assert_eq!(out, "refused,refused,refused,refused");
    assert!(
        fixture
            .hooks
            .loaded
            .borrow()
            .iter()
            .all(|name| name != "test:///main.js")
    );
    let _ = import(&mut fixture, "attribute.js");
    assert!(
        fixture
            .hooks
            .resolved
            .borrow()
            .iter()
            .all(|(_, _, attributes)| { attributes.iter().all(|(_, value)| value == "json\0x") })
    );
    fixture.run("out = 0; import('./é\\u0020ü.js').catch(() => 0);");
    assert!(
        fixture
            .hooks
            .resolved
            .borrow()
            .iter()
            .any(|(_, specifier, _)| specifier == "./é ü.js")
    );
}

/// Source text may hold any character, NUL included.
pub fn sources_may_hold_anything<J: JsHost>() {
    let mut fixture = Fixture::<J>::with_modules(&[(
        "main.js",
        "// \0 a comment\nconst text = 'a\0b\u{1F600}é\u{2028}'; globalThis.out = text.length;",
    )]);
    assert_eq!(out_of(&mut fixture), "7");
    fixture.enter(|cx| {
        let value = eval::<J>(cx, "/* \0 */ 'x\0y'");
        assert_eq!(J::as_text(cx, &value).as_deref(), Some("x\0y"));
        let empty = eval::<J>(cx, "");
        assert_eq!(J::type_of(&empty), crate::ValueType::Undefined);
    });
}

/// ScriptEvaluation: sloppy, global bindings, completion value, errors.
pub fn scripts_are_sloppy_and_global<J: JsHost>() {
    Fixture::<J>::new().enter(|cx| {
        eval::<J>(cx, "var v = 1; let l = 2; function f() { return this; } sloppy = 3;");
        assert!(holds::<J>(
            cx,
            "globalThis.v === 1 && l === 2 && !('l' in globalThis) && f() === globalThis && sloppy === 3"
        ));
        let value = eval::<J>(cx, "if (true) { 7; }");
        assert_eq!(J::as_number(&value), Some(7.0));
        let error = thrown::<J, _>(J::eval_script(cx, "test:///s", "let ;;= 1"));
        assert!(describe::<J>(cx, &error).starts_with("SyntaxError"));
        let error = thrown::<J, _>(J::eval_script(cx, "test:///s", "nowhere"));
        assert!(describe::<J>(cx, &error).starts_with("ReferenceError"));
        let global = J::global(cx);
        let expected = eval::<J>(cx, "globalThis");
        assert!(J::same_value(cx, &global, &expected));
    });
}

/// The caller of a native function has a name.
pub fn active_scripts_are_named<J: JsHost>() {
    let mut fixture = Fixture::<J>::with_modules(&[
        (
            "main.js",
            "import { f } from './dep.js'; globalThis.out = [where(), f(), \
            [1].map(where)[0], (() => { 'use strict'; return where(); })()].join();",
        ),
        ("dep.js", "export const f = () => where();"),
    ]);
    fixture.enter(|cx| {
        assert_eq!(J::active_script_or_module(cx), None);
        define_function::<J>(cx, "where", |cx, _| {
            let name = J::active_script_or_module(cx).unwrap_or_else(|| "none".to_owned());
            J::string(cx, &name)
        });
        assert_eq!(eval_text::<J>(cx, "where()"), "test:///script");
    });
    assert_eq!(
        out_of(&mut fixture),
        "test:///main.js,test:///dep.js,test:///main.js,test:///main.js"
    );
}
