//! What the server of the web platform tests answers, without a server: files of the checkout with
//! their headers, pipes, and the few handlers that tests of bodies ask.
//!
//! <https://web-platform-tests.org/writing-tests/server-features.html>

use std::path::{Path, PathBuf};

use percent_encoding::percent_decode_str;
use url::Url;

use super::handlers::handle;
use super::substitute::substitute;
use crate::wpt::bundle::{expose_everywhere, resolve, unalias};

/// Where all tests seem to come from.
pub const ORIGIN: &str = "http://web-platform.test:8000";
const HOST: &str = "web-platform.test";

/// A request.
#[derive(Debug)]
pub struct Asked {
    pub method: String,
    pub url: Url,
    pub headers: Headers,
    pub body: Vec<u8>,
}

/// A response.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub status_text: String,
    pub headers: Headers,
    pub body: Vec<u8>,
}

/// Names and values, in order.
pub type Headers = Vec<(String, String)>;

/// The types of files, by the ends of their names.
const TYPES: &[(&str, &str)] = &[
    (".any.js", "text/javascript"),
    (".css", "text/css"),
    (".html", "text/html"),
    (".idl", "text/plain"),
    (".js", "text/javascript"),
    (".json", "application/json"),
    (".mjs", "text/javascript"),
    (".png", "image/png"),
    (".svg", "image/svg+xml"),
    (".txt", "text/plain"),
    (".vtt", "text/vtt"),
    (".wasm", "application/wasm"),
    (".webm", "video/webm"),
    (".xml", "text/xml"),
];

/// The answer to a request; an error is one of the network.
pub fn answer(root: &Path, asked: &Asked) -> Result<Answer, String> {
    let host = asked.url.host_str().unwrap_or_default();
    let is_ours = host.strip_suffix(HOST);
    if !is_ours.is_some_and(|sub| sub.is_empty() || sub.ends_with('.')) {
        return Err(format!("there is no host {host:?}"));
    }
    let mut answer = match handle(asked) {
        Some(answer) => answer,
        None => file(root, asked),
    };
    for (_, pipes) in asked.url.query_pairs().filter(|(name, _)| name == "pipe") {
        for pipe in split_outside(&pipes, '|') {
            apply(pipe, asked, &mut answer);
        }
    }
    if asked.method == "HEAD" {
        answer.body.clear();
    }
    Ok(answer)
}

/// The first header of this name.
pub fn header<'a>(headers: &'a Headers, name: &str) -> Option<&'a str> {
    let found = headers
        .iter()
        .find(|(other, _)| other.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.as_str())
}

impl Answer {
    pub fn new(status: u16, headers: Headers, body: impl Into<Vec<u8>>) -> Self {
        let status_text = match status {
            200 => "OK",
            404 => "Not Found",
            405 => "Method Not Allowed",
            _ => "",
        };
        Self {
            status,
            status_text: status_text.to_owned(),
            headers,
            body: body.into(),
        }
    }

    fn set(&mut self, name: &str, value: &str) {
        self.headers
            .retain(|(other, _)| !other.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.to_owned()));
    }
}

/// A file of the checkout, with the headers that `FILE.headers` gives it.
fn file(root: &Path, asked: &Asked) -> Answer {
    let path = percent_decode_str(asked.url.path()).decode_utf8_lossy();
    let path = unalias(&path);
    let file = resolve(root, "", path);
    if path.ends_with(".py") {
        return Answer::new(501, text(), format!("no handler for {path}"));
    }
    let Ok(body) = std::fs::read(&file) else {
        return Answer::new(404, text(), format!("there is no {path}"));
    };
    let mut answer = Answer::new(200, Vec::new(), body);
    if let Some((_, kind)) = TYPES.iter().find(|(end, _)| path.ends_with(end)) {
        answer.set("Content-Type", kind);
    }
    let folder = file.parent().unwrap_or(root);
    for headers in [folder.join("__dir__.headers"), beside(&file, ".headers")] {
        let Ok(lines) = std::fs::read_to_string(headers) else {
            continue;
        };
        for (name, value) in lines.lines().filter_map(|line| line.split_once(':')) {
            answer.set(name.trim(), value.trim());
        }
    }
    if path.contains(".sub.") {
        answer.body = substitute(&String::from_utf8_lossy(&answer.body), &asked.url).into();
    }
    if path.ends_with(".idl") {
        answer.body = expose_everywhere(&String::from_utf8_lossy(&answer.body)).into();
    }
    answer
}

