//! Junk for every argument of the API, on all four pairings at once: whatever comes of it has to be
//! the same everywhere, and nothing may panic, abort or hang.
//!
//! A program is a list of steps, made from a seed. Each step tells what came of it (the class of what
//! was thrown, by the identity of its prototype, or the contents of what was returned) and which user
//! code it ran in which order. The same text runs on every pairing that has what it uses.
//!
//! `SINEW_JUNK_CALLS` says how many steps, `SINEW_JUNK_SEED` from which seed on,
//! `SINEW_JUNK_MESSAGES=1` compares messages of errors as well, `SINEW_JUNK_KEEP` says how many
//! differences to look for, and `SINEW_JUNK_NODE=1` compares with Node.js, if there is one.

mod compare;
mod entries;
mod node;
mod program;
mod random;
mod shrink;
mod things;
mod values;
mod wasm;
mod worker;

use std::path::{Path, PathBuf};

use compare::{Divergence, LACKING, compare};
use entries::PROBES;
use program::Program;
use worker::{Outcome, PAIRINGS, Worker};

/// Steps in a program.
const LENGTH: usize = 40;

/// Steps of a run that nobody asked more of.
const CALLS: usize = 20_000;

/// Pairings that are compared with each other; the more alike they are, the more they can be asked.
const GROUPS: &[&[usize]] = &[&[0, 1, 2, 3], &[0, 1, 2, 3], &[0, 2], &[0, 1]];

fn setting(name: &str) -> Option<usize> {
    std::env::var(name).ok()?.parse().ok()
}

/// A folder with the programs, and the processes that run them.
struct Laboratory {
    folder: tempfile::TempDir,
    workers: [Worker; 4],
    /// What each pairing has.
    features: Vec<Vec<String>>,
    messages: bool,
    /// How many steps returned, and how many there were.
    returned: (usize, usize),
}

impl Laboratory {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (file, module) in [("m.wasm", "lib"), ("imp.wasm", "imp")] {
            let bytes = wat::parse_str(wasm::source(module)).unwrap();
            std::fs::write(folder.path().join(file), bytes).unwrap();
        }
        let mut laboratory = Self {
            folder,
            workers: PAIRINGS.map(Worker::new),
            features: Vec::new(),
            messages: std::env::var("SINEW_JUNK_MESSAGES").is_ok(),
            returned: (0, 0),
        };
        let file = laboratory.write(&program::probe_source());
        for (_, outcome) in laboratory.run(&file, &[0, 1, 2, 3]) {
            assert_eq!(outcome.failure, "", "{:?}", outcome.lines);
            for line in outcome.lines.iter().filter(|line| line.starts_with("no ")) {
                eprintln!("{line}");
            }
            laboratory.features.push(found(&outcome.lines));
        }
        laboratory
    }

    fn write(&self, source: &str) -> PathBuf {
        let file = self.folder.path().join("program.mjs");
        std::fs::write(&file, source).unwrap();
        file
    }

    /// Runs a file on these pairings at the same time.
    fn run(&mut self, file: &Path, group: &[usize]) -> Vec<(usize, Outcome)> {
        std::thread::scope(|scope| {
            let workers = self.workers.iter_mut().enumerate();
            let threads: Vec<_> = workers
                .filter(|(n, _)| group.contains(n))
                .map(|(n, worker)| (n, scope.spawn(move || worker.run(file))))
                .collect();
            let joined = threads.into_iter();
            joined.map(|(n, t)| (n, t.join().unwrap())).collect()
        })
    }

    /// What all pairings of a group have.
    fn common(&self, group: &[usize]) -> Vec<String> {
        let first = self.features[group[0]].iter();
        let in_all = |name: &&String| group.iter().all(|n| self.features[*n].contains(name));
        first.filter(in_all).cloned().collect()
    }

    fn check(&mut self, program: &Program, group: &[usize]) -> (Option<Divergence>, bool) {
        let file = self.write(&program.source(self.messages));
        let outcomes = self.run(&file, group);
        let lines = &outcomes[0].1.lines;
        let returned = lines.iter().filter(|line| line.contains(" = ")).count();
        self.returned = (self.returned.0 + returned, self.returned.1 + lines.len());
        compare(&outcomes, |number| text_of(program, number))
    }
}

/// The names that a probe has printed.
fn found(lines: &[String]) -> Vec<String> {
    let names = lines.iter().filter_map(|line| line.strip_prefix("has "));
    names.map(str::to_owned).collect()
}

fn text_of(program: &Program, number: usize) -> String {
    let step = program.steps.iter().find(|step| step.number == number);
    step.map(program::Step::text).unwrap_or_default()
}

/// The whole program, as one can read it.
fn listing(program: &Program) -> String {
    let lines = program.steps.iter();
    let lines = lines.map(|step| format!("  step {}: {}\n", step.number, step.text()));
    lines.collect()
}

#[test]
fn pairings_agree_on_junk() {
    let mut laboratory = Laboratory::new();
    let calls = setting("SINEW_JUNK_CALLS").unwrap_or(CALLS);
    let first = setting("SINEW_JUNK_SEED").unwrap_or(1);
    let keep = setting("SINEW_JUNK_KEEP").unwrap_or(3);
    let (mut reports, mut cut) = (Vec::<String>::new(), 0);
    for seed in first..first + calls.div_ceil(LENGTH) {
        let group = GROUPS[seed % GROUPS.len()];
        let program = Program::generate(seed as u64, &laboratory.common(group), LENGTH);
        let (divergence, allowed) = laboratory.check(&program, group);
        cut += usize::from(allowed);
        let Some(divergence) = divergence else {
            continue;
        };
        let (program, divergence) = shrink::shrink(program, divergence, |program| {
            laboratory.check(program, group).0
        });
        let report = format!("seed {seed}:\n{}{divergence}\n", listing(&program));
        eprintln!("{report}");
        reports.push(report);
        if reports.len() >= keep {
            break;
        }
    }
    let (returned, of) = laboratory.returned;
    eprintln!("{returned} of {of} steps returned");
    // Else all that is tested is how arguments are refused.
    assert!(returned * 4 > of, "most junk is refused");
    eprintln!("{cut} programs were compared up to an allowed difference");
    assert!(reports.is_empty(), "{} differences", reports.len());
}

/// What a pairing has not is on a list.
#[test]
fn pairings_lack_what_is_said() {
    let laboratory = Laboratory::new();
    let mut wrong = Vec::new();
    for (pairing, features) in PAIRINGS.iter().zip(&laboratory.features) {
        for (name, _) in PROBES {
            let lacks =
                |(feature, of, _): &&(&str, &str, &str)| feature == name && pairing.contains(of);
            let expected = !LACKING.iter().any(|lack| lacks(&lack));
            if features.contains(&(*name).to_owned()) != expected {
                let verb = if expected { "lacks" } else { "has" };
                wrong.push(format!("{pairing} {verb} {name}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
