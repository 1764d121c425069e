//! A runtime: one JavaScript engine, one wasm engine, and what they share.

use std::marker::PhantomData;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sinew_bridge::class::type_error;
use sinew_bridge::{
    Completion, JsHost, PromiseState, PropertyKey, Reason, ResourceLimits, Termination, Throw,
    WasmEngine,
};
use sinew_registry::{Key, Listing};
use sinew_web::Web;

use crate::agent::Agent;
use crate::builder::RuntimeBuilder;
use crate::error::{Error, ErrorKind};
use crate::esm::ModuleSource;
use crate::esm::entry::Entry;
use crate::esm::loader::Loader;
use crate::esm::record::ModuleRecord;
use crate::value::{FromJs, IntoArgs, IntoJs, Local, Value};
use crate::watchdog::Watchdog;

/// A JavaScript engine `J` with WebAssembly by the engine `W`.
///
/// It belongs to the thread that made it: neither `Send` nor `Sync`.
///
/// ```compile_fail
/// fn send<T: Send>(_: T) {}
/// send(sinew::Runtime::<sinew::DefaultHost, sinew::DefaultEngine>::builder().build().unwrap());
/// ```
pub struct Runtime<J: JsHost, W: WasmEngine> {
    host: Option<J>,
    pub(crate) agent: Rc<Agent<J, W>>,
    pub(crate) loader: Rc<Loader<J, W>>,
    web: Rc<Web<J>>,
    _watchdog: Option<Watchdog>,
    _not_send: PhantomData<*const ()>,
}

/// What [`Runtime::unload`] did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unloaded {
    /// The module's URL.
    pub key: String,
    /// Whether there was an instance, whose functions now refuse to run.
    pub instance: bool,
    /// How many buffers over its memories were detached.
    pub detached_buffers: usize,
    /// Bytes of linear memory that stay reserved until the runtime is dropped: neither engine frees
    /// an instance before its store.
    pub retained_memory_bytes: u64,
    /// Whether the compiled code was let go of; an engine that is shared, or a store that has an
    /// instance of it, may hold it longer.
    pub code_released: bool,
}

/// Stops a runtime from any thread.
pub struct InterruptHandle<W: WasmEngine> {
    termination: Arc<Termination>,
    engine: W::Engine,
}

impl<W: WasmEngine> Clone for InterruptHandle<W> {
    fn clone(&self) -> Self {
        Self {
            termination: self.termination.clone(),
            engine: self.engine.clone(),
        }
    }
}

impl<W: WasmEngine> InterruptHandle<W> {
    pub(crate) fn new(termination: Arc<Termination>, engine: W::Engine) -> Self {
        Self {
            termination,
            engine,
        }
    }

    /// Stops the runtime for good: running code ends soon, later calls fail at once. Wasm stops
    /// where the builder was told to be [interruptible](RuntimeBuilder::interruptible), JavaScript
    /// where the engine [can](sinew_bridge::JsFeatures::interrupt).
    pub fn interrupt(&self) {
        self.stop(Reason::Interrupted);
    }

    pub(crate) fn stop(&self, reason: Reason) {
        self.termination.set(reason);
        W::engine_interrupt(&self.engine);
    }
}

/// What a runtime is made of, once everything is installed.
pub(crate) struct Parts<J: JsHost, W: WasmEngine> {
    pub host: J,
    pub agent: Rc<Agent<J, W>>,
    pub loader: Rc<Loader<J, W>>,
    pub web: Rc<Web<J>>,
    pub watchdog: Option<Watchdog>,
}

impl<J: JsHost, W: WasmEngine> Runtime<J, W> {
    /// A builder, to choose what the runtime may do.
    pub fn builder() -> RuntimeBuilder<J, W> {
        RuntimeBuilder::new()
    }

    pub(crate) fn of_parts(parts: Parts<J, W>) -> Self {
        Self {
            host: Some(parts.host),
            agent: parts.agent,
            loader: parts.loader,
            web: parts.web,
            _watchdog: parts.watchdog,
            _not_send: PhantomData,
        }
    }

