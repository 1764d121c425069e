//! [StructuredSerializeInternal](https://html.spec.whatwg.org/multipage/structured-data.html#structuredserializeinternal)

use std::collections::HashMap;
use std::rc::Rc;

use sinew_bridge::class::throw;
use sinew_bridge::{
    Completion, ErrorClass, JsHost, ObjectClass, PropertyKey, PropertyKind, ValueType,
};

use super::record::{Record, Serialized};
use crate::builtins::Builtin;
use crate::{Realm, Web};

/// How deep objects may be nested: getters can nest them without end.
const MAX_DEPTH: usize = 1 << 20;

/// A serialization.
pub(super) struct Serializer<'a, J: JsHost> {
    pub(super) web: &'a Rc<Web<J>>,
    pub(super) realm: Rc<Realm<J>>,
    /// The numbers of the objects that were met, by identity.
    memory: HashMap<usize, usize>,
    /// These objects: as long as they live nothing else has their identities.
    met: Vec<J::Value>,
    pub(super) records: Vec<Record<J>>,
    /// The objects whose contents are being serialized, outermost first.
    frames: Vec<Frame<J>>,
}

/// An object whose contents are being serialized.
struct Frame<J: JsHost> {
    /// Its number.
    record: usize,
    rest: Rest<J>,
}

/// What is still to be serialized of an object.
enum Rest<J: JsHost> {
    /// Own properties, by key.
    Properties(J::Value, std::vec::IntoIter<J::Value>),
    /// The elements of a Set, the keys and values of a Map, the cause of an Error.
    Values(std::vec::IntoIter<J::Value>),
}

impl<'a, J: JsHost> Serializer<'a, J> {
    pub(super) fn new(web: &'a Rc<Web<J>>, realm: Rc<Realm<J>>) -> Self {
        Self {
            web,
            realm,
            memory: HashMap::new(),
            met: Vec::new(),
            records: Vec::new(),
            frames: Vec::new(),
        }
    }

    /// Serializes a value with all that it leads to. Runs user code.
    pub(super) fn serialize(
        &mut self,
        cx: &mut J::Scope<'_>,
        value: &J::Value,
    ) -> Completion<J, Serialized<J>> {
        let root = self.value(cx, value)?;
        while let Some(frame) = self.frames.last_mut() {
            let number = frame.record;
            let (key, value) = match &mut frame.rest {
                Rest::Values(values) => (None, values.next()),
                Rest::Properties(object, keys) => match keys.next() {
                    Some(key) => {
                        let object = object.clone();
                        let Some(value) = own_value::<J>(cx, &object, &key)? else {
                            continue;
                        };
                        (Some(key), Some(value))
                    }
                    None => (None, None),
                },
            };
            match value {
                Some(value) => {
                    let value = self.value(cx, &value)?;
                    self.add(number, key, value);
                }
                None => {
                    self.frames.pop();
                }
            }
            if self.frames.len() > MAX_DEPTH {
                let message = "the objects are nested too deep";
                return Err(throw::<J>(cx, ErrorClass::RangeError, message));
            }
        }
        Ok(root)
    }

    /// Adds to the contents of an object.
    fn add(&mut self, number: usize, key: Option<J::Value>, value: Serialized<J>) {
        match (&mut self.records[number], key) {
            (Record::Map(values) | Record::Set(values), _) => values.push(value),
            (Record::Error { cause, .. }, _) => *cause = Some(value),
            (Record::Array { properties, .. } | Record::Object(properties), Some(key)) => {
                properties.push((key, value));
            }
            _ => {}
        }
    }

    /// Gives an object its number.
    pub(super) fn remember(&mut self, object: &J::Value, record: Record<J>) -> usize {
        let number = self.records.len();
        if let Some(identity) = J::identity(object) {
            self.memory.insert(identity, number);
        }
        self.met.push(object.clone());
        self.records.push(record);
        number
    }

    /// The number of an object that was met.
    pub(super) fn number_of(&self, object: &J::Value) -> Option<usize> {
        self.memory.get(&J::identity(object)?).copied()
    }

