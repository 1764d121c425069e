//! HAZARDS.md, as far as the bridge touches it: each test has the hazard's name.

use sinew::{ErrorKind, JsHost, Runtime, WasmEngine};

use crate::fixture::{Folder, prints};

on_every_pair! {
    s1_mutual_recursion_on_1_mib,
    s1_mutual_recursion_on_2_mib,
    s1_mutual_recursion_on_8_mib,
    s3_deep_javascript_alone,
    x1_panic_in_a_host_function,
    x3_entities_of_two_runtimes,
    x5_patched_prototypes,
    p4_drop_in_the_middle,
    p4_unload_from_inside,
    f3_nothing_outside_the_root,
    f4_only_regular_files,
    f5_one_key_for_all_spellings,
    externrefs_do_not_pile_up,
}

const MUTUAL: &str = r#"(module (import "./js.js" "down" (func $down (param i32) (result i32)))
  (func (export "step") (param i32) (result i32) local.get 0 call $down i32.const 1 i32.add))"#;

/// In a thread of this size: endless mutual recursion is a RangeError, and all is well afterwards.
fn mutual_recursion<J: JsHost, W: WasmEngine>(stack: usize) {
    let thread = std::thread::Builder::new().stack_size(stack).spawn(|| {
        prints::<J, W>(
            &[
                ("m.wasm", MUTUAL),
                (
                    "js.js",
                    "import { step } from './m.wasm'; export function down(n) { return step(n + 1); }",
                ),
                (
                    "main.js",
                    r#"
                    import { step } from "./m.wasm";
                    for (let i = 0; i < 5; i++) {
                      try { step(0); console.log("returned"); } catch (e) { console.log(e instanceof RangeError, e.message); }
                    }
                    let depth = 0;
                    try { __wasm_import("./m.wasm", { "./js.js": { down(n) { depth = n; return again(n + 1); } } }).step(0); } catch {}
                    function again(n) { return step2(n); }
                    const { step: step2 } = __wasm_import("./m.wasm", { "./js.js": { down(n) { depth = n; return again(n + 1); } } });
                    try { step2(0); } catch (e) { console.log(e instanceof RangeError, depth > 10); }
                    console.log(1 + 1);
                    "#,
                ),
            ],
            &format!(
                "{}true true\n2",
                "true Maximum call stack size exceeded\n".repeat(5)
            ),
        );
    });
    thread.unwrap().join().unwrap();
}

fn s1_mutual_recursion_on_1_mib<J: JsHost, W: WasmEngine>() {
    mutual_recursion::<J, W>(1 << 20);
}

fn s1_mutual_recursion_on_2_mib<J: JsHost, W: WasmEngine>() {
    mutual_recursion::<J, W>(2 << 20);
}

fn s1_mutual_recursion_on_8_mib<J: JsHost, W: WasmEngine>() {
    mutual_recursion::<J, W>(8 << 20);
}

fn s3_deep_javascript_alone<J: JsHost, W: WasmEngine>() {
    let folder = Folder::new(&[("main.js", "function f() { return f() + 1; } f();")]);
    let (builder, _) = folder.builder::<J, W>();
    let mut runtime = builder.build().unwrap();
    let error = runtime.run_file(folder.path().join("main.js")).unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::Exception { class } if class == "RangeError"),
        "{error}"
    );
    assert_eq!(runtime.eval::<i32>("after.js", "1 + 1").unwrap(), 2);
}

