//! Timers, microtasks and `performance`.

mod common;

use std::time::{Duration, Instant};

use common::Host;
use sinew_bridge::{JsHost, Throw};

fn shapes<J: JsHost>() {
    let printed = Host::<J>::new().printed(
        r"
        for (const name of ['setTimeout', 'setInterval', 'clearTimeout', 'clearInterval', 'queueMicrotask']) {
            const { writable, enumerable, configurable, value } = Object.getOwnPropertyDescriptor(globalThis, name);
            console.log(writable, enumerable, configurable, value.name === name, value.length, 'prototype' in value);
        }
        console.log(typeof setTimeout(() => {}), setTimeout(() => {}) > 0);
        ",
    );
    let functions: String = [1, 1, 0, 0, 1]
        .map(|length| format!("true true true true {length} false\n"))
        .concat();
    assert_eq!(printed, format!("{functions}number true\n"));
}

fn order<J: JsHost>() {
    let printed = Host::<J>::new().printed(
        r"
        setTimeout(() => console.log('later'), 60);
        setTimeout(() => console.log('a'), 10);
        setTimeout(() => console.log('b'), 10);
        setTimeout(() => { console.log('first'); queueMicrotask(() => console.log('microtask')); }, 0);
        setTimeout(() => console.log('second'), -5);
        setTimeout(() => console.log('third'));
        setTimeout(() => console.log('fourth'), 2 ** 32);
        setTimeout(() => console.log('fifth'), NaN);
        queueMicrotask(() => console.log('job'));
        Promise.resolve().then(() => console.log('reaction'));
        console.log('script');
        ",
    );
    assert_eq!(
        printed,
        "script\njob\nreaction\nfirst\nmicrotask\nsecond\nthird\nfourth\nfifth\na\nb\nlater\n"
    );
}

fn callbacks<J: JsHost>() {
    let printed = Host::<J>::new().printed(
        r"
        'use strict';
        setTimeout(function () { console.log(this === globalThis, ...arguments, arguments.length); }, 0, 1, 'two', [3]);
        setTimeout(function () { console.log(arguments.length); });
        queueMicrotask(function () { 'use strict'; console.log(this, arguments.length); });
        const order = [];
        try { setTimeout(1, { valueOf() { order.push('delay'); } }); } catch (e) { order.push(e instanceof TypeError); }
        for (const f of [undefined, 'console.log(1)', {}, null]) {
            for (const set of [setTimeout, setInterval, queueMicrotask]) {
                try { set(f, 1); order.push('accepted'); } catch (e) { if (!(e instanceof TypeError)) order.push(e); }
            }
        }
        try { setTimeout(() => order.push('ran'), { valueOf() { throw 'delay'; } }); } catch (e) { order.push(e); }
        for (const delay of [Symbol(), 1n]) {
            try { setTimeout(() => order.push('ran'), delay); } catch (e) { order.push(e instanceof TypeError); }
        }
        setTimeout(() => console.log(order.join()), 5);
        ",
    );
    assert_eq!(
        printed,
        "undefined 0\ntrue 1 two [ 3 ] 3\n0\ntrue,delay,true,true\n"
    );
}

fn clearing<J: JsHost>() {
    let printed = Host::<J>::new().printed(
        r"
        const gone = setTimeout(() => console.log('never'), 1);
        clearTimeout(gone); clearTimeout(gone);
        clearInterval(setTimeout(() => console.log('never'), 1));
        clearTimeout(String(setInterval(() => console.log('never'), 1)));
        for (const junk of [undefined, null, NaN, -1, 0, 1e300, 'x', {}, [], () => {}, true, Symbol(), 1n, Infinity]) {
            clearTimeout(junk); clearInterval(junk);
        }
        clearTimeout();
        let ticks = 0;
        const interval = setInterval((step) => {
            ticks += step;
            if (ticks === 6) { clearInterval(interval); console.log('ticks', ticks); }
        }, 1, 2);
        const own = setTimeout(() => { clearTimeout(own); console.log('own'); }, 1);
        const victim = setTimeout(() => console.log('never'), 3);
        setTimeout(() => clearTimeout(victim), 1);
        let nested = 0;
        (function again() { if (nested++ < 5) setTimeout(again); else console.log('nested'); })();
        ",
    );
    let mut lines: Vec<_> = printed.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["nested", "own", "ticks 6"]);
}

