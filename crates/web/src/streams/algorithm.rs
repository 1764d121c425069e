//! What a stream does by user code or by Rust code.

use std::cell::RefCell;
use std::rc::Rc;

use sinew_bridge::{Completion, Edge, JsHost, trace};

use crate::closure::Step;
use crate::{Web, webidl};

/// An algorithm that returns a promise.
#[derive(Default)]
pub(crate) enum Algorithm<J: JsHost> {
    /// It returns a promise resolved with undefined.
    #[default]
    Nothing,
    /// A [callback function](https://webidl.spec.whatwg.org/#idl-callback-function) of user code.
    JavaScript { function: Edge<J>, this: Edge<J> },
    /// A step that closes over one value, and returns a promise.
    Native { state: Edge<J>, step: Step<J, 1> },
}

trace!(enum Algorithm { JavaScript { function, this }, Native { state } });

/// Where a controller keeps an algorithm until it is cleared.
pub(crate) type AlgorithmSlot<J> = RefCell<Algorithm<J>>;

impl<J: JsHost> Algorithm<J> {
    /// The algorithm of a member of an underlying object, which user code gave.
    pub(crate) fn member(function: Option<J::Value>, this: &J::Value) -> Self {
        match function {
            Some(function) => Self::JavaScript {
                function: Edge::new(function),
                this: Edge::new(this.clone()),
            },
            None => Self::Nothing,
        }
    }

    pub(crate) fn native(state: J::Value, step: Step<J, 1>) -> Self {
        Self::Native {
            state: Edge::new(state),
            step,
        }
    }

    /// Performs the algorithm in `slot`: the promise that it returns, which what it throws rejects.
    /// User code gets `args`, Rust code `argument`. Runs user code.
    pub(crate) fn perform(
        cx: &mut J::Scope<'_>,
        web: &Rc<Web<J>>,
        slot: &RefCell<Self>,
        args: &[J::Value],
        argument: &J::Value,
    ) -> Completion<J> {
        // Taken out of the slot first: what runs may clear it.
        let algorithm = match &*slot.borrow() {
            Self::Nothing => Self::Nothing,
            Self::JavaScript { function, this } => Self::JavaScript {
                function: Edge::new(function.get()),
                this: Edge::new(this.get()),
            },
            Self::Native { state, step } => Self::native(state.get(), *step),
        };
        web.promising(cx, |cx| match algorithm {
            Self::Nothing => web.resolved(cx, &J::undefined()),
            Self::JavaScript { function, this } => {
                let result = J::call(cx, &function.get(), &this.get(), args)?;
                web.resolved(cx, &result)
            }
            Self::Native { state, step } => step(cx, web, [state.get()], argument.clone()),
        })
    }
}

/// The start algorithm of a controller.
pub(crate) enum Start<J: JsHost> {
    /// It returns this.
    Result(J::Value),
    /// A callback function and its `this`; it gets the controller.
    Call(J::Value, J::Value),
}

impl<J: JsHost> Start<J> {
    /// The start algorithm of an underlying object.
    pub(crate) fn member(function: Option<J::Value>, this: &J::Value) -> Self {
        match function {
            Some(function) => Self::Call(function, this.clone()),
            None => Self::Result(J::undefined()),
        }
    }

    /// Performs it. Runs user code.
    pub(crate) fn perform(self, cx: &mut J::Scope<'_>, controller: &J::Value) -> Completion<J> {
        match self {
            Self::Result(result) => Ok(result),
            Self::Call(function, this) => {
                J::call(cx, &function, &this, std::slice::from_ref(controller))
            }
        }
    }
}

/// A member of a dictionary that is a callback function. Runs user code.
pub(crate) fn callback_member<J: JsHost>(
    cx: &mut J::Scope<'_>,
    dictionary: &Option<J::Value>,
    name: &str,
) -> Completion<J, Option<J::Value>> {
    match webidl::member::<J>(cx, dictionary, name)? {
        Some(function) => webidl::callback::<J>(cx, function, name).map(Some),
        None => Ok(None),
    }
}
