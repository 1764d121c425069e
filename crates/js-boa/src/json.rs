//! [JSON.parse](https://tc39.es/ecma262/#sec-json.parse) where Boa's own falls short: it refuses the
//! escapes of lone surrogates, ends the process on text that nests too deep, and compiles the text
//! like a program.

use boa_engine::object::FunctionObjectBuilder;
use boa_engine::object::builtins::JsArray;
use boa_engine::property::PropertyDescriptor;
use boa_engine::{
    Context, JsNativeError, JsObject, JsResult, JsString, JsValue, NativeFunction, js_string,
};
use sinew_bridge::stack::StackBounds;

/// Bytes of native stack that must be left for a value that is nested in another.
const ROOM: usize = 64 << 10;

/// Replaces `JSON.parse`. With a reviver the text goes to Boa's own.
pub(crate) fn replace_parse(json: &JsObject, context: &mut Context) -> JsResult<()> {
    let own = json.get(js_string!("parse"), context)?;
    let function = NativeFunction::from_copy_closure_with_captures(parse_or_revive, own);
    let function = FunctionObjectBuilder::new(context.realm(), function)
        .name(js_string!("parse"))
        .length(2)
        .build();
    let property = PropertyDescriptor::builder()
        .value(function)
        .writable(true)
        .enumerable(false)
        .configurable(true);
    json.define_property_or_throw(js_string!("parse"), property, context)?;
    Ok(())
}

fn parse_or_revive(
    this: &JsValue,
    args: &[JsValue],
    own: &JsValue,
    context: &mut Context,
) -> JsResult<JsValue> {
    let undefined = JsValue::undefined();
    let text = args.first().unwrap_or(&undefined).to_string(context)?;
    match (args.get(1), own.as_callable()) {
        (Some(reviver), Some(own)) if reviver.is_callable() => {
            own.call(this, &[text.into(), reviver.clone()], context)
        }
        _ => parse(&text, context),
    }
}

/// [ParseJSON](https://tc39.es/ecma262/#sec-ParseJSON)
fn parse(text: &JsString, context: &mut Context) -> JsResult<JsValue> {
    let units = text.to_vec();
    let mut parser = Parser {
        units: &units,
        at: 0,
        context,
    };
    let value = parser.value()?;
    parser.skip_blanks();
    match parser.peek() {
        None => Ok(value),
        Some(_) => Err(parser.unexpected()),
    }
}

