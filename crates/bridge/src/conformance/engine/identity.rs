//! Which function is which.

use super::fixture::*;
use crate::{Extern, ValType, WasmEngine};

const PROVIDER: &str = r#"(module
    (import "h" "host" (func $host (result i32)))
    (table $t (export "t") 4 funcref) (elem (i32.const 0) $f)
    (global $g (export "g") (mut funcref) (ref.func $f))
    (func $unused)
    (func $f (export "f") (export "again") (result i32) i32.const 1)
    (func $h (export "h") (result i32) i32.const 1)
    (export "host" (func $host))
    (func (export "ref") (result funcref) ref.func $f)
    (func (export "host-ref") (result funcref) ref.func $host))"#;

const USER: &str = r#"(module
    (import "a" "t" (table $t 4 funcref))
    (import "a" "f" (func $f (result i32)))
    (elem (i32.const 1) $f)
    (export "f" (func $f))
    (func (export "set") (table.set (i32.const 2) (ref.func $f)))
    (func (export "copy") (table.copy (i32.const 3) (i32.const 0) (i32.const 1)))
    (func (export "pass") (param funcref) (result funcref) local.get 0)
    (func (export "ref") (result funcref) ref.func $f))"#;

/// One function by all the ways there are to it.
fn ways<W: WasmEngine>(fx: &mut Fixture<W>, name: &str) -> Vec<W::Func> {
    let host = fx.host(&ty(&[], &[ValType::I32]), |_, vals| {
        vals[0] = W::raw_i32(1);
        Ok(())
    });
    let provider = fx.instance(PROVIDER, &[Extern::Func(host.clone())]);
    let f = fx.func(&provider, name);
    let table = fx.table(&provider, "t");
    let imports = [Extern::Table(table.clone()), Extern::Func(f.clone())];
    let user = fx.instance(USER, &imports);
    let first = Val::Func(Some(f.clone()));
    W::table_set(&mut fx.cx(), &table, 0, &first).expect("in bounds");
    for step in ["set", "copy"] {
        let step = fx.func(&user, step);
        fx.invoke(&step, &[]).expect("no trap");
    }
    let mut all = vec![f.clone(), fx.func(&provider, name), fx.func(&user, "f")];
    for index in 0..4 {
        let element = W::table_get(&mut fx.cx(), &table, index).expect("in bounds");
        all.push(func_of(&element));
    }
    let pass = fx.func(&user, "pass");
    all.push(func_of(&fx.call(&pass, &[first]).expect("no trap")[0]));
    let own = if name == "host" { "host-ref" } else { "ref" };
    for (instance, name) in [(&user, "ref"), (&provider, own)] {
        let f = fx.func(instance, name);
        all.push(func_of(&fx.call(&f, &[]).expect("no trap")[0]));
    }
    if name == "host" {
        all.push(host);
    } else {
        all.push(fx.func(&provider, "again"));
        let global = fx.global(&provider, "g");
        all.push(func_of(&W::global_get(&mut fx.cx(), &global)));
    }
    // A second user, with a vmctx of its own, makes no difference.
    let user = fx.instance(USER, &imports);
    all.push(fx.func(&user, "f"));
    all
}

/// However it is come by, a function is itself.
pub fn func_identity_of_one_function<W: WasmEngine>() {
    let mut fx = Fixture::<W>::new();
    let ways = ways(&mut fx, "f");
    let first = fx.identity(&ways[0]);
    for (i, way) in ways.iter().enumerate() {
        assert_eq!(fx.identity(way), first, "way {i}");
        let clone = way.clone();
        assert_eq!(fx.identity(&clone), first, "way {i}");
    }
}

/// The same of host functions.
pub fn func_identity_of_host_functions<W: WasmEngine>() {
    let mut fx = Fixture::<W>::new();
    let ways = ways(&mut fx, "host");
    let first = fx.identity(&ways[0]);
    for (i, way) in ways.iter().enumerate() {
        assert_eq!(fx.identity(way), first, "way {i}");
        assert_eq!(W::func_index(&mut fx.cx(), way), None, "way {i}");
    }
    let signature = ty(&[], &[ValType::I32]);
    let twins = [0; 3].map(|_| fx.host(&signature, |_, _| Ok(())));
    let general = ty(&[EXTERNREF], &[]);
    let general = [0; 3].map(|_| fx.host_general(&general, |_, _, _| Ok(())));
    let mut all: Vec<_> = twins.iter().chain(&general).cloned().collect();
    all.push(ways[0].clone());
    assert_distinct(&mut fx, &all);
}

