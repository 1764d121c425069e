//! The folder beneath which everything is opened.

#[cfg(any(test, windows, target_vendor = "apple"))]
use std::ffi::OsStr;
use std::ffi::OsString;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use cap_std::ambient_authority;
use cap_std::fs::{Dir, File, FileType, OpenOptions};

use crate::Error;

/// The folder beneath which everything is opened, and nothing outside it.
#[derive(Clone, Debug)]
pub struct Root(Arc<Open>);

#[derive(Debug)]
struct Open {
    path: PathBuf,
    dir: Dir,
}

/// What a path leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    File,
    Folder,
    /// Neither; what it is, with its article.
    Other(&'static str),
}

/// Where a path lies, by its names alone.
enum Place<'a> {
    /// The root, or beneath it: the path from the root.
    Inside(&'a Path),
    /// An ancestor of the root, which is a folder and no link because the root's path is canonical.
    Above,
    Outside,
}

impl Root {
    /// Opens the folder `dir`, a path given by the user.
    pub fn open(dir: &Path) -> Result<Root, Error> {
        let path = canonical(dir)?;
        let opened = Dir::open_ambient_dir(&path, ambient_authority()).map_err(|error| {
            if error.kind() == io::ErrorKind::NotADirectory {
                return Error::NotAFolder { path: path.clone() };
            }
            Error::io(&path, error)
        })?;
        Ok(Root(Arc::new(Open { path, dir: opened })))
    }

    /// Opens the nearest folder around the file `entry` that has a `package.json`, or else the
    /// file's own folder.
    pub fn of_entry(entry: &Path) -> Result<Root, Error> {
        let entry = canonical(entry)?;
        let own = entry.parent().unwrap_or(&entry);
        let nearest = own
            .ancestors()
            .find(|folder| folder.join("package.json").is_file());
        Root::open(nearest.unwrap_or(own))
    }

