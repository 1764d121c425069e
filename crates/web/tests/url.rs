//! `URL` and `URLSearchParams`.

mod common;

use common::Host;
use sinew_bridge::JsHost;

/// What the scripts check with.
const CHECKS: &str = r"
    function same(actual, expected, what) {
        if (!Object.is(actual, expected)) {
            throw new Error(`${what ?? ''}: got ${JSON.stringify(actual)}, not ${JSON.stringify(expected)}`);
        }
    }
    function throws(Class, f, what) {
        try { f(); } catch (e) {
            if (e instanceof Class) return e;
            throw new Error(`${what ?? f}: threw ${e}`);
        }
        throw new Error(`${what ?? f}: did not throw`);
    }
    const attributes = (object, key) => {
        const { writable: w, enumerable: e, configurable: c } = Object.getOwnPropertyDescriptor(object, key);
        return `${w} ${e} ${c}`;
    };
";

fn check<J: JsHost>(source: &str) {
    let mut host = Host::<J>::new();
    host.run(&format!("{CHECKS}\n{source}"));
}

fn shapes<J: JsHost>() {
    check::<J>(
        r"
        same(URL.length, 1);
        same(URLSearchParams.length, 0);
        same(URL.canParse.length, 1);
        same(URL.parse.length, 1);
        same('createObjectURL' in URL, false);
        for (const C of [URL, URLSearchParams]) {
            same(attributes(C.prototype, Symbol.toStringTag), 'false false true');
            same(C.prototype[Symbol.toStringTag], C.name);
            same(attributes(C.prototype, 'toString'), 'true true true');
            throws(TypeError, () => C());
            throws(TypeError, () => C.prototype.toString());
            throws(TypeError, () => C.prototype.toString.call({}));
        }
        throws(TypeError, () => URL.prototype.toString.call(new URLSearchParams()));
        throws(TypeError, () => new URL());
        throws(TypeError, () => URL.canParse());
        same(Object.keys(URL.prototype).sort().join(),
            'hash,host,hostname,href,origin,password,pathname,port,protocol,search,searchParams,toJSON,toString,username');
        for (const name of ['origin', 'searchParams']) {
            same(Object.getOwnPropertyDescriptor(URL.prototype, name).set, undefined);
        }
        class Sub extends URL { get extra() { return this.host; } }
        same(new Sub('a://b').extra, 'b');
        same(URL.parse.call(Sub, 'a://b').constructor, URL);
        const P = URLSearchParams.prototype;
        same(P[Symbol.iterator], P.entries);
        same(attributes(P, Symbol.iterator), 'true false true');
        same(attributes(P, 'forEach'), 'true true true');
        const Iterator = Object.getPrototypeOf(new URLSearchParams().keys());
        same(Iterator[Symbol.toStringTag], 'URLSearchParams Iterator');
        same(Object.getPrototypeOf(Iterator), Object.getPrototypeOf(Object.getPrototypeOf([].keys())));
        same(attributes(Iterator, 'next'), 'true true true');
        throws(TypeError, () => Iterator.next.call({}));
        throws(TypeError, () => P.entries.call({}));
        ",
    );
}

