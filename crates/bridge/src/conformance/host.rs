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
mod life;
mod modules;
mod objects;
mod patched;
mod promises;
mod scripts;
mod termination;
mod values;

pub use buffers::*;
pub use errors::*;
pub use fixture::{Fixture, Hooks, Resolution};
pub use functions::*;
pub use life::*;
pub use modules::*;
pub use objects::*;
pub use patched::*;
pub use promises::*;
pub use scripts::*;
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
            parse_json_is_not_evaluation
            array_arguments_of_each_kind
            fast_reads_answer_for_numbers_only
            fast_reads_of_bigints
            // functions
            functions_present_themselves
            functions_are_no_constructors
            constructors_see_new_target
            functions_return_and_receive_values
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
            arrays_and_prototypes
            host_objects_carry_data
            dead_host_objects_are_buried
            weak_handles_do_not_keep
            errors_have_class_message_and_stack
            errors_take_a_prototype
            stacks_are_prepended
            // buffers
            buffers_alias_both_ways
            detached_buffers_are_empty
            buffers_cannot_be_transferred
            buffers_cannot_be_resized
            buffers_of_no_bytes
            bytes_of_views
            copies_are_copies
            many_buffers_die_with_the_engine
            // promises
            capabilities_settle
            promise_states_are_told
            promise_then_calls_back
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
            attributes_reach_resolve
            dynamic_imports
            top_level_await
            imports_are_identical
            evaluation_errors_are_kept
            specifiers_are_not_cut
            sources_may_hold_anything
            scripts_are_sloppy_and_global
            active_scripts_are_named
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