    /// Runs the file at `path`, relative to the current folder, until nothing is left: jobs, timers,
    /// top-level await.
    ///
    /// It is imported as a module, or run as a classic script that can `import()`. As in Node.js a
    /// `.mjs` file is a module and a `.cjs` file a script; for other JavaScript the `type` in the
    /// nearest `package.json` decides, and where there is none the syntax: `import` and `export`
    /// declarations, `import.meta` and top-level `await` make it a module.
    ///
    /// # Errors
    /// What is not caught by the program, a module that cannot be found, read, linked or evaluated,
    /// or a top-level await that can never settle.
    pub fn run_file(&mut self, path: impl AsRef<Path>) -> Result<(), Error> {
        let Some(resolver) = self.loader.resolver() else {
            return Err(Error::setup("the runtime has no import root"));
        };
        let key = resolver
            .entry(path.as_ref())
            .map_err(|error| Error::setup(error.to_string()))?;
        match self.loader.entry(&key).map_err(Error::setup)? {
            Entry::Module => self.run_module(&key.url()),
            Entry::Script(text) => {
                self.eval::<Value<J>>(&key.url(), &text)?;
                self.run()
            }
        }
    }

    /// Runs `source` as a module, as if it were the file at `path`, which need not exist: relative
    /// imports start there, and stack traces show it. Runs until nothing is left.
    ///
    /// # Errors
    /// As [`run_file`](Self::run_file).
    pub fn run_source(&mut self, path: impl AsRef<Path>, source: &str) -> Result<(), Error> {
        let path = std::path::absolute(path).map_err(|error| Error::setup(error.to_string()))?;
        let url = Key::from_path(&path).url();
        self.loader
            .supply(&url, ModuleSource::JavaScript(source.to_owned()));
        self.run_module(&url)
    }

    /// Imports the module with this URL, and runs until nothing is left.
    fn run_module(&mut self, url: &str) -> Result<(), Error> {
        *self.loader.main.borrow_mut() = Some(url.to_owned());
        let promise = self.enter(|cx| J::import(cx.scope, url, url))?;
        self.settle(&Value::new(promise, self.agent.id))?;
        self.run()
    }

    /// Imports `specifier` as a module in the root would, and returns the module namespace. Jobs and
    /// timers run until the module is evaluated.
    ///
    /// # Errors
    /// As [`run_file`](Self::run_file).
    pub fn import(&mut self, specifier: &str) -> Result<Value<J>, Error> {
        let promise = self.enter(|cx| J::import(cx.scope, "", specifier))?;
        self.settle(&Value::new(promise, self.agent.id))
    }

    /// Runs a classic script, sloppy unless it says otherwise, and returns its completion value.
    /// `name` is for stack traces, and relative imports start from it if it is the URL of a file.
    ///
    /// # Errors
    /// What the script throws.
    pub fn eval<T: FromJs<J>>(&mut self, name: &str, source: &str) -> Result<T, Error> {
        let loader = self.loader.clone();
        self.enter(|cx| {
            let source = loader.script_text(cx.scope, name, source)?;
            let value = J::eval_script(cx.scope, name, &source)?;
            T::from_js(cx, &value)
        })
    }

    /// Calls a function with `this` undefined.
    ///
    /// # Errors
    /// What the function throws, or a TypeError when the result is not a `T`.
    pub fn call<T: FromJs<J>>(
        &mut self,
        function: &Value<J>,
        args: impl IntoArgs<J>,
    ) -> Result<T, Error> {
        self.enter(|cx| {
            let args = args.into_args(cx)?;
            let function = function.open(cx)?;
            if !J::is_callable(cx.scope, function) {
                return Err(type_error::<J>(cx.scope, "the value is not a function"));
            }
            let value = J::call(cx.scope, function, &J::undefined(), &args)?;
            T::from_js(cx, &value)
        })
    }

    /// The property `name` of an object, a module namespace for instance.
    ///
    /// # Errors
    /// What a getter throws, or a TypeError when the value is not a `T` or `object` no object.
    pub fn get<T: FromJs<J>>(&mut self, object: &Value<J>, name: &str) -> Result<T, Error> {
        self.enter(|cx| {
            let object = object.open(cx)?;
            if !crate::error::is_object::<J>(object) {
                return Err(type_error::<J>(cx.scope, "the value is not an object"));
            }
            let value = J::get(cx.scope, object, PropertyKey::Name(name))?;
            T::from_js(cx, &value)
        })
    }

