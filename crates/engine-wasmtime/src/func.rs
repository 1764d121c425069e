//! Functions: the host's own, calls, and which function is which.

use std::mem::MaybeUninit;
use std::panic::{AssertUnwindSafe, catch_unwind};

use sinew_bridge::lend::ThreadBound;
use sinew_bridge::{
    EngineError, ErrorKind, FuncIdentity, FuncType, HostFunc, HostTrap, ImportType, Val,
};
use wasmtime::{AsContextMut, Caller, Func, RootScope, StoreContextMut, ThrownException, ValRaw};

use crate::error::{Error, Stopped};
use crate::store::Data;
use crate::{Result, Wasmtime, conv, exception, module};

type Store<'a> = StoreContextMut<'a, Data>;

pub(crate) fn alloc<H: HostFunc<Wasmtime>>(
    store: &mut Store<'_>,
    ty: &FuncType,
    import: Option<ImportType<'_, Wasmtime>>,
    data: H::Data,
) -> Result<Func> {
    // SAFETY: the closure that it goes to is the store's, which calls it and drops it, and is bound to
    // its thread (`data_stays_on_its_thread` below).
    let data = unsafe { ThreadBound::new(data) };
    let engine_type = match import {
        None => conv::engine_func_type(store.engine(), ty)?,
        Some(import) => module::import_type(&import)?
            .func()
            .cloned()
            .ok_or_else(|| Error::link("the import is no function".to_owned()))?,
    };
    // Of the type that the function is going to have, for what is said below to be true.
    let ty = conv::func_type(&engine_type);
    if ty.is_scalar() {
        let params = ty.params().len();
        let body = move |caller: Caller<'_, Data>, vals: &mut [MaybeUninit<ValRaw>]| {
            host_invoke::<H>(caller, data.get(), params, vals)
        };
        // SAFETY: the body treats the values as what the signature says, all of them numbers: `H`
        // gets as many as there are parameters or results, and every bit pattern is a number.
        return Ok(unsafe { Func::new_unchecked(store, engine_type, body) });
    }
    let result_types: Box<[_]> = engine_type.results().collect();
    Func::try_new(store, engine_type, move |caller, params, results| {
        host_call::<H>(caller, data.get(), params, &result_types, results)
    })
    .map_err(Error::limit)
}

