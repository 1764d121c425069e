//! [`Blob`](https://w3c.github.io/FileAPI/#blob-section)

use std::ops::{Deref, Range};
use std::rc::Rc;

use sinew_bridge::class::{ClassSpec, type_error};
use sinew_bridge::{Completion, JsHost, trace};

use crate::fetch::headers::method;
use crate::globals::{Global, readonly};
use crate::iterable::iterator_method;
use crate::streams::readable::stream_of_bytes;
use crate::structured_clone::Deserialize;
use crate::text_decoder::utf8_decode;
use crate::{Web, webidl};

mod file;

pub(crate) use file::FileFacts;

/// Bytes that do not change, and a range of them.
#[derive(Clone, Default)]
pub(crate) struct Bytes {
    whole: Rc<Vec<u8>>,
    range: Range<usize>,
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self {
            range: 0..bytes.len(),
            whole: Rc::new(bytes),
        }
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.whole[self.range.clone()]
    }
}

impl Bytes {
    /// A part; `range` is within it.
    pub(crate) fn slice(&self, range: Range<usize>) -> Self {
        let start = self.range.start;
        Self {
            whole: self.whole.clone(),
            range: start + range.start..start + range.end,
        }
    }
}

/// A Blob object, which may be a File.
pub(crate) struct Blob<J: JsHost> {
    pub(crate) bytes: Bytes,
    pub(crate) media_type: String,
    /// What makes it a File.
    pub(crate) file: Option<FileFacts>,
    _engine: std::marker::PhantomData<J>,
}

trace!(
    struct Blob {}
);

impl<J: JsHost> Blob<J> {
    pub(crate) fn new(bytes: Bytes, media_type: String, file: Option<FileFacts>) -> Self {
        Self {
            bytes,
            media_type,
            file,
            _engine: std::marker::PhantomData,
        }
    }
}

impl<J: JsHost> Web<J> {
    pub(crate) const BLOBS: &'static [Global<J>] = &[
        Global::interface(&Self::BLOB),
        Global::interface(&Self::FILE),
    ];

    pub(crate) const BLOB: ClassSpec<J, Self> = ClassSpec {
        name: "Blob",
        display: "Blob",
        constructor,
        methods: &[
            method("slice", 0, slice),
            method("text", 0, text),
            method("arrayBuffer", 0, array_buffer),
            method("bytes", 0, bytes),
            method("stream", 0, stream),
        ],
        accessors: &[readonly("size", size), readonly("type", media_type)],
        ..ClassSpec::BASE
    };

    /// A new Blob or File object.
    pub(crate) fn create_blob(
        self: &Rc<Self>,
        cx: &mut J::Scope<'_>,
        blob: Blob<J>,
    ) -> Completion<J> {
        match blob.file {
            Some(_) => self.create(cx, &Web::FILE, blob),
            None => self.create(cx, &Web::BLOB, blob),
        }
    }
}

/// Serialization steps of a [Blob](https://w3c.github.io/FileAPI/#blob-section) or
/// [File](https://w3c.github.io/FileAPI/#file-section).
pub(crate) fn serialize<J: JsHost>(
    cx: &mut J::Scope<'_>,
    value: &J::Value,
) -> Completion<J, Option<Deserialize<J>>> {
    let Some(blob) = J::state::<Blob<J>>(cx, value) else {
        return Ok(None);
    };
    let (bytes, media_type) = (blob.bytes.clone(), blob.media_type.clone());
    let copy = Blob::new(bytes, media_type, blob.file.clone());
    Ok(Some(Box::new(move |cx, web| web.create_blob(cx, copy))))
}

/// A [BlobPart](https://w3c.github.io/FileAPI/#typedefdef-blobpart).
enum BlobPart<J: JsHost> {
    Buffer(J::Value),
    Blob(Bytes),
    Text(String),
}

/// A [BlobPropertyBag](https://w3c.github.io/FileAPI/#dfn-BlobPropertyBag).
struct PropertyBag {
    media_type: String,
    native_endings: bool,
}

/// The argument `blobParts`. Runs user code.
fn blob_parts<J: JsHost>(
    cx: &mut J::Scope<'_>,
    value: &J::Value,
    what: &str,
) -> Completion<J, Vec<BlobPart<J>>> {
    let Some(method) = iterator_method::<J>(cx, value)? else {
        return Err(type_error::<J>(
            cx,
            &format!("the parts of a {what} are no sequence"),
        ));
    };
    webidl::sequence_of::<J, _>(cx, value, &method, |cx, part| {
        if webidl::is_buffer_source::<J>(cx, &part) {
            return Ok(BlobPart::Buffer(part));
        }
        if let Some(blob) = J::state::<Blob<J>>(cx, &part) {
            return Ok(BlobPart::Blob(blob.bytes.clone()));
        }
        Ok(BlobPart::Text(webidl::usv_string::<J>(cx, &part)?))
    })
}

/// The members of a BlobPropertyBag. Runs user code.
fn property_bag<J: JsHost>(
    cx: &mut J::Scope<'_>,
    options: &Option<J::Value>,
) -> Completion<J, PropertyBag> {
    let mut bag = PropertyBag {
        media_type: String::new(),
        native_endings: false,
    };
    if let Some(endings) = webidl::member::<J>(cx, options, "endings")? {
        let values = &["transparent", "native"];
        let endings = webidl::enumeration::<J>(cx, &endings, values, "the member endings")?;
        bag.native_endings = endings == "native";
    }
    if let Some(media_type) = webidl::member::<J>(cx, options, "type")? {
        let media_type = webidl::dom_string::<J>(cx, &media_type)?;
        bag.media_type = normalized_type(&media_type);
    }
    Ok(bag)
}

