//! [`table`](https://console.spec.whatwg.org/#table)

use std::collections::HashMap;
use std::rc::Rc;

use sinew_bridge::class::type_error;
use sinew_bridge::{Completion, JsHost, ObjectClass, PropertyKey, ValueType};

use super::{OUTPUT_LIMIT, Stream, print_arguments};
use crate::Web;
use crate::inspect::{Inspector, Options, width};

const INDEX: &str = "(index)";
const ITERATION: &str = "(iteration index)";
const KEY: &str = "Key";
const VALUES: &str = "Values";

/// Rows that a table has at the most.
const MAX_ROWS: usize = 100_000;

/// `table(tabularData, properties)`, as Node has it. Runs getters and proxies of the data.
pub(super) fn table<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let data = J::arg(cx, args, 0);
    let properties = J::arg(cx, args, 1);
    let properties = property_names::<J>(cx, &properties)?;
    if !matches!(J::type_of(&data), ValueType::Object) {
        return print_arguments(cx, web, Stream::Out, &[data]);
    }
    let realm = web.realm(cx)?;
    let options = Options {
        depth: 0,
        max_elements: 3,
        break_length: usize::MAX,
        ..Options::new(web.color)
    };
    let mut tabulator = Tabulator {
        inspector: Inspector::new(web, &realm.builtins, options),
        columns: Vec::new(),
        by_key: HashMap::new(),
    };
    let rows = match J::object_class(cx, &data) {
        Some(ObjectClass::Map) => tabulator.map(cx, &data)?,
        Some(ObjectClass::Set) => tabulator.set(cx, &data)?,
        _ => tabulator.object(cx, &data, properties.as_deref())?,
    };
    let mut text = render(&tabulator.columns, rows.min(MAX_ROWS));
    if rows > MAX_ROWS || tabulator.inspector.is_exhausted() {
        text += "\n... the rest is not shown";
    }
    web.print(Stream::Out, &text);
    Ok(J::undefined())
}

/// The names that `properties` lists; `None` if it is undefined. Runs user code.
fn property_names<J: JsHost>(
    cx: &mut J::Scope<'_>,
    properties: &J::Value,
) -> Completion<J, Option<Vec<J::Value>>> {
    if matches!(J::type_of(properties), ValueType::Undefined) {
        return Ok(None);
    }
    if J::object_class(cx, properties) != Some(ObjectClass::Array) {
        return Err(type_error::<J>(cx, "the properties of table are no Array"));
    }
    let length = J::get(cx, properties, "length".into())?;
    let length = J::as_number(&length).unwrap_or_default() as u32;
    let mut names = Vec::new();
    for index in 0..length {
        let name = J::get(cx, properties, PropertyKey::Index(index))?;
        names.push(match J::type_of(&name) {
            ValueType::String => name,
            _ => J::to_string(cx, &name)?,
        });
    }
    Ok(Some(names))
}

/// A column and its cells, with the row that each is in.
struct Column {
    head: String,
    cells: Vec<(usize, String)>,
}

struct Tabulator<'a, J: JsHost> {
    inspector: Inspector<'a, J>,
    columns: Vec<Column>,
    /// The columns of property names.
    by_key: HashMap<String, usize>,
}

