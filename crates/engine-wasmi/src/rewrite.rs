//! What a module's bytes say, and the same module without what wasmi would do badly.
//!
//! - Memories that the module defines become imports, so that they are made by
//!   [`memory`](crate::memory). Indices stay: imported memories come first, and these are appended
//!   to the module's own.
//! - The start function is not run by wasmi but exported, so that it is called like any other:
//!   interruptibly.
//! - Where active element segments write to imported tables, all active segments become passive,
//!   and a function at the end of the index space does what instantiation would, then calls the
//!   start function. Otherwise functions of an instance whose instantiation fails could stay
//!   behind in a table, and wasmi would run them on an instance without memories or globals:
//!   undefined behaviour within the reach of any module.
//!
//! None of this is visible from outside: wasmi takes imports by position, and the one additional
//! export has a name that the module does not use.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;

use sinew_bridge::binary::Payloads;
use sinew_bridge::{AddressType, ExternKind, Limits, MemoryType};
use wasm_encoder::{Encode, EntityType, ExportKind, Instruction};
use wasmparser::{
    BinaryReader, ConstExpr, Data, DataKind, Element, ElementItems, ElementKind, Encoding, Payload,
    SectionLimited, TypeRef,
};

use crate::Error;
use crate::conv::PAGE_SIZE_LOG2;

/// What a module has, as far as instantiation is concerned.
#[derive(Default)]
pub(crate) struct Outline {
    /// The kinds of the imports, in the order of the import section.
    pub imports: Vec<ExternKind>,
    pub imported_funcs: u32,
    pub defined_funcs: u32,
    /// The memories it defines.
    pub memories: Vec<MemoryType>,
    /// The number of tables it defines, and their minima together.
    pub tables: u64,
    pub table_elements: u64,
    pub globals: u32,
    /// Element and data segments.
    pub segments: u32,
    types: u32,
    imported_tables: u32,
    start: Option<u32>,
    /// An active element segment writes to an imported table.
    writes_imports: bool,
    has_data: bool,
    sections: Vec<(u8, Range<usize>)>,
}

/// A module made ready for wasmi.
pub(crate) struct Rewritten {
    pub bytes: Vec<u8>,
    /// The export to call after instantiation.
    pub init: Option<String>,
}

type Result<T> = std::result::Result<T, Error>;

impl Outline {
    /// Reads all sections but the code.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self> {
        let mut outline = Self::default();
        for payload in Payloads::of(bytes) {
            outline.payload(payload?)?;
        }
        Ok(outline)
    }

    fn payload(&mut self, payload: Payload<'_>) -> Result<()> {
        if let Some((id, range)) = payload.as_section() {
            self.sections
                .push((id, range.start as usize..range.end as usize));
        }
        match payload {
            Payload::Version { encoding, .. } if encoding != Encoding::Module => {
                return Err(Error::compile(Some(0), "not a module"));
            }
            Payload::TypeSection(section) => self.types = section.count(),
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    self.import(import?.ty);
                }
            }
            Payload::FunctionSection(section) => self.defined_funcs = section.count(),
            Payload::TableSection(section) => {
                for table in section {
                    self.tables += 1;
                    let minimum = table?.ty.initial;
                    self.table_elements = self.table_elements.saturating_add(minimum);
                }
            }
            Payload::MemorySection(section) => {
                for memory in section {
                    self.memories.push(memory_type(memory?));
                }
            }
            Payload::GlobalSection(section) => self.globals = section.count(),
            Payload::StartSection { func, .. } => self.start = Some(func),
            Payload::ElementSection(section) => {
                self.segments = self.segments.saturating_add(section.count());
                for segment in section {
                    if let ElementKind::Active { table_index, .. } = segment?.kind {
                        self.writes_imports |= table_index.unwrap_or(0) < self.imported_tables;
                    }
                }
            }
            Payload::DataSection(section) => {
                self.segments = self.segments.saturating_add(section.count());
                self.has_data = section.count() > 0;
            }
            _ => {}
        }
        Ok(())
    }

    fn import(&mut self, ty: TypeRef) {
        self.imports.push(match ty {
            TypeRef::Func(_) | TypeRef::FuncExact(_) => {
                self.imported_funcs += 1;
                ExternKind::Func
            }
            TypeRef::Table(_) => {
                self.imported_tables += 1;
                ExternKind::Table
            }
            TypeRef::Memory(_) => ExternKind::Memory,
            TypeRef::Global(_) => ExternKind::Global,
            TypeRef::Tag(_) => ExternKind::Tag,
        });
    }

    /// Whether functions of a failed instance could stay behind.
    fn defers_segments(&self) -> bool {
        self.writes_imports && self.defined_funcs > 0
    }

    /// Whether wasmi gets other bytes than the module's.
    pub(crate) fn needs_rewrite(&self) -> bool {
        !self.memories.is_empty() || self.start.is_some() || self.defers_segments()
    }

    /// The same module for wasmi. It is valid if the module is.
    pub(crate) fn rewrite(&self, bytes: &[u8]) -> Result<Rewritten> {
        Rewriter::new(self, bytes)?.run()
    }
}

