//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Parser, Subcommand};

use crate::bench::suites::Filter;
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
    /// Runs the benchmarks, and rewrites docs/PERFORMANCE.md.
    Bench(BenchArgs),
    /// Runs real packages from npm, unmodified, on every pair of engines.
    Packages(PackagesArgs),
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

With --web, DIR is a checkout of the web platform tests themselves, and what runs are the tests of
Web APIs that tests/wpt/web.toml lists. Some of their folders are enough, common/, interfaces/ and
resources/ among them:
  git clone --depth 1 --filter=blob:none --sparse https://github.com/web-platform-tests/wpt WPT
  git -C WPT sparse-checkout set common compression console dom encoding fetch FileAPI hr-time html \\
      interfaces media mimesniff resources streams url WebCryptoAPI webidl xhr
Out of a bare mirror, folder by folder:
  git --git-dir MIRROR archive --prefix=url/ HEAD:url | tar -x -C WPT

Examples:
  cargo xtask wpt SUITE --expected expected.json
  cargo xtask wpt SUITE --pair boa+wasmi --filter 'spec/jsapi/memory/*' -v
  cargo xtask wpt SUITE --update
  cargo xtask wpt WPT --web --pair quickjs+wasmi --filter 'url/*'

Exit status:
  0    every subtest passes or fails as the expectations say
  1    a subtest fails that is not listed, or one that is listed does not
  2    the run itself failed";

const BENCH_EXAMPLES: &str = "\
The suites are those of benches/: calls, memory, startup, graph, workloads. Their tables and plots, one
for each, stand beside what hand-written glue, the engines alone or plain JavaScript take, and what
each row is to reach. On the page only what is between markers is rewritten, `<!-- bench: calls -->` to
`<!-- /bench -->`; what was not measured stays as it is. Results are kept in target/criterion.

The options --peers, --counts and --sizes measure more, each for itself:
  --peers   a loop of calls, the workloads and the start of node, deno and bun (the latter two are in
            npm: `npm install --global deno bun`); what is not installed is said to be missing
  --counts  instructions per call, by valgrind: the same on every run, however noisy the machine
  --sizes   the command built with each pair alone, as it ships: minutes for each

Examples:
  cargo xtask bench
  cargo xtask bench --filter 'calls: export' --filter memory
  cargo xtask bench --no-run --peers --counts
  cargo xtask bench --no-run --out /tmp/page

Exit status:
  0    the page is written
  2    something failed";

const PACKAGES_EXAMPLES: &str = "\
DIR has a folder for each case, cases/NAME, with main.mjs, what it prints in expected.txt, and a
package.json with the packages it needs. A package-lock.json in DIR pins them. npm installs them into
target/packages; no script of theirs is run.

A case passes when the program exits with 0 and prints what is expected. Times are in seconds, of
whole processes: with an empty folder of compiled modules / with what the first run left there.

Examples:
  cargo xtask packages
  cargo xtask packages ../cases --tier 1,2 --node node --rounds 5
  cargo xtask packages --pair boa+wasmi --only qoi

Exit status:
  0    every case passes on every pair, or npm cannot be reached and --if-reachable is given
  1    a case fails
  2    the run itself failed";

/// Which packages to run, and on what.
#[derive(Debug, clap::Args)]
#[command(after_help = PACKAGES_EXAMPLES)]
pub struct PackagesArgs {
    /// The folder of cases.
    #[arg(default_value = "tests/packages")]
    pub dir: PathBuf,

    /// Runs only on this pair, as `quickjs+wasmtime`. Can be repeated.
    #[arg(long = "pair", value_name = "PAIR")]
    pub chosen: Vec<Pair>,

    /// Runs only cases of these tiers, where cases.json tells them.
    #[arg(long, value_delimiter = ',')]
    pub tier: Vec<u32>,

    /// Runs only these cases.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub only: Vec<String>,

    /// Runs them on this Node.js, too.
    #[arg(long, value_name = "PROGRAM")]
    pub node: Option<PathBuf>,

