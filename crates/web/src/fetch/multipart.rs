//! How form data is written down and read back.

use std::rc::Rc;

use data_url::mime::Mime;
use sinew_bridge::class::type_error;
use sinew_bridge::{Completion, Edge, JsHost};
use url::form_urlencoded;

use crate::Web;
use crate::blob::{Blob, Bytes, FileFacts};
use crate::fetch::form_data::{Entry, EntryValue};
use crate::text_decoder::utf8_decode;

/// The [multipart/form-data encoding](https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#multipart/form-data-encoding-algorithm)
/// of entries, and its boundary.
pub(crate) fn encode<J: JsHost>(
    cx: &mut J::Scope<'_>,
    _: &Rc<Web<J>>,
    entries: &[Entry<J>],
) -> Completion<J, (Vec<u8>, String)> {
    let mut random = [0; 16];
    if getrandom::fill(&mut random).is_err() {
        return Err(type_error::<J>(cx, "there is no randomness for a boundary"));
    }
    let number = u128::from_ne_bytes(random);
    let boundary = format!("----formdata-sinew-{number:032x}");
    let mut bytes = Vec::new();
    for entry in entries {
        let name = escape(&normalize_newlines(&entry.name));
        let head = format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"");
        bytes.extend_from_slice(head.as_bytes());
        match &entry.value {
            EntryValue::Text(text) => {
                bytes.extend_from_slice(b"\r\n\r\n");
                bytes.extend_from_slice(normalize_newlines(text).as_bytes());
            }
            EntryValue::File(file) => {
                let Some(file) = J::state::<Blob<J>>(cx, &file.get()) else {
                    continue;
                };
                let filename = file.file.as_ref().map_or("", |facts| &facts.name);
                let filename = escape(filename);
                let media_type = match &file.media_type[..] {
                    "" => "application/octet-stream",
                    media_type => media_type,
                };
                let head =
                    format!("; filename=\"{filename}\"\r\nContent-Type: {media_type}\r\n\r\n");
                bytes.extend_from_slice(head.as_bytes());
                bytes.extend_from_slice(&file.bytes);
            }
        }
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    Ok((bytes, boundary))
}

/// Every line break becomes CRLF.
fn normalize_newlines(text: &str) -> String {
    let lines = text.replace("\r\n", "\n").replace('\r', "\n");
    lines.replace('\n', "\r\n")
}

/// As names in a header field are escaped.
fn escape(text: &str) -> String {
    let text = text.replace('\n', "%0A").replace('\r', "%0D");
    text.replace('"', "%22")
}

/// One part of a multipart body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Part {
    name: String,
    filename: Option<String>,
    media_type: Option<String>,
    body: Vec<u8>,
}

/// The [multipart/form-data parser](https://andreubotella.github.io/multipart-form-data/#multipart-form-data-parser);
/// `None` is failure.
pub(crate) fn parse(input: &[u8], boundary: Option<&str>) -> Option<Vec<Part>> {
    // 2. and 3. The boundary.
    let boundary = boundary.filter(|boundary| is_boundary(boundary))?;
    let delimiter = format!("--{boundary}");
    let mut rest = input;
    let mut parts = Vec::new();
    // 5. While true:
    loop {
        // 5.1. position points to the delimiter, or failure.
        rest = rest.strip_prefix(delimiter.as_bytes())?;
        // 5.2. Its end.
        if matches!(rest, b"--" | b"--\r\n") || rest.starts_with(b"--\r\n") {
            return Some(parts);
        }
        // 5.3. and 5.4. A line break.
        rest = rest.strip_prefix(b"\r\n")?;
        // 5.5. Headers.
        let (mut part, after) = parse_headers(rest)?;
        // 5.6. The empty line.
        rest = after.strip_prefix(b"\r\n")?;
        // 5.7. to 5.10. Up to the next delimiter.
        let end = format!("\r\n{delimiter}");
        let length = find(rest, end.as_bytes())?;
        part.body = rest[..length].to_vec();
        rest = &rest[length + 2..];
        parts.push(part);
    }
}

/// Whether this is a [boundary](https://andreubotella.github.io/multipart-form-data/#multipart-form-data-boundary).
/// AD-HOC: shorter than 27 characters is fine, as in every browser.
fn is_boundary(boundary: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(&byte);
    (1..=70).contains(&boundary.len()) && boundary.bytes().all(is_allowed)
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    // Quick over long bodies: the needle starts with a byte that is rare.
    let (first, others) = needle.split_first()?;
    let mut from = 0;
    while let Some(at) = haystack[from..].iter().position(|byte| byte == first) {
        if haystack[from + at + 1..].starts_with(others) {
            return Some(from + at);
        }
        from += at + 1;
    }
    None
}

