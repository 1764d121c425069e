//! Streams of bodies that come from the network.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::atomic::Ordering;

use sinew_bridge::{Completion, Edge, JsHost, Throw, trace};

use crate::Web;
use crate::closure::Deferred;
use crate::fetch::network::Incoming;
use crate::streams::Object;
use crate::streams::readable::{self, Source, Stream};

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
