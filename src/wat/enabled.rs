//! The text format as modules: compiled in.

/// The binary of a text module.
///
/// # Errors
/// What is wrong with the text, and where.
pub(crate) fn to_binary(text: &[u8]) -> Result<Vec<u8>, String> {
    wat::parse_bytes(text)
        .map(|binary| binary.into_owned())
        .map_err(|error| error.to_string())
}
