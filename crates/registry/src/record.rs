//! What is known about one loaded module.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Serialize;

/// One module of the registry: facts for [`Registry::list`](crate::Registry::list), and what the
/// embedder keeps with it.
#[derive(Clone, Debug)]
pub struct Record<R> {
    /// What the embedder keeps.
    pub value: R,
    /// What is imported, in the order of the file.
    pub imports: Vec<ImportEntry>,
    /// What is exported, in the order of the file.
    pub exports: Vec<ExportEntry>,
    /// The size of the file in bytes.
    pub bytes: u64,
    /// How long the steps took, and when the module was loaded.
    pub times: Times,
    pub(crate) status: Status,
}

impl<R> Record<R> {
    /// A record in the status [`Status::Resolved`], of which nothing else is known yet.
    pub fn new(value: R) -> Record<R> {
        Record {
            value,
            imports: Vec::new(),
            exports: Vec::new(),
            bytes: 0,
            times: Times::default(),
            status: Status::Resolved,
        }
    }

    /// How far the module has come.
    pub fn status(&self) -> &Status {
        &self.status
    }
}

/// How far a module has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase", tag = "state", content = "message")]
pub enum Status {
    /// Its specifier was resolved.
    Resolved,
    /// It is being read, or waits for its imports.
    Loading,
    /// It was parsed or compiled.
    Compiled,
    /// It was evaluated.
    Evaluated,
    /// It failed, with this message.
    Failed(String),
    /// It was unloaded, and not loaded again since.
    Unloaded,
}

impl Status {
    /// Whether a record may go from this status to `next`: forward only, and a failure stays.
    pub(crate) fn may_become(&self, next: &Status) -> bool {
        match (self, next) {
            (Status::Failed(_) | Status::Unloaded, _) | (_, Status::Unloaded) => false,
            (_, Status::Failed(_)) => true,
            _ => self.order() <= next.order(),
        }
    }

    fn order(&self) -> u8 {
        match self {
            Status::Resolved => 0,
            Status::Loading => 1,
            Status::Compiled => 2,
            Status::Evaluated => 3,
            Status::Failed(_) => 4,
            Status::Unloaded => 5,
        }
    }
}

/// One import of a module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ImportEntry {
    /// The module's specifier, as in the file.
    pub module: String,
    /// The name of what is imported.
    pub name: String,
    /// What kind of thing it is.
    pub kind: String,
    /// Its type, in words.
    pub ty: String,
}

/// One export of a module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExportEntry {
    /// Its name.
    pub name: String,
    /// What kind of thing it is.
    pub kind: String,
    /// Its type, in words.
    pub ty: String,
}

/// How long the steps of loading took, and when it was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// Reading the file.
    pub read: Duration,
    /// Compiling it; zero where a compilation of the same content was there.
    pub compile: Duration,
    /// Instantiating and evaluating it.
    pub instantiate: Duration,
    /// When it was loaded.
    pub loaded: Option<SystemTime>,
}

/// Milliseconds, since readers of a listing want numbers.
impl Serialize for Times {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;

        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        let loaded = self
            .loaded
            .and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let mut times = serializer.serialize_struct("Times", 4)?;
        times.serialize_field("readMs", &ms(self.read))?;
        times.serialize_field("compileMs", &ms(self.compile))?;
        times.serialize_field("instantiateMs", &ms(self.instantiate))?;
        times.serialize_field("loadedAtMs", &loaded.map(ms))?;
        times.end()
    }
}

/// One line of [`Registry::list`](crate::Registry::list).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Listing {
    /// The module's URL.
    pub key: String,
    /// How far it has come.
    pub status: Status,
    /// How often the key was unloaded before.
    pub generation: u32,
    /// What is imported.
    pub imports: Vec<ImportEntry>,
    /// What is exported.
    pub exports: Vec<ExportEntry>,
    /// The size of the file in bytes.
    pub bytes: u64,
    /// How long the steps took.
    pub times: Times,
    /// The SHA-256 of the content, in hexadecimal, where it was compiled.
    pub sha256: Option<String>,
}
