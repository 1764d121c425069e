//! Wasm files as modules.

use sinew::{JsHost, WasmEngine};

use crate::fixture::{Folder, fails, prints};

on_every_pair! {
    every_form_of_static_import,
    dynamic_import,
    x7_any_export_name,
    wasm_imports_javascript,
    wasm_imports_wasm,
    wasm_imports_wasm_memories_tables_globals,
    old_wasm_bindgen_cycle,
    deep_graph,
    queries_are_instances,
    helper,
    helper_evaluates_wasm_graphs,
    json_modules,
    bare_specifiers,
    file_urls_and_encoding,
    import_meta,
    missing_export_is_a_syntax_error,
    host_modules,
    load_hook,
    live_bindings_of_mutable_globals,
    start_function_runs_once,
    script_imports,
}

const MATH: &str = r#"(module
  (func (export "add") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add)
  (func (export "default") (result i32) i32.const 7)
  (global (export "answer") i32 i32.const 42))"#;

fn every_form_of_static_import<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[
            ("math.wasm", MATH),
            (
                "again.js",
                "export * from './math.wasm'; export { add as plus, default } from './math.wasm';",
            ),
            (
                "side.wasm",
                r#"(module (import "./note.js" "note" (func $note)) (start $note))"#,
            ),
            (
                "note.js",
                "export const note = () => console.log('side effect');",
            ),
            (
                "main.js",
                r#"
                import * as math from "./math.wasm";
                import seven, { add, answer, add as sum } from "./math.wasm";
                import * as again from "./again.js";
                import "./side.wasm";
                console.log(math.add(20, 22), add(1, 2), sum === add, seven(), answer, math.answer);
                console.log(again.plus === add, again.default === seven, again.add === add);
                console.log(Object.keys(math).join(), Object.prototype.toString.call(math));
                "#,
            ),
        ],
        "side effect\n42 3 true 7 42 42\ntrue true true\nadd,answer,default [object Module]",
    );
}

fn dynamic_import<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[
            ("math.wasm", MATH),
            (
                "main.js",
                r#"
                const math = await import("./math.wasm");
                console.log(math.add(2, 3), (await import("./math.wasm")) === math);
                const later = import("./math.wasm").then((m) => m.add(4, 5));
                console.log(await later);
                try { await import("./none.wasm"); } catch (e) { console.log(e.constructor.name); }
                try { await import("./none.wasm"); } catch (e) { console.log(e.constructor.name); }
                "#,
            ),
        ],
        "5 true\n9\nTypeError\nTypeError",
    );
}

fn x7_any_export_name<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[
            (
                "names.wasm",
                r#"(module
                  (func $f (result i32) i32.const 1)
                  (export "" (func $f)) (export "__proto__" (func $f)) (export "then" (func $f))
                  (export "constructor" (func $f)) (export "a b" (func $f)) (export "☕" (func $f))
                  (export "class" (func $f)) (export "\00nul" (func $f)) (export "'\22\\" (func $f))
                  (export "0" (func $f)) (export "default" (func $f)))"#,
            ),
            (
                "main.js",
                r#"
                import * as names from "./names.wasm";
                import { "" as empty, "__proto__" as proto, "a b" as ab, "☕" as cup, "class" as klass } from "./names.wasm";
                const all = ["", "__proto__", "then", "constructor", "a b", "☕", "class", "\0nul", "'\"\\", "0", "default"];
                console.log(all.every((n) => typeof names[n] === "function" && names[n]() === 1), Object.keys(names).length);
                console.log([empty, proto, ab, cup, klass].every((f) => f === names.default));
                const exports = __wasm_import("./names.wasm");
                console.log(Object.getPrototypeOf(exports), Object.isFrozen(exports), all.every((n) => exports[n] === empty));
                "#,
            ),
        ],
        "true 11\ntrue\nnull true true",
    );
}

fn wasm_imports_javascript<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[
            (
                "m.wasm",
                r#"(module
                  (import "./env.js" "log" (func $log (param i32 i64 f32 f64)))
                  (import "./env.js" "a string name" (func $named (result i32)))
                  (import "./env.js" "size" (global $size i32))
                  (import "./env.js" "big" (global $big i64))
                  (func (export "run") (result i32)
                    global.get $size i64.const -5 f32.const 1.5 f64.const 2.25 call $log
                    call $named)
                  (func (export "big") (result i64) global.get $big))"#,
            ),
            (
                "env.js",
                r#"
                export function log(...args) { console.log(args.map((a) => typeof a + ":" + a).join(" "), this === undefined); }
                const named = () => 99;
                export { named as "a string name" };
                export const size = 12, big = 1n << 40n;
                "#,
            ),
            (
                "main.js",
                "import { run, big } from './m.wasm'; console.log(run(), big());",
            ),
        ],
        "number:12 bigint:-5 number:1.5 number:2.25 true\n99 1099511627776n",
    );
}

