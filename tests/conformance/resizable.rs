//! [Resizable buffers](https://webassembly.github.io/spec/js-api/#dom-memory-toresizablebuffer) over
//! linear memory.

use sinew::{JsHost, WasmEngine};

use crate::program::{needs, passes, started};

on_every_pair! {
    one_kind_at_a_time,
    grows_by_every_hand,
    wrong_sizes,
    views_follow,
    conversions_that_resize,
    cannot_be_taken_away,
    memories_without_a_maximum,
    memories_of_64_bits,
    large_maxima,
    growth_inside_host_functions,
    after_unloading,
    receivers,
}

const MEMORY: &str = r#"(module (memory (export "memory") 1 5)
  (func (export "read") (param i32) (result i32) local.get 0 i32.load8_u)
  (func (export "write") (param i32 i32) local.get 0 local.get 1 i32.store8)
  (func (export "size") (result i32) memory.size)
  (func (export "grow") (param i32) (result i32) local.get 0 memory.grow))"#;

fn one_kind_at_a_time<J: JsHost, W: WasmEngine>() {
    passes::<J, W>(
        &[("m", MEMORY)],
        r#"
        eq(has["resizable buffers over wasm memory"], true, "both engines have them");
        const { memory, write, grow } = instance("m");
        const fixed = memory.buffer;
        eq(fixed.resizable, false); eq(memory.toFixedLengthBuffer(), fixed); eq(memory.buffer, fixed); eq(fixed.byteLength, 65536);
        write(9, 99);
        const resizable = memory.toResizableBuffer();
        eq(resizable === fixed, false); eq(fixed.byteLength, 0); throws(() => new Uint8Array(fixed), TypeError);
        eq(resizable.resizable, true); eq(resizable.maxByteLength, 5 * 65536); eq(resizable.byteLength, 65536); eq(memory.buffer, resizable);
        eq(memory.toResizableBuffer(), resizable); eq(new Uint8Array(resizable)[9], 99);
        eq(Object.getPrototypeOf(resizable), ArrayBuffer.prototype); eq(Object.prototype.toString.call(resizable), "[object ArrayBuffer]"); eq(Object.isFrozen(resizable), false);
        resizable.mine = 1; eq(memory.buffer.mine, 1);
        const again = memory.toFixedLengthBuffer();
        eq(again === resizable || again === fixed, false); eq(resizable.byteLength, 0); throws(() => resizable.resize(65536), TypeError); eq(again.resizable, false);
        eq(memory.buffer, again); eq(memory.toFixedLengthBuffer(), again); eq(new Uint8Array(again)[9], 99);
        // Another one, not the one that there was; growth of a fixed one detaches as ever.
        const other = memory.toResizableBuffer(); eq(other === resizable, false); eq(again.byteLength, 0);
        const last = memory.toFixedLengthBuffer(); grow(1); eq(last.byteLength, 0); eq(memory.buffer.resizable, false); eq(memory.buffer.byteLength, 131072);
        eq(memory.toResizableBuffer().byteLength, 131072);
        "#,
    );
}

fn grows_by_every_hand<J: JsHost, W: WasmEngine>() {
    passes::<J, W>(
        &[("m", MEMORY)],
        r#"
        const { memory, read, write, grow, size } = instance("m");
        const buffer = memory.toResizableBuffer(), view = new Uint8Array(buffer), page = 65536;
        write(5, 55);
        const check = (pages, by) => { eq(memory.buffer, buffer, by); eq(buffer.byteLength, pages * page, by); eq(view.length, pages * page, by); eq(size(), pages, by); eq(view[5], 55, by); view[pages * page - 1] = pages; eq(read(pages * page - 1), pages, by); };
        check(1, "nobody"); eq(grow(1), 1); check(2, "wasm"); eq(memory.grow(1), 2); check(3, "JavaScript"); eq(buffer.resize(4 * page), undefined); check(4, "resize");
        eq(memory.grow(0), 4); check(4, "zero"); eq(grow(0), 4); check(4, "zero of wasm"); buffer.resize(4 * page); check(4, "the same length");
        eq(grow(2), -1); throws(() => memory.grow(2), RangeError); throws(() => buffer.resize(6 * page), RangeError); check(4, "too much");
        buffer.resize(5 * page); check(5, "all"); eq(grow(1), -1); throws(() => memory.grow(1), RangeError); check(5, "full");
        // New pages are zero.
        eq(view.slice(3 * page, 4 * page - 1).every((byte) => byte === 0), true);
        "#,
    );
}

