//! The methods of `ReadableStream` that pipe.

use std::rc::Rc;

use sinew_bridge::class::type_error;
use sinew_bridge::{Completion, JsHost};

use super::{PipeOptions, pipe_to};
use crate::streams::{Object, readable, writable};
use crate::{Web, webidl};

/// [`pipeTo(destination, options)`](https://streams.spec.whatwg.org/#rs-pipe-to)
pub(crate) fn pipe_to_method<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    web.promising(cx, |cx| {
        let source = Object::this(cx, web, args, &Web::READABLE_STREAM)?;
        webidl::required::<J>(cx, args, 1, "pipeTo")?;
        let destination = J::arg(cx, args, 0);
        let dest = writable_stream(cx, destination, "the destination")?;
        let options = J::arg(cx, args, 1);
        let options = convert_options(cx, web, options)?;
        refuse_locked(cx, &source, &dest)?;
        pipe_to(cx, web, &source, &dest, options)
    })
}

/// [`pipeThrough(transform, options)`](https://streams.spec.whatwg.org/#rs-pipe-through)
pub(crate) fn pipe_through<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let source = Object::this(cx, web, args, &Web::READABLE_STREAM)?;
    webidl::required::<J>(cx, args, 1, "pipeThrough")?;
    let transform = J::arg(cx, args, 0);
    let (readable, dest) = convert_pair(cx, transform)?;
    let options = J::arg(cx, args, 1);
    let options = convert_options(cx, web, options)?;
    refuse_locked(cx, &source, &dest)?;
    let promise = pipe_to(cx, web, &source, &dest, options)?;
    web.mark_as_handled(cx, &promise)?;
    Ok(readable)
}

/// Converts a [`ReadableWritablePair`](https://streams.spec.whatwg.org/#dictdef-readablewritablepair).
/// Runs user code.
fn convert_pair<J: JsHost>(
    cx: &mut J::Scope<'_>,
    pair: J::Value,
) -> Completion<J, (J::Value, writable::Stream<J>)> {
    let pair = webidl::dictionary::<J>(cx, pair, "the transform")?;
    let readable = webidl::member::<J>(cx, &pair, "readable")?.unwrap_or_else(J::undefined);
    if readable::Stream::<J>::of(cx, readable.clone()).is_none() {
        let message = "the readable of the transform is not a ReadableStream";
        return Err(type_error::<J>(cx, message));
    }
    let writable = webidl::member::<J>(cx, &pair, "writable")?.unwrap_or_else(J::undefined);
    let writable = writable_stream(cx, writable, "the writable of the transform")?;
    Ok((readable, writable))
}

/// Converts a [`StreamPipeOptions`](https://streams.spec.whatwg.org/#dictdef-streampipeoptions). Runs
/// user code.
fn convert_options<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    options: J::Value,
) -> Completion<J, PipeOptions<J>> {
    let options = webidl::dictionary::<J>(cx, options, "the options of the pipe")?;
    let prevent_abort = webidl::boolean_member::<J>(cx, &options, "preventAbort")?;
    let prevent_cancel = webidl::boolean_member::<J>(cx, &options, "preventCancel")?;
    let prevent_close = webidl::boolean_member::<J>(cx, &options, "preventClose")?;
    let signal = webidl::member::<J>(cx, &options, "signal")?;
    if let Some(signal) = &signal {
        web.expect_signal(cx, signal, "the signal of the pipe")?;
    }
    Ok(PipeOptions {
        prevent_close,
        prevent_abort,
        prevent_cancel,
        signal,
    })
}

fn writable_stream<J: JsHost>(
    cx: &mut J::Scope<'_>,
    value: J::Value,
    what: &str,
) -> Completion<J, writable::Stream<J>> {
    let stream = Object::of(cx, value);
    stream.ok_or_else(|| type_error::<J>(cx, &format!("{what} is not a WritableStream")))
}

fn refuse_locked<J: JsHost>(
    cx: &mut J::Scope<'_>,
    source: &readable::Stream<J>,
    dest: &writable::Stream<J>,
) -> Completion<J, ()> {
    if readable::is_locked(source) {
        return Err(type_error::<J>(cx, "the stream is locked to a reader"));
    }
    if dest.is_locked() {
        let message = "the destination is locked to a writer";
        return Err(type_error::<J>(cx, message));
    }
    Ok(())
}
