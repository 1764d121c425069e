//! Wasm files: from their bytes to the record of a module.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use sinew_bridge::binary::{Import, ModuleInfo};
use sinew_bridge::{Completion, JsHost, WasmEngine};
use sinew_registry::{ExportEntry, ImportEntry, Key};

use crate::esm::facade::render_wasm;
use crate::esm::loader::Loader;
use crate::esm::record::{ModuleRecord, Requests, WasmRecord};
use crate::esm::source::Requested;
use crate::webassembly::module::{ModuleObject, Uncompiled};
use crate::webassembly::options::{CompileOptions, Supplied};
use crate::webassembly::{WasmModule, error};

impl<J: JsHost, W: WasmEngine> Loader<J, W> {
    /// [Parse a WebAssembly module](https://webassembly.github.io/esm-integration/js-api/#parse-a-webassembly-module)
    /// for the module of this name.
    pub(super) fn add_wasm(
        &self,
        cx: &mut J::Scope<'_>,
        name: &str,
        bytes: Arc<[u8]>,
    ) -> Completion<J, Rc<WasmRecord<J, W>>> {
        let key = self.key_of(name);
        let module = self.compile(cx, name, key.as_ref(), bytes)?;
        let options = CompileOptions::esm();
        // 3. If module is error, throw a CompileError exception.
        if let Err(message) = options.validate(&module.info) {
            self.note_failure(name, &message);
            return Err(error::compile(cx, &self.agent, name, &message, None));
        }
        // 6. to 8. Reserved names.
        if let Some(message) = reserved_name(&module.info, &options) {
            self.note_failure(name, &message);
            let message = format!("{name}: {message}");
            return Err(error::link_message(cx, &self.agent, &message));
        }
        // 7.4. Append moduleName to requestedModules, unless it is a builtin.
        let mut requests = Requests::default();
        for import in &module.info.imports {
            if options.supply(import).is_none() {
                let resolve = || self.find(name, &import.module, Requested::Code).ok();
                requests.add(&import.module, resolve);
            }
        }
        let options = Rc::new(options);
        let module = ModuleObject { module, options };
        let record = WasmRecord::new(name.to_owned(), module, requests);
        self.add_record(name, ModuleRecord::Wasm(record.clone()));
        self.note_compiled(name);
        Ok(record)
    }

    /// Compiles a wasm file, or shares a compilation of the same content.
    fn compile(
        &self,
        cx: &mut J::Scope<'_>,
        name: &str,
        key: Option<&Key>,
        bytes: Arc<[u8]>,
    ) -> Completion<J, Arc<WasmModule<W>>> {
        let start = Instant::now();
        let compile_cache = self.agent.compile_cache.as_ref();
        let build = || match &self.config.cache {
            Some(cache) => cache.compile_with(compile_cache, bytes.clone()),
            None => WasmModule::compile(&self.agent.engine, compile_cache, bytes.clone()),
        };
        let module = match key {
            Some(key) => self.registry.borrow_mut().compiled(key, &bytes, build),
            None => build(),
        };
        let module = module.map_err(|Uncompiled { message, offset }| {
            self.note_failure(name, &message);
            error::compile(cx, &self.agent, name, &message, offset)
        })?;
        let mut registry = self.registry.borrow_mut();
        if let Some(record) = key.and_then(|key| registry.get_mut(key)) {
            record.times.compile = start.elapsed();
            (record.imports, record.exports) = entries(&module.info);
        }
        drop(registry);
        Ok(module)
    }
}

/// The source text of a wasm file.
pub(super) fn render<J: JsHost, W: WasmEngine>(record: &WasmRecord<J, W>) -> String {
    let is_request = |import: &Import| record.options.supply(import).is_none();
    render_wasm(&record.module.info, !J::FINDS_NAMESPACES, is_request)
}

/// Steps 7 and 8 of
/// [parsing a WebAssembly module](https://webassembly.github.io/esm-integration/js-api/#parse-a-webassembly-module):
/// a name that a wasm file may not import or export as a module. String constants have any.
fn reserved_name(info: &ModuleInfo, options: &CompileOptions) -> Option<String> {
    let is_reserved = |name: &str| name.starts_with("wasm:") || name.starts_with("wasm-js:");
    for import in &info.imports {
        if matches!(options.supply(import), Some(Supplied::String)) {
            continue;
        }
        // 7.1. If moduleName starts with "wasm-js:", throw a LinkError.
        if import.module.starts_with("wasm-js:") {
            return Some(format!(
                "an import from {:?}, a reserved name",
                import.module
            ));
        }
        // 7.2. If name starts with "wasm:" or "wasm-js:", throw a LinkError.
        if is_reserved(&import.name) {
            return Some(format!("an import of {:?}, a reserved name", import.name));
        }
    }
    // 8.1. If name starts with "wasm:" or "wasm-js:", throw a LinkError.
    let mut exports = info.exports.iter();
    let export = exports.find(|export| is_reserved(&export.name))?;
    Some(format!("an export of {:?}, a reserved name", export.name))
}

/// The imports and exports of a module for the registry's list.
fn entries(info: &ModuleInfo) -> (Vec<ImportEntry>, Vec<ExportEntry>) {
    let imports = info.imports.iter().map(|import| ImportEntry {
        module: import.module.clone(),
        name: import.name.clone(),
        kind: import.ty.kind().to_string(),
        ty: import.ty.to_string(),
    });
    let exports = info.exports.iter().map(|export| ExportEntry {
        name: export.name.clone(),
        kind: export.ty.kind().to_string(),
        ty: export.ty.to_string(),
    });
    (imports.collect(), exports.collect())
}