    /// A value whose contents, if it has any, are serialized next.
    pub(super) fn value(
        &mut self,
        cx: &mut J::Scope<'_>,
        value: &J::Value,
    ) -> Completion<J, Serialized<J>> {
        match J::type_of(value) {
            ValueType::Symbol | ValueType::Function => Err(self.uncloneable(cx, value)),
            ValueType::Object => {
                if let Some(number) = self.number_of(value) {
                    return Ok(Serialized::Object(number));
                }
                self.object(cx, value).map(Serialized::Object)
            }
            _ => Ok(Serialized::Primitive(value.clone())),
        }
    }

    fn object(&mut self, cx: &mut J::Scope<'_>, value: &J::Value) -> Completion<J, usize> {
        let class = J::object_class(cx, value);
        let record = match class {
            Some(ObjectClass::Primitive) => self.primitive(cx, value)?,
            Some(ObjectClass::Date) => {
                let time = self.realm.builtins.call(cx, Builtin::DateTime, value)?;
                Record::Date(time.unwrap_or_else(|| J::number(f64::NAN)))
            }
            Some(ObjectClass::RegExp) => self.regexp(cx, value)?,
            Some(ObjectClass::ArrayBuffer) => Record::Buffer(self.block(cx, value)?),
            Some(ObjectClass::SharedArrayBuffer) => Record::SharedBuffer(value.clone()),
            Some(ObjectClass::TypedArray | ObjectClass::DataView) => {
                Record::View(self.view(cx, value)?)
            }
            Some(ObjectClass::Map) => return self.collection(cx, value, Record::Map(Vec::new())),
            Some(ObjectClass::Set) => return self.collection(cx, value, Record::Set(Vec::new())),
            Some(ObjectClass::Error) => return self.error(cx, value),
            Some(ObjectClass::Array) => {
                let length = J::get(cx, value, "length".into())?;
                let properties = Vec::new();
                return self.properties(cx, value, Record::Array { length, properties });
            }
            Some(ObjectClass::Ordinary) => {
                return self.properties(cx, value, Record::Object(Vec::new()));
            }
            Some(ObjectClass::Platform) => self.platform(cx, value)?,
            _ => return Err(self.uncloneable(cx, value)),
        };
        Ok(self.remember(value, record))
    }

    fn primitive(&self, cx: &mut J::Scope<'_>, value: &J::Value) -> Completion<J, Record<J>> {
        for builtin in [
            Builtin::NumberValue,
            Builtin::StringValue,
            Builtin::BooleanValue,
            Builtin::BigIntValue,
        ] {
            if let Some(primitive) = self.realm.builtins.call(cx, builtin, value)? {
                return Ok(Record::Primitive(primitive));
            }
        }
        Err(self.uncloneable(cx, value))
    }

    fn regexp(&self, cx: &mut J::Scope<'_>, value: &J::Value) -> Completion<J, Record<J>> {
        let builtins = &self.realm.builtins;
        let Some(source) = builtins.call(cx, Builtin::RegExpSource, value)? else {
            return Err(self.uncloneable(cx, value));
        };
        let mut flags = String::new();
        for (builtin, flag) in [
            (Builtin::RegExpHasIndices, 'd'),
            (Builtin::RegExpGlobal, 'g'),
            (Builtin::RegExpIgnoreCase, 'i'),
            (Builtin::RegExpMultiline, 'm'),
            (Builtin::RegExpDotAll, 's'),
            (Builtin::RegExpUnicode, 'u'),
            (Builtin::RegExpUnicodeSets, 'v'),
            (Builtin::RegExpSticky, 'y'),
        ] {
            let is_set = builtins.call(cx, builtin, value)?;
            if is_set.as_ref().and_then(J::as_boolean) == Some(true) {
                flags.push(flag);
            }
        }
        Ok(Record::RegExp { source, flags })
    }

    /// A Map or Set: a copy of its list, which user code cannot change.
    fn collection(
        &mut self,
        cx: &mut J::Scope<'_>,
        value: &J::Value,
        record: Record<J>,
    ) -> Completion<J, usize> {
        let is_map = matches!(record, Record::Map(_));
        let (iterate, next) = match is_map {
            true => (Builtin::MapEntries, Builtin::MapIteratorNext),
            false => (Builtin::SetValues, Builtin::SetIteratorNext),
        };
        let mut values = Vec::new();
        let builtins = &self.realm.builtins;
        if let Some(iterator) = builtins.call(cx, iterate, value)? {
            // The results and pairs are the engine's own: reading them runs no user code.
            while let Some(result) = builtins.call(cx, next, &iterator)? {
                let done = J::get(cx, &result, "done".into())?;
                if J::to_boolean(cx, &done) {
                    break;
                }
                let value = J::get(cx, &result, "value".into())?;
                if is_map {
                    values.push(J::get(cx, &value, PropertyKey::Index(0))?);
                    values.push(J::get(cx, &value, PropertyKey::Index(1))?);
                } else {
                    values.push(value);
                }
            }
        }
        let record = self.remember(value, record);
        let rest = Rest::Values(values.into_iter());
        self.frames.push(Frame { record, rest });
        Ok(record)
    }

