//! Scripts, and the module that nothing initialises.

use sinew_bridge::UNINITIALIZED;

use super::*;

#[test]
fn scripts_are_sloppy() {
    let mut js = engine(None, &Rc::default()).unwrap();
    js.enter(|cx| {
        for (source, expected) in [
            ("(function (arguments) { return arguments; })(3)", "3"),
            ("(function (a, a) { return a; })(1, 2)", "2"),
            ("(function () { return this === globalThis; })()", "true"),
            ("undeclared = 4; undeclared", "4"),
            ("var let_ = 1; with ({ let_: 2 }) { let_ }", "2"),
            ("010", "8"),
            ("var yield = 5, static = 6; yield + static", "11"),
            ("delete undeclared", "true"),
            (
                "(function () { 'use strict'; return this; })()",
                "undefined",
            ),
        ] {
            assert_eq!(eval_text(cx, source), expected, "{source}");
        }
        // Declarations of one script are seen by the next.
        eval(
            cx,
            "let a1 = 1; const a2 = 2; class A3 {} function a4() {} var a5 = 5;",
        )
        .unwrap();
        assert_eq!(
            eval_text(cx, "a1 + a2 + typeof A3 + typeof a4 + a5"),
            "3functionfunction5"
        );
    });
}

/// The script's own name is the referrer, wherever and whenever its code runs.
#[test]
fn scripts_import_from_where_they_are() {
    let hooks = Rc::new(Hooks::default());
    let source = "export const v = 1;".to_owned();
    hooks
        .sources
        .borrow_mut()
        .insert("test:///m.js".to_owned(), source);
    let mut js = engine(None, &hooks).unwrap();
    js.enter(|cx| {
        let script = "
            f = () => import('./m.js');
            late = Promise.resolve().then(f);
            import('./m.js').then(ns => { v = ns.v; });
        ";
        QuickJs::eval_script(cx, "test:///dir/one.js", script).unwrap();
        QuickJs::eval_script(cx, "test:///two.js", "f(); import('./m.js')").unwrap();
        while QuickJs::run_job(cx).unwrap() {}
        assert_eq!(eval_text(cx, "v"), "1");
    });
    let resolved = hooks.resolved.borrow();
    let referrers: Vec<&str> = resolved
        .iter()
        .map(|(referrer, ..)| referrer.as_str())
        .collect();
    let one = "test:///dir/one.js";
    assert_eq!(
        referrers.iter().filter(|name| **name == one).count(),
        3,
        "{referrers:?}"
    );
    assert_eq!(
        referrers
            .iter()
            .filter(|name| **name == "test:///two.js")
            .count(),
        1,
        "{referrers:?}"
    );
}

#[test]
fn the_uninitialized_binding_throws() {
    let hooks = Rc::new(Hooks::default());
    let modules = [
        (
            "import.js",
            "import { binding } from U; export const f = () => binding; export const t = () => typeof binding;",
        ),
        (
            "renamed.js",
            "export { binding as v } from U; export const other = 1;",
        ),
        (
            "through.js",
            "import { v } from './renamed.js'; export const f = () => v;",
        ),
        ("star.js", "export * from U;"),
        ("ns.js", "import * as ns from U; export { ns };"),
        (
            "again.js",
            "export { binding as default, binding as v } from U;",
        ),
        // Reads while the graph is being evaluated, before the request of `renamed` is.
        (
            "cycle.js",
            "import './early.js'; export { binding as v } from U;",
        ),
        (
            "early.js",
            "import * as ns from './cycle.js'; import { v } from './cycle.js';
            export const seen = [];
            try { seen.push(typeof ns.v); } catch (e) { seen.push(e.name); }
            try { seen.push(typeof v); } catch (e) { seen.push(e.name); }
            globalThis.seen = seen.join();",
        ),
    ];
    for (path, source) in modules {
        let source = source.replace(
            " U",
            &format!(" {UNINITIALIZED:?}").replace("\\u{1}", "\\u0001"),
        );
        hooks
            .sources
            .borrow_mut()
            .insert(format!("test:///{path}"), source);
    }
    let mut js = engine(None, &hooks).unwrap();
    js.enter(|cx| {
        let mut ns = |path: &str| match import(cx, path).unwrap() {
            Some(PromiseState::Fulfilled(ns)) => ns,
            Some(PromiseState::Rejected(error)) => panic!("{path}: {}", text(cx, &error)),
            _ => panic!("{path} waits"),
        };
        let names = [
            "import.js",
            "renamed.js",
            "through.js",
            "star.js",
            "ns.js",
            "again.js",
            "cycle.js",
        ];
        let found = names.map(&mut ns);
        let global = QuickJs::global(cx);
        for (name, ns) in ["a", "b", "c", "d", "e", "f", "g"].into_iter().zip(&found) {
            QuickJs::set(cx, &global, name.into(), ns).unwrap();
        }
        for source in [
            "a.f()",
            "a.t()",
            "b.v",
            "c.f()",
            "d.binding",
            "e.ns.binding",
            "f.default",
            "f.v",
            "g.v",
            "Object.getOwnPropertyDescriptor(b, 'v')",
            "Reflect.get(b, 'v')",
            "({ ...b })",
        ] {
            assert!(
                eval_text(cx, source).starts_with("ReferenceError"),
                "{source}: {}",
                eval_text(cx, source)
            );
        }
        assert_eq!(eval_text(cx, "seen"), "ReferenceError,ReferenceError");
        assert_eq!(eval_text(cx, "'v' in b"), "true");
        assert_eq!(
            eval_text(cx, "Reflect.ownKeys(b).slice(0, 2).join()"),
            "other,v"
        );
        assert_eq!(eval_text(cx, "b.other"), "1");
        assert!(QuickJs::get(cx, &found[1], "v".into()).is_err());
        // Directly, as anything else may import it.
        let promise = QuickJs::import(cx, "test:///main", UNINITIALIZED).unwrap();
        while QuickJs::run_job(cx).unwrap() {}
        let state = QuickJs::promise_state(cx, &promise);
        assert!(matches!(state, Some(PromiseState::Fulfilled(_))));
    });
    let resolved = hooks.resolved.borrow();
    assert!(
        resolved
            .iter()
            .all(|(_, specifier, _)| specifier != UNINITIALIZED)
    );
    assert!(
        hooks
            .loaded
            .borrow()
            .iter()
            .all(|name| name != UNINITIALIZED)
    );
}
