//! What is to be reached, and what is.

use std::fmt::Write;

use super::{Block, head};
use crate::bench::peers::Peers;
use crate::bench::results::Results;
use crate::bench::targets::TARGETS;
use crate::bench::verdict;
use crate::pair::NAMES;

/// Each target, and the row that is furthest from it on each pairing.
pub fn of_targets(results: &Results, peers: &Peers) -> Option<Block> {
    let mut block = Block::new("targets");
    let mut missed = String::new();
    block.text = format!("| what | beside | at most |{}\n", head(NAMES.iter()));
    let _ = writeln!(block.text, "|---|---|---:|{}", "---:|".repeat(NAMES.len()));
    let mut any = false;
    for target in TARGETS {
        let all = verdict::all(target, results, peers);
        let (what, beside, most) = (target.what, target.beside(), target.allowed());
        let _ = write!(block.text, "| {what} | {beside} | {most} |");
        for (column, pairing) in NAMES.iter().enumerate() {
            let here = all.iter().filter(|(_, at, _)| *at == column);
            let worst = here.clone().max_by(|a, b| a.2.p10.total_cmp(&b.2.p10));
            let cell = worst.map_or_else(String::new, |(_, _, verdict)| verdict.show());
            let _ = write!(block.text, " {cell} |");
            for (row, _, verdict) in here.filter(|(_, _, verdict)| !verdict.is_met()) {
                let (suite, p10, median) = (target.suite, verdict.p10(), verdict.median());
                let _ = writeln!(
                    missed,
                    "- {suite}: {row} on {pairing}: {p10} (median {median}) of {most}"
                );
            }
        }
        block.text.push('\n');
        any |= !all.is_empty();
    }
    if !missed.is_empty() {
        let _ = write!(block.text, "\nAbove its target:\n\n{missed}");
    }
    any.then_some(block)
}

#[cfg(test)]
mod tests {
    use super::super::fixture::results;
    use super::*;

    #[test]
    fn shows_the_worst_row_of_each_target() {
        let text = of_targets(&results(), &Peers::default()).unwrap().text;
        let line = "| exported function called from JavaScript | floor | 1.10x | 1.04x of 1.10x |  |  | **1.50x of 1.10x** |";
        assert!(text.contains(line), "{text}");
        let missed = "\nAbove its target:\n\n- calls: export i32x2 on boa+wasmi: 1.50x (median 1.50x) of 1.10x\n";
        assert!(text.ends_with(missed), "{text}");
        assert!(of_targets(&Results::default(), &Peers::default()).is_none());
    }
}
