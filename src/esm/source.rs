//! What a file is, once it has been read.

use std::sync::Arc;

use crate::wat_text;

/// The contents of a module.
#[derive(Clone, Debug)]
pub enum ModuleSource {
    /// JavaScript, an ES module.
    JavaScript(String),
    /// WebAssembly, in the binary format.
    Wasm(Arc<[u8]>),
    /// JSON, whose value is the default export.
    Json(String),
}

/// What a request asks a module to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Requested {
    /// No `type` attribute: JavaScript or WebAssembly.
    Code,
    /// `with { type: "json" }`
    Json,
}

impl ModuleSource {
    /// Tells what `bytes` are. The same bytes are looked at that will be run. The error says why
    /// they are no module.
    pub(crate) fn of_file(
        bytes: Vec<u8>,
        extension: Option<&str>,
        requested: Requested,
    ) -> Result<Self, String> {
        match (requested, extension) {
            (Requested::Json, Some("json")) => text(bytes).map(ModuleSource::Json),
            (Requested::Json, _) => {
                Err("it is imported with { type: \"json\" } and is not a .json file".into())
            }
            (Requested::Code, Some("wasm")) => Ok(ModuleSource::Wasm(bytes.into())),
            (Requested::Code, Some("wat")) => {
                wat_text::to_binary(&bytes).map(|binary| ModuleSource::Wasm(binary.into()))
            }
            (Requested::Code, Some("js" | "mjs")) => text(bytes).map(ModuleSource::JavaScript),
            (Requested::Code, Some("json")) => {
                Err("a JSON module needs the import attribute { type: \"json\" }".into())
            }
            (Requested::Code, Some("cjs")) => {
                Err("CommonJS is not supported; it can be run as a script".into())
            }
            (Requested::Code, None) if bytes.starts_with(b"\0asm") => {
                Ok(ModuleSource::Wasm(bytes.into()))
            }
            (Requested::Code, None) => text(bytes).map(ModuleSource::JavaScript),
            (Requested::Code, Some(other)) => Err(format!("unknown file extension .{other}")),
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
