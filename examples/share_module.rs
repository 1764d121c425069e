//! Shares one compiled module among runtimes on several threads.
//!
//! `cargo run --example share_module`

use sinew::{DefaultEngine, DefaultHost, EngineConfig, ModuleCache, Runtime, Value};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let cache = ModuleCache::<DefaultEngine>::new(EngineConfig::default())?;
    let threads: Vec<_> = (0..4)
        .map(|n| {
            let cache = cache.clone();
            std::thread::spawn(move || -> Result<i64, sinew::Error> {
                // A runtime stays on its thread; the cache, with the engine and its code, does not.
                let mut runtime = Runtime::<DefaultHost, DefaultEngine>::builder()
                    .root("examples/math")
                    .cache(&cache)
                    .build()?;
                let math = runtime.import("./math.wasm")?;
                let fibonacci: Value<_> = runtime.get(&math, "fibonacci")?;
                runtime.call(&fibonacci, (n * 10,))
            })
        })
        .collect();
    for (n, thread) in threads.into_iter().enumerate() {
        let number = thread.join().expect("the thread does not panic")?;
        println!("fibonacci({}) = {number}", n * 10);
    }
    println!("{} module compiled", cache.len());
    Ok(())
}
