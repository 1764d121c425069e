//! [Read requests](https://streams.spec.whatwg.org/#read-request) and
//! [read-into requests](https://streams.spec.whatwg.org/#read-into-request).

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use sinew_bridge::{Completion, Edge, JsHost, trace};

use super::Stream;
use super::byob_reader::ByobReader;
use super::default_reader::DefaultReader;
use crate::Web;
use crate::closure::{Deferred, Step};
use crate::streams::{Object, iter_result};

/// What is to happen when a chunk is there, or none will be.
pub(crate) enum ReadRequest<J: JsHost> {
    /// Settles a promise of a `ReadableStreamReadResult`.
    Promise(Deferred<J>),
    /// Steps that close over one value.
    Native {
        state: Edge<J>,
        steps: &'static ReadSteps<J>,
    },
}

trace!(enum ReadRequest { Promise(promise), Native { state } });

/// The steps of a read request. What they throw ends the operation that they are part of.
pub(crate) struct ReadSteps<J: JsHost> {
    /// With the chunk.
    pub chunk: Step<J, 1>,
    /// With undefined; of a read-into request, with the view or undefined.
    pub close: Step<J, 1>,
    /// With the reason.
    pub error: Step<J, 1>,
}

impl<J: JsHost> ReadRequest<J> {
    pub(crate) fn native(state: J::Value, steps: &'static ReadSteps<J>) -> Self {
        let state = Edge::new(state);
        Self::Native { state, steps }
    }

    /// Performs the chunk steps.
    pub(crate) fn chunk(
        self,
        cx: &mut J::Scope<'_>,
        web: &Rc<Web<J>>,
        chunk: J::Value,
    ) -> Completion<J, ()> {
        match self {
            Self::Promise(promise) => {
                let result = iter_result::<J>(cx, chunk, false)?;
                promise.resolve(cx, &result)
            }
            Self::Native { state, steps } => (steps.chunk)(cx, web, [state.get()], chunk).map(drop),
        }
    }

    /// Performs the close steps; `chunk` is undefined but for a read-into request.
    pub(crate) fn close(
        self,
        cx: &mut J::Scope<'_>,
        web: &Rc<Web<J>>,
        chunk: J::Value,
    ) -> Completion<J, ()> {
        match self {
            Self::Promise(promise) => {
                let result = iter_result::<J>(cx, chunk, true)?;
                promise.resolve(cx, &result)
            }
            Self::Native { state, steps } => (steps.close)(cx, web, [state.get()], chunk).map(drop),
        }
    }

    /// Performs the error steps.
    pub(crate) fn error(
        self,
        cx: &mut J::Scope<'_>,
        web: &Rc<Web<J>>,
        reason: J::Value,
    ) -> Completion<J, ()> {
        match self {
            Self::Promise(promise) => promise.reject(cx, &reason),
            Self::Native { state, steps } => {
                (steps.error)(cx, web, [state.get()], reason).map(drop)
            }
        }
    }
}

/// The requests of a reader that wait.
pub(crate) struct Requests<J: JsHost> {
    waiting: RefCell<VecDeque<ReadRequest<J>>>,
}

trace!(struct Requests { waiting });

impl<J: JsHost> Default for Requests<J> {
    fn default() -> Self {
        Self {
            waiting: RefCell::default(),
        }
    }
}

impl<J: JsHost> Requests<J> {
    pub(crate) fn len(&self) -> usize {
        self.waiting.borrow().len()
    }

    pub(crate) fn add(&self, request: ReadRequest<J>) {
        self.waiting.borrow_mut().push_back(request);
    }

    pub(crate) fn next(&self) -> Option<ReadRequest<J>> {
        self.waiting.borrow_mut().pop_front()
    }

    /// All of them, which wait no longer.
    pub(crate) fn take(&self) -> VecDeque<ReadRequest<J>> {
        self.waiting.take()
    }
}

/// [ReadableStreamAddReadRequest](https://streams.spec.whatwg.org/#readable-stream-add-read-request)
pub(super) fn add_read_request<J: JsHost>(
    cx: &mut J::Scope<'_>,
    stream: &Stream<J>,
    request: ReadRequest<J>,
) -> Completion<J, ()> {
    let reader: Object<J, DefaultReader<J>> = Object::at(cx, &stream.reader)?;
    reader.requests.add(request);
    Ok(())
}

/// [ReadableStreamFulfillReadRequest](https://streams.spec.whatwg.org/#readable-stream-fulfill-read-request)
pub(super) fn fulfill_read_request<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    stream: &Stream<J>,
    chunk: J::Value,
    done: bool,
) -> Completion<J, ()> {
    let request = super::default_reader(cx, stream).and_then(|reader| reader.requests.next());
    match request {
        Some(request) if done => request.close(cx, web, J::undefined()),
        Some(request) => request.chunk(cx, web, chunk),
        None => Ok(()),
    }
}

/// [ReadableStreamGetNumReadRequests](https://streams.spec.whatwg.org/#readable-stream-get-num-read-requests);
/// none without a default reader.
pub(super) fn get_num_read_requests<J: JsHost>(cx: &mut J::Scope<'_>, stream: &Stream<J>) -> usize {
    super::default_reader(cx, stream).map_or(0, |reader| reader.requests.len())
}

/// [ReadableStreamAddReadIntoRequest](https://streams.spec.whatwg.org/#readable-stream-add-read-into-request)
pub(super) fn add_read_into_request<J: JsHost>(
    cx: &mut J::Scope<'_>,
    stream: &Stream<J>,
    request: ReadRequest<J>,
) -> Completion<J, ()> {
    let reader: Object<J, ByobReader<J>> = Object::at(cx, &stream.reader)?;
    reader.requests.add(request);
    Ok(())
}

/// [ReadableStreamFulfillReadIntoRequest](https://streams.spec.whatwg.org/#readable-stream-fulfill-read-into-request)
pub(super) fn fulfill_read_into_request<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    stream: &Stream<J>,
    chunk: J::Value,
    done: bool,
) -> Completion<J, ()> {
    let request = super::byob_reader(cx, stream).and_then(|reader| reader.requests.next());
    match request {
        Some(request) if done => request.close(cx, web, chunk),
        Some(request) => request.chunk(cx, web, chunk),
        None => Ok(()),
    }
}

/// [ReadableStreamGetNumReadIntoRequests](https://streams.spec.whatwg.org/#readable-stream-get-num-read-into-requests);
/// none without a BYOB reader.
pub(super) fn get_num_read_into_requests<J: JsHost>(
    cx: &mut J::Scope<'_>,
    stream: &Stream<J>,
) -> usize {
    super::byob_reader(cx, stream).map_or(0, |reader| reader.requests.len())
}
