//! Many at once.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use sinew_cache::Cache;

use super::{ROOM, entries, has, names, place, subject};

const SOURCES: usize = 6;

/// What belongs to a source: some are large, so that writing them takes a while.
fn artifact(source: usize) -> Vec<u8> {
    vec![source as u8 + 1; 1 + source * source * 10_000]
}

/// Does something to a source's entry, one source after the other, until it is late.
fn until(end: Instant, mut step: impl FnMut(usize)) {
    for turn in 0.. {
        if Instant::now() > end {
            return;
        }
        step(turn % SOURCES);
    }
}

/// Writers, readers and deleters: a reader sees a whole entry or none.
#[test]
fn readers_see_whole_entries() {
    let (_parent, path) = place();
    let end = Instant::now() + Duration::from_secs(2);
    let room = 600_000;
    let found = std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                until(end, |source| {
                    let cache = Cache::open(&path, room).unwrap();
                    cache.put(&subject(&source.to_string()), &artifact(source));
                });
            });
        }
        scope.spawn(|| {
            until(end, |_| {
                for entry in entries_that_may_go(&path) {
                    let _ = std::fs::remove_file(entry);
                }
                std::thread::sleep(Duration::from_millis(3));
            });
        });
        let readers = [(); 2].map(|()| {
            scope.spawn(|| {
                let cache = Cache::open(&path, room).unwrap();
                let mut found = 0;
                until(end, |source| {
                    found += usize::from(has(&cache, &source.to_string(), &artifact(source)));
                });
                assert_eq!(cache.stats().rejected, 0);
                found
            })
        });
        readers.map(|reader| reader.join().unwrap())
    });
    assert!(found.iter().all(|found| *found > 0), "{found:?}");
    assert!(!names(&path).iter().any(|name| name.starts_with(".sinew-")));
}

fn entries_that_may_go(path: &Path) -> Vec<PathBuf> {
    match path.exists() {
        true => entries(path),
        false => Vec::new(),
    }
}

/// What tells the processes of the next test where to work.
const PLACE: &str = "SINEW_CACHE_TEST_PLACE";
const TURN: &str = "SINEW_CACHE_TEST_TURN";

/// Processes that start at once agree on one key.
#[test]
fn processes_share_a_folder() {
    if let (Some(path), Ok(turn)) = (std::env::var_os(PLACE), std::env::var(TURN)) {
        let cache = Cache::open(Path::new(&path), ROOM).unwrap();
        cache.put(&subject(&turn), turn.as_bytes());
        return;
    }
    for _ in 0..5 {
        let (_parent, path) = place();
        let spawn = |turn: usize| {
            Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "races::processes_share_a_folder"])
                .env(PLACE, &path)
                .env(TURN, turn.to_string())
                .stdout(std::process::Stdio::null())
                .spawn()
                .unwrap()
        };
        let children: Vec<_> = (0..8).map(spawn).collect();
        for mut child in children {
            assert!(child.wait().unwrap().success());
        }
        let cache = Cache::open(&path, ROOM).unwrap();
        for turn in 0..8 {
            let turn = turn.to_string();
            assert!(has(&cache, &turn, turn.as_bytes()), "{turn}");
        }
        assert_eq!(names(&path).len(), 9);
    }
}
