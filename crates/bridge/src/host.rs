//! The JavaScript side of the seam.

use std::rc::Rc;
use std::sync::Arc;

use crate::convert::Number;
use crate::engine::features;
use crate::{ErrorClass, Termination, Throw, Trace};

/// A completion of a JavaScript operation.
pub type Completion<J, T = <J as JsHost>::Value> = Result<T, Throw<<J as JsHost>::Value>>;

/// A JavaScript engine, as the set of ECMA-262's abstract operations that the WebAssembly
/// JavaScript Interface calls.
///
/// # Rules for a backend
/// - Nothing here looks anything up on objects that user code can reach, beyond what the named
///   abstract operation does by specification: intrinsics are taken before user code runs.
/// - No operation runs user code unless its documentation says so.
/// - It creates no error of its own making where it can return a fact instead; what the engine
///   itself throws is passed on unchanged as [`Throw::Value`].
/// - A completion that JavaScript must not catch (an interrupt, a panic) is
///   [`Throw::Terminated`]; a native function that returns it makes the engine unwind all of its
///   frames. An engine's own limit that is not a termination (recursion) becomes a `RangeError`.
/// - Trampolines of native functions and hooks catch panics, hand them to
///   [`Termination::set_panicked`] and return [`Throw::Terminated`].
/// - Values stay sound, if useless, after the engine is gone.
pub trait JsHost: Sized + 'static {
    /// Name of the engine, as the command line has it.
    const NAME: &'static str;
    /// Version of the engine.
    const VERSION: &'static str;
    /// What the engine can do.
    const FEATURES: JsFeatures;
    /// Whether [`module_namespace`](Self::module_namespace) finds namespaces. Where it does not they
    /// are cheap, and a module that may need its own imports it.
    const FINDS_NAMESPACES: bool;

    /// Exclusive access to the running engine.
    type Scope<'s>;
    /// An owned handle that keeps its value alive. Numbers, booleans, null and undefined cost
    /// neither an allocation nor a count.
    type Value: Clone + 'static;
    /// The borrowed arguments of a native call, with its `this` and `new.target`.
    type Args<'a>: Copy;
    /// A handle that does not keep its object alive.
    type Weak: 'static;
    /// How a native function completes, in the form in which the engine takes it.
    type Outcome;

    // --- life -----------------------------------------------------------------------------

    /// A runtime with one realm. `hooks` are called with the scope that is running.
    fn new(config: HostConfig, hooks: Rc<dyn HostHooks<Self>>) -> Result<Self, String>;

    /// Runs `f` with access to the engine.
    fn enter<R>(&mut self, f: impl FnOnce(&mut Self::Scope<'_>) -> R) -> R;

    /// Collects garbage.
    fn collect_garbage(cx: &mut Self::Scope<'_>);

    // --- values ---------------------------------------------------------------------------

    /// `undefined`
    fn undefined() -> Self::Value;
    /// `null`
    fn null() -> Self::Value;
    /// A boolean.
    fn boolean(value: bool) -> Self::Value;
    /// A Number that is an i32.
    fn number_i32(value: i32) -> Self::Value;
    /// A Number.
    fn number(value: f64) -> Self::Value;
    /// A BigInt.
    fn bigint_i64(cx: &mut Self::Scope<'_>, value: i64) -> Self::Value;
    /// A BigInt.
    fn bigint_u64(cx: &mut Self::Scope<'_>, value: u64) -> Self::Value;
    /// A String. Fails when memory runs out or the string is too long for the engine.
    fn string(cx: &mut Self::Scope<'_>, value: &str) -> Completion<Self>;
    /// A String of these code units, lone surrogates included. Fails as [`string`](Self::string).
    fn string_utf16(cx: &mut Self::Scope<'_>, value: &[u16]) -> Completion<Self>;

    /// The type of a value.
    fn type_of(value: &Self::Value) -> ValueType;
    /// The value of a Boolean.
    fn as_boolean(value: &Self::Value) -> Option<bool>;
    /// The value of a Number.
    fn as_number(value: &Self::Value) -> Option<f64>;
    /// The code units of a String.
    fn as_utf16(cx: &mut Self::Scope<'_>, value: &Self::Value) -> Option<Vec<u16>>;
    /// The text of a String, lone surrogates replaced.
    fn as_text(cx: &mut Self::Scope<'_>, value: &Self::Value) -> Option<String>;
    /// How many code units a String has; `None` for any other value. Does not copy it.
    fn string_len(cx: &mut Self::Scope<'_>, value: &Self::Value) -> Option<usize>;
    /// The code unit of a String at `index`; `None` beyond its end. Does not copy it.
    fn string_at(cx: &mut Self::Scope<'_>, value: &Self::Value, index: usize) -> Option<u16>;
    /// The [substring](https://tc39.es/ecma262/#substring) of a String; `range` is within it.
    fn string_substring(
        cx: &mut Self::Scope<'_>,
        value: &Self::Value,
        range: std::ops::Range<usize>,
    ) -> Completion<Self>;
    /// The [concatenation](https://tc39.es/ecma262/#string-concatenation) of two Strings. Fails as
    /// [`string`](Self::string).
    fn string_concat(
        cx: &mut Self::Scope<'_>,
        a: &Self::Value,
        b: &Self::Value,
    ) -> Completion<Self>;
    /// The order of two Strings by code units.
    fn string_compare(
        cx: &mut Self::Scope<'_>,
        a: &Self::Value,
        b: &Self::Value,
    ) -> std::cmp::Ordering;
    /// [SameValue](https://tc39.es/ecma262/#sec-samevalue)
    fn same_value(cx: &mut Self::Scope<'_>, a: &Self::Value, b: &Self::Value) -> bool;
    /// A number that tells an Object or Symbol from every other that is alive.
    fn identity(value: &Self::Value) -> Option<usize>;
    /// What an Object is, proxies being only proxies; `None` for other values.
    fn object_class(cx: &mut Self::Scope<'_>, value: &Self::Value) -> Option<ObjectClass>;
    /// Whether a value is an
    /// [ECMAScript function object](https://tc39.es/ecma262/#sec-ecmascript-function-objects):
    /// neither built in, nor bound, nor a native function.
    fn is_ecmascript_function(cx: &mut Self::Scope<'_>, value: &Self::Value) -> bool;

    // --- arguments and outcome of a native call ---------------------------------------------

    /// The outcome of a native function that completes like this.
    fn outcome(cx: &mut Self::Scope<'_>, completion: Completion<Self>) -> Self::Outcome;
    /// The outcome of a native function that returns a number.
    fn outcome_of_number(cx: &mut Self::Scope<'_>, number: Number) -> Self::Outcome;

    /// How many arguments were passed.
    fn args_len(args: Self::Args<'_>) -> usize;
    /// The argument at `index`, `undefined` beyond the last.
    fn arg(cx: &mut Self::Scope<'_>, args: Self::Args<'_>, index: usize) -> Self::Value;
    /// The `this` value.
    fn this(cx: &mut Self::Scope<'_>, args: Self::Args<'_>) -> Self::Value;
    /// `new.target`; `None` in a call that is no construction.
    fn new_target(cx: &mut Self::Scope<'_>, args: Self::Args<'_>) -> Option<Self::Value>;
    /// [ToInt32](https://tc39.es/ecma262/#sec-toint32) of an argument that is a Number; `None` for
    /// any other, or at the engine's convenience.
    fn arg_i32(args: Self::Args<'_>, index: usize) -> Option<i32>;
    /// The value of an argument that is a Number; `None` for any other.
    fn arg_f64(args: Self::Args<'_>, index: usize) -> Option<f64>;
    /// [ToBigInt64](https://tc39.es/ecma262/#sec-tobigint64) of an argument that is a BigInt, as
    /// i64; `None` for any other, or at the engine's convenience.
    fn arg_i64(args: Self::Args<'_>, index: usize) -> Option<i64>;

    // --- abstract operations ------------------------------------------------------------------

    /// [ToBoolean](https://tc39.es/ecma262/#sec-toboolean)
    fn to_boolean(cx: &mut Self::Scope<'_>, value: &Self::Value) -> bool;
    /// [ToNumber](https://tc39.es/ecma262/#sec-tonumber). Runs user code.
    fn to_number(cx: &mut Self::Scope<'_>, value: &Self::Value) -> Completion<Self, f64>;
    /// [ToBigInt64](https://tc39.es/ecma262/#sec-tobigint64), as i64. Runs user code.
    fn to_bigint64(cx: &mut Self::Scope<'_>, value: &Self::Value) -> Completion<Self, i64>;
    /// [ToBigInt](https://tc39.es/ecma262/#sec-tobigint). Runs user code.
    fn to_bigint(cx: &mut Self::Scope<'_>, value: &Self::Value) -> Completion<Self>;
    /// [ToString](https://tc39.es/ecma262/#sec-tostring). Runs user code.
    fn to_string(cx: &mut Self::Scope<'_>, value: &Self::Value) -> Completion<Self>;

    /// [GetV](https://tc39.es/ecma262/#sec-getv): Get on an object, and on a primitive as if it was
    /// one; undefined and null have a TypeError. Runs user code.
    fn get(
        cx: &mut Self::Scope<'_>,
        object: &Self::Value,
        key: PropertyKey<'_, Self>,
    ) -> Completion<Self>;
    /// [Set](https://tc39.es/ecma262/#sec-set-o-p-v-throw) on an object, throwing on failure. Runs
    /// user code.
    fn set(
        cx: &mut Self::Scope<'_>,
        object: &Self::Value,
        key: PropertyKey<'_, Self>,
        value: &Self::Value,
    ) -> Completion<Self, ()>;
    /// [DefinePropertyOrThrow](https://tc39.es/ecma262/#sec-definepropertyorthrow). Runs user code
    /// only on a proxy.
    fn define_property(
        cx: &mut Self::Scope<'_>,
        object: &Self::Value,
        key: PropertyKey<'_, Self>,
        property: Property<Self>,
    ) -> Completion<Self, ()>;
    /// `[[GetOwnProperty]]`. Runs user code only on a proxy.
    fn get_own_property(
        cx: &mut Self::Scope<'_>,
        object: &Self::Value,
        key: PropertyKey<'_, Self>,
    ) -> Completion<Self, Option<Property<Self>>>;
    /// `[[OwnPropertyKeys]]`, as Strings and Symbols. Runs user code only on a proxy.
    fn own_keys(
        cx: &mut Self::Scope<'_>,
        object: &Self::Value,
    ) -> Completion<Self, Vec<Self::Value>>;
    /// `[[GetPrototypeOf]]`: an object or null. Runs user code only on a proxy.
    fn get_prototype(cx: &mut Self::Scope<'_>, object: &Self::Value) -> Completion<Self>;
    /// `[[SetPrototypeOf]]` of an ordinary object or function; `proto` is an object or null.
    fn set_prototype(
        cx: &mut Self::Scope<'_>,
        object: &Self::Value,
        proto: &Self::Value,
    ) -> Completion<Self, ()>;
    /// [SetIntegrityLevel](https://tc39.es/ecma262/#sec-setintegritylevel) frozen, of an ordinary
    /// object.
    fn freeze(cx: &mut Self::Scope<'_>, object: &Self::Value) -> Completion<Self, ()>;

    /// [IsCallable](https://tc39.es/ecma262/#sec-iscallable)
    fn is_callable(cx: &mut Self::Scope<'_>, value: &Self::Value) -> bool;
    /// [Call](https://tc39.es/ecma262/#sec-call), of a callable. Runs user code.
    fn call(
        cx: &mut Self::Scope<'_>,
        function: &Self::Value,
        this: &Self::Value,
        args: &[Self::Value],
    ) -> Completion<Self>;
    /// [Call](https://tc39.es/ecma262/#sec-call) of a callable without a `this`, with numbers for
    /// arguments: `then` gets what comes of it, as if it were the one argument of a call. So no
    /// number needs a handle on its way in or out. Runs user code.
    fn call_with_numbers<R>(
        cx: &mut Self::Scope<'_>,
        function: &Self::Value,
        numbers: impl ExactSizeIterator<Item = Number>,
        then: impl FnOnce(&mut Self::Scope<'_>, Self::Args<'_>) -> Completion<Self, R>,
    ) -> Completion<Self, R>;
    /// [Construct](https://tc39.es/ecma262/#sec-construct), of a constructor, for `new_target`,
    /// another constructor or the same. Runs user code.
    fn construct(
        cx: &mut Self::Scope<'_>,
        constructor: &Self::Value,
        args: &[Self::Value],
        new_target: &Self::Value,
    ) -> Completion<Self>;

    // --- objects ------------------------------------------------------------------------------

    /// The global object.
    fn global(cx: &mut Self::Scope<'_>) -> Self::Value;
    /// An intrinsic, as it was before any user code ran.
    fn intrinsic(cx: &mut Self::Scope<'_>, intrinsic: Intrinsic) -> Self::Value;
    /// [OrdinaryObjectCreate](https://tc39.es/ecma262/#sec-ordinaryobjectcreate); the prototype is
    /// an object or null.
    fn create_object(cx: &mut Self::Scope<'_>, proto: &Self::Value) -> Completion<Self>;
    /// [CreateArrayFromList](https://tc39.es/ecma262/#sec-createarrayfromlist)
    fn create_array(cx: &mut Self::Scope<'_>, elements: &[Self::Value]) -> Completion<Self>;
    /// An object that carries `data`. When the object dies the data goes to
    /// [`HostConfig::graveyard`].
    fn create_host_object(
        cx: &mut Self::Scope<'_>,
        proto: &Self::Value,
        data: HostData,
    ) -> Completion<Self>;
    /// An object with the internal methods of an
    /// [Exported GC Object](https://webassembly.github.io/spec/js-api/#exported-gc-object): no
    /// prototype, no properties, not extensible; `[[Set]]` and `[[Delete]]` throw a TypeError, and
    /// what would define, fix or prepare anything returns false. It carries `data` like
    /// [`create_host_object`](Self::create_host_object), and can be held weakly like its objects.
    fn create_gc_object(cx: &mut Self::Scope<'_>, data: HostData) -> Completion<Self>;
    /// What an object of [`create_host_object`](Self::create_host_object) or
    /// [`create_gc_object`](Self::create_gc_object) carries.
    fn host_data(cx: &mut Self::Scope<'_>, value: &Self::Value) -> Option<HostData>;

    /// An object that owns `state`, whose edges keep alive what they lead to as long as the object
    /// lives and no longer.
    fn create_state_object<T: Trace<Self>>(
        cx: &mut Self::Scope<'_>,
        proto: &Self::Value,
        state: T,
    ) -> Completion<Self>;
    /// The state of an object of [`create_state_object`](Self::create_state_object) with a state of
    /// this type. It may be kept, but its edges lead nowhere once the object is dead.
    fn state<T: Trace<Self>>(cx: &mut Self::Scope<'_>, value: &Self::Value) -> Option<Rc<T>>;

    /// [CreateBuiltinFunction](https://tc39.es/ecma262/#sec-createbuiltinfunction) whose body is
    /// `F` with `data`. It owns `data`, which must not own JavaScript values that lead back to it.
    fn create_function<F: NativeFn<Self>>(
        cx: &mut Self::Scope<'_>,
        data: F::Data,
        spec: FunctionSpec<'_>,
    ) -> Completion<Self>;
    /// Like [`create_function`](Self::create_function), with data whose edges keep alive what they
    /// lead to as long as the function lives and no longer.
    fn create_closure<F: NativeFn<Self>>(
        cx: &mut Self::Scope<'_>,
        data: F::Data,
        spec: FunctionSpec<'_>,
    ) -> Completion<Self>
    where
        F::Data: Trace<Self>;
    /// The data of a function of [`create_function`](Self::create_function) with this very body.
    fn function_data<F: NativeFn<Self>>(
        cx: &mut Self::Scope<'_>,
        value: &Self::Value,
    ) -> Option<F::Data>
    where
        F::Data: Clone;

    /// A weak handle to an object or function that this trait created with
    /// [`create_host_object`](Self::create_host_object),
    /// [`create_state_object`](Self::create_state_object),
    /// [`create_gc_object`](Self::create_gc_object),
    /// [`create_function`](Self::create_function) or
    /// [`create_closure`](Self::create_closure).
    fn downgrade(cx: &mut Self::Scope<'_>, value: &Self::Value) -> Self::Weak;
    /// The object, if it is still alive.
    fn upgrade(cx: &mut Self::Scope<'_>, weak: &Self::Weak) -> Option<Self::Value>;

    /// A new error with the engine's stack trace of this moment. `proto` replaces the class's
    /// prototype: an object whose chain ends in `%Error.prototype%`.
    fn create_error(
        cx: &mut Self::Scope<'_>,
        class: ErrorClass,
        proto: Option<&Self::Value>,
        message: &str,
    ) -> Self::Value;
    /// The stack trace of an error, one `at` line a frame and without the message; does not run
    /// user code. Empty for other values.
    fn error_stack(cx: &mut Self::Scope<'_>, error: &Self::Value) -> String;
    /// Puts `frames`, one `at` line each, above the engine's own frames in the error's `stack`.
    fn prepend_stack(cx: &mut Self::Scope<'_>, error: &Self::Value, frames: &[String]);

    // --- buffers ------------------------------------------------------------------------------

    /// An ArrayBuffer over bytes that the engine does not own. It cannot be resized or
    /// transferred by user code; [`detach`](Self::detach) is the only way to part it from them.
    ///
    /// # Safety
    /// `data` is valid for reads and writes of `len` bytes until the buffer is detached or the
    /// engine is dropped, and no Rust reference to these bytes is held while JavaScript runs.
    unsafe fn array_buffer_over(
        cx: &mut Self::Scope<'_>,
        data: *mut u8,
        len: usize,
    ) -> Completion<Self>;
    /// Like [`array_buffer_over`](Self::array_buffer_over), but the buffer is resizable up to
    /// `max` bytes: a call of its `resize` comes to [`HostHooks::resize_buffer`]. Fails with a
    /// TypeError where the engine cannot ([`JsFeatures::resizable_buffers`]), and with a RangeError
    /// where `max` is more than it can.
    ///
    /// # Safety
    /// As for [`array_buffer_over`](Self::array_buffer_over).
    unsafe fn resizable_buffer_over(
        cx: &mut Self::Scope<'_>,
        data: *mut u8,
        len: usize,
        max: usize,
    ) -> Completion<Self>;
    /// A SharedArrayBuffer over bytes that the engine does not own; growable up to `max` bytes if
    /// that is given, when a call of its `grow` comes to [`HostHooks::resize_buffer`]. Fails as
    /// [`resizable_buffer_over`](Self::resizable_buffer_over)
    /// ([`JsFeatures::shared_buffers`]).
    ///
    /// # Safety
    /// `data` is valid for reads and writes of `len` bytes, and of whatever length is set later,
    /// for as long as JavaScript can run.
    unsafe fn shared_buffer_over(
        cx: &mut Self::Scope<'_>,
        data: *mut u8,
        len: usize,
        max: Option<usize>,
    ) -> Completion<Self>;
    /// Sets the length of a resizable or growable buffer of this trait, without asking anybody.
    ///
    /// # Safety
    /// The bytes are valid up to `len`, which is at most the buffer's maximum.
    unsafe fn set_buffer_len(cx: &mut Self::Scope<'_>, buffer: &Self::Value, len: usize);
    /// Whether `value` is a view that lies beyond the end of its buffer, which was resized and is
    /// not detached.
    fn is_out_of_bounds(cx: &mut Self::Scope<'_>, value: &Self::Value) -> bool;
    /// [DetachArrayBuffer](https://tc39.es/ecma262/#sec-detacharraybuffer), with whatever key.
    fn detach(cx: &mut Self::Scope<'_>, buffer: &Self::Value);
    /// [TransferArrayBuffer](https://streams.spec.whatwg.org/#transfer-array-buffer): an ArrayBuffer
    /// of fixed length with the bytes of `buffer`, which is detached. A TypeError for a detached
    /// buffer, for one of this trait over foreign bytes, and for what is no ArrayBuffer.
    fn transfer(cx: &mut Self::Scope<'_>, buffer: &Self::Value) -> Completion<Self>;
    /// An ArrayBuffer that holds a copy of `bytes`.
    fn create_array_buffer(cx: &mut Self::Scope<'_>, bytes: &[u8]) -> Completion<Self>;
    /// A Uint8Array that holds a copy of `bytes` in a buffer of its own.
    fn create_uint8_array(cx: &mut Self::Scope<'_>, bytes: &[u8]) -> Completion<Self>;
    /// Runs `f` on the bytes of an ArrayBuffer, SharedArrayBuffer, typed array or DataView, as they
    /// are now; empty when detached or out of bounds. `None` for any other value.
    fn with_bytes<R>(
        cx: &mut Self::Scope<'_>,
        value: &Self::Value,
        f: impl FnOnce(&[u8]) -> R,
    ) -> Option<R>;
    /// Like [`with_bytes`](Self::with_bytes), to write.
    fn with_bytes_mut<R>(
        cx: &mut Self::Scope<'_>,
        value: &Self::Value,
        f: impl FnOnce(&mut [u8]) -> R,
    ) -> Option<R>;

    // --- promises and jobs ----------------------------------------------------------------------

    /// [NewPromiseCapability](https://tc39.es/ecma262/#sec-newpromisecapability) of `%Promise%`.
    fn new_promise(cx: &mut Self::Scope<'_>) -> Completion<Self, Capability<Self>>;
    /// The state of a promise; `None` for any other value.
    fn promise_state(
        cx: &mut Self::Scope<'_>,
        value: &Self::Value,
    ) -> Option<PromiseState<Self::Value>>;
    /// [PerformPromiseThen](https://tc39.es/ecma262/#sec-performpromisethen) on a promise, without
    /// a result capability; the promise counts as handled.
    fn promise_then(
        cx: &mut Self::Scope<'_>,
        promise: &Self::Value,
        on_fulfilled: &Self::Value,
        on_rejected: &Self::Value,
    ) -> Completion<Self, ()>;
    /// [HostEnqueueGenericJob](https://tc39.es/ecma262/#sec-hostenqueuegenericjob): calls
    /// `function` without arguments after the jobs that already wait.
    fn enqueue_job(cx: &mut Self::Scope<'_>, function: &Self::Value) -> Completion<Self, ()>;
    /// Runs the next job. `false` when none waits. Runs user code; what a job throws is returned,
    /// the others stay.
    fn run_job(cx: &mut Self::Scope<'_>) -> Completion<Self, bool>;

    // --- code -----------------------------------------------------------------------------------

    /// [ParseScript](https://tc39.es/ecma262/#sec-parse-script) and
    /// [ScriptEvaluation](https://tc39.es/ecma262/#sec-runtime-semantics-scriptevaluation), sloppy.
    fn eval_script(cx: &mut Self::Scope<'_>, name: &str, source: &str) -> Completion<Self>;
    /// A dynamic `import(specifier)` from the module `referrer`: a promise of the namespace.
    fn import(cx: &mut Self::Scope<'_>, referrer: &str, specifier: &str) -> Completion<Self>;
    /// The name of the script or module whose code called the native function that runs now.
    fn active_script_or_module(cx: &mut Self::Scope<'_>) -> Option<String>;
    /// [GetModuleNamespace](https://tc39.es/ecma262/#sec-getmodulenamespace) of the module `name`,
    /// whose evaluation has begun. `None` where there is no such module, and always where the engine
    /// does not [find](Self::FINDS_NAMESPACES) namespaces. Runs no user code.
    fn module_namespace(
        cx: &mut Self::Scope<'_>,
        name: &str,
    ) -> Completion<Self, Option<Self::Value>>;
    /// [ParseJSON](https://tc39.es/ecma262/#sec-ParseJSON)
    fn parse_json(cx: &mut Self::Scope<'_>, text: &str) -> Completion<Self>;
}

/// The body of the native functions of one kind: each engine compiles it into a trampoline of its
/// own, with nothing between the engine's call and the body.
pub trait NativeFn<J: JsHost>: 'static {
    /// What each function of this kind owns.
    type Data: 'static;

    /// The body.
    fn call(cx: &mut J::Scope<'_>, data: &Self::Data, args: J::Args<'_>) -> Completion<J>;

    /// The body as the engine calls it, for one that needs no handle of what it returns.
    #[inline]
    fn invoke(cx: &mut J::Scope<'_>, data: &Self::Data, args: J::Args<'_>) -> J::Outcome {
        let completion = Self::call(cx, data, args);
        J::outcome(cx, completion)
    }
}

/// How a native function presents itself.
#[derive(Clone, Copy, Debug)]
pub struct FunctionSpec<'a> {
    /// Its `name`.
    pub name: &'a str,
    /// Its `length`.
    pub length: u32,
    /// Whether it has `[[Construct]]`. Its `prototype` property is the caller's to define.
    pub constructor: bool,
}

/// The name and specifier of a module that every engine has without asking its embedder: it exports
/// `binding`, which is never initialised, so that whoever re-exports it has a binding that throws a
/// ReferenceError when it is read.
pub const UNINITIALIZED: &str = "\u{1}uninitialized";

/// What an engine asks of its embedder.
///
/// Module names are strings that [`resolve`](Self::resolve) makes; the engine keeps one module
/// record per name.
pub trait HostHooks<J: JsHost> {
    /// The first half of
    /// [HostLoadImportedModule](https://tc39.es/ecma262/#sec-HostLoadImportedModule): the name of
    /// the module that `specifier` means in the module or script `referrer`.
    fn resolve(
        &self,
        cx: &mut J::Scope<'_>,
        referrer: &str,
        specifier: &str,
        attributes: &[(String, String)],
    ) -> Completion<J, String>;

    /// The second half: the source text of a module that the engine does not know yet.
    fn load(&self, cx: &mut J::Scope<'_>, name: &str) -> Completion<J, String>;

    /// [HostGetImportMetaProperties](https://tc39.es/ecma262/#sec-hostgetimportmetaproperties):
    /// fills `meta` before the module `name` can see it.
    fn import_meta(&self, cx: &mut J::Scope<'_>, name: &str, meta: &J::Value) -> Completion<J, ()>;

    /// [HostResizeArrayBuffer](https://tc39.es/ecma262/#sec-hostresizearraybuffer) and
    /// [HostGrowSharedArrayBuffer](https://tc39.es/ecma262/#sec-hostgrowsharedarraybuffer) of a
    /// buffer of [`resizable_buffer_over`](JsHost::resizable_buffer_over) or
    /// [`shared_buffer_over`](JsHost::shared_buffer_over): `len` is at most its maximum. It sets the
    /// buffer's length ([`JsHost::set_buffer_len`]), or throws.
    fn resize_buffer(
        &self,
        cx: &mut J::Scope<'_>,
        buffer: &J::Value,
        len: usize,
    ) -> Completion<J, ()>;

    /// [HostPromiseRejectionTracker](https://tc39.es/ecma262/#sec-host-promise-rejection-tracker)
    fn promise_rejection(
        &self,
        cx: &mut J::Scope<'_>,
        promise: &J::Value,
        reason: &J::Value,
        handled: bool,
    );
}

/// How a JavaScript engine is to be set up.
#[derive(Clone)]
pub struct HostConfig {
    /// Bytes of native stack that JavaScript may use below the point where the runtime is made.
    pub stack_bytes: usize,
    /// Bytes of JavaScript heap, where the engine can bound it.
    pub heap_bytes: Option<usize>,
    /// The stop flag that running JavaScript obeys, where the engine can be interrupted.
    pub termination: Arc<Termination>,
    /// Where the data of dead host objects goes.
    pub graveyard: Graveyard,
}

/// The data of host objects that died since it was last emptied. Filled from finalizers.
pub type Graveyard = Rc<std::cell::RefCell<Vec<HostData>>>;

/// What a JavaScript object of ours carries: its class, which is its brand, and a number that the
/// class understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HostData {
    /// The class.
    pub class: u32,
    /// The number.
    pub slot: u32,
}

/// A [property key](https://tc39.es/ecma262/#sec-object-type).
pub enum PropertyKey<'a, J: JsHost> {
    /// A String that is no array index.
    Name(&'a str),
    /// An array index.
    Index(u32),
    /// A well-known symbol.
    Symbol(WellKnownSymbol),
    /// A String or Symbol value.
    Value(&'a J::Value),
}

impl<J: JsHost> Clone for PropertyKey<'_, J> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<J: JsHost> Copy for PropertyKey<'_, J> {}

impl<'a, J: JsHost> From<&'a str> for PropertyKey<'a, J> {
    fn from(name: &'a str) -> Self {
        PropertyKey::Name(name)
    }
}

/// A [well-known symbol](https://tc39.es/ecma262/#sec-well-known-symbols).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are ECMA-262's")]
pub enum WellKnownSymbol {
    Iterator,
    AsyncIterator,
    ToStringTag,
    HasInstance,
}

/// A property with all of its attributes.
pub struct Property<J: JsHost> {
    /// A value or accessors.
    pub kind: PropertyKind<J>,
    /// `[[Enumerable]]`
    pub enumerable: bool,
    /// `[[Configurable]]`
    pub configurable: bool,
}

/// What a property holds.
pub enum PropertyKind<J: JsHost> {
    /// A data property.
    Data {
        /// `[[Value]]`
        value: J::Value,
        /// `[[Writable]]`
        writable: bool,
    },
    /// An accessor property.
    Accessor {
        /// `[[Get]]`
        get: Option<J::Value>,
        /// `[[Set]]`
        set: Option<J::Value>,
    },
}

impl<J: JsHost> Property<J> {
    /// As [CreateDataProperty](https://tc39.es/ecma262/#sec-createdataproperty) makes it:
    /// writable, enumerable, configurable.
    pub fn data(value: J::Value) -> Self {
        Self {
            kind: PropertyKind::Data {
                value,
                writable: true,
            },
            enumerable: true,
            configurable: true,
        }
    }

    /// As built-in methods are: writable, configurable, not enumerable.
    pub fn hidden(value: J::Value) -> Self {
        Self {
            enumerable: false,
            ..Self::data(value)
        }
    }

    /// Configurable only, as `Symbol.toStringTag` and function names are.
    pub fn readonly(value: J::Value) -> Self {
        Self {
            kind: PropertyKind::Data {
                value,
                writable: false,
            },
            enumerable: false,
            configurable: true,
        }
    }
}

/// A [promise capability](https://tc39.es/ecma262/#sec-promisecapability-records).
pub struct Capability<J: JsHost> {
    /// `[[Promise]]`
    pub promise: J::Value,
    /// `[[Resolve]]`
    pub resolve: J::Value,
    /// `[[Reject]]`
    pub reject: J::Value,
}

/// The state of a promise.
#[derive(Clone, Debug)]
pub enum PromiseState<V> {
    /// Neither fulfilled nor rejected.
    Pending,
    /// Fulfilled with this value.
    Fulfilled(V),
    /// Rejected for this reason.
    Rejected(V),
}

/// The [language types](https://tc39.es/ecma262/#sec-ecmascript-language-types), functions set
/// apart as `typeof` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are ECMA-262's")]
pub enum ValueType {
    Undefined,
    Null,
    Boolean,
    Number,
    BigInt,
    String,
    Symbol,
    Object,
    Function,
}

/// What an object is, by its internal slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the names are ECMA-262's")]
pub enum ObjectClass {
    Ordinary,
    Array,
    Function,
    Error,
    Proxy,
    Promise,
    ArrayBuffer,
    SharedArrayBuffer,
    TypedArray,
    DataView,
    Date,
    RegExp,
    Map,
    Set,
    WeakMap,
    WeakSet,
    WeakRef,
    /// A Boolean, Number, BigInt, String or Symbol object.
    Primitive,
    /// A module namespace.
    Namespace,
    /// A platform object: of [`JsHost::create_host_object`] or [`JsHost::create_state_object`].
    Platform,
    /// Any other.
    Other,
}

/// The [intrinsics](https://tc39.es/ecma262/#sec-well-known-intrinsic-objects) that generic code
/// needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are ECMA-262's")]
pub enum Intrinsic {
    ObjectPrototype,
    FunctionPrototype,
    ErrorConstructor,
    ErrorPrototype,
    Promise,
}

features! {
    /// What a JavaScript engine can do of what Sinew could use.
    JsFeatures {
        /// Running code can be stopped from another thread.
        interrupt: "interruptible",
        /// The heap can be bounded.
        heap_limit: "heap limit",
        /// SharedArrayBuffer over foreign memory.
        shared_buffers: "shared buffers over wasm memory",
        /// Resizable ArrayBuffer over foreign memory.
        resizable_buffers: "resizable buffers over wasm memory",
        /// Endless recursion in JavaScript alone is a RangeError that it can catch.
        catchable_recursion: "recursion limit can be caught",
        /// A local variable on the left of a binary operator has the value from before the right
        /// side assigned to it. Where it has not, Sinew copies such a variable in the text of
        /// modules and scripts, which shows in `toString` alone.
        operand_order: "operands in order",
    }
}
