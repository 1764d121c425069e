//! The suites: each returns its rows.

pub mod calls;
pub mod graph;
pub mod memory;
pub mod operations;
pub mod startup;
pub mod workloads;
