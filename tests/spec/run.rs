//! Running a script on a pairing.

use std::time::{Duration, Instant};

use sinew::{Boa, JsHost, QuickJs, Runtime, WasmEngine, WasmFeatures, Wasmi, Wasmtime};

use crate::code::js_bytes;
use crate::module::lacks;
use crate::script::Script;

/// Two engines, by name.
pub struct Pairing {
    /// The JavaScript engine.
    pub js: &'static str,
    /// The wasm engine.
    pub wasm: &'static str,
    run: fn(&Script) -> Vec<Result<(), Failure>>,
}

/// All of them.
pub const PAIRINGS: &[Pairing] = &[
    pairing::<QuickJs, Wasmtime>("quickjs", "wasmtime"),
    pairing::<QuickJs, Wasmi>("quickjs", "wasmi"),
    pairing::<Boa, Wasmtime>("boa", "wasmtime"),
    pairing::<Boa, Wasmi>("boa", "wasmi"),
];

const fn pairing<J: JsHost, W: WasmEngine>(js: &'static str, wasm: &'static str) -> Pairing {
    Pairing {
        js,
        wasm,
        run: run::<J, W>,
    }
}

/// Why a step did not pass.
#[derive(Clone, Debug)]
pub enum Failure {
    /// It cannot be asked here.
    Skipped(&'static str),
    /// It failed, with this message.
    Failed(String),
}

/// What came of the steps of one script on one pairing, and how long they took.
pub struct Outcome {
    /// Step by step.
    pub steps: Vec<Result<(), Failure>>,
    /// From the making of the runtime to its end.
    pub time: Duration,
}

impl Pairing {
    /// Its name in texts.
    pub fn name(&self) -> String {
        format!("{} + {}", self.js, self.wasm)
    }

    /// Runs a script in a runtime of its own.
    pub fn run(&self, script: &Script) -> Outcome {
        let start = Instant::now();
        let steps = (self.run)(script);
        Outcome {
            steps,
            time: start.elapsed(),
        }
    }
}

fn run<J: JsHost, W: WasmEngine>(script: &Script) -> Vec<Result<(), Failure>> {
    let mut runtime = Runtime::<J, W>::builder()
        .apis(sinew::Apis::empty())
        .build()
        .expect("a runtime");
    let mut eval = |place: &str, code: &str| -> Result<(), String> {
        // Whatever the value is, it is of no interest.
        let code = format!("{code}; undefined");
        runtime
            .eval(place, &code)
            .map_err(|error| match error.kind() {
                sinew::ErrorKind::Exception { class } => format!("{class}: {}", error.message()),
                other => format!("{other:?}: {}", error.message()),
            })
    };
    for (place, code) in prelude(W::FEATURES) {
        eval(place, &code).unwrap_or_else(|error| panic!("{place}: {error}"));
    }
    let steps = script.steps.iter();
    steps
        .map(|step| {
            if let Some(feature) = lacks(step.needs, W::FEATURES) {
                return Err(Failure::Skipped(feature));
            }
            let code = step
                .code
                .as_ref()
                .map_err(|reason| Failure::Skipped(reason))?;
            let place = format!("{}:{}", script.file, step.line);
            eval(&place, code).map_err(Failure::Failed)
        })
        .collect()
}

/// What comes before each script.
fn prelude(features: WasmFeatures) -> Vec<(&'static str, String)> {
    let wat = |text: &str| js_bytes(&wat::parse_str(text).expect("this file's own modules"));
    let flags = format!(
        "{{ memory64: {}, threads: {} }}",
        features.memory64, features.threads
    );
    let mut prelude = vec![
        ("harness.js", include_str!("harness.js").to_owned()),
        ("spectest", format!("T.spectest({}, {flags})", wat(PRINTS))),
    ];
    if features.gc {
        prelude.push(("kinds", format!("T.kinds({})", wat(KINDS))));
    }
    prelude
}

/// The functions of the module `spectest`, which are JavaScript's, with types.
const PRINTS: &str = r#"(module
    (import "js" "print" (func $print))
    (import "js" "print_i32" (func $print_i32 (param i32)))
    (import "js" "print_i64" (func $print_i64 (param i64)))
    (import "js" "print_f32" (func $print_f32 (param f32)))
    (import "js" "print_f64" (func $print_f64 (param f64)))
    (import "js" "print_i32_f32" (func $print_i32_f32 (param i32 f32)))
    (import "js" "print_f64_f64" (func $print_f64_f64 (param f64 f64)))
    (export "print" (func $print))
    (export "print_i32" (func $print_i32))
    (export "print_i64" (func $print_i64))
    (export "print_f32" (func $print_f32))
    (export "print_f64" (func $print_f64))
    (export "print_i32_f32" (func $print_i32_f32))
    (export "print_f64_f64" (func $print_f64_f64)))"#;

/// Tells of what kind a reference is; a value that crosses for it crosses both ways.
const KINDS: &str = r#"(module
    (func (export "any") (param anyref) (result i32) (i32.eqz (ref.is_null (local.get 0))))
    (func (export "eq") (param anyref) (result i32) (ref.test (ref eq) (local.get 0)))
    (func (export "i31") (param anyref) (result i32) (ref.test (ref i31) (local.get 0)))
    (func (export "struct") (param anyref) (result i32) (ref.test (ref struct) (local.get 0)))
    (func (export "array") (param anyref) (result i32) (ref.test (ref array) (local.get 0))))"#;
