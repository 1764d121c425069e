//! The key that seals entries.

use std::io;

use crate::error::OpenError;
use crate::file::{self, Found};
use crate::folder::{self, Folder};

const NAME: &str = "sinew.key";
const LENGTH: usize = 32;

/// The key of a folder: whoever has it can make entries.
pub(crate) struct Key([u8; LENGTH]);

impl Key {
    /// The key of this folder, made if it has none.
    pub(crate) fn of(folder: &Folder) -> Result<Key, OpenError> {
        let failed = |error| OpenError::Key {
            path: folder.path().to_owned(),
            error,
        };
        // Of processes that start at once, one makes the key and all others find it; a file that
        // cannot be a key, which no crash of ours leaves, is replaced once.
        for _ in 0..2 {
            if let Some(key) = Key::read(folder)? {
                return Ok(key);
            }
            Key::make(folder).map_err(failed)?;
        }
        Key::read(folder)?.ok_or_else(|| failed(io::ErrorKind::InvalidData.into()))
    }

    fn read(folder: &Folder) -> Result<Option<Key>, OpenError> {
        match file::find(folder, NAME) {
            Ok(Found { metadata, .. }) if !folder::is_secret(&metadata) => {
                Err(OpenError::KeyNotSecret(folder.path().to_owned()))
            }
            Ok(found) => {
                let bytes = file::read_found(found, LENGTH as u64);
                Ok(bytes.and_then(|entry| entry.bytes.try_into().ok()).map(Key))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(OpenError::Key {
                path: folder.path().to_owned(),
                error,
            }),
        }
    }

    /// Makes a key file, whole from the first moment that it has its name.
    fn make(folder: &Folder) -> io::Result<()> {
        let mut key = [0; LENGTH];
        getrandom::fill(&mut key).map_err(io::Error::other)?;
        // Only a file that is no key is still there at this point, or one that is being made.
        if let Ok(found) = file::find(folder, NAME)
            && found.metadata.len() != LENGTH as u64
        {
            folder.dir().remove_file(NAME)?;
        }
        file::write_new(folder, NAME, &key)
    }

    pub(crate) fn bytes(&self) -> &[u8; LENGTH] {
        &self.0
    }

    #[cfg(test)]
    pub(crate) fn new(bytes: [u8; LENGTH]) -> Key {
        Key(bytes)
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key")
    }
}
