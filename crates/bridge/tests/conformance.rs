//! The bodies that need neither a module nor a script.

sinew_bridge::engine_conformance! {
    sinew_bridge::empty::EmptyEngine:
    features_absent_are_errors
    features_refused_at_compile
    memory_alloc
    table_of_externref
}