fn wasm_imports_wasm<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[
            (
                "inner.wasm",
                r#"(module (func (export "twice") (param i32) (result i32) local.get 0 i32.const 2 i32.mul))"#,
            ),
            (
                "middle.wasm",
                r#"(module (import "./inner.wasm" "twice" (func $t (param i32) (result i32)))
                  (func (export "four") (param i32) (result i32) local.get 0 call $t call $t)
                  (export "twice" (func $t)))"#,
            ),
            (
                "outer.wasm",
                r#"(module (import "./middle.wasm" "four" (func $f (param i32) (result i32)))
                  (import "./middle.wasm" "twice" (func $t (param i32) (result i32)))
                  (func (export "eight") (param i32) (result i32) local.get 0 call $f call $t))"#,
            ),
            (
                "main.js",
                r#"
                import { eight } from "./outer.wasm";
                import { twice } from "./inner.wasm";
                import * as middle from "./middle.wasm";
                console.log(eight(3), middle.twice === twice);
                "#,
            ),
        ],
        "24 true",
    );
}

fn wasm_imports_wasm_memories_tables_globals<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[
            (
                "owner.wasm",
                r#"(module
                  (memory (export "memory") 1 3)
                  (table (export "table") 2 funcref)
                  (global (export "counter") (mut i32) (i32.const 5))
                  (global (export "vector") v128 (v128.const i64x2 1 2))
                  (func $f (export "f") (result i32) i32.const 11)
                  (elem (i32.const 1) $f)
                  (func (export "read") (result i32) i32.const 8 i32.load))"#,
            ),
            (
                "user.wasm",
                r#"(module
                  (import "./owner.wasm" "memory" (memory 1))
                  (import "./owner.wasm" "table" (table $t 2 funcref))
                  (import "./owner.wasm" "counter" (global $c (mut i32)))
                  (import "./owner.wasm" "vector" (global $v v128))
                  (type $sig (func (result i32)))
                  (func (export "run") (result i32)
                    i32.const 8 i32.const 77 i32.store
                    global.get $c i32.const 1 i32.add global.set $c
                    i32.const 1 call_indirect (type $sig))
                  (func (export "lane") (result i64) global.get $v i64x2.extract_lane 1)
                  (export "memory" (memory 0)) (export "table" (table $t)) (export "counter" (global $c)))"#,
            ),
            (
                "main.js",
                r#"
                import * as owner from "./owner.wasm";
                import * as user from "./user.wasm";
                console.log(user.run(), owner.read(), owner.counter, user.counter, user.lane());
                console.log(user.memory === owner.memory, user.table === owner.table, owner.table.get(1) === owner.f);
                "#,
            ),
        ],
        "11 77 6 6 2n\ntrue true true",
    );
}

fn old_wasm_bindgen_cycle<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[
            (
                "glue.js",
                r#"
                import * as wasm from "./glue_bg.wasm";
                export function run() { return wasm.run(20); }
                export function __wbg_double(x) { return 2 * x + wasm.offset(); }
                "#,
            ),
            (
                "glue_bg.wasm",
                r#"(module (import "./glue.js" "__wbg_double" (func $d (param i32) (result i32)))
                  (func (export "run") (param i32) (result i32) local.get 0 call $d)
                  (func (export "offset") (result i32) i32.const 2))"#,
            ),
            (
                "main.js",
                "import { run } from './glue.js'; console.log(run());",
            ),
            (
                "bg.js",
                "import { run } from './glue_bg.wasm'; console.log(run(1));",
            ),
        ],
        "42",
    );
}

fn deep_graph<J: JsHost, W: WasmEngine>() {
    let mut files = vec![(
        "m0.wasm".to_owned(),
        r#"(module (func (export "f") (result i32) i32.const 1))"#.to_owned(),
    )];
    for n in 1..60 {
        let source = format!(
            r#"(module (import "./m{}.wasm" "f" (func $f (result i32)))
              (func (export "f") (result i32) call $f i32.const 1 i32.add))"#,
            n - 1
        );
        files.push((format!("m{n}.wasm"), source));
    }
    files.push((
        "main.js".to_owned(),
        "import { f } from './m59.wasm'; console.log(f());".to_owned(),
    ));
    let files: Vec<_> = files
        .iter()
        .map(|(a, b)| (a.as_str(), b.as_str()))
        .collect();
    prints::<J, W>(&files, "60");
}

