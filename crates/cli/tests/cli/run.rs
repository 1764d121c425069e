//! What runs, and in which order.

use std::process::Stdio;

use super::{ADD, folder, on_every_pair, pairs, prints, run_in, sinew};

#[test]
fn imports_wasm_statically_and_dynamically() {
    let main = r#"
        import { add } from "./lib/add.wasm";
        console.log(add(20, 22));
        const same = await import("./lib/add.wasm");
        console.log(same.add === add, Object.keys(same).join());
    "#;
    let files = [("main.mjs", main), ("lib/add.wasm", ADD)];
    prints(&files, &["main.mjs"], "42\ntrue add,spin\n");
}

#[test]
fn imports_javascript_from_wasm() {
    let wasm = r#"(module
        (import "./env.js" "log" (func $log (param i32)))
        (func (export "run") i32.const 7 call $log))"#;
    let files = [
        ("main.js", "import { run } from './m.wat'; run();"),
        ("m.wat", wasm),
        (
            "env.js",
            "export const log = (x) => console.log('from wasm', x);",
        ),
    ];
    prints(&files, &["main.js"], "from wasm 7\n");
}

#[test]
fn runs_a_wasm_file() {
    let wasm = r#"(module
        (import "./env.js" "log" (func $log (param i64)))
        (func $start i64.const 7 call $log) (start $start))"#;
    let files = [
        ("m.wasm", wasm),
        ("env.js", "export const log = (x) => console.log(x);"),
    ];
    prints(&files, &["m.wasm"], "7n\n");
}

#[test]
fn runs_jobs_and_timers_until_nothing_is_left() {
    let main = r#"
        setTimeout(() => console.log("timer 900"), 900);
        setTimeout(() => {
            console.log("timer 5");
            Promise.resolve().then(() => console.log("job of timer 5"));
        }, 5);
        setTimeout(() => console.log("timer 10"), 10);
        queueMicrotask(() => console.log("microtask"));
        console.log("module");
        await new Promise((resolve) => setTimeout(resolve, 20));
        console.log("after 20");
    "#;
    let expected = "module\nmicrotask\ntimer 5\njob of timer 5\ntimer 10\nafter 20\ntimer 900\n";
    prints(&[("main.js", main)], &["main.js"], expected);
}

#[test]
fn runs_code_without_a_file() {
    let code = "import { add } from './add.wasm'; await null; console.log(add(1, 2), scriptArgs)";
    let files = [("add.wasm", ADD)];
    prints(&files, &["-e", code, "x", "-y"], "3 [ '-e', 'x', '-y' ]\n");
    // A program may begin with a minus.
    prints(&files, &["-e", "-console.log(1)"], "1\n");
    prints(
        &files,
        &["--script", "-e", "with ({ a: 1 }) console.log(a)"],
        "1\n",
    );
    let import = "import('./add.wasm').then(({ add }) => console.log(add(1, 2)))";
    prints(&files, &["--script", "-e", import], "3\n");
}

#[test]
fn evaluated_code_starts_from_the_root() {
    let files = [("lib/a.js", "export default 'from lib'")];
    let code = "import a from './a.js'; console.log(a)";
    prints(&files, &["--root", "lib", "-e", code], "from lib\n");
    let code = "import('./a.js').then((a) => console.log(a.default))";
    prints(
        &files,
        &["--root", "lib", "--script", "-e", code],
        "from lib\n",
    );
}

#[test]
fn runs_classic_scripts() {
    let script = "\
        var octal = 010, sloppy = (function () { return this === globalThis })();\n\
        import('./add.wasm').then((m) => console.log(octal, sloppy, m.add(1, 2)));";
    let files = [("a.js", script), ("b.cjs", script), ("add.wasm", ADD)];
    prints(&files, &["--script", "a.js"], "8 true 3\n");
    prints(&files, &["b.cjs"], "8 true 3\n");
    // A .js file is one where neither a package.json nor its syntax say otherwise.
    prints(&files, &["a.js"], "8 true 3\n");
}

