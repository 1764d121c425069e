//! How rows fare beside their targets.

use super::peers::Peers;
use super::results::{Results, Samples};
use super::row::Stem;
use super::targets::{Against, TARGETS, Target};
use crate::pair::NAMES;

/// How a row fares on a pairing.
#[derive(Clone, Copy, Debug)]
pub struct Verdict {
    pub target: &'static Target,
    /// By tenth percentiles: what counts.
    pub p10: f64,
    /// By medians.
    pub median: f64,
}

impl Verdict {
    /// The target has nothing to say of rows that have no Sinew in them, or nothing to compare it with.
    fn of(
        target: &'static Target,
        results: &Results,
        peers: &Peers,
        row: &str,
        pairing: &str,
    ) -> Option<Self> {
        if !target.names(target.suite, row) || !target.is_for(pairing) {
            return None;
        }
        let own = results.samples(target.suite, row, pairing, "sinew")?;
        let (p10, median) = (own.p10()?, own.median()?);
        let of_row = |row: &str, subject| {
            let samples = results.samples(target.suite, row, pairing, subject)?;
            both(samples)
        };
        let (other_p10, other_median) = match target.against {
            Against::Beside(subject) => of_row(row, subject)?,
            Against::Smallest => of_row(&smallest(results, target.suite, row, pairing)?, "sinew")?,
            Against::Peer(name) => peers.time(name, target.suite, row, "sinew")?,
            Against::Clock => (1.0, 1.0),
        };
        Some(Self {
            target,
            p10: p10 / other_p10,
            median: median / other_median,
        })
    }

    pub fn is_met(&self) -> bool {
        self.p10 <= self.target.most
    }

    /// As `1.04x of 1.10x`; in bold what is too much.
    pub fn show(&self) -> String {
        let text = format!("{} of {}", self.p10(), self.target.allowed());
        match self.is_met() {
            true => text,
            false => format!("**{text}**"),
        }
    }

    pub fn p10(&self) -> String {
        let text = self.target.show(self.p10);
        match !self.is_met() && text == self.target.allowed() {
            // What is too much must not look as if it were not.
            true if self.target.against != Against::Clock => format!("{:.4}x", self.p10),
            _ => text,
        }
    }

    pub fn median(&self) -> String {
        self.target.show(self.median)
    }
}

/// What the targets say of a row on a pairing.
pub fn verdicts(
    results: &Results,
    peers: &Peers,
    suite: &str,
    row: &str,
    pairing: &str,
) -> Vec<Verdict> {
    let targets = TARGETS.iter().filter(|target| target.suite == suite);
    targets
        .filter_map(|target| Verdict::of(target, results, peers, row, pairing))
        .collect()
}

/// All that a target says: the row and the number of the pairing with each verdict.
pub fn all(
    target: &'static Target,
    results: &Results,
    peers: &Peers,
) -> Vec<(String, usize, Verdict)> {
    let mut found = Vec::new();
    for key in results.times.keys() {
        let column = NAMES.iter().position(|name| *name == key.pairing);
        let (Some(column), "sinew") = (column, key.subject.as_str()) else {
            continue;
        };
        if key.suite != target.suite {
            continue;
        }
        if let Some(verdict) = Verdict::of(target, results, peers, &key.row, &key.pairing) {
            found.push((key.row.clone(), column, verdict));
        }
    }
    found
}

fn both(samples: &Samples) -> Option<(f64, f64)> {
    Some((samples.p10()?, samples.median()?))
}

/// The row that differs from this one in its number only, and has the smallest; none if that is the
/// row itself.
fn smallest(results: &Results, suite: &str, row: &str, pairing: &str) -> Option<String> {
    let own = Stem::of(row);
    let least = results
        .times
        .keys()
        .filter(|key| key.suite == suite && key.pairing == pairing && key.subject == "sinew")
        .map(|key| (Stem::of(&key.row), &key.row))
        .filter(|(stem, _)| stem.text == own.text)
        .filter_map(|(stem, row)| Some((stem.amount?, row)))
        .min_by(|(a, _), (b, _)| a.total_cmp(b))?;
    (least.1 != row).then(|| least.1.clone())
}

