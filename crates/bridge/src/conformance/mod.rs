//! One body per behaviour of the seam, generic over the engine, for each backend's tests to call.

pub mod engine;
pub mod host;
