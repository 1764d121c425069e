//! An engine with hooks that serve modules from a table.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use crate::class::throw;
use crate::{
    Completion, ErrorClass, FunctionSpec, Graveyard, HostConfig, HostHooks, JsHost, NativeFn,
    Property, PropertyKey, Termination, Throw, ValueType,
};

/// An engine and what it was made with.
pub struct Fixture<J: JsHost> {
    /// The engine.
    pub js: J,
    /// Its hooks.
    pub hooks: Rc<Hooks>,
    /// Its stop flag.
    pub termination: Arc<Termination>,
    /// Where its dead host objects go.
    pub graveyard: Graveyard,
}

/// A call of `resolve`: referrer, specifier, attributes.
pub type Resolution = (String, String, Vec<(String, String)>);

/// Hooks over a table of sources: the module `./x` is `test:///x`.
#[derive(Default)]
pub struct Hooks {
    /// Source text by name.
    pub sources: RefCell<BTreeMap<String, String>>,
    /// The calls of `resolve`.
    pub resolved: RefCell<Vec<Resolution>>,
    /// The calls of `load`.
    pub loaded: RefCell<Vec<String>>,
    /// The calls of `promise_rejection`: the reason's text and `handled`.
    pub rejections: RefCell<Vec<(String, bool)>>,
    /// Whether `load` panics.
    pub panics: Cell<bool>,
    /// The calls of `resize_buffer`.
    pub resized: RefCell<Vec<usize>>,
    /// Whether `resize_buffer` sets the length; it throws the global `refusal` otherwise.
    pub resizes: Cell<bool>,
}

impl<J: JsHost> HostHooks<J> for Hooks {
    fn resolve(
        &self,
        cx: &mut J::Scope<'_>,
        referrer: &str,
        specifier: &str,
        attributes: &[(String, String)],
    ) -> Completion<J, String> {
        self.resolved.borrow_mut().push((
            referrer.to_owned(),
            specifier.to_owned(),
            attributes.to_vec(),
        ));
        match specifier.strip_prefix("./") {
            Some(path) if !path.contains('\0') => Ok(format!("test:///{path}")),
            _ => Err(refusal::<J>(cx, &format!("refused {specifier:?}"))),
        }
    }

    fn load(&self, cx: &mut J::Scope<'_>, name: &str) -> Completion<J, String> {
        assert!(!self.panics.get(), "the hook panics");
        self.loaded.borrow_mut().push(name.to_owned());
        match self.sources.borrow().get(name) {
            Some(source) => Ok(source.clone()),
            None => Err(throw::<J>(
                cx,
                ErrorClass::Error,
                &format!("cannot load {name}"),
            )),
        }
    }

    fn import_meta(&self, cx: &mut J::Scope<'_>, name: &str, meta: &J::Value) -> Completion<J, ()> {
        let url = J::string(cx, name)?;
        J::define_property(cx, meta, "url".into(), Property::data(url))
    }

    fn resize_buffer(
        &self,
        cx: &mut J::Scope<'_>,
        buffer: &J::Value,
        len: usize,
    ) -> Completion<J, ()> {
        self.resized.borrow_mut().push(len);
        if !self.resizes.get() {
            return Err(refusal::<J>(cx, &format!("refused {len} bytes")));
        }
        super::buffers::set_len::<J>(cx, buffer, len);
        Ok(())
    }

    fn promise_rejection(
        &self,
        cx: &mut J::Scope<'_>,
        _promise: &J::Value,
        reason: &J::Value,
        handled: bool,
    ) {
        let text = J::as_text(cx, reason).unwrap_or_default();
        self.rejections.borrow_mut().push((text, handled));
    }
}

/// Throws the global `refusal`, or a TypeError where there is none.
fn refusal<J: JsHost>(cx: &mut J::Scope<'_>, message: &str) -> Throw<J::Value> {
    let global = J::global(cx);
    match J::get(cx, &global, "refusal".into()) {
        Ok(value) if J::type_of(&value) == ValueType::Undefined => {
            throw::<J>(cx, ErrorClass::TypeError, message)
        }
        Ok(value) => Throw::Value(value),
        Err(error) => error,
    }
}

impl<J: JsHost> Fixture<J> {
    /// A new engine without modules.
    pub fn new() -> Self {
        let hooks = Rc::new(Hooks::default());
        let termination = Arc::new(Termination::default());
        let graveyard = Graveyard::default();
        let config = HostConfig {
            stack_bytes: 512 << 10,
            heap_bytes: None,
            termination: termination.clone(),
            graveyard: graveyard.clone(),
        };
        let js = J::new(config, hooks.clone()).expect("an engine");
        Self {
            js,
            hooks,
            termination,
            graveyard,
        }
    }

    /// A new engine with these modules, by path.
    pub fn with_modules(modules: &[(&str, &str)]) -> Self {
        let fixture = Self::new();
        for (path, source) in modules {
            fixture.set_module(path, source);
        }
        fixture
    }

    /// Serves `source` as the module `./path`.
    pub fn set_module(&self, path: &str, source: &str) {
        self.hooks
            .sources
            .borrow_mut()
            .insert(format!("test:///{path}"), source.to_owned());
    }