    /// The canonical path of the folder.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// Reads the regular file `path`, which is absolute or relative to the root.
    ///
    /// It is opened once, and its kind and size are those of what was opened. Opening never
    /// blocks: folders, pipes and devices are refused.
    pub fn read(&self, path: &Path, max_bytes: u64) -> Result<Vec<u8>, Error> {
        let path = self.path().join(path);
        let (found, kind) = self.find(&path)?;
        kind.expect_file(&found)?;
        let file = self.open_file(&found)?;
        let metadata = file.metadata().map_err(|error| Error::io(&found, error))?;
        Kind::of(metadata.file_type()).expect_file(&found)?;
        let too_large = || Error::TooLarge {
            path: found.clone(),
            max_bytes,
        };
        if metadata.len() > max_bytes {
            return Err(too_large());
        }
        // The file may grow while it is read.
        let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0));
        file.take(max_bytes.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(|error| Error::io(&found, error))?;
        if bytes.len() as u64 > max_bytes {
            return Err(too_large());
        }
        Ok(bytes)
    }

    fn open_file(&self, path: &Path) -> Result<File, Error> {
        let Place::Inside(below) = self.place(path) else {
            return Err(self.outside(path));
        };
        let mut options = OpenOptions::new();
        options.read(true);
        #[cfg(unix)]
        {
            use cap_std::fs::OpenOptionsExt;
            use rustix::fs::OFlags;
            // What `find` saw may have been replaced since.
            let flags = OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::NOFOLLOW;
            options.custom_flags(flags.bits() as i32);
        }
        self.0
            .dir
            .open_with(below, &options)
            .map_err(|error| self.failed(path, error))
    }

    /// The canonical path of the absolute path `path`, and what is there.
    ///
    /// One name after the other, so that a name outside the root is refused before the file
    /// system is asked about it, and so that links with absolute targets inside the root work,
    /// which a descriptor alone cannot follow.
    pub(crate) fn find(&self, path: &Path) -> Result<(PathBuf, Kind), Error> {
        // As many as Linux follows.
        const MAX_LINKS: usize = 40;
        let mut links = 0;
        let mut current = PathBuf::new();
        let mut names = Vec::new();
        push_names(&mut current, &mut names, path);
        let mut kind = Kind::Folder;
        while let Some(name) = names.pop() {
            if name == ".." {
                current.pop();
                continue;
            }
            current.push(&name);
            let below = match self.place(&current) {
                Place::Inside(below) if below.as_os_str().is_empty() => continue,
                Place::Inside(below) => below,
                Place::Above => continue,
                Place::Outside => return Err(self.outside(&current)),
            };
            let dir = &self.0.dir;
            let file_type = dir
                .symlink_metadata(below)
                .map_err(|error| self.failed(&current, error))?
                .file_type();
            if file_type.is_symlink() {
                links += 1;
                if links > MAX_LINKS {
                    return Err(Error::io(path, io::Error::other("too many symbolic links")));
                }
                let target = dir
                    .read_link_contents(below)
                    .map_err(|error| self.failed(&current, error))?;
                current.pop();
                push_names(&mut current, &mut names, &target);
                kind = Kind::Folder;
                continue;
            }
            if let Some(name) = self.exact_name(&current) {
                current.set_file_name(name);
            }
            kind = Kind::of(file_type);
            if kind != Kind::Folder && !names.is_empty() {
                return Err(Error::not_found(path));
            }
        }
        match self.place(&current) {
            Place::Inside(_) => Ok((current, kind)),
            _ => Err(self.outside(&current)),
        }
    }

    /// What is at the absolute path `path`, where a link counts as a link: `None`.
    pub(crate) fn kind_unfollowed(&self, path: &Path) -> Result<Option<Kind>, Error> {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return self.find(path).map(|(_, kind)| Some(kind));
        };
        if let Place::Inside(below) = self.place(path)
            && below.as_os_str().is_empty()
        {
            return Ok(Some(Kind::Folder));
        }
        let path = self.find(parent)?.0.join(name);
        let Place::Inside(below) = self.place(&path) else {
            return Err(self.outside(&path));
        };
        let metadata = self.0.dir.symlink_metadata(below);
        let file_type = metadata
            .map_err(|error| self.failed(&path, error))?
            .file_type();
        Ok((!file_type.is_symlink()).then(|| Kind::of(file_type)))
    }

    /// Up to `max` names in the folder `path`; none where it cannot be read.
    pub(crate) fn names_in(&self, path: &Path, max: usize) -> Vec<OsString> {
        match self.find(path) {
            Ok((path, Kind::Folder)) => self.list(&path, max),
            _ => Vec::new(),
        }
    }

    /// [`Root::names_in`] for a canonical path.
    fn list(&self, path: &Path, max: usize) -> Vec<OsString> {
        let Place::Inside(below) = self.place(path) else {
            return Vec::new();
        };
        let below = if below.as_os_str().is_empty() {
            Path::new(".")
        } else {
            below
        };
        let Ok(entries) = self.0.dir.read_dir(below) else {
            return Vec::new();
        };
        entries
            .filter_map(Result::ok)
            .take(max)
            .map(|entry| entry.file_name())
            .collect()
    }

    pub(crate) fn outside(&self, path: &Path) -> Error {
        Error::OutsideRoot {
            specifier: None,
            referrer: None,
            path: path.to_path_buf(),
            root: self.path().to_path_buf(),
        }
    }

    /// The error of an operation on `path` through the root's descriptor.
    fn failed(&self, path: &Path, error: io::Error) -> Error {
        // cap-std makes this error itself when a path leaves the descriptor's folder.
        if error.kind() == io::ErrorKind::PermissionDenied && error.raw_os_error().is_none() {
            return self.outside(path);
        }
        Error::io(path, error)
    }

    fn place<'a>(&self, path: &'a Path) -> Place<'a> {
        match path.strip_prefix(self.path()) {
            Ok(below) => Place::Inside(below),
            Err(_) if self.path().starts_with(path) => Place::Above,
            Err(_) => Place::Outside,
        }
    }

    /// The name of `path` as its folder lists it, where the file system may have ignored case.
    #[cfg(any(windows, target_vendor = "apple"))]
    fn exact_name(&self, path: &Path) -> Option<OsString> {
        let names = self.list(path.parent()?, usize::MAX);
        listed_as(path.file_name()?, names)
    }

    #[cfg(not(any(windows, target_vendor = "apple")))]
    fn exact_name(&self, _path: &Path) -> Option<OsString> {
        None
    }
}

