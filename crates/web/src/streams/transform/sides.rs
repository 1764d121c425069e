//! What the two sides of a transform stream do:
//! [default sinks](https://streams.spec.whatwg.org/#transform-stream-default-sinks) and
//! [default sources](https://streams.spec.whatwg.org/#transform-stream-default-sources).

use std::rc::Rc;

use sinew_bridge::{Completion, JsHost, Throw};

use super::{Stream, default_controller};
use crate::Web;
use crate::streams::{Object, readable, writable};

/// [TransformStreamDefaultSinkWriteAlgorithm](https://streams.spec.whatwg.org/#transform-stream-default-sink-write-algorithm)
pub(super) fn sink_write<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    [stream]: [J::Value; 1],
    chunk: J::Value,
) -> Completion<J> {
    let stream = this(cx, stream)?;
    let controller = super::controller(cx, &stream)?;
    if !stream.backpressure.get() {
        return default_controller::perform_transform(cx, web, &controller, chunk);
    }
    web.transform(
        cx,
        &stream.backpressure_change(),
        [stream.value(), chunk],
        |cx, web, [stream, chunk], _| {
            let stream = this(cx, stream)?;
            let writable = stream.writable(cx)?;
            if writable.state() == writable::State::Erroring {
                return Err(Throw::Value(writable.stored_error()));
            }
            let controller = super::controller(cx, &stream)?;
            default_controller::perform_transform(cx, web, &controller, chunk)
        },
        crate::streams::rethrow,
    )
}

/// [TransformStreamDefaultSinkAbortAlgorithm](https://streams.spec.whatwg.org/#transform-stream-default-sink-abort-algorithm)
pub(super) fn sink_abort<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    [stream]: [J::Value; 1],
    reason: J::Value,
) -> Completion<J> {
    let stream = this(cx, stream)?;
    let controller = super::controller(cx, &stream)?;
    if let Some(finish) = controller.finish() {
        return Ok(finish.promise());
    }
    let finish = controller.start_finish(cx)?;
    let cancelled = default_controller::perform_cancel(cx, web, &controller, &reason)?;
    web.react(
        cx,
        &cancelled,
        [stream.value(), reason],
        |cx, web, [stream, reason], _| {
            finish_readable(cx, web, stream, |cx, controller| {
                readable::default_controller::error(cx, web, controller, &reason)
            })
        },
        |cx, web, [stream, _], reason| fail_readable(cx, web, stream, &reason),
    )?;
    Ok(finish)
}

/// [TransformStreamDefaultSinkCloseAlgorithm](https://streams.spec.whatwg.org/#transform-stream-default-sink-close-algorithm)
pub(super) fn sink_close<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    [stream]: [J::Value; 1],
    _: J::Value,
) -> Completion<J> {
    let stream = this(cx, stream)?;
    let controller = super::controller(cx, &stream)?;
    if let Some(finish) = controller.finish() {
        return Ok(finish.promise());
    }
    let finish = controller.start_finish(cx)?;
    let flushed = default_controller::perform_flush(cx, web, &controller)?;
    web.react(
        cx,
        &flushed,
        [stream.value()],
        |cx, web, [stream], _| {
            finish_readable(cx, web, stream, |cx, controller| {
                readable::default_controller::close(cx, web, controller)
            })
        },
        |cx, web, [stream], reason| fail_readable(cx, web, stream, &reason),
    )?;
    Ok(finish)
}

/// [TransformStreamDefaultSourcePullAlgorithm](https://streams.spec.whatwg.org/#transform-stream-default-source-pull-algorithm)
pub(super) fn source_pull<J: JsHost>(
    cx: &mut J::Scope<'_>,
    _: &Rc<Web<J>>,
    [stream]: [J::Value; 1],
    _: J::Value,
) -> Completion<J> {
    let stream = this::<J>(cx, stream)?;
    stream.set_backpressure(cx, false)?;
    Ok(stream.backpressure_change())
}

/// [TransformStreamDefaultSourceCancelAlgorithm](https://streams.spec.whatwg.org/#transform-stream-default-source-cancel)
pub(super) fn source_cancel<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    [stream]: [J::Value; 1],
    reason: J::Value,
) -> Completion<J> {
    let stream = this(cx, stream)?;
    let controller = super::controller(cx, &stream)?;
    if let Some(finish) = controller.finish() {
        return Ok(finish.promise());
    }
    let finish = controller.start_finish(cx)?;
    let cancelled = default_controller::perform_cancel(cx, web, &controller, &reason)?;
    web.react(
        cx,
        &cancelled,
        [stream.value(), reason],
        |cx, web, [stream, reason], _| {
            let stream = this(cx, stream)?;
            let writable = stream.writable(cx)?;
            let error = match writable.state() {
                writable::State::Errored => Some(writable.stored_error()),
                _ => {
                    error_writable(cx, web, &stream, reason)?;
                    None
                }
            };
            settle(cx, &stream, error)
        },
        |cx, web, [stream, _], reason| {
            let stream = this(cx, stream)?;
            error_writable(cx, web, &stream, reason.clone())?;
            settle(cx, &stream, Some(reason))
        },
    )?;
    Ok(finish)
}

/// Ends the readable side by `end`, unless it is errored, and settles `[[finishPromise]]`.
fn finish_readable<J: JsHost>(
    cx: &mut J::Scope<'_>,
    _: &Rc<Web<J>>,
    stream: J::Value,
    end: impl FnOnce(
        &mut J::Scope<'_>,
        &readable::default_controller::ControllerObject<J>,
    ) -> Completion<J, ()>,
) -> Completion<J> {
    let stream = this(cx, stream)?;
    let readable = stream.readable(cx)?;
    let error = match readable.state() {
        readable::State::Errored => Some(readable.stored_error()),
        _ => {
            let controller = super::readable_controller(cx, &stream)?;
            end(cx, &controller)?;
            None
        }
    };
    settle(cx, &stream, error)
}

/// Errors the readable side and rejects `[[finishPromise]]`.
fn fail_readable<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    stream: J::Value,
    reason: &J::Value,
) -> Completion<J> {
    let stream = this(cx, stream)?;
    let controller = super::readable_controller(cx, &stream)?;
    readable::default_controller::error(cx, web, &controller, reason)?;
    settle(cx, &stream, Some(reason.clone()))
}

/// Errors the writable side, unless that is over, and lets a write go on that waits.
fn error_writable<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    stream: &Stream<J>,
    reason: J::Value,
) -> Completion<J, ()> {
    let controller = super::writable_controller(cx, stream)?;
    writable::default_controller::error_if_needed(cx, web, &controller, reason)?;
    stream.unblock_write(cx)
}

/// Rejects `[[finishPromise]]` with `error`, or resolves it.
fn settle<J: JsHost>(
    cx: &mut J::Scope<'_>,
    stream: &Stream<J>,
    error: Option<J::Value>,
) -> Completion<J> {
    if let Some(finish) = super::controller(cx, stream)?.finish() {
        match error {
            Some(error) => finish.reject(cx, &error)?,
            None => finish.resolve(cx, &J::undefined())?,
        }
    }
    Ok(J::undefined())
}

fn this<J: JsHost>(cx: &mut J::Scope<'_>, stream: J::Value) -> Completion<J, Stream<J>> {
    Object::at(cx, &sinew_bridge::Edge::new(stream))
}
