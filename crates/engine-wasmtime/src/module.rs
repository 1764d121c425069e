//! Modules and instances.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};

use sinew_bridge::{Extern, ExternKind, ImportType};
use wasmtime::wasmparser::{Parser, Payload, Validator};
use wasmtime::{Engine, ExternType, Instance, Mutability, RefType, StoreContextMut};
use wasmtime::{FuncType, HeapType, ValType};

use crate::error::Error;
use crate::memory::Memory;
use crate::store::{self, Data};
use crate::{Result, Wasmtime, func};

type Store<'a> = StoreContextMut<'a, Data>;

/// A compiled module.
#[derive(Clone)]
pub struct Module(Arc<Inner>);

struct Inner {
    module: wasmtime::Module,
    /// The types of its imports: Wasmtime makes them anew each time.
    imports: OnceLock<Box<[ExternType]>>,
    /// What its own shared memories may grow by.
    shared_growth: u64,
}

impl Module {
    pub(crate) fn engine_module(&self) -> &wasmtime::Module {
        &self.0.module
    }

    fn import_types(&self) -> &[ExternType] {
        self.0.imports.get_or_init(|| {
            let imports = self.0.module.imports();
            imports.map(|import| import.ty()).collect()
        })
    }
}

/// Bytes of a module from which on it is compiled on all cores: starting their threads takes about as
/// long as compiling so much.
const PARALLEL: usize = 8 << 10;

pub(crate) fn compile(engine: &store::Engine, bytes: &[u8]) -> Result<Module> {
    let inner = engine.inner();
    let parallel = (bytes.len() >= PARALLEL)
        .then(|| engine.parallel())
        .flatten();
    let module = match parallel {
        None => wasmtime::Module::from_binary(inner, bytes),
        Some(parallel) => parallel.precompile_module(bytes).and_then(|artifact| {
            // SAFETY: this is what Wasmtime has just made, and nobody else has seen it.
            unsafe { wasmtime::Module::deserialize(inner, artifact) }
        }),
    };
    let module = module.map_err(|error| refused(inner, bytes, error))?;
    Ok(of_engine_module(module, bytes))
}

/// What Wasmtime says decides whether artifacts of one engine fit another.
pub(crate) fn compatibility(engine: &Engine) -> Vec<u8> {
    /// Keeps what it is to hash.
    #[derive(Default)]
    struct Keep(Vec<u8>);

    impl Hasher for Keep {
        fn write(&mut self, bytes: &[u8]) {
            self.0.extend(bytes);
        }

        fn finish(&self) -> u64 {
            0
        }
    }

    let mut kept = Keep::default();
    engine.precompile_compatibility_hash().hash(&mut kept);
    kept.0
}

/// The module of `bytes`, from what Wasmtime made of them.
///
/// # Safety
/// As for [`WasmEngine::module_deserialize`](sinew_bridge::WasmEngine::module_deserialize).
pub(crate) unsafe fn deserialize(engine: &Engine, artifact: &[u8], bytes: &[u8]) -> Result<Module> {
    // SAFETY: Wasmtime asks that this be what its own `serialize` returned, which the caller says.
    // It checks by itself that it is of the same version, and compiled for such an engine.
    let module = unsafe { wasmtime::Module::deserialize(engine, artifact) };
    let module = module.map_err(|error| Error::other(format!("{error:#}")))?;
    Ok(of_engine_module(module, bytes))
}

fn of_engine_module(module: wasmtime::Module, bytes: &[u8]) -> Module {
    Module(Arc::new(Inner {
        module,
        imports: OnceLock::new(),
        shared_growth: shared_growth(bytes),
    }))
}

/// How many bytes the shared memories that a module defines may grow by: Wasmtime tells the types of
/// those that it exports only.
fn shared_growth(bytes: &[u8]) -> u64 {
    let mut sum = 0u64;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload {
            Ok(Payload::MemorySection(memories)) => {
                // The module is valid: shared memories have a maximum.
                for ty in memories.into_iter().flatten().filter(|ty| ty.shared) {
                    let pages = ty.maximum.unwrap_or(ty.initial) - ty.initial;
                    let page = 1u64 << ty.page_size_log2.unwrap_or(16);
                    sum = sum.saturating_add(pages.saturating_mul(page));
                }
                break;
            }
            Ok(Payload::CodeSectionStart { .. }) | Err(_) => break,
            Ok(_) => {}
        }
    }
    sum
}

