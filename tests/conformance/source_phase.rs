//! `import source` and `import.source()`.

use sinew::{JsHost, ModuleSource, Runtime, Value, WasmEngine};

use crate::fixture::{Folder, fails, prints};

on_every_pair! {
    gives_the_module,
    one_object_per_file,
    dependencies_are_not_loaded,
    reads_the_syntax_of_others,
    calls_convert_their_arguments,
    what_has_no_source,
    cannot_be_patched,
    works_in_cycles,
    errors_keep_their_places,
    in_scripts,
    of_supplied_modules,
    compiles_once,
}

const ADD: &str = r#"(module
  (import "./other.js" "log" (func $log))
  (func (export "add") (param i32 i32) (result i32) call $log local.get 0 local.get 1 i32.add))"#;

fn gives_the_module<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[
            ("add.wasm", ADD),
            (
                "main.js",
                r#"
                import source add from "./add.wasm";
                console.log(add instanceof WebAssembly.Module, WebAssembly.Module.imports(add)[0].module);
                let logged = 0;
                const { exports } = new WebAssembly.Instance(add, { "./other.js": { log() { logged += 1; } } });
                console.log(exports.add(1, 2), logged);
                const { add: plus } = (await WebAssembly.instantiate(await import.source("./add.wasm"), {
                  "./other.js": { log() { logged += 10; } },
                })).exports;
                console.log(plus(3, 4), logged);
                "#,
            ),
        ],
        "true ./other.js\n3 1\n7 11",
    );
}

fn one_object_per_file<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[
            ("a.wasm", "(module (func (export \"f\")))"),
            ("b.wasm", "(module (func (export \"f\")))"),
            (
                "sub/again.js",
                "import source a from '../a.wasm'; export { a };",
            ),
            (
                "main.js",
                r#"
                import source a1 from "./a.wasm";
                import * as a from "./a.wasm";
                import source a2 from "./sub/../a.wasm" with {};
                import { a as a3 } from "./sub/again.js";
                import source b from "./b.wasm";
                const later = [import.source("./a.wasm"), import.source("./a.wasm"), import.source(import.meta.resolve("./a.wasm"))];
                console.log(a1 === a2, a2 === a3, (await Promise.all(later)).every((x) => x === a1), a1 === b);
                console.log(typeof a.f, later[0] === later[1], a1 !== (await import.source("./a.wasm?other")));
                "#,
            ),
        ],
        "true true true false\nfunction false true",
    );
}

fn dependencies_are_not_loaded<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[
            ("add.wasm", ADD),
            (
                "main.js",
                r#"
                import source add from "./add.wasm";
                console.log(add instanceof WebAssembly.Module);
                try { await import("./add.wasm"); } catch (e) { console.log(e.name); }
                console.log(await import.source("./add.wasm") === add);
                "#,
            ),
        ],
        "true\nTypeError\ntrue",
    );
}

fn reads_the_syntax_of_others<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[
            ("a.wasm", "(module)"),
            ("default.js", "export default 'default'; export const named = 'named';"),
            (
                "main.js",
                "
                import source from './default.js';
                import /* source */ x, { named } from './default.js'
                import source /* a */ // b
                  from
                  from /* c */
                  \"./a.w\\u{61}sm\" /* d */
                import\tsource\tsource2\tfrom\t'./a.wasm'
                import source y from'./a.wasm';
                const text = 'import.source(1)', pattern = /import.source(1)/, template = `import source z from 'z' ${
                  await import . // e
                  source /* f */ ( './a.wasm', { with: {} } , ) === from }`;
                console.log(source, x, named, from === source2, y === from, text.length, pattern.source.length, template);
                console.log({ import: { source: (x) => x + 1 } }.import.source(1));
                ",
            ),
        ],
        "default default named true true 16 16 import source z from 'z' true\n2",
    );
}

fn calls_convert_their_arguments<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[
            ("a.wasm", "(module)"),
            (
                "main.js",
                r#"
                const order = [];
                const specifier = { toString() { order.push("toString"); return "./a.wasm"; } };
                const options = { get with() { order.push("with"); return { get type() { order.push("type"); return "nothing"; } }; } };
                const kind = async (promise) => {
                  if (!(promise instanceof Promise)) return "no promise";
                  try { return (await promise).constructor.name; } catch (e) { return e.name ?? e; }
                };
                console.log(await kind(import.source(specifier)), await kind(import.source(specifier, undefined)));
                console.log(await kind(import.source({ toString() { throw "thrown"; } })), await kind(import.source(Symbol())));
                console.log(await kind(import.source(specifier, 1)), await kind(import.source(specifier, { with: null })));
                console.log(await kind(import.source("./a.wasm", { with: { type: 1 } })), await kind(import.source("./a.wasm", { with: { odd: "1" } })));
                order.length = 0;
                console.log(await kind(import.source(specifier, options)), order.join());
                let thrown;
                try { import.source((() => { throw "before"; })()); } catch (e) { thrown = e; }
                console.log(thrown);
                "#,
            ),
        ],
        "Module Module\nthrown TypeError\nTypeError TypeError\nTypeError SyntaxError\nTypeError toString,with,type\nbefore",
    );
}

