//! What Sinew costs, beside hand-written glue, the engines on their own, and plain JavaScript.
//!
//! # What is compared
//!
//! A [`Row`] is one measurement on several [`Side`]s, of which the function of its Criterion id says
//! which is which, and the value on what:
//!
//! | function | value | what runs |
//! |---|---|---|
//! | `sinew` | a pairing | the work on Sinew |
//! | `floor` | a pairing | the least that the same work takes: glue written by hand for this pairing, or, where the row is about an option or a size, Sinew without it |
//! | `js` | a pairing | the same in plain JavaScript, on the same engine |
//! | `engine` | an engine | what the engine takes on its own |
//!
//! A *floor* takes the cheapest sound route for any scalar signature and does nothing else. It checks
//! no stack and no termination and catches no panic.
//!
//! # How it is measured
//!
//! The machine may change its speed from one second to the next, by more than what is looked for. So
//! the sides of a row are measured one right after the other, for some hundredths of a second each,
//! and all rows several times in turns: pass 2 of the `sinew` side has the function `sinew #2`.
//! Whoever reads the results joins the samples of all passes. The tenth percentile of them is the
//! machine undisturbed, the median the machine as it was.
//!
//! A call is measured in a loop, and the loop without the call is subtracted; the two take turns.
//! What is measured is the processor time of the thread, unless other threads or processes share the
//! work: compilation and start-up take as long as they take.
//!
//! # Suites
//!
//! | suite | rows |
//! |---|---|
//! | `calls` | calls of each signature both ways, between instances, with limits, with large memories; exceptions, tables, globals, properties |
//! | `memory` | `memory.buffer`, elements of views, growth |
//! | `startup` | a process from its start to the first result of wasm; a second runtime |
//! | `graph` | import graphs, many instances, many exports, look-up, compilation |
//! | `workloads` | programs with work on both sides |
//!
//! `cargo bench -p sinew-benches --features full` runs all of them, with `--bench calls` one;
//! `startup` needs the release build of `sinew` first. `cargo test -p sinew-benches --features full`
//! runs each side of each row once, and looks at what comes of it.

pub mod case;
pub mod figures;
pub mod floor;
pub mod generate;
pub mod measure;
pub mod pairing;
pub mod program;
pub mod row;
pub mod sinew;
pub mod suite;
pub mod time;
pub mod usage;

pub use pairing::{Pairing, Visitor, pairings};
pub use row::{Batch, Row, Side, Subject};