#[test]
fn passes_arguments_on() {
    let files = [("main.js", "console.log(JSON.stringify(scriptArgs))")];
    let args = ["main.js", "--js", "a b", "-h", "--", "é\"\\"];
    let expected = "[\"main.js\",\"--js\",\"a b\",\"-h\",\"--\",\"é\\\"\\\\\"]\n";
    prints(&files, &args, expected);
}

#[test]
fn finds_modules_beneath_the_root() {
    let files = [
        ("package.json", "{}"),
        ("lib/a.js", "export default 1"),
        (
            "test/main.js",
            "import a from '../lib/a.js'; console.log(a)",
        ),
    ];
    // The folder with the package.json is the root without further ado.
    prints(&files, &["test/main.js"], "1\n");
    prints(&files, &["--root", ".", "test/main.js"], "1\n");
}

#[test]
fn keeps_output_and_errors_in_order() {
    let main = "console.log(1); console.error(2); console.log(3); null.x";
    let folder = folder(&[("main.js", main)]);
    for pair in pairs() {
        // Both in one pipe.
        let (mut reader, writer) = std::io::pipe().unwrap();
        let mut command = sinew(folder.path());
        command.args(["run", "--js", &pair.js, "--wasm", &pair.wasm, "main.js"]);
        command.stdout(writer.try_clone().unwrap()).stderr(writer);
        let mut child = command.spawn().unwrap();
        drop(command);
        let mut text = String::new();
        std::io::Read::read_to_string(&mut reader, &mut text).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(1));
        assert!(text.starts_with("1\n2\n3\nUncaught TypeError: "), "{text}");
    }
}

#[test]
fn ends_quietly_when_nobody_reads() {
    let main = "for (let i = 0; i < 100000; i++) console.log('a line that nobody reads', i)";
    let folder = folder(&[("main.js", main)]);
    for pair in pairs() {
        let mut command = sinew(folder.path());
        command.args(["run", "--js", &pair.js, "--wasm", &pair.wasm, "main.js"]);
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{pair:?}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{pair:?}");
    }
}

#[test]
fn prints_no_colours_into_a_pipe() {
    let files = [(
        "main.js",
        "console.log({ a: 1 }); console.error('\\x1b[31m'.length)",
    )];
    on_every_pair(&files, &["main.js"], |pair, ran| {
        assert_eq!(ran.stdout, "{ a: 1 }\n", "{pair:?}");
        assert_eq!(ran.stderr, "5\n", "{pair:?}");
    });
}

#[test]
fn recursion_has_a_deep_stack_and_an_end() {
    let main = r#"
        let depth = 0;
        const down = () => { depth++; down() };
        try { down() } catch (error) { console.log(error instanceof RangeError, depth > 500) }
    "#;
    let folder = folder(&[("main.js", main)]);
    for pair in pairs().into_iter().filter(|pair| pair.js == "quickjs") {
        let ran = run_in(folder.path(), &pair, &["main.js"]);
        assert_eq!(ran.stdout, "true true\n", "{pair:?}: {ran:?}");
    }
}

#[test]
fn tells_modules_by_their_syntax() {
    let files = [
        ("a.js", "export {}; console.log(this)"),
        ("b.js", "console.log(await 1, this)"),
        ("typed/package.json", r#"{ "type": "module" }"#),
        ("typed/c.js", "console.log(this)"),
        (
            "d.js",
            "import source add from './add.wasm'; console.log(WebAssembly.Module.exports(add).length)",
        ),
        (
            "e.js",
            "import.source('./add.wasm').then((add) => console.log(String(add), this === globalThis))",
        ),
        ("add.wasm", ADD),
    ];
    prints(&files, &["a.js"], "undefined\n");
    prints(&files, &["b.js"], "1 undefined\n");
    prints(&files, &["typed/c.js"], "undefined\n");
    prints(&files, &["d.js"], "2\n");
    prints(&files, &["e.js"], "[object WebAssembly.Module] true\n");
}
