//! Criterion's folder: one in it for each benchmark, with the samples of the last run.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;

use super::results::Key;

/// What Criterion writes about a benchmark.
#[derive(Deserialize)]
struct Benchmark {
    group_id: String,
    function_id: Option<String>,
    value_str: Option<String>,
}

/// The samples of a benchmark.
#[derive(Deserialize)]
struct Sample {
    iters: Vec<f64>,
    times: Vec<f64>,
}

/// The folder of the last results of a benchmark.
const LAST: &str = "new";

/// Calls `f` with each benchmark's last samples, in nanoseconds; never if there is no such folder.
pub fn read(folder: &Path, f: &mut impl FnMut(Key, Vec<f64>)) -> Result<()> {
    visit(folder, &mut |path, key| {
        let Sample { iters, times } = read_json(&path.join("sample.json"))?;
        let samples = times.iter().zip(&iters).map(|(time, iters)| time / iters);
        f(key, samples.collect());
        Ok(())
    })
}

/// Removes the last results of every suite, so that no row stays that is not measured any more.
pub fn forget(folder: &Path) -> Result<()> {
    visit(folder, &mut |path, _| {
        fs::remove_dir_all(path).with_context(|| path.display().to_string())
    })
}

/// Calls `f` with each folder of last results that is one of ours: its group is `suite: row`.
fn visit(folder: &Path, f: &mut impl FnMut(&Path, Key) -> Result<()>) -> Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        entries => entries.with_context(|| folder.display().to_string())?,
    };
    for entry in entries {
        let entry = entry.with_context(|| folder.display().to_string())?;
        let path = entry.path();
        let is_last = entry.file_name() == LAST;
        if !path.is_dir() {
            continue;
        }
        if !is_last || !path.join("benchmark.json").is_file() {
            visit(&path, f)?;
            continue;
        }
        let benchmark: Benchmark = read_json(&path.join("benchmark.json"))?;
        if let Some(key) = key_of(&benchmark) {
            f(&path, key)?;
        }
    }
    Ok(())
}

fn key_of(benchmark: &Benchmark) -> Option<Key> {
    let (suite, row) = benchmark.group_id.split_once(": ")?;
    let [pairing, subject] = [&benchmark.value_str, &benchmark.function_id]
        .map(|name| without_pass(name.as_deref().unwrap_or_default()));
    Some(Key::new(suite, without_pass(row), pairing, subject))
}

/// A name without the ` #2` of the second pass.
fn without_pass(name: &str) -> &str {
    let is_pass = |pass: &str| !pass.is_empty() && pass.bytes().all(|c| c.is_ascii_digit());
    match name.rsplit_once(" #") {
        Some((name, pass)) if is_pass(pass) => name,
        _ => name,
    }
}

fn read_json<T: for<'a> Deserialize<'a>>(path: &Path) -> Result<T> {
    let text = fs::read(path).with_context(|| path.display().to_string())?;
    serde_json::from_slice(&text).with_context(|| path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::super::results::fixture::benchmark;
    use super::*;

    #[test]
    fn passes_are_no_part_of_a_name() {
        assert_eq!(without_pass("sinew #12"), "sinew");
        assert_eq!(without_pass("a #b"), "a #b");
        assert_eq!(without_pass("a #"), "a #");
    }

    #[test]
    fn forgets_only_its_own() {
        const PAIRING: &str = "boa+wasmi";
        let root = tempfile::tempdir().unwrap();
        benchmark(root.path(), "calls: a", "sinew", PAIRING, &[1.0]);
        benchmark(root.path(), "another", "sinew", "x", &[1.0]);
        forget(root.path()).unwrap();
        forget(&root.path().join("gone")).unwrap();
        assert!(
            !root
                .path()
                .join("calls_ a/sinew")
                .join(PAIRING)
                .join("new")
                .exists()
        );
        assert!(root.path().join("another/sinew/x/new/sample.json").exists());
    }
}
