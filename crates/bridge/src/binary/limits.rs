//! The JavaScript Interface's
//! [implementation-defined limits](https://webassembly.github.io/spec/js-api/#limits), as far as no
//! engine's validator has them.

use wasmparser::{
    BinaryReader, CodeSectionReader, MemoryType, Operator, Payload, TableType, TypeRef,
};

use super::{Malformed, Payloads};

/// Bytes of a module.
const MODULE_SIZE: usize = 1 << 30;
/// Elements of a table.
pub const TABLE_SIZE: u64 = 10_000_000;
/// Pages of a 64-bit memory, as a module may declare it.
const MEMORY64_PAGES: u64 = (1 << 37) - 1;
/// Bytes of a function's body.
const FUNCTION_SIZE: u64 = 7_654_321;
/// Operands of `array.new_fixed`.
const ARRAY_OPERANDS: u32 = 10_000;

/// Refuses a module that exceeds a limit. What does not read well is left to validation.
pub fn check_limits(bytes: &[u8]) -> Result<(), Malformed> {
    if bytes.len() > MODULE_SIZE {
        return Err(exceeded(
            "bytes in the module",
            MODULE_SIZE as u64,
            MODULE_SIZE,
        ));
    }
    let mut has_arrays = false;
    for payload in Payloads::of(bytes) {
        let Ok(payload) = payload else {
            return Ok(());
        };
        match payload {
            Payload::TypeSection(section) => {
                let types = section.into_iter().flatten();
                has_arrays = types.flat_map(|group| group.into_types()).any(|ty| {
                    matches!(
                        ty.composite_type.inner,
                        wasmparser::CompositeInnerType::Array(_)
                    )
                });
            }
            Payload::ImportSection(section) => {
                let offset = section.range().start as usize;
                for import in section.into_imports().flatten() {
                    match import.ty {
                        TypeRef::Table(ty) => table(&ty, offset)?,
                        TypeRef::Memory(ty) => memory(&ty, offset)?,
                        _ => {}
                    }
                }
            }
            Payload::TableSection(section) => {
                let offset = section.range().start as usize;
                for ty in section.into_iter().flatten() {
                    table(&ty.ty, offset)?;
                }
            }
            Payload::MemorySection(section) => {
                let offset = section.range().start as usize;
                for ty in section.into_iter().flatten() {
                    memory(&ty, offset)?;
                }
            }
            // In a small code section no function can be too large.
            Payload::CodeSectionStart {
                size,
                unchecked_range: range,
                ..
            } if has_arrays || u64::from(size) > FUNCTION_SIZE => {
                let section = bytes.get(range.start as usize..range.end as usize);
                code(section.unwrap_or_default(), range.start, has_arrays)?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// The functions of a code section that begins at `offset`.
fn code(section: &[u8], offset: u64, has_arrays: bool) -> Result<(), Malformed> {
    let Ok(section) = CodeSectionReader::new(BinaryReader::new(section, offset)) else {
        return Ok(());
    };
    for body in section {
        let Ok(body) = body else {
            return Ok(());
        };
        let range = body.range();
        if range.end - range.start > FUNCTION_SIZE {
            let offset = range.start as usize;
            return Err(exceeded("bytes in a function", FUNCTION_SIZE, offset));
        }
        if has_arrays {
            operators(&body)?;
        }
    }
    Ok(())
}

fn table(ty: &TableType, offset: usize) -> Result<(), Malformed> {
    match ty.initial > TABLE_SIZE {
        true => Err(exceeded("elements of a table", TABLE_SIZE, offset)),
        false => Ok(()),
    }
}

fn memory(ty: &MemoryType, offset: usize) -> Result<(), Malformed> {
    let declared = ty.initial.max(ty.maximum.unwrap_or(0));
    match ty.memory64 && ty.page_size_log2.is_none() && declared > MEMORY64_PAGES {
        true => Err(exceeded("pages of a 64-bit memory", MEMORY64_PAGES, offset)),
        false => Ok(()),
    }
}

fn operators(body: &wasmparser::FunctionBody<'_>) -> Result<(), Malformed> {
    let Ok(reader) = body.get_operators_reader() else {
        return Ok(());
    };
    for operator in reader.into_iter_with_offsets() {
        match operator {
            Ok((Operator::ArrayNewFixed { array_size, .. }, offset))
                if array_size > ARRAY_OPERANDS =>
            {
                let limit = u64::from(ARRAY_OPERANDS);
                return Err(exceeded(
                    "operands of array.new_fixed",
                    limit,
                    offset as usize,
                ));
            }
            Ok(_) => {}
            Err(_) => return Ok(()),
        }
    }
    Ok(())
}

fn exceeded(what: &str, limit: u64, offset: usize) -> Malformed {
    Malformed {
        message: format!("more than {limit} {what}"),
        offset,
    }
}

#[cfg(test)]
mod tests {
    use super::check_limits;

    /// A module with one section.
    fn module(id: u8, contents: &[u8]) -> Vec<u8> {
        let mut bytes = b"\0asm\x01\0\0\0".to_vec();
        bytes.extend([id, contents.len() as u8]);
        bytes.extend(contents);
        bytes
    }

    #[test]
    fn tables_have_ten_million_elements() {
        // (table 10000000 funcref), and one more.
        let at = module(4, &[1, 0x70, 0, 0x80, 0xAD, 0xE2, 0x04]);
        let over = module(4, &[1, 0x70, 0, 0x81, 0xAD, 0xE2, 0x04]);
        assert_eq!(check_limits(&at), Ok(()));
        let error = check_limits(&over).expect_err("over the limit");
        assert_eq!(error.message, "more than 10000000 elements of a table");
    }

    #[test]
    fn wide_memories_have_so_many_pages() {
        // (memory i64 0x1fffffffff), and one more.
        let at = module(5, &[1, 4, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x03]);
        let over = module(5, &[1, 4, 0x80, 0x80, 0x80, 0x80, 0x80, 0x04]);
        assert_eq!(check_limits(&at), Ok(()));
        assert!(check_limits(&over).is_err());
    }

    #[test]
    fn a_module_is_a_gibibyte_at_most() {
        let mut bytes = b"\0asm\x01\0\0\0".to_vec();
        bytes.resize((1 << 30) + 1, 0);
        assert!(check_limits(&bytes).is_err());
    }
}
