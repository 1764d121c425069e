//! Every result, one JSON object a line.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::outcome::Outcome;
use super::suite::{Class, Test};

/// The results of one pair: a line for each subtest, then one for the file.
pub fn lines<'a>(results: impl Iterator<Item = (&'a Test, &'a Outcome)>) -> String {
    let mut text = String::new();
    for (test, outcome) in results {
        for subtest in &outcome.subtests {
            let line = json!({
                "file": outcome.file,
                "subtest": subtest.name,
                "status": subtest.status.to_string(),
                "message": subtest.message,
            });
            let _ = writeln!(text, "{line}");
        }
        let line = json!({
            "file": outcome.file,
            "subtest": null,
            "status": outcome.status.to_string(),
            "message": outcome.message,
            "ms": outcome.time.as_millis() as u64,
            "class": class(test.class),
        });
        let _ = writeln!(text, "{line}");
    }
    text
}

/// The file for one of several pairs: its name before the extension.
pub fn path_for(path: &Path, pair: &str) -> PathBuf {
    let name = match path.extension() {
        Some(extension) => format!("{pair}.{}", extension.to_string_lossy()),
        None => pair.to_owned(),
    };
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{stem}.{name}"))
}

fn class(class: Class) -> &'static str {
    match class {
        Class::Shell => "shell",
        Class::Html => "html",
        Class::Web => "web",
        Class::Api => "api",
        Class::Browser => "browser",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_files() {
        let check = |path, expected: &str| {
            assert_eq!(path_for(Path::new(path), "boa+wasmi"), Path::new(expected));
        };
        check("out/r.jsonl", "out/r.boa+wasmi.jsonl");
        check("r", "r.boa+wasmi");
    }
}