fn x1_panic_in_a_host_function<J: JsHost, W: WasmEngine>() {
    let folder = Folder::new(&[
        (
            "m.wasm",
            r#"(module (import "env" "boom" (func $boom)) (import "./js.js" "js" (func $js))
              (func (export "direct") call $boom) (func (export "nested") call $js))"#,
        ),
        (
            "js.js",
            r#"
            import { direct } from "./m.wasm";
            import { boom } from "env";
            export function js() { try { direct(); } catch (e) { console.log("caught"); } finally { console.log("finally"); } }
            "#,
        ),
        (
            "main.js",
            "import { nested } from './m.wasm'; try { nested(); } catch { console.log('outer'); } console.log('after');",
        ),
        (
            "only.js",
            "import { boom } from 'env'; try { boom(); } finally { console.log('finally'); }",
        ),
    ]);
    for main in ["main.js", "only.js"] {
        let (builder, output) = folder.builder::<J, W>();
        let mut runtime = builder
            .function("env", "boom", || -> () { panic!("on purpose") })
            .build()
            .unwrap();
        let error = runtime.run_file(folder.path().join(main)).unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::Panicked, "{error}");
        assert!(error.message().contains("on purpose"), "{error}");
        let again = runtime.eval::<i32>("x", "1 + 1").unwrap_err();
        assert_eq!(again.kind(), &ErrorKind::Panicked);
        drop(runtime);
        assert_eq!(output.text(), "");
    }
    // The process lives, and so does the next runtime.
    let (builder, _) = folder.builder::<J, W>();
    let mut runtime = builder.build().unwrap();
    assert_eq!(runtime.eval::<i32>("x", "1 + 1").unwrap(), 2);
}

fn x3_entities_of_two_runtimes<J: JsHost, W: WasmEngine>() {
    // Within one runtime all entities share a store.
    prints::<J, W>(
        &[
            ("a.wasm", TWO_ENTITIES),
            (
                "b.wasm",
                r#"(module (import "a" "m" (memory 1)) (import "a" "t" (table 1 funcref)) (import "a" "f" (func $f)) (func (export "g") call $f))"#,
            ),
            (
                "main.js",
                r#"
                const one = __wasm_import("./a.wasm", {}), two = __wasm_import("./a.wasm", {});
                console.log(__wasm_import("./b.wasm", { a: { m: one.m, t: two.t, f: one.f } }).g());
                two.t.set(0, one.f); console.log(two.t.get(0) === one.f);
                "#,
            ),
        ],
        "undefined\ntrue",
    );
    // A value of one runtime is refused by another, and never a panic of an engine.
    let folder = Folder::new(&[("a.wasm", TWO_ENTITIES)]);
    let mut one = folder.builder::<J, W>().0.build().unwrap();
    let mut two = folder.builder::<J, W>().0.build().unwrap();
    let foreign = one.import("./a.wasm").unwrap();
    let f: sinew::Value<J> = one.get(&foreign, "f").unwrap();
    let link: sinew::Value<J> = two
        .eval(
            "link",
            "(a) => new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])), a)",
        )
        .unwrap();
    for error in [
        two.call::<()>(&f, ()).unwrap_err(),
        two.get::<sinew::Value<J>>(&foreign, "f").unwrap_err(),
        two.call::<()>(&link, (&foreign,)).unwrap_err(),
        two.settle(&f).unwrap_err(),
    ] {
        assert_eq!(
            error.to_string(),
            "TypeError: the value belongs to another runtime"
        );
    }
    drop(one);
    assert!(two.call::<()>(&f, ()).is_err());
    assert_eq!(two.eval::<i32>("x", "1 + 1").unwrap(), 2);
}

const TWO_ENTITIES: &str =
    r#"(module (memory (export "m") 1) (table (export "t") 1 funcref) (func (export "f")))"#;

