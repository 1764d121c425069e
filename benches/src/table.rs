//! The results as a table.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use serde::Deserialize;

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

/// Nanoseconds by row, pairing and side.
type Results = BTreeMap<[String; 2], BTreeMap<String, Vec<f64>>>;

/// The results in `folder` as a Markdown table, in nanoseconds a round: tenth percentile and median
/// of the samples of all passes.
///
/// # Errors
/// When the results cannot be read.
pub fn render(folder: &Path) -> std::io::Result<String> {
    let mut results = Results::new();
    read(folder, &mut results)?;
    let mut table = String::from(
        "| row | on | Sinew p10 | median | beside it | p10 | median | ratio p10 | median |\n\
         |---|---|---:|---:|---|---:|---:|---:|---:|\n",
    );
    for ([row, on], sides) in &mut results {
        let sinew = sides
            .remove("sinew")
            .map(|mut samples| quantiles(&mut samples));
        let mut cells = String::new();
        if let Some([p10, median]) = sinew {
            // Writing to a String cannot fail.
            let _ = write!(cells, "{p10:.1} | {median:.1}");
        } else {
            cells += " | ";
        }
        if sides.is_empty() {
            let _ = writeln!(table, "| {row} | {on} | {cells} | | | | | |");
        }
        for (side, samples) in sides {
            let [low, middle] = quantiles(samples);
            let _ = write!(
                table,
                "| {row} | {on} | {cells} | {side} | {low:.1} | {middle:.1} |"
            );
            let _ = match sinew {
                Some([p10, median]) => {
                    writeln!(table, " {:.2} | {:.2} |", p10 / low, median / middle)
                }
                None => writeln!(table, " | |"),
            };
        }
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
            let function = benchmark.function_id.unwrap_or_default();
            let side = function.split(" #").next().unwrap_or_default().to_owned();
            let key = [benchmark.group_id, benchmark.value_str.unwrap_or_default()];
            let pairs = sample.times.iter().zip(&sample.iters);
            let samples = pairs.map(|(time, iters)| time / iters);
            let row = results.entry(key).or_default();
            row.entry(side).or_default().extend(samples);
        } else {
            read(&path, results)?;
        }
    }
    Ok(())
}

/// The tenth percentile and the median.
fn quantiles(samples: &mut [f64]) -> [f64; 2] {
    samples.sort_by(f64::total_cmp);
    let at = |index: usize| samples.get(index).copied().unwrap_or(f64::NAN);
    [at(samples.len() / 10), at(samples.len() / 2)]
}
