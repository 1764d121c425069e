//! The host hooks: module requests, `import.meta`, unhandled rejections.

use std::rc::Rc;
use std::time::Instant;

use sinew_bridge::class::create_function;
use sinew_bridge::{
    Completion, ErrorClass, HostHooks, JsHost, Property, PropertyKey, WasmEngine, class,
};

use crate::esm::bindings::{binding_values, connect_bindings};
use crate::esm::facade::{INSTANTIATE, NAMESPACE, VALUE};
use crate::esm::loader::Loader;
use crate::esm::meta::define_meta;
use crate::esm::record::{ModuleRecord, execute};
use crate::esm::source::Requested;
use crate::esm::source_phase::{CALLS, SOURCE, import_source};
use crate::esm::syntax::{FUNCTION, SOURCE_FUNCTION, SOURCE_PHASE};
use crate::webassembly::{buffer, error};

/// What the functions of one module's `import.meta` own.
pub(crate) struct ModuleFunction<J: JsHost, W: WasmEngine> {
    pub loader: Rc<Loader<J, W>>,
    /// The name of the module.
    pub name: String,
}

impl<J: JsHost, W: WasmEngine> Loader<J, W> {
    /// The name of the module that a request leads to.
    pub(crate) fn request(
        &self,
        cx: &mut J::Scope<'_>,
        referrer: &str,
        specifier: &str,
        attributes: &[(String, String)],
    ) -> Completion<J, String> {
        // What is requested by our own text: every module has its own.
        if specifier == SOURCE_FUNCTION {
            return Ok(format!("{CALLS}{referrer}"));
        }
        if specifier == NAMESPACE && self.wasm_record(referrer).is_some() {
            return Ok(referrer.to_owned());
        }
        // A wasm file's own requests led somewhere when it was parsed.
        if let Some(record) = self.wasm_record(referrer)
            && let Some(name) = record.requests.name_of(specifier)
        {
            return Ok(name.to_owned());
        }
        let source = specifier.strip_prefix(SOURCE_PHASE);
        let specifier = source.unwrap_or(specifier);
        let mut requested = Requested::Code;
        for (key, value) in attributes {
            let shown = &specifier[..specifier.floor_char_boundary(200)];
            if key != "type" {
                let message = format!("{shown:?}: unknown import attribute {key:?}");
                return Err(class::throw::<J>(cx, ErrorClass::SyntaxError, &message));
            }
            let Some(of_type) = Requested::of_type(value) else {
                let message = format!("{shown:?}: modules of type {value:?} are not supported");
                return Err(class::type_error::<J>(cx, &message));
            };
            requested = of_type;
        }
        let name = self.resolve_name(cx, referrer, specifier, requested)?;
        Ok(match source {
            Some(_) => format!("{SOURCE}{name}"),
            None => name,
        })
    }
}

impl<J: JsHost, W: WasmEngine> HostHooks<J> for Loader<J, W> {
    fn resolve(
        &self,
        cx: &mut J::Scope<'_>,
        referrer: &str,
        specifier: &str,
        attributes: &[(String, String)],
    ) -> Completion<J, String> {
        self.request(cx, referrer, specifier, attributes)
    }

    fn load(&self, cx: &mut J::Scope<'_>, name: &str) -> Completion<J, String> {
        self.load_text(cx, name)
    }

    fn import_meta(&self, cx: &mut J::Scope<'_>, name: &str, meta: &J::Value) -> Completion<J, ()> {
        let Some(loader) = self.this.upgrade() else {
            return Ok(());
        };
        let data = Rc::new(ModuleFunction {
            loader,
            name: name.to_owned(),
        });
        if self.host_modules.borrow().contains_key(name) {
            let function = create_function(cx, &data, INSTANTIATE, 0, host_functions::<J, W>)?;
            return J::define_property(cx, meta, INSTANTIATE.into(), Property::data(function));
        }
        if let Some(name) = name.strip_prefix(CALLS) {
            let data = Rc::new(ModuleFunction {
                loader: data.loader.clone(),
                name: name.to_owned(),
            });
            let function = create_function(cx, &data, FUNCTION, 1, import_source::<J, W>)?;
            return J::define_property(cx, meta, FUNCTION.into(), Property::data(function));
        }
        let record = self.records.borrow().get(name).cloned();
        match record {
            Some(ModuleRecord::Wasm(_)) => {
                let function = create_function(cx, &data, INSTANTIATE, 3, instantiate::<J, W>)?;
                J::define_property(cx, meta, INSTANTIATE.into(), Property::data(function))
            }
            Some(ModuleRecord::Value(value)) => {
                J::define_property(cx, meta, VALUE.into(), Property::data(value))
            }
            _ => define_meta(cx, &data, meta),
        }
    }

    fn resize_buffer(
        &self,
        cx: &mut J::Scope<'_>,
        buffer: &J::Value,
        len: usize,
    ) -> Completion<J, ()> {
        buffer::resize(cx, &self.agent, buffer, len)
    }

    fn promise_rejection(
        &self,
        cx: &mut J::Scope<'_>,
        promise: &J::Value,
        reason: &J::Value,
        handled: bool,
    ) {
        self.rejections.track(cx, promise, reason, handled);
    }
}

/// The body of a facade: evaluates the wasm file and returns the values of its bindings.
fn instantiate<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    data: &Rc<ModuleFunction<J, W>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let ModuleFunction { loader, name } = &**data;
    let Some(record) = loader.wasm_record(name) else {
        return Err(error::unloaded(cx, &loader.agent));
    };
    let (readers, setters) = (J::arg(cx, args, 0), J::arg(cx, args, 1));
    let start = Instant::now();
    let outcome = execute(cx, loader, &record, |cx, at| {
        let read = J::get(cx, &readers, PropertyKey::Index(at as u32))?;
        J::call(cx, &read, &J::undefined(), &[])
    });
    loader.note_outcome(cx, name, &outcome);
    let instance = outcome?;
    if let Some(key) = loader.key_of(name)
        && let Some(record) = loader.registry.borrow_mut().get_mut(&key)
    {
        record.times.instantiate = start.elapsed();
    }
    let values = binding_values(cx, &instance)?;
    let bindings = connect_bindings(cx, &instance, &values, &setters)?;
    let namespace = (!J::FINDS_NAMESPACES).then(|| J::arg(cx, args, 2));
    record.set_evaluated(namespace, bindings);
    J::create_array(cx, &values)
}

/// The body of the facade of a module that the embedder defines.
fn host_functions<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    data: &Rc<ModuleFunction<J, W>>,
    _args: J::Args<'_>,
) -> Completion<J> {
    let ModuleFunction { loader, name } = &**data;
    let (names, functions) = match loader.host_modules.borrow().get(name) {
        Some(module) => (module.names.clone(), module.functions.clone()),
        None => (Vec::new(), J::undefined()),
    };
    let mut values = Vec::with_capacity(names.len());
    for name in &names {
        values.push(J::get(cx, &functions, PropertyKey::Name(name))?);
    }
    J::create_array(cx, &values)
}
