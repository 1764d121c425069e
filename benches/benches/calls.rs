//! Calls between JavaScript and wasm, beside hand-written glue and the engines on their own.

use sinew_benches::measure::{self, Plan};
use sinew_benches::suite::calls;

fn main() {
    measure::rows(&calls::rows(), Plan::new(6, 50));
}
