//! `sinew inspect`

use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

use serde::Serialize;
use sinew::types::{AddressType, ExternKind, MemoryType, TableType};
use sinew::{ModuleInfo, WasmFeatures, binary};
use wasmparser::{Parser, Payload};

use crate::args::InspectArgs;
use crate::pair::wasm_engines;
use crate::report;
use crate::signature::declaration;

/// What a module is, in the form of `--json`.
#[derive(Serialize)]
struct Inspection {
    file: String,
    bytes: usize,
    imports: Vec<Import>,
    exports: Vec<Export>,
    functions: Functions,
    start: Option<Start>,
    memories: Vec<Memory>,
    tables: Vec<Table>,
    custom_sections: Vec<CustomSection>,
    proposals: Vec<&'static str>,
    engines: Vec<Support>,
}

#[derive(Serialize)]
struct Import {
    module: String,
    name: String,
    kind: &'static str,
    #[serde(rename = "type")]
    ty: String,
    js: String,
}

#[derive(Serialize)]
struct Export {
    name: String,
    kind: &'static str,
    #[serde(rename = "type")]
    ty: String,
    js: String,
}

#[derive(Serialize)]
struct Functions {
    total: u32,
    imported: usize,
}

#[derive(Serialize)]
struct Start {
    index: u32,
    name: Option<String>,
}

#[derive(Serialize)]
struct Memory {
    index: usize,
    imported: bool,
    minimum: u64,
    maximum: Option<u64>,
    page_size: u64,
    shared: bool,
    memory64: bool,
}

#[derive(Serialize)]
struct Table {
    index: usize,
    imported: bool,
    element: String,
    minimum: u64,
    maximum: Option<u64>,
    table64: bool,
}

#[derive(Serialize)]
struct CustomSection {
    name: String,
    offset: usize,
    bytes: usize,
}

#[derive(Serialize)]
struct Support {
    name: &'static str,
    supported: bool,
    missing: Vec<&'static str>,
}

/// Shows a module; returns the exit status.
pub fn main(args: &InspectArgs) -> u8 {
    match inspect(&args.file) {
        Ok(inspection) => {
            let text = match args.json {
                true => report::json(&inspection),
                false => describe(&inspection),
            };
            report::output(&text);
            0
        }
        Err(message) => {
            report::complain(message);
            report::FAILURE
        }
    }
}

/// The error names the file, and the byte offset or the line.
fn inspect(path: &Path) -> Result<Inspection, String> {
    let file = path.display().to_string();
    let bytes = std::fs::read(path).map_err(|error| format!("{file}: {error}"))?;
    let bytes: Arc<[u8]> = to_binary(path, bytes)?.into();
    let invalid = |error: binary::Malformed| format!("{file}: {error}");
    binary::validate(&bytes, WasmFeatures::ALL).map_err(invalid)?;
    let info = ModuleInfo::read(bytes).map_err(invalid)?;
    let proposals = proposals(&info.bytes);
    Ok(Inspection {
        bytes: info.bytes.len(),
        imports: imports(&info),
        exports: exports(&info),
        functions: Functions {
            total: info.functions,
            imported: info.imported(ExternKind::Func).count(),
        },
        start: start(&info),
        memories: memories(&info),
        tables: tables(&info),
        custom_sections: custom_sections(&info),
        engines: engines(&proposals),
        proposals: names(&proposals),
        file,
    })
}

/// The binary of a file in either format.
fn to_binary(path: &Path, bytes: Vec<u8>) -> Result<Vec<u8>, String> {
    let is_text = match path.extension().and_then(|extension| extension.to_str()) {
        Some("wat") => true,
        Some("wasm") => false,
        _ => !bytes.starts_with(b"\0"),
    };
    if !is_text {
        return Ok(bytes);
    }
    wat::parse_bytes(&bytes)
        .map(|binary| binary.into_owned())
        .map_err(|mut error| {
            error.set_path(path);
            error.to_string()
        })
}

