//! Objects, their properties and classes; host objects and weak handles.

use boa_engine::builtins::array_buffer::{ArrayBuffer, SharedArrayBuffer};
use boa_engine::builtins::dataview::DataView;
use boa_engine::builtins::date::Date;
use boa_engine::builtins::error::Error;
use boa_engine::builtins::function::OrdinaryFunction;
use boa_engine::builtins::map::ordered_map::OrderedMap;
use boa_engine::builtins::object::OrdinaryObject;
use boa_engine::builtins::promise::Promise;
use boa_engine::builtins::proxy::Proxy;
use boa_engine::builtins::regexp::RegExp;
use boa_engine::builtins::set::ordered_set::OrderedSet;
use boa_engine::builtins::typed_array::TypedArray;
use boa_engine::module::ModuleNamespace;
use boa_engine::object::IntegrityLevel;
use boa_engine::object::builtins::{JsArray, JsWeakMap, JsWeakSet};
use boa_engine::property::{PropertyDescriptor, PropertyKey as BoaKey};
use boa_engine::{
    JsBigInt, JsError, JsNativeError, JsObject, JsResult, JsString, JsSymbol, JsValue, Module,
    js_string,
};
use sinew_bridge::{
    Completion, Intrinsic, ObjectClass, Property, PropertyKey, PropertyKind, Throw,
};

use crate::Boa;
use crate::scope::Scope;
use crate::value::property_key;

mod host;

pub use host::Weak;
pub(crate) use host::{
    GcObjects, Life, create_gc_object, create_host_object, create_state_object, downgrade,
    gc_handler, host_data, state, upgrade,
};
use host::{HostObject, StateObject};

/// What tells an object from every other that is alive.
pub(crate) fn address(object: &JsObject) -> usize {
    (&raw const *object.as_ref()).addr()
}

pub(crate) fn object_of(value: &JsValue) -> JsResult<JsObject> {
    value
        .as_object()
        .ok_or_else(|| JsError::from(JsNativeError::typ().with_message("not an object")))
}

pub(crate) fn create_object(cx: &mut Scope<'_>, proto: &JsValue) -> JsValue {
    JsObject::new(cx.context.root_shape(), proto.as_object(), OrdinaryObject)
        .upcast()
        .into()
}

pub(crate) fn create_array(cx: &mut Scope<'_>, elements: &[JsValue]) -> Completion<Boa> {
    cx.run(|context| Ok(JsArray::from_iter(elements.iter().cloned(), context).into()))
}

pub(crate) fn get(
    cx: &mut Scope<'_>,
    object: &JsValue,
    key: PropertyKey<'_, Boa>,
) -> Completion<Boa> {
    if let Some(object) = object.as_object() {
        return cx.run(|context| {
            let key = property_key(key, context)?;
            object.get(key, context)
        });
    }
    // A getter of a primitive sees the primitive, which only Reflect.get can pass.
    let intrinsics = cx.intrinsics();
    cx.run(|context| {
        let key = property_key(key, context)?.into();
        let target = object.to_object(context)?.into();
        match &intrinsics {
            Some(intrinsics) => intrinsics.reflect_get.call(
                &JsValue::undefined(),
                &[target, key, object.clone()],
                context,
            ),
            None => Ok(JsValue::undefined()),
        }
    })
}

pub(crate) fn set(
    cx: &mut Scope<'_>,
    object: &JsValue,
    key: PropertyKey<'_, Boa>,
    value: &JsValue,
) -> Completion<Boa, ()> {
    cx.run(|context| {
        let key = property_key(key, context)?;
        object_of(object)?.set(key, value.clone(), true, context)?;
        Ok(())
    })
}

fn descriptor(property: Property<Boa>) -> PropertyDescriptor {
    let builder = PropertyDescriptor::builder()
        .enumerable(property.enumerable)
        .configurable(property.configurable);
    match property.kind {
        PropertyKind::Data { value, writable } => builder.value(value).writable(writable),
        PropertyKind::Accessor { get, set } => builder
            .get(get.unwrap_or_default())
            .set(set.unwrap_or_default()),
    }
    .build()
}

