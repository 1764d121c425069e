//! [StructuredDeserialize](https://html.spec.whatwg.org/multipage/structured-data.html#structureddeserialize)

use std::rc::Rc;

use sinew_bridge::class::plain_object;
use sinew_bridge::{Completion, JsHost, Property, PropertyKey};

use super::record::{Block, Entry, Record, Serialized, View};
use crate::builtins::Builtin;
use crate::{Realm, Web};

/// Makes a value of its serialization: first every object, then what they contain.
pub(super) fn deserialize<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    root: Serialized<J>,
    mut records: Vec<Record<J>>,
    transferred: &[J::Value],
) -> Completion<J> {
    let realm = web.realm(cx)?;
    let mut objects = Vec::with_capacity(records.len());
    for record in &mut records {
        let object = match record {
            Record::Platform(steps) => match steps.take() {
                Some(steps) => steps(cx, web)?,
                None => J::undefined(),
            },
            Record::Transferred(place) => transferred[*place].clone(),
            record => create(cx, &realm, record, &objects)?,
        };
        objects.push(object);
    }
    for (number, record) in records.iter().enumerate() {
        fill(cx, &realm, record, &objects, number)?;
    }
    Ok(value::<J>(&root, &objects))
}

fn value<J: JsHost>(value: &Serialized<J>, objects: &[J::Value]) -> J::Value {
    match value {
        Serialized::Primitive(value) => value.clone(),
        Serialized::Object(number) => objects[*number].clone(),
    }
}

/// An object without its contents.
fn create<J: JsHost>(
    cx: &mut J::Scope<'_>,
    realm: &Realm<J>,
    record: &Record<J>,
    objects: &[J::Value],
) -> Completion<J> {
    let builtins = &realm.builtins;
    let construct =
        |cx: &mut J::Scope<'_>, class, args: &[J::Value]| builtins.construct(cx, class, args);
    match record {
        Record::Primitive(value) => construct(cx, Builtin::Object, std::slice::from_ref(value)),
        Record::Date(time) => construct(cx, Builtin::Date, std::slice::from_ref(time)),
        Record::RegExp { source, flags } => {
            let flags = J::string(cx, flags)?;
            construct(cx, Builtin::RegExp, &[source.clone(), flags])
        }
        Record::Buffer(block) => create_buffer(cx, realm, block),
        Record::SharedBuffer(buffer) => Ok(buffer.clone()),
        Record::View(view) => create_view(cx, realm, view, &objects[view.buffer]),
        Record::Map(_) => construct(cx, Builtin::Map, &[]),
        Record::Set(_) => construct(cx, Builtin::Set, &[]),
        Record::Error {
            constructor,
            message,
            ..
        } => construct(cx, *constructor, message.as_slice()),
        Record::Array { length, .. } => {
            let array = J::create_array(cx, &[])?;
            J::set(cx, &array, "length".into(), length)?;
            Ok(array)
        }
        Record::Object(_) | Record::Platform(_) | Record::Transferred(_) => plain_object::<J>(cx),
    }
}

/// An ArrayBuffer with these contents.
pub(super) fn create_buffer<J: JsHost>(
    cx: &mut J::Scope<'_>,
    realm: &Realm<J>,
    block: &Block,
) -> Completion<J> {
    let Some(max) = block.max else {
        return J::create_array_buffer(cx, &block.bytes);
    };
    let options = J::create_object(cx, &J::null())?;
    let max = Property::data(J::number(max));
    J::define_property(cx, &options, "maxByteLength".into(), max)?;
    let args = [J::number(block.bytes.len() as f64), options];
    let buffer = realm.builtins.construct(cx, Builtin::ArrayBuffer, &args)?;
    J::with_bytes_mut(cx, &buffer, |bytes| {
        if bytes.len() == block.bytes.len() {
            bytes.copy_from_slice(&block.bytes);
        }
    });
    Ok(buffer)
}

fn create_view<J: JsHost>(
    cx: &mut J::Scope<'_>,
    realm: &Realm<J>,
    view: &View,
    buffer: &J::Value,
) -> Completion<J> {
    let mut args = vec![buffer.clone(), J::number(view.byte_offset)];
    args.extend(view.length.map(J::number));
    realm.builtins.construct(cx, view.constructor, &args)
}

/// Gives the object with this number its contents.
fn fill<J: JsHost>(
    cx: &mut J::Scope<'_>,
    realm: &Realm<J>,
    record: &Record<J>,
    objects: &[J::Value],
    number: usize,
) -> Completion<J, ()> {
    let object = &objects[number];
    match record {
        Record::Map(values) => {
            for pair in values.chunks_exact(2) {
                let pair = [&pair[0], &pair[1]].map(|part| value::<J>(part, objects));
                realm
                    .builtins
                    .call_with(cx, Builtin::MapSet, object, &pair)?;
            }
        }
        Record::Set(values) => {
            for element in values {
                let element = value::<J>(element, objects);
                let element = std::slice::from_ref(&element);
                realm
                    .builtins
                    .call_with(cx, Builtin::SetAdd, object, element)?;
            }
        }
        Record::Error { stack, cause, .. } => {
            if let Some(stack) = stack {
                let stack = Property::hidden(stack.clone());
                J::define_property(cx, object, "stack".into(), stack)?;
            }
            if let Some(cause) = cause {
                let cause = Property::hidden(value::<J>(cause, objects));
                J::define_property(cx, object, "cause".into(), cause)?;
            }
        }
        Record::Array { properties, .. } | Record::Object(properties) => {
            define::<J>(cx, object, properties, objects)?;
        }
        _ => {}
    }
    Ok(())
}

fn define<J: JsHost>(
    cx: &mut J::Scope<'_>,
    object: &J::Value,
    properties: &[Entry<J>],
    objects: &[J::Value],
) -> Completion<J, ()> {
    for (key, property) in properties {
        let property = Property::data(value::<J>(property, objects));
        J::define_property(cx, object, PropertyKey::Value(key), property)?;
    }
    Ok(())
}
