//! Graphs of modules.

use super::fixture::*;
use crate::{JsHost, ObjectClass, PromiseState};

/// Imports `./path` and gives the namespace, or the text of what it threw.
pub(super) fn import<J: JsHost>(fixture: &mut Fixture<J>, path: &str) -> Result<J::Value, String> {
    let specifier = format!("./{path}");
    fixture.enter(|cx| {
        let promise = ok::<J, _>(cx, |cx| J::import(cx, "test:///main", &specifier));
        // Whoever imports looks at the outcome.
        let nothing = eval::<J>(cx, "(() => 0)");
        ok::<J, _>(cx, |cx| J::promise_then(cx, &promise, &nothing, &nothing));
        run_jobs::<J>(cx);
        match J::promise_state(cx, &promise).expect("a promise") {
            PromiseState::Fulfilled(namespace) => Ok(namespace),
            PromiseState::Rejected(reason) => Err(describe::<J>(cx, &reason)),
            PromiseState::Pending => panic!("{path} is pending"),
        }
    })
}

/// Imports `./main.js`, which sets the global `out`, and gives its text.
#[track_caller]
pub(super) fn out_of<J: JsHost>(fixture: &mut Fixture<J>) -> String {
    if let Err(error) = import(fixture, "main.js") {
        panic!("{error}");
    }
    fixture.enter(|cx| text_of::<J>(cx, "out"))
}

/// Each form of static import and export.
pub fn imports_of_every_form<J: JsHost>() {
    let mut fixture = Fixture::<J>::with_modules(&[
        (
            "main.js",
            "import d, { a, b as c } from './dep.js'; import * as ns from './dep.js'; \
            import { x, y } from './star.js'; import { inner } from './star.js'; import './effect.js'; \
            globalThis.out = [d, a, c, Object.keys(ns), x, y, inner.a, effect].join();",
        ),
        (
            "dep.js",
            "export default 1; export const a = 2; const z = 3; export { z as b };",
        ),
        (
            "star.js",
            "export * from './leaf.js'; export * as inner from './dep.js'; export let y = 5;",
        ),
        ("leaf.js", "export var x = 4;"),
        ("effect.js", "globalThis.effect = 6;"),
    ]);
    assert_eq!(out_of(&mut fixture), "1,2,3,a,b,default,4,5,2,6");
    let mut loaded = fixture.hooks.loaded.borrow().clone();
    loaded.sort();
    assert_eq!(
        loaded,
        ["dep.js", "effect.js", "leaf.js", "main.js", "star.js"]
            .map(|path| format!("test:///{path}"))
    );
    let live = Fixture::<J>::with_modules(&[
        (
            "main.js",
            "import { count, step } from './dep.js'; step(); step(); globalThis.out = count;",
        ),
        (
            "dep.js",
            "export let count = 0; export function step() { count++; }",
        ),
    ]);
    let mut live = live;
    assert_eq!(out_of(&mut live), "2");
}

