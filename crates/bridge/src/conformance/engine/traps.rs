//! Traps, told apart as the core specification's tests do.

use std::cell::RefCell;
use std::rc::Rc;

use super::fixture::*;
use crate::{
    EngineConfig, EngineError, ErrorKind, Extern, HostTrap, ResourceLimits, TrapCode, ValType,
    WasmEngine,
};

fn check<W: WasmEngine>(cases: &[(TrapCode, impl AsRef<str>)]) {
    let mut fx = Fixture::<W>::new();
    for (code, fields) in cases {
        let fields = fields.as_ref();
        let text = format!("(module {fields})");
        let instance = fx.instance(&text, &[]);
        let f = fx.func(&instance, "f");
        for result in [fx.invoke(&f, &[]), fx.call(&f, &[])] {
            match result {
                Ok(_) => panic!("no trap in {fields}"),
                Err(error) => {
                    let kind = error.kind();
                    assert!(is_alike(kind, *code), "{kind:?}, not {code}: {fields}");
                }
            }
        }
    }
}

/// Whether the kind is that trap, or one that an engine may not be able to tell from it.
fn is_alike(kind: ErrorKind, code: TrapCode) -> bool {
    let other = match code {
        TrapCode::UndefinedElement => TrapCode::TableOutOfBounds,
        TrapCode::NullI31Reference => TrapCode::NullReference,
        _ => code,
    };
    kind == ErrorKind::Trap(code) || kind == ErrorKind::Trap(other)
}

/// Every trap of the core specification that WebAssembly 2.0 can reach.
pub fn trap_codes<W: WasmEngine>() {
    use TrapCode::*;
    check::<W>(&[
        (Unreachable, r#"(func (export "f") unreachable)"#),
        (
            MemoryOutOfBounds,
            r#"(memory 1) (func (export "f") (drop (i32.load (i32.const 65533))))"#,
        ),
        (
            MemoryOutOfBounds,
            r#"(memory 1) (func (export "f") (i64.store (i32.const -8) (i64.const 0)))"#,
        ),
        (
            MemoryOutOfBounds,
            r#"(memory 1) (func (export "f")
                (memory.fill (i32.const 1) (i32.const 0) (i32.const 65536)))"#,
        ),
        (
            MemoryOutOfBounds,
            r#"(memory 1) (data $d "abc") (func (export "f")
                (memory.init $d (i32.const 0) (i32.const 0) (i32.const 4)))"#,
        ),
        (
            TableOutOfBounds,
            r#"(table 3 funcref) (func (export "f") (drop (table.get (i32.const 3))))"#,
        ),
        (
            TableOutOfBounds,
            r#"(table 3 externref)
                (func (export "f") (table.set (i32.const -1) (ref.null extern)))"#,
        ),
        (
            TableOutOfBounds,
            r#"(table 3 funcref) (func (export "f")
                (table.copy (i32.const 1) (i32.const 0) (i32.const 3)))"#,
        ),
        (
            UndefinedElement,
            r#"(table 3 funcref) (func (export "f") (call_indirect (i32.const 3)))"#,
        ),
        (
            UninitializedElement,
            r#"(table 3 funcref) (func (export "f") (call_indirect (i32.const 2)))"#,
        ),
        (
            IndirectCallTypeMismatch,
            r#"(table 1 funcref) (func $g (param i32)) (elem (i32.const 0) $g)
                (func (export "f") (call_indirect (i32.const 0)))"#,
        ),
        (
            IntegerOverflow,
            r#"(func (export "f") (drop (i32.div_s (i32.const 0x80000000) (i32.const -1))))"#,
        ),
        (
            IntegerOverflow,
            r#"(func (export "f") (drop (i32.trunc_f64_s (f64.const 1e10))))"#,
        ),
        (
            IntegerDivideByZero,
            r#"(func (export "f") (drop (i32.div_u (i32.const 1) (i32.const 0))))"#,
        ),
        (
            IntegerDivideByZero,
            r#"(func (export "f") (drop (i64.rem_s (i64.const 1) (i64.const 0))))"#,
        ),
        (
            InvalidConversionToInteger,
            r#"(func (export "f") (drop (i32.trunc_f32_s (f32.const nan))))"#,
        ),
    ]);
}

