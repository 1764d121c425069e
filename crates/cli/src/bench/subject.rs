//! One pairing with the cases of a program: what is measured.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use sinew::{Error, JsHost, Runtime, Value, ValueType, WasmEngine};

use crate::args::BenchArgs;
use crate::pair::Visitor;
use crate::run::{self, Failure};

/// The module that has what `bench` registers with.
const MODULE: &str = "sinew:bench";
/// Defines `bench`.
const HARNESS: &str = include_str!("harness.js");
/// The loops, evaluated anew for each case: an engine that optimises a call by what it calls meets
/// one function in each.
const LOOP: &str = "(fn, n) => { for (let i = 0; i < n; i++) fn(); }";
const ASYNC_LOOP: &str = "async (fn, n) => { for (let i = 0; i < n; i++) await fn(); }";
/// Calls once; a promise of the end if the result is to be awaited, else undefined.
const PROBE: &str = "(fn) => {
    const result = fn();
    const isObject = (typeof result === 'object' && result !== null) || typeof result === 'function';
    return isObject && typeof result.then === 'function'
        ? (async () => { await result; })()
        : undefined;
}";
/// What the loop and the call cost on their own.
const REFERENCES: [(&str, &str); 2] = [
    ("an empty function", "() => {}"),
    ("an empty async function", "async () => {}"),
];
/// Once its promise is settled the jobs have run.
const DRAIN: &str = "async () => { await null; }";

/// What a case is called, and what it is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// One of ours, which does nothing: what the loop and the call cost.
    pub reference: bool,
    pub group: Option<String>,
    pub name: String,
    /// Whether the others of its group are compared with it.
    pub baseline: bool,
}

impl Label {
    fn reference(name: &str) -> Self {
        Label {
            reference: true,
            group: None,
            name: name.to_owned(),
            baseline: false,
        }
    }

    /// Whether both are the same case, on whichever pairing.
    pub fn is(&self, other: &Label) -> bool {
        (self.reference, &self.group, &self.name) == (other.reference, &other.group, &other.name)
    }
}

/// A pairing with its cases. Its methods are called once a sample, never within one.
pub trait Subject {
    /// The cases, in the order of their registration.
    fn labels(&self) -> Vec<Label>;

    /// Calls a case once, and makes the loop for it: an asynchronous one if the case returned a
    /// promise. Tells which.
    fn prepare(&mut self, case: usize) -> Result<bool, Error>;

    /// How long this many calls of a case take. Jobs that they leave behind run afterwards.
    fn sample(&mut self, case: usize, iterations: i32) -> Result<Duration, Error>;
}

/// Where goes what a program prints.
pub type Print = Rc<dyn Fn(&str)>;

/// Runs the program on a pairing.
pub struct Load<'a>(pub &'a BenchArgs, pub Print);

impl Visitor for Load<'_> {
    type Output = Result<Box<dyn Subject>, Failure>;

    fn visit<J: JsHost, W: WasmEngine>(self) -> Self::Output {
        let Load(args, print) = self;
        Ok(Box::new(Program::<J, W>::load(args, print)?))
    }
}

struct Case<J: JsHost> {
    label: Label,
    function: Value<J>,
    repeat: Value<J>,
    is_async: bool,
}

/// The cases while the program runs; none may come before or after.
type Registered<J> = Rc<RefCell<Option<Vec<(Label, Value<J>)>>>>;

struct Program<J: JsHost, W: WasmEngine> {
    // Dropped before their engine.
    cases: Vec<Case<J>>,
    probe: Value<J>,
    drain: Value<J>,
    runtime: Runtime<J, W>,
}

