//! Programs: steps that use the API, each on its own line.

use std::fmt::Write;

use crate::entries::{BUFFER_STEPS, ENTRIES, EXPORTS, Entry, Hint, PROBES, Use};
use crate::random::Random;
use crate::things::PATCHES;
use crate::values::Values;
use crate::wasm;

const PRELUDE: &str = include_str!("prelude.js");

/// One step: an expression with arguments in it, each of which may be left out when looking for a
/// smaller program.
#[derive(Clone, Default)]
pub struct Step {
    pub number: usize,
    /// One more than there are arguments.
    pieces: Vec<String>,
    pub arguments: Vec<String>,
}

impl Step {
    fn of(text: impl Into<String>) -> Self {
        Self {
            pieces: vec![text.into()],
            ..Self::default()
        }
    }

    /// Then this text.
    fn then(mut self, text: &str) -> Self {
        *self.pieces.last_mut().unwrap() += text;
        self
    }

    /// Then this argument.
    fn with(mut self, argument: String) -> Self {
        self.arguments.push(argument);
        self.pieces.push(String::new());
        self
    }

    /// Then these as an array.
    fn list(self, items: Vec<String>) -> Self {
        let mut out = self.then("[");
        for (n, item) in items.into_iter().enumerate() {
            out = out.then(if n == 0 { "" } else { ", " }).with(item);
        }
        out.then("]")
    }

    /// The expression.
    pub fn text(&self) -> String {
        let mut out = self.pieces[0].clone();
        for (argument, piece) in self.arguments.iter().zip(&self.pieces[1..]) {
            out += argument;
            out += piece;
        }
        out
    }
}

/// Steps that run one after the other.
#[derive(Clone)]
pub struct Program {
    pub steps: Vec<Step>,
}

impl Program {
    /// The program of this seed, of what `features` has.
    pub fn generate(seed: u64, features: &[String], length: usize) -> Self {
        let mut random = Random::new(seed);
        let patches = random.chance(25);
        let steps = (0..length)
            .map(|number| {
                let mut values = Values {
                    random: &mut random,
                    features,
                    step: number,
                    labels: 0,
                };
                Step {
                    number,
                    ..step(&mut values, patches)
                }
            })
            .collect();
        Self { steps }
    }

    /// The whole text of a module.
    pub fn source(&self, messages: bool) -> String {
        let mut body = String::new();
        for step in &self.steps {
            writeln!(body, "await step({}, () => {});", step.number, step.text()).unwrap();
        }
        source_of(&body, messages)
    }
}

/// A module that prints what there is, a name a line.
pub fn probe_source() -> String {
    let mut body = String::new();
    for (name, test) in PROBES {
        let has = format!("if ({test}) print('has {name}');");
        writeln!(
            body,
            "try {{ {has} }} catch (e) {{ print('no {name}: ' + e); }}"
        )
        .unwrap();
    }
    source_of(&body, false)
}

fn source_of(body: &str, messages: bool) -> String {
    let entries: Vec<&str> = ENTRIES.iter().map(|entry| entry.path).collect();
    let bytes = wasm::bytes(body);
    format!("const MESSAGES = {messages};\nconst ENTRIES = {entries:?};\n{bytes}{PRELUDE}\n{body}")
}

fn step(values: &mut Values<'_>, patches: bool) -> Step {
    match values.random.below(100) {
        0..6 => Step::of("state()"),
        6..12 => returning(values),
        12..14 => Step::of(format!("(v.effect = {})", values.effect())),
        14..18 if patches => patch(values),
        14..24 => buffer(values),
        24..48 => export(values),
        _ => entry(values),
    }
}

/// What imported functions do from now on.
fn returning(values: &mut Values<'_>) -> Step {
    let throws = values.random.chance(25);
    let hints = [Hint::I32, Hint::I64, Hint::Payload, Hint::Any, Hint::Func];
    let hint = *values.random.pick(&hints);
    Step::of(format!("(v.throws = {throws}, v.ret = "))
        .with(values.value(hint, 0))
        .then(")")
}

fn patch(values: &mut Values<'_>) -> Step {
    let (path, key) = *values.random.pick(PATCHES);
    let how = *values.random.pick(&["'getter'", "'value'", "'throw'"]);
    Step::of(format!(
        "patch({:?}, {path}, {key}, {how})",
        format!("{path} {key}")
    ))
}

fn buffer(values: &mut Values<'_>) -> Step {
    const BUFFERS: &[&str] = &["thing('mem').buffer", "lib('mem').buffer", "thing('ab')"];
    let text = values.one_of(BUFFER_STEPS);
    let text = text.replace('$', values.random.pick::<&str>(BUFFERS));
    let mut pieces = text.split('@');
    let first = Step::of(pieces.next().unwrap_or_default());
    pieces.fold(first, |step, piece| {
        step.with(values.value(Hint::I32, 0)).then(piece)
    })
}

fn export(values: &mut Values<'_>) -> Step {
    let available = EXPORTS.iter().filter(|(.., needs)| values.has(needs));
    let available: Vec<_> = available.collect();
    let (function, hints, _) = values.random.pick(&available);
    if values.random.chance(3) {
        return Step::of(format!("construct({function}, [])"));
    }
    let this = match values.random.chance(80) {
        true => "undefined".into(),
        false => values.junk(1),
    };
    Step::of(format!("apply({function}, "))
        .with(this)
        .then(", ")
        .list(arguments(values, hints))
        .then(")")
}

/// The arguments for `hints`, sometimes too few or too many.
fn arguments(values: &mut Values<'_>, hints: &[Hint]) -> Vec<String> {
    let mut args: Vec<String> = hints.iter().map(|hint| values.value(*hint, 0)).collect();
    match values.random.below(100) {
        0..10 => drop(args.pop()),
        10..15 => args.push(values.junk(1)),
        _ => {}
    }
    args
}

fn entry(values: &mut Values<'_>) -> Step {
    let available: Vec<&Entry> = ENTRIES.iter().filter(|e| values.has(e.needs)).collect();
    let total = available.iter().map(|entry| entry.weight).sum();
    let mut at = values.random.below(total);
    let entry = available.iter().find(|entry| {
        let found = at < entry.weight;
        at = at.saturating_sub(entry.weight);
        found
    });
    let entry = entry.unwrap();
    let (path, args) = (entry.path, arguments(values, entry.args));
    if entry.how == Use::Call || values.random.chance(5) {
        let this = match values.random.chance(85) {
            true if entry.this == Hint::Any => "W".into(),
            true => values.value(entry.this, 0),
            false => values.junk(0),
        };
        let step = Step::of(format!("call('{path}', ")).with(this).then(", ");
        return step.list(args).then(")");
    }
    let step = Step::of(format!("make('{path}', ")).list(args);
    match values.random.chance(20) {
        true => step.then(", ").with(new_target(values)).then(")"),
        false => step.then(")"),
    }
}

fn new_target(values: &mut Values<'_>) -> String {
    let prototype = values.junk(1);
    match values.random.below(4) {
        0 => "class extends W.Memory {}".into(),
        1 => "Object".into(),
        n => {
            let effect = if n == 2 {
                values.effect()
            } else {
                "undefined".into()
            };
            format!("target('nt{}', {prototype}, {effect})", values.step)
        }
    }
}
