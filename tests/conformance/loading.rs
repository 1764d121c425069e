//! What is loaded and how: module systems, conditions, import maps, `data:` URLs, import
//! attributes, `import.meta`.

use sinew::{JsHost, ModuleSource, Runtime, Value, WasmEngine};

use crate::fixture::{Folder, prints};

on_every_pair! {
    untyped_modules,
    conditions,
    browser_fields,
    import_maps,
    import_maps_for_wasm,
    integrity,
    data_modules,
    data_without_a_root,
    data_modules_that_are_none,
    long_data_urls,
    text_and_bytes,
    bytes_are_immutable,
    types_are_modules_of_their_own,
    supplied_texts_and_bytes,
    meta_of_files,
    meta_of_data,
    meta_resolve,
}

fn untyped_modules<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[
            ("node_modules/a/package.json", r#"{"main":"./a.js"}"#),
            ("node_modules/a/a.js", "// require('x'), module.exports\nexport const a = typeof require;"),
            ("node_modules/typed/package.json", r#"{"type":"module","exports":"./x.js"}"#),
            ("node_modules/typed/x.js", "globalThis.typed = typeof this + (() => { try { return require('x') } catch { return 'none' } })();"),
            ("effect.js", "globalThis.effect = 'ran';"),
            ("meta.js", "globalThis.meta = import.meta.url.endsWith('meta.js'); // module.exports"),
            ("late.js", "await null; globalThis.late = 'late'; // exports.x"),
            (
                "main.js",
                "import { a } from 'a'; import 'typed'; import './effect.js'; import './meta.js'; import './late.js';
                console.log(a, typed, effect, meta, late);",
            ),
        ],
        "undefined undefinednone ran true late",
    );
}

fn conditions<J: JsHost, W: WasmEngine>() {
    let folder = Folder::new(&[
        (
            "node_modules/p/package.json",
            r#"{"exports":{".":{"node":"./node.js","mine":"./mine.js","browser":"./browser.js","default":"./default.js"}}}"#,
        ),
        ("node_modules/p/node.js", "export default 'node'"),
        ("node_modules/p/mine.js", "export default 'mine'"),
        ("node_modules/p/browser.js", "export default 'browser'"),
        ("node_modules/p/default.js", "export default 'default'"),
    ]);
    for (conditions, expected) in [
        (&[][..], "default"),
        (&["browser"], "browser"),
        (&["browser", "mine"], "mine"),
        (&["node", "import"], "node"),
        (&["", "no such"], "default"),
    ] {
        let builder = folder.builder::<J, W>().0.conditions(conditions);
        let mut runtime: Runtime<J, W> = builder.build().unwrap();
        let module = runtime.import("p").unwrap();
        let found: String = runtime.get(&module, "default").unwrap();
        assert_eq!(found, expected, "{conditions:?}");
    }
}

fn browser_fields<J: JsHost, W: WasmEngine>() {
    let folder = Folder::new(&[
        (
            "node_modules/p/package.json",
            r#"{"type":"module","main":"./p.js","browser":{"./lib/io.js":"./lib/none.js","fs":false}}"#,
        ),
        (
            "node_modules/p/p.js",
            "import fs from 'fs'; import io from './lib/io.js'; export default io + typeof fs;",
        ),
        (
            "node_modules/p/lib/io.js",
            "import 'node:fs'; export default 'io';",
        ),
        ("node_modules/p/lib/none.js", "export default 'none';"),
    ]);
    let import = |conditions| {
        let builder = folder.builder::<J, W>().0.conditions(conditions);
        let mut runtime: Runtime<J, W> = builder.build().unwrap();
        let module = runtime.import("p").map_err(|error| error.to_string())?;
        Ok::<String, String>(runtime.get(&module, "default").unwrap())
    };
    assert_eq!(import(&["browser"]).unwrap(), "noneobject");
    assert!(
        import(&[])
            .unwrap_err()
            .contains("node:fs is built into Node.js")
    );
}

/// Runs `main.js` of these files with the import map `maps/map.json`.
fn run_mapped<J: JsHost, W: WasmEngine>(files: &[(&str, &str)]) -> Result<String, String> {
    let folder = Folder::new(files);
    let (builder, output) = folder.builder::<J, W>();
    let builder = builder.import_map(folder.path().join("maps/map.json"));
    let mut runtime: Runtime<J, W> = builder.build().map_err(|error| error.to_string())?;
    let result = runtime.run_file(folder.path().join("main.js"));
    result.map_err(|error| error.to_string())?;
    Ok(output.text().trim_end().to_owned())
}

