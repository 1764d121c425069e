//! QuickJS behind the seam.
//!
//! [`QuickJs`] is quickjs-ng through the raw interface of [`rquickjs`]: the seam is a list of raw
//! operations, and so is QuickJS's C API. What the C API does not give is made here:
//!
//! - A native function is an object of a class of its own (`function.rs`): the cheapest call there
//!   is, into a trampoline that has the body inlined.
//! - A buffer over foreign bytes cannot be transferred, and asks before it is resized (`buffer.rs`).
//! - An Exported GC Object is a proxy that no user code can make (`object/host.rs`).
//! - A module graph that cannot be loaded leaves nothing behind (`module.rs`).
//! - A termination is an uncatchable error, and ends what would swallow it too (`scope.rs`).
//! - Handles that outlive their runtime are empty (`value.rs`).

mod buffer;
mod error;
mod function;
mod job;
mod module;
mod object;
mod scope;
mod value;

use std::cmp::Ordering;
use std::ops::Range;
use std::rc::Rc;

use sinew_bridge::convert::Number;
use sinew_bridge::{
    Capability, ErrorClass, FunctionSpec, HostConfig, HostData, HostHooks, Intrinsic, JsFeatures,
    JsHost, NativeFn, ObjectClass, PromiseState, Property, PropertyKey, Trace, ValueType,
};

use crate::error::Result;
pub use crate::function::{Args, Outcome};
pub use crate::object::Weak;
pub use crate::scope::Scope;
pub use crate::value::Value;
use crate::value::Word;

/// A QuickJS runtime with one realm.
///
/// Its native stack is measured from where it is made, on the thread where it is made.
pub struct QuickJs {
    state: Rc<scope::State>,
}

impl std::fmt::Debug for QuickJs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("QuickJs").finish_non_exhaustive()
    }
}

impl Drop for QuickJs {
    fn drop(&mut self) {
        scope::close(&self.state);
    }
}

impl JsHost for QuickJs {
    const NAME: &'static str = "quickjs";
    const VERSION: &'static str = "0.16.2";
    const FEATURES: JsFeatures = JsFeatures::ALL;
    /// QuickJS gives the namespace of a module by its record, and does not say whether it is linked:
    /// before that it would read what is not there.
    const FINDS_NAMESPACES: bool = false;

    type Scope<'s> = Scope<'s>;
    type Value = Value;
    type Args<'a> = Args<'a>;
    type Outcome = Outcome;
    type Weak = Weak;

    // life

    fn new(config: HostConfig, hooks: Rc<dyn HostHooks<Self>>) -> Result<Self, String> {
        scope::open(config, hooks).map(|state| Self { state })
    }

