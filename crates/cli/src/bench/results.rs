//! The results in the form of `--json`, from which the table is made as well.

use serde::Serialize;

use super::rounds::{Measurement, Times};
use super::subject::Label;
use super::summary::{Summary, share};
use crate::pair::{Engine, Pair, js_engines, wasm_engines};

#[derive(Serialize)]
pub struct Results {
    pub sinew: &'static str,
    pub os: &'static str,
    pub arch: &'static str,
    pub cores: usize,
    pub file: String,
    /// In seconds, per case and pairing.
    pub warmup: f64,
    pub time: f64,
    pub pairings: Vec<Pairing>,
    pub references: Vec<Case>,
    pub cases: Vec<Case>,
}

/// A pair of engines, and why the program did not run on it.
#[derive(Serialize)]
pub struct Pairing {
    pub js: &'static str,
    pub js_version: &'static str,
    pub wasm: &'static str,
    pub wasm_version: &'static str,
    pub error: Option<String>,
}

/// A case with its results, one a pairing that has it.
#[derive(Serialize)]
pub struct Case {
    pub name: String,
    pub group: Option<String>,
    pub baseline: bool,
    pub results: Vec<Outcome>,
}

/// What came of a case on one pairing.
#[derive(Serialize)]
pub struct Outcome {
    pub js: &'static str,
    pub wasm: &'static str,
    pub error: Option<String>,
    #[serde(flatten)]
    pub measured: Option<Measured>,
}

#[derive(Serialize)]
pub struct Measured {
    #[serde(rename = "async")]
    pub is_async: bool,
    pub rounds: usize,
    /// Calls in a round.
    pub iterations: i32,
    #[serde(flatten)]
    pub summary: Summary,
    /// How many times the median of the fastest pairing.
    pub ratio: f64,
    /// How many times the median of the group's baseline on the same pairing.
    pub baseline_ratio: Option<f64>,
}

impl Pairing {
    pub fn new(pair: Pair, error: Option<String>) -> Self {
        let (js, wasm) = pair.names();
        Self {
            js,
            js_version: version(&js_engines(), js),
            wasm,
            wasm_version: version(&wasm_engines(), wasm),
            error,
        }
    }
}

fn version<F>(engines: &[Engine<F>], name: &str) -> &'static str {
    let engine = engines.iter().find(|engine| engine.name == name);
    engine.map_or("", |engine| engine.version)
}

impl Results {
    /// The results of these measurements, whose pairings are these.
    pub fn new(
        file: String,
        times: Times,
        pairings: Vec<Pairing>,
        measured_on: &[Pair],
        measurements: &[Measurement],
    ) -> Self {
        let mut all = cases(measured_on, measurements);
        for (_, case) in &mut all {
            compare_pairings(&mut case.results);
        }
        compare_with_baselines(&mut all);
        let cores = std::thread::available_parallelism();
        let (references, cases): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|(label, _)| label.reference);
        let without_label = |cases: Vec<(Label, Case)>| cases.into_iter().map(|(_, case)| case);
        Self {
            sinew: env!("CARGO_PKG_VERSION"),
            os: std::env::consts::OS,
            arch: std::env::consts::ARCH,
            cores: cores.map_or(1, usize::from),
            file,
            warmup: times.warmup.as_secs_f64(),
            time: times.measured.as_secs_f64(),
            pairings,
            references: without_label(references).collect(),
            cases: without_label(cases).collect(),
        }
    }
}

/// The measurements by case. Those of a group follow one another.
fn cases(pairs: &[Pair], measurements: &[Measurement]) -> Vec<(Label, Case)> {
    let mut cases: Vec<(Label, Case)> = Vec::new();
    for measurement in measurements {
        let label = &measurement.label;
        let summary = Summary::of(&measurement.samples);
        if summary.is_none() && measurement.error.is_none() {
            continue;
        }
        let at = cases.iter().position(|(other, _)| other.is(label));
        let at = at.unwrap_or_else(|| {
            let of_group = |(other, _): &(Label, _)| !other.reference && other.group == label.group;
            let last = cases.iter().rposition(of_group);
            let at = last.map_or(cases.len(), |last| last + 1);
            cases.insert(at, (label.clone(), Case::new(label)));
            at
        });
        let (js, wasm) = pairs[measurement.pairing].names();
        cases[at].1.results.push(Outcome {
            js,
            wasm,
            error: measurement.error.as_ref().map(ToString::to_string),
            // Samples before a failure are no result.
            measured: summary
                .filter(|_| measurement.error.is_none())
                .map(|summary| Measured {
                    is_async: measurement.is_async,
                    rounds: measurement.samples.len(),
                    iterations: measurement.iterations,
                    summary,
                    ratio: 1.0,
                    baseline_ratio: None,
                }),
        });
    }
    cases
}

impl Case {
    fn new(label: &Label) -> Self {
        Self {
            name: label.name.clone(),
            group: label.group.clone(),
            baseline: label.baseline,
            results: Vec::new(),
        }
    }
}

fn compare_pairings(outcomes: &mut [Outcome]) {
    let measured = outcomes.iter().filter_map(|it| it.measured.as_ref());
    let fastest = measured.map(|it| it.summary.median).min_by(f64::total_cmp);
    for measured in outcomes.iter_mut().filter_map(|it| it.measured.as_mut()) {
        measured.ratio = share(measured.summary.median, fastest.unwrap_or_default());
    }
}

fn compare_with_baselines(cases: &mut [(Label, Case)]) {
    let mut baselines = Vec::new();
    for (label, case) in cases.iter().filter(|(label, _)| label.baseline) {
        for outcome in &case.results {
            if let Some(measured) = &outcome.measured {
                let engines = (outcome.js, outcome.wasm);
                baselines.push((label.group.clone(), engines, measured.summary.median));
            }
        }
    }
    for (label, case) in cases.iter_mut().filter(|(label, _)| !label.reference) {
        for outcome in &mut case.results {
            let engines = (outcome.js, outcome.wasm);
            let same = |(group, on, _): &&(_, _, _)| *group == label.group && *on == engines;
            if let Some(measured) = &mut outcome.measured
                && let Some((_, _, median)) = baselines.iter().find(same)
            {
                measured.baseline_ratio = Some(share(measured.summary.median, *median));
            }
        }
    }
}
