//! Native functions: their data, their arguments, their trampolines.

use std::any::Any;
use std::cell::UnsafeCell;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use boa_engine::object::FunctionObjectBuilder;
use boa_engine::{Context, JsNativeError, JsResult, JsString, JsValue, NativeFunction};
use boa_gc::{Finalize, Trace, custom_trace};
use sinew_bridge::convert::Number;
use sinew_bridge::{Completion, Edge, FunctionSpec, NativeFn, Throw};

use crate::Boa;
use crate::error::Trap;
use crate::object::{Life, address, object_of};
use crate::scope::{Scope, State};

/// The borrowed arguments of a native call.
#[derive(Clone, Copy)]
pub struct Args<'a> {
    receiver: &'a JsValue,
    list: &'a [JsValue],
    constructor: bool,
}

impl<'a> Args<'a> {
    #[inline]
    pub(crate) fn list(self) -> &'a [JsValue] {
        self.list
    }

    /// Boa hands a native function one receiver: to a constructor `new.target`, which is undefined
    /// in a plain call, to any other function `this`. So a constructor that is called has lost its
    /// `this`, which [[Construct]] does not define and WebIDL does not use.
    pub(crate) fn this(self) -> JsValue {
        if self.constructor {
            JsValue::undefined()
        } else {
            self.receiver.clone()
        }
    }

    pub(crate) fn new_target(self) -> Option<JsValue> {
        (self.constructor && !self.receiver.is_undefined()).then(|| self.receiver.clone())
    }
}

/// The data of one function, which ends with the function or with the runtime.
struct Owned<F: NativeFn<Boa>>(UnsafeCell<Option<F::Data>>);

impl<F: NativeFn<Boa>> Owned<F> {
    #[inline]
    fn get(&self) -> Option<&F::Data> {
        // SAFETY: the only write is `Close::close`, which `Ending` calls while the runtime is
        // dropped. A reference from here lives no longer than a call or a `function_data`, both of
        // which need a scope, and a scope borrows the runtime.
        unsafe { (*self.0.get()).as_ref() }
    }
}

trait Close: Any {
    fn close(&self);
}

impl<F: NativeFn<Boa>> Close for Owned<F> {
    fn close(&self) {
        // SAFETY: no reference of `get` is alive, see there. The value is moved out before it is
        // dropped, so nothing can meet it half dropped.
        let data = unsafe { (*self.0.get()).take() };
        drop(data);
    }
}

struct Entry {
    owned: Rc<dyn Close>,
    life: Rc<Life>,
}

/// The functions of a runtime that are alive, by the address of their object.
///
/// An address is not reused while its entry is here. The entry goes when the captures of the
/// function are dropped. The captures trace a handle of the function object itself ([`Life`]), so
/// the object is alive as long as they are; and the object is the only thing that keeps them alive
/// beyond a call, which holds both. So both die in one collection, and the collector allocates
/// nothing between the two drops.
#[derive(Default)]
pub(crate) struct Functions(HashMap<usize, Entry>);

impl Functions {
    /// Drops the data of all functions.
    pub(crate) fn close(self) {
        for entry in self.0.into_values() {
            entry.owned.close();
        }
    }
}

/// What a native function owns inside Boa's heap.
struct Captures<F: NativeFn<Boa>> {
    owned: Rc<Owned<F>>,
    life: Rc<Life>,
    state: Rc<State>,
    /// Visits the edges of data that has any.
    trace: Option<TraceFn<F>>,
}

type TraceFn<F> = fn(&<F as NativeFn<Boa>>::Data, &mut dyn FnMut(&Edge<Boa>));

impl<F: NativeFn<Boa>> Captures<F> {
    fn visit(&self, visit: &mut dyn FnMut(&Edge<Boa>)) {
        if let Some(trace) = self.trace
            && let Some(data) = self.owned.get()
        {
            trace(data, visit);
        }
    }
}

impl<F: NativeFn<Boa>> Finalize for Captures<F> {}

// SAFETY: what is marked is the handle in `life`, which nothing else traces, and the edges of the
// data, which is this function's alone. The data of `create_function` has none; if it does own
// values, they are roots of their own.
unsafe impl<F: NativeFn<Boa>> Trace for Captures<F> {
    custom_trace!(this, mark, {
        if let Some(object) = &*this.life.object() {
            mark(object);
        }
        this.visit(&mut |edge| edge.visit(|value: &JsValue| mark(value)));
    });
}

impl<F: NativeFn<Boa>> Drop for Captures<F> {
    fn drop(&mut self) {
        // This runs inside the collector, which has no patience for the drop of foreign data: a
        // handle dropped now would never be released.
        let Some(address) = self.life.end() else {
            return;
        };
        // The collector has taken the counts of the edges; later, what they lead to may be gone.
        self.visit(&mut |edge| drop(edge.take()));
        self.state.trash.borrow_mut().push(self.owned.clone());
        self.state.functions.borrow_mut().0.remove(&address);
    }
}

pub(crate) fn create<F: NativeFn<Boa>>(
    cx: &mut Scope<'_>,
    data: F::Data,
    spec: FunctionSpec<'_>,
) -> JsValue {
    create_with::<F>(cx, data, spec, None)
}

