//! What `fetch` finds that is not in the URL itself.

use sinew_registry::{Key, Root};
use sinew_web::{FetchReply, FetchRequest, Fetcher};

/// A hook of the embedder that has a network.
pub(crate) type FetchHook = Box<dyn Fn(FetchRequest, FetchReply)>;

/// The files beneath the import root, and the embedder's network.
pub(crate) struct Source {
    pub root: Option<Root>,
    /// The largest file that is read, in bytes.
    pub max_file_bytes: u64,
    pub hook: Option<FetchHook>,
}

impl Fetcher for Source {
    fn read_file(&self, url: &str) -> Result<Vec<u8>, String> {
        let Some(root) = &self.root else {
            return Err("this runtime has no import root, so it opens no files".to_owned());
        };
        let Some(key) = Key::from_url(url) else {
            return Err("the URL names no file of this machine".to_owned());
        };
        let bytes = root.read(key.path(), self.max_file_bytes);
        bytes.map_err(|error| error.to_string())
    }

    fn fetch(&self, request: FetchRequest, reply: FetchReply) {
        match &self.hook {
            Some(hook) => hook(request, reply),
            None => reply.fail(
                "this runtime has no network; supply RuntimeBuilder::fetch_hook, or run with \
                 --allow-net",
            ),
        }
    }
}
