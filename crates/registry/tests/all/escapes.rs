//! F3: no specifier leaves the root.

use std::path::Path;

use proptest::prelude::*;
use sinew_registry::{ErrorKind, Key};

use crate::tree::{DECOY, Tree};

/// A line is a specifier and what it means: a path from the root, or a kind of error. `{top}` is
/// the folder of the root.
pub const TABLE: &str = include_str!("specifiers.txt");

/// The events of everything around the root being opened.
#[cfg(target_os = "linux")]
pub struct Watch(rustix::fd::OwnedFd);

#[cfg(target_os = "linux")]
impl Watch {
    pub fn new(tree: &Tree) -> Watch {
        use rustix::fs::inotify::{CreateFlags, WatchFlags, add_watch, init};

        let watch = init(CreateFlags::NONBLOCK).unwrap();
        let mut folders = vec![tree.top.clone()];
        while let Some(folder) = folders.pop() {
            add_watch(&watch, &folder, WatchFlags::OPEN | WatchFlags::ACCESS).unwrap();
            let entries = std::fs::read_dir(&folder)
                .unwrap()
                .map(|entry| entry.unwrap().path());
            folders.extend(entries.filter(|path| path.is_dir() && path != tree.root.path()));
        }
        let watch = Watch(watch);
        // The listing above was an opening too.
        watch.names();
        watch
    }

    /// The names that were opened since the last time.
    pub fn names(&self) -> Vec<String> {
        let mut buffer = [std::mem::MaybeUninit::uninit(); 4096];
        let mut reader = rustix::fs::inotify::Reader::new(&self.0, &mut buffer);
        let mut names = Vec::new();
        while let Ok(event) = reader.next() {
            // The root is listed for suggestions, and its parent hears of it.
            if event.file_name() != Some(c"root") {
                names.push(format!("{:?} {:?}", event.file_name(), event.events()));
            }
        }
        names
    }
}

#[cfg(not(target_os = "linux"))]
pub struct Watch;

#[cfg(not(target_os = "linux"))]
impl Watch {
    pub fn new(_tree: &Tree) -> Watch {
        Watch
    }

    pub fn names(&self) -> Vec<String> {
        Vec::new()
    }
}

/// What was resolved lies inside, and what is read there is no decoy.
pub fn check_inside(tree: &Tree, key: &Key) {
    assert!(key.path().starts_with(tree.root.path()), "{key}");
    assert_eq!(
        std::fs::canonicalize(key.path()).unwrap(),
        key.path(),
        "{key} is not canonical"
    );
    let bytes = tree.root.read(key.path(), 1 << 20).unwrap();
    assert!(
        !String::from_utf8_lossy(&bytes).contains(DECOY),
        "{key} is a decoy"
    );
    assert_eq!(Key::from_url(&key.url()).as_ref(), Some(key));
}

#[test]
fn f3_table() {
    let tree = Tree::hostile();
    let watch = Watch::new(&tree);
    let top = tree.top.to_str().unwrap();
    let (mut lines, mut wrong) = (0, Vec::new());
    for line in TABLE
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with("//"))
    {
        let (specifier, expected) = line.rsplit_once(" => ").unwrap();
        let specifier = unescape(specifier).replace("{top}", top);
        lines += 1;
        let resolved = tree.resolve(&specifier);
        if let Ok(key) = &resolved {
            check_inside(&tree, key);
        }
        let found = match &resolved {
            Ok(key) => {
                let below = key.path().strip_prefix(tree.root.path()).unwrap();
                format!("{}{}", below.display(), key.suffix())
            }
            Err(error) => format!("{:?}", error.kind()),
        };
        if found != expected {
            wrong.push(format!(
                "{specifier:?}: {found}, expected {expected} ({resolved:?})"
            ));
        }
        if let Err(error) = &resolved
            && error.kind() == ErrorKind::OutsideRoot
        {
            let message = error.to_string();
            assert!(message.contains("--root DIR"), "{message}");
            assert!(
                message.contains(tree.root.path().to_str().unwrap()),
                "{message}"
            );
        }
        assert_eq!(
            watch.names(),
            Vec::<String>::new(),
            "{specifier:?} opened something outside"
        );
    }
    assert!(
        wrong.is_empty(),
        "{} of {lines} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(lines >= 200, "only {lines} specifiers");
}

