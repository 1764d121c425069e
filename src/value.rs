//! JavaScript values in Rust.

use std::sync::atomic::{AtomicU64, Ordering};

use sinew_bridge::{Completion, ErrorClass, JsHost, PropertyKey, ValueType, class};

/// The running engine, as far as conversions need it.
pub struct Local<'a, 's, J: JsHost> {
    pub(crate) scope: &'a mut J::Scope<'s>,
    pub(crate) runtime: RuntimeId,
}

/// What tells a runtime from every other of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RuntimeId(u64);

impl RuntimeId {
    /// One that no other runtime has.
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// A JavaScript value that Rust holds. It belongs to its runtime: any other refuses it, and it stays
/// sound, if useless, when its runtime is gone.
pub struct Value<J: JsHost> {
    value: J::Value,
    runtime: RuntimeId,
}

impl<J: JsHost> Clone for Value<J> {
    fn clone(&self) -> Self {
        Self {
            value: self.value.clone(),
            runtime: self.runtime,
        }
    }
}

impl<J: JsHost> Value<J> {
    /// A value of the runtime `runtime`.
    pub(crate) fn new(value: J::Value, runtime: RuntimeId) -> Self {
        Self { value, runtime }
    }

    /// The type of the value, as `typeof` tells it, null set apart.
    pub fn type_of(&self) -> ValueType {
        J::type_of(&self.value)
    }

    /// The value, in its own runtime; a TypeError in any other.
    pub(crate) fn open(&self, cx: &mut Local<'_, '_, J>) -> Completion<J, &J::Value> {
        if self.runtime == cx.runtime {
            return Ok(&self.value);
        }
        Err(class::type_error::<J>(
            cx.scope,
            "the value belongs to another runtime",
        ))
    }
}

impl<J: JsHost> std::fmt::Debug for Value<J> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Value({:?})", self.type_of())
    }
}

/// A Rust type that becomes a JavaScript value.
pub trait IntoJs<J: JsHost> {
    /// The value. What it throws is the caller's to pass on.
    fn into_js(self, cx: &mut Local<'_, '_, J>) -> Completion<J>;
}

/// A Rust type that a JavaScript value becomes. Nothing is coerced: a value of another type is a
/// TypeError that names both.
pub trait FromJs<J: JsHost>: Sized {
    /// Makes one of `value`.
    fn from_js(cx: &mut Local<'_, '_, J>, value: &J::Value) -> Completion<J, Self>;
}

impl<J: JsHost> IntoJs<J> for Value<J> {
    fn into_js(self, cx: &mut Local<'_, '_, J>) -> Completion<J> {
        self.open(cx).cloned()
    }
}

impl<J: JsHost> IntoJs<J> for &Value<J> {
    fn into_js(self, cx: &mut Local<'_, '_, J>) -> Completion<J> {
        self.open(cx).cloned()
    }
}

impl<J: JsHost> FromJs<J> for Value<J> {
    fn from_js(cx: &mut Local<'_, '_, J>, value: &J::Value) -> Completion<J, Self> {
        Ok(Value::new(value.clone(), cx.runtime))
    }
}

impl<J: JsHost> IntoJs<J> for () {
    fn into_js(self, _cx: &mut Local<'_, '_, J>) -> Completion<J> {
        Ok(J::undefined())
    }
}

impl<J: JsHost> FromJs<J> for () {
    fn from_js(cx: &mut Local<'_, '_, J>, value: &J::Value) -> Completion<J, Self> {
        match J::type_of(value) {
            ValueType::Undefined => Ok(()),
            _ => Err(mismatch::<J>(cx, value, "undefined")),
        }
    }
}

impl<J: JsHost> IntoJs<J> for bool {
    fn into_js(self, _cx: &mut Local<'_, '_, J>) -> Completion<J> {
        Ok(J::boolean(self))
    }
}

impl<J: JsHost> FromJs<J> for bool {
    fn from_js(cx: &mut Local<'_, '_, J>, value: &J::Value) -> Completion<J, Self> {
        match J::as_boolean(value) {
            Some(boolean) => Ok(boolean),
            None => Err(mismatch::<J>(cx, value, "a boolean")),
        }
    }
}

