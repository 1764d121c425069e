//! Picks the pair at run time: generic inside, one `match` at the door.
//!
//! `cargo run --features full --example pick_pair -- quickjs wasmtime`

use sinew::{JsHost, Runtime, WasmEngine};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let js = args
        .next()
        .unwrap_or_else(|| sinew::DefaultHost::NAME.into());
    let wasm = args
        .next()
        .unwrap_or_else(|| sinew::DefaultEngine::NAME.into());
    match (js.as_str(), wasm.as_str()) {
        #[cfg(all(feature = "quickjs", feature = "wasmtime"))]
        ("quickjs", "wasmtime") => run::<sinew::QuickJs, sinew::Wasmtime>(),
        #[cfg(all(feature = "quickjs", feature = "wasmi"))]
        ("quickjs", "wasmi") => run::<sinew::QuickJs, sinew::Wasmi>(),
        #[cfg(all(feature = "boa", feature = "wasmtime"))]
        ("boa", "wasmtime") => run::<sinew::Boa, sinew::Wasmtime>(),
        #[cfg(all(feature = "boa", feature = "wasmi"))]
        ("boa", "wasmi") => run::<sinew::Boa, sinew::Wasmi>(),
        _ => Err(format!("{js} with {wasm} is not compiled in").into()),
    }
}

/// What a program does with a pair, whichever it is.
fn run<J: JsHost, W: WasmEngine>() -> Result<(), Box<dyn std::error::Error>> {
    println!("{} {} with {} {}", J::NAME, J::VERSION, W::NAME, W::VERSION);
    let mut runtime = Runtime::<J, W>::builder().root("examples/math").build()?;
    Ok(runtime.run_file("examples/math/main.js")?)
}
