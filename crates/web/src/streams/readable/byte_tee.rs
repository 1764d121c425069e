//! [ReadableByteStreamTee](https://streams.spec.whatwg.org/#abstract-opdef-readablebytestreamtee).

use std::rc::Rc;

use sinew_bridge::{Completion, Edge, JsHost, Throw};

use super::byte_controller::{self, ControllerObject};
use super::request::{ReadRequest, ReadSteps};
use super::tee::{Tee, TeeObject, cancel_branch, got_error};
use super::{Source, Stream, byob_reader, create_readable_byte_stream, default_reader};
use crate::Web;
use crate::streams::buffer::{self, View};
use crate::streams::{Object, ignore};

/// Splits a byte stream.
pub(super) fn tee<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    stream: &Stream<J>,
) -> Completion<J, (Stream<J>, Stream<J>)> {
    let (tee, reader) = Tee::begin(cx, web, stream)?;
    let one = Source {
        pull: pull::<J, 0>,
        cancel: cancel_branch::<J, 0>,
    };
    let two = Source {
        pull: pull::<J, 1>,
        cancel: cancel_branch::<J, 1>,
    };
    let one = create_readable_byte_stream(cx, web, tee.value(), &one, 0.0)?;
    let two = create_readable_byte_stream(cx, web, tee.value(), &two, 0.0)?;
    tee.branches[0].set(one.value());
    tee.branches[1].set(two.value());
    forward_reader_error(cx, web, &tee, &reader.generic.closed())?;
    Ok((one, two))
}

/// The `forwardReaderError` of the tee's reader, with its closed promise.
fn forward_reader_error<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    tee: &TeeObject<J>,
    closed: &J::Value,
) -> Completion<J, ()> {
    let values = [tee.value(), tee.reader.get()];
    web.react(
        cx,
        closed,
        values,
        ignore,
        |cx, web, [tee, reader], reason| {
            let tee: TeeObject<J> = Object::at(cx, &Edge::new(tee))?;
            if J::same_value(cx, &reader, &tee.reader.get()) {
                for branch in [0, 1] {
                    let controller = tee.controller(cx, branch)?;
                    byte_controller::error(cx, web, &controller, &reason)?;
                }
                tee.resolve_cancel_unless_both_canceled(cx)?;
            }
            Ok(J::undefined())
        },
    )
}

impl<J: JsHost> Tee<J> {
    /// The controller of a branch.
    fn controller(
        &self,
        cx: &mut J::Scope<'_>,
        branch: usize,
    ) -> Completion<J, ControllerObject<J>> {
        let branch: Stream<J> = Object::at(cx, &self.branches[branch])?;
        Object::at(cx, &branch.controller)
    }

    /// The controller of a branch that is not canceled.
    fn open(
        &self,
        cx: &mut J::Scope<'_>,
        branch: usize,
    ) -> Completion<J, Option<ControllerObject<J>>> {
        match self.canceled[branch].get() {
            true => Ok(None),
            false => self.controller(cx, branch).map(Some),
        }
    }
}

/// The pull algorithm of a branch.
fn pull<J: JsHost, const BRANCH: usize>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    [tee]: [J::Value; 1],
    _: J::Value,
) -> Completion<J> {
    let tee: TeeObject<J> = Object::at(cx, &Edge::new(tee))?;
    if tee.reading.replace(true) {
        tee.read_again[BRANCH].set(true);
        return web.resolved(cx, &J::undefined());
    }
    let controller = tee.controller(cx, BRANCH)?;
    match byte_controller::get_byob_request(cx, web, &controller)? {
        None => pull_with_default_reader(cx, web, &tee)?,
        Some(request) => pull_with_byob_reader::<J, BRANCH>(cx, web, &tee, &request.view())?,
    }
    web.resolved(cx, &J::undefined())
}

