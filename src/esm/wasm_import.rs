//! `__wasm_import(path, imports?)`: the user-space helper.

use std::rc::Rc;

use sinew_bridge::{Completion, JsHost, PropertyKey, Throw, ValueType, WasmEngine, class};

use crate::esm::loader::Loader;
use crate::esm::record::{WasmRecord, execute};
use crate::esm::source::Requested;
use crate::webassembly::instance::{
    exports_object, instantiate, read_imports, require_import_object,
};
use crate::webassembly::webidl;

/// Its name on the global object.
pub(crate) const NAME: &str = "__wasm_import";

/// The body: resolves `path` like an import of the calling module, and returns the exports object
/// of the instance that such an import shares; with `imports`, that of a fresh instance.
pub(crate) fn body<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    loader: &Rc<Loader<J, W>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let path = J::arg(cx, args, 0);
    let path = webidl::to_text::<J>(cx, &path)?;
    let imports = J::arg(cx, args, 1);
    let referrer = J::active_script_or_module(cx).unwrap_or_default();
    let name = loader.resolve_name(cx, &referrer, &path, Requested::Code)?;
    loader.ensure_loaded(cx, &name)?;
    let Some(record) = loader.wasm_record(&name) else {
        let message = format!("{NAME}: {name} is not a wasm file");
        return Err(class::type_error::<J>(cx, &message));
    };
    if J::type_of(&imports) != ValueType::Undefined {
        require_import_object::<J>(cx, &imports)?;
        let entities = read_imports(
            cx,
            &loader.agent,
            &record.name,
            &record.module_object(),
            &imports,
        )?;
        let store = loader.agent.store(cx)?;
        let instance = instantiate(cx, &store, &record.name, &record.module, &entities)?;
        return exports_object(cx, &instance);
    }
    let instance = match record.instance.get() {
        Some(instance) => instance.clone(),
        None => evaluate(cx, loader, &record)?,
    };
    record.exports_object(cx, &instance)
}

/// Evaluates a wasm file without the JavaScript engine's module loader: everything it imports has
/// to be wasm, or functions of the host.
fn evaluate<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    loader: &Rc<Loader<J, W>>,
    record: &Rc<WasmRecord<J, W>>,
) -> Completion<J, Rc<crate::webassembly::Instance<J, W>>> {
    record.evaluating.set(true);
    let requested = evaluate_requested(cx, loader, record);
    record.evaluating.set(false);
    requested?;
    let outcome = execute(cx, loader, record, |cx, at| {
        let import = &record.module.info.imports[at];
        let host = record
            .requests
            .name_of(&import.module)
            .and_then(|name| loader.host_module(name));
        match host {
            Some(functions) => J::get(cx, &functions, PropertyKey::Name(&import.name)),
            None => Err(needs_javascript::<J>(cx, &record.name, &import.module)),
        }
    });
    loader.note_outcome(cx, &record.name, &outcome);
    outcome
}

/// Evaluates the wasm files that `record` requests, innermost first.
fn evaluate_requested<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    loader: &Rc<Loader<J, W>>,
    record: &WasmRecord<J, W>,
) -> Completion<J, ()> {
    for request in record.requests.names() {
        loader.ensure_loaded(cx, request)?;
        if let Some(source) = loader.wasm_record(request)
            && source.instance.get().is_none()
            && !source.evaluating.get()
        {
            loader.agent.may_cross(cx, false)?;
            evaluate(cx, loader, &source)?;
        }
    }
    Ok(())
}

#[cold]
fn needs_javascript<J: JsHost>(cx: &mut J::Scope<'_>, file: &str, module: &str) -> Throw<J::Value> {
    let message = format!(
        "{NAME}: {file} imports {module:?}, which is JavaScript; use import(), or pass the imports \
         as the second argument"
    );
    class::type_error::<J>(cx, &message)
}