/// `\0`, `\t`, `\n`, `\r`, `\s` and `\\`; and `\x` with a number for as many times `a/`.
pub fn unescape(text: &str) -> String {
    let (mut out, mut chars) = (String::new(), text.chars());
    while let Some(c) = chars.next() {
        match (c, if c == '\\' { chars.next() } else { None }) {
            ('\\', Some('0')) => out.push('\0'),
            ('\\', Some('t')) => out.push('\t'),
            ('\\', Some('n')) => out.push('\n'),
            ('\\', Some('r')) => out.push('\r'),
            ('\\', Some('s')) => out.push(' '),
            ('\\', Some('x')) => out.push_str(
                &"a/".repeat(chars.by_ref().take(5).collect::<String>().parse().unwrap()),
            ),
            ('\\', Some(other)) => out.push(other),
            _ => out.push(c),
        }
    }
    out
}

#[test]
fn f3_watch_sees_openings() {
    let tree = Tree::hostile();
    let watch = Watch::new(&tree);
    std::fs::read(tree.top.join("outside/secret.js")).unwrap();
    assert_eq!(watch.names().is_empty(), !cfg!(target_os = "linux"));
}

#[test]
fn f3_root_reads_nothing_outside() {
    let tree = Tree::hostile();
    let watch = Watch::new(&tree);
    for path in [
        "../outside/secret.js",
        "../root2/a.js",
        "sub/../../a.js",
        "link_out.js",
        "linkdir_out/secret.js",
        "linkdir_up/secret.js",
        "linkdir_up/root2/a.js",
        "/etc/passwd",
        "/",
        "..",
    ] {
        let error = tree.root.read(Path::new(path), 1 << 20).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::OutsideRoot, "{path}");
    }
    assert_eq!(watch.names(), Vec::<String>::new());
    assert_eq!(
        tree.root
            .read(Path::new("linkdir_up/root/a.js"), 99)
            .unwrap(),
        b"INSIDE"
    );
    assert_eq!(
        tree.root.read(Path::new("sub/../a.js"), 99).unwrap(),
        b"INSIDE"
    );
}

#[test]
fn f3_the_root_itself() {
    use sinew_registry::{Resolver, Root};

    let tree = Tree::hostile();
    // The root may be everything, and then nothing is outside.
    let all = Root::open(Path::new("/")).unwrap();
    let secret = tree.top.join("outside/secret.js");
    assert_eq!(all.read(&secret, 99).unwrap(), DECOY.as_bytes());
    let resolver = Resolver::new(all, &["import"]);
    assert_eq!(
        resolver
            .resolve("./linkdir_out/secret.js", Some(&tree.main))
            .unwrap()
            .path(),
        secret
    );
    // It may be given through a link, and the entry too; but the entry has to be inside.
    let root = Root::open(&tree.root.path().join("linkdir_in")).unwrap();
    assert_eq!(root.path(), tree.root.path().join("dir"));
    let resolver = Resolver::new(root, &["import"]);
    assert!(
        resolver
            .entry(&tree.root.path().join("linkdir_in/b.js"))
            .is_ok()
    );
    let error = resolver.entry(&tree.root.path().join("a.js")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OutsideRoot);
    let error = Root::open(&tree.root.path().join("a.js")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotAFolder);
    // By default it is the nearest folder with a package.json, or else the entry's own.
    let of = |path: &str| {
        Root::of_entry(&tree.root.path().join(path))
            .unwrap()
            .path()
            .to_owned()
    };
    assert_eq!(of("sub/deep/c.js"), tree.root.path());
    assert_eq!(of("linkdir_in/b.js"), tree.root.path());
    assert_eq!(
        of("node_modules/good/lib/g.js"),
        tree.root.path().join("node_modules/good")
    );
    let lone = Tree::new(&[("x/lone.js", "INSIDE")]);
    assert_eq!(
        Root::of_entry(&lone.root.path().join("x/lone.js"))
            .unwrap()
            .path(),
        lone.root.path().join("x")
    );
    assert_eq!(
        Root::of_entry(Path::new("/no/such.js")).unwrap_err().kind(),
        ErrorKind::NotFound
    );
}

