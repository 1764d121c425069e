//! Making room.

use std::time::{Duration, SystemTime};

use cap_std::fs::DirEntry;

use crate::folder::Folder;
use crate::{entry, file};

/// How many entries a folder may have: looking at all of them takes as long as a small compilation.
pub(crate) const MAX_ENTRIES: usize = 4096;

/// How long a file may be in the writing. Its writer is gone then.
const STALE: Duration = Duration::from_secs(3600);

struct Candidate {
    used: SystemTime,
    bytes: u64,
    name: String,
}

/// Removes what was not used for longest until the entries have at most `max_bytes`, and what
/// writers left behind. Files under other names than ours stay, and do not count.
pub(crate) fn sweep(folder: &Folder, max_bytes: u64) {
    let Ok(listed) = folder.dir().entries() else {
        return;
    };
    let now = SystemTime::now();
    let mut total = 0u64;
    let mut entries = Vec::new();
    for found in listed.filter_map(Result::ok) {
        let Some(found) = candidate(&found) else {
            continue;
        };
        if entry::is_name(&found.name) {
            total = total.saturating_add(found.bytes);
            entries.push(found);
        } else if distance(now, found.used) > STALE {
            let _ = folder.dir().remove_file(&found.name);
        } else {
            total = total.saturating_add(found.bytes);
        }
    }
    // A time in the future is some clock's error, and no reason to stay for ever.
    entries.sort_by_key(|entry| entry.used.min(now));
    let mut left = entries.len();
    for entry in entries {
        if total <= max_bytes && left <= MAX_ENTRIES {
            break;
        }
        // Another process may have been faster.
        let _ = folder.dir().remove_file(&entry.name);
        total = total.saturating_sub(entry.bytes);
        left -= 1;
    }
}

/// An entry, or a file in the writing.
fn candidate(found: &DirEntry) -> Option<Candidate> {
    let name = found.file_name().into_string().ok()?;
    if !entry::is_name(&name) && !file::is_temporary(&name) {
        return None;
    }
    let metadata = found.metadata().ok()?;
    if metadata.is_dir() {
        return None;
    }
    let used = metadata.modified().map(cap_std::time::SystemTime::into_std);
    Some(Candidate {
        used: used.unwrap_or(SystemTime::UNIX_EPOCH),
        bytes: metadata.len(),
        name,
    })
}

fn distance(a: SystemTime, b: SystemTime) -> Duration {
    a.duration_since(b).unwrap_or_else(|error| error.duration())
}
