//! The registry against a hostile tree and against Node's rules.
#![cfg(unix)]

mod aliases;
mod escapes;
mod exports;
mod import_maps;
mod manifests;
mod opening;
mod packages;
mod records;
mod tree;
