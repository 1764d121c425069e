//! [`WebAssembly.Exception`](https://webassembly.github.io/spec/js-api/#exceptions), and exceptions
//! across the two edges.

use std::rc::Rc;

use sinew_bridge::class::{
    Accessor, ClassSpec, Method, prototype_of_new_target, throw, type_error,
};
use sinew_bridge::{
    Completion, ErrorClass, FuncType, HostData, JsHost, Throw, Val, ValueType, WasmEngine,
};

use crate::agent::Agent;
use crate::store::Store;
use crate::webassembly::{Interface, class_id, receiver, tag, value, webidl};

/// The interface.
pub(crate) struct ExceptionInterface;

impl<J: JsHost, W: WasmEngine> Interface<J, W> for ExceptionInterface {
    const SPEC: ClassSpec<J, Agent<J, W>> = ClassSpec {
        name: "Exception",
        display: "WebAssembly.Exception",
        id: class_id::EXCEPTION,
        length: 2,
        constructor: construct::<J, W>,
        methods: &[
            Method {
                name: "getArg",
                length: 2,
                body: get_arg::<J, W>,
            },
            Method {
                name: "is",
                length: 1,
                body: is::<J, W>,
            },
        ],
        statics: &[],
        accessors: &[Accessor {
            name: "stack",
            get: stack::<J, W>,
            set: None,
        }],
        ..ClassSpec::BASE
    };
}

/// An exception as the cache keeps it.
pub(crate) struct ExceptionEntry<J: JsHost, W: WasmEngine> {
    exn: W::ExnRef,
    /// The address of its tag: `[[Type]]`
    tag: u32,
    /// `[[Stack]]`
    stack: Option<J::Value>,
}

/// The exception to throw into wasm for a JavaScript value: steps 3.9 of
/// [create a host function](https://webassembly.github.io/spec/js-api/#create-a-host-function).
pub(crate) fn of_value<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    store: &Rc<Store<J, W>>,
    value: &J::Value,
) -> Completion<J, W::ExnRef> {
    // 3.9.2. If v implements Exception, let address be v.[[Address]].
    if let Some(slot) = slot_of::<J>(cx, value)
        && let Some(entry) = store.exceptions.borrow().get(slot)
    {
        return Ok(entry.exn.clone());
    }
    // 3.9.3. Otherwise, an exception of the JavaScript exception tag, with v as externref.
    let payload = match J::type_of(value) {
        ValueType::Null => Val::Extern(None),
        _ => Val::Extern(Some(store.extern_ref(cx, value)?)),
    };
    let slot = tag::javascript_tag(cx, store)?;
    let tag = store.tags.borrow()[slot as usize].entity.clone();
    store.try_access(cx, |wasm| W::exn_alloc(wasm, &tag, &[payload]))
}

/// The JavaScript value to throw for an exception that left wasm: step 9 of
/// [call an Exported Function](https://webassembly.github.io/spec/js-api/#call-an-exported-function).
pub(crate) fn to_value<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    store: &Rc<Store<J, W>>,
    exn: W::ExnRef,
) -> Completion<J> {
    // 9.1. Let tagaddr be exn_tag(store, exnaddr).
    let tag = store.try_access(cx, |wasm| tag::of_exception(store, wasm, &exn))?;
    // 9.4. If tagaddr is equal to jsTagAddr, throw ToJSValue(payload[0]).
    if Some(tag) == store.javascript_tag.get() {
        let payload = store.try_access(cx, |wasm| W::exn_read(wasm, &exn))?;
        return match payload.first() {
            Some(value) => value::to_js(cx, store, value),
            None => Ok(J::undefined()),
        };
    }
    // 9.5. Otherwise, throw the Exception object of exnaddr.
    object(cx, store, exn, tag, None, None)
}

