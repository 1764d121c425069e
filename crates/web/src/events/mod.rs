//! [Events](https://dom.spec.whatwg.org/#events).
//!
//! Every event object has the state [`Event`], every event target the state [`EventTarget`],
//! whatever their interfaces: so the members of the two interfaces find it. What an inheriting
//! interface adds is a variant of [`EventKind`] or [`TargetKind`], each in the file of its
//! interface, whose [`ClassSpec`](sinew_bridge::class::ClassSpec) names its parent:
//! `parent: Some(&Web::EVENT_TARGET)`. Its objects are made as
//! `web.create(cx, &Web::X, EventTarget::new(TargetKind::X(..)))`.
//!
//! The global object is an event target, too: [`Web::event_target`] gives the state of any.
//!
//! NOTE: no event target here has a parent, so an event's path is its target alone, and there are
//! no shadow trees.

mod custom_event;
mod dispatch;
mod error_event;
mod event;
mod global;
mod handler;
mod listener;
mod rejection_event;
mod rejections;
mod report;
mod target;

pub(crate) use handler::{get_handler, set_handler};
pub use rejections::Rejections;
pub(crate) use report::Reporting;
pub(crate) use target::{EventTarget, TargetKind};
