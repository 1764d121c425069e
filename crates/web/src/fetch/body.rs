//! [Bodies](https://fetch.spec.whatwg.org/#concept-body).

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use sinew_bridge::class::type_error;
use sinew_bridge::{Completion, Edge, JsHost, trace};

use crate::Web;
use crate::blob::Bytes;
use crate::closure::Deferred;
use crate::fetch::incoming::stream_of_incoming;
use crate::fetch::network::Incoming;
use crate::streams::Object;
use crate::streams::readable::{self, Stream, collect, default_reader, tee};

/// The body of a request or response, or that there is none.
pub(crate) struct Body<J: JsHost> {
    pub(crate) content: RefCell<Content<J>>,
    /// Whether it was read, whatever a stream says.
    used: Cell<bool>,
    /// The AbortSignal of the fetch that it comes of, or undefined.
    pub(crate) signal: Edge<J>,
}

trace!(struct Body { content, signal });

/// What a body is.
pub(crate) enum Content<J: JsHost> {
    None,
    /// Bytes that are there.
    Bytes(Bytes),
    /// Bytes that come from the embedder's network.
    Incoming(Rc<Incoming>),
    /// A ReadableStream object, which somebody has seen or supplied.
    Stream(Edge<J>),
}

trace!(
    enum Content {
        Stream(stream),
    }
);

/// The bytes of a body that is being read.
pub(crate) enum Reading<J: JsHost> {
    Now(Bytes),
    /// A promise of an object that [`read_bytes`] understands.
    Later(J::Value),
}

/// An object that nobody sees, as the value of a promise.
struct ReadBytes<J: JsHost> {
    bytes: Bytes,
    _engine: std::marker::PhantomData<J>,
}

trace!(
    struct ReadBytes {}
);

/// The bytes that the promise of a [`Reading`] was fulfilled with.
pub(crate) fn read_bytes<J: JsHost>(cx: &mut J::Scope<'_>, value: &J::Value) -> Bytes {
    let read = J::state::<ReadBytes<J>>(cx, value);
    read.map_or_else(Bytes::default, |read| read.bytes.clone())
}

/// Fulfills the promise of a [`Reading`].
pub(crate) fn fulfill_reading<J: JsHost>(
    cx: &mut J::Scope<'_>,
    reading: &Deferred<J>,
    bytes: Bytes,
) -> Completion<J, ()> {
    let state = ReadBytes {
        bytes,
        _engine: std::marker::PhantomData,
    };
    // Without a prototype there is no `then` to be found.
    let value = J::create_state_object(cx, &J::null(), state)?;
    reading.resolve(cx, &value)
}

impl<J: JsHost> Body<J> {
    pub(crate) fn new(content: Content<J>) -> Self {
        Self {
            content: RefCell::new(content),
            used: Cell::new(false),
            signal: Edge::default(),
        }
    }

    pub(crate) fn of_bytes(bytes: Option<Bytes>) -> Self {
        Self::new(bytes.map_or(Content::None, Content::Bytes))
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(*self.content.borrow(), Content::None)
    }

    /// [bodyUsed](https://fetch.spec.whatwg.org/#dom-body-bodyused): whether it is there and
    /// disturbed.
    pub(crate) fn is_used(&self, cx: &mut J::Scope<'_>) -> bool {
        self.used.get()
            || self
                .seen_stream(cx)
                .is_some_and(|stream| readable::is_disturbed(&stream))
    }

    /// The stream, if there is one yet.
    pub(crate) fn seen_stream(&self, cx: &mut J::Scope<'_>) -> Option<Stream<J>> {
        let stream = match &*self.content.borrow() {
            Content::Stream(stream) => stream.get(),
            _ => return None,
        };
        Object::of(cx, stream)
    }

    /// [unusable](https://fetch.spec.whatwg.org/#body-unusable): disturbed or locked.
    pub(crate) fn is_unusable(&self, cx: &mut J::Scope<'_>) -> bool {
        self.is_used(cx)
            || self
                .seen_stream(cx)
                .is_some_and(|stream| readable::is_locked(&stream))
    }

    /// A TypeError if it is unusable.
    pub(crate) fn expect_usable(&self, cx: &mut J::Scope<'_>, what: &str) -> Completion<J, ()> {
        match self.is_unusable(cx) {
            false => Ok(()),
            true => {
                let message = format!("the body of the {what} is locked or was read already");
                Err(type_error::<J>(cx, &message))
            }
        }
    }

