//! A small suite from end to end, on every pair that is compiled in.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

/// A folder to write to, with the counts and the lists of a run.
struct Run {
    folder: TempDir,
}

/// What a run printed, and its exit status.
struct Ran {
    status: i32,
    stdout: String,
    stderr: String,
}

impl Run {
    fn new() -> Self {
        let run = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        let counts = r#"{"mini/jsapi/uncaught.any.js": 4, "mini/jsapi/hang.any.js": 3}"#;
        std::fs::write(run.file("counts.json"), counts).unwrap();
        run
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.file(name)).unwrap()
    }

    fn wpt(&self, args: &[&str]) -> Ran {
        let suite = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite");
        let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
            .current_dir(self.folder.path())
            .args(["wpt", suite.to_str().unwrap()])
            .args(["--timeout", "2", "--expectations", "expectations.toml"])
            .args(["--expected", "counts.json", "--report", "page.md"])
            .args(args)
            .output()
            .unwrap();
        Ran {
            status: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// The results by pair: `file :: subtest` and status.
fn results(run: &Run) -> BTreeMap<String, BTreeMap<String, String>> {
    let mut all = BTreeMap::new();
    for entry in std::fs::read_dir(run.folder.path()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        // One file a pair, or one for the only pair.
        let Some(pair) = name
            .strip_prefix("out")
            .and_then(|n| n.strip_suffix("jsonl"))
        else {
            continue;
        };
        let mut of_pair = BTreeMap::new();
        for line in run.read(&name).lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            let subtest = line["subtest"].as_str().unwrap_or_default();
            let name = format!("{} :: {subtest}", line["file"].as_str().unwrap());
            of_pair.insert(name, line["status"].as_str().unwrap().to_owned());
        }
        all.insert(pair.trim_matches('.').to_owned(), of_pair);
    }
    all
}

const EXPECTED: &[(&str, &str)] = &[
    ("mini/jsapi/hang.any.js :: ", "TIMEOUT"),
    ("mini/jsapi/hang.any.js :: before", "PASS"),
    ("mini/jsapi/results.any.js :: ", "OK"),
    ("mini/jsapi/results.any.js :: a failure", "FAIL"),
    ("mini/jsapi/results.any.js :: a helper", "PASS"),
    ("mini/jsapi/results.any.js :: a name twice", "PASS"),
    ("mini/jsapi/results.any.js :: a name twice #2", "FAIL"),
    ("mini/jsapi/results.any.js :: a timeout", "TIMEOUT"),
    ("mini/jsapi/results.any.js :: an exception", "FAIL"),
    ("mini/jsapi/results.any.js :: an import", "PASS"),
    ("mini/jsapi/results.any.js :: it's a [name] with *", "PASS"),
    ("mini/jsapi/results.any.js :: skipped", "NOTRUN"),
    ("mini/jsapi/results.any.js :: sloppy code", "PASS"),
    ("mini/jsapi/results.any.js :: the global object", "PASS"),
    ("mini/jsapi/strict.any.js :: ", "OK"),
    ("mini/jsapi/strict.any.js :: strict code", "PASS"),
    ("mini/jsapi/uncaught.any.js :: ", "ERROR"),
    ("mini/jsapi/unfinished.any.js :: ", "ERROR"),
    ("mini/jsapi/unfinished.any.js :: reached", "PASS"),
    ("mini/webapi/page.html :: ", "OK"),
    ("mini/webapi/page.html :: modules in order", "PASS"),
];

/// The one test that is of another class depends on what the runtime has.
fn without_web(results: &BTreeMap<String, String>) -> Vec<(&str, &str)> {
    let results = results
        .iter()
        .map(|(name, status)| (name.as_str(), status.as_str()));
    results
        .filter(|(name, _)| !name.contains("fetch.any.js"))
        .collect()
}

#[test]
fn reports_what_the_harness_says() {
    for isolate in ["--isolate=true", "--isolate=false"] {
        let run = Run::new();
        let ran = run.wpt(&["--json", "out.jsonl", isolate]);
        assert_eq!(ran.status, 1, "{isolate}: {}{}", ran.stdout, ran.stderr);
        let results = results(&run);
        assert!(!results.is_empty());
        for (pair, found) in &results {
            assert_eq!(without_web(found), EXPECTED, "{pair} {isolate}");
        }
        for line in [
            "mini/jsapi/hang.any.js :: (TIMEOUT: 2 not reached)",
            "mini/jsapi/uncaught.any.js :: (ERROR: 4 not reached)",
            "mini/jsapi/unfinished.any.js :: (ERROR)",
            "      TypeError: uncaught",
        ] {
            assert!(
                ran.stdout.contains(line),
                "{isolate}: {line} in {}",
                ran.stdout
            );
        }
    }
}

#[test]
fn fails_on_surprises_only() {
    let run = Run::new();
    let filter = ["--filter", "*/results.any.js", "--filter", "*/page.html"];
    let first = run.wpt(&filter);
    assert_eq!(first.status, 1, "{}", first.stdout);
    assert!(
        first.stdout.contains("Not listed, but failed"),
        "{}",
        first.stdout
    );
    let refused = run.wpt(&["--update", "--filter", "*"]);
    assert_eq!(refused.status, 2, "{}", refused.stderr);

    // A list is what an update may be of.
    std::fs::write(
        run.file("only"),
        "# two\nmini/jsapi/results.any.js\nmini/webapi/page.html\n",
    )
    .unwrap();
    let updated = run.wpt(&["--only", "only", "--update"]);
    assert_eq!(updated.status, 0, "{}", updated.stdout);
    let expectations = run.read("expectations.toml");
    let line = "    'mini/jsapi/results.any.js :: a failure',";
    assert!(expectations.contains(line), "{expectations}");
    assert_eq!(run.wpt(&filter).status, 0);
    let page = run.read("page.md");
    for line in [
        "| `mini/jsapi` | 6/11 |",
        "| `mini/webapi` | 1/1 |",
        "### Not explained yet: an assertion fails.",
        "- `mini/jsapi/results.any.js`: `a failure`",
    ] {
        assert!(page.contains(line), "{line} in {page}");
    }

    let passing = expectations.replace(line, "    'mini/jsapi/results.any.js :: a helper',");
    std::fs::write(run.file("expectations.toml"), passing).unwrap();
    let surprised = run.wpt(&filter);
    assert_eq!(surprised.status, 1);
    let (failed, passed) = surprised.stdout.split_once("Listed, but passed").unwrap();
    assert!(failed.contains(":: a failure\n"), "{}", surprised.stdout);
    assert!(passed.contains(":: a helper\n"), "{}", surprised.stdout);
}

#[test]
fn leaves_out_what_is_known_to_be_bad() {
    let run = Run::new();
    std::fs::write(
        run.file("bad"),
        "# none\nmini/jsapi/results.any.js :: a* :: why\n",
    )
    .unwrap();
    let args = ["--filter", "*/results.any.js", "--known-bad", "bad"];
    let ran = run.wpt(&args);
    assert!(!ran.stdout.contains("a failure"), "{}", ran.stdout);
    assert!(
        run.read("page.md").contains("| `mini/jsapi` | 3/4 |"),
        "{}",
        ran.stdout
    );
}

#[test]
fn refuses_what_it_cannot_read() {
    let run = Run::new();
    assert_eq!(run.wpt(&["--filter", "nothing"]).status, 2);
    assert_eq!(run.wpt(&["--only", "gone"]).status, 2);
    std::fs::write(run.file("expectations.toml"), "[[reason]]\n").unwrap();
    let ran = run.wpt(&[]);
    assert_eq!(ran.status, 2);
    assert!(ran.stderr.contains("expectations.toml"), "{}", ran.stderr);
}
