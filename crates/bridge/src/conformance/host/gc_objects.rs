//! Exported GC Objects.

use super::fixture::*;
use crate::{HostData, JsHost, Property, PropertyKey, ValueType, WellKnownSymbol};

const DATA: HostData = HostData { class: 7, slot: 21 };

/// The global `g`, and the functions `type` and `refuses`: whether a function throws a TypeError.
fn gc_object<J: JsHost>(cx: &mut J::Scope<'_>) -> J::Value {
    let object = ok::<J, _>(cx, |cx| J::create_gc_object(cx, DATA));
    define::<J>(cx, "g", object.clone());
    eval::<J>(
        cx,
        "globalThis.refuses = f => { \
            try { f(); return false; } catch (e) { return e instanceof TypeError; } }; 0",
    );
    object
}

#[track_caller]
fn all_hold<J: JsHost>(cx: &mut J::Scope<'_>, sources: &[&str]) {
    for source in sources {
        assert!(holds::<J>(cx, source), "{source}");
    }
}

/// Each internal method, through `Reflect` and through what is made of it.
pub fn gc_objects_have_their_methods<J: JsHost>() {
    Fixture::<J>::new().enter(|cx| {
        gc_object::<J>(cx);
        all_hold::<J>(
            cx,
            &[
                "typeof g === 'object' && g !== null && Object(g) === g",
                "Reflect.getPrototypeOf(g) === null && Object.getPrototypeOf(g) === null",
                "!(g instanceof Object) && !Object.prototype.isPrototypeOf(g)",
                "[null, {}, Object.prototype, g].every(p => Reflect.setPrototypeOf(g, p) === false)",
                "[null, {}, g].every(p => refuses(() => Object.setPrototypeOf(g, p)))",
                "Reflect.getPrototypeOf(g) === null",
                "Reflect.isExtensible(g) === false && Object.isExtensible(g) === false",
                "Reflect.preventExtensions(g) === false",
                "['preventExtensions', 'seal', 'freeze'].every(f => refuses(() => Object[f](g)))",
                "Object.isFrozen(g) && Object.isSealed(g)",
                "Reflect.getOwnPropertyDescriptor(g, 'a') === undefined",
                "Object.keys(Object.getOwnPropertyDescriptors(g)).length === 0",
                "!Object.hasOwn(g, 'a') && !Object.prototype.hasOwnProperty.call(g, 'constructor')",
                "['a', 0, Symbol.iterator, '__proto__'].every(key => \
                    Reflect.defineProperty(g, key, { value: 1 }) === false)",
                "refuses(() => Object.defineProperty(g, 'a', { value: 1 }))",
                "refuses(() => Object.defineProperty(g, 'a', {}))",
                "refuses(() => Object.defineProperties(g, { a: { value: 1 } }))",
                "!('a' in g) && !(0 in g) && !('toString' in g) && !(Symbol.iterator in g)",
                "!Reflect.has(g, 'a') && !('__proto__' in g)",
                "g.a === undefined && g[0] === undefined && g.toString === undefined",
                "g.__proto__ === undefined && g.constructor === undefined",
                "g[Symbol.toPrimitive] === undefined && Reflect.get(g, 'a', {}) === undefined",
                "g?.a?.b === undefined",
                "Reflect.ownKeys(g).length === 0 && Object.keys(g).length === 0",
                "Object.getOwnPropertyNames(g).length + Object.getOwnPropertySymbols(g).length === 0",
                "(() => { for (const key in g) return false; return true; })()",
                "JSON.stringify(g) === '{}' && JSON.stringify([g]) === '[{}]'",
                "Object.keys({ ...g }).length === 0 && Object.keys(Object.assign({}, g)).length === 0",
                "Object.prototype.toString.call(g) === '[object Object]'",
                "(({ a, ...rest }) => a === undefined && Object.keys(rest).length === 0)(g)",
                "refuses(() => String(g)) && refuses(() => +g) && refuses(() => `${g}`)",
                "refuses(() => g()) && refuses(() => new g()) && refuses(() => [...g])",
                "refuses(() => g.a()) && refuses(() => g == 'x') && g == g && g === g",
                "!Array.isArray(g) && !Object.is(g, {})",
                // The same, when the code that asks is warm.
                "(() => { for (let i = 0; i < 5000; i++) \
                    if (g.a !== undefined || 'a' in g || g[i] !== undefined) return false; \
                    return true; })()",
            ],
        );
    });
}

