//! Arguments: what an entry point wants, and junk, as expressions over `prelude.js`.

use crate::entries::Hint;
use crate::random::Random;
use crate::things::{EFFECTS, OBJECTS, PRIMITIVES, THINGS, TYPES};
use crate::wasm;

/// A source of expressions.
pub struct Values<'a> {
    pub random: &'a mut Random,
    /// What the engines have, by the names of [`PROBES`](crate::entries::PROBES).
    pub features: &'a [String],
    /// The number of the step, for labels and for the steps before it.
    pub step: usize,
    /// How many labels the step has so far.
    pub labels: usize,
}

impl Values<'_> {
    pub fn has(&self, needs: &str) -> bool {
        needs.is_empty() || self.features.iter().any(|feature| feature == needs)
    }

    fn label(&mut self) -> String {
        self.labels += 1;
        format!(
            "'s{}{}'",
            self.step,
            char::from(b'a' + (self.labels - 1).min(25) as u8)
        )
    }

    /// What junk does when it is looked at: a function, or `undefined`.
    pub fn effect(&mut self) -> String {
        match self.random.chance(40) {
            true => format!("() => {}", self.one_of(EFFECTS)),
            false => "undefined".into(),
        }
    }

    /// An argument where `hint` is wanted.
    pub fn value(&mut self, hint: Hint, depth: usize) -> String {
        if hint == Hint::Options && !self.has("options") {
            return "undefined".into();
        }
        match self.random.below(100) {
            0..55 => self.wanted(hint, depth),
            55..85 => self.junk(depth),
            85..93 => self.disguised(hint, depth),
            _ if self.step > 0 => format!("p[{}]", self.random.below(self.step)),
            _ => "undefined".into(),
        }
    }

    /// What is wanted, behind something that user code can see.
    fn disguised(&mut self, hint: Hint, depth: usize) -> String {
        let value = self.wanted(hint, depth);
        let (l, effect) = (self.label(), self.effect());
        match self.random.below(5) {
            0 => format!("val({l}, {value}, {effect})"),
            1 => format!("prim({l}, {value}, {effect})"),
            2 => format!("create({value} ?? null)"),
            _ => {
                let trap = self.trap();
                format!("px({l}, {value}, {effect}, {trap})")
            }
        }
    }

    fn trap(&mut self) -> &'static str {
        let traps = [
            "'get'",
            "'has'",
            "'getPrototypeOf'",
            "'ownKeys'",
            "'getOwnPropertyDescriptor'",
            "'apply'",
            "'construct'",
        ];
        match self.random.chance(25) {
            true => self.random.pick::<&str>(&traps),
            false => "undefined",
        }
    }

    pub fn junk(&mut self, depth: usize) -> String {
        let deeper = depth + 1;
        if depth > 2 || self.random.chance(45) {
            return (*self.random.pick(PRIMITIVES)).into();
        }
        match self.random.below(14) {
            0..3 => format!("({})", self.random.pick(OBJECTS)),
            3..5 => self.one_of(THINGS),
            5 | 6 => {
                let (l, answer, effect) = (self.label(), self.junk(deeper), self.effect());
                let how = *self.random.pick(&["val", "prim"]);
                let throws = self.random.chance(25);
                format!("{how}({l}, {answer}, {effect}, {throws})")
            }
            7 => {
                let (l, inner, effect, trap) =
                    (self.label(), self.junk(deeper), self.effect(), self.trap());
                format!("px({l}, {inner}, {effect}, {trap})")
            }
            8 => {
                let (l, inner) = (
                    self.label(),
                    *self
                        .random
                        .pick(&["{}", "function () {}", "thing('mem')", "[]"]),
                );
                format!("revoked({l}, {inner})")
            }
            9 => self.iterable(&[Hint::Any, Hint::I32], deeper),
            10 => self.subclass(),
            11 | 12 => self.buffer(),
            _ => {
                let (l, value, effect) = (self.label(), self.junk(deeper), self.effect());
                let key = *self.random.pick(&[
                    "initial",
                    "value",
                    "element",
                    "then",
                    "env",
                    "length",
                    "parameters",
                    "stack",
                ]);
                format!("bag({l}, {{ {key}: {value} }}, {effect})")
            }
        }
    }

    fn subclass(&mut self) -> String {
        let l = self.label();
        let of = *self.random.pick(&[
            "W.Memory, [{ initial: 1 }]",
            "W.Table, [{ initial: 1, element: 'anyfunc' }]",
            "W.Global, [{ value: 'i32', mutable: true }, 1]",
            "W.Module, [bytesOf('lib')]",
            "W.RuntimeError, ['sub']",
            "Uint8Array, [4]",
            "ArrayBuffer, [4]",
            "Promise, [() => {}]",
            "Array, [3]",
        ]);
        format!("sub({l}, {of})")
    }

    fn buffer(&mut self) -> String {
        const SOURCES: &[(&str, &str)] = &[
            ("thing('ab')", ""),
            ("filled(new ArrayBuffer(100000))", ""),
            ("new ArrayBuffer(0)", ""),
            ("thing('mem').buffer", ""),
            ("lib('mem').buffer", ""),
            ("bytesOf('lib').buffer", ""),
            ("detach(new ArrayBuffer(9))", "transfer"),
            ("thing('ra')", "resize"),
            ("thing('sab')", "sab"),
            ("thing('shared').buffer", "sharedMemory"),
            ("thing('mem').toResizableBuffer()", "resizableBuffers"),
        ];
        const VIEWS: &[&str] = &[
            "$",
            "new Uint8Array($)",
            "new DataView($)",
            "new Uint8Array($, 0, 4)",
            "new Int8Array($).subarray(1)",
            "new BigInt64Array($, 0, 1)",
            "new Uint8ClampedArray($)",
            "new DataView($, 4)",
        ];
        let view = self.random.pick(VIEWS);
        view.replace('$', &self.one_of(SOURCES))
    }

    /// An iterable of values for `hints`, as an array or as something that tells.
    fn iterable(&mut self, hints: &[Hint], depth: usize) -> String {
        let mut values: Vec<String> = hints
            .iter()
            .map(|hint| self.value(*hint, depth + 1))
            .collect();
        if self.random.chance(15) {
            values.pop();
        }
        let list = format!("[{}]", values.join(", "));
        if self.random.chance(40) {
            return list;
        }
        let (l, effect) = (self.label(), self.effect());
        let at = if self.random.chance(20) { "1" } else { "-1" };
        format!("iter({l}, {list}, {effect}, {at})")
    }

    /// A dictionary, plain or with getters.
    fn dictionary(&mut self, members: &[(&str, Hint, usize)], depth: usize) -> String {
        let mut parts = Vec::new();
        let mut keys = Vec::new();
        for (name, hint, percent) in members {
            if self.random.chance(*percent) {
                let value = self.value(*hint, depth + 1);
                parts.push(format!("{name}: {value}"));
                keys.push(*name);
            }
        }
        if self.random.chance(30) {
            parts.reverse();
        }
        let props = format!("{{ {} }}", parts.join(", "));
        if self.random.chance(50) {
            return props;
        }
        let (l, effect) = (self.label(), self.effect());
        let throwing = match (self.random.chance(15), keys.is_empty()) {
            (true, false) => format!("'{}'", self.random.pick(&keys)),
            _ => "undefined".into(),
        };
        match self.random.chance(30) {
            true => format!("px({l}, {props}, {effect})"),
            false => format!("bag({l}, {props}, {effect}, {throwing})"),
        }
    }

    fn type_name(&mut self) -> String {
        let ty = *self.random.pick(TYPES);
        match self.random.chance(25) {
            true => {
                let (l, effect) = (self.label(), self.effect());
                format!("val({l}, {ty}, {effect})")
            }
            false => ty.into(),
        }
    }

    fn module_name(&mut self) -> &'static str {
        let (name, needs) = *self.random.pick(wasm::MORE_NAMES);
        match self.has(needs) && self.random.chance(15) {
            true => name,
            false => self.random.pick::<&str>(wasm::NAMES),
        }
    }

    /// One of these that can be had.
    pub fn one_of(&mut self, items: &[(&'static str, &str)]) -> String {
        loop {
            let (item, needs) = *self.random.pick(items);
            if self.has(needs) {
                return item.into();
            }
        }
    }

    fn limits(&mut self, mut members: Vec<(&str, Hint, usize)>, depth: usize) -> String {
        members.extend([("initial", Hint::Index, 85), ("maximum", Hint::Index, 50)]);
        if self.has("type") && self.random.chance(15) {
            members.push(("minimum", Hint::Index, 60));
        }
        if self.has("mem64") && self.random.chance(20) {
            members.push(("address", Hint::Text, 100));
        }
        self.dictionary(&members, depth)
    }

    fn imports(&mut self, depth: usize) -> String {
        let roll = self.random.below(10);
        if roll < 4 {
            return "importObject()".into();
        }
        let members: &[(&str, Hint, usize)] = &[
            ("f", Hint::Callable, 85),
            ("g", Hint::Callable, 85),
            ("pair", Hint::Callable, 85),
            ("mem", Hint::Memory, 85),
            ("tab", Hint::Table, 85),
            ("glob", Hint::Global, 85),
            ("c", Hint::I64, 85),
            ("ext", Hint::Callable, 85),
            ("tag", Hint::Tag, 50),
            ("jstag", Hint::Tag, 50),
        ];
        let env = self.dictionary(members, depth + 1);
        let (l, effect) = (self.label(), self.effect());
        match roll {
            4..7 => format!("{{ env: {env} }}"),
            7 => format!("px({l}, {{ env: {env} }}, {effect})"),
            8 => format!("{{ env: px({l}, importObject().env, {effect}) }}"),
            _ => format!("bag({l}, {{ env: {env} }}, {effect})"),
        }
    }

    /// What `hint` asks for.
    fn wanted(&mut self, hint: Hint, depth: usize) -> String {
        if depth > 4 {
            return "1".into();
        }
        match hint {
            Hint::Any => self.junk(depth),
            Hint::Bytes if self.random.chance(40) => self.buffer(),
            Hint::Bytes => format!("bytesOf('{}')", self.module_name()),
            Hint::Module => format!("mod('{}')", self.module_name()),
            Hint::Source if self.random.chance(50) => self.wanted(Hint::Bytes, depth),
            Hint::Source => self.wanted(Hint::Module, depth),
            Hint::Imports => self.imports(depth),
            Hint::MemoryType => {
                let more = match self.has("sharedMemory") {
                    true => vec![("shared", Hint::Any, 20)],
                    false => vec![],
                };
                self.limits(more, depth)
            }
            Hint::TableType => {
                let element = self.one_of(&[
                    ("'anyfunc'", ""),
                    ("'externref'", ""),
                    ("'exnref'", "exn"),
                    ("'anyref'", "gc"),
                    ("'i32'", ""),
                ]);
                let limits = self.limits(vec![], depth);
                match self.random.chance(70) {
                    true => format!("Object.assign({{ element: {element} }}, {limits})"),
                    false => self.limits(vec![("element", Hint::Text, 90)], depth),
                }
            }
            Hint::GlobalType => {
                let (ty, l, effect) = (self.type_name(), self.label(), self.effect());
                let mutable = self.value(Hint::Any, depth + 1);
                match self.random.below(4) {
                    0 => format!("{{ value: {ty} }}"),
                    1 => format!("{{ value: {ty}, mutable: {mutable} }}"),
                    2 => format!("bag({l}, {{ value: {ty}, mutable: true }}, {effect})"),
                    _ => format!("px({l}, {{ value: {ty}, mutable: true }}, {effect})"),
                }
            }
            Hint::TagType => {
                let list = self.iterable(&[Hint::Text, Hint::Text], depth);
                format!("{{ parameters: {list} }}")
            }
            Hint::FunctionType => {
                let (a, b) = (
                    self.iterable(&[Hint::Text, Hint::Text], depth),
                    self.iterable(&[Hint::Text], depth),
                );
                format!("{{ parameters: {a}, results: {b} }}")
            }
            Hint::Options => self.dictionary(
                &[
                    ("builtins", Hint::Payload, 70),
                    ("importedStringConstants", Hint::Text, 60),
                ],
                depth,
            ),
            Hint::ExceptionOptions => self.dictionary(&[("traceStack", Hint::Any, 80)], depth),
            Hint::Index => self.one_of(&[
                ("0", ""),
                ("1", ""),
                ("2", ""),
                ("3", ""),
                ("5", ""),
                ("65536", ""),
                ("65537", ""),
                ("10", ""),
                ("1n", "mem64"),
                ("2n", "mem64"),
            ]),
            Hint::I32 => self.one_of(&[
                ("0", ""),
                ("1", ""),
                ("-1", ""),
                ("2**31", ""),
                ("300", ""),
                ("65536", ""),
                ("0.9", ""),
            ]),
            Hint::I64 => self.one_of(&[("0n", ""), ("-1n", ""), ("2n**64n", ""), ("5n", "")]),
            Hint::Float => self.one_of(&[
                ("0.1", ""),
                ("-0", ""),
                ("NaN", ""),
                ("1e40", ""),
                ("3", ""),
                ("2**31", ""),
            ]),
            Hint::Func => self.one_of(&[
                ("null", ""),
                ("lib('i32')", ""),
                ("lib('nothing')", ""),
                ("imp('f')", ""),
                ("thing('f')", ""),
                ("undefined", ""),
                ("thing('refs').exports.get()", "refs"),
            ]),
            Hint::Payload => self.iterable(&[Hint::I32, Hint::Text], depth),
            Hint::Text if self.random.chance(50) => self.type_name(),
            Hint::Text => self.one_of(&[
                ("'x'", ""),
                ("''", ""),
                ("'js-string'", ""),
                ("'const'", ""),
                ("'i64'", ""),
                ("'anyfunc'", ""),
                ("'\\ud83d\\ude00'", ""),
            ]),
            Hint::Error => self.dictionary(&[("cause", Hint::Any, 80)], depth),
            Hint::Specifier => self.one_of(&[
                ("'./m.wasm'", ""),
                ("'./imp.wasm'", ""),
                ("'./none.wasm'", ""),
                ("'env'", ""),
                ("'../m.wasm'", ""),
                ("'./m.wasm?q'", ""),
            ]),
            Hint::Callable => self.one_of(&[
                ("thing('f')", ""),
                ("thing('g')", ""),
                ("lib('i32')", ""),
                ("imp('f')", ""),
                ("lib('ext')", ""),
                ("class {}", ""),
            ]),
            Hint::Memory => self.one_of(&[
                ("thing('mem')", ""),
                ("thing('mem')", ""),
                ("thing('free')", ""),
                ("lib('mem')", ""),
                ("thing('mem64')", "mem64"),
                ("thing('shared')", "sharedMemory"),
            ]),
            Hint::Table => self.one_of(&[
                ("thing('tab')", ""),
                ("thing('etab')", ""),
                ("lib('tab')", ""),
                ("lib('etab')", ""),
                ("thing('gclib').exports.t", "gc"),
            ]),
            Hint::Global => {
                let g = *self.random.pick(&[
                    "gi32", "gi32", "gi64", "gf32", "gf64", "gext", "gfun", "mi64", "mext", "ci32",
                ]);
                match g.starts_with('g') {
                    true => format!("thing('{g}')"),
                    false => format!("lib('{g}')"),
                }
            }
            Hint::Instance => self.one_of(&[("thing('lib')", ""), ("thing('imp')", "")]),
            Hint::Tag => self.one_of(&[
                ("thing('tag')", "tag"),
                ("thing('tag')", "tag"),
                ("W.JSTag", "exn"),
                ("thing('exnlib').exports.own", "exn"),
                ("undefined", ""),
            ]),
            Hint::Exception => self.one_of(&[
                ("thing('exn')", "exn"),
                (
                    "new W.Exception(thing('exnlib').exports.own, [1n, null])",
                    "exn",
                ),
                ("undefined", ""),
            ]),
            Hint::WasmFunction => self.one_of(&[("lib('i32')", ""), ("imp('f')", "")]),
            Hint::Gc => self.one_of(&[
                ("null", ""),
                ("1", ""),
                ("2**29", ""),
                ("2**30", ""),
                ("-(2**30)", ""),
                ("0.5", ""),
                ("'text'", ""),
                ("thing('gclib').exports.struct(1)", "gc"),
                ("thing('gclib').exports.array(2)", "gc"),
            ]),
        }
    }
}
