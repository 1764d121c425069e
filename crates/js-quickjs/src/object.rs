//! Objects: properties and classes.

use std::cell::RefCell;
use std::ffi::c_int;

use rquickjs::qjs;
use sinew_bridge::{
    Intrinsic, ObjectClass, Property, PropertyKey, PropertyKind, ValueType, WellKnownSymbol,
};

use crate::QuickJs;
use crate::error::{Result, completion, empty_descriptor, fail, guarded, guarded_status, status};
use crate::scope::Scope;
use crate::value::{self, Value};

mod host;

pub use host::Weak;
pub(crate) use host::{
    Graves, check_proxies, create_gc_object, create_host_object, create_state_object, downgrade,
    gc_object_handler, host_data, is_gc_object, state, upgrade,
};

/// A property key that is freed with the handle.
pub(crate) struct Atom {
    ctx: *mut qjs::JSContext,
    atom: qjs::JSAtom,
}

impl Atom {
    /// Takes over `atom`, which is null when an exception is pending.
    pub(crate) fn owned(cx: &mut Scope<'_>, atom: qjs::JSAtom) -> Result<Self> {
        if atom == qjs::JS_ATOM_NULL {
            return Err(fail(cx));
        }
        Ok(Self { ctx: cx.ctx, atom })
    }

    pub(crate) fn name(cx: &mut Scope<'_>, name: &str) -> Result<Self> {
        if name.is_ascii() {
            // SAFETY: pointer and length are those of `name`, which is copied.
            let atom = unsafe { qjs::JS_NewAtomLen(cx.ctx, name.as_ptr().cast(), name.len() as _) };
            return Self::owned(cx, atom);
        }
        // `JS_NewAtomLen` takes the UTF-8 of other names for Latin-1 when it looks them up.
        let name = value::string(cx, name)?;
        // SAFETY: a String: no user code runs.
        let atom = unsafe { qjs::JS_ValueToAtom(cx.ctx, name.raw(cx)) };
        Self::owned(cx, atom)
    }

    fn key(cx: &mut Scope<'_>, key: PropertyKey<'_, QuickJs>) -> Result<Self> {
        let key = match key {
            PropertyKey::Name(name) => return Self::name(cx, name),
            PropertyKey::Index(index) => {
                // SAFETY: the context lives.
                let atom = unsafe { qjs::JS_NewAtomUInt32(cx.ctx, index) };
                return Self::owned(cx, atom);
            }
            PropertyKey::Symbol(symbol) => cx.state.intrinsics().symbol(symbol).clone(),
            PropertyKey::Value(value) => value.clone(),
        };
        // SAFETY: a String or Symbol: no user code runs.
        let atom = unsafe { qjs::JS_ValueToAtom(cx.ctx, key.raw(cx)) };
        Self::owned(cx, atom)
    }

    pub(crate) fn raw(&self) -> qjs::JSAtom {
        self.atom
    }
}

impl Drop for Atom {
    fn drop(&mut self) {
        // SAFETY: atoms are local to operations, during which the context lives.
        unsafe { qjs::JS_FreeAtom(self.ctx, self.atom) };
    }
}

pub(crate) fn get(
    cx: &mut Scope<'_>,
    object: &Value,
    key: PropertyKey<'_, QuickJs>,
) -> Result<Value> {
    let atom = Atom::key(cx, key)?;
    let object = object.raw(cx);
    // SAFETY: a valid value and a valid atom.
    guarded(cx, |ctx| unsafe {
        qjs::JS_GetProperty(ctx, object, atom.raw())
    })
}

pub(crate) fn set(
    cx: &mut Scope<'_>,
    object: &Value,
    key: PropertyKey<'_, QuickJs>,
    value: &Value,
) -> Result<()> {
    let atom = Atom::key(cx, key)?;
    let (object, value) = (object.raw(cx), value.clone());
    let value = value.into_raw(cx);
    if cx.state.is_terminated() {
        drop(Value::owned(cx, value));
        return Err(sinew_bridge::Throw::Terminated);
    }
    // SAFETY: valid values and a valid atom; the count of `value` is given away.
    guarded_status(cx, |ctx| unsafe {
        qjs::JS_SetProperty(ctx, object, atom.raw(), value)
    })?;
    Ok(())
}

