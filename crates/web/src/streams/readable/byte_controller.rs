//! [`ReadableByteStreamController`](https://streams.spec.whatwg.org/#rbs-controller-class): its
//! members are in `byte_controller/class.rs`, pull-into descriptors in `byte_controller/pull_into.rs`,
//! answers to BYOB requests in `byte_controller/respond.rs`.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use sinew_bridge::class::type_error;
use sinew_bridge::{Completion, Edge, JsHost, Throw, trace};

use super::byob_request::{ByobRequest, ByobRequestObject};
use super::request::{self, ReadRequest};
use super::{State, Stream, UnderlyingSource};
use crate::Web;
use crate::streams::Object;
use crate::streams::algorithm::{Algorithm, AlgorithmSlot};
use crate::streams::buffer::{self, View, ViewType};

mod class;
mod pull_into;
mod respond;

use pull_into::{PullInto, ReaderType};

pub(crate) use pull_into::pull_into;
pub(crate) use respond::{respond, respond_with_new_view};

/// A ReadableByteStreamController object.
pub(crate) struct ByteController<J: JsHost> {
    stream: Edge<J>,
    /// `[[byobRequest]]`; undefined for null.
    byob_request: Edge<J>,
    auto_allocate_chunk_size: Option<u64>,
    started: Cell<bool>,
    close_requested: Cell<bool>,
    pull_again: Cell<bool>,
    pulling: Cell<bool>,
    high_water_mark: f64,
    queue: RefCell<VecDeque<Entry<J>>>,
    /// `[[queueTotalSize]]`
    total: Cell<usize>,
    pending: RefCell<VecDeque<PullInto<J>>>,
    pull: AlgorithmSlot<J>,
    cancel: AlgorithmSlot<J>,
}

trace!(struct ByteController { stream, byob_request, queue, pending, pull, cancel });

/// A [readable byte stream queue entry](https://streams.spec.whatwg.org/#readable-byte-stream-queue-entry).
struct Entry<J: JsHost> {
    buffer: Edge<J>,
    byte_offset: usize,
    byte_length: usize,
}

trace!(struct Entry { buffer });

/// A ReadableByteStreamController and its state.
pub(crate) type ControllerObject<J> = Object<J, ByteController<J>>;

/// [SetUpReadableByteStreamController](https://streams.spec.whatwg.org/#set-up-readable-byte-stream-controller)
/// with a new controller. Runs user code.
pub(crate) fn set_up<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    stream: &Stream<J>,
    source: UnderlyingSource<J>,
    high_water_mark: f64,
    auto_allocate_chunk_size: Option<u64>,
) -> Completion<J, ()> {
    let state = ByteController {
        stream: Edge::new(stream.value()),
        byob_request: Edge::default(),
        auto_allocate_chunk_size,
        started: Cell::new(false),
        close_requested: Cell::new(false),
        pull_again: Cell::new(false),
        pulling: Cell::new(false),
        high_water_mark,
        queue: RefCell::default(),
        total: Cell::new(0),
        pending: RefCell::default(),
        pull: RefCell::new(source.pull),
        cancel: RefCell::new(source.cancel),
    };
    let spec = &Web::READABLE_BYTE_STREAM_CONTROLLER;
    let controller = Object::create(cx, web, spec, state)?;
    stream.controller.set(controller.value());
    let result = source.start.perform(cx, &controller.value())?;
    let promise = web.resolved(cx, &result)?;
    let started = |cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, [controller]: [J::Value; 1], _| {
        let controller: ControllerObject<J> = Object::at(cx, &Edge::new(controller))?;
        controller.started.set(true);
        call_pull_if_needed(cx, web, &controller)?;
        Ok(J::undefined())
    };
    web.react(cx, &promise, [controller.value()], started, error_step)
}

/// A step that errors the controller with the reason.
fn error_step<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    [controller]: [J::Value; 1],
    reason: J::Value,
) -> Completion<J> {
    let controller: ControllerObject<J> = Object::at(cx, &Edge::new(controller))?;
    error(cx, web, &controller, &reason)?;
    Ok(J::undefined())
}

impl<J: JsHost> ByteController<J> {
    /// `[[stream]]`
    fn stream(&self, cx: &mut J::Scope<'_>) -> Completion<J, Stream<J>> {
        Object::at(cx, &self.stream)
    }