impl Kind {
    fn of(file_type: FileType) -> Kind {
        if file_type.is_file() {
            return Kind::File;
        }
        if file_type.is_dir() {
            return Kind::Folder;
        }
        #[cfg(unix)]
        {
            use cap_std::fs::FileTypeExt;
            if file_type.is_fifo() {
                return Kind::Other("a named pipe");
            }
            if file_type.is_socket() {
                return Kind::Other("a socket");
            }
            if file_type.is_block_device() || file_type.is_char_device() {
                return Kind::Other("a device");
            }
        }
        Kind::Other("a special file")
    }

    pub(crate) fn expect_file(self, path: &Path) -> Result<(), Error> {
        let what = match self {
            Kind::File => return Ok(()),
            Kind::Folder => "a folder",
            Kind::Other(what) => what,
        };
        Err(Error::NotAFile {
            path: path.to_path_buf(),
            what,
            suggestion: None,
        })
    }
}

/// Makes `path` what comes next: its names are pushed on `names` in reverse, and an absolute path
/// starts `current` anew.
fn push_names(current: &mut PathBuf, names: &mut Vec<OsString>, path: &Path) {
    let next = names.len();
    for component in path.components() {
        match component {
            Component::Prefix(_) | Component::RootDir => current.push(component),
            Component::CurDir => {}
            Component::ParentDir => names.push("..".into()),
            Component::Normal(name) => names.push(name.to_owned()),
        }
    }
    names[next..].reverse();
}

/// The canonical path of a path that the user gave, relative to the current folder.
pub(crate) fn canonical(path: &Path) -> Result<PathBuf, Error> {
    let canonical = std::fs::canonicalize(path).map_err(|error| {
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        Error::io(&absolute, error)
    })?;
    Ok(without_verbatim_prefix(canonical))
}

/// `C:\x` for `\\?\C:\x`: URLs and links use the short form.
fn without_verbatim_prefix(path: PathBuf) -> PathBuf {
    use std::path::Prefix;

    let mut components = path.components();
    let Some(Component::Prefix(prefix)) = components.next() else {
        return path;
    };
    let Prefix::VerbatimDisk(disk) = prefix.kind() else {
        return path;
    };
    let mut short = PathBuf::from(format!("{}:\\", char::from(disk)));
    short.extend(components.filter(|component| *component != Component::RootDir));
    short
}

/// Which of `names` is `name` to a file system that ignores case; `None` where `name` itself is
/// among them, or nothing is.
#[cfg(any(test, windows, target_vendor = "apple"))]
fn listed_as(name: &OsStr, names: Vec<OsString>) -> Option<OsString> {
    if names.iter().any(|listed| listed == name) {
        return None;
    }
    let lower = name.to_str()?.to_lowercase();
    names
        .into_iter()
        .find(|listed| listed.to_str().is_some_and(|n| n.to_lowercase() == lower))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listed_as_prefers_the_exact_name() {
        let names = || vec!["A.js".into(), "a.js".into(), "Straße".into()];
        assert_eq!(listed_as(OsStr::new("a.js"), names()), None);
        assert_eq!(listed_as(OsStr::new("STRASSE"), names()), None);
        assert_eq!(
            listed_as(OsStr::new("STRAßE"), names()),
            Some("Straße".into())
        );
        assert_eq!(listed_as(OsStr::new("b.js"), names()), None);
    }
}