fn queries_are_instances<J: JsHost, W: WasmEngine>() {
    let folder = Folder::new(&[
        (
            "count.wasm",
            r#"(module (global $n (mut i32) (i32.const 0))
              (func (export "next") (result i32)
                global.get $n i32.const 1 i32.add global.set $n global.get $n))"#,
        ),
        (
            "main.js",
            r#"
            import { next } from "./count.wasm";
            import { next as a } from "./count.wasm?a";
            import { next as b } from "./count.wasm?b";
            import { next as a2 } from "././count.wasm?a";
            console.log(next(), next(), a(), a(), a(), b(), a === a2, a === b);
            "#,
        ),
    ]);
    let (builder, output) = folder.builder::<J, W>();
    let mut runtime = builder.build().unwrap();
    runtime.run_file(folder.path().join("main.js")).unwrap();
    assert_eq!(output.text(), "1 2 1 2 3 1 true false\n");
    let modules = runtime.modules();
    let counts: Vec<_> = modules.iter().filter(|m| m.key.contains("count")).collect();
    assert_eq!(counts.len(), 3, "{modules:#?}");
    let hashes: std::collections::HashSet<_> = counts.iter().map(|m| m.sha256.clone()).collect();
    assert_eq!(hashes.len(), 1);
    for module in counts {
        assert_eq!(format!("{:?}", module.status), "Evaluated");
        assert_eq!(module.exports[0].name, "next");
        assert_eq!(module.exports[0].ty, "function () -> (i32)");
        assert!(module.bytes > 8);
    }
}

fn helper<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[
            ("lib/math.wasm", MATH),
            (
                "lib/env.wasm",
                r#"(module (import "env" "f" (func $f (result i32))) (func (export "g") (result i32) call $f))"#,
            ),
            (
                "lib/use.js",
                "export const add = __wasm_import('./math.wasm').add;",
            ),
            (
                "main.js",
                r#"
                import { add } from "./lib/use.js";
                import { add as same } from "./lib/math.wasm";
                import { throws } from "./assert.js";
                const math = __wasm_import("./lib/math.wasm");
                console.log(math.add(1, 2), math.add === add, same === add, math === __wasm_import("./lib/math.wasm"));
                const fresh = __wasm_import("./lib/math.wasm", {});
                console.log(fresh.add === add, fresh.add(3, 4), math.answer.value);
                console.log(__wasm_import("./lib/env.wasm", { env: { f: () => 5 } }).g());
                throws(() => __wasm_import("./none.wasm"), TypeError, "none.wasm");
                throws(() => __wasm_import("./main.js"), TypeError, "not a wasm file");
                throws(() => __wasm_import("./lib/env.wasm", {}), TypeError, '"env"');
                console.log(__wasm_import.length, __wasm_import.name);
                "#,
            ),
        ],
        "3 true true true\nfalse 7 42\n5\n1 __wasm_import",
    );
}

fn helper_evaluates_wasm_graphs<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[
            (
                "a.wasm",
                r#"(module (import "./b.wasm" "f" (func $f (result i32))) (func (export "g") (result i32) call $f))"#,
            ),
            (
                "b.wasm",
                r#"(module (func (export "f") (result i32) i32.const 9))"#,
            ),
            (
                "x.wasm",
                r#"(module (import "./y.wasm" "f" (func (result i32))) (func (export "f") (result i32) i32.const 1))"#,
            ),
            (
                "y.wasm",
                r#"(module (import "./x.wasm" "f" (func (result i32))) (func (export "f") (result i32) i32.const 1))"#,
            ),
            ("js.wasm", r#"(module (import "./env.js" "f" (func)))"#),
            ("env.js", "export function f() {}"),
            (
                "main.js",
                r#"
                import { throws } from "./assert.js";
                console.log(__wasm_import("./a.wasm").g());
                throws(() => __wasm_import("./x.wasm"), WebAssembly.LinkError, "cycle");
                throws(() => __wasm_import("./js.wasm"), TypeError, "use import()");
                "#,
            ),
        ],
        "9",
    );
}

