//! JavaScript objects.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use super::host::EmptyHost;
use super::promise::Promise;
use super::realm::Scope;
use super::value::{Arguments, Value};
use crate::class::type_error;
use crate::{
    Completion, Graveyard, HostData, JsHost, NativeFn, ObjectClass, PropertyKey, PropertyKind,
    WellKnownSymbol,
};

pub(super) type Property = crate::Property<EmptyHost>;

/// An object. Objects in a cycle die with the engine.
pub struct Object {
    pub(super) kind: Kind,
    pub(super) proto: RefCell<Value>,
    /// In the order of their creation.
    pub(super) properties: RefCell<Vec<(Key, Property)>>,
    pub(super) extensible: Cell<bool>,
}

/// A handle that does not keep its object alive.
pub struct WeakObject(pub(super) Weak<Object>);

/// What an object has besides properties.
pub(super) enum Kind {
    Ordinary,
    /// Of a length that does not change.
    Array,
    /// The frames that were put on its stack.
    Error(RefCell<Vec<String>>),
    Host(HostData, Graveyard),
    State(Rc<dyn Any>),
    /// An Exported GC Object: without a prototype, never extensible.
    Gc(HostData, Graveyard),
    Function(Box<dyn Body>),
    Promise(RefCell<Promise>),
    /// An ArrayBuffer or Uint8Array with its own bytes, none once detached.
    Bytes(ObjectClass, RefCell<Vec<u8>>),
}

/// The body of a native function, whatever its type.
pub(super) trait Body {
    fn call(&self, cx: &mut Scope<'_>, args: Arguments<'_>) -> Completion<EmptyHost>;
    fn as_any(&self) -> &dyn Any;
    fn is_constructor(&self) -> bool;
}

pub(super) struct Native<F: NativeFn<EmptyHost>> {
    pub(super) data: F::Data,
    pub(super) constructor: bool,
}

impl<F: NativeFn<EmptyHost>> Body for Native<F> {
    fn call(&self, cx: &mut Scope<'_>, args: Arguments<'_>) -> Completion<EmptyHost> {
        F::invoke(cx, &self.data, args)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn is_constructor(&self) -> bool {
        self.constructor
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        if let Kind::Host(data, graveyard) | Kind::Gc(data, graveyard) = &self.kind {
            graveyard.borrow_mut().push(*data);
        }
    }
}

/// A property key.
#[derive(Clone, PartialEq)]
pub(super) enum Key {
    Index(u32),
    Name(Rc<[u16]>),
    Symbol(WellKnownSymbol),
}

impl Key {
    pub(super) fn new(key: PropertyKey<'_, EmptyHost>) -> Self {
        match key {
            PropertyKey::Name(name) => Key::Name(name.encode_utf16().collect()),
            PropertyKey::Index(index) => Key::Index(index),
            PropertyKey::Symbol(symbol) => Key::Symbol(symbol),
            PropertyKey::Value(Value::Symbol(symbol)) => Key::Symbol(*symbol),
            PropertyKey::Value(Value::String(units)) => Key::from_units(units),
            PropertyKey::Value(_) => unreachable!("a property key is a String or Symbol"),
        }
    }

    fn from_units(units: &Rc<[u16]>) -> Self {
        let text = String::from_utf16_lossy(units);
        match text.parse::<u32>() {
            Ok(index) if index != u32::MAX && index.to_string() == text => Key::Index(index),
            _ => Key::Name(units.clone()),
        }
    }

