//! The global objects that JavaScript hosts have in common, written once for every JavaScript
//! engine.
//!
//! [`Web`] is what the globals of one realm share; [`Web::install`] defines those that the embedder
//! [chose](Apis), and makes each when it is first touched:
//!
//! | global | standard | file |
//! |---|---|---|
//! | `console` | [Console](https://console.spec.whatwg.org/), printing as Node does | `console.rs`, `format.rs`, `inspect.rs` |
//! | `setTimeout`, `setInterval`, `clearTimeout`, `clearInterval` | [HTML](https://html.spec.whatwg.org/multipage/timers-and-user-prompts.html#timers) | `timers.rs` |
//! | `queueMicrotask` | [HTML](https://html.spec.whatwg.org/multipage/timers-and-user-prompts.html#microtask-queuing) | `microtask.rs` |
//! | `performance` | [High Resolution Time](https://w3c.github.io/hr-time/) | `performance.rs` |
//! | `TextEncoder`, `TextDecoder` | [Encoding](https://encoding.spec.whatwg.org/) | `text_encoder.rs`, `text_decoder.rs` |
//! | `Blob`, `File` | [File API](https://w3c.github.io/FileAPI/) | `blob/` |
//! | `fetch`, `Headers`, `Request`, `Response`, `FormData` | [Fetch](https://fetch.spec.whatwg.org/), [XMLHttpRequest](https://xhr.spec.whatwg.org/#interface-formdata) | `fetch/` |
//! | `TextEncoderStream`, `TextDecoderStream` | [Encoding](https://encoding.spec.whatwg.org/#interface-textdecoderstream) | `encoding/` |
//! | `URL`, `URLSearchParams` | [URL](https://url.spec.whatwg.org/#api) | `url/` |
//! | `atob`, `btoa` | [HTML](https://html.spec.whatwg.org/multipage/webappapis.html#atob) | `base64.rs` |
//! | `crypto` | [Web Cryptography](https://w3c.github.io/webcrypto/), without keys | `crypto/` |
//! | `navigator`, `self` | [HTML](https://html.spec.whatwg.org/multipage/system-state.html#the-navigator-object) | `navigator.rs` |
//! | `Event`, `EventTarget`, `CustomEvent`, `addEventListener` ... | [DOM](https://dom.spec.whatwg.org/#events) | `events/` |
//! | `ErrorEvent`, `PromiseRejectionEvent`, `reportError`, `onerror` ... | [HTML](https://html.spec.whatwg.org/multipage/webappapis.html#runtime-script-errors) | `events/` |
//! | `AbortController`, `AbortSignal` | [DOM](https://dom.spec.whatwg.org/#aborting-ongoing-activities) | `abort/` |
//! | `structuredClone` | [HTML](https://html.spec.whatwg.org/multipage/structured-data.html) | `structured_clone/` |
//! | `DOMException` | [WebIDL](https://webidl.spec.whatwg.org/#idl-DOMException) | `dom_exception.rs` |
//! | `ReadableStream`, `WritableStream`, `TransformStream` and what goes with them | [Streams](https://streams.spec.whatwg.org/) | `streams/` |
//! | `CompressionStream`, `DecompressionStream` | [Compression](https://compression.spec.whatwg.org/) | `compression/` |
//!
//! What they are built of: `globals.rs` (properties made when touched), `closure.rs` (functions that
//! own values, promises), `webidl.rs` (conversions), `tasks.rs`.
//!
//! Nothing here spawns or sleeps: the embedder asks [`Web::next_timer`] how long it may wait and
//! calls [`Web::run_timer`] when that time has come. Replies of the [network](Fetcher) that it
//! supplies arrive meanwhile: [`Web::wait_for_reply`], [`Web::run_reply`].
//!
//! Rules of the crate: arguments are converted before any state is borrowed, and no borrow is held
//! while user code may run; internal steps look nothing up on objects that user code can patch,
//! they use built-in functions taken at installation
//! (`builtins.rs`). An object's own values are [`Edge`](sinew_bridge::Edge)s of its state, so that
//! the collector sees them.

#![forbid(unsafe_code)]

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use sinew_bridge::class::{Class, ClassSpec, define_class, prototype_of_new_target, type_error};
use sinew_bridge::{Completion, Intrinsic, JsHost, Trace};

mod abort;
mod apis;
mod base64;
mod blob;
mod builtins;
mod closure;
mod compression;
mod console;
mod crypto;
mod dom_exception;
mod encoding;
mod events;
mod fetch;
mod format;
mod globals;
mod inspect;
mod iterable;
mod microtask;
mod navigator;
mod performance;
mod streams;
mod structured_clone;
mod tasks;
mod text_decoder;
mod text_encoder;
mod timers;
mod url;
mod webidl;

pub use apis::Apis;
pub use fetch::ResponseBytes;
pub use fetch::reply::{FetchBody, FetchHead, FetchReply, FetchRequest, Fetcher};

pub use events::Rejections;

