//! The results, and what they are expected to be.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::run::{Failure, Outcome, PAIRINGS, Pairing};
use crate::script::Script;

/// Where the numbers are.
const RESULTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/spec/RESULTS.md");

/// What came of the assertions of a group on a pairing.
#[derive(Default)]
struct Count {
    passed: usize,
    failed: usize,
    skipped: usize,
}

/// The results so far.
pub struct Report {
    expected: Vec<Expected>,
    counts: BTreeMap<(&'static str, usize), Count>,
    skipped: BTreeMap<(&'static str, usize), usize>,
    times: BTreeMap<usize, Duration>,
    /// The lines by script, message and pairing.
    failures: BTreeMap<(String, String, usize), Vec<usize>>,
    passes: Vec<String>,
}

/// A line of `failures.txt`: steps of a script that fail on some pairings.
struct Expected {
    js: String,
    wasm: String,
    script: String,
    lines: Vec<(usize, usize)>,
    reason: String,
    /// Whether any did.
    used: bool,
}

impl Expected {
    /// Pairing, with `*` for any engine; script and lines; the reason.
    fn parse(line: &str) -> Option<Self> {
        let mut words = line.splitn(4, ' ');
        let (js, wasm) = (words.next()?, words.next()?);
        let (script, lines) = words.next()?.split_once(':')?;
        let range = |range: &str| {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            Some((first.parse().ok()?, last.parse().ok()?))
        };
        Some(Self {
            js: js.to_owned(),
            wasm: wasm.to_owned(),
            script: script.to_owned(),
            lines: lines.split(',').map(range).collect::<Option<_>>()?,
            reason: words.next().filter(|reason| !reason.is_empty())?.to_owned(),
            used: false,
        })
    }

    fn is_about(&self, pairing: &Pairing, script: &str, line: usize) -> bool {
        let is = |pattern: &str, name: &str| pattern == "*" || pattern == name;
        self.script == script
            && is(&self.js, pairing.js)
            && is(&self.wasm, pairing.wasm)
            && self
                .lines
                .iter()
                .any(|&(first, last)| (first..=last).contains(&line))
    }
}

impl Default for Report {
    fn default() -> Self {
        let lines = include_str!("failures.txt").lines();
        let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        let expected = lines.map(|line| {
            Expected::parse(line).unwrap_or_else(|| panic!("failures.txt does not parse: {line}"))
        });
        Self {
            expected: expected.collect(),
            counts: BTreeMap::new(),
            skipped: BTreeMap::new(),
            times: BTreeMap::new(),
            failures: BTreeMap::new(),
            passes: Vec::new(),
        }
    }
}

impl Report {
    /// Adds what came of a script on a pairing, by its index.
    pub fn add(&mut self, pairing: usize, script: &Script, outcome: &Outcome) {
        *self.times.entry(pairing).or_default() += outcome.time;
        let place = format!("{}/{}", script.group, script.file);
        let count = self.counts.entry((script.group, pairing)).or_default();
        for (step, result) in script.steps.iter().zip(&outcome.steps) {
            let one = usize::from(step.assertion);
            let is_about =
                |expected: &&mut Expected| expected.is_about(&PAIRINGS[pairing], &place, step.line);
            let expected = self.expected.iter_mut().find(is_about);
            match result {
                Ok(()) => {
                    count.passed += one;
                    if expected.is_some_and(|_| step.assertion) {
                        let name = PAIRINGS[pairing].name();
                        self.passes.push(format!("{place}:{} on {name}", step.line));
                    }
                }
                Err(Failure::Skipped(reason)) => {
                    count.skipped += one;
                    *self.skipped.entry((reason, pairing)).or_default() += one;
                }
                Err(Failure::Failed(message)) => {
                    count.failed += one;
                    match expected {
                        Some(expected) => expected.used = true,
                        None => {
                            let key = (place.clone(), message.clone(), pairing);
                            self.failures.entry(key).or_default().push(step.line);
                        }
                    }
                }
            }
        }
    }

    /// Prints and compares.
    ///
    /// # Panics
    /// When the results are not as expected.
    pub fn finish(self) {
        let results = self.results();
        println!("{results}");
        for (pairing, time) in &self.times {
            println!(
                "{}: {:.1} s of one processor",
                PAIRINGS[*pairing].name(),
                time.as_secs_f64()
            );
        }
        let before = std::fs::read_to_string(RESULTS).unwrap_or_default();
        let update = std::env::var_os("SINEW_UPDATE").is_some();
        if update {
            std::fs::write(RESULTS, &results).expect("the file can be written");
        }
        let wrong = self.wrong();
        assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
        assert!(
            update || before == results,
            "RESULTS.md is out of date; run with SINEW_UPDATE=1\n{results}"
        );
    }

    /// What `failures.txt` does not have, or has and should not.
    fn wrong(&self) -> Vec<String> {
        let mut merged: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for ((script, message, pairing), lines) in &self.failures {
            let pairings = merged.entry((script, lines, message)).or_default();
            pairings.push(PAIRINGS[*pairing].name());
        }
        let failures = merged
            .into_iter()
            .map(|((script, lines, message), pairings)| {
                let lines: Vec<_> = lines.iter().map(usize::to_string).collect();
                let (lines, pairings) = (lines.join(","), pairings.join(", "));
                format!("{script}:{lines} fails on {pairings}: {message}")
            });
        let passes = self.passes.iter();
        let passes = passes.map(|pass| format!("{pass} passes, but is in failures.txt"));
        let unused = self.expected.iter().filter(|expected| !expected.used);
        let unused = unused.map(|expected| {
            let Expected {
                js,
                wasm,
                script,
                reason,
                ..
            } = expected;
            format!("never fails, but is in failures.txt: {js} {wasm} {script}: {reason}")
        });
        failures.chain(passes).chain(unused).collect()
    }

    /// The text of `RESULTS.md`.
    fn results(&self) -> String {
        let mut text = String::from(HEADING);
        let names: Vec<_> = PAIRINGS.iter().map(Pairing::name).collect();
        text += &format!("| group | assertions | {} |\n", names.join(" | "));
        text += &format!("|---|--:|{}\n", "--:|".repeat(PAIRINGS.len()));
        let groups: BTreeSet<_> = self.counts.keys().map(|(group, _)| *group).collect();
        let mut sums: Vec<Count> = PAIRINGS.iter().map(|_| Count::default()).collect();
        for group in groups {
            let of = |pairing: usize| &self.counts[&(group, pairing)];
            let cells = (0..PAIRINGS.len()).map(of);
            text += &row(group, &cells.collect::<Vec<_>>());
            for (pairing, sum) in sums.iter_mut().enumerate() {
                sum.passed += of(pairing).passed;
                sum.failed += of(pairing).failed;
                sum.skipped += of(pairing).skipped;
            }
        }
        text += &row("all", &sums.iter().collect::<Vec<_>>());
        text += &format!("\nSkipped:\n\n| reason | {} |\n", names.join(" | "));
        text += &format!("|---|{}\n", "--:|".repeat(PAIRINGS.len()));
        let reasons: BTreeSet<_> = self.skipped.keys().map(|(reason, _)| *reason).collect();
        for reason in reasons {
            let of = |pairing| {
                self.skipped
                    .get(&(reason, pairing))
                    .copied()
                    .unwrap_or_default()
            };
            let cells: Vec<_> = (0..PAIRINGS.len())
                .map(|pairing| of(pairing).to_string())
                .collect();
            text += &format!("| {reason} | {} |\n", cells.join(" | "));
        }
        text
    }
}

/// How the file of results begins.
const HEADING: &str = "# The core specification's scripts

Written by `SINEW_UPDATE=1 cargo test -p sinew --features full --test spec`. Each cell has the
assertions that pass, those that fail (`failures.txt` says why) and those that cannot be asked.

";

/// A line of the table.
fn row(name: &str, counts: &[&Count]) -> String {
    let all = counts[0].passed + counts[0].failed + counts[0].skipped;
    let cells: Vec<_> = counts
        .iter()
        .map(|count| format!("{} / {} / {}", count.passed, count.failed, count.skipped))
        .collect();
    format!("| {name} | {all} | {} |\n", cells.join(" | "))
}