    fn to_value(&self) -> Value {
        match self {
            Key::Index(index) => index.to_string().as_str().into(),
            Key::Name(units) => Value::String(units.clone()),
            Key::Symbol(symbol) => Value::Symbol(*symbol),
        }
    }
}

pub(super) fn copy(property: &Property) -> Property {
    Property {
        kind: match &property.kind {
            PropertyKind::Data { value, writable } => PropertyKind::Data {
                value: value.clone(),
                writable: *writable,
            },
            PropertyKind::Accessor { get, set } => PropertyKind::Accessor {
                get: get.clone(),
                set: set.clone(),
            },
        },
        ..*property
    }
}

/// Whether a property may become another
/// ([ValidateAndApplyPropertyDescriptor](https://tc39.es/ecma262/#sec-validateandapplypropertydescriptor)).
fn may_become(current: &Property, new: &Property) -> bool {
    let same = |a: &Option<Value>, b: &Option<Value>| match (a, b) {
        (Some(a), Some(b)) => a.same(b),
        (a, b) => a.is_none() && b.is_none(),
    };
    let fits = match (&current.kind, &new.kind) {
        (PropertyKind::Data { writable: true, .. }, PropertyKind::Data { .. }) => true,
        (PropertyKind::Data { value: a, .. }, PropertyKind::Data { value: b, writable }) => {
            !writable && a.same(b)
        }
        (PropertyKind::Accessor { get: a, set: b }, PropertyKind::Accessor { get: c, set: d }) => {
            same(a, c) && same(b, d)
        }
        _ => false,
    };
    current.configurable || !new.configurable && new.enumerable == current.enumerable && fits
}

impl Object {
    pub(super) fn function(&self) -> Option<&dyn Body> {
        match &self.kind {
            Kind::Function(body) => Some(&**body),
            _ => None,
        }
    }

    pub(super) fn class(&self) -> ObjectClass {
        match &self.kind {
            Kind::Array => ObjectClass::Array,
            Kind::Error(_) => ObjectClass::Error,
            Kind::Ordinary => ObjectClass::Ordinary,
            Kind::Host(..) | Kind::State(_) => ObjectClass::Platform,
            Kind::Function(_) => ObjectClass::Function,
            Kind::Gc(..) => ObjectClass::Other,
            Kind::Promise(_) => ObjectClass::Promise,
            Kind::Bytes(class, _) => *class,
        }
    }

    /// The frames that were put on an error's stack.
    pub(super) fn stack_text(&self) -> String {
        match &self.kind {
            Kind::Error(frames) => frames.borrow().join("\n"),
            _ => String::new(),
        }
    }

    pub(super) fn prepend_stack(&self, frames: &[String]) {
        if let Kind::Error(stack) = &self.kind {
            stack.borrow_mut().splice(0..0, frames.iter().cloned());
            let stack = Property::hidden(self.stack_text().as_str().into());
            self.define(Key::new("stack".into()), stack);
        }
    }

    pub(super) fn get_own(&self, key: &Key) -> Option<Property> {
        let properties = self.properties.borrow();
        let found = properties.iter().find(|(name, _)| name == key)?;
        Some(copy(&found.1))
    }

    /// The property of that key that the object has or inherits.
    fn find(&self, key: &Key) -> Option<Property> {
        if let Some(own) = self.get_own(key) {
            return Some(own);
        }
        let mut proto = self.proto.borrow().clone();
        while let Value::Object(object) = proto {
            if let Some(property) = object.get_own(key) {
                return Some(property);
            }
            proto = object.proto.borrow().clone();
        }
        None
    }

    /// Whether that could be done.
    pub(super) fn define(&self, key: Key, property: Property) -> bool {
        let mut properties = self.properties.borrow_mut();
        if let Some((_, current)) = properties.iter_mut().find(|(name, _)| *name == key) {
            let may = may_become(current, &property);
            if may {
                *current = property;
            }
            return may;
        }
        let is_full = matches!((&self.kind, &key), (Kind::Array, Key::Index(_)));
        let may = self.extensible.get() && !is_full;
        if may {
            properties.push((key, property));
        }
        may
    }

    pub(super) fn own_keys(&self) -> Vec<Value> {
        let properties = self.properties.borrow();
        let mut keys: Vec<&Key> = properties.iter().map(|(key, _)| key).collect();
        keys.sort_by_key(|key| match key {
            Key::Index(index) => (0, *index),
            Key::Name(_) => (1, 0),
            Key::Symbol(_) => (2, 0),
        });
        keys.into_iter().map(Key::to_value).collect()
    }

