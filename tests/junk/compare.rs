//! What may differ between the pairings, and what differs.

use crate::worker::{Outcome, PAIRINGS};

/// What a pairing has not, of [`PROBES`](crate::entries::PROBES): part of its name, and why.
pub const LACKING: &[(&str, &str, &str)] = &[
    ("exn", "wasmi", "Wasmi has no exception handling"),
    ("tag", "wasmi", "Wasmi has no exception handling"),
    ("tagType", "wasmi", "Wasmi has no exception handling"),
    ("gc", "wasmi", "Wasmi has no garbage-collected types"),
    ("refs", "wasmi", "Wasmi has no typed function references"),
    ("sharedMemory", "wasmi", "Wasmi has no shared memories"),
    (
        "str",
        "wasmi",
        "Wasmi has no references that cannot be null",
    ),
    (
        "sharedMemory",
        "boa",
        "Boa cannot make a SharedArrayBuffer over foreign bytes",
    ),
    ("transfer", "boa", "Boa has it behind a feature of its own"),
];

/// A difference that may be.
pub struct Allowed {
    /// Part of the name of one of the two pairings.
    pub pairing: &'static str,
    /// Part of the step's text.
    pub step: &'static str,
    /// Part of the outcome on that pairing.
    pub outcome: &'static str,
    /// What is wrong with which engine.
    pub why: &'static str,
}

/// The differences that may be.
pub const ALLOWED: &[Allowed] = &[
    Allowed {
        pairing: "boa",
        step: ".resize(",
        outcome: "! RangeError",
        why: "Boa converts the length before it looks whether the buffer is resizable",
    },
    Allowed {
        pairing: "quickjs",
        step: "new Uint8Array(",
        outcome: "! ",
        why: "QuickJS checks offset and buffer before it converts the length",
    },
    Allowed {
        pairing: "quickjs",
        step: "defineProperty(new Uint8Array(",
        outcome: "= false",
        why: "QuickJS answers false where the conversion of the element throws",
    },
];

/// Where two pairings part.
#[derive(Clone, Debug)]
pub struct Divergence {
    /// The pairings, by index; the same twice when it is a failure of one.
    pub pairings: (usize, usize),
    /// The number of the step.
    pub step: usize,
    pub outcomes: (String, String),
}

impl std::fmt::Display for Divergence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (a, b) = self.pairings;
        write!(f, "  {:17} {}", PAIRINGS[a], self.outcomes.0)?;
        if a != b {
            write!(f, "\n  {:17} {}", PAIRINGS[b], self.outcomes.1)?;
        }
        Ok(())
    }
}

/// The first line where the outcomes of these pairings differ, unless it is allowed; and whether there
/// was one that is. `text` has a step's text.
pub fn compare(
    outcomes: &[(usize, Outcome)],
    text: impl Fn(usize) -> String,
) -> (Option<Divergence>, bool) {
    for (pairing, outcome) in outcomes {
        if !outcome.failure.is_empty() {
            let last = outcome.lines.last().map_or("", |line| line);
            let step = number_of(last).map_or(0, |number| number + 1);
            return (
                Some(Divergence {
                    pairings: (*pairing, *pairing),
                    step,
                    outcomes: (outcome.failure.clone(), String::new()),
                }),
                false,
            );
        }
    }
    let mut allowed = false;
    let (first, one) = &outcomes[0];
    for (second, other) in &outcomes[1..] {
        let longer = one.lines.len().max(other.lines.len());
        let line = |outcome: &Outcome, n: usize| outcome.lines.get(n).cloned().unwrap_or_default();
        let Some(n) = (0..longer).find(|n| line(one, *n) != line(other, *n)) else {
            continue;
        };
        let divergence = Divergence {
            pairings: (*first, *second),
            step: number_of(&line(one, n))
                .or(number_of(&line(other, n)))
                .unwrap_or(usize::MAX),
            outcomes: (line(one, n), line(other, n)),
        };
        if !is_allowed(&divergence, &text(divergence.step)) {
            return (Some(divergence), allowed);
        }
        allowed = true;
    }
    (None, allowed)
}

/// The number of the step that a line is of.
fn number_of(line: &str) -> Option<usize> {
    line.split(' ').next()?.parse().ok()
}

fn is_allowed(divergence: &Divergence, text: &str) -> bool {
    let (a, b) = divergence.pairings;
    let sides = [(a, &divergence.outcomes.0), (b, &divergence.outcomes.1)];
    ALLOWED.iter().any(|allowed| {
        debug_assert!(!allowed.why.is_empty());
        let is_of = |(pairing, outcome): &(usize, &String)| {
            PAIRINGS[*pairing].contains(allowed.pairing) && outcome.contains(allowed.outcome)
        };
        text.contains(allowed.step) && sides.iter().any(is_of)
    })
}
