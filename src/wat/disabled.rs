//! The text format as modules: not compiled in.

/// Says how to get it.
pub(crate) fn to_binary(_text: &[u8]) -> Result<Vec<u8>, String> {
    Err("the text format is not compiled in; it is the feature `wat`".into())
}
