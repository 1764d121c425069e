//! How a value is shown.

use sinew_bridge::{Completion, JsHost, ValueType};

/// Nesting that is never exceeded, whatever depth was asked for: the native stack is finite.
const MAX_NESTING: isize = 64;

/// The [options of `util.inspect`](https://nodejs.org/api/util.html#utilinspectobject-options) that
/// are told apart here.
#[derive(Clone, Copy)]
pub(crate) struct Options {
    /// The nesting of objects that is shown; of -1 not even the outermost.
    pub(crate) depth: isize,
    /// Whether properties are shown that are not enumerable.
    pub(crate) show_hidden: bool,
    /// Whether the text is for a terminal.
    pub(crate) color: bool,
    /// Whether an object may say itself what it looks like.
    pub(crate) custom: bool,
    /// Whether properties are shown by their names' order.
    pub(crate) sorted: bool,
    /// The columns of a line, as far as entries can be put on several.
    pub(crate) break_length: usize,
    /// How many innermost levels of objects may share a line.
    pub(crate) compact: usize,
    /// Elements shown of an array, a typed array, a map or a set.
    pub(crate) max_elements: usize,
    /// Code units shown of a string inside something.
    pub(crate) max_string: usize,
}

impl Options {
    pub(crate) fn new(color: bool) -> Self {
        Self {
            depth: 2,
            show_hidden: false,
            color,
            custom: true,
            sorted: false,
            break_length: 80,
            compact: 3,
            max_elements: 100,
            max_string: 10_000,
        }
    }

    /// Whether an object at this level is not shown.
    pub(super) fn is_too_deep(&self, level: usize) -> bool {
        isize::try_from(level).map_or(true, |level| level > self.depth.min(MAX_NESTING))
    }

    /// These with what `object` has instead. Runs user code.
    pub(crate) fn with_members_of<J: JsHost>(
        mut self,
        cx: &mut J::Scope<'_>,
        object: &J::Value,
    ) -> Completion<J, Self> {
        for (name, target) in [
            ("showHidden", &mut self.show_hidden),
            ("colors", &mut self.color),
            ("customInspect", &mut self.custom),
            ("sorted", &mut self.sorted),
        ] {
            let value = J::get(cx, object, name.into())?;
            if !matches!(J::type_of(&value), ValueType::Undefined) {
                *target = J::to_boolean(cx, &value);
            }
        }
        let depth = J::get(cx, object, "depth".into())?;
        self.depth = match (J::type_of(&depth), J::as_number(&depth)) {
            (ValueType::Null, _) => isize::MAX,
            // `as` saturates: Infinity is the greatest depth.
            (_, Some(depth)) => depth as isize,
            _ => self.depth,
        };
        for (name, target) in [
            ("breakLength", &mut self.break_length),
            ("maxArrayLength", &mut self.max_elements),
            ("maxStringLength", &mut self.max_string),
            ("compact", &mut self.compact),
        ] {
            let value = J::get(cx, object, name.into())?;
            match (J::type_of(&value), J::as_number(&value)) {
                (ValueType::Null, _) => *target = usize::MAX,
                (_, Some(number)) => *target = number as usize,
                _ if J::as_boolean(&value) == Some(false) => *target = 0,
                _ => {}
            }
        }
        Ok(self)
    }
}
