//! `examples/math`, on every pairing.

use std::path::Path;

use sinew::{JsHost, Runtime, WasmEngine};

use crate::fixture::Output;

on_every_pair! {
    math_prints_the_same_everywhere,
}

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/math"))
}

fn math_prints_the_same_everywhere<J: JsHost, W: WasmEngine>() {
    let output = Output::default();
    let sink = output.clone();
    let main = folder().join("main.js");
    let mut runtime = Runtime::<J, W>::builder()
        .root_of(&main)
        .stdout(move |text| sink.push(text))
        .build()
        .unwrap();
    runtime.run_file(&main).unwrap();
    let expected = std::fs::read_to_string(folder().join("expected.txt")).unwrap();
    assert_eq!(output.text(), expected);
}

#[test]
fn math_is_what_its_text_says() {
    let text = wat::parse_file(folder().join("math.wat")).unwrap();
    assert_eq!(text, std::fs::read(folder().join("math.wasm")).unwrap());
}