    /// Sets the property `name` of an object, the global object for instance.
    ///
    /// ```
    /// # use sinew::{DefaultEngine, DefaultHost, Runtime};
    /// # fn main() -> Result<(), sinew::Error> {
    /// # let mut runtime = Runtime::<DefaultHost, DefaultEngine>::builder().build()?;
    /// let global = runtime.global()?;
    /// runtime.set(&global, "answer", 42)?;
    /// assert_eq!(runtime.eval::<i32>("example.js", "answer")?, 42);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// What a setter throws, or a TypeError when the object cannot have it or is no object.
    pub fn set(
        &mut self,
        object: &Value<J>,
        name: &str,
        value: impl IntoJs<J>,
    ) -> Result<(), Error> {
        self.enter(|cx| {
            let value = value.into_js(cx)?;
            let object = object.open(cx)?;
            if !crate::error::is_object::<J>(object) {
                return Err(type_error::<J>(cx.scope, "the value is not an object"));
            }
            J::set(cx.scope, object, PropertyKey::Name(name), &value)
        })
    }

    /// The global object.
    ///
    /// # Errors
    /// When the runtime was stopped.
    pub fn global(&mut self) -> Result<Value<J>, Error> {
        self.enter(|cx| Ok(Value::new(J::global(cx.scope), cx.runtime)))
    }

    /// Runs jobs and timers until none is left.
    ///
    /// # Errors
    /// The first exception or rejection that nobody handles; what is left can be run on.
    pub fn run(&mut self) -> Result<(), Error> {
        while self.turn()? {}
        Ok(())
    }

    /// Waits for a value, if it is a promise, while jobs and timers run.
    ///
    /// # Errors
    /// The reason of a rejection, as [`run`](Self::run), or [`ErrorKind::Unsettled`].
    pub fn settle(&mut self, promise: &Value<J>) -> Result<Value<J>, Error> {
        loop {
            let state = self.enter(|cx| {
                let promise = promise.open(cx)?;
                match J::promise_state(cx.scope, promise) {
                    None => Ok(Some(promise.clone())),
                    Some(PromiseState::Fulfilled(value)) => Ok(Some(value)),
                    Some(PromiseState::Pending) => Ok(None),
                    Some(PromiseState::Rejected(reason)) => {
                        // Whoever waits has handled it.
                        let nothing = J::undefined();
                        J::promise_then(cx.scope, promise, &nothing, &nothing)?;
                        Err(Throw::Value(reason))
                    }
                }
            })?;
            if let Some(value) = state {
                return Ok(Value::new(value, self.agent.id));
            }
            if !self.turn()? {
                return Err(Error::new(
                    ErrorKind::Unsettled,
                    "a promise that was waited for (a top-level await?) can never settle: nothing \
                     is left to run",
                ));
            }
        }
    }

    /// One turn: all jobs that wait, or else the next task, reply or timer. `false` when nothing is
    /// left.
    fn turn(&mut self) -> Result<bool, Error> {
        let web = self.web.clone();
        let ran = self.enter(|cx| {
            let mut ran = false;
            while web.run_job(cx.scope)? {
                ran = true;
            }
            Ok(ran)
        })?;
        self.bury();
        self.report_rejections()?;
        if ran {
            return Ok(true);
        }
        if self.enter(|cx| web.run_task(cx.scope))? {
            return Ok(true);
        }
        if self.enter(|cx| web.run_reply(cx.scope))? {
            return Ok(true);
        }
        if web.next_timer().is_none() && !web.awaits_replies() {
            return Ok(false);
        }
        if self.wait()? {
            self.enter(|cx| web.run_reply(cx.scope))?;
        } else {
            self.enter(|cx| web.run_timer(cx.scope))?;
        }
        Ok(true)
    }

