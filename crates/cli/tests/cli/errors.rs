//! What goes wrong, and how it is told.

use std::path::Path;

use super::{ADD, Ran, engines, fails, folder, on_every_pair, pairs, run_in, sinew};

#[test]
fn syntax_error() {
    let files = [("main.js", "let a = 1;\nlet b = ;")];
    fails(&files, &["main.js"], &["Uncaught SyntaxError: "]);
    // Where it is.
    on_every_pair(&files, &["main.js"], |pair, ran| {
        let position = ["main.js:2", "line 2"];
        assert!(
            position.iter().any(|at| ran.stderr.contains(at)),
            "{pair:?}: {ran:?}"
        );
    });
}

#[test]
fn uncaught_error() {
    let main = "function thrower() { throw new TypeError('it broke') }\n\nthrower();";
    on_every_pair(&[("main.js", main)], &["main.js"], |pair, ran| {
        assert_eq!(ran.status, Some(1), "{pair:?}");
        assert_eq!(ran.stdout, "", "{pair:?}");
        let lines: Vec<_> = ran.stderr.lines().collect();
        assert_eq!(lines[0], "Uncaught TypeError: it broke", "{pair:?}");
        assert!(
            lines[1].starts_with("    at thrower (file://"),
            "{pair:?}: {}",
            lines[1]
        );
        assert!(lines[1].contains("/main.js:1"), "{pair:?}: {}", lines[1]);
        assert!(
            lines[2..].iter().all(|line| line.starts_with("    at ")),
            "{pair:?}"
        );
        assert!(ran.stderr.contains("/main.js:3"), "{pair:?}");
        assert_eq!(ran.stderr.matches("it broke").count(), 1, "{pair:?}");
    });
}

#[test]
fn uncaught_values() {
    fails(
        &[("main.js", "throw 'a string'")],
        &["main.js"],
        &["Uncaught a string\n"],
    );
    fails(
        &[("main.js", "throw null")],
        &["main.js"],
        &["Uncaught null\n"],
    );
    fails(
        &[("main.js", "throw Symbol('s')")],
        &["main.js"],
        &["Uncaught a symbol\n"],
    );
    let escape = "throw new Error('\\x1b[2J\\nsecond line')";
    let expected = ["Uncaught Error: \\x1b[2J\nsecond line\n"];
    fails(&[("main.js", escape)], &["main.js"], &expected);
}

#[test]
fn rejections() {
    let later =
        "setTimeout(() => { console.log('timer'); Promise.reject(new RangeError('late')) })";
    on_every_pair(&[("main.js", later)], &["main.js"], |pair, ran| {
        assert_eq!((ran.status, &*ran.stdout), (Some(1), "timer\n"), "{pair:?}");
        assert!(
            ran.stderr.starts_with("Uncaught RangeError: late\n"),
            "{pair:?}: {ran:?}"
        );
    });
    let awaited = "await Promise.reject(new Error('awaited'))";
    fails(
        &[("main.js", awaited)],
        &["main.js"],
        &["Uncaught Error: awaited\n"],
    );
    let timer = "setTimeout(() => { throw new Error('in a timer') })";
    fails(
        &[("main.js", timer)],
        &["main.js"],
        &["Uncaught Error: in a timer\n"],
    );
    let handled = "const p = Promise.reject(1); p.catch(() => console.log('handled'))";
    super::prints(&[("main.js", handled)], &["main.js"], "handled\n");
}

#[test]
fn await_that_never_ends() {
    fails(
        &[("main.js", "await new Promise(() => {})")],
        &["main.js"],
        &["never settle"],
    );
}

#[test]
fn script_errors() {
    let files = [("a.cjs", "\nnull.x")];
    fails(&files, &["a.cjs"], &["Uncaught TypeError: ", "/a.cjs:2"]);
    fails(
        &files,
        &["-e", "throw new Error('evaluated')"],
        &["Uncaught Error: evaluated\n"],
    );
    fails(
        &files,
        &["--script", "-e", "throw new Error('here')"],
        &["Uncaught Error: here\n"],
    );
}

#[test]
fn missing_files() {
    fails(
        &[],
        &["nothing.js"],
        &["sinew: ", "nothing.js", "not found"],
    );
    fails(&[], &["--script", "nothing.js"], &["sinew: ", "nothing.js"]);
    fails(&[("main.js", "")], &["mian.js"], &["mian.js"]);
    fails(
        &[("main.js", "")],
        &["--root", "nowhere", "main.js"],
        &["nowhere"],
    );
    let import = [("main.js", "import './lost.js'")];
    fails(
        &import,
        &["main.js"],
        &["Uncaught TypeError: ", "./lost.js", "main.js"],
    );
    let near = [("main.js", "import './utils.js'"), ("util.js", "")];
    fails(&near, &["main.js"], &["./util.js"]);
}

