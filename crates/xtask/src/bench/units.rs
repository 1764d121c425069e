//! Numbers as they are read: three digits and a unit.

/// What a number counts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unit {
    /// Nanoseconds.
    Time,
    Bytes,
    /// Things without a unit, or with one of their own, as `instructions`.
    Of(String),
}

impl Unit {
    /// The unit that a figure names. Every other is one of its own.
    pub fn named(name: &str) -> Self {
        match name {
            "ns" => Unit::Time,
            "bytes" | "B" => Unit::Bytes,
            other => Unit::Of(other.to_owned()),
        }
    }

    /// The number with its unit.
    pub fn show(&self, value: f64) -> String {
        match self {
            Unit::Time => scaled(value, &[("ns", 1e3), ("µs", 1e3), ("ms", 1e3), ("s", 1e3)]),
            Unit::Bytes => scaled(
                value,
                &[
                    ("B", 1024.0),
                    ("KiB", 1024.0),
                    ("MiB", 1024.0),
                    ("GiB", 1024.0),
                ],
            ),
            Unit::Of(name) if name.is_empty() => grouped(value),
            Unit::Of(name) => format!("{} {name}", grouped(value)),
        }
    }
}

/// A ratio, as `1.04x`.
pub fn ratio(value: f64) -> String {
    format!("{value:.2}x")
}

/// A share, as `12 %`.
pub fn percent(value: f64) -> String {
    format!("{:.0} %", value * 100.0)
}

/// The value in the first unit in which it is below the step to the next.
fn scaled(mut value: f64, units: &[(&str, f64)]) -> String {
    let mut last = "";
    for (at, (unit, step)) in units.iter().enumerate() {
        last = unit;
        // What would be rounded up to the step is shown in the next unit.
        if value.abs() < step - 0.5 || at + 1 == units.len() {
            break;
        }
        value /= step;
    }
    format!("{} {last}", digits(value))
}

/// Three digits, or all that are before the point.
fn digits(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        size if size < 9.995 => format!("{value:.2}"),
        size if size < 99.95 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

/// Digits in groups of three: `1,203`. Small numbers that are not whole keep three digits.
fn grouped(value: f64) -> String {
    if value.fract() != 0.0 && value.abs() < 99.95 {
        return digits(value);
    }
    let plain = format!("{:.0}", value.abs());
    let mut text = String::from(if value < -0.5 { "-" } else { "" });
    for (at, digit) in plain.chars().enumerate() {
        if at > 0 && (plain.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_three_digits() {
        for (value, text) in [
            (0.0, "0 ns"),
            (0.3, "0.30 ns"),
            (9.996, "10.0 ns"),
            (52.14, "52.1 ns"),
            (999.4, "999 ns"),
            (999.7, "1.00 µs"),
            (2_512_000.0, "2.51 ms"),
            (7_200e9, "7200 s"),
        ] {
            assert_eq!(Unit::Time.show(value), text);
        }
        assert_eq!(Unit::Bytes.show(4_079_728.0), "3.89 MiB");
        assert_eq!(Unit::Bytes.show(1023.0), "1023 B");
    }

    #[test]
    fn keeps_units_it_does_not_know() {
        assert_eq!(Unit::named("B").show(1536.0), "1.50 KiB");
        assert_eq!(Unit::named("maps").show(30_047.0), "30,047 maps");
        assert_eq!(Unit::named("").show(-1_234_567.0), "-1,234,567");
        assert_eq!(Unit::named("%").show(4.25), "4.25 %");
        assert_eq!(Unit::Of(String::new()).show(100.0), "100");
    }
}
