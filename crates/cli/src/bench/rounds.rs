//! Warm-up, calibration and interleaved rounds.

use std::time::{Duration, Instant};

use sinew::{Error, ErrorKind};

use super::progress::Progress;
use super::subject::{Label, Subject};

/// Rounds that even the slowest case takes part in.
const FEWEST: u64 = 5;
/// The share of a case's time that one sample takes, where its calls are short enough,
const SHARE: u32 = 20;
/// and how long a sample is at least and at most: long enough for the clock, short enough for many.
const SHORTEST: Duration = Duration::from_millis(1);
const LONGEST: Duration = Duration::from_millis(10);

/// How long to measure each case on each pairing.
#[derive(Clone, Copy)]
pub struct Times {
    pub warmup: Duration,
    pub measured: Duration,
}

/// One case on one pairing.
pub struct Measurement {
    /// Which pairing, and which of its cases.
    pub pairing: usize,
    pub case: usize,
    pub label: Label,
    pub is_async: bool,
    /// Calls in a sample.
    pub iterations: i32,
    /// The samples to take.
    planned: u64,
    /// Nanoseconds a call, one number a sample.
    pub samples: Vec<f64>,
    /// Why it was given up.
    pub error: Option<Error>,
}

impl Measurement {
    pub fn new(pairing: usize, case: usize, label: Label) -> Self {
        Self {
            pairing,
            case,
            label,
            is_async: false,
            iterations: 1,
            planned: 0,
            samples: Vec::new(),
            error: None,
        }
    }

    /// Does what is due in a round.
    fn take_sample(
        &mut self,
        round: u64,
        rounds: u64,
        subjects: &mut [Box<dyn Subject>],
    ) -> Result<(), Error> {
        if self.error.is_some() || !takes_part(round, rounds, self.planned) {
            return Ok(());
        }
        match subjects[self.pairing].sample(self.case, self.iterations) {
            Ok(took) => {
                let calls = f64::from(self.iterations);
                self.samples.push(took.as_nanos() as f64 / calls);
                Ok(())
            }
            Err(error) => self.give_up(error),
        }
    }

    /// Notes a failure of the case; one that ends everything is returned.
    fn give_up(&mut self, error: Error) -> Result<(), Error> {
        if *error.kind() == ErrorKind::Deadline {
            return Err(error);
        }
        self.error = Some(error);
        Ok(())
    }
}

/// Measures everything, round after round, so that a slow phase of the machine hits all pairings
/// and cases alike. A case that fails is given up; the error is that of the deadline.
pub fn measure(
    subjects: &mut [Box<dyn Subject>],
    measurements: &mut [Measurement],
    times: Times,
    progress: &Progress,
) -> Result<(), Error> {
    progress.start("warm-up", measurements.len() as u64);
    for measurement in measurements.iter_mut() {
        progress.show(&measurement.label.name);
        let subject = &mut *subjects[measurement.pairing];
        if let Err(error) = warm_up(subject, measurement, times) {
            measurement.give_up(error)?;
        }
        progress.advance();
    }
    skip_needless_references(measurements);
    let rounds = measurements.iter().filter(|it| it.error.is_none());
    let rounds = rounds.map(|it| it.planned).max().unwrap_or(0);
    progress.start("measuring", rounds);
    for round in 0..rounds {
        let last = measurements.len() - 1;
        for at in 0..measurements.len() {
            // To and fro: nobody always comes after the same neighbour's garbage.
            let at = if round % 2 == 0 { at } else { last - at };
            measurements[at].take_sample(round, rounds, subjects)?;
        }
        progress.advance();
    }
    progress.end();
    Ok(())
}

/// An empty asynchronous function says nothing where no case is asynchronous.
fn skip_needless_references(measurements: &mut [Measurement]) {
    if measurements
        .iter()
        .any(|it| it.is_async && !it.label.reference)
    {
        return;
    }
    for measurement in measurements.iter_mut().filter(|it| it.is_async) {
        measurement.planned = 0;
    }
}

