//! Engines that ran modules leave nothing behind. In a process of its own: other tests would blur the
//! figures.

use sinew_bridge::JsHost;
use sinew_bridge::conformance::host::Fixture;
use sinew_js_boa::Boa;

/// Bytes of memory that the process has in use, where the system tells.
fn resident() -> Option<usize> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: usize = statm.split(' ').nth(1)?.parse().ok()?;
    Some(pages * 4096)
}

/// Bytes that an engine leaves behind which ran `source`, with these modules.
fn left_behind(modules: &[(&str, &str)], source: &str) -> usize {
    let run = || Fixture::<Boa>::with_modules(modules).run(source);
    (0..20).for_each(|_| drop(run()));
    let Some(before) = resident() else { return 0 };
    (0..100).for_each(|_| drop(run()));
    resident().unwrap_or(before).saturating_sub(before) / 100
}

/// A realm that stays is some 500 KiB.
const ALLOWED: usize = 100 << 10;

const MODULES: &[(&str, &str)] = &[
    (
        "a.js",
        "import * as a from './a.js'; export * from './b.js'; export { y as z } from './b.js';
         export * as b from './b.js'; globalThis.kept = [a, () => a]; export default a;",
    ),
    (
        "b.js",
        "import * as a from './a.js'; export let x = 1, y = { a };",
    ),
    (
        "broken.js",
        "export * from './missing.js'; export { x } from './missing.js'; export let y;",
    ),
    (
        "above.js",
        "export * from './broken.js'; export { x } from './broken.js'; export let z;",
    ),
    (
        "throws.js",
        "export * from './b.js'; export let w; throw 1;",
    ),
    (
        "waits.js",
        "export * from './b.js'; export let v; await new Promise(() => {});",
    ),
];

#[test]
fn engines_that_ran_modules_are_freed() {
    for (source, what) in [
        (
            "import('./a.js').then(ns => { globalThis.ns = ns; });",
            "imported",
        ),
        ("import('./above.js').catch(() => {});", "not all there"),
        ("import('./throws.js').catch(() => {});", "thrown"),
        ("import('./waits.js'); import('./b.js');", "waiting"),
    ] {
        let left = left_behind(MODULES, source);
        assert!(left < ALLOWED, "{what}: {left} bytes an engine");
    }
}

#[test]
fn engines_end_before_their_modules_are_loaded() {
    let mut fixture = Fixture::<Boa>::with_modules(MODULES);
    fixture.enter(|cx| {
        for name in ["./a.js", "./above.js", "./throws.js", "./waits.js"] {
            assert!(Boa::import(cx, "main.js", name).is_ok(), "{name}");
        }
    });
    drop(fixture);
}
