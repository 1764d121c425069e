//! One body per behaviour, run on every pairing that is compiled in.
//!
//! A body is a plain function, generic over the pair; `on_every_pair!` makes a test of it for each.
//! A third engine is one line here.

#![allow(
    dead_code,
    reason = "without an engine on each side there is nothing to run"
)]

mod fixture;

mod program;

/// A `#[test]` per body and pairing.
macro_rules! on_every_pair {
    ($($(#[$meta:meta])* $body:ident),* $(,)?) => {
        #[cfg(all(feature = "quickjs", feature = "wasmtime"))]
        mod quickjs_wasmtime {
            $($(#[$meta])* #[test] fn $body() { super::$body::<sinew::QuickJs, sinew::Wasmtime>(); })*
        }
        #[cfg(all(feature = "quickjs", feature = "wasmi"))]
        mod quickjs_wasmi {
            $($(#[$meta])* #[test] fn $body() { super::$body::<sinew::QuickJs, sinew::Wasmi>(); })*
        }
        #[cfg(all(feature = "boa", feature = "wasmtime"))]
        mod boa_wasmtime {
            $($(#[$meta])* #[test] fn $body() { super::$body::<sinew::Boa, sinew::Wasmtime>(); })*
        }
        #[cfg(all(feature = "boa", feature = "wasmi"))]
        mod boa_wasmi {
            $($(#[$meta])* #[test] fn $body() { super::$body::<sinew::Boa, sinew::Wasmi>(); })*
        }
    };
}

mod async_api;
mod bridge;
mod buffers;
mod builtins;
mod compile_cache;
mod compile_options;
mod errors;
mod esm;
mod examples;
mod exceptions;
mod gc_objects;
mod hazards;
mod hostile;
mod identity;
mod imports;
mod limits;
mod loading;
mod loading_errors;
mod loading_hostile;
mod operands;
mod reflection;
mod resizable;
mod rust_api;
mod shared;
mod source_phase;
mod unload;
mod webidl;
