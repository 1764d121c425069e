//! The results for people.

use std::fmt::Write;

use super::results::{Case, Outcome, Results};

/// The columns, of which the first two are text and the others numbers.
const COLUMNS: [&str; 7] = [
    "case", "engines", "median", "p10", "spread", "ratio", "baseline",
];
const RATIO: usize = 5;
const BASELINE: usize = 6;

type Row = [String; COLUMNS.len()];

/// A line of the table.
enum Line {
    Blank,
    Group(String),
    Row(Row),
}

/// The table, without the columns that would say nothing.
pub fn table(results: &Results) -> String {
    let all = || results.references.iter().chain(&results.cases);
    let outcomes = || all().flat_map(|case| &case.results);
    let measured = || outcomes().filter_map(|outcome| outcome.measured.as_ref());
    let shown = |column: usize| match column {
        RATIO => results.pairings.len() > 1,
        BASELINE => measured().any(|measured| measured.baseline_ratio.is_some()),
        _ => true,
    };
    let mut lines = vec![Line::Row(COLUMNS.map(str::to_owned))];
    let mut group = None;
    for (at, case) in all().enumerate() {
        if case.group != group {
            group.clone_from(&case.group);
            lines.push(Line::Blank);
            lines.push(Line::Group(one_line(group.as_deref().unwrap_or_default())));
        } else if at > 0 && (results.pairings.len() > 1 || at == results.references.len()) {
            lines.push(Line::Blank);
        }
        lines.extend(rows(case).into_iter().map(Line::Row));
    }
    let heading = format!(
        "sinew {}, {} {}, {} cores: {}, time per call\n\n",
        results.sinew,
        results.os,
        results.arch,
        results.cores,
        one_line(&results.file),
    );
    heading + &aligned(&lines, shown)
}

/// A text without line breaks and other control characters.
pub fn one_line(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c.is_control() {
            true => shown.extend(c.escape_default()),
            false => shown.push(c),
        }
    }
    shown
}

/// One row a pairing; the name is on the first.
fn rows(case: &Case) -> Vec<Row> {
    let mut rows: Vec<Row> = case.results.iter().map(row).collect();
    if let Some(first) = rows.first_mut() {
        first[0] = one_line(&case.name);
    }
    rows
}

fn row(outcome: &Outcome) -> Row {
    let engines = format!("{} with {}", outcome.js, outcome.wasm);
    let Some(measured) = &outcome.measured else {
        let none = String::new;
        return [
            none(),
            engines,
            "failed".to_owned(),
            none(),
            none(),
            none(),
            none(),
        ];
    };
    let summary = &measured.summary;
    [
        String::new(),
        engines,
        duration(summary.median),
        duration(summary.p10),
        format!("{:.0} %", summary.spread * 100.0),
        times(measured.ratio),
        measured.baseline_ratio.map_or_else(String::new, times),
    ]
}

fn times(ratio: f64) -> String {
    match ratio < 0.0995 {
        true => format!("{ratio:.3}x"),
        false => format!("{}x", significant(ratio)),
    }
}

/// Nanoseconds in the largest unit of which there is one.
fn duration(nanoseconds: f64) -> String {
    let units = [(1e9, "s "), (1e6, "ms"), (1e3, "µs")];
    let unit = units.iter().find(|(unit, _)| nanoseconds >= *unit);
    let (unit, name) = unit.unwrap_or(&(1.0, "ns"));
    format!("{} {name}", significant(nanoseconds / unit))
}

/// Three digits, or more where they are before the point.
fn significant(number: f64) -> String {
    match number {
        number if number < 9.995 => format!("{number:.2}"),
        number if number < 99.95 => format!("{number:.1}"),
        number => format!("{number:.0}"),
    }
}

/// Columns as wide as their widest cell: text to the left, numbers to the right.
fn aligned(lines: &[Line], shown: impl Fn(usize) -> bool) -> String {
    let mut widths = [0; COLUMNS.len()];
    for line in lines {
        if let Line::Row(row) = line {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.chars().count().max(*width);
            }
        }
    }
    let mut text = String::new();
    for line in lines {
        let line = match line {
            Line::Blank => String::new(),
            Line::Group(name) => format!("[{name}]"),
            Line::Row(row) => {
                let cells = row.iter().zip(widths).enumerate();
                let cells = cells.filter(|(column, _)| shown(*column));
                let cells: Vec<_> = cells
                    .map(|(column, (cell, width))| match column {
                        0 | 1 => format!("{cell:width$}"),
                        _ => format!("{cell:>width$}"),
                    })
                    .collect();
                cells.join("  ")
            }
        };
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_times_in_fitting_units() {
        for (nanoseconds, shown) in [
            (0.0, "0.00 ns"),
            (1.234, "1.23 ns"),
            (12.34, "12.3 ns"),
            (123.4, "123 ns"),
            (999.4, "999 ns"),
            (1_000.0, "1.00 µs"),
            (99_960.0, "100 µs"),
            (1_234_567.0, "1.23 ms"),
            (2e10, "20.0 s "),
            (2e13, "20000 s "),
        ] {
            assert_eq!(duration(nanoseconds), shown);
        }
    }

    #[test]
    fn shows_ratios() {
        for (ratio, shown) in [
            (0.0123, "0.012x"),
            (0.0999, "0.10x"),
            (1.0, "1.00x"),
            (12.34, "12.3x"),
            (1234.5, "1234x"),
        ] {
            assert_eq!(times(ratio), shown);
        }
    }

    #[test]
    fn names_cannot_break_the_table() {
        assert_eq!(one_line("a\nb\u{1b}[31m é"), "a\\nb\\u{1b}[31m é");
    }
}
