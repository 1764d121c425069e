//! Calls from wasm into the host.

use std::cell::Cell;
use std::rc::Rc;
use std::thread::{self, ThreadId};

use super::fixture::*;
use crate::{EngineError, ErrorKind, Extern, HostTrap, Reason, ValType, WasmEngine};
use crate::{ExternKind, HostId};

/// A host function of scalars sees all bits and gives several results.
pub fn host_function_of_scalars<W: WasmEngine>() {
    let mut fx = Fixture::<W>::new();
    let types = [ValType::I32, ValType::I64, ValType::F32, ValType::F64];
    let reversed = [ValType::F64, ValType::F32, ValType::I64, ValType::I32];
    let swap = fx.host(&ty(&types, &reversed), |_, vals| {
        vals[..4].reverse();
        Ok(())
    });
    let nothing = fx.host(&ty(&[], &[]), |_, _| Ok(()));
    let count = fx.host(&ty(&[], &[ValType::I32, ValType::I32]), |_, vals| {
        vals[0] = W::raw_i32(1);
        vals[1] = W::raw_i32(2);
        Ok(())
    });
    let text = r#"(module
        (import "h" "swap" (func $swap (param i32 i64 f32 f64) (result f64 f32 i64 i32)))
        (import "h" "nothing" (func $nothing))
        (import "h" "count" (func $count (result i32 i32)))
        (func (export "swap") (param i32 i64 f32 f64) (result f64 f32 i64 i32)
            call $nothing
            local.get 0 local.get 1 local.get 2 local.get 3 call $swap)
        (func (export "count") (result i32) call $count i32.const 10 i32.mul i32.add))"#;
    let instance = fx.instance(text, &[swap.clone(), nothing, count].map(Extern::Func));
    let params = [
        Val::I32(i32::MIN),
        Val::I64(i64::MAX),
        Val::F32(0x7fa0_0001),
        Val::F64(0x7ff4_0000_0000_0001),
    ];
    let expected: Vec<_> = params.iter().rev().cloned().collect();
    let f = fx.func(&instance, "swap");
    assert_same(&fx.invoke(&f, &params).expect("no trap"), &expected);
    assert_same(&fx.call(&f, &params).expect("no trap"), &expected);
    // A host function called by the host itself.
    assert_same(&fx.invoke(&swap, &params).expect("no trap"), &expected);
    assert_same(&fx.call(&swap, &params).expect("no trap"), &expected);
    assert_eq!(fx.run(&instance, "count"), 21);
}

/// Vectors cross in both directions.
pub fn host_function_of_vectors<W: WasmEngine>() {
    let mut fx = Fixture::<W>::new();
    let not = fx.host_general(
        &ty(&[ValType::V128], &[ValType::V128]),
        |_, params, results| {
            match &params[0] {
                Val::V128(v) => results[0] = Val::V128(!v),
                other => panic!("{other:?} is not a vector"),
            }
            Ok(())
        },
    );
    let instance = fx.instance(
        r#"(module (import "h" "not" (func $not (param v128) (result v128)))
            (func (export "f") (param v128) (result v128) local.get 0 call $not))"#,
        &[Extern::Func(not)],
    );
    let f = fx.func(&instance, "f");
    let vector = 0x0123_4567_89ab_cdef_0011_2233_4455_6677;
    let results = fx.call(&f, &[Val::V128(vector)]).expect("no trap");
    assert_same(&results, &[Val::V128(!vector)]);
}

