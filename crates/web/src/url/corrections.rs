//! Where the parser and the setters of the `url` crate are behind the standard, corrections of what
//! goes in and comes out.

use std::borrow::Cow;

use ::url::{Position, Url, quirks};

/// [Parses](https://url.spec.whatwg.org/#concept-basic-url-parser) `input`.
pub(super) fn parse(input: &str, base: Option<&Url>) -> Option<Url> {
    let input = match base {
        Some(base) if base.scheme() != "file" && is_special(base) => ignore_slashes(input),
        _ => input.into(),
    };
    let mut url = Url::options().base_url(base).parse(&input).ok()?;
    correct(&mut url);
    Some(url)
}

/// Sets the [host](https://url.spec.whatwg.org/#dom-url-host). One with a password cannot be
/// emptied.
pub(super) fn set_host(url: &mut Url, value: &str) -> Result<(), ()> {
    let mut changed = url.clone();
    quirks::set_host(&mut changed, value)?;
    if changed.password().is_some() && changed.host_str().is_none_or(str::is_empty) {
        return Err(());
    }
    *url = changed;
    correct(url);
    Ok(())
}

/// Sets the [hostname](https://url.spec.whatwg.org/#dom-url-hostname).
pub(super) fn set_hostname(url: &mut Url, value: &str) -> Result<(), ()> {
    quirks::set_hostname(url, value).inspect(|()| correct(url))
}

/// Sets the [port](https://url.spec.whatwg.org/#dom-url-port). Only what is empty removes it, not
/// what is so once tabs and newlines are taken out.
pub(super) fn set_port(url: &mut Url, value: &str) -> Result<(), ()> {
    match !value.is_empty() && value.chars().all(is_tab_or_newline) {
        true => Err(()),
        false => quirks::set_port(url, value),
    }
}

/// Sets the [pathname](https://url.spec.whatwg.org/#dom-url-pathname).
pub(super) fn set_pathname(url: &mut Url, value: &str) {
    quirks::set_pathname(url, value);
    correct(url);
}

fn correct(url: &mut Url) {
    if url.cannot_be_a_base() {
        encode_trailing_space(url);
    } else {
        encode_carets(url);
        serialize_dot(url);
    }
}

/// Whether a URL [is special](https://url.spec.whatwg.org/#is-special).
fn is_special(url: &Url) -> bool {
    let schemes = ["ftp", "file", "http", "https", "ws", "wss"];
    schemes.contains(&url.scheme())
}

fn is_tab_or_newline(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r')
}

/// The [special authority ignore slashes state](https://url.spec.whatwg.org/#special-authority-ignore-slashes-state)
/// of an input without a scheme.
fn ignore_slashes(input: &str) -> Cow<'_, str> {
    let trimmed = input.trim_start_matches(|c| c <= ' ');
    let skipped = |c| matches!(c, '/' | '\\') || is_tab_or_newline(c);
    let rest = trimmed.trim_start_matches(skipped);
    let slashes = &trimmed[..trimmed.len() - rest.len()];
    match slashes.matches(['/', '\\']).count() {
        0..=2 => input.into(),
        _ => format!("//{rest}").into(),
    }
}

/// The last of the spaces before a query or fragment is encoded, in an
/// [opaque path](https://url.spec.whatwg.org/#cannot-be-a-base-url-path-state).
fn encode_trailing_space(url: &mut Url) {
    if let Some(path) = url.path().strip_suffix(' ') {
        let path = format!("{path}%20");
        url.set_path(&path);
    }
}

/// The [path percent-encode set](https://url.spec.whatwg.org/#path-percent-encode-set) has U+005E.
fn encode_carets(url: &mut Url) {
    if url.path().contains('^') {
        let path = url.path().replace('^', "%5E");
        url.set_path(&path);
    }
}

/// The [serializer](https://url.spec.whatwg.org/#url-serializing) puts `/.` before the path just
/// where that would look like a host.
fn serialize_dot(url: &mut Url) {
    let before = &url[..Position::BeforePath];
    let scheme = &url[..Position::AfterScheme];
    let path = url.path();
    let (dot, wanted) = match before.strip_prefix(scheme) {
        Some(":") => (false, path.starts_with("//")),
        Some(":/.") => (true, path.starts_with("//")),
        Some(_) => (
            &url[Position::AfterPort..Position::BeforePath] == "/.",
            false,
        ),
        None => return,
    };
    if dot == wanted {
        return;
    }
    let before = match wanted {
        true => format!("{before}/."),
        false => before[..before.len() - 2].to_owned(),
    };
    let text = before + &url[Position::BeforePath..];
    if let Ok(corrected) = Url::parse(&text) {
        *url = corrected;
    }
}

#[cfg(test)]
mod tests {
    use super::{parse, set_host, set_hostname, set_pathname, set_port};

    fn href(input: &str, base: Option<&str>) -> String {
        let base = base.map(|base| parse(base, None).unwrap());
        parse(input, base.as_ref()).unwrap().to_string()
    }

    #[test]
    fn slashes_before_a_host() {
        let base = Some("http://a/b");
        assert_eq!(href("///c", base), "http://c/");
        assert_eq!(href(" /\t\\\n/\\c/d", base), "http://c/d");
        assert_eq!(href("//c", base), "http://c/");
        assert_eq!(href("/c", base), "http://a/c");
        assert_eq!(href("///c", Some("x://a/b")), "x:///c");
        assert_eq!(href("///c", Some("file://a/b")), "file:///c");
    }

    #[test]
    fn spaces_and_carets() {
        assert_eq!(href("a:b  ?c", None), "a:b %20?c");
        assert_eq!(href("a:b \t#c", None), "a:b%20#c");
        assert_eq!(href("a:b  ", None), "a:b");
        assert_eq!(href("a:^?^#^", None), "a:^?^#^");
        assert_eq!(href("a://b/^?^#^", None), "a://b/%5E?^#^");
    }

    #[test]
    fn dots_before_paths() {
        let mut url = parse("a:/.//b?c#d", None).unwrap();
        set_pathname(&mut url, "e");
        assert_eq!(url.as_str(), "a:/e?c#d");
        set_pathname(&mut url, "/..//f");
        assert_eq!(url.as_str(), "a:/.//f?c#d");
        assert_eq!(url.path(), "//f");
        assert_eq!(set_hostname(&mut url, "h"), Ok(()));
        assert_eq!(url.as_str(), "a://h//f?c#d");
        assert_eq!(href("http://./b", None), "http://./b");
        assert_eq!(href("a://b/.", None), "a://b/");
    }

    #[test]
    fn a_host_with_a_password() {
        let mut url = parse("a://:p@b", None).unwrap();
        assert_eq!(set_host(&mut url, ""), Err(()));
        assert_eq!(url.as_str(), "a://:p@b");
    }

    #[test]
    fn a_port_of_newlines() {
        let mut url = parse("http://a:8080", None).unwrap();
        assert_eq!(set_port(&mut url, "\n\t"), Err(()));
        assert_eq!(url.port(), Some(8080));
        assert_eq!(set_port(&mut url, ""), Ok(()));
        assert_eq!(url.port(), None);
    }
}