/// A type as a Blob has it: lower case, or none if a character is not printable ASCII.
fn normalized_type(text: &[u16]) -> String {
    let text = String::from_utf16_lossy(text);
    match text.chars().all(|c| matches!(c, ' '..='~')) {
        true => text.to_ascii_lowercase(),
        false => String::new(),
    }
}

/// [Process blob parts](https://w3c.github.io/FileAPI/#process-blob-parts)
fn process_blob_parts<J: JsHost>(
    cx: &mut J::Scope<'_>,
    parts: Vec<BlobPart<J>>,
    native_endings: bool,
) -> Bytes {
    let mut bytes = Vec::new();
    for part in parts {
        match part {
            BlobPart::Text(text) if native_endings => {
                bytes.extend_from_slice(convert_line_endings(&text).as_bytes());
            }
            BlobPart::Text(text) => bytes.extend_from_slice(text.as_bytes()),
            BlobPart::Blob(blob) => bytes.extend_from_slice(&blob),
            BlobPart::Buffer(buffer) => {
                J::with_bytes(cx, &buffer, |buffer| bytes.extend_from_slice(buffer));
            }
        }
    }
    bytes.into()
}

/// [Convert line endings to native](https://w3c.github.io/FileAPI/#convert-line-endings-to-native)
fn convert_line_endings(text: &str) -> String {
    let native = if cfg!(windows) { "\r\n" } else { "\n" };
    let lines = text.replace("\r\n", "\n").replace('\r', "\n");
    match native {
        "\n" => lines,
        _ => lines.replace('\n', native),
    }
}

/// [`new Blob(blobParts, options)`](https://w3c.github.io/FileAPI/#constructorBlob)
fn constructor<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let parts = J::arg(cx, args, 0);
    let parts = match webidl::is_missing::<J>(&parts) {
        true => Vec::new(),
        false => blob_parts::<J>(cx, &parts, "Blob")?,
    };
    let options = J::arg(cx, args, 1);
    let options = webidl::dictionary::<J>(cx, options, "the options of Blob")?;
    let bag = property_bag::<J>(cx, &options)?;
    let bytes = process_blob_parts::<J>(cx, parts, bag.native_endings);
    web.construct(cx, args, &Web::BLOB, Blob::new(bytes, bag.media_type, None))
}

fn this<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Web<J>,
    args: J::Args<'_>,
) -> Completion<J, Rc<Blob<J>>> {
    web.this(cx, args, &Web::BLOB)
}

/// [`size`](https://w3c.github.io/FileAPI/#dfn-size)
fn size<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    Ok(J::number(this(cx, web, args)?.bytes.len() as f64))
}

/// [`type`](https://w3c.github.io/FileAPI/#dfn-type)
fn media_type<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let this = this(cx, web, args)?;
    J::string(cx, &this.media_type)
}

/// [`slice(start, end, contentType)`](https://w3c.github.io/FileAPI/#dfn-slice)
fn slice<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    let this = this(cx, web, args)?;
    let size = this.bytes.len();
    let mut bounds = [0, size];
    for (at, bound) in bounds.iter_mut().enumerate() {
        let value = J::arg(cx, args, at);
        if webidl::is_missing::<J>(&value) {
            continue;
        }
        // A negative position counts from the end.
        let position = webidl::clamped_i64::<J>(cx, &value)?;
        let distance = usize::try_from(position.unsigned_abs()).unwrap_or(usize::MAX);
        *bound = match position < 0 {
            true => size.saturating_sub(distance),
            false => distance.min(size),
        };
    }
    let media_type = J::arg(cx, args, 2);
    let media_type = match webidl::is_missing::<J>(&media_type) {
        true => String::new(),
        false => normalized_type(&webidl::dom_string::<J>(cx, &media_type)?),
    };
    let [start, end] = bounds;
    let bytes = this.bytes.slice(start..end.max(start));
    web.create_blob(cx, Blob::new(bytes, media_type, None))
}

/// [`stream()`](https://w3c.github.io/FileAPI/#stream-method-algo)
fn stream<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    let this = this(cx, web, args)?;
    Ok(stream_of_bytes(cx, web, &this.bytes)?.value())
}

/// [`text()`](https://w3c.github.io/FileAPI/#text-method-algo)
fn text<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    web.promising(cx, |cx| {
        let this = this(cx, web, args)?;
        let text = J::string(cx, &utf8_decode(&this.bytes))?;
        web.resolved(cx, &text)
    })
}

/// [`arrayBuffer()`](https://w3c.github.io/FileAPI/#arraybuffer-method-algo)
fn array_buffer<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    web.promising(cx, |cx| {
        let this = this(cx, web, args)?;
        let buffer = J::create_array_buffer(cx, &this.bytes)?;
        web.resolved(cx, &buffer)
    })
}

/// [`bytes()`](https://w3c.github.io/FileAPI/#bytes-method-algo)
fn bytes<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    web.promising(cx, |cx| {
        let this = this(cx, web, args)?;
        let array = J::create_uint8_array(cx, &this.bytes)?;
        web.resolved(cx, &array)
    })
}