macro_rules! numbers {
    ($($ty:ty),*) => {$(
        impl<J: JsHost> IntoJs<J> for $ty {
            fn into_js(self, _cx: &mut Local<'_, '_, J>) -> Completion<J> {
                Ok(J::number(f64::from(self)))
            }
        }
    )*};
}
numbers!(i8, i16, i32, u8, u16, u32, f32, f64);

macro_rules! integers {
    ($($ty:ty),*) => {$(
        impl<J: JsHost> FromJs<J> for $ty {
            fn from_js(cx: &mut Local<'_, '_, J>, value: &J::Value) -> Completion<J, Self> {
                match J::as_number(value) {
                    Some(number) if f64::from(number as $ty) == number => Ok(number as $ty),
                    _ => Err(mismatch::<J>(cx, value, concat!("a number that is an ", stringify!($ty)))),
                }
            }
        }
    )*};
}
integers!(i8, i16, i32, u8, u16, u32);

impl<J: JsHost> FromJs<J> for f64 {
    fn from_js(cx: &mut Local<'_, '_, J>, value: &J::Value) -> Completion<J, Self> {
        match J::as_number(value) {
            Some(number) => Ok(number),
            None => Err(mismatch::<J>(cx, value, "a number")),
        }
    }
}

impl<J: JsHost> IntoJs<J> for i64 {
    /// A BigInt, as wasm's i64 is.
    fn into_js(self, cx: &mut Local<'_, '_, J>) -> Completion<J> {
        Ok(J::bigint_i64(cx.scope, self))
    }
}

impl<J: JsHost> FromJs<J> for i64 {
    /// Of a BigInt within the range.
    fn from_js(cx: &mut Local<'_, '_, J>, value: &J::Value) -> Completion<J, Self> {
        if J::type_of(value) == ValueType::BigInt {
            let number = J::to_bigint64(cx.scope, value)?;
            let exact = J::bigint_i64(cx.scope, number);
            if J::same_value(cx.scope, &exact, value) {
                return Ok(number);
            }
        }
        Err(mismatch::<J>(cx, value, "a BigInt that is an i64"))
    }
}

impl<J: JsHost> IntoJs<J> for &str {
    fn into_js(self, cx: &mut Local<'_, '_, J>) -> Completion<J> {
        J::string(cx.scope, self)
    }
}

impl<J: JsHost> IntoJs<J> for String {
    fn into_js(self, cx: &mut Local<'_, '_, J>) -> Completion<J> {
        J::string(cx.scope, &self)
    }
}

impl<J: JsHost> FromJs<J> for String {
    fn from_js(cx: &mut Local<'_, '_, J>, value: &J::Value) -> Completion<J, Self> {
        match J::as_text(cx.scope, value) {
            Some(text) => Ok(text),
            None => Err(mismatch::<J>(cx, value, "a string")),
        }
    }
}

impl<J: JsHost, T: IntoJs<J>> IntoJs<J> for Option<T> {
    /// `None` is undefined.
    fn into_js(self, cx: &mut Local<'_, '_, J>) -> Completion<J> {
        match self {
            Some(value) => value.into_js(cx),
            None => Ok(J::undefined()),
        }
    }
}

impl<J: JsHost, T: FromJs<J>> FromJs<J> for Option<T> {
    /// undefined and null are `None`.
    fn from_js(cx: &mut Local<'_, '_, J>, value: &J::Value) -> Completion<J, Self> {
        match J::type_of(value) {
            ValueType::Undefined | ValueType::Null => Ok(None),
            _ => T::from_js(cx, value).map(Some),
        }
    }
}

impl<J: JsHost, T: IntoJs<J>> IntoJs<J> for Vec<T> {
    fn into_js(self, cx: &mut Local<'_, '_, J>) -> Completion<J> {
        let mut elements = Vec::with_capacity(self.len());
        for element in self {
            elements.push(element.into_js(cx)?);
        }
        J::create_array(cx.scope, &elements)
    }
}

impl<J: JsHost, T: FromJs<J>> FromJs<J> for Vec<T> {
    /// Of any iterable.
    fn from_js(cx: &mut Local<'_, '_, J>, value: &J::Value) -> Completion<J, Self> {
        let values = crate::webassembly::iterate::iterable_to_list::<J>(cx.scope, value)?;
        let mut elements = Vec::with_capacity(values.len());
        for value in &values {
            elements.push(T::from_js(cx, value)?);
        }
        Ok(elements)
    }
}

