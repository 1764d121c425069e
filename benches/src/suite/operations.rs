//! What else JavaScript does with the objects of the API. What stands beside each is the same on an
//! object of JavaScript's own: a method, an accessor, a property, a function that throws.

use crate::program::{EMPTY, JS_EMPTY, parse};
use crate::row::{Row, Work, share};
use crate::sinew::{Sinew, builder, js_bytes};
use crate::{Pairing, Visitor, pairings};

/// The operations: name of the row, loop on Sinew, loop in JavaScript.
const OPERATIONS: [(&str, &str, &str); 8] = [
    (
        "table.get",
        "last = table.get(3) === f",
        "last = list.get(3) === f",
    ),
    (
        "table.set",
        "table.set(3, f), last = 1",
        "list.set(3, f), last = 1",
    ),
    (
        "table.grow",
        "last = growing.grow(1) >= 0",
        "last = list.grow(1) >= 0",
    ),
    (
        "global.value, get",
        "last = global.value === 3",
        "last = cell.value === 3",
    ),
    (
        "global.value, set",
        "global.value = 3, last = 1",
        "cell.value = 3, last = 1",
    ),
    (
        "exports.f",
        "last = exports.f === f",
        "last = object.f === f",
    ),
    (
        "instance.exports",
        "last = instance.exports === exports",
        "last = cell.exports === exports",
    ),
    (
        "wasm throws",
        "try { exports.raise(); } catch (error) { last = 1; }",
        "try { raise(); } catch (error) { last = 1; }",
    ),
];

/// All rows.
pub fn rows() -> Vec<Row> {
    let rows = OPERATIONS.map(|(name, ..)| Row::new(format!("calls: {name}"), 1.0));
    let mut operations = Operations(rows.into());
    pairings(&mut operations);
    operations.0
}

struct Operations(Vec<Row>);

impl Visitor for Operations {
    fn visit<P: Pairing>(&mut self) {
        let raises = <P::Wasm as sinew::WasmEngine>::FEATURES.exceptions;
        let script = script(raises);
        let sinew = share(Sinew::<P::Js, P::Wasm>::of_script(builder(), &script));
        for (at, row) in self.0.iter_mut().enumerate() {
            if OPERATIONS[at].0 == "wasm throws" && !raises {
                continue;
            }
            let work = |side: &str| Work::less(&sinew, format!("{side}_{at}"), EMPTY);
            row.side("sinew", P::NAME, work("sinew"));
            row.side("js", P::NAME, work("js"));
        }
    }
}

fn script(raises: bool) -> String {
    let (tag, body) = match raises {
        true => ("(tag $t)", "throw $t"),
        false => ("", "unreachable"),
    };
    let module = parse(&format!(
        "(module {tag}
            (table (export \"table\") 8 funcref)
            (table (export \"growing\") 0 funcref)
            (global (export \"global\") (mut i32) (i32.const 3))
            (func (export \"f\") (result i32) (i32.const 3))
            (func (export \"raise\") {body}))"
    ));
    let mut loops = String::new();
    for (at, (_, on_sinew, in_js)) in OPERATIONS.iter().enumerate() {
        for (side, body) in [("sinew", on_sinew), ("js", in_js)] {
            loops += &format!(
                "{side}_{at}: n => {{ let last; for (let i = 0; i < n; i++) {{ {body}; }} return Number(last); }},\n"
            );
        }
    }
    format!(
        "{{
            const instance = new WebAssembly.Instance(new WebAssembly.Module({}));
            const {{ exports }} = instance;
            const {{ table, growing, global, f }} = exports;
            table.set(3, f);
            class List {{
                constructor() {{ this.elements = [f, f, f, f, f, f, f, f]; }}
                get(at) {{ return this.elements[at]; }}
                set(at, value) {{ this.elements[at] = value; }}
                grow(by) {{ return this.elements.push(null) - by; }}
            }}
            class Cell {{
                constructor() {{ this.inner = 3; }}
                get value() {{ return this.inner; }}
                set value(value) {{ this.inner = value; }}
                get exports() {{ return exports; }}
            }}
            const list = new List(), cell = new Cell(), object = Object.freeze({{ f, raise: f }});
            const raise = () => {{ throw new Error(); }};
            ({{ {loops} {JS_EMPTY} }})
        }}",
        js_bytes(&module)
    )
}
