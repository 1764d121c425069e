//! Values and the types of modules.

use super::fixture::*;
use crate::{
    ErrorKind, Extern, ExternKind, FuncType, GlobalType, HeapType, HostTrap, ImportType, RefType,
    ValType, WasmEngine,
};

/// Two structs that only their fields tell apart.
const TYPES: &str = r#"
    (rec (type $s (struct (field i32) (field (ref null $s))))
         (type $f (func (param (ref $s)) (result (ref null $s)))))
    (type $other (struct (field f64)))"#;

/// One of each, and everything that takes the first alone.
const TAKERS: &str = r#"
    (table $t (export "t") 2 (ref null $s))
    (global $g (export "g") (mut (ref null $s)) (ref.null $s))
    (func (export "make") (param i32) (result (ref $s))
        (struct.new $s (local.get 0) (ref.null $s)))
    (func (export "other") (result (ref $other)) (struct.new_default $other))
    (func (export "read") (param (ref null $s)) (result i32)
        (struct.get $s 0 (local.get 0)))
    (func (export "at") (param i32) (result i32)
        (struct.get $s 0 (table.get $t (local.get 0))))
    (func (export "value") (result i32) (struct.get $s 0 (global.get $g)))"#;

fn module(fields: &str) -> String {
    format!("(module {TYPES} {fields})")
}

const fn struct_type(nullable: bool) -> ValType {
    ValType::Ref(RefType {
        nullable,
        heap: HeapType::Struct,
    })
}

/// The type `$f` of [`TYPES`] in outline.
fn outline() -> FuncType {
    ty(&[struct_type(false)], &[struct_type(true)])
}

struct Takers<W: WasmEngine> {
    fx: Fixture<W>,
    instance: W::Instance,
    /// A value of the type that is asked for.
    good: Val<W>,
    /// Non-null values of the hierarchy that are not.
    bad: Vec<Val<W>>,
}

impl<W: WasmEngine> Takers<W> {
    fn new() -> Option<Self> {
        if !W::FEATURES.gc {
            return None;
        }
        let mut fx = Fixture::<W>::new();
        let instance = fx.instance(&module(TAKERS), &[]);
        let good = fx.get(&instance, "make", &[Val::I32(5)]);
        let other = fx.get(&instance, "other", &[]);
        let integer = W::any_from_i31(&mut fx.cx(), 5).expect("an integer");
        let host = fx.externref(5);
        let host = W::any_from_extern(&mut fx.cx(), &host).expect("a reference");
        let bad = vec![other, Val::Any(Some(integer)), Val::Any(Some(host))];
        Some(Self {
            fx,
            instance,
            good,
            bad,
        })
    }
}

/// Types are told in outline.
pub fn gc_types_in_outline<W: WasmEngine>() {
    let Some(Takers {
        mut fx, instance, ..
    }) = Takers::<W>::new()
    else {
        return;
    };
    let f = fx.func(&instance, "make");
    let signature = W::func_type(&mut fx.cx(), &f);
    assert_eq!(signature, ty(&[ValType::I32], &[struct_type(false)]));
    let table = fx.table(&instance, "t");
    let element = W::table_type(&mut fx.cx(), &table).element;
    assert_eq!(ValType::Ref(element), struct_type(true));
    let global = fx.global(&instance, "g");
    let value = W::global_type(&mut fx.cx(), &global).value;
    assert_eq!(value, struct_type(true));
    let abstract_types = fx.instance(
        r#"(module (func (export "f") (param eqref i31ref arrayref (ref any) (ref null none)
            (ref extern) (ref null nofunc))))"#,
        &[],
    );
    let f = fx.func(&abstract_types, "f");
    let of = |nullable, heap| ValType::Ref(RefType { nullable, heap });
    let expected = [
        of(true, HeapType::Eq),
        of(true, HeapType::I31),
        of(true, HeapType::Array),
        of(false, HeapType::Any),
        of(true, HeapType::None),
        of(false, HeapType::Extern),
        of(true, HeapType::NoFunc),
    ];
    assert_eq!(W::func_type(&mut fx.cx(), &f), ty(&expected, &[]));
}

/// An argument that is not of the parameter's type.
pub fn gc_type_of_argument<W: WasmEngine>() {
    let Some(Takers {
        mut fx,
        instance,
        good,
        bad,
    }) = Takers::<W>::new()
    else {
        return;
    };
    let read = fx.func(&instance, "read");
    for value in bad {
        assert_kind::<_, W>(fx.call(&read, &[value]), ErrorKind::Type);
    }
    let results = fx.call(&read, &[good]).expect("no trap");
    assert_same(&results, &[Val::I32(5)]);
}