/// The proposals without which the module is not valid. It is valid with all of them.
fn proposals(bytes: &[u8]) -> WasmFeatures {
    // Those that others build upon come last.
    let clear: [fn(&mut WasmFeatures); 12] = [
        |features| features.gc = false,
        |features| features.function_references = false,
        |features| features.memory64 = false,
        |features| features.multi_memory = false,
        |features| features.tail_call = false,
        |features| features.extended_const = false,
        |features| features.relaxed_simd = false,
        |features| features.exceptions = false,
        |features| features.threads = false,
        // What no module can ask for.
        |features| features.stack_switching = false,
        |features| features.backtraces = false,
        |features| features.collects_externref = false,
    ];
    let mut needed = WasmFeatures::ALL;
    for clear in clear {
        let mut fewer = needed;
        clear(&mut fewer);
        if binary::validate(bytes, fewer).is_ok() {
            needed = fewer;
        }
    }
    needed
}

fn names(features: &WasmFeatures) -> Vec<&'static str> {
    let has = |(name, has): (&'static str, bool)| has.then_some(name);
    features.rows().into_iter().filter_map(has).collect()
}

/// Which engines here have the proposals.
fn engines(needed: &WasmFeatures) -> Vec<Support> {
    let support = |engine: crate::pair::Engine<WasmFeatures>| {
        let has = names(&engine.features);
        let mut missing = names(needed);
        missing.retain(|name| !has.contains(name));
        Support {
            name: engine.name,
            supported: missing.is_empty(),
            missing,
        }
    };
    wasm_engines().into_iter().map(support).collect()
}

fn imports(info: &ModuleInfo) -> Vec<Import> {
    let import = |import: &binary::Import| Import {
        module: import.module.clone(),
        name: import.name.clone(),
        kind: import.ty.kind().as_str(),
        ty: import.ty.to_string(),
        js: declaration(&import.name, &import.ty),
    };
    info.imports.iter().map(import).collect()
}

fn exports(info: &ModuleInfo) -> Vec<Export> {
    let export = |export: &binary::Export| Export {
        name: export.name.clone(),
        kind: export.ty.kind().as_str(),
        ty: export.ty.to_string(),
        js: declaration(&export.name, &export.ty),
    };
    info.exports.iter().map(export).collect()
}

fn start(info: &ModuleInfo) -> Option<Start> {
    let mut payloads = Parser::new(0).parse_all(&info.bytes);
    let index = payloads.find_map(|payload| match payload {
        Ok(Payload::StartSection { func, .. }) => Some(func),
        _ => None,
    })?;
    Some(Start {
        index,
        name: info.function_name(index).map(str::to_owned),
    })
}

fn memories(info: &ModuleInfo) -> Vec<Memory> {
    let imported = info.imported(ExternKind::Memory).count();
    let memory = |(index, ty): (usize, &MemoryType)| Memory {
        index,
        imported: index < imported,
        minimum: ty.limits.min,
        maximum: ty.limits.max,
        page_size: 1 << ty.page_size_log2.min(63),
        shared: ty.shared,
        memory64: ty.address == AddressType::I64,
    };
    info.memories.iter().enumerate().map(memory).collect()
}

fn tables(info: &ModuleInfo) -> Vec<Table> {
    let imported = info.imported(ExternKind::Table).count();
    let table = |(index, ty): (usize, &TableType)| Table {
        index,
        imported: index < imported,
        element: ty.element.to_string(),
        minimum: ty.limits.min,
        maximum: ty.limits.max,
        table64: ty.address == AddressType::I64,
    };
    info.tables.iter().enumerate().map(table).collect()
}

fn custom_sections(info: &ModuleInfo) -> Vec<CustomSection> {
    let section = |section: &binary::CustomSection| CustomSection {
        name: section.name.clone(),
        offset: section.range.start,
        bytes: section.range.len(),
    };
    info.custom_sections.iter().map(section).collect()
}

