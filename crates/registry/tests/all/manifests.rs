//! What `package.json` says beside `exports`: types, names, the `browser` field; and what errors
//! tell of it.

use sinew_registry::{Address, ErrorKind, PackageId, Referrer, Resolver};

use crate::tree::Tree;

#[test]
fn the_nearest_counts() {
    let tree = Tree::new(&[
        ("package.json", r#"{"name":"app","type":"module"}"#),
        ("sub/x.js", ""),
        (
            "node_modules/p/package.json",
            r#"{"name":"@s/p","version":"1.2.3","type":7,"module":"./m.js"}"#,
        ),
        ("node_modules/p/x.js", ""),
        ("node_modules/p/cjs/package.json", r#"{"type":"commonjs"}"#),
        ("node_modules/p/cjs/x.js", ""),
        ("node_modules/bare/x.js", ""),
        ("broken/package.json", "[1"),
        ("broken/x.js", ""),
    ]);
    let key = |path: &str| tree.resolver.entry(&tree.root.path().join(path)).unwrap();
    for (path, kind, package) in [
        ("sub/x.js", Some("module"), Some("app")),
        ("node_modules/p/x.js", None, Some("@s/p 1.2.3")),
        (
            "node_modules/p/cjs/x.js",
            Some("commonjs"),
            Some("@s/p 1.2.3"),
        ),
        ("node_modules/bare/x.js", None, None),
    ] {
        let manifest = tree.resolver.manifest(&key(path)).unwrap();
        let found = manifest.and_then(|manifest| manifest.module_type.clone());
        assert_eq!(found.as_deref(), kind, "{path}");
        let found = tree.resolver.package_of(&key(path));
        assert_eq!(found.map(|id| id.to_string()).as_deref(), package, "{path}");
    }
    let error = tree.resolver.manifest(&key("broken/x.js")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Package);
    let long = PackageId {
        name: "x".to_owned(),
        version: None,
    };
    assert_eq!(long.to_string(), "x");
}

#[test]
fn the_browser_field() {
    let files = [
        (
            "node_modules/p/package.json",
            r#"{"main":"./main.js","browser":{"./main.js":"./browser.js","fs":false,"./no.js":false,
            "crypto":"./crypto.js","dep":"other","./up.js":"../../../outside.js",
            "./bare.js":"other","./dotless.js":"browser.js"}}"#,
        ),
        ("node_modules/p/main.js", "INSIDE"),
        ("node_modules/p/browser.js", "INSIDE"),
        ("node_modules/p/crypto.js", "INSIDE"),
        ("node_modules/p/no.js", "INSIDE"),
        ("node_modules/p/up.js", "INSIDE"),
        ("node_modules/p/bare.js", "INSIDE"),
        ("node_modules/p/dotless.js", "INSIDE"),
        ("node_modules/dep/index.js", "INSIDE"),
        ("node_modules/other/index.js", "INSIDE"),
        (
            "node_modules/main/package.json",
            r#"{"main":"./main.js","browser":"./browser.js"}"#,
        ),
        ("node_modules/main/main.js", "INSIDE"),
        ("node_modules/main/browser.js", "INSIDE"),
    ];
    let mut tree = Tree::new(&files);
    let inside = "node_modules/p/browser.js";
    for (referrer, specifier, expected) in [
        ("main.js", "p", "node_modules/p/main.js"),
        ("main.js", "main", "node_modules/main/main.js"),
        (inside, "fs", "Builtin"),
        (inside, "./no.js", "node_modules/p/no.js"),
    ] {
        assert_eq!(tree.name_from(referrer, specifier), expected);
    }
    tree.resolver = Resolver::new(tree.root.clone(), &["import", "default", "browser"]);
    for (referrer, specifier, expected) in [
        ("main.js", "p", "node_modules/p/browser.js"),
        ("main.js", "p/main.js", "node_modules/p/browser.js"),
        ("main.js", "main", "node_modules/main/browser.js"),
        ("main.js", "fs", "Builtin"),
        (inside, "./main.js", "node_modules/p/browser.js"),
        (inside, "crypto", "node_modules/p/crypto.js"),
        (inside, "dep", "node_modules/other/index.js"),
        (inside, "./up.js", "OutsideRoot"),
        (inside, "./bare.js", "node_modules/other/index.js"),
        (inside, "./dotless.js", "node_modules/p/browser.js"),
    ] {
        let found = tree.name_from(referrer, specifier);
        assert_eq!(found, expected, "{specifier} in {referrer}");
    }
    let error = tree.resolve("fs").unwrap_err().to_string();
    assert!(
        error.ends_with("Node's modules; map \"fs\" to a module of your own (--import-map FILE)")
    );
    let inside = tree.resolver.entry(&tree.root.path().join(inside)).unwrap();
    for specifier in ["fs", "./no.js"] {
        let found = tree.resolver.address(specifier, Referrer::File(&inside));
        assert!(
            matches!(found, Ok(Address::Data(_))),
            "{specifier}: {found:?}"
        );
    }
}