/// [Create an Exception object](https://webassembly.github.io/spec/js-api/#create-an-exception-object)
/// from an address: the same each time for as long as it is alive.
fn object<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    store: &Rc<Store<J, W>>,
    exn: W::ExnRef,
    tag: u32,
    proto: Option<&J::Value>,
    stack: Option<J::Value>,
) -> Completion<J> {
    store.agent.bury();
    let identity = store.access(cx, |wasm| W::exn_identity(wasm, &exn))?;
    if let Some(alive) = store.exceptions.borrow().alive(cx, identity) {
        return Ok(alive);
    }
    let entry = ExceptionEntry { exn, tag, stack };
    let slot = store.exceptions.borrow_mut().insert(identity, entry);
    let data = HostData {
        class: class_id::EXCEPTION,
        slot,
    };
    let classes = store.agent.classes();
    let proto = proto.unwrap_or(&classes.exception.prototype);
    let value = J::create_host_object(cx, proto, data)?;
    let weak = J::downgrade(cx, &value);
    store.exceptions.borrow_mut().set_object(slot, weak);
    Ok(value)
}

fn slot_of<J: JsHost>(cx: &mut J::Scope<'_>, value: &J::Value) -> Option<u32> {
    let data = J::host_data(cx, value)?;
    (data.class == class_id::EXCEPTION).then_some(data.slot)
}

/// [`new Exception(exceptionTag, payload, options)`](https://webassembly.github.io/spec/js-api/#dom-exception-exception)
fn construct<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    agent: &Rc<Agent<J, W>>,
    args: J::Args<'_>,
) -> Completion<J> {
    if J::args_len(args) < 2 {
        return Err(webidl::too_few::<J>(cx, args, 2, "WebAssembly.Exception"));
    }
    let given = J::arg(cx, args, 0);
    let tag = tag::require_tag(cx, agent, &given)?;
    let payload = J::arg(cx, args, 1);
    let payload = webidl::sequence::<J, _>(cx, &payload, |_, value| Ok(value))?;
    let options = J::arg(cx, args, 2);
    let trace = match webidl::optional_dictionary::<J>(cx, &options, "the options")? {
        true => match webidl::member::<J>(cx, &options, "traceStack")? {
            Some(value) => J::to_boolean(cx, &value),
            None => false,
        },
        false => false,
    };
    let proto = prototype_of_new_target::<J>(cx, args, &agent.classes().exception)?;
    // 1. and 2. If exceptionTag is the JavaScript exception tag, throw a TypeError.
    let store = agent.store(cx)?;
    if tag == tag::javascript_tag(cx, &store)? {
        return Err(type_error::<J>(
            cx,
            "WebAssembly.Exception: WebAssembly.JSTag is for values that JavaScript throws",
        ));
    }
    // 4. Let types be those of tag_type. 5. to 7. The payload's values.
    let (entity, ty) = {
        let entry = &store.tags.borrow()[tag as usize];
        (entry.entity.clone(), entry.ty.clone())
    };
    let fields = fields(cx, &store, &ty, &payload)?;
    // 8. to 10.
    let exn = store.try_access(cx, |wasm| W::exn_alloc(wasm, &entity, &fields))?;
    // 11. If options["traceStack"] is true, set this.[[Stack]].
    let stack = match trace {
        true => Some(current_stack::<J>(cx)?),
        false => None,
    };
    object(cx, &store, exn, tag, Some(&proto), stack)
}

/// Steps 5 to 7 of the constructor.
fn fields<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    store: &Rc<Store<J, W>>,
    ty: &FuncType,
    payload: &[J::Value],
) -> Completion<J, Vec<Val<W>>> {
    if payload.len() != ty.params().len() {
        let message = format!(
            "WebAssembly.Exception: the tag has {} parameters, the payload {} values",
            ty.params().len(),
            payload.len()
        );
        return Err(type_error::<J>(cx, &message));
    }
    let mut fields = Vec::with_capacity(payload.len());
    for (given, ty) in payload.iter().zip(ty.params()) {
        require_crossing::<J>(cx, *ty)?;
        fields.push(value::to_wasm(cx, store, given, *ty)?);
    }
    Ok(fields)
}

fn require_crossing<J: JsHost>(
    cx: &mut J::Scope<'_>,
    ty: sinew_bridge::ValType,
) -> Completion<J, ()> {
    if value::crosses(ty) {
        return Ok(());
    }
    let message = format!("WebAssembly.Exception: a value of type {ty} cannot cross");
    Err(type_error::<J>(cx, &message))
}

