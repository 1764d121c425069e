//! The members of [`ReadableByteStreamController`](https://streams.spec.whatwg.org/#rbs-controller-class).

use std::rc::Rc;

use sinew_bridge::class::{ClassSpec, Method, type_error};
use sinew_bridge::{Completion, JsHost};

use super::super::State;
use super::ControllerObject;
use crate::globals::readonly;
use crate::streams::Object;
use crate::streams::buffer::{self, View};
use crate::{Web, webidl};

impl<J: JsHost> Web<J> {
    pub(crate) const READABLE_BYTE_STREAM_CONTROLLER: ClassSpec<J, Self> = ClassSpec {
        name: "ReadableByteStreamController",
        display: "ReadableByteStreamController",
        methods: &[
            Method {
                name: "close",
                length: 0,
                body: close,
            },
            Method {
                name: "enqueue",
                length: 1,
                body: enqueue,
            },
            Method {
                name: "error",
                length: 0,
                body: error,
            },
        ],
        accessors: &[
            readonly("byobRequest", byob_request),
            readonly("desiredSize", desired_size),
        ],
        ..ClassSpec::BASE
    };
}

fn this<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J, ControllerObject<J>> {
    Object::this(cx, web, args, &Web::READABLE_BYTE_STREAM_CONTROLLER)
}

/// [`byobRequest`](https://streams.spec.whatwg.org/#rbs-controller-byob-request)
fn byob_request<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let controller = this(cx, web, args)?;
    let request = super::get_byob_request(cx, web, &controller)?;
    Ok(request.map_or_else(J::null, |request| request.value()))
}

/// [`desiredSize`](https://streams.spec.whatwg.org/#rbs-controller-desired-size)
fn desired_size<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let controller = this(cx, web, args)?;
    let size = super::get_desired_size(cx, &controller)?;
    Ok(size.map_or_else(J::null, J::number))
}

/// Throws unless the stream takes bytes.
fn require_open<J: JsHost>(
    cx: &mut J::Scope<'_>,
    controller: &ControllerObject<J>,
) -> Completion<J, ()> {
    if controller.close_requested.get() {
        return Err(type_error::<J>(cx, "the stream has been closed"));
    }
    if controller.stream(cx)?.state.get() != State::Readable {
        return Err(type_error::<J>(cx, "the stream is not readable"));
    }
    Ok(())
}

/// [`close()`](https://streams.spec.whatwg.org/#rbs-controller-close)
fn close<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    let controller = this(cx, web, args)?;
    require_open(cx, &controller)?;
    super::close(cx, web, &controller)?;
    Ok(J::undefined())
}

/// [`enqueue(chunk)`](https://streams.spec.whatwg.org/#rbs-controller-enqueue)
fn enqueue<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    let controller = this(cx, web, args)?;
    webidl::required::<J>(cx, args, 1, "enqueue")?;
    let chunk = J::arg(cx, args, 0);
    let chunk = View::convert(cx, web, &chunk)?;
    if chunk.byte_length == 0 {
        return Err(type_error::<J>(cx, "the chunk has no bytes"));
    }
    if buffer::byte_length::<J>(cx, &chunk.buffer) == 0 {
        return Err(type_error::<J>(cx, "the buffer of the chunk has no bytes"));
    }
    require_open(cx, &controller)?;
    super::enqueue(cx, web, &controller, chunk)?;
    Ok(J::undefined())
}

/// [`error(e)`](https://streams.spec.whatwg.org/#rbs-controller-error)
fn error<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    let controller = this(cx, web, args)?;
    let reason = J::arg(cx, args, 0);
    super::error(cx, web, &controller, &reason)?;
    Ok(J::undefined())
}
