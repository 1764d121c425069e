//! The modules that programs use, as text and as the part of a program that has their bytes.

use std::fmt::Write;

/// Modules by name.
const MODULES: &[(&str, &str)] = &[
    (
        "lib",
        r#"(module
          (memory (export "mem") 1 8) (table (export "tab") 4 10 funcref) (table (export "etab") 2 externref)
          (global (export "ci32") i32 (i32.const 7)) (global (export "mi32") (mut i32) (i32.const 8))
          (global (export "mi64") (mut i64) (i64.const 9)) (global (export "mf32") (mut f32) (f32.const 0.5))
          (global (export "cf64") f64 (f64.const 1.5)) (global (export "mext") (mut externref) (ref.null extern))
          (global (export "mfun") (mut funcref) (ref.null func))
          (elem (i32.const 1) $nothing $i32)
          (func $nothing (export "nothing"))
          (func $i32 (export "i32") (param i32) (result i32) local.get 0)
          (func (export "i64") (param i64) (result i64) local.get 0)
          (func (export "f32") (param f32) (result f32) local.get 0)
          (func (export "f64") (param f64) (result f64) local.get 0)
          (func (export "ext") (param externref) (result externref) local.get 0)
          (func (export "fun") (param funcref) (result funcref) local.get 0)
          (func (export "all") (param i32 i64 f32 f64 externref funcref) (result i32 i64 f32 f64 externref funcref)
            local.get 0 local.get 1 local.get 2 local.get 3 local.get 4 local.get 5)
          (func (export "many") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
            local.get 0 local.get 11 i32.add)
          (func (export "grow") (param i32) (result i32) local.get 0 memory.grow)
          (func (export "poke") (param i32 i32) local.get 0 local.get 1 i32.store)
          (func (export "peek") (param i32) (result i32) local.get 0 i32.load)
          (func (export "div") (param i32 i32) (result i32) local.get 0 local.get 1 i32.div_s)
          (func (export "trunc") (param f64) (result i32) local.get 0 i32.trunc_f64_s)
          (func (export "trap") unreachable)
          (func (export "indirect") (param i32) (result i32) i32.const 3 local.get 0 call_indirect (param i32) (result i32)))"#,
    ),
    (
        "imp",
        r#"(module
          (import "env" "f" (func $f (param i32) (result i32)))
          (import "env" "g" (func $g (param i64 f32 f64 externref) (result i64)))
          (import "env" "pair" (func $pair (result i32 externref)))
          (import "env" "ext" (func $ext (param externref) (result externref)))
          (import "env" "ext" (func $fun (param externref) (result funcref)))
          (import "env" "ext" (func $f32 (param externref) (result f32)))
          (import "env" "mem" (memory 1 20)) (import "env" "tab" (table 1 20 funcref))
          (import "env" "glob" (global $glob (mut i32))) (import "env" "c" (global i64))
          (export "f" (func $f)) (export "mem" (memory 0)) (export "tab" (table 0)) (export "glob" (global $glob)) (export "c" (global 1))
          (elem declare func $f)
          (func (export "callF") (param i32) (result i32) local.get 0 call $f)
          (func (export "callG") (param i64 f32 f64 externref) (result i64) local.get 0 local.get 1 local.get 2 local.get 3 call $g)
          (func (export "callPair") (result i32 externref) call $pair)
          (func (export "callExt") (param externref) (result externref) local.get 0 call $ext)
          (func (export "callFun") (param externref) (result funcref) local.get 0 call $fun)
          (func (export "callF32") (param externref) (result f32) local.get 0 call $f32)
          (func (export "growThen") (param i32) (result i32) (local i32)
            local.get 0 memory.grow local.set 1 local.get 1 call $f drop local.get 1))"#,
    ),
    (
        "start",
        r#"(module (import "env" "f" (func $f (param i32) (result i32))) (import "env" "mem" (memory 1))
          (func $start i32.const 5 call $f i32.const 0 i32.store8 (i32.const 3)) (start $start)
          (func (export "after") (result i32) i32.const 0 i32.load8_u))"#,
    ),
    ("trap", "(module (func $start unreachable) (start $start))"),
    (
        "segments",
        r#"(module (import "env" "mem" (memory 1)) (import "env" "tab" (table 1 funcref))
          (data (i32.const 8) "written") (elem (i32.const 0) $f) (elem (i32.const 15) $f) (data (i32.const 65536000) "not") (func $f (export "f")))"#,
    ),
    (
        "names",
        r#"(module (func (export "") (result i32) i32.const 1) (func (export "__proto__")) (func (export "constructor")) (func (export "then"))
          (func (export "a.b")) (func (export "\00")) (func (export "\f0\9f\98\80")) (global (export "0") i32 (i32.const 0)) (memory (export "valueOf") 0))"#,
    ),
    (
        "odd",
        r#"(module (import "" "" (func)) (import "__proto__" "toString" (func)) (import "then" "then" (global i32)))"#,
    ),
    (
        "custom",
        r#"(module (@custom "x" "one") (@custom "x" "two") (@custom "" "none") (@custom "name" "\00"))"#,
    ),
    ("empty", "(module)"),
    (
        "wide",
        r#"(module (import "env" "f" (func $f (result v128))) (global (export "g") v128 (v128.const i64x2 1 2))
          (func (export "in") (param v128)) (func (export "out") (result v128) v128.const i64x2 1 2)
          (func (export "call") call $f drop))"#,
    ),
    (
        "mem64",
        r#"(module (memory (export "mem") i64 1 4) (table (export "tab") i64 2 funcref)
          (func (export "grow") (param i64) (result i64) local.get 0 memory.grow))"#,
    ),
    (
        "exn",
        r#"(module (import "env" "f" (func $f (param i32) (result i32))) (import "env" "tag" (tag $tag (param i32 externref)))
          (import "env" "jstag" (tag $js (param externref))) (tag $own (export "own") (param i64 funcref))
          (func (export "throw") (param i32 externref) local.get 0 local.get 1 throw $tag)
          (func (export "throwOwn") (param i64 funcref) local.get 0 local.get 1 throw $own)
          (func (export "throwJs") (param externref) local.get 0 throw $js)
          (func (export "catchTag") (param i32) (result i32 externref)
            (block $h (result i32 externref) (try_table (catch $tag $h) local.get 0 call $f ref.null extern return) unreachable))
          (func (export "catchJs") (param i32) (result externref)
            (block $h (result externref) (try_table (catch $js $h) local.get 0 call $f drop ref.null extern return) unreachable))
          (func (export "catchAll") (param i32) (result i32)
            (block $h (try_table (catch_all $h) local.get 0 call $f return)) i32.const -7)
          (func (export "catchRef") (param i32) (result i32)
            (block $h (result exnref) (try_table (catch_all_ref $h) local.get 0 call $f return) unreachable) throw_ref)
          (func (export "exnIn") (param exnref)))"#,
    ),
    (
        "gc",
        r#"(module (type $s (struct (field (mut i32)))) (type $a (array (mut i16)))
          (func (export "struct") (param i32) (result anyref) local.get 0 struct.new $s)
          (func (export "array") (param i32) (result anyref) local.get 0 array.new_default $a)
          (func (export "i31") (param i32) (result anyref) local.get 0 ref.i31)
          (func (export "any") (param anyref) (result anyref) local.get 0)
          (func (export "eq") (param eqref) (result eqref) local.get 0)
          (func (export "some") (param (ref any)) (result (ref any)) local.get 0)
          (func (export "takes") (param (ref null $s)) (result i32) local.get 0 struct.get $s 0)
          (func (export "none") (param nullref) (result nullref) local.get 0)
          (func (export "toAny") (param externref) (result anyref) local.get 0 any.convert_extern)
          (func (export "toExtern") (param anyref) (result externref) local.get 0 extern.convert_any)
          (table (export "t") 3 anyref) (global (export "g") (mut anyref) (ref.null any)))"#,
    ),
    (
        "refs",
        r#"(module (type $f (func (param i32) (result i32))) (elem declare func $id)
          (func $id (export "id") (type $f) local.get 0)
          (func (export "some") (param (ref func)) (result (ref func)) local.get 0)
          (func (export "extern") (param (ref extern)) (result (ref extern)) local.get 0)
          (func (export "call") (param (ref null $f)) (result i32) i32.const 4 local.get 0 call_ref $f)
          (func (export "get") (result (ref $f)) ref.func $id)
          (func (export "no") (param nullfuncref nullexternref)))"#,
    ),
    (
        "str",
        r#"(module
          (import "wasm:js-string" "length" (func $length (param externref) (result i32)))
          (import "wasm:js-string" "concat" (func $concat (param externref externref) (result (ref extern))))
          (import "wasm:js-string" "charCodeAt" (func $at (param externref i32) (result i32)))
          (import "wasm:js-string" "substring" (func $sub (param externref i32 i32) (result (ref extern))))
          (import "wasm:js-string" "fromCodePoint" (func $from (param i32) (result (ref extern))))
          (import "wasm:js-string" "equals" (func $eq (param externref externref) (result i32)))
          (import "wasm:js-string" "compare" (func $cmp (param externref externref) (result i32)))
          (import "wasm:js-string" "test" (func $test (param externref) (result i32)))
          (import "wasm:js-string" "cast" (func $cast (param externref) (result (ref extern))))
          (import "const" "hello" (global $hello (ref extern)))
          (export "hello" (global $hello)) (export "length" (func $length)) (export "at" (func $at)) (export "sub" (func $sub))
          (export "from" (func $from)) (export "eq" (func $eq)) (export "cmp" (func $cmp)) (export "test" (func $test)) (export "cast" (func $cast))
          (func (export "greet") (param externref) (result externref) global.get $hello local.get 0 call $concat))"#,
    ),
];

