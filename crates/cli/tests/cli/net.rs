//! `fetch` and the choice of globals, with a server in the test itself.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use super::{folder, pairs, run_in};

/// A server on a port of its own; it lives as long as the test's process.
fn server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || serve(stream));
        }
    });
    port
}

/// Answers one request.
fn serve(mut stream: TcpStream) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut request = String::new();
    reader.read_line(&mut request)?;
    let (mut headers, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.parse().unwrap_or(0);
        }
        if line.starts_with("x-") {
            headers += &line;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let mut parts = request.split(' ');
    let (method, path) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
    let wasm = b"\0asm\x01\0\0\0";
    let answer = |head: &str, body: &[u8]| {
        let length = body.len();
        let head =
            format!("HTTP/1.1 {head}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
        [head.as_bytes(), body].concat()
    };
    match path {
        "/a.wasm" => stream.write_all(&answer("200 OK\r\nContent-Type: application/wasm", wasm)),
        "/redirect" => stream.write_all(&answer("302 Found\r\nLocation: /a.wasm", b"")),
        "/away" => stream.write_all(&answer(
            "302 Found\r\nLocation: http://elsewhere.test/",
            b"",
        )),
        "/never" => {
            thread::park();
            Ok(())
        }
        _ => {
            let body = String::from_utf8_lossy(&body);
            let text = format!("{method} {path} {headers} {body}");
            stream.write_all(&answer("404 Not Found", text.as_bytes()))
        }
    }
}

#[test]
fn fetches_where_the_user_allows_it() {
    let port = server();
    let main = r#"
        const at = (path) => `http://127.0.0.1:${scriptArgs[1]}/${path}`;
        const { instance } = await WebAssembly.instantiateStreaming(fetch(at("a.wasm")));
        console.log(instance instanceof WebAssembly.Instance);
        const r = await fetch(at("redirect"));
        console.log(r.redirected, r.url === at("a.wasm"), r.headers.get("content-type"), (await r.bytes()).length);
        const e = await fetch(at("e?q"), { method: "POST", headers: { "X-A": "1", host: "no" }, body: "héllo" });
        console.log(e.status, e.statusText, e.ok, await e.text());
        const parts = [];
        for await (const part of (await fetch(at("a.wasm"))).body) parts.push(...part);
        console.log(parts.join());
        const c = new AbortController();
        setTimeout(() => c.abort("enough"), 20);
        console.log(await fetch(at("never"), { signal: c.signal }).catch((e) => e));
        for (const url of [at("away"), "https://127.0.0.1/", "http://127.0.0.1:1/"])
            await fetch(url).catch((e) => console.log(e.name, String(e.message).split(":").slice(0, 2).join(":")));
        await WebAssembly.compileStreaming(fetch(at("x"))).catch((e) => console.log(e.message.includes("application/wasm")));
    "#;
    let folder = folder(&[("main.mjs", main)]);
    let port = port.to_string();
    let allow = format!("--allow-net=127.0.0.1:{port},127.0.0.1:1");
    for pair in &pairs() {
        let ran = run_in(folder.path(), pair, &[&allow, "main.mjs", &port]);
        assert_eq!(ran.status, Some(0), "{pair:?} {ran:?}");
        let begin = "true\ntrue true application/wasm 8\n\
            404 Not Found false POST /e?q x-a: 1 héllo\n0,97,115,109,1,0,0,0\nenough\nTypeError";
        assert!(ran.stdout.starts_with(begin), "{pair:?} {ran:?}");
        assert!(ran.stdout.ends_with("true\n"), "{pair:?} {ran:?}");
        assert_eq!(
            ran.stdout.matches("TypeError").count(),
            3,
            "{pair:?} {ran:?}"
        );
    }
}

#[test]
fn refuses_what_is_not_allowed() {
    let port = server().to_string();
    let main = "fetch(`http://127.0.0.1:${scriptArgs[1]}/a.wasm`)";
    let folder = folder(&[("main.mjs", main)]);
    for pair in &pairs() {
        let none = run_in(folder.path(), pair, &["main.mjs", &port]);
        assert_eq!(none.status, Some(1), "{none:?}");
        assert!(none.stderr.contains("--allow-net"), "{none:?}");
        let other = run_in(
            folder.path(),
            pair,
            &["--allow-net=localhost", "main.mjs", &port],
        );
        assert_eq!(other.status, Some(1), "{other:?}");
        assert!(
            other.stderr.contains("does not name 127.0.0.1"),
            "{other:?}"
        );
        let open = run_in(folder.path(), pair, &["--allow-net", "main.mjs", &port]);
        assert_eq!(open.status, Some(0), "{open:?}");
    }
}

#[test]
fn a_deadline_ends_the_wait_for_a_reply() {
    let port = server().to_string();
    let main = "await fetch(`http://127.0.0.1:${scriptArgs[1]}/never`)";
    let folder = folder(&[("main.mjs", main)]);
    for pair in &pairs() {
        let args = ["--timeout", "0.3", "--allow-net", "main.mjs", &port];
        let ran = run_in(folder.path(), pair, &args);
        assert_eq!(ran.status, Some(124), "{ran:?}");
    }
}

#[test]
fn the_user_chooses_the_globals() {
    let main = r#"console.log(typeof setTimeout, typeof fetch, typeof Blob,
        typeof WebAssembly.compileStreaming, typeof WebAssembly.compile)"#;
    let folder = folder(&[
        ("main.mjs", main),
        ("none.mjs", "if (typeof console !== 'undefined') throw 1"),
    ]);
    for pair in &pairs() {
        for (globals, expected) in [
            ("all", "function function function function function\n"),
            ("basic", "function undefined undefined undefined function\n"),
            (
                "console,blob",
                "undefined undefined function undefined function\n",
            ),
        ] {
            let ran = run_in(folder.path(), pair, &["--globals", globals, "main.mjs"]);
            assert_eq!(ran.stdout, expected, "{pair:?} {globals} {ran:?}");
        }
        let none = run_in(folder.path(), pair, &["--globals", "none", "none.mjs"]);
        assert_eq!(none.status, Some(0), "{none:?}");
        let wrong = run_in(folder.path(), pair, &["--globals", "consol", "main.mjs"]);
        assert_eq!(wrong.status, Some(2), "{wrong:?}");
    }
}

