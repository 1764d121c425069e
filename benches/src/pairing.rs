//! All pairings that are compiled in.

#[allow(unused_imports, reason = "a subset of the engines has no use for some")]
use crate::{Subject, floor, sinew::Sinew};

/// Calls `$f` with the name of each pairing, Sinew on it, and its floor.
macro_rules! pairings {
    ($f:ident: $($js_feature:literal $js:ident, $wasm_feature:literal $wasm:ident, $floor:ident;)*) => {
        $(
            #[cfg(all(feature = $js_feature, feature = $wasm_feature))]
            $f(
                concat!($js_feature, "+", $wasm_feature),
                &mut Sinew::<sinew::$js, sinew::$wasm>::new(),
                &mut floor::$floor::Floor::new(),
            );
        )*
    };
}

/// Calls `f` with the name of each pairing, Sinew on it, and its floor.
#[allow(unused, reason = "a subset of the engines may have no pairing")]
pub fn pairings(mut f: impl FnMut(&str, &mut dyn Subject, &mut dyn Subject)) {
    pairings! { f:
        "quickjs" QuickJs, "wasmtime" Wasmtime, quickjs_wasmtime;
        "quickjs" QuickJs, "wasmi" Wasmi, quickjs_wasmi;
        "boa" Boa, "wasmtime" Wasmtime, boa_wasmtime;
        "boa" Boa, "wasmi" Wasmi, boa_wasmi;
    }
}

/// Calls `f` with the name of each engine, the engine on its own, and the names of its loops.
#[allow(unused, reason = "a subset of the engines may be empty")]
pub fn engines(mut f: impl FnMut(&str, &mut dyn Subject, &[&str])) {
    const JS: [&str; 3] = ["native", "js", "call"];
    #[cfg(feature = "quickjs")]
    f("quickjs", &mut floor::quickjs::Alone::new(), &JS);
    #[cfg(feature = "boa")]
    f("boa", &mut floor::boa::Alone::new(), &JS);
    #[cfg(feature = "wasmtime")]
    f(
        "wasmtime",
        &mut floor::wasmtime::Alone::new(),
        &["entry", "import_i32x2"],
    );
    #[cfg(feature = "wasmi")]
    f(
        "wasmi",
        &mut floor::wasmi::Alone::new(),
        &["entry", "typed", "import_i32x2"],
    );
}
