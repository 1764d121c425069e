//! Scripts, modules and JSON.
//!
//! QuickJS loads the modules that a module requests while it compiles it, and frees a module when
//! one of them fails, although other modules of a cycle may point to it by then. So a load must
//! not fail in the middle: the whole graph is read first, with the hooks, in a context of its own
//! that does nothing but parse; only then does QuickJS see its modules, and whatever happens
//! from there on, it is handed a module.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};

use rquickjs::qjs;
use sinew_bridge::{ErrorClass, Throw, UNINITIALIZED};

use crate::error::{Result, completion, fail, guarded, raise, throw};
use crate::object::{Atom, keys};
use crate::scope::{Scope, State, here};
use crate::value::{self, Value, Word};

mod graph;

use graph::{load_graph, make};

/// A module request: specifier and attributes.
type Request = (String, Vec<(String, String)>);

/// A module that was read but not compiled.
struct Source {
    name: CString,
    /// The text and a NUL.
    text: Vec<u8>,
    /// The names of the modules that it requests, in the order of the text.
    requests: Vec<String>,
    /// How many of them QuickJS asked for.
    asked: usize,
}

/// The modules of a graph that QuickJS does not know yet.
#[derive(Default)]
struct Graph {
    sources: Vec<Source>,
    by_name: HashMap<String, usize>,
    /// Each module after those that it requests, as far as there are no cycles.
    order: Vec<usize>,
}

/// What a runtime knows about modules.
#[derive(Default)]
pub(crate) struct Modules {
    /// The names of all modules of the context.
    known: RefCell<HashSet<String>>,
    /// Names of modules that could not be made, for good, and why.
    broken: RefCell<HashMap<String, Throw<Value>>>,
    /// The graph that is being made, what came of it, and what failed first.
    making: RefCell<Option<Making>>,
    parser: RefCell<Option<Parser>>,
    /// What stands in for a module that could not be made.
    stand_in: Cell<*mut qjs::JSModuleDef>,
    /// How many bytes of a string's memory are before its characters.
    string_header: Cell<usize>,
}

#[derive(Default)]
struct Making {
    graph: Graph,
    made: Vec<(String, *mut qjs::JSModuleDef)>,
    failed: Option<Throw<Value>>,
}

/// A context that only parses.
struct Parser {
    ctx: *mut qjs::JSContext,
    /// What all requests in this context resolve to.
    dependency: *mut qjs::JSModuleDef,
    requests: Vec<Request>,
    /// Bytes of source text that it parsed, and keeps.
    bytes: usize,
}

/// Sets the module hooks of a runtime.
///
/// # Safety
/// `rt` is a live runtime whose state is `state`.
pub(crate) unsafe fn install(rt: *mut qjs::JSRuntime, state: *mut c_void) {
    // SAFETY: the state outlives the runtime.
    unsafe {
        qjs::JS_SetModuleLoaderFunc2(rt, None, Some(load), None, state);
        qjs::JS_SetModuleNormalizeFunc2(rt, Some(resolve));
    }
}

/// Makes the module [`UNINITIALIZED`] and evaluates it, so that it is known before any other.
pub(crate) fn make_uninitialized(cx: &mut Scope<'_>) -> Result<()> {
    let name = c_name(cx, UNINITIALIZED)?;
    // SAFETY: the context lives.
    let promise = unsafe {
        let module = qjs::JS_NewCModule(cx.ctx, name.as_ptr(), Some(leave_uninitialized));
        if module.is_null() || qjs::JS_AddModuleExport(cx.ctx, module, BINDING.as_ptr()) < 0 {
            return Err(fail(cx));
        }
        let module = qjs::JS_MKPTR(qjs::JS_TAG_MODULE, module.cast());
        // The context keeps the count that there is.
        qjs::JS_EvalFunction(cx.ctx, qjs::JS_DupValue(cx.ctx, module))
    };
    completion(cx, promise)?;
    let known = &cx.state.modules.known;
    known.borrow_mut().insert(UNINITIALIZED.to_owned());
    Ok(())
}