/// <https://web-platform-tests.org/writing-tests/server-pipes.html>
fn apply(pipe: &str, asked: &Asked, answer: &mut Answer) {
    let Some((name, arguments)) = pipe.trim().split_once('(') else {
        if pipe.trim() == "sub" {
            answer.body = substitute(&String::from_utf8_lossy(&answer.body), &asked.url).into();
        }
        return;
    };
    let arguments = arguments.strip_suffix(')').unwrap_or(arguments);
    match (name, arguments.split_once(',')) {
        ("header", Some((name, value))) => {
            // A third argument asks for one more of the same name.
            match value.rsplit_once(',') {
                Some((value, "True")) => answer.headers.push((name.to_owned(), unescape(value))),
                _ => answer.set(name, &unescape(value)),
            }
        }
        ("status", None) => answer.status = arguments.parse().unwrap_or(answer.status),
        ("slice", Some((start, end))) => {
            let at = |text: &str, or: usize| text.parse().unwrap_or(or).min(answer.body.len());
            let (start, end) = (at(start, 0), at(end, usize::MAX));
            answer.body = answer.body.get(start..end).unwrap_or_default().to_vec();
        }
        // The others are about time, of which nothing is lost here.
        _ => {}
    }
}

/// In pipes a backslash lets a character stand for itself.
fn unescape(value: &str) -> String {
    value.replace('\\', "")
}

fn split_outside(text: &str, separator: char) -> Vec<&str> {
    let mut depth = 0i32;
    let mut escaped = false;
    text.split(|c| {
        let was_escaped = escaped;
        escaped = c == '\\' && !escaped;
        match c {
            _ if was_escaped => {}
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => return c == separator && depth == 0,
        }
        false
    })
    .collect()
}

pub fn text() -> Headers {
    vec![("Content-Type".to_owned(), "text/plain".to_owned())]
}

fn beside(file: &Path, end: &str) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(end);
    file.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(root: &Path, url: &str) -> Result<Answer, String> {
        let url = Url::parse(ORIGIN).unwrap().join(url).unwrap();
        let method = "GET".to_owned();
        let (headers, body) = (Vec::new(), Vec::new());
        answer(
            root,
            &Asked {
                method,
                url,
                headers,
                body,
            },
        )
    }

    fn root() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("x")).unwrap();
        for (path, text) in [
            ("x/a.json", "[1]"),
            (
                "x/a.json.headers",
                "Content-Type: text/x; charset=y\nX-Z: 1",
            ),
            ("x/__dir__.headers", "X-Z: 0\nX-All: 2"),
            ("x/b c.sub.txt", "{{host}}"),
            ("x/d.idl", "[Exposed=(Window,Worker)] D;"),
        ] {
            std::fs::write(folder.path().join(path), text).unwrap();
        }
        folder
    }

    #[test]
    fn answers_files() {
        let folder = root();
        let found = get(folder.path(), "/x/a.json?q").unwrap();
        let headers = |name| header(&found.headers, name);
        assert_eq!(
            (found.status, found.body.as_slice()),
            (200, b"[1]".as_slice())
        );
        assert_eq!(headers("content-type"), Some("text/x; charset=y"));
        assert_eq!((headers("x-z"), headers("x-all")), (Some("1"), Some("2")));
        let body = |url| String::from_utf8(get(folder.path(), url).unwrap().body).unwrap();
        assert_eq!(body("/x/b%20c.sub.txt"), "web-platform.test");
        assert_eq!(body("/x/d.idl"), "[Exposed=*] D;");
        assert_eq!(get(folder.path(), "/x/gone").unwrap().status, 404);
        assert_eq!(get(folder.path(), "/../../etc/passwd").unwrap().status, 404);
        assert_eq!(
            get(folder.path(), "/x/%2e%2e/%2e%2e/x/a.json")
                .unwrap()
                .status,
            200
        );
        assert_eq!(get(folder.path(), "/x/gone.py").unwrap().status, 501);
    }

    #[test]
    fn applies_pipes() {
        let folder = root();
        let url =
            "/x/a.json?pipe=header(A,b\\,c)|status(201)|header(B,(1|2))|slice(1,2)|trickle(d1)";
        let found = get(folder.path(), url).unwrap();
        let headers = |name| header(&found.headers, name);
        assert_eq!(
            (found.status, found.body.as_slice()),
            (201, b"1".as_slice())
        );
        assert_eq!((headers("a"), headers("b")), (Some("b,c"), Some("(1|2)")));
    }

    #[test]
    fn knows_its_hosts_only() {
        let folder = root();
        for url in [
            "http://www1.web-platform.test:8001/x/a.json",
            "https://web-platform.test/",
        ] {
            assert!(get(folder.path(), url).is_ok(), "{url}");
        }
        for url in [
            "http://example.com/",
            "http://not-web-platform.test/",
            "about:blank",
        ] {
            assert!(get(folder.path(), url).is_err(), "{url}");
        }
    }
}
