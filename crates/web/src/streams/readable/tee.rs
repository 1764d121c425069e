//! [ReadableStreamTee](https://streams.spec.whatwg.org/#readable-stream-tee).

use std::cell::Cell;
use std::rc::Rc;

use sinew_bridge::{Completion, Edge, JsHost, trace};

use super::default_reader::{self, Reader};
use super::request::{ReadRequest, ReadSteps};
use super::{Controller, Source, Stream, byte_tee, create_readable_stream};
use crate::Web;
use crate::closure::Deferred;
use crate::streams::strategy::SizeAlgorithm;
use crate::streams::{Object, hidden};

/// Splits a stream into two branches, which get the same chunks. Throws when it is locked.
pub(crate) fn tee<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    stream: &Stream<J>,
) -> Completion<J, (Stream<J>, Stream<J>)> {
    match Controller::of(cx, stream)? {
        Controller::Default(_) => default_tee(cx, web, stream),
        Controller::Byte(_) => byte_tee::tee(cx, web, stream),
    }
}

/// What a tee's algorithms close over.
pub(super) struct Tee<J: JsHost> {
    pub(super) stream: Edge<J>,
    /// The reader, which for a byte stream may be of either kind.
    pub(super) reader: Edge<J>,
    pub(super) reading: Cell<bool>,
    /// Whether a branch has pulled while a read was under way. A default tee needs one for both.
    pub(super) read_again: [Cell<bool>; 2],
    pub(super) canceled: [Cell<bool>; 2],
    reasons: [Edge<J>; 2],
    pub(super) branches: [Edge<J>; 2],
    pub(super) cancel: Deferred<J>,
}

trace!(struct Tee { stream, reader, reasons, branches, cancel });

pub(super) type TeeObject<J> = Object<J, Tee<J>>;

impl<J: JsHost> Tee<J> {
    /// A tee without branches, and its reader.
    pub(super) fn begin(
        cx: &mut J::Scope<'_>,
        web: &Rc<Web<J>>,
        stream: &Stream<J>,
    ) -> Completion<J, (TeeObject<J>, Reader<J>)> {
        let reader = default_reader::acquire(cx, web, stream)?;
        let (cancel, _) = Deferred::new(cx)?;
        let tee = Self {
            stream: Edge::new(stream.value()),
            reader: Edge::new(reader.value()),
            reading: Cell::new(false),
            read_again: Default::default(),
            canceled: Default::default(),
            reasons: Default::default(),
            branches: Default::default(),
            cancel,
        };
        Ok((hidden(cx, tee)?, reader))
    }

    pub(super) fn resolve_cancel_unless_both_canceled(
        &self,
        cx: &mut J::Scope<'_>,
    ) -> Completion<J, ()> {
        if self.canceled.iter().all(Cell::get) {
            return Ok(());
        }
        self.cancel.resolve(cx, &J::undefined())
    }

    /// The branches that are not canceled.
    fn open_branches(&self, cx: &mut J::Scope<'_>) -> Completion<J, Vec<Stream<J>>> {
        let mut open = Vec::with_capacity(2);
        for (branch, canceled) in self.branches.iter().zip(&self.canceled) {
            if !canceled.get() {
                open.push(Object::at(cx, branch)?);
            }
        }
        Ok(open)
    }
}

/// [ReadableStreamDefaultTee](https://streams.spec.whatwg.org/#abstract-opdef-readablestreamdefaulttee)
fn default_tee<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    stream: &Stream<J>,
) -> Completion<J, (Stream<J>, Stream<J>)> {
    let (tee, reader) = Tee::begin(cx, web, stream)?;
    let one = branch(cx, web, &tee, cancel_branch::<J, 0>)?;
    let two = branch(cx, web, &tee, cancel_branch::<J, 1>)?;
    tee.branches[0].set(one.value());
    tee.branches[1].set(two.value());
    web.react(
        cx,
        &reader.generic.closed(),
        [tee.value()],
        crate::streams::ignore,
        source_failed,
    )?;
    Ok((one, two))
}

