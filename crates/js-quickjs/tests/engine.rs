//! What is QuickJS's own: limits, long graphs, foreign handles.

use std::rc::Rc;
use std::sync::Arc;

use sinew_bridge::conformance::host::Hooks;
use sinew_bridge::{
    ErrorClass, FunctionSpec, Graveyard, HostConfig, HostData, JsHost, NativeFn, PromiseState,
    Property, Termination, Throw, ValueType,
};
use sinew_js_quickjs::{Args, QuickJs, Scope, Value};

#[path = "engine/buffers.rs"]
mod buffers;
#[path = "engine/gc_objects.rs"]
mod gc_objects;
#[path = "engine/scripts.rs"]
mod scripts;
#[path = "engine/strings.rs"]
mod strings;

type Result<T, E = Throw<Value>> = std::result::Result<T, E>;

fn engine(heap_bytes: Option<usize>, hooks: &Rc<Hooks>) -> Result<QuickJs, String> {
    let config = HostConfig {
        stack_bytes: 512 << 10,
        heap_bytes,
        termination: Arc::new(Termination::default()),
        graveyard: Graveyard::default(),
    };
    QuickJs::new(config, hooks.clone())
}

fn eval(cx: &mut Scope<'_>, source: &str) -> Result<Value> {
    QuickJs::eval_script(cx, "test:///script", source)
}

fn text(cx: &mut Scope<'_>, value: &Value) -> String {
    let text = QuickJs::to_string(cx, value);
    let text = text.map(|text| QuickJs::as_text(cx, &text).unwrap_or_default());
    text.unwrap_or_default()
}

fn eval_text(cx: &mut Scope<'_>, source: &str) -> String {
    match eval(cx, source) {
        Ok(value) | Err(Throw::Value(value)) => text(cx, &value),
        Err(Throw::Terminated) => "terminated".to_owned(),
    }
}

/// Imports `./path` and runs all jobs.
fn import(cx: &mut Scope<'_>, path: &str) -> Result<Option<PromiseState<Value>>> {
    let promise = QuickJs::import(cx, "test:///main", &format!("./{path}"))?;
    while QuickJs::run_job(cx)? {}
    Ok(QuickJs::promise_state(cx, &promise))
}

struct Echo;

impl NativeFn<QuickJs> for Echo {
    type Data = Vec<Value>;

    fn call(cx: &mut Scope<'_>, _: &Vec<Value>, args: Args<'_>) -> Result<Value> {
        Ok(QuickJs::arg(cx, args, 0))
    }
}

#[test]
fn the_heap_is_bounded_and_the_engine_lives_on() {
    let mut js = engine(Some(8 << 20), &Rc::default()).unwrap();
    js.enter(|cx| {
        for source in [
            "a = []; for (;;) a.push(new Array(1000).fill(1))",
            "s = 'x'; for (;;) s += s + 'y'",
            "new ArrayBuffer(1 << 30)",
            "m = new Map(); for (let i = 0; ; i++) m.set(i, { i })",
            "n = 2n; for (;;) n *= n",
        ] {
            assert!(eval(cx, source).is_err(), "{source}");
            // There may be no memory left for a script.
            let global = QuickJs::global(cx);
            for name in ["a", "s", "m", "n"] {
                QuickJs::set(cx, &global, name.into(), &QuickJs::undefined()).unwrap();
            }
            QuickJs::collect_garbage(cx);
            assert_eq!(eval_text(cx, "[1, 2].map(x => x + 1).join()"), "2,3");
        }
    });
}

/// Each operation may run out of memory at each of its allocations.
#[test]
fn running_out_of_memory_breaks_nothing() {
    let hooks = Rc::new(Hooks::default());
    let ring = [
        (
            "a.js",
            "import { b } from './b.js'; export let a = 1; import './c.js';",
        ),
        (
            "b.js",
            "import * as ns from './a.js'; export let b = () => ns;",
        ),
        (
            "c.js",
            "import './d.js' with { type: 'x' }; export * from './b.js'; await 0;",
        ),
        (
            "d.js",
            "import { a } from './a.js'; export const f = () => a; /x+/.test('x');",
        ),
    ];
    for (path, source) in ring {
        let name = format!("test:///{path}");
        hooks.sources.borrow_mut().insert(name, source.to_owned());
    }
    let (mut made, mut imported) = (0, 0);
    for heap_bytes in (1..600_000).step_by(701) {
        let Ok(mut js) = engine(Some(heap_bytes), &hooks) else {
            continue;
        };
        made += 1;
        let kept = js.enter(|cx| {
            let kept = operations(cx);
            let state = import(cx, "a.js");
            if let Ok(Some(PromiseState::Fulfilled(_))) = state {
                imported += 1;
            }
            let _ = import(cx, "d.js");
            QuickJs::collect_garbage(cx);
            kept
        });
        drop(js);
        drop(kept);
    }
    assert!(made > 100, "{made}");
    assert!(imported > 0 && imported < made, "{imported} of {made}");
}