/// [Parses headers](https://andreubotella.github.io/multipart-form-data/#parse-multipart-form-data-headers)
/// up to the empty line.
fn parse_headers(mut rest: &[u8]) -> Option<(Part, &[u8])> {
    let mut part = Part {
        name: String::new(),
        filename: None,
        media_type: None,
        body: Vec::new(),
    };
    let mut has_name = false;
    while !rest.starts_with(b"\r\n") {
        let end = find(rest, b"\r\n")?;
        let (line, after) = (&rest[..end], &rest[end + 2..]);
        rest = after;
        let colon = line.iter().position(|byte| *byte == b':')?;
        let name = line[..colon].trim_ascii();
        let value = line[colon + 1..].trim_ascii();
        if !crate::fetch::header_list::is_token(name) {
            return None;
        }
        if name.eq_ignore_ascii_case(b"content-disposition") {
            let value = value.strip_prefix(b"form-data; name=")?;
            let (name, value) = parse_name(value)?;
            part.name = name;
            has_name = true;
            part.filename = None;
            if let Some(value) = value.strip_prefix(b"; filename=") {
                part.filename = Some(parse_name(value)?.0);
            }
        } else if name.eq_ignore_ascii_case(b"content-type") {
            part.media_type = Some(value.iter().map(|byte| char::from(*byte)).collect());
        }
    }
    has_name.then_some((part, rest))
}

/// [Parses a name](https://andreubotella.github.io/multipart-form-data/#parse-a-multipart-form-data-name)
/// in quotes.
fn parse_name(input: &[u8]) -> Option<(String, &[u8])> {
    let input = input.strip_prefix(b"\"")?;
    let end = input.iter().position(|byte| *byte == b'"')?;
    let name = utf8_without_bom(&input[..end]);
    let name = name.replace("%0A", "\n").replace("%0D", "\r");
    Some((name.replace("%22", "\""), &input[end + 1..]))
}

fn utf8_without_bom(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The entries that parts are.
pub(crate) fn entries<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    parts: Vec<Part>,
) -> Completion<J, Vec<Entry<J>>> {
    let mut entries = Vec::with_capacity(parts.len());
    for part in parts {
        let value = match part.filename {
            None => EntryValue::Text(utf8_decode(&part.body).into_owned()),
            Some(filename) => {
                let media_type = part.media_type.unwrap_or_else(|| "text/plain".to_owned());
                let media_type = match media_type.parse::<Mime>() {
                    Ok(mime) => mime.to_string(),
                    Err(_) => String::new(),
                };
                let facts = FileFacts::now(filename);
                let file = Blob::new(Bytes::from(part.body), media_type, Some(facts));
                EntryValue::File(Edge::new(web.create(cx, &Web::FILE, file)?))
            }
        };
        let name = part.name;
        entries.push(Entry { name, value });
    }
    Ok(entries)
}

/// The entries of the
/// [application/x-www-form-urlencoded parser](https://url.spec.whatwg.org/#concept-urlencoded-parser).
pub(crate) fn urlencoded_entries<J: JsHost>(bytes: &[u8]) -> Vec<Entry<J>> {
    let pairs = form_urlencoded::parse(bytes);
    let entries = pairs.map(|(name, value)| Entry {
        name: name.into_owned(),
        value: EntryValue::Text(value.into_owned()),
    });
    entries.collect()
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn hostile_bodies_fail() {
        let bodies: [&[u8]; 8] = [
            b"",
            b"--b",
            b"--b\r\n",
            b"--b\r\n\r\n",
            b"--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx",
            b"--b\r\nContent-Disposition: form-data; name=\"a\r\n\r\nx\r\n--b--",
            b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--",
            b"--b\r\nno colon\r\n\r\nx\r\n--b--",
        ];
        for body in bodies {
            assert_eq!(parse(body, Some("b")), None, "{}", body.escape_ascii());
        }
        assert_eq!(parse(b"--b--", Some("b")), Some(Vec::new()));
        assert_eq!(parse(b"--b--", Some("c")), None);
        assert_eq!(parse(b"--b--", None), None);
        assert_eq!(parse(b"----", Some("")), None);
    }
}
