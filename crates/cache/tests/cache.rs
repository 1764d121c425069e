//! Folders of artifacts, as programs use them.

#[cfg(unix)]
#[path = "cache/access.rs"]
mod access;
#[path = "cache/overlap.rs"]
mod overlap;
#[path = "cache/races.rs"]
mod races;
#[path = "cache/room.rs"]
mod room;

use std::path::{Path, PathBuf};

use sinew_cache::{Cache, Stats, Subject};

/// Room enough.
const ROOM: u64 = 1 << 30;

fn subject(source: &str) -> Subject {
    Subject::new(&[b"compiler"], source.as_bytes())
}

/// A folder for a cache that is not there yet, and what removes it.
fn place() -> (tempfile::TempDir, PathBuf) {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("some/cache");
    (parent, path)
}

/// The files of the entries in a folder.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let listed = std::fs::read_dir(folder).unwrap();
    let paths = listed.map(|entry| entry.unwrap().path());
    paths
        .filter(|path| path.extension().is_some_and(|ext| ext == "sinewc"))
        .collect()
}

/// The names of all files in a folder.
fn names(folder: &Path) -> Vec<String> {
    let listed = std::fs::read_dir(folder).unwrap();
    let names = listed.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.collect()
}

fn has(cache: &Cache, source: &str, artifact: &[u8]) -> bool {
    match cache.get(&subject(source)) {
        Some(found) => {
            assert_eq!(*found, *artifact);
            true
        }
        None => false,
    }
}

#[test]
fn keeps_what_it_is_given() {
    let (_parent, path) = place();
    let cache = Cache::open(&path, ROOM).unwrap();
    assert!(!has(&cache, "a", b""));
    cache.put(&subject("a"), b"artifact of a");
    cache.put(&subject("empty"), b"");
    assert!(has(&cache, "a", b"artifact of a"));
    assert!(has(&cache, "empty", b""));
    assert!(!has(&cache, "b", b""));
    let stats = Stats {
        hits: 2,
        misses: 2,
        rejected: 0,
        stored: 2,
    };
    assert_eq!(cache.stats(), stats);
    // A later process.
    let cache = Cache::open(&path, ROOM).unwrap();
    assert!(has(&cache, "a", b"artifact of a"));
    cache.put(&subject("a"), b"another artifact of a");
    assert!(has(&cache, "a", b"another artifact of a"));
    assert_eq!(names(&path).len(), 3);
}

#[test]
fn what_was_changed_is_a_miss_until_it_is_written_again() {
    let (_parent, path) = place();
    let cache = Cache::open(&path, ROOM).unwrap();
    cache.put(&subject("a"), b"artifact of a");
    let file = entries(&path).remove(0);
    let original = std::fs::read(&file).unwrap();
    for byte in 0..original.len() {
        let mut changed = original.clone();
        changed[byte] ^= 1;
        std::fs::write(&file, changed).unwrap();
        assert!(!has(&cache, "a", b""));
    }
    assert_eq!(cache.stats().rejected, original.len() as u64);
    cache.put(&subject("a"), b"artifact of a");
    assert!(has(&cache, "a", b"artifact of a"));
    assert_eq!(std::fs::read(&file).unwrap(), original);
}

#[test]
fn entries_of_another_folder_or_name_are_refused() {
    let ((_first, first), (_second, second)) = (place(), place());
    let (one, two) = (
        Cache::open(&first, ROOM).unwrap(),
        Cache::open(&second, ROOM).unwrap(),
    );
    one.put(&subject("a"), b"artifact of a");
    two.put(&subject("a"), b"artifact of a");
    let (from, to) = (entries(&first).remove(0), entries(&second).remove(0));
    std::fs::copy(&from, &to).unwrap();
    assert!(!has(&two, "a", b""));
    // Two entries that change places.
    let of_a = from;
    one.put(&subject("b"), b"artifact of b");
    let of_b = entries(&first).into_iter().find(|path| *path != of_a);
    let (of_b, aside) = (of_b.unwrap(), first.join("aside"));
    std::fs::rename(&of_a, &aside).unwrap();
    std::fs::rename(&of_b, &of_a).unwrap();
    std::fs::rename(&aside, &of_b).unwrap();
    assert!(!has(&one, "a", b"") && !has(&one, "b", b""));
    assert_eq!(one.stats().rejected, 2);
}

/// A new key makes old entries worthless, and a file that is no key is no hindrance.
#[test]
fn a_lost_key_is_replaced() {
    let (_parent, path) = place();
    let key = path.join("sinew.key");
    Cache::open(&path, ROOM)
        .unwrap()
        .put(&subject("a"), b"artifact of a");
    let original = std::fs::read(&key).unwrap();
    assert_eq!(original.len(), 32);
    std::fs::remove_file(&key).unwrap();
    assert!(!has(&Cache::open(&path, ROOM).unwrap(), "a", b""));
    for length in [0, 31, 33] {
        // Keeps the mode that the file has.
        std::fs::write(&key, vec![1; length]).unwrap();
        let cache = Cache::open(&path, ROOM).unwrap();
        let replaced = std::fs::read(&key).unwrap();
        assert!(replaced.len() == 32 && replaced != original && replaced[..16] != [1; 16]);
        assert!(!has(&cache, "a", b""));
        cache.put(&subject("a"), b"artifact of a");
        assert!(has(&cache, "a", b"artifact of a"));
    }
}
