//! Built-in functions as they were before any user code ran.
//!
//! What the seam has no operation for is done by calling the function of the standard library that
//! does it. An engine may lack some of them; then the caller does without.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use sinew_bridge::class::type_error;
use sinew_bridge::{
    Completion, JsHost, PropertyKey, PropertyKind, Throw, ValueType, WellKnownSymbol,
};

use crate::inspect::Show;

macro_rules! builtins {
    ($($name:ident = $path:literal,)*) => {
        /// A built-in function, by where it is found.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Builtin {
            $(#[doc = $path] $name,)*
        }

        const BUILTINS: &[(Builtin, &str)] = &[$((Builtin::$name, $path),)*];
    };
}

// The last name may be a getter's; `^` is the prototype of what comes before it.
builtins! {
    MapEntries = "Map.prototype.entries",
    MapSize = "Map.prototype.get size",
    MapSet = "Map.prototype.set",
    MapIteratorNext = "%map iterator%.^.next",
    SetValues = "Set.prototype.values",
    SetSize = "Set.prototype.get size",
    SetAdd = "Set.prototype.add",
    SetIteratorNext = "%set iterator%.^.next",
    TypedArrayName = "Uint8Array.prototype.^.get @@toStringTag",
    TypedArrayLength = "Uint8Array.prototype.^.get length",
    TypedArrayBuffer = "Uint8Array.prototype.^.get buffer",
    TypedArrayByteOffset = "Uint8Array.prototype.^.get byteOffset",
    TypedArrayByteLength = "Uint8Array.prototype.^.get byteLength",
    BufferByteLength = "ArrayBuffer.prototype.get byteLength",
    BufferResizable = "ArrayBuffer.prototype.get resizable",
    BufferMaxByteLength = "ArrayBuffer.prototype.get maxByteLength",
    BufferResize = "ArrayBuffer.prototype.resize",
    BufferDetached = "ArrayBuffer.prototype.get detached",
    DataViewBuffer = "DataView.prototype.get buffer",
    DataViewByteLength = "DataView.prototype.get byteLength",
    DataViewByteOffset = "DataView.prototype.get byteOffset",
    DateTime = "Date.prototype.getTime",
    DateIso = "Date.prototype.toISOString",
    RegExpSource = "RegExp.prototype.get source",
    RegExpHasIndices = "RegExp.prototype.get hasIndices",
    RegExpGlobal = "RegExp.prototype.get global",
    RegExpIgnoreCase = "RegExp.prototype.get ignoreCase",
    RegExpMultiline = "RegExp.prototype.get multiline",
    RegExpDotAll = "RegExp.prototype.get dotAll",
    RegExpUnicode = "RegExp.prototype.get unicode",
    RegExpUnicodeSets = "RegExp.prototype.get unicodeSets",
    RegExpSticky = "RegExp.prototype.get sticky",
    BooleanValue = "Boolean.prototype.valueOf",
    NumberValue = "Number.prototype.valueOf",
    BigIntValue = "BigInt.prototype.valueOf",
    StringValue = "String.prototype.valueOf",
    SymbolValue = "Symbol.prototype.valueOf",
    SymbolText = "Symbol.prototype.toString",
    FunctionText = "Function.prototype.toString",
    ObjectText = "Object.prototype.toString",
    JsonStringify = "JSON.stringify",
    ParseInt = "parseInt",
    ParseFloat = "parseFloat",
    SymbolFor = "Symbol.for",
    Object = "Object",
    Date = "Date",
    RegExp = "RegExp",
    Map = "Map",
    Set = "Set",
    ArrayBuffer = "ArrayBuffer",
    DataView = "DataView",
    Int8Array = "Int8Array",
    Uint8Array = "Uint8Array",
    Uint8ClampedArray = "Uint8ClampedArray",
    Int16Array = "Int16Array",
    Uint16Array = "Uint16Array",
    Int32Array = "Int32Array",
    Uint32Array = "Uint32Array",
    Float16Array = "Float16Array",
    Float32Array = "Float32Array",
    Float64Array = "Float64Array",
    BigInt64Array = "BigInt64Array",
    BigUint64Array = "BigUint64Array",
    Error = "Error",
    EvalError = "EvalError",
    RangeError = "RangeError",
    ReferenceError = "ReferenceError",
    SyntaxError = "SyntaxError",
    TypeError = "TypeError",
    URIError = "URIError",
}

