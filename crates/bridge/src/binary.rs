//! What the bytes of a module say.
//!
//! One reader for every engine: imports and exports in the order of the file, custom sections,
//! names. No engine is asked for any of it.

mod exact;
mod exports;
mod limits;
mod payloads;

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use wasmparser::{
    BinaryReader, CompositeInnerType, ExternalKind, Name, Payload, TypeRef, UnpackedIndex,
};

use crate::{
    AddressType, ExternKind, ExternType, FuncType, GlobalType, HeapType, Limits, MemoryType,
    RefType, TableType, ValType, WasmFeatures,
};

pub use exact::{ExactType, ExactTypes};
pub use exports::Origin;
pub use limits::{TABLE_SIZE, check_limits};
pub use payloads::Payloads;

/// An import of a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// The module it names.
    pub module: String,
    /// The name within that module.
    pub name: String,
    /// What it must be.
    pub ty: ExternType,
}

/// An export of a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// Its name.
    pub name: String,
    /// Its index in the index space of its kind.
    pub index: u32,
    /// What it is.
    pub ty: ExternType,
}

/// A custom section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomSection {
    /// Its name.
    pub name: String,
    /// Where its contents are in the module.
    pub range: Range<usize>,
}

/// What the bytes of a module say.
#[derive(Clone, Debug)]
pub struct ModuleInfo {
    /// Its bytes.
    pub bytes: Arc<[u8]>,
    /// Imports in the order of the file.
    pub imports: Vec<Import>,
    /// Exports in the order of the file.
    pub exports: Vec<Export>,
    /// Custom sections in the order of the file.
    pub custom_sections: Vec<CustomSection>,
    /// Types of all memories, imported ones first.
    pub memories: Vec<MemoryType>,
    /// Types of all tables, imported ones first.
    pub tables: Vec<TableType>,
    /// How many functions there are, imported ones included.
    pub functions: u32,
    /// Function names of the name section, by index; read at first need.
    names: OnceLock<Arc<[(u32, String)]>>,
    /// Where each export comes from.
    origins: Box<[Origin]>,
    /// The exports in the order of their names; sorted at first need.
    by_name: OnceLock<Box<[u32]>>,
}

/// The bytes are no well-formed module.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} (at byte offset {offset:#x})")]
pub struct Malformed {
    /// What is wrong.
    pub message: String,
    /// Byte offset in the module.
    pub offset: usize,
}

impl From<wasmparser::BinaryReaderError> for Malformed {
    fn from(error: wasmparser::BinaryReaderError) -> Self {
        Malformed {
            // One line, whatever it shows.
            message: error
                .message()
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" "),
            offset: error.offset() as usize,
        }
    }
}

/// Validates a module for an engine with these features, to say in one voice what is wrong with it.
pub fn validate(bytes: &[u8], features: WasmFeatures) -> Result<(), Malformed> {
    use wasmparser::WasmFeatures as Proposals;
    let mut proposals = Proposals::WASM2 | Proposals::RELAXED_SIMD;
    proposals.set(Proposals::MEMORY64, features.memory64);
    proposals.set(Proposals::MULTI_MEMORY, features.multi_memory);
    proposals.set(Proposals::TAIL_CALL, features.tail_call);
    proposals.set(Proposals::EXTENDED_CONST, features.extended_const);
    proposals.set(Proposals::RELAXED_SIMD, features.relaxed_simd);
    proposals.set(Proposals::EXCEPTIONS, features.exceptions);
    proposals.set(Proposals::FUNCTION_REFERENCES, features.function_references);
    proposals.set(Proposals::GC, features.gc);
    proposals.set(Proposals::THREADS, features.threads);
    wasmparser::Validator::new_with_features(proposals)
        .validate_all(bytes)
        .map(drop)
        .map_err(Malformed::from)
}

