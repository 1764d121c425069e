//! The tests of a suite, and how each is to be run.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::bundle;
use super::html::scripts;

/// A copy of the suites that a run may write to.
pub struct Suite {
    /// The folder of the suites; it goes with the value.
    pub folder: tempfile::TempDir,
    /// All tests that need no page, in the order of their names.
    pub tests: Vec<Test>,
}

/// A test file.
#[derive(Debug)]
pub struct Test {
    /// The suite it belongs to.
    pub label: String,
    /// The file in the suite.
    pub path: String,
    /// What it is called in lists: suite and file, without the `wasm/` that all have.
    pub id: String,
    pub class: Class,
    /// Whether it asks for more time.
    pub is_long: bool,
    /// The content of the file.
    pub text: String,
    /// The `// META:` lines.
    pub meta: Meta,
}

/// What a test needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// ECMAScript and WebAssembly.
    Shell,
    /// Module scripts of a page, nothing else of it.
    Html,
    /// `fetch` and `Response`.
    Web,
    /// A test of Web APIs other than WebAssembly's, see [`crate::wpt::web`].
    Api,
    /// A page, frames, workers: nothing that runs here.
    Browser,
}

/// The `// META: key=value` lines before the first line of code.
pub type Meta = BTreeMap<String, Vec<String>>;

/// What only a page has, in lower case.
const BROWSER_WORDS: &[&str] = &[
    "content-security-policy",
    "new worker",
    "worker.js",
    "worklet",
    "modulepreload",
    "iframe",
    "postmessage",
    "broadcastchannel",
    "serviceworker",
    "importmap",
    "document.",
    "fetch_tests_from_worker",
];

impl Suite {
    /// Copies the suites in `source`, and finds their tests.
    pub fn copy(source: &Path) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("xtask-wpt-").tempdir()?;
        let labels = labels(source)?;
        let mut tests = Vec::new();
        for label in labels {
            let root = folder.path().join(&label);
            copy_folder(&source.join(&label), &root)?;
            find(&label, &root, "wasm", &mut tests)?;
        }
        for test in tests.iter().filter(|test| test.class == Class::Html) {
            write_inline_modules(folder.path(), test)?;
        }
        tests.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(Self { folder, tests })
    }
}

impl Test {
    /// Reads the test `path` of the suite whose root is `root`.
    pub fn read(label: &str, root: &Path, path: &str) -> Result<Self> {
        let text = read_text(&root.join(path))?;
        let meta = match path.ends_with(".js") {
            true => meta(&text),
            false => Meta::new(),
        };
        let name = path.strip_prefix("wasm/").unwrap_or(path);
        Ok(Self {
            label: label.to_owned(),
            path: path.to_owned(),
            id: format!("{label}/{name}"),
            class: class(path, &text, &meta),
            is_long: is_long(&meta),
            text,
            meta,
        })
    }

    /// The helpers it asks for.
    pub fn helpers(&self) -> &[String] {
        self.meta.get("script").map_or(&[], Vec::as_slice)
    }
}

/// The folder of a test in a list.
pub fn folder_of(id: &str) -> &str {
    id.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The text of a file, whatever its bytes.
pub fn read_text(path: &Path) -> Result<String> {
    let bytes = std::fs::read(path).with_context(|| path.display().to_string())?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Whether a test asks for more time.
pub fn is_long(meta: &Meta) -> bool {
    let timeouts = meta.get("timeout");
    timeouts.is_some_and(|all| all.iter().any(|value| value == "long"))
}

/// The suites of a folder.
fn labels(source: &Path) -> Result<Vec<String>> {
    let mut labels = Vec::new();
    for (name, path) in entries(source)? {
        if !path.join("wasm").is_dir() {
            continue;
        }
        if !path.join("resources/testharness.js").is_file() {
            bail!("{} has no resources/testharness.js", path.display());
        }
        labels.push(name);
    }
    if labels.is_empty() {
        bail!("{} has no folder with a folder wasm/", source.display());
    }
    Ok(labels)
}

/// What a folder has, in the order of the names.
pub fn entries(folder: &Path) -> Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if let Some(name) = path.file_name().and_then(|name| name.to_str()) {
            found.push((name.to_owned(), path));
        }
    }
    found.sort();
    Ok(found)
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for (name, path) in entries(from)? {
        let target = to.join(&name);
        if path.is_file() {
            std::fs::copy(&path, &target).with_context(|| path.display().to_string())?;
        } else if path.is_dir() && ![".git", "core", "serialization"].contains(&name.as_str()) {
            copy_folder(&path, &target)?;
        }
    }
    Ok(())
}

