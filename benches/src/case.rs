//! The signatures that are called.

/// A type of a parameter or result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the specification's")]
pub enum Type {
    I32,
    I64,
    F64,
}

impl Type {
    /// Its name in the text format.
    pub const fn name(self) -> &'static str {
        match self {
            Type::I32 => "i32",
            Type::I64 => "i64",
            Type::F64 => "f64",
        }
    }
}

/// A signature: some parameters and a result of one type, and the value that all of them have.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// Its name, which is also that of a function in either direction.
    pub name: &'static str,
    /// The types of the parameters.
    pub params: &'static [Type],
    /// The type of the result.
    pub result: Type,
    /// The arguments' value in the text format, and of a result without parameters.
    pub wat: &'static str,
    /// The same in JavaScript.
    pub js: &'static str,
}

/// All signatures. The second of `i64` has BigInts that no engine keeps in a word.
pub const CASES: [Case; 6] = [
    case("i32x2", &[Type::I32; 2], Type::I32, "3", "3"),
    case("i64x2", &[Type::I64; 2], Type::I64, "3", "3n"),
    case("i64x2heap", &[Type::I64; 2], Type::I64, HEAP, HEAP_JS),
    case("f64x2", &[Type::F64; 2], Type::F64, "3.5", "3.5"),
    case("none", &[], Type::I32, "1", "1"),
    case("i32x8", &[Type::I32; 8], Type::I32, "3", "3"),
];

const HEAP: &str = "4611686018427387905";
const HEAP_JS: &str = "4611686018427387905n";

const fn case(
    name: &'static str,
    params: &'static [Type],
    result: Type,
    wat: &'static str,
    js: &'static str,
) -> Case {
    Case {
        name,
        params,
        result,
        wat,
        js,
    }
}

/// A signature of functions that no loop in JavaScript calls with values of its own.
pub const fn signature(name: &'static str, params: &'static [Type], result: Type) -> Case {
    case(name, params, result, "1", "1")
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
        let number = self.wat.parse();
        number.expect("a number")
    }

    /// The type of the function in the text format.
    pub fn wat_type(&self) -> String {
        let names: Vec<&str> = self.params.iter().map(|ty| ty.name()).collect();
        let result = self.result.name();
        format!("(param {}) (result {result})", names.join(" "))
    }
}
