//! Text as source text.

/// Escapes control characters other than newline and tab if the text goes to a terminal.
pub(crate) fn clean(text: &str, terminal: bool) -> String {
    let control = |c: char| c.is_control() && c != '\n' && c != '\t';
    if !terminal || !text.contains(control) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match control(c) {
            true => push_escaped(&mut out, c as u32 as u16),
            false => out.push(c),
        }
    }
    out
}

/// Escapes what cannot stand in a single-quoted string literal.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\'' | '\\' => push_escaped(&mut out, c as u16),
            c if c.is_control() => push_escaped(&mut out, c as u32 as u16),
            c => out.push(c),
        }
    }
    out
}

/// A string literal, with the quotes that need the least escaping.
pub(super) fn quote(units: &[u16]) -> String {
    let has = |c: char| units.contains(&(c as u16));
    let quote = if !has('\'') {
        '\''
    } else if !has('"') {
        '"'
    } else if !has('`')
        && !units
            .windows(2)
            .any(|pair| pair == [b'$', b'{'].map(u16::from))
    {
        '`'
    } else {
        '\''
    };
    let mut out = String::with_capacity(units.len() + 2);
    out.push(quote);
    for unit in char::decode_utf16(units.iter().copied()) {
        match unit {
            Ok('\\') => out.push_str("\\\\"),
            // The quote itself only occurs in the string if it is this one.
            Ok('\'') if quote == '\'' => out.push_str("\\'"),
            Ok(c) if c.is_control() => push_escaped(&mut out, c as u32 as u16),
            Ok(c) => out.push(c),
            Err(error) => {
                out.push_str(&format!("\\u{:x}", error.unpaired_surrogate()));
            }
        }
    }
    out.push(quote);
    out
}

fn push_escaped(out: &mut String, unit: u16) {
    match unit {
        0x08 => out.push_str("\\b"),
        0x09 => out.push_str("\\t"),
        0x0A => out.push_str("\\n"),
        0x0C => out.push_str("\\f"),
        0x0D => out.push_str("\\r"),
        0x27 => out.push_str("\\'"),
        0x5C => out.push_str("\\\\"),
        _ => out.push_str(&format!("\\x{unit:02X}")),
    }
}

/// Whether a property name stands without quotes.
pub(super) fn is_identifier(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::{clean, quote};

    #[test]
    fn quotes_are_those_of_node() {
        for (text, expected) in [
            ("a", "'a'"),
            ("it's", "\"it's\""),
            ("'\"", "`'\"`"),
            ("'\"`", "'\\'\"`'"),
            ("'\"${", "'\\'\"${'"),
            ("\u{1b}\u{9b}\\\n\u{7f}\0", "'\\x1B\\x9B\\\\\\n\\x7F\\x00'"),
            ("é😀", "'é😀'"),
        ] {
            let units: Vec<u16> = text.encode_utf16().collect();
            assert_eq!(quote(&units), expected);
        }
        assert_eq!(quote(&[0xD83D, 0x61]), "'\\ud83da'");
    }

    #[test]
    fn terminals_get_no_control_characters() {
        let text = "a\n\t\u{1b}[31m\r\u{9b}é";
        assert_eq!(clean(text, true), "a\n\t\\x1B[31m\\r\\x9Bé");
        assert_eq!(clean(text, false), text);
    }
}
