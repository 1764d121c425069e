//! Objects that carry data or a state of ours, and weak handles.

use std::any::Any;
use std::cell::{Cell, Ref, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use boa_engine::builtins::proxy::Proxy;
use boa_engine::native_function::NativeFunctionPointer;
use boa_engine::object::{IntegrityLevel, JsData};
use boa_engine::{
    Context, JsNativeError, JsObject, JsResult, JsString, JsValue, NativeFunction, js_string,
};
use boa_gc::{Finalize, Trace, custom_trace};
use sinew_bridge::{Completion, HostData, Throw};

use super::address;
use crate::Boa;
use crate::error::Trap;
use crate::scope::{Scope, State};

/// Whether an object of ours is alive, shared between its owner in Boa's heap, which alone traces
/// the handle and ends the life, and those who want to know.
#[derive(Default)]
pub(crate) struct Life {
    object: RefCell<Option<JsObject>>,
    address: Cell<usize>,
}

impl Life {
    pub(crate) fn begin(&self, object: &JsObject) {
        self.address.set(address(object));
        *self.object.borrow_mut() = Some(object.clone());
    }

    /// The handle, for the owner's `Trace`.
    pub(crate) fn object(&self) -> Ref<'_, Option<JsObject>> {
        self.object.borrow()
    }

    /// For the owner's `Drop`: the object is gone. Its address, if the life ever began.
    pub(crate) fn end(&self) -> Option<usize> {
        self.object.borrow_mut().take().map(|_| self.address.get())
    }
}

/// A weak handle to an object or function of ours.
pub struct Weak(Option<Rc<Life>>);

/// What a host object carries, and the target of a GC object.
pub(super) struct HostObject {
    data: HostData,
    life: Rc<Life>,
    state: Rc<State>,
}

impl JsData for HostObject {}

impl Finalize for HostObject {}

// SAFETY: the one handle of a collected object that is owned here is the one in `life`, which
// nothing else traces.
unsafe impl Trace for HostObject {
    custom_trace!(this, mark, {
        if let Some(object) = &*this.life.object() {
            mark(object);
        }
    });
}

impl Drop for HostObject {
    fn drop(&mut self) {
        // A drop, not a finalizer: an object that a finalizer brought back is not dead. Nothing
        // here touches the collector, which is running.
        let Some(address) = self.life.end() else {
            return;
        };
        if let Ok(mut dead) = self.state.graveyard.try_borrow_mut() {
            dead.push(self.data);
        }
        self.state.gc_objects.borrow_mut().0.remove(&address);
    }
}

/// An object with a state of whatever type, which is made here and nowhere given to two objects.
pub(super) struct StateObject {
    own: Rc<dyn AnyState>,
    life: Rc<Life>,
    state: Rc<State>,
}

trait AnyState: sinew_bridge::Trace<Boa> + Any {}

impl<T: sinew_bridge::Trace<Boa>> AnyState for T {}

impl JsData for StateObject {}

impl Finalize for StateObject {}

// SAFETY: what is marked is the handle in `life`, which nothing else traces, and the edges of the
// state, which is this object's alone.
unsafe impl Trace for StateObject {
    custom_trace!(this, mark, {
        if let Some(object) = &*this.life.object() {
            mark(object);
        }
        this.own
            .trace(&mut |edge| edge.visit(|value: &JsValue| mark(value)));
    });
}

impl Drop for StateObject {
    fn drop(&mut self) {
        // Inside the collector, as for a host object. It has taken the counts of the edges, and
        // handles that are dropped now take none; later, what they lead to may be gone.
        if self.life.end().is_none() {
            return;
        }
        self.own.trace(&mut |edge| drop(edge.take()));
        self.state.trash.borrow_mut().push(self.own.clone());
    }
}

/// The Exported GC Objects that are alive, by their address.
///
/// Boa keeps its table of internal methods to itself, so such an object is a Proxy, which has no
/// place for data of ours either: its target has. Nothing but the Proxy leads to the target, and
/// the target traces the Proxy ([`Life`]), so both die in one collection, which takes the entry
/// before the address can be used again.
#[derive(Default)]
pub(crate) struct GcObjects(HashMap<usize, GcObject>);

struct GcObject {
    data: HostData,
    life: Rc<Life>,
}

