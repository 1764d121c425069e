//! What every [`JsHost`](crate::JsHost) does.
//!
//! A backend's `tests/conformance.rs` is one line:
//!
//! ```ignore
//! sinew_bridge::host_conformance!(sinew_js_example::Example);
//! ```

mod buffers;
mod errors;
mod fixture;
mod functions;
mod gc_objects;
mod life;
mod modules;
mod objects;
mod patched;
mod promises;
mod resizable;
mod scripts;
mod shared;
mod states;
mod strings;
mod termination;
mod values;

pub use buffers::*;
pub use errors::*;
pub use fixture::{Fixture, Hooks, Resolution};
pub use functions::*;
pub use gc_objects::*;
pub use life::*;
pub use modules::*;
pub use objects::*;
pub use patched::*;
pub use promises::*;
pub use resizable::*;
pub use scripts::*;
pub use shared::*;
pub use states::*;
pub use strings::*;
pub use termination::*;
pub use values::*;

/// One test per behaviour, for the [`JsHost`](crate::JsHost) named.
#[macro_export]
macro_rules! host_conformance {
    ($host:ty) => {
        $crate::host_conformance! {
            @tests $host:
            // values
            numbers_round_trip
            bigints_round_trip
            strings_round_trip
            primitives_have_types
            same_value_and_identity
            conversions_follow_the_specification
            bigints_are_made
            primitives_have_properties
            parse_json_is_not_evaluation
            array_arguments_of_each_kind
            fast_reads_answer_for_numbers_only
            fast_reads_of_bigints
            // strings
            string_units_are_read
            string_substrings
            string_concatenations
            string_order
            string_operations_are_not_patched
            // functions
            functions_present_themselves
            functions_are_no_constructors
            constructors_see_new_target
            functions_return_and_receive_values
            functions_are_called_with_numbers
            function_data_only_for_the_same_body
            function_data_is_dropped_by_collection
            function_data_is_dropped_with_the_engine
            throws_keep_their_identity
            nested_calls_come_back
            // objects
            properties_are_read_and_written
            properties_have_attributes
            accessors_are_defined_and_found
            keys_of_every_kind
            frozen_objects_refuse
            proxies_run_their_traps
            objects_have_classes
            functions_have_code_or_not
            arrays_and_prototypes
            host_objects_carry_data
            dead_host_objects_are_buried
            weak_handles_do_not_keep
            errors_have_class_message_and_stack
            errors_take_a_prototype
            stacks_are_prepended
            // GC objects
            gc_objects_have_their_methods
            gc_objects_refuse
            gc_objects_are_keys
            gc_objects_carry_data
            gc_objects_from_outside
            dead_gc_objects_are_buried
            // states
            states_belong_to_their_objects
            edges_keep_alive
            cycles_of_edges_are_collected
            edges_end_with_their_object
            edges_survive_collections_amid_changes
            weak_handles_to_states
            // buffers
            buffers_alias_both_ways
            detached_buffers_are_empty
            buffers_cannot_be_transferred
            buffers_are_transferred
            buffers_cannot_be_resized
            buffers_of_no_bytes
            bytes_of_views
            copies_are_copies
            many_buffers_die_with_the_engine
            // resizable and shared buffers
            foreign_buffers_are_refused
            resizable_buffers_follow_their_length
            resizable_views_go_out_of_bounds
            resizable_buffers_ask_the_hook
            resizable_buffers_cannot_be_taken
            resizable_buffers_are_not_confused
            resizable_buffers_die_with_the_engine
            shared_buffers_alias_both_ways
            shared_buffers_grow
            // promises
            capabilities_settle
            promise_states_are_told
            promise_then_calls_back
            promise_then_without_reactions
            jobs_run_in_order
            a_throwing_job_loses_no_other
            rejections_are_tracked
            // modules
            imports_of_every_form
            string_export_names
            cycles_see_hoisted_functions
            missing_exports_are_syntax_errors
            import_meta_is_filled
            failed_loads_fail_again
            failed_dependencies_leave_no_trace
            failed_cycles_leave_no_trace
            syntax_errors_in_modules
            refused_specifiers_keep_the_error
            uninitialized_bindings
            namespaces_are_found
            attributes_reach_resolve
            dynamic_imports
            top_level_await
            imports_are_identical
            evaluation_errors_are_kept
            specifiers_are_not_cut
            sources_may_hold_anything
            scripts_are_sloppy_and_global
            active_scripts_are_named
            operands_are_in_order
            // termination
            termination_passes_catch_and_finally
            termination_passes_promises
            termination_sticks
            panics_terminate
            hooks_that_panic_terminate
            endless_loops_end
            deep_recursion_leaves_a_usable_engine
            native_recursion_leaves_a_usable_engine
            // patched intrinsics
            patched_object_prototype
            patched_iterators_and_promises
            patched_functions
            patched_stack_traces
            // life
            values_outlive_the_engine
            engines_are_independent
            garbage_is_collected
        }
    };
    (@tests $host:ty: $($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                $crate::conformance::host::$name::<$host>();
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
            include_str!("host/buffers.rs"),
            include_str!("host/errors.rs"),
            include_str!("host/functions.rs"),
            include_str!("host/gc_objects.rs"),
            include_str!("host/life.rs"),
            include_str!("host/modules.rs"),
            include_str!("host/objects.rs"),
            include_str!("host/patched.rs"),
            include_str!("host/promises.rs"),
            include_str!("host/resizable.rs"),
            include_str!("host/scripts.rs"),
            include_str!("host/shared.rs"),
            include_str!("host/states.rs"),
            include_str!("host/strings.rs"),
            include_str!("host/termination.rs"),
            include_str!("host/values.rs"),
        ];
        let mut bodies: Vec<&str> = sources
            .iter()
            .flat_map(|source| source.lines())
            .filter_map(|line| line.strip_prefix("pub fn ")?.split_once("<J: JsHost>()"))
            .map(|(name, _)| name)
            .collect();
        bodies.sort_unstable();
        let (_, list) = include_str!("host.rs")
            .split_once("@tests $host:\n")
            .expect("the list");
        let (list, _) = list.split_once('}').expect("its end");
        let mut list: Vec<&str> = list
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with("//"))
            .collect();
        list.sort_unstable();
        assert_eq!(bodies, list);
    }
}
