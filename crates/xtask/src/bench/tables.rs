//! The tables of the page, and the plot of each.

mod peers;
mod targets;

use std::collections::BTreeSet;
use std::fmt::Write;

use super::peers::Peers;
use super::plot::{Chart, Group};
use super::results::{Key, Results, Samples};
use super::row;
use super::targets::rank;
use super::units::{Unit, ratio};
use super::verdict::{Verdict, verdicts};
use crate::pair::NAMES;

pub use peers::of_peers;
pub use targets::of_targets;

/// What goes between two markers of the page.
#[derive(Debug)]
pub struct Block {
    /// The name in the markers.
    pub name: String,
    pub text: String,
    pub charts: Vec<Chart>,
}

/// What stands beside Sinew, in the order of the columns, and their titles.
const SUBJECTS: [(&str, &str); 3] = [
    ("floor", "floor"),
    ("engine", "engine alone"),
    ("js", "JavaScript"),
];

/// A block for each suite, in the order of their names.
pub fn suites(results: &Results, peers: &Peers) -> Vec<Block> {
    let times = results.times.keys();
    let figures = results.figures.keys().map(|(key, _)| key);
    let names: BTreeSet<&str> = times.chain(figures).map(|key| key.suite.as_str()).collect();
    let blocks = names.into_iter().map(|suite| {
        let mut block = Block::new(suite);
        times_tables(&mut block, results, peers);
        figure_tables(&mut block, results);
        block
    });
    blocks.collect()
}

/// The times of a suite: first those of Sinew with what stands beside them, then those of engines on
/// their own.
fn times_tables(block: &mut Block, results: &Results, peers: &Peers) {
    let suite = block.name.clone();
    let keys = results.times.keys().filter(|key| key.suite == suite);
    let own: BTreeSet<&str> = keys
        .clone()
        .filter(|key| key.subject == "sinew")
        .map(|key| key.row.as_str())
        .collect();
    let (own, alone): (Vec<&Key>, Vec<&Key>) = keys.partition(|key| own.contains(&*key.row));
    if !own.is_empty() {
        own_table(block, results, peers, &own);
    }
    if !alone.is_empty() {
        alone_table(block, results, &alone);
    }
}

fn own_table(block: &mut Block, results: &Results, peers: &Peers, keys: &[&Key]) {
    let suite = block.name.clone();
    let subjects = subjects(keys);
    block.text += "| row | pairing | Sinew, p10 | median |";
    for (_, title) in &subjects {
        let _ = write!(block.text, " {title}, p10 | median |");
    }
    let columns = 2 * (subjects.len() + 1) + 1;
    let line = "---:|".repeat(columns);
    let _ = writeln!(block.text, " Sinew beside it |\n|---|---|{line}");
    let mut groups = Vec::new();
    for row in rows(&suite, keys) {
        let mut group = Group::new(row);
        for pairing in pairings(row, keys, "sinew") {
            let get = |subject| results.samples(&suite, row, pairing, subject);
            let own = get("sinew");
            let _ = write!(block.text, "| {} | {pairing} |{}", escaped(row), cells(own));
            let beside: Vec<_> = subjects.iter().map(|(subject, _)| get(subject)).collect();
            for samples in &beside {
                block.text += &cells(*samples);
            }
            let first = beside.into_iter().flatten().next().and_then(Samples::p10);
            let own = own.and_then(Samples::p10);
            let verdicts = verdicts(results, peers, &suite, row, pairing);
            let mut said: Vec<_> = verdicts.iter().map(Verdict::show).collect();
            if said.is_empty() {
                said.extend(own.zip(first).map(|(own, first)| ratio(own / first)));
            }
            let _ = writeln!(block.text, " {} |", said.join(", "));
            group.add(pairing, own, first);
        }
        groups.push(group);
    }
    let titles: Vec<&str> = subjects.iter().map(|(_, title)| *title).collect();
    block.chart(&suite, &suite, Unit::Time, &titles.join(", "), groups);
}

fn alone_table(block: &mut Block, results: &Results, keys: &[&Key]) {
    let suite = block.name.clone();
    block.separate();
    block.text += "| row | on | p10 | median |\n|---|---|---:|---:|\n";
    let mut groups = Vec::new();
    for row in rows(&suite, keys) {
        let mut group = Group::new(row);
        for (subject, _) in subjects(keys) {
            for on in pairings(row, keys, subject) {
                let samples = results.samples(&suite, row, on, subject);
                let _ = writeln!(block.text, "| {} | {on} |{}", escaped(row), cells(samples));
                group.add(on, samples.and_then(Samples::p10), None);
            }
        }
        groups.push(group);
    }
    let (file, title) = (format!("{suite}-alone"), format!("{suite}, engines alone"));
    block.chart(&file, &title, Unit::Time, "", groups);
}

