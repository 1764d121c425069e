//! Import maps, by the HTML standard's own examples and by those of an attacker.

use std::path::Path;

use sinew_registry::{Address, DEFAULT_CONDITIONS, ImportMap, Key, Referrer, Resolver};

use crate::escapes::{TABLE, Watch, check_inside, unescape};
use crate::tree::{Tree, write};

/// A tree whose resolver has this map, in `maps/map.json`.
fn tree(map: &str, files: &[(&str, &str)]) -> Tree {
    let mut tree = Tree::new(files);
    let file = tree.root.path().join("maps/map.json");
    write(&file, map);
    let map = ImportMap::read(&file).unwrap();
    tree.resolver = Resolver::new(tree.root.clone(), DEFAULT_CONDITIONS).with_import_map(map);
    tree
}

fn message(tree: &Tree, specifier: &str) -> String {
    let message = tree.resolve(specifier).unwrap_err().to_string();
    message.replace(tree.root.path().to_str().unwrap(), "ROOT")
}

#[test]
fn specifiers_are_mapped() {
    let tree = tree(
        r##"{
            "imports": {
                "a": "../a.js", "b": "/nowhere.js", "lib/": "../lib/", "lib/deep/": "../deep/",
                "lib/one.js": "../a.js", "../main.js": "../a.js", "node:fs": "../a.js",
                "fs": "../a.js", "https://x.test/": "../lib/", "#a": "../a.js", "d": "data:text/javascript,1",
                "own/": "./"
            },
            "scopes": {
                "../lib/": { "a": "../lib/one.js" },
                "../lib/in/": { "a": "../deep/one.js" },
                "../lib/one.js": { "only": "../a.js" },
                "http://[": { "a": "nowhere" }
            }
        }"##,
        &[
            ("a.js", "INSIDE"),
            ("lib/one.js", "INSIDE"),
            ("lib/in/one.js", "INSIDE"),
            ("deep/one.js", "INSIDE"),
            ("maps/own.js", "INSIDE"),
            ("node_modules/installed/index.js", "INSIDE"),
        ],
    );
    for (referrer, specifier, expected) in [
        ("main.js", "a", "a.js"),
        ("main.js", "b", "OutsideRoot"),
        ("main.js", "lib/in/one.js", "lib/in/one.js"),
        ("main.js", "lib/one.js", "a.js"),
        ("main.js", "lib/one.js?x", "lib/one.js?x"),
        ("main.js", "lib/deep/one.js", "deep/one.js"),
        ("main.js", "lib/none.js", "NotFound"),
        ("main.js", "lib/../main.js", "ImportMap"),
        ("main.js", "lib//etc/passwd", "ImportMap"),
        ("main.js", "lib", "NotFound"),
        ("main.js", "./main.js", "a.js"),
        ("lib/one.js", "../main.js", "a.js"),
        ("main.js", "node:fs", "a.js"),
        ("main.js", "fs", "a.js"),
        ("main.js", "node:os", "Builtin"),
        ("main.js", "https://x.test/one.js", "lib/one.js"),
        ("main.js", "#a", "a.js"),
        ("main.js", "own/own.js", "maps/own.js"),
        ("main.js", "installed", "node_modules/installed/index.js"),
        ("lib/one.js", "a", "lib/one.js"),
        ("lib/in/one.js", "a", "deep/one.js"),
        ("lib/one.js", "only", "a.js"),
        ("lib/in/one.js", "only", "NotFound"),
        ("main.js", "only", "NotFound"),
    ] {
        let found = tree.name_from(referrer, specifier);
        assert_eq!(found, expected, "{specifier} in {referrer}");
    }
    let data = tree.resolver.address("d", Referrer::Root).unwrap();
    assert_eq!(data, Address::Data("data:text/javascript,1".to_owned()));
    // A data: module has the map, and nothing that is relative.
    let referrer = Referrer::Data("data:text/javascript,1");
    let found = tree.resolver.address("a", referrer).unwrap();
    assert!(matches!(found, Address::File(_)));
    for specifier in ["./a.js", "installed", "/a.js"] {
        assert!(tree.resolver.address(specifier, referrer).is_err());
    }
}

#[test]
fn blocked_and_invalid() {
    let tree = tree(
        r#"{ "imports": { "no": null, "no/": null, "number": 7, "bare": "other", "dir/": "../x.js", "": "../x.js" },
            "scopes": { "../": { "in": null } } }"#,
        &[],
    );
    let from = "imported from file://ROOT/main.js: import map ROOT/maps/map.json";
    for (specifier, key, reason) in [
        ("no", "\"no\"", "it is null, which blocks it"),
        ("no/x.js", "\"no/\"", "it is null, which blocks it"),
        ("number", "\"number\"", "its address is not a string"),
        (
            "bare",
            "\"bare\"",
            "its address \"other\" is no URL and does not begin with \"/\", \"./\" or \"../\"",
        ),
        (
            "dir/x",
            "\"dir/\"",
            "its address \"../x.js\" has to end with \"/\", as the key does",
        ),
        ("in", "\"../\" > \"in\"", "it is null, which blocks it"),
    ] {
        let expected = format!("module {specifier:?} {from}: {key}: {reason}");
        assert_eq!(message(&tree, specifier), expected);
    }
}