/// References, null and not, cross in both directions.
pub fn host_function_of_references<W: WasmEngine>() {
    let mut fx = Fixture::<W>::new();
    let signature = ty(&[FUNCREF, EXTERNREF, ValType::I32], &[EXTERNREF, FUNCREF]);
    let seen = Rc::new(Cell::new((false, None)));
    let swap = {
        let seen = seen.clone();
        fx.host_general(&signature, move |store, params, results| {
            let host = match &params[1] {
                Val::Extern(value) => value.as_ref().map(|value| id_of::<W>(store, value)),
                other => panic!("{other:?} is not an external reference"),
            };
            seen.set((matches!(&params[0], Val::Func(Some(_))), host));
            assert_eq!(i32_of(&params[2]), 7);
            results[0] = params[1].clone();
            results[1] = params[0].clone();
            Ok(())
        })
    };
    let instance = fx.instance(
        r#"(module
            (import "h" "swap"
                (func $swap (param funcref externref i32) (result externref funcref)))
            (func (export "swap") (param funcref externref) (result externref funcref)
                local.get 0 local.get 1 i32.const 7 call $swap)
            (func (export "five") (result i32) i32.const 5))"#,
        &[Extern::Func(swap)],
    );
    let (f, five) = (fx.func(&instance, "swap"), fx.func(&instance, "five"));
    let value = fx.externref(3);

    let results = fx
        .call(
            &f,
            &[Val::Func(Some(five.clone())), Val::Extern(Some(value))],
        )
        .expect("no trap");
    assert_eq!(seen.get(), (true, Some(HostId(3))));
    let back = extern_of(&results[0]);
    assert_eq!(id_of::<W>(&mut fx.cx(), &back), HostId(3));
    let back = func_of(&results[1]);
    assert_eq!(fx.identity(&back), fx.identity(&five));
    assert_same(&fx.invoke(&back, &[]).expect("no trap"), &[Val::I32(5)]);

    let results = fx.call(&f, &[Val::Func(None), Val::Extern(None)]);
    let results = results.expect("no trap");
    assert_eq!(seen.get(), (false, None));
    assert!(matches!(results[0], Val::Extern(None)));
    assert!(matches!(results[1], Val::Func(None)));
}

/// What a host function owns is its own, stays while a module has the function, and goes with the
/// store, on its thread; handles keep nothing. What cannot be made is dropped at once.
pub fn host_function_owns_its_data<W: WasmEngine>() {
    /// Notes where it is dropped.
    struct Owned(Rc<Cell<Option<ThreadId>>>, Rc<Cell<i32>>);

    impl Drop for Owned {
        fn drop(&mut self) {
            assert_eq!(self.0.replace(Some(thread::current().id())), None, "once");
        }
    }

    let mut fx = Fixture::<W>::new();
    let dropped: [Rc<Cell<Option<ThreadId>>>; 4] = Default::default();
    let calls: Rc<Cell<i32>> = Rc::default();
    let owned = |at: usize| Owned(dropped[at].clone(), calls.clone());
    let call = |owned: &Owned, n| owned.1.set(owned.1.get() * 10 + n);
    // Of a common signature, of an uncommon one, of a general one.
    let (a, b, c) = (owned(0), owned(1), owned(2));
    let common = fx.host(&ty(&[], &[]), move |_, _| {
        call(&a, 1);
        Ok(())
    });
    let mixed = ty(&[ValType::F32, ValType::I64], &[]);
    let mixed = fx.host(&mixed, move |_, _| {
        call(&b, 2);
        Ok(())
    });
    let general = fx.host_general(&ty(&[EXTERNREF], &[]), move |_, _, _| {
        call(&c, 3);
        Ok(())
    });
    let instance = fx.instance(
        r#"(module (import "h" "f" (func $f)) (import "h" "g" (func $g (param f32 i64)))
            (import "h" "h" (func $h (param externref)))
            (func (export "run") (call $f) (call $g (f32.const 0) (i64.const 0))
                (call $h (ref.null extern)) (call $f)))"#,
        &[common, mixed, general].map(Extern::Func),
    );
    let run = fx.func(&instance, "run");
    assert!(fx.invoke(&run, &[]).expect("no trap").is_empty());
    assert_eq!(calls.get(), 1231);

    let refused = owned(3);
    let body = Body::General(Box::new(move |_, _, _| {
        call(&refused, 4);
        Ok(())
    }));
    let many = vec![ValType::I32; 100_000];
    let made = fx.try_host(&ty(&many, &[EXTERNREF]), None, body);
    let at_once = dropped[3].get().is_some();
    assert_eq!(at_once, made.is_err());

    assert!(dropped[..3].iter().all(|dropped| dropped.get().is_none()));
    let Fixture { store, .. } = fx;
    drop(store);
    let here = Some(thread::current().id());
    assert!(dropped.iter().all(|dropped| dropped.get() == here));
    assert_eq!(Rc::strong_count(&calls), 1);
    drop((instance, run, made));
}

