//! [`TextDecoder`](https://encoding.spec.whatwg.org/#interface-textdecoder).

use std::cell::RefCell;
use std::marker::PhantomData;
use std::rc::Rc;

use encoding_rs::{CoderResult, Decoder, DecoderResult, Encoding};
use sinew_bridge::class::{ClassSpec, Method, throw, type_error};
use sinew_bridge::{Completion, ErrorClass, JsHost, ValueType, trace};

use crate::globals::readonly;
use crate::{Web, webidl};

impl<J: JsHost> Web<J> {
    pub(crate) const TEXT_DECODER: ClassSpec<J, Self> = ClassSpec {
        name: "TextDecoder",
        display: "TextDecoder",
        constructor,
        methods: &[Method {
            name: "decode",
            length: 0,
            body: decode,
        }],
        accessors: &[
            readonly("encoding", encoding),
            readonly("fatal", fatal),
            readonly("ignoreBOM", ignore_bom),
        ],
        ..ClassSpec::BASE
    };
}

/// [`new TextDecoder(label, options)`](https://encoding.spec.whatwg.org/#dom-textdecoder)
fn constructor<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let (proto, decoding) = Decoding::of_constructor(cx, web, args, &Web::TEXT_DECODER)?;
    let decoder = TextDecoder {
        decoding: RefCell::new(decoding),
        _engine: PhantomData,
    };
    J::create_state_object(cx, &proto, decoder)
}

/// [`decode(input, options)`](https://encoding.spec.whatwg.org/#dom-textdecoder-decode)
///
/// AD-HOC: views of resizable buffers are accepted, as Node does. WebIDL refuses them.
fn decode<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    let this = web.this::<TextDecoder<J>>(cx, args, &Web::TEXT_DECODER)?;
    let input = J::arg(cx, args, 0);
    let missing = matches!(J::type_of(&input), ValueType::Undefined);
    if !missing && !webidl::is_buffer_source::<J>(cx, &input) {
        let message = "the input of decode is neither a buffer nor a view of one";
        return Err(type_error::<J>(cx, message));
    }
    let options = J::arg(cx, args, 1);
    let options = webidl::dictionary::<J>(cx, options, "the options of decode")?;
    let stream = webidl::boolean_member::<J>(cx, &options, "stream")?;

    // No user code runs from here on, so the state can stay borrowed over the raw bytes.
    let run = |bytes: &[u8]| this.decoding.borrow_mut().decode(bytes, stream);
    let decoded = match missing {
        true => run(&[]),
        false => J::with_bytes(cx, &input, run).unwrap_or_else(|| run(&[])),
    };
    match decoded {
        Ok(text) => J::string(cx, &text),
        Err(Malformed) => Err(type_error::<J>(cx, "the encoded data is not valid")),
    }
}

/// [`encoding`](https://encoding.spec.whatwg.org/#dom-textdecoder-encoding)
fn encoding<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let name = attribute(cx, web, args, Decoding::encoding)?;
    J::string(cx, &name)
}

/// [`fatal`](https://encoding.spec.whatwg.org/#dom-textdecoder-fatal)
fn fatal<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    attribute(cx, web, args, Decoding::fatal).map(J::boolean)
}

/// [`ignoreBOM`](https://encoding.spec.whatwg.org/#dom-textdecoder-ignorebom)
fn ignore_bom<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    attribute(cx, web, args, Decoding::ignore_bom).map(J::boolean)
}

fn attribute<J: JsHost, T>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
    get: impl FnOnce(&Decoding) -> T,
) -> Completion<J, T> {
    let this = web.this::<TextDecoder<J>>(cx, args, &Web::TEXT_DECODER)?;
    Ok(get(&this.decoding.borrow()))
}

/// A TextDecoder object.
struct TextDecoder<J: JsHost> {
    decoding: RefCell<Decoding>,
    _engine: PhantomData<J>,
}

trace!(
    struct TextDecoder {}
);

/// What an object with the mixin
/// [`TextDecoderCommon`](https://encoding.spec.whatwg.org/#textdecodercommon) is associated with.
pub(crate) struct Decoding {
    encoding: &'static Encoding,
    fatal: bool,
    ignore_bom: bool,
    decoder: Decoder,
}

/// Error mode fatal met an error.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

impl Decoding {
    fn new(encoding: &'static Encoding, fatal: bool, ignore_bom: bool) -> Self {
        Self {
            encoding,
            fatal,
            ignore_bom,
            decoder: new_decoder(encoding, ignore_bom),
        }
    }

    /// What the arguments `label` and `options` of a constructor ask for, and the prototype of the
    /// new object. Runs user code.
    pub(crate) fn of_constructor<J: JsHost>(
        cx: &mut J::Scope<'_>,
        web: &Rc<Web<J>>,
        args: J::Args<'_>,
        spec: &ClassSpec<J, Web<J>>,
    ) -> Completion<J, (J::Value, Self)> {
        let label = J::arg(cx, args, 0);
        let label = match J::type_of(&label) {
            ValueType::Undefined => "utf-8".to_owned(),
            _ => webidl::usv_string::<J>(cx, &label)?,
        };
        let options = J::arg(cx, args, 1);
        let what = format!("the options of {}", spec.name);
        let options = webidl::dictionary::<J>(cx, options, &what)?;
        let fatal = webidl::boolean_member::<J>(cx, &options, "fatal")?;
        let ignore_bom = webidl::boolean_member::<J>(cx, &options, "ignoreBOM")?;
        let proto = web.prototype(cx, args, spec)?;

        let Some(encoding) = Encoding::for_label_no_replacement(label.as_bytes()) else {
            let shown: String = label.chars().take(100).collect();
            let message = format!("the encoding label {shown:?} is not known");
            return Err(throw::<J>(cx, ErrorClass::RangeError, &message));
        };
        Ok((proto, Self::new(encoding, fatal, ignore_bom)))
    }