fn json_modules<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[
            ("data.json", r#"{ "a": [1, 2], "__proto__": 3 }"#),
            ("bad.json", "{ nope }"),
            (
                "main.js",
                r#"
                import data from "./data.json" with { type: "json" };
                console.log(JSON.stringify(data), Object.getPrototypeOf(data) === Object.prototype);
                console.log((await import("./data.json", { with: { type: "json" } })).default === data);
                for (const attempt of [
                  () => import("./data.json"),
                  () => import("./bad.json", { with: { type: "json" } }),
                  () => import("./main.js", { with: { type: "json" } }),
                  () => import("./data.json", { with: { type: "css" } }),
                ]) {
                  try { await attempt(); console.log("no error"); } catch (e) { console.log(e.name); }
                }
                "#,
            ),
        ],
        "{\"a\":[1,2],\"__proto__\":3} true\ntrue\nTypeError\nSyntaxError\nTypeError\nTypeError",
    );
}

fn bare_specifiers<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[
            (
                "package.json",
                r##"{ "name": "me", "exports": { "./m": "./math.wasm" }, "imports": { "#m": "./math.wasm" } }"##,
            ),
            ("math.wasm", MATH),
            (
                "node_modules/pkg/package.json",
                r#"{ "name": "pkg", "exports": { ".": { "require": "./no.cjs", "import": "./index.js" }, "./w": { "module-sync": "./w.wasm" } } }"#,
            ),
            (
                "node_modules/pkg/index.js",
                "import { add } from './w.wasm'; export default add(1, 1);",
            ),
            ("node_modules/pkg/w.wasm", MATH),
            (
                "main.js",
                r##"
                import two from "pkg";
                import { add } from "pkg/w";
                import { add as self } from "me/m";
                import { add as hash } from "#m";
                console.log(two, add(2, 2), self === hash);
                for (const s of ["pkg/hidden", "missing", "node:fs", "fs"]) {
                  try { await import(s); } catch (e) { console.log(s, e instanceof TypeError); }
                }
                "##,
            ),
        ],
        "2 4 true\npkg/hidden true\nmissing true\nnode:fs true\nfs true",
    );
}

fn file_urls_and_encoding<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[
            ("a b.wasm", MATH),
            ("100%.wasm", MATH),
            (
                "main.js",
                r#"
                import { add } from "./a%20b.wasm";
                const url = import.meta.resolve("./a b.wasm");
                console.log(url.endsWith("/a%20b.wasm"), url.startsWith("file:///"));
                console.log((await import(url)).add === add, (await import("./a b.wasm")).add === add);
                console.log((await import("./100%25.wasm")).add(1, 2));
                for (const s of ["./a%2520b.wasm", "./a%2fb.wasm", "./%00.wasm", "http://x/y.wasm", "./a\\b.wasm"]) {
                  try { await import(s); console.log("no error"); } catch (e) { console.log(e instanceof TypeError); }
                }
                "#,
            ),
        ],
        "true true\ntrue true\n3\ntrue\ntrue\ntrue\ntrue\ntrue",
    );
}

fn import_meta<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[
            ("sub/m.js", "export const meta = import.meta;"),
            (
                "main.js",
                r#"
                import { meta } from "./sub/m.js?q=1";
                console.log(meta.url.endsWith("/sub/m.js?q=1"), meta.filename.endsWith("/sub/m.js"), meta.dirname.endsWith("/sub"));
                console.log(meta.resolve("../main.js") === import.meta.url, Object.getPrototypeOf(meta));
                console.log(Object.keys(meta).join(), meta.main, import.meta.main);
                "#,
            ),
        ],
        "true true true\ntrue null\ndirname,filename,main,resolve,url false true",
    );
}

fn missing_export_is_a_syntax_error<J: JsHost, W: WasmEngine>() {
    let wasm = r#"(module (import "./env.js" "nope" (func)))"#;
    for files in [
        &[
            ("math.wasm", MATH),
            ("main.js", "import { nope } from './math.wasm';"),
        ][..],
        &[
            ("m.wasm", wasm),
            ("env.js", "export {};"),
            ("main.js", "import './m.wasm';"),
        ][..],
    ] {
        let error = fails::<J, W>(files);
        assert!(error.to_string().starts_with("SyntaxError"), "{error}");
        assert!(error.to_string().contains("nope"), "{error}");
    }
}