    fn enter<R>(&mut self, f: impl FnOnce(&mut Scope<'_>) -> R) -> R {
        scope::enter(&self.state, f)
    }

    fn collect_garbage(cx: &mut Scope<'_>) {
        scope::collect_garbage(cx)
    }

    // values

    #[inline]
    fn undefined() -> Value {
        Value::immediate(Word::UNDEFINED)
    }

    fn null() -> Value {
        Value::immediate(Word::NULL)
    }

    fn boolean(value: bool) -> Value {
        Value::immediate(Word::boolean(value))
    }

    #[inline]
    fn number_i32(value: i32) -> Value {
        Value::immediate(Word::number_i32(value))
    }

    #[inline]
    fn number(value: f64) -> Value {
        Value::immediate(Word::number(value))
    }

    #[inline]
    fn bigint_i64(cx: &mut Scope<'_>, value: i64) -> Value {
        value::bigint_i64(cx, value)
    }

    fn bigint_u64(cx: &mut Scope<'_>, value: u64) -> Value {
        value::bigint_u64(cx, value)
    }

    fn string(cx: &mut Scope<'_>, value: &str) -> Result<Value> {
        value::string(cx, value)
    }

    fn string_utf16(cx: &mut Scope<'_>, value: &[u16]) -> Result<Value> {
        value::string_utf16(cx, value)
    }

    fn type_of(value: &Value) -> ValueType {
        value::type_of(value)
    }

    fn as_boolean(value: &Value) -> Option<bool> {
        value::as_boolean(value)
    }

    #[inline]
    fn as_number(value: &Value) -> Option<f64> {
        value::as_number(value)
    }

    fn as_utf16(cx: &mut Scope<'_>, value: &Value) -> Option<Vec<u16>> {
        value::as_utf16(cx, value)
    }

    fn as_text(cx: &mut Scope<'_>, value: &Value) -> Option<String> {
        value::as_text(cx, value)
    }

    fn string_len(cx: &mut Scope<'_>, value: &Value) -> Option<usize> {
        value::string_len(cx, value)
    }

    fn string_at(cx: &mut Scope<'_>, value: &Value, index: usize) -> Option<u16> {
        value::string_at(cx, value, index)
    }

    fn string_substring(cx: &mut Scope<'_>, value: &Value, range: Range<usize>) -> Result<Value> {
        value::string_substring(cx, value, range)
    }

    fn string_concat(cx: &mut Scope<'_>, a: &Value, b: &Value) -> Result<Value> {
        value::string_concat(cx, a, b)
    }

    fn string_compare(cx: &mut Scope<'_>, a: &Value, b: &Value) -> Ordering {
        value::string_compare(cx, a, b)
    }

    fn same_value(cx: &mut Scope<'_>, a: &Value, b: &Value) -> bool {
        value::same_value(cx, a, b)
    }

    fn identity(value: &Value) -> Option<usize> {
        value::identity(value)
    }

    fn object_class(cx: &mut Scope<'_>, value: &Value) -> Option<ObjectClass> {
        object::object_class(cx, value)
    }

    fn is_ecmascript_function(cx: &mut Scope<'_>, value: &Value) -> bool {
        object::is_ecmascript_function(cx, value)
    }

    // arguments of a native call

    #[inline]
    fn outcome(cx: &mut Scope<'_>, completion: Result<Value>) -> Outcome {
        function::outcome(cx, completion)
    }

    #[inline(always)]
    fn outcome_of_number(cx: &mut Scope<'_>, number: Number) -> Outcome {
        function::outcome_of_number(cx, number)
    }

    #[inline]
    fn args_len(args: Args<'_>) -> usize {
        args.len()
    }

    fn arg(cx: &mut Scope<'_>, args: Args<'_>, index: usize) -> Value {
        function::arg(cx, args, index)
    }

    fn this(cx: &mut Scope<'_>, args: Args<'_>) -> Value {
        function::this(cx, args)
    }

    fn new_target(cx: &mut Scope<'_>, args: Args<'_>) -> Option<Value> {
        function::new_target(cx, args)
    }

    #[inline]
    fn arg_i32(args: Args<'_>, index: usize) -> Option<i32> {
        function::arg_i32(args, index)
    }

    #[inline]
    fn arg_f64(args: Args<'_>, index: usize) -> Option<f64> {
        function::arg_f64(args, index)
    }

    #[inline]
    fn arg_i64(args: Args<'_>, index: usize) -> Option<i64> {
        function::arg_i64(args, index)
    }

    // abstract operations

    fn to_boolean(cx: &mut Scope<'_>, value: &Value) -> bool {
        value::to_boolean(cx, value)
    }

    #[inline]
    fn to_number(cx: &mut Scope<'_>, value: &Value) -> Result<f64> {
        value::to_number(cx, value)
    }

    fn to_bigint64(cx: &mut Scope<'_>, value: &Value) -> Result<i64> {
        value::to_bigint64(cx, value)
    }

    fn to_bigint(cx: &mut Scope<'_>, value: &Value) -> Result<Value> {
        value::to_bigint(cx, value)
    }

    fn to_string(cx: &mut Scope<'_>, value: &Value) -> Result<Value> {
        value::to_string(cx, value)
    }

    fn get(cx: &mut Scope<'_>, object: &Value, key: PropertyKey<'_, Self>) -> Result<Value> {
        object::get(cx, object, key)
    }

    fn set(
        cx: &mut Scope<'_>,
        object: &Value,
        key: PropertyKey<'_, Self>,
        value: &Value,
    ) -> Result<()> {
        object::set(cx, object, key, value)
    }

    fn define_property(
        cx: &mut Scope<'_>,
        object: &Value,
        key: PropertyKey<'_, Self>,
        property: Property<Self>,
    ) -> Result<()> {
        object::define_property(cx, object, key, property)
    }

    fn get_own_property(
        cx: &mut Scope<'_>,
        object: &Value,
        key: PropertyKey<'_, Self>,
    ) -> Result<Option<Property<Self>>> {
        object::get_own_property(cx, object, key)
    }

    fn own_keys(cx: &mut Scope<'_>, object: &Value) -> Result<Vec<Value>> {
        object::own_keys(cx, object)
    }

    fn get_prototype(cx: &mut Scope<'_>, object: &Value) -> Result<Value> {
        object::get_prototype(cx, object)
    }

    fn set_prototype(cx: &mut Scope<'_>, object: &Value, proto: &Value) -> Result<()> {
        object::set_prototype(cx, object, proto)
    }

    fn freeze(cx: &mut Scope<'_>, object: &Value) -> Result<()> {
        object::freeze(cx, object)
    }

    fn is_callable(cx: &mut Scope<'_>, value: &Value) -> bool {
        function::is_callable(cx, value)
    }

    #[inline]
    fn call(cx: &mut Scope<'_>, function: &Value, this: &Value, args: &[Value]) -> Result<Value> {
        function::call(cx, function, this, args)
    }

    #[inline(always)]
    fn call_with_numbers<R>(
        cx: &mut Scope<'_>,
        function: &Value,
        numbers: impl ExactSizeIterator<Item = Number>,
        then: impl FnOnce(&mut Scope<'_>, Args<'_>) -> Result<R>,
    ) -> Result<R> {
        function::call_with_numbers(cx, function, numbers, then)
    }

    fn construct(
        cx: &mut Scope<'_>,
        constructor: &Value,
        args: &[Value],
        new_target: &Value,
    ) -> Result<Value> {
        function::construct(cx, constructor, args, new_target)
    }

    // objects

    fn global(cx: &mut Scope<'_>) -> Value {
        object::global(cx)
    }

    fn intrinsic(cx: &mut Scope<'_>, intrinsic: Intrinsic) -> Value {
        object::intrinsic(cx, intrinsic)
    }

    fn create_object(cx: &mut Scope<'_>, proto: &Value) -> Result<Value> {
        object::create_object(cx, proto)
    }

    fn create_array(cx: &mut Scope<'_>, elements: &[Value]) -> Result<Value> {
        object::create_array(cx, elements)
    }

    fn create_host_object(cx: &mut Scope<'_>, proto: &Value, data: HostData) -> Result<Value> {
        object::create_host_object(cx, proto, data)
    }

    fn create_state_object<T: Trace<Self>>(
        cx: &mut Scope<'_>,
        proto: &Value,
        state: T,
    ) -> Result<Value> {
        object::create_state_object(cx, proto, state)
    }

    fn state<T: Trace<Self>>(cx: &mut Scope<'_>, value: &Value) -> Option<Rc<T>> {
        object::state(cx, value)
    }

    fn create_gc_object(cx: &mut Scope<'_>, data: HostData) -> Result<Value> {
        object::create_gc_object(cx, data)
    }

    fn host_data(cx: &mut Scope<'_>, value: &Value) -> Option<HostData> {
        object::host_data(cx, value)
    }

    fn create_function<F: NativeFn<Self>>(
        cx: &mut Scope<'_>,
        data: F::Data,
        spec: FunctionSpec<'_>,
    ) -> Result<Value> {
        function::create_function::<F>(cx, data, spec)
    }

    fn create_closure<F: NativeFn<Self>>(
        cx: &mut Scope<'_>,
        data: F::Data,
        spec: FunctionSpec<'_>,
    ) -> Result<Value>
    where
        F::Data: Trace<Self>,
    {
        function::create_closure::<F>(cx, data, spec)
    }

    fn function_data<F: NativeFn<Self>>(cx: &mut Scope<'_>, value: &Value) -> Option<F::Data>
    where
        F::Data: Clone,
    {
        function::function_data::<F>(cx, value)
    }

    fn downgrade(cx: &mut Scope<'_>, value: &Value) -> Weak {
        object::downgrade(cx, value)
    }

    fn upgrade(cx: &mut Scope<'_>, weak: &Weak) -> Option<Value> {
        object::upgrade(cx, weak)
    }

    fn create_error(
        cx: &mut Scope<'_>,
        class: ErrorClass,
        proto: Option<&Value>,
        message: &str,
    ) -> Value {
        error::create_error(cx, class, proto, message)
    }

    fn error_stack(cx: &mut Scope<'_>, error: &Value) -> String {
        error::error_stack(cx, error)
    }

    fn prepend_stack(cx: &mut Scope<'_>, error: &Value, frames: &[String]) {
        error::prepend_stack(cx, error, frames)
    }

    // buffers

    unsafe fn array_buffer_over(cx: &mut Scope<'_>, data: *mut u8, len: usize) -> Result<Value> {
        // SAFETY: the caller keeps the promise that both ask for.
        unsafe { buffer::array_buffer_over(cx, data, len, None) }
    }

    unsafe fn resizable_buffer_over(
        cx: &mut Scope<'_>,
        data: *mut u8,
        len: usize,
        max: usize,
    ) -> Result<Value> {
        // SAFETY: the caller keeps the promise that both ask for.
        unsafe { buffer::array_buffer_over(cx, data, len, Some(max)) }
    }

    unsafe fn shared_buffer_over(
        cx: &mut Scope<'_>,
        data: *mut u8,
        len: usize,
        max: Option<usize>,
    ) -> Result<Value> {
        // SAFETY: the caller keeps the promise that both ask for.
        unsafe { buffer::shared_buffer_over(cx, data, len, max) }
    }

    unsafe fn set_buffer_len(cx: &mut Scope<'_>, buffer: &Value, len: usize) {
        // SAFETY: the caller keeps the promise that both ask for.
        unsafe { buffer::set_buffer_len(cx, buffer, len) }
    }

    fn is_out_of_bounds(cx: &mut Scope<'_>, value: &Value) -> bool {
        buffer::is_out_of_bounds(cx, value)
    }

    fn detach(cx: &mut Scope<'_>, buffer: &Value) {
        buffer::detach(cx, buffer)
    }

    fn transfer(cx: &mut Scope<'_>, buffer: &Value) -> Result<Value> {
        buffer::transfer(cx, buffer)
    }

    fn create_array_buffer(cx: &mut Scope<'_>, bytes: &[u8]) -> Result<Value> {
        buffer::create_array_buffer(cx, bytes)
    }

    fn create_uint8_array(cx: &mut Scope<'_>, bytes: &[u8]) -> Result<Value> {
        buffer::create_uint8_array(cx, bytes)
    }

    fn with_bytes<R>(cx: &mut Scope<'_>, value: &Value, f: impl FnOnce(&[u8]) -> R) -> Option<R> {
        buffer::with_bytes(cx, value, f)
    }

    fn with_bytes_mut<R>(
        cx: &mut Scope<'_>,
        value: &Value,
        f: impl FnOnce(&mut [u8]) -> R,
    ) -> Option<R> {
        buffer::with_bytes_mut(cx, value, f)
    }

    // promises and jobs

    fn new_promise(cx: &mut Scope<'_>) -> Result<Capability<Self>> {
        job::new_promise(cx)
    }

    fn promise_state(cx: &mut Scope<'_>, value: &Value) -> Option<PromiseState<Value>> {
        job::promise_state(cx, value)
    }

    fn promise_then(
        cx: &mut Scope<'_>,
        promise: &Value,
        on_fulfilled: &Value,
        on_rejected: &Value,
    ) -> Result<()> {
        job::promise_then(cx, promise, on_fulfilled, on_rejected)
    }

    fn enqueue_job(cx: &mut Scope<'_>, function: &Value) -> Result<()> {
        job::enqueue_job(cx, function)
    }

    fn run_job(cx: &mut Scope<'_>) -> Result<bool> {
        job::run_job(cx)
    }

    // code

    fn eval_script(cx: &mut Scope<'_>, name: &str, source: &str) -> Result<Value> {
        module::eval_script(cx, name, source)
    }

    fn import(cx: &mut Scope<'_>, referrer: &str, specifier: &str) -> Result<Value> {
        module::import(cx, referrer, specifier)
    }

    fn active_script_or_module(cx: &mut Scope<'_>) -> Option<String> {
        module::active_script_or_module(cx)
    }

    fn module_namespace(_: &mut Scope<'_>, _: &str) -> Result<Option<Value>> {
        Ok(None)
    }

    fn parse_json(cx: &mut Scope<'_>, text: &str) -> Result<Value> {
        module::parse_json(cx, text)
    }
}