#[cfg(test)]
mod tests {
    use super::super::peers::{Peer, PeerTime};
    use super::super::results::fixture::{benchmark, ten};
    use super::*;

    fn results(rows: &[(&str, &str, &str, f64)]) -> Results {
        let root = tempfile::tempdir().unwrap();
        for (group, subject, pairing, base) in rows {
            benchmark(root.path(), group, subject, pairing, &ten(*base));
        }
        Results::read(root.path()).unwrap()
    }

    fn shown(
        results: &Results,
        peers: &Peers,
        suite: &str,
        row: &str,
        pairing: &str,
    ) -> Vec<String> {
        let verdicts = verdicts(results, peers, suite, row, pairing);
        verdicts.iter().map(Verdict::show).collect()
    }

    #[test]
    fn compares_with_what_stands_beside() {
        let results = results(&[
            ("calls: export i32x2", "sinew", "boa+wasmi", 104.0),
            ("calls: export i32x2", "floor", "boa+wasmi", 100.0),
            (
                "calls: export i32x2, limits and interrupts",
                "sinew",
                "boa+wasmi",
                104.0,
            ),
            (
                "calls: export i32x2, limits and interrupts",
                "floor",
                "boa+wasmi",
                97.0,
            ),
            ("calls: import none", "sinew", "boa+wasmi", 104.0),
            ("calls: table.get", "sinew", "boa+wasmi", 104.0),
        ]);
        let of = |row| shown(&results, &Peers::default(), "calls", row, "boa+wasmi");
        assert_eq!(of("export i32x2"), ["1.04x of 1.10x"]);
        assert_eq!(
            of("export i32x2, limits and interrupts"),
            ["**1.07x of 1.05x**"]
        );
        let close = Verdict {
            target: &TARGETS[0],
            p10: 1.1004,
            median: 1.0,
        };
        assert_eq!(close.show(), "**1.1004x of 1.10x**");
        assert!(of("import none").is_empty() && of("table.get").is_empty());
    }

    #[test]
    fn compares_with_the_smallest() {
        let results = results(&[
            ("graph: 10 modules", "sinew", "boa+wasmi", 100.0),
            ("graph: 1000 modules", "sinew", "boa+wasmi", 150.0),
            ("graph: 100 modules", "sinew", "boa+wasmi", 110.0),
            ("graph: 10 exports", "sinew", "boa+wasmi", 1.0),
            ("graph: 1 modules", "sinew", "boa+wasmtime", 1.0),
        ]);
        let of = |row| shown(&results, &Peers::default(), "graph", row, "boa+wasmi");
        assert_eq!(of("1000 modules"), ["**1.50x of 1.25x**"]);
        assert_eq!(of("100 modules"), ["1.10x of 1.25x"]);
        assert!(of("10 modules").is_empty());
    }

    #[test]
    fn compares_with_clocks_and_peers() {
        let results = results(&[
            ("startup: second runtime", "sinew", "boa+wasmi", 400_000.0),
            (
                "startup: second runtime",
                "sinew",
                "quickjs+wasmi",
                500_000.0,
            ),
            ("startup: first result", "sinew", "quickjs+wasmi", 3e6),
            ("startup: first result", "sinew", "quickjs+wasmtime", 3e6),
        ]);
        let none = Peers::default();
        let of = |row, pairing| shown(&results, &none, "startup", row, pairing);
        assert_eq!(of("second runtime", "boa+wasmi"), ["440 µs of 800 µs"]);
        assert_eq!(
            of("second runtime", "quickjs+wasmi"),
            ["**550 µs of 500 µs**"]
        );
        assert!(of("first result", "quickjs+wasmi").is_empty());
        let time = PeerTime {
            suite: "startup".into(),
            row: "first result".into(),
            subject: "sinew".into(),
            p10: 40e6,
            median: 45e6,
        };
        let node = Peer {
            name: "node".into(),
            version: Some("20".into()),
            times: vec![time],
        };
        let peers = Peers { peers: vec![node] };
        let of = |pairing| shown(&results, &peers, "startup", "first result", pairing);
        assert_eq!(of("quickjs+wasmi"), ["0.08x of 0.10x"]);
        assert!(of("quickjs+wasmtime").is_empty());
    }
}
