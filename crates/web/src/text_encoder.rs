//! [`TextEncoder`](https://encoding.spec.whatwg.org/#interface-textencoder).

use std::marker::PhantomData;
use std::rc::Rc;

use sinew_bridge::class::{ClassSpec, Method, plain_object, type_error};
use sinew_bridge::{Completion, JsHost, Property, ValueType, trace};

use crate::globals::{Global, readonly};
use crate::{Web, webidl};

impl<J: JsHost> Web<J> {
    pub(crate) const ENCODING: &'static [Global<J>] = &[
        Global::interface(&Self::TEXT_ENCODER),
        Global::interface(&Self::TEXT_DECODER),
    ];

    pub(crate) const TEXT_ENCODER: ClassSpec<J, Self> = ClassSpec {
        name: "TextEncoder",
        display: "TextEncoder",
        constructor,
        methods: &[
            Method {
                name: "encode",
                length: 0,
                body: encode,
            },
            Method {
                name: "encodeInto",
                length: 2,
                body: encode_into,
            },
        ],
        accessors: &[readonly("encoding", encoding)],
        ..ClassSpec::BASE
    };
}

/// A TextEncoder object, which has no state.
struct TextEncoder<J: JsHost>(PhantomData<J>);

trace!(
    struct TextEncoder {}
);

/// [`new TextEncoder()`](https://encoding.spec.whatwg.org/#dom-textencoder)
fn constructor<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    web.construct(cx, args, &Web::TEXT_ENCODER, TextEncoder(PhantomData))
}

/// [`encoding`](https://encoding.spec.whatwg.org/#dom-textencoder-encoding)
fn encoding<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    this_encoder(cx, web, args)?;
    J::string(cx, "utf-8")
}

/// [`encode(input)`](https://encoding.spec.whatwg.org/#dom-textencoder-encode)
fn encode<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    this_encoder(cx, web, args)?;
    let input = J::arg(cx, args, 0);
    let text = match J::type_of(&input) {
        ValueType::Undefined => String::new(),
        _ => webidl::usv_string::<J>(cx, &input)?,
    };
    J::create_uint8_array(cx, text.as_bytes())
}

/// [`encodeInto(source, destination)`](https://encoding.spec.whatwg.org/#dom-textencoder-encodeinto)
fn encode_into<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    this_encoder(cx, web, args)?;
    if J::args_len(args) < 2 {
        return Err(type_error::<J>(cx, "encodeInto needs two arguments"));
    }
    let source = J::arg(cx, args, 0);
    let source = webidl::usv_string::<J>(cx, &source)?;
    let destination = J::arg(cx, args, 1);
    let realm = web.realm(cx)?;
    let kind = realm.builtins.typed_array_name(cx, &destination)?;
    if kind.as_deref() != Some("Uint8Array") {
        let message = "the destination of encodeInto is not a Uint8Array";
        return Err(type_error::<J>(cx, message));
    }

    let written = J::with_bytes_mut(cx, &destination, |bytes| {
        let written = source.floor_char_boundary(bytes.len().min(source.len()));
        bytes[..written].copy_from_slice(&source.as_bytes()[..written]);
        written
    });
    let written = written.unwrap_or(0);
    let read = utf16_len(&source[..written]);
    let result = plain_object::<J>(cx)?;
    let read = Property::data(J::number(read as f64));
    J::define_property(cx, &result, "read".into(), read)?;
    let written = Property::data(J::number(written as f64));
    J::define_property(cx, &result, "written".into(), written)?;
    Ok(result)
}

/// How many UTF-16 code units `text` came from; a replaced lone surrogate was one, too.
fn utf16_len(text: &str) -> usize {
    let bytes = text.as_bytes();
    let leading = bytes.iter().filter(|&&byte| byte & 0xC0 != 0x80).count();
    let astral = bytes.iter().filter(|&&byte| byte >= 0xF0).count();
    leading + astral
}

fn this_encoder<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Web<J>,
    args: J::Args<'_>,
) -> Completion<J, ()> {
    web.this::<TextEncoder<J>>(cx, args, &Web::TEXT_ENCODER)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::utf16_len;

    #[test]
    fn utf16_len_is_that_of_encode_utf16() {
        for text in ["", "a", "é", "€", "😀", "a😀\u{FFFD}ü"] {
            assert_eq!(utf16_len(text), text.encode_utf16().count(), "{text}");
        }
    }
}
