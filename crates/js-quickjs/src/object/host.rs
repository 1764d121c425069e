//! Objects that carry data of ours, and weak handles.
//!
//! An Exported GC Object has internal methods of its own: the methods of a class do not reach all
//! of them, so it is a proxy, whose target is a host object that nobody else ever sees, and whose
//! handler is one that only such proxies have.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::ffi::c_int;
use std::rc::Rc;

use rquickjs::qjs;
use sinew_bridge::{Edge, Graveyard, HostData, Trace};

use super::define_raw;
use crate::QuickJs;
use crate::error::{Result, completion, status};
use crate::function::{Native, native_header};
use crate::scope::Scope;
use crate::value::{self, Live, Value};

pub(crate) fn create_host_object(
    cx: &mut Scope<'_>,
    proto: &Value,
    data: HostData,
) -> Result<Value> {
    cx.state.drop_dead();
    let class = cx.state.host_class.get();
    // SAFETY: an object or null, and a registered class.
    let raw = unsafe { qjs::JS_NewObjectProtoClass(cx.ctx, proto.raw(cx), class) };
    let object = completion(cx, raw)?;
    Native::attach(cx, &object, HostCell(data, cx.state.graves.clone()));
    Ok(object)
}

pub(crate) fn create_state_object<T: Trace<QuickJs>>(
    cx: &mut Scope<'_>,
    proto: &Value,
    state: T,
) -> Result<Value> {
    cx.state.drop_dead();
    let class = cx.state.state_class.get();
    // SAFETY: an object or null, and a registered class.
    let raw = unsafe { qjs::JS_NewObjectProtoClass(cx.ctx, proto.raw(cx), class) };
    let object = completion(cx, raw)?;
    Native::attach_traced(cx, &object, StateCell(Rc::new(state)));
    Ok(object)
}

pub(crate) fn state<T: Trace<QuickJs>>(cx: &mut Scope<'_>, value: &Value) -> Option<Rc<T>> {
    // SAFETY: the opaque pointer of an object of this class is null or what `attach_traced` set.
    let cell = unsafe {
        qjs::JS_GetOpaque(value.raw(cx), cx.state.state_class.get())
            .cast::<Native<StateCell>>()
            .as_ref()
    };
    let state: Rc<dyn Any> = cell?.data.0.clone();
    state.downcast().ok()
}

/// The state of an object, of whatever type. It is made here and nowhere given to two objects.
struct StateCell(Rc<dyn AnyState>);

trait AnyState: Trace<QuickJs> + Any {}

impl<T: Trace<QuickJs>> AnyState for T {}

// SAFETY: what the one cell of a state shows are the state's edges.
unsafe impl Trace<QuickJs> for StateCell {
    fn trace(&self, visit: &mut dyn FnMut(&Edge<QuickJs>)) {
        self.0.trace(visit);
    }
}

/// [A new Exported GC Object](https://webassembly.github.io/spec/js-api/#a-new-exported-gc-object),
/// whose slots are `data`.
pub(crate) fn create_gc_object(cx: &mut Scope<'_>, data: HostData) -> Result<Value> {
    cx.state.drop_dead();
    let class = cx.state.host_class.get();
    // SAFETY: a registered class.
    let raw = unsafe { qjs::JS_NewObjectProtoClass(cx.ctx, qjs::JS_NULL, class) };
    let target = completion(cx, raw)?;
    // SAFETY: a new object of ours: no user code runs.
    let fixed = unsafe { qjs::JS_PreventExtensions(cx.ctx, target.raw(cx)) };
    status(cx, fixed)?;
    let intrinsics = cx.state.intrinsics();
    let handler = intrinsics.gc_object_handler.raw(cx);
    // SAFETY: two objects.
    let raw = unsafe { qjs::JS_NewProxy(cx.ctx, target.raw(cx), handler) };
    let object = completion(cx, raw)?;
    Native::attach(cx, &target, HostCell(data, cx.state.graves.clone()));
    Ok(object)
}

/// The handler of all Exported GC Objects. What it has no trap for the target answers: that it has
/// no prototype and no properties, and cannot get any.
pub(crate) fn gc_object_handler(cx: &mut Scope<'_>) -> Result<Value> {
    let traps: [(&str, qjs::JSCFunction); 4] = [
        ("setPrototypeOf", Some(refuse)),
        ("preventExtensions", Some(refuse)),
        ("set", Some(throw_type_error)),
        ("deleteProperty", Some(throw_type_error)),
    ];
    // SAFETY: the context lives.
    let raw = unsafe { qjs::JS_NewObjectProto(cx.ctx, qjs::JS_NULL) };
    let handler = completion(cx, raw)?;
    for (name, trap) in traps {
        let kind = qjs::JSCFunctionEnum_JS_CFUNC_generic;
        // SAFETY: a function of the generic kind.
        let raw = unsafe { qjs::JS_NewCFunction2(cx.ctx, trap, c"".as_ptr(), 0, kind, 0) };
        let trap = completion(cx, raw)?;
        define_raw(cx, &handler, name, trap, 0)?;
    }
    // Nothing gives it away; if anything did, there would be nothing to change.
    // SAFETY: an ordinary object: no user code runs.
    let fixed = unsafe { qjs::JS_PreventExtensions(cx.ctx, handler.raw(cx)) };
    status(cx, fixed)?;
    Ok(handler)
}

/// The trap that returns false.
unsafe extern "C" fn refuse(
    _: *mut qjs::JSContext,
    _: qjs::JSValue,
    _: c_int,
    _: *mut qjs::JSValue,
) -> qjs::JSValue {
    qjs::JS_FALSE
}