struct Parser<'a> {
    units: &'a [u16],
    at: usize,
    context: &'a mut Context,
}

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        let unit = *self.units.get(self.at)?;
        // What is no ASCII stands in strings only.
        Some(u8::try_from(unit).unwrap_or(0xFF))
    }

    fn skip_blanks(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn unexpected(&self) -> boa_engine::JsError {
        let message = match self.units.get(self.at) {
            Some(unit) => {
                let c = char::from_u32((*unit).into()).unwrap_or(char::REPLACEMENT_CHARACTER);
                format!("unexpected {c:?} in JSON at position {}", self.at)
            }
            None => "unexpected end of JSON".to_owned(),
        };
        JsNativeError::syntax().with_message(message).into()
    }

    fn value(&mut self) -> JsResult<JsValue> {
        self.skip_blanks();
        match self.peek() {
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::array),
            Some(b'"') => Ok(self.string()?.into()),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", true.into()),
            Some(b'f') => self.word("false", false.into()),
            Some(b'n') => self.word("null", JsValue::null()),
            _ => Err(self.unexpected()),
        }
    }

    fn nested(&mut self, parse: fn(&mut Self) -> JsResult<JsValue>) -> JsResult<JsValue> {
        if StackBounds::of_current_thread().remaining() < ROOM {
            let error = JsNativeError::range().with_message("the JSON text nests too deep");
            return Err(error.into());
        }
        self.at += 1;
        parse(self)
    }

    fn object(&mut self) -> JsResult<JsValue> {
        let object = JsObject::with_object_proto(self.context.intrinsics());
        self.skip_blanks();
        if self.eat(b'}') {
            return Ok(object.into());
        }
        loop {
            self.skip_blanks();
            if self.peek() != Some(b'"') {
                return Err(self.unexpected());
            }
            let key = self.string()?;
            self.skip_blanks();
            if !self.eat(b':') {
                return Err(self.unexpected());
            }
            let value = self.value()?;
            object.create_data_property_or_throw(key, value, self.context)?;
            self.skip_blanks();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => break,
                _ => return Err(self.unexpected()),
            }
        }
        self.at += 1;
        Ok(object.into())
    }

    fn array(&mut self) -> JsResult<JsValue> {
        let mut elements = Vec::new();
        self.skip_blanks();
        if !self.eat(b']') {
            loop {
                elements.push(self.value()?);
                self.skip_blanks();
                match self.peek() {
                    Some(b',') => self.at += 1,
                    Some(b']') => break,
                    _ => return Err(self.unexpected()),
                }
            }
            self.at += 1;
        }
        Ok(JsArray::from_iter(elements, self.context).into())
    }

    fn word(&mut self, word: &str, value: JsValue) -> JsResult<JsValue> {
        for byte in word.bytes() {
            if !self.eat(byte) {
                return Err(self.unexpected());
            }
        }
        Ok(value)
    }

    fn string(&mut self) -> JsResult<JsString> {
        self.at += 1;
        let start = self.at;
        let mut text: Vec<u16> = Vec::new();
        let mut copied = start;
        loop {
            match self.units.get(self.at) {
                Some(0x22) => break,
                Some(0x5C) => {
                    text.extend_from_slice(&self.units[copied..self.at]);
                    self.at += 1;
                    text.push(self.escape()?);
                    copied = self.at;
                }
                Some(0x20..) => self.at += 1,
                _ => return Err(self.unexpected()),
            }
        }
        let rest = &self.units[copied..self.at];
        self.at += 1;
        if copied == start {
            return Ok(JsString::from(rest));
        }
        text.extend_from_slice(rest);
        Ok(JsString::from(text.as_slice()))
    }

    /// The unit that an escape stands for; the backslash is read.
    fn escape(&mut self) -> JsResult<u16> {
        let unit = match self.peek() {
            Some(byte @ (b'"' | b'\\' | b'/')) => byte,
            Some(b'b') => 8,
            Some(b't') => b'\t',
            Some(b'n') => b'\n',
            Some(b'f') => 12,
            Some(b'r') => b'\r',
            Some(b'u') => {
                self.at += 1;
                let mut unit = 0;
                for _ in 0..4 {
                    let digit = self.peek().and_then(|byte| char::from(byte).to_digit(16));
                    let Some(digit) = digit else {
                        return Err(self.unexpected());
                    };
                    unit = unit << 4 | digit as u16;
                    self.at += 1;
                }
                return Ok(unit);
            }
            _ => return Err(self.unexpected()),
        };
        self.at += 1;
        Ok(unit.into())
    }

    fn number(&mut self) -> JsResult<JsValue> {
        let start = self.at;
        self.eat(b'-');
        match self.peek() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits(),
            _ => return Err(self.unexpected()),
        }
        if self.eat(b'.') {
            self.some_digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.some_digits()?;
        }
        let text: String = self.units[start..self.at]
            .iter()
            .map(|&unit| char::from(unit as u8))
            .collect();
        // An Integer where it is one, which Boa computes with faster; -0 is none.
        match text.parse::<i32>() {
            Ok(integer) if integer != 0 || !text.starts_with('-') => Ok(integer.into()),
            _ => Ok(text.parse::<f64>().unwrap_or(f64::NAN).into()),
        }
    }

    fn some_digits(&mut self) -> JsResult<()> {
        if !matches!(self.peek(), Some(b'0'..=b'9')) {
            return Err(self.unexpected());
        }
        self.digits();
        Ok(())
    }

    fn digits(&mut self) {
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
    }
}