/// Export names that are no identifiers.
pub fn string_export_names<J: JsHost>() {
    let mut fixture = Fixture::<J>::with_modules(&[
        (
            "main.js",
            r#"import { "my name" as a, "" as b, "\0nul" as c, "__proto__" as d } from './dep.js';
            import { 'other name' as e } from './again.js'; import * as ns from './again.js';
            globalThis.out = [a, b, c, d, e, JSON.stringify(Object.keys(ns))].join();"#,
        ),
        (
            "dep.js",
            r#"const v = 1, w = 2; export { v as "my name", w as "", v as "\0nul", w as "__proto__" };"#,
        ),
        (
            "again.js",
            r#"export { "my name" as 'other name' } from './dep.js'; export * as "star" from './dep.js';"#,
        ),
    ]);
    assert_eq!(out_of(&mut fixture), r#"1,2,1,2,1,["other name","star"]"#);
}

/// In a cycle, functions are there before their module ran.
pub fn cycles_see_hoisted_functions<J: JsHost>() {
    let mut fixture = Fixture::<J>::with_modules(&[
        (
            "main.js",
            "import { late } from './b.js'; export function early() { return 'early'; } \
            globalThis.out = late;",
        ),
        (
            "b.js",
            "import { early } from './main.js'; import * as self from './b.js'; \
            export const late = early() + ' in b ' + Object.getOwnPropertyNames(self);",
        ),
    ]);
    assert_eq!(out_of(&mut fixture), "early in b late");
    let mut dead = Fixture::<J>::with_modules(&[
        ("main.js", "import './b.js'; export let early = 1;"),
        (
            "b.js",
            "import { early } from './main.js'; globalThis.seen = early;",
        ),
    ]);
    let error = import(&mut dead, "main.js").err().expect("an error");
    assert!(error.starts_with("ReferenceError"), "{error}");
}

/// Linking fails with a SyntaxError before anything runs, and again.
pub fn missing_exports_are_syntax_errors<J: JsHost>() {
    let mut fixture = Fixture::<J>::with_modules(&[
        (
            "main.js",
            "import { missing } from './dep.js'; globalThis.ran = true;",
        ),
        ("through.js", "export { missing } from './dep.js';"),
        ("ambiguous.js", "import { x } from './two.js';"),
        (
            "two.js",
            "export * from './x1.js'; export * from './x2.js';",
        ),
        ("x1.js", "export let x = 1;"),
        ("x2.js", "export let x = 2;"),
        ("dep.js", "export let a = 1; globalThis.ran = true;"),
    ]);
    for path in [
        "main.js",
        "through.js",
        "ambiguous.js",
        "main.js",
        "through.js",
    ] {
        let error = import(&mut fixture, path).err().expect("an error");
        assert!(error.starts_with("SyntaxError"), "{path}: {error}");
    }
    assert_eq!(
        fixture.enter(|cx| eval_text::<J>(cx, "typeof ran")),
        "undefined"
    );
    // The part that is whole works.
    assert!(import(&mut fixture, "dep.js").is_ok());
    assert!(import(&mut fixture, "two.js").is_ok());
    assert!(import(&mut fixture, "main.js").is_err());
}

/// `import.meta` has what the hook gave it, before the module runs; one object a module.
pub fn import_meta_is_filled<J: JsHost>() {
    let mut fixture = Fixture::<J>::with_modules(&[
        (
            "main.js",
            "import { url, same } from './dep.js'; \
            globalThis.out = [import.meta.url, url, same, Object.getPrototypeOf(import.meta)].join();",
        ),
        (
            "dep.js",
            "export const url = import.meta.url; const f = () => import.meta; \
            export const same = f() === import.meta;",
        ),
    ]);
    assert_eq!(out_of(&mut fixture), "test:///main.js,test:///dep.js,true,");
}

/// A module that cannot be loaded fails each time, and works once it can be.
pub fn failed_loads_fail_again<J: JsHost>() {
    let mut fixture = Fixture::<J>::new();
    for _ in 0..3 {
        let error = import(&mut fixture, "main.js").err().expect("an error");
        assert_eq!(error, "Error: cannot load test:///main.js");
    }
    fixture.set_module("main.js", "globalThis.out = 'now';");
    assert_eq!(out_of(&mut fixture), "now");
}

/// So does a module whose dependency cannot be loaded; nothing of it ran before.
pub fn failed_dependencies_leave_no_trace<J: JsHost>() {
    let mut fixture = Fixture::<J>::with_modules(&[
        (
            "main.js",
            "import './good.js'; import { x } from './bad.js'; globalThis.out = log + x;",
        ),
        ("good.js", "import './leaf.js'; globalThis.log += 'good ';"),
        ("leaf.js", "globalThis.log += 'leaf ';"),
    ]);
    fixture.enter(|cx| eval::<J>(cx, "globalThis.log = '';"));
    for _ in 0..3 {
        let error = import(&mut fixture, "main.js").err().expect("an error");
        assert_eq!(error, "Error: cannot load test:///bad.js");
    }
    assert_eq!(fixture.enter(|cx| text_of::<J>(cx, "log")), "");
    fixture.set_module("bad.js", "import './worse.js'; export let x = 'x';");
    let error = import(&mut fixture, "main.js").err().expect("an error");
    assert_eq!(error, "Error: cannot load test:///worse.js");
    fixture.set_module("worse.js", "");
    assert_eq!(out_of(&mut fixture), "leaf good x");
}

/// A cycle that could not be loaded as a whole is loaded anew, from whichever module.
pub fn failed_cycles_leave_no_trace<J: JsHost>() {
    let mut fixture = Fixture::<J>::with_modules(&[
        (
            "a.js",
            "import './b.js'; import './c.js'; export let a = 'a';",
        ),
        (
            "b.js",
            "import * as ns from './a.js'; export let b = () => Object.keys(ns).join();",
        ),
    ]);
    for path in ["a.js", "b.js", "b.js", "a.js"] {
        let error = import(&mut fixture, path).err().expect("an error");
        assert_eq!(error, "Error: cannot load test:///c.js");
    }
    fixture.set_module("c.js", "");
    fixture.set_module(
        "main.js",
        "import { b } from './b.js'; globalThis.out = b();",
    );
    assert_eq!(out_of(&mut fixture), "a");
    assert!(import(&mut fixture, "a.js").is_ok());
}

/// Source text that is no module is a SyntaxError of the realm, each time.
pub fn syntax_errors_in_modules<J: JsHost>() {
    let mut fixture = Fixture::<J>::with_modules(&[
        ("main.js", "import './bad.js';"),
        ("bad.js", "export let x = ;"),
        ("twice.js", "export let x; export { x };"),
        ("sloppy.js", "with ({}) {}"),
        ("late.js", "import './missing.js'; let let = 1;"),
    ]);
    for path in [
        "main.js",
        "bad.js",
        "twice.js",
        "sloppy.js",
        "late.js",
        "main.js",
    ] {
        let error = import(&mut fixture, path).err().expect("an error");
        assert!(error.starts_with("SyntaxError"), "{path}: {error}");
    }
    let out = fixture.run(
        "import('./bad.js').catch(error => { \
            globalThis.out = error instanceof SyntaxError && error.constructor === SyntaxError; });",
    );
    assert_eq!(out, "true");
    fixture.set_module("bad.js", "globalThis.out = 'fine';");
    assert_eq!(out_of(&mut fixture), "fine");
}

/// What `resolve` throws rejects the import, unchanged.
pub fn refused_specifiers_keep_the_error<J: JsHost>() {
    let mut fixture = Fixture::<J>::with_modules(&[("main.js", "import 'bare';")]);
    let error = import(&mut fixture, "main.js").err().expect("an error");
    assert_eq!(error, "TypeError: refused \"bare\"");
    let out = fixture.run(
        "refusal = {}; out = []; for (const path of ['bare', './main.js']) \
            import(path).catch(error => out.push(error === refusal));",
    );
    assert_eq!(out, "true,true");
}

/// A binding of [`UNINITIALIZED`](crate::UNINITIALIZED) can be exported on, and never be read.
pub fn uninitialized_bindings<J: JsHost>() {
    let mut fixture = Fixture::<J>::with_modules(&[
        (
            "facade.js",
            r#"export { binding as v, binding as "any name" } from "\u{1}uninitialized";
            import { binding } from "\u0001uninitialized"; export { binding as own };
            export const w = 1; export const f = () => binding; globalThis.ran = true;"#,
        ),
        (
            "again.js",
            "export { v } from './facade.js'; export * from './facade.js';",
        ),
        (
            "main.js",
            r#"import * as ns from './facade.js'; import { v, w, f, "any name" as n } from './facade.js';
            import { v as again } from './again.js'; import * as second from './again.js';
            const refuses = f => { try { f(); return false; } catch (e) { return e instanceof ReferenceError; } };
            globalThis.out = [
                ran, w === 1, ns.w === 1, refuses(() => v), refuses(() => typeof v), refuses(() => n),
                refuses(() => again), refuses(f), refuses(() => ns.v), refuses(() => ns['any name']),
                refuses(() => ns.own), refuses(() => second.v), second.w === 1, 'v' in ns,
                Reflect.ownKeys(ns).filter(k => typeof k === 'string').join() === 'any name,f,own,v,w',
                refuses(() => Object.keys(ns)), refuses(() => Object.getOwnPropertyDescriptor(ns, 'v')),
            ].map((held, index) => held ? '' : index).join('');"#,
        ),
        (
            "then.js",
            r#"export { binding as then } from "\u{1}uninitialized"; globalThis.then = 1;"#,
        ),
        (
            "missing.js",
            r#"export { other } from "\u{1}uninitialized";"#,
        ),
    ]);
    assert_eq!(out_of(&mut fixture), "");
    // Again, now that all modules are there.
    let namespace = match import(&mut fixture, "facade.js") {
        Ok(namespace) => namespace,
        Err(error) => panic!("{error}"),
    };
    fixture.enter(|cx| {
        let error = thrown::<J, _>(J::get(cx, &namespace, "v".into()));
        assert!(describe::<J>(cx, &error).starts_with("ReferenceError"));
        let w = ok::<J, _>(cx, |cx| J::get(cx, &namespace, "w".into()));
        assert_eq!(J::as_number(&w), Some(1.0));
    });
    // Whoever resolves a promise with a namespace asks for its `then`.
    let error = import(&mut fixture, "then.js").err().expect("an error");
    assert!(error.starts_with("ReferenceError"), "{error}");
    fixture.enter(|cx| assert!(holds::<J>(cx, "then === 1")));
    let error = import(&mut fixture, "missing.js").err().expect("an error");
    assert!(error.starts_with("SyntaxError"), "{error}");
    let out = fixture.run(
        r"out = 0; import('\x01uninitialized').then(ns => {
            try { ns.binding } catch (e) { out = e instanceof ReferenceError; } }, e => { out = e; });",
    );
    assert_eq!(out, "true");
    // The embedder was never asked.
    let resolved = fixture.hooks.resolved.borrow();
    let mut specifiers = resolved.iter().map(|(_, specifier, _)| specifier);
    assert!(specifiers.all(|specifier| specifier.starts_with("./")));
    let loaded = fixture.hooks.loaded.borrow();
    assert!(loaded.iter().all(|name| name.starts_with("test:///")));
}

