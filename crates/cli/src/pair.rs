//! Which engines are compiled in: the only file of the command that asks.

use std::fmt;

use clap::ValueEnum;
use sinew::{JsFeatures, JsHost, WasmEngine, WasmFeatures};

#[cfg(not(any(feature = "quickjs", feature = "boa")))]
compile_error!(
    "sinew-cli needs a JavaScript engine: enable the feature `quickjs` or `boa` (or `full`)"
);
#[cfg(not(any(feature = "wasmtime", feature = "wasmi")))]
compile_error!(
    "sinew-cli needs a WebAssembly engine: enable the feature `wasmtime` or `wasmi` (or `full`)"
);

/// A JavaScript engine, compiled in or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum JsName {
    #[value(name = "quickjs", help = "fast, interruptible, bounded heap")]
    QuickJs,
    #[value(name = "boa", help = "pure Rust")]
    Boa,
}

/// A wasm engine, compiled in or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum WasmName {
    #[value(name = "wasmtime", help = "a compiler, the fast one")]
    Wasmtime,
    #[value(name = "wasmi", help = "an interpreter, pure Rust")]
    Wasmi,
}

/// A pair of engines that is compiled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pair {
    #[cfg(all(feature = "quickjs", feature = "wasmtime"))]
    QuickJsWasmtime,
    #[cfg(all(feature = "quickjs", feature = "wasmi"))]
    QuickJsWasmi,
    #[cfg(all(feature = "boa", feature = "wasmtime"))]
    BoaWasmtime,
    #[cfg(all(feature = "boa", feature = "wasmi"))]
    BoaWasmi,
}

/// What is to be done with whichever pair it turns out to be.
pub trait Visitor {
    /// What comes of it.
    type Output;
    /// Does it.
    fn visit<J: JsHost, W: WasmEngine>(self) -> Self::Output;
}

/// An engine that is compiled in.
pub struct Engine<F> {
    pub name: &'static str,
    pub version: &'static str,
    pub features: F,
}

impl Pair {
    /// All pairs, the fastest first.
    pub const ALL: &[Pair] = &[
        #[cfg(all(feature = "quickjs", feature = "wasmtime"))]
        Pair::QuickJsWasmtime,
        #[cfg(all(feature = "quickjs", feature = "wasmi"))]
        Pair::QuickJsWasmi,
        #[cfg(all(feature = "boa", feature = "wasmtime"))]
        Pair::BoaWasmtime,
        #[cfg(all(feature = "boa", feature = "wasmi"))]
        Pair::BoaWasmi,
    ];

    /// The fastest pair with these engines. The error names the feature that is missing.
    pub fn choose(js: Option<JsName>, wasm: Option<WasmName>) -> Result<Pair, String> {
        Pair::fitting(js, wasm).map(|pairs| pairs[0])
    }

    /// All pairs with these engines, at least one. The error names the feature that is missing.
    pub fn fitting(js: Option<JsName>, wasm: Option<WasmName>) -> Result<Vec<Pair>, String> {
        let (js, wasm) = (js.map(name_of), wasm.map(name_of));
        let fits = |pair: &&Pair| {
            let (has_js, has_wasm) = pair.names();
            js.as_deref().is_none_or(|name| name == has_js)
                && wasm.as_deref().is_none_or(|name| name == has_wasm)
        };
        let pairs: Vec<_> = Pair::ALL
            .iter()
            .copied()
            .filter(|pair| fits(&pair))
            .collect();
        if !pairs.is_empty() {
            return Ok(pairs);
        }
        let compiled: Vec<_> = Pair::ALL.iter().map(|pair| pair.names()).collect();
        let missing = js
            .filter(|name| compiled.iter().all(|(js, _)| js != name))
            .or(wasm)
            .unwrap_or_default();
        let names: Vec<_> = Pair::ALL.iter().map(Pair::to_string).collect();
        Err(format!(
            "{missing} is not compiled in: build with `--features {missing}` (this build has {})",
            names.join(", ")
        ))
    }

    /// Tells the pair apart, once a run.
    pub fn visit<V: Visitor>(self, visitor: V) -> V::Output {
        match self {
            #[cfg(all(feature = "quickjs", feature = "wasmtime"))]
            Pair::QuickJsWasmtime => visitor.visit::<sinew::QuickJs, sinew::Wasmtime>(),
            #[cfg(all(feature = "quickjs", feature = "wasmi"))]
            Pair::QuickJsWasmi => visitor.visit::<sinew::QuickJs, sinew::Wasmi>(),
            #[cfg(all(feature = "boa", feature = "wasmtime"))]
            Pair::BoaWasmtime => visitor.visit::<sinew::Boa, sinew::Wasmtime>(),
            #[cfg(all(feature = "boa", feature = "wasmi"))]
            Pair::BoaWasmi => visitor.visit::<sinew::Boa, sinew::Wasmi>(),
        }
    }

    /// The names of the JavaScript and the wasm engine.
    pub fn names(self) -> (&'static str, &'static str) {
        let (js, wasm) = self.visit(Describe);
        (js.name, wasm.name)
    }
}

impl fmt::Display for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (js, wasm) = self.names();
        write!(f, "{js} with {wasm}")
    }
}

/// The JavaScript engines that are compiled in, the fastest first.
pub fn js_engines() -> Vec<Engine<JsFeatures>> {
    distinct(Pair::ALL.iter().map(|pair| pair.visit(Describe).0))
}

/// The wasm engines that are compiled in, the fastest first.
pub fn wasm_engines() -> Vec<Engine<WasmFeatures>> {
    distinct(Pair::ALL.iter().map(|pair| pair.visit(Describe).1))
}

fn distinct<F>(engines: impl Iterator<Item = Engine<F>>) -> Vec<Engine<F>> {
    let mut seen: Vec<Engine<F>> = Vec::new();
    for engine in engines {
        if seen.iter().all(|other| other.name != engine.name) {
            seen.push(engine);
        }
    }
    seen
}

/// The name that an engine has on the command line, which is also its feature's.
fn name_of(engine: impl ValueEnum) -> String {
    engine
        .to_possible_value()
        .map_or_else(String::new, |value| value.get_name().to_owned())
}

struct Describe;

impl Visitor for Describe {
    type Output = (Engine<JsFeatures>, Engine<WasmFeatures>);

    fn visit<J: JsHost, W: WasmEngine>(self) -> Self::Output {
        let js = Engine {
            name: J::NAME,
            version: J::VERSION,
            features: J::FEATURES,
        };
        let wasm = Engine {
            name: W::NAME,
            version: W::VERSION,
            features: W::FEATURES,
        };
        (js, wasm)
    }
}
