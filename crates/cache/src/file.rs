//! Files of the folder: found, read and written so that nothing half done is ever seen.

use std::fs::File;
use std::io::{self, Read, Write};

use cap_std::fs::{Metadata, OpenOptions};

use crate::folder::Folder;

/// A regular file, open for reading.
pub(crate) struct Found {
    file: File,
    pub(crate) metadata: Metadata,
}

/// A file that was read.
pub(crate) struct Entry {
    pub(crate) file: File,
    pub(crate) bytes: Vec<u8>,
}

/// Opens a regular file; does not wait for one that is none.
pub(crate) fn find(folder: &Folder, name: &str) -> io::Result<Found> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use cap_std::fs::OpenOptionsExt;
        use rustix::fs::OFlags;
        let flags = OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::NOFOLLOW;
        options.custom_flags(flags.bits() as i32);
    }
    let file = folder.dir().open_with(name, &options)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let file = file.into_std();
    Ok(Found { file, metadata })
}

/// All bytes of a file of at most `max_bytes`.
pub(crate) fn read(folder: &Folder, name: &str, max_bytes: u64) -> Option<Entry> {
    read_found(find(folder, name).ok()?, max_bytes)
}

/// [`read`] of a file that is open.
pub(crate) fn read_found(found: Found, max_bytes: u64) -> Option<Entry> {
    let Found { file, metadata } = found;
    if metadata.len() > max_bytes {
        return None;
    }
    let mut bytes = Vec::new();
    // The last byte is for a file that has grown.
    let capacity = usize::try_from(metadata.len()).ok()?.checked_add(1)?;
    bytes.try_reserve_exact(capacity).ok()?;
    (&file).take(capacity as u64).read_to_end(&mut bytes).ok()?;
    (bytes.len() as u64 == metadata.len()).then_some(Entry { file, bytes })
}

/// Writes a file, or replaces one.
pub(crate) fn write(folder: &Folder, name: &str, parts: &[&[u8]]) -> io::Result<()> {
    let temporary = Temporary::new(folder, parts)?;
    folder.dir().rename(&temporary.name, folder.dir(), name)
}

/// Writes a file unless there is one of this name.
pub(crate) fn write_new(folder: &Folder, name: &str, bytes: &[u8]) -> io::Result<()> {
    let temporary = Temporary::new(folder, &[bytes])?;
    let dir = folder.dir();
    match dir.hard_link(&temporary.name, dir, name) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        // No links on this file system. Two who are here at once may read different bytes.
        Err(_) if !dir.exists(name) => dir.rename(&temporary.name, dir, name),
        other => other,
    }
}

/// The start of the names of files that are being written.
const TEMPORARY: &str = ".sinew-";

/// Whether this is the name of a file that is being written.
pub(crate) fn is_temporary(name: &str) -> bool {
    let rest = name.strip_prefix(TEMPORARY);
    rest.is_some_and(|rest| rest.len() == 32 && rest.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// A file that is being written; removed unless it got another name.
struct Temporary<'a> {
    folder: &'a Folder,
    name: String,
}

impl<'a> Temporary<'a> {
    /// A file with these contents, which are on the disk.
    fn new(folder: &'a Folder, parts: &[&[u8]]) -> io::Result<Self> {
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(io::Error::other)?;
        let name = format!("{TEMPORARY}{:032x}", u128::from_le_bytes(random));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        {
            use cap_std::fs::OpenOptionsExt;
            options.mode(0o600);
        }
        let mut file = folder.dir().open_with(&name, &options)?;
        let temporary = Temporary { folder, name };
        for part in parts {
            file.write_all(part)?;
        }
        file.sync_data()?;
        Ok(temporary)
    }
}

impl Drop for Temporary<'_> {
    fn drop(&mut self) {
        // After a renaming there is none.
        let _ = self.folder.dir().remove_file(&self.name);
    }
}
