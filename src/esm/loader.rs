//! The module loader: what the JavaScript engine asks of its host.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use sinew_bridge::stack::StackBounds;
use sinew_bridge::{Completion, ErrorClass, JsHost, Throw, WasmEngine, class};
use sinew_registry::{Key, Record, Registry, Resolver, Status};
use sinew_web::Rejections;

use crate::agent::Agent;
use crate::cache::ModuleCache;
use crate::esm::compile::render;
use crate::esm::facade::{render_names, render_source_function, render_value};
use crate::esm::find::{DataUrls, HOST};
use crate::esm::format::source_of_data;
use crate::esm::immutable::ImmutableBuffers;
use crate::esm::record::{ModuleRecord, WasmRecord};
use crate::esm::source::{ModuleSource, Requested};
use crate::esm::source_phase::{CALLS, SOURCE};
use crate::esm::syntax::{Goal, SourceImports};
use crate::webassembly::WasmModule;

/// A hook of the embedder: the source of `specifier`, requested by the module `referrer`, or `None`
/// to go on as usual.
pub type LoadHook = Box<dyn Fn(&str, &str) -> Option<ModuleSource>>;

/// The module loader of a runtime.
pub(crate) struct Loader<J: JsHost, W: WasmEngine> {
    pub agent: Rc<Agent<J, W>>,
    pub registry: RefCell<Registry<Arc<WasmModule<W>>, ()>>,
    /// The keys behind module names, as far as they were asked for.
    pub(super) keys: RefCell<HashMap<String, Key>>,
    /// The URLs behind the names of modules with long `data:` URLs.
    pub(super) data_urls: DataUrls,
    /// The specifiers and referrers that first led to files, by module name.
    pub(super) requests: RefCell<HashMap<String, (String, String)>>,
    /// The name of the module that the program began with.
    pub main: RefCell<Option<String>>,
    /// What makes the buffers of byte modules immutable.
    pub immutable: RefCell<ImmutableBuffers<J>>,
    /// Every module that was loaded, by name.
    pub records: RefCell<HashMap<String, ModuleRecord<J, W>>>,
    /// Modules of functions that the embedder defines, by specifier.
    pub host_modules: RefCell<HashMap<String, HostModule<J>>>,
    /// Modules that the embedder's hook supplied and the engine has not asked for yet, by name.
    pub(super) supplied: RefCell<HashMap<String, ModuleSource>>,
    /// Promises that were rejected with nobody listening.
    pub rejections: Rejections<J>,
    /// The names under which scripts call `import.source`, by the names of the scripts.
    pub script_functions: RefCell<HashMap<String, String>>,
    pub config: LoaderConfig<W>,
    pub this: Weak<Self>,
}

/// How a loader is set up.
pub(crate) struct LoaderConfig<W: WasmEngine> {
    /// Finds files; without it there are none.
    pub resolver: Option<Resolver>,
    /// The largest file that is read, in bytes.
    pub max_file_bytes: u64,
    /// Compilations that runtimes share.
    pub cache: Option<ModuleCache<W>>,
    pub hook: Option<LoadHook>,
}

/// A module of functions that the embedder defines.
pub(crate) struct HostModule<J: JsHost> {
    pub names: Vec<String>,
    /// An object with the functions.
    pub functions: J::Value,
}

impl<J: JsHost, W: WasmEngine> Loader<J, W> {
    pub(crate) fn new(agent: Rc<Agent<J, W>>, config: LoaderConfig<W>) -> Rc<Self> {
        Rc::new_cyclic(|this| Self {
            agent,
            registry: RefCell::new(Registry::new()),
            keys: RefCell::default(),
            data_urls: DataUrls::default(),
            requests: RefCell::default(),
            main: RefCell::default(),
            immutable: RefCell::default(),
            records: RefCell::default(),
            host_modules: RefCell::default(),
            supplied: RefCell::default(),
            rejections: Rejections::default(),
            script_functions: RefCell::default(),
            config,
            this: this.clone(),
        })
    }

    /// Where files are found, if anywhere.
    pub(crate) fn resolver(&self) -> Option<&Resolver> {
        self.config.resolver.as_ref()
    }

