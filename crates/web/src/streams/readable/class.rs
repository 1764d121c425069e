//! [`ReadableStream`](https://streams.spec.whatwg.org/#rs-class).

use std::rc::Rc;

use sinew_bridge::class::{ClassSpec, Method, throw, type_error};
use sinew_bridge::{Completion, ErrorClass, JsHost};

use super::{
    ReadableStream, Stream, UnderlyingSource, async_iterator, byob_reader, byte_controller,
    default_controller, default_reader, from, is_locked, tee,
};
use crate::globals::readonly;
use crate::streams::Object;
use crate::streams::algorithm::{Algorithm, Start, callback_member};
use crate::streams::pipe::methods;
use crate::streams::strategy::Strategy;
use crate::{Web, webidl};

impl<J: JsHost> Web<J> {
    pub(crate) const READABLE_STREAM: ClassSpec<J, Self> = ClassSpec {
        name: "ReadableStream",
        display: "ReadableStream",
        constructor,
        statics: &[Method {
            name: "from",
            length: 1,
            body: from::from_method,
        }],
        methods: &[
            Method {
                name: "cancel",
                length: 0,
                body: cancel_method,
            },
            Method {
                name: "getReader",
                length: 0,
                body: get_reader,
            },
            Method {
                name: "pipeThrough",
                length: 1,
                body: methods::pipe_through,
            },
            Method {
                name: "pipeTo",
                length: 1,
                body: methods::pipe_to_method,
            },
            Method {
                name: "tee",
                length: 0,
                body: tee_method,
            },
        ],
        accessors: &[readonly("locked", locked)],
        more: Some(async_iterator::define),
        ..ClassSpec::BASE
    };
}

/// [`new ReadableStream(underlyingSource, strategy)`](https://streams.spec.whatwg.org/#rs-constructor)
fn constructor<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let source = J::arg(cx, args, 0);
    if !webidl::is_missing::<J>(&source) && !webidl::is_object::<J>(&source) {
        return Err(type_error::<J>(
            cx,
            "the underlying source is not an object",
        ));
    }
    let strategy = J::arg(cx, args, 1);
    let strategy = Strategy::<J>::convert(cx, strategy)?;
    let proto = web.prototype(cx, args, &Web::READABLE_STREAM)?;

    let source = SourceDictionary::<J>::convert(cx, source)?;
    let stream = Object::with_prototype(cx, &proto, ReadableStream::new())?;
    if source.bytes {
        if strategy.has_size() {
            let message = "the strategy of a byte stream has no size";
            return Err(throw::<J>(cx, ErrorClass::RangeError, message));
        }
        let mark = strategy.extract_high_water_mark(cx, 0.0)?;
        let chunk_size = source.auto_allocate_chunk_size;
        if chunk_size == Some(0) {
            return Err(type_error::<J>(cx, "autoAllocateChunkSize is 0"));
        }
        byte_controller::set_up(cx, web, &stream, source.algorithms, mark, chunk_size)?;
        return Ok(stream.value());
    }
    let mark = strategy.extract_high_water_mark(cx, 1.0)?;
    let size = strategy.extract_size_algorithm();
    default_controller::set_up(cx, web, &stream, source.algorithms, mark, size)?;
    Ok(stream.value())
}

/// An [`UnderlyingSource`](https://streams.spec.whatwg.org/#dictdef-underlyingsource)
struct SourceDictionary<J: JsHost> {
    auto_allocate_chunk_size: Option<u64>,
    algorithms: UnderlyingSource<J>,
    /// Whether `type` is `"bytes"`.
    bytes: bool,
}

impl<J: JsHost> SourceDictionary<J> {
    /// Converts an object or undefined. Runs user code.
    fn convert(cx: &mut J::Scope<'_>, source: J::Value) -> Completion<J, Self> {
        let this = source.clone();
        let source = webidl::dictionary::<J>(cx, source, "the underlying source")?;
        let size = webidl::member::<J>(cx, &source, "autoAllocateChunkSize")?;
        let auto_allocate_chunk_size = match size {
            Some(size) => Some(webidl::enforce_range_u64::<J>(
                cx,
                &size,
                "autoAllocateChunkSize",
            )?),
            None => None,
        };
        let cancel = callback_member::<J>(cx, &source, "cancel")?;
        let pull = callback_member::<J>(cx, &source, "pull")?;
        let start = callback_member::<J>(cx, &source, "start")?;
        let bytes = enumeration::<J>(cx, &source, "type", "bytes")?;
        Ok(Self {
            auto_allocate_chunk_size,
            algorithms: UnderlyingSource {
                start: Start::member(start, &this),
                pull: Algorithm::member(pull, &this),
                cancel: Algorithm::member(cancel, &this),
            },
            bytes,
        })
    }
}

/// Whether a member of a dictionary, whose type is an enumeration of one value, is there.
fn enumeration<J: JsHost>(
    cx: &mut J::Scope<'_>,
    dictionary: &Option<J::Value>,
    name: &str,
    only: &str,
) -> Completion<J, bool> {
    let Some(value) = webidl::member::<J>(cx, dictionary, name)? else {
        return Ok(false);
    };
    if webidl::usv_string::<J>(cx, &value)? == only {
        return Ok(true);
    }
    Err(type_error::<J>(cx, &format!("{name} can only be {only:?}")))
}

fn this<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J, Stream<J>> {
    Object::this(cx, web, args, &Web::READABLE_STREAM)
}

/// [`locked`](https://streams.spec.whatwg.org/#rs-locked)
fn locked<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    Ok(J::boolean(is_locked(&this(cx, web, args)?)))
}

/// [`cancel(reason)`](https://streams.spec.whatwg.org/#rs-cancel)
fn cancel_method<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    web.promising(cx, |cx| {
        let stream = this(cx, web, args)?;
        if is_locked(&stream) {
            return Err(type_error::<J>(
                cx,
                "a stream locked to a reader is the reader's to cancel",
            ));
        }
        let reason = J::arg(cx, args, 0);
        super::cancel(cx, web, &stream, reason)
    })
}

/// [`getReader(options)`](https://streams.spec.whatwg.org/#rs-get-reader)
fn get_reader<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let stream = this(cx, web, args)?;
    let options = J::arg(cx, args, 0);
    let options = webidl::dictionary::<J>(cx, options, "the options of getReader")?;
    if enumeration::<J>(cx, &options, "mode", "byob")? {
        return Ok(byob_reader::acquire(cx, web, &stream)?.value());
    }
    Ok(default_reader::acquire(cx, web, &stream)?.value())
}

/// [`tee()`](https://streams.spec.whatwg.org/#rs-tee)
fn tee_method<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let stream = this(cx, web, args)?;
    let (one, two) = tee::tee(cx, web, &stream)?;
    J::create_array(cx, &[one.value(), two.value()])
}
