//! `sinew inspect` and `sinew engines`.

use std::path::Path;

use super::{Ran, engines, folder, sinew};

const MODULE: &str = r#"(module
  (import "./env.js" "log" (func $log (param i32 externref)))
  (import "./env.js" "limit" (global i32))
  (import "./env.js" "heap" (memory 1 4))
  (memory $own 2)
  (table (export "table") 2 8 funcref)
  (global (export "count") (mut i64) (i64.const 0))
  (global (export "pi") f64 (f64.const 3.14))
  (func $add (export "add") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add)
  (func (export "two results") (param funcref) (result i64 externref) i64.const 0 ref.null extern)
  (export "memory" (memory $own))
  (func $init)
  (start $init)
  (@custom "note" "hello"))"#;

fn inspect(folder: &Path, args: &[&str]) -> Ran {
    sinew(folder)
        .arg("inspect")
        .args(args)
        .output()
        .unwrap()
        .into()
}

/// Without what depends on the features of this build.
fn before_engines(text: &str) -> &str {
    text.split("\nEngines in this build\n").next().unwrap()
}

#[test]
fn shows_a_module() {
    let folder = folder(&[("m.wat", MODULE)]);
    let ran = inspect(folder.path(), &["m.wat"]);
    assert_eq!((ran.status, &*ran.stderr), (Some(0), ""));
    insta::assert_snapshot!(before_engines(&ran.stdout));
    for engine in engines()["wasm"].as_array().unwrap() {
        let line = format!("  {}", engine["name"].as_str().unwrap());
        let mut lines = ran.stdout.lines();
        let line = lines.find(|shown| shown.starts_with(&line)).unwrap();
        assert!(line.ends_with("  runs it"), "{line}");
    }
}

#[test]
fn prints_json() {
    let folder = folder(&[("m.wat", MODULE), ("m.wasm", MODULE)]);
    let json = |file: &str| -> serde_json::Value {
        let ran = inspect(folder.path(), &["--json", file]);
        assert_eq!((ran.status, &*ran.stderr), (Some(0), ""));
        serde_json::from_str(&ran.stdout).unwrap()
    };
    let (mut text, mut binary) = (json("m.wat"), json("m.wasm"));
    assert_eq!(text["file"].take(), "m.wat");
    assert_eq!(binary["file"].take(), "m.wasm");
    assert_eq!(text, binary);
    let engines = text["engines"].take();
    assert_eq!(
        engines.as_array().unwrap().len(),
        super::engines()["wasm"].as_array().unwrap().len()
    );
    assert!(
        engines
            .as_array()
            .unwrap()
            .iter()
            .all(|engine| engine["supported"] == true)
    );
    insta::assert_snapshot!(serde_json::to_string_pretty(&text).unwrap());
}

#[test]
fn finds_the_proposals_that_a_module_needs() {
    let cases = [
        (
            "(module (func (param v128) (result i32) i32.const 0))",
            &[][..],
        ),
        ("(module (memory i64 1))", &["memory64"]),
        ("(module (memory 1) (memory 1))", &["multiple memories"]),
        ("(module (func $f return_call $f))", &["tail calls"]),
        (
            "(module (global i32 (i32.add (i32.const 1) (i32.const 2))))",
            &["extended constant expressions"],
        ),
        (
            "(module (func (param v128 v128) (result v128) local.get 0 local.get 1 \
             i8x16.relaxed_swizzle))",
            &["relaxed SIMD"],
        ),
        (
            "(module (tag $t) (func throw $t))",
            &["exceptions (exnref)"],
        ),
        (
            "(module (type $f (func)) (func (param (ref $f)) local.get 0 call_ref $f))",
            &["typed function references"],
        ),
        ("(module (memory 1 1 shared))", &["threads (shared memory)"]),
        (
            "(module (memory i64 1) (func $f return_call $f))",
            &["memory64", "tail calls"],
        ),
    ];
    for (text, expected) in cases {
        let folder = folder(&[("m.wasm", text)]);
        let ran = inspect(folder.path(), &["--json", "m.wasm"]);
        let found: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!(found["proposals"], serde_json::json!(expected), "{text}");
        for engine in found["engines"].as_array().unwrap() {
            let missing = engine["missing"].as_array().unwrap();
            assert_eq!(engine["supported"], missing.is_empty(), "{text}");
            assert!(
                missing
                    .iter()
                    .all(|name| expected.iter().any(|has| name == has)),
                "{text}"
            );
        }
    }
    let folder = folder(&[("m.wasm", "(module (type (struct (field i32))))")]);
    let ran = inspect(folder.path(), &["m.wasm"]);
    assert!(ran.stdout.contains("garbage collection"), "{ran:?}");
}

