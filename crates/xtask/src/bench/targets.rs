//! What each row is to reach.

use super::units::{Unit, ratio};
use crate::wpt::glob::Glob;

/// What some rows are to reach on some pairings.
#[derive(Debug)]
pub struct Target {
    /// What is measured, in words.
    pub what: &'static str,
    pub suite: &'static str,
    /// The rows, with `*` for any text between two commas.
    pub rows: &'static str,
    /// The pairings, with `*` for any text.
    pub pairings: &'static str,
    pub against: Against,
    /// The most that is allowed: a ratio, or nanoseconds.
    pub most: f64,
}

/// What a time is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Against {
    /// Another subject in the same row.
    Beside(&'static str),
    /// The row that differs in its number only, and has the smallest.
    Smallest,
    /// Another runtime on the same work.
    Peer(&'static str),
    /// A clock.
    Clock,
}

/// What stands for "linear": how much more each of many may take than each of few. Caches of the
/// processor are why it is not one.
const LINEAR: f64 = 1.25;

/// All targets, in the order of the tables. A row that none of them names is published only.
pub const TARGETS: &[Target] = &[
    Target {
        what: "exported function called from JavaScript",
        suite: "calls",
        rows: "export *",
        pairings: "*",
        against: Against::Beside("floor"),
        most: 1.10,
    },
    Target {
        what: "JavaScript function called from wasm",
        suite: "calls",
        rows: "import *",
        pairings: "*",
        against: Against::Beside("floor"),
        most: 1.15,
    },
    Target {
        what: "wasm function called from another instance",
        suite: "calls",
        rows: "wasm to wasm",
        pairings: "*",
        against: Against::Beside("floor"),
        most: 1.10,
    },
    Target {
        what: "calls with limits and interrupts on",
        suite: "calls",
        rows: "*, limits and interrupts",
        pairings: "*",
        against: Against::Beside("floor"),
        most: 1.05,
    },
    Target {
        what: "calls with a memory and live views of it",
        suite: "calls",
        rows: "*, * of memory and views",
        pairings: "*",
        against: Against::Beside("floor"),
        most: 1.05,
    },
    Target {
        what: "`memory.buffer` of a large memory",
        suite: "memory",
        rows: "buffer, *, *",
        pairings: "*",
        against: Against::Smallest,
        most: 1.05,
    },
    Target {
        what: "elements of views of a memory",
        suite: "memory",
        rows: "*Array, *",
        pairings: "*",
        against: Against::Beside("js"),
        most: 1.02,
    },
    Target {
        what: "a process, to the first result of wasm",
        suite: "startup",
        rows: "first result",
        pairings: "*",
        against: Against::Beside("floor"),
        most: 1.40,
    },
    Target {
        what: "the same where the wasm engine is an interpreter",
        suite: "startup",
        rows: "first result",
        pairings: "*+wasmi",
        against: Against::Peer("node"),
        most: 0.10,
    },
    Target {
        what: "a second runtime, QuickJS",
        suite: "startup",
        rows: "second runtime",
        pairings: "quickjs+*",
        against: Against::Clock,
        most: 500_000.0,
    },
    Target {
        what: "a second runtime, Boa",
        suite: "startup",
        rows: "second runtime",
        pairings: "boa+*",
        against: Against::Clock,
        most: 800_000.0,
    },
    Target {
        what: "modules in one graph, each",
        suite: "graph",
        rows: "* modules",
        pairings: "*",
        against: Against::Smallest,
        most: LINEAR,
    },
    Target {
        what: "instances of one module, each",
        suite: "graph",
        rows: "* instances",
        pairings: "*",
        against: Against::Smallest,
        most: LINEAR,
    },
    Target {
        what: "exports of one module, each",
        suite: "graph",
        rows: "* exports",
        pairings: "*",
        against: Against::Smallest,
        most: LINEAR,
    },
    Target {
        what: "look-up of a loaded module",
        suite: "graph",
        rows: "import() among * loaded",
        pairings: "*",
        against: Against::Smallest,
        most: LINEAR,
    },
    Target {
        what: "compilation of a large module",
        suite: "graph",
        rows: "compile 2 MB",
        pairings: "*+wasmtime",
        against: Against::Beside("floor"),
        most: 1.05,
    },
    Target {
        what: "the same from the cache on disk",
        suite: "graph",
        rows: "compile 2 MB, *",
        pairings: "*+wasmtime",
        against: Against::Beside("floor"),
        most: 1.30,
    },
];

impl Target {
    /// Whether the row is one of its rows.
    pub fn names(&self, suite: &str, row: &str) -> bool {
        let (patterns, parts) = (self.rows.split(", "), row.split(", "));
        let is_as_long = patterns.clone().count() == parts.clone().count();
        let mut pairs = patterns.zip(parts);
        suite == self.suite
            && is_as_long
            && pairs.all(|(pattern, part)| Glob::new(pattern).matches(part))
    }

    /// Whether the pairing is one of its pairings.
    pub fn is_for(&self, pairing: &str) -> bool {
        Glob::new(self.pairings).matches(pairing)
    }

    /// What is allowed, as it is written.
    pub fn allowed(&self) -> String {
        self.show(self.most)
    }

    /// What it is compared with, as it is written.
    pub fn beside(&self) -> String {
        match self.against {
            Against::Beside("js") => "JavaScript".to_owned(),
            Against::Beside(subject) => subject.to_owned(),
            Against::Smallest => "the row with the smallest number".to_owned(),
            Against::Peer(name) => name.to_owned(),
            Against::Clock => String::new(),
        }
    }

    /// A time or a ratio, as it is written.
    pub fn show(&self, value: f64) -> String {
        match self.against {
            Against::Clock => Unit::Time.show(value),
            _ => ratio(value),
        }
    }
}

/// Where rows stand in their table: by the first target that names them, then those without one.
pub fn rank(suite: &str, row: &str) -> usize {
    let found = TARGETS.iter().position(|target| target.names(suite, row));
    found.unwrap_or(TARGETS.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pair::NAMES;

    #[test]
    fn targets_name_rows_and_pairings() {
        for target in TARGETS {
            assert!(
                NAMES
                    .iter()
                    .any(|name| Glob::new(target.pairings).matches(name)),
                "{target:?}"
            );
            let row = target.rows.replace('*', "x");
            assert!(
                target.names(target.suite, &row) && !target.names("other", &row),
                "{target:?}"
            );
        }
        assert_eq!(rank("calls", "export i32x2"), 0);
        assert_eq!(rank("calls", "table.get"), TARGETS.len());
        assert_eq!(rank("memory", "buffer, first, 1 GiB"), 5);
    }
}
