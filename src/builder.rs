//! How a runtime is set up.

use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sinew_bridge::class::define_methods;
use sinew_bridge::stack::{HEADROOM, StackBounds};
use sinew_bridge::{
    Completion, EngineConfig, FunctionSpec, Graveyard, HostConfig, HostHooks, JsHost, NativeFn,
    Property, ResourceLimits, Termination, WasmEngine,
};
use sinew_registry::{DEFAULT_CONDITIONS, ImportMap, Resolver, Root};
use sinew_web::{Apis, FetchReply, FetchRequest, Web, WebConfig};

use crate::agent::Agent;
use crate::cache::ModuleCache;
use crate::compile_cache::CompileCache;
use crate::error::Error;
use crate::esm::ModuleSource;
use crate::esm::immutable::ImmutableBuffers;
use crate::esm::loader::{LoadHook, Loader, LoaderConfig};
use crate::esm::{namespace_instance, wasm_import};
use crate::fetch::{FetchHook, Source};
use crate::runtime::{InterruptHandle, Parts, Runtime};
use crate::value::{HostBody, HostFn, Local, RuntimeId};
use crate::watchdog::Watchdog;
use crate::webassembly::{buffer, streaming};

/// Where what the guest prints goes: whole lines.
pub type Sink = Box<dyn FnMut(&str)>;

/// Sets a [`Runtime`] up.
///
/// Without further ado a runtime has ECMAScript, `WebAssembly` and the Web's interfaces, opens no
/// files and has no deadline.
pub struct RuntimeBuilder<J: JsHost, W: WasmEngine> {
    root: Option<PathBuf>,
    entry: Option<PathBuf>,
    conditions: Vec<String>,
    import_map: Option<PathBuf>,
    limits: ResourceLimits,
    heap_bytes: Option<usize>,
    timeout: Option<Duration>,
    interruptible: bool,
    max_file_bytes: u64,
    apis: Apis,
    stdout: Option<Sink>,
    stderr: Option<Sink>,
    color: bool,
    cache: Option<ModuleCache<W>>,
    compile_cache: Option<CompileCache>,
    hook: Option<LoadHook>,
    fetch_hook: Option<FetchHook>,
    base_url: Option<String>,
    functions: Vec<HostFunction<J>>,
    _engines: PhantomData<(J, W)>,
}

/// A function of a module that the embedder defines.
struct HostFunction<J: JsHost> {
    module: String,
    name: String,
    length: u32,
    body: Rc<HostBody<J>>,
}

impl<J: JsHost, W: WasmEngine> RuntimeBuilder<J, W> {
    pub(crate) fn new() -> Self {
        Self {
            root: None,
            entry: None,
            conditions: Vec::new(),
            import_map: None,
            limits: ResourceLimits::default(),
            heap_bytes: None,
            timeout: None,
            interruptible: false,
            max_file_bytes: 1 << 30,
            apis: Apis::all(),
            stdout: None,
            stderr: None,
            color: false,
            cache: None,
            compile_cache: None,
            hook: None,
            fetch_hook: None,
            base_url: None,
            functions: Vec::new(),
            _engines: PhantomData,
        }
    }

    /// The folder beneath which modules are found; nothing outside it is opened.
    pub fn root(mut self, folder: impl AsRef<Path>) -> Self {
        self.root = Some(folder.as_ref().to_owned());
        self
    }

    /// Chooses the root by the entry file, unless [`root`](Self::root) does: the nearest folder
    /// that has a `package.json`, or the file's own.
    pub fn root_of(mut self, entry: impl AsRef<Path>) -> Self {
        self.entry = Some(entry.as_ref().to_owned());
        self
    }

    /// Adds conditions under which the `exports` and `imports` of packages are looked up, beside
    /// `import`, `module-sync` and `default`. With `browser` the `browser` field of packages counts,
    /// too: many have a build there that needs no Node.js.
    ///
    /// ```
    /// # use sinew::{DefaultEngine, DefaultHost, Runtime};
    /// # let builder = Runtime::<DefaultHost, DefaultEngine>::builder();
    /// builder.root(".").conditions(&["browser", "production"]);
    /// ```
    pub fn conditions(mut self, conditions: &[&str]) -> Self {
        let conditions = conditions.iter().map(|name| (*name).to_owned());
        self.conditions.extend(conditions);
        self
    }

