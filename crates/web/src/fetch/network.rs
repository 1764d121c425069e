//! What the embedder supplies: files, a network, and its replies from other threads.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Duration;

use sinew_bridge::class::type_error;
use sinew_bridge::{Completion, JsHost, Throw};

use crate::Web;
use crate::blob::Bytes;
use crate::closure::Deferred;
use crate::fetch::body::{Reading, fulfill_reading};
use crate::fetch::http::Exchange;

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
        !exchanges.heads.is_empty() || !exchanges.readers.is_empty()
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
                    url: exchange.url().to_owned(),
                    cancelled: exchange.cancelled.clone(),
                    received: RefCell::default(),
                    end: RefCell::new(None),
                });
                let weak = Rc::downgrade(&incoming);
                self.exchanges.borrow_mut().bodies.insert(id, weak);
                exchange.take_head(cx, self, head, incoming)
            }
            (Some(exchange), Event::Failed(why)) => exchange.fail(cx, self, &why),
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
                return Ok(());
            }
            Event::End => Ok(Bytes::from(incoming.received.take())),
            Event::Failed(why) => Err(why),
        };
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
                    let reason = broken::<J>(cx, &incoming, why)?;
                    reader.reject(cx, &reason)?;
                }
            }
        }
        Ok(())
    }

    /// Reads the whole of a body that comes from the network.
    pub(crate) fn read_incoming(
        self: &Rc<Self>,
        cx: &mut J::Scope<'_>,
        incoming: &Rc<Incoming>,
    ) -> Completion<J, Reading<J>> {
        let end = incoming.end.borrow().clone();
        match end {
            Some(Ok(bytes)) => Ok(Reading::Now(bytes)),
            Some(Err(why)) => Err(Throw::Value(broken::<J>(cx, incoming, &why)?)),
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

/// The error of a body that did not come to its end.
fn broken<J: JsHost>(cx: &mut J::Scope<'_>, incoming: &Incoming, why: &str) -> Completion<J> {
    let message = format!("the body of {} is broken: {why}", incoming.url);
    match type_error::<J>(cx, &message) {
        Throw::Value(error) => Ok(error),
        terminated => Err(terminated),
    }
}
