//! The scripts of an HTML page.

/// A `script` element.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Script {
    /// Names in lower case, and values.
    pub attributes: Vec<(String, String)>,
    pub text: String,
}

impl Script {
    /// The value of the first attribute of this name.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(other, _)| other == name);
        found.map(|(_, value)| value.as_str())
    }

    pub fn src(&self) -> Option<&str> {
        self.attribute("src").filter(|src| !src.is_empty())
    }

    pub fn is_module(&self) -> bool {
        self.attribute("type") == Some("module")
    }
}

/// The scripts of a page, in order.
pub fn scripts(page: &str) -> Vec<Script> {
    let mut scripts = Vec::new();
    let mut rest = page;
    while let Some(at) = rest.find('<') {
        rest = &rest[at..];
        if rest.starts_with("<!--") {
            rest = rest.find("-->").map_or("", |end| &rest[end + 3..]);
        } else if let Some(after) = strip_tag(rest, "<script") {
            let (attributes, content) = attributes(after);
            let end = find_ignoring_case(content, "</script").unwrap_or(content.len());
            let text = content[..end].to_owned();
            rest = &content[end..];
            scripts.push(Script { attributes, text });
        } else {
            rest = &rest[1..];
        }
    }
    scripts
}

/// What follows the name of a tag.
fn strip_tag<'a>(text: &'a str, tag: &str) -> Option<&'a str> {
    let name = text.get(..tag.len())?;
    let after = &text[tag.len()..];
    let ends = after.starts_with(|c: char| c.is_ascii_whitespace() || c == '/' || c == '>');
    (ends && name.eq_ignore_ascii_case(tag)).then_some(after)
}

fn find_ignoring_case(text: &str, needle: &str) -> Option<usize> {
    // Only ASCII changes, so offsets stay.
    text.to_ascii_lowercase().find(needle)
}

/// The attributes of a start tag, and what follows the tag.
fn attributes(tag: &str) -> (Vec<(String, String)>, &str) {
    let mut attributes = Vec::new();
    let mut rest = tag;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
        if rest.is_empty() || rest.starts_with('>') {
            return (attributes, rest.get(1..).unwrap_or_default());
        }
        // A first `=` belongs to the name.
        let is_end = |(at, c): (usize, char)| {
            c.is_ascii_whitespace() || c == '/' || c == '>' || c == '=' && at > 0
        };
        let end = rest.char_indices().find(|at| is_end(*at));
        let (name, after) = rest.split_at(end.map_or(rest.len(), |(at, _)| at));
        let (value, after) = value(after);
        attributes.push((name.to_ascii_lowercase(), unescape(value)));
        rest = after;
    }
}

/// The value that follows an attribute's name, if one does, and the rest.
fn value(text: &str) -> (&str, &str) {
    let Some(text) = text.trim_ascii_start().strip_prefix('=') else {
        return ("", text);
    };
    let text = text.trim_ascii_start();
    for quote in ['"', '\''] {
        if let Some(text) = text.strip_prefix(quote) {
            return text.split_once(quote).unwrap_or((text, ""));
        }
    }
    let end = text.find(|c: char| c.is_ascii_whitespace() || c == '>');
    text.split_at(end.unwrap_or(text.len()))
}

/// Replaces the character references that occur in code.
fn unescape(value: &str) -> String {
    let references = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&amp;", "&"),
    ];
    let mut value = value.to_owned();
    for (reference, character) in references {
        value = value.replace(reference, character);
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_scripts() {
        let page = "<!doctype html><title>a < b</title>\n<!-- <script>no</script> -->\n\
                    <script src=\"/resources/testharness.js\"></script>\n\
                    <SCRIPT TYPE=module>\nif (1 < 2) { f('</div>'); }\n</Script >\n\
                    <script type='module' src=./a.wasm onerror=\"no()\"\" onload='f(&quot;x&quot;)'></script>\
                    <scripted>no</scripted><script>last";
        let found = scripts(page);
        assert_eq!(found.len(), 4);
        assert_eq!(found[0].src(), Some("/resources/testharness.js"));
        assert!(!found[0].is_module());
        assert!(found[1].is_module() && found[1].src().is_none());
        assert_eq!(found[1].text, "\nif (1 < 2) { f('</div>'); }\n");
        assert_eq!(found[2].src(), Some("./a.wasm"));
        assert_eq!(found[2].attribute("onerror"), Some("no()"));
        assert_eq!(found[2].attribute("onload"), Some("f(\"x\")"));
        assert_eq!(found[3].text, "last");
    }

    #[test]
    fn survives_broken_pages() {
        for page in [
            "",
            "<",
            "<script",
            "<script ",
            "<script a",
            "<script a=",
            "<script a='",
            "<!--",
        ] {
            assert!(scripts(page).len() <= 1, "{page}");
        }
        assert_eq!(
            scripts("<script async>x</script>")[0].attribute("async"),
            Some("")
        );
        assert_eq!(scripts("<script =a>x</script>")[0].text, "x");
        assert_eq!(scripts("<script/type=module>é</script>")[0].text, "é");
    }
}
