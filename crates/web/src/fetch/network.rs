//! What the embedder supplies: files, a network, and its replies from other threads.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Duration;

use sinew_bridge::class::type_error;
use sinew_bridge::{Completion, Edge, JsHost, Throw, trace};

use crate::blob::Bytes;
use crate::closure::Deferred;
use crate::fetch::body::{Reading, fulfill_reading};
use crate::fetch::http::Exchange;
use crate::streams::Object;
use crate::streams::readable::{self, Source, Stream};
use crate::{Web, webidl};

/// Where [`fetch`](https://fetch.spec.whatwg.org/#dom-global-fetch) finds what is not in the URL
/// itself.
pub trait Fetcher {
    /// The bytes of the file that a `file:` URL names, or why there are none.
    fn read_file(&self, url: &str) -> Result<Vec<u8>, String>;

    /// Begins one exchange with a server, redirects not followed. `reply` is answered now or later,
    /// from any thread.
    fn fetch(&self, request: FetchRequest, reply: FetchReply);
}

/// A request that `fetch` makes of its embedder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchRequest {
    /// The method, as `GET`.
    pub method: String,
    /// The URL, without a fragment.
    pub url: String,
    /// Names and values, in order.
    pub headers: Vec<(Vec<u8>, Vec<u8>)>,
    /// The body, if there is one.
    pub body: Option<Vec<u8>>,
}

/// What precedes the body of a reply.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FetchHead {
    /// The status, from 100 to 999.
    pub status: u16,
    /// The status message, such as `OK`; may be empty.
    pub status_text: String,
    /// Names and values, in order.
    pub headers: Vec<(Vec<u8>, Vec<u8>)>,
}

/// Answers a [`FetchRequest`], once and from any thread. Dropped unanswered, the request has failed.
#[derive(Debug)]
pub struct FetchReply(Line);

/// Takes the body of a reply in parts. Dropped before [`finish`](Self::finish), the body is broken.
#[derive(Debug)]
pub struct FetchBody(Line);

/// One end of an exchange.
#[derive(Debug)]
struct Line {
    id: u64,
    sender: Sender<Message>,
    cancelled: Arc<AtomicBool>,
    /// What is said when nothing was.
    at_drop: Option<&'static str>,
}

/// What came of an exchange.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) id: u64,
    pub(crate) event: Event,
}

#[derive(Debug)]
pub(crate) enum Event {
    Head(FetchHead),
    Chunk(Vec<u8>),
    End,
    Failed(String),
}

impl FetchReply {
    /// Answers with a whole body.
    pub fn respond(self, head: FetchHead, body: Vec<u8>) {
        let mut parts = self.start(head);
        parts.chunk(body);
        parts.finish();
    }

    /// Answers with a body that comes in parts.
    pub fn start(mut self, head: FetchHead) -> FetchBody {
        self.0.say(Event::Head(head));
        self.0.at_drop = None;
        FetchBody(Line {
            id: self.0.id,
            sender: self.0.sender.clone(),
            cancelled: self.0.cancelled.clone(),
            at_drop: Some("the body ended early"),
        })
    }

    /// Says that there is no answer, and why.
    pub fn fail(mut self, why: impl Into<String>) {
        self.0.at_drop = None;
        self.0.say(Event::Failed(why.into()));
    }

    /// Whether nobody wants the answer any more.
    pub fn is_cancelled(&self) -> bool {
        self.0.cancelled.load(Ordering::Relaxed)
    }
}

impl FetchBody {
    /// The next part; `false` when nobody wants it any more.
    pub fn chunk(&mut self, bytes: Vec<u8>) -> bool {
        if self.0.cancelled.load(Ordering::Relaxed) {
            return false;
        }
        self.0.say(Event::Chunk(bytes))
    }

    /// The body is complete.
    pub fn finish(mut self) {
        self.0.at_drop = None;
        self.0.say(Event::End);
    }

    /// The body is broken, and why.
    pub fn fail(mut self, why: impl Into<String>) {
        self.0.at_drop = None;
        self.0.say(Event::Failed(why.into()));
    }
}

impl Line {
    /// `false` when the runtime is gone.
    fn say(&self, event: Event) -> bool {
        let id = self.id;
        self.sender.send(Message { id, event }).is_ok()
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if let Some(why) = self.at_drop.take() {
            self.say(Event::Failed(why.to_owned()));
        }
    }
}

/// A body that comes from the network. Nobody wants it any more once this is dropped.
pub(crate) struct Incoming {
    id: u64,
    /// The fetch that it comes of.
    fetch: u64,
    /// Named in errors.
    url: String,
    cancelled: Arc<AtomicBool>,
    received: RefCell<Vec<u8>>,
    end: RefCell<Option<Result<Bytes, String>>>,
}

