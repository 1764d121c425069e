//! [`ReadableStreamBYOBReader`](https://streams.spec.whatwg.org/#byob-reader-class).

use std::rc::Rc;

use sinew_bridge::class::{ClassSpec, Method, throw, type_error};
use sinew_bridge::{Completion, ErrorClass, JsHost, trace};

use super::generic_reader::{self, GenericReader, released};
use super::request::{ReadRequest, Requests};
use super::{Controller, State, Stream, byte_controller, is_locked};
use crate::closure::Deferred;
use crate::globals::readonly;
use crate::streams::Object;
use crate::streams::buffer::{self, View};
use crate::{Web, webidl};

impl<J: JsHost> Web<J> {
    pub(crate) const READABLE_STREAM_BYOB_READER: ClassSpec<J, Self> = ClassSpec {
        name: "ReadableStreamBYOBReader",
        display: "ReadableStreamBYOBReader",
        length: 1,
        constructor,
        methods: &[
            Method {
                name: "read",
                length: 1,
                body: read_method,
            },
            Method {
                name: "releaseLock",
                length: 0,
                body: release_lock,
            },
            Method {
                name: "cancel",
                length: 0,
                body: cancel_method,
            },
        ],
        accessors: &[readonly("closed", closed)],
        ..ClassSpec::BASE
    };
}

/// A ReadableStreamBYOBReader object.
pub(crate) struct ByobReader<J: JsHost> {
    pub(crate) generic: GenericReader<J>,
    pub(super) requests: Requests<J>,
}

trace!(struct ByobReader { generic, requests });

impl<J: JsHost> Default for ByobReader<J> {
    fn default() -> Self {
        Self {
            generic: GenericReader::default(),
            requests: Requests::default(),
        }
    }
}

/// A ReadableStreamBYOBReader and its state.
pub(crate) type Reader<J> = Object<J, ByobReader<J>>;

/// [AcquireReadableStreamBYOBReader](https://streams.spec.whatwg.org/#acquire-readable-stream-byob-reader)
pub(crate) fn acquire<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    stream: &Stream<J>,
) -> Completion<J, Reader<J>> {
    let spec = &Web::READABLE_STREAM_BYOB_READER;
    let reader = Object::create(cx, web, spec, ByobReader::default())?;
    set_up(cx, web, &reader, stream)?;
    Ok(reader)
}

/// [ReadableStreamBYOBReaderRead](https://streams.spec.whatwg.org/#readable-stream-byob-reader-read);
/// a TypeError when the reader has released its stream.
pub(crate) fn read<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    reader: &Reader<J>,
    view: View<J>,
    min: usize,
    request: ReadRequest<J>,
) -> Completion<J, ()> {
    let stream = reader.generic.locked_stream(cx)?;
    stream.disturbed.set(true);
    if stream.state.get() == State::Errored {
        return request.error(cx, web, stream.stored_error.get());
    }
    let controller = Object::at(cx, &stream.controller)?;
    byte_controller::pull_into(cx, web, &controller, view, min, request)
}

/// [ReadableStreamBYOBReaderRelease](https://streams.spec.whatwg.org/#abstract-opdef-readablestreambyobreaderrelease)
pub(crate) fn release<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    reader: &Reader<J>,
) -> Completion<J, ()> {
    generic_reader::release(cx, web, &reader.generic)?;
    let reason = released::<J>(cx);
    error_read_into_requests(cx, web, reader, &reason)
}

/// [ReadableStreamBYOBReaderErrorReadIntoRequests](https://streams.spec.whatwg.org/#abstract-opdef-readablestreambyobreadererrorreadintorequests)
pub(crate) fn error_read_into_requests<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    reader: &Reader<J>,
    reason: &J::Value,
) -> Completion<J, ()> {
    for request in reader.requests.take() {
        request.error(cx, web, reason.clone())?;
    }
    Ok(())
}