#[test]
fn errors_tell_what_there_is() {
    let tree = Tree::new(&[
        (
            "node_modules/p/package.json",
            r#"{"name":"p","version":"1.0.0","exports":{".":{"require":"./x.cjs","node":{"import":"./x.js"}},
            "./parse":"./x.js","./hidden":null,"./f/*":"./*"}}"#,
        ),
        (
            "node_modules/q/package.json",
            r#"{"name":"q","version":"2.0.0","main":"./gone","module":"./m.mjs"}"#,
        ),
        (
            "node_modules/needs/package.json",
            r#"{"name":"needs","version":"3.0.0"}"#,
        ),
        ("node_modules/needs/x.js", "INSIDE"),
        ("a/b/c/d/e/f/g/h/i/j/x.js", "INSIDE"),
        (
            "node_modules/gone/package.json",
            r#"{"exports":{"./x/*":["./lib/*.js","./*.js"],"./*":"./none.js"}}"#,
        ),
        ("node_modules/@s/package/index.js", "INSIDE"),
        (
            "near/package.json",
            r##"{"imports":{"#inside":"./none.js"}}"##,
        ),
        ("near/main.js", "INSIDE"),
        ("near/x.js", "INSIDE"),
        ("near/sub/y.js", "INSIDE"),
    ]);
    let root = tree.root.path().to_str().unwrap();
    let message = |referrer: &str, specifier: &str| {
        let referrer = tree
            .resolver
            .entry(&tree.root.path().join(referrer))
            .unwrap();
        let error = tree
            .resolver
            .resolve(specifier, Some(&referrer))
            .unwrap_err();
        error.to_string().replace(root, "ROOT")
    };
    let from = "imported from file://ROOT/main.js";
    let exports = "(see \"exports\" in ROOT/node_modules/p/package.json)";
    assert_eq!(
        message("main.js", "p"),
        format!(
            "module \"p\" {from}: ROOT/node_modules/p of the package p 1.0.0 does not export \".\" under \
             the conditions import, module-sync, default {exports}; it has require, node \
             (--conditions NAME)"
        )
    );
    assert_eq!(
        message("main.js", "p/prase"),
        format!(
            "module \"p/prase\" {from}: ROOT/node_modules/p of the package p 1.0.0 does not export \
             \"./prase\" under the conditions import, module-sync, default {exports}; did you mean \"p/parse\"?"
        )
    );
    assert!(!message("main.js", "p/hiden").contains("did you mean"));
    assert_eq!(
        message("main.js", "q"),
        "ROOT/node_modules/q/package.json: \"main\" is \"./gone\", which leads to no file, and there is no \
         index.js; looked for ./gone, ./gone.js, ./gone.json, ./gone.node, ./gone/index.js, index.js; its \
         \"module\" is only read by bundlers: import \"q/m.mjs\""
    );
    let builtin = message("node_modules/needs/x.js", "fs/promises");
    let expected = "module \"fs/promises\" imported from file://ROOT/node_modules/needs/x.js in the package \
                    needs 3.0.0: node:fs/promises is built into Node.js";
    assert!(builtin.starts_with(expected), "{builtin}");
    let target = message("main.js", "gone/x/y");
    let expected = format!(
        "module \"gone/x/y\" {from}: not found; looked for ROOT/node_modules/gone/lib/y.js, \
         ROOT/node_modules/gone/y.js"
    );
    assert_eq!(target, expected);
    for (specifier, meant) in [
        ("x.js", "./x.js"),
        ("sub/y", "./sub/y.js"),
        ("@s/pakcage", "@s/package"),
        ("goen", "gone"),
        ("#insdie", "#inside"),
    ] {
        let found = message("near/main.js", specifier);
        assert!(
            found.ends_with(&format!("did you mean {meant:?}?")),
            "{found}"
        );
    }
    let import = message("near/main.js", "#inside");
    assert!(
        import.ends_with("not found; looked for ROOT/near/none.js"),
        "{import}"
    );
    let far = message("a/b/c/d/e/f/g/h/i/j/x.js", "none");
    assert!(far.contains(", and in 3 more places"), "{far}");
}

#[test]
fn urls_without_files() {
    let tree = Tree::new(&[
        ("node_modules/p/index.js", "INSIDE"),
        ("link.js", "-> main.js"),
    ]);
    let root = tree.root.path().to_str().unwrap();
    let main = Referrer::File(&tree.main);
    for (specifier, expected) in [
        ("./gone.js?a#b", "file://ROOT/gone.js?a#b"),
        ("../../x y.js", "file:///x%20y.js"),
        ("./link.js", "file://ROOT/main.js"),
        ("./node_modules/", "file://ROOT/node_modules/"),
        ("p", "file://ROOT/node_modules/p/index.js"),
        ("fs", "node:fs"),
        ("node:os", "node:os"),
        ("https://x.test/a b", "https://x.test/a%20b"),
        ("DATA:text/javascript,1", "data:text/javascript,1"),
    ] {
        let found = tree.resolver.url(specifier, main).unwrap();
        if specifier.starts_with("../../") {
            assert!(
                found.starts_with("file:///") && found.ends_with("/x%20y.js"),
                "{found}"
            );
            continue;
        }
        assert_eq!(found.replace(root, "ROOT"), expected, "{specifier}");
    }
    for specifier in ["", "none", "p/none.js", "#none", "./a%2fb.js", "./a\0b"] {
        assert!(tree.resolver.url(specifier, main).is_err(), "{specifier}");
    }
}
