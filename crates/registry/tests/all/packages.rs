//! Bare specifiers and `#` imports, as Node resolves them for `import`.

use sinew_registry::ErrorKind;

use crate::tree::{DECOY, Tree, write};

#[test]
fn legacy_main() {
    let tree = Tree::new(&[
        ("node_modules/plain/index.js", "INSIDE"),
        ("node_modules/main/package.json", r#"{"main":"./lib"}"#),
        ("node_modules/main/lib.js", "INSIDE"),
        ("node_modules/main/index.js", "INSIDE"),
        ("node_modules/folder/package.json", r#"{"main":"./lib"}"#),
        ("node_modules/folder/lib/index.js", "INSIDE"),
        ("node_modules/gone/package.json", r#"{"main":"./gone.js"}"#),
        ("node_modules/gone/index.js", "INSIDE"),
        ("node_modules/json/index.json", "{}"),
        ("node_modules/odd/package.json", r#"{"main":7}"#),
        ("node_modules/odd/index.js", "INSIDE"),
        ("node_modules/nothing/package.json", "{}"),
        (
            "node_modules/esm/package.json",
            r#"{"module":"./m.js","browser":"./m.js"}"#,
        ),
        ("node_modules/esm/m.js", "INSIDE"),
        ("node_modules/sub/dir/package.json", r#"{"main":"./m.js"}"#),
        ("node_modules/sub/dir/m.js", "INSIDE"),
        ("node_modules/sub/dir/index.js", "INSIDE"),
        ("node_modules/file.js", "INSIDE"),
    ]);
    for (specifier, expected) in [
        ("plain", "node_modules/plain/index.js"),
        ("main", "node_modules/main/lib.js"),
        ("folder", "node_modules/folder/lib/index.js"),
        ("gone", "node_modules/gone/index.js"),
        ("json", "node_modules/json/index.json"),
        ("odd", "node_modules/odd/index.js"),
        ("nothing", "Package"),
        ("esm", "Package"),
        ("plain/index.js", "node_modules/plain/index.js"),
        ("plain/index", "NotFound"),
        ("sub/dir", "NotAFile"),
        ("sub/dir/m", "NotFound"),
        ("file", "NotFound"),
        ("file.js", "NotFound"),
    ] {
        assert_eq!(
            tree.name(specifier),
            expected,
            "{specifier}: {:?}",
            tree.resolve(specifier)
        );
    }
}

#[test]
fn self_reference_and_imports() {
    let tree = Tree::new(&[
        (
            "package.json",
            r##"{"name":"@me/app","exports":{".":"./a.js","./x/*":"./src/*.js"},"imports":{
            "#a":"./a.js","#cond":{"require":"./no.js","import":"./a.js"},"#src/*":"./src/*.js",
            "#src/private/*":null,"#null":null,"#dep":"dep","#dep/*":"dep/*","#gone":"./gone.js",
            "#up":"../up.js","#builtin":"node:fs","#list":[{"require":"./no.js"},"./a.js"],
            "#ext":"./a","#é":"./a.js","#self":"@me/app"}}"##,
        ),
        ("a.js", "INSIDE"),
        ("src/s.js", "INSIDE"),
        ("src/private/p.js", "INSIDE"),
        ("src/in/package.json", r#"{"name":"inner"}"#),
        ("src/in/i.js", "INSIDE"),
        ("node_modules/dep/package.json", r#"{"main":"d"}"#),
        ("node_modules/dep/d.js", "INSIDE"),
        ("node_modules/dep/e.js", "INSIDE"),
        ("node_modules/bare/index.js", "INSIDE"),
        ("node_modules/inner/index.js", "INSIDE"),
    ]);
    for (referrer, specifier, expected) in [
        ("a.js", "@me/app", "a.js"),
        ("src/s.js", "@me/app", "a.js"),
        ("src/s.js", "@me/app/x/s", "src/s.js"),
        ("src/s.js", "@me/app/src/s.js", "PackagePathNotExported"),
        // Another scope: its own name without exports is no self-reference.
        ("src/in/i.js", "inner", "node_modules/inner/index.js"),
        ("src/in/i.js", "@me/app", "NotFound"),
        ("src/in/i.js", "#a", "NotFound"),
        ("node_modules/dep/d.js", "#a", "NotFound"),
        ("node_modules/bare/index.js", "@me/app", "NotFound"),
        ("node_modules/bare/index.js", "#a", "NotFound"),
        ("src/s.js", "#a", "a.js"),
        ("a.js", "#cond", "a.js"),
        ("a.js", "#src/s", "src/s.js"),
        ("a.js", "#src/private/p", "Package"),
        ("a.js", "#src/none", "NotFound"),
        ("a.js", "#null", "Package"),
        ("a.js", "#dep", "node_modules/dep/d.js"),
        ("a.js", "#dep/e.js", "node_modules/dep/e.js"),
        ("a.js", "#dep/e", "NotFound"),
        ("a.js", "#gone", "NotFound"),
        ("a.js", "#ext", "NotFound"),
        ("a.js", "#up", "Package"),
        ("a.js", "#builtin", "Builtin"),
        ("a.js", "#list", "a.js"),
        ("a.js", "#é", "a.js"),
        ("a.js", "#none", "Package"),
        ("a.js", "#", "Package"),
    ] {
        assert_eq!(
            tree.name_from(referrer, specifier),
            expected,
            "{specifier} in {referrer}"
        );
    }
}

#[test]
fn the_nearest_package_counts() {
    let tree = Tree::new(&[
        (
            "node_modules/p/package.json",
            r#"{"exports":{".":"./up.js","./only-up.js":"./up.js"}}"#,
        ),
        ("node_modules/p/up.js", "INSIDE"),
        ("node_modules/q/only-up.js", "INSIDE"),
        ("node_modules/empty/index.js", "INSIDE"),
        ("a/x.js", "INSIDE"),
        ("a/node_modules/p/package.json", r#"{"main":"near.js"}"#),
        ("a/node_modules/p/near.js", "INSIDE"),
        ("a/node_modules/q/near.js", "INSIDE"),
        ("a/node_modules/empty/package.json", "{}"),
        ("a/b/c/x.js", "INSIDE"),
        ("a/node_modules/p/node_modules/r/index.js", "INSIDE"),
        ("node_modules/r/index.js", "INSIDE"),
    ]);
    for (referrer, specifier, expected) in [
        ("main.js", "p", "node_modules/p/up.js"),
        ("a/x.js", "p", "a/node_modules/p/near.js"),
        ("a/b/c/x.js", "p", "a/node_modules/p/near.js"),
        ("a/x.js", "p/only-up.js", "NotFound"),
        ("a/x.js", "q/only-up.js", "NotFound"),
        ("main.js", "q/only-up.js", "node_modules/q/only-up.js"),
        ("a/x.js", "empty", "Package"),
        ("main.js", "empty", "node_modules/empty/index.js"),
        (
            "a/node_modules/p/near.js",
            "r",
            "a/node_modules/p/node_modules/r/index.js",
        ),
        ("a/x.js", "r", "node_modules/r/index.js"),
    ] {
        assert_eq!(
            tree.name_from(referrer, specifier),
            expected,
            "{specifier} in {referrer}"
        );
    }
}

#[test]
fn a_nearest_package_that_leaves_the_root_is_not_passed_over() {
    let tree = Tree::new(&[
        ("node_modules/p/index.js", "INSIDE"),
        ("a/x.js", "INSIDE"),
        ("a/node_modules/p", "-> ../../../outside"),
        ("b/x.js", "INSIDE"),
        ("b/node_modules", "-> ../../outside"),
    ]);
    write(&tree.top.join("outside/index.js"), DECOY);
    let outside = format!("{:?}", ErrorKind::OutsideRoot);
    for referrer in ["a/x.js", "b/x.js"] {
        // Again and again: what was remembered of the refusal must not make it a "not found".
        for _ in 0..3 {
            assert_eq!(tree.name_from(referrer, "p"), outside, "{referrer}");
        }
    }
    assert_eq!(tree.name("p"), "node_modules/p/index.js");
}

#[test]
fn pnpm_layout() {
    let tree = Tree::new(&[
        (
            "node_modules/.pnpm/a@1.0.0/node_modules/a/package.json",
            r#"{"exports":{"import":"./a.js"}}"#,
        ),
        ("node_modules/.pnpm/a@1.0.0/node_modules/a/a.js", "INSIDE"),
        (
            "node_modules/.pnpm/a@1.0.0/node_modules/b",
            "-> ../../b@2.0.0/node_modules/b",
        ),
        (
            "node_modules/.pnpm/a@1.0.0/node_modules/@s/c",
            "-> {top}/root/node_modules/.pnpm/@s+c@3.0.0/node_modules/@s/c",
        ),
        (
            "node_modules/.pnpm/b@2.0.0/node_modules/b/index.js",
            "INSIDE",
        ),
        (
            "node_modules/.pnpm/@s+c@3.0.0/node_modules/@s/c/index.js",
            "INSIDE",
        ),
        ("node_modules/a", "-> .pnpm/a@1.0.0/node_modules/a"),
        (
            "packages/w/package.json",
            r#"{"name":"w","exports":"./w.js"}"#,
        ),
        ("packages/w/w.js", "INSIDE"),
        (
            "packages/w/node_modules/a",
            "-> ../../../node_modules/.pnpm/a@1.0.0/node_modules/a",
        ),
        ("node_modules/w", "-> ../packages/w"),
    ]);
    let a = "node_modules/.pnpm/a@1.0.0/node_modules/a/a.js";
    assert_eq!(tree.name("a"), a);
    assert_eq!(tree.name("w"), "packages/w/w.js");
    assert_eq!(tree.name_from("packages/w/w.js", "a"), a);
    assert_eq!(tree.name_from("packages/w/w.js", "w"), "packages/w/w.js");
    // Only a's own dependencies are seen from a, and those only from there.
    assert_eq!(
        tree.name_from(a, "b"),
        "node_modules/.pnpm/b@2.0.0/node_modules/b/index.js"
    );
    assert_eq!(
        tree.name_from(a, "@s/c"),
        "node_modules/.pnpm/@s+c@3.0.0/node_modules/@s/c/index.js"
    );
    assert_eq!(tree.name("b"), "NotFound");
}

#[test]
fn changes_are_seen() {
    let tree = Tree::new(&[]);
    assert_eq!(tree.name("late"), "NotFound");
    let package = tree.root.path().join("node_modules/late/package.json");
    write(&package, r#"{"exports":"./a.js"}"#);
    write(&package.with_file_name("a.js"), "INSIDE");
    write(&package.with_file_name("b.js"), "INSIDE");
    assert_eq!(tree.name("late"), "node_modules/late/a.js");
    // What worked is remembered until it works no longer, or until it is asked again.
    write(&package, r#"{"exports":"./b.js"}"#);
    assert_eq!(tree.name("late"), "node_modules/late/a.js");
    tree.resolver.clear_cache();
    assert_eq!(tree.name("late"), "node_modules/late/b.js");
    std::fs::remove_file(package.with_file_name("b.js")).unwrap();
    write(&package, r#"{"exports":"./a.js"}"#);
    assert_eq!(tree.name("late"), "node_modules/late/a.js");
}

#[test]
fn messages() {
    let tree = Tree::new(&[
        ("dir/index.js", "INSIDE"),
        ("dir/add.wasm", "INSIDE"),
        ("node_modules/lodash/index.js", "INSIDE"),
        ("node_modules/lodash/fp.js", "INSIDE"),
    ]);
    let root = tree.root.path().to_str().unwrap().to_owned();
    let check = |specifier: &str, expected: &str| {
        let message = tree.resolve(specifier).unwrap_err().to_string();
        assert_eq!(message.replace(&root, "ROOT"), expected);
    };
    let from = "imported from file://ROOT/main.js";
    check(
        "./dir/ad.wasm",
        &format!(
            "module \"./dir/ad.wasm\" {from}: not found; looked for ROOT/dir/ad.wasm; did you mean \"./dir/add.wasm\"?"
        ),
    );
    check(
        "./dir/add",
        &format!(
            "module \"./dir/add\" {from}: not found; looked for ROOT/dir/add; did you mean \"./dir/add.wasm\"?"
        ),
    );
    check(
        "./main",
        &format!(
            "module \"./main\" {from}: not found; looked for ROOT/main; did you mean \"./main.js\"?"
        ),
    );
    check(
        "./zzz.js",
        &format!("module \"./zzz.js\" {from}: not found; looked for ROOT/zzz.js"),
    );
    check(
        "./dir",
        "ROOT/dir is a folder, not a file; did you mean \"index.js\"?",
    );
    check(
        "lodahs",
        &format!(
            "module \"lodahs\" {from}: not found; looked for ROOT/node_modules/lodahs; did you mean \"lodash\"?"
        ),
    );
    check(
        "lodash/fq.js",
        &format!(
            "module \"lodash/fq.js\" {from}: not found; looked for ROOT/node_modules/lodash/fq.js; did you mean \"lodash/fp.js\"?"
        ),
    );
    check(
        "#x",
        &format!("module \"#x\" {from}: not found; looked for ROOT/package.json"),
    );
    for specifier in ["node:fs", "fs"] {
        check(
            specifier,
            &format!(
                "module {specifier:?} {from}: node:fs is built into Node.js, and Sinew has none of \
                 Node's modules; look for a build without it (--conditions browser), or map \
                 {specifier:?} to a module of your own (--import-map FILE)"
            ),
        );
    }
    check(
        "/etc/passwd",
        &format!(
            "module \"/etc/passwd\" {from}: /etc is outside the import root ROOT; choose another root with --root DIR"
        ),
    );
    check(
        "a\0b",
        "invalid module specifier \"a\\0b\": it has a NUL character",
    );
    check(
        "https://x/y",
        "invalid module specifier \"https://x/y\": https: modules are not loaded; an import map can lead to a \
         file instead (--import-map FILE)",
    );
    let error = tree
        .resolver
        .entry(&tree.root.path().join("mian.js"))
        .unwrap_err();
    assert!(
        error.to_string().ends_with("did you mean \"main.js\"?"),
        "{error}"
    );
    let error = tree
        .resolve(&format!("data:{}", "x".repeat(60_000)))
        .unwrap_err();
    assert!(error.to_string().len() < 400);
}