/// The handler of all GC objects: the internal methods in which they differ from an ordinary object
/// without prototype and properties that is not extensible. It has no prototype, where user code
/// could add a trap.
pub(crate) fn gc_handler(context: &mut Context) -> JsResult<JsObject> {
    fn refuse(_: &JsValue, _: &[JsValue], _: &mut Context) -> JsResult<JsValue> {
        Ok(JsValue::new(false))
    }
    fn throw(_: &JsValue, _: &[JsValue], _: &mut Context) -> JsResult<JsValue> {
        let error = JsNativeError::typ().with_message("WebAssembly objects are opaque");
        Err(error.into())
    }
    let handler = JsObject::with_null_proto();
    let traps: [(JsString, NativeFunctionPointer); 4] = [
        (js_string!("setPrototypeOf"), refuse),
        (js_string!("preventExtensions"), refuse),
        (js_string!("set"), throw),
        (js_string!("deleteProperty"), throw),
    ];
    for (name, trap) in traps {
        let trap = NativeFunction::from_fn_ptr(trap).to_js_function(context.realm());
        handler.create_data_property_or_throw(name, trap, context)?;
    }
    Ok(handler)
}

pub(crate) fn create_gc_object(cx: &mut Scope<'_>, data: HostData) -> Completion<Boa> {
    let Some(intrinsics) = cx.intrinsics() else {
        return Err(Throw::Terminated);
    };
    let life = Rc::new(Life::default());
    let host = HostObject {
        data,
        life: life.clone(),
        state: cx.state.clone(),
    };
    let target = JsObject::new(cx.context.root_shape(), None, host).upcast();
    let constructor = cx.context.intrinsics().constructors().proxy().constructor();
    let outcome = cx.unlimited(|context| {
        target.set_integrity_level(IntegrityLevel::Sealed, context)?;
        constructor.construct(
            &[target.into(), intrinsics.gc_handler.clone().into()],
            None,
            context,
        )
    });
    let object = match outcome {
        Ok(object) => object,
        Err(error) => return Err(cx.throw_completion(error)),
    };
    // Boa gives a Proxy a prototype of its own, for all that asks it without [[GetPrototypeOf]].
    object.set_prototype(None);
    life.begin(&object);
    let entry = GcObject { data, life };
    let mut gc_objects = cx.state.gc_objects.borrow_mut();
    gc_objects.0.insert(address(&object), entry);
    Ok(object.into())
}

pub(crate) fn create_host_object(cx: &mut Scope<'_>, proto: &JsValue, data: HostData) -> JsValue {
    let life = Rc::new(Life::default());
    let host = HostObject {
        data,
        life: life.clone(),
        state: cx.state.clone(),
    };
    let object = JsObject::new(cx.context.root_shape(), proto.as_object(), host).upcast();
    life.begin(&object);
    object.into()
}

pub(crate) fn create_state_object<T: sinew_bridge::Trace<Boa>>(
    cx: &mut Scope<'_>,
    proto: &JsValue,
    state: T,
) -> JsValue {
    cx.state.empty_trash();
    let life = Rc::new(Life::default());
    let object = StateObject {
        own: Rc::new(state),
        life: life.clone(),
        state: cx.state.clone(),
    };
    let object = JsObject::new(cx.context.root_shape(), proto.as_object(), object).upcast();
    life.begin(&object);
    object.into()
}

pub(crate) fn state<T: sinew_bridge::Trace<Boa>>(value: &JsValue) -> Option<Rc<T>> {
    let object = value.as_object()?;
    let own: Rc<dyn Any> = object.downcast_ref::<StateObject>()?.own.clone();
    own.downcast().ok()
}

pub(crate) fn host_data(cx: &Scope<'_>, value: &JsValue) -> Option<HostData> {
    let object = value.as_object()?;
    if let Some(host) = object.downcast_ref::<HostObject>() {
        return Some(host.data);
    }
    if !object.is::<Proxy>() {
        return None;
    }
    let gc_objects = cx.state.gc_objects.borrow();
    Some(gc_objects.0.get(&address(&object))?.data)
}

pub(crate) fn downgrade(cx: &Scope<'_>, value: &JsValue) -> Weak {
    let Some(object) = value.as_object() else {
        return Weak(None);
    };
    if let Some(host) = object.downcast_ref::<HostObject>() {
        return Weak(Some(host.life.clone()));
    }
    if let Some(object) = object.downcast_ref::<StateObject>() {
        return Weak(Some(object.life.clone()));
    }
    let gc_objects = cx.state.gc_objects.borrow();
    Weak(match gc_objects.0.get(&address(&object)) {
        Some(gc_object) => Some(gc_object.life.clone()),
        None => crate::function::life(cx, address(&object)),
    })
}

pub(crate) fn upgrade(weak: &Weak) -> Option<JsValue> {
    let life = weak.0.as_ref()?;
    life.object().clone().map(JsValue::from)
}