    pub(crate) fn has_pending_pull_intos(&self) -> bool {
        !self.pending.borrow().is_empty()
    }

    /// [ResetQueue](https://streams.spec.whatwg.org/#reset-queue)
    fn reset_queue(&self) {
        let queue = self.queue.take();
        self.total.set(0);
        drop(queue);
    }

    /// [ReadableByteStreamControllerClearAlgorithms](https://streams.spec.whatwg.org/#readable-byte-stream-controller-clear-algorithms)
    fn clear_algorithms(&self) {
        let pull = self.pull.take();
        let cancel = self.cancel.take();
        drop((pull, cancel));
    }

    /// [ReadableByteStreamControllerEnqueueChunkToQueue](https://streams.spec.whatwg.org/#readable-byte-stream-controller-enqueue-chunk-to-queue)
    fn enqueue_chunk_to_queue(&self, buffer: J::Value, byte_offset: usize, byte_length: usize) {
        self.queue.borrow_mut().push_back(Entry {
            buffer: Edge::new(buffer),
            byte_offset,
            byte_length,
        });
        self.total.set(self.total.get() + byte_length);
    }

    /// [ReadableByteStreamControllerInvalidateBYOBRequest](https://streams.spec.whatwg.org/#readable-byte-stream-controller-invalidate-byob-request)
    fn invalidate_byob_request(&self, cx: &mut J::Scope<'_>) {
        let request = self.byob_request.take();
        let request: Option<ByobRequestObject<J>> = Object::of(cx, request);
        if let Some(request) = request {
            request.invalidate();
        }
    }

    /// [ReadableByteStreamControllerClearPendingPullIntos](https://streams.spec.whatwg.org/#readable-byte-stream-controller-clear-pending-pull-intos)
    fn clear_pending_pull_intos(&self, cx: &mut J::Scope<'_>) {
        self.invalidate_byob_request(cx);
        let pending = self.pending.take();
        drop(pending);
    }
}

/// [ReadableByteStreamControllerCallPullIfNeeded](https://streams.spec.whatwg.org/#readable-byte-stream-controller-call-pull-if-needed)
fn call_pull_if_needed<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    controller: &ControllerObject<J>,
) -> Completion<J, ()> {
    if !should_call_pull(cx, controller)? {
        return Ok(());
    }
    if controller.pulling.get() {
        controller.pull_again.set(true);
        return Ok(());
    }
    controller.pulling.set(true);
    let value = controller.value();
    let stream = controller.stream.get();
    let promise = Algorithm::perform(cx, web, &controller.pull, &[value], &stream)?;
    let pulled = |cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, [controller]: [J::Value; 1], _| {
        let controller: ControllerObject<J> = Object::at(cx, &Edge::new(controller))?;
        controller.pulling.set(false);
        if controller.pull_again.take() {
            call_pull_if_needed(cx, web, &controller)?;
        }
        Ok(J::undefined())
    };
    web.react(cx, &promise, [controller.value()], pulled, error_step)
}

/// [ReadableByteStreamControllerShouldCallPull](https://streams.spec.whatwg.org/#readable-byte-stream-controller-should-call-pull)
fn should_call_pull<J: JsHost>(
    cx: &mut J::Scope<'_>,
    controller: &ControllerObject<J>,
) -> Completion<J, bool> {
    let stream = controller.stream(cx)?;
    let open = stream.state.get() == State::Readable && !controller.close_requested.get();
    if !open || !controller.started.get() {
        return Ok(false);
    }
    if request::get_num_read_requests(cx, &stream) > 0
        || request::get_num_read_into_requests(cx, &stream) > 0
    {
        return Ok(true);
    }
    let desired = get_desired_size(cx, controller)?;
    Ok(desired.is_some_and(|desired| desired > 0.0))
}

/// [ReadableByteStreamControllerGetDesiredSize](https://streams.spec.whatwg.org/#readable-byte-stream-controller-get-desired-size);
/// `None` is null.
pub(crate) fn get_desired_size<J: JsHost>(
    cx: &mut J::Scope<'_>,
    controller: &ControllerObject<J>,
) -> Completion<J, Option<f64>> {
    Ok(match controller.stream(cx)?.state.get() {
        State::Errored => None,
        State::Closed => Some(0.0),
        State::Readable => Some(controller.high_water_mark - controller.total.get() as f64),
    })
}