fn x5_patched_prototypes<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[
            (
                "m.wasm",
                r#"(module (import "./env.js" "f" (func $f (param i32) (result i32))) (memory (export "memory") 1)
                  (global (export "g") (mut i32) (i32.const 1))
                  (func (export "run") (param i32) (result i32) local.get 0 call $f)
                  (func (export "pair") (result i32 i32) i32.const 1 i32.const 2))"#,
            ),
            ("env.js", "export const f = (x) => x + 1;"),
            (
                "main.js",
                r#"
                let touched = "";
                const hook = (name) => ({ __proto__: null, configurable: true, get() { touched += name + " "; return undefined; }, set() { touched += name + " "; } });
                for (const name of ["get", "set", "value", "writable", "enumerable", "configurable", "0", "1", "then", "module", "instance"]) {
                  Object.defineProperty(Object.prototype, name, hook(name));
                }
                const iterator = Array.prototype[Symbol.iterator];
                Array.prototype[Symbol.iterator] = function () { touched += "iterator" + " "; return iterator.call(this); };
                const then = Promise.prototype.then;
                Promise.prototype.then = function (...a) { touched += "then()" + " "; return then.apply(this, a); };
                for (const name of ["call", "apply", "bind"]) { const f = Function.prototype[name]; Object.defineProperty(Function.prototype, name, { __proto__: null, configurable: true, writable: true, value: function (...a) { touched += name + " "; return Reflect.apply(f, this, a); } }); }
                Error.prepareStackTrace = () => { touched += "prepare" + " "; };
                touched = "";
                const m = await import("./m.wasm");
                const awaited = touched.replaceAll("then ", ""); touched = "";
                m.run(5); const view = new Uint8Array(m.memory.buffer); m.pair(); m.memory.grow(1);
                __wasm_import("./m.wasm").g.value = 4;
                const during = touched; touched = "";
                for (const name of ["get", "set", "value", "writable", "enumerable", "configurable", "0", "1", "then", "module", "instance"]) delete Object.prototype[name];
                Array.prototype[Symbol.iterator] = iterator; Promise.prototype.then = then;
                console.log(`[${awaited}] [${during}]`);
                console.log(m.run(5), m.g, m.pair().length);
                "#,
            ),
        ],
        "[] []\n6 4 2",
    );
}

fn p4_drop_in_the_middle<J: JsHost, W: WasmEngine>() {
    let folder = Folder::new(&[
        (
            "m.wasm",
            r#"(module (import "./js.js" "f" (func $f (param externref))) (memory (export "memory") 1) (table (export "t") 4 externref)
              (func (export "run") (param externref) i32.const 0 local.get 0 table.set 0 local.get 0 call $f))"#,
        ),
        (
            "js.js",
            "export const seen = []; export function f(x) { seen.push(x); }",
        ),
        (
            "main.js",
            r#"
            import { run, memory, t } from "./m.wasm";
            globalThis.view = new Uint8Array(memory.buffer); const o = { run, memory, t }; o.self = o; run(o);
            setTimeout(() => console.log("never"), 100000); Promise.resolve().then(() => {}); new Promise(() => {});
            globalThis.registry = typeof FinalizationRegistry === "function" ? new FinalizationRegistry(() => {}) : null;
            registry?.register(o, 1);
            "#,
        ),
    ]);
    for _ in 0..20 {
        let (builder, output) = folder.builder::<J, W>();
        let mut runtime = builder.build().unwrap();
        let namespace = runtime.import("./main.js").unwrap();
        let view: sinew::Value<J> = runtime.eval("x", "view").unwrap();
        let modules = runtime.modules().len();
        assert!(modules >= 3, "{modules}");
        drop(runtime);
        // Handles that outlive their runtime are inert.
        drop((namespace.clone(), view));
        drop(namespace);
        assert_eq!(output.text(), "");
    }
    // Never used, and used and failed.
    drop(folder.builder::<J, W>().0.build().unwrap());
    let mut runtime = folder.builder::<J, W>().0.build().unwrap();
    let _ = runtime.import("./none.js").unwrap_err();
}

fn p4_unload_from_inside<J: JsHost, W: WasmEngine>() {
    // Unloading needs the runtime, which is busy while its code runs: the types forbid it.
    fn takes_mut<J: JsHost, W: WasmEngine>(runtime: &mut Runtime<J, W>) {
        assert_eq!(runtime.unload("file:///none.wasm").unwrap(), None);
        assert_eq!(runtime.unload("no url").unwrap(), None);
    }
    takes_mut(&mut Runtime::<J, W>::builder().build().unwrap());
}