/// The captured functions of a realm, and the classes of this crate.
pub(crate) struct Builtins<J: JsHost> {
    functions: Vec<Option<J::Value>>,
    classes: RefCell<Vec<J::Value>>,
    /// What objects show whose prototype this is, by its identity.
    shows: RefCell<HashMap<usize, Rc<Show<J>>>>,
    inspect_custom: OnceCell<J::Value>,
    /// `%IteratorPrototype%`
    pub(crate) iterator_prototype: J::Value,
}

impl<J: JsHost> Builtins<J> {
    /// Takes them from the global object, which no user code has touched yet.
    pub(crate) fn capture(cx: &mut J::Scope<'_>) -> Completion<J, Self> {
        let mut functions = Vec::with_capacity(BUILTINS.len());
        let mut holder = ("", None);
        for (_, path) in BUILTINS {
            let (place, name) = path.rsplit_once('.').unwrap_or(("", path));
            if functions.is_empty() || holder.0 != place {
                holder = (place, find::<J>(cx, place)?);
            }
            let function = match &holder.1 {
                Some(holder) => step::<J>(cx, holder, name)?,
                None => None,
            };
            functions.push(function.filter(|function| J::is_callable(cx, function)));
        }
        Ok(Self {
            functions,
            classes: RefCell::default(),
            shows: RefCell::default(),
            inspect_custom: OnceCell::new(),
            iterator_prototype: find::<J>(cx, "%map iterator%.^.^")?.unwrap_or_else(J::null),
        })
    }

    /// Adds a class of this crate.
    pub(crate) fn add_class(&self, constructor: &J::Value) {
        self.classes.borrow_mut().push(constructor.clone());
    }

    /// Says what objects of the class of this prototype show.
    pub(crate) fn add_show(&self, prototype: &J::Value, show: Show<J>) {
        if let Some(identity) = J::identity(prototype) {
            self.shows.borrow_mut().insert(identity, Rc::new(show));
        }
    }

    /// Whether any class of this crate was made that shows something.
    pub(crate) fn has_shows(&self) -> bool {
        !self.shows.borrow().is_empty()
    }

    /// What objects of the class of this prototype show.
    pub(crate) fn show_of(&self, prototype: &J::Value) -> Option<Rc<Show<J>>> {
        let identity = J::identity(prototype)?;
        self.shows.borrow().get(&identity).cloned()
    }

    /// `Symbol.for('nodejs.util.inspect.custom')`
    pub(crate) fn inspect_custom(&self, cx: &mut J::Scope<'_>) -> Completion<J, Option<J::Value>> {
        if let Some(symbol) = self.inspect_custom.get() {
            return Ok(Some(symbol.clone()));
        }
        let name = J::string(cx, "nodejs.util.inspect.custom")?;
        let symbol = self.call_with(cx, Builtin::SymbolFor, &J::undefined(), &[name])?;
        if let Some(symbol) = &symbol {
            let _ = self.inspect_custom.set(symbol.clone());
        }
        Ok(symbol)
    }

    /// Whether a function is a class of this crate.
    pub(crate) fn is_class(&self, function: &J::Value) -> bool {
        let identity = J::identity(function);
        let classes = self.classes.borrow();
        let mut identities = classes.iter().map(J::identity);
        identities.any(|other| other == identity)
    }

    /// Calls one; `None` where the engine has none or it throws, as for a `this` of another class.
    pub(crate) fn call(
        &self,
        cx: &mut J::Scope<'_>,
        builtin: Builtin,
        this: &J::Value,
    ) -> Completion<J, Option<J::Value>> {
        match self.call_with(cx, builtin, this, &[]) {
            Ok(value) => Ok(value),
            Err(Throw::Value(_)) => Ok(None),
            Err(Throw::Terminated) => Err(Throw::Terminated),
        }
    }

