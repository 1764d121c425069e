//! HAZARDS X7: names that mean something elsewhere.

use sinew::{JsHost, WasmEngine};

use crate::fixture::prints;

on_every_pair! {
    x7_names_on_every_surface,
}

fn x7_names_on_every_surface<J: JsHost, W: WasmEngine>() {
    const NAMES: &[&str] = &[
        "",
        " ",
        "\0",
        "a\0b",
        "__proto__",
        "constructor",
        "prototype",
        "then",
        "toString",
        "valueOf",
        "hasOwnProperty",
        "__defineGetter__",
        "0",
        "1",
        "-1",
        "4294967295",
        "4294967294",
        "1e3",
        "NaN",
        "length",
        "name",
        "default",
        "class",
        "await",
        "let",
        "eval",
        "arguments",
        "import",
        "a.b",
        "a/b",
        "../x",
        "\"",
        "'",
        "\\",
        "\n",
        "\u{2028}",
        "é",
        "e\u{301}",
        "😀",
        "\u{feff}",
        "\u{fffd}",
        "Symbol(Symbol.iterator)",
        "*",
        "//",
        "${x}",
        "`",
    ];
    // A module that exports a function under each name, imports one from each, and has a custom section of each.
    let long = "x".repeat(100_000);
    let names: Vec<&str> = NAMES.iter().copied().chain([&*long]).collect();
    let quote = |name: &str| -> String {
        let bytes = name.bytes();
        bytes.map(|byte| format!("\\{byte:02x}")).collect()
    };
    let exports: String = names
        .iter()
        .map(|name| format!("(export \"{}\" (func $f))", quote(name)))
        .collect();
    let imports: String = names
        .iter()
        .map(|name| format!("(import \"{0}\" \"{0}\" (global i32))", quote(name)))
        .collect();
    let customs: String = names
        .iter()
        .map(|name| format!("(@custom \"{}\" \"!\")", quote(name)))
        .collect();
    let exporting = format!("(module (func $f (result i32) i32.const 5) {exports})");
    let importing = format!("(module {imports} {customs})");
    let list = serde_json::to_string(&names).unwrap();
    let main = format!(
        r#"
        const names = {list}, wrong = [];
        const expect = (what, is) => {{ if (!is) wrong.push(what); }};
        const bytes = (list) => new WebAssembly.Module(new Uint8Array(list));
        const exporting = bytes({exporting:?}), importing = bytes({importing:?});
        const {{ exports }} = new WebAssembly.Instance(exporting);
        const listed = WebAssembly.Module.exports(exporting), wanted = WebAssembly.Module.imports(importing);
        const order = names.filter((n) => String(n >>> 0) === n && n !== "4294967295").sort((a, b) => a - b).concat(names.filter((n) => String(n >>> 0) !== n || n === "4294967295"));
        expect("keys", Reflect.ownKeys(exports).join("|") === order.join("|"));
        const importObject = {{ __proto__: null }};
        names.forEach((name, i) => {{
          expect("export " + name, exports[name]?.() === 5 && Object.getOwnPropertyDescriptor(exports, name).enumerable);
          expect("listed " + name, listed[i].name === name && listed[i].kind === "function");
          expect("wanted " + name, wanted[i].module === name && wanted[i].name === name && wanted[i].kind === "global");
          expect("custom " + name, WebAssembly.Module.customSections(importing, name).length === 1);
          Object.defineProperty(importObject, name, {{ value: Object.defineProperty({{ __proto__: null }}, name, {{ value: i }}) }});
        }});
        new WebAssembly.Instance(importing, importObject);
        const one = Object.defineProperty({{ __proto__: null }}, "then", {{ get() {{ throw new RangeError("then"); }} }});
        try {{ new WebAssembly.Instance(importing, {{ ...importObject, "": 5 }}); wrong.push("linked"); }} catch (e) {{ expect("missing", e instanceof TypeError); }}
        // A DOMString: what is no well-formed text names nothing, not the section of the replacement character.
        expect("surrogate", WebAssembly.Module.customSections(importing, "\ud800").length === 0);
        expect("resolved", (await WebAssembly.instantiate(exporting)).exports.then() === 5);
        console.log(wrong.length, wrong.map((w) => JSON.stringify(w.slice(0, 30))).join());
        "#,
        exporting = wat::parse_str(&exporting).unwrap(),
        importing = wat::parse_str(&importing).unwrap(),
    );
    prints::<J, W>(&[("main.js", &main)], "0 ");
}
