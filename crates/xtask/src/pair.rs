//! Which engines are compiled in: the only file of the command that asks.

use std::fmt;
use std::str::FromStr;

use sinew::{JsHost, WasmEngine};

#[cfg(not(any(feature = "quickjs", feature = "boa")))]
compile_error!(
    "xtask needs a JavaScript engine: enable the feature `quickjs` or `boa` (or `full`)"
);
#[cfg(not(any(feature = "wasmtime", feature = "wasmi")))]
compile_error!(
    "xtask needs a WebAssembly engine: enable the feature `wasmtime` or `wasmi` (or `full`)"
);

/// The names of all pairs, compiled in or not, in the order of the tables.
pub const NAMES: [&str; 4] = [
    "quickjs+wasmtime",
    "quickjs+wasmi",
    "boa+wasmtime",
    "boa+wasmi",
];

/// A pair of engines that is compiled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
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

impl Pair {
    /// All pairs, in the order of the tables.
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

    /// Tells the pair apart, once a test.
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

    /// The name on the command line and in the expectations.
    pub fn name(self) -> &'static str {
        match self {
            #[cfg(all(feature = "quickjs", feature = "wasmtime"))]
            Pair::QuickJsWasmtime => NAMES[0],
            #[cfg(all(feature = "quickjs", feature = "wasmi"))]
            Pair::QuickJsWasmi => NAMES[1],
            #[cfg(all(feature = "boa", feature = "wasmtime"))]
            Pair::BoaWasmtime => NAMES[2],
            #[cfg(all(feature = "boa", feature = "wasmi"))]
            Pair::BoaWasmi => NAMES[3],
        }
    }
}

impl fmt::Display for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Pair {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Pair::ALL.iter().find(|pair| pair.name() == name);
        found.copied().ok_or_else(|| {
            let names: Vec<_> = Pair::ALL.iter().map(|pair| pair.name()).collect();
            format!("not compiled in (this build has {})", names.join(", "))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Names;

    impl Visitor for Names {
        type Output = String;

        fn visit<J: JsHost, W: WasmEngine>(self) -> String {
            format!("{}+{}", J::NAME, W::NAME)
        }
    }

    #[test]
    fn names_are_those_of_the_engines() {
        for pair in Pair::ALL {
            assert_eq!(pair.visit(Names), pair.name());
            assert_eq!(pair.name().parse(), Ok(*pair));
        }
        assert!("quickjs".parse::<Pair>().is_err());
    }
}
