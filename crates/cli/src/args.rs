//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};
use sinew::Apis;

use crate::pair::{JsName, WasmName};

/// Runs JavaScript with WebAssembly on the engines of your choice.
///
/// JavaScript engines without WebAssembly of their own get it here: `import` a .wasm file like any
/// other module, or use the `WebAssembly` namespace.
#[derive(Debug, Parser)]
#[command(name = "sinew", version, after_help = EXAMPLES)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EXAMPLES: &str = "\
Examples:
  sinew run main.js                            run a program
  sinew run -e 'console.log(6 * 7)'            run a line of code
  sinew run --js boa --wasm wasmi main.js      choose the engines
  sinew bench --all cases.js                   how fast it is on each pair of engines
  sinew inspect add.wasm                       what a module imports and exports
  sinew engines                                what is compiled in, and what it can do";

const RUN_EXAMPLES: &str = "\
Examples:
  sinew run main.js one two                    scriptArgs is [\"main.js\", \"one\", \"two\"]
  sinew run add.wasm                           a wasm file is a module, too
  sinew run -e 'import { add } from \"./add.wasm\"; console.log(add(20, 22))'
  sinew run --timeout 0.5 --max-memory 64M untrusted.js
  sinew run --root .. test/main.js             let imports reach the parent folder
  sinew run --globals basic untrusted.js       console and timers, but no fetch and the like
  sinew run --allow-net=localhost:8080 main.js
  sinew run -C browser main.js                 take the builds of packages for browsers
  sinew run --import-map map.json main.js      say where specifiers lead
  sinew run --script old.js                    a classic script, as for <script> without a type

Exit status:
  0    the program ran until nothing was left: jobs, timers, top-level await
  1    an uncaught error or rejection, or a module that cannot be found, read, compiled or linked
  2    the command line was wrong
  70   an engine or Sinew itself failed (a bug)
  124  the deadline passed (--timeout)";

const BENCH_EXAMPLES: &str = "\
A program registers its cases with the global function bench:
  import { add } from \"./add.wasm\";
  bench(\"add\", () => add(20, 22));
  bench(\"wait\", async () => { await null; });
  bench({ name: \"sum\", group: \"sums\", baseline: true, fn: () => 20 + 22 });
The others of a group are compared with its baseline. What the program prints goes to standard error.

Every case is called for a while (--warmup), then measured in rounds: each round takes one sample of
every case on every pair of engines in turn, so that all share the machine's slow moments. A sample is
a loop in JavaScript that calls fn for 1 to 10 milliseconds, or once if that takes longer; there are
at least five. The loop and the call are part of every time; the rows of empty functions show what
they cost. The results of a function that returned a promise at its first call are awaited. Garbage
counts when it is collected. A time limit (--timeout) makes wasm interruptible, which has a cost.
Compiled modules are neither kept on disk nor taken from there.

Columns: median and 10th percentile of the time per call over the rounds; spread, from the 10th to the
90th percentile, as a share of the median; ratio to the fastest pair of engines; ratio to the group's
baseline on the same pair.

The JSON object has these members, and more may be added:
  sinew, os, arch, cores      the version of this program, and the machine
  file, warmup, time          the file's name as given, and the seconds per case and pair of engines
  pairings                    objects { js, js_version, wasm, wasm_version, error }: error is null, or
                              why there are no results
  references, cases           objects { name, group, baseline, results }: the empty functions, and
                              the program's cases; group may be null
  results                     objects { js, wasm, error }, and unless the case failed { async,
                              rounds, iterations, median, p10, p90, min, max, spread, ratio,
                              baseline_ratio }: iterations per round, times in nanoseconds per call,
                              baseline_ratio is null where there is none

Exit status:
  0    everything was measured
  1    a case failed, or the program did on a pair of engines, or had no case: the rest is measured
  2    the command line was wrong
  70   an engine or Sinew itself failed (a bug)
  124  the deadline passed (--timeout): nothing is printed";

const INSPECT_EXAMPLES: &str = "\
Examples:
  sinew inspect add.wasm
  sinew inspect --json add.wat

The JSON object has these members, and more may be added:
  file, bytes           the file's name as given, and the size of the binary
  imports, exports      objects { module (of imports), name, kind, type, js }: `type` in the words of
                        the specification, `js` as JavaScript sees it
  functions             { total, imported }
  start                 null or { index, name }; the name may be null
  memories              objects { index, imported, minimum, maximum, page_size, shared, memory64 },
                        sizes in pages, maximum may be null
  tables                objects { index, imported, element, minimum, maximum, table64 }
  custom_sections       objects { name, offset, bytes }
  proposals             names of what it needs beyond WebAssembly 2.0
  engines               objects { name, supported, missing }: of those proposals

Exit status: 0, or 1 if the file cannot be read or is no valid module.";

const ENGINES_EXAMPLES: &str = "\
The JSON object has these members, and more may be added:
  sinew                 the version of this program
  default               { js, wasm }: what `sinew run` uses unless told otherwise
  pairs                 objects { js, wasm }, the fastest first
  js, wasm              objects { name, version, features }, with features as objects
                        { feature, supported }";

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Runs a program until nothing is left to do.
    Run(RunArgs),
    /// Measures how long the cases of a program take, and compares engines.
    Bench(BenchArgs),
    /// Shows what a wasm file imports, exports and needs.
    Inspect(InspectArgs),
    /// Lists the engines that are compiled in, and what they can do.
    Engines(EnginesArgs),
}

/// How to run what.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(
    after_help = RUN_EXAMPLES,
    override_usage = "sinew run [OPTIONS] FILE [ARGS]...\n       sinew run [OPTIONS] -e CODE [ARGS]..."
)]
pub struct RunArgs {
    /// On what and under which bounds.
    #[command(flatten)]
    pub runtime: RuntimeArgs,

    /// Where and whether compiled modules are kept.
    #[command(flatten)]
    pub cache: CacheArgs,

    /// Runs CODE instead of a file. Its relative imports start from the root.
    #[arg(short, long, value_name = "CODE", allow_hyphen_values = true)]
    pub eval: Option<String>,

    /// Lets `fetch` reach the network: every server, or only those that are named.
    ///
    /// A HOST is a name or address, with a :PORT if only that one is meant. Plain http only.
    #[arg(
        long,
        value_name = "HOST,..",
        num_args = 0..,
        require_equals = true,
        value_delimiter = ','
    )]
    pub allow_net: Option<Vec<String>>,

    /// The program (.js, .mjs, .cjs, .wasm, .wat), and what it finds in `scriptArgs`.
    #[arg(
        value_names = ["FILE", "ARGS"],
        num_args = 1..,
        trailing_var_arg = true,
        required_unless_present = "eval"
    )]
    pub file_and_args: Vec<OsString>,
}