fn errors_leave_the_rest<J: JsHost>() {
    let mut host = Host::<J>::new();
    let web = host.web.clone();
    host.js.enter(|cx| {
        let source = r"
            let runs = 0;
            setTimeout(() => { throw 'timeout'; });
            const id = setInterval(() => {
                if (++runs === 2) clearInterval(id);
                throw 'interval';
            });
            setTimeout(() => console.log('rest'), 1);
        ";
        assert!(J::eval_script(cx, "test.js", source).is_ok());
        let mut thrown = Vec::new();
        while let Some(due) = web.next_timer() {
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            if let Err(Throw::Value(value)) = web.run_timer(cx) {
                thrown.push(J::as_text(cx, &value).unwrap());
            }
        }
        assert_eq!(thrown, ["timeout", "interval", "interval"]);
        assert!(matches!(web.run_timer(cx), Ok(false)));
    });
    assert_eq!(host.out.take(), "rest\n");
}

fn due_times<J: JsHost>() {
    let mut host = Host::<J>::new();
    let web = host.web.clone();
    assert_eq!(web.next_timer(), None);
    host.js.enter(|cx| {
        let before = Instant::now();
        let set = |cx: &mut _, source| assert!(J::eval_script(cx, "test.js", source).is_ok());
        set(cx, "var far = setTimeout(() => {}, 2 ** 31 - 1)");
        assert!(web.next_timer().unwrap() >= before + Duration::from_millis((1 << 31) - 1));
        assert!(matches!(web.run_timer(cx), Ok(false)));
        set(cx, "var near = setTimeout(() => {}, 1000)");
        let due = web.next_timer().unwrap();
        assert!(due >= before + Duration::from_secs(1));
        assert!(due <= Instant::now() + Duration::from_secs(1));
        set(cx, "clearTimeout(near)");
        assert!(web.next_timer().unwrap() > due);
        set(cx, "clearTimeout(far)");
        assert_eq!(web.next_timer(), None);
        // Those that never run go with the rest.
        set(
            cx,
            "setInterval(() => {}, 1e6); setTimeout(console.log, 1e6, globalThis)",
        );
    });
    host.web.clear();
    assert_eq!(host.web.next_timer(), None);
}

fn microtask_errors<J: JsHost>() {
    let mut host = Host::<J>::new();
    host.js.enter(|cx| {
        let source =
            "queueMicrotask(() => { throw 'job'; }); queueMicrotask(() => console.log('next'))";
        assert!(J::eval_script(cx, "test.js", source).is_ok());
        match J::run_job(cx) {
            Err(Throw::Value(value)) => assert_eq!(J::as_text(cx, &value).as_deref(), Some("job")),
            _ => panic!("the job throws"),
        }
        assert!(matches!(J::run_job(cx), Ok(true)));
        assert!(matches!(J::run_job(cx), Ok(false)));
    });
    assert_eq!(host.out.take(), "next\n");
}

fn performance<J: JsHost>() {
    let printed = Host::<J>::new().printed(
        r"
        const a = performance.now(), b = performance.now();
        console.log(typeof a, a >= 0, a < 60000, b >= a, Object.prototype.toString.call(performance));
        console.log(Math.abs(performance.timeOrigin + performance.now() - Date.now()) < 1000);
        console.log(Object.keys(performance.toJSON()), performance.toJSON().timeOrigin === performance.timeOrigin);
        console.log(performance instanceof Performance, Performance.length);
        for (const f of [() => new Performance(), () => Performance(), () => (0, performance.now)(),
            () => Performance.prototype.timeOrigin, () => performance.now.call(Performance.prototype)]) {
            try { f(); console.log('accepted', String(f)); } catch (e) { if (!(e instanceof TypeError)) console.log(e); }
        }
        let last = performance.now();
        setTimeout(() => console.log(performance.now() - last >= 19), 20);
        ",
    );
    assert_eq!(
        printed,
        "number true true true [object Performance]\ntrue\n[ 'timeOrigin' ] true\ntrue 0\ntrue\n"
    );
}

on_both_engines! {
    shapes,
    order,
    callbacks,
    clearing,
    errors_leave_the_rest,
    due_times,
    microtask_errors,
    performance,
}
