//! A JavaScript engine that parses nothing.

use std::cell::RefCell;
use std::cmp::Ordering;
use std::ops::Range;
use std::rc::Rc;

use super::object::{self, Key, Kind, Native, Property, WeakObject};
use super::promise::{self, Job};
use super::realm::{self, Realm, Scope};
use super::value::{Arguments, Value};
use crate::class::{throw, type_error};
use crate::convert::Number;
use crate::{
    Capability, Completion, ErrorClass, FunctionSpec, HostConfig, HostData, HostHooks, Intrinsic,
    JsFeatures, JsHost, NativeFn, ObjectClass, PromiseState, PropertyKey, Trace, ValueType,
};

/// The engine.
pub struct EmptyHost(Realm);

const NOT_PARSED: &str = "this engine parses nothing";

fn no_foreign_bytes(cx: &mut Scope<'_>) -> Completion<EmptyHost> {
    Err(type_error::<EmptyHost>(cx, "no buffers over foreign bytes"))
}

impl JsHost for EmptyHost {
    const NAME: &'static str = "empty";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const FEATURES: JsFeatures = JsFeatures {
        catchable_recursion: true,
        operand_order: true,
        ..JsFeatures::NONE
    };
    const FINDS_NAMESPACES: bool = false;

    type Scope<'s> = Scope<'s>;
    type Value = Value;
    type Args<'a> = Arguments<'a>;
    type Weak = WeakObject;
    type Outcome = Completion<Self>;

    fn outcome(_: &mut Scope<'_>, completion: Completion<Self>) -> Completion<Self> {
        completion
    }

    fn outcome_of_number(cx: &mut Scope<'_>, number: Number) -> Completion<Self> {
        Ok(number.to_js::<Self>(cx))
    }

    fn new(config: HostConfig, hooks: Rc<dyn HostHooks<Self>>) -> Result<Self, String> {
        let mut realm = Realm::new(config, hooks);
        match realm::populate(&mut &mut realm) {
            Ok(()) => Ok(Self(realm)),
            Err(_) => Err("the realm could not be made".into()),
        }
    }

    fn enter<R>(&mut self, f: impl FnOnce(&mut Scope<'_>) -> R) -> R {
        f(&mut &mut self.0)
    }

    fn collect_garbage(cx: &mut Scope<'_>) {
        cx.collect_garbage();
    }

    fn undefined() -> Value {
        Value::Undefined
    }

    fn null() -> Value {
        Value::Null
    }

    fn boolean(value: bool) -> Value {
        Value::Boolean(value)
    }

    fn number_i32(value: i32) -> Value {
        Value::Number(value.into())
    }

    fn number(value: f64) -> Value {
        Value::Number(value)
    }

    fn bigint_i64(_: &mut Scope<'_>, value: i64) -> Value {
        Value::BigInt(value.into())
    }

    fn bigint_u64(_: &mut Scope<'_>, value: u64) -> Value {
        Value::BigInt(value.into())
    }

    fn string(_: &mut Scope<'_>, value: &str) -> Completion<Self> {
        Ok(value.into())
    }

    fn string_utf16(_: &mut Scope<'_>, value: &[u16]) -> Completion<Self> {
        Ok(Value::String(value.into()))
    }

    fn type_of(value: &Value) -> ValueType {
        value.type_of()
    }

    fn as_boolean(value: &Value) -> Option<bool> {
        match value {
            Value::Boolean(value) => Some(*value),
            _ => None,
        }
    }

    fn as_number(value: &Value) -> Option<f64> {
        match value {
            Value::Number(value) => Some(*value),
            _ => None,
        }
    }

    fn as_utf16(_: &mut Scope<'_>, value: &Value) -> Option<Vec<u16>> {
        Some(value.units()?.to_vec())
    }

    fn as_text(_: &mut Scope<'_>, value: &Value) -> Option<String> {
        value.text()
    }

    fn string_len(_: &mut Scope<'_>, value: &Value) -> Option<usize> {
        Some(value.units()?.len())
    }

    fn string_at(_: &mut Scope<'_>, value: &Value, index: usize) -> Option<u16> {
        value.units()?.get(index).copied()
    }

    fn string_substring(_: &mut Scope<'_>, value: &Value, range: Range<usize>) -> Completion<Self> {
        let units = value.units().and_then(|units| units.get(range));
        Ok(Value::String(units.unwrap_or_default().into()))
    }

    fn string_concat(_: &mut Scope<'_>, a: &Value, b: &Value) -> Completion<Self> {
        let units = [a, b].into_iter().filter_map(Value::units).flatten();
        Ok(Value::String(units.copied().collect()))
    }

    fn string_compare(_: &mut Scope<'_>, a: &Value, b: &Value) -> Ordering {
        a.units().cmp(&b.units())
    }

    fn same_value(_: &mut Scope<'_>, a: &Value, b: &Value) -> bool {
        a.same(b)
    }

    fn identity(value: &Value) -> Option<usize> {
        value.identity()
    }

    fn object_class(_: &mut Scope<'_>, value: &Value) -> Option<ObjectClass> {
        Some(value.object()?.class())
    }

    fn is_ecmascript_function(_: &mut Scope<'_>, _: &Value) -> bool {
        false
    }

    fn args_len(args: Arguments<'_>) -> usize {
        args.values.len()
    }

    fn arg(_: &mut Scope<'_>, args: Arguments<'_>, index: usize) -> Value {
        args.get(index).clone()
    }

    fn this(_: &mut Scope<'_>, args: Arguments<'_>) -> Value {
        args.this.clone()
    }

    fn new_target(_: &mut Scope<'_>, args: Arguments<'_>) -> Option<Value> {
        args.new_target.cloned()
    }

    fn arg_i32(args: Arguments<'_>, index: usize) -> Option<i32> {
        Self::arg_f64(args, index).map(crate::convert::to_int32)
    }

    fn arg_f64(args: Arguments<'_>, index: usize) -> Option<f64> {
        Self::as_number(args.get(index))
    }

    fn arg_i64(args: Arguments<'_>, index: usize) -> Option<i64> {
        match args.get(index) {
            Value::BigInt(value) => Some(*value as i64),
            _ => None,
        }
    }

    fn to_boolean(_: &mut Scope<'_>, value: &Value) -> bool {
        value.to_boolean()
    }

    fn to_number(cx: &mut Scope<'_>, value: &Value) -> Completion<Self, f64> {
        let number = realm::to_primitive(cx, value, realm::NUMBER)?.primitive_number();
        number.ok_or_else(|| type_error::<Self>(cx, "cannot convert to a Number"))
    }

    fn to_bigint64(cx: &mut Scope<'_>, value: &Value) -> Completion<Self, i64> {
        Ok(realm::to_bigint(cx, value)?.0 as i64)
    }

    /// Throws a RangeError beyond 128 bits.
    fn to_bigint(cx: &mut Scope<'_>, value: &Value) -> Completion<Self> {
        match realm::to_bigint(cx, value)? {
            (value, true) => Ok(Value::BigInt(value)),
            (_, false) => Err(throw::<Self>(
                cx,
                ErrorClass::RangeError,
                "too large a BigInt",
            )),
        }
    }

    fn to_string(cx: &mut Scope<'_>, value: &Value) -> Completion<Self> {
        let string = realm::to_primitive(cx, value, realm::STRING)?.primitive_string();
        string.ok_or_else(|| type_error::<Self>(cx, "cannot convert to a String"))
    }

    fn get(cx: &mut Scope<'_>, object: &Value, key: PropertyKey<'_, Self>) -> Completion<Self> {
        object::get(cx, object, key)
    }

    fn set(
        cx: &mut Scope<'_>,
        object: &Value,
        key: PropertyKey<'_, Self>,
        value: &Value,
    ) -> Completion<Self, ()> {
        object::set(cx, object, key, value)
    }

    fn define_property(
        cx: &mut Scope<'_>,
        object: &Value,
        key: PropertyKey<'_, Self>,
        property: Property,
    ) -> Completion<Self, ()> {
        let object = object.object();
        let done = object.is_some_and(|object| object.define(Key::new(key), property));
        realm::defined(cx, done)
    }

    fn get_own_property(
        _: &mut Scope<'_>,
        object: &Value,
        key: PropertyKey<'_, Self>,
    ) -> Completion<Self, Option<Property>> {
        Ok(object
            .object()
            .and_then(|object| object.get_own(&Key::new(key))))
    }

    fn own_keys(_: &mut Scope<'_>, object: &Value) -> Completion<Self, Vec<Value>> {
        Ok(object
            .object()
            .map_or(Vec::new(), |object| object.own_keys()))
    }

    fn get_prototype(_: &mut Scope<'_>, object: &Value) -> Completion<Self> {
        let object = object.object();
        Ok(object.map_or(Value::Null, |object| object.proto.borrow().clone()))
    }

    fn set_prototype(cx: &mut Scope<'_>, object: &Value, proto: &Value) -> Completion<Self, ()> {
        let done = object::set_prototype(object, proto);
        realm::defined(cx, done)
    }

    fn freeze(cx: &mut Scope<'_>, object: &Value) -> Completion<Self, ()> {
        let done = object.object().is_none_or(|object| object.freeze());
        realm::defined(cx, done)
    }

    fn is_callable(_: &mut Scope<'_>, value: &Value) -> bool {
        value.is_callable()
    }

    fn call_with_numbers<R>(
        cx: &mut Scope<'_>,
        function: &Value,
        numbers: impl ExactSizeIterator<Item = Number>,
        then: impl FnOnce(&mut Scope<'_>, Arguments<'_>) -> Completion<Self, R>,
    ) -> Completion<Self, R> {
        let args: Vec<_> = numbers.map(|number| number.to_js::<Self>(cx)).collect();
        let ret = Self::call(cx, function, &Value::Undefined, &args)?;
        let ret = Arguments {
            this: &Value::Undefined,
            values: std::slice::from_ref(&ret),
            new_target: None,
        };
        then(cx, ret)
    }

    fn call(
        cx: &mut Scope<'_>,
        function: &Value,
        this: &Value,
        args: &[Value],
    ) -> Completion<Self> {
        let args = Arguments {
            this,
            values: args,
            new_target: None,
        };
        realm::call(cx, function, args)
    }

    fn construct(
        cx: &mut Scope<'_>,
        constructor: &Value,
        args: &[Value],
        new_target: &Value,
    ) -> Completion<Self> {
        let args = Arguments {
            this: &Value::Undefined,
            values: args,
            new_target: Some(new_target),
        };
        realm::call(cx, constructor, args)
    }

    fn global(cx: &mut Scope<'_>) -> Value {
        cx.global.clone()
    }

    fn intrinsic(cx: &mut Scope<'_>, intrinsic: Intrinsic) -> Value {
        match intrinsic {
            Intrinsic::ObjectPrototype => cx.object_prototype.clone(),
            Intrinsic::FunctionPrototype => cx.function_prototype.clone(),
            Intrinsic::ErrorConstructor => cx.error_constructor.clone(),
            Intrinsic::ErrorPrototype => cx.error_prototypes[0].clone(),
            Intrinsic::Promise => cx.promise.clone(),
        }
    }

    fn create_object(cx: &mut Scope<'_>, proto: &Value) -> Completion<Self> {
        Ok(cx.allocate(Kind::Ordinary, proto))
    }

    fn create_array(cx: &mut Scope<'_>, elements: &[Value]) -> Completion<Self> {
        Ok(cx.array(elements))
    }

    fn create_host_object(cx: &mut Scope<'_>, proto: &Value, data: HostData) -> Completion<Self> {
        let graveyard = cx.graveyard.clone();
        Ok(cx.allocate(Kind::Host(data, graveyard), proto))
    }

    fn create_state_object<T: Trace<Self>>(
        cx: &mut Scope<'_>,
        proto: &Value,
        state: T,
    ) -> Completion<Self> {
        Ok(cx.allocate(Kind::State(Rc::new(state)), proto))
    }

    fn state<T: Trace<Self>>(_: &mut Scope<'_>, value: &Value) -> Option<Rc<T>> {
        match &value.object()?.kind {
            Kind::State(state) => state.clone().downcast().ok(),
            _ => None,
        }
    }

    fn create_gc_object(cx: &mut Scope<'_>, data: HostData) -> Completion<Self> {
        let graveyard = cx.graveyard.clone();
        Ok(cx.allocate(Kind::Gc(data, graveyard), &Value::Null))
    }

    fn host_data(_: &mut Scope<'_>, value: &Value) -> Option<HostData> {
        match &value.object()?.kind {
            Kind::Host(data, _) | Kind::Gc(data, _) => Some(*data),
            _ => None,
        }
    }

    fn create_function<F: NativeFn<Self>>(
        cx: &mut Scope<'_>,
        data: F::Data,
        spec: FunctionSpec<'_>,
    ) -> Completion<Self> {
        Ok(cx.function::<F>(data, spec))
    }

    fn create_closure<F: NativeFn<Self>>(
        cx: &mut Scope<'_>,
        data: F::Data,
        spec: FunctionSpec<'_>,
    ) -> Completion<Self>
    where
        F::Data: Trace<Self>,
    {
        Self::create_function::<F>(cx, data, spec)
    }

    fn function_data<F: NativeFn<Self>>(_: &mut Scope<'_>, value: &Value) -> Option<F::Data>
    where
        F::Data: Clone,
    {
        let body = value.object()?.function()?.as_any();
        Some(body.downcast_ref::<Native<F>>()?.data.clone())
    }

    fn downgrade(_: &mut Scope<'_>, value: &Value) -> WeakObject {
        WeakObject(value.object().map(Rc::downgrade).unwrap_or_default())
    }

    fn upgrade(_: &mut Scope<'_>, weak: &WeakObject) -> Option<Value> {
        weak.0.upgrade().map(Value::Object)
    }

    fn create_error(
        cx: &mut Scope<'_>,
        class: ErrorClass,
        proto: Option<&Value>,
        message: &str,
    ) -> Value {
        cx.error(class, proto, message)
    }

    fn error_stack(_: &mut Scope<'_>, error: &Value) -> String {
        error
            .object()
            .map_or(String::new(), |error| error.stack_text())
    }

    fn prepend_stack(_: &mut Scope<'_>, error: &Value, frames: &[String]) {
        if let Some(error) = error.object() {
            error.prepend_stack(frames);
        }
    }

    /// Throws: in safe Rust every buffer owns its bytes.
    unsafe fn array_buffer_over(cx: &mut Scope<'_>, _: *mut u8, _: usize) -> Completion<Self> {
        no_foreign_bytes(cx)
    }

    /// Throws, as [`array_buffer_over`](Self::array_buffer_over).
    unsafe fn resizable_buffer_over(
        cx: &mut Scope<'_>,
        _: *mut u8,
        _: usize,
        _: usize,
    ) -> Completion<Self> {
        no_foreign_bytes(cx)
    }

    /// Throws, as [`array_buffer_over`](Self::array_buffer_over).
    unsafe fn shared_buffer_over(
        cx: &mut Scope<'_>,
        _: *mut u8,
        _: usize,
        _: Option<usize>,
    ) -> Completion<Self> {
        no_foreign_bytes(cx)
    }

    /// There are no such buffers.
    unsafe fn set_buffer_len(_: &mut Scope<'_>, _: &Value, _: usize) {}

    // Every view has a buffer of its own length.
    fn is_out_of_bounds(_: &mut Scope<'_>, _: &Value) -> bool {
        false
    }

    fn detach(_: &mut Scope<'_>, buffer: &Value) {
        if let Some(Kind::Bytes(_, bytes)) = buffer.object().map(|object| &object.kind) {
            bytes.take();
        }
    }

    fn transfer(cx: &mut Scope<'_>, buffer: &Value) -> Completion<Self> {
        let bytes = match buffer.object().map(|object| &object.kind) {
            Some(Kind::Bytes(ObjectClass::ArrayBuffer, bytes)) => bytes.take(),
            _ => return Err(type_error::<Self>(cx, "not an ArrayBuffer")),
        };
        Self::create_array_buffer(cx, &bytes)
    }

    fn create_array_buffer(cx: &mut Scope<'_>, bytes: &[u8]) -> Completion<Self> {
        let proto = cx.object_prototype.clone();
        let bytes = RefCell::new(bytes.to_vec());
        Ok(cx.allocate(Kind::Bytes(ObjectClass::ArrayBuffer, bytes), &proto))
    }

    fn create_uint8_array(cx: &mut Scope<'_>, bytes: &[u8]) -> Completion<Self> {
        let proto = cx.object_prototype.clone();
        let bytes = RefCell::new(bytes.to_vec());
        Ok(cx.allocate(Kind::Bytes(ObjectClass::TypedArray, bytes), &proto))
    }

    fn with_bytes<R>(cx: &mut Scope<'_>, value: &Value, f: impl FnOnce(&[u8]) -> R) -> Option<R> {
        Self::with_bytes_mut(cx, value, |bytes| f(bytes))
    }

    fn with_bytes_mut<R>(
        _: &mut Scope<'_>,
        value: &Value,
        f: impl FnOnce(&mut [u8]) -> R,
    ) -> Option<R> {
        match &value.object()?.kind {
            Kind::Bytes(_, bytes) => Some(f(&mut bytes.borrow_mut())),
            _ => None,
        }
    }

    fn new_promise(cx: &mut Scope<'_>) -> Completion<Self, Capability<Self>> {
        promise::capability(cx)
    }

    fn promise_state(_: &mut Scope<'_>, value: &Value) -> Option<PromiseState<Value>> {
        Some(promise::of(value)?.borrow().state.clone())
    }

    fn promise_then(
        cx: &mut Scope<'_>,
        promise: &Value,
        on_fulfilled: &Value,
        on_rejected: &Value,
    ) -> Completion<Self, ()> {
        promise::then(cx, promise, on_fulfilled, on_rejected)
    }

    fn enqueue_job(cx: &mut Scope<'_>, function: &Value) -> Completion<Self, ()> {
        cx.jobs.push_back(Job::of(function));
        Ok(())
    }

    fn run_job(cx: &mut Scope<'_>) -> Completion<Self, bool> {
        promise::run_job(cx)
    }

    fn eval_script(cx: &mut Scope<'_>, _: &str, _: &str) -> Completion<Self> {
        Err(throw::<Self>(cx, ErrorClass::SyntaxError, NOT_PARSED))
    }

    fn import(cx: &mut Scope<'_>, _: &str, _: &str) -> Completion<Self> {
        let capability = promise::capability(cx)?;
        let error = Self::create_error(cx, ErrorClass::SyntaxError, None, NOT_PARSED);
        Self::call(cx, &capability.reject, &Value::Undefined, &[error])?;
        Ok(capability.promise)
    }

    fn active_script_or_module(_: &mut Scope<'_>) -> Option<String> {
        None
    }

    fn module_namespace(_: &mut Scope<'_>, _: &str) -> Completion<Self, Option<Value>> {
        Ok(None)
    }

    fn parse_json(cx: &mut Scope<'_>, _: &str) -> Completion<Self> {
        Err(throw::<Self>(cx, ErrorClass::SyntaxError, NOT_PARSED))
    }
}
