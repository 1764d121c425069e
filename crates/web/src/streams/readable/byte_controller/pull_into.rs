//! [Pull-into descriptors](https://streams.spec.whatwg.org/#pull-into-descriptor).

use std::rc::Rc;

use sinew_bridge::class::type_error;
use sinew_bridge::{Completion, Edge, JsHost, Throw, trace};

use super::super::request::{self, ReadRequest};
use super::super::{State, Stream};
use super::{ByteController, ControllerObject, call_pull_if_needed, error, handle_queue_drain};
use crate::Web;
use crate::streams::buffer::{self, View, ViewType};

/// A pull-into descriptor.
pub(super) struct PullInto<J: JsHost> {
    buffer: Edge<J>,
    pub(super) shape: Shape,
}

trace!(struct PullInto { buffer });

/// Everything of a descriptor but its buffer.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    pub(super) buffer_byte_length: usize,
    pub(super) byte_offset: usize,
    pub(super) byte_length: usize,
    pub(super) bytes_filled: usize,
    minimum_fill: usize,
    view_type: ViewType,
    pub(super) reader_type: ReaderType,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ReaderType {
    Default,
    Byob,
    None,
}

impl Shape {
    /// How many bytes are filled of an element that is not full.
    pub(super) fn remainder(&self) -> usize {
        self.bytes_filled % self.view_type.element_size()
    }

    pub(super) fn is_enough(&self) -> bool {
        self.bytes_filled >= self.minimum_fill
    }
}

impl<J: JsHost> PullInto<J> {
    /// The descriptor of a read request, with a buffer of this size.
    pub(super) fn auto_allocated(buffer: J::Value, size: usize) -> Self {
        Self {
            buffer: Edge::new(buffer),
            shape: Shape {
                buffer_byte_length: size,
                byte_offset: 0,
                byte_length: size,
                bytes_filled: 0,
                minimum_fill: 1,
                view_type: ViewType::UINT8_ARRAY,
                reader_type: ReaderType::Default,
            },
        }
    }

    pub(super) fn buffer(&self) -> J::Value {
        self.buffer.get()
    }

    /// A view of its type on what is filled, after its buffer was replaced by `buffer`.
    fn view(&self, cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, buffer: J::Value) -> Completion<J> {
        let shape = self.shape;
        let length = shape.bytes_filled / shape.view_type.element_size();
        buffer::create_view(cx, web, shape.view_type, buffer, shape.byte_offset, length)
    }
}

impl<J: JsHost> ByteController<J> {
    /// The first pending descriptor but for its buffer.
    pub(super) fn first_pending(&self) -> Option<Shape> {
        self.pending.borrow().front().map(|first| first.shape)
    }

    /// The buffer of the first pending descriptor.
    pub(super) fn first_pending_buffer(&self) -> J::Value {
        let pending = self.pending.borrow();
        pending.front().map_or_else(J::undefined, PullInto::buffer)
    }

    pub(super) fn push_pending(&self, descriptor: PullInto<J>) {
        self.pending.borrow_mut().push_back(descriptor);
    }

    /// [ReadableByteStreamControllerShiftPendingPullInto](https://streams.spec.whatwg.org/#readable-byte-stream-controller-shift-pending-pull-into)
    pub(super) fn shift_pending_pull_into(&self) -> Option<PullInto<J>> {
        self.pending.borrow_mut().pop_front()
    }

    /// Transfers the buffer of the first pending descriptor.
    pub(super) fn transfer_first_pending(&self, cx: &mut J::Scope<'_>) -> Completion<J, ()> {
        let buffer = self.first_pending_buffer();
        let buffer = J::transfer(cx, &buffer)?;
        self.replace_first_pending_buffer(buffer);
        Ok(())
    }

    pub(super) fn replace_first_pending_buffer(&self, buffer: J::Value) {
        if let Some(first) = self.pending.borrow().front() {
            first.buffer.set(buffer);
        }
    }

