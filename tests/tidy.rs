//! The rules of this repository that no compiler checks.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// What each package may depend on inside the workspace: the arrows of ARCHITECTURE.md.
const ARROWS: &[(&str, &[&str])] = &[
    ("sinew-bridge", &[]),
    ("sinew-registry", &[]),
    ("sinew-cache", &[]),
    ("sinew-engine-wasmtime", &["sinew-bridge"]),
    ("sinew-engine-wasmi", &["sinew-bridge"]),
    ("sinew-js-quickjs", &["sinew-bridge"]),
    ("sinew-js-boa", &["sinew-bridge"]),
    ("sinew-web", &["sinew-bridge"]),
    (
        "sinew",
        &[
            "sinew-bridge",
            "sinew-registry",
            "sinew-cache",
            "sinew-web",
            "sinew-engine-wasmtime",
            "sinew-engine-wasmi",
            "sinew-js-quickjs",
            "sinew-js-boa",
        ],
    ),
    ("sinew-cli", &["sinew"]),
    ("sinew-benches", &["sinew"]),
    ("xtask", &["sinew"]),
];

/// Where features may be asked for: files, and folders with all that is in them.
const FEATURE_PLACES: &[&str] = &[
    // The choice of default engines, and of what the facade re-exports.
    "src/lib.rs",
    // The gate of the conformance bodies.
    "crates/bridge/src/lib.rs",
    // The choice of engines at the door, of the program and of the example of one.
    "crates/cli/src/pair.rs",
    "crates/xtask/src/pair.rs",
    "examples/pick_pair.rs",
    // One test, or one measurement, for each pair.
    "tests/conformance/main.rs",
    "tests/leak.rs",
    "benches/",
];

/// Packages that need `unsafe`; all others forbid it.
const UNSAFE_PACKAGES: &[&str] = &[
    "sinew-bridge",
    "sinew-engine-wasmtime",
    "sinew-engine-wasmi",
    "sinew-js-quickjs",
    "sinew-js-boa",
    "sinew-benches",
];

/// Where `unsafe` may be at will: the hand-written glue that the benchmarks compare with.
const UNSAFE_FOLDER: &str = "benches/src/floor";

/// Every other file that has `unsafe`.
const UNSAFE_FILES: &[&str] = &[
    "benches/src/usage.rs",
    "crates/bridge/src/conformance/engine/artifacts.rs",
    "crates/bridge/src/conformance/engine/memory.rs",
    "crates/bridge/src/conformance/host/buffers.rs",
    "crates/bridge/src/conformance/host/termination.rs",
    "crates/bridge/src/empty/host.rs",
    "crates/bridge/src/engine.rs",
    "crates/bridge/src/host.rs",
    "crates/bridge/src/lend.rs",
    "crates/bridge/src/stack.rs",
    "crates/bridge/src/trace.rs",
    "crates/engine-wasmi/src/func.rs",
    "crates/engine-wasmi/src/memory.rs",
    "crates/engine-wasmi/src/module.rs",
    "crates/engine-wasmi/src/store.rs",
    "crates/engine-wasmi/tests/wasmi.rs",
    "crates/engine-wasmtime/src/func.rs",
    "crates/engine-wasmtime/src/lib.rs",
    "crates/engine-wasmtime/src/limiter.rs",
    "crates/engine-wasmtime/src/module.rs",
    "crates/js-boa/src/buffer.rs",
    "crates/js-boa/src/function.rs",
    "crates/js-boa/src/job.rs",
    "crates/js-boa/src/lib.rs",
    "crates/js-boa/src/object.rs",
    "crates/js-boa/src/object/host.rs",
    "crates/js-boa/tests/engine.rs",
    "crates/js-quickjs/src/buffer.rs",
    "crates/js-quickjs/src/buffer/layout.rs",
    "crates/js-quickjs/src/buffer/methods.rs",
    "crates/js-quickjs/src/error.rs",
    "crates/js-quickjs/src/function.rs",
    "crates/js-quickjs/src/function/native.rs",
    "crates/js-quickjs/src/job.rs",
    "crates/js-quickjs/src/lib.rs",
    "crates/js-quickjs/src/module.rs",
    "crates/js-quickjs/src/module/graph.rs",
    "crates/js-quickjs/src/object.rs",
    "crates/js-quickjs/src/object/host.rs",
    "crates/js-quickjs/src/scope.rs",
    "crates/js-quickjs/src/value.rs",
    "crates/js-quickjs/src/value/string.rs",
    "crates/js-quickjs/tests/engine.rs",
    "crates/js-quickjs/tests/engine/buffers.rs",
    "crates/web/tests/streams.rs",
    "src/compile_cache/enabled.rs",
    "src/webassembly/buffer.rs",
];