#[test]
fn maps_that_are_no_maps() {
    for (text, expected) in [
        ("", "it is not well-formed JSON: "),
        ("[]", "it is not an object"),
        (r#"{"imports":[]}"#, "imports: it is not an object"),
        (r#"{"imports":null}"#, "imports: it is not an object"),
        (r#"{"scopes":1}"#, "scopes: it is not an object"),
        (r#"{"scopes":{"/x":1}}"#, "/x: it is not an object"),
        (r#"{"integrity":""}"#, "integrity: it is not an object"),
    ] {
        let error = ImportMap::parse(Path::new("/x/map.json"), text.as_bytes()).unwrap_err();
        let expected = format!("import map /x/map.json: {expected}");
        assert!(error.to_string().starts_with(&expected), "{error}");
    }
    let deep = "[".repeat(1 << 20);
    assert!(ImportMap::parse(Path::new("/x"), deep.as_bytes()).is_err());
    assert!(ImportMap::parse(Path::new("x"), b"{}").is_err());
    assert!(ImportMap::read(Path::new("/nowhere/map.json")).is_err());
    assert!(ImportMap::read(Path::new("/")).is_err());
    // Members that nobody knows are no errors.
    ImportMap::parse(Path::new("/x"), br#"{"other":1}"#).unwrap();
}

/// A key that becomes a prefix only when it is normalised has an address that need not be one.
#[test]
fn a_host_is_no_prefix() {
    let tree = tree(r#"{"imports":{"https://x.test":"../main.js"}}"#, &[]);
    assert_eq!(tree.name("https://x.test"), "main.js");
    assert_eq!(tree.name("https://x.test/other.js"), "ImportMap");
}

/// F3 once more: no address of a map, and no target of a `browser` field, leaves the root.
#[test]
fn f3_through_maps_and_browser_fields() {
    let mut tree = Tree::hostile();
    let watch = Watch::new(&tree);
    let file = tree.root.path().join("map.json");
    let package = tree.root.path().join("node_modules/linked/package.json");
    let mut inside = 0;
    let lines = TABLE.lines().filter(|line| line.contains(" => "));
    for line in lines {
        let (specifier, _) = line.rsplit_once(" => ").unwrap();
        let specifier = unescape(specifier).replace("{top}", tree.top.to_str().unwrap());
        let map = serde_json::json!({
            "imports": { "x": specifier, "y/": format!("{specifier}/"), (specifier.clone()): "./a.js" },
            "scopes": { (specifier.clone()): { "z": specifier } }
        });
        let browser = serde_json::json!({
            "main": specifier,
            "browser": { "./index.js": specifier, (specifier.clone()): specifier, "z": specifier }
        });
        write(&package, &browser.to_string());
        let map = ImportMap::parse(&file, map.to_string().as_bytes()).unwrap();
        let conditions = ["import", "default", "browser"];
        tree.resolver = Resolver::new(tree.root.clone(), &conditions).with_import_map(map);
        let linked = Key::from_path(&tree.root.path().join("packages/linked/index.js"));
        for specifier in [
            "x",
            "y/",
            "y/../outside/secret.js",
            "y/x",
            "z",
            "linked",
            &specifier,
        ] {
            for referrer in [&tree.main, &linked] {
                if let Ok(key) = tree.resolver.resolve(specifier, Some(referrer)) {
                    check_inside(&tree, &key);
                    inside += 1;
                }
            }
        }
    }
    assert!(inside > 500, "{inside}");
    assert_eq!(watch.names(), Vec::<String>::new());
}

#[test]
fn integrity_is_verified() {
    let tree = Tree::new(&[]);
    let file = tree.root.path().join("map.json");
    let key = Key::from_path(&tree.root.path().join("a.js"));
    let map = |digest: &str| {
        let text = format!(r#"{{"integrity":{{"./a.js":"{digest}"}}}}"#);
        ImportMap::parse(&file, text.as_bytes()).unwrap()
    };
    let right = map("sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
    right.verify(&key, b"abc").unwrap();
    right.verify(&tree.main, b"other").unwrap();
    let error = right.verify(&key, b"abd").unwrap_err().to_string();
    assert!(
        error.contains("map.json: \"integrity\" > \"file:"),
        "{error}"
    );
}