impl Drop for Incoming {
    fn drop(&mut self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }
}

/// The exchanges of a realm.
pub(crate) struct Exchanges<J: JsHost> {
    next_id: u64,
    /// Those that wait for a head.
    pub(crate) heads: HashMap<u64, Exchange<J>>,
    /// Those whose body comes.
    bodies: HashMap<u64, Weak<Incoming>>,
    /// Who waits for more of a body.
    pullers: HashMap<u64, Vec<Deferred<J>>>,
    /// What aborts a fetch that is under way: its signal, and the algorithm there. By fetch.
    aborts: HashMap<u64, (J::Value, J::Value)>,
    /// Who waits for whole bodies, and keeps them coming.
    readers: HashMap<u64, (Rc<Incoming>, Vec<Deferred<J>>)>,
    arrived: VecDeque<Message>,
    sender: Sender<Message>,
    inbox: Option<Receiver<Message>>,
}

impl<J: JsHost> Default for Exchanges<J> {
    fn default() -> Self {
        let (sender, inbox) = mpsc::channel();
        Self {
            next_id: 0,
            heads: HashMap::new(),
            bodies: HashMap::new(),
            pullers: HashMap::new(),
            aborts: HashMap::new(),
            readers: HashMap::new(),
            arrived: VecDeque::new(),
            sender,
            inbox: Some(inbox),
        }
    }
}

impl<J: JsHost> Web<J> {
    /// Whether somebody waits for the network.
    pub fn awaits_replies(&self) -> bool {
        let exchanges = self.exchanges.borrow();
        !exchanges.heads.is_empty()
            || !exchanges.readers.is_empty()
            || !exchanges.pullers.is_empty()
    }

    /// Waits until a reply has arrived, no longer than `timeout`. Whether one has.
    pub fn wait_for_reply(&self, timeout: Duration) -> bool {
        let (inbox, arrived) = {
            let mut exchanges = self.exchanges.borrow_mut();
            (exchanges.inbox.take(), !exchanges.arrived.is_empty())
        };
        let Some(inbox) = inbox else {
            return arrived;
        };
        let first = match arrived {
            true => None,
            false => inbox.recv_timeout(timeout).ok(),
        };
        let mut exchanges = self.exchanges.borrow_mut();
        exchanges.arrived.extend(first);
        exchanges.arrived.extend(inbox.try_iter());
        exchanges.inbox = Some(inbox);
        !exchanges.arrived.is_empty()
    }

    /// Takes in one reply that has arrived; `false` when none has. Runs user code.
    pub fn run_reply(self: &Rc<Self>, cx: &mut J::Scope<'_>) -> Completion<J, bool> {
        self.wait_for_reply(Duration::ZERO);
        let message = self.exchanges.borrow_mut().arrived.pop_front();
        match message {
            Some(message) => self.take_in(cx, message).map(|()| true),
            None => Ok(false),
        }
    }

    /// Begins an exchange.
    pub(crate) fn begin_exchange(&self, exchange: Exchange<J>) {
        let cancelled = exchange.cancelled.clone();
        let request = exchange.request();
        let reply = {
            let mut exchanges = self.exchanges.borrow_mut();
            let id = exchanges.next_id;
            exchanges.next_id += 1;
            exchanges.heads.insert(id, exchange);
            FetchReply(Line {
                id,
                sender: exchanges.sender.clone(),
                cancelled,
                at_drop: Some("the reply was dropped unanswered"),
            })
        };
        self.fetcher.fetch(request, reply);
    }

    fn take_in(self: &Rc<Self>, cx: &mut J::Scope<'_>, message: Message) -> Completion<J, ()> {
        let Message { id, event } = message;
        let waiting = self.exchanges.borrow_mut().heads.remove(&id);
        match (waiting, event) {
            (Some(exchange), Event::Head(head)) => {
                let incoming = Rc::new(Incoming {
                    id,
                    fetch: exchange.fetch,
                    url: exchange.url().to_owned(),
                    cancelled: exchange.cancelled.clone(),
                    received: RefCell::default(),
                    end: RefCell::new(None),
                });
                let weak = Rc::downgrade(&incoming);
                self.exchanges.borrow_mut().bodies.insert(id, weak);
                exchange.take_head(cx, self, head, incoming)
            }
            (Some(exchange), Event::Failed(why)) => {
                self.forget_abort(cx, exchange.fetch);
                exchange.fail(cx, self, &why)
            }
            (Some(exchange), event) => {
                // The head is yet to come; without one there is no body.
                drop(event);
                self.exchanges.borrow_mut().heads.insert(id, exchange);
                Ok(())
            }
            (None, event) => self.take_body(cx, id, event),
        }
    }