fn f3_nothing_outside_the_root<J: JsHost, W: WasmEngine>() {
    let outside = Folder::new(&[
        ("secret.js", "console.log('escaped');"),
        ("secret.wasm", "(module)"),
    ]);
    let folder = Folder::new(&[("sub/in.js", "console.log('inside');"), ("main.js", "")]);
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(outside.path(), folder.path().join("link")).unwrap();
        std::os::unix::fs::symlink(
            outside.path().join("secret.js"),
            folder.path().join("file.js"),
        )
        .unwrap();
        std::os::unix::fs::symlink("sub", folder.path().join("inner")).unwrap();
    }
    let out = outside.path().display().to_string();
    let name = outside
        .path()
        .file_name()
        .unwrap()
        .to_string_lossy()
        .into_owned();
    let specifiers = [
        format!("{out}/secret.js"),
        format!("file://{out}/secret.js"),
        format!("../{name}/secret.js"),
        format!("./../{name}/secret.js"),
        format!("./%2e%2e/{name}/secret.js"),
        format!("./sub/../../{name}/secret.js"),
        "./link/secret.js".into(),
        "./link/secret.wasm".into(),
        "./file.js".into(),
        "../../../../../../../../etc/passwd".into(),
    ];
    let list = format!("{specifiers:?}");
    folder.write(
        "main.js",
        &format!(
            "for (const s of {list}) {{
               for (const how of [() => import(s), async () => __wasm_import(s)]) {{
                 try {{ await how(); console.log('escaped', s); }} catch (e) {{ if (!(e instanceof TypeError)) console.log(s, e.name); }}
               }}
             }}
             await import('./inner/in.js');"
        ),
    );
    let (result, output) = folder.run::<J, W>();
    result.unwrap();
    assert_eq!(output, "inside\n");
}

fn f4_only_regular_files<J: JsHost, W: WasmEngine>() {
    let folder = Folder::new(&[
        ("folder.wasm/x.js", ""),
        ("big.js", &"// padding\n".repeat(1000)),
        (
            "main.js",
            "for (const s of ['./folder.wasm', './big.js', './fifo.wasm']) { try { await import(s); console.log('opened', s); } catch (e) { console.log(e.name); } }",
        ),
    ]);
    #[cfg(unix)]
    assert!(
        std::process::Command::new("mkfifo")
            .arg(folder.path().join("fifo.wasm"))
            .status()
            .unwrap()
            .success()
    );
    let (builder, output) = folder.builder::<J, W>();
    let mut runtime = builder.max_file_bytes(5000).build().unwrap();
    runtime.run_file(folder.path().join("main.js")).unwrap();
    assert_eq!(output.text(), "TypeError\nTypeError\nTypeError\n");
}

fn f5_one_key_for_all_spellings<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[
            (
                "dir/count.wasm",
                r#"(module (global $n (mut i32) (i32.const 0))
                  (func (export "next") (result i32) global.get $n i32.const 1 i32.add global.set $n global.get $n))"#,
            ),
            (
                "main.js",
                r#"
                const base = import.meta.resolve("./dir/count.wasm");
                const spellings = ["./dir/count.wasm", "./dir/./count.wasm", "./dir/../dir/count.wasm", ".//dir/count.wasm", "./dir//count.wasm",
                  "./%64ir/count.wasm", "./dir/count%2Ewasm", "./dir/%63ount.wasm", base, base.replace("dir", "dir/../dir")];
                const all = [];
                for (const s of spellings) { try { all.push((await import(s)).next); } catch (e) { console.log(s, e.message); } }
                console.log(all.length, new Set(all).size, all.at(-1)());
                "#,
            ),
        ],
        "10 1 1",
    );
}

fn externrefs_do_not_pile_up<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[
            (
                "m.wasm",
                r#"(module (func (export "f") (param externref) (result externref) local.get 0))"#,
            ),
            (
                "main.js",
                r#"
                import { f } from "./m.wasm";
                const one = {};
                for (let i = 0; i < 20000; i++) if (f(one) !== one || f(i & 255) !== (i & 255)) throw new Error("lost");
                console.log("ok");
                "#,
            ),
        ],
        "ok",
    );
}
