//! A wasm file as the source text of a small module.
//!
//! Neither engine's native modules can request other modules, so a wasm file is rendered: its
//! imports as import declarations, its exports as export declarations, and between them one call of
//! a function that only this module can reach. The JavaScript engine then links it like any other:
//! cycles, hoisted functions, missing names, live bindings.

use std::fmt::Write;

use sinew_bridge::ExternType;
use sinew_bridge::binary::ModuleInfo;

/// The name under which a module's `import.meta` has what only Sinew's own modules may see.
pub(crate) const INSTANTIATE: &str = "instantiate";
/// The same for modules that only have a default value.
pub(crate) const VALUE: &str = "value";

/// The source text of a module whose default export is a value.
pub(crate) fn render_value() -> String {
    format!("export default import.meta.{VALUE};\n")
}

/// The source text of a module that exports these names.
pub(crate) fn render_names<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut body = format!("const e = import.meta.{INSTANTIATE}();\n");
    let mut exports = String::new();
    for (at, name) in names.enumerate() {
        let _ = writeln!(body, "const e{at} = e[{at}];");
        let _ = writeln!(exports, "export {{ e{at} as {} }};", quote(name));
    }
    body + &exports
}

/// The source text of a wasm file. `is_wasm` tells which requests lead to wasm files: their
/// entities are taken from the instance itself, so their bindings are linked but not read.
///
/// ```js
/// import { "f" as i0 } from "./dep.js";
/// let e1;
/// const e = import.meta.instantiate([i0], [v => { e1 = v }]);
/// const e0 = e[0];
/// e1 = e[1];
/// export { e0 as "run", e1 as "a mutable global" };
/// ```
pub(crate) fn render_wasm(info: &ModuleInfo, is_wasm: impl Fn(&str) -> bool) -> String {
    let mut imports = String::new();
    let mut values = String::new();
    for (at, import) in info.imports.iter().enumerate() {
        let (module, name) = (quote(&import.module), quote(&import.name));
        let _ = writeln!(imports, "import {{ {name} as i{at} }} from {module};");
        match is_wasm(&import.module) {
            true => values.push_str("void 0, "),
            false => {
                let _ = write!(values, "i{at}, ");
            }
        }
    }
    let (mut live, mut setters) = (String::new(), String::new());
    let (mut bindings, mut exports) = (String::new(), String::new());
    for (at, export) in info.exports.iter().enumerate() {
        if is_live(&export.ty) {
            let _ = writeln!(live, "let e{at};");
            let _ = write!(setters, "v => {{ e{at} = v }}, ");
            let _ = writeln!(bindings, "e{at} = e[{at}];");
        } else {
            let _ = writeln!(bindings, "const e{at} = e[{at}];");
        }
        let _ = writeln!(exports, "export {{ e{at} as {} }};", quote(&export.name));
    }
    format!(
        "{imports}{live}const e = import.meta.{INSTANTIATE}([{values}], [{setters}]);\n{bindings}{exports}"
    )
}

/// Whether an export is a live binding.
pub(crate) fn is_live(ty: &ExternType) -> bool {
    matches!(ty, ExternType::Global(ty) if ty.mutable)
}

/// A string literal.
fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\0'..' ' | '\u{7f}' | '\u{2028}' | '\u{2029}' => {
                let _ = write!(quoted, "\\u{:04x}", c as u32);
            }
            _ => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::quote;

    #[test]
    fn quotes_every_name() {
        assert_eq!(quote("add"), r#""add""#);
        assert_eq!(quote(""), r#""""#);
        assert_eq!(quote("a\"b\\c\n\0"), r#""a\"b\\c\u000a\u0000""#);
        assert_eq!(quote("\u{2028}☕"), "\"\\u2028☕\"");
    }
}
