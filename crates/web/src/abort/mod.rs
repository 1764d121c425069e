//! [Aborting ongoing activities](https://dom.spec.whatwg.org/#aborting-ongoing-activities).
//!
//! What can be aborted checks [`Web::is_aborted`], adds an algorithm by
//! [`Web::add_abort_algorithm`] and removes it when it is done.

mod algorithms;
mod controller;
mod dependent;
mod lifetime;
mod signal;

use sinew_bridge::JsHost;

use crate::Web;
use crate::globals::Global;

pub(crate) use signal::AbortSignal;

impl<J: JsHost> Web<J> {
    pub(crate) const ABORT: &'static [Global<J>] = &[
        Global::interface(&Self::ABORT_CONTROLLER),
        Global::interface(&Self::ABORT_SIGNAL),
    ];
}
