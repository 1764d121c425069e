//! The buffers of memories: `[[BufferObject]]` of
//! [`WebAssembly.Memory`](https://webassembly.github.io/spec/js-api/#memories).

use std::rc::Rc;

use sinew_bridge::class::throw;
use sinew_bridge::{Completion, ErrorClass, JsHost, MemoryType, Throw, WasmEngine, class};

use crate::agent::Agent;
use crate::store::{Buffer, Store};
use crate::webassembly::memory::MemoryInterface;
use crate::webassembly::receiver;

/// Which kind of buffer to put over a memory.
#[derive(Clone, Copy)]
enum Kind {
    FixedLength,
    Resizable {
        /// The largest length, in bytes.
        max: usize,
    },
}

/// The buffer of a memory: the one that there is, or a new one of fixed length.
pub(crate) fn buffer_of<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    store: &Rc<Store<J, W>>,
    slot: u32,
) -> Completion<J> {
    let (memory, shared) = {
        let entry = &store.memories.borrow()[slot as usize];
        (entry.entry.entity.clone(), entry.entry.ty.shared)
    };
    // A shared memory may have grown unseen.
    if shared {
        let now = store.access(cx, |wasm| W::mem_data(wasm, &memory))?;
        let stale = {
            let entry = &store.memories.borrow()[slot as usize];
            let buffer = entry.buffer.as_ref();
            buffer.is_some_and(|buffer| (buffer.data, buffer.len) != now)
        };
        if stale {
            refresh(cx, store, slot)?;
        }
    }
    {
        let entry = &store.memories.borrow()[slot as usize];
        if let Some(buffer) = &entry.buffer {
            return Ok(buffer.value.clone());
        }
        if entry.closed {
            return J::create_array_buffer(cx, &[]);
        }
    }
    create(cx, store, slot, Kind::FixedLength)
}

/// [Create a fixed length memory buffer](https://webassembly.github.io/spec/js-api/#create-a-fixed-length-memory-buffer)
/// or [a resizable one](https://webassembly.github.io/spec/js-api/#create-a-resizable-memory-buffer),
/// and make it the memory's.
#[allow(
    unsafe_code,
    reason = "the one place where a buffer is put over linear memory"
)]
fn create<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    store: &Rc<Store<J, W>>,
    slot: u32,
    kind: Kind,
) -> Completion<J> {
    let (memory, shared) = {
        let entry = &store.memories.borrow()[slot as usize].entry;
        (entry.entity.clone(), entry.ty.shared)
    };
    let (data, len) = store.access(cx, |wasm| W::mem_data(wasm, &memory))?;
    // SAFETY: `data` and `len` are the memory's bytes now. They stay valid until the memory grows,
    // which does not move them, or its store goes; before JavaScript runs again after the one, and
    // before the other, the buffer that is remembered below is refreshed or detached
    // (`Store::refresh_stale`, `refresh`, `Store::close`). A shared memory only ever grows in place
    // and goes with its store, after which no JavaScript runs. Nothing of Sinew holds a reference
    // to these bytes while JavaScript runs.
    let value = unsafe {
        match (shared, kind) {
            (false, Kind::FixedLength) => J::array_buffer_over(cx, data, len),
            (false, Kind::Resizable { max }) => J::resizable_buffer_over(cx, data, len, max),
            (true, Kind::FixedLength) => J::shared_buffer_over(cx, data, len, None),
            (true, Kind::Resizable { max }) => J::shared_buffer_over(cx, data, len, Some(max)),
        }
    }?;
    let resizable = matches!(kind, Kind::Resizable { .. });
    if shared {
        // The threads proposal: SetIntegrityLevel(buffer, "frozen").
        J::freeze(cx, &value)?;
        if resizable {
            store.has_growable_buffer();
        }
    }
    let old = store.memories.borrow_mut()[slot as usize]
        .buffer
        .replace(Buffer {
            value: value.clone(),
            data,
            len,
            resizable,
        });
    if let Some(old) = old
        && !shared
    {
        J::detach(cx, &old.value);
    }
    Ok(value)
}