fn wrong_sizes<J: JsHost, W: WasmEngine>() {
    passes::<J, W>(
        &[("m", MEMORY)],
        r#"
        const { memory, size } = instance("m"), buffer = memory.toResizableBuffer(), page = 65536;
        buffer.resize(2 * page);
        for (const length of [0, 1, page, page - 1, page + 1, 2 * page - 1, 2 * page + 1, 2 * page + 2, 2 * page + 4096, 2 * page + page / 2, 3 * page - 1, 6 * page, 5 * page + 1, -1, Infinity, 2 ** 53, NaN, undefined]) {
          throws(() => buffer.resize(length), RangeError); eq(buffer.byteLength, 2 * page); eq(size(), 2); eq(memory.buffer, buffer);
        }
        throws(() => buffer.resize(Symbol()), TypeError); throws(() => buffer.resize(1n), TypeError);
        // An ordinary resizable buffer is none of ours.
        const own = new ArrayBuffer(10, { maxByteLength: 100 }); own.resize(33); eq(own.byteLength, 33); own.resize(0); eq(own.byteLength, 0);
        throws(() => own.resize(101), RangeError);
        throws(() => memory.toFixedLengthBuffer().resize(3 * page), TypeError);
        "#,
    );
}

fn views_follow<J: JsHost, W: WasmEngine>() {
    passes::<J, W>(
        &[("m", MEMORY)],
        r#"
        const { memory, grow, write } = instance("m"), buffer = memory.toResizableBuffer(), page = 65536;
        const tracking = [Int8Array, Uint16Array, Float64Array, BigInt64Array].map((Kind) => new Kind(buffer)), offset = new Uint8Array(buffer, 16), fixed = new Uint8Array(buffer, 8, 8), data = new DataView(buffer), dataAt = new DataView(buffer, 32), dataFixed = new DataView(buffer, 0, 4);
        for (const [pages, by] of [[1, () => {}], [2, () => grow(1)], [3, () => memory.grow(1)], [4, () => buffer.resize(4 * page)]]) {
          by();
          for (const view of tracking) { eq(view.byteLength, pages * page); eq(view.length, pages * page / view.BYTES_PER_ELEMENT); eq(view.buffer, buffer); }
          eq(offset.length, pages * page - 16); eq(fixed.length, 8); eq(data.byteLength, pages * page); eq(dataAt.byteLength, pages * page - 32); eq(dataFixed.byteLength, 4);
          write(pages * page - 1, 7); eq(data.getUint8(pages * page - 1), 7); eq(offset.at(-1), 7); throws(() => data.getUint8(pages * page), RangeError);
        }
        let sum = 0; for (const byte of offset) sum += byte; eq(sum, 28);
        // A view of the fixed buffer does not come back to life.
        memory.toFixedLengthBuffer();
        for (const view of [...tracking, offset, fixed]) { eq(view.length, 0); eq(view.byteLength, 0); eq(view[0], undefined); }
        throws(() => data.byteLength, TypeError); throws(() => dataFixed.getInt8(0), TypeError);
        memory.toResizableBuffer(); eq(offset.length, 0); throws(() => data.getInt8(0), TypeError);
        "#,
    );
}

fn conversions_that_resize<J: JsHost, W: WasmEngine>() {
    passes::<J, W>(
        &[("m", MEMORY)],
        r#"
        const page = 65536;
        const attacks = [
          (m, b, evil) => new Uint8Array(b).fill(evil), (m, b, evil) => new Uint8Array(b).set([evil, 1, 2]), (m, b, evil) => new Uint8Array(b).copyWithin(evil, 3), (m, b, evil) => new Uint8Array(b, 0, 8).slice(evil),
          (m, b, evil) => { new Uint8Array(b)[0] = evil; }, (m, b, evil) => new DataView(b).setFloat64(evil, evil), (m, b, evil) => new Uint8Array(b, evil), (m, b, evil) => b.slice(evil, 100), (m, b, evil) => m.write(evil, evil),
          (m, b, evil) => new Uint8Array(b, 0, 8).map(() => (evil.valueOf(), 1)), (m, b, evil) => new Uint8Array(b, 0, 8).sort(() => (evil.valueOf(), 0)), (m, b, evil) => b.resize({ valueOf() { evil.valueOf(); return 4 * page; } }), (m, b, evil) => m.memory.grow(evil), (m, b, evil) => new Uint8Array(b).includes(1, evil),
        ];
        const evils = [(m) => m.grow(1), (m) => m.memory.grow(1), (m) => m.memory.buffer.resize?.(m.memory.buffer.byteLength + page), (m) => m.memory.toFixedLengthBuffer(), (m) => m.memory.toResizableBuffer()];
        for (const attack of attacks) for (const evil of evils) {
          const m = instance("m"), b = m.memory.toResizableBuffer();
          try { attack(m, b, { valueOf() { evil(m); return 1; }, toString() { evil(m); return "1"; } }); } catch (e) { if (!(e instanceof TypeError || e instanceof RangeError)) throw e; }
          const now = m.memory.buffer; eq(now.byteLength, m.size() * page); eq(now === b || b.byteLength === 0, true);
          new Uint8Array(now)[now.byteLength - 1] = 3; eq(m.read(now.byteLength - 1), 3);
        }
        "#,
    );
}

