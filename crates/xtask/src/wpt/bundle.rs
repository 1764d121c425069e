//! One script out of a test, its harness and its helpers.
//!
//! A page or a worker loads them one after the other; here they are one classic script, run under
//! the name of a file beside the test, so that its imports find what is there.

use std::path::{Component, Path, PathBuf};

use anyhow::Result;
use serde_json::json;

use super::html::scripts;
use super::suite::{Class, Test, read_text};

const PRELUDE: &str = include_str!("js/prelude.js");
const REPORT: &str = include_str!("js/report.js");
const COMPAT: &str = include_str!("js/compat.js");
const PAGE: &str = include_str!("js/page.js");

/// Helpers that the server of the web platform tests has under another name.
const ALIASES: &[(&str, &str)] = &[(
    "/resources/WebIDLParser.js",
    "/resources/webidl2/lib/webidl2.js",
)];

/// The script to run for `test`, whose suite is at `root`.
pub fn bundle(test: &Test, root: &Path) -> Result<String> {
    let harness = read_text(&root.join("resources/testharness.js"))?;
    let mut parts = vec![PRELUDE.to_owned(), harness];
    parts.extend([REPORT, COMPAT].map(str::to_owned));
    match test.class {
        Class::Html => page(test, root, &mut parts)?,
        _ => parts.push(body(test, root)?),
    }
    // The harness and what is added to it are sloppy, whatever the test says of itself.
    Ok(format!(
        "(function () {{\n{}\n}}).call(globalThis);\n",
        parts.join("\n;\n")
    ))
}

/// The file beside the page `path` that has the text of its script number `at`.
pub fn inline_module(path: &str, at: usize) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    format!("{name}.script{at}.mjs")
}

/// Helpers and test, in one function as scripts are in one global scope. All of it is strict when
/// the test is: a directive only counts at the beginning.
fn body(test: &Test, root: &Path) -> Result<String> {
    let strict = match is_strict(&test.text) {
        true => " \"use strict\";",
        false => "",
    };
    let mut text = format!("(function () {{{strict}\n");
    for name in test.helpers() {
        let path = resolve(root, &test.path, unalias(name));
        if !path.is_file() {
            let message = json!(format!("there is no helper {name}"));
            text.push_str(&format!("throw new Error({message});\n;\n"));
            continue;
        }
        let helper = read_text(&path)?;
        text.push_str(&helper);
        text.push_str("\n;\n");
        // The functions of a classic script are properties of the global object.
        for function in functions(&helper) {
            text.push_str(&format!(
                "if (typeof {function} === \"function\") globalThis.{function} = {function};\n"
            ));
        }
    }
    text.push_str(&test.text);
    text.push_str("\n}).call(this);");
    Ok(text)
}

/// The scripts of a page: classic ones at once, modules in order.
fn page(test: &Test, root: &Path, parts: &mut Vec<String>) -> Result<()> {
    parts.push(PAGE.to_owned());
    let mut modules = Vec::new();
    for (at, script) in scripts(&test.text).iter().enumerate() {
        let src = script.src();
        if src.is_some_and(|src| src.starts_with("/resources/testharness")) {
            continue;
        }
        if script.is_module() {
            let url = match src {
                Some(src) if src.starts_with('.') => src.to_owned(),
                Some(src) => format!("./{src}"),
                None => format!("./{}", inline_module(&test.path, at)),
            };
            let onload = json!(script.attribute("onload"));
            let url = json!(url);
            modules.push(format!("{{ load: () => import({url}), onload: {onload} }}"));
        } else {
            let code = match src {
                Some(src) => read_text(&resolve(root, &test.path, src))?,
                None => script.text.clone(),
            };
            parts.push(format!("(0, eval)({});", json!(code)));
        }
    }
    parts.push(format!("globalThis.__wpt_page([{}]);", modules.join(", ")));
    Ok(())
}

/// What runs here is no window, worker or worklet: idlharness would leave out what is for those.
pub fn expose_everywhere(interfaces: &str) -> String {
    const LIST: &str = "Exposed=(";
    let mut text = String::new();
    let mut rest = interfaces;
    while let Some(at) = rest.find(LIST) {
        let list = &rest[at + LIST.len()..];
        let Some(end) = list.find(')') else {
            break;
        };
        text.push_str(&rest[..at]);
        text.push_str("Exposed=*");
        rest = &list[end + 1..];
    }
    text + rest
}

pub fn unalias(name: &str) -> &str {
    let alias = ALIASES.iter().find(|(alias, _)| *alias == name);
    alias.map_or(name, |(_, file)| file)
}

/// The file behind `url` in the test `path`.
pub fn resolve(root: &Path, path: &str, url: &str) -> PathBuf {
    let inside = match url.strip_prefix('/') {
        Some(absolute) => PathBuf::from(absolute),
        None => Path::new(path).with_file_name("").join(url),
    };
    let mut file = PathBuf::new();
    for component in inside.components() {
        match component {
            Component::Normal(name) => file.push(name),
            // The root is its own parent, as of URLs.
            Component::ParentDir => drop(file.pop()),
            _ => {}
        }
    }
    root.join(file)
}

