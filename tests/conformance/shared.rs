//! [Shared memories](https://webassembly.github.io/threads/js-api/) and their SharedArrayBuffers.

use sinew::{JsHost, WasmEngine};

use crate::program::{needs, passes};

on_every_pair! {
    without_threads_it_is_said_so,
    without_shared_buffers_it_is_said_so,
    the_constructor,
    buffers_are_shared_and_frozen,
    growth_leaves_old_buffers,
    growable_buffers,
    atomics_on_both_sides,
    linking,
}

const THREADS: &str = "threads (shared memory)";

const MEMORY: &str = r#"(module (memory (export "memory") 1 4 shared)
  (func (export "read") (param i32) (result i32) local.get 0 i32.load8_u)
  (func (export "write") (param i32 i32) local.get 0 local.get 1 i32.store8)
  (func (export "add") (param i32 i32) (result i32) local.get 0 local.get 1 i32.atomic.rmw.add)
  (func (export "notify") (param i32) (result i32) local.get 0 i32.const 1 memory.atomic.notify)
  (func (export "wait") (param i32 i32) (result i32) local.get 0 local.get 1 i64.const 0 memory.atomic.wait32)
  (func (export "size") (result i32) memory.size)
  (func (export "grow") (param i32) (result i32) local.get 0 memory.grow))"#;

/// Runs a program where both engines have what it needs; each that has not has a test of its own.
#[track_caller]
fn needs_both<J: JsHost, W: WasmEngine>(modules: &[(&str, &str)], source: &str) {
    if J::FEATURES.shared_buffers || !W::FEATURES.threads {
        needs::<J, W>(THREADS, modules, source);
    } else {
        without_shared_buffers_it_is_said_so::<J, W>();
    }
}

fn without_threads_it_is_said_so<J: JsHost, W: WasmEngine>() {
    needs::<J, W>(THREADS, &[("m", MEMORY)], "compile('m');");
    passes::<J, W>(
        &[],
        r#"
        const make = () => new WebAssembly.Memory({ initial: 1, maximum: 2, shared: true });
        if (has["threads (shared memory)"]) eq(make().type().shared, true); else throws(make, TypeError, wasmName);
        eq(new WebAssembly.Memory({ initial: 1, maximum: 2, shared: false }).type().shared, false);
        eq(new WebAssembly.Memory({ initial: 1, maximum: 2, shared: 0 }).buffer instanceof ArrayBuffer, true);
        "#,
    );
}

fn without_shared_buffers_it_is_said_so<J: JsHost, W: WasmEngine>() {
    if !W::FEATURES.threads {
        return without_threads_it_is_said_so::<J, W>();
    }
    passes::<J, W>(
        &[("m", MEMORY)],
        r#"
        const m = instance("m"), made = new WebAssembly.Memory({ initial: 1, maximum: 2, shared: true });
        for (const memory of [m.memory, made]) for (const get of [() => memory.buffer, () => memory.toFixedLengthBuffer(), () => memory.toResizableBuffer()]) {
          if (has["shared buffers over wasm memory"]) eq(get() instanceof SharedArrayBuffer, true); else eq(throws(get, TypeError).message.toLowerCase().includes(jsName), true);
        }
        // All but its buffer is there.
        eq(m.memory.grow(1), 1); eq(m.size(), 2); m.write(70000, 8); eq(m.read(70000), 8); eq(m.add(4, 5), 0); eq(m.add(4, 5), 5); eq(m.grow(1), 2); eq(m.memory.type().minimum, 3);
        throws(() => m.memory.grow(5), RangeError); eq(m.grow(5), -1);
        "#,
    );
}

fn the_constructor<J: JsHost, W: WasmEngine>() {
    passes::<J, W>(
        &[],
        r#"
        const { Memory } = WebAssembly;
        throws(() => new Memory({ initial: 1, shared: true }), TypeError); throws(() => new Memory({ shared: true, maximum: 1 }), TypeError);
        const value = {}; eq(thrown(() => new Memory({ initial: 1, get shared() { throw value; } })), value);
        if (has["threads (shared memory)"]) {
          throws(() => new Memory({ initial: 3, maximum: 2, shared: true }), RangeError); throws(() => new Memory({ initial: 1, maximum: 65537, shared: true }), RangeError);
          for (const shared of [true, 1, "no", {}]) eq(new Memory({ initial: 1, maximum: 2, shared }).type().shared, true);
          class Mine extends Memory {} ; eq(new Mine({ initial: 1, maximum: 2, shared: true }) instanceof Mine, true);
        }
        "#,
    );
}

fn buffers_are_shared_and_frozen<J: JsHost, W: WasmEngine>() {
    needs_both::<J, W>(
        &[("m", MEMORY)],
        r#"
        const m = instance("m");
        for (const memory of [m.memory, new WebAssembly.Memory({ initial: 1, maximum: 4, shared: true })]) {
          const { buffer } = memory;
          eq(memory.buffer, buffer); eq(memory.toFixedLengthBuffer(), buffer); eq(buffer instanceof SharedArrayBuffer, true); eq(buffer instanceof ArrayBuffer, false);
          eq(Object.prototype.toString.call(buffer), "[object SharedArrayBuffer]");
          eq(Object.isFrozen(buffer), true); eq(Object.isExtensible(buffer), false); throws(() => { buffer.mine = 1; }, TypeError); eq(buffer.growable, false);
          eq(buffer.byteLength, 65536); eq("transfer" in buffer, false); throws(() => buffer.grow(131072), TypeError);
        }
        const view = new Uint8Array(m.memory.buffer); m.write(3, 33); eq(view[3], 33); view[4] = 44; eq(m.read(4), 44); eq(m.memory.type().shared, true);
        eq(new Uint8Array(m.memory.buffer.slice(3, 5)).join(), "33,44");
        "#,
    );
}

