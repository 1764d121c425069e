//! What `console` prints. The `.out` files are what Node 20 prints for the scripts beside them.

mod common;

use common::Host;
use sinew_bridge::JsHost;

macro_rules! like_node {
    ($($name:ident)*) => {
        $(fn $name<J: JsHost>() {
            let printed = Host::<J>::new()
                .printed(include_str!(concat!("console/", stringify!($name), ".js")));
            let expected = include_str!(concat!("console/", stringify!($name), ".out"));
            compare(&printed, expected);
        })*
    };
}

like_node! { primitives objects arrays builtins format table misc platform buffers errors_of_node }

/// Shows the first line that differs.
fn compare(printed: &str, expected: &str) {
    let mut differing = printed
        .split('\n')
        .zip(expected.split('\n'))
        .enumerate()
        .filter(|(_, (printed, expected))| printed != expected);
    if let Some((line, (printed, expected))) = differing.next() {
        let rest: Vec<_> = differing
            .map(|(line, (printed, expected))| format!("{}: {printed}\n{expected}", line + 1))
            .collect();
        panic!(
            "line {}\nprinted:  {printed}\nexpected: {expected}\n\n{}",
            line + 1,
            rest.join("\n")
        );
    }
    assert_eq!(printed.len(), expected.len());
}

fn shape_of_the_namespace<J: JsHost>() {
    let printed = Host::<J>::new().printed(
        r"
        const own = Object.getOwnPropertyDescriptor(globalThis, 'console');
        console.log(own.writable, own.enumerable, own.configurable);
        const log = Object.getOwnPropertyDescriptor(console, 'log');
        console.log(log.writable, log.enumerable, log.configurable, log.value.length, log.value.name);
        console.log(Object.prototype.toString.call(console));
        const proto = Object.getPrototypeOf(console);
        console.log(Reflect.ownKeys(proto).length, Object.getPrototypeOf(proto) === Object.prototype);
        const { log: free } = console;
        free('free');
        let refused = 0;
        try { new console.log(); } catch (e) { refused = e instanceof TypeError; }
        console.log(refused, 'prototype' in console.log);
        ",
    );
    assert_eq!(
        printed,
        "true false true\ntrue true true 0 log\n[object console]\n0 true\nfree\ntrue false\n"
    );
}

fn standard_error<J: JsHost>() {
    let mut host = Host::<J>::new();
    host.run(
        r"
        console.error('%s', 'e'); console.warn({ w: 1 });
        console.assert(false); console.assert(false, 'why %s', 1); console.assert(0, { a: 1 });
        console.assert();
        console.countReset('none'); console.time('t'); console.time('t');
        console.timeEnd('u'); console.timeLog('u');
        function outer() { console.trace('here %d', 1); }
        outer();
        ",
    );
    let err = host.err.take();
    let (plain, trace) = err.split_at(err.find("Trace: here 1\n").expect("a trace"));
    assert_eq!(
        plain,
        "e\n{ w: 1 }\nAssertion failed\nAssertion failed: why 1\nAssertion failed { a: 1 }\n\
         Assertion failed\nWarning: Count for 'none' does not exist\n\
         Warning: Label 't' already exists for console.time()\n\
         Warning: No such label 'u' for console.timeEnd()\n\
         Warning: No such label 'u' for console.timeLog()\n"
    );
    let frames: Vec<_> = trace.lines().skip(1).collect();
    assert!(frames[0].starts_with("    at outer "), "{trace}");
    assert_eq!(host.out.take(), "");
}

fn timing<J: JsHost>() {
    let printed = Host::<J>::new()
        .printed("console.time('t'); console.timeLog('t', { a: 1 }, '%s'); console.timeEnd('t')");
    let mut lines = printed.lines();
    let log = lines.next().unwrap();
    assert!(
        log.starts_with("t: ") && log.ends_with("ms { a: 1 } %s"),
        "{log}"
    );
    assert!(lines.next().unwrap().ends_with("ms"));
}

