//! Types of imports to the letter.

use wasmparser::{CompositeInnerType, Parser, Payload, TypeRef, UnpackedIndex};

use super::Malformed;

/// The types of a module's function imports to the letter, where [`Import::ty`](super::Import::ty) shows them only in
/// outline.
#[derive(Debug)]
pub struct ExactTypes {
    types: Vec<DefinedType>,
    /// The type index of each import that is a function.
    imports: Vec<Option<u32>>,
}

/// An entry of the type section.
#[derive(Debug)]
struct DefinedType {
    ty: wasmparser::SubType,
    /// Whether it is alone in its recursion group, final and without supertypes: then nothing but
    /// its structure makes it what it is.
    plain: bool,
}

/// A type in the signature of a host function that modules may ask for to the letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExactType {
    /// i32
    I32,
    /// `(ref null extern)`
    ExternRef,
    /// `(ref extern)`
    Extern,
    /// `(ref null (array (mut i16)))`
    I16Array,
}

impl ExactTypes {
    /// Reads the types of a module that is well-formed.
    pub fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        let (mut types, mut imports) = (Vec::new(), Vec::new());
        for payload in Parser::new(0).parse_all(bytes) {
            match payload? {
                Payload::TypeSection(section) => {
                    for group in section {
                        let group: Vec<_> = group?.into_types().collect();
                        let alone = group.len() == 1;
                        types.extend(group.into_iter().map(|ty| DefinedType {
                            plain: alone && ty.is_final && ty.supertype_idxs.is_empty(),
                            ty,
                        }));
                    }
                }
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        imports.push(match import?.ty {
                            TypeRef::Func(index) | TypeRef::FuncExact(index) => Some(index),
                            _ => None,
                        });
                    }
                    break;
                }
                Payload::CodeSectionStart { .. } => break,
                _ => {}
            }
        }
        Ok(Self { types, imports })
    }

    /// Whether import `at` is a function of this type, which is alone in its recursion group.
    pub fn is_func(&self, at: usize, params: &[ExactType], results: &[ExactType]) -> bool {
        let index = self.imports.get(at).copied().flatten();
        let Some(defined) = index.and_then(|index| self.types.get(index as usize)) else {
            return false;
        };
        let CompositeInnerType::Func(func) = &defined.ty.composite_type.inner else {
            return false;
        };
        let same = |actual: &[wasmparser::ValType], expected: &[ExactType]| {
            actual.len() == expected.len()
                && actual.iter().zip(expected).all(|(a, e)| self.is(*a, *e))
        };
        defined.plain && same(func.params(), params) && same(func.results(), results)
    }

    fn is(&self, actual: wasmparser::ValType, expected: ExactType) -> bool {
        use wasmparser::ValType;
        match (actual, expected) {
            (ValType::I32, ExactType::I32) => true,
            (ValType::Ref(ty), ExactType::ExternRef) => ty == wasmparser::RefType::EXTERNREF,
            (ValType::Ref(ty), ExactType::Extern) => ty == wasmparser::RefType::EXTERN,
            (ValType::Ref(ty), ExactType::I16Array) => ty.is_nullable() && self.is_i16_array(ty),
            _ => false,
        }
    }

    fn is_i16_array(&self, ty: wasmparser::RefType) -> bool {
        let wasmparser::HeapType::Concrete(UnpackedIndex::Module(index)) = ty.heap_type() else {
            return false;
        };
        self.types.get(index as usize).is_some_and(|defined| {
            let CompositeInnerType::Array(array) = &defined.ty.composite_type.inner else {
                return false;
            };
            defined.plain && array.0.mutable && array.0.element_type == wasmparser::StorageType::I16
        })
    }
}