/// The type that a module asks of one of its imports.
pub(crate) fn import_type<'a>(import: &ImportType<'a, Wasmtime>) -> Result<&'a ExternType> {
    let types = import.module.import_types();
    types
        .get(import.index)
        .ok_or_else(|| Error::link(format!("there is no import {}", import.index)))
}

pub(crate) fn validate(engine: &Engine, bytes: &[u8]) -> Result<()> {
    wasmtime::Module::validate(engine, bytes).map_err(|error| refused(engine, bytes, error))
}

/// Wasmtime looks at functions in parallel and tells of any one that is wrong. Looking again, in
/// order, always finds the first.
#[cold]
fn refused(engine: &Engine, bytes: &[u8], error: wasmtime::Error) -> Error {
    match Validator::new_with_features(engine.get_wasm_features()).validate_all(bytes) {
        Err(first) => {
            let offset = first.offset();
            Error::compile(wasmtime::Error::new(first), Some(offset))
        }
        Ok(_) => Error::compile(error, None),
    }
}

pub(crate) fn instantiate(
    store: &mut Store<'_>,
    module: &Module,
    imports: &[Extern<Wasmtime>],
) -> Result<Instance> {
    check_imports(store, module, imports)?;
    charge(store, module)?;
    store.data_mut().texts.add(module.engine_module());
    let imports: Vec<wasmtime::Extern> = imports.iter().map(engine_extern).collect();

    // The start function may create instances in its turn.
    let created = &mut store.data_mut().limiter.created;
    let outer = std::mem::take(created);
    let result = Instance::new(&mut *store, module.engine_module(), &imports);
    let limiter = &mut store.data_mut().limiter;
    let created = std::mem::replace(&mut limiter.created, outer);
    result.map_err(|error| {
        let error = func::failed(store, error);
        if error.is_of_running() {
            return error;
        }
        let data = store.data();
        data.limiter.refund(created);
        let budget = &data.store_data().budget;
        budget.memory_grow_failed(module.0.shared_growth);
        if created.refused {
            error.into_limit()
        } else {
            error
        }
    })
}

/// Charges for what the limiter is not told of.
fn charge(store: &Store<'_>, module: &Module) -> Result<()> {
    let limit = |text: &'static str| Err(Error::limit(wasmtime::Error::msg(text)));
    let own = module.engine_module().resources_required();
    let budget = &store.data().store_data().budget;
    // The limiter sees the minima of shared memories, but not their growth.
    let shared = module.0.shared_growth;
    if shared > 0 && !budget.memory_growing(0, shared) {
        return limit("the maximum of a shared memory exceeds the memory limit");
    }
    if !budget.instance(own.num_memories.into(), own.num_tables.into()) {
        budget.memory_grow_failed(shared);
        return limit("too many instances, memories or tables");
    }
    Ok(())
}

fn engine_extern(value: &Extern<Wasmtime>) -> wasmtime::Extern {
    match value {
        Extern::Func(func) => (*func).into(),
        Extern::Table(table) => (*table).into(),
        Extern::Memory(memory) => memory.engine_extern(),
        Extern::Global(global) => (*global).into(),
        Extern::Tag(tag) => (*tag).into(),
    }
}

/// Wasmtime checks imports itself, but does not say that this is what failed.
fn check_imports(store: &Store<'_>, module: &Module, imports: &[Extern<Wasmtime>]) -> Result<()> {
    let expected = module.import_types();
    if expected.len() != imports.len() {
        let (expected, found) = (expected.len(), imports.len());
        return Err(Error::link(format!(
            "{expected} imports, but {found} values"
        )));
    }
    for (index, (expected, value)) in expected.iter().zip(imports).enumerate() {
        if !fits(store, expected, value) {
            let import = module.engine_module().imports().nth(index);
            let import = import.map(|import| (import.module(), import.name()));
            let (module, name) = import.unwrap_or_default();
            return Err(Error::link(format!(
                "incompatible import type for `{module}`.`{name}`"
            )));
        }
    }
    Ok(())
}

