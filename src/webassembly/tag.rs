//! [`WebAssembly.Tag`](https://webassembly.github.io/spec/js-api/#tags)

use std::rc::Rc;

use sinew_bridge::class::{ClassSpec, Method, plain_object, prototype_of_new_target};
use sinew_bridge::{
    Completion, FuncType, HostData, JsHost, Property, RefType, ValType, WasmEngine, class,
};

use crate::agent::Agent;
use crate::store::{Entry, Store};
use crate::webassembly::{Interface, class_id, entity_object, receiver, reflection, webidl};

/// The interface.
pub(crate) struct TagInterface;

impl<J: JsHost, W: WasmEngine> Interface<J, W> for TagInterface {
    const SPEC: ClassSpec<J, Agent<J, W>> = ClassSpec {
        name: "Tag",
        display: "WebAssembly.Tag",
        id: class_id::TAG,
        length: 1,
        constructor: construct::<J, W>,
        methods: &[Method {
            name: "type",
            length: 0,
            body: type_::<J, W>,
        }],
        statics: &[],
        accessors: &[],
        ..ClassSpec::BASE
    };
}

/// Gives a tag of the engine an address; JavaScript has not met it before.
pub(crate) fn add<J: JsHost, W: WasmEngine>(store: &Store<J, W>, tag: W::Tag, ty: FuncType) -> u32 {
    let mut tags = store.tags.borrow_mut();
    tags.push(Entry {
        entity: tag,
        ty,
        object: Rc::default(),
    });
    tags.len() as u32 - 1
}

/// The address of a tag that JavaScript may have met, as one of those from `first` on.
pub(crate) fn find<J: JsHost, W: WasmEngine>(
    store: &Store<J, W>,
    wasm: &mut W::StoreMut<'_>,
    tag: &W::Tag,
    first: usize,
) -> Option<u32> {
    let tags = store.tags.borrow();
    let mut met = tags.iter().enumerate().skip(first);
    let found = met.find(|(_, entry)| W::tag_eq(wasm, &entry.entity, tag));
    found.map(|(slot, _)| slot as u32)
}

/// The address of the tag that an exception has. Programs throw the same few again and again: the
/// last is looked at first.
pub(crate) fn of_exception<J: JsHost, W: WasmEngine>(
    store: &Store<J, W>,
    wasm: &mut W::StoreMut<'_>,
    exn: &W::ExnRef,
) -> Result<u32, W::Error> {
    let tag = W::exn_tag(wasm, exn)?;
    let last = store.last_tag.get();
    let is_last = {
        let tags = store.tags.borrow();
        let entry = tags.get(last as usize);
        entry.is_some_and(|entry| W::tag_eq(wasm, &entry.entity, &tag))
    };
    if is_last {
        return Ok(last);
    }
    let slot = find(store, wasm, &tag, 0).unwrap_or_else(|| {
        let ty = W::tag_type(wasm, &tag);
        add(store, tag, ty)
    });
    store.last_tag.set(slot);
    Ok(slot)
}

/// [Create a Tag object](https://webassembly.github.io/spec/js-api/#create-a-tag-object) from an
/// address: the same object each time.
pub(crate) fn object<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    store: &Rc<Store<J, W>>,
    slot: u32,
    proto: Option<&J::Value>,
) -> Completion<J> {
    let class = &store.agent.classes().tag;
    let data = HostData {
        class: class_id::TAG,
        slot,
    };
    let object = store.tags.borrow()[slot as usize].object.clone();
    entity_object::<J>(cx, class, proto, data, &object)
}

/// The address behind a Tag object that is an argument.
pub(crate) fn require_tag<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    agent: &Agent<J, W>,
    value: &J::Value,
) -> Completion<J, u32> {
    match agent.slot_of(cx, value, sinew_bridge::ExternKind::Tag) {
        Some(slot) => Ok(slot),
        None => Err(class::type_error::<J>(
            cx,
            "the argument must be a WebAssembly.Tag",
        )),
    }
}

/// [Get the JavaScript exception tag](https://webassembly.github.io/spec/js-api/#get-the-javascript-exception-tag)
pub(crate) fn javascript_tag<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    store: &Rc<Store<J, W>>,
) -> Completion<J, u32> {
    // 1. If it has been initialized, return it.
    if let Some(slot) = store.javascript_tag.get() {
        return Ok(slot);
    }
    // 3. Let (store, tagAddress) be tag_alloc(store, « externref » → « »).
    let ty = FuncType::new([ValType::Ref(RefType::EXTERNREF)], []);
    let slot = alloc(cx, store, ty)?;
    store.javascript_tag.set(Some(slot));
    Ok(slot)
}

fn alloc<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    store: &Rc<Store<J, W>>,
    ty: FuncType,
) -> Completion<J, u32> {
    let tag = store.try_access(cx, |wasm| W::tag_alloc(wasm, &ty))?;
    Ok(add(store, tag, ty))
}

/// [`JSTag`](https://webassembly.github.io/spec/js-api/#dom-webassembly-jstag)
pub(crate) fn js_tag<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    agent: &Rc<Agent<J, W>>,
    _args: J::Args<'_>,
) -> Completion<J> {
    let store = agent.store(cx)?;
    let slot = javascript_tag(cx, &store)?;
    object(cx, &store, slot, None)
}

/// [`new Tag(type)`](https://webassembly.github.io/spec/js-api/#dom-tag-tag)
fn construct<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    agent: &Rc<Agent<J, W>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let descriptor = webidl::required::<J>(cx, args, 0, "WebAssembly.Tag")?;
    webidl::dictionary::<J>(cx, &descriptor, "a tag type")?;
    // 1. to 3. The value types of type["parameters"].
    let Some(parameters) = webidl::member::<J>(cx, &descriptor, "parameters")? else {
        return Err(class::type_error::<J>(cx, "a tag type needs parameters"));
    };
    let parameters = webidl::value_types::<J>(cx, &parameters)?;
    let proto = prototype_of_new_target::<J>(cx, args, &agent.classes().tag)?;
    // 4. to 7.
    let store = agent.store(cx)?;
    let slot = alloc(cx, &store, FuncType::new(parameters, []))?;
    object(cx, &store, slot, Some(&proto))
}

/// [`type()`](https://github.com/WebAssembly/js-types) of the type reflection proposal.
fn type_<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    agent: &Rc<Agent<J, W>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let (store, slot) = receiver::<J, W, TagInterface>(cx, agent, args)?;
    let ty = store.tags.borrow()[slot as usize].ty.clone();
    let parameters = reflection::value_types::<J>(cx, ty.params())?;
    let object = plain_object::<J>(cx)?;
    J::define_property(cx, &object, "parameters".into(), Property::data(parameters))?;
    Ok(object)
}
