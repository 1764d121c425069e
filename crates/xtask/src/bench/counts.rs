//! How many instructions a call takes: the same on every run, however noisy the machine is.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::{Context, Result, bail};

use super::results::{Figure, Results};
use super::suites::{Folders, succeed};
use crate::pair::Pair;

/// The suite of the figures.
pub const SUITE: &str = "counts";

/// The numbers of calls of two runs. What the runs do besides is the same, and cancels out.
const CALLS: [u32; 2] = [2_000, 12_000];

/// A loop of the program `spin`.
#[derive(Debug)]
struct Job {
    pair: Pair,
    subject: &'static str,
    /// The loop, and the one that does the same without a call.
    bodies: [String; 2],
    row: String,
}

/// Counts the calls whose times are in `results`. None if valgrind is not installed.
pub fn measure(folders: &Folders, results: &Results) -> Result<Option<Vec<Figure>>> {
    match Command::new("valgrind").arg("--version").output() {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        output => output.context("valgrind")?,
    };
    let mut build = folders.cargo();
    build.args([
        "build",
        "--release",
        "-p",
        "sinew-benches",
        "--features",
        "full",
        "--bin",
        "spin",
    ]);
    succeed(&mut build, "the build of `spin`")?;
    let jobs = jobs(results);
    if jobs.is_empty() {
        bail!("there are no times of calls yet: run the suite `calls` first");
    }
    let spin = folders.program("spin");
    let figures = on_all_cores(&jobs, |job| job.count(&spin))?;
    Ok(Some(figures))
}

/// A job for each row of calls, both subjects and each pairing.
fn jobs(results: &Results) -> Vec<Job> {
    let keys = results.times.keys().filter(|key| key.suite == "calls");
    let rows: BTreeSet<&str> = keys.map(|key| key.row.as_str()).collect();
    let mut jobs = Vec::new();
    for row in rows {
        let empty = match row.split_once(' ') {
            // A row with more words has another program.
            Some((_, signature)) if signature.contains(' ') => continue,
            Some(("export", _)) => "empty",
            Some(("import", _)) => "import_empty",
            _ => continue,
        };
        for pair in Pair::ALL {
            jobs.extend(["sinew", "floor"].map(|subject| Job {
                pair: *pair,
                subject,
                bodies: [row.replace(' ', "_"), empty.to_owned()],
                row: row.to_owned(),
            }));
        }
    }
    jobs
}

impl Job {
    fn count(&self, spin: &Path) -> Result<Figure> {
        let [body, empty] = &self.bodies;
        let per_round = |body| {
            let [few, many] = CALLS.map(|calls| self.run(spin, body, calls));
            let rounds = f64::from(CALLS[1] - CALLS[0]);
            Ok::<_, anyhow::Error>((many? as f64 - few? as f64) / rounds)
        };
        Ok(Figure {
            suite: SUITE.to_owned(),
            row: self.row.clone(),
            pairing: self.pair.name().to_owned(),
            subject: self.subject.to_owned(),
            unit: "instructions".to_owned(),
            value: (per_round(body)? - per_round(empty)?).round(),
        })
    }

    fn run(&self, spin: &Path, body: &str, calls: u32) -> Result<u64> {
        let output = Command::new("valgrind")
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
            .arg(spin)
            .args([self.pair.name(), self.subject, body, &calls.to_string()])
            .stdin(Stdio::null())
            .output()
            .context("valgrind")?;
        let text = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() {
            let Job { pair, subject, .. } = self;
            bail!(
                "{body} on {subject} of {pair} failed: {}\n{text}",
                output.status
            );
        }
        collected(&text).with_context(|| format!("valgrind said no count:\n{text}"))
    }
}

/// The number of instructions in what callgrind says in the end.
fn collected(text: &str) -> Option<u64> {
    let line = text
        .lines()
        .find_map(|line| line.split_once("Collected :"))?;
    line.1.trim().parse().ok()
}

/// Does each job, as many at a time as there are processors; the results are in the order of the jobs.
fn on_all_cores<J: Sync, T: Send>(
    jobs: &[J],
    f: impl Fn(&J) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, Result<T>)>> = Mutex::default();
    let work = || {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(job) = jobs.get(at) else {
                return;
            };
            let result = f(job);
            let mut done = done.lock().unwrap_or_else(|held| held.into_inner());
            eprintln!("{} of {} counted", done.len() + 1, jobs.len());
            done.push((at, result));
        }
    };
    let cores = thread::available_parallelism().map_or(1, |cores| cores.get());
    thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(work);
        }
    });
    let mut done = done.into_inner().unwrap_or_else(|held| held.into_inner());
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::super::results::fixture::benchmark;
    use super::*;

    #[test]
    fn counts_each_call_on_each_pairing() {
        let root = tempfile::tempdir().unwrap();
        for row in [
            "export i32x2",
            "import none",
            "table get",
            "export i32x2 1 GiB",
            "none",
        ] {
            benchmark(
                root.path(),
                &format!("calls: {row}"),
                "sinew",
                "boa+wasmi",
                &[1.0],
            );
        }
        let jobs = jobs(&Results::read(root.path()).unwrap());
        assert_eq!(jobs.len(), 2 * 2 * Pair::ALL.len());
        let first = (jobs[0].bodies.clone(), jobs[0].subject, jobs[1].subject);
        assert_eq!(
            first,
            (
                ["export_i32x2", "empty"].map(str::to_owned),
                "sinew",
                "floor"
            )
        );
        assert_eq!(
            jobs[2 * Pair::ALL.len()].bodies,
            ["import_none", "import_empty"]
        );
    }

    #[test]
    fn reads_what_callgrind_says() {
        let text = "==1== \n==1== Events    : Ir\n==1== Collected : 132581302\n==1== I refs: 5\n";
        assert_eq!(collected(text), Some(132_581_302));
        assert_eq!(collected("==1== Collected : many"), None);
        assert_eq!(collected(""), None);
    }

    #[test]
    fn jobs_keep_their_order_and_their_errors() {
        let double = |n: &u32| Ok(n * 2);
        assert_eq!(on_all_cores(&[1, 2, 3], double).unwrap(), [2, 4, 6]);
        let fails = |n: &u32| if *n == 2 { bail!("two") } else { Ok(*n) };
        assert_eq!(
            on_all_cores(&[1, 2, 3], fails).unwrap_err().to_string(),
            "two"
        );
    }
}