fn memory_type(ty: wasmparser::MemoryType) -> MemoryType {
    MemoryType {
        limits: Limits {
            min: ty.initial,
            max: ty.maximum,
        },
        address: if ty.memory64 {
            AddressType::I64
        } else {
            AddressType::I32
        },
        shared: ty.shared,
        page_size_log2: ty.page_size_log2.unwrap_or(PAGE_SIZE_LOG2),
    }
}

mod id {
    pub(super) const CUSTOM: u8 = 0;
    pub(super) const TYPE: u8 = 1;
    pub(super) const IMPORT: u8 = 2;
    pub(super) const FUNCTION: u8 = 3;
    pub(super) const MEMORY: u8 = 5;
    pub(super) const EXPORT: u8 = 7;
    pub(super) const START: u8 = 8;
    pub(super) const ELEMENT: u8 = 9;
    pub(super) const CODE: u8 = 10;
    pub(super) const DATA: u8 = 11;
    pub(super) const DATA_COUNT: u8 = 12;
}

/// The place of a section among the others.
fn rank(id: u8) -> u8 {
    match id {
        // The tag section, between memories and globals; wasmi has none.
        13 => 2 * id::MEMORY + 1,
        // Between elements and code.
        id::DATA_COUNT => 2 * id::ELEMENT + 1,
        _ => 2 * id,
    }
}

struct Rewriter<'a> {
    outline: &'a Outline,
    bytes: &'a [u8],
    init: Option<String>,
    /// The instructions of the function that stands in for instantiation.
    body: Vec<u8>,
}

impl<'a> Rewriter<'a> {
    fn new(outline: &'a Outline, bytes: &'a [u8]) -> Result<Self> {
        let mut rewriter = Self {
            outline,
            bytes,
            init: None,
            body: Vec::new(),
        };
        if outline.start.is_some() || outline.defers_segments() {
            let mut name = String::from("\0init");
            let taken = rewriter.export_names()?;
            while taken.contains(name.as_str()) {
                name.push('\'');
            }
            rewriter.init = Some(name);
        }
        Ok(rewriter)
    }