/// The call stack of this moment, as errors have it.
fn current_stack<J: JsHost>(cx: &mut J::Scope<'_>) -> Completion<J> {
    let error = J::create_error(cx, ErrorClass::Error, None, "");
    let stack = J::error_stack(cx, &error);
    J::string(cx, &stack)
}

/// The `[[Type]]` of the exception in a slot. Its object is alive, and so is the slot.
fn type_of<J: JsHost, W: WasmEngine>(store: &Store<J, W>, slot: u32) -> Option<u32> {
    let exceptions = store.exceptions.borrow();
    exceptions.get(slot).map(|entry| entry.tag)
}

/// [`getArg(exceptionTag, index)`](https://webassembly.github.io/spec/js-api/#dom-exception-getarg)
fn get_arg<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    agent: &Rc<Agent<J, W>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let (store, slot) = receiver::<J, W, ExceptionInterface>(cx, agent, args)?;
    if J::args_len(args) < 2 {
        return Err(webidl::too_few::<J>(cx, args, 2, "Exception.getArg"));
    }
    let given = J::arg(cx, args, 0);
    let tag = tag::require_tag(cx, agent, &given)?;
    let index = J::arg(cx, args, 1);
    let index = webidl::enforce_range::<J>(cx, &index, u64::from(u32::MAX), "index")?;
    // 2. If this.[[Type]] is not equal to exceptionTag.[[Address]], throw a TypeError.
    if type_of(&store, slot) != Some(tag) {
        return Err(type_error::<J>(cx, "the exception is of another tag"));
    }
    // 4. Let payload be exn_read(store, this.[[Address]]).
    let exn = store.exceptions.borrow().get(slot).map(|e| e.exn.clone());
    let payload = match exn {
        Some(exn) => store.try_access(cx, |wasm| W::exn_read(wasm, &exn))?,
        None => Vec::new(),
    };
    // 6. If index ≥ payload's size, throw a RangeError.
    let ty = store.tags.borrow()[tag as usize].ty.clone();
    let field = usize::try_from(index)
        .ok()
        .and_then(|index| Some((payload.get(index)?, ty.params().get(index)?)));
    let Some((field, ty)) = field else {
        let message = "the exception has no such argument";
        return Err(throw::<J>(cx, ErrorClass::RangeError, message));
    };
    // 8. If types[index] matches v128 or exnref, throw a TypeError. 9. Return ToJSValue.
    require_crossing::<J>(cx, *ty)?;
    value::to_js(cx, &store, field)
}

/// [`is(exceptionTag)`](https://webassembly.github.io/spec/js-api/#dom-exception-is)
fn is<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    agent: &Rc<Agent<J, W>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let (store, slot) = receiver::<J, W, ExceptionInterface>(cx, agent, args)?;
    let given = webidl::required::<J>(cx, args, 0, "Exception.is")?;
    let tag = tag::require_tag(cx, agent, &given)?;
    Ok(J::boolean(type_of(&store, slot) == Some(tag)))
}

/// [`stack`](https://webassembly.github.io/spec/js-api/#dom-exception-stack)
fn stack<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    agent: &Rc<Agent<J, W>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let (store, slot) = receiver::<J, W, ExceptionInterface>(cx, agent, args)?;
    let exceptions = store.exceptions.borrow();
    let stack = exceptions.get(slot).and_then(|entry| entry.stack.clone());
    Ok(stack.unwrap_or_else(J::undefined))
}

/// Makes the completion of a host function what wasm sees of it: an exception, where the engine has
/// them.
pub(crate) fn raise<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    store: &Rc<Store<J, W>>,
    throw: Throw<J::Value>,
) -> Raised<J, W> {
    match throw {
        Throw::Value(value) if W::FEATURES.exceptions => match of_value(cx, store, &value) {
            Ok(exn) => Raised::Exception(exn),
            // There is no room for the exception: wasm is left as by a trap.
            Err(throw) => Raised::Completion(throw),
        },
        throw => Raised::Completion(throw),
    }
}

/// How a host function ends that did not return.
pub(crate) enum Raised<J: JsHost, W: WasmEngine> {
    /// With an exception that wasm may catch.
    Exception(W::ExnRef),
    /// With a completion that passes wasm by.
    Completion(Throw<J::Value>),
}
