//! The records: status, generations, shared compilations, listing.

use std::cell::Cell;
use std::time::{Duration, UNIX_EPOCH};

use sinew_registry::{ExportEntry, ImportEntry, Key, Record, Registry, Status};

fn key(name: &str) -> Key {
    Key::from_url(&format!("file:///root/{name}")).unwrap()
}

#[test]
fn compilations_are_shared_by_content_and_dropped_with_the_last_record() {
    let mut registry: Registry<String, u32> = Registry::new();
    let count = Cell::new(0);
    let load = |registry: &mut Registry<String, u32>, name: &str, bytes: &[u8]| {
        registry.insert(key(name), Record::new(0));
        let module = registry.compiled(&key(name), bytes, || {
            count.set(count.get() + 1);
            Ok::<_, ()>(String::from_utf8_lossy(bytes).into_owned())
        });
        module.unwrap()
    };
    assert_eq!(load(&mut registry, "m.wasm?a", b"one"), "one");
    assert_eq!(load(&mut registry, "m.wasm?b", b"one"), "one");
    assert_eq!(load(&mut registry, "copy.wasm", b"one"), "one");
    assert_eq!(load(&mut registry, "n.wasm", b"two"), "two");
    assert_eq!((count.get(), registry.compilations()), (2, 2));
    // The file has changed and is loaded again: the old content stays for the others.
    assert_eq!(load(&mut registry, "m.wasm?a", b"three"), "three");
    assert_eq!((count.get(), registry.compilations()), (3, 3));
    registry.unload(&key("m.wasm?b"));
    assert_eq!(registry.compilations(), 3);
    registry.unload(&key("copy.wasm"));
    assert_eq!(registry.compilations(), 2);
    registry.unload(&key("copy.wasm"));
    registry.unload(&key("m.wasm?a"));
    registry.unload(&key("n.wasm"));
    assert_eq!(registry.compilations(), 0);
    load(&mut registry, "m.wasm?a", b"one");
    assert_eq!(count.get(), 4);
}

#[test]
fn compiling_twice_for_one_record_counts_once() {
    let mut registry: Registry<u8, ()> = Registry::new();
    registry.insert(key("a"), Record::new(()));
    for content in [b"x", b"x", b"y", b"x"] {
        registry
            .compiled(&key("a"), content, || Ok::<_, ()>(content[0]))
            .unwrap();
        assert_eq!(registry.compilations(), 1);
    }
    registry.unload(&key("a"));
    assert_eq!(registry.compilations(), 0);
    // A failure is not kept, and neither is what no record will release.
    registry.insert(key("b"), Record::new(()));
    assert_eq!(
        registry.compiled(&key("b"), b"x", || Err("bad")),
        Err("bad")
    );
    assert_eq!(
        registry.compiled(&key("none"), b"x", || Ok::<_, ()>(1)),
        Ok(1)
    );
    assert_eq!(registry.compilations(), 0);
    registry.unload(&key("b"));
}

#[test]
fn generations_make_names_fresh() {
    let mut registry: Registry<(), u32> = Registry::default();
    let key = key("a%20b.wasm?x#y");
    let mut names = Vec::new();
    for value in 0..4 {
        assert_eq!(registry.generation(&key), value);
        assert_eq!(registry.insert(key.clone(), Record::new(value)), None);
        names.push(registry.module_name(&key));
        assert_eq!(registry.unload(&key), Some(value));
        assert_eq!(registry.unload(&key), None);
    }
    assert_eq!(names[0], key.url());
    assert_eq!(names[3], "file:///root/a%20b.wasm?x#y <3>");
    for name in &names {
        assert_eq!(registry.key_of(name).as_ref(), Some(&key));
    }
    names.dedup();
    assert_eq!(names.len(), 4);
    // A module that was replaced was unloaded.
    registry.insert(key.clone(), Record::new(8));
    assert_eq!(registry.insert(key.clone(), Record::new(9)), Some(8));
    assert_eq!(registry.generation(&key), 5);
    // No other key has such a name.
    let like = Key::from_url("file:///root/a%20b.wasm?x#y <3>").unwrap();
    assert_ne!(registry.module_name(&like), names[3]);
    assert_eq!(registry.key_of(&registry.module_name(&like)), Some(like));
}

