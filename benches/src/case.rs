//! The signatures that are called, and the module and script that call them.

use std::fmt::Write;

/// A type of a parameter or result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the specification's")]
pub enum Type {
    I32,
    I64,
    F64,
}

impl Type {
    const fn name(self) -> &'static str {
        match self {
            Type::I32 => "i32",
            Type::I64 => "i64",
            Type::F64 => "f64",
        }
    }

    /// A number of this type in JavaScript.
    const fn js(self) -> &'static str {
        match self {
            Type::I32 => "3",
            Type::I64 => "3n",
            Type::F64 => "3.5",
        }
    }

    const fn wat(self) -> &'static str {
        match self {
            Type::F64 => "3.5",
            Type::I32 | Type::I64 => "3",
        }
    }
}

/// A signature: some parameters and a result of one type.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// Its name, which is also that of a function in either direction.
    pub name: &'static str,
    /// The types of the parameters.
    pub params: &'static [Type],
    /// The type of the result.
    pub result: Type,
}

/// All signatures.
pub const CASES: [Case; 5] = [
    case("i32x2", &[Type::I32; 2], Type::I32),
    case("i64x2", &[Type::I64; 2], Type::I64),
    case("f64x2", &[Type::F64; 2], Type::F64),
    case("none", &[], Type::I32),
    case("i32x8", &[Type::I32; 8], Type::I32),
];

const fn case(name: &'static str, params: &'static [Type], result: Type) -> Case {
    Case {
        name,
        params,
        result,
    }
}

impl Case {
    /// The loop that calls the exported function.
    pub fn export_loop(&self) -> String {
        format!("export_{}", self.name)
    }

    /// The loop that calls the imported function.
    pub fn import_loop(&self) -> String {
        format!("import_{}", self.name)
    }

    /// What the calls of both loops return: both functions return the last argument.
    pub fn expected(&self) -> f64 {
        match (self.params, self.result) {
            ([], _) => 1.0,
            (_, Type::F64) => 3.5,
            _ => 3.0,
        }
    }
}

/// The names and signatures of all functions that the module exports.
pub fn exports() -> Vec<(String, Case)> {
    let takes_count = |result| case("a loop", &[Type::I32], result);
    let loops = CASES.map(|case| (case.import_loop(), takes_count(case.result)));
    let functions = CASES.map(|case| (case.name.to_owned(), case));
    let empty = (EMPTY_IMPORT.to_owned(), takes_count(Type::I32));
    functions.into_iter().chain(loops).chain([empty]).collect()
}

/// The loop in wasm that calls nothing.
pub const EMPTY_IMPORT: &str = "import_empty";

/// The module: for each case it imports a function from `js`, exports one of that signature, and
/// exports a loop that calls the imported one.
pub fn module() -> Vec<u8> {
    let (mut imports, mut functions) = (String::new(), String::new());
    for case in CASES {
        let (name, result) = (case.name, case.result.name());
        let params: String = case
            .params
            .iter()
            .map(|ty| format!(" {}", ty.name()))
            .collect();
        let ty = format!("(param{params}) (result {result})");
        let (last, args) = match case.params.len() {
            0 => (format!("{result}.const 1"), String::new()),
            count => {
                let arg = format!(" ({result}.const {})", case.result.wat());
                (format!("local.get {}", count - 1), arg.repeat(count))
            }
        };
        // Writing to a String cannot fail.
        let _ = writeln!(imports, "(import \"js\" \"{name}\" (func $js_{name} {ty}))");
        let _ = writeln!(functions, "(func (export \"{name}\") {ty} {last})");
        let body = format!("(local.set $last (call $js_{name}{args}))");
        functions += &wat_loop(&case.import_loop(), result, &body);
    }
    functions += &wat_loop(EMPTY_IMPORT, "i32", "(local.set $last (local.get $n))");
    wat::parse_str(format!("(module {imports} {functions})")).expect("a valid module")
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

/// A JavaScript expression: the object with the functions that the module imports.
pub fn js_imports() -> String {
    let functions: String = CASES
        .iter()
        .map(|case| match case.params.len() {
            0 => format!("{}: () => 1,", case.name),
            count => {
                let params: Vec<String> = (0..count).map(|at| format!("p{at}")).collect();
                let (name, params) = (case.name, params.join(", "));
                format!("{name}: ({params}) => p{},", count - 1)
            }
        })
        .collect();
    format!("({{ {functions} }})")
}

/// A JavaScript expression: a function from the module's exports to the loops, by name.
pub fn js_loops() -> String {
    let mut loops = String::new();
    for case in CASES {
        let args = vec![case.result.js(); case.params.len()].join(", ");
        let (name, function) = (case.export_loop(), case.name);
        let _ = writeln!(loops, "{name}: {},", js_loop(function, &args));
        let name = case.import_loop();
        let _ = writeln!(loops, "{name}: n => Number(exports.{name}(n)),");
    }
    let import = EMPTY_IMPORT;
    format!("(exports => ({{ {loops} {JS_EMPTY}, {import}: exports.{import} }}))")
}

/// Like [`js_loops`], for an engine on its own: the functions are `native` and `js`.
pub fn js_own_loops() -> String {
    let [native, js] = ["native", "js"].map(|function| js_loop(function, "3, 3"));
    format!("(exports => ({{ native: {native}, js: {js}, {JS_EMPTY} }}))")
}

const JS_EMPTY: &str =
    "empty: n => { let last; for (let i = 0; i < n; i++) last = i; return last; }";

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
