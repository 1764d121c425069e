//! `data:` URLs as modules.

use data_url::DataUrl;
use url::Url;

use crate::Error;

/// What a [`data:` URL](https://fetch.spec.whatwg.org/#data-urls) holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Data {
    /// The [essence](https://mimesniff.spec.whatwg.org/#mime-type-essence) of its MIME type.
    pub essence: String,
    /// Its body.
    pub body: Vec<u8>,
}

impl Data {
    /// [Process a `data:` URL](https://fetch.spec.whatwg.org/#data-url-processor).
    pub fn of_url(url: &str) -> Result<Data, Error> {
        let invalid = |reason: &str| Error::invalid(url, reason);
        let data = DataUrl::process(url).map_err(|why| invalid(&why.to_string()))?;
        let mime = data.mime_type();
        let essence = format!("{}/{}", mime.type_, mime.subtype);
        match data.decode_to_vec() {
            Ok((body, _)) => Ok(Data { essence, body }),
            Err(_) => Err(invalid("its body is not base64")),
        }
    }

    /// The serialised URL, if `specifier` is a `data:` URL.
    pub fn url(specifier: &str) -> Option<String> {
        let scheme = specifier.get(..5)?;
        match scheme.eq_ignore_ascii_case("data:") {
            true => Url::parse(specifier).ok().map(String::from),
            false => None,
        }
    }

    /// Whether it is a [JavaScript MIME type](https://mimesniff.spec.whatwg.org/#javascript-mime-type).
    pub fn is_javascript(&self) -> bool {
        let Some((kind, subtype)) = self.essence.split_once('/') else {
            return false;
        };
        match subtype {
            "ecmascript" | "javascript" | "x-ecmascript" | "x-javascript" => {
                matches!(kind, "application" | "text")
            }
            "javascript1.0" | "javascript1.1" | "javascript1.2" | "javascript1.3"
            | "javascript1.4" | "javascript1.5" | "jscript" | "livescript" => kind == "text",
            _ => false,
        }
    }

    /// Whether it is a [JSON MIME type](https://mimesniff.spec.whatwg.org/#json-mime-type).
    pub fn is_json(&self) -> bool {
        self.essence.ends_with("+json")
            || matches!(self.essence.as_str(), "application/json" | "text/json")
    }

    /// Whether it is WebAssembly.
    pub fn is_wasm(&self) -> bool {
        self.essence == "application/wasm"
    }
}

#[cfg(test)]
mod tests {
    use super::Data;

    #[test]
    fn types_and_bodies() {
        let data = |url: &str| Data::of_url(&Data::url(url).unwrap()).unwrap();
        let script = data("DATA:Text/JavaScript;charset=utf-8;base64,Mg==#f");
        assert_eq!(
            (script.essence.as_str(), &*script.body),
            ("text/javascript", &b"2"[..])
        );
        assert!(script.is_javascript() && !script.is_json() && !script.is_wasm());
        assert_eq!(data("data:,a%20b c").body, b"a b c");
        assert_eq!(data("data:,").essence, "text/plain");
        assert!(data("data:application/ld+json,{}").is_json());
        assert!(data("data:application/wasm,").is_wasm());
        assert!(!data("data:application/javascript1.0,").is_javascript());
        for wrong in ["data:text/javascript", "data:;base64,*"] {
            assert!(Data::of_url(wrong).is_err(), "{wrong}");
        }
        assert_eq!(Data::url("daté:x"), None);
        assert_eq!(Data::url("file:///x"), None);
    }
}