    /// Defines a module of functions.
    pub(crate) fn add_host_module(&self, name: &str, names: Vec<String>, functions: J::Value) {
        let module = HostModule { names, functions };
        self.host_modules
            .borrow_mut()
            .insert(format!("{HOST}{name}"), module);
    }

    /// Supplies the source of the module `name`, which is a URL, for the import of that URL.
    pub(crate) fn supply(&self, name: &str, source: ModuleSource) {
        self.supplied.borrow_mut().insert(name.to_owned(), source);
    }

    /// The functions of a module of the embedder's.
    pub(crate) fn host_module(&self, name: &str) -> Option<J::Value> {
        let modules = self.host_modules.borrow();
        modules.get(name).map(|module| module.functions.clone())
    }

    /// The wasm file of this module name, if it is one and is loaded.
    pub(crate) fn wasm_record(&self, name: &str) -> Option<Rc<WasmRecord<J, W>>> {
        self.records.borrow().get(name)?.wasm().cloned()
    }

    /// Whether the embedder supplied this module, and not as wasm.
    pub(crate) fn is_supplied_text(&self, name: &str) -> bool {
        let supplied = self.supplied.borrow();
        let source = supplied.get(name);
        source.is_some_and(|source| !matches!(source, ModuleSource::Wasm(_)))
    }

    /// Takes a module out of the loader, so that the next import reads it anew.
    pub(crate) fn forget(&self, key: &Key) -> Option<ModuleRecord<J, W>> {
        let name = self.registry.borrow().module_name(key);
        self.registry.borrow_mut().unload(key)?;
        if let Some(resolver) = &self.config.resolver {
            resolver.clear_cache();
        }
        self.requests.borrow_mut().remove(&name);
        let mut records = self.records.borrow_mut();
        records.remove(&format!("{SOURCE}{name}"));
        records.remove(&name)
    }

    /// Lets go of the JavaScript values.
    pub(crate) fn clear(&self) {
        for record in self.records.take().into_values() {
            if let ModuleRecord::Wasm(record) = record {
                record.clear();
            }
        }
        self.host_modules.take();
        self.immutable.take();
        self.rejections.clear();
    }

    /// Loads the module of this name unless it is loaded.
    pub(crate) fn ensure_loaded(&self, cx: &mut J::Scope<'_>, name: &str) -> Completion<J, ()> {
        if self.records.borrow().contains_key(name) || self.host_module(name).is_some() {
            return Ok(());
        }
        self.load_text(cx, name).map(drop)
    }

    /// Reads and prepares the module of this name: its source text for the JavaScript engine.
    pub(super) fn load_text(&self, cx: &mut J::Scope<'_>, name: &str) -> Completion<J, String> {
        if let Some(module) = self.host_modules.borrow().get(name) {
            return Ok(render_names(module.names.iter().map(String::as_str)));
        }
        if name.starts_with(CALLS) {
            return Ok(render_source_function());
        }
        if let Some(module) = name.strip_prefix(SOURCE) {
            let source = self.module_source(cx, module)?;
            self.add_record(name, ModuleRecord::Value(source));
            return Ok(render_value());
        }
        if let Some(record) = self.wasm_record(name) {
            return Ok(render(&record));
        }
        let text = match self.source_of(cx, name)? {
            ModuleSource::JavaScript(text) => {
                self.add_record(name, ModuleRecord::JavaScript);
                let stack = || StackBounds::of_current_thread().remaining();
                let text = match SourceImports::find(&text, Goal::Module, stack) {
                    Some(found) => found.rewrite_module(&text),
                    None => text,
                };
                self.keep_order(&text, Goal::Module).unwrap_or(text)
            }
            ModuleSource::Json(text) => {
                let value = J::parse_json(cx, &text).map_err(|throw| {
                    self.note_failure(name, "it is not well-formed JSON");
                    json_error::<J>(cx, name, throw)
                })?;
                self.add_record(name, ModuleRecord::Value(value));
                render_value()
            }
            ModuleSource::Text(text) => {
                let value = J::string(cx, &text)?;
                self.add_record(name, ModuleRecord::Value(value));
                render_value()
            }
            ModuleSource::Bytes(bytes) => {
                let immutable = self.immutable.borrow().clone();
                let value = immutable.create_uint8_array(cx, &bytes)?;
                self.add_record(name, ModuleRecord::Value(value));
                render_value()
            }
            ModuleSource::Wasm(bytes) => {
                let record = self.add_wasm(cx, name, bytes)?;
                return Ok(render(&record));
            }
        };
        self.note_compiled(name);
        Ok(text)
    }