fn cannot_be_taken_away<J: JsHost, W: WasmEngine>() {
    passes::<J, W>(
        &[("m", MEMORY)],
        r#"
        const { memory, write, grow } = instance("m"), buffer = memory.toResizableBuffer();
        for (const name of ["transfer", "transferToFixedLength", "transferToImmutable"]) {
          if (!(name in ArrayBuffer.prototype)) continue;
          for (const length of [undefined, 0, 65536, 131072, 10]) throws(() => buffer[name](length), TypeError);
          throws(() => ArrayBuffer.prototype[name].call(buffer), TypeError);
        }
        const view = new Uint8Array(buffer); write(1, 2); eq(view[1], 2); eq(buffer.byteLength, 65536); grow(1); eq(view.length, 131072);
        // A copy is a copy.
        const copy = buffer.slice(0, 4); eq(copy.resizable, false); write(1, 3); eq(new Uint8Array(copy)[1], 2);
        const { resize } = ArrayBuffer.prototype; for (const receiver of [undefined, {}, view, memory]) throws(() => resize.call(receiver, 65536), TypeError);
        eq(resize.name, "resize"); eq(resize.length, 1);
        "#,
    );
}

fn memories_without_a_maximum<J: JsHost, W: WasmEngine>() {
    passes::<J, W>(
        &[("m", r#"(module (memory (export "memory") 1))"#)],
        r#"
        for (const memory of [new WebAssembly.Memory({ initial: 1 }), instance("m").memory]) {
          const { buffer } = memory; throws(() => memory.toResizableBuffer(), TypeError, "maximum"); eq(memory.buffer, buffer); eq(buffer.byteLength, 65536);
          eq(memory.toFixedLengthBuffer(), buffer);
        }
        const empty = new WebAssembly.Memory({ initial: 0, maximum: 0 }).toResizableBuffer(); eq(empty.byteLength, 0); eq(empty.maxByteLength, 0); empty.resize(0);
        throws(() => empty.resize(65536), RangeError);
        const none = new WebAssembly.Memory({ initial: 0, maximum: 2 }), buffer = none.toResizableBuffer(); eq(buffer.byteLength, 0); none.grow(2); eq(none.buffer, buffer);
        eq(buffer.byteLength, 131072);
        "#,
    );
}

fn memories_of_64_bits<J: JsHost, W: WasmEngine>() {
    needs::<J, W>(
        "memory64",
        &[(
            "m",
            r#"(module (memory (export "memory") i64 1 3) (func (export "grow") (param i64) (result i64) local.get 0 memory.grow) (func (export "read") (param i64) (result i32) local.get 0 i32.load8_u))"#,
        )],
        r#"
        const { memory, grow, read } = instance("m"), page = 65536;
        const buffer = memory.toResizableBuffer(), view = new Uint8Array(buffer);
        eq(buffer.maxByteLength, 3 * page); eq(grow(1n), 1n); eq(view.length, 2 * page); throws(() => memory.grow(1), TypeError); buffer.resize(3 * page);
        eq(view.length, 3 * page); view[3 * page - 1] = 8; eq(read(BigInt(3 * page - 1)), 8);
        eq(memory.grow(0n), 3n); eq(memory.buffer, buffer); throws(() => memory.grow(1n), RangeError); throws(() => buffer.resize(4 * page), RangeError);
        const made = new WebAssembly.Memory({ address: "i64", initial: 1n, maximum: 2n }); made.toResizableBuffer().resize(2 * page); eq(made.grow(0n), 2n);
        eq(made.toFixedLengthBuffer().byteLength, 2 * page);
        // A maximum beyond what a buffer can have.
        for (const maximum of [2n ** 37n + 1n, 2n ** 48n]) throws(() => new WebAssembly.Memory({ address: "i64", initial: 0n, maximum }).toResizableBuffer(), RangeError);
        "#,
    );
}

fn large_maxima<J: JsHost, W: WasmEngine>() {
    passes::<J, W>(
        &[],
        r#"
        const page = 65536;
        for (const maximum of [2 ** 14, 2 ** 15 - 1]) {
          const memory = new WebAssembly.Memory({ initial: 1, maximum }), buffer = memory.toResizableBuffer();
          eq(buffer.maxByteLength, maximum * page); buffer.resize(2 * page); eq(memory.grow(0), 2);
        }
        // From 2 GiB on it is the engine's to say; the buffer that there was is still the memory's when it refuses.
        const memory = new WebAssembly.Memory({ initial: 1, maximum: 2 ** 16 }), { buffer } = memory;
        try { eq(memory.toResizableBuffer().maxByteLength, 2 ** 32); } catch (e) { eq(e instanceof RangeError, true, String(e)); eq(memory.buffer, buffer); eq(buffer.byteLength, page); }
        "#,
    );
}

fn growth_inside_host_functions<J: JsHost, W: WasmEngine>() {
    passes::<J, W>(
        &[(
            "m",
            r#"(module (import "env" "seen" (func $seen)) (memory (export "memory") 1 4)
              (func (export "run") (result i32) i32.const 1 memory.grow drop call $seen i32.const 1 memory.grow drop i32.const 196607 i32.load8_u))"#,
        )],
        r#"
        const lengths = [];
        const { memory, run } = instance("m", { env: { seen() { lengths.push(buffer.byteLength, view.length); buffer.resize(3 * 65536); view[196607] = 9; lengths.push(memory.buffer === buffer); } } });
        const buffer = memory.toResizableBuffer(), view = new Uint8Array(buffer);
        eq(run(), 9); list(lengths, [131072, 131072, true]); eq(view.length, 4 * 65536);
        "#,
    );
}

fn after_unloading<J: JsHost, W: WasmEngine>() {
    let (mut runtime, _, folder) = started::<J, W>(&[], "", |builder| builder);
    folder.write("m.wasm", MEMORY);
    let before: bool = {
        let module = runtime.import("./m.wasm").unwrap();
        let memory: sinew::Value<J> = runtime.get(&module, "memory").unwrap();
        let take: sinew::Value<J> = runtime
            .eval("take.js", "(m) => { globalThis.m = m; globalThis.b = m.toResizableBuffer(); globalThis.v = new Uint8Array(b); return v.length === 65536; }")
            .unwrap();
        runtime.call(&take, (&memory,)).unwrap()
    };
    assert!(before);
    let url = runtime
        .modules()
        .iter()
        .find(|m| m.key.ends_with("m.wasm"))
        .unwrap()
        .key
        .clone();
    runtime.unload(&url).unwrap().unwrap();
    let source = "b.byteLength === 0 && v.length === 0 && v[0] === undefined && m.buffer.byteLength === 0 && m.toFixedLengthBuffer().byteLength === 0";
    assert!(runtime.eval::<bool>("after.js", source).unwrap());
    // Whatever they say, nothing of it is memory.
    for attempt in [
        "b.resize(131072)",
        "b.resize(0)",
        "m.toResizableBuffer().resize(65536)",
        "m.grow(1)",
        "m.toResizableBuffer()",
    ] {
        let source = format!(
            "try {{ {attempt}; }} catch {{}} b.byteLength === 0 && v.length === 0 && m.buffer.byteLength === 0"
        );
        assert!(
            runtime.eval::<bool>("attempt.js", &source).unwrap(),
            "{attempt}"
        );
    }
}

fn receivers<J: JsHost, W: WasmEngine>() {
    passes::<J, W>(
        &[],
        r#"
        for (const name of ["toResizableBuffer", "toFixedLengthBuffer"]) {
          const method = WebAssembly.Memory.prototype[name]; eq(method.length, 0); eq(method.name, name);
          for (const receiver of [undefined, {}, WebAssembly.Memory.prototype, new ArrayBuffer(8), new WebAssembly.Global({ value: "i32" })]) throws(() => method.call(receiver), TypeError);
        }
        "#,
    );
}