/// The export of [`UNINITIALIZED`].
const BINDING: &CStr = c"binding";

/// The body of [`UNINITIALIZED`]: QuickJS has its binding initialised as undefined.
unsafe extern "C" fn leave_uninitialized(
    ctx: *mut qjs::JSContext,
    module: *mut qjs::JSModuleDef,
) -> c_int {
    let nothing = qjs::JS_MKVAL(qjs::JS_TAG_UNINITIALIZED, 0);
    // SAFETY: the module is linked, and has this export.
    unsafe { qjs::JS_SetModuleExport(ctx, module, BINDING.as_ptr(), nothing) }
}

/// A script, sloppy.
pub(crate) fn evaluate(cx: &mut Scope<'_>, name: &CStr, source: &str) -> Result<Value> {
    let mut text = source.as_bytes().to_vec();
    text.push(0);
    // SAFETY: the text ends with a NUL that its length does not count.
    guarded(cx, |ctx| unsafe {
        let flags = qjs::JS_EVAL_TYPE_GLOBAL as c_int;
        qjs::JS_Eval(
            ctx,
            text.as_ptr().cast(),
            source.len() as _,
            name.as_ptr(),
            flags,
        )
    })
}

pub(crate) fn eval_script(cx: &mut Scope<'_>, name: &str, source: &str) -> Result<Value> {
    let name = c_name(cx, name)?;
    evaluate(cx, &name, source)
}

pub(crate) fn import(cx: &mut Scope<'_>, referrer: &str, specifier: &str) -> Result<Value> {
    let specifier = value::string(cx, specifier)?;
    // `JS_LoadModule` evaluates at once, which must not happen inside another evaluation. The
    // operator makes a job of it.
    let operator = eval_script(cx, referrer, "specifier => import(specifier)")?;
    let undefined = Value::immediate(Word::UNDEFINED);
    crate::function::call(cx, &operator, &undefined, &[specifier])
}

pub(crate) fn parse_json(cx: &mut Scope<'_>, source: &str) -> Result<Value> {
    let mut text = source.as_bytes().to_vec();
    text.push(0);
    // SAFETY: as in `evaluate`.
    guarded(cx, |ctx| unsafe {
        qjs::JS_ParseJSON(
            ctx,
            text.as_ptr().cast(),
            source.len() as _,
            c"<json>".as_ptr(),
        )
    })
}

pub(crate) fn active_script_or_module(cx: &mut Scope<'_>) -> Option<String> {
    /// Frames of built-in functions that may stand above the first with a name.
    const LEVELS: c_int = 256;
    for level in 0..LEVELS {
        // SAFETY: the context lives; the atom is freed once, below.
        let atom = unsafe { qjs::JS_GetScriptOrModuleName(cx.ctx, level) };
        if atom == qjs::JS_ATOM_NULL {
            continue;
        }
        let atom = Atom::owned(cx, atom).ok()?;
        // SAFETY: a valid atom.
        let raw = unsafe { qjs::JS_AtomToString(cx.ctx, atom.raw()) };
        let name = completion(cx, raw).ok()?;
        match value::as_text(cx, &name)? {
            // Code of `eval` and of `Function`: what called it has the name.
            name if name == "<input>" => {}
            name => return Some(name),
        }
    }
    None
}

/// A name for QuickJS, which ends strings at a NUL.
fn c_name(cx: &mut Scope<'_>, name: &str) -> Result<CString> {
    CString::new(name).map_err(|_| throw(cx, ErrorClass::TypeError, "a name cannot contain NUL"))
}