impl<J: JsHost, T: IntoJs<J>, E: std::fmt::Display> IntoJs<J> for Result<T, E> {
    /// `Err` is thrown as an Error with its text.
    fn into_js(self, cx: &mut Local<'_, '_, J>) -> Completion<J> {
        match self {
            Ok(value) => value.into_js(cx),
            Err(error) => Err(class::throw::<J>(
                cx.scope,
                ErrorClass::Error,
                &error.to_string(),
            )),
        }
    }
}

#[cold]
fn mismatch<J: JsHost>(
    cx: &mut Local<'_, '_, J>,
    value: &J::Value,
    expected: &str,
) -> sinew_bridge::Throw<J::Value> {
    let found = crate::webassembly::imports::describe::<J>(value);
    class::type_error::<J>(cx.scope, &format!("expected {expected}, found {found}"))
}

/// The arguments of a call: a tuple of up to eight values.
pub trait IntoArgs<J: JsHost> {
    /// The arguments.
    fn into_args(self, cx: &mut Local<'_, '_, J>) -> Completion<J, Vec<J::Value>>;
}

/// The body of a host function, whatever its parameters.
pub(crate) type HostBody<J> =
    dyn for<'s, 'a, 'b, 'c> Fn(&'c mut Local<'a, 's, J>, <J as JsHost>::Args<'b>) -> Completion<J>;

/// A Rust function that JavaScript and wasm can call: up to eight parameters that are
/// [`FromJs`], a result that is [`IntoJs`].
pub trait HostFn<J: JsHost, P>: 'static {
    #[doc(hidden)]
    fn into_body(self) -> (Box<HostBody<J>>, u32);
}

macro_rules! tuples {
    ($(($($name:ident $index:tt),*) $count:literal;)*) => {$(
        impl<J: JsHost, $($name: IntoJs<J>),*> IntoArgs<J> for ($($name,)*) {
            #[allow(unused_variables, non_snake_case, reason = "one body for every arity")]
            fn into_args(self, cx: &mut Local<'_, '_, J>) -> Completion<J, Vec<J::Value>> {
                let ($($name,)*) = self;
                Ok(vec![$($name.into_js(cx)?),*])
            }
        }

        impl<J: JsHost, FN, R, $($name),*> HostFn<J, ($($name,)*)> for FN
        where
            FN: Fn($($name),*) -> R + 'static,
            R: IntoJs<J>,
            $($name: FromJs<J>,)*
        {
            #[allow(unused_variables, non_snake_case, reason = "one body for every arity")]
            fn into_body(self) -> (Box<HostBody<J>>, u32) {
                let body: Box<HostBody<J>> = Box::new(move |cx, args| {
                    $(
                        let value = J::arg(cx.scope, args, $index);
                        let $name = $name::from_js(cx, &value)?;
                    )*
                    self($($name),*).into_js(cx)
                });
                (body, $count)
            }
        }
    )*};
}

tuples! {
    () 0;
    (A 0) 1;
    (A 0, B 1) 2;
    (A 0, B 1, C 2) 3;
    (A 0, B 1, C 2, D 3) 4;
    (A 0, B 1, C 2, D 3, E 4) 5;
    (A 0, B 1, C 2, D 3, E 4, F 5) 6;
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6) 7;
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7) 8;
}

macro_rules! tuple_results {
    ($(($($name:ident $index:tt),*) $count:literal;)*) => {$(
        impl<J: JsHost, $($name: FromJs<J>),*> FromJs<J> for ($($name,)*) {
            /// Of an array, as several results of a wasm function are.
            fn from_js(cx: &mut Local<'_, '_, J>, value: &J::Value) -> Completion<J, Self> {
                if !matches!(J::type_of(value), ValueType::Object) {
                    return Err(mismatch::<J>(cx, value, "an array"));
                }
                Ok(($({
                    let element = J::get(cx.scope, value, PropertyKey::Index($index))?;
                    $name::from_js(cx, &element)?
                },)*))
            }
        }
    )*};
}

tuple_results! {
    (A 0, B 1) 2;
    (A 0, B 1, C 2) 3;
    (A 0, B 1, C 2, D 3) 4;
}
