//! What the engine that parses nothing consists of.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::{Rc, Weak};
use std::sync::Arc;

use super::host::EmptyHost;
use super::object::{Key, Kind, Native, Object, Property};
use super::promise::{self, Job};
use super::value::{Arguments, Value, string_to_bigint};
use crate::class::{throw, type_error};
use crate::{
    Completion, ErrorClass, FunctionSpec, Graveyard, HostConfig, HostHooks, JsHost, NativeFn,
    Termination, Throw,
};

/// Exclusive access to it.
pub(super) type Scope<'s> = &'s mut Realm;

/// What the engine consists of.
pub struct Realm {
    pub(super) hooks: Rc<dyn HostHooks<EmptyHost>>,
    pub(super) termination: Arc<Termination>,
    pub(super) jobs: VecDeque<Job>,
    pub(super) graveyard: Graveyard,
    /// All objects, to take their cycles apart in the end.
    heap: Vec<Weak<Object>>,
    /// How many native functions are running.
    depth: u32,
    pub(super) global: Value,
    pub(super) object_prototype: Value,
    pub(super) function_prototype: Value,
    pub(super) error_constructor: Value,
    pub(super) promise: Value,
    /// By [`ErrorClass`].
    pub(super) error_prototypes: Vec<Value>,
}

/// How many native functions may run within each other.
const DEEPEST: u32 = 256;

impl Drop for Realm {
    fn drop(&mut self) {
        self.jobs.clear();
        for object in std::mem::take(&mut self.heap) {
            if let Some(object) = object.upgrade() {
                drop(object.properties.take());
                drop(object.proto.replace(Value::Null));
                if let Kind::Promise(promise) = &object.kind {
                    drop(promise.replace(promise::Promise::PENDING));
                }
            }
        }
    }
}

impl Realm {
    pub(super) fn new(config: HostConfig, hooks: Rc<dyn HostHooks<EmptyHost>>) -> Self {
        Self {
            hooks,
            termination: config.termination,
            jobs: VecDeque::new(),
            graveyard: config.graveyard,
            heap: Vec::new(),
            depth: 0,
            global: Value::Undefined,
            object_prototype: Value::Null,
            function_prototype: Value::Null,
            error_constructor: Value::Undefined,
            promise: Value::Undefined,
            error_prototypes: Vec::new(),
        }
    }

    pub(super) fn allocate(&mut self, kind: Kind, proto: &Value) -> Value {
        if self.heap.len() == self.heap.capacity() {
            self.collect_garbage();
        }
        let extensible = !matches!(kind, Kind::Gc(..));
        let object = Rc::new(Object {
            kind,
            proto: RefCell::new(proto.clone()),
            properties: RefCell::default(),
            extensible: Cell::new(extensible),
        });
        self.heap.push(Rc::downgrade(&object));
        Value::Object(object)
    }

    /// Forgets the objects that are gone.
    pub(super) fn collect_garbage(&mut self) {
        self.heap.retain(|object| object.strong_count() > 0);
    }

    pub(super) fn array(&mut self, elements: &[Value]) -> Value {
        let proto = self.object_prototype.clone();
        let array = self.allocate(Kind::Array, &proto);
        if let Some(object) = array.object() {
            let length = Property {
                configurable: false,
                ..Property::readonly(Value::Number(elements.len() as f64))
            };
            let elements = elements.iter().zip(0..);
            let elements = elements.map(|(v, i)| (Key::Index(i), Property::data(v.clone())));
            let mut properties = object.properties.borrow_mut();
            properties.extend(elements);
            properties.push((Key::new("length".into()), length));
        }
        array
    }

    pub(super) fn function<F: NativeFn<EmptyHost>>(
        &mut self,
        data: F::Data,
        spec: FunctionSpec<'_>,
    ) -> Value {
        let proto = self.function_prototype.clone();
        let body: Native<F> = Native {
            data,
            constructor: spec.constructor,
        };
        let function = self.allocate(Kind::Function(Box::new(body)), &proto);
        if let Some(object) = function.object() {
            let length = Property::readonly(Value::Number(spec.length.into()));
            object.define(Key::new("length".into()), length);
            let name = Property::readonly(spec.name.into());
            object.define(Key::new("name".into()), name);
        }
        function
    }

    pub(super) fn error(
        &mut self,
        class: ErrorClass,
        proto: Option<&Value>,
        message: &str,
    ) -> Value {
        let own = &self.error_prototypes[class as usize];
        let proto = proto.unwrap_or(own).clone();
        let error = self.allocate(Kind::Error(RefCell::default()), &proto);
        if let Some(object) = error.object() {
            let message = Property::hidden(message.into());
            object.define(Key::new("message".into()), message);
        }
        error
    }

    fn ordinary(&mut self) -> Value {
        let proto = self.object_prototype.clone();
        self.allocate(Kind::Ordinary, &proto)
    }
}