impl Modules {
    /// Finds out where the length of a C string of QuickJS is.
    pub(crate) fn measure(&self, cx: &mut Scope<'_>) -> Option<()> {
        let text = value::string(cx, "measure").ok()?;
        let raw = text.raw(cx);
        let mut len = 0;
        // SAFETY: a String of ASCII: QuickJS gives its own memory, behind the string's header.
        self.string_header.set(unsafe {
            let chars = qjs::JS_ToCStringLen2(cx.ctx, &mut len, raw, false);
            let header = chars.addr().checked_sub(qjs::JS_VALUE_GET_PTR(raw).addr());
            qjs::JS_FreeCString(cx.ctx, chars);
            header.filter(|header| (1..=64).contains(header))?
        });
        // The same has to hold for what QuickJS had to convert.
        let text = value::string(cx, "é\0Ā").ok()?;
        // SAFETY: a String.
        let chars = unsafe { qjs::JS_ToCStringLen2(cx.ctx, &mut len, text.raw(cx), false) };
        let found = (!chars.is_null()).then(|| self.text(cx, chars));
        // SAFETY: freed once.
        unsafe { qjs::JS_FreeCString(cx.ctx, chars) };
        (found?.ok()? == "é\0Ā").then_some(())
    }

    /// The text of a C string that QuickJS made, to its end, NUL or no NUL.
    fn text(&self, cx: &mut Scope<'_>, chars: *const c_char) -> Result<String> {
        let mut len = 0;
        // SAFETY: as `JS_FreeCString` does: the characters are those of a string, whose header is
        // before them. Its `length` is read without user code.
        let bytes = unsafe {
            let string = chars.byte_sub(self.string_header.get()).cast_mut();
            let string = qjs::JS_MKPTR(qjs::JS_TAG_STRING, string.cast());
            if qjs::JS_GetLength(cx.ctx, string, &mut len) < 0 {
                return Err(fail(cx));
            }
            std::slice::from_raw_parts(chars.cast::<u8>(), len as usize)
        };
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(text.to_owned()),
            Err(_) => {
                let message = "a module specifier cannot contain lone surrogates";
                Err(throw(cx, ErrorClass::TypeError, message))
            }
        }
    }

    /// The engine ends.
    pub(crate) fn close(&self) {
        self.broken.borrow_mut().clear();
        self.making.take();
        if let Some(parser) = self.parser.take() {
            parser.free();
        }
    }
}

impl Parser {
    fn free(self) {
        // SAFETY: it has one count, which is given back.
        unsafe { qjs::JS_FreeContext(self.ctx) };
    }
}

/// The module hook that turns a specifier into a name.
unsafe extern "C" fn resolve(
    ctx: *mut qjs::JSContext,
    referrer: *const c_char,
    specifier: *const c_char,
    attributes: qjs::JSValue,
    state: *mut c_void,
) -> *mut c_char {
    // SAFETY: the state, which outlives the runtime.
    let state = unsafe { &*state.cast::<State>() };
    let mut cx = Scope { ctx, state };
    let name = catching(&mut cx, |cx| {
        let text = |cx: &mut Scope<'_>, chars| state.modules.text(cx, chars);
        let specifier = text(cx, specifier)?;
        let attributes = take_attributes(cx, attributes)?;
        if let Some(parser) = &mut *state.modules.parser.borrow_mut()
            && parser.ctx == ctx
        {
            parser.requests.push((specifier, attributes));
            return Ok(DEPENDENCY.to_owned());
        }
        let referrer = text(cx, referrer)?;
        if let Some(making) = &mut *state.modules.making.borrow_mut() {
            return Ok(making.graph.next_request(&referrer));
        }
        resolve_name(cx, &referrer, &specifier, &attributes)
    });
    match name {
        // SAFETY: the name is copied, with a NUL.
        Ok(name) => unsafe { qjs::js_strndup(ctx, name.as_ptr().cast(), name.len() as _) },
        Err(throw) => {
            raise(&cx, throw);
            std::ptr::null_mut()
        }
    }
}

