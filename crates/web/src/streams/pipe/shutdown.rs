//! How a pipe ends.

use std::cell::Cell;
use std::rc::Rc;

use sinew_bridge::{Completion, JsHost, trace};

use super::Pipe;
use crate::Web;
use crate::closure::Deferred;
use crate::streams::readable::{self, default_reader};
use crate::streams::writable::{self, default_writer};
use crate::streams::{Object, hidden};
use crate::webidl;

/// What is to be done before a pipe ends; each with its error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    None,
    AbortDest,
    CancelSource,
    CloseDest,
    /// What the abort algorithm does.
    Signal,
}

/// [Shutdown with an action](https://streams.spec.whatwg.org/#rs-pipeTo-shutdown-with-action), or
/// [without](https://streams.spec.whatwg.org/#rs-pipeTo-shutdown). Runs user code.
pub(super) fn shutdown<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    pipe: &Pipe<J>,
    action: Action,
    error: Option<J::Value>,
) -> Completion<J, ()> {
    // 1. and 2.
    if pipe.shutting_down.replace(true) {
        return Ok(());
    }
    pipe.action.set(action);
    fail(pipe, error);
    // 3.
    let dest = pipe.dest(cx)?;
    if dest.state() == writable::State::Writable && !dest.close_queued_or_in_flight() {
        return wait_for_writes(cx, web, pipe);
    }
    perform(cx, web, pipe)
}

/// Makes `error` what the pipe ends with.
fn fail<J: JsHost>(pipe: &Pipe<J>, error: Option<J::Value>) {
    if let Some(error) = error {
        pipe.failed.set(true);
        pipe.error.set(error);
    }
}

/// Goes on once every chunk that was read has been written.
fn wait_for_writes<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    pipe: &Pipe<J>,
) -> Completion<J, ()> {
    let write = pipe.current_write.get();
    web.react(cx, &write, [pipe.value(), write.clone()], written, written)
}

fn written<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    [pipe, write]: [J::Value; 2],
    _: J::Value,
) -> Completion<J> {
    if let Some(pipe) = Object::of(cx, pipe) {
        let pipe: Pipe<J> = pipe;
        let last = J::identity(&pipe.current_write.get()) == J::identity(&write);
        match last && pipe.unwritten.get() == 0 {
            true => perform(cx, web, &pipe)?,
            false => wait_for_writes(cx, web, &pipe)?,
        }
    }
    Ok(J::undefined())
}

/// Steps 4. to 6.: performs the action, then finalizes. Runs user code.
fn perform<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    pipe: &Pipe<J>,
) -> Completion<J, ()> {
    let error = pipe.error.get();
    let promise = web.promising(cx, |cx| match pipe.action.get() {
        Action::None => Ok(J::undefined()),
        Action::AbortDest => {
            let dest = pipe.dest(cx)?;
            writable::abort(cx, web, &dest, error)
        }
        Action::CancelSource => {
            let source = pipe.source(cx)?;
            readable::cancel(cx, web, &source, error)
        }
        Action::CloseDest => {
            let writer = pipe.writer(cx)?;
            default_writer::close_with_error_propagation(cx, web, &writer)
        }
        Action::Signal => abort_actions(cx, web, pipe, &error),
    })?;
    if webidl::is_missing::<J>(&promise) {
        return finalize(cx, web, pipe);
    }
    web.react(
        cx,
        &promise,
        [pipe.value()],
        |cx, web, [pipe], _| {
            if let Some(pipe) = Object::of(cx, pipe) {
                finalize(cx, web, &pipe)?;
            }
            Ok(J::undefined())
        },
        |cx, web, [pipe], error| {
            if let Some(pipe) = Object::of(cx, pipe) {
                fail(&pipe, Some(error));
                finalize(cx, web, &pipe)?;
            }
            Ok(J::undefined())
        },
    )
}

/// The actions of the abort algorithm: a promise to wait for all of them.
fn abort_actions<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    pipe: &Pipe<J>,
    error: &J::Value,
) -> Completion<J> {
    let mut actions = Vec::new();
    if !pipe.prevent_abort {
        let dest = pipe.dest(cx)?;
        if dest.state() == writable::State::Writable {
            let aborted = web.promising(cx, |cx| writable::abort(cx, web, &dest, error.clone()))?;
            actions.push(aborted);
        }
    }
    if !pipe.prevent_cancel {
        let source = pipe.source(cx)?;
        if source.state() == readable::State::Readable {
            let cancelled =
                web.promising(cx, |cx| readable::cancel(cx, web, &source, error.clone()))?;
            actions.push(cancelled);
        }
    }
    wait_for_all(cx, web, &actions)
}

/// Promises that are waited for.
struct All<J: JsHost> {
    pending: Cell<usize>,
    result: Deferred<J>,
}

trace!(struct All { result });

/// [Getting a promise to wait for all](https://webidl.spec.whatwg.org/#waiting-for-all-promise), of
/// undefined.
fn wait_for_all<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    promises: &[J::Value],
) -> Completion<J> {
    if promises.is_empty() {
        return web.resolved(cx, &J::undefined());
    }
    let (result, all_settled) = Deferred::<J>::new(cx)?;
    let pending = Cell::new(promises.len());
    let all = hidden(cx, All { pending, result })?;
    for promise in promises {
        web.react(
            cx,
            promise,
            [all.value()],
            |cx, _, [all], _| {
                if let Some(all) = Object::<J, All<J>>::of(cx, all) {
                    all.pending.set(all.pending.get() - 1);
                    if all.pending.get() == 0 {
                        all.result.resolve(cx, &J::undefined())?;
                    }
                }
                Ok(J::undefined())
            },
            |cx, _, [all], reason| {
                if let Some(all) = Object::<J, All<J>>::of(cx, all) {
                    all.result.reject(cx, &reason)?;
                }
                Ok(J::undefined())
            },
        )?;
    }
    Ok(all_settled)
}

/// [Finalize](https://streams.spec.whatwg.org/#rs-pipeTo-finalize)
fn finalize<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    pipe: &Pipe<J>,
) -> Completion<J, ()> {
    let writer = pipe.writer(cx)?;
    default_writer::release(cx, web, &writer)?;
    let reader = pipe.reader(cx)?;
    default_reader::release(cx, web, &reader)?;
    let (signal, algorithm) = (pipe.signal.take(), pipe.abort_algorithm.take());
    web.remove_abort_algorithm(cx, &signal, &algorithm);
    match pipe.failed.get() {
        true => pipe.result.reject(cx, &pipe.error.get()),
        false => pipe.result.resolve(cx, &J::undefined()),
    }
}