    /// Waits for the next timer or the next reply of the network, whichever is first; `true` is a
    /// reply.
    fn wait(&self) -> Result<bool, Error> {
        // Short naps: the runtime may be stopped meanwhile.
        const NAP: Duration = Duration::from_millis(10);
        loop {
            if self.agent.termination.is_set() {
                return Err(Error::of_termination(&self.agent));
            }
            let due = self.web.next_timer();
            let left = due.map(|due| due.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                return Ok(false);
            }
            if self.web.wait_for_reply(left.unwrap_or(NAP).min(NAP)) {
                return Ok(true);
            }
        }
    }

    /// Reports what is still unhandled when the jobs have run.
    fn report_rejections(&mut self) -> Result<(), Error> {
        let (web, loader) = (self.web.clone(), self.loader.clone());
        self.enter(|cx| web.notify_rejections(cx.scope, &loader.rejections))
    }

    /// Frees what belongs to dead objects.
    fn bury(&self) {
        self.agent.bury();
    }

    /// The files that are loaded, with their facts.
    pub fn modules(&self) -> Vec<Listing> {
        self.loader.registry.borrow().list()
    }

    /// Unloads the module with this URL (see [`modules`](Self::modules)): its instance's functions
    /// throw from now on, views of its memories are detached, its code is let go of, and the next
    /// import reads the file anew. `None` when no such module is loaded.
    ///
    /// # Errors
    /// When the runtime was stopped.
    pub fn unload(&mut self, url: &str) -> Result<Option<Unloaded>, Error> {
        let Some(key) = Key::from_url(url) else {
            return Ok(None);
        };
        let loader = self.loader.clone();
        self.enter(|cx| {
            let Some(record) = loader.forget(&key) else {
                return Ok(None);
            };
            let mut unloaded = Unloaded {
                key: key.url(),
                instance: false,
                detached_buffers: 0,
                retained_memory_bytes: 0,
                code_released: false,
            };
            if let ModuleRecord::Wasm(record) = record {
                record.clear();
                unloaded.code_released = true;
                if let Some(instance) = record.instance.get() {
                    unloaded.instance = true;
                    (unloaded.detached_buffers, unloaded.retained_memory_bytes) =
                        instance.unload(cx.scope)?;
                }
            }
            Ok(Some(unloaded))
        })
    }

    /// Stops this runtime from any thread.
    pub fn interrupt_handle(&self) -> InterruptHandle<W> {
        InterruptHandle::new(self.agent.termination.clone(), self.agent.engine.clone())
    }

    /// Bytes of linear memory in use.
    pub fn memory_bytes(&self) -> u64 {
        self.agent.budget.memory_bytes()
    }

    /// The bounds on what wasm may allocate.
    pub fn limits(&self) -> &ResourceLimits {
        self.agent.budget.limits()
    }

    /// Collects the garbage of the JavaScript engine.
    ///
    /// # Errors
    /// When the runtime was stopped.
    pub fn collect_garbage(&mut self) -> Result<(), Error> {
        self.enter(|cx| {
            J::collect_garbage(cx.scope);
            Ok(())
        })?;
        self.bury();
        Ok(())
    }

    /// Runs `f` in the engine, and turns what it throws into an [`Error`].
    fn enter<T>(
        &mut self,
        f: impl FnOnce(&mut Local<'_, '_, J>) -> Completion<J, T>,
    ) -> Result<T, Error> {
        let (agent, loader) = (self.agent.clone(), self.loader.clone());
        if agent.termination.is_set() {
            return Err(Error::of_termination(&agent));
        }
        let Some(host) = &mut self.host else {
            return Err(Error::of_termination(&agent));
        };
        host.enter(|scope| {
            let mut local = Local {
                scope,
                runtime: agent.id,
            };
            f(&mut local).map_err(|throw| Error::of_throw(scope, &agent, loader.resolver(), &throw))
        })
    }
}

impl<J: JsHost, W: WasmEngine> Drop for Runtime<J, W> {
    /// Buffers are detached, then the store goes, then every handle, then the JavaScript engine.
    fn drop(&mut self) {
        let (agent, loader, web) = (self.agent.clone(), self.loader.clone(), self.web.clone());
        if let Some(host) = &mut self.host {
            host.enter(|cx| {
                agent.close(cx);
                loader.clear();
                web.clear();
            });
        }
        self.host = None;
    }
}
