//! Wasm files as WebAssembly Module Records: what their bindings are, and what they link to.

use sinew::{JsHost, Runtime, Value, WasmEngine};

use crate::fixture::{Folder, fails, prints};

on_every_pair! {
    vectors_are_never_initialised,
    exceptions_are_never_initialised,
    reserved_names,
    string_builtins,
    namespace_instance,
    globals_link_through_javascript,
    a_binding_that_is_no_global_stays_a_value,
    globals_of_javascript,
    imports_are_read_in_order,
    bindings_begin_uninitialised,
    missing_exports_are_syntax_errors,
    cycles,
    what_a_file_is,
    types_of_packages,
    scripts_import,
}

fn vectors_are_never_initialised<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[
            (
                "a.wasm",
                r#"(module
                  (global $v (mut v128) (v128.const i32x4 1 2 3 4))
                  (global (export "n") i32 (i32.const 1))
                  (export "v" (global $v))
                  (func (export "lane") (result i32) (i32x4.extract_lane 2 (global.get $v))))"#,
            ),
            (
                "b.wasm",
                r#"(module
                  (import "./a.wasm" "v" (global $v (mut v128)))
                  (export "again" (global $v))
                  (func (export "set") (global.set $v (v128.const i32x4 5 6 7 8))))"#,
            ),
            (
                "main.js",
                r#"
                import * as a from "./a.wasm";
                import { v } from "./a.wasm";
                import * as b from "./b.wasm";
                import { throws } from "./assert.js";
                throws(() => v, ReferenceError);
                throws(() => a.v, ReferenceError);
                throws(() => b.again, ReferenceError);
                throws(() => Object.keys(a), ReferenceError);
                throws(() => { v = 1 }, TypeError);
                console.log(a.n, "v" in a, Reflect.ownKeys(b).length, a.lane(), b.set(), a.lane());
                const { exports } = WebAssembly.namespaceInstance(a);
                console.log(exports.v instanceof WebAssembly.Global);
                "#,
            ),
        ],
        "1 true 3 3 undefined 7\ntrue",
    );
}

fn exceptions_are_never_initialised<J: JsHost, W: WasmEngine>() {
    if !W::FEATURES.exceptions {
        return;
    }
    prints::<J, W>(
        &[
            (
                "a.wasm",
                r#"(module (global (export "e") exnref (ref.null exn)) (global (export "x") externref (ref.null extern)))"#,
            ),
            (
                "main.js",
                r#"
                import { e, x } from "./a.wasm";
                try { e } catch (error) { console.log(error.name, x); }
                "#,
            ),
        ],
        "ReferenceError null",
    );
}

fn reserved_names<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[
            ("module.wasm", r#"(module (import "wasm-js:x" "f" (func)))"#),
            (
                "import.wasm",
                r#"(module (import "./f.js" "wasm:f" (func)))"#,
            ),
            (
                "import2.wasm",
                r#"(module (import "./f.js" "wasm-js:f" (func)))"#,
            ),
            ("export.wasm", r#"(module (func (export "wasm:f")))"#),
            ("export2.wasm", r#"(module (func (export "wasm-js:")))"#),
            ("unknown.wasm", r#"(module (import "wasm:x" "f" (func)))"#),
            (
                "free.wasm",
                r#"(module (import "./f.js" "wasmf" (func)) (func (export "x-wasm:")))"#,
            ),
            (
                "f.js",
                "export function wasmf() {} export { wasmf as 'wasm:f', wasmf as 'wasm-js:f' };",
            ),
            (
                "main.js",
                r#"
                const kind = async (promise) => {
                  try { return typeof await promise; } catch (e) { return e.name; }
                };
                for (const file of ["module", "import", "import2", "export", "export2", "unknown", "free"]) {
                  console.log(file, await kind(import(`./${file}.wasm`)), await kind(import.source(`./${file}.wasm`)));
                }
                console.log(WebAssembly.validate(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])));
                "#,
            ),
        ],
        "module LinkError LinkError\nimport LinkError LinkError\nimport2 LinkError LinkError\n\
         export LinkError LinkError\nexport2 LinkError LinkError\nunknown TypeError object\n\
         free object object\ntrue",
    );
}

