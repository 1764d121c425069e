//! [`WebAssemblyCompileOptions`](https://webassembly.github.io/spec/js-api/#dictdef-webassemblycompileoptions):
//! how they are read, and what they refuse.

use sinew::{JsHost, WasmEngine};

use crate::program::{needs, passes};

on_every_pair! {
    names_of_sets,
    options_are_converted,
    getters_in_order,
    types_must_be_exact,
    types_that_need_references,
    types_of_groups,
    types_of_arrays,
    hidden_from_module_imports,
    names_outside_the_set,
    string_constants,
    string_constants_are_constants_of_externref,
    non_null_string_constants,
    every_way_to_compile,
}

const LENGTH: &str = r#"(module (import "wasm:js-string" "length" (func $length (param externref) (result i32)))
  (func (export "length") (param externref) (result i32) local.get 0 call $length))"#;

/// All ways to compile agree.
const AGREE: &str = r#"
async function agree(name, options, accepted) {
  eq(WebAssembly.validate(bytes[name], options), accepted, `${name}: validate`);
  if (accepted) {
    compile(name, options); eq(await WebAssembly.compile(bytes[name], options) instanceof WebAssembly.Module, true);
  } else {
    throws(() => compile(name, options), WebAssembly.CompileError);
    await rejects(WebAssembly.compile(bytes[name], options), WebAssembly.CompileError);
    await rejects(WebAssembly.instantiate(bytes[name], {}, options), WebAssembly.CompileError);
  }
}
"#;

fn names_of_sets<J: JsHost, W: WasmEngine>() {
    let source = format!(
        r#"{AGREE}
        for (const name of ["length", "empty"]) {{
          for (const builtins of [[], ["js-string"], ["nothing"], ["js-string", "nothing"], ["JS-STRING"], [""], ["wasm:js-string"], ["js-string", "js-string "]]) await agree(name, {{ builtins }}, true);
          for (const builtins of [["js-string", "js-string"], ["nothing", "js-string", "nothing"], ["", ""], [null, "null"], [undefined, "undefined"], [1, "1"]]) await agree(name, {{ builtins }}, false);
          await agree(name, undefined, true); await agree(name, null, true); await agree(name, {{}}, true);
        }}
        throws(() => compile("length", {{ builtins: ["a", "a"] }}), WebAssembly.CompileError, '"a"');
        // Only the set that is named is supplied.
        for (const builtins of [[], ["nothing"], ["wasm:js-string"], ["JS-STRING"]]) {{
          throws(() => instance("length", {{}}, {{ builtins }}), TypeError); eq(instance("length", {{ "wasm:js-string": {{ length: () => 99 }} }}, {{ builtins }}).length("a"), 99);
        }}
        "#
    );
    passes::<J, W>(&[("length", LENGTH), ("empty", "(module)")], &source);
}

fn options_are_converted<J: JsHost, W: WasmEngine>() {
    passes::<J, W>(
        &[
            ("length", LENGTH),
            (
                "bad",
                "(module (import \"m\" \"f\" (func (param i32 i32 i32))))",
            ),
        ],
        r#"
        const calls = (options) => [() => WebAssembly.validate(bytes.length, options), () => compile("length", options)];
        const promises = (options) => [WebAssembly.compile(bytes.length, options), WebAssembly.instantiate(bytes.length, {}, options)];
        for (const options of [1, "text", true, 5n, Symbol(), { builtins: 5 }, { builtins: null }, { builtins: "js-string" }, { builtins: {} }, { builtins: [Symbol()] }, { importedStringConstants: Symbol() }]) {
          for (const call of calls(options)) throws(call, TypeError);
          for (const promise of promises(options)) await rejects(promise, TypeError);
        }
        const value = {};
        const thrower = { toString() { throw value; } };
        for (const options of [{ builtins: [thrower] }, { importedStringConstants: thrower }, { get builtins() { throw value; } }, { get importedStringConstants() { throw value; } }, { builtins: { *[Symbol.iterator]() { throw value; } } }, new Proxy({}, { get() { throw value; } })]) {
          for (const call of calls(options)) eq(thrown(call), value);
          for (const promise of promises(options)) eq(await promise.catch((e) => e), value);
        }
        // Functions are objects; anything iterable is a sequence, and its elements become strings.
        const set = new Set([Object("js-string")]);
        for (const options of [{ builtins: set }, Object.assign(() => {}, { builtins: [{ toString: () => "js-string" }] }), Object.create({ builtins: ["js-string"] })]) eq(instance("length", {}, options).length("abc"), 3);
        compile("bad", { importedStringConstants: undefined, builtins: undefined }); compile("bad", { importedStringConstants: null });
        throws(() => compile("bad", { importedStringConstants: "m" }), WebAssembly.CompileError, '"f"');
        "#,
    );
}

