//! The tests in a checkout of the web platform tests.
//!
//! <https://web-platform-tests.org/writing-tests/file-names.html>

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Result, bail};

use super::list::{List, Need};
use crate::wpt::suite::{Class, Meta, Test, entries, is_long, meta, read_text};

/// What is in the folders of a list.
#[derive(Debug, Default)]
pub struct Found {
    /// In the order of their names.
    pub tests: Vec<Test>,
    /// How many files do not run, by what they need and why.
    pub left_out: BTreeMap<(Need, String), usize>,
    /// Folders that the checkout has not.
    pub missing: Vec<String>,
}

/// The folders of what tests need beside themselves.
const NO_TESTS: &[&str] = &["resources", "support", "third_party", "tools", "util"];

/// Finds all tests of the list.
pub fn find(root: &Path, list: &List) -> Result<Found> {
    if !root.join("resources/testharness.js").is_file() {
        bail!("{} has no resources/testharness.js", root.display());
    }
    let mut found = Found::default();
    for folder in list.folders() {
        match root.join(folder).is_dir() {
            true => walk(root, folder, list, &mut found)?,
            false => found.missing.push(folder.to_owned()),
        }
    }
    found.tests.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(found)
}

/// Reads the test `path`: a file, and after a question mark its variant.
pub fn read(root: &Path, path: &str) -> Result<Test> {
    let (file, _) = split(path);
    let text = read_text(&root.join(file))?;
    let meta = match file.ends_with(".js") {
        true => meta(&text),
        false => Meta::new(),
    };
    Ok(test(path, text, meta))
}

/// File, and variant with its question mark.
pub fn split(path: &str) -> (&str, &str) {
    path.split_at(path.find('?').unwrap_or(path.len()))
}

fn test(path: &str, text: String, meta: Meta) -> Test {
    let is_long = is_long(&meta) || text.contains("name=\"timeout\" content=\"long\"");
    Test {
        label: ".".to_owned(),
        path: path.to_owned(),
        id: path.to_owned(),
        class: Class::Api,
        is_long,
        text,
        meta,
    }
}

fn walk(root: &Path, folder: &str, list: &List, found: &mut Found) -> Result<()> {
    for (name, path) in entries(&root.join(folder))? {
        let inside = format!("{folder}/{name}");
        if path.is_dir() {
            if !NO_TESTS.contains(&name.as_str()) {
                walk(root, &inside, list, found)?;
            }
        } else if is_script(&name) || is_page(&name) {
            file(root, &inside, list, found)?;
        }
    }
    Ok(())
}

fn file(root: &Path, path: &str, list: &List, found: &mut Found) -> Result<()> {
    if list.api(path).is_none() {
        return Ok(());
    }
    let Test { text, meta, .. } = read(root, path)?;
    if is_page(path) && !text.contains("testharness.js") {
        // For people or cameras, or part of another test.
        return Ok(());
    }
    let need = match (list.omission(path), list.runs(path)) {
        (Some(omission), _) => Some((omission.need, omission.why.clone())),
        (None, true) => None,
        (None, false) => need_of_name(path, &meta).map(|need| (need, need.by_name().to_owned())),
    };
    if let Some(need) = need {
        *found.left_out.entry(need).or_default() += 1;
        return Ok(());
    }
    match meta.get("variant") {
        Some(variants) => {
            for variant in variants {
                let path = format!("{path}{variant}");
                found.tests.push(test(&path, text.clone(), meta.clone()));
            }
        }
        None => found.tests.push(test(path, text, meta)),
    }
    Ok(())
}

fn is_script(name: &str) -> bool {
    [".any.js", ".window.js", "worker.js"]
        .iter()
        .any(|ending| name.ends_with(ending))
}

fn is_page(name: &str) -> bool {
    [".html", ".htm", ".xhtml", ".svg"]
        .iter()
        .any(|ending| name.ends_with(ending))
}

/// What a test needs by its name, or by the globals that it is for.
fn need_of_name(path: &str, meta: &Meta) -> Option<Need> {
    if path.contains(".h2.") {
        return Some(Need::Network);
    }
    if is_page(path) {
        return Some(Need::Document);
    }
    if path.ends_with(".window.js") {
        return Some(Need::Window);
    }
    if !path.ends_with(".any.js") {
        return Some(Need::Worker);
    }
    let globals = meta.get("global")?.iter().flat_map(|list| list.split(','));
    let globals: Vec<_> = globals.map(str::trim).collect();
    // A shell is as much of one of these as it is of the other.
    let ours = ["window", "dedicatedworker", "worker", "jsshell"];
    if globals.iter().any(|global| ours.contains(global)) {
        return None;
    }
    match globals
        .iter()
        .any(|global| global.starts_with("shadowrealm"))
    {
        true => Some(Need::Realm),
        false => Some(Need::Worker),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, text: &str, expected: Option<Need>) {
        assert_eq!(need_of_name(path, &meta(text)), expected, "{path}: {text}");
    }

    #[test]
    fn tells_by_name() {
        check("a.any.js", "", None);
        check("a.any.js", "// META: global=window", None);
        check(
            "a.any.js",
            "// META: global=dedicatedworker,shadowrealm",
            None,
        );
        check(
            "a.any.js",
            "// META: global=shadowrealm-in-window",
            Some(Need::Realm),
        );
        check(
            "a.any.js",
            "// META: global=serviceworker, sharedworker",
            Some(Need::Worker),
        );
        check("a.https.any.js", "", None);
        check("a.h2.any.js", "", Some(Need::Network));
        check("a.window.js", "", Some(Need::Window));
        check("a.worker.js", "", Some(Need::Worker));
        check("a.tentative.html", "", Some(Need::Document));
    }

    #[test]
    fn finds_tests() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for (path, text) in [
            ("resources/testharness.js", ""),
            (
                "url/b.any.js",
                "// META: variant=?x\n// META: variant=?y\n// META: timeout=long",
            ),
            ("url/a.any.js", ""),
            ("url/c.any.js", "// META: global=sharedworker"),
            ("url/d.window.js", ""),
            ("url/e.html", "<script src=/resources/testharness.js>"),
            ("url/f.html", "<p>for people"),
            ("url/more/g.any.js", ""),
            ("url/resources/h.any.js", ""),
            ("url/i.js", ""),
            ("dom/j.any.js", ""),
        ] {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let list = "run = ['url/e.html']\napi = [{ name = 'URL', tests = ['url/*', 'gone/*'] }]\n\
                    [[left-out]]\nneed = 'network'\nwhy = 'So.'\ntests = ['url/more/*']";
        let found = find(root, &List::parse(list).unwrap()).unwrap();
        let names: Vec<_> = found.tests.iter().map(|test| test.id.as_str()).collect();
        assert_eq!(
            names,
            [
                "url/a.any.js",
                "url/b.any.js?x",
                "url/b.any.js?y",
                "url/e.html"
            ]
        );
        assert!(found.tests[1].is_long && !found.tests[0].is_long);
        let left_out: Vec<_> = found
            .left_out
            .iter()
            .map(|((need, _), n)| (*need, *n))
            .collect();
        let expected = [(Need::Window, 1), (Need::Worker, 1), (Need::Network, 1)];
        assert_eq!(left_out, expected);
        assert_eq!(found.missing, ["gone"]);
        assert!(find(&root.join("url"), &List::default()).is_err());
    }
}