impl<J: JsHost, W: WasmEngine> Program<J, W> {
    fn load(args: &BenchArgs, print: Print) -> Result<Self, Failure> {
        let program = args.program();
        let registered = Registered::<J>::default();
        let sink = registered.clone();
        let output = print.clone();
        let runtime = run::builder::<J, W>(&program)
            // Standard output has the results.
            .stdout(move |text| output(text))
            .stderr(move |text| print(text))
            .function(
                MODULE,
                "register",
                move |name, function, group, baseline| {
                    let label = Label {
                        reference: false,
                        group,
                        name,
                        baseline,
                    };
                    register(sink.borrow_mut().as_mut(), label, function)
                },
            );
        let mut loaded = Self::of_runtime(runtime.build()?)?;
        loaded.define_bench()?;
        *registered.borrow_mut() = Some(Vec::new());
        let ran = run::execute(&mut loaded.runtime, &program);
        // They must go before the runtime, whatever came of it.
        let found = registered.borrow_mut().take().unwrap_or_default();
        ran?;
        for (label, function) in found {
            loaded.add(label, function)?;
        }
        Ok(loaded)
    }

    fn of_runtime(mut runtime: Runtime<J, W>) -> Result<Self, Error> {
        let mut loaded = Self {
            cases: Vec::new(),
            probe: runtime.eval(MODULE, PROBE)?,
            drain: runtime.eval(MODULE, DRAIN)?,
            runtime,
        };
        for (name, source) in REFERENCES {
            let function = loaded.runtime.eval(MODULE, source)?;
            loaded.add(Label::reference(name), function)?;
        }
        Ok(loaded)
    }

    fn define_bench(&mut self) -> Result<(), Error> {
        let define: Value<J> = self.runtime.eval(MODULE, HARNESS)?;
        let module = self.runtime.import(MODULE)?;
        let register: Value<J> = self.runtime.get(&module, "register")?;
        self.runtime.call(&define, (register,))
    }

    fn add(&mut self, label: Label, function: Value<J>) -> Result<(), Error> {
        self.cases.push(Case {
            label,
            function,
            repeat: self.runtime.eval(MODULE, LOOP)?,
            is_async: false,
        });
        Ok(())
    }

    /// Runs the jobs that wait, and no timers: a case may have started some that are far away.
    fn run_jobs(&mut self) -> Result<(), Error> {
        let promise: Value<J> = self.runtime.call(&self.drain, ())?;
        self.runtime.settle(&promise).map(drop)
    }
}

/// Keeps a case. The error is thrown.
fn register<J: JsHost>(
    cases: Option<&mut Vec<(Label, Value<J>)>>,
    label: Label,
    function: Value<J>,
) -> Result<(), String> {
    let name = &label.name;
    let Some(cases) = cases else {
        return Err(format!(
            "case \"{name}\" comes too late: the program has ended"
        ));
    };
    if cases.iter().any(|(other, _)| other.is(&label)) {
        return Err(format!("there is a case \"{name}\" already"));
    }
    let is_rival = |(other, _): &(Label, _)| other.baseline && other.group == label.group;
    if label.baseline && cases.iter().any(is_rival) {
        return Err(format!("case \"{name}\": there is a baseline already"));
    }
    cases.push((label, function));
    Ok(())
}

impl<J: JsHost, W: WasmEngine> Subject for Program<J, W> {
    fn labels(&self) -> Vec<Label> {
        self.cases.iter().map(|case| case.label.clone()).collect()
    }

    fn prepare(&mut self, case: usize) -> Result<bool, Error> {
        let case = &mut self.cases[case];
        let promise: Value<J> = self.runtime.call(&self.probe, (&case.function,))?;
        if promise.type_of() != ValueType::Undefined {
            case.repeat = self.runtime.eval(MODULE, ASYNC_LOOP)?;
            case.is_async = true;
            self.runtime.settle(&promise)?;
        }
        let is_async = case.is_async;
        self.run_jobs()?;
        Ok(is_async)
    }

    fn sample(&mut self, case: usize, iterations: i32) -> Result<Duration, Error> {
        let case = &self.cases[case];
        let args = (&case.function, iterations);
        let start = Instant::now();
        if case.is_async {
            let promise: Value<J> = self.runtime.call(&case.repeat, args)?;
            self.runtime.settle(&promise)?;
        } else {
            self.runtime.call::<()>(&case.repeat, args)?;
        }
        let took = start.elapsed();
        self.run_jobs()?;
        Ok(took)
    }
}
