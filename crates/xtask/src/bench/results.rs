//! What was measured: Criterion's samples, and figures that are not times.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::criterion;
use super::units::Unit;

/// Who was measured, and in what.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// As `calls`: a table.
    pub suite: String,
    /// As `export i32x2`.
    pub row: String,
    /// As `quickjs+wasmtime`, or one engine.
    pub pairing: String,
    /// `sinew`, or what stands beside it: `floor`, `engine`, `js`.
    pub subject: String,
}

/// Samples of one time, in nanoseconds, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Samples(Vec<f64>);

/// A number that is not a time, as one line of a file has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    pub suite: String,
    pub row: String,
    pub pairing: String,
    pub subject: String,
    pub unit: String,
    pub value: f64,
}

/// All that was measured.
#[derive(Debug, Default)]
pub struct Results {
    pub times: BTreeMap<Key, Samples>,
    pub figures: BTreeMap<(Key, Unit), f64>,
}

impl Results {
    /// Reads what Criterion has left in `folder`; nothing if there is no such folder.
    pub fn read(folder: &Path) -> Result<Self> {
        let mut results = Self::default();
        criterion::read(folder, &mut |key, samples| {
            results
                .times
                .entry(key)
                .or_default()
                .extend(samples.into_iter());
        })?;
        Ok(results)
    }

    /// Adds the figures of a file. Of two of the same the later counts.
    pub fn read_figures(&mut self, path: &Path) -> Result<()> {
        for figure in read_figures(path)? {
            self.add(figure);
        }
        Ok(())
    }

    pub fn add(&mut self, figure: Figure) {
        let Figure {
            suite,
            row,
            pairing,
            subject,
            unit,
            value,
        } = figure;
        let key = Key {
            suite,
            row,
            pairing,
            subject,
        };
        self.figures.insert((key, Unit::named(&unit)), value);
    }

    /// The samples of a subject on a pairing, or on the one of its engines that has some.
    pub fn samples(&self, suite: &str, row: &str, on: &str, subject: &str) -> Option<&Samples> {
        let mut names = std::iter::once(on).chain(on.split('+'));
        names.find_map(|on| self.times.get(&Key::new(suite, row, on, subject)))
    }

    /// A figure of a subject on a pairing.
    pub fn figure(
        &self,
        suite: &str,
        row: &str,
        on: &str,
        subject: &str,
        unit: &Unit,
    ) -> Option<f64> {
        let key = (Key::new(suite, row, on, subject), unit.clone());
        self.figures.get(&key).copied()
    }

    /// The spread of the samples in the middle of all spreads: how noisy the machine was.
    pub fn noise(&self, suite: Option<&str>) -> Option<f64> {
        let of_suite = |key: &Key| suite.is_none_or(|suite| key.suite == suite);
        let times = self.times.iter().filter(|(key, _)| of_suite(key));
        let mut spreads = Samples::default();
        spreads.extend(times.filter_map(|(_, samples)| samples.spread()));
        spreads.median()
    }
}

impl Key {
    pub fn new(suite: &str, row: &str, pairing: &str, subject: &str) -> Self {
        let [suite, row, pairing, subject] = [suite, row, pairing, subject].map(str::to_owned);
        Self {
            suite,
            row,
            pairing,
            subject,
        }
    }
}

impl Samples {
    fn extend(&mut self, samples: impl Iterator<Item = f64>) {
        // A sample of no iterations has no time.
        self.0.extend(samples.filter(|sample| sample.is_finite()));
        self.0.sort_by(f64::total_cmp);
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The tenth percentile. What other work on the machine does to a time only makes it longer.
    pub fn p10(&self) -> Option<f64> {
        self.quantile(10)
    }

    pub fn median(&self) -> Option<f64> {
        self.quantile(50)
    }

    /// The distance of the ninetieth percentile from the tenth, in tenth percentiles.
    pub fn spread(&self) -> Option<f64> {
        let (low, high) = (self.p10()?, self.quantile(90)?);
        (low > 0.0).then(|| (high - low) / low)
    }

    fn quantile(&self, percent: usize) -> Option<f64> {
        self.0.get(self.len() * percent / 100).copied()
    }
}

impl FromIterator<f64> for Samples {
    fn from_iter<I: IntoIterator<Item = f64>>(samples: I) -> Self {
        let mut all = Self::default();
        all.extend(samples.into_iter());
        all
    }
}

/// The figures of a file, a JSON object a line; a file that is not there has none.
pub fn read_figures(path: &Path) -> Result<Vec<Figure>> {
    let text = match fs::read_to_string(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        text => text.with_context(|| path.display().to_string())?,
    };
    let lines = text.lines().enumerate();
    let lines = lines.filter(|(_, line)| !line.trim().is_empty());
    let figures = lines.map(|(number, line)| {
        serde_json::from_str(line).with_context(|| format!("{}:{}", path.display(), number + 1))
    });
    figures.collect()
}

#[cfg(test)]
pub mod fixture {
    //! Results as Criterion leaves them.

    use std::path::Path;

    use serde_json::json;

