//! Exceptions, traps, and what goes wrong before code runs.

use sinew::{ErrorKind, JsHost, WasmEngine};

use crate::fixture::{Folder, fails, prints};

on_every_pair! {
    x2_exceptions_keep_their_identity,
    traps,
    trap_in_start,
    compile_errors_say_where,
    link_errors_say_what,
    engine_messages_are_equal,
    resolution_errors,
    uncaught_errors,
    rejections,
    jobs_survive_an_error,
    unsettled_await,
}

fn x2_exceptions_keep_their_identity<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[
            (
                "m.wasm",
                r#"(module (import "./js.js" "raise" (func $raise)) (func (export "run") call $raise))"#,
            ),
            (
                "js.js",
                "import { run } from './m.wasm'; export let next; export const set = (v) => { next = v; };\n\
                 export function raise() { if (next.deep > 0) { next = { ...next, deep: next.deep - 1 }; run(); } else throw next.value; }",
            ),
            (
                "main.js",
                r#"
                import { run } from "./m.wasm";
                import { set } from "./js.js";
                const values = [new Error("x"), {}, Object.freeze({}), undefined, null, 0, "text", Symbol("s"), 1n, new Proxy({}, {})];
                let same = 0, total = 0;
                for (const value of values) for (const deep of [0, 1, 5]) {
                  total++; set({ value, deep });
                  try { run(); console.log("returned"); } catch (e) { if (Object.is(e, value)) same++; }
                }
                for (let i = 0; i < 2000; i++) { const value = { i }; set({ value, deep: 0 }); try { run(); } catch (e) { total++; if (e === value) same++; } }
                console.log(same === total, total);
                "#,
            ),
        ],
        "true 2030",
    );
}

fn traps<J: JsHost, W: WasmEngine>() {
    let frames = match W::FEATURES.backtraces {
        true => "true",
        false => "false",
    };
    prints::<J, W>(
        &[
            (
                "m.wasm",
                r#"(module (memory 1) (table 1 funcref) (type $s (func))
                  (func $inner unreachable) (func (export "unreachable") call $inner)
                  (func (export "load") (result i32) i32.const -1 i32.load)
                  (func (export "div") (result i32) i32.const 1 i32.const 0 i32.div_s)
                  (func (export "overflow") (result i32) i32.const 0x80000000 i32.const -1 i32.div_s)
                  (func (export "trunc") (result i32) f64.const nan i32.trunc_f64_s)
                  (func (export "null") i32.const 0 call_indirect (type $s))
                  (func (export "bounds") i32.const 7 call_indirect (type $s))
                  (func $r (export "recurse") call $r))"#,
            ),
            (
                "main.js",
                r#"
                import * as m from "./m.wasm";
                for (const name of ["unreachable", "load", "div", "overflow", "trunc", "null", "bounds"]) {
                  try { m[name](); } catch (e) { console.log(name, e instanceof WebAssembly.RuntimeError, e.name, e.message); }
                }
                try { m.recurse(); } catch (e) { console.log(e instanceof RangeError, e.message); }
                try { m.unreachable(); } catch (e) { console.log(/inner.*wasm-function\[0\]/.test(e.stack)); }
                console.log(m.load.length);
                "#,
            ),
        ],
        &format!(
            "unreachable true RuntimeError unreachable\n\
             load true RuntimeError out of bounds memory access\n\
             div true RuntimeError integer divide by zero\n\
             overflow true RuntimeError integer overflow\n\
             trunc true RuntimeError invalid conversion to integer\n\
             null true RuntimeError uninitialized element\n\
             bounds true RuntimeError out of bounds table access\n\
             true Maximum call stack size exceeded\n{frames}\n0"
        ),
    );
}

fn trap_in_start<J: JsHost, W: WasmEngine>() {
    let error = fails::<J, W>(&[
        ("m.wasm", "(module (func $f unreachable) (start $f))"),
        ("main.js", "import './m.wasm';"),
    ]);
    assert_eq!(error.to_string(), "RuntimeError: unreachable");
}