#[test]
fn status_goes_forward() {
    let mut registry: Registry<(), ()> = Registry::new();
    let key = key("a");
    assert_eq!(registry.status(&key), None);
    assert!(!registry.set_status(&key, Status::Loading));
    registry.insert(key.clone(), Record::new(()));
    assert_eq!(registry.status(&key), Some(&Status::Resolved));
    for (status, may) in [
        (Status::Loading, true),
        (Status::Loading, true),
        (Status::Compiled, true),
        (Status::Loading, false),
        (Status::Unloaded, false),
        (Status::Evaluated, true),
        (Status::Compiled, false),
        (Status::Failed("one".to_owned()), true),
        (Status::Failed("two".to_owned()), false),
        (Status::Evaluated, false),
    ] {
        assert_eq!(registry.set_status(&key, status.clone()), may, "{status:?}");
    }
    let failures: Vec<_> = registry.failures().collect();
    assert_eq!(failures, [(&key, "one")]);
    registry.unload(&key);
    assert_eq!(registry.status(&key), Some(&Status::Unloaded));
    assert_eq!(registry.failures().count(), 0);
    assert!(registry.get(&key).is_none() && registry.list().is_empty());
}

#[test]
fn listing() {
    let mut registry: Registry<(), ()> = Registry::new();
    for name in ["b.js", "a.wasm?2", "a.wasm", "gone.js", "a.wasm?1"] {
        registry.insert(key(name), Record::new(()));
    }
    registry.unload(&key("gone.js"));
    registry
        .compiled(&key("a.wasm"), b"abc", || Ok::<_, ()>(()))
        .unwrap();
    registry.set_status(&key("a.wasm"), Status::Compiled);
    registry.set_status(&key("b.js"), Status::Failed("no".to_owned()));
    let text = str::to_owned;
    let record = registry.get_mut(&key("a.wasm")).unwrap();
    record.imports = vec![ImportEntry {
        module: text("./b.js"),
        name: text("f"),
        kind: text("function"),
        ty: text("(i32) -> ()"),
    }];
    record.exports = vec![ExportEntry {
        name: text("memory"),
        kind: text("memory"),
        ty: text("1 page"),
    }];
    record.bytes = 3;
    record.times.read = Duration::from_micros(1500);
    record.times.loaded = Some(UNIX_EPOCH + Duration::from_secs(1));
    let list = registry.list();
    let keys: Vec<_> = list.iter().map(|line| line.key.as_str()).collect();
    assert_eq!(
        keys,
        [
            "file:///root/a.wasm",
            "file:///root/a.wasm?1",
            "file:///root/a.wasm?2",
            "file:///root/b.js"
        ]
    );
    assert_eq!(registry.keys().count(), 4);
    let json: Vec<String> = list
        .iter()
        .map(|line| serde_json::to_string(line).unwrap())
        .collect();
    assert_eq!(
        json[0],
        concat!(
            r#"{"key":"file:///root/a.wasm","status":{"state":"compiled"},"generation":0,"#,
            r#""imports":[{"module":"./b.js","name":"f","kind":"function","ty":"(i32) -> ()"}],"#,
            r#""exports":[{"name":"memory","kind":"memory","ty":"1 page"}],"bytes":3,"#,
            r#""times":{"readMs":1.5,"compileMs":0.0,"instantiateMs":0.0,"loadedAtMs":1000.0},"#,
            r#""sha256":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}"#
        )
    );
    assert!(json[3].contains(r#""status":{"state":"failed","message":"no"}"#));
}

/// Enough that anything but a look-up by hash would be felt.
#[test]
fn ten_thousand_records_are_found_and_listed_in_order() {
    const COUNT: usize = 10_000;
    let mut registry: Registry<(), usize> = Registry::new();
    let name = |number: usize| format!("m{:05}.wasm", number * 7919 % COUNT);
    for number in 0..COUNT {
        registry.insert(key(&name(number)), Record::new(number));
    }
    for number in 0..COUNT {
        let found = registry.get(&key(&name(number)));
        assert_eq!(found.map(|record| record.value), Some(number));
    }
    assert!(registry.keys().is_sorted());
    assert_eq!(registry.keys().count(), COUNT);
    assert!(registry.list().is_sorted_by_key(|line| line.key.clone()));
}
