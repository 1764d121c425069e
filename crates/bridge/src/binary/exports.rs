//! What the exports of a module lead to.

use std::collections::HashMap;

use super::{Export, Import};
use crate::ExternKind;

/// Where the entity that a module exports comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It is the import at this position.
    Import(u32),
    /// The export at this position, which comes before, has shown it already.
    Export(u32),
    /// The module defines it.
    Own,
}

/// The [origin](Origin) of each export, in their order.
pub(super) fn origins(imports: &[Import], exports: &[Export]) -> Box<[Origin]> {
    let mut imported: HashMap<ExternKind, Vec<u32>> = HashMap::new();
    for (at, import) in (0..).zip(imports) {
        imported.entry(import.ty.kind()).or_default().push(at);
    }
    let mut shown: HashMap<(ExternKind, u32), u32> = HashMap::with_capacity(exports.len());
    let origins = (0..).zip(exports).map(|(at, export)| {
        let kind = export.ty.kind();
        let imports = imported.get(&kind);
        if let Some(import) = imports.and_then(|of_kind| of_kind.get(export.index as usize)) {
            return Origin::Import(*import);
        }
        match *shown.entry((kind, export.index)).or_insert(at) {
            first if first == at => Origin::Own,
            first => Origin::Export(first),
        }
    });
    origins.collect()
}

/// The positions of the exports in the order of their names.
pub(super) fn by_name(exports: &[Export]) -> Box<[u32]> {
    let mut order: Box<[u32]> = (0..).zip(exports).map(|(at, _)| at).collect();
    order.sort_unstable_by(|a, b| exports[*a as usize].name.cmp(&exports[*b as usize].name));
    order
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::binary::ModuleInfo;

    /// An imported and a defined global, each exported twice.
    const MODULE: &[u8] =
        b"\0asm\x01\0\0\0\x02\x08\x01\x01m\x01g\x03\x7f\0\x06\x06\x01\x7f\0A\x01\x0b\
        \x07\x11\x04\x01d\x03\x01\x01b\x03\0\x01c\x03\x01\x01a\x03\0";

    #[test]
    fn exports_lead_to_what_they_are() {
        let info = ModuleInfo::read(Arc::from(MODULE)).expect("it is a module");
        let origins: Vec<_> = (0..4).map(|at| info.origin(at)).collect();
        let expected = [
            Origin::Own,
            Origin::Import(0),
            Origin::Export(0),
            Origin::Import(0),
        ];
        assert_eq!(origins, expected);
        for (at, name) in ["d", "b", "c", "a"].into_iter().enumerate() {
            assert_eq!(info.export(name), Some(at));
        }
        for name in ["", "aa", "e"] {
            assert_eq!(info.export(name), None);
        }
    }
}
