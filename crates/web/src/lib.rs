//! The global objects that JavaScript hosts have in common, written once for every JavaScript
//! engine.
//!
//! [`Web`] is what the globals of one realm share; [`Web::install`] defines them:
//!
//! | global | standard | file |
//! |---|---|---|
//! | `console` | [Console](https://console.spec.whatwg.org/), printing as Node does | `console.rs`, `format.rs`, `inspect.rs` |
//! | `setTimeout`, `setInterval`, `clearTimeout`, `clearInterval` | [HTML](https://html.spec.whatwg.org/multipage/timers-and-user-prompts.html#timers) | `timers.rs` |
//! | `queueMicrotask` | [HTML](https://html.spec.whatwg.org/multipage/timers-and-user-prompts.html#microtask-queuing) | `microtask.rs` |
//! | `performance` | [High Resolution Time](https://w3c.github.io/hr-time/) | `performance.rs` |
//! | `TextEncoder`, `TextDecoder` | [Encoding](https://encoding.spec.whatwg.org/) | `text_encoder.rs`, `text_decoder.rs` |
//!
//! Nothing here blocks, spawns or sleeps: the embedder asks [`Web::next_timer`] how long it may
//! wait and calls [`Web::run_timer`] when that time has come.
//!
//! Rules of the crate: arguments are converted before any state is borrowed, and no borrow is held
//! while user code may run; internal steps look nothing up on objects that user code can patch,
//! they use built-in functions taken at installation
//! (`builtins.rs`).

#![forbid(unsafe_code)]

use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use sinew_bridge::class::{Class, ClassSpec, define_class, type_error};
use sinew_bridge::{Completion, HostData, Intrinsic, JsHost, Property};

mod builtins;
mod console;
mod format;
mod inspect;
mod microtask;
mod performance;
mod slab;
mod text_decoder;
mod text_encoder;
mod timers;
mod webidl;

use builtins::Builtins;
use console::Console;
use slab::Slab;
use text_decoder::Decoding;
use timers::Timers;

/// The [`HostData::class`] values of this crate's objects.
pub const CLASS_IDS: Range<u32> = 32..48;

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
}

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
    decoders: RefCell<Slab<Decoding>>,
    /// `None` before installation and after [`Web::clear`].
    realm: RefCell<Option<Rc<Realm<J>>>>,
}

/// What installation leaves in a realm. It holds objects that lead to functions that own the
/// [`Web`], so it is a cycle until [`Web::clear`].
struct Realm<J: JsHost> {
    builtins: Builtins<J>,
    text_encoder: Class<J>,
    text_decoder: Class<J>,
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
            decoders: RefCell::default(),
            realm: RefCell::new(None),
        })
    }

    /// Defines the globals on the global object. To be called once, before any user code runs.
    pub fn install(self: &Rc<Self>, cx: &mut J::Scope<'_>) -> Completion<J, ()> {
        let mut builtins = Builtins::capture(cx)?;
        let global = J::global(cx);
        console::install(cx, self, &global)?;
        timers::install(cx, self, &global)?;
        microtask::install(cx, self, &global)?;
        performance::install(cx, self, &global)?;
        let text_encoder = self.define_global_class(cx, &global, &Self::TEXT_ENCODER)?;
        let text_decoder = self.define_global_class(cx, &global, &Self::TEXT_DECODER)?;
        for class in [&text_encoder, &text_decoder] {
            builtins.add_class(&class.constructor);
        }
        let realm = Realm {
            builtins,
            text_encoder,
            text_decoder,
        };
        *self.realm.borrow_mut() = Some(Rc::new(realm));
        Ok(())
    }

    /// When the next timer is due; `None` when there is none.
    pub fn next_timer(&self) -> Option<Instant> {
        self.timers.borrow().next_due()
    }

    /// Runs the callback of one timer that is due; `false` when none is. Runs user code; what the
    /// callback throws is returned, and the other timers stay. Callers drain the microtasks
    /// between two calls.
    pub fn run_timer(self: &Rc<Self>, cx: &mut J::Scope<'_>) -> Completion<J, bool> {
        timers::run_one(cx, self)
    }

    /// Frees what belongs to a dead object: data from the
    /// [graveyard](sinew_bridge::HostConfig::graveyard) whose class is one of [`CLASS_IDS`].
    pub fn release(&self, data: HostData) {
        if data.class == Self::TEXT_DECODER.id {
            self.decoders.borrow_mut().remove(data.slot);
        }
    }

    /// Drops every JavaScript value it holds: all timers, and what installation left. To be called
    /// before the engine goes; the globals' functions do not work after it.
    pub fn clear(&self) {
        // Taken out first, dropped second: a finalizer finds no borrow.
        let timers = self.timers.take();
        let realm = self.realm.borrow_mut().take();
        drop((timers, realm));
    }

    fn realm(&self, cx: &mut J::Scope<'_>) -> Completion<J, Rc<Realm<J>>> {
        match &*self.realm.borrow() {
            Some(realm) => Ok(realm.clone()),
            None => Err(type_error::<J>(cx, "the realm has been cleared")),
        }
    }

    fn define_global_class(
        self: &Rc<Self>,
        cx: &mut J::Scope<'_>,
        global: &J::Value,
        spec: &ClassSpec<J, Self>,
    ) -> Completion<J, Class<J>> {
        let parent = J::intrinsic(cx, Intrinsic::ObjectPrototype);
        let class = define_class(cx, self, spec, &parent)?;
        let property = Property::hidden(class.constructor.clone());
        J::define_property(cx, global, spec.name.into(), property)?;
        Ok(class)
    }
}