fn attributes<J: JsHost>() {
    check::<J>(
        r"
        const url = new URL('../x y?q=1#h', 'https://u:p@EXAMPLE.com:8080/a/b/c');
        same(url.href, 'https://u:p@example.com:8080/a/x%20y?q=1#h');
        same(String(url), url.href);
        same(JSON.stringify({ url }), `{'url':'${url.href}'}`.replaceAll(`'`, '\x22'));
        same([url.protocol, url.username, url.password, url.host, url.hostname, url.port, url.pathname, url.search, url.hash, url.origin].join('|'),
            'https:|u|p|example.com:8080|example.com|8080|/a/x%20y|?q=1|#h|https://example.com:8080');
        url.protocol = 'http'; url.username = 'ü'; url.password = ''; url.port = '80'; url.hash = ''; url.pathname = 'z/../ö';
        same(url.href, 'http://%C3%BC@example.com/%C3%B6?q=1');
        url.hostname = 'ex@mple';
        same(url.hostname, 'example.com');
        url.host = 'faß.de:99';
        same(url.host, 'xn--fa-hia.de:99');
        url.port = 'nonsense';
        same(url.port, '99');
        url.href = 'mailto:a@b';
        same(url.origin, 'null');
        url.host = 'x';
        same(url.href, 'mailto:a@b');
        throws(TypeError, () => { url.href = 'no'; });
        same(url.href, 'mailto:a@b');
        same(new URL('blob:https://a:443/x').origin, 'https://a');
        same(new URL('blob:ftp://a/x').origin, 'null');
        same(new URL('\ud800', 'a:/').href, 'a:/%EF%BF%BD');
        same(new URL('x', new URL('a://b/c')).href, 'a://b/x');
        'use strict';
        throws(TypeError, () => { 'use strict'; url.origin = 'x'; });
        throws(TypeError, () => { url.hash = Symbol(); });
        throws(TypeError, () => new URL(Symbol()));
        ",
    );
}

fn invalid<J: JsHost>() {
    check::<J>(
        r"
        let error = throws(TypeError, () => new URL('no'));
        same(error.message, 'Invalid URL');
        same(JSON.stringify(error), JSON.stringify({ code: 'ERR_INVALID_URL', input: 'no' }));
        error = throws(TypeError, () => new URL('no', 'neither'));
        same(JSON.stringify(error), JSON.stringify({ code: 'ERR_INVALID_URL', input: 'no', base: 'neither' }));
        throws(TypeError, () => new URL('a:b', ''));
        throws(TypeError, () => new URL('a:b', null));
        same(new URL('a:b', undefined).href, 'a:b');
        same(URL.canParse('no'), false);
        same(URL.canParse('no', 'a:/'), true);
        same(URL.canParse('a:b', 'no'), false);
        same(URL.parse('no'), null);
        same(URL.parse('x', 'a://b').href, 'a://b/x');
        // Whoever patches Object.prototype sees nothing of it.
        Object.defineProperty(Object.prototype, 'code', { set() { throw 'set'; }, configurable: true });
        same(throws(TypeError, () => new URL('no')).code, 'ERR_INVALID_URL');
        ",
    );
}

fn query_object<J: JsHost>() {
    check::<J>(
        r"
        const url = new URL('a://b/?x=1&y=2#h');
        const params = url.searchParams;
        same(url.searchParams, params);
        params.append('z z', 'ä&=');
        same(url.href, 'a://b/?x=1&y=2&z+z=%C3%A4%26%3D#h');
        params.delete('x'); params.set('y', '3');
        same(url.search, '?y=3&z+z=%C3%A4%26%3D');
        params.sort();
        url.search = '??p=%2B+';
        same(JSON.stringify([...params]), JSON.stringify([['?p', '+ ']]));
        url.hash = 'n';
        same(params.size, 1);
        url.href = 'c://d?e';
        same(JSON.stringify([...params]), JSON.stringify([['e', '']]));
        url.search = '';
        same(params.size, 0);
        params.append('a', '1');
        same(url.href, 'c://d?a=1');
        params.delete('a');
        same(url.href, 'c://d');
        // A copy is on its own.
        const copy = new URLSearchParams(params);
        copy.append('b', '2');
        same(url.href, 'c://d');
        throws(TypeError, () => { 'use strict'; url.searchParams = params; });
        // The object outlives whoever holds the URL.
        const alone = new URL('a://b?c').searchParams;
        alone.append('d', '');
        same(alone.toString(), 'c=&d=');
        ",
    );
}

