//! How much memory instances take: `resident <pairing> <sinew|floor> <instances> <pages>` prints the
//! bytes that became resident for each of so many instances of one module; with pages each of them
//! has a memory, and has written to the first of its pages.

use sinew::Value;
use sinew_benches::floor::WasmByHand;
use sinew_benches::generate::instance_module;
use sinew_benches::sinew::{builder, js_bytes};
use sinew_benches::usage::resident;
use sinew_benches::{Pairing, Visitor, pairings};

struct Resident {
    pairing: String,
    who: String,
    instances: u32,
    pages: u32,
}

impl Resident {
    /// Shows what `make` adds, when it makes so many instances, to what it took for the first few.
    fn print(&self, mut make: impl FnMut(u32)) {
        make(10);
        let before = resident();
        make(self.instances);
        let Some((before, after)) = before.zip(resident()) else {
            return;
        };
        println!(
            "{}",
            after.saturating_sub(before) / u64::from(self.instances)
        );
    }
}

impl Visitor for Resident {
    fn visit<P: Pairing>(&mut self) {
        if self.pairing != P::NAME {
            return;
        }
        let module = instance_module(self.pages);
        if self.who == "sinew" {
            let mut runtime = builder::<P::Js, P::Wasm>().build().expect("a runtime");
            let source = format!(
                "{{
                    const module = new WebAssembly.Module({});
                    const kept = [];
                    n => {{
                        while (n-- > 0) kept.push(new WebAssembly.Instance(module));
                    }}
                }}",
                js_bytes(&module)
            );
            let make: Value<P::Js> = runtime.eval("make.js", &source).expect("a function");
            self.print(|n| runtime.call(&make, (n,)).expect("the instances"));
        } else {
            let engine = P::WasmByHand::new();
            let module = engine.compile(&module);
            let mut kept = Vec::new();
            self.print(|n| kept.push(engine.instances(&module, n)));
        }
    }
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [pairing, who, instances, pages] = &args[..] else {
        eprintln!("usage: resident <pairing> <sinew|floor> <instances> <pages>");
        std::process::exit(2);
    };
    pairings(&mut Resident {
        pairing: pairing.clone(),
        who: who.clone(),
        instances: instances.parse().expect("a number of instances"),
        pages: pages.parse().expect("a number of pages"),
    });
}