/// The namespace of a module that ran, or runs, is the one that programs see; or no engine finds any.
pub fn namespaces_are_found<J: JsHost>() {
    let mut fixture = Fixture::<J>::with_modules(&[
        (
            "main.js",
            "import { x } from './unseen.js'; import * as dep from './dep.js'; globalThis.dep = dep;",
        ),
        ("unseen.js", "export let x = 1, y = 2;"),
        (
            "dep.js",
            "export { x as default } from './unseen.js'; look();",
        ),
        (
            "fails.js",
            "import * as own from './fails.js'; globalThis.own = own; export let z = 1; throw 0;",
        ),
    ]);
    fn find<J: JsHost>(cx: &mut J::Scope<'_>, path: &str) -> Option<J::Value> {
        let name = format!("test:///{path}");
        ok::<J, _>(cx, |cx| J::module_namespace(cx, &name))
    }
    fixture.enter(|cx| {
        assert!(find::<J>(cx, "main.js").is_none());
        define_function::<J>(cx, "look", |cx, _| {
            let found = find::<J>(cx, "dep.js");
            assert_eq!(found.is_some(), J::FINDS_NAMESPACES);
            Ok(found.unwrap_or_else(J::undefined))
        });
    });
    let main = match import(&mut fixture, "main.js") {
        Ok(namespace) => namespace,
        Err(error) => panic!("{error}"),
    };
    assert_eq!(import(&mut fixture, "fails.js").err().as_deref(), Some("0"));
    let unseen = fixture.enter(|cx| {
        assert!(find::<J>(cx, "other.js").is_none());
        let found = find::<J>(cx, "main.js");
        assert_eq!(found.is_some(), J::FINDS_NAMESPACES);
        for (path, seen) in [("dep.js", "dep"), ("fails.js", "own")] {
            let found = find::<J>(cx, path);
            assert_eq!(found.is_some(), J::FINDS_NAMESPACES, "{path}");
            let seen = eval::<J>(cx, seen);
            assert!(found.is_none_or(|found| J::same_value(cx, &found, &seen)));
        }
        assert!(found.is_none_or(|found| J::same_value(cx, &found, &main)));
        let unseen = find::<J>(cx, "unseen.js")?;
        assert_eq!(J::object_class(cx, &unseen), Some(ObjectClass::Namespace));
        let y = ok::<J, _>(cx, |cx| J::get(cx, &unseen, "y".into()));
        assert_eq!(J::as_number(&y), Some(2.0));
        Some(unseen)
    });
    let imported = import(&mut fixture, "unseen.js");
    fixture.enter(|cx| {
        let same = |unseen| imported.is_ok_and(|value| J::same_value(cx, &value, &unseen));
        assert!(unseen.is_none_or(same));
    });
}