fn import_maps<J: JsHost, W: WasmEngine>() {
    let map = (
        "maps/map.json",
        r#"{"imports":{"a":"../lib/a.js","lib/":"../lib/","fs":"../lib/fs.js","inline":"data:text/javascript,export default 'inline'",
            "no":null,"up":"../../up.js"},
            "scopes":{"../lib/":{"a":"../lib/b.js"}}}"#,
    );
    let files = |main| {
        [
            map,
            ("lib/a.js", "import a from 'a'; export default 'a' + a;"),
            ("lib/b.js", "export default 'b';"),
            ("lib/fs.js", "export const readFileSync = 'ours';"),
            ("main.js", main),
        ]
    };
    let main = "import a from 'a'; import b from 'lib/b.js'; import { readFileSync } from 'fs';
        import inline from 'inline';
        console.log(a, b, readFileSync, inline, (await import('lib/b.js')).default,
            import.meta.resolve('lib/none.js').endsWith('/lib/none.js'), import.meta.resolve('inline').slice(0, 5));
        for (const name of ['no', 'up', 'lib/../maps/map.json', 'lib/none.js']) {
            await import(name).then(() => console.log('loaded'), (e) => console.log(e instanceof TypeError));
        }
        try { import.meta.resolve('no') } catch (e) { console.log(e.message.includes('map.json: \"no\": it is null')) }";
    let printed = run_mapped::<J, W>(&files(main)).unwrap();
    assert_eq!(
        printed,
        "ab b ours inline b true data:\ntrue\ntrue\ntrue\ntrue\ntrue"
    );
    let error = run_mapped::<J, W>(&files("import 'no'")).unwrap_err();
    assert!(error.contains("map.json: \"no\": it is null"), "{error}");
    let error = run_mapped::<J, W>(&[("maps/map.json", "{"), ("main.js", "")]).unwrap_err();
    assert!(
        error.contains("map.json: it is not well-formed JSON"),
        "{error}"
    );
    let error = run_mapped::<J, W>(&[("main.js", "")]).unwrap_err();
    assert!(
        error.contains("map.json") && error.contains("not found"),
        "{error}"
    );
}

fn import_maps_for_wasm<J: JsHost, W: WasmEngine>() {
    let wasm = r#"(module (import "env" "n" (func $n (result i32))) (export "n" (func $n)))"#;
    let printed = run_mapped::<J, W>(&[
        ("maps/map.json", r#"{"imports":{"env":"../env.js"}}"#),
        ("env.js", "export const n = () => 7;"),
        ("a.wasm", wasm),
        ("main.js", "import { n } from './a.wasm'; console.log(n());"),
    ]);
    assert_eq!(printed.unwrap(), "7");
}

fn integrity<J: JsHost, W: WasmEngine>() {
    let map = r#"{"integrity":{"../a.js":"sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="}}"#;
    let run = |text| {
        let main = (
            "main.js",
            "globalThis.abc = 1; await import('./a.js'); console.log('loaded');",
        );
        run_mapped::<J, W>(&[("maps/map.json", map), ("a.js", text), main])
    };
    assert_eq!(run("abc").unwrap(), "loaded");
    let error = run("abd").unwrap_err();
    assert!(error.contains("is not its hash"), "{error}");
}

fn data_modules<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[
            ("x.js", "export const x = 'file';"),
            (
                "main.js",
                r##"
                import one, { two } from "data:text/javascript,export default 1; export const two = import.meta.url;";
                import json from "data:application/json;charset=utf-8,[1,{%22a%22:2}]" with { type: "json" };
                import * as wasm from "data:application/wasm;base64,AGFzbQEAAAABBQFgAAF/AwIBAAcFAQFmAAAKBgEEAEEqCw==";
                import source module from "data:application/wasm,%00asm%01%00%00%00";
                import text from "data:,hello%20w%C3%B6rld" with { type: "text" };
                import bytes from "data:;base64,AQID" with { type: "bytes" };
                console.log(one, two, JSON.stringify(json), wasm.f(), String(module), text, bytes.join());
                const same = "data:text/javascript;base64,ZXhwb3J0IGRlZmF1bHQge307";
                console.log((await import(same)).default === (await import(same)).default,
                    (await import(same)).default === (await import(same + "#2")).default);
                const file = import.meta.resolve("./x.js");
                console.log((await import(`data:text/javascript,export * from ${JSON.stringify(file)}`)).x);
                console.log((await import("data:text/javascript,export default 'caf\u00e9 \u{1F600}'")).default);
                console.log((await import("data:text/javascript,\ufeffexport default typeof this")).default);
                "##,
            ),
        ],
        "1 data:text/javascript,export default 1; export const two = import.meta.url; [1,{\"a\":2}] 42 [object WebAssembly.Module] hello wörld 1,2,3\n\
         true false\nfile\ncafé 😀\nundefined",
    );
}