/// The files of the facade where `unsafe` is allowed.
const FACADE_UNSAFE: [&str; 2] = ["src/compile_cache/enabled.rs", "src/webassembly/buffer.rs"];

/// Files that one backend has and its sibling has not, and why.
const UNPAIRED: &[(&str, &str)] = &[
    (
        "crates/js-boa/src/json.rs",
        "Boa's own JSON.parse refuses lone surrogates and ends the process on deep text",
    ),
    (
        "crates/engine-wasmi/src/rewrite.rs",
        "Wasmi alone is given modules in another form than they came in",
    ),
    (
        "crates/js-quickjs/src/function/native.rs",
        "objects of QuickJS point to what they own; Boa's collector owns it",
    ),
    (
        "crates/js-quickjs/src/module/graph.rs",
        "QuickJS alone breaks on graphs that fail half-way, so they are read before it sees them",
    ),
    (
        "crates/js-quickjs/src/buffer/layout.rs",
        "QuickJS alone has no functions for the lengths of buffers and views, only their layout",
    ),
    (
        "crates/js-quickjs/src/buffer/methods.rs",
        "QuickJS alone asks nobody whether a buffer may be resized or detached",
    ),
    (
        "crates/js-quickjs/src/scope/intrinsics.rs",
        "QuickJS alone has no functions that tell its intrinsics, and more of them are needed",
    ),
    (
        "crates/js-quickjs/src/value/string.rs",
        "QuickJS alone has strings that its interface shows as UTF-8 only",
    ),
];

/// Lines that a source file may have.
const LONGEST: usize = 500;

/// Source files that are longer, and why.
const LONG_FILES: &[(&str, &str)] = &[
    (
        "crates/bridge/src/host.rs",
        "one trait: every abstract operation with its contract",
    ),
    ("crates/bridge/src/empty/host.rs", "that trait once more"),
    ("crates/js-quickjs/src/lib.rs", "and again, a line each"),
    ("crates/js-boa/src/lib.rs", "and again, a line each"),
];