/// Makes the intrinsics.
pub(super) fn populate(cx: &mut Scope<'_>) -> Completion<EmptyHost, ()> {
    cx.object_prototype = cx.ordinary();
    cx.function_prototype = cx.ordinary();
    cx.global = cx.ordinary();
    let names = [
        "Error",
        "TypeError",
        "RangeError",
        "SyntaxError",
        "ReferenceError",
    ];
    for name in names {
        let proto = cx.ordinary();
        if let (Some(object), Some(error)) = (proto.object(), cx.error_prototypes.first()) {
            object.proto.replace(error.clone());
        }
        EmptyHost::define_property(cx, &proto, "name".into(), Property::hidden(name.into()))?;
        cx.error_prototypes.push(proto);
    }
    let error = cx.error_prototypes[0].clone();
    cx.error_constructor = constructor::<ErrorConstructor>(cx, "Error", &error)?;
    let promise = cx.ordinary();
    cx.promise = constructor::<promise::Constructor>(cx, "Promise", &promise)?;
    Ok(())
}

fn constructor<F: NativeFn<EmptyHost, Data = ()>>(
    cx: &mut Scope<'_>,
    name: &str,
    proto: &Value,
) -> Completion<EmptyHost> {
    let spec = FunctionSpec {
        name,
        length: 1,
        constructor: true,
    };
    let function = EmptyHost::create_function::<F>(cx, (), spec)?;
    let global = cx.global.clone();
    let properties = [
        (&function, "prototype", proto),
        (proto, "constructor", &function),
        (&global, name, &function),
    ];
    for (object, name, value) in properties {
        EmptyHost::define_property(cx, object, name.into(), Property::hidden(value.clone()))?;
    }
    Ok(function)
}

/// [Error](https://tc39.es/ecma262/#sec-error-constructor)
struct ErrorConstructor;

impl NativeFn<EmptyHost> for ErrorConstructor {
    type Data = ();

    fn call(cx: &mut Scope<'_>, (): &(), args: Arguments<'_>) -> Completion<EmptyHost> {
        let message = EmptyHost::to_string(cx, args.get(0))?;
        let proto = match args.new_target {
            Some(new_target) => EmptyHost::get(cx, new_target, "prototype".into())?,
            None => Value::Undefined,
        };
        let proto = proto.object().map(|_| &proto);
        let message = message.text().unwrap_or_default();
        Ok(EmptyHost::create_error(
            cx,
            ErrorClass::Error,
            proto,
            &message,
        ))
    }
}

/// [OrdinaryToPrimitive](https://tc39.es/ecma262/#sec-ordinarytoprimitive)
pub(super) fn to_primitive(
    cx: &mut Scope<'_>,
    value: &Value,
    methods: [&str; 2],
) -> Completion<EmptyHost> {
    if value.object().is_none() {
        return Ok(value.clone());
    }
    for name in methods {
        let method = EmptyHost::get(cx, value, name.into())?;
        if method.is_callable() {
            let result = EmptyHost::call(cx, &method, value, &[])?;
            if result.object().is_none() {
                return Ok(result);
            }
        }
    }
    Err(type_error::<EmptyHost>(
        cx,
        "the object has no primitive value",
    ))
}

/// [ToBigInt](https://tc39.es/ecma262/#sec-tobigint) modulo 2^128, and whether that is all of it.
pub(super) fn to_bigint(cx: &mut Scope<'_>, value: &Value) -> Completion<EmptyHost, (i128, bool)> {
    match to_primitive(cx, value, NUMBER)? {
        Value::BigInt(value) => Ok((value, true)),
        Value::Boolean(value) => Ok((value.into(), true)),
        Value::String(units) => string_to_bigint(&String::from_utf16_lossy(&units))
            .ok_or_else(|| throw::<EmptyHost>(cx, ErrorClass::SyntaxError, "not a BigInt")),
        _ => Err(type_error::<EmptyHost>(cx, "cannot convert to a BigInt")),
    }
}

pub(super) const NUMBER: [&str; 2] = ["valueOf", "toString"];
pub(super) const STRING: [&str; 2] = ["toString", "valueOf"];

/// Runs a native function.
pub(super) fn call(
    cx: &mut Scope<'_>,
    function: &Value,
    args: Arguments<'_>,
) -> Completion<EmptyHost> {
    let body = function.object().and_then(|object| object.function());
    let Some(body) = body else {
        return Err(type_error::<EmptyHost>(cx, "not a function"));
    };
    if args.new_target.is_some() && !body.is_constructor() {
        return Err(type_error::<EmptyHost>(cx, "not a constructor"));
    }
    if cx.depth == DEEPEST {
        return Err(throw::<EmptyHost>(
            cx,
            ErrorClass::RangeError,
            "too much recursion",
        ));
    }
    if cx.termination.is_set() {
        return Err(Throw::Terminated);
    }
    cx.depth += 1;
    let result = catch_unwind(AssertUnwindSafe(|| body.call(cx, args)));
    cx.depth -= 1;
    if let Err(panic) = &result {
        cx.termination.set_panicked(&**panic);
    }
    match result {
        Ok(result) if !cx.termination.is_set() => result,
        _ => Err(Throw::Terminated),
    }
}

pub(super) fn defined(cx: &mut Scope<'_>, done: bool) -> Completion<EmptyHost, ()> {
    done.then_some(())
        .ok_or_else(|| type_error::<EmptyHost>(cx, "the object does not permit it"))
}