/// The figures of a suite, a table for each unit.
fn figure_tables(block: &mut Block, results: &Results) {
    let keys = results
        .figures
        .keys()
        .filter(|(key, _)| key.suite == block.name);
    let units: BTreeSet<&Unit> = keys.map(|(_, unit)| unit).collect();
    for unit in units {
        figure_table(block, results, unit);
    }
}

fn figure_table(block: &mut Block, results: &Results, unit: &Unit) {
    let suite = block.name.clone();
    let keys = results.figures.keys();
    let keys = keys.filter(|(key, other)| key.suite == suite && other == unit);
    let keys: Vec<&Key> = keys.map(|(key, _)| key).collect();
    let subjects = subjects(&keys);
    let columns: BTreeSet<&str> = keys.iter().map(|key| key.pairing.as_str()).collect();
    let mut columns: Vec<&str> = columns.into_iter().collect();
    columns.sort_by_key(|name| place(name));
    block.separate();
    // A unit that is a word stands in the head alone.
    let (first, shown) = match unit {
        Unit::Of(name) => (format!("row, {name}"), Unit::Of(String::new())),
        unit => ("row".to_owned(), unit.clone()),
    };
    let _ = writeln!(block.text, "| {first} |{}", head(columns.iter()));
    let _ = writeln!(block.text, "|---|{}", "---:|".repeat(columns.len()));
    let mut groups = Vec::new();
    for row in rows(&suite, &keys) {
        let _ = write!(block.text, "| {} |", escaped(row));
        let mut group = Group::new(row);
        for pairing in &columns {
            let get = |subject| results.figure(&suite, row, pairing, subject, unit);
            let own = get("sinew");
            let beside = subjects.iter().find_map(|(subject, _)| get(subject));
            let _ = write!(block.text, " {} |", figure(&shown, own, beside));
            group.add(pairing, own.or(beside), own.and(beside));
        }
        block.text.push('\n');
        groups.push(group);
    }
    let titles: Vec<&str> = subjects.iter().map(|(_, title)| *title).collect();
    let name = match unit {
        Unit::Time => "time",
        Unit::Bytes => "bytes",
        Unit::Of(name) => name,
    };
    let title = format!("{suite}: {name}");
    block.chart(&title, &title, unit.clone(), &titles.join(", "), groups);
}

impl Block {
    fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            text: String::new(),
            charts: Vec::new(),
        }
    }

    /// What follows begins on a line of its own.
    fn separate(&mut self) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
    }

    /// A plot of what the last table has, if it has anything.
    fn chart(&mut self, file: &str, title: &str, unit: Unit, mark: &str, groups: Vec<Group>) {
        if groups.iter().all(|group| group.bars.is_empty()) {
            return;
        }
        let file = format!("{}.svg", slug(file));
        let _ = write!(self.text, "\n![{title}](performance/{file})\n");
        self.charts.push(Chart {
            file,
            title: title.to_owned(),
            unit,
            mark: mark.to_owned(),
            groups,
        });
    }
}

/// Those of the subjects that occur, and their titles.
fn subjects(keys: &[&Key]) -> Vec<(&'static str, &'static str)> {
    let occurs = |subject: &str| keys.iter().any(|key| key.subject == subject);
    SUBJECTS
        .into_iter()
        .filter(|(subject, _)| occurs(subject))
        .collect()
}

/// The rows in order.
fn rows<'a>(suite: &str, keys: &[&'a Key]) -> Vec<&'a str> {
    let rows: BTreeSet<&str> = keys.iter().map(|key| key.row.as_str()).collect();
    let mut rows: Vec<&str> = rows.into_iter().collect();
    let rank = |row| rank(suite, row);
    rows.sort_by(|a, b| rank(a).cmp(&rank(b)).then_with(|| row::compare(a, b)));
    rows
}

/// On what a subject of a row was measured: the pairings in order, then single engines.
fn pairings<'a>(row: &str, keys: &[&'a Key], subject: &str) -> Vec<&'a str> {
    let keys = keys
        .iter()
        .filter(|key| key.row == row && key.subject == subject);
    let mut found: Vec<&str> = keys.map(|key| key.pairing.as_str()).collect();
    found.sort_by_key(|name| place(name));
    found
}

/// Where a pairing stands; what is none comes last.
fn place(name: &str) -> usize {
    let found = NAMES.iter().position(|known| *known == name);
    found.unwrap_or(NAMES.len())
}

fn cells(samples: Option<&Samples>) -> String {
    let show = |time: Option<f64>| time.map_or_else(String::new, |time| Unit::Time.show(time));
    let (p10, median) = (
        samples.and_then(Samples::p10),
        samples.and_then(Samples::median),
    );
    format!(" {} | {} |", show(p10), show(median))
}