pub(crate) fn define_property(
    cx: &mut Scope<'_>,
    object: &Value,
    key: PropertyKey<'_, QuickJs>,
    property: Property<QuickJs>,
) -> Result<()> {
    let atom = Atom::key(cx, key)?;
    let mut flags = qjs::JS_PROP_THROW
        | qjs::JS_PROP_HAS_ENUMERABLE
        | qjs::JS_PROP_HAS_CONFIGURABLE
        | flag(property.enumerable, qjs::JS_PROP_ENUMERABLE)
        | flag(property.configurable, qjs::JS_PROP_CONFIGURABLE);
    let (mut value, mut get, mut set) = (None, None, None);
    match property.kind {
        PropertyKind::Data {
            value: data,
            writable,
        } => {
            flags |= qjs::JS_PROP_HAS_VALUE | qjs::JS_PROP_HAS_WRITABLE;
            flags |= flag(writable, qjs::JS_PROP_WRITABLE);
            value = Some(data);
        }
        PropertyKind::Accessor {
            get: getter,
            set: setter,
        } => {
            flags |= qjs::JS_PROP_HAS_GET | qjs::JS_PROP_HAS_SET;
            (get, set) = (getter, setter);
        }
    }
    let raw = |value: &Option<Value>| value.as_ref().map_or(qjs::JS_UNDEFINED, |v| v.raw(cx));
    let (object, value, get, set) = (object.raw(cx), &value, &get, &set);
    let (value, get, set) = (raw(value), raw(get), raw(set));
    // SAFETY: valid values, which the caller keeps, and a valid atom.
    guarded_status(cx, |ctx| unsafe {
        qjs::JS_DefineProperty(ctx, object, atom.raw(), value, get, set, flags as c_int)
    })?;
    Ok(())
}

fn flag(set: bool, flag: u32) -> u32 {
    if set { flag } else { 0 }
}

/// Defines a data property of an ordinary object, if the object lets it.
pub(crate) fn define_raw(
    cx: &mut Scope<'_>,
    object: &Value,
    name: &str,
    value: Value,
    flags: u32,
) -> Result<()> {
    let atom = Atom::name(cx, name)?;
    let flags = flags
        | qjs::JS_PROP_HAS_VALUE
        | qjs::JS_PROP_HAS_WRITABLE
        | qjs::JS_PROP_HAS_ENUMERABLE
        | qjs::JS_PROP_HAS_CONFIGURABLE;
    let undefined = qjs::JS_UNDEFINED;
    // SAFETY: valid values, which are kept here, and a valid atom.
    let result = unsafe {
        let (object, value) = (object.raw(cx), value.raw(cx));
        qjs::JS_DefineProperty(
            cx.ctx,
            object,
            atom.raw(),
            value,
            undefined,
            undefined,
            flags as c_int,
        )
    };
    status(cx, result).map(drop)
}

pub(crate) fn get_own_property(
    cx: &mut Scope<'_>,
    object: &Value,
    key: PropertyKey<'_, QuickJs>,
) -> Result<Option<Property<QuickJs>>> {
    let atom = Atom::key(cx, key)?;
    let object = object.raw(cx);
    let mut found = empty_descriptor();
    // SAFETY: a valid value, a valid atom, a live descriptor.
    let is_there = guarded_status(cx, |ctx| unsafe {
        qjs::JS_GetOwnProperty(ctx, &mut found, object, atom.raw())
    })?;
    if is_there == 0 {
        return Ok(None);
    }
    let flags = found.flags as u32;
    // The counts of all three come with the descriptor.
    let value = Value::owned(cx, found.value);
    let [get, set] = [found.getter, found.setter].map(|raw| Value::owned(cx, raw));
    let kind = if flags & qjs::JS_PROP_GETSET != 0 {
        let defined =
            |value: Value| (value::type_of(&value) != ValueType::Undefined).then_some(value);
        PropertyKind::Accessor {
            get: defined(get),
            set: defined(set),
        }
    } else {
        PropertyKind::Data {
            value,
            writable: flags & qjs::JS_PROP_WRITABLE != 0,
        }
    };
    Ok(Some(Property {
        kind,
        enumerable: flags & qjs::JS_PROP_ENUMERABLE != 0,
        configurable: flags & qjs::JS_PROP_CONFIGURABLE != 0,
    }))
}

pub(crate) fn own_keys(cx: &mut Scope<'_>, object: &Value) -> Result<Vec<Value>> {
    let object = object.raw(cx);
    keys(
        cx,
        object,
        qjs::JS_GPN_STRING_MASK | qjs::JS_GPN_SYMBOL_MASK,
    )
}

