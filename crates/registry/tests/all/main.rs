//! The registry against a hostile tree and against Node's rules.
#![cfg(unix)]

mod aliases;
mod escapes;
mod exports;
mod opening;
mod packages;
mod records;
mod tree;
