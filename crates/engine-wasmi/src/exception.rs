//! Tags and exceptions: there are none.

/// A tag.
#[derive(Clone, Copy, Debug)]
pub enum Tag {}

/// An exception.
#[derive(Clone, Copy, Debug)]
pub enum ExnRef {}
