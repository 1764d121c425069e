//! The results as a table.

use std::collections::HashMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::case::CASES;

/// What Criterion writes about a benchmark.
#[derive(Deserialize)]
struct Benchmark {
    group_id: String,
    function_id: Option<String>,
    value_str: Option<String>,
}

/// The samples of a benchmark.
#[derive(Deserialize)]
struct Sample {
    iters: Vec<f64>,
    times: Vec<f64>,
}

/// Nanoseconds by group, function and value.
type Results = HashMap<[String; 3], f64>;

/// The folder where Criterion puts its results.
pub fn folder() -> PathBuf {
    let of = |name| std::env::var_os(name).map(PathBuf::from);
    let target = || of("CARGO_TARGET_DIR").map(|target| target.join("criterion"));
    let built_in = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/criterion"));
    of("CRITERION_HOME")
        .or_else(target)
        .unwrap_or_else(built_in)
}

/// The results in `folder` as a Markdown table, in nanoseconds per call.
///
/// The tenth percentile of the samples stands for each: what other work on the machine does to a
/// measurement only makes it longer.
///
/// # Errors
/// When the results cannot be read.
pub fn render(folder: &Path) -> std::io::Result<String> {
    let mut results = Results::new();
    read(folder, &mut results)?;
    let get = |group: &str, function: &str, value: &str| {
        let key = [group, function, value].map(str::to_owned);
        results.get(&key).copied()
    };
    let mut table = String::from(
        "| call | pairing | Sinew | floor | ratio | engines' own |\n|---|---|---:|---:|---:|---:|\n",
    );
    let own = |engine: &str, name: &str| get(engine, name, "own");
    for direction in ["export", "import"] {
        for case in CASES {
            for pairing in [
                "quickjs+wasmtime",
                "quickjs+wasmi",
                "boa+wasmtime",
                "boa+wasmi",
            ] {
                let function = format!("{direction} {}", case.name);
                let value = |name: &str| get(pairing, &function, name);
                let (Some(sinew), Some(floor)) = (value("sinew"), value("floor")) else {
                    continue;
                };
                let parts = pairing.split_once('+').and_then(|(js, wasm)| {
                    Some(match (direction, case.name) {
                        ("export", "i32x2") => own(js, "native")? + own(wasm, "entry")?,
                        ("import", "i32x2") => own(js, "call")? + own(wasm, "import_i32x2")?,
                        _ => return None,
                    })
                });
                let parts = parts.map_or_else(String::new, |parts| format!("{parts:.0}"));
                let ratio = sinew / floor;
                // Writing to a String cannot fail.
                let _ = writeln!(
                    table,
                    "| {function} | {pairing} | {sinew:.0} | {floor:.0} | {ratio:.2} | {parts} |"
                );
            }
        }
    }
    table += "\n| engine | what | ns |\n|---|---|---:|\n";
    let mut alone: Vec<_> = results.iter().filter(|(key, _)| key[2] == "own").collect();
    alone.sort_by_key(|(key, _)| *key);
    for ([engine, what, _], time) in alone {
        let _ = writeln!(table, "| {engine} | {what} | {time:.0} |");
    }
    Ok(table)
}

/// Reads all results in a folder and the folders in it.
fn read(folder: &Path, results: &mut Results) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if !path.is_dir() {
            continue;
        }
        if path.file_name().is_some_and(|name| name == "new") {
            let file = |name| std::fs::read(path.join(name));
            let benchmark: Benchmark = serde_json::from_slice(&file("benchmark.json")?)?;
            let sample: Sample = serde_json::from_slice(&file("sample.json")?)?;
            let key = [
                benchmark.group_id,
                benchmark.function_id.unwrap_or_default(),
                benchmark.value_str.unwrap_or_default(),
            ];
            results.insert(key, tenth_percentile(&sample));
        } else {
            read(&path, results)?;
        }
    }
    Ok(())
}

fn tenth_percentile(sample: &Sample) -> f64 {
    let pairs = sample.times.iter().zip(&sample.iters);
    let mut times: Vec<f64> = pairs.map(|(time, iters)| time / iters).collect();
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 10).copied().unwrap_or(f64::NAN)
}
