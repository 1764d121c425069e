//! Types of imports and exports as JavaScript sees them, in the notation of TypeScript.

use sinew::types::{ExternType, FuncType, HeapType, RefType, ValType};

/// How JavaScript sees an import or export: a wasm file is a module, so an exported global is a
/// binding.
pub fn declaration(name: &str, ty: &ExternType) -> String {
    let name = identifier(name);
    match ty {
        ExternType::Func(ty) => format!("{name}{}", call(ty)),
        ExternType::Global(ty) if ty.mutable => format!("let {name}: {}", value(ty.value)),
        ExternType::Global(ty) => format!("const {name}: {}", value(ty.value)),
        ExternType::Memory(_) => format!("{name}: WebAssembly.Memory"),
        ExternType::Table(_) => format!("{name}: WebAssembly.Table"),
        ExternType::Tag(ty) => format!("{name}: WebAssembly.Tag of ({})", list(ty.params())),
    }
}

fn call(ty: &FuncType) -> String {
    let result = match ty.results() {
        [] => "void".to_owned(),
        [result] => value(*result).to_owned(),
        results => format!("[{}]", list(results)),
    };
    format!("({}): {result}", list(ty.params()))
}

fn list(types: &[ValType]) -> String {
    let types: Vec<_> = types.iter().map(|ty| value(*ty)).collect();
    types.join(", ")
}

fn value(ty: ValType) -> &'static str {
    match ty {
        ValType::I32 | ValType::F32 | ValType::F64 => "number",
        ValType::I64 => "bigint",
        // No value of JavaScript: reading or calling throws a TypeError.
        ValType::V128 => "v128",
        ValType::Ref(ty) => reference(ty),
    }
}

fn reference(ty: RefType) -> &'static str {
    match (ty.heap, ty.nullable) {
        (HeapType::Func, true) => "function | null",
        (HeapType::Func, false) => "function",
        (HeapType::I31, true) => "number | null",
        (HeapType::I31, false) => "number",
        (HeapType::Struct | HeapType::Array, true) => "object | null",
        (HeapType::Struct | HeapType::Array, false) => "object",
        (HeapType::Eq, true) => "object | number | null",
        (HeapType::Eq, false) => "object | number",
        (HeapType::None | HeapType::NoFunc | HeapType::NoExtern, _) => "null",
        // As v128, no value of JavaScript.
        (HeapType::Exn | HeapType::NoExn, _) => "exnref",
        _ => "any",
    }
}

/// A name as it is, if it can stand for itself.
fn identifier(name: &str) -> String {
    let inner = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    let starts = name.chars().next().is_some_and(|c| !c.is_numeric());
    match starts && name.chars().all(inner) {
        true => name.to_owned(),
        false => format!("{name:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sinew::types::GlobalType;

    #[test]
    fn shows_what_javascript_sees() {
        let func = |params: &[ValType], results: &[ValType]| {
            ExternType::Func(FuncType::new(params, results))
        };
        let (any, function) = (
            ValType::Ref(RefType::EXTERNREF),
            ValType::Ref(RefType::FUNCREF),
        );
        let add = func(&[ValType::I32, ValType::F64], &[ValType::I32]);
        assert_eq!(declaration("add", &add), "add(number, number): number");
        let swap = func(&[ValType::I64], &[any, function]);
        assert_eq!(
            declaration("two words", &swap),
            "\"two words\"(bigint): [any, function | null]"
        );
        assert_eq!(declaration("", &func(&[], &[])), "\"\"(): void");
        let global = |mutable| {
            let value = ValType::I64;
            ExternType::Global(GlobalType { value, mutable })
        };
        assert_eq!(declaration("$a_1", &global(true)), "let $a_1: bigint");
        assert_eq!(declaration("1a", &global(false)), "const \"1a\": bigint");
    }
}
