//! Figures that are no times, and where results are put.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// A figure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// The suite that found it.
    pub suite: String,
    /// What it is about.
    pub row: String,
    /// The pairing or engine.
    pub pairing: String,
    /// `sinew` or `floor`, as in [`Side::function`](crate::Side::function).
    pub subject: String,
    /// The unit of the value.
    pub unit: String,
    /// The value.
    pub value: f64,
}

/// The folder where Criterion puts its results.
pub fn folder() -> PathBuf {
    let of = |name| std::env::var_os(name).map(PathBuf::from);
    let target = || of("CARGO_TARGET_DIR").map(|target| target.join("criterion"));
    let built_in = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/criterion"));
    of("CRITERION_HOME")
        .or_else(target)
        .unwrap_or_else(built_in)
}

/// Replaces the figures of a suite, in the file beside Criterion's results: one JSON object a line.
///
/// # Errors
/// When the file cannot be written.
pub fn replace(suite: &str, figures: &[Figure]) -> std::io::Result<()> {
    let path = folder().join("sinew-figures.jsonl");
    let others = |figure: &Figure| figure.suite != suite;
    let mut all: Vec<Figure> = match std::fs::File::open(&path) {
        Ok(file) => BufReader::new(file)
            .lines()
            .filter_map(|line| serde_json::from_str(&line.ok()?).ok())
            .filter(others)
            .collect(),
        Err(_) => Vec::new(),
    };
    all.extend_from_slice(figures);
    std::fs::create_dir_all(folder())?;
    let mut file = std::fs::File::create(&path)?;
    for figure in &all {
        writeln!(file, "{}", serde_json::to_string(figure)?)?;
    }
    Ok(())
}
