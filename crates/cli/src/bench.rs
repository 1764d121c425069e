//! `sinew bench`

mod progress;
mod results;
mod rounds;
mod subject;
mod summary;
mod table;

use std::rc::Rc;

use sinew::Error;

use crate::args::BenchArgs;
use crate::pair::Pair;
use crate::report;
use crate::run::{self, Failure};
use progress::Progress;
use results::{Pairing, Results};
use rounds::{Measurement, Times, measure};
use subject::{Label, Load, Subject};

/// Measures the cases of a program; returns the exit status.
pub fn main(args: BenchArgs) -> u8 {
    let pairs = match args.all {
        true => Pair::fitting(args.runtime.js, args.runtime.wasm),
        false => Pair::choose(args.runtime.js, args.runtime.wasm).map(|pair| vec![pair]),
    };
    match pairs {
        Ok(pairs) => run::guest(args.runtime.timeout, move || bench(&args, &pairs)),
        Err(message) => {
            report::complain(message);
            report::USAGE
        }
    }
}

fn bench(args: &BenchArgs, pairs: &[Pair]) -> u8 {
    let progress = Progress::new();
    let mut loaded = Loaded::new(args, pairs, &progress);
    if loaded.status == report::DEADLINE {
        return loaded.status;
    }
    let mut measurements = loaded.measurements(args.filter.as_deref());
    let times = Times {
        warmup: args.warmup,
        measured: args.time,
    };
    let measured = measure(&mut loaded.subjects, &mut measurements, times, &progress);
    progress.end();
    if let Err(deadline) = measured {
        return report::failure(&deadline, args.runtime.timeout);
    }
    let mut status = loaded.status;
    for measurement in &measurements {
        if let Some(error) = &measurement.error {
            let pair = loaded.running[measurement.pairing];
            status = status.max(complain(pair, &measurement.label, error));
        }
    }
    let file = args.file.display().to_string();
    let results = Results::new(file, times, loaded.pairings, &loaded.running, &measurements);
    if args.json {
        report::output(&report::json(&results));
    } else if !measurements.is_empty() {
        report::output(&table::table(&results));
    }
    status
}

/// The program on all its pairings.
struct Loaded {
    pairings: Vec<Pairing>,
    /// The pairings it runs on, and what runs there.
    running: Vec<Pair>,
    subjects: Vec<Box<dyn Subject>>,
    status: u8,
}

impl Loaded {
    fn new(args: &BenchArgs, pairs: &[Pair], progress: &Progress) -> Self {
        let mut loaded = Loaded {
            pairings: Vec::new(),
            running: Vec::new(),
            subjects: Vec::new(),
            status: 0,
        };
        for &pair in pairs {
            let bar = progress.clone();
            let print = Rc::new(move |text: &str| bar.print(text));
            let subject = pair.visit(Load(args, print));
            let error = match subject.and_then(|subject| has_cases(subject, args)) {
                Ok(subject) => {
                    loaded.running.push(pair);
                    loaded.subjects.push(subject);
                    None
                }
                Err(failure) => {
                    report::complain(format_args!("{pair}: the program failed"));
                    loaded.status = loaded.status.max(failure.report(args.runtime.timeout));
                    Some(failure.to_string())
                }
            };
            loaded.pairings.push(Pairing::new(pair, error));
            if loaded.status == report::DEADLINE {
                break;
            }
        }
        loaded
    }

    /// What is to be measured, case by case, each on all pairings.
    fn measurements(&self, filter: Option<&str>) -> Vec<Measurement> {
        let mut labels: Vec<Label> = Vec::new();
        let mut found = Vec::new();
        for (pairing, subject) in self.subjects.iter().enumerate() {
            for (case, label) in subject.labels().into_iter().enumerate() {
                if !label.reference && !filter.is_none_or(|text| contains(&label, text)) {
                    continue;
                }
                let place = labels.iter().position(|other| other.is(&label));
                let place = place.unwrap_or_else(|| {
                    labels.push(label.clone());
                    labels.len() - 1
                });
                found.push((place, Measurement::new(pairing, case, label)));
            }
        }
        found.sort_by_key(|(place, _)| *place);
        found
            .into_iter()
            .map(|(_, measurement)| measurement)
            .collect()
    }
}

/// The subject, if there is something to measure.
fn has_cases(subject: Box<dyn Subject>, args: &BenchArgs) -> Result<Box<dyn Subject>, Failure> {
    let labels = subject.labels();
    let mut cases = labels.iter().filter(|label| !label.reference).peekable();
    let file = args.file.display();
    if cases.peek().is_none() {
        return Err(Failure::Source(format!(
            "{file} has no case: a program calls bench(name, fn) for each"
        )));
    }
    match &args.filter {
        Some(text) if !cases.any(|label| contains(label, text)) => Err(Failure::Source(format!(
            "{file} has no case with \"{text}\" in its name or group"
        ))),
        _ => Ok(subject),
    }
}

fn contains(label: &Label, text: &str) -> bool {
    let group = label.group.as_deref().unwrap_or_default();
    label.name.contains(text) || group.contains(text)
}

fn complain(pair: Pair, label: &Label, error: &Error) -> u8 {
    report::complain(format_args!("{pair}: case \"{}\" failed", label.name));
    report::failure(error, None)
}