/// The names of the features that a module needs and that are not among `features`; none if it is
/// invalid with all of them.
pub fn missing_features(bytes: &[u8], features: WasmFeatures) -> Vec<&'static str> {
    let all = WasmFeatures::ALL;
    if validate(bytes, all).is_err() {
        return Vec::new();
    }
    let absent = features.rows().into_iter().filter(|(_, there)| !there);
    absent
        .map(|(name, _)| name)
        .filter(|name| validate(bytes, all.without(name)).is_err())
        .collect()
}

impl ModuleInfo {
    /// Reads a module. Code is not looked at, so a module that reads well may still be invalid.
    pub fn read(bytes: Arc<[u8]>) -> Result<Self, Malformed> {
        let mut spaces = Spaces::default();
        for payload in Payloads::of(&bytes) {
            spaces.payload(payload?)?;
        }
        Ok(ModuleInfo {
            origins: exports::origins(&spaces.imports, &spaces.exports),
            imports: spaces.imports,
            exports: spaces.exports,
            custom_sections: spaces.custom_sections,
            functions: spaces.functions.len() as u32,
            memories: spaces.memories,
            tables: spaces.tables,
            names: OnceLock::new(),
            by_name: OnceLock::new(),
            bytes,
        })
    }

    /// The imports of one kind: they come first in the index space of that kind.
    pub fn imported(&self, kind: ExternKind) -> impl Iterator<Item = &Import> {
        self.imports
            .iter()
            .filter(move |import| import.ty.kind() == kind)
    }

    /// The position of the export of this name.
    pub fn export(&self, name: &str) -> Option<usize> {
        let order = self.by_name.get_or_init(|| exports::by_name(&self.exports));
        let name_at = |at: &u32| self.exports[*at as usize].name.as_str();
        let found = order.binary_search_by(|at| name_at(at).cmp(name)).ok()?;
        Some(order[found] as usize)
    }

    /// Where the entity comes from that the export at this position shows.
    pub fn origin(&self, at: usize) -> Origin {
        self.origins[at]
    }

    /// The name that the name section gives to function `index`.
    pub fn function_name(&self, index: u32) -> Option<&str> {
        let names = self.names.get_or_init(|| self.read_names().into());
        let at = names
            .binary_search_by_key(&index, |(index, _)| *index)
            .ok()?;
        Some(&names[at].1)
    }

    /// A name section that does not read well names nothing, as the core specification has it.
    fn read_names(&self) -> Vec<(u32, String)> {
        let mut names = Vec::new();
        let Some(section) = self.custom_sections.iter().find(|s| s.name == "name") else {
            return names;
        };
        let contents = &self.bytes[section.range.clone()];
        let reader = BinaryReader::new(contents, 0);
        for name in wasmparser::NameSectionReader::new(reader) {
            let Ok(Name::Function(map)) = name else {
                continue;
            };
            for naming in map {
                let Ok(naming) = naming else { break };
                names.push((naming.index, naming.name.to_owned()));
            }
        }
        names.sort_unstable();
        names.dedup_by_key(|(index, _)| *index);
        names
    }
}

/// The index spaces as far as they have been read.
#[derive(Default)]
struct Spaces {
    types: Vec<CompositeKind>,
    functions: Vec<u32>,
    memories: Vec<MemoryType>,
    tables: Vec<TableType>,
    globals: Vec<GlobalType>,
    tags: Vec<u32>,
    imports: Vec<Import>,
    exports: Vec<Export>,
    custom_sections: Vec<CustomSection>,
}

/// An entry of the type section.
enum CompositeKind {
    Func(FuncType),
    Struct,
    Array,
    Other,
}

