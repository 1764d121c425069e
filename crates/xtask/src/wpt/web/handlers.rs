//! The handlers that tests of requests and bodies ask, written in Python on the server.

use percent_encoding::percent_decode_str;
use url::Url;

use super::server::{Answer, Asked, Headers, header, text};

/// What a handler answers; `None` when there is none of this name.
pub fn handle(asked: &Asked) -> Option<Answer> {
    let (folder, name) = asked.url.path().rsplit_once('/')?;
    match (folder, name) {
        ("/wasm/webapi", "status.py") => Some(wasm_status(&asked.url)),
        ("/fetch/api/resources", "status.py") => Some(status(asked)),
        ("/fetch/api/resources", "trickle.py") => Some(trickle(&asked.url)),
        ("/fetch/api/resources", "echo-content.py") => Some(echo(asked, text())),
        ("/fetch/api/resources", "method.py") => Some(echo(asked, Vec::new())),
        ("/fetch/api/resources", "inspect-headers.py") => Some(inspect_headers(asked)),
        _ => None,
    }
}

fn wasm_status(url: &Url) -> Answer {
    let kind = ("Content-Type".to_owned(), "application/wasm".to_owned());
    let status = query(url, "status").and_then(|status| status.parse().ok());
    Answer::new(status.unwrap_or(200), vec![kind], b"\0asm\x01\0\0\0")
}

fn status(asked: &Asked) -> Answer {
    let query = |name| query(&asked.url, name);
    let code = query("code").and_then(|code| code.parse().ok());
    let headers = vec![
        ("Content-Type".to_owned(), query("type").unwrap_or_default()),
        ("X-Request-Method".to_owned(), asked.method.clone()),
    ];
    let mut answer = Answer::new(
        code.unwrap_or(200),
        headers,
        query_bytes(&asked.url, "content"),
    );
    answer.status_text = query("text").unwrap_or_else(|| "OMG".to_owned());
    answer
}

/// The lines, all at once.
fn trickle(url: &Url) -> Answer {
    let count = query(url, "count").and_then(|count| count.parse().ok());
    let headers = match query(url, "notype") {
        Some(_) => Vec::new(),
        None => text(),
    };
    Answer::new(200, headers, "TEST_TRICKLE\n".repeat(count.unwrap_or(50)))
}

fn echo(asked: &Asked, mut headers: Headers) -> Answer {
    headers.push(("x-request-method".to_owned(), asked.method.clone()));
    for name in ["length", "type", "encoding", "language", "location"] {
        let value = header(&asked.headers, &format!("content-{name}")).unwrap_or("NO");
        headers.push((format!("x-request-content-{name}"), value.to_owned()));
    }
    Answer::new(200, headers, asked.body.clone())
}

fn inspect_headers(asked: &Asked) -> Answer {
    let mut headers = text();
    let names = query(&asked.url, "headers").unwrap_or_default();
    for name in names.split('|') {
        if let Some(value) = header(&asked.headers, name) {
            headers.push((format!("x-request-{name}"), value.to_owned()));
        }
    }
    Answer::new(200, headers, "")
}

fn query(url: &Url, name: &str) -> Option<String> {
    let mut pairs = url.query_pairs();
    let found = pairs.find(|(other, _)| other == name);
    found.map(|(_, value)| value.into_owned())
}

/// The bytes that a parameter stands for, which need not be UTF-8.
fn query_bytes(url: &Url, name: &str) -> Vec<u8> {
    let pairs = url.query().unwrap_or_default().split('&');
    let mut pairs = pairs.filter_map(|pair| pair.split_once('='));
    let found = pairs.find(|(other, _)| *other == name);
    let value = found.map_or("", |(_, value)| value).replace('+', " ");
    percent_decode_str(&value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(path: &str, body: &str) -> Option<Answer> {
        handle(&Asked {
            method: "POST".to_owned(),
            url: Url::parse(&format!("http://web-platform.test:8000{path}")).unwrap(),
            headers: vec![("content-type".to_owned(), "a/b".to_owned())],
            body: body.into(),
        })
    }

    #[test]
    fn handles() {
        let answer = ask(
            "/fetch/api/resources/status.py?code=299&text=x&content=%ffa+b",
            "",
        );
        let answer = answer.unwrap();
        assert_eq!((answer.status, answer.status_text.as_str()), (299, "x"));
        assert_eq!(answer.body, b"\xffa b");
        let answer = ask("/fetch/api/resources/trickle.py?count=2", "").unwrap();
        assert_eq!(answer.body, b"TEST_TRICKLE\nTEST_TRICKLE\n");
        let answer = ask("/fetch/api/resources/echo-content.py", "body").unwrap();
        assert_eq!(answer.body, b"body");
        assert_eq!(
            header(&answer.headers, "x-request-content-type"),
            Some("a/b")
        );
        assert_eq!(header(&answer.headers, "x-request-method"), Some("POST"));
        let names = "/fetch/api/resources/inspect-headers.py?headers=content-type|x";
        let answer = ask(names, "").unwrap();
        assert_eq!(
            header(&answer.headers, "x-request-content-type"),
            Some("a/b")
        );
        assert_eq!(header(&answer.headers, "x-request-x"), None);
        assert_eq!(
            ask("/wasm/webapi/status.py?status=404", "").unwrap().status,
            404
        );
        assert_eq!(ask("/fetch/api/resources/other.py", ""), None);
    }
}
