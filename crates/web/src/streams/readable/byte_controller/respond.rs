//! Answers to the BYOB request of a controller.

use std::rc::Rc;

use sinew_bridge::class::{throw, type_error};
use sinew_bridge::{Completion, ErrorClass, JsHost};

use super::super::{State, byob_reader, request};
use super::pull_into::{self, ReaderType};
use super::{ControllerObject, call_pull_if_needed};
use crate::Web;
use crate::streams::buffer::{self, View};

/// [ReadableByteStreamControllerRespond](https://streams.spec.whatwg.org/#readable-byte-stream-controller-respond)
pub(crate) fn respond<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    controller: &ControllerObject<J>,
    bytes_written: u64,
) -> Completion<J, ()> {
    let written = check(cx, controller, bytes_written)?;
    controller.transfer_first_pending(cx)?;
    respond_internal(cx, web, controller, written)
}

/// [ReadableByteStreamControllerRespondWithNewView](https://streams.spec.whatwg.org/#readable-byte-stream-controller-respond-with-new-view)
pub(crate) fn respond_with_new_view<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    controller: &ControllerObject<J>,
    view: View<J>,
) -> Completion<J, ()> {
    let written = view.byte_length;
    check_state(cx, controller, written as u64)?;
    if let Some(first) = controller.first_pending() {
        let range = match () {
            () if first.byte_offset + first.bytes_filled != view.byte_offset => {
                Some("the view does not start where the BYOB request does")
            }
            () if first.buffer_byte_length != buffer::byte_length::<J>(cx, &view.buffer) => {
                Some("the buffer of the view has another length than that of the BYOB request")
            }
            () if first.bytes_filled + written > first.byte_length => Some(TOO_MANY),
            () => None,
        };
        if let Some(message) = range {
            return Err(throw::<J>(cx, ErrorClass::RangeError, message));
        }
    }
    let buffer = J::transfer(cx, &view.buffer)?;
    controller.replace_first_pending_buffer(buffer);
    respond_internal(cx, web, controller, written)
}

const TOO_MANY: &str = "these are more bytes than the BYOB request has room for";

/// Whether so many bytes can be answered with in the state of the stream.
fn check_state<J: JsHost>(
    cx: &mut J::Scope<'_>,
    controller: &ControllerObject<J>,
    bytes_written: u64,
) -> Completion<J, ()> {
    let closed = controller.stream(cx)?.state.get() == State::Closed;
    match (closed, bytes_written) {
        (true, 1..) => Err(type_error::<J>(cx, "a closed stream takes no bytes")),
        (false, 0) => Err(type_error::<J>(
            cx,
            "the answer of an open stream has no bytes",
        )),
        _ => Ok(()),
    }
}

fn check<J: JsHost>(
    cx: &mut J::Scope<'_>,
    controller: &ControllerObject<J>,
    bytes_written: u64,
) -> Completion<J, usize> {
    check_state(cx, controller, bytes_written)?;
    let room = controller.first_pending().map_or(0, |first| {
        first.byte_length.saturating_sub(first.bytes_filled)
    });
    match usize::try_from(bytes_written) {
        Ok(written) if written <= room => Ok(written),
        _ => Err(throw::<J>(cx, ErrorClass::RangeError, TOO_MANY)),
    }
}

/// [ReadableByteStreamControllerRespondInternal](https://streams.spec.whatwg.org/#readable-byte-stream-controller-respond-internal)
fn respond_internal<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    controller: &ControllerObject<J>,
    bytes_written: usize,
) -> Completion<J, ()> {
    controller.invalidate_byob_request(cx);
    match controller.stream(cx)?.state.get() {
        State::Closed => respond_in_closed_state(cx, web, controller)?,
        _ => respond_in_readable_state(cx, web, controller, bytes_written)?,
    }
    call_pull_if_needed(cx, web, controller)
}

/// [ReadableByteStreamControllerRespondInClosedState](https://streams.spec.whatwg.org/#readable-byte-stream-controller-respond-in-closed-state)
fn respond_in_closed_state<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    controller: &ControllerObject<J>,
) -> Completion<J, ()> {
    let first = controller.first_pending();
    if first.is_some_and(|first| first.reader_type == ReaderType::None) {
        controller.shift_pending_pull_into();
    }
    let stream = controller.stream(cx)?;
    if byob_reader(cx, &stream).is_none() {
        return Ok(());
    }
    let mut filled = Vec::new();
    while filled.len() < request::get_num_read_into_requests(cx, &stream) {
        let Some(descriptor) = controller.shift_pending_pull_into() else {
            break;
        };
        filled.push(descriptor);
    }
    pull_into::commit_all(cx, web, &stream, filled)
}

/// [ReadableByteStreamControllerRespondInReadableState](https://streams.spec.whatwg.org/#readable-byte-stream-controller-respond-in-readable-state)
fn respond_in_readable_state<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    controller: &ControllerObject<J>,
    bytes_written: usize,
) -> Completion<J, ()> {
    controller.fill_head_pull_into_descriptor(bytes_written);
    let stream = controller.stream(cx)?;
    let Some(first) = controller.first_pending() else {
        return Ok(());
    };
    if first.reader_type == ReaderType::None {
        pull_into::enqueue_detached_pull_into_to_queue(cx, web, controller)?;
        let filled = pull_into::process_using_queue(cx, controller);
        return pull_into::commit_all(cx, web, &stream, filled);
    }
    if !first.is_enough() {
        return Ok(());
    }
    let Some(mut descriptor) = controller.shift_pending_pull_into() else {
        return Ok(());
    };
    let remainder = first.remainder();
    if remainder > 0 {
        let start = first.byte_offset + first.bytes_filled - remainder;
        let buffer = descriptor.buffer();
        pull_into::enqueue_cloned_chunk_to_queue(cx, web, controller, &buffer, start, remainder)?;
    }
    descriptor.shape.bytes_filled -= remainder;
    let filled = pull_into::process_using_queue(cx, controller);
    pull_into::commit(cx, web, &stream, &descriptor)?;
    pull_into::commit_all(cx, web, &stream, filled)
}