    fn section(&self, wanted: u8) -> Option<&'a [u8]> {
        let (_, range) = self.outline.sections.iter().find(|(id, _)| *id == wanted)?;
        self.bytes.get(range.clone())
    }

    fn export_names(&self) -> Result<HashSet<&'a str>> {
        let Some(body) = self.section(id::EXPORT) else {
            return Ok(HashSet::new());
        };
        items::<wasmparser::Export<'_>>(body)?
            .into_iter()
            .map(|export| Ok(export?.name))
            .collect()
    }

    fn run(mut self) -> Result<Rewritten> {
        // Their instructions have to be known when the code section is written.
        let (elements, data) = if self.outline.defers_segments() {
            (self.elements()?, self.data()?)
        } else {
            (None, None)
        };
        let mut out = self.bytes[..8].to_vec();
        let mut absent = self.absent();
        absent.reverse();
        for (id, range) in &self.outline.sections {
            if *id != id::CUSTOM {
                while let Some((absent_id, content)) = absent.pop_if(|s| rank(s.0) < rank(*id)) {
                    push_section(&mut out, absent_id, &content);
                }
            }
            let body = &self.bytes[range.clone()];
            let content = match *id {
                id::MEMORY | id::START => continue,
                id::ELEMENT => elements.as_deref().map_or(body.into(), Cow::Borrowed),
                id::DATA => data.as_deref().map_or(body.into(), Cow::Borrowed),
                id => self.extended(id, body)?,
            };
            push_section(&mut out, *id, &content);
        }
        while let Some((id, content)) = absent.pop() {
            push_section(&mut out, id, &content);
        }
        Ok(Rewritten {
            bytes: out,
            init: self.init,
        })
    }

    /// Sections that the module does not have and gets, in their order.
    fn absent(&self) -> Vec<(u8, Vec<u8>)> {
        let mut sections = Vec::new();
        for id in [id::IMPORT, id::EXPORT] {
            let (count, entries) = self.additions(id);
            if count > 0 && self.section(id).is_none() {
                let mut content = leb(count);
                content.extend(entries);
                sections.push((id, content));
            }
        }
        if self.outline.defers_segments()
            && self.outline.has_data
            && self.section(id::DATA_COUNT).is_none()
        {
            let count = self
                .section(id::DATA)
                .and_then(|body| split_count(body).ok());
            sections.push((id::DATA_COUNT, leb(count.map_or(0, |(count, _)| count))));
        }
        sections
    }

    /// A section with what is appended to it.
    fn extended(&self, id: u8, body: &'a [u8]) -> Result<Cow<'a, [u8]>> {
        let (added, entries) = self.additions(id);
        if added == 0 {
            return Ok(body.into());
        }
        let (count, rest) = split_count(body)?;
        let mut content = leb(count + added);
        content.extend(rest);
        content.extend(entries);
        Ok(content.into())
    }

    /// How many entries are appended to a section, and their bytes.
    fn additions(&self, id: u8) -> (u32, Vec<u8>) {
        let mut out = Vec::new();
        let deferred = self.outline.defers_segments();
        match id {
            id::IMPORT => {
                for memory in &self.outline.memories {
                    "\0sinew".encode(&mut out);
                    "memory".encode(&mut out);
                    EntityType::Memory(encoded(memory)).encode(&mut out);
                }
                return (self.outline.memories.len() as u32, out);
            }
            id::EXPORT => {
                let Some(name) = &self.init else {
                    return (0, out);
                };
                name.as_str().encode(&mut out);
                ExportKind::Func.encode(&mut out);
                self.init_index().encode(&mut out);
            }
            id::TYPE if deferred => out.extend([0x60, 0, 0]),
            id::FUNCTION if deferred => out.extend(leb(self.outline.types)),
            id::CODE if deferred => {
                let mut code = vec![0];
                code.extend(&self.body);
                if let Some(start) = self.outline.start {
                    Instruction::Call(start).encode(&mut code);
                }
                Instruction::End.encode(&mut code);
                code.encode(&mut out);
            }
            _ => return (0, out),
        }
        (1, out)
    }

    /// The function to call after instantiation.
    fn init_index(&self) -> u32 {
        match self.outline.start {
            Some(start) if !self.outline.defers_segments() => start,
            _ => self.outline.imported_funcs + self.outline.defined_funcs,
        }
    }

    /// The element section with all active segments passive.
    fn elements(&mut self) -> Result<Option<Vec<u8>>> {
        let Some(body) = self.section(id::ELEMENT) else {
            return Ok(None);
        };
        let segments = items::<Element<'_>>(body)?;
        let mut out = leb(segments.count());
        for (index, segment) in (0..).zip(segments) {
            let segment = segment?;
            let whole = &body[segment.range.start as usize..segment.range.end as usize];
            let ElementKind::Active {
                table_index,
                offset_expr,
            } = segment.kind
            else {
                out.extend(whole);
                continue;
            };
            let count = match segment.items {
                ElementItems::Functions(items) => {
                    out.extend([1, 0]);
                    push_rest(&mut out, body, &items, &segment.range)
                }
                ElementItems::Expressions(ty, items) => {
                    out.extend([5, if ty.is_extern_ref() { 0x6f } else { 0x70 }]);
                    push_rest(&mut out, body, &items, &segment.range)
                }
            };
            let copy = Instruction::TableInit {
                elem_index: index,
                table: table_index.unwrap_or(0),
            };
            self.push_init(&offset_expr, count, [copy, Instruction::ElemDrop(index)]);
        }
        Ok(Some(out))
    }

    /// The data section with all active segments passive.
    fn data(&mut self) -> Result<Option<Vec<u8>>> {
        let Some(body) = self.section(id::DATA) else {
            return Ok(None);
        };
        let segments = items::<Data<'_>>(body)?;
        let mut out = leb(segments.count());
        for (index, segment) in (0..).zip(segments) {
            let segment = segment?;
            out.push(1);
            segment.data.encode(&mut out);
            if let DataKind::Active {
                memory_index,
                offset_expr,
            } = segment.kind
            {
                let copy = Instruction::MemoryInit {
                    mem: memory_index,
                    data_index: index,
                };
                let len = segment.data.len() as u32;
                self.push_init(&offset_expr, len, [copy, Instruction::DataDrop(index)]);
            }
        }
        Ok(Some(out))
    }

    /// Copies a whole segment of `len` items to an offset, and drops it.
    fn push_init(&mut self, offset: &ConstExpr<'_>, len: u32, copy: [Instruction<'_>; 2]) {
        let mut reader = offset.get_binary_reader();
        let len_of_expr = reader.bytes_remaining();
        if let Ok([instructions @ .., _end]) = reader.read_bytes(len_of_expr) {
            self.body.extend(instructions);
        }
        let range = [0, len.cast_signed()].map(Instruction::I32Const);
        for instruction in range.iter().chain(&copy) {
            instruction.encode(&mut self.body);
        }
    }
}

