//! [`File`](https://w3c.github.io/FileAPI/#file-section)

use std::rc::Rc;
use std::time::{SystemTime, UNIX_EPOCH};

use sinew_bridge::class::{ClassSpec, type_error};
use sinew_bridge::{Completion, JsHost};

use crate::blob::{Blob, blob_parts, process_blob_parts, property_bag};
use crate::globals::readonly;
use crate::{Web, webidl};

/// What a File has beyond a Blob.
#[derive(Clone)]
pub(crate) struct FileFacts {
    pub(crate) name: String,
    /// Milliseconds since the Unix epoch.
    pub(crate) last_modified: i64,
}

impl FileFacts {
    /// A file of this moment.
    pub(crate) fn now(name: String) -> Self {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Self {
            name,
            last_modified: i64::try_from(now.as_millis()).unwrap_or(i64::MAX),
        }
    }
}

impl<J: JsHost> Web<J> {
    pub(crate) const FILE: ClassSpec<J, Self> = ClassSpec {
        name: "File",
        display: "File",
        length: 2,
        constructor,
        accessors: &[
            readonly("name", name),
            readonly("lastModified", last_modified),
        ],
        parent: Some(&Self::BLOB),
        ..ClassSpec::BASE
    };
}

/// [`new File(fileBits, fileName, options)`](https://w3c.github.io/FileAPI/#file-constructor)
fn constructor<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    webidl::required::<J>(cx, args, 2, "File")?;
    let parts = J::arg(cx, args, 0);
    let parts = blob_parts::<J>(cx, &parts, "File")?;
    let name = J::arg(cx, args, 1);
    let mut facts = FileFacts::now(webidl::usv_string::<J>(cx, &name)?);
    let options = J::arg(cx, args, 2);
    let options = webidl::dictionary::<J>(cx, options, "the options of File")?;
    let bag = property_bag::<J>(cx, &options)?;
    if let Some(value) = webidl::member::<J>(cx, &options, "lastModified")? {
        facts.last_modified = webidl::long_long::<J>(cx, &value)?;
    }
    let bytes = process_blob_parts::<J>(cx, parts, bag.native_endings);
    let state = Blob::new(bytes, bag.media_type, Some(facts));
    web.construct(cx, args, &Web::FILE, state)
}

fn this<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J, FileFacts> {
    let this = web.this::<Blob<J>>(cx, args, &Web::FILE)?;
    match &this.file {
        Some(facts) => Ok(facts.clone()),
        None => Err(type_error::<J>(cx, "receiver is not a File")),
    }
}

/// [`name`](https://w3c.github.io/FileAPI/#dfn-name)
fn name<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    let facts = this(cx, web, args)?;
    J::string(cx, &facts.name)
}

/// [`lastModified`](https://w3c.github.io/FileAPI/#dfn-lastModified)
fn last_modified<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    Ok(J::number(this(cx, web, args)?.last_modified as f64))
}
