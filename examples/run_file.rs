//! Runs a JavaScript file that imports wasm, on the fastest pair that is compiled in.
//!
//! `cargo run --example run_file -- examples/math/main.js`

use sinew::{DefaultEngine, DefaultHost, Runtime};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "examples/math/main.js".to_owned());
    let mut runtime = Runtime::<DefaultHost, DefaultEngine>::builder()
        .root_of(&file)
        .build()?;
    runtime.run_file(&file)?;
    for module in runtime.modules() {
        eprintln!("{} ({} bytes)", module.key, module.bytes);
    }
    Ok(())
}
