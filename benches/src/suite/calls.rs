//! Calls between JavaScript and wasm.

use std::time::Duration;

use super::operations;
use crate::case::CASES;
use crate::floor::{JsByHand, WasmByHand};
use crate::program::{BETWEEN, EMPTY, EMPTY_IMPORT, Program, THROUGH};
use crate::row::{Row, Shared, Work, share};
use crate::sinew::{Sinew, builder};
use crate::{Pairing, Visitor, pairings};

/// Sizes of memory, in pages of 64 KiB.
const SIZES: [(&str, u32); 3] = [("64 KiB", 1), ("64 MiB", 1 << 10), ("1 GiB", 1 << 14)];

/// All rows.
pub fn rows() -> Vec<Row> {
    let mut calls = Calls {
        rows: empty_rows(),
        engines: Vec::new(),
    };
    pairings(&mut calls);
    calls.rows.extend(operations::rows());
    calls.rows
}

fn empty_rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for case in CASES {
        for direction in ["export", "import"] {
            let name = format!("calls: {direction} {}", case.name);
            rows.push(Row::new(name, case.expected()));
        }
    }
    rows.push(Row::new("calls: wasm to wasm", 3.0).in_chunks_of(500_000));
    rows.push(Row::new("calls: exception through wasm", 1.0));
    let [export, import] = ["export i32x2", "import i32x2"];
    for what in [export, import] {
        rows.push(Row::new(
            format!("calls: {what}, limits and interrupts"),
            3.0,
        ));
        for (size, _) in SIZES {
            let name = format!("calls: {what}, {size} of memory and views");
            rows.push(Row::new(name, 3.0));
        }
    }
    for name in ["native", "js", "call", "entry", "typed", "import_i32x2"] {
        rows.push(Row::new(format!("calls: engine alone, {name}"), 3.0));
    }
    rows
}

struct Calls {
    rows: Vec<Row>,
    /// The engines that are measured on their own already.
    engines: Vec<&'static str>,
}

impl Calls {
    fn row(&mut self, name: &str) -> &mut Row {
        let name = format!("calls: {name}");
        let row = self.rows.iter_mut().find(|row| row.name == name);
        row.expect("a row of this name")
    }

    /// Calls from JavaScript, and of JavaScript from wasm.
    fn both_ways(&mut self, function: &'static str, on: &'static str, subject: &Shared) {
        for case in CASES {
            let (export, import) = (case.export_loop(), case.import_loop());
            let export = Work::less(subject, export, EMPTY);
            let import = Work::less(subject, import, EMPTY_IMPORT);
            let row = self.row(&format!("export {}", case.name));
            row.side(function, on, export);
            let row = self.row(&format!("import {}", case.name));
            row.side(function, on, import);
        }
        let between = Work::less(subject, BETWEEN, EMPTY_IMPORT);
        self.row("wasm to wasm").side(function, on, between);
        let through = Work::less(subject, THROUGH, EMPTY);
        let row = self.row("exception through wasm");
        row.side(function, on, through);
    }

    /// The same two calls on two runtimes: what the first one has should cost nothing.
    fn compare(&mut self, what: &str, on: &'static str, with: &Shared, without: &Shared) {
        for (direction, empty) in [("export", EMPTY), ("import", EMPTY_IMPORT)] {
            let body = format!("{direction}_i32x2");
            let sides = [with, without].map(|subject| Work::less(subject, &body, empty));
            let row = self.row(&format!("{direction} i32x2, {what}"));
            for (function, work) in ["sinew", "floor"].into_iter().zip(sides) {
                row.side(function, on, work);
            }
        }
    }

    fn js_alone<E: JsByHand>(&mut self) {
        if self.engines.contains(&E::NAME) {
            return;
        }
        self.engines.push(E::NAME);
        let alone = share(E::alone());
        for (body, empty) in [("native", Some(EMPTY)), ("js", Some(EMPTY)), ("call", None)] {
            self.alone(E::NAME, &alone, body, empty);
        }
    }

    fn wasm_alone<E: WasmByHand>(&mut self) {
        if self.engines.contains(&E::NAME) {
            return;
        }
        self.engines.push(E::NAME);
        let alone = share(E::alone());
        for (body, empty) in E::LOOPS {
            self.alone(E::NAME, &alone, body, *empty);
        }
    }

    fn alone(
        &mut self,
        on: &'static str,
        subject: &Shared,
        body: &str,
        empty: Option<&'static str>,
    ) {
        let work = match empty {
            Some(empty) => Work::less(subject, body, empty),
            None => Work::new(subject, body),
        };
        let row = self.row(&format!("engine alone, {body}"));
        row.side("engine", on, work);
    }
}

impl Visitor for Calls {
    fn visit<P: Pairing>(&mut self) {
        let program = Program::calls(None);
        let sinew = share(Sinew::<P::Js, P::Wasm>::new(builder(), &program));
        let floor = share(P::floor(&program));
        self.both_ways("sinew", P::NAME, &sinew);
        self.both_ways("floor", P::NAME, &floor);
        let bounded = builder()
            .limits(sinew::ResourceLimits::default())
            .timeout(Duration::from_secs(24 * 60 * 60));
        let bounded = share(Sinew::<P::Js, P::Wasm>::new(bounded, &program));
        self.compare("limits and interrupts", P::NAME, &bounded, &sinew);
        for (size, pages) in SIZES {
            let program = Program::calls(Some(pages));
            let large = share(Sinew::<P::Js, P::Wasm>::new(builder(), &program));
            let what = format!("{size} of memory and views");
            self.compare(&what, P::NAME, &large, &sinew);
        }
        self.js_alone::<P::JsByHand>();
        self.wasm_alone::<P::WasmByHand>();
    }
}