impl Spaces {
    fn payload(&mut self, payload: Payload<'_>) -> Result<(), Malformed> {
        match payload {
            Payload::TypeSection(section) => {
                for group in section {
                    self.type_group(group?);
                }
            }
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    self.import(import?)?;
                }
            }
            Payload::FunctionSection(section) => {
                for index in section {
                    self.functions.push(index?);
                }
            }
            Payload::TableSection(section) => {
                for table in section {
                    let ty = self.table_type(&table?.ty);
                    self.tables.push(ty);
                }
            }
            Payload::MemorySection(section) => {
                for memory in section {
                    self.memories.push(memory_type(&memory?));
                }
            }
            Payload::GlobalSection(section) => {
                for global in section {
                    let ty = self.global_type(&global?.ty);
                    self.globals.push(ty);
                }
            }
            Payload::TagSection(section) => {
                for tag in section {
                    self.tags.push(tag?.func_type_idx);
                }
            }
            Payload::ExportSection(section) => {
                let offset = section.range().start as usize;
                for export in section {
                    self.export(export?, offset)?;
                }
            }
            Payload::CustomSection(section) => {
                let start = section.data_offset() as usize;
                self.custom_sections.push(CustomSection {
                    name: section.name().to_owned(),
                    range: start..start + section.data().len(),
                });
            }
            Payload::Version {
                encoding: wasmparser::Encoding::Component,
                range,
                ..
            } => {
                return Err(Malformed {
                    message: "this is a component, not a core module".to_owned(),
                    offset: range.start as usize,
                });
            }
            _ => {}
        }
        Ok(())
    }

    fn type_group(&mut self, group: wasmparser::RecGroup) {
        // Types of one group may refer to each other: their kinds come first.
        let first = self.types.len();
        let types: Vec<_> = group.into_types().collect();
        self.types
            .extend(types.iter().map(|ty| match &ty.composite_type.inner {
                CompositeInnerType::Func(_) => CompositeKind::Func(FuncType::new([], [])),
                CompositeInnerType::Struct(_) => CompositeKind::Struct,
                CompositeInnerType::Array(_) => CompositeKind::Array,
                CompositeInnerType::Cont(_) => CompositeKind::Other,
            }));
        for (at, ty) in types.iter().enumerate() {
            if let CompositeInnerType::Func(func) = &ty.composite_type.inner {
                let list = |types: &[wasmparser::ValType]| {
                    types
                        .iter()
                        .map(|ty| self.val_type(*ty))
                        .collect::<Box<[_]>>()
                };
                let ty = FuncType::new(list(func.params()), list(func.results()));
                self.types[first + at] = CompositeKind::Func(ty);
            }
        }
    }

    fn import(&mut self, import: wasmparser::Import<'_>) -> Result<(), Malformed> {
        let ty = match import.ty {
            TypeRef::Func(index) | TypeRef::FuncExact(index) => {
                self.functions.push(index);
                ExternType::Func(self.func_type(index)?)
            }
            TypeRef::Table(ty) => {
                self.tables.push(self.table_type(&ty));
                ExternType::Table(self.table_type(&ty))
            }
            TypeRef::Memory(ty) => {
                self.memories.push(memory_type(&ty));
                ExternType::Memory(memory_type(&ty))
            }
            TypeRef::Global(ty) => {
                self.globals.push(self.global_type(&ty));
                ExternType::Global(self.global_type(&ty))
            }
            TypeRef::Tag(ty) => {
                self.tags.push(ty.func_type_idx);
                ExternType::Tag(self.func_type(ty.func_type_idx)?)
            }
        };
        self.imports.push(Import {
            module: import.module.to_owned(),
            name: import.name.to_owned(),
            ty,
        });
        Ok(())
    }

    fn export(
        &mut self,
        export: wasmparser::Export<'_>,
        section_offset: usize,
    ) -> Result<(), Malformed> {
        let at = export.index as usize;
        let ty = match export.kind {
            ExternalKind::Func | ExternalKind::FuncExact => match self.functions.get(at) {
                Some(index) => Some(ExternType::Func(self.func_type(*index)?)),
                None => None,
            },
            ExternalKind::Table => self.tables.get(at).copied().map(ExternType::Table),
            ExternalKind::Memory => self.memories.get(at).copied().map(ExternType::Memory),
            ExternalKind::Global => self.globals.get(at).copied().map(ExternType::Global),
            ExternalKind::Tag => match self.tags.get(at) {
                Some(index) => Some(ExternType::Tag(self.func_type(*index)?)),
                None => None,
            },
        };
        let Some(ty) = ty else {
            return Err(Malformed {
                message: format!("export {:?} has no such index {at}", export.name),
                offset: section_offset,
            });
        };
        self.exports.push(Export {
            name: export.name.to_owned(),
            index: export.index,
            ty,
        });
        Ok(())
    }

    fn func_type(&self, index: u32) -> Result<FuncType, Malformed> {
        match self.types.get(index as usize) {
            Some(CompositeKind::Func(ty)) => Ok(ty.clone()),
            _ => Err(Malformed {
                message: format!("type {index} is not a function type"),
                offset: 0,
            }),
        }
    }

    fn table_type(&self, ty: &wasmparser::TableType) -> TableType {
        TableType {
            limits: Limits {
                min: ty.initial,
                max: ty.maximum,
            },
            address: address_type(ty.table64),
            element: self.ref_type(ty.element_type),
        }
    }

    fn global_type(&self, ty: &wasmparser::GlobalType) -> GlobalType {
        GlobalType {
            value: self.val_type(ty.content_type),
            mutable: ty.mutable,
        }
    }

    fn val_type(&self, ty: wasmparser::ValType) -> ValType {
        match ty {
            wasmparser::ValType::I32 => ValType::I32,
            wasmparser::ValType::I64 => ValType::I64,
            wasmparser::ValType::F32 => ValType::F32,
            wasmparser::ValType::F64 => ValType::F64,
            wasmparser::ValType::V128 => ValType::V128,
            wasmparser::ValType::Ref(ty) => ValType::Ref(self.ref_type(ty)),
        }
    }

    /// Types of the module's own become the abstract type above them: their index means nothing
    /// outside.
    fn ref_type(&self, ty: wasmparser::RefType) -> RefType {
        use wasmparser::AbstractHeapType as Abstract;
        let heap = match ty.heap_type() {
            wasmparser::HeapType::Abstract { ty, .. } => match ty {
                Abstract::Func => HeapType::Func,
                Abstract::NoFunc => HeapType::NoFunc,
                Abstract::Extern => HeapType::Extern,
                Abstract::NoExtern => HeapType::NoExtern,
                Abstract::Eq => HeapType::Eq,
                Abstract::I31 => HeapType::I31,
                Abstract::Struct => HeapType::Struct,
                Abstract::Array => HeapType::Array,
                Abstract::None => HeapType::None,
                Abstract::Exn => HeapType::Exn,
                Abstract::NoExn => HeapType::NoExn,
                Abstract::Any | Abstract::Cont | Abstract::NoCont => HeapType::Any,
            },
            wasmparser::HeapType::Concrete(index) | wasmparser::HeapType::Exact(index) => {
                let at = match index {
                    UnpackedIndex::Module(index) => index as usize,
                    _ => usize::MAX,
                };
                match self.types.get(at) {
                    Some(CompositeKind::Func(_)) => HeapType::Func,
                    Some(CompositeKind::Struct) => HeapType::Struct,
                    Some(CompositeKind::Array) => HeapType::Array,
                    Some(CompositeKind::Other) | None => HeapType::Any,
                }
            }
        };
        RefType {
            nullable: ty.is_nullable(),
            heap,
        }
    }
}

fn address_type(is_64: bool) -> AddressType {
    if is_64 {
        AddressType::I64
    } else {
        AddressType::I32
    }
}

fn memory_type(ty: &wasmparser::MemoryType) -> MemoryType {
    MemoryType {
        limits: Limits {
            min: ty.initial,
            max: ty.maximum,
        },
        address: address_type(ty.memory64),
        shared: ty.shared,
        page_size_log2: ty.page_size_log2.unwrap_or(16),
    }
}
