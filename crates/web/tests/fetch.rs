//! Fetch, FormData and File API.

mod common;

use common::Host;
use sinew_bridge::JsHost;

on_both_engines! {
    headers,
    blobs,
    form_data,
    responses,
    requests,
    what_needs_no_network,
    a_network,
    redirects,
    streams,
    aborts,
    patched_prototypes,
    garbage,
}

const ASSERT: &str = r#"
    const same = (a, b, why = "") => {
        const show = (x) => typeof x === "string" ? x : JSON.stringify(x);
        if (show(a) !== show(b)) throw new Error(`${show(a)} is not ${show(b)} ${why}`);
    };
    const throws = (type, f) => {
        try { f(); } catch (e) {
            if (!(e instanceof type)) throw new Error(`${e} is no ${type.name}`);
            return e;
        }
        throw new Error(`${f} does not throw`);
    };
    const rejects = async (type, promise, text = "") => {
        try { await promise; } catch (e) {
            if (!(e instanceof type) || !e.message.includes(text)) throw new Error(`wrong: ${e}`);
            return e;
        }
        throw new Error("does not reject");
    };
    const run = (f) => f().then(() => console.log("done"), (e) => console.log(`${e} ${e.stack}`));
"#;

fn check<J: JsHost>(script: &str) {
    let mut host = Host::<J>::new();
    let script = format!("{ASSERT} run(async () => {{ {script} }});");
    assert_eq!(host.printed(&script), "done\n");
}

fn headers<J: JsHost>() {
    check::<J>(
        r#"
        const h = new Headers([["b", " 1\t"], ["A", "2"], ["B", "3"]]);
        same([...h], [["a", "2"], ["b", "1, 3"]]);
        same([...h.keys()], ["a", "b"]);
        same([...h.values()], ["2", "1, 3"]);
        same(h.get("B"), "1, 3");
        same(h.get("c"), null);
        h.append("Set-Cookie", "x=1"); h.append("set-cookie", "y=2");
        same(h.getSetCookie(), ["x=1", "y=2"]);
        same([...h].length, 4);
        h.set("b", "ÿ"); same(h.get("b"), "ÿ");
        h.delete("A"); same(h.has("a"), false);
        const seen = [];
        h.forEach(function (v, k, o) { seen.push(k, v, o === h, this.x); }, { x: 1 });
        same(seen.slice(0, 4), ["b", "ÿ", true, 1]);
        same(new Headers({ x: "1", y: 2 }).get("y"), "2");
        same(new Headers(h).getSetCookie().length, 2);
        for (const bad of [null, 1, "x", [["a"]], [["a", "b", "c"]], { "ü": "x" }, { a: "\u0100" }, { "": "" },
                           { a: "x\ny" }, { "a b": "" }, [1], [["a\0", ""]]])
            throws(TypeError, () => new Headers(bad));
        throws(TypeError, () => h.append("a"));
        throws(TypeError, () => Headers());
        throws(TypeError, () => Headers.prototype.get.call({}, "a"));
        throws(TypeError, () => Headers.prototype.entries.call({}));
        const next = h[Symbol.iterator]().next;
        throws(TypeError, () => next.call(new FormData().keys()));
        const proto = Object.getPrototypeOf(h.keys());
        same(Object.prototype.toString.call(h.keys()), "[object Headers Iterator]");
        same(Object.getPrototypeOf(proto) === Object.getPrototypeOf(Object.getPrototypeOf([].keys())), true);
        same(Headers.prototype.entries === Headers.prototype[Symbol.iterator], true);
        same(Object.keys(Headers.prototype).includes("getSetCookie"), true);
        "#,
    );
}

