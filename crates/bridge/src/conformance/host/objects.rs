//! Objects, properties, host objects, weak handles.

use super::fixture::*;
use crate::{
    FunctionSpec, HostData, Intrinsic, JsHost, ObjectClass, Property, PropertyKey, PropertyKind,
    Throw, ValueType, WellKnownSymbol,
};

fn plain<J: JsHost>(cx: &mut J::Scope<'_>) -> J::Value {
    let proto = J::intrinsic(cx, Intrinsic::ObjectPrototype);
    ok::<J, _>(cx, |cx| J::create_object(cx, &proto))
}

/// Get and Set, with all that they run.
pub fn properties_are_read_and_written<J: JsHost>() {
    Fixture::<J>::new().enter(|cx| {
        let object = plain::<J>(cx);
        define::<J>(cx, "o", object.clone());
        let missing = ok::<J, _>(cx, |cx| J::get(cx, &object, "missing".into()));
        assert_eq!(J::type_of(&missing), ValueType::Undefined);
        ok::<J, _>(cx, |cx| J::set(cx, &object, "a".into(), &J::number(1.0)));
        assert!(holds::<J>(cx, "o.a === 1 && Object.keys(o).join() === 'a'"));
        eval::<J>(
            cx,
            "o.__proto__ = { get b() { return this.a + 1; }, set c(x) { this.a = x; } };",
        );
        let b = ok::<J, _>(cx, |cx| J::get(cx, &object, "b".into()));
        assert_eq!(J::as_number(&b), Some(2.0));
        ok::<J, _>(cx, |cx| J::set(cx, &object, "c".into(), &J::number(7.0)));
        assert!(holds::<J>(cx, "o.a === 7 && !Object.hasOwn(o, 'c')"));
        eval::<J>(cx, "Object.defineProperty(o, 'fixed', { value: 1 });");
        let error = thrown::<J, _>(J::set(cx, &object, "fixed".into(), &J::null()));
        assert!(describe::<J>(cx, &error).starts_with("TypeError"));
        thrown::<J, _>(J::set(cx, &object, "b".into(), &J::null()));
        let raising = eval::<J>(
            cx,
            "({ get x() { throw 'got'; }, set x(_) { throw 'set'; } })",
        );
        let error = thrown::<J, _>(J::get(cx, &raising, "x".into()));
        assert_eq!(J::as_text(cx, &error).as_deref(), Some("got"));
        let error = thrown::<J, _>(J::set(cx, &raising, "x".into(), &J::null()));
        assert_eq!(J::as_text(cx, &error).as_deref(), Some("set"));
    });
}

/// DefinePropertyOrThrow and `[[GetOwnProperty]]` of data properties.
pub fn properties_have_attributes<J: JsHost>() {
    Fixture::<J>::new().enter(|cx| {
        let object = plain::<J>(cx);
        define::<J>(cx, "o", object.clone());
        for bits in 0..8 {
            let name = format!("p{bits}");
            let property = Property {
                kind: PropertyKind::Data {
                    value: J::number_i32(bits),
                    writable: bits & 1 != 0,
                },
                enumerable: bits & 2 != 0,
                configurable: bits & 4 != 0,
            };
            ok::<J, _>(cx, |cx| {
                J::define_property(cx, &object, PropertyKey::Name(&name), property)
            });
            assert!(holds::<J>(
                cx,
                &format!(
                    "d = Object.getOwnPropertyDescriptor(o, '{name}'), d.value === {bits} && \
                        d.writable === {} && d.enumerable === {} && d.configurable === {}",
                    bits & 1 != 0,
                    bits & 2 != 0,
                    bits & 4 != 0
                )
            ));
            let found = ok::<J, _>(cx, |cx| {
                J::get_own_property(cx, &object, PropertyKey::Name(&name))
            })
            .expect("the property");
            let PropertyKind::Data { value, writable } = found.kind else {
                panic!("an accessor");
            };
            assert_eq!(J::as_number(&value), Some(f64::from(bits)));
            assert_eq!(
                (writable, found.enumerable, found.configurable),
                (bits & 1 != 0, bits & 2 != 0, bits & 4 != 0)
            );
        }
        let again = Property::data(J::null());
        let error = thrown::<J, _>(J::define_property(cx, &object, "p0".into(), again));
        assert!(describe::<J>(cx, &error).starts_with("TypeError"));
        let none = ok::<J, _>(cx, |cx| J::get_own_property(cx, &object, "toString".into()));
        assert!(none.is_none());
    });
}

