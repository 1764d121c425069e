//! What wasm catches, and what it does not.

use super::exceptions::{assert_same_exception, taken};
use super::fixture::*;
use crate::{EngineError, ErrorKind, Extern, HostTrap, TrapCode, ValType, WasmEngine};

/// What host functions throw: this exception, or a completion where there is none.
type Plan<W> = std::rc::Rc<std::cell::RefCell<Option<<W as WasmEngine>::ExnRef>>>;

/// Host functions of either kind that throw by the plan.
fn throwers<W: WasmEngine>(fx: &mut Fixture<W>, plan: &Plan<W>) -> [W::Func; 2] {
    fn run<W: WasmEngine>(store: &mut W::StoreMut<'_>, plan: &Plan<W>) -> Result<(), HostTrap> {
        match &*plan.borrow() {
            Some(exn) => {
                W::exn_throw(store, exn);
                Err(HostTrap::Exception)
            }
            None => Err(HostTrap::Completion),
        }
    }
    let (first, second) = (plan.clone(), plan.clone());
    let scalar = fx.host(&ty(&[ValType::I32], &[]), move |store, _| {
        run::<W>(store, &first)
    });
    let general = fx.host_general(&ty(&[EXTERNREF], &[]), move |store, _, _| {
        run::<W>(store, &second)
    });
    [scalar, general]
}

/// Wasm catches what the host throws, by its tag or whatever it is, and sees its fields.
pub fn exception_of_host_is_caught<W: WasmEngine>() {
    if !W::FEATURES.exceptions {
        return;
    }
    let mut fx = Fixture::<W>::new();
    let plan = Plan::<W>::default();
    let [scalar, general] = throwers(&mut fx, &plan);
    let tag = W::tag_alloc(&mut fx.cx(), &ty(&[ValType::I32, EXTERNREF], &[])).expect("a tag");
    let imports = [
        Extern::Func(scalar),
        Extern::Func(general),
        Extern::Tag(tag.clone()),
    ];
    let catcher = |call: &str| {
        format!(
            r#"(module
            (import "h" "scalar" (func $scalar (param i32)))
            (import "h" "general" (func $general (param externref)))
            (import "h" "e" (tag $e (param i32 externref)))
            (tag $other (param i32 externref))
            (func (export "catch") (result i32 externref)
                (block $h (result i32 externref)
                    (try_table (catch $other $h) (catch $e $h) {call})
                    (i32.const -1) (ref.null extern)))
            (func (export "ref") (result i32 externref exnref)
                (block $h (result i32 externref exnref)
                    (try_table (catch_ref $e $h) {call})
                    (i32.const -1) (ref.null extern) (ref.null exn)))
            (func (export "all") (result i32)
                (block $h (try_table (catch_all $h) {call}) (return (i32.const 0)))
                (i32.const 1))
            (func (export "all-ref") (result exnref)
                (block $h (result exnref)
                    (try_table (catch_all_ref $h) {call})
                    (ref.null exn)))
            (func (export "other") (result i32)
                (block $h (result i32 externref)
                    (try_table (catch $other $h) {call})
                    (i32.const 0) (ref.null extern))
                drop))"#
        )
    };
    for call in [
        "(call $scalar (i32.const 1))",
        "(call $general (ref.null extern))",
    ] {
        let instance = fx.instance(&catcher(call), &imports);
        let fields = [Val::I32(31), Val::Extern(Some(fx.externref(2)))];
        let exn = W::exn_alloc(&mut fx.cx(), &tag, &fields).expect("an exception");
        *plan.borrow_mut() = Some(exn.clone());
        for name in ["catch", "ref"] {
            let f = fx.func(&instance, name);
            let results = fx.call(&f, &[]).expect("caught");
            assert_same(&results[..1], &[Val::I32(31)]);
            assert_eq!(id_of::<W>(&mut fx.cx(), &extern_of(&results[1])).0, 2);
            if let Some(seen) = results.get(2) {
                assert_same_exception(&mut fx, &exn_of(seen), &exn);
            }
        }
        assert_eq!(fx.run(&instance, "all"), 1);
        let seen = fx.get(&instance, "all-ref", &[]);
        assert_same_exception(&mut fx, &exn_of(&seen), &exn);
        // Nothing is left over of what was caught.
        assert!(W::exn_take(&mut fx.cx()).is_none());
        // The clauses of another tag do not catch it.
        let other = fx.func(&instance, "other");
        let result = fx.call(&other, &[]);
        let out = taken(&mut fx, result);
        assert_same_exception(&mut fx, &out, &exn);
    }
    // Without any wasm in between.
    let Extern::Func(scalar) = &imports[0] else {
        panic!("a function");
    };
    let exn = plan.borrow().clone().expect("an exception");
    let result = fx.invoke(scalar, &[Val::I32(0)]);
    let out = taken(&mut fx, result);
    assert_same_exception(&mut fx, &out, &exn);
}