/// A host function's trap comes out of every layer of wasm as [`ErrorKind::Host`].
pub fn host_trap_through_nested_wasm<W: WasmEngine>() {
    let mut fx = Fixture::<W>::new();
    let fail = fx.host(&ty(&[], &[]), |_, _| Err(HostTrap::Completion));
    let text = r#"(module (import "h" "f" (func $f))
        (func $run (export "run") call $f)
        (func (export "deep") call $run))"#;
    let inner = fx.instance(text, &[Extern::Func(fail.clone())]);
    let run = fx.func(&inner, "run");
    assert_kind::<_, W>(fx.invoke(&run, &[]), ErrorKind::Host);
    assert_kind::<_, W>(fx.call(&run, &[]), ErrorKind::Host);
    assert_kind::<_, W>(fx.invoke(&fail, &[]), ErrorKind::Host);

    let kinds = Rc::new(Cell::new(None));
    let nested = {
        let (run, kinds) = (run.clone(), kinds.clone());
        fx.host(&ty(&[], &[]), move |store, _| {
            kinds.set(invoke::<W>(store, &run, &[]).err().map(|e| e.kind()));
            Err(HostTrap::Completion)
        })
    };
    let outer = fx.instance(text, &[Extern::Func(nested)]);
    let deep = fx.func(&outer, "deep");
    assert_kind::<_, W>(fx.invoke(&deep, &[]), ErrorKind::Host);
    assert_eq!(kinds.get(), Some(ErrorKind::Host));

    let signature = ty(&[EXTERNREF], &[]);
    let fail = fx.host_general(&signature, |_, _, _| Err(HostTrap::Completion));
    let instance = fx.instance(
        r#"(module (import "h" "f" (func $f (param externref)))
            (func (export "run") ref.null extern call $f))"#,
        &[Extern::Func(fail.clone())],
    );
    let run = fx.func(&instance, "run");
    assert_kind::<_, W>(fx.invoke(&run, &[]), ErrorKind::Host);
    assert_kind::<_, W>(fx.call(&fail, &[Val::Extern(None)]), ErrorKind::Host);
    // The store goes on.
    let fine = fx.instance(
        r#"(module (func (export "f") (result i32) i32.const 1))"#,
        &[],
    );
    assert_eq!(fx.run(&fine, "f"), 1);
}

/// Wasm cannot catch it, no more than a trap.
pub fn host_trap_is_not_caught<W: WasmEngine>() {
    if !W::FEATURES.exceptions {
        return;
    }
    let mut fx = Fixture::<W>::new();
    let fail = fx.host(&ty(&[], &[]), |_, _| Err(HostTrap::Completion));
    let instance = fx.instance(
        r#"(module (import "h" "f" (func $f))
            (func (export "f")
                (block $h (try_table (catch_all $h) (call $f))))
            (func (export "trap")
                (block $h (try_table (catch_all $h) (unreachable)))))"#,
        &[Extern::Func(fail)],
    );
    let f = fx.func(&instance, "f");
    assert_kind::<_, W>(fx.invoke(&f, &[]), ErrorKind::Host);
    let f = fx.func(&instance, "trap");
    let unreachable = ErrorKind::Trap(crate::TrapCode::Unreachable);
    assert_kind::<_, W>(fx.invoke(&f, &[]), unreachable);
}

/// The same from a start function.
pub fn host_trap_from_start<W: WasmEngine>() {
    let mut fx = Fixture::<W>::new();
    let fail = fx.host(&ty(&[], &[]), |_, _| Err(HostTrap::Completion));
    let direct = fx.try_instance(
        r#"(module (import "h" "f" (func $f)) (start $f))"#,
        &[Extern::Func(fail.clone())],
    );
    assert_kind::<_, W>(direct, ErrorKind::Host);
    let nested = fx.try_instance(
        r#"(module (import "h" "f" (func $f)) (func $s call $f) (start $s))"#,
        &[Extern::Func(fail)],
    );
    assert_kind::<_, W>(nested, ErrorKind::Host);
}

/// A host function calls into the store it was given, many times over.
pub fn host_reentrancy<W: WasmEngine>() {
    let mut fx = Fixture::<W>::new();
    let entry: Rc<std::cell::RefCell<Option<W::Func>>> = Rc::default();
    let again = {
        let entry = entry.clone();
        fx.host(&ty(&[ValType::I32], &[ValType::I32]), move |store, vals| {
            let f = entry.borrow().clone().ok_or(HostTrap::Completion)?;
            let n = W::raw_get_i32(&vals[0]);
            let results =
                invoke::<W>(store, &f, &[Val::I32(n)]).map_err(|_| HostTrap::Completion)?;
            vals[0] = raw::<W>(&results[0]);
            Ok(())
        })
    };
    let instance = fx.instance(
        r#"(module (import "h" "again" (func $again (param i32) (result i32)))
            (memory (export "m") 1)
            (func (export "sum") (param i32) (result i32)
                (if (result i32) (i32.eqz (local.get 0))
                    (then (drop (memory.grow (i32.const 1))) (i32.const 0))
                    (else (i32.add (local.get 0)
                        (call $again (i32.sub (local.get 0) (i32.const 1))))))))"#,
        &[Extern::Func(again)],
    );
    let sum = fx.func(&instance, "sum");
    *entry.borrow_mut() = Some(sum.clone());
    let results = fx.invoke(&sum, &[Val::I32(40)]).expect("no trap");
    assert_same(&results, &[Val::I32(820)]);
    let memory = fx.memory(&instance, "m");
    assert_eq!(fx.data(&memory).1, 2 << 16);
}

