//! A root full of links, and decoys around it.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use sinew_registry::{DEFAULT_CONDITIONS, Error, Key, Resolver, Root};
use tempfile::TempDir;

/// What every file outside the root has in it, and none inside.
pub const DECOY: &str = "DECOY";

pub struct Tree {
    pub top: PathBuf,
    pub root: Root,
    pub resolver: Resolver,
    pub main: Key,
    _folder: TempDir,
}

impl Tree {
    /// A root with these files. One whose content starts with `-> ` is a link.
    pub fn new(files: &[(&str, &str)]) -> Tree {
        let folder = tempfile::tempdir().unwrap();
        let top = folder.path().canonicalize().unwrap();
        let inside = top.join("root");
        write(&inside.join("main.js"), "INSIDE");
        for (path, content) in files {
            write(
                &inside.join(path),
                &content.replace("{top}", top.to_str().unwrap()),
            );
        }
        let root = Root::open(&inside).unwrap();
        let resolver = Resolver::new(root.clone(), DEFAULT_CONDITIONS);
        let main = resolver.entry(&inside.join("main.js")).unwrap();
        Tree {
            top,
            root,
            resolver,
            main,
            _folder: folder,
        }
    }

    /// The hostile tree.
    pub fn hostile() -> Tree {
        let tree = Tree::new(INSIDE);
        for path in OUTSIDE {
            let content = match path.ends_with("package.json") {
                true => format!("{{\"name\":\"decoy\",\"main\":\"index.js\",\"{DECOY}\":1}}"),
                false => DECOY.to_owned(),
            };
            write(&tree.top.join(path), &content);
        }
        tree
    }

    pub fn resolve(&self, specifier: &str) -> Result<Key, Error> {
        self.resolver.resolve(specifier, Some(&self.main))
    }

    /// The path from the root of what `specifier` means.
    #[track_caller]
    pub fn name(&self, specifier: &str) -> String {
        self.name_from("main.js", specifier)
    }

    #[track_caller]
    pub fn name_from(&self, referrer: &str, specifier: &str) -> String {
        let referrer = self
            .resolver
            .entry(&self.root.path().join(referrer))
            .unwrap();
        match self.resolver.resolve(specifier, Some(&referrer)) {
            Ok(key) => {
                let below = key.path().strip_prefix(self.root.path()).unwrap();
                format!("{}{}", below.display(), key.suffix())
            }
            Err(error) => format!("{:?}", error.kind()),
        }
    }
}

pub fn write(path: &Path, content: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    match content.strip_prefix("-> ") {
        Some(target) => symlink(target, path).unwrap(),
        None => fs::write(path, content).unwrap(),
    }
}

const OUTSIDE: &[&str] = &[
    "package.json",
    "secret.js",
    "main.js",
    "a.js",
    "node_modules/decoy/package.json",
    "node_modules/decoy/index.js",
    "outside/secret.js",
    "outside/secret.wasm",
    "outside/pkg/package.json",
    "outside/pkg/index.js",
    "outside/node_modules/decoy/package.json",
    "outside/node_modules/decoy/index.js",
    "root2/a.js",
    "root2/main.js",
    "root.js",
];

const INSIDE: &[(&str, &str)] = &[
    (
        "package.json",
        r##"{"name":"app","exports":{".":"./a.js","./up":"./../outside/secret.js","./p/*":"./dir/*"},
        "imports":{"#a":"./a.js","#up":"../outside/secret.js","#abs":"/etc/passwd",
        "#url":"file:///etc/passwd","#d/*":"./dir/*","#node":"node:fs","#decoy":"decoy"}}"##,
    ),
    ("a.js", "INSIDE"),
    ("a b.js", "INSIDE"),
    ("a%20b.js", "INSIDE"),
    ("ä.js", "INSIDE"),
    ("100%.js", "INSIDE"),
    ("q?b.js", "INSIDE"),
    ("h#b.js", "INSIDE"),
    ("back\\slash.js", "INSIDE"),
    ("...", "INSIDE"),
    (".hidden.js", "INSIDE"),
    ("C:/x.js", "INSIDE"),
    ("m.wasm", "INSIDE"),
    ("data.json", "INSIDE"),
    ("dir/index.js", "INSIDE"),
    ("dir/b.js", "INSIDE"),
    ("sub/deep/c.js", "INSIDE"),
    ("link_in.js", "-> a.js"),
    ("link_abs_in.js", "-> {top}/root/a.js"),
    ("link_back.js", "-> ../root/a.js"),
    ("link_chain.js", "-> link_in.js"),
    ("linkdir_in", "-> dir"),
    ("linkdir_abs_in", "-> {top}/root/dir"),
    ("link_self", "-> ."),
    ("link_out.js", "-> ../outside/secret.js"),
    ("link_abs_out.js", "-> {top}/outside/secret.js"),
    ("link_sibling.js", "-> ../root2/a.js"),
    ("link_chain_out.js", "-> link_out.js"),
    ("linkdir_out", "-> ../outside"),
    ("linkdir_up", "-> .."),
    ("linkdir_top", "-> /"),
    ("link_loop", "-> link_loop"),
    ("link_loop_a", "-> link_loop_b"),
    ("link_loop_b", "-> link_loop_a"),
    ("link_dangling", "-> nowhere"),
    ("link_dangling_out", "-> ../nowhere"),
    ("link_deep.js", "-> sub/../sub/deep/../deep/c.js"),
    ("sub/node_modules", "-> ../../outside/node_modules"),
    ("node_modules/good/package.json", r#"{"main":"lib/g.js"}"#),
    ("node_modules/good/lib/g.js", "INSIDE"),
    ("node_modules/good/sp ace.js", "INSIDE"),
    ("node_modules/linked", "-> ../packages/linked"),
    ("packages/linked/index.js", "INSIDE"),
    ("node_modules/linked_abs", "-> {top}/root/packages/linked"),
    ("node_modules/escape", "-> ../../outside/pkg"),
    ("node_modules/escape_abs", "-> {top}/outside/pkg"),
    (
        "node_modules/evil_main/package.json",
        r#"{"main":"../../../outside/secret.js"}"#,
    ),
    (
        "node_modules/evil_abs/package.json",
        r#"{"main":"{top}/outside/secret.js"}"#,
    ),
    (
        "node_modules/evil_exports/package.json",
        r#"{"exports":"./../../../outside/secret.js"}"#,
    ),
    (
        "node_modules/evil_encoded/package.json",
        r#"{"exports":"./%2e%2e/%2e%2e/%2e%2e/outside/secret.js"}"#,
    ),
    (
        "node_modules/evil_pattern/package.json",
        r#"{"exports":{"./*":"./*"}}"#,
    ),
    ("node_modules/evil_pattern/x.js", "INSIDE"),
    (
        "node_modules/evil_folder/package.json",
        r#"{"exports":{"./":"./"}}"#,
    ),
    (
        "node_modules/evil_link/index.js",
        "-> ../../../outside/secret.js",
    ),
    (
        "node_modules/evil_json/package.json",
        "-> ../../../outside/pkg/package.json",
    ),
    ("node_modules/evil_json/index.js", "INSIDE"),
    ("node_modules/dir_json/package.json/x", "INSIDE"),
    ("node_modules/dir_json/index.js", "INSIDE"),
    ("node_modules/broken/package.json", "{"),
    ("node_modules/@s/p/index.js", "INSIDE"),
    ("node_modules/@escape", "-> ../../outside"),
];
