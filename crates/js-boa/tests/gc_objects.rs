//! Exported GC Objects, which are Proxies in Boa.

mod common;

use boa_engine::JsValue;
use common::{define_value, enter, eval, holds, text, value};
use sinew_bridge::conformance::host::Fixture;
use sinew_bridge::{HostData, JsHost, ObjectClass, Throw, ValueType};
use sinew_js_boa::{Boa, Scope};

fn data(slot: u32) -> HostData {
    HostData { class: 9, slot }
}

fn gc_object(cx: &mut Scope<'_>, slot: u32) -> JsValue {
    value(Boa::create_gc_object(cx, data(slot)))
}

/// One expression for each internal method, with what it gives; `throws` for a TypeError.
const OPERATIONS: &[(&str, &str)] = &[
    ("Object.getPrototypeOf(o)", "null"),
    ("Reflect.getPrototypeOf(o)", "null"),
    ("o.__proto__", "undefined"),
    ("o instanceof Object", "false"),
    ("Reflect.setPrototypeOf(o, null)", "false"),
    ("Reflect.setPrototypeOf(o, {})", "false"),
    ("Object.setPrototypeOf(o, null)", "throws"),
    ("Object.isExtensible(o)", "false"),
    ("Reflect.preventExtensions(o)", "false"),
    ("Object.preventExtensions(o)", "throws"),
    ("Object.seal(o)", "throws"),
    ("Object.freeze(o)", "throws"),
    ("Object.isFrozen(o)", "true"),
    ("Reflect.getOwnPropertyDescriptor(o, 'x')", "undefined"),
    ("Object.prototype.hasOwnProperty.call(o, 'x')", "false"),
    ("Reflect.defineProperty(o, 'x', { value: 1 })", "false"),
    ("Reflect.defineProperty(o, 'x', {})", "false"),
    ("Object.defineProperty(o, 'x', { value: 1 })", "throws"),
    ("'x' in o", "false"),
    ("Symbol.iterator in o", "false"),
    ("Reflect.has(o, 0)", "false"),
    ("o.x", "undefined"),
    ("o[0]", "undefined"),
    ("o[Symbol.toStringTag]", "undefined"),
    ("Reflect.get(o, 'x', {})", "undefined"),
    ("Object.create(o).x", "undefined"),
    ("o.x = 1", "throws"),
    ("o[0] = 1", "throws"),
    ("(() => { 'use strict'; o.x = 1; })()", "throws"),
    ("Reflect.set(o, 'x', 1)", "throws"),
    ("Reflect.set(o, 'x', 1, {})", "throws"),
    ("Object.create(o).x = 1", "throws"),
    ("delete o.x", "throws"),
    ("Reflect.deleteProperty(o, 0)", "throws"),
    ("Reflect.ownKeys(o).length", "0"),
    ("Object.keys(o).length", "0"),
    ("JSON.stringify(o)", "{}"),
    ("typeof o", "object"),
    ("Object.prototype.toString.call(o)", "[object Object]"),
    ("Array.isArray(o)", "false"),
    ("`${o}`", "throws"),
    ("o + 1", "throws"),
    ("o()", "throws"),
    ("new o()", "throws"),
    ("[...o]", "throws"),
    ("o == o && o === o && Object.is(o, o)", "true"),
    ("new Map([[o, 1]]).get(o)", "1"),
    ("new WeakMap([[o, 2]]).get(o)", "2"),
    ("new WeakRef(o).deref() === o", "true"),
    ("{ let n = 0; for (const key in o) n++; n }", "0"),
];

#[test]
fn every_internal_method() {
    enter(|cx| {
        let object = gc_object(cx, 1);
        define_value(cx, "o", object);
        // Neither before nor after user code has had its way with what a handler could inherit.
        for patched in [false, true] {
            if patched {
                eval(
                    cx,
                    "for (const trap of Reflect.ownKeys(Reflect)) \
                        if (typeof trap === 'string') Object.prototype[trap] = () => 'patched'; 0",
                );
            }
            for (source, expected) in OPERATIONS {
                let source = format!(
                    "try {{ String(eval({source:?})) }} catch (e) {{ \
                        e instanceof TypeError ? 'throws' : String(e) }}"
                );
                // A `get` on the prototype of every object is a getter for descriptors too.
                if patched && (source.contains("defineProperty") || source.contains("new ")) {
                    continue;
                }
                assert_eq!(text(cx, &source), *expected, "{source} {patched}");
            }
        }
    });
}

/// What leads to a GC object, or looks like one, is none.
#[test]
fn only_the_object_itself_has_data() {
    enter(|cx| {
        let object = gc_object(cx, 7);
        assert_eq!(Boa::host_data(cx, &object), Some(data(7)));
        assert_eq!(Boa::type_of(&object), ValueType::Object);
        assert_eq!(Boa::object_class(cx, &object), Some(ObjectClass::Other));
        let proto = value(Boa::get_prototype(cx, &object));
        assert_eq!(Boa::type_of(&proto), ValueType::Null);
        assert!(value(Boa::own_keys(cx, &object)).is_empty());
        assert!(matches!(Boa::freeze(cx, &object), Err(Throw::Value(_))));
        define_value(cx, "o", object);
        for source in [
            "new Proxy(o, {})",
            "Proxy.revocable(o, {}).proxy",
            "Object.create(o)",
            "Object.setPrototypeOf(new Proxy({}, {}), o)",
            "({ o })",
        ] {
            let other = eval(cx, source);
            assert_eq!(Boa::host_data(cx, &other), None, "{source}");
            let weak = Boa::downgrade(cx, &other);
            assert!(Boa::upgrade(cx, &weak).is_none(), "{source}");
        }
        // A Proxy over one does as the rules for proxies say.
        assert!(holds(
            cx,
            "(p => p.x === undefined && Reflect.ownKeys(p).length === 0 \
                && Reflect.getPrototypeOf(p) === null)(new Proxy(o, {}))"
        ));
    });
}

#[test]
fn weak_handles_and_the_graveyard() {
    let mut fixture = Fixture::<Boa>::new();
    let graveyard = fixture.graveyard.clone();
    fixture.enter(|cx| {
        let kept = gc_object(cx, 0);
        define_value(cx, "kept", kept.clone());
        let mut weak = vec![Boa::downgrade(cx, &kept)];
        for slot in 1..500 {
            let object = gc_object(cx, slot);
            weak.push(Boa::downgrade(cx, &object));
        }
        Boa::collect_garbage(cx);
        let again = Boa::upgrade(cx, &weak[0]).expect("it is held");
        assert!(Boa::same_value(cx, &kept, &again));
        assert!(
            weak[1..]
                .iter()
                .all(|weak| Boa::upgrade(cx, weak).is_none())
        );
        let mut dead = std::mem::take(&mut *graveyard.borrow_mut());
        dead.sort_by_key(|data| data.slot);
        assert_eq!(dead, (1..500).map(data).collect::<Vec<_>>());
        // An address that comes back is not taken for the dead one.
        drop((kept, again));
        eval(cx, "delete globalThis.kept");
        Boa::collect_garbage(cx);
        for _ in 0..2_000 {
            let proxy = eval(cx, "new Proxy({}, {})");
            assert_eq!(Boa::host_data(cx, &proxy), None);
        }
        assert_eq!(*graveyard.borrow(), [data(0)]);
        let last = gc_object(cx, 1_000);
        define_value(cx, "last", last);
    });
    drop(fixture);
    assert_eq!(*graveyard.borrow(), [data(0), data(1_000)]);
}