/// [Refresh the Memory buffer](https://webassembly.github.io/spec/js-api/#refresh-the-memory-buffer)
#[allow(
    unsafe_code,
    reason = "a buffer over linear memory gets its new length"
)]
pub(crate) fn refresh<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    store: &Rc<Store<J, W>>,
    slot: u32,
) -> Completion<J, ()> {
    let (memory, buffer, shared) = {
        let entry = &store.memories.borrow()[slot as usize];
        let buffer = entry.buffer.as_ref();
        let buffer = buffer.map(|buffer| (buffer.value.clone(), buffer.data, buffer.resizable));
        (entry.entry.entity.clone(), buffer, entry.entry.ty.shared)
    };
    let Some((value, base, resizable)) = buffer else {
        return Ok(());
    };
    let (data, len) = store.access(cx, |wasm| W::mem_data(wasm, &memory))?;
    // 5. If IsFixedLengthArrayBuffer(buffer) is true, detach it; a new one is made when it is asked
    // for. A SharedArrayBuffer cannot be detached and keeps its length.
    if !resizable || data != base {
        store.memories.borrow_mut()[slot as usize].buffer = None;
        if !shared {
            J::detach(cx, &value);
        }
        return Ok(());
    }
    // 6. Otherwise, set buffer.[[ArrayBufferByteLength]] to the length of the block.
    // SAFETY: the memory has `len` bytes at the address that the buffer has, and never has more
    // than the buffer's maximum, which is the memory's own.
    unsafe { J::set_buffer_len(cx, &value, len) };
    if let Some(buffer) = &mut store.memories.borrow_mut()[slot as usize].buffer {
        buffer.len = len;
    }
    Ok(())
}

/// [Grow the memory buffer](https://webassembly.github.io/spec/js-api/#grow-the-memory-buffer) by
/// `delta` pages. The size before.
pub(crate) fn grow_buffer<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    store: &Rc<Store<J, W>>,
    slot: u32,
    delta: u64,
) -> Completion<J, u64> {
    let memory = store.memories.borrow()[slot as usize].entry.entity.clone();
    // 2. Let ret be the mem_size. 3. mem_grow. 4. If it fails, throw a RangeError.
    let grown = store.access(cx, |wasm| W::mem_grow(wasm, &memory, delta))?;
    let Ok(before) = grown else {
        return Err(range_error::<J>(cx, "the memory cannot grow by that much"));
    };
    // 6. Refresh the memory buffer of memaddr, and with it those that grew unseen.
    refresh(cx, store, slot)?;
    store.agent.refresh(cx, store)?;
    Ok(before)
}

/// Whether `buffer` is that of a memory.
pub(crate) fn is_memory_buffer<J: JsHost, W: WasmEngine>(
    agent: &Agent<J, W>,
    buffer: &J::Value,
) -> bool {
    let store = agent.existing_store();
    store.is_some_and(|store| memory_of(&store, buffer).is_some())
}

/// The memory whose `[[BufferObject]]` is `buffer`.
fn memory_of<J: JsHost, W: WasmEngine>(store: &Store<J, W>, buffer: &J::Value) -> Option<usize> {
    let identity = J::identity(buffer);
    let memories = store.memories.borrow();
    memories.iter().position(|memory| {
        let own = memory.buffer.as_ref();
        own.is_some_and(|own| J::identity(&own.value) == identity)
    })
}

/// [HostResizeArrayBuffer](https://webassembly.github.io/spec/js-api/#abstract-opdef-hostresizearraybuffer)
/// of a buffer over a memory.
pub(crate) fn resize<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    agent: &Rc<Agent<J, W>>,
    buffer: &J::Value,
    new_len: usize,
) -> Completion<J, ()> {
    let store = agent.store(cx)?;
    // 1.3. For each memaddr → mem in map, if mem.[[BufferObject]] is buffer,
    let Some(slot) = memory_of(&store, buffer) else {
        return Err(class::type_error::<J>(
            cx,
            "the buffer is no longer that of a WebAssembly.Memory",
        ));
    };
    let (len, page) = {
        let memory = &store.memories.borrow()[slot];
        let len = memory.buffer.as_ref().map_or(0, |buffer| buffer.len);
        (len, 1 << memory.entry.ty.page_size_log2)
    };
    // 1.3.1.3. If lengthDelta < 0 or lengthDelta modulo 65536 is not 0, throw a RangeError.
    match new_len.checked_sub(len) {
        Some(delta) if delta % page == 0 => {
            // 1.3.1.5. Grow the memory buffer associated with memaddr by delta.
            grow_buffer(cx, &store, slot as u32, (delta / page) as u64).map(drop)
        }
        Some(_) => Err(range_error::<J>(
            cx,
            "a memory grows by whole pages of 65536 bytes",
        )),
        None => Err(range_error::<J>(cx, "a memory cannot shrink")),
    }
}