#[test]
fn streaming_looks_at_the_response() {
    let main = r#"
        const empty = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]);
        const wasm = (body, type = "application/wasm", init = {}) =>
            new Response(body, { headers: type === null ? {} : { "Content-Type": type }, ...init });
        const why = async (source, ...rest) => {
            try { await WebAssembly.compileStreaming(source, ...rest); return "compiled"; }
            catch (e) { return e.constructor.name; }
        };
        console.log(await why(wasm(empty)), await why(Promise.resolve(wasm(empty, " APPLICATION/wasm\t"))));
        console.log(await why(wasm(empty, "application/wasm;x=y")), await why(wasm(empty, "text/plain")),
            await why(wasm(empty, null)), await why(wasm(empty, undefined, { status: 404 })));
        console.log(await why(), await why({}), await why(Promise.reject(new RangeError())), await why(wasm("")));
        const twice = wasm(empty);
        console.log(await why(twice), await why(twice), twice.bodyUsed);
        const kept = wasm(empty, "a/b");
        console.log(await why(kept), kept.bodyUsed);
        const parts = new ReadableStream({ start(c) { c.enqueue(empty.slice(0, 3)); c.enqueue(empty.slice(3)); c.close(); } });
        console.log(await why(wasm(parts)));
        const options = { builtins: ["js-string"], importedStringConstants: "s" };
        // (module (import "s" "text" (global externref)) (export "text" (global 0)))
        const text = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 2, 11, 1, 1, 115, 4, 116, 101, 120, 116, 3, 111, 0,
            7, 8, 1, 4, 116, 101, 120, 116, 3, 0]);
        const { instance } = await WebAssembly.instantiateStreaming(wasm(text), {}, options);
        console.log(instance.exports.text.value);
        console.log(await WebAssembly.instantiateStreaming(wasm(text), 7).catch((e) => e.constructor.name));
        console.log(await why(wasm(empty), { builtins: 7 }));
        Object.prototype.then = Response.prototype.arrayBuffer = 7;
        console.log(await why(wasm(empty)));
    "#;
    let expected = "compiled compiled\nTypeError TypeError TypeError TypeError\n\
        TypeError TypeError RangeError CompileError\ncompiled TypeError true\nTypeError false\n\
        compiled\ntext\nTypeError\nTypeError\ncompiled\n";
    super::prints(&[("main.mjs", main)], &["main.mjs"], expected);
}
