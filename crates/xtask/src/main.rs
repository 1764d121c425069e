//! Chores of this repository, run as `cargo xtask`: what a shell script would do, in Rust.

#![forbid(unsafe_code)]

mod args;
mod bench;
mod packages;
mod pair;
mod wpt;

use std::process::ExitCode;

use args::{Args, Command};
use clap::Parser;

fn main() -> ExitCode {
    let done = match Args::parse().command {
        Command::Bench(args) => bench::main(&args),
        Command::Packages(args) => packages::main(&args),
        Command::Wpt(args) => wpt::main(&args),
        Command::WptTest(args) => wpt::test_main(&args),
    };
    done.unwrap_or_else(|error| {
        eprintln!("xtask: {error:#}");
        ExitCode::from(2)
    })
}
