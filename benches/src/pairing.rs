//! All pairings that are compiled in.

use crate::floor::{JsByHand, WasmByHand};
use crate::program::Program;
use crate::row::Subject;

/// A JavaScript engine with a wasm engine.
pub trait Pairing: 'static {
    /// The names of both, with a plus sign between them.
    const NAME: &'static str;
    /// The JavaScript engine.
    type Js: sinew::JsHost;
    /// The wasm engine.
    type Wasm: sinew::WasmEngine;
    /// The JavaScript engine, without Sinew.
    type JsByHand: JsByHand;
    /// The wasm engine, without Sinew.
    type WasmByHand: WasmByHand;

    /// A program on hand-written glue.
    fn floor(program: &Program) -> impl Subject + 'static;
}

/// What is to be done for each pairing.
pub trait Visitor {
    /// Does it.
    fn visit<P: Pairing>(&mut self);
}

macro_rules! pairings {
    ($($js_feature:literal $js:ident, $wasm_feature:literal $wasm:ident, $pair:ident, $floor:ident;)*) => {
        $(
            #[doc = concat!("`", $js_feature, "+", $wasm_feature, "`")]
            #[cfg(all(feature = $js_feature, feature = $wasm_feature))]
            pub struct $pair;

            #[cfg(all(feature = $js_feature, feature = $wasm_feature))]
            impl Pairing for $pair {
                const NAME: &'static str = concat!($js_feature, "+", $wasm_feature);
                type Js = sinew::$js;
                type Wasm = sinew::$wasm;
                type JsByHand = crate::floor::$js;
                type WasmByHand = crate::floor::$wasm;

                fn floor(program: &Program) -> impl Subject + 'static {
                    crate::floor::$floor::Floor::new(program)
                }
            }
        )*

        /// Shows `visitor` each pairing.
        #[allow(unused, reason = "a subset of the engines may have no pairing")]
        pub fn pairings(visitor: &mut impl Visitor) {
            $(
                #[cfg(all(feature = $js_feature, feature = $wasm_feature))]
                visitor.visit::<$pair>();
            )*
        }
    };
}

pairings! {
    "quickjs" QuickJs, "wasmtime" Wasmtime, QuickJsWasmtime, quickjs_wasmtime;
    "quickjs" QuickJs, "wasmi" Wasmi, QuickJsWasmi, quickjs_wasmi;
    "boa" Boa, "wasmtime" Wasmtime, BoaWasmtime, boa_wasmtime;
    "boa" Boa, "wasmi" Wasmi, BoaWasmi, boa_wasmi;
}