fn string_builtins<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[
            (
                "strings.wasm",
                r#"(module
                  (import "wasm:js-string" "length" (func $length (param externref) (result i32)))
                  (import "./log.js" "log" (func $log (param i32)))
                  (func (export "log") (param externref) (call $log (call $length (local.get 0)))))"#,
            ),
            ("log.js", "export const log = (n) => console.log(n);"),
            (
                "wrong.wasm",
                r#"(module (import "wasm:js-string" "length" (func (result i32))))"#,
            ),
            (
                "none.wasm",
                r#"(module (import "wasm:js-string" "none" (func)))"#,
            ),
            (
                "main.js",
                r#"
                import source module from "./strings.wasm";
                import { log } from "./strings.wasm";
                log("hello");
                console.log(WebAssembly.Module.imports(module).map((i) => i.module).join());
                for (const file of ["wrong", "none"]) {
                  try { await import(`./${file}.wasm`); } catch (e) { console.log(e.name); }
                }
                "#,
            ),
        ],
        "5\n./log.js\nCompileError\nTypeError",
    );
    if !W::FEATURES.function_references {
        return;
    }
    prints::<J, W>(
        &[
            (
                "constants.wasm",
                r#"(module
                  (import "wasm:js/string-constants" "wasm:hello" (global $a (ref extern)))
                  (import "wasm:js/string-constants" "" (global $b (ref extern)))
                  (export "a" (global $a)) (export "b" (global $b)))"#,
            ),
            (
                "main.js",
                "import { a, b } from './constants.wasm'; console.log(JSON.stringify([a, b]));",
            ),
        ],
        r#"["wasm:hello",""]"#,
    );
}

fn namespace_instance<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[
            (
                "a.wasm",
                r#"(module
                  (global $g (mut i32) (i32.const 1)) (export "g" (global $g))
                  (func (export "set") (param i32) (global.set $g (local.get 0))))"#,
            ),
            ("b.wasm", "(module)"),
            // With as many exports as the first.
            (
                "c.wasm",
                r#"(module (func (export "g")) (func (export "set")))"#,
            ),
            ("again.js", "export * from './a.wasm';"),
            (
                "failing.wasm",
                r#"(module (import "./keep.js" "keep" (func $keep)) (func $start (call $keep) unreachable) (start $start))"#,
            ),
            (
                "keep.js",
                "import * as failing from './failing.wasm'; export function keep() { globalThis.failing = failing; }",
            ),
            (
                "main.js",
                r#"
                import * as a from "./a.wasm";
                import * as b from "./b.wasm";
                import { g } from "./c.wasm";
                import * as again from "./again.js";
                import { throws } from "./assert.js";
                const { namespaceInstance, Instance } = WebAssembly;
                const c = await import("./c.wasm");
                console.log(namespaceInstance(c).exports.g === g, namespaceInstance(c) !== namespaceInstance(a));
                const instance = namespaceInstance(a);
                console.log(instance instanceof Instance, instance === namespaceInstance(await import("./a.wasm")));
                console.log(namespaceInstance(b) instanceof Instance, namespaceInstance(b) === instance, instance.exports.set === a.set);
                instance.exports.g.value = 5;
                console.log(a.g);
                await import("./failing.wasm").catch((e) => console.log(e.name));
                const others = [again, failing, {}, { ...a }, null, undefined, 1, "a", a.set, instance, new Proxy(a, {}), Object.create(a)];
                for (const other of others) throws(() => namespaceInstance(other), TypeError);
                "#,
            ),
        ],
        "true true\ntrue true\ntrue false true\n5\nRuntimeError",
    );
}

