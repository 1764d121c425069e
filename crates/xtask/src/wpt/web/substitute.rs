//! Templates: `{{host}}` and its like in files and pipes.
//!
//! <https://web-platform-tests.org/writing-tests/server-pipes.html#sub>

use url::Url;

/// The text with values in place of what stands between braces; what is not known becomes empty.
pub fn substitute(text: &str, url: &Url) -> String {
    let mut result = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("{{") {
        result.push_str(&rest[..at]);
        let inside = &rest[at + 2..];
        let Some(end) = inside.find("}}") else {
            result.push_str(&rest[at..]);
            return result;
        };
        result.push_str(&value(inside[..end].trim(), url));
        rest = &inside[end + 2..];
    }
    result + rest
}

fn value(name: &str, url: &Url) -> String {
    let (name, keys) = name.split_at(name.find('[').unwrap_or(name.len()));
    let keys: Vec<_> = keys
        .split('[')
        .skip(1)
        .map(|key| key.trim_end().trim_end_matches(']'))
        .collect();
    let known = match (name, keys.as_slice()) {
        ("host", []) => "web-platform.test",
        ("ports", ["http", "0"]) => "8000",
        ("ports", ["http", _]) => "8001",
        ("ports", ["https", "0"]) => "8443",
        ("ports", ["https", _]) => "8444",
        ("ports", [_, _]) => "8666",
        ("location", ["scheme"]) => url.scheme(),
        ("location", ["hostname"]) => url.host_str().unwrap_or_default(),
        ("location", ["host"]) => return host(url),
        ("location", ["server"]) => return format!("{}://{}", url.scheme(), host(url)),
        ("location", ["port"]) => {
            return url.port().map_or_else(String::new, |port| port.to_string());
        }
        ("location", ["path"]) => url.path(),
        ("domains" | "hosts", [.., ""]) => match keys.as_slice() {
            ["alt", _] => "not-web-platform.test",
            _ => "web-platform.test",
        },
        ("domains", [sub]) => return format!("{sub}.web-platform.test"),
        ("hosts", ["alt", sub]) => return format!("{sub}.not-web-platform.test"),
        ("hosts", [_, sub]) => return format!("{sub}.web-platform.test"),
        ("GET", [key]) => {
            let mut pairs = url.query_pairs();
            let found = pairs.find(|(name, _)| name == key);
            return found.map_or_else(String::new, |(_, value)| value.into_owned());
        }
        _ => "",
    };
    known.to_owned()
}

fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn substitutes() {
        let url = Url::parse("http://web-platform.test:8000/a/b.html?x=1").unwrap();
        for (text, expected) in [
            ("a{{host}}b{{ports[http][0]}}", "aweb-platform.testb8000"),
            ("{{ports[https][1]}}{{ports[wss][0]}}", "84448666"),
            ("{{domains[www1]}}", "www1.web-platform.test"),
            (
                "{{domains[]}} {{hosts[][]}}",
                "web-platform.test web-platform.test",
            ),
            ("{{hosts[alt][]}}", "not-web-platform.test"),
            ("{{hosts[alt][www]}}", "www.not-web-platform.test"),
            ("{{hosts[][www]}}", "www.web-platform.test"),
            (
                "{{ location[server] }}{{location[path]}}",
                "http://web-platform.test:8000/a/b.html",
            ),
            ("{{GET[x]}}{{GET[y]}}{{gone}}", "1"),
            ("{{open", "{{open"),
        ] {
            assert_eq!(substitute(text, &url), expected, "{text}");
        }
    }
}