    /// An Error: with its stack, which the standard allows, and its cause, as Node has it.
    fn error(&mut self, cx: &mut J::Scope<'_>, value: &J::Value) -> Completion<J, usize> {
        let name = J::get(cx, value, "name".into())?;
        let name = match J::type_of(&name) {
            ValueType::String => J::as_text(cx, &name).unwrap_or_default(),
            _ => String::new(),
        };
        let constructor = match name.as_str() {
            "EvalError" => Builtin::EvalError,
            "RangeError" => Builtin::RangeError,
            "ReferenceError" => Builtin::ReferenceError,
            "SyntaxError" => Builtin::SyntaxError,
            "TypeError" => Builtin::TypeError,
            "URIError" => Builtin::URIError,
            _ => Builtin::Error,
        };
        let message = match own_data::<J>(cx, value, "message")? {
            Some(message) => Some(J::to_string(cx, &message)?),
            None => None,
        };
        let stack = own_data::<J>(cx, value, "stack")?;
        let stack = stack.filter(|stack| matches!(J::type_of(stack), ValueType::String));
        let cause = own_data::<J>(cx, value, "cause")?;
        let record = self.remember(
            value,
            Record::Error {
                constructor,
                message,
                stack,
                cause: None,
            },
        );
        let causes: Vec<_> = cause.into_iter().collect();
        let rest = Rest::Values(causes.into_iter());
        self.frames.push(Frame { record, rest });
        Ok(record)
    }

    fn platform(&self, cx: &mut J::Scope<'_>, value: &J::Value) -> Completion<J, Record<J>> {
        for serialize in Web::SERIALIZABLE {
            if let Some(deserialize) = serialize(cx, value)? {
                return Ok(Record::Platform(Some(deserialize)));
            }
        }
        Err(self.uncloneable(cx, value))
    }

    /// [EnumerableOwnProperties](https://tc39.es/ecma262/#sec-enumerableownproperties), keys only.
    fn properties(
        &mut self,
        cx: &mut J::Scope<'_>,
        value: &J::Value,
        record: Record<J>,
    ) -> Completion<J, usize> {
        let mut keys = J::own_keys(cx, value)?;
        let mut failure = None;
        keys.retain(|key| {
            if !matches!(J::type_of(key), ValueType::String) || failure.is_some() {
                return false;
            }
            match J::get_own_property(cx, value, PropertyKey::Value(key)) {
                Ok(property) => property.is_some_and(|property| property.enumerable),
                Err(throw) => {
                    failure = Some(throw);
                    false
                }
            }
        });
        if let Some(throw) = failure {
            return Err(throw);
        }
        let record = self.remember(value, record);
        let rest = Rest::Properties(value.clone(), keys.into_iter());
        self.frames.push(Frame { record, rest });
        Ok(record)
    }
}

/// The value of an own property, as `[[Get]]` has it; `None` if it is gone. Runs user code.
fn own_value<J: JsHost>(
    cx: &mut J::Scope<'_>,
    object: &J::Value,
    key: &J::Value,
) -> Completion<J, Option<J::Value>> {
    let key = PropertyKey::Value(key);
    let property = J::get_own_property(cx, object, key)?;
    match property.map(|property| property.kind) {
        None => Ok(None),
        Some(PropertyKind::Data { value, .. }) => Ok(Some(value)),
        Some(PropertyKind::Accessor { .. }) => J::get(cx, object, key).map(Some),
    }
}

/// The value of an own data property.
fn own_data<J: JsHost>(
    cx: &mut J::Scope<'_>,
    object: &J::Value,
    name: &str,
) -> Completion<J, Option<J::Value>> {
    let property = J::get_own_property(cx, object, name.into())?;
    Ok(match property.map(|property| property.kind) {
        Some(PropertyKind::Data { value, .. }) => Some(value),
        _ => None,
    })
}