/// An element that is not of the table's type.
pub fn gc_type_of_element<W: WasmEngine>() {
    let Some(Takers {
        mut fx,
        instance,
        good,
        bad,
    }) = Takers::<W>::new()
    else {
        return;
    };
    let table = fx.table(&instance, "t");
    for value in &bad {
        let result = W::table_set(&mut fx.cx(), &table, 1, value);
        assert_kind::<_, W>(result, ErrorKind::Type);
        let result = W::table_grow(&mut fx.cx(), &table, 1, value);
        assert_kind::<_, W>(result, ErrorKind::Type);
        assert_eq!(W::table_size(&mut fx.cx(), &table), 2);
        let element = W::table_get(&mut fx.cx(), &table, 1);
        assert!(matches!(element, Some(Val::Any(None))));
    }
    W::table_set(&mut fx.cx(), &table, 1, &good).expect("in bounds");
    W::table_grow(&mut fx.cx(), &table, 1, &good).expect("room");
    for index in [1, 2] {
        let seen = fx.get(&instance, "at", &[Val::I32(index)]);
        assert_same(&[seen], &[Val::I32(5)]);
    }
    W::table_set(&mut fx.cx(), &table, 1, &Val::Any(None)).expect("in bounds");
}

/// A value that is not of the global's type.
pub fn gc_type_of_global<W: WasmEngine>() {
    let Some(Takers {
        mut fx,
        instance,
        good,
        bad,
    }) = Takers::<W>::new()
    else {
        return;
    };
    let global = fx.global(&instance, "g");
    for value in &bad {
        let result = W::global_set(&mut fx.cx(), &global, value);
        assert_kind::<_, W>(result, ErrorKind::Type);
    }
    W::global_set(&mut fx.cx(), &global, &good).expect("a mutable global");
    assert_eq!(fx.run(&instance, "value"), 5);
    W::global_set(&mut fx.cx(), &global, &Val::Any(None)).expect("a mutable global");
}

/// A function that is not of the type that is asked for.
pub fn gc_type_of_function<W: WasmEngine>() {
    if !W::FEATURES.function_references {
        return;
    }
    let mut fx = Fixture::<W>::new();
    let instance = fx.instance(
        r#"(module (type $f (func (result i32))) (type $other (func))
            (table (export "t") 1 (ref null $f))
            (func (export "take") (param (ref null $f)) (result i32)
                (call_ref $f (local.get 0)))
            (func (export "good") (type $f) (i32.const 8))
            (func (export "bad") (type $other)))"#,
        &[],
    );
    let good = Val::Func(Some(fx.func(&instance, "good")));
    let bad = Val::Func(Some(fx.func(&instance, "bad")));
    let (take, table) = (fx.func(&instance, "take"), fx.table(&instance, "t"));
    assert_kind::<_, W>(fx.call(&take, std::slice::from_ref(&bad)), ErrorKind::Type);
    let result = W::table_set(&mut fx.cx(), &table, 0, &bad);
    assert_kind::<_, W>(result, ErrorKind::Type);
    W::table_set(&mut fx.cx(), &table, 0, &good).expect("in bounds");
    let results = fx.call(&take, &[good]).expect("no trap");
    assert_same(&results, &[Val::I32(8)]);
}

/// A host function made for an import has the module's own types.
pub fn gc_function_for_import<W: WasmEngine>() {
    let Some(Takers {
        mut fx,
        instance,
        good,
        bad,
    }) = Takers::<W>::new()
    else {
        return;
    };
    let text = module(
        r#"(import "h" "first" (func (param i32)))
            (import "h" "f" (func $f (type $f)))
            (export "f" (func $f))
            (func (export "run") (result i32)
                (struct.get $s 0 (call $f (struct.new $s (i32.const 7) (ref.null $s)))))
            (func (export "pass") (param (ref $s)) (result structref)
                (call $f (local.get 0)))"#,
    );
    let module = fx.compile(&text);
    let first = fx.host(&ty(&[ValType::I32], &[]), |_, _| Ok(()));
    let import = ImportType {
        module: &module,
        index: 1,
    };
    let result = std::rc::Rc::new(std::cell::RefCell::new(None));
    let f = {
        let result = result.clone();
        fx.host_for(&outline(), import, move |_, params, results| {
            let own: Option<Val<W>> = result.borrow_mut().take();
            results[0] = own.unwrap_or_else(|| params[0].clone());
            Ok(())
        })
    };
    assert_eq!(W::func_type(&mut fx.cx(), &f), outline());
    let imports = [first.clone(), f.clone()].map(Extern::Func);
    let user = W::module_instantiate(&mut fx.cx(), &module, &imports).expect("it fits");
    assert_eq!(fx.run(&user, "run"), 7);
    let again = fx.func(&user, "f");
    assert_eq!(fx.identity(&again), fx.identity(&f));

    let pass = fx.func(&user, "pass");
    for value in bad {
        // As a result, where wasm calls and where the host does; and as an argument.
        for func in [&pass, &f] {
            *result.borrow_mut() = Some(value.clone());
            let called = fx.call(func, std::slice::from_ref(&good));
            assert_kind::<_, W>(called, ErrorKind::Type);
        }
        assert_kind::<_, W>(fx.call(&f, &[value]), ErrorKind::Type);
    }
    *result.borrow_mut() = Some(Val::Any(None));
    let results = fx.call(&pass, std::slice::from_ref(&good));
    assert!(matches!(results.expect("no trap")[0], Val::Any(None)));
    let back = fx.get(&user, "pass", &[good]);
    let seen = fx.get(&instance, "read", &[back]);
    assert_same(&[seen], &[Val::I32(5)]);

    // One of the abstract type is another type.
    let f = fx.host_general(&outline(), |_, _, _| Err(HostTrap::Completion));
    let imports = [first, f].map(Extern::Func);
    let result = W::module_instantiate(&mut fx.cx(), &module, &imports);
    assert_kind::<_, W>(result, ErrorKind::Link);
}

