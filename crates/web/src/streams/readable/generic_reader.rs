//! [`ReadableStreamGenericReader`](https://streams.spec.whatwg.org/#generic-reader-mixin): what both
//! kinds of readers have.

use std::cell::RefCell;
use std::rc::Rc;

use sinew_bridge::class::type_error;
use sinew_bridge::{Completion, Edge, JsHost, Throw, trace};

use super::{Controller, State, Stream};
use crate::Web;
use crate::closure::Deferred;
use crate::streams::Object;

/// `[[stream]]` and `[[closedPromise]]`.
pub(crate) struct GenericReader<J: JsHost> {
    stream: Edge<J>,
    closed: RefCell<Option<Deferred<J>>>,
}

trace!(struct GenericReader { stream, closed });

impl<J: JsHost> Default for GenericReader<J> {
    fn default() -> Self {
        Self {
            stream: Edge::default(),
            closed: RefCell::default(),
        }
    }
}

impl<J: JsHost> GenericReader<J> {
    /// `[[stream]]`, unless the lock was released.
    pub(crate) fn stream(&self, cx: &mut J::Scope<'_>) -> Option<Stream<J>> {
        Object::of(cx, self.stream.get())
    }

    /// `[[stream]]`, or a TypeError.
    pub(crate) fn locked_stream(&self, cx: &mut J::Scope<'_>) -> Completion<J, Stream<J>> {
        let stream = self.stream(cx);
        stream.ok_or_else(|| type_error::<J>(cx, "the reader has released its stream"))
    }

    /// [`closed`](https://streams.spec.whatwg.org/#generic-reader-closed)
    pub(crate) fn closed(&self) -> J::Value {
        let closed = self.closed.borrow();
        closed.as_ref().map_or_else(J::undefined, Deferred::promise)
    }

    /// Whoever settles `[[closedPromise]]`.
    fn closed_promise(&self) -> Option<Deferred<J>> {
        self.closed.borrow().as_ref().map(Deferred::duplicate)
    }

    /// Resolves `[[closedPromise]]` with undefined.
    pub(crate) fn resolve_closed(&self, cx: &mut J::Scope<'_>) -> Completion<J, ()> {
        match self.closed_promise() {
            Some(closed) => closed.resolve(cx, &J::undefined()),
            None => Ok(()),
        }
    }

    /// Rejects `[[closedPromise]]` and marks it as handled.
    pub(crate) fn reject_closed(
        &self,
        cx: &mut J::Scope<'_>,
        web: &Rc<Web<J>>,
        reason: &J::Value,
    ) -> Completion<J, ()> {
        let Some(closed) = self.closed_promise() else {
            return Ok(());
        };
        // Handled first: the host must not see a rejection that nobody handles.
        web.mark_as_handled(cx, &closed.promise())?;
        closed.reject(cx, reason)
    }

    fn renew_closed(&self, cx: &mut J::Scope<'_>) -> Completion<J, ()> {
        let (closed, _) = Deferred::new(cx)?;
        let old = self.closed.replace(Some(closed));
        drop(old);
        Ok(())
    }
}

/// [ReadableStreamReaderGenericInitialize](https://streams.spec.whatwg.org/#readable-stream-reader-generic-initialize)
/// of the reader with this value.
pub(crate) fn initialize<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    reader: &GenericReader<J>,
    value: J::Value,
    stream: &Stream<J>,
) -> Completion<J, ()> {
    reader.renew_closed(cx)?;
    reader.stream.set(stream.value());
    stream.reader.set(value);
    match stream.state.get() {
        State::Readable => Ok(()),
        State::Closed => reader.resolve_closed(cx),
        State::Errored => reader.reject_closed(cx, web, &stream.stored_error.get()),
    }
}

/// [ReadableStreamReaderGenericCancel](https://streams.spec.whatwg.org/#readable-stream-reader-generic-cancel)
pub(crate) fn cancel<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    reader: &GenericReader<J>,
    reason: J::Value,
) -> Completion<J> {
    let stream = reader.locked_stream(cx)?;
    super::cancel(cx, web, &stream, reason)
}

/// [ReadableStreamReaderGenericRelease](https://streams.spec.whatwg.org/#readable-stream-reader-generic-release)
pub(crate) fn release<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    reader: &GenericReader<J>,
) -> Completion<J, ()> {
    let Some(stream) = reader.stream(cx) else {
        return Ok(());
    };
    if stream.state.get() != State::Readable {
        reader.renew_closed(cx)?;
    }
    let reason = released::<J>(cx);
    reader.reject_closed(cx, web, &reason)?;
    Controller::of(cx, &stream)?.release_steps();
    stream.reader.take();
    reader.stream.take();
    Ok(())
}

/// The reason for what a release breaks off.
pub(crate) fn released<J: JsHost>(cx: &mut J::Scope<'_>) -> J::Value {
    match type_error::<J>(cx, "the reader has released its stream") {
        Throw::Value(error) => error,
        Throw::Terminated => J::undefined(),
    }
}
