//! Specifiers, maps and URLs that nobody writes who means well.

use sinew::{JsHost, Runtime, WasmEngine};

use crate::fixture::{Folder, prints};

on_every_pair! {
    maps_in_circles,
    the_entry_is_not_mapped,
    a_map_needs_a_root,
    nested_data,
    many_data_modules,
    odd_attributes,
    resolve_from_anywhere,
    resolve_with_user_code,
    patched_prototypes,
    packages_of_an_attacker,
}

fn with_map<J: JsHost, W: WasmEngine>(map: &str, files: &[(&str, &str)]) -> String {
    let folder = Folder::new(files);
    folder.write("map.json", map);
    let (builder, output) = folder.builder::<J, W>();
    let builder = builder.import_map(folder.path().join("map.json"));
    let mut runtime: Runtime<J, W> = builder.build().unwrap();
    let result = runtime.run_file(folder.path().join("main.js"));
    result.unwrap();
    output.text().trim_end().to_owned()
}

/// What a map leads to is not looked up again.
fn maps_in_circles<J: JsHost, W: WasmEngine>() {
    let map = r#"{"imports":{"./a.js":"./b.js","./b.js":"./a.js","c":"./c.js","./c.js":"./c.js","d/":"./d/","./d/":"./d/d/"}}"#;
    let printed = with_map::<J, W>(
        map,
        &[
            ("a.js", "export default 'a'; export const self = import.meta.url;"),
            ("b.js", "export default 'b'; export { default as other } from './a.js';"),
            ("c.js", "export { default } from './b.js';"),
            ("d/x.js", "export default 'd';"),
            ("d/d/x.js", "export default 'dd';"),
            (
                "main.js",
                "import a from './a.js'; import b, { self } from './b.js'; import c from 'c'; import { other } from './a.js';
                import d from 'd/x.js'; import dd from './d/x.js';
                console.log(a, b, c, other, self.endsWith('/a.js'), d, dd);",
            ),
        ],
    );
    assert_eq!(printed, "b a a b true d dd");
}

fn the_entry_is_not_mapped<J: JsHost, W: WasmEngine>() {
    let printed = with_map::<J, W>(
        r#"{"imports":{"./main.js":"./other.js"}}"#,
        &[
            (
                "main.js",
                "import x from './main.js'; console.log('main', x);",
            ),
            ("other.js", "export default 'other'"),
        ],
    );
    assert_eq!(printed, "main other");
}

fn a_map_needs_a_root<J: JsHost, W: WasmEngine>() {
    let error = Runtime::<J, W>::builder().import_map("map.json").build();
    assert!(error.is_err_and(|error| error.message().contains("needs an import root")));
}

fn nested_data<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[(
            "main.js",
            r#"
            let url = "data:text/javascript,export default 'innermost'";
            for (let i = 0; i < 12; i++) url = "data:text/javascript," + encodeURIComponent(`export { default } from ${JSON.stringify(url)}`);
            console.log((await import(url)).default, url.length > 1000);
            "#,
        )],
        "innermost true",
    );
}

fn many_data_modules<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[(
            "main.js",
            r#"
            const padding = "x".repeat(2000);
            let sum = 0;
            for (let i = 0; i < 200; i++) {
              sum += (await import(`data:text/javascript,export default ${i}`)).default;
              sum += (await import(`data:text/javascript,export default ${i} //${padding}`)).default;
            }
            console.log(sum);
            "#,
        )],
        "39800",
    );
}

fn odd_attributes<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[
            ("a.txt", "text"),
            (
                "main.js",
                r#"
                const log = [];
                const options = (type) => ({ with: { type } });
                for (const type of ["", "TEXT", "text ", "javascript", "wasm", "__proto__", "bytes:", 1, null, undefined, {}]) {
                  await import("./a.txt", options(type)).then(() => log.push("loaded"), (e) => log.push(e.name));
                }
                for (const more of [{ with: { type: "text", more: "x" } }, { with: {} }, { with: 1 }, 1]) {
                  await import("./a.txt", more).then(() => log.push("loaded"), (e) => log.push(e.name));
                }
                const once = { get with() { log.push("with"); return { get type() { log.push("type"); return "text"; } }; } };
                log.push((await import("./a.txt", once)).default);
                console.log(log.join(" "));
                "#,
            ),
        ],
        "TypeError TypeError TypeError TypeError TypeError TypeError TypeError TypeError TypeError TypeError TypeError \
         SyntaxError TypeError TypeError TypeError with type text",
    );
}

