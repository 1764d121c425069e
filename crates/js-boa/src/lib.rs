//! Boa as the JavaScript side of Sinew's seam: [`Boa`] implements
//! [`JsHost`] over `boa_engine`, in pure Rust.
//!
//! # Limits of the engine
//! - Running code cannot be interrupted; a [`Termination`](sinew_bridge::Termination) takes hold
//!   at the next call of a native function of ours.
//! - Endless recursion is stopped by counting frames. JavaScript alone cannot catch it; from the
//!   first native function outward it is a RangeError. An async function or generator that meets
//!   the limit makes Boa panic, which terminates the runtime.
//! - Recursion that Boa does not count ends the process: in its parser (some 30 KiB of stack for
//!   each level of nesting in the source text) and in built-ins that call each other without
//!   JavaScript between (`JSON.stringify` of arrays nested thousands deep, chains of thousands of
//!   proxies or prototypes). Boa is for code that is trusted not to do that.
//! - A module with `for await` at its top level counts as evaluated when it first waits there, and
//!   its importers go on.
//! - There is no SharedArrayBuffer over foreign bytes: Boa's owns its bytes.
//! - Values belong to the thread of the runtime. Boa's heap is one per thread.

mod buffer;
mod error;
mod function;
mod job;
mod json;
mod module;
mod object;
mod scope;
mod value;

use std::cmp::Ordering;
use std::ops::Range;
use std::rc::Rc;

use boa_engine::{Context, JsString, JsValue};
use sinew_bridge::convert::Number;
use sinew_bridge::{
    Capability, Completion, ErrorClass, FunctionSpec, HostConfig, HostData, HostHooks, Intrinsic,
    JsFeatures, JsHost, NativeFn, ObjectClass, PromiseState, Property, PropertyKey, Trace,
    ValueType,
};

pub use function::Args;
pub use object::Weak;
pub use scope::Scope;

/// A Boa runtime with one realm.
pub struct Boa {
    // In this order: what ends the runtime collects what the context leaves behind.
    context: Box<Context>,
    ending: scope::Ending,
}

impl JsHost for Boa {
    const NAME: &'static str = "boa";
    const VERSION: &'static str = "0.22.0";
    /// No shared buffers: Boa's SharedArrayBuffer owns its bytes, behind an `Arc` of a private type
    /// that only its own constructor makes.
    const FEATURES: JsFeatures = JsFeatures {
        resizable_buffers: true,
        ..JsFeatures::NONE
    };
    const FINDS_NAMESPACES: bool = true;

    type Scope<'s> = Scope<'s>;
    type Value = JsValue;
    type Args<'a> = Args<'a>;
    type Outcome = Completion<Self>;
    type Weak = Weak;

    fn new(config: HostConfig, hooks: Rc<dyn HostHooks<Self>>) -> Result<Self, String> {
        scope::new(config, hooks)
    }

