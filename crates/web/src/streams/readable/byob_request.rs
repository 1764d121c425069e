//! [`ReadableStreamBYOBRequest`](https://streams.spec.whatwg.org/#rs-byob-request-class).

use std::rc::Rc;

use sinew_bridge::class::{ClassSpec, Method, type_error};
use sinew_bridge::{Completion, Edge, JsHost, trace};

use super::byte_controller::{self, ControllerObject};
use crate::globals::readonly;
use crate::streams::Object;
use crate::streams::buffer::{self, View};
use crate::{Web, webidl};

impl<J: JsHost> Web<J> {
    pub(crate) const READABLE_STREAM_BYOB_REQUEST: ClassSpec<J, Self> = ClassSpec {
        name: "ReadableStreamBYOBRequest",
        display: "ReadableStreamBYOBRequest",
        methods: &[
            Method {
                name: "respond",
                length: 1,
                body: respond,
            },
            Method {
                name: "respondWithNewView",
                length: 1,
                body: respond_with_new_view,
            },
        ],
        accessors: &[readonly("view", view)],
        ..ClassSpec::BASE
    };
}

/// A ReadableStreamBYOBRequest object.
pub(crate) struct ByobRequest<J: JsHost> {
    /// Undefined once it is invalid.
    controller: Edge<J>,
    /// Undefined once it is invalid.
    view: Edge<J>,
}

trace!(struct ByobRequest { controller, view });

/// A ReadableStreamBYOBRequest and its state.
pub(crate) type ByobRequestObject<J> = Object<J, ByobRequest<J>>;

impl<J: JsHost> ByobRequest<J> {
    pub(crate) fn new(controller: J::Value, view: J::Value) -> Self {
        Self {
            controller: Edge::new(controller),
            view: Edge::new(view),
        }
    }

    /// `[[view]]`
    pub(crate) fn view(&self) -> J::Value {
        self.view.get()
    }

    pub(crate) fn invalidate(&self) {
        self.controller.take();
        self.view.take();
    }
}

fn this<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J, ByobRequestObject<J>> {
    Object::this(cx, web, args, &Web::READABLE_STREAM_BYOB_REQUEST)
}

/// [`view`](https://streams.spec.whatwg.org/#rs-byob-request-view)
fn view<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    let view = this(cx, web, args)?.view();
    Ok(match webidl::is_object::<J>(&view) {
        true => view,
        false => J::null(),
    })
}

/// The controller of a request that was not answered.
fn controller<J: JsHost>(
    cx: &mut J::Scope<'_>,
    request: &ByobRequest<J>,
) -> Completion<J, ControllerObject<J>> {
    let controller = Object::of(cx, request.controller.get());
    controller.ok_or_else(|| type_error::<J>(cx, "the request has been answered or is gone"))
}

/// Throws when a buffer is detached.
fn require_attached<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    buffer: &J::Value,
) -> Completion<J, ()> {
    match buffer::is_detached(cx, web, buffer)? {
        true => Err(type_error::<J>(cx, "the buffer of the view is detached")),
        false => Ok(()),
    }
}

/// [`respond(bytesWritten)`](https://streams.spec.whatwg.org/#rs-byob-request-respond)
fn respond<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    let request = this(cx, web, args)?;
    webidl::required::<J>(cx, args, 1, "respond")?;
    let written = J::arg(cx, args, 0);
    let written = webidl::enforce_range_u64::<J>(cx, &written, "bytesWritten")?;
    let controller = controller(cx, &request)?;
    let view = View::convert(cx, web, &request.view())?;
    require_attached(cx, web, &view.buffer)?;
    byte_controller::respond(cx, web, &controller, written)?;
    Ok(J::undefined())
}

/// [`respondWithNewView(view)`](https://streams.spec.whatwg.org/#rs-byob-request-respond-with-new-view)
fn respond_with_new_view<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let request = this(cx, web, args)?;
    webidl::required::<J>(cx, args, 1, "respondWithNewView")?;
    let view = J::arg(cx, args, 0);
    let view = View::convert(cx, web, &view)?;
    let controller = controller(cx, &request)?;
    require_attached(cx, web, &view.buffer)?;
    byte_controller::respond_with_new_view(cx, web, &controller, view)?;
    Ok(J::undefined())
}