/// Names of the modules, and of byte sequences that are none.
pub const NAMES: &[&str] = &[
    "lib", "imp", "start", "trap", "segments", "names", "odd", "custom", "empty", "wide", "none",
    "cut", "magic", "version",
];

/// Those that not every wasm engine has.
pub const MORE_NAMES: &[(&str, &str)] = &[
    ("mem64", "mem64"),
    ("exn", "exn"),
    ("gc", "gc"),
    ("refs", "refs"),
    ("str", "str"),
];

/// The text of a module.
pub fn source(name: &str) -> &'static str {
    MODULES.iter().find(|(found, _)| *found == name).unwrap().1
}

/// `const BYTES = { ... }` with those modules that `program` names.
pub fn bytes(program: &str) -> String {
    let mut out = String::from("const BYTES = { __proto__: null,\n");
    for (name, text) in MODULES {
        // "lib" is what buffers are filled with.
        if *name == "lib" || *name == "imp" || program.contains(name) {
            let bytes = wat::parse_str(text).unwrap_or_else(|error| panic!("{name}: {error}"));
            writeln!(out, "  {name}: {bytes:?},").unwrap();
            if *name == "lib" {
                writeln!(out, "  cut: {:?},", &bytes[..bytes.len() / 2]).unwrap();
            }
        }
    }
    out + "  none: [], magic: [0, 97, 115, 108, 1, 0, 0, 0], version: [0, 97, 115, 109, 2, 0, 0, 0],\n};\n"
}
