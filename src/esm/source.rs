//! What a file is, once it has been read.

use std::sync::Arc;

/// The contents of a module.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ModuleSource {
    /// JavaScript, an ES module.
    JavaScript(String),
    /// WebAssembly, in the binary format.
    Wasm(Arc<[u8]>),
    /// JSON, whose value is the default export.
    Json(String),
    /// A text, which is the default export: for imports `with { type: "text" }`.
    Text(String),
    /// Bytes, of which a Uint8Array is the default export: for imports `with { type: "bytes" }`.
    Bytes(Arc<[u8]>),
}

/// What a request asks a module to be, by its `type` attribute. One specifier means a module of its
/// own with each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Requested {
    /// No `type` attribute: JavaScript or WebAssembly.
    Code,
    /// [JSON modules](https://tc39.es/ecma262/#sec-parsejsonmodule)
    Json,
    /// [Import Text](https://github.com/tc39/proposal-import-text)
    Text,
    /// [Import Bytes](https://github.com/tc39/proposal-import-bytes)
    Bytes,
}

impl Requested {
    const TYPED: [Requested; 3] = [Requested::Json, Requested::Text, Requested::Bytes];

    /// What the `type` attribute of this value asks for.
    pub(crate) fn of_type(value: &str) -> Option<Self> {
        match value {
            "json" => Some(Requested::Json),
            "text" => Some(Requested::Text),
            "bytes" => Some(Requested::Bytes),
            _ => None,
        }
    }

    /// What precedes the URL in the name of a module that was requested so.
    pub(crate) fn prefix(self) -> &'static str {
        match self {
            Requested::Code => "",
            Requested::Json => "json:",
            Requested::Text => "text:",
            Requested::Bytes => "bytes:",
        }
    }

    /// What the module of this name was requested as.
    pub(crate) fn of_name(name: &str) -> Self {
        let mut typed = Self::TYPED.into_iter();
        typed
            .find(|requested| name.starts_with(requested.prefix()))
            .unwrap_or(Requested::Code)
    }

    /// Whether `source`, which the embedder supplies, is what was asked for.
    pub(crate) fn accepts(self, source: &ModuleSource) -> bool {
        match self {
            Requested::Code => !matches!(source, ModuleSource::Text(_) | ModuleSource::Bytes(_)),
            Requested::Json => matches!(source, ModuleSource::Json(_)),
            Requested::Text => matches!(source, ModuleSource::Text(_)),
            Requested::Bytes => matches!(source, ModuleSource::Bytes(_)),
        }
    }
}

/// The text of a file, without a byte order mark. The error says why it is none.
pub(crate) fn text(bytes: Vec<u8>) -> Result<String, String> {
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        format!("it is not UTF-8 (at byte offset {at:#x})")
    })?;
    Ok(match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    })
}

/// [UTF-8 decode](https://encoding.spec.whatwg.org/#utf-8-decode): what is no UTF-8 is replaced.
pub(crate) fn decode(bytes: &[u8]) -> String {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    String::from_utf8_lossy(bytes).into_owned()
}
