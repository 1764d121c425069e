//! The floor of Boa and Wasmi.

use std::cell::Cell;

use boa_engine::{Context, JsNativeError, JsObject, JsResult, JsValue, NativeFunction};
use wasmi::{AsContextMut, Caller, Engine, Extern, Func, Store, StoreContextMut, Val};

use super::boa::{self, Boa};
use super::{MOST, OneThread, wasmi as engine};
use crate::Subject;
use crate::case::Case;
use crate::program::{FIRST, Program};

/// What both directions share.
struct Link {
    /// The innermost borrow of the context, while wasm runs.
    context: Cell<*mut Context>,
    /// The innermost borrow of the store: whoever runs inside takes it.
    store: Cell<*mut StoreContextMut<'static, ()>>,
    /// What an imported function threw.
    pending: Cell<Option<boa_engine::JsError>>,
}

struct Export {
    link: &'static Link,
    func: Func,
    case: &'static Case,
}

struct Import {
    link: &'static Link,
    callable: JsObject,
    case: &'static Case,
}

/// A context and a store with the loops.
pub struct Floor(Boa);

impl Floor {
    /// A context and a store with the loops of `program`.
    pub fn new(program: &Program) -> Self {
        let mut js = Boa::default();
        let store = Box::leak(Box::new(Store::new(&Engine::default(), ())));
        let module = engine::compile(store.engine(), &program.module);
        let mut store = Box::leak(Box::new(store.as_context_mut()));
        let link: &Link = Box::leak(Box::new(Link {
            context: Cell::new(std::ptr::null_mut()),
            store: Cell::new(std::ptr::null_mut()),
            pending: Cell::new(None),
        }));
        let functions = js.eval(&program.js_imports);
        let imports = program.imports.iter().map(|case| {
            let callable = js.get(&functions, case.name);
            let case = Box::leak(Box::new(*case));
            let import: &Import = Box::leak(Box::new(Import {
                link,
                callable,
                case,
            }));
            // SAFETY: the loops run on the thread that makes them.
            let import = unsafe { OneThread::new(import) };
            let body = move |caller: Caller<'_, ()>, params: &[Val], results: &mut [Val]| {
                call_import(import.get(), caller, params, results)
            };
            Extern::Func(Func::new(&mut store, engine::func_type(case), body))
        });
        let imports: Vec<Extern> = imports.collect();
        let instance = engine::instantiate(&mut store, &module, &imports);
        let second = program.second.as_ref().map(|second| {
            let module = engine::compile(store.engine(), second);
            let first = instance.get_export(&store, FIRST).expect("an export");
            engine::instantiate(&mut store, &module, &[first])
        });
        let exports = js.eval("({})");
        for (name, case) in &program.exports {
            let func = instance.get_func(&store, name);
            let func = func.or_else(|| second?.get_func(&store, name));
            let func = func.expect("an export");
            let case = Box::leak(Box::new(*case));
            let export: &Export = Box::leak(Box::new(Export { link, func, case }));
            let function = NativeFunction::from_copy_closure(move |_, args, context| {
                call_export(export, args, context)
            });
            js.set_function(&exports, name, function);
        }
        js.set_loops(&program.js_loops, exports);
        link.store.set(std::ptr::from_mut(store).cast());
        Self(js)
    }
}

impl Subject for Floor {
    fn run(&mut self, name: &str, n: u32) -> f64 {
        self.0.run(name, n)
    }
}

#[inline]
fn call_export(export: &Export, args: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let Case { params, result, .. } = *export.case;
    let mut vals = [const { Val::I32(0) }; MOST];
    let undefined = JsValue::undefined();
    for (at, (val, ty)) in vals.iter_mut().zip(params).enumerate() {
        let arg = args.get(at).unwrap_or(&undefined);
        *val = engine::from_bits(boa::to_bits(context, arg, *ty)?, *ty);
    }
    let link = export.link;
    // SAFETY: the pointer is to the innermost borrow of the store, whose holder waits for this call.
    let store = unsafe { &mut *link.store.get() };
    let mut results = [const { Val::I32(0) }];
    let outer = link.context.replace(context);
    let outcome = export.func.call(store, &vals[..params.len()], &mut results);
    link.context.set(outer);
    match outcome {
        Ok(()) => Ok(boa::from_bits(engine::to_bits(&results[0]), result)),
        Err(_) => Err(failed(link)),
    }
}

#[cold]
fn failed(link: &Link) -> boa_engine::JsError {
    let trap = || JsNativeError::error().with_message("trap").into();
    link.pending.take().unwrap_or_else(trap)
}

#[inline]
fn call_import(
    import: &Import,
    mut caller: Caller<'_, ()>,
    vals: &[Val],
    results: &mut [Val],
) -> Result<(), wasmi::Error> {
    let link = import.link;
    let Case { params, result, .. } = *import.case;
    let mut args = [const { JsValue::undefined() }; MOST];
    for ((arg, val), ty) in args.iter_mut().zip(vals).zip(params) {
        *arg = boa::from_bits(engine::to_bits(val), *ty);
    }
    let mut inner = caller.as_context_mut();
    let outer = link.store.replace((&raw mut inner).cast());
    // SAFETY: the pointer is to the innermost borrow of the context, whose holder waits for wasm.
    let context = unsafe { &mut *link.context.get() };
    let undefined = JsValue::undefined();
    let ret = import
        .callable
        .call(&undefined, &args[..params.len()], context);
    let bits = ret.and_then(|ret| boa::to_bits(context, &ret, result));
    link.store.set(outer);
    match bits {
        Ok(bits) => {
            results[0] = engine::from_bits(bits, result);
            Ok(())
        }
        Err(error) => {
            link.pending.set(Some(error));
            Err(wasmi::Error::new("an exception"))
        }
    }
}
