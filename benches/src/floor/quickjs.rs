//! QuickJS on its own, and what the floors on it have in common.

use std::ffi::{CString, c_int};

use rquickjs::qjs;

use super::JsByHand;
use crate::Subject;
use crate::case::Type;
use crate::program::js_own_loops;

/// A context, and a class of functions.
pub struct QuickJs {
    /// The context.
    pub ctx: *mut qjs::JSContext,
    class: qjs::JSClassID,
    loops: qjs::JSValue,
}

impl QuickJs {
    /// A context whose native functions all run `call`.
    pub fn new(call: qjs::JSClassCall) -> Self {
        let def = qjs::JSClassDef {
            class_name: c"Function".as_ptr(),
            finalizer: None,
            gc_mark: None,
            call,
            exotic: std::ptr::null_mut(),
        };
        let mut class = 0;
        // SAFETY: a new runtime and context; QuickJS copies the definition.
        let ctx = unsafe {
            let rt = qjs::JS_NewRuntime();
            assert!(!rt.is_null());
            qjs::JS_NewClassID(rt, &mut class);
            assert_eq!(qjs::JS_NewClass(rt, class, &def), 0);
            qjs::JS_NewContext(rt)
        };
        assert!(!ctx.is_null());
        Self {
            ctx,
            class,
            loops: qjs::JS_UNDEFINED,
        }
    }

    /// A native function with this data.
    pub fn function<T>(&self, data: &'static T) -> qjs::JSValue {
        // SAFETY: a class of this context's runtime.
        unsafe {
            let function = qjs::JS_NewObjectClass(self.ctx, self.class as _);
            qjs::JS_SetOpaque(function, std::ptr::from_ref(data).cast_mut().cast());
            function
        }
    }

    /// The value of a script.
    pub fn eval(&self, source: &str) -> qjs::JSValue {
        let source = CString::new(source).expect("no NUL");
        // SAFETY: a string that ends with NUL, of this length.
        let value = unsafe {
            let len = source.as_bytes().len() as _;
            let flags = qjs::JS_EVAL_TYPE_GLOBAL as c_int;
            qjs::JS_Eval(self.ctx, source.as_ptr(), len, c"floor.js".as_ptr(), flags)
        };
        self.expect(value)
    }

    /// A property of an object.
    pub fn get(&self, object: qjs::JSValue, name: &str) -> qjs::JSValue {
        let name = CString::new(name).expect("no NUL");
        // SAFETY: values of this context.
        let value = unsafe { qjs::JS_GetPropertyStr(self.ctx, object, name.as_ptr()) };
        self.expect(value)
    }

    /// Sets a property; takes a count of `value`.
    pub fn set(&self, object: qjs::JSValue, name: &str, value: qjs::JSValue) {
        let name = CString::new(name).expect("no NUL");
        // SAFETY: values of this context.
        let result = unsafe { qjs::JS_SetPropertyStr(self.ctx, object, name.as_ptr(), value) };
        assert!(result >= 0);
    }

    /// Calls a function with a number of times.
    pub fn call(&self, function: qjs::JSValue, args: &mut [qjs::JSValue]) -> qjs::JSValue {
        let argc = args.len() as c_int;
        // SAFETY: values of this context, as many as said.
        let value = unsafe {
            qjs::JS_Call(
                self.ctx,
                function,
                qjs::JS_UNDEFINED,
                argc,
                args.as_mut_ptr(),
            )
        };
        self.expect(value)
    }

    fn expect(&self, value: qjs::JSValue) -> qjs::JSValue {
        assert_ne!(tag(value), qjs::JS_TAG_EXCEPTION, "an exception");
        value
    }

    /// Makes the loops of `source`, a function from exports to loops.
    pub fn set_loops(&mut self, source: &str, exports: qjs::JSValue) {
        let make = self.eval(source);
        self.loops = self.call(make, &mut [exports]);
    }

    /// Runs a loop.
    pub fn run(&self, name: &str, n: u32) -> f64 {
        let body = self.get(self.loops, name);
        let result = self.call(body, &mut [int(n as i32)]);
        // SAFETY: the count of a value of this context.
        unsafe { qjs::JS_FreeValue(self.ctx, body) };
        number(result).expect("a number")
    }
}

/// The data of a native function that is being called.
///
/// # Safety
/// `T` is the type that [`QuickJs::function`] was given.
#[inline]
pub unsafe fn data<T>(function: qjs::JSValue) -> &'static T {
    let mut class = 0;
    // SAFETY: the class of `function` is the one there is, whose opaque pointer was a `&'static T`.
    unsafe { &*qjs::JS_GetAnyOpaque(function, &mut class).cast::<T>() }
}

/// The tag of a value.
#[inline]
pub fn tag(value: qjs::JSValue) -> c_int {
    // SAFETY: reads the tag.
    unsafe { qjs::JS_VALUE_GET_NORM_TAG(value) }
}

/// The Number of an i32.
#[inline]
pub fn int(value: i32) -> qjs::JSValue {
    qjs::JS_MKVAL(qjs::JS_TAG_INT, value)
}