/// The name of the module that `specifier` means in `referrer`.
fn resolve_name(
    cx: &mut Scope<'_>,
    referrer: &str,
    specifier: &str,
    attributes: &[(String, String)],
) -> Result<String> {
    if specifier == UNINITIALIZED {
        return Ok(specifier.to_owned());
    }
    let hooks = cx.state.hooks.clone();
    let name = hooks.resolve(cx, referrer, specifier, attributes)?;
    check_name(cx, name)
}

/// The module hook that makes a module of a name.
unsafe extern "C" fn load(
    ctx: *mut qjs::JSContext,
    name: *const c_char,
    state: *mut c_void,
    _: qjs::JSValue,
) -> *mut qjs::JSModuleDef {
    // SAFETY: the state, which outlives the runtime.
    let state = unsafe { &*state.cast::<State>() };
    if let Some(parser) = &*state.modules.parser.borrow()
        && parser.ctx == ctx
    {
        return parser.dependency;
    }
    // SAFETY: QuickJS passes the string that `resolve` made.
    let name = unsafe { CStr::from_ptr(name) }
        .to_string_lossy()
        .into_owned();
    let mut cx = Scope { ctx, state };
    if state.modules.making.borrow().is_some() {
        // A cycle.
        return make(&mut cx, &name).unwrap_or(state.modules.stand_in.get());
    }
    match catching(&mut cx, |cx| load_graph(cx, &name)) {
        Ok(module) => module,
        Err(throw) => {
            raise(&cx, throw);
            std::ptr::null_mut()
        }
    }
}

/// Runs a hook: not when terminated, and no panic comes out of it.
fn catching<T>(cx: &mut Scope<'_>, f: impl FnOnce(&mut Scope<'_>) -> Result<T>) -> Result<T> {
    let state = cx.state;
    if state.is_terminated() {
        return Err(Throw::Terminated);
    }
    catch_unwind(AssertUnwindSafe(|| f(cx))).unwrap_or_else(|payload| {
        state.termination.set_panicked(&*payload);
        Err(Throw::Terminated)
    })
}

/// The name of everything that is requested in the context that only parses.
const DEPENDENCY: &str = "-";

/// Reads the attributes of a request and takes them off it: QuickJS keeps a module record for each
/// pair of name and attributes, and there is to be one for each name.
fn take_attributes(cx: &mut Scope<'_>, object: qjs::JSValue) -> Result<Vec<(String, String)>> {
    let mut attributes = Vec::new();
    if value::tag(object) != qjs::JS_TAG_OBJECT {
        return Ok(attributes);
    }
    for key in keys(cx, object, qjs::JS_GPN_STRING_MASK)? {
        // SAFETY: a String.
        let atom = unsafe { qjs::JS_ValueToAtom(cx.ctx, key.raw(cx)) };
        let atom = Atom::owned(cx, atom)?;
        // SAFETY: an ordinary object without prototype that no user code has.
        let raw = unsafe { qjs::JS_GetProperty(cx.ctx, object, atom.raw()) };
        let text = completion(cx, raw)?;
        let text = value::as_text(cx, &text).unwrap_or_default();
        attributes.push((value::as_text(cx, &key).unwrap_or_default(), text));
        // SAFETY: the same.
        let deleted = unsafe { qjs::JS_DeleteProperty(cx.ctx, object, atom.raw(), 0) };
        crate::error::status(cx, deleted)?;
    }
    Ok(attributes)
}

/// A name that QuickJS can keep, of a module that is not broken.
fn check_name(cx: &mut Scope<'_>, name: String) -> Result<String> {
    // QuickJS ends names at a NUL and confuses others than ASCII.
    if !name.is_ascii() || name.contains('\0') {
        return Err(throw(
            cx,
            ErrorClass::TypeError,
            "the name of a module has to be ASCII",
        ));
    }
    match cx.state.modules.broken.borrow().get(&name) {
        Some(throw) => Err(throw.clone()),
        None => Ok(name),
    }
}
