//! Boa on its own, and what the floors on it have in common.

use boa_engine::object::FunctionObjectBuilder;
use boa_engine::{
    Context, JsBigInt, JsObject, JsResult, JsString, JsValue, NativeFunction, Source,
};

use super::JsByHand;
use crate::Subject;
use crate::case::Type;
use crate::program::js_own_loops;

/// A context with loops.
#[derive(Default)]
pub struct Boa {
    /// The context.
    pub context: Context,
    loops: Option<JsObject>,
}

impl Boa {
    /// The value of a script, an object.
    pub fn eval(&mut self, source: &str) -> JsObject {
        let value = self.context.eval(Source::from_bytes(source));
        value.expect("no exception").as_object().expect("an object")
    }

    /// A property, an object.
    pub fn get(&mut self, object: &JsObject, name: &str) -> JsObject {
        let value = object.get(JsString::from(name), &mut self.context);
        value.expect("no exception").as_object().expect("an object")
    }

    /// Sets a property to a native function.
    pub fn set_function(&mut self, object: &JsObject, name: &str, function: NativeFunction) {
        let function = FunctionObjectBuilder::new(self.context.realm(), function).build();
        let set = object.set(JsString::from(name), function, true, &mut self.context);
        set.expect("no exception");
    }

    /// Makes the loops of `source`, a function from exports to loops.
    pub fn set_loops(&mut self, source: &str, exports: JsObject) {
        let make = self.eval(source);
        let loops = make.call(&JsValue::undefined(), &[exports.into()], &mut self.context);
        self.loops = loops.expect("no exception").as_object();
    }

    /// Runs a loop.
    pub fn run(&mut self, name: &str, n: u32) -> f64 {
        let loops = self.loops.clone().expect("loops");
        let body = self.get(&loops, name);
        let result = body.call(&JsValue::undefined(), &[n.into()], &mut self.context);
        result.expect("no exception").as_number().expect("a number")
    }
}

/// The bits of a value, converted to a wasm type.
#[inline]
pub fn to_bits(context: &mut Context, value: &JsValue, ty: Type) -> JsResult<u64> {
    Ok(match ty {
        Type::I32 => match value.as_i32() {
            Some(int) => u64::from(int as u32),
            None => u64::from(value.to_i32(context)? as u32),
        },
        Type::I64 => {
            let wide = value.as_bigint().map(|int| int.to_i128());
            match wide.map(i64::try_from) {
                Some(Ok(int)) => int as u64,
                _ => value.to_big_int64(context)? as u64,
            }
        }
        Type::F64 => match value.as_number() {
            Some(number) => number.to_bits(),
            None => value.to_number(context)?.to_bits(),
        },
    })
}

/// The value of a wasm type's bits.
#[inline]
pub fn from_bits(bits: u64, ty: Type) -> JsValue {
    match ty {
        Type::I32 => JsValue::new(bits as i32),
        Type::I64 => JsValue::new(JsBigInt::from(bits as i64)),
        Type::F64 => JsValue::rational(f64::from_bits(bits)),
    }
}

impl JsByHand for Boa {
    const NAME: &'static str = "boa";

    fn alone() -> impl Subject + 'static {
        Alone::new()
    }

    fn fresh() -> f64 {
        let value = Context::default().eval(Source::from_bytes("1 + 2"));
        value.expect("no exception").as_number().expect("a number")
    }
}

/// Boa on its own: `native` and `js` are calls of a native and of a JavaScript function in a
/// JavaScript loop, `call` is a call of a JavaScript function from Rust.
pub struct Alone {
    js: Boa,
    function: JsObject,
}

impl Alone {
    /// A context with the loops.
    pub fn new() -> Self {
        let mut js = Boa::default();
        let exports = js.eval("({ js: (a, b) => b })");
        let function = js.get(&exports, "js");
        let native = NativeFunction::from_fn_ptr(|_, args, _| Ok(args[args.len() - 1].clone()));
        js.set_function(&exports, "native", native);
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
        let (undefined, mut last) = (JsValue::undefined(), JsValue::undefined());
        for _ in 0..n {
            let args = [JsValue::new(3), JsValue::new(3)];
            let result = self.function.call(&undefined, &args, &mut self.js.context);
            last = result.expect("no exception");
        }
        last.as_number().unwrap_or(f64::NAN)
    }
}