/// The traps of the instructions that came after WebAssembly 2.0, but for those of garbage
/// collection.
pub fn trap_codes_of_later_instructions<W: WasmEngine>() {
    if W::FEATURES.exceptions {
        check::<W>(&[(
            TrapCode::NullReference,
            r#"(func (export "f") ref.null exn throw_ref)"#,
        )]);
    }
    if W::FEATURES.function_references {
        check::<W>(&[(
            TrapCode::NullReference,
            r#"(type $t (func)) (func (export "f") ref.null $t call_ref $t)"#,
        )]);
    }
    if W::FEATURES.threads {
        check::<W>(&[
            (
                TrapCode::UnalignedAtomic,
                r#"(memory 1 1) (func (export "f") (drop (i32.atomic.load (i32.const 1))))"#,
            ),
            (
                TrapCode::ExpectedSharedMemory,
                r#"(memory 1 1) (func (export "f") (drop
                    (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const 0))))"#,
            ),
        ]);
    }
}

/// The traps of the garbage collection instructions.
pub fn trap_codes_of_gc<W: WasmEngine>() {
    use TrapCode::*;
    if !W::FEATURES.gc {
        return;
    }
    let array = "(type $a (array (mut i32)))";
    let cases = [
        (
            ArrayOutOfBounds,
            format!(
                r#"{array} (func (export "f") (drop (array.get $a
                    (array.new_default $a (i32.const 2)) (i32.const 2))))"#
            ),
        ),
        (
            NullReference,
            format!(
                r#"{array} (func (export "f")
                    (drop (array.get $a (ref.null $a) (i32.const 0))))"#
            ),
        ),
        (
            NullReference,
            r#"(type $s (struct (field i32)))
                (func (export "f") (drop (struct.get $s 0 (ref.null $s))))"#
                .to_owned(),
        ),
        (
            CastFailure,
            r#"(func (export "f")
                (drop (ref.cast (ref struct) (ref.i31 (i32.const 1)))))"#
                .to_owned(),
        ),
        (
            NullI31Reference,
            r#"(func (export "f") (drop (i31.get_s (ref.null i31))))"#.to_owned(),
        ),
    ];
    check::<W>(&cases);
}

/// Traps of active segments and start functions come out of instantiation.
pub fn trap_in_start<W: WasmEngine>() {
    let mut fx = Fixture::<W>::new();
    for (code, text) in [
        (
            TrapCode::Unreachable,
            "(module (func $s unreachable) (start $s))",
        ),
        (
            TrapCode::MemoryOutOfBounds,
            r#"(module (memory 1) (data (i32.const 65535) "ab"))"#,
        ),
        (
            TrapCode::TableOutOfBounds,
            "(module (table 1 funcref) (func $f) (elem (i32.const 1) $f))",
        ),
    ] {
        match fx.try_instance(text, &[]) {
            Ok(_) => panic!("no trap in {text}"),
            Err(error) => assert_eq!(error.kind(), ErrorKind::Trap(code), "{text}"),
        }
    }
    // What the failed instance wrote before stays, and its functions live on in the table.
    let provider = fx.instance(r#"(module (table (export "t") 2 funcref))"#, &[]);
    let table = fx.table(&provider, "t");
    let result = fx.try_instance(
        r#"(module (import "a" "t" (table 2 funcref))
            (func $f (result i32) i32.const 17) (elem (i32.const 0) $f)
            (func $s unreachable) (start $s))"#,
        &[Extern::Table(table.clone())],
    );
    assert_kind::<_, W>(result, ErrorKind::Trap(TrapCode::Unreachable));
    let f = W::table_get(&mut fx.cx(), &table, 0).expect("in bounds");
    let results = fx.invoke(&func_of(&f), &[]).expect("no trap");
    assert_same(&results, &[Val::I32(17)]);
}

/// Unbounded recursion is a trap, and the store survives it.
pub fn trap_stack_overflow<W: WasmEngine>() {
    let mut fx = Fixture::<W>::new();
    let instance = fx.instance(
        r#"(module (func $f (export "f") (param i64) (result i64)
                (i64.add (i64.const 1) (call $f (local.get 0))))
            (func (export "one") (result i32) i32.const 1))"#,
        &[],
    );
    let f = fx.func(&instance, "f");
    for _ in 0..3 {
        let result = fx.invoke(&f, &[Val::I64(0)]);
        assert_kind::<_, W>(result, ErrorKind::Trap(TrapCode::StackOverflow));
    }
    assert_eq!(fx.run(&instance, "one"), 1);
}