#[test]
fn files_that_are_no_text() {
    let folder = folder(&[]);
    std::fs::write(folder.path().join("a.js"), b"// \xff").unwrap();
    for pair in pairs() {
        for args in [&["a.js"][..], &["--script", "a.js"]] {
            let ran = run_in(folder.path(), &pair, args);
            assert_eq!(ran.status, Some(1), "{pair:?}");
            assert!(ran.stderr.contains("UTF-8"), "{pair:?}: {ran:?}");
        }
    }
}

#[test]
fn missing_export() {
    let files = [
        ("main.js", "import { nope } from './a.js'"),
        ("a.js", "export const a = 1"),
    ];
    fails(&files, &["main.js"], &["Uncaught SyntaxError: ", "nope"]);
    let files = [
        ("main.js", "import { nope } from './add.wasm'"),
        ("add.wasm", ADD),
    ];
    fails(&files, &["main.js"], &["Uncaught SyntaxError: ", "nope"]);
}

#[test]
fn malformed_wasm() {
    let folder = folder(&[("main.js", "import './bad.wasm'")]);
    std::fs::write(folder.path().join("bad.wasm"), b"\0asm\x01\0\0\0\x01\x05").unwrap();
    for pair in pairs() {
        let ran = run_in(folder.path(), &pair, &["main.js"]);
        assert_eq!(ran.status, Some(1), "{pair:?}");
        for text in ["Uncaught CompileError: ", "bad.wasm", "byte offset 0xa"] {
            assert!(ran.stderr.contains(text), "{pair:?}: {ran:?}");
        }
    }
}

#[test]
fn invalid_wasm() {
    let files = [
        ("main.js", "import './bad.wasm'"),
        ("bad.wasm", "(module (func i32.add))"),
    ];
    fails(
        &files,
        &["main.js"],
        &["Uncaught CompileError: ", "bad.wasm", "byte offset 0x"],
    );
}

#[test]
fn link_error() {
    let wasm = r#"(module (import "./env.js" "log" (func (param i32))))"#;
    let files = [
        ("main.js", "import './m.wasm'"),
        ("m.wasm", wasm),
        ("env.js", "export const log = 5"),
    ];
    let expected = [
        "Uncaught LinkError: ",
        "m.wasm: import \"log\" from \"./env.js\": expected function (i32) -> (), found",
    ];
    fails(&files, &["main.js"], &expected);
}

#[test]
fn trap() {
    let wasm = r#"(module (func $inner unreachable) (func (export "run") call $inner))"#;
    let files = [
        ("main.js", "import { run } from './m.wasm'; run()"),
        ("m.wasm", wasm),
    ];
    fails(
        &files,
        &["main.js"],
        &["Uncaught RuntimeError: unreachable", "/main.js:1"],
    );
}

#[test]
fn outside_the_root() {
    let files = [
        ("in/main.js", "import '../secret.js'"),
        ("secret.js", "console.log(1)"),
    ];
    on_every_pair(&files, &["in/main.js"], |pair, ran| {
        assert_eq!((ran.status, &*ran.stdout), (Some(1), ""), "{pair:?}");
        for text in ["../secret.js", "outside the import root", "/in;", "--root"] {
            assert!(ran.stderr.contains(text), "{pair:?}: no {text} in {ran:?}");
        }
    });
    super::prints(&files, &["--root", ".", "in/main.js"], "1\n");
}

#[test]
fn wrong_usage() {
    let run = |args: &[&str]| -> Ran { sinew(Path::new(".")).args(args).output().unwrap().into() };
    for args in [
        &[][..],
        &["run"],
        &["run", "--nope", "a.js"],
        &["run", "--js", "v8", "a.js"],
        &["run", "--timeout", "soon", "a.js"],
        &["run", "--max-memory", "1T", "a.js"],
        &["inspect"],
    ] {
        let ran = run(args);
        assert_eq!((ran.status, &*ran.stdout), (Some(2), ""), "{args:?}");
        assert!(
            ran.stderr.contains("--help") || ran.stderr.contains("Usage: sinew"),
            "{args:?}: {ran:?}"
        );
    }
}

#[test]
fn engines_that_are_not_compiled_in() {
    let engines = engines();
    for (flag, side, all) in [
        ("--js", "js", ["quickjs", "boa"]),
        ("--wasm", "wasm", ["wasmtime", "wasmi"]),
    ] {
        let has: Vec<_> = engines[side]
            .as_array()
            .unwrap()
            .iter()
            .map(|e| &e["name"])
            .collect();
        for name in all
            .into_iter()
            .filter(|name| has.iter().all(|has| *has != name))
        {
            let mut command = sinew(Path::new("."));
            let ran: Ran = command
                .args(["run", flag, name, "-e", "0"])
                .output()
                .unwrap()
                .into();
            assert_eq!(ran.status, Some(2), "{ran:?}");
            let expected =
                format!("sinew: {name} is not compiled in: build with `--features {name}`");
            assert!(ran.stderr.starts_with(&expected), "{ran:?}");
        }
    }
}
