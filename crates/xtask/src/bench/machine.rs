//! Where it was measured, with which versions, and how noisy it was.

use std::fs;
use std::process::Command;
use std::thread;

use sinew::{JsHost, WasmEngine};

use super::results::Results;
use super::tables::Block;
use super::units::percent;
use crate::pair::{Pair, Visitor};

/// The machine, as the page tells it.
pub fn block(results: &Results) -> Block {
    let cores = thread::available_parallelism().map_or(1, |cores| cores.get());
    let system = std::env::consts::OS;
    let mut lines = vec![
        format!("Processor: {}, {cores} cores, {system}", processor()),
        format!("Engines: {}", engines().join(", ")),
        format!("Compiler: {}", compiler()),
    ];
    lines.extend(noise(results));
    Block {
        name: "machine".to_owned(),
        text: lines.iter().map(|line| format!("- {line}\n")).collect(),
        charts: Vec::new(),
    }
}

/// The spread of all samples, and of those of each suite.
fn noise(results: &Results) -> Option<String> {
    let all = percent(results.noise(None)?);
    let mut suites: Vec<&str> = results.times.keys().map(|key| key.suite.as_str()).collect();
    suites.dedup();
    let suites = suites.into_iter().filter_map(|suite| {
        let noise = percent(results.noise(Some(suite))?);
        Some(format!("{suite} {noise}"))
    });
    let (suites, count) = (suites.collect::<Vec<_>>().join(", "), results.times.len());
    Some(format!(
        "Noise: the median over {count} series of (p90 − p10) / p10 is {all} ({suites})"
    ))
}

/// The model, as far as the system tells.
fn processor() -> String {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        (name.trim() == "model name").then(|| value.trim().to_owned())
    });
    let asked = || said("sysctl", &["-n", "machdep.cpu.brand_string"]);
    let architecture = || std::env::consts::ARCH.to_owned();
    let model = model.or_else(asked).filter(|model| !model.is_empty());
    model.unwrap_or_else(architecture)
}

fn compiler() -> String {
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let version = said(&rustc, &["--version"]).unwrap_or_else(|| "unknown".to_owned());
    // Without the hash of the commit.
    let words = version.split(" (").next().unwrap_or_default();
    words.to_owned()
}

/// What a program prints; nothing if it is not there.
fn said(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    (output.status.success() && !text.is_empty()).then(|| text.trim().to_owned())
}

struct Versions;

impl Visitor for Versions {
    type Output = [String; 2];

    fn visit<J: JsHost, W: WasmEngine>(self) -> [String; 2] {
        [(J::NAME, J::VERSION), (W::NAME, W::VERSION)]
            .map(|(name, version)| format!("{name} {version}"))
    }
}

/// Each engine once, with its version.
fn engines() -> Vec<String> {
    let mut engines = Vec::new();
    for pair in Pair::ALL {
        for engine in pair.visit(Versions) {
            if !engines.contains(&engine) {
                engines.push(engine);
            }
        }
    }
    engines
}

#[cfg(test)]
mod tests {
    use super::super::results::fixture::{benchmark, ten};
    use super::*;

    #[test]
    fn says_what_is_known() {
        let root = tempfile::tempdir().unwrap();
        benchmark(root.path(), "calls: a", "sinew", "boa+wasmi", &ten(100.0));
        benchmark(root.path(), "calls: b", "sinew", "boa+wasmi", &ten(10.0));
        benchmark(root.path(), "memory: a", "sinew", "boa+wasmi", &[7.0; 10]);
        let text = block(&Results::read(root.path()).unwrap()).text;
        assert!(
            text.contains("Processor: ") && text.contains("Compiler: rustc "),
            "{text}"
        );
        assert!(
            engines()
                .iter()
                .all(|engine| text.contains(engine.as_str())),
            "{text}"
        );
        let noise = "- Noise: the median over 3 series of (p90 − p10) / p10 is 73 % (calls 73 %, memory 0 %)\n";
        assert!(text.ends_with(noise), "{text}");
        assert!(!block(&Results::default()).text.contains("Noise"));
    }
}
