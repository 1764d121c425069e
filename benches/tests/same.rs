//! What is compared does the same.

use sinew_benches::row::{ROUNDS, Row};
use sinew_benches::suite::{calls, graph, memory, startup, workloads};

#[track_caller]
fn all_sides_agree(rows: &[Row]) {
    assert!(!rows.is_empty());
    for row in rows {
        for side in &row.sides {
            let (name, function, on) = (&row.name, side.function, side.on);
            let value = side.work.run(ROUNDS);
            assert_eq!(value, row.expected, "{name}: {function} on {on}");
        }
    }
}

#[test]
fn calls() {
    all_sides_agree(&calls::rows());
}

#[test]
fn memory() {
    all_sides_agree(&memory::rows());
}

#[test]
fn graph() {
    all_sides_agree(&graph::rows(graph::SMALL));
}

#[test]
fn workloads() {
    all_sides_agree(&workloads::rows());
}

#[test]
fn startup() {
    let folder = std::env::temp_dir().join("sinew-benches-startup");
    let programs = startup::Programs::new(env!("CARGO_BIN_EXE_bare"));
    all_sides_agree(&startup::rows(programs, &folder));
}

#[test]
fn resident_memory_is_told() {
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_resident"));
    let figures = graph::resident(program, graph::SMALL);
    for figure in &figures {
        assert!(figure.value >= 0.0, "{figure:?}");
    }
    if cfg!(all(target_os = "linux", feature = "full")) {
        assert_eq!(figures.len(), 4 * 2 * 2);
    }
}