/// The same, of accessors.
pub fn accessors_are_defined_and_found<J: JsHost>() {
    Fixture::<J>::new().enter(|cx| {
        let object = plain::<J>(cx);
        define::<J>(cx, "o", object.clone());
        let get = function::<J>(cx, "get x", |_, _| Ok(J::number(5.0)));
        let set = function::<J>(cx, "set y", |cx, args| {
            Err(Throw::Value(J::arg(cx, args, 0)))
        });
        let x = Property {
            kind: PropertyKind::Accessor {
                get: Some(get.clone()),
                set: None,
            },
            enumerable: true,
            configurable: false,
        };
        let y = Property {
            kind: PropertyKind::Accessor {
                get: None,
                set: Some(set),
            },
            enumerable: false,
            configurable: true,
        };
        ok::<J, _>(cx, |cx| J::define_property(cx, &object, "x".into(), x));
        ok::<J, _>(cx, |cx| J::define_property(cx, &object, "y".into(), y));
        assert!(holds::<J>(
            cx,
            "d = Object.getOwnPropertyDescriptor(o, 'x'), o.x === 5 && d.set === undefined && \
                typeof d.get === 'function' && d.enumerable && !d.configurable"
        ));
        assert!(holds::<J>(
            cx,
            "d = Object.getOwnPropertyDescriptor(o, 'y'), d.get === undefined && !d.enumerable && \
                (() => { try { o.y = 3; } catch (e) { return e === 3; } })()"
        ));
        let found = ok::<J, _>(cx, |cx| J::get_own_property(cx, &object, "x".into()));
        let Some(PropertyKind::Accessor {
            get: Some(found),
            set: None,
        }) = found.map(|property| property.kind)
        else {
            panic!("not the accessor");
        };
        assert!(J::same_value(cx, &found, &get));
    });
}

/// Names, indices, symbols and values as keys; `[[OwnPropertyKeys]]`.
pub fn keys_of_every_kind<J: JsHost>() {
    Fixture::<J>::new().enter(|cx| {
        let object = plain::<J>(cx);
        define::<J>(cx, "o", object.clone());
        let symbol = eval::<J>(cx, "globalThis.s = Symbol('s'); s");
        let lone = ok::<J, _>(cx, |cx| J::string_utf16(cx, &[0xD800]));
        let digits = ok::<J, _>(cx, |cx| J::string(cx, "12"));
        let keys = [
            PropertyKey::Name("name"),
            PropertyKey::Name(""),
            PropertyKey::Name("nul\0nul"),
            PropertyKey::Name("é"),
            PropertyKey::Name("Ã©"),
            PropertyKey::Name("\u{1F600}"),
            PropertyKey::Name("__proto__"),
            PropertyKey::Index(7),
            PropertyKey::Index(u32::MAX - 1),
            PropertyKey::Symbol(WellKnownSymbol::Iterator),
            PropertyKey::Symbol(WellKnownSymbol::AsyncIterator),
            PropertyKey::Symbol(WellKnownSymbol::ToStringTag),
            PropertyKey::Symbol(WellKnownSymbol::HasInstance),
            PropertyKey::Value(&symbol),
            PropertyKey::Value(&lone),
            PropertyKey::Value(&digits),
        ];
        for (index, key) in keys.into_iter().enumerate() {
            let property = Property::data(J::number(index as f64));
            ok::<J, _>(cx, |cx| J::define_property(cx, &object, key, property));
        }
        for (index, key) in keys.into_iter().enumerate() {
            let value = ok::<J, _>(cx, |cx| J::get(cx, &object, key));
            assert_eq!(J::as_number(&value), Some(index as f64));
        }
        assert!(holds::<J>(
            cx,
            r"o['nul\0nul'] === 2 && o['é'] === 3 && o['Ã©'] === 4 && o['\u{1F600}'] === 5
                && Object.hasOwn(o, '__proto__') && o[7] === 7 && o[4294967294] === 8
                && o[Symbol.iterator] === 9 && o[s] === 13 && o['\uD800'] === 14 && o[12] === 15"
        ));
        let own = ok::<J, _>(cx, |cx| J::own_keys(cx, &object));
        let own = ok::<J, _>(cx, |cx| J::create_array(cx, &own));
        define::<J>(cx, "own", own);
        assert!(holds::<J>(
            cx,
            "k = Reflect.ownKeys(o), k.length === own.length && k.every((x, i) => x === own[i])"
        ));
    });
}