fn getters_in_order<J: JsHost, W: WasmEngine>() {
    passes::<J, W>(
        &[("length", LENGTH)],
        r#"
        const { record, take, log } = recorder();
        const names = { *[Symbol.iterator]() { log.push("iterate"); yield { toString() { log.push("name"); return "js-string"; } }; log.push("end"); } };
        const options = () => record({ importedStringConstants: { toString() { log.push("constants"); return "'"; } }, builtins: names });
        const order = "builtins iterate name end importedStringConstants constants";
        WebAssembly.validate(bytes.length, options()); eq(take(), order);
        compile("length", options()); eq(take(), order);
        const newTarget = new Proxy(WebAssembly.Module, { get(target, name) { log.push("new.target." + String(name)); return Reflect.get(target, name); } });
        Reflect.construct(WebAssembly.Module, [bytes.length, options()], newTarget); eq(take(), order + " new.target.prototype");
        const compiled = WebAssembly.compile(bytes.length, options()); eq(take(), order); await compiled;
        const imports = { get "'"() { log.push("import"); } };
        const instantiated = WebAssembly.instantiate(bytes.length, imports, options()); eq(take(), order); await instantiated; eq(take(), "");
        // The first that throws is the last that is read; wrong bytes come before all of it.
        const value = {};
        eq(thrown(() => WebAssembly.validate(bytes.length, { get builtins() { log.push("builtins"); throw value; }, get importedStringConstants() { log.push("constants"); } })), value);
        eq(take(), "builtins");
        throws(() => WebAssembly.validate({}, options()), TypeError); throws(() => new WebAssembly.Module(undefined, options()), TypeError);
        throws(() => WebAssembly.validate(), TypeError); eq(take(), "");
        await rejects(WebAssembly.compile(5, options()), TypeError); await rejects(WebAssembly.instantiate(5, {}, options()), TypeError);
        await rejects(WebAssembly.instantiate(bytes.length, 5, options()), TypeError); eq(take(), "");
        // With a Module there are no options to be read.
        await WebAssembly.instantiate(compile("length", { builtins: ["js-string"] }), {}, options()); eq(take(), "");
        "#,
    );
}

fn types_must_be_exact<J: JsHost, W: WasmEngine>() {
    let import = |ty: &str| format!("(module (import \"wasm:js-string\" \"length\" {ty}))");
    let wrong = [
        "(func)",
        "(func (param externref))",
        "(func (result i32))",
        "(func (param externref) (result i64))",
        "(func (param externref externref) (result i32))",
        "(func (param funcref) (result i32))",
        "(func (param externref) (result i32 i32))",
        "(func (param i32) (result i32))",
        "(global externref)",
        "(global i32)",
        "(memory 1)",
        "(table 1 funcref)",
    ];
    let modules: Vec<(String, String)> = wrong
        .iter()
        .enumerate()
        .map(|(at, ty)| (format!("m{at}"), import(ty)))
        .collect();
    let mut modules: Vec<(&str, &str)> = modules
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    modules.push(("length", LENGTH));
    let source = format!(
        r#"{AGREE}
        for (const name of Object.keys(bytes)) {{
          await agree(name, {{ builtins: ["js-string"] }}, name === "length"); await agree(name, {{ builtins: ["other"] }}, true); await agree(name, {{}}, true);
        }}
        const e = throws(() => compile("m0", {{ builtins: ["js-string"] }}), WebAssembly.CompileError, "length");
        eq(e.message.includes("(externref) -> (i32)"), true, e.message);
        "#
    );
    passes::<J, W>(&modules, &source);
}