/// The keys of an object that `flags` choose.
pub(crate) fn keys(cx: &mut Scope<'_>, object: qjs::JSValue, flags: u32) -> Result<Vec<Value>> {
    let mut table = std::ptr::null_mut();
    let mut len = 0;
    // SAFETY: a valid value, and live places for the results.
    guarded_status(cx, |ctx| unsafe {
        qjs::JS_GetOwnPropertyNames(ctx, &mut table, &mut len, object, flags as c_int)
    })?;
    let mut keys = Vec::with_capacity(len as usize);
    let mut result = Ok(());
    for index in 0..len as usize {
        // SAFETY: the table has `len` entries.
        let raw = unsafe { qjs::JS_AtomToValue(cx.ctx, (*table.add(index)).atom) };
        match completion(cx, raw) {
            Ok(key) => keys.push(key),
            Err(throw) => result = Err(throw),
        }
    }
    // SAFETY: the table is ours to free, once.
    unsafe { qjs::JS_FreePropertyEnum(cx.ctx, table, len) };
    result.map(|()| keys)
}

pub(crate) fn get_prototype(cx: &mut Scope<'_>, object: &Value) -> Result<Value> {
    let object = object.raw(cx);
    // SAFETY: a valid value.
    guarded(cx, |ctx| unsafe { qjs::JS_GetPrototype(ctx, object) })
}

pub(crate) fn set_prototype(cx: &mut Scope<'_>, object: &Value, proto: &Value) -> Result<()> {
    let (object, proto) = (object.raw(cx), proto.raw(cx));
    // SAFETY: valid values.
    guarded_status(cx, |ctx| unsafe {
        qjs::JS_SetPrototype(ctx, object, proto)
    })
    .map(drop)
}

pub(crate) fn freeze(cx: &mut Scope<'_>, object: &Value) -> Result<()> {
    let object = object.raw(cx);
    // SAFETY: a valid value.
    guarded_status(cx, |ctx| unsafe { qjs::JS_FreezeObject(ctx, object) }).map(drop)
}

pub(crate) fn global(cx: &mut Scope<'_>) -> Value {
    // SAFETY: the context lives; one count comes with the object.
    let raw = unsafe { qjs::JS_GetGlobalObject(cx.ctx) };
    Value::owned(cx, raw)
}

pub(crate) fn intrinsic(cx: &mut Scope<'_>, intrinsic: Intrinsic) -> Value {
    let intrinsics = cx.state.intrinsics();
    match intrinsic {
        Intrinsic::ObjectPrototype => &intrinsics.object_prototype,
        Intrinsic::FunctionPrototype => &intrinsics.function_prototype,
        Intrinsic::ErrorConstructor => &intrinsics.error,
        Intrinsic::ErrorPrototype => intrinsics.error_proto(sinew_bridge::ErrorClass::Error),
        Intrinsic::Promise => &intrinsics.promise,
    }
    .clone()
}

pub(crate) fn create_object(cx: &mut Scope<'_>, proto: &Value) -> Result<Value> {
    // SAFETY: an object or null.
    let raw = unsafe { qjs::JS_NewObjectProto(cx.ctx, proto.raw(cx)) };
    completion(cx, raw)
}

pub(crate) fn create_array(cx: &mut Scope<'_>, elements: &[Value]) -> Result<Value> {
    let Ok(count) = c_int::try_from(elements.len()) else {
        let class = sinew_bridge::ErrorClass::RangeError;
        return Err(crate::error::throw(cx, class, "invalid array length"));
    };
    let raws: Vec<_> = elements.iter().map(|element| element.dup(cx)).collect();
    // SAFETY: `count` values, whose counts are given away.
    let raw = unsafe { qjs::JS_NewArrayFrom(cx.ctx, count, raws.as_ptr()) };
    completion(cx, raw)
}

pub(crate) fn object_class(cx: &mut Scope<'_>, value: &Value) -> Option<ObjectClass> {
    let raw = value.raw(cx);
    if value::tag(raw) != qjs::JS_TAG_OBJECT {
        return None;
    }
    if is_gc_object(cx, raw) {
        return Some(ObjectClass::Other);
    }
    // SAFETY: each reads the class of a valid object.
    let class = unsafe {
        if qjs::JS_IsProxy(raw) {
            ObjectClass::Proxy
        } else if qjs::JS_IsArray(raw) {
            ObjectClass::Array
        } else if qjs::JS_IsFunction(cx.ctx, raw) {
            ObjectClass::Function
        } else {
            match qjs::JS_GetClassID(raw) {
                class if class >= cx.state.host_class.get() => ObjectClass::Platform,
                class => cx.state.classes.of(class),
            }
        }
    };
    Some(class)
}