/// SetIntegrityLevel frozen.
pub fn frozen_objects_refuse<J: JsHost>() {
    Fixture::<J>::new().enter(|cx| {
        let object = ok::<J, _>(cx, |cx| J::create_object(cx, &J::null()));
        let property = Property::data(J::number(1.0));
        ok::<J, _>(cx, |cx| {
            J::define_property(cx, &object, "a".into(), property)
        });
        ok::<J, _>(cx, |cx| J::freeze(cx, &object));
        define::<J>(cx, "o", object.clone());
        assert!(holds::<J>(
            cx,
            "Object.isFrozen(o) && Object.getPrototypeOf(o) === null"
        ));
        thrown::<J, _>(J::set(cx, &object, "a".into(), &J::null()));
        thrown::<J, _>(J::set(cx, &object, "b".into(), &J::null()));
    });
}

/// Operations on a proxy run its traps, and keep what they throw.
pub fn proxies_run_their_traps<J: JsHost>() {
    Fixture::<J>::new().enter(|cx| {
        let proxy = eval::<J>(
            cx,
            "log = []; handler = new Proxy({}, { get(_, trap) { return (...args) => { \
                log.push(trap); return Reflect[trap](...args); }; } }); \
            new Proxy({ a: 1 }, handler)",
        );
        ok::<J, _>(cx, |cx| J::get(cx, &proxy, "a".into()));
        let property = Property::data(J::number(2.0));
        ok::<J, _>(cx, |cx| {
            J::define_property(cx, &proxy, "b".into(), property)
        });
        let found = ok::<J, _>(cx, |cx| J::get_own_property(cx, &proxy, "b".into()));
        assert!(found.is_some());
        assert_eq!(ok::<J, _>(cx, |cx| J::own_keys(cx, &proxy)).len(), 2);
        ok::<J, _>(cx, |cx| J::get_prototype(cx, &proxy));
        assert_eq!(
            eval_text::<J>(cx, "log.join()"),
            "get,defineProperty,getOwnPropertyDescriptor,ownKeys,getPrototypeOf"
        );
        assert_eq!(J::object_class(cx, &proxy), Some(ObjectClass::Proxy));
        let raising = eval::<J>(
            cx,
            "new Proxy({}, new Proxy({}, { get() { return () => { throw 'trap'; }; } }))",
        );
        let errors = [
            J::get(cx, &raising, "a".into()).err(),
            J::set(cx, &raising, "a".into(), &J::null()).err(),
            J::own_keys(cx, &raising).err(),
            J::get_prototype(cx, &raising).err(),
            J::get_own_property(cx, &raising, "a".into()).err(),
            J::define_property(cx, &raising, "a".into(), Property::data(J::null())).err(),
        ];
        for error in errors {
            let Some(Throw::Value(error)) = error else {
                panic!("did not throw");
            };
            assert_eq!(J::as_text(cx, &error).as_deref(), Some("trap"));
        }
    });
}