/// Runs a host function; a panic ends here, and poisons the runtime.
#[inline]
fn guarded(
    cx: &mut Store<'_>,
    body: impl FnOnce(&mut Store<'_>) -> wasmtime::Result<()>,
) -> wasmtime::Result<()> {
    match catch_unwind(AssertUnwindSafe(|| body(cx))) {
        Ok(result) => result,
        Err(payload) => {
            cx.data().store_data().termination.set_panicked(&*payload);
            // Dropping the payload may panic as well; what it holds is past saving.
            std::mem::forget(payload);
            Err(wasmtime::Error::new(Stopped))
        }
    }
}

// Out of line, Wasmtime's own part of the trampoline is small enough to be one function.
#[inline(never)]
fn host_invoke<H: HostFunc<Wasmtime>>(
    mut caller: Caller<'_, Data>,
    data: &H::Data,
    params: usize,
    vals: &mut [MaybeUninit<ValRaw>],
) -> wasmtime::Result<()> {
    // Wasm fills in the parameters only.
    for val in vals.iter_mut().skip(params) {
        val.write(ValRaw::i64(0));
    }
    // SAFETY: all elements are initialised, `MaybeUninit<T>` has the layout of `T`, and the borrow
    // goes on as it was.
    let vals = unsafe { &mut *(std::ptr::from_mut(vals) as *mut [ValRaw]) };
    guarded(&mut caller.as_context_mut(), |cx| {
        H::invoke(cx, data, vals).map_err(|trap| thrown(cx, trap))
    })
}

fn host_call<H: HostFunc<Wasmtime>>(
    mut caller: Caller<'_, Data>,
    data: &H::Data,
    params: &[wasmtime::Val],
    types: &[wasmtime::ValType],
    results: &mut [wasmtime::Val],
) -> wasmtime::Result<()> {
    // The references of parameters and results are rooted until Wasmtime has the results.
    guarded(&mut caller.as_context_mut(), |cx| {
        let params = params.iter().map(|param| conv::val(cx, *param));
        let params = params.collect::<Result<Vec<_>>>();
        let params = params.map_err(Error::into_source)?;
        let mut vals = vec![Val::I32(0); results.len()];
        H::call(cx, data, &params, &mut vals).map_err(|trap| thrown(cx, trap))?;
        for ((result, val), ty) in results.iter_mut().zip(&vals).zip(types) {
            *result = conv::engine_val_of(cx, val, ty).map_err(Error::into_source)?;
        }
        Ok(())
    })
}

/// What a trampoline returns for a host function that did not: an exception is caught by what wasm
/// says, anything else by nothing.
#[cold]
fn thrown(cx: &mut Store<'_>, trap: HostTrap) -> wasmtime::Error {
    match trap {
        HostTrap::Completion => {
            // An exception that it threw and then thought better of is nobody's.
            exception::discard(cx);
            wasmtime::Error::new(trap)
        }
        HostTrap::Exception if cx.has_pending_exception() => wasmtime::Error::new(ThrownException),
        HostTrap::Exception => wasmtime::Error::msg("a host function threw nothing"),
    }
}

#[inline]
pub(crate) fn invoke(store: &mut Store<'_>, func: &Func, vals: &mut [ValRaw]) -> Result<()> {
    // SAFETY: the caller vouches that the signature is scalar and that `vals` has room for its
    // parameters and its results; all its elements are initialised, and any bits are a number.
    unsafe { func.call_unchecked(&mut *store, vals) }.map_err(|error| failed(store, error))
}

pub(crate) fn call(
    store: &mut Store<'_>,
    func: &Func,
    params: &[Val<Wasmtime>],
    results: &mut [Val<Wasmtime>],
) -> Result<()> {
    let mut scope = RootScope::new(store);
    let params = params
        .iter()
        .map(|param| conv::engine_val(&mut scope, param));
    let params = params.collect::<Result<Vec<_>>>()?;
    let mut vals = vec![wasmtime::Val::I32(0); results.len()];
    // Wasmtime checks all other values as `conv::fits` does, but does not say that this is what
    // failed.
    let has_func = params
        .iter()
        .any(|param| matches!(param, wasmtime::Val::FuncRef(Some(_))));
    if has_func && !accepts(&mut scope, func, &params)? {
        return Err(Error::mismatch(
            "the arguments are not what the function takes",
        ));
    }
    if let Err(error) = func.call(&mut scope, &params, &mut vals) {
        let error = failed(&mut scope.as_context_mut(), error);
        if error.kind() == ErrorKind::Other && !accepts(&mut scope, func, &params)? {
            return Err(error.into_mismatch());
        }
        return Err(error);
    }
    for (result, val) in results.iter_mut().zip(vals) {
        *result = conv::val(&mut scope, val)?;
    }
    Ok(())
}

/// Whether these are arguments that a function takes.
fn accepts(
    cx: &mut impl AsContextMut<Data = Data>,
    func: &Func,
    params: &[wasmtime::Val],
) -> Result<bool> {
    let ty = func.ty(&mut *cx);
    if ty.params().len() != params.len() {
        return Ok(false);
    }
    for (param, ty) in params.iter().zip(ty.params()) {
        if !conv::fits(cx, param, &ty)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The error of a call. An exception that nothing caught is kept for `exn_take`.
#[cold]
pub(crate) fn failed(store: &mut Store<'_>, error: wasmtime::Error) -> Error {
    if error.is::<ThrownException>() {
        match exception::keep(store) {
            Ok(true) => return Error::exception(error),
            Ok(false) => {}
            Err(error) => return error,
        }
    }
    Error::call(error)
}

/// The record of a function that wasm code sees.
///
/// It is [private to Wasmtime], in which it is called `VMFuncRef`. The records that one function has
/// in its own instance, in the instances that import it, and with the host, are copies of each other, but
/// for `wasm_call` of a host function: that is null until some module brings the code for it.
///
/// [private to Wasmtime]: https://docs.rs/wasmtime-environ/48.0.8/wasmtime_environ
#[repr(C)]
struct Record {
    /// The code that the host calls: every function of wasm has its own.
    array_call: usize,
    /// The code that wasm calls.
    wasm_call: usize,
    ty: u32,
    /// The instance, or for a host function what it has captured.
    vmctx: usize,
}

fn record(store: &mut Store<'_>, func: &Func) -> (usize, usize, usize) {
    let raw = func.to_raw(store).cast::<Record>();
    // SAFETY: `to_raw` yields a valid pointer to the record, which lives as long as the store.
    // The layout is that of the pinned version of Wasmtime; the tests below fail where another version
    // has another one. Each word is read by itself, so padding is not.
    unsafe {
        (
            (&raw const (*raw).array_call).read(),
            (&raw const (*raw).wasm_call).read(),
            (&raw const (*raw).vmctx).read(),
        )
    }
}

pub(crate) fn identity(store: &mut Store<'_>, func: &Func) -> FuncIdentity {
    // The code tells the functions of an instance apart, and the context instances and host
    // functions. The type follows from them, and `wasm_call` may yet change.
    let (array_call, _, vmctx) = record(store, func);
    FuncIdentity([array_call, vmctx, 0, 0])
}

pub(crate) fn index(store: &mut Store<'_>, func: &Func) -> Option<u32> {
    let (_, wasm_call, _) = record(store, func);
    store.data().texts.index(wasm_call)
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;
    use std::sync::Arc;

    use sinew_bridge::{
        Budget, EngineConfig, Extern, ExternKind, ResourceLimits, StoreData, Termination, ValType,
        WasmEngine,
    };

    use super::*;

    struct Nothing;

    impl HostFunc<Wasmtime> for Nothing {
        type Data = ();

        fn invoke(
            _: &mut Store<'_>,
            _: &(),
            _: &mut [ValRaw],
        ) -> std::result::Result<(), HostTrap> {
            Ok(())
        }

        fn call(
            _: &mut Store<'_>,
            _: &(),
            _: &[Val<Wasmtime>],
            _: &mut [Val<Wasmtime>],
        ) -> std::result::Result<(), HostTrap> {
            Ok(())
        }
    }

    fn store() -> (crate::store::Engine, wasmtime::Store<Data>) {
        let engine = Wasmtime::engine_new(&EngineConfig::default()).unwrap();
        let data = StoreData {
            budget: Rc::new(Budget::new(ResourceLimits::default())),
            termination: Arc::new(Termination::default()),
        };
        let store = Wasmtime::store_new(&engine, data).unwrap();
        (engine, store)
    }

    fn export(store: &mut Store<'_>, instance: &wasmtime::Instance, name: &str) -> Func {
        match Wasmtime::instance_export(store, instance, name, ExternKind::Func) {
            Some(Extern::Func(func)) => func,
            _ => panic!("no function is exported as {name}"),
        }
    }

    const MODULE: &str = r#"(module
        (type $f (func (param i32))) (type $t (sub (func (param i32))))
        (import "h" "f" (func $h (type $f)))
        (func $a (export "1")) (func $b (export "2")) (func (export "3") (type $t))
        (export "0" (func $h)))"#;

    /// The tag that a context begins with: `core` for an instance, `ACHF` for a host function.
    fn tag(vmctx: usize) -> [u8; 4] {
        // SAFETY: both kinds of context are longer than four bytes, and live with their store.
        unsafe { std::ptr::with_exposed_provenance::<[u8; 4]>(vmctx).read() }
    }

    /// Each word of a record is what it is taken for.
    #[test]
    fn record_layout() {
        let (engine, mut store) = store();
        let mut cx = Wasmtime::store_mut(&mut store);
        let ty = FuncType::new([ValType::I32], []);
        let host = alloc::<Nothing>(&mut cx, &ty, None, ()).unwrap();
        let (array_call, wasm_call, vmctx) = record(&mut cx, &host);
        assert_ne!(array_call, 0);
        assert_eq!(wasm_call, 0, "no module has brought the code yet");
        assert_eq!(tag(vmctx), *b"ACHF");
        let before = identity(&mut cx, &host);

        let bytes = wat::parse_str(MODULE).unwrap();
        let module = module::compile(&engine, &bytes).unwrap();
        let imports = [Extern::Func(host)];
        let instance = Wasmtime::module_instantiate(&mut cx, &module, &imports).unwrap();
        let text = module.engine_module().text().as_ptr_range();
        let text = text.start.addr()..text.end.addr();
        let mut contexts = Vec::new();
        for name in ["1", "2", "3"] {
            let func = export(&mut cx, &instance, name);
            let (array_call, wasm_call, vmctx) = record(&mut cx, &func);
            assert!(text.contains(&array_call) && text.contains(&wasm_call));
            assert_ne!(array_call, wasm_call);
            assert_eq!(tag(vmctx), *b"core");
            contexts.push(vmctx);
        }
        assert!(contexts.iter().all(|vmctx| *vmctx == contexts[0]));

        let (_, wasm_call, _) = record(&mut cx, &host);
        assert!(text.contains(&wasm_call), "the module has brought the code");
        assert_eq!(identity(&mut cx, &host), before);
        let again = export(&mut cx, &instance, "0");
        assert_eq!(identity(&mut cx, &again), before);
    }

    /// The index is found, also with several modules and instances in the store.
    #[test]
    fn index_is_found() {
        let (engine, mut store) = store();
        let mut cx = Wasmtime::store_mut(&mut store);
        let ty = FuncType::new([ValType::I32], []);
        let host = alloc::<Nothing>(&mut cx, &ty, None, ()).unwrap();
        for _ in 0..3 {
            for text in [MODULE, "(module)"] {
                let bytes = wat::parse_str(text).unwrap();
                let module = module::compile(&engine, &bytes).unwrap();
                let imports = [Extern::Func(host)];
                let imports = &imports[..module.engine_module().imports().len()];
                for _ in 0..2 {
                    let instance = Wasmtime::module_instantiate(&mut cx, &module, imports).unwrap();
                    for (name, expected) in [("0", None), ("1", Some(1)), ("3", Some(3))] {
                        if !imports.is_empty() {
                            let func = export(&mut cx, &instance, name);
                            assert_eq!(index(&mut cx, &func), expected);
                        }
                    }
                }
            }
        }
    }

    /// The limiter's `unsafe impl Send` rests on this, and what host functions own.
    #[test]
    fn data_stays_on_its_thread() {
        static_assertions::assert_not_impl_any!(Data: Send, Sync);
        static_assertions::assert_not_impl_any!(wasmtime::Store<Data>: Send, Sync);
    }

    /// What is said of the version is true of the one that is linked.
    #[test]
    fn version() {
        let lock = concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.lock");
        let lock = std::fs::read_to_string(lock).unwrap();
        let entry = format!("name = \"wasmtime\"\nversion = \"{}\"\n", Wasmtime::VERSION);
        assert!(lock.contains(&entry));
    }
}
