//! How much there may be, and what goes first.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use sinew_cache::Cache;

use super::{entries, has, names, place, subject};

/// Bytes of an entry that are not its artifact.
const HEADER: u64 = 112;
const SIZE: usize = 1000;

fn put(path: &Path, room: u64, source: &str) {
    Cache::open(path, room)
        .unwrap()
        .put(&subject(source), &[1; SIZE]);
}

fn present(path: &Path, source: &str) -> bool {
    has(&Cache::open(path, u64::MAX).unwrap(), source, &[1; SIZE])
}

/// Makes all entries look as if they were used long ago, that of `latest` a bit later.
fn age(path: &Path, latest: &str) {
    let ago = |hours: u64| SystemTime::now() - Duration::from_secs(3600 * hours);
    assert!(present(path, latest));
    let used = |entry: &PathBuf| entry.metadata().unwrap().modified().unwrap();
    let mut entries = entries(path);
    entries.sort_by_key(used);
    let latest = entries.pop().unwrap();
    for entry in entries {
        File::open(entry).unwrap().set_modified(ago(3)).unwrap();
    }
    File::open(latest).unwrap().set_modified(ago(2)).unwrap();
}

#[test]
fn what_was_not_used_for_longest_goes_first() {
    let (_parent, path) = place();
    let room = 3 * (SIZE as u64 + HEADER);
    for source in ["a", "b", "c"] {
        put(&path, room, source);
    }
    assert_eq!(entries(&path).len(), 3);
    // Last but for those that are asked for now.
    std::thread::sleep(Duration::from_millis(20));
    age(&path, "b");
    assert!(present(&path, "a") && present(&path, "c"));
    put(&path, room, "d");
    assert!(!present(&path, "b"));
    assert!(present(&path, "a") && present(&path, "c") && present(&path, "d"));
    // A smaller bound than before.
    std::thread::sleep(Duration::from_millis(20));
    age(&path, "d");
    assert!(present(&path, "c"));
    put(&path, 2 * (SIZE as u64 + HEADER), "e");
    assert!(present(&path, "c") && present(&path, "e"));
    assert_eq!(entries(&path).len(), 2);
}

#[test]
fn times_in_the_future_are_no_reason_to_stay() {
    let (_parent, path) = place();
    put(&path, u64::MAX, "a");
    let future = SystemTime::now() + Duration::from_secs(1 << 30);
    File::open(entries(&path).remove(0))
        .unwrap()
        .set_modified(future)
        .unwrap();
    std::thread::sleep(Duration::from_millis(20));
    put(&path, u64::MAX, "b");
    assert!(present(&path, "a") && present(&path, "b"));
    put(&path, SIZE as u64 + HEADER, "c");
    assert_eq!(entries(&path).len(), 1);
}

#[test]
fn what_is_larger_than_all_room_is_not_written_and_not_read() {
    let (_parent, path) = place();
    put(&path, SIZE as u64 + HEADER - 1, "a");
    assert!(entries(&path).is_empty());
    put(&path, SIZE as u64 + HEADER, "a");
    assert!(present(&path, "a"));
    let small = Cache::open(&path, SIZE as u64 + HEADER - 1).unwrap();
    assert!(!has(&small, "a", b""));
}

/// A file as large as none can be read is not tried.
#[test]
fn absurd_sizes_are_misses() {
    let (_parent, path) = place();
    put(&path, u64::MAX, "a");
    let entry = entries(&path).remove(0);
    let file = File::options().write(true).open(entry).unwrap();
    // The largest that the file system has, without a block of it.
    if (40..63).rev().any(|bits| file.set_len(1 << bits).is_ok()) {
        assert!(!has(&Cache::open(&path, 1 << 30).unwrap(), "a", b""));
    }
}

#[test]
fn one_process_writes_no_more_than_there_is_room() {
    let (_parent, path) = place();
    let cache = Cache::open(&path, 10 * (SIZE as u64 + HEADER)).unwrap();
    for source in 0..100 {
        cache.put(&subject(&source.to_string()), &[1; SIZE]);
    }
    assert_eq!(cache.stats().stored, 10);
    assert_eq!(entries(&path).len(), 10);
}

#[test]
fn leftovers_go_and_other_files_stay() {
    let (_parent, path) = place();
    put(&path, u64::MAX, "a");
    let old = SystemTime::now() - Duration::from_secs(2 * 3600);
    let (stale, fresh) = (
        format!(".sinew-{:032x}", 1),
        format!(".sinew-{:032x}", 0xabc),
    );
    for name in [&stale, "notes.txt", ".sinew-mine", "x.sinewc"] {
        let file = File::create(path.join(name)).unwrap();
        file.set_modified(old).unwrap();
    }
    File::create(path.join(&fresh)).unwrap();
    put(&path, 1 + SIZE as u64 + HEADER, "b");
    let names = names(&path);
    assert!(!names.contains(&stale));
    for kept in [&fresh, "notes.txt", ".sinew-mine", "x.sinewc", "sinew.key"] {
        assert!(names.iter().any(|name| name == kept), "{kept}");
    }
    assert!(present(&path, "b") && !present(&path, "a"));
}
