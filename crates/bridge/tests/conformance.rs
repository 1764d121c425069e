//! The bodies that need neither a module nor a script.

sinew_bridge::engine_conformance! {
    sinew_bridge::empty::EmptyEngine:
    memory_alloc
    table_of_externref
}