pub(crate) fn create_closure<F: NativeFn<Boa>>(
    cx: &mut Scope<'_>,
    data: F::Data,
    spec: FunctionSpec<'_>,
) -> JsValue
where
    F::Data: sinew_bridge::Trace<Boa>,
{
    create_with::<F>(cx, data, spec, Some(sinew_bridge::Trace::trace))
}

fn create_with<F: NativeFn<Boa>>(
    cx: &mut Scope<'_>,
    data: F::Data,
    spec: FunctionSpec<'_>,
    trace: Option<TraceFn<F>>,
) -> JsValue {
    cx.state.empty_trash();
    let owned = Rc::new(Owned::<F>(UnsafeCell::new(Some(data))));
    let life = Rc::new(Life::default());
    let captures = Captures {
        owned: owned.clone(),
        life: life.clone(),
        state: cx.state.clone(),
        trace,
    };
    let function = if spec.constructor {
        NativeFunction::from_copy_closure_with_captures(trampoline::<F, true>, captures)
    } else {
        NativeFunction::from_copy_closure_with_captures(trampoline::<F, false>, captures)
    };
    let object = FunctionObjectBuilder::new(cx.context.realm(), function)
        .name(JsString::from(spec.name))
        .length(spec.length as usize)
        .constructor(spec.constructor)
        .build();
    life.begin(&object);
    let entry = Entry { owned, life };
    let mut functions = cx.state.functions.borrow_mut();
    functions.0.insert(address(&object), entry);
    object.into()
}

pub(crate) fn data<F: NativeFn<Boa>>(cx: &Scope<'_>, value: &JsValue) -> Option<F::Data>
where
    F::Data: Clone,
{
    let object = value.as_object()?;
    let owned = {
        let functions = cx.state.functions.borrow();
        functions.0.get(&address(&object))?.owned.clone()
    };
    let any: Rc<dyn Any> = owned;
    any.downcast::<Owned<F>>().ok()?.get().cloned()
}

/// The life of a function of this runtime.
pub(crate) fn life(cx: &Scope<'_>, address: usize) -> Option<Rc<Life>> {
    let functions = cx.state.functions.borrow();
    functions.0.get(&address).map(|entry| entry.life.clone())
}

fn trampoline<F: NativeFn<Boa>, const CONSTRUCTOR: bool>(
    receiver: &JsValue,
    list: &[JsValue],
    captures: &Captures<F>,
    context: &mut Context,
) -> JsResult<JsValue> {
    let mut cx = Scope {
        context,
        state: &captures.state,
    };
    let args = Args {
        receiver,
        list,
        constructor: CONSTRUCTOR,
    };
    match enter::<F>(&mut cx, captures, args) {
        Ok(value) => Ok(value),
        Err(throw) => Err(cx.js_error(throw)),
    }
}

#[inline]
fn enter<F: NativeFn<Boa>>(
    cx: &mut Scope<'_>,
    captures: &Captures<F>,
    args: Args<'_>,
) -> Completion<Boa> {
    if cx.ended() {
        return Err(Throw::Terminated);
    }
    let Some(data) = captures.owned.get() else {
        return Err(Throw::Terminated);
    };
    catch_unwind(AssertUnwindSafe(|| F::invoke(cx, data, args)))
        .unwrap_or_else(|payload| Err(cx.panicked(&*payload)))
}

pub(crate) fn call(
    cx: &mut Scope<'_>,
    function: &JsValue,
    this: &JsValue,
    args: &[JsValue],
) -> Completion<Boa> {
    cx.run(|context| object_of(function)?.call(this, args, context))
}

/// [`call`] without a vector of arguments.
#[inline]
pub(crate) fn call_with_numbers<R>(
    cx: &mut Scope<'_>,
    function: &JsValue,
    numbers: impl ExactSizeIterator<Item = Number>,
    then: impl FnOnce(&mut Scope<'_>, Args<'_>) -> Completion<Boa, R>,
) -> Completion<Boa, R> {
    let mut few = [const { JsValue::undefined() }; 8];
    let mut many = Vec::new();
    let args = match numbers.len() {
        len @ 0..=8 => &mut few[..len],
        len => {
            many.resize(len, JsValue::undefined());
            &mut many[..]
        }
    };
    for (slot, number) in args.iter_mut().zip(numbers) {
        *slot = number.to_js::<Boa>(cx);
    }
    let undefined = JsValue::undefined();
    let ret = call(cx, function, &undefined, args)?;
    let ret = Args {
        receiver: &undefined,
        list: std::slice::from_ref(&ret),
        constructor: false,
    };
    then(cx, ret)
}

pub(crate) fn construct(
    cx: &mut Scope<'_>,
    constructor: &JsValue,
    args: &[JsValue],
    new_target: &JsValue,
) -> Completion<Boa> {
    cx.run(|context| {
        let constructor_of = |value: &JsValue| {
            value
                .as_constructor()
                .ok_or_else(|| JsNativeError::typ().with_message("not a constructor"))
        };
        let new_target = constructor_of(new_target)?;
        let constructor = constructor_of(constructor)?;
        let object = constructor.construct(args, Some(&new_target), context)?;
        Ok(object.into())
    })
}
