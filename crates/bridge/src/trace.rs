//! Values that objects and functions own where the collector can see them.
//!
//! An owned handle is a root: what it leads to lives as long as it does, also when nothing but a
//! cycle through it is left. An [`Edge`] is a handle that belongs to one object; the engine learns of
//! it through [`Trace`] and collects such cycles.

use std::cell::RefCell;
use std::collections::VecDeque;

use crate::JsHost;

/// A JavaScript value that belongs to the object whose state it is part of.
///
/// When the object dies its edges become `undefined`, whoever still holds the state.
pub struct Edge<J: JsHost>(RefCell<J::Value>);

impl<J: JsHost> Edge<J> {
    /// An edge to `value`.
    pub fn new(value: J::Value) -> Self {
        Self(RefCell::new(value))
    }

    /// The value.
    pub fn get(&self) -> J::Value {
        self.0.borrow().clone()
    }

    /// Makes it lead to `value`.
    pub fn set(&self, value: J::Value) {
        let old = self.0.replace(value);
        // Dropped last: what dies with it may ask for this edge.
        drop(old);
    }

    /// The value; the edge leads to `undefined` from now on.
    pub fn take(&self) -> J::Value {
        self.0.replace(J::undefined())
    }

    /// Shows the engine the value.
    pub fn visit(&self, f: impl FnOnce(&J::Value)) {
        f(&self.0.borrow());
    }
}

impl<J: JsHost> Default for Edge<J> {
    fn default() -> Self {
        Self::new(J::undefined())
    }
}

impl<J: JsHost> std::fmt::Debug for Edge<J> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Edge")
    }
}

/// What the collector can follow. Structures and enums get it by [`trace!`](crate::trace!).
///
/// # Safety
/// [`trace`](Self::trace) gives `visit` edges that `self` alone owns, directly or through what it
/// alone owns: none twice, none that something else gives too, and the same ones each time as long
/// as nobody changed `self`. An edge that it leaves out is only a root.
pub unsafe trait Trace<J: JsHost>: 'static {
    /// Calls `visit` with each edge.
    fn trace(&self, visit: &mut dyn FnMut(&Edge<J>));
}

// SAFETY: an edge owns itself.
unsafe impl<J: JsHost> Trace<J> for Edge<J> {
    fn trace(&self, visit: &mut dyn FnMut(&Edge<J>)) {
        visit(self);
    }
}

// SAFETY: what is inside belongs to the cell. Nobody else runs while the collector does, so whether
// it is borrowed does not change; if it is mutably borrowed, its edges are roots.
unsafe impl<J: JsHost, T: Trace<J>> Trace<J> for RefCell<T> {
    fn trace(&self, visit: &mut dyn FnMut(&Edge<J>)) {
        if let Ok(inner) = self.try_borrow() {
            inner.trace(visit);
        }
    }
}

// SAFETY: each element belongs to the container, and comes once.
unsafe impl<J: JsHost, T: Trace<J>> Trace<J> for Option<T> {
    fn trace(&self, visit: &mut dyn FnMut(&Edge<J>)) {
        self.iter().for_each(|inner| inner.trace(visit));
    }
}

// SAFETY: each element belongs to the container, and comes once.
unsafe impl<J: JsHost, T: Trace<J>> Trace<J> for Vec<T> {
    fn trace(&self, visit: &mut dyn FnMut(&Edge<J>)) {
        self.iter().for_each(|inner| inner.trace(visit));
    }
}

// SAFETY: each element belongs to the array, and comes once.
unsafe impl<J: JsHost, T: Trace<J>, const N: usize> Trace<J> for [T; N] {
    fn trace(&self, visit: &mut dyn FnMut(&Edge<J>)) {
        self.iter().for_each(|inner| inner.trace(visit));
    }
}

// SAFETY: each element belongs to the container, and comes once.
unsafe impl<J: JsHost, T: Trace<J>> Trace<J> for VecDeque<T> {
    fn trace(&self, visit: &mut dyn FnMut(&Edge<J>)) {
        self.iter().for_each(|inner| inner.trace(visit));
    }
}

// SAFETY: what is inside belongs to the box.
unsafe impl<J: JsHost, T: Trace<J> + ?Sized> Trace<J> for Box<T> {
    fn trace(&self, visit: &mut dyn FnMut(&Edge<J>)) {
        (**self).trace(visit);
    }
}

// SAFETY: the parts belong to the pair.
unsafe impl<J: JsHost, A: Trace<J>, B: Trace<J>> Trace<J> for (A, B) {
    fn trace(&self, visit: &mut dyn FnMut(&Edge<J>)) {
        self.0.trace(visit);
        self.1.trace(visit);
    }
}

macro_rules! without_edges {
    ($($type:ty)*) => {
        $(
            // SAFETY: there is none.
            unsafe impl<J: JsHost> Trace<J> for $type {
                fn trace(&self, _: &mut dyn FnMut(&Edge<J>)) {}
            }
        )*
    };
}

without_edges!(() bool u32 u64 usize f64 String);

/// Implements [`Trace`](crate::Trace) for a type that is generic over the JavaScript engine `J`:
/// for a structure by naming the fields that have edges, for an enum by naming the variants and, in
/// place, all of their fields.
///
/// ```
/// use std::cell::{Cell, RefCell};
/// use sinew_bridge::{Edge, JsHost, trace};
///
/// struct Stream<J: JsHost> {
///     disturbed: Cell<bool>,
///     reader: Edge<J>,
///     requests: RefCell<Vec<Request<J>>>,
/// }
/// trace!(struct Stream { reader, requests });
///
/// enum Request<J: JsHost> {
///     Read(Edge<J>),
///     Pipe { to: Edge<J>, count: u32 },
///     Nothing,
/// }
/// trace!(enum Request { Read(promise), Pipe { to } });
/// ```
#[macro_export]
macro_rules! trace {
    (struct $name:ident $(<const $n:ident: usize>)? { $($field:ident),* $(,)? }) => {
        // SAFETY: the pattern binds each field once, and the fields belong to the structure.
        unsafe impl<J: $crate::JsHost $(, const $n: usize)?> $crate::Trace<J> for $name<J $(, $n)?> {
            fn trace(&self, visit: &mut dyn FnMut(&$crate::Edge<J>)) {
                let Self { $($field,)* .. } = self;
                $($crate::Trace::trace($field, visit);)*
                let _ = visit;
            }
        }
    };
    (enum $name:ident {
        $($variant:ident $(($($place:ident),*))? $({ $($field:ident),* })?),* $(,)?
    }) => {
        // SAFETY: each pattern binds each field once, and the fields belong to the variant.
        unsafe impl<J: $crate::JsHost> $crate::Trace<J> for $name<J> {
            fn trace(&self, visit: &mut dyn FnMut(&$crate::Edge<J>)) {
                #[allow(unreachable_patterns, reason = "all variants may have been named")]
                match self {
                    $(Self::$variant $(($($place),*))? $({ $($field,)* .. })? => {
                        $($($crate::Trace::trace($place, visit);)*)?
                        $($($crate::Trace::trace($field, visit);)*)?
                    })*
                    _ => {}
                }
                let _ = visit;
            }
        }
    };
}