    fn enter<R>(&mut self, f: impl FnOnce(&mut Scope<'_>) -> R) -> R {
        self.run_in(f)
    }

    fn collect_garbage(cx: &mut Scope<'_>) {
        cx.collect_garbage();
    }

    #[inline]
    fn undefined() -> JsValue {
        JsValue::undefined()
    }

    #[inline]
    fn null() -> JsValue {
        JsValue::null()
    }

    #[inline]
    fn boolean(value: bool) -> JsValue {
        JsValue::new(value)
    }

    #[inline]
    fn number_i32(value: i32) -> JsValue {
        JsValue::new(value)
    }

    #[inline]
    fn number(value: f64) -> JsValue {
        JsValue::rational(value)
    }

    #[inline]
    fn bigint_i64(_: &mut Scope<'_>, value: i64) -> JsValue {
        value::bigint(value)
    }

    fn bigint_u64(_: &mut Scope<'_>, value: u64) -> JsValue {
        value::bigint(value)
    }

    fn string(_: &mut Scope<'_>, value: &str) -> Completion<Self> {
        Ok(JsString::from(value).into())
    }

    fn string_utf16(_: &mut Scope<'_>, value: &[u16]) -> Completion<Self> {
        Ok(JsString::from(value).into())
    }

    fn type_of(value: &JsValue) -> ValueType {
        value::type_of(value)
    }

    #[inline]
    fn as_boolean(value: &JsValue) -> Option<bool> {
        value.as_boolean()
    }

    #[inline]
    fn as_number(value: &JsValue) -> Option<f64> {
        value.as_number()
    }

    fn as_utf16(_: &mut Scope<'_>, value: &JsValue) -> Option<Vec<u16>> {
        value::as_utf16(value)
    }

    fn as_text(_: &mut Scope<'_>, value: &JsValue) -> Option<String> {
        value::as_text(value)
    }

    fn string_len(_: &mut Scope<'_>, value: &JsValue) -> Option<usize> {
        Some(value.as_string()?.len())
    }

    fn string_at(_: &mut Scope<'_>, value: &JsValue, index: usize) -> Option<u16> {
        value.as_string()?.code_unit_at(index)
    }

    fn string_substring(
        _: &mut Scope<'_>,
        value: &JsValue,
        range: Range<usize>,
    ) -> Completion<Self> {
        Ok(value::substring(value, range))
    }

    fn string_concat(cx: &mut Scope<'_>, a: &JsValue, b: &JsValue) -> Completion<Self> {
        value::concat(cx, a, b)
    }

    fn string_compare(_: &mut Scope<'_>, a: &JsValue, b: &JsValue) -> Ordering {
        a.as_string().cmp(&b.as_string())
    }

    fn same_value(_: &mut Scope<'_>, a: &JsValue, b: &JsValue) -> bool {
        JsValue::same_value(a, b)
    }

    fn identity(value: &JsValue) -> Option<usize> {
        value::identity(value)
    }

    fn object_class(cx: &mut Scope<'_>, value: &JsValue) -> Option<ObjectClass> {
        object::object_class(cx, value)
    }

    #[inline]
    fn outcome(_: &mut Scope<'_>, completion: Completion<Self>) -> Completion<Self> {
        completion
    }

    #[inline]
    fn outcome_of_number(cx: &mut Scope<'_>, number: Number) -> Completion<Self> {
        Ok(number.to_js::<Self>(cx))
    }

    fn is_ecmascript_function(_: &mut Scope<'_>, value: &JsValue) -> bool {
        object::is_ecmascript_function(value)
    }

    #[inline]
    fn args_len(args: Args<'_>) -> usize {
        args.list().len()
    }

    #[inline]
    fn arg(_: &mut Scope<'_>, args: Args<'_>, index: usize) -> JsValue {
        args.list().get(index).cloned().unwrap_or_default()
    }

    #[inline]
    fn this(_: &mut Scope<'_>, args: Args<'_>) -> JsValue {
        args.this()
    }

    #[inline]
    fn new_target(_: &mut Scope<'_>, args: Args<'_>) -> Option<JsValue> {
        args.new_target()
    }

    #[inline]
    fn arg_i32(args: Args<'_>, index: usize) -> Option<i32> {
        value::to_int32(args.list().get(index)?)
    }

    #[inline]
    fn arg_f64(args: Args<'_>, index: usize) -> Option<f64> {
        args.list().get(index)?.as_number()
    }

    #[inline]
    fn arg_i64(args: Args<'_>, index: usize) -> Option<i64> {
        value::to_bigint64(args.list().get(index)?)
    }

    fn to_boolean(_: &mut Scope<'_>, value: &JsValue) -> bool {
        value.to_boolean()
    }

    fn to_number(cx: &mut Scope<'_>, value: &JsValue) -> Completion<Self, f64> {
        cx.run(|context| value.to_number(context))
    }

    fn to_bigint64(cx: &mut Scope<'_>, value: &JsValue) -> Completion<Self, i64> {
        cx.run(|context| value.to_big_int64(context))
    }

    fn to_bigint(cx: &mut Scope<'_>, value: &JsValue) -> Completion<Self> {
        cx.run(|context| Ok(value.to_bigint(context)?.into()))
    }

    fn to_string(cx: &mut Scope<'_>, value: &JsValue) -> Completion<Self> {
        cx.run(|context| Ok(value.to_string(context)?.into()))
    }

    fn get(cx: &mut Scope<'_>, object: &JsValue, key: PropertyKey<'_, Self>) -> Completion<Self> {
        object::get(cx, object, key)
    }

    fn set(
        cx: &mut Scope<'_>,
        object: &JsValue,
        key: PropertyKey<'_, Self>,
        value: &JsValue,
    ) -> Completion<Self, ()> {
        object::set(cx, object, key, value)
    }

    fn define_property(
        cx: &mut Scope<'_>,
        object: &JsValue,
        key: PropertyKey<'_, Self>,
        property: Property<Self>,
    ) -> Completion<Self, ()> {
        object::define_property(cx, object, key, property)
    }

    fn get_own_property(
        cx: &mut Scope<'_>,
        object: &JsValue,
        key: PropertyKey<'_, Self>,
    ) -> Completion<Self, Option<Property<Self>>> {
        object::get_own_property(cx, object, key)
    }

    fn own_keys(cx: &mut Scope<'_>, object: &JsValue) -> Completion<Self, Vec<JsValue>> {
        object::own_keys(cx, object)
    }

    fn get_prototype(cx: &mut Scope<'_>, object: &JsValue) -> Completion<Self> {
        object::get_prototype(cx, object)
    }

    fn set_prototype(
        cx: &mut Scope<'_>,
        object: &JsValue,
        proto: &JsValue,
    ) -> Completion<Self, ()> {
        object::set_prototype(cx, object, proto)
    }

    fn freeze(cx: &mut Scope<'_>, object: &JsValue) -> Completion<Self, ()> {
        object::freeze(cx, object)
    }

    fn is_callable(_: &mut Scope<'_>, value: &JsValue) -> bool {
        value.is_callable()
    }

    fn call(
        cx: &mut Scope<'_>,
        function: &JsValue,
        this: &JsValue,
        args: &[JsValue],
    ) -> Completion<Self> {
        function::call(cx, function, this, args)
    }

    #[inline]
    fn call_with_numbers<R>(
        cx: &mut Scope<'_>,
        function: &JsValue,
        numbers: impl ExactSizeIterator<Item = Number>,
        then: impl FnOnce(&mut Scope<'_>, Args<'_>) -> Completion<Self, R>,
    ) -> Completion<Self, R> {
        function::call_with_numbers(cx, function, numbers, then)
    }

    fn construct(
        cx: &mut Scope<'_>,
        constructor: &JsValue,
        args: &[JsValue],
        new_target: &JsValue,
    ) -> Completion<Self> {
        function::construct(cx, constructor, args, new_target)
    }

    fn global(cx: &mut Scope<'_>) -> JsValue {
        cx.context.global_object().into()
    }

    fn intrinsic(cx: &mut Scope<'_>, intrinsic: Intrinsic) -> JsValue {
        object::intrinsic(cx, intrinsic)
    }

    fn create_object(cx: &mut Scope<'_>, proto: &JsValue) -> Completion<Self> {
        Ok(object::create_object(cx, proto))
    }

    fn create_array(cx: &mut Scope<'_>, elements: &[JsValue]) -> Completion<Self> {
        object::create_array(cx, elements)
    }

    fn create_host_object(cx: &mut Scope<'_>, proto: &JsValue, data: HostData) -> Completion<Self> {
        Ok(object::create_host_object(cx, proto, data))
    }

    fn create_state_object<T: Trace<Self>>(
        cx: &mut Scope<'_>,
        proto: &JsValue,
        state: T,
    ) -> Completion<Self> {
        Ok(object::create_state_object(cx, proto, state))
    }

    fn state<T: Trace<Self>>(_: &mut Scope<'_>, value: &JsValue) -> Option<Rc<T>> {
        object::state(value)
    }

    fn create_gc_object(cx: &mut Scope<'_>, data: HostData) -> Completion<Self> {
        object::create_gc_object(cx, data)
    }

    #[inline]
    fn host_data(cx: &mut Scope<'_>, value: &JsValue) -> Option<HostData> {
        object::host_data(cx, value)
    }

    fn create_function<F: NativeFn<Self>>(
        cx: &mut Scope<'_>,
        data: F::Data,
        spec: FunctionSpec<'_>,
    ) -> Completion<Self> {
        Ok(function::create::<F>(cx, data, spec))
    }

    fn create_closure<F: NativeFn<Self>>(
        cx: &mut Scope<'_>,
        data: F::Data,
        spec: FunctionSpec<'_>,
    ) -> Completion<Self>
    where
        F::Data: Trace<Self>,
    {
        Ok(function::create_closure::<F>(cx, data, spec))
    }

    fn function_data<F: NativeFn<Self>>(cx: &mut Scope<'_>, value: &JsValue) -> Option<F::Data>
    where
        F::Data: Clone,
    {
        function::data::<F>(cx, value)
    }

    fn downgrade(cx: &mut Scope<'_>, value: &JsValue) -> Weak {
        object::downgrade(cx, value)
    }

    fn upgrade(_: &mut Scope<'_>, weak: &Weak) -> Option<JsValue> {
        object::upgrade(weak)
    }

    fn create_error(
        cx: &mut Scope<'_>,
        class: ErrorClass,
        proto: Option<&JsValue>,
        message: &str,
    ) -> JsValue {
        error::create_error(cx, class, proto, message)
    }

    fn error_stack(cx: &mut Scope<'_>, error: &JsValue) -> String {
        error::error_stack(cx, error)
    }

    fn prepend_stack(cx: &mut Scope<'_>, error: &JsValue, frames: &[String]) {
        error::prepend_stack(cx, error, frames);
    }

    unsafe fn array_buffer_over(cx: &mut Scope<'_>, data: *mut u8, len: usize) -> Completion<Self> {
        // SAFETY: the same contract.
        unsafe { buffer::array_buffer_over(cx, data, len) }
    }

    unsafe fn resizable_buffer_over(
        cx: &mut Scope<'_>,
        data: *mut u8,
        len: usize,
        max: usize,
    ) -> Completion<Self> {
        // SAFETY: the same contract.
        unsafe { buffer::resizable_buffer_over(cx, data, len, max) }
    }

    unsafe fn shared_buffer_over(
        cx: &mut Scope<'_>,
        _: *mut u8,
        _: usize,
        _: Option<usize>,
    ) -> Completion<Self> {
        Err(buffer::no_shared_buffers(cx))
    }

    unsafe fn set_buffer_len(cx: &mut Scope<'_>, buffer: &JsValue, len: usize) {
        // SAFETY: the same contract.
        unsafe { buffer::set_len(cx, buffer, len) }
    }

    fn is_out_of_bounds(cx: &mut Scope<'_>, value: &JsValue) -> bool {
        buffer::is_out_of_bounds(cx, value)
    }

    fn detach(_: &mut Scope<'_>, buffer: &JsValue) {
        buffer::detach(buffer);
    }

    fn transfer(cx: &mut Scope<'_>, buffer: &JsValue) -> Completion<Self> {
        buffer::transfer(cx, buffer)
    }

    fn create_array_buffer(cx: &mut Scope<'_>, bytes: &[u8]) -> Completion<Self> {
        buffer::create_array_buffer(cx, bytes)
    }

    fn create_uint8_array(cx: &mut Scope<'_>, bytes: &[u8]) -> Completion<Self> {
        buffer::create_uint8_array(cx, bytes)
    }

    fn with_bytes<R>(cx: &mut Scope<'_>, value: &JsValue, f: impl FnOnce(&[u8]) -> R) -> Option<R> {
        buffer::with_bytes(cx, value, f)
    }

    fn with_bytes_mut<R>(
        cx: &mut Scope<'_>,
        value: &JsValue,
        f: impl FnOnce(&mut [u8]) -> R,
    ) -> Option<R> {
        buffer::with_bytes_mut(cx, value, f)
    }

    fn new_promise(cx: &mut Scope<'_>) -> Completion<Self, Capability<Self>> {
        job::new_promise(cx)
    }

    fn promise_state(_: &mut Scope<'_>, value: &JsValue) -> Option<PromiseState<JsValue>> {
        job::promise_state(value)
    }

    fn promise_then(
        cx: &mut Scope<'_>,
        promise: &JsValue,
        on_fulfilled: &JsValue,
        on_rejected: &JsValue,
    ) -> Completion<Self, ()> {
        job::promise_then(cx, promise, on_fulfilled, on_rejected)
    }

    fn enqueue_job(cx: &mut Scope<'_>, function: &JsValue) -> Completion<Self, ()> {
        job::enqueue_job(cx, function)
    }

    fn run_job(cx: &mut Scope<'_>) -> Completion<Self, bool> {
        job::run_job(cx)
    }

    fn eval_script(cx: &mut Scope<'_>, name: &str, source: &str) -> Completion<Self> {
        module::eval_script(cx, name, source)
    }

    fn import(cx: &mut Scope<'_>, referrer: &str, specifier: &str) -> Completion<Self> {
        module::import(cx, referrer, specifier)
    }

    fn active_script_or_module(cx: &mut Scope<'_>) -> Option<String> {
        module::active_script_or_module(cx)
    }

    fn module_namespace(cx: &mut Scope<'_>, name: &str) -> Completion<Self, Option<JsValue>> {
        module::namespace(cx, name)
    }

    fn parse_json(cx: &mut Scope<'_>, text: &str) -> Completion<Self> {
        module::parse_json(cx, text)
    }
}
