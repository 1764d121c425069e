//! [Header lists](https://fetch.spec.whatwg.org/#concept-header-list).

use data_url::mime::Mime;

/// A name and a value.
pub(crate) type Header = (Vec<u8>, Vec<u8>);

/// A header list.
#[derive(Clone, Debug, Default)]
pub(crate) struct HeaderList(Vec<Header>);

impl HeaderList {
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.0.iter().map(|(name, value)| (&name[..], &value[..]))
    }

    /// [contains](https://fetch.spec.whatwg.org/#header-list-contains)
    pub(crate) fn contains(&self, name: &[u8]) -> bool {
        self.0.iter().any(|(own, _)| own.eq_ignore_ascii_case(name))
    }

    /// [get](https://fetch.spec.whatwg.org/#concept-header-list-get)
    pub(crate) fn get(&self, name: &[u8]) -> Option<Vec<u8>> {
        let values: Vec<_> = self.values(name).collect();
        (!values.is_empty()).then(|| values.join(&b", "[..]))
    }

    /// The values of every header of this name.
    pub(crate) fn values(&self, name: &[u8]) -> impl Iterator<Item = &[u8]> {
        let own = self.0.iter();
        own.filter(move |(own, _)| own.eq_ignore_ascii_case(name))
            .map(|(_, value)| &value[..])
    }

    /// [append](https://fetch.spec.whatwg.org/#concept-header-list-append)
    pub(crate) fn append(&mut self, name: &[u8], value: &[u8]) {
        // 1. The casing is that of the header that is there already.
        let mut own = self.0.iter();
        let own = own.find(|(own, _)| own.eq_ignore_ascii_case(name));
        let name = own.map_or(name, |(own, _)| own).to_vec();
        // 2. Append.
        self.0.push((name, value.to_vec()));
    }

    /// [delete](https://fetch.spec.whatwg.org/#concept-header-list-delete)
    pub(crate) fn delete(&mut self, name: &[u8]) {
        self.0.retain(|(own, _)| !own.eq_ignore_ascii_case(name));
    }

    /// [set](https://fetch.spec.whatwg.org/#concept-header-list-set)
    pub(crate) fn set(&mut self, name: &[u8], value: &[u8]) {
        let mut own = self.0.iter();
        let Some(first) = own.position(|(own, _)| own.eq_ignore_ascii_case(name)) else {
            self.0.push((name.to_vec(), value.to_vec()));
            return;
        };
        self.0[first].1 = value.to_vec();
        let mut at = 0;
        self.0.retain(|(own, _)| {
            at += 1;
            at <= first + 1 || !own.eq_ignore_ascii_case(name)
        });
    }

    /// [sort and combine](https://fetch.spec.whatwg.org/#concept-header-list-sort-and-combine)
    pub(crate) fn sort_and_combine(&self) -> Vec<Header> {
        let mut names: Vec<_> = self
            .0
            .iter()
            .map(|(name, _)| name.to_ascii_lowercase())
            .collect();
        names.sort();
        names.dedup();
        let mut headers = Vec::with_capacity(self.0.len());
        for name in names {
            if name == b"set-cookie" {
                let values = self.values(&name);
                headers.extend(values.map(|value| (name.clone(), value.to_vec())));
            } else if let Some(value) = self.get(&name) {
                headers.push((name, value));
            }
        }
        headers
    }

    /// [get, decode, and split](https://fetch.spec.whatwg.org/#concept-header-list-get-decode-split)
    fn get_decode_and_split(&self, name: &[u8]) -> Vec<String> {
        match self.get(name) {
            Some(value) => split(
                &value
                    .iter()
                    .map(|byte| char::from(*byte))
                    .collect::<String>(),
            ),
            None => Vec::new(),
        }
    }

    /// [extract a MIME type](https://fetch.spec.whatwg.org/#concept-header-extract-mime-type)
    pub(crate) fn extract_mime_type(&self) -> Option<Mime> {
        let mut charset: Option<String> = None;
        let mut essence = None;
        let mut mime_type: Option<Mime> = None;
        // 6. For each value of values:
        for value in self.get_decode_and_split(b"content-type") {
            // 6.1. to 6.2. Parse; continue if that fails or it is anything.
            let Ok(mut parsed) = value.parse::<Mime>() else {
                continue;
            };
            if parsed.type_ == "*" && parsed.subtype == "*" {
                continue;
            }
            let own = (parsed.type_.clone(), parsed.subtype.clone());
            if essence.as_ref() != Some(&own) {
                // 6.4. Another essence: its charset counts from now on.
                charset = parsed.get_parameter("charset").map(str::to_owned);
                essence = Some(own);
            } else if let Some(charset) = &charset
                && parsed.get_parameter("charset").is_none()
            {
                // 6.5. The same essence inherits the charset.
                let parameter = ("charset".to_owned(), charset.clone());
                parsed.parameters.push(parameter);
            }
            mime_type = Some(parsed);
        }
        mime_type
    }
}

