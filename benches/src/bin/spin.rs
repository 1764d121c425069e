//! Runs one loop, for a profiler: `spin <pairing> <sinew|floor> <loop> <calls>`.

use sinew_benches::pairings;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [pairing, who, body, calls] = &args[..] else {
        eprintln!("usage: spin <pairing> <sinew|floor> <loop> <calls>");
        std::process::exit(2);
    };
    let calls = calls.parse().expect("a number of calls");
    pairings(|name, sinew, floor| {
        if name == pairing {
            let result = match who.as_str() {
                "sinew" => sinew.run(body, calls),
                _ => floor.run(body, calls),
            };
            println!("{result}");
        }
    });
}
