//! F5: one file is one key in every spelling, and two files are two keys.

use std::collections::{BTreeSet, HashSet};

use sinew_registry::{DEFAULT_CONDITIONS, Key, Resolver, Root};

use crate::tree::Tree;

fn tree() -> Tree {
    Tree::new(&[
        (
            "package.json",
            r##"{"name":"app","exports":{"./m":"./sub/m.wasm"},"imports":{"#m":"./sub/m.wasm"}}"##,
        ),
        ("sub/m.wasm", "INSIDE"),
        ("sub/other/x.js", "INSIDE"),
        ("link.wasm", "-> sub/m.wasm"),
        ("abs.wasm", "-> {top}/root/sub/m.wasm"),
        ("chain.wasm", "-> link.wasm"),
        ("folder", "-> sub"),
        ("up", "-> .."),
        ("node_modules/pkg", "-> ../sub"),
        (
            "node_modules/wasm/package.json",
            r#"{"exports":"./m.wasm"}"#,
        ),
        ("node_modules/wasm/m.wasm", "-> ../../sub/m.wasm"),
    ])
}

#[test]
fn f5_aliases() {
    let tree = tree();
    let top = tree.top.to_str().unwrap();
    let spellings = [
        "./sub/m.wasm",
        "././sub/./m.wasm",
        "./sub//m.wasm",
        ".//sub/m.wasm",
        "./sub/../sub/m.wasm",
        "./none/../sub/m.wasm",
        "../root/sub/m.wasm",
        "./sub/other/../m.wasm",
        "./s%75b/m.wasm",
        "./sub/%6D.wasm",
        "./sub/%6d.wasm",
        "./sub/m%2ewasm",
        "./sub/%2e/m.wasm",
        "./sub/other/%2e%2e/m.wasm",
        "./sub/m.wasm ",
        "./link.wasm",
        "./abs.wasm",
        "./chain.wasm",
        "./folder/m.wasm",
        "./folder/../link.wasm",
        "./up/root/sub/m.wasm",
        "./up/root/up/root/folder/m.wasm",
        "{top}/root/sub/m.wasm",
        "{top}//root/sub/m.wasm",
        "/..{top}/root/sub/m.wasm",
        "file://{top}/root/sub/m.wasm",
        "file:{top}/root/sub/m.wasm",
        "FILE://{top}/root/sub/m.wasm",
        "file://localhost{top}/root/sub/m.wasm",
        "file://{top}/root/up/root/link.wasm",
        "pkg/m.wasm",
        "pkg/other/../m.wasm",
        "pkg/%6d.wasm",
        "wasm",
        "app/m",
        "#m",
    ];
    assert!(spellings.len() >= 30);
    assert_eq!(HashSet::from(spellings).len(), spellings.len());
    let keys: BTreeSet<Key> = spellings
        .iter()
        .map(|spelling| tree.resolve(&spelling.replace("{top}", top)).unwrap())
        .collect();
    assert_eq!(keys.len(), 1, "{keys:?}");
    // From another folder, and from nowhere.
    let inner = tree.resolve("./sub/other/x.js").unwrap();
    assert_eq!(
        Some(&tree.resolver.resolve("../m.wasm", Some(&inner)).unwrap()),
        keys.first()
    );
    assert_eq!(
        Some(&tree.resolver.resolve("./sub/m.wasm", None).unwrap()),
        keys.first()
    );
    // And through a root under another name.
    let root = Root::open(&tree.root.path().join("up/root/up/root")).unwrap();
    let resolver = Resolver::new(root, DEFAULT_CONDITIONS);
    assert_eq!(
        Some(&resolver.resolve("./link.wasm", None).unwrap()),
        keys.first()
    );
}

#[test]
fn f5_suffixes_are_other_keys_of_one_path() {
    let tree = tree();
    let suffixes = [
        "", "?", "#", "?a", "?b", "?A", "#a", "?a#a", "?a#b", "?a=1&b=2", "?a?b", "?%61", "?a b",
    ];
    let keys: BTreeSet<Key> = suffixes
        .iter()
        .map(|suffix| tree.resolve(&format!("./link.wasm{suffix}")).unwrap())
        .collect();
    assert_eq!(keys.len(), suffixes.len());
    let paths: HashSet<_> = keys.iter().map(Key::path).collect();
    assert_eq!(paths.len(), 1);
    for key in &keys {
        assert_eq!(key.extension(), Some("wasm"));
        assert_eq!(Key::from_url(&key.url()).as_ref(), Some(key));
        assert_eq!(Key::from_module_name(&key.to_string()).as_ref(), Some(key));
        assert_eq!(
            tree.resolver.resolve(&key.url(), None).as_ref().unwrap(),
            key
        );
    }
}

#[test]
fn f5_two_files_are_two_keys() {
    let tree = Tree::new(&[
        ("a.js", "INSIDE"),
        ("a%2ejs", "INSIDE"),
        ("a.js ", "INSIDE"),
        ("\u{e4}.js", "INSIDE"),
        ("a\u{308}.js", "INSIDE"),
        ("a?.js", "INSIDE"),
        ("a#.js", "INSIDE"),
        ("a\t.js", "INSIDE"),
        ("a%.js", "INSIDE"),
        ("~a'(b)[c]{d}^|`\"<>.js", "INSIDE"),
    ]);
    std::fs::hard_link(
        tree.root.path().join("a.js"),
        tree.root.path().join("hard.js"),
    )
    .unwrap();
    let specifiers = [
        "./a.js",
        "./a%252ejs",
        "./a.js%20",
        "./\u{e4}.js",
        "./a\u{308}.js",
        "./a%3f.js",
        "./a%23.js",
        "./a%09.js",
        "./a%25.js",
        "./~a'(b)[c]{d}^|`\"<>.js",
        "./hard.js",
    ];
    let keys: BTreeSet<Key> = specifiers
        .iter()
        .map(|specifier| tree.resolve(specifier).unwrap())
        .collect();
    assert_eq!(keys.len(), specifiers.len());
    for key in &keys {
        assert_eq!(Key::from_url(&key.url()).as_ref(), Some(key));
        assert_eq!(&tree.resolver.resolve(&key.url(), None).unwrap(), key);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn f5_names_that_are_not_utf8() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let folder = tempfile::tempdir().unwrap();
    let inside = folder
        .path()
        .canonicalize()
        .unwrap()
        .join(OsStr::from_bytes(b"\xff"));
    std::fs::create_dir(&inside).unwrap();
    for name in [&b"main.js"[..], b"\xfe.js"] {
        std::fs::write(inside.join(OsStr::from_bytes(name)), "INSIDE").unwrap();
    }
    let root = Root::open(&inside).unwrap();
    let resolver = Resolver::new(root.clone(), DEFAULT_CONDITIONS);
    let main = resolver.resolve("./main.js", None).unwrap();
    let other = resolver.resolve("./%fe.js", Some(&main)).unwrap();
    assert!(other.url().ends_with("/%FF/%FE.js"));
    assert_eq!(Key::from_url(&other.url()).as_ref(), Some(&other));
    assert_eq!(root.read(other.path(), 99).unwrap(), b"INSIDE");
}

#[test]
fn f5_urls_that_are_no_keys() {
    for url in [
        "",
        "a.js",
        "/a.js",
        "http://x/a.js",
        "file://host/a.js",
        "file:///a%2fb",
        "file:///a%00",
        "file:///a <x>",
        "file:///a 1>",
    ] {
        assert_eq!(Key::from_module_name(url), None, "{url}");
    }
}
