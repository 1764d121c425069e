//! Assertions about what JavaScript cannot see: vectors, bits of NaNs, exceptions.
//!
//! A probe is a module made for one instance of a script. It imports the instance's exports, and has
//! a function for each such assertion: it calls the function in question, or reads the global, and
//! returns 1 if the results are as expected.

use std::collections::BTreeMap;

use sinew::types::{ExternType, HeapType, RefType, ValType};
use wasm_encoder::{
    CodeSection, EntityType, ExportKind, ExportSection, Function, FunctionSection, GlobalType,
    Ieee32, Ieee64, ImportSection, InstructionSink, Module, TypeSection,
};

use crate::values::{Argument, Expected};

/// A module in the making.
#[derive(Default)]
pub struct Probe {
    types: TypeSection,
    imports: ImportSection,
    /// The index of each import, by its name; functions and globals have indices of their own.
    imported: BTreeMap<String, u32>,
    functions: u32,
    globals: u32,
    bodies: Vec<Function>,
}

impl Probe {
    /// Adds an assertion about the export `name`, and returns the name of its function. Without
    /// `expected` nothing is asked of the results.
    pub fn add(
        &mut self,
        name: &str,
        ty: &ExternType,
        arguments: &[Argument],
        expected: Option<&[Expected]>,
    ) -> Result<String, String> {
        let (params, results) = match ty {
            ExternType::Func(ty) => (ty.params(), ty.results().to_vec()),
            ExternType::Global(ty) => (&[][..], vec![ty.value]),
            _ => return Err(format!("{name:?} is no function and no global")),
        };
        if arguments.len() != params.len() {
            return Err(format!("{name:?} has {} parameters", params.len()));
        }
        if expected.is_some_and(|expected| expected.len() != results.len()) {
            return Err(format!("{name:?} has {} results", results.len()));
        }
        let import = self.import(name, ty);
        let mut body = Function::new(results.iter().map(|ty| (1, val_type(ty))));
        let mut code = body.instructions();
        for (argument, ty) in arguments.iter().zip(params) {
            push(&mut code, *argument, ty)?;
        }
        match ty {
            ExternType::Func(_) => code.call(import),
            _ => code.global_get(import),
        };
        for local in (0..results.len() as u32).rev() {
            code.local_set(local);
        }
        code.i32_const(1);
        for ((local, ty), expected) in (0..).zip(&results).zip(expected.unwrap_or_default()) {
            test(&mut code, local, ty, expected)?;
            code.i32_and();
        }
        code.end();
        self.bodies.push(body);
        Ok((self.bodies.len() - 1).to_string())
    }

    /// The index of an import, which may have been asked for before.
    fn import(&mut self, name: &str, ty: &ExternType) -> u32 {
        if let Some(index) = self.imported.get(name) {
            return *index;
        }
        let (index, entity) = match ty {
            ExternType::Func(ty) => {
                let types = |types: &[ValType]| types.iter().map(val_type).collect::<Vec<_>>();
                self.types
                    .ty()
                    .function(types(ty.params()), types(ty.results()));
                (
                    &mut self.functions,
                    EntityType::Function(self.types.len() - 1),
                )
            }
            ExternType::Global(ty) => (
                &mut self.globals,
                EntityType::Global(GlobalType {
                    val_type: val_type(&ty.value),
                    mutable: ty.mutable,
                    shared: false,
                }),
            ),
            _ => unreachable!("nothing else is added"),
        };
        self.imports.import("", name, entity);
        self.imported.insert(name.to_owned(), *index);
        *index += 1;
        *index - 1
    }

    /// The module; `None` if nothing was added.
    pub fn finish(mut self) -> Option<Vec<u8>> {
        if self.bodies.is_empty() {
            return None;
        }
        self.types.ty().function([], [wasm_encoder::ValType::I32]);
        let (mut functions, mut exports) = (FunctionSection::new(), ExportSection::new());
        let mut code = CodeSection::new();
        for (index, body) in (0..).zip(&self.bodies) {
            functions.function(self.types.len() - 1);
            exports.export(&index.to_string(), ExportKind::Func, self.functions + index);
            code.function(body);
        }
        let mut module = Module::new();
        module
            .section(&self.types)
            .section(&self.imports)
            .section(&functions)
            .section(&exports)
            .section(&code);
        Some(module.finish())
    }
}