fn globals_link_through_javascript<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[
            (
                "a.wasm",
                r#"(module
                  (global $g (mut i32) (i32.const 7)) (export "g" (global $g))
                  (global (export "same") i32 (i32.const 7))
                  (global (export "n") f64 (f64.const nan))
                  (func (export "set") (param i32) (global.set $g (local.get 0)))
                  (table (export "t") 1 funcref) (memory (export "m") 1))"#,
            ),
            (
                "one.js",
                "export { g as h, same } from './a.wasm'; export * from './a.wasm';",
            ),
            (
                "two.js",
                "import { h } from './one.js'; export { h as 'the global' }; export * from './one.js';",
            ),
            (
                "b.wasm",
                r#"(module
                  (import "./two.js" "the global" (global $g (mut i32)))
                  (import "./two.js" "same" (global $same i32))
                  (import "./two.js" "n" (global f64))
                  (import "./two.js" "t" (table 1 funcref))
                  (import "./two.js" "m" (memory 1))
                  (export "again" (global $g))
                  (func (export "get") (result i32) (global.get $g))
                  (func (export "sum") (result i32) (i32.add (global.get $g) (global.get $same)))
                  (func (export "set") (param i32) (global.set $g (local.get 0))))"#,
            ),
            (
                "main.js",
                r#"
                import * as a from "./a.wasm";
                import * as b from "./b.wasm";
                console.log(a.g, a.same, b.get(), b.sum(), Object.is(a.n, NaN));
                a.set(1);
                console.log(a.g, b.again, b.get());
                b.set(2);
                console.log(a.g, b.again, b.sum());
                const [x, y] = [a, b].map((n) => WebAssembly.namespaceInstance(n).exports);
                console.log(x.g === y.again);
                "#,
            ),
        ],
        "7 7 7 14 true\n1 1 1\n2 2 9\ntrue",
    );
    // The type is that of the global itself.
    let error = fails::<J, W>(&[
        (
            "a.wasm",
            r#"(module (global (export "g") (mut i32) (i32.const 1)))"#,
        ),
        ("a.js", "export { g } from './a.wasm';"),
        ("b.wasm", r#"(module (import "./a.js" "g" (global i32)))"#),
        ("main.js", "import './b.wasm';"),
    ]);
    assert!(error.to_string().starts_with("LinkError"), "{error}");
}

fn a_binding_that_is_no_global_stays_a_value<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[
            (
                "a.wasm",
                r#"(module
                  (global $g (mut i32) (i32.const 7)) (export "g" (global $g))
                  (func (export "set") (param i32) (global.set $g (local.get 0))))"#,
            ),
            (
                "copy.js",
                "import { g } from './a.wasm'; export const copy = g, wrapped = new WebAssembly.Global({ value: 'i32', mutable: true }, g);",
            ),
            (
                "b.wasm",
                r#"(module
                  (import "./copy.js" "copy" (global $copy i32))
                  (import "./copy.js" "wrapped" (global $wrapped (mut i32)))
                  (func (export "sum") (result i32) (i32.add (global.get $copy) (global.get $wrapped))))"#,
            ),
            (
                "main.js",
                r#"
                import { g, set } from "./a.wasm";
                import { sum } from "./b.wasm";
                import { wrapped } from "./copy.js";
                set(100);
                wrapped.value = 30;
                console.log(g, sum());
                "#,
            ),
        ],
        "100 37",
    );
}

