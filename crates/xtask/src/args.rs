//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Parser, Subcommand};

use crate::pair::Pair;
use crate::wpt::glob::Glob;

/// Chores of this repository.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Runs a suite of web platform tests on every pair of engines.
    Wpt(WptArgs),
    /// Runs one test and prints what its harness reports: what `wpt` starts for each.
    #[command(hide = true)]
    WptTest(TestArgs),
}

const EXAMPLES: &str = "\
DIR has a folder for each source of tests (spec, esm, wpt, threads), and each of these the layout of
the web platform tests: wasm/ with the tests, and resources/testharness.js beside it. The suites are
not part of this repository.

Examples:
  cargo xtask wpt SUITE --expected expected.json
  cargo xtask wpt SUITE --pair boa+wasmi --filter 'spec/jsapi/memory/*' -v
  cargo xtask wpt SUITE --update

Exit status:
  0    every subtest passes or fails as the expectations say
  1    a subtest fails that is not listed, or one that is listed does not
  2    the run itself failed";

/// Which tests to run, and what to make of the results.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct WptArgs {
    /// The folder of the suites.
    #[arg(value_name = "DIR")]
    pub suite: PathBuf,

    /// Runs only the tests listed in FILE, one name a line.
    #[arg(long, value_name = "FILE")]
    pub only: Option<PathBuf>,

    /// Runs only tests whose name matches; `*` stands for anything. Can be repeated.
    #[arg(long, value_name = "GLOB")]
    pub filter: Vec<Glob>,

    /// Runs only on this pair, as `quickjs+wasmtime`. Can be repeated.
    #[arg(long = "pair", value_name = "PAIR")]
    pub pairs: Vec<Pair>,

    /// How many tests run at the same time; as many as there are processors unless given.
    #[arg(long, value_name = "N")]
    pub jobs: Option<usize>,

    /// What a test may take; six times as much if it says that it is long.
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    pub timeout: Duration,

    /// Runs each test in a process of its own, so that one that crashes or hangs takes no other
    /// with it. `--isolate=false` runs them all on threads of this process.
    #[arg(long, value_name = "BOOL", default_value = "true", action = ArgAction::Set)]
    pub isolate: bool,

    /// The subtests that are known to fail, with the reasons [default: the repository's
    /// tests/wpt/expectations.toml]
    #[arg(long, value_name = "FILE")]
    pub expectations: Option<PathBuf>,

    /// Rewrites the expectations to what was found. Reasons that are there stay.
    #[arg(long)]
    pub update: bool,

    /// How many subtests each file has, as a JSON object: what a file that ends early did not reach
    /// has failed.
    #[arg(long, value_name = "FILE")]
    pub expected: Option<PathBuf>,

    /// Subtests that contradict today's specification, as lines `file :: subtest :: why`: they count
    /// neither way.
    #[arg(long, value_name = "FILE")]
    pub known_bad: Option<PathBuf>,

    /// The page to write [default: the repository's docs/CONFORMANCE.md, without --filter and on all
    /// pairs]
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,

    /// Writes every result, one JSON object a line: to FILE, or with several pairs to FILE with the
    /// pair before its extension.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,

    /// Prints a line for each test.
    #[arg(long, short)]
    pub verbose: bool,
}

/// The test to run.
#[derive(Debug, clap::Args)]
pub struct TestArgs {
    /// The engines.
    #[arg(long)]
    pub pair: Pair,

    /// The deadline of the runtime.
    #[arg(long, value_parser = seconds)]
    pub timeout: Duration,

    /// The folder of the suites.
    pub suite: PathBuf,

    /// The suite in it.
    pub label: String,

    /// The file in the suite.
    pub path: String,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number of seconds")?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn reads_options() {
        let args = ["xtask", "wpt", "S", "--isolate=false", "--timeout", "0.5"];
        let Command::Wpt(args) = Args::try_parse_from(args).unwrap().command else {
            panic!("another command");
        };
        assert!(!args.isolate && args.timeout == Duration::from_millis(500));
        assert!(Args::try_parse_from(["xtask", "wpt"]).is_err());
        assert!(Args::try_parse_from(["xtask", "wpt", "S", "--pair", "v8+wasmi"]).is_err());
        assert!(Args::try_parse_from(["xtask", "wpt", "S", "--timeout", "-1"]).is_err());
    }
}