fn what_has_no_source<J: JsHost, W: WasmEngine>() {
    let folder = Folder::new(&[
        ("x.js", "throw new Error('evaluated')"),
        ("data.json", "{}"),
        ("reserved.wasm", r#"(module (func (export "wasm:x")))"#),
        (
            "main.js",
            r#"
            const kind = async (promise) => {
              try { return (await promise).constructor.name; } catch (e) { return e.name; }
            };
            console.log(await kind(import.source("./x.js")), await kind(import.source("./data.json", { with: { type: "json" } })));
            console.log(await kind(import.source("./none.wasm")), await kind(import("./static.js")));
            console.log(await kind(import.source("./broken.wasm")), await kind(import.source("./broken.wasm")));
            console.log(await kind(import("./static_broken.js")), await kind(import.source("./reserved.wasm")));
            "#,
        ),
        ("static.js", "import source x from './x.js';"),
        ("static_broken.js", "import source x from './broken.wasm';"),
    ]);
    folder.write_bytes("broken.wasm", b"\0asm\x01\0\0\0\xff");
    let (result, output) = folder.run::<J, W>();
    result.unwrap();
    assert_eq!(
        output,
        "SyntaxError SyntaxError\nTypeError SyntaxError\nCompileError CompileError\nCompileError LinkError\n"
    );
}

fn cannot_be_patched<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[
            ("a.wasm", "(module)"),
            (
                "main.js",
                r#"
                import.meta.source = import.meta.resolve = () => { throw "patched"; };
                globalThis.Promise = globalThis.source = undefined;
                Object.prototype.source = 1;
                Function.prototype.call = Function.prototype.apply = undefined;
                const $00000 = () => { throw "called"; };
                console.log((await import.source("./a.wasm")) instanceof WebAssembly.Module);
                console.log(Object.getOwnPropertyNames(globalThis).filter((name) => name.startsWith("$")).length);
                "#,
            ),
        ],
        "true\n0",
    );
}

fn works_in_cycles<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[
            ("a.wasm", "(module)"),
            (
                "main.js",
                "import './b.js'; export function early() { return import.source('./a.wasm'); }",
            ),
            (
                "b.js",
                "import { early } from './main.js'; early().then((m) => console.log(m instanceof WebAssembly.Module));",
            ),
        ],
        "true",
    );
}

/// The line and the column where an error says it is.
#[track_caller]
fn place_of<J: JsHost, W: WasmEngine>(text: &str) -> (String, String) {
    let error = fails::<J, W>(&[("a.wasm", "(module)"), ("main.js", text)]);
    let digits = |text: &str| -> String {
        let end = text.find(|c: char| !c.is_ascii_digit());
        text[..end.unwrap_or(text.len())].to_owned()
    };
    // QuickJS: `at …/main.js:3:7`; Boa: `… at line 3, col 7 …`, or the same in stack traces.
    let stack = format!("{}\n{}", error.message(), error.stack());
    if let Some((_, place)) = stack.split_once("main.js:") {
        let (line, column) = place.split_once(':').unwrap();
        return (digits(line), digits(column));
    }
    let (_, place) = stack
        .split_once("at line ")
        .unwrap_or_else(|| panic!("{stack}"));
    let (line, column) = place.split_once(", col ").unwrap();
    (digits(line), digits(column))
}

fn errors_keep_their_places<J: JsHost, W: WasmEngine>() {
    // What follows is the same text without source phase imports, and each has one more error.
    let syntax = [
        (
            "import source a from './a.wasm'; let let;",
            "import x, { a } from './a.wasm'; let let;",
        ),
        (
            "import source a\n  from './a.wasm'; import.source('');\n\n  f(;",
            "import { aaaaa }\n  from './a.wasm'; import_source('');\n\n  f(;",
        ),
        (
            "await import.source('./a.wasm'); }",
            "await import_source('./a.wasm'); }",
        ),
    ];
    for (text, plain) in syntax {
        assert_eq!(place_of::<J, W>(text), place_of::<J, W>(plain), "{text}");
    }
    let text = "import source a from './a.wasm'; a; null.x";
    let plain = "import {__proto__ as a}from './b.js';null.x";
    let thrown = |text| {
        let files = [
            ("a.wasm", "(module)"),
            ("b.js", "export let __proto__"),
            ("main.js", text),
        ];
        let error = fails::<J, W>(&files);
        let stack = error.stack().to_owned();
        let end = stack
            .split_once("main.js:")
            .map(|(_, place)| place.to_owned());
        let place: Option<Vec<String>> = end.map(|place| {
            let parts = place.split([':', ')', '\n']).take(2);
            parts.map(str::to_owned).collect()
        });
        place
    };
    let (line, column) = match (thrown(text).as_deref(), thrown(plain).as_deref()) {
        (Some([line, column]), Some([plain_line, plain_column])) => {
            assert_eq!(line, plain_line);
            (column.parse::<usize>(), plain_column.parse::<usize>())
        }
        other => panic!("{other:?}"),
    };
    // The one has `a; ` more, the other is a character longer.
    assert_eq!(line.unwrap(), column.unwrap() - 1);
}

