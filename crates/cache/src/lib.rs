//! Compiled modules on disk: sealed, bounded, least recently used out.
//!
//! Machine code that is read from a disk and run is as dangerous as input can be. So
//!
//! - the folder belongs to the user who runs the program, nobody else can write to it, and it is
//!   opened once: all else goes through that descriptor;
//! - an entry names what it was made of, source bytes and compiler, and carries a keyed hash over
//!   this and the artifact; the key is a file of the folder that only its owner can read;
//! - an entry is read wholly into memory, then verified, then handed out. It is never mapped, as a
//!   mapped file can change after it was verified;
//! - whatever goes wrong is a miss, never an error.
//!
//! This keeps out other users, broken disks and half-written files. It cannot keep out code that
//! runs as the same user: that can read the key, as it can replace the program itself. Where the
//! platform has no Unix ownership, who may write to the folder is not checked at all: choose one
//! that is private to the user, as the default places of Windows are.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use sinew_cache::{Cache, Subject};
//!
//! # let parent = tempfile::tempdir()?;
//! let cache = Cache::open(&parent.path().join("cache"), 1 << 30)?;
//! let subject = Subject::new(&[b"a compiler 1.0", b"its settings"], b"a source");
//! assert!(cache.get(&subject).is_none());
//! cache.put(&subject, b"what the compiler made of it");
//! assert_eq!(*cache.get(&subject).ok_or("gone")?, *b"what the compiler made of it");
//! # Ok(())
//! # }
//! ```

#![forbid(unsafe_code)]

mod entry;
mod error;
mod file;
mod folder;
mod key;
mod sweep;

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

pub use entry::{Artifact, Subject};
pub use error::OpenError;

use folder::Folder;
pub use folder::overlap;
use key::Key;

/// A folder of artifacts. Any number of threads and processes may use it at once.
#[derive(Debug)]
pub struct Cache {
    folder: Folder,
    key: Key,
    max_bytes: u64,
    /// Bytes since this was opened.
    written: AtomicU64,
    /// Bytes since room was made.
    unswept: AtomicU64,
    counts: Counts,
}

/// Room is made when this share of the bound was written, and at first.
const SWEEP_SHARE: u64 = 64;

#[derive(Debug, Default)]
struct Counts {
    hits: AtomicU64,
    misses: AtomicU64,
    rejected: AtomicU64,
    stored: AtomicU64,
}

/// What an open cache has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Artifacts that were found and handed out.
    pub hits: u64,
    /// Artifacts that were asked for and not handed out.
    pub misses: u64,
    /// Those of the misses whose entry was there, but did not pass verification.
    pub rejected: u64,
    /// Artifacts that were written.
    pub stored: u64,
}

impl Cache {
    /// Opens the folder `path`, which is made if there is none, for some `max_bytes` of
    /// entries: while they are written it may be a little more.
    ///
    /// # Errors
    /// When it is no folder, or somebody else could write to it, or its key is not a secret.
    pub fn open(path: &Path, max_bytes: u64) -> Result<Cache, OpenError> {
        let folder = Folder::open(path)?;
        let key = Key::of(&folder)?;
        Ok(Cache {
            folder,
            key,
            max_bytes,
            written: AtomicU64::new(0),
            unswept: AtomicU64::new(max_bytes),
            counts: Counts::default(),
        })
    }

    /// [`overlap`] of this cache with the folder `path`.
    pub fn overlaps(&self, path: &Path) -> bool {
        overlap(self.folder.path(), path)
    }

    /// The artifact that was stored for `subject`, if it is still there and nobody changed it.
    pub fn get(&self, subject: &Subject) -> Option<Artifact> {
        let found = file::read(&self.folder, &subject.name(), self.max_bytes);
        let artifact = found.and_then(|entry| {
            let artifact = Artifact::verify(&self.key, subject, entry.bytes);
            match artifact {
                // A cache that cannot be marked as used is one where the oldest goes first.
                Some(_) => drop(entry.file.set_modified(std::time::SystemTime::now())),
                None => drop(self.counts.rejected.fetch_add(1, Relaxed)),
            }
            artifact
        });
        let count = match artifact {
            Some(_) => &self.counts.hits,
            None => &self.counts.misses,
        };
        count.fetch_add(1, Relaxed);
        artifact
    }

    /// Stores what was made of `subject`, and removes what was not used for longest where there is
    /// no room for all.
    ///
    /// Whatever prevents it goes unnoticed. An open cache writes as much as it may hold and then no
    /// more, so that nobody can keep the disk busy by making up new sources.
    pub fn put(&self, subject: &Subject, artifact: &[u8]) {
        let header = entry::header(&self.key, subject, artifact);
        let size = (header.len() + artifact.len()) as u64;
        let written = self.written.fetch_add(size, Relaxed);
        if written.saturating_add(size) > self.max_bytes {
            return;
        }
        if file::write(&self.folder, &subject.name(), &[&header, artifact]).is_ok() {
            self.counts.stored.fetch_add(1, Relaxed);
        }
        // Looking at all entries after each would take a time that grows with their square.
        let unswept = self.unswept.fetch_add(size, Relaxed).saturating_add(size);
        if unswept > self.max_bytes / SWEEP_SHARE {
            self.unswept.store(0, Relaxed);
            sweep::sweep(&self.folder, self.max_bytes);
        }
    }

    /// What this cache has done since it was opened.
    pub fn stats(&self) -> Stats {
        let Counts {
            hits,
            misses,
            rejected,
            stored,
        } = &self.counts;
        Stats {
            hits: hits.load(Relaxed),
            misses: misses.load(Relaxed),
            rejected: rejected.load(Relaxed),
            stored: stored.load(Relaxed),
        }
    }
}