    /// Calls one with arguments; `None` where the engine has none.
    pub(crate) fn call_with(
        &self,
        cx: &mut J::Scope<'_>,
        builtin: Builtin,
        this: &J::Value,
        args: &[J::Value],
    ) -> Completion<J, Option<J::Value>> {
        match &self.functions[builtin as usize] {
            Some(function) => J::call(cx, function, this, args).map(Some),
            None => Ok(None),
        }
    }

    /// Constructs an object; a TypeError where the engine has no such constructor.
    pub(crate) fn construct(
        &self,
        cx: &mut J::Scope<'_>,
        builtin: Builtin,
        args: &[J::Value],
    ) -> Completion<J> {
        match &self.functions[builtin as usize] {
            Some(constructor) => J::construct(cx, constructor, args, constructor),
            None => {
                let message = format!("{} has no {builtin:?}", J::NAME);
                Err(type_error::<J>(cx, &message))
            }
        }
    }

    /// Calls one whose result is a String.
    pub(crate) fn text(
        &self,
        cx: &mut J::Scope<'_>,
        builtin: Builtin,
        this: &J::Value,
    ) -> Completion<J, Option<String>> {
        let value = self.call(cx, builtin, this)?;
        Ok(value.and_then(|value| J::as_text(cx, &value)))
    }

    /// Calls one whose result is a Number.
    pub(crate) fn number(
        &self,
        cx: &mut J::Scope<'_>,
        builtin: Builtin,
        this: &J::Value,
    ) -> Completion<J, Option<f64>> {
        let value = self.call(cx, builtin, this)?;
        Ok(value.as_ref().and_then(J::as_number))
    }

    /// The name of a typed array's type; `None` for any other value.
    pub(crate) fn typed_array_name(
        &self,
        cx: &mut J::Scope<'_>,
        value: &J::Value,
    ) -> Completion<J, Option<String>> {
        self.text(cx, Builtin::TypedArrayName, value)
    }
}

/// The object at the end of a path.
fn find<J: JsHost>(cx: &mut J::Scope<'_>, path: &str) -> Completion<J, Option<J::Value>> {
    let mut object = J::global(cx);
    for segment in path.split('.').filter(|segment| !segment.is_empty()) {
        match step::<J>(cx, &object, segment)? {
            Some(next) => object = next,
            None => return Ok(None),
        }
    }
    Ok(Some(object))
}

/// The object that one segment of a path leads to.
fn step<J: JsHost>(
    cx: &mut J::Scope<'_>,
    object: &J::Value,
    segment: &str,
) -> Completion<J, Option<J::Value>> {
    let next = match segment {
        "^" => J::get_prototype(cx, object)?,
        "%map iterator%" => iterator::<J>(cx, "Map", "entries")?,
        "%set iterator%" => iterator::<J>(cx, "Set", "values")?,
        _ => match segment.strip_prefix("get ") {
            Some(name) => getter::<J>(cx, object, name)?,
            None => J::get(cx, object, segment.into())?,
        },
    };
    Ok(is_object::<J>(&next).then_some(next))
}

fn getter<J: JsHost>(cx: &mut J::Scope<'_>, object: &J::Value, name: &str) -> Completion<J> {
    let key = match name {
        "@@toStringTag" => PropertyKey::Symbol(WellKnownSymbol::ToStringTag),
        _ => name.into(),
    };
    let property = J::get_own_property(cx, object, key)?;
    match property.map(|property| property.kind) {
        Some(PropertyKind::Accessor { get: Some(get), .. }) => Ok(get),
        _ => Ok(J::undefined()),
    }
}

/// The iterator that a method of a new collection returns.
fn iterator<J: JsHost>(cx: &mut J::Scope<'_>, class: &str, method: &str) -> Completion<J> {
    let global = J::global(cx);
    let constructor = J::get(cx, &global, class.into())?;
    if !is_object::<J>(&constructor) {
        return Ok(J::undefined());
    }
    let collection = J::construct(cx, &constructor, &[], &constructor)?;
    let method = J::get(cx, &collection, method.into())?;
    J::call(cx, &method, &collection, &[])
}

fn is_object<J: JsHost>(value: &J::Value) -> bool {
    matches!(J::type_of(value), ValueType::Object | ValueType::Function)
}
