//! Many modules, many instances, many exports, and a large module.

use std::path::Path;

use sinew_benches::figures;
use sinew_benches::measure::{self, Plan};
use sinew_benches::suite::graph::{self, FULL};

fn main() -> std::io::Result<()> {
    measure::rows(&graph::rows(FULL), Plan::new(1, 200));
    measure::rows(&graph::compilation(), Plan::new(1, 200));
    // Criterion's own runs for a look, `--list` and `--test`, find nothing out.
    if std::env::args().any(|arg| arg == "--list" || arg == "--test") {
        return Ok(());
    }
    let resident = Path::new(env!("CARGO_BIN_EXE_resident"));
    figures::replace("graph", &graph::resident(resident, FULL))
}
