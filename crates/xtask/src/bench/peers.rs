//! Other runtimes on the same work, where they are installed.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use super::results::Samples;

/// What other runtimes took, as it is kept from one run to the next.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Peers {
    pub peers: Vec<Peer>,
}

/// Another runtime.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct Peer {
    pub name: String,
    /// None if it is not installed.
    pub version: Option<String>,
    pub times: Vec<PeerTime>,
}

/// What a row took there, in nanoseconds.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct PeerTime {
    pub suite: String,
    pub row: String,
    /// `sinew` for the work that Sinew does there, `js` for the same in plain JavaScript.
    pub subject: String,
    pub p10: f64,
    pub median: f64,
}

/// The runtimes, and what each needs before the name of a file.
const RUNTIMES: [(&str, &[&str]); 3] = [
    ("node", &[]),
    ("deno", &["run", "--quiet", "--no-config", "--allow-read"]),
    ("bun", &[]),
];

const LOOP: &str = include_str!("peers/loop.mjs");
const START: &str = include_str!("peers/start.mjs");
/// What the suites leave beside their results: a script that runs a workload, and the workloads.
const WORKLOAD: &str = "peer.mjs";
/// How long each case is measured, in seconds.
const SECONDS: &str = "0.5";
/// How often each runtime is started.
const STARTS: usize = 40;

/// The rows of the suites that stand beside the loop of calls, and beside the starts.
const CALL: (&str, &str) = ("calls", "export i32x2");
const FIRST: (&str, &str) = ("startup", "first result");

/// What a script prints for each of its cases.
#[derive(Deserialize)]
struct Line {
    name: String,
    p10: f64,
    median: f64,
}

impl Peers {
    /// What the last run has kept; nothing if there is no such file.
    pub fn read(path: &Path) -> Result<Self> {
        match fs::read_to_string(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Self::default()),
            text => serde_json::from_str(&text.with_context(|| path.display().to_string())?)
                .with_context(|| path.display().to_string()),
        }
    }

    /// Keeps it for the next run.
    pub fn write(&self, path: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self)?;
        fs::write(path, text + "\n").with_context(|| path.display().to_string())
    }

    /// Runs every runtime that is installed on the same work: the workloads of this folder, too.
    pub fn measure(workloads: &Path) -> Result<Self> {
        let folder = tempfile::tempdir().context("a folder for scripts")?;
        let script = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::write(&path, text).with_context(|| path.display().to_string())?;
            Ok::<_, anyhow::Error>(path)
        };
        let (loops, start) = (script("loop.mjs", LOOP)?, script("start.mjs", START)?);
        let names = names(workloads)?;
        if names.is_empty() {
            eprintln!("no workloads for them: run the suite `workloads` first");
        }
        let mut peers = Vec::new();
        for (name, arguments) in RUNTIMES {
            let mut peer = Peer::new(name, version(name)?);
            if peer.version.is_some() {
                eprintln!("{}", peer.title());
                peer.measure_call(arguments, &loops)?;
                for name in &names {
                    peer.measure_workload(arguments, workloads, name);
                }
            }
            peers.push(peer);
        }
        measure_starts(&mut peers, &start)?;
        Ok(Self { peers })
    }

    /// Tenth percentile and median of a row on a runtime.
    pub fn time(&self, name: &str, suite: &str, row: &str, subject: &str) -> Option<(f64, f64)> {
        let peer = self.peers.iter().find(|peer| peer.name == name)?;
        peer.time(suite, row, subject)
    }
}

impl Peer {
    fn new(name: &str, version: Option<String>) -> Self {
        Self {
            name: name.to_owned(),
            version,
            times: Vec::new(),
        }
    }

    fn measure_call(&mut self, arguments: &[&str], script: &Path) -> Result<()> {
        let lines = self.run(arguments, script, &[SECONDS])?;
        for Line { p10, median, .. } in lines {
            self.add(CALL, "sinew", p10, median);
        }
        Ok(())
    }

    /// One that fails here is none of the others' business.
    fn measure_workload(&mut self, arguments: &[&str], folder: &Path, name: &str) {
        let script = format!("./{name}.js");
        match self.run(arguments, &folder.join(WORKLOAD), &[&script, SECONDS]) {
            Ok(lines) => lines.iter().for_each(|line| self.add_workload(name, line)),
            Err(error) => eprintln!("{name}: {error:#}"),
        }
    }

    /// The case `wasm` is what Sinew is measured on.
    fn add_workload(&mut self, workload: &str, line: &Line) {
        let subject = match line.name.as_str() {
            "wasm" => "sinew",
            other => other,
        };
        self.add(("workloads", workload), subject, line.p10, line.median);
    }

    fn add(&mut self, (suite, row): (&str, &str), subject: &str, p10: f64, median: f64) {
        let [suite, row, subject] = [suite, row, subject].map(str::to_owned);
        self.times.push(PeerTime {
            suite,
            row,
            subject,
            p10,
            median,
        });
    }

    fn run(&self, arguments: &[&str], script: &Path, more: &[&str]) -> Result<Vec<Line>> {
        let output = Command::new(&self.name)
            .args(arguments)
            .arg(script)
            .args(more)
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()
            .with_context(|| self.name.clone())?;
        if !output.status.success() {
            bail!("{} failed: {}", self.name, output.status);
        }
        Ok(lines(&String::from_utf8_lossy(&output.stdout)))
    }

    /// As in the head of a column.
    pub fn title(&self) -> String {
        match &self.version {
            Some(version) => format!("{} {version}", self.name),
            None => self.name.clone(),
        }
    }

    /// Tenth percentile and median of a row.
    pub fn time(&self, suite: &str, row: &str, subject: &str) -> Option<(f64, f64)> {
        let wanted = (suite, row, subject);
        let times = self.times.iter();
        let time = times.into_iter().find(|time| time.what() == wanted)?;
        Some((time.p10, time.median))
    }
}