/// The trap that throws.
unsafe extern "C" fn throw_type_error(
    ctx: *mut qjs::JSContext,
    _: qjs::JSValue,
    _: c_int,
    _: *mut qjs::JSValue,
) -> qjs::JSValue {
    // SAFETY: the context runs, and the format has no arguments.
    unsafe { qjs::JS_ThrowTypeError(ctx, c"WebAssembly objects are opaque".as_ptr()) }
}

/// What QuickJS keeps in a proxy, as far as it matters here. Its own functions that tell throw when
/// the proxy was revoked, which would run user code.
#[repr(C)]
struct ProxyData {
    target: qjs::JSValue,
    handler: qjs::JSValue,
}

/// The target of a proxy with this very handler.
fn target_of(object: qjs::JSValue, handler: qjs::JSValue) -> Option<qjs::JSValue> {
    let mut class = 0;
    // SAFETY: what a proxy keeps begins like that, as `check_proxies` saw. A handler that is no
    // object any more is only compared, and ours lives.
    unsafe {
        if !qjs::JS_IsProxy(object) {
            return None;
        }
        let data = qjs::JS_GetAnyOpaque(object, &mut class)
            .cast::<ProxyData>()
            .as_ref()?;
        let is_ours = value::tag(data.handler) == qjs::JS_TAG_OBJECT
            && qjs::JS_VALUE_GET_PTR(data.handler) == qjs::JS_VALUE_GET_PTR(handler);
        is_ours.then_some(data.target)
    }
}

/// Whether proxies are laid out as [`target_of`] has it.
pub(crate) fn check_proxies(cx: &mut Scope<'_>, handler: &Value) -> Option<()> {
    // SAFETY: the context lives.
    let raw = unsafe { qjs::JS_NewObject(cx.ctx) };
    let target = completion(cx, raw).ok()?;
    let (target, handler) = (target.raw(cx), handler.raw(cx));
    // SAFETY: two objects.
    let raw = unsafe { qjs::JS_NewProxy(cx.ctx, target, handler) };
    let proxy = completion(cx, raw).ok()?;
    let found = target_of(proxy.raw(cx), handler)?;
    // SAFETY: the tag says that there is a pointer, which is not followed.
    let same = value::tag(found) == qjs::JS_TAG_OBJECT
        && unsafe { qjs::JS_VALUE_GET_PTR(found) == qjs::JS_VALUE_GET_PTR(target) };
    same.then_some(())
}

/// The host object behind an Exported GC Object.
fn gc_target(cx: &Scope<'_>, object: qjs::JSValue) -> Option<qjs::JSValue> {
    // SAFETY: reads the object's class.
    if !unsafe { qjs::JS_IsProxy(object) } {
        return None;
    }
    target_of(object, cx.state.intrinsics().gc_object_handler.raw(cx))
}

pub(crate) fn is_gc_object(cx: &Scope<'_>, object: qjs::JSValue) -> bool {
    gc_target(cx, object).is_some()
}

/// What a host object owns: it goes to the graveyard.
struct HostCell(HostData, Rc<Graves>);

impl Drop for HostCell {
    fn drop(&mut self) {
        self.1.late.borrow_mut().push(self.0);
        self.1.fill();
    }
}

/// The graveyard, and what waits for it while the caller has it borrowed.
pub(crate) struct Graves {
    graveyard: Graveyard,
    late: RefCell<Vec<HostData>>,
}

impl Graves {
    pub(crate) fn new(graveyard: Graveyard) -> Self {
        Self {
            graveyard,
            late: RefCell::default(),
        }
    }

    pub(crate) fn fill(&self) {
        if let Ok(mut graveyard) = self.graveyard.try_borrow_mut() {
            graveyard.append(&mut self.late.borrow_mut());
        }
    }
}

pub(crate) fn host_data(cx: &mut Scope<'_>, value: &Value) -> Option<HostData> {
    let raw = value.raw(cx);
    host_cell(cx, raw).or_else(|| host_cell(cx, gc_target(cx, raw)?))
}

/// What a host object of the host class carries.
#[inline]
fn host_cell(cx: &Scope<'_>, object: qjs::JSValue) -> Option<HostData> {
    // SAFETY: the opaque pointer of an object of this class is null or what `Native::attach` set.
    unsafe {
        qjs::JS_GetOpaque(object, cx.state.host_class.get())
            .cast::<Native<HostCell>>()
            .as_ref()
    }
    .map(|native| native.data.0)
}

/// A handle that does not keep its object alive.
pub struct Weak {
    object: qjs::JSValue,
    alive: Rc<Cell<bool>>,
    live: Rc<Live>,
}

pub(crate) fn downgrade(cx: &mut Scope<'_>, value: &Value) -> Weak {
    let object = value.raw(cx);
    // Nobody else holds the target: it dies with its proxy.
    let native = gc_target(cx, object).unwrap_or(object);
    Weak {
        object,
        alive: match native_header(cx, native) {
            Some(header) => header
                .alive
                .get_or_init(|| Rc::new(Cell::new(true)))
                .clone(),
            None => Rc::default(),
        },
        live: cx.state.live.clone(),
    }
}

pub(crate) fn upgrade(cx: &mut Scope<'_>, weak: &Weak) -> Option<Value> {
    // The finalizer clears `alive` before the memory of the object can be used again.
    (weak.alive.get() && Rc::ptr_eq(&weak.live, &cx.state.live))
        .then(|| Value::borrowed(cx, weak.object))
}
