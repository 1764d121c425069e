//! Compiled modules on disk.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, SystemTime};

use super::{Pair, Ran, folder, pairs, sinew};

/// A module that is large enough to be kept.
fn module() -> String {
    let data = "sinew ".repeat(4000);
    format!(
        r#"(module (memory 1) (data (i32.const 0) "{data}")
            (func (export "f") (result i32) i32.const 42))"#
    )
}

const MAIN: &str = "import { f } from './m.wasm'; console.log(f());";

/// A program, and a place beside it.
fn program() -> (tempfile::TempDir, PathBuf) {
    let all = folder(&[("app/main.mjs", MAIN), ("app/m.wasm", &module())]);
    let place = all.path().join("cache");
    (all, place)
}

/// Runs the program of this folder; it must print what it always does and nothing else.
#[track_caller]
fn run(all: &tempfile::TempDir, pair: &Pair, args: &[&str]) {
    let mut command = sinew(&all.path().join("app"));
    command
        .args(["run", "--js", &pair.js, "--wasm", &pair.wasm])
        .args(args)
        .arg("main.mjs")
        .env("XDG_CACHE_HOME", all.path().join("user"));
    let ran = Ran::from(command.output().unwrap());
    let fine = ran.status == Some(0) && ran.stdout == "42\n" && ran.stderr.is_empty();
    assert!(fine, "{pair:?}: {ran:?}");
}

fn entries(place: &Path) -> Vec<PathBuf> {
    let Ok(listed) = std::fs::read_dir(place) else {
        return Vec::new();
    };
    let paths = listed.map(|entry| entry.unwrap().path());
    paths
        .filter(|path| path.extension().is_some_and(|ext| ext == "sinewc"))
        .collect()
}

/// Pairs whose compiled modules are kept: of which Wasmtime is one side.
fn keeping() -> impl Iterator<Item = Pair> {
    pairs().into_iter().filter(|pair| pair.wasm == "wasmtime")
}

#[test]
fn the_second_run_loads_what_the_first_compiled() {
    for pair in keeping() {
        let (all, place) = program();
        let dir = ["--cache-dir", place.to_str().unwrap()];
        run(&all, &pair, &dir);
        let [entry] = &entries(&place)[..] else {
            panic!("{:?}", entries(&place));
        };
        let first = std::fs::read(entry).unwrap();
        let old = SystemTime::now() - Duration::from_secs(3600);
        // Marked, in a way that only an entry that is taken keeps: a written one is a new file.
        let file = File::open(entry).unwrap();
        file.set_modified(old).unwrap();
        run(&all, &pair, &dir);
        assert!(file.metadata().unwrap().modified().unwrap() > old + Duration::from_secs(1800));
        assert_eq!(std::fs::read(entry).unwrap(), first);

        // Not as it was written: compiled again, and written again.
        let mut poisoned = first.clone();
        *poisoned.last_mut().unwrap() ^= 1;
        std::fs::write(entry, &poisoned).unwrap();
        run(&all, &pair, &dir);
        assert_eq!(std::fs::read(entry).unwrap(), first);
    }
}

#[test]
fn is_in_the_users_folder_for_caches() {
    for pair in pairs() {
        let (all, place) = program();
        let user = all.path().join("user/sinew");
        run(&all, &pair, &["--no-cache"]);
        run(&all, &pair, &["--cache-size", "0"]);
        assert!(entries(&user).is_empty());
        run(&all, &pair, &[]);
        let kept = entries(&user).len();
        assert_eq!(kept, usize::from(pair.wasm == "wasmtime"), "{pair:?}");
        assert!(!place.exists());
    }
}

/// HAZARDS F2
#[test]
fn is_not_used_where_guests_are_read() {
    for pair in keeping() {
        let (all, place) = program();
        let inside = all.path().join("app/cache");
        run(&all, &pair, &["--cache-dir", inside.to_str().unwrap()]);
        run(&all, &pair, &["--cache-dir", "."]);
        let above = all.path().to_str().unwrap();
        run(&all, &pair, &["--cache-dir", above]);
        let place_of_root = ["--cache-dir", place.to_str().unwrap(), "--root", above];
        run(&all, &pair, &place_of_root);
        for never in [&inside, &place, &all.path().join("app"), all.path()] {
            assert!(entries(never).is_empty(), "{never:?}");
        }
        assert!(!inside.exists() && !place.exists());
    }
}

#[cfg(unix)]
#[test]
fn a_folder_that_cannot_be_trusted_is_left_alone() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    for pair in keeping() {
        let (all, place) = program();
        std::fs::create_dir(&place).unwrap();
        let all_may = std::fs::Permissions::from_mode(0o777);
        std::fs::set_permissions(&place, all_may).unwrap();
        run(&all, &pair, &["--cache-dir", place.to_str().unwrap()]);
        let link = all.path().join("link");
        let target = all.path().join("target");
        std::fs::create_dir(&target).unwrap();
        symlink(&target, &link).unwrap();
        run(&all, &pair, &["--cache-dir", link.to_str().unwrap()]);
        run(&all, &pair, &["--cache-dir", "/dev/null"]);
        for folder in [&place, &target] {
            assert_eq!(std::fs::read_dir(folder).unwrap().count(), 0);
        }
    }
}

#[test]
fn runs_at_once_share_it() {
    for pair in keeping() {
        let (all, place) = program();
        let children: Vec<_> = (0..6)
            .map(|_| {
                let mut command = sinew(&all.path().join("app"));
                command
                    .args(["run", "--js", &pair.js, "--wasm", &pair.wasm])
                    .args(["--cache-dir", place.to_str().unwrap(), "main.mjs"])
                    .stdout(Stdio::piped())
                    .stderr(Stdio::piped());
                command.spawn().unwrap()
            })
            .collect();
        for child in children {
            let ran = Ran::from(child.wait_with_output().unwrap());
            assert!(ran.stdout == "42\n" && ran.stderr.is_empty(), "{ran:?}");
        }
        assert_eq!(entries(&place).len(), 1);
        assert_eq!(std::fs::read_dir(&place).unwrap().count(), 2);
    }
}

#[test]
fn options_that_contradict_each_other_are_refused() {
    let (all, _) = program();
    for args in [["--cache-dir", "x"], ["--cache-size", "1G"]] {
        let mut command = sinew(&all.path().join("app"));
        command
            .args(["run", "--no-cache"])
            .args(args)
            .arg("main.mjs");
        assert_eq!(Ran::from(command.output().unwrap()).status, Some(2));
    }
}