use builtins::Builtins;
use console::Console;
use events::{EventTarget, Reporting, TargetKind};
use fetch::network::Exchanges;
use tasks::Task;
use timers::Timers;

/// Where text goes that the guest prints.
pub type Sink = Box<dyn FnMut(&str)>;

/// What the globals need of their embedder.
pub struct WebConfig {
    /// Where `console.log` and its like go: whole lines, newline included.
    pub stdout: Sink,
    /// Where `console.error` and its like go.
    pub stderr: Sink,
    /// Whether both are terminals: values get colours, and control characters in what the guest
    /// prints are escaped.
    pub color: bool,
    /// The moment that `performance.now()` counts from.
    pub start: Instant,
    /// Where `fetch` finds what is not in the URL itself.
    pub fetcher: Box<dyn Fetcher>,
    /// What the URLs of requests are relative to; without it they are absolute.
    pub base_url: Option<::url::Url>,
}

impl WebConfig {
    /// A [base URL](Self::base_url). The error says what is wrong.
    pub fn parse_base_url(url: &str) -> Result<::url::Url, String> {
        let parsed = ::url::Url::parse(url);
        parsed.map_err(|error| format!("the base URL {url:?} cannot be parsed: {error}"))
    }
}

/// Whether a buffer is one that structured cloning must not transfer.
type IsProtected<J> = Box<dyn Fn(&<J as JsHost>::Value) -> bool>;

/// What the globals of one realm share.
pub struct Web<J: JsHost> {
    stdout: RefCell<Sink>,
    stderr: RefCell<Sink>,
    color: bool,
    start: Instant,
    /// `start`, in milliseconds since the Unix epoch.
    time_origin: f64,
    console: RefCell<Console>,
    timers: RefCell<Timers<J>>,
    tasks: RefCell<VecDeque<Task<J>>>,
    fetcher: Box<dyn Fetcher>,
    base_url: Option<::url::Url>,
    exchanges: RefCell<Exchanges<J>>,
    reporting: Reporting<J>,
    protected_buffers: RefCell<Option<IsProtected<J>>>,
    /// `None` before installation and after [`Web::clear`].
    realm: RefCell<Option<Rc<Realm<J>>>>,
}

/// What installation leaves in a realm. It holds objects that lead to functions that own the
/// [`Web`], so it is a cycle until [`Web::clear`].
struct Realm<J: JsHost> {
    builtins: Builtins<J>,
    /// The interfaces that were touched, by name.
    classes: RefCell<HashMap<&'static str, Class<J>>>,
    /// The objects of the global scope that were touched, by name.
    objects: RefCell<HashMap<&'static str, J::Value>>,
    /// The global object as an event target.
    global_target: Rc<EventTarget<J>>,
}

impl<J: JsHost> Web<J> {
    /// The state of one realm's globals.
    pub fn new(config: WebConfig) -> Rc<Self> {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let origin = now.saturating_sub(config.start.elapsed());
        Rc::new(Self {
            stdout: RefCell::new(config.stdout),
            stderr: RefCell::new(config.stderr),
            color: config.color,
            start: config.start,
            time_origin: origin.as_secs_f64() * 1000.0,
            console: RefCell::default(),
            timers: RefCell::default(),
            tasks: RefCell::default(),
            fetcher: config.fetcher,
            base_url: config.base_url,
            exchanges: RefCell::default(),
            reporting: Reporting::default(),
            protected_buffers: RefCell::default(),
            realm: RefCell::new(None),
        })
    }

    /// Defines the globals of `apis` on the global object. To be called once, before any user code
    /// runs.
    pub fn install(self: &Rc<Self>, cx: &mut J::Scope<'_>, apis: Apis) -> Completion<J, ()> {
        let realm = Realm {
            builtins: Builtins::capture(cx)?,
            classes: RefCell::default(),
            objects: RefCell::default(),
            global_target: Rc::new(EventTarget::new(TargetKind::Plain)),
        };
        *self.realm.borrow_mut() = Some(Rc::new(realm));
        self.define_globals(cx, apis)
    }

    /// When the next timer is due; `None` when there is none that is worth waiting for if nothing
    /// else is left to do: that of `AbortSignal.timeout` is not.
    pub fn next_timer(&self) -> Option<Instant> {
        self.timers.borrow().next_awaited()
    }

    /// When the next timer is due, for who waits for something else, too.
    pub fn next_timer_of_any_kind(&self) -> Option<Instant> {
        self.timers.borrow().next_due()
    }

    /// Runs the callback of one timer that is due; `false` when none is. Runs user code; what it
    /// throws and no listener of the global object handles is thrown, the other timers stay. Callers
    /// drain the microtasks between two calls.
    pub fn run_timer(self: &Rc<Self>, cx: &mut J::Scope<'_>) -> Completion<J, bool> {
        let completion = timers::run_one(cx, self);
        self.reported(cx, completion)
    }