fn find(label: &str, root: &Path, folder: &str, tests: &mut Vec<Test>) -> Result<()> {
    for (name, path) in entries(&root.join(folder))? {
        let inside = format!("{folder}/{name}");
        let endings = [".any.js", ".html", ".window.js"];
        if path.is_dir() && name != "resources" && name != "core" {
            find(label, root, &inside, tests)?;
        } else if path.is_file() && endings.iter().any(|ending| name.ends_with(ending)) {
            let test = Test::read(label, root, &inside)?;
            if test.class != Class::Browser {
                tests.push(test);
            }
        }
    }
    Ok(())
}

/// The module scripts within a page become files, so that they are modules with a URL.
fn write_inline_modules(suites: &Path, test: &Test) -> Result<()> {
    let page = suites.join(&test.label).join(&test.path);
    for (at, script) in scripts(&test.text).iter().enumerate() {
        if script.is_module() && script.src().is_none() {
            let name = bundle::inline_module(&test.path, at);
            std::fs::write(page.with_file_name(name), &script.text)?;
        }
    }
    Ok(())
}

/// Reads the `// META:` lines.
pub fn meta(text: &str) -> Meta {
    let mut meta = Meta::new();
    for line in text.lines() {
        let Some(comment) = line.strip_prefix("//") else {
            match line.trim().is_empty() {
                true => continue,
                false => break,
            }
        };
        let Some(entry) = comment.trim_start().strip_prefix("META:") else {
            continue;
        };
        if let Some((key, value)) = entry.trim_start().split_once('=') {
            let values = meta.entry(key.to_owned()).or_default();
            values.push(value.trim().to_owned());
        }
    }
    meta
}

fn class(path: &str, text: &str, meta: &Meta) -> Class {
    let has = |part: &str| path.contains(part);
    if path.ends_with(".html") {
        let lower = text.to_lowercase();
        let is_page = BROWSER_WORDS.iter().any(|word| lower.contains(word))
            || has("/serialization/")
            || has("/functions/")
            || !text.replace('"', "").contains("type=module");
        return if is_page { Class::Browser } else { Class::Html };
    }
    if [".window.js", ".worker.js", "/serialization/"]
        .into_iter()
        .any(has)
    {
        return Class::Browser;
    }
    let globals = meta.get("global").into_iter().flatten();
    let is_shell = globals
        .flat_map(|list| list.split(','))
        .any(|name| name == "jsshell");
    if is_shell || path == "wasm/jsapi/idlharness.any.js" || has("esm-integration/") {
        Class::Shell
    } else if has(".sub.") || text.contains("indexedDB") {
        Class::Browser
    } else {
        Class::Web
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_meta() {
        let text = "\n// META: global=window,jsshell\n// a comment\n//META:  script=/a.js \n\
                    // META: script=b.js\n\ncode();\n// META: timeout=long\n";
        let meta = meta(text);
        assert_eq!(meta["global"], ["window,jsshell"]);
        assert_eq!(meta["script"], ["/a.js", "b.js"]);
        assert!(!meta.contains_key("timeout"));
        assert!(super::meta("'use strict';\n// META: global=jsshell").is_empty());
        assert!(super::meta("// META: nothing").is_empty());
    }

    #[track_caller]
    fn check(path: &str, text: &str, expected: Class) {
        assert_eq!(class(path, text, &meta(text)), expected, "{path}: {text:?}");
    }

    #[test]
    fn tells_classes_apart() {
        check(
            "wasm/jsapi/a.any.js",
            "// META: global=window,jsshell",
            Class::Shell,
        );
        check("wasm/jsapi/idlharness.any.js", "", Class::Shell);
        check(
            "wasm/jsapi/esm-integration/a.tentative.any.js",
            "",
            Class::Shell,
        );
        check(
            "wasm/webapi/a.any.js",
            "// META: global=window,worker",
            Class::Web,
        );
        check("wasm/webapi/a.sub.any.js", "", Class::Browser);
        check("wasm/webapi/a.any.js", "indexedDB.open()", Class::Browser);
        check("wasm/jsapi/a.window.js", "", Class::Browser);
        check(
            "wasm/webapi/a.html",
            "<script type=\"module\">",
            Class::Html,
        );
        check("wasm/webapi/a.html", "<script type=module>", Class::Html);
        check("wasm/webapi/a.html", "<script>", Class::Browser);
        check(
            "wasm/webapi/a.html",
            "<script type=module> new Worker()",
            Class::Browser,
        );
        check(
            "wasm/jsapi/functions/a.html",
            "<script type=module>",
            Class::Browser,
        );
    }

    #[test]
    fn names_folders() {
        assert_eq!(folder_of("spec/jsapi/a.any.js"), "spec/jsapi");
        assert_eq!(folder_of("a"), "");
    }
}
