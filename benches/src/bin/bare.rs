//! The least that a program with wasm does: `bare <pairing> [FILE.wasm]` calls the function `add` of
//! the module from JavaScript and prints what it returns; without a file it sets the engines up.
//!
//! All engines are linked in, as in the `sinew` command.

use std::ffi::OsString;

use sinew_benches::floor::{JsByHand, WasmByHand};
use sinew_benches::program::Program;
use sinew_benches::{Pairing, Subject, Visitor, pairings};

struct Bare {
    pairing: String,
    file: Option<OsString>,
}

impl Visitor for Bare {
    fn visit<P: Pairing>(&mut self) {
        if self.pairing != P::NAME {
            return;
        }
        match &self.file {
            Some(file) => {
                let module = std::fs::read(file).expect("a file");
                let mut floor = P::floor(&Program::first_result(module));
                println!("{}", floor.run("first", 1));
            }
            None => {
                std::hint::black_box(P::WasmByHand::new());
                std::hint::black_box(P::JsByHand::fresh());
            }
        }
    }
}

fn main() {
    let mut args = std::env::args_os().skip(1);
    let Some(pairing) = args.next().and_then(|name| name.into_string().ok()) else {
        eprintln!("usage: bare <pairing> [FILE.wasm]");
        std::process::exit(2);
    };
    let file = args.next();
    pairings(&mut Bare { pairing, file });
}
