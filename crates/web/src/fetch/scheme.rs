//! [Scheme fetch](https://fetch.spec.whatwg.org/#concept-scheme-fetch) of what needs no network.

use data_url::DataUrl;
use sinew_bridge::JsHost;
use url::Url;

use crate::Web;

/// A response that is there at once.
pub(crate) struct Loaded {
    pub(crate) media_type: String,
    pub(crate) bytes: Vec<u8>,
}

/// A `data:` URL. The error says what is wrong.
pub(crate) fn data(url: &Url) -> Result<Loaded, String> {
    // 1. Let dataURLStruct be the result of running the data: URL processor.
    let failure = "it is no well-formed data: URL";
    let data = DataUrl::process(url.as_str()).map_err(|_| failure)?;
    let media_type = data.mime_type().to_string();
    let (bytes, _) = data.decode_to_vec().map_err(|_| failure)?;
    Ok(Loaded { media_type, bytes })
}

/// A `file:` URL, which the standard leaves to us.
pub(crate) fn file<J: JsHost>(web: &Web<J>, method: &str, url: &Url) -> Result<Loaded, String> {
    if !matches!(method, "GET" | "HEAD") {
        return Err(format!("the method {method} means nothing to a file"));
    }
    let mut file = url.clone();
    file.set_fragment(None);
    file.set_query(None);
    let bytes = web.fetcher.read_file(file.as_str())?;
    Ok(Loaded {
        media_type: type_of_name(file.path()).to_owned(),
        bytes,
    })
}

/// The MIME type of a file, by the end of its name.
fn type_of_name(path: &str) -> &'static str {
    let name = path.rsplit('/').next().unwrap_or(path);
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    match &extension.to_ascii_lowercase()[..] {
        "wasm" => "application/wasm",
        "js" | "mjs" | "cjs" => "text/javascript",
        "json" | "map" => "application/json",
        "html" | "htm" => "text/html",
        "css" => "text/css",
        "txt" => "text/plain",
        "md" => "text/markdown",
        "csv" => "text/csv",
        "xml" => "application/xml",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "avif" => "image/avif",
        "ico" => "image/x-icon",
        "bmp" => "image/bmp",
        "pdf" => "application/pdf",
        "zip" => "application/zip",
        "gz" => "application/gzip",
        "mp3" => "audio/mpeg",
        "wav" => "audio/wav",
        "ogg" => "audio/ogg",
        "mp4" => "video/mp4",
        "webm" => "video/webm",
        "ttf" => "font/ttf",
        "otf" => "font/otf",
        "woff" => "font/woff",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    }
}