/// Pushes an argument of the type `ty`.
fn push(code: &mut InstructionSink<'_>, argument: Argument, ty: &ValType) -> Result<(), String> {
    match (argument, ty) {
        (Argument::I32(number), _) => code.i32_const(number),
        (Argument::I64(number), _) => code.i64_const(number),
        (Argument::F32(bits), _) => code.f32_const(Ieee32::new(bits)),
        (Argument::F64(bits), _) => code.f64_const(Ieee64::new(bits)),
        (Argument::V128(vector), _) => code.v128_const(vector),
        (Argument::Null, ValType::Ref(ty)) => code.ref_null(heap_type(ty.heap)),
        (Argument::Null | Argument::Host(_), _) => {
            return Err(format!("no {ty} can be made of {argument:?} inside wasm"));
        }
    };
    Ok(())
}

/// Pushes whether a local of the type `ty` is as expected.
fn test(
    code: &mut InstructionSink<'_>,
    local: u32,
    ty: &ValType,
    expected: &Expected,
) -> Result<(), String> {
    if let Expected::Either(cases) = expected {
        code.i32_const(0);
        for case in cases {
            test(code, local, ty, case)?;
            code.i32_or();
        }
        return Ok(());
    }
    code.local_get(local);
    match (expected, ty) {
        (Expected::Bits { ty: of, mask, bits }, _) if of == ty => {
            test_bits(code, ty, *mask, *bits);
        }
        (Expected::Null, ValType::Ref(_)) => {
            code.ref_is_null();
        }
        (Expected::Func | Expected::Extern, ValType::Ref(_)) => {
            code.ref_is_null().i32_eqz();
        }
        _ => return Err(format!("no {ty} can be {expected:?} inside wasm")),
    }
    Ok(())
}

/// Replaces a number on the stack by whether its bits under the mask are these.
fn test_bits(code: &mut InstructionSink<'_>, ty: &ValType, mask: u128, bits: u128) {
    match ty {
        ValType::F32 => {
            code.i32_reinterpret_f32();
        }
        ValType::F64 => {
            code.i64_reinterpret_f64();
        }
        _ => {}
    }
    match ty {
        ValType::I32 | ValType::F32 => {
            code.i32_const(mask as i32).i32_and();
            code.i32_const(bits as i32).i32_eq();
        }
        ValType::I64 | ValType::F64 => {
            code.i64_const(mask as i64).i64_and();
            code.i64_const(bits as i64).i64_eq();
        }
        _ => {
            code.v128_const(mask as i128).v128_and();
            code.v128_const(bits as i128).i8x16_eq().i8x16_all_true();
        }
    }
}

fn val_type(ty: &ValType) -> wasm_encoder::ValType {
    match ty {
        ValType::I32 => wasm_encoder::ValType::I32,
        ValType::I64 => wasm_encoder::ValType::I64,
        ValType::F32 => wasm_encoder::ValType::F32,
        ValType::F64 => wasm_encoder::ValType::F64,
        ValType::V128 => wasm_encoder::ValType::V128,
        ValType::Ref(RefType { nullable, heap }) => {
            wasm_encoder::ValType::Ref(wasm_encoder::RefType {
                nullable: *nullable,
                heap_type: heap_type(*heap),
            })
        }
    }
}

fn heap_type(heap: HeapType) -> wasm_encoder::HeapType {
    use wasm_encoder::AbstractHeapType as Heap;
    let ty = match heap {
        HeapType::NoFunc => Heap::NoFunc,
        HeapType::Extern => Heap::Extern,
        HeapType::NoExtern => Heap::NoExtern,
        HeapType::Any => Heap::Any,
        HeapType::Eq => Heap::Eq,
        HeapType::I31 => Heap::I31,
        HeapType::Struct => Heap::Struct,
        HeapType::Array => Heap::Array,
        HeapType::None => Heap::None,
        HeapType::Exn => Heap::Exn,
        HeapType::NoExn => Heap::NoExn,
        _ => Heap::Func,
    };
    wasm_encoder::HeapType::Abstract { shared: false, ty }
}
