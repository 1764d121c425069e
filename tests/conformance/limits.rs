//! Time, memory and size: HAZARDS T1, T2, M1.

use std::time::{Duration, Instant};

use sinew::{ErrorKind, JsHost, ResourceLimits, WasmEngine};

use crate::fixture::Folder;

on_every_pair! {
    t1_wasm_that_never_ends,
    t1_start_function_that_never_ends,
    t1_javascript_that_never_ends,
    t1_waiting_for_a_timer,
    t2_the_timeout_cannot_be_caught,
    interrupt_from_another_thread,
    m1_memory_minimum,
    m1_memory_growth,
    m1_tables_and_instances,
    m1_nothing_is_committed_before_it_is_used,
    timers_and_jobs_in_order,
}

const SPIN: &str = r#"(module (import "./js.js" "js" (func $js))
  (func (export "spin") (loop br 0))
  (func (export "callJs") call $js))"#;

/// Runs `main.js` with a deadline of 200 ms; it must end soon, and for good.
fn ends<J: JsHost, W: WasmEngine>(files: &[(&str, &str)]) -> String {
    let folder = Folder::new(files);
    let (builder, output) = folder.builder::<J, W>();
    let mut runtime = builder.timeout(Duration::from_millis(200)).build().unwrap();
    let start = Instant::now();
    let error = runtime.run_file(folder.path().join("main.js")).unwrap_err();
    let took = start.elapsed();
    assert_eq!(error.kind(), &ErrorKind::Deadline, "{error}");
    assert!(took < Duration::from_secs(3), "{took:?}");
    let start = Instant::now();
    let error = runtime.eval::<i32>("after", "1 + 1").unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Deadline);
    assert_eq!(runtime.run().unwrap_err().kind(), &ErrorKind::Deadline);
    assert!(start.elapsed() < Duration::from_millis(100));
    drop(runtime);
    output.text()
}

fn t1_wasm_that_never_ends<J: JsHost, W: WasmEngine>() {
    let output = ends::<J, W>(&[
        ("m.wasm", SPIN),
        ("js.js", "export function js() {}"),
        (
            "main.js",
            "import { spin } from './m.wasm'; console.log('go'); spin(); console.log('on');",
        ),
    ]);
    assert_eq!(output, "go\n");
}

fn t1_start_function_that_never_ends<J: JsHost, W: WasmEngine>() {
    ends::<J, W>(&[
        ("m.wasm", "(module (func $f (loop br 0)) (start $f))"),
        ("main.js", "import './m.wasm';"),
    ]);
}

fn t1_javascript_that_never_ends<J: JsHost, W: WasmEngine>() {
    if !J::FEATURES.interrupt {
        // The command line ends the process instead.
        return;
    }
    for main in [
        "for (;;);",
        "function f() { for (;;); } f();",
        "const o = { get x() { for (;;); } }; o.x;",
        "await 0; for (;;);",
        "setTimeout(() => { for (;;); }, 1);",
        "(function f() { queueMicrotask(f); })();",
        "import { callJs } from './m.wasm'; callJs();",
        "__wasm_import('./m.wasm', { get './js.js'() { for (;;); } });",
        "/(a+)+$/.test('a'.repeat(40) + 'b');",
    ] {
        ends::<J, W>(&[
            ("m.wasm", SPIN),
            ("js.js", "export function js() { for (;;); }"),
            ("main.js", main),
        ]);
    }
}

fn t1_waiting_for_a_timer<J: JsHost, W: WasmEngine>() {
    ends::<J, W>(&[("main.js", "setTimeout(() => {}, 100000);")]);
    ends::<J, W>(&[("main.js", "setInterval(() => {}, 1);")]);
}

fn t2_the_timeout_cannot_be_caught<J: JsHost, W: WasmEngine>() {
    let output = ends::<J, W>(&[
        ("m.wasm", SPIN),
        (
            "js.js",
            r#"
            import { spin } from "./m.wasm";
            export function js() { try { spin(); } catch { console.log("caught"); } finally { console.log("finally"); } }
            "#,
        ),
        (
            "main.js",
            r#"
            import { callJs } from "./m.wasm";
            const nested = async () => { try { callJs(); } catch { console.log("caught"); } finally { console.log("finally"); } };
            Promise.resolve().then(() => nested()).catch(() => console.log("rejected")).finally(() => console.log("settled"));
            try { callJs(); } catch { console.log("caught"); } finally { console.log("finally"); }
            console.log("on");
            "#,
        ),
    ]);
    assert_eq!(output, "");
}

fn interrupt_from_another_thread<J: JsHost, W: WasmEngine>() {
    let folder = Folder::new(&[
        ("m.wasm", SPIN),
        ("js.js", "export function js() {}"),
        ("main.js", "import { spin } from './m.wasm'; spin();"),
    ]);
    let (builder, _) = folder.builder::<J, W>();
    let mut runtime = builder.interruptible().build().unwrap();
    let handle = runtime.interrupt_handle();
    let thread = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(100));
        handle.interrupt();
    });
    let error = runtime.run_file(folder.path().join("main.js")).unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Interrupted);
    thread.join().unwrap();
}