    /// Runs `f` with access to the engine.
    pub fn enter<R>(&mut self, f: impl FnOnce(&mut J::Scope<'_>) -> R) -> R {
        self.js.enter(f)
    }

    /// Evaluates a script, runs all jobs, and gives the text of the global `out`.
    pub fn run(&mut self, source: &str) -> String {
        self.enter(|cx| {
            eval::<J>(cx, source);
            run_jobs::<J>(cx);
            text_of::<J>(cx, "out")
        })
    }
}

impl<J: JsHost> Default for Fixture<J> {
    fn default() -> Self {
        Self::new()
    }
}

/// Functions whose body is a closure.
pub(super) struct Closure;

pub(super) type Body<J> = dyn for<'s, 'a, 'b> Fn(
    &'a mut <J as JsHost>::Scope<'s>,
    <J as JsHost>::Args<'b>,
) -> Completion<J>;

impl<J: JsHost> NativeFn<J> for Closure {
    type Data = Rc<Body<J>>;

    fn call(cx: &mut J::Scope<'_>, data: &Self::Data, args: J::Args<'_>) -> Completion<J> {
        data(cx, args)
    }
}

/// A function with this body.
pub(super) fn function<J: JsHost>(
    cx: &mut J::Scope<'_>,
    name: &str,
    body: impl for<'s, 'a, 'b> Fn(&'a mut J::Scope<'s>, J::Args<'b>) -> Completion<J> + 'static,
) -> J::Value {
    let spec = FunctionSpec {
        name,
        length: 0,
        constructor: false,
    };
    let body: Rc<Body<J>> = Rc::new(body);
    ok::<J, _>(cx, |cx| J::create_function::<Closure>(cx, body, spec))
}

/// Defines a global function with this body.
pub(super) fn define_function<J: JsHost>(
    cx: &mut J::Scope<'_>,
    name: &str,
    body: impl for<'s, 'a, 'b> Fn(&'a mut J::Scope<'s>, J::Args<'b>) -> Completion<J> + 'static,
) {
    let function = function::<J>(cx, name, body);
    define::<J>(cx, name, function);
}

/// Defines a global.
pub(super) fn define<J: JsHost>(cx: &mut J::Scope<'_>, name: &str, value: J::Value) {
    let global = J::global(cx);
    ok::<J, _>(cx, |cx| {
        J::define_property(cx, &global, name.into(), Property::hidden(value))
    });
}

/// The value of a normal completion.
#[track_caller]
pub(super) fn ok<J: JsHost, T>(
    cx: &mut J::Scope<'_>,
    f: impl FnOnce(&mut J::Scope<'_>) -> Completion<J, T>,
) -> T {
    match f(cx) {
        Ok(value) => value,
        Err(Throw::Terminated) => panic!("terminated"),
        Err(Throw::Value(error)) => {
            let text = describe::<J>(cx, &error);
            panic!("threw {text}")
        }
    }
}

/// The value of a throw completion.
#[track_caller]
pub(super) fn thrown<J: JsHost, T>(completion: Completion<J, T>) -> J::Value {
    match completion {
        Ok(_) => panic!("did not throw"),
        Err(Throw::Terminated) => panic!("terminated"),
        Err(Throw::Value(error)) => error,
    }
}

/// Whether a completion is a termination.
pub(super) fn is_terminated<J: JsHost, T>(completion: &Completion<J, T>) -> bool {
    matches!(completion, Err(Throw::Terminated))
}

/// A value's text, as `String` has it.
pub(super) fn describe<J: JsHost>(cx: &mut J::Scope<'_>, value: &J::Value) -> String {
    match J::to_string(cx, value) {
        Ok(text) => J::as_text(cx, &text).unwrap_or_default(),
        Err(_) => "a value without text".to_owned(),
    }
}

/// The value of a script.
#[track_caller]
pub(super) fn eval<J: JsHost>(cx: &mut J::Scope<'_>, source: &str) -> J::Value {
    ok::<J, _>(cx, |cx| J::eval_script(cx, "test:///script", source))
}

/// The Boolean that a script gives.
#[track_caller]
pub(super) fn holds<J: JsHost>(cx: &mut J::Scope<'_>, source: &str) -> bool {
    let value = eval::<J>(cx, source);
    J::as_boolean(&value).expect("a Boolean")
}

/// The text of what a script gives.
#[track_caller]
pub(super) fn eval_text<J: JsHost>(cx: &mut J::Scope<'_>, source: &str) -> String {
    let value = eval::<J>(cx, source);
    describe::<J>(cx, &value)
}

/// The text of a global.
pub(super) fn text_of<J: JsHost>(cx: &mut J::Scope<'_>, name: &str) -> String {
    let global = J::global(cx);
    let value = ok::<J, _>(cx, |cx| J::get(cx, &global, PropertyKey::Name(name)));
    describe::<J>(cx, &value)
}

/// Runs jobs until none waits.
#[track_caller]
pub(super) fn run_jobs<J: JsHost>(cx: &mut J::Scope<'_>) {
    while ok::<J, _>(cx, |cx| J::run_job(cx)) {}
}
