//! Who may read and write what.

use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::channel;
use std::time::Duration;

use sinew_cache::{Cache, OpenError};

use super::{ROOM, entries, has, names, place, subject};

fn mode(path: &Path) -> u32 {
    path.symlink_metadata().unwrap().mode() & 0o777
}

fn chmod(path: &Path, mode: u32) {
    std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn nobody_else_can_write() {
    let (_parent, path) = place();
    let cache = Cache::open(&path, ROOM).unwrap();
    cache.put(&subject("a"), b"artifact of a");
    assert_eq!(mode(&path), 0o700);
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    for name in names(&path) {
        assert_eq!(mode(&path.join(name)), 0o600);
    }
    for wrong in [0o720, 0o702, 0o777, 0o770] {
        chmod(&path, wrong);
        let refused = Cache::open(&path, ROOM);
        assert!(matches!(refused, Err(OpenError::Writable(_))), "{wrong:o}");
    }
    for right in [0o700, 0o755, 0o750] {
        chmod(&path, right);
        let cache = Cache::open(&path, ROOM).unwrap();
        assert!(has(&cache, "a", b"artifact of a"));
    }
}

#[test]
fn a_key_that_others_can_read_is_refused() {
    let (_parent, path) = place();
    let _ = Cache::open(&path, ROOM).unwrap();
    let key = path.join("sinew.key");
    for wrong in [0o640, 0o604, 0o620, 0o644] {
        chmod(&key, wrong);
        let refused = Cache::open(&path, ROOM);
        assert!(
            matches!(refused, Err(OpenError::KeyNotSecret(_))),
            "{wrong:o}"
        );
    }
    // A link to a good key is no key.
    chmod(&key, 0o600);
    std::fs::rename(&key, path.join("other")).unwrap();
    symlink("other", &key).unwrap();
    assert!(Cache::open(&path, ROOM).is_err());
}

/// Only a privileged user can give a folder away.
#[test]
fn a_folder_of_another_user_is_refused() {
    let (_parent, path) = place();
    let _ = Cache::open(&path, ROOM).unwrap();
    let key = path.join("sinew.key");
    let nobody = Some(65534);
    if std::os::unix::fs::chown(&key, nobody, None).is_err() {
        return;
    }
    let refused = Cache::open(&path, ROOM);
    assert!(matches!(refused, Err(OpenError::KeyNotSecret(_))));
    std::os::unix::fs::chown(&path, nobody, None).unwrap();
    let refused = Cache::open(&path, ROOM);
    assert!(matches!(refused, Err(OpenError::Owner(_))));
}

#[test]
fn links_and_files_are_no_folders() {
    let (parent, path) = place();
    let _ = Cache::open(&path, ROOM).unwrap();
    let link = parent.path().join("link");
    symlink(&path, &link).unwrap();
    let dangling = parent.path().join("dangling");
    symlink("nowhere", &dangling).unwrap();
    let file = parent.path().join("file");
    std::fs::write(&file, "").unwrap();
    for wrong in [&link, &dangling, &file, &link.join(""), &link.join(".")] {
        let refused = Cache::open(wrong, ROOM);
        assert!(
            matches!(refused, Err(OpenError::NotAFolder(_))),
            "{wrong:?} {refused:?}"
        );
    }
    assert!(matches!(
        Cache::open(&file.join("below"), ROOM),
        Err(OpenError::Io { .. })
    ));
    // A link on the way is the user's own business.
    let below = parent.path().join("some-link");
    symlink("some", &below).unwrap();
    assert!(Cache::open(&below.join("cache"), ROOM).is_ok());
}

/// What stands where an entry should be, and is no file, is a miss that is not waited for.
#[test]
fn pipes_links_and_folders_are_misses() {
    let (parent, path) = place();
    let cache = Cache::open(&path, ROOM).unwrap();
    cache.put(&subject("a"), b"artifact of a");
    let entry = entries(&path).remove(0);
    let aside = parent.path().join("aside");
    std::fs::rename(&entry, &aside).unwrap();

    symlink(&aside, &entry).unwrap();
    assert!(!has(&cache, "a", b""));
    std::fs::remove_file(&entry).unwrap();

    std::fs::create_dir(&entry).unwrap();
    assert!(!has(&cache, "a", b""));
    cache.put(&subject("a"), b"artifact of a");
    assert!(!has(&cache, "a", b""));
    std::fs::remove_dir(&entry).unwrap();

    let made = Command::new("mkfifo").arg(&entry).status();
    assert!(made.is_ok_and(|status| status.success()));
    let (send, receive) = channel();
    std::thread::spawn(move || {
        let missed = !has(&cache, "a", b"");
        cache.put(&subject("a"), b"artifact of a");
        send.send(missed && has(&cache, "a", b"artifact of a"))
    });
    assert_eq!(receive.recv_timeout(Duration::from_secs(20)), Ok(true));
    assert!(entry.symlink_metadata().unwrap().is_file());
}

/// A key that is a pipe does not hang either.
#[test]
fn a_pipe_is_no_key() {
    let (_parent, path) = place();
    let _ = Cache::open(&path, ROOM).unwrap();
    let key = path.join("sinew.key");
    std::fs::remove_file(&key).unwrap();
    let made = Command::new("mkfifo").arg(&key).status();
    assert!(made.is_ok_and(|status| status.success()));
    let (send, receive) = channel();
    std::thread::spawn(move || send.send(Cache::open(&path, ROOM).is_err()));
    assert_eq!(receive.recv_timeout(Duration::from_secs(20)), Ok(true));
}

/// The folder is the one that was opened, whatever has its name now.
#[test]
fn the_folder_is_opened_once() {
    let (parent, path) = place();
    let cache = Cache::open(&path, ROOM).unwrap();
    std::fs::rename(&path, parent.path().join("moved")).unwrap();
    std::fs::create_dir(&path).unwrap();
    cache.put(&subject("a"), b"artifact of a");
    assert!(has(&cache, "a", b"artifact of a"));
    assert!(names(&path).is_empty());
}
