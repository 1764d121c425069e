//! Operands are evaluated from left to right, whatever the engine makes of it.

use sinew::{JsHost, Runtime, WasmEngine};

use crate::fixture::Folder;

on_every_pair! {
    operands_in_modules_and_scripts,
}

const OPERATIONS: &str = "function f() {
    let x = 5, r = [x + (x = 7), x - (x -= 2), x < (x = 6), x >> (x = 1), x == (x = 2)];
    let d = 0;
    const at = (a, b) => a + '-' + b;
    r.push(at(d, d += 2), d + (d++ && 1), [d] + ([d] = [9]));
    return r.join();
}";
const EXPECTED: &str = "12,2,true,3,false,0-2,3,39";

fn operands_in_modules_and_scripts<J: JsHost, W: WasmEngine>() {
    let module = format!("{OPERATIONS}\nexport const result = f();");
    let folder = Folder::new(&[("m.mjs", module.as_str())]);
    let mut runtime = Runtime::<J, W>::builder()
        .root(folder.path())
        .build()
        .unwrap();
    let namespace = runtime.import("./m.mjs").unwrap();
    assert_eq!(
        runtime.get::<String>(&namespace, "result").unwrap(),
        EXPECTED
    );
    let script = format!("{OPERATIONS}\nf();");
    assert_eq!(runtime.eval::<String>("s.js", &script).unwrap(), EXPECTED);
}
