//! The table of packages.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};

use super::case::Case;

/// What is between these lines of a page is ours.
const BEGIN: &str = "<!-- packages -->";
const END: &str = "<!-- /packages -->";

/// One run of a case.
pub struct Outcome {
    pub time: Duration,
    /// Why it did not pass.
    pub failure: Option<String>,
}

/// A case on each program.
pub struct Row {
    name: String,
    tier: Option<u32>,
    cells: Vec<Cell>,
}

/// A case on a program: the times of first and of second runs.
#[derive(Default)]
struct Cell {
    times: [Vec<Duration>; 2],
    failure: Option<String>,
}

/// All cases on all programs.
pub struct Report {
    programs: Vec<String>,
    pub rows: Vec<Row>,
}

impl Row {
    pub fn new(case: &Case, programs: usize) -> Self {
        Self {
            name: case.name.clone(),
            tier: case.tier,
            cells: std::iter::repeat_with(Cell::default)
                .take(programs)
                .collect(),
        }
    }

    /// Adds the first or second run of a round on a program.
    pub fn add(&mut self, program: usize, run: usize, outcome: Outcome) {
        let cell = &mut self.cells[program];
        cell.times[run].push(outcome.time);
        cell.failure = cell.failure.take().or(outcome.failure);
    }
}

impl Cell {
    fn passes(&self) -> bool {
        self.failure.is_none()
    }

    /// The median of the first or of the second runs.
    fn time(&self, run: usize) -> Option<Duration> {
        let mut times = self.times[run].clone();
        times.sort_unstable();
        times.get(times.len() / 2).copied()
    }

    fn text(&self) -> String {
        match (self.time(0), self.time(1)) {
            _ if !self.passes() => "**fails**".to_owned(),
            (Some(first), Some(second)) => format!("{} / {}", seconds(first), seconds(second)),
            (Some(first), None) => seconds(first),
            (None, _) => String::new(),
        }
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.3}", time.as_secs_f64())
}

impl Report {
    pub fn new(programs: Vec<String>) -> Self {
        Self {
            programs,
            rows: Vec::new(),
        }
    }

    /// Whether every case passes on every pair.
    pub fn all_pass(&self) -> bool {
        self.rows
            .iter()
            .flat_map(|row| &row.cells)
            .all(Cell::passes)
    }

    /// Puts the table into a page, between its markers.
    pub fn write(&self, page: &Path) -> Result<()> {
        let text = std::fs::read_to_string(page).with_context(|| page.display().to_string())?;
        let parts = text
            .split_once(BEGIN)
            .and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
        let (before, after) = parts.with_context(|| format!("{}: no {BEGIN}", page.display()))?;
        let text = format!("{before}{BEGIN}\n{self}{END}{after}");
        std::fs::write(page, text).with_context(|| page.display().to_string())
    }

    /// The sum of the times of the cases that pass on this program and on the first.
    fn sum(&self, program: usize) -> Cell {
        let mut sum = Cell::default();
        for run in 0..2 {
            let both = |row: &&Row| row.cells[program].passes() && row.cells[0].passes();
            let times = self.rows.iter().filter(both);
            let times: Vec<_> = times
                .filter_map(|row| row.cells[program].time(run))
                .collect();
            if !times.is_empty() {
                sum.times[run].push(times.iter().sum());
            }
        }
        sum
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| package | tier | {} |", self.programs.join(" | "))?;
        writeln!(f, "|---|---|{}", "---|".repeat(self.programs.len()))?;
        for row in &self.rows {
            let tier = row.tier.map(|tier| tier.to_string()).unwrap_or_default();
            let cells: Vec<_> = row.cells.iter().map(Cell::text).collect();
            writeln!(f, "| {} | {tier} | {} |", row.name, cells.join(" | "))?;
        }
        let passed = |i: usize| self.rows.iter().filter(|row| row.cells[i].passes()).count();
        let counts: Vec<_> = (0..self.programs.len())
            .map(|i| format!("{} of {}", passed(i), self.rows.len()))
            .collect();
        writeln!(f, "| **passed** | | {} |", counts.join(" | "))?;
        let sums: Vec<_> = (0..self.programs.len())
            .map(|i| self.sum(i).text())
            .collect();
        writeln!(f, "| **sum** | | {} |", sums.join(" | "))?;
        writeln!(f)?;
        for row in &self.rows {
            for (cell, program) in row.cells.iter().zip(&self.programs) {
                if let Some(failure) = &cell.failure {
                    writeln!(
                        f,
                        "- {} on {program}: `{}`",
                        row.name,
                        failure.replace('`', "'")
                    )?;
                }
            }
        }
        Ok(())
    }
}
