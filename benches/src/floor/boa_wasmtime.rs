//! The floor of Boa and Wasmtime.

use std::cell::Cell;

use boa_engine::{Context, JsNativeError, JsObject, JsResult, JsValue, NativeFunction};
use wasmtime::{AsContextMut, Caller, Extern, Func, Store, StoreContextMut, ValRaw};

use super::boa::{self, Boa};
use super::{MOST, OneThread, wasmtime as engine};
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
        let store = Box::leak(Box::new(Store::new(&engine::engine(), ())));
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
            let ty = engine::func_type(store.engine(), case);
            // SAFETY: the loops run on the thread that makes them.
            let import = unsafe { OneThread::new(import) };
            // SAFETY: the body takes and leaves values as the signature says.
            let func = unsafe {
                Func::new_unchecked(&mut store, ty, move |caller, vals| {
                    call_import(import.get(), caller, vals)
                })
            };
            Extern::Func(func)
        });
        let imports: Vec<Extern> = imports.collect();
        let instance = engine::instantiate(&mut store, &module, &imports);
        let second = program.second.as_ref().map(|second| {
            let module = engine::compile(store.engine(), second);
            let first = instance.get_export(&mut store, FIRST).expect("an export");
            engine::instantiate(&mut store, &module, &[first])
        });
        let exports = js.eval("({})");
        for (name, case) in &program.exports {
            let func = instance.get_func(&mut store, name);
            let func = func.or_else(|| second?.get_func(&mut store, name));
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
    let mut vals = [ValRaw::i64(0); MOST];
    let undefined = JsValue::undefined();
    for (at, (val, ty)) in vals.iter_mut().zip(params).enumerate() {
        let arg = args.get(at).unwrap_or(&undefined);
        *val = ValRaw::u64(boa::to_bits(context, arg, *ty)?);
    }
    let link = export.link;
    // SAFETY: the pointer is to the innermost borrow of the store, whose holder waits for this call.
    let store = unsafe { &mut *link.store.get() };
    let vals = &mut vals[..params.len().max(1)];
    let outer = link.context.replace(context);
    // SAFETY: the values are of the parameters' types, and there is room for the result.
    let outcome = unsafe { export.func.call_unchecked(store, vals) };
    link.context.set(outer);
    match outcome {
        Ok(()) => Ok(boa::from_bits(vals[0].get_u64(), result)),
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
    vals: &mut [std::mem::MaybeUninit<ValRaw>],
) -> wasmtime::Result<()> {
    let link = import.link;
    let Case { params, result, .. } = *import.case;
    let mut args = [const { JsValue::undefined() }; MOST];
    for ((arg, val), ty) in args.iter_mut().zip(&*vals).zip(params) {
        // SAFETY: wasm wrote the parameters.
        *arg = boa::from_bits(unsafe { val.assume_init_ref() }.get_u64(), *ty);
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
            vals[0].write(ValRaw::u64(bits));
            Ok(())
        }
        Err(error) => {
            link.pending.set(Some(error));
            Err(wasmtime::Error::msg("an exception"))
        }
    }
}
