//! The identity of a module.

use std::cmp::Ordering;
use std::ffi::OsStr;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use url::{Position, Url};

/// The identity of a module: a canonical path, and the query and fragment of its URL.
///
/// Two keys with one path and different suffixes are two modules made from one file.
#[derive(Clone)]
pub struct Key {
    path: Arc<Path>,
    suffix: Arc<str>,
}

impl Key {
    /// `path` is absolute and canonical, `suffix` as in a serialised URL.
    pub(crate) fn new(path: PathBuf, suffix: &str) -> Key {
        Key {
            path: path.into(),
            suffix: suffix.into(),
        }
    }

    /// The key of an absolute path. Nothing is looked up: that the path is canonical is the caller's
    /// word.
    pub fn from_path(path: &Path) -> Key {
        Key::new(path.to_owned(), "")
    }

    /// The canonical path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Query and fragment with their marks, as in `?a#b`; empty where there is neither.
    pub fn suffix(&self) -> &str {
        &self.suffix
    }

    /// The `file:` URL, in the URL standard's spelling.
    pub fn url(&self) -> String {
        // A key's path is absolute, and then the conversion cannot fail.
        let mut url = Url::from_file_path(&self.path)
            .map_or_else(|()| format!("file:{}", self.path.display()), String::from);
        url.push_str(&self.suffix);
        url
    }

    /// The key that [`Key::url`] gave `url`. Nothing is looked up: that the path is canonical is
    /// the caller's word.
    pub fn from_url(url: &str) -> Option<Key> {
        let url = Url::parse(url).ok()?;
        let path = path_of(&url).ok()?;
        Some(Key::new(path, suffix_of(&url)))
    }

    /// The key of a [module name](crate::Registry::module_name), of whichever generation.
    pub fn from_module_name(name: &str) -> Option<Key> {
        let Some(rest) = name.strip_suffix('>') else {
            return Key::from_url(name);
        };
        let (url, generation) = rest.rsplit_once(" <")?;
        generation.parse::<u32>().ok()?;
        Key::from_url(url)
    }

    /// Whether the file belongs to a package that was installed.
    pub fn is_in_node_modules(&self) -> bool {
        self.path.iter().any(|name| name == "node_modules")
    }

    /// The extension of the file's name, without its dot.
    pub fn extension(&self) -> Option<&str> {
        self.path.extension()?.to_str()
    }
}

impl Key {
    /// What keys are compared by: canonical paths are the same only if their bytes are, and `Path`
    /// would look at name after name.
    fn parts(&self) -> (&OsStr, &str) {
        (self.path.as_os_str(), &self.suffix)
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Key) -> bool {
        self.parts() == other.parts()
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.parts().hash(state);
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Key) -> Ordering {
        self.parts().cmp(&other.parts())
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Key) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.url())
    }
}

/// Query and fragment with their marks.
pub(crate) fn suffix_of(url: &Url) -> &str {
    &url[Position::AfterPath..]
}

/// The path of a `file:` URL, decoded once; or what is wrong with it.
pub(crate) fn path_of(url: &Url) -> Result<PathBuf, &'static str> {
    if url.scheme() != "file" {
        return Err("only file: URLs can be loaded");
    }
    if url.host_str().is_some_and(|host| !host.is_empty()) {
        return Err("a file: URL of another host cannot be loaded");
    }
    decode(url)
}

#[cfg(unix)]
fn decode(url: &Url) -> Result<PathBuf, &'static str> {
    use std::os::unix::ffi::OsStringExt;

    if encodes(url.path(), "2f") {
        return Err("it has an encoded slash");
    }
    let bytes: Vec<u8> = percent_encoding::percent_decode_str(url.path()).collect();
    if bytes.contains(&0) {
        return Err("it has a NUL character");
    }
    Ok(PathBuf::from(std::ffi::OsString::from_vec(bytes)))
}

#[cfg(not(unix))]
fn decode(url: &Url) -> Result<PathBuf, &'static str> {
    if encodes(url.path(), "2f") || encodes(url.path(), "5c") {
        return Err("it has an encoded slash");
    }
    let path = url
        .to_file_path()
        .map_err(|()| "it is not a path on this system")?;
    for name in path.iter().filter_map(std::ffi::OsStr::to_str) {
        // Win32 drops what ends a name, and a colon names a stream: other names for one file.
        if name.contains('\0')
            || name.ends_with(['.', ' '])
            || name.get(2..).is_some_and(|n| n.contains(':'))
        {
            return Err("it has a name that Windows would read as another");
        }
    }
    Ok(path)
}

/// Whether `path` has the percent-encoded byte `hex` (two lower-case digits).
pub(crate) fn encodes(path: &str, hex: &str) -> bool {
    path.match_indices('%').any(|(at, _)| {
        path.get(at + 1..at + 3)
            .is_some_and(|found| found.eq_ignore_ascii_case(hex))
    })
}