/// This file names what it looks for.
const SELF: &str = "tests/tidy.rs";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The text files of the repository by their path from its root.
fn files() -> BTreeMap<String, String> {
    fn walk(folder: &Path, found: &mut BTreeMap<String, String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path
                .strip_prefix(root())
                .unwrap()
                .to_string_lossy()
                .replace('\\', "/");
            if path.is_symlink() || [".git", "target"].contains(&name.as_str()) {
                continue;
            }
            if path.is_dir() {
                walk(&path, found);
            } else if let Ok(text) = std::fs::read_to_string(&path) {
                found.insert(name, text);
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(root(), &mut found);
    found
}

/// The Rust files of the repository.
fn rust_files() -> impl Iterator<Item = (String, String)> {
    files()
        .into_iter()
        .filter(|(path, _)| path.ends_with(".rs"))
}

/// The Rust files that are part of a library or program.
fn source_files() -> impl Iterator<Item = (String, String)> {
    rust_files().filter(|(path, _)| path.starts_with("src/") || path.contains("/src/"))
}

/// A line without its comment.
fn code(line: &str) -> &str {
    line.split_once("//").map_or(line, |(code, _)| code)
}

fn packages() -> Vec<Value> {
    let cargo = std::env::var_os("CARGO").map_or(PathBuf::from("cargo"), PathBuf::from);
    let output = Command::new(cargo)
        .args(["metadata", "--no-deps", "--offline", "--format-version=1"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    metadata["packages"].as_array().unwrap().clone()
}

#[track_caller]
fn none(what: &str, found: Vec<String>) {
    assert!(found.is_empty(), "{what}:\n  {}", found.join("\n  "));
}

#[track_caller]
fn same(what: &str, found: &BTreeSet<String>, expected: impl Iterator<Item = &'static str>) {
    let expected = expected.map(str::to_owned).collect();
    let more = found.difference(&expected).map(|path| format!("+ {path}"));
    let fewer = expected.difference(found).map(|path| format!("- {path}"));
    none(what, more.chain(fewer).collect());
}

#[test]
fn dependencies_point_one_way() {
    let packages = packages();
    let members: BTreeSet<&str> = packages.iter().filter_map(|p| p["name"].as_str()).collect();
    let drawn: BTreeSet<&str> = ARROWS.iter().map(|(name, _)| *name).collect();
    assert_eq!(members, drawn, "packages and their arrows");
    let mut wrong = Vec::new();
    for package in &packages {
        let from = package["name"].as_str().unwrap();
        let (_, allowed) = ARROWS.iter().find(|(name, _)| *name == from).unwrap();
        for dependency in package["dependencies"].as_array().unwrap() {
            let to = dependency["name"].as_str().unwrap();
            let is_backend = to.starts_with("sinew-engine-") || to.starts_with("sinew-js-");
            if !members.contains(to) || dependency["kind"] == "dev" {
                continue;
            }
            if !allowed.contains(&to) {
                wrong.push(format!("{from} -> {to}"));
            } else if is_backend && dependency["optional"] != true {
                wrong.push(format!("{from} -> {to} is not optional"));
            }
        }
    }
    none("dependencies that are not in the picture", wrong);
}

#[test]
fn features_are_asked_for_in_few_places() {
    let mut wrong = Vec::new();
    for (path, text) in rust_files().filter(|(path, _)| path != SELF) {
        for (number, line) in text.lines().enumerate() {
            // The form within `cfg`, `cfg!` and `cfg_attr`, over however many lines.
            let Some((_, feature)) = code(line).split_once("feature = \"") else {
                continue;
            };
            let is_bridge = path.starts_with("crates/bridge/");
            let known = FEATURE_PLACES.iter().any(|place| path.starts_with(place));
            if !known || is_bridge && !feature.starts_with("conformance\"") {
                wrong.push(format!("{path}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    none("`cfg(feature)` outside its places", wrong);
}

#[test]
fn unsafe_is_where_it_is_said_to_be() {
    let mut found = BTreeSet::new();
    let mut bare = Vec::new();
    for (path, text) in rust_files().filter(|(path, _)| path != SELF) {
        let count = |forms: &[&str]| {
            let lines = text.lines().map(code);
            lines
                .filter(|line| forms.iter().any(|form| line.contains(form)))
                .count()
        };
        let blocks = count(&["unsafe {", "unsafe impl "]);
        let others = count(&["unsafe fn ", "unsafe extern ", "unsafe trait "]);
        if blocks + others > 0 && !path.starts_with(UNSAFE_FOLDER) {
            found.insert(path.clone());
        }
        // Clippy sees the blocks, this the ones in macros too.
        let arguments = text.matches("// SAFETY:").count();
        if arguments < blocks {
            bare.push(format!("{path}: {blocks} blocks, {arguments} arguments"));
        }
    }
    none("`unsafe` without a SAFETY comment", bare);
    same(
        "the files with `unsafe`",
        &found,
        UNSAFE_FILES.iter().copied(),
    );
}

#[test]
fn unsafe_is_forbidden_elsewhere() {
    let mut wrong = Vec::new();
    for package in packages() {
        let name = package["name"].as_str().unwrap();
        if UNSAFE_PACKAGES.contains(&name) {
            continue;
        }
        let lint = if name == "sinew" {
            "#![deny(unsafe_code)]"
        } else {
            "#![forbid(unsafe_code)]"
        };
        for target in package["targets"].as_array().unwrap() {
            let kind = target["kind"][0].as_str().unwrap();
            let path = target["src_path"].as_str().unwrap();
            let has = || {
                std::fs::read_to_string(path)
                    .unwrap()
                    .lines()
                    .any(|line| line == lint)
            };
            if ["lib", "bin"].contains(&kind) && !has() {
                wrong.push(format!("{name}: {path} has no `{lint}`"));
            }
        }
    }
    none("roots of crates", wrong);
    let mut exceptions = BTreeSet::new();
    for (path, text) in rust_files().filter(|(path, _)| path != SELF) {
        let lines = text.lines().filter(|line| line.contains("unsafe_code"));
        exceptions.extend(
            lines
                .filter(|line| !line.starts_with("#!["))
                .map(|_| path.clone()),
        );
    }
    same("exceptions", &exceptions, FACADE_UNSAFE.into_iter());
}

#[test]
fn siblings_have_the_same_files() {
    let sources: BTreeSet<String> = source_files().map(|(path, _)| path).collect();
    let of = |package: &str| -> BTreeSet<&str> {
        let prefix = format!("crates/{package}/src/");
        sources
            .iter()
            .filter_map(|path| path.strip_prefix(&prefix))
            .collect()
    };
    let mut unpaired = BTreeSet::new();
    for (a, b) in [
        ("engine-wasmtime", "engine-wasmi"),
        ("js-quickjs", "js-boa"),
    ] {
        let (of_a, of_b) = (of(a), of(b));
        assert!(
            of_a.contains("lib.rs") && of_b.contains("lib.rs"),
            "{a} and {b}"
        );
        unpaired.extend(
            of_a.difference(&of_b)
                .map(|file| format!("crates/{a}/src/{file}")),
        );
        unpaired.extend(
            of_b.difference(&of_a)
                .map(|file| format!("crates/{b}/src/{file}")),
        );
    }
    let expected = UNPAIRED
        .iter()
        .map(|(path, _)| (*path).to_owned())
        .collect();
    assert_eq!(
        unpaired, expected,
        "files that only one of two siblings has"
    );
}

#[test]
fn files_are_short() {
    let long: BTreeMap<String, usize> = source_files()
        .map(|(path, text)| (path, text.lines().count()))
        .filter(|(_, lines)| *lines > LONGEST)
        .collect();
    let excused = |path: &str| LONG_FILES.iter().any(|(excused, _)| *excused == path);
    let too_long = long.iter().filter(|(path, _)| !excused(path));
    let too_long = too_long
        .map(|(path, lines)| format!("{path}: {lines}"))
        .collect();
    none("source files that are too long", too_long);
    let stale = LONG_FILES
        .iter()
        .filter(|(path, _)| !long.contains_key(*path));
    none(
        "exceptions that are none",
        stale.map(|(path, _)| (*path).to_owned()).collect(),
    );
}

/// The files that Cargo compiles, and those that they name as modules.
#[test]
fn every_file_is_compiled() {
    let files: BTreeMap<String, String> = rust_files().collect();
    let mut left: Vec<String> = Vec::new();
    for package in packages() {
        for target in package["targets"].as_array().unwrap() {
            let path = Path::new(target["src_path"].as_str().unwrap());
            let path = path.strip_prefix(root()).unwrap().to_string_lossy();
            left.push(path.replace('\\', "/"));
        }
    }
    // A folder of the same name is for the modules of a file, except for these.
    let mut targets: BTreeSet<String> = left.iter().cloned().collect();
    targets.extend(
        files
            .keys()
            .filter(|path| path.ends_with("/mod.rs"))
            .cloned(),
    );
    let mut compiled = BTreeSet::new();
    while let Some(path) = left.pop() {
        let Some(text) = files.get(&path) else {
            continue;
        };
        let (parent, name) = path.rsplit_once('/').unwrap();
        let folder = match targets.contains(&path) {
            true => parent.to_owned(),
            false => format!("{parent}/{}", name.trim_end_matches(".rs")),
        };
        for line in text.lines().map(|line| code(line).trim()) {
            let elsewhere = line.strip_prefix("#[path = \"");
            if let Some(file) = elsewhere.and_then(|rest| rest.strip_suffix("\"]")) {
                left.push(format!("{parent}/{file}"));
            }
            let module = line
                .strip_suffix(';')
                .and_then(|line| line.rsplit_once("mod "));
            if let Some((visibility, module)) = module
                && (visibility.is_empty() || visibility.starts_with("pub"))
            {
                left.push(format!("{folder}/{module}.rs"));
                left.push(format!("{folder}/{module}/mod.rs"));
            }
        }
        compiled.insert(path);
    }
    let lost = files.into_keys().filter(|path| !compiled.contains(path));
    none("files that nothing compiles", lost.collect());
}

#[test]
fn no_paths_of_a_machine() {
    let folders = ["/work/", "/root/", "/home/", "/Users/"];
    // Else it is the middle of a longer path or URL.
    let begins = |before: &str| {
        let opens = |c: char| c.is_whitespace() || "\"'`(<[=:,".contains(c);
        before.is_empty() || before.ends_with(opens)
    };
    let mut wrong = Vec::new();
    for (path, text) in files().into_iter().filter(|(path, _)| path != SELF) {
        for (number, line) in text.lines().enumerate() {
            let mut found = folders.iter().flat_map(|folder| line.match_indices(folder));
            if found.any(|(at, _)| begins(&line[..at])) {
                wrong.push(format!("{path}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    none("absolute paths", wrong);
}

#[test]
fn nothing_is_left_for_later() {
    let marks = ["TODO", "todo!", "unimplemented!", "dbg!"];
    let mut wrong = Vec::new();
    for (path, text) in rust_files().filter(|(path, _)| path != SELF) {
        for (number, line) in text.lines().enumerate() {
            if marks.iter().any(|mark| line.contains(mark)) {
                wrong.push(format!("{path}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    none("marks of unfinished work", wrong);
}

#[test]
fn every_package_has_the_lints() {
    let manifests = files()
        .into_iter()
        .filter(|(path, _)| path.ends_with("Cargo.toml"));
    let without = manifests.filter(|(_, text)| !text.contains("[lints]\nworkspace = true\n"));
    none(
        "manifests without the lints",
        without.map(|(path, _)| path).collect(),
    );
}

/// HAZARDS S3: with this feature QuickJS would measure its stack anew at each entry.
#[test]
fn s3_rquickjs_is_not_parallel() {
    let output = std::process::Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--offline", "--package", "sinew-cli"])
        .args([
            "--features",
            "full",
            "--prefix",
            "none",
            "--format",
            "{p}|{f}",
        ])
        .current_dir(root())
        .output()
        .unwrap();
    let tree = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<_> = tree
        .lines()
        .filter(|line| line.starts_with("rquickjs"))
        .collect();
    assert!(
        !lines.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    for line in lines {
        let features = line.rsplit('|').next().unwrap_or_default();
        assert!(!features.contains("parallel"), "{line}");
    }
}
