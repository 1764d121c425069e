//! [ReadableStreamPipeTo](https://streams.spec.whatwg.org/#readable-stream-pipe-to). The methods that
//! call it are in `pipe/methods.rs`, how a pipe ends is in `pipe/shutdown.rs`.

use std::cell::Cell;
use std::rc::Rc;

use sinew_bridge::class::type_error;
use sinew_bridge::{Completion, Edge, JsHost, Throw, trace};

use super::readable::default_reader::{self, Reader};
use super::readable::request::{ReadRequest, ReadSteps};
use super::writable::default_writer::{self, Writer};
use super::{Object, hidden, ignore, readable, writable};
use crate::Web;
use crate::closure::Deferred;

pub(crate) mod methods;
mod shutdown;

use shutdown::{Action, shutdown};

/// What a pipe is to do at its end, as
/// [`StreamPipeOptions`](https://streams.spec.whatwg.org/#dictdef-streampipeoptions).
pub(crate) struct PipeOptions<J: JsHost> {
    pub prevent_close: bool,
    pub prevent_abort: bool,
    pub prevent_cancel: bool,
    /// An AbortSignal.
    pub signal: Option<J::Value>,
}

impl<J: JsHost> Default for PipeOptions<J> {
    fn default() -> Self {
        Self {
            prevent_close: false,
            prevent_abort: false,
            prevent_cancel: false,
            signal: None,
        }
    }
}

/// A pipe under way.
struct PipeState<J: JsHost> {
    source: Edge<J>,
    dest: Edge<J>,
    reader: Edge<J>,
    writer: Edge<J>,
    prevent_close: bool,
    prevent_abort: bool,
    prevent_cancel: bool,
    signal: Edge<J>,
    /// What `signal` calls.
    abort_algorithm: Edge<J>,
    shutting_down: Cell<bool>,
    /// The chunks that were read and not written.
    unwritten: Cell<usize>,
    /// The promise of the last write.
    current_write: Edge<J>,
    /// What is to be done before the end.
    action: Cell<Action>,
    /// What the pipe ends with, when `failed`.
    error: Edge<J>,
    failed: Cell<bool>,
    result: Deferred<J>,
}

trace!(struct PipeState {
    source,
    dest,
    reader,
    writer,
    signal,
    abort_algorithm,
    current_write,
    error,
    result,
});

type Pipe<J> = Object<J, PipeState<J>>;

impl<J: JsHost> PipeState<J> {
    fn source(&self, cx: &mut J::Scope<'_>) -> Completion<J, readable::Stream<J>> {
        Object::at(cx, &self.source)
    }

    fn dest(&self, cx: &mut J::Scope<'_>) -> Completion<J, writable::Stream<J>> {
        Object::at(cx, &self.dest)
    }

    fn reader(&self, cx: &mut J::Scope<'_>) -> Completion<J, Reader<J>> {
        Object::at(cx, &self.reader)
    }

    fn writer(&self, cx: &mut J::Scope<'_>) -> Completion<J, Writer<J>> {
        Object::at(cx, &self.writer)
    }
}

/// [ReadableStreamPipeTo](https://streams.spec.whatwg.org/#readable-stream-pipe-to); neither stream is
/// locked.
pub(crate) fn pipe_to<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    source: &readable::Stream<J>,
    dest: &writable::Stream<J>,
    options: PipeOptions<J>,
) -> Completion<J> {
    let reader = default_reader::acquire(cx, web, source)?;
    let writer = default_writer::acquire(cx, web, dest)?;
    source.disturb();
    let written = web.resolved(cx, &J::undefined())?;
    let (result, promise) = Deferred::new(cx)?;
    let state = PipeState {
        source: Edge::new(source.value()),
        dest: Edge::new(dest.value()),
        reader: Edge::new(reader.value()),
        writer: Edge::new(writer.value()),
        prevent_close: options.prevent_close,
        prevent_abort: options.prevent_abort,
        prevent_cancel: options.prevent_cancel,
        signal: Edge::default(),
        abort_algorithm: Edge::default(),
        shutting_down: Cell::new(false),
        unwritten: Cell::new(0),
        current_write: Edge::new(written),
        action: Cell::new(Action::None),
        error: Edge::default(),
        failed: Cell::new(false),
        result,
    };
    let pipe = hidden(cx, state)?;
    if let Some(signal) = options.signal {
        if web.is_aborted(cx, &signal) {
            let reason = web.abort_reason(cx, &signal);
            shutdown(cx, web, &pipe, Action::Signal, Some(reason))?;
            return Ok(promise);
        }
        follow(cx, web, &pipe, signal)?;
    }
    watch(cx, web, &pipe)?;
    // The first read waits for a job, as each that waits for the writer to be ready.
    step_when_ready(cx, web, &pipe)?;
    Ok(promise)
}

/// Has the pipe end when `signal` is aborted.
fn follow<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    pipe: &Pipe<J>,
    signal: J::Value,
) -> Completion<J, ()> {
    let algorithm = web.closure(cx, "", 1, [pipe.value()], |cx, web, [pipe], args| {
        let reason = J::arg(cx, args, 0);
        if let Some(pipe) = Object::of(cx, pipe) {
            shutdown(cx, web, &pipe, Action::Signal, Some(reason))?;
        }
        Ok(J::undefined())
    })?;
    pipe.abort_algorithm.set(algorithm.clone());
    pipe.signal.set(signal.clone());
    web.add_abort_algorithm(cx, &signal, algorithm);
    Ok(())
}