/// [ReadableByteStreamControllerClose](https://streams.spec.whatwg.org/#readable-byte-stream-controller-close)
pub(crate) fn close<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    controller: &ControllerObject<J>,
) -> Completion<J, ()> {
    let stream = controller.stream(cx)?;
    if controller.close_requested.get() || stream.state.get() != State::Readable {
        return Ok(());
    }
    if controller.total.get() > 0 {
        controller.close_requested.set(true);
        return Ok(());
    }
    let first = controller.pending.borrow().front().map(|first| first.shape);
    if first.is_some_and(|first| first.remainder() != 0) {
        let thrown = type_error::<J>(
            cx,
            "the bytes are not enough for the last element of a view",
        );
        if let Throw::Value(reason) = &thrown {
            error(cx, web, controller, reason)?;
        }
        return Err(thrown);
    }
    controller.clear_algorithms();
    super::close(cx, web, &stream)
}

/// [ReadableByteStreamControllerEnqueue](https://streams.spec.whatwg.org/#readable-byte-stream-controller-enqueue)
pub(crate) fn enqueue<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    controller: &ControllerObject<J>,
    chunk: View<J>,
) -> Completion<J, ()> {
    let stream = controller.stream(cx)?;
    if controller.close_requested.get() || stream.state.get() != State::Readable {
        return Ok(());
    }
    let View {
        buffer,
        byte_offset,
        byte_length,
        ..
    } = chunk;
    let buffer = J::transfer(cx, &buffer)?;
    if controller.has_pending_pull_intos() {
        let first = controller.first_pending_buffer();
        if buffer::is_detached(cx, web, &first)? {
            return Err(type_error::<J>(
                cx,
                "the buffer of the BYOB request is detached",
            ));
        }
        controller.invalidate_byob_request(cx);
        controller.transfer_first_pending(cx)?;
        if controller.first_pending().map(|first| first.reader_type) == Some(ReaderType::None) {
            pull_into::enqueue_detached_pull_into_to_queue(cx, web, controller)?;
        }
    }
    if super::default_reader(cx, &stream).is_some() {
        process_read_requests_using_queue(cx, web, controller)?;
        if request::get_num_read_requests(cx, &stream) == 0 {
            controller.enqueue_chunk_to_queue(buffer, byte_offset, byte_length);
        } else {
            controller.shift_pending_pull_into();
            let kind = ViewType::UINT8_ARRAY;
            let view = buffer::create_view(cx, web, kind, buffer, byte_offset, byte_length)?;
            request::fulfill_read_request(cx, web, &stream, view, false)?;
        }
    } else {
        controller.enqueue_chunk_to_queue(buffer, byte_offset, byte_length);
        if super::byob_reader(cx, &stream).is_some() {
            let filled = pull_into::process_using_queue(cx, controller);
            pull_into::commit_all(cx, web, &stream, filled)?;
        }
    }
    call_pull_if_needed(cx, web, controller)
}

/// [ReadableByteStreamControllerError](https://streams.spec.whatwg.org/#readable-byte-stream-controller-error)
pub(crate) fn error<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    controller: &ControllerObject<J>,
    reason: &J::Value,
) -> Completion<J, ()> {
    let stream = controller.stream(cx)?;
    if stream.state.get() != State::Readable {
        return Ok(());
    }
    controller.clear_pending_pull_intos(cx);
    controller.reset_queue();
    controller.clear_algorithms();
    super::error(cx, web, &stream, reason)
}

/// [ReadableByteStreamControllerFillReadRequestFromQueue](https://streams.spec.whatwg.org/#abstract-opdef-readablebytestreamcontrollerfillreadrequestfromqueue)
fn fill_read_request_from_queue<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    controller: &ControllerObject<J>,
    request: ReadRequest<J>,
) -> Completion<J, ()> {
    let Some(entry) = controller.queue.borrow_mut().pop_front() else {
        return Ok(());
    };
    let (offset, length) = (entry.byte_offset, entry.byte_length);
    controller.total.set(controller.total.get() - length);
    handle_queue_drain(cx, web, controller)?;
    let buffer = entry.buffer.get();
    let view = buffer::create_view(cx, web, ViewType::UINT8_ARRAY, buffer, offset, length)?;
    request.chunk(cx, web, view)
}