    /// [ReadableByteStreamControllerFillHeadPullIntoDescriptor](https://streams.spec.whatwg.org/#readable-byte-stream-controller-fill-head-pull-into-descriptor)
    /// of the first pending descriptor.
    pub(super) fn fill_head_pull_into_descriptor(&self, size: usize) {
        if let Some(first) = self.pending.borrow_mut().front_mut() {
            first.shape.bytes_filled += size;
        }
    }
}

/// [ReadableByteStreamControllerPullInto](https://streams.spec.whatwg.org/#readable-byte-stream-controller-pull-into)
pub(crate) fn pull_into<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    controller: &ControllerObject<J>,
    view: View<J>,
    min: usize,
    request: ReadRequest<J>,
) -> Completion<J, ()> {
    let stream = controller.stream(cx)?;
    let buffer = match J::transfer(cx, &view.buffer) {
        Ok(buffer) => buffer,
        Err(Throw::Value(reason)) => return request.error(cx, web, reason),
        Err(Throw::Terminated) => return Err(Throw::Terminated),
    };
    let mut descriptor = PullInto {
        shape: Shape {
            buffer_byte_length: buffer::byte_length::<J>(cx, &buffer),
            byte_offset: view.byte_offset,
            byte_length: view.byte_length,
            bytes_filled: 0,
            minimum_fill: min.saturating_mul(view.view_type.element_size()),
            view_type: view.view_type,
            reader_type: ReaderType::Byob,
        },
        buffer: Edge::new(buffer),
    };
    if controller.has_pending_pull_intos() {
        controller.push_pending(descriptor);
        return request::add_read_into_request(cx, &stream, request);
    }
    if stream.state.get() == State::Closed {
        let view = descriptor.view(cx, web, descriptor.buffer())?;
        return request.close(cx, web, view);
    }
    if controller.total.get() > 0 {
        if fill_from_queue(cx, controller, &mut descriptor) {
            let view = convert(cx, web, &descriptor)?;
            handle_queue_drain(cx, web, controller)?;
            return request.chunk(cx, web, view);
        }
        if controller.close_requested.get()
            && let Throw::Value(reason) =
                type_error::<J>(cx, "the bytes are not enough for an element of the view")
        {
            error(cx, web, controller, &reason)?;
            return request.error(cx, web, reason);
        }
    }
    controller.push_pending(descriptor);
    request::add_read_into_request(cx, &stream, request)?;
    call_pull_if_needed(cx, web, controller)
}

/// [ReadableByteStreamControllerFillPullIntoDescriptorFromQueue](https://streams.spec.whatwg.org/#readable-byte-stream-controller-fill-pull-into-descriptor-from-queue)
fn fill_from_queue<J: JsHost>(
    cx: &mut J::Scope<'_>,
    controller: &ControllerObject<J>,
    descriptor: &mut PullInto<J>,
) -> bool {
    let shape = &mut descriptor.shape;
    let mut remaining = (shape.byte_length - shape.bytes_filled).min(controller.total.get());
    let most_filled = shape.bytes_filled + remaining;
    let aligned = most_filled - most_filled % shape.view_type.element_size();
    let ready = aligned >= shape.minimum_fill;
    if ready {
        remaining = aligned - shape.bytes_filled;
    }
    let to = descriptor.buffer.get();
    while remaining > 0 {
        let mut queue = controller.queue.borrow_mut();
        let Some(head) = queue.front_mut() else {
            break;
        };
        let count = remaining.min(head.byte_length);
        let (from, from_offset) = (head.buffer.get(), head.byte_offset);
        head.byte_offset += count;
        head.byte_length -= count;
        let used = match head.byte_length {
            0 => queue.pop_front(),
            _ => None,
        };
        drop(queue);
        let to_offset = shape.byte_offset + shape.bytes_filled;
        buffer::copy_bytes::<J>(cx, &to, to_offset, &from, from_offset, count);
        drop(used);
        controller.total.set(controller.total.get() - count);
        shape.bytes_filled += count;
        remaining -= count;
    }
    ready
}

