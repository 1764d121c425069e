//! Deadlines and memory.

use std::time::{Duration, Instant};

use super::{ADD, Pair, folder, on_every_pair, pairs, run_in};

/// Runs something endless with a deadline of 0.3 seconds on every pair.
fn ends(files: &[(&str, &str)], args: &[&str]) {
    let folder = folder(files);
    let all = [&["--timeout", "0.3"], args].concat();
    for pair in pairs() {
        let start = Instant::now();
        let ran = run_in(folder.path(), &pair, &all);
        let took = start.elapsed();
        assert_eq!(ran.status, Some(124), "{pair:?}: {ran:?}");
        assert!(
            ran.stderr.contains("the deadline of 300ms passed"),
            "{pair:?}: {ran:?}"
        );
        assert_eq!(
            ran.stderr.matches("deadline").count(),
            1,
            "{pair:?}: {ran:?}"
        );
        assert!(took >= Duration::from_millis(300), "{pair:?}: {took:?}");
        assert!(took < Duration::from_secs(2), "{pair:?}: {took:?}");
    }
}

#[test]
fn ends_loops_of_javascript() {
    ends(&[("main.js", "for (;;);")], &["main.js"]);
    // Not to be caught.
    let stubborn = "for (;;) try { for (;;); } catch {} finally { for (;;); }";
    ends(&[("main.js", stubborn)], &["main.js"]);
    ends(&[], &["--script", "-e", "for (;;);"]);
}

#[test]
fn ends_loops_of_wasm() {
    let files = [
        ("main.js", "import { spin } from './add.wasm'; spin();"),
        ("add.wasm", ADD),
    ];
    ends(&files, &["main.js"]);
    ends(
        &files,
        &[
            "-e",
            "import { spin } from './add.wasm'; try { spin() } catch {} spin()",
        ],
    );
}

#[test]
fn ends_idle_programs() {
    ends(&[("main.js", "setTimeout(() => {}, 100000)")], &["main.js"]);
    ends(&[("main.js", "setInterval(() => {}, 1)")], &["main.js"]);
    ends(
        &[("main.js", "const f = () => Promise.resolve().then(f); f()")],
        &["main.js"],
    );
}

#[test]
fn lets_programs_finish_before_the_deadline() {
    let args = [
        "--timeout",
        "60",
        "-e",
        "setTimeout(() => console.log('done'), 10)",
    ];
    super::prints(&[], &args, "done\n");
    super::prints(&[], &["--timeout", "1e18", "-e", ""], "");
}

#[test]
fn bounds_linear_memory() {
    let code = "\
        const memory = new WebAssembly.Memory({ initial: 1 });\n\
        try { memory.grow(1000); console.log('grown') } catch (e) { console.log(e.name) }\n\
        memory.grow(10); console.log(memory.buffer.byteLength)";
    super::prints(
        &[],
        &["--max-memory", "8M", "-e", code],
        "RangeError\n720896\n",
    );
    super::prints(&[], &["-e", code], "grown\n66256896\n");
}

#[test]
fn bounds_the_heap_where_it_can() {
    let code = "const all = []; for (;;) all.push(new Array(1000).fill(1.5))";
    let folder = folder(&[]);
    let engines = super::engines();
    let bounded = |pair: &Pair| {
        let engines = engines["js"].as_array().unwrap();
        let engine = engines
            .iter()
            .find(|engine| engine["name"] == *pair.js)
            .unwrap();
        let features = engine["features"].as_array().unwrap();
        features
            .iter()
            .any(|row| row["feature"] == "heap limit" && row["supported"] == true)
    };
    for pair in pairs().iter().filter(|pair| bounded(pair)) {
        let args = ["--max-memory", "16M", "--timeout", "20", "-e", code];
        let ran = run_in(folder.path(), pair, &args);
        assert_eq!(ran.status, Some(1), "{pair:?}: {ran:?}");
    }
}

#[test]
fn tiny_heaps_are_an_error_and_no_crash() {
    on_every_pair(
        &[],
        &["--max-memory", "1K", "-e", "console.log([1, 2, 3].length)"],
        |pair, ran| {
            assert!(matches!(ran.status, Some(0 | 1)), "{pair:?}: {ran:?}");
        },
    );
}
