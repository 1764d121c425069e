//! What is compared does the same.

use sinew_benches::case::{CASES, EMPTY_IMPORT};
use sinew_benches::{EMPTY, Subject, engines, pairings};

#[test]
fn every_loop_returns_what_its_calls_return() {
    pairings(|name, sinew, floor| {
        check(name, sinew);
        check(name, floor);
    });
}

fn check(name: &str, subject: &mut dyn Subject) {
    for case in CASES {
        for body in [case.export_loop(), case.import_loop()] {
            assert_eq!(subject.run(&body, 10), case.expected(), "{name} {body}");
        }
    }
    assert_eq!(subject.run(EMPTY, 10), 9.0, "{name}");
    assert_eq!(subject.run(EMPTY_IMPORT, 10), 1.0, "{name}");
}

#[test]
fn engines_call_what_they_are_told_to() {
    engines(|name, subject, loops| {
        for body in loops {
            assert_eq!(subject.run(body, 10), 3.0, "{name} {body}");
        }
    });
}
