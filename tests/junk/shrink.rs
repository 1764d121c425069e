//! A smaller program that still shows what a larger one did.

use crate::compare::Divergence;
use crate::program::Program;

/// The smallest program found, and what it shows. `fails` runs a program.
pub fn shrink(
    program: Program,
    divergence: Divergence,
    mut fails: impl FnMut(&Program) -> Option<Divergence>,
) -> (Program, Divergence) {
    let mut best = (program, divergence);
    let mut runs = 300;
    let mut attempt = |candidate: Program, best: &mut (Program, Divergence)| {
        if runs == 0 {
            return false;
        }
        runs -= 1;
        // Another difference than the one looked for is no smaller program of it.
        let found = fails(&candidate).filter(|found| found.pairings == best.1.pairings);
        let smaller = found.is_some();
        if let Some(found) = found {
            *best = (candidate, found);
        }
        smaller
    };
    // What comes after it.
    let mut candidate = best.0.clone();
    candidate.steps.retain(|step| step.number <= best.1.step);
    if candidate.steps.len() < best.0.steps.len() {
        attempt(candidate, &mut best);
    }
    // Steps before it, in ever smaller pieces.
    let mut piece = best.0.steps.len().div_ceil(2);
    while piece > 0 {
        let mut at = 0;
        while at < best.0.steps.len() {
            let mut candidate = best.0.clone();
            let end = (at + piece).min(candidate.steps.len());
            candidate.steps.drain(at..end);
            if candidate.steps.is_empty() || !attempt(candidate, &mut best) {
                at += piece;
            }
        }
        piece /= 2;
    }
    // Arguments.
    for step in 0..best.0.steps.len() {
        for argument in 0..best.0.steps[step].arguments.len() {
            for simple in ["undefined", "{}", "1"] {
                let mut candidate = best.0.clone();
                let place = &mut candidate.steps[step].arguments[argument];
                if place == simple {
                    break;
                }
                *place = simple.into();
                if attempt(candidate, &mut best) {
                    break;
                }
            }
        }
    }
    best
}