fn errors<J: JsHost>() {
    let printed = Host::<J>::new().printed(
        r"
        function thrower() { return new RangeError('range'); }
        console.log(thrower());
        console.log({ e: thrower() });
        class Mine extends Error {}
        class Named extends Error { constructor(m) { super(m); this.name = 'Renamed'; this.code = 7; } }
        const show = (e) => console.log(String(e.constructor.name), '=', e);
        show(new Mine('m'));
        show(new Named('n'));
        show(new TypeError('outer', { cause: new Error('inner') }));
        show(new AggregateError([new Error('one'), 2], 'all'));
        show(Object.assign(new Error('x'), { message: 'changed', extra: [1] }));
        const bare = new Error('bare'); bare.stack = 'custom text'; show(bare);
        const empty = new Error(''); show(empty);
        show(Object.defineProperties(new Error('hidden'), { y: { get() { throw 1; }, enumerable: true }, toString: { value() { throw 1; }, enumerable: true } }));
        ",
    );
    // The frames are the engine's own.
    let text: Vec<_> = printed
        .lines()
        .map(|line| match line.trim_start().starts_with("at ") {
            true if line.ends_with(" {") => "    at {",
            true => "    at",
            false => line,
        })
        .collect();
    let mut text = text.join("\n");
    while text.contains("    at\n    at") {
        text = text.replace("    at\n    at", "    at");
    }
    let text = text.replace("    at\n    at {", "    at {");
    assert!(printed.contains("at thrower"), "{printed}");
    let expected = "\
RangeError: range
    at
{
  e: RangeError: range
    at
}
Mine = Mine [Error]: m
    at
Named = Renamed: n
    at {
  code: 7
}
TypeError = TypeError: outer
    at {
  [cause]: Error: inner
    at
}
AggregateError = AggregateError: all
    at {
  [errors]: [
    Error: one
    at
    2
  ]
}";
    assert!(text.starts_with(expected), "{text}");
    for part in [
        "Error = Error: changed\n    at {\n  extra: [ 1 ]\n}",
        "Error = [custom text]\n",
        "Error = Error\n    at\n",
        "toString: [Function: value]",
    ] {
        assert!(text.contains(part), "{part}\n---\n{text}");
    }
}

fn hostile_objects<J: JsHost>() {
    let printed = Host::<J>::new().printed(
        r"
        const bomb = () => { throw new Error('ran'); };
        const traps = new Proxy({}, { get: () => bomb });
        const proxy = new Proxy({ a: 1 }, traps);
        console.log(proxy, [proxy], new Proxy(function () {}, traps));
        const { proxy: revoked, revoke } = Proxy.revocable({}, {}); revoke();
        console.log(revoked, { revoked });
        console.log(Object.create(proxy, { x: { value: 1, enumerable: true } }));
        const getters = {};
        for (const key of ['constructor', 'name', 'message', 'stack', 'cause', 'length', 'toString', 'x']) {
            Object.defineProperty(getters, key, { get: bomb, enumerable: key === 'x', configurable: true });
        }
        Object.defineProperty(getters, Symbol.toStringTag, { get: bomb });
        console.log(getters, Object.create(getters));
        const error = new Error('e');
        for (const key of ['name', 'message', 'cause', 'errors', 'constructor']) {
            Object.defineProperty(error, key, { get: bomb, configurable: true });
        }
        console.log([error].length);
        console.log('%s', Object.create(null));
        function f() {} Object.defineProperty(f, 'name', { get: bomb });
        class C { static name() {} static [Symbol.hasInstance]() { bomb(); } }
        console.log(f, C, new C());
        class Liar extends Map { get size() { bomb(); } entries() { bomb(); } [Symbol.iterator]() { bomb(); } }
        console.log(new Liar([[1, 2]]));
        // Nothing that is patched later is used.
        Map.prototype.entries = Set.prototype.values = Date.prototype.toISOString = bomb;
        Object.getPrototypeOf(new Map().keys()).next = bomb;
        JSON.stringify = Function.prototype.toString = Symbol.prototype.toString = bomb;
        Object.defineProperty(Array.prototype, '0', { get: bomb, set: bomb, configurable: true });
        Object.defineProperty(Object.prototype, 'value', { get: bomb, set: bomb });
        console.log(new Map([[[5], 1]]), new Set([3]), new Date(0), class K {}, [Symbol('s')], '%j');
        ",
    );
    assert_eq!(
        printed,
        "[Proxy] [ [Proxy] ] [Proxy]\n\
         [Proxy] { revoked: [Proxy] }\n\
         Object <Complex prototype> { x: 1 }\n\
         { x: [Getter] } {}\n\
         1\n\
         [Object: null prototype] {}\n\
         [Function (anonymous)] [class (anonymous)] {}\n\
         Liar(1) [Map] { 1 => 2 }\n\
         Map(1) { [ 5 ] => 1 } Set(1) { 3 } 1970-01-01T00:00:00.000Z [class K] [ Symbol(s) ] %j\n"
    );
}