fn blobs<J: JsHost>() {
    check::<J>(
        r#"
        const b = new Blob(["aé\r\nb\n", new Uint8Array([65, 66]), new Blob(["C"])], { type: "Text/X" });
        same([b.size, b.type, await b.text()], [10, "text/x", "aé\r\nb\nABC"]);
        same(await b.slice(-3, -1, "q").text(), "AB");
        same(b.slice(-3, -1, "Q").type, "q");
        same(b.slice(5, 2).size, 0);
        same(b.slice(NaN, Infinity).size, 10);
        same([...new Uint8Array(await b.slice(0, 3).arrayBuffer())], [97, 195, 169]);
        same([...await b.slice(-1).bytes()], [67]);
        same(new Blob([], { type: "\u0001" }).type, "");
        same(await new Blob(["a\r\nb\rc"], { endings: "native" }).text(), "a\nb\nc");
        const f = new File([b], "n", { lastModified: 5.7, type: "x/y" });
        same([f.name, f.lastModified, f.type, f.size, f instanceof Blob], ["n", 5, "x/y", 10, true]);
        same(Object.prototype.toString.call(f), "[object File]");
        same(f.slice() instanceof File, false);
        throws(TypeError, () => new Blob("x"));
        throws(TypeError, () => new Blob([], { endings: "x" }));
        throws(TypeError, () => new File([]));
        throws(TypeError, () => Object.getOwnPropertyDescriptor(File.prototype, "name").get.call(b));
        await rejects(TypeError, Blob.prototype.text.call({}));
        const order = [];
        new Blob([{ toString() { order.push("a"); return ""; } }, { toString() { order.push("b"); return ""; } }],
            { get type() { order.push("type"); }, get endings() { order.push("endings"); } });
        same(order, ["a", "b", "endings", "type"]);
        "#,
    );
}

fn form_data<J: JsHost>() {
    check::<J>(
        r#"
        const f = new FormData();
        f.append("a", 1); f.append("b", new Blob(["x"])); f.append("a", "2");
        same(f.getAll("a"), ["1", "2"]);
        same([f.get("b").name, f.get("b") instanceof File, f.get("b") === f.get("b")], ["blob", true, true]);
        f.set("a", "3"); same([...f.keys()], ["a", "b"]);
        f.append("n\"\r\n", new File(["é\r\n--"], "f\"n", { type: "x/y" }));
        f.append("t", "l1\nl2\r");
        const r = new Response(f);
        const type = r.headers.get("content-type");
        same(/^multipart\/form-data; boundary=\S+$/.test(type), true);
        const text = await r.clone().text();
        same(text.includes('name="n%22%0D%0A"; filename="f%22n"\r\nContent-Type: x/y\r\n\r\né'), true, text);
        const back = await r.formData();
        same([...back.keys()], ["a", "b", "n\"\r\n", "t"]);
        same([await back.get("n\"\r\n").text(), back.get("n\"\r\n").name, back.get("t")], ["é\r\n--", "f\"n", "l1\r\nl2\r\n"]);
        const u = new Response("a=1&a=%C3%A9+x", { headers: { "content-type": "application/x-www-form-urlencoded" } });
        same([...await u.formData()], [["a", "1"], ["a", "é x"]]);
        await rejects(TypeError, new Response("x").formData());
        await rejects(TypeError, new Response("x", { headers: { "content-type": "multipart/form-data; boundary=b" } }).formData());
        throws(TypeError, () => new FormData(1));
        throws(TypeError, () => f.append("a", "b", "c"));
        throws(TypeError, () => f.append("a"));
        f.delete("a"); same(f.has("a"), false);
        "#,
    );
}

