//! The README's capability tables are made of the engines' constants. `SINEW_UPDATE=1` rewrites them.

use sinew::{Boa, JsHost, QuickJs, WasmEngine, Wasmi, Wasmtime};

const START: &str = "<!-- features -->\n";
const END: &str = "<!-- /features -->\n";

/// A Markdown table of two engines' capabilities.
fn table(
    names: [&str; 2],
    left: Vec<(&'static str, bool)>,
    right: Vec<(&'static str, bool)>,
) -> String {
    let mut table = format!("| | {} | {} |\n|---|---|---|\n", names[0], names[1]);
    for ((label, left), (_, right)) in left.into_iter().zip(right) {
        let cell = |has| if has { "yes" } else { "no" };
        table += &format!("| {label} | {} | {} |\n", cell(left), cell(right));
    }
    table
}

#[test]
fn tables_are_those_of_the_constants() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let readme = std::fs::read_to_string(path).unwrap();
    let js = table(
        ["QuickJS", "Boa"],
        QuickJs::FEATURES.rows(),
        Boa::FEATURES.rows(),
    );
    let wasm = table(
        ["Wasmtime", "Wasmi"],
        Wasmtime::FEATURES.rows(),
        Wasmi::FEATURES.rows(),
    );
    let (before, rest) = readme.split_once(START).expect("the start mark");
    let (_, after) = rest.split_once(END).expect("the end mark");
    let expected = format!("{before}{START}{js}\n{wasm}{END}{after}");
    if std::env::var_os("SINEW_UPDATE").is_some() {
        std::fs::write(path, &expected).unwrap();
    }
    assert!(
        readme == expected || std::env::var_os("SINEW_UPDATE").is_some(),
        "the tables are out of date; run with SINEW_UPDATE=1"
    );
}
