//! The floor of QuickJS and Wasmtime.

use std::cell::Cell;
use std::ffi::c_int;

use rquickjs::qjs;
use wasmtime::{AsContextMut, Caller, Extern, Func, Store, StoreContextMut, ValRaw};

use super::quickjs::{self, QuickJs};
use super::{MOST, OneThread, wasmtime as engine};
use crate::Subject;
use crate::case::Case;
use crate::program::{FIRST, Program};

/// What both directions share.
struct Link {
    ctx: *mut qjs::JSContext,
    /// The innermost borrow of the store: whoever runs inside takes it.
    store: Cell<*mut StoreContextMut<'static, ()>>,
}

struct Export {
    link: &'static Link,
    func: Func,
    case: &'static Case,
}

#[derive(Clone, Copy)]
struct Import {
    link: &'static Link,
    callable: qjs::JSValue,
    case: &'static Case,
}

/// A context and a store with the loops.
pub struct Floor(QuickJs);

impl Floor {
    /// A context and a store with the loops of `program`.
    pub fn new(program: &Program) -> Self {
        let mut js = QuickJs::new(Some(call_export));
        let store = Box::leak(Box::new(Store::new(&engine::engine(), ())));
        let module = engine::compile(store.engine(), &program.module);
        let mut store = Box::leak(Box::new(store.as_context_mut()));
        let link: &Link = Box::leak(Box::new(Link {
            ctx: js.ctx,
            store: Cell::new(std::ptr::null_mut()),
        }));
        let functions = js.eval(&program.js_imports);
        let imports = program.imports.iter().map(|case| {
            let callable = js.get(functions, case.name);
            let case = Box::leak(Box::new(*case));
            let import = Import {
                link,
                callable,
                case,
            };
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
            let export = Box::leak(Box::new(Export { link, func, case }));
            js.set(exports, name, js.function(export));
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

unsafe extern "C" fn call_export(
    ctx: *mut qjs::JSContext,
    function: qjs::JSValue,
    _: qjs::JSValue,
    argc: c_int,
    argv: *mut qjs::JSValue,
    _: c_int,
) -> qjs::JSValue {
    // SAFETY: all native functions of this context have this data.
    let export = unsafe { quickjs::data::<Export>(function) };
    let Case { params, result, .. } = *export.case;
    let mut vals = [ValRaw::i64(0); MOST];
    for (at, (val, ty)) in vals.iter_mut().zip(params).enumerate() {
        let arg = match at < argc as usize {
            // SAFETY: QuickJS passes `argc` values.
            true => unsafe { *argv.add(at) },
            false => qjs::JS_UNDEFINED,
        };
        // SAFETY: a value of the context.
        match unsafe { quickjs::to_bits(ctx, arg, *ty) } {
            Some(bits) => *val = ValRaw::u64(bits),
            None => return qjs::JS_EXCEPTION,
        }
    }
    // SAFETY: the pointer is to the innermost borrow of the store, whose holder waits for this call.
    let store = unsafe { &mut *export.link.store.get() };
    let vals = &mut vals[..params.len().max(1)];
    // SAFETY: the values are of the parameters' types, and there is room for the result.
    match unsafe { export.func.call_unchecked(store, vals) } {
        // SAFETY: a live context.
        Ok(()) => unsafe { quickjs::from_bits(ctx, vals[0].get_u64(), result) },
        Err(_) => failed(ctx),
    }
}

#[cold]
fn failed(ctx: *mut qjs::JSContext) -> qjs::JSValue {
    // SAFETY: a live context; the format has no arguments.
    unsafe {
        match qjs::JS_HasException(ctx) {
            true => qjs::JS_EXCEPTION,
            false => qjs::JS_ThrowInternalError(ctx, c"trap".as_ptr()),
        }
    }
}

#[inline]
fn call_import(
    import: Import,
    mut caller: Caller<'_, ()>,
    vals: &mut [std::mem::MaybeUninit<ValRaw>],
) -> wasmtime::Result<()> {
    let Link { ctx, ref store } = *import.link;
    let Case { params, result, .. } = *import.case;
    let mut args = [qjs::JS_UNDEFINED; MOST];
    for ((arg, val), ty) in args.iter_mut().zip(&*vals).zip(params) {
        // SAFETY: wasm wrote the parameters; a live context.
        *arg = unsafe { quickjs::from_bits(ctx, val.assume_init_ref().get_u64(), *ty) };
    }
    let args = &mut args[..params.len()];
    let mut inner = caller.as_context_mut();
    let outer = store.replace((&raw mut inner).cast());
    // SAFETY: values of the context, which lives.
    let ret = unsafe {
        let argc = args.len() as c_int;
        qjs::JS_Call(
            ctx,
            import.callable,
            qjs::JS_UNDEFINED,
            argc,
            args.as_mut_ptr(),
        )
    };
    store.set(outer);
    // SAFETY: a value of the context, of which one count is ours; as are the arguments'.
    let bits = unsafe {
        let bits = match quickjs::tag(ret) {
            qjs::JS_TAG_EXCEPTION => None,
            _ => quickjs::to_bits(ctx, ret, result),
        };
        qjs::JS_FreeValue(ctx, ret);
        args.iter().for_each(|arg| qjs::JS_FreeValue(ctx, *arg));
        bits
    };
    match bits {
        Some(bits) => {
            vals[0].write(ValRaw::u64(bits));
            Ok(())
        }
        None => Err(wasmtime::Error::msg("an exception")),
    }
}