pub(crate) fn define_property(
    cx: &mut Scope<'_>,
    object: &JsValue,
    key: PropertyKey<'_, Boa>,
    property: Property<Boa>,
) -> Completion<Boa, ()> {
    cx.run(|context| {
        let key = property_key(key, context)?;
        object_of(object)?.define_property_or_throw(key, descriptor(property), context)?;
        Ok(())
    })
}

/// Boa keeps [[GetOwnProperty]] of exotic objects to itself, but for the intrinsic function. The
/// descriptor object that this returns is ordinary and new: its fields are read as they lie.
pub(crate) fn get_own_property(
    cx: &mut Scope<'_>,
    object: &JsValue,
    key: PropertyKey<'_, Boa>,
) -> Completion<Boa, Option<Property<Boa>>> {
    let Some(intrinsics) = cx.intrinsics() else {
        return Ok(None);
    };
    cx.run(|context| {
        let key = JsValue::from(property_key(key, context)?);
        object_of(object)?;
        let found = intrinsics.get_own_property_descriptor.call(
            &JsValue::undefined(),
            &[object.clone(), key],
            context,
        )?;
        Ok(found.as_object().map(|fields| property_of(&fields)))
    })
}

fn property_of(fields: &JsObject) -> Property<Boa> {
    let field = |name: JsString| -> Option<JsValue> {
        let fields = fields.borrow();
        fields
            .properties()
            .get(&BoaKey::from(name))?
            .value()
            .cloned()
    };
    let flag = |name| field(name).is_some_and(|value| value.to_boolean());
    let accessor = |name| field(name).filter(|value| !value.is_undefined());
    let kind = match field(js_string!("value")) {
        Some(value) => PropertyKind::Data {
            value,
            writable: flag(js_string!("writable")),
        },
        None => PropertyKind::Accessor {
            get: accessor(js_string!("get")),
            set: accessor(js_string!("set")),
        },
    };
    Property {
        kind,
        enumerable: flag(js_string!("enumerable")),
        configurable: flag(js_string!("configurable")),
    }
}

pub(crate) fn own_keys(cx: &mut Scope<'_>, object: &JsValue) -> Completion<Boa, Vec<JsValue>> {
    cx.run(|context| {
        let keys = object_of(object)?.own_property_keys(context)?;
        Ok(keys.into_iter().map(JsValue::from).collect())
    })
}

pub(crate) fn get_prototype(cx: &mut Scope<'_>, object: &JsValue) -> Completion<Boa> {
    let intrinsics = cx.intrinsics();
    cx.run(|context| {
        let ordinary = object_of(object)?;
        match intrinsics {
            Some(intrinsics) if ordinary.is::<Proxy>() => intrinsics.get_prototype_of.call(
                &JsValue::undefined(),
                std::slice::from_ref(object),
                context,
            ),
            _ => Ok(ordinary
                .prototype()
                .map_or_else(JsValue::null, JsValue::from)),
        }
    })
}

/// By the intrinsic function: what `JsObject` offers does not look for cycles.
pub(crate) fn set_prototype(
    cx: &mut Scope<'_>,
    object: &JsValue,
    proto: &JsValue,
) -> Completion<Boa, ()> {
    let Some(intrinsics) = cx.intrinsics() else {
        return Err(Throw::Terminated);
    };
    cx.run(|context| {
        let done = intrinsics.set_prototype_of.call(
            &JsValue::undefined(),
            &[object.clone(), proto.clone()],
            context,
        )?;
        if done.to_boolean() {
            return Ok(());
        }
        let error = JsNativeError::typ().with_message("cannot set the prototype");
        Err(error.into())
    })
}

pub(crate) fn freeze(cx: &mut Scope<'_>, object: &JsValue) -> Completion<Boa, ()> {
    cx.run(|context| {
        let frozen = object_of(object)?.set_integrity_level(IntegrityLevel::Frozen, context)?;
        if frozen {
            return Ok(());
        }
        let error = JsNativeError::typ().with_message("cannot freeze object");
        Err(error.into())
    })
}

