//! `exports`, as Node reads it for `import`, and as an attacker writes it.

use sinew_registry::{ErrorKind, Resolver};

use crate::tree::Tree;

#[test]
fn exports_by_condition() {
    let tree = Tree::new(&[
        (
            "node_modules/p/package.json",
            r#"{"main":"./no.js","exports":{
            ".":{"require":"./no.js","module-sync":"./sync.js","import":"./import.js","default":"./default.js"},
            "./order":{"import":"./import.js","module-sync":"./sync.js"},
            "./default-first":{"default":"./default.js","import":"./import.js"},
            "./nested":{"node":{"import":"./no.js"},"import":{"require":"./no.js","default":"./import.js"}},
            "./falls-through":{"import":{"require":"./no.js"},"default":"./default.js"},
            "./null":null,
            "./null-import":{"import":null,"default":"./default.js"},
            "./no-match":{"require":"./no.js"},
            "./list":["not-a-target",{"require":"./no.js"},"./default.js"],
            "./list-missing":["./missing.js","./default.js"],
            "./false":false,
            "./up":"../q/index.js",
            "./through":"./node_modules/x.js",
            "./bare":"q",
            "./missing":"./missing.js",
            "./extension":"./default",
            "./encoded":"./sp%20ace.js",
            "./query":"./import.js?x#y",
            "./folder":"./f",
            "./f/*":"./f/*.js",
            "./f/private/*":null,
            "./f/*.js":"./f/*.js",
            "./longer/*":"./no.js",
            "./longer/and/*":"./f/*.js",
            "./g/*/x":"./f/*/*.js",
            "./json":"./data.json"
        }}"#,
        ),
        ("node_modules/p/no.js", "INSIDE"),
        ("node_modules/p/sync.js", "INSIDE"),
        ("node_modules/p/import.js", "INSIDE"),
        ("node_modules/p/default.js", "INSIDE"),
        ("node_modules/p/sp ace.js", "INSIDE"),
        ("node_modules/p/data.json", "{}"),
        ("node_modules/p/node_modules/x.js", "INSIDE"),
        ("node_modules/p/f/a.js", "INSIDE"),
        ("node_modules/p/f/a/a.js", "INSIDE"),
        ("node_modules/p/f/index.js", "INSIDE"),
        ("node_modules/p/f/private/s.js", "INSIDE"),
        ("node_modules/q/index.js", "INSIDE"),
    ]);
    for (specifier, expected) in [
        ("p", "sync.js"),
        ("p/order", "import.js"),
        ("p/default-first", "default.js"),
        ("p/nested", "import.js"),
        ("p/falls-through", "default.js"),
        ("p/null", "PackagePathNotExported"),
        ("p/null-import", "PackagePathNotExported"),
        ("p/no-match", "PackagePathNotExported"),
        ("p/list", "default.js"),
        ("p/list-missing", "NotFound"),
        ("p/false", "PackagePathNotExported"),
        ("p/up", "Package"),
        ("p/through", "Package"),
        ("p/bare", "Package"),
        ("p/missing", "NotFound"),
        ("p/extension", "NotFound"),
        ("p/encoded", "sp ace.js"),
        ("p/query", "import.js?x#y"),
        ("p/folder", "NotFound"),
        ("p/f/a", "f/a.js"),
        ("p/f/a.js", "f/a.js"),
        ("p/f/%61", "f/a.js"),
        ("p/f/none", "NotFound"),
        ("p/f/private/s", "PackagePathNotExported"),
        ("p/longer/and/a", "f/a.js"),
        ("p/g/a/x", "f/a/a.js"),
        ("p/json", "data.json"),
        ("p/package.json", "PackagePathNotExported"),
        ("p/import.js", "PackagePathNotExported"),
        ("p/order?x", "PackagePathNotExported"),
    ] {
        let found = tree.name(specifier);
        let found = found.strip_prefix("node_modules/p/").unwrap_or(&found);
        assert_eq!(
            found,
            expected,
            "{specifier}: {:?}",
            tree.resolve(specifier)
        );
    }
    // Other conditions, other files.
    let of = |conditions: &[&str]| {
        let key = Resolver::new(tree.root.clone(), conditions)
            .resolve("p", None)
            .unwrap();
        key.path().file_name().unwrap().to_str().unwrap().to_owned()
    };
    assert_eq!(of(&["require"]), "no.js");
    assert_eq!(of(&["import"]), "import.js");
    assert_eq!(of(&[]), "default.js");
}