/// What each object is.
pub fn objects_have_classes<J: JsHost>() {
    Fixture::<J>::with_modules(&[("m.js", "export let x;")]).enter(|cx| {
        let classes = [
            ("({})", ObjectClass::Ordinary),
            ("Object.create(null)", ObjectClass::Ordinary),
            ("new (class {})", ObjectClass::Ordinary),
            ("Object.create(Array.prototype)", ObjectClass::Ordinary),
            ("[]", ObjectClass::Array),
            ("new (class extends Array {})", ObjectClass::Array),
            ("(() => 1)", ObjectClass::Function),
            ("(class {})", ObjectClass::Function),
            ("(function () {}).bind()", ObjectClass::Function),
            ("new RangeError()", ObjectClass::Error),
            ("new (class extends Error {})", ObjectClass::Error),
            ("new Proxy([], {})", ObjectClass::Proxy),
            ("new Proxy(() => 1, {})", ObjectClass::Proxy),
            ("Promise.resolve()", ObjectClass::Promise),
            ("new ArrayBuffer(1)", ObjectClass::ArrayBuffer),
            ("new SharedArrayBuffer(1)", ObjectClass::SharedArrayBuffer),
            ("new Uint8Array(1)", ObjectClass::TypedArray),
            ("new BigInt64Array(1)", ObjectClass::TypedArray),
            ("new Float64Array(1)", ObjectClass::TypedArray),
            ("new Uint8ClampedArray(1)", ObjectClass::TypedArray),
            ("new DataView(new ArrayBuffer(1))", ObjectClass::DataView),
            ("new Date()", ObjectClass::Date),
            ("/x/", ObjectClass::RegExp),
            ("new Map()", ObjectClass::Map),
            ("new Set()", ObjectClass::Set),
            ("new WeakMap()", ObjectClass::WeakMap),
            ("new WeakSet()", ObjectClass::WeakSet),
            ("new WeakRef({})", ObjectClass::WeakRef),
            ("Object(1)", ObjectClass::Primitive),
            ("Object('s')", ObjectClass::Primitive),
            ("Object(1n)", ObjectClass::Primitive),
            ("Object(true)", ObjectClass::Primitive),
            ("Object(Symbol())", ObjectClass::Primitive),
        ];
        for (source, class) in classes {
            let value = eval::<J>(cx, source);
            assert_eq!(J::object_class(cx, &value), Some(class), "{source}");
        }
        for source in ["1", "'s'", "null", "undefined", "Symbol()", "1n"] {
            let value = eval::<J>(cx, source);
            assert_eq!(J::object_class(cx, &value), None, "{source}");
            assert!(!J::is_ecmascript_function(cx, &value), "{source}");
        }
        eval::<J>(
            cx,
            "import('./m.js').then(ns => { globalThis.ns = ns; }); 0",
        );
        run_jobs::<J>(cx);
        let namespace = eval::<J>(cx, "ns");
        assert_eq!(
            J::object_class(cx, &namespace),
            Some(ObjectClass::Namespace)
        );
    });
}

/// Arrays, prototypes and intrinsics.
pub fn arrays_and_prototypes<J: JsHost>() {
    Fixture::<J>::new().enter(|cx| {
        let text = ok::<J, _>(cx, |cx| J::string(cx, "s"));
        let array = ok::<J, _>(cx, |cx| {
            J::create_array(cx, &[J::number(1.0), text, J::undefined()])
        });
        define::<J>(cx, "a", array.clone());
        assert!(holds::<J>(
            cx,
            "Array.isArray(a) && a.length === 3 && a[1] === 's' && 2 in a"
        ));
        let empty = ok::<J, _>(cx, |cx| J::create_array(cx, &[]));
        define::<J>(cx, "e", empty);
        assert!(holds::<J>(cx, "Array.isArray(e) && e.length === 0"));
        for (intrinsic, source) in [
            (Intrinsic::ObjectPrototype, "Object.prototype"),
            (Intrinsic::FunctionPrototype, "Function.prototype"),
            (Intrinsic::ErrorConstructor, "Error"),
            (Intrinsic::ErrorPrototype, "Error.prototype"),
            (Intrinsic::Promise, "Promise"),
        ] {
            let expected = eval::<J>(cx, source);
            let value = J::intrinsic(cx, intrinsic);
            assert!(J::same_value(cx, &value, &expected), "{source}");
        }
        let proto = ok::<J, _>(cx, |cx| J::get_prototype(cx, &array));
        let expected = eval::<J>(cx, "Array.prototype");
        assert!(J::same_value(cx, &proto, &expected));
        let child = ok::<J, _>(cx, |cx| J::create_object(cx, &array));
        let proto = ok::<J, _>(cx, |cx| J::get_prototype(cx, &child));
        assert!(J::same_value(cx, &proto, &array));
        let bare = ok::<J, _>(cx, |cx| J::create_object(cx, &J::null()));
        let proto = ok::<J, _>(cx, |cx| J::get_prototype(cx, &bare));
        assert_eq!(J::type_of(&proto), ValueType::Null);
        ok::<J, _>(cx, |cx| J::set_prototype(cx, &bare, &array));
        let proto = ok::<J, _>(cx, |cx| J::get_prototype(cx, &bare));
        assert!(J::same_value(cx, &proto, &array));
        ok::<J, _>(cx, |cx| J::set_prototype(cx, &bare, &J::null()));
        let native = function::<J>(cx, "f", |_, _| Ok(J::undefined()));
        ok::<J, _>(cx, |cx| J::set_prototype(cx, &native, &child));
        define::<J>(cx, "native", native);
        assert!(holds::<J>(
            cx,
            "native[1] === 's' && typeof native === 'function'"
        ));
        thrown::<J, _>(J::set_prototype(cx, &array, &child));
    });
}