fn namespaces<J: JsHost>() {
    let mut host = Host::<J>::new();
    host.run("globalThis.show = (ns) => console.log(ns, [ns]);");
    host.js.enter(|cx| {
        let promise = common::import::<J>(cx, "namespace");
        let global = J::global(cx);
        let show = J::get(cx, &global, "show".into()).ok().expect("show");
        let ignore = J::get(cx, &global, "queueMicrotask".into()).ok().unwrap();
        assert!(J::promise_then(cx, &promise, &show, &ignore).is_ok());
    });
    host.run("");
    assert_eq!(
        host.out.take(),
        "[Module: null prototype] { a: {}, b: 1, default: 'd' } \
         [ [Module: null prototype] { a: {}, b: 1, default: 'd' } ]\n"
    );
}

fn colors_and_control_characters<J: JsHost>() {
    let mut host = Host::<J>::with_color(true);
    let printed = host.printed(
        r"
        console.log('a\x1b[2Jb\tc\nd\x9b\r', { s: '\x1b', n: 1, b: null, 'k\x1b': undefined });
        console.log('%s %d', '\x1b]0;t\x07', 1); console.log(Symbol('\x1b'), /\x1b/);
        console.group('g\x1b'); console.groupEnd(); console.count('\x1b');
        class A {} Object.defineProperty(A, 'name', { value: '\x1b[H' }); console.log(A, new A());
        ",
    );
    assert_eq!(
        printed,
        "a\\x1B[2Jb\tc\nd\\x9B\\r { s: \u{1b}[32m'\\x1B'\u{1b}[39m, n: \u{1b}[33m1\u{1b}[39m, \
         b: \u{1b}[1mnull\u{1b}[22m, \u{1b}[32m'k\\x1B'\u{1b}[39m: \u{1b}[90mundefined\u{1b}[39m }\n\
         \\x1B]0;t\\x07 1\n\
         \u{1b}[32mSymbol(\\x1B)\u{1b}[39m \u{1b}[31m/\\x1b/\u{1b}[39m\n\
         g\\x1B\n\\x1B: 1\n\
         \u{1b}[36m[class \\x1B[H]\u{1b}[39m \\x1B[H {}\n"
    );
    let mut host = Host::<J>::with_color(true);
    host.run(r"console.error(new Error('\x1b[2J'), [Object.assign(new Error('\x9b'), { name: '\x1b' })])");
    let err = host.err.take();
    assert!(err.starts_with("Error: \\x1B[2J\n"), "{err}");
    assert!(!err.contains(['\u{1b}', '\u{9b}']), "{err}");
}

fn output_is_bounded<J: JsHost>() {
    let mut host = Host::<J>::new();
    for source in [
        // Twice as many leaves at each level.
        "let a = ['leaf']; for (let i = 0; i < 40; i++) a = [a, a]; console.dir(a, { depth: null });",
        "console.log('x'.repeat(30 << 20));",
        "const s = 'y'.repeat(1 << 20); console.log(...Array(50).fill(s));",
        "const o = {}; for (let i = 0; i < 3e5; i++) o['key' + i] = 'a value that is long enough'; console.log(o);",
    ] {
        let text = host.printed(source);
        assert!(text.len() > 5 << 20, "{} {source}", text.len());
        assert!(text.len() < 21 << 20, "{} {source}", text.len());
    }
    // Nesting is bounded by the native stack, whatever is asked for.
    let text = host.printed(
        "let n = null; for (let i = 0; i < 1e4; i++) n = { n }; console.dir(n, { depth: Infinity });
         let e = new Error('e'); for (let i = 0; i < 1e4; i++) e = new Error('e', { cause: e });
         console.dir(e, { depth: Infinity }); let m = new Map(); for (let i = 0; i < 1e4; i++) m = new Map([[m, m]]);
         console.log(m); let p = {}; for (let i = 0; i < 1e4; i++) p = Object.create(p); console.log(p);",
    );
    assert!(text.contains("[Object]"));
}

fn large_lists_are_quick<J: JsHost>() {
    let mut host = Host::<J>::new();
    let printed =
        host.printed("console.log(new Uint8Array(1 << 24).fill(1), new Array(1 << 17).fill(0))");
    assert!(printed.contains("... 16777116 more items"), "{printed}");
    assert!(printed.contains("... 130972 more items"), "{printed}");
}