fn branch<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    tee: &TeeObject<J>,
    cancel: crate::closure::Step<J, 1>,
) -> Completion<J, Stream<J>> {
    let source = Source { pull, cancel };
    let state = tee.value();
    let size = SizeAlgorithm::One;
    create_readable_stream(cx, web, J::undefined(), state, &source, 1.0, size)
}

/// Upon rejection of the reader's closed promise.
fn source_failed<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    [tee]: [J::Value; 1],
    reason: J::Value,
) -> Completion<J> {
    if let Some(tee) = Object::<J, Tee<J>>::of(cx, tee) {
        for branch in &tee.branches {
            let branch = Object::at(cx, branch)?;
            super::error_source(cx, web, &branch, &reason)?;
        }
        tee.resolve_cancel_unless_both_canceled(cx)?;
    }
    Ok(J::undefined())
}

/// The pull algorithm of both branches.
fn pull<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    [tee]: [J::Value; 1],
    _: J::Value,
) -> Completion<J> {
    if let Some(tee) = Object::<J, Tee<J>>::of(cx, tee) {
        if tee.reading.get() {
            tee.read_again[0].set(true);
        } else {
            tee.reading.set(true);
            let reader: Reader<J> = Object::at(cx, &tee.reader)?;
            let steps = &ReadSteps {
                chunk: got_chunk,
                close: got_close,
                error: got_error,
            };
            let request = ReadRequest::native(tee.value(), steps);
            default_reader::read(cx, web, &reader, request)?;
        }
    }
    web.resolved(cx, &J::undefined())
}

/// The chunk steps: what follows is done in a microtask, so that an error of the source comes first.
fn got_chunk<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    [tee]: [J::Value; 1],
    chunk: J::Value,
) -> Completion<J> {
    let job = web.closure(cx, "", 0, [tee, chunk], |cx, web, [tee, chunk], _| {
        let Some(tee) = Object::<J, Tee<J>>::of(cx, tee) else {
            return Ok(J::undefined());
        };
        tee.read_again[0].set(false);
        for branch in tee.open_branches(cx)? {
            super::enqueue(cx, web, &branch, chunk.clone())?;
        }
        tee.reading.set(false);
        if tee.read_again[0].get() {
            pull(cx, web, [tee.value()], J::undefined())?;
        }
        Ok(J::undefined())
    })?;
    J::enqueue_job(cx, &job)?;
    Ok(J::undefined())
}

fn got_close<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    [tee]: [J::Value; 1],
    _: J::Value,
) -> Completion<J> {
    let Some(tee) = Object::<J, Tee<J>>::of(cx, tee) else {
        return Ok(J::undefined());
    };
    tee.reading.set(false);
    for branch in tee.open_branches(cx)? {
        super::close_source(cx, web, &branch)?;
    }
    tee.resolve_cancel_unless_both_canceled(cx)?;
    Ok(J::undefined())
}

/// The error steps of a tee's read requests.
pub(super) fn got_error<J: JsHost>(
    cx: &mut J::Scope<'_>,
    _: &Rc<Web<J>>,
    [tee]: [J::Value; 1],
    _: J::Value,
) -> Completion<J> {
    if let Some(tee) = Object::<J, Tee<J>>::of(cx, tee) {
        tee.reading.set(false);
    }
    Ok(J::undefined())
}

/// The cancel algorithm of a branch: the source is canceled once both are.
pub(super) fn cancel_branch<J: JsHost, const BRANCH: usize>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    [tee]: [J::Value; 1],
    reason: J::Value,
) -> Completion<J> {
    let Some(tee) = Object::<J, Tee<J>>::of(cx, tee) else {
        return web.resolved(cx, &J::undefined());
    };
    tee.canceled[BRANCH].set(true);
    tee.reasons[BRANCH].set(reason);
    if tee.canceled.iter().all(Cell::get) {
        let reasons = tee.reasons.each_ref().map(Edge::get);
        let composite = J::create_array(cx, &reasons)?;
        let stream = Object::at(cx, &tee.stream)?;
        let result = super::cancel(cx, web, &stream, composite)?;
        tee.cancel.resolve(cx, &result)?;
    }
    Ok(tee.cancel.promise())
}