/// Neither a completion nor a trap is an exception, whatever the clause.
pub fn exception_clauses_catch_nothing_else<W: WasmEngine>() {
    if !W::FEATURES.exceptions {
        return;
    }
    let mut fx = Fixture::<W>::new();
    let plan = Plan::<W>::default();
    let [scalar, general] = throwers(&mut fx, &plan);
    let instance = fx.instance(
        r#"(module
            (import "h" "scalar" (func $scalar (param i32)))
            (import "h" "general" (func $general (param externref)))
            (type $f (func)) (table funcref (elem $s $g $d $u))
            (func $s (call $scalar (i32.const 1)))
            (func $g (call $general (ref.null extern)))
            (func $d (drop (i32.div_u (i32.const 1) (i32.const 0))))
            (func $u unreachable)
            (func $deep (param i32)
                (block $h (try_table (catch_all $h) (call_indirect (type $f) (local.get 0)))))
            (func (export "f") (param i32)
                (block $h (result exnref)
                    (try_table (catch_all_ref $h) (call $deep (local.get 0)))
                    (return))
                drop))"#,
        &[scalar, general].map(Extern::Func),
    );
    let f = fx.func(&instance, "f");
    for (index, kind) in [
        (0, ErrorKind::Host),
        (1, ErrorKind::Host),
        (2, ErrorKind::Trap(TrapCode::IntegerDivideByZero)),
        (3, ErrorKind::Trap(TrapCode::Unreachable)),
    ] {
        assert_kind::<_, W>(fx.invoke(&f, &[Val::I32(index)]), kind);
        assert!(W::exn_take(&mut fx.cx()).is_none());
    }
}

/// What `throw_ref` throws again is the same exception; a caught one may be kept for later.
pub fn exception_rethrown<W: WasmEngine>() {
    if !W::FEATURES.exceptions {
        return;
    }
    let mut fx = Fixture::<W>::new();
    let plan = Plan::<W>::default();
    let [scalar, _] = throwers(&mut fx, &plan);
    let instance = fx.instance(
        r#"(module
            (import "h" "scalar" (func $scalar (param i32)))
            (tag $e (param i32))
            (global $kept (export "kept") (mut exnref) (ref.null exn))
            (func (export "host") (call $again (i32.const 0)))
            (func (export "own") (call $again (i32.const 1)))
            (func $again (param i32)
                (block $h (result exnref)
                    (try_table (catch_all_ref $h)
                        (if (local.get 0)
                            (then (throw $e (i32.const 5)))
                            (else (call $scalar (i32.const 1)))))
                    (return))
                (global.set $kept)
                (throw_ref (global.get $kept)))
            (func (export "later") (throw_ref (global.get $kept)))
            (func (export "take") (param exnref) (throw_ref (local.get 0))))"#,
        &[Extern::Func(scalar)],
    );
    let tag = W::tag_alloc(&mut fx.cx(), &ty(&[ValType::I32], &[])).expect("a tag");
    let exn = W::exn_alloc(&mut fx.cx(), &tag, &[Val::I32(77)]).expect("an exception");
    *plan.borrow_mut() = Some(exn.clone());
    let host = fx.func(&instance, "host");
    let later = fx.func(&instance, "later");
    let result = fx.invoke(&host, &[]);
    let first = taken(&mut fx, result);
    assert_same_exception(&mut fx, &first, &exn);
    let own = fx.func(&instance, "own");
    let result = fx.invoke(&own, &[]);
    let own = taken(&mut fx, result);
    assert_same(
        &W::exn_read(&mut fx.cx(), &own).expect("its fields"),
        &[Val::I32(5)],
    );
    for _ in 0..3 {
        let result = fx.invoke(&later, &[]);
        let again = taken(&mut fx, result);
        assert_same_exception(&mut fx, &again, &own);
    }
    let global = fx.global(&instance, "kept");
    let kept = exn_of(&W::global_get(&mut fx.cx(), &global));
    assert_same_exception(&mut fx, &kept, &own);
    let take = fx.func(&instance, "take");
    let result = fx.call(&take, &[Val::Exn(Some(exn.clone()))]);
    let again = taken(&mut fx, result);
    assert_same_exception(&mut fx, &again, &exn);
    let result = fx.call(&take, &[Val::Exn(None)]);
    assert_kind::<_, W>(result, ErrorKind::Trap(TrapCode::NullReference));
}