    /// Drops every JavaScript value it holds: all timers, all tasks, and what installation left. To be called
    /// before the engine goes; the globals' functions do not work after it.
    pub fn clear(&self) {
        // Taken out first, dropped second: a finalizer finds no borrow.
        let timers = self.timers.take();
        let tasks = self.tasks.take();
        let exchanges = self.exchanges.take();
        let realm = self.realm.borrow_mut().take();
        drop((timers, tasks, exchanges, realm));
        self.reporting.clear();
    }

    fn realm(&self, cx: &mut J::Scope<'_>) -> Completion<J, Rc<Realm<J>>> {
        match &*self.realm.borrow() {
            Some(realm) => Ok(realm.clone()),
            None => Err(type_error::<J>(cx, "the realm has been cleared")),
        }
    }

    /// An interface of the realm, which is made when it is first asked for.
    pub(crate) fn class(
        self: &Rc<Self>,
        cx: &mut J::Scope<'_>,
        spec: &ClassSpec<J, Self>,
    ) -> Completion<J, Class<J>> {
        let realm = self.realm(cx)?;
        if let Some(class) = realm.classes.borrow().get(spec.name) {
            return Ok(class.clone());
        }
        let parent = match spec.parent {
            Some(parent) => Some(self.class(cx, parent)?),
            None => None,
        };
        let proto = match &parent {
            Some(parent) => parent.prototype.clone(),
            None => J::intrinsic(cx, Intrinsic::ObjectPrototype),
        };
        let class = define_class(cx, self, spec, &proto)?;
        if let Some(parent) = &parent {
            J::set_prototype(cx, &class.constructor, &parent.constructor)?;
        }
        realm.builtins.add_class(&class.constructor);
        if let Some(show) = inspect::attributes::<J>(cx, spec.name, &class.prototype)? {
            realm.builtins.add_show(&class.prototype, show);
        }
        let mut classes = realm.classes.borrow_mut();
        classes.insert(spec.name, class.clone());
        Ok(class)
    }

    /// The value of a global property, which is made when it is first asked for.
    pub(crate) fn object(
        self: &Rc<Self>,
        cx: &mut J::Scope<'_>,
        name: &'static str,
        make: impl FnOnce(&mut J::Scope<'_>, &Rc<Self>) -> Completion<J>,
    ) -> Completion<J> {
        let realm = self.realm(cx)?;
        if let Some(object) = realm.objects.borrow().get(name) {
            return Ok(object.clone());
        }
        let object = make(cx, self)?;
        self.replace(cx, name, object.clone())?;
        Ok(object)
    }

    /// Whether the value of a global property is made.
    fn is_made(&self, cx: &mut J::Scope<'_>, name: &str) -> Completion<J, bool> {
        let realm = self.realm(cx)?;
        Ok(realm.objects.borrow().contains_key(name))
    }

    /// Makes `value` that of a global property.
    fn replace(
        &self,
        cx: &mut J::Scope<'_>,
        name: &'static str,
        value: J::Value,
    ) -> Completion<J, ()> {
        let realm = self.realm(cx)?;
        let old = realm.objects.borrow_mut().insert(name, value);
        drop(old);
        Ok(())
    }

    /// The prototype of the object that a constructor of this interface
    /// [creates](https://webidl.spec.whatwg.org/#internally-create-a-new-object-implementing-the-interface),
    /// once its arguments are converted and before its steps. Runs user code.
    pub(crate) fn prototype(
        self: &Rc<Self>,
        cx: &mut J::Scope<'_>,
        args: J::Args<'_>,
        spec: &ClassSpec<J, Self>,
    ) -> Completion<J> {
        let class = self.class(cx, spec)?;
        prototype_of_new_target(cx, args, &class)
    }

    /// The object of a constructor of this interface whose steps cannot fail. Runs user code.
    pub(crate) fn construct<T: Trace<J>>(
        self: &Rc<Self>,
        cx: &mut J::Scope<'_>,
        args: J::Args<'_>,
        spec: &ClassSpec<J, Self>,
        state: T,
    ) -> Completion<J> {
        let proto = self.prototype(cx, args, spec)?;
        J::create_state_object(cx, &proto, state)
    }

    /// A new object of this interface. Runs no user code.
    pub(crate) fn create<T: Trace<J>>(
        self: &Rc<Self>,
        cx: &mut J::Scope<'_>,
        spec: &ClassSpec<J, Self>,
        state: T,
    ) -> Completion<J> {
        let class = self.class(cx, spec)?;
        J::create_state_object(cx, &class.prototype, state)
    }

    /// The state of the `this` of a member of this interface.
    pub(crate) fn this<T: Trace<J>>(
        &self,
        cx: &mut J::Scope<'_>,
        args: J::Args<'_>,
        spec: &ClassSpec<J, Self>,
    ) -> Completion<J, Rc<T>> {
        let this = J::this(cx, args);
        match J::state(cx, &this) {
            Some(state) => Ok(state),
            None => {
                let message = format!("receiver is not a {}", spec.display);
                Err(type_error::<J>(cx, &message))
            }
        }
    }
}