/// [ReadableByteStreamControllerConvertPullIntoDescriptor](https://streams.spec.whatwg.org/#readable-byte-stream-controller-convert-pull-into-descriptor)
fn convert<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    descriptor: &PullInto<J>,
) -> Completion<J> {
    let buffer = J::transfer(cx, &descriptor.buffer.get())?;
    descriptor.view(cx, web, buffer)
}

/// [ReadableByteStreamControllerCommitPullIntoDescriptor](https://streams.spec.whatwg.org/#readable-byte-stream-controller-commit-pull-into-descriptor)
pub(super) fn commit<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    stream: &Stream<J>,
    descriptor: &PullInto<J>,
) -> Completion<J, ()> {
    let done = stream.state.get() == State::Closed;
    let view = convert(cx, web, descriptor)?;
    match descriptor.shape.reader_type {
        ReaderType::Default => request::fulfill_read_request(cx, web, stream, view, done),
        _ => request::fulfill_read_into_request(cx, web, stream, view, done),
    }
}

/// Commits each of these descriptors.
pub(super) fn commit_all<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    stream: &Stream<J>,
    filled: Vec<PullInto<J>>,
) -> Completion<J, ()> {
    for descriptor in &filled {
        commit(cx, web, stream, descriptor)?;
    }
    Ok(())
}

/// [ReadableByteStreamControllerProcessPullIntoDescriptorsUsingQueue](https://streams.spec.whatwg.org/#readable-byte-stream-controller-process-pull-into-descriptors-using-queue)
pub(super) fn process_using_queue<J: JsHost>(
    cx: &mut J::Scope<'_>,
    controller: &ControllerObject<J>,
) -> Vec<PullInto<J>> {
    let mut filled = Vec::new();
    while controller.total.get() > 0 {
        let Some(mut first) = controller.shift_pending_pull_into() else {
            break;
        };
        if fill_from_queue(cx, controller, &mut first) {
            filled.push(first);
        } else {
            controller.pending.borrow_mut().push_front(first);
        }
    }
    filled
}

/// [ReadableByteStreamControllerEnqueueClonedChunkToQueue](https://streams.spec.whatwg.org/#abstract-opdef-readablebytestreamcontrollerenqueueclonedchunktoqueue)
pub(super) fn enqueue_cloned_chunk_to_queue<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    controller: &ControllerObject<J>,
    buffer: &J::Value,
    byte_offset: usize,
    byte_length: usize,
) -> Completion<J, ()> {
    match buffer::clone_buffer::<J>(cx, buffer, byte_offset, byte_length) {
        Ok(clone) => {
            controller.enqueue_chunk_to_queue(clone, 0, byte_length);
            Ok(())
        }
        Err(thrown) => {
            if let Throw::Value(reason) = &thrown {
                error(cx, web, controller, reason)?;
            }
            Err(thrown)
        }
    }
}

/// [ReadableByteStreamControllerEnqueueDetachedPullIntoToQueue](https://streams.spec.whatwg.org/#abstract-opdef-readablebytestreamcontrollerenqueuedetachedpullintotoqueue)
/// of the first pending descriptor.
pub(super) fn enqueue_detached_pull_into_to_queue<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    controller: &ControllerObject<J>,
) -> Completion<J, ()> {
    if let Some(first) = controller.first_pending()
        && first.bytes_filled > 0
    {
        let buffer = controller.first_pending_buffer();
        let (offset, filled) = (first.byte_offset, first.bytes_filled);
        enqueue_cloned_chunk_to_queue(cx, web, controller, &buffer, offset, filled)?;
    }
    controller.shift_pending_pull_into();
    Ok(())
}