    /// Writes the results of one benchmark; its iterations take what `samples` says.
    pub fn benchmark(root: &Path, group: &str, function: &str, value: &str, samples: &[f64]) {
        let name = format!("{group}/{function}/{value}").replace(": ", "_ ");
        let folder = root.join(name).join("new");
        std::fs::create_dir_all(&folder).unwrap();
        let benchmark = json!({
            "group_id": group, "function_id": function, "value_str": value, "throughput": null,
        });
        let times: Vec<f64> = samples.iter().map(|sample| sample * 100.0).collect();
        let sample = json!({
            "sampling_mode": "Flat", "iters": vec![100.0; samples.len()], "times": times,
        });
        std::fs::write(folder.join("benchmark.json"), benchmark.to_string()).unwrap();
        std::fs::write(folder.join("sample.json"), sample.to_string()).unwrap();
    }

    /// Ten samples: the tenth percentile is 1.1 times `base`, the median 1.5 times.
    pub fn ten(base: f64) -> Vec<f64> {
        (0..10)
            .rev()
            .map(|at| base * (1.0 + f64::from(at) / 10.0))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::fixture::{benchmark, ten};
    use super::*;

    const PAIRING: &str = "quickjs+wasmi";

    #[test]
    fn reads_what_criterion_writes() {
        let root = tempfile::tempdir().unwrap();
        benchmark(
            root.path(),
            "calls: export i32x2",
            "sinew",
            PAIRING,
            &ten(100.0),
        );
        benchmark(
            root.path(),
            "calls: wasm to wasm",
            "engine",
            "wasmi",
            &ten(10.0),
        );
        benchmark(root.path(), "an older group", "sinew", "own", &ten(1.0));
        std::fs::create_dir_all(root.path().join("report")).unwrap();
        let results = Results::read(root.path()).unwrap();
        assert_eq!(results.times.len(), 2);
        let get = |row, subject| results.samples("calls", row, PAIRING, subject);
        let samples = get("export i32x2", "sinew").unwrap();
        let is = |value: Option<f64>, wanted: f64| (value.unwrap() - wanted).abs() < 1e-9;
        assert_eq!(samples.len(), 10);
        assert!(is(samples.p10(), 110.0) && is(samples.median(), 150.0));
        assert!(is(samples.spread(), 80.0 / 110.0));
        assert!(is(get("wasm to wasm", "engine").unwrap().p10(), 11.0));
        assert!(get("export i32x2", "floor").is_none());
        assert_eq!(results.noise(Some("memory")), None);
        assert!(results.noise(None).is_some());
    }

    #[test]
    fn pools_passes() {
        let root = tempfile::tempdir().unwrap();
        benchmark(
            root.path(),
            "calls: export i32x2",
            "sinew #1",
            PAIRING,
            &[30.0],
        );
        benchmark(
            root.path(),
            "calls: export i32x2",
            "sinew #2",
            PAIRING,
            &[10.0],
        );
        benchmark(
            root.path(),
            "calls: export i32x2 #3",
            "sinew",
            PAIRING,
            &[20.0],
        );
        let results = Results::read(root.path()).unwrap();
        let samples = results.samples("calls", "export i32x2", PAIRING, "sinew");
        assert_eq!(samples, Some(&Samples(vec![10.0, 20.0, 30.0])));
        let no_iterations = [f64::INFINITY, 2.0, f64::NAN];
        assert_eq!(no_iterations.into_iter().collect::<Samples>().len(), 1);
    }

    #[test]
    fn says_which_file_is_broken() {
        let root = tempfile::tempdir().unwrap();
        benchmark(root.path(), "calls: a", "sinew", PAIRING, &[1.0]);
        let file = root
            .path()
            .join("calls_ a/sinew")
            .join(PAIRING)
            .join("new/sample.json");
        std::fs::write(&file, "{").unwrap();
        let error = format!("{:#}", Results::read(root.path()).unwrap_err());
        assert!(error.contains("sample.json"), "{error}");
    }

    #[test]
    fn nothing_is_no_error() {
        let root = tempfile::tempdir().unwrap();
        let gone = root.path().join("gone");
        let mut results = Results::read(&gone).unwrap();
        results.read_figures(&gone.join("figures.jsonl")).unwrap();
        assert!(results.times.is_empty() && results.figures.is_empty());
        assert_eq!(Samples::default().median(), None);
    }

    #[test]
    fn the_last_figure_counts() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("figures.jsonl");
        let line = |value: u32| {
            format!(
                r#"{{"suite":"graph","row":"instance","pairing":"{PAIRING}","subject":"sinew","unit":"bytes","value":{value}}}"#
            )
        };
        std::fs::write(&path, format!("{}\n\n{}\n", line(1), line(2))).unwrap();
        let mut results = Results::default();
        results.read_figures(&path).unwrap();
        assert_eq!(results.figures.values().collect::<Vec<_>>(), [&2.0]);
        std::fs::write(&path, format!("{}\nno\n", line(1))).unwrap();
        let error = format!("{:#}", results.read_figures(&path).unwrap_err());
        assert!(error.contains("figures.jsonl:2"), "{error}");
    }
}
