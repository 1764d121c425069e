//! The exchanges that are under way, and what arrives for them.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Duration;

use sinew_bridge::class::type_error;
use sinew_bridge::{Completion, JsHost, Throw};

use crate::blob::Bytes;
use crate::closure::Deferred;
use crate::fetch::body::{Reading, fulfill_reading};
use crate::fetch::http::Exchange;
use crate::fetch::reply::{Event, FetchReply, Message};
use crate::{Web, webidl};

/// A body that comes from the network. Nobody wants it any more once this is dropped.
pub(crate) struct Incoming {
    pub(super) id: u64,
    /// The fetch that it comes of.
    pub(super) fetch: u64,
    /// Named in errors.
    pub(super) url: String,
    pub(super) cancelled: Arc<AtomicBool>,
    pub(super) received: RefCell<Vec<u8>>,
    pub(super) end: RefCell<Option<Result<Bytes, String>>>,
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
    pub(super) pullers: HashMap<u64, Vec<Deferred<J>>>,
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
            FetchReply::new(id, exchanges.sender.clone(), cancelled)
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
    pub(super) fn broken_by(
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

/// The error of a body that did not come to its end.
fn broken<J: JsHost>(cx: &mut J::Scope<'_>, incoming: &Incoming, why: &str) -> Completion<J> {
    let message = format!("the body of {} is broken: {why}", incoming.url);
    match type_error::<J>(cx, &message) {
        Throw::Value(error) => Ok(error),
        terminated => Err(terminated),
    }
}
