//! A table as a picture: bars, those of one row together.

use anyhow::{Result, anyhow};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::units::Unit;
use crate::pair::NAMES;

/// A plot.
#[derive(Debug)]
pub struct Chart {
    /// The name of its file.
    pub file: String,
    pub title: String,
    pub unit: Unit,
    /// What the marks on the bars are; empty if there are none.
    pub mark: String,
    pub groups: Vec<Group>,
}

/// The bars of one row.
#[derive(Debug)]
pub struct Group {
    pub label: String,
    pub bars: Vec<Bar>,
}

/// A value.
#[derive(Debug)]
pub struct Bar {
    /// Whose it is, as `quickjs+wasmtime`.
    pub series: String,
    pub value: f64,
    /// The value that it is compared with.
    pub mark: Option<f64>,
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

const WIDTH: u32 = 960;
/// From the left edge to the bars, at most: labels are to its left.
const MOST_LEFT: u32 = 340;
const LETTER: f64 = 6.5;
const RIGHT: i32 = 80;
const BAR: i32 = 11;
const GAP: i32 = 8;
/// The title, and a line of the legend.
const TITLE: i32 = 34;
const LINE: i32 = 20;
/// Below the bars.
const AXIS: i32 = 30;

/// The pairings' colours: one hue for each JavaScript engine, light for the interpreter.
const COLORS: [RGBColor; 4] = [
    RGBColor(27, 108, 168),
    RGBColor(127, 184, 224),
    RGBColor(192, 86, 47),
    RGBColor(235, 167, 122),
];
/// The colours of all else.
const OTHERS: [RGBColor; 4] = [
    RGBColor(86, 130, 89),
    RGBColor(148, 178, 116),
    RGBColor(120, 113, 140),
    RGBColor(172, 166, 184),
];

impl Group {
    pub fn new(label: &str) -> Self {
        Self {
            label: label.to_owned(),
            bars: Vec::new(),
        }
    }

    /// Adds a bar, if there is a value.
    pub fn add(&mut self, series: &str, value: Option<f64>, mark: Option<f64>) {
        let series = series.to_owned();
        self.bars.extend(value.map(|value| Bar {
            series,
            value,
            mark,
        }));
    }
}

impl Chart {
    /// The plot as SVG.
    pub fn svg(&self) -> Result<String> {
        let series = self.series();
        let legend = LINE * (series.len() / 4 + 1) as i32;
        let groups = self.groups.iter().filter(|group| !group.bars.is_empty());
        let height: i32 = groups
            .map(|group| group.bars.len() as i32 * BAR + GAP)
            .sum();
        let top = TITLE + legend;
        let size = (WIDTH, (top + height + AXIS) as u32);
        let mut svg = String::new();
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        // The errors of a drawing cannot be sent between threads.
        let drawn = self.draw(&area, &series, top, height);
        drawn.map_err(|error| anyhow!("{}: {error}", self.file))?;
        drop(area);
        Ok(svg)
    }

    /// Whose bars there are: the pairings first, then all else as it comes.
    fn series(&self) -> Vec<&str> {
        let mut series: Vec<&str> = Vec::new();
        for bar in self.groups.iter().flat_map(|group| &group.bars) {
            if !series.contains(&bar.series.as_str()) {
                series.push(&bar.series);
            }
        }
        let place = |name: &&str| NAMES.iter().position(|known| known == name);
        series.sort_by_key(|name| place(name).unwrap_or(NAMES.len()));
        series
    }

    fn draw(
        &self,
        area: &Area<'_>,
        series: &[&str],
        top: i32,
        height: i32,
    ) -> Result<(), Box<dyn std::error::Error>> {
        area.fill(&WHITE)?;
        let title = text(22, HPos::Left);
        area.draw(&Text::new(self.title.clone(), (12, 18), title))?;
        self.draw_legend(area, series)?;
        let longest = self.groups.iter().map(|group| group.label.chars().count());
        let left = longest.max().unwrap_or(0) as f64 * LETTER + 20.0;
        let left = left.min(f64::from(MOST_LEFT)) as i32;
        let scale = Scale::new(self, left);
        let bottom = top + height;
        for (x, value) in scale.ticks() {
            let line = [(x, top), (x, bottom)];
            area.draw(&PathElement::new(line, RGBColor(221, 221, 221)))?;
            let label = Text::new(
                self.unit.show(value),
                (x, bottom + 12),
                text(14, HPos::Center),
            );
            area.draw(&label)?;
        }
        let mut y = top;
        for group in self.groups.iter().filter(|group| !group.bars.is_empty()) {
            let middle = y + (group.bars.len() as i32 * BAR + GAP) / 2;
            let label = shortened(&group.label);
            area.draw(&Text::new(label, (left - 8, middle), text(14, HPos::Right)))?;
            y += GAP / 2;
            for bar in &group.bars {
                self.draw_bar(area, series, &scale, bar, y)?;
                y += BAR;
            }
            y += GAP / 2;
        }
        area.present()?;
        Ok(())
    }

