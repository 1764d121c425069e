//! What is told of modules that cannot be loaded.

use sinew::{JsHost, WasmEngine};

use crate::fixture::{Folder, fails};

on_every_pair! {
    commonjs_files,
    commonjs_packages,
    node_builtins,
    missing_globals,
    slips_are_no_globals,
    errors_have_codes,
}

/// The message of running `main.js`, with the folder's name replaced.
fn message<J: JsHost, W: WasmEngine>(files: &[(&str, &str)]) -> String {
    let folder = Folder::new(files);
    let error = folder.run::<J, W>().0.unwrap_err();
    let path = folder.path().canonicalize().unwrap();
    error.to_string().replace(path.to_str().unwrap(), "ROOT")
}

const OTHERWISE: &str = "which Sinew does not run; look for an ES module build of it, or make one with a \
                         bundler, and map";

fn commonjs_files<J: JsHost, W: WasmEngine>() {
    let found = message::<J, W>(&[
        ("main.js", "import './a.cjs'"),
        ("a.cjs", "module.exports = 1"),
    ]);
    assert_eq!(
        found,
        format!(
            "TypeError: module \"./a.cjs\" imported from file://ROOT/main.js: ROOT/a.cjs is CommonJS (by its \
             name, .cjs), {OTHERWISE} \"./a.cjs\" to that (--import-map FILE)"
        )
    );
    let syntax = "no ES module syntax, but module.exports, exports, require or the like";
    for text in [
        "module.exports = 1",
        "exports.a = 1; // import 'x'",
        "const fs = require('fs')",
        "console.log(__dirname)",
        "(function (root, f) { typeof exports === 'object' ? f(exports) : f(root) })(this, (e) => {})",
    ] {
        let found = message::<J, W>(&[("main.js", "import './a.js'"), ("a.js", text)]);
        assert!(
            found.contains(&format!("ROOT/a.js is CommonJS ({syntax})")),
            "{found}"
        );
    }
    // A cycle of imports, an import that is not static, and one from a wasm file.
    let found = message::<J, W>(&[
        (
            "main.js",
            "await import('./b.js').catch((e) => { throw e })",
        ),
        ("b.js", "import './a.wasm'; export {}"),
        ("a.wasm", r#"(module (import "./c.cjs" "f" (func)))"#),
        ("c.cjs", "exports.f = () => {}"),
    ]);
    assert!(
        found.contains("module \"./c.cjs\" imported from file://ROOT/a.wasm"),
        "{found}"
    );
    // What has no ES module syntax is a SyntaxError where it says that it is one.
    let error = fails::<J, W>(&[
        ("main.mjs", ""),
        ("main.js", "import './a.mjs'"),
        ("a.mjs", "require('x')"),
    ]);
    assert!(error.to_string().starts_with("ReferenceError"), "{error}");
}

fn commonjs_packages<J: JsHost, W: WasmEngine>() {
    let package = |json| {
        message::<J, W>(&[
            ("main.js", "import lib from 'lib'"),
            ("node_modules/lib/package.json", json),
            ("node_modules/lib/lib.js", "exports.lib = 1"),
            ("node_modules/lib/esm.mjs", "export const lib = 1"),
        ])
    };
    let request = "module \"lib\" imported from file://ROOT/main.js";
    assert_eq!(
        package(r#"{"name":"lib","version":"1.2.3","main":"lib.js"}"#),
        format!(
            "TypeError: {request}: ROOT/node_modules/lib/lib.js of the package lib 1.2.3 is CommonJS (no ES \
             module syntax, but module.exports, exports, require or the like), {OTHERWISE} \"lib\" to that \
             (--import-map FILE)"
        )
    );
    assert_eq!(
        package(
            r#"{"name":"lib","version":"1.2.3","type":"commonjs","main":"lib.js","module":"./esm.mjs"}"#
        ),
        format!(
            "TypeError: {request}: ROOT/node_modules/lib/lib.js of the package lib 1.2.3 is CommonJS (its \
             package.json says \"type\": \"commonjs\"), which Sinew does not run; the package has an ES \
             module build, ROOT/node_modules/lib/esm.mjs: map \"lib\" to it (--import-map FILE)"
        )
    );
    let found = package(r#"{"name":"lib","version":"1.2.3","exports":{"require":"./lib.js"}}"#);
    assert!(
        found.contains("lib of the package lib 1.2.3 does not export \".\" under"),
        "{found}"
    );
    assert!(
        found.contains("; it has require (--conditions NAME)"),
        "{found}"
    );
}

fn node_builtins<J: JsHost, W: WasmEngine>() {
    for (specifier, name) in [
        ("node:fs", "node:fs"),
        ("fs", "node:fs"),
        ("fs/promises", "node:fs/promises"),
        ("worker_threads", "node:worker_threads"),
    ] {
        let import = format!("import x from {specifier:?}");
        let found = message::<J, W>(&[
            ("main.js", "import 'lib'"),
            (
                "node_modules/lib/package.json",
                r#"{"name":"@s/lib","version":"1.2.3","type":"module","main":"lib.js"}"#,
            ),
            ("node_modules/lib/lib.js", &import),
        ]);
        assert_eq!(
            found,
            format!(
                "TypeError: module {specifier:?} imported from file://ROOT/node_modules/lib/lib.js in the \
                 package @s/lib 1.2.3: {name} is built into Node.js, and Sinew has none of Node's modules; \
                 look for a build without it (--conditions browser), or map {specifier:?} to a module of \
                 your own (--import-map FILE)"
            )
        );
    }
    let files = [(
        "main.js",
        "await import('fs').catch((e) => { throw new Error(e.code) })",
    )];
    let error = fails::<J, W>(&files);
    assert_eq!(error.message(), "ERR_UNKNOWN_BUILTIN_MODULE");
}

fn missing_globals<J: JsHost, W: WasmEngine>() {
    let run = |text: &str| {
        let folder = Folder::new(&[
            ("main.js", "import { f } from 'lib'; f();"),
            (
                "node_modules/lib/package.json",
                r#"{"name":"lib","version":"1.2.3","main":"lib/x.mjs"}"#,
            ),
            ("node_modules/lib/lib/x.mjs", text),
        ]);
        let error = folder.run::<J, W>().0.unwrap_err();
        let path = folder.path().canonicalize().unwrap();
        let missing = error.missing_global().cloned();
        missing.map(|missing| {
            let text = missing.to_string();
            (missing, text.replace(path.to_str().unwrap(), "ROOT"))
        })
    };
    let by = ", which the package lib 1.2.3 uses (file://ROOT/node_modules/lib/lib/x.mjs),";
    for (name, expected) in [
        (
            "Buffer",
            "is part of Node.js, which Sinew is not; look for a build without it (--conditions browser)",
        ),
        (
            "process",
            "is part of Node.js, which Sinew is not; look for a build without it (--conditions browser)",
        ),
        (
            "require",
            "is part of CommonJS modules; ES modules have import, export and import.meta",
        ),
        (
            "__dirname",
            "is part of CommonJS modules; ES modules have import, export and import.meta",
        ),
        (
            "document",
            "is part of the documents of browsers; here is none",
        ),
        (
            "Worker",
            "is part of the workers of browsers; here are none",
        ),
        (
            "XMLHttpRequest",
            "is part of the network and storage of browsers; here are none",
        ),
        ("whatever", "is not a global here"),
    ] {
        for text in [
            format!("export const f = () => {name}.x;"),
            format!("export const f = () => new {name}();"),
            format!("export const f = async () => {{ await null; {name}('x'); }};"),
            format!("export const f = 1; {name};"),
        ] {
            let (missing, shown) = run(&text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(shown, format!("{name}{by} {expected}"), "{text}");
            assert_eq!(missing.name(), name);
            assert_eq!(missing.package(), Some("lib"));
            assert_eq!(missing.package_version(), Some("1.2.3"));
            assert!(missing.file().unwrap().ends_with("/lib/x.mjs"));
            assert_eq!(missing.part_of().is_none(), name == "whatever");
        }
    }
    for text in [
        "export const f = () => typeof Buffer.x.y",
        "export const f = () => { try { Buffer } catch {} null.x }",
        "export const f = () => { throw new Error('Buffer is not defined') }",
    ] {
        let found = run(text).map(|(missing, _)| missing);
        assert_eq!(
            found.is_some(),
            text.contains("typeof"),
            "{text}: {found:?}"
        );
    }
}

fn slips_are_no_globals<J: JsHost, W: WasmEngine>() {
    let error = fails::<J, W>(&[("main.js", "bufer.from('x')")]);
    assert!(error.missing_global().is_none());
    let error = fails::<J, W>(&[("main.js", "Buffer.from('x')")]);
    let missing = error.missing_global().unwrap();
    assert_eq!((missing.name(), missing.package()), ("Buffer", None));
    assert!(missing.to_string().starts_with("Buffer is part of Node.js"));
}

fn errors_have_codes<J: JsHost, W: WasmEngine>() {
    crate::fixture::prints::<J, W>(
        &[
            ("package.json", r#"{"exports":{},"name":"app"}"#),
            ("node_modules/p/package.json", r#"{"exports":{}}"#),
            ("node_modules/q/package.json", "{"),
            ("dir/x.js", ""),
            (
                "main.js",
                r#"
                for (const s of ["./none.js", "none", "p", "q", "fs", "./dir", "./a\\b", "../x.js"]) {
                  await import(s).catch((e) => console.log(e.name, e.code, Object.hasOwn(e, "code")));
                }
                "#,
            ),
        ],
        "TypeError ERR_MODULE_NOT_FOUND true\nTypeError ERR_MODULE_NOT_FOUND true\n\
         TypeError ERR_PACKAGE_PATH_NOT_EXPORTED true\nTypeError ERR_INVALID_PACKAGE_CONFIG true\n\
         TypeError ERR_UNKNOWN_BUILTIN_MODULE true\nTypeError ERR_UNSUPPORTED_DIR_IMPORT true\n\
         TypeError ERR_INVALID_MODULE_SPECIFIER true\nTypeError undefined false",
    );
}
