//! Conditions, import maps, and what is told of packages that ask for more than there is.

use super::{fails, on_every_pair, prints};

const PACKAGE: &str = r#"{"name":"p","version":"1.0.0","exports":{"worker":"./w.mjs","browser":"./b.mjs","default":"./d.mjs"}}"#;

#[test]
fn conditions() {
    let files = [
        ("main.mjs", "import p from 'p'; console.log(p)"),
        ("node_modules/p/package.json", PACKAGE),
        ("node_modules/p/w.mjs", "export default 'worker'"),
        ("node_modules/p/b.mjs", "export default 'browser'"),
        ("node_modules/p/d.mjs", "export default 'default'"),
    ];
    for (args, expected) in [
        (&[][..], "default\n"),
        (&["--conditions", "browser"], "browser\n"),
        (&["-C", "browser"], "browser\n"),
        (&["--conditions=browser,worker"], "worker\n"),
        (&["-C", "browser", "-C", "worker"], "worker\n"),
        (&["-C", "other"], "default\n"),
    ] {
        let args: Vec<&str> = args.iter().chain(&["main.mjs"]).copied().collect();
        prints(&files, &args, expected);
    }
}

#[test]
fn import_maps() {
    let files = [
        ("app/main.js", "import a from 'a'; console.log(a)"),
        ("app/a.js", "export default 'mapped'"),
        ("maps/map.json", r#"{"imports":{"a":"../app/a.js"}}"#),
        ("maps/null.json", r#"{"imports":{"a":null}}"#),
        ("maps/broken.json", "{"),
    ];
    prints(
        &files,
        &["--import-map", "maps/map.json", "app/main.js"],
        "mapped\n",
    );
    for (map, expected) in [
        (
            "maps/null.json",
            "/maps/null.json: \"a\": it is null, which blocks it\n",
        ),
        (
            "maps/broken.json",
            "/maps/broken.json: it is not well-formed JSON: ",
        ),
        ("maps/none.json", "/maps/none.json"),
        ("maps", "is no regular file, not a file"),
    ] {
        fails(&files, &["--import-map", map, "app/main.js"], &[expected]);
    }
    let escape = [
        ("app/main.js", "import 'a'"),
        ("x.js", ""),
        ("app/map.json", r#"{"imports":{"a":"../x.js"}}"#),
    ];
    fails(
        &escape,
        &["--import-map", "app/map.json", "app/main.js"],
        &["outside the import root"],
    );
}

#[test]
fn packages_that_need_more() {
    let package = (
        "node_modules/p/package.json",
        r#"{"name":"p","version":"1.0.0","main":"x.js"}"#,
    );
    let main = ("main.js", "import 'p'");
    let note = "\nnote: Buffer, which the package p 1.0.0 uses (file://";
    fails(
        &[
            main,
            package,
            ("node_modules/p/x.js", "export {}; Buffer.from('x')"),
        ],
        &["main.js"],
        &[
            "Uncaught ReferenceError: Buffer is not defined\n    at ",
            note,
            "), is part of Node.js",
        ],
    );
    fails(
        &[
            main,
            package,
            ("node_modules/p/x.js", "module.exports = Buffer"),
        ],
        &["main.js"],
        &[
            "Uncaught TypeError: module \"p\" imported from file://",
            "of the package p 1.0.0 is CommonJS",
        ],
    );
    fails(
        &[
            main,
            package,
            ("node_modules/p/x.js", "import { x } from 'fs'"),
        ],
        &["main.js"],
        &[
            "module \"fs\" imported from file://",
            "in the package p 1.0.0: node:fs is built into Node.js",
        ],
    );
    // One error, and no note where there is nothing to say.
    on_every_pair(&[("main.js", "bufer")], &["main.js"], |pair, ran| {
        assert!(!ran.stderr.contains("note:"), "{pair:?}: {ran:?}");
        assert_eq!(ran.stderr.matches("Uncaught").count(), 1, "{pair:?}");
    });
}