fn search_params<J: JsHost>() {
    check::<J>(
        r"
        const list = (init) => JSON.stringify([...new URLSearchParams(init)]);
        const is = (init, expected) => same(list(init), JSON.stringify(expected));
        is(undefined, []); is('', []); is('?a=b&c', [['a', 'b'], ['c', '']]);
        is(null, [['null', '']]); is(5, [['5', '']]);
        is([['a', 1], new Set(['b', null])], [['a', '1'], ['b', 'null']]);
        is({ a: 1, b: [2, 3] }, [['a', '1'], ['b', '2,3']]);
        is({ 'x\udc53': '1', y: '2', 'x\udc5c': '3' }, [['x\ufffd', '3'], ['y', '2']]);
        is(new Map([['a', 'b']]), [['a', 'b']]);
        is(Object.assign(() => {}, { a: 1 }), [['a', '1']]);
        for (const bad of [[['a']], [['a', 'b', 'c']], ['ab'], [1], [null], { [Symbol('s')]: 1 }, { a: Symbol() },
            { [Symbol.iterator]: 1 }, { [Symbol.iterator]() { return 1; } }, Symbol()]) {
            throws(TypeError, () => new URLSearchParams(bad), typeof bad);
        }
        const params = new URLSearchParams('b=1&a=2&b=3&c=4&b=5');
        same(params.get('b'), '1'); same(params.get('n'), null);
        same(params.getAll('b').join(), '1,3,5'); same(params.getAll('n').length, 0);
        same(params.has('b', '3'), true); same(params.has('b', '4'), false); same(params.has('b', undefined), true);
        params.set('b', '9');
        same(String(params), 'b=9&a=2&c=4');
        params.append('b', '10'); params.delete('b', '9'); params.delete('c', undefined);
        same(String(params), 'a=2&b=10');
        for (const [name, count] of [['append', 2], ['set', 2], ['get', 1], ['getAll', 1], ['has', 1], ['delete', 1], ['forEach', 1]]) {
            same(params[name].length, count, name);
            throws(TypeError, () => params[name](...Array(count - 1).fill('a')), name);
        }
        // By code units, and stable: an emoji's come before U+FF40.
        const sorted = new URLSearchParams([['\uff40', '1'], ['😀', '2'], ['b', '3'], ['a', '4'], ['b', '1']]);
        sorted.sort();
        same([...sorted].map(([k, v]) => k + v).join(), 'a4,b3,b1,😀2,\uff401');
        same(String(new URLSearchParams([[`!'()*-._~ +`, '\0\u00e9']])), '%21%27%28%29*-._%7E+%2B=%00%C3%A9');
        ",
    );
}

fn iteration<J: JsHost>() {
    check::<J>(
        r"
        const params = new URLSearchParams('a=1&b=2&c=3');
        same([...params.keys()].join(), 'a,b,c');
        same([...params.values()].join(), '1,2,3');
        const seen = [];
        params.forEach(function (value, key, object) { seen.push(key + value, object === params, this.t); }, { t: 1 });
        same(seen.join(), 'a1,true,1,b2,true,1,c3,true,1');
        throws(TypeError, () => params.forEach({}));
        // What is changed during the iteration counts.
        const live = [];
        for (const [key] of params) {
            live.push(key);
            if (key === 'a') { params.delete('b'); params.append('d', '4'); }
        }
        same(live.join(), 'a,c,d');
        const iterator = new URLSearchParams('x=y').entries();
        same(JSON.stringify(iterator.next()), JSON.stringify({ value: ['x', 'y'], done: false }));
        same(JSON.stringify(iterator.next()), JSON.stringify({ done: true }));
        same(iterator.next().value, undefined);
        const url = new URL('a:/?a&b&c');
        const keys = [];
        for (const key of url.searchParams.keys()) { keys.push(key); url.search = url.search.slice(0, -2); }
        same(keys.join(), 'a,b');
        // Conversions may change what is converted.
        const order = [];
        const self = new URLSearchParams('k=v');
        self.append({ toString() { self.delete('k'); order.push(1); return 'n'; } }, { toString() { self.sort(); order.push(2); return 'm'; } });
        same(String(self) + order, 'n=m1,2');
        ",
    );
}