/// So has a global.
pub fn gc_global_for_import<W: WasmEngine>() {
    let Some(Takers {
        mut fx, good, bad, ..
    }) = Takers::<W>::new()
    else {
        return;
    };
    let text = module(
        r#"(import "h" "m" (memory 1))
            (import "h" "variable" (global $v (mut (ref null $s))))
            (import "h" "constant" (global $c (ref $s)))
            (func (export "variable") (result i32) (struct.get $s 0 (global.get $v)))
            (func (export "constant") (result i32) (struct.get $s 0 (global.get $c)))"#,
    );
    let module = fx.compile(&text);
    let import = |index| ImportType {
        module: &module,
        index,
    };
    let of = |mutable| GlobalType {
        value: struct_type(mutable),
        mutable,
    };
    for (index, mutable) in [(1, true), (2, false)] {
        for value in &bad {
            let import = Some(import(index));
            let result = W::global_alloc(&mut fx.cx(), &of(mutable), import, value);
            assert_kind::<_, W>(result, ErrorKind::Type);
        }
    }
    let null = Val::Any(None);
    let variable = W::global_alloc(&mut fx.cx(), &of(true), Some(import(1)), &null);
    let variable = variable.expect("a global");
    let constant = W::global_alloc(&mut fx.cx(), &of(false), Some(import(2)), &good);
    let constant = constant.expect("a global");
    assert_eq!(W::global_type(&mut fx.cx(), &variable), of(true));
    assert_eq!(W::global_type(&mut fx.cx(), &constant), of(false));
    let memory = fx.instance(r#"(module (memory (export "m") 1))"#, &[]);
    let memory = fx.export(&memory, "m", ExternKind::Memory);
    let globals = [variable.clone(), constant].map(Extern::Global);
    let imports: Vec<_> = [memory].into_iter().chain(globals).collect();
    let user = W::module_instantiate(&mut fx.cx(), &module, &imports).expect("they fit");
    assert_eq!(fx.run(&user, "constant"), 5);
    W::global_set(&mut fx.cx(), &variable, &good).expect("a mutable global");
    assert_eq!(fx.run(&user, "variable"), 5);
    for value in &bad {
        let result = W::global_set(&mut fx.cx(), &variable, value);
        assert_kind::<_, W>(result, ErrorKind::Type);
    }
    assert_eq!(fx.run(&user, "variable"), 5);
}

/// Equal recursion groups are equal types, whichever module has them.
pub fn gc_types_of_two_modules<W: WasmEngine>() {
    let Some(Takers {
        mut fx,
        instance,
        good,
        bad,
    }) = Takers::<W>::new()
    else {
        return;
    };
    let make = Extern::Func(fx.func(&instance, "make"));
    let fields = r#"(import "a" "make" (func $make (param i32) (result (ref $s))))
        (func (export "f") (result i32) (struct.get $s 0 (call $make (i32.const 6))))
        (func (export "read") (param (ref null $s)) (result i32)
            (struct.get $s 0 (local.get 0)))"#;
    let second = fx.instance(&module(fields), std::slice::from_ref(&make));
    assert_eq!(fx.run(&second, "f"), 6);
    let seen = fx.get(&second, "read", &[good]);
    assert_same(&[seen], &[Val::I32(5)]);
    let read = fx.func(&second, "read");
    for value in bad {
        assert_kind::<_, W>(fx.call(&read, &[value]), ErrorKind::Type);
    }
    let alone = "(module (type $s (struct (field i32) (field (ref null $s))))";
    let result = fx.try_instance(&format!("{alone} {fields})"), &[make]);
    assert_kind::<_, W>(result, ErrorKind::Link);
}
