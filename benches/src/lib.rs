//! What a call across the bridge costs, beside hand-written glue.
//!
//! The same JavaScript and the same wasm run on Sinew and on a *floor*: glue for one pairing of
//! engines, written by hand, that takes the cheapest sound route for any scalar signature and does
//! nothing else. It checks no stack and no termination and catches no panic. What the engines take
//! on their own is measured as well.
//!
//! `cargo bench -p sinew-benches --features full` runs all of it, and prints a table in the end.

pub mod case;
pub mod floor;
pub mod measure;
mod pairing;
pub mod sinew;
pub mod table;
pub mod time;

pub use pairing::{engines, pairings};

/// Something that runs the loops.
pub trait Subject {
    /// Runs the loop with this name `n` times, and returns what the last call in it did.
    ///
    /// # Panics
    /// If there is no such loop, or it fails.
    fn run(&mut self, name: &str, n: u32) -> f64;
}

/// The loop that calls nothing.
pub const EMPTY: &str = "empty";