fn in_scripts<J: JsHost, W: WasmEngine>() {
    let folder = Folder::new(&[
        ("a.wasm", "(module)"),
        ("sub/a.wasm", "(module (func (export \"sub\")))"),
    ]);
    let (builder, output) = folder.builder::<J, W>();
    let mut runtime = builder.build().unwrap();
    let name = format!(
        "file://{}/sub/script.js",
        folder.path().canonicalize().unwrap().display()
    );
    for round in 0..3 {
        let text = format!(
            "var show = (m) => console.log({round}, WebAssembly.Module.exports(m).length);\n\
             var failed = (e) => console.log({round}, e.name);\n\
             import.source('./a.wasm').then(show); import . source('./none.wasm').then(show, failed);"
        );
        runtime.eval::<Value<J>>(&name, &text).unwrap();
    }
    runtime
        .eval::<Value<J>>("elsewhere", "import.source('./a.wasm').then(show)")
        .unwrap();
    runtime.run().unwrap();
    let mut lines: Vec<_> = output.text().lines().map(str::to_owned).collect();
    lines.sort_unstable();
    let expected = [
        "0 1",
        "0 TypeError",
        "1 1",
        "1 TypeError",
        "2 0",
        "2 1",
        "2 TypeError",
    ];
    assert_eq!(lines, expected);
    // One constant for each name of a script, which nobody can change.
    let names =
        "Object.getOwnPropertyNames(globalThis).filter((name) => /^\\$\\d/.test(name)).length";
    assert_eq!(runtime.eval::<i32>("names", names).unwrap(), 2);
    let patched = "globalThis.$00000 = 1; delete globalThis.$00000; typeof $00000";
    assert_eq!(
        runtime.eval::<String>("patched", patched).unwrap(),
        "function"
    );
    // A script that has the name itself is given another.
    let clash = "function $00000() {} typeof import.source('./a.wasm').then";
    assert!(runtime.eval::<String>(&name, clash).is_err());
    let shadow = "(function ($00000, $00001) { return typeof import.source('./a.wasm').then; })()";
    assert_eq!(runtime.eval::<String>(&name, shadow).unwrap(), "function");
    // Neither a declaration nor half a call is known here.
    for text in [
        "import source a from './a.wasm'",
        "import.source",
        "import.source`./a.wasm`",
    ] {
        let error = runtime.eval::<Value<J>>(&name, text).unwrap_err();
        assert!(error.to_string().starts_with("SyntaxError"), "{error}");
    }
}

fn of_supplied_modules<J: JsHost, W: WasmEngine>() {
    let wasm = wat::parse_str("(module (func (export \"f\") (result i32) i32.const 7))").unwrap();
    let mut runtime = Runtime::<J, W>::builder()
        .load_hook(move |specifier, _| match specifier {
            "w" => Some(ModuleSource::Wasm(wasm.clone().into())),
            "j" => Some(ModuleSource::JavaScript("export const j = 1;".into())),
            _ => None,
        })
        .build()
        .unwrap();
    runtime
        .run_source(
            "main.js",
            r#"
            import source w from "w";
            import { f } from "w";
            const e = await import.source("j").catch((e) => e);
            globalThis.seen = [w instanceof WebAssembly.Module, f(), e.name, (await import("j")).j].join();
            "#,
        )
        .unwrap();
    assert_eq!(
        runtime.eval::<String>("seen", "seen").unwrap(),
        "true,7,SyntaxError,1"
    );
}

fn compiles_once<J: JsHost, W: WasmEngine>() {
    let folder = Folder::new(&[
        ("a.wasm", "(module (func (export \"f\")))"),
        (
            "main.js",
            "import source s from './a.wasm'; import { f } from './a.wasm'; await import.source('./a.wasm'); f();",
        ),
    ]);
    let (builder, _) = folder.builder::<J, W>();
    let mut runtime = builder.build().unwrap();
    runtime.run_file(folder.path().join("main.js")).unwrap();
    let modules = runtime.modules();
    let wasm: Vec<_> = modules
        .iter()
        .filter(|module| module.key.ends_with(".wasm"))
        .collect();
    assert_eq!((modules.len(), wasm.len()), (2, 1), "{modules:?}");
}