/// On what to run a program, and under which bounds.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct RuntimeArgs {
    /// JavaScript engine; the fastest that is compiled in unless given.
    #[arg(long, value_name = "ENGINE")]
    pub js: Option<JsName>,

    /// WebAssembly engine; the fastest that is compiled in unless given.
    #[arg(long, value_name = "ENGINE")]
    pub wasm: Option<WasmName>,

    /// Folder beneath which modules are found; nothing outside it is opened.
    ///
    /// Unless given: the nearest folder around FILE that has a package.json, or else FILE's own
    /// folder; with -e the current folder.
    #[arg(long, value_name = "DIR")]
    pub root: Option<PathBuf>,

    /// Conditions for the "exports" of packages, beside import, module-sync and default: a,b or
    /// several times. With browser the "browser" field of packages counts, too.
    #[arg(short = 'C', long, value_name = "NAME", value_delimiter = ',', value_parser = condition)]
    pub conditions: Vec<String>,

    /// Looks specifiers up in this import map first (JSON, as in browsers).
    ///
    /// Addresses start from FILE. What they lead to has to lie in the root.
    #[arg(long, value_name = "FILE")]
    pub import_map: Option<PathBuf>,

    /// Ends the program after this many seconds, with exit status 124. Fractions are fine.
    #[arg(long, value_name = "S", value_parser = seconds)]
    pub timeout: Option<Duration>,

    /// Bounds linear memory, and the JavaScript heap where the engine can: 512K, 64M, 1G, or bytes.
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub max_memory: Option<u64>,

    /// Which globals there are beside ECMAScript's and WebAssembly: none, basic (console and
    /// timers), all, or some of them.
    ///
    /// Some are: console, timers, performance, encoding, url, base64, crypto, structured-clone,
    /// dom-exception, events, abort, blob, fetch, streams, compression, navigator.
    #[arg(long, value_name = "LIST", value_parser = apis)]
    pub globals: Option<Apis>,

    /// Runs a classic script, whatever the name, package.json and the syntax say.
    #[arg(long)]
    pub script: bool,
}

/// Where compiled modules are kept for the next run. Only Wasmtime has a use for them.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct CacheArgs {
    /// Compiles all modules anew, and keeps none on disk.
    #[arg(long, conflicts_with_all = ["cache_dir", "cache_size"])]
    pub no_cache: bool,

    /// Folder for compiled modules; it must be yours alone, and apart from the folder of modules.
    ///
    /// Unless given: sinew in the user's folder for caches, such as $XDG_CACHE_HOME or ~/.cache.
    /// A folder that cannot be used is not: modules are compiled then as with --no-cache.
    #[arg(long, value_name = "DIR")]
    pub cache_dir: Option<PathBuf>,

    /// Room for compiled modules; what was not used for longest goes first. 1G unless given.
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub cache_size: Option<u64>,
}

/// What to measure, and where.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = BENCH_EXAMPLES)]
pub struct BenchArgs {
    /// Measures on every pair of engines that is compiled in, or on those with the given engine.
    #[arg(long)]
    pub all: bool,

    /// On what and under which bounds.
    #[command(flatten)]
    pub runtime: RuntimeArgs,

