//! F4: a file is opened once, only if it is a regular one, and whatever happens meanwhile.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::fs::{CWD, Mode, RenameFlags, mkfifoat, renameat_with};
use sinew_registry::ErrorKind;

use crate::tree::{DECOY, Tree, write};

#[test]
fn f4_only_regular_files() {
    let tree = Tree::new(&[
        ("dir/x.js", "INSIDE"),
        ("to_fifo", "-> fifo"),
        ("null", "-> /dev/null"),
    ]);
    let fifo = tree.root.path().join("fifo");
    mkfifoat(CWD, &fifo, Mode::RWXU).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(tree.root.path().join("socket")).unwrap();
    let start = Instant::now();
    for (path, kind) in [
        ("fifo", ErrorKind::NotAFile),
        ("to_fifo", ErrorKind::NotAFile),
        ("socket", ErrorKind::NotAFile),
        ("dir", ErrorKind::NotAFile),
        ("dir/", ErrorKind::NotAFile),
        (".", ErrorKind::NotAFile),
        ("", ErrorKind::NotAFile),
        ("null", ErrorKind::OutsideRoot),
        ("none", ErrorKind::NotFound),
    ] {
        assert_eq!(
            tree.root.read(Path::new(path), 99).unwrap_err().kind(),
            kind,
            "{path}"
        );
        if !path.is_empty() {
            assert_eq!(
                tree.resolve(&format!("./{path}")).unwrap_err().kind(),
                kind,
                "{path}"
            );
        }
    }
    // Devices, where the root has some.
    let dev = sinew_registry::Root::open(Path::new("/dev")).unwrap();
    for device in ["null", "zero", "tty", "random"] {
        let error = dev.read(Path::new(device), 99).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotAFile, "{error}");
    }
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn f4_size() {
    let tree = Tree::new(&[("ten", "0123456789"), ("empty", "")]);
    let read = |path, max| tree.root.read(Path::new(path), max);
    assert_eq!(read("ten", 10).unwrap(), b"0123456789");
    assert_eq!(read("ten", u64::MAX).unwrap(), b"0123456789");
    assert_eq!(read("empty", 0).unwrap(), b"");
    let error = read("ten", 9).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    assert!(
        error.to_string().ends_with("ten is larger than 9 bytes"),
        "{error}"
    );
    // A sparse file that no memory would hold costs nothing.
    let huge = std::fs::File::create(tree.root.path().join("huge")).unwrap();
    huge.set_len(1 << 40).unwrap();
    assert_eq!(
        read("huge", 1 << 20).unwrap_err().kind(),
        ErrorKind::TooLarge
    );
}

#[test]
fn f4_growing_file_keeps_the_limit() {
    use std::io::Write;

    let tree = Tree::new(&[("log", "x")]);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut log = std::fs::File::create(tree.root.path().join("log")).unwrap();
            while !done.load(Ordering::Relaxed) {
                log.write_all(&[b'x'; 512]).unwrap();
                if log.metadata().unwrap().len() > 1 << 16 {
                    log.set_len(0).unwrap();
                    log = std::fs::File::create(tree.root.path().join("log")).unwrap();
                }
            }
        });
        for _ in 0..500 {
            match tree.root.read(Path::new("log"), 1 << 12) {
                Ok(bytes) => assert!(bytes.len() <= 1 << 12),
                Err(error) => assert_eq!(error.kind(), ErrorKind::TooLarge),
            }
        }
        done.store(true, Ordering::Relaxed);
    });
}

/// Exchanges two names for as long as `body` runs.
fn while_swapping(a: &Path, b: &Path, body: impl FnOnce()) {
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                renameat_with(CWD, a, CWD, b, RenameFlags::EXCHANGE).unwrap();
            }
        });
        let body = std::panic::catch_unwind(std::panic::AssertUnwindSafe(body));
        done.store(true, Ordering::Relaxed);
        if let Err(panic) = body {
            std::panic::resume_unwind(panic);
        }
    });
}

#[test]
fn f4_swap_race() {
    const ROUNDS: usize = 2_500;
    let tree = Tree::new(&[
        ("file.js", "INSIDE"),
        ("file.swap", "-> ../outside/x.js"),
        ("folder/x.js", "INSIDE"),
        ("folder.swap", "-> ../outside"),
        ("pkg.swap", "-> ../outside"),
        ("node_modules/pkg/x.js", "INSIDE"),
        ("pipe.js", "INSIDE"),
    ]);
    write(&tree.top.join("outside/x.js"), DECOY);
    mkfifoat(CWD, tree.root.path().join("pipe.swap"), Mode::RWXU).unwrap();
    for (a, b, specifier) in [
        ("file.js", "file.swap", "./file.js"),
        ("folder", "folder.swap", "./folder/x.js"),
        ("node_modules/pkg", "pkg.swap", "pkg/x.js"),
        ("pipe.js", "pipe.swap", "./pipe.js"),
    ] {
        let (mut read, mut refused) = (0, 0);
        while_swapping(&tree.root.path().join(a), &tree.root.path().join(b), || {
            // Further rounds only where the other thread did not get its turn.
            for round in 0..40 * ROUNDS {
                if round >= ROUNDS && read > 0 && refused > 0 {
                    break;
                }
                let bytes = tree
                    .resolve(specifier)
                    .and_then(|key| tree.root.read(key.path(), 99));
                match bytes {
                    Ok(bytes) => {
                        assert_eq!(bytes, b"INSIDE");
                        read += 1;
                    }
                    Err(_) => refused += 1,
                }
            }
        });
        assert!(
            read > 0 && refused > 0,
            "{specifier}: {read} read, {refused} refused: no race"
        );
    }
}