fn data_without_a_root<J: JsHost, W: WasmEngine>() {
    let mut runtime = Runtime::<J, W>::builder().build().unwrap();
    let module = runtime
        .import("data:text/javascript,export default import.meta.resolve('data:,x')")
        .unwrap();
    assert_eq!(
        runtime.get::<String>(&module, "default").unwrap(),
        "data:,x"
    );
    let error = runtime.import("./x.js").unwrap_err();
    assert!(error.message().contains("no import root"), "{error}");
    let error = runtime
        .import("data:text/javascript,import 'file:///etc/passwd'")
        .unwrap_err();
    assert!(error.message().contains("no import root"), "{error}");
}

fn data_modules_that_are_none<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[
            ("x.js", ""),
            ("node_modules/p/index.js", "export {}"),
            (
                "main.js",
                r#"
                const urls = ["data:text/javascript", "data:text/javascript;base64,*", "data:text/plain,1", "data:,1",
                    "data:text/typescript,1", "data:application/json,1", "data:application/wasm,1",
                    "data:text/javascript,import './x.js'", "data:text/javascript,import '/x.js'",
                    "data:text/javascript,import 'p'", "data:text/javascript,import '%23x'",
                    "data:text/javascript,let let", "data:text/javascript,import 'file:///etc/passwd'"];
                for (const url of urls) {
                  await import(url).then(() => console.log("loaded", url), (e) => console.log(e.name));
                }
                for (const url of ["data:text/javascript,1", "data:application/json,{"]) {
                  await import(url, { with: { type: "json" } }).then(() => console.log("loaded", url), (e) => console.log(e.name));
                }
                await import("data:text/javascript,let let").catch((e) => console.log(e.name));
                "#,
            ),
        ],
        "TypeError\nTypeError\nTypeError\nTypeError\nTypeError\nTypeError\nCompileError\nTypeError\nTypeError\n\
         TypeError\nTypeError\nSyntaxError\nTypeError\nTypeError\nSyntaxError\nSyntaxError",
    );
}

fn long_data_urls<J: JsHost, W: WasmEngine>() {
    let folder = Folder::new(&[(
        "main.js",
        r#"
        const long = "data:text/javascript,/*" + "x".repeat(300000) + "*/ export const { url, resolve } = import.meta; export const stack = new Error().stack;";
        const module = await import(long);
        console.log(module.url === long, module === await import(long), module.stack.length < 1000, module.resolve(long) === long);
        const other = await import(long + " ");
        console.log(other !== await import(long + "1"), module === await import(long));
        const bytes = "data:;base64," + "AAAA".repeat(100000);
        console.log((await import(bytes, { with: { type: "bytes" } })).default.length);
        // The name of a long one means nothing.
        await import("data <0>:text/javascript,/*xxx...").catch((e) => console.log(e.name));
        "#,
    )]);
    let (builder, output) = folder.builder::<J, W>();
    let mut runtime: Runtime<J, W> = builder.max_file_bytes(500_000).build().unwrap();
    runtime.run_file(folder.path().join("main.js")).unwrap();
    let expected = "true true true true\ntrue true\n300000\nTypeError\n";
    assert_eq!(output.text(), expected);
    let too_long = format!("data:text/javascript,{}", "1".repeat(500_001));
    let error = runtime.import(&too_long).unwrap_err();
    assert!(error.message().contains("larger than 500000 bytes"));
    let wrong = format!("data:text/none,{}", "1".repeat(100_000));
    let error = runtime.import(&wrong).unwrap_err();
    assert!(error.message().len() < 500, "{}", error.message().len());
}

