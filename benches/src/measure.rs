//! One measurement.

use std::time::Duration;

use criterion::measurement::Measurement;
use criterion::{BenchmarkGroup, BenchmarkId};

use crate::time::{ThreadTime, now};
use crate::{EMPTY, Subject, case};

/// Calls between two looks at the clock: a call costs more than a thousandth of the clock, and the
/// machine changes its speed more slowly than this.
const CHUNK: u64 = 10_000;

/// Measures a call in the loop `name` of `subject`, less what the loop itself takes. The two take
/// turns.
pub fn call(
    group: &mut BenchmarkGroup<'_, ThreadTime>,
    id: BenchmarkId,
    subject: &mut dyn Subject,
    name: &str,
) {
    let empty = match name {
        // Loops in Rust, which take next to nothing.
        "call" | "entry" | "typed" => None,
        _ if name.starts_with("import") => Some(case::EMPTY_IMPORT),
        _ => Some(EMPTY),
    };
    group.bench_function(id, |bencher| {
        bencher.iter_custom(|calls| {
            let (mut with, mut without) = (Duration::ZERO, Duration::ZERO);
            let mut left = calls;
            while left > 0 {
                let n = left.min(CHUNK);
                with += time(subject, name, n as u32);
                without += empty.map_or(Duration::ZERO, |name| time(subject, name, n as u32));
                left -= n;
            }
            // Criterion does not take nothing for an answer.
            with.saturating_sub(without).max(Duration::from_nanos(1))
        });
    });
}

fn time(subject: &mut dyn Subject, name: &str, n: u32) -> Duration {
    let start = ThreadTime.start();
    std::hint::black_box(subject.run(name, n));
    now().saturating_sub(start)
}