    /// [`encoding`](https://encoding.spec.whatwg.org/#dom-textdecoder-encoding)
    pub(crate) fn encoding(&self) -> String {
        self.encoding.name().to_ascii_lowercase()
    }

    /// [`fatal`](https://encoding.spec.whatwg.org/#dom-textdecoder-fatal)
    pub(crate) fn fatal(&self) -> bool {
        self.fatal
    }

    /// [`ignoreBOM`](https://encoding.spec.whatwg.org/#dom-textdecoder-ignorebom)
    pub(crate) fn ignore_bom(&self) -> bool {
        self.ignore_bom
    }

    /// The steps of `decode` once its arguments are converted.
    ///
    /// AD-HOC: after an error the rest of the input is dropped also when streaming, as browsers do;
    /// the standard would keep it for the next call.
    pub(crate) fn decode(&mut self, mut bytes: &[u8], stream: bool) -> Result<String, Malformed> {
        // Enough for UTF-8 without errors; whatever needs more makes it grow.
        let mut text = String::with_capacity(bytes.len() + 16);
        loop {
            let (result, read) = self.step(bytes, &mut text, !stream);
            bytes = &bytes[read..];
            match result {
                DecoderResult::InputEmpty => break,
                DecoderResult::OutputFull => text.reserve(text.capacity().max(64)),
                DecoderResult::Malformed(..) => {
                    self.reset();
                    return Err(Malformed);
                }
            }
        }
        if !stream {
            self.reset();
        }
        Ok(text)
    }

    fn step(&mut self, bytes: &[u8], text: &mut String, last: bool) -> (DecoderResult, usize) {
        if self.fatal {
            return self
                .decoder
                .decode_to_string_without_replacement(bytes, text, last);
        }
        let (result, read, _) = self.decoder.decode_to_string(bytes, text, last);
        let result = match result {
            CoderResult::InputEmpty => DecoderResult::InputEmpty,
            CoderResult::OutputFull => DecoderResult::OutputFull,
        };
        (result, read)
    }

    fn reset(&mut self) {
        self.decoder = new_decoder(self.encoding, self.ignore_bom);
    }
}

fn new_decoder(encoding: &'static Encoding, ignore_bom: bool) -> Decoder {
    // `ignoreBOM` means that the mark is not taken for one: it stays in the output.
    if ignore_bom {
        encoding.new_decoder_without_bom_handling()
    } else {
        encoding.new_decoder_with_bom_removal()
    }
}

/// [UTF-8 decode](https://encoding.spec.whatwg.org/#utf-8-decode)
pub(crate) fn utf8_decode(bytes: &[u8]) -> std::borrow::Cow<'_, str> {
    encoding_rs::UTF_8.decode_with_bom_removal(bytes).0
}

#[cfg(test)]
mod tests {
    use super::{Decoding, Malformed};
    use encoding_rs::{Encoding, UTF_8, UTF_16LE};

    /// However the input is cut, streaming gives what decoding it whole gives.
    #[test]
    fn streaming_is_independent_of_the_cuts() {
        let inputs: [(&[u8], &[u8]); 6] = [
            (b"utf-8", "\u{FEFF}a€😀\u{FEFF}z".as_bytes()),
            (b"utf-8", b"\xF0\x9F\x92\xC3\xA4\xED\xA0\x80\xFFz\xE2\x82"),
            (b"utf-16le", b"\xFF\xFEa\0\x3D\xD8\x00\xDE\x3D\xD8b\0\x01"),
            (b"utf-16be", b"\xFE\xFF\0a\xD8\x3D"),
            (b"shift_jis", b"\x82\xA0\x82"),
            (b"gb18030", b"\x81\x30\x81\x30\x81\x30a"),
        ];
        for (label, bytes) in inputs {
            let encoding = Encoding::for_label(label).unwrap();
            for ignore_bom in [false, true] {
                let whole = Decoding::new(encoding, false, ignore_bom).decode(bytes, false);
                for size in 1..=bytes.len() {
                    let mut decoding = Decoding::new(encoding, false, ignore_bom);
                    let mut text = String::new();
                    for chunk in bytes.chunks(size) {
                        text += &decoding.decode(chunk, true).unwrap();
                    }
                    text += &decoding.decode(&[], false).unwrap();
                    assert_eq!(Ok(&text), whole.as_ref(), "{encoding:?} by {size}");
                }
            }
        }
    }

    #[test]
    fn output_that_grows_past_its_first_guess() {
        let bytes = vec![0xFF; 100_000];
        let text = Decoding::new(UTF_8, false, false).decode(&bytes, false);
        assert_eq!(text.unwrap().chars().count(), bytes.len());
    }

    #[test]
    fn a_fatal_error_starts_afresh() {
        let mut decoding = Decoding::new(UTF_16LE, true, false);
        assert_eq!(decoding.decode(&[0], true), Ok(String::new()));
        assert_eq!(decoding.decode(&[0, 0], false), Err(Malformed));
        assert_eq!(decoding.decode(&[0], true), Ok(String::new()));
        assert_eq!(decoding.decode(&[0], false), Ok("\0".to_owned()));
    }
}