    fn draw_bar(
        &self,
        area: &Area<'_>,
        series: &[&str],
        scale: &Scale,
        bar: &Bar,
        y: i32,
    ) -> Result<(), Box<dyn std::error::Error>> {
        let end = scale.x(bar.value);
        let corners = [(scale.left, y), (end, y + BAR - 1)];
        area.draw(&Rectangle::new(
            corners,
            color(series, &bar.series).filled(),
        ))?;
        if let Some(mark) = bar.mark {
            let x = scale.x(mark);
            let line = [(x, y - 1), (x, y + BAR)];
            area.draw(&PathElement::new(line, BLACK.stroke_width(2)))?;
        }
        let end = end.max(bar.mark.map_or(end, |mark| scale.x(mark)));
        let value = self.unit.show(bar.value);
        area.draw(&Text::new(
            value,
            (end + 5, y + BAR / 2),
            text(12, HPos::Left),
        ))?;
        Ok(())
    }

    fn draw_legend(
        &self,
        area: &Area<'_>,
        series: &[&str],
    ) -> Result<(), Box<dyn std::error::Error>> {
        let place = |at: usize| {
            let (column, line) = ((at % 4) as i32, (at / 4) as i32);
            (12 + column * (WIDTH as i32 - 24) / 4, TITLE + line * LINE)
        };
        for (at, name) in series.iter().enumerate() {
            let (x, y) = place(at);
            let corners = [(x, y), (x + 10, y + 10)];
            area.draw(&Rectangle::new(corners, color(series, name).filled()))?;
            area.draw(&Text::new(*name, (x + 16, y + 5), text(15, HPos::Left)))?;
        }
        if self
            .groups
            .iter()
            .flat_map(|group| &group.bars)
            .any(|bar| bar.mark.is_some())
        {
            let (x, y) = place(series.len());
            area.draw(&PathElement::new(
                [(x + 5, y), (x + 5, y + 10)],
                BLACK.stroke_width(2),
            ))?;
            let mark = self.mark.as_str();
            area.draw(&Text::new(mark, (x + 16, y + 5), text(15, HPos::Left)))?;
        }
        Ok(())
    }
}

/// From values to places: from zero, or by powers of ten where values are far apart.
struct Scale {
    left: i32,
    low: f64,
    high: f64,
    is_log: bool,
}

impl Scale {
    fn new(chart: &Chart, left: i32) -> Self {
        let bars = chart.groups.iter().flat_map(|group| &group.bars);
        let values = bars.flat_map(|bar| [Some(bar.value), bar.mark]).flatten();
        let values = values.filter(|value| value.is_finite() && *value > 0.0);
        let (low, high) = values.fold((f64::MAX, 0.0), |(low, high), value: f64| {
            (value.min(low), value.max(high))
        });
        let is_log = low > 0.0 && high / low > 30.0;
        let (low, high) = match is_log {
            true => (
                low.log10().floor(),
                high.log10().max(low.log10().floor() + 1.0),
            ),
            false if high > 0.0 => (0.0, high),
            // Nothing has a length.
            false => (0.0, 1.0),
        };
        Self {
            left,
            low,
            high,
            is_log,
        }
    }

    fn x(&self, value: f64) -> i32 {
        let value = if self.is_log {
            value.max(f64::MIN_POSITIVE).log10()
        } else {
            value
        };
        let share = ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0);
        let share = if share.is_nan() { 0.0 } else { share };
        self.left + (share * f64::from(WIDTH as i32 - RIGHT - self.left)) as i32
    }