fn host_modules<J: JsHost, W: WasmEngine>() {
    let folder = Folder::new(&[
        (
            "m.wasm",
            r#"(module (import "env" "add" (func $add (param i32 i32) (result i32)))
              (func (export "run") (result i32) i32.const 40 i32.const 2 call $add))"#,
        ),
        (
            "main.js",
            r#"
            import { add, fail, "odd name" as odd } from "env";
            import { run } from "./m.wasm";
            console.log(run(), add(1, 2), add.length, add.name, odd("x"), __wasm_import("./m.wasm").run());
            try { fail(); } catch (e) { console.log(e.name, e.message); }
            try { add("1", 2); } catch (e) { console.log(e.name, e.message); }
            "#,
        ),
    ]);
    let (builder, output) = folder.builder::<J, W>();
    let mut runtime = builder
        .function("env", "add", |a: i32, b: i32| a.wrapping_add(b))
        .function("env", "fail", || Err::<(), _>("on purpose"))
        .function("env", "odd name", |text: String| format!("<{text}>"))
        .build()
        .unwrap();
    runtime.run_file(folder.path().join("main.js")).unwrap();
    assert_eq!(
        output.text(),
        "42 3 2 add <x> 42\nError on purpose\nTypeError expected a number that is an i32, found a string\n"
    );
}

fn load_hook<J: JsHost, W: WasmEngine>() {
    let wasm = wat::parse_str(MATH).unwrap();
    let folder = Folder::new(&[(
        "main.js",
        r#"
        import { add } from "virtual:math";
        import * as js from "virtual:js";
        import json from "virtual:json" with { type: "json" };
        console.log(add(1, 2), js.x, js.add === add, json.y);
        "#,
    )]);
    let (builder, output) = folder.builder::<J, W>();
    let mut runtime = builder
        .load_hook(move |specifier, _| {
            Some(match specifier {
                "virtual:math" => sinew::ModuleSource::Wasm(wasm.clone().into()),
                "virtual:js" => sinew::ModuleSource::JavaScript(
                    "export const x = 1; export { add } from 'virtual:math';".into(),
                ),
                "virtual:json" => sinew::ModuleSource::Json(r#"{ "y": 2 }"#.into()),
                _ => return None,
            })
        })
        .build()
        .unwrap();
    runtime.run_file(folder.path().join("main.js")).unwrap();
    assert_eq!(output.text(), "3 1 true 2\n");
}

fn live_bindings_of_mutable_globals<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[
            (
                "m.wasm",
                r#"(module
                  (import "./cb.js" "cb" (func $cb))
                  (global $g (export "g") (mut i32) (i32.const 1))
                  (func (export "inc") global.get $g i32.const 1 i32.add global.set $g)
                  (func (export "incAndCall") global.get $g i32.const 1 i32.add global.set $g call $cb))"#,
            ),
            (
                "cb.js",
                "import { g } from './m.wasm'; export function cb() { console.log('cb', g); }",
            ),
            (
                "main.js",
                r#"
                import { g, inc, incAndCall } from "./m.wasm";
                import * as ns from "./m.wasm";
                console.log(g); inc(); console.log(g, ns.g); incAndCall(); console.log(g);
                const box = __wasm_import("./m.wasm").g; box.value = 10; console.log(g, box.value, ns.g);
                "#,
            ),
        ],
        "1\n2 2\ncb 3\n3\n10 10 10",
    );
}

fn start_function_runs_once<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[
            (
                "m.wasm",
                r#"(module (import "./env.js" "hello" (func $h)) (start $h) (func (export "f")))"#,
            ),
            (
                "env.js",
                "export function hello() { console.log('start'); }",
            ),
            (
                "main.js",
                "import { f } from './m.wasm'; await import('./m.wasm'); __wasm_import('./m.wasm'); console.log(f());",
            ),
        ],
        "start\nundefined",
    );
}

fn script_imports<J: JsHost, W: WasmEngine>() {
    let folder = Folder::new(&[("math.wasm", MATH)]);
    let (builder, output) = folder.builder::<J, W>();
    let mut runtime = builder.build().unwrap();
    runtime
        .eval::<sinew::Value<J>>(
            "script.js",
            "var self = this; with ({ x: 1 }) { console.log(x, self === globalThis); }\n\
             import('./math.wasm').then((m) => console.log(m.add(5, 6)));\n\
             console.log(__wasm_import('./math.wasm').add(1, 1));",
        )
        .unwrap();
    runtime.run().unwrap();
    assert_eq!(output.text(), "1 true\n2\n11\n");
}
