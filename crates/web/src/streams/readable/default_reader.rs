//! [`ReadableStreamDefaultReader`](https://streams.spec.whatwg.org/#default-reader-class).

use std::rc::Rc;

use sinew_bridge::class::{ClassSpec, Method, type_error};
use sinew_bridge::{Completion, JsHost, trace};

use super::generic_reader::{self, GenericReader, released};
use super::request::{ReadRequest, Requests};
use super::{Controller, State, Stream, is_locked};
use crate::Web;
use crate::closure::Deferred;
use crate::globals::readonly;
use crate::streams::Object;

impl<J: JsHost> Web<J> {
    pub(crate) const READABLE_STREAM_DEFAULT_READER: ClassSpec<J, Self> = ClassSpec {
        name: "ReadableStreamDefaultReader",
        display: "ReadableStreamDefaultReader",
        length: 1,
        constructor,
        methods: &[
            Method {
                name: "read",
                length: 0,
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

/// A ReadableStreamDefaultReader object.
pub(crate) struct DefaultReader<J: JsHost> {
    pub(crate) generic: GenericReader<J>,
    pub(super) requests: Requests<J>,
}

trace!(struct DefaultReader { generic, requests });

impl<J: JsHost> Default for DefaultReader<J> {
    fn default() -> Self {
        Self {
            generic: GenericReader::default(),
            requests: Requests::default(),
        }
    }
}

/// A ReadableStreamDefaultReader and its state.
pub(crate) type Reader<J> = Object<J, DefaultReader<J>>;

/// [AcquireReadableStreamDefaultReader](https://streams.spec.whatwg.org/#acquire-readable-stream-reader)
pub(crate) fn acquire<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    stream: &Stream<J>,
) -> Completion<J, Reader<J>> {
    let spec = &Web::READABLE_STREAM_DEFAULT_READER;
    let reader = Object::create(cx, web, spec, DefaultReader::default())?;
    set_up(cx, web, &reader, stream)?;
    Ok(reader)
}

/// [ReadableStreamDefaultReaderRead](https://streams.spec.whatwg.org/#readable-stream-default-reader-read);
/// a TypeError when the reader has released its stream.
pub(crate) fn read<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    reader: &Reader<J>,
    request: ReadRequest<J>,
) -> Completion<J, ()> {
    let stream = reader.generic.locked_stream(cx)?;
    stream.disturbed.set(true);
    match stream.state.get() {
        State::Closed => request.close(cx, web, J::undefined()),
        State::Errored => request.error(cx, web, stream.stored_error.get()),
        State::Readable => Controller::of(cx, &stream)?.pull_steps(cx, web, request),
    }
}

/// [ReadableStreamDefaultReaderRelease](https://streams.spec.whatwg.org/#abstract-opdef-readablestreamdefaultreaderrelease)
pub(crate) fn release<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    reader: &Reader<J>,
) -> Completion<J, ()> {
    generic_reader::release(cx, web, &reader.generic)?;
    let reason = released::<J>(cx);
    error_read_requests(cx, web, reader, &reason)
}

/// [ReadableStreamDefaultReaderErrorReadRequests](https://streams.spec.whatwg.org/#abstract-opdef-readablestreamdefaultreadererrorreadrequests)
pub(crate) fn error_read_requests<J: JsHost>(
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

/// [SetUpReadableStreamDefaultReader](https://streams.spec.whatwg.org/#set-up-readable-stream-default-reader)
fn set_up<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    reader: &Reader<J>,
    stream: &Stream<J>,
) -> Completion<J, ()> {
    if is_locked(stream) {
        return Err(type_error::<J>(cx, "the stream is locked to a reader"));
    }
    generic_reader::initialize(cx, web, &reader.generic, reader.value(), stream)
}

/// [`new ReadableStreamDefaultReader(stream)`](https://streams.spec.whatwg.org/#default-reader-constructor)
fn constructor<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let stream = super::stream_argument(cx, args, "ReadableStreamDefaultReader")?;
    let proto = web.prototype(cx, args, &Web::READABLE_STREAM_DEFAULT_READER)?;
    let reader = Object::with_prototype(cx, &proto, DefaultReader::default())?;
    set_up(cx, web, &reader, &stream)?;
    Ok(reader.value())
}

fn this<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J, Reader<J>> {
    Object::this(cx, web, args, &Web::READABLE_STREAM_DEFAULT_READER)
}

/// [`read()`](https://streams.spec.whatwg.org/#default-reader-read)
fn read_method<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    web.promising(cx, |cx| {
        let reader = this(cx, web, args)?;
        let (deferred, promise) = Deferred::new(cx)?;
        read(cx, web, &reader, ReadRequest::Promise(deferred))?;
        Ok(promise)
    })
}

/// [`releaseLock()`](https://streams.spec.whatwg.org/#default-reader-release-lock)
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