fn text_and_bytes<J: JsHost, W: WasmEngine>() {
    let folder = Folder::new(&[
        (
            "main.js",
            r#"
            import html from "./page.html" with { type: "text" };
            import text from "./bad.bin" with { type: "text" };
            import bytes from "./bad.bin" with { type: "bytes" };
            import source from "./main.js" with { type: "text" };
            import wasm from "./a.wasm" with { type: "bytes" };
            import empty from "./empty" with { type: "bytes" };
            import * as all from "./page.html" with { type: "text" };
            console.log(html, text === "a\ufffd\ufffdb", bytes.join(), Object.keys(all).join());
            console.log(source.includes("import html"), empty.length, bytes instanceof Uint8Array);
            console.log((await WebAssembly.instantiate(wasm)).instance.exports.f());
            const again = await import("./bad.bin", { with: { type: "bytes" } });
            console.log(again.default === bytes);
            for (const type of ["bytes", "text"]) {
              await import("./none", { with: { type } }).catch((e) => console.log(e.name, e.code));
            }
            await import("./page.html").catch((e) => console.log(e.message.includes('{ type: "text" }')));
            await import("./page.html", { with: { type: "css" } }).catch((e) => console.log(e.name));
            await import("./page.html", { with: { encoding: "x" } }).catch((e) => console.log(e.name));
            "#,
        ),
        ("page.html", "\u{feff}<p>"),
        (
            "a.wasm",
            r#"(module (func (export "f") (result i32) i32.const 5))"#,
        ),
        ("empty", ""),
    ]);
    folder.write_bytes("bad.bin", b"a\xff\xc0b");
    let (result, output) = folder.run::<J, W>();
    result.unwrap();
    let expected = "<p> true 97,255,192,98 default\ntrue 0 true\n5\ntrue\n\
        TypeError ERR_MODULE_NOT_FOUND\nTypeError ERR_MODULE_NOT_FOUND\ntrue\nTypeError\nSyntaxError\n";
    assert_eq!(output, expected);
}

fn bytes_are_immutable<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[
            ("data", "ab"),
            (
                "main.js",
                r#"
                const can = "transferToImmutable" in ArrayBuffer.prototype;
                if (can) ArrayBuffer.prototype.transferToImmutable = () => { throw "patched"; };
                globalThis.Uint8Array = null;
                const { default: bytes } = await import("./data", { with: { type: "bytes" } });
                try { bytes[0] = 1; } catch {}
                console.log(bytes[0] === (can ? 97 : 1), bytes.buffer.immutable === (can || undefined), bytes.byteLength);
                "#,
            ),
        ],
        "true true 2",
    );
}

fn types_are_modules_of_their_own<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[
            ("a.json", r#"{"a":1}"#),
            ("a.js", "export default 'ran';"),
            (
                "main.js",
                r#"
                import json from "./a.json" with { type: "json" };
                import text from "./a.json" with { type: "text" };
                import bytes from "./a.json" with { type: "bytes" };
                import ran from "./a.js";
                import code from "./a.js" with { type: "text" };
                console.log(json.a, text, bytes.length, ran, code);
                await import("./a.json").catch((e) => console.log(e.message.includes('{ type: "json" }')));
                await import("./a.js", { with: { type: "json" } }).catch((e) => console.log(e.name));
                "#,
            ),
        ],
        "1 {\"a\":1} 7 ran export default 'ran';\ntrue\nTypeError",
    );
}

fn supplied_texts_and_bytes<J: JsHost, W: WasmEngine>() {
    let builder = Runtime::<J, W>::builder()
        .function("host", "f", || 1)
        .load_hook(|specifier, _| match specifier {
            "text" => Some(ModuleSource::Text("t".to_owned())),
            "bytes" => Some(ModuleSource::Bytes([1, 2][..].into())),
            "json" => Some(ModuleSource::Json("[3]".to_owned())),
            "code" => Some(ModuleSource::JavaScript(
                "export default import.meta.url".to_owned(),
            )),
            _ => None,
        });
    let mut runtime = builder.build().unwrap();
    let main = r#"
        import text from "text" with { type: "text" };
        import bytes from "bytes" with { type: "bytes" };
        import json from "json" with { type: "json" };
        import code from "code";
        const log = [text, bytes.join(), json[0], code, import.meta.resolve("code")];
        for (const [name, type] of [["code", "text"], ["code", "json"], ["text", "bytes"], ["host", "json"]]) {
          await import(name, { with: { type } }).catch((e) => log.push(e.name));
        }
        for (const name of ["text", "bytes"]) await import(name).catch((e) => log.push(e.name));
        export default log.join(" ");"#;
    let main: Value<J> = runtime
        .import(&format!(
            "data:text/javascript,{}",
            main.replace('#', "%23")
        ))
        .unwrap();
    assert_eq!(
        runtime.get::<String>(&main, "default").unwrap(),
        "t 1,2 3 code code TypeError TypeError TypeError TypeError TypeError TypeError"
    );
}