fn hostile_methods<J: JsHost>() {
    let printed = Host::<J>::new().printed(
        r"
        const custom = Symbol.for('nodejs.util.inspect.custom');
        const attempt = (f) => { try { f(); } catch (e) { console.log('caught', e.message); } };
        const endless = () => ({ [custom]: endless });
        console.log(endless());
        const own = { [custom](depth, options, inspect) { return inspect(this); } };
        try { console.log(own); } catch (e) { console.log('caught', e instanceof RangeError); }
        attempt(() => console.log({ [custom]() { throw new TypeError('own'); } }));
        attempt(() => console.table([new Proxy({}, { ownKeys() { throw new Error('trap'); } })]));
        attempt(() => console.table([{ get x() { throw new Error('getter'); } }]));
        attempt(() => console.dir({}, { get depth() { throw new Error('option'); } }));
        console.log(Object.create(URL.prototype));
        const url = new URL('a:b'), params = new URLSearchParams('a=1');
        Symbol.for = Array.prototype.map = Map.prototype.entries = String.prototype.replace = null;
        URLSearchParams.prototype.entries = null;
        Object.defineProperty(URL.prototype, 'href', { get() { throw 1; } });
        console.log(params, { [custom]: () => 'still' }); console.log(url); console.table([[1]]);
        ",
    );
    let (start, rest) = printed.split_once("caught own\n").expect("what is thrown");
    assert!(
        start.contains("[Symbol(nodejs.util.inspect.custom)]"),
        "{start}"
    );
    assert!(start.ends_with("caught true\n"), "{start}");
    let expected = "caught trap\ncaught getter\ncaught option\nURL {}\n\
                    URLSearchParams { 'a' => '1' } still\nURL {\n  href: 'a:b',\n";
    assert!(rest.starts_with(expected), "{rest}");
    assert!(
        rest.ends_with("│ 0       │ 1 │\n└─────────┴───┘\n"),
        "{rest}"
    );
}

fn large_values<J: JsHost>() {
    let mut host = Host::<J>::new();
    for source in [
        "const s = 'x'.repeat(1e8); console.log([s], { s });",
        "let n = null; for (let i = 0; i < 1e5; i++) n = { n }; console.dir(n, { depth: null });",
        "const a = new Array(2 ** 32 - 1); a[5] = 1; a[2 ** 32 - 2] = 2; console.log(a); console.table(a);",
    ] {
        let text = host.printed(source);
        assert!(text.len() < 1 << 20, "{} {source}", text.len());
    }
    let text = host.printed("console.table(new Uint8Array(1 << 22))");
    assert!(text.ends_with("... the rest is not shown\n"));
}

/// What the web platform tests of `console` ask for.
fn labels_are_converted<J: JsHost>() {
    let printed = Host::<J>::new().printed(
        r"
        for (const method of ['count', 'countReset', 'time', 'timeLog', 'timeEnd']) {
            let called = false;
            console[method]({ toString() { called = true; } });
            let thrown;
            try { console[method]({ toString() { throw new Error('label'); } }); } catch (e) { thrown = e.message; }
            if (!called || thrown !== 'label') console.log(method, called, thrown);
        }
        console.log('Console' in globalThis, console.timeline, console.timelineEnd, console.markTimeline);
        Object.defineProperty(console, Symbol.toStringTag, { value: 'Test' });
        console.log(String(console), delete console[Symbol.toStringTag], String(console));
        ",
    );
    let lines: Vec<_> = printed
        .lines()
        .filter(|line| !line.starts_with("undefined: "))
        .collect();
    let expected = [
        "false undefined undefined undefined",
        "[object Test] true [object Object]",
    ];
    assert_eq!(lines, expected, "{printed}");
}

fn dom_exceptions<J: JsHost>() {
    let printed = Host::<J>::new().printed(
        "function thrower() { return new DOMException('m', 'AbortError'); }
         console.log(thrower()); console.log([new DOMException('n')]);",
    );
    assert!(
        printed.starts_with("DOMException [AbortError]: m\n    at "),
        "{printed}"
    );
    assert!(printed.contains("at thrower"), "{printed}");
    assert!(
        printed.contains("[\n  DOMException [Error]: n\n      at "),
        "{printed}"
    );
}

on_both_engines! {
    primitives,
    objects,
    arrays,
    builtins,
    format,
    table,
    misc,
    platform,
    buffers,
    errors_of_node,
    shape_of_the_namespace,
    standard_error,
    timing,
    errors,
    hostile_objects,
    namespaces,
    colors_and_control_characters,
    output_is_bounded,
    large_lists_are_quick,
    hostile_methods,
    large_values,
    labels_are_converted,
    dom_exceptions,
}