/// [SetUpReadableStreamBYOBReader](https://streams.spec.whatwg.org/#set-up-readable-stream-byob-reader)
fn set_up<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    reader: &Reader<J>,
    stream: &Stream<J>,
) -> Completion<J, ()> {
    if is_locked(stream) {
        return Err(type_error::<J>(cx, "the stream is locked to a reader"));
    }
    if !matches!(Controller::of(cx, stream)?, Controller::Byte(_)) {
        return Err(type_error::<J>(cx, "the stream is not a byte stream"));
    }
    generic_reader::initialize(cx, web, &reader.generic, reader.value(), stream)
}

/// [`new ReadableStreamBYOBReader(stream)`](https://streams.spec.whatwg.org/#byob-reader-constructor)
fn constructor<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let stream = super::stream_argument(cx, args, "ReadableStreamBYOBReader")?;
    let proto = web.prototype(cx, args, &Web::READABLE_STREAM_BYOB_READER)?;
    let reader = Object::with_prototype(cx, &proto, ByobReader::default())?;
    set_up(cx, web, &reader, &stream)?;
    Ok(reader.value())
}

fn this<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J, Reader<J>> {
    Object::this(cx, web, args, &Web::READABLE_STREAM_BYOB_READER)
}

/// [`read(view, options)`](https://streams.spec.whatwg.org/#byob-reader-read)
fn read_method<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    web.promising(cx, |cx| {
        let reader = this(cx, web, args)?;
        webidl::required::<J>(cx, args, 1, "read")?;
        let view = J::arg(cx, args, 0);
        View::convert(cx, web, &view)?;
        let options = J::arg(cx, args, 1);
        let options = webidl::dictionary::<J>(cx, options, "the options of read")?;
        let min = match webidl::member::<J>(cx, &options, "min")? {
            Some(min) => webidl::enforce_range_u64::<J>(cx, &min, "min")?,
            None => 1,
        };

        // Once more: the options may have run user code.
        let view = View::convert(cx, web, &view)?;
        let min = check(cx, web, &view, min)?;
        let (deferred, promise) = Deferred::new(cx)?;
        read(cx, web, &reader, view, min, ReadRequest::Promise(deferred))?;
        Ok(promise)
    })
}

/// The steps of `read` that look at its arguments.
fn check<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    view: &View<J>,
    min: u64,
) -> Completion<J, usize> {
    if view.byte_length == 0 {
        return Err(type_error::<J>(cx, "the view has no bytes"));
    }
    if buffer::byte_length::<J>(cx, &view.buffer) == 0 {
        return Err(type_error::<J>(cx, "the buffer of the view has no bytes"));
    }
    if buffer::is_detached(cx, web, &view.buffer)? {
        return Err(type_error::<J>(cx, "the buffer of the view is detached"));
    }
    if min == 0 {
        return Err(type_error::<J>(cx, "min is 0"));
    }
    match usize::try_from(min) {
        Ok(min) if min <= view.byte_length / view.view_type.element_size() => Ok(min),
        _ => Err(throw::<J>(
            cx,
            ErrorClass::RangeError,
            "min is more than the view has room for",
        )),
    }
}

/// [`releaseLock()`](https://streams.spec.whatwg.org/#byob-reader-release-lock)
fn release_lock<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let reader = this(cx, web, args)?;
    if reader.generic.stream(cx).is_some() {
        release(cx, web, &reader)?;
    }
    Ok(J::undefined())
}

/// [`cancel(reason)`](https://streams.spec.whatwg.org/#generic-reader-cancel)
fn cancel_method<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    web.promising(cx, |cx| {
        let reader = this(cx, web, args)?;
        let reason = J::arg(cx, args, 0);
        generic_reader::cancel(cx, web, &reader.generic, reason)
    })
}

/// [`closed`](https://streams.spec.whatwg.org/#generic-reader-closed)
fn closed<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    web.promising(cx, |cx| Ok(this(cx, web, args)?.generic.closed()))
}