fn resolve_from_anywhere<J: JsHost, W: WasmEngine>() {
    let folder = Folder::new(&[
        (
            "a.js",
            "globalThis.resolve = import.meta.resolve; export {};",
        ),
        (
            "sub/main.js",
            "export const late = () => resolve('./x.js');",
        ),
    ]);
    let mut runtime = folder.builder::<J, W>().0.build().unwrap();
    runtime.import("./a.js").unwrap();
    let module = runtime.import("./sub/main.js").unwrap();
    let late = runtime.get(&module, "late").unwrap();
    let found: String = runtime.call(&late, ()).unwrap();
    assert!(
        found.ends_with("/x.js") && !found.contains("/sub/"),
        "{found}"
    );
    // After its module was unloaded it still knows where that was.
    let url = found.replace("/x.js", "/a.js");
    runtime.unload(&url).unwrap().unwrap();
    assert_eq!(runtime.call::<String>(&late, ()).unwrap(), found);
    // Names of scripts are no folders.
    for name in ["script.js", "data <0>:x", "data:x", "json:x", "host:x", ""] {
        let script = "globalThis.done = import('./none.js').catch((e) => e.name)";
        runtime.eval::<sinew::Value<J>>(name, script).unwrap();
        runtime.run().unwrap();
    }
}

fn resolve_with_user_code<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[(
            "main.js",
            r#"
            const { resolve } = import.meta;
            let depth = 0;
            const nested = () => ({ toString() { return ++depth < 5 ? resolve(nested()) : "./deep.js"; } });
            console.log(resolve(nested()).endsWith("/deep.js"), depth);
            try { resolve({ toString() { throw "thrown"; } }); } catch (e) { console.log(e); }
            try { new resolve("x"); } catch (e) { console.log(e.name); }
            console.log(resolve("./" + "x/".repeat(1000) + "y").length > 2000);
            for (const s of ["x/".repeat(40000), "./" + "x".repeat(70000), "\ud800", "./\ud800", "//host/x", "file://host/x", "file:x", "c:/x", "blob:x"]) {
              try { console.log(typeof resolve(s)); } catch (e) { console.log(e.name); }
            }
            "#,
        )],
        "true 5\nthrown\nTypeError\ntrue\nTypeError\nTypeError\nTypeError\nstring\nTypeError\nTypeError\nstring\nTypeError\nstring",
    );
}

fn patched_prototypes<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[
            ("a.json", "[1]"),
            (
                "main.js",
                r#"
                const { log } = console;
                for (const object of [Object.prototype, Array.prototype, String.prototype, Function.prototype, Promise.prototype]) {
                  for (const name of ["code", "type", "with", "url", "resolve", "main", "value", "0", "get"]) {
                    try { Object.defineProperty(object, name, { set() { throw "patched"; }, get() { throw "patched"; }, configurable: true }); } catch {}
                  }
                }
                Uint8Array.from = ArrayBuffer.prototype.slice = JSON.parse = () => { throw "patched"; };
                const text = await import("./a.json", { with: { __proto__: null, type: "text" } });
                const json = await import("./a.json", { with: { __proto__: null, type: "json" } });
                const bytes = await import("./a.json", { with: { __proto__: null, type: "bytes" } });
                log(text.default, json.default[0], bytes.default.byteLength);
                await import("none", { __proto__: null }).catch((e) => log(e.code));
                log(Object.keys((await import("data:text/javascript,export const meta = import.meta", { __proto__: null })).meta).join());
                "#,
            ),
        ],
        "[1] 1 3\nERR_MODULE_NOT_FOUND\nmain,resolve,url",
    );
}

fn packages_of_an_attacker<J: JsHost, W: WasmEngine>() {
    let long = "x".repeat(100_000);
    let name = format!(r#"{{"name":"{long}","version":"{long}","main":"x.js","module":"{long}"}}"#);
    let types =
        r#"{"name":["x"],"version":{},"type":["module"],"module":7,"main":"x.js","browser":7}"#;
    for package in [&name, types] {
        let folder = Folder::new(&[
            ("main.js", "import 'p'"),
            ("node_modules/p/package.json", package),
            ("node_modules/p/x.js", "module.exports = 1"),
        ]);
        let error = folder.run::<J, W>().0.unwrap_err();
        assert!(error.message().contains("is CommonJS"), "{error}");
        assert!(error.message().len() < 2000, "{}", error.message().len());
    }
}