    /// Whether that could be done.
    pub(super) fn freeze(&self) -> bool {
        if let Kind::Gc(..) = self.kind {
            return false;
        }
        self.extensible.set(false);
        for (_, property) in self.properties.borrow_mut().iter_mut() {
            property.configurable = false;
            if let PropertyKind::Data { writable, .. } = &mut property.kind {
                *writable = false;
            }
        }
        true
    }
}

/// [OrdinarySetPrototypeOf](https://tc39.es/ecma262/#sec-ordinarysetprototypeof), and whether that
/// could be done.
pub(super) fn set_prototype(value: &Value, proto: &Value) -> bool {
    let Some(object) = value.object() else {
        return false;
    };
    let may = object.extensible.get() || object.proto.borrow().same(proto);
    if !may || matches!(object.kind, Kind::Gc(..)) {
        return false;
    }
    // The chain must not come back to the object.
    let mut next = proto.clone();
    while let Value::Object(above) = next {
        if Rc::ptr_eq(&above, object) {
            return false;
        }
        next = above.proto.borrow().clone();
    }
    object.proto.replace(proto.clone());
    true
}

/// [GetV](https://tc39.es/ecma262/#sec-getv), for which all primitives have the prototype of plain
/// objects.
pub(super) fn get(
    cx: &mut Scope<'_>,
    value: &Value,
    key: PropertyKey<'_, EmptyHost>,
) -> Completion<EmptyHost> {
    let found = match value {
        Value::Undefined | Value::Null => {
            return Err(type_error::<EmptyHost>(cx, "it has no properties"));
        }
        Value::Object(_) => find(value, key),
        _ => string_property(value, &Key::new(key)).or_else(|| find(&cx.object_prototype, key)),
    };
    match found.map(|property| property.kind) {
        Some(PropertyKind::Data { value, .. }) => Ok(value),
        Some(PropertyKind::Accessor { get: Some(get), .. }) => {
            EmptyHost::call(cx, &get, value, &[])
        }
        _ => Ok(Value::Undefined),
    }
}

/// [StringGetOwnProperty](https://tc39.es/ecma262/#sec-stringgetownproperty), and `length`.
fn string_property(value: &Value, key: &Key) -> Option<Property> {
    let units = value.units()?;
    let value = match key {
        Key::Index(index) => Value::String([*units.get(*index as usize)?].into()),
        Key::Name(name) if name.iter().copied().eq("length".encode_utf16()) => {
            Value::Number(units.len() as f64)
        }
        _ => return None,
    };
    Some(Property::data(value))
}

fn find(object: &Value, key: PropertyKey<'_, EmptyHost>) -> Option<Property> {
    object.object()?.find(&Key::new(key))
}

/// [OrdinarySet](https://tc39.es/ecma262/#sec-ordinaryset), the object itself being the receiver.
pub(super) fn set(
    cx: &mut Scope<'_>,
    object: &Value,
    key: PropertyKey<'_, EmptyHost>,
    value: &Value,
) -> Completion<EmptyHost, ()> {
    let found = find(object, key);
    if let Some(Property {
        kind: PropertyKind::Accessor { set: Some(set), .. },
        ..
    }) = found
    {
        return EmptyHost::call(cx, &set, object, std::slice::from_ref(value)).map(drop);
    }
    let key = Key::new(key);
    let done = object.object().is_some_and(|object| {
        let mut property = match (object.get_own(&key), found) {
            (Some(own), _) => own,
            (None, None) => Property::data(Value::Undefined),
            // Inherited: it decides whether there may be an own one.
            (None, Some(inherited)) => match inherited.kind {
                PropertyKind::Data { writable: true, .. } => Property::data(Value::Undefined),
                _ => return false,
            },
        };
        match &mut property.kind {
            PropertyKind::Data {
                value: slot,
                writable: true,
            } => *slot = value.clone(),
            _ => return false,
        }
        object.define(key, property)
    });
    done.then_some(())
        .ok_or_else(|| type_error::<EmptyHost>(cx, "the property cannot be set"))
}