impl<J: JsHost> Tabulator<'_, J> {
    fn map(&mut self, cx: &mut J::Scope<'_>, data: &J::Value) -> Completion<J, usize> {
        let entries = self.inspector.map_entries(cx, data, MAX_ROWS + 1)?;
        let columns = [ITERATION, KEY, VALUES].map(|head| self.column(head));
        let mut rows = 0;
        for (key, value) in &entries {
            if self.inspector.is_exhausted() {
                break;
            }
            self.cell(cx, columns[0], rows, &J::number(rows as f64))?;
            self.cell(cx, columns[1], rows, key)?;
            self.cell(cx, columns[2], rows, value)?;
            rows += 1;
        }
        Ok(rows)
    }

    fn set(&mut self, cx: &mut J::Scope<'_>, data: &J::Value) -> Completion<J, usize> {
        let values = self.inspector.set_values(cx, data, MAX_ROWS + 1)?;
        let columns = [ITERATION, VALUES].map(|head| self.column(head));
        let mut rows = 0;
        for value in &values {
            if self.inspector.is_exhausted() {
                break;
            }
            self.cell(cx, columns[0], rows, &J::number(rows as f64))?;
            self.cell(cx, columns[1], rows, value)?;
            rows += 1;
        }
        Ok(rows)
    }

    fn object(
        &mut self,
        cx: &mut J::Scope<'_>,
        data: &J::Value,
        properties: Option<&[J::Value]>,
    ) -> Completion<J, usize> {
        let index = self.column(INDEX);
        let mut values = Vec::new();
        let mut rows = 0;
        for key in self.inspector.enumerable_names(cx, data, MAX_ROWS + 1)? {
            if self.inspector.is_exhausted() {
                break;
            }
            let head = self.text(cx, &key);
            self.put(index, rows, head);
            let item = J::get(cx, data, PropertyKey::Value(&key))?;
            let is_object = J::object_class(cx, &item).is_some();
            match properties {
                None if !is_object => values.push((rows, self.inspect(cx, &item)?)),
                None => {
                    let names = self.inspector.enumerable_names(cx, &item, MAX_ROWS)?;
                    self.row(cx, &item, &names, rows)?;
                }
                Some(names) => self.row(cx, &item, names, rows)?,
            }
            rows += 1;
        }
        self.sort_indices();
        if !values.is_empty() {
            let head = VALUES.to_owned();
            self.columns.push(Column {
                head,
                cells: values,
            });
        }
        Ok(rows)
    }

    /// The cells of one item: its own properties among `names`.
    fn row(
        &mut self,
        cx: &mut J::Scope<'_>,
        item: &J::Value,
        names: &[J::Value],
        row: usize,
    ) -> Completion<J, ()> {
        let is_object = J::object_class(cx, item).is_some();
        for name in names {
            if self.inspector.is_exhausted() {
                break;
            }
            let head = self.text(cx, name);
            let column = match self.by_key.get(&head) {
                Some(&column) => column,
                None => {
                    let column = self.column(&head);
                    self.by_key.insert(head, column);
                    column
                }
            };
            let key = PropertyKey::Value(name);
            if is_object && J::get_own_property(cx, item, key)?.is_some() {
                let value = J::get(cx, item, key)?;
                self.cell(cx, column, row, &value)?;
            }
        }
        Ok(())
    }

    /// Puts columns that are array indices first, in ascending order, as own keys are.
    fn sort_indices(&mut self) {
        let index = |column: &Column| match column.head.parse::<u32>() {
            Ok(index) if index.to_string() == column.head => u64::from(index),
            _ => u64::MAX,
        };
        if let Some(named) = self.columns.get_mut(1..) {
            named.sort_by_key(index);
        }
    }

    fn column(&mut self, head: &str) -> usize {
        self.inspector.spend(head);
        self.columns.push(Column {
            head: head.to_owned(),
            cells: Vec::new(),
        });
        self.columns.len() - 1
    }

    fn cell(
        &mut self,
        cx: &mut J::Scope<'_>,
        column: usize,
        row: usize,
        value: &J::Value,
    ) -> Completion<J, ()> {
        let text = self.inspect(cx, value)?;
        self.put(column, row, text);
        Ok(())
    }

    fn put(&mut self, column: usize, row: usize, text: String) {
        self.inspector.spend(&text);
        self.columns[column].cells.push((row, text));
    }

    fn text(&self, cx: &mut J::Scope<'_>, key: &J::Value) -> String {
        let text = J::as_text(cx, key).unwrap_or_default();
        self.inspector.clean(&text)
    }

    /// The text of a cell: an object with more than two properties is only named.
    fn inspect(&mut self, cx: &mut J::Scope<'_>, value: &J::Value) -> Completion<J, String> {
        let is_named = match J::object_class(cx, value) {
            None | Some(ObjectClass::Array | ObjectClass::Function) => false,
            Some(_) => self.inspector.enumerable_names(cx, value, 3)?.len() > 2,
        };
        let depth = if is_named { -1 } else { 0 };
        self.inspector.set_depth(depth);
        self.inspector.inspect(cx, value)
    }
}

/// The table with its lines, set to the left as Node 22 and later do.
fn render(columns: &[Column], rows: usize) -> String {
    let widths: Vec<usize> = columns
        .iter()
        .map(|column| {
            let cells = column.cells.iter().map(|(_, text)| width(text));
            cells.max().unwrap_or(0).max(width(&column.head))
        })
        .collect();
    let mut out = String::new();
    rule(&mut out, &widths, ["┌", "┬", "┐\n"]);
    let heads: Vec<&str> = columns.iter().map(|column| &*column.head).collect();
    line(&mut out, &widths, &heads);
    rule(&mut out, &widths, ["├", "┼", "┤\n"]);
    let mut cells: Vec<_> = columns
        .iter()
        .map(|column| column.cells.iter().peekable())
        .collect();
    for row in 0..rows {
        let texts: Vec<&str> = cells
            .iter_mut()
            .map(|cells| match cells.next_if(|(other, _)| *other == row) {
                Some((_, text)) => &**text,
                None => "",
            })
            .collect();
        line(&mut out, &widths, &texts);
        if out.len() > OUTPUT_LIMIT {
            return out;
        }
    }
    rule(&mut out, &widths, ["└", "┴", "┘"]);
    out
}

fn rule(out: &mut String, widths: &[usize], [left, middle, right]: [&str; 3]) {
    for (i, width) in widths.iter().enumerate() {
        if out.len() > OUTPUT_LIMIT {
            return;
        }
        *out += if i == 0 { left } else { middle };
        out.extend(std::iter::repeat_n('─', width + 2));
    }
    *out += right;
}

fn line(out: &mut String, widths: &[usize], texts: &[&str]) {
    for (text, columns) in texts.iter().zip(widths) {
        if out.len() > OUTPUT_LIMIT {
            return;
        }
        *out += "│ ";
        *out += text;
        out.extend(std::iter::repeat_n(' ', columns - width(text) + 1));
    }
    *out += "│\n";
}