fn patched<J: JsHost>() {
    check::<J>(
        r"
        const url = new URL('a://b/?x=1&y=2');
        const { get } = Reflect.getOwnPropertyDescriptor(URL.prototype, 'searchParams');
        const { apply, ownKeys, defineProperty } = Reflect;
        const { set: setSearch } = Reflect.getOwnPropertyDescriptor(URL.prototype, 'search');
        const { append, sort, getAll, toString } = URLSearchParams.prototype;
        const pairs = [['a', 'b']];
        const iterators = Object.getPrototypeOf([][Symbol.iterator]());
        const prototypes = [Object.getPrototypeOf(iterators), String.prototype, URLSearchParams.prototype, URL.prototype];
        for (let i = 0; i < prototypes.length; i++) {
            const names = ownKeys(prototypes[i]);
            for (let j = 0; j < names.length; j++) {
                defineProperty(prototypes[i], names[j], { get() { throw 'read'; }, set() { throw 'written'; } });
            }
        }
        const params = apply(get, url, []);
        apply(append, params, ['x', '3']);
        apply(sort, params, []);
        same(apply(getAll, params, ['x'])[1], '3');
        apply(setSearch, url, ['y=4']);
        same(apply(toString, params, []), 'y=4');
        same(apply(toString, new URLSearchParams(pairs), []), 'a=b');
        ",
    );
}

/// URL and query object lead to each other; the pairs that nobody else leads to are collected.
fn cycles<J: JsHost>() {
    let mut host = Host::<J>::new();
    host.run(
        r"
        globalThis.weak = [];
        (function () {
            for (let i = 0; i < 100; i++) {
                const url = new URL(`a://b/?${i}`);
                url.searchParams.iterator = url.searchParams.entries();
                weak.push(new WeakRef(url));
            }
        })();
        globalThis.kept = weak[7].deref().searchParams;
        ",
    );
    host.js.enter(|cx| J::collect_garbage(cx));
    let printed = host.printed(
        r"
        const alive = weak.filter((ref) => ref.deref());
        console.log(alive.length, alive.includes(weak[7]));
        kept.append('a', '');
        console.log(weak[7].deref().href);
        ",
    );
    assert_eq!(printed, "1 true\na://b/?7=&a=\n");
}

/// No sequence of setters panics, and what comes of it is a URL.
fn hostile<J: JsHost>() {
    check::<J>(
        r"
        const parts = ['', '/', '//', '/..//', '\\', '?', '#', ':', '@', 'a', 'C|', '[::1]', '1.2.3.4', '0x7f', '99999', '\t\n', ' ',
            '%', '%zz', '%00', '\0', '😀', '\ud800', 'xn--', 'xn--a', '.', '..', '%2e', 'file', 'http:', 'a:b', '\u00ad', '\u3002', ' x '];
        let seed = 1;
        const next = (n) => { seed = Math.imul(seed ^ (seed >>> 15), 0x2c1b3c6d) + 0x6d2b79f5 | 0; return ((seed ^ (seed >>> 13)) >>> 3) % n; };
        const word = () => { let text = ''; for (let n = next(4); n >= 0; n--) text += parts[next(parts.length)]; return text; };
        const names = ['protocol', 'username', 'password', 'host', 'hostname', 'port', 'pathname', 'search', 'hash'];
        const starts = ['http://a/b?c#d', 'file:///C:/x', 'a:b  ', 'a://u:p@h:1/..//p?q#f', 'data:,x', 'file://h/p', 'a:/p', 'blob:http://a'];
        for (let i = 0; i < 4000; i++) {
            const url = URL.parse(word(), starts[next(starts.length)]) ?? new URL(starts[next(starts.length)]);
            const params = next(2) ? url.searchParams : null;
            for (let j = 0; j < 6; j++) {
                url[names[next(names.length)]] = word();
                if (params) { params.append(word(), word()); if (next(3) === 0) params.delete(word()); }
            }
            url.origin;
            // The parser drops the hosts of file: URLs that have a drive letter.
            if (url.protocol !== 'file:') same(URL.parse(url.href)?.href, url.href);
        }
        ",
    );
}

on_both_engines! {
    shapes,
    attributes,
    invalid,
    query_object,
    search_params,
    iteration,
    patched,
    cycles,
    hostile,
}