fn globals_of_javascript<J: JsHost, W: WasmEngine>() {
    let import = |ty: &str| format!(r#"(module (import "./v.js" "v" (global {ty})))"#);
    let mut files = vec![("v.js".to_owned(), String::new())];
    let cases = [
        ("i32", "1", "object"),
        (
            "i32",
            "new WebAssembly.Global({ value: 'i32' }, 1)",
            "object",
        ),
        (
            "(mut i32)",
            "new WebAssembly.Global({ value: 'i32', mutable: true }, 1)",
            "object",
        ),
        ("externref", "{}", "object"),
        ("i64", "1n", "object"),
        ("(mut i32)", "1", "LinkError"),
        (
            "i32",
            "new WebAssembly.Global({ value: 'i32', mutable: true }, 1)",
            "LinkError",
        ),
        ("v128", "1", "LinkError"),
        ("i64", "1", "LinkError"),
        ("funcref", "{}", "LinkError"),
    ];
    let mut main = "let seen = [];\n".to_owned();
    for (at, (ty, value, _)) in cases.iter().enumerate() {
        files.push((
            format!("{at}.wasm"),
            import(ty).replace("./v.js", &format!("./v{at}.js")),
        ));
        files.push((format!("v{at}.js"), format!("export const v = {value};")));
        main += &format!(
            "seen.push(await import('./{at}.wasm').then((m) => typeof m, (e) => e.name));\n"
        );
    }
    main += "console.log(seen.join());";
    files.push(("main.js".into(), main));
    let files: Vec<_> = files
        .iter()
        .map(|(path, text)| (path.as_str(), text.as_str()))
        .collect();
    let expected: Vec<_> = cases.iter().map(|(.., expected)| *expected).collect();
    prints::<J, W>(&files, &expected.join(","));
}

fn imports_are_read_in_order<J: JsHost, W: WasmEngine>() {
    // The second is not initialised yet; the first has its say before that is noticed.
    let name = |first: &str| {
        let error = fails::<J, W>(&[
            (
                "b.wasm",
                r#"(module (import "./first.js" "f" (func)) (import "./main.js" "late" (global i32)))"#,
            ),
            ("first.js", first),
            ("main.js", "import './b.wasm'; export let late = 1;"),
        ]);
        error.to_string()
    };
    assert!(name("export const f = 1").starts_with("LinkError"));
    assert!(name("export const f = () => {}").starts_with("ReferenceError"));
}

fn bindings_begin_uninitialised<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[
            (
                "a.wasm",
                r#"(module
                  (import "./look.js" "look" (func $look))
                  (global (export "g") i32 (i32.const 1)) (memory (export "m") 1) (start $look))"#,
            ),
            (
                "look.js",
                r#"
                import * as a from "./a.wasm";
                export function look() {
                  for (const name of ["g", "m"]) {
                    try { a[name]; console.log(name); } catch (e) { console.log(e.name); }
                  }
                  try { WebAssembly.namespaceInstance(a); } catch (e) { console.log(e.name); }
                }
                "#,
            ),
            ("main.js", "import { g } from './a.wasm'; console.log(g);"),
        ],
        "ReferenceError\nReferenceError\nTypeError\n1",
    );
}

fn missing_exports_are_syntax_errors<J: JsHost, W: WasmEngine>() {
    let log = "globalThis.log = []; ";
    for (file, text) in [
        ("a.wasm", r#"(module (import "./dep.js" "none" (func)))"#),
        ("a.wasm", r#"(module (import "./dep.wasm" "none" (func)))"#),
        ("a.wasm", r#"(module (import "./again.js" "none" (func)))"#),
        ("again.js", "export { none } from './dep.wasm';"),
    ] {
        let mut files = vec![
            ("dep.js", "throw new Error('evaluated')"),
            ("dep.wasm", "(module)"),
            ("again.js", "export { none } from './dep.js';"),
        ];
        files.retain(|(path, _)| *path != file);
        files.push((file, text));
        let main = format!("{log} await import('./{file}');");
        files.push(("main.js", &main));
        let error = fails::<J, W>(&files);
        assert!(error.to_string().starts_with("SyntaxError"), "{error}");
    }
}

fn cycles<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[
            (
                "cycle.js",
                r#"
                function f() { return 42; }
                export { f };
                import { mem, glob, func } from "./cycle.wasm";
                console.log(glob, mem instanceof WebAssembly.Memory, typeof func);
                f = () => 24;
                console.log(func());
                "#,
            ),
            (
                "cycle.wasm",
                r#"(module
                  (import "./cycle.js" "f" (func $f (result i32)))
                  (global (export "glob") i32 (i32.const 1)) (memory (export "mem") 1) (export "func" (func $f)))"#,
            ),
            (
                "main.js",
                "import { f } from './cycle.js'; console.log(f());",
            ),
        ],
        "1 true function\n42\n24",
    );
    let error = fails::<J, W>(&[
        (
            "a.wasm",
            r#"(module (import "./b.wasm" "f" (func)) (func (export "f")))"#,
        ),
        (
            "b.wasm",
            r#"(module (import "./a.wasm" "f" (func)) (func (export "f")))"#,
        ),
        ("main.js", "import './a.wasm';"),
    ]);
    assert!(error.to_string().starts_with("LinkError"), "{error}");
}