fn compile_errors_say_where<J: JsHost, W: WasmEngine>() {
    let folder = Folder::new(&[(
        "main.js",
        r#"
        for (const file of ["type.wasm", "truncated.wasm", "magic.wasm", "empty.wasm"]) {
          try { await import("./" + file); } catch (e) { console.log(e instanceof WebAssembly.CompileError, e.message.replace(/^.*\//, "")); }
        }
        "#,
    )]);
    // A function that returns an i64 where it says i32.
    let bad =
        b"\0asm\x01\0\0\0\x01\x05\x01\x60\0\x01\x7f\x03\x02\x01\0\x0a\x06\x01\x04\0\x42\0\x0b";
    folder.write_bytes("type.wasm", bad);
    folder.write_bytes("truncated.wasm", &bad[..12]);
    folder.write_bytes("magic.wasm", b"not wasm at all");
    folder.write_bytes("empty.wasm", b"");
    let (result, output) = folder.run::<J, W>();
    result.unwrap();
    let lines: Vec<_> = output.lines().collect();
    assert_eq!(lines.len(), 4, "{output}");
    for (line, file) in lines.iter().zip(["type", "truncated", "magic", "empty"]) {
        assert!(line.starts_with(&format!("true {file}.wasm: ")), "{line}");
        assert!(line.contains("byte offset 0x"), "{line}");
    }
    assert!(lines[0].contains("type mismatch"), "{}", lines[0]);
    assert!(lines[0].contains("0x1a"), "{}", lines[0]);
}

fn link_errors_say_what<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[
            (
                "func.wasm",
                r#"(module (import "./env.js" "number" (func (param i32) (result i32))))"#,
            ),
            (
                "memory.wasm",
                r#"(module (import "./env.js" "number" (memory 1 2)))"#,
            ),
            (
                "table.wasm",
                r#"(module (import "./env.js" "text" (table 1 funcref)))"#,
            ),
            (
                "global.wasm",
                r#"(module (import "./env.js" "text" (global i32)))"#,
            ),
            (
                "big.wasm",
                r#"(module (import "./env.js" "number" (global i64)))"#,
            ),
            (
                "sig.wasm",
                r#"(module (import "./lib.wasm" "f" (func (param i64) (result i32))))"#,
            ),
            (
                "small.wasm",
                r#"(module (import "./lib.wasm" "m" (memory 5)))"#,
            ),
            (
                "mut.wasm",
                r#"(module (import "./lib.wasm" "g" (global (mut i32))))"#,
            ),
            ("kind.wasm", r#"(module (import "./lib.wasm" "m" (func)))"#),
            (
                "lib.wasm",
                r#"(module (func (export "f") (param i32)) (memory (export "m") 1 2) (global (export "g") i32 (i32.const 1)))"#,
            ),
            ("env.js", "export const number = 5, text = 'x';"),
            (
                "main.js",
                r#"
                for (const file of ["func", "memory", "table", "global", "big", "sig", "small", "mut", "kind"]) {
                  try { await import(`./${file}.wasm`); console.log("linked"); }
                  catch (e) { console.log(e instanceof WebAssembly.LinkError, e.message.replace(/^.*\//, "").replace(/^\S*"\.\/|^/, "")); }
                }
                "#,
            ),
        ],
        "true env.js\": expected function (i32) -> (i32), found a number\n\
         true env.js\": expected memory of 1..=2 pages, found a number\n\
         true env.js\": expected table of 1.. elements funcref, found a string\n\
         true env.js\": expected immutable global i32, found a string\n\
         true env.js\": expected immutable global i64, found a number\n\
         true lib.wasm\": expected function (i64) -> (i32), found function (i32) -> ()\n\
         true lib.wasm\": expected memory of 5.. pages, found memory of 1..=2 pages\n\
         true lib.wasm\": expected mutable global i32, found immutable global i32\n\
         true lib.wasm\": expected function () -> (), found memory of 1..=2 pages",
    );
    let error = fails::<J, W>(&[
        ("m.wasm", r#"(module (import "./env.js" "n" (func)))"#),
        ("env.js", "export const n = 1;"),
        ("main.js", "import './m.wasm';"),
    ]);
    assert_eq!(
        error.kind(),
        &ErrorKind::Exception {
            class: "LinkError".into()
        }
    );
    assert!(
        error
            .message()
            .contains("/m.wasm: import \"n\" from \"./env.js\""),
        "{error}"
    );
}

fn engine_messages_are_equal<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[(
            "main.js",
            r#"
            import { throws } from "./assert.js";
            const e = throws(() => new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 1, 1])), WebAssembly.CompileError);
            console.log(e.message);
            throws(() => new WebAssembly.Module(5), TypeError);
            throws(() => new WebAssembly.Instance({}), TypeError);
            throws(() => WebAssembly.Module(new Uint8Array(8)), TypeError, "new");
            console.log(await WebAssembly.compile(new Uint8Array(8)).catch((e) => e instanceof WebAssembly.CompileError));
            "#,
        )],
        "WebAssembly.Module: unexpected end-of-file (at byte offset 0xa)\ntrue",
    );
}

fn resolution_errors<J: JsHost, W: WasmEngine>() {
    let outside = Folder::new(&[("secret.js", "export const secret = 1;")]);
    let folder = Folder::new(&[
        ("math.wasm", "(module)"),
        (
            "main.js",
            "try { await import('./mth.wasm'); } catch (e) { console.log(e.message); }",
        ),
    ]);
    let (result, output) = folder.run::<J, W>();
    result.unwrap();
    assert!(
        output.contains("mth.wasm") && output.contains("./math.wasm"),
        "{output}"
    );
    let url = format!("file://{}/secret.js", outside.path().display());
    folder.write(
        "main.js",
        &format!("import {{ secret }} from {url:?}; console.log(secret);"),
    );
    let (result, output) = folder.run::<J, W>();
    let message = result.unwrap_err().to_string();
    assert_eq!(output, "");
    let root = folder.path().canonicalize().unwrap();
    assert!(message.contains("--root"), "{message}");
    assert!(message.contains(&*root.to_string_lossy()), "{message}");
}

fn uncaught_errors<J: JsHost, W: WasmEngine>() {
    let error = fails::<J, W>(&[(
        "main.js",
        "function deep() { throw new RangeError('too far'); }\ndeep();",
    )]);
    assert_eq!(error.to_string(), "RangeError: too far");
    assert!(
        error.stack().contains("deep") && error.stack().contains("main.js"),
        "{}",
        error.stack()
    );
    let error = fails::<J, W>(&[("main.js", "throw 'just text';")]);
    assert_eq!(error.to_string(), "uncaught just text");
    let error = fails::<J, W>(&[("main.js", "let x = ;")]);
    assert!(error.to_string().starts_with("SyntaxError"), "{error}");
    let error = fails::<J, W>(&[(
        "main.js",
        "setTimeout(() => { throw new TypeError('late'); }, 1);",
    )]);
    assert_eq!(error.to_string(), "TypeError: late");
    let error = fails::<J, W>(&[(
        "main.js",
        "queueMicrotask(() => { throw new TypeError('job'); });",
    )]);
    assert_eq!(error.to_string(), "TypeError: job");
}

fn rejections<J: JsHost, W: WasmEngine>() {
    let error = fails::<J, W>(&[("main.js", "Promise.reject(new Error('nobody'));")]);
    assert_eq!(error.to_string(), "Error: nobody");
    prints::<J, W>(
        &[(
            "main.js",
            "const p = Promise.reject(new Error('late')); queueMicrotask(() => p.catch((e) => console.log(e.message)));",
        )],
        "late",
    );
}

fn jobs_survive_an_error<J: JsHost, W: WasmEngine>() {
    let folder = Folder::new(&[(
        "main.js",
        "queueMicrotask(() => { throw new Error('first'); }); queueMicrotask(() => console.log('second'));",
    )]);
    let (builder, output) = folder.builder::<J, W>();
    let mut runtime = builder.build().unwrap();
    let error = runtime.run_file(folder.path().join("main.js")).unwrap_err();
    assert_eq!(error.to_string(), "Error: first");
    runtime.run().unwrap();
    assert_eq!(output.text(), "second\n");
}

fn unsettled_await<J: JsHost, W: WasmEngine>() {
    let error = fails::<J, W>(&[("main.js", "await new Promise(() => {});")]);
    assert_eq!(error.kind(), &ErrorKind::Unsettled);
}