    /// The `sinew` to run them with [default: the one built beside this program]
    #[arg(long, value_name = "PROGRAM")]
    pub sinew: Option<PathBuf>,

    /// Where npm installs packages [default: target/packages]
    #[arg(long, value_name = "DIR")]
    pub cache: Option<PathBuf>,

    /// How often each case is run on each, in turns; the table has the median.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub rounds: usize,

    /// Seconds after which a run has failed.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub timeout: u64,

    /// Says so and succeeds when npm or its registry cannot be reached.
    #[arg(long)]
    pub if_reachable: bool,

    /// Puts the table into this page, between its markers.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

impl PackagesArgs {
    /// The pairs that were chosen, or all.
    pub fn pairs(&self) -> &[Pair] {
        match self.chosen.is_empty() {
            true => Pair::ALL,
            false => &self.chosen,
        }
    }
}

/// What to measure, and where to write it.
#[derive(Debug, clap::Args)]
#[command(after_help = BENCH_EXAMPLES)]
pub struct BenchArgs {
    /// Runs only this suite, or of it only the rows that begin so. Can be repeated.
    #[arg(long, value_name = "SUITE[: ROW]")]
    pub filter: Vec<Filter>,

    /// Runs no suite: writes the page with the results of the last run.
    #[arg(long, conflicts_with = "filter")]
    pub no_run: bool,

    /// Runs the same work on node, deno and bun, where they are installed.
    #[arg(long)]
    pub peers: bool,

    /// Counts the instructions of each call, where valgrind is installed.
    #[arg(long)]
    pub counts: bool,

    /// Builds the command with each pair, and says how large it is.
    #[arg(long)]
    pub sizes: bool,

    /// The profile of these builds.
    #[arg(long, value_name = "NAME", default_value = "dist", requires = "sizes")]
    pub profile: String,

    /// Builds only with this pair, as `quickjs+wasmtime`. Can be repeated.
    #[arg(long = "pair", value_name = "PAIR", requires = "sizes")]
    pub pairs: Vec<Pair>,

    /// The folder of the page and of its plots [default: the repository's docs]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// Which tests to run, and what to make of the results.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct WptArgs {
    /// The folder of the suites.
    #[arg(value_name = "DIR")]
    pub suite: PathBuf,

    /// Runs the tests of Web APIs: DIR is a checkout of the web platform tests.
    #[arg(long)]
    pub web: bool,

    /// Which of them run, and which are left out and why [default: the repository's
    /// tests/wpt/web.toml]
    #[arg(long, value_name = "FILE", requires = "web")]
    pub list: Option<PathBuf>,

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
    /// tests/wpt/expectations.toml, or web-expectations.toml there with --web]
    #[arg(long, value_name = "FILE")]
    pub expectations: Option<PathBuf>,

    /// Rewrites the expectations to what was found. Reasons that are there stay.
    #[arg(long)]
    pub update: bool,

    /// How many subtests each file has, as a JSON object: what a file that ends early did not reach
    /// has failed. With --web [default: the repository's tests/wpt/web-counts.json], and --update
    /// raises the numbers
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

    /// Whether it is a test of Web APIs.
    #[arg(long)]
    pub web: bool,

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
    fn reads_options_of_benchmarks() {
        let read = |args: &[&str]| match Args::try_parse_from([&["xtask", "bench"], args].concat())
        {
            Ok(Args {
                command: Command::Bench(args),
            }) => Some(args),
            _ => None,
        };
        let args = read(&["--filter", "calls: export", "--filter", "memory"]).unwrap();
        assert!(args.filter.len() == 2 && !args.no_run && args.profile == "dist");
        assert!(
            read(&["--no-run", "--peers", "--counts", "--sizes"])
                .unwrap()
                .no_run
        );
        assert!(read(&["--no-run", "--filter", "calls"]).is_none());
        assert!(read(&["--pair", "boa+wasmi"]).is_none());
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