    /// Places and values of the lines across.
    fn ticks(&self) -> Vec<(i32, f64)> {
        let values: Vec<f64> = if self.is_log {
            let (low, high) = (self.low as i32, self.high.floor() as i32);
            (low..=high).map(|power| 10f64.powi(power)).collect()
        } else {
            let step = 10f64.powf((self.high / 2.0).log10().floor());
            let steps = [1.0, 2.0, 5.0].map(|factor| factor * step);
            let fits = |step: &&f64| self.high / **step <= 8.0;
            let step = steps.iter().find(fits).copied().unwrap_or(10.0 * step);
            (0..=8)
                .map(|at| f64::from(at) * step)
                .take_while(|value| *value <= self.high)
                .collect()
        };
        values
            .into_iter()
            .map(|value| (self.x(value), value))
            .collect()
    }
}

fn color(series: &[&str], name: &str) -> RGBColor {
    if let Some(at) = NAMES.iter().position(|known| *known == name) {
        return COLORS[at];
    }
    let others = series.iter().filter(|other| !NAMES.contains(other));
    let at = others.enumerate().find(|(_, other)| **other == name);
    OTHERS[at.map_or(0, |(at, _)| at) % OTHERS.len()]
}

/// The backend makes letters a fifth smaller than it is told.
fn text(size: u32, across: HPos) -> TextStyle<'static> {
    let style = TextStyle::from(("sans-serif", size).into_font());
    style.pos(Pos::new(across, VPos::Center))
}

/// What fits to the left of the bars.
fn shortened(label: &str) -> String {
    let most = (f64::from(MOST_LEFT - 20) / LETTER) as usize;
    match label.chars().count() > most {
        true => label.chars().take(most - 1).chain(['…']).collect(),
        false => label.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(values: &[f64], mark: Option<f64>) -> Chart {
        let mut groups = vec![Group::new("a < b & \"c\""), Group::new("empty")];
        for (at, value) in values.iter().enumerate() {
            let name = NAMES.get(at).copied().unwrap_or("node 20");
            groups[0].bars.push(Bar {
                series: name.to_owned(),
                value: *value,
                mark,
            });
        }
        Chart {
            file: "a.svg".to_owned(),
            title: "calls".to_owned(),
            unit: Unit::Time,
            mark: "floor".to_owned(),
            groups,
        }
    }

    /// The names of the elements are closed in order, and no text has a bare `<` or `&`.
    fn check_well_formed(svg: &str) {
        let mut open = Vec::new();
        for part in svg.split('<').skip(1) {
            let (tag, text) = part.split_once('>').expect("a tag that ends");
            let bare = text
                .replace("&lt;", "")
                .replace("&gt;", "")
                .replace("&amp;", "");
            let bare = bare.replace("&quot;", "").replace("&apos;", "");
            assert!(!bare.contains('&'), "{text}");
            let name = tag
                .trim_start_matches('/')
                .split_whitespace()
                .next()
                .expect("a name");
            if tag.starts_with('/') {
                assert_eq!(open.pop(), Some(name));
            } else if !tag.ends_with('/') && !tag.starts_with(['?', '!']) {
                open.push(name);
            }
            assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        }
        assert!(open.is_empty(), "{open:?}");
    }

    #[test]
    fn names_every_pairing() {
        let svg = chart(&[50.0, 130.0, 118.0, 210.0, 4.0], Some(49.0))
            .svg()
            .unwrap();
        check_well_formed(&svg);
        for name in NAMES
            .iter()
            .chain(&["node 20", "floor", "calls", "50.0 ns", "a &lt; b &amp;"])
        {
            assert!(svg.contains(name), "{name} in {svg}");
        }
        assert!(!svg.contains("empty"));
    }

    #[test]
    fn draws_any_number() {
        let lists: [&[f64]; 5] = [
            &[],
            &[0.0],
            &[f64::NAN, f64::INFINITY, -1.0],
            &[1e-3, 1e12],
            &[f64::MAX],
        ];
        for values in lists {
            for mark in [None, Some(0.0), Some(f64::NAN), Some(1.0)] {
                check_well_formed(&chart(values, mark).svg().unwrap());
            }
        }
    }

    #[test]
    fn longer_is_more() {
        for chart in [chart(&[10.0, 20.0], None), chart(&[10.0, 20_000.0], None)] {
            let scale = Scale::new(&chart, 100);
            assert!(100 <= scale.x(10.0) && scale.x(10.0) < scale.x(20.0));
            assert!(scale.ticks().len() >= 2, "{:?}", scale.ticks());
        }
        assert_eq!(shortened(&"x".repeat(500)).chars().count(), 49);
    }
}