    /// [Fully reads](https://fetch.spec.whatwg.org/#body-fully-read) a usable body.
    pub(crate) fn read(
        &self,
        cx: &mut J::Scope<'_>,
        web: &Rc<Web<J>>,
    ) -> Completion<J, Reading<J>> {
        if let Some(stream) = self.seen_stream(cx) {
            self.used.set(true);
            return read_stream(cx, web, &stream);
        }
        self.used.set(!self.is_null());
        let incoming = match &*self.content.borrow() {
            Content::Bytes(bytes) => return Ok(Reading::Now(bytes.clone())),
            Content::Incoming(incoming) => incoming.clone(),
            Content::None | Content::Stream(_) => return Ok(Reading::Now(Bytes::default())),
        };
        web.read_incoming(cx, &incoming, &self.signal.get())
    }

    /// [`body`](https://fetch.spec.whatwg.org/#dom-body-body): the stream, or null.
    pub(crate) fn stream(&self, cx: &mut J::Scope<'_>, web: &Rc<Web<J>>) -> Completion<J> {
        enum Made {
            Bytes(Bytes),
            Incoming(Rc<Incoming>),
        }
        let made = match &*self.content.borrow() {
            Content::None => return Ok(J::null()),
            Content::Stream(stream) => return Ok(stream.get()),
            Content::Bytes(_) if self.used.get() => Made::Bytes(Bytes::default()),
            Content::Incoming(_) if self.used.get() => Made::Bytes(Bytes::default()),
            Content::Bytes(bytes) => Made::Bytes(bytes.clone()),
            Content::Incoming(incoming) => Made::Incoming(incoming.clone()),
        };
        let stream = match made {
            Made::Bytes(bytes) => readable::stream_of_bytes(cx, web, &bytes)?,
            Made::Incoming(incoming) => stream_of_incoming(cx, web, incoming, self.signal.get())?,
        };
        if self.used.get() {
            // Whoever read it has a reader.
            stream.disturb();
            default_reader::acquire(cx, web, &stream)?;
        }
        let content = Content::Stream(Edge::new(stream.value()));
        drop(self.content.replace(content));
        Ok(stream.value())
    }

    /// Takes a usable body away: for the request that is made of another.
    pub(crate) fn take(&self, cx: &mut J::Scope<'_>, web: &Rc<Web<J>>) -> Completion<J, Self> {
        let taken = match self.seen_stream(cx) {
            // Who has the stream finds it locked.
            Some(stream) => {
                let (taken, other) = tee::tee(cx, web, &stream)?;
                let reason = J::undefined();
                let cancelled = readable::cancel(cx, web, &other, reason)?;
                web.mark_as_handled(cx, &cancelled)?;
                Self::new(Content::Stream(Edge::new(taken.value())))
            }
            None => self.duplicate(cx, web)?,
        };
        self.used.set(!self.is_null());
        Ok(taken)
    }

    /// [Clones](https://fetch.spec.whatwg.org/#concept-body-clone) a usable body.
    pub(crate) fn duplicate(&self, cx: &mut J::Scope<'_>, web: &Rc<Web<J>>) -> Completion<J, Self> {
        let content = match self.seen_stream(cx) {
            Some(stream) => {
                // 1. Let (out1, out2) be the result of teeing body's stream.
                let (first, second) = tee::tee(cx, web, &stream)?;
                // 2. Set body's stream to out1.
                let first = Content::Stream(Edge::new(first.value()));
                drop(self.content.replace(first));
                Content::Stream(Edge::new(second.value()))
            }
            None => match &*self.content.borrow() {
                Content::Bytes(bytes) => Content::Bytes(bytes.clone()),
                Content::Incoming(incoming) => Content::Incoming(incoming.clone()),
                Content::None | Content::Stream(_) => Content::None,
            },
        };
        let body = Self::new(content);
        body.signal.set(self.signal.get());
        Ok(body)
    }
}

/// Reads a stream to its end.
fn read_stream<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    stream: &Stream<J>,
) -> Completion<J, Reading<J>> {
    let reader = default_reader::acquire(cx, web, stream)?;
    let (reading, promise) = Deferred::new(cx)?;
    let reading = J::create_state_object(cx, &J::null(), reading)?;
    collect::read_all_bytes(
        cx,
        web,
        &reader,
        reading,
        |cx, _, reading, bytes| match J::state::<Deferred<J>>(cx, &reading) {
            Some(reading) => fulfill_reading(cx, &reading, Bytes::from(bytes)),
            None => Ok(()),
        },
        |cx, _, [reading], reason| {
            if let Some(reading) = J::state::<Deferred<J>>(cx, &reading) {
                reading.reject(cx, &reason)?;
            }
            Ok(J::undefined())
        },
    )?;
    Ok(Reading::Later(promise))
}
