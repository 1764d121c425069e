//! The folder, opened once.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use cap_std::fs::{Dir, Metadata};

use crate::error::OpenError;

/// A folder that is its owner's alone to write to.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    dir: Dir,
}

impl Folder {
    /// Opens a folder, which is made if there is none.
    pub(crate) fn open(path: &Path) -> Result<Folder, OpenError> {
        // Without slashes at the end, which would follow a link.
        let path: PathBuf = path.components().collect();
        let failed = |error| OpenError::Io {
            path: path.clone(),
            error,
        };
        let file = match open_directory(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                create_private(&path).map_err(failed)?;
                open_directory(&path)
            }
            other => other,
        };
        let file = file.map_err(|error| match path.symlink_metadata() {
            Ok(metadata) if !metadata.is_dir() => OpenError::NotAFolder(path.clone()),
            _ => failed(error),
        })?;
        let dir = Dir::from_std_file(file);
        check_private(&path, &dir.dir_metadata().map_err(failed)?)?;
        let path = std::fs::canonicalize(&path).map_err(failed)?;
        Ok(Folder { path, dir })
    }

    /// The canonical path it had when it was opened.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn dir(&self) -> &Dir {
        &self.dir
    }
}

/// Whether the folder `cache` lies in the folder `other`, or that in `cache`, or they are the same:
/// compared as folders, not as names. `cache` need not be there yet. Where it cannot be told, they
/// do.
pub fn overlap(cache: &Path, other: &Path) -> bool {
    let compare = || -> io::Result<bool> {
        let other = std::fs::canonicalize(other)?;
        let cache = std::path::absolute(cache)?;
        match std::fs::canonicalize(&cache) {
            Ok(cache) => Ok(contains(&other, &cache)? || contains(&cache, &other)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let parents = cache.ancestors().skip(1);
                let parent = parents.map(std::fs::canonicalize).find_map(Result::ok);
                contains(&other, &parent.ok_or(error)?)
            }
            Err(error) => Err(error),
        }
    };
    compare().unwrap_or(true)
}

/// Whether the folder `inner` is `outer` or lies in it, under whichever name.
#[cfg(unix)]
fn contains(outer: &Path, inner: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let identity = |path: &Path| -> io::Result<(u64, u64)> {
        let metadata = path.metadata()?;
        Ok((metadata.dev(), metadata.ino()))
    };
    let outer = identity(outer)?;
    for folder in inner.ancestors() {
        if identity(folder)? == outer {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether the folder `inner` is `outer` or lies in it, by their canonical paths.
#[cfg(not(unix))]
fn contains(outer: &Path, inner: &Path) -> io::Result<bool> {
    Ok(inner.starts_with(outer))
}

#[cfg(unix)]
fn open_directory(path: &Path) -> io::Result<File> {
    use rustix::fs::OFlags;
    use std::os::unix::fs::OpenOptionsExt;
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW;
    let mut options = File::options();
    options.read(true).custom_flags(flags.bits() as i32);
    options.open(path)
}

#[cfg(not(unix))]
fn open_directory(path: &Path) -> io::Result<File> {
    if path.symlink_metadata()?.is_symlink() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    Dir::open_ambient_dir(path, cap_std::ambient_authority()).map(Dir::into_std_file)
}

fn create_private(path: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(path)
}

#[cfg(unix)]
fn check_private(path: &Path, metadata: &Metadata) -> Result<(), OpenError> {
    use cap_std::fs::MetadataExt;
    if !is_own(metadata) {
        return Err(OpenError::Owner(path.to_owned()));
    }
    match metadata.mode() & 0o022 {
        0 => Ok(()),
        _ => Err(OpenError::Writable(path.to_owned())),
    }
}

#[cfg(not(unix))]
fn check_private(_path: &Path, _metadata: &Metadata) -> Result<(), OpenError> {
    Ok(())
}

/// Whether only its owner, who is the user of this process, can read the file.
#[cfg(unix)]
pub(crate) fn is_secret(metadata: &Metadata) -> bool {
    use cap_std::fs::MetadataExt;
    is_own(metadata) && metadata.mode() & 0o077 == 0
}

#[cfg(not(unix))]
pub(crate) fn is_secret(_metadata: &Metadata) -> bool {
    true
}

#[cfg(unix)]
fn is_own(metadata: &Metadata) -> bool {
    use cap_std::fs::MetadataExt;
    metadata.uid() == rustix::process::geteuid().as_raw()
}
