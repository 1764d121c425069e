//! The module registry: which file a specifier means, and what has been loaded from it.
//!
//! It knows neither JavaScript nor wasm engines. [`Root`] opens files beneath one folder and
//! nothing else, [`Resolver`] turns specifiers into [`Address`]es by an [`ImportMap`] and by Node's
//! rules, [`Registry`] keeps one record a [`Key`] and shares compilations by content.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # std::fs::write(folder.path().join("main.js"), "import './add.wasm?a'")?;
//! # std::fs::write(folder.path().join("add.wasm"), b"\0asm\x01\0\0\0")?;
//! # let entry = folder.path().join("main.js");
//! use sinew_registry::{Record, Registry, Resolver, Root, Status};
//!
//! let root = Root::of_entry(&entry)?;
//! let resolver = Resolver::new(root.clone(), &["import", "module-sync", "default"]);
//! let main = resolver.entry(&entry)?;
//! let add = resolver.resolve("./add.wasm?a", Some(&main))?;
//! assert_eq!(add.suffix(), "?a");
//!
//! let mut registry: Registry<Vec<u8>, ()> = Registry::new();
//! registry.insert(add.clone(), Record::new(()));
//! let bytes = root.read(add.path(), 1 << 20)?;
//! registry.compiled(&add, &bytes, || Ok::<_, sinew_registry::Error>(bytes.clone()))?;
//! registry.set_status(&add, Status::Compiled);
//! assert_eq!(registry.list()[0].status, Status::Compiled);
//! registry.unload(&add);
//! # Ok(()) }
//! ```
//!
//! # What is opened
//!
//! Every look at the file system after the root itself was opened goes through [`Root`]: the walk
//! that finds a file's canonical name, the `package.json` files that `oxc_resolver` reads, and the
//! module itself. Paths outside the root are refused before they are even asked for their
//! metadata; links are followed only while they stay inside; and a file is opened relative to the
//! root's descriptor, so that a folder that is swapped for a link in the meantime leads nowhere.
//!
//! An import map alone is read from where the user says; what it leads to is held to the root.
//!
//! # Differences from Node
//!
//! - Import maps, and the `browser` field where the condition `browser` was chosen.
//! - The root, and that Node's own modules do not exist.
//! - A backslash or a control character in a specifier is refused, where a URL parser would
//!   replace or drop it.
//! - A query or fragment on a bare specifier is kept where the package has no `exports`, as in
//!   Node, and refused where `exports` or `imports` decide, also where a pattern without a
//!   trailer would have let it through in Node.
//! - Two spellings of one file are one key, also `./a//b.js` and a link that leads to it.
#![forbid(unsafe_code)]

mod address;
mod bare;
mod browser;
mod data;
mod error;
mod explain;
mod import_map;
mod integrity;
mod key;
mod manifest;
mod package;
mod record;
mod registry;
mod resolve;
mod root;
mod specifier;
mod suggest;

pub use address::{Address, Referrer};
pub use data::Data;
pub use error::{CommonJs, Error, ErrorKind, NotExported};
pub use import_map::ImportMap;
pub use key::Key;
pub use manifest::{Manifest, PackageId};
pub use record::{ExportEntry, ImportEntry, Listing, Record, Status, Times};
pub use registry::Registry;
pub use resolve::{DEFAULT_CONDITIONS, Resolver};
pub use root::Root;
