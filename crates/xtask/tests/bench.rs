//! The page of the benchmarks from end to end, of results that this test writes.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::json;
use tempfile::TempDir;

/// A folder with results in `target`, and a page in `docs`.
struct Run {
    folder: TempDir,
}

impl Run {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder }
    }

    fn file(&self, name: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join(name)).unwrap()
    }

    /// Exit status, and what it wrote to standard error.
    fn bench(&self, args: &[&str]) -> (i32, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
            .env("CARGO_TARGET_DIR", self.folder.path().join("target"))
            .args(["bench", "--no-run", "--out"])
            .arg(self.folder.path().join("docs"))
            .args(args)
            .output()
            .unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        (output.status.code().unwrap(), stderr)
    }

    fn samples(&self, group: &str, subject: &str, pairing: &str, time: f64) {
        let name = format!("{group}-{subject}-{pairing}").replace([':', ' '], "_");
        let write = |file, value: serde_json::Value| {
            let path = self.file(&format!("target/criterion/{name}/new/{file}.json"));
            fs::write(path, value.to_string()).unwrap();
        };
        let id = json!({ "group_id": group, "function_id": subject, "value_str": pairing });
        write("benchmark", id);
        write(
            "sample",
            json!({ "iters": [10.0, 20.0], "times": [10.0 * time, 20.0 * time] }),
        );
    }
}

#[test]
fn writes_the_page_and_keeps_what_people_wrote() {
    let run = Run::new();
    run.samples("calls: export i32x2", "sinew #1", "boa+wasmi", 104.0);
    run.samples("calls: export i32x2", "sinew #2", "boa+wasmi", 104.0);
    run.samples("calls: export i32x2", "floor", "boa+wasmi", 100.0);
    run.samples("extra: a new row", "sinew", "quickjs+wasmi", 1.0);
    let figure = json!({
        "suite": "graph", "row": "an instance", "pairing": "boa+wasmi", "subject": "sinew",
        "unit": "bytes", "value": 2048,
    });
    let figures = run.file("target/criterion/sinew-figures.jsonl");
    fs::write(figures, format!("{figure}\n")).unwrap();

    let (status, stderr) = run.bench(&[]);
    assert_eq!(status, 0, "{stderr}");
    let page = run.read("docs/PERFORMANCE.md");
    for line in [
        "| export i32x2 | boa+wasmi | 104 ns | 104 ns | 100 ns | 100 ns | 1.04x of 1.10x |",
        "| a new row | quickjs+wasmi | 1.00 ns | 1.00 ns |  |",
        "| an instance | 2.00 KiB |",
        "![calls](performance/calls.svg)",
        "## Extra",
    ] {
        assert!(page.contains(line), "{line} in {page}");
    }
    for (plot, name) in [
        ("calls", "boa+wasmi"),
        ("extra", "quickjs+wasmi"),
        ("graph-bytes", "boa+wasmi"),
    ] {
        let svg = run.read(&format!("docs/performance/{plot}.svg"));
        assert!(
            svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>") && svg.contains(name)
        );
    }

    let told = page.replace(
        "## Memory\n",
        "Why calls cost what they cost.\n\n## Memory\n",
    );
    fs::write(run.file("docs/PERFORMANCE.md"), &told).unwrap();
    run.samples("calls: export i32x2", "floor", "boa+wasmi", 80.0);
    fs::remove_file(run.file("target/criterion/sinew-figures.jsonl")).unwrap();
    assert_eq!(run.bench(&[]).0, 0);
    let again = run.read("docs/PERFORMANCE.md");
    assert!(
        again.contains("Why calls cost what they cost.\n"),
        "{again}"
    );
    assert!(again.contains("80.0 ns | **1.30x of 1.10x** |"), "{again}");
    // What is not measured any more stays.
    assert!(again.contains("| an instance | 2.00 KiB |"), "{again}");
}

#[test]
fn refuses_to_write_a_page_of_nothing() {
    let run = Run::new();
    let (status, stderr) = run.bench(&[]);
    assert_eq!(status, 2);
    assert!(stderr.contains("nothing was measured yet"), "{stderr}");
    assert!(!run.file("docs/PERFORMANCE.md").exists());

    run.samples("calls: export i32x2", "sinew", "boa+wasmi", 104.0);
    fs::write(run.file("docs/PERFORMANCE.md"), "<!-- bench: calls -->\n").unwrap();
    let (status, stderr) = run.bench(&[]);
    assert_eq!(status, 2);
    assert!(
        stderr.contains("PERFORMANCE.md: line 1: `calls` has no"),
        "{stderr}"
    );
    assert_eq!(run.read("docs/PERFORMANCE.md"), "<!-- bench: calls -->\n");
}