fn types_that_need_references<J: JsHost, W: WasmEngine>() {
    let source = format!(
        r#"{AGREE}
        const accepted = ["cast", "fromCodePoint", "fromCodePointNull"];
        for (const name of Object.keys(bytes)) await agree(name, {{ builtins: ["js-string"] }}, accepted.includes(name));
        "#
    );
    needs::<J, W>(
        "typed function references",
        &[
            (
                "cast",
                r#"(module (import "wasm:js-string" "cast" (func (param externref) (result (ref extern)))))"#,
            ),
            (
                "castParameter",
                r#"(module (import "wasm:js-string" "cast" (func (param (ref extern)) (result (ref extern)))))"#,
            ),
            (
                "castResult",
                r#"(module (import "wasm:js-string" "cast" (func (param externref) (result externref)))
                  (import "m" "f" (func (param (ref func)))))"#,
            ),
            (
                "lengthParameter",
                r#"(module (import "wasm:js-string" "length" (func (param (ref extern)) (result i32))))"#,
            ),
            (
                "concat",
                r#"(module (import "wasm:js-string" "concat" (func (param externref (ref extern)) (result (ref extern)))))"#,
            ),
            // The text of the specification and its tests differ; both are taken.
            (
                "fromCodePoint",
                r#"(module (import "wasm:js-string" "fromCodePoint" (func (param i32) (result (ref extern)))))"#,
            ),
            (
                "fromCodePointNull",
                r#"(module (import "wasm:js-string" "fromCodePoint" (func (param i32) (result externref))) (import "m" "f" (func (param (ref func)))))"#,
            ),
        ],
        &source,
    );
}

fn types_of_groups<J: JsHost, W: WasmEngine>() {
    let source = format!(
        r#"{AGREE}
        for (const name of Object.keys(bytes)) await agree(name, {{ builtins: ["js-string"] }}, name.startsWith("ok"));
        "#
    );
    needs::<J, W>(
        "garbage collection",
        &[
            (
                "open",
                r#"(module (type $f (sub (func (param externref) (result i32)))) (import "wasm:js-string" "length" (func (type $f))))"#,
            ),
            (
                "grouped",
                r#"(module (rec (type $f (func (param externref) (result i32))) (type $g (func))) (import "wasm:js-string" "length" (func (type $f))))"#,
            ),
            (
                "second",
                r#"(module (rec (type $g (struct)) (type $f (func (param externref) (result i32)))) (import "wasm:js-string" "length" (func (type $f))))"#,
            ),
            (
                "subtype",
                r#"(module (type $open (sub (func (param externref) (result i32)))) (type $f (sub final $open (func (param externref) (result i32)))) (import "wasm:js-string" "length" (func (type $f))))"#,
            ),
            (
                "okAlone",
                r#"(module (type $other (struct)) (rec (type $f (func (param externref) (result i32)))) (import "wasm:js-string" "length" (func (type $f))))"#,
            ),
        ],
        &source,
    );
}

fn types_of_arrays<J: JsHost, W: WasmEngine>() {
    let import = |array: &str, param: &str| {
        format!(
            "(module {array} (import \"wasm:js-string\" \"intoCharCodeArray\" (func (param externref {param} i32) (result i32))))"
        )
    };
    let modules = [
        ("ok", "(type $a (array (mut i16)))", "(ref null $a)"),
        (
            "okRec",
            "(rec (type $a (array (mut i16))))",
            "(ref null $a)",
        ),
        ("nonNull", "(type $a (array (mut i16)))", "(ref $a)"),
        ("immutable", "(type $a (array i16))", "(ref null $a)"),
        ("bytes", "(type $a (array (mut i8)))", "(ref null $a)"),
        ("words", "(type $a (array (mut i32)))", "(ref null $a)"),
        ("open", "(type $a (sub (array (mut i16))))", "(ref null $a)"),
        (
            "grouped",
            "(rec (type $a (array (mut i16))) (type $b (struct)))",
            "(ref null $a)",
        ),
        (
            "struct",
            "(type $a (struct (field (mut i16))))",
            "(ref null $a)",
        ),
        ("any", "", "arrayref"),
        ("number", "(type $s (struct))", "i32"),
    ];
    let modules: Vec<(&str, String)> = modules
        .into_iter()
        .map(|(name, array, param)| (name, import(array, param)))
        .collect();
    let modules: Vec<(&str, &str)> = modules
        .iter()
        .map(|(name, text)| (*name, text.as_str()))
        .collect();
    let source = format!(
        r#"{AGREE}
        for (const name of Object.keys(bytes)) await agree(name, {{ builtins: ["js-string"] }}, name.startsWith("ok"));
        "#
    );
    needs::<J, W>("garbage collection", &modules, &source);
}