fn meta_of_files<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[
            (
                "sub dir/m.js",
                "export const meta = import.meta; export const again = () => import.meta;",
            ),
            (
                "main.js",
                r#"
                import { meta, again } from "./sub dir/m.js?q#f";
                const { resolve, url, dirname, filename } = meta;
                console.log(url.endsWith("/sub%20dir/m.js?q#f"), dirname.endsWith("/sub dir"), filename === dirname + "/m.js");
                console.log(meta === again(), Object.isExtensible(meta), resolve.name, resolve.length, "prototype" in resolve);
                const shapes = Object.values(Object.getOwnPropertyDescriptors(meta));
                console.log(shapes.every((p) => p.writable && p.enumerable && p.configurable));
                console.log(import.meta.main, meta.main, resolve === import.meta.resolve);
                // Each function belongs to its module, whoever calls it.
                console.log(resolve("./x").endsWith("/sub%20dir/x"), import.meta.resolve.call(meta, "./x").endsWith("dir/x"));
                meta.added = 1;
                console.log(again().added);
                "#,
            ),
        ],
        "true true true\ntrue true resolve 1 false\ntrue\ntrue false false\ntrue false\n1",
    );
}

fn meta_of_data<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[(
            "main.js",
            r#"
            const { meta } = await import("data:text/javascript,export const meta = import.meta");
            console.log(Object.keys(meta).join(), meta.url, meta.main, meta.resolve("https://x/y"));
            for (const s of ["./x", "x", "/x", "?x"]) {
              try { console.log(meta.resolve(s)); } catch (e) { console.log(e.name, e.code); }
            }
            "#,
        )],
        "main,resolve,url data:text/javascript,export const meta = import.meta false https://x/y\n\
         TypeError ERR_INVALID_MODULE_SPECIFIER\nTypeError ERR_INVALID_MODULE_SPECIFIER\n\
         TypeError ERR_INVALID_MODULE_SPECIFIER\nTypeError ERR_INVALID_MODULE_SPECIFIER",
    );
}

fn meta_resolve<J: JsHost, W: WasmEngine>() {
    prints::<J, W>(
        &[
            (
                "node_modules/p/package.json",
                r#"{"exports":{".":"./p.js","./no":null}}"#,
            ),
            ("node_modules/p/p.js", "export {}"),
            (
                "main.js",
                r#"
                const { resolve } = import.meta;
                const base = import.meta.url.replace(/main\.js$/, "");
                const show = (...args) => {
                  try { return resolve(...args).replace(base, "BASE/"); } catch (e) { return e.name + " " + e.code; }
                };
                for (const s of ["./none.js?x#y", "/none", "p", "p/no", "none", "fs", "node:fs", "https://x", "", "./a\0",
                    "data:,x", { toString: () => "./o" }, undefined, Symbol()]) console.log(show(s));
                console.log(show(), typeof show("../../../../../../up.js"));
                "#,
            ),
        ],
        "BASE/none.js?x#y\nfile:///none\nBASE/node_modules/p/p.js\nTypeError ERR_PACKAGE_PATH_NOT_EXPORTED\n\
         TypeError ERR_MODULE_NOT_FOUND\nnode:fs\nnode:fs\nhttps://x/\nTypeError ERR_INVALID_MODULE_SPECIFIER\n\
         TypeError ERR_INVALID_MODULE_SPECIFIER\ndata:,x\nBASE/o\nTypeError ERR_MODULE_NOT_FOUND\nTypeError undefined\n\
         TypeError ERR_MODULE_NOT_FOUND string",
    );
}