/// The value of a Number.
#[inline]
pub fn number(value: qjs::JSValue) -> Option<f64> {
    match tag(value) {
        // SAFETY: the tag says so.
        qjs::JS_TAG_INT => Some(f64::from(unsafe { qjs::JS_VALUE_GET_INT(value) })),
        // SAFETY: the tag says so.
        qjs::JS_TAG_FLOAT64 => Some(unsafe { qjs::JS_VALUE_GET_FLOAT64(value) }),
        _ => None,
    }
}

/// The bits of a value, converted to a wasm type; `None` after an exception.
///
/// # Safety
/// A live context and a value of it.
#[inline]
pub unsafe fn to_bits(ctx: *mut qjs::JSContext, value: qjs::JSValue, ty: Type) -> Option<u64> {
    let converted = match (ty, tag(value)) {
        (Type::I32, qjs::JS_TAG_INT) => {
            // SAFETY: the tag says so.
            return Some(u64::from(unsafe { qjs::JS_VALUE_GET_INT(value) } as u32));
        }
        (Type::I32, _) => {
            let mut int = 0;
            // SAFETY: passed on.
            let result = unsafe { qjs::JS_ToInt32(ctx, &mut int, value) };
            (result, u64::from(int as u32))
        }
        (Type::I64, qjs::JS_TAG_SHORT_BIG_INT) => {
            // SAFETY: the tag says that the BigInt is in the word.
            return Some(i64::from(unsafe { qjs::JS_VALUE_GET_INT(value) }) as u64);
        }
        (Type::I64, _) => {
            let mut int = 0;
            // SAFETY: passed on.
            let result = unsafe { qjs::JS_ToBigInt64(ctx, &mut int, value) };
            (result, int as u64)
        }
        (Type::F64, qjs::JS_TAG_FLOAT64) => {
            // SAFETY: the tag says so.
            return Some(unsafe { qjs::JS_VALUE_GET_FLOAT64(value) }.to_bits());
        }
        (Type::F64, _) => {
            let mut float = 0.0;
            // SAFETY: passed on.
            let result = unsafe { qjs::JS_ToFloat64(ctx, &mut float, value) };
            (result, float.to_bits())
        }
    };
    (converted.0 == 0).then_some(converted.1)
}

/// The value of a wasm type's bits.
///
/// # Safety
/// A live context.
#[inline]
pub unsafe fn from_bits(ctx: *mut qjs::JSContext, bits: u64, ty: Type) -> qjs::JSValue {
    match ty {
        Type::I32 => int(bits as i32),
        // SAFETY: passed on.
        Type::I64 => unsafe { qjs::JS_NewBigInt64(ctx, bits as i64) },
        Type::F64 => qjs::JS_NewFloat64(f64::from_bits(bits)),
    }
}

impl JsByHand for QuickJs {
    const NAME: &'static str = "quickjs";

    fn alone() -> impl Subject + 'static {
        Alone::new()
    }

    fn fresh() -> f64 {
        let js = Self::new(None);
        let value = number(js.eval("1 + 2")).expect("a number");
        // SAFETY: the context and its runtime, of which nothing is used any more.
        unsafe {
            let rt = qjs::JS_GetRuntime(js.ctx);
            qjs::JS_FreeContext(js.ctx);
            qjs::JS_FreeRuntime(rt);
        }
        value
    }
}

/// QuickJS on its own: `native` and `js` are calls of a native and of a JavaScript function in a
/// JavaScript loop, `call` is a call of a JavaScript function from Rust.
pub struct Alone {
    js: QuickJs,
    function: qjs::JSValue,
}

impl Alone {
    /// A context with the loops.
    pub fn new() -> Self {
        let mut js = QuickJs::new(Some(last));
        let exports = js.eval("({ js: (a, b) => b })");
        let function = js.get(exports, "js");
        js.set(exports, "native", js.function(&()));
        js.set_loops(&js_own_loops(), exports);
        Self { js, function }
    }
}

impl Default for Alone {
    fn default() -> Self {
        Self::new()
    }
}

impl Subject for Alone {
    fn run(&mut self, name: &str, n: u32) -> f64 {
        if name != "call" {
            return self.js.run(name, n);
        }
        let mut last = f64::NAN;
        for _ in 0..n {
            let mut args = [int(3), int(3)];
            last = number(self.js.call(self.function, &mut args)).expect("a number");
        }
        last
    }
}

unsafe extern "C" fn last(
    _: *mut qjs::JSContext,
    function: qjs::JSValue,
    _: qjs::JSValue,
    argc: c_int,
    argv: *mut qjs::JSValue,
    _: c_int,
) -> qjs::JSValue {
    // SAFETY: `Alone` gives it this data.
    std::hint::black_box(unsafe { data::<()>(function) });
    // SAFETY: QuickJS passes `argc` values; the function is called with two numbers.
    unsafe { *argv.add(argc as usize - 1) }
}
