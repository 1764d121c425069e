//! What is taken of the realm before any user code runs.

use sinew_bridge::{ErrorClass, PropertyKind, ValueType, WellKnownSymbol};

use crate::buffer;
use crate::module;
use crate::object::{self, symbol_index};
use crate::scope::Scope;
use crate::value::{self, Strings, Value};

/// Values that are taken before any user code runs.
pub(crate) struct Intrinsics {
    pub(crate) object_prototype: Value,
    pub(crate) function_prototype: Value,
    pub(crate) error: Value,
    pub(crate) promise: Value,
    pub(crate) array_buffer_prototype: Value,
    pub(crate) shared_array_buffer_prototype: Value,
    /// The getter of `Error.prototype.stack`.
    pub(crate) stack: Value,
    /// Getters and setters of `Error.prepareStackTrace` and `Error.stackTraceLimit`.
    pub(crate) error_accessors: [Value; 4],
    /// Getters of `byteOffset`, `byteLength` and `buffer`, of typed arrays and of DataViews.
    pub(crate) view_accessors: [Value; 6],
    /// The methods of buffers that are replaced, as [`buffer::METHODS`].
    pub(crate) buffer_methods: [Value; buffer::METHODS.len()],
    pub(crate) strings: Strings,
    /// `BigInt.asIntN`
    pub(crate) as_int_n: Value,
    pub(crate) gc_object_handler: Value,
    error_protos: [Value; ERRORS.len()],
    symbols: [Value; SYMBOLS.len()],
    /// An uncatchable error.
    pub(super) termination: Value,
    /// A function that does nothing.
    pub(super) nothing: Value,
}

/// Those that are no values of the realm.
pub(super) struct Own {
    pub(super) gc_object_handler: Value,
    pub(super) termination: Value,
    pub(super) nothing: Value,
}

const ERRORS: [&str; 5] = [
    "Error",
    "TypeError",
    "RangeError",
    "SyntaxError",
    "ReferenceError",
];

/// As [`symbol_index`] has them.
const SYMBOLS: [&str; 4] = ["iterator", "asyncIterator", "toStringTag", "hasInstance"];

/// What QuickJS has no function for, in syntax that user code cannot change.
const STRINGS: &str = "[(a, b) => a + b, (a, b) => a < b ? -1 : a > b ? 1 : 0]";

impl Intrinsics {
    /// Takes them, in an engine that ran nothing else; `None` if one is missing.
    pub(super) fn take(cx: &mut Scope<'_>, own: Own) -> Option<Self> {
        let global = object::global(cx);
        let error = get(cx, &global, "Error")?;
        let error_prototype = get(cx, &error, "prototype")?;
        let prepare = accessor(cx, &error, "prepareStackTrace")?;
        let limit = accessor(cx, &error, "stackTraceLimit")?;
        let array_buffer_prototype = prototype(cx, &global, "ArrayBuffer")?;
        let shared_array_buffer_prototype = prototype(cx, &global, "SharedArrayBuffer")?;
        let buffer_methods = buffer::METHODS.map(|name| match name {
            "grow" => get(cx, &shared_array_buffer_prototype, name),
            _ => get(cx, &array_buffer_prototype, name),
        });
        let symbol = get(cx, &global, "Symbol")?;
        let bigint = get(cx, &global, "BigInt")?;
        Some(Self {
            object_prototype: prototype(cx, &global, "Object")?,
            function_prototype: prototype(cx, &global, "Function")?,
            promise: get(cx, &global, "Promise")?,
            stack: accessor(cx, &error_prototype, "stack")?.0,
            error_accessors: [prepare.0, prepare.1?, limit.0, limit.1?],
            view_accessors: view_accessors(cx, &global)?,
            buffer_methods: all(buffer_methods)?,
            strings: strings(cx, &global)?,
            as_int_n: get(cx, &bigint, "asIntN")?,
            error_protos: all(ERRORS.map(|name| prototype(cx, &global, name)))?,
            symbols: all(SYMBOLS.map(|name| get(cx, &symbol, name)))?,
            error,
            array_buffer_prototype,
            shared_array_buffer_prototype,
            gc_object_handler: own.gc_object_handler,
            termination: own.termination,
            nothing: own.nothing,
        })
    }

    pub(crate) fn error_proto(&self, class: ErrorClass) -> &Value {
        &self.error_protos[match class {
            ErrorClass::Error => 0,
            ErrorClass::TypeError => 1,
            ErrorClass::RangeError => 2,
            ErrorClass::SyntaxError => 3,
            ErrorClass::ReferenceError => 4,
        }]
    }

    pub(crate) fn symbol(&self, symbol: WellKnownSymbol) -> &Value {
        &self.symbols[symbol_index(symbol)]
    }
}

fn get(cx: &mut Scope<'_>, object: &Value, name: &str) -> Option<Value> {
    let value = object::get(cx, object, name.into()).ok()?;
    (value::type_of(&value) != ValueType::Undefined).then_some(value)
}

fn prototype(cx: &mut Scope<'_>, global: &Value, class: &str) -> Option<Value> {
    let class = get(cx, global, class)?;
    get(cx, &class, "prototype")
}

/// The getter and the setter of a property.
fn accessor(cx: &mut Scope<'_>, object: &Value, name: &str) -> Option<(Value, Option<Value>)> {
    match object::get_own_property(cx, object, name.into())
        .ok()??
        .kind
    {
        PropertyKind::Accessor { get, set } => Some((get?, set)),
        PropertyKind::Data { .. } => None,
    }
}

fn view_accessors(cx: &mut Scope<'_>, global: &Value) -> Option<[Value; 6]> {
    let uint8_array = prototype(cx, global, "Uint8Array")?;
    let typed_array = object::get_prototype(cx, &uint8_array).ok()?;
    let data_view = prototype(cx, global, "DataView")?;
    let mut of = |view, name| Some(accessor(cx, view, name)?.0);
    Some([
        of(&typed_array, "byteOffset")?,
        of(&typed_array, "byteLength")?,
        of(&typed_array, "buffer")?,
        of(&data_view, "byteOffset")?,
        of(&data_view, "byteLength")?,
        of(&data_view, "buffer")?,
    ])
}

fn strings(cx: &mut Scope<'_>, global: &Value) -> Option<Strings> {
    let prototype = prototype(cx, global, "String")?;
    let functions = module::evaluate(cx, c"sinew:strings", STRINGS).ok()?;
    let mut of = |index| object::get(cx, &functions, sinew_bridge::PropertyKey::Index(index)).ok();
    let (concat, compare) = (of(0)?, of(1)?);
    Some(Strings {
        char_code_at: get(cx, &prototype, "charCodeAt")?,
        substring: get(cx, &prototype, "substring")?,
        concat,
        compare,
    })
}

/// All or nothing.
fn all<const N: usize>(values: [Option<Value>; N]) -> Option<[Value; N]> {
    let values: Vec<Value> = values.into_iter().collect::<Option<_>>()?;
    values.try_into().ok()
}
