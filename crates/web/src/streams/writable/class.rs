//! [`WritableStream`](https://streams.spec.whatwg.org/#ws-class).

use std::rc::Rc;

use sinew_bridge::class::{ClassSpec, Method, throw, type_error};
use sinew_bridge::{Completion, ErrorClass, JsHost};

use super::default_controller::{self, Algorithms};
use super::{Stream, WritableStream, default_writer};
use crate::globals::{Global, readonly};
use crate::streams::algorithm::{Algorithm, Start, callback_member};
use crate::streams::strategy::Strategy;
use crate::{Web, webidl};

impl<J: JsHost> Web<J> {
    pub(crate) const WRITABLE_STREAMS: &'static [Global<J>] = &[
        Global::interface(&Self::WRITABLE_STREAM),
        Global::interface(&Self::WRITABLE_STREAM_DEFAULT_WRITER),
        Global::interface(&Self::WRITABLE_STREAM_DEFAULT_CONTROLLER),
    ];

    pub(crate) const WRITABLE_STREAM: ClassSpec<J, Self> = ClassSpec {
        name: "WritableStream",
        display: "WritableStream",
        constructor,
        methods: &[
            Method {
                name: "abort",
                length: 0,
                body: abort_method,
            },
            Method {
                name: "close",
                length: 0,
                body: close_method,
            },
            Method {
                name: "getWriter",
                length: 0,
                body: get_writer,
            },
        ],
        accessors: &[readonly("locked", locked)],
        ..ClassSpec::BASE
    };
}

/// [`new WritableStream(underlyingSink, strategy)`](https://streams.spec.whatwg.org/#ws-constructor)
fn constructor<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let sink = J::arg(cx, args, 0);
    if !webidl::is_missing::<J>(&sink) && !webidl::is_object::<J>(&sink) {
        return Err(type_error::<J>(cx, "the underlying sink is not an object"));
    }
    let strategy = J::arg(cx, args, 1);
    let strategy = Strategy::convert(cx, strategy)?;
    let proto = web.prototype(cx, args, &Web::WRITABLE_STREAM)?;
    // 2. Let underlyingSinkDict be underlyingSink, converted to an IDL value.
    let dictionary = webidl::is_object::<J>(&sink).then(|| sink.clone());
    let abort = callback_member::<J>(cx, &dictionary, "abort")?;
    let close = callback_member::<J>(cx, &dictionary, "close")?;
    let start = callback_member::<J>(cx, &dictionary, "start")?;
    let kind = webidl::member::<J>(cx, &dictionary, "type")?;
    let write = callback_member::<J>(cx, &dictionary, "write")?;
    // 3. If underlyingSinkDict["type"] exists, throw a RangeError exception.
    if kind.is_some() {
        let message = "an underlying sink has no type";
        return Err(throw::<J>(cx, ErrorClass::RangeError, message));
    }
    let stream = Stream::<J>::with_prototype(cx, &proto, WritableStream::new())?;
    let high_water_mark = strategy.extract_high_water_mark(cx, 1.0)?;
    let size = strategy.extract_size_algorithm();
    let algorithms = Algorithms {
        write: Algorithm::member(write, &sink),
        close: Algorithm::member(close, &sink),
        abort: Algorithm::member(abort, &sink),
    };
    let start = Start::member(start, &sink);
    default_controller::set_up(cx, web, &stream, start, algorithms, high_water_mark, size)?;
    Ok(stream.value())
}

/// [`locked`](https://streams.spec.whatwg.org/#ws-locked)
fn locked<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    let stream = Stream::<J>::this(cx, web, args, &Web::WRITABLE_STREAM)?;
    Ok(J::boolean(stream.is_locked()))
}

/// [`abort(reason)`](https://streams.spec.whatwg.org/#ws-abort)
fn abort_method<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    web.promising(cx, |cx| {
        let stream = Stream::<J>::this(cx, web, args, &Web::WRITABLE_STREAM)?;
        refuse_locked(cx, &stream)?;
        let reason = J::arg(cx, args, 0);
        super::abort(cx, web, &stream, reason)
    })
}

/// [`close()`](https://streams.spec.whatwg.org/#ws-close)
fn close_method<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    web.promising(cx, |cx| {
        let stream = Stream::<J>::this(cx, web, args, &Web::WRITABLE_STREAM)?;
        refuse_locked(cx, &stream)?;
        if stream.close_queued_or_in_flight() {
            return Err(type_error::<J>(cx, "the stream is already closing"));
        }
        super::close(cx, web, &stream)
    })
}

/// [`getWriter()`](https://streams.spec.whatwg.org/#ws-get-writer)
fn get_writer<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let stream = Stream::<J>::this(cx, web, args, &Web::WRITABLE_STREAM)?;
    Ok(default_writer::acquire(cx, web, &stream)?.value())
}

fn refuse_locked<J: JsHost>(cx: &mut J::Scope<'_>, stream: &Stream<J>) -> Completion<J, ()> {
    match stream.is_locked() {
        true => Err(type_error::<J>(cx, "the stream is locked to a writer")),
        false => Ok(()),
    }
}
