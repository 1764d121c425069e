//! Calls between JavaScript and wasm: Sinew, its floor, and the engines on their own.

use std::time::Duration;

use criterion::{BenchmarkId, Criterion, SamplingMode};
use sinew_benches::case::CASES;
use sinew_benches::time::ThreadTime;
use sinew_benches::{engines, measure, pairings, table};

fn main() -> std::io::Result<()> {
    let mut criterion = Criterion::default()
        .with_measurement(ThreadTime)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .sample_size(30)
        .nresamples(2000)
        .configure_from_args();
    engines(|name, subject, loops| {
        let mut group = criterion.benchmark_group(name);
        group.sampling_mode(SamplingMode::Flat);
        for body in loops {
            measure::call(&mut group, BenchmarkId::new(*body, "own"), subject, body);
        }
    });
    pairings(|name, sinew, floor| {
        let mut group = criterion.benchmark_group(name);
        group.sampling_mode(SamplingMode::Flat);
        for case in CASES {
            for (direction, body) in [
                ("export", case.export_loop()),
                ("import", case.import_loop()),
            ] {
                let function = format!("{direction} {}", case.name);
                let id = |value| BenchmarkId::new(&function, value);
                measure::call(&mut group, id("sinew"), sinew, &body);
                measure::call(&mut group, id("floor"), floor, &body);
            }
        }
    });
    criterion.final_summary();
    print!("\n{}", table::render(&table::folder())?);
    Ok(())
}