pub(crate) fn intrinsic(cx: &Scope<'_>, intrinsic: Intrinsic) -> JsValue {
    let constructors = cx.context.intrinsics().constructors();
    match intrinsic {
        Intrinsic::ObjectPrototype => constructors.object().prototype(),
        Intrinsic::FunctionPrototype => constructors.function().prototype(),
        Intrinsic::ErrorConstructor => constructors.error().constructor(),
        Intrinsic::ErrorPrototype => constructors.error().prototype(),
        Intrinsic::Promise => constructors.promise().constructor(),
    }
    .into()
}

pub(crate) fn object_class(cx: &mut Scope<'_>, value: &JsValue) -> Option<ObjectClass> {
    let object = value.as_object()?;
    let is_primitive = object.is::<bool>()
        || object.is::<f64>()
        || object.is::<JsString>()
        || object.is::<JsSymbol>()
        || object.is::<JsBigInt>();
    Some(match () {
        () if object.is_ordinary() => ObjectClass::Ordinary,
        () if object.is_array() => ObjectClass::Array,
        () if object.is::<Proxy>() && host_data(cx, value).is_some() => ObjectClass::Other,
        () if object.is::<Proxy>() => ObjectClass::Proxy,
        () if object.is_callable() => ObjectClass::Function,
        () if object.is::<Error>() => ObjectClass::Error,
        () if object.is::<Promise>() => ObjectClass::Promise,
        () if object.is::<ArrayBuffer>() => ObjectClass::ArrayBuffer,
        () if object.is::<SharedArrayBuffer>() => ObjectClass::SharedArrayBuffer,
        () if object.is::<TypedArray>() => ObjectClass::TypedArray,
        () if object.is::<DataView>() => ObjectClass::DataView,
        () if object.is::<Date>() => ObjectClass::Date,
        () if object.is::<RegExp>() => ObjectClass::RegExp,
        () if object.is::<OrderedMap<JsValue>>() => ObjectClass::Map,
        () if object.is::<OrderedSet>() => ObjectClass::Set,
        () if object.is::<ModuleNamespace>() => ObjectClass::Namespace,
        () if is_primitive => ObjectClass::Primitive,
        () if object.is::<HostObject>() || object.is::<StateObject>() => ObjectClass::Platform,
        () => weak_class(cx, object),
    })
}

pub(crate) fn is_ecmascript_function(value: &JsValue) -> bool {
    value
        .as_object()
        .is_some_and(|object| object.is::<OrdinaryFunction>())
}

/// Makes a module namespace that of a module without exports, whose own namespace is `empty`.
///
/// Boa does not trace the modules behind the bindings of a namespace, so they count as roots: it,
/// its module and their realm would keep each other alive for ever.
pub(crate) fn empty_namespace(namespace: &JsObject, empty: (&Module, &JsObject)) {
    let emptied = namespace.downcast_mut::<ModuleNamespace>();
    let template = empty.1.downcast_ref::<ModuleNamespace>();
    if let (Some(mut emptied), Some(template)) = (emptied, template) {
        std::mem::forget(empty.0.clone());
        // SAFETY: what is copied owns one count of its module, which the handle forgotten above
        // makes up for, and two empty tables, which own no memory.
        let copy = unsafe { std::ptr::read(&raw const *template) };
        let bindings = std::mem::replace(&mut *emptied, copy);
        drop((emptied, template));
        drop(bindings);
    }
}

fn weak_class(cx: &mut Scope<'_>, object: JsObject) -> ObjectClass {
    if JsWeakMap::from_object(object.clone()).is_ok() {
        return ObjectClass::WeakMap;
    }
    if JsWeakSet::from_object(object.clone()).is_ok() {
        return ObjectClass::WeakSet;
    }
    // Boa keeps the type to itself: ask a method that only a WeakRef has.
    let is_weak_ref = cx.intrinsics().is_some_and(|intrinsics| {
        let this = object.into();
        cx.unlimited(|context| intrinsics.weak_ref_deref.call(&this, &[], context))
            .is_ok()
    });
    if is_weak_ref {
        ObjectClass::WeakRef
    } else {
        ObjectClass::Other
    }
}
