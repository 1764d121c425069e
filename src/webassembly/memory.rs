//! [`WebAssembly.Memory`](https://webassembly.github.io/spec/js-api/#memories)

use std::rc::Rc;

use sinew_bridge::class::{Accessor, ClassSpec, Method, brand, prototype_of_new_target, throw};
use sinew_bridge::{
    Completion, ErrorClass, HostData, JsHost, Limits, MemoryType, WasmEngine, class,
};

use crate::agent::Agent;
use crate::store::{Buffer, Entry, MemoryEntry, Store};
use crate::webassembly::{Interface, class_id, entity_object, webidl};

/// The interface.
pub(crate) struct MemoryInterface;

impl<J: JsHost, W: WasmEngine> Interface<J, W> for MemoryInterface {
    const SPEC: ClassSpec<J, Agent<J, W>> = ClassSpec {
        name: "Memory",
        display: "WebAssembly.Memory",
        id: class_id::MEMORY,
        length: 1,
        constructor: construct::<J, W>,
        methods: &[Method {
            name: "grow",
            length: 1,
            body: grow::<J, W>,
        }],
        statics: &[],
        accessors: &[Accessor {
            name: "buffer",
            get: buffer::<J, W>,
            set: None,
        }],
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
    let proto = prototype_of_new_target::<J>(cx, args, &agent.classes().memory)?;
    let descriptor = J::arg(cx, args, 0);
    webidl::require_dictionary::<J>(cx, &descriptor, "a memory descriptor")?;
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
        let message = if maximum.is_none() {
            "a shared memory needs a maximum"
        } else {
            "shared memories are not supported"
        };
        return Err(class::type_error::<J>(cx, message));
    }
    // 3. If descriptor["maximum"] is smaller than descriptor["initial"], throw a RangeError.
    if maximum.is_some_and(|maximum| maximum < initial) {
        return Err(range_error::<J>(
            cx,
            "the maximum is smaller than the initial size",
        ));
    }
    let ty = MemoryType {
        limits: Limits {
            min: initial,
            max: maximum,
        },
        address,
        shared,
        page_size_log2: 16,
    };
    let pages = match address {
        sinew_bridge::AddressType::I32 => 1 << 16,
        sinew_bridge::AddressType::I64 => 1 << 48,
    };
    if initial > pages || maximum.is_some_and(|maximum| maximum > pages) {
        return Err(range_error::<J>(
            cx,
            "the memory is larger than its addresses reach",
        ));
    }
    let store = agent.store(cx)?;
    // 8. Let (store, memaddr) be mem_alloc(store, memtype). If allocation fails, throw a RangeError.
    let allocated = store.access(cx, |wasm| W::mem_alloc(wasm, &ty))?;
    let Ok(memory) = allocated else {
        return Err(range_error::<J>(cx, "the memory could not be allocated"));
    };
    let slot = add(&store, memory, ty);
    object(cx, &store, slot, Some(&proto))
}

/// [`grow(delta)`](https://webassembly.github.io/spec/js-api/#dom-memory-grow)
fn grow<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    agent: &Rc<Agent<J, W>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let this = J::this(cx, args);
    let slot = brand::<J, _>(
        cx,
        &this,
        &MemoryInterface::SPEC as &ClassSpec<J, Agent<J, W>>,
    )?;
    let store = agent.store(cx)?;
    let ty = store.memories.borrow()[slot as usize].entry.ty;
    let delta = J::arg(cx, args, 0);
    let delta = webidl::address_to_u64::<J>(cx, &delta, ty.address, "delta")?;
    let memory = store.memories.borrow()[slot as usize].entry.entity.clone();
    // 5. Let ret be the mem_size. 6. mem_grow. 7. If it fails, throw a RangeError.
    let grown = store.access(cx, |wasm| W::mem_grow(wasm, &memory, delta))?;
    let Ok(before) = grown else {
        return Err(range_error::<J>(cx, "the memory cannot grow by that much"));
    };
    // 8. Refresh the memory buffer of memaddr.
    detach(cx, &store, slot);
    agent.refresh(cx, &store)?;
    // 9. Return U64ToAddressValue(ret, addrtype).
    Ok(webidl::u64_to_address::<J>(cx, before, ty.address))
}

/// [`buffer`](https://webassembly.github.io/spec/js-api/#dom-memory-buffer)
fn buffer<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    agent: &Rc<Agent<J, W>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let this = J::this(cx, args);
    let slot = brand::<J, _>(
        cx,
        &this,
        &MemoryInterface::SPEC as &ClassSpec<J, Agent<J, W>>,
    )?;
    let store = agent.store(cx)?;
    buffer_of(cx, &store, slot)
}

/// [Create a fixed length memory buffer](https://webassembly.github.io/spec/js-api/#create-a-fixed-length-memory-buffer),
/// unless there is one.
#[allow(
    unsafe_code,
    reason = "the one place where a buffer is put over linear memory"
)]
pub(crate) fn buffer_of<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    store: &Rc<Store<J, W>>,
    slot: u32,
) -> Completion<J> {
    let memory = {
        let entry = &store.memories.borrow()[slot as usize];
        if let Some(buffer) = &entry.buffer {
            return Ok(buffer.value.clone());
        }
        if entry.closed {
            return J::create_array_buffer(cx, &[]);
        }
        entry.entry.entity.clone()
    };
    let (data, len) = store.access(cx, |wasm| W::mem_data(wasm, &memory))?;
    // SAFETY: `data` and `len` are the memory's bytes now. They stay valid until the memory grows or
    // its store goes; before JavaScript runs again after the one, and before the other, the buffer
    // that is remembered below is detached (`Store::detach_stale`, `grow`, `Store::close`). Nothing
    // of Sinew holds a reference to these bytes while JavaScript runs.
    let value = unsafe { J::array_buffer_over(cx, data, len) }?;
    store.memories.borrow_mut()[slot as usize].buffer = Some(Buffer {
        value: value.clone(),
        data,
        len,
    });
    Ok(value)
}

/// Detaches the buffer of a memory, if there is one.
pub(crate) fn detach<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    store: &Store<J, W>,
    slot: u32,
) {
    let buffer = store.memories.borrow_mut()[slot as usize].buffer.take();
    if let Some(buffer) = buffer {
        J::detach(cx, &buffer.value);
    }
}

/// Detaches the buffer of a memory for good: a later one is empty. Whether there was one, and how
/// many bytes the memory has. Closing twice counts once.
pub(crate) fn close<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    store: &Rc<Store<J, W>>,
    slot: u32,
) -> Completion<J, (bool, usize)> {
    let memory = {
        let entry = &mut store.memories.borrow_mut()[slot as usize];
        if std::mem::replace(&mut entry.closed, true) {
            return Ok((false, 0));
        }
        entry.entry.entity.clone()
    };
    let (_, len) = store.access(cx, |wasm| W::mem_data(wasm, &memory))?;
    let had_buffer = store.memories.borrow()[slot as usize].buffer.is_some();
    detach(cx, store, slot);
    Ok((had_buffer, len))
}

fn range_error<J: JsHost>(cx: &mut J::Scope<'_>, message: &str) -> sinew_bridge::Throw<J::Value> {
    throw::<J>(cx, ErrorClass::RangeError, message)
}
