//! Programs that check themselves.

use std::fmt::Write;

use sinew::{JsHost, Runtime, RuntimeBuilder, WasmEngine};

use crate::fixture::{ASSERT, Folder, Output};

/// What a program has besides [`ASSERT`]: its modules by name, and what the pair can do.
const PRELUDE: &str = r#"
export function list(actual, expected, what = "list") {
  eq(actual.map(String).join(" | "), expected.map(String).join(" | "), what);
}
export async function rejects(promise, type, pattern = "") {
  let error, fulfilled = false;
  try { await promise; fulfilled = true; } catch (e) { error = e; }
  if (fulfilled) throw new Error("the promise was fulfilled");
  return throws(() => { throw error; }, type, pattern);
}
/** The value that `f` throws, whatever it is. */
export function thrown(f) {
  try { f(); } catch (e) { return e; }
  throw new Error("nothing was thrown");
}
export const compile = (name, ...options) => new WebAssembly.Module(bytes[name], ...options);
export const instance = (name, imports, ...options) => new WebAssembly.Instance(compile(name, ...options), imports).exports;
/** What an object did, in order: its getters are called `names`. */
export function recorder() {
  const log = [];
  const record = (members) => {
    const object = {};
    for (const name of Object.keys(members)) {
      Object.defineProperty(object, name, { enumerable: true, get() { log.push(name); return members[name]; } });
    }
    return object;
  };
  const primitive = (name, value) => ({
    valueOf() { log.push(name + ".valueOf"); return value; },
    toString() { log.push(name + ".toString"); return value; },
  });
  return { log, record, primitive, take() { return log.splice(0).join(" "); } };
}
"#;

/// A folder with `main.js`, and with `program.js` that gives it the modules, which are text.
pub fn folder<J: JsHost, W: WasmEngine>(modules: &[(&str, &str)], source: &str) -> Folder {
    let mut program = String::from(ASSERT);
    let has = W::FEATURES.rows().into_iter().chain(J::FEATURES.rows());
    let has: Vec<String> = has.map(|(name, has)| format!("{name:?}: {has}")).collect();
    writeln!(program, "export const has = {{ {} }};", has.join(", ")).unwrap();
    writeln!(
        program,
        "export const jsName = {:?}, wasmName = {:?};",
        J::NAME,
        W::NAME
    )
    .unwrap();
    program.push_str("export const bytes = {\n");
    for (name, text) in modules {
        let bytes = wat::parse_str(text).unwrap_or_else(|error| panic!("{name}: {error}"));
        writeln!(program, "{name:?}: new Uint8Array({bytes:?}),").unwrap();
    }
    program.push_str("};\n");
    program.push_str(PRELUDE);
    let main = format!(
        "import {{ eq, throws, list, rejects, thrown, compile, instance, recorder, bytes, has, jsName, wasmName }} from './program.js';{source}\nconsole.log('done');"
    );
    Folder::new(&[("program.js", &program), ("main.js", &main)])
}

/// Runs a program over these modules; it must come to its end and print nothing.
#[track_caller]
pub fn passes<J: JsHost, W: WasmEngine>(modules: &[(&str, &str)], source: &str) {
    runs::<J, W>(&folder::<J, W>(modules, source));
}

/// Runs `main.js` of a folder; it must come to its end and print nothing.
#[track_caller]
pub fn runs<J: JsHost, W: WasmEngine>(folder: &Folder) {
    let (result, output) = folder.run::<J, W>();
    if let Err(error) = result {
        panic!("{error}\n{}\nprinted:\n{output}", error.stack());
    }
    assert_eq!(output, "done\n");
}

/// Runs a program over modules that need a feature of the wasm engine; where it is missing, each
/// of them must be refused in words that name the feature and the engine.
#[track_caller]
pub fn needs<J: JsHost, W: WasmEngine>(feature: &str, modules: &[(&str, &str)], source: &str) {
    let rows = W::FEATURES.rows();
    let row = rows.iter().find(|(name, _)| *name == feature);
    let (_, has) = row.unwrap_or_else(|| panic!("no feature is called {feature}"));
    match has {
        true => passes::<J, W>(modules, source),
        false => refused::<J, W>(feature, modules),
    }
}

#[track_caller]
fn refused<J: JsHost, W: WasmEngine>(feature: &str, modules: &[(&str, &str)]) {
    let source = format!(
        r#"
        for (const name of Object.keys(bytes)) {{
          eq(WebAssembly.validate(bytes[name]), false, name);
          const errors = [
            throws(() => compile(name), WebAssembly.CompileError, {feature:?}),
            await rejects(WebAssembly.compile(bytes[name]), WebAssembly.CompileError, {feature:?}),
            await rejects(WebAssembly.instantiate(bytes[name], {{}}), WebAssembly.CompileError, {feature:?}),
          ];
          for (const error of errors) eq(error.message.includes(wasmName), true, error.message);
        }}"#
    );
    passes::<J, W>(modules, &source);
}

/// A runtime that has run a program, for what only Rust can do.
#[track_caller]
pub fn started<J: JsHost, W: WasmEngine>(
    modules: &[(&str, &str)],
    source: &str,
    build: impl FnOnce(RuntimeBuilder<J, W>) -> RuntimeBuilder<J, W>,
) -> (Runtime<J, W>, Output, Folder) {
    let folder = folder::<J, W>(modules, source);
    let (builder, output) = folder.builder::<J, W>();
    let mut runtime = build(builder).build().unwrap();
    if let Err(error) = runtime.run_file(folder.path().join("main.js")) {
        panic!("{error}\n{}", error.stack());
    }
    (runtime, output, folder)
}