/// Host objects carry their data and nothing else.
pub fn host_objects_carry_data<J: JsHost>() {
    Fixture::<J>::new().enter(|cx| {
        let proto = eval::<J>(cx, "globalThis.proto = { m() { return 1; } }; proto");
        let data = HostData { class: 3, slot: 9 };
        let object = ok::<J, _>(cx, |cx| J::create_host_object(cx, &proto, data));
        assert_eq!(J::host_data(cx, &object), Some(data));
        assert_eq!(J::type_of(&object), ValueType::Object);
        define::<J>(cx, "h", object);
        for source in [
            "Object.getPrototypeOf(h) === proto && h.m() === 1 && typeof h === 'object'",
            "Reflect.ownKeys(h).length === 0 && Object.isExtensible(h)",
            "h.x = 1, h.x === 1 && JSON.stringify(h) === '{\"x\":1}'",
            "Object.prototype.toString.call(h) === '[object Object]'",
            "Object.isFrozen(Object.freeze(h))",
        ] {
            assert!(holds::<J>(cx, source), "{source}");
        }
        let found = eval::<J>(cx, "h");
        assert_eq!(J::host_data(cx, &found), Some(data));
        for source in [
            "({})",
            "Object.create(h)",
            "new Proxy(h, {})",
            "1",
            "null",
            "() => 1",
        ] {
            let value = eval::<J>(cx, source);
            assert_eq!(J::host_data(cx, &value), None, "{source}");
        }
        let bare = ok::<J, _>(cx, |cx| J::create_host_object(cx, &J::null(), data));
        assert_eq!(J::host_data(cx, &bare), Some(data));
    });
}

/// The data of a dead host object goes to the graveyard, once.
pub fn dead_host_objects_are_buried<J: JsHost>() {
    let mut fixture = Fixture::<J>::new();
    let graveyard = fixture.graveyard.clone();
    fixture.enter(|cx| {
        let make = |cx: &mut J::Scope<'_>, slot| {
            let data = HostData { class: 1, slot };
            ok::<J, _>(cx, |cx| J::create_host_object(cx, &J::null(), data))
        };
        let kept = make(cx, 0);
        for slot in 1..=10 {
            let object = make(cx, slot);
            define::<J>(cx, "h", object);
            eval::<J>(cx, "h.cycle = { h }; h = null;");
        }
        J::collect_garbage(cx);
        J::collect_garbage(cx);
        let mut slots: Vec<_> = graveyard
            .borrow_mut()
            .drain(..)
            .map(|data| data.slot)
            .collect();
        slots.sort_unstable();
        assert_eq!(slots, (1..=10).collect::<Vec<_>>());
        assert!(J::host_data(cx, &kept).is_some());
        define::<J>(cx, "kept", kept);
    });
    drop(fixture);
    assert_eq!(*graveyard.borrow(), [HostData { class: 1, slot: 0 }]);
}

/// Weak handles find what lives and nothing else.
pub fn weak_handles_do_not_keep<J: JsHost>() {
    Fixture::<J>::new().enter(|cx| {
        let data = HostData { class: 1, slot: 2 };
        let object = ok::<J, _>(cx, |cx| J::create_host_object(cx, &J::null(), data));
        let native = function::<J>(cx, "f", |_, _| Ok(J::undefined()));
        for value in [object, native] {
            let weak = J::downgrade(cx, &value);
            J::collect_garbage(cx);
            let up = J::upgrade(cx, &weak).expect("it lives");
            assert!(J::same_value(cx, &up, &value));
            drop(value);
            J::collect_garbage(cx);
            assert!(J::upgrade(cx, &weak).is_some(), "kept by the other handle");
            define::<J>(cx, "v", up);
            eval::<J>(cx, "v.cycle = { v };");
            J::collect_garbage(cx);
            assert!(J::upgrade(cx, &weak).is_some(), "kept by the script");
            eval::<J>(cx, "v = null;");
            J::collect_garbage(cx);
            J::collect_garbage(cx);
            assert!(J::upgrade(cx, &weak).is_none());
        }
        let spec = FunctionSpec {
            name: "",
            length: 0,
            constructor: true,
        };
        let body: std::rc::Rc<Body<J>> = std::rc::Rc::new(|_, _| Ok(J::null()));
        let value = ok::<J, _>(cx, |cx| J::create_function::<Closure>(cx, body, spec));
        let weak = J::downgrade(cx, &value);
        assert!(J::upgrade(cx, &weak).is_some());
    });
}