/// Step 3 onward of get, decode, and split: at commas outside of quoted strings.
fn split(input: &str) -> Vec<String> {
    let mut values = Vec::new();
    let mut value = String::new();
    let mut chars = input.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => {
                value.push(c);
                // Collect an HTTP quoted string, as it is written.
                while let Some(c) = chars.next() {
                    value.push(c);
                    match c {
                        '"' => break,
                        '\\' => value.extend(chars.next()),
                        _ => {}
                    }
                }
            }
            ',' => values.push(std::mem::take(&mut value)),
            _ => value.push(c),
        }
    }
    values.push(value);
    let trim = |value: &String| value.trim_matches(['\t', ' ']).to_owned();
    values.iter().map(trim).collect()
}

/// [normalize](https://fetch.spec.whatwg.org/#concept-header-value-normalize) a header value.
pub(crate) fn normalize(value: &[u8]) -> &[u8] {
    let is_whitespace = |byte: &u8| matches!(byte, b'\n' | b'\r' | b'\t' | b' ');
    let Some(start) = value.iter().position(|byte| !is_whitespace(byte)) else {
        return &[];
    };
    let end = value.iter().rposition(|byte| !is_whitespace(byte));
    &value[start..=end.unwrap_or(start)]
}

/// Whether this is a [header name](https://fetch.spec.whatwg.org/#header-name).
pub(crate) fn is_token(name: &[u8]) -> bool {
    let is_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    !name.is_empty() && name.iter().all(is_token)
}

/// Whether a normalized value is a [header value](https://fetch.spec.whatwg.org/#header-value).
pub(crate) fn is_value(value: &[u8]) -> bool {
    !value.iter().any(|byte| matches!(byte, 0 | b'\n' | b'\r'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mime(values: &[&str]) -> Option<String> {
        let headers = values.iter();
        let headers = headers.map(|value| (b"Content-Type".to_vec(), value.as_bytes().to_vec()));
        let list = HeaderList(headers.collect());
        list.extract_mime_type().map(|mime| mime.to_string())
    }

    #[test]
    fn mime_types_are_extracted() {
        assert_eq!(mime(&[]), None);
        assert_eq!(
            mime(&["text/plain;charset=gbk, text/html"]).unwrap(),
            "text/html"
        );
        let kept = mime(&["text/html;charset=gbk;a=b, text/html;x=y"]).unwrap();
        assert_eq!(kept, "text/html;x=y;charset=gbk");
        let kept = mime(&["text/html;charset=gbk;a=b", "text/html", "*/*"]).unwrap();
        assert_eq!(kept, "text/html;charset=gbk");
        assert_eq!(
            mime(&["text/html;\"", "\", text/plain"]).unwrap(),
            "text/plain"
        );
    }

    #[test]
    fn splitting_minds_quotes() {
        assert_eq!(split("a,\"b,\\\"c\" , d"), ["a", "\"b,\\\"c\"", "d"]);
        assert_eq!(split(""), [""]);
        assert_eq!(split("\","), ["\","]);
    }
}