/// The same where the signature has references, with allocation at every level.
pub fn host_reentrancy_through_references<W: WasmEngine>() {
    let mut fx = Fixture::<W>::new();
    let entry: Rc<std::cell::RefCell<Option<W::Func>>> = Rc::default();
    let released = fx.released.clone();
    let again = {
        let entry = entry.clone();
        let signature = ty(&[EXTERNREF, ValType::I32], &[EXTERNREF]);
        fx.host_general(&signature, move |store, params, results| {
            let f = entry.borrow().clone().ok_or(HostTrap::Completion)?;
            let payload = crate::ExternPayload::new(HostId(1000), released.clone());
            W::extern_alloc(store, payload).map_err(|_| HostTrap::Completion)?;
            results[0] = call::<W>(store, &f, params)
                .map_err(|_| HostTrap::Completion)?
                .remove(0);
            Ok(())
        })
    };
    let instance = fx.instance(
        r#"(module
            (import "h" "again" (func $again (param externref i32) (result externref)))
            (func (export "f") (param externref i32) (result externref)
                (if (result externref) (i32.eqz (local.get 1))
                    (then (local.get 0))
                    (else (call $again (local.get 0)
                        (i32.sub (local.get 1) (i32.const 1)))))))"#,
        &[Extern::Func(again)],
    );
    let f = fx.func(&instance, "f");
    *entry.borrow_mut() = Some(f.clone());
    let value = fx.externref(5);
    let results = fx.call(&f, &[Val::Extern(Some(value)), Val::I32(20)]);
    let back = extern_of(&results.expect("no trap")[0]);
    assert_eq!(id_of::<W>(&mut fx.cx(), &back), HostId(5));
}

/// A panic of a host function ends the call, not the process, and poisons the runtime.
pub fn host_panic_poisons<W: WasmEngine>() {
    let text = r#"(module (import "h" "f" (func $f)) (func (export "run") call $f))"#;
    let mut fx = Fixture::<W>::new();
    // `resume_unwind` spares the test's output the panic message.
    let f = fx.host(&ty(&[], &[]), |_, _| {
        std::panic::resume_unwind(Box::new("scalar"))
    });
    let instance = fx.instance(text, &[Extern::Func(f)]);
    let run = fx.func(&instance, "run");
    assert!(fx.invoke(&run, &[]).is_err());
    assert_eq!(fx.termination.reason(), Some(Reason::Panicked));
    assert_eq!(fx.termination.panic_message().as_deref(), Some("scalar"));

    let mut fx = Fixture::<W>::new();
    let f = fx.host_general(&ty(&[EXTERNREF], &[]), |_, _, _| {
        std::panic::resume_unwind(Box::new(String::from("general")))
    });
    let instance = fx.instance(
        r#"(module (import "h" "f" (func $f (param externref)))
            (func (export "run") ref.null extern call $f))"#,
        &[Extern::Func(f)],
    );
    let run = fx.func(&instance, "run");
    assert!(fx.invoke(&run, &[]).is_err());
    assert_eq!(fx.termination.reason(), Some(Reason::Panicked));
    assert_eq!(fx.termination.panic_message().as_deref(), Some("general"));

    let mut fx = Fixture::<W>::new();
    let f = fx.host(&ty(&[], &[]), |_, _| std::panic::resume_unwind(Box::new(1)));
    let start = r#"(module (import "h" "f" (func $f)) (start $f))"#;
    assert!(fx.try_instance(start, &[Extern::Func(f)]).is_err());
    assert_eq!(fx.termination.reason(), Some(Reason::Panicked));
    // What is there can still be looked at, and dropped.
    let fine = fx.compile(r#"(module (memory (export "m") 1))"#);
    let instance = W::module_instantiate(&mut fx.cx(), &fine, &[]);
    if let Ok(instance) = instance {
        fx.export(&instance, "m", ExternKind::Memory);
    }
}
