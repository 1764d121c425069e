//! [`WebAssembly.Global`](https://webassembly.github.io/spec/js-api/#globals)

use std::rc::Rc;

use sinew_bridge::class::{Accessor, ClassSpec, Method, prototype_of_new_target};
use sinew_bridge::{
    Completion, GlobalType, HostData, ImportType, JsHost, RefType, Val, ValType, ValueType,
    WasmEngine, class,
};

use crate::agent::Agent;
use crate::store::{Entry, Store};
use crate::webassembly::{Interface, class_id, entity_object, receiver, reflection, value, webidl};

/// The interface.
pub(crate) struct GlobalInterface;

impl<J: JsHost, W: WasmEngine> Interface<J, W> for GlobalInterface {
    const SPEC: ClassSpec<J, Agent<J, W>> = ClassSpec {
        name: "Global",
        display: "WebAssembly.Global",
        id: class_id::GLOBAL,
        length: 1,
        constructor: construct::<J, W>,
        methods: &[
            Method {
                name: "valueOf",
                length: 0,
                body: get::<J, W>,
            },
            Method {
                name: "type",
                length: 0,
                body: type_::<J, W>,
            },
        ],
        statics: &[],
        accessors: &[Accessor {
            name: "value",
            get: get::<J, W>,
            set: Some(set::<J, W>),
        }],
        ..ClassSpec::BASE
    };
}

/// Gives a global of the engine an address.
pub(crate) fn add<J: JsHost, W: WasmEngine>(
    store: &Store<J, W>,
    global: W::Global,
    ty: GlobalType,
) -> u32 {
    let mut globals = store.globals.borrow_mut();
    globals.push(Entry {
        entity: global,
        ty,
        object: Rc::default(),
    });
    globals.len() as u32 - 1
}

/// A new global of the store; `import` is the import that it is made for.
pub(crate) fn alloc<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    store: &Rc<Store<J, W>>,
    ty: GlobalType,
    import: Option<ImportType<'_, W>>,
    value: &Val<W>,
) -> Completion<J, u32> {
    let global = store.try_access(cx, |wasm| W::global_alloc(wasm, &ty, import, value))?;
    Ok(add(store, global, ty))
}

/// [Create a global object](https://webassembly.github.io/spec/js-api/#create-a-global-object) from
/// an address: the same object each time.
pub(crate) fn object<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    store: &Rc<Store<J, W>>,
    slot: u32,
    proto: Option<&J::Value>,
) -> Completion<J> {
    let class = &store.agent.classes().global;
    let data = HostData {
        class: class_id::GLOBAL,
        slot,
    };
    let object = store.globals.borrow()[slot as usize].object.clone();
    entity_object::<J>(cx, class, proto, data, &object)
}

/// [GetGlobalValue](https://webassembly.github.io/spec/js-api/#getglobalvalue)
pub(crate) fn get_value<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    store: &Rc<Store<J, W>>,
    slot: u32,
) -> Completion<J> {
    let (global, ty) = {
        let entry = &store.globals.borrow()[slot as usize];
        (entry.entity.clone(), entry.ty)
    };
    // 3. If globaltype is of the form mut v128 or exnref, throw a TypeError.
    if !value::crosses(ty.value) {
        let message = format!("a global of type {} cannot be read by JavaScript", ty.value);
        return Err(class::type_error::<J>(cx, &message));
    }
    // 4. Let value be global_read(store, globaladdr). 5. Return ToJSValue(value).
    let val = store.access(cx, |wasm| W::global_get(wasm, &global))?;
    value::to_js(cx, store, &val)
}

/// [`new Global(descriptor, v)`](https://webassembly.github.io/spec/js-api/#dom-global-global)
fn construct<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    agent: &Rc<Agent<J, W>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let descriptor = webidl::required::<J>(cx, args, 0, "WebAssembly.Global")?;
    webidl::dictionary::<J>(cx, &descriptor, "a global descriptor")?;
    let mutable = match webidl::member::<J>(cx, &descriptor, "mutable")? {
        Some(value) => J::to_boolean(cx, &value),
        None => false,
    };
    let Some(kind) = webidl::member::<J>(cx, &descriptor, "value")? else {
        return Err(class::type_error::<J>(
            cx,
            "a global descriptor needs value",
        ));
    };
    // 2. Let valuetype be ToValueType(descriptor["value"]).
    let ty = webidl::value_type::<J>(cx, &kind)?;
    let proto = prototype_of_new_target::<J>(cx, args, &agent.classes().global)?;
    // 3. If valuetype is v128 or exnref, throw a TypeError.
    if !value::crosses(ty) {
        let message = format!("a global of type {ty} cannot be made by JavaScript");
        return Err(class::type_error::<J>(cx, &message));
    }
    let store = agent.store(cx)?;
    // 4. If v is missing, let value be DefaultValue(valuetype); else ToWebAssemblyValue(v).
    let initial = J::arg(cx, args, 1);
    let missing = J::args_len(args) < 2
        || (J::type_of(&initial) == ValueType::Undefined && ty != ValType::Ref(RefType::EXTERNREF));
    let val = if missing {
        value::default_value(cx, &store, ty)?
    } else {
        value::to_wasm(cx, &store, &initial, ty)?
    };
    let ty = GlobalType { value: ty, mutable };
    let slot = alloc(cx, &store, ty, None, &val)?;
    object(cx, &store, slot, Some(&proto))
}

/// [`type()`](https://github.com/WebAssembly/js-types) of the type reflection proposal.
fn type_<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    agent: &Rc<Agent<J, W>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let (store, slot) = receiver::<J, W, GlobalInterface>(cx, agent, args)?;
    let ty = store.globals.borrow()[slot as usize].ty;
    reflection::global_type::<J>(cx, ty)
}

/// The getter of [`value`](https://webassembly.github.io/spec/js-api/#dom-global-value), and
/// [`valueOf()`](https://webassembly.github.io/spec/js-api/#dom-global-valueof).
fn get<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    agent: &Rc<Agent<J, W>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let (store, slot) = receiver::<J, W, GlobalInterface>(cx, agent, args)?;
    get_value(cx, &store, slot)
}

/// The setter of [`value`](https://webassembly.github.io/spec/js-api/#dom-global-value).
fn set<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    agent: &Rc<Agent<J, W>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let (store, slot) = receiver::<J, W, GlobalInterface>(cx, agent, args)?;
    let (global, ty) = {
        let entry = &store.globals.borrow()[slot as usize];
        (entry.entity.clone(), entry.ty)
    };
    if !value::crosses(ty.value) {
        let message = format!("a global of type {} cannot be set by JavaScript", ty.value);
        return Err(class::type_error::<J>(cx, &message));
    }
    // 5. If mut is const, throw a TypeError.
    if !ty.mutable {
        return Err(class::type_error::<J>(cx, "the global is immutable"));
    }
    // 6. Let value be ToWebAssemblyValue(the given value, valuetype). 7. global_write.
    let given = webidl::required::<J>(cx, args, 0, "Global.value")?;
    let val = value::to_wasm(cx, &store, &given, ty.value)?;
    store.try_access(cx, |wasm| W::global_set(wasm, &global, &val))?;
    agent.refresh(cx, &store)?;
    Ok(J::undefined())
}
