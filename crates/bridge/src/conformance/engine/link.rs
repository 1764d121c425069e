//! Compilation, instantiation, imports and exports.

use super::fixture::*;
use crate::{
    AddressType, EngineError, ErrorKind, Extern, ExternKind, GlobalType, Limits, MemoryType,
    RefType, TableType, ValType, WasmEngine,
};

/// Imports are taken in the order of the import section, whatever their kinds.
pub fn link_imports_in_section_order<W: WasmEngine>() {
    let mut fx = Fixture::<W>::new();
    let number = |fx: &mut Fixture<W>, n: i32| {
        fx.host(&ty(&[], &[ValType::I32]), move |_, vals| {
            vals[0] = W::raw_i32(n);
            Ok(())
        })
    };
    let (one, two) = (number(&mut fx, 1), number(&mut fx, 2));
    let provider = fx.instance(
        r#"(module
            (global (export "g1") i32 (i32.const 10)) (global (export "g2") i32 (i32.const 20))
            (table (export "t") 3 funcref) (memory (export "m") 5))"#,
        &[],
    );
    let (g1, g2) = (fx.global(&provider, "g1"), fx.global(&provider, "g2"));
    let (table, memory) = (fx.table(&provider, "t"), fx.memory(&provider, "m"));
    let instance = fx.instance(
        r#"(module
            (import "a" "g1" (global $g1 i32))
            (import "a" "f1" (func $f1 (result i32)))
            (import "a" "t" (table $t 1 funcref))
            (import "a" "g2" (global $g2 i32))
            (import "a" "m" (memory $m 1))
            (import "a" "f2" (func $f2 (result i32)))
            (func (export "f1") (result i32) call $f1)
            (func (export "f2") (result i32) call $f2)
            (func (export "g1") (result i32) global.get $g1)
            (func (export "g2") (result i32) global.get $g2)
            (func (export "t") (result i32) table.size $t)
            (func (export "m") (result i32) memory.size $m))"#,
        &[
            Extern::Global(g1),
            Extern::Func(one),
            Extern::Table(table),
            Extern::Global(g2),
            Extern::Memory(memory),
            Extern::Func(two),
        ],
    );
    let got = ["f1", "f2", "g1", "g2", "t", "m"].map(|name| fx.run(&instance, name));
    assert_eq!(got, [1, 2, 10, 20, 3, 5]);
}

