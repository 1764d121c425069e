//! The `sinew` command: runs JavaScript with WebAssembly on the engines of your choice.

#![forbid(unsafe_code)]

mod args;
mod bench;
mod engines;
mod inspect;
mod net;
mod pair;
mod report;
mod run;
mod signature;

use std::process::ExitCode;

use args::{Args, Command};
use clap::Parser;

fn main() -> ExitCode {
    let code = match Args::parse().command {
        Command::Run(args) => run::main(args),
        Command::Bench(args) => bench::main(args),
        Command::Inspect(args) => inspect::main(&args),
        Command::Engines(args) => engines::main(&args),
    };
    ExitCode::from(code)
}