/// Instances that come later change no identity.
pub fn func_identity_lasts<W: WasmEngine>() {
    let mut fx = Fixture::<W>::new();
    let host = fx.host(&ty(&[], &[ValType::I32]), |_, _| Ok(()));
    let general = fx.host_general(&ty(&[EXTERNREF], &[]), |_, _, _| Ok(()));
    let before = [fx.identity(&host), fx.identity(&general)];
    let instance = fx.instance(
        r#"(module (import "a" "host" (func $host (result i32)))
            (import "a" "general" (func $general (param externref)))
            (func (export "own"))
            (export "host" (func $host)) (export "general" (func $general)))"#,
        &[Extern::Func(host.clone()), Extern::Func(general.clone())],
    );
    let own = fx.func(&instance, "own");
    let first = fx.identity(&own);
    fx.instance("(module (func) (func (result i32) unreachable))", &[]);
    assert_eq!([fx.identity(&host), fx.identity(&general)], before);
    for (name, before) in ["host", "general"].iter().zip(before) {
        let again = fx.func(&instance, name);
        assert_eq!(fx.identity(&again), before);
    }
    let own = fx.func(&instance, "own");
    assert_eq!(fx.identity(&own), first);
}

/// A function that is imported as of a supertype stays the same.
pub fn func_identity_of_subtype<W: WasmEngine>() {
    if !W::FEATURES.gc {
        return;
    }
    let types = r#"(type $super (sub (func (result (ref null func)))))
        (type $sub (sub $super (func (result (ref null $super)))))"#;
    let mut fx = Fixture::<W>::new();
    let first = fx.instance(
        &format!(r#"(module {types} (func (export "f") (type $sub) ref.null $super))"#),
        &[],
    );
    let f = fx.func(&first, "f");
    let second = fx.instance(
        &format!(
            r#"(module {types} (import "a" "f" (func $f (type $super)))
                (export "f" (func $f)) (func (export "ref") (result funcref) ref.func $f))"#
        ),
        &[Extern::Func(f.clone())],
    );
    let again = fx.func(&second, "f");
    assert_eq!(fx.identity(&again), fx.identity(&f));
    let get = fx.func(&second, "ref");
    let again = func_of(&fx.call(&get, &[]).expect("no trap")[0]);
    assert_eq!(fx.identity(&again), fx.identity(&f));
    // Types of the module's own look like their abstract supertypes from outside.
    let signature = W::func_type(&mut fx.cx(), &f);
    assert_eq!(signature, ty(&[], &[FUNCREF]));
}

#[track_caller]
fn assert_distinct<W: WasmEngine>(fx: &mut Fixture<W>, funcs: &[W::Func]) {
    let set: std::collections::HashSet<_> = funcs.iter().map(|f| fx.identity(f)).collect();
    assert_eq!(set.len(), funcs.len());
}

/// Functions of equal code and type differ, and so do those of two instances of one module.
pub fn func_identity_of_other_functions<W: WasmEngine>() {
    let mut fx = Fixture::<W>::new();
    let module = fx.compile(
        r#"(module
            (func (export "a") (result i32) i32.const 1)
            (func (export "b") (result i32) i32.const 1)
            (func (export "c") (param i32)) (func (export "d") (param i32)))"#,
    );
    let mut all = Vec::new();
    for _ in 0..3 {
        let instance = W::module_instantiate(&mut fx.cx(), &module, &[]).expect("an instance");
        all.extend(["a", "b", "c", "d"].map(|name| fx.func(&instance, name)));
    }
    assert_distinct(&mut fx, &all);
}

/// The index counts imports first; engines that cannot tell say nothing rather than a wrong one.
pub fn func_index_in_module<W: WasmEngine>() {
    let mut fx = Fixture::<W>::new();
    for way in ways(&mut fx, "f") {
        assert!(matches!(W::func_index(&mut fx.cx(), &way), None | Some(2)));
    }
    let host = fx.host(&ty(&[], &[]), |_, _| Ok(()));
    let bodies = r#"
        (func $a (export "1") (param i32) (result i32) local.get 0)
        (func $b (export "2") (result i32) i32.const 1)
        (func (export "3") (result i32) i32.const 1)
        (func (export "4") (result i32) (call $a (call $b)))
        (func (export "5")))"#;
    let text = format!(r#"(module (import "h" "f" (func $h)) {bodies}"#);
    let module = fx.compile(&text);
    let other = fx.compile("(module (func) (func) (func))");
    let mut told = Vec::new();
    for _ in 0..3 {
        let imports = [Extern::Func(host.clone())];
        let instance = W::module_instantiate(&mut fx.cx(), &module, &imports);
        let instance = instance.expect("an instance");
        W::module_instantiate(&mut fx.cx(), &other, &[]).expect("an instance");
        for index in 1..=5 {
            let f = fx.func(&instance, &index.to_string());
            let found = W::func_index(&mut fx.cx(), &f);
            assert!(
                found.is_none() || found == Some(index),
                "{found:?}, {index}"
            );
            told.push(found.is_some());
        }
    }
    // All or nothing.
    assert!(told.iter().all(|one| *one == told[0]));
}