    fn take_body(
        self: &Rc<Self>,
        cx: &mut J::Scope<'_>,
        id: u64,
        event: Event,
    ) -> Completion<J, ()> {
        let incoming = self.exchanges.borrow().bodies.get(&id).cloned();
        let Some(incoming) = incoming.and_then(|incoming| incoming.upgrade()) else {
            self.exchanges.borrow_mut().bodies.remove(&id);
            return Ok(());
        };
        let end = match event {
            Event::Head(_) => return Ok(()),
            Event::Chunk(bytes) => {
                let mut received = incoming.received.borrow_mut();
                match received.is_empty() {
                    true => *received = bytes,
                    false => received.extend_from_slice(&bytes),
                }
                drop(received);
                return self.wake_pullers(cx, id);
            }
            Event::End => Ok(Bytes::from(incoming.received.take())),
            Event::Failed(why) => Err(why),
        };
        self.end_body(cx, &incoming, end, None)
    }

    /// The body is complete, or broken; for `reason`, where there is one.
    fn end_body(
        self: &Rc<Self>,
        cx: &mut J::Scope<'_>,
        incoming: &Rc<Incoming>,
        end: Result<Bytes, String>,
        reason: Option<&J::Value>,
    ) -> Completion<J, ()> {
        let id = incoming.id;
        self.forget_abort(cx, incoming.fetch);
        *incoming.end.borrow_mut() = Some(end.clone());
        let readers = {
            let mut exchanges = self.exchanges.borrow_mut();
            exchanges.bodies.remove(&id);
            exchanges.readers.remove(&id)
        };
        for reader in readers.into_iter().flat_map(|(_, readers)| readers) {
            match &end {
                Ok(bytes) => fulfill_reading(cx, &reader, bytes.clone())?,
                Err(why) => {
                    let reason = match reason {
                        Some(reason) => reason.clone(),
                        None => broken::<J>(cx, incoming, why)?,
                    };
                    reader.reject(cx, &reason)?;
                }
            }
        }
        self.wake_pullers(cx, id)
    }

    fn wake_pullers(&self, cx: &mut J::Scope<'_>, id: u64) -> Completion<J, ()> {
        let pullers = self.exchanges.borrow_mut().pullers.remove(&id);
        for puller in pullers.unwrap_or_default() {
            puller.resolve(cx, &J::undefined())?;
        }
        Ok(())
    }

    /// Has a signal abort a fetch; its number.
    pub(crate) fn abortable(
        self: &Rc<Self>,
        cx: &mut J::Scope<'_>,
        signal: &J::Value,
        response: &Deferred<J>,
    ) -> Completion<J, u64> {
        let fetch = {
            let mut exchanges = self.exchanges.borrow_mut();
            exchanges.next_id += 1;
            exchanges.next_id
        };
        if webidl::is_missing::<J>(signal) {
            return Ok(fetch);
        }
        let response = J::create_state_object(cx, &J::null(), response.duplicate())?;
        let values = [response, J::number(fetch as f64)];
        let algorithm = self.closure(cx, "", 1, values, |cx, web, [response, fetch], args| {
            let reason = J::arg(cx, args, 0);
            if let Some(response) = J::state::<Deferred<J>>(cx, &response) {
                response.reject(cx, &reason)?;
            }
            let fetch = J::as_number(&fetch).unwrap_or_default() as u64;
            web.abort_fetch(cx, fetch, &reason)?;
            Ok(J::undefined())
        })?;
        self.add_abort_algorithm(cx, signal, algorithm.clone());
        let mut exchanges = self.exchanges.borrow_mut();
        exchanges.aborts.insert(fetch, (signal.clone(), algorithm));
        Ok(fetch)
    }

    /// A fetch is through: its signal has nothing to abort any more.
    pub(crate) fn forget_abort(self: &Rc<Self>, cx: &mut J::Scope<'_>, fetch: u64) {
        let abort = self.exchanges.borrow_mut().aborts.remove(&fetch);
        if let Some((signal, algorithm)) = abort {
            self.remove_abort_algorithm(cx, &signal, &algorithm);
        }
    }

    fn abort_fetch(
        self: &Rc<Self>,
        cx: &mut J::Scope<'_>,
        fetch: u64,
        reason: &J::Value,
    ) -> Completion<J, ()> {
        let (aborted, bodies) = {
            let mut exchanges = self.exchanges.borrow_mut();
            let heads = exchanges.heads.extract_if(|_, head| head.fetch == fetch);
            let aborted: Vec<_> = heads.collect();
            let bodies = exchanges.bodies.values().filter_map(Weak::upgrade);
            let bodies: Vec<_> = bodies.filter(|body| body.fetch == fetch).collect();
            (aborted, bodies)
        };
        for (_, exchange) in aborted {
            exchange.cancelled.store(true, Ordering::Relaxed);
        }
        for body in bodies {
            body.cancelled.store(true, Ordering::Relaxed);
            self.end_body(cx, &body, Err("it was aborted".to_owned()), Some(reason))?;
        }
        self.forget_abort(cx, fetch);
        Ok(())
    }

