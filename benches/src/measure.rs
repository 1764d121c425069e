//! Rows through Criterion.

use std::time::Duration;

use criterion::{BenchmarkId, Criterion, SamplingMode};

use crate::row::{Row, Work};
use crate::time::{Clock, Measured};

/// How thoroughly a suite is measured.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// How often all rows are measured in turns.
    pub passes: u32,
    /// How long each side of a row is measured, each time.
    pub time: Duration,
}

impl Plan {
    /// So many passes of so many milliseconds.
    pub const fn new(passes: u32, milliseconds: u64) -> Self {
        Self {
            passes,
            time: Duration::from_millis(milliseconds),
        }
    }
}

/// Measures all rows.
pub fn rows(rows: &[Row], plan: Plan) {
    let mut criterion = Criterion::default()
        .with_measurement(Measured)
        .warm_up_time(plan.time / 10)
        .measurement_time(plan.time)
        .sample_size(10)
        .nresamples(1000)
        .configure_from_args();
    for pass in 1..=plan.passes {
        for row in rows {
            let mut group = criterion.benchmark_group(&row.name);
            group.sampling_mode(SamplingMode::Flat);
            for side in &row.sides {
                let function = match plan.passes {
                    1 => side.function.to_owned(),
                    _ => format!("{} #{pass}", side.function),
                };
                let id = BenchmarkId::new(function, side.on);
                group.bench_function(id, |bencher| {
                    bencher.iter_custom(|rounds| time(&side.work, rounds, row.chunk, row.clock));
                });
            }
        }
    }
    criterion.final_summary();
}

fn time(work: &Work, rounds: u64, chunk: u32, clock: Clock) -> Duration {
    let (mut total, mut empty) = (Duration::ZERO, Duration::ZERO);
    let mut left = rounds;
    while left > 0 {
        let n = left.min(chunk.into());
        let [with, without] = work.time(n as u32, clock);
        total += with;
        empty += without;
        left -= n;
    }
    // Criterion does not take nothing for an answer.
    total.saturating_sub(empty).max(Duration::from_nanos(1))
}