/// [`toFixedLengthBuffer()`](https://webassembly.github.io/spec/js-api/#dom-memory-tofixedlengthbuffer)
pub(crate) fn to_fixed_length_buffer<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    agent: &Rc<Agent<J, W>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let (store, slot) = receiver::<J, W, MemoryInterface>(cx, agent, args)?;
    // 1. and 2. If IsFixedLengthArrayBuffer(buffer) is true, return buffer.
    let buffer = buffer_of(cx, &store, slot)?;
    match is_resizable(&store, slot) {
        false => Ok(buffer),
        // 4. to 7. A new one in its place.
        true => create(cx, &store, slot, Kind::FixedLength),
    }
}

/// [`toResizableBuffer()`](https://webassembly.github.io/spec/js-api/#dom-memory-toresizablebuffer)
pub(crate) fn to_resizable_buffer<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    agent: &Rc<Agent<J, W>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let (store, slot) = receiver::<J, W, MemoryInterface>(cx, agent, args)?;
    let ty = store.memories.borrow()[slot as usize].entry.ty;
    // 4. If memtype does not have a max, throw a TypeError.
    let Some(max) = ty.limits.max else {
        return Err(class::type_error::<J>(
            cx,
            "a memory without a maximum has no resizable buffer",
        ));
    };
    // 5. and 6. If IsFixedLengthArrayBuffer(buffer) is false, return buffer.
    let buffer = buffer_of(cx, &store, slot)?;
    if is_resizable(&store, slot) || store.memories.borrow()[slot as usize].closed {
        return Ok(buffer);
    }
    // 8. Let maxsize be the max value in memtype * 65536.
    let Some(max) = byte_len(&ty, max) else {
        return Err(range_error::<J>(
            cx,
            "the maximum of the memory is more than a buffer can have",
        ));
    };
    // 9. to 12. A new one in its place.
    create(cx, &store, slot, Kind::Resizable { max })
}

/// So many pages of a memory, in bytes.
fn byte_len(ty: &MemoryType, pages: u64) -> Option<usize> {
    let bytes = pages.checked_shl(ty.page_size_log2)?;
    let exact = bytes >> ty.page_size_log2 == pages;
    usize::try_from(bytes).ok().filter(|_| exact)
}

fn is_resizable<J: JsHost, W: WasmEngine>(store: &Store<J, W>, slot: u32) -> bool {
    let memories = store.memories.borrow();
    let buffer = memories[slot as usize].buffer.as_ref();
    buffer.is_some_and(|buffer| buffer.resizable)
}

/// Detaches the buffer of a memory for good: a later one is empty. Whether there was one, and how
/// many bytes the memory has. Closing twice counts once.
pub(crate) fn close<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    store: &Rc<Store<J, W>>,
    slot: u32,
) -> Completion<J, (bool, usize)> {
    let (memory, shared) = {
        let entry = &mut store.memories.borrow_mut()[slot as usize];
        if std::mem::replace(&mut entry.closed, true) {
            return Ok((false, 0));
        }
        (entry.entry.entity.clone(), entry.entry.ty.shared)
    };
    let (_, len) = store.access(cx, |wasm| W::mem_data(wasm, &memory))?;
    let buffer = store.memories.borrow_mut()[slot as usize].buffer.take();
    let had_buffer = buffer.is_some();
    if let Some(buffer) = buffer
        && !shared
    {
        J::detach(cx, &buffer.value);
    }
    Ok((had_buffer, len))
}

fn range_error<J: JsHost>(cx: &mut J::Scope<'_>, message: &str) -> Throw<J::Value> {
    throw::<J>(cx, ErrorClass::RangeError, message)
}