fn responses<J: JsHost>() {
    check::<J>(
        r#"
        const r = new Response("hé", { status: 201, statusText: "ok", headers: { a: "b" } });
        same([r.status, r.ok, r.statusText, r.type, r.url, r.redirected, r.bodyUsed],
             [201, true, "ok", "default", "", false, false]);
        same(r.headers === r.headers, true);
        same(r.headers.get("content-type"), "text/plain;charset=UTF-8");
        const c = r.clone();
        c.headers.set("a", "c"); same(r.headers.get("a"), "b");
        same(await r.text(), "hé"); same(r.bodyUsed, true);
        await rejects(TypeError, r.text(), "read already");
        throws(TypeError, () => r.clone());
        same([...await c.bytes()], [104, 195, 169]);
        same(await new Response().text(), ""); 
        const none = new Response(null); await none.text(); same(none.bodyUsed, false);
        same(await new Response("\ufeff{\"a\":1}").json(), { a: 1 });
        await rejects(SyntaxError, new Response("{").json());
        same((await new Response(new Blob(["x"], { type: "a/b" })).blob()).type, "a/b");
        same(await new Response(new Uint8Array([104, 105]).subarray(1)).text(), "i");
        same(new Response(new Uint8Array(1)).headers.get("content-type"), null);
        for (const status of [0, 100, 199, 600, 1e9]) throws(RangeError, () => new Response("", { status }));
        for (const status of [204, 205, 304]) throws(TypeError, () => new Response("", { status }));
        same(new Response(null, { status: 204 }).status, 204);
        throws(TypeError, () => new Response("", { statusText: "\n" }));
        const j = Response.json({ a: [1] }, { status: 202 });
        same([j.status, j.headers.get("content-type"), await j.text()], [202, "application/json", '{"a":[1]}']);
        throws(TypeError, () => Response.json(Symbol()));
        throws(TypeError, () => Response.json());
        const e = Response.error();
        same([e.type, e.status, e.ok], ["error", 0, false]);
        throws(TypeError, () => e.headers.append("a", "b"));
        const d = Response.redirect("http://x/y", 307);
        same([d.status, d.headers.get("location")], [307, "http://x/y"]);
        throws(RangeError, () => Response.redirect("http://x", 200));
        throws(TypeError, () => Response.redirect("::"));
        await rejects(TypeError, Response.prototype.text.call({}));
        "#,
    );
}

fn requests<J: JsHost>() {
    check::<J>(
        r#"
        const r = new Request("http://X/a#b", { method: "post", body: "x", headers: { a: "1" }, redirect: "manual" });
        same([r.method, r.url, r.redirect, r.mode, r.credentials, r.cache, r.referrer, r.duplex, r.destination],
             ["POST", "http://x/a#b", "manual", "cors", "same-origin", "default", "about:client", "half", ""]);
        const s = new Request(r, { headers: { b: "2" } });
        same([r.bodyUsed, s.headers.has("a"), s.headers.get("b"), s.method], [true, false, "2", "POST"]);
        same(await s.text(), "x");
        throws(TypeError, () => new Request(r));
        throws(TypeError, () => new Request("/a"));
        throws(TypeError, () => new Request("http://u:p@x/"));
        throws(TypeError, () => new Request("http://x", { body: "x" }));
        throws(TypeError, () => new Request("http://x", { method: "trace" }));
        throws(TypeError, () => new Request("http://x", { method: "a b" }));
        throws(TypeError, () => new Request("http://x", { mode: "navigate" }));
        throws(TypeError, () => new Request("http://x", { redirect: "x" }));
        throws(TypeError, () => new Request("http://x", { window: {} }));
        throws(TypeError, () => new Request());
        same(new Request("http://x", { method: "patch" }).method, "patch");
        const order = [];
        new Request("http://x", new Proxy({}, { get(_, k) { order.push(k); } }));
        same(order, ["body", "cache", "credentials", "duplex", "headers", "integrity", "keepalive", "method",
            "mode", "priority", "redirect", "referrer", "referrerPolicy", "signal", "window"]);
        const n = new Request("http://x", { mode: "no-cors", headers: { "x-a": "1", accept: "a" } });
        same([...n.headers], [["accept", "a"]]);
        "#,
    );
}

fn what_needs_no_network<J: JsHost>() {
    check::<J>(
        r#"
        const d = await fetch("data:text/x;charset=utf-8;base64,aGk=#f");
        same([d.status, d.statusText, d.type, d.headers.get("content-type"), await d.text()],
             [200, "OK", "basic", "text/x;charset=utf-8", "hi"]);
        same(d.url, "data:text/x;charset=utf-8;base64,aGk=");
        throws(TypeError, () => d.headers.append("a", "b"));
        await rejects(TypeError, fetch("data:x"), "data:x");
        const f = await fetch("file:///there.wasm?q#f");
        same([f.headers.get("content-type"), (await f.bytes()).length, f.url], ["application/wasm", 8, "file:///there.wasm?q"]);
        await rejects(TypeError, fetch("file:///gone"), "file:///gone: there is no such file");
        await rejects(TypeError, fetch("file:///there.wasm", { method: "POST" }), "POST");
        await rejects(TypeError, fetch("relative"));
        await rejects(TypeError, fetch());
        await rejects(TypeError, fetch("blob:x"));
        same((await (await fetch("data:,x", { method: "HEAD" })).text()).length < 2, true);
        "#,
    );
}

