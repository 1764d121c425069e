//! Modules and scripts: what runs on Sinew and on the floors alike.

use std::fmt::Write;

use crate::case::{CASES, Case, Type, signature};

/// A module, the JavaScript around it, and what hand-written glue has to know about both.
///
/// The module imports `imports` from the module `js`.
#[derive(Clone, Debug)]
pub struct Program {
    /// The module.
    pub module: Vec<u8>,
    /// A module that imports the export [`FIRST`] of the first one from `first`, if there is one.
    pub second: Option<Vec<u8>>,
    /// The functions that the module imports.
    pub imports: Vec<Case>,
    /// The functions that the modules export.
    pub exports: Vec<(String, Case)>,
    /// A JavaScript expression: the object with the functions that the module imports.
    pub js_imports: String,
    /// A JavaScript expression: a function from the modules' exports to the loops, by name.
    pub js_loops: String,
}

/// The loop in JavaScript that calls nothing.
pub const EMPTY: &str = "empty";
/// The loop in wasm that calls nothing.
pub const EMPTY_IMPORT: &str = "import_empty";
/// The loop in wasm that calls a function of another instance.
pub const BETWEEN: &str = "between";
/// What the other instance exports.
pub const FIRST: &str = "i32x2";
/// The loop that catches what an imported function throws, through wasm.
pub const THROUGH: &str = "through";

/// The loop [`EMPTY`], as a property.
pub const JS_EMPTY: &str =
    "empty: n => { let last; for (let i = 0; i < n; i++) last = i; return last; }";

const COUNT: &[Type] = &[Type::I32];
const THROW: Case = signature("throw", &[], Type::I32);

impl Program {
    /// Calls of every signature in both directions, between two instances, and an exception. The
    /// module has a memory of so many pages, if any, with views of it that stay alive.
    pub fn calls(pages: Option<u32>) -> Self {
        let imports: Vec<Case> = CASES.into_iter().chain([THROW]).collect();
        let loops = CASES.map(|case| (case.import_loop(), signature("a loop", COUNT, case.result)));
        let functions = CASES.map(|case| (case.name.to_owned(), case));
        let more = [EMPTY_IMPORT, BETWEEN]
            .map(|name| (name.to_owned(), signature("a loop", COUNT, Type::I32)));
        let through = (THROUGH.to_owned(), THROW);
        let exports = functions.into_iter().chain(loops).chain(more);
        Self {
            module: calls_module(&imports, pages),
            second: Some(second_module()),
            imports,
            exports: exports.chain([through]).collect(),
            js_imports: js_imports(),
            js_loops: js_loops(pages.is_some()),
        }
    }

    /// One function that is called once: the least that a program with wasm does.
    pub fn first_result(module: Vec<u8>) -> Self {
        Self {
            module,
            second: None,
            imports: Vec::new(),
            exports: vec![(
                "add".to_owned(),
                signature("add", &[Type::I32; 2], Type::I32),
            )],
            js_imports: "({})".to_owned(),
            js_loops: "(exports => ({ first: () => exports.add(1, 2) }))".to_owned(),
        }
    }
}

/// The module of one function, `add`.
pub fn add_module() -> Vec<u8> {
    parse(
        "(module (func (export \"add\") (param i32 i32) (result i32)
            (i32.add (local.get 0) (local.get 1))))",
    )
}

/// The loops of a JavaScript engine on its own: the functions are `native` and `js`.
pub fn js_own_loops() -> String {
    let [native, js] = ["native", "js"].map(|function| js_loop(function, "3, 3"));
    format!("(exports => ({{ native: {native}, js: {js}, {JS_EMPTY} }}))")
}

/// The binary of a module in the text format.
///
/// # Panics
/// If it is none.
pub fn parse(text: &str) -> Vec<u8> {
    wat::parse_str(text).expect("a valid module")
}

fn calls_module(imports: &[Case], pages: Option<u32>) -> Vec<u8> {
    let (mut head, mut functions) = (String::new(), String::new());
    for case in imports {
        let (name, ty) = (case.name, case.wat_type());
        // Writing to a String cannot fail.
        let _ = writeln!(head, "(import \"js\" \"{name}\" (func $js_{name} {ty}))");
    }
    for case in CASES {
        let (name, result, ty) = (case.name, case.result.name(), case.wat_type());
        let value = format!("({result}.const {})", case.wat);
        let last = match case.params.len() {
            0 => value.clone(),
            count => format!("local.get {}", count - 1),
        };
        let args = value.repeat(case.params.len());
        let _ = writeln!(functions, "(func (export \"{name}\") {ty} {last})");
        let body = format!("(local.set $last (call $js_{name} {args}))");
        functions += &wat_loop(&case.import_loop(), result, &body);
    }
    functions += &wat_loop(EMPTY_IMPORT, "i32", "(local.set $last (local.get $n))");
    let _ = writeln!(
        functions,
        "(func (export \"{THROUGH}\") (result i32) call $js_throw)"
    );
    if let Some(pages) = pages {
        let _ = writeln!(functions, "(memory (export \"memory\") {pages})");
    }
    parse(&format!("(module {head} {functions})"))
}

fn second_module() -> Vec<u8> {
    let body = "(local.set $last (call $first (i32.const 3) (i32.const 3)))";
    let body = wat_loop(BETWEEN, "i32", body);
    parse(&format!(
        "(module
            (import \"first\" \"{FIRST}\" (func $first (param i32 i32) (result i32)))
            {body})"
    ))
}

fn wat_loop(name: &str, ty: &str, body: &str) -> String {
    format!(
        "(func (export \"{name}\") (param $n i32) (result {ty}) (local $last {ty})
            (loop $again
                {body}
                (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
            (local.get $last))\n"
    )
}

fn js_imports() -> String {
    let functions = CASES.map(|case| match case.params.len() {
        0 => format!("{}: () => {},", case.name, case.js),
        count => {
            let params: Vec<String> = (0..count).map(|at| format!("p{at}")).collect();
            let (name, params) = (case.name, params.join(", "));
            format!("{name}: ({params}) => p{},", count - 1)
        }
    });
    format!(
        "(thrown => ({{ {} throw: () => {{ throw thrown; }} }}))(new Error(\"thrown\"))",
        functions.concat()
    )
}

fn js_loops(has_memory: bool) -> String {
    let mut loops = String::new();
    for case in CASES {
        let args = vec![case.js; case.params.len()].join(", ");
        let (name, function) = (case.export_loop(), case.name);
        let _ = writeln!(loops, "{name}: {},", js_loop(function, &args));
        let name = case.import_loop();
        let _ = writeln!(loops, "{name}: n => Number(exports.{name}(n)),");
    }
    let through = "n => {
        let last = 0;
        for (let i = 0; i < n; i++) {
            try { exports.through(); } catch (error) { last = 1; }
        }
        return last;
    }";
    let views = match has_memory {
        false => "0",
        true => "[0, 8, 16, 24].map(at => new Uint8Array(exports.memory.buffer, at))",
    };
    format!(
        "(exports => {{
            const views = {views};
            return {{ {loops} {JS_EMPTY}, {EMPTY_IMPORT}: exports.{EMPTY_IMPORT},
                {BETWEEN}: exports.{BETWEEN}, {THROUGH}: {through}, views: () => views }};
        }})"
    )
}

/// A JavaScript expression: a loop that calls `exports.{function}`.
fn js_loop(function: &str, args: &str) -> String {
    format!(
        "(f => n => {{
            let last;
            for (let i = 0; i < n; i++) last = f({args});
            return Number(last);
        }})(exports.{function})"
    )
}