fn growth_leaves_old_buffers<J: JsHost, W: WasmEngine>() {
    needs_both::<J, W>(
        &[("m", MEMORY)],
        r#"
        const { memory, grow, write, read } = instance("m"), page = 65536;
        const buffers = [memory.buffer], views = [new Uint8Array(memory.buffer)];
        for (const by of [() => memory.grow(1), () => grow(1), () => memory.grow(1)]) { by(); buffers.push(memory.buffer); views.push(new Uint8Array(memory.buffer)); }
        eq(new Set(buffers).size, 4);
        buffers.forEach((buffer, at) => { eq(buffer.byteLength, (at + 1) * page); eq(Object.isFrozen(buffer), true); });
        write(7, 77); for (const view of views) eq(view[7], 77); views[0][8] = 88; eq(views[3][8], 88); eq(read(8), 88);
        write(4 * page - 1, 9); eq(views[3].at(-1), 9); eq(views[2].at(-1), 0);
        throws(() => memory.grow(1), RangeError); eq(grow(1), -1); eq(memory.buffer, buffers[3]);
        const other = new WebAssembly.Memory({ initial: 1, maximum: 2, shared: true }), { buffer } = other; eq(other.grow(0), 1); eq(other.buffer.byteLength, page);
        eq(buffer.byteLength, page);
        "#,
    );
}

fn growable_buffers<J: JsHost, W: WasmEngine>() {
    needs_both::<J, W>(
        &[("m", MEMORY)],
        r#"
        const { memory, grow, size, write, read } = instance("m"), page = 65536, fixed = memory.buffer;
        const buffer = memory.toResizableBuffer(), view = new Uint8Array(buffer);
        eq(buffer === fixed, false); eq(memory.buffer, buffer); eq(memory.toResizableBuffer(), buffer); eq(buffer.growable, true); eq(buffer.maxByteLength, 4 * page);
        eq(Object.isFrozen(buffer), true); eq(fixed.byteLength, page, "a shared buffer is never detached");
        for (const length of [page + 1, page + 2, page + 4096, 2 * page - 4096]) throws(() => buffer.grow(length), RangeError);
        buffer.grow(2 * page); eq(size(), 2); eq(view.length, 2 * page); eq(memory.buffer, buffer);
        eq(memory.grow(1), 2); eq(buffer.byteLength, 3 * page); eq(grow(1), 3); eq(buffer.byteLength, 4 * page); eq(memory.buffer, buffer); eq(view.length, 4 * page);
        for (const length of [0, page, 4 * page - 1, 4 * page + 1, 5 * page, -1, Infinity]) throws(() => buffer.grow(length), RangeError);
        buffer.grow(4 * page); write(4 * page - 1, 5); eq(view.at(-1), 5);
        const again = memory.toFixedLengthBuffer(); eq(again === buffer, false); eq(memory.buffer, again); eq(again.growable, false); eq(again.byteLength, 4 * page);
        eq(buffer.byteLength, 4 * page); view[0] = 6; eq(read(0), 6);
        // A growable buffer that is no longer the memory's does not follow it.
        const other = instance("m"), old = other.memory.toResizableBuffer(); other.memory.toFixedLengthBuffer(); other.grow(1); eq(other.memory.buffer.byteLength, 2 * page);
        eq(old.byteLength, page); throws(() => old.grow(3 * page), TypeError); eq(other.size(), 2);
        "#,
    );
}

fn atomics_on_both_sides<J: JsHost, W: WasmEngine>() {
    needs_both::<J, W>(
        &[("m", MEMORY)],
        r#"
        const { memory, add, notify, wait } = instance("m"), words = new Int32Array(memory.buffer);
        eq(Atomics.add(words, 1, 5), 0); eq(add(4, 6), 5); eq(Atomics.load(words, 1), 11); eq(Atomics.compareExchange(words, 1, 11, 12), 11); eq(add(4, 0), 12);
        eq(notify(0), 0); eq(Atomics.notify(words, 0, 1), 0); eq(wait(4, 5), 1); eq(wait(4, 12), 2);
        throws(() => add(1, 1), WebAssembly.RuntimeError, "unaligned"); throws(() => add(65536, 1), WebAssembly.RuntimeError, "out of bounds");
        "#,
    );
}

fn linking<J: JsHost, W: WasmEngine>() {
    needs::<J, W>(
        THREADS,
        &[
            (
                "shared",
                r#"(module (import "env" "memory" (memory 1 4 shared)) (export "memory" (memory 0)) (func (export "write") (param i32 i32) local.get 0 local.get 1 i32.store8) (func (export "read") (param i32) (result i32) local.get 0 i32.load8_u))"#,
            ),
            (
                "also",
                r#"(module (import "env" "memory" (memory 1 4 shared)) (import "env" "own" (memory 1 4)))"#,
            ),
        ],
        r#"
        const make = (shared, maximum = 4) => new WebAssembly.Memory({ initial: 1, maximum, shared }), memory = make(true);
        const one = instance("shared", { env: { memory } }), two = instance("shared", { env: { memory } });
        eq(one.memory, memory); eq(two.memory, memory); one.write(9, 90); eq(two.read(9), 90);
        throws(() => instance("shared", { env: { memory: make(false) } }), WebAssembly.LinkError);
        throws(() => instance("shared", { env: { memory: make(true, 5) } }), WebAssembly.LinkError);
        throws(() => instance("also", { env: { memory, own: memory } }), WebAssembly.LinkError); instance("also", { env: { memory, own: make(false) } });
        "#,
    );
}