/// The inspection for people.
fn describe(module: &Inspection) -> String {
    let mut text = format!("{}: valid, {} bytes", module.file, module.bytes);
    let Functions { total, imported } = module.functions;
    let _ = writeln!(text, ", functions: {total} ({imported} imported)");
    let imports = module.imports.iter().map(|import| {
        let from = format!("from {:?}", import.module);
        [from, import.js.clone(), import.ty.clone()]
    });
    section(&mut text, "Imports", &aligned(imports));
    let exports = module.exports.iter();
    let exports = exports.map(|export| [export.js.clone(), export.ty.clone()]);
    section(&mut text, "Exports", &aligned(exports));
    let memories: Vec<_> = module.memories.iter().map(memory_line).collect();
    section(&mut text, "Memories", &memories);
    let tables: Vec<_> = module.tables.iter().map(table_line).collect();
    section(&mut text, "Tables", &tables);
    if let Some(start) = &module.start {
        let name = start.name.as_deref().unwrap_or("no name");
        section(
            &mut text,
            "Start function",
            &[format!("{} ({name})", start.index)],
        );
    }
    let sections = module.custom_sections.iter().map(|section| {
        let place = format!("{} bytes at {:#x}", section.bytes, section.offset);
        [format!("{:?}", section.name), place]
    });
    section(&mut text, "Custom sections", &aligned(sections));
    let needs = match module.proposals.is_empty() {
        true => "nothing".to_owned(),
        false => module.proposals.join(", "),
    };
    section(&mut text, "Needs beyond WebAssembly 2.0", &[needs]);
    let engines = module.engines.iter().map(|engine| {
        let verdict = match engine.supported {
            true => "runs it".to_owned(),
            false => format!("lacks {}", engine.missing.join(", ")),
        };
        [engine.name.to_owned(), verdict]
    });
    section(&mut text, "Engines in this build", &aligned(engines));
    text
}

fn memory_line(memory: &Memory) -> String {
    let pages = range(memory.minimum, memory.maximum);
    let facts = [
        (memory.shared, ", shared"),
        (memory.memory64, ", 64-bit"),
        (memory.imported, ", imported"),
    ];
    let size = memory.page_size;
    format!(
        "{}: {pages} pages of {size} bytes{}",
        memory.index,
        those(&facts)
    )
}

fn table_line(table: &Table) -> String {
    let elements = range(table.minimum, table.maximum);
    let facts = [(table.table64, ", 64-bit"), (table.imported, ", imported")];
    format!(
        "{}: {elements} elements {}{}",
        table.index,
        table.element,
        those(&facts)
    )
}

fn range(minimum: u64, maximum: Option<u64>) -> String {
    match maximum {
        Some(maximum) => format!("{minimum} to {maximum}"),
        None => format!("{minimum} or more"),
    }
}

/// The words of the facts that hold.
fn those(facts: &[(bool, &str)]) -> String {
    facts
        .iter()
        .filter(|(is, _)| *is)
        .map(|(_, word)| *word)
        .collect()
}

/// A heading and its lines; nothing where there are none.
fn section(text: &mut String, heading: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n{heading}");
    for line in lines {
        let _ = writeln!(text, "  {line}");
    }
}

/// Rows whose columns are as wide as their widest cell, within reason.
fn aligned<const N: usize>(rows: impl Iterator<Item = [String; N]>) -> Vec<String> {
    const WIDEST: usize = 48;
    let rows: Vec<[String; N]> = rows.collect();
    let width = |column: usize| {
        let widths = rows.iter().map(|row| row[column].chars().count());
        widths.max().unwrap_or(0).min(WIDEST)
    };
    let widths: [usize; N] = std::array::from_fn(width);
    let line = |row: &[String; N]| {
        let cells = row.iter().zip(widths);
        let cells: Vec<_> = cells
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        cells.join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}