fn limited<J: JsHost, W: WasmEngine>(limits: ResourceLimits, files: &[(&str, &str)]) -> String {
    let folder = Folder::new(files);
    let (builder, output) = folder.builder::<J, W>();
    let mut runtime = builder.limits(limits).build().unwrap();
    if let Err(error) = runtime.run_file(folder.path().join("main.js")) {
        panic!("{error}\n{}", output.text());
    }
    drop(runtime);
    output.text()
}

fn m1_memory_minimum<J: JsHost, W: WasmEngine>() {
    let limits = ResourceLimits {
        memory_bytes: 10 << 16,
        ..ResourceLimits::default()
    };
    let output = limited::<J, W>(
        limits,
        &[
            ("big.wasm", "(module (memory 65536))"),
            ("eight.wasm", r#"(module (memory (export "m") 8))"#),
            (
                "main.js",
                r#"
                for (const f of ["./big.wasm", "./eight.wasm", "./eight.wasm?2"]) {
                  try { await import(f); console.log("ok"); } catch (e) { console.log(e.name); }
                }
                try { new WebAssembly.Memory({ initial: 3 }); console.log("ok"); } catch (e) { console.log(e.name); }
                new WebAssembly.Memory({ initial: 2 }); console.log("ok");
                "#,
            ),
        ],
    );
    assert_eq!(output, "RangeError\nok\nRangeError\nRangeError\nok\n");
}

fn m1_memory_growth<J: JsHost, W: WasmEngine>() {
    let limits = ResourceLimits {
        memory_bytes: 10 << 16,
        ..ResourceLimits::default()
    };
    let output = limited::<J, W>(
        limits,
        &[
            (
                "m.wasm",
                r#"(module (memory (export "m") 1) (func (export "grow") (param i32) (result i32) local.get 0 memory.grow))"#,
            ),
            (
                "main.js",
                r#"
                import { m, grow } from "./m.wasm";
                const other = new WebAssembly.Memory({ initial: 1 });
                console.log(grow(4), grow(5), grow(4), m.buffer.byteLength / 65536);
                try { other.grow(1); } catch (e) { console.log(e.name); }
                "#,
            ),
        ],
    );
    assert_eq!(output, "1 -1 5 9\nRangeError\n");
}

fn m1_tables_and_instances<J: JsHost, W: WasmEngine>() {
    let limits = ResourceLimits {
        table_elements: 1000,
        instances: 20,
        ..ResourceLimits::default()
    };
    let output = limited::<J, W>(
        limits,
        &[
            ("table.wasm", r#"(module (table (export "t") 500 funcref))"#),
            ("huge.wasm", "(module (table 10000000 funcref))"),
            ("empty.wasm", "(module)"),
            (
                "main.js",
                r#"
                const { t } = __wasm_import("./table.wasm");
                for (const f of [() => t.grow(501), () => __wasm_import("./huge.wasm"), () => new WebAssembly.Table({ element: "externref", initial: 2000 })]) {
                  try { f(); console.log("ok"); } catch (e) { console.log(e.name); }
                }
                console.log(t.grow(400), t.length);
                let made = 0;
                try { for (;;) { __wasm_import("./empty.wasm", {}); made++; } } catch (e) { console.log(e.name, made > 10 && made < 20); }
                "#,
            ),
        ],
    );
    assert_eq!(
        output,
        "RangeError\nRangeError\nRangeError\n500 900\nRangeError true\n"
    );
}

fn m1_nothing_is_committed_before_it_is_used<J: JsHost, W: WasmEngine>() {
    fn resident() -> Option<usize> {
        let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
        statm
            .split(' ')
            .nth(1)?
            .parse::<usize>()
            .ok()
            .map(|pages| pages * 4096)
    }
    let Some(before) = resident() else { return };
    let folder = Folder::new(&[
        (
            "m.wasm",
            r#"(module (memory (export "m") 16384) (data (i32.const 0) "x"))"#,
        ),
        (
            "main.js",
            "import { m } from './m.wasm'; m.grow(1); console.log(m.buffer.byteLength, new Uint8Array(m.buffer)[0]);",
        ),
    ]);
    let (builder, output) = folder.builder::<J, W>();
    let mut runtime = builder.build().unwrap();
    runtime.run_file(folder.path().join("main.js")).unwrap();
    let after = resident().unwrap();
    assert_eq!(output.text(), "1073807360 120\n");
    // Other tests run beside this one: a quarter of the GiB is still far less than all of it.
    assert!(after.saturating_sub(before) < 256 << 20, "{before} {after}");
}

fn timers_and_jobs_in_order<J: JsHost, W: WasmEngine>() {
    crate::fixture::prints::<J, W>(
        &[(
            "main.js",
            r#"
            const log = (x) => () => console.log(x);
            setTimeout(log("t20"), 20); setTimeout(log("t1"), 1); setTimeout(() => { log("t1b")(); queueMicrotask(log("job in t1b")); }, 1);
            const gone = setTimeout(log("never"), 5); clearTimeout(gone);
            let n = 0; const i = setInterval(() => { console.log("i", ++n); if (n === 3) clearInterval(i); }, 25);
            queueMicrotask(log("job")); Promise.resolve().then(log("then"));
            console.log("main"); await null; console.log("awaited");
            setTimeout((a, b) => console.log(a, b), 2, "x", "y");
            "#,
        )],
        "main\njob\nthen\nawaited\nt1\nt1b\njob in t1b\nx y\nt20\ni 1\ni 2\ni 3",
    );
}
