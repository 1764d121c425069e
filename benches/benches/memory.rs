//! Memories and views of them.

use sinew_benches::measure::{self, Plan};
use sinew_benches::suite::memory;

fn main() {
    measure::rows(&memory::rows(), Plan::new(6, 50));
}
