//! References of the `any` hierarchy.

use super::fixture::*;
use crate::{Extern, HostId, Reference, WasmEngine};

/// Makes and takes apart whatever there is in the hierarchy.
const OBJECTS: &str = r#"(module
    (type $s (struct (field (mut i32))))
    (type $a (array (mut i32)))
    (table $t (export "t") 10 anyref)
    (global $g (export "g") (mut anyref) (ref.null any))
    (func (export "pass") (param anyref) (result anyref) (local.get 0))
    (func (export "null") (result anyref) (ref.null none))
    (func (export "i31") (param i32) (result i31ref) (ref.i31 (local.get 0)))
    (func (export "i31-get") (param anyref) (result i32)
        (i31.get_s (ref.cast i31ref (local.get 0))))
    (func (export "struct") (param i32) (result (ref $s)) (struct.new $s (local.get 0)))
    (func (export "struct-get") (param structref) (result i32)
        (struct.get $s 0 (ref.cast (ref $s) (local.get 0))))
    (func (export "array") (param i32) (result arrayref)
        (array.new $a (i32.const 7) (local.get 0)))
    (func (export "keep") (param i32 anyref)
        (table.set $t (local.get 0) (local.get 1)) (global.set $g (local.get 1)))
    (func (export "at") (param i32) (result anyref) (table.get $t (local.get 0)))
    (func (export "same") (param eqref eqref) (result i32) (ref.eq (local.get 0) (local.get 1)))
    (func (export "to-extern") (param anyref) (result externref)
        (extern.convert_any (local.get 0)))
    (func (export "to-any") (param externref) (result anyref)
        (any.convert_extern (local.get 0)))
    (func (export "litter") (param i32)
        (loop $again
            (drop (array.new_default $a (i32.const 100)))
            (drop (struct.new $s (local.get 0)))
            (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))"#;

fn objects<W: WasmEngine>() -> Option<(Fixture<W>, W::Instance)> {
    W::FEATURES.gc.then(|| {
        let mut fx = Fixture::<W>::new();
        let instance = fx.instance(OBJECTS, &[]);
        (fx, instance)
    })
}

#[track_caller]
fn i31_of<W: WasmEngine>(reference: &Reference<W>) -> i32 {
    match reference {
        Reference::I31(value) => *value,
        _ => panic!("no unboxed integer"),
    }
}

/// The identity of a struct or array.
#[track_caller]
fn object_of<W: WasmEngine>(reference: Reference<W>) -> u64 {
    match reference {
        Reference::Object { identity, .. } => identity,
        _ => panic!("no struct or array"),
    }
}

#[track_caller]
fn identity<W: WasmEngine>(fx: &mut Fixture<W>, val: &Val<W>) -> u64 {
    object_of(W::any_read(&mut fx.cx(), &any_of(val)))
}

/// Unboxed integers are what they were on both sides; null is null.
pub fn gc_i31<W: WasmEngine>() {
    let Some((mut fx, instance)) = objects::<W>() else {
        return;
    };
    for value in [0, 1, -1, 7, (1 << 30) - 1, -(1 << 30)] {
        let made = W::any_from_i31(&mut fx.cx(), value).expect("an integer");
        assert_eq!(i31_of(&W::any_read(&mut fx.cx(), &made)), value);
        let made = Val::Any(Some(made));
        let seen = fx.get(&instance, "i31-get", std::slice::from_ref(&made));
        assert_same(&[seen], &[Val::I32(value)]);
        let theirs = fx.get(&instance, "i31", &[Val::I32(value)]);
        let read = W::any_read(&mut fx.cx(), &any_of(&theirs));
        assert_eq!(i31_of(&read), value);
        let same = fx.get(&instance, "same", &[made, theirs]);
        assert_same(&[same], &[Val::I32(1)]);
    }
    let null = fx.get(&instance, "null", &[]);
    assert!(matches!(null, Val::Any(None)));
    let null = fx.get(&instance, "pass", &[Val::Any(None)]);
    assert!(matches!(null, Val::Any(None)));
}

/// What crosses from one hierarchy to the other, on either side of the seam, comes back as it was.
pub fn gc_extern_conversions<W: WasmEngine>() {
    let Some((mut fx, instance)) = objects::<W>() else {
        return;
    };
    let host = fx.externref(9);
    let any = W::any_from_extern(&mut fx.cx(), &host).expect("a reference");
    assert!(matches!(
        W::any_read(&mut fx.cx(), &any),
        Reference::Host(HostId(9))
    ));
    let inside = fx.get(&instance, "to-any", &[Val::Extern(Some(host))]);
    for any in [any, any_of(&inside)] {
        let read = W::any_read(&mut fx.cx(), &any);
        assert!(matches!(read, Reference::Host(HostId(9))));
        let back = W::extern_from_any(&mut fx.cx(), &any).expect("a reference");
        assert_eq!(id_of::<W>(&mut fx.cx(), &back), HostId(9));
        let back = fx.get(&instance, "to-extern", &[Val::Any(Some(any))]);
        assert_eq!(id_of::<W>(&mut fx.cx(), &extern_of(&back)), HostId(9));
    }

    let integer = W::any_from_i31(&mut fx.cx(), -5).expect("an integer");
    let outside = W::extern_from_any(&mut fx.cx(), &integer).expect("a reference");
    let inside = fx.get(&instance, "to-extern", &[Val::Any(Some(integer))]);
    for value in [outside, extern_of(&inside)] {
        assert_eq!(i31_of(&W::extern_read(&mut fx.cx(), &value)), -5);
        let back = W::any_from_extern(&mut fx.cx(), &value).expect("a reference");
        assert_eq!(i31_of(&W::any_read(&mut fx.cx(), &back)), -5);
    }

    let object = fx.get(&instance, "struct", &[Val::I32(3)]);
    let first = identity(&mut fx, &object);
    let outside = W::extern_from_any(&mut fx.cx(), &any_of(&object)).expect("a reference");
    let inside = fx.get(&instance, "to-extern", &[object]);
    for value in [outside, extern_of(&inside)] {
        let read = W::extern_read(&mut fx.cx(), &value);
        let Reference::Object { object, identity } = read else {
            panic!("no object");
        };
        assert_eq!(identity, first);
        let seen = fx.get(&instance, "struct-get", &[Val::Any(Some(object))]);
        assert_same(&[seen], &[Val::I32(3)]);
        let back = W::any_from_extern(&mut fx.cx(), &value).expect("a reference");
        assert_eq!(object_of(W::any_read(&mut fx.cx(), &back)), first);
    }
    for (name, null) in [("to-any", Val::Extern(None)), ("to-extern", Val::Any(None))] {
        let back = fx.get(&instance, name, &[null]);
        assert!(matches!(back, Val::Any(None) | Val::Extern(None)), "{name}");
    }
}

/// However it is come by, an object is itself, and no other is.
pub fn gc_identity<W: WasmEngine>() {
    let Some((mut fx, instance)) = objects::<W>() else {
        return;
    };
    let mut seen = std::collections::HashSet::new();
    let mut all = Vec::new();
    for slot in 0..10 {
        let name = ["struct", "array"][usize::from(slot % 2 == 1)];
        let object = fx.get(&instance, name, &[Val::I32(3)]);
        let first = identity(&mut fx, &object);
        assert!(seen.insert(first), "two objects are one");
        let keep = fx.func(&instance, "keep");
        fx.call(&keep, &[Val::I32(slot), object.clone()])
            .expect("no trap");
        let (table, global) = (fx.table(&instance, "t"), fx.global(&instance, "g"));
        let at = W::table_get(&mut fx.cx(), &table, u64::from(slot.unsigned_abs()));
        let ways = [
            object.clone(),
            fx.get(&instance, "pass", std::slice::from_ref(&object)),
            fx.get(&instance, "at", &[Val::I32(slot)]),
            at.expect("in bounds"),
            W::global_get(&mut fx.cx(), &global),
        ];
        for (i, way) in ways.iter().enumerate() {
            assert_eq!(identity(&mut fx, way), first, "way {i}");
        }
        let read = W::any_read(&mut fx.cx(), &any_of(&object));
        let Reference::Object { object: again, .. } = read else {
            panic!("no object");
        };
        assert_eq!(object_of(W::any_read(&mut fx.cx(), &again)), first);
        let same = fx.get(&instance, "same", &[object.clone(), Val::Any(Some(again))]);
        assert_same(&[same], &[Val::I32(1)]);
        all.push((object, first));
    }
    for (object, first) in &all {
        assert_eq!(identity(&mut fx, object), *first);
    }
}

/// What a handle or the store holds outlives any amount of garbage, and keeps its identity.
pub fn gc_objects_survive_collection<W: WasmEngine>() {
    let Some((mut fx, instance)) = objects::<W>() else {
        return;
    };
    let held: Vec<_> = (0..50)
        .map(|i| {
            let object = fx.get(&instance, "struct", &[Val::I32(i)]);
            (identity(&mut fx, &object), object)
        })
        .collect();
    let stored = fx.get(&instance, "struct", &[Val::I32(99)]);
    let host = Val::Extern(Some(fx.externref(42)));
    let host = fx.get(&instance, "to-any", &[host]);
    for (slot, value) in [(0, &stored), (1, &host)] {
        let keep = fx.func(&instance, "keep");
        fx.call(&keep, &[Val::I32(slot), value.clone()])
            .expect("no trap");
    }
    drop((stored, host));
    let litter = fx.func(&instance, "litter");
    for _ in 0..20 {
        fx.invoke(&litter, &[Val::I32(5_000)]).expect("no trap");
        // Handles that come and go are no leak that fills the heap.
        for i in 0..1000 {
            fx.get(&instance, "struct", &[Val::I32(i)]);
        }
    }
    for (i, (before, object)) in held.iter().enumerate() {
        assert_eq!(identity(&mut fx, object), *before);
        let seen = fx.get(&instance, "struct-get", std::slice::from_ref(object));
        assert_eq!(i32_of(&seen), i32::try_from(i).expect("few"));
    }
    let stored = fx.get(&instance, "at", &[Val::I32(0)]);
    let seen = fx.get(&instance, "struct-get", &[stored]);
    assert_same(&[seen], &[Val::I32(99)]);
    let host = fx.get(&instance, "at", &[Val::I32(1)]);
    assert!(fx.released.drain().is_empty());
    assert!(matches!(
        W::any_read(&mut fx.cx(), &any_of(&host)),
        Reference::Host(HostId(42))
    ));
}

/// Host functions take and give references of the hierarchy.
pub fn gc_host_function<W: WasmEngine>() {
    if !W::FEATURES.gc {
        return;
    }
    let mut fx = Fixture::<W>::new();
    let signature = ty(&[ANYREF, STRUCTREF], &[STRUCTREF, ANYREF]);
    let swap = fx.host_general(&signature, |store, params, results| {
        assert_eq!(i31_of(&W::any_read(store, &any_of(&params[0]))), 12);
        let object = any_of(&params[1]);
        object_of(W::any_read(store, &object));
        results[0] = Val::Any(Some(object));
        results[1] = params[0].clone();
        Ok(())
    });
    let instance = fx.instance(
        r#"(module (type $s (struct (field i32)))
            (import "h" "swap" (func $swap (param anyref structref) (result structref anyref)))
            (func (export "f") (result i32) (local $n i32)
                (call $swap (ref.i31 (i32.const 12)) (struct.new $s (i32.const 30)))
                ref.cast i31ref i31.get_s local.set $n
                ref.cast (ref $s) struct.get $s 0 local.get $n i32.add))"#,
        &[Extern::Func(swap)],
    );
    assert_eq!(fx.run(&instance, "f"), 42);
}