#[test]
fn tells_the_engines_apart() {
    let folder = folder(&[("m.wasm", "(module (tag $t) (func throw $t))")]);
    let ran = inspect(folder.path(), &["m.wasm"]);
    for engine in engines()["wasm"].as_array().unwrap() {
        let line = match engine["name"].as_str().unwrap() {
            "wasmi" => "  wasmi  lacks exceptions (exnref)",
            _ => "  wasmtime  runs it",
        };
        let squeezed = ran.stdout.replace("wasmi   ", "wasmi");
        assert!(squeezed.contains(line), "{line}: {ran:?}");
    }
}

#[test]
fn says_where_bad_input_is_bad() {
    let folder = folder(&[
        ("invalid.wasm", "(module (func i32.add))"),
        ("bad.wat", "(module\n  (func (nope)))"),
        ("empty.txt", ""),
    ]);
    std::fs::write(folder.path().join("short.wasm"), b"\0asm\x01\0\0\0\x01\x05").unwrap();
    std::fs::write(folder.path().join("none.wasm"), b"").unwrap();
    std::fs::write(folder.path().join("component.wasm"), b"\0asm\x0d\0\x01\0").unwrap();
    for (file, expected) in [
        (
            "short.wasm",
            &["sinew: short.wasm: ", "(at byte offset 0xa)"][..],
        ),
        (
            "invalid.wasm",
            &["sinew: invalid.wasm: ", "(at byte offset 0x"],
        ),
        ("none.wasm", &["sinew: none.wasm: ", "(at byte offset 0x0)"]),
        (
            "component.wasm",
            &["sinew: component.wasm: ", "component", "(at byte offset 0x"],
        ),
        ("bad.wat", &["sinew: ", "bad.wat:2:", "nope"]),
        ("lost.wasm", &["sinew: lost.wasm: "]),
        (".", &["sinew: .: "]),
    ] {
        let ran = inspect(folder.path(), &[file]);
        assert_eq!((ran.status, &*ran.stdout), (Some(1), ""), "{file}: {ran:?}");
        for text in expected {
            assert!(
                ran.stderr.contains(text),
                "{file}: no {text:?} in {}",
                ran.stderr
            );
        }
    }
}

#[test]
fn lists_the_engines() {
    let engines = engines();
    assert_eq!(engines["sinew"], env!("CARGO_PKG_VERSION"));
    assert_eq!(engines["default"], engines["pairs"][0]);
    let (js, wasm) = (
        engines["js"].as_array().unwrap(),
        engines["wasm"].as_array().unwrap(),
    );
    assert_eq!(
        engines["pairs"].as_array().unwrap().len(),
        js.len() * wasm.len()
    );
    let ran: Ran = sinew(Path::new("."))
        .arg("engines")
        .output()
        .unwrap()
        .into();
    for engine in js.iter().chain(wasm) {
        let [name, version] = ["name", "version"].map(|member| engine[member].as_str().unwrap());
        assert!(ran.stdout.contains(&format!("{name} {version}")), "{ran:?}");
        for row in engine["features"].as_array().unwrap() {
            let line = format!("  {} ", row["feature"].as_str().unwrap());
            assert!(ran.stdout.contains(&line), "{line}: {ran:?}");
        }
    }
}

#[test]
fn knows_its_version_and_how_to_help() {
    let run = |args: &[&str]| -> Ran { sinew(Path::new(".")).args(args).output().unwrap().into() };
    let version = run(&["--version"]).stdout;
    assert_eq!(version, concat!("sinew ", env!("CARGO_PKG_VERSION"), "\n"));
    for args in [&["--help"][..], &["run", "--help"], &["inspect", "--help"]] {
        let ran = run(args);
        assert_eq!(ran.status, Some(0), "{args:?}");
        assert!(ran.stdout.contains("Examples:"), "{args:?}: {ran:?}");
    }
}