/// What does not fit is [`ErrorKind::Link`], and leaves the store usable.
pub fn link_mismatches<W: WasmEngine>() {
    let mut fx = Fixture::<W>::new();
    let f = fx.host(&ty(&[], &[]), |_, _| Ok(()));
    let provider = fx.instance(
        r#"(module (memory (export "m") 1 2) (table (export "t") 1 funcref)
            (global (export "g") (mut i32) (i32.const 0)))"#,
        &[],
    );
    let memory = fx.export(&provider, "m", ExternKind::Memory);
    let table = fx.export(&provider, "t", ExternKind::Table);
    let global = fx.export(&provider, "g", ExternKind::Global);
    let f = Extern::Func(f);
    let cases = [
        (r#"(func (param i32))"#, &f),
        (r#"(func (result i32))"#, &f),
        (r#"(memory 1)"#, &f),
        (r#"(func)"#, &memory),
        (r#"(memory 2)"#, &memory),
        (r#"(memory 1 1)"#, &memory),
        (r#"(table 2 funcref)"#, &table),
        (r#"(table 1 externref)"#, &table),
        (r#"(table 1 1 funcref)"#, &table),
        (r#"(global i32)"#, &global),
        (r#"(global (mut i64))"#, &global),
    ];
    for (import, value) in cases {
        let text = format!(r#"(module (import "a" "b" {import}))"#);
        let result = fx.try_instance(&text, std::slice::from_ref(value));
        match result {
            Ok(_) => panic!("{import} was linked"),
            Err(error) => assert_eq!(error.kind(), ErrorKind::Link, "{import}: {error}"),
        }
    }
    let fits = [
        (r#"(func)"#, &f),
        (r#"(memory 1)"#, &memory),
        (r#"(memory 0 3)"#, &memory),
        (r#"(table 0 funcref)"#, &table),
        (r#"(global (mut i32))"#, &global),
    ];
    for (import, value) in fits {
        let text = format!(r#"(module (import "a" "b" {import}))"#);
        fx.instance(&text, std::slice::from_ref(value));
    }
}

/// Function types match by the supertypes they declare, not by their structure.
pub fn link_mismatch_of_subtypes<W: WasmEngine>() {
    if !W::FEATURES.gc {
        return;
    }
    let mut fx = Fixture::<W>::new();
    let types = r#"(type $final (func (param i32))) (type $super (sub (func (param i32))))
        (type $sub (sub $super (func (param i32))))"#;
    let mut provide = |ty: &str| {
        let text = format!(r#"(module {types} (func (export "f") (type {ty})))"#);
        let instance = fx.instance(&text, &[]);
        fx.func(&instance, "f")
    };
    let [last, sup, sub] = ["$final", "$super", "$sub"].map(&mut provide);
    for (expected, value, fits) in [
        ("$final", &last, true),
        ("$super", &last, false),
        ("$final", &sup, false),
        ("$super", &sup, true),
        ("$sub", &sup, false),
        ("$super", &sub, true),
        ("$sub", &sub, true),
    ] {
        let text = format!(r#"(module {types} (import "a" "f" (func (type {expected}))))"#);
        let result = fx.try_instance(&text, &[Extern::Func(value.clone())]);
        if fits {
            result.expect("a type that matches");
        } else {
            assert_kind::<_, W>(result, ErrorKind::Link);
        }
    }
}

/// Any name a module may use finds its export.
pub fn link_export_names<W: WasmEngine>() {
    let mut fx = Fixture::<W>::new();
    let long = "x".repeat(10_000);
    let names = [
        "",
        " ",
        "a b",
        "__proto__",
        "then",
        "0",
        "é",
        "日本",
        "\u{1f980}",
        "\n",
        &long,
    ];
    let mut text = String::from("(module");
    for (i, name) in names.iter().enumerate() {
        let escaped: String = name.bytes().map(|byte| format!("\\{byte:02x}")).collect();
        text += &format!(r#"(func (export "{escaped}") (result i32) i32.const {i})"#);
    }
    text += ")";
    let instance = fx.instance(&text, &[]);
    for (i, name) in names.iter().enumerate() {
        assert_eq!(fx.run(&instance, name), i32::try_from(i).expect("few"));
    }
    let mut cx = fx.cx();
    assert!(W::instance_export(&mut cx, &instance, "no", ExternKind::Func).is_none());
}

/// An export has the kind that was asked for; one entity may have several names.
pub fn link_exports_of_all_kinds<W: WasmEngine>() {
    let mut fx = Fixture::<W>::new();
    let instance = fx.instance(
        r#"(module
            (func $f) (table $t 1 funcref) (memory $m 1) (global $g i32 (i32.const 1))
            (export "f" (func $f)) (export "t" (table $t)) (export "m" (memory $m))
            (export "g" (global $g)) (export "f2" (func $f)) (export "m2" (memory $m)))"#,
        &[],
    );
    for (name, kind) in [
        ("f", ExternKind::Func),
        ("f2", ExternKind::Func),
        ("t", ExternKind::Table),
        ("m", ExternKind::Memory),
        ("m2", ExternKind::Memory),
        ("g", ExternKind::Global),
    ] {
        let found = match fx.export(&instance, name, kind) {
            Extern::Func(_) => ExternKind::Func,
            Extern::Table(_) => ExternKind::Table,
            Extern::Memory(_) => ExternKind::Memory,
            Extern::Global(_) => ExternKind::Global,
            Extern::Tag(_) => ExternKind::Tag,
        };
        assert_eq!(found, kind);
    }
    let (m, m2) = (fx.memory(&instance, "m"), fx.memory(&instance, "m2"));
    let (a, b) = (fx.data(&m), fx.data(&m2));
    assert_eq!(a, b);
}

/// Tags have types and link, where there are exceptions.
pub fn link_tags<W: WasmEngine>() {
    if !W::FEATURES.exceptions {
        return;
    }
    let mut fx = Fixture::<W>::new();
    let thrower = fx.instance(
        r#"(module (tag $e (export "e") (param i32 i64))
            (func (export "throw") (param i32) local.get 0 i64.const 2 throw $e))"#,
        &[],
    );
    let tag = fx.export(&thrower, "e", ExternKind::Tag);
    let Extern::Tag(handle) = &tag else {
        panic!("asked for a tag");
    };
    let signature = W::tag_type(&mut fx.cx(), handle);
    assert_eq!(signature, ty(&[ValType::I32, ValType::I64], &[]));
    let throw = Extern::Func(fx.func(&thrower, "throw"));
    let catcher = fx.instance(
        r#"(module (import "a" "e" (tag $e (param i32 i64)))
            (import "a" "throw" (func $throw (param i32)))
            (func (export "f") (result i32)
                (block $h (result i32 i64)
                    (try_table (catch $e $h) (call $throw (i32.const 41)))
                    i32.const 0 i64.const 0)
                i32.wrap_i64 i32.sub))"#,
        &[tag, throw],
    );
    assert_eq!(fx.run(&catcher, "f"), 39);
}

/// Types are told as they are, with the current size as minimum.
pub fn link_types<W: WasmEngine>() {
    let mut fx = Fixture::<W>::new();
    let instance = fx.instance(
        r#"(module
            (func (export "f") (param i32 f64 externref funcref) (result i64 f32) unreachable)
            (table (export "t") 1 10 externref) (memory (export "m") 2 9)
            (global (export "g") (mut f64) (f64.const 1))
            (global (export "c") funcref (ref.null func)))"#,
        &[],
    );
    let f = fx.func(&instance, "f");
    assert_eq!(
        W::func_type(&mut fx.cx(), &f),
        ty(
            &[ValType::I32, ValType::F64, EXTERNREF, FUNCREF],
            &[ValType::I64, ValType::F32]
        )
    );
    let memory = fx.memory(&instance, "m");
    let mut memory_type = MemoryType {
        limits: Limits {
            min: 2,
            max: Some(9),
        },
        address: AddressType::I32,
        shared: false,
        page_size_log2: 16,
    };
    assert_eq!(W::mem_type(&mut fx.cx(), &memory), memory_type);
    W::mem_grow(&mut fx.cx(), &memory, 1).expect("room");
    memory_type.limits.min = 3;
    assert_eq!(W::mem_type(&mut fx.cx(), &memory), memory_type);

    let table = fx.table(&instance, "t");
    let mut table_type = TableType {
        limits: Limits {
            min: 1,
            max: Some(10),
        },
        address: AddressType::I32,
        element: RefType::EXTERNREF,
    };
    assert_eq!(W::table_type(&mut fx.cx(), &table), table_type);
    W::table_grow(&mut fx.cx(), &table, 4, &Val::Extern(None)).expect("room");
    table_type.limits.min = 5;
    assert_eq!(W::table_type(&mut fx.cx(), &table), table_type);

    for (name, value, mutable) in [("g", ValType::F64, true), ("c", FUNCREF, false)] {
        let global = fx.global(&instance, name);
        let expected = GlobalType { value, mutable };
        assert_eq!(W::global_type(&mut fx.cx(), &global), expected);
    }
}

/// One module, compiled once, has instances in several stores.
pub fn link_shared_module<W: WasmEngine>() {
    let mut a = Fixture::<W>::new();
    let mut b = Fixture::<W>::on(a.engine.clone(), crate::ResourceLimits::default());
    let module = a.compile(
        r#"(module (global $g (mut i32) (i32.const 0))
            (func (export "next") (result i32)
                (global.set $g (i32.add (global.get $g) (i32.const 1))) global.get $g))"#,
    );
    let first = W::module_instantiate(&mut a.cx(), &module, &[]).expect("an instance");
    let second = W::module_instantiate(&mut b.cx(), &module, &[]).expect("an instance");
    drop(module);
    assert_eq!((a.run(&first, "next"), a.run(&first, "next")), (1, 2));
    assert_eq!(b.run(&second, "next"), 1);
    drop(a);
    assert_eq!(b.run(&second, "next"), 2);
}

fn offset<T, E: EngineError>(result: Result<T, E>) -> Option<usize> {
    match result.err().map(|error| error.kind()) {
        Some(ErrorKind::Compile { offset }) => offset,
        other => panic!("{other:?} is not a compile error"),
    }
}

fn parser_offset(bytes: &[u8]) -> usize {
    let result = wasmparser::Validator::new().validate_all(bytes);
    let error = result.err().expect("an invalid module");
    error.offset().try_into().expect("a small module")
}

/// A compile error is at the offset that the common parser reports.
pub fn link_compile_offset<W: WasmEngine>() {
    let fx = Fixture::<W>::new();
    let texts = [
        "(module (func (result i32)))",
        "(module (func (result i32) i64.const 1))",
        "(module (func) (func (param i32) local.get 0 local.get 0 i64.add drop))",
        "(module (func call 7))",
        "(module (func (drop (i32.load (i32.const 0)))))",
        r#"(module (func (export "a")) (func (export "a")))"#,
        "(module (memory 2 1))",
        "(module (global i32 (i64.const 1)))",
    ];
    for text in texts {
        let bytes = wasm(text);
        let expected = Some(parser_offset(&bytes));
        let compiled = W::module_compile(&fx.engine, &bytes);
        assert_eq!(offset(compiled), expected, "{text}");
        let validated = W::module_validate(&fx.engine, &bytes);
        assert_eq!(offset(validated), expected, "{text}");
    }
}

/// Every beginning of a module, and anything that is no module, is refused as a compile error.
pub fn link_compile_truncated<W: WasmEngine>() {
    let fx = Fixture::<W>::new();
    let whole = wasm(
        r#"(module (memory 1) (func (export "f") (param i32) (result i32) local.get 0)
            (data (i32.const 0) "abc"))"#,
    );
    let mut refused = 0;
    for len in 0..whole.len() {
        let bytes = &whole[..len];
        if wasmparser::Validator::new().validate_all(bytes).is_ok() {
            continue;
        }
        refused += 1;
        offset(W::module_compile(&fx.engine, bytes));
        offset(W::module_validate(&fx.engine, bytes));
    }
    assert!(refused > whole.len() / 2);
    // The text format is not the binary format, and neither is a component.
    for bytes in [
        &b"(module)"[..],
        b"\0asm\x0d\0\x01\0",
        b"\x7fELF",
        b"\0asm\x02\0\0\0",
    ] {
        offset(W::module_compile(&fx.engine, bytes));
        offset(W::module_validate(&fx.engine, bytes));
    }
}

/// Validation alone accepts what compilation accepts.
pub fn validate_only<W: WasmEngine>() {
    let fx = Fixture::<W>::new();
    let bytes = wasm(r#"(module (import "a" "b" (func)) (memory 1) (func (export "f")))"#);
    W::module_validate(&fx.engine, &bytes).expect("a valid module");
    W::module_compile(&fx.engine, &bytes).expect("a valid module");
    W::module_validate(&fx.engine, &wasm("(module)")).expect("a valid module");
}