/// Has errors and closing propagated, in the order of the standard for what happened already.
fn watch<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, pipe: &Pipe<J>) -> Completion<J, ()> {
    let (source, dest) = (pipe.source(cx)?, pipe.dest(cx)?);
    // Errors must be propagated forward.
    if source.state() == readable::State::Errored {
        source_errored(cx, web, [pipe.value()], source.stored_error())?;
    }
    // Errors must be propagated backward.
    if dest.state() == writable::State::Errored {
        dest_errored(cx, web, [pipe.value()], dest.stored_error())?;
    }
    // Closing must be propagated forward.
    if source.state() == readable::State::Closed {
        source_closed(cx, web, [pipe.value()], J::undefined())?;
    }
    // Closing must be propagated backward.
    if dest.close_queued_or_in_flight() || dest.state() == writable::State::Closed {
        dest_closed(cx, web, pipe)?;
    }
    if pipe.shutting_down.get() {
        return Ok(());
    }
    let closed = pipe.reader(cx)?.generic.closed();
    web.react(cx, &closed, [pipe.value()], source_closed, source_errored)?;
    let closed = pipe.writer(cx)?.closed();
    web.react(cx, &closed, [pipe.value()], ignore, dest_errored)
}

fn source_errored<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    [pipe]: [J::Value; 1],
    error: J::Value,
) -> Completion<J> {
    if let Some(pipe) = Object::of(cx, pipe) {
        let pipe: Pipe<J> = pipe;
        let action = match pipe.prevent_abort {
            true => Action::None,
            false => Action::AbortDest,
        };
        shutdown(cx, web, &pipe, action, Some(error))?;
    }
    Ok(J::undefined())
}

fn dest_errored<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    [pipe]: [J::Value; 1],
    error: J::Value,
) -> Completion<J> {
    if let Some(pipe) = Object::of(cx, pipe) {
        cancel_source(cx, web, &pipe, error)?;
    }
    Ok(J::undefined())
}

fn source_closed<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    [pipe]: [J::Value; 1],
    _: J::Value,
) -> Completion<J> {
    if let Some(pipe) = Object::of(cx, pipe) {
        let pipe: Pipe<J> = pipe;
        let action = match pipe.prevent_close {
            true => Action::None,
            false => Action::CloseDest,
        };
        shutdown(cx, web, &pipe, action, None)?;
    }
    Ok(J::undefined())
}

fn dest_closed<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    pipe: &Pipe<J>,
) -> Completion<J, ()> {
    match type_error::<J>(cx, "the destination is closed") {
        Throw::Value(error) => cancel_source(cx, web, pipe, error),
        Throw::Terminated => Err(Throw::Terminated),
    }
}

fn cancel_source<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    pipe: &Pipe<J>,
    error: J::Value,
) -> Completion<J, ()> {
    let action = match pipe.prevent_cancel {
        true => Action::None,
        false => Action::CancelSource,
    };
    shutdown(cx, web, pipe, action, Some(error))
}

/// Reads the next chunk, now or when the writer is ready for it.
fn step<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, pipe: &Pipe<J>) -> Completion<J, ()> {
    if pipe.shutting_down.get() {
        return Ok(());
    }
    let writer = pipe.writer(cx)?;
    match default_writer::get_desired_size(cx, &writer)? {
        Some(size) if size > 0.0 => read(cx, web, pipe),
        Some(_) => step_when_ready(cx, web, pipe),
        // What is wrong with the destination ends the pipe.
        None => Ok(()),
    }
}

fn step_when_ready<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    pipe: &Pipe<J>,
) -> Completion<J, ()> {
    if pipe.shutting_down.get() {
        return Ok(());
    }
    let ready = pipe.writer(cx)?.ready();
    web.react(
        cx,
        &ready,
        [pipe.value()],
        |cx, web, [pipe], _| {
            if let Some(pipe) = Object::of(cx, pipe) {
                step(cx, web, &pipe)?;
            }
            Ok(J::undefined())
        },
        ignore,
    )
}

fn read<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, pipe: &Pipe<J>) -> Completion<J, ()> {
    let steps = &ReadSteps {
        chunk: got_chunk,
        // The reader's closed promise tells of the end.
        close: ignore,
        error: ignore,
    };
    let reader = pipe.reader(cx)?;
    default_reader::read(cx, web, &reader, ReadRequest::native(pipe.value(), steps))
}

/// A chunk is written in a job of its own: whoever enqueues it must not see the sink called.
fn got_chunk<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    [pipe]: [J::Value; 1],
    chunk: J::Value,
) -> Completion<J> {
    let Some(state) = Pipe::<J>::of(cx, pipe.clone()) else {
        return Ok(J::undefined());
    };
    state.unwritten.set(state.unwritten.get() + 1);
    let job = web.closure(cx, "", 0, [pipe, chunk], |cx, web, [pipe, chunk], _| {
        if let Some(pipe) = Object::of(cx, pipe) {
            write(cx, web, &pipe, chunk)?;
        }
        Ok(J::undefined())
    })?;
    J::enqueue_job(cx, &job)?;
    Ok(J::undefined())
}

fn write<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    pipe: &Pipe<J>,
    chunk: J::Value,
) -> Completion<J, ()> {
    pipe.unwritten.set(pipe.unwritten.get() - 1);
    let writer = pipe.writer(cx)?;
    let written = web.promising(cx, |cx| default_writer::write(cx, web, &writer, chunk))?;
    web.mark_as_handled(cx, &written)?;
    pipe.current_write.set(written);
    step(cx, web, pipe)
}