    /// What the module of this name is, from whoever has it.
    pub(super) fn source_of(
        &self,
        cx: &mut J::Scope<'_>,
        name: &str,
    ) -> Completion<J, ModuleSource> {
        let supplied = self.supplied.borrow_mut().remove(name);
        if let Some(source) = supplied {
            return Ok(source);
        }
        if let Some(key) = self.key_of(name) {
            return self.read(cx, name, &key);
        }
        let source = match self.data_url(name) {
            Some(url) => source_of_data(&url, Requested::of_name(name)),
            None => Err("there is no such module".to_owned()),
        };
        source
            .map_err(|why| class::type_error::<J>(cx, &format!("{name} cannot be imported: {why}")))
    }

    pub(super) fn add_record(&self, name: &str, record: ModuleRecord<J, W>) {
        self.records.borrow_mut().insert(name.to_owned(), record);
    }

    /// Reads a file, once: what it is is told from the bytes that will be run.
    fn read(&self, cx: &mut J::Scope<'_>, name: &str, key: &Key) -> Completion<J, ModuleSource> {
        let start = Instant::now();
        let bytes = self.read_file(key);
        let mut record = Record::new(());
        record.times.read = start.elapsed();
        record.times.loaded = Some(SystemTime::now());
        record.bytes = bytes.as_ref().map_or(0, |bytes| bytes.len() as u64);
        let mut registry = self.registry.borrow_mut();
        if registry.get(key).is_none() {
            registry.insert(key.clone(), record);
        }
        registry.set_status(key, Status::Loading);
        drop(registry);
        let source = bytes
            .and_then(|bytes| self.source_of_file(name, key, bytes))
            .map_err(|message| {
                self.note_failure(name, &message);
                class::type_error::<J>(cx, &message)
            })?;
        Ok(source)
    }

    /// The bytes of a file.
    pub(super) fn read_file(&self, key: &Key) -> Result<Vec<u8>, String> {
        let Some(resolver) = &self.config.resolver else {
            return Err(format!("{key} cannot be opened without an import root"));
        };
        let bytes = resolver.root().read(key.path(), self.config.max_file_bytes);
        let bytes = bytes.map_err(|error| error.to_string())?;
        if let Some(map) = resolver.import_map() {
            map.verify(key, &bytes).map_err(|error| error.to_string())?;
        }
        Ok(bytes)
    }

    /// Notes that a module is ready to be evaluated.
    pub(super) fn note_compiled(&self, name: &str) {
        if let Some(key) = self.key_of(name) {
            let mut registry = self.registry.borrow_mut();
            registry.set_status(&key, Status::Compiled);
        }
    }

    /// Notes that a module failed.
    pub(super) fn note_failure(&self, name: &str, message: &str) {
        if let Some(key) = self.key_of(name) {
            let status = Status::Failed(message.to_owned());
            self.registry.borrow_mut().set_status(&key, status);
        }
    }

    /// Notes how evaluation went.
    pub(crate) fn note_outcome<T>(
        &self,
        cx: &mut J::Scope<'_>,
        name: &str,
        outcome: &Completion<J, T>,
    ) {
        let status = match outcome {
            Ok(_) => Status::Evaluated,
            Err(throw) => Status::Failed(crate::error::describe::<J>(cx, throw)),
        };
        if let Some(key) = self.key_of(name) {
            self.registry.borrow_mut().set_status(&key, status);
        }
    }
}

/// The SyntaxError of a JSON module, with the file's name.
fn json_error<J: JsHost>(
    cx: &mut J::Scope<'_>,
    name: &str,
    throw: Throw<J::Value>,
) -> Throw<J::Value> {
    let Throw::Value(error) = throw else {
        return throw;
    };
    let why = crate::error::message_of::<J>(cx, &error);
    let file = name.strip_prefix(Requested::Json.prefix()).unwrap_or(name);
    class::throw::<J>(cx, ErrorClass::SyntaxError, &format!("{file}: {why}"))
}
