//! `sinew engines`

use std::fmt::Write;

use serde::Serialize;

use crate::args::EnginesArgs;
use crate::pair::{Engine, Pair, js_engines, wasm_engines};
use crate::report;

#[derive(Serialize)]
struct Listing {
    sinew: &'static str,
    default: Option<Names>,
    pairs: Vec<Names>,
    js: Vec<Listed>,
    wasm: Vec<Listed>,
}

#[derive(Serialize)]
struct Names {
    js: &'static str,
    wasm: &'static str,
}

#[derive(Serialize)]
struct Listed {
    name: &'static str,
    version: &'static str,
    features: Vec<Feature>,
}

#[derive(Serialize)]
struct Feature {
    feature: &'static str,
    supported: bool,
}

/// Lists the engines; returns the exit status.
pub fn main(args: &EnginesArgs) -> u8 {
    let listing = listing();
    let text = match args.json {
        true => report::json(&listing),
        false => table(&listing),
    };
    report::output(&text);
    0
}

fn listing() -> Listing {
    let names = |pair: &Pair| {
        let (js, wasm) = pair.names();
        Names { js, wasm }
    };
    Listing {
        sinew: env!("CARGO_PKG_VERSION"),
        default: Pair::ALL.first().map(names),
        pairs: Pair::ALL.iter().map(names).collect(),
        js: listed(js_engines(), |features| features.rows()),
        wasm: listed(wasm_engines(), |features| features.rows()),
    }
}

fn listed<F>(
    engines: Vec<Engine<F>>,
    rows: impl Fn(&F) -> Vec<(&'static str, bool)>,
) -> Vec<Listed> {
    let feature = |(feature, supported)| Feature { feature, supported };
    engines
        .into_iter()
        .map(|engine| Listed {
            name: engine.name,
            version: engine.version,
            features: rows(&engine.features).into_iter().map(feature).collect(),
        })
        .collect()
}

fn table(listing: &Listing) -> String {
    let mut text = format!("sinew {}\n", listing.sinew);
    columns(&mut text, "JavaScript", &listing.js);
    columns(&mut text, "WebAssembly", &listing.wasm);
    let _ = writeln!(text, "\nPairs, the fastest first");
    for (at, pair) in listing.pairs.iter().enumerate() {
        let default = if at == 0 { "  (default)" } else { "" };
        let _ = writeln!(text, "  --js {} --wasm {}{default}", pair.js, pair.wasm);
    }
    text
}

/// One column an engine, one line a capability.
fn columns(text: &mut String, title: &str, engines: &[Listed]) {
    let heads: Vec<_> = engines
        .iter()
        .map(|engine| format!("{} {}", engine.name, engine.version))
        .collect();
    let Some(first) = engines.first() else {
        return;
    };
    let _ = write!(text, "\n{title:38}");
    text.push_str(&heads.join("   "));
    text.push('\n');
    for (row, feature) in first.features.iter().enumerate() {
        let mut line = format!("  {:36}", feature.feature);
        for (engine, head) in engines.iter().zip(&heads) {
            let has = if engine.features[row].supported {
                "yes"
            } else {
                "-"
            };
            let _ = write!(line, "{has:width$}", width = head.len() + 3);
        }
        let _ = writeln!(text, "{}", line.trim_end());
    }
}