pub(crate) fn is_ecmascript_function(cx: &mut Scope<'_>, value: &Value) -> bool {
    let raw = value.raw(cx);
    if value::tag(raw) != qjs::JS_TAG_OBJECT {
        return false;
    }
    let plain = cx.state.intrinsics().strings.concat.raw(cx);
    // SAFETY: each reads the class of a valid object.
    unsafe {
        let class = qjs::JS_GetClassID(raw);
        class == qjs::JS_GetClassID(plain) || cx.state.classes.are_code(class)
    }
}

/// The class numbers of QuickJS, which its header does not tell.
#[derive(Default)]
pub(crate) struct Classes {
    all: RefCell<Vec<ObjectClass>>,
    /// The classes of generators and asynchronous functions.
    code: RefCell<Vec<qjs::JSClassID>>,
}

impl Classes {
    /// Reads the names of all classes there are.
    ///
    /// # Safety
    /// `ctx` is a live context of `rt`.
    pub(crate) unsafe fn read(&self, rt: *mut qjs::JSRuntime, ctx: *mut qjs::JSContext) {
        let mut classes = vec![ObjectClass::Other];
        let mut code = Vec::new();
        // SAFETY: the runtime lives; names of classes are ASCII and freed once.
        unsafe {
            while qjs::JS_IsRegisteredClass(rt, classes.len() as _) {
                let name = qjs::JS_GetClassName(rt, classes.len() as _);
                let text = qjs::JS_AtomToCStringLen(ctx, std::ptr::null_mut(), name);
                let name_bytes = match text.is_null() {
                    true => &[],
                    false => std::ffi::CStr::from_ptr(text).to_bytes(),
                };
                if CODE.contains(&name_bytes) {
                    code.push(classes.len() as _);
                }
                let mut class = class_of(name_bytes);
                // Namespaces are the second class of that name.
                if class == ObjectClass::Ordinary && classes.contains(&class) {
                    class = match classes.contains(&ObjectClass::Namespace) {
                        false => ObjectClass::Namespace,
                        true => ObjectClass::Other,
                    };
                }
                classes.push(class);
                qjs::JS_FreeCString(ctx, text);
                qjs::JS_FreeAtom(ctx, name);
            }
        }
        self.all.replace(classes);
        self.code.replace(code);
    }

    fn are_code(&self, class: qjs::JSClassID) -> bool {
        self.code.borrow().contains(&class)
    }

    fn of(&self, class: qjs::JSClassID) -> ObjectClass {
        let classes = self.all.borrow();
        classes
            .get(class as usize)
            .copied()
            .unwrap_or(ObjectClass::Other)
    }
}

/// The names of the classes of generators and asynchronous functions.
const CODE: [&[u8]; 3] = [
    b"GeneratorFunction",
    b"AsyncFunction",
    b"AsyncGeneratorFunction",
];

fn class_of(name: &[u8]) -> ObjectClass {
    match name {
        b"Object" => ObjectClass::Ordinary,
        b"Error" => ObjectClass::Error,
        b"Promise" => ObjectClass::Promise,
        b"ArrayBuffer" => ObjectClass::ArrayBuffer,
        b"SharedArrayBuffer" => ObjectClass::SharedArrayBuffer,
        b"DataView" => ObjectClass::DataView,
        b"Date" => ObjectClass::Date,
        b"RegExp" => ObjectClass::RegExp,
        b"Map" => ObjectClass::Map,
        b"Set" => ObjectClass::Set,
        b"WeakMap" => ObjectClass::WeakMap,
        b"WeakSet" => ObjectClass::WeakSet,
        b"WeakRef" => ObjectClass::WeakRef,
        b"Boolean" | b"Number" | b"BigInt" | b"String" | b"Symbol" => ObjectClass::Primitive,
        name if name.ends_with(b"Array") && name.len() > 5 => ObjectClass::TypedArray,
        _ => ObjectClass::Other,
    }
}

/// The place of a well-known symbol among the intrinsics.
pub(crate) fn symbol_index(symbol: WellKnownSymbol) -> usize {
    match symbol {
        WellKnownSymbol::Iterator => 0,
        WellKnownSymbol::AsyncIterator => 1,
        WellKnownSymbol::ToStringTag => 2,
        WellKnownSymbol::HasInstance => 3,
    }
}