fn figure(unit: &Unit, own: Option<f64>, beside: Option<f64>) -> String {
    match (own, beside) {
        (Some(own), Some(beside)) => {
            let ratio = ratio(own / beside);
            format!("{} / {} ({ratio})", unit.show(own), unit.show(beside))
        }
        (Some(only), None) | (None, Some(only)) => unit.show(only),
        (None, None) => String::new(),
    }
}

fn head(names: impl Iterator<Item = impl std::fmt::Display>) -> String {
    names.map(|name| format!(" {name} |")).collect()
}

/// A name that does not end its cell.
fn escaped(name: &str) -> String {
    name.replace('|', "\\|")
}

/// A name that is the name of a file on every system.
fn slug(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric();
    let words = name.split(|c| !is_plain(c)).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-").to_ascii_lowercase()
}

/// Results that the tests of all tables share.
#[cfg(test)]
pub mod fixture {
    use super::super::results::fixture::{benchmark, ten};
    use super::Results;

    pub fn results() -> Results {
        let root = tempfile::tempdir().unwrap();
        for (group, subject, on, base) in [
            ("calls: export i32x2", "sinew", "quickjs+wasmtime", 52.0),
            ("calls: export i32x2", "floor", "quickjs+wasmtime", 50.0),
            ("calls: export i32x2", "sinew", "boa+wasmi", 300.0),
            ("calls: export i32x2", "floor", "boa+wasmi", 200.0),
            ("calls: table.get", "sinew", "boa+wasmi", 2000.0),
            ("calls: table.get", "js", "boa+wasmi", 1000.0),
            ("calls: engine alone, entry", "engine", "wasmtime", 25.0),
        ] {
            benchmark(root.path(), group, subject, on, &ten(base));
        }
        Results::read(root.path()).unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::super::results::Figure;
    use super::fixture::results;
    use super::*;

    fn figure(row: &str, pairing: &str, subject: &str, unit: &str, value: f64) -> Figure {
        let [suite, row, pairing, subject, unit] =
            ["graph", row, pairing, subject, unit].map(str::to_owned);
        Figure {
            suite,
            row,
            pairing,
            subject,
            unit,
            value,
        }
    }

    #[test]
    fn shows_times_beside_each_other() {
        let blocks = suites(&results(), &Peers::default());
        assert_eq!(blocks.len(), 1);
        assert_eq!(
            blocks[0].text,
            "\
| row | pairing | Sinew, p10 | median | floor, p10 | median | JavaScript, p10 | median | Sinew beside it |
|---|---|---:|---:|---:|---:|---:|---:|---:|
| export i32x2 | quickjs+wasmtime | 57.2 ns | 78.0 ns | 55.0 ns | 75.0 ns |  |  | 1.04x of 1.10x |
| export i32x2 | boa+wasmi | 330 ns | 450 ns | 220 ns | 300 ns |  |  | **1.50x of 1.10x** |
| table.get | boa+wasmi | 2.20 µs | 3.00 µs |  |  | 1.10 µs | 1.50 µs | 2.00x |

![calls](performance/calls.svg)

| row | on | p10 | median |
|---|---|---:|---:|
| engine alone, entry | wasmtime | 27.5 ns | 37.5 ns |

![calls, engines alone](performance/calls-alone.svg)
"
        );
        let charts = &blocks[0].charts;
        let files: Vec<_> = charts.iter().map(|chart| chart.file.as_str()).collect();
        assert_eq!(files, ["calls.svg", "calls-alone.svg"]);
        let svg = charts[0].svg().unwrap();
        for name in [
            "quickjs+wasmtime",
            "boa+wasmi",
            "floor, JavaScript",
            "export i32x2",
        ] {
            assert!(svg.contains(name), "{name}");
        }
    }

    #[test]
    fn shows_figures_by_their_units() {
        let mut results = Results::default();
        for figure in [
            figure("instance", "boa+wasmi", "sinew", "bytes", 3072.0),
            figure("instance", "boa+wasmi", "floor", "bytes", 2048.0),
            figure("instance", "quickjs+wasmi", "sinew", "bytes", 1000.0),
            figure("mappings", "wasmtime", "engine", "maps", 3.0),
        ] {
            results.add(figure);
        }
        let blocks = suites(&results, &Peers::default());
        assert_eq!(
            blocks[0].text,
            "\
| row | quickjs+wasmi | boa+wasmi |
|---|---:|---:|
| instance | 1000 B | 3.00 KiB / 2.00 KiB (1.50x) |

![graph: bytes](performance/graph-bytes.svg)

| row, maps | wasmtime |
|---|---:|
| mappings | 3 |

![graph: maps](performance/graph-maps.svg)
"
        );
    }

    #[test]
    fn names_fit_where_they_are_put() {
        assert_eq!(escaped("a | b"), "a \\| b");
        assert_eq!(slug("graph: KiB/instance"), "graph-kib-instance");
    }
}
