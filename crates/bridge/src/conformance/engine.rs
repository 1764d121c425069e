//! What every [`WasmEngine`] does.
//!
//! A backend's test file is one line:
//!
//! ```ignore
//! sinew_bridge::engine_conformance!(Wasmtime);
//! ```
//!
//! Bodies whose subject an engine does not have ([`WasmEngine::FEATURES`]) pass without a word.

mod artifacts;
mod budget;
mod calls;
mod catch;
mod exceptions;
mod features;
mod fixture;
mod gc;
mod gc_arrays;
mod gc_types;
mod host;
mod identity;
mod interruption;
mod link;
mod memory;
mod references;
mod shared;
mod table;
mod traps;

pub use artifacts::*;
pub use budget::*;
pub use calls::*;
pub use catch::*;
pub use exceptions::*;
pub use features::*;
pub use gc::*;
pub use gc_arrays::*;
pub use gc_types::*;
pub use host::*;
pub use identity::*;
pub use interruption::*;
pub use link::*;
pub use memory::*;
pub use references::*;
pub use shared::*;
pub use table::*;
pub use traps::*;

#[cfg(doc)]
use crate::WasmEngine;

/// One `#[test]` for each body of [`conformance::engine`](crate::conformance::engine), run on the
/// engine `$engine`.
#[macro_export]
macro_rules! engine_conformance {
    ($engine:ty) => {
        $crate::engine_conformance! { $engine:
            artifact_is_charged_for
            artifact_is_its_module
            artifact_of_another_engine
            budget_instances
            budget_memory_grow
            budget_memory_minimum
            budget_of_failed_instance
            budget_shared_memory
            budget_table_beyond_maximum
            budget_table_elements
            budget_tables_and_memories
            call_multi_value
            call_numbers
            call_other_instance
            call_vectors
            exception_alloc
            exception_clauses_catch_nothing_else
            exception_fields_have_types
            exception_of_host_is_caught
            exception_rethrown
            exception_survives_collection
            exception_tags
            exception_through_nested_frames
            exception_uncaught
            externref_collected
            externref_identity
            externref_released_with_store
            features_absent_are_errors
            features_refused_at_compile
            func_identity_lasts
            func_identity_of_host_functions
            func_identity_of_one_function
            func_identity_of_other_functions
            func_identity_of_subtype
            func_index_in_module
            funcref_null_and_back
            gc_array_read
            gc_array_write
            gc_arrays_of_other_types
            gc_extern_conversions
            gc_function_for_import
            gc_global_for_import
            gc_host_function
            gc_i31
            gc_identity
            gc_objects_survive_collection
            gc_type_of_argument
            gc_type_of_element
            gc_type_of_function
            gc_type_of_global
            gc_types_in_outline
            gc_types_of_two_modules
            global_of_all_types
            host_function_of_references
            host_function_of_scalars
            host_function_of_vectors
            host_function_owns_its_data
            host_panic_poisons
            host_reentrancy
            host_reentrancy_through_references
            host_trap_from_start
            host_trap_is_not_caught
            host_trap_through_nested_wasm
            interrupt_before_entry
            interrupt_in_function
            interrupt_in_host_loop
            interrupt_in_start
            interrupt_leaves_others_running
            link_compile_offset
            link_compile_truncated
            link_export_names
            link_exports_of_all_kinds
            link_imports_in_section_order
            link_mismatch_of_subtypes
            link_mismatches
            link_shared_module
            link_tags
            link_types
            memory_absurd
            memory_alloc
            memory_atomics
            memory_base_is_stable
            memory_beyond_maximum
            memory_seen_by_both_sides
            memory_shared
            memory_shared_of_module
            memory_shared_refused
            memory_wide
            stack_reserve_holds
            table_absurd
            table_access
            table_alloc_of_references
            table_grow
            table_of_externref
            table_wide
            trap_codes
            trap_codes_of_gc
            trap_codes_of_later_instructions
            trap_frames
            trap_in_start
            trap_stack_overflow
            trap_stack_overflow_through_host
            validate_only
        }
    };
    ($engine:ty: $($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                $crate::conformance::engine::$name::<$engine>();
            }
        )*
    };
}

#[cfg(test)]
mod tests {
    /// Every public body is in the list, and nothing else.
    #[test]
    fn list_is_complete() {
        let sources = [
            include_str!("engine/artifacts.rs"),
            include_str!("engine/budget.rs"),
            include_str!("engine/calls.rs"),
            include_str!("engine/catch.rs"),
            include_str!("engine/exceptions.rs"),
            include_str!("engine/features.rs"),
            include_str!("engine/gc.rs"),
            include_str!("engine/gc_arrays.rs"),
            include_str!("engine/gc_types.rs"),
            include_str!("engine/host.rs"),
            include_str!("engine/identity.rs"),
            include_str!("engine/interruption.rs"),
            include_str!("engine/link.rs"),
            include_str!("engine/memory.rs"),
            include_str!("engine/references.rs"),
            include_str!("engine/shared.rs"),
            include_str!("engine/table.rs"),
            include_str!("engine/traps.rs"),
        ];
        let mut bodies: Vec<&str> = sources
            .iter()
            .flat_map(|source| source.lines())
            .filter_map(|line| {
                line.strip_prefix("pub fn ")?
                    .split_once("<W: WasmEngine>()")
            })
            .map(|(name, _)| name)
            .collect();
        bodies.sort_unstable();
        let list = include_str!("engine.rs")
            .split_once("{ $engine:\n")
            .and_then(|(_, rest)| rest.split_once('}'))
            .map(|(list, _)| list.split_whitespace().collect::<Vec<_>>());
        assert_eq!(Some(bodies), list);
    }
}