fn a_network<J: JsHost>() {
    check::<J>(
        r#"
        const r = await fetch("http://test/echo/x?y#z", { method: "PUT", body: "b", headers: { a: "1" } });
        same([r.status, r.statusText, r.url, r.redirected], [200, "As Told", "http://test/echo/x?y", false]);
        const text = await r.text();
        same(text.startsWith("PUT http://test/echo/x?y\na: 1\nContent-Type: text/plain;charset=UTF-8\n"), true, text);
        same(text.endsWith("\n\nb"), true, text);
        const parts = await fetch("http://test/parts");
        const twin = parts.clone();
        same([await parts.text(), await twin.text()], ["one two three", "one two three"]);
        await rejects(TypeError, (await fetch("http://test/broken")).text(), "http://test/broken is broken");
        await rejects(TypeError, fetch("http://test/dropped"), "http://test/dropped: the reply was dropped");
        await rejects(TypeError, fetch("http://test/gone"), "http://test/gone: there is no such page");
        await rejects(TypeError, fetch("http://test/status/7"), "status 7");
        same((await fetch("http://test/status/204")).status, 204);
        same(await (await fetch("http://test/status/999")).text(), "body");
        same(await (await fetch(new Request("http://test/echo", { method: "HEAD" }))).text(), "");
        // A body that nobody reads holds nothing up.
        await fetch("http://test/parts");
        "#,
    );
}

fn redirects<J: JsHost>() {
    check::<J>(
        r#"
        const go = (status, method, redirect) => fetch(`http://test/redirect/${status}//echo`,
            { method, redirect, body: method === "GET" ? undefined : "b", headers: { authorization: "x" } });
        const r = await go(302, "POST");
        const text = await r.text();
        same([r.redirected, r.url, text.startsWith("GET"), /content-type/i.test(text)], [true, "http://test/echo", true, false]);
        same(/authorization: x/.test(text), true);
        same(/^PUT[^]*b$/.test(await (await go(308, "PUT")).text()), true);
        same(/^GET/.test(await (await go(303, "PUT")).text()), true);
        const away = await fetch("http://test/redirect/302/http://other//test/echo", { headers: { authorization: "x" } });
        same(/authorization/i.test(await away.text()), false);
        await rejects(TypeError, go(301, "GET", "error"), "redirect");
        const m = await go(301, "GET", "manual");
        same([m.type, m.status, m.headers.has("location"), await m.text()], ["opaqueredirect", 0, false, ""]);
        await rejects(TypeError, fetch("http://test/loop"), "20 times");
        await rejects(TypeError, fetch("http://test/redirect/302/data:,x"), "not HTTP");
        "#,
    );
}