    /// Measures only the cases with TEXT in their name or group.
    #[arg(long, value_name = "TEXT")]
    pub filter: Option<String>,

    /// How many seconds to measure each case on each pair of engines. Fractions are fine.
    #[arg(long, value_name = "S", value_parser = seconds, default_value = "1")]
    pub time: Duration,

    /// How many seconds to call each case before.
    #[arg(long, value_name = "S", value_parser = seconds, default_value = "0.25")]
    pub warmup: Duration,

    /// Prints one JSON object instead of a table.
    #[arg(long)]
    pub json: bool,

    /// The program that registers the cases.
    pub file: PathBuf,

    /// What the program finds in `scriptArgs`, after FILE.
    #[arg(last = true)]
    pub args: Vec<OsString>,
}

impl BenchArgs {
    /// The program, as `sinew run` has it.
    pub fn program(&self) -> RunArgs {
        let file = self.file.clone().into_os_string();
        RunArgs {
            runtime: self.runtime.clone(),
            file_and_args: std::iter::once(file).chain(self.args.clone()).collect(),
            ..RunArgs::default()
        }
    }
}

/// What to look at.
#[derive(Debug, clap::Args)]
#[command(after_help = INSPECT_EXAMPLES)]
pub struct InspectArgs {
    /// The module, in the binary format (.wasm) or the text format (.wat).
    pub file: PathBuf,

    /// Prints one JSON object.
    #[arg(long)]
    pub json: bool,
}

/// How to list.
#[derive(Debug, clap::Args)]
#[command(after_help = ENGINES_EXAMPLES)]
pub struct EnginesArgs {
    /// Prints one JSON object.
    #[arg(long)]
    pub json: bool,
}

fn condition(text: &str) -> Result<String, String> {
    match text.is_empty() {
        true => Err("a condition has a name".to_owned()),
        false => Ok(text.to_owned()),
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number of seconds")?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

fn apis(text: &str) -> Result<Apis, String> {
    match text {
        "none" => return Ok(Apis::empty()),
        "basic" => return Ok(Apis::BASIC),
        "all" => return Ok(Apis::all()),
        _ => {}
    }
    let mut apis = Apis::empty();
    for name in text.split(',') {
        let constant = name.to_ascii_uppercase().replace('-', "_");
        let known = name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'-');
        match Apis::from_name(&constant).filter(|_| known) {
            Some(api) => apis |= api,
            None => return Err(format!("{name:?} is no group of globals")),
        }
    }
    Ok(apis)
}

fn size(text: &str) -> Result<u64, String> {
    let (digits, shift) = match text.as_bytes().last() {
        Some(b'k' | b'K') => (&text[..text.len() - 1], 10),
        Some(b'm' | b'M') => (&text[..text.len() - 1], 20),
        Some(b'g' | b'G') => (&text[..text.len() - 1], 30),
        _ => (text, 0),
    };
    let number: u64 = match digits.bytes().all(|digit| digit.is_ascii_digit()) {
        true => digits
            .parse()
            .map_err(|_| "not a size such as 512K, 64M or 1G")?,
        false => return Err("not a size such as 512K, 64M or 1G".to_owned()),
    };
    number
        .checked_mul(1 << shift)
        .ok_or_else(|| "too large".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn reads_sizes() {
        assert_eq!(size("0"), Ok(0));
        assert_eq!(size("1000"), Ok(1000));
        assert_eq!(size("512K"), Ok(512 << 10));
        assert_eq!(size("64m"), Ok(64 << 20));
        assert_eq!(size("1G"), Ok(1 << 30));
        for wrong in [
            "",
            "K",
            "-1",
            "+1",
            "1.5G",
            "1T",
            "64 M",
            "99999999999G",
            "é",
        ] {
            assert!(size(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn reads_seconds() {
        assert_eq!(seconds("1.5"), Ok(Duration::from_millis(1500)));
        assert_eq!(seconds("0"), Ok(Duration::ZERO));
        for wrong in ["", "-1", "NaN", "inf", "1e300", "soon"] {
            assert!(seconds(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn leaves_the_arguments_of_the_program_alone() {
        let parse = |args: &[&str]| {
            let all = ["sinew", "run"].iter().chain(args);
            match Args::try_parse_from(all).map(|args| args.command) {
                Ok(Command::Run(args)) => args,
                other => panic!("{other:?}"),
            }
        };
        let args = parse(&["--script", "a.js", "--timeout", "-x", "--", "b"]);
        assert!(args.runtime.script && args.runtime.timeout.is_none());
        assert_eq!(args.file_and_args, ["a.js", "--timeout", "-x", "--", "b"]);
        let args = parse(&["-e", "1", "b"]);
        assert_eq!(args.file_and_args, ["b"]);
        assert!(Args::try_parse_from(["sinew", "run"]).is_err());
        assert!(Args::try_parse_from(["sinew", "run", "--nope", "a.js"]).is_err());
    }
}
