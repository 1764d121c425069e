//! From the start of a process to the first result of wasm.

use sinew_benches::figures;
use sinew_benches::measure::{self, Plan};
use sinew_benches::suite::startup::{self, Programs};

fn main() {
    let programs = Programs::new(env!("CARGO_BIN_EXE_bare"));
    if programs.sinew.is_none() {
        eprintln!("no `sinew` beside `bare`: build sinew-cli with all features, in release, first");
    }
    let folder = figures::folder().with_file_name("startup");
    measure::rows(&startup::rows(programs, &folder), Plan::new(4, 50));
}
