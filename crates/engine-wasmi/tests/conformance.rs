//! What every engine does, done by this one.

use sinew_engine_wasmi::Wasmi;

sinew_bridge::engine_conformance!(Wasmi);