/// Pulls again for a branch that has asked meanwhile.
fn read_again<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    tee: &TeeObject<J>,
) -> Completion<J, ()> {
    tee.reading.set(false);
    if tee.read_again[0].get() {
        pull::<J, 0>(cx, web, [tee.value()], J::undefined())?;
    } else if tee.read_again[1].get() {
        pull::<J, 1>(cx, web, [tee.value()], J::undefined())?;
    }
    Ok(())
}

/// The `pullWithDefaultReader`.
fn pull_with_default_reader<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    tee: &TeeObject<J>,
) -> Completion<J, ()> {
    let current: Option<byob_reader::Reader<J>> = Object::of(cx, tee.reader.get());
    if let Some(reader) = current {
        byob_reader::release(cx, web, &reader)?;
        let stream = Object::at(cx, &tee.stream)?;
        let reader = default_reader::acquire(cx, web, &stream)?;
        tee.reader.set(reader.value());
        forward_reader_error(cx, web, tee, &reader.generic.closed())?;
    }
    let reader: default_reader::Reader<J> = Object::at(cx, &tee.reader)?;
    let steps = &ReadSteps {
        // In a microtask, so that an error of the source comes first.
        chunk: |cx, web, [tee], chunk| {
            let job = web.closure(cx, "", 0, [tee, chunk], |cx, web, [tee, chunk], _| {
                got_chunk(cx, web, [tee], chunk)
            })?;
            J::enqueue_job(cx, &job)?;
            Ok(J::undefined())
        },
        close: got_close,
        error: got_error,
    };
    let request = ReadRequest::native(tee.value(), steps);
    default_reader::read(cx, web, &reader, request)
}

/// The `pullWithBYOBReader` for the BYOB request of a branch.
fn pull_with_byob_reader<J: JsHost, const BRANCH: usize>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    tee: &TeeObject<J>,
    view: &J::Value,
) -> Completion<J, ()> {
    let current: Option<default_reader::Reader<J>> = Object::of(cx, tee.reader.get());
    if let Some(reader) = current {
        default_reader::release(cx, web, &reader)?;
        let stream = Object::at(cx, &tee.stream)?;
        let reader = byob_reader::acquire(cx, web, &stream)?;
        tee.reader.set(reader.value());
        forward_reader_error(cx, web, tee, &reader.generic.closed())?;
    }
    let reader: byob_reader::Reader<J> = Object::at(cx, &tee.reader)?;
    let steps = &ReadSteps {
        // In a microtask, so that an error of the source comes first.
        chunk: |cx, web, [tee], chunk| {
            let job = web.closure(cx, "", 0, [tee, chunk], |cx, web, [tee, chunk], _| {
                got_view::<J, BRANCH>(cx, web, [tee], chunk)
            })?;
            J::enqueue_job(cx, &job)?;
            Ok(J::undefined())
        },
        close: got_last_view::<J, BRANCH>,
        error: got_error,
    };
    let request = ReadRequest::native(tee.value(), steps);
    let view = View::convert(cx, web, view)?;
    byob_reader::read(cx, web, &reader, view, 1, request)
}

/// A copy of a chunk; when there is none, both branches are errored and the stream is canceled.
fn clone_chunk<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    tee: &TeeObject<J>,
    chunk: &J::Value,
) -> Completion<J, Option<J::Value>> {
    match buffer::clone_as_uint8_array::<J>(cx, chunk) {
        Ok(clone) => Ok(Some(clone)),
        Err(Throw::Terminated) => Err(Throw::Terminated),
        Err(Throw::Value(reason)) => {
            for branch in [0, 1] {
                let controller = tee.controller(cx, branch)?;
                byte_controller::error(cx, web, &controller, &reason)?;
            }
            let stream = Object::at(cx, &tee.stream)?;
            let result = super::cancel(cx, web, &stream, reason)?;
            tee.cancel.resolve(cx, &result)?;
            Ok(None)
        }
    }
}

