//! Node.js as an oracle: it shows what all pairings may have wrong alike. It is no specification, and
//! an older one lacks much; so what differs is printed for a reader to judge.

use std::path::Path;
use std::process::Command;

use crate::compare::Divergence;
use crate::program::Program;
use crate::worker::Outcome;
use crate::{CALLS, LENGTH, Laboratory, found, listing, program, setting, shrink};

/// The output of `node` on this file.
fn run(file: &Path) -> Option<Vec<String>> {
    let output = Command::new("node")
        .args(["--unhandled-rejections=none", "--no-warnings"])
        .arg(file)
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Some(text.lines().map(str::to_owned).collect())
}

/// What came of a step, without what Node is known to do in another way: it reads `prototype` of the
/// new target first and the members of a descriptor in an order of its own, its errors may have a
/// stack of their own, and it has no type reflection.
fn essence(line: &str) -> String {
    let line = line.split("   # ").next().unwrap_or_default();
    // Within a string the quotes have backslashes.
    let mut line = line.replace('\\', "");
    for extra in [
        "\"arguments\":=null;\"caller\":=null;",
        "\"stack\":wc=\"Error\";",
        "WebAssembly.",
    ] {
        line = line.replace(extra, "");
    }
    // Objects are numbered as they turn up.
    let mut last = ' ';
    let number = |c: &char| {
        let part = c.is_ascii_digit() && last == 'o';
        last = if part { 'o' } else { *c };
        !part
    };
    line.chars().filter(number).collect()
}

/// The first line in which the pairing of `ours` and Node differ.
fn differ(ours: &Outcome, theirs: &[String]) -> Option<Divergence> {
    let lines = ours
        .lines
        .iter()
        .filter(|line| !line.starts_with("uncaught"));
    let mut pairs = lines.zip(theirs);
    let (a, b) = pairs.find(|(a, b)| essence(a) != essence(b))?;
    Some(Divergence {
        pairings: (0, 0),
        step: a.split(' ').next()?.parse().ok()?,
        outcomes: (a.clone(), b.clone()),
    })
}

#[test]
fn node_agrees_mostly() {
    if std::env::var("SINEW_JUNK_NODE").is_err() {
        eprintln!("skipped: SINEW_JUNK_NODE is not set");
        return;
    }
    let mut laboratory = Laboratory::new();
    let Some(has) = run(&laboratory.write(&program::probe_source())) else {
        eprintln!("skipped: there is no node");
        return;
    };
    let has = found(&has);
    let ours = laboratory.common(&[0]);
    // Its tags are those of an older draft.
    let both = |name: &String| has.contains(name) && name != "tag";
    let features: Vec<String> = ours.into_iter().filter(both).collect();
    eprintln!("compared on {features:?}");
    let calls = setting("SINEW_JUNK_CALLS").unwrap_or(CALLS);
    let first = setting("SINEW_JUNK_SEED").unwrap_or(1);
    let keep = setting("SINEW_JUNK_KEEP").unwrap_or(20);
    let mut differences = 0;
    for seed in first..first + calls.div_ceil(LENGTH) {
        let program = Program::generate(seed as u64, &features, LENGTH);
        let mut check = |program: &Program| {
            let file = laboratory.write(&program.source(false));
            let theirs = run(&file)?;
            let (_, ours) = laboratory.run(&file, &[0]).remove(0);
            differ(&ours, &theirs)
        };
        let Some(divergence) = check(&program) else {
            continue;
        };
        let (program, divergence) = shrink::shrink(program, divergence, check);
        eprintln!(
            "seed {seed}:\n{}  sinew {}\n  node  {}\n",
            listing(&program),
            divergence.outcomes.0,
            divergence.outcomes.1
        );
        differences += 1;
        if differences >= keep {
            break;
        }
    }
    eprintln!("{differences} differences from Node");
}