/// The same where each level passes through the host, which guards its own stack as the generic
/// half does: with a bound on the depth.
pub fn trap_stack_overflow_through_host<W: WasmEngine>() {
    let mut fx = Fixture::<W>::new();
    let entry: Rc<RefCell<Option<W::Func>>> = Rc::default();
    let depth = Rc::new(std::cell::Cell::new(0));
    let again = {
        let (entry, depth) = (entry.clone(), depth.clone());
        fx.host(&ty(&[], &[]), move |store, _| {
            depth.set(depth.get() + 1);
            if depth.get() > 100 {
                return Err(HostTrap::Completion);
            }
            let f = entry.borrow().clone().ok_or(HostTrap::Completion)?;
            invoke::<W>(store, &f, &[]).map_err(|_| HostTrap::Completion)?;
            Ok(())
        })
    };
    let instance = fx.instance(
        r#"(module (import "h" "again" (func $again)) (func (export "f") call $again))"#,
        &[Extern::Func(again)],
    );
    let f = fx.func(&instance, "f");
    *entry.borrow_mut() = Some(f.clone());
    let kind = fx.invoke(&f, &[]).expect_err("no end").kind();
    let overflow = ErrorKind::Trap(TrapCode::StackOverflow);
    assert!(kind == ErrorKind::Host || kind == overflow, "{kind:?}");
    assert!(depth.get() > 10);
}

/// A thread with what [`WasmEngine::stack_reserve`] asks for survives wasm's deepest recursion.
pub fn stack_reserve_holds<W: WasmEngine>() {
    let config = EngineConfig {
        stack_bytes: 1 << 20,
        ..EngineConfig::default()
    };
    let engine = W::engine_new(&config).expect("a plain configuration");
    let reserve = W::stack_reserve(&engine);
    assert!(reserve >= 64 << 10, "{reserve} bytes hold no host function");
    let run = move || {
        let mut fx = Fixture::<W>::on(engine, ResourceLimits::default());
        let host = fx.host(&ty(&[ValType::I64], &[]), |_, vals| {
            // As deep as a host function may be that calls nothing back.
            let mut room = [0u8; 4096];
            room[0] = W::raw_get_i64(&vals[0]).to_le_bytes()[0];
            std::hint::black_box(&mut room);
            Ok(())
        });
        let instance = fx.instance(
            r#"(module (import "h" "host" (func $host (param i64)))
                (func $f (export "f") (param i64) (result i64)
                    (call $host (local.get 0))
                    (i64.add (i64.const 1) (call $f (local.get 0)))))"#,
            &[Extern::Func(host)],
        );
        let f = fx.func(&instance, "f");
        let kind = fx.invoke(&f, &[Val::I64(0)]).expect_err("no end").kind();
        assert_eq!(kind, ErrorKind::Trap(TrapCode::StackOverflow));
    };
    // The frames of the test itself come on top, and so does compilation.
    let own = 1 << 20;
    std::thread::Builder::new()
        .stack_size(reserve + own)
        .spawn(run)
        .expect("a thread")
        .join()
        .expect("no overflow");
}

/// Frames name the functions that were active, innermost first.
pub fn trap_frames<W: WasmEngine>() {
    let mut fx = Fixture::<W>::new();
    let text = r#"(module (func $unused)
        (func $inner unreachable)
        (func $outer (export "f") call $inner))"#;
    let instance = fx.instance(text, &[]);
    let f = fx.func(&instance, "f");
    let error = fx.invoke(&f, &[]).expect_err("a trap");
    let frames = error.frames();
    if !W::FEATURES.backtraces {
        assert!(frames.is_empty());
        return;
    }
    let names: Vec<_> = frames
        .iter()
        .map(|frame| (frame.func_index, frame.func_name.as_deref()))
        .collect();
    assert_eq!(names, [(1, Some("inner")), (2, Some("outer"))]);
    let bytes = wasm(text);
    for (frame, opcode) in frames.iter().zip([0x00, 0x10]) {
        let offset = frame.offset.expect("an offset");
        assert_eq!(bytes[offset], opcode, "at {offset:#x}");
    }
}
