//! Exported GC Objects: their internal methods, and what they are to the host.

use sinew_bridge::ObjectClass;

use super::*;

const DATA: HostData = HostData { class: 7, slot: 42 };

fn with_object<R>(f: impl FnOnce(&mut Scope<'_>, Value) -> R) -> R {
    let mut js = engine(None, &Rc::default()).unwrap();
    js.enter(|cx| {
        let object = QuickJs::create_gc_object(cx, DATA).unwrap();
        let global = QuickJs::global(cx);
        QuickJs::set(cx, &global, "gc".into(), &object).unwrap();
        f(cx, object)
    })
}

#[test]
fn internal_methods_are_those_of_the_specification() {
    with_object(|cx, _| {
        let opaque = "TypeError: WebAssembly objects are opaque";
        for (source, expected) in [
            ("typeof gc", "object"),
            ("Object.getPrototypeOf(gc)", "null"),
            ("Reflect.getPrototypeOf(gc)", "null"),
            ("Reflect.setPrototypeOf(gc, null)", "false"),
            ("Reflect.setPrototypeOf(gc, {})", "false"),
            ("Reflect.isExtensible(gc)", "false"),
            ("Reflect.preventExtensions(gc)", "false"),
            ("Reflect.getOwnPropertyDescriptor(gc, 'x')", "undefined"),
            ("Reflect.defineProperty(gc, 'x', { value: 1 })", "false"),
            ("Reflect.defineProperty(gc, 0, { value: 1 })", "false"),
            ("Reflect.has(gc, 'x')", "false"),
            ("'toString' in gc", "false"),
            ("Reflect.get(gc, 'x')", "undefined"),
            ("gc[0]", "undefined"),
            ("gc[Symbol.toPrimitive]", "undefined"),
            ("gc.__proto__", "undefined"),
            ("Reflect.ownKeys(gc).length", "0"),
            (
                "[...(function* () { for (const key in gc) yield key; })()].length",
                "0",
            ),
            ("Reflect.set(gc, 'x', 1)", opaque),
            ("Reflect.deleteProperty(gc, 'x')", opaque),
            // Sloppy.
            ("gc.x = 1", opaque),
            ("gc[0] = 1", opaque),
            ("gc.__proto__ = null", opaque),
            ("delete gc.x", opaque),
            ("delete gc[0]", opaque),
            ("'use strict'; delete gc[Symbol.iterator]", opaque),
            ("Object.create(gc).x = 1", opaque),
            ("Reflect.set({}, 'x', 1, gc)", "false"),
            ("Object.isFrozen(gc)", "true"),
            ("Object.isSealed(gc)", "true"),
            ("Object.isExtensible(gc)", "false"),
            ("Array.isArray(gc)", "false"),
            ("Object.prototype.toString.call(gc)", "[object Object]"),
            ("JSON.stringify(gc)", "{}"),
            ("gc instanceof Object", "false"),
            ("Object.keys({ ...gc }).length", "0"),
            ("new WeakMap([[gc, 1]]).get(gc)", "1"),
            ("new WeakRef(gc).deref() === gc", "true"),
            ("new Set([gc, gc]).size", "1"),
            ("Object.is(gc, gc) && gc == gc", "true"),
        ] {
            assert_eq!(eval_text(cx, source), expected, "{source}");
        }
        for source in [
            "Object.setPrototypeOf(gc, {})",
            "Object.setPrototypeOf(gc, null)",
            "Object.preventExtensions(gc)",
            "Object.freeze(gc)",
            "Object.seal(gc)",
            "Object.defineProperty(gc, 'x', { value: 1 })",
            "`${gc}`",
            "gc + 1",
            "gc()",
            "new gc",
        ] {
            assert!(eval_text(cx, source).starts_with("TypeError"), "{source}");
        }
    });
}

#[test]
fn only_the_object_itself_carries_the_data() {
    with_object(|cx, object| {
        assert_eq!(QuickJs::host_data(cx, &object), Some(DATA));
        assert_eq!(QuickJs::type_of(&object), ValueType::Object);
        assert_eq!(QuickJs::object_class(cx, &object), Some(ObjectClass::Other));
        eval(
            cx,
            "
            Error.prepareStackTrace = () => { ran = true; };
            ran = false;
            revocable = Proxy.revocable(gc, {});
            revoked = revocable.proxy;
            revocable.revoke();
        ",
        )
        .unwrap();
        for source in [
            "new Proxy(gc, {})",
            "new Proxy({}, gc)",
            "new Proxy(gc, gc)",
            "new Proxy({}, {})",
            "revoked",
            "Object.create(gc)",
            "({})",
            "() => {}",
            "1",
        ] {
            let value = eval(cx, source).unwrap();
            assert_eq!(QuickJs::host_data(cx, &value), None, "{source}");
            QuickJs::object_class(cx, &value);
            let weak = QuickJs::downgrade(cx, &value);
            assert!(QuickJs::upgrade(cx, &weak).is_none(), "{source}");
        }
        assert_eq!(eval_text(cx, "ran"), "false");
        let proxy = eval(cx, "new Proxy(gc, {})").unwrap();
        assert_eq!(QuickJs::object_class(cx, &proxy), Some(ObjectClass::Proxy));
    });
}

/// Stack traces give traps away, and nothing else: they are of no use.
#[test]
fn leaked_traps_do_nothing() {
    with_object(|cx, object| {
        let leak = "
            sites = [];
            Error.prepareStackTrace = (_, found) => { sites.push(...found); };
            try { gc.x = 1; } catch {}
            try { delete gc.x; } catch {}
            Error.prepareStackTrace = undefined;
            traps = sites.map(site => site.getFunction())
                .filter(f => /^function \\(\\)[^]*native/.test(String(f)));
            traps.length";
        assert_eq!(eval_text(cx, leak), "2");
        for (source, expected) in [
            (
                "sites.some(site => typeof site.getThis === 'function')",
                "false",
            ),
            (
                "traps.some(trap => { try { trap({}, 'x', 1); return true; } catch { return false; } })",
                "false",
            ),
            (
                "traps.forEach(trap => { trap.call = trap.apply = () => true; Object.setPrototypeOf(trap, null); })",
                "undefined",
            ),
            ("gc.x = 1", "TypeError: WebAssembly objects are opaque"),
            ("delete gc.x", "TypeError: WebAssembly objects are opaque"),
        ] {
            assert_eq!(eval_text(cx, source), expected, "{source}");
        }
        assert_eq!(QuickJs::host_data(cx, &object), Some(DATA));
    });
}

#[test]
fn host_operations_see_the_same_object() {
    with_object(|cx, object| {
        assert!(QuickJs::own_keys(cx, &object).unwrap().is_empty());
        assert!(
            QuickJs::get_own_property(cx, &object, "x".into())
                .unwrap()
                .is_none()
        );
        let proto = QuickJs::get_prototype(cx, &object).unwrap();
        assert_eq!(QuickJs::type_of(&proto), ValueType::Null);
        let one = QuickJs::number_i32(1);
        assert!(QuickJs::set(cx, &object, "x".into(), &one).is_err());
        assert!(QuickJs::define_property(cx, &object, "x".into(), Property::data(one)).is_err());
        assert!(QuickJs::freeze(cx, &object).is_err());
        assert!(!QuickJs::is_callable(cx, &object));
        let again = eval(cx, "gc").unwrap();
        assert_eq!(QuickJs::identity(&again), QuickJs::identity(&object));
    });
}

#[test]
fn dead_objects_go_to_the_graveyard_once() {
    let graveyard = Graveyard::default();
    let config = HostConfig {
        stack_bytes: 512 << 10,
        heap_bytes: None,
        termination: Arc::new(Termination::default()),
        graveyard: graveyard.clone(),
    };
    let mut js = QuickJs::new(config, Rc::new(Hooks::default())).unwrap();
    let data = |slot| HostData { class: 1, slot };
    js.enter(|cx| {
        let global = QuickJs::global(cx);
        // By count.
        let object = QuickJs::create_gc_object(cx, data(1)).unwrap();
        let weak = QuickJs::downgrade(cx, &object);
        let upgraded = QuickJs::upgrade(cx, &weak).unwrap();
        assert_eq!(QuickJs::identity(&upgraded), QuickJs::identity(&object));
        assert_eq!(QuickJs::host_data(cx, &upgraded), Some(data(1)));
        drop(object);
        assert!(QuickJs::upgrade(cx, &weak).is_some());
        drop(upgraded);
        assert!(QuickJs::upgrade(cx, &weak).is_none());
        // In a cycle.
        let object = QuickJs::create_gc_object(cx, data(2)).unwrap();
        let cyclic = QuickJs::downgrade(cx, &object);
        QuickJs::set(cx, &global, "gc".into(), &object).unwrap();
        drop(object);
        eval(
            cx,
            "(() => { const a = { gc }, b = { a, gc }; a.b = b; })(); gc = null;",
        )
        .unwrap();
        assert!(QuickJs::upgrade(cx, &cyclic).is_some());
        QuickJs::collect_garbage(cx);
        assert!(QuickJs::upgrade(cx, &cyclic).is_none());
        // With the engine.
        let object = QuickJs::create_gc_object(cx, data(3)).unwrap();
        QuickJs::set(cx, &global, "gc".into(), &object).unwrap();
        // Many, whose memory is used again.
        for slot in 10..1000 {
            let object = QuickJs::create_gc_object(cx, data(slot)).unwrap();
            assert_eq!(QuickJs::host_data(cx, &object), Some(data(slot)));
            assert!(QuickJs::upgrade(cx, &weak).is_none());
        }
    });
    let mut slots: Vec<_> = graveyard
        .borrow_mut()
        .drain(..)
        .map(|data| data.slot)
        .collect();
    slots.sort_unstable();
    assert_eq!(
        slots,
        [1, 2].into_iter().chain(10..1000).collect::<Vec<_>>()
    );
    drop(js);
    assert_eq!(*graveyard.borrow(), [data(3)]);
}
