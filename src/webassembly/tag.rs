//! [`WebAssembly.Tag`](https://webassembly.github.io/spec/js-api/#tags)

use std::rc::Rc;

use sinew_bridge::class::ClassSpec;
use sinew_bridge::{Completion, FuncType, HostData, JsHost, WasmEngine, class};

use crate::agent::Agent;
use crate::store::{Entry, Store};
use crate::webassembly::{Interface, class_id, entity_object};

/// The interface.
pub(crate) struct TagInterface;

impl<J: JsHost, W: WasmEngine> Interface<J, W> for TagInterface {
    const SPEC: ClassSpec<J, Agent<J, W>> = ClassSpec {
        name: "Tag",
        display: "WebAssembly.Tag",
        id: class_id::TAG,
        length: 1,
        constructor: construct::<J, W>,
        methods: &[],
        statics: &[],
        accessors: &[],
    };
}

/// Gives a tag of the engine an address.
pub(crate) fn add<J: JsHost, W: WasmEngine>(store: &Store<J, W>, tag: W::Tag, ty: FuncType) -> u32 {
    let mut tags = store.tags.borrow_mut();
    tags.push(Entry {
        entity: tag,
        ty,
        object: Rc::default(),
    });
    tags.len() as u32 - 1
}

/// [Create a Tag object](https://webassembly.github.io/spec/js-api/#create-a-tag-object) from an
/// address: the same object each time.
pub(crate) fn object<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    store: &Rc<Store<J, W>>,
    slot: u32,
) -> Completion<J> {
    let class = &store.agent.classes().tag;
    let data = HostData {
        class: class_id::TAG,
        slot,
    };
    let object = store.tags.borrow()[slot as usize].object.clone();
    entity_object::<J>(cx, class, None, data, &object)
}

/// FIXME: tags made by JavaScript come with `WebAssembly.Exception`; until then modules alone
/// define them, and the class has no constructor.
fn construct<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    _agent: &Rc<Agent<J, W>>,
    _args: J::Args<'_>,
) -> Completion<J> {
    Err(class::type_error::<J>(cx, "Illegal constructor"))
}