#[test]
fn exports_broken() {
    let tree = Tree::new(&[
        (
            "node_modules/mixed/package.json",
            r#"{"exports":{"./a":"./a.js","import":"./a.js"}}"#,
        ),
        ("node_modules/mixed/a.js", "INSIDE"),
        ("node_modules/empty/package.json", r#"{"exports":{}}"#),
        ("node_modules/empty/index.js", "INSIDE"),
        (
            "node_modules/none/package.json",
            r#"{"exports":null,"main":"a.js"}"#,
        ),
        ("node_modules/none/a.js", "INSIDE"),
        (
            "node_modules/decided/package.json",
            r#"{"exports":{"import":null},"main":"a.js"}"#,
        ),
        ("node_modules/decided/a.js", "INSIDE"),
        ("node_modules/number/package.json", r#"{"exports":3}"#),
        (
            "node_modules/bom/package.json",
            "\u{feff}{\"main\":\"a.js\"}",
        ),
        ("node_modules/bom/a.js", "INSIDE"),
        ("node_modules/blank/package.json", ""),
        ("node_modules/list/package.json", "[]"),
        ("node_modules/syntax/package.json", "{\n  \"main\": \n}"),
    ]);
    for (specifier, expected) in [
        ("mixed/a", "Package"),
        ("empty", "PackagePathNotExported"),
        ("none", "node_modules/none/a.js"),
        ("decided", "PackagePathNotExported"),
        ("number", "PackagePathNotExported"),
        ("bom", "node_modules/bom/a.js"),
        ("blank", "Package"),
        ("list", "Package"),
        ("syntax", "Package"),
    ] {
        assert_eq!(
            tree.name(specifier),
            expected,
            "{specifier}: {:?}",
            tree.resolve(specifier)
        );
        // The second time is as the first, whatever was remembered.
        assert_eq!(tree.name(specifier), expected, "{specifier}, again");
    }
    let message = tree.resolve("syntax").unwrap_err().to_string();
    assert!(
        message.contains("node_modules/syntax/package.json: invalid package config"),
        "{message}"
    );
    assert!(message.contains("line 3"), "{message}");
    let message = tree.resolve("empty").unwrap_err().to_string();
    assert!(
        message.contains("does not export \".\" under the conditions import"),
        "{message}"
    );
}

#[test]
fn exports_hostile() {
    let deep = format!(
        r#"{{"exports":{}"./a.js"{}}}"#,
        r#"{"import":"#.repeat(50_000),
        "}".repeat(50_000)
    );
    let long = format!(r#"{{"exports":"./{}a.js"}}"#, "a/".repeat(500_000));
    let main = format!(r#"{{"main":"{}a.js"}}"#, "a/".repeat(500_000));
    let many: Vec<String> = (0..20_000)
        .map(|i| format!(r#""./{i}/*":"./{i}/*""#))
        .collect();
    let many = format!(r#"{{"exports":{{{}}}}}"#, many.join(","));
    let tree = Tree::new(&[
        ("node_modules/deep/package.json", &deep),
        ("node_modules/long/package.json", &long),
        ("node_modules/main/package.json", &main),
        ("node_modules/many/package.json", &many),
        ("node_modules/many/19999/a.js", "INSIDE"),
        ("node_modules/loop/package.json", r#"{"main":"loop"}"#),
        ("node_modules/loop/loop", "-> loop"),
    ]);
    assert_eq!(tree.name("deep"), "Package");
    assert_eq!(tree.name("long"), "Package");
    assert_eq!(tree.name("main"), "Package");
    assert_eq!(tree.name("many/19999/a.js"), "node_modules/many/19999/a.js");
    assert_eq!(tree.name("loop"), "Io");
    // On a thread with a small stack too.
    let specifier = format!("a/{}", "b/".repeat(250) + "c");
    let small = std::thread::Builder::new().stack_size(256 << 10);
    let kind = std::thread::scope(|scope| {
        let thread = small.spawn_scoped(scope, || tree.resolve(&specifier).unwrap_err().kind());
        thread.unwrap().join().unwrap()
    });
    assert_eq!(kind, ErrorKind::NotFound);
}
