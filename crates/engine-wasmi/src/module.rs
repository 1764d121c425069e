//! Modules and instances.

use std::sync::Arc;

use sinew_bridge::{Extern, ExternKind, MemoryType};
use wasmi::{ExternType, Instance, Memory};

use crate::rewrite::{Outline, Rewritten};
use crate::store::{StoreMut, expect_span, forget_span, reserve_entities};
use crate::{Engine, Error, Wasmi, conv, func, memory};

/// A compiled module.
#[derive(Clone)]
pub struct Module(Arc<Inner>);

struct Inner {
    module: wasmi::Module,
    /// What wasmi is given for its imports: they are listed by kind, not as the module has them.
    imports: Box<[Import]>,
    outline: Outline,
    /// The export to call after instantiation.
    init: Option<String>,
}

#[derive(Clone, Copy)]
enum Import {
    /// The module's import at this position.
    Given(usize),
    /// The memory that the module defines at this position.
    Memory(usize),
}

pub(crate) fn compile(engine: &Engine, bytes: &[u8]) -> Result<Module, Error> {
    let Ok(outline) = Outline::read(bytes) else {
        // Wasmi's own parser says what is wrong, and where.
        validate(engine, bytes)?;
        return Err(Error::compile(None, "the module cannot be read"));
    };
    let (module, init) = if outline.needs_rewrite() {
        // The original first: offsets in errors are those of the original.
        validate(engine, bytes)?;
        engine.reserve_functions(outline.defined_funcs.saturating_add(1))?;
        let Rewritten { bytes, init } = outline.rewrite(bytes)?;
        debug_assert!(validate(engine, &bytes).is_ok());
        // SAFETY: the original bytes are valid by wasmi's rules, as checked above with the
        // engine's configuration, and `rewrite` keeps them valid: it moves memories to the imports
        // at the same indices, removes the start section, adds an export of another name, and
        // replaces active segments by the instructions that they stand for. Nothing else changes.
        let module = unsafe { wasmi::Module::new_unchecked(engine.inner(), &bytes)? };
        (module, init)
    } else {
        engine.reserve_functions(outline.defined_funcs)?;
        (wasmi::Module::new(engine.inner(), bytes)?, None)
    };
    let imports = imports(&module, &outline)?;
    Ok(Module(Arc::new(Inner {
        module,
        imports,
        outline,
        init,
    })))
}

pub(crate) fn validate(engine: &Engine, bytes: &[u8]) -> Result<(), Error> {
    Ok(wasmi::Module::validate(engine.inner(), bytes)?)
}

/// Pairs wasmi's list of imports with the module's: within a kind, both have the same order, and
/// the memories that the module defines come last.
fn imports(module: &wasmi::Module, outline: &Outline) -> Result<Box<[Import]>, Error> {
    let of_kind = |kind: ExternKind| {
        let positions = outline.imports.iter().enumerate();
        positions
            .filter(move |(_, other)| **other == kind)
            .map(|(position, _)| Import::Given(position))
    };
    let mut funcs = of_kind(ExternKind::Func);
    let mut tables = of_kind(ExternKind::Table);
    let mut globals = of_kind(ExternKind::Global);
    let defined = (0..outline.memories.len()).map(Import::Memory);
    let mut memories = of_kind(ExternKind::Memory).chain(defined);
    module
        .imports()
        .map(|import| match import.ty() {
            ExternType::Func(_) => funcs.next(),
            ExternType::Table(_) => tables.next(),
            ExternType::Memory(_) => memories.next(),
            ExternType::Global(_) => globals.next(),
        })
        .collect::<Option<_>>()
        .ok_or_else(|| Error::compile(None, "the module's imports are read differently"))
}

pub(crate) fn instantiate(
    store: &mut StoreMut<'_>,
    module: &Module,
    imports: &[Extern<Wasmi>],
) -> Result<Instance, Error> {
    let Inner {
        module,
        imports: order,
        outline,
        init,
    } = &*module.0;
    check_imports(store, module, order, imports)?;
    let prepared: Vec<_> = outline
        .memories
        .iter()
        .map(|ty| memory::prepare(store, ty))
        .collect::<Result<_, _>>()?;
    charge(store, outline)?;
    let memories: Vec<_> = prepared
        .into_iter()
        .map(|memory| memory::create(store, memory))
        .collect::<Result<_, _>>()?;
    let externs: Vec<_> = order
        .iter()
        .filter_map(|import| wasmi_extern(*import, imports, &memories))
        .collect();

    expect_span(store, outline.imported_funcs, outline.defined_funcs);
    store.data_mut().limiter.set_prepaid(true);
    let instance = Instance::new(&mut *store, module, &externs);
    store.data_mut().limiter.set_prepaid(false);
    let instance = match instance {
        Ok(instance) => instance,
        Err(error) => {
            forget_span(store, outline.defined_funcs);
            return Err(error.into());
        }
    };
    if let Some(init) = init
        && let Some(init) = instance.get_func(&*store, init)
    {
        func::call_nothing(store, init)?;
    }
    Ok(instance)
}

