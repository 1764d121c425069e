//! The Rust face.

use std::sync::Arc;

use sinew::{Apis, EngineConfig, ErrorKind, JsHost, ModuleCache, Runtime, Value, WasmEngine};

use crate::fixture::Folder;

on_every_pair! {
    typed_calls,
    values,
    errors_have_kinds,
    modules_are_shared_between_threads,
    apis_are_chosen,
    console_goes_to_the_sinks,
}

fn typed_calls<J: JsHost, W: WasmEngine>() {
    let folder = Folder::new(&[(
        "m.wasm",
        r#"(module (func (export "add") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add)
          (func (export "i64") (param i64) (result i64) local.get 0)
          (func (export "both") (param f64 f32) (result f64 f32) local.get 0 local.get 1)
          (func (export "none")))"#,
    )]);
    let mut runtime = folder.builder::<J, W>().0.build().unwrap();
    let m = runtime.import("./m.wasm").unwrap();
    let (add, i64_, both, none): (Value<J>, Value<J>, Value<J>, Value<J>) = (
        runtime.get(&m, "add").unwrap(),
        runtime.get(&m, "i64").unwrap(),
        runtime.get(&m, "both").unwrap(),
        runtime.get(&m, "none").unwrap(),
    );
    assert_eq!(runtime.call::<i32>(&add, (40, 2)).unwrap(), 42);
    assert_eq!(runtime.call::<i64>(&i64_, (i64::MIN,)).unwrap(), i64::MIN);
    assert_eq!(
        runtime.call::<(f64, f64)>(&both, (0.5, 1.5f32)).unwrap(),
        (0.5, 1.5)
    );
    runtime.call::<()>(&none, ()).unwrap();
    let error = runtime.call::<String>(&add, (1, 2)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "TypeError: expected a string, found a number"
    );
    let error = runtime.call::<i32>(&m, ()).unwrap_err();
    assert_eq!(error.to_string(), "TypeError: the value is not a function");
}

fn values<J: JsHost, W: WasmEngine>() {
    let mut runtime = Runtime::<J, W>::builder().build().unwrap();
    let echo: Value<J> = runtime.eval("x", "(x) => x").unwrap();
    assert_eq!(
        runtime.call::<String>(&echo, ("naïve ☕\0",)).unwrap(),
        "naïve ☕\0"
    );
    assert!(runtime.call::<bool>(&echo, (true,)).unwrap());
    assert_eq!(
        runtime.call::<Option<u8>>(&echo, (None::<u8>,)).unwrap(),
        None
    );
    assert_eq!(
        runtime.call::<Vec<i32>>(&echo, (vec![1, 2],)).unwrap(),
        [1, 2]
    );
    assert!(runtime.call::<f64>(&echo, (f64::NAN,)).unwrap().is_nan());
    assert!(runtime.call::<i32>(&echo, (0.5,)).is_err());
    assert!(runtime.call::<i64>(&echo, (1,)).is_err());
    let global = runtime.global().unwrap();
    assert!(runtime.get::<Value<J>>(&global, "WebAssembly").is_ok());
    assert_eq!(
        runtime.eval::<Vec<String>>("x", "['a', 'b']").unwrap(),
        ["a", "b"]
    );
}

fn errors_have_kinds<J: JsHost, W: WasmEngine>() {
    let mut runtime = Runtime::<J, W>::builder().build().unwrap();
    let class = |code: &str, runtime: &mut Runtime<J, W>| match runtime
        .eval::<Value<J>>("x", code)
        .unwrap_err()
        .kind()
    {
        ErrorKind::Exception { class } => class.clone(),
        other => format!("{other:?}"),
    };
    assert_eq!(class("null.x", &mut runtime), "TypeError");
    assert_eq!(class("throw 1", &mut runtime), "");
    assert_eq!(
        class("new WebAssembly.Module(new Uint8Array(1))", &mut runtime),
        "CompileError"
    );
    assert_eq!(
        class(
            "throw { get name() { throw 1 }, get message() { throw 2 }, toString() { throw 3 } }",
            &mut runtime
        ),
        ""
    );
    let error = runtime.import("./x.js").unwrap_err();
    assert!(error.message().contains("no import root"), "{error}");
    let Err(error) = Runtime::<J, W>::builder()
        .root("/nonexistent/folder")
        .build()
    else {
        panic!("it was built");
    };
    assert_eq!(error.kind(), &ErrorKind::Setup);
}

fn modules_are_shared_between_threads<J: JsHost, W: WasmEngine>() {
    let cache = ModuleCache::<W>::new(EngineConfig::default()).unwrap();
    let folder = Arc::new(Folder::new(&[(
        "m.wasm",
        r#"(module (func (export "f") (result i32) i32.const 5))"#,
    )]));
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let (cache, folder) = (cache.clone(), folder.clone());
            std::thread::spawn(move || {
                let mut runtime = folder.builder::<J, W>().0.cache(&cache).build().unwrap();
                let m = runtime.import("./m.wasm").unwrap();
                let f = runtime.get(&m, "f").unwrap();
                runtime.call::<i32>(&f, ()).unwrap()
            })
        })
        .collect();
    for thread in threads {
        assert_eq!(thread.join().unwrap(), 5);
    }
    assert_eq!(cache.len(), 1);
}

fn apis_are_chosen<J: JsHost, W: WasmEngine>() {
    let mut runtime = Runtime::<J, W>::builder()
        .apis(Apis::empty())
        .build()
        .unwrap();
    let kinds =
        "[typeof console, typeof setTimeout, typeof TextDecoder, typeof WebAssembly].join()";
    assert_eq!(
        runtime.eval::<String>("x", kinds).unwrap(),
        "undefined,undefined,undefined,object"
    );
    let mut runtime = Runtime::<J, W>::builder()
        .apis(Apis::TIMERS | Apis::ENCODING)
        .build()
        .unwrap();
    assert_eq!(
        runtime.eval::<String>("x", kinds).unwrap(),
        "undefined,function,function,object"
    );
}

fn console_goes_to_the_sinks<J: JsHost, W: WasmEngine>() {
    let folder = Folder::new(&[(
        "main.js",
        "console.log('out', 1, { a: [1n] }); console.error('err');",
    )]);
    let (result, output) = folder.run::<J, W>();
    result.unwrap();
    assert_eq!(output, "out 1 { a: [ 1n ] }\nerr\n");
}
