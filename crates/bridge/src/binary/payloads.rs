//! The sections of a module.

use wasmparser::{BinaryReaderError, Chunk, Encoding, Parser, Payload};

/// What a module has, without the bodies of its functions: the code section is passed over unread,
/// so that a large module costs no more than its declarations.
#[derive(Debug)]
pub struct Payloads<'a> {
    parser: Parser,
    bytes: &'a [u8],
    at: usize,
    ended: bool,
}

impl<'a> Payloads<'a> {
    /// The payloads of the module in `bytes`. Of a component there is only the first.
    pub fn of(bytes: &'a [u8]) -> Self {
        Self {
            parser: Parser::new(0),
            bytes,
            at: 0,
            ended: false,
        }
    }
}

impl<'a> Iterator for Payloads<'a> {
    type Item = Result<Payload<'a>, BinaryReaderError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let payload = match self.parser.parse(self.bytes.get(self.at..)?, true) {
            Ok(Chunk::Parsed { consumed, payload }) => {
                self.at += consumed;
                payload
            }
            // All that there is was given.
            Ok(Chunk::NeedMoreData(_)) => return None,
            Err(error) => {
                self.ended = true;
                return Some(Err(error));
            }
        };
        match &payload {
            Payload::CodeSectionStart { size, .. } => {
                let end = self.at.checked_add(*size as usize);
                // One that is cut off is left to the parser, which says so.
                if let Some(end) = end.filter(|end| *end <= self.bytes.len()) {
                    self.parser.skip_section();
                    self.at = end;
                }
            }
            Payload::End(_)
            | Payload::Version {
                encoding: Encoding::Component,
                ..
            } => self.ended = true,
            _ => {}
        }
        Some(Ok(payload))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A function type, a function, and after the code a custom section `x`.
    const MODULE: &[u8] =
        b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x0a\x04\x01\x02\0\x0b\0\x02\x01x";

    fn names(bytes: &[u8]) -> Vec<String> {
        let payloads = Payloads::of(bytes);
        let names = payloads.map(|payload| match payload {
            Ok(payload) => format!("{payload:?}"),
            Err(error) => format!("Err {}", error.message()),
        });
        names
            .map(|name| name.split(['(', ' ']).next().unwrap_or("").to_owned())
            .collect()
    }

    #[test]
    fn passes_over_code() {
        let expected = [
            "Version",
            "TypeSection",
            "FunctionSection",
            "CodeSectionStart",
            "CustomSection",
            "End",
        ];
        assert_eq!(names(MODULE), expected);
        // Whatever the bodies are.
        let mut broken = MODULE.to_vec();
        broken[21] = 0xff;
        assert_eq!(names(&broken), expected);
    }

    #[test]
    fn ends_where_the_bytes_end() {
        for len in 0..MODULE.len() {
            let whole = Parser::new(0).parse_all(&MODULE[..len]);
            let fails = whole.into_iter().any(|payload| payload.is_err());
            let error = Payloads::of(&MODULE[..len]).any(|payload| payload.is_err());
            assert_eq!(error, fails, "{len} bytes");
        }
        assert_eq!(names(b"\0asm\x0d\0\x01\0\0\x02\x01x"), ["Version"]);
    }
}