/// [Matching](https://webassembly.github.io/spec/core/valid/matching.html#external-types) of the
/// type of `value` against the type of an import.
fn fits(store: &Store<'_>, expected: &ExternType, value: &Extern<Wasmtime>) -> bool {
    match (expected, value) {
        (ExternType::Func(expected), Extern::Func(func)) => {
            // `FuncType::matches` compares structures, where the declared supertypes are meant.
            let expected = HeapType::ConcreteFunc(expected.clone());
            HeapType::ConcreteFunc(func.ty(store)).matches(&expected)
        }
        (ExternType::Tag(expected), Extern::Tag(tag)) => {
            FuncType::eq(tag.ty(store).ty(), expected.ty())
        }
        (ExternType::Global(expected), Extern::Global(global)) => {
            let ty = global.ty(store);
            let content = if expected.mutability() == Mutability::Var {
                ValType::eq(ty.content(), expected.content())
            } else {
                ty.content().matches(expected.content())
            };
            content && ty.mutability() == expected.mutability()
        }
        (ExternType::Table(expected), Extern::Table(table)) => {
            let ty = table.ty(store);
            ty.is_64() == expected.is_64()
                && RefType::eq(ty.element(), expected.element())
                && expected.minimum() <= table.size(store)
                && max_fits(expected.maximum(), ty.maximum())
        }
        (ExternType::Memory(expected), Extern::Memory(memory)) => {
            let ty = memory.ty(store);
            ty.is_64() == expected.is_64()
                && ty.is_shared() == expected.is_shared()
                && ty.page_size_log2() == expected.page_size_log2()
                && expected.minimum() <= memory.size(store)
                && max_fits(expected.maximum(), ty.maximum())
        }
        _ => false,
    }
}

fn max_fits(expected: Option<u64>, found: Option<u64>) -> bool {
    expected.is_none_or(|expected| found.is_some_and(|found| found <= expected))
}

pub(crate) fn export(
    store: &mut Store<'_>,
    instance: &Instance,
    name: &str,
    kind: ExternKind,
) -> Option<Extern<Wasmtime>> {
    let export = instance.get_export(store, name)?;
    match kind {
        ExternKind::Func => export.into_func().map(Extern::Func),
        ExternKind::Table => export.into_table().map(Extern::Table),
        ExternKind::Memory => match export {
            wasmtime::Extern::Memory(memory) => Some(Extern::Memory(Memory::Plain(memory))),
            wasmtime::Extern::SharedMemory(memory) => Some(Extern::Memory(Memory::Shared(memory))),
            _ => None,
        },
        ExternKind::Global => export.into_global().map(Extern::Global),
        ExternKind::Tag => export.into_tag().map(Extern::Tag),
    }
}

/// The machine code of the modules that a store has instances of, by its address.
#[derive(Default)]
pub(crate) struct Texts(BTreeMap<usize, Text>);

struct Text {
    module: wasmtime::Module,
    /// Where each function begins, relative to the text, and its index; in the order of the former.
    functions: OnceCell<Vec<(usize, u32)>>,
}

impl Text {
    fn functions(&self) -> &[(usize, u32)] {
        self.functions.get_or_init(|| {
            let functions = self.module.functions();
            let mut all: Vec<_> = functions.map(|f| (f.offset, f.index.as_u32())).collect();
            all.sort_unstable();
            all
        })
    }
}

impl Texts {
    fn add(&mut self, module: &wasmtime::Module) {
        // Without functions there is no text, and its address is nothing's.
        if module.text().is_empty() {
            return;
        }
        let start = module.text().as_ptr().addr();
        self.0.entry(start).or_insert_with(|| Text {
            module: module.clone(),
            functions: OnceCell::new(),
        });
    }

    /// The index of the function whose code begins at this address, in its module.
    pub(crate) fn index(&self, code: usize) -> Option<u32> {
        let (start, text) = self.0.range(..=code).next_back()?;
        let functions = text.functions();
        let offset = code - start;
        let place = functions.binary_search_by_key(&offset, |(offset, _)| *offset);
        place.ok().map(|place| functions[place].1)
    }
}