/// [ReadableByteStreamControllerHandleQueueDrain](https://streams.spec.whatwg.org/#readable-byte-stream-controller-handle-queue-drain)
fn handle_queue_drain<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    controller: &ControllerObject<J>,
) -> Completion<J, ()> {
    if controller.total.get() == 0 && controller.close_requested.get() {
        controller.clear_algorithms();
        let stream = controller.stream(cx)?;
        super::close(cx, web, &stream)
    } else {
        call_pull_if_needed(cx, web, controller)
    }
}

/// [ReadableByteStreamControllerProcessReadRequestsUsingQueue](https://streams.spec.whatwg.org/#abstract-opdef-readablebytestreamcontrollerprocessreadrequestsusingqueue)
fn process_read_requests_using_queue<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    controller: &ControllerObject<J>,
) -> Completion<J, ()> {
    let stream = controller.stream(cx)?;
    while controller.total.get() > 0 {
        let reader = super::default_reader(cx, &stream);
        let Some(request) = reader.and_then(|reader| reader.requests.next()) else {
            break;
        };
        fill_read_request_from_queue(cx, web, controller, request)?;
    }
    Ok(())
}

/// [ReadableByteStreamControllerGetBYOBRequest](https://streams.spec.whatwg.org/#abstract-opdef-readablebytestreamcontrollergetbyobrequest)
pub(crate) fn get_byob_request<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    controller: &ControllerObject<J>,
) -> Completion<J, Option<ByobRequestObject<J>>> {
    if let Some(first) = controller.first_pending()
        && Object::<J, ByobRequest<J>>::of(cx, controller.byob_request.get()).is_none()
    {
        let view = buffer::create_view(
            cx,
            web,
            ViewType::UINT8_ARRAY,
            controller.first_pending_buffer(),
            first.byte_offset + first.bytes_filled,
            first.byte_length - first.bytes_filled,
        )?;
        let request = ByobRequest::new(controller.value(), view);
        let spec = &Web::READABLE_STREAM_BYOB_REQUEST;
        let request = Object::create(cx, web, spec, request)?;
        controller.byob_request.set(request.value());
    }
    Ok(Object::of(cx, controller.byob_request.get()))
}

/// [`[[CancelSteps]]`](https://streams.spec.whatwg.org/#rbs-controller-private-cancel). Runs user code.
pub(super) fn cancel_steps<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    controller: &ControllerObject<J>,
    reason: J::Value,
) -> Completion<J> {
    controller.clear_pending_pull_intos(cx);
    controller.reset_queue();
    let args = std::slice::from_ref(&reason);
    let result = Algorithm::perform(cx, web, &controller.cancel, args, &reason);
    controller.clear_algorithms();
    result
}

/// [`[[PullSteps]]`](https://streams.spec.whatwg.org/#rbs-controller-private-pull)
pub(super) fn pull_steps<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    controller: &ControllerObject<J>,
    request: ReadRequest<J>,
) -> Completion<J, ()> {
    if controller.total.get() > 0 {
        return fill_read_request_from_queue(cx, web, controller, request);
    }
    if let Some(size) = controller.auto_allocate_chunk_size {
        match buffer::allocate(cx, web, size) {
            Ok(buffer) => controller.push_pending(PullInto::auto_allocated(buffer, size as usize)),
            Err(Throw::Value(reason)) => return request.error(cx, web, reason),
            Err(Throw::Terminated) => return Err(Throw::Terminated),
        }
    }
    let stream = controller.stream(cx)?;
    request::add_read_request(cx, &stream, request)?;
    call_pull_if_needed(cx, web, controller)
}

/// [`[[ReleaseSteps]]`](https://streams.spec.whatwg.org/#abstract-opdef-readablebytestreamcontroller-releasesteps)
pub(super) fn release_steps<J: JsHost>(controller: &ControllerObject<J>) {
    let mut pending = controller.pending.take();
    pending.truncate(1);
    if let Some(first) = pending.front_mut() {
        first.shape.reader_type = ReaderType::None;
    }
    controller.pending.replace(pending);
}