/// A graph may fit into the heap when it is read and not when it is made.
#[test]
fn graphs_that_fill_the_heap_fail_or_work() {
    let hooks = Rc::new(Hooks::default());
    let functions = |name: &str| -> String {
        let function =
            |index| format!("export function {name}{index}(x) {{ return x + {index}; }}\n");
        (0..400).map(function).collect()
    };
    for (path, source) in [
        ("main.js", format!("import './dep.js'; {}", functions("f"))),
        ("dep.js", format!("import './main.js'; {}", functions("g"))),
    ] {
        let name = format!("test:///{path}");
        hooks.sources.borrow_mut().insert(name, source);
    }
    let (mut works, mut fails) = (0, 0);
    for heap_bytes in (400_000..4_000_000).step_by(20_011) {
        let Ok(mut js) = engine(Some(heap_bytes), &hooks) else {
            continue;
        };
        js.enter(|cx| {
            for _ in 0..3 {
                match import(cx, "main.js") {
                    Ok(Some(PromiseState::Fulfilled(_))) => works += 1,
                    _ => fails += 1,
                }
                let _ = import(cx, "dep.js");
            }
        });
    }
    assert!(works > 0 && fails > 0, "{works} and {fails}");
}

/// Each of them fails, or is right.
fn string_operations(cx: &mut Scope<'_>, value: &Value) {
    let Some(len) = QuickJs::string_len(cx, value) else {
        return;
    };
    let _ = QuickJs::string_substring(cx, value, 1..len - 1);
    let joined = QuickJs::string_concat(cx, value, value);
    if let Ok(joined) = &joined {
        assert!(QuickJs::string_compare(cx, joined, value).is_gt());
    }
    let first = QuickJs::string_at(cx, value, 0);
    assert_eq!(
        joined.map_or(first, |joined| QuickJs::string_at(cx, &joined, len)),
        first
    );
}