    /// Looks specifiers up in the
    /// [import map](https://html.spec.whatwg.org/multipage/webappapis.html#import-maps) in `file`
    /// first. Its addresses start from the file, which may lie anywhere; what they lead to has to
    /// lie in the [root](Self::root). Specifiers that the embedder defines or supplies himself are
    /// not looked up.
    pub fn import_map(mut self, file: impl AsRef<Path>) -> Self {
        self.import_map = Some(file.as_ref().to_owned());
        self
    }

    /// What the wasm side may allocate.
    pub fn limits(mut self, limits: ResourceLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Bytes of JavaScript heap, where the engine can bound it
    /// ([`heap_limit`](sinew_bridge::JsFeatures::heap_limit)).
    pub fn heap_bytes(mut self, bytes: usize) -> Self {
        self.heap_bytes = Some(bytes);
        self
    }

    /// Stops the runtime for good this long after it was built. Wasm stops on every engine,
    /// JavaScript where the engine [can be interrupted](sinew_bridge::JsFeatures::interrupt).
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Lets an [`InterruptHandle`] stop running wasm; costs up to a few percent. A
    /// [`timeout`](Self::timeout) includes it.
    pub fn interruptible(mut self) -> Self {
        self.interruptible = true;
        self
    }

    /// The largest file that is read as a module, in bytes; 1 GiB unless set.
    pub fn max_file_bytes(mut self, bytes: u64) -> Self {
        self.max_file_bytes = bytes;
        self
    }

    /// Which of the Web's interfaces the program finds; all unless set. What it does not touch costs
    /// nothing.
    ///
    /// ```
    /// # use sinew::{DefaultEngine, DefaultHost, Runtime};
    /// # let builder = Runtime::<DefaultHost, DefaultEngine>::builder();
    /// use sinew::Apis;
    /// builder.apis(Apis::BASIC | Apis::ENCODING);
    /// ```
    pub fn apis(mut self, apis: Apis) -> Self {
        self.apis = apis;
        self
    }

    /// Where `console.log` goes; the process's standard output unless set.
    pub fn stdout(mut self, sink: impl FnMut(&str) + 'static) -> Self {
        self.stdout = Some(Box::new(sink));
        self
    }

    /// Where `console.error` goes; the process's standard error unless set.
    pub fn stderr(mut self, sink: impl FnMut(&str) + 'static) -> Self {
        self.stderr = Some(Box::new(sink));
        self
    }

    /// Prints for a terminal: colours, and control characters escaped.
    pub fn color(mut self, color: bool) -> Self {
        self.color = color;
        self
    }

    /// Shares engine and compiled modules with other runtimes.
    pub fn cache(mut self, cache: &ModuleCache<W>) -> Self {
        self.cache = Some(cache.clone());
        self
    }

    /// Keeps compiled modules on disk, for other runtimes and later processes.
    pub fn compile_cache(mut self, cache: &CompileCache) -> Self {
        self.compile_cache = Some(cache.clone());
        self
    }

    /// Asks `hook` first for each module: it gets the specifier and the referrer's URL, and returns
    /// the source or `None` to go on as usual. A specifier means the same module everywhere; with
    /// each `type` attribute it means another, whose source has to be of that type.
    pub fn load_hook(
        mut self,
        hook: impl Fn(&str, &str) -> Option<ModuleSource> + 'static,
    ) -> Self {
        self.hook = Some(Box::new(hook));
        self
    }

    /// Gives `fetch` a network: `hook` gets each request that is neither for a `data:` URL nor for a
    /// `file:` URL inside the root, one exchange at a time: redirects are followed here. It answers
    /// now or later, from any thread. Without a hook such requests fail.
    ///
    /// ```
    /// # use sinew::{DefaultEngine, DefaultHost, Runtime};
    /// # fn main() -> Result<(), sinew::Error> {
    /// use sinew::FetchHead;
    ///
    /// let mut runtime = Runtime::<DefaultHost, DefaultEngine>::builder()
    ///     .fetch_hook(|request, reply| {
    ///         std::thread::spawn(move || match request.url.as_str() {
    ///             "app:greeting" => reply.respond(
    ///                 FetchHead { status: 200, ..FetchHead::default() },
    ///                 b"hello".to_vec(),
    ///             ),
    ///             _ => reply.fail("there is nothing else"),
    ///         });
    ///     })
    ///     .build()?;
    /// let text = runtime.eval("example.js", "fetch('app:greeting').then((r) => r.text())")?;
    /// let text = runtime.settle(&text)?;
    /// # let global = runtime.global()?;
    /// # runtime.set(&global, "text", &text)?;
    /// # assert_eq!(runtime.eval::<String>("example.js", "text")?, "hello");
    /// # Ok(())
    /// # }
    /// ```
    pub fn fetch_hook(mut self, hook: impl Fn(FetchRequest, FetchReply) + 'static) -> Self {
        self.fetch_hook = Some(Box::new(hook));
        self
    }

    /// What the URLs of requests are relative to, as a page's are to its own; unless set, they are
    /// absolute.
    pub fn base_url(mut self, url: &str) -> Self {
        self.base_url = Some(url.to_owned());
        self
    }

    /// Defines the function `name` of the module `module`, for `import` from JavaScript and for the
    /// imports of wasm files alike.
    ///
    /// ```
    /// # use sinew::{DefaultEngine, DefaultHost, Runtime};
    /// # let builder = Runtime::<DefaultHost, DefaultEngine>::builder();
    /// builder.function("env", "add", |a: i32, b: i32| a.wrapping_add(b));
    /// ```
    pub fn function<P>(mut self, module: &str, name: &str, function: impl HostFn<J, P>) -> Self {
        let (body, length) = function.into_body();
        self.functions.push(HostFunction {
            module: module.to_owned(),
            name: name.to_owned(),
            length,
            body: body.into(),
        });
        self
    }

    /// Makes the runtime, on the current thread, for the stack that is left of it.
    ///
    /// # Errors
    /// When the root is no folder, or the import map is none, or an engine cannot be set up, or an
    /// open compile cache and the root lie in each other.
    pub fn build(mut self) -> Result<Runtime<J, W>, Error> {
        let start = Instant::now();
        let stack = StackBounds::of_current_thread().remaining();
        let config = EngineConfig {
            interruptible: self.interruptible || self.timeout.is_some(),
            stack_bytes: (stack / 8 * 3).clamp(128 << 10, 8 << 20),
        };
        let engine = match &self.cache {
            Some(cache) => cache.engine().clone(),
            None => W::engine_new(&config).map_err(|error| Error::setup(error.to_string()))?,
        };
        let termination = Arc::new(Termination::default());
        let graveyard = Graveyard::default();
        let resolver = self.resolver()?;
        let root = resolver.as_ref().map(|resolver| resolver.root().clone());
        let agent = Agent::new(
            engine.clone(),
            self.compile_cache_beside(resolver.as_ref())?,
            self.limits,
            termination.clone(),
            graveyard.clone(),
        );
        let loader = Loader::new(
            agent.clone(),
            LoaderConfig {
                resolver,
                max_file_bytes: self.max_file_bytes,
                cache: self.cache.take(),
                hook: self.hook.take(),
            },
        );
        let host_config = HostConfig {
            stack_bytes: stack.saturating_sub(HEADROOM).max(64 << 10),
            heap_bytes: self.heap_bytes,
            termination: termination.clone(),
            graveyard,
        };
        let hooks = loader.clone() as Rc<dyn HostHooks<J>>;
        let mut host = J::new(host_config, hooks).map_err(Error::setup)?;
        let web = Web::new(self.web_config(start, root)?);
        let memories = Rc::downgrade(&agent);
        web.protect_buffers(move |bytes| {
            let agent = memories.upgrade();
            agent.is_some_and(|agent| buffer::is_memory_buffer(&agent, bytes))
        });
        let apis = self.apis;
        let functions = std::mem::take(&mut self.functions);
        host.enter(|cx| {
            web.install(cx, apis)
                .and_then(|()| install(cx, &agent, &loader, functions))
                .and_then(|namespace| match apis.contains(Apis::FETCH) {
                    true => streaming::install(cx, &agent, &web, &namespace),
                    false => Ok(()),
                })
                .map_err(|throw| Error::of_throw(cx, &agent, None, &throw))
        })?;
        let watchdog = self
            .timeout
            .map(|timeout| Watchdog::new(InterruptHandle::<W>::new(termination, engine), timeout))
            .transpose()
            .map_err(|error| Error::setup(format!("the deadline thread: {error}")))?;
        Ok(Runtime::of_parts(Parts {
            host,
            agent,
            loader,
            web,
            watchdog,
        }))
    }

    fn resolver(&self) -> Result<Option<Resolver>, Error> {
        let root = match (&self.root, &self.entry) {
            (Some(root), _) => Root::open(root),
            (None, Some(entry)) => Root::of_entry(entry),
            (None, None) if self.import_map.is_some() => {
                return Err(Error::setup("an import map needs an import root"));
            }
            (None, None) => return Ok(None),
        };
        let setup = |error: sinew_registry::Error| Error::setup(error.to_string());
        let chosen = self.conditions.iter().map(String::as_str);
        let mut conditions = DEFAULT_CONDITIONS.to_vec();
        conditions.extend(chosen.filter(|name| !DEFAULT_CONDITIONS.contains(name)));
        let resolver = Resolver::new(root.map_err(setup)?, &conditions);
        Ok(Some(match &self.import_map {
            Some(file) => resolver.with_import_map(ImportMap::read(file).map_err(setup)?),
            None => resolver,
        }))
    }

    /// The compile cache, for a runtime with this import root.
    fn compile_cache_beside(
        &self,
        resolver: Option<&Resolver>,
    ) -> Result<Option<CompileCache>, Error> {
        let shared = self.cache.as_ref().and_then(ModuleCache::compile_cache);
        let cache = self.compile_cache.as_ref().or(shared);
        let root = resolver.map(|resolver| resolver.root().path());
        cache.map(|cache| cache.beside(root)).transpose()
    }

    fn web_config(&mut self, start: Instant, root: Option<Root>) -> Result<WebConfig, Error> {
        let base_url = self.base_url.as_deref().map(WebConfig::parse_base_url);
        let base_url = base_url.transpose().map_err(Error::setup)?;
        Ok(WebConfig {
            stdout: self.stdout.take().unwrap_or_else(|| {
                Box::new(|text| {
                    use std::io::Write;
                    // A reader that went away is no error of the guest's.
                    let _ = std::io::stdout().lock().write_all(text.as_bytes());
                })
            }),
            stderr: self.stderr.take().unwrap_or_else(|| {
                Box::new(|text| {
                    use std::io::Write;
                    let _ = std::io::stderr().lock().write_all(text.as_bytes());
                })
            }),
            color: self.color,
            start,
            fetcher: Box::new(Source {
                root,
                max_file_bytes: self.max_file_bytes,
                hook: self.fetch_hook.take(),
            }),
            base_url,
        })
    }
}

/// Defines the globals, and the modules that the embedder defines. Returns `WebAssembly`.
fn install<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    agent: &Rc<Agent<J, W>>,
    loader: &Rc<Loader<J, W>>,
    functions: Vec<HostFunction<J>>,
) -> Completion<J> {
    let namespace = agent.install(cx)?;
    define_methods(
        cx,
        loader,
        &namespace,
        namespace_instance::methods::<J, W>(),
    )?;
    *loader.immutable.borrow_mut() = ImmutableBuffers::of_realm(cx)?;
    let global = J::global(cx);
    let name = wasm_import::NAME;
    let body = wasm_import::body::<J, W>;
    let helper = sinew_bridge::class::create_function(cx, loader, name, 1, body)?;
    J::define_property(cx, &global, name.into(), Property::hidden(helper))?;
    let mut functions = functions;
    functions.sort_by(|a, b| a.module.cmp(&b.module));
    for module in functions.chunk_by(|a, b| a.module == b.module) {
        let object = J::create_object(cx, &J::null())?;
        for function in module {
            let spec = FunctionSpec {
                name: &function.name,
                length: function.length,
                constructor: false,
            };
            let data = HostClosureData {
                body: function.body.clone(),
                runtime: agent.id,
            };
            let value = J::create_function::<HostClosure>(cx, data, spec)?;
            let key = function.name.as_str().into();
            J::define_property(cx, &object, key, Property::data(value))?;
        }
        let names = module.iter().map(|function| function.name.clone());
        loader.add_host_module(&module[0].module, names.collect(), object);
    }
    Ok(namespace)
}

/// The body of every function that the embedder defines.
struct HostClosure;

impl<J: JsHost> NativeFn<J> for HostClosure {
    type Data = HostClosureData<J>;

    fn call(scope: &mut J::Scope<'_>, data: &Self::Data, args: J::Args<'_>) -> Completion<J> {
        let runtime = data.runtime;
        (data.body)(&mut Local { scope, runtime }, args)
    }
}

/// What a function that the embedder defines owns.
struct HostClosureData<J: JsHost> {
    body: Rc<HostBody<J>>,
    runtime: RuntimeId,
}
