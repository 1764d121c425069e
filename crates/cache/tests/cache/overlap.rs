//! Folders that lie in each other.

use sinew_cache::{Cache, overlap};

use super::{ROOM, place};

#[test]
fn is_told_by_folders_and_not_by_names() {
    let (parent, path) = place();
    let above = parent.path();
    let (beside, inside) = (above.join("beside"), path.join("inside"));
    std::fs::create_dir(&beside).unwrap();
    // Before it is there.
    assert!(overlap(&path, above));
    assert!(!overlap(&path, &beside));
    let cache = Cache::open(&path, ROOM).unwrap();
    std::fs::create_dir(&inside).unwrap();
    let other_spelling = path.join("inside/..").join("../cache/.");
    for folder in [above, &above.join("some"), &path, &inside, &other_spelling] {
        assert!(
            cache.overlaps(folder) && overlap(&path, folder),
            "{folder:?}"
        );
    }
    assert!(!cache.overlaps(&beside) && !overlap(&path, &beside));
    // What cannot be looked at might.
    assert!(cache.overlaps(&above.join("absent")));
}

#[cfg(unix)]
#[test]
fn is_told_through_links() {
    use std::os::unix::fs::symlink;
    let (parent, path) = place();
    let cache = Cache::open(&path, ROOM).unwrap();
    let outside = tempfile::tempdir().unwrap();
    let names = [(parent.path(), "up"), (&path, "same")];
    for (target, name) in names {
        let link = outside.path().join(name);
        symlink(target, &link).unwrap();
        assert!(cache.overlaps(&link), "{name}");
    }
    assert!(!cache.overlaps(outside.path()));
    // A cache that is to be made behind a link.
    let link = outside.path().join("up");
    assert!(overlap(&link.join("new/cache"), parent.path()));
    assert!(!overlap(&link.join("new/cache"), outside.path()));
}