fn hidden_from_module_imports<J: JsHost, W: WasmEngine>() {
    passes::<J, W>(
        &[(
            "m",
            r#"(module (import "a" "f" (func)) (import "wasm:js-string" "length" (func (param externref) (result i32))) (import "'" "text" (global externref))
              (import "wasm:js-string" "unknown" (func)) (import "wasm:text" "length" (func)) (import "b" "length" (global i32)))"#,
        )],
        r#"
        const names = (...options) => WebAssembly.Module.imports(compile("m", ...options)).map((i) => `${i.module} ${i.name} ${i.kind}`);
        const all = ["a f function", "wasm:js-string length function", "' text global", "wasm:js-string unknown function", "wasm:text length function", "b length global"];
        const without = (...hidden) => all.filter((_, at) => !hidden.includes(at));
        list(names(), all); list(names({ builtins: ["other"] }), all);
        list(names({ builtins: ["js-string"] }), without(1)); list(names({ importedStringConstants: "'" }), without(2)); list(names({ importedStringConstants: "' " }), all);
        list(names({ builtins: ["js-string", "text"], importedStringConstants: "'" }), without(1, 2));
        "#,
    );
}

fn names_outside_the_set<J: JsHost, W: WasmEngine>() {
    passes::<J, W>(
        &[(
            "m",
            r#"(module (import "wasm:js-string" "length" (func $length (param externref) (result i32))) (import "wasm:js-string" "mine" (func $mine (param externref) (result i32)))
              (import "wasm:other" "f" (func $f (result i32)))
              (func (export "run") (param externref) (result i32 i32 i32) local.get 0 call $length local.get 0 call $mine call $f))"#,
        )],
        r#"
        const { record, take } = recorder();
        const set = record({ length: () => -1, mine: () => 70 }), imports = record({ "wasm:js-string": set, "wasm:other": { f: () => 80 } });
        list(instance("m", imports, { builtins: ["js-string", "other"] }).run("abc"), [3, 70, 80]);
        eq(take(), "wasm:js-string mine wasm:other");
        list(instance("m", imports, {}).run("abc"), [-1, 70, 80]);
        eq(take(), "wasm:js-string length wasm:js-string mine wasm:other");
        const options = { builtins: ["js-string"] };
        throws(() => instance("m", { "wasm:other": { f() {} } }, options), TypeError, "wasm:js-string");
        throws(() => instance("m", { "wasm:js-string": {}, "wasm:other": { f() {} } }, options), WebAssembly.LinkError, "mine");
        throws(() => instance("m", undefined, options), TypeError);
        "#,
    );
}

fn string_constants<J: JsHost, W: WasmEngine>() {
    passes::<J, W>(
        &[
            (
                "m",
                r#"(module
                  (import "strings" "" (global $0 externref)) (import "strings" "plain" (global $1 externref)) (import "strings" "😀 and é" (global $2 externref))
                  (import "strings" "\00a\00" (global $3 externref)) (import "strings" "__proto__" (global $4 externref)) (import "strings" "plain" (global $5 externref)) (import "strings" "12" (global $6 externref))
                  (export "0" (global $0)) (export "1" (global $1)) (export "2" (global $2)) (export "3" (global $3)) (export "4" (global $4)) (export "5" (global $5)) (export "6" (global $6))
                  (global $copy (export "copy") (mut externref) (global.get $2))
                  (table (export "t") 2 externref) (elem (i32.const 1) externref (global.get $1))
                  (func (export "get") (result externref) global.get $2))"#,
            ),
            (
                "unnamed",
                r#"(module (import "" "text" (global externref)) (export "g" (global 0)))"#,
            ),
            (
                "emoji",
                r#"(module (import "😀" "text" (global externref)) (export "g" (global 0)))"#,
            ),
        ],
        r#"
        const m = instance("m", {}, { importedStringConstants: "strings" });
        const expected = ["", "plain", "\ud83d\ude00 and \u00e9", "\0a\0", "__proto__", "plain", "12"];
        expected.forEach((text, at) => eq(m[at].value, text, "constant " + at));
        eq(m[0] instanceof WebAssembly.Global, true); throws(() => { m[0].value = "x"; }, TypeError);
        eq(m.copy.value, expected[2]); eq(m.t.get(1), "plain"); eq(m.get(), expected[2]); m.copy.value = 5; eq(m.copy.value, 5); eq(m.get(), expected[2]);
        // Any name will do for the module: that of a set, the empty one.
        eq(instance("unnamed", {}, { importedStringConstants: "" }).g.value, "text");
        eq(instance("emoji", {}, { importedStringConstants: "\ud83d\ude00" }).g.value, "text");
        // Without the option they are imports like any other.
        const strings = Object.fromEntries(expected.map((text, at) => [text, at])); Object.defineProperty(strings, "__proto__", { value: "own" });
        for (const options of [undefined, {}, { importedStringConstants: null }, { importedStringConstants: undefined }, { importedStringConstants: "" }]) {
          eq(instance("m", { strings }, options)[4].value, "own"); eq(instance("m", { strings }, options)[0].value, 0); throws(() => instance("m", undefined, options), TypeError);
        }
        // null is a name only as a string.
        compile("m", { importedStringConstants: "null" }); eq(WebAssembly.Module.imports(compile("m", { importedStringConstants: null })).length, 7);
        "#,
    );
}

