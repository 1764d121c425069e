//! Embeds a runtime: host functions for JavaScript and wasm, typed calls, limits, errors with kinds.
//!
//! `cargo run --example embed`

use std::time::Duration;

use sinew::{DefaultEngine, DefaultHost, ErrorKind, ResourceLimits, Runtime, Value};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut runtime = Runtime::<DefaultHost, DefaultEngine>::builder()
        .root("examples/math")
        .limits(ResourceLimits {
            memory_bytes: 16 << 20,
            ..ResourceLimits::default()
        })
        .timeout(Duration::from_secs(5))
        .function("app", "greet", |name: String| format!("hello, {name}"))
        .function("app", "half", |n: i32| match n % 2 {
            0 => Ok(n / 2),
            _ => Err(format!("{n} is odd")),
        })
        .build()?;

    // A wasm file, called with Rust's types.
    let math = runtime.import("./math.wasm")?;
    let fibonacci: Value<_> = runtime.get(&math, "fibonacci")?;
    let number: i64 = runtime.call(&fibonacci, (80,))?;
    println!("fibonacci(80) = {number}");

    // The host's functions, from JavaScript.
    let app = runtime.import("app")?;
    let greet: Value<_> = runtime.get(&app, "greet")?;
    println!("{}", runtime.call::<String>(&greet, ("wasm",))?);

    // Errors say what kind they are.
    let half: Value<_> = runtime.get(&app, "half")?;
    let error = runtime.call::<i32>(&half, (7,)).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Exception { class } if class == "Error"));
    println!("{error}");
    Ok(())
}
