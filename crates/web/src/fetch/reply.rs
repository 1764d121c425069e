//! What the embedder supplies: files, a network, and its replies from other threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;

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
    /// One that sends what it is told, as the exchange `id`.
    pub(super) fn new(id: u64, sender: Sender<Message>, cancelled: Arc<AtomicBool>) -> Self {
        Self(Line {
            id,
            sender,
            cancelled,
            at_drop: Some("the reply was dropped unanswered"),
        })
    }

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
