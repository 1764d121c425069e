//! How entries are set on lines.

use sinew_bridge::JsHost;

use super::Options;
use super::shape::Shape;

/// Columns between the entries of a table: a comma and a space.
const SEPARATOR: usize = 2;

/// The entries of an object, formatted.
#[derive(Default)]
pub(super) struct List {
    pub(super) entries: Vec<String>,
    /// Whether all are numbers: tables set them to the right.
    pub(super) numeric: bool,
    /// Whether the last one says how many are missing.
    pub(super) cut: bool,
}

/// The whole text of an object that contains `nested` levels of others.
pub(super) fn reduce<J: JsHost>(
    list: List,
    shape: &Shape<J>,
    indentation: usize,
    nested: usize,
    options: &Options,
) -> String {
    let count = list.entries.len();
    let entries = match shape.list && count > 6 && options.compact >= 1 {
        true => table(list, indentation, options),
        false => list.entries,
    };
    let base = match shape.base.is_empty() {
        true => String::new(),
        false => format!("{} ", shape.base),
    };
    let (open, close) = (&shape.open, shape.close);
    if nested < options.compact && entries.len() == count {
        let base = &shape.base;
        let start = count + indentation + length(open) + length(base) + 10;
        if fits(&entries, start, options.break_length) && !base.contains('\n') {
            let line = entries.join(", ");
            if !line.contains('\n') {
                let space = if base.is_empty() { "" } else { " " };
                return format!("{base}{space}{open} {line} {close}");
            }
        }
    }
    let indent = " ".repeat(indentation);
    let entries = entries.join(&format!(",\n{indent}  "));
    format!("{base}{open}\n{indent}  {entries}\n{indent}{close}")
}

fn fits(entries: &[String], start: usize, columns: usize) -> bool {
    let mut total = entries.len() + start;
    if total + entries.len() > columns {
        return false;
    }
    entries.iter().all(|entry| {
        total += length(entry);
        total <= columns
    })
}

/// Groups the many entries of an array to lines of equal columns, where they are alike enough.
fn table(list: List, indentation: usize, options: &Options) -> Vec<String> {
    let List {
        mut entries,
        numeric,
        cut,
    } = list;
    let last = if cut { entries.pop() } else { None };
    let widths: Vec<usize> = entries.iter().map(|entry| width(entry)).collect();
    let count = entries.len() + usize::from(cut);
    let Some(columns) = columns(&widths, count, indentation, options) else {
        entries.extend(last);
        return entries;
    };
    let column_widths: Vec<usize> = (0..columns)
        .map(|i| widths[i..].iter().step_by(columns).max().unwrap_or(&0) + SEPARATOR)
        .collect();
    let mut lines: Vec<String> = entries
        .chunks(columns)
        .zip(widths.chunks(columns))
        .map(|(entries, widths)| line(entries, widths, &column_widths, numeric))
        .collect();
    lines.extend(last);
    lines
}

fn line(entries: &[String], widths: &[usize], columns: &[usize], numeric: bool) -> String {
    let mut out = String::new();
    for (i, (entry, width)) in entries.iter().zip(widths).enumerate() {
        let padding = " ".repeat(columns[i].saturating_sub(width + SEPARATOR));
        let is_last = i + 1 == entries.len();
        if numeric {
            out += &padding;
        }
        out += entry;
        if !is_last {
            out += ", ";
            if !numeric {
                out += &padding;
            }
        }
    }
    out
}

/// Into how many columns entries of these widths go; `None` for no table at all.
fn columns(widths: &[usize], count: usize, indentation: usize, options: &Options) -> Option<usize> {
    let room = options.break_length;
    let total: usize = widths.iter().map(|width| width + SEPARATOR).sum();
    let longest = widths.iter().copied().max()?;
    let actual = longest + SEPARATOR;
    let alike = total as f64 / actual as f64 > 5.0 || longest <= 6;
    if actual * 3 + indentation >= room || !alike {
        return None;
    }
    // Node's estimate of a square block of text, whose characters are 2.5 times as high as wide.
    let bias = (actual as f64 - total as f64 / count as f64).sqrt();
    let biased = (actual as f64 - 3.0 - bias).max(1.0);
    let square = ((2.5 * biased * widths.len() as f64).sqrt() / biased).round() as usize;
    let columns = square
        .min((room - indentation) / actual)
        .min(options.compact.saturating_mul(4))
        .min(15);
    (columns > 1).then_some(columns)
}

/// The columns that a text takes.
pub(crate) fn width(text: &str) -> usize {
    visible(text).map(columns_of).sum()
}

/// The UTF-16 code units of a text, by which Node breaks lines.
fn length(text: &str) -> usize {
    visible(text).map(char::len_utf16).sum()
}

/// The characters of a text without those that set colours, the only escape sequences in it.
fn visible(text: &str) -> impl Iterator<Item = char> {
    let mut in_escape = false;
    text.chars().filter(move |&c| {
        let is_visible = !in_escape && c != '\u{1b}';
        in_escape = (in_escape || c == '\u{1b}') && c != 'm';
        is_visible
    })
}

/// The columns of a character, as Node without ICU has them.
fn columns_of(c: char) -> usize {
    match u32::from(c) {
        // Combining marks, zero-width characters and variation selectors.
        0x300..=0x36F | 0x200B..=0x200F | 0x20D0..=0x20FF | 0xFE00..=0xFE0F | 0xFE20..=0xFE2F => 0,
        0x1100..=0x115F
        | 0x2329
        | 0x232A
        | 0x2E80..=0x303E
        | 0x3040..=0x3247
        | 0x3250..=0x4DBF
        | 0x4E00..=0xA4C6
        | 0xA960..=0xA97C
        | 0xAC00..=0xD7A3
        | 0xF900..=0xFAFF
        | 0xFE10..=0xFE19
        | 0xFE30..=0xFE6B
        | 0xFF01..=0xFF60
        | 0xFFE0..=0xFFE6
        | 0x1B000..=0x1B001
        | 0x1F200..=0x1F251
        | 0x1F300..=0x1F64F
        | 0x1F900..=0x1F9FF
        | 0x20000..=0x3FFFD => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::{length, width};

    #[test]
    fn colours_have_no_width() {
        assert_eq!(width("\u{1b}[33m12\u{1b}[39m, é"), 5);
        assert_eq!(width("日本e\u{301}😀"), 7);
        assert_eq!(length("\u{1b}[33m😀\u{1b}[39m"), 2);
    }
}
