//! Programs with work on both sides.

use sinew_benches::figures;
use sinew_benches::measure::{self, Plan};
use sinew_benches::suite::workloads;

fn main() -> std::io::Result<()> {
    // For other engines, to run the same: see `workloads/peer.mjs`.
    workloads::write(&figures::folder().with_file_name("workloads"))?;
    measure::rows(&workloads::rows(), Plan::new(3, 200));
    Ok(())
}
