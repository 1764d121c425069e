//! Runs the bodies of `sinew_bridge::conformance::engine`.

sinew_bridge::engine_conformance!(sinew_engine_wasmtime::Wasmtime);