fn operations(cx: &mut Scope<'_>) -> Vec<Value> {
    let null = QuickJs::null();
    let mut kept = vec![
        QuickJs::bigint_i64(cx, 7),
        QuickJs::create_error(cx, ErrorClass::RangeError, None, &"m".repeat(300)),
    ];
    let frames = ["at f".to_owned()];
    let error = kept[1].clone();
    QuickJs::prepend_stack(cx, &error, &frames);
    QuickJs::error_stack(cx, &error);
    let data = HostData { class: 1, slot: 2 };
    let spec = FunctionSpec {
        name: "echo é",
        length: 1,
        constructor: true,
    };
    let mut bytes = [0u8; 16];
    let attempts = [
        QuickJs::string(cx, &"text é".repeat(100)),
        QuickJs::create_object(cx, &null),
        QuickJs::create_host_object(cx, &null, data),
        QuickJs::create_function::<Echo>(cx, kept.clone(), spec),
        QuickJs::create_array(cx, &[null.clone(), error]),
        QuickJs::create_uint8_array(cx, &[1; 500]),
        // SAFETY: the buffer is detached below, and no JavaScript uses it.
        unsafe { QuickJs::array_buffer_over(cx, bytes.as_mut_ptr(), 16) },
        // SAFETY: the same.
        unsafe { QuickJs::resizable_buffer_over(cx, bytes.as_mut_ptr(), 8, 16) },
        // SAFETY: no JavaScript uses the buffer, ever.
        unsafe { QuickJs::shared_buffer_over(cx, bytes.as_mut_ptr(), 8, Some(16)) },
        eval(cx, "new SharedArrayBuffer(8, { maxByteLength: 1000 })"),
        eval(cx, "'x'.repeat(9000) + 'y'.repeat(9000)"),
        QuickJs::create_gc_object(cx, data),
        QuickJs::parse_json(cx, r#"{"a": [1, {"b": "c"}]}"#),
        eval(
            cx,
            "(async () => { await 0; })(); [1, 2, 3].map(x => ({ x }))",
        ),
    ];
    for value in attempts.into_iter().flatten() {
        let property = Property::data(value.clone());
        if let Ok(object) = QuickJs::create_object(cx, &null) {
            let _ = QuickJs::define_property(cx, &object, "a property é".into(), property);
            let _ = QuickJs::own_keys(cx, &object);
            let _ = QuickJs::get_own_property(cx, &object, "a property é".into());
        }
        QuickJs::as_utf16(cx, &value);
        string_operations(cx, &value);
        // SAFETY: there are as many bytes; others are ignored.
        unsafe { QuickJs::set_buffer_len(cx, &value, 12) };
        QuickJs::detach(cx, &value);
        kept.push(value);
    }
    if let Ok(capability) = QuickJs::new_promise(cx) {
        let _ = QuickJs::promise_then(cx, &capability.promise, &null, &null);
        let _ = QuickJs::call(cx, &capability.resolve, &null, &kept[..1]);
        kept.push(capability.promise);
    }
    kept
}

#[test]
fn buffers_beyond_the_engine_are_range_errors() {
    let mut js = engine(None, &Rc::default()).unwrap();
    js.enter(|cx| {
        for len in [1usize << 31, usize::MAX] {
            // SAFETY: nothing is made over that many bytes.
            let result = unsafe { QuickJs::array_buffer_over(cx, std::ptr::dangling_mut(), len) };
            let Err(Throw::Value(error)) = result else {
                panic!("a buffer of {len} bytes");
            };
            assert!(text(cx, &error).starts_with("RangeError"));
        }
    });
}

#[test]
fn long_chains_and_rings_of_modules() {
    let hooks = Rc::new(Hooks::default());
    let module = |path: String, source: String| {
        hooks
            .sources
            .borrow_mut()
            .insert(format!("test:///{path}"), source);
    };
    for index in 0..20_000 {
        let next = index + 1;
        module(format!("chain{index}"), format!("import './chain{next}';"));
    }
    module(
        "chain19999".to_owned(),
        "globalThis.chain = 'end';".to_owned(),
    );
    for index in 0..200 {
        let next = (index + 1) % 200;
        let source =
            format!("import {{ f as g }} from './ring{next}'; export function f() {{ return g; }}");
        module(format!("ring{index}"), source);
    }
    let mut js = engine(None, &hooks).unwrap();
    js.enter(|cx| {
        assert!(matches!(
            import(cx, "chain19500"),
            Ok(Some(PromiseState::Fulfilled(_)))
        ));
        assert_eq!(eval_text(cx, "chain"), "end");
        assert!(matches!(
            import(cx, "ring7"),
            Ok(Some(PromiseState::Fulfilled(_)))
        ));
        // Deeper than the stack is: refused, each time, and nothing is lost.
        for _ in 0..2 {
            let Ok(Some(PromiseState::Rejected(error))) = import(cx, "chain0") else {
                panic!("a chain of 20,000 modules");
            };
            assert!(text(cx, &error).starts_with("RangeError"));
        }
        assert!(matches!(
            import(cx, "chain19400"),
            Ok(Some(PromiseState::Fulfilled(_)))
        ));
    });
}

#[test]
fn rings_deeper_than_the_stack_fail_for_good() {
    let hooks = Rc::new(Hooks::default());
    for index in 0..900 {
        let source = format!("import './ring{}'; import './leaf';", (index + 1) % 900);
        hooks
            .sources
            .borrow_mut()
            .insert(format!("test:///ring{index}"), source);
    }
    hooks
        .sources
        .borrow_mut()
        .insert("test:///leaf".to_owned(), "export {}".to_owned());
    let mut js = engine(None, &hooks).unwrap();
    js.enter(|cx| {
        for path in ["ring0", "ring5", "ring0"] {
            match import(cx, path) {
                Ok(Some(PromiseState::Rejected(error))) => {
                    assert!(text(cx, &error).starts_with("RangeError"), "{path}");
                }
                Ok(Some(PromiseState::Fulfilled(_))) => {}
                _ => panic!("{path} is pending"),
            }
            QuickJs::collect_garbage(cx);
        }
        assert_eq!(eval_text(cx, "1 + 1"), "2");
    });
}

#[test]
fn values_of_another_engine_are_undefined() {
    let mut first = engine(None, &Rc::default()).unwrap();
    let mut second = engine(None, &Rc::default()).unwrap();
    let object = first.enter(|cx| eval(cx, "({})")).unwrap();
    second.enter(|cx| {
        let function = eval(cx, "(x => typeof x)").unwrap();
        let result = QuickJs::call(cx, &function, &object, std::slice::from_ref(&object)).unwrap();
        assert_eq!(text(cx, &result), "undefined");
        assert!(QuickJs::call(cx, &object, &object, &[]).is_err());
        assert!(QuickJs::get(cx, &object, "x".into()).is_err());
        assert!(QuickJs::host_data(cx, &object).is_none());
    });
    drop(first);
    assert_eq!(QuickJs::type_of(&object), ValueType::Object);
    second.enter(|cx| assert!(QuickJs::get(cx, &object, "x".into()).is_err()));
}

#[test]
fn too_many_arguments_are_a_range_error() {
    let mut js = engine(None, &Rc::default()).unwrap();
    js.enter(|cx| {
        let function = eval(cx, "((...args) => args.length)").unwrap();
        let args = vec![QuickJs::null(); 5000];
        let count = QuickJs::call(cx, &function, &QuickJs::null(), &args).unwrap();
        assert_eq!(QuickJs::as_number(&count), Some(5000.0));
        let args = vec![QuickJs::null(); 1 << 20];
        let Err(Throw::Value(error)) = QuickJs::call(cx, &function, &QuickJs::null(), &args) else {
            panic!("a million arguments");
        };
        assert!(text(cx, &error).starts_with("RangeError"));
    });
}

/// Code of `eval` has the name of what called it; its own imports have none of a module.
#[test]
fn evaluated_code_is_named_after_its_caller() {
    struct Where;
    impl NativeFn<QuickJs> for Where {
        type Data = ();
        fn call(cx: &mut Scope<'_>, (): &(), _: Args<'_>) -> Result<Value> {
            let name = QuickJs::active_script_or_module(cx).unwrap_or_default();
            QuickJs::string(cx, &name)
        }
    }
    let hooks = Rc::new(Hooks::default());
    let mut js = engine(None, &hooks).unwrap();
    js.enter(|cx| {
        let spec = FunctionSpec {
            name: "where",
            length: 0,
            constructor: false,
        };
        let function = QuickJs::create_function::<Where>(cx, (), spec).unwrap();
        let global = QuickJs::global(cx);
        QuickJs::set(cx, &global, "where".into(), &function).unwrap();
        for source in [
            "eval('where()')",
            "(0, eval)('where()')",
            "new Function('return where()')()",
        ] {
            assert_eq!(eval_text(cx, source), "test:///script", "{source}");
        }
        eval(cx, "eval(\"import('./x')\").catch(() => 0)").unwrap();
        while QuickJs::run_job(cx).unwrap() {}
    });
    assert_eq!(hooks.resolved.borrow()[0].0, "<input>");
}

/// The data of functions may hold each other: the engine's end frees them all the same.
#[test]
fn cycles_through_function_data_end_with_the_engine() {
    let counter = Rc::new(());
    struct Holds;
    impl NativeFn<QuickJs> for Holds {
        type Data = (Rc<()>, Rc<std::cell::RefCell<Option<Value>>>);
        fn call(_: &mut Scope<'_>, _: &Self::Data, _: Args<'_>) -> Result<Value> {
            Ok(QuickJs::undefined())
        }
    }
    let mut js = engine(None, &Rc::default()).unwrap();
    js.enter(|cx| {
        let spec = FunctionSpec {
            name: "",
            length: 0,
            constructor: false,
        };
        for _ in 0..3 {
            let cell = Rc::new(std::cell::RefCell::new(None));
            let data = (counter.clone(), cell.clone());
            let function = QuickJs::create_function::<Holds>(cx, data, spec).unwrap();
            cell.replace(Some(function));
        }
        QuickJs::collect_garbage(cx);
    });
    assert_eq!(Rc::strong_count(&counter), 4);
    drop(js);
    assert_eq!(Rc::strong_count(&counter), 1);
}