/// The chunk steps of `pullWithDefaultReader`.
fn got_chunk<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    [tee]: [J::Value; 1],
    chunk: J::Value,
) -> Completion<J> {
    let tee: TeeObject<J> = Object::at(cx, &Edge::new(tee))?;
    tee.read_again.iter().for_each(|again| again.set(false));
    let mut other = chunk.clone();
    if tee.canceled.iter().all(|canceled| !canceled.get()) {
        match clone_chunk(cx, web, &tee, &chunk)? {
            Some(clone) => other = clone,
            None => return Ok(J::undefined()),
        }
    }
    for (branch, chunk) in [chunk, other].into_iter().enumerate() {
        if let Some(controller) = tee.open(cx, branch)? {
            let chunk = View::convert(cx, web, &chunk)?;
            byte_controller::enqueue(cx, web, &controller, chunk)?;
        }
    }
    read_again(cx, web, &tee)?;
    Ok(J::undefined())
}

/// The close steps of `pullWithDefaultReader`.
fn got_close<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    [tee]: [J::Value; 1],
    _: J::Value,
) -> Completion<J> {
    let tee: TeeObject<J> = Object::at(cx, &Edge::new(tee))?;
    tee.reading.set(false);
    for branch in [0, 1] {
        if let Some(controller) = tee.open(cx, branch)? {
            byte_controller::close(cx, web, &controller)?;
        }
    }
    for branch in [0, 1] {
        let controller = tee.controller(cx, branch)?;
        if controller.has_pending_pull_intos() {
            byte_controller::respond(cx, web, &controller, 0)?;
        }
    }
    tee.resolve_cancel_unless_both_canceled(cx)?;
    Ok(J::undefined())
}

/// The chunk steps of `pullWithBYOBReader`.
fn got_view<J: JsHost, const BRANCH: usize>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    [tee]: [J::Value; 1],
    chunk: J::Value,
) -> Completion<J> {
    let tee: TeeObject<J> = Object::at(cx, &Edge::new(tee))?;
    tee.read_again.iter().for_each(|again| again.set(false));
    let byob = tee.open(cx, BRANCH)?;
    let clone = match tee.open(cx, 1 - BRANCH)? {
        Some(other) => match clone_chunk(cx, web, &tee, &chunk)? {
            Some(clone) => Some((other, clone)),
            None => return Ok(J::undefined()),
        },
        None => None,
    };
    if let Some(byob) = byob {
        let view = View::convert(cx, web, &chunk)?;
        byte_controller::respond_with_new_view(cx, web, &byob, view)?;
    }
    if let Some((other, clone)) = clone {
        let chunk = View::convert(cx, web, &clone)?;
        byte_controller::enqueue(cx, web, &other, chunk)?;
    }
    read_again(cx, web, &tee)?;
    Ok(J::undefined())
}

/// The close steps of `pullWithBYOBReader`.
fn got_last_view<J: JsHost, const BRANCH: usize>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    [tee]: [J::Value; 1],
    chunk: J::Value,
) -> Completion<J> {
    let tee: TeeObject<J> = Object::at(cx, &Edge::new(tee))?;
    tee.reading.set(false);
    let byob = tee.open(cx, BRANCH)?;
    let other = tee.open(cx, 1 - BRANCH)?;
    for controller in byob.iter().chain(&other) {
        byte_controller::close(cx, web, controller)?;
    }
    if crate::webidl::is_object::<J>(&chunk) {
        if let Some(byob) = &byob {
            let view = View::convert(cx, web, &chunk)?;
            byte_controller::respond_with_new_view(cx, web, byob, view)?;
        }
        if let Some(other) = other.filter(|other| other.has_pending_pull_intos()) {
            byte_controller::respond(cx, web, &other, 0)?;
        }
    }
    tee.resolve_cancel_unless_both_canceled(cx)?;
    Ok(J::undefined())
}