/// Host functions between frames of wasm pass exceptions on, and each other's completions.
pub fn exception_through_nested_frames<W: WasmEngine>() {
    if !W::FEATURES.exceptions {
        return;
    }
    let mut fx = Fixture::<W>::new();
    let entry: std::rc::Rc<std::cell::RefCell<Option<W::Func>>> = Default::default();
    let passed = std::rc::Rc::new(std::cell::Cell::new(0));
    let again = {
        let (entry, passed) = (entry.clone(), passed.clone());
        fx.host(&ty(&[ValType::I32], &[]), move |store, vals| {
            let f = entry.borrow().clone().ok_or(HostTrap::Completion)?;
            let n = Val::I32(W::raw_get_i32(&vals[0]));
            match invoke::<W>(store, &f, &[n]).map_err(|error| error.kind()) {
                Ok(_) => Ok(()),
                Err(ErrorKind::Exception) => {
                    let exn = W::exn_take(store).ok_or(HostTrap::Completion)?;
                    passed.set(passed.get() + 1);
                    W::exn_throw(store, &exn);
                    Err(HostTrap::Exception)
                }
                Err(_) => Err(HostTrap::Completion),
            }
        })
    };
    let text = r#"(module (import "h" "again" (func $again (param i32)))
        (tag $e (export "e") (param i32))
        (func (export "f") (param i32)
            (if (i32.eqz (local.get 0)) (then (throw $e (i32.const 13))))
            (if (i32.lt_s (local.get 0) (i32.const 0)) (then (unreachable)))
            (block $h (result exnref)
                (try_table (catch_all_ref $h)
                    (call $again (i32.sub (local.get 0) (i32.const 2))))
                (return))
            throw_ref)
        (func (export "caught") (param i32) (result i32)
            (block $h (result i32)
                (try_table (catch $e $h) (call $again (local.get 0)))
                (i32.const 0))))"#;
    let instance = fx.instance(text, &[Extern::Func(again)]);
    let f = fx.func(&instance, "f");
    *entry.borrow_mut() = Some(f.clone());
    let caught = fx.func(&instance, "caught");
    let results = fx.invoke(&caught, &[Val::I32(20)]).expect("caught");
    assert_same(&results, &[Val::I32(13)]);
    assert_eq!(passed.get(), 11);
    let result = fx.invoke(&f, &[Val::I32(20)]);
    let exn = taken(&mut fx, result);
    let tag = W::exn_tag(&mut fx.cx(), &exn).expect("its tag");
    let e = fx.tag(&instance, "e");
    assert!(W::tag_eq(&mut fx.cx(), &tag, &e));
    assert_eq!(passed.get(), 21);
    // A trap at the bottom becomes a completion, which no frame catches.
    assert_kind::<_, W>(fx.invoke(&f, &[Val::I32(21)]), ErrorKind::Host);
    assert_eq!(passed.get(), 21);
}