fn items<'a, T>(body: &'a [u8]) -> Result<SectionLimited<'a, T>>
where
    T: wasmparser::FromReader<'a>,
{
    Ok(SectionLimited::new(BinaryReader::new(body, 0))?)
}

/// Copies the items of a segment, and counts them.
fn push_rest<T>(
    out: &mut Vec<u8>,
    body: &[u8],
    items: &SectionLimited<'_, T>,
    segment: &Range<u64>,
) -> u32 {
    items.count().encode(out);
    out.extend(&body[items.original_position() as usize..segment.end as usize]);
    items.count()
}

/// A section's count and what follows it.
fn split_count(body: &[u8]) -> Result<(u32, &[u8])> {
    let mut reader = BinaryReader::new(body, 0);
    let count = reader.read_var_u32()?;
    Ok((count, &body[reader.original_position() as usize..]))
}

fn push_section(out: &mut Vec<u8>, id: u8, content: &[u8]) {
    out.push(id);
    content.encode(out);
}

fn encoded(ty: &MemoryType) -> wasm_encoder::MemoryType {
    wasm_encoder::MemoryType {
        minimum: ty.limits.min,
        maximum: ty.limits.max,
        memory64: ty.address == AddressType::I64,
        shared: ty.shared,
        page_size_log2: None,
    }
}

fn leb(value: u32) -> Vec<u8> {
    let mut out = Vec::new();
    value.encode(&mut out);
    out
}