fn streams<J: JsHost>() {
    check::<J>(
        r#"
        const all = async (body) => { let text = ""; const d = new TextDecoder();
            for await (const part of body) text += d.decode(part, { stream: true }); return text; };
        const r = new Response("hé");
        same(r.body === r.body && r.body instanceof ReadableStream, true);
        const c = r.clone();
        same([await all(r.body), r.bodyUsed, await c.text(), c.bodyUsed], ["hé", true, "hé", true]);
        same(new Response().body, null);
        const used = new Response("x"); await used.text();
        same([used.body.locked, used.bodyUsed], [true, true]);
        const bytes = (text) => new TextEncoder().encode(text);
        const stream = () => new ReadableStream({ start(c) { c.enqueue(bytes("a")); c.enqueue(bytes("b")); c.close(); } });
        same(await new Response(stream()).text(), "ab");
        same((await new Response(stream()).blob()).size, 2);
        const locked = new Response(stream()); locked.body.getReader();
        same(locked.bodyUsed, false);
        throws(TypeError, () => locked.clone());
        await rejects(TypeError, locked.text());
        throws(TypeError, () => new Response(locked.body));
        await rejects(TypeError, new Response(new ReadableStream({ start(c) { c.enqueue("no"); c.close(); } })).text());
        const broken = new Response(new ReadableStream({ start(c) { c.error(new RangeError("mine")); } }));
        await rejects(RangeError, broken.arrayBuffer(), "mine");
        same(await all(new Blob(["x", "y"]).stream()), "xy");
        throws(TypeError, () => new Request("http://test/echo", { method: "POST", body: stream() }));
        const q = new Request("http://test/echo", { method: "POST", body: stream(), duplex: "half" });
        const moved = new Request(q);
        same([q.bodyUsed, moved.bodyUsed], [true, false]);
        same((await (await fetch(moved)).text()).endsWith("\n\nab"), true);
        const parts = await fetch("http://test/parts");
        const twin = parts.clone();
        same([await all(parts.body), await twin.text()], ["one two three", "one two three"]);
        await rejects(TypeError, all((await fetch("http://test/broken")).body), "broken");
        same(await new Response(new URLSearchParams("a=b c")).text(), "a=b+c");
        same(new Response(new URLSearchParams()).headers.get("content-type"), "application/x-www-form-urlencoded;charset=UTF-8");
        const cancelled = await fetch("http://test/parts");
        await cancelled.body.cancel();
        await rejects(TypeError, cancelled.text());
        "#,
    );
}

fn aborts<J: JsHost>() {
    check::<J>(
        r#"
        const caught = (promise) => promise.then(() => "fulfilled", (e) => e);
        const c = new AbortController();
        const r = new Request("http://test/parts", { signal: c.signal });
        same([r.signal === r.signal, r.signal === c.signal, r.signal.aborted, r.clone().signal.aborted], [true, false, false, false]);
        const early = caught(fetch(r));
        const response = await fetch(r);
        const reading = caught(response.text());
        const other = await fetch(r);
        c.abort("why");
        same([await reading, r.signal.aborted, r.signal.reason], ["why", true, "why"]);
        same(await caught(other.text()), "why");
        same(await caught(fetch(r)), "why");
        same(await caught(fetch("data:,x", { signal: AbortSignal.abort("now") })), "now");
        const d = new AbortController();
        const soon = caught(fetch("data:,x", { signal: d.signal }));
        d.abort();
        same((await soon).name, "AbortError");
        const done = new AbortController();
        const text = await (await fetch("http://test/parts", { signal: done.signal })).text();
        done.abort(); same(text, "one two three");
        throws(TypeError, () => new Request("http://x", { signal: {} }));
        same(new Request(r, { signal: null }).signal.aborted, false);
        await early;
        "#,
    );
}

fn patched_prototypes<J: JsHost>() {
    check::<J>(
        r#"
        Headers.prototype.append = Headers.prototype.get = () => { throw new Error("patched"); };
        Object.defineProperty(Response.prototype, "headers", { get() { throw new Error("patched"); } });
        Blob.prototype.text = Array.prototype.push = Promise.prototype.then;
        JSON.stringify = JSON.parse = () => { throw new Error("patched"); };
        const r = await fetch("http://test/echo", { headers: { a: "1" } });
        same(r.status === 200, true);
        "#
        .replace("same(r.status === 200, true)", "if (r.status !== 200) throw 1")
        .as_str(),
    );
}

fn garbage<J: JsHost>() {
    let mut host = Host::<J>::new();
    host.run(
        r#"
        globalThis.left = 0;
        const registry = new FinalizationRegistry(() => { left--; });
        for (let i = 0; i < 100; i++) {
            const form = new FormData();
            const file = new File(["x"], "f");
            form.append("self", file);
            file.form = form;
            const response = new Response("x");
            response.headers.back = response;
            response.text().then(() => response);
            for (const object of [form, response]) { left++; registry.register(object, 0); }
        }
        "#,
    );
    host.js.enter(|cx| {
        J::collect_garbage(cx);
        J::collect_garbage(cx);
    });
    host.run("setTimeout(() => console.log(left < 10))");
    assert_eq!(host.out.take(), "true\n");
}