    /// Reads the whole of a body that comes from the network.
    pub(crate) fn read_incoming(
        self: &Rc<Self>,
        cx: &mut J::Scope<'_>,
        incoming: &Rc<Incoming>,
        signal: &J::Value,
    ) -> Completion<J, Reading<J>> {
        let end = incoming.end.borrow().clone();
        match end {
            Some(Ok(bytes)) => Ok(Reading::Now(bytes)),
            Some(Err(why)) => Err(self.broken_by(cx, incoming, signal, &why)?),
            None => {
                let (reader, promise) = Deferred::new(cx)?;
                let mut exchanges = self.exchanges.borrow_mut();
                let entry = exchanges.readers.entry(incoming.id);
                let (_, readers) = entry.or_insert_with(|| (incoming.clone(), Vec::new()));
                readers.push(reader);
                Ok(Reading::Later(promise))
            }
        }
    }
}

impl<J: JsHost> Web<J> {
    /// Why a body is broken: its signal's reason, where that was aborted.
    fn broken_by(
        &self,
        cx: &mut J::Scope<'_>,
        incoming: &Incoming,
        signal: &J::Value,
        why: &str,
    ) -> Completion<J, Throw<J::Value>> {
        match self.is_aborted(cx, signal) {
            true => Ok(Throw::Value(self.abort_reason(cx, signal))),
            false => Ok(Throw::Value(broken::<J>(cx, incoming, why)?)),
        }
    }
}

/// How far a stream has taken a body.
struct IncomingSource<J: JsHost> {
    incoming: Rc<Incoming>,
    position: Cell<usize>,
    signal: Edge<J>,
}

trace!(struct IncomingSource { signal });

/// The stream of a body that comes from the network.
pub(crate) fn stream_of_incoming<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    incoming: Rc<Incoming>,
    signal: J::Value,
) -> Completion<J, Stream<J>> {
    let state = IncomingSource {
        incoming,
        position: Cell::new(0),
        signal: Edge::new(signal),
    };
    let state = J::create_state_object(cx, &J::null(), state)?;
    let source = Source {
        pull: |cx, web, [state], stream| pull(cx, web, [state, stream], J::undefined()),
        cancel: |cx, web, [state], _| {
            // Another response may have a copy of the body.
            if let Some(source) = J::state::<IncomingSource<J>>(cx, &state)
                && Rc::strong_count(&source.incoming) == 1
            {
                source.incoming.cancelled.store(true, Ordering::Relaxed);
            }
            web.resolved(cx, &J::undefined())
        },
    };
    readable::create_readable_byte_stream(cx, web, state, &source, 0.0)
}

/// Enqueues what has come, or waits for more.
fn pull<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    [state, stream]: [J::Value; 2],
    _: J::Value,
) -> Completion<J> {
    let (Some(source), Some(stream)) = (
        J::state::<IncomingSource<J>>(cx, &state),
        Object::of(cx, stream),
    ) else {
        return Ok(J::undefined());
    };
    let incoming = &source.incoming;
    let position = source.position.get();
    let end = incoming.end.borrow().clone();
    let more = match &end {
        Some(Ok(bytes)) => bytes[position..].to_vec(),
        Some(Err(_)) => Vec::new(),
        None => incoming.received.borrow()[position..].to_vec(),
    };
    source.position.set(position + more.len());
    match end {
        Some(Err(why)) => {
            let signal = source.signal.get();
            return Err(web.broken_by(cx, incoming, &signal, &why)?);
        }
        Some(Ok(_)) => {
            readable::enqueue_bytes(cx, web, &stream, &more)?;
            readable::close_source(cx, web, &stream)?;
        }
        None if !more.is_empty() => readable::enqueue_bytes(cx, web, &stream, &more)?,
        None => {
            let (puller, promise) = Deferred::new(cx)?;
            let mut exchanges = web.exchanges.borrow_mut();
            exchanges
                .pullers
                .entry(incoming.id)
                .or_default()
                .push(puller);
            drop(exchanges);
            let values = [state, stream.value()];
            return web.transform(cx, &promise, values, pull, |_, _, _, reason| {
                Err(Throw::Value(reason))
            });
        }
    }
    web.resolved(cx, &J::undefined())
}

/// The error of a body that did not come to its end.
fn broken<J: JsHost>(cx: &mut J::Scope<'_>, incoming: &Incoming, why: &str) -> Completion<J> {
    let message = format!("the body of {} is broken: {why}", incoming.url);
    match type_error::<J>(cx, &message) {
        Throw::Value(error) => Ok(error),
        terminated => Err(terminated),
    }
}