fn string_constants_are_constants_of_externref<J: JsHost, W: WasmEngine>() {
    let wrong = [
        "(global (mut externref))",
        "(global i32)",
        "(global funcref)",
        "(global v128)",
        "(func)",
        "(memory 1)",
        "(table 1 externref)",
    ];
    let modules: Vec<(String, String)> = wrong
        .iter()
        .enumerate()
        .map(|(at, ty)| {
            (
                format!("m{at}"),
                format!("(module (import \"'\" \"text\" {ty}))"),
            )
        })
        .collect();
    let modules: Vec<(&str, &str)> = modules
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    let source = format!(
        r#"{AGREE}
        for (const name of Object.keys(bytes)) {{
          await agree(name, {{ importedStringConstants: "'" }}, false); await agree(name, {{ importedStringConstants: '"' }}, true);
          throws(() => compile(name, {{ importedStringConstants: "'" }}), WebAssembly.CompileError, '"text"');
        }}"#
    );
    passes::<J, W>(&modules, &source);
}

fn non_null_string_constants<J: JsHost, W: WasmEngine>() {
    needs::<J, W>(
        "typed function references",
        &[(
            "m",
            r#"(module (import "'" "text" (global $text (ref extern))) (import "wasm:js-string" "length" (func $length (param externref) (result i32)))
              (func (export "length") (result i32) global.get $text call $length) (export "text" (global $text)))"#,
        )],
        r#"
        const m = instance("m", {}, { builtins: ["js-string"], importedStringConstants: "'" });
        eq(m.length(), 4); eq(m.text.value, "text");
        // A module whose constants and builtins have the same name: constants come first.
        throws(() => compile("m", { builtins: ["js-string"], importedStringConstants: "wasm:js-string" }), WebAssembly.CompileError, '"length"');
        "#,
    );
}

fn every_way_to_compile<J: JsHost, W: WasmEngine>() {
    passes::<J, W>(
        &[("m", LENGTH)],
        r#"
        const options = { builtins: ["js-string"] };
        const modules = [compile("m", options), await WebAssembly.compile(bytes.m, options), (await WebAssembly.instantiate(bytes.m, {}, options)).module];
        for (const module of modules) {
          list(WebAssembly.Module.imports(module), []);
          eq(new WebAssembly.Instance(module, {}).exports.length("a"), 1); eq((await WebAssembly.instantiate(module, {})).exports.length("ab"), 2);
          // Imports that are supplied are imports: without an import object there is no instance.
          throws(() => new WebAssembly.Instance(module), TypeError); await rejects(WebAssembly.instantiate(module), TypeError);
        }
        // Options belong to the Module object: the same bytes without them are another.
        eq(WebAssembly.Module.imports(compile("m")).length, 1);
        // Later changes of the options are not seen.
        const names = ["js-string"], promise = WebAssembly.instantiate(bytes.m, {}, { builtins: names }); names.push("js-string");
        eq((await promise).instance.exports.length("abc"), 3);
        "#,
    );
}
