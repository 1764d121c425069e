//! What other runtimes take.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::{Block, escaped, head};
use crate::bench::peers::{PeerTime, Peers};
use crate::bench::plot::Group;
use crate::bench::results::Results;
use crate::bench::units::Unit;
use crate::pair::NAMES;

/// The same work on other runtimes.
pub fn of_peers(results: &Results, peers: &Peers) -> Option<Block> {
    if peers.peers.is_empty() {
        return None;
    }
    let mut block = Block::new("peers");
    let found: Vec<_> = peers
        .peers
        .iter()
        .filter(|peer| peer.version.is_some())
        .collect();
    let titles: Vec<String> = found.iter().map(|peer| peer.title()).collect();
    let mut groups = Vec::new();
    let times = found.iter().flat_map(|peer| &peer.times);
    // The work itself, and after it the same in plain JavaScript.
    let rows: BTreeSet<(&str, &str, bool)> = times
        .map(PeerTime::what)
        .map(|(suite, row, subject)| (suite, row, subject == "js"))
        .collect();
    if !rows.is_empty() {
        let columns = NAMES.len() + titles.len();
        let (names, titles) = (head(NAMES.iter()), head(titles.iter()));
        let _ = writeln!(block.text, "| work |{names}{titles}");
        let _ = writeln!(block.text, "|---|{}", "---:|".repeat(columns));
    }
    for (suite, row, is_js) in rows {
        let (subject, more) = match is_js {
            true => ("js", ", in JavaScript"),
            false => ("sinew", ""),
        };
        let name = format!("{suite}: {row}{more}");
        let _ = write!(block.text, "| {} |", escaped(&name));
        let mut group = Group::new(&name);
        let own = |pairing| results.samples(suite, row, pairing, subject)?.p10();
        let ours = NAMES
            .iter()
            .map(|pairing| ((*pairing).to_owned(), own(pairing)));
        let theirs = found.iter().map(|peer| {
            (
                peer.title(),
                peer.time(suite, row, subject).map(|time| time.0),
            )
        });
        for (series, time) in ours.chain(theirs) {
            let cell = time.map_or_else(String::new, |time| Unit::Time.show(time));
            let _ = write!(block.text, " {cell} |");
            group.add(&series, time, None);
        }
        block.text.push('\n');
        groups.push(group);
    }
    let missing: Vec<_> = peers
        .peers
        .iter()
        .filter(|peer| peer.version.is_none())
        .collect();
    if !missing.is_empty() {
        let names: Vec<_> = missing.iter().map(|peer| peer.name.as_str()).collect();
        block.separate();
        let _ = writeln!(block.text, "Not installed: {}.", names.join(", "));
    }
    block.chart(
        "peers",
        "the same work on other runtimes",
        Unit::Time,
        "",
        groups,
    );
    Some(block)
}

#[cfg(test)]
mod tests {
    use super::super::fixture::results;
    use super::*;
    use crate::bench::peers::Peer;

    #[test]
    fn says_which_peers_are_missing() {
        let peer = |name: &str, version: Option<&str>, times| Peer {
            name: name.to_owned(),
            version: version.map(str::to_owned),
            times,
        };
        let time = PeerTime {
            suite: "calls".to_owned(),
            row: "export i32x2".to_owned(),
            subject: "sinew".to_owned(),
            p10: 3.7,
            median: 4.0,
        };
        let peers = vec![
            peer("node", Some("20.1.0"), vec![time]),
            peer("deno", None, vec![]),
        ];
        let block = of_peers(&results(), &Peers { peers }).unwrap();
        assert_eq!(
            block.text,
            "\
| work | quickjs+wasmtime | quickjs+wasmi | boa+wasmtime | boa+wasmi | node 20.1.0 |
|---|---:|---:|---:|---:|---:|
| calls: export i32x2 | 57.2 ns |  |  | 330 ns | 3.70 ns |

Not installed: deno.

![the same work on other runtimes](performance/peers.svg)
"
        );
        let none = of_peers(
            &results(),
            &Peers {
                peers: vec![peer("bun", None, vec![])],
            },
        );
        assert_eq!(none.unwrap().text, "Not installed: bun.\n");
        assert!(of_peers(&results(), &Peers::default()).is_none());
    }
}