/// `[[Set]]` and `[[Delete]]` throw whether the code is strict or not.
pub fn gc_objects_refuse<J: JsHost>() {
    Fixture::<J>::new().enter(|cx| {
        gc_object::<J>(cx);
        let operations = [
            "g.a = 1",
            "g[0] = 1",
            "g['12'] = 1",
            "g[Symbol.iterator] = 1",
            "g.__proto__ = null",
            "g.a += 1",
            "g.a ??= 1",
            "g.a++",
            "[g.a] = [1]",
            "({ x: g.a } = { x: 1 })",
            "for (g.a of [1]) ;",
            "delete g.a",
            "delete g[0]",
            "delete g[Symbol.iterator]",
            "Reflect.set(g, 'a', 1)",
            "Reflect.set(g, 'a', 1, {})",
            "Reflect.deleteProperty(g, 'a')",
            "Object.assign(g, { a: 1 })",
            // Heirs ask for it too.
            "Object.create(g).a = 1",
            "class C extends Array { set(x) { super.a = x; } } \
                Object.setPrototypeOf(C.prototype, g); C.prototype.set.call({}, 1)",
            "new Proxy(g, {}).a = 1",
            "delete new Proxy(g, {}).a",
            "Array.prototype.push.call(g, 1)",
            "with (Object.create(null, { g2: { value: g } })) g2.a = 1",
        ];
        for operation in operations {
            for strict in ["", "'use strict'; "] {
                if operation.starts_with("with") && !strict.is_empty() {
                    continue;
                }
                let source = format!("refuses(function () {{ {strict}{operation}; }})");
                assert!(holds::<J>(cx, &source), "{strict}{operation}");
            }
        }
        all_hold::<J>(
            cx,
            &[
                // As a receiver it is asked to define, and says no.
                "Reflect.set({}, 'a', 1, g) === false",
                "Reflect.ownKeys(g).length === 0 && g.a === undefined && g[0] === undefined",
                "Object.create(g).a === undefined && !('a' in Object.create(g))",
                "Reflect.deleteProperty(Object.create(g), 'a') === true",
                "(() => { const o = Object.create(g, { a: { value: 1, writable: true } }); \
                    o.a = 2; return o.a === 2; })()",
                "(() => { for (let i = 0; i < 2000; i++) if (!refuses(() => { g.a = i; })) \
                    return false; return true; })()",
            ],
        );
    });
}

/// It is an object like others where only its identity counts.
pub fn gc_objects_are_keys<J: JsHost>() {
    let mut fixture = Fixture::<J>::new();
    fixture.enter(|cx| {
        gc_object::<J>(cx);
        let other = ok::<J, _>(cx, |cx| J::create_gc_object(cx, DATA));
        define::<J>(cx, "other", other);
        all_hold::<J>(
            cx,
            &[
                "g !== other",
                "[new Map(), new WeakMap()].every(m => m.set(g, 1).set(other, 2).get(g) === 1 \
                    && m.get(other) === 2 && m.delete(g) && !m.has(g) && m.has(other))",
                "[new Set(), new WeakSet()].every(s => s.add(g).has(g) && !s.has(other))",
                "new WeakRef(g).deref() === g",
                "[other, g].indexOf(g) === 1 && [other].includes(g) === false",
                "(() => { const s = new Set([g, other, g]); return s.size === 2; })()",
            ],
        );
    });
    let out = fixture.run("out = 0; Promise.resolve(g).then(x => { out = x === g; });");
    assert_eq!(out, "true");
}

