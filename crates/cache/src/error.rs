//! Why a folder is no cache.

use std::io;
use std::path::PathBuf;

/// Why a folder cannot be used as a cache.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// It cannot be made or opened.
    #[error("{path}: {error}")]
    Io {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// It is a link, or no folder.
    #[error("{0}: not a folder, or a symbolic link")]
    NotAFolder(PathBuf),
    /// It belongs to another user.
    #[error("{0}: belongs to another user")]
    Owner(PathBuf),
    /// Others may write to it.
    #[error("{0}: its group or everybody may write to it")]
    Writable(PathBuf),
    /// Its key file cannot be made or read.
    #[error("{path}: the key: {error}")]
    Key {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// Its key file is not the user's alone.
    #[error("{0}: the key is no file that its owner alone can read")]
    KeyNotSecret(PathBuf),
}
