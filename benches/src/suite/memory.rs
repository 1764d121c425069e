//! Memories and views of them.

use std::time::Duration;

use crate::program::{EMPTY, JS_EMPTY};
use crate::row::{Row, Work, share};
use crate::sinew::{Sinew, builder};
use crate::time::Clock;
use crate::{Pairing, Subject, Visitor, pairings};

/// Sizes of memory, in pages of 64 KiB.
const SIZES: [(&str, u32); 2] = [("64 KiB", 1), ("1 GiB", 1 << 14)];
/// Views that are made after growth.
const VIEWS: [u32; 2] = [1, 100];
/// Memories whose buffer is asked for.
const MEMORIES: u32 = 8;
/// How often each of them is, at once.
const TIMES: u32 = 16;
/// Types of elements.
const ELEMENTS: [&str; 2] = ["Uint8Array", "Float64Array"];

/// All rows.
pub fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for (size, _) in SIZES {
        rows.push(Row::new(format!("memory: buffer, first, {size}"), 1.0));
        rows.push(Row::new(format!("memory: buffer, repeated, {size}"), 1.0));
    }
    for ty in ELEMENTS {
        rows.push(Row::new(format!("memory: {ty}, read"), 80.0));
        rows.push(Row::new(format!("memory: {ty}, write"), 1.0));
    }
    for views in VIEWS {
        rows.push(Row::new(
            format!("memory: grow and make {views} views"),
            1.0,
        ));
    }
    let mut memory = Memory(rows);
    pairings(&mut memory);
    memory.0
}

struct Memory(Vec<Row>);

impl Memory {
    fn row(&mut self, name: &str) -> &mut Row {
        let name = format!("memory: {name}");
        let row = self.0.iter_mut().find(|row| row.name == name);
        row.expect("a row of this name")
    }
}

impl Visitor for Memory {
    fn visit<P: Pairing>(&mut self) {
        let sinew = share(Sinew::<P::Js, P::Wasm>::of_script(builder(), &script()));
        for (size, pages) in SIZES {
            let first = Work::batch(MEMORIES * TIMES, first::<P>(pages));
            let row = self.row(&format!("buffer, first, {size}"));
            row.side("sinew", P::NAME, first);
            let row = self.row(&format!("buffer, repeated, {size}"));
            let body = format!("buffer_{pages}");
            row.side("sinew", P::NAME, Work::less(&sinew, body, EMPTY));
            row.side("js", P::NAME, Work::less(&sinew, "buffer_js", EMPTY));
        }
        for ty in ELEMENTS {
            for what in ["read", "write"] {
                let row = self.row(&format!("{ty}, {what}"));
                for side in ["sinew", "js"] {
                    let body = format!("{what}_{ty}_{side}");
                    row.side(side, P::NAME, Work::new(&sinew, body));
                }
            }
        }
        for views in VIEWS {
            let row = self.row(&format!("grow and make {views} views"));
            for side in ["sinew", "js"] {
                let body = format!("grow_{views}_{side}");
                row.side(side, P::NAME, Work::less(&sinew, body, EMPTY));
            }
        }
    }
}

/// Asks each of some memories for its buffer for the first time since it has grown, by nothing: then
/// the buffer is another one. New memories would do as well, but some engines fill them with noughts.
fn first<P: Pairing>(pages: u32) -> impl FnMut() -> (Duration, f64) {
    let source = format!(
        "{{
            const list = [];
            for (let i = 0; i < {MEMORIES}; i++)
                list.push(new WebAssembly.Memory({{ initial: {pages} }}));
            const grow = n => {{
                for (let i = 0; i < n; i++) list[i].grow(0);
                return n;
            }};
            const look = n => {{
                let last;
                for (let i = 0; i < n; i++) last = list[i].buffer;
                return Number(last.byteLength === {pages} * 65536);
            }};
            ({{ grow, look, {JS_EMPTY} }})
        }}"
    );
    let mut sinew = Sinew::<P::Js, P::Wasm>::of_script(builder(), &source);
    move || {
        let (mut total, mut value) = (Duration::ZERO, f64::NAN);
        for _ in 0..TIMES {
            sinew.run("grow", MEMORIES);
            let (time, looked) = Clock::Thread.time(|| sinew.run("look", MEMORIES));
            let (empty, _) = Clock::Thread.time(|| sinew.run(EMPTY, MEMORIES));
            total += time.saturating_sub(empty);
            value = looked;
        }
        (total, value)
    }
}

fn script() -> String {
    let mut loops = String::new();
    for (_, pages) in SIZES {
        loops += &format!(
            "buffer_{pages}: buffer(new WebAssembly.Memory({{ initial: {pages} }}), {pages} * 65536),\n"
        );
    }
    for ty in ELEMENTS {
        for (side, buffer) in [
            ("sinew", "new WebAssembly.Memory({ initial: 1 }).buffer"),
            ("js", "new ArrayBuffer(65536)"),
        ] {
            loops += &format!(
                "read_{ty}_{side}: read(new {ty}({buffer})), write_{ty}_{side}: write(new {ty}({buffer})),\n"
            );
        }
    }
    for views in VIEWS {
        loops += &format!(
            "grow_{views}_sinew: grow(new WebAssembly.Memory({{ initial: 1 }}), {views}),"
        );
        loops += &format!("grow_{views}_js: grow(new Cell(), {views}),\n");
    }
    format!(
        "{{
            class Cell {{
                constructor() {{ this.inner = new ArrayBuffer(65536); }}
                get buffer() {{ return this.inner; }}
                grow(by) {{ return this.inner.byteLength / 65536; }}
            }}
            {HELPERS}
            ({{ {loops} buffer_js: buffer(new Cell(), 65536), {JS_EMPTY} }})
        }}"
    )
}

/// Elements are read and written eight at a time, so that the loop counts little. Growth by nothing
/// is growth, too: buffers are detached, and made anew.
const HELPERS: &str = "
    const buffer = (memory, length) => n => {
        let last;
        for (let i = 0; i < n; i++) last = memory.buffer;
        return Number(last.byteLength === length);
    };
    const read = view => {
        for (let i = 0; i < 16; i++) view[i] = 1;
        return n => {
            let sum = 0;
            for (let i = 0; i < n; i++)
                sum += view[0] + view[1] + view[2] + view[3] + view[4] + view[5] + view[6] + view[7];
            return sum;
        };
    };
    const write = view => n => {
        for (let i = 0; i < n; i++) {
            view[8] = i; view[9] = i; view[10] = i; view[11] = i;
            view[12] = i; view[13] = i; view[14] = i; view[15] = i;
        }
        return Number(view[15] === ((n - 1) & (view.BYTES_PER_ELEMENT === 1 ? 255 : -1)));
    };
    const grow = (memory, count) => {
        const views = [];
        return n => {
            for (let i = 0; i < n; i++) {
                memory.grow(0);
                for (let at = 0; at < count; at++) views[at] = new Uint8Array(memory.buffer);
            }
            return Number(views[count - 1].length === 65536);
        };
    };";
