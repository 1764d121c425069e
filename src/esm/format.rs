//! What a module is made of: files and `data:` URLs, by their names, types and bytes.

use std::sync::Arc;

use sinew_bridge::stack::StackBounds;
use sinew_bridge::{JsHost, WasmEngine};
use sinew_registry::{CommonJs, Data, Error, Key};

use crate::esm::loader::Loader;
use crate::esm::parse::{is_module, mentions_commonjs};
use crate::esm::source::{ModuleSource, Requested, decode, text};
use crate::wat_text;

/// The [formats](https://nodejs.org/api/esm.html#resolution-and-loading-algorithm) of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// An ES module.
    JavaScript,
    /// A CommonJS module. How that shows is told in an error.
    CommonJs(&'static str),
    /// WebAssembly, in the binary format.
    Wasm,
    /// WebAssembly, in the text format.
    Wat,
    Json,
    Text,
    Bytes,
}

/// How it shows that a file is CommonJS.
const BY_NAME: &str = "by its name, .cjs";
const BY_TYPE: &str = "its package.json says \"type\": \"commonjs\"";
const BY_SYNTAX: &str = "no ES module syntax, but module.exports, exports, require or the like";

impl<J: JsHost, W: WasmEngine> Loader<J, W> {
    /// What the file `key` is as a module. The same bytes are looked at that will be run. The error
    /// says why it is none.
    pub(super) fn source_of_file(
        &self,
        name: &str,
        key: &Key,
        bytes: Vec<u8>,
    ) -> Result<ModuleSource, String> {
        let cannot = |why: String| format!("{key} cannot be imported: {why}");
        let format = self
            .format_of_file(key, &bytes, Requested::of_name(name))
            .map_err(cannot)?;
        let source = match format {
            Format::JavaScript => text(bytes).map(ModuleSource::JavaScript),
            Format::CommonJs(why) => return Err(self.commonjs(name, key, why)),
            Format::Wasm => Ok(ModuleSource::Wasm(bytes.into())),
            Format::Wat => {
                wat_text::to_binary(&bytes).map(|binary| ModuleSource::Wasm(binary.into()))
            }
            Format::Json => text(bytes).map(ModuleSource::Json),
            Format::Text => Ok(ModuleSource::Text(decode(&bytes))),
            Format::Bytes => Ok(ModuleSource::Bytes(bytes.into())),
        };
        source.map_err(cannot)
    }

    /// [ESM_FILE_FORMAT](https://nodejs.org/api/esm.html#resolution-algorithm-specification) and
    /// the step after it that holds the import attributes to it.
    fn format_of_file(
        &self,
        key: &Key,
        bytes: &[u8],
        requested: Requested,
    ) -> Result<Format, String> {
        match (requested, key.extension()) {
            (Requested::Bytes, _) => Ok(Format::Bytes),
            (Requested::Text, _) => Ok(Format::Text),
            (Requested::Json, Some("json")) => Ok(Format::Json),
            (Requested::Json, _) => {
                Err("it is imported with { type: \"json\" } and is not a .json file".to_owned())
            }
            (Requested::Code, Some("wasm")) => Ok(Format::Wasm),
            (Requested::Code, Some("wat")) => Ok(Format::Wat),
            (Requested::Code, Some("mjs")) => Ok(Format::JavaScript),
            (Requested::Code, Some("cjs")) => Ok(Format::CommonJs(BY_NAME)),
            (Requested::Code, None) if bytes.starts_with(b"\0asm") => Ok(Format::Wasm),
            (Requested::Code, Some("js") | None) => self.format_of_script(key, bytes),
            (Requested::Code, Some("json")) => {
                Err("a JSON module needs the import attribute { type: \"json\" }".to_owned())
            }
            (Requested::Code, Some(other)) => Err(format!(
                "unknown file extension .{other} (with {{ type: \"text\" }} or {{ type: \"bytes\" }} any \
                 file can be imported)"
            )),
        }
    }

    /// What a `.js` file is: as its package says, or else by its syntax. A file with the marks of
    /// neither module system is taken for an ES module, as which it does the same or says at once
    /// that it cannot be one.
    fn format_of_script(&self, key: &Key, bytes: &[u8]) -> Result<Format, String> {
        match self.type_of(key)?.as_deref() {
            Some("module") => return Ok(Format::JavaScript),
            Some("commonjs") => return Ok(Format::CommonJs(BY_TYPE)),
            _ => {}
        }
        // What is no UTF-8 is told when it is decoded.
        let text = std::str::from_utf8(bytes).unwrap_or_default();
        let stack = || StackBounds::of_current_thread().remaining();
        Ok(match mentions_commonjs(text) && !is_module(text, stack) {
            true => Format::CommonJs(BY_SYNTAX),
            false => Format::JavaScript,
        })
    }

    /// The `type` in the `package.json` of a file.
    pub(super) fn type_of(&self, key: &Key) -> Result<Option<String>, String> {
        let manifest = match self.resolver() {
            Some(resolver) => resolver.manifest(key).map_err(|error| error.to_string())?,
            None => None,
        };
        Ok(manifest.and_then(|manifest| manifest.module_type.clone()))
    }

    /// The error for a CommonJS module.
    fn commonjs(&self, name: &str, key: &Key, why: &'static str) -> String {
        let request = self.requests.borrow().get(name).cloned();
        let resolver = self.resolver();
        let module = resolver.and_then(|resolver| {
            let manifest = resolver.manifest(key).ok().flatten()?;
            let path = manifest.folder.join(manifest.module.as_deref()?);
            let module = resolver.resolve(&Key::from_path(&path).url(), None).ok()?;
            (module != *key).then(|| module.path().to_path_buf())
        });
        let manifest = resolver.and_then(|resolver| resolver.manifest(key).ok().flatten());
        let is_for_browsers = resolver.is_some_and(|resolver| resolver.is_for_browsers());
        let has_browser_build = manifest.is_some_and(|manifest| manifest.has_browser_build);
        let (specifier, referrer) = request.unzip();
        let error = CommonJs {
            specifier,
            referrer: referrer.filter(|referrer| !referrer.is_empty()),
            path: key.path().to_path_buf(),
            package: resolver.and_then(|resolver| resolver.package_of(key)),
            why,
            module,
            has_browser_build: has_browser_build && !is_for_browsers,
        };
        Error::CommonJs(Box::new(error)).to_string()
    }
}

/// What a `data:` URL is as a module, by its MIME type:
/// [fetch a single module script](https://html.spec.whatwg.org/multipage/webappapis.html#fetch-a-single-module-script),
/// from step 13.
pub(super) fn source_of_data(url: &str, requested: Requested) -> Result<ModuleSource, String> {
    let data = Data::of_url(url).map_err(|error| error.to_string())?;
    match requested {
        Requested::Bytes => Ok(ModuleSource::Bytes(data.body.into())),
        Requested::Text => Ok(ModuleSource::Text(decode(&data.body))),
        Requested::Json if data.is_json() => Ok(ModuleSource::Json(decode(&data.body))),
        Requested::Code if data.is_javascript() => Ok(ModuleSource::JavaScript(decode(&data.body))),
        Requested::Code if data.is_wasm() => Ok(ModuleSource::Wasm(Arc::from(data.body))),
        Requested::Code if data.is_json() => {
            Err("a JSON module needs the import attribute { type: \"json\" }".to_owned())
        }
        Requested::Json => Err(format!(
            "a data: URL of type {} is imported with {{ type: \"json\" }}",
            data.essence
        )),
        Requested::Code => Err(format!(
            "a data: URL of type {} is no module; text/javascript and application/wasm are",
            data.essence
        )),
    }
}
