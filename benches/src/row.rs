//! Rows of the tables, and what is measured for them.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use crate::time::Clock;

/// Something that runs loops.
pub trait Subject {
    /// Runs the loop with this name `n` times, and returns what the last round in it did.
    ///
    /// # Panics
    /// If there is no such loop, or it fails.
    fn run(&mut self, name: &str, n: u32) -> f64;

    /// How long that takes.
    fn time(&mut self, name: &str, n: u32, clock: Clock) -> Duration {
        let start = clock.now();
        std::hint::black_box(self.run(name, n));
        clock.now().saturating_sub(start)
    }
}

/// One measurement, on several sides.
pub struct Row {
    /// The suite and the row, `calls: export i32x2`: a group of Criterion's.
    pub name: String,
    /// What [`ROUNDS`] rounds return on every side.
    pub expected: f64,
    /// Which time counts.
    pub clock: Clock,
    /// Rounds between two looks at the clock.
    pub chunk: u32,
    /// What is compared.
    pub sides: Vec<Side>,
}

/// So many rounds are run to see whether all sides do the same.
pub const ROUNDS: u32 = 10;

impl Row {
    /// A row without sides, for short rounds on one thread.
    pub fn new(name: impl Into<String>, expected: f64) -> Self {
        Self {
            name: name.into(),
            expected,
            clock: Clock::Thread,
            // A call costs more than a thousandth of a look at the clock, and the machine changes
            // its speed more slowly than this.
            chunk: 10_000,
            sides: Vec::new(),
        }
    }

    /// The same, by another clock.
    pub fn by(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// The same, with so many rounds between two looks at the clock.
    pub fn in_chunks_of(mut self, rounds: u32) -> Self {
        self.chunk = rounds;
        self
    }

    /// Adds a side.
    pub fn side(&mut self, function: &'static str, on: &'static str, work: Work) {
        self.sides.push(Side { function, on, work });
    }
}

/// A side of a row.
pub struct Side {
    /// `sinew`, `floor`, `js` or `engine`.
    pub function: &'static str,
    /// The pairing or the engine.
    pub on: &'static str,
    /// What runs.
    pub work: Work,
}

/// A loop of a subject.
#[derive(Clone)]
pub struct Work {
    subject: Shared,
    body: String,
    empty: Option<&'static str>,
}

/// A subject that several rows have.
pub type Shared = Rc<RefCell<dyn Subject>>;

/// A subject for several rows.
pub fn share(subject: impl Subject + 'static) -> Shared {
    Rc::new(RefCell::new(subject))
}

impl Work {
    /// The loop `body`.
    pub fn new(subject: &Shared, body: impl Into<String>) -> Self {
        Self {
            subject: subject.clone(),
            body: body.into(),
            empty: None,
        }
    }

    /// The loop `body`, less the loop `empty`.
    pub fn less(subject: &Shared, body: impl Into<String>, empty: &'static str) -> Self {
        Self {
            empty: Some(empty),
            ..Self::new(subject, body)
        }
    }

    /// A job that does `items` rounds at once, and says how long they took and what came of it.
    pub fn batch(items: u32, job: impl FnMut() -> (Duration, f64) + 'static) -> Self {
        Self::new(&share(Batch { items, job }), "")
    }

    /// Runs some rounds.
    pub fn run(&self, rounds: u32) -> f64 {
        self.subject.borrow_mut().run(&self.body, rounds)
    }

    /// How long so many rounds take, without the loop around them.
    pub fn time(&self, rounds: u32, clock: Clock) -> [Duration; 2] {
        let mut subject = self.subject.borrow_mut();
        let with = subject.time(&self.body, rounds, clock);
        let without = self.empty.map(|empty| subject.time(empty, rounds, clock));
        [with, without.unwrap_or_default()]
    }
}

/// A job that does many rounds at once, and measures itself: what it sets up first does not count.
pub struct Batch<F> {
    /// So many.
    pub items: u32,
    /// The job: its time, and what came of it.
    pub job: F,
}

impl<F: FnMut() -> (Duration, f64)> Subject for Batch<F> {
    fn run(&mut self, _: &str, _: u32) -> f64 {
        (self.job)().1
    }

    fn time(&mut self, _: &str, n: u32, _: Clock) -> Duration {
        let batches = n.div_ceil(self.items).max(1);
        let total: Duration = (0..batches).map(|_| (self.job)().0).sum();
        total.mul_f64(f64::from(n) / (f64::from(self.items) * f64::from(batches)))
    }
}
