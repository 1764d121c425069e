//! The names of rows: those with a number in them belong together.

use std::cmp::Ordering;

/// A row without its number, and the number: `buffer, 64 KiB` is `buffer, #` and 65,536.
#[derive(Clone, Debug, PartialEq)]
pub struct Stem {
    pub text: String,
    pub amount: Option<f64>,
}

impl Stem {
    /// The first word that is a number is taken out, with a unit of memory that follows.
    pub fn of(row: &str) -> Self {
        let mut words: Vec<&str> = row.split(' ').collect();
        let numbers = words.iter().enumerate();
        let mut found = numbers.filter_map(|(at, word)| Some((at, number(word)?)));
        let Some((at, mut amount)) = found.next() else {
            let text = row.to_owned();
            return Self { text, amount: None };
        };
        words[at] = "#";
        if let Some(factor) = words.get(at + 1).and_then(|word| factor(word)) {
            amount *= factor;
            words.remove(at + 1);
        }
        let text = words.join(" ");
        let amount = Some(amount);
        Self { text, amount }
    }
}

/// Rows in the order of a table: by words, and by size where only a number differs.
pub fn compare(a: &str, b: &str) -> Ordering {
    let (a, b) = (Stem::of(a), Stem::of(b));
    let amounts = || match (a.amount, b.amount) {
        (Some(a), Some(b)) => a.total_cmp(&b),
        (a, b) => a.is_some().cmp(&b.is_some()),
    };
    a.text.cmp(&b.text).then_with(amounts)
}

fn number(word: &str) -> Option<f64> {
    let digits = word
        .trim_end_matches([',', ';', ':'])
        .replace([',', '_'], "");
    let is_number = !digits.is_empty() && digits.bytes().all(|c| c.is_ascii_digit());
    is_number.then(|| digits.parse().ok()).flatten()
}

fn factor(unit: &str) -> Option<f64> {
    Some(match unit.trim_end_matches([',', ';', ':']) {
        "B" => 1.0,
        "KiB" => 1024.0,
        "MiB" => 1024.0 * 1024.0,
        "GiB" => 1024.0 * 1024.0 * 1024.0,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_number_out() {
        let of = |row| {
            let Stem { text, amount } = Stem::of(row);
            (text, amount)
        };
        let with = |text: &str, amount| (text.to_owned(), Some(amount));
        assert_eq!(of("1,000 modules"), with("# modules", 1000.0));
        assert_eq!(of("10_000 exports"), with("# exports", 10_000.0));
        assert_eq!(
            of("buffer, first, 64 KiB"),
            with("buffer, first, #", 65_536.0)
        );
        assert_eq!(
            of("call, 1 GiB, views"),
            with("call, # views", 1_073_741_824.0)
        );
        assert_eq!(of("call, 0, views"), with("call, # views", 0.0));
        assert_eq!(of("export i32x2"), ("export i32x2".to_owned(), None));
        assert_eq!(of(""), (String::new(), None));
    }

    #[test]
    fn sorts_by_size() {
        let mut rows = ["1 GiB", "64 KiB", "a 1000", "64 MiB", "a", "a 10"];
        rows.sort_by(|a, b| compare(a, b));
        assert_eq!(rows, ["64 KiB", "64 MiB", "1 GiB", "a", "a 10", "a 1000"]);
    }
}