/// What it carries is read off it alone, not off what stands in for it.
pub fn gc_objects_carry_data<J: JsHost>() {
    Fixture::<J>::new().enter(|cx| {
        let object = gc_object::<J>(cx);
        assert_eq!(J::host_data(cx, &object), Some(DATA));
        assert_eq!(J::type_of(&object), ValueType::Object);
        assert!(!J::is_callable(cx, &object));
        assert!(J::identity(&object).is_some());
        let found = eval::<J>(cx, "g");
        assert_eq!(J::host_data(cx, &found), Some(DATA));
        assert!(J::same_value(cx, &object, &found));
        assert_eq!(J::identity(&object), J::identity(&found));
        for source in [
            "new Proxy(g, {})",
            "Object.create(g)",
            "({ __proto__: g })",
            "[g]",
            "Object.assign({}, g)",
        ] {
            let value = eval::<J>(cx, source);
            assert_eq!(J::host_data(cx, &value), None, "{source}");
        }
        // Host objects of the other sort are told from it by their class alone.
        let data = HostData { class: 8, slot: 21 };
        let host = ok::<J, _>(cx, |cx| J::create_host_object(cx, &J::null(), data));
        assert_eq!(J::host_data(cx, &host), Some(data));
    });
}

/// The operations of the seam, on it.
pub fn gc_objects_from_outside<J: JsHost>() {
    Fixture::<J>::new().enter(|cx| {
        let object = gc_object::<J>(cx);
        let keys = [
            PropertyKey::Name("a"),
            PropertyKey::Index(0),
            PropertyKey::Symbol(WellKnownSymbol::Iterator),
        ];
        for key in keys {
            let value = ok::<J, _>(cx, |cx| J::get(cx, &object, key));
            assert_eq!(J::type_of(&value), ValueType::Undefined);
            let own = ok::<J, _>(cx, |cx| J::get_own_property(cx, &object, key));
            assert!(own.is_none());
            let results = [
                J::set(cx, &object, key, &J::null()),
                J::define_property(cx, &object, key, Property::data(J::null())),
            ];
            for result in results {
                let error = thrown::<J, _>(result);
                assert!(describe::<J>(cx, &error).starts_with("TypeError"));
            }
        }
        assert!(ok::<J, _>(cx, |cx| J::own_keys(cx, &object)).is_empty());
        let proto = ok::<J, _>(cx, |cx| J::get_prototype(cx, &object));
        assert_eq!(J::type_of(&proto), ValueType::Null);
        let results = [
            J::freeze(cx, &object),
            J::set_prototype(cx, &object, &J::null()),
        ];
        for result in results {
            let error = thrown::<J, _>(result);
            assert!(describe::<J>(cx, &error).starts_with("TypeError"));
        }
        let error = thrown::<J, _>(J::to_string(cx, &object));
        assert!(describe::<J>(cx, &error).starts_with("TypeError"));
        assert!(J::to_boolean(cx, &object));
        assert!(J::with_bytes(cx, &object, |_| ()).is_none());
        assert!(J::promise_state(cx, &object).is_none());
    });
}

/// It can be held weakly, and its data goes to the graveyard once it is dead.
pub fn dead_gc_objects_are_buried<J: JsHost>() {
    let mut fixture = Fixture::<J>::new();
    let graveyard = fixture.graveyard.clone();
    fixture.enter(|cx| {
        let make = |cx: &mut J::Scope<'_>, slot| {
            let data = HostData { class: 7, slot };
            ok::<J, _>(cx, |cx| J::create_gc_object(cx, data))
        };
        let kept = make(cx, 0);
        let weak = J::downgrade(cx, &kept);
        let mut dead = Vec::new();
        for slot in 1..=10 {
            let object = make(cx, slot);
            dead.push(J::downgrade(cx, &object));
            define::<J>(cx, "g", object);
            eval::<J>(cx, "(() => { const o = { g }; o.o = o; })(); g = null; 0");
        }
        J::collect_garbage(cx);
        J::collect_garbage(cx);
        let mut slots: Vec<_> = graveyard.take().iter().map(|data| data.slot).collect();
        slots.sort_unstable();
        assert_eq!(slots, (1..=10).collect::<Vec<_>>());
        for weak in dead {
            assert!(J::upgrade(cx, &weak).is_none());
        }
        let up = J::upgrade(cx, &weak).expect("it lives");
        assert!(J::same_value(cx, &up, &kept));
        drop((up, kept.clone()));
        define::<J>(cx, "kept", kept);
        J::collect_garbage(cx);
        assert!(J::upgrade(cx, &weak).is_some(), "kept by the script");
    });
    drop(fixture);
    assert_eq!(*graveyard.borrow(), [HostData { class: 7, slot: 0 }]);
}