/// Runs a case for a while, until it is known how many calls a sample takes.
fn warm_up(
    subject: &mut dyn Subject,
    measurement: &mut Measurement,
    times: Times,
) -> Result<(), Error> {
    let target = (times.measured / SHARE).clamp(SHORTEST, LONGEST);
    let start = Instant::now();
    measurement.is_async = subject.prepare(measurement.case)?;
    let mut iterations = 1;
    loop {
        let took = subject.sample(measurement.case, iterations)?;
        let next = towards(target, iterations, took);
        let is_known = took >= target / 2 || next <= iterations;
        if is_known && start.elapsed() >= times.warmup {
            let sample = took.as_secs_f64() / f64::from(iterations) * f64::from(next);
            let samples = times.measured.as_secs_f64() / sample.max(target.as_secs_f64() / 2.0);
            measurement.iterations = next;
            measurement.planned = (samples.round() as u64).max(FEWEST);
            return Ok(());
        }
        iterations = next;
    }
}

/// How many calls take `target`, if `iterations` of them took this long; not too far in one step.
fn towards(target: Duration, iterations: i32, took: Duration) -> i32 {
    let ideal = target.as_secs_f64() / took.as_secs_f64().max(1e-9) * f64::from(iterations);
    // Of a float that is too large or no number this makes the largest number, or 0.
    (ideal as i32).clamp(1, iterations.saturating_mul(10))
}

/// Whether somebody who takes `planned` samples in so many rounds takes one in this: evenly spread.
fn takes_part(round: u64, rounds: u64, planned: u64) -> bool {
    let due = |round: u64| u128::from(round) * u128::from(planned) / u128::from(rounds.max(1));
    due(round + 1) > due(round)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_evenly_spread() {
        for (rounds, planned) in [(100, 100), (100, 5), (7, 5), (1, 1), (1000, 333)] {
            let taken: Vec<u64> = (0..rounds)
                .filter(|round| takes_part(*round, rounds, planned))
                .collect();
            assert_eq!(taken.len() as u64, planned, "{planned} of {rounds}");
            let widest = rounds.div_ceil(planned);
            let gaps = taken.windows(2).map(|pair| pair[1] - pair[0]);
            assert!(gaps.into_iter().all(|gap| gap <= widest), "{taken:?}");
        }
    }

    #[test]
    fn calibration_steps_towards_the_target() {
        let target = Duration::from_millis(10);
        assert_eq!(towards(target, 100, Duration::from_millis(5)), 200);
        assert_eq!(towards(target, 100, Duration::from_millis(20)), 50);
        assert_eq!(towards(target, 100, Duration::ZERO), 1000);
        assert_eq!(towards(target, 1, Duration::from_secs(10)), 1);
        assert_eq!(towards(target, i32::MAX, Duration::ZERO), i32::MAX);
    }

    /// A case whose calls take a fixed time, on a clock that nobody waits for.
    struct Clockwork {
        nanoseconds: f64,
        calls: Vec<i32>,
    }

    impl Subject for Clockwork {
        fn labels(&self) -> Vec<Label> {
            Vec::new()
        }

        fn prepare(&mut self, _: usize) -> Result<bool, Error> {
            Ok(false)
        }

        fn sample(&mut self, _: usize, iterations: i32) -> Result<Duration, Error> {
            self.calls.push(iterations);
            let took = self.nanoseconds * f64::from(iterations);
            Ok(Duration::from_nanos(took as u64))
        }
    }

    fn rounds_of(nanoseconds: [f64; 2]) -> [Measurement; 2] {
        let label = Label {
            reference: false,
            group: None,
            name: String::new(),
            baseline: false,
        };
        let mut measurements = [0, 1].map(|pairing| Measurement::new(pairing, 0, label.clone()));
        let mut subjects = nanoseconds.map(|nanoseconds| {
            Box::new(Clockwork {
                nanoseconds,
                calls: Vec::new(),
            }) as Box<dyn Subject>
        });
        let times = Times {
            warmup: Duration::ZERO,
            measured: Duration::from_secs(1),
        };
        measure(&mut subjects, &mut measurements, times, &Progress::hidden()).unwrap();
        measurements
    }

    #[test]
    fn fast_and_slow_cases_get_their_time() {
        let [fast, slow] = rounds_of([10.0, 2e8]);
        assert_eq!(fast.iterations, 1_000_000);
        assert_eq!(fast.samples, [10.0; 100]);
        assert_eq!(slow.iterations, 1);
        assert_eq!(slow.samples, [2e8; 5]);
        // No time at all on this clock: bounded none the less.
        let [none, slower] = rounds_of([0.0, 2e9]);
        assert_eq!((none.iterations, none.samples.len()), (i32::MAX, 200));
        assert_eq!(slower.samples.len(), FEWEST as usize);
    }
}
