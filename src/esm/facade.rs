//! A wasm file as the source text of a small module.
//!
//! Neither engine's native modules can request other modules, so a wasm file is rendered: its
//! imports as import declarations, its exports as export declarations, and between them one call of
//! a function that only this module can reach. The JavaScript engine then links it like any other:
//! cycles, hoisted functions, missing names, live bindings.

use std::fmt::Write;

use sinew_bridge::binary::{Import, ModuleInfo};
use sinew_bridge::{ExternType, UNINITIALIZED};

use crate::esm::syntax::FUNCTION;
use crate::webassembly::value::crosses;

/// The name under which a module's `import.meta` has what only Sinew's own modules may see.
pub(crate) const INSTANTIATE: &str = "instantiate";
/// The same for modules that only have a default value.
pub(crate) const VALUE: &str = "value";
/// The specifier under which a wasm file imports its own namespace.
pub(crate) const NAMESPACE: &str = "\u{4}";

/// The source text of a module whose default export is a value.
pub(crate) fn render_value() -> String {
    format!("export default import.meta.{VALUE};\n")
}

/// The source text of the module that exports another module's `import.source`. A function
/// declaration, because in a cycle it may be called before any module of the cycle is evaluated.
pub(crate) fn render_source_function() -> String {
    format!("export function {FUNCTION}(a, b) {{ return import.meta.{FUNCTION}(a, b); }}\n")
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

/// The source text of a wasm file. `is_request` tells which imports are
/// [requested modules](https://tc39.es/ecma262/#table-cyclic-module-fields): builtins are not.
///
/// An import is read when its turn comes, by a function. The binding of a global can be set. One
/// whose values JavaScript cannot have stays in its temporal dead zone for good.
///
/// With `namespace` it imports that of its own, which some engines make slowly and find later.
///
/// ```js
/// import { "f" as i0 } from "./dep.js";
/// import * as namespace from "\u{4}";
/// const e = import.meta.instantiate([() => i0], [v => { e1 = v }], namespace);
/// const e0 = e[0];
/// let e1 = e[1];
/// export { e0 as "run", e1 as "a global", };
/// export { binding as "a vector" } from "\u{1}uninitialized";
/// ```
pub(crate) fn render_wasm(
    info: &ModuleInfo,
    namespace: bool,
    is_request: impl Fn(&Import) -> bool,
) -> String {
    let (mut imports, mut values) = (String::new(), String::new());
    for (at, import) in info.imports.iter().enumerate() {
        if !is_request(import) {
            values.push_str("0, ");
            continue;
        }
        let (module, name) = (quote(&import.module), quote(&import.name));
        let _ = writeln!(imports, "import {{ {name} as i{at} }} from {module};");
        let _ = write!(values, "() => i{at}, ");
    }
    let (mut setters, mut bindings, mut exports) = (String::new(), String::new(), String::new());
    for (at, export) in info.exports.iter().enumerate() {
        let name = quote(&export.name);
        match Binding::of(&export.ty) {
            Binding::Constant => {
                let _ = writeln!(bindings, "const e{at} = e[{at}];");
            }
            Binding::Global => {
                let _ = write!(setters, "v => {{ e{at} = v }}, ");
                let _ = writeln!(bindings, "let e{at} = e[{at}];");
            }
            Binding::Uninitialized => {
                let from = quote(UNINITIALIZED);
                let _ = writeln!(exports, "export {{ binding as {name} }} from {from};");
                continue;
            }
        }
        let _ = writeln!(exports, "export {{ e{at} as {name} }};");
    }
    let mut own = "";
    if namespace {
        let from = quote(NAMESPACE);
        let _ = writeln!(imports, "import * as namespace from {from};");
        own = "namespace";
    }
    format!(
        "{imports}const e = import.meta.{INSTANTIATE}([{values}], [{setters}], {own});\n\
         {bindings}{exports}"
    )
}

/// What the binding of an export is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Binding {
    Constant,
    /// The value of a global, which may change.
    Global,
    /// Never initialised: a global whose values JavaScript cannot have.
    Uninitialized,
}

impl Binding {
    /// The binding of an export of this type.
    pub(crate) fn of(ty: &ExternType) -> Self {
        match ty {
            ExternType::Global(ty) if crosses(ty.value) => Binding::Global,
            ExternType::Global(_) => Binding::Uninitialized,
            _ => Binding::Constant,
        }
    }
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
    use sinew_bridge::binary::ModuleInfo;

    use super::{quote, render_wasm};

    #[test]
    fn imports_its_namespace_where_nobody_finds_it() {
        // (module (import "./a.js" "f" (func)) (global (export "g") (mut i32) (i32.const 1)))
        let bytes = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x02\x0c\x01\x06./a.js\x01f\0\0\
            \x06\x06\x01\x7f\x01\x41\x01\x0b\x07\x05\x01\x01g\x03\0";
        let info = ModuleInfo::read(bytes.as_slice().into()).unwrap();
        let found = render_wasm(&info, false, |_| true);
        assert_eq!(
            found,
            "import { \"f\" as i0 } from \"./a.js\";\n\
             const e = import.meta.instantiate([() => i0, ], [v => { e0 = v }, ], );\n\
             let e0 = e[0];\nexport { e0 as \"g\" };\n"
        );
        let imported = render_wasm(&info, true, |_| true);
        let own = "import * as namespace from \"\\u0004\";\n";
        assert_eq!(
            imported.replace(own, "").replace(", namespace)", ", )"),
            found
        );
        assert!(imported.contains(own));
    }

    #[test]
    fn quotes_every_name() {
        assert_eq!(quote("add"), r#""add""#);
        assert_eq!(quote(""), r#""""#);
        assert_eq!(quote("a\"b\\c\n\0"), r#""a\"b\\c\u000a\u0000""#);
        assert_eq!(quote("\u{2028}☕"), "\"\\u2028☕\"");
    }
}
