//! [`WebAssembly.Memory`](https://webassembly.github.io/spec/js-api/#memories)

use std::rc::Rc;

use sinew_bridge::class::{Accessor, ClassSpec, Method, prototype_of_new_target, throw};
use sinew_bridge::{
    AddressType, Completion, ErrorClass, HostData, JsHost, Limits, MemoryType, Throw, WasmEngine,
    class,
};

use crate::agent::Agent;
use crate::store::{Entry, MemoryEntry, Store};
use crate::webassembly::buffer::{
    buffer_of, grow_buffer, to_fixed_length_buffer, to_resizable_buffer,
};
use crate::webassembly::{Interface, class_id, entity_object, receiver, reflection, webidl};

pub(crate) use crate::webassembly::buffer::{close, refresh};

/// The interface.
pub(crate) struct MemoryInterface;

impl<J: JsHost, W: WasmEngine> Interface<J, W> for MemoryInterface {
    const SPEC: ClassSpec<J, Agent<J, W>> = ClassSpec {
        name: "Memory",
        display: "WebAssembly.Memory",
        id: class_id::MEMORY,
        length: 1,
        constructor: construct::<J, W>,
        methods: &[
            Method {
                name: "grow",
                length: 1,
                body: grow::<J, W>,
            },
            Method {
                name: "toFixedLengthBuffer",
                length: 0,
                body: to_fixed_length_buffer::<J, W>,
            },
            Method {
                name: "toResizableBuffer",
                length: 0,
                body: to_resizable_buffer::<J, W>,
            },
            Method {
                name: "type",
                length: 0,
                body: type_::<J, W>,
            },
        ],
        statics: &[],
        accessors: &[Accessor {
            name: "buffer",
            get: buffer::<J, W>,
            set: None,
        }],
        ..ClassSpec::BASE
    };
}

/// Gives a memory of the engine an address.
pub(crate) fn add<J: JsHost, W: WasmEngine>(
    store: &Store<J, W>,
    memory: W::Memory,
    ty: MemoryType,
) -> u32 {
    let mut memories = store.memories.borrow_mut();
    memories.push(MemoryEntry {
        entry: Entry {
            entity: memory,
            ty,
            object: Rc::default(),
        },
        buffer: None,
        closed: false,
    });
    memories.len() as u32 - 1
}

/// [Create a memory object](https://webassembly.github.io/spec/js-api/#create-a-memory-object) from
/// an address: the same object each time.
pub(crate) fn object<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    store: &Rc<Store<J, W>>,
    slot: u32,
    proto: Option<&J::Value>,
) -> Completion<J> {
    let class = &store.agent.classes().memory;
    let data = HostData {
        class: class_id::MEMORY,
        slot,
    };
    let object = store.memories.borrow()[slot as usize].entry.object.clone();
    entity_object::<J>(cx, class, proto, data, &object)
}

/// [`new Memory(descriptor)`](https://webassembly.github.io/spec/js-api/#dom-memory-memory)
fn construct<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    agent: &Rc<Agent<J, W>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let descriptor = webidl::required::<J>(cx, args, 0, "WebAssembly.Memory")?;
    webidl::dictionary::<J>(cx, &descriptor, "a memory descriptor")?;
    // 1. to 3. The members are converted as they are read, as in every engine.
    let address = webidl::address_type::<J>(cx, &descriptor)?;
    let (initial, maximum) = webidl::limits::<J>(cx, &descriptor, address)?;
    let shared = match webidl::member::<J>(cx, &descriptor, "shared")? {
        Some(value) => J::to_boolean(cx, &value),
        None => false,
    };
    let Some(initial) = initial else {
        return Err(class::type_error::<J>(
            cx,
            "a memory descriptor needs initial",
        ));
    };
    if shared {
        require_shared::<J, W>(cx, maximum)?;
    }
    let proto = prototype_of_new_target::<J>(cx, args, &agent.classes().memory)?;
    let ty = MemoryType {
        limits: Limits {
            min: initial,
            max: maximum,
        },
        address,
        shared,
        page_size_log2: 16,
    };
    // 5. If memtype is not valid, throw a RangeError.
    require_valid::<J>(cx, &ty)?;
    let store = agent.store(cx)?;
    // 7. Let (store, memaddr) be mem_alloc(store, memtype). If allocation fails, throw a RangeError.
    let allocated = store.access(cx, |wasm| W::mem_alloc(wasm, &ty))?;
    let Ok(memory) = allocated else {
        return Err(range_error::<J>(cx, "the memory could not be allocated"));
    };
    // 9. Initialize this from memaddr.
    let slot = add(&store, memory, ty);
    object(cx, &store, slot, Some(&proto))
}

/// A shared memory has a maximum, and engines that share.
fn require_shared<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    maximum: Option<u64>,
) -> Completion<J, ()> {
    if maximum.is_none() {
        return Err(class::type_error::<J>(
            cx,
            "a shared memory needs a maximum",
        ));
    }
    if !W::FEATURES.threads {
        let message = format!("shared memories are not supported by {}", W::NAME);
        return Err(class::type_error::<J>(cx, &message));
    }
    Ok(())
}

fn require_valid<J: JsHost>(cx: &mut J::Scope<'_>, ty: &MemoryType) -> Completion<J, ()> {
    let Limits { min, max } = ty.limits;
    if max.is_some_and(|max| max < min) {
        return Err(range_error::<J>(
            cx,
            "the maximum is smaller than the initial size",
        ));
    }
    let pages = match ty.address {
        AddressType::I32 => 1 << 16,
        AddressType::I64 => 1 << 48,
    };
    if min > pages || max.is_some_and(|max| max > pages) {
        return Err(range_error::<J>(
            cx,
            "the memory is larger than its addresses reach",
        ));
    }
    Ok(())
}

/// [`grow(delta)`](https://webassembly.github.io/spec/js-api/#dom-memory-grow)
fn grow<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    agent: &Rc<Agent<J, W>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let (store, slot) = receiver::<J, W, MemoryInterface>(cx, agent, args)?;
    let delta = webidl::required::<J>(cx, args, 0, "Memory.grow")?;
    // 3. Let addrtype be the address type in mem_type(store, memaddr).
    let address = store.memories.borrow()[slot as usize].entry.ty.address;
    // 4. Let delta64 be ? AddressValueToU64(delta, addrtype).
    let delta = webidl::address_to_u64::<J>(cx, &delta, address, "delta")?;
    // 5. Grow the memory buffer. 6. Return U64ToAddressValue(ret, addrtype).
    let before = grow_buffer(cx, &store, slot, delta)?;
    Ok(webidl::u64_to_address::<J>(cx, before, address))
}

/// [`buffer`](https://webassembly.github.io/spec/js-api/#dom-memory-buffer)
fn buffer<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    agent: &Rc<Agent<J, W>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let (store, slot) = receiver::<J, W, MemoryInterface>(cx, agent, args)?;
    buffer_of(cx, &store, slot)
}

/// [`type()`](https://github.com/WebAssembly/js-types) of the type reflection proposal.
fn type_<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    agent: &Rc<Agent<J, W>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let (store, slot) = receiver::<J, W, MemoryInterface>(cx, agent, args)?;
    let memory = store.memories.borrow()[slot as usize].entry.entity.clone();
    let ty = store.access(cx, |wasm| W::mem_type(wasm, &memory))?;
    reflection::memory_type::<J>(cx, &ty)
}

fn range_error<J: JsHost>(cx: &mut J::Scope<'_>, message: &str) -> Throw<J::Value> {
    throw::<J>(cx, ErrorClass::RangeError, message)
}