/// Whether a script begins with the directive, but for comments.
fn is_strict(text: &str) -> bool {
    let mut rest = text.trim_start();
    loop {
        rest = if let Some(line) = rest.strip_prefix("//") {
            line.split_once('\n').map_or("", |(_, rest)| rest)
        } else if let Some(comment) = rest.strip_prefix("/*") {
            comment.split_once("*/").map_or("", |(_, rest)| rest)
        } else {
            return ["\"use strict\"", "'use strict'"]
                .iter()
                .any(|directive| rest.starts_with(directive));
        }
        .trim_start();
    }
}

/// The names of the functions that are declared at the beginning of a line.
fn functions(script: &str) -> impl Iterator<Item = &str> {
    script.lines().filter_map(|line| {
        let line = line.strip_prefix("async ").unwrap_or(line);
        let line = line.strip_prefix("function")?;
        let line = line.strip_prefix('*').unwrap_or(line).strip_prefix(' ')?;
        let end = line.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$'));
        let name = &line[..end.unwrap_or(line.len())];
        (!name.is_empty()).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sees_directives() {
        assert!(is_strict("'use strict';"));
        assert!(is_strict(
            "// META: global=jsshell\n\n/* a\n b */ \"use strict\";\nlet x;"
        ));
        assert!(!is_strict("let x; 'use strict';"));
        assert!(!is_strict("// 'use strict'"));
        assert!(!is_strict("/* 'use strict'"));
        assert!(!is_strict(""));
    }

    #[test]
    fn sees_functions() {
        let script = "function a() {}\n  function inner() {}\nasync function b$1 (x) {}\n\
                      function* c() {}\nfunctional();\nconst d = function () {};";
        assert_eq!(functions(script).collect::<Vec<_>>(), ["a", "b$1", "c"]);
    }

    #[test]
    fn resolves_helpers() {
        let root = Path::new("suite");
        let check = |url, expected: &str| {
            let found = resolve(root, "wasm/jsapi/memory/a.any.js", unalias(url));
            assert_eq!(found, root.join(expected), "{url}");
        };
        check("/wasm/jsapi/x.js", "wasm/jsapi/x.js");
        check("x.js", "wasm/jsapi/memory/x.js");
        check("./../x.js", "wasm/jsapi/x.js");
        check("../../../../../etc/passwd", "etc/passwd");
        check(
            "/resources/WebIDLParser.js",
            "resources/webidl2/lib/webidl2.js",
        );
    }

    #[test]
    fn exposes_interfaces() {
        let text = "[Exposed=(Window,Worker)] A; [Exposed=Window] B; [Exposed=(C";
        let expected = "[Exposed=*] A; [Exposed=Window] B; [Exposed=(C";
        assert_eq!(expose_everywhere(text), expected);
    }

    fn suite() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().to_owned();
        for (path, text) in [
            ("resources/testharness.js", "var harness;"),
            ("wasm/jsapi/helper.js", "function help() {}"),
            (
                "wasm/jsapi/a.any.js",
                "// META: script=helper.js\n// META: script=/gone.js\n'use strict';\ntest();",
            ),
            (
                "wasm/jsapi/b.html",
                "<script src=/resources/testharness.js></script><script>var x = '\u{2028}';</script>\
                 <script type=module src=m.wasm onload=\"log('1')\"></script>\
                 <script type=module>import './m.wasm';</script>",
            ),
        ] {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        (folder, root)
    }

    #[test]
    fn bundles_a_script() {
        let (_folder, root) = suite();
        let test = Test::read("spec", &root, "wasm/jsapi/a.any.js").unwrap();
        let text = bundle(&test, &root).unwrap();
        let order = [
            "__wpt_emit",
            "var harness;",
            "add_result_callback",
            "(function () { \"use strict\";\nfunction help() {}",
            "globalThis.help = help;",
            "throw new Error(\"there is no helper /gone.js\");",
            "test();\n}).call(this);",
        ];
        let mut at = 0;
        for part in order {
            at += text[at..]
                .find(part)
                .unwrap_or_else(|| panic!("{part} in {text}"));
        }
    }

    #[test]
    fn bundles_a_page() {
        let (_folder, root) = suite();
        let test = Test::read("spec", &root, "wasm/jsapi/b.html").unwrap();
        assert_eq!(test.class, Class::Html);
        let text = bundle(&test, &root).unwrap();
        assert!(
            text.contains("(0, eval)(\"var x = '\u{2028}';\");"),
            "{text}"
        );
        let modules = "globalThis.__wpt_page([{ load: () => import(\"./m.wasm\"), onload: \"log('1')\" }, \
                       { load: () => import(\"./b.html.script3.mjs\"), onload: null }]);";
        assert!(text.contains(modules), "{text}");
    }
}