/// Charges for all that the instance will have; for nothing when refused.
fn charge(store: &mut StoreMut<'_>, outline: &Outline) -> Result<(), Error> {
    let entities = [outline.defined_funcs, outline.globals, outline.segments];
    reserve_entities(store, 2 + entities.map(u64::from).iter().sum::<u64>())?;
    let bytes = memory::sum_of_minima(&outline.memories)?;
    let elements = outline.table_elements;
    let state = store.data_mut();
    if !state.limiter.charge(bytes, elements) {
        return Err(Error::limit(
            "the limit of memory or of table elements is reached",
        ));
    }
    let memories = outline.memories.len() as u64;
    if !state.data.budget.instance(memories, outline.tables) {
        state.limiter.refund(bytes, elements);
        return Err(Error::limit("too many instances, memories or tables"));
    }
    Ok(())
}

fn wasmi_extern(
    import: Import,
    imports: &[Extern<Wasmi>],
    memories: &[Memory],
) -> Option<wasmi::Extern> {
    Some(match import {
        Import::Memory(position) => wasmi::Extern::Memory(*memories.get(position)?),
        Import::Given(position) => match imports.get(position)? {
            Extern::Func(func) => wasmi::Extern::Func(func.handle()),
            Extern::Table(table) => wasmi::Extern::Table(*table),
            Extern::Memory(memory) => wasmi::Extern::Memory(*memory),
            Extern::Global(global) => wasmi::Extern::Global(*global),
            Extern::Tag(tag) => match *tag {},
        },
    })
}

/// Whether all imports fit. Wasmi checks it too, but only after functions and memories of the
/// instance are made, which are never freed.
fn check_imports(
    store: &mut StoreMut<'_>,
    module: &wasmi::Module,
    order: &[Import],
    imports: &[Extern<Wasmi>],
) -> Result<(), Error> {
    for (import, source) in module.imports().zip(order) {
        let Import::Given(position) = *source else {
            continue;
        };
        let given = imports.get(position);
        if !given.is_some_and(|given| fits(store, import.ty(), given)) {
            return Err(Error::link(format!(
                "import {:?} of {:?} does not fit",
                import.name(),
                import.module()
            )));
        }
    }
    Ok(())
}

fn fits(store: &mut StoreMut<'_>, wanted: &ExternType, given: &Extern<Wasmi>) -> bool {
    match (wanted, given) {
        (ExternType::Func(wanted), Extern::Func(given)) => given.handle().ty(&*store) == *wanted,
        (ExternType::Global(wanted), Extern::Global(given)) => given.ty(&*store) == *wanted,
        (ExternType::Table(wanted), Extern::Table(given)) => {
            let wanted = conv::from_table_type(*wanted, wanted.minimum());
            let given = memory::table_type(store, given);
            given.element == wanted.element
                && given.address == wanted.address
                && within(given.limits, wanted.limits)
        }
        (ExternType::Memory(wanted), Extern::Memory(given)) => {
            let wanted = conv::from_memory_type(*wanted, wanted.minimum());
            let given: MemoryType = memory::mem_type(store, given);
            given.address == wanted.address && within(given.limits, wanted.limits)
        }
        _ => false,
    }
}

/// [Limits matching](https://webassembly.github.io/spec/core/valid/matching.html#limits).
fn within(given: sinew_bridge::Limits, wanted: sinew_bridge::Limits) -> bool {
    given.min >= wanted.min
        && wanted
            .max
            .is_none_or(|wanted| given.max.is_some_and(|given| given <= wanted))
}

pub(crate) fn instance_export(
    store: &mut StoreMut<'_>,
    instance: &Instance,
    name: &str,
    kind: ExternKind,
) -> Option<Extern<Wasmi>> {
    let value = conv::from_extern(store, instance.get_export(&*store, name)?);
    let found = match &value {
        Extern::Func(_) => ExternKind::Func,
        Extern::Table(_) => ExternKind::Table,
        Extern::Memory(_) => ExternKind::Memory,
        Extern::Global(_) => ExternKind::Global,
        Extern::Tag(_) => ExternKind::Tag,
    };
    (found == kind).then_some(value)
}
