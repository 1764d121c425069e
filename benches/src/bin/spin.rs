//! Runs one loop, for a profiler: `spin <pairing> <sinew|floor> <loop> <calls>`.

use sinew_benches::program::Program;
use sinew_benches::sinew::{Sinew, builder};
use sinew_benches::{Pairing, Subject, Visitor, pairings};

struct Spin {
    pairing: String,
    who: String,
    body: String,
    calls: u32,
}

impl Visitor for Spin {
    fn visit<P: Pairing>(&mut self) {
        if self.pairing != P::NAME {
            return;
        }
        let program = Program::calls(None);
        let result = match self.who.as_str() {
            "sinew" => {
                Sinew::<P::Js, P::Wasm>::new(builder(), &program).run(&self.body, self.calls)
            }
            _ => P::floor(&program).run(&self.body, self.calls),
        };
        println!("{result}");
    }
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [pairing, who, body, calls] = &args[..] else {
        eprintln!("usage: spin <pairing> <sinew|floor> <loop> <calls>");
        std::process::exit(2);
    };
    pairings(&mut Spin {
        pairing: pairing.clone(),
        who: who.clone(),
        body: body.clone(),
        calls: calls.parse().expect("a number of calls"),
    });
}