impl PeerTime {
    /// Suite, row and subject.
    pub fn what(&self) -> (&str, &str, &str) {
        (&self.suite, &self.row, &self.subject)
    }
}

/// The results in what a script printed. A workload may have printed something else, too.
fn lines(text: &str) -> Vec<Line> {
    let lines = text
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok());
    lines.collect()
}

/// The names of the workloads in a folder; their modules are there too.
fn names(folder: &Path) -> Result<Vec<String>> {
    let entries = match folder.read_dir() {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.with_context(|| folder.display().to_string())?,
    };
    let mut names = Vec::new();
    for entry in entries {
        let name = entry
            .with_context(|| folder.display().to_string())?
            .file_name();
        let name = name.to_str().and_then(|name| name.strip_suffix(".js"));
        names.extend(
            name.filter(|name| !name.ends_with(".wasm"))
                .map(str::to_owned),
        );
    }
    names.sort();
    Ok(names)
}

/// Starts the runtimes in turns, and adds how long each takes from its start to its end.
fn measure_starts(peers: &mut [Peer], script: &Path) -> Result<()> {
    let mut samples = vec![Vec::new(); peers.len()];
    for _ in 0..STARTS {
        for (peer, samples) in peers.iter().zip(&mut samples) {
            let runtime = RUNTIMES.iter().find(|(name, _)| *name == peer.name);
            let (Some((name, arguments)), Some(_)) = (runtime, &peer.version) else {
                continue;
            };
            let start = Instant::now();
            let output = Command::new(name).args(*arguments).arg(script).output();
            let time = start.elapsed();
            let output = output.with_context(|| peer.name.clone())?;
            if output.stdout != b"3\n" {
                bail!("{name} does not add 1 and 2: {}", output.status);
            }
            samples.push(time.as_nanos() as f64);
        }
    }
    for (peer, samples) in peers.iter_mut().zip(samples) {
        let samples: Samples = samples.into_iter().collect();
        if let Some((p10, median)) = samples.p10().zip(samples.median()) {
            peer.add(FIRST, "sinew", p10, median);
        }
    }
    Ok(())
}

/// The version that a program says it has; none if it is not installed.
fn version(program: &str) -> Result<Option<String>> {
    let output = match Command::new(program).arg("--version").output() {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        output => output.with_context(|| program.to_owned())?,
    };
    let text = String::from_utf8_lossy(&output.stdout);
    let mut words = text
        .split_whitespace()
        .map(|word| word.trim_start_matches('v'));
    let found = words.find(|word| word.starts_with(|c: char| c.is_ascii_digit()));
    Ok(Some(found.unwrap_or("unknown").to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_installed_has_no_version() {
        let name = "no-such-runtime-is-installed";
        assert_eq!(version(name).unwrap(), None);
        let mut peers = [Peer::new(name, None)];
        measure_starts(&mut peers, Path::new("x.mjs")).unwrap();
        assert_eq!(
            (peers[0].title(), peers[0].times.len()),
            (name.to_owned(), 0)
        );
        // Cargo is, since it runs this.
        let found = version("cargo").unwrap().unwrap();
        assert!(found.starts_with(|c: char| c.is_ascii_digit()), "{found}");
    }

    #[test]
    fn a_runtime_that_fails_is_an_error_but_for_workloads() {
        let mut peer = Peer::new("cargo", Some("1".to_owned()));
        assert!(
            peer.measure_call(&["--no-such-option"], Path::new("x"))
                .is_err()
        );
        peer.measure_workload(&["--no-such-option"], Path::new("x"), "sort");
        assert!(peer.times.is_empty());
    }

    #[test]
    fn reads_the_lines_of_workloads() {
        let mut peer = Peer::new("node", Some("20.1.2".to_owned()));
        let text = "hello\n{\"name\":\"wasm\",\"result\":1,\"samples\":9,\"p10\":3.5,\"median\":4}\n\
                    {\"name\":\"js\",\"p10\":5,\"median\":6}\n{\"a\":1}\n";
        for line in lines(text) {
            peer.add_workload("sort", &line);
        }
        assert_eq!(peer.time("workloads", "sort", "sinew"), Some((3.5, 4.0)));
        assert_eq!(peer.time("workloads", "sort", "js"), Some((5.0, 6.0)));
        assert_eq!(
            (peer.times.len(), peer.title()),
            (2, "node 20.1.2".to_owned())
        );
    }

    #[test]
    fn finds_workloads() {
        let root = tempfile::tempdir().unwrap();
        assert!(names(&root.path().join("gone")).unwrap().is_empty());
        for name in ["b.js", "a.js", "a.wasm.js", "peer.mjs", "package.json"] {
            fs::write(root.path().join(name), "").unwrap();
        }
        assert_eq!(names(root.path()).unwrap(), ["a", "b"]);
    }

    #[test]
    fn keeps_what_was_measured() {
        let mut peer = Peer::new("node", Some("20.1.2".to_owned()));
        peer.add(CALL, "sinew", 3.5, 4.0);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("peers.json");
        assert_eq!(Peers::read(&path).unwrap(), Peers::default());
        let peers = Peers { peers: vec![peer] };
        peers.write(&path).unwrap();
        assert_eq!(Peers::read(&path).unwrap(), peers);
        assert_eq!(
            peers.time("node", CALL.0, CALL.1, "sinew"),
            Some((3.5, 4.0))
        );
        assert_eq!(peers.time("deno", CALL.0, CALL.1, "sinew"), None);
        fs::write(&path, "{").unwrap();
        assert!(format!("{:#}", Peers::read(&path).unwrap_err()).contains("peers.json"));
    }
}