/// Pieces that attacks are made of.
const PIECES: &[&str] = &[
    "..",
    ".",
    "/",
    "./",
    "../",
    "//",
    "\\",
    "%2e",
    "%2E%2e",
    "%2f",
    "%5c",
    "%00",
    "%25",
    "%252e",
    "%c0%ae",
    "%ff",
    "\0",
    " ",
    "\t",
    "\n",
    "?",
    "#",
    ":",
    "@",
    "*",
    "~",
    "a.js",
    "a",
    "dir",
    "sub",
    "deep",
    "node_modules",
    "outside",
    "secret.js",
    "root",
    "root2",
    "decoy",
    "escape",
    "good",
    "linked",
    "linkdir_out",
    "linkdir_up",
    "linkdir_top",
    "link_out.js",
    "link_self",
    "link_loop",
    "evil_main",
    "evil_pattern",
    "evil_folder",
    "app",
    "#up",
    "#d",
    "@escape",
    "pkg",
    "index.js",
    "package.json",
    "file:",
    "file://",
    "file:///",
    "file://localhost/",
    "http://x/",
    "data:,",
    "node:",
    "C:",
    "c|",
    "\\\\?\\",
    "\u{ff0e}\u{ff0e}",
    "\u{2215}",
    "ä",
    "\u{1f4a3}",
];

/// Folders and files that lead somewhere.
const FOLDERS: &[&str] = &[
    "..",
    ".",
    "%2e%2E",
    "dir",
    "sub",
    "link_self",
    "linkdir_in",
    "linkdir_up",
    "linkdir_up/root",
    "linkdir_out",
    "linkdir_top",
    "root",
    "outside",
    "node_modules/linked",
];
const FILES: &[&str] = &[
    "a.js",
    "b.js",
    "index.js",
    "secret.js",
    "link_in.js",
    "link_out.js",
    "linkdir_in/b.js",
];

fn specifier() -> impl Strategy<Value = (Vec<&'static str>, &'static str)> {
    let folders = prop::collection::vec(prop::sample::select(FOLDERS), 0..5);
    let path = (folders, prop::sample::select(FILES)).prop_map(|(mut path, file)| {
        path.push(file);
        path
    });
    let any = prop::collection::vec(prop::sample::select(PIECES), 0..10);
    prop_oneof![(path, Just("/")), (any.clone(), Just("/")), (any, Just(""))]
}

#[test]
fn f3_generated() {
    let tree = Tree::hostile();
    let watch = Watch::new(&tree);
    let top = tree.top.to_str().unwrap();
    let resolved = std::cell::Cell::new(0);
    let cases = ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(6_000)
    };
    proptest!(cases, |((pieces, between) in specifier(), start in 0..5)| {
        let body = pieces.join(between);
        let specifier = match start {
            0 => body,
            1 => format!("./{body}"),
            2 => format!("{top}/root/{body}"),
            3 => format!("file://{top}/root/{body}"),
            _ => format!("../{body}"),
        };
        for referrer in [None, Some(&tree.main)] {
            match tree.resolver.resolve(&specifier, referrer) {
                Ok(key) => {
                    resolved.set(resolved.get() + 1);
                    check_inside(&tree, &key);
                }
                Err(error) => prop_assert!(!error.to_string().is_empty()),
            }
        }
        prop_assert_eq!(watch.names(), Vec::<String>::new());
    });
    // The pieces make paths that exist, too.
    assert!(resolved.get() > 100, "{} resolved", resolved.get());
}
