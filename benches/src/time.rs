//! Which time is measured.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use criterion::measurement::{Measurement, ValueFormatter, WallTime};

/// A clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// The processor time of the thread, so that other work on the machine counts as little as
    /// possible. Where the system does not tell, the time that has passed.
    Thread,
    /// The time that has passed.
    Wall,
    /// The processor time of all processes that this one has waited for. Nothing where the system
    /// does not tell.
    Children,
}

impl Clock {
    /// The time on this clock.
    pub fn now(self) -> Duration {
        static START: OnceLock<Instant> = OnceLock::new();
        match self {
            #[cfg(unix)]
            Clock::Thread => {
                let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
                Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec as u32)
            }
            #[cfg(unix)]
            Clock::Children => crate::usage::children(),
            #[cfg(not(unix))]
            Clock::Children => Duration::ZERO,
            _ => START.get_or_init(Instant::now).elapsed(),
        }
    }

    /// How long `f` takes, and what it returns.
    pub fn time<T>(self, f: impl FnOnce() -> T) -> (Duration, T) {
        let start = self.now();
        let value = f();
        (self.now().saturating_sub(start), value)
    }
}

/// Times that the benchmarks measure themselves.
pub struct Measured;

impl Measurement for Measured {
    type Intermediate = Duration;
    type Value = Duration;

    fn start(&self) -> Duration {
        Clock::Thread.now()
    }

    fn end(&self, start: Duration) -> Duration {
        Clock::Thread.now().saturating_sub(start)
    }

    fn add(&self, a: &Duration, b: &Duration) -> Duration {
        *a + *b
    }

    fn zero(&self) -> Duration {
        Duration::ZERO
    }

    fn to_f64(&self, value: &Duration) -> f64 {
        value.as_nanos() as f64
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        WallTime.formatter()
    }
}