fn what_a_file_is<J: JsHost, W: WasmEngine>() {
    const SCRIPT: &str =
        "with ({ kind: 'script' }) console.log(kind, this === globalThis, typeof require);";
    const MODULE: &str = "console.log('module', this);";
    let run = |name: &str, text: &str| {
        let folder = Folder::new(&[(name, text), ("x.js", "export {};")]);
        let (builder, output) = folder.builder::<J, W>();
        let mut runtime = builder.build().unwrap();
        let result = runtime.run_file(folder.path().join(name));
        result
            .map(|()| output.text().trim_end().to_owned())
            .map_err(|error| error.to_string())
    };
    let script = Ok("script true undefined".to_owned());
    let module = Ok("module undefined".to_owned());
    for (name, text) in [("a.js", SCRIPT), ("a.cjs", SCRIPT), ("program", SCRIPT)] {
        assert_eq!(run(name, text), script, "{name}");
    }
    let imports = format!("{SCRIPT} import('./x.js')");
    assert_eq!(run("a.js", &imports), script);
    assert_eq!(run("a.mjs", MODULE), module);
    let modules = [
        "import './x.js'; ",
        "export {}; ",
        "import.meta; ",
        "await 1; ",
        "for await (const x of []); ",
    ];
    for syntax in modules {
        assert_eq!(
            run("a.js", &format!("{syntax}{MODULE}")),
            module,
            "{syntax}"
        );
        assert_eq!(
            run("program", &format!("\u{feff}{syntax}{MODULE}")),
            module,
            "{syntax}"
        );
        assert!(run("a.cjs", syntax).unwrap_err().starts_with("SyntaxError"));
    }
    // What is neither is a script: the engine says why.
    assert!(
        run("a.js", "let let")
            .unwrap_err()
            .starts_with("SyntaxError")
    );
}

fn types_of_packages<J: JsHost, W: WasmEngine>() {
    let files = [
        ("package.json", r#"{ "type": "module" }"#),
        ("module.js", "console.log(this)"),
        ("script/package.json", r#"{ "type": "commonjs" }"#),
        ("script/script.js", "console.log(this === globalThis)"),
        ("script/module.mjs", "console.log(this)"),
        ("untyped/package.json", "{}"),
        ("untyped/sub/script.js", "console.log(this === globalThis)"),
        (
            "untyped/node_modules/x/script.js",
            "console.log(this === globalThis)",
        ),
        ("broken/package.json", "{"),
        ("broken/x.js", ""),
    ];
    let folder = Folder::new(&files);
    let run = |path: &str| {
        let (builder, output) = folder.builder::<J, W>();
        let mut runtime = builder.build().unwrap();
        let result = runtime.run_file(folder.path().join(path));
        result.map(|()| output.text().trim_end().to_owned())
    };
    for (path, expected) in [
        ("module.js", "undefined"),
        ("script/script.js", "true"),
        ("script/module.mjs", "undefined"),
        ("untyped/sub/script.js", "true"),
        ("untyped/node_modules/x/script.js", "true"),
    ] {
        assert_eq!(run(path).unwrap(), expected, "{path}");
    }
    let error = run("broken/x.js").unwrap_err();
    assert!(
        error
            .message()
            .contains("package.json: invalid package config"),
        "{error}"
    );
}

fn scripts_import<J: JsHost, W: WasmEngine>() {
    let folder = Folder::new(&[
        (
            "sub/a.wasm",
            r#"(module (func (export "f") (result i32) i32.const 3))"#,
        ),
        (
            "sub/main.js",
            "var kept = 1; import('./a.wasm').then((a) => console.log(a.f(), kept)); import.source('./a.wasm').then((m) => console.log(String(m)));",
        ),
    ]);
    let (builder, output) = folder.builder::<J, W>();
    let mut runtime: Runtime<J, W> = builder.build().unwrap();
    runtime.run_file(folder.path().join("sub/main.js")).unwrap();
    let text = output.text();
    let mut lines: Vec<_> = text.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["3 1", "[object WebAssembly.Module]"]);
    // A script's variables are the global object's.
    assert_eq!(runtime.eval::<i32>("x", "kept").unwrap(), 1);
    runtime.eval::<Value<J>>("x", "kept").unwrap();
}
