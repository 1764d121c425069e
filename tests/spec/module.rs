//! What a script's modules need and have.

use std::collections::{BTreeMap, BTreeSet};

use sinew::WasmFeatures;
use sinew::binary::{self, ModuleInfo};
use sinew::types::ExternType;

/// What the bytes of a module say.
#[derive(Clone)]
pub struct Module {
    /// The types of its exports.
    pub exports: BTreeMap<String, ExternType>,
    /// The modules it imports from.
    pub imports: BTreeSet<String>,
    /// What an engine must have to run it.
    pub needs: WasmFeatures,
}

impl Module {
    /// Reads a module. Nothing is known of a malformed one.
    pub fn read(bytes: &[u8]) -> Self {
        let info = ModuleInfo::read(bytes.into()).ok();
        let (imports, exports) = info
            .map(|info| (info.imports, info.exports))
            .unwrap_or_default();
        Self {
            exports: exports
                .into_iter()
                .map(|export| (export.name, export.ty))
                .collect(),
            imports: imports.into_iter().map(|import| import.module).collect(),
            needs: needs(bytes),
        }
    }
}

/// The proposals after WebAssembly 2.0.
type Proposal = fn(&mut WasmFeatures) -> &mut bool;
const PROPOSALS: &[Proposal] = &[
    |features| &mut features.memory64,
    |features| &mut features.multi_memory,
    |features| &mut features.tail_call,
    |features| &mut features.extended_const,
    |features| &mut features.exceptions,
    |features| &mut features.function_references,
    |features| &mut features.gc,
    |features| &mut features.threads,
];

/// The features without any one of which a module is invalid; none if it is invalid anyway.
fn needs(bytes: &[u8]) -> WasmFeatures {
    let mut needs = WasmFeatures::NONE;
    let is_valid = |features| binary::validate(bytes, features).is_ok();
    if is_valid(needs) || !is_valid(WasmFeatures::ALL) {
        return needs;
    }
    for proposal in PROPOSALS {
        let mut others = WasmFeatures::ALL;
        *proposal(&mut others) = false;
        // Which the one after it includes.
        others.gc &= others.function_references;
        *proposal(&mut needs) = !is_valid(others);
    }
    needs
}

/// The needs of both.
pub fn union(mut a: WasmFeatures, mut b: WasmFeatures) -> WasmFeatures {
    for proposal in PROPOSALS {
        *proposal(&mut a) |= *proposal(&mut b);
    }
    a
}

/// The last need that an engine does not meet: the most specific, where one includes another.
pub fn lacks(needs: WasmFeatures, has: WasmFeatures) -> Option<&'static str> {
    let rows = needs.rows().into_iter().zip(has.rows());
    rows.rev()
        .find(|((_, needs), (_, has))| *needs && !has)
        .map(|((label, _), _)| label)
}
